#include "wire/message.h"

#include "wire/cbor.h"

static void get_text(ol_fields *d, ol_message *m) {
    static const char why[] = "the text has another form";
    uint64_t n = ol_cbor_get_array(&d->r), form = ol_cbor_get_uint(&d->r);
    if (!ol_fields_demand(d, n == 2 && form <= 1, OL_EFORM, why))
        return;
    m->is_compressed = form == 1;
    m->text.p = (const char *)(m->is_compressed ? ol_cbor_get_bytes(&d->r, &m->text.len)
                                                : ol_cbor_get_text(&d->r, &m->text.len));
    ol_fields_demand(d, true, OL_OK, why);
    ol_fields_demand(d, m->text.len > 0, OL_EFORM, "the text is empty");
    const char *fault = d->r.err != OL_OK || m->is_compressed
                            ? NULL
                            : ol_message_text_fault(m->precedence, m->text);
    ol_fields_demand(d, fault == NULL, OL_EFORM, fault);
}

bool ol_message_lang_is_valid(ol_str s) {
    size_t run = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_letter && (c != '-' || run == 0))
            return false;
        run = is_letter ? run + 1 : 0;
        if (run > 8)
            return false;
    }
    return s.len == 0 || run > 0;
}

static void get_part(ol_fields *d, ol_message *m) {
    static const char why[] = "the part has another form, or is not one of 1 to 99";
    uint64_t n = ol_cbor_get_array(&d->r);
    uint64_t part = ol_cbor_get_uint_max(&d->r, OL_PARTS_MAX);
    uint64_t parts = ol_cbor_get_uint_max(&d->r, OL_PARTS_MAX);
    if (ol_fields_demand(d, n == 2 && part >= 1 && part <= parts, OL_EFORM, why))
        m->part = (uint8_t)part, m->parts = (uint8_t)parts;
}

ol_err ol_message_decode(const uint8_t *body, size_t len, ol_message *ret, const char **ret_why) {
    ol_fields d = { .r = ol_rd_of(body, len) };
    ol_message m = { .precedence = 0 };
    uint64_t n = ol_cbor_get_array(&d.r);
    ol_fields_demand(&d, n >= 4, OL_EFORM, "the message has too few fields");
    m.precedence = (uint8_t)ol_cbor_get_uint_max(&d.r, OL_PRECEDENCES - 1);
    ol_fields_demand(&d, true, OL_OK, "the precedence is unknown");
    m.status = (uint8_t)ol_cbor_get_uint_max(&d.r, OL_STATUSES - 1);
    ol_fields_demand(&d, true, OL_OK, "the status is unknown");
    m.to = ol_cbor_get_uint(&d.r);
    ol_fields_demand(&d, true, OL_OK, "the addressee has another form");
    get_text(&d, &m);
    if (n > 4)
        m.lang.p = (const char *)ol_cbor_get_text(&d.r, &m.lang.len);
    ol_fields_demand(&d, ol_message_lang_is_valid(m.lang), OL_EFORM,
                     "the language has another form");
    if (n > 5)
        m.subject.p = (const char *)ol_cbor_get_text(&d.r, &m.subject.len);
    ol_fields_demand(&d, m.subject.len <= OL_SUBJECT_MAX, OL_ELIMIT,
                     "the subject has another form or more than 200 bytes");
    ol_fields_demand(&d, d.r.err != OL_OK || ol_fields_is_line(m.subject), OL_EFORM,
                     "the subject holds characters that no message may hold");
    if (n > 6)
        m.has_ref = ol_ref_get(&d, OL_REF_INC_MIN, &m.ref);
    if (n > 7)
        get_part(&d, &m);
    ol_err err =
        ol_fields_end(&d, 8, n, "bytes follow the message, or what follows is no CBOR", ret_why);
    if (err == OL_OK)
        *ret = m;
    return err;
}

void ol_message_encode(const ol_message *m, ol_wr *w) {
    unsigned n = m->parts > 0         ? 8
                 : m->has_ref         ? 7
                 : m->subject.len > 0 ? 6
                 : m->lang.len > 0    ? 5
                                      : 4;
    ol_cbor_put_array(w, n);
    ol_cbor_put_uint(w, m->precedence);
    ol_cbor_put_uint(w, m->status);
    ol_cbor_put_uint(w, m->to);
    ol_cbor_put_array(w, 2);
    ol_cbor_put_uint(w, m->is_compressed);
    if (m->is_compressed)
        ol_cbor_put_bytes(w, m->text.p, m->text.len);
    else
        ol_cbor_put_text(w, m->text.p, m->text.len);
    if (n > 4)
        ol_cbor_put_text(w, m->lang.p, m->lang.len);
    if (n > 5)
        ol_cbor_put_text(w, m->subject.p, m->subject.len);
    if (n > 6)
        ol_ref_put(w, m->has_ref ? &m->ref : NULL);
    if (n > 7) {
        ol_cbor_put_array(w, 2);
        ol_cbor_put_uint(w, m->part);
        ol_cbor_put_uint(w, m->parts);
    }
}

ol_lane ol_message_lane(const ol_message *m) {
    bool is_urgent = m->precedence <= OL_IMMEDIATE || (m->has_ref && m->ref.lane == OL_LANE_URGENT);
    return is_urgent ? OL_LANE_URGENT : OL_LANE_ROUTINE;
}

const char *ol_message_misfit(const ol_message *m, ol_lane lane, unsigned parties, unsigned rungs) {
    if (m->to > rungs)
        return "it is addressed to a rung that the charter does not have";
    if (m->has_ref && m->ref.party >= parties)
        return "the reference names no party of the charter";
    if (lane != ol_message_lane(m))
        return lane == OL_LANE_URGENT ? "it stands in the wrong lane, urgent"
                                      : "it stands in the wrong lane, routine";
    return NULL;
}

const char *ol_message_text_fault(unsigned precedence, ol_str text) {
    const uint8_t *p = (const uint8_t *)text.p;
    if (text.len == 0)
        return "the text is empty";
    if (!ol_utf8_is_valid(p, text.len))
        return "the text is not UTF-8";
    if (ol_text_check(p, text.len, OL_TEXT_BODY, NULL) != OL_OK)
        return "the text holds characters that no message may hold";
    if (precedence <= OL_IMMEDIATE && ol_text_words(p, text.len) > OL_WORDS_MAX)
        return precedence == OL_FLASH ? "a FLASH of more than 200 words"
                                      : "an IMMEDIATE of more than 200 words";
    return NULL;
}

const char *ol_precedence_name(unsigned precedence) {
    static const char *const name[] = { "flash", "immediate", "priority", "routine" };
    return precedence < OL_LEN(name) ? name[precedence] : NULL;
}

const char *ol_status_name(unsigned status) {
    static const char *const name[] = { "operational", "exercise", "test" };
    return status < OL_LEN(name) ? name[status] : NULL;
}
