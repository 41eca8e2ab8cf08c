/* record/keyindex.h — finds a log among many by its key, or by the first bytes of its incarnation.
 * Why      whoever opens a log chooses its incarnation: a table that hashes could be filled to be
 *          slow. This is a binary tree over the bits in which keys differ: at most 80 steps.
 * Use      rows of an array of the caller's, which begin with an ol_log_key; the index holds their
 *          numbers. `of` is told with every call, as the array moves when it grows.
 * Memory   12 bytes a row, twice that while it grows. Errors: OL_ENOMEM, and it is as it was. */
#ifndef OL_RECORD_KEYINDEX_H
#define OL_RECORD_KEYINDEX_H

#include "base/err.h"
#include "base/mem.h"
#include "wire/logkey.h"

enum { OL_KEYINDEX_BITS = 80 };
#define OL_KEYINDEX_NONE SIZE_MAX

typedef struct {
    uint32_t child[2]; /* a fork, or a row and the highest bit */
    uint8_t bit;       /* in which its two sides differ first */
} ol_keyindex_fork;

typedef struct { /* all zero: empty */
    ol_keyindex_fork *fork;
    size_t cap, rows;
    uint32_t root;
} ol_keyindex;

typedef struct {
    const void *row;
    size_t size; /* of a row */
} ol_keyindex_rows;

void ol_keyindex_free(ol_mem *mem, ol_keyindex *x);
/* The row's key is in the array already, and in no other row that was put (asserted). */
OL_MUST ol_err ol_keyindex_put(ol_mem *mem, ol_keyindex *x, ol_keyindex_rows of, size_t row);
/* OL_KEYINDEX_NONE: there is none. */
size_t ol_keyindex_find(const ol_keyindex *x, ol_keyindex_rows of, const ol_log_key *key);

/* Those of the key's party and lane whose incarnation begins with so many bytes of its own, in no
 * order that means anything. */
typedef struct {
    uint32_t todo[OL_KEYINDEX_BITS + 1];
    unsigned n;
} ol_keyindex_walk;
void ol_keyindex_begin(const ol_keyindex *x, ol_keyindex_rows of, const ol_log_key *key,
                       unsigned incarnation_len, ol_keyindex_walk *ret);
size_t ol_keyindex_next(const ol_keyindex *x, ol_keyindex_walk *w);

#endif
