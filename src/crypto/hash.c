#include "crypto/hash.h"

#include <string.h>

#include <sodium.h>

#include "base/err.h"

_Static_assert((int)OL_HASH_LEN == (int)crypto_hash_sha256_BYTES, "SHA-256");
_Static_assert((int)OL_HASH_LEN == (int)crypto_auth_hmacsha256_BYTES, "HMAC-SHA-256");

void ol_hash_sha256(const void *p, size_t len, uint8_t ret[OL_HASH_LEN]) {
    ol_hash_sha256_parts(&(ol_part){ p, len }, 1, ret);
}

void ol_hash_sha256_parts(const ol_part *part, size_t n, uint8_t ret[OL_HASH_LEN]) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < n; i++)
        if (part[i].len > 0)
            crypto_hash_sha256_update(&state, part[i].p, part[i].len);
    crypto_hash_sha256_final(&state, ret);
    sodium_memzero(&state, sizeof state);
}

static void hmac_add(crypto_auth_hmacsha256_state *state, const ol_part *part, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (part[i].len > 0)
            crypto_auth_hmacsha256_update(state, part[i].p, part[i].len);
}

void ol_hash_hmac(const void *key, size_t key_len, const ol_part *part, size_t n,
                  uint8_t ret[OL_HASH_LEN]) {
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key_len > 0 ? key : "", key_len);
    hmac_add(&state, part, n);
    crypto_auth_hmacsha256_final(&state, ret);
    sodium_memzero(&state, sizeof state);
}

void ol_hash_hkdf_extract(const void *salt, size_t salt_len, const ol_part *ikm, size_t n,
                          uint8_t ret_prk[OL_HASH_LEN]) {
    ol_hash_hmac(salt, salt_len, ikm, n, ret_prk); /* a short key is filled up with zeros */
}

void ol_hash_hkdf_expand(const uint8_t prk[OL_HASH_LEN], const ol_part *info, size_t n,
                         uint8_t *ret, size_t len) {
    crypto_auth_hmacsha256_state keyed, state;
    uint8_t t[OL_HASH_LEN];
    OL_ASSERT(len <= OL_HKDF_MAX);
    crypto_auth_hmacsha256_init(&keyed, prk, OL_HASH_LEN);
    for (size_t at = 0; at < len; at += OL_HASH_LEN) {
        uint8_t count = (uint8_t)(at / OL_HASH_LEN + 1);
        state = keyed;
        crypto_auth_hmacsha256_update(&state, t, at > 0 ? sizeof t : 0);
        hmac_add(&state, info, n);
        crypto_auth_hmacsha256_update(&state, &count, 1);
        crypto_auth_hmacsha256_final(&state, t);
        memcpy(ret + at, t, len - at < sizeof t ? len - at : sizeof t);
    }
    sodium_memzero(&keyed, sizeof keyed);
    sodium_memzero(&state, sizeof state);
    sodium_memzero(t, sizeof t);
}

bool ol_hash_is_equal(const ol_hash *a, const ol_hash *b) {
    return memcmp(a->b, b->b, OL_HASH_LEN) == 0;
}
