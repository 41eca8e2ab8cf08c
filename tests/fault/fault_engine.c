/* Two engines, of which one finds no memory: at its n-th request, for n = 0, 1, 2 … until none is
 * left that fails; once, a few times, for long. Whatever happens: nothing is told that is not so,
 * nothing leaks, and in the end both records are whole and the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "fault/lib_pair.h"
#include "store/mem.h"

typedef struct {
    ol_mem disk[2];
    pair *w;
    unsigned faulty;
    bool has_spoken;
} world;

/* Said while a batch is out: it waits, as a copy. */
static void on_commit(pair *w, unsigned p, ol_err err) {
    world *x = w->ctx;
    if (err != OL_OK || p != x->faulty || x->has_spoken || w->saids < 8)
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

static pair_gate *gate_of(world *x, bool is_vault) {
    pair_station *s = &x->w->st[x->faulty];
    return is_vault ? &s->vault : &s->gate;
}

static void loop(bool is_vault, uint64_t in_a_row) {
    uint64_t points = 0, most = 0;
    for (unsigned faulty = 0; faulty < 2; faulty++) {
        uint64_t calls = 1;
        for (uint64_t n = 0; n < calls; n++) {
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
    loop(false, 1);
}

static void a_few(void **state) {
    (void)state;
    loop(false, 4);
}

static void for_long(void **state) {
    (void)state;
    loop(false, 60);
}

static void locked_memory(void **state) {
    (void)state;
    loop(true, 1);
    loop(true, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_fault), cmocka_unit_test(once),          cmocka_unit_test(a_few),
        cmocka_unit_test(for_long), cmocka_unit_test(locked_memory),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
