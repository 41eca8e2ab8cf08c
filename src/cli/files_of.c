#include "cli/files_of.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096 };

static ol_err add(ol_files_of *f, const char *path, bool is_plain, uint8_t *p, size_t len) {
    if (f->n == OL_FILES_MAX)
        return OL_ELIMIT;
    if (f->n == f->cap) {
        size_t cap = f->cap == 0 ? 256 : f->cap * 2;
        ol_verify_file *file = realloc(f->file, cap * sizeof *file);
        if (file != NULL)
            f->file = file;
        struct ol_file_bytes *bytes = realloc(f->bytes, cap * sizeof *bytes);
        if (bytes != NULL)
            f->bytes = bytes;
        if (file == NULL || bytes == NULL)
            return OL_ENOMEM;
        f->cap = cap;
    }
    char *name = strdup(path);
    if (name == NULL)
        return OL_ENOMEM;
    f->file[f->n] = (ol_verify_file){ name, is_plain };
    f->bytes[f->n++] = (struct ol_file_bytes){ p, len };
    return OL_OK;
}

static ol_err walk(ol_files_of *f, char *path, size_t len, int dir, unsigned depth);

/* One name in a directory; path holds the directory's, len bytes. */
static ol_err take(ol_files_of *f, char *path, size_t len, int dir, const char *name,
                   unsigned depth) {
    struct stat st;
    size_t n = strlen(name);
    if (len + 1 + n >= PATH_ROOM)
        return OL_ELIMIT;
    size_t at = len + (len > 0);
    if (len > 0)
        path[len] = '/';
    memcpy(path + at, name, n + 1);
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return OL_EIO;
    ol_err err;
    if (S_ISDIR(st.st_mode)) {
        int below = (int)TEMP_FAILURE_RETRY(
            openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        err = below < 0 ? OL_EIO : walk(f, path, at + n, below, depth + 1);
    } else {
        err = add(f, path, S_ISREG(st.st_mode), NULL, 0);
    }
    if (err == OL_OK)
        path[len] = '\0';
    return err;
}

/* Takes the descriptor. On failure path names the place. */
static ol_err walk(ol_files_of *f, char *path, size_t len, int dir, unsigned depth) {
    DIR *d = depth > OL_FILES_DEPTH_MAX ? NULL : fdopendir(dir);
    if (d == NULL) {
        (void)close(dir);
        return depth > OL_FILES_DEPTH_MAX ? OL_ELIMIT : OL_ENOMEM;
    }
    ol_err err = OL_OK;
    for (bool is_end = false; !is_end && err == OL_OK;) {
        errno = 0; /* a call that was interrupted and went through has left it set */
        struct dirent *e = readdir(d);
        is_end = e == NULL;
        if (is_end && errno != 0)
            err = OL_EIO;
        if (!is_end && strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            err = take(f, path, len, dir, e->d_name, depth);
    }
    (void)closedir(d);
    return err;
}

typedef struct {
    ol_verify_file file;
    struct ol_file_bytes bytes;
} pair;

static int by_path(const void *a, const void *b) {
    return strcmp(((const pair *)a)->file.path, ((const pair *)b)->file.path);
}

ol_err ol_files_of_sort(ol_files_of *f) {
    pair *all = calloc(f->n + 1, sizeof *all);
    if (all == NULL)
        return OL_ENOMEM;
    for (size_t i = 0; i < f->n; i++)
        all[i] = (pair){ f->file[i], f->bytes[i] };
    qsort(all, f->n, sizeof *all, by_path);
    for (size_t i = 0; i < f->n; i++) {
        f->file[i] = all[i].file;
        f->bytes[i] = all[i].bytes;
    }
    free(all);
    return OL_OK;
}

ol_err ol_files_of_dir(const char *path, ol_files_of *ret, ol_why *why) {
    char room[PATH_ROOM] = "";
    ol_files_of f = { .dir =
                          (int)TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) };
    if (f.dir < 0)
        return ol_why_errno(why, errno, "cannot open the directory %s", path);
    int again = (int)TEMP_FAILURE_RETRY(openat(f.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ol_err err = again < 0 ? OL_EIO : walk(&f, room, 0, again, 0);
    if (err == OL_OK)
        err = ol_files_of_sort(&f);
    if (err != OL_OK) {
        (void)ol_why_set(why, err,
                         "%s cannot be read at \"%s\": %s; give the directory of an "
                         "export and nothing else",
                         path, room,
                         err == OL_ELIMIT ? "too many files or directories" : ol_err_text(err));
        ol_files_of_free(&f);
        return err;
    }
    *ret = f;
    return OL_OK;
}

void ol_files_of_memory(ol_files_of *ret) {
    *ret = (ol_files_of){ .dir = -1 };
}

ol_err ol_files_of_add(void *ctx, const char *path, const uint8_t *p, size_t n) {
    uint8_t *copy = malloc(n + 1);
    if (copy == NULL)
        return OL_ENOMEM;
    memcpy(copy, p, n);
    ol_err err = add(ctx, path, true, copy, n);
    if (err != OL_OK)
        free(copy);
    return err;
}

static const struct ol_file_bytes *find(const ol_files_of *f, const char *path) {
    size_t from = 0;
    size_t to = f->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        int cmp = strcmp(path, f->file[mid].path);
        if (cmp == 0)
            return &f->bytes[mid];
        if (cmp < 0)
            to = mid;
        else
            from = mid + 1;
    }
    return NULL;
}

static ol_err read_disk(int dir, const char *path, uint8_t *to, size_t cap, size_t *ret_len,
                        const char **ret_why) {
    struct stat st;
    int fd =
        (int)TEMP_FAILURE_RETRY(openat(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        *ret_why = fd < 0 ? strerror(errno) : "it is no plain file";
        if (fd >= 0)
            (void)close(fd);
        return OL_EIO;
    }
    size_t len = 0;
    ol_err err = OL_OK;
    for (bool is_end = false; !is_end && err == OL_OK;) {
        uint8_t more;
        ssize_t n = len < cap ? read(fd, to + len, cap - len) : read(fd, &more, 1);
        if (n < 0 && errno != EINTR) {
            *ret_why = strerror(errno);
            err = OL_EIO;
        } else if (n > 0 && len == cap) {
            err = OL_ELIMIT;
        } else if (n > 0) {
            len += (size_t)n;
        }
        is_end = n == 0;
    }
    (void)close(fd);
    *ret_len = len;
    return err;
}

ol_err ol_files_of_read(const ol_files_of *f, const char *path, uint8_t *to, size_t cap,
                        size_t *ret_len, const char **ret_why) {
    if (f->dir >= 0)
        return read_disk(f->dir, path, to, cap, ret_len, ret_why);
    const struct ol_file_bytes *bytes = find(f, path);
    if (bytes == NULL)
        return OL_ENOENT;
    if (bytes->len > cap)
        return OL_ELIMIT;
    memcpy(to, bytes->p, bytes->len);
    *ret_len = bytes->len;
    return OL_OK;
}

void ol_files_of_free(ol_files_of *f) {
    for (size_t i = 0; i < f->n; i++) {
        free((void *)(uintptr_t)f->file[i].path);
        free(f->bytes[i].p);
    }
    free(f->file);
    free(f->bytes);
    if (f->dir >= 0)
        (void)close(f->dir);
    *f = (ol_files_of){ .dir = -1 };
}
