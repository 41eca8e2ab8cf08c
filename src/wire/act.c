#include "wire/act.h"

enum { FIELDS = 5 };

ol_err ol_act_decode(const uint8_t *body, size_t len, ol_act *ret, const char **ret_why) {
    static const char seconds[] = "the time of an interim reply is not 1 second to 7 days, or "
                                  "stands in another act";
    ol_fields f = { .r = ol_rd_of(body, len) };
    ol_act a = { .verb = 0 };
    uint64_t n = ol_fields_array(&f, FIELDS, len, "the act has too few fields");
    a.verb = (uint8_t)ol_fields_uint(&f, OL_ACT_VERBS - 1, "the act's verb is unknown");
    a.status = (uint8_t)ol_fields_uint(&f, OL_STATUSES - 1, "the status is unknown");
    a.has_ref = ol_ref_get(&f, OL_REF_INC_MIN, &a.ref);
    ol_fields_demand(&f, a.has_ref == (a.verb != OL_ACT_PRESENT), OL_EFORM,
                     a.has_ref ? "a presence query refers to an entry"
                               : "the act refers to no entry");
    a.seconds = (uint32_t)ol_fields_uint(&f, OL_SECONDS_MAX, seconds);
    ol_fields_demand(&f, (a.seconds > 0) == (a.verb == OL_ACT_INTERIM), OL_EFORM, seconds);
    a.text = ol_fields_line(&f, OL_REMARK_MAX, "the remark has another form or is too long");
    ol_err err =
        ol_fields_end(&f, FIELDS, n, "bytes follow the act, or what follows is no CBOR", ret_why);
    if (err == OL_OK)
        *ret = a;
    return err;
}

void ol_act_encode(const ol_act *a, ol_wr *w) {
    ol_cbor_put_array(w, FIELDS);
    ol_cbor_put_uint(w, a->verb);
    ol_cbor_put_uint(w, a->status);
    ol_ref_put(w, a->has_ref ? &a->ref : NULL);
    ol_cbor_put_uint(w, a->seconds);
    ol_cbor_put_text(w, a->text.p, a->text.len);
}

ol_lane ol_act_lane(const ol_act *a) {
    return a->has_ref ? (ol_lane)a->ref.lane : OL_LANE_URGENT;
}

const char *ol_act_misfit(const ol_act *a, unsigned author, unsigned parties) {
    bool is_own = a->verb == OL_ACT_CANCEL;
    if (!a->has_ref)
        return NULL;
    if (a->ref.party >= parties)
        return "the reference names no party of the charter";
    if (is_own && a->ref.party != author)
        return "it cancels what another party wrote";
    if (!is_own && a->ref.party == author)
        return "it refers to an entry of its own author's, and speaks of another's";
    return NULL;
}

const char *ol_act_verb_name(unsigned verb) {
    static const char *const name[] = { "seen",  "interim", "cancel", "right",
                                        "wrong", "present", "here" };
    return verb < OL_LEN(name) ? name[verb] : NULL;
}
