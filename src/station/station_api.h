/* station/station_api.h — what the control server may ask of the running station.
 * Threads  one: everything happens on the station's loop, calls return at once, callbacks are never
 *          made from inside the call that causes them.
 * Lines    numbered 0 … ol_api_lines - 1 in byte order of their names; fixed while a station runs.
 * Errors   OL_ENOENT no such line, party or path; others as said at each call.
 * Memory   what is returned is the station's and lives until it stops.
 * Writing  the store belongs to the station: the control server only reads it. What it reads is
 *          committed. A follower keeps the seq it has read to, is woken by ol_control_note and
 *          walks ol_store.since from there: nothing is lost when notes are merged or lost. */
#ifndef OL_STATION_API_H
#define OL_STATION_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "line/bundle.h"
#include "record/card.h"
#include "record/charter.h"
#include "station/home.h"
#include "store/reader.h"
#include "store/store.h"

typedef struct ol_station ol_station;

typedef struct {
    uint16_t number;
    char name[OL_NAME_MAX + 1];
    uint8_t id[OL_LINE_ID_LEN];
    uint8_t self;              /* our party number */
    const ol_charter *charter; /* the one in force; but its parties are all who ever were, by number
                                * (record/chain.h) */
    /* charter->generation + 1 of them; their secrets in locked memory */
    const ol_store_reader_generation *generation;
    const ol_store_reader_card *held; /* every card held, of each party the newest first */
    size_t holds;
    struct {
        const ol_card *card; /* of highest serial; NULL: none, that party cannot be reached */
        const char *note;    /* the signed file */
        size_t note_len;
    } card[OL_PARTIES_MAX];
} ol_api_line;

size_t ol_api_lines(const ol_station *st);
const ol_api_line *ol_api_line_at(const ol_station *st, size_t number); /* NULL: none such */
const ol_api_line *ol_api_line_of(const ol_station *st, const char *name, size_t len); /* or NULL */
ol_store *ol_api_store(ol_station *st);
const ol_home *ol_api_home(const ol_station *st);

/* Of the station. */
typedef struct {
    uint64_t started_wall, uptime_ms;
    const char *marker; /* the run marker's directory; NULL: none, each start opens incarnations */
    bool is_stopped;    /* the last commit failed: what is submitted waits, it is tried again */
    ol_err stopped;     /* why: OL_EFULL, OL_EIO */
    uint64_t commits, frames_in, frames_out, strangers; /* strangers: frames that named nothing */
} ol_api_status;
void ol_api_status_get(const ol_station *st, ol_api_status *ret);

/* Of a port: 0 … until OL_ENOENT. */
typedef struct {
    const char *name, *url; /* as configured */
    char address[64];       /* what it is bound to, "[::]:4477" */
    const char *trouble;    /* what is wrong with its device or program; NULL: nothing */
} ol_api_port;
OL_MUST ol_err ol_api_port_get(const ol_station *st, size_t number, ol_api_port *ret);

/* Of a line. */
typedef struct {
    bool is_clock_doubtful;
    /* wall: another station spoke with our keys; an officer knows of that. 0: not yet */
    uint64_t copy_found, copy_seen;
    uint8_t stopped[OL_PARTIES_MAX]; /* the reason each gave last; 0: it stores, for all we know */
    ol_epoch_status epoch[OL_PARTIES_MAX]; /* the keys shared with each; not of self */
    ol_delay_status delay[OL_PARTIES_MAX]; /* what each puts off of ours, and we of its */
    ol_marker marker; /* the incarnations that are appended to now, and their sizes */
    uint64_t count[OL_COUNT_N];
} ol_api_line_status;
OL_MUST ol_err ol_api_line_status_get(const ol_station *st, size_t line, ol_api_line_status *ret);

/* Asks whether a path answers now: once for each call, told by an OL_NOTE_PATH and by tried_ms of
 * its status. *ret_now: what that is compared with. OL_ENOENT. */
OL_MUST ol_err ol_api_path_try(ol_station *st, size_t line, uint8_t party, unsigned slot,
                               uint64_t *ret_now);

/* Of a path: party is its peer. Walk slots 0 … OL_PATHS_PER_PEER - 1; OL_ENOENT: no such path. */
typedef struct {
    const char *url;  /* as configured; NULL: none, we answer where the peer speaks from */
    const char *port; /* the local end's name */
    char address[64]; /* where its frames go now, "[2001:db8::1]:4477"; empty: not known */
    ol_path_status s; /* its mono times are ages here: milliseconds ago; 0 still: never */
} ol_api_path;
OL_MUST ol_err ol_api_path_get(const ol_station *st, size_t line, uint8_t party, unsigned slot,
                               ol_api_path *ret);

/* Hands an entry to the line's engine. token is the control server's own and comes back in exactly
 * one ol_control_reply, after this call has returned; it must not be in use already. All that e
 * points to is copied before the call returns. The caller has checked body for its kind and lane
 * (src/message). OL_EAGAIN: too much waits already, nothing was taken and no reply comes. */
typedef struct {
    uint8_t lane;
    uint64_t kind;
    const uint8_t *body; /* one CBOR item */
    size_t body_len;
    const uint8_t *item;  /* OL_ITEM_LEN bytes or NULL */
    bool has_read;        /* false: all that is seen when it is appended was read */
    const ol_known *read; /* else the logs of which the person had read, how far */
    size_t reads;
    const ol_sign *sign; /* with an item: officers' signatures */
    size_t signs;
} ol_api_entry;
/* Is an entry with this item on record or under way? OL_ENOENT: no; else it cannot be told.
 * If so, submitting it once more appends nothing and is answered as the first was. */
OL_MUST ol_err ol_api_find_item(const ol_station *st, size_t line, const uint8_t *item);
OL_MUST ol_err ol_api_submit(ol_station *st, size_t line, uint32_t token, const ol_api_entry *e);

/* The largest verified receipt of this party over a log, in the store or not; false: none. */
bool ol_api_receipt_get(const ol_station *st, size_t line, const ol_log_key *log, uint8_t party,
                        uint64_t *ret_size, uint64_t *ret_time, const uint8_t **ret_sig);
/* The line's duty machine, to ask of its calls (line/call.h), and the clock it goes by. */
const struct ol_duty *ol_api_duty(const ol_station *st, size_t line, ol_mono *ret_now);

/* Bundles (line/bundle.h). take: copied; token comes back in ol_control_bundle, after the call has
 * returned. OL_ENOENT: its hint is of no line here; OL_EAGAIN. */
OL_MUST ol_err ol_api_bundle_take(ol_station *st, uint32_t token, bool is_shown, const uint8_t *p,
                                  size_t len);
/* By its hint one that this station sealed; false: it is none. */
bool ol_api_bundle_own(const ol_station *st, const ol_bundle_clear *clear, size_t *ret_line,
                       uint8_t *ret_party);
/* *plan NULL: a new one, to be dropped. OL_ENOENT: there is nothing to say; OL_ESTATE. */
OL_MUST ol_err ol_api_bundle_look(ol_station *st, size_t line, uint8_t party, ol_plan_how how,
                                  ol_bundle_plan **plan);
OL_MUST ol_err ol_api_bundle_next(ol_station *st, size_t line, ol_bundle_plan *plan, uint8_t *buf,
                                  size_t max, ol_bundle_made *ret);
void ol_api_bundle_drop(ol_station *st, size_t line, ol_bundle_plan *plan);

/* An officer has looked at the wall clock and it is right. */
OL_MUST ol_err ol_api_clock_accept(ol_station *st, size_t line);
/* The nth piece of evidence of two histories, from 0; OL_ENOENT: there are no more. */
OL_MUST ol_err ol_api_fork_get(const ol_station *st, size_t line, size_t n, ol_fork_status *ret);
/* An officer knows that another station speaks with our keys; OL_ESTATE: none was found. */
OL_MUST ol_err ol_api_copy_ack(ol_station *st, size_t line);
/* An officer knows of the evidence against this log; OL_ENOENT: there is none. */
OL_MUST ol_err ol_api_fork_ack(ol_station *st, size_t line, const ol_log_key *log);
/* Starts a hook as if this event (ol_hook_what) had happened; answered by ol_control_hook_tested
 * with token, after this call has returned. OL_ENOENT, OL_EAGAIN. */
OL_MUST ol_err ol_api_hook_test(ol_station *st, const char *hook, unsigned what, uint32_t token);
struct json_t *ol_api_couriers(const ol_station *st, size_t line); /* both: a new array, as in */
struct json_t *ol_api_hooks(const ol_station *st);                 /* docs/CONTROL.md */
/* Clean stop, as by SIGTERM: after the call has returned. */
void ol_api_stop(ol_station *st);
/* The same, and it starts anew in the same process. pass_len 0: no passphrase is needed. What such
 * a start would be refused for is refused here, and it goes on; why has the sentence. */
OL_MUST ol_err ol_api_restart(ol_station *st, const uint8_t *pass, size_t pass_len, ol_why *why);
const char *ol_api_run(const ol_station *st); /* names this start, at random */

#endif
