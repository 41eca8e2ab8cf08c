#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/parties.h"

enum { CAP = 16384 };

static const char good[] = "openline card v1\n"
                           "[party]\n"
                           "name = usa\n"
                           "serial = 1\n"
                           "languages = en\n"
                           "name.en = United States\n"
                           "name.zh = 美国\n"
                           "[keys]\n"
                           "identity = iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=\n"
                           "log = gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=\n"
                           "receipt = 7UkoxijRwsbq6QM4kFmVYSlZJzpcY/k2NsFGFKyHN9E=\n"
                           "static = rAGyIJ6GNU+4UyN7XeD0+rE8f8v0M6YcAZNpYX/s8Qs=\n";

#define IDENTITY "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w="
#define LOG "gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q="
#define RECEIPT "7UkoxijRwsbq6QM4kFmVYSlZJzpcY/k2NsFGFKyHN9E="
#define STATIC "rAGyIJ6GNU+4UyN7XeD0+rE8f8v0M6YcAZNpYX/s8Qs="
#define ZERO "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ONE "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define P_PLUS_9 "9v///////////////////////////////////////38="
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define SAYS_NAME "value is not a name: 1 to 32 of a-z 0-9 -, a letter first"
#define SAYS_LANGS "value is not a list of languages"
#define SAYS_ED25519 "value is no Ed25519 key"
#define SAYS_X25519 "value is no X25519 key"
#define SAYS_PUBLIC "value is not a public key"

/* One replacement in the good text each: what it comes to, where, and how the sentence begins. */
static const struct {
    const char *old, *with;
    ol_err want;
    unsigned line, column;
    const char *why;
} rows[] = {
    { "United", "Untied", OL_OK, 0, 0, "" },
    { "card v1", "card v2", OL_EVERSION, 1, 1, "written for another version" },
    { "card v1\n", "card v1\r\n", OL_EFORM, 1, 1, "the title line does not end after" },
    { "card v1", "card", OL_EFORM, 1, 1, "the first line is not `openline card v1`" },
    { "openline card", "openline charter", OL_EFORM, 1, 1, "the first line is not" },
    { "[party]\n", "", OL_EFORM, 2, 1, "a card has the sections [party] and [keys]" },
    { "[keys]", "[key]", OL_EFORM, 8, 2, "a card has the sections [party] and [keys]" },
    { "", "[more]\n", OL_EFORM, 13, 2, "a card has the sections" },
    { "", "[party]\n", OL_EFORM, 13, 2, "section stands twice" },
    { "", "log = " LOG "\n", OL_EFORM, 13, 1, "key stands twice" },
    { "", "# a comment\n\n", OL_OK, 0, 0, "" },
    { "name = usa\n", "", OL_EFORM, 1, 1, "missing key: name in [party]" },
    { "name = usa", "name = Usa", OL_EFORM, 3, 8, SAYS_NAME },
    { "name = usa", "name = 1a", OL_EFORM, 3, 8, SAYS_NAME },
    { "name = usa", "name = u-3456789012345678901234567890-23", OL_EFORM, 3, 8, SAYS_NAME },
    { "name = usa", "name = u-345678901234567890123456789012", OL_OK, 0, 0, "" },
    { "name = usa", "name = other", OL_OK, 0, 0, "" },
    { "name = usa", "name = others", OL_EFORM, 3, 8, "value cannot be a party's name" },
    { "name = usa", "name = cards", OL_EFORM, 3, 8, "value cannot be a party's name" },
    { "serial = 1\n", "", OL_EFORM, 1, 1, "missing key: serial in [party]" },
    { "serial = 1", "serial = 0", OL_ELIMIT, 4, 10, "value is not a number from 1" },
    { "serial = 1", "serial = 01", OL_EFORM, 4, 10, "value is not a number from 1" },
    { "serial = 1", "serial = 4294967295", OL_OK, 0, 0, "" },
    { "serial = 1", "serial = 4294967296", OL_ELIMIT, 4, 10, "value is not a number from 1" },
    { "serial", "seriall", OL_EFORM, 4, 1, "unknown key: [party] has" },
    { "serial", "identity", OL_EFORM, 4, 1, "unknown key: [party] has" },
    { "languages = en\n", "", OL_EFORM, 1, 1, "missing key: languages" },
    { "languages = en", "languages = en  zh", OL_EFORM, 5, 13, SAYS_LANGS },
    { "languages = en", "languages = EN", OL_EFORM, 5, 13, SAYS_LANGS },
    { "languages = en", "languages = e", OL_EFORM, 5, 13, SAYS_LANGS },
    { "languages = en", "languages = e-us", OL_EFORM, 5, 13, SAYS_LANGS },
    { "languages = en", "languages = engl", OL_EFORM, 5, 13, SAYS_LANGS },
    { "languages = en", "languages = en-", OL_EFORM, 5, 13, SAYS_LANGS },
    { "languages = en", "languages = en-123456789", OL_EFORM, 5, 13, SAYS_LANGS },
    { "languages = en", "languages = en-12345678-12345", OL_EFORM, 5, 13, SAYS_LANGS },
    { "languages = en", "languages = en-12345678-1234 zh-hans eng", OL_OK, 0, 0, "" },
    { "languages = en", "languages = aa bb cc dd ee ff gg hh", OL_OK, 0, 0, "" },
    { "languages = en", "languages = aa bb cc dd ee ff gg hh ii", OL_ELIMIT, 5, 13,
      "value names more than 8" },
    { "languages = en", "languages = en zh en", OL_EFORM, 5, 13, "value names a language twice" },
    { "name.en = United States\nname.zh = 美国\n", "", OL_EFORM, 1, 1, "missing key: name.<lang" },
    { "name.en", "name.EN", OL_EFORM, 6, 6, "a key is followed by" },
    { "name.en", "name.e", OL_EFORM, 6, 1, "after `name.` stands a language" },
    { "name.en", "name.zh", OL_EFORM, 7, 1, "key stands twice" },
    { "name.zh = 美国", "name.zh = 美国\xff", OL_EFORM, 7, 13, "not UTF-8" },
    { "United States", X50 X50 X50 X50, OL_OK, 0, 0, "" },
    { "United States", X50 X50 X50 X50 "x", OL_ELIMIT, 6, 11, "value is a name of more than 200" },
    { "name.zh", "name.a1", OL_EFORM, 7, 1, "after `name.` stands" },
    { "[keys]",
      "name.aa = a\nname.bb = b\nname.cc = c\nname.dd = d\nname.ee = e\nname.ff = f\n[keys]", OL_OK,
      0, 0, "" },
    { "[keys]",
      "name.aa = a\nname.bb = b\nname.cc = c\nname.dd = d\nname.ee = e\nname.ff = f\nname.gg = g\n"
      "[keys]",
      OL_ELIMIT, 14, 1, "a party has at most 8 names" },
    { "identity = " IDENTITY "\n", "", OL_EFORM, 1, 1, "missing key: identity" },
    { "log = " LOG "\n", "", OL_EFORM, 1, 1, "missing key: log in [keys]" },
    { "receipt = " RECEIPT "\n", "", OL_EFORM, 1, 1, "missing key: receipt in [keys]" },
    { "static = " STATIC "\n", "", OL_EFORM, 1, 1, "missing key: static in [keys]" },
    { "static", "statik", OL_EFORM, 12, 1, "unknown key: [keys] has" },
    { LOG, "gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5R=", OL_EFORM, 10, 7, SAYS_PUBLIC },
    { LOG, "gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Jsw==", OL_EFORM, 10, 7, SAYS_PUBLIC },
    { LOG, "gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q", OL_EFORM, 10, 7, SAYS_PUBLIC },
    { LOG, ZERO, OL_EFORM, 10, 7, SAYS_ED25519 },
    { LOG, ONE, OL_EFORM, 10, 7, SAYS_ED25519 },
    { LOG, P_PLUS_9, OL_EFORM, 10, 7, SAYS_ED25519 },
    { RECEIPT, ZERO, OL_EFORM, 11, 11, SAYS_ED25519 },
    { IDENTITY, ONE, OL_EFORM, 9, 12, SAYS_ED25519 },
    { STATIC, ZERO, OL_EFORM, 12, 10, SAYS_X25519 },
    { STATIC, ONE, OL_EFORM, 12, 10, SAYS_X25519 },
    { STATIC, P_PLUS_9, OL_EFORM, 12, 10, SAYS_X25519 },
    { LOG, IDENTITY, OL_EFORM, 1, 1, "two of the four keys are the same" },
    { RECEIPT, LOG, OL_EFORM, 1, 1, "two of the four keys are the same" },
    { STATIC, IDENTITY, OL_EFORM, 1, 1, "two of the four keys are the same" },
};

static void card_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        char text[CAP];
        size_t n = test_replace(good, sizeof good - 1, rows[i].old, rows[i].with, text, CAP);
        print_message("row %zu: %s -> %s\n", i, rows[i].old, rows[i].with);
        ol_card card, before;
        ol_ini_at at = { 0, 0, "" };
        memset(&card, 0xA5, sizeof card), memcpy(&before, &card, sizeof card);
        assert_int_equal(ol_card_parse(text, n, &card, &at), rows[i].want);
        print_message("%u:%u %s\n", at.line, at.column, at.why);
        assert_int_equal(strncmp(at.why, rows[i].why, strlen(rows[i].why)), 0);
        assert_int_equal(at.line, rows[i].line);
        assert_int_equal(at.column, rows[i].column);
        if (rows[i].want != OL_OK)
            assert_memory_equal(&card, &before, sizeof card);
    }
}

static size_t signed_card(test_party *p, char *note) {
    test_party_make(0, p);
    ol_wr w = ol_wr_of((uint8_t *)note, CAP);
    assert_int_equal(ol_card_sign(&p->card, &p->identity, &w), OL_OK);
    return w.len;
}

static void what_is_signed_reads_back(void **state) {
    (void)state;
    static char note[CAP];
    test_party p;
    size_t n = signed_card(&p, note);
    assert_memory_equal(note, good, sizeof good - 1);
    ol_card card;
    ol_ini_at at;
    assert_int_equal(ol_card_read(note, n, &card, &at), OL_OK);
    assert_memory_equal(&card, &p.card, sizeof card);
    assert_string_equal(ol_party_title(&card.party, "zh"), "美国");
    assert_string_equal(ol_party_title(&card.party, "ru"), "United States");
}

/* A byte of the text changed, a signature by another key, none at all. */
static void only_the_identity_key_vouches(void **state) {
    (void)state;
    static char note[CAP], bad[CAP];
    test_party p, other;
    ol_card card, before;
    ol_ini_at at;
    size_t n = signed_card(&p, note);
    memset(&before, 1, sizeof before), card = before;
    size_t m = test_replace(note, n, "United", "Untied", bad, CAP);
    assert_int_equal(ol_card_read(bad, m, &card, &at), OL_EAUTH);
    assert_non_null(strstr(at.why, "the card was changed"));
    m = test_replace(note, n, "serial = 1", "serial = 2", bad, CAP);
    assert_int_equal(ol_card_read(bad, m, &card, &at), OL_EAUTH);
    m = test_replace(note, n, "usa/identity", "prc/identity", bad, CAP);
    assert_int_equal(ol_card_read(bad, m, &card, &at), OL_EAUTH);
    assert_non_null(strstr(at.why, "not signed by the identity key"));
    assert_int_equal(ol_card_read(good, sizeof good - 1, &card, &at), OL_EFORM);
    assert_non_null(strstr(at.why, "not a signed note"));

    test_party_make(1, &other);
    ol_wr w = ol_wr_of((uint8_t *)bad, CAP);
    assert_int_equal(ol_card_sign(&p.card, &other.identity, &w), OL_EFORM);
    assert_int_equal(w.len, 0);
    uint8_t sig[OL_SIG_LEN]; /* a thief with a key of his own and the party's name */
    ol_note_key key;
    ol_sign_make(&other.identity, good, sizeof good - 1, sig);
    assert_int_equal(ol_note_key_of("usa/identity", 12, OL_NOTE_ED25519, other.identity.pub, &key),
                     OL_OK);
    ol_note_put_text(&w, good, sizeof good - 1);
    ol_note_put_sig(&w, &key, 0, sig);
    assert_int_equal(ol_card_read(bad, w.len, &card, &at), OL_EAUTH);
    assert_memory_equal(&card, &before, sizeof card);
}

static void what_cannot_be_read_is_not_written(void **state) {
    (void)state;
    test_party p;
    uint8_t out[CAP];
    ol_wr w = ol_wr_of(out, 40);
    test_party_make(0, &p);
    assert_int_equal(ol_card_put(&p.card, &w), OL_ELIMIT);
    assert_int_equal(w.len, 0);
    assert_int_equal(ol_card_sign(&p.card, &p.identity, &w), OL_ELIMIT);
    w = ol_wr_of(out, CAP);
    p.card.serial = 0;
    assert_int_equal(ol_card_put(&p.card, &w), OL_EFORM);
    p.card.serial = 1;
    memcpy(p.card.party.title[0].text, "two\nlines", 10);
    assert_int_equal(ol_card_put(&p.card, &w), OL_EFORM);
    assert_int_equal(ol_card_sign(&p.card, &p.identity, &w), OL_EFORM);
    assert_int_equal(w.len, 0);
}

/* The largest card fits the room that the header promises. */
static void the_largest_card_fits(void **state) {
    (void)state;
    test_party p;
    uint8_t out[OL_CARD_TEXT_MAX];
    test_party_make(0, &p);
    memset(p.card.party.name, 'a', OL_NAME_MAX);
    p.card.serial = UINT32_MAX;
    p.card.party.langs = p.card.party.titles = OL_LANGS_MAX;
    for (size_t i = 0; i < OL_LANGS_MAX; i++) {
        memcpy(p.card.party.lang[i], "aa-12345678-abcd", OL_LANG_MAX + 1);
        p.card.party.lang[i][0] = (char)('a' + i);
        memcpy(p.card.party.title[i].lang, p.card.party.lang[i], OL_LANG_MAX + 1);
        memset(p.card.party.title[i].text, 'x', OL_TITLE_MAX);
    }
    ol_wr w = ol_wr_of(out, sizeof out);
    assert_int_equal(ol_card_put(&p.card, &w), OL_OK);
}

/* Two cards of a party may have a key in common for one use; nothing else may. */
static void no_key_serves_twice(void **state) {
    (void)state;
    test_party a, b;
    test_party_make(0, &a);
    test_party_make(1, &b);
    assert_false(ol_card_shares_key(&a.card, &b.card));
    assert_false(ol_card_shares_key(&a.card, &a.card));
    uint8_t *of_b[] = { b.card.party.identity, b.card.log, b.card.receipt, b.card.static_key };
    const uint8_t *of_a[] = { a.card.party.identity, a.card.log, a.card.receipt,
                              a.card.static_key };
    for (size_t i = 0; i < OL_LEN(of_a); i++)
        for (size_t k = 0; k < OL_LEN(of_b); k++) {
            uint8_t before[32];
            memcpy(before, of_b[k], 32);
            memcpy(of_b[k], of_a[i], 32);
            assert_true(ol_card_shares_key(&a.card, &b.card));
            assert_true(ol_card_shares_key(&b.card, &a.card));
            memcpy(of_b[k], before, 32);
        }
    b = a;
    memcpy(b.card.receipt, a.card.log, 32); /* one party, two uses */
    assert_true(ol_card_shares_key(&a.card, &b.card));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(card_rows),
        cmocka_unit_test(what_is_signed_reads_back),
        cmocka_unit_test(only_the_identity_key_vouches),
        cmocka_unit_test(what_cannot_be_read_is_not_written),
        cmocka_unit_test(the_largest_card_fits),
        cmocka_unit_test(no_key_serves_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
