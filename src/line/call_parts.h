/* line/call_parts.h — what line/call*.c share, and nobody else.
 * Rooms    call.c states and events: the table · call_book.c which calls there are, receipts,
 *          what is asked · call_write.c bodies */
#ifndef OL_LINE_CALL_PARTS_H
#define OL_LINE_CALL_PARTS_H

#include "line/call.h"
#include "line/duty_parts.h"

enum { OL_CALL_LANG_MAX = OL_MESSAGE_LANG_MAX };

typedef enum { OL_WRITE_RING, OL_WRITE_CLOSE, OL_WRITE_AGAIN, OL_WRITES } ol_call_writing;

typedef struct {
    ol_called_word word;
    uint8_t rung;
    uint32_t seconds;
    uint64_t after, at_ms;
} ol_callee;

typedef struct ol_tracked ol_tracked;
struct ol_tracked { /* a call */
    ol_tracked *next;
    ol_log_key log;
    uint64_t index, wall;
    uint64_t origin_wall; /* of the first, where this one takes it up again */
    uint32_t serial;      /* names it in tokens */
    ol_call_state state;
    uint8_t precedence, status, purpose, rung, text_len, lang_len, of_len, why;
    char text[OL_REMARK_MAX], lang[OL_CALL_LANG_MAX], of[OL_CALL_OF_MAX];
    bool has_ref, is_taken_up; /* is_taken_up: a call of ours names it in its ref */
    bool is_others; /* placed or closed while we ran, and not by this station; of our own calls */
    ol_ref ref;
    uint16_t called;
    ol_callee party[OL_PARTIES_MAX];
    /* Where time runs: on our rung, or of our own call. */
    uint64_t begin_ms, base_s; /* begun then, after so many seconds before */
    bool has_begun;
    uint64_t due_ms;
    uint64_t settle_ms;  /* until then its close waits for receipts; 0: it does not yet */
    uint8_t ring_now;    /* the rung that we ring */
    uint64_t ring_wall;  /* of our first ring entry for it; 0: none */
    uint64_t ring_after; /* of our last one */
    uint8_t wants, sent; /* bits: what is to be written; what is on its way */
    uint16_t news;       /* bits of parties: what they said is to be told */
    bool is_placed_new, is_end_new; /* that it was placed, closed, is to be told */
    uint8_t rung_sent;              /* what the ring on its way says: the rung, 0: the end */
    uint64_t retry_ms;
};

typedef struct { /* receipts of one of our urgent logs, each party's largest */
    ol_log_key log;
    bool is_used;
    ol_close_receipt of[OL_PARTIES_MAX]; /* size 0: none */
} ol_call_receipts;

typedef struct { /* a close whose call has not come yet: logs come each at its own pace */
    ol_log_key log;
    uint64_t index;
    uint8_t why;
    bool is_used;
} ol_call_early;

enum { OL_CALL_LOGS_MAX = 8, OL_CALL_EARLY_MAX = 32 };

struct ol_calls {
    ol_tracked *first; /* by the order in which they came */
    uint32_t serial;
    struct {
        uint64_t ms, at_ms;  /* spent, and not grown back then; a ring costs its part of a day */
    } rings[OL_PARTIES_MAX]; /* of each caller; a start forgets it */
    ol_call_receipts log[OL_CALL_LOGS_MAX];                 /* our newest ones, last first */
    ol_call_early early[OL_PARTIES_MAX][OL_CALL_EARLY_MAX]; /* the last of each author */
    uint8_t early_at[OL_PARTIES_MAX];
};

/* call_book.c */
ol_tracked *ol_call_find(const ol_duty *d, const ol_log_key *log, uint64_t index);
ol_tracked *ol_call_of_ref(const ol_duty *d, const ol_ref *ref);
/* The call of this fact is tracked from now on; *ret NULL: too many are. */
OL_MUST ol_err ol_call_track(ol_duty *d, const ol_duty_fact *f, const ol_call *c, ol_tracked **ret);
void ol_call_forget_old(ol_duty *d);
/* Of a call that is not tracked, in another log than its close. */
void ol_call_note_early(ol_duty *d, const ol_log_key *in, const ol_close *k);
const ol_call_early *ol_call_early_of(const ol_duty *d, const ol_log_key *log, uint64_t index);
void ol_call_free_all(ol_duty *d);
void ol_call_note_log(ol_duty *d, const ol_log_key *log); /* our own */
void ol_call_note_receipt(ol_duty *d, const ol_duty_receipt *r);
const ol_call_receipts *ol_call_receipts_of(const ol_duty *d, const ol_log_key *log);
bool ol_call_is_drill(const ol_tracked *c);
bool ol_call_is_own(const ol_duty *d, const ol_tracked *c);
/* In pump: what is new of it, as far as there is room. */
void ol_call_tell(ol_tracked *c, ol_duty_effects *out);
/* Seconds since it was placed or first rang here. */
uint64_t ol_call_after(const ol_tracked *c, ol_mono now);
/* The time of its precedence and a quarter of it. */
uint64_t ol_call_time_s(const ol_duty *d, const ol_tracked *c);

/* call_write.c */
void ol_call_write(ol_duty *d, const ol_tracked *c, ol_call_writing what, ol_mono now,
                   ol_duty_effect *fx);

#endif
