/* crypto/hash.h — SHA-256, HMAC-SHA-256 and HKDF over scattered parts.
 * Parts    an input is the concatenation of n ol_part; p may be NULL where len is 0.
 * Lengths  HKDF gives at most OL_HKDF_MAX bytes (asserted: callers ask for fixed lengths).
 * Memory   allocates nothing, keeps no pointer; inner states are wiped. The
 *          result of HKDF-Expand must not overlap info; other results may overlap inputs.
 * Source   FIPS 180-4, RFC 2104, RFC 5869; vectors in tests/unit/test_hash.c. */
#ifndef OL_CRYPTO_HASH_H
#define OL_CRYPTO_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OL_HASH_LEN = 32, OL_HKDF_MAX = 255 * OL_HASH_LEN };

typedef struct {
    uint8_t b[OL_HASH_LEN];
} ol_hash; /* a SHA-256 value as a public thing: a root, a leaf hash, a name */

typedef struct {
    const void *p;
    size_t len;
} ol_part;

void ol_hash_sha256(const void *p, size_t len, uint8_t ret[OL_HASH_LEN]);
void ol_hash_sha256_parts(const ol_part *part, size_t n, uint8_t ret[OL_HASH_LEN]);
void ol_hash_hmac(const void *key, size_t key_len, const ol_part *part, size_t n,
                  uint8_t ret[OL_HASH_LEN]);

/* salt_len 0 means the salt of 32 zero bytes (RFC 5869 §2.2). */
void ol_hash_hkdf_extract(const void *salt, size_t salt_len, const ol_part *ikm, size_t n,
                          uint8_t ret_prk[OL_HASH_LEN]);
void ol_hash_hkdf_expand(const uint8_t prk[OL_HASH_LEN], const ol_part *info, size_t n,
                         uint8_t *ret, size_t len);

/* Public values only; not in constant time. */
bool ol_hash_is_equal(const ol_hash *a, const ol_hash *b);

#endif
