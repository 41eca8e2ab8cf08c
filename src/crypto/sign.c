#include "crypto/sign.h"

#include <string.h>

#include <sodium.h>

_Static_assert((int)OL_SIGN_SEED_LEN == (int)crypto_sign_SEEDBYTES, "seed");
_Static_assert((int)OL_SIG_LEN == (int)crypto_sign_BYTES, "signature");
_Static_assert(sizeof(ol_sign_key) == crypto_sign_SECRETKEYBYTES, "libsodium's secret key");

void ol_sign_key_of(const uint8_t seed[OL_SIGN_SEED_LEN], ol_sign_key *ret) {
    uint8_t secret[crypto_sign_SECRETKEYBYTES], pub[OL_SIGN_PUB_LEN];
    crypto_sign_seed_keypair(pub, secret, seed);
    memcpy(ret->seed, secret, OL_SIGN_SEED_LEN);
    memcpy(ret->pub, pub, OL_SIGN_PUB_LEN);
    sodium_memzero(secret, sizeof secret);
}

void ol_sign_wipe(ol_sign_key *key) {
    if (key != NULL)
        sodium_memzero(key, sizeof *key);
}

void ol_sign_make(const ol_sign_key *key, const void *p, size_t len, uint8_t ret[OL_SIG_LEN]) {
    crypto_sign_detached(ret, NULL, len > 0 ? p : (const void *)"", len, (const uint8_t *)key);
}

ol_err ol_sign_verify(const uint8_t pub[OL_SIGN_PUB_LEN], const void *p, size_t len,
                      const uint8_t sig[OL_SIG_LEN]) {
    const void *message = len > 0 ? p : (const void *)"";
    return crypto_sign_verify_detached(sig, message, len, pub) == 0 ? OL_OK : OL_EAUTH;
}

bool ol_sign_pub_is_valid(const uint8_t pub[OL_SIGN_PUB_LEN]) {
    return crypto_core_ed25519_is_valid_point(pub) == 1;
}
