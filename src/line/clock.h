/* line/clock.h — overdue clocks: a duty (line/duty.h). Who must answer a FLASH or IMMEDIATE has
 * answer.* to do so; then it is told, once in a run, on the author's side and on his.
 * Runs for messages of traffic, operational or exercise, not cancelled: on the author's side for
 *          each party that must act, on that party's for itself; from when the author appended it,
 *          or the addressee stored it, by our own running time.
 * Ends     with the answer of that party, or a cancel; an interim reply puts it off.
 * Restart  of what is from before, the walls of our own entries and receipts say how long it has
 *          run; of an interim, its own.
 * Limits   OL_CLOCKS_MAX messages; beyond, one of the author that has most goes: a drill first,
 *          then what was told, then the oldest.
 * Memory   168 bytes a message.
 * Source   docs/PROTOCOL.md §11.1 */
#ifndef OL_LINE_CLOCK_H
#define OL_LINE_CLOCK_H

#include "line/duty.h"

enum { OL_CLOCKS_MAX = 512 };

typedef struct { /* one message and one party that must answer it */
    ol_log_key log;
    uint64_t index;
    uint8_t party, precedence, status;
    bool is_overdue, is_put_off; /* by an interim reply */
    uint64_t due_ms;             /* of the clock of `now` */
} ol_clock_status;

/* The nth that runs or is overdue, in the order of the messages here; false: there are no more. */
bool ol_clock_status_of(const ol_duty *d, size_t nth, ol_clock_status *ret);

#endif
