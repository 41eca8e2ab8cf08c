/* line/credit.h — what is taken in of a member's entries in a day, and what waits.
 * Shape    per member a credit in entries and bytes that grows by the charter's limits, without a
 *          top, and is cut to two days' worth when the member says that we hold all it has (ALL).
 *          A head that costs more is not taken yet; its sender is told how long (DELAYED).
 * Units    amounts are thousandths of an entry, of a byte. OL_CREDIT_OPEN: it is not known what an
 *          honest member may have written meanwhile, so nothing of its is put off.
 * Source   docs/PROTOCOL.md §5.7 */
#ifndef OL_LINE_CREDIT_H
#define OL_LINE_CREDIT_H

#include "line/line.h"

#define OL_CREDIT_OPEN UINT64_MAX

typedef struct {
    uint64_t entries, bytes;
} ol_amount;

typedef struct { /* of one member */
    ol_amount left;
    ol_amount spent;            /* in the batch that is not durable yet: of what was left */
    uint64_t wall;              /* when it was stored */
    uint64_t late_ms[OL_LANES]; /* until then its entries of this lane wait; in the past: not */
    uint64_t ask_ms;            /* whether we hold all of its is not asked before */
    uint8_t asks;               /* in vain */
    bool is_loaded, is_new;     /* new: to be stored */
    bool is_flooding;           /* something of its had to wait, and we do not hold all yet */
    /* What it asked for beyond what is done at once for one member (§8), what it says of us: */
    uint8_t busy, owe_busy, says_busy;
    uint64_t busy_ms, told_ms, said_ms; /* when; last told; last said; 0 never */
    bool wants_all, owe_all;            /* it asks whether it holds all of ours */
    bool puts_off;                      /* entries of ours wait at it */
    uint8_t what;                       /* OL_DELAY_…, as it was told last */
    bool note;                          /* not told yet */
} ol_credit;

typedef struct {
    ol_amount amount;
    uint64_t kept; /* thousandths of a day's limits that are kept for what is more urgent */
} ol_cost;

void ol_credit_start(ol_line *l);
OL_MUST ol_err ol_credit_load(ol_line *l, const char *key, const uint8_t *p, size_t len);
OL_MUST ol_err ol_credit_put(ol_line *l); /* into the batch */
void ol_credit_answered(ol_line *l, bool is_done);

/* Adds an entry to what a head costs; *cost is { .kept = UINT64_MAX } at first. */
void ol_credit_count(ol_cost *cost, uint8_t lane, const uint8_t *entry, size_t len);
/* Seconds until it is there; 0: it is. */
uint64_t ol_credit_wait_s(ol_line *l, uint8_t author, const ol_cost *cost);
void ol_credit_spend(ol_line *l, uint8_t author, const ol_cost *cost);
void ol_credit_put_off(ol_line *l, const ol_log_key *log, uint64_t wait_s);
uint64_t ol_credit_late_s(const ol_line *l, const ol_log_key *log); /* 0: it is not */

bool ol_credit_asks(const ol_line *l, uint8_t party); /* ALL may be asked for now */
void ol_credit_asked(ol_line *l, uint8_t party);
void ol_credit_all(ol_line *l, uint8_t party);                /* it says that we hold all of its */
void ol_credit_busy(ol_line *l, uint8_t party, uint8_t what); /* OL_BUSY_… was put off */
void ol_credit_say(ol_line *l);                               /* what has changed, for pump.c */

#endif
