#include "station/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Made again when a signal interrupts. */
#define AGAIN(call) ((int)TEMP_FAILURE_RETRY(call))

/* first ‖ '/' ‖ second, first as it is when it ends in one. */
static bool join(const char *first, const char *second, char *to, size_t cap) {
    size_t a = strlen(first), b = strlen(second);
    bool has_slash = a > 0 && first[a - 1] == '/';
    if (a + b + 2 > cap)
        return false;
    memmove(to, first, a);
    if (!has_slash)
        to[a++] = '/';
    memcpy(to + a, second, b + 1);
    return true;
}

static ol_err find_path(const char *path, char to[OL_HOME_PATH_MAX + 1], ol_why *why) {
    const char *env = getenv("OPENLINE_HOME"), *user = getenv("HOME");
    char here[OL_HOME_PATH_MAX + 1];
    const char *first = "", *second = path;
    if (path == NULL && env != NULL && env[0] != '\0') {
        second = env;
    } else if (path == NULL) {
        if (user == NULL || user[0] != '/')
            return ol_why_set(why, OL_EFORM,
                              "neither OPENLINE_HOME nor HOME says where the home is; "
                              "set OPENLINE_HOME");
        first = user, second = ".openline";
    }
    if (second[0] == '\0')
        return ol_why_set(why, OL_EFORM, "the home's path is empty; set OPENLINE_HOME");
    if (second[0] != '/' && first[0] == '\0') {
        if (getcwd(here, sizeof here) == NULL)
            return ol_why_errno(why, errno, "cannot tell the current directory");
        first = here;
    }
    if (strlen(first) + strlen(second) + 2 > OL_HOME_PATH_MAX + 1)
        return ol_why_set(why, OL_ELIMIT,
                          "the home's path is longer than %d bytes; choose a shorter one",
                          OL_HOME_PATH_MAX);
    if (first[0] == '\0')
        memcpy(to, second, strlen(second) + 1);
    else
        (void)join(first, second, to, OL_HOME_PATH_MAX + 1);
    size_t len = strlen(to);
    while (len > 1 && to[len - 1] == '/')
        to[--len] = '\0';
    return OL_OK;
}

static ol_err seen_one(void *ctx, const char *name) {
    (void)name;
    *(bool *)ctx = false;
    return OL_EEXIST;
}

static ol_err check_dir(const char *path, int fd, bool create, struct stat *st, ol_why *why) {
    if (fstat(fd, st) != 0)
        return ol_why_errno(why, errno, "cannot look at %s", path);
    if (st->st_uid != geteuid())
        return ol_why_set(why, OL_EAUTH,
                          "%s belongs to user %u, not to you (%u); run as that user, or set "
                          "OPENLINE_HOME",
                          path, (unsigned)st->st_uid, (unsigned)geteuid());
    bool is_empty = true;
    if ((st->st_mode & 077) == 0)
        return OL_OK;
    if (create && ol_file_each(fd, ".", seen_one, &is_empty, NULL) == OL_OK && is_empty &&
        fchmod(fd, 0700) == 0)
        return OL_OK;
    return ol_why_set(why, OL_EAUTH, "the mode %03o of %s lets others in; run chmod 700 %s",
                      (unsigned)st->st_mode & 0777, path, path);
}

ol_err ol_home_open(const char *path, bool create, ol_home *ret, ol_why *why) {
    ol_home h = { .dir = -1 };
    struct stat st;
    ol_err err = find_path(path, h.path, why);
    if (err == OL_OK && create)
        err = ol_file_mkdir(AT_FDCWD, h.path, why);
    if (err != OL_OK)
        return err;
    h.dir = AGAIN(open(h.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (h.dir < 0 && errno == ENOENT)
        return ol_why_set(why, OL_ENOENT,
                          "there is no home at %s; `openline init <party>` makes one, or set "
                          "OPENLINE_HOME to where it is",
                          h.path);
    if (h.dir < 0)
        return ol_why_errno(why, errno, "cannot open the home %s", h.path);
    err = check_dir(h.path, h.dir, create, &st, why);
    if (err != OL_OK) {
        ol_home_close(&h);
        return err;
    }
    h.dev = st.st_dev, h.inode = st.st_ino;
    *ret = h;
    return OL_OK;
}

void ol_home_close(ol_home *h) {
    if (h->dir >= 0)
        (void)close(h->dir);
    h->dir = -1;
}

char *ol_home_line_name(const char *line, const char *leaf, char to[OL_HOME_NAME_MAX]) {
    OL_ASSERT(ol_name_is_valid(line, strlen(line)));
    int n = snprintf(to, OL_HOME_NAME_MAX, "%s/%s%s%s", OL_HOME_LINES, line,
                     leaf != NULL ? "/" : "", leaf != NULL ? leaf : "");
    OL_ASSERT(n > 0 && n < OL_HOME_NAME_MAX);
    return to;
}

char *ol_home_card_name(const char *line, const char *party, uint32_t serial,
                        char to[OL_HOME_NAME_MAX]) {
    OL_ASSERT(ol_name_is_valid(line, strlen(line)) && ol_name_is_valid(party, strlen(party)));
    int n = snprintf(to, OL_HOME_NAME_MAX, "%s/%s/cards/%s.%u", OL_HOME_LINES, line, party,
                     (unsigned)serial);
    OL_ASSERT(n > 0 && n < OL_HOME_NAME_MAX);
    return to;
}

char *ol_home_generation_name(const char *line, const char *leaf, uint32_t generation,
                              char to[OL_HOME_NAME_MAX]) {
    char numbered[32];
    if (generation == 0 && strcmp(leaf, "charter") == 0)
        return ol_home_line_name(line, leaf, to);
    int n = snprintf(numbered, sizeof numbered, "%s.%u", leaf, (unsigned)generation);
    OL_ASSERT(n > 0 && (size_t)n < sizeof numbered);
    return ol_home_line_name(line, numbered, to);
}

ol_err ol_home_full(const ol_home *h, const char *name, char *to, size_t cap) {
    return join(h->path, name, to, cap) ? OL_OK : OL_ELIMIT;
}

void ol_home_socket(const ol_home *h, char to[OL_HOME_SOCKET_MAX + 1]) {
    if (!join(h->path, OL_HOME_SOCKET, to, OL_HOME_SOCKET_MAX + 1))
        (void)snprintf(to, OL_HOME_SOCKET_MAX + 1, "/proc/self/fd/%d/%s", h->dir, OL_HOME_SOCKET);
}

typedef struct {
    const ol_home *h;
    ol_home_line_fn *fn;
    void *ctx;
} walk;

static ol_err each_line(void *ctx, const char *name) {
    const walk *w = ctx;
    char file[OL_HOME_NAME_MAX];
    if (!ol_name_is_valid(name, strlen(name)) ||
        !ol_file_exists(w->h->dir, ol_home_line_name(name, "charter", file)))
        return OL_OK;
    return w->fn(w->ctx, name, ol_file_exists(w->h->dir, ol_home_line_name(name, "secret", file)));
}

ol_err ol_home_lines(const ol_home *h, ol_home_line_fn *fn, void *ctx, ol_why *why) {
    walk w = { h, fn, ctx };
    return ol_file_each(h->dir, OL_HOME_LINES, each_line, &w, why);
}

static int open_lock(const ol_home *h, int flags) {
    return AGAIN(openat(h->dir, OL_HOME_LOCK, flags | O_NOFOLLOW | O_CLOEXEC, 0600));
}

static long read_pid(int fd) {
    char text[24];
    ssize_t n = TEMP_FAILURE_RETRY(pread(fd, text, sizeof text, 0));
    uint64_t pid = 0;
    if (n < 2 || ol_u64_get(text, (size_t)n - 1, 1, INT32_MAX, &pid) != OL_OK)
        return 0;
    return (long)pid;
}

/* Locks of the open file, not of the process: they can be asked for without being taken, and a
 * second station in one process (tests) is refused too. */
static struct flock whole_file(void) {
    return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

ol_err ol_home_lock(const ol_home *h, int *ret_fd, ol_why *why) {
    int fd = open_lock(h, O_RDWR | O_CREAT);
    if (fd < 0)
        return ol_why_errno(why, errno, "cannot open %s/%s", h->path, OL_HOME_LOCK);
    struct flock lock = whole_file();
    if (AGAIN(fcntl(fd, F_OFD_SETLK, &lock)) != 0) {
        int sys = errno;
        long pid = read_pid(fd);
        (void)close(fd);
        if (sys != EAGAIN && sys != EACCES)
            return ol_why_errno(why, sys, "cannot lock %s/%s", h->path, OL_HOME_LOCK);
        return ol_why_set(why, OL_ESTATE,
                          "a station runs on %s already (process %ld); stop it first, or set "
                          "OPENLINE_HOME to another home",
                          h->path, pid);
    }
    char text[24];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    /* only for people: on a full disk the station must start all the same */
    if (AGAIN(ftruncate(fd, 0)) != 0 || TEMP_FAILURE_RETRY(pwrite(fd, text, (size_t)n, 0)) != n)
        n = 0;
    *ret_fd = fd;
    return OL_OK;
}

void ol_home_unlock(int fd) {
    if (fd >= 0)
        (void)close(fd);
}

long ol_home_pid(const ol_home *h) {
    int fd = open_lock(h, O_RDONLY);
    if (fd < 0)
        return 0;
    struct flock lock = whole_file();
    long pid = 0;
    if (AGAIN(fcntl(fd, F_OFD_GETLK, &lock)) == 0 && lock.l_type != F_UNLCK) {
        pid = read_pid(fd);
        pid = pid == 0 ? -1 : pid;
    }
    (void)close(fd);
    return pid;
}
