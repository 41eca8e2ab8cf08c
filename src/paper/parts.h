/* paper/parts.h — a bundle in parts, each the content of one QR code.
 * Shape    u8 'P' | u8 version = 1 | u8[4] the first bytes of SHA-256(bundle) | u8 i | u8 n |
 *          bytes: part i of n, from 1. At most 600 bytes in all; all parts but the last have one
 *          length, no part is empty.
 * Joining  parts come in any order and several times, those of several bundles together. A bundle
 *          is whole when all parts are there and the hash of what they make begins as they say.
 * Errors   OL_ESHORT, OL_EFORM no part; OL_ELIMIT longer than a part may be; nothing is changed.
 * Memory   pure: no I/O, allocates nothing; parts are borrowed.
 * Source   docs/PROTOCOL.md §12.2. */
#ifndef OL_PAPER_PARTS_H
#define OL_PAPER_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    OL_PARTS_BUNDLE_MAX = 65535,
    OL_PARTS_HEAD = 8, /* bytes before the bundle's */
    OL_PARTS_ID_LEN = 4,
    OL_PARTS_PART_MAX = 600, /* a QR code of version 19, medium correction */
    OL_PARTS_MAX = 255       /* of a bundle */
};
_Static_assert((OL_PARTS_BUNDLE_MAX + OL_PARTS_PART_MAX - OL_PARTS_HEAD - 1) /
                       (OL_PARTS_PART_MAX - OL_PARTS_HEAD) <=
                   OL_PARTS_MAX,
               "the longest bundle has few enough parts");

typedef struct {
    uint8_t id[OL_PARTS_ID_LEN];
    uint8_t i, n; /* part i of n, from 1 */
    const uint8_t *p;
    size_t len;
} ol_part_of;

/* How many parts of at most part_max bytes each (OL_PARTS_HEAD + 257 .. OL_PARTS_PART_MAX) a
 * bundle of len bytes, 1..OL_PARTS_BUNDLE_MAX, has. */
size_t ol_parts_count(size_t len, size_t part_max);
void ol_parts_id(const uint8_t *bundle, size_t len, uint8_t ret[OL_PARTS_ID_LEN]);
/* Part i of n; to: OL_PARTS_PART_MAX bytes. Its length. */
size_t ol_parts_put(const uint8_t *bundle, size_t len, size_t i, size_t n,
                    uint8_t to[OL_PARTS_PART_MAX]);

OL_MUST ol_err ol_parts_get(const uint8_t *p, size_t len, ol_part_of *ret);
/* The bundle of these, all of one id and n, part 1 first, each once. OL_EAUTH: they do not make
 * what their id says. to: OL_PARTS_BUNDLE_MAX bytes, written on any outcome. */
OL_MUST ol_err ol_parts_join(const ol_part_of *part, size_t n, uint8_t *to, size_t *ret_len);

#endif
