#include "wire/order.h"

enum { FIELDS = 4 };

ol_err ol_order_decode(const uint8_t *body, size_t len, ol_order *ret, const char **ret_why) {
    ol_fields f = { .r = ol_rd_of(body, len) };
    ol_order o = { .verb = 0 };
    uint64_t n = ol_fields_array(&f, FIELDS, len, "the order has too few fields");
    o.verb = (uint8_t)ol_fields_uint(&f, OL_ORDER_VERBS - 1, "the order's verb is unknown");
    o.status = (uint8_t)ol_fields_uint(&f, OL_STATUSES - 1, "the status is unknown");
    o.seconds = ol_fields_uint(&f, UINT64_MAX, "the order's time has another form");
    o.text = ol_fields_line(&f, OL_REMARK_MAX, "the reason has another form or is too long");
    ol_err err =
        ol_fields_end(&f, FIELDS, n, "bytes follow the order, or what follows is no CBOR", ret_why);
    if (err == OL_OK)
        *ret = o;
    return err;
}

void ol_order_encode(const ol_order *o, ol_wr *w) {
    ol_cbor_put_array(w, FIELDS);
    ol_cbor_put_uint(w, o->verb);
    ol_cbor_put_uint(w, o->status);
    ol_cbor_put_uint(w, o->seconds);
    ol_cbor_put_text(w, o->text.p, o->text.len);
}

const char *ol_order_verb_name(unsigned verb) {
    static const char *const name[] = { "minimise", "end-minimise", "suspend", "resume" };
    return verb < OL_LEN(name) ? name[verb] : NULL;
}
