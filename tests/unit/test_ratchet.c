#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "crypto/hash.h"
#include "crypto/ratchet.h"
#include "lib/known.h"

enum { DAY = 86400, WALL = 1700000000 };
static const ol_ratchet_times times = { .crypto_s = 7 * DAY, .courier_s = 30 * DAY };

static void want(const known *k, const char *key, const uint8_t *got, size_t n) {
    uint8_t hex[64];
    known_bytes(k, key, hex, n);
    assert_memory_equal(got, hex, n);
}

static void check_row(const known *k, const ol_ratchet *r) {
    assert_true(ol_ratchet_is_sound(r));
    assert_int_equal(r->oldest, known_number(k, "oldest"));
    assert_int_equal(r->send, known_number(k, "send"));
    assert_int_equal(r->since_s, known_number(k, "since"));
    assert_int_equal(r->since_wall, r->since_s == 0 ? 0 : WALL + r->since_s);
    want(k, "key", r->ck, sizeof r->ck);
    uint8_t ck[OL_SECRET_LEN];
    ol_epoch e;
    ol_ratchet_key(r, r->send, ck);
    ol_keys_epoch(ck, 2, 5, &e);
    want(k, "psk", e.psk, sizeof e.psk);
    ol_ratchet_key(r, (uint16_t)(r->send + OL_EPOCHS_AHEAD), ck);
    ol_keys_epoch(ck, 2, 5, &e);
    want(k, "up", e.hint_up, sizeof e.hint_up);
}

static void known_answers(void **state) {
    (void)state;
    known k;
    ol_ratchet r;
    uint8_t ck[OL_SECRET_LEN];
    unsigned rows = 0;
    ol_hash_sha256("openline test ratchet", strlen("openline test ratchet"), ck);
    ol_ratchet_begin(ck, &r);
    known_open(&k, "ratchet.txt");
    for (; known_next(&k); rows++) {
        uint64_t at = known_number(&k, "at"), next = ol_ratchet_next_s(&r, &times);
        bool is_heard = strcmp(known_text(&k, "what"), "hear") == 0;
        ol_ratchet before = r;
        print_message("row %u: %s at %lu\n", rows, known_text(&k, "what"), (unsigned long)at);
        bool has_changed =
            is_heard ? ol_ratchet_heard(&r, (uint16_t)known_number(&k, "epoch"), at, WALL + at)
                     : ol_ratchet_pass(&r, &times, at, WALL + at);
        assert_int_equal(has_changed, memcmp(&before, &r, sizeof r) != 0);
        if (!is_heard)
            assert_int_equal(has_changed, at >= next); /* what was told is when it happens */
        check_row(&k, &r);
    }
    known_close(&k);
    assert_int_equal(rows, 161);
}

static void what_is_accepted(void **state) {
    (void)state;
    ol_ratchet r;
    ol_ratchet_begin((const uint8_t[OL_SECRET_LEN]){ 1 }, &r);
    r.oldest = 5, r.send = 7;
    assert_false(ol_ratchet_accepts(&r, 4));
    assert_true(ol_ratchet_accepts(&r, 5));
    assert_true(ol_ratchet_accepts(&r, 7 + OL_EPOCHS_AHEAD));
    assert_false(ol_ratchet_accepts(&r, 7 + OL_EPOCHS_AHEAD + 1));
    r.send = OL_EPOCH_MAX - 1;
    assert_true(ol_ratchet_accepts(&r, OL_EPOCH_MAX));
    assert_false(ol_ratchet_accepts(&r, OL_EPOCH_MAX + 1));
}

/* The last epoch stays; nothing wraps. */
static void the_last_epoch(void **state) {
    (void)state;
    ol_ratchet r;
    ol_ratchet_begin((const uint8_t[OL_SECRET_LEN]){ 1 }, &r);
    r.oldest = r.send = OL_EPOCH_MAX - 1;
    assert_true(ol_ratchet_heard(&r, OL_EPOCH_MAX - 1, 10, 0));
    assert_true(ol_ratchet_pass(&r, &times, 10 + times.crypto_s, 0));
    assert_int_equal(r.send, OL_EPOCH_MAX);
    assert_true(ol_ratchet_heard(&r, OL_EPOCH_MAX, 10 + times.crypto_s, 0));
    assert_true(ol_ratchet_pass(&r, &times, UINT64_C(1) << 40, 0));
    assert_false(ol_ratchet_pass(&r, &times, UINT64_C(1) << 41, 0));
    assert_int_equal(r.oldest, OL_EPOCH_MAX);
    assert_int_equal(ol_ratchet_next_s(&r, &times), UINT64_MAX);
}

/* A clock that was set back (the store is an older copy): all waits longer, nothing is undone. */
static void time_that_goes_back(void **state) {
    (void)state;
    ol_ratchet r;
    ol_ratchet_begin((const uint8_t[OL_SECRET_LEN]){ 1 }, &r);
    assert_true(ol_ratchet_heard(&r, 0, 0, 0));
    assert_true(ol_ratchet_pass(&r, &times, times.crypto_s, 0));
    assert_true(ol_ratchet_heard(&r, 1, times.crypto_s, 0));
    assert_false(ol_ratchet_pass(&r, &times, 0, 0));
    assert_true(ol_ratchet_heard(&r, 2, 5, 0)); /* followed, at an earlier time */
    assert_true(ol_ratchet_is_sound(&r));
    assert_int_equal(r.oldest, 0);
}

static void unsound_ones(void **state) {
    (void)state;
    ol_ratchet good;
    ol_ratchet_begin((const uint8_t[OL_SECRET_LEN]){ 1 }, &good);
    good.oldest = 3, good.send = 6, good.is_heard = true, good.heard = 5, good.marks = 2;
    good.mark[0].epoch = 4, good.mark[0].at_s = 10, good.mark[1].epoch = 5;
    good.mark[1].at_s = 20;
    assert_true(ol_ratchet_is_sound(&good));
    for (unsigned i = 0; i < 8; i++) {
        ol_ratchet r = good;
        r.oldest = i == 0 ? 7 : r.oldest;
        r.heard = i == 1 ? 7 : i == 2 ? 2 : r.heard;
        r.marks = i == 3 ? OL_RATCHET_MARKS + 1 : i == 4 ? 1 : r.marks;
        r.is_heard = i == 5 ? false : r.is_heard;
        r.mark[0].epoch = i == 6 ? 3 : r.mark[0].epoch;
        r.mark[0].at_s = i == 7 ? 21 : r.mark[0].at_s;
        assert_false(ol_ratchet_is_sound(&r));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),  cmocka_unit_test(what_is_accepted),
        cmocka_unit_test(the_last_epoch), cmocka_unit_test(time_that_goes_back),
        cmocka_unit_test(unsound_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
