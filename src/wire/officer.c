#include "wire/officer.h"

#include <string.h>

#include "wire/fields.h"
#include "wire/message.h"

enum { FIELDS = 11 };

/* Text of min to max bytes that stands in one line. */
static ol_str get_line(ol_fields *d, size_t min, size_t max, const char *why) {
    ol_str s = { 0 };
    s.p = (const char *)ol_cbor_get_text(&d->r, &s.len);
    ol_fields_demand(d, s.len >= min, OL_EFORM, why);
    ol_fields_demand(d, s.len <= max, OL_ELIMIT, why);
    ol_fields_demand(d,
                     d->r.err != OL_OK ||
                         ol_text_check((const uint8_t *)s.p, s.len, OL_TEXT_LINE, NULL) == OL_OK,
                     OL_EFORM, why);
    return s;
}

static ol_str get_lang(ol_fields *d, const char *why) {
    ol_str s = { 0 };
    s.p = (const char *)ol_cbor_get_text(&d->r, &s.len);
    ol_fields_demand(d, s.len > 0 && ol_message_lang_is_valid(s), OL_EFORM, why);
    return s;
}

static uint8_t get_count(ol_fields *d, uint64_t min, const char *why) {
    uint64_t n = ol_cbor_get_array(&d->r);
    ol_fields_demand(d, n >= min, OL_EFORM, why);
    ol_fields_demand(d, n <= OL_OFFICER_NAMES_MAX, OL_ELIMIT, why);
    return d->r.err == OL_OK ? (uint8_t)n : 0;
}

static uint8_t get_said(ol_fields *d, uint64_t min, ol_said *said, const char *why) {
    uint8_t n = get_count(d, min, why);
    for (uint8_t i = 0; i < n && d->r.err == OL_OK; i++) {
        ol_fields_demand(d, ol_cbor_get_array(&d->r) == 2, OL_EFORM, why);
        said[i].lang = get_lang(d, why);
        said[i].text = get_line(d, 1, OL_OFFICER_NAME_MAX, why);
    }
    return n;
}

static void get_key(ol_fields *d, ol_officer *o) {
    static const char why[] = "the key is not one of 32 bytes, nor empty";
    size_t len = 0;
    const uint8_t *p = ol_cbor_get_bytes(&d->r, &len);
    if (!ol_fields_demand(d, len == 0 || len == OL_OFFICER_KEY_LEN, OL_EFORM, why) || len == 0)
        return;
    o->has_key = true;
    memcpy(o->key, p, len);
}

static void get_voucher(ol_fields *d, ol_officer *o) {
    static const char why[] = "the voucher has another form";
    size_t len = 0;
    uint64_t n = ol_cbor_get_array(&d->r);
    if (!ol_fields_demand(d, n == 0 || n == 2, OL_EFORM, why) || n == 0)
        return;
    o->by = (uint16_t)ol_cbor_get_uint_max(&d->r, OL_OFFICER_NUMBER_MAX);
    const uint8_t *p = ol_cbor_get_bytes(&d->r, &len);
    if (!ol_fields_demand(d, len == OL_SIG_LEN, OL_EFORM, why))
        return;
    o->has_voucher = true;
    memcpy(o->sig, p, len);
}

static void get_fields(ol_fields *d, ol_officer *o) {
    const uint8_t *begin = d->r.p;
    o->number = (uint16_t)ol_cbor_get_uint_max(&d->r, OL_OFFICER_NUMBER_MAX);
    ol_fields_demand(d, o->number > 0, OL_EFORM, "the officer's number is not one of 1 to 65535");
    o->serial = ol_cbor_get_uint(&d->r);
    ol_fields_demand(d, true, OL_OK, "the serial has another form");
    get_key(d, o);
    o->rung = ol_cbor_get_uint(&d->r);
    ol_fields_demand(d, true, OL_OK, "the rung has another form");
    o->powers = ol_cbor_get_uint(&d->r);
    ol_fields_demand(d, true, OL_OK, "the powers have another form");
    o->has_left = ol_cbor_get_uint_max(&d->r, 1) == 1;
    ol_fields_demand(d, true, OL_OK, "the state is unknown");
    o->names = get_said(d, 1, o->name, "the names are not 1 to 8, of 1 to 200 bytes each");
    o->titles = get_said(d, 0, o->title, "the titles are not up to 8, of 1 to 200 bytes each");
    o->languages = get_count(d, 0, "there are more than 8 languages");
    for (uint8_t i = 0; i < o->languages; i++)
        o->language[i] = get_lang(d, "a language has another form");
    o->hours = get_line(d, 0, OL_OFFICER_HOURS_MAX, "the hours have more than 100 bytes");
    o->vouched = (ol_str){ (const char *)begin, (size_t)(d->r.p - begin) };
}

static const char ends[] = "bytes follow the last field, or what follows is no CBOR";

ol_err ol_officer_decode(const uint8_t *body, size_t len, ol_officer *ret, const char **ret_why) {
    ol_fields d = { .r = ol_rd_of(body, len) };
    ol_officer o;
    memset(&o, 0, sizeof o);
    uint64_t n = ol_cbor_get_array(&d.r);
    ol_fields_demand(&d, n >= FIELDS, OL_EFORM, "the officer has too few fields");
    get_fields(&d, &o);
    get_voucher(&d, &o);
    ol_err err = ol_fields_end(&d, FIELDS, n, ends, ret_why);
    if (err == OL_OK)
        memcpy(ret, &o, sizeof o);
    return err;
}

static void put_said(const ol_said *said, uint8_t n, ol_wr *w) {
    ol_cbor_put_array(w, n);
    for (uint8_t i = 0; i < n; i++) {
        ol_cbor_put_array(w, 2);
        ol_cbor_put_text(w, said[i].lang.p, said[i].lang.len);
        ol_cbor_put_text(w, said[i].text.p, said[i].text.len);
    }
}

void ol_officer_encode_fields(const ol_officer *o, ol_wr *w) {
    ol_cbor_put_uint(w, o->number);
    ol_cbor_put_uint(w, o->serial);
    ol_cbor_put_bytes(w, o->key, o->has_key ? OL_OFFICER_KEY_LEN : 0);
    ol_cbor_put_uint(w, o->rung);
    ol_cbor_put_uint(w, o->powers);
    ol_cbor_put_uint(w, o->has_left);
    put_said(o->name, o->names, w);
    put_said(o->title, o->titles, w);
    ol_cbor_put_array(w, o->languages);
    for (uint8_t i = 0; i < o->languages; i++)
        ol_cbor_put_text(w, o->language[i].p, o->language[i].len);
    ol_cbor_put_text(w, o->hours.p, o->hours.len);
}

void ol_officer_encode(const ol_officer *o, ol_wr *w) {
    ol_cbor_put_array(w, FIELDS);
    ol_officer_encode_fields(o, w);
    ol_cbor_put_array(w, o->has_voucher ? 2 : 0);
    if (!o->has_voucher)
        return;
    ol_cbor_put_uint(w, o->by);
    ol_cbor_put_bytes(w, o->sig, OL_SIG_LEN);
}

const char *ol_officer_misfit(const ol_officer *o, unsigned rungs) {
    return o->rung > rungs ? "the officer stands on a rung that the charter does not have" : NULL;
}

ol_err ol_watch_decode(const uint8_t *body, size_t len, ol_watch *ret, const char **ret_why) {
    ol_fields d = { .r = ol_rd_of(body, len) };
    ol_watch o = { 0 };
    uint64_t n = ol_cbor_get_array(&d.r);
    ol_fields_demand(&d, n >= 3, OL_EFORM, "the watch has too few fields");
    o.officer = (uint16_t)ol_cbor_get_uint_max(&d.r, OL_OFFICER_NUMBER_MAX);
    ol_fields_demand(&d, true, OL_OK, "the officer's number is not one of 0 to 65535");
    o.from = (uint16_t)ol_cbor_get_uint_max(&d.r, OL_OFFICER_NUMBER_MAX);
    ol_fields_demand(&d, true, OL_OK, "the number of the officer before is not one of 0 to 65535");
    o.text = get_line(&d, 0, OL_OFFICER_TEXT_MAX,
                      "the remark has more than 200 bytes, or holds what no remark may hold");
    ol_err err = ol_fields_end(&d, 3, n, ends, ret_why);
    if (err == OL_OK)
        *ret = o;
    return err;
}

void ol_watch_encode(const ol_watch *o, ol_wr *w) {
    ol_cbor_put_array(w, 3);
    ol_cbor_put_uint(w, o->officer);
    ol_cbor_put_uint(w, o->from);
    ol_cbor_put_text(w, o->text.p, o->text.len);
}
