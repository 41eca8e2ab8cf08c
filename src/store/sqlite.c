/* Opening and closing; sqlite_put.c commits, sqlite_walk.c reads, sqlite_sql.c has the SQL. */
#include "store/sqlite_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 500, PAGE = 2048, CACHE_KIB = 512, WAL_READY = 1 << 20, WAL_REST = 256 };

typedef struct {
    const char *home;
    char path[PATH_MAX];
    bool is_new;
    uint32_t pages_max;
    ol_store_why why;
} opening;

__attribute__((format(printf, 3, 4))) static ol_err because(opening *o, ol_err err,
                                                            const char *format, ...) {
    va_list va;
    va_start(va, format);
    vsnprintf(o->why.text, sizeof o->why.text, format, va);
    va_end(va);
    return err;
}

static ol_err because_errno(opening *o, int error) {
    switch (error) {
    case ENOENT:
        return because(o, OL_ENOENT, "there is no directory %s; make one with: openline init",
                       o->home);
    case ENOSPC:
    case EDQUOT:
        return because(o, OL_EFULL, "the disk is full at %s; free some space and start again",
                       o->home);
    case EROFS:
    case EACCES:
    case EPERM:
        return because(o, OL_EIO,
                       "cannot write to %s: %s; the store must be writable by the user "
                       "who runs the station",
                       o->path, strerror(error));
    default:
        return because(o, OL_EIO, "cannot open %s: %s", o->path, strerror(error));
    }
}

static ol_err because_sqlite(opening *o, sq_store *q, int rc) {
    int error = sqlite3_system_errno(q->db);
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return because(o, OL_EAGAIN, "%s is in use by another process; one station runs on a home",
                       o->path);
    case SQLITE_FULL:
        return because_errno(o, ENOSPC);
    case SQLITE_NOMEM:
        return because(o, OL_ENOMEM, "not enough memory to open %s", o->path);
    case SQLITE_READONLY:
        return because_errno(o, error != 0 ? error : EACCES);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return because(o, OL_EIO, "%s is damaged (%s); restore it from a backup", o->path,
                       sqlite3_errmsg(q->db));
    default:
        return error != 0 && error != ENOENT /* left over from a file that need not be there */
                   ? because_errno(o, error)
                   : because(o, OL_EIO, "cannot open %s: %s", o->path, sqlite3_errmsg(q->db));
    }
}

/* SQLite would make the file with the umask's mode. */
static ol_err make_file(opening *o) {
    int n = snprintf(o->path, sizeof o->path, "%s/store.db", o->home);
    if (n < 0 || (size_t)n >= sizeof o->path - sizeof "-wal")
        return because(o, OL_ELIMIT, "the path of the home is too long");
    int fd = (int)TEMP_FAILURE_RETRY(
        open(o->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    struct stat st;
    if (fd >= 0) {
        o->is_new = true;
        return close(fd) == 0 || errno == EINTR ? OL_OK : because_errno(o, errno);
    }
    if (errno != EEXIST || lstat(o->path, &st) != 0)
        return because_errno(o, errno);
    if (!S_ISREG(st.st_mode))
        return because(o, OL_EFORM, "%s is not a file", o->path);
    o->is_new = st.st_size == 0;
    return (st.st_mode & 077) == 0 || chmod(o->path, 0600) == 0 ? OL_OK : because_errno(o, errno);
}

static int number(sq_store *q, const char *pragma, sqlite3_int64 *ret) {
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(q->db, pragma, -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int64(st, 0);
    int last = sqlite3_finalize(st);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? last : rc;
}

static void checkpoint(sq_store *q) { /* where it fails the frames stay, to be moved next time */
    if (sqlite3_wal_checkpoint_v2(q->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) ==
        SQLITE_OK)
        q->wal_pages = 0;
}

static int on_wal(void *ctx, sqlite3 *db, const char *name, int pages) {
    (void)db, (void)name;
    sq_store *q = ctx;
    q->wal_pages = pages;
    if (pages >= OL_STORE_WAL_PAGES)
        checkpoint(q);
    return SQLITE_OK; /* the commit itself is done */
}

void ol_sq_rest(ol_store *s) {
    sq_store *q = (sq_store *)s;
    if (q->wal_pages >= WAL_REST)
        checkpoint(q);
}

/* Before the first read: nothing here looks into the file. */
static int set_up(sq_store *q) {
    sqlite3_extended_result_codes(q->db, 1);
    sqlite3_busy_timeout(q->db, BUSY_MS);
    sqlite3_db_config(q->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(q->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(q->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(q->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    char text[200];
    snprintf(text, sizeof text,
             "PRAGMA locking_mode = EXCLUSIVE; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
             "PRAGMA page_size = %d; PRAGMA cache_size = -%d;",
             PAGE, CACHE_KIB);
    sqlite3_wal_hook(q->db, on_wal, q);
    return sqlite3_exec(q->db, text, NULL, NULL, NULL);
}

static ol_err check_format(opening *o, sq_store *q) {
    sqlite3_int64 app = 0, version = 0, pages = 0;
    int rc = number(q, "PRAGMA application_id", &app);
    if (rc == SQLITE_OK)
        rc = number(q, "PRAGMA user_version", &version);
    if (rc == SQLITE_OK)
        rc = number(q, "PRAGMA page_count", &pages);
    if (rc != SQLITE_OK)
        return because_sqlite(o, q, rc);
    if (pages > 0 && app != OL_STORE_APP_ID)
        return because(o, OL_EFORM, "%s is not a store of openline", o->path);
    if (version > OL_STORE_VERSION)
        return because(o, OL_EVERSION,
                       "%s was written by a newer version (format %lld, this one knows up to %d); "
                       "run that version",
                       o->path, (long long)version, OL_STORE_VERSION);
    return OL_OK;
}

/* Both or neither. */
static int in_transaction(sq_store *q, const char *first, const char *second) {
    const char *const all[] = { "BEGIN EXCLUSIVE", first, second, "COMMIT" };
    int rc = SQLITE_OK;
    for (size_t i = 0; i < OL_LEN(all) && rc == SQLITE_OK; i++)
        rc = sqlite3_exec(q->db, all[i], NULL, NULL, NULL);
    return rc;
}

/* A file of an earlier format becomes one of this. */
static ol_err upgrade(opening *o, sq_store *q) {
    char text[64];
    sqlite3_int64 version = OL_STORE_VERSION;
    int rc = number(q, "PRAGMA user_version", &version);
    if (rc == SQLITE_OK && version >= OL_STORE_VERSION)
        return OL_OK;
    snprintf(text, sizeof text, "PRAGMA user_version = %d;", OL_STORE_VERSION);
    if (rc == SQLITE_OK)
        rc = in_transaction(q, ol_sq_from_1, text);
    return rc == SQLITE_OK ? OL_OK : because_sqlite(o, q, rc);
}

/* At once, so that a file with pages in it is ours or another program's. */
static ol_err make_tables(opening *o, sq_store *q) {
    char text[200];
    sqlite3_int64 pages = 0;
    int rc = number(q, "PRAGMA page_count", &pages);
    if (rc == SQLITE_OK && pages > 0)
        return upgrade(o, q);
    snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             OL_STORE_APP_ID, OL_STORE_VERSION);
    if (rc == SQLITE_OK)
        rc = in_transaction(q, text, ol_sq_schema);
    return rc == SQLITE_OK ? OL_OK : because_sqlite(o, q, rc);
}

/* Takes the lock, for as long as the store is open. */
static ol_err go_wal(opening *o, sq_store *q) {
    int keep = 1;
    sqlite3_int64 mode = 0;
    int rc = number(q, "PRAGMA journal_mode = WAL", &mode);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(q->db, "PRAGMA synchronous = FULL; BEGIN IMMEDIATE; ROLLBACK;", NULL,
                          NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_file_control(q->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    return rc == SQLITE_OK ? OL_OK : because_sqlite(o, q, rc);
}

/* Gives the log its blocks before they are needed: a commit that has to extend the file costs twice
 * as much. SQLite reads a log up to the first frame that does not fit. Under the exclusive lock, so
 * nobody else appends; if it fails, the log grows as it must. */
static void make_room(opening *o) {
    static const uint8_t zeros[65536];
    char path[sizeof o->path + sizeof "-wal"];
    struct stat st;
    snprintf(path, sizeof path, "%s-wal", o->path);
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        st.st_size = WAL_READY;
    for (off_t at = st.st_size; at < WAL_READY;) {
        size_t n =
            (size_t)(WAL_READY - at) < sizeof zeros ? (size_t)(WAL_READY - at) : sizeof zeros;
        ssize_t wrote = pwrite(fd, zeros, n, at);
        if (wrote <= 0)
            break;
        at += wrote;
    }
    if (fd >= 0) {
        (void)fdatasync(fd);
        (void)close(fd);
    }
}

static ol_err limit_pages(opening *o, sq_store *q) {
    char text[64];
    snprintf(text, sizeof text, "PRAGMA max_page_count = %u", o->pages_max);
    int rc = o->pages_max == 0 ? SQLITE_OK : sqlite3_exec(q->db, text, NULL, NULL, NULL);
    return rc == SQLITE_OK ? OL_OK : because_sqlite(o, q, rc);
}

static ol_err open_all(opening *o, sq_store *q) {
    ol_err err = make_file(o);
    if (err != OL_OK)
        return err;
    int rc = sqlite3_open_v2(
        o->path, &q->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = set_up(q);
    if (rc != SQLITE_OK)
        return because_sqlite(o, q, rc);
    if (sqlite3_db_readonly(q->db, "main") == 1)
        return because_errno(o, EACCES);
    if ((err = limit_pages(o, q)) != OL_OK || (err = check_format(o, q)) != OL_OK ||
        (err = make_tables(o, q)) != OL_OK || (err = go_wal(o, q)) != OL_OK)
        return err;
    make_room(o);
    err = ol_sq_run(q, ol_sq_stmt(q, Q_LAST_SEQ));
    q->seq = (uint64_t)q->row[0];
    return err == OL_OK ? OL_OK : because_sqlite(o, q, sqlite3_extended_errcode(q->db));
}

ol_err ol_store_sqlite_open(const char *home, const ol_store_sqlite_opts *opts, ol_store **ret,
                            ol_store_why *ret_why) {
    opening o = { .home = home, .pages_max = opts == NULL ? 0 : opts->pages_max };
    sq_store *q = calloc(1, sizeof *q);
    ol_err err =
        q == NULL ? because(&o, OL_ENOMEM, "not enough memory to open the store") : open_all(&o, q);
    if (err == OL_OK) {
        q->base.ops = &ol_sq_ops;
        *ret = &q->base;
        return OL_OK;
    }
    *ret_why = o.why;
    ol_sq_close((ol_store *)q);
    return err;
}

void ol_sq_close(ol_store *s) {
    sq_store *q = (sq_store *)s;
    if (q == NULL)
        return;
    for (size_t i = 0; i < Q_N; i++)
        sqlite3_finalize(q->stmt[i]);
    sqlite3_close(q->db);
    free(q->touched);
    free(q);
}
