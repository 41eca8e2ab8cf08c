#include "store/mem_parts.h"

/* ── arrays and bytes ──────────────────────────────────────────────────────────────────────────*/

void *ol_vec_at(const vec *a, size_t i) {
    OL_ASSERT(i < a->n);
    return a->v + i * a->size;
}

void *ol_vec_insert(ol_mem *mem, vec *a, size_t at, const void *element) {
    uint8_t *v = ol_mem_grow(mem, a->v, &a->cap, a->n + 1, a->size);
    if (v == NULL)
        return NULL;
    a->v = v;
    memmove(v + (at + 1) * a->size, v + at * a->size, (a->n - at) * a->size);
    a->n++;
    return memcpy(v + at * a->size, element, a->size);
}

void *ol_vec_push(ol_mem *mem, vec *a, const void *element) {
    return ol_vec_insert(mem, a, a->n, element);
}

void ol_vec_remove(vec *a, size_t at) {
    memmove(a->v + at * a->size, a->v + (at + 1) * a->size, (a->n - at - 1) * a->size);
    a->n--;
}

void ol_vec_free(ol_mem *mem, vec *a) {
    ol_mem_put(mem, a->v, a->cap, a->size);
    *a = (vec){ .size = a->size };
}

ol_err ol_blob_of(ol_mem *mem, const void *p, size_t len, blob *ret) {
    blob b = { .len = len };
    if (len > 0 && (b.p = ol_mem_get0(mem, len, 1)) == NULL)
        return OL_ENOMEM;
    if (len > 0)
        memcpy(b.p, p, len);
    *ret = b;
    return OL_OK;
}

void ol_blob_free(ol_mem *mem, blob *b) {
    ol_mem_put(mem, b->p, b->len, 1);
    *b = (blob){ 0 };
}

void ol_mem_log_free(ol_mem *mem, mem_log *log) {
    for (size_t i = 0; i < log->entries.n; i++)
        ol_blob_free(mem, &((mem_entry *)ol_vec_at(&log->entries, i))->body);
    ol_blob_free(mem, &log->frontier);
    ol_vec_free(mem, &log->entries);
    ol_vec_free(mem, &log->heads);
    ol_vec_free(mem, &log->receipts);
}

void ol_mem_line_free(ol_mem *mem, mem_line *line) {
    for (size_t i = 0; i < line->logs.n; i++)
        ol_mem_log_free(mem, ol_vec_at(&line->logs, i));
    for (size_t i = 0; i < line->states.n; i++) {
        mem_state *st = ol_vec_at(&line->states, i);
        ol_mem_put(mem, st->key, strlen(st->key) + 1, 1);
        ol_blob_free(mem, &st->value);
    }
    ol_vec_free(mem, &line->logs);
    ol_vec_free(mem, &line->items);
    ol_vec_free(mem, &line->states);
    ol_vec_free(mem, &line->evidence);
    ol_vec_free(mem, &line->feed);
}

mem_line ol_mem_line_of(const uint8_t *id) {
    mem_line line = { .logs.size = sizeof(mem_log),
                      .items.size = sizeof(mem_item),
                      .states.size = sizeof(mem_state),
                      .evidence.size = sizeof(mem_evidence),
                      .feed.size = sizeof(mem_feed) };
    memcpy(line.id, id, sizeof line.id);
    return line;
}

mem_log ol_mem_log_of(const ol_log_key *key) {
    return (mem_log){ .key = *key,
                      .entries.size = sizeof(mem_entry),
                      .heads.size = sizeof(mem_head),
                      .receipts.size = sizeof(mem_receipt) };
}

mem_line *ol_mem_line_find(const mem_store *m, const uint8_t *id) {
    for (size_t i = 0; i < m->lines.n; i++) {
        mem_line *line = ol_vec_at(&m->lines, i);
        if (memcmp(line->id, id, OL_LINE_ID_LEN) == 0)
            return line;
    }
    return NULL;
}

mem_log *ol_mem_log_find(const mem_line *line, const ol_log_key *key) {
    for (size_t i = 0; line != NULL && i < line->logs.n; i++) {
        mem_log *log = ol_vec_at(&line->logs, i);
        if (ol_log_key_eq(&log->key, key))
            return log;
    }
    return NULL;
}

/* ── walks ─────────────────────────────────────────────────────────────────────────────────────*/

static ol_err walk_logs(ol_store *s, const uint8_t *id, ol_log_fn *fn, void *ctx) {
    const mem_line *line = ol_mem_line_find((mem_store *)s, id);
    ol_err err = OL_OK;
    for (size_t i = 0; line != NULL && err == OL_OK && i < line->logs.n; i++) {
        const mem_log *log = ol_vec_at(&line->logs, i);
        err = fn(ctx, &(ol_stored_log){ .key = log->key,
                                        .is_closed = log->is_closed,
                                        .size = log->size,
                                        .frontier = log->frontier.p,
                                        .frontier_len = log->frontier.len });
    }
    return err;
}

static ol_err walk_heads(ol_store *s, const uint8_t *id, const ol_log_key *key, uint64_t from,
                         ol_head_fn *fn, void *ctx) {
    const mem_log *log = ol_mem_log_find(ol_mem_line_find((mem_store *)s, id), key);
    ol_err err = OL_OK;
    for (size_t i = 0; log != NULL && err == OL_OK && i < log->heads.n; i++) {
        const mem_head *h = ol_vec_at(&log->heads, i);
        if (h->size >= from)
            err = fn(ctx, &(ol_stored_head){ .log = *key,
                                             .size = h->size,
                                             .root = h->root,
                                             .sig = h->is_signed ? h->sig : NULL });
    }
    return err;
}

static ol_stored_receipt receipt_out(const mem_log *log, const mem_receipt *r) {
    return (ol_stored_receipt){ .log = log->key,
                                .party = r->party,
                                .size = r->size,
                                .time = r->time,
                                .seq = r->seq,
                                .way = r->way,
                                .sig = r->is_signed ? r->sig : NULL };
}

static ol_stored_entry entry_out(const mem_log *log, uint64_t index) {
    const mem_entry *e = ol_vec_at(&log->entries, (size_t)index);
    return (ol_stored_entry){
        .log = log->key, .index = index, .seq = e->seq, .entry = e->body.p, .len = e->body.len
    };
}

static ol_err walk_receipts(ol_store *s, const uint8_t *id, const ol_log_key *key,
                            ol_receipt_fn *fn, void *ctx) {
    const mem_log *log = ol_mem_log_find(ol_mem_line_find((mem_store *)s, id), key);
    ol_err err = OL_OK;
    for (size_t i = 0; log != NULL && err == OL_OK && i < log->receipts.n; i++) {
        ol_stored_receipt r = receipt_out(log, ol_vec_at(&log->receipts, i));
        err = fn(ctx, &r);
    }
    return err;
}

static ol_err walk_entries(ol_store *s, const uint8_t *id, const ol_log_key *key, uint64_t from,
                           uint64_t to, ol_entry_fn *fn, void *ctx) {
    const mem_log *log = ol_mem_log_find(ol_mem_line_find((mem_store *)s, id), key);
    ol_err err = OL_OK;
    for (uint64_t i = from; log != NULL && err == OL_OK && i < to && i < log->entries.n; i++) {
        ol_stored_entry e = entry_out(log, i);
        err = fn(ctx, &e);
    }
    return err;
}

static ol_err walk_state(ol_store *s, const uint8_t *id, ol_state_fn *fn, void *ctx) {
    const mem_line *line = ol_mem_line_find((mem_store *)s, id);
    ol_err err = OL_OK;
    for (size_t i = 0; line != NULL && err == OL_OK && i < line->states.n; i++) {
        const mem_state *st = ol_vec_at(&line->states, i);
        if (st->value.p != NULL)
            err = fn(ctx, st->key, st->value.p, st->value.len);
    }
    return err;
}

static ol_err walk_evidence(ol_store *s, const uint8_t *id, ol_evidence_fn *fn, void *ctx) {
    const mem_line *line = ol_mem_line_find((mem_store *)s, id);
    ol_err err = OL_OK;
    for (size_t i = 0; line != NULL && err == OL_OK && i < line->evidence.n; i++) {
        const mem_evidence *ev = ol_vec_at(&line->evidence, i);
        const mem_log *log = ol_vec_at(&line->logs, ev->log);
        err = fn(ctx, &(ol_stored_evidence){ .log = log->key,
                                             .party = ev->party,
                                             .size = ev->size,
                                             .time = ev->time,
                                             .root = ev->root,
                                             .sig = ev->sig });
    }
    return err;
}

static ol_err find_item(ol_store *s, const uint8_t *id, const uint8_t *item, ol_log_key *ret_log,
                        uint64_t *ret_index) {
    const mem_line *line = ol_mem_line_find((mem_store *)s, id);
    for (size_t i = 0; line != NULL && i < line->items.n; i++) {
        const mem_item *it = ol_vec_at(&line->items, i);
        if (memcmp(it->item, item, OL_ITEM_LEN) != 0)
            continue;
        *ret_log = ((mem_log *)ol_vec_at(&line->logs, it->log))->key;
        *ret_index = it->index;
        return OL_OK;
    }
    return OL_ENOENT;
}

static size_t feed_after(const mem_line *line, uint64_t after) {
    size_t low = 0, high = line->feed.n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (((mem_feed *)ol_vec_at(&line->feed, mid))->seq > after)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

static ol_err give_receipt(const mem_log *log, const mem_feed *f, ol_receipt_fn *fn, void *ctx) {
    for (size_t i = 0; i < log->receipts.n; i++) {
        const mem_receipt *r = ol_vec_at(&log->receipts, i);
        if (r->seq != f->seq)
            continue;
        ol_stored_receipt out = receipt_out(log, r);
        return fn(ctx, &out);
    }
    return OL_ENOENT; /* cannot be: a trim takes it out of the feed too */
}

static ol_err walk_since(ol_store *s, const uint8_t *id, uint64_t after, size_t max,
                         ol_entry_fn *entry, ol_receipt_fn *receipt, void *ctx) {
    const mem_line *line = ol_mem_line_find((mem_store *)s, id);
    ol_err err = OL_OK;
    size_t i = line == NULL ? 0 : feed_after(line, after);
    for (; line != NULL && err == OL_OK && i < line->feed.n && max > 0; i++) {
        const mem_feed *f = ol_vec_at(&line->feed, i);
        const mem_log *log = ol_vec_at(&line->logs, f->log);
        if (f->is_receipt ? receipt == NULL : entry == NULL)
            continue;
        max--;
        if (f->is_receipt) {
            err = give_receipt(log, f, receipt, ctx);
        } else {
            ol_stored_entry e = entry_out(log, f->at);
            err = entry(ctx, &e);
        }
    }
    return err;
}

static ol_err last_seq(ol_store *s, uint64_t *ret) {
    *ret = ((mem_store *)s)->seq;
    return OL_OK;
}

static ol_err walk_lines(ol_store *s, ol_line_fn *fn, void *ctx) {
    const mem_store *m = (mem_store *)s;
    ol_err err = OL_OK;
    for (size_t i = 0; err == OL_OK && i < m->lines.n; i++)
        err = fn(ctx, ((mem_line *)ol_vec_at(&m->lines, i))->id);
    return err;
}

/* ── a store, and another like it ──────────────────────────────────────────────────────────────*/

static void mem_rest(ol_store *s) {
    (void)s;
}

static void mem_close(ol_store *s) {
    mem_store *m = (mem_store *)s;
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->lines.n; i++)
        ol_mem_line_free(m->mem, ol_vec_at(&m->lines, i));
    ol_vec_free(m->mem, &m->lines);
    ol_mem_put(m->mem, m, 1, sizeof *m);
}

static const ol_store_ops mem_ops = {
    .commit = ol_store_mem_commit,
    .logs = walk_logs,
    .heads = walk_heads,
    .receipts = walk_receipts,
    .entries = walk_entries,
    .state = walk_state,
    .evidence = walk_evidence,
    .find_item = find_item,
    .since = walk_since,
    .last_seq = last_seq,
    .lines = walk_lines,
    .rest = mem_rest,
    .close = mem_close,
};

ol_err ol_store_mem_new(ol_mem *mem, ol_store **ret) {
    mem_store *m = ol_mem_get0(mem, 1, sizeof *m);
    if (m == NULL)
        return OL_ENOMEM;
    m->base.ops = &mem_ops;
    m->mem = mem;
    m->lines.size = sizeof(mem_line);
    *ret = &m->base;
    return OL_OK;
}

static ol_err copy_vec(ol_mem *mem, const vec *from, vec *to) {
    for (size_t i = 0; i < from->n; i++) {
        if (ol_vec_push(mem, to, ol_vec_at(from, i)) == NULL)
            return OL_ENOMEM;
    }
    return OL_OK;
}

/* Copies in place; what could not be copied is left empty, so that freeing works. */
static ol_err copy_blob(ol_mem *mem, blob *b) {
    const blob from = *b;
    *b = (blob){ 0 };
    return from.p == NULL ? OL_OK : ol_blob_of(mem, from.p, from.len, b);
}

static ol_err copy_log(ol_mem *mem, const mem_log *from, mem_log *to) {
    to->is_closed = from->is_closed, to->size = from->size, to->frontier = from->frontier;
    ol_err err = copy_blob(mem, &to->frontier);
    for (size_t i = 0; err == OL_OK && i < from->entries.n; i++) {
        mem_entry e = *(mem_entry *)ol_vec_at(&from->entries, i);
        err = copy_blob(mem, &e.body);
        if (err == OL_OK && ol_vec_push(mem, &to->entries, &e) == NULL) {
            ol_blob_free(mem, &e.body);
            err = OL_ENOMEM;
        }
    }
    if (err == OL_OK)
        err = copy_vec(mem, &from->heads, &to->heads);
    return err == OL_OK ? copy_vec(mem, &from->receipts, &to->receipts) : err;
}

static ol_err copy_states(ol_mem *mem, const mem_line *from, mem_line *to) {
    ol_err err = OL_OK;
    for (size_t i = 0; err == OL_OK && i < from->states.n; i++) {
        const mem_state *old = ol_vec_at(&from->states, i);
        size_t key_size = strlen(old->key) + 1;
        mem_state st = { .key = ol_mem_get0(mem, key_size, 1), .value = old->value };
        if (st.key == NULL)
            return OL_ENOMEM;
        memcpy(st.key, old->key, key_size);
        err = copy_blob(mem, &st.value);
        if (err == OL_OK && ol_vec_push(mem, &to->states, &st) == NULL)
            err = OL_ENOMEM;
        if (err != OL_OK) {
            ol_mem_put(mem, st.key, key_size, 1);
            ol_blob_free(mem, &st.value);
        }
    }
    return err;
}

static ol_err copy_line(ol_mem *mem, const mem_line *from, mem_line *to) {
    ol_err err = copy_vec(mem, &from->items, &to->items);
    if (err == OL_OK)
        err = copy_vec(mem, &from->evidence, &to->evidence);
    if (err == OL_OK)
        err = copy_vec(mem, &from->feed, &to->feed);
    if (err == OL_OK)
        err = copy_states(mem, from, to);
    for (size_t i = 0; err == OL_OK && i < from->logs.n; i++) {
        const mem_log *old = ol_vec_at(&from->logs, i);
        mem_log fresh = ol_mem_log_of(&old->key);
        mem_log *log = ol_vec_push(mem, &to->logs, &fresh);
        err = log == NULL ? OL_ENOMEM : copy_log(mem, old, log);
    }
    return err;
}

ol_err ol_store_mem_copy(const ol_store *s, ol_mem *mem, ol_store **ret) {
    const mem_store *from = (const mem_store *)s;
    ol_store *copy;
    ol_err err = ol_store_mem_new(mem, &copy);
    if (err != OL_OK)
        return err;
    mem_store *to = (mem_store *)copy;
    to->seq = from->seq;
    for (size_t i = 0; err == OL_OK && i < from->lines.n; i++) {
        const mem_line *old = ol_vec_at(&from->lines, i);
        mem_line fresh = ol_mem_line_of(old->id);
        mem_line *line = ol_vec_push(mem, &to->lines, &fresh);
        err = line == NULL ? OL_ENOMEM : copy_line(mem, old, line);
    }
    if (err == OL_OK)
        *ret = copy;
    else
        mem_close(copy);
    return err;
}

void ol_store_mem_crash(ol_store *s) {
    ol_store_mem_fail(s, 0, OL_OK);
}

void ol_store_mem_fail(ol_store *s, uint64_t nth, ol_err err) {
    mem_store *m = (mem_store *)s;
    m->fail_in = nth;
    m->fail_err = err;
}
