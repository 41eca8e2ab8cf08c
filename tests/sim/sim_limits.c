/* What a station takes in of a member's entries in a day (docs/PROTOCOL.md §5.7): one that writes
 * more is delayed, told so, and loses nothing, and its FLASH passes; one that keeps to the charter
 * is never delayed, not after a month without a path, nor when the receiver has lost its store.
 *   sim_limits [--verbose] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_inner.h"

enum { DAY_MS = 86400000, MINUTE_MS = 60000, BODY = 60 };

static unsigned failed;
static bool is_verbose;
static size_t frames;

#define EXPECT(x, ...)                                                                             \
    do {                                                                                           \
        if (!(x))                                                                                  \
            printf("expected %s: ", #x), printf(__VA_ARGS__), putchar('\n'), failed++;             \
    } while (0)

static void on_frame(sim_world *w, unsigned from, unsigned party, uint32_t to, const uint8_t *p,
                     size_t len) {
    (void)w, (void)from, (void)party, (void)to, (void)p, (void)len;
    frames++;
}

static uint64_t delayed(const sim_world *w, unsigned p) {
    return ol_line_count(w->st[p].line, OL_COUNT_HEADS_DELAYED);
}

static ol_err add_size(void *ctx, const ol_stored_log *g) {
    uint64_t *n = ctx; /* party, lane, sum */
    if (g->key.party == n[0] && g->key.lane == n[1])
        n[2] += g->size;
    return OL_OK;
}

/* Entries of an author's lane that p has stored. */
static uint64_t stored(const sim_world *w, unsigned p, unsigned author, uint8_t lane) {
    uint64_t n[3] = { author, lane, 0 };
    OL_ASSERT(w->st[p].store->ops->logs(w->st[p].store, sim_line_id, add_size, n) == OL_OK);
    return n[2];
}

static ol_delay_status status(const sim_world *w, unsigned p) {
    ol_delay_status s;
    ol_line_delay_status(w->st[p].line, (uint8_t)(1 - p), &s);
    return s;
}

/* B's own engine lets it write a thousand times what the charter says. */
static void a_flood(void) {
    enum { LIMIT = 1000, ALL = 2400 };
    sim_world *w = sim_new(11, 2, is_verbose);
    w->limit = LIMIT, w->st[1].limit = LIMIT * 1000;
    sim_start(w, 0), sim_start(w, 1);
    sim_until(w, 3000);
    size_t quiet = w->st[0].mem.used;
    for (unsigned i = 0; i < ALL; i++)
        sim_say(w, 1, OL_LANE_ROUTINE, BODY);
    sim_until(w, w->now_ms + 2 * MINUTE_MS);
    uint64_t taken = stored(w, 0, 1, OL_LANE_ROUTINE);
    EXPECT(taken > LIMIT && taken <= 3 * LIMIT, "%llu taken", (unsigned long long)taken);
    EXPECT(delayed(w, 0) > 0, "none delayed");
    EXPECT((status(w, 0).what & OL_DELAY_THEIRS) != 0 && status(w, 0).theirs_s[1] > 0, "not told");
    EXPECT((status(w, 1).what & OL_DELAY_OURS) != 0 && status(w, 1).ours_s[1] > 0, "not told");
    EXPECT(status(w, 1).ours_s[0] == 0, "the urgent lane is late");
    EXPECT(w->st[0].mem.used < quiet + 200000, "%zu bytes", w->st[0].mem.used);
    for (unsigned i = 0; i < 3; i++) { /* FLASH: as quick as ever */
        uint64_t before = stored(w, 0, 1, OL_LANE_URGENT), then = w->now_ms;
        sim_say(w, 1, OL_LANE_URGENT, BODY);
        while (stored(w, 0, 1, OL_LANE_URGENT) == before && w->now_ms < then + 1000)
            sim_until(w, w->now_ms + 1);
        EXPECT(w->now_ms - then < 200, "FLASH after %llu ms",
               (unsigned long long)(w->now_ms - then));
        sim_until(w, w->now_ms + MINUTE_MS);
    }
    frames = 0, w->on_frame = on_frame;
    sim_until(w, w->now_ms + 60 * MINUTE_MS);
    w->on_frame = NULL;
    EXPECT(frames < 4000, "%zu frames in an hour", frames);
    EXPECT(stored(w, 0, 1, OL_LANE_ROUTINE) < taken + LIMIT / 10, "the limit does not bind");
    sim_kill(w, 0, true); /* what was spent is not forgotten */
    sim_start(w, 0);
    sim_until(w, w->now_ms + 2 * MINUTE_MS);
    EXPECT(stored(w, 0, 1, OL_LANE_ROUTINE) < taken + LIMIT / 5, "a restart fills the credit");
    sim_until(w, w->now_ms + DAY_MS);
    EXPECT(stored(w, 0, 1, OL_LANE_ROUTINE) == ALL + 1, "%llu there",
           (unsigned long long)stored(w, 0, 1, OL_LANE_ROUTINE));
    sim_converge(w, 60000);
    sim_until(w, w->now_ms + 5 * MINUTE_MS);
    for (unsigned p = 0; p < 2; p++)
        EXPECT(status(w, p).what == 0, "%u: still %u", p, status(w, p).what);
    printf("a flood: %llu taken at once, %llu times delayed, %zu frames in an hour\n",
           (unsigned long long)taken, (unsigned long long)delayed(w, 0), frames);
    sim_free(w);
}

/* As much as ever may be written: all that the bucket holds, then one as soon as there is one. */
static void write_on(sim_world *w, unsigned limit, unsigned days, unsigned *said) {
    unsigned first = *said == 0 ? limit * 9 / 10 : 0;
    for (unsigned i = 0; i < first; i++)
        for (unsigned p = 0; p < 2; p++)
            sim_say(w, p, OL_LANE_ROUTINE, BODY);
    for (unsigned i = 0; i < days * limit; i++) {
        sim_until(w, w->now_ms + DAY_MS / limit);
        for (unsigned p = 0; p < 2; p++)
            sim_say(w, p, OL_LANE_ROUTINE, BODY);
    }
    *said += first + days * limit;
}

static void ends(sim_world *w, const char *name, unsigned said) {
    sim_converge(w, 0);
    for (unsigned p = 0; p < 2; p++) {
        uint64_t n = stored(w, p, 1 - p, OL_LANE_ROUTINE);
        EXPECT(n > said, "%s: %llu of %u there", name, (unsigned long long)n, said);
        EXPECT(delayed(w, p) == 0, "%s: delayed %llu times", name,
               (unsigned long long)delayed(w, p));
    }
    printf("%s: %u said by each, none delayed\n", name, said);
    sim_free(w);
}

/* Both start anew, with so many paths. */
static void paths(sim_world *w, unsigned n) {
    w->slots[0][1] = w->slots[1][0] = n;
    for (unsigned p = 0; p < 2; p++) {
        sim_kill(w, p, false);
        sim_start(w, p);
    }
}

static void a_month_without_a_path(void) {
    sim_world *w = sim_new(12, 2, is_verbose);
    unsigned said = 0;
    w->limit = 100;
    paths(w, 0);
    write_on(w, 100, 30, &said);
    paths(w, 1);
    write_on(w, 100, 1, &said);
    ends(w, "a month without a path", said);
}

/* Its disk is as it was before it ever began. */
static void a_store_that_is_lost(void) {
    sim_world *w = sim_new(13, 2, is_verbose);
    unsigned said = 0;
    w->limit = 100;
    sim_backup(w, 0);
    sim_start(w, 0), sim_start(w, 1);
    write_on(w, 100, 5, &said);
    sim_restore(w, 0);
    w->st[0].restart_ms = w->now_ms + 60 * MINUTE_MS;
    sim_until(w, w->now_ms + 61 * MINUTE_MS);
    EXPECT(w->st[0].is_up, "not started again");
    sim_converge(w, 0);
    uint64_t n = stored(w, 0, 1, OL_LANE_ROUTINE);
    EXPECT(n > said, "%llu of %u there", (unsigned long long)n, said);
    EXPECT(delayed(w, 0) == 0, "delayed %llu times", (unsigned long long)delayed(w, 0));
    printf("a store that is lost: %u said, none delayed\n", said);
    sim_free(w);
}

/* Always within the limits and always heard: the credit does not grow beyond what is needed. */
static void a_credit_that_is_cut(void) {
    enum { LIMIT = 1000 };
    sim_world *w = sim_new(14, 2, is_verbose);
    w->limit = LIMIT, w->st[1].limit = LIMIT * 1000;
    sim_start(w, 0), sim_start(w, 1);
    sim_until(w, 5 * (uint64_t)DAY_MS);
    for (unsigned i = 0; i < 3600; i++)
        sim_say(w, 1, OL_LANE_ROUTINE, BODY);
    sim_until(w, w->now_ms + 10 * MINUTE_MS);
    uint64_t taken = stored(w, 0, 1, OL_LANE_ROUTINE);
    EXPECT(taken > LIMIT && taken <= 3 * LIMIT, "%llu taken", (unsigned long long)taken);
    printf("a credit that is cut: %llu taken after five quiet days\n", (unsigned long long)taken);
    sim_free(w);
}

/* The flood comes through a third, which has room for more of it and hands it on: what that one
 * says itself is not delayed by it. */
static void a_flood_handed_on(void) {
    enum { LIMIT = 1000, ALL = 3600 };
    sim_world *w = sim_new(15, 3, is_verbose);
    w->limit = LIMIT, w->st[1].limit = LIMIT * 1000, w->st[2].limit = LIMIT * 10;
    w->slots[0][1] = w->slots[1][0] = 0;
    for (unsigned p = 0; p < 3; p++)
        sim_start(w, p);
    sim_until(w, 3000);
    size_t quiet = w->st[0].mem.used;
    for (unsigned i = 0; i < ALL; i++) {
        sim_say(w, 1, OL_LANE_ROUTINE, BODY);
        sim_until(w, w->now_ms + i % 2);
    }
    sim_until(w, w->now_ms + 2 * MINUTE_MS);
    uint64_t taken = stored(w, 0, 1, OL_LANE_ROUTINE);
    EXPECT(stored(w, 2, 1, OL_LANE_ROUTINE) == ALL + 1, "the third has not all of it");
    EXPECT(taken > LIMIT && taken <= 3 * LIMIT && delayed(w, 0) > 0, "%llu taken",
           (unsigned long long)taken);
    EXPECT(w->st[0].mem.used < quiet + 200000, "%zu bytes", w->st[0].mem.used);
    for (unsigned by = 1; by < 3; by++)
        for (uint8_t lane = 0; lane < by; lane++) { /* of its own, urgent; of the third, both */
            uint64_t before = stored(w, 0, by, lane), then = w->now_ms;
            sim_say(w, by, lane, BODY);
            while (stored(w, 0, by, lane) == before && w->now_ms < then + 5000)
                sim_until(w, w->now_ms + 1);
            EXPECT(w->now_ms - then < 1000, "party %u, lane %u: after %llu ms", by, lane,
                   (unsigned long long)(w->now_ms - then));
            sim_until(w, w->now_ms + MINUTE_MS);
        }
    sim_until(w, w->now_ms + DAY_MS);
    EXPECT(stored(w, 0, 1, OL_LANE_ROUTINE) == ALL + 1, "%llu there",
           (unsigned long long)stored(w, 0, 1, OL_LANE_ROUTINE));
    printf("a flood handed on: %llu taken at once, %llu times delayed\n", (unsigned long long)taken,
           (unsigned long long)delayed(w, 0));
    sim_free(w);
}

int main(int argc, char **argv) {
    is_verbose = argc == 2 && strcmp(argv[1], "--verbose") == 0;
    if (argc > 2 || (argc == 2 && !is_verbose))
        return fprintf(stderr, "usage: sim_limits [--verbose]\n"), 2;
    a_flood();
    a_month_without_a_path();
    a_store_that_is_lost();
    a_credit_that_is_cut();
    a_flood_handed_on();
    printf("%u failed\n", failed);
    return failed == 0 ? 0 : 1;
}
