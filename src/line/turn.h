/* line/turn.h — who may transmit now on a half-duplex path: listen, talk, wait.
 * A transmission goes on while there is something to say, at most `hold`, and ends with OVER. Who
 * heard OVER answers one turnaround later, with OVER alone when it has nothing to say and more than
 * OVER was heard. Silence of a turnaround and two frames counts as OVER. Who hears no answer begins
 * again only in slots of its own, so that of two that began at once one goes first.
 * Pure     no clock, no randomness: time and a seed are arguments. Embedded by design.
 * Use      ol_segment has one inside; nothing else needs it.
 * Source   docs/PROTOCOL.md §5.9 */
#ifndef OL_LINE_TURN_H
#define OL_LINE_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

enum { OL_TURN_HOLD_MS = 60000, OL_TURN_HOLD_MAX_MS = 120000, OL_TURN_TRIES_MAX = 4 };

typedef struct {
    uint32_t turnaround_ms; /* from the end of what is heard to the first frame sent */
    uint32_t frame_ms;      /* a full frame on the wire */
    uint32_t hold_ms;       /* longest transmission; 0: ol_turn_hold_ms(turnaround_ms) */
    bool is_first;          /* one of the two ends, the same from both views */
    uint64_t seed;
} ol_turn_opts;

typedef enum { OL_TURN_LISTEN, OL_TURN_TALK, OL_TURN_WAIT } ol_turn_state;

typedef struct {
    ol_turn_opts o;
    ol_turn_state state;
    uint64_t free_ms;  /* listening: from then on it may talk */
    uint64_t air_ms;   /* what was handed out has left the wire by then */
    uint64_t began_ms; /* our transmission */
    uint64_t heard_ms; /* the one that is heard began */
    uint64_t draw;
    unsigned tries;          /* transmissions that nobody answered */
    unsigned period, offset; /* waiting: of slots, those of its own */
    bool has_heard;          /* in the peer's transmission: more than OVER */
    bool owes_over;          /* its OVER is to be answered, at free_ms */
} ol_turn;

/* 60 s, but four turnarounds where that is more, up to 120 s. */
uint32_t ol_turn_hold_ms(uint32_t turnaround_ms);

void ol_turn_init(ol_turn *t, const ol_turn_opts *opts, ol_mono now);
/* A frame may be sent now; OVER is one, too. */
bool ol_turn_may(const ol_turn *t, ol_mono now);
/* More than OVER may be said now. */
bool ol_turn_has_room(const ol_turn *t, ol_mono now);
/* Nothing is left to say, or there is no room for it: OVER must be said now. */
bool ol_turn_owes_over(const ol_turn *t, ol_mono now);
/* A frame goes out that takes so long on the wire: begins the transmission, or goes on with it. */
void ol_turn_said(ol_turn *t, uint32_t air_ms, ol_mono now);
void ol_turn_said_over(ol_turn *t, uint32_t air_ms, ol_mono now);
void ol_turn_heard(ol_turn *t, ol_mono now);
void ol_turn_heard_over(ol_turn *t, ol_mono now);
/* When it may talk, or owes OVER; OL_NEVER: it may already and owes nothing, or it talks. */
uint64_t ol_turn_due(const ol_turn *t, ol_mono now);

#endif
