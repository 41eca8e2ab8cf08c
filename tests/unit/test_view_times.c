/* What a party's times contradict (docs/PROTOCOL.md §7), against a slow reading of the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants those before it
#include <cmocka.h>

#include "record/view.h"
#include "wire/entry.h"

enum { LOGS = 6, ROWS = 12, RECEIPTS = 8, ROUNDS = 3000 };

typedef struct {
    uint8_t party;
    uint64_t size, time;
} receipt;

typedef struct {
    ol_log_key key;
    bool is_forked;
    uint32_t generation, since;
    size_t rows, receipts;
    uint64_t wall[ROWS], seen[ROWS][LOGS]; /* seen: so far */
    bool is_whole[ROWS];
    receipt receipt[RECEIPTS];
} log_model;

static log_model of[LOGS];
static ol_view *view;
static ol_mem mem;
static unsigned told, wanted;
static const char *const NAMES[] = { "usa", "prc" };
static uint64_t state = 5;

static uint64_t rnd(uint64_t below) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (state >> 33) % below;
}

static size_t number_of(const ol_log_key *key) {
    for (size_t i = 0; i < LOGS; i++)
        if (ol_log_key_eq(&of[i].key, key))
            return i;
    fail();
    return 0;
}

/* ── the slow reading ──────────────────────────────────────────────────────────────────────────*/

static bool is_below(size_t a, size_t row, size_t o, const receipt *r) { /* nobody's of its own */
    return r->party == of[a].key.party && r->party != of[o].key.party &&
           of[o].generation >= of[a].since && of[a].is_whole[row] && of[a].wall[row] > r->time &&
           of[a].seen[row][o] < r->size;
}

static uint64_t most_denied(size_t a, size_t row, size_t o) {
    uint64_t most = 0;
    for (size_t i = 0; i < of[o].receipts; i++)
        if (is_below(a, row, o, &of[o].receipt[i]) && of[o].receipt[i].size > most)
            most = of[o].receipt[i].size;
    return most;
}

static bool is_first_below(size_t a, size_t row, size_t o) {
    for (size_t k = 0; k < row; k++)
        if (most_denied(a, k, o) > 0)
            return false;
    return most_denied(a, row, o) > 0;
}

static bool is_dated_before(size_t a, size_t row, size_t o) {
    uint64_t size = of[a].seen[row][o];
    bool is_said = size > (row == 0 ? 0 : of[a].seen[row - 1][o]);
    return is_said && of[o].key.party == of[a].key.party && !of[o].is_forked &&
           size <= of[o].rows && of[a].wall[row] < of[o].wall[size - 1];
}

static void on_issue(void *ctx, const ol_view_issue *i) {
    (void)ctx;
    if (i->rule != OL_VIEW_SEEN_BELOW && i->rule != OL_VIEW_WALL_FALLS)
        return;
    size_t a = number_of(&i->log), row = (size_t)i->index;
    size_t o = i->other_inc_len == 0 ? a : number_of(&i->other);
    told++;
    if (i->rule == OL_VIEW_SEEN_BELOW) {
        assert_true(is_first_below(a, row, o));
        assert_int_equal(i->held, most_denied(a, row, o));
        assert_int_equal(i->size, of[a].seen[row][o]);
    } else if (o == a) {
        assert_true(row > 0 && of[a].wall[row] < of[a].wall[row - 1] && i->number == row - 1);
    } else {
        assert_true(is_dated_before(a, row, o) && i->number == of[a].seen[row][o] - 1);
    }
}

static unsigned count_all(void) {
    unsigned n = 0;
    for (size_t a = 0; a < LOGS; a++)
        for (size_t row = 0; row < of[a].rows; row++) {
            n += row > 0 && of[a].wall[row] < of[a].wall[row - 1];
            for (size_t o = 0; o < LOGS; o++)
                if (o != a)
                    n += (unsigned)is_first_below(a, row, o) + (unsigned)is_dated_before(a, row, o);
        }
    return n;
}

/* ── records by chance ─────────────────────────────────────────────────────────────────────────*/

static void add_entry(size_t a, size_t row, uint64_t number[LOGS], uint64_t *numbers) {
    static uint8_t body[OL_ENTRY_MAX], room[OL_ENTRY_MAX];
    uint64_t from = row == 0 ? 0 : of[a].wall[row - 1];
    ol_entry e = { .kind = 64, .wall = rnd(6) == 0 ? rnd(40) : from + rnd(4) };
    for (size_t o = 0; o < LOGS; o++) {
        of[a].seen[row][o] = row == 0 ? 0 : of[a].seen[row - 1][o];
        uint64_t size = of[a].seen[row][o] + 1 + rnd(3);
        if (o == a || rnd(3) != 0 || size > of[o].rows)
            continue;
        ol_mention m = { .number = number[o], .size = size, .log = of[o].key };
        if (number[o] == 0)
            m.is_first = true, m.number = number[o] = ++*numbers;
        size_t at = e.seens++;
        for (; at > 0 && e.seen[at - 1].number > m.number; at--)
            e.seen[at] = e.seen[at - 1];
        e.seen[at] = m;
        of[a].seen[row][o] = size;
    }
    size_t pad = rnd(4) == 0 ? 1700 + rnd(250) : rnd(300);
    body[0] = 0x59, body[1] = (uint8_t)(pad >> 8), body[2] = (uint8_t)pad;
    if (pad < 256)
        body[1] = 0x58, body[2] = (uint8_t)pad;
    e.body = pad < 256 ? body + 1 : body, e.body_len = pad + (pad < 256 ? 2 : 3);
    if (pad < 24)
        body[2] = (uint8_t)(0x40 + pad), e.body = body + 2, e.body_len = pad + 1;
    if (row == 0) {
        const ol_opening first = { .why = OL_WHY_AMENDMENT, .generation = of[a].generation };
        ol_wr b = ol_wr_of(body, sizeof body);
        ol_opening_encode(&first, &b);
        e.kind = OL_KIND_OPENING, e.body = b.p, e.body_len = b.len;
    }
    ol_wr w = ol_wr_of(room, sizeof room);
    ol_entry_encode(&e, &w);
    assert_int_equal(w.err, OL_OK);
    of[a].wall[row] = e.wall, of[a].is_whole[row] = w.len <= 1984;
    assert_int_equal(ol_view_add_entry(view, a, w.p, w.len), OL_OK);
}

static void some_record(void) {
    for (size_t a = 0; a < LOGS; a++) {
        of[a] = (log_model){ .rows = rnd(ROWS), .is_forked = rnd(8) == 0 };
        of[a].generation = of[a].rows > 0 ? (uint32_t)rnd(3) : 0;
        of[a].since = (uint32_t)rnd(2);
        of[a].key = (ol_log_key){ (uint8_t)(a & 1), a >> 1 & 1, { (uint8_t)a } };
    }
    for (size_t a = 0, log; a < LOGS; a++) {
        uint64_t number[LOGS] = { 0 }, numbers = 0;
        assert_int_equal(ol_view_add_log(view, &of[a].key, &log), OL_OK);
        ol_view_set_since(view, log, of[a].since);
        if (of[a].is_forked)
            ol_view_set_forked(view, log);
        for (size_t row = 0; row < of[a].rows; row++)
            add_entry(a, row, number, &numbers);
        while (of[a].receipts < rnd(RECEIPTS)) {
            receipt r = { (uint8_t)rnd(2), rnd(ROWS), rnd(40) };
            of[a].receipt[of[a].receipts++] = r;
            assert_int_equal(ol_view_add_receipt(view, a, r.party, r.size, r.time), OL_OK);
        }
    }
}

static void as_the_slow_one(void **s) {
    (void)s;
    unsigned found = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const ol_view_opts opts = { .mem = &mem, .parties = 2, .rungs = 2, .issue = on_issue };
        ol_mem_heap(&mem, 8 << 20);
        assert_int_equal(ol_view_new(&opts, &view), OL_OK);
        told = 0;
        some_record();
        assert_int_equal(ol_view_finish(view), OL_OK);
        wanted = count_all();
        assert_int_equal(told, wanted);
        found += told;
        ol_view_free(view);
        assert_int_equal(mem.used, 0);
    }
    assert_true(found > ROUNDS);
}

/* ── in words ──────────────────────────────────────────────────────────────────────────────────*/

static void in_words(void **s) {
    (void)s;
    ol_view_issue issue = { .rule = OL_VIEW_SEEN_BELOW,
                            .log = { 1, OL_LANE_URGENT, { 0xbb } },
                            .other = { 0, OL_LANE_ROUTINE, { 0xaa } },
                            .other_inc_len = 2,
                            .index = 4,
                            .size = 3,
                            .held = 7,
                            .number = 9 };
    char have[OL_VIEW_SENTENCE_MAX];
    ol_view_sentence(&issue, NAMES, have);
    assert_string_equal(
        have,
        "entry 4 has seen 3 entries of usa/routine/aa00, of which prc had receipted 7 before");
    issue.rule = OL_VIEW_WALL_FALLS;
    ol_view_sentence(&issue, NAMES, have);
    assert_string_equal(
        have, "entry 4 is dated before entry 9 of usa/routine/aa00, which its author held");
    issue.other_inc_len = 0;
    ol_view_sentence(&issue, NAMES, have);
    assert_string_equal(have, "entry 4 is dated before entry 9");
    assert_false(ol_view_rule_is_broken(OL_VIEW_SEEN_BELOW) ||
                 ol_view_rule_is_broken(OL_VIEW_WALL_FALLS));
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(as_the_slow_one),
                                        cmocka_unit_test(in_words) };
    return cmocka_run_group_tests_name("view times", tests, NULL, NULL);
}
