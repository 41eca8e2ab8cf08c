/* What a station lets its own clients append in a day, through restarts; and the bucket itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "line/state.h"
#include "wire/message.h"

enum { LIMIT = 1000, START_MS = 1000, SECOND = 1000 };

typedef struct {
    ol_mem mem, secret;
    ol_switch *sw;
    ol_line *line;
    uint64_t now_ms;
    uint8_t tokens[16]; /* as they were stored last */
    bool has_tokens, has_credit;
    uint8_t credit[24]; /* of party 1, to be loaded */
    uint64_t joined_wall, wall;
    ol_err err;      /* the last reply's */
    uint64_t wait_s; /* the last reply's */
} station;

static void perform(station *s, const ol_effects *fx) {
    for (size_t i = 0; i < fx->n; i++)
        if (fx->v[i].kind == FX_REPLY)
            s->err = fx->v[i].reply.err, s->wait_s = fx->v[i].reply.wait_s;
}

static void step(station *s, ol_event *ev) {
    static ol_effects fx;
    ol_line_step(s->line, ev, (ol_mono){ s->now_ms }, &fx);
    perform(s, &fx);
}

static void commit(station *s) {
    const ol_batch *b = ol_line_batch(s->line);
    if (b == NULL)
        return;
    for (size_t i = 0; i < b->n; i++)
        if (b->put[i].kind == OL_PUT_STATE && strcmp(b->put[i].key, "tokens") == 0) {
            assert_int_equal(b->put[i].len, sizeof s->tokens);
            memcpy(s->tokens, b->put[i].p, sizeof s->tokens);
            s->has_tokens = true;
        }
    step(s, &(ol_event){ .kind = EV_COMMITTED });
    step(s, &(ol_event){ .kind = EV_MORE });
}

static void start(station *s) {
    static const uint8_t fixed[32] = { 7 };
    static ol_line_party party[2];
    memset(party, 0, sizeof party);
    memcpy(party[0].name, "usa", 4), memcpy(party[1].name, "prc", 4);
    for (unsigned p = 0; p < 2; p++)
        ol_ratchet_begin(fixed, &party[p].ratchet);
    ol_mem_heap(&s->mem, 64 << 20), ol_mem_heap(&s->secret, 8 << 20);
    assert_int_equal(ol_switch_new(&s->mem, &s->sw), OL_OK);
    ol_line_opts o = { .mem = &s->mem, .secret = &s->secret, .sw = s->sw, .parties = 2 };
    o.party = party, o.line_secret = o.seed = fixed, o.name[0] = 'l';
    o.joined_wall = s->joined_wall;
    o.limit_entries = LIMIT, o.limit_bytes = 1000000000;
    o.epochs = (ol_ratchet_times){ .crypto_s = 604800, .courier_s = 2592000 };
    assert_int_equal(ol_line_new(&o, &s->line), OL_OK);
    if (s->has_tokens)
        assert_int_equal(ol_line_load_state(s->line, "tokens", s->tokens, sizeof s->tokens), OL_OK);
    if (s->has_credit)
        assert_int_equal(ol_line_load_state(s->line, "credit.01", s->credit, sizeof s->credit),
                         OL_OK);
    step(s, &(ol_event){ .kind = EV_START, .wall = { s->wall } });
    commit(s);
}

static void stop(station *s) {
    ol_line_free(s->line);
    ol_switch_free(s->sw);
    assert_int_equal(s->mem.used + s->secret.used, 0);
}

/* So many of this precedence are taken, one after the other, before one is refused. */
static unsigned taken(station *s, ol_precedence precedence) {
    uint8_t body[64];
    ol_message m = { .precedence = (uint8_t)precedence, .text = { "word", 4 } };
    ol_wr w = ol_wr_of(body, sizeof body);
    ol_message_encode(&m, &w);
    assert_int_equal(w.err, OL_OK);
    for (unsigned n = 0;; n++) {
        ol_event ev = { .kind = EV_SUBMIT };
        ev.submit.token = n, ev.submit.lane = (uint8_t)ol_message_lane(&m);
        ev.submit.kind = OL_KIND_MESSAGE, ev.submit.body = (ol_bytes){ body, w.len };
        s->err = OL_EAGAIN;
        step(s, &ev);
        commit(s);
        if (s->err != OL_OK)
            return n;
    }
}

static void the_last_are_kept(void **state) {
    (void)state;
    station s = { .now_ms = START_MS };
    start(&s);
    assert_int_equal(taken(&s, OL_ROUTINE), LIMIT - LIMIT / 10);
    assert_int_equal(s.err, OL_ELIMIT);
    assert_int_equal(s.wait_s, 87); /* a day for a thousand */
    assert_int_equal(taken(&s, OL_IMMEDIATE), LIMIT / 10 - LIMIT / 100);
    assert_int_equal(taken(&s, OL_FLASH), LIMIT / 100);
    stop(&s); /* a restart, however long it takes, fills nothing */
    s.now_ms = START_MS;
    start(&s);
    assert_int_equal(taken(&s, OL_FLASH), 0);
    s.now_ms += 87 * SECOND;
    assert_int_equal(taken(&s, OL_FLASH), 1);
    for (unsigned i = 0; i < 870; i++) { /* asked every tenth of a second, it fills all the same */
        s.now_ms += SECOND / 10;
        assert_true(i > 850 || taken(&s, OL_ROUTINE) == 0);
    }
    assert_int_equal(taken(&s, OL_FLASH), 1);
    s.now_ms += UINT64_C(3) * 86400 * SECOND;
    assert_int_equal(taken(&s, OL_ROUTINE), LIMIT - LIMIT / 10); /* and no further than full */
    stop(&s);
}

/* What others make us write leaves half of the urgent tenth to FLASH, replies and acts. */
static void rings_leave_half(void **state) {
    (void)state;
    const ol_bytes none = { 0 };
    station s = { .now_ms = START_MS };
    start(&s);
    taken(&s, OL_ROUTINE);
    unsigned n = 0;
    while (ol_limit_append_s(s.line, OL_LANE_URGENT, OL_KIND_RING, none) == 0)
        n++;
    assert_int_equal(n, LIMIT / 20);
    assert_int_equal(ol_limit_append_s(s.line, OL_LANE_URGENT, OL_KIND_REPLY, none), 0);
    assert_int_equal(taken(&s, OL_IMMEDIATE), LIMIT / 20 - LIMIT / 100 - 1);
    assert_int_equal(taken(&s, OL_FLASH), LIMIT / 100);
    stop(&s);
}

static void a_bucket(void **state) {
    (void)state;
    ol_bucket b = { 0 };
    unsigned n = 0;
    while (ol_bucket_take(&b, 5, 10, 30))
        n++;
    assert_int_equal(n, 30);
    assert_false(ol_bucket_take(&b, 104, 10, 30));
    assert_true(ol_bucket_take(&b, 105, 10, 30));
    assert_false(ol_bucket_take(&b, 105, 10, 30));
    for (n = 0; ol_bucket_take(&b, UINT64_MAX, 10, 30);)
        n++;
    assert_int_equal(n, 30);
}

/* ---- the receiver's side ---- */

enum { DAY_S = 86400, JOINED = 1700000000 };

/* What a member may bring, in entries, when a station starts at this wall time: with what was
 * stored (entries, bytes, wall time; NULL: nothing) and the joining as the file of secrets has
 * it. */
static uint64_t credit_of(uint64_t wall, uint64_t joined, const uint64_t stored[3]) {
    station s = { .now_ms = START_MS, .joined_wall = joined, .wall = wall };
    for (unsigned i = 0; stored != NULL && i < 3; i++)
        for (unsigned k = 0; k < 8; k++)
            s.credit[8 * i + k] = (uint8_t)(stored[i] >> (56 - 8 * k));
    s.has_credit = stored != NULL;
    start(&s);
    uint64_t entries = s.line->peer[1].credit.left.entries;
    stop(&s);
    return entries == OL_CREDIT_OPEN ? entries : entries / 1000;
}

static void a_credit_at_first(void **state) {
    (void)state;
    const uint64_t some[] = { 7000, 9000, JOINED + 100 };
    assert_int_equal(credit_of(JOINED, JOINED, NULL), 2 * LIMIT);
    assert_int_equal(credit_of(JOINED + 1, JOINED, NULL), 3 * LIMIT);
    assert_int_equal(credit_of(JOINED + DAY_S, JOINED, NULL), 3 * LIMIT);
    assert_int_equal(credit_of(JOINED + 30 * DAY_S, JOINED, NULL), 32 * LIMIT);
    assert_true(credit_of(JOINED - 1, JOINED, NULL) == OL_CREDIT_OPEN);
    assert_true(credit_of(JOINED, 0, NULL) == OL_CREDIT_OPEN);
    assert_true(credit_of(UINT64_C(1) << 39, 1, NULL) == OL_CREDIT_OPEN); /* no overflow */
    assert_int_equal(credit_of(JOINED + 100, JOINED, some), 7);
    assert_int_equal(credit_of(JOINED + 100 + 5 * DAY_S, JOINED, some), 7 + 5 * LIMIT);
    assert_true(credit_of(JOINED + 99, JOINED, some) == OL_CREDIT_OPEN);
}

static void a_credit_spent(void **state) {
    (void)state;
    station s = { .now_ms = START_MS, .joined_wall = JOINED, .wall = JOINED };
    const ol_log_key log = { .party = 1, .lane = OL_LANE_ROUTINE };
    ol_cost cost = { .amount = { 1000 * 1000, 1000 }, .kept = OL_LIMIT_URGENT };
    start(&s);
    ol_credit *c = &s.line->peer[1].credit;
    assert_false(ol_credit_asks(s.line, 1));
    assert_int_equal(ol_credit_wait_s(s.line, 1, &cost), 0);
    ol_credit_spend(s.line, 1, &cost);
    assert_int_equal(ol_credit_wait_s(s.line, 1, &cost), DAY_S / 10 + 1 + 60);
    cost.kept = 0; /* FLASH */
    assert_int_equal(ol_credit_wait_s(s.line, 1, &cost), 0);
    ol_credit_answered(s.line, false); /* not durable: nothing was spent */
    assert_int_equal(c->left.entries, 2 * LIMIT * 1000);
    ol_credit_spend(s.line, 1, &cost);
    ol_credit_answered(s.line, true);
    ol_credit_answered(s.line, false);
    assert_int_equal(c->left.entries, LIMIT * 1000);
    ol_credit_put_off(s.line, &log, 100);
    assert_int_equal(ol_credit_late_s(s.line, &log), 100);
    assert_true(ol_credit_asks(s.line, 1)); /* something waits */
    ol_credit_asked(s.line, 1);
    assert_false(ol_credit_asks(s.line, 1));
    c->left.entries = 50 * LIMIT * 1000, c->ask_ms = 0, c->is_flooding = false;
    assert_true(ol_credit_asks(s.line, 1)); /* it is much */
    ol_credit_all(s.line, 1);
    assert_int_equal(c->left.entries, 2 * LIMIT * 1000);
    c->left.entries = OL_CREDIT_OPEN;
    ol_credit_spend(s.line, 1, &cost);
    assert_true(c->left.entries == OL_CREDIT_OPEN);
    stop(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_are_kept), cmocka_unit_test(rings_leave_half),
        cmocka_unit_test(a_bucket),          cmocka_unit_test(a_credit_at_first),
        cmocka_unit_test(a_credit_spent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
