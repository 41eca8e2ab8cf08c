/* What only the store in a file has: the file, its lock and format, a full disk, a process killed,
 * writes and syncs that fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
// cmocka wants those before it
#include <cmocka.h>

#include <sqlite3.h>

#include "store/sqlite.h"
#include "fault/lib_vfs.h"

static const uint8_t LINE[OL_LINE_ID_LEN] = "a line", BYTES[2048] = "bytes";
static const ol_log_key LOG = { 0, OL_LANE_URGENT, "abcdefg" };

static char home[64], path[96], wal[96];

static int setup(void **state) {
    (void)state;
    snprintf(home, sizeof home, "/tmp/openline-store-XXXXXX");
    assert_non_null(mkdtemp(home));
    snprintf(path, sizeof path, "%s/store.db", home);
    snprintf(wal, sizeof wal, "%s/store.db-wal", home);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unlink(path), unlink(wal);
    return rmdir(home);
}

static ol_store *opened(void) {
    ol_store *s = NULL;
    ol_store_why why;
    if (ol_store_sqlite_open(home, NULL, &s, &why) != OL_OK)
        fail_msg("%s", why.text);
    return s;
}

static void refused(const char *where, ol_err want, const char *word) {
    ol_store *s = NULL;
    ol_store_why why = { "untouched" };
    assert_int_equal(ol_store_sqlite_open(where, NULL, &s, &why), want);
    assert_null(s);
    if (strstr(why.text, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why.text, word);
}

/* Entry n of the log, with its size, a head and a receipt; entry 0 makes the log. */
static ol_err commit_entry(ol_store *s, uint64_t n, size_t len) {
    const ol_put put[] = {
        { .kind = OL_PUT_LOG, .log = LOG },
        { .kind = OL_PUT_ENTRY, .log = LOG, .at = n, .p = BYTES, .len = len },
        { .kind = OL_PUT_SIZE, .log = LOG, .at = n + 1, .p = BYTES, .len = 40 },
        { .kind = OL_PUT_HEAD, .log = LOG, .at = n + 1, .root = BYTES, .p = BYTES },
        { .kind = OL_PUT_RECEIPT, .log = LOG, .party = 1, .at = n + 1, .p = BYTES },
    };
    ol_batch batch = { .put = n == 0 ? put : put + 1, .n = n == 0 ? 5 : 4 };
    memcpy(batch.line, LINE, sizeof LINE);
    return s->ops->commit(s, &batch, 1);
}

static ol_err check_entry(void *ctx, const ol_stored_entry *e) {
    uint64_t *next = ctx;
    assert_int_equal(e->index, *next);
    assert_memory_equal(e->entry, BYTES, e->len);
    ++*next;
    return OL_OK;
}
static ol_err check_log(void *ctx, const ol_stored_log *log) {
    assert_true(ol_log_key_eq(&log->key, &LOG));
    *(uint64_t *)ctx = log->size;
    return OL_OK;
}

/* How many entries there are; sizes, entries and receipts agree about it. */
static uint64_t entries_of(ol_store *s) {
    uint64_t size = 0, n = 0, also = 0;
    assert_int_equal(s->ops->logs(s, LINE, check_log, &size), OL_OK);
    assert_int_equal(s->ops->entries(s, LINE, &LOG, 0, OL_SIZE_MAX, check_entry, &n), OL_OK);
    assert_int_equal(s->ops->since(s, LINE, 0, SIZE_MAX, check_entry, NULL, &also), OL_OK);
    assert_int_equal(n, size);
    assert_int_equal(also, size);
    return size;
}

static void modes(void **state) {
    (void)state;
    struct stat st;
    mode_t old = umask(0);
    ol_store *s = opened();
    umask(old);
    assert_int_equal(commit_entry(s, 0, 9), OL_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    s->ops->close(s);
    assert_int_equal(chmod(path, 0644), 0);
    s = opened();
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    s->ops->close(s);
}

static void one_at_a_time(void **state) {
    (void)state;
    ol_store *s = opened();
    refused(home, OL_EAGAIN, "in use by another process");
    pid_t child = fork();
    if (child == 0) {
        ol_store *t = NULL;
        ol_store_why why;
        _exit(ol_store_sqlite_open(home, NULL, &t, &why) == OL_EAGAIN ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(commit_entry(s, 0, 9), OL_OK); /* the first one was not disturbed */
    s->ops->close(s);
    s = opened();
    s->ops->close(s);
}

static void write_sql(const char *sql) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void formats(void **state) {
    (void)state;
    ol_store *s = opened();
    assert_int_equal(commit_entry(s, 0, 9), OL_OK);
    s->ops->close(s);
    write_sql("PRAGMA user_version = 3");
    refused(home, OL_EVERSION, "newer version");
    write_sql("PRAGMA user_version = 2; PRAGMA application_id = 7");
    refused(home, OL_EFORM, "not a store of openline");
    write_sql("PRAGMA application_id = 0x6f706c6e; PRAGMA user_version = 1;"
              "ALTER TABLE receipt DROP COLUMN way"); /* as the first format was */
    s = opened();
    assert_int_equal(entries_of(s), 1);
    assert_int_equal(commit_entry(s, 1, 9), OL_OK);
    s->ops->close(s);
    s = opened();
    assert_int_equal(entries_of(s), 2);
    s->ops->close(s);
}

static void write_file(const char *to, const char *text, size_t n) {
    int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, text, n), n);
    close(fd);
}

static void not_a_store(void **state) {
    (void)state;
    char text[5000];
    memset(text, 'x', sizeof text);
    write_file(path, text, sizeof text);
    refused(home, OL_EIO, "damaged");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    refused(home, OL_EFORM, "not a file");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink("/dev/null", path), 0);
    refused(home, OL_EFORM, "not a file");
    assert_int_equal(unlink(path), 0);
    write_file(path, "", 0); /* a start that was killed early */
    ol_store *s = opened();
    s->ops->close(s);
    refused("/nonexistent/home", OL_ENOENT, "openline init");
    refused("/sys", OL_EIO, "cannot write to /sys/store.db");
    memset(text, 'y', sizeof text - 1), text[sizeof text - 1] = 0;
    refused(text, OL_ELIMIT, "too long");
}

/* Until the disk is full, then once more: told so, nothing half there, and on with more room. */
static void fill(ol_store *s, uint64_t *ret_n) {
    uint64_t n = entries_of(s);
    ol_err err = OL_OK;
    while (n < 5000 && (err = commit_entry(s, n, 2000)) == OL_OK)
        n++;
    assert_int_equal(err, OL_EFULL);
    assert_int_equal(commit_entry(s, n, 2000), OL_EFULL);
    assert_int_equal(entries_of(s), n);
    assert_true(n > 5);
    *ret_n = n;
}

static void pages_run_out(void **state) {
    (void)state;
    ol_store *s = NULL;
    ol_store_why why;
    uint64_t n;
    assert_int_equal(
        ol_store_sqlite_open(home, &(ol_store_sqlite_opts){ .pages_max = 100 }, &s, &why), OL_OK);
    fill(s, &n);
    s->ops->close(s);
    s = opened();
    assert_int_equal(entries_of(s), n);
    assert_int_equal(commit_entry(s, n, 2000), OL_OK);
    s->ops->close(s);
}

static void disk_runs_out(void **state) {
    (void)state;
    uint64_t n;
    if (mount("none", home, "tmpfs", 0, "size=2m,mode=0700") != 0)
        skip(); /* not root, or not allowed to mount: pages_run_out has tested most of it */
    ol_store *s = opened();
    fill(s, &n);
    s->ops->close(s);
    s = opened(); /* to be read, to send what is stored */
    assert_int_equal(entries_of(s), n);
    s->ops->close(s);
    assert_int_equal(mount("none", home, "tmpfs", MS_REMOUNT, "size=8m"), 0);
    s = opened();
    assert_int_equal(commit_entry(s, n, 2000), OL_OK);
    s->ops->close(s);
    assert_int_equal(umount2(home, MNT_DETACH), 0);
}

static void killed(void **state) {
    (void)state;
    uint64_t n = 0;
    unsigned behind = 0;
    for (int round = 0; round < 12; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            ol_store *s = opened();
            for (uint64_t i = n; commit_entry(s, i, 300) == OL_OK; i++) {
                if (write(ends[1], &i, sizeof i) != sizeof i)
                    break;
            }
            _exit(1);
        }
        close(ends[1]);
        uint64_t last = 0;
        int until = 1 + round * 7;
        for (int i = 0; i < until && read(ends[0], &last, sizeof last) == sizeof last; i++)
            ;
        kill(child, SIGKILL);
        while (read(ends[0], &last, sizeof last) == sizeof last)
            ;
        close(ends[0]);
        assert_int_equal(waitpid(child, NULL, 0), child);
        ol_store *s = opened();
        n = entries_of(s);
        s->ops->close(s);
        assert_true(n == last + 1 || n == last + 2); /* at most the one that nobody was told of */
        behind += n == last + 2;
    }
    print_message("%u of 12 kills came between commit and word of it\n", behind);
}

/* Calls of every kind are counted, and none fails. */
static void watch(void) {
    vfs_install();
    vfs_now = (vfs_plan){ .is_armed = true, .kind = VFS_KINDS };
}

/* This call of its kind, counted from 0, and those after it fail. */
static void fail_from(vfs_kind kind, int rc, uint64_t from) {
    vfs_now.kind = kind, vfs_now.rc = rc, vfs_now.from = from, vfs_now.to = UINT64_MAX;
}

static void syncs(void **state) {
    (void)state;
    watch();
    ol_store *s = opened();
    assert_int_equal(commit_entry(s, 0, 250), OL_OK);
    assert_int_equal(commit_entry(s, 1, 250), OL_OK);
    uint64_t before = vfs_now.calls[VFS_SYNC];
    for (uint64_t n = 2; n < 22; n++)
        assert_int_equal(commit_entry(s, n, 250), OL_OK);
    assert_int_equal(vfs_now.calls[VFS_SYNC] - before, 20); /* one a commit */
    s->ops->rest(s);
    assert_int_equal(vfs_now.calls[VFS_SYNC] - before, 20); /* too early to do anything */
    for (uint64_t n = 22; n < 102; n++)
        assert_int_equal(commit_entry(s, n, 250), OL_OK);
    assert_int_equal(vfs_now.calls[VFS_SYNC] - before, 100);
    s->ops->rest(s);
    assert_in_range(vfs_now.calls[VFS_SYNC] - before, 101, 103);
    before = vfs_now.calls[VFS_SYNC];
    s->ops->rest(s);
    assert_int_equal(commit_entry(s, 102, 250), OL_OK);
    assert_in_range(vfs_now.calls[VFS_SYNC] - before, 1, 2); /* the log begins anew */
    for (uint64_t n = 103; n < 1000; n++)
        assert_int_equal(commit_entry(s, n, 250), OL_OK);
    assert_in_range(vfs_now.calls[VFS_SYNC] - before, 898, 898 + 5 * 3);
    s->ops->close(s);
    vfs_remove();
}

/* The n-th write or sync fails and all after it, for every n that a commit or the opening makes. */
static void fails_at(bool is_write, unsigned nth, uint64_t *n) {
    ol_store *s = opened();
    vfs_kind kind = is_write ? VFS_WRITE : VFS_SYNC;
    fail_from(kind, is_write ? SQLITE_FULL : SQLITE_IOERR_FSYNC, vfs_now.calls[kind] + nth - 1);
    ol_err err = commit_entry(s, *n, 700);
    bool was_hit = vfs_now.calls[kind] > vfs_now.from;
    assert_int_equal(err, !was_hit ? OL_OK : is_write ? OL_EFULL : OL_EIO);
    assert_int_equal(entries_of(s), *n + (was_hit ? 0 : 1)); /* reading still works */
    if (was_hit)
        assert_int_equal(commit_entry(s, *n, 700), is_write ? OL_EFULL : OL_EIO);
    fail_from(kind, SQLITE_OK, UINT64_MAX);
    *n += was_hit ? 0 : 1;
    assert_int_equal(commit_entry(s, (*n)++, 700), OL_OK); /* and so does writing, afterwards */
    assert_int_equal(entries_of(s), *n);
    s->ops->close(s);
    s = opened();
    assert_int_equal(entries_of(s), *n);
    s->ops->close(s);
}

static void writes_and_syncs_fail(void **state) {
    (void)state;
    watch();
    uint64_t n = 0;
    for (unsigned nth = 1; nth < 40; nth++)
        fails_at(true, nth, &n);
    for (unsigned nth = 1; nth < 5; nth++)
        fails_at(false, nth, &n);
    vfs_remove();
}

static void opening_fails(void **state) {
    (void)state;
    watch();
    bool was_hit = true;
    unsigned failures = 0;
    for (unsigned nth = 1; was_hit; nth++) {
        unlink(path), unlink(wal);
        vfs_now.calls[VFS_WRITE] = 0;
        fail_from(VFS_WRITE, SQLITE_FULL, nth - 1);
        ol_store *s = NULL;
        ol_store_why why;
        ol_err err = ol_store_sqlite_open(home, NULL, &s, &why);
        was_hit = vfs_now.calls[VFS_WRITE] >= nth;
        fail_from(VFS_WRITE, SQLITE_OK, UINT64_MAX);
        failures += err != OL_OK;
        if (err != OL_OK)
            assert_non_null(strstr(why.text, "disk is full"));
        if (err != OL_OK)
            assert_int_equal(err, OL_EFULL);
        if (err != OL_OK)
            s = opened(); /* what is left lying there does no harm */
        assert_int_equal(commit_entry(s, 0, 9), OL_OK);
        s->ops->close(s);
    }
    assert_true(failures > 5);
    vfs_remove();
}

static void memory_is_bounded(void **state) {
    (void)state;
    sqlite3_int64 before = sqlite3_memory_used();
    ol_store *s = opened();
    for (uint64_t n = 0; n < 3000; n++)
        assert_int_equal(commit_entry(s, n, 500), OL_OK);
    assert_int_equal(entries_of(s), 3000);
    print_message("%lld KiB in SQLite\n", (long long)(sqlite3_memory_used() - before) / 1024);
    assert_in_range(sqlite3_memory_used() - before, 0, 1024 * 1024);
    s->ops->close(s);
    assert_int_equal(sqlite3_memory_used(), before);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(modes),
        TEST(one_at_a_time),
        TEST(formats),
        TEST(not_a_store),
        TEST(pages_run_out),
        TEST(disk_runs_out),
        TEST(killed),
        TEST(syncs),
        TEST(writes_and_syncs_fail),
        TEST(opening_fails),
        TEST(memory_is_bounded),
    };
    return cmocka_run_group_tests_name("store_sqlite", tests, NULL, NULL);
}
