#include "wire/handback.h"

#include "wire/cbor.h"
#include "wire/entry.h"

enum { TIME_MAX_BITS = 40 };

static void get_handed(ol_rd *r, ol_handed *h) {
    size_t len = 0;
    if (ol_cbor_get_array(r) != 4 && r->err == OL_OK)
        r->err = OL_EFORM;
    h->lane = (uint8_t)ol_cbor_get_uint_max(r, OL_LANES - 1);
    const uint8_t *inc = ol_cbor_get_bytes(r, &len);
    if (r->err == OL_OK && len != OL_INC_LEN)
        r->err = OL_EFORM;
    h->size = ol_cbor_get_uint_max(r, OL_SIZE_MAX);
    h->time = ol_cbor_get_uint_max(r, (UINT64_C(1) << TIME_MAX_BITS) - 1);
    if (r->err == OL_OK)
        memcpy(h->incarnation, inc, OL_INC_LEN);
}

ol_err ol_handback_decode(const uint8_t *body, size_t len, ol_handback *ret) {
    ol_rd r = ol_rd_of(body, len);
    ol_handback h = { 0 };
    uint64_t items = ol_cbor_get_array(&r);
    if (r.err == OL_OK && items < 3)
        return OL_EFORM;
    h.party = (uint8_t)ol_cbor_get_uint_max(&r, OL_PARTIES_MAX - 1);
    h.is_all = ol_cbor_get_uint_max(&r, 1) == 1;
    uint64_t n = ol_cbor_get_array(&r);
    if (r.err == OL_OK && n > OL_HANDED_MAX)
        return OL_ELIMIT;
    for (; r.err == OL_OK && h.n < n; h.n++)
        get_handed(&r, &h.v[h.n]);
    ol_cbor_skip(&r, 3, items);
    if (r.err == OL_OK && r.left != 0)
        r.err = OL_EFORM;
    if (r.err == OL_OK)
        *ret = h;
    return r.err;
}

void ol_handback_encode(const ol_handback *h, ol_wr *w) {
    ol_cbor_put_array(w, 3);
    ol_cbor_put_uint(w, h->party);
    ol_cbor_put_uint(w, h->is_all);
    ol_cbor_put_array(w, h->n);
    for (size_t i = 0; i < h->n; i++) {
        ol_cbor_put_array(w, 4);
        ol_cbor_put_uint(w, h->v[i].lane);
        ol_cbor_put_bytes(w, h->v[i].incarnation, OL_INC_LEN);
        ol_cbor_put_uint(w, h->v[i].size);
        ol_cbor_put_uint(w, h->v[i].time);
    }
}
