/* crypto/hash and crypto/sign: published answers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

static size_t bytes_of(const char *hex, uint8_t *to) {
    size_t n = strlen(hex) / 2;
    assert_int_equal(ol_hex_get(hex, 2 * n, to, n), OL_OK);
    return n;
}

static void assert_hex(const uint8_t *p, size_t n, const char *want) {
    char hex[2 * 128 + 1];
    assert_true(n <= 128);
    ol_hex_put(p, n, hex);
    assert_string_equal(hex, want);
}

static void sha256(void **state) {
    (void)state;
    uint8_t h[OL_HASH_LEN];
    ol_hash_sha256(NULL, 0, h);
    assert_hex(h, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ol_hash_sha256("abc", 3, h);
    assert_hex(h, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const ol_part part[] = { { "a", 1 }, { NULL, 0 }, { "bc", 2 } };
    uint8_t same[OL_HASH_LEN];
    ol_hash_sha256_parts(part, 3, same);
    assert_memory_equal(h, same, 32);
    memcpy(same, "abc", 3);
    ol_hash_sha256(same, 3, same); /* in place */
    assert_memory_equal(h, same, 32);
}

static void equality(void **state) {
    (void)state;
    ol_hash a = { { 1 } }, b = { { 1 } };
    assert_true(ol_hash_is_equal(&a, &b));
    for (size_t i = 0; i < OL_HASH_LEN; i++) {
        b.b[i] ^= 0x80;
        assert_false(ol_hash_is_equal(&a, &b));
        assert_false(ol_hash_is_equal(&b, &a));
        b.b[i] ^= 0x80;
    }
}

/* RFC 4231 §4.3 and §4.7 (a key longer than a block) */
static void hmac(void **state) {
    (void)state;
    uint8_t h[OL_HASH_LEN], key[131];
    const ol_part jefe[] = { { "what do ya want ", 16 }, { "for nothing?", 12 } };
    ol_hash_hmac("Jefe", 4, jefe, 2, h);
    assert_hex(h, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    const char *text = "Test Using Larger Than Block-Size Key - Hash Key First";
    ol_hash_hmac(key, sizeof key, &(ol_part){ text, strlen(text) }, 1, h);
    assert_hex(h, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 5869 A.1 to A.3 */
static const struct {
    const char *ikm, *salt, *info, *prk, *okm;
} hkdfs[] = {
    { "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
      "f0f1f2f3f4f5f6f7f8f9", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865" },
    { "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627"
      "28292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
      "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f8081828384858687"
      "88898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
      "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7"
      "d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
      "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac78272"
      "71cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f"
      "1d87" },
    { "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
      "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8" },
};

static void hkdf(void **state) {
    for (size_t i = 0; (void)state, i < OL_LEN(hkdfs); i++) {
        uint8_t ikm[80], salt[80], info[80], prk[OL_HASH_LEN], okm[128];
        size_t ikm_len = bytes_of(hkdfs[i].ikm, ikm), salt_len = bytes_of(hkdfs[i].salt, salt);
        size_t info_len = bytes_of(hkdfs[i].info, info), len = strlen(hkdfs[i].okm) / 2;
        const ol_part halves[] = { { ikm, 7 }, { ikm + 7, ikm_len - 7 } };
        ol_hash_hkdf_extract(salt, salt_len, halves, 2, prk);
        assert_hex(prk, sizeof prk, hkdfs[i].prk);
        memset(okm, 0xa5, sizeof okm);
        ol_hash_hkdf_expand(prk, &(ol_part){ info, info_len }, 1, okm, len);
        assert_hex(okm, len, hkdfs[i].okm);
        assert_int_equal(okm[len], 0xa5);
    }
}

static void hkdf_longest(void **state) {
    (void)state;
    static uint8_t okm[OL_HKDF_MAX];
    uint8_t prk[OL_HASH_LEN] = { 1 }, last[OL_HASH_LEN];
    uint8_t count = 255;
    ol_hash_hkdf_expand(prk, NULL, 0, okm, sizeof okm);
    const ol_part t254[] = { { okm + 253 * 32, 32 }, { &count, 1 } };
    ol_hash_hmac(prk, sizeof prk, t254, 2, last);
    assert_memory_equal(okm + 254 * 32, last, 32);
}

/* RFC 8032 §7.1, tests 1 to 3 */
static const struct {
    const char *seed, *pub, *message, *sig;
} signatures[] = {
    { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
      "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
    { "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
      "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
    { "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290"
      "ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" },
};

static void ed25519(void **state) {
    for (size_t i = 0; (void)state, i < OL_LEN(signatures); i++) {
        uint8_t seed[32], message[2], sig[OL_SIG_LEN];
        ol_sign_key key;
        size_t len = bytes_of(signatures[i].message, message);
        bytes_of(signatures[i].seed, seed);
        ol_sign_key_of(seed, &key);
        assert_hex(key.pub, 32, signatures[i].pub);
        assert_hex(key.seed, 32, signatures[i].seed);
        assert_true(ol_sign_pub_is_valid(key.pub));
        ol_sign_make(&key, message, len, sig);
        assert_hex(sig, sizeof sig, signatures[i].sig);
        assert_int_equal(ol_sign_verify(key.pub, message, len, sig), OL_OK);
        for (size_t bit = 0; bit < 8 * sizeof sig; bit += 7) {
            sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(ol_sign_verify(key.pub, message, len, sig), OL_EAUTH);
            sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        ol_sign_wipe(&key), ol_sign_wipe(NULL);
        assert_hex(key.seed, 2, "0000");
    }
}

/* k = SHA-512(R ‖ A ‖ "x") mod L */
static void challenge(const uint8_t r[32], const uint8_t pub[32], uint8_t ret_k[32]) {
    uint8_t in[65], wide[64];
    memcpy(in, r, 32), memcpy(in + 32, pub, 32), in[64] = 'x';
    crypto_hash_sha512(wide, in, sizeof in);
    crypto_core_ed25519_scalar_reduce(ret_k, wide);
}

/* S·B = R + k·A holds for each of these: a verifier that only computes takes them. */
static void ed25519_small_order(void **state) {
    (void)state;
    const uint8_t neutral[32] = { 1 };
    uint8_t wide[64] = { 9, 8, 7 }, a[32], pub[32], k[32], sig[OL_SIG_LEN];
    crypto_core_ed25519_scalar_reduce(a, wide);
    assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(pub, a), 0);
    memcpy(sig, pub, 32), memcpy(sig + 32, a, 32); /* A neutral, R = a·B, S = a */
    assert_int_equal(ol_sign_verify(neutral, "x", 1, sig), OL_EAUTH);
    challenge(neutral, pub, k); /* A = a·B, R neutral, S = k·a */
    memcpy(sig, neutral, 32);
    crypto_core_ed25519_scalar_mul(sig + 32, k, a);
    assert_int_equal(ol_sign_verify(pub, "x", 1, sig), OL_EAUTH);
    uint8_t r[32] = { 5 }, big_r[32], ka[32]; /* the same made honestly is taken */
    assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(big_r, r), 0);
    challenge(big_r, pub, k);
    crypto_core_ed25519_scalar_mul(ka, k, a);
    memcpy(sig, big_r, 32);
    crypto_core_ed25519_scalar_add(sig + 32, r, ka);
    assert_int_equal(ol_sign_verify(pub, "x", 1, sig), OL_OK);
}

static void ed25519_strict(void **state) {
    (void)state;
    static const char *const bad_pub[] = {
        "0100000000000000000000000000000000000000000000000000000000000000", /* neutral */
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* order 2 */
        "0000000000000000000000000000000000000000000000000000000000000000", /* order 4 */
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", /* order 8 */
        "0100000000000000000000000000000000000000000000000000000000000080", /* not canonical */
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* y = 1 + p */
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", /* y = p */
        "0200000000000000000000000000000000000000000000000000000000000000", /* not on the curve */
    };
    for (size_t i = 0; i < OL_LEN(bad_pub); i++) {
        uint8_t pub[32];
        bytes_of(bad_pub[i], pub);
        assert_false(ol_sign_pub_is_valid(pub));
    }
    /* S + L is the same scalar as S. */
    uint8_t group[32], seed[32] = { 7 }, sig[OL_SIG_LEN];
    ol_sign_key key;
    ol_sign_key_of(seed, &key);
    ol_sign_make(&key, "x", 1, sig);
    bytes_of("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", group);
    for (unsigned i = 0, carry = 0; i < 32; i++) {
        carry += sig[32 + i] + group[i];
        sig[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(ol_sign_verify(key.pub, "x", 1, sig), OL_EAUTH);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256),         cmocka_unit_test(equality),
        cmocka_unit_test(hmac),           cmocka_unit_test(hkdf),
        cmocka_unit_test(hkdf_longest),   cmocka_unit_test(ed25519),
        cmocka_unit_test(ed25519_strict), cmocka_unit_test(ed25519_small_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
