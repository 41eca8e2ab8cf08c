#include "fault/lib_calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

call_plan calls_now;

#define CALL_ROW(name, is_interruptible, is_short) { #name, is_interruptible, is_short },
const call_row calls_row[CALL_N] = { CALLS(CALL_ROW) };

/* 0: goes through; 1: errno is set; 2: falls short. */
static int fate(call_kind kind) {
    if (!calls_now.is_armed)
        return 0;
    uint64_t n = calls_now.calls[kind]++;
    if (kind != calls_now.kind || n < calls_now.from || n >= calls_now.to)
        return 0;
    errno = calls_now.error;
    return calls_now.error == 0 ? 2 : 1;
}

#define WRAP(type, name, params, args, failed)                                                     \
    type __real_##name params;                                                                     \
    type __wrap_##name params;                                                                     \
    type __wrap_##name params {                                                                    \
        return fate(CALL_##name) == 1 ? failed : __real_##name args;                               \
    }
#define WRAP_IO(name, params, args, one)                                                           \
    ssize_t __real_##name params;                                                                  \
    ssize_t __wrap_##name params;                                                                  \
    ssize_t __wrap_##name params {                                                                 \
        int how = fate(CALL_##name);                                                               \
        return how == 1 ? -1 : how == 2 && n > 1 ? __real_##name one : __real_##name args;         \
    }

WRAP(int, fsync, (int fd), (fd), -1)
WRAP(int, fdatasync, (int fd), (fd), -1)
WRAP(int, ftruncate, (int fd, off_t n), (fd, n), -1)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), -1)
WRAP(int, fstat, (int fd, struct stat *st), (fd, st), -1)
WRAP(int, fstatat, (int dir, const char *name, struct stat *st, int how), (dir, name, st, how), -1)
WRAP(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), -1)
WRAP(int, renameat2, (int a, const char *from, int b, const char *to, unsigned how),
     (a, from, b, to, how), -1)
WRAP(int, linkat, (int a, const char *from, int b, const char *to, int how), (a, from, b, to, how),
     -1)
WRAP(int, unlinkat, (int dir, const char *name, int how), (dir, name, how), -1)
WRAP(int, mkdirat, (int dir, const char *name, mode_t mode), (dir, name, mode), -1)
WRAP(int, scandirat,
     (int dir, const char *name, struct dirent ***to, int (*filter)(const struct dirent *),
      int (*order)(const struct dirent **, const struct dirent **)),
     (dir, name, to, filter, order), -1)
WRAP(void *, malloc, (size_t n), (n), NULL)
WRAP(void *, calloc, (size_t n, size_t size), (n, size), NULL)
WRAP(void *, realloc, (void *p, size_t n), (p, n), NULL)
WRAP_IO(read, (int fd, void *p, size_t n), (fd, p, n), (fd, p, 1))
WRAP_IO(write, (int fd, const void *p, size_t n), (fd, p, n), (fd, p, 1))
WRAP_IO(pread, (int fd, void *p, size_t n, off_t at), (fd, p, n, at), (fd, p, 1, at))
WRAP_IO(pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at), (fd, p, 1, at))

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd) {
    int how = fate(CALL_close), error = errno, r = __real_close(fd);
    if (how == 0)
        return r;
    errno = error;
    return -1;
}

int __real_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...) {
    va_list va;
    va_start(va, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(va, mode_t) : 0;
    va_end(va);
    return fate(CALL_open) == 1 ? -1 : __real_open(name, flags, mode);
}

int __real_openat(int dir, const char *name, int flags, ...);
int __wrap_openat(int dir, const char *name, int flags, ...);
int __wrap_openat(int dir, const char *name, int flags, ...) {
    va_list va;
    va_start(va, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(va, mode_t) : 0;
    va_end(va);
    return fate(CALL_openat) == 1 ? -1 : __real_openat(dir, name, flags, mode);
}

int __real_fcntl(int fd, int what, ...);
int __wrap_fcntl(int fd, int what, ...);
int __wrap_fcntl(int fd, int what, ...) {
    va_list va;
    va_start(va, what);
    void *arg = va_arg(va, void *); /* of the calls here all have one, a pointer */
    va_end(va);
    return fate(CALL_fcntl) == 1 ? -1 : __real_fcntl(fd, what, arg);
}
