/* The CBOR subset: what is taken has one encoding; cut anywhere or with a byte behind, it is
 * refused; every claimed length lies within the input. */
#include <string.h>

#include "wire/cbor.h"

enum { OUT_MAX = 65536 };

static void copy(ol_rd *r, ol_wr *w, unsigned depth) {
    size_t n = 0;
    int major = ol_cbor_peek(r);
    OL_ASSERT(depth <= OL_CBOR_DEPTH_MAX);
    if (major == OL_CBOR_UINT) {
        ol_cbor_put_uint(w, ol_cbor_get_uint(r));
    } else if (major == OL_CBOR_BYTES) {
        const uint8_t *p = ol_cbor_get_bytes(r, &n);
        ol_cbor_put_bytes(w, p, n);
    } else if (major == OL_CBOR_TEXT) {
        const uint8_t *p = ol_cbor_get_text(r, &n);
        ol_cbor_put_text(w, (const char *)p, n);
    } else if (major == OL_CBOR_ARRAY) {
        uint64_t items = ol_cbor_get_array(r);
        ol_cbor_put_array(w, items);
        for (uint64_t i = 0; i < items; i++)
            copy(r, w, depth + 1);
    } else { /* negative: nothing of ours writes one */
        const uint8_t *p = ol_cbor_get_any(r, &n);
        ol_wr_put(w, p, n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t out[OUT_MAX];
    if (size > OUT_MAX || ol_cbor_check(data, size) != OL_OK)
        return 0;
    ol_rd r = ol_rd_of(data, size);
    ol_wr w = ol_wr_of(out, sizeof out);
    copy(&r, &w, 0);
    OL_ASSERT(ol_rd_end(&r) == OL_OK && w.err == OL_OK);
    OL_ASSERT(w.len == size && memcmp(out, data, size) == 0);
    for (size_t cut = 0; cut < size && cut < 64; cut++)
        OL_ASSERT(ol_cbor_check(data, cut) != OL_OK);
    return 0;
}
