/* base/bytes.h — bounded reader and writer with an error that sticks.
 * Reader   borrows p; every take compares with what is left, never adds to an offset first. After
 *          the first failure all takes return NULL or 0 and err keeps its first value.
 * Writer   writes into a caller's buffer of cap bytes; past it err becomes OL_ELIMIT and nothing
 *          more is written.
 * Integers big-endian. Varint: RFC 9000 §16 (1, 2, 4 or 8 bytes), only the shortest form is read.
 */
#ifndef OL_BASE_BYTES_H
#define OL_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef struct {
    const uint8_t *p;
    size_t left;
    ol_err err;
} ol_rd;

typedef struct {
    uint8_t *p;
    size_t len, cap;
    ol_err err;
} ol_wr;

#define OL_VARINT_MAX ((UINT64_C(1) << 62) - 1)

static inline ol_rd ol_rd_of(const uint8_t *p, size_t len) {
    return (ol_rd){ p, len, OL_OK };
}
static inline ol_wr ol_wr_of(uint8_t *p, size_t cap) {
    return (ol_wr){ p, 0, cap, OL_OK };
}

const uint8_t *ol_rd_take(ol_rd *r, size_t n);    /* n bytes, borrowed; NULL once failed */
uint64_t ol_rd_be(ol_rd *r, unsigned n);          /* n = 1..8 bytes; 0 once failed */
uint64_t ol_rd_varint(ol_rd *r);                  /* 0 once failed */
void ol_rd_copy(ol_rd *r, uint8_t *to, size_t n); /* untouched once failed */
OL_MUST ol_err ol_rd_end(const ol_rd *r);         /* err, or OL_EFORM when bytes are left */

void ol_wr_put(ol_wr *w, const void *p, size_t n);
void ol_wr_be(ol_wr *w, uint64_t v, unsigned n); /* n = 1..8; v must fit: asserted */
void ol_wr_varint(ol_wr *w, uint64_t v);         /* v <= OL_VARINT_MAX: asserted */
unsigned ol_varint_len(uint64_t v);              /* 1, 2, 4 or 8 */

#endif
