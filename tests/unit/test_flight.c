/* Small tables of the station: submissions under way, addresses by token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "station/flight.h"
#include "station/tokens.h"

static void tokens(void **state) {
    (void)state;
    static ol_tokens t;
    ol_tokens_init(&t);
    ol_addr a = { .len = 4, .b = { 1, 2, 3, 4 } }, got;
    uint8_t port = 0;
    uint32_t first = ol_tokens_take(&t, 3, &a);
    assert_int_not_equal(first, 0);
    assert_int_equal(ol_tokens_take(&t, 3, &a), first);
    assert_int_not_equal(ol_tokens_take(&t, 4, &a), first);
    assert_true(ol_tokens_find(&t, first, &port, &got));
    assert_true(port == 3 && memcmp(&got, &a, sizeof a) == 0);
    assert_false(ol_tokens_find(&t, 0, &port, &got));
    for (uint32_t i = 0; i < 100 * OL_TOKENS; i++) { /* a flood: never 0, the last is found */
        memcpy(a.b, &i, 4);
        uint32_t token = ol_tokens_take(&t, 3, &a);
        assert_true(token != 0 && ol_tokens_find(&t, token, &port, &got));
        assert_memory_equal(&got, &a, sizeof a);
    }
    assert_false(ol_tokens_find(&t, first, &port, &got));
    memset(&t.place, 0xFF, sizeof t.place); /* where the numbers wrap */
    for (uint32_t i = 0; i < OL_TOKENS; i++)
        t.place[i].token = UINT32_MAX - OL_TOKENS + 1 + i, t.place[i].addr.len = 0;
    for (uint32_t i = 0; i < 4 * OL_TOKENS; i++) {
        memcpy(a.b, &i, 4);
        uint32_t token = ol_tokens_take(&t, 3, &a);
        assert_true(token >= OL_TOKENS && ol_tokens_find(&t, token, &port, &got));
    }
}

static void flights(void **state) {
    (void)state;
    ol_flight f = { 0 };
    bool is_again = true;
    uint32_t token = 0;
    static const uint8_t x[OL_ITEM_LEN] = "x", y[OL_ITEM_LEN] = "y";
    assert_int_equal(ol_flight_add(&f, 1, x, &is_again), OL_OK);
    assert_false(is_again);
    assert_int_equal(ol_flight_add(&f, 2, x, &is_again), OL_OK);
    assert_true(is_again);
    assert_int_equal(ol_flight_add(&f, 3, y, &is_again), OL_OK);
    assert_false(is_again);
    assert_int_equal(ol_flight_add(&f, 4, NULL, &is_again), OL_OK);
    assert_false(is_again);
    assert_int_equal(ol_flight_add(&f, 5, NULL, &is_again), OL_OK);
    assert_false(is_again);
    ol_flight_walk w = { 0 };
    assert_true(ol_flight_next(&f, 1, &w, &token) && token == 1);
    assert_true(ol_flight_next(&f, 1, &w, &token) && token == 2);
    assert_false(ol_flight_next(&f, 1, &w, &token));
    w = (ol_flight_walk){ 0 };
    assert_true(ol_flight_next(&f, 4, &w, &token) && token == 4);
    assert_false(ol_flight_next(&f, 4, &w, &token));
    assert_int_equal(f.n, 2);
    while (f.n < OL_FLIGHT_MAX)
        assert_int_equal(ol_flight_add(&f, 9, NULL, &is_again), OL_OK);
    assert_int_equal(ol_flight_add(&f, 9, NULL, &is_again), OL_EAGAIN);
    ol_flight_free(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(tokens), cmocka_unit_test(flights) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
