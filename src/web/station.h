/* web/station.h — the control socket of the station, for one talk.
 * Out      requests as they came from the browser, a line each (docs/CONTROL.md).
 * In       each line of the station as one object, with the texts of messages beside their bodies.
 *          {"event": "station", "up": bool} when it comes or goes; while it is gone it is tried
 *          again every second, and requests are refused.
 * Bounds   what the browser does not take is left with the station, which says less then
 *          (docs/CONTROL.md 1); of requests that the station does not take, OL_STATION_ASKED bytes
 *          wait here, and more are refused.
 * Memory   `said` takes the reference of what it is given; it returns false where the next should
 *          wait until ol_station_go_on. */
#ifndef OL_WEB_STATION_H
#define OL_WEB_STATION_H

#include <jansson.h>

#include "web/web.h"

enum { OL_STATION_ASKED = 64 << 10 };

typedef struct ol_station ol_station;

ol_station *ol_station_new(ol_web *w, bool (*said)(void *user, json_t *o), void *user);
void ol_station_free(ol_station *s); /* takes NULL; says nothing any more */
void ol_station_ask(ol_station *s, json_t *request);
void ol_station_go_on(ol_station *s); /* takes NULL */

#endif
