#include "wire/fields.h"

#include "base/limits.h"

bool ol_fields_demand(ol_fields *f, bool is_right, ol_err err, const char *why) {
    if (f->r.err == OL_OK && !is_right)
        f->r.err = err;
    if (f->r.err != OL_OK && f->why == NULL)
        f->why = why;
    return f->r.err == OL_OK;
}

uint64_t ol_fields_uint(ol_fields *f, uint64_t max, const char *why) {
    uint64_t v = ol_cbor_get_uint_max(&f->r, max);
    ol_fields_demand(f, true, OL_OK, why);
    return v;
}

bool ol_fields_is_line(ol_str s) {
    return ol_text_check((const uint8_t *)s.p, s.len, OL_TEXT_LINE, NULL) == OL_OK;
}

ol_str ol_fields_line(ol_fields *f, size_t max, const char *why) {
    ol_str s = { NULL, 0 };
    const char *p = (const char *)ol_cbor_get_text(&f->r, &s.len);
    if (!ol_fields_demand(f, s.len <= max, OL_ELIMIT, why))
        return (ol_str){ NULL, 0 };
    s.p = p;
    return ol_fields_demand(f, ol_fields_is_line(s), OL_EFORM, why) ? s : (ol_str){ NULL, 0 };
}

size_t ol_fields_array(ol_fields *f, size_t min, size_t max, const char *why) {
    uint64_t n = ol_cbor_get_array(&f->r);
    ol_fields_demand(f, n >= min, OL_EFORM, why);
    return ol_fields_demand(f, n <= max, OL_ELIMIT, why) ? (size_t)n : 0;
}

uint16_t ol_fields_parties(ol_fields *f, const char *why) {
    unsigned bits = 0;
    uint64_t n = ol_fields_array(f, 0, OL_PARTIES_MAX, why), before = 0;
    for (uint64_t i = 0; i < n && f->r.err == OL_OK; i++) {
        uint64_t p = ol_fields_uint(f, OL_PARTIES_MAX - 1, why);
        ol_fields_demand(f, i == 0 || p > before, OL_EFORM, why);
        bits |= 1u << p;
        before = p;
    }
    return f->r.err == OL_OK ? (uint16_t)bits : 0;
}

void ol_fields_put_parties(ol_wr *w, uint16_t parties) {
    unsigned n = 0;
    for (unsigned p = 0; p < OL_PARTIES_MAX; p++)
        n += parties >> p & 1;
    ol_cbor_put_array(w, n);
    for (unsigned p = 0; p < OL_PARTIES_MAX; p++) {
        if ((parties >> p & 1) != 0)
            ol_cbor_put_uint(w, p);
    }
}

ol_err ol_fields_end(ol_fields *f, uint64_t known, uint64_t n, const char *why,
                     const char **ret_why) {
    ol_cbor_skip(&f->r, known, n);
    if (f->r.err == OL_OK)
        f->r.err = ol_rd_end(&f->r);
    if (!ol_fields_demand(f, true, OL_OK, why))
        *ret_why = f->why;
    return f->r.err;
}
