/* Acts and orders. What is readable obeys the limits, is not readable any more when cut anywhere,
 * and what we would write of it reads back the same. */
#include <string.h>

#include "wire/act.h"
#include "wire/order.h"

static void try_act(const uint8_t *p, size_t len) {
    uint8_t room[512];
    ol_act a, back;
    const char *why = NULL;
    ol_err err = ol_act_decode(p, len, &a, &why);
    OL_ASSERT((err == OL_OK) == (why == NULL));
    if (err != OL_OK)
        return;
    OL_ASSERT(a.verb < OL_ACT_VERBS && a.status < OL_STATUSES && a.text.len <= OL_REMARK_MAX);
    OL_ASSERT(a.seconds <= OL_SECONDS_MAX && a.has_ref == (a.verb != OL_ACT_PRESENT));
    ol_wr w = ol_wr_of(room, sizeof room);
    ol_act_encode(&a, &w);
    OL_ASSERT(w.err == OL_OK && w.len <= len);
    OL_ASSERT(ol_act_decode(room, w.len, &back, &why) == OL_OK);
    OL_ASSERT(back.verb == a.verb && back.status == a.status && back.seconds == a.seconds &&
              back.ref.index == a.ref.index && back.text.len == a.text.len &&
              memcmp(back.text.p, a.text.p, a.text.len) == 0);
    for (size_t cut = 0; cut < len && cut < 64; cut++)
        OL_ASSERT(ol_act_decode(p, cut, &back, &why) != OL_OK);
}

static void try_order(const uint8_t *p, size_t len) {
    uint8_t room[512];
    ol_order o, back;
    const char *why = NULL;
    ol_err err = ol_order_decode(p, len, &o, &why);
    OL_ASSERT((err == OL_OK) == (why == NULL));
    if (err != OL_OK)
        return;
    OL_ASSERT(o.verb < OL_ORDER_VERBS && o.status < OL_STATUSES && o.text.len <= OL_REMARK_MAX);
    ol_wr w = ol_wr_of(room, sizeof room);
    ol_order_encode(&o, &w);
    OL_ASSERT(w.err == OL_OK && w.len <= len);
    OL_ASSERT(ol_order_decode(room, w.len, &back, &why) == OL_OK);
    OL_ASSERT(back.verb == o.verb && back.status == o.status && back.seconds == o.seconds &&
              back.text.len == o.text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    try_act(data, size);
    try_order(data, size);
    return 0;
}
