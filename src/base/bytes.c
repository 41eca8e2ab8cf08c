#include "base/bytes.h"

#include <string.h>

const uint8_t *ol_rd_take(ol_rd *r, size_t n) {
    if (r->err == OL_OK && n > r->left)
        r->err = OL_ESHORT;
    if (r->err != OL_OK)
        return NULL;
    const uint8_t *at = r->p;
    if (n > 0) /* of no input p may be NULL */
        r->p += n, r->left -= n;
    return at;
}

uint64_t ol_rd_be(ol_rd *r, unsigned n) {
    const uint8_t *b = ol_rd_take(r, n);
    uint64_t v = 0;
    for (unsigned i = 0; b != NULL && i < n; i++)
        v = v << 8 | b[i];
    return v;
}

uint64_t ol_rd_varint(ol_rd *r) {
    uint64_t first = ol_rd_be(r, 1);
    unsigned more = (1u << (first >> 6)) - 1;
    uint64_t v = first & 0x3f;
    if (more > 0)
        v = v << (8 * more) | ol_rd_be(r, more);
    if (r->err == OL_OK && ol_varint_len(v) != more + 1)
        r->err = OL_EFORM; /* one encoding per meaning */
    return r->err == OL_OK ? v : 0;
}

void ol_rd_copy(ol_rd *r, uint8_t *to, size_t n) {
    const uint8_t *b = ol_rd_take(r, n);
    if (b != NULL)
        memcpy(to, b, n);
}

ol_err ol_rd_end(const ol_rd *r) {
    if (r->err != OL_OK)
        return r->err;
    return r->left == 0 ? OL_OK : OL_EFORM;
}

void ol_wr_put(ol_wr *w, const void *p, size_t n) {
    if (w->err == OL_OK && n > w->cap - w->len)
        w->err = OL_ELIMIT;
    if (w->err != OL_OK || n == 0)
        return;
    memcpy(w->p + w->len, p, n);
    w->len += n;
}

void ol_wr_be(ol_wr *w, uint64_t v, unsigned n) {
    uint8_t b[8];
    OL_ASSERT(n >= 1 && n <= 8 && (n == 8 || v >> (8 * n) == 0));
    for (unsigned i = 0; i < n; i++)
        b[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    ol_wr_put(w, b, n);
}

unsigned ol_varint_len(uint64_t v) {
    return v < 0x40 ? 1 : v < 0x4000 ? 2 : v < 0x40000000 ? 4 : 8;
}

void ol_wr_varint(ol_wr *w, uint64_t v) {
    OL_ASSERT(v <= OL_VARINT_MAX);
    unsigned n = ol_varint_len(v);
    uint64_t form = n == 1 ? 0 : n == 2 ? 1 : n == 4 ? 2 : 3;
    ol_wr_be(w, v | form << (8 * n - 2), n);
}
