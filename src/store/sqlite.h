/* store/sqlite.h — the store of a home in one SQLite file, `store.db`.
 * File     mode 0600, created if absent; WAL, synchronous FULL: one fdatasync a commit, and three
 *          more when the log has been moved into store.db. Beside it store.db-wal, 1 MiB from the
 *          start and kept when the store is closed (a log that need not grow costs no metadata
 *          write), at most OL_STORE_WAL_PAGES pages or one transaction more than that.
 * Lock     exclusive while it is open; a second process gets OL_EAGAIN, after half a second.
 * Format   application_id OL_STORE_APP_ID, user_version OL_STORE_VERSION; a higher one is
 *          OL_EVERSION, another program's file OL_EFORM.
 * Errors   of opening: OL_ENOENT no such home, OL_EIO not writable or damaged, OL_EFULL, OL_EAGAIN,
 *          OL_EVERSION, OL_EFORM, OL_ENOMEM; *ret_why says in a sentence what was wrong and what to
 *          do, and is written on failure only.
 * Memory   from the C heap: about 600 KiB of pages at most, whatever the store holds.
 * Source   docs/PROTOCOL.md §3.6; sqlite.org/wal.html, sqlite.org/pragma.html */
#ifndef OL_STORE_SQLITE_H
#define OL_STORE_SQLITE_H

#include "store/store.h"

enum {
    OL_STORE_APP_ID = 0x6f706c6e, /* "opln" */
    OL_STORE_VERSION = 2,         /* 2: by which way a receipt came */
    OL_STORE_WAL_PAGES = 2000,    /* of 2,048 bytes; then they move into store.db, if not before */
    OL_STORE_WHY_MAX = 320
};

typedef struct {
    char text[OL_STORE_WHY_MAX]; /* NUL-terminated */
} ol_store_why;

typedef struct {
    uint32_t pages_max; /* of store.db, of 2,048 bytes; beyond: OL_EFULL. 0: the disk decides */
} ol_store_sqlite_opts;

/* home: the directory's path. opts NULL: all zeros. */
OL_MUST ol_err ol_store_sqlite_open(const char *home, const ol_store_sqlite_opts *opts,
                                    ol_store **ret, ol_store_why *ret_why);

#endif
