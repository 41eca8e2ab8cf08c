/* `log`: a page of the joint view (record/view.h), with the state of each entry at each party. */
#include <malloc.h>
#include <stdlib.h>
#include <uv.h>
#include <string.h>

#include "record/view.h"
#include "station/desk.h"
#include "station/way.h"

enum { ROOM = OL_CONTROL_LINE_MAX - 1024, PAGE_DEFAULT = 100, VIEW_MEM_MAX = 128 << 20 };
/* Of the loop's time what the signs of news cost: a twentieth; and nothing for a line of more
 * entries: each may bear two signs, of 0.13 ms each, and a member chooses whether they do. */
enum { SIGNED_REST = 20, SIGNED_ENTRIES_MAX = 1000 };
enum {
    FILTER_KEYS = OL_GIVEN_PRECEDENCE | OL_GIVEN_STATUS | OL_GIVEN_AUTHOR | OL_GIVEN_KIND |
                  OL_GIVEN_BRIEF | OL_GIVEN_UNREAD
};

/* The joint view of a moment, kept between the pages of it. */
struct ol_desk_view {
    size_t number;  /* of the line */
    uint64_t as_of; /* entries that came later are left out */
    ol_mem mem;
    ol_view *view;
};

typedef struct {
    const ol_desk *d;
    const ol_api_line *line;
    uint64_t as_of;
    ol_view *view;
    size_t log; /* of the view, that is being read */
    ol_log_key *key;
    size_t keys, cap;
} view_walk;

static ol_err walk_log(void *ctx, const ol_stored_log *log) {
    view_walk *w = ctx;
    if (log->key.party >= w->line->charter->parties)
        return OL_OK;
    if (w->keys == w->cap) {
        size_t cap = w->cap == 0 ? 16 : w->cap * 2;
        ol_log_key *key = realloc(w->key, cap * sizeof *key);
        if (key == NULL)
            return OL_ENOMEM;
        w->key = key;
        w->cap = cap;
    }
    w->key[w->keys++] = log->key;
    return OL_OK;
}

static ol_err walk_entry(void *ctx, const ol_stored_entry *e) {
    view_walk *w = ctx;
    if (e->seq > w->as_of)
        return OL_OK;
    return ol_view_add_entry(w->view, w->log, e->entry, e->len);
}

static ol_err walk_receipt(void *ctx, const ol_stored_receipt *r) {
    view_walk *w = ctx;
    if (r->party >= w->line->charter->parties)
        return OL_OK;
    ol_err err = ol_view_add_receipt(w->view, w->log, r->party, r->size, r->time);
    if (err == OL_OK)
        ol_view_set_way(w->view, w->log, r->way);
    return err;
}

static ol_err fill(view_walk *w) {
    ol_store *s = w->d->store;
    ol_err err = s->ops->logs(s, w->line->id, walk_log, w);
    for (size_t i = 0; i < w->keys && err == OL_OK; i++) {
        err = ol_view_add_log(w->view, &w->key[i], &w->log);
        if (err == OL_OK)
            err = s->ops->entries(s, w->line->id, &w->key[i], 0, OL_SIZE_MAX, walk_entry, w);
        if (err == OL_OK)
            err = s->ops->receipts(s, w->line->id, &w->key[i], walk_receipt, w);
    }
    return err == OL_OK ? ol_view_finish(w->view) : err;
}

void ol_desk_forget(ol_desk *d) {
    if (d->view == NULL)
        return;
    ol_view_free(d->view->view);
    free(d->view);
    d->view = NULL;
    (void)malloc_trim(0); /* some 130 bytes an entry: not kept until the next time */
}

static ol_err build(ol_desk *d, size_t number, uint64_t as_of) {
    if (d->view != NULL && d->view->number == number && d->view->as_of == as_of)
        return OL_OK;
    ol_desk_forget(d);
    d->view = calloc(1, sizeof *d->view);
    if (d->view == NULL)
        return OL_ENOMEM;
    d->view->number = number;
    d->view->as_of = as_of;
    ol_mem_heap(&d->view->mem, VIEW_MEM_MAX);
    ol_view_opts opts = { .mem = &d->view->mem,
                          .parties = d->line[number]->charter->parties,
                          .rungs = d->line[number]->charter->rungs,
                          .two = d->line[number]->charter->two,
                          .line_id = d->line[number]->id };
    for (unsigned i = 0; i < opts.parties; i++)
        opts.identity[i] = d->line[number]->charter->party[i].identity;
    ol_err err = ol_view_new(&opts, &d->view->view);
    view_walk w = { .d = d, .line = d->line[number], .as_of = as_of, .view = d->view->view };
    if (err == OL_OK)
        err = fill(&w);
    free(w.key);
    if (err != OL_OK)
        ol_desk_forget(d);
    return err;
}

typedef struct {
    const ol_desk *d;
    size_t line;
    json_t *entry;
} read_one;

static ol_err walk_one(void *ctx, const ol_stored_entry *e) {
    read_one *r = ctx;
    r->entry = ol_desk_entry_json(r->d, r->line, &e->log, e->index, e->seq, e->entry, e->len);
    return r->entry == NULL ? OL_ENOMEM : OL_OK;
}

/* By the store; of what is about to be saved, by the engine's word. */
static json_t *state_json(const ol_desk *d, size_t line, const ol_view_item *item, uint8_t p) {
    const ol_desk_went *went =
        ol_desk_went_of(d, line, ol_view_log_key(d->view->view, item->log), p);
    uint64_t time = 0;
    uint8_t way = ol_view_way(d->view->view, item->log, item->index, p);
    bool is_stored = ol_view_is_stored(d->view->view, item->log, item->index, p, &time);
    if (!is_stored && went != NULL && went->stored > item->index) {
        is_stored = true;
        time = went->time, way = went->way;
    }
    char text[OL_WAY_TEXT_MAX];
    const char *by = ol_way_text(way, text);
    if (is_stored)
        return by == NULL ? json_pack("{s:s, s:I}", "state", "stored", "time", (json_int_t)time)
                          : json_pack("{s:s, s:I, s:s}", "state", "stored", "time",
                                      (json_int_t)time, "by", by);
    return json_pack("{s:s}", "state",
                     went != NULL && went->sent > item->index ? "sent" : "queued");
}

static void add_state(const ol_desk *d, size_t line, size_t at, uint8_t p, json_t *states) {
    ol_view_item item = ol_view_at(d->view->view, at);
    const ol_desk_place place = { d->line[line], d->view->view, at };
    json_t *o = state_json(d, line, &item, p);
    ol_desk_state_json(&place, p, o);
    (void)json_object_set_new(states, d->line[line]->charter->party[p].name, o);
}

static json_t *states_json(const ol_desk *d, size_t line, size_t at, const ol_view_item *item) {
    const ol_charter *ch = d->line[line]->charter;
    json_t *states = json_object();
    for (uint8_t p = 0; p < ch->parties; p++)
        if (p != ol_view_log_key(d->view->view, item->log)->party)
            add_state(d, line, at, p, states);
    return states;
}

static json_t *crossed_json(const ol_desk *d, size_t line, size_t at, const ol_view_item *item) {
    json_t *list = json_array();
    char name[OL_DESK_NAME_LEN + 1];
    for (unsigned i = 0; i < item->crossings; i++) {
        ol_view_item other = ol_view_at(d->view->view, ol_view_crossing(d->view->view, at, i));
        (void)json_array_append_new(
            list,
            json_string(ol_desk_entry_name(d->line[line], ol_view_log_key(d->view->view, other.log),
                                           other.index, name)));
    }
    return list;
}

static ol_err entry_json(const ol_desk *d, size_t line, size_t at, json_t **ret) {
    ol_view_item item = ol_view_at(d->view->view, at);
    const ol_log_key *key = ol_view_log_key(d->view->view, item.log);
    ol_store *s = d->store;
    read_one r = { d, line, NULL };
    ol_err err =
        s->ops->entries(s, d->line[line]->id, key, item.index, item.index + 1, walk_one, &r);
    if (err != OL_OK || r.entry == NULL) {
        json_decref(r.entry);
        return err == OL_OK ? OL_EIO : err;
    }
    if (item.unreadable != NULL) {
        (void)json_object_set_new(r.entry, "kind", json_string("unreadable"));
        (void)json_object_set_new(r.entry, "unreadable", json_string(item.unreadable));
    }
    if (item.has_status)
        ol_desk_call_status(r.entry, item.status);
    err = ol_desk_words_json(d, line, d->view->view, at, r.entry);
    if (err != OL_OK) {
        json_decref(r.entry);
        return err;
    }
    (void)json_object_set_new(r.entry, "at", json_integer((json_int_t)at));
    (void)json_object_set_new(r.entry, "crossed", crossed_json(d, line, at, &item));
    (void)json_object_set_new(r.entry, "states", states_json(d, line, at, &item));
    ol_desk_said_json(&(ol_desk_place){ d->line[line], d->view->view, at }, r.entry);
    *ret = r.entry;
    return OL_OK;
}

static ol_err count_entries(void *ctx, const ol_stored_log *log) {
    *(uint64_t *)ctx += log->size;
    return OL_OK;
}

/* A record only grows. */
static ol_err judge_length(ol_desk *d, size_t line) {
    uint64_t entries = 0;
    ol_err err = d->is_long[line]
                     ? OL_OK
                     : d->store->ops->logs(d->store, d->line[line]->id, count_entries, &entries);
    d->is_long[line] = d->is_long[line] || entries > SIGNED_ENTRIES_MAX;
    return err == OL_OK && d->is_long[line] ? OL_ELIMIT : err;
}

ol_err ol_desk_signed(ol_desk *d, size_t line, const ol_log_key *log, uint64_t index, json_t *o) {
    uint64_t last = 0;
    ol_err err = d->store->ops->last_seq(d->store, &last);
    uint64_t began = uv_hrtime();
    bool is_built = d->view != NULL && d->view->number == line && d->view->as_of == last;
    if (err == OL_OK && !is_built && began < d->rests_until)
        return OL_EAGAIN;
    if (err == OL_OK && !is_built)
        err = judge_length(d, line);
    if (err == OL_OK)
        err = build(d, line, last);
    if (err != OL_ELIMIT && !is_built)
        d->rests_until = began + (uv_hrtime() - began) * SIGNED_REST;
    if (err != OL_OK)
        return err;
    const ol_view *v = d->view->view;
    for (size_t i = 0; i < ol_view_logs(v); i++)
        if (ol_log_key_eq(ol_view_log_key(v, i), log) && index < ol_view_log_size(v, i))
            return ol_desk_words_json(d, line, v, ol_view_find(v, i, index), o);
    return OL_OK;
}

/* Where a page begins: a place of the joint order, and how many that pass stand before it. */
typedef struct {
    size_t at, limit;
    size_t found, number; /* that pass: in all, and before `at` */
} start;

/* from, last: numbers among those that pass. */
static ol_err find_start(const ol_desk *d, size_t line, const ol_request *r,
                         const ol_desk_filter *f, start *s, ol_refusal *why) {
    const ol_view *v = d->view->view;
    size_t len = ol_view_len(v), entry = len;
    uint64_t from = r->from;
    bool is_one = (r->given & OL_GIVEN_ENTRY) != 0;
    ol_err err = is_one ? ol_desk_find(v, d->line[line], r, &entry, why) : OL_OK;
    if (err != OL_OK)
        return err;
    *s = (start){ .limit = PAGE_DEFAULT };
    for (size_t at = 0; at < len; at++)
        s->found += ol_desk_passes(f, v, at, d->line[line]->self);
    if ((r->given & OL_GIVEN_LIMIT) != 0)
        s->limit = (size_t)r->limit;
    if ((r->given & OL_GIVEN_LAST) != 0) {
        s->limit = (size_t)r->last;
        from = s->found > s->limit ? s->found - s->limit : 0;
    }
    for (s->at = 0; s->at < len; s->at++) {
        bool passes = ol_desk_passes(f, v, s->at, d->line[line]->self);
        if (is_one ? s->at == entry : passes && s->number == from)
            break;
        s->number += passes;
    }
    if (is_one)
        s->limit = 1;
    return OL_OK;
}

static ol_err page(const ol_desk *d, size_t line, const ol_request *r, json_t *reply,
                   ol_refusal *why) {
    size_t len = ol_view_len(d->view->view), bytes = 0, n = 0;
    bool is_one = (r->given & OL_GIVEN_ENTRY) != 0;
    ol_desk_filter f;
    start s;
    ol_err err = ol_desk_filter_of(d->line[line], r, &f, why);
    if (err == OL_OK)
        err = find_start(d, line, r, &f, &s, why);
    if (err != OL_OK)
        return err;
    json_t *list = json_array();
    size_t at = s.at;
    for (; at < len && n < s.limit && err == OL_OK; at++) {
        if (!is_one && !ol_desk_passes(&f, d->view->view, at, d->line[line]->self))
            continue;
        json_t *o = NULL;
        err = entry_json(d, line, at, &o);
        bytes += err == OL_OK ? json_dumpb(o, NULL, 0, JSON_COMPACT) + 1 : 0;
        if (bytes > ROOM) {
            json_decref(o);
            break;
        }
        (void)json_array_append_new(list, o);
        n++;
    }
    bool is_filtered = (r->given & FILTER_KEYS) != 0;
    bool has_more = is_filtered ? s.number + n < s.found : at < len;
    size_t next = is_filtered ? s.number + n : at;
    (void)json_object_set_new(reply, "total", json_integer((json_int_t)len));
    (void)json_object_set_new(reply, "position", json_integer((json_int_t)d->view->as_of));
    (void)json_object_set_new(reply, "entries", list);
    (void)json_object_set_new(reply, "next",
                              has_more ? json_integer((json_int_t)next) : json_null());
    if (is_filtered)
        (void)json_object_set_new(reply, "found", json_integer((json_int_t)s.found));
    if (is_filtered)
        (void)json_object_set_new(reply, "number", json_integer((json_int_t)s.number));
    return err;
}

ol_err ol_desk_log(ol_desk *d, const ol_request *r, json_t *reply, ol_refusal *why) {
    size_t line;
    uint64_t last = 0;
    ol_err err = ol_desk_line(d, r, &line, why);
    if (err == OL_OK)
        err = d->store->ops->last_seq(d->store, &last);
    if (err != OL_OK)
        return err;
    if ((r->given & OL_GIVEN_CURSOR) != 0 && r->cursor > last)
        return ol_refuse(why, OL_ECONFLICT, "ask again without \"cursor\"",
                         "the cursor is beyond what the store holds");
    err = build(d, line, (r->given & OL_GIVEN_CURSOR) != 0 ? r->cursor : last);
    if (err == OL_OK)
        err = page(d, line, r, reply, why);
    if (err == OL_ENOMEM)
        return ol_refuse(why, err, "export the line and read it there",
                         "there is no memory to put so many entries in order");
    return err;
}
