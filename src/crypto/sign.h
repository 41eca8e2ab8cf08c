/* crypto/sign.h — Ed25519: a key pair from its seed, signatures, strict verification.
 * Strict   S below the group order; key and R canonical and not of small order; the equation
 *          without the cofactor. Everything else is OL_EAUTH.
 * Signing  is deterministic (RFC 8032 §5.1.6).
 * Secrets  an ol_sign_key holds the seed: keep it in locked memory, wipe it with ol_sign_wipe.
 * Memory   allocates nothing, keeps no pointer.
 * Source   RFC 8032; libsodium's crypto_sign. */
#ifndef OL_CRYPTO_SIGN_H
#define OL_CRYPTO_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"

enum { OL_SIGN_SEED_LEN = 32, OL_SIGN_PUB_LEN = 32 };

typedef struct {
    uint8_t seed[OL_SIGN_SEED_LEN];
    uint8_t pub[OL_SIGN_PUB_LEN];
} ol_sign_key; /* in this order it is libsodium's secret key */

void ol_sign_key_of(const uint8_t seed[OL_SIGN_SEED_LEN], ol_sign_key *ret);
void ol_sign_wipe(ol_sign_key *key); /* NULL is allowed */
void ol_sign_make(const ol_sign_key *key, const void *p, size_t len, uint8_t ret[OL_SIG_LEN]);
OL_MUST ol_err ol_sign_verify(const uint8_t pub[OL_SIGN_PUB_LEN], const void *p, size_t len,
                              const uint8_t sig[OL_SIG_LEN]);

/* A key that a card or charter may name: a canonical point of the prime-order group. Keys made by
 * ol_sign_key_of always are. */
bool ol_sign_pub_is_valid(const uint8_t pub[OL_SIGN_PUB_LEN]);

#endif
