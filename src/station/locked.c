#include "station/locked.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <sodium.h>

enum { ALIGN = 16 };

static size_t rounded(size_t bytes) {
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static void *locked_get(void *ctx, size_t bytes) {
    (void)ctx;
    if (bytes > SIZE_MAX - ALIGN)
        return NULL;
    void *p = sodium_malloc(rounded(bytes)); /* its pages are left out of cores, locked or not … */
    if (p == NULL)
        return NULL;
    if (mlock(p, bytes) == 0) /* … but whether they are locked it does not say */
        return p;
    sodium_free(p);
    return NULL;
}

static void locked_put(void *ctx, void *p, size_t bytes) {
    (void)ctx, (void)bytes;
    sodium_free(p);
}

static void raise_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_MEMLOCK, &limit);
}

void ol_locked_mem(ol_mem *m, size_t cap) {
    raise_limit();
    *m = (ol_mem){ .raw_get = locked_get, .raw_put = locked_put, .cap = cap };
}

ol_err ol_locked_probe(size_t bytes, ol_why *why) {
    raise_limit();
    void *p = locked_get(NULL, bytes);
    if (p != NULL) {
        locked_put(NULL, p, bytes);
        return OL_OK;
    }
    struct rlimit limit = { 0 };
    (void)getrlimit(RLIMIT_MEMLOCK, &limit);
    return ol_why_set(
        why, OL_ENOMEM,
        "cannot lock %zu KiB of memory for secret keys, which must not reach swap: "
        "the limit is %llu KiB; raise it (ulimit -l, or LimitMEMLOCK= of the service)",
        bytes / 1024, (unsigned long long)limit.rlim_cur / 1024);
}
