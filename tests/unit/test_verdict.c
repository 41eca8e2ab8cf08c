/* Verdicts (record/verdict.h) over every schedule of one call and one close between two stations:
 * what is lost, late, crossed, reordered, and restarts of either side. Each record is judged as a
 * slow teller of the story would, who knows what each station held when; it is the same in whatever
 * order logs and entries arrive, and a part of a record never says more than the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants those before it
#include <cmocka.h>

#include "record/verdict.h"

enum { P, Q, PARTIES, LOGS = 4, ROWS = 8, WALL = 1000000 };
/* Logs 0 and 1 are P's, before and after its station started anew; 2 and 3 are Q's. */

typedef struct {
    size_t rows;
    uint64_t said[LOGS];   /* the sizes it has mentioned */
    unsigned number[LOGS]; /* by these numbers; 0: not yet */
    unsigned numbers;
    uint8_t entry[ROWS][240];
    size_t len[ROWS];
} a_log;

typedef struct {
    a_log log[LOGS];
    size_t now[PARTIES];          /* the log that each appends to */
    uint64_t held[PARTIES][LOGS]; /* what each station has stored */
    uint64_t receipt[LOGS];       /* Q's largest, of P's logs, that P holds */
    size_t saw[LOGS];             /* Q's first entry that has seen the call, plus 1 */
    unsigned left[12], words;     /* how often each act can still come; so many words of Q */
    bool is_closed, has_reply, is_ended, has_rung;
    ol_verdict_name reply;
    /* what a teller would say */
    bool was_answered, is_late, is_crossed, was_held, was_known, was_seen;
    size_t reply_log, reply_row, close_log, close_row;
} story;

static ol_log_key key_of(size_t log) {
    ol_log_key key = { .party = (uint8_t)(log / 2), .lane = OL_LANE_URGENT };
    memset(key.incarnation, 0x10 + (int)log, sizeof key.incarnation);
    return key;
}

static const int clocks[] = { 0, -5000, 5000 }; /* Q's, against P's */
static int clock_off;
static int dated_back; /* seconds */

/* ── appending ─────────────────────────────────────────────────────────────────────────────────*/

static void put(story *s, uint8_t party, uint64_t kind, const uint8_t *body, size_t len,
                bool has_item) {
    static ol_entry e;
    a_log *log = &s->log[s->now[party]];
    assert_true(log->rows < ROWS);
    memset(&e, 0, sizeof e);
    e.kind = kind, e.body = body, e.body_len = len, e.has_item = has_item;
    memset(e.item, (int)(0x40 + 16 * s->now[party] + log->rows), sizeof e.item);
    e.wall = (uint64_t)(WALL + (party == Q ? clock_off : 0) - dated_back +
                        10 * (int)(s->log[2 * party].rows + s->log[2 * party + 1].rows));
    for (int is_first = 0; is_first < 2; is_first++) /* the known ones first */
        for (size_t i = 0; i < LOGS; i++) {
            uint64_t held = i / 2 == party ? s->log[i].rows : s->held[party][i];
            if (i == s->now[party] || held <= log->said[i] ||
                (log->number[i] == 0) != (is_first == 1))
                continue;
            if (log->number[i] == 0)
                log->number[i] = ++log->numbers;
            e.seen[e.seens++] = (ol_mention){
                .number = log->number[i], .size = held, .is_first = is_first == 1, .log = key_of(i)
            };
            log->said[i] = held;
        }
    for (size_t i = 0; i < e.seens; i++) /* ascending */
        for (size_t k = i + 1; k < e.seens; k++)
            if (e.seen[k].number < e.seen[i].number) {
                ol_mention m = e.seen[i];
                e.seen[i] = e.seen[k], e.seen[k] = m;
            }
    ol_wr w = ol_wr_of(log->entry[log->rows], sizeof log->entry[0]);
    ol_entry_encode(&e, &w);
    assert_int_equal(w.err, OL_OK);
    log->len[log->rows++] = w.len;
    if (party == Q && log->said[0] > 1 && s->saw[s->now[Q]] == 0)
        s->saw[s->now[Q]] = log->rows;
}

static void say(story *s, uint8_t party, uint64_t kind, const ol_wr *w, bool has_item) {
    assert_int_equal(w->err, OL_OK);
    if (s->log[s->now[party]].rows == 0) {
        uint8_t body[100];
        ol_wr b = ol_wr_of(body, sizeof body);
        ol_opening_encode(&(ol_opening){ .why = OL_WHY_FIRST }, &b);
        put(s, party, OL_KIND_OPENING, body, b.len, false);
    }
    put(s, party, kind, w->p, w->len, has_item);
}

static const size_t CALL_LOG = 0, CALL_ROW = 1;

static ol_ref to_call(void) {
    ol_log_key key = key_of(CALL_LOG);
    return ol_ref_to(&key, CALL_ROW);
}

/* ── acts ──────────────────────────────────────────────────────────────────────────────────────*/

enum { DELIVER, RETURN, RECEIPT, RING, ENDED, ANSWER, DECLINE, DEFER, CLOSE, HIDE, NEW_P, NEW_Q };

static bool knows_call(const story *s) {
    return s->held[Q][CALL_LOG] > CALL_ROW;
}

static bool knows_close(const story *s) {
    return s->is_closed && s->held[Q][s->close_log] > s->close_row;
}

static void after_word(story *s) {
    s->was_seen = s->was_seen || !knows_close(s); /* it has seen the call, and not the close */
}

static void ring(story *s, bool is_ended) {
    uint8_t body[100];
    ol_wr w = ol_wr_of(body, sizeof body);
    ol_ring_encode(
        &(ol_ring){ .state = is_ended, .call = to_call(), .rung = 1, .seconds = is_ended ? 0 : 30 },
        &w);
    say(s, Q, OL_KIND_RING, &w, false);
    s->is_ended = s->is_ended || is_ended, s->has_rung = true;
    after_word(s);
}

static void reply(story *s, unsigned verb) {
    static const ol_verdict_name by[] = { OL_VERDICT_ANSWERED, OL_VERDICT_DECLINED,
                                          OL_VERDICT_DEFERRED };
    uint8_t body[100];
    ol_wr w = ol_wr_of(body, sizeof body);
    ol_reply_encode(
        &(ol_reply){ .verb = (uint8_t)verb, .call = to_call(), .seconds = verb == 2 ? 60 : 0 }, &w);
    say(s, Q, OL_KIND_REPLY, &w, true);
    after_word(s);
    if (s->was_answered)
        return; /* the first answer stands */
    s->has_reply = true, s->reply = by[verb], s->was_answered = verb == OL_ANSWER;
    s->reply_log = s->now[Q], s->reply_row = s->log[s->now[Q]].rows - 1;
    s->is_late = knows_close(s);
    s->is_crossed = s->is_closed && !s->is_late; /* P closed and cannot have known this */
}

static void close_call(story *s, bool is_hiding) {
    uint8_t body[240];
    static ol_close c;
    memset(&c, 0, sizeof c);
    c.why = s->now[P] == CALL_LOG ? OL_CLOSE_TIME : OL_CLOSE_INTERRUPTED, c.call = to_call();
    bool has_receipt = s->receipt[CALL_LOG] > CALL_ROW && !is_hiding;
    if (has_receipt)
        c.receipts = 1,
        c.receipt[0] = (ol_close_receipt){ .party = Q, .size = s->receipt[CALL_LOG], .time = 7 };
    ol_wr w = ol_wr_of(body, sizeof body);
    ol_close_encode(&c, &w);
    say(s, P, OL_KIND_CLOSE, &w, false);
    s->is_closed = true, s->close_log = s->now[P], s->close_row = s->log[s->now[P]].rows - 1;
    s->was_held = has_receipt;
    for (size_t i = 2; i < LOGS; i++) /* P had something of Q's, written when it had the call */
        s->was_known = s->was_known || (s->saw[i] > 0 && s->held[P][i] >= s->saw[i]);
    if (s->has_reply)
        s->is_crossed = s->held[P][s->reply_log] <= s->reply_row;
}

/* False: it cannot come now, or changes nothing. */
static bool act(story *s, unsigned which) {
    bool is_word = which >= RING && which <= DEFER;
    if (s->left[which] == 0 || (is_word && (s->words == 0 || !knows_call(s))))
        return false;
    s->left[which]--, s->words -= is_word;
    story before = *s;
    switch (which) {
    case DELIVER:
        for (size_t i = 0; i < 2; i++)
            s->held[Q][i] = s->log[i].rows;
        return memcmp(s->held, before.held, sizeof s->held) != 0;
    case RETURN:
        for (size_t i = 2; i < LOGS; i++)
            s->held[P][i] = s->log[i].rows;
        return memcmp(s->held, before.held, sizeof s->held) != 0;
    case RECEIPT:
        for (size_t i = 0; i < 2; i++)
            s->receipt[i] = s->held[Q][i];
        return memcmp(s->receipt, before.receipt, sizeof s->receipt) != 0;
    case CLOSE:
    case HIDE:
        if (s->is_closed)
            return false;
        close_call(s, which == HIDE);
        return true;
    case NEW_P:
        s->now[P] = 1;
        return !s->is_closed;
    case NEW_Q:
        s->now[Q] = 3;
        return true;
    default:
        if (which <= ENDED)
            ring(s, which == ENDED);
        else
            reply(s, which - ANSWER);
        return true;
    }
}

/* ── judging ───────────────────────────────────────────────────────────────────────────────────*/

static void fill(const story *s, ol_view *v, const uint64_t rows[LOGS], const uint8_t order[LOGS]) {
    for (size_t i = 0; i < LOGS; i++) {
        size_t log = order[i], at;
        ol_log_key key = key_of(log);
        if (rows[log] == 0)
            continue;
        assert_int_equal(ol_view_add_log(v, &key, &at), OL_OK);
        for (uint64_t row = 0; row < rows[log]; row++)
            assert_int_equal(ol_view_add_entry(v, at, s->log[log].entry[row], s->log[log].len[row]),
                             OL_OK);
    }
    for (size_t i = 0; i < ol_view_claims(v); i++) {
        ol_view_claim c = ol_view_claim_at(v, i);
        if (c.log != OL_VIEW_NONE && c.size <= ol_view_log_size(v, c.log))
            ol_view_claim_holds(v, i);
    }
    assert_int_equal(ol_view_finish(v), OL_OK);
}

static size_t closes_named;

static void on_issue(void *ctx, const ol_view_issue *issue) {
    (void)ctx;
    closes_named += issue->rule == OL_VIEW_CLOSE_AGAIN;
}

static bool judge(const story *s, const uint64_t rows[LOGS], const uint8_t order[LOGS],
                  ol_verdict *ret) {
    ol_mem mem;
    ol_view *v;
    ol_mem_heap(&mem, 1 << 20);
    ol_view_opts opts = { .mem = &mem, .parties = PARTIES, .rungs = 2, .issue = on_issue };
    assert_int_equal(ol_view_new(&opts, &v), OL_OK);
    fill(s, v, rows, order);
    bool has_call = ol_verdict_calls(v) == 1;
    if (has_call)
        *ret = ol_verdict_of(v, 0, Q);
    ol_view_free(v);
    assert_int_equal(mem.used, 0);
    return has_call;
}

static void print(const story *s) {
    for (size_t i = 0; i < LOGS; i++) {
        for (size_t row = 0; row < s->log[i].rows; row++) {
            char hex[2 * sizeof s->log[0].entry[0] + 1];
            ol_hex_put(s->log[i].entry[row], s->log[i].len[row], hex);
            print_message("log %zu entry %zu: %s\n", i, row, hex);
        }
    }
}

#define EXPECT(s, x) ((x) ? (void)0 : (print(s), assert_true(x)))

static ol_verdict_name expected(const story *s) {
    if (s->has_reply)
        return s->reply;
    if (!s->is_closed)
        return OL_VERDICT_OPEN;
    return s->was_held || s->was_known ? OL_VERDICT_UNANSWERED : OL_VERDICT_UNREACHED;
}

static void expect(const story *s, const ol_verdict *is) {
    EXPECT(s, is->name == expected(s));
    EXPECT(s, is->is_late == (s->has_reply && s->is_late));
    EXPECT(s, is->is_crossed == (s->has_reply && s->is_crossed));
    EXPECT(s, is->is_ended == s->is_ended && is->has_rung == s->has_rung);
    EXPECT(s, is->is_stored == (is->name == OL_VERDICT_UNREACHED && s->was_seen));
    EXPECT(s, is->has_receipt == (s->is_closed && s->was_held));
    EXPECT(s, is->is_known == (s->is_closed && s->was_known));
    EXPECT(s, (is->close == OL_VIEW_NONE) == !s->is_closed);
    EXPECT(s, (is->by == OL_VIEW_NONE) == !s->has_reply);
    EXPECT(s, (is->witness != OL_VIEW_NONE) == (s->is_closed && s->was_seen));
}

static void in_every_order(const story *s) {
    uint64_t rows[LOGS];
    ol_verdict is;
    for (size_t i = 0; i < LOGS; i++)
        rows[i] = s->log[i].rows;
    const unsigned as_numbered = 0xe4; /* two bits a log */
    unsigned from = clock_off == 0 ? 0 : as_numbered, to = clock_off == 0 ? 256 : as_numbered + 1;
    for (unsigned n = from; n < to; n++) {
        const uint8_t order[LOGS] = { (uint8_t)(n & 3), (uint8_t)(n >> 2 & 3),
                                      (uint8_t)(n >> 4 & 3), (uint8_t)(n >> 6) };
        unsigned all = 0;
        for (size_t i = 0; i < LOGS; i++)
            all |= 1u << order[i];
        if (all != 15)
            continue;
        EXPECT(s, judge(s, rows, order, &is));
        expect(s, &is);
    }
}

/* How much is said. */
static unsigned rank(const ol_verdict *is) {
    static const unsigned of[OL_VERDICTS] = {
        [OL_VERDICT_OPEN] = 1,     [OL_VERDICT_UNREACHED] = 2, [OL_VERDICT_UNANSWERED] = 4,
        [OL_VERDICT_DEFERRED] = 6, [OL_VERDICT_DECLINED] = 6,  [OL_VERDICT_ANSWERED] = 7
    };
    return of[is->name] + (is->is_stored || (is->name == OL_VERDICT_UNANSWERED && is->has_rung));
}

/* Every part of the record, as either station or a third may hold it on the way. */
static void only_forward(const story *s) {
    static const uint8_t order[LOGS] = { 3, 1, 2, 0 };
    static uint8_t known[ROWS][ROWS][ROWS][ROWS];
    uint64_t r[LOGS];
    for (r[0] = 0; r[0] <= s->log[0].rows; r[0]++)
        for (r[1] = 0; r[1] <= s->log[1].rows; r[1]++)
            for (r[2] = 0; r[2] <= s->log[2].rows; r[2]++)
                for (r[3] = 0; r[3] <= s->log[3].rows; r[3]++) {
                    ol_verdict is;
                    uint8_t now = judge(s, r, order, &is) ? (uint8_t)rank(&is) : 0;
                    known[r[0]][r[1]][r[2]][r[3]] = now;
                    EXPECT(s, r[0] == 0 || known[r[0] - 1][r[1]][r[2]][r[3]] <= now);
                    EXPECT(s, r[1] == 0 || known[r[0]][r[1] - 1][r[2]][r[3]] <= now);
                    EXPECT(s, r[2] == 0 || known[r[0]][r[1]][r[2] - 1][r[3]] <= now);
                    EXPECT(s, r[3] == 0 || known[r[0]][r[1]][r[2]][r[3] - 1] <= now);
                }
}

/* ── every schedule ────────────────────────────────────────────────────────────────────────────*/

enum { SEEN_MAX = 1 << 20 };
static uint64_t seen[SEEN_MAX];
static size_t states, records, verdicts[OL_VERDICTS];

static bool is_new(const void *p, size_t len, uint64_t hash) {
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ ((const uint8_t *)p)[i]) * 1099511628211u;
    hash |= 1;
    for (size_t at = hash >> 20 & (SEEN_MAX - 1);; at = (at + 1) & (SEEN_MAX - 1)) {
        if (seen[at] == hash)
            return false;
        if (seen[at] == 0) {
            seen[at] = hash;
            return true;
        }
    }
}

static void explore(const story *s) {
    if (!is_new(s, sizeof *s, 1))
        return;
    assert_true(++states < SEEN_MAX / 3);
    if (is_new(s->log, sizeof s->log, 3)) {
        records++;
        verdicts[expected(s)]++;
        in_every_order(s);
        if (clock_off == 0) /* walls have no part in it but for the order */
            only_forward(s);
    }
    for (unsigned which = 0; which < OL_LEN(s->left); which++) {
        story next = *s;
        if (act(&next, which))
            explore(&next);
    }
}

static story begin_story(void) {
    static story s;
    uint8_t body[100];
    const unsigned left[] = { 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    memset(&s, 0, sizeof s);
    memcpy(s.left, left, sizeof left);
    s.now[P] = 0, s.now[Q] = 2, s.words = 2;
    ol_wr w = ol_wr_of(body, sizeof body);
    ol_call_encode(&(ol_call){ .precedence = OL_FLASH }, &w);
    say(&s, P, OL_KIND_CALL, &w, true);
    return s;
}

/* Another close of the caller's, in another log and dated before the first, decides nothing. */
static void a_close_dated_back(void **state) {
    (void)state;
    clock_off = 0;
    story s = begin_story();
    assert_true(act(&s, DELIVER) && act(&s, RECEIPT));
    close_call(&s, false);
    const story before = s;
    s.log[0].rows = 2, s.now[P] = 1; /* as if there were no close yet */
    dated_back = 10000;
    close_call(&s, true);
    dated_back = 0;
    story both = before;
    both.log[1] = s.log[1];
    assert_int_equal(expected(&both), OL_VERDICT_UNANSWERED);
    in_every_order(&both);
    assert_int_equal(closes_named, 24);
}

static void every_schedule(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(clocks); i++) {
        memset(seen, 0, sizeof seen);
        clock_off = clocks[i], states = records = 0;
        const story s = begin_story();
        explore(&s);
        print_message("clock %d: %zu states, %zu records\n", clock_off, states, records);
    }
    for (size_t i = 0; i < OL_VERDICTS; i++)
        print_message("%s: %zu\n", ol_verdict_text((ol_verdict_name)i), verdicts[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_close_dated_back),
        cmocka_unit_test(every_schedule),
    };
    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
