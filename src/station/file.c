#include "station/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOWN_MAX = 512 };

/* Calls that a signal can interrupt are made again (network file systems, pipes): nobody is to be
 * told of a signal. But for close: Linux has closed, whatever it says. */
#define AGAIN(call) ((int)TEMP_FAILURE_RETRY(call))

/* What an operator calls it: with the directory's path before it. */
static const char *shown(int dir, const char *name, char to[SHOWN_MAX]) {
    char link[32], at[SHOWN_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
    ssize_t n = dir == AT_FDCWD || name[0] == '/' ? -1 : readlink(link, at, sizeof at - 1);
    if (n < 0)
        return name;
    at[n] = '\0';
    size_t need = (size_t)n + 1 + strlen(name) + 1;
    if (need > SHOWN_MAX)
        return name;
    memcpy(to, at, (size_t)n);
    to[n] = '/';
    memcpy(to + n + 1, name, strlen(name) + 1);
    return to;
}

static ol_err read_all(int fd, void *to, size_t cap, size_t *ret_len, int *ret_sys) {
    size_t len = 0;
    for (;;) {
        char past; /* is there a byte more than cap? */
        bool is_full = len == cap;
        ssize_t n = is_full ? read(fd, &past, 1) : read(fd, (char *)to + len, cap - len);
        *ret_sys = errno;
        if (n < 0 && *ret_sys == EINTR)
            continue;
        if (n < 0)
            return OL_EIO;
        if (n == 0)
            break;
        if (is_full)
            return OL_ELIMIT;
        len += (size_t)n;
    }
    *ret_len = len;
    return OL_OK;
}

static ol_err check_secret(int fd, const char *name, ol_why *why) {
    struct stat st;
    if (fstat(fd, &st) != 0)
        return ol_why_errno(why, errno, "cannot look at %s", name);
    if (!S_ISREG(st.st_mode))
        return ol_why_set(why, OL_EFORM, "%s is not a regular file; secrets are read from no other",
                          name);
    if (st.st_uid != geteuid())
        return ol_why_set(
            why, OL_EAUTH,
            "%s holds secrets but belongs to user %u, not to you (%u); run as that user", name,
            (unsigned)st.st_uid, (unsigned)geteuid());
    if ((st.st_mode & 077) != 0)
        return ol_why_set(
            why, OL_EAUTH,
            "%s holds secrets but its mode %03o lets others in; run chmod 600 %s, and "
            "think about who may have read it",
            name, (unsigned)st.st_mode & 0777, name);
    return OL_OK;
}

ol_err ol_file_read(int dir, const char *name, ol_file_kind kind, void *to, size_t cap,
                    size_t *ret_len, ol_why *why) {
    char buf[SHOWN_MAX];
    const char *what = shown(dir, name, buf);
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
    if (kind == OL_FILE_SECRET)
        flags |= O_NOFOLLOW | O_NONBLOCK;
    int fd = AGAIN(openat(dir, name, flags));
    if (fd < 0 && errno == ELOOP)
        return ol_why_set(why, OL_EFORM, "%s is a symbolic link; put the file itself there", what);
    if (fd < 0)
        return ol_why_errno(why, errno, "cannot open %s", what);
    ol_err err = kind == OL_FILE_SECRET ? check_secret(fd, what, why) : OL_OK;
    if (err == OL_OK) {
        int sys = 0;
        err = read_all(fd, to, cap, ret_len, &sys);
        if (err == OL_ELIMIT)
            (void)ol_why_set(why, err,
                             "%s is larger than the %zu bytes it may have; is it the right file?",
                             what, cap);
        else if (err != OL_OK)
            err = ol_why_errno(why, sys, "cannot read %s", what);
    }
    (void)close(fd);
    return err;
}

ol_err ol_file_read_fd(int fd, void *to, size_t cap, size_t *ret_len, ol_why *why) {
    size_t len = 0;
    char *p = to;
    for (;;) { /* byte by byte: what follows the newline is not ours */
        char past, *at = len < cap ? p + len : &past;
        ssize_t n = read(fd, at, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ol_why_errno(why, errno, "cannot read from descriptor %d", fd);
        if (n == 0 || *at == '\n')
            break;
        if (len == cap)
            return ol_why_set(
                why, OL_ELIMIT,
                "what descriptor %d gives is longer than %zu bytes; is it the right one?", fd, cap);
        len++;
    }
    if (len == 0)
        return ol_why_set(why, OL_EFORM,
                          "descriptor %d gives nothing; write the passphrase to it first", fd);
    *ret_len = len;
    return OL_OK;
}

/* The directory part of name, opened; *ret_leaf points into name. -1: errno says why. */
static int open_parent(int dir, const char *name, const char **ret_leaf) {
    const char *slash = strrchr(name, '/');
    char part[PATH_MAX];
    *ret_leaf = slash == NULL ? name : slash + 1;
    size_t len = slash == NULL ? 0 : (size_t)(slash - name);
    if (len >= sizeof part) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(part, name, len);
    part[len] = '\0';
    const char *open_as = slash == NULL ? "." : len == 0 ? "/" : part;
    return AGAIN(openat(dir, open_as, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* fsync of a directory; file systems that know no such thing say EINVAL. */
static int sync_dir(int fd) {
    return AGAIN(fsync(fd)) == 0 || errno == EINVAL ? 0 : -1;
}

static int write_all(int fd, const void *p, size_t len) {
    const char *from = p;
    while (len > 0) {
        ssize_t n = write(fd, from, len);
        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0)
            from += n, len -= (size_t)n;
    }
    return 0;
}

/* The new file under its temporary name, durable but for its directory. */
static int write_new(int parent, const char *temp, ol_file_kind kind, const void *p, size_t len) {
    int fd =
        AGAIN(openat(parent, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (fd < 0)
        return -1;
    mode_t mode = kind == OL_FILE_SECRET ? 0600 : 0644;
    int r = fchmod(fd, mode) == 0 && write_all(fd, p, len) == 0 && AGAIN(fsync(fd)) == 0 ? 0 : -1;
    int sys = errno;
    if (close(fd) != 0 && errno != EINTR && r == 0)
        r = -1, sys = errno;
    errno = sys;
    return r;
}

static int put_in_place(int parent, const char *temp, const char *leaf, bool is_new) {
    if (!is_new)
        return renameat(parent, temp, parent, leaf);
    int r = renameat2(parent, temp, parent, leaf, RENAME_NOREPLACE);
    if (r == 0 || errno != EINVAL)
        return r;
    /* a file system without RENAME_NOREPLACE; the temporary name goes with the caller's clean-up */
    return linkat(parent, temp, parent, leaf, 0);
}

static ol_err put(int dir, const char *name, ol_file_kind kind, const void *p, size_t len,
                  bool is_new, ol_why *why) {
    static unsigned number;
    char buf[SHOWN_MAX], temp[64];
    const char *what = shown(dir, name, buf), *leaf;
    int parent = open_parent(dir, name, &leaf);
    if (parent < 0)
        return ol_why_errno(why, errno, "cannot open the directory of %s", what);
    (void)snprintf(temp, sizeof temp, OL_FILE_NEW "%ld-%u", (long)getpid(), number++);
    ol_err err = OL_OK;
    if (is_new && ol_file_exists(parent, leaf))
        err = ol_why_set(why, OL_EEXIST,
                         "%s is there already; it is not overwritten: move it away first", what);
    else if (write_new(parent, temp, kind, p, len) != 0 ||
             put_in_place(parent, temp, leaf, is_new) != 0)
        err = ol_why_errno(why, errno, "cannot write %s", what);
    (void)unlinkat(parent, temp, 0); /* whatever is left of it */
    if (err == OL_OK && sync_dir(parent) != 0)
        err = ol_why_errno(why, errno, "cannot make %s durable", what);
    (void)close(parent);
    return err;
}

ol_err ol_file_write(int dir, const char *name, ol_file_kind kind, const void *p, size_t len,
                     ol_why *why) {
    return put(dir, name, kind, p, len, false, why);
}

ol_err ol_file_create(int dir, const char *name, ol_file_kind kind, const void *p, size_t len,
                      ol_why *why) {
    return put(dir, name, kind, p, len, true, why);
}

ol_err ol_file_remove(int dir, const char *name, ol_why *why) {
    char buf[SHOWN_MAX];
    const char *what = shown(dir, name, buf), *leaf;
    int parent = open_parent(dir, name, &leaf);
    if (parent < 0)
        return ol_why_errno(why, errno, "cannot open the directory of %s", what);
    ol_err err = OL_OK;
    if (unlinkat(parent, leaf, 0) != 0 || sync_dir(parent) != 0)
        err = ol_why_errno(why, errno, "cannot remove %s", what);
    (void)close(parent);
    return err;
}

static ol_err make_one(int dir, const char *name, ol_why *why) {
    char buf[SHOWN_MAX];
    const char *leaf;
    if (mkdirat(dir, name, 0700) != 0) {
        struct stat st;
        int sys = errno;
        bool is_known = fstatat(dir, name, &st, 0) == 0;
        if (is_known && S_ISDIR(st.st_mode))
            return OL_OK;
        if (!is_known && sys == EEXIST)
            return ol_why_errno(why, errno, "cannot look at %s", shown(dir, name, buf));
        return ol_why_errno(why, sys, "cannot make the directory %s", shown(dir, name, buf));
    }
    int parent = open_parent(dir, name, &leaf);
    int r = parent < 0 ? -1 : sync_dir(parent);
    int sys = errno;
    if (parent >= 0)
        (void)close(parent);
    return r == 0 ? OL_OK : ol_why_errno(why, sys, "cannot make %s durable", shown(dir, name, buf));
}

ol_err ol_file_mkdir(int dir, const char *name, ol_why *why) {
    char part[PATH_MAX];
    size_t len = strlen(name);
    if (len >= sizeof part)
        return ol_why_set(why, OL_ELIMIT,
                          "the directory's path is longer than %zu bytes; choose a shorter one",
                          sizeof part - 1);
    memcpy(part, name, len + 1);
    ol_err err = OL_OK;
    for (size_t i = 1; err == OL_OK && i < len; i++) {
        if (part[i] != '/' || part[i - 1] == '/')
            continue;
        part[i] = '\0';
        err = make_one(dir, part, why);
        part[i] = '/';
    }
    return err == OL_OK ? make_one(dir, part, why) : err;
}

bool ol_file_exists(int dir, const char *name) {
    struct stat st;
    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int is_shown(const struct dirent *e) {
    return e->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

ol_err ol_file_each(int dir, const char *name, ol_file_fn *fn, void *ctx, ol_why *why) {
    char buf[SHOWN_MAX];
    struct dirent **list = NULL;
    int n = scandirat(dir, name, &list, is_shown, by_bytes);
    if (n < 0 && errno == ENOENT)
        return OL_OK;
    if (n < 0)
        return ol_why_errno(why, errno, "cannot list %s", shown(dir, name, buf));
    ol_err err = OL_OK;
    for (int i = 0; i < n; i++) {
        if (err == OL_OK)
            err = fn(ctx, list[i]->d_name);
        free(list[i]);
    }
    free(list);
    return err;
}
