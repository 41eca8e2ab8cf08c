/* The store in a file: the n-th call of each kind that SQLite makes of the disk fails, and the n-th
 * request for memory, for n = 0, 1, 2 … until none is left that fails; once, and from there on.
 * Opening and commits fail cleanly or are done; what was acknowledged is there when it is opened
 * again; what failed is there whole or not at all; the same again succeeds.
 *   fault_sqlite [--whole]    every n: half a minute; else strides where they are many */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "fault/lib_lack.h"
#include "fault/lib_vfs.h"
#include "store/sqlite.h"

static const uint8_t LINE[OL_LINE_ID_LEN] = "a line";
static const ol_log_key LOG = { 0, OL_LANE_URGENT, "abcdefg" };
static uint8_t bytes[2048];
static char home[64];

static bool is_whole;

static uint64_t after(uint64_t n, uint64_t dense) {
    return n + (is_whole || n < dense ? 1 : 5 + n % 19);
}

enum { BATCHES = 8, ENTRIES = 24 }; /* per batch; enough pages for the log to be moved */

static void name_of(const char *leaf, char to[96]) {
    (void)snprintf(to, 96, "%s/%s", home, leaf);
}

static void clean(void) {
    static const char *const leaf[] = { "store.db", "store.db-wal", "store.db-journal",
                                        "store.db-shm" };
    char path[96];
    for (size_t i = 0; i < OL_LEN(leaf); i++)
        name_of(leaf[i], path), (void)unlink(path);
}

static int setup(void **state) {
    (void)state;
    const char *under = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* fsync costs less */
    (void)snprintf(home, sizeof home, "%s/openline-fault-XXXXXX", under);
    assert_non_null(mkdtemp(home));
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + 1);
    vfs_install();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    vfs_remove();
    clean();
    return rmdir(home);
}

static void add(ol_put *put, size_t *n, ol_put p) {
    p.log = LOG;
    put[(*n)++] = p;
}

/* Batch number b: its entries, size, head, receipt, a state; the first makes the log. */
static ol_err commit(ol_store *s, uint64_t b) {
    ol_put put[ENTRIES + 8];
    size_t n = 0;
    uint64_t from = b * ENTRIES, to = from + ENTRIES;
    uint8_t *root = bytes + b, *sig = bytes + 100 + b;
    if (b == 0)
        add(put, &n, (ol_put){ .kind = OL_PUT_LOG });
    for (uint64_t i = from; i < to; i++)
        add(put, &n, (ol_put){ .kind = OL_PUT_ENTRY, .at = i, .p = bytes, .len = 300 + (size_t)i });
    add(put, &n, (ol_put){ .kind = OL_PUT_SIZE, .at = to, .p = bytes, .len = 40 });
    add(put, &n, (ol_put){ .kind = OL_PUT_HEAD, .at = to, .root = root, .p = sig, .len = 64 });
    add(put, &n,
        (ol_put){ .kind = OL_PUT_RECEIPT, .party = 1, .at = to, .time = b, .p = sig, .len = 64 });
    add(put, &n, (ol_put){ .kind = OL_PUT_STATE, .key = "batch", .p = bytes + b, .len = 8 });
    add(put, &n, (ol_put){ .kind = OL_PUT_TRIM, .at = from });
    ol_batch batch = { .put = put, .n = n };
    memcpy(batch.line, LINE, sizeof LINE);
    return s->ops->commit(s, &batch, 1);
}

typedef struct {
    uint64_t size, entries, seq, heads, receipts, state;
    bool is_bad;
} seen;

static ol_err on_log(void *ctx, const ol_stored_log *g) {
    ((seen *)ctx)->size = g->size;
    return OL_OK;
}
static ol_err on_entry(void *ctx, const ol_stored_entry *e) {
    seen *v = ctx;
    v->is_bad |= e->index != v->entries || e->seq <= v->seq || e->len != 300 + e->index ||
                 memcmp(e->entry, bytes, e->len) != 0;
    v->entries++, v->seq = e->seq;
    return OL_OK;
}
static ol_err on_head(void *ctx, const ol_stored_head *h) {
    ((seen *)ctx)->heads = h->size;
    return OL_OK;
}
static ol_err on_receipt(void *ctx, const ol_stored_receipt *r) {
    ((seen *)ctx)->receipts = r->size;
    return OL_OK;
}
static ol_err on_state(void *ctx, const char *key, const uint8_t *p, size_t len) {
    seen *v = ctx;
    v->is_bad |= strcmp(key, "batch") != 0 || len != 8;
    for (uint64_t b = 0; b < BATCHES + 1; b++)
        if (memcmp(p, bytes + b, 8) == 0)
            v->state = b + 1;
    return OL_OK;
}

/* So many batches are in the store, each whole; a store that cannot be read says so. */
static ol_err count(ol_store *s, uint64_t *ret) {
    seen v = { 0 };
    ol_err err = s->ops->logs(s, LINE, on_log, &v);
    if (err == OL_OK)
        err = s->ops->entries(s, LINE, &LOG, 0, OL_SIZE_MAX, on_entry, &v);
    if (err == OL_OK)
        err = s->ops->heads(s, LINE, &LOG, 0, on_head, &v);
    if (err == OL_OK)
        err = s->ops->receipts(s, LINE, &LOG, on_receipt, &v);
    if (err == OL_OK)
        err = s->ops->state(s, LINE, on_state, &v);
    if (err != OL_OK)
        return err;
    assert_false(v.is_bad);
    assert_true(v.size % ENTRIES == 0 && v.entries == v.size && v.heads == v.size &&
                v.receipts == v.size && v.state * ENTRIES == v.size);
    *ret = v.size / ENTRIES;
    return OL_OK;
}

static ol_store *opened(void) {
    ol_store *s = NULL;
    ol_store_why why;
    if (ol_store_sqlite_open(home, NULL, &s, &why) != OL_OK)
        fail_msg("%s", why.text);
    return s;
}

static bool is_told(ol_err err) {
    return err == OL_EFULL || err == OL_EIO || err == OL_ENOMEM || err == OL_EAGAIN;
}

/* A store opened, and batches committed to it up to BATCHES, each until it is done or has failed
 * three times; housekeeping and reading in between. The number acknowledged. */
static uint64_t work(uint64_t done, bool *ret_failed) {
    ol_store *s = NULL;
    ol_store_why why = { "untouched" };
    ol_err err = ol_store_sqlite_open(home, NULL, &s, &why);
    if (err != OL_OK) {
        assert_true(is_told(err));
        assert_null(s);
        if (strstr(why.text, home) == NULL && err != OL_ENOMEM)
            fail_msg("\"%s\" does not say where", why.text);
        *ret_failed = true;
        return done;
    }
    for (unsigned tries = 0; done < BATCHES && tries < 3;) {
        uint64_t n = 0;
        err = commit(s, done);
        *ret_failed |= err != OL_OK;
        assert_true(err == OL_OK || is_told(err));
        done += err == OL_OK, tries += err != OL_OK;
        err = count(s, &n);
        *ret_failed |= err != OL_OK;
        assert_true(err == OL_OK ? n == done : is_told(err));
        s->ops->rest(s);
    }
    s->ops->close(s);
    return done;
}

/* Afterwards, with a disk that works: the acknowledged is there, at most one batch more. */
static void look(uint64_t done) {
    uint64_t n = 0;
    ol_store *s = opened();
    assert_int_equal(count(s, &n), OL_OK);
    assert_true(n == done || n == done + 1);
    for (; n < BATCHES; n++)
        assert_int_equal(commit(s, n), OL_OK);
    s->ops->close(s);
    s = opened();
    assert_int_equal(count(s, &n), OL_OK);
    assert_int_equal(n, BATCHES);
    s->ops->close(s);
}

static const struct {
    vfs_kind kind;
    int rc;
} faults[] = {
    { VFS_WRITE, SQLITE_FULL },          { VFS_WRITE, SQLITE_IOERR_WRITE },
    { VFS_SYNC, SQLITE_IOERR_FSYNC },    { VFS_READ, SQLITE_IOERR_READ },
    { VFS_OPEN, SQLITE_CANTOPEN },       { VFS_TRUNCATE, SQLITE_IOERR_TRUNCATE },
    { VFS_SIZE, SQLITE_IOERR_FSTAT },    { VFS_DELETE, SQLITE_IOERR_DELETE },
    { VFS_ACCESS, SQLITE_IOERR_ACCESS }, { VFS_LOCK, SQLITE_BUSY },
    { VFS_LOCK, SQLITE_IOERR_LOCK },
};

/* What a crash left behind is there too: recovery, with the frames of the log to be read again. */
static uint64_t begin(bool is_old) {
    clean();
    if (!is_old)
        return 0;
    ol_store *s = opened();
    for (uint64_t b = 0; b < 3; b++)
        assert_int_equal(commit(s, b), OL_OK);
    s->ops->close(s); /* the log is kept */
    return 3;
}

static uint64_t fail_from(size_t which, bool is_old, uint64_t in_a_row) {
    uint64_t points = 0;
    for (uint64_t n = 0;; n = after(n, 40)) {
        bool has_failed = false;
        uint64_t done = begin(is_old);
        vfs_now = (vfs_plan){ .is_armed = true,
                              .kind = faults[which].kind,
                              .rc = faults[which].rc,
                              .from = n,
                              .to = n + in_a_row };
        done = work(done, &has_failed);
        bool was_hit = vfs_now.calls[faults[which].kind] > n;
        vfs_now.is_armed = false;
        look(done);
        if (!was_hit)
            return points;
        points++;
    }
}

static void the_disk(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(faults); i++) {
        uint64_t points = 0;
        for (unsigned is_old = 0; is_old < 2; is_old++) {
            points += fail_from(i, is_old, 1);
            points += fail_from(i, is_old, 1000000);
        }
        print_message("%-8s %5d: %llu fault points\n", vfs_kind_name[faults[i].kind], faults[i].rc,
                      (unsigned long long)points);
    }
}

/* ---- memory ---- */

static void memory(void **state) {
    (void)state;
    uint64_t points = 0, most = 0;
    for (unsigned is_old = 0; is_old < 2; is_old++)
        for (unsigned many = 0; many < 2; many++) {
            bool was_hit = true;
            for (uint64_t n = 0; was_hit; n = after(n, 60), points++) {
                bool has_failed = false;
                lack_now.to = 0;
                uint64_t done = begin(is_old);
                lack_now = (lack_plan){ .from = n, .to = many ? UINT64_MAX : n + 1 };
                done = work(done, &has_failed);
                was_hit = lack_now.calls > n;
                most = lack_now.calls > most ? lack_now.calls : most;
                lack_now.to = 0;
                look(done);
            }
        }
    print_message("%llu fault points of %llu requests\n", (unsigned long long)points,
                  (unsigned long long)most);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(memory, setup, teardown),
    };
    is_whole = argc > 1 && strcmp(argv[1], "--whole") == 0;
    lack_install();
    return cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
