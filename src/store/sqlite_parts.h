/* store/sqlite_parts.h — what the store/sqlite*.c files share, and nobody else: the open store, its
 * statements, how they are run. */
#ifndef OL_STORE_SQLITE_PARTS_H
#define OL_STORE_SQLITE_PARTS_H

#include <sqlite3.h>

#include "store/sqlite.h"

typedef enum {
    Q_BEGIN,
    Q_COMMIT,
    Q_ROLLBACK,
    Q_LINE,
    Q_LINE_NEW,
    Q_LOG,
    Q_LOG_NEW,
    Q_ENTRY,
    Q_SIZE,
    Q_HEAD,
    Q_RECEIPT,
    Q_CLOSED,
    Q_STATE,
    Q_STATE_DROP,
    Q_EVIDENCE,
    Q_TRIM_RECEIPTS,
    Q_TRIM_HEADS,
    Q_WALK_LINES,
    Q_WALK_LOGS,
    Q_WALK_HEADS,
    Q_WALK_RECEIPTS,
    Q_WALK_ENTRIES,
    Q_WALK_STATE,
    Q_WALK_EVIDENCE,
    Q_FIND_ITEM,
    Q_SINCE,
    Q_LAST_SEQ,
    Q_N
} sq_query;

typedef struct { /* a log that the commit under way has named */
    sqlite3_int64 line, id;
    ol_log_key key;
    uint64_t size, entries; /* as put so far */
} sq_touched;

typedef struct {
    ol_store base;
    sqlite3 *db;
    sqlite3_stmt *stmt[Q_N];
    int rc; /* of the last statement that could not be prepared */
    uint64_t seq;
    int wal_pages; /* in the log, not yet in store.db */
    bool has_row;
    sqlite3_int64 row[2]; /* the first two columns, where they are numbers */
    sq_touched *touched;
    size_t touches, touched_cap;
} sq_store;

extern const char ol_sq_schema[], ol_sq_from_1[];
extern const ol_store_ops ol_sq_ops; /* in sqlite_walk.c */

ol_err ol_sq_err(sq_store *q, int rc);
/* Prepared when first used, kept to the end; NULL when that failed (q->rc). Its rows are the
 * caller's, who resets it. */
sqlite3_stmt *ol_sq_stmt(sq_store *q, sq_query which);
/* Runs a statement that gives no rows, or of which one row is enough: it is left in q->row. */
OL_MUST ol_err ol_sq_run(sq_store *q, sqlite3_stmt *st);
void ol_sq_bind_u64(sqlite3_stmt *st, int at, uint64_t v);
/* Borrowed until the statement is bound anew; p NULL is NULL. */
void ol_sq_bind_bytes(sqlite3_stmt *st, int at, const uint8_t *p, size_t len);

ol_err ol_sq_commit(ol_store *s, const ol_batch *list, size_t n);
void ol_sq_rest(ol_store *s);
void ol_sq_close(ol_store *s);

#endif
