#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "crypto/keyfile.h"
#include "lib/parties.h"

#define PASS ((const uint8_t *)"correct horse")
enum { PASS_LEN = 13 };

static const ol_keyfile station = { .kind = OL_KEYFILE_STATION,
                                    .party = "u-345678901234567890123456789012",
                                    .serial = UINT32_MAX,
                                    .log = { 1, [31] = 0xff },
                                    .receipt = { 2 },
                                    .static_key = { 3 } };
static const ol_keyfile identity = { .kind = OL_KEYFILE_IDENTITY,
                                     .party = "usa",
                                     .identity = { 4, [31] = 0xfe } };
static const ol_keyfile_seal seal = { .pass = PASS,
                                      .pass_len = PASS_LEN,
                                      .passes = OL_KEYFILE_PASSES_MIN,
                                      .kib = OL_KEYFILE_KIB_MIN,
                                      .salt = { 5 },
                                      .nonce = { 6 } };

static size_t put(const ol_keyfile *key, const ol_keyfile_seal *s, char *to) {
    ol_wr w = ol_wr_of((uint8_t *)to, OL_KEYFILE_MAX);
    assert_int_equal(ol_keyfile_put(key, s, &w), OL_OK);
    return w.len;
}

static void what_is_put_is_got(void **state) {
    (void)state;
    ol_keyfile officer = identity;
    officer.kind = OL_KEYFILE_OFFICER;
    const ol_keyfile *const keys[] = { &station, &identity, &officer };
    for (size_t i = 0; i < OL_LEN(keys); i++) {
        char text[OL_KEYFILE_MAX];
        ol_keyfile got = { .kind = OL_KEYFILE_IDENTITY };
        ol_ini_at at;
        size_t n = put(keys[i], NULL, text);
        assert_int_equal(ol_keyfile_get(text, n, NULL, 0, &got, &at), OL_OK);
        assert_memory_equal(&got, keys[i], sizeof got);
        memset(&got, 0, sizeof got);
        n = put(keys[i], &seal, text);
        assert_int_equal(ol_keyfile_get(text, n, PASS, PASS_LEN, &got, &at), OL_OK);
        assert_memory_equal(&got, keys[i], sizeof got);
        ol_keyfile_wipe(&got);
        assert_true(sodium_is_zero((const uint8_t *)&got, sizeof got));
        ol_keyfile_wipe(NULL);
    }
}

/* What a stranger needs to open a sealed file, done here step by step from the header's words. */
static void the_seal_is_what_the_header_says(void **state) {
    (void)state;
    char text[OL_KEYFILE_MAX], hex[2 * 112 + 1];
    uint8_t key[32], box[112],
        ad[] = "openline secret v1\nstation\n"
               "u-345678901234567890123456789012\n\xff\xff\xff\xff";
    const uint8_t *const secrets[] = { station.log, station.receipt, station.static_key };
    uint8_t plain[96];
    for (size_t i = 0; i < 3; i++)
        memcpy(plain + 32 * i, secrets[i], 32);
    size_t n = put(&station, &seal, text);
    assert_int_equal(crypto_pwhash(key, sizeof key, (const char *)PASS, PASS_LEN, seal.salt, 1,
                                   8192 * 1024, crypto_pwhash_ALG_ARGON2ID13),
                     0);
    crypto_aead_xchacha20poly1305_ietf_encrypt(box, NULL, plain, sizeof plain, ad, sizeof ad - 1,
                                               NULL, seal.nonce, key);
    sodium_bin2hex(hex, sizeof hex, box, sizeof box);
    assert_true(n > sizeof hex);
    assert_memory_equal(text + n - sizeof hex, hex, sizeof hex - 1);
}

#define ZEROS60 "000000000000000000000000000000000000000000000000000000000000"

/* One replacement each in the files above: s station plain, i identity plain, S and I sealed. */
static const struct {
    char in;
    const char *old, *with;
    ol_err want;
    unsigned line;
    const char *why;
} rows[] = {
    { 's', "", "# kept in the safe\n", OL_OK, 0, "" },
    { 's', "secret v1", "secret v2", OL_EVERSION, 1, "written for another version" },
    { 's', "openline", "opnline", OL_EFORM, 1, "the first line is not" },
    { 's', "[station]", "[identity]", OL_EFORM, 4, "unknown key in this kind" },
    { 's', "[station]", "[stations]", OL_EFORM, 2, "unknown section" },
    { 's', "[station]\n", "", OL_EFORM, 2, "before any key stands" },
    { 's', "", "[identity]\n", OL_EFORM, 8, "a second section" },
    { 's', "serial = 4294967295", "serial = 4294967296", OL_EFORM, 4, "value is not a number" },
    { 's', "serial = 4294967295", "serial = 0", OL_EFORM, 4, "value is not a number" },
    { 's', "serial = 4294967295\n", "", OL_EFORM, 1, "missing key: serial" },
    { 's', "party = u-3", "party = U-3", OL_EFORM, 3, "value is not a name" },
    { 's', "receipt", "reciept", OL_EFORM, 6, "unknown key" },
    { 's', "log = 01", "log = 0g", OL_EFORM, 5, "value is not a secret" },
    { 's', "ff\n", "FF\n", OL_EFORM, 5, "value is not a secret" },
    { 's', "ff\n", "f\n", OL_EFORM, 5, "value is not a secret" },
    { 's', "ff\n", "ff0\n", OL_EFORM, 5, "value is not a secret" },
    { 's', "ff\n", "ff00\n", OL_EFORM, 5, "value is not a secret" },
    { 's', "ff\n", "f \n", OL_EFORM, 5, "value ends with a space" },
    { 's', "", "kdf = argon2id\n", OL_EFORM, 1, "missing key: passes" },
    { 'i', "", "[station]\n", OL_EFORM, 5, "a second section" },
    { 'i', "seed = 04" ZEROS60 "fe\n", "", OL_EFORM, 1, "missing key: seed" },
    { 'i', "party = usa\n", "", OL_EFORM, 1, "missing key: party" },
    { 'i', "party = usa\n", "party = usa\nserial = 1\n", OL_EFORM, 4, "unknown key" },
    { 'S', "u-3456", "u-3465", OL_EAUTH, 0, "wrong passphrase, or the file was changed" },
    { 'S', "4294967295", "4294967294", OL_EAUTH, 0, "wrong passphrase" },
    { 'S', "passes = 1", "passes = 2", OL_EAUTH, 0, "wrong passphrase" },
    { 'S', "memory = 8192", "memory = 8193", OL_EAUTH, 0, "wrong passphrase" },
    { 'S', "salt = 05", "salt = 04", OL_EAUTH, 0, "wrong passphrase" },
    { 'S', "nonce = 06", "nonce = 07", OL_EAUTH, 0, "wrong passphrase" },
    { 'S', "kdf = argon2id", "kdf = scrypt", OL_EVERSION, 5, "value is not argon2id" },
    { 'S', "kdf = argon2id\n", "", OL_EFORM, 1, "missing key: kdf" },
    { 'S', "passes = 1", "passes = 0", OL_ELIMIT, 6, "value is not a number from 1 to 16" },
    { 'S', "passes = 1", "passes = 17", OL_ELIMIT, 6, "value is not a number from 1 to 16" },
    { 'S', "memory = 8192", "memory = 8191", OL_ELIMIT, 7, "value is not KiB" },
    { 'S', "memory = 8192", "memory = 1048577", OL_ELIMIT, 7, "value is not KiB" },
    { 'S', "salt = 05", "salt = 5", OL_EFORM, 8, "value is not a salt" },
    { 'S', "nonce = 06", "nonce = 6", OL_EFORM, 9, "value is not a nonce" },
    { 'S', "sealed = ", "sealed = 00", OL_EFORM, 10, "value is not the sealed secrets" },
    { 'S', "", "log = 04" ZEROS60 "fe\n", OL_EFORM, 1, "secrets stand both" },
    { 'I', "[identity]", "[station]", OL_EFORM, 9, "value is not the sealed secrets" },
    { 'I', "[identity]", "[officer]", OL_EAUTH, 0, "wrong passphrase" },
    { 'i', "", "[officer]\n", OL_EFORM, 5, "a second section" },
};

static void keyfile_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        bool is_station = rows[i].in == 's' || rows[i].in == 'S';
        bool is_sealed = rows[i].in == 'S' || rows[i].in == 'I';
        char text[OL_KEYFILE_MAX], bad[2 * OL_KEYFILE_MAX];
        size_t n = put(is_station ? &station : &identity, is_sealed ? &seal : NULL, text);
        n = test_replace(text, n, rows[i].old, rows[i].with, bad, sizeof bad);
        print_message("row %c %s -> %s\n", rows[i].in, rows[i].old, rows[i].with);
        ol_keyfile got, before;
        ol_ini_at at = { 0, 0, "" };
        memset(&got, 0xA5, sizeof got), before = got;
        assert_int_equal(ol_keyfile_get(bad, n, PASS, PASS_LEN, &got, &at), rows[i].want);
        print_message("%u:%u %s\n", at.line, at.column, at.why);
        assert_int_equal(strncmp(at.why, rows[i].why, strlen(rows[i].why)), 0);
        assert_int_equal(at.line, rows[i].line);
        if (rows[i].want != OL_OK)
            assert_memory_equal(&got, &before, sizeof got);
    }
}

static void passphrases(void **state) {
    (void)state;
    char text[OL_KEYFILE_MAX];
    static const uint8_t long_pass[OL_KEYFILE_PASS_MAX + 1] = { 'x' };
    ol_keyfile got;
    ol_ini_at at;
    size_t n = put(&identity, &seal, text);
    assert_int_equal(ol_keyfile_get(text, n, NULL, 0, &got, &at), OL_ESTATE);
    assert_int_equal(ol_keyfile_get(text, n, PASS, 0, &got, &at), OL_ELIMIT);
    assert_int_equal(ol_keyfile_get(text, n, PASS, PASS_LEN - 1, &got, &at), OL_EAUTH);
    assert_int_equal(ol_keyfile_get(text, n, long_pass, sizeof long_pass, &got, &at), OL_ELIMIT);
    assert_int_equal(ol_keyfile_get(text, OL_KEYFILE_MAX + 1, NULL, 0, &got, &at), OL_ELIMIT);
}

static void what_cannot_be_read_is_not_written(void **state) {
    (void)state;
    uint8_t out[OL_KEYFILE_MAX];
    ol_wr w = ol_wr_of(out, 60);
    assert_int_equal(ol_keyfile_put(&identity, NULL, &w), OL_ELIMIT);
    assert_int_equal(w.len, 0);
    w = ol_wr_of(out, sizeof out);
    ol_keyfile bad = identity;
    bad.serial = 1;
    assert_int_equal(ol_keyfile_put(&bad, NULL, &w), OL_EFORM);
    bad = station;
    bad.serial = 0;
    assert_int_equal(ol_keyfile_put(&bad, NULL, &w), OL_EFORM);
    bad = identity;
    memset(bad.party, 'a', sizeof bad.party);
    assert_int_equal(ol_keyfile_put(&bad, NULL, &w), OL_EFORM);
    ol_keyfile_seal s = seal;
    s.passes = OL_KEYFILE_PASSES_MAX + 1;
    assert_int_equal(ol_keyfile_put(&identity, &s, &w), OL_EFORM);
    s = seal;
    s.kib = OL_KEYFILE_KIB_MIN - 1;
    assert_int_equal(ol_keyfile_put(&identity, &s, &w), OL_EFORM);
    s = seal;
    s.pass_len = 0;
    assert_int_equal(ol_keyfile_put(&identity, &s, &w), OL_ELIMIT);
    assert_int_equal(w.len, 0);
}

int main(void) {
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_got),
        cmocka_unit_test(the_seal_is_what_the_header_says),
        cmocka_unit_test(keyfile_rows),
        cmocka_unit_test(passphrases),
        cmocka_unit_test(what_cannot_be_read_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
