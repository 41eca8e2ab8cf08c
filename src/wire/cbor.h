/* wire/cbor.h — the deterministic CBOR subset of entries, over ol_rd and ol_wr.
 * Shape    unsigned and negative integers, byte strings, text strings (UTF-8), arrays; definite
 *          lengths, shortest heads. Everything else is OL_EFORM.
 * Limits   nesting OL_CBOR_DEPTH_MAX arrays deep; a string or array never claims more than is left.
 * Errors   OL_ESHORT, OL_EFORM, OL_ELIMIT, in the reader's sticky err; values read as 0 or NULL
 * then. Memory   strings are borrowed from the input; nothing is allocated. Source   RFC 8949
 * §4.2.1; docs/PROTOCOL.md §4.1 */
#ifndef OL_WIRE_CBOR_H
#define OL_WIRE_CBOR_H

#include "base/bytes.h"

enum { OL_CBOR_DEPTH_MAX = 8 };

typedef enum {
    OL_CBOR_UINT = 0,
    OL_CBOR_NEGATIVE = 1,
    OL_CBOR_BYTES = 2,
    OL_CBOR_TEXT = 3,
    OL_CBOR_ARRAY = 4
} ol_cbor_major;

/* The type of the next item without taking it; -1 at the end of input, on error or for a type
 * outside the subset. */
int ol_cbor_peek(const ol_rd *r);
uint64_t ol_cbor_get_uint(ol_rd *r);
uint64_t ol_cbor_get_uint_max(ol_rd *r, uint64_t max); /* above max: OL_ELIMIT */
/* The string's bytes, borrowed; *ret_len its length. Text is checked to be UTF-8. */
const uint8_t *ol_cbor_get_bytes(ol_rd *r, size_t *ret_len);
const uint8_t *ol_cbor_get_text(ol_rd *r, size_t *ret_len);
uint64_t ol_cbor_get_array(ol_rd *r); /* the number of items that follow */
/* Takes one whole item of any kind of the subset; returns where it began and *ret_len its length.
 */
const uint8_t *ol_cbor_get_any(ol_rd *r, size_t *ret_len);
/* In an array of n items, of which `taken` were: takes the others, of later revisions, of any kind.
 * They stand one array deep already: what this leaves is what ol_cbor_check takes. */
void ol_cbor_skip(ol_rd *r, uint64_t taken, uint64_t n);
/* One whole item and nothing after it, within the subset and limits. */
OL_MUST ol_err ol_cbor_check(const uint8_t *p, size_t len);
/* The same of an item that is to stand so many arrays deep. */
OL_MUST ol_err ol_cbor_check_within(const uint8_t *p, size_t len, size_t deep);

void ol_cbor_put_uint(ol_wr *w, uint64_t v);
void ol_cbor_put_bytes(ol_wr *w, const void *p, size_t len);
void ol_cbor_put_text(ol_wr *w, const char *p, size_t len);
void ol_cbor_put_array(ol_wr *w, uint64_t n);

#endif
