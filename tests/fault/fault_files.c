/* Files of a home, the run marker, the lock, the store's own calls: the n-th call of each kind
 * fails, for n = 0, 1, 2 … until none is left that fails; once, and from there on; with EIO, ENOSPC
 * and for lack of memory, with EINTR where a signal can interrupt it, and short. A file is the old
 * one or the new one, whole; an error names it; nothing stays open; the same again succeeds. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "fault/lib_calls.h"
#include "station/home.h"
#include "station/marker.h"
#include "store/sqlite.h"

enum { LEN = 5000 };

static char base[128], home[160];
static char old_text[LEN], new_text[LEN], got[LEN + 1];

static int remove_one(const char *path, const struct stat *st, int what, struct FTW *at) {
    (void)st, (void)what, (void)at;
    return remove(path);
}

static void clean(const char *path) {
    (void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int set_up(void **state) {
    (void)state;
    const char *under = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(base, sizeof base, "%s/ol-files-XXXXXX", under);
    if (mkdtemp(base) == NULL || sodium_init() < 0)
        return -1;
    (void)snprintf(home, sizeof home, "%s/home", base);
    memset(old_text, 'o', LEN), memset(new_text, 'n', LEN);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    clean(base);
    return 0;
}

/* ---- looking, with nothing that fails ---- */

static size_t contents(const char *name, char *to) {
    char path[400];
    (void)snprintf(path, sizeof path, "%s/%s", home, name);
    FILE *f = fopen(path, "r");
    size_t n = f == NULL ? 0 : fread(to, 1, LEN + 1, f);
    if (f != NULL)
        (void)fclose(f);
    return n;
}

static bool is(const char *name, const char *text) {
    return contents(name, got) == LEN && memcmp(got, text, LEN) == 0;
}

static bool exists(const char *name) {
    char path[400];
    (void)snprintf(path, sizeof path, "%s/%s", home, name);
    return access(path, F_OK) == 0;
}

static size_t count_in(const char *dir, const char *prefix) {
    DIR *d = opendir(dir);
    size_t n = 0;
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
    if (d != NULL)
        (void)closedir(d);
    return n;
}

/* ---- what is done ---- */

static int dir_now;
static ol_why why_now;

static void put_old(void) {
    FILE *f;
    char path[400];
    (void)snprintf(path, sizeof path, "%s/file", home);
    assert_non_null(f = fopen(path, "w"));
    assert_int_equal(fwrite(old_text, 1, LEN, f), LEN);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static ol_err do_write(void) {
    return ol_file_write(dir_now, "file", OL_FILE_PUBLIC, new_text, LEN, &why_now);
}
static ol_err do_write_secret(void) {
    return ol_file_write(dir_now, "file", OL_FILE_SECRET, new_text, LEN, &why_now);
}
static ol_err do_create(void) {
    ol_err err = ol_file_create(dir_now, "new", OL_FILE_SECRET, new_text, LEN, &why_now);
    return err == OL_EEXIST && is("new", new_text) ? OL_OK
                                                   : err; /* it was made, not said durable */
}
static ol_err do_remove(void) {
    ol_err err = ol_file_remove(dir_now, "file", &why_now);
    return err == OL_ENOENT && !exists("file") ? OL_OK : err;
}
static ol_err do_mkdir(void) {
    return ol_file_mkdir(dir_now, "a/b/c", &why_now);
}
static ol_err do_read(void) {
    size_t len = 7;
    ol_err err = ol_file_read(dir_now, "file", OL_FILE_SECRET, got, LEN + 1, &len, &why_now);
    assert_true(err == OL_OK ? len == LEN && memcmp(got, old_text, LEN) == 0 : len == 7);
    return err;
}
static ol_err count_one(void *ctx, const char *name) {
    (void)name;
    ++*(size_t *)ctx;
    return OL_OK;
}
static ol_err do_list(void) {
    size_t n = 0;
    ol_err err = ol_file_each(dir_now, ".", count_one, &n, &why_now);
    assert_true(err != OL_OK || n == 1);
    return err;
}
static ol_err do_home(void) {
    char path[200];
    ol_home h = { .dir = -7 };
    int lock = -7;
    (void)snprintf(path, sizeof path, "%s/sub/home", home);
    ol_err err = ol_home_open(path, true, &h, &why_now);
    if (err != OL_OK) {
        assert_int_equal(h.dir, -7);
        return err;
    }
    err = ol_home_lock(&h, &lock, &why_now);
    assert_true(err == OL_OK || lock == -7);
    if (err == OL_OK)
        ol_home_unlock(lock);
    ol_home_close(&h);
    return err;
}
static ol_err do_store(void) {
    ol_store *s = NULL;
    ol_store_why why = { "untouched" };
    ol_err err = ol_store_sqlite_open(home, NULL, &s, &why);
    if (err == OL_OK) {
        s->ops->close(s);
        return err;
    }
    assert_null(s);
    (void)snprintf(why_now.text, sizeof why_now.text, "%s", why.text);
    return err;
}

static bool is_old_or_new(void) {
    return is("file", old_text) || is("file", new_text);
}
static bool is_none_or_new(void) {
    return !exists("new") || is("new", new_text);
}
static bool is_old_or_none(void) {
    return !exists("file") || is("file", old_text);
}
static bool is_old(void) {
    return is("file", old_text);
}
static bool is_any(void) {
    return true;
}
static bool is_new(void) {
    return is("file", new_text);
}
static bool is_made(void) {
    return is("new", new_text);
}
static bool is_gone(void) {
    return !exists("file");
}
static bool has_dirs(void) {
    return exists("a/b/c");
}

static const struct {
    const char *name;
    ol_err (*act)(void);
    bool (*failed)(void), (*done)(void);
} acts[] = {
    { "write", do_write, is_old_or_new, is_new },
    { "write-secret", do_write_secret, is_old_or_new, is_new },
    { "create", do_create, is_none_or_new, is_made },
    { "remove", do_remove, is_old_or_none, is_gone },
    { "mkdir", do_mkdir, is_any, has_dirs },
    { "read", do_read, is_old, is_old },
    { "list", do_list, is_old, is_old },
    { "home", do_home, is_old, is_old },
    { "store", do_store, is_old, is_old },
};

/* ---- the loop ---- */

static uint64_t points;

/* true: a call failed. */
static bool one(size_t a, call_kind kind, int error, uint64_t from, uint64_t in_a_row) {
    clean(home);
    assert_int_equal(mkdir(home, 0700), 0);
    put_old();
    dir_now = open(home, O_RDONLY | O_DIRECTORY);
    assert_true(dir_now >= 0);
    size_t fds = count_in("/proc/self/fd", "");
    why_now = (ol_why){ "" };
    calls_now = (call_plan){
        .is_armed = true, .kind = kind, .error = error, .from = from, .to = from + in_a_row
    };
    ol_err err = acts[a].act();
    bool was_hit = calls_now.calls[kind] > from;
    calls_now.is_armed = false;
    if (err != OL_OK && (error == EINTR || error == 0 || !was_hit))
        fail_msg("%s: %s number %llu, errno %d: \"%s\"", acts[a].name, calls_row[kind].name,
                 (unsigned long long)from, error, why_now.text);
    if (err == OL_OK ? !acts[a].done() : !acts[a].failed())
        fail_msg("%s: %s number %llu, errno %d: neither old nor new", acts[a].name,
                 calls_row[kind].name, (unsigned long long)from, error);
    if (err != OL_OK && strchr(why_now.text, '/') == NULL && kind < CALL_malloc)
        fail_msg("%s: %s fails, and \"%s\" does not say where", acts[a].name, calls_row[kind].name,
                 why_now.text);
    assert_true(err == OL_OK || error != ENOSPC || err == OL_EFULL || kind >= CALL_malloc);
    assert_true(kind == CALL_unlinkat || count_in(home, ".new-") == 0);
    assert_int_equal(count_in("/proc/self/fd", ""), fds);
    if (acts[a].act() != OL_OK)
        fail_msg("%s: %s number %llu: and not again: %s", acts[a].name, calls_row[kind].name,
                 (unsigned long long)from, why_now.text);
    assert_true(acts[a].done());
    assert_int_equal(close(dir_now), 0);
    points += was_hit;
    return was_hit;
}

static void loops(void **state) {
    (void)state;
    for (size_t a = 0; a < OL_LEN(acts); a++) {
        points = 0;
        for (call_kind k = 0; k < CALL_N; k++) {
            int error = k >= CALL_malloc ? ENOMEM : EIO;
            for (uint64_t n = 0; one(a, k, error, n, 1); n++)
                ;
            for (uint64_t n = 0; one(a, k, k >= CALL_malloc ? ENOMEM : ENOSPC, n, 1000); n++)
                ;
            for (uint64_t n = 0; calls_row[k].is_interruptible && one(a, k, EINTR, n, 2); n++)
                ;
            for (uint64_t n = 0; calls_row[k].is_short && one(a, k, 0, n, 3); n++)
                ;
        }
        print_message("%-12s %llu fault points\n", acts[a].name, (unsigned long long)points);
    }
}

/* ---- the run marker ---- */

static ol_marker sample(uint64_t size) {
    ol_marker m = { .is_valid = true, .has = { true, false }, .size = { size, 0 } };
    memset(m.incarnation[0], 0x5A, OL_INC_LEN);
    return m;
}

/* The sizes 1 and 2 are written, if it opens; *ret_told: the last that was not said to be lost. */
static ol_err use_marker(uint64_t *ret_told) {
    static const uint8_t line[OL_LINE_ID_LEN] = "a line";
    ol_marker_home h = { .n = 0 };
    ol_marker_file f;
    ol_marker was, m;
    ol_err err = ol_marker_home_open(base, 1, 2, &h, &why_now);
    if (err != OL_OK)
        return err;
    err = ol_marker_open(&h, line, &f, &was, &why_now);
    for (uint64_t n = 1; err == OL_OK && n <= 2; n++) {
        m = sample(n);
        err = ol_marker_write(&f, &m);
        *ret_told = n;
        if (err != OL_OK)
            ol_marker_close(&f);
    }
    if (err == OL_OK)
        ol_marker_close(&f);
    ol_marker_home_close(&h);
    return err;
}

static ol_marker found(void) {
    static const uint8_t line[OL_LINE_ID_LEN] = "a line";
    ol_marker_home h;
    ol_marker_file f;
    ol_marker m;
    assert_int_equal(ol_marker_home_open(base, 1, 2, &h, &why_now), OL_OK);
    assert_int_equal(ol_marker_open(&h, line, &f, &m, &why_now), OL_OK);
    ol_marker_close(&f);
    ol_marker_home_close(&h);
    return m;
}

static void make_dir(const char *leaf) {
    char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", base, leaf);
    assert_int_equal(mkdir(path, 0700), 0);
}

/* What was committed and is not in the marker must not be believed after a restart. */
static bool marker_one(call_kind kind, int error, uint64_t from) {
    clean(base);
    assert_int_equal(mkdir(base, 0700), 0);
    make_dir("run"), make_dir("dev"), make_dir("dev/shm");
    size_t fds = count_in("/proc/self/fd", "");
    uint64_t told = 0;
    calls_now =
        (call_plan){ .is_armed = true, .kind = kind, .error = error, .from = from, .to = from + 2 };
    ol_err err = use_marker(&told);
    bool was_hit = calls_now.calls[kind] > from;
    calls_now.is_armed = false;
    if (err != OL_OK && (error == EINTR || error == 0 || !was_hit))
        fail_msg("%s number %llu, errno %d: marker: %s", calls_row[kind].name,
                 (unsigned long long)from, error, ol_err_name(err));
    assert_int_equal(count_in("/proc/self/fd", ""), fds);
    ol_marker m = found();
    bool is_true = m.is_valid && m.size[0] == told;
    if (err == OL_OK ? !is_true && told == 2 && kind != CALL_openat && kind != CALL_fstat
                     : m.is_valid && !is_true && err != OL_ECONFLICT)
        fail_msg("%s number %llu, errno %d: told %llu, valid %d, found %llu", calls_row[kind].name,
                 (unsigned long long)from, error, (unsigned long long)told, m.is_valid,
                 (unsigned long long)m.size[0]);
    points += was_hit;
    return was_hit;
}

static void markers(void **state) {
    (void)state;
    struct statfs fs;
    if (statfs("/dev/shm", &fs) != 0 || fs.f_type != 0x01021994)
        skip(); /* no tmpfs to test with */
    points = 0;
    for (call_kind k = 0; k < CALL_malloc; k++) {
        for (uint64_t n = 0; marker_one(k, EIO, n); n++)
            ;
        for (uint64_t n = 0; calls_row[k].is_interruptible && marker_one(k, EINTR, n); n++)
            ;
        for (uint64_t n = 0; calls_row[k].is_short && marker_one(k, 0, n); n++)
            ;
    }
    print_message("%llu fault points\n", (unsigned long long)points);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(loops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(markers, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
