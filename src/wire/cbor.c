#include "wire/cbor.h"

#include "base/text.h"

int ol_cbor_peek(const ol_rd *r) {
    if (r->err != OL_OK || r->left == 0)
        return -1;
    int major = r->p[0] >> 5;
    return major <= OL_CBOR_ARRAY ? major : -1;
}

/* Takes an item's head: major type and argument in its shortest form. */
static uint64_t get_head(ol_rd *r, unsigned *ret_major) {
    uint64_t first = ol_rd_be(r, 1);
    unsigned major = (unsigned)first >> 5, info = (unsigned)first & 31;
    uint64_t v = info;
    if (r->err != OL_OK)
        return 0;
    if (major > OL_CBOR_ARRAY || info > 27) {
        r->err = OL_EFORM;
        return 0;
    }
    if (info >= 24) {
        unsigned n = 1u << (info - 24);
        v = ol_rd_be(r, n);
        uint64_t least = n == 1 ? 24 : UINT64_C(1) << (4 * n); /* 2^8, 2^16, 2^32 */
        if (r->err == OL_OK && v < least)
            r->err = OL_EFORM;
    }
    if (r->err != OL_OK)
        return 0;
    *ret_major = major;
    return v;
}

static uint64_t get_of(ol_rd *r, unsigned want) {
    unsigned major = want;
    uint64_t v = get_head(r, &major);
    if (r->err == OL_OK && major != want)
        r->err = OL_EFORM;
    return r->err == OL_OK ? v : 0;
}

uint64_t ol_cbor_get_uint(ol_rd *r) {
    return get_of(r, OL_CBOR_UINT);
}

uint64_t ol_cbor_get_uint_max(ol_rd *r, uint64_t max) {
    uint64_t v = ol_cbor_get_uint(r);
    if (r->err == OL_OK && v > max)
        r->err = OL_ELIMIT;
    return r->err == OL_OK ? v : 0;
}

static const uint8_t *get_string(ol_rd *r, unsigned major, size_t *ret_len) {
    uint64_t n = get_of(r, major);
    if (r->err == OL_OK && n > r->left)
        r->err = OL_ESHORT;
    const uint8_t *p = ol_rd_take(r, r->err == OL_OK ? (size_t)n : 0);
    if (p != NULL && major == OL_CBOR_TEXT && !ol_utf8_is_valid(p, (size_t)n))
        r->err = OL_EFORM;
    if (r->err != OL_OK)
        return NULL;
    *ret_len = (size_t)n;
    return p;
}

const uint8_t *ol_cbor_get_bytes(ol_rd *r, size_t *ret_len) {
    return get_string(r, OL_CBOR_BYTES, ret_len);
}

const uint8_t *ol_cbor_get_text(ol_rd *r, size_t *ret_len) {
    return get_string(r, OL_CBOR_TEXT, ret_len);
}

uint64_t ol_cbor_get_array(ol_rd *r) {
    uint64_t n = get_of(r, OL_CBOR_ARRAY);
    if (r->err == OL_OK && n > r->left) /* each item has at least a byte */
        r->err = OL_ESHORT;
    return r->err == OL_OK ? n : 0;
}

/* `deep`: arrays that the item stands in. */
static void take_any(ol_rd *r, size_t deep) {
    uint64_t open[OL_CBOR_DEPTH_MAX]; /* items still to come, per array we are in */
    size_t depth = 0;
    do {
        size_t len;
        int major = ol_cbor_peek(r);
        if (major == OL_CBOR_BYTES || major == OL_CBOR_TEXT) {
            (void)get_string(r, (unsigned)major, &len);
        } else if (major == OL_CBOR_ARRAY) {
            if (deep + depth >= OL_CBOR_DEPTH_MAX)
                r->err = OL_ELIMIT;
            else
                open[depth++] = ol_cbor_get_array(r) + 1; /* the array itself counts as one */
        } else {
            unsigned any;
            (void)get_head(r, &any);
        }
        while (depth > 0 && --open[depth - 1] == 0)
            depth--;
    } while (depth > 0 && r->err == OL_OK);
}

const uint8_t *ol_cbor_get_any(ol_rd *r, size_t *ret_len) {
    const uint8_t *begin = r->p;
    take_any(r, 0);
    if (r->err != OL_OK)
        return NULL;
    *ret_len = (size_t)(r->p - begin);
    return begin;
}

void ol_cbor_skip(ol_rd *r, uint64_t taken, uint64_t n) {
    for (; r->err == OL_OK && taken < n; taken++)
        take_any(r, 1);
}

ol_err ol_cbor_check_within(const uint8_t *p, size_t len, size_t deep) {
    ol_rd r = ol_rd_of(p, len);
    take_any(&r, deep);
    return ol_rd_end(&r);
}

ol_err ol_cbor_check(const uint8_t *p, size_t len) {
    return ol_cbor_check_within(p, len, 0);
}

static void put_head(ol_wr *w, unsigned major, uint64_t v) {
    unsigned n = v < 24 ? 0 : v <= 0xff ? 1 : v <= 0xffff ? 2 : v <= 0xffffffff ? 4 : 8;
    unsigned info = n == 0 ? (unsigned)v : n == 1 ? 24 : n == 2 ? 25 : n == 4 ? 26 : 27;
    ol_wr_be(w, major << 5 | info, 1);
    if (n > 0)
        ol_wr_be(w, v, n);
}

void ol_cbor_put_uint(ol_wr *w, uint64_t v) {
    put_head(w, OL_CBOR_UINT, v);
}

void ol_cbor_put_bytes(ol_wr *w, const void *p, size_t len) {
    put_head(w, OL_CBOR_BYTES, len);
    ol_wr_put(w, p, len);
}

void ol_cbor_put_text(ol_wr *w, const char *p, size_t len) {
    put_head(w, OL_CBOR_TEXT, len);
    ol_wr_put(w, p, len);
}

void ol_cbor_put_array(ol_wr *w, uint64_t n) {
    put_head(w, OL_CBOR_ARRAY, n);
}
