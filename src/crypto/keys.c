#include "crypto/keys.h"

#include <string.h>

#include <sodium.h>

#include "base/err.h"
#include "crypto/hash.h"

#define LABEL(text)                                                                                \
    { text, sizeof(text) - 1 }
enum { ID = OL_LINE_ID_LEN };
_Static_assert((size_t)OL_SECRET_LEN == OL_HASH_LEN, "secrets are whole hashes");
_Static_assert(OL_PARTIES_MAX <= UINT8_MAX, "party numbers are one byte");

static void put_be(uint64_t v, unsigned n, uint8_t *to) {
    for (unsigned i = 0; i < n; i++)
        to[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

static void expand(const uint8_t prk[OL_SECRET_LEN], const char *label, uint8_t *ret, size_t len) {
    ol_part info = { label, strlen(label) };
    ol_hash_hkdf_expand(prk, &info, 1, ret, len);
}

void ol_keys_master(const uint8_t line_id[ID], uint32_t generation,
                    const uint8_t (*parts)[OL_SECRET_LEN], size_t n,
                    uint8_t ret_master[OL_SECRET_LEN]) {
    OL_ASSERT(n >= OL_PARTIES_MIN && n <= OL_PARTIES_MAX);
    uint8_t salt[ID + 4];
    memcpy(salt, line_id, ID);
    put_be(generation, 4, salt + ID);
    ol_part ikm = { parts, n * OL_SECRET_LEN };
    ol_hash_hkdf_extract(salt, sizeof salt, &ikm, 1, ret_master);
}

void ol_keys_digits(const uint8_t master[OL_SECRET_LEN], char ret[OL_DIGITS_LEN + 1]) {
    uint8_t number[16];
    expand(master, "openline/1 check", number, sizeof number);
    for (unsigned group = 6; group-- > 0;) { /* the last group is number mod 10^5, and so on up */
        uint32_t rest = 0;
        for (unsigned i = 0; i < sizeof number; i++) {
            rest = rest << 8 | number[i];
            number[i] = (uint8_t)(rest / 100000);
            rest %= 100000;
        }
        for (unsigned digit = 5; digit-- > 0; rest /= 10)
            ret[6 * group + digit] = (char)('0' + rest % 10);
        ret[6 * group + 5] = group == 5 ? '\0' : ' ';
    }
    sodium_memzero(number, sizeof number);
}

void ol_keys_line_secret(const uint8_t master[OL_SECRET_LEN], uint8_t ret[OL_SECRET_LEN]) {
    expand(master, "openline/1 line", ret, OL_SECRET_LEN);
}

void ol_keys_pair(const uint8_t master[OL_SECRET_LEN], const uint8_t line_id[ID], unsigned i,
                  unsigned j, uint8_t ret_ck[OL_SECRET_LEN]) {
    OL_ASSERT(i < j && j < OL_PARTIES_MAX);
    const uint8_t pair[2] = { (uint8_t)i, (uint8_t)j };
    const ol_part info[] = { LABEL("openline/1 pair"), { line_id, ID }, { pair, sizeof pair } };
    ol_hash_hkdf_expand(master, info, OL_LEN(info), ret_ck, OL_SECRET_LEN);
}

static void hint(const uint8_t ck[OL_SECRET_LEN], unsigned s, unsigned r,
                 uint8_t ret[OL_HINT_LEN]) {
    const uint8_t way[2] = { (uint8_t)s, (uint8_t)r };
    const ol_part info[] = { LABEL("openline/1 hint"), { way, sizeof way } };
    ol_hash_hkdf_expand(ck, info, OL_LEN(info), ret, OL_HINT_LEN);
}

void ol_keys_epoch(const uint8_t ck[OL_SECRET_LEN], unsigned i, unsigned j, ol_epoch *ret) {
    OL_ASSERT(i < j && j < OL_PARTIES_MAX);
    expand(ck, "openline/1 psk", ret->psk, sizeof ret->psk);
    expand(ck, "openline/1 mac", ret->mac, sizeof ret->mac);
    hint(ck, i, j, ret->hint_up);
    hint(ck, j, i, ret->hint_down);
}

void ol_keys_next(const uint8_t ck[OL_SECRET_LEN], uint8_t ret_ck[OL_SECRET_LEN]) {
    expand(ck, "openline/1 next", ret_ck, OL_SECRET_LEN);
}

void ol_keys_salt(const uint8_t line_secret[OL_SECRET_LEN], const char *origin, size_t origin_len,
                  uint64_t index, uint8_t ret[OL_SALT_LEN]) {
    uint8_t tail[9] = { 0x0A }, mac[OL_HASH_LEN];
    put_be(index, 8, tail + 1);
    const ol_part in[] = { { origin, origin_len }, { tail, sizeof tail } };
    ol_hash_hmac(line_secret, OL_SECRET_LEN, in, OL_LEN(in), mac);
    memcpy(ret, mac, OL_SALT_LEN);
    sodium_memzero(mac, sizeof mac);
}
