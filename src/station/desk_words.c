/* Officers and their word, as JSON. */
#include <string.h>

#include "station/desk.h"
#include "wire/entry.h"
#include "wire/officer.h"

static void set(json_t *o, const char *key, json_t *v) {
    (void)json_object_set_new(o, key, v);
}

static json_t *said_json(const ol_said *said, unsigned n) {
    json_t *list = json_array();
    for (unsigned i = 0; i < n; i++) {
        json_t *pair = json_array();
        (void)json_array_append_new(pair, json_stringn(said[i].lang.p, said[i].lang.len));
        (void)json_array_append_new(pair, json_stringn(said[i].text.p, said[i].text.len));
        (void)json_array_append_new(list, pair);
    }
    return list;
}

void ol_desk_officer(const ol_api_line *line, const ol_entry *e, json_t *ret) {
    ol_officer f;
    const char *why = NULL;
    char pub[OL_B64_LEN(OL_OFFICER_KEY_LEN) + 1];
    if (ol_officer_decode(e->body, e->body_len, &f, &why) != OL_OK)
        return;
    json_t *o = json_object(), *languages = json_array();
    ol_b64_put(f.key, sizeof f.key, pub);
    for (unsigned i = 0; i < f.languages; i++)
        (void)json_array_append_new(languages, json_stringn(f.language[i].p, f.language[i].len));
    set(o, "number", json_integer(f.number));
    set(o, "serial", json_integer((json_int_t)(f.serial & OL_CONTROL_INT_MAX)));
    set(o, "key", f.has_key ? json_string(pub) : json_null());
    set(o, "rung", f.rung == 0 ? json_null() : json_string(line->charter->rung[f.rung - 1]));
    set(o, "may_vouch", json_boolean((f.powers & OL_OFFICER_MAY_VOUCH) != 0));
    set(o, "may_release", json_boolean((f.powers & OL_OFFICER_MAY_RELEASE) != 0));
    set(o, "left", json_boolean(f.has_left));
    set(o, "names", said_json(f.name, f.names));
    set(o, "titles", said_json(f.title, f.titles));
    set(o, "languages", languages);
    set(o, "hours", json_stringn(f.hours.p, f.hours.len));
    set(o, "vouched_by", f.has_voucher ? json_integer(f.by) : json_null());
    set(ret, "officer", o);
}

void ol_desk_watch(const ol_api_line *line, const ol_entry *e, json_t *ret) {
    ol_watch w;
    const char *why = NULL;
    (void)line;
    if (ol_watch_decode(e->body, e->body_len, &w, &why) != OL_OK)
        return;
    json_t *o = json_pack("{s:i, s:i}", "officer", (int)w.officer, "from", (int)w.from);
    if (w.text.len > 0)
        set(o, "text", json_stringn(w.text.p, w.text.len));
    set(ret, "watch", o);
}

/* ── whose word it is ── */

static ol_err walk_names(void *ctx, const ol_stored_entry *e) {
    static ol_entry entry;
    ol_officer f;
    const char *why = NULL;
    json_t *o = ctx;
    if (ol_entry_decode(e->entry, e->len, &entry) != OL_OK ||
        ol_officer_decode(entry.body, entry.body_len, &f, &why) != OL_OK)
        return OL_OK;
    set(o, "name", json_stringn(f.name[0].text.p, f.name[0].text.len));
    if (f.titles > 0)
        set(o, "title", json_stringn(f.title[0].text.p, f.title[0].text.len));
    if (f.names > 1)
        set(o, "names", said_json(f.name, f.names));
    if (f.titles > 1)
        set(o, "titles", said_json(f.title, f.titles));
    return OL_OK;
}

/* Name and title from the roster entry that holds at that place. */
static ol_err set_names(const ol_desk *d, size_t line, const ol_view *v, size_t at, json_t *o) {
    ol_view_item item = ol_view_at(v, at);
    return d->store->ops->entries(d->store, d->line[line]->id, ol_view_log_key(v, item.log),
                                  item.index, item.index + 1, walk_names, o);
}

static ol_err sign_json(const ol_desk *d, size_t line, const ol_view *v, const ol_view_sign *s,
                        json_t *list) {
    json_t *o = json_pack("{s:i, s:b, s:I}", "officer", (int)s->officer, "valid", s->fault == NULL,
                          "written", (json_int_t)(s->written & OL_CONTROL_INT_MAX));
    ol_err err = OL_OK;
    if (s->fault != NULL)
        set(o, "why", json_string(s->fault));
    if (s->who != NULL) {
        set(o, "vouched", json_boolean(s->who->is_vouched));
        if (s->who->rung > 0 && s->who->rung <= d->line[line]->charter->rungs)
            set(o, "rung", json_string(d->line[line]->charter->rung[s->who->rung - 1]));
        err = set_names(d, line, v, s->who->entry, o);
    }
    (void)json_array_append_new(list, o);
    return err;
}

/* Of a roster entry: does it hold, and who says so? */
static void effect_json(const ol_view *v, size_t at, json_t *o) {
    json_t *officer = json_object_get(o, "officer");
    const ol_roster *r = ol_view_roster(v);
    uint8_t party = ol_view_log_key(v, ol_view_at(v, at).log)->party;
    json_int_t number = json_integer_value(json_object_get(officer, "number"));
    const ol_roster_row *row =
        officer == NULL || r == NULL ? NULL : ol_roster_find(r, party, (uint16_t)number, at + 1);
    if (officer == NULL)
        return;
    set(officer, "counts", json_boolean(row != NULL && row->at == at));
    set(officer, "vouched", json_boolean(row != NULL && row->entry == at && row->is_vouched));
}

ol_err ol_desk_words_json(const ol_desk *d, size_t line, const ol_view *v, size_t at, json_t *o) {
    ol_view_item item = ol_view_at(v, at);
    json_t *list = json_array();
    ol_err err = OL_OK;
    for (unsigned i = 0; i < item.signs && err == OL_OK; i++) {
        ol_view_sign s = ol_view_sign_of(v, at, i);
        err = sign_json(d, line, v, &s, list);
    }
    effect_json(v, at, o);
    if (item.signs > 0)
        set(o, "signed", list);
    else
        json_decref(list);
    return err;
}
