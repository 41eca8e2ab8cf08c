/* station/alarms.h — which of what happens calls a hook: between the station and station/hooks.h.
 * flash        a FLASH message of another party has been stored; at the start those that nobody of
 *              ours has said a word about, the newest four of each party and status
 * line-dead    no path to a party has been live for `after` seconds; again once one was
 * fork         there is evidence of two histories
 * copy         another station was found to speak with our keys
 * storage      commits fail; again once they worked
 * others       by ol_alarms_event, from those that know
 * Loop         a look once a second where a hook wants line-dead; else nothing without an event.
 * Memory       its own. stop closes every handle; free after the loop has turned. */
#ifndef OL_STATION_ALARMS_H
#define OL_STATION_ALARMS_H

#include "station/control.h"
#include "station/hooks.h"

typedef struct ol_alarms ol_alarms;

OL_MUST ol_err ol_alarms_start(ol_station *st, const ol_hooks_opts *opts, ol_alarms **ret);
void ol_alarms_note(ol_alarms *a, size_t line, const ol_api_note *note);
void ol_alarms_storage(ol_alarms *a, ol_err err);
/* An event as clients are told it ({"event": …, "line": …}); borrowed. */
void ol_alarms_event(ol_alarms *a, const json_t *event);
ol_hooks *ol_alarms_hooks(ol_alarms *a);
void ol_alarms_stop(ol_alarms *a); /* takes NULL */
void ol_alarms_free(ol_alarms *a); /* takes NULL */

#endif
