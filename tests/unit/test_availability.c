/* record/availability: against a slow model that looks at every second, and rows at the edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "record/availability.h"

enum { NOON = 1700000000, MANY = 60, SECONDS = 4000, PARTIES = 3 };

static ol_check check_of(uint64_t number, uint32_t interval) {
    return (ol_check){ .number = number, .interval = interval };
}

static void names(ol_check *c, uint8_t to, const char *bearer, uint32_t age) {
    ol_proven *p = &c->proven.v[c->proven.n++];
    *p = (ol_proven){ .party = to, .age = age };
    memcpy(p->bearer, bearer, strlen(bearer) + 1);
}

static ol_avail *new_of(ol_mem *mem) {
    ol_avail *a = NULL;
    ol_mem_heap(mem, 1 << 20);
    assert_int_equal(ol_avail_new(mem, &a), OL_OK);
    return a;
}

static void add(ol_avail *a, uint8_t party, uint64_t index, uint64_t wall, const ol_check *c) {
    const ol_log_key log = { .party = party };
    assert_int_equal(ol_avail_add(a, &log, index, wall, c), OL_OK);
}

static void is_share(const ol_avail *a, uint8_t party, uint64_t from, uint64_t to, uint64_t checks,
                     uint64_t available) {
    ol_avail_share s = ol_avail_of(a, party, NOON + from, NOON + to);
    assert_int_equal(s.checks, checks);
    assert_int_equal(s.available, available);
}

static void nothing(void **state) {
    (void)state;
    ol_mem mem;
    ol_avail *a = new_of(&mem);
    uint64_t from = OL_AVAIL_OWN, to = OL_AVAIL_OWN, day = 0;
    ol_avail_path path;
    ol_avail_finish(a);
    assert_false(ol_avail_period(a, 0, &from, &to));
    assert_false(ol_avail_day(a, 64, OL_AVAIL_OWN, OL_AVAIL_OWN, &day, &from, &to));
    assert_true(ol_avail_gap(a, 0, 5, 7, &from, &to) && from == 5 && to == 7);
    is_share(a, 0, 0, 100, 0, 0);
    assert_false(ol_avail_path_of(a, 0, 0, 0, UINT64_MAX, &path));
    ol_avail_free(a);
    assert_int_equal(mem.used, 0);
}

/* One check of 100 s at second 50, the next at 120: reach 150. */
static void edges(void **state) {
    (void)state;
    ol_mem mem;
    ol_avail *a = new_of(&mem);
    ol_check first = check_of(1, 100), next = check_of(2, 60);
    uint64_t from = OL_AVAIL_OWN, to = OL_AVAIL_OWN;
    add(a, 1, 2, NOON + 120, &next);
    add(a, 1, 1, NOON + 50, &first);
    ol_avail_finish(a);
    assert_false(ol_avail_period(a, 0, &from, &to));
    assert_false(ol_avail_period(a, 2, &from, &to));
    assert_true(ol_avail_period(a, 1, &from, &to));
    assert_int_equal(from, NOON + 50);
    assert_int_equal(to, NOON + 121);
    is_share(a, 1, 0, 50, 0, 0);
    is_share(a, 1, 0, 51, 1, 1);
    is_share(a, 1, 50, 120, 1, 70);
    is_share(a, 1, 51, 120, 0, 69);
    is_share(a, 1, 120, 300, 1, 90); /* the next one's own reach: 60 and a half of it */
    is_share(a, 1, 121, 209, 0, 88);
    is_share(a, 1, 121, 500, 0, 89);
    is_share(a, 1, 210, 500, 0, 0);
    is_share(a, 0, 0, 500, 0, 0);
    is_share(a, 2, 0, 500, 0, 0);
    ol_avail_free(a);
    assert_int_equal(mem.used, 0);
}

static void paths(void **state) {
    (void)state;
    ol_mem mem;
    ol_avail *a = new_of(&mem);
    ol_avail_path path;
    ol_check one = check_of(1, 60), two = check_of(2, 60), three = check_of(3, 61);
    names(&one, 1, "udp/0", OL_AGE_NEVER), names(&one, 1, "tcp/9", 0);
    names(&two, 1, "udp/0", 90), names(&two, 2, "udp/0", 1), names(&two, 1, "udp/0", 5000);
    names(&three, 1, "udp/0", 92), names(&three, 2, "udp/0", 91);
    add(a, 0, 1, NOON, &one), add(a, 0, 2, NOON + 60, &two), add(a, 0, 3, NOON + 120, &three);
    ol_avail_finish(a);
    assert_true(ol_avail_path_of(a, 0, 0, NOON, NOON + 121, &path));
    assert_string_equal(path.bearer, "udp/0");
    assert_true(path.to == 1 && path.checks == 3 && path.proven == 1);
    assert_true(ol_avail_path_of(a, 0, 1, NOON, NOON + 121, &path));
    assert_true(path.to == 2 && path.checks == 2 && path.proven == 2);
    assert_false(ol_avail_path_of(a, 0, 2, NOON, NOON + 121, &path));
    assert_true(ol_avail_path_of(a, 0, 1, NOON, NOON + 60, &path)); /* as its last check says */
    assert_string_equal(path.bearer, "tcp/9");
    assert_true(path.checks == 1 && path.proven == 1);
    assert_false(ol_avail_path_of(a, 0, 0, NOON + 121, NOON + 500, &path));
    assert_false(ol_avail_path_of(a, 1, 0, NOON, NOON + 500, &path));
    ol_avail_free(a);
}

/* ---- the model: each second, the last check before ---- */

static struct {
    uint8_t party;
    uint64_t at;
    uint32_t reach;
} said[MANY];

static bool is_there(uint8_t party, uint64_t second) {
    int last = -1;
    for (int i = 0; i < MANY; i++)
        if (said[i].party == party && said[i].at <= second &&
            (last < 0 || said[i].at >= said[last].at))
            last = i;
    return last >= 0 && second < said[last].at + said[last].reach;
}

/* The gaps are what is left; none touches the next. */
static void is_rest(const ol_avail *a, uint8_t party, uint64_t from, uint64_t to, uint64_t there) {
    uint64_t begin = 0, end = from, gone = 0, last = UINT64_MAX;
    while (ol_avail_gap(a, party, end, to, &begin, &end)) {
        assert_true(begin < end && begin != last);
        assert_false(is_there(party, begin - NOON) || is_there(party, end - 1 - NOON));
        gone += end - begin, last = end;
    }
    assert_int_equal(gone + there, to - from);
}

static void as_the_model(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        ol_mem mem;
        ol_avail *a = new_of(&mem);
        uint64_t r = seed * 2654435761u;
        for (unsigned i = 0; i < MANY; i++) {
            r = r * 6364136223846793005u + 1442695040888963407u;
            said[i].party = (uint8_t)((r >> 33) % PARTIES), said[i].at = (r >> 40) % SECONDS;
            uint32_t interval = 1 + (uint32_t)((r >> 20) % 200);
            said[i].reach = interval + interval / 2;
            ol_check c = check_of(i + 1, interval);
            add(a, said[i].party, i, NOON + said[i].at, &c);
        }
        ol_avail_finish(a);
        uint64_t from = (r >> 10) % SECONDS, to = from + (r >> 22) % SECONDS;
        for (uint8_t p = 0; p < PARTIES; p++) {
            uint64_t there = 0;
            for (uint64_t s = from; s < to; s++)
                there += is_there(p, s);
            assert_int_equal(ol_avail_of(a, p, NOON + from, NOON + to).available, there);
            is_rest(a, p, NOON + from, NOON + to, there);
        }
        ol_avail_free(a);
    }
}

static void far_away(void **state) {
    (void)state;
    ol_mem mem;
    ol_avail *a = new_of(&mem);
    ol_check c = check_of(1, 86400);
    uint64_t from = OL_AVAIL_OWN, to = OL_AVAIL_OWN;
    add(a, 0, 1, UINT64_MAX, &c), add(a, 0, 2, UINT64_C(1) << 40, &c);
    add(a, 0, 3, (UINT64_C(1) << 40) - 1, &c);
    ol_avail_finish(a);
    assert_true(ol_avail_period(a, 0, &from, &to));
    assert_true(from == (UINT64_C(1) << 40) - 1 && to == UINT64_C(1) << 40);
    assert_int_equal(ol_avail_of(a, 0, 0, UINT64_MAX).available, 129600);
    ol_avail_free(a);
}

/* One party's check of the far future moves the days and the period of no other. */
static void days_of_each(void **state) {
    (void)state;
    ol_mem mem;
    ol_avail *a = new_of(&mem);
    ol_check c = check_of(1, 60);
    const uint64_t far = (UINT64_C(1) << 40) - 1, midnight = NOON / OL_AVAIL_DAY * OL_AVAIL_DAY;
    uint64_t day = 0, from = OL_AVAIL_OWN, to = OL_AVAIL_OWN, days = 0;
    add(a, 0, 1, NOON, &c), add(a, 0, 2, NOON + OL_AVAIL_DAY, &c);
    add(a, 1, 1, NOON + 5, &c), add(a, 1, 2, far, &c);
    ol_avail_finish(a);
    assert_true(ol_avail_period(a, 0, &from, &to));
    assert_true(from == NOON && to == NOON + OL_AVAIL_DAY + 1);
    for (; ol_avail_day(a, 2, OL_AVAIL_OWN, OL_AVAIL_OWN, &day, &from, &to); days++) {
        if (days == 0)
            assert_true(day == midnight && from == NOON && to == midnight + OL_AVAIL_DAY);
        if (days == 1)
            assert_true(from == day && to == NOON + OL_AVAIL_DAY + 1);
        assert_true(from < to && from / OL_AVAIL_DAY == (to - 1) / OL_AVAIL_DAY);
        day += OL_AVAIL_DAY;
    }
    assert_int_equal(days, 2 + OL_AVAIL_DAYS_MAX);
    assert_int_equal(to, far + 1);
    for (day = days = 0; ol_avail_day(a, 2, midnight + 7, OL_AVAIL_OWN, &day, &from, &to); days++)
        day += OL_AVAIL_DAY;
    assert_int_equal(days, OL_AVAIL_DAYS_MAX);
    ol_avail_free(a);
}

static void no_memory(void **state) {
    (void)state;
    for (size_t max = 0;; max += 64) {
        ol_mem mem;
        ol_avail *a = NULL;
        ol_check c = check_of(1, 60);
        const ol_log_key log = { .party = 0 };
        names(&c, 1, "udp/0", 1);
        ol_mem_heap(&mem, max);
        ol_err err = ol_avail_new(&mem, &a);
        for (unsigned i = 0; i < 20 && err == OL_OK; i++)
            err = ol_avail_add(a, &log, i, NOON, &c);
        ol_avail_free(a);
        assert_int_equal(mem.used, 0);
        if (err == OL_OK)
            return;
        assert_int_equal(err, OL_ENOMEM);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),      cmocka_unit_test(edges),    cmocka_unit_test(paths),
        cmocka_unit_test(as_the_model), cmocka_unit_test(far_away), cmocka_unit_test(no_memory),
        cmocka_unit_test(days_of_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
