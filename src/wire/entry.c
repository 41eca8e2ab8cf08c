#include "wire/entry.h"

#include "wire/cbor.h"

static void get_incarnation(ol_rd *r, uint8_t to[OL_INC_LEN]) {
    size_t n = 0;
    const uint8_t *p = ol_cbor_get_bytes(r, &n);
    if (p != NULL && n != OL_INC_LEN)
        r->err = OL_EFORM;
    if (r->err == OL_OK)
        memcpy(to, p, OL_INC_LEN);
}

static void get_mentions(ol_rd *r, bool is_seen, ol_mention *m, size_t *ret_n) {
    uint64_t n = ol_cbor_get_array(r), before = 0;
    if (r->err == OL_OK && n > OL_MENTIONS_MAX)
        r->err = OL_ELIMIT;
    for (uint64_t i = 0; i < n && r->err == OL_OK; i++) {
        uint64_t fields = ol_cbor_get_array(r);
        m[i] = (ol_mention){ .is_first = is_seen && fields == 5 };
        m[i].number = ol_cbor_get_uint_max(r, OL_SIZE_MAX);
        m[i].size = ol_cbor_get_uint_max(r, OL_SIZE_MAX);
        if (m[i].is_first) {
            uint64_t party = ol_cbor_get_uint(r);
            m[i].log.party = party < UINT8_MAX ? (uint8_t)party : UINT8_MAX;
            m[i].log.lane = (uint8_t)ol_cbor_get_uint_max(r, OL_LANES - 1);
            get_incarnation(r, m[i].log.incarnation);
        }
        if (r->err == OL_OK && ((fields != 2 && !m[i].is_first) || m[i].number <= before))
            r->err = OL_EFORM; /* 0 is the log itself; ascending, none twice */
        before = m[i].number;
    }
    *ret_n = r->err == OL_OK ? (size_t)n : 0;
}

static void get_signs(ol_rd *r, ol_entry *e) {
    uint64_t n = ol_cbor_get_array(r);
    if (r->err == OL_OK && n > OL_SIGNS_MAX)
        r->err = OL_ELIMIT;
    for (; e->signs < n && r->err == OL_OK; e->signs++) {
        ol_sign *s = &e->sign[e->signs];
        size_t len = 0;
        if (ol_cbor_get_array(r) != 3 && r->err == OL_OK)
            r->err = OL_EFORM;
        s->officer = ol_cbor_get_uint_max(r, OL_OFFICER_MAX);
        s->written = ol_cbor_get_uint(r);
        const uint8_t *sig = ol_cbor_get_bytes(r, &len);
        if (r->err == OL_OK && (len != OL_SIG_LEN || s->officer == 0))
            r->err = OL_EFORM;
        if (r->err == OL_OK)
            memcpy(s->sig, sig, OL_SIG_LEN);
    }
}

ol_err ol_entry_decode(const uint8_t *p, size_t len, ol_entry *ret) {
    if (len > OL_ENTRY_MAX)
        return OL_ELIMIT;
    ol_err err = ol_cbor_check(p, len);
    if (err != OL_OK)
        return err;
    ol_rd r = ol_rd_of(p, len);
    ol_entry e;
    memset(&e, 0, sizeof e);
    uint64_t fields = ol_cbor_get_array(&r);
    if (r.err == OL_OK && (fields < 4 || fields == 5))
        r.err = OL_EFORM; /* item and read come together */
    e.kind = ol_cbor_get_uint(&r);
    e.wall = ol_cbor_get_uint(&r);
    get_mentions(&r, true, e.seen, &e.seens);
    e.body = ol_cbor_get_any(&r, &e.body_len);
    if (fields >= 6) {
        size_t n = 0;
        const uint8_t *item = ol_cbor_get_bytes(&r, &n);
        if (item != NULL && n != OL_ITEM_LEN)
            r.err = OL_EFORM;
        if (r.err == OL_OK)
            memcpy(e.item, item, OL_ITEM_LEN);
        e.has_item = true;
        get_mentions(&r, false, e.read, &e.reads);
    }
    if (fields >= 7)
        get_signs(&r, &e);
    if (r.err != OL_OK)
        return r
            .err; /* further elements were checked as CBOR above and are left to later readers */
    memcpy(ret, &e, sizeof e);
    return OL_OK;
}

static void put_mentions(const ol_mention *m, size_t n, ol_wr *w) {
    ol_cbor_put_array(w, n);
    for (size_t i = 0; i < n; i++) {
        ol_cbor_put_array(w, m[i].is_first ? 5 : 2);
        ol_cbor_put_uint(w, m[i].number);
        ol_cbor_put_uint(w, m[i].size);
        if (!m[i].is_first)
            continue;
        ol_cbor_put_uint(w, m[i].log.party);
        ol_cbor_put_uint(w, m[i].log.lane);
        ol_cbor_put_bytes(w, m[i].log.incarnation, OL_INC_LEN);
    }
}

void ol_entry_encode(const ol_entry *e, ol_wr *w) {
    OL_ASSERT(e->seens <= OL_MENTIONS_MAX && e->reads <= OL_MENTIONS_MAX);
    OL_ASSERT(e->signs <= OL_SIGNS_MAX);
    ol_cbor_put_array(w, !e->has_item ? 4 : e->signs == 0 ? 6 : 7);
    ol_cbor_put_uint(w, e->kind);
    ol_cbor_put_uint(w, e->wall);
    put_mentions(e->seen, e->seens, w);
    ol_wr_put(w, e->body, e->body_len);
    if (e->has_item) {
        ol_cbor_put_bytes(w, e->item, OL_ITEM_LEN);
        put_mentions(e->read, e->reads, w);
    }
    if (!e->has_item || e->signs == 0)
        return;
    ol_cbor_put_array(w, e->signs);
    for (size_t i = 0; i < e->signs; i++) {
        ol_cbor_put_array(w, 3);
        ol_cbor_put_uint(w, e->sign[i].officer);
        ol_cbor_put_uint(w, e->sign[i].written);
        ol_cbor_put_bytes(w, e->sign[i].sig, OL_SIG_LEN);
    }
}

ol_err ol_opening_decode(const uint8_t *body, size_t len, ol_opening *ret) {
    ol_rd r = ol_rd_of(body, len);
    ol_opening o;
    memset(&o, 0, sizeof o);
    size_t before = 0, root = 0;
    uint64_t fields = ol_cbor_get_array(&r);
    const uint8_t *b = ol_cbor_get_bytes(&r, &before);
    o.size = ol_cbor_get_uint_max(&r, OL_SIZE_MAX);
    const uint8_t *h = ol_cbor_get_bytes(&r, &root);
    o.why = ol_cbor_get_uint(&r);
    if (r.err != OL_OK)
        return r.err;
    o.has_predecessor = before > 0;
    if (fields < 4 || (before != 0 && before != OL_INC_LEN) || (root != 0 && root != 32) ||
        (before == 0) != (root == 0) || (before == 0 && o.size != 0))
        return OL_EFORM;
    memcpy(o.predecessor, b, before);
    memcpy(o.root, h, root);
    if (fields > 4)
        o.generation = (uint32_t)ol_cbor_get_uint_max(&r, UINT32_MAX);
    if (r.err != OL_OK)
        return r.err;
    ol_cbor_skip(&r, 5, fields);
    if (ol_rd_end(&r) != OL_OK)
        return OL_EFORM;
    memcpy(ret, &o, sizeof o);
    return OL_OK;
}

void ol_opening_encode(const ol_opening *o, ol_wr *w) {
    ol_cbor_put_array(w, o->generation > 0 ? 5 : 4);
    ol_cbor_put_bytes(w, o->predecessor, o->has_predecessor ? OL_INC_LEN : 0);
    ol_cbor_put_uint(w, o->size);
    ol_cbor_put_bytes(w, o->root, o->has_predecessor ? 32 : 0);
    ol_cbor_put_uint(w, o->why);
    if (o->generation > 0)
        ol_cbor_put_uint(w, o->generation);
}
