/* tests/fault/preload.c — LD_PRELOAD: system calls of a whole program that fail on demand.
 * $OPENLINE_FAULTS names a file that both sides map; the test writes a plan, this library counts:
 *   u32 kind | i32 errno | u64 from | u64 to | u64 calls | char where[96]
 * Calls of this kind on files whose path contains `where` are counted from 0; those from `from` to
 * below `to` fail; errno 0: reads and writes move one byte. A close that fails has closed.
 * Kinds: 1 write, pwrite · 2 fsync, fdatasync, syncfs · 3 open, openat · 4 rename, renameat,
 * renameat2, link · 5 getrandom · 6 mkdir, mkdirat · 7 unlink, unlinkat · 8 read, pread ·
 * 9 close. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { WRITE = 1, SYNC, OPEN, RENAME, RANDOM, MKDIR, UNLINK, READ, CLOSE };

typedef struct {
    volatile uint32_t kind;
    volatile int32_t error;
    volatile uint64_t from, to;
    uint64_t calls;
    char where[96];
} plan;

static plan *now;

static void *real(const char *name) {
    void *p = dlsym(RTLD_NEXT, name);
    if (p == NULL)
        abort();
    return p;
}

__attribute__((constructor)) static void begin(void) {
    int (*real_open)(const char *, int, ...) = (int (*)(const char *, int, ...))real("open");
    const char *name = getenv("OPENLINE_FAULTS");
    int fd = name == NULL ? -1 : real_open(name, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *p = mmap(NULL, sizeof *now, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    now = p == MAP_FAILED ? NULL : p;
    (void)((int (*)(int))real("close"))(fd);
}

/* 0: goes through; 1: errno is set; 2: falls short. */
static int fate(uint32_t kind, const char *path) {
    if (now == NULL || now->kind != kind || strstr(path, now->where) == NULL)
        return 0;
    uint64_t n = __atomic_fetch_add(&now->calls, 1, __ATOMIC_SEQ_CST);
    if (n < now->from || n >= now->to)
        return 0;
    errno = now->error;
    return now->error == 0 ? 2 : 1;
}

static int fate_of(uint32_t kind, int fd) {
    char link[32], path[512];
    int before = errno;
    if (now == NULL || now->kind != kind)
        return 0;
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    int how = path[0] == '/' ? fate(kind, path) : 0;
    if (how != 1)
        errno = before;
    return how;
}

#define PASS(type, name, params, args, how, failed)                                                \
    type name params;                                                                              \
    type name params {                                                                             \
        static type(*call) params;                                                                 \
        if (call == NULL)                                                                          \
            call = (type(*) params)real(#name);                                                    \
        return (how) == 1 ? failed : call args;                                                    \
    }
#define PASS_IO(name, kind, params, args, one)                                                     \
    ssize_t name params;                                                                           \
    ssize_t name params {                                                                          \
        static ssize_t(*call) params;                                                              \
        if (call == NULL)                                                                          \
            call = (ssize_t(*) params)real(#name);                                                 \
        int how = fate_of(kind, fd);                                                               \
        return how == 1 ? -1 : how == 2 && n > 1 ? call one : call args;                           \
    }

PASS_IO(write, WRITE, (int fd, const void *p, size_t n), (fd, p, n), (fd, p, 1))
PASS_IO(pwrite, WRITE, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at), (fd, p, 1, at))
PASS_IO(pwrite64, WRITE, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at),
        (fd, p, 1, at))
PASS_IO(read, READ, (int fd, void *p, size_t n), (fd, p, n), (fd, p, 1))
PASS_IO(pread, READ, (int fd, void *p, size_t n, off_t at), (fd, p, n, at), (fd, p, 1, at))
PASS_IO(pread64, READ, (int fd, void *p, size_t n, off_t at), (fd, p, n, at), (fd, p, 1, at))
PASS(int, fsync, (int fd), (fd), fate_of(SYNC, fd), -1)
PASS(int, fdatasync, (int fd), (fd), fate_of(SYNC, fd), -1)
PASS(int, syncfs, (int fd), (fd), fate_of(SYNC, fd), -1)
PASS(int, rename, (const char *from, const char *to), (from, to), fate(RENAME, to), -1)
PASS(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to),
     fate(RENAME, to), -1)
PASS(int, renameat2, (int a, const char *from, int b, const char *to, unsigned how),
     (a, from, b, to, how), fate(RENAME, to), -1)
PASS(int, mkdir, (const char *name, mode_t mode), (name, mode), fate(MKDIR, name), -1)
PASS(int, mkdirat, (int dir, const char *name, mode_t mode), (dir, name, mode), fate(MKDIR, name),
     -1)
PASS(int, unlink, (const char *name), (name), fate(UNLINK, name), -1)
PASS(int, unlinkat, (int dir, const char *name, int how), (dir, name, how), fate(UNLINK, name), -1)
PASS(ssize_t, getrandom, (void *p, size_t n, unsigned how), (p, n, how), fate(RANDOM, ""), -1)

int close(int fd) {
    static int (*call)(int);
    if (call == NULL)
        call = (int (*)(int))real("close");
    int how = fate_of(CLOSE, fd), error = errno, r = call(fd);
    if (how != 1)
        return r;
    errno = error;
    return -1;
}

#define OPEN_AS(name)                                                                              \
    int name(const char *path, int flags, ...) {                                                   \
        static int (*call)(const char *, int, ...);                                                \
        va_list va;                                                                                \
        va_start(va, flags);                                                                       \
        mode_t mode = (flags & O_CREAT) != 0 ? va_arg(va, mode_t) : 0;                             \
        va_end(va);                                                                                \
        if (call == NULL)                                                                          \
            call = (int (*)(const char *, int, ...))real(#name);                                   \
        return fate(OPEN, path) == 1 ? -1 : call(path, flags, mode);                               \
    }
#define OPENAT_AS(name)                                                                            \
    int name(int dir, const char *path, int flags, ...) {                                          \
        static int (*call)(int, const char *, int, ...);                                           \
        va_list va;                                                                                \
        va_start(va, flags);                                                                       \
        mode_t mode = (flags & O_CREAT) != 0 ? va_arg(va, mode_t) : 0;                             \
        va_end(va);                                                                                \
        if (call == NULL)                                                                          \
            call = (int (*)(int, const char *, int, ...))real(#name);                              \
        return fate(OPEN, path) == 1 ? -1 : call(dir, path, flags, mode);                          \
    }
OPEN_AS(open)
OPEN_AS(open64)
OPENAT_AS(openat)
OPENAT_AS(openat64)

/* what open becomes when its checks are compiled in */
int __openat_2(int dir, const char *path, int flags);
int __openat_2(int dir, const char *path, int flags) {
    return openat(dir, path, flags);
}
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags) {
    return open(path, flags);
}
