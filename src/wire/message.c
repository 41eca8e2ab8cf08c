#include "wire/message.h"

#include "wire/cbor.h"

enum { FIELDS = 13 };

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
    if (s.len > OL_MESSAGE_LANG_MAX)
        return false;
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
    if (n == 0 && d->r.err == OL_OK)
        return;
    uint64_t part = ol_cbor_get_uint_max(&d->r, OL_PARTS_MAX);
    uint64_t parts = ol_cbor_get_uint_max(&d->r, OL_PARTS_MAX);
    if (ol_fields_demand(d, n == 2 && part >= 1 && part <= parts, OL_EFORM, why))
        m->part = (uint8_t)part, m->parts = (uint8_t)parts;
}

static void get_info(ol_fields *d, ol_message *m) {
    static const char why[] = "the parties that need only know have another form";
    size_t n = ol_fields_array(d, 0, OL_PARTIES_MAX + 1, why);
    if (n == 0)
        return;
    unsigned bits = 0;
    m->info_precedence = (uint8_t)ol_fields_uint(d, OL_PRECEDENCES - 1, why);
    for (size_t i = 1; i < n; i++) {
        unsigned party = (unsigned)ol_fields_uint(d, OL_PARTIES_MAX - 1, why);
        ol_fields_demand(d, bits >> party == 0, OL_EFORM, why); /* ascending */
        bits |= 1u << party;
    }
    ol_fields_demand(d, bits != 0, OL_EFORM, why);
    m->info = (uint16_t)bits;
}

static void put_info(const ol_message *m, ol_wr *w) {
    unsigned n = 0;
    for (unsigned bits = m->info; bits != 0; bits &= bits - 1)
        n++;
    ol_cbor_put_array(w, n == 0 ? 0 : n + 1);
    if (n > 0)
        ol_cbor_put_uint(w, m->info_precedence);
    for (unsigned party = 0; party < OL_PARTIES_MAX; party++)
        if ((m->info >> party & 1) != 0)
            ol_cbor_put_uint(w, party);
}

/* What §4.7 adds to a message. */
static void get_sort(ol_fields *d, uint64_t n, ol_message *m) {
    if (n > 8)
        m->sort = (uint8_t)ol_fields_uint(d, OL_SORTS - 1, "the sort is unknown");
    if (n > 9)
        m->asks = ol_fields_uint(d, UINT64_MAX, "what it asks for has another form");
    if (n > 10)
        m->action = ol_fields_parties(d, "the parties that must act have another form");
    if (n > 11)
        get_info(d, m);
    if (n > 12)
        m->grade = (uint8_t)ol_fields_uint(d, OL_GRADES - 1, "the grade is unknown");
    ol_fields_demand(d, (m->action & m->info) == 0, OL_EFORM,
                     "a party must act and need only know");
    ol_fields_demand(d, m->has_ref || m->sort < OL_SORT_CORRECTION, OL_EFORM,
                     "a correction, read-back or translation refers to nothing");
    ol_fields_demand(d, (m->sort == OL_SORT_TRANSLATION) == (m->grade != OL_GRADE_NONE), OL_EFORM,
                     "a translation has a grade, and nothing else has one");
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
    get_sort(&d, n, &m);
    ol_err err = ol_fields_end(&d, FIELDS, n,
                               "bytes follow the message, or what follows is no CBOR", ret_why);
    if (err == OL_OK)
        *ret = m;
    return err;
}

/* Up to the last field that says something. */
static unsigned fields_of(const ol_message *m) {
    return m->grade > 0         ? FIELDS
           : m->info != 0       ? 12
           : m->action != 0     ? 11
           : m->asks != 0       ? 10
           : m->sort > 0        ? 9
           : m->parts > 0       ? 8
           : m->has_ref         ? 7
           : m->subject.len > 0 ? 6
           : m->lang.len > 0    ? 5
                                : 4;
}

void ol_message_encode(const ol_message *m, ol_wr *w) {
    unsigned n = fields_of(m);
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
    if (n > 7)
        ol_cbor_put_array(w, m->parts > 0 ? 2 : 0);
    if (n > 7 && m->parts > 0) {
        ol_cbor_put_uint(w, m->part);
        ol_cbor_put_uint(w, m->parts);
    }
    if (n > 8)
        ol_cbor_put_uint(w, m->sort);
    if (n > 9)
        ol_cbor_put_uint(w, m->asks);
    if (n > 10)
        ol_fields_put_parties(w, m->action);
    if (n > 11)
        put_info(m, w);
    if (n > 12)
        ol_cbor_put_uint(w, m->grade);
}

ol_lane ol_message_lane(const ol_message *m) {
    bool is_urgent = m->precedence <= OL_IMMEDIATE || (m->has_ref && m->ref.lane == OL_LANE_URGENT);
    return is_urgent ? OL_LANE_URGENT : OL_LANE_ROUTINE;
}

const char *ol_message_misfit(const ol_message *m, unsigned author, ol_lane lane, unsigned parties,
                              unsigned rungs) {
    unsigned named = (unsigned)(m->action | m->info);
    if (m->to > rungs)
        return "it is addressed to a rung that the charter does not have";
    if (m->has_ref && m->ref.party >= parties)
        return "the reference names no party of the charter";
    if (named >> parties != 0)
        return "it is addressed to a party that the charter does not have";
    if ((named >> author & 1) != 0)
        return "it is addressed to its own author";
    if (m->sort == OL_SORT_CORRECTION && m->ref.party != author)
        return "it corrects what another party wrote";
    if (m->sort == OL_SORT_READBACK && m->ref.party == author)
        return "it reads back what its author wrote";
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

const char *ol_sort_name(unsigned sort) {
    static const char *const name[] = { "traffic", "service", "correction", "readback",
                                        "translation" };
    return sort < OL_LEN(name) ? name[sort] : NULL;
}

const char *ol_grade_name(unsigned grade) {
    static const char *const name[] = { "none", "sight", "rough", "official" };
    return grade < OL_LEN(name) ? name[grade] : NULL;
}
