/* The duty machine where others do very much: what is told, and what is written all the same.
 * We are party 1 of 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/duty.h"

static void too_many_are_recorded_and_not_rung(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    ol_ref first = duty_call(&w, THEM, &(ol_call){ .rung = 1 });
    for (unsigned i = 1; i < OL_CALLS_OPEN_MAX; i++)
        duty_call(&w, THEM, &(ol_call){ .rung = 1 });
    assert_int_equal(ol_calls_room(w.d, THEM, 0, OL_OPERATIONAL), OL_CALLS_UNRUNG);
    assert_int_equal(ol_calls_room(w.d, THIRD, 0, OL_OPERATIONAL), OL_CALLS_ROOM);
    duty_turn(&w);
    assert_int_equal(w.appends, OL_CALLS_OPEN_MAX); /* more than one list of effects holds */
    duty_appended(&w);
    duty_call(&w, THEM, &(ol_call){ .rung = 3 });
    duty_turn(&w);
    assert_true(w.appends == 0 && duty_is_told(&w, OL_DUTY_CALL_UNRUNG, US, 3));
    duty_close(&w, THEM, first, OL_CLOSE_TIME);
    duty_call(&w, THEM, &(ol_call){ .rung = 3 });
    duty_call(&w, THIRD, &(ol_call){ .rung = 4 });
    duty_turn(&w);
    assert_true(w.appends == 2 && duty_asked_ring(&w, 0).rung == 3 &&
                duty_asked_ring(&w, 1).rung == 4);
    duty_tear_down(&w);
}

static void only_calls_to_us_count(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    for (unsigned i = 0; i <= OL_CALLS_OPEN_MAX; i++)
        duty_call(&w, THEM, &(ol_call){ .rung = 1, .called = 1u << THIRD });
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    duty_call(&w, THEM, &(ol_call){ .rung = 3 });
    duty_turn(&w);
    assert_true(w.appends == 1 && duty_asked_ring(&w, 0).rung == 3);
    duty_tear_down(&w);
}

static void drills_give_way(void **state) {
    (void)state;
    const ol_call drill = { .rung = 2, .status = OL_EXERCISE };
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    for (unsigned i = 0; i < OL_CALLS_OPEN_MAX; i++)
        duty_call(&w, THEM, &drill);
    duty_turn(&w);
    assert_int_equal(w.appends, OL_CALLS_OPEN_MAX);
    duty_appended(&w);
    duty_call(&w, THEM, &drill); /* one more drill is not rung */
    duty_turn(&w);
    assert_true(w.appends == 0 && duty_is_told(&w, OL_DUTY_CALL_UNRUNG, US, 2));
    duty_call(&w, THEM, &(ol_call){ .rung = 3 });
    duty_turn(&w);
    assert_int_equal(w.appends, 2);
    assert_true(duty_asked_ring(&w, 0).state == OL_RING_ENDED);
    assert_true(duty_asked_ring(&w, 1).state == OL_RING_RINGS && duty_asked_ring(&w, 1).rung == 3);
    assert_true(duty_is_told(&w, OL_DUTY_CALL_SILENT, US, 2));
    assert_true(duty_is_told(&w, OL_DUTY_CALL_RINGS, US, 3));
    assert_int_equal(duty_state_of(&w, 0), OL_CALL_SILENT);
    assert_int_equal(duty_state_of(&w, 1), OL_CALL_RINGS);
    duty_tear_down(&w);
}

static void no_more_are_placed_than_are_rung(void **state) {
    (void)state;
    enum { ALL = 0, TO_THEM = 1 << THEM, TO_THIRD = 1 << THIRD };
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    for (unsigned i = 0; i < OL_CALLS_OPEN_MAX; i++) {
        assert_int_equal(ol_calls_room(w.d, US, TO_THEM, OL_EXERCISE), OL_CALLS_ROOM);
        duty_call(&w, US, &(ol_call){ .rung = 1, .called = TO_THEM, .status = OL_EXERCISE });
    }
    assert_int_equal(ol_calls_room(w.d, US, TO_THEM, OL_EXERCISE), OL_CALLS_UNRUNG);
    assert_int_equal(ol_calls_room(w.d, US, ALL, OL_EXERCISE), OL_CALLS_UNRUNG);
    assert_int_equal(ol_calls_room(w.d, US, TO_THIRD, OL_EXERCISE), OL_CALLS_ROOM);
    for (unsigned i = 0; i < OL_CALLS_OPEN_MAX; i++) {
        assert_int_equal(ol_calls_room(w.d, US, ALL, OL_OPERATIONAL), OL_CALLS_ROOM);
        duty_call(&w, US, &(ol_call){ .rung = 1 });
    }
    assert_int_equal(ol_calls_room(w.d, US, TO_THEM, OL_OPERATIONAL), OL_CALLS_UNRUNG);
    assert_int_equal(ol_calls_room(w.d, US, TO_THIRD, OL_OPERATIONAL), OL_CALLS_UNRUNG);
    duty_tear_down(&w);
}

/* One call after the other: all ring, so many rings a day are written, and others' as ever. */
static void rings_written_for_one_caller(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    size_t rung = 0, written = 0, asked = OL_CALLS_RINGS_DAY + 20;
    for (size_t i = 0; i < asked; i++) {
        ol_ref at = duty_call(&w, THEM, &(ol_call){ .called = 1 << US });
        duty_turn(&w);
        rung += duty_is_told(&w, OL_DUTY_CALL_RINGS, US, 1);
        written += w.appends;
        duty_appended(&w);
        duty_close(&w, THEM, at, OL_CLOSE_WITHDRAWN);
    }
    assert_int_equal(rung, asked);
    assert_int_equal(written, OL_CALLS_RINGS_DAY);
    duty_call(&w, THIRD, &(ol_call){ .called = 1 << US });
    duty_turn(&w);
    assert_int_equal(w.appends, 1);
    duty_appended(&w);
    w.ms += 86400 * S / OL_CALLS_RINGS_DAY + 1; /* the third's ladder has ended meanwhile */
    duty_turn(&w);
    duty_appended(&w);
    duty_call(&w, THEM, &(ol_call){ .called = 1 << US });
    duty_turn(&w);
    size_t theirs = 0;
    for (size_t i = 0; i < w.appends; i++)
        theirs += duty_asked_ring(&w, i).call.index == w.size[THEM] - 1 &&
                  duty_asked_ring(&w, i).call.party == THEM;
    assert_int_equal(theirs, 1);
    duty_tear_down(&w);
}

/* What others do among themselves may be lost where too much comes at once; ours is not. */
static void notes_that_nobody_takes(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    ol_ref ours = duty_call(&w, US, &(ol_call){ .called = 1 << THEM });
    duty_ring(&w, THEM, ours, OL_RING_RINGS, 1, 0);
    duty_reply(&w, THEM, ours, OL_DECLINE, OL_OPERATIONAL);
    duty_close(&w, US, ours, OL_CLOSE_DECLINED);
    for (unsigned i = 0; i < 2 * OL_DUTY_NOTES_MAX; i++) {
        ol_ref at = duty_call(&w, THIRD, &(ol_call){ .called = 1 << THEM });
        duty_close(&w, THIRD, at, OL_CLOSE_TIME);
    }
    assert_true(ol_duty_notes_lost(w.d) > 0);
    duty_call(&w, THEM, &(ol_call){ .called = 1 << US });
    duty_turn(&w);
    assert_true(duty_is_told(&w, OL_DUTY_CALL_PLACED, US, 0));
    assert_true(duty_is_told(&w, OL_DUTY_CALL_REPLIED, THEM, 0));
    assert_false(duty_is_told(&w, OL_DUTY_CALL_RINGS, THEM, 1)); /* it does no longer */
    assert_true(duty_is_told(&w, OL_DUTY_CALL_CLOSED, US, 0));
    assert_true(duty_is_told(&w, OL_DUTY_CALL_RINGS, US, 1));
    duty_turn(&w);
    assert_int_equal(w.notes, 0);
    duty_tear_down(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_many_are_recorded_and_not_rung),
        cmocka_unit_test(only_calls_to_us_count),
        cmocka_unit_test(drills_give_way),
        cmocka_unit_test(no_more_are_placed_than_are_rung),
        cmocka_unit_test(rings_written_for_one_caller),
        cmocka_unit_test(notes_that_nobody_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
