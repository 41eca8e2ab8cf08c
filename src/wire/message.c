#include "wire/message.h"

#include "wire/cbor.h"

typedef struct {
    ol_rd r;
    const char *why;
} reading;

/* The first fault is the one that is told. */
static bool demand(reading *d, bool is_right, ol_err err, const char *why) {
    if (d->r.err == OL_OK && !is_right)
        d->r.err = err;
    if (d->r.err != OL_OK && d->why == NULL)
        d->why = why;
    return d->r.err == OL_OK;
}

static bool is_clean(ol_str s, ol_text_kind kind) {
    return ol_text_check((const uint8_t *)s.p, s.len, kind, NULL) == OL_OK;
}

static void get_text(reading *d, ol_message *m) {
    static const char why[] = "the text has another form";
    uint64_t n = ol_cbor_get_array(&d->r), form = ol_cbor_get_uint(&d->r);
    if (!demand(d, n == 2 && form <= 1, OL_EFORM, why))
        return;
    m->is_compressed = form == 1;
    m->text.p = (const char *)(m->is_compressed ? ol_cbor_get_bytes(&d->r, &m->text.len)
                                                : ol_cbor_get_text(&d->r, &m->text.len));
    demand(d, true, OL_OK, why);
    demand(d, m->text.len > 0, OL_EFORM, "the text is empty");
    const char *fault = d->r.err != OL_OK || m->is_compressed
                            ? NULL
                            : ol_message_text_fault(m->precedence, m->text);
    demand(d, fault == NULL, OL_EFORM, fault);
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

static void get_ref(reading *d, ol_message *m) {
    static const char why[] = "the reference has another form";
    uint64_t n = ol_cbor_get_array(&d->r);
    if (!demand(d, n == 0 || n == 4, OL_EFORM, why) || n == 0)
        return;
    m->has_ref = true;
    m->ref.party = (uint8_t)ol_cbor_get_uint_max(&d->r, OL_PARTIES_MAX - 1);
    demand(d, true, OL_OK, "the reference names no party of the charter");
    m->ref.lane = (uint8_t)ol_cbor_get_uint_max(&d->r, OL_LANES - 1);
    size_t len = 0;
    const uint8_t *p = ol_cbor_get_bytes(&d->r, &len);
    m->ref.index = ol_cbor_get_uint_max(&d->r, OL_SIZE_MAX);
    if (!demand(d, len >= OL_REF_INC_MIN && len <= OL_INC_LEN, OL_EFORM, why))
        return;
    m->ref.incarnation_len = (uint8_t)len;
    memcpy(m->ref.incarnation, p, len);
}

static void get_part(reading *d, ol_message *m) {
    static const char why[] = "the part has another form, or is not one of 1 to 99";
    uint64_t n = ol_cbor_get_array(&d->r);
    uint64_t part = ol_cbor_get_uint_max(&d->r, OL_PARTS_MAX);
    uint64_t parts = ol_cbor_get_uint_max(&d->r, OL_PARTS_MAX);
    if (demand(d, n == 2 && part >= 1 && part <= parts, OL_EFORM, why))
        m->part = (uint8_t)part, m->parts = (uint8_t)parts;
}

ol_err ol_message_decode(const uint8_t *body, size_t len, ol_message *ret, const char **ret_why) {
    reading d = { .r = ol_rd_of(body, len) };
    ol_message m = { .precedence = 0 };
    uint64_t n = ol_cbor_get_array(&d.r);
    demand(&d, n >= 4, OL_EFORM, "the message has too few fields");
    m.precedence = (uint8_t)ol_cbor_get_uint_max(&d.r, OL_PRECEDENCES - 1);
    demand(&d, true, OL_OK, "the precedence is unknown");
    m.status = (uint8_t)ol_cbor_get_uint_max(&d.r, OL_STATUSES - 1);
    demand(&d, true, OL_OK, "the status is unknown");
    m.to = ol_cbor_get_uint(&d.r);
    demand(&d, true, OL_OK, "the addressee has another form");
    get_text(&d, &m);
    if (n > 4)
        m.lang.p = (const char *)ol_cbor_get_text(&d.r, &m.lang.len);
    demand(&d, ol_message_lang_is_valid(m.lang), OL_EFORM, "the language has another form");
    if (n > 5)
        m.subject.p = (const char *)ol_cbor_get_text(&d.r, &m.subject.len);
    demand(&d, m.subject.len <= OL_SUBJECT_MAX, OL_ELIMIT,
           "the subject has another form or more than 200 bytes");
    demand(&d, d.r.err != OL_OK || is_clean(m.subject, OL_TEXT_LINE), OL_EFORM,
           "the subject holds characters that no message may hold");
    if (n > 6)
        get_ref(&d, &m);
    if (n > 7)
        get_part(&d, &m);
    for (uint64_t i = 8; i < n && d.r.err == OL_OK; i++)
        (void)ol_cbor_get_any(&d.r, &len); /* of later revisions */
    if (d.r.err == OL_OK)
        d.r.err = ol_rd_end(&d.r);
    demand(&d, true, OL_OK, "bytes follow the message, or what follows is no CBOR");
    if (d.r.err == OL_OK)
        *ret = m;
    else
        *ret_why = d.why;
    return d.r.err;
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
        ol_cbor_put_array(w, m->has_ref ? 4 : 0);
    if (n > 6 && m->has_ref) {
        ol_cbor_put_uint(w, m->ref.party);
        ol_cbor_put_uint(w, m->ref.lane);
        ol_cbor_put_bytes(w, m->ref.incarnation, m->ref.incarnation_len);
        ol_cbor_put_uint(w, m->ref.index);
    }
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
