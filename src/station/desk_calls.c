/* What calls, what belongs to them, and line checks say, as JSON (station/desk_kinds.c). Their
 * bodies were judged before. */
#include "station/desk_calls.h"

#include "wire/call.h"
#include "wire/check.h"
#include "wire/kind.h"

static void set(json_t *o, const char *key, json_t *v) {
    (void)json_object_set_new(o, key, v);
}

static void set_u64(json_t *o, const char *key, uint64_t v) {
    set(o, key, json_integer((json_int_t)(v & OL_CONTROL_INT_MAX)));
}

static void set_str(json_t *o, const char *key, ol_str s) {
    if (s.len > 0)
        set(o, key, json_stringn(s.p, s.len));
}

static json_t *rung_json(const ol_api_line *line, uint64_t rung) {
    if (rung == 0)
        return json_string("watch");
    return rung <= line->charter->rungs ? json_string(line->charter->rung[rung - 1]) : json_null();
}

static const char *party_name(const ol_api_line *line, uint8_t party) {
    return party < line->charter->parties ? line->charter->party[party].name : "";
}

static json_t *paths_json(const ol_api_line *line, const ol_paths *paths) {
    json_t *list = json_array();
    for (size_t i = 0; i < paths->n; i++) {
        const ol_proven *p = &paths->v[i];
        json_t *o =
            json_pack("{s:s, s:s}", "party", party_name(line, p->party), "bearer", p->bearer);
        set(o, "age", p->age == OL_AGE_NEVER ? json_null() : json_integer(p->age));
        (void)json_array_append_new(list, o);
    }
    return list;
}

void ol_desk_call(const ol_api_line *line, const ol_entry *e, json_t *o) {
    ol_call c;
    const char *why;
    if (ol_call_decode(e->body, e->body_len, &c, &why) != OL_OK)
        return;
    json_t *call =
        json_pack("{s:s, s:s, s:s}", "precedence", ol_precedence_name(c.precedence), "status",
                  ol_status_name(c.status), "purpose", ol_call_purpose_name(c.purpose));
    set(call, "rung", rung_json(line, c.rung));
    if (c.called != 0)
        set(call, "called", ol_desk_parties_json(line, c.called));
    set_str(call, "lang", c.lang);
    if (c.has_ref)
        set(call, "ref", ol_desk_ref_json(line, &c.ref));
    set_str(call, "of", c.of);
    set_str(call, "text", c.text);
    set(o, "call", call);
}

void ol_desk_ring(const ol_api_line *line, const ol_entry *e, json_t *o) {
    ol_ring r;
    const char *why;
    if (ol_ring_decode(e->body, e->body_len, &r, &why) != OL_OK)
        return;
    json_t *ring = json_pack("{s:s}", "state", r.state == OL_RING_RINGS ? "rings" : "ended");
    set(ring, "call", ol_desk_ref_json(line, &r.call));
    set(ring, "rung", rung_json(line, r.rung));
    set_u64(ring, "seconds", r.seconds);
    set_u64(ring, "after", r.after);
    set(o, "ring", ring);
}

void ol_desk_reply(const ol_api_line *line, const ol_entry *e, json_t *o) {
    ol_reply r;
    const char *why;
    if (ol_reply_decode(e->body, e->body_len, &r, &why) != OL_OK)
        return;
    json_t *reply = json_pack("{s:s, s:s}", "verb", ol_reply_verb_name(r.verb), "status",
                              ol_status_name(r.status));
    set(reply, "call", ol_desk_ref_json(line, &r.call));
    set(reply, "rung", r.rung == 0 ? json_null() : rung_json(line, r.rung));
    if (r.seconds > 0)
        set_u64(reply, "seconds", r.seconds);
    set_u64(reply, "after", r.after);
    set_str(reply, "text", r.text);
    set(o, "reply", reply);
}

void ol_desk_close_call(const ol_api_line *line, const ol_entry *e, json_t *o) {
    static ol_close c;
    const char *why;
    if (ol_close_decode(e->body, e->body_len, &c, &why) != OL_OK)
        return;
    json_t *close = json_pack("{s:s}", "why", ol_close_why_name(c.why));
    json_t *receipts = json_array();
    for (size_t i = 0; i < c.receipts; i++)
        (void)json_array_append_new(
            receipts, json_pack("{s:s, s:I, s:I}", "party", party_name(line, c.receipt[i].party),
                                "size", (json_int_t)(c.receipt[i].size & OL_CONTROL_INT_MAX),
                                "time", (json_int_t)(c.receipt[i].time & OL_CONTROL_INT_MAX)));
    set(close, "call", ol_desk_ref_json(line, &c.call));
    set_u64(close, "after", c.after);
    set(close, "receipts", receipts);
    set(close, "paths", paths_json(line, &c.paths));
    set(o, "close", close);
}

void ol_desk_check(const ol_api_line *line, const ol_entry *e, json_t *o) {
    static ol_check c;
    const char *why;
    if (ol_check_decode(e->body, e->body_len, &c, &why) != OL_OK)
        return;
    json_t *check = json_pack("{s:I, s:i}", "number", (json_int_t)(c.number & OL_CONTROL_INT_MAX),
                              "interval", (int)c.interval);
    json_t *missed = json_array();
    for (size_t i = 0; i < c.missed; i++)
        (void)json_array_append_new(
            missed, json_pack("{s:s, s:I}", "party", party_name(line, c.miss[i].party), "number",
                              (json_int_t)(c.miss[i].number & OL_CONTROL_INT_MAX)));
    set(check, "watch", c.watch == 0 ? json_null() : json_integer(c.watch));
    set(check, "proven", paths_json(line, &c.proven));
    set(check, "missed", missed);
    set(o, "check", check);
}

void ol_desk_call_status(json_t *entry, unsigned status) {
    json_t *body = json_object_get(entry, "ring");
    body = body != NULL ? body : json_object_get(entry, "close");
    if (body != NULL)
        set(body, "status", json_string(ol_status_name(status)));
}

static ol_err take_status(void *ctx, const ol_stored_entry *stored) {
    static ol_entry e; /* 4 KiB that need not lie on the stack */
    ol_call c;
    const char *why;
    if (ol_entry_decode(stored->entry, stored->len, &e) == OL_OK && e.kind == OL_KIND_CALL &&
        ol_call_decode(e.body, e.body_len, &c, &why) == OL_OK)
        ol_desk_call_status(ctx, c.status);
    return OL_OK;
}

void ol_desk_find_status(const ol_desk *d, size_t line, const uint8_t *entry, size_t len,
                         json_t *o) {
    static ol_entry e;
    ol_ref call;
    bool is_about = json_object_get(o, "ring") != NULL || json_object_get(o, "close") != NULL;
    if (!is_about || ol_entry_decode(entry, len, &e) != OL_OK || !ol_kind_ref(&e, &call))
        return;
    ol_log_key log = { .party = call.party, .lane = call.lane };
    memcpy(log.incarnation, call.incarnation, OL_INC_LEN); /* all of it: §4.9 */
    (void)!d->store->ops->entries(d->store, d->line[line]->id, &log, call.index, call.index + 1,
                                  take_status, o);
}
