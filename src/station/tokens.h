/* station/tokens.h — small numbers for addresses that frames came from, bounded.
 * The engine speaks of addresses by token only (line/line.h). A token lives until its place in the
 * table is needed for another address; a dead token is nowhere: what was to go there is not sent,
 * and the peer repeats. Which addresses share a place is keyed at random, so that an outsider
 * cannot aim at one.
 * Memory   OL_TOKENS places in the table itself; nothing is allocated. */
#ifndef OL_STATION_TOKENS_H
#define OL_STATION_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "bearer/bearer.h"

enum { OL_TOKENS = 1024 };

typedef struct {
    uint8_t key[16]; /* random */
    struct {
        uint32_t token; /* 0: free */
        uint8_t port;
        ol_addr addr;
    } place[OL_TOKENS];
} ol_tokens;

void ol_tokens_init(ol_tokens *t);
/* Never 0; the same address has the same token while it lives. */
uint32_t ol_tokens_take(ol_tokens *t, uint8_t port, const ol_addr *addr);
bool ol_tokens_find(const ol_tokens *t, uint32_t token, uint8_t *ret_port, ol_addr *ret_addr);

#endif
