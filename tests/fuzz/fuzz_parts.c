/* Contents of QR codes, as strangers may print them: u16 length ‖ bytes, one after the other. A
 * part that is taken accounts for its bytes; what joins is a bundle that can be cut again. */
#include <string.h>

#include "base/bytes.h"
#include "paper/parts.h"

static uint8_t bundle[OL_PARTS_BUNDLE_MAX], again[OL_PARTS_BUNDLE_MAX];

static void cut_again(size_t len, const uint8_t id[OL_PARTS_ID_LEN]) {
    static uint8_t bytes[OL_PARTS_MAX][OL_PARTS_PART_MAX];
    static ol_part_of part[OL_PARTS_MAX];
    size_t n = ol_parts_count(len, OL_PARTS_PART_MAX), got = 0;
    for (size_t i = 0; i < n; i++) {
        size_t size = ol_parts_put(bundle, len, i + 1, n, bytes[i]);
        OL_ASSERT(ol_parts_get(bytes[i], size, &part[i]) == OL_OK);
        OL_ASSERT(memcmp(part[i].id, id, OL_PARTS_ID_LEN) == 0);
        OL_ASSERT(i == 0 || i + 1 == n || part[i].len == part[0].len);
    }
    OL_ASSERT(ol_parts_join(part, n, again, &got) == OL_OK && got == len);
    OL_ASSERT(memcmp(again, bundle, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static ol_part_of part[OL_PARTS_MAX];
    size_t n = 0, len = 0;
    ol_rd r = ol_rd_of(data, size);
    while (r.err == OL_OK && r.left > 0 && n < OL_PARTS_MAX) {
        size_t want = (size_t)ol_rd_be(&r, 2);
        const uint8_t *p = ol_rd_take(&r, want);
        ol_part_of got = { .i = 0 };
        if (p == NULL || ol_parts_get(p, want, &got) != OL_OK)
            continue;
        OL_ASSERT(got.i >= 1 && got.i <= got.n && got.len > 0);
        OL_ASSERT(got.p + got.len == p + want && got.p == p + OL_PARTS_HEAD);
        bool is_next = got.i == n + 1 && (n == 0 || got.n == part[0].n);
        if (is_next)
            part[n++] = got;
    }
    if (n > 0 && n == part[0].n && ol_parts_join(part, n, bundle, &len) == OL_OK)
        cut_again(len, part[0].id);
    return 0;
}
