/* Overdue clocks as a duty: whose run, what ends and puts them off, and what a restart leaves of
 * them (docs/PROTOCOL.md §11.1). We are party 1 of 3; a FLASH has 40 s, an IMMEDIATE 80. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/duty.h"
#include "line/clock.h"
#include "wire/act.h"

static ol_ref says(duty_world *w, uint8_t party, ol_message m) {
    uint8_t body[256];
    ol_wr out = ol_wr_of(body, sizeof body);
    if (m.text.len == 0)
        m.text = (ol_str){ "x", 1 };
    ol_message_encode(&m, &out);
    return duty_put(w, party, OL_KIND_MESSAGE, body, out.len);
}

static ol_ref flash(duty_world *w, uint8_t party) {
    return says(w, party, (ol_message){ .precedence = OL_FLASH });
}

static void answers(duty_world *w, uint8_t party, ol_ref to) {
    says(w, party, (ol_message){ .precedence = OL_PRIORITY, .has_ref = true, .ref = to });
}

static void acts(duty_world *w, uint8_t party, ol_act_verb verb, ol_ref to, uint32_t seconds) {
    uint8_t body[64];
    ol_wr out = ol_wr_of(body, sizeof body);
    const ol_act a = { .verb = (uint8_t)verb, .has_ref = true, .ref = to, .seconds = seconds };
    ol_act_encode(&a, &out);
    duty_put(w, party, OL_KIND_ACT, body, out.len);
}

static unsigned overdue(const duty_world *w, uint8_t party) {
    unsigned n = 0;
    for (size_t i = 0; i < w->notes; i++)
        n += w->note[i].what == OL_DUTY_OVERDUE && w->note[i].party == party;
    return n;
}

/* So many are open, so many of them overdue. */
static void assert_open(const duty_world *w, size_t open, size_t late) {
    ol_clock_status s;
    size_t n = 0, told = 0;
    for (; ol_clock_status_of(w->d, n, &s); n++)
        told += s.is_overdue;
    assert_int_equal(n, open);
    assert_int_equal(told, late);
}

static void at(duty_world *w, uint64_t seconds) {
    w->ms = START_MS + seconds * S;
    duty_turn(w);
}

static void begun(duty_world *w) {
    duty_set_up(w);
    duty_turn(w);
}

static void both_sides(void **state) {
    (void)state;
    duty_world w;
    begun(&w);
    flash(&w, US);   /* both others must answer */
    flash(&w, THEM); /* we must */
    at(&w, 39);
    assert_int_equal(w.notes, 0);
    assert_int_equal(w.fx.at_ms, START_MS + 40 * S);
    at(&w, 40);
    assert_true(overdue(&w, US) == 1 && overdue(&w, THEM) == 1 && overdue(&w, THIRD) == 1);
    assert_open(&w, 3, 3);
    at(&w, 400);
    assert_int_equal(w.notes, 0); /* told once */
    duty_tear_down(&w);
}

static void which_run(void **state) {
    (void)state;
    duty_world w;
    begun(&w);
    says(&w, US, (ol_message){ .precedence = OL_IMMEDIATE, .status = OL_EXERCISE });
    assert_open(&w, 2, 0);
    says(&w, US, (ol_message){ .precedence = OL_FLASH, .action = 1 << THIRD });
    assert_open(&w, 3, 0);
    says(&w, US, (ol_message){ .precedence = OL_FLASH, .info = 1 << THEM });
    assert_open(&w, 4, 0);
    says(&w, THEM, (ol_message){ .precedence = OL_FLASH, .action = 1 << THIRD });
    says(&w, THEM, (ol_message){ .precedence = OL_FLASH, .status = OL_TEST });
    says(&w, THEM, (ol_message){ .precedence = OL_FLASH, .sort = OL_SORT_SERVICE });
    says(&w, THEM, (ol_message){ .precedence = OL_FLASH, .part = 2, .parts = 2 });
    says(&w, THEM, (ol_message){ .precedence = OL_FLASH, .info = 1 << US });
    assert_open(&w, 4, 0);
    at(&w, 79);
    assert_open(&w, 4, 2);
    at(&w, 80);
    assert_open(&w, 4, 4);
    duty_tear_down(&w);
}

static void ends(void **state) {
    (void)state;
    duty_world w;
    begun(&w);
    ol_ref ours = flash(&w, US), theirs = flash(&w, THEM);
    acts(&w, US, OL_ACT_SEEN, theirs, 0); /* that is no answer */
    assert_open(&w, 3, 0);
    answers(&w, US, theirs);
    assert_open(&w, 2, 0);
    answers(&w, THEM, ours);
    assert_open(&w, 1, 0);
    says(&w, THIRD,
         (ol_message){ .precedence = OL_PRIORITY,
                       .status = OL_EXERCISE,
                       .has_ref = true,
                       .ref = ours }); /* of another status: no effect */
    assert_open(&w, 1, 0);
    acts(&w, THEM, OL_ACT_CANCEL, ours, 0); /* not its author */
    assert_open(&w, 1, 0);
    acts(&w, US, OL_ACT_CANCEL, ours, 0);
    assert_open(&w, 0, 0);
    duty_tear_down(&w);
}

static void put_off(void **state) {
    (void)state;
    duty_world w;
    begun(&w);
    ol_ref theirs = flash(&w, THEM);
    at(&w, 30);
    acts(&w, US, OL_ACT_INTERIM, theirs, 100);
    at(&w, 129);
    assert_int_equal(w.notes, 0);
    at(&w, 130);
    assert_int_equal(overdue(&w, US), 1);
    acts(&w, US, OL_ACT_INTERIM, theirs, 10); /* once and again */
    assert_open(&w, 1, 0);
    at(&w, 140);
    assert_int_equal(overdue(&w, US), 1);
    answers(&w, US, theirs);
    assert_open(&w, 0, 0);
    duty_tear_down(&w);
}

/* Walls say how long it has run: our own entries', our own receipts'. */
static void restarts(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    w.ms = START_MS - 30 * S;
    ol_ref ours = flash(&w, US);
    flash(&w, THEM);
    acts(&w, THIRD, OL_ACT_INTERIM, ours, 60);
    uint8_t sig[OL_SIG_LEN] = { 0 };
    ol_duty_event ev = { .kind = OL_DUTY_RECEIPT };
    ev.receipt.log = duty_log_of(&w, THEM), ev.receipt.size = 2, ev.receipt.sig = sig;
    ev.receipt.time = WALL + (START_MS - 20 * S) / S;
    ev.receipt.party = US, ev.receipt.is_history = true;
    assert_int_equal(ol_duty_step(w.d, &ev, (ol_mono){ w.ms }, NULL), OL_OK);
    at(&w, 0);
    assert_open(&w, 3, 0);
    at(&w, 9);
    assert_int_equal(w.notes, 0);
    at(&w, 10); /* ours was appended 40 s ago */
    assert_true(overdue(&w, THEM) == 1 && w.notes == 1);
    at(&w, 20); /* theirs was stored 40 s ago */
    assert_true(overdue(&w, US) == 1 && w.notes == 1);
    at(&w, 30); /* the interim */
    assert_true(overdue(&w, THIRD) == 1 && w.notes == 1);
    duty_tear_down(&w);
    duty_set_up(
        &w); /* without a receipt it begins now; a wall ahead of ours waits a week at most */
    flash(&w, THEM);
    w.ms = START_MS + 800000 * UINT64_C(1000);
    flash(&w, US);
    at(&w, 0);
    at(&w, 40);
    assert_true(overdue(&w, US) == 1 && w.notes == 1);
    at(&w, 604799);
    assert_int_equal(w.notes, 0);
    at(&w, 604800);
    assert_int_equal(w.notes, 2);
    duty_tear_down(&w);
}

/* Whoever has most gives way, and of his the drills first: nobody silences another's. */
static void bounded(void **state) {
    (void)state;
    duty_world w;
    begun(&w);
    flash(&w, US);
    flash(&w, THIRD);
    acts(&w, US, OL_ACT_CANCEL, flash(&w, US), 0);
    ol_ref real = says(&w, THEM, (ol_message){ .precedence = OL_FLASH });
    ol_message drill = { .precedence = OL_IMMEDIATE, .status = OL_EXERCISE };
    for (size_t i = 0; i < OL_CLOCKS_MAX + 10; i++)
        says(&w, THEM, drill);
    assert_open(&w, OL_CLOCKS_MAX + 1, 0); /* ours has two to answer it */
    at(&w, 40);
    assert_true(overdue(&w, THEM) == 1 && overdue(&w, THIRD) == 1 && overdue(&w, US) == 2);
    answers(&w, US, real);
    assert_open(&w, OL_CLOCKS_MAX, 3);
    for (size_t i = 0; i < OL_CLOCKS_MAX; i++)
        flash(&w, THEM);
    assert_open(&w, OL_CLOCKS_MAX + 1, 3);
    duty_tear_down(&w);
}

/* However many at once, at a start too: all are told, and the call rings all the same. */
static void all_are_told(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    w.ms = START_MS - 100 * S;
    for (unsigned i = 0; i < 100; i++)
        says(&w, US, (ol_message){ .precedence = OL_IMMEDIATE, .action = 1 << THEM });
    w.ms = START_MS;
    duty_call(&w, THIRD, &(ol_call){ .called = 1 << US });
    duty_turn(&w);
    assert_int_equal(overdue(&w, THEM), 100);
    assert_true(duty_is_told(&w, OL_DUTY_CALL_RINGS, US, 1));
    assert_open(&w, 100, 100);
    duty_turn(&w);
    assert_int_equal(w.notes, 0);
    assert_int_equal(ol_duty_notes_lost(w.d), 0);
    duty_tear_down(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides),   cmocka_unit_test(which_run), cmocka_unit_test(ends),
        cmocka_unit_test(put_off),      cmocka_unit_test(restarts),  cmocka_unit_test(bounded),
        cmocka_unit_test(all_are_told),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
