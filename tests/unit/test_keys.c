#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "crypto/keys.h"
#include "lib/known.h"

typedef struct {
    uint8_t line[OL_LINE_ID_LEN], master[OL_SECRET_LEN];
    unsigned i, j;
} line;

static void want(const known *k, const char *key, const uint8_t *got, size_t n) {
    uint8_t hex[64];
    known_bytes(k, key, hex, n);
    print_message("%s\n", key);
    assert_memory_equal(got, hex, n);
}

static void check_salts(const known *k, const uint8_t secret[OL_SECRET_LEN]) {
    const char *origin = known_text(k, "origin");
    uint8_t salt[OL_SALT_LEN];
    ol_keys_salt(secret, origin, strlen(origin), 0, salt);
    want(k, "salt-first", salt, sizeof salt);
    ol_keys_salt(secret, origin, strlen(origin), (UINT64_C(1) << 48) - 2, salt);
    want(k, "salt-later", salt, sizeof salt);
}

static void check_epochs(const known *k, const line *l) {
    static const struct {
        const char *ck, *psk, *mac, *up, *down;
    } name[] = { { "ck0", "psk0", "mac0", "up0", "down0" },
                 { "ck1", "psk1", "mac1", "up1", "down1" },
                 { "ck2", "psk2", "mac2", "up2", "down2" } };
    uint8_t ck[OL_SECRET_LEN];
    ol_keys_pair(l->master, l->line, l->i, l->j, ck);
    for (size_t n = 0; n < OL_LEN(name); n++) {
        want(k, name[n].ck, ck, sizeof ck);
        ol_epoch e;
        ol_keys_epoch(ck, l->i, l->j, &e);
        want(k, name[n].psk, e.psk, sizeof e.psk);
        want(k, name[n].mac, e.mac, sizeof e.mac);
        want(k, name[n].up, e.hint_up, sizeof e.hint_up);
        want(k, name[n].down, e.hint_down, sizeof e.hint_down);
        ol_keys_next(ck, ck);
    }
}

static void known_answers(void **state) {
    (void)state;
    known k;
    known_open(&k, "keys.txt");
    unsigned cases = 0;
    for (; known_next(&k); cases++) {
        line l = { .i = (unsigned)known_number(&k, "i"), .j = (unsigned)known_number(&k, "j") };
        known_bytes(&k, "line", l.line, sizeof l.line);
        uint8_t parts[OL_PARTIES_MAX][OL_SECRET_LEN], secret[OL_SECRET_LEN];
        size_t n = known_hex(&k, "parts", parts[0], sizeof parts) / OL_SECRET_LEN;
        ol_keys_master(l.line, (uint32_t)known_number(&k, "generation"),
                       (const uint8_t(*)[OL_SECRET_LEN])parts, n, l.master);
        want(&k, "master", l.master, sizeof l.master);
        char digits[OL_DIGITS_LEN + 1];
        ol_keys_digits(l.master, digits);
        assert_string_equal(digits, known_text(&k, "digits"));
        ol_keys_line_secret(l.master, secret);
        want(&k, "secret", secret, sizeof secret);
        check_epochs(&k, &l);
        check_salts(&k, secret);
    }
    known_close(&k);
    assert_int_equal(cases, 3);
}

/* One bit in one contribution changes everything that two parties would compare or use. */
static void secrets_that_differ_show(void **state) {
    (void)state;
    uint8_t id[OL_LINE_ID_LEN] = { 1 }, parts[2][OL_SECRET_LEN] = { { 2 }, { 3 } };
    uint8_t a[OL_SECRET_LEN], b[OL_SECRET_LEN];
    char da[OL_DIGITS_LEN + 1], db[OL_DIGITS_LEN + 1];
    ol_keys_master(id, 0, (const uint8_t(*)[OL_SECRET_LEN])parts, 2, a);
    ol_keys_digits(a, da);
    assert_int_equal(strlen(da), OL_DIGITS_LEN);
    assert_int_equal(strspn(da, "0123456789 "), OL_DIGITS_LEN);

    parts[1][31] ^= 1;
    ol_keys_master(id, 0, (const uint8_t(*)[OL_SECRET_LEN])parts, 2, b);
    ol_keys_digits(b, db);
    assert_string_not_equal(da, db);

    parts[1][31] ^= 1;
    ol_keys_master(id, 1, (const uint8_t(*)[OL_SECRET_LEN])parts, 2, b); /* another generation */
    assert_memory_not_equal(a, b, sizeof a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(secrets_that_differ_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
