/* Line checks as a duty: when they are written, what they say, whose are missed, and how the line
 * is (docs/PROTOCOL.md §11.5). We are party 1 of 3, an interval has 60 s. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/duty.h"
#include "line/checks.h"

enum { EVERY = 60, REACH = 90 };

static struct { /* paths to both others, by number */
    uint64_t proven_ms;
    bool is_live;
} path[3];

static void tell_paths(duty_world *w) {
    static const uint8_t to[] = { THEM, THEM, THIRD };
    ol_duty_path v[3];
    memset(v, 0, sizeof v);
    for (unsigned i = 0; i < 3; i++) {
        v[i].path.party = to[i], v[i].proven_ms = path[i].proven_ms;
        v[i].is_live = path[i].is_live;
        assert_true(ol_paths_name("udp", 3, i, v[i].path.bearer));
    }
    ol_duty_event ev = { .kind = OL_DUTY_PATHS, .paths = { .v = v, .n = 3 } };
    assert_int_equal(ol_duty_step(w->d, &ev, (ol_mono){ w->ms }, NULL), OL_OK);
}

static void begin(duty_world *w) {
    memset(path, 0, sizeof path);
    duty_set_up_with(w, EVERY);
}

static void turn(duty_world *w) {
    tell_paths(w);
    duty_turn(w);
}

static ol_check asked(const duty_world *w) {
    ol_check c;
    const char *why = NULL;
    assert_int_equal(w->appends, 1);
    assert_int_equal(w->append[0].append.kind, OL_KIND_CHECK);
    assert_int_equal(ol_check_decode(w->append[0].append.body, w->append[0].append.len, &c, &why),
                     OL_OK);
    return c;
}

static void says(duty_world *w, uint8_t party, uint64_t number, uint32_t interval) {
    uint8_t body[64];
    ol_wr out = ol_wr_of(body, sizeof body);
    ol_check_encode(&(ol_check){ .number = number, .interval = interval }, &out);
    duty_put(w, party, OL_KIND_CHECK, body, out.len);
}

static const ol_duty_note *told(const duty_world *w, ol_duty_what what, uint8_t party) {
    for (size_t i = 0; i < w->notes; i++)
        if (w->note[i].what == what && (what == OL_DUTY_LINE || w->note[i].party == party))
            return &w->note[i];
    return NULL;
}

static void is_line(const duty_world *w, ol_line_state all, ol_line_state them,
                    ol_line_state third) {
    ol_checks_status s;
    ol_checks_status_of(w->d, &s);
    assert_string_equal(ol_line_state_name(s.state), ol_line_state_name(all));
    assert_string_equal(ol_line_state_name(s.party[THEM].state), ol_line_state_name(them));
    assert_string_equal(ol_line_state_name(s.party[THIRD].state), ol_line_state_name(third));
    assert_false(s.party[US].is_member);
}

/* Everything is proven now, and their checks come. */
static void all_is_well(duty_world *w, uint64_t number) {
    for (unsigned i = 0; i < 3; i++)
        path[i].proven_ms = w->ms, path[i].is_live = true;
    says(w, THEM, number, EVERY), says(w, THIRD, number, EVERY);
}

static void at_the_start_and_then_by_the_clock(void **state) {
    (void)state;
    duty_world w;
    begin(&w);
    says(&w, US, 41, EVERY); /* before this start */
    says(&w, US, 40, EVERY);
    turn(&w);
    ol_check c = asked(&w);
    assert_true(c.number == 42 && c.interval == EVERY && c.watch == 0 && c.missed == 0);
    assert_int_equal(c.proven.n, 3);
    assert_true(c.proven.v[0].age == OL_AGE_NEVER && c.proven.v[2].party == THIRD);
    assert_string_equal(c.proven.v[1].bearer, "udp/1");
    duty_appended(&w);
    turn(&w);
    assert_int_equal(w.appends, 0);
    assert_int_equal(w.fx.at_ms, START_MS + EVERY * S);
    for (uint64_t n = 1; n <= 5; n++) { /* each later than it was due: none drifts */
        w.ms = START_MS + n * EVERY * S - 1;
        all_is_well(&w, n);
        turn(&w);
        assert_int_equal(w.appends, 0);
        w.ms = START_MS + n * EVERY * S + n * 700;
        turn(&w);
        c = asked(&w);
        assert_int_equal(c.number, 42 + n);
        assert_int_equal(c.proven.v[0].age, (n * 700 + 1) / S);
        duty_appended(&w);
    }
    w.ms = START_MS + 605 * EVERY * S + 1; /* asleep for ten hours: one is written, not 600 */
    turn(&w);
    assert_int_equal(asked(&w).number, 48);
    duty_appended(&w);
    turn(&w);
    assert_int_equal(w.appends, 0);
    assert_true(w.fx.at_ms <= START_MS + 606 * EVERY * S);
    duty_tear_down(&w);
}

static void refused_is_tried_again(void **state) {
    (void)state;
    duty_world w;
    begin(&w);
    turn(&w);
    assert_int_equal(asked(&w).number, 1);
    uint32_t token = w.append[0].append.token;
    turn(&w);
    assert_int_equal(w.appends, 0); /* it is out */
    duty_answer(&w, token, OL_EFULL);
    turn(&w);
    assert_true(w.appends == 0 && w.fx.at_ms == w.ms + OL_DUTY_RETRY_MS);
    w.ms += OL_DUTY_RETRY_MS;
    turn(&w);
    assert_int_equal(asked(&w).number, 1);
    w.ms += 3 * EVERY * S; /* the answer takes long, and more would be due */
    turn(&w);
    assert_int_equal(w.appends, 0);
    assert_true(w.fx.at_ms > w.ms);
    w.appends = 1; /* the one from before */
    duty_appended(&w);
    turn(&w);
    assert_int_equal(asked(&w).number, 2);
    duty_tear_down(&w);
}

static void missed_and_back(void **state) {
    (void)state;
    duty_world w;
    begin(&w);
    says(&w, THEM, 6, EVERY); /* the last one before this start */
    turn(&w);
    duty_appended(&w);
    w.ms += 10 * S;
    says(&w, THIRD, 1, 2 * EVERY); /* its interval is longer */
    w.ms += (REACH - 10) * S - 1;
    turn(&w);
    assert_null(told(&w, OL_DUTY_CHECK_MISSED, THEM));
    duty_appended(&w);
    w.ms += 1;
    turn(&w);
    const ol_duty_note *n = told(&w, OL_DUTY_CHECK_MISSED, THEM);
    assert_true(n != NULL && n->number == 6 && n->time == WALL + START_MS / S);
    assert_null(told(&w, OL_DUTY_CHECK_MISSED, THIRD));
    turn(&w);
    assert_null(told(&w, OL_DUTY_CHECK_MISSED, THEM)); /* once */
    w.ms = START_MS + 2 * EVERY * S;
    turn(&w);
    ol_check c = asked(&w);
    assert_true(c.missed == 1 && c.miss[0].party == THEM && c.miss[0].number == 6);
    duty_appended(&w);
    says(&w, THEM, 7, EVERY);
    turn(&w);
    n = told(&w, OL_DUTY_CHECK_BACK, THEM);
    assert_true(n != NULL && n->number == 7);
    w.ms = START_MS + 10 * S + 3 * EVERY * S; /* one and a half of two intervals */
    turn(&w);
    n = told(&w, OL_DUTY_CHECK_MISSED, THIRD);
    assert_true(n != NULL && n->number == 1);
    c = asked(&w);
    assert_true(c.missed == 1 && c.miss[0].party == THIRD && c.miss[0].number == 1);
    duty_tear_down(&w);
}

static void a_dead_path_is_told_once_a_round(void **state) {
    (void)state;
    duty_world w;
    unsigned tells = 0;
    begin(&w);
    turn(&w);
    duty_appended(&w);
    for (uint64_t n = 1; n <= 9; n++) {
        w.ms += 1 * S;
        all_is_well(&w, n);
        path[1].proven_ms = 0; /* this one never is */
        w.ms = START_MS + n * EVERY * S;
        turn(&w);
        const ol_duty_note *note = told(&w, OL_DUTY_PATH_SILENT, THEM);
        assert_null(told(&w, OL_DUTY_PATH_SILENT, THIRD));
        assert_int_equal(note != NULL, n % 3 == 2); /* its turn is that of checks 2, 5, 8 */
        if (note != NULL) {
            assert_string_equal(note->path.bearer, "udp/1");
            assert_int_equal(note->number, n), tells++;
        }
        duty_appended(&w);
    }
    assert_int_equal(tells, 3);
    duty_tear_down(&w);
}

static void how_the_line_is(void **state) {
    (void)state;
    enum { NOT = OL_LINE_UNPROVEN, GOOD = OL_LINE_OPERATIONAL, BAD = OL_LINE_DEGRADED };
    duty_world w;
    begin(&w);
    turn(&w);
    duty_appended(&w);
    is_line(&w, NOT, NOT, NOT);
    path[0].proven_ms = w.ms, path[0].is_live = path[1].is_live = path[2].is_live = true;
    turn(&w);
    is_line(&w, NOT, BAD, NOT); /* one member is not proven yet */
    path[2].proven_ms = w.ms;
    turn(&w);
    is_line(&w, BAD, BAD, GOOD);
    assert_int_equal(told(&w, OL_DUTY_LINE, 0)->verb, OL_LINE_DEGRADED);
    path[1].proven_ms = w.ms += 1 * S;
    turn(&w);
    is_line(&w, GOOD, GOOD, GOOD);
    assert_int_equal(told(&w, OL_DUTY_LINE, 0)->verb, OL_LINE_OPERATIONAL);
    ol_checks_status s;
    ol_checks_status_of(w.d, &s);
    assert_true(s.since_ms == w.ms && s.since_wall == WALL + w.ms / S);
    turn(&w);
    assert_null(told(&w, OL_DUTY_LINE, 0)); /* only what changes */
    path[0].is_live = false;
    turn(&w);
    is_line(&w, BAD, BAD, GOOD);
    path[1].is_live = false;
    turn(&w);
    is_line(&w, BAD, OL_LINE_DEAD, GOOD); /* one of two members */
    path[2].is_live = false;
    turn(&w);
    is_line(&w, OL_LINE_DEAD, OL_LINE_DEAD, OL_LINE_DEAD);
    assert_int_equal(told(&w, OL_DUTY_LINE, 0)->verb, OL_LINE_DEAD);
    duty_tear_down(&w);
}

static void a_proof_grows_old(void **state) {
    (void)state;
    duty_world w;
    begin(&w);
    turn(&w);
    duty_appended(&w);
    all_is_well(&w, 1);
    turn(&w);
    is_line(&w, OL_LINE_OPERATIONAL, OL_LINE_OPERATIONAL, OL_LINE_OPERATIONAL);
    w.ms += 50 * S;
    path[0].proven_ms = path[2].proven_ms = w.ms;
    says(&w, THEM, 2, EVERY), says(&w, THIRD, 2, EVERY);
    w.ms = START_MS + REACH * S;
    turn(&w);
    duty_appended(&w);
    is_line(&w, OL_LINE_OPERATIONAL, OL_LINE_OPERATIONAL, OL_LINE_OPERATIONAL);
    turn(&w);
    assert_int_equal(w.fx.at_ms, w.ms + 1); /* when that is to be looked at */
    w.ms += 1;
    turn(&w);
    is_line(&w, OL_LINE_DEGRADED, OL_LINE_DEGRADED, OL_LINE_OPERATIONAL);
    path[1].proven_ms = w.ms, path[0].proven_ms = path[2].proven_ms = w.ms = START_MS + 140 * S;
    turn(&w); /* paths are proven, but no check has come for 90 s */
    duty_appended(&w);
    is_line(&w, OL_LINE_DEGRADED, OL_LINE_DEGRADED, OL_LINE_DEGRADED);
    w.ms += 91 * S;
    turn(&w);
    is_line(&w, OL_LINE_DEAD, OL_LINE_DEAD, OL_LINE_DEAD); /* they live, and nothing is proven */
    duty_tear_down(&w);
}

static void never_proven_is_dead_in_the_end(void **state) {
    (void)state;
    duty_world w;
    begin(&w);
    turn(&w);
    duty_appended(&w);
    w.ms += REACH * S - 1;
    turn(&w);
    duty_appended(&w);
    is_line(&w, OL_LINE_UNPROVEN, OL_LINE_UNPROVEN, OL_LINE_UNPROVEN);
    w.ms += 1;
    turn(&w);
    is_line(&w, OL_LINE_DEAD, OL_LINE_DEAD, OL_LINE_DEAD);
    duty_tear_down(&w);
}

static void without_a_path_checks_count(void **state) {
    (void)state;
    duty_world w;
    duty_set_up_with(&w, EVERY);
    duty_turn(&w); /* no paths were told */
    duty_appended(&w);
    is_line(&w, OL_LINE_UNPROVEN, OL_LINE_UNPROVEN, OL_LINE_UNPROVEN);
    says(&w, THEM, 1, EVERY), says(&w, THIRD, 1, EVERY);
    duty_turn(&w);
    is_line(&w, OL_LINE_OPERATIONAL, OL_LINE_OPERATIONAL, OL_LINE_OPERATIONAL);
    w.ms += REACH * S;
    duty_turn(&w);
    is_line(&w, OL_LINE_DEAD, OL_LINE_DEAD, OL_LINE_DEAD);
    duty_tear_down(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_the_start_and_then_by_the_clock),
        cmocka_unit_test(refused_is_tried_again),
        cmocka_unit_test(missed_and_back),
        cmocka_unit_test(a_dead_path_is_told_once_a_round),
        cmocka_unit_test(how_the_line_is),
        cmocka_unit_test(a_proof_grows_old),
        cmocka_unit_test(never_proven_is_dead_in_the_end),
        cmocka_unit_test(without_a_path_checks_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
