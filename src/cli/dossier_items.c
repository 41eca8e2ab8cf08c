/* The items of a dossier: every entry of the record in its joint order, with what the others did
 * with it. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/dossier.h"
#include "cli/show.h"
#include "record/verdict.h"
#include "wire/officer.h"

enum { NAMED_MAX = 20 };

typedef struct {
    const ol_view *view;
    ol_dossier_kept *kept;
    const ol_dossier_opts *o;
    json_t *items;
    ol_desk desk; /* of no store: it only knows the names */
    ol_api_line line;
} making;

static void set(json_t *o, const char *key, json_t *v) {
    (void)json_object_set_new(o, key, v);
}

static json_t *number(uint64_t v) {
    return json_integer((json_int_t)(v & OL_CONTROL_INT_MAX));
}

ol_err ol_dossier_keep(ol_dossier_kept *k, size_t log, uint64_t index, const uint8_t *entry,
                       size_t len) {
    if (log >= k->logs) {
        struct ol_dossier_log *more = realloc(k->log, (log + 1) * sizeof *more);
        if (more == NULL)
            return OL_ENOMEM;
        memset(more + k->logs, 0, (log + 1 - k->logs) * sizeof *more);
        k->log = more, k->logs = log + 1;
    }
    struct ol_dossier_log *l = &k->log[log];
    OL_ASSERT(index == l->n);
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 64 : 2 * l->cap;
        struct ol_dossier_bytes *more = realloc(l->entry, cap * sizeof *more);
        if (more == NULL)
            return OL_ENOMEM;
        l->entry = more, l->cap = cap;
    }
    struct ol_dossier_bytes *e = &l->entry[l->n];
    *e = (struct ol_dossier_bytes){ .p = malloc(len), .len = len };
    if (e->p == NULL)
        return OL_ENOMEM;
    memcpy(e->p, entry, len);
    l->n++;
    return OL_OK;
}

void ol_dossier_kept_free(ol_dossier_kept *k) {
    for (size_t i = 0; i < k->logs; i++) {
        for (size_t j = 0; j < k->log[i].n; j++)
            free(k->log[i].entry[j].p);
        free(k->log[i].entry);
        free(k->log[i].message);
    }
    free(k->log);
    *k = (ol_dossier_kept){ 0 };
}

static const struct ol_dossier_bytes *bytes_of(const making *m, size_t log, uint64_t index) {
    return &m->kept->log[log].entry[index];
}

static struct ol_dossier_bytes *kept_at(making *m, size_t at) {
    ol_view_item e = ol_view_at(m->view, at);
    return &m->kept->log[e.log].entry[e.index];
}

static json_t *name_of(const making *m, size_t log, uint64_t index) {
    char to[OL_DESK_NAME_LEN + 1];
    size_t len = strlen(ol_desk_log_name(&m->line, ol_view_log_key(m->view, log), to));
    return json_sprintf("%.*s.%llu", (int)(len - 2 * OL_INC_LEN + m->kept->log[log].digits), to,
                        (unsigned long long)index);
}

static uint8_t author_of(const making *m, size_t log) {
    return ol_view_log_key(m->view, log)->party;
}

/* ---- what is referred to ---- */

/* Of messages, acts and calls as the view resolves them; of the words of a call as its verdict
 * takes them: what has no effect (§11) stands beside nothing. */
static void find_targets(making *m) {
    for (size_t at = 0; at < ol_view_len(m->view); at++)
        kept_at(m, at)->target = ol_view_target(m->view, at);
    for (size_t i = 0; i < ol_verdict_calls(m->view); i++)
        for (size_t k = 0; k < ol_verdict_words(m->view, i); k++)
            kept_at(m, ol_verdict_word(m->view, i, k).at)->target = ol_verdict_call(m->view, i).at;
}

/* Beside what it refers to stands every entry that refers to it, whenever it was written. */
static void add_beside(const making *m, json_t *item, json_t *other, size_t at) {
    const char *kind = json_string_value(json_object_get(other, "kind"));
    json_t *body = json_object_get(other, kind != NULL ? kind : "");
    const char *names = json_object_get(body, "call") != NULL ? "call" : "ref";
    static const char *const keys[] = { "verb", "sort", "grade",   "lang",  "state",
                                        "why",  "rung", "seconds", "after", "text" };
    json_t *list = json_object_get(item, "beside"), *o = json_object();
    ol_view_item e = ol_view_at(m->view, at);
    set(o, "entry", json_incref(json_object_get(other, "entry")));
    set(o, "author", json_incref(json_object_get(other, "author")));
    set(o, "wall", json_incref(json_object_get(other, "wall")));
    set(o, "kind", json_string(kind));
    if (e.has_status)
        set(o, "status", json_string(ol_status_name(e.status)));
    for (size_t i = 0; i < OL_LEN(keys); i++)
        if (json_object_get(body, keys[i]) != NULL)
            set(o, keys[i], json_incref(json_object_get(body, keys[i])));
    (void)json_object_set(body, names, json_object_get(item, "entry")); /* with its digits */
    if (list == NULL)
        set(item, "beside", list = json_array());
    (void)json_array_append_new(list, o);
}

/* ---- stages ---- */

static json_t *stage_json(const making *m, size_t log, uint64_t index, uint8_t party) {
    json_t *o = json_object();
    uint64_t time = 0;
    size_t at = 0;
    bool is_stored = ol_view_is_stored(m->view, log, index, party, &time);
    set(o, "receipt", is_stored ? number(time) : json_null());
    if (ol_view_first_seen(m->view, log, index, party, &at)) {
        ol_view_item e = ol_view_at(m->view, at);
        set(o, "held", number(e.wall)); /* no later than it wrote this */
        set(o, "held_by", name_of(m, e.log, e.index));
    }
    return o;
}

static uint32_t members_of(const making *m, size_t log) {
    const ol_opening *op = ol_view_opening(m->view, log);
    uint32_t g = op != NULL ? op->generation : 0;
    return m->o->chain->members[g < m->o->chain->generations ? g : 0];
}

static json_t *stages_json(const making *m, size_t log, uint64_t index) {
    json_t *all = json_object();
    for (uint8_t p = 0; p < m->o->chain->now.parties; p++)
        if (p != author_of(m, log) && (members_of(m, log) >> p & 1) != 0)
            set(all, m->o->chain->now.party[p].name, stage_json(m, log, index, p));
    return all;
}

static size_t messages_below(const struct ol_dossier_log *l, uint64_t size) {
    size_t low = 0, high = l->messages;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (l->message[mid] < size)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Names them, as long as there are not too many: a member chooses how many there are. */
static void name_some(const making *m, json_t *list, uint64_t *left_out, size_t log,
                      uint64_t index) {
    if (json_array_size(list) < NAMED_MAX)
        (void)json_array_append_new(list, name_of(m, log, index));
    else
        ++*left_out;
}

/* What of the others' messages the writer had read, and what had come and was not read. */
static void add_reading(const making *m, json_t *item, size_t log, uint64_t index) {
    json_t *last = json_array(), *unread = json_array();
    uint64_t more_last = 0, more_unread = 0;
    for (size_t i = 0; i < ol_view_logs(m->view) && i < m->kept->logs; i++) {
        const struct ol_dossier_log *other = &m->kept->log[i];
        if (author_of(m, i) == author_of(m, log))
            continue;
        size_t read = messages_below(other, ol_view_read(m->view, log, index, i));
        size_t seen = messages_below(other, ol_view_seen(m->view, log, index, i));
        if (read > 0)
            name_some(m, last, &more_last, i, other->message[read - 1]);
        size_t k = read;
        for (; k < seen && more_unread == 0; k++)
            name_some(m, unread, &more_unread, i, other->message[k]);
        more_unread += seen > k ? seen - k : 0;
    }
    set(item, "had_read", last);
    set(item, "had_not_read", unread);
    if (more_last > 0)
        set(item, "had_read_more", number(more_last));
    if (more_unread > 0)
        set(item, "had_not_read_more", number(more_unread));
}

/* ---- whose word it is ---- */

/* Name and title as the roster entry at that place has them, the first of each. */
static void add_names(const making *m, size_t at, json_t *o) {
    static ol_entry entry; /* 4 KiB that need not lie on the stack */
    ol_view_item e = ol_view_at(m->view, at);
    const struct ol_dossier_bytes *b = bytes_of(m, e.log, e.index);
    ol_officer f;
    const char *why;
    if (ol_entry_decode(b->p, b->len, &entry) != OL_OK ||
        ol_officer_decode(entry.body, entry.body_len, &f, &why) != OL_OK)
        return;
    set(o, "name", json_stringn(f.name[0].text.p, f.name[0].text.len));
    if (f.titles > 0)
        set(o, "title", json_stringn(f.title[0].text.p, f.title[0].text.len));
}

static json_t *signed_json(const making *m, size_t at, unsigned signs) {
    json_t *list = json_array();
    for (unsigned i = 0; i < signs; i++) {
        ol_view_sign s = ol_view_sign_of(m->view, at, i);
        json_t *o = json_pack("{s:i, s:b}", "officer", (int)s.officer, "valid", s.fault == NULL);
        set(o, "written", number(s.written));
        if (s.fault != NULL)
            set(o, "why", json_string(s.fault));
        if (s.who != NULL) {
            set(o, "vouched", json_boolean(s.who->is_vouched));
            add_names(m, s.who->entry, o);
        }
        (void)json_array_append_new(list, o);
    }
    return list;
}

/* ---- items ---- */

static json_t *item_json(making *m, size_t at) {
    ol_view_item e = ol_view_at(m->view, at);
    const struct ol_dossier_bytes *b = bytes_of(m, e.log, e.index);
    char dtg[OL_CLI_DTG_LEN + 1], serial[24];
    json_t *o =
        ol_desk_entry_json(&m->desk, 0, ol_view_log_key(m->view, e.log), e.index, 0, b->p, b->len);
    ol_show_text(o);
    (void)json_object_del(o, "cursor");
    (void)json_object_del(json_object_get(o, "message"), "body");
    if (e.unreadable != NULL) {
        set(o, "kind", json_string("unreadable"));
        set(o, "unreadable", json_string(e.unreadable));
    }
    if (e.has_status)
        ol_desk_call_status(o, e.status);
    set(o, "entry", name_of(m, e.log, e.index));
    set(o, "at", number(at));
    set(o, "wall", number(e.wall));
    ol_cli_dtg(e.wall, dtg);
    set(o, "dtg", json_string(dtg));
    if (e.serial > 0) {
        bool is_urgent = ol_view_log_key(m->view, e.log)->lane == OL_LANE_URGENT;
        (void)snprintf(serial, sizeof serial, "%c%lu", is_urgent ? 'U' : 'R',
                       (unsigned long)e.serial);
        set(o, "serial", json_string(serial));
    }
    if (e.is_message) {
        json_t *crossed = json_array();
        for (unsigned i = 0; i < e.crossings; i++) {
            ol_view_item other = ol_view_at(m->view, ol_view_crossing(m->view, at, i));
            (void)json_array_append_new(crossed, name_of(m, other.log, other.index));
        }
        set(o, "crossed", crossed);
        add_reading(m, o, e.log, e.index);
    }
    if (json_object_get(o, "item") != NULL) /* what people say */
        set(o, "signed", signed_json(m, at, e.signs));
    if (e.is_forced)
        set(o, "forced", json_true());
    set(o, "stages", stages_json(m, e.log, e.index));
    return o;
}

static ol_err find_messages(making *m) {
    for (size_t i = 0; i < m->kept->logs; i++) {
        struct ol_dossier_log *l = &m->kept->log[i];
        l->message = calloc(l->n + 1, sizeof *l->message);
        if (l->message == NULL)
            return OL_ENOMEM;
        for (uint64_t k = 0; k < l->n; k++)
            if (ol_view_at(m->view, ol_view_find(m->view, i, k)).is_message)
                l->message[l->messages++] = k;
    }
    return OL_OK;
}

static bool is_wanted(const making *m, const json_t *item, uint64_t wall) {
    const json_t *check = json_object_get(item, "check");
    if (wall < m->o->from || wall > m->o->to)
        return false;
    return check == NULL || m->o->has_checks ||
           json_array_size(json_object_get(check, "missed")) > 0;
}

/* Every entry is made into an item, so that what refers to one stands beside it even where it is
 * outside of the time asked for; then those outside are left out. */
static void make_items(making *m) {
    json_t *all = json_array();
    for (size_t at = 0; at < ol_view_len(m->view); at++)
        (void)json_array_append_new(all, item_json(m, at));
    for (size_t at = 0; at < ol_view_len(m->view); at++) {
        size_t target = kept_at(m, at)->target;
        if (target != OL_VIEW_NONE)
            add_beside(m, json_array_get(all, target), json_array_get(all, at), at);
    }
    size_t i;
    json_t *o;
    json_array_foreach(all, i, o) {
        if (is_wanted(m, o, ol_view_at(m->view, i).wall))
            (void)json_array_append(m->items, o);
    }
    json_decref(all);
}

ol_err ol_dossier_items(json_t *model, const ol_view *view, ol_dossier_kept *kept,
                        const ol_dossier_opts *o) {
    static making m;
    m = (making){ .view = view, .kept = kept, .o = o, .items = json_array() };
    (void)snprintf(m.line.name, sizeof m.line.name, "%s", o->line);
    m.line.charter = &o->chain->now;
    memcpy(m.line.id, o->chain->now.id, sizeof m.line.id);
    m.desk.lines = 1;
    m.desk.line[0] = &m.line;
    for (size_t i = 0; i < kept->logs; i++)
        kept->log[i].digits = ol_view_log_digits(view, i);
    ol_err err = find_messages(&m);
    if (err == OL_OK) {
        find_targets(&m);
        make_items(&m);
    }
    set(model, "items", m.items);
    return err;
}
