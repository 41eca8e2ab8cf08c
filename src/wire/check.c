#include "wire/check.h"

#include "wire/cbor.h"
#include "wire/logkey.h"

static void get_missed(ol_rd *r, ol_check *c) {
    uint64_t n = ol_cbor_get_array(r);
    if (r->err == OL_OK && n > OL_MISSED_MAX)
        r->err = OL_ELIMIT;
    for (; r->err == OL_OK && c->missed < n; c->missed++) {
        size_t i = c->missed;
        if (ol_cbor_get_array(r) != 2 && r->err == OL_OK)
            r->err = OL_EFORM;
        c->miss[i].party = (uint8_t)ol_cbor_get_uint_max(r, OL_PARTIES_MAX - 1);
        c->miss[i].number = ol_cbor_get_uint_max(r, OL_SIZE_MAX);
        if (r->err == OL_OK && i > 0 && c->miss[i].party <= c->miss[i - 1].party)
            r->err = OL_EFORM;
    }
}

static bool is_right(ol_rd *r, bool is, const char *why, const char **ret_why) {
    if (r->err == OL_OK && !is)
        r->err = OL_EFORM;
    if (r->err != OL_OK && *ret_why == NULL)
        *ret_why = why;
    return r->err == OL_OK;
}

ol_err ol_check_decode(const uint8_t *body, size_t len, ol_check *ret, const char **ret_why) {
    ol_rd r = ol_rd_of(body, len);
    ol_check c = { .number = 0 };
    const char *why = NULL;
    uint64_t n = ol_cbor_get_array(&r);
    is_right(&r, n >= 5, "the check has too few fields", &why);
    c.number = ol_cbor_get_uint_max(&r, OL_SIZE_MAX);
    is_right(&r, c.number > 0, "the check has no number", &why);
    c.interval = (uint32_t)ol_cbor_get_uint_max(&r, OL_CHECK_INTERVAL_MAX);
    is_right(&r, c.interval > 0, "the interval is not 1 to 86400 seconds", &why);
    c.watch = (uint16_t)ol_cbor_get_uint_max(&r, UINT16_MAX);
    is_right(&r, true, "the watch is no officer's number", &why);
    ol_paths_get(&r, &c.proven);
    is_right(&r, true, "the paths have another form, or are more than 32", &why);
    get_missed(&r, &c);
    is_right(&r, true, "the missed checks have another form", &why);
    ol_cbor_skip(&r, 5, n);
    if (r.err == OL_OK)
        r.err = ol_rd_end(&r);
    if (is_right(&r, true, "bytes follow the check, or what follows is no CBOR", &why))
        *ret = c;
    else
        *ret_why = why;
    return r.err;
}

void ol_check_encode(const ol_check *c, ol_wr *w) {
    ol_cbor_put_array(w, 5);
    ol_cbor_put_uint(w, c->number);
    ol_cbor_put_uint(w, c->interval);
    ol_cbor_put_uint(w, c->watch);
    ol_paths_put(&c->proven, w);
    ol_cbor_put_array(w, c->missed);
    for (size_t i = 0; i < c->missed; i++) {
        ol_cbor_put_array(w, 2);
        ol_cbor_put_uint(w, c->miss[i].party);
        ol_cbor_put_uint(w, c->miss[i].number);
    }
}

const char *ol_check_misfit(const ol_check *c, unsigned parties) {
    for (size_t i = 0; i < c->proven.n; i++)
        if (c->proven.v[i].party >= parties)
            return "a path leads to no party of the charter";
    for (size_t i = 0; i < c->missed; i++)
        if (c->miss[i].party >= parties)
            return "a missed check is that of no party of the charter";
    return NULL;
}
