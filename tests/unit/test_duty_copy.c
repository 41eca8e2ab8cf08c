/* Two stations with the same keys, or one that was put back: calls of our own party that this
 * station did not place (docs/PROTOCOL.md §11.3). We are party 1 of 3; a FLASH has 40 s. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/duty.h"

enum { TIME_S = 50 }; /* a FLASH's, and a quarter of it */

/* What follows is appended by the other station with our keys, or by us. */
static void by_other(duty_world *w, bool is_other) {
    w->incarnation[0] = is_other ? 200 : 0;
}

static ol_ref others_call(duty_world *w, const ol_call *c) {
    by_other(w, true);
    ol_ref at = duty_call(w, US, c);
    by_other(w, false);
    return at;
}

static void it_has_its_time_and_is_not_placed_again(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    others_call(&w, &(ol_call){ .called = 1 << THEM });
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    assert_int_equal(w.fx.at_ms, w.ms + TIME_S * S);
    w.ms += TIME_S * S;
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    assert_int_equal(w.fx.at_ms, w.ms + OL_CALLS_GRACE_MS);
    w.ms += OL_CALLS_GRACE_MS;
    duty_turn(&w);
    assert_true(w.appends == 1 && duty_asked_close(&w, 0).why == OL_CLOSE_TIME);
    duty_appended(&w);
    for (unsigned i = 0; i < 3; i++, w.ms += S) {
        duty_turn(&w);
        assert_int_equal(w.appends, 0);
    }
    duty_tear_down(&w);
}

/* By who placed it, or, where that one is no more, by us. */
static void when_all_have_replied_it_is_closed(void **state) {
    (void)state;
    for (unsigned is_there = 0; is_there < 2; is_there++) {
        duty_world w;
        duty_set_up(&w);
        duty_turn(&w);
        ol_ref at = others_call(&w, &(ol_call){ .called = 1 << THEM });
        duty_reply(&w, THEM, at, OL_ANSWER, OL_OPERATIONAL);
        duty_turn(&w);
        assert_int_equal(w.appends, 0);
        assert_int_equal(w.fx.at_ms, w.ms + OL_CALLS_GRACE_MS);
        by_other(&w, true);
        if (is_there != 0)
            duty_close(&w, US, at, OL_CLOSE_ANSWERED);
        by_other(&w, false);
        w.ms += OL_CALLS_GRACE_MS;
        duty_turn(&w);
        assert_int_equal(w.appends, is_there == 0);
        if (is_there == 0)
            assert_int_equal(duty_asked_close(&w, 0).why, OL_CLOSE_ANSWERED);
        duty_tear_down(&w);
    }
}

/* The copy began with our open call in its store: it closes it and places it again itself. */
static void what_the_other_closed_is_not_ours_to_place_again(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    ol_ref at = duty_call(&w, US, &(ol_call){ .called = 1 << THEM });
    duty_turn(&w);
    by_other(&w, true);
    duty_close(&w, US, at, OL_CLOSE_INTERRUPTED);
    by_other(&w, false);
    duty_turn(&w);
    assert_int_equal(duty_state_of(&w, 0), OL_CALL_CLOSED);
    assert_int_equal(w.appends, 0);
    others_call(&w, &(ol_call){ .called = 1 << THEM, .has_ref = true, .ref = at });
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    assert_int_equal(duty_state_of(&w, 1), OL_CALL_PLACED);
    duty_tear_down(&w);
}

/* A log of this run that is closed in it, as evidence makes it (§6.5): as after a start. */
static void our_own_is_placed_again_where_its_log_is_closed(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    ol_ref at = duty_call(&w, US, &(ol_call){ .called = 1 << THEM });
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    w.incarnation[0] = 77, w.size[US] = 0;
    duty_turn(&w);
    assert_true(w.appends == 1 && duty_asked_close(&w, 0).why == OL_CLOSE_INTERRUPTED);
    duty_appended(&w);
    duty_turn(&w);
    assert_int_equal(w.appends, 1);
    const char *why;
    ol_call again;
    assert_int_equal(w.append[0].append.kind, OL_KIND_CALL);
    assert_int_equal(ol_call_decode(w.append[0].append.body, w.append[0].append.len, &again, &why),
                     OL_OK);
    assert_true(again.has_ref && again.ref.index == at.index);
    duty_appended(&w);
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    duty_tear_down(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_its_time_and_is_not_placed_again),
        cmocka_unit_test(when_all_have_replied_it_is_closed),
        cmocka_unit_test(what_the_other_closed_is_not_ours_to_place_again),
        cmocka_unit_test(our_own_is_placed_again_where_its_log_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
