#include "station/marker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"
#include "crypto/hash.h"

enum {
    TMPFS = 0x01021994, /* statfs(2): TMPFS_MAGIC */
    SUM_LEN = 16,
    NAME_BYTES = 8 + 8 + OL_LINE_ID_LEN,
    NAME_LEN = 2 * NAME_BYTES + 3,
    USED = 8 + 8 + 16 + 8 + 8 + OL_LINE_ID_LEN + OL_LANES * (1 + OL_INC_LEN + 8) + 8 + SUM_LEN
};
_Static_assert((int)USED <= (int)OL_MARKER_SLOT, "a slot must fit");
static const char magic[8] = "olmark2\n";

/* Made again when a signal interrupts. */
#define AGAIN(call) ((int)TEMP_FAILURE_RETRY(call))

/* All n bytes at that place, or fewer than there are: -1 when that failed. */
static ssize_t read_at(int fd, uint8_t *to, size_t n, off_t at) {
    size_t len = 0;
    ssize_t got = 1;
    while (len < n && got > 0) {
        got = TEMP_FAILURE_RETRY(pread(fd, to + len, n - len, at + (off_t)len));
        len += got > 0 ? (size_t)got : 0;
    }
    return got < 0 ? -1 : (ssize_t)len;
}

static bool write_at(int fd, const uint8_t *p, size_t n, off_t at) {
    size_t len = 0;
    ssize_t put = 1;
    while (len < n && put > 0) {
        put = TEMP_FAILURE_RETRY(pwrite(fd, p + len, n - len, at + (off_t)len));
        len += put > 0 ? (size_t)put : 0;
    }
    return len == n;
}

static bool is_tmpfs(int fd) {
    struct statfs fs;
    return fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS;
}

/* The directory openline-<uid> under base; -1: not here. */
static int open_place(const char *base, char path[OL_MARKER_PATH_MAX]) {
    char leaf[32];
    (void)snprintf(leaf, sizeof leaf, "openline-%u", (unsigned)geteuid());
    int n = snprintf(path, OL_MARKER_PATH_MAX, "%s/%s", base, leaf);
    int parent = AGAIN(open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (parent < 0 || n < 0 || n >= OL_MARKER_PATH_MAX || !is_tmpfs(parent)) {
        if (parent >= 0)
            (void)close(parent);
        return -1;
    }
    (void)mkdirat(parent, leaf, 0700); /* there already: looked at below */
    int dir = AGAIN(openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    (void)close(parent);
    struct stat st;
    if (dir >= 0 && fstat(dir, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 077) == 0 &&
        is_tmpfs(dir) && faccessat(dir, ".", W_OK, AT_EACCESS) == 0)
        return dir;
    if (dir >= 0)
        (void)close(dir);
    return -1;
}

static ol_err read_boot(uint8_t ret[16], ol_why *why) {
    char text[64], hex[32];
    size_t n = 0;
    int fd = AGAIN(open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
    ssize_t len = fd < 0 ? -1 : read_at(fd, (uint8_t *)text, sizeof text, 0);
    if (fd >= 0)
        (void)close(fd);
    for (ssize_t i = 0; i < len; i++)
        if (text[i] != '-' && text[i] != '\n' && n < sizeof hex)
            hex[n++] = text[i];
    if (len != 37 || ol_hex_get(hex, n, ret, 16) != OL_OK)
        return ol_why_set(why, OL_ENOENT, "the kernel's boot id cannot be read; mount /proc");
    return OL_OK;
}

ol_err ol_marker_home_open(const char *root, uint64_t dev, uint64_t inode, ol_marker_home *ret,
                           ol_why *why) {
    ol_marker_home h = { .dev = dev, .inode = inode };
    char base[OL_MARKER_PLACES][OL_MARKER_PATH_MAX];
    (void)snprintf(base[0], sizeof base[0], "%s/run", root);
    (void)snprintf(base[1], sizeof base[1], "%s/run/user/%u", root, (unsigned)geteuid());
    (void)snprintf(base[2], sizeof base[2], "%s/dev/shm", root);
    ol_err err = read_boot(h.boot, why);
    if (err != OL_OK)
        return err;
    for (size_t i = 0; i < OL_MARKER_PLACES; i++) {
        int dir = open_place(base[i], h.place[h.n].path);
        if (dir >= 0)
            h.place[h.n++].dir = dir;
    }
    if (h.n == 0)
        return ol_why_set(why, OL_ENOENT,
                          "none of /run, /run/user/%u and /dev/shm is a tmpfs that we can write; "
                          "without a run marker every start opens new incarnations",
                          (unsigned)geteuid());
    *ret = h;
    return OL_OK;
}

void ol_marker_home_close(ol_marker_home *h) {
    for (size_t i = 0; i < h->n; i++)
        (void)close(h->place[i].dir);
    h->n = 0;
}

static void name_of(const ol_marker_home *h, const uint8_t *line, char to[NAME_LEN + 1]) {
    char id[2 * OL_LINE_ID_LEN + 1];
    ol_hex_put(line, OL_LINE_ID_LEN, id);
    (void)snprintf(to, NAME_LEN + 1, "%016llx-%016llx-%s", (unsigned long long)h->dev,
                   (unsigned long long)h->inode, id);
}

static void encode(const ol_marker_home *h, const uint8_t *line, uint64_t turn, const ol_marker *m,
                   uint8_t to[OL_MARKER_SLOT]) {
    uint8_t sum[OL_HASH_LEN];
    memset(to, 0, OL_MARKER_SLOT);
    ol_wr w = ol_wr_of(to, OL_MARKER_SLOT);
    ol_wr_put(&w, magic, sizeof magic);
    ol_wr_be(&w, turn, 8);
    ol_wr_put(&w, h->boot, sizeof h->boot);
    ol_wr_be(&w, h->dev, 8);
    ol_wr_be(&w, h->inode, 8);
    ol_wr_put(&w, line, OL_LINE_ID_LEN);
    for (size_t lane = 0; lane < OL_LANES; lane++) {
        ol_wr_be(&w, m->has[lane], 1);
        ol_wr_put(&w, m->incarnation[lane], OL_INC_LEN);
        ol_wr_be(&w, m->size[lane], 8);
    }
    ol_wr_be(&w, m->commit, 8);
    ol_hash_sha256(to, w.len, sum);
    ol_wr_put(&w, sum, SUM_LEN);
    OL_ASSERT(w.err == OL_OK && w.len == USED);
}

/* Takes a slot if it is whole, ours, of this boot, and later than what is there. */
static void decode(const ol_marker_home *h, const uint8_t *line, const uint8_t *slot,
                   uint64_t *turn, ol_marker *m) {
    uint8_t want[OL_MARKER_SLOT];
    ol_marker got = { .is_valid = true };
    ol_rd r = ol_rd_of(slot, USED - SUM_LEN);
    (void)ol_rd_take(&r, sizeof magic);
    uint64_t at = ol_rd_be(&r, 8);
    (void)ol_rd_take(&r, sizeof h->boot + 8 + 8 + OL_LINE_ID_LEN);
    for (size_t lane = 0; lane < OL_LANES; lane++) {
        got.has[lane] = ol_rd_be(&r, 1) != 0;
        ol_rd_copy(&r, got.incarnation[lane], OL_INC_LEN);
        got.size[lane] = ol_rd_be(&r, 8);
    }
    got.commit = ol_rd_be(&r, 8);
    OL_ASSERT(ol_rd_end(&r) == OL_OK);
    encode(h, line, at, &got, want); /* one encoding a meaning: all else is compared at once */
    if (memcmp(want, slot, OL_MARKER_SLOT) != 0 || (m->is_valid && at <= *turn))
        return;
    *turn = at;
    *m = got;
}

static void read_marker(const ol_marker_home *h, int fd, const uint8_t *line, uint64_t *turn,
                        ol_marker *m) {
    uint8_t slots[2 * OL_MARKER_SLOT] = { 0 };
    ssize_t n = read_at(fd, slots, sizeof slots, 0);
    for (ssize_t at = 0; at + OL_MARKER_SLOT <= n; at += OL_MARKER_SLOT)
        decode(h, line, slots + at, turn, m);
}

static int open_file(int dir, const char *name, int flags) {
    struct stat st;
    int fd = AGAIN(openat(dir, name, flags | O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
        st.st_nlink == 1)
        return fd;
    if (fd >= 0) {
        (void)close(fd);
        errno = EPERM;
    }
    return -1;
}

/* Two markers of one home: true while they speak of the same incarnations; larger sizes count. */
static void join(ol_marker *m, const ol_marker *other) {
    if (!other->is_valid)
        return;
    if (!m->is_valid) {
        *m = *other;
        return;
    }
    if (m->commit != other->commit)
        m->commit = 0; /* which is the later one? the store's is neither */
    for (size_t lane = 0; lane < OL_LANES; lane++) {
        bool is_same = m->has[lane] == other->has[lane] &&
                       memcmp(m->incarnation[lane], other->incarnation[lane], OL_INC_LEN) == 0;
        if (!is_same)
            m->has[lane] = false; /* which is the later one? neither is used */
        else if (other->size[lane] > m->size[lane])
            m->size[lane] = other->size[lane];
    }
}

ol_err ol_marker_open(const ol_marker_home *h, const uint8_t line[OL_LINE_ID_LEN],
                      ol_marker_file *ret, ol_marker *ret_marker, ol_why *why) {
    char name[NAME_LEN + 1];
    ol_marker m = { .is_valid = false };
    ol_marker_file f = { .home = h };
    memcpy(f.line, line, OL_LINE_ID_LEN);
    name_of(h, line, name);
    f.fd = open_file(h->place[0].dir, name, O_CREAT);
    if (f.fd < 0)
        return ol_why_errno(why, errno, "cannot open the run marker %s/%s", h->place[0].path, name);
    read_marker(h, f.fd, line, &f.turn, &m);
    bool is_moved = false, is_doubtful = false;
    for (size_t i = 1; i < h->n; i++) {
        int fd = open_file(h->place[i].dir, name, 0);
        ol_marker other = { .is_valid = false };
        uint64_t turn = 0;
        is_doubtful |= fd < 0 && errno != ENOENT;
        if (fd < 0)
            continue;
        read_marker(h, fd, line, &turn, &other);
        join(&m, &other);
        is_moved = true;
        (void)close(fd);
    }
    m.is_valid &= !is_doubtful;
    if (is_moved && m.is_valid && ol_marker_write(&f, &m) != OL_OK)
        return ol_why_set(why, OL_EIO, "cannot write the run marker %s/%s", h->place[0].path, name);
    for (size_t i = 1; i < h->n; i++)
        (void)unlinkat(h->place[i].dir, name, 0);
    *ret = f;
    *ret_marker = m;
    return OL_OK;
}

ol_err ol_marker_write(ol_marker_file *f, const ol_marker *m) {
    uint8_t slot[OL_MARKER_SLOT];
    char name[NAME_LEN + 1];
    if (f->fd < 0)
        return OL_OK;
    encode(f->home, f->line, ++f->turn, m, slot);
    off_t at = (off_t)(f->turn % 2 * OL_MARKER_SLOT);
    if (write_at(f->fd, slot, sizeof slot, at))
        return OL_OK;
    /* what stands there says less than was committed: it must not be believed after a restart */
    name_of(f->home, f->line, name);
    bool is_gone = unlinkat(f->home->place[0].dir, name, 0) == 0 || AGAIN(ftruncate(f->fd, 0)) == 0;
    ol_marker_close(f);
    return is_gone ? OL_EIO : OL_ECONFLICT;
}

void ol_marker_close(ol_marker_file *f) {
    if (f->fd >= 0)
        (void)close(f->fd);
    f->fd = -1;
}
