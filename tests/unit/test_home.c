/* Home and file I/O: modes, atomic writing, refusals with their sentences, the lock. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "station/home.h"
#include "station/locked.h"

static char base[256];

static int set_up(void **state) {
    (void)state;
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(base, sizeof base, "%s/ol-home-XXXXXX", tmp != NULL ? tmp : "/tmp");
    (void)umask(022);
    return mkdtemp(base) != NULL && sodium_init() >= 0 ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    char command[300];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", base);
    return system(command);
}

static const char *at(const char *name) {
    static char path[4][600];
    static unsigned turn;
    char *to = path[turn++ % 4];
    (void)snprintf(to, sizeof path[0], "%s/%s", base, name);
    return to;
}

static mode_t mode_of(const char *path) {
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static bool says(const ol_why *why, const char *part) {
    if (strstr(why->text, part) != NULL)
        return true;
    print_message("\"%s\" does not say \"%s\"\n", why->text, part);
    return false;
}

static ol_home made(const char *name) {
    ol_home h;
    ol_why why;
    assert_int_equal(ol_home_open(at(name), true, &h, &why), OL_OK);
    return h;
}

static void opening(void **state) {
    (void)state;
    ol_home h = { .dir = -7 }, before = h;
    ol_why why;
    assert_int_equal(ol_home_open(at("none"), false, &h, &why), OL_ENOENT);
    assert_true(says(&why, "openline init"));
    assert_memory_equal(&h, &before, sizeof h);
    h = made("deep/er/home");
    assert_int_equal(mode_of(at("deep/er/home")), 0700);
    assert_string_equal(h.path, at("deep/er/home"));
    struct stat st;
    assert_int_equal(stat(h.path, &st), 0);
    assert_true(h.dev == st.st_dev && h.inode == st.st_ino);
    ol_home_close(&h);
    ol_home_close(&h);
    assert_int_equal(setenv("OPENLINE_HOME", at("deep/er/home"), 1), 0);
    assert_int_equal(ol_home_open(NULL, false, &h, &why), OL_OK);
    ol_home_close(&h);
    assert_int_equal(unsetenv("OPENLINE_HOME"), 0);
    assert_int_equal(setenv("HOME", at("deep"), 1), 0);
    assert_int_equal(ol_home_open(NULL, true, &h, &why), OL_OK);
    assert_string_equal(h.path, at("deep/.openline"));
    ol_home_close(&h);
    assert_int_equal(unsetenv("HOME"), 0);
    assert_int_equal(ol_home_open(NULL, true, &h, &why), OL_EFORM);
    assert_int_equal(chdir(base), 0);
    assert_int_equal(ol_home_open("deep/er/home/", false, &h, &why), OL_OK);
    assert_string_equal(h.path, at("deep/er/home"));
    ol_home_close(&h);
}

static void homes_that_let_others_in(void **state) {
    (void)state;
    ol_home h;
    ol_why why;
    assert_int_equal(mkdir(at("open"), 0755), 0);
    assert_int_equal(ol_home_open(at("open"), false, &h, &why), OL_EAUTH);
    assert_true(says(&why, "chmod 700"));
    assert_int_equal(ol_home_open(at("open"), true, &h, &why), OL_OK); /* empty: taken */
    assert_int_equal(mode_of(at("open")), 0700);
    assert_int_equal(ol_file_write(h.dir, "x", OL_FILE_PUBLIC, "x", 1, &why), OL_OK);
    ol_home_close(&h);
    assert_int_equal(chmod(at("open"), 0750), 0);
    assert_int_equal(ol_home_open(at("open"), true, &h, &why), OL_EAUTH);
    assert_true(says(&why, "chmod 700"));
    assert_int_equal(ol_home_open(at("open/x"), false, &h, &why), OL_EIO);
}

static void writing_and_reading(void **state) {
    (void)state;
    ol_home h = made("rw");
    ol_why why;
    char got[8];
    size_t len = 99;
    assert_int_equal(ol_file_write(h.dir, "lines/hot/charter", OL_FILE_PUBLIC, "a", 1, &why),
                     OL_ENOENT);
    assert_int_equal(ol_file_mkdir(h.dir, "lines/hot/cards", &why), OL_OK);
    assert_int_equal(ol_file_mkdir(h.dir, "lines/hot/cards", &why), OL_OK);
    assert_int_equal(mode_of(at("rw/lines/hot")), 0700);
    assert_int_equal(ol_file_create(h.dir, "lines/hot/charter", OL_FILE_PUBLIC, "abc", 3, &why),
                     OL_OK);
    assert_int_equal(ol_file_create(h.dir, "lines/hot/charter", OL_FILE_PUBLIC, "xyz", 3, &why),
                     OL_EEXIST);
    assert_true(says(&why, "rw/lines/hot/charter"));
    assert_int_equal(mode_of(at("rw/lines/hot/charter")), 0644);
    assert_int_equal(ol_file_read(h.dir, "lines/hot/charter", OL_FILE_PUBLIC, got, 3, &len, &why),
                     OL_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(got, "abc", 3);
    len = 99;
    assert_int_equal(ol_file_read(h.dir, "lines/hot/charter", OL_FILE_PUBLIC, got, 2, &len, &why),
                     OL_ELIMIT);
    assert_int_equal(len, 99);
    assert_int_equal(ol_file_write(h.dir, "lines/hot/charter", OL_FILE_SECRET, "", 0, &why), OL_OK);
    assert_int_equal(mode_of(at("rw/lines/hot/charter")), 0600);
    assert_int_equal(ol_file_read(h.dir, "lines/hot/charter", OL_FILE_SECRET, got, 8, &len, &why),
                     OL_OK);
    assert_int_equal(len, 0);
    assert_int_equal(ol_file_read(h.dir, "gone", OL_FILE_PUBLIC, got, 8, &len, &why), OL_ENOENT);
    assert_int_equal(ol_file_remove(h.dir, "lines/hot/charter", &why), OL_OK);
    assert_int_equal(ol_file_remove(h.dir, "lines/hot/charter", &why), OL_ENOENT);
    ol_home_close(&h);
}

static void secrets_that_others_can_read(void **state) {
    (void)state;
    ol_home h = made("sec");
    ol_why why;
    char got[8];
    size_t len;
    static const struct {
        mode_t mode;
        ol_err want;
    } rows[] = { { 0600, OL_OK },    { 0400, OL_OK },    { 0640, OL_EAUTH },
                 { 0620, OL_EAUTH }, { 0601, OL_EAUTH }, { 0604, OL_EAUTH } };
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        assert_int_equal(ol_file_write(h.dir, "k", OL_FILE_SECRET, "key", 3, &why), OL_OK);
        assert_int_equal(chmod(at("sec/k"), rows[i].mode), 0);
        why.text[0] = '\0';
        assert_int_equal(ol_file_read(h.dir, "k", OL_FILE_SECRET, got, 8, &len, &why),
                         rows[i].want);
        assert_true(rows[i].want == OL_OK || says(&why, "chmod 600"));
    }
    assert_int_equal(symlink("k", at("sec/link")), 0);
    assert_int_equal(ol_file_read(h.dir, "link", OL_FILE_SECRET, got, 8, &len, &why), OL_EFORM);
    assert_true(says(&why, "symbolic link"));
    assert_int_equal(mkfifo(at("sec/fifo"), 0600), 0);
    assert_int_equal(ol_file_read(h.dir, "fifo", OL_FILE_SECRET, got, 8, &len, &why), OL_EFORM);
    ol_home_close(&h);
}

/* Every write that fails leaves the old contents and no litter. */
static void failing_writes(void **state) {
    (void)state;
    ol_home h = made("fail");
    ol_why why;
    char got[8], big[4096];
    size_t len;
    memset(big, 'x', sizeof big);
    assert_int_equal(ol_file_write(h.dir, "f", OL_FILE_PUBLIC, "old", 3, &why), OL_OK);
    struct rlimit was, is;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    is = was, is.rlim_cur = 1024;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &is), 0);
    ol_err err = ol_file_write(h.dir, "f", OL_FILE_PUBLIC, big, sizeof big, &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(err, OL_EIO);
    assert_int_equal(ol_file_read(h.dir, "f", OL_FILE_PUBLIC, got, 8, &len, &why), OL_OK);
    assert_memory_equal(got, "old", 3);
    assert_int_equal(faccessat(h.dir, ".new", F_OK, 0), -1);
    assert_int_equal(system("test -z \"$(find . -name '.new-*')\""), 0);
    assert_int_equal(mkdir(at("fail/dir"), 0700), 0); /* the rename fails */
    assert_int_equal(ol_file_write(h.dir, "dir", OL_FILE_PUBLIC, "x", 1, &why), OL_EIO);
    assert_int_equal(system("test -z \"$(find . -name '.new-*')\""), 0);
    ol_home_close(&h);
}

static ol_err note_line(void *ctx, const char *line, bool is_ready) {
    char *to = ctx;
    (void)snprintf(to + strlen(to), 100 - strlen(to), "%s%s ", line, is_ready ? "+" : "");
    return OL_OK;
}

static void lines(void **state) {
    (void)state;
    ol_home h = made("lines-home");
    ol_why why;
    char seen[100] = "", name[OL_HOME_NAME_MAX];
    assert_int_equal(ol_home_lines(&h, note_line, seen, &why), OL_OK);
    assert_string_equal(seen, "");
    static const char *const files[] = { "lines/b/charter", "lines/b/secret", "lines/a/charter",
                                         "lines/c/secret", "lines/B/charter" };
    assert_int_equal(ol_file_mkdir(h.dir, "lines/a", &why), OL_OK);
    assert_int_equal(ol_file_mkdir(h.dir, "lines/b", &why), OL_OK);
    assert_int_equal(ol_file_mkdir(h.dir, "lines/c", &why), OL_OK);
    assert_int_equal(ol_file_mkdir(h.dir, "lines/B", &why), OL_OK);
    for (size_t i = 0; i < OL_LEN(files); i++)
        assert_int_equal(ol_file_write(h.dir, files[i], OL_FILE_SECRET, "x", 1, &why), OL_OK);
    assert_int_equal(ol_home_lines(&h, note_line, seen, &why), OL_OK);
    assert_string_equal(seen, "a b+ ");
    assert_string_equal(ol_home_line_name("a", NULL, name), "lines/a");
    assert_string_equal(ol_home_line_name("a", "secret", name), "lines/a/secret");
    assert_string_equal(ol_home_card_name("a", "usa", 4294967295u, name),
                        "lines/a/cards/usa.4294967295");
    ol_home_close(&h);
}

static void one_station_a_home(void **state) {
    (void)state;
    ol_home h = made("lock");
    ol_why why;
    int fd = -1, other = -1;
    char part[40];
    assert_int_equal(ol_home_pid(&h), 0);
    assert_int_equal(ol_home_lock(&h, &fd, &why), OL_OK);
    assert_int_equal(ol_home_pid(&h), getpid());
    assert_int_equal(ol_home_lock(&h, &other, &why), OL_ESTATE);
    assert_int_equal(other, -1);
    (void)snprintf(part, sizeof part, "process %ld", (long)getpid());
    assert_true(says(&why, part));
    ol_home_unlock(fd);
    assert_int_equal(ol_home_pid(&h), 0);
    pid_t child = fork(); /* killed without ado: the lock is free */
    assert_true(child >= 0);
    if (child == 0) {
        (void)(ol_home_lock(&h, &fd, NULL) == OL_OK && raise(SIGKILL));
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(ol_home_lock(&h, &fd, &why), OL_OK);
    ol_home_unlock(fd);
    ol_home_unlock(-1);
    ol_home_close(&h);
}

static void sockets(void **state) {
    (void)state;
    char name[200], to[OL_HOME_SOCKET_MAX + 1];
    memset(name, 'x', sizeof name);
    name[150] = '\0';
    ol_home h = made(name);
    ol_home_socket(&h, to);
    assert_true(strncmp(to, "/proc/self/fd/", 14) == 0);
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    memcpy(addr.sun_path, to, strlen(to));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_true(ol_file_exists(h.dir, OL_HOME_SOCKET));
    (void)close(fd);
    ol_home_close(&h);
    h = made("s");
    ol_home_socket(&h, to);
    assert_string_equal(to, at("s/control.sock"));
    ol_home_close(&h);
}

static void passphrases(void **state) {
    (void)state;
    static const struct {
        const char *in;
        ol_err want;
        size_t len;
    } rows[] = { { "", OL_EFORM, 0 },          { "\n", OL_EFORM, 0 },    { "pass", OL_OK, 4 },
                 { "pass\nmore", OL_OK, 4 },   { "12345678", OL_OK, 8 }, { "12345678\n", OL_OK, 8 },
                 { "123456789", OL_ELIMIT, 0 } };
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        int fd[2];
        char got[8];
        size_t len = 0;
        ol_why why;
        assert_int_equal(pipe(fd), 0);
        assert_int_equal(write(fd[1], rows[i].in, strlen(rows[i].in)), strlen(rows[i].in));
        (void)close(fd[1]);
        assert_int_equal(ol_file_read_fd(fd[0], got, sizeof got, &len, &why), rows[i].want);
        assert_int_equal(len, rows[i].len);
        (void)close(fd[0]);
    }
}

static void locked_memory(void **state) {
    (void)state;
    ol_mem m;
    ol_why why;
    ol_locked_mem(&m, 100);
    assert_int_equal(ol_locked_probe(4096, &why), OL_OK);
    uint8_t *a = ol_mem_get0(&m, 1, 37), *b = ol_mem_get0(&m, 1, 63);
    assert_true(a != NULL && b != NULL && (uintptr_t)a % 16 == 0 && (uintptr_t)b % 16 == 0);
    assert_null(ol_mem_get0(&m, 1, 1));
    ol_mem_put(&m, a, 1, 37);
    ol_mem_put(&m, b, 1, 63);
    assert_int_equal(m.used, 0);
    if (geteuid() == 0 || mlock(NULL, 1) == 0)
        return; /* root's limit does not bind; ASan answers mlock itself, the gcc build runs this */
    struct rlimit limit = { 0, 0 };
    assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
    assert_int_equal(ol_locked_probe(4096, &why), OL_ENOMEM);
    assert_true(says(&why, "ulimit -l"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening),
        cmocka_unit_test(homes_that_let_others_in),
        cmocka_unit_test(writing_and_reading),
        cmocka_unit_test(secrets_that_others_can_read),
        cmocka_unit_test(failing_writes),
        cmocka_unit_test(lines),
        cmocka_unit_test(one_station_a_home),
        cmocka_unit_test(sockets),
        cmocka_unit_test(passphrases),
        cmocka_unit_test(locked_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
