/* One call between two duty machines under every schedule of five steps out of nine: what is stored
 * where, receipts, time, an officer's word, starts of either side with and without a run marker;
 * then all is delivered. Each call is closed once, no receipt in a close covers it, and nobody
 * rings what was replied to (docs/PROTOCOL.md §11.3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "line/call.h"

enum { STEPS = 5, ACTS = 9, LOG_MAX = 64, S = 1000, WALL = 1795305030 };

typedef struct {
    uint64_t kind;
    uint8_t incarnation;
    uint64_t index; /* in it */
    size_t len;
    uint8_t p[256];
} said;

typedef struct { /* a station: what it said, how much of it the other holds */
    said log[LOG_MAX];
    size_t n, there, receipt; /* receipt: entries of ours that the other has said it has */
    uint8_t incarnation;
    uint64_t next; /* index in it */
    ol_duty *d;
    ol_mem mem;
    bool is_started;
} station;

typedef struct {
    station s[2]; /* 0 calls, 1 is called */
    uint64_t ms;
    bool has_replied, knows_end; /* of the called side, about the first call */
} world;

static ol_log_key key_of(unsigned who, uint8_t incarnation) {
    return (ol_log_key){ .party = (uint8_t)who, .incarnation = { incarnation } };
}

static void feed(world *w, unsigned to, unsigned from, const said *e, bool is_history) {
    ol_duty_event ev = { .kind = OL_DUTY_ENTRY };
    ev.entry.log = key_of(from, e->incarnation), ev.entry.index = e->index;
    ev.entry.p = e->p, ev.entry.len = e->len, ev.entry.is_history = is_history;
    assert_int_equal(ol_duty_step(w->s[to].d, &ev, (ol_mono){ w->ms }, NULL), OL_OK);
}

static said *append(world *w, unsigned who, uint64_t kind, const uint8_t *body, size_t len) {
    station *s = &w->s[who];
    assert_true(s->n < LOG_MAX);
    said *e = &s->log[s->n++];
    *e = (said){ .kind = kind, .incarnation = s->incarnation, .index = s->next++ };
    ol_entry entry = { .kind = kind, .wall = WALL + w->ms / S, .body = body, .body_len = len };
    entry.has_item = kind == OL_KIND_REPLY;
    ol_wr out = ol_wr_of(e->p, sizeof e->p);
    ol_entry_encode(&entry, &out);
    assert_int_equal(out.err, OL_OK);
    e->len = out.len;
    feed(w, who, who, e, false);
    return e;
}

static void turn(world *w, unsigned who) {
    static ol_duty_effects fx;
    station *s = &w->s[who];
    ol_duty_event ev = { .kind = OL_DUTY_TURN };
    ev.turn.wall.s = WALL + w->ms / S, ev.turn.has_log = true;
    ev.turn.incarnation[0] = s->incarnation;
    bool has_said = true;
    while (has_said) { /* what is appended is stored, and judged */
        ev.turn.is_start = !s->is_started, s->is_started = true;
        assert_int_equal(ol_duty_step(s->d, &ev, (ol_mono){ w->ms }, &fx), OL_OK);
        has_said = fx.more;
        for (size_t i = 0; i < fx.n; i++) {
            if (fx.v[i].kind != OL_DUTY_APPEND || fx.v[i].append.kind == OL_KIND_CHECK)
                continue;
            if (fx.v[i].append.kind == OL_KIND_RING && s->incarnation == 1)
                assert_false(who == 1 && w->has_replied && w->s[0].incarnation == 1);
            append(w, who, fx.v[i].append.kind, fx.v[i].append.body, fx.v[i].append.len);
            ol_duty_event done = { .kind = OL_DUTY_ANSWERED };
            done.answered.token = fx.v[i].append.token, done.answered.err = OL_OK;
            assert_int_equal(ol_duty_step(s->d, &done, (ol_mono){ w->ms }, NULL), OL_OK);
            has_said = true;
        }
    }
}

static void start(world *w, unsigned who, bool has_marker) {
    station *s = &w->s[who], *o = &w->s[!who];
    ol_duty_free(s->d);
    assert_int_equal(s->mem.used, 0);
    const ol_duty_opts opts = { .mem = &s->mem,
                                .self = (uint8_t)who,
                                .parties = 2,
                                .rungs = 2,
                                .members = 3,
                                .answer_s = { 4, 4, 4, 4 } };
    assert_int_equal(ol_duty_new(&opts, &s->d), OL_OK);
    s->is_started = false;
    for (unsigned from = 0; from < 2; from++) /* a call before the words about it */
        for (size_t i = 0; i < (from == who ? s->n : o->there); i++)
            feed(w, who, from, &w->s[from].log[i], true);
    if (!has_marker)
        s->incarnation++, s->next = 1;
    turn(w, who);
}

static void deliver(world *w, unsigned from) {
    station *s = &w->s[from];
    for (; s->there < s->n; s->there++)
        feed(w, !from, from, &s->log[s->there], false);
    turn(w, !from);
}

static void receipt(world *w) {
    station *s = &w->s[0];
    uint8_t sig[OL_SIG_LEN] = { 7 };
    for (; s->receipt < s->there; s->receipt++) {
        const said *e = &s->log[s->receipt];
        ol_duty_event ev = { .kind = OL_DUTY_RECEIPT };
        ev.receipt.log = key_of(0, e->incarnation), ev.receipt.size = e->index + 1;
        ev.receipt.sig = sig, ev.receipt.party = 1;
        assert_int_equal(ol_duty_step(s->d, &ev, (ol_mono){ w->ms }, NULL), OL_OK);
    }
    turn(w, 0);
}

static void reply(world *w, unsigned verb) {
    uint8_t body[64];
    ol_wr out = ol_wr_of(body, sizeof body);
    if (w->s[0].there == 0)
        return; /* nobody there knows of it */
    const ol_log_key log = key_of(0, 1);
    ol_reply_encode(&(ol_reply){ .verb = (uint8_t)verb, .call = ol_ref_to(&log, 1) }, &out);
    append(w, 1, OL_KIND_REPLY, body, out.len);
    w->has_replied = true;
    turn(w, 1);
}

static void act(world *w, unsigned which) {
    switch (which) {
    case 0:
    case 1:
        deliver(w, which);
        return;
    case 2:
        receipt(w);
        return;
    case 3:
        w->ms += 2 * S;
        turn(w, 0), turn(w, 1);
        return;
    case 4:
    case 5:
        reply(w, which == 4 ? OL_ANSWER : OL_DECLINE);
        return;
    case 6:
    case 7:
        start(w, 0, which == 6);
        return;
    default:
        start(w, 1, true);
    }
}

static void judge(const world *w) {
    for (size_t i = 0; i < w->s[0].n; i++) {
        const said *c = &w->s[0].log[i];
        size_t closes = 0;
        for (size_t k = i + 1; c->kind == OL_KIND_CALL && k < w->s[0].n; k++) {
            static ol_entry e;
            static ol_close close;
            const said *p = &w->s[0].log[k];
            const char *why;
            const ol_log_key log = key_of(0, c->incarnation);
            if (p->kind != OL_KIND_CLOSE)
                continue;
            assert_int_equal(ol_entry_decode(p->p, p->len, &e), OL_OK);
            assert_int_equal(ol_close_decode(e.body, e.body_len, &close, &why), OL_OK);
            if (!ol_ref_fits(&close.call, &log, c->index))
                continue;
            closes++;
            for (size_t r = 0; r < close.receipts; r++)
                assert_true(
                    close.receipt[r].size > c->index &&
                    (p->incarnation != c->incarnation || close.receipt[r].size <= p->index));
        }
        assert_int_equal(closes, c->kind == OL_KIND_CALL);
    }
    for (unsigned who = 0; who < 2; who++) {
        ol_call_status s;
        for (size_t n = 0; ol_calls_at(w->s[who].d, n, (ol_mono){ w->ms }, &s); n++)
            assert_int_equal(s.state, OL_CALL_CLOSED);
    }
}

static void every_schedule(void **state) {
    (void)state;
    static world w;
    size_t all = 1, calls = 0;
    for (unsigned i = 0; i < STEPS; i++)
        all *= ACTS;
    for (size_t number = 0; number < all; number++) {
        uint8_t body[64];
        memset(&w, 0, sizeof w);
        w.ms = 1000 * S;
        for (unsigned who = 0; who < 2; who++) {
            w.s[who].incarnation = 1, w.s[who].next = 1;
            ol_mem_heap(&w.s[who].mem, 1 << 20);
            start(&w, who, true);
        }
        ol_wr out = ol_wr_of(body, sizeof body);
        ol_call_encode(&(ol_call){ .rung = 0 }, &out);
        append(&w, 0, OL_KIND_CALL, body, out.len);
        turn(&w, 0);
        size_t left = number;
        for (unsigned i = 0; i < STEPS; i++, left /= ACTS)
            act(&w, left % ACTS);
        for (unsigned i = 0; i < 12; i++)
            act(&w, 0), act(&w, 2), act(&w, 1), act(&w, 3);
        judge(&w);
        for (size_t i = 0; i < w.s[0].n; i++)
            calls += w.s[0].log[i].kind == OL_KIND_CALL;
        for (unsigned who = 0; who < 2; who++) {
            ol_duty_free(w.s[who].d);
            assert_int_equal(w.s[who].mem.used, 0);
        }
    }
    print_message("%zu schedules, %zu calls\n", all, calls);
    assert_true(calls > all); /* some were placed again */
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_schedule) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
