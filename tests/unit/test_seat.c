/* web/seat: a key opens once, a seat ends when it is unused, and a full house gives way. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "web/seat.h"

static ol_str str(const char *s) {
    return (ol_str){ s, strlen(s) };
}

static void seat_keys(void **state) {
    static ol_seats s;
    char key[OL_SEAT_WORD + 1], looks[OL_SEAT_WORD + 1];
    (void)state;
    ol_seats_init(&s);
    memcpy(key, s.key[OL_SEAT_ACTS], sizeof key);
    memcpy(looks, s.key[OL_SEAT_VIEWS], sizeof looks);
    assert_string_not_equal(key, looks);
    const ol_seat *seat = ol_seats_open(&s, str(key), 1);
    assert_non_null(seat);
    assert_int_equal(seat->right, OL_SEAT_ACTS);
    assert_null(ol_seats_open(&s, str(key), 1)); /* once */
    assert_string_not_equal(s.key[OL_SEAT_ACTS], key);
    assert_int_equal(ol_seats_open(&s, str(looks), 1)->right, OL_SEAT_VIEWS);
    assert_null(ol_seats_open(&s, str(""), 1));
    assert_null(ol_seats_open(&s, (ol_str){ NULL, 0 }, 1));
    assert_null(ol_seats_open(&s, str(seat->word), 1)); /* a seat's word is no key */
    looks[5] = looks[5] == '0' ? '1' : '0';
    assert_null(ol_seats_open(&s, str(looks), 1));
}

static void seat_times(void **state) {
    static ol_seats s;
    char word[OL_SEAT_WORD + 1];
    (void)state;
    ol_seats_init(&s);
    memcpy(word, ol_seats_open(&s, str(s.key[OL_SEAT_ACTS]), 5)->word, sizeof word);
    assert_null(ol_seats_find(&s, str(s.key[OL_SEAT_ACTS]), 5)); /* a key is no seat */
    assert_null(ol_seats_find(&s, (ol_str){ NULL, 0 }, 5));
    assert_null(ol_seats_find(
        &s, str("0000000000000000000000000000000000000000000000000000000000000000"), 5));
    assert_non_null(ol_seats_find(&s, str(word), 5 + OL_SEAT_S)); /* used: it begins anew */
    assert_non_null(ol_seats_find(&s, str(word), 5 + 2 * OL_SEAT_S));
    assert_null(ol_seats_find(&s, str(word), 6 + 3 * OL_SEAT_S));
}

/* A watch of a day, of which the page was read once. */
static void seat_talks(void **state) {
    static ol_seats s;
    char word[OL_SEAT_WORD + 1];
    (void)state;
    ol_seats_init(&s);
    const ol_seat *seat = ol_seats_open(&s, str(s.key[OL_SEAT_ACTS]), 5);
    unsigned long number = seat->number;
    memcpy(word, seat->word, sizeof word);
    for (uint64_t at = 5; at < 86400; at += 20)
        assert_true(ol_seats_use(&s, number, at));
    assert_false(ol_seats_use(&s, number + 1, 86400));
    assert_false(ol_seats_use(&s, 0, 86400));
    assert_non_null(ol_seats_find(&s, str(word), 86400));
    assert_false(ol_seats_use(&s, number, 86401 + OL_SEAT_S));
    for (size_t i = 0; i < OL_SEATS; i++)
        assert_int_equal(ol_seats_open(&s, str(s.key[OL_SEAT_ACTS]), 200000)->number,
                         number + 1 + i);
    assert_false(ol_seats_use(&s, number, 200000)); /* its place has another */
}

static void seat_house(void **state) {
    static ol_seats s;
    char word[OL_SEATS + 1][OL_SEAT_WORD + 1];
    (void)state;
    ol_seats_init(&s);
    for (size_t i = 0; i < OL_SEATS; i++)
        memcpy(word[i], ol_seats_open(&s, str(s.key[OL_SEAT_VIEWS]), 10 + i)->word, sizeof word[i]);
    assert_non_null(ol_seats_find(&s, str(word[0]), 100)); /* so the second is the idlest */
    memcpy(word[OL_SEATS], ol_seats_open(&s, str(s.key[OL_SEAT_ACTS]), 101)->word, sizeof word[0]);
    for (size_t i = 0; i <= OL_SEATS; i++)
        assert_int_equal(ol_seats_find(&s, str(word[i]), 102) != NULL, i != 1);
}

static void seat_logins(void **state) {
    static ol_seats s;
    char key[OL_SEAT_PASSES + 1][OL_SEAT_WORD + 1], line[8];
    (void)state;
    ol_seats_init(&s);
    for (size_t i = 0; i <= OL_SEAT_PASSES; i++)
        memcpy(key[i], ol_seats_pass(&s, "hotline", (uint16_t)(i + 1), 10 + i), sizeof key[i]);
    assert_null(ol_seats_open(&s, str(key[0]), 15)); /* it gave way to the fifth */
    const ol_seat *opened = ol_seats_open(&s, str(key[1]), 11 + OL_SEAT_PASS_S);
    assert_non_null(opened);
    assert_true(opened->right == OL_SEAT_ACTS && opened->is_login);
    assert_int_equal(ol_seat_officer(opened, "hotline"), 2);
    assert_int_equal(ol_seat_officer(opened, ""), 0);
    assert_null(ol_seats_open(&s, str(key[1]), 20)); /* once */
    assert_null(ol_seats_open(&s, str(key[2]), 13 + OL_SEAT_PASS_S));
    assert_null(ol_seats_open(&s, str(""), 20));
    ol_seat *seat = ol_seats_of(&s, opened->number);
    assert_ptr_equal(seat, opened);
    assert_true(ol_seat_sit(seat, "hotline", 7)); /* another sits down there */
    assert_int_equal(ol_seat_officer(seat, "hotline"), 7);
    for (unsigned i = 1; i < OL_SEAT_LINES; i++) {
        (void)snprintf(line, sizeof line, "l%u", i);
        assert_true(ol_seat_sit(seat, line, 1));
    }
    assert_false(ol_seat_sit(seat, "more", 1));
    unsigned long number = seat->number;
    ol_seat_end(seat);
    assert_null(ol_seats_of(&s, number));
    assert_null(ol_seats_of(&s, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seat_keys),  cmocka_unit_test(seat_times),  cmocka_unit_test(seat_talks),
        cmocka_unit_test(seat_house), cmocka_unit_test(seat_logins),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
