/* bearer/pace.h — how much a slow line takes when: pure.
 * Time     of the wire: a byte takes its start bit, data bits, parity and stop bits at the baud
 *          rate, or 8 bits at the rate of what lies behind it (a modem), whichever is longer. Both
 *          0: any number of bytes take no time.
 * Ahead    bytes are given out so that what was taken is never more than `ahead` before the wire;
 *          what has not been given can still be overtaken.
 * Units    nanoseconds of any monotonic clock; they wrap in 584 years. */
#ifndef OL_BEARER_PACE_H
#define OL_BEARER_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t baud;      /* bits a second on the wire; 0: not known */
    uint8_t bits, stop; /* data bits, stop bits */
    bool has_parity;
    uint32_t rate; /* bits of data a second that the link behind carries; 0: not known */
} ol_pace_line;

typedef struct {
    uint64_t byte_ns;  /* 0: no pace */
    uint64_t ahead_ns; /* two bytes' time at least: the wire need not wait for our timers */
    uint64_t free_ns;  /* when the wire is done with all that was taken */
} ol_pace;

void ol_pace_init(ol_pace *p, const ol_pace_line *line, uint64_t ahead_ns);
unsigned ol_pace_bits(const ol_pace_line *line); /* of a byte on the wire */

/* Bytes that may be taken now; SIZE_MAX without a pace. */
size_t ol_pace_room(const ol_pace *p, uint64_t now_ns);
void ol_pace_take(ol_pace *p, size_t n, uint64_t now_ns);
/* Until n bytes may be taken; 0: now. n bytes must fit into `ahead`; 1 does. */
uint64_t ol_pace_wait(const ol_pace *p, size_t n, uint64_t now_ns);
/* The wire has nothing left of what was taken. */
bool ol_pace_is_idle(const ol_pace *p, uint64_t now_ns);
uint64_t ol_pace_time(const ol_pace *p, size_t n); /* that n bytes take */

#endif
