/* `log`: a page of the joint view (record/view.h), with the state of each entry at each party. */
#include <stdlib.h>
#include <string.h>

#include "record/view.h"
#include "station/desk.h"

enum { ROOM = OL_CONTROL_LINE_MAX - 1024, PAGE_DEFAULT = 100, VIEW_MEM_MAX = 128 << 20 };

typedef struct {
    const ol_desk *d;
    const ol_api_line *line;
    ol_mem mem;
    ol_view *view;
    uint64_t as_of; /* entries that came later are left out */
    size_t log;     /* of the view, that is being read */
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
    return r->party < w->line->charter->parties
               ? ol_view_add_receipt(w->view, w->log, r->party, r->size, r->time)
               : OL_OK;
}

static ol_err build(view_walk *w) {
    ol_store *s = w->d->store;
    ol_view_opts opts = { .mem = &w->mem,
                          .parties = w->line->charter->parties,
                          .rungs = w->line->charter->rungs };
    ol_mem_heap(&w->mem, VIEW_MEM_MAX);
    ol_err err = ol_view_new(&opts, &w->view);
    if (err == OL_OK)
        err = s->ops->logs(s, w->line->id, walk_log, w);
    for (size_t i = 0; i < w->keys && err == OL_OK; i++) {
        err = ol_view_add_log(w->view, &w->key[i], &w->log);
        if (err == OL_OK)
            err = s->ops->entries(s, w->line->id, &w->key[i], 0, OL_SIZE_MAX, walk_entry, w);
        if (err == OL_OK)
            err = s->ops->receipts(s, w->line->id, &w->key[i], walk_receipt, w);
    }
    return err == OL_OK ? ol_view_finish(w->view) : err;
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
static json_t *state_json(const view_walk *w, size_t line, const ol_view_item *item, uint8_t p) {
    const ol_desk_went *went = ol_desk_went_of(w->d, line, ol_view_log_key(w->view, item->log), p);
    uint64_t time = 0;
    bool is_stored = ol_view_is_stored(w->view, item->log, item->index, p, &time);
    if (!is_stored && went != NULL && went->stored > item->index) {
        is_stored = true;
        time = went->time;
    }
    if (is_stored)
        return json_pack("{s:s, s:I}", "state", "stored", "time", (json_int_t)time);
    return json_pack("{s:s}", "state",
                     went != NULL && went->sent > item->index ? "sent" : "queued");
}

static json_t *states_json(const view_walk *w, size_t line, const ol_view_item *item) {
    const ol_charter *ch = w->line->charter;
    json_t *states = json_object();
    for (uint8_t p = 0; p < ch->parties; p++)
        if (p != ol_view_log_key(w->view, item->log)->party)
            (void)json_object_set_new(states, ch->party[p].name, state_json(w, line, item, p));
    return states;
}

static json_t *crossed_json(const view_walk *w, size_t at, const ol_view_item *item) {
    json_t *list = json_array();
    char name[OL_DESK_NAME_LEN + 1];
    for (unsigned i = 0; i < item->crossings; i++) {
        ol_view_item other = ol_view_at(w->view, ol_view_crossing(w->view, at, i));
        (void)json_array_append_new(
            list, json_string(ol_desk_entry_name(w->line, ol_view_log_key(w->view, other.log),
                                                 other.index, name)));
    }
    return list;
}

static ol_err entry_json(const view_walk *w, size_t line, size_t at, json_t **ret) {
    ol_view_item item = ol_view_at(w->view, at);
    const ol_log_key *key = ol_view_log_key(w->view, item.log);
    ol_store *s = w->d->store;
    read_one r = { w->d, line, NULL };
    ol_err err = s->ops->entries(s, w->line->id, key, item.index, item.index + 1, walk_one, &r);
    if (err != OL_OK || r.entry == NULL)
        return err == OL_OK ? OL_EIO : err;
    if (item.unreadable != NULL) {
        (void)json_object_set_new(r.entry, "kind", json_string("unreadable"));
        (void)json_object_set_new(r.entry, "unreadable", json_string(item.unreadable));
    }
    (void)json_object_set_new(r.entry, "at", json_integer((json_int_t)at));
    (void)json_object_set_new(r.entry, "crossed", crossed_json(w, at, &item));
    (void)json_object_set_new(r.entry, "states", states_json(w, line, &item));
    *ret = r.entry;
    return OL_OK;
}

static ol_err page(const view_walk *w, size_t line, const ol_request *r, json_t *reply) {
    size_t len = ol_view_len(w->view);
    size_t limit = (r->given & OL_GIVEN_LIMIT) != 0 ? r->limit : PAGE_DEFAULT;
    size_t at = r->from < len ? (size_t)r->from : len;
    if ((r->given & OL_GIVEN_LAST) != 0) {
        limit = (size_t)r->last;
        at = len > limit ? len - limit : 0;
    }
    json_t *list = json_array();
    size_t bytes = 0;
    ol_err err = OL_OK;
    for (size_t n = 0; at < len && n < limit && err == OL_OK; at++, n++) {
        json_t *o = NULL;
        err = entry_json(w, line, at, &o);
        bytes += err == OL_OK ? json_dumpb(o, NULL, 0, JSON_COMPACT) + 1 : 0;
        if (bytes > ROOM) {
            json_decref(o);
            break;
        }
        (void)json_array_append_new(list, o);
    }
    (void)json_object_set_new(reply, "total", json_integer((json_int_t)len));
    (void)json_object_set_new(reply, "position", json_integer((json_int_t)w->as_of));
    (void)json_object_set_new(reply, "entries", list);
    (void)json_object_set_new(reply, "next", at < len ? json_integer((json_int_t)at) : json_null());
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
    view_walk w = { .d = d,
                    .line = d->line[line],
                    .as_of = (r->given & OL_GIVEN_CURSOR) != 0 ? r->cursor : last };
    err = build(&w);
    if (err == OL_OK)
        err = page(&w, line, r, reply);
    ol_view_free(w.view);
    free(w.key);
    if (err == OL_ENOMEM)
        return ol_refuse(why, err, "export the line and read it there",
                         "there is no memory to put so many entries in order");
    return err;
}
