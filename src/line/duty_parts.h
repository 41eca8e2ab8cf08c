/* line/duty_parts.h — the inside of the duty machine: duty.c is the frame, and each duty (call.c,
 * checks.c, clock.c, watch.c, defer.c) a row of its table.
 * Rule     facts change state; turn and pump alone have effects. What is to be written is a flag
 *          until its append was answered, so that a full list of effects loses nothing. */
#ifndef OL_LINE_DUTY_PARTS_H
#define OL_LINE_DUTY_PARTS_H

#include "line/duty.h"

typedef struct ol_calls ol_calls;
typedef struct ol_checks ol_checks;
typedef struct ol_clocks ol_clocks;
typedef struct ol_watches ol_watches;
typedef struct ol_defers ol_defers;

typedef struct { /* a stored, readable entry of an urgent log */
    const ol_log_key *log;
    uint64_t index;
    const ol_entry *e;
    bool is_own, is_history;
} ol_duty_fact;

typedef struct {
    ol_mono now;
    ol_wall wall;
    bool is_start, has_log;
    uint8_t incarnation[OL_INC_LEN];
} ol_duty_turn;

typedef struct { /* a receipt that verified */
    const ol_log_key *log;
    uint64_t size, time;
    const uint8_t *sig;
    uint8_t party;
    bool is_history;
} ol_duty_receipt;

struct ol_duty {
    ol_duty_opts o;
    ol_duty_path path[OL_PATHS_MAX];
    size_t paths;
    ol_mono now;                          /* of the last step */
    ol_duty_note note[OL_DUTY_NOTES_MAX]; /* a ring of those that nobody took yet */
    size_t note_at, notes;
    uint64_t notes_lost;
    bool is_started;
    ol_calls *calls;
    ol_checks *checks;
    ol_clocks *clocks;
    ol_watches *watches;
    ol_defers *defers;
};

/* A duty: whatever it does not want is NULL. */
typedef struct {
    ol_err (*open)(ol_duty *d);
    void (*close)(ol_duty *d);
    ol_err (*fact)(ol_duty *d, const ol_duty_fact *f);       /* OL_ENOMEM: nothing was taken */
    ol_err (*receipt)(ol_duty *d, const ol_duty_receipt *r); /* the same */
    void (*turn)(ol_duty *d, const ol_duty_turn *t);         /* decides */
    void (*pump)(ol_duty *d, const ol_duty_turn *t, ol_duty_effects *out); /* appends, notes */
    void (*answered)(ol_duty *d, uint32_t token, ol_err err);              /* token as it gave it */
    uint64_t (*due_ms)(const ol_duty *d);                                  /* OL_NEVER */
} ol_duty_row;

extern const ol_duty_row ol_calls_duty, ol_checks_duty, ol_clocks_duty, ol_watches_duty,
    ol_defers_duty;

/* Passes with time: the oldest is lost where 64 wait. Nothing is told of history. What alarms hang
 * on is not told so, but is a flag of its own until ol_duty_put_note took it. */
void ol_duty_tell(ol_duty *d, const ol_duty_note *note);
/* In pump: false: the list is full, out->more is set, and it is to be told in the next turn. */
bool ol_duty_put_note(ol_duty_effects *out, const ol_duty_note *note);
/* A place for an entry of this kind, to be filled; NULL: the list is full, out->more is set. row:
 * the duty's own; token below 2^28. */
ol_duty_effect *ol_duty_put(ol_duty_effects *out, const ol_duty_row *row, uint32_t token,
                            uint64_t kind);
/* Our paths to these parties (bits), with their ages now. */
void ol_duty_proven(const ol_duty *d, uint32_t parties, ol_mono now, ol_paths *ret);

static inline uint64_t ol_duty_sooner(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

#endif
