/* Who the officers are at any place of the record (docs/PROTOCOL.md §4.8): a story in rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "record/roster.h"

static const uint8_t line_id[OL_LINE_ID_LEN] = { 1, 2, 3 };
enum { NOBODY = -1, IDENTITY = 0 };
enum { VOUCH = OL_OFFICER_MAY_VOUCH, RELEASE = OL_OFFICER_MAY_RELEASE };

static void key_of(uint8_t party, unsigned which, ol_sign_key *ret) {
    uint8_t seed[OL_SIGN_SEED_LEN] = { party, (uint8_t)which, (uint8_t)(which >> 8) };
    ol_sign_key_of(seed, ret);
}

typedef struct {
    const char *name;
    uint8_t party;
    uint16_t number;
    uint64_t serial, powers;
    bool has_left;
    unsigned key; /* its own, 0: none */
    int by;       /* NOBODY, or whose voucher it bears */
    unsigned by_key;
    bool is_bent; /* a bit of the voucher is another */
    ol_roster_effect want;
    bool is_false, may_vouch, may_release; /* from then on */
} step;

static const step story[] = {
    { "a claim", 0, 1, 1, VOUCH | RELEASE, false, 11, NOBODY, 0, false, OL_ROSTER_CLAIM, 0, 0, 0 },
    { "a claim of higher serial", 0, 1, 9, 0, false, 12, NOBODY, 0, false, OL_ROSTER_CLAIM, 0, 0,
      0 },
    { "a claim of the same serial", 0, 1, 9, 0, false, 13, NOBODY, 0, false, OL_ROSTER_OUTDATED, 0,
      0, 0 },
    { "a claim may not vouch", 0, 2, 1, 0, false, 21, 1, 12, false, OL_ROSTER_CLAIM, 1, 0, 0 },
    { "vouched for, over a claim of higher serial", 0, 1, 3, VOUCH, false, 14, IDENTITY, 0, false,
      OL_ROSTER_TAKEN, 0, 1, 0 },
    { "another party's identity key", 1, 1, 1, VOUCH, false, 11, IDENTITY, 1, false,
      OL_ROSTER_CLAIM, 1, 0, 0 },
    { "a voucher that was changed", 0, 3, 1, RELEASE, false, 31, IDENTITY, 0, true, OL_ROSTER_CLAIM,
      1, 0, 0 },
    { "by an officer who may", 0, 3, 1, RELEASE, false, 32, 1, 14, false, OL_ROSTER_TAKEN, 0, 0,
      1 },
    { "by an officer who may not", 0, 4, 1, VOUCH, false, 41, 3, 32, false, OL_ROSTER_CLAIM, 1, 0,
      0 },
    { "by the officer's own key", 0, 1, 4, VOUCH | RELEASE, false, 14, 1, 14, false,
      OL_ROSTER_BARRED, 1, 1, 0 },
    { "by the key before the last", 0, 4, 2, VOUCH, false, 41, 1, 12, false, OL_ROSTER_CLAIM, 1, 0,
      0 },
    { "a claim over what is vouched for", 0, 1, 99, VOUCH, false, 66, NOBODY, 0, false,
      OL_ROSTER_BARRED, 0, 1, 0 },
    { "vouched for, of an equal serial", 0, 1, 3, RELEASE, false, 15, IDENTITY, 0, false,
      OL_ROSTER_OUTDATED, 0, 1, 0 },
    { "a claim that the officer has left", 0, 1, 0, 0, true, 66, NOBODY, 0, false, OL_ROSTER_LEFT,
      0, 1, 0 },
    { "who has left does not vouch", 0, 5, 1, 0, false, 51, 1, 14, false, OL_ROSTER_CLAIM, 1, 0,
      0 },
    { "a claim does not bring one back", 0, 1, 100, 0, false, 66, NOBODY, 0, false,
      OL_ROSTER_BARRED, 0, 1, 0 },
    { "vouched for again", 0, 1, 4, VOUCH | RELEASE, false, 16, IDENTITY, 0, false, OL_ROSTER_TAKEN,
      0, 1, 1 },
    { "the other party's own", 1, 1, 1, RELEASE, false, 17, IDENTITY, 0, false, OL_ROSTER_TAKEN, 0,
      0, 1 },
};

static void add(ol_roster *r, size_t i) {
    const step *s = &story[i];
    ol_sign_key key;
    ol_enrolment e = { .number = s->number, .serial = s->serial, .powers = s->powers };
    key_of(s->party, s->key, &key);
    e.has_key = true, e.has_left = s->has_left, e.has_voucher = s->by != NOBODY;
    memcpy(e.key, key.pub, sizeof e.key);
    memset(e.fields, (int)i, sizeof e.fields);
    if (e.has_voucher) {
        uint8_t bytes[OL_VOUCHER_LEN];
        e.by = (uint16_t)s->by;
        bool is_stranger = s->by == IDENTITY && s->by_key == 1; /* the other party's */
        key_of(is_stranger ? s->party ^ 1 : s->party, s->by == IDENTITY ? 0 : s->by_key, &key);
        ol_word_voucher_bytes(line_id, s->party, e.fields, bytes);
        ol_sign_make(&key, bytes, sizeof bytes, e.sig);
        e.sig[40] ^= s->is_bent;
    }
    ol_roster_effect effect;
    bool is_false;
    print_message("%s\n", s->name);
    assert_int_equal(ol_roster_add(r, 10 * i, s->party, &e, i, &effect, &is_false), OL_OK);
    assert_int_equal(effect, s->want);
    assert_int_equal(is_false, s->is_false);
    const ol_roster_row *row = ol_roster_find(r, s->party, s->number, UINT64_MAX);
    assert_int_equal(row->may_vouch, s->may_vouch);
    assert_int_equal(row->may_release, s->may_release);
    assert_int_equal(row->is_vouched, s->want == OL_ROSTER_TAKEN || s->want == OL_ROSTER_LEFT ||
                                          s->want == OL_ROSTER_BARRED || row->is_vouched);
}

static ol_roster *told(ol_mem *mem) {
    static ol_sign_key identity[2];
    const uint8_t *pub[2];
    ol_roster *r = NULL;
    for (uint8_t i = 0; i < 2; i++) {
        key_of(i, 0, &identity[i]);
        pub[i] = identity[i].pub;
    }
    assert_int_equal(ol_roster_new(mem, line_id, pub, 2, &r), OL_OK);
    for (size_t i = 0; i < OL_LEN(story); i++)
        add(r, i);
    return r;
}

static void a_story(void **state) {
    (void)state;
    ol_mem mem;
    ol_mem_heap(&mem, 1 << 20);
    ol_roster *r = told(&mem);
    size_t rows = 0;
    for (size_t i = 0; i < OL_LEN(story); i++)
        rows += story[i].want < OL_ROSTER_BARRED;
    assert_int_equal(ol_roster_rows(r), rows);
    for (size_t i = 1; i < rows; i++)
        assert_true(ol_roster_at(r, i - 1)->at < ol_roster_at(r, i)->at);
    ol_roster_free(r);
    ol_roster_free(NULL);
    assert_int_equal(mem.used, 0);
}

/* As it was: before, at and after the place where an entry stands. */
static void at_any_place(void **state) {
    (void)state;
    ol_mem mem;
    ol_mem_heap(&mem, 1 << 20);
    ol_roster *r = told(&mem);
    assert_null(ol_roster_find(r, 0, 1, 0));
    assert_int_equal(ol_roster_find(r, 0, 1, 1)->entry, 0);
    assert_int_equal(ol_roster_find(r, 0, 1, 40)->entry, 1);
    assert_int_equal(ol_roster_find(r, 0, 1, 41)->entry, 4);
    assert_int_equal(ol_roster_find(r, 0, 1, 130)->has_left, false);
    assert_int_equal(ol_roster_find(r, 0, 1, 131)->has_left, true);
    assert_int_equal(ol_roster_find(r, 0, 1, 131)->entry, 4); /* its names stay */
    assert_int_equal(ol_roster_find(r, 0, 1, UINT64_MAX)->entry, 16);
    assert_null(ol_roster_find(r, 0, 6, UINT64_MAX));
    assert_null(ol_roster_find(r, 2, 1, UINT64_MAX));
    ol_roster_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_story), cmocka_unit_test(at_any_place) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
