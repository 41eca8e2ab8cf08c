/* What the duty machine tells, as clients and hooks are told it (docs/CONTROL.md). */
#include <jansson.h>

#include "station/desk.h"
#include "station/duty.h"

enum { CLOCKS_TOLD_MAX = 32 };

static void set(json_t *o, const char *key, json_t *v) {
    (void)json_object_set_new(o, key, v); /* no memory: the key is missing, nothing worse */
}

const char *ol_duty_rung_name(const ol_api_line *line, uint64_t rung) {
    return rung == 0 ? "watch" : rung <= line->charter->rungs ? line->charter->rung[rung - 1] : "?";
}

/* Called is the watch where no rung is named; who replies and names none has not said. */
static json_t *rung_of(const ol_api_line *line, uint64_t rung, bool is_reply) {
    return rung == 0 && is_reply ? json_null() : json_string(ol_duty_rung_name(line, rung));
}

static const char *const call_state[OL_DUTY_NOTES] = {
    [OL_DUTY_CALL_PLACED] = "placed", [OL_DUTY_CALL_RINGS] = "rings",
    [OL_DUTY_CALL_SILENT] = "silent", [OL_DUTY_CALL_REPLIED] = "replied",
    [OL_DUTY_CALL_CLOSED] = "closed", [OL_DUTY_CALL_UNRUNG] = "unrung",
};

static json_t *call_json(const ol_api_line *line, const ol_duty_note *n) {
    char name[OL_DESK_NAME_LEN + 1];
    const ol_party *party = line->charter->party;
    json_t *o = json_pack("{s:s, s:s, s:s}", "event", "call", "line", line->name, "state",
                          call_state[n->what]);
    set(o, "entry", json_string(ol_desk_entry_name(line, &n->log, n->index, name)));
    set(o, "log", json_string(ol_desk_log_name(line, &n->log, name)));
    set(o, "index", json_integer((json_int_t)n->index));
    set(o, "caller", json_string(party[n->log.party].name));
    set(o, "party", json_string(party[n->party].name));
    set(o, "precedence", json_string(ol_precedence_name(n->precedence)));
    set(o, "status", json_string(ol_status_name(n->status)));
    if (n->what == OL_DUTY_CALL_CLOSED)
        set(o, "why", json_string(ol_close_why_name(n->verb)));
    else
        set(o, "rung", rung_of(line, n->rung, n->what == OL_DUTY_CALL_REPLIED));
    if (n->what == OL_DUTY_CALL_REPLIED)
        set(o, "reply", json_string(ol_reply_verb_name(n->verb)));
    if (n->seconds > 0)
        set(o, "seconds", json_integer(n->seconds));
    return o;
}

static json_t *clock_json(const ol_api_line *line, const ol_log_key *log, uint64_t index,
                          uint8_t party, unsigned precedence, unsigned status) {
    char name[OL_DESK_NAME_LEN + 1];
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s}", "entry", ol_desk_entry_name(line, log, index, name), "author",
        line->charter->party[log->party].name, "party", line->charter->party[party].name,
        "precedence", ol_precedence_name(precedence), "status", ol_status_name(status));
}

static json_t *late_json(const ol_api_line *line, const ol_duty_note *n, const char *event) {
    json_t *o = json_pack("{s:s, s:s}", "event", event, "line", line->name);
    json_t *more = clock_json(line, &n->log, n->index, n->party, n->precedence, n->status);
    (void)json_object_update(o, more);
    json_decref(more);
    return o;
}

static void set_left(json_t *o, uint64_t due_ms, ol_mono now) {
    bool is_late = due_ms <= now.ms;
    set(o, is_late ? "late_s" : "left_s",
        json_integer((json_int_t)((is_late ? now.ms - due_ms : due_ms - now.ms) / 1000)));
}

json_t *ol_duty_clocks_json(const ol_api_line *line, const ol_duty *duty, ol_mono now) {
    json_t *list = json_array();
    ol_clock_status s;
    for (size_t i = 0;
         json_array_size(list) < CLOCKS_TOLD_MAX && duty != NULL && ol_clock_status_of(duty, i, &s);
         i++) {
        json_t *o = clock_json(line, &s.log, s.index, s.party, s.precedence, s.status);
        set(o, "overdue", json_boolean(s.is_overdue));
        set(o, "put_off", json_boolean(s.is_put_off));
        set_left(o, s.due_ms, now);
        (void)json_array_append_new(list, o);
    }
    return list;
}

json_t *ol_duty_deferrals_json(const ol_api_line *line, const ol_duty *duty, ol_mono now) {
    json_t *list = json_array();
    ol_deferral_status s;
    for (size_t i = 0; i < CLOCKS_TOLD_MAX && duty != NULL && ol_deferral_status_of(duty, i, &s);
         i++) {
        json_t *o = clock_json(line, &s.log, s.index, s.party, s.precedence, s.status);
        set(o, "due", json_boolean(s.is_due));
        set_left(o, s.due_ms, now);
        (void)json_array_append_new(list, o);
    }
    return list;
}

json_t *ol_duty_event_json(const ol_api_line *line, const ol_duty_note *n) {
    if (n->what == OL_DUTY_OVERDUE)
        return late_json(line, n, "overdue");
    if (n->what == OL_DUTY_DUE)
        return late_json(line, n, "due");
    if (n->what >= OL_DUTY_CHECK_MISSED && n->what < OL_DUTY_NOTES)
        return ol_checks_event_json(line, n);
    return n->what < OL_DUTY_NOTES && call_state[n->what] != NULL ? call_json(line, n) : NULL;
}

/* ---- calls ---- */

static bool is_reply(ol_called_word word) {
    return word == OL_CALLED_ANSWERED || word == OL_CALLED_DECLINED || word == OL_CALLED_DEFERRED;
}

static json_t *callee_json(const ol_api_line *line, uint8_t p, const ol_called *q) {
    json_t *o = json_pack("{s:s, s:s}", "party", line->charter->party[p].name, "state",
                          ol_called_word_name(q->word));
    if (q->word == OL_CALLED_NOTHING)
        return o;
    set(o, "rung", rung_of(line, q->rung, is_reply(q->word)));
    set(o, "after_s", json_integer((json_int_t)q->after));
    set(o, "since_s", json_integer((json_int_t)q->since_s));
    if (q->seconds > 0)
        set(o, "seconds", json_integer(q->seconds));
    return o;
}

static void set_text(json_t *o, const char *key, ol_str s) {
    if (s.len > 0)
        set(o, key, json_stringn(s.p, s.len));
}

/* The body by which an officer withdraws it now. */
static void set_close(json_t *o, const ol_duty *duty, const ol_call_status *c, ol_mono now) {
    uint8_t body[OL_DUTY_BODY_MAX];
    char text[OL_B64_LEN(OL_DUTY_BODY_MAX) + 1];
    size_t len = 0;
    if (ol_calls_close(duty, &c->log, c->index, OL_CLOSE_WITHDRAWN, now, body, &len) != OL_OK)
        return;
    ol_b64_put(body, len, text);
    set(o, "withdraw", json_string(text));
}

json_t *ol_duty_call_json(const ol_api_line *line, const ol_duty *duty, const ol_call_status *c,
                          ol_mono now) {
    char name[OL_DESK_NAME_LEN + 1];
    json_t *called = json_array(), *o = json_object();
    set(o, "entry", json_string(ol_desk_entry_name(line, &c->log, c->index, name)));
    set(o, "log", json_string(ol_desk_log_name(line, &c->log, name)));
    set(o, "index", json_integer((json_int_t)c->index));
    set(o, "wall", json_integer((json_int_t)c->wall));
    set(o, "caller", json_string(line->charter->party[c->log.party].name));
    set(o, "state", json_string(ol_call_state_name(c->state)));
    set(o, "precedence", json_string(ol_precedence_name(c->precedence)));
    set(o, "status", json_string(ol_status_name(c->status)));
    set(o, "rung", json_string(ol_duty_rung_name(line, c->rung)));
    set(o, "purpose", json_string(ol_call_purpose_name(c->purpose)));
    set_text(o, "text", c->text);
    set_text(o, "lang", c->lang);
    set_text(o, "of", c->of);
    if (c->state == OL_CALL_CLOSED)
        set(o, "why", json_string(ol_close_why_name(c->why)));
    else
        set(o, "since_s", json_integer((json_int_t)c->since_s));
    if (c->left_s > 0)
        set(o, "left_s", json_integer((json_int_t)c->left_s));
    for (uint8_t p = 0; p < line->charter->parties; p++)
        if ((c->called >> p & 1) != 0)
            (void)json_array_append_new(called, callee_json(line, p, &c->party[p]));
    set(o, "called", called);
    set_close(o, duty, c, now);
    return o;
}
