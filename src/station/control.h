/* station/control.h — the control server: JSON lines on the home's control socket.
 * Started last, stopped first by station/station.c; asks the station by station/station_api.h.
 * Socket   mode 0600; a killed station's is replaced: the caller holds the home's lock.
 *          path fits sun_path (ol_home_socket).
 * Memory   ol_control is the server's own. Stop closes every handle at once and drops what clients
 *          have not taken; the caller then runs the loop until it is empty, and calls free.
 * Errors   start: OL_EIO, OL_ENOMEM with why; then nothing is left behind on the loop but handles
 *          that are closing. */
#ifndef OL_STATION_CONTROL_H
#define OL_STATION_CONTROL_H

#include <uv.h>

#include "base/err.h"
#include "station/station_api.h"
#include "station/why.h"

typedef struct ol_control ol_control;

OL_MUST ol_err ol_control_start(uv_loop_t *loop, const char *path, ol_station *st, ol_control **ret,
                                ol_why *why);

/* One note of a line's engine (line/line.h says which fields mean something). Called after the
 * commit it speaks of: the store has it. Must be cheap: there are many in one turn of the loop. */
typedef struct {
    ol_note_kind what;
    ol_log_key log;
    uint64_t size, time;
    uint8_t party, way;
    ol_path_id path;
} ol_api_note;
void ol_control_note(ol_control *c, size_t line, const ol_api_note *note);

/* The answer to ol_api_submit. err OL_OK: appended and durable at log, index. OL_ELIMIT: may be
 * said again in wait_s seconds. An unknown token is ignored: its client has gone. */
typedef struct {
    ol_err err;
    ol_log_key log;
    uint64_t index, wait_s;
} ol_api_reply;
void ol_control_reply(ol_control *c, uint32_t token, const ol_api_reply *reply);

/* The answer to ol_api_hook_test. fault NULL: it went well; said: what it wrote last. */
void ol_control_hook_tested(ol_control *c, uint32_t token, const char *fault, const char *said);

/* What came of a bundle that a client handed in; borrowed. */
void ol_control_bundle(ol_control *c, size_t line, const ol_bundle_read *read);

/* An event of a line, as an object that is borrowed; it passes: who lags is told that it missed
 * some. NULL: none. */
void ol_control_event(ol_control *c, size_t line, struct json_t *event);

/* The store holds something new: entries, receipts. Cheap. */
void ol_control_committed(ol_control *c);

/* The store stopped taking commits (err), or takes them again (OL_OK). */
void ol_control_storage(ol_control *c, ol_err err);

void ol_control_stop(ol_control *c); /* takes NULL */
void ol_control_free(ol_control *c); /* takes NULL; after the loop has run empty */

#endif
