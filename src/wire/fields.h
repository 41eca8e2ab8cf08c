/* wire/fields.h — reading the fields of a body one after the other, with the sentence that tells
 * the first fault: what cannot be read is shown with its reason (§3.5).
 * Use      take with ol_cbor_get_… from `r`, then demand; the first failure sticks, later takes are
 *          0 or NULL and later demands change nothing.
 * Memory   strings are borrowed from the input; sentences are static.
 * Source   docs/PROTOCOL.md §4.1 */
#ifndef OL_WIRE_FIELDS_H
#define OL_WIRE_FIELDS_H

#include "base/text.h"
#include "wire/cbor.h"

enum { OL_REMARK_MAX = 200 };                 /* reason or remark, bytes */
enum { OL_SECONDS_MAX = 604800 };             /* of a promise, a deferral, a rung */
#define OL_TIME_MAX ((UINT64_C(1) << 40) - 1) /* seconds since 1970: u40 on the wire, too */

typedef struct {
    ol_rd r;
    const char *why; /* NULL: nothing is wrong so far */
} ol_fields;

/* What stands before must have been read, and is_right: else err and why, once. True: go on. */
bool ol_fields_demand(ol_fields *f, bool is_right, ol_err err, const char *why);
uint64_t ol_fields_uint(ol_fields *f, uint64_t max, const char *why);
/* A text of at most max bytes of what one line may hold, or empty. */
ol_str ol_fields_line(ol_fields *f, size_t max, const char *why);
bool ol_fields_is_line(ol_str s);
/* The number of items of an array that has min to max of them. */
size_t ol_fields_array(ol_fields *f, size_t min, size_t max, const char *why);
/* Party numbers, ascending, as bits: bit p is party p. */
uint16_t ol_fields_parties(ol_fields *f, const char *why);
void ol_fields_put_parties(ol_wr *w, uint16_t parties);
/* Passes over the fields from number `known` of n on, of later revisions; nothing may follow them.
 * On failure *ret_why is set. */
OL_MUST ol_err ol_fields_end(ol_fields *f, uint64_t known, uint64_t n, const char *why,
                             const char **ret_why);

#endif
