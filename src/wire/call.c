#include "wire/call.h"

static const char ends[] = "bytes follow the body, or what follows is no CBOR";
static const char no_party[] = "the reference names no party of the charter";
static const char no_rung[] = "it names a rung that the charter does not have";
static const char after_form[] = "the seconds since the call have another form";

static uint64_t begin(ol_fields *f, const uint8_t *body, size_t len, uint64_t least) {
    *f = (ol_fields){ .r = ol_rd_of(body, len) };
    uint64_t n = ol_cbor_get_array(&f->r);
    ol_fields_demand(f, n >= least, OL_EFORM, "it has too few fields");
    return n;
}

static uint8_t get_status(ol_fields *f) {
    return (uint8_t)ol_fields_uint(f, OL_STATUSES - 1, "the status is unknown");
}

static uint64_t get_rung(ol_fields *f) {
    return ol_fields_uint(f, UINT64_MAX, "the rung has another form");
}

static ol_str get_remark(ol_fields *f) {
    return ol_fields_line(f, OL_REMARK_MAX,
                          "the text has another form, more than 200 bytes, or characters that it "
                          "may not hold");
}

/* ── call ───────────────────────────────────────────────────────────────────────── */

ol_err ol_call_decode(const uint8_t *body, size_t len, ol_call *ret, const char **ret_why) {
    ol_fields f;
    ol_call c = { .precedence = 0 };
    uint64_t n = begin(&f, body, len, 5);
    c.precedence = (uint8_t)ol_fields_uint(&f, OL_PRECEDENCES - 1, "the precedence is unknown");
    c.status = get_status(&f);
    c.rung = get_rung(&f);
    c.purpose = (uint8_t)ol_fields_uint(&f, OL_CALL_PURPOSES - 1, "the purpose is unknown");
    c.text = get_remark(&f);
    if (n > 5)
        c.lang = ol_fields_line(&f, OL_REMARK_MAX, "the language has another form");
    ol_fields_demand(&f, ol_message_lang_is_valid(c.lang), OL_EFORM,
                     "the language has another form");
    if (n > 6)
        c.called = ol_fields_parties(&f, "who is called has another form");
    if (n > 7)
        c.has_ref = ol_ref_get(&f, OL_REF_INC_MIN, &c.ref);
    if (n > 8)
        c.of = ol_fields_line(&f, OL_CALL_OF_MAX,
                              "what it escalates has another form or more than 120 bytes");
    ol_err err = ol_fields_end(&f, 9, n, ends, ret_why);
    if (err == OL_OK)
        *ret = c;
    return err;
}

void ol_call_encode(const ol_call *c, ol_wr *w) {
    unsigned n = c->of.len > 0 ? 9 : c->has_ref ? 8 : c->called != 0 ? 7 : c->lang.len > 0 ? 6 : 5;
    ol_cbor_put_array(w, n);
    ol_cbor_put_uint(w, c->precedence);
    ol_cbor_put_uint(w, c->status);
    ol_cbor_put_uint(w, c->rung);
    ol_cbor_put_uint(w, c->purpose);
    ol_cbor_put_text(w, c->text.p, c->text.len);
    if (n > 5)
        ol_cbor_put_text(w, c->lang.p, c->lang.len);
    if (n > 6)
        ol_fields_put_parties(w, c->called);
    if (n > 7)
        ol_ref_put(w, c->has_ref ? &c->ref : NULL);
    if (n > 8)
        ol_cbor_put_text(w, c->of.p, c->of.len);
}

const char *ol_call_misfit(const ol_call *c, unsigned author, unsigned parties, unsigned rungs) {
    if (c->rung > rungs)
        return "it calls a rung that the charter does not have";
    if (parties < OL_PARTIES_MAX && c->called >> parties != 0)
        return "it calls no party of the charter";
    if (author < OL_PARTIES_MAX && (c->called >> author & 1) != 0)
        return "it calls its own author";
    if (c->has_ref && c->ref.party >= parties)
        return no_party;
    return NULL;
}

/* ── ring ───────────────────────────────────────────────────────────────────────── */

ol_err ol_ring_decode(const uint8_t *body, size_t len, ol_ring *ret, const char **ret_why) {
    ol_fields f;
    ol_ring r = { .state = 0 };
    uint64_t n = begin(&f, body, len, 5);
    r.state = (uint8_t)ol_fields_uint(&f, OL_RING_STATES - 1, "the state of ringing is unknown");
    (void)ol_ref_get_full(&f, &r.call);
    r.rung = get_rung(&f);
    ol_fields_demand(&f, r.rung > 0, OL_EFORM, "it rings no rung");
    r.seconds = (uint32_t)ol_fields_uint(&f, OL_SECONDS_MAX, "it rings for more than a week");
    ol_fields_demand(&f, (r.seconds > 0) == (r.state == OL_RING_RINGS), OL_EFORM,
                     "the seconds do not fit the state of ringing");
    r.after = ol_fields_uint(&f, UINT64_MAX, after_form);
    ol_err err = ol_fields_end(&f, 5, n, ends, ret_why);
    if (err == OL_OK)
        *ret = r;
    return err;
}

void ol_ring_encode(const ol_ring *r, ol_wr *w) {
    ol_cbor_put_array(w, 5);
    ol_cbor_put_uint(w, r->state);
    ol_ref_put(w, &r->call);
    ol_cbor_put_uint(w, r->rung);
    ol_cbor_put_uint(w, r->seconds);
    ol_cbor_put_uint(w, r->after);
}

/* A called party speaks of another's call. */
static const char *misfit_of_called(const ol_ref *call, unsigned author, unsigned parties) {
    if (call->party >= parties)
        return no_party;
    return call->party == author ? "it speaks for the called side of its author's own call" : NULL;
}

const char *ol_ring_misfit(const ol_ring *r, unsigned author, unsigned parties, unsigned rungs) {
    return r->rung > rungs ? no_rung : misfit_of_called(&r->call, author, parties);
}

/* ── reply ───────────────────────────────────────────────────────────────────────── */

ol_err ol_reply_decode(const uint8_t *body, size_t len, ol_reply *ret, const char **ret_why) {
    ol_fields f;
    ol_reply r = { .verb = 0 };
    uint64_t n = begin(&f, body, len, 7);
    r.verb = (uint8_t)ol_fields_uint(&f, OL_REPLY_VERBS - 1, "the reply is unknown");
    r.status = get_status(&f);
    (void)ol_ref_get_full(&f, &r.call);
    r.rung = get_rung(&f);
    r.seconds = (uint32_t)ol_fields_uint(&f, OL_SECONDS_MAX, "it defers for more than a week");
    ol_fields_demand(&f, (r.seconds > 0) == (r.verb == OL_DEFER), OL_EFORM,
                     "the seconds do not fit the reply");
    r.after = ol_fields_uint(&f, UINT64_MAX, after_form);
    r.text = get_remark(&f);
    ol_err err = ol_fields_end(&f, 7, n, ends, ret_why);
    if (err == OL_OK)
        *ret = r;
    return err;
}

void ol_reply_encode(const ol_reply *r, ol_wr *w) {
    ol_cbor_put_array(w, 7);
    ol_cbor_put_uint(w, r->verb);
    ol_cbor_put_uint(w, r->status);
    ol_ref_put(w, &r->call);
    ol_cbor_put_uint(w, r->rung);
    ol_cbor_put_uint(w, r->seconds);
    ol_cbor_put_uint(w, r->after);
    ol_cbor_put_text(w, r->text.p, r->text.len);
}

const char *ol_reply_misfit(const ol_reply *r, unsigned author, unsigned parties, unsigned rungs) {
    return r->rung > rungs ? no_rung : misfit_of_called(&r->call, author, parties);
}

/* ── close ───────────────────────────────────────────────────────────────────────── */

static void get_receipts(ol_fields *f, ol_close *c) {
    static const char form[] = "a receipt has another form";
    size_t n = ol_fields_array(f, 0, OL_CLOSE_RECEIPTS_MAX, "the receipts have another form");
    for (; c->receipts < n && f->r.err == OL_OK; c->receipts++) {
        ol_close_receipt *r = &c->receipt[c->receipts];
        size_t len = 0;
        (void)ol_fields_array(f, 4, 4, form);
        r->party = (uint8_t)ol_fields_uint(f, OL_PARTIES_MAX - 1, "a receipt by no party");
        ol_fields_demand(f, c->receipts == 0 || r->party > r[-1].party, OL_EFORM,
                         "the receipts are not in the order of their parties");
        r->size = ol_fields_uint(f, OL_SIZE_MAX, form);
        r->time = ol_fields_uint(f, OL_TIME_MAX, form);
        const uint8_t *sig = ol_cbor_get_bytes(&f->r, &len);
        if (ol_fields_demand(f, len == OL_SIG_LEN, OL_EFORM, form))
            memcpy(r->sig, sig, OL_SIG_LEN);
    }
}

ol_err ol_close_decode(const uint8_t *body, size_t len, ol_close *ret, const char **ret_why) {
    ol_fields f;
    ol_close c;
    memset(&c, 0, sizeof c);
    uint64_t n = begin(&f, body, len, 5);
    c.why = (uint8_t)ol_fields_uint(&f, OL_CLOSE_WHYS - 1, "why it was closed is unknown");
    (void)ol_ref_get_full(&f, &c.call);
    c.after = ol_fields_uint(&f, UINT64_MAX, after_form);
    get_receipts(&f, &c);
    ol_paths_get(&f.r, &c.paths);
    ol_fields_demand(&f, true, OL_OK, "the paths have another form, or are more than 32");
    ol_err err = ol_fields_end(&f, 5, n, ends, ret_why);
    if (err == OL_OK)
        *ret = c;
    return err;
}

void ol_close_encode(const ol_close *c, ol_wr *w) {
    ol_cbor_put_array(w, 5);
    ol_cbor_put_uint(w, c->why);
    ol_ref_put(w, &c->call);
    ol_cbor_put_uint(w, c->after);
    ol_cbor_put_array(w, c->receipts);
    for (size_t i = 0; i < c->receipts; i++) {
        ol_cbor_put_array(w, 4);
        ol_cbor_put_uint(w, c->receipt[i].party);
        ol_cbor_put_uint(w, c->receipt[i].size);
        ol_cbor_put_uint(w, c->receipt[i].time);
        ol_cbor_put_bytes(w, c->receipt[i].sig, OL_SIG_LEN);
    }
    ol_paths_put(&c->paths, w);
}

const char *ol_close_misfit(const ol_close *c, unsigned author, unsigned parties) {
    if (c->call.party >= parties)
        return no_party;
    if (c->call.party != author)
        return "it closes another party's call";
    for (size_t i = 0; i < c->receipts; i++) {
        if (c->receipt[i].party >= parties)
            return "a receipt by no party of the charter";
        if (c->receipt[i].party == author)
            return "a receipt by the call's own author";
    }
    for (size_t i = 0; i < c->paths.n; i++) {
        if (c->paths.v[i].party >= parties)
            return "a path to no party of the charter";
    }
    return NULL;
}

/* ── names ───────────────────────────────────────────────────────────────────────── */

const char *ol_call_purpose_name(unsigned purpose) {
    static const char *const name[] = { "text", "voice" };
    return purpose < OL_LEN(name) ? name[purpose] : NULL;
}

const char *ol_reply_verb_name(unsigned verb) {
    static const char *const name[] = { "answer", "decline", "defer" };
    return verb < OL_LEN(name) ? name[verb] : NULL;
}

const char *ol_close_why_name(unsigned why) {
    static const char *const name[] = { "answered", "declined",  "ended",
                                        "time",     "withdrawn", "interrupted" };
    return why < OL_LEN(name) ? name[why] : NULL;
}
