/* The duty machine and its calls: the ladder, closes, restarts, limits, each cell of the table in
 * line/call.c (docs/PROTOCOL.md §11.3). We are party 1 of 3; four rungs; a FLASH has 40 s. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/duty.h"

/* ── called ────────────────────────────────────────────────────────────────────────────────── */

static void rung_by_rung(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    ol_call c = { .precedence = OL_FLASH, .status = OL_EXERCISE, .rung = 2, .text = { "why", 3 } };
    ol_ref at = duty_call(&w, THEM, &c);
    duty_turn(&w);
    assert_true(duty_is_told(&w, OL_DUTY_CALL_PLACED, THEM, 2));
    assert_true(duty_is_told(&w, OL_DUTY_CALL_RINGS, US, 2));
    assert_int_equal(w.note[1].status, OL_EXERCISE);
    ol_ring r = duty_asked_ring(&w, 0);
    assert_true(r.state == OL_RING_RINGS && r.rung == 2 && r.seconds == 13 && r.after == 0);
    assert_true(ol_ref_fits(&r.call, &(ol_log_key){ .incarnation = { 1 } }, at.index));
    duty_appended(&w);
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    assert_int_equal(w.fx.at_ms, START_MS + 13 * S);
    w.ms += 13 * S - 1;
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    w.ms += 1;
    duty_turn(&w);
    r = duty_asked_ring(&w, 0);
    assert_true(r.rung == 3 && r.seconds == 13 && r.after == 13);
    duty_appended(&w);
    w.ms += 13 * S;
    duty_turn(&w);
    r = duty_asked_ring(&w, 0);
    assert_true(r.rung == 4 && r.seconds == 14 && r.after == 26); /* the last takes the rest */
    duty_appended(&w);
    w.ms += 14 * S;
    duty_turn(&w);
    r = duty_asked_ring(&w, 0);
    assert_true(r.state == OL_RING_ENDED && r.rung == 4 && r.seconds == 0 && r.after == 40);
    assert_true(duty_is_told(&w, OL_DUTY_CALL_SILENT, US, 4));
    duty_appended(&w);
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    assert_int_equal(w.fx.at_ms, OL_NEVER);
    assert_int_equal(duty_state_of(&w, 0), OL_CALL_SILENT);
    duty_reply(&w, US, at, OL_ANSWER, OL_EXERCISE); /* late on the ladder is not too late */
    assert_int_equal(duty_state_of(&w, 0), OL_CALL_REPLIED);
    duty_close(&w, THEM, at, OL_CLOSE_ANSWERED);
    duty_turn(&w);
    assert_true(w.appends == 0 && duty_is_told(&w, OL_DUTY_CALL_CLOSED, THEM, 0));
    assert_int_equal(duty_state_of(&w, 0), OL_CALL_CLOSED);
    duty_tear_down(&w);
}

static void a_reply_or_close_ends_the_ladder(void **state) {
    (void)state;
    for (unsigned how = 0; how <= OL_REPLY_VERBS; how++) {
        duty_world w;
        duty_set_up(&w);
        duty_turn(&w);
        ol_ref at = duty_call(&w, THEM, &(ol_call){ .rung = 0, .called = 1 << US });
        duty_turn(&w);
        assert_int_equal(duty_asked_ring(&w, 0).seconds, 10); /* the watch: from the first rung */
        duty_appended(&w);
        if (how == OL_REPLY_VERBS)
            duty_close(&w, THEM, at, OL_CLOSE_WITHDRAWN);
        else
            duty_reply(&w, US, at, how, OL_OPERATIONAL);
        w.ms += 100 * S;
        duty_turn(&w);
        assert_int_equal(w.appends, 0);
        assert_int_equal(w.fx.at_ms, OL_NEVER);
        duty_tear_down(&w);
    }
}

static void what_has_no_effect(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    ol_ref at = duty_call(&w, THEM, &(ol_call){ .status = OL_OPERATIONAL });
    duty_reply(&w, US, at, OL_ANSWER, OL_EXERCISE); /* of another status */
    duty_ring(&w, THIRD, at, OL_RING_ENDED, 4, 9);  /* another's ladder is not ours */
    duty_close(&w, THIRD, at, OL_CLOSE_TIME);       /* not its call: unreadable */
    duty_turn(&w);
    assert_int_equal(duty_state_of(&w, 0), OL_CALL_RINGS);
    ol_call_status s;
    assert_true(ol_calls_at(w.d, 0, (ol_mono){ w.ms }, &s));
    assert_true(s.party[THIRD].word == OL_CALLED_SILENT && s.party[US].word == OL_CALLED_RINGS);
    assert_true(s.called == (1 << US | 1 << THIRD) && s.left_s == 10);
    ol_ref other = duty_call(&w, THEM, &(ol_call){ .called = 1 << THIRD });
    duty_turn(&w);
    assert_int_equal(duty_state_of(&w, 1), OL_CALL_WATCHED);
    duty_reply(&w, US, other, OL_ANSWER, OL_OPERATIONAL); /* we were not called */
    assert_true(ol_calls_at(w.d, 1, (ol_mono){ w.ms }, &s));
    assert_int_equal(s.party[US].word, OL_CALLED_NOTHING);
    duty_close(&w, THEM, other, OL_CLOSE_TIME);
    assert_int_equal(duty_state_of(&w, 1), OL_CALL_CLOSED);
    duty_tear_down(&w);
}

static void with_its_close_it_is_not_rung(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    ol_ref at = duty_call(&w, THEM, &(ol_call){ .rung = 1 });
    duty_close(&w, THEM, at, OL_CLOSE_TIME);
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    assert_false(duty_is_told(&w, OL_DUTY_CALL_RINGS, US, 1));
    assert_int_equal(duty_state_of(&w, 0), OL_CALL_CLOSED);
    duty_tear_down(&w);
}

/* The close is in the log that follows, which came first: it counts for this call alone, also
 * after a start, and the call takes no place of another. */
static void its_close_came_before_it(void **state) {
    (void)state;
    for (unsigned is_history = 0; is_history < 2; is_history++) {
        duty_world w;
        duty_set_up(&w);
        w.size[THEM] = 1;
        if (is_history == 0)
            duty_turn(&w);
        for (unsigned i = 0; i <= OL_CALLS_OPEN_MAX; i++) {
            w.another = 0;
            ol_ref at = { .party = THEM, .incarnation_len = OL_INC_LEN, .index = w.size[THEM] };
            at.incarnation[0] = THEM + 1;
            const uint64_t size = w.size[THEM];
            w.another = 1;
            duty_close(&w, THEM, at, OL_CLOSE_INTERRUPTED);
            w.another = 0, w.size[THEM] = size;
            duty_call(&w, THEM, &(ol_call){ .rung = 1 });
            assert_int_equal(duty_state_of(&w, i), OL_CALL_CLOSED);
        }
        duty_turn(&w);
        assert_int_equal(w.appends, 0);
        duty_call(&w, THEM, &(ol_call){ .rung = 3 });
        duty_turn(&w);
        assert_true(w.appends == 1 && duty_asked_ring(&w, 0).rung == 3);
        duty_tear_down(&w);
    }
}

static void what_is_over_by_its_wall_waits_for_its_close(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    ol_ref at = duty_call(&w, THEM, &(ol_call){ .rung = 1 });
    duty_call(&w, THEM, &(ol_call){ .rung = 2 });
    w.ms += 49 * S; /* it lay somewhere for so long: 40 s and a quarter are not over */
    at = duty_call(&w, THEM, &(ol_call){ .rung = 3 });
    duty_turn(&w);
    assert_int_equal(w.appends, 3);
    duty_appended(&w);
    duty_tear_down(&w);

    duty_set_up(&w);
    duty_turn(&w);
    at = duty_call(&w, THEM, &(ol_call){ .rung = 1 });
    duty_call(&w, THEM, &(ol_call){ .rung = 2 });
    w.ms += 50 * S;
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    assert_int_equal(w.fx.at_ms, w.ms + OL_CALLS_GRACE_MS);
    duty_close(&w, THEM, at, OL_CLOSE_TIME);
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    w.ms += OL_CALLS_GRACE_MS; /* no close: clocks differ, and it is rung */
    duty_turn(&w);
    assert_true(w.appends == 1 && duty_asked_ring(&w, 0).rung == 2);
    duty_tear_down(&w);
}

static void after_a_start_the_rung_rings_again(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    ol_ref at = duty_call(&w, THEM, &(ol_call){ .rung = 1 });
    w.ms += 1 * S;
    duty_ring(&w, US, at, OL_RING_RINGS, 1, 0);
    w.ms += 10 * S;
    duty_ring(&w, US, at, OL_RING_RINGS, 2, 10);
    w.ms += 30 * S; /* for so long there was no station */
    duty_turn(&w);
    ol_ring r = duty_asked_ring(&w, 0);
    assert_true(r.rung == 2 && r.seconds == 10 && r.after == 40);
    assert_true(duty_is_told(&w, OL_DUTY_CALL_RINGS, US, 2) && w.notes == 1);
    assert_int_equal(w.fx.at_ms, w.ms + 10 * S);
    duty_tear_down(&w);

    duty_set_up(&w); /* the wall clock went back: what the log says still counts */
    at = duty_call(&w, THEM, &(ol_call){ .rung = 1 });
    duty_ring(&w, US, at, OL_RING_RINGS, 3, 25);
    w.ms -= 100 * S;
    duty_turn(&w);
    r = duty_asked_ring(&w, 0);
    assert_true(r.rung == 3 && r.after == 25);
    duty_tear_down(&w);

    duty_set_up(&w); /* what had ended, or was replied to, does not begin anew */
    at = duty_call(&w, THEM, &(ol_call){ .rung = 1 });
    duty_ring(&w, US, at, OL_RING_RINGS, 4, 30);
    duty_ring(&w, US, at, OL_RING_ENDED, 4, 40);
    at = duty_call(&w, THEM, &(ol_call){ .rung = 1 });
    duty_reply(&w, US, at, OL_DECLINE, OL_OPERATIONAL);
    duty_turn(&w);
    assert_true(w.appends == 0 && w.notes == 0 && w.fx.at_ms == OL_NEVER);
    assert_int_equal(duty_state_of(&w, 0), OL_CALL_SILENT);
    assert_int_equal(duty_state_of(&w, 1), OL_CALL_REPLIED);
    duty_tear_down(&w);
}

static void what_is_refused_is_asked_for_again(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    duty_call(&w, THEM, &(ol_call){ .rung = 1 });
    duty_turn(&w);
    uint32_t token = w.append[0].append.token;
    duty_turn(&w);
    assert_int_equal(w.appends, 0); /* it is on its way */
    duty_answer(&w, token, OL_EFULL);
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    assert_int_equal(w.fx.at_ms, w.ms + OL_DUTY_RETRY_MS);
    w.ms += OL_DUTY_RETRY_MS;
    duty_turn(&w);
    assert_true(w.appends == 1 && duty_asked_ring(&w, 0).rung == 1);
    w.ms += 10 * S; /* the next rung comes while the first word is still on its way */
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    duty_answer(&w, token, OL_OK);
    duty_turn(&w);
    assert_true(w.appends == 1 && duty_asked_ring(&w, 0).rung == 2);
    duty_answer(&w, 0x0fffffff, OL_OK); /* tokens of nothing */
    duty_answer(&w, UINT32_MAX, OL_OK);
    duty_tear_down(&w);
}

/* ── caller ────────────────────────────────────────────────────────────────────────────────── */

static void closed_when_all_have_spoken(void **state) {
    (void)state;
    static const struct {
        int verb[2]; /* of THEM and THIRD; -1: the ladder ended */
        ol_close_why why;
    } rows[] = {
        { { OL_ANSWER, OL_ANSWER }, OL_CLOSE_ANSWERED },
        { { OL_ANSWER, -1 }, OL_CLOSE_ANSWERED },
        { { -1, OL_ANSWER }, OL_CLOSE_ANSWERED },
        { { OL_DECLINE, OL_ANSWER }, OL_CLOSE_ANSWERED },
        { { OL_DEFER, -1 }, OL_CLOSE_DECLINED },
        { { -1, OL_DECLINE }, OL_CLOSE_DECLINED },
        { { -1, -1 }, OL_CLOSE_ENDED },
    };
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        duty_world w;
        duty_set_up(&w);
        duty_turn(&w);
        ol_ref at = duty_call(&w, US, &(ol_call){ .rung = 1 });
        duty_turn(&w);
        assert_true(w.appends == 0 && duty_is_told(&w, OL_DUTY_CALL_PLACED, US, 1));
        assert_int_equal(w.fx.at_ms, w.ms + 50 * S); /* 40 and a quarter */
        duty_receipt(&w, THEM, at.index);            /* below the call: does not count */
        duty_receipt(&w, THEM, at.index + 1);
        duty_receipt(&w, THIRD, at.index);
        for (uint8_t k = 0; k < 2; k++) {
            uint8_t party = k == 0 ? THEM : THIRD;
            w.ms += 3 * S;
            duty_ring(&w, party, at, OL_RING_RINGS, 1, 0);
            duty_turn(&w);
            assert_true(w.appends == 0 && duty_is_told(&w, OL_DUTY_CALL_RINGS, party, 1));
            if (rows[i].verb[k] < 0)
                duty_ring(&w, party, at, OL_RING_ENDED, 4, 40);
            else
                duty_reply(&w, party, at, (unsigned)rows[i].verb[k], OL_OPERATIONAL);
            duty_turn(&w);
        }
        assert_int_equal(w.appends, 0); /* the other's receipt is on its way */
        assert_int_equal(w.fx.at_ms, w.ms + OL_CALLS_RECEIPT_MS);
        w.ms += OL_CALLS_RECEIPT_MS;
        duty_turn(&w);
        ol_close k = duty_asked_close(&w, 0);
        assert_true(k.why == rows[i].why && k.after == 7 && k.receipts == 1);
        assert_true(k.receipt[0].party == THEM && k.receipt[0].size == at.index + 1);
        assert_int_equal(k.receipt[0].sig[0], (uint8_t)(at.index + 1));
        assert_true(ol_ref_fits(&k.call, &(ol_log_key){ .party = US }, at.index));
        duty_appended(&w);
        duty_turn(&w);
        bool defers = rows[i].verb[0] == OL_DEFER || rows[i].verb[1] == OL_DEFER;
        assert_true(w.appends == 0 && (w.fx.at_ms == OL_NEVER) == !defers);
        assert_int_equal(duty_state_of(&w, 0), OL_CALL_CLOSED);
        duty_tear_down(&w);
    }
}

/* Receipts and entries of other logs of ours, however many, do not cost an open call its proof. */
static void other_logs_in_between(void **state) {
    (void)state;
    for (unsigned has_entries = 0; has_entries < 2; has_entries++) {
        duty_world w;
        duty_set_up(&w);
        duty_turn(&w);
        ol_ref at = duty_call(&w, US, &(ol_call){ .rung = 1, .called = 1 << THEM });
        duty_receipt(&w, THEM, at.index + 1);
        uint8_t own = w.incarnation[0];
        uint64_t size = w.size[US];
        for (uint8_t i = 1; i <= 3 * 8; i++) {
            w.incarnation[0] = (uint8_t)(own + i), w.size[US] = 1;
            if (has_entries)
                duty_ring(&w, US, (ol_ref){ .party = THEM, .incarnation_len = OL_INC_LEN },
                          OL_RING_RINGS, 1, 0);
            duty_receipt(&w, THIRD, 2);
        }
        w.incarnation[0] = own, w.size[US] = size;
        duty_ring(&w, THEM, at, OL_RING_ENDED, 4, 40);
        duty_turn(&w);
        ol_close k = duty_asked_close(&w, 0);
        assert_true(k.receipts == 1 && k.receipt[0].size == at.index + 1);
        duty_tear_down(&w);
    }
}

static void closed_by_its_time(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    const ol_duty_path paths[] = { { { .party = THEM, .bearer = "udp/0" }, START_MS - 9 * S, true },
                                   { { .party = THIRD, .bearer = "udp/0" }, 1, true },
                                   { { .party = THEM, .bearer = "tcp/1" }, 0, false } };
    ol_duty_event ev = { .kind = OL_DUTY_PATHS };
    ev.paths.v = paths, ev.paths.n = OL_LEN(paths);
    assert_int_equal(ol_duty_step(w.d, &ev, (ol_mono){ w.ms }, NULL), OL_OK);
    duty_call(&w, US, &(ol_call){ .precedence = OL_ROUTINE, .called = 1 << THEM });
    duty_turn(&w);
    w.ms += 8 * S - 1; /* three seconds, and five more at least */
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    w.ms += 1;
    duty_turn(&w);
    ol_close k = duty_asked_close(&w, 0);
    assert_true(k.why == OL_CLOSE_TIME && k.after == 8 && k.receipts == 0 && k.paths.n == 2);
    assert_true(k.paths.v[0].age == 17 && k.paths.v[1].age == OL_AGE_NEVER);
    assert_string_equal(k.paths.v[1].bearer, "tcp/1");
    duty_answer(&w, w.append[0].append.token, OL_EAGAIN);
    w.ms += OL_DUTY_RETRY_MS;
    duty_turn(&w);
    assert_int_equal(duty_asked_close(&w, 0).after, 9); /* it is written anew */
    duty_appended(&w);
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    duty_tear_down(&w);
}

static void after_a_start_it_has_its_time_again(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    ol_ref at = duty_call(&w, US, &(ol_call){ .called = 1 << THEM });
    w.ms += 45 * S;
    duty_turn(&w);
    assert_int_equal(w.fx.at_ms, w.ms + 50 * S);
    assert_int_equal(w.appends, 0);
    w.ms += 2 * S;
    duty_reply(&w, THEM, at, OL_ANSWER, OL_OPERATIONAL);
    duty_receipt(&w, THEM, at.index + 1);
    duty_turn(&w);
    assert_int_equal(duty_asked_close(&w, 0).after, 47);
    duty_tear_down(&w);
}

static void an_interrupted_call_is_placed_again(void **state) {
    (void)state;
    for (unsigned how = 0; how < 3; how++) { /* 1: replied before; 2: its time is over */
        duty_world w;
        duty_set_up(&w);
        ol_call c = { .status = OL_TEST, .rung = 2, .purpose = OL_CALL_VOICE, .called = 1 << THEM };
        c.text = (ol_str){ "why", 3 }, c.lang = (ol_str){ "en", 2 }, c.of = (ol_str){ "deep", 4 };
        ol_ref at = duty_call(&w, US, &c);
        duty_receipt(&w, THEM, at.index + 1);
        if (how == 1)
            duty_reply(&w, THEM, at, OL_DECLINE, OL_TEST);
        w.ms += how == 2 ? 51 * S : 50 * S;
        w.incarnation[0] = 77; /* the log that follows */
        w.size[US] = 0;
        duty_turn(&w);
        ol_close k = duty_asked_close(&w, 0);
        assert_true(k.why == OL_CLOSE_INTERRUPTED && k.receipts == 1 && w.appends == 1);
        duty_appended(&w);
        duty_turn(&w);
        assert_int_equal(w.appends, how == 0);
        if (how == 0) {
            ol_call again;
            const char *why;
            assert_int_equal(
                ol_call_decode(w.append[0].append.body, w.append[0].append.len, &again, &why),
                OL_OK);
            assert_true(again.has_ref &&
                        ol_ref_fits(&again.ref, &(ol_log_key){ .party = US }, at.index));
            assert_true(again.status == OL_TEST && again.rung == 2 && again.called == 1 << THEM);
            assert_true(again.text.len == 3 && again.lang.len == 2 && again.of.len == 4);
            assert_true(again.purpose == OL_CALL_VOICE);
            duty_turn(&w);
            assert_int_equal(w.appends, 0);
        }
        duty_tear_down(&w);
    }
}

/* Between the close of what was interrupted and the call that takes it up the power went. */
static void placed_again_once(void **state) {
    (void)state;
    for (unsigned is_there = 0; is_there < 2; is_there++) {
        duty_world w;
        duty_set_up(&w);
        ol_ref at = duty_call(&w, US, &(ol_call){ .called = 1 << THEM });
        w.incarnation[0] = 77, w.size[US] = 0;
        duty_close(&w, US, at, OL_CLOSE_INTERRUPTED);
        if (is_there != 0)
            duty_call(&w, US, &(ol_call){ .called = 1 << THEM, .has_ref = true, .ref = at });
        w.ms += 5 * S;
        duty_turn(&w);
        assert_int_equal(w.appends, is_there == 0);
        if (is_there == 0)
            assert_int_equal(w.append[0].append.kind, OL_KIND_CALL);
        duty_tear_down(&w);
    }
}

static void an_officer_closes_it(void **state) {
    (void)state;
    duty_world w;
    uint8_t body[OL_DUTY_BODY_MAX];
    size_t len = 0;
    duty_set_up(&w);
    duty_turn(&w);
    ol_ref at = duty_call(&w, US, &(ol_call){ .called = 1 << THEM });
    duty_turn(&w);
    duty_receipt(&w, THEM, at.index + 1);
    const ol_log_key log = duty_log_of(&w, US), theirs = duty_log_of(&w, THEM);
    assert_int_equal(
        ol_calls_close(w.d, &theirs, at.index, OL_CLOSE_WITHDRAWN, (ol_mono){ w.ms }, body, &len),
        OL_ENOENT);
    assert_int_equal(
        ol_calls_close(w.d, &log, at.index, OL_CLOSE_WITHDRAWN, (ol_mono){ w.ms }, body, &len),
        OL_OK);
    ol_close k;
    const char *why;
    assert_int_equal(ol_close_decode(body, len, &k, &why), OL_OK);
    assert_true(k.why == OL_CLOSE_WITHDRAWN && k.receipts == 1);
    duty_put(&w, US, OL_KIND_CLOSE, body, len);
    w.ms += 100 * S;
    duty_turn(&w);
    assert_true(w.appends == 0 && w.fx.at_ms == OL_NEVER);
    assert_int_equal(
        ol_calls_close(w.d, &log, at.index, OL_CLOSE_WITHDRAWN, (ol_mono){ w.ms }, body, &len),
        OL_ENOENT);
    duty_tear_down(&w);
}

static void both_call_at_once(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    duty_turn(&w);
    ol_ref ours = duty_call(&w, US, &(ol_call){ .called = 1 << THEM });
    ol_ref theirs = duty_call(&w, THEM, &(ol_call){ .called = 1 << US });
    duty_turn(&w);
    assert_true(w.appends == 1 && duty_asked_ring(&w, 0).call.party == THEM);
    duty_appended(&w);
    duty_reply(&w, US, theirs, OL_ANSWER, OL_OPERATIONAL);
    duty_turn(&w);
    assert_true(w.appends == 0 && duty_state_of(&w, 0) == OL_CALL_PLACED); /* two calls, not one */
    duty_reply(&w, THEM, ours, OL_ANSWER, OL_OPERATIONAL);
    duty_turn(&w);
    assert_int_equal(w.appends, 0);
    duty_receipt(&w, THEM, ours.index + 1);
    duty_turn(&w);
    assert_int_equal(duty_asked_close(&w, 0).why, OL_CLOSE_ANSWERED);
    duty_tear_down(&w);
}

/* ── the frame ─────────────────────────────────────────────────────────────────────────────── */

static void old_ones_are_forgotten(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    size_t before = 0;
    for (unsigned i = 0; i < 5 * OL_CALLS_KEPT_MAX; i++) {
        ol_ref at = duty_call(&w, i % 2 == 0 ? US : THEM, &(ol_call){ .rung = 1 });
        duty_close(&w, i % 2 == 0 ? US : THEM, at, OL_CLOSE_TIME);
        if (i == OL_CALLS_KEPT_MAX)
            before = w.mem.used;
    }
    ol_call_status s;
    assert_int_equal(w.mem.used, before);
    assert_true(ol_calls_at(w.d, OL_CALLS_KEPT_MAX - 1, (ol_mono){ 0 }, &s));
    assert_false(ol_calls_at(w.d, OL_CALLS_KEPT_MAX, (ol_mono){ 0 }, &s));
    duty_turn(&w);
    assert_true(w.appends == 0 && w.notes == 0);
    duty_tear_down(&w);
}

static void memory_that_runs_out(void **state) {
    (void)state;
    duty_world w;
    duty_set_up(&w);
    w.mem.cap = w.mem.used;
    uint8_t body[64], room[256];
    ol_wr b = ol_wr_of(body, sizeof body), e = ol_wr_of(room, sizeof room);
    ol_call_encode(&(ol_call){ .rung = 1 }, &b);
    ol_entry call = { .kind = OL_KIND_CALL, .wall = WALL + w.ms / S, .body = body };
    call.body_len = b.len;
    ol_entry_encode(&call, &e);
    ol_duty_event ev = { .kind = OL_DUTY_ENTRY };
    ev.entry.log = duty_log_of(&w, THEM), ev.entry.index = 1, ev.entry.p = room,
    ev.entry.len = e.len;
    assert_int_equal(ol_duty_step(w.d, &ev, (ol_mono){ w.ms }, NULL), OL_ENOMEM);
    w.mem.cap = 1 << 20;
    assert_int_equal(ol_duty_step(w.d, &ev, (ol_mono){ w.ms }, NULL), OL_OK);
    assert_int_equal(ol_duty_step(w.d, &ev, (ol_mono){ w.ms }, NULL), OL_OK); /* twice is once */
    duty_turn(&w);
    assert_int_equal(w.appends, 1);
    ol_duty_opts o = duty_opts;
    for (unsigned n = 1; n <= 2; n++) {
        ol_duty *d;
        ol_mem m;
        ol_mem_heap(&m, 1 << 20);
        m.fail_at = n, o.mem = &m;
        assert_int_equal(ol_duty_new(&o, &d), OL_ENOMEM);
        assert_int_equal(m.used, 0);
    }
    ol_duty_free(NULL);
    duty_tear_down(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rung_by_rung),
        cmocka_unit_test(a_reply_or_close_ends_the_ladder),
        cmocka_unit_test(what_has_no_effect),
        cmocka_unit_test(with_its_close_it_is_not_rung),
        cmocka_unit_test(its_close_came_before_it),
        cmocka_unit_test(what_is_over_by_its_wall_waits_for_its_close),
        cmocka_unit_test(after_a_start_the_rung_rings_again),
        cmocka_unit_test(what_is_refused_is_asked_for_again),
        cmocka_unit_test(closed_when_all_have_spoken),
        cmocka_unit_test(other_logs_in_between),
        cmocka_unit_test(closed_by_its_time),
        cmocka_unit_test(after_a_start_it_has_its_time_again),
        cmocka_unit_test(an_interrupted_call_is_placed_again),
        cmocka_unit_test(placed_again_once),
        cmocka_unit_test(an_officer_closes_it),
        cmocka_unit_test(both_call_at_once),
        cmocka_unit_test(old_ones_are_forgotten),
        cmocka_unit_test(memory_that_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
