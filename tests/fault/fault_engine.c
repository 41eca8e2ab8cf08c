/* Two engines, of which one finds no memory: at its n-th request, for n = 0, 1, 2 … until none is
 * left that fails; once, a few times, for long. Whatever happens: nothing is told that is not so,
 * nothing leaks, and in the end both records are whole and the same.
 *   fault_engine [--whole]    every n in every loop: a minute; else some loops take strides */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "fault/lib_pair.h"
#include "store/mem.h"

static bool is_whole;

typedef struct {
    ol_mem disk[2];
    pair *w;
    unsigned faulty;
    bool has_spoken, goes_dark; /* dark: nothing arrives once it works again */
    uint64_t commits, from, to; /* of the faulty one, so far; those that fail */
    ol_err err;
} world;

/* Said while a batch is out: it waits, as a copy. */
static void on_commit(pair *w, unsigned p, ol_err err) {
    world *x = w->ctx;
    if (err != OL_OK || p != x->faulty)
        return;
    uint64_t n = x->commits++;
    if (n >= x->from && n < x->to)
        ol_store_mem_fail(w->st[p].store, 1, x->err);
    if (x->goes_dark && x->to > 0 && n == x->to)
        w->lost_every = 1;
    if (x->has_spoken || w->saids < 8)
        return;
    x->has_spoken = true;
    for (unsigned i = 0; i < 9; i++)
        pair_say(w, p, i % 2, 60);
}

static void begin(world *x, unsigned faulty) {
    ol_store *store[2];
    *x = (world){ .faulty = faulty };
    for (unsigned p = 0; p < 2; p++) {
        ol_mem_heap(&x->disk[p], 64 << 20);
        assert_int_equal(ol_store_mem_new(&x->disk[p], &store[p]), OL_OK);
    }
    x->w = pair_new(store[0], store[1]);
    x->w->st[faulty].fault = OL_ENOMEM;
    x->w->on_commit = on_commit, x->w->ctx = x;
}

static void end(world *x) {
    ol_store *store[2] = { x->w->st[0].store, x->w->st[1].store };
    pair_free(x->w);
    for (unsigned p = 0; p < 2; p++)
        store[p]->ops->close(store[p]);
}

/* Both lanes, across the head at 16, an entry larger than a frame, a reboot of the faulty one and a
 * restart of the other. */
static void play(world *x) {
    pair *w = x->w;
    w->st[0].start_ms = w->st[1].start_ms = w->now_ms;
    pair_until(w, w->now_ms + 300);
    for (unsigned i = 0; i < 4; i++)
        pair_say(w, i % 2, (uint8_t)(i / 2), (uint16_t)(20 + 90 * i));
    pair_until(w, w->now_ms + 200);
    for (unsigned i = 0; i < 18; i++)
        pair_say(w, x->faulty, OL_LANE_ROUTINE, 30);
    pair_say(w, 1 - x->faulty, OL_LANE_ROUTINE, 1900);
    pair_until(w, w->now_ms + 400);
    for (unsigned i = 0; i < 18; i++)
        pair_say(w, 1 - x->faulty, OL_LANE_URGENT, 30);
    pair_until(w, w->now_ms + 200);
    if (w->st[x->faulty].is_up)
        pair_stop(w, x->faulty, true);
    w->st[x->faulty].start_ms = w->now_ms + 500;
    pair_until(w, w->now_ms + 1000);
    pair_say(w, x->faulty, OL_LANE_URGENT, 1500);
    pair_stop(w, 1 - x->faulty, false);
    w->st[1 - x->faulty].start_ms = w->now_ms + 300;
    pair_converge(w, 120000);
}

static uint64_t after(uint64_t n, uint64_t stride) {
    return n + (is_whole || n < 20 ? 1 : stride);
}

static pair_gate *gate_of(world *x, bool is_vault) {
    pair_station *s = &x->w->st[x->faulty];
    return is_vault ? &s->vault : &s->gate;
}

static void loop(bool is_vault, uint64_t in_a_row, uint64_t stride) {
    uint64_t points = 0, most = 0;
    for (unsigned faulty = 0; faulty < 2; faulty++) {
        uint64_t calls = 1;
        for (uint64_t n = 0; n < calls; n = after(n, stride)) {
            world x;
            begin(&x, faulty);
            pair_gate *g = gate_of(&x, is_vault);
            g->from = n, g->to = n + in_a_row;
            play(&x);
            calls = g->calls, points += n < calls;
            most = calls > most ? calls : most;
            end(&x);
        }
    }
    print_message("%llu fault points of %llu requests on each side, %llu in a row\n",
                  (unsigned long long)points, (unsigned long long)most,
                  (unsigned long long)in_a_row);
    assert_true(points > 5);
}

static const struct {
    ol_err err;
    uint64_t in_a_row;
    uint8_t told; /* to the other, if it lasts */
} commits[] = {
    { OL_EFULL, 1, 1 },
    { OL_EIO, 6, 2 },
    { OL_ENOMEM, 6, 3 },
};

/* The n-th commit fails, and the next ones: both sides know, until it works again. */
static void commits_fail(void **state) {
    (void)state;
    uint64_t points = 0, told = 0;
    for (size_t i = 0; i < OL_LEN(commits); i++)
        for (unsigned faulty = 0; faulty < 2; faulty++) {
            uint64_t most = 1;
            for (uint64_t n = 0; n < most; n++, points++) {
                world x;
                begin(&x, faulty);
                x.err = commits[i].err, x.from = n, x.to = n + commits[i].in_a_row;
                x.w->st[faulty].is_lossy = true, x.w->lost_every = 3;
                play(&x);
                most = x.commits;
                uint8_t was = x.w->st[1 - faulty].was_stopped;
                assert_true(was == 0 || was == commits[i].told);
                told += was != 0;
                end(&x);
            }
        }
    print_message("%llu fault points, the other was told at %llu\n", (unsigned long long)points,
                  (unsigned long long)told);
    assert_true(told > points / 2);
}

/* That it is over is told, and when that is lost, a receipt tells it too. */
static void a_receipt_ends_it(void **state) {
    (void)state;
    world x;
    begin(&x, 0);
    pair *w = x.w;
    w->st[0].is_lossy = x.goes_dark = x.has_spoken = true;
    w->st[0].start_ms = w->st[1].start_ms = w->now_ms;
    pair_until(w, w->now_ms + 500);
    x.err = OL_EIO, x.from = x.commits, x.to = x.from + 3;
    pair_say(w, 0, OL_LANE_ROUTINE, 30);
    pair_until(w, w->now_ms + 2500);
    assert_int_equal(ol_line_peer_stopped(w->st[1].line, 0), 2);
    assert_int_equal(ol_line_stopped(w->st[0].line), OL_EIO);
    pair_until(w, w->now_ms + 1500);
    assert_int_equal(ol_line_stopped(w->st[0].line), OL_OK);
    assert_int_equal(ol_line_peer_stopped(w->st[1].line, 0), 2);
    w->lost_every = 0;
    pair_say(w, 1, OL_LANE_ROUTINE, 30);
    pair_until(w, w->now_ms + 1000);
    assert_int_equal(ol_line_peer_stopped(w->st[1].line, 0), 0);
    pair_converge(w, 10000);
    end(&x);
}

/* Between a receipt's commit and its signature another commit fails: it is our word already, and
 * is neither put nor signed again with another time (§3.3). */
static void a_slow_signature(void **state) {
    (void)state;
    world x;
    begin(&x, 1);
    pair *w = x.w;
    x.has_spoken = true;
    w->st[0].start_ms = w->st[1].start_ms = w->now_ms;
    pair_until(w, w->now_ms + 500);
    pair_say(w, 1, OL_LANE_ROUTINE, 30);
    pair_until(w, w->now_ms + 500);
    w->st[1].is_signing_slow = w->st[1].is_lossy = true;
    pair_say(w, 0, OL_LANE_URGENT, 30);
    pair_until(w, w->now_ms + 500);
    assert_int_equal(w->st[1].mades, 1);
    x.err = OL_EIO, x.from = x.commits, x.to = x.from + 1;
    pair_say(w, 1, OL_LANE_ROUTINE, 30);
    pair_until(w, w->now_ms + 5000);
    assert_int_equal(w->st[1].failed, 1);
    pair_sign(w, 1);
    pair_converge(w, 10000);
    end(&x);
}

/* The store in memory finds none: it is whole all the same, and whoever uses it. */
static void store_memory(void **state) {
    (void)state;
    uint64_t points = 0;
    for (unsigned faulty = 0; faulty < 2; faulty++) {
        uint64_t most = 1;
        for (uint64_t n = 1; n <= most; n = after(n, 3), points++) {
            world x;
            begin(&x, faulty);
            uint64_t before = x.disk[faulty].gets;
            x.disk[faulty].fail_at = before + n;
            x.w->st[faulty].is_lossy = true;
            play(&x);
            most = x.disk[faulty].gets - before;
            end(&x);
            assert_int_equal(x.disk[faulty].used, 0);
        }
    }
    print_message("%llu fault points\n", (unsigned long long)points);
}

static void no_fault(void **state) {
    (void)state;
    world x;
    begin(&x, 0);
    play(&x);
    assert_int_equal(x.w->st[0].failed + x.w->st[1].failed, 0);
    print_message("%llu ms, %llu and %llu commits\n", (unsigned long long)x.w->now_ms,
                  (unsigned long long)x.w->st[0].commits, (unsigned long long)x.w->st[1].commits);
    end(&x);
}

static void once(void **state) {
    (void)state;
    loop(false, 1, 1);
}

static void a_few(void **state) {
    (void)state;
    loop(false, 4, 3);
}

static void for_long(void **state) {
    (void)state;
    loop(false, 60, 4);
}

static void locked_memory(void **state) {
    (void)state;
    loop(true, 1, 1);
    loop(true, 5, 1);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_fault),
        cmocka_unit_test(once),
        cmocka_unit_test(a_few),
        cmocka_unit_test(for_long),
        cmocka_unit_test(locked_memory),
        cmocka_unit_test(commits_fail),
        cmocka_unit_test(a_receipt_ends_it),
        cmocka_unit_test(a_slow_signature),
        cmocka_unit_test(store_memory),
    };
    is_whole = argc > 1 && strcmp(argv[1], "--whole") == 0;
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
