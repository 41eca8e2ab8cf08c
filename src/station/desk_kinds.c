/* What entries of the other kinds say, as JSON: a row a kind. Their bodies were judged before. */
#include "station/desk.h"
#include "station/desk_calls.h"
#include "wire/act.h"
#include "wire/handback.h"
#include "wire/kind.h"
#include "wire/order.h"

typedef void kind_fn(const ol_api_line *line, const ol_entry *e, json_t *o);

static void handback(const ol_api_line *line, const ol_entry *e, json_t *o) {
    ol_handback h;
    if (ol_handback_decode(e->body, e->body_len, &h) == OL_OK)
        (void)json_object_set_new(o, "handback",
                                  json_pack("{s:s, s:I}", "party",
                                            line->charter->party[h.party].name, "receipts",
                                            (json_int_t)h.n));
}

static void act(const ol_api_line *line, const ol_entry *e, json_t *o) {
    ol_act a;
    const char *why = NULL;
    if (ol_act_decode(e->body, e->body_len, &a, &why) != OL_OK)
        return;
    json_t *act = json_pack("{s:s, s:s}", "verb", ol_act_verb_name(a.verb), "status",
                            ol_status_name(a.status));
    if (a.has_ref)
        (void)json_object_set_new(act, "ref", ol_desk_ref_json(line, &a.ref));
    if (a.seconds > 0)
        (void)json_object_set_new(act, "seconds", json_integer(a.seconds));
    if (a.text.len > 0)
        (void)json_object_set_new(act, "text", json_stringn(a.text.p, a.text.len));
    (void)json_object_set_new(o, "act", act);
}

static void order(const ol_api_line *line, const ol_entry *e, json_t *o) {
    ol_order r;
    const char *why = NULL;
    (void)line;
    if (ol_order_decode(e->body, e->body_len, &r, &why) != OL_OK)
        return;
    json_t *order = json_pack("{s:s, s:s}", "verb", ol_order_verb_name(r.verb), "status",
                              ol_status_name(r.status));
    if (r.seconds > 0)
        (void)json_object_set_new(order, "seconds",
                                  json_integer((json_int_t)(r.seconds & OL_CONTROL_INT_MAX)));
    if (r.text.len > 0)
        (void)json_object_set_new(order, "text", json_stringn(r.text.p, r.text.len));
    (void)json_object_set_new(o, "order", order);
}

static const struct {
    uint64_t kind;
    kind_fn *fn;
} kinds[] = {
    { OL_KIND_HANDBACK, handback },
    { OL_KIND_OFFICER, ol_desk_officer },
    { OL_KIND_WATCH, ol_desk_watch }, /* desk_words.c */
    { OL_KIND_ACT, act },
    { OL_KIND_ORDER, order },
    { OL_KIND_CALL, ol_desk_call },
    { OL_KIND_RING, ol_desk_ring },
    { OL_KIND_REPLY, ol_desk_reply },
    { OL_KIND_CLOSE, ol_desk_close_call },
    { OL_KIND_CHECK, ol_desk_check }, /* calls and checks: desk_calls.c */
};

void ol_desk_kind_json(const ol_api_line *line, const ol_entry *e, json_t *o) {
    for (size_t i = 0; i < OL_LEN(kinds); i++)
        if (kinds[i].kind == e->kind)
            kinds[i].fn(line, e, o);
}
