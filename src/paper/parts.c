#include "paper/parts.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/hash.h"

enum { MARK = 0x50, VERSION = 1 };

size_t ol_parts_count(size_t len, size_t part_max) {
    OL_ASSERT(len >= 1 && len <= OL_PARTS_BUNDLE_MAX);
    OL_ASSERT(part_max > OL_PARTS_HEAD + 256 && part_max <= OL_PARTS_PART_MAX);
    size_t room = part_max - OL_PARTS_HEAD;
    return (len + room - 1) / room;
}

void ol_parts_id(const uint8_t *bundle, size_t len, uint8_t ret[OL_PARTS_ID_LEN]) {
    uint8_t h[OL_HASH_LEN];
    ol_hash_sha256(bundle, len, h);
    memcpy(ret, h, OL_PARTS_ID_LEN);
}

size_t ol_parts_put(const uint8_t *bundle, size_t len, size_t i, size_t n,
                    uint8_t to[OL_PARTS_PART_MAX]) {
    OL_ASSERT(i >= 1 && i <= n && n <= OL_PARTS_MAX && len >= n);
    size_t each = (len + n - 1) / n, at = (i - 1) * each;
    OL_ASSERT(at < len);
    uint8_t id[OL_PARTS_ID_LEN];
    ol_parts_id(bundle, len, id);
    ol_wr w = ol_wr_of(to, OL_PARTS_PART_MAX);
    ol_wr_be(&w, MARK, 1);
    ol_wr_be(&w, VERSION, 1);
    ol_wr_put(&w, id, sizeof id);
    ol_wr_be(&w, i, 1);
    ol_wr_be(&w, n, 1);
    ol_wr_put(&w, bundle + at, len - at < each ? len - at : each);
    OL_ASSERT(w.err == OL_OK);
    return w.len;
}

ol_err ol_parts_get(const uint8_t *p, size_t len, ol_part_of *ret) {
    ol_rd r = ol_rd_of(p, len);
    uint64_t mark = ol_rd_be(&r, 1), version = ol_rd_be(&r, 1);
    ol_part_of part = { .i = 0 };
    ol_rd_copy(&r, part.id, sizeof part.id);
    part.i = (uint8_t)ol_rd_be(&r, 1);
    part.n = (uint8_t)ol_rd_be(&r, 1);
    if (r.err != OL_OK)
        return r.err;
    if (mark != MARK || version != VERSION || part.i == 0 || part.i > part.n || r.left == 0)
        return OL_EFORM;
    if (len > OL_PARTS_PART_MAX)
        return OL_ELIMIT;
    part.p = r.p;
    part.len = r.left;
    *ret = part;
    return OL_OK;
}

ol_err ol_parts_join(const ol_part_of *part, size_t n, uint8_t *to, size_t *ret_len) {
    ol_wr w = ol_wr_of(to, OL_PARTS_BUNDLE_MAX);
    for (size_t i = 0; i < n; i++) {
        OL_ASSERT(part[i].i == i + 1 && part[i].n == n);
        ol_wr_put(&w, part[i].p, part[i].len);
    }
    if (w.err != OL_OK)
        return w.err;
    uint8_t id[OL_PARTS_ID_LEN];
    ol_parts_id(to, w.len, id);
    if (n == 0 || memcmp(id, part[0].id, sizeof id) != 0)
        return OL_EAUTH;
    *ret_len = w.len;
    return OL_OK;
}
