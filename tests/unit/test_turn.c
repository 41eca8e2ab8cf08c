#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/thin.h"
#include "line/line.h"
#include "line/turn.h"

enum { S = 1000, HOUR = 3600 * S };

static ol_turn turn_of(uint32_t turnaround_ms, bool is_first) {
    ol_turn t;
    ol_turn_opts o = { .turnaround_ms = turnaround_ms, .frame_ms = 2 * S, .is_first = is_first };
    o.seed = 7;
    ol_turn_init(&t, &o, (ol_mono){ 0 });
    return t;
}

static ol_mono at(uint64_t ms) {
    return (ol_mono){ ms };
}

static void hold_follows_the_turnaround(void **state) {
    (void)state;
    assert_int_equal(ol_turn_hold_ms(0), 60 * S);
    assert_int_equal(ol_turn_hold_ms(15 * S), 60 * S);
    assert_int_equal(ol_turn_hold_ms(20 * S), 80 * S);
    assert_int_equal(ol_turn_hold_ms(30 * S), 120 * S);
    assert_int_equal(ol_turn_hold_ms(UINT32_MAX), 120 * S);
}

static void a_start_is_silent(void **state) {
    (void)state;
    ol_turn t = turn_of(10 * S, true);
    assert_false(ol_turn_may(&t, at(14 * S - 1)));
    assert_int_equal(ol_turn_due(&t, at(0)), 14 * S);
    assert_true(ol_turn_may(&t, at(14 * S)) && ol_turn_has_room(&t, at(14 * S)));
    assert_false(ol_turn_owes_over(&t, at(14 * S)));
    assert_true(ol_turn_due(&t, at(14 * S)) == OL_NEVER);
}

static void over_is_answered_after_a_turnaround(void **state) {
    (void)state;
    ol_turn t = turn_of(10 * S, true);
    ol_turn_heard(&t, at(100 * S));
    assert_false(ol_turn_may(&t, at(114 * S - 1)));
    ol_turn_heard_over(&t, at(101 * S));
    assert_false(ol_turn_may(&t, at(111 * S - 1)));
    assert_true(ol_turn_may(&t, at(111 * S)) && ol_turn_owes_over(&t, at(111 * S)));
    ol_turn_said_over(&t, 200, at(111 * S)); /* nothing to say: OVER alone, */
    assert_int_equal(t.state, OL_TURN_LISTEN);
    assert_true(ol_turn_may(&t, at(125 * S + 200)));
    ol_turn_heard_over(&t, at(126 * S)); /* which is not answered */
    assert_false(ol_turn_owes_over(&t, at(200 * S)));
}

static void silence_counts_as_over(void **state) {
    (void)state;
    ol_turn t = turn_of(10 * S, true);
    ol_turn_heard(&t, at(100 * S));
    assert_int_equal(ol_turn_due(&t, at(100 * S)), 114 * S);
    assert_true(ol_turn_may(&t, at(114 * S)));
    assert_false(ol_turn_owes_over(&t, at(114 * S)));
}

static void a_transmission_ends(void **state) {
    (void)state;
    ol_turn t = turn_of(10 * S, true);
    uint64_t ms = 20 * S, n = 0;
    for (; ol_turn_has_room(&t, at(ms)); ms += 2 * S, n++)
        ol_turn_said(&t, 2 * S, at(ms));
    assert_int_equal(n, 30);
    assert_true(ol_turn_may(&t, at(ms)) && ol_turn_owes_over(&t, at(ms)));
    ol_turn_said_over(&t, 200, at(ms));
    assert_false(ol_turn_may(&t, at(ms + 200)));
    ol_turn_heard_over(&t, at(ms + 12 * S)); /* it was heard: on with it */
    assert_true(ol_turn_may(&t, at(ms + 22 * S)) && ol_turn_has_room(&t, at(ms + 22 * S)));
}

/* Any two that went unanswered at the same time, whatever each drew, whenever they have something
 * to say again. */
static void of_two_one_goes_first(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        ol_turn a = turn_of(10 * S, true), b = turn_of(10 * S, false);
        a.draw = seed, b.draw = seed * 77 + 1;
        uint64_t ms = 20 * S;
        for (unsigned tries = 0; tries < 6; tries++) {
            ol_turn_said(&a, 2 * S, at(ms)), ol_turn_said(&b, 2 * S, at(ms));
            ol_turn_said_over(&a, 200, at(ms + 2 * S)), ol_turn_said_over(&b, 200, at(ms + 2 * S));
            uint64_t over = ms + 2 * S + 200;
            unsigned may_a = 0, may_b = 0;
            for (uint64_t t = over; t < over + 40 * 14 * S; t += 500) {
                bool is_a = ol_turn_may(&a, at(t)), is_b = ol_turn_may(&b, at(t));
                assert_false(is_a && is_b);
                assert_true(t >= over + 14 * S || (!is_a && !is_b));
                may_a += is_a, may_b += is_b;
                uint64_t due = ol_turn_due(&a, at(t));
                assert_true(due > t && due <= t + 8 * 14 * S && ol_turn_may(&a, at(due)));
            }
            assert_true(may_a >= 5 && may_b >= 5);
            ms = over + 1000 * S;
        }
    }
}

/* Who says something or OVER all the time, before anyone's turn comes. */
static void a_stranger_silences_nobody_for_ever(void **state) {
    (void)state;
    for (unsigned kind = 0; kind < 3; kind++) {
        ol_turn t = turn_of(10 * S, kind == 2);
        uint64_t ms = 50 * S, began = ms;
        for (unsigned i = 0; !ol_turn_may(&t, at(ms)) || ms == began; i++, ms += 3 * S) {
            if (kind == 0 || (kind == 2 && i % 2 == 0))
                ol_turn_heard(&t, at(ms));
            else
                ol_turn_heard_over(&t, at(ms));
            assert_true(ms <= began + 60 * S + 14 * S + 3 * S);
        }
        ol_turn_said(&t, 2 * S, at(ms));
        ol_turn_heard(&t, at(ms)), ol_turn_heard_over(&t, at(ms));
        assert_int_equal(t.state, OL_TURN_TALK); /* and it talks on */
    }
}

/* Two segmenters on a wire that carries one direction, with much to say. */
static void much_both_ways_goes_in_turns(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        thin_link w;
        ol_segment_opts o = { .frame = 64, .byte_us = 33333, .framing = 6, .is_half = true };
        o.turnaround_ms = seed % 2 == 0 ? 10 * S : 30 * S;
        thin_set_up(&w, &o, seed);
        w.lost_permille = seed % 3 == 0 ? 100 : 0;
        for (unsigned i = 0; i < 8; i++)
            thin_say(&w, 0, OL_CLASS_ROUTINE, 100 + thin_draw(&w) % 1000);
        thin_run(&w, 50 * S + thin_draw(&w) % (20 * S)); /* the first one talks */
        for (unsigned i = 0; i < 8; i++)
            thin_say(&w, 1, OL_CLASS_ROUTINE, 100 + thin_draw(&w) % 1000);
        ol_segment_heard(w.end[0].s), ol_segment_heard(w.end[1].s);
        thin_run(&w, HOUR);
        size_t came = 0;
        for (unsigned from = 0; from < 2; from++)
            for (size_t i = 0; i < 8; i++)
                came += thin_has(&w, 1 - from, &w.end[from].out[i]);
        assert_true(came >= (w.lost_permille > 0 ? 14 : 16)); /* the engine repeats the others */
        thin_tear_down(&w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hold_follows_the_turnaround),
        cmocka_unit_test(a_start_is_silent),
        cmocka_unit_test(over_is_answered_after_a_turnaround),
        cmocka_unit_test(silence_counts_as_over),
        cmocka_unit_test(a_transmission_ends),
        cmocka_unit_test(of_two_one_goes_first),
        cmocka_unit_test(a_stranger_silences_nobody_for_ever),
        cmocka_unit_test(much_both_ways_goes_in_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
