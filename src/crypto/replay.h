/* crypto/replay.h — which frame counters have been taken, and the full counter behind a short one.
 * Window   of the OL_REPLAY_WIDTH counters up to the highest taken each is known as taken or not;
 *          older ones count as taken. Counters run from 0 to OL_REPLAY_COUNTER_MAX.
 * Short    a frame carries the low 16 bits. With e = the highest taken + 1 (0 when none is), the
 *          full counter is the one with these low bits in [e - 32767, e + 32768]; where that is
 *          below 0 it is 65,536 more, where above OL_REPLAY_COUNTER_MAX 65,536 less. So a sender
 *          may be up to 32,768 lost frames ahead of what has arrived, or a frame 32,767 late.
 * Order    full → is_fresh → open the frame → take. Taking before the tag has verified would let a
 *          forged frame blot out a true one.
 * Memory   a plain value, no pointers; zero it to start.
 * Source   RFC 6479 (the window), RFC 9000 §A.3 (the nearest counter); docs/PROTOCOL.md §5.1. */
#ifndef OL_CRYPTO_REPLAY_H
#define OL_CRYPTO_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

enum { OL_REPLAY_WIDTH = 1024 };
#define OL_REPLAY_COUNTER_MAX (UINT64_MAX - 1) /* 2^64-1 is no Noise nonce */

typedef struct {
    uint64_t next;                        /* highest taken + 1; 0: none */
    uint64_t taken[OL_REPLAY_WIDTH / 64]; /* counter c: bit c mod OL_REPLAY_WIDTH */
} ol_replay;

uint64_t ol_replay_full(const ol_replay *w, uint16_t low);
bool ol_replay_is_fresh(const ol_replay *w, uint64_t counter);
void ol_replay_take(ol_replay *w, uint64_t counter); /* asserts that it is fresh */

#endif
