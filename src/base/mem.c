#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

static void *heap_get(void *ctx, size_t bytes) {
    (void)ctx;
    return malloc(bytes);
}

static void heap_put(void *ctx, void *p, size_t bytes) {
    (void)ctx, (void)bytes;
    free(p);
}

void ol_mem_heap(ol_mem *m, size_t cap) {
    *m = (ol_mem){ .raw_get = heap_get, .raw_put = heap_put, .cap = cap };
}

void *ol_mem_get0(ol_mem *m, size_t n, size_t size) {
    if (n == 0 || size == 0 || n > SIZE_MAX / size || ++m->gets == m->fail_at)
        return NULL;
    size_t bytes = n * size;
    if (bytes > m->cap - m->used)
        return NULL;
    void *p = m->raw_get(m->ctx, bytes);
    if (p == NULL)
        return NULL;
    memset(p, 0, bytes);
    m->used += bytes;
    if (m->used > m->peak)
        m->peak = m->used;
    return p;
}

void ol_mem_put(ol_mem *m, void *p, size_t n, size_t size) {
    if (p == NULL)
        return;
    sodium_memzero(p, n * size);
    m->used -= n * size;
    m->raw_put(m->ctx, p, n * size);
}

void *ol_mem_grow(ol_mem *m, void *p, size_t *cap, size_t want, size_t size) {
    if (want <= *cap)
        return p;
    size_t more = *cap < SIZE_MAX / 2 && want < 2 * *cap ? 2 * *cap : want;
    void *q = ol_mem_get0(m, more, size);
    if (q == NULL)
        return NULL;
    if (*cap > 0)
        memcpy(q, p, *cap * size);
    ol_mem_put(m, p, *cap, size);
    *cap = more;
    return q;
}
