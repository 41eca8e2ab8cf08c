/* Deferrals as a duty: whose fall due, what ends them, and what a restart leaves of them
 * (docs/PROTOCOL.md §11.3). We are party 1 of 3; duty_reply defers for 60 s. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/duty.h"
#include "line/defer.h"

enum { FOR_S = 60 };

static unsigned told(const duty_world *w, uint8_t party) {
    unsigned n = 0;
    for (size_t i = 0; i < w->notes; i++)
        n += w->note[i].what == OL_DUTY_DUE && w->note[i].party == party;
    return n;
}

static void assert_open(const duty_world *w, size_t open, size_t due) {
    ol_deferral_status s;
    size_t n = 0, late = 0;
    for (; ol_deferral_status_of(w->d, n, &s); n++)
        late += s.is_due;
    assert_int_equal(n, open);
    assert_int_equal(late, due);
}

static void at(duty_world *w, uint64_t seconds) {
    w->ms = START_MS + seconds * S;
    duty_turn(w);
    duty_appended(w);
    duty_turn(w);
}

static ol_ref called(duty_world *w, uint8_t by, uint8_t to) {
    return duty_call(w, by, &(ol_call){ .rung = 1, .called = (uint16_t)(1u << to) });
}

/* A call of each of the two, deferred by the other; and one that is not ours. */
static void deferred(duty_world *w, ol_ref *theirs, ol_ref *ours) {
    *theirs = called(w, THEM, US);
    *ours = called(w, US, THIRD);
    ol_ref other = called(w, THEM, THIRD);
    duty_reply(w, US, *theirs, OL_DEFER, OL_OPERATIONAL);
    duty_reply(w, THIRD, *ours, OL_DEFER, OL_OPERATIONAL);
    duty_reply(w, THIRD, other, OL_DEFER, OL_OPERATIONAL);
}

static void on_both_sides(void **state) {
    (void)state;
    duty_world w;
    ol_ref theirs, ours;
    duty_set_up(&w);
    duty_turn(&w);
    deferred(&w, &theirs, &ours);
    at(&w, FOR_S - 1);
    assert_open(&w, 2, 0);
    w.ms = START_MS + FOR_S * S;
    duty_turn(&w);
    assert_true(told(&w, US) == 1 && told(&w, THIRD) == 1 && told(&w, THEM) == 0);
    assert_open(&w, 2, 2);
    at(&w, FOR_S + 1);
    assert_true(told(&w, US) == 0 && told(&w, THIRD) == 0); /* once */
    at(&w, FOR_S + OL_DEFERRAL_KEPT_S + 1);
    assert_open(&w, 0, 0);
    duty_tear_down(&w);
}

static void what_ends_it(void **state) {
    (void)state;
    for (unsigned how = 0; how < 7; how++) {
        duty_world w;
        ol_ref theirs, ours;
        duty_set_up(&w);
        duty_turn(&w);
        deferred(&w, &theirs, &ours);
        at(&w, 30);
        if (how == 0)
            duty_reply(&w, US, theirs, OL_ANSWER, OL_OPERATIONAL);
        else if (how == 1)
            duty_reply(&w, US, theirs, OL_DECLINE, OL_OPERATIONAL);
        else if (how == 2)
            called(&w, THEM, US); /* again */
        else if (how == 3)
            called(&w, US, THEM); /* back */
        else if (how == 4)
            called(&w, THEM, THIRD); /* not to us */
        else if (how == 5)           /* a drill */
            duty_call(&w, THEM, &(ol_call){ .status = OL_EXERCISE, .rung = 1 });
        else
            duty_reply(&w, US, theirs, OL_DEFER, OL_OPERATIONAL); /* put off */
        assert_open(&w, how < 4 ? 1 : 2, 0);
        w.ms = START_MS + FOR_S * S;
        duty_turn(&w);
        assert_int_equal(told(&w, US), how == 4 || how == 5);
        assert_int_equal(told(&w, THIRD), 1);
        if (how == 6) {
            w.ms += 30 * S;
            duty_turn(&w);
            assert_int_equal(told(&w, US), 1);
        }
        duty_tear_down(&w);
    }
}

static void of_another_status(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    ol_ref theirs = called(&w, THEM, US);
    duty_reply(&w, US, theirs, OL_DEFER, OL_EXERCISE); /* no effect (§11) */
    assert_open(&w, 0, 0);
    duty_tear_down(&w);
}

/* By the wall of the deferral: it waits for the rest, is told at once, or a day later no more. */
static void after_a_start(void **state) {
    (void)state;
    static const uint64_t off_s[] = { 20, FOR_S + 5, FOR_S + OL_DEFERRAL_KEPT_S + 5 };
    for (size_t i = 0; i < OL_LEN(off_s); i++) {
        duty_world w;
        ol_ref theirs, ours;
        duty_set_up(&w);
        deferred(&w, &theirs, &ours);
        w.ms += off_s[i] * S;
        duty_turn(&w);
        assert_int_equal(told(&w, US), i == 1);
        assert_open(&w, i < 2 ? 2 : 0, i == 1 ? 2 : 0);
        w.ms = START_MS + FOR_S * S;
        duty_turn(&w);
        assert_int_equal(told(&w, US), i == 0);
        duty_tear_down(&w);
    }
}

/* As many as may be open between two, deferred. */
static void many(duty_world *w, uint8_t by, uint8_t to, unsigned status) {
    ol_ref c[OL_CALLS_OPEN_MAX];
    for (size_t i = 0; i < OL_CALLS_OPEN_MAX; i++)
        c[i] = duty_call(
            w, by,
            &(ol_call){ .status = (uint8_t)status, .rung = 1, .called = (uint16_t)(1u << to) });
    for (size_t i = 0; i < OL_CALLS_OPEN_MAX; i++)
        duty_reply(w, to, c[i], OL_DEFER, status);
    for (size_t i = 0; i < OL_CALLS_OPEN_MAX && status != OL_OPERATIONAL; i++)
        duty_close(w, by, c[i], OL_CLOSE_DECLINED);
}

static void drills_give_way(void **state) {
    (void)state;
    duty_world w;
    ol_deferral_status s;
    duty_set_up(&w);
    duty_turn(&w);
    for (unsigned status = OL_STATUSES; status-- > 0;)
        many(&w, THEM, US, status), many(&w, THIRD, US, status);
    size_t n = 0, real = 0;
    for (; ol_deferral_status_of(w.d, n, &s); n++)
        real += s.status == OL_OPERATIONAL;
    assert_true(n == OL_DEFERRALS_MAX && real == 2 * OL_CALLS_OPEN_MAX);
    duty_tear_down(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_both_sides),     cmocka_unit_test(what_ends_it),
        cmocka_unit_test(of_another_status), cmocka_unit_test(after_a_start),
        cmocka_unit_test(drills_give_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
