/* A charter and its amendments: what follows from what, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "lib/parties.h"
#include "record/chain.h"

static char text[OL_CHARTER_MAX], work[2][OL_CHARTER_MAX];
static test_party party[OL_PARTIES_MAX];

/* Generation 0 of three parties, usa prc jpn, signed by all. */
static ol_chain founded(void) {
    ol_chain c = { .generations = 0 };
    uint32_t missing = 1;
    ol_ini_at at;
    size_t len = test_charter(3, 3, text, sizeof text);
    assert_int_equal(ol_chain_add(&c, text, len, &missing, &at), OL_OK);
    assert_true(missing == 0 && c.generations == 1 && c.members[0] == 7);
    return c;
}

static size_t draft(const ol_chain *c, const ol_chain_change *change, char *to) {
    ol_ini_at at = { 0, 0, NULL };
    ol_wr w = ol_wr_of((uint8_t *)to, OL_CHARTER_MAX);
    ol_err err = ol_chain_draft(c, change, &w, &at);
    if (err != OL_OK)
        print_message("%s\n", at.why);
    assert_int_equal(err, OL_OK);
    return w.len;
}

static size_t sign(unsigned n, char *file, size_t len) {
    static char out[OL_CHARTER_MAX];
    ol_ini_at at;
    ol_wr w = ol_wr_of((uint8_t *)out, sizeof out);
    assert_int_equal(ol_charter_sign(file, len, &party[n].identity, &w, &at), OL_OK);
    memcpy(file, out, w.len);
    return w.len;
}

static void take(ol_chain *c, const ol_chain_change *change, uint32_t want_missing) {
    uint32_t missing = 0;
    ol_ini_at at;
    size_t len = draft(c, change, work[0]);
    assert_int_equal(ol_chain_add(c, work[0], len, &missing, &at), OL_OK);
    assert_int_equal(missing, want_missing);
}

static void numbers_stay(void **state) {
    (void)state;
    ol_chain c = founded();
    const char *jpn[] = { "jpn" }, *usa[] = { "usa" };
    const ol_card joins[] = { party[3].card, party[4].card };
    const ol_charter_setting set[] = { { "check.interval", "600" } };
    take(&c, &(ol_chain_change){ .add = joins, .adds = 1, .remove = jpn, .removes = 1 }, 7);
    assert_true(c.now.parties == 4 && c.members[1] == 0xB && c.now.generation == 1);
    assert_true(c.order[0] == 0 && c.order[1] == 1 && c.order[2] == 3);
    assert_string_equal(c.now.party[2].name, "jpn"); /* keeps its number */
    assert_false(ol_chain_is_member(&c, 2));
    take(&c, &(ol_chain_change){ .remove = usa, .removes = 1, .set = set, .sets = 1 }, 3);
    assert_true(c.members[2] == 0xA && c.now.check_s == 600 && c.order[0] == 1);
    take(&c, &(ol_chain_change){ .add = &party[2].card, .adds = 1 }, 7); /* it comes back */
    assert_true(c.now.parties == 4 && c.members[3] == 0xE && c.order[2] == 2);
    take(&c, &(ol_chain_change){ .add = joins + 1, .adds = 1 }, 15);
    assert_true(c.now.parties == 5 && c.members[4] == 0x1E && c.generations == 5);
    assert_int_equal(c.now.check_s, 600);
}

static void signatures(void **state) {
    (void)state;
    ol_chain c = founded(), copy;
    uint32_t missing = 9;
    ol_ini_at at;
    const char *usa[] = { "usa" };
    size_t len = draft(
        &c, &(ol_chain_change){ .add = &party[3].card, .adds = 1, .remove = usa, .removes = 1 },
        work[0]);
    static const unsigned who[] = { 2, 1, 3 }; /* in the text: prc jpn party-3 */
    static const uint32_t lacks[] = { 7, 5, 4, 0 };
    for (size_t i = 0; i < OL_LEN(lacks); i++) {
        copy = c;
        assert_int_equal(ol_chain_add(&copy, work[0], len, &missing, &at), OL_OK);
        assert_int_equal(missing, lacks[i]);
        if (i < OL_LEN(who))
            len = sign(who[i], work[0], len);
    }
    ol_wr w = ol_wr_of((uint8_t *)work[1], sizeof work[1]); /* who leaves signs nothing */
    assert_int_equal(ol_charter_sign(work[0], len, &party[0].identity, &w, &at), OL_ENOENT);
    len = test_replace(work[0], len, "rungs = watch", "rungs = w", work[1], sizeof work[1]);
    assert_int_equal(ol_chain_add(&c, work[1], len, &missing, &at), OL_EAUTH);
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *old, *with, *why;
    } rows[] = {
        { "line = hotline", "line = coldline", "another line" },
        { "generation = 1", "generation = 2", "is missing" },
        { "\nid = ", "\nid = 00", NULL },
        { "[party prc]", "[party prd]", "identity key of another" },
        { "suite = 1", "suite = 1\n# agreed otherwise", NULL },
    };
    const ol_chain c = founded();
    ol_chain copy = c;
    uint32_t missing = 0;
    ol_ini_at at = { 0, 0, NULL };
    size_t len = draft(&c, &(ol_chain_change){ .adds = 0 }, work[0]);
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        size_t n = test_replace(work[0], len, rows[i].old, rows[i].with, work[1], sizeof work[1]);
        ol_err err = ol_chain_add(&copy, work[1], n, &missing, &at);
        print_message("row %zu: %s\n", i, err == OL_OK ? "taken" : at.why);
        if (rows[i].why != NULL)
            assert_true(err == OL_ECONFLICT && strstr(at.why, rows[i].why) != NULL);
        if (err != OL_OK)
            assert_memory_equal(&copy, &c, sizeof c); /* untouched */
        copy = c;
    }
    assert_int_equal(ol_chain_add(&copy, work[0], len, &missing, &at), OL_OK);
    ol_err err = ol_chain_add(&copy, work[0], len, &missing, &at); /* twice */
    assert_true(err == OL_ECONFLICT && strstr(at.why, "past it") != NULL);
    err = ol_chain_add(&copy, text, test_charter(3, 3, text, sizeof text), &missing, &at);
    assert_true(err == OL_ECONFLICT && copy.generations == 2);
    ol_chain none = { .generations = 0 };
    err = ol_chain_add(&none, work[0], len, &missing, &at);
    assert_true(err == OL_ECONFLICT && strstr(at.why, "first charter") != NULL);
    /* one digit of the hash of the text before, and one of the line id */
    char *hash = strstr(work[0], "\nprevious = ") + 12;
    hash[0] = hash[0] == '0' ? '1' : '0';
    copy = c;
    err = ol_chain_add(&copy, work[0], len, &missing, &at);
    assert_true(err == OL_ECONFLICT && strstr(at.why, "another text") != NULL);
    char *id = strstr(work[0], "\nid = ") + 6;
    id[0] = id[0] == '0' ? '1' : '0';
    err = ol_chain_add(&copy, work[0], len, &missing, &at);
    assert_true(err == OL_ECONFLICT && strstr(at.why, "another line id") != NULL);
}

static void drafts_refused(void **state) {
    (void)state;
    const ol_chain c = founded();
    const char *all[] = { "usa", "prc", "jpn" };
    const char *nobody[] = { "nor" };
    const ol_charter_setting bad[] = { { "check.interval", "600" }, { "check.interval", "59" } };
    ol_card thief = party[3].card; /* another identity under a name of the line */
    memcpy(thief.party.name, "jpn", 4);
    const struct {
        ol_chain_change change;
        ol_err want;
        unsigned line;
    } rows[] = {
        { { .remove = nobody, .removes = 1 }, OL_ENOENT, 0 },
        { { .remove = all, .removes = 2 }, OL_ELIMIT, 0 }, /* one party is no line */
        { { .add = &party[1].card, .adds = 1 }, OL_EEXIST, 0 },
        { { .add = &thief, .adds = 1 }, OL_EEXIST, 0 },
        { { .add = &thief, .adds = 1, .remove = all + 2, .removes = 1 }, OL_ECONFLICT, 0 },
        { { .set = bad, .sets = 2 }, OL_ELIMIT, 2 },
    };
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        ol_ini_at at = { 9, 9, NULL };
        ol_wr w = ol_wr_of((uint8_t *)work[0], sizeof work[0]);
        ol_err err = ol_chain_draft(&c, &rows[i].change, &w, &at);
        print_message("row %zu: %s\n", i, at.why);
        assert_int_equal(w.len, 0);
        assert_int_equal(at.line, rows[i].line);
        assert_int_equal(err == OL_OK, false);
        if (i != 1)
            assert_int_equal(err, rows[i].want);
    }
}

/* Nobody stays; and as many parties and generations as there can be, and one more. */
static void limits(void **state) {
    (void)state;
    ol_chain c = founded();
    const char *all[] = { "usa", "prc", "jpn" };
    const ol_card two[] = { party[3].card, party[4].card };
    ol_ini_at at;
    ol_wr w = ol_wr_of((uint8_t *)work[0], sizeof work[0]);
    ol_chain_change change = { .add = two, .adds = 2, .remove = all, .removes = 3 };
    assert_int_equal(ol_chain_draft(&c, &change, &w, &at), OL_ECONFLICT);
    assert_non_null(strstr(at.why, "nobody"));
    for (unsigned i = 3; i < OL_PARTIES_MAX; i++) { /* one joins, and the one before leaves */
        const char *before[] = { c.now.party[i - 1].name };
        change = (ol_chain_change){ .add = &party[i].card, .adds = 1, .remove = before };
        change.removes = i > 3;
        take(&c, &change, i > 3 ? 15 : 15);
    }
    assert_true(c.now.parties == OL_PARTIES_MAX && c.generations == 14);
    ol_card late = party[0].card;
    memcpy(late.party.name, "late", 5);
    late.party.identity[0] ^= 1;
    ol_sign_key key;
    uint8_t seed[32] = { 99 };
    ol_sign_key_of(seed, &key);
    memcpy(late.party.identity, key.pub, sizeof key.pub);
    change = (ol_chain_change){ .add = &late, .adds = 1 };
    assert_int_equal(ol_chain_draft(&c, &change, &w, &at), OL_ELIMIT);
    assert_non_null(strstr(at.why, "those that left"));
    while (c.generations < OL_GENERATIONS_MAX)
        take(&c, &(ol_chain_change){ .adds = 0 }, 15);
    assert_int_equal(ol_chain_draft(&c, &(ol_chain_change){ .adds = 0 }, &w, &at), OL_ELIMIT);
}

static int set_up(void **state) {
    (void)state;
    for (unsigned i = 0; i < OL_PARTIES_MAX; i++)
        test_party_make(i, &party[i]);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_stay),   cmocka_unit_test(signatures), cmocka_unit_test(refusals),
        cmocka_unit_test(drafts_refused), cmocka_unit_test(limits),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, set_up, NULL);
}
