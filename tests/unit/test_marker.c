/* The run marker: found again by its own home on this boot only, whole after any torn write. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "station/marker.h"

static char root[64];
static const uint8_t line[OL_LINE_ID_LEN] = "0123456789abcde", other_line[OL_LINE_ID_LEN] = "x";

static int set_up(void **state) {
    (void)state;
    struct statfs fs;
    char path[128];
    static const char *const dirs[] = { "run", "run/user", "dev", "dev/shm" };
    if (statfs("/dev/shm", &fs) != 0 || fs.f_type != 0x01021994)
        exit(77); /* no tmpfs to test with */
    (void)snprintf(root, sizeof root, "/dev/shm/ol-marker-XXXXXX");
    if (mkdtemp(root) == NULL)
        return -1;
    for (size_t i = 0; i < OL_LEN(dirs); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", root, dirs[i]);
        if (mkdir(path, 0700) != 0)
            return -1;
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

static ol_marker sample(uint64_t size) {
    ol_marker m = { .is_valid = true, .has = { true, false }, .size = { size, 0 } };
    memset(m.incarnation[0], 0x5A, OL_INC_LEN);
    return m;
}

static ol_marker_home opened(uint64_t dev, uint64_t inode) {
    ol_marker_home h;
    ol_why why;
    assert_int_equal(ol_marker_home_open(root, dev, inode, &h, &why), OL_OK);
    return h;
}

static ol_marker found(const ol_marker_home *h, const uint8_t *id) {
    ol_marker_file f;
    ol_marker m;
    ol_why why;
    assert_int_equal(ol_marker_open(h, id, &f, &m, &why), OL_OK);
    ol_marker_close(&f);
    return m;
}

static void written(const ol_marker_home *h, const ol_marker *m) {
    ol_marker_file f;
    ol_marker was;
    ol_why why;
    assert_int_equal(ol_marker_open(h, line, &f, &was, &why), OL_OK);
    assert_int_equal(ol_marker_write(&f, m), OL_OK);
    ol_marker_close(&f);
    ol_marker_close(&f);
}

static void its_own_home_only(void **state) {
    (void)state;
    ol_marker_home h = opened(1, 2);
    assert_false(found(&h, line).is_valid);
    ol_marker m = sample(100), got;
    written(&h, &m);
    got = found(&h, line);
    assert_true(got.is_valid && got.has[0] && !got.has[1] && got.size[0] == 100);
    assert_memory_equal(got.incarnation, m.incarnation, sizeof m.incarnation);
    assert_false(found(&h, other_line).is_valid);
    ol_marker_home copied = opened(1, 3), moved = opened(2, 2);
    assert_false(found(&copied, line).is_valid);
    assert_false(found(&moved, line).is_valid);
    ol_marker_home rebooted = h;
    rebooted.boot[0] ^= 1;
    assert_false(found(&rebooted, line).is_valid);
    assert_true(found(&h, line).is_valid);
    ol_marker_home_close(&h);
    ol_marker_home_close(&copied);
    ol_marker_home_close(&moved);
}

static void file_of(const ol_marker_home *h, char to[512]) {
    (void)snprintf(to, 512, "%s/%016x-%016x-", h->place[0].path, (unsigned)h->dev,
                   (unsigned)h->inode);
    for (size_t i = 0; i < sizeof line; i++)
        (void)snprintf(to + strlen(to), 3, "%02x", line[i]);
}

/* A writer killed after any number of bytes leaves this marker or the one before, never another. */
static void torn_writes(void **state) {
    (void)state;
    ol_marker_home h = opened(7, 7);
    char path[512];
    uint8_t before[2 * OL_MARKER_SLOT], after[sizeof before];
    for (uint64_t size = 10; size < 13; size++) {
        ol_marker m = sample(size), next = sample(size + 1);
        written(&h, &m);
        written(&h, &m); /* both slots are filled */
        file_of(&h, path);
        int fd = open(path, O_RDWR);
        assert_true(fd >= 0);
        assert_int_equal(pread(fd, before, sizeof before, 0), sizeof before);
        written(&h, &next);
        assert_int_equal(pread(fd, after, sizeof after, 0), sizeof after);
        unsigned slot = memcmp(before, after, OL_MARKER_SLOT) == 0 ? OL_MARKER_SLOT : 0;
        for (unsigned cut = 0; cut <= OL_MARKER_SLOT; cut++) {
            assert_int_equal(pwrite(fd, before, sizeof before, 0), sizeof before);
            assert_int_equal(pwrite(fd, after + slot, cut, slot), cut);
            ol_marker got = found(&h, line);
            assert_true(got.is_valid);
            assert_true(got.size[0] == size || got.size[0] == size + 1);
            assert_true(cut > 0 || got.size[0] == size);
            assert_true(cut < OL_MARKER_SLOT || got.size[0] == size + 1);
        }
        for (unsigned i = 0; i < sizeof after; i++) { /* a flipped byte is never believed */
            uint8_t byte = after[i] ^ 0x10;
            assert_int_equal(pwrite(fd, after, sizeof after, 0), sizeof after);
            assert_int_equal(pwrite(fd, &byte, 1, i), 1);
            ol_marker got = found(&h, line);
            assert_true(got.is_valid && (got.size[0] == size || got.size[0] == size + 1));
        }
        assert_int_equal(ftruncate(fd, OL_MARKER_SLOT - 1), 0);
        assert_false(found(&h, line).is_valid);
        (void)close(fd);
    }
    ol_marker_home_close(&h);
}

static void places(void **state) {
    (void)state;
    char command[256], user[128];
    ol_marker_home all = opened(9, 9);
    assert_int_equal(all.n, 2); /* /run and /dev/shm; nobody is logged in */
    ol_marker_home late = all;  /* as if /run could not be written then */
    late.n = 1;
    late.place[0] = all.place[1];
    ol_marker a = sample(100), b = sample(200), got;
    written(&all, &a);
    written(&late, &b);
    got = found(&all, line);
    assert_true(got.is_valid && got.has[0] && got.size[0] == 200);
    assert_false(found(&late, line).is_valid); /* moved to the first place */
    got = found(&all, line);
    assert_true(got.is_valid && got.size[0] == 200);
    b.incarnation[0][0] ^= 1;
    written(&late, &b);
    got = found(&all, line); /* which of the two incarnations is the later one? */
    assert_true(got.is_valid && !got.has[0]);
    ol_marker_home_close(&all);
    (void)snprintf(user, sizeof user, "%s/run/user/%u", root, (unsigned)geteuid());
    assert_int_equal(mkdir(user, 0700), 0);
    all = opened(9, 9);
    assert_int_equal(all.n, 3);
    assert_memory_equal(all.place[1].path, user, strlen(user));
    ol_marker_home_close(&all);
    (void)snprintf(command, sizeof command, "chmod 755 %s/run/openline-%u", root,
                   (unsigned)geteuid()); /* a directory that others can enter is not used */
    assert_int_equal(system(command), 0);
    all = opened(9, 9);
    assert_int_equal(all.n, 2);
    ol_marker_home_close(&all);
    (void)snprintf(command, sizeof command, "cd %s/run && rm -r openline-%u && ln -s ../dev %s%u",
                   root, (unsigned)geteuid(), "openline-", (unsigned)geteuid());
    assert_int_equal(system(command), 0); /* nor is one behind a link */
    all = opened(9, 9);
    assert_int_equal(all.n, 2);
    ol_marker_home_close(&all);
    ol_why why;
    assert_int_equal(ol_marker_home_open("/nowhere", 1, 1, &all, &why), OL_ENOENT);
    assert_non_null(strstr(why.text, "new incarnations"));
    assert_int_equal(ol_marker_home_open("/proc/1", 1, 1, &all, &why), OL_ENOENT); /* no tmpfs */
}

static void withdrawn(void **state) {
    (void)state;
    ol_marker_home h = opened(11, 11);
    ol_marker_file f;
    ol_marker m = sample(5), got;
    ol_why why;
    char path[512];
    assert_int_equal(ol_marker_open(&h, line, &f, &got, &why), OL_OK);
    assert_int_equal(ol_marker_write(&f, &m), OL_OK);
    file_of(&h, path);
    int read_only = open(path, O_RDONLY); /* a write that fails */
    assert_true(read_only >= 0);
    (void)close(f.fd);
    f.fd = read_only;
    assert_int_equal(ol_marker_write(&f, &m), OL_EIO);
    assert_int_equal(f.fd, -1);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(ol_marker_write(&f, &m), OL_OK);
    assert_false(found(&h, line).is_valid);
    ol_marker_home_close(&h);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_own_home_only),
        cmocka_unit_test(torn_writes),
        cmocka_unit_test(places),
        cmocka_unit_test(withdrawn),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
