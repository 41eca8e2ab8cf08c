/* Reading: each walk is one statement, its rows handed on as they come. */
#include "store/sqlite_parts.h"

#include <string.h>

typedef struct {
    sq_store *q;
    sqlite3_stmt *st;
    ol_err err;
} walk;

static walk walk_of(ol_store *s, sq_query which, const uint8_t *line) {
    walk w = { .q = (sq_store *)s };
    w.st = ol_sq_stmt(w.q, which);
    w.err = w.st == NULL ? ol_sq_err(w.q, w.q->rc) : OL_OK;
    if (line != NULL)
        ol_sq_bind_bytes(w.st, 1, line, OL_LINE_ID_LEN);
    return w;
}

static walk walk_of_log(ol_store *s, sq_query which, const uint8_t *line, const ol_log_key *log) {
    walk w = walk_of(s, which, line);
    sqlite3_bind_int(w.st, 2, log->party);
    sqlite3_bind_int(w.st, 3, log->lane);
    ol_sq_bind_bytes(w.st, 4, log->incarnation, OL_INC_LEN);
    return w;
}

/* True while there is another row; the walk's error is final once it returned false. */
static bool next(walk *w) {
    if (w->err != OL_OK)
        return false;
    int rc = sqlite3_step(w->st);
    w->err = ol_sq_err(w->q, rc);
    return rc == SQLITE_ROW;
}

static ol_err done(walk *w) {
    sqlite3_reset(w->st);
    return w->err;
}

/* A column of exactly n bytes, else the file is damaged; NULL where it is NULL and may be. */
static const uint8_t *bytes(walk *w, int column, int n, bool may_be_null) {
    if (may_be_null && sqlite3_column_type(w->st, column) == SQLITE_NULL)
        return NULL;
    const uint8_t *p = sqlite3_column_blob(w->st, column);
    if (p == NULL || sqlite3_column_bytes(w->st, column) != n)
        w->err = OL_EIO;
    return p;
}

static uint64_t u64(const walk *w, int column) {
    return (uint64_t)sqlite3_column_int64(w->st, column);
}

/* Columns 0 to 2: party, lane, incarnation. */
static ol_log_key log_key(walk *w) {
    ol_log_key key = { .party = (uint8_t)sqlite3_column_int(w->st, 0),
                       .lane = (uint8_t)sqlite3_column_int(w->st, 1) };
    const uint8_t *incarnation = bytes(w, 2, OL_INC_LEN, false);
    if (w->err == OL_OK)
        memcpy(key.incarnation, incarnation, OL_INC_LEN);
    return key;
}

static ol_err walk_lines(ol_store *s, ol_line_fn *fn, void *ctx) {
    walk w = walk_of(s, Q_WALK_LINES, NULL);
    while (next(&w)) {
        const uint8_t *id = bytes(&w, 0, OL_LINE_ID_LEN, false);
        if (w.err == OL_OK)
            w.err = fn(ctx, id);
    }
    return done(&w);
}

static ol_err walk_logs(ol_store *s, const uint8_t *line, ol_log_fn *fn, void *ctx) {
    walk w = walk_of(s, Q_WALK_LOGS, line);
    while (next(&w)) {
        ol_stored_log log = { .key = log_key(&w),
                              .is_closed = sqlite3_column_int(w.st, 3) != 0,
                              .size = u64(&w, 4),
                              .frontier = sqlite3_column_blob(w.st, 5),
                              .frontier_len = (size_t)sqlite3_column_bytes(w.st, 5) };
        if (w.err == OL_OK)
            w.err = fn(ctx, &log);
    }
    return done(&w);
}

static ol_err walk_heads(ol_store *s, const uint8_t *line, const ol_log_key *log, uint64_t from,
                         ol_head_fn *fn, void *ctx) {
    walk w = walk_of_log(s, Q_WALK_HEADS, line, log);
    ol_sq_bind_u64(w.st, 5, from <= OL_SIZE_MAX ? from : OL_SIZE_MAX + 1);
    while (next(&w)) {
        ol_stored_head head = { .log = *log,
                                .size = u64(&w, 0),
                                .root = bytes(&w, 1, 32, false),
                                .sig = bytes(&w, 2, OL_SIG_LEN, true) };
        if (w.err == OL_OK)
            w.err = fn(ctx, &head);
    }
    return done(&w);
}

static ol_err walk_receipts(ol_store *s, const uint8_t *line, const ol_log_key *log,
                            ol_receipt_fn *fn, void *ctx) {
    walk w = walk_of_log(s, Q_WALK_RECEIPTS, line, log);
    while (next(&w)) {
        ol_stored_receipt r = { .log = *log,
                                .party = (uint8_t)sqlite3_column_int(w.st, 0),
                                .size = u64(&w, 1),
                                .time = u64(&w, 2),
                                .seq = u64(&w, 3),
                                .sig = bytes(&w, 4, OL_SIG_LEN, true),
                                .way = (uint8_t)sqlite3_column_int(w.st, 5) };
        if (w.err == OL_OK)
            w.err = fn(ctx, &r);
    }
    return done(&w);
}

static ol_err walk_entries(ol_store *s, const uint8_t *line, const ol_log_key *log, uint64_t from,
                           uint64_t to, ol_entry_fn *fn, void *ctx) {
    walk w = walk_of_log(s, Q_WALK_ENTRIES, line, log);
    ol_sq_bind_u64(w.st, 5, from <= OL_SIZE_MAX ? from : OL_SIZE_MAX + 1);
    ol_sq_bind_u64(w.st, 6, to <= OL_SIZE_MAX ? to : OL_SIZE_MAX + 1);
    while (next(&w)) {
        ol_stored_entry e = { .log = *log,
                              .index = u64(&w, 0),
                              .seq = u64(&w, 1),
                              .entry = sqlite3_column_blob(w.st, 2),
                              .len = (size_t)sqlite3_column_bytes(w.st, 2) };
        w.err = fn(ctx, &e);
    }
    return done(&w);
}

static ol_err walk_state(ol_store *s, const uint8_t *line, ol_state_fn *fn, void *ctx) {
    walk w = walk_of(s, Q_WALK_STATE, line);
    while (next(&w)) {
        const char *key = (const char *)sqlite3_column_text(w.st, 0);
        const uint8_t *value = sqlite3_column_blob(w.st, 1);
        w.err =
            key == NULL ? OL_ENOMEM : fn(ctx, key, value, (size_t)sqlite3_column_bytes(w.st, 1));
    }
    return done(&w);
}

static ol_err walk_evidence(ol_store *s, const uint8_t *line, ol_evidence_fn *fn, void *ctx) {
    walk w = walk_of(s, Q_WALK_EVIDENCE, line);
    while (next(&w)) {
        ol_stored_evidence e = { .log = log_key(&w),
                                 .party = (uint8_t)sqlite3_column_int(w.st, 3),
                                 .size = u64(&w, 4),
                                 .time = u64(&w, 5),
                                 .root = bytes(&w, 6, 32, false),
                                 .sig = bytes(&w, 7, OL_SIG_LEN, false) };
        if (w.err == OL_OK)
            w.err = fn(ctx, &e);
    }
    return done(&w);
}

static ol_err find_item(ol_store *s, const uint8_t *line, const uint8_t *item, ol_log_key *ret_log,
                        uint64_t *ret_index) {
    walk w = walk_of(s, Q_FIND_ITEM, line);
    ol_sq_bind_bytes(w.st, 2, item, OL_ITEM_LEN);
    bool is_there = next(&w);
    if (is_there) {
        ol_log_key key = log_key(&w);
        uint64_t index = u64(&w, 3);
        if (w.err == OL_OK)
            *ret_log = key, *ret_index = index;
    }
    ol_err err = done(&w);
    return err == OL_OK && !is_there ? OL_ENOENT : err;
}

static ol_err give_receipt(walk *w, ol_log_key key, ol_receipt_fn *fn, void *ctx) {
    ol_stored_receipt r = { .log = key,
                            .seq = u64(w, 3),
                            .sig = bytes(w, 5, OL_SIG_LEN, true),
                            .party = (uint8_t)sqlite3_column_int(w->st, 6),
                            .size = u64(w, 7),
                            .time = u64(w, 8),
                            .way = (uint8_t)sqlite3_column_int(w->st, 9) };
    return w->err == OL_OK ? fn(ctx, &r) : w->err;
}

static ol_err walk_since(ol_store *s, const uint8_t *line, uint64_t after, size_t max,
                         ol_entry_fn *entry, ol_receipt_fn *receipt, void *ctx) {
    walk w = walk_of(s, Q_SINCE, line);
    ol_sq_bind_u64(w.st, 2, after <= INT64_MAX ? after : INT64_MAX);
    ol_sq_bind_u64(w.st, 3, max <= INT64_MAX ? max : INT64_MAX);
    sqlite3_bind_int(w.st, 4, entry != NULL);
    sqlite3_bind_int(w.st, 5, receipt != NULL);
    while (next(&w)) {
        ol_log_key key = log_key(&w);
        bool is_receipt = sqlite3_column_type(w.st, 4) == SQLITE_NULL;
        if (w.err != OL_OK)
            break;
        if (is_receipt) {
            w.err = give_receipt(&w, key, receipt, ctx);
            continue;
        }
        ol_stored_entry e = { .log = key,
                              .index = u64(&w, 4),
                              .seq = u64(&w, 3),
                              .entry = sqlite3_column_blob(w.st, 5),
                              .len = (size_t)sqlite3_column_bytes(w.st, 5) };
        w.err = entry(ctx, &e);
    }
    return done(&w);
}

static ol_err last_seq(ol_store *s, uint64_t *ret) {
    *ret = ((sq_store *)s)->seq;
    return OL_OK;
}

const ol_store_ops ol_sq_ops = {
    .commit = ol_sq_commit,
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
    .rest = ol_sq_rest,
    .close = ol_sq_close,
};
