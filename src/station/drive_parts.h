/* station/drive_parts.h — the inside of the drive, shared by drive.c, perform.c and out.c.
 * Rule     an event goes to an engine only by ol_drive_step; its effects wait in the queue and are
 *          performed by ol_drive_drain, never inside a step: a step may cause any number more. */
#ifndef OL_STATION_DRIVE_PARTS_H
#define OL_STATION_DRIVE_PARTS_H

#include "station/drive.h"
#include "station/flight.h"
#include "station/log.h"

enum { OL_DRIVE_BUNDLES_MAX = 8 }; /* that wait, of a line */
enum { OL_DRIVE_FETCH_MAX = 32 };  /* entries handed to an engine at a time */

typedef struct ol_drive_bundle { /* waits to be handed in */
    struct ol_drive_bundle *next;
    ol_event ev;
    size_t len;
    uint8_t p[];
} ol_drive_bundle;

typedef struct {
    ol_line *engine;
    uint8_t id[OL_LINE_ID_LEN];
    char name[33];
    ol_drive *drive;
    size_t number;
    uv_timer_t timer;
    uint64_t at_ms; /* the timer's */
    ol_marker_file marker;
    ol_marker found;
    bool wants_commit, has_polled;
    ol_flight flight;
    ol_drive_bundle *bundle; /* the first is in hand if is_opening */
    size_t bundles;
    bool is_opening;
} ol_driven;

typedef struct {
    size_t line;
    ol_effect fx;
} ol_drive_effect;

struct ol_drive {
    ol_drive_opts o;
    ol_switch *sw;
    ol_net *net;
    size_t lines, first; /* first: which path sends first in the next pass */
    ol_driven *line[OL_LINES_MAX];
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle; /* active while there is work that must not wait for the next event */
    uv_timer_t retry, rest;
    uint64_t rested; /* commits when it was last looked at */
    bool is_started, is_stopped, is_idle_on, is_broken;
    uint64_t retry_ms; /* no commit before; 0: none failed */
    ol_drive_status status;
    ol_log_gate gate;
    ol_effects fx;
    ol_drive_effect *queue; /* a ring of cap places */
    size_t at, n, cap;
    ol_bytes entry[OL_DRIVE_FETCH_MAX];
    uint8_t bytes[OL_DRIVE_FETCH_MAX * 2048];
};

/* perform.c: one event to one engine; the effects that are waiting, until there are none. */
void ol_drive_step(ol_drive *d, size_t line, ol_event *ev);
void ol_drive_push(ol_drive *d, size_t line, const ol_effect *fx);
void ol_drive_drain(ol_drive *d);
void ol_drive_nudge(ol_drive *d, size_t line, ol_event_kind kind); /* both, for a bare event */

/* drive_bundle.c: the engine has answered the bundle in hand. */
void ol_drive_bundle_told(ol_drive *d, size_t line);
void ol_drive_bundle_free(ol_driven *l);

/* out.c: what can be sent now. true: there is more, but this turn has sent enough. */
bool ol_drive_send(ol_drive *d);

#endif
