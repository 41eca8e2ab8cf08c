#include "record/keyindex.h"

_Static_assert(sizeof(ol_log_key) * 8 == OL_KEYINDEX_BITS, "a key is its bytes");
#define ROW (UINT32_C(1) << 31)

static const ol_log_key *key_of(ol_keyindex_rows of, uint32_t row) {
    return (const ol_log_key *)(const void *)((const char *)of.row + of.size * (row & ~ROW));
}

static unsigned bit_of(const ol_log_key *key, unsigned bit) {
    const uint8_t *byte = (const uint8_t *)key;
    return byte[bit / 8] >> (7 - bit % 8) & 1;
}

/* The first bit in which they differ; OL_KEYINDEX_BITS: none. */
static unsigned differ(const ol_log_key *a, const ol_log_key *b) {
    unsigned bit = 0;
    while (bit < OL_KEYINDEX_BITS && bit_of(a, bit) == bit_of(b, bit))
        bit++;
    return bit;
}

/* The row that a key leads to: the only one that may have it. */
static uint32_t lead(const ol_keyindex *x, const ol_log_key *key) {
    uint32_t at = x->root;
    while ((at & ROW) == 0)
        at = x->fork[at].child[bit_of(key, x->fork[at].bit)];
    return at;
}

void ol_keyindex_free(ol_mem *mem, ol_keyindex *x) {
    ol_mem_put(mem, x->fork, x->cap, sizeof *x->fork);
    *x = (ol_keyindex){ 0 };
}

ol_err ol_keyindex_put(ol_mem *mem, ol_keyindex *x, ol_keyindex_rows of, size_t row) {
    OL_ASSERT(row < ROW && x->rows < ROW);
    if (x->rows == 0) {
        x->root = (uint32_t)row | ROW, x->rows = 1;
        return OL_OK;
    }
    ol_keyindex_fork *fork = ol_mem_grow(mem, x->fork, &x->cap, x->rows, sizeof *fork);
    if (fork == NULL)
        return OL_ENOMEM;
    x->fork = fork;
    const ol_log_key *key = key_of(of, (uint32_t)row);
    unsigned bit = differ(key, key_of(of, lead(x, key)));
    OL_ASSERT(bit < OL_KEYINDEX_BITS);
    uint32_t *p = &x->root, at = (uint32_t)(x->rows - 1); /* one fork fewer than rows */
    while ((*p & ROW) == 0 && fork[*p].bit < bit)
        p = &fork[*p].child[bit_of(key, fork[*p].bit)];
    fork[at].bit = (uint8_t)bit;
    fork[at].child[bit_of(key, bit)] = (uint32_t)row | ROW;
    fork[at].child[1 - bit_of(key, bit)] = *p;
    *p = at;
    x->rows++;
    return OL_OK;
}

size_t ol_keyindex_find(const ol_keyindex *x, ol_keyindex_rows of, const ol_log_key *key) {
    if (x->rows == 0)
        return OL_KEYINDEX_NONE;
    uint32_t row = lead(x, key);
    return ol_log_key_eq(key_of(of, row), key) ? row & ~ROW : OL_KEYINDEX_NONE;
}

void ol_keyindex_begin(const ol_keyindex *x, ol_keyindex_rows of, const ol_log_key *key,
                       unsigned incarnation_len, ol_keyindex_walk *ret) {
    const unsigned bits = 8 * (2 + incarnation_len);
    ret->n = 0;
    if (x->rows == 0)
        return;
    uint32_t at = x->root;
    while ((at & ROW) == 0 && x->fork[at].bit < bits)
        at = x->fork[at].child[bit_of(key, x->fork[at].bit)];
    uint32_t any = at; /* all below it agree in these bits, with the key or not */
    while ((any & ROW) == 0)
        any = x->fork[any].child[0];
    if (differ(key_of(of, any), key) >= bits)
        ret->todo[ret->n++] = at;
}

size_t ol_keyindex_next(const ol_keyindex *x, ol_keyindex_walk *w) {
    if (w->n == 0)
        return OL_KEYINDEX_NONE;
    uint32_t at = w->todo[--w->n];
    while ((at & ROW) == 0) {
        OL_ASSERT(w->n < OL_KEYINDEX_BITS + 1);
        w->todo[w->n++] = x->fork[at].child[1];
        at = x->fork[at].child[0];
    }
    return at & ~ROW;
}
