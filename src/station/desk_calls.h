/* station/desk_calls.h — rows of station/desk_kinds.c: calls and line checks as JSON.
 * Each sets its own key of o where the body can be read.
 * Source   docs/CONTROL.md, section "log" */
#ifndef OL_STATION_DESK_CALLS_H
#define OL_STATION_DESK_CALLS_H

#include "station/desk.h"
#include "wire/entry.h"

void ol_desk_call(const ol_api_line *line, const ol_entry *e, json_t *o);
void ol_desk_ring(const ol_api_line *line, const ol_entry *e, json_t *o);
void ol_desk_reply(const ol_api_line *line, const ol_entry *e, json_t *o);
void ol_desk_close_call(const ol_api_line *line, const ol_entry *e, json_t *o);
void ol_desk_check(const ol_api_line *line, const ol_entry *e, json_t *o);

#endif
