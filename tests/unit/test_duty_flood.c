/* The duty machine where others do very much: what is told, and what is written all the same.
 * We are party 1 of 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/duty.h"

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
        cmocka_unit_test(rings_written_for_one_caller),
        cmocka_unit_test(notes_that_nobody_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
