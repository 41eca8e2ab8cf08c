/* An entry as JSON: what it says of itself. Its text stays as it was sent: the station opens no
 * compressed bytes that came from outside; message/body.h does, in the client. */
#include <stdlib.h>
#include <string.h>

#include "station/desk.h"
#include "wire/kind.h"

static void set(json_t *o, const char *key, json_t *v) {
    (void)json_object_set_new(o, key, v);
}

static json_t *bytes_json(const uint8_t *p, size_t len) {
    char text[OL_B64_LEN(OL_ENTRY_MAX) + 1];
    ol_b64_put(p, len, text);
    return json_string(text);
}

static json_t *hex_json(const uint8_t *p, size_t len) {
    char text[2 * 32 + 1];
    ol_hex_put(p, len, text);
    return json_string(text);
}

json_t *ol_desk_ref_json(const ol_api_line *line, const ol_ref *ref) {
    char name[OL_DESK_NAME_LEN + 1];
    ol_log_key log = { .party = ref->party, .lane = ref->lane };
    memcpy(log.incarnation, ref->incarnation, ref->incarnation_len);
    return json_string(ol_desk_entry_name(line, &log, ref->index, name));
}

json_t *ol_desk_parties_json(const ol_api_line *line, uint32_t parties) {
    json_t *list = json_array();
    for (unsigned p = 0; p < line->charter->parties; p++)
        if ((parties >> p & 1) != 0)
            (void)json_array_append_new(list, json_string(line->charter->party[p].name));
    return list;
}

static json_t *str_json(ol_str s) {
    return json_stringn(s.p, s.len);
}

static json_t *message_json(const ol_api_line *line, const ol_message *m, const ol_entry *e) {
    json_t *o = json_object();
    set(o, "precedence", json_string(ol_precedence_name(m->precedence)));
    set(o, "status", json_string(ol_status_name(m->status)));
    set(o, "to", json_string(m->to == 0 ? "watch" : line->charter->rung[m->to - 1]));
    if (m->lang.len > 0)
        set(o, "lang", str_json(m->lang));
    if (m->subject.len > 0)
        set(o, "subject", str_json(m->subject));
    if (m->has_ref)
        set(o, "ref", ol_desk_ref_json(line, &m->ref));
    if (m->parts > 0)
        set(o, "part", json_pack("[i, i]", (int)m->part, (int)m->parts));
    if (m->sort != OL_SORT_TRAFFIC)
        set(o, "sort", json_string(ol_sort_name(m->sort)));
    if ((m->asks & OL_ASKS_READBACK) != 0)
        set(o, "asks", json_string("readback"));
    if (m->action != 0)
        set(o, "action", ol_desk_parties_json(line, m->action));
    if (m->info != 0) {
        set(o, "info", ol_desk_parties_json(line, m->info));
        set(o, "info_precedence", json_string(ol_precedence_name(m->info_precedence)));
    }
    if (m->grade != OL_GRADE_NONE)
        set(o, "grade", json_string(ol_grade_name(m->grade)));
    set(o, "body", bytes_json(e->body, e->body_len));
    return o;
}

static json_t *opening_json(const ol_opening *op) {
    static const char *const why[] = {
        [OL_WHY_FIRST] = "first",
        [OL_WHY_NO_MARKER] = "started without a run marker",
        [OL_WHY_STORE_BEHIND] = "the store was behind the run marker",
        [OL_WHY_MEMBER_HAS_MORE] = "a member held more of this log",
        [OL_WHY_FORK] = "fork evidence",
        [OL_WHY_AMENDMENT] = "amendment or new card",
    };
    json_t *o = json_object();
    set(o, "reason", json_string(op->why < OL_LEN(why) ? why[op->why] : "not known here"));
    set(o, "predecessor",
        op->has_predecessor ? hex_json(op->predecessor, OL_INC_LEN) : json_null());
    set(o, "size", json_integer((json_int_t)op->size));
    return o;
}

/* What the kind says, into o; NULL, or why it cannot be read. */
static const char *by_kind(const ol_api_line *line, const ol_log_key *log, uint64_t index,
                           const ol_entry *e, json_t *o) {
    ol_kind_at at = { .author = log->party, .lane = (ol_lane)log->lane, .is_first = index == 0 };
    at.parties = line->charter->parties, at.rungs = line->charter->rungs;
    const char *why = ol_kind_misfit(e, &at);
    if (why != NULL)
        return why;
    set(o, "kind", json_string(ol_kind_of(e->kind)->name));
    ol_opening op;
    ol_message m;
    if (e->kind == OL_KIND_OPENING && ol_opening_decode(e->body, e->body_len, &op) == OL_OK)
        set(o, "opening", opening_json(&op));
    else if (e->kind == OL_KIND_MESSAGE &&
             ol_message_decode(e->body, e->body_len, &m, &why) == OL_OK)
        set(o, "message", message_json(line, &m, e));
    else
        ol_desk_kind_json(line, e, o);
    return NULL;
}

json_t *ol_desk_entry_json(const ol_desk *d, size_t number, const ol_log_key *log, uint64_t index,
                           uint64_t seq, const uint8_t *entry, size_t len) {
    const ol_api_line *line = d->line[number];
    char name[OL_DESK_NAME_LEN + 1];
    static ol_entry e; /* 4 KiB that need not lie on the stack */
    if (log->party >= line->charter->parties)
        return json_object(); /* no such party: the engine stores none of these */
    json_t *o = json_pack("{s:I}", "cursor", (json_int_t)seq);
    set(o, "entry", json_string(ol_desk_entry_name(line, log, index, name)));
    set(o, "log", json_string(ol_desk_log_name(line, log, name)));
    set(o, "index", json_integer((json_int_t)index));
    set(o, "author", json_string(line->charter->party[log->party].name));
    set(o, "lane", json_string(ol_lane_name((ol_lane)log->lane)));
    const char *why = "it is no entry in deterministic CBOR";
    if (ol_entry_decode(entry, len, &e) == OL_OK) {
        set(o, "wall", json_integer((json_int_t)(e.wall & OL_CONTROL_INT_MAX)));
        if (e.has_item)
            set(o, "item", hex_json(e.item, sizeof e.item));
        if (e.has_item && e.signs == 0)
            set(o, "signed", json_array()); /* else a view says whose word it is */
        why = by_kind(line, log, index, &e, o);
    }
    if (why != NULL) {
        set(o, "kind", json_string("unreadable"));
        set(o, "unreadable", json_string(why));
    }
    return o;
}
