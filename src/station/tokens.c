#include "station/tokens.h"

#include <string.h>

#include <sodium.h>

_Static_assert(sizeof((ol_tokens *)0)->key == crypto_shorthash_KEYBYTES, "the hash's key");
_Static_assert((OL_TOKENS & (OL_TOKENS - 1)) == 0, "places are the token's low bits");

void ol_tokens_init(ol_tokens *t) {
    memset(t, 0, sizeof *t);
    randombytes_buf(t->key, sizeof t->key);
}

static bool is_same(const ol_addr *a, const ol_addr *b) {
    return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

uint32_t ol_tokens_take(ol_tokens *t, uint8_t port, const ol_addr *addr) {
    uint8_t in[1 + OL_ADDR_MAX], hash[crypto_shorthash_BYTES];
    in[0] = port;
    memcpy(in + 1, addr->b, addr->len);
    (void)crypto_shorthash(hash, in, 1u + addr->len, t->key);
    uint32_t at = (uint32_t)(hash[0] | hash[1] << 8) % OL_TOKENS, was = t->place[at].token;
    if (was != 0 && t->place[at].port == port && is_same(&t->place[at].addr, addr))
        return was;
    uint32_t next = (was == 0 ? at : was) + OL_TOKENS; /* wraps to below OL_TOKENS: skip those */
    t->place[at].token = next < OL_TOKENS ? next + OL_TOKENS : next;
    t->place[at].port = port;
    t->place[at].addr = *addr;
    return t->place[at].token;
}

bool ol_tokens_find(const ol_tokens *t, uint32_t token, uint8_t *ret_port, ol_addr *ret_addr) {
    uint32_t at = token % OL_TOKENS;
    if (token == 0 || t->place[at].token != token)
        return false;
    *ret_port = t->place[at].port;
    *ret_addr = t->place[at].addr;
    return true;
}
