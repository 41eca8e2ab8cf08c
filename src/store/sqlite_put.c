/* Puts, one statement or two each, and the transaction around them. */
#include "store/sqlite_parts.h"

#include <stdlib.h>
#include <string.h>

/* ── puts ──────────────────────────────────────────────────────────────────────────────────────*/

typedef struct {
    sqlite3_int64 line;
    const ol_put *put;
    sq_touched *log; /* NULL for LOG and STATE, which need none */
} work;

static ol_err find_line(sq_store *q, const uint8_t *id, sqlite3_int64 *ret) {
    sqlite3_stmt *st = ol_sq_stmt(q, Q_LINE);
    ol_sq_bind_bytes(st, 1, id, OL_LINE_ID_LEN);
    ol_err err = ol_sq_run(q, st);
    *ret = q->row[0];
    if (err != OL_OK || q->has_row)
        return err;
    st = ol_sq_stmt(q, Q_LINE_NEW);
    ol_sq_bind_bytes(st, 1, id, OL_LINE_ID_LEN);
    err = ol_sq_run(q, st);
    *ret = sqlite3_last_insert_rowid(q->db);
    return err;
}

static void bind_log(sqlite3_stmt *st, sqlite3_int64 line, const ol_log_key *key) {
    sqlite3_bind_int64(st, 1, line);
    sqlite3_bind_int(st, 2, key->party);
    sqlite3_bind_int(st, 3, key->lane);
    ol_sq_bind_bytes(st, 4, key->incarnation, OL_INC_LEN);
}

/* The log as this commit has it so far; OL_ECONFLICT when there is none. */
static ol_err touch(sq_store *q, sqlite3_int64 line, const ol_log_key *key, sq_touched **ret) {
    for (size_t i = q->touches; i-- > 0;) {
        sq_touched *t = &q->touched[i];
        if (t->line == line && ol_log_key_eq(&t->key, key)) {
            *ret = t;
            return OL_OK;
        }
    }
    if (q->touches == q->touched_cap) {
        size_t cap = q->touched_cap == 0 ? 16 : 2 * q->touched_cap;
        sq_touched *more = realloc(q->touched, cap * sizeof *more);
        if (more == NULL)
            return OL_ENOMEM;
        q->touched = more, q->touched_cap = cap;
    }
    sqlite3_stmt *st = ol_sq_stmt(q, Q_LOG);
    bind_log(st, line, key);
    ol_err err = ol_sq_run(q, st);
    if (err != OL_OK || !q->has_row)
        return err != OL_OK ? err : OL_ECONFLICT;
    sq_touched *t = &q->touched[q->touches++];
    *t = (sq_touched){ .line = line, .key = *key, .id = q->row[0] };
    t->size = t->entries = (uint64_t)q->row[1];
    *ret = t;
    return OL_OK;
}

static ol_err put_log(sq_store *q, const work *w) {
    sqlite3_stmt *st = ol_sq_stmt(q, Q_LOG);
    bind_log(st, w->line, &w->put->log);
    ol_err err = ol_sq_run(q, st);
    if (err != OL_OK || q->has_row)
        return err != OL_OK ? err : OL_ECONFLICT;
    st = ol_sq_stmt(q, Q_LOG_NEW);
    bind_log(st, w->line, &w->put->log);
    return ol_sq_run(q, st);
}

static ol_err put_entry(sq_store *q, const work *w) {
    if (w->put->at != w->log->entries)
        return OL_ECONFLICT;
    sqlite3_stmt *st = ol_sq_stmt(q, Q_ENTRY);
    ol_sq_bind_u64(st, 1, ++q->seq);
    sqlite3_bind_int64(st, 2, w->log->id);
    ol_sq_bind_u64(st, 3, w->put->at);
    ol_sq_bind_bytes(st, 4, w->put->item, OL_ITEM_LEN);
    ol_sq_bind_bytes(st, 5, w->put->p, w->put->len);
    w->log->entries++;
    return ol_sq_run(q, st);
}

static ol_err put_size(sq_store *q, const work *w) {
    if (w->put->at != w->log->entries)
        return OL_ECONFLICT;
    sqlite3_stmt *st = ol_sq_stmt(q, Q_SIZE);
    sqlite3_bind_int64(st, 1, w->log->id);
    ol_sq_bind_u64(st, 2, w->put->at);
    ol_sq_bind_bytes(st, 3, w->put->len > 0 ? w->put->p : NULL, w->put->len);
    w->log->size = w->put->at;
    return ol_sq_run(q, st);
}

static ol_err put_head(sq_store *q, const work *w) {
    if (w->put->at > w->log->entries)
        return OL_ECONFLICT;
    sqlite3_stmt *st = ol_sq_stmt(q, Q_HEAD);
    sqlite3_bind_int64(st, 1, w->log->id);
    ol_sq_bind_u64(st, 2, w->put->at);
    ol_sq_bind_bytes(st, 3, w->put->root, 32);
    ol_sq_bind_bytes(st, 4, w->put->p, OL_SIG_LEN);
    ol_err err = ol_sq_run(q, st);
    return err == OL_OK && sqlite3_changes(q->db) == 0 ? OL_ECONFLICT : err;
}

static ol_err put_receipt(sq_store *q, const work *w) {
    sqlite3_stmt *st = ol_sq_stmt(q, Q_RECEIPT);
    ol_sq_bind_u64(st, 1, ++q->seq);
    sqlite3_bind_int64(st, 2, w->log->id);
    sqlite3_bind_int(st, 3, w->put->party);
    ol_sq_bind_u64(st, 4, w->put->at);
    ol_sq_bind_u64(st, 5, w->put->time);
    ol_sq_bind_bytes(st, 6, w->put->p, OL_SIG_LEN);
    sqlite3_bind_int(st, 7, w->put->way);
    ol_err err = ol_sq_run(q, st);
    return err == OL_OK && sqlite3_changes(q->db) == 0 ? OL_ECONFLICT : err;
}

static ol_err put_closed(sq_store *q, const work *w) {
    sqlite3_stmt *st = ol_sq_stmt(q, Q_CLOSED);
    sqlite3_bind_int64(st, 1, w->log->id);
    return ol_sq_run(q, st);
}

static ol_err put_state(sq_store *q, const work *w) {
    bool is_drop = w->put->len == 0;
    sqlite3_stmt *st = ol_sq_stmt(q, is_drop ? Q_STATE_DROP : Q_STATE);
    sqlite3_bind_int64(st, 1, w->line);
    sqlite3_bind_text(st, 2, w->put->key, -1, SQLITE_STATIC);
    if (!is_drop)
        ol_sq_bind_bytes(st, 3, w->put->p, w->put->len);
    return ol_sq_run(q, st);
}

static ol_err put_evidence(sq_store *q, const work *w) {
    sqlite3_stmt *st = ol_sq_stmt(q, Q_EVIDENCE);
    sqlite3_bind_int64(st, 1, w->log->id);
    sqlite3_bind_int(st, 2, w->put->party);
    ol_sq_bind_u64(st, 3, w->put->at);
    ol_sq_bind_u64(st, 4, w->put->time);
    ol_sq_bind_bytes(st, 5, w->put->root, 32);
    ol_sq_bind_bytes(st, 6, w->put->p, OL_SIG_LEN);
    return ol_sq_run(q, st);
}

static ol_err put_trim(sq_store *q, const work *w) {
    for (sq_query which = Q_TRIM_RECEIPTS; which <= Q_TRIM_HEADS; which++) {
        sqlite3_stmt *st = ol_sq_stmt(q, which);
        sqlite3_bind_int64(st, 1, w->log->id);
        ol_sq_bind_u64(st, 2, w->put->at);
        ol_err err = ol_sq_run(q, st);
        if (err != OL_OK)
            return err;
    }
    return OL_OK;
}

static ol_err (*const do_put[])(sq_store *, const work *) = {
    [OL_PUT_LOG] = put_log,     [OL_PUT_ENTRY] = put_entry,       [OL_PUT_SIZE] = put_size,
    [OL_PUT_HEAD] = put_head,   [OL_PUT_RECEIPT] = put_receipt,   [OL_PUT_CLOSED] = put_closed,
    [OL_PUT_STATE] = put_state, [OL_PUT_EVIDENCE] = put_evidence, [OL_PUT_TRIM] = put_trim,
};

static void check_shape(const ol_put *put) {
    OL_ASSERT((unsigned)put->kind < OL_LEN(do_put) && put->at <= OL_SIZE_MAX);
    OL_ASSERT(put->kind != OL_PUT_ENTRY || (put->len >= 1 && put->p != NULL));
    OL_ASSERT(put->kind != OL_PUT_STATE || put->key != NULL);
    OL_ASSERT(put->kind != OL_PUT_HEAD || put->root != NULL);
    OL_ASSERT(put->kind != OL_PUT_EVIDENCE || (put->root != NULL && put->p != NULL));
}

/* All puts of a batch that are trims, or all that are not. */
static ol_err do_batch(sq_store *q, const ol_batch *batch, bool wants_trims) {
    work w = { .put = NULL };
    ol_err err = find_line(q, batch->line, &w.line);
    for (size_t i = 0; err == OL_OK && i < batch->n; i++) {
        w.put = &batch->put[i];
        w.log = NULL;
        check_shape(w.put);
        if ((w.put->kind == OL_PUT_TRIM) != wants_trims)
            continue;
        if (w.put->kind != OL_PUT_LOG && w.put->kind != OL_PUT_STATE)
            err = touch(q, w.line, &w.put->log, &w.log);
        if (err == OL_OK)
            err = do_put[w.put->kind](q, &w);
    }
    return err;
}

static ol_err do_all(sq_store *q, const ol_batch *list, size_t n) {
    ol_err err = OL_OK;
    for (size_t i = 0; err == OL_OK && i < n; i++)
        err = do_batch(q, &list[i], false);
    for (size_t i = 0; err == OL_OK && i < n; i++)
        err = do_batch(q, &list[i], true);
    for (size_t i = 0; err == OL_OK && i < q->touches; i++) {
        if (q->touched[i].size != q->touched[i].entries)
            return OL_ECONFLICT;
    }
    return err;
}

ol_err ol_sq_commit(ol_store *s, const ol_batch *list, size_t n) {
    sq_store *q = (sq_store *)s;
    uint64_t seq = q->seq;
    q->touches = 0;
    if (n == 0)
        return OL_OK;
    ol_err err = ol_sq_run(q, ol_sq_stmt(q, Q_BEGIN));
    if (err != OL_OK)
        return err;
    err = do_all(q, list, n);
    if (err == OL_OK)
        err = ol_sq_run(q, ol_sq_stmt(q, Q_COMMIT));
    if (err == OL_OK)
        return OL_OK;
    q->seq = seq;
    if (!sqlite3_get_autocommit(q->db)) /* some failures have rolled back already */
        return ol_sq_run(q, ol_sq_stmt(q, Q_ROLLBACK)) == OL_OK ? err : OL_EIO;
    return err;
}
