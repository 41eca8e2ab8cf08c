/* The joint order, crossings, seen and read on random records, against a slow model that follows
 * the text of the specification; and every allocation failing once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants those before it
#include <cmocka.h>

#include "record/view.h"

static const char *const NAMES[] = { "usa", "prc", "rok" };

/* ── a log, as its author writes it ────────────────────────────────────────────────────────────*/

enum { LOGS = 8, ROWS = 400 };

typedef struct {
    ol_log_key key;
    size_t rows, numbers;
    size_t number[LOGS]; /* of other logs here; 0: none yet */
    uint64_t seen[ROWS][LOGS], read[ROWS][LOGS], wall[ROWS];
    bool is_message[ROWS];
} model_log;

typedef struct {
    model_log log[LOGS];
    size_t logs;
    uint64_t seed;
    ol_mem mem;
    ol_view *view;
    char issues[8000];
} model;

static unsigned below(model *m, unsigned n) {
    m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(m->seed >> 33) % n;
}

static void on_issue(void *ctx, const ol_view_issue *issue) {
    if (issue->rule == OL_VIEW_OPENING_TWIN || issue->rule == OL_VIEW_WALL_FALLS)
        return; /* all logs of these records begin with nothing, and their times are by chance */
    model *m = ctx;
    char sentence[OL_VIEW_SENTENCE_MAX], name[OL_VIEW_ID_MAX + 1];
    size_t at = strlen(m->issues);
    ol_view_sentence(issue, NAMES, sentence);
    ol_view_log_name(&issue->log, 4, NAMES, name);
    snprintf(m->issues + at, sizeof m->issues - at, "%s %s: %s\n", ol_view_rule_word(issue->rule),
             name, sentence);
}

static void begin(model *m, unsigned parties) {
    ol_mem_heap(&m->mem, 8 << 20);
    m->issues[0] = 0;
    ol_view_opts opts = {
        .mem = &m->mem, .parties = parties, .rungs = 2, .issue = on_issue, .ctx = m
    };
    assert_int_equal(ol_view_new(&opts, &m->view), OL_OK);
}

static void end(model *m) {
    ol_view_free(m->view);
    assert_int_equal(m->mem.used, 0);
}

static size_t body_of_message(uint8_t *to, size_t cap, ol_lane lane) {
    ol_wr w = ol_wr_of(to, cap);
    ol_message_encode(&(ol_message){ .precedence = lane == OL_LANE_URGENT ? OL_FLASH : OL_ROUTINE,
                                     .text = { "x", 1 } },
                      &w);
    return w.len;
}

/* ── random records against the model ──────────────────────────────────────────────────────────*/

/* Appends an entry to log a: sees some of what there is, had read a part of it. */
static void append(model *m, size_t a) {
    model_log *log = &m->log[a];
    uint8_t body[100], bytes[OL_ENTRY_MAX];
    ol_entry e = { .wall = log->wall[log->rows] = below(m, 60), .body = body };
    size_t row = log->rows;
    e.kind = row == 0 ? OL_KIND_OPENING : OL_KIND_MESSAGE;
    ol_wr w = ol_wr_of(body, sizeof body);
    ol_opening_encode(&(ol_opening){ .why = 0 }, &w);
    e.body_len = row == 0 ? w.len : body_of_message(body, sizeof body, log->key.lane);
    e.has_item = log->is_message[row] = row > 0;
    snprintf((char *)e.item, sizeof e.item, "%c%u", (char)('a' + a), (unsigned)row);
    for (size_t b = 0; b < m->logs; b++) {
        uint64_t before = row == 0 ? 0 : log->seen[row - 1][b], now = before;
        if (b != a && m->log[b].rows > before && below(m, 3) > 0)
            now = before + 1 + below(m, (unsigned)(m->log[b].rows - before));
        log->seen[row][b] = now;
    }
    for (unsigned pass = 0; pass < 2; pass++) { /* known numbers, then new ones: ascending */
        for (size_t n = 1; pass == 0 && n <= log->numbers; n++)
            for (size_t b = 0; b < m->logs; b++)
                if (log->number[b] == n && row > 0 && log->seen[row][b] > log->seen[row - 1][b])
                    e.seen[e.seens++] = (ol_mention){ .number = n, .size = log->seen[row][b] };
        for (size_t b = 0; pass == 1 && b < m->logs; b++)
            if (log->seen[row][b] > 0 && log->number[b] == 0) {
                log->number[b] = ++log->numbers;
                e.seen[e.seens++] = (ol_mention){ .number = log->number[b],
                                                  .size = log->seen[row][b],
                                                  .is_first = true,
                                                  .log = m->log[b].key };
            }
    }
    memcpy(log->read[row], log->seen[row], sizeof log->read[row]);
    for (size_t n = 1; row > 0 && n <= log->numbers; n++)
        for (size_t b = 0; b < m->logs; b++)
            if (log->number[b] == n && below(m, 3) == 0 && log->seen[row][b] > 0) {
                log->read[row][b] -= 1 + below(m, (unsigned)log->seen[row][b]);
                e.read[e.reads++] = (ol_mention){ .number = n, .size = log->read[row][b] };
            }
    w = ol_wr_of(bytes, sizeof bytes);
    ol_entry_encode(&e, &w);
    assert_int_equal(w.err, OL_OK);
    log->rows++;
    ol_err err = ol_view_add_entry(m->view, a, bytes, w.len);
    assert_int_equal(err, OL_OK);
}

static void random_record(model *m, uint64_t seed, unsigned parties, size_t logs, size_t entries) {
    memset(m, 0, sizeof *m);
    m->seed = seed, m->logs = logs;
    begin(m, parties);
    for (size_t i = 0; i < logs; i++) {
        size_t number;
        m->log[i].key = (ol_log_key){ (uint8_t)(i % parties), (uint8_t)below(m, 2), { 0 } };
        m->log[i].key.incarnation[0] = (uint8_t)below(m, 3),
        m->log[i].key.incarnation[7] = (uint8_t)i;
        assert_int_equal(ol_view_add_log(m->view, &m->log[i].key, &number), OL_OK);
        assert_int_equal(number, i);
        append(m, i);
    }
    for (size_t i = 0; i < entries; i++)
        append(m, below(m, (unsigned)logs));
}

/* §4.5, read aloud. */
static bool qualifies(const model *m, const size_t *taken, size_t a) {
    for (size_t b = 0; b < m->logs; b++)
        if (m->log[a].seen[taken[a]][b] > taken[b])
            return false;
    return true;
}

static bool is_first(const model *m, const size_t *taken, size_t a, size_t b) {
    const model_log *x = &m->log[a], *y = &m->log[b];
    if (x->wall[taken[a]] != y->wall[taken[b]])
        return x->wall[taken[a]] < y->wall[taken[b]];
    if (x->key.party != y->key.party)
        return x->key.party < y->key.party;
    if (x->key.lane != y->key.lane)
        return x->key.lane < y->key.lane;
    return memcmp(x->key.incarnation, y->key.incarnation, OL_INC_LEN) < 0;
}

static void check_order(const model *m) {
    size_t taken[LOGS] = { 0 };
    for (size_t at = 0; at < ol_view_len(m->view); at++) {
        size_t best = LOGS;
        for (size_t a = 0; a < m->logs; a++)
            if (taken[a] < m->log[a].rows && qualifies(m, taken, a) &&
                (best == LOGS || is_first(m, taken, a, best)))
                best = a;
        ol_view_item item = ol_view_at(m->view, at);
        assert_int_equal(item.log, best);
        assert_int_equal(item.index, taken[best]);
        assert_int_equal(item.wall, m->log[best].wall[item.index]);
        assert_int_equal(item.is_message, m->log[best].is_message[item.index]);
        assert_null(item.unreadable);
        assert_false(item.is_forced);
        assert_int_equal(ol_view_find(m->view, best, item.index), at);
        taken[best]++;
    }
}

/* §4.2: messages of different parties cross iff neither's read covers the other. */
static bool do_cross(const model *m, ol_view_item x, ol_view_item y) {
    return m->log[x.log].key.party != m->log[y.log].key.party && x.is_message && y.is_message &&
           m->log[x.log].read[x.index][y.log] <= y.index &&
           m->log[y.log].read[y.index][x.log] <= x.index;
}

static unsigned check_crossings(const model *m) {
    unsigned all = 0;
    for (size_t i = 0; i < ol_view_len(m->view); i++) {
        ol_view_item x = ol_view_at(m->view, i);
        unsigned n = 0;
        for (size_t k = 0; k < ol_view_len(m->view); k++) {
            if (!do_cross(m, x, ol_view_at(m->view, k)) || n == OL_VIEW_CROSSINGS_MAX)
                continue;
            assert_true(n < x.crossings);
            assert_int_equal(ol_view_crossing(m->view, i, n), k);
            n++;
        }
        assert_int_equal(x.crossings, n);
        all += n;
    }
    return all;
}

static void check_seen(const model *m) {
    for (size_t a = 0; a < m->logs; a++)
        for (size_t row = 0; row < m->log[a].rows; row++)
            for (size_t b = 0; b < m->logs; b++) {
                assert_int_equal(ol_view_seen(m->view, a, row, b), m->log[a].seen[row][b]);
                assert_int_equal(ol_view_read(m->view, a, row, b), m->log[a].read[row][b]);
            }
}

static void random_records(void **state) {
    (void)state;
    static model m;
    unsigned crossings = 0, full = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        unsigned parties = 2 + (unsigned)seed % 2;
        random_record(&m, seed, parties, parties + (size_t)seed % (LOGS - parties + 1),
                      (size_t)seed * 5);
        print_message("seed %u\n", (unsigned)seed);
        assert_int_equal(ol_view_finish(m.view), OL_OK);
        assert_string_equal(m.issues, "");
        check_order(&m);
        crossings += check_crossings(&m);
        check_seen(&m);
        for (size_t i = 0; i < ol_view_len(m.view); i++)
            full += ol_view_at(m.view, i).crossings == OL_VIEW_CROSSINGS_MAX;
        end(&m);
    }
    assert_true(crossings > 1000 && full > 100); /* it was put to work */
}

static ol_err whole(ol_mem *mem, size_t entries) {
    static const ol_log_key keys[] = { { 0, 0, { 1 } }, { 1, 0, { 2 } } };
    uint8_t body[100], bytes[OL_ENTRY_MAX];
    ol_view *v = NULL;
    ol_view_opts opts = { .mem = mem, .parties = 2 };
    ol_err err = ol_view_new(&opts, &v);
    size_t log[2] = { 0, 0 };
    for (size_t i = 0; i < 2 && err == OL_OK; i++) {
        err = ol_view_add_log(v, &keys[i], &log[i]);
        if (err == OL_OK)
            err = ol_view_add_receipt(v, log[i], (uint8_t)(1 - i), 3, 4);
    }
    for (size_t i = 0; i < entries && err == OL_OK; i++) {
        ol_entry e = { .kind = OL_KIND_MESSAGE, .wall = i, .body = body, .has_item = true };
        e.body_len = body_of_message(body, sizeof body, OL_LANE_URGENT);
        e.item[0] = (uint8_t)i, e.item[1] = (uint8_t)(i >> 8);
        if (i > 0)
            e.seen[e.seens++] = (ol_mention){
                .number = 1, .size = (i + 1) / 2, .is_first = i <= 2, .log = keys[(i + 1) % 2]
            };
        if (i > 4)
            e.read[e.reads++] = (ol_mention){ .number = 1, .size = 1 };
        ol_wr w = ol_wr_of(bytes, sizeof bytes);
        ol_entry_encode(&e, &w);
        err = ol_view_add_entry(v, log[i % 2], bytes, w.len);
    }
    if (err == OL_OK)
        err = ol_view_finish(v);
    assert_true(err != OL_OK || ol_view_len(v) == entries);
    ol_view_free(v);
    return err;
}

static void memory(void **state) {
    (void)state;
    ol_mem mem;
    ol_mem_heap(&mem, 1 << 20);
    unsigned failures = 0;
    for (unsigned long long nth = 1;; nth++, failures++) {
        mem.gets = 0, mem.fail_at = nth;
        ol_err err = whole(&mem, 40);
        assert_int_equal(mem.used, 0);
        if (err == OL_OK)
            break;
        assert_int_equal(err, OL_ENOMEM);
    }
    assert_true(failures > 20);
    mem.fail_at = 0, mem.peak = 0, mem.cap = 64 << 20;
    assert_int_equal(whole(&mem, 20000), OL_OK);
    print_message("%zu bytes an entry at most\n", mem.peak / 20000);
    assert_true(mem.peak / 20000 < 450);
    ol_mem_heap(&mem, 100000);
    assert_int_equal(whole(&mem, 20000), OL_ENOMEM);
    assert_int_equal(mem.used, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_records),
        cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests_name("view_order", tests, NULL, NULL);
}
