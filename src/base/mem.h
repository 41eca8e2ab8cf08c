/* base/mem.h — memory handed in, counted and capped.
 * Core code never calls malloc: it draws from an ol_mem that its owner made with a ceiling.
 * Units    bytes. get0 returns zeroed memory or NULL (over the cap, overflow of n * size, or none).
 *          put wipes (sodium_memzero) what it releases; NULL is allowed.
 * Memory   the caller of get0 owns the block and gives it back to the same ol_mem with its size. */
#ifndef OL_BASE_MEM_H
#define OL_BASE_MEM_H

#include <stddef.h>

typedef struct ol_mem ol_mem;
struct ol_mem {
    void *(*raw_get)(void *ctx, size_t bytes); /* need not zero; NULL when there is none */
    void (*raw_put)(void *ctx, void *p, size_t bytes);
    void *ctx;
    size_t used, peak, cap;           /* bytes now, at most so far, ceiling */
    unsigned long long gets, fail_at; /* count of calls; the fail_at-th call fails (0: never) */
};

/* An ol_mem over the C heap with a ceiling. */
void ol_mem_heap(ol_mem *m, size_t cap);
void *ol_mem_get0(ol_mem *m, size_t n, size_t size);
void ol_mem_put(ol_mem *m, void *p, size_t n, size_t size);
/* Room for at least want elements (want > 0): p itself when *cap is enough, else a larger block, at
 * least doubled, with the old contents; *cap follows. NULL: p and *cap are as they were. */
void *ol_mem_grow(ol_mem *m, void *p, size_t *cap, size_t want, size_t size);

#endif
