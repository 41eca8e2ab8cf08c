/* The line secret's file: there and back, every key needed, none unknown, wiped on failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "station/secret.h"

#define HEX32 "00112233445566778899aabbccddeeff"
#define HEX64 HEX32 HEX32
#define LINE "[line]\nid = " HEX32 "\ngeneration = 0\nsecret = " HEX64 "\n"
#define PAIR "[pair prc]\nepoch = 0\nkey = " HEX64 "\n"
#define LATER "send = 4\nsince = 9\nsince.wall = 99\nheard = 3\nmark.2 = 5\nmark.3 = 5\n"
#define TITLE "openline line secret v1\n"

static const struct {
    const char *name, *text;
    ol_err want;
    unsigned line;
} rows[] = {
    { "whole", TITLE LINE PAIR, OL_OK, 0 },
    { "pair first", TITLE PAIR LINE, OL_OK, 0 },
    { "title", "openline line secret\n" LINE PAIR, OL_EFORM, 1 },
    { "newer", "openline line secret v2\n" LINE PAIR, OL_EVERSION, 1 },
    { "no pair", TITLE LINE, OL_OK, 0 }, /* of an earlier generation */
    { "no line", TITLE PAIR, OL_EFORM, 1 },
    { "no key", TITLE LINE "[pair prc]\nepoch = 0\n", OL_EFORM, 1 },
    { "no epoch", TITLE LINE "[pair prc]\nkey = " HEX64 "\n", OL_EFORM, 1 },
    { "joined", TITLE LINE "joined = 1700000000\n" PAIR, OL_OK, 0 },
    { "joined, no number", TITLE LINE "joined = long ago\n" PAIR, OL_EFORM, 6 },
    { "no generation", TITLE "[line]\nid = " HEX32 "\nsecret = " HEX64 "\n" PAIR, OL_EFORM, 1 },
    { "epoch 1", TITLE LINE "[pair prc]\nepoch = 1\nkey = " HEX64 "\n", OL_OK, 0 },
    { "later", TITLE LINE PAIR LATER, OL_OK, 0 },
    { "later, other order", TITLE LINE "[pair prc]\n" LATER "epoch = 0\nkey = " HEX64 "\n", OL_OK,
      0 },
    { "epoch too large", TITLE LINE "[pair prc]\nepoch = 65536\nkey = " HEX64 "\n", OL_ELIMIT, 7 },
    { "send below", TITLE LINE "[pair prc]\nepoch = 1\nsend = 0\nkey = " HEX64 "\n", OL_EFORM, 1 },
    { "heard above", TITLE LINE PAIR "heard = 1\n", OL_EFORM, 1 },
    { "marks fall", TITLE LINE PAIR "send = 3\nheard = 3\nmark.3 = 1\nmark.2 = 1\n", OL_EFORM, 1 },
    { "mark of nothing", TITLE LINE PAIR LATER "mark.x = 1\n", OL_EFORM, 15 },
    { "since no number", TITLE LINE PAIR "since = -1\n", OL_EFORM, 9 },
    { "short", TITLE LINE "[pair prc]\nepoch = 0\nkey = " HEX32 "\n", OL_EFORM, 8 },
    { "upper case", TITLE LINE "[pair prc]\nepoch = 0\nkey = AA\n", OL_EFORM, 8 },
    { "unknown key", TITLE LINE PAIR "chain = 1\n", OL_EFORM, 9 },
    { "unknown section", TITLE LINE PAIR "[peer x]\n", OL_EFORM, 9 },
    { "pair twice", TITLE LINE PAIR PAIR, OL_EFORM, 9 },
    { "bad party", TITLE LINE PAIR "[pair 1]\n", OL_EFORM, 9 },
    { "empty", "", OL_EFORM, 1 },
};

static void reading(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        ol_secret s;
        ol_ini_at at = { 0 };
        memset(&s, 0xA5, sizeof s);
        print_message("row %s\n", rows[i].name);
        assert_int_equal(ol_secret_get(rows[i].text, strlen(rows[i].text), &s, &at), rows[i].want);
        assert_int_equal(at.line, rows[i].line);
        assert_true(rows[i].want == OL_OK || sodium_is_zero((uint8_t *)&s, sizeof s));
    }
}

static void there_and_back(void **state) {
    (void)state;
    ol_secret s, got;
    memset(&s, 0, sizeof s);
    randombytes_buf(s.line, sizeof s.line);
    randombytes_buf(s.secret, sizeof s.secret);
    s.joined_wall = 1700000000;
    s.generation = UINT32_MAX;
    s.pairs = OL_PARTIES_MAX - 1;
    for (size_t i = 0; i < s.pairs; i++) {
        memset(s.pair[i].party, 'a' + (int)i, OL_NAME_MAX);
        ol_ratchet *r = &s.pair[i].keys;
        randombytes_buf(r->ck, sizeof r->ck);
        r->since_s = r->since_wall = UINT64_MAX >> 2;
        r->oldest = OL_EPOCH_MAX - OL_RATCHET_MARKS;
        r->send = r->heard = OL_EPOCH_MAX;
        r->is_heard = true, r->marks = OL_RATCHET_MARKS;
        for (unsigned m = 0; m < r->marks; m++)
            r->mark[m].epoch = (uint16_t)(r->oldest + m + 1), r->mark[m].at_s = UINT64_MAX >> 2;
    }
    uint8_t text[OL_SECRET_FILE_MAX];
    ol_wr w = ol_wr_of(text, sizeof text);
    assert_int_equal(ol_secret_put(&s, &w), OL_OK);
    assert_int_equal(ol_secret_get((char *)text, w.len, &got, NULL), OL_OK);
    assert_memory_equal(&got, &s, sizeof s);
    assert_int_equal(got.joined_wall, s.joined_wall);
    assert_int_equal(ol_secret_pair(&got, s.pair[3].party), 3);
    assert_int_equal(ol_secret_pair(&got, "zz"), -1);
    uint8_t small[OL_SECRET_FILE_MAX];
    ol_wr tight = ol_wr_of(small, w.len - 1);
    assert_int_equal(ol_secret_put(&s, &tight), OL_ELIMIT);
    ol_secret_wipe(&got);
    ol_secret_wipe(NULL);
    assert_true(sodium_is_zero((uint8_t *)&got, sizeof got));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading),
        cmocka_unit_test(there_and_back),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
