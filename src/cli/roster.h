/* cli/roster.h — officers and watches of a line as its record has them now, for commands.
 * Shape    {"officers": {party: {number: {…, "vouched", "left"}}}, "watch": {party: {"officer",
 *          "from", "since", "taken": bool, "entry"}}}
 * Errors   -1, or an exit code that was told.
 * Source   docs/PROTOCOL.md §4.8 */
#ifndef OL_CLI_ROSTER_H
#define OL_CLI_ROSTER_H

#include "cli/talk.h"

/* By pages of `log`. *ret: a new reference. */
int ol_roster_of_line(ol_cli *c, ol_talk *t, const char *line, json_t **ret);
/* NULL: no such officer. */
json_t *ol_roster_officer(const json_t *roster, const char *party, uint64_t number);

#endif
