/* Schema and statements: all SQL there is. */
#include "store/sqlite_parts.h"

#include <errno.h>

/* One row per entry and receipt, its rowid the seq. A log's entries follow each other in seq order,
 * so that appending touches the end of each tree only. */
const char ol_sq_schema[] =
    "CREATE TABLE line (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE log (id INTEGER PRIMARY KEY, line INTEGER NOT NULL, party INTEGER NOT NULL,"
    " lane INTEGER NOT NULL, incarnation BLOB NOT NULL, closed INTEGER NOT NULL DEFAULT 0,"
    " size INTEGER NOT NULL DEFAULT 0, frontier BLOB,"
    " UNIQUE (line, party, lane, incarnation)) STRICT;"
    "CREATE TABLE entry (seq INTEGER PRIMARY KEY, log INTEGER NOT NULL, idx INTEGER NOT NULL,"
    " item BLOB, body BLOB NOT NULL, UNIQUE (log, idx)) STRICT;"
    "CREATE INDEX entry_item ON entry (item) WHERE item IS NOT NULL;"
    "CREATE TABLE head (log INTEGER NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, sig BLOB,"
    " PRIMARY KEY (log, size)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE receipt (seq INTEGER PRIMARY KEY, log INTEGER NOT NULL, party INTEGER NOT NULL,"
    " size INTEGER NOT NULL, time INTEGER NOT NULL, sig BLOB, way INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE (log, party, size)) STRICT;"
    "CREATE TABLE state (line INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
    " PRIMARY KEY (line, key)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE evidence (id INTEGER PRIMARY KEY, log INTEGER NOT NULL, party INTEGER NOT NULL,"
    " size INTEGER NOT NULL, time INTEGER NOT NULL, root BLOB NOT NULL, sig BLOB NOT NULL,"
    " UNIQUE (log, party, size, time, root)) STRICT;";

/* Of a file of format 1. */
const char ol_sq_from_1[] = "ALTER TABLE receipt ADD COLUMN way INTEGER NOT NULL DEFAULT 0;";

/* ── statements ────────────────────────────────────────────────────────────────────────────────*/

#define OF_LINE "(SELECT id FROM line WHERE name = ?1)"
#define OF_LOG                                                                                     \
    "(SELECT id FROM log WHERE line = " OF_LINE                                                    \
    " AND party = ?2 AND lane = ?3 AND incarnation = ?4)"
#define RECEIPT "r.party, r.size, r.time, r.seq, r.sig, r.way"

static const char *const sql[Q_N] = {
    [Q_BEGIN] = "BEGIN IMMEDIATE",
    [Q_COMMIT] = "COMMIT",
    [Q_ROLLBACK] = "ROLLBACK",
    [Q_LINE] = "SELECT id FROM line WHERE name = ?1",
    [Q_LINE_NEW] = "INSERT INTO line (name) VALUES (?1)",
    [Q_LOG] = "SELECT id, size FROM log WHERE line = ?1 AND party = ?2 AND lane = ?3"
              " AND incarnation = ?4",
    [Q_LOG_NEW] = "INSERT INTO log (line, party, lane, incarnation) VALUES (?1, ?2, ?3, ?4)",
    [Q_ENTRY] = "INSERT INTO entry (seq, log, idx, item, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    [Q_SIZE] = "UPDATE log SET size = ?2, frontier = ?3 WHERE id = ?1",
    [Q_HEAD] = "INSERT INTO head (log, size, root, sig) VALUES (?1, ?2, ?3, ?4)"
               " ON CONFLICT (log, size) DO UPDATE SET sig = coalesce(sig, excluded.sig)"
               " WHERE root = excluded.root",
    [Q_RECEIPT] = "INSERT INTO receipt (seq, log, party, size, time, sig, way)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (log, party, size)"
                  " DO UPDATE SET sig = coalesce(sig, excluded.sig)"
                  " WHERE sig IS NOT NULL OR time = excluded.time",
    [Q_CLOSED] = "UPDATE log SET closed = 1 WHERE id = ?1",
    [Q_STATE] = "INSERT INTO state (line, key, value) VALUES (?1, ?2, ?3)"
                " ON CONFLICT (line, key) DO UPDATE SET value = excluded.value",
    [Q_STATE_DROP] = "DELETE FROM state WHERE line = ?1 AND key = ?2",
    [Q_EVIDENCE] = "INSERT INTO evidence (log, party, size, time, root, sig)"
                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    /* The highest seq is never trimmed, so that it is not given out again after the next start. */
    [Q_TRIM_RECEIPTS] = "DELETE FROM receipt WHERE log = ?1 AND size < ?2"
                        " AND seq <> (SELECT max(seq) FROM receipt)",
    [Q_TRIM_HEADS] = "DELETE FROM head WHERE log = ?1 AND size < ?2 AND size % 16 <> 0"
                     " AND size NOT IN (SELECT size FROM receipt WHERE log = ?1)",
    [Q_WALK_LINES] = "SELECT name FROM line ORDER BY id",
    [Q_WALK_LOGS] = "SELECT party, lane, incarnation, closed, size, frontier FROM log"
                    " WHERE line = " OF_LINE " ORDER BY id",
    [Q_WALK_HEADS] =
        "SELECT size, root, sig FROM head WHERE log = " OF_LOG " AND size >= ?5 ORDER BY size",
    [Q_WALK_RECEIPTS] =
        "SELECT " RECEIPT " FROM receipt r WHERE log = " OF_LOG " ORDER BY party, size",
    [Q_WALK_ENTRIES] = "SELECT idx, seq, body FROM entry WHERE log = " OF_LOG
                       " AND idx >= ?5 AND idx < ?6 ORDER BY idx",
    [Q_WALK_STATE] = "SELECT key, value FROM state WHERE line = " OF_LINE " ORDER BY key",
    [Q_WALK_EVIDENCE] = "SELECT g.party, g.lane, g.incarnation, e.party, e.size, e.time, e.root,"
                        " e.sig FROM evidence e JOIN log g ON g.id = e.log WHERE g.line = " OF_LINE
                        " ORDER BY e.id",
    [Q_FIND_ITEM] = "SELECT g.party, g.lane, g.incarnation, e.idx FROM entry e"
                    " JOIN log g ON g.id = e.log WHERE e.item = ?2 AND g.line = " OF_LINE
                    " ORDER BY e.seq LIMIT 1",
    /* CROSS JOIN: in the order of seq, whatever the planner thinks of the line's share. */
    [Q_SINCE] = "SELECT * FROM (SELECT g.party, g.lane, g.incarnation, e.seq, e.idx, e.body,"
                " 0, 0, 0, 0 FROM entry e CROSS JOIN log g ON g.id = e.log"
                " WHERE e.seq > ?2 AND g.line = " OF_LINE " AND ?4"
                " UNION ALL SELECT g.party, g.lane, g.incarnation, r.seq, NULL, r.sig,"
                " r.party, r.size, r.time, r.way FROM receipt r CROSS JOIN log g ON g.id = r.log"
                " WHERE r.seq > ?2 AND g.line = " OF_LINE " AND ?5 ORDER BY 4) LIMIT ?3",
    [Q_LAST_SEQ] = "SELECT max(coalesce((SELECT max(seq) FROM entry), 0),"
                   " coalesce((SELECT max(seq) FROM receipt), 0))",
};

ol_err ol_sq_err(sq_store *q, int rc) {
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return OL_OK;
    case SQLITE_FULL:
        return OL_EFULL;
    case SQLITE_NOMEM:
        return OL_ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return OL_EAGAIN;
    default:
        return sqlite3_system_errno(q->db) == EDQUOT ? OL_EFULL : OL_EIO;
    }
}

/* Prepared when first used, kept to the end; NULL when that failed, with q->rc saying how. */
sqlite3_stmt *ol_sq_stmt(sq_store *q, sq_query which) {
    if (q->stmt[which] == NULL)
        q->rc = sqlite3_prepare_v3(q->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT,
                                   &q->stmt[which], NULL);
    return q->stmt[which];
}

/* Runs a statement that gives no rows, or of which one row is enough: it is left in q->row. */
ol_err ol_sq_run(sq_store *q, sqlite3_stmt *st) {
    if (st == NULL)
        return ol_sq_err(q, q->rc);
    int rc = sqlite3_step(st);
    q->has_row = rc == SQLITE_ROW;
    q->row[0] = q->has_row ? sqlite3_column_int64(st, 0) : 0;
    q->row[1] = q->has_row && sqlite3_column_count(st) > 1 ? sqlite3_column_int64(st, 1) : 0;
    ol_err err = ol_sq_err(q, rc);
    sqlite3_reset(st);
    return err;
}

void ol_sq_bind_u64(sqlite3_stmt *st, int at, uint64_t v) {
    sqlite3_bind_int64(st, at, (sqlite3_int64)v);
}

/* Borrowed until the statement is bound anew; NULL is NULL. */
void ol_sq_bind_bytes(sqlite3_stmt *st, int at, const uint8_t *p, size_t len) {
    if (p == NULL)
        sqlite3_bind_null(st, at);
    else
        sqlite3_bind_blob(st, at, p, (int)len, SQLITE_STATIC);
}
