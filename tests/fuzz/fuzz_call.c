/* Bodies of calls, rings, replies and closes, the kind in front. What is readable obeys the limits,
 * is not readable any more when cut, and can be written again and read back as the same bytes. */
#include <string.h>

#include "wire/call.h"
#include "wire/cbor.h"
#include "wire/entry.h"

enum { ROOM = 4096 };

static void is_line(ol_str s, size_t max) {
    OL_ASSERT(s.len <= max && ol_fields_is_line(s));
}

static ol_err again(uint64_t kind, const uint8_t *p, size_t len, ol_wr *w, const char **why) {
    ol_err err;
    static union {
        ol_call call;
        ol_ring ring;
        ol_reply reply;
        ol_close close;
    } b;
    if (kind == OL_KIND_CALL && (err = ol_call_decode(p, len, &b.call, why)) == OL_OK) {
        OL_ASSERT(b.call.precedence < OL_PRECEDENCES && b.call.status < OL_STATUSES);
        is_line(b.call.text, OL_REMARK_MAX), is_line(b.call.of, OL_CALL_OF_MAX);
        OL_ASSERT(!b.call.has_ref || b.call.ref.incarnation_len >= OL_REF_INC_MIN);
        ol_call_encode(&b.call, w);
    } else if (kind == OL_KIND_RING && (err = ol_ring_decode(p, len, &b.ring, why)) == OL_OK) {
        OL_ASSERT(b.ring.rung > 0 && b.ring.call.incarnation_len == OL_INC_LEN);
        ol_ring_encode(&b.ring, w);
    } else if (kind == OL_KIND_REPLY && (err = ol_reply_decode(p, len, &b.reply, why)) == OL_OK) {
        OL_ASSERT((b.reply.verb == OL_DEFER) == (b.reply.seconds > 0));
        is_line(b.reply.text, OL_REMARK_MAX);
        ol_reply_encode(&b.reply, w);
    } else if (kind == OL_KIND_CLOSE && (err = ol_close_decode(p, len, &b.close, why)) == OL_OK) {
        OL_ASSERT(b.close.receipts < OL_PARTIES_MAX && b.close.paths.n <= OL_PATHS_MAX);
        ol_close_encode(&b.close, w);
    }
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t one[ROOM], two[ROOM];
    if (size == 0 || size > ROOM / 2)
        return 0;
    uint64_t kind = OL_KIND_CALL + data[0] % 4;
    kind = data[0] >= OL_KIND_CALL && data[0] <= OL_KIND_CLOSE ? data[0] : kind;
    const char *why = NULL;
    ol_wr w = ol_wr_of(one, sizeof one), x = ol_wr_of(two, sizeof two);
    ol_err err = again(kind, data + 1, size - 1, &w, &why);
    OL_ASSERT((err == OL_OK) == (why == NULL));
    if (err != OL_OK)
        return 0;
    OL_ASSERT(w.err == OL_OK && w.len < size && ol_cbor_check(one, w.len) == OL_OK);
    OL_ASSERT(again(kind, one, w.len, &x, &why) == OL_OK);
    OL_ASSERT(x.len == w.len && memcmp(one, two, x.len) == 0);
    for (size_t n = 0; n + 1 < size; n++) {
        x.len = 0;
        OL_ASSERT(again(kind, data + 1, n, &x, &why) != OL_OK);
    }
    return 0;
}
