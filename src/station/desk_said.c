/* What became of an entry, beside what it says itself: its serial number, what others said of it,
 * its state at each party (docs/PROTOCOL.md §11.1); one entry by its name; what is unread. */
#include <stdlib.h>
#include <string.h>

#include "station/desk.h"
#include "wire/act.h"
#include "wire/kind.h"

enum { UNREAD_TOLD_MAX = 20, UNREAD_PAGE = 256, WORDS_TOLD_MAX = 4 };

static void set(json_t *o, const char *key, json_t *v) {
    (void)json_object_set_new(o, key, v);
}

static json_t *name_json(const ol_desk_place *p, size_t at) {
    char name[OL_DESK_NAME_LEN + 1];
    ol_view_item item = ol_view_at(p->view, at);
    return json_string(
        ol_desk_entry_name(p->line, ol_view_log_key(p->view, item.log), item.index, name));
}

static json_t *said_json(const ol_desk_place *p, size_t at, uint64_t wall) {
    return json_pack("{s:o, s:I}", "entry", name_json(p, at), "wall",
                     (json_int_t)(wall & OL_CONTROL_INT_MAX));
}

static json_t *word_json(const ol_desk_place *p, const ol_view_word *w) {
    json_t *o = said_json(p, w->at, w->wall);
    set(o, "party", json_string(p->line->charter->party[w->party].name));
    return o;
}

/* What the author of x says of a read-back of it; the last word counts. */
static void verdict(const ol_desk_place *p, size_t readback, uint8_t author, json_t *o) {
    ol_view_word w;
    for (size_t i = 0; ol_view_said(p->view, readback, i, &w); i++) {
        if (w.kind != OL_KIND_ACT || w.party != author)
            continue;
        if (w.what == OL_ACT_RIGHT || w.what == OL_ACT_WRONG)
            set(o, "verdict", json_string(ol_act_verb_name(w.what)));
    }
}

static void add(json_t *o, const char *key, json_t *v) {
    json_t *list = json_object_get(o, key);
    if (list == NULL) {
        list = json_array();
        set(o, key, list);
    }
    (void)json_array_append_new(list, v);
}

static const char *const lists[] = { "here", "corrected", "readbacks", "translations" };

/* Which list has this word; -1: none. */
static int list_of(const ol_view_word *w) {
    if (w->kind == OL_KIND_ACT)
        return w->what == OL_ACT_HERE ? 0 : -1;
    if (w->what == OL_SORT_CORRECTION)
        return 1;
    return w->what < OL_SORT_READBACK ? -1 : w->what == OL_SORT_READBACK ? 2 : 3;
}

static void add_word(const ol_desk_place *p, const ol_view_word *w, int list, uint8_t author,
                     json_t *o) {
    json_t *word = list == 1 ? said_json(p, w->at, w->wall) : word_json(p, w);
    if (list == 2)
        verdict(p, w->at, author, word);
    if (list == 3)
        set(word, "grade", json_string(ol_grade_name(w->grade)));
    add(o, lists[list], word);
}

/* Of each party the last words of each list: an entry of which a member says more than a line
 * holds could else not be told, nor what comes after it. */
void ol_desk_said_json(const ol_desk_place *p, json_t *o) {
    ol_view_item item = ol_view_at(p->view, p->at);
    const ol_log_key *key = ol_view_log_key(p->view, item.log);
    size_t left[OL_VIEW_PARTIES_MAX][OL_LEN(lists)] = { 0 }, untold = 0;
    ol_view_word w;
    if (item.serial > 0)
        set(o, "serial",
            json_sprintf("%c%03u", key->lane == OL_LANE_URGENT ? 'U' : 'R', (unsigned)item.serial));
    for (size_t i = 0; ol_view_said(p->view, p->at, i, &w); i++) {
        bool is_own = w.party == key->party && w.kind == OL_KIND_ACT;
        if (list_of(&w) >= 0)
            left[w.party][list_of(&w)]++;
        if (is_own && w.what == OL_ACT_CANCEL && json_object_get(o, "cancelled") == NULL)
            set(o, "cancelled", said_json(p, w.at, w.wall));
    }
    for (size_t i = 0; ol_view_said(p->view, p->at, i, &w); i++) {
        int list = list_of(&w);
        if (list >= 0 && left[w.party][list]-- > WORDS_TOLD_MAX)
            untold++;
        else if (list >= 0)
            add_word(p, &w, list, key->party, o);
    }
    if (untold > 0)
        set(o, "untold", json_integer((json_int_t)untold));
}

void ol_desk_state_json(const ol_desk_place *p, uint8_t party, json_t *o) {
    ol_view_item item = ol_view_at(p->view, p->at);
    ol_view_state s = ol_view_state_of(p->view, p->at, party);
    const char *now = json_string_value(json_object_get(o, "state"));
    if (strcmp(now, "stored") != 0 && ol_view_is_seen(p->view, item.log, item.index, party))
        set(o, "state", json_string("stored")); /* its own entry says so */
    if (s.seen != OL_VIEW_NOWHERE) {
        set(o, "state", json_string("seen"));
        set(o, "seen", said_json(p, s.seen, s.seen_wall));
    }
    if (s.interim != OL_VIEW_NOWHERE) {
        json_t *interim = said_json(p, s.interim, s.interim_wall);
        set(interim, "until", json_integer((json_int_t)(s.until & OL_CONTROL_INT_MAX)));
        set(o, "interim", interim);
    }
    if (s.answered != OL_VIEW_NOWHERE) {
        set(o, "state", json_string("answered"));
        set(o, "answered", said_json(p, s.answered, s.answered_wall));
    }
}

/* ── one entry ─────────────────────────────────────────────────────────────────────────────────*/

ol_err ol_desk_find(const ol_view *v, const ol_api_line *line, const ol_request *r, size_t *ret_at,
                    ol_refusal *why) {
    int party = ol_charter_party(line->charter, r->party, strlen(r->party));
    unsigned found = 0;
    for (size_t i = 0; i < ol_view_logs(v); i++) {
        const ol_log_key *key = ol_view_log_key(v, i);
        if (key->party != party || key->lane != r->lane || ol_view_log_size(v, i) <= r->index ||
            memcmp(key->incarnation, r->incarnation, r->incarnation_len) != 0)
            continue;
        *ret_at = ol_view_find(v, i, r->index);
        found++;
    }
    if (found == 1)
        return OL_OK;
    if (found == 0)
        return ol_refuse(why, OL_ENOENT, "openline log names the entries",
                         "the record holds no entry of that name");
    return ol_refuse(why, OL_ECONFLICT, "give more digits of its log's incarnation",
                     "that name fits several logs");
}

/* ── what is unread ────────────────────────────────────────────────────────────────────────────*/

typedef struct {
    const ol_desk *d;
    size_t line, walked;
    uint64_t seq, count;
    json_t *list;
} unread_walk;

static ol_err walk_unread(void *ctx, const ol_stored_entry *e) {
    static ol_entry entry; /* 4 KiB that need not lie on the stack */
    unread_walk *w = ctx;
    w->walked++;
    w->seq = e->seq;
    if (e->log.party == w->d->line[w->line]->self ||
        ol_entry_decode(e->entry, e->len, &entry) != OL_OK ||
        (entry.kind != OL_KIND_MESSAGE && entry.kind != OL_KIND_CALL))
        return OL_OK;
    if (w->count++ < UNREAD_TOLD_MAX)
        (void)json_array_append_new(w->list, ol_desk_entry_json(w->d, w->line, &e->log, e->index,
                                                                e->seq, e->entry, e->len));
    return OL_OK;
}

ol_err ol_desk_unread(ol_desk *d, const ol_request *r, json_t *reply, ol_refusal *why) {
    unread_walk w = { .d = d, .seq = r->read, .list = json_array() };
    uint64_t last = 0;
    ol_err err = ol_desk_line(d, r, &w.line, why);
    if (err == OL_OK)
        err = d->store->ops->last_seq(d->store, &last);
    if (err == OL_OK && r->read > last)
        err = ol_refuse(why, OL_ECONFLICT, "ask for a position again",
                        "\"read\" is beyond what the store holds: it is of another store");
    do {
        w.walked = 0;
        if (err == OL_OK)
            err = d->store->ops->since(d->store, d->line[w.line]->id, w.seq, UNREAD_PAGE,
                                       walk_unread, NULL, &w);
    } while (err == OL_OK && w.walked == UNREAD_PAGE);
    set(reply, "position", json_integer((json_int_t)last));
    set(reply, "count", json_integer((json_int_t)w.count));
    set(reply, "entries", w.list);
    return err;
}
