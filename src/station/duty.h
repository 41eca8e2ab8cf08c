/* station/duty.h — feeds the duty machine of each line (line/duty.h), performs what it asks for.
 * Feed     the store, from a cursor, when the engine notes that something of the line was stored;
 *          receipts as soon as they have verified, likewise; before the first turn everything
 *          that the store holds of a line.
 * Turn     never from inside a note, a commit or a reply: by an idle handle that keeps the loop
 *          from sleeping, before the drive's next turn, or by the line's timer.
 * Failure  a store that cannot be read, or no memory: told once, tried again with the next commit.
 * Memory   from the C heap, with a ceiling a line. */
#ifndef OL_STATION_DUTY_H
#define OL_STATION_DUTY_H

#include "line/call.h"
#include "line/clock.h"
#include "line/defer.h"
#include "station/control.h"

enum { OL_DUTIES_TOKEN = 0x40000000 }; /* of what it submits; those of clients are below */

typedef struct ol_duties ol_duties;

typedef struct {
    uv_loop_t *loop;
    ol_station *st;
    bool is_silent; /* no line checks are written */
    void (*note)(void *ctx, size_t line, const ol_duty_note *note);
    void *ctx;
} ol_duties_opts;

/* After the drive was started. Reads the record: some microseconds an entry. */
OL_MUST ol_err ol_duties_start(const ol_duties_opts *opts, ol_duties **ret);
void ol_duties_note(ol_duties *d, size_t line, const ol_api_note *note);
void ol_duties_committed(ol_duties *d);
void ol_duties_reply(ol_duties *d, uint32_t token, const ol_api_reply *reply);
const ol_duty *ol_duties_of(const ol_duties *d, size_t line);
/* In words (duty_json.c); NULL: nothing that clients are told. */
struct json_t *ol_duty_event_json(const ol_api_line *line, const ol_duty_note *note);
struct json_t *ol_duty_call_json(const ol_api_line *line, const ol_duty *duty,
                                 const ol_call_status *c, ol_mono now);
/* checks_json.c: of a note about checks or the line; of status; `state` and its times into o. */
struct json_t *ol_checks_event_json(const ol_api_line *line, const ol_duty_note *note);
struct json_t *ol_checks_json(const ol_api_line *line, const ol_duty *duty, ol_mono now);
void ol_checks_state_json(const ol_duty *duty, ol_mono now, struct json_t *o);
/* Overdue clocks, those that run too; the first of them. */
struct json_t *ol_duty_clocks_json(const ol_api_line *line, const ol_duty *duty, ol_mono now);
/* Calls that were deferred and are not spoken of again yet. */
struct json_t *ol_duty_deferrals_json(const ol_api_line *line, const ol_duty *duty, ol_mono now);
const char *ol_duty_rung_name(const ol_api_line *line, uint64_t rung); /* 0: "watch" */
void ol_duties_stop(ol_duties *d);                                     /* takes NULL */
void ol_duties_free(ol_duties *d); /* takes NULL; after the loop has turned */

#endif
