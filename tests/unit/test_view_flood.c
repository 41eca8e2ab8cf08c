/* The joint view and the roster over what a member can write in a day to make them slow: the
 * answers are right. The number of entries may be given, and the name of one test: with twice as
 * many, valgrind --tool=callgrind must count no more than about twice the instructions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants those before it
#include <cmocka.h>

#include "record/verdict.h"
#include "wire/act.h"
#include "wire/call.h"
#include "wire/officer.h"

enum { P, Q, ABSENT = 65000, NUMBERS = 60000 };
static unsigned many = 5000;

typedef struct {
    ol_mem mem;
    ol_view *view;
    unsigned told[OL_VIEW_RULES_N];
} flood;

static flood f;
static ol_entry e; /* the entry that is made */
static uint8_t body[1500];
static uint64_t rows;

static void on_issue(void *ctx, const ol_view_issue *issue) {
    ((flood *)ctx)->told[issue->rule]++;
}

static void begin(bool has_line) {
    static const uint8_t line_id[OL_LINE_ID_LEN], key[OL_SIGN_PUB_LEN];
    memset(&f, 0, sizeof f);
    ol_mem_heap(&f.mem, (size_t)1 << 30);
    ol_view_opts opts = { .mem = &f.mem, .parties = 2, .rungs = 1, .issue = on_issue, .ctx = &f };
    if (has_line)
        opts.line_id = line_id, opts.identity[P] = opts.identity[Q] = key;
    assert_int_equal(ol_view_new(&opts, &f.view), OL_OK);
}

static void end(void) {
    ol_view_free(f.view);
    assert_int_equal(f.mem.used, 0);
}

static ol_log_key key_of(uint8_t party, uint8_t lane, unsigned which) {
    return (ol_log_key){ party,
                         lane,
                         { 7, 7, (uint8_t)(which >> 16), (uint8_t)(which >> 8), (uint8_t)which } };
}

/* The next entry: kind and body are there already, mentions perhaps. */
static void put(size_t log, uint64_t kind, size_t len) {
    static uint8_t bytes[OL_ENTRY_MAX];
    ol_wr w = ol_wr_of(bytes, sizeof bytes);
    e.kind = kind, e.body = body, e.body_len = len, e.wall = 1000 + rows++;
    e.has_item = kind != OL_KIND_OPENING && kind != OL_KIND_CLOSE;
    for (unsigned i = 0; i < 4; i++)
        e.item[i] = (uint8_t)(rows >> 8 * i);
    ol_entry_encode(&e, &w);
    assert_int_equal(w.err, OL_OK);
    assert_int_equal(ol_view_add_entry(f.view, log, bytes, w.len), OL_OK);
    memset(&e, 0, sizeof e);
}

static size_t open_log(uint8_t party, uint8_t lane, unsigned which) {
    ol_log_key key = key_of(party, lane, which);
    size_t log = 0;
    ol_wr w = ol_wr_of(body, sizeof body);
    assert_int_equal(ol_view_add_log(f.view, &key, &log), OL_OK);
    ol_opening_encode(&(ol_opening){ .why = 0 }, &w);
    put(log, OL_KIND_OPENING, w.len);
    return log;
}

static void see(ol_log_key key, uint64_t number, uint64_t size, bool is_first) {
    e.seen[e.seens++] = (ol_mention){ number, size, is_first, key };
}

static ol_ref ref_to(ol_log_key key, unsigned len, uint64_t index) {
    ol_ref ref = { .party = key.party, .lane = key.lane, .incarnation_len = (uint8_t)len };
    memcpy(ref.incarnation, key.incarnation, len);
    ref.index = index;
    return ref;
}

static void say(size_t log, uint8_t precedence) {
    ol_wr w = ol_wr_of(body, sizeof body);
    ol_message_encode(&(ol_message){ .precedence = precedence, .text = { "x", 1 } }, &w);
    put(log, OL_KIND_MESSAGE, w.len);
}

/* Every number enrolled once, then one of them again and again; signs of who is not there. */
static void officers(void **state) {
    (void)state;
    begin(true);
    size_t log = open_log(P, OL_LANE_URGENT, 0);
    for (unsigned i = 0; i < many; i++) {
        ol_wr w = ol_wr_of(body, sizeof body);
        ol_officer o = { .number = i < many / 2 ? (uint16_t)(1 + i % NUMBERS) : 1 };
        o.serial = i, o.names = 1, o.name[0] = (ol_said){ { "en", 2 }, { "N", 1 } };
        ol_officer_encode(&o, &w);
        put(log, OL_KIND_OFFICER, w.len);
    }
    for (unsigned i = 0; i < many; i++) {
        e.signs = 1, e.sign[0] = (ol_sign){ .officer = ABSENT, .written = i };
        say(log, OL_FLASH);
    }
    assert_int_equal(ol_view_finish(f.view), OL_OK);
    assert_int_equal(f.told[OL_VIEW_SIGN_FALSE], many);
    const ol_roster *r = ol_view_roster(f.view);
    assert_int_equal(ol_roster_rows(r), many);
    for (unsigned i = many / 2 + 1; i < many; i++) /* its rows stand one after the other */
        assert_true(ol_roster_find(r, P, 1, ol_roster_at(r, i)->at) == ol_roster_at(r, i - 1));
    assert_null(ol_roster_find(r, Q, 1, UINT64_MAX));
    end();
}

/* Q has read all of P's but in its last message, which says that it has read nothing: that one
 * alone crosses P's. */
static void readers(void **state) {
    (void)state;
    begin(false);
    ol_log_key p_key = key_of(P, OL_LANE_ROUTINE, 0), q_key = key_of(Q, OL_LANE_ROUTINE, 0);
    size_t p = open_log(P, OL_LANE_ROUTINE, 0), q = open_log(Q, OL_LANE_ROUTINE, 0);
    for (unsigned i = 0; i < many; i++)
        say(p, OL_ROUTINE);
    for (unsigned i = 0; i < many; i++) {
        if (i == 0)
            see(p_key, 1, many + 1, true);
        if (i == many - 1)
            e.reads = 1, e.read[0] = (ol_mention){ .number = 1, .size = 0 };
        say(q, OL_ROUTINE);
    }
    see(q_key, 1, 2, true); /* P has seen one */
    say(p, OL_ROUTINE);
    assert_int_equal(ol_view_finish(f.view), OL_OK);
    for (unsigned i = 0; i < many; i++) {
        ol_view_item item = ol_view_at(f.view, ol_view_find(f.view, p, 1 + i));
        assert_int_equal(item.crossings, 1);
        size_t at = ol_view_crossing(f.view, ol_view_find(f.view, p, 1 + i), 0);
        assert_int_equal(ol_view_at(f.view, at).index, many);
    }
    end();
}

/* Calls and closes of P; Q has a day's logs, each of which has seen the calls. */
static void calls(void **state) {
    (void)state;
    enum { LOGS = 256 };
    begin(false);
    ol_log_key p_key = key_of(P, OL_LANE_URGENT, 0);
    size_t p = open_log(P, OL_LANE_URGENT, 0);
    for (unsigned i = 0; i < many; i++) {
        ol_wr w = ol_wr_of(body, sizeof body);
        ol_call_encode(&(ol_call){ .precedence = OL_FLASH, .rung = 1 }, &w);
        put(p, OL_KIND_CALL, w.len);
        w = ol_wr_of(body, sizeof body);
        ol_close_encode(&(ol_close){ .why = 1, .call = ref_to(p_key, 8, 1 + 2 * i) }, &w);
        put(p, OL_KIND_CLOSE, w.len);
    }
    for (unsigned i = 0; i < LOGS; i++) {
        size_t q = open_log(Q, OL_LANE_URGENT, i);
        see(p_key, 1, 2 + 2 * i, true);
        say(q, OL_FLASH);
    }
    assert_int_equal(ol_view_finish(f.view), OL_OK);
    assert_int_equal(f.told[OL_VIEW_OPENING_TWIN], LOGS - 1);
    assert_int_equal(ol_verdict_calls(f.view), many);
    for (unsigned i = 0; i < many; i++) {
        ol_verdict is = ol_verdict_of(f.view, i, Q);
        assert_int_equal(is.name, OL_VERDICT_UNREACHED);
        assert_int_equal(is.is_stored, i < LOGS); /* a log of Q has seen it and not its close */
    }
    end();
}

/* Mentions of logs that nobody has, all of which begin as a reference does. */
static void numbers(void **state) {
    (void)state;
    begin(false);
    const unsigned logs = many < 4096 ? many : 4096;
    size_t p = open_log(P, OL_LANE_ROUTINE, 0);
    for (unsigned n = 0; n < logs;) {
        for (unsigned i = 0; i < 32 && n < logs; i++, n++)
            see(key_of(Q, OL_LANE_ROUTINE, n), n + 1, 1, true);
        say(p, OL_ROUTINE);
    }
    for (unsigned i = 0; i < many; i++) {
        ol_wr w = ol_wr_of(body, sizeof body);
        ol_act a = { .verb = OL_ACT_SEEN, .has_ref = true };
        a.ref = ref_to(key_of(Q, OL_LANE_ROUTINE, i % logs), 8, 0);
        ol_act_encode(&a, &w);
        put(p, OL_KIND_ACT, w.len);
    }
    see(key_of(Q, OL_LANE_ROUTINE, 0), logs + 1, 2, true);
    say(p, OL_ROUTINE);
    assert_int_equal(ol_view_finish(f.view), OL_OK);
    assert_int_equal(f.told[OL_VIEW_SEEN_MISSING], logs);
    assert_int_equal(f.told[OL_VIEW_SEEN_TWICE], 1);
    assert_int_equal(f.told[OL_VIEW_REF_MISSING], 0);
    end();
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(officers), cmocka_unit_test(readers),
                                        cmocka_unit_test(calls), cmocka_unit_test(numbers) };
    if (argc > 1)
        assert_int_equal(sscanf(argv[1], "%u", &many), 1);
    if (argc > 2)
        cmocka_set_test_filter(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
