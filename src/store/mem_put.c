/* Puts are done one after the other on the live structures; each leaves an undo record, and a
 * commit that fails undoes them backwards. Trims, which cannot fail, come last. */
#include "store/mem_parts.h"

typedef enum {
    UNDO_LINE,
    UNDO_LOG,
    UNDO_ENTRY,
    UNDO_SIZE,
    UNDO_HEAD,
    UNDO_HEAD_SIG,
    UNDO_RECEIPT,
    UNDO_RECEIPT_SIG,
    UNDO_CLOSED,
    UNDO_STATE,
    UNDO_STATE_NEW,
    UNDO_EVIDENCE
} undo_kind;

typedef struct {
    undo_kind kind;
    bool has_item;
    size_t line, log, at;
    uint64_t size;
    blob old;
} undo;

/* The place of the first head of at least this size. */
static size_t head_place(const mem_log *log, uint64_t size) {
    size_t i = log->heads.n; /* they mostly grow at the end */
    while (i > 0 && ((mem_head *)ol_vec_at(&log->heads, i - 1))->size >= size)
        i--;
    return i;
}

static size_t receipt_place(const mem_log *log, uint8_t party, uint64_t size) {
    size_t i = log->receipts.n;
    for (; i > 0; i--) {
        const mem_receipt *r = ol_vec_at(&log->receipts, i - 1);
        if (r->party < party || (r->party == party && r->size < size))
            break;
    }
    return i;
}

static size_t state_place(const mem_line *line, const char *key) {
    size_t i = 0;
    while (i < line->states.n && strcmp(((mem_state *)ol_vec_at(&line->states, i))->key, key) < 0)
        i++;
    return i;
}

/* ── puts ─────────────────────────────────────────────────────────────────────────────────────
 * Each fills in *u, also where it fails after a change; kind UNDO_LINE then: there was none. */

typedef struct {
    mem_store *m;
    mem_line *line;
    mem_log *log; /* NULL for LOG and STATE, which need none */
    const ol_put *put;
} work;

static ol_err put_log(work *w, undo *u) {
    if (ol_mem_log_find(w->line, &w->put->log) != NULL)
        return OL_ECONFLICT;
    mem_log log = ol_mem_log_of(&w->put->log);
    if (ol_vec_push(w->m->mem, &w->line->logs, &log) == NULL)
        return OL_ENOMEM;
    u->kind = UNDO_LOG;
    return OL_OK;
}

static ol_err put_entry(work *w, undo *u) {
    const ol_put *put = w->put;
    if (put->at != w->log->entries.n)
        return OL_ECONFLICT;
    mem_entry e = { .seq = w->m->seq + 1 };
    mem_feed feed = { .seq = e.seq, .at = put->at, .log = u->log };
    mem_item item = { .log = u->log, .index = put->at };
    ol_err err = ol_blob_of(w->m->mem, put->p, put->len, &e.body);
    if (err != OL_OK)
        return err;
    if (ol_vec_push(w->m->mem, &w->log->entries, &e) == NULL) {
        ol_blob_free(w->m->mem, &e.body);
        return OL_ENOMEM;
    }
    if (ol_vec_push(w->m->mem, &w->line->feed, &feed) == NULL) {
        w->log->entries.n--;
        ol_blob_free(w->m->mem, &e.body);
        return OL_ENOMEM;
    }
    u->kind = UNDO_ENTRY;
    w->m->seq++;
    if (put->item == NULL)
        return OL_OK;
    memcpy(item.item, put->item, OL_ITEM_LEN);
    u->has_item = ol_vec_push(w->m->mem, &w->line->items, &item) != NULL;
    return u->has_item ? OL_OK : OL_ENOMEM;
}

static ol_err put_size(work *w, undo *u) {
    if (w->put->at != w->log->entries.n)
        return OL_ECONFLICT;
    blob frontier;
    ol_err err = ol_blob_of(w->m->mem, w->put->p, w->put->len, &frontier);
    if (err != OL_OK)
        return err;
    u->kind = UNDO_SIZE, u->size = w->log->size, u->old = w->log->frontier;
    w->log->size = w->put->at, w->log->frontier = frontier;
    return OL_OK;
}

static ol_err put_head(work *w, undo *u) {
    const ol_put *put = w->put;
    if (put->at > w->log->entries.n)
        return OL_ECONFLICT;
    mem_head head = { .size = put->at, .is_signed = put->p != NULL };
    memcpy(head.root, put->root, sizeof head.root);
    if (head.is_signed)
        memcpy(head.sig, put->p, sizeof head.sig);
    u->at = head_place(w->log, put->at);
    mem_head *old = u->at < w->log->heads.n ? ol_vec_at(&w->log->heads, u->at) : NULL;
    if (old == NULL || old->size != put->at) {
        if (ol_vec_insert(w->m->mem, &w->log->heads, u->at, &head) == NULL)
            return OL_ENOMEM;
        u->kind = UNDO_HEAD;
        return OL_OK;
    }
    if (memcmp(old->root, head.root, sizeof head.root) != 0)
        return OL_ECONFLICT;
    if (!old->is_signed && head.is_signed) {
        *old = head;
        u->kind = UNDO_HEAD_SIG;
    }
    return OL_OK;
}

static ol_err put_receipt_new(work *w, undo *u, mem_receipt *r) {
    mem_feed feed = {
        .seq = r->seq, .at = r->size, .log = u->log, .party = r->party, .is_receipt = true
    };
    if (ol_vec_insert(w->m->mem, &w->log->receipts, u->at, r) == NULL)
        return OL_ENOMEM;
    if (ol_vec_push(w->m->mem, &w->line->feed, &feed) == NULL) {
        ol_vec_remove(&w->log->receipts, u->at);
        return OL_ENOMEM;
    }
    w->m->seq++;
    u->kind = UNDO_RECEIPT;
    return OL_OK;
}

static ol_err put_receipt(work *w, undo *u) {
    const ol_put *put = w->put;
    mem_receipt r = { .party = put->party,
                      .way = put->way,
                      .is_signed = put->p != NULL,
                      .size = put->at,
                      .time = put->time,
                      .seq = w->m->seq + 1 };
    if (r.is_signed)
        memcpy(r.sig, put->p, sizeof r.sig);
    u->at = receipt_place(w->log, r.party, r.size);
    mem_receipt *old = u->at < w->log->receipts.n ? ol_vec_at(&w->log->receipts, u->at) : NULL;
    if (old == NULL || old->party != r.party || old->size != r.size)
        return put_receipt_new(w, u, &r);
    if (!old->is_signed && old->time != r.time)
        return OL_ECONFLICT;
    if (!old->is_signed && r.is_signed) {
        r.seq = old->seq, r.way = old->way;
        *old = r;
        u->kind = UNDO_RECEIPT_SIG;
    }
    return OL_OK;
}

static ol_err put_closed(work *w, undo *u) {
    u->kind = UNDO_CLOSED, u->at = w->log->is_closed;
    w->log->is_closed = true;
    return OL_OK;
}

static ol_err state_new(work *w, size_t at, const char *key) {
    mem_state st = { .key = ol_mem_get0(w->m->mem, strlen(key) + 1, 1) };
    if (st.key == NULL)
        return OL_ENOMEM;
    memcpy(st.key, key, strlen(key));
    if (ol_vec_insert(w->m->mem, &w->line->states, at, &st) != NULL)
        return OL_OK;
    ol_mem_put(w->m->mem, st.key, strlen(key) + 1, 1);
    return OL_ENOMEM;
}

/* A new key that is undone goes: places found before it was there are right again. */
static ol_err put_state(work *w, undo *u) {
    const ol_put *put = w->put;
    blob value;
    ol_err err = ol_blob_of(w->m->mem, put->p, put->len, &value);
    if (err != OL_OK)
        return err;
    u->at = state_place(w->line, put->key);
    const mem_state *old = u->at < w->line->states.n ? ol_vec_at(&w->line->states, u->at) : NULL;
    bool is_new = old == NULL || strcmp(old->key, put->key) != 0;
    if (is_new)
        err = state_new(w, u->at, put->key);
    if (err != OL_OK) {
        ol_blob_free(w->m->mem, &value);
        return err;
    }
    mem_state *st = ol_vec_at(&w->line->states, u->at);
    u->kind = is_new ? UNDO_STATE_NEW : UNDO_STATE, u->old = st->value;
    st->value = value;
    return OL_OK;
}

static ol_err put_evidence(work *w, undo *u) {
    const ol_put *put = w->put;
    mem_evidence ev = { .log = u->log, .party = put->party, .size = put->at, .time = put->time };
    memcpy(ev.root, put->root, sizeof ev.root);
    memcpy(ev.sig, put->p, sizeof ev.sig);
    for (size_t i = 0; i < w->line->evidence.n; i++) {
        const mem_evidence *old = ol_vec_at(&w->line->evidence, i);
        if (old->log == ev.log && old->party == ev.party && old->size == ev.size &&
            old->time == ev.time && memcmp(old->root, ev.root, sizeof ev.root) == 0)
            return OL_OK;
    }
    if (ol_vec_push(w->m->mem, &w->line->evidence, &ev) == NULL)
        return OL_ENOMEM;
    u->kind = UNDO_EVIDENCE;
    return OL_OK;
}

static ol_err put_nothing(work *w, undo *u) {
    (void)w, (void)u; /* trims come when nothing can fail any more */
    return OL_OK;
}

static ol_err (*const do_put[])(work *, undo *) = {
    [OL_PUT_LOG] = put_log,     [OL_PUT_ENTRY] = put_entry,       [OL_PUT_SIZE] = put_size,
    [OL_PUT_HEAD] = put_head,   [OL_PUT_RECEIPT] = put_receipt,   [OL_PUT_CLOSED] = put_closed,
    [OL_PUT_STATE] = put_state, [OL_PUT_EVIDENCE] = put_evidence, [OL_PUT_TRIM] = put_nothing,
};

/* ── undo, trim, commit ────────────────────────────────────────────────────────────────────────*/

static void undo_entry(mem_store *m, mem_line *line, mem_log *log, const undo *u) {
    mem_entry *e = ol_vec_at(&log->entries, log->entries.n - 1);
    ol_blob_free(m->mem, &e->body);
    log->entries.n--;
    line->feed.n--;
    if (u->has_item)
        line->items.n--;
}

static void undo_one(mem_store *m, undo *u) {
    mem_line *line = ol_vec_at(&m->lines, u->line);
    mem_log *log = u->log < line->logs.n ? ol_vec_at(&line->logs, u->log) : NULL;
    switch (u->kind) {
    case UNDO_LINE:
        break;
    case UNDO_LOG:
        ol_mem_log_free(m->mem, ol_vec_at(&line->logs, line->logs.n - 1));
        line->logs.n--;
        break;
    case UNDO_ENTRY:
        undo_entry(m, line, log, u);
        break;
    case UNDO_SIZE:
        ol_blob_free(m->mem, &log->frontier);
        log->frontier = u->old, log->size = u->size;
        break;
    case UNDO_HEAD:
        ol_vec_remove(&log->heads, u->at);
        break;
    case UNDO_HEAD_SIG:
        ((mem_head *)ol_vec_at(&log->heads, u->at))->is_signed = false;
        break;
    case UNDO_RECEIPT:
        ol_vec_remove(&log->receipts, u->at);
        line->feed.n--;
        break;
    case UNDO_RECEIPT_SIG:
        ((mem_receipt *)ol_vec_at(&log->receipts, u->at))->is_signed = false;
        break;
    case UNDO_CLOSED:
        log->is_closed = u->at != 0;
        break;
    case UNDO_STATE: {
        mem_state *st = ol_vec_at(&line->states, u->at);
        ol_blob_free(m->mem, &st->value);
        st->value = u->old;
        break;
    }
    case UNDO_STATE_NEW: {
        mem_state *st = ol_vec_at(&line->states, u->at);
        ol_blob_free(m->mem, &st->value);
        ol_mem_put(m->mem, st->key, strlen(st->key) + 1, 1);
        ol_vec_remove(&line->states, u->at);
        break;
    }
    case UNDO_EVIDENCE:
        line->evidence.n--;
        break;
    }
}

static bool is_under_receipt(const mem_log *log, uint64_t size) {
    for (size_t i = 0; i < log->receipts.n; i++) {
        if (((mem_receipt *)ol_vec_at(&log->receipts, i))->size == size)
            return true;
    }
    return false;
}

static void trim_feed(mem_line *line, uint64_t seq) {
    for (size_t i = line->feed.n; i-- > 0;) {
        if (((mem_feed *)ol_vec_at(&line->feed, i))->seq == seq) {
            ol_vec_remove(&line->feed, i);
            return;
        }
    }
}

static void trim(mem_line *line, mem_log *log, uint64_t at) {
    for (size_t i = log->receipts.n; i-- > 0;) {
        const mem_receipt *r = ol_vec_at(&log->receipts, i);
        if (r->size < at) {
            trim_feed(line, r->seq);
            ol_vec_remove(&log->receipts, i);
        }
    }
    for (size_t i = log->heads.n; i-- > 0;) {
        const mem_head *h = ol_vec_at(&log->heads, i);
        if (h->size < at && h->size % 16 != 0 && !is_under_receipt(log, h->size))
            ol_vec_remove(&log->heads, i);
    }
}

static void check_shape(const ol_put *put) {
    OL_ASSERT((unsigned)put->kind < OL_LEN(do_put) && put->at <= OL_SIZE_MAX);
    OL_ASSERT(put->kind != OL_PUT_ENTRY || (put->len >= 1 && put->p != NULL));
    OL_ASSERT(put->kind != OL_PUT_STATE || put->key != NULL);
    OL_ASSERT(put->kind != OL_PUT_HEAD || put->root != NULL);
    OL_ASSERT(put->kind != OL_PUT_EVIDENCE || (put->root != NULL && put->p != NULL));
}

static ol_err do_batch(mem_store *m, const ol_batch *batch, size_t line, vec *undos) {
    for (size_t i = 0; i < batch->n; i++) {
        const ol_put *put = &batch->put[i];
        check_shape(put);
        work w = { .m = m, .line = ol_vec_at(&m->lines, line), .put = put };
        w.log = ol_mem_log_find(w.line, &put->log);
        bool needs_log = put->kind != OL_PUT_LOG && put->kind != OL_PUT_STATE;
        if (needs_log && w.log == NULL)
            return OL_ECONFLICT;
        undo u = { .kind = UNDO_LINE, .line = line };
        if (w.log != NULL)
            u.log = (size_t)(w.log - (mem_log *)(void *)w.line->logs.v);
        ol_err err = do_put[put->kind](&w, &u);
        OL_ASSERT(ol_vec_push(m->mem, undos, &u) != NULL); /* reserved by commit */
        if (err != OL_OK)
            return err;
    }
    return OL_OK;
}

/* Every log that the batch names ends with the size its entries lead to. */
static bool is_whole(const mem_store *m, const ol_batch *batch) {
    const mem_line *line = ol_mem_line_find(m, batch->line);
    for (size_t i = 0; i < batch->n; i++) {
        const mem_log *log = ol_mem_log_find(line, &batch->put[i].log);
        if (batch->put[i].kind == OL_PUT_ENTRY && log->size != log->entries.n)
            return false;
    }
    return true;
}

static ol_err do_all(mem_store *m, const ol_batch *list, size_t n, vec *undos) {
    for (size_t i = 0; i < n; i++) {
        mem_line *line = ol_mem_line_find(m, list[i].line);
        mem_line fresh = ol_mem_line_of(list[i].line);
        if (line == NULL && (line = ol_vec_push(m->mem, &m->lines, &fresh)) == NULL)
            return OL_ENOMEM;
        size_t at = (size_t)(line - (mem_line *)(void *)m->lines.v);
        ol_err err = do_batch(m, &list[i], at, undos);
        if (err != OL_OK)
            return err;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_whole(m, &list[i]))
            return OL_ECONFLICT;
    }
    if (m->fail_in > 0 && --m->fail_in == 0)
        return m->fail_err;
    return OL_OK;
}

static void trim_all(mem_store *m, const ol_batch *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        mem_line *line = ol_mem_line_find(m, list[i].line);
        for (size_t k = 0; k < list[i].n; k++) {
            const ol_put *put = &list[i].put[k];
            if (put->kind == OL_PUT_TRIM)
                trim(line, ol_mem_log_find(line, &put->log), put->at);
        }
    }
}

ol_err ol_store_mem_commit(ol_store *s, const ol_batch *list, size_t n) {
    mem_store *m = (mem_store *)s;
    vec undos = { .size = sizeof(undo) };
    size_t lines = m->lines.n, puts = 0;
    for (size_t i = 0; i < n; i++)
        puts += list[i].n;
    if (puts > 0 && (undos.v = ol_mem_grow(m->mem, NULL, &undos.cap, puts, undos.size)) == NULL)
        return OL_ENOMEM;
    ol_err err = do_all(m, list, n, &undos);
    for (size_t i = undos.n; err != OL_OK && i-- > 0;)
        undo_one(m, ol_vec_at(&undos, i));
    for (; err != OL_OK && m->lines.n > lines; m->lines.n--)
        ol_mem_line_free(m->mem, ol_vec_at(&m->lines, m->lines.n - 1));
    if (err == OL_OK) {
        for (size_t i = 0; i < undos.n; i++)
            ol_blob_free(m->mem, &((undo *)ol_vec_at(&undos, i))->old);
        trim_all(m, list, n);
    }
    ol_vec_free(m->mem, &undos);
    return err;
}
