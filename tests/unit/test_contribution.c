#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "lib/parties.h"
#include "record/contribution.h"

enum { CAP = 4096 };

static char charter_text[OL_CHARTER_MAX];
static ol_charter charter, other;
static test_party party[3];

static int start(void **state) {
    (void)state;
    uint32_t missing;
    ol_ini_at at;
    for (unsigned i = 0; i < 3; i++)
        test_party_make(i, &party[i]);
    size_t n = test_charter(3, 0, charter_text, sizeof charter_text);
    if (ol_charter_read(charter_text, n, &charter, &missing, &at) != OL_OK)
        return 1;
    n = test_charter(2, 0, charter_text, sizeof charter_text);
    return ol_charter_read(charter_text, n, &other, &missing, &at) != OL_OK;
}

static size_t contribution(const ol_charter *c, unsigned i, char *to) {
    uint8_t secret[OL_SECRET_LEN];
    memset(secret, (int)(0xA0 + i), sizeof secret);
    ol_wr w = ol_wr_of((uint8_t *)to, CAP);
    assert_int_equal(ol_contribution_make(c, &party[i].identity, secret, &w), OL_OK);
    assert_true(w.len <= OL_CONTRIBUTION_MAX);
    return w.len;
}

/* Replaces in the text of a contribution and signs anew, as whoever holds the key could. */
static size_t forge(unsigned i, const char *old, const char *with, char *to) {
    char note[CAP], text[CAP];
    size_t n = contribution(&charter, i, note);
    ol_note parsed;
    assert_int_equal(ol_note_parse(note, n, &parsed), OL_OK);
    n = test_replace(parsed.text.p, parsed.text.len, old, with, text, CAP);
    uint8_t sig[OL_SIG_LEN];
    ol_note_key key;
    char name[64];
    size_t len = ol_card_key_name(party[i].card.party.name, name);
    assert_int_equal(ol_note_key_of(name, len, OL_NOTE_ED25519, party[i].identity.pub, &key),
                     OL_OK);
    ol_sign_make(&party[i].identity, text, n, sig);
    ol_wr w = ol_wr_of((uint8_t *)to, CAP);
    ol_note_put_text(&w, text, n);
    ol_note_put_sig(&w, &key, 0, sig);
    assert_int_equal(w.err, OL_OK);
    return w.len;
}

static void all_together_make_the_master(void **state) {
    (void)state;
    ol_courier courier = { .taken = 0 };
    ol_ini_at at;
    char note[CAP];
    uint8_t got[OL_SECRET_LEN], want[OL_SECRET_LEN], parts[3][OL_SECRET_LEN];
    static const unsigned order[] = { 2, 0, 1 };
    for (unsigned i = 0; i < 3; i++) {
        memset(parts[i], (int)(0xA0 + i), OL_SECRET_LEN);
        assert_int_equal(ol_courier_master(&courier, &charter, got), OL_ESTATE);
        size_t n = contribution(&charter, order[i], note);
        assert_int_equal(ol_contribution_take(&courier, &charter, note, n, &at), OL_OK);
    }
    assert_int_equal(ol_courier_missing(&courier, &charter), 0);
    assert_int_equal(ol_courier_master(&courier, &charter, got), OL_OK);
    ol_keys_master(charter.id, 0, (const uint8_t(*)[OL_SECRET_LEN])parts, 3, want);
    assert_memory_equal(got, want, sizeof want);
    ol_courier_wipe(&courier);
    assert_true(sodium_is_zero((const uint8_t *)&courier, sizeof courier));
    ol_courier_wipe(NULL);
}

static const struct {
    const char *old, *with;
    ol_err want;
    const char *why;
} rows[] = {
    { "generation = 0", "generation = 0", OL_OK, "" },
    { "", "# by courier\n", OL_OK, "" },
    { "contribution v1", "contribution v2", OL_EVERSION, "written for another" },
    { "contribution v1", "card v1", OL_EFORM, "the first line is not" },
    { "generation = 0", "generation = 1", OL_ECONFLICT, "a contribution to another generation" },
    { "generation = 0\n", "", OL_EFORM, "a key is missing" },
    { "generation = 0", "generation = 00", OL_EFORM, "value is not a number" },
    { "party = usa", "party = jpn", OL_EAUTH, "not signed with the identity key" },
    { "party = usa", "party = nobody", OL_ENOENT, "a contribution by a party that is not" },
    { "party = usa", "party = U", OL_EFORM, "value is not a name" },
    { "party = usa\n", "", OL_EFORM, "a key is missing" },
    { "secret = a0a0", "secret = A0a0", OL_EFORM, "value is not a secret" },
    { "secret = a0a0", "secret = a0a", OL_EFORM, "value is not a secret" },
    { "secret = a0a0", "secret = a0a0a0", OL_EFORM, "value is not a secret" },
    { "secret", "sekret", OL_EFORM, "unknown key" },
    { "line = ", "line = 0", OL_EFORM, "value is not a line id" },
    { "party = ", "[more]\nparty = ", OL_EFORM, "a contribution has no sections" },
    { "", "secret = 00\n", OL_EFORM, "key stands twice" },
};

static void contribution_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        print_message("row %s -> %s\n", rows[i].old, rows[i].with);
        char note[CAP];
        size_t n = forge(0, rows[i].old, rows[i].with, note);
        ol_courier courier = { .taken = 4, .part = { { 1 }, { 2 }, { 3 } } }, before = courier;
        ol_ini_at at = { 0, 0, "" };
        assert_int_equal(ol_contribution_take(&courier, &charter, note, n, &at), rows[i].want);
        print_message("%u:%u %s\n", at.line, at.column, at.why);
        assert_int_equal(strncmp(at.why, rows[i].why, strlen(rows[i].why)), 0);
        if (rows[i].want != OL_OK)
            assert_memory_equal(&courier, &before, sizeof before);
        else
            assert_int_equal(courier.taken, 5);
    }
}

static void wrong_files_are_refused(void **state) {
    (void)state;
    ol_courier courier = { .taken = 0 };
    ol_ini_at at;
    char note[CAP], bad[CAP];
    size_t n = contribution(&other, 0, note);
    assert_int_equal(ol_contribution_take(&courier, &charter, note, n, &at), OL_ECONFLICT);
    assert_non_null(strstr(at.why, "another line"));

    n = contribution(&charter, 0, note);
    size_t m = test_replace(note, n, "secret = a0", "secret = a1", bad, CAP);
    assert_int_equal(ol_contribution_take(&courier, &charter, bad, m, &at), OL_EAUTH);
    assert_non_null(strstr(at.why, "was changed"));
    m = test_replace(note, n, "\n\n", "\n", bad, CAP);
    assert_int_equal(ol_contribution_take(&courier, &charter, bad, m, &at), OL_EFORM);
    assert_non_null(strstr(at.why, "not a signed note"));

    assert_int_equal(ol_contribution_take(&courier, &charter, note, n, &at), OL_OK);
    assert_int_equal(ol_contribution_take(&courier, &charter, note, n, &at), OL_EEXIST);
    assert_int_equal(ol_courier_missing(&courier, &charter), 6);

    test_party stranger;
    test_party_make(9, &stranger);
    const uint8_t secret[OL_SECRET_LEN] = { 1 };
    ol_wr w = ol_wr_of((uint8_t *)bad, CAP);
    assert_int_equal(ol_contribution_make(&charter, &stranger.identity, secret, &w), OL_ENOENT);
    w = ol_wr_of((uint8_t *)bad, 100);
    assert_int_equal(ol_contribution_make(&charter, &party[0].identity, secret, &w), OL_ELIMIT);
    assert_int_equal(w.len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_together_make_the_master),
        cmocka_unit_test(contribution_rows),
        cmocka_unit_test(wrong_files_are_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
