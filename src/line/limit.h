/* line/limit.h — token buckets: what we append in a day, what a member may make us do in a second.
 * Nothing is refused to a member for good: what is not done now is done when it comes again.
 * Source   docs/PROTOCOL.md §2.4, §8. */
#ifndef OL_LINE_LIMIT_H
#define OL_LINE_LIMIT_H

#include "line/line.h"

enum {
    OL_HANDSHAKES_S = 32, /* first messages of a member that cost a Diffie-Hellman, a second */
    OL_HANDSHAKES_BURST = 128,
    OL_REQUESTS_S = 1000, /* ASK, WANT and PROVE of a member */
    OL_REQUESTS_BURST = 8192
};

enum { OL_BUSY_FIRST = 1, OL_BUSY_REQUESTS = 2 }; /* BUSY: first messages; ASK, WANT and PROVE */

/* Thousandths of a day's limits: kept for the urgent lane, there from rings, and from messages
 * below FLASH: for FLASH, replies, acts and the like. An entry counts as its body and so many
 * bytes. */
enum { OL_LIMIT_URGENT = 100, OL_LIMIT_RING = 50, OL_LIMIT_FLASH = 10, OL_LIMIT_EACH = 64 };

typedef struct {
    bool is_used;           /* else it is full */
    uint64_t tokens, at_ms; /* thousandths, then */
} ol_bucket;

bool ol_bucket_take(ol_bucket *b, uint64_t now_ms, uint32_t per_s, uint32_t burst);
bool ol_limit_handshake(ol_line *l, uint8_t party); /* false: not now */
bool ol_limit_request(ol_line *l, uint8_t party);
/* Takes what an own entry costs, or returns the seconds to wait. */
uint64_t ol_limit_append_s(ol_line *l, uint8_t lane, uint64_t kind, ol_bytes body);
/* Takes what an entry costs that is written in any case, as far as it is there. */
void ol_limit_spend(ol_line *l, size_t body_len);
/* Of a day's limits, what is not for this; and seconds until so many thousandths are there. */
uint64_t ol_limit_kept(uint8_t lane, uint64_t kind, ol_bytes body);
uint64_t ol_limit_wait_s(uint64_t tokens, uint64_t needed, uint64_t limit);
OL_MUST ol_err ol_limit_put(ol_line *l); /* into the batch */
OL_MUST ol_err ol_limit_load(ol_line *l, const uint8_t *p, size_t len);

#endif
