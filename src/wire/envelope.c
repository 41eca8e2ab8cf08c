#include "wire/envelope.h"

#include "wire/cbor.h"

static ol_said get_said(ol_rd *r) {
    uint64_t fields = ol_cbor_get_array(r);
    ol_said s = { .is_first = fields == 5 };
    s.number = ol_cbor_get_uint(r);
    s.size = ol_cbor_get_uint(r);
    if (r->err == OL_OK && fields != 2 && !s.is_first)
        r->err = OL_EFORM;
    if (!s.is_first)
        return s;
    size_t n = 0;
    s.party = ol_cbor_get_uint(r);
    s.lane = (uint8_t)ol_cbor_get_uint_max(r, OL_LANES - 1);
    const uint8_t *p = ol_cbor_get_bytes(r, &n);
    if (r->err == OL_OK && n != OL_INC_LEN)
        r->err = OL_EFORM;
    if (r->err == OL_OK)
        memcpy(s.incarnation, p, OL_INC_LEN);
    return s;
}

ol_said ol_said_next(ol_rd *mentions) {
    ol_said s = get_said(mentions);
    OL_ASSERT(mentions->err == OL_OK); /* walked once already */
    return s;
}

/* Takes the mentions; they can be walked again from *ret on. NULL, or what is wrong with them. */
static const char *get_mentions(ol_rd *r, bool is_seen, ol_rd *ret, size_t *ret_n) {
    uint64_t n = ol_cbor_get_array(r);
    if (r->err != OL_OK)
        return is_seen ? "seen is not an array" : "read has another form";
    if (n > OL_MENTIONS_MAX) {
        r->err = OL_ELIMIT;
        return is_seen ? "seen has more than 64 mentions" : "read has more than 64 mentions";
    }
    *ret = *r;
    for (uint64_t i = 0; i < n && r->err == OL_OK; i++) {
        ol_said s = get_said(r);
        if (r->err == OL_OK && s.is_first && !is_seen)
            r->err = OL_EFORM;
    }
    *ret_n = (size_t)n;
    return r->err == OL_OK ? NULL
           : is_seen       ? "a mention has another form"
                           : "read has another form";
}

static void get_more(ol_rd *r, uint64_t fields, ol_envelope *e) {
    size_t n = 0;
    const uint8_t *p = ol_cbor_get_bytes(r, &n);
    if (r->err != OL_OK || n != OL_ITEM_LEN) {
        e->misfit = "the item id is not 6 bytes";
        return;
    }
    e->has_item = true;
    memcpy(e->item, p, OL_ITEM_LEN);
    if (fields > 5)
        e->misfit = get_mentions(r, false, &e->read, &e->reads);
    e->has_read = fields > 5 && e->misfit == NULL;
    if (!e->has_read)
        e->reads = 0;
}

ol_err ol_envelope_decode(const uint8_t *p, size_t len, ol_envelope *ret, const char **ret_why) {
    ol_envelope e = { .misfit = NULL };
    ol_err err = ol_cbor_check(p, len);
    if (err != OL_OK || len > OL_ENTRY_MAX) {
        *ret_why = "it is not one item of the CBOR that entries are made of";
        return err != OL_OK ? err : OL_ELIMIT;
    }
    ol_rd r = ol_rd_of(p, len);
    const char *why = "it is not an array of 4 or more";
    uint64_t fields = ol_cbor_get_array(&r);
    if (r.err == OL_OK && fields >= 4) {
        why = "kind or wall is not a number";
        e.kind = ol_cbor_get_uint(&r), e.wall = ol_cbor_get_uint(&r);
    } else if (r.err == OL_OK) {
        r.err = OL_EFORM;
    }
    if (r.err == OL_OK)
        why = get_mentions(&r, true, &e.seen, &e.seens);
    if (r.err != OL_OK) {
        *ret_why = why;
        return r.err;
    }
    e.body = ol_cbor_get_any(&r, &e.body_len);
    if (fields > 4)
        get_more(&r, fields, &e);
    *ret = e;
    return OL_OK;
}
