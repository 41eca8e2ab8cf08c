/* station/drive.h — the only performer of effects: engines, one store, ports, one loop.
 * Turn     whatever arrived in one turn of the loop goes to the engines; what can be sent is sent;
 *          then one commit for all lines that ask, run markers, EV_COMMITTED, signatures, and the
 *          frames that follow. What arrives while the commit runs waits in the sockets for the next
 *          one (group commit).
 * Fair     frames go out urgent before routine, one a path and pass, lines in rotation, at most
 *          OL_DRIVE_FRAMES a turn.
 * Keys     signatures and Diffie-Hellman are done here, at once, with keys in locked memory.
 * Failure  a commit that fails is told to its line and tried again after OL_DRIVE_RETRY_MS; with
 *          several lines in it each is tried alone, so that one cannot stop the others.
 * Hooks    called from the loop, never from inside a call of this interface.
 * Memory   from the C heap; engines draw from mem and secret. Keys, names and urls are borrowed. */
#ifndef OL_STATION_DRIVE_H
#define OL_STATION_DRIVE_H

#include <uv.h>

#include "crypto/sign.h"
#include "line/bundle.h"
#include "station/control.h"
#include "station/marker.h"
#include "station/net.h"
#include "store/store.h"

enum { OL_DRIVE_FRAMES = 512, OL_DRIVE_RETRY_MS = 1000 };

typedef struct {
    ol_sign_key log, receipt;
    uint8_t static_key[32]; /* X25519 private */
    uint8_t shared[32];     /* the result in hand */
    ol_ratchet ratchet;     /* being saved */
} ol_drive_keys;            /* in locked memory */

typedef struct {
    void (*note)(void *ctx, size_t line, const ol_api_note *note);
    void (*reply)(void *ctx, uint32_t token, const ol_api_reply *reply);
    void (*storage)(void *ctx, ol_err err);    /* commits fail with err, or (OL_OK) work again */
    void (*fatal)(void *ctx, const char *why); /* the station must stop */
    void *ctx;
    void (*committed)(void *ctx); /* the store holds something new; may be NULL */
    /* the pair's keys in the file of secrets, durable; NULL: there is no such file (tests) */
    ol_err (*save)(void *ctx, size_t line, uint8_t party, const ol_ratchet *keys);
    /* what came of a bundle (read->token), borrowed for the call; NULL: none is handed in */
    void (*bundle)(void *ctx, size_t line, const ol_bundle_read *read);
} ol_drive_hooks;

typedef struct ol_drive ol_drive;

typedef struct {
    uv_loop_t *loop;
    ol_store *store;
    ol_mem *mem, *secret;
    ol_drive_keys *keys;
    const ol_marker_home *marker; /* NULL: no place for run markers */
    ol_drive_hooks hooks;
} ol_drive_opts;

OL_MUST ol_err ol_drive_new(const ol_drive_opts *opts, ol_drive **ret);
/* Makes the engine and loads it from the store; numbers lines 0, 1, …. Of opts only what
 * describes the line and its parties: mem, secret, sw, line_number and seed are set here. */
OL_MUST ol_err ol_drive_add_line(ol_drive *d, const ol_line_opts *opts, ol_why *why);
ol_net *ol_drive_net(ol_drive *d); /* for ports and paths, before start */
void ol_drive_start(ol_drive *d);
/* A last commit of what is at hand, then every handle closes; takes NULL. */
void ol_drive_stop(ol_drive *d);
void ol_drive_free(ol_drive *d); /* after the loop has turned; takes NULL */

/* Answered by the reply hook with this token; OL_EAGAIN when it is full. An item that is on record
 * already is answered with the place it has. */
/* Under way or on record; OL_ENOENT: neither. */
OL_MUST ol_err ol_drive_find_item(const ol_drive *d, size_t line, const uint8_t *item);
OL_MUST ol_err ol_drive_submit(ol_drive *d, size_t line, uint32_t token, const ol_api_entry *e);
void ol_drive_accept_clock(ol_drive *d, size_t line);
void ol_drive_path_try(ol_drive *d, size_t line, ol_path_id path); /* answered by a note */
void ol_drive_copy_seen(ol_drive *d, size_t line);
void ol_drive_fork_seen(ol_drive *d, size_t line, const ol_log_key *log);

/* Bundles (line/bundle.h), by drive_bundle.c. Handed in: copied, and answered by the hook after the
 * call has returned; OL_ENOENT: no line of ours knows its hint; OL_EAGAIN: too many wait. */
OL_MUST ol_err ol_drive_bundle_take(ol_drive *d, uint32_t token, bool is_shown, uint8_t way,
                                    const uint8_t *p, size_t len);
/* Of a line and party: *plan NULL: a new one. Errors of ol_bundle_plan_look. */
OL_MUST ol_err ol_drive_bundle_look(ol_drive *d, size_t line, uint8_t party, ol_plan_how how,
                                    ol_bundle_plan **plan);
void ol_drive_bundle_drop(ol_drive *d, size_t line, ol_bundle_plan *plan);
OL_MUST ol_err ol_drive_bundle_next(ol_drive *d, size_t line, ol_bundle_plan *plan, uint8_t *buf,
                                    size_t max, ol_bundle_made *ret);

size_t ol_drive_lines(const ol_drive *d);
const ol_line *ol_drive_line(const ol_drive *d, size_t line);
ol_mono ol_drive_now(const ol_drive *d);

typedef struct {
    uint64_t commits;
    ol_err stopped; /* OL_OK: the last commit was done */
} ol_drive_status;
void ol_drive_status_get(const ol_drive *d, ol_drive_status *ret);

#endif
