/* A copy of a home runs while the original does, and nobody starts that one anew: it says so while
 * both run, and has all that the copy was told in its name soon after that is ended (§6.6). */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "lib_inner.h"

enum { SEEDS = 40, ALARM_MS = 600000, AFTER_MS = 300000, SILENT_MAX = 4 };

/* A copy that is mute opens no log: nothing but its receipts speaks of it. */
static void talk(sim_world *w, unsigned rounds, bool is_mute) {
    for (unsigned i = 0; i < rounds; i++) {
        sim_say(w, (unsigned)sim_random(w, is_mute ? w->parties : w->stations),
                (uint8_t)sim_random(w, 2), 60);
        sim_pass_ms(w, 1 + sim_random(w, 20000));
    }
}

/* The virtual milliseconds until the original says that there is a copy. */
static uint64_t until_alarm(sim_world *w, bool is_mute) {
    uint64_t from = w->now_ms;
    while (ol_line_copy(w->st[0].line) == 0 && w->now_ms < from + ALARM_MS)
        talk(w, 1, is_mute);
    return w->now_ms - from;
}

static bool one(uint64_t seed, bool is_verbose, uint64_t *ret_ms) {
    sim_world *w = sim_new(seed, 2 + (unsigned)(seed & 1), is_verbose);
    bool is_mute = seed > SEEDS / 2;
    for (unsigned p = 0; p < w->parties; p++)
        sim_start(w, p);
    talk(w, 10, true);
    OL_ASSERT(ol_line_copy(w->st[0].line) == 0);
    unsigned twin = sim_twin(w, 0);
    *ret_ms = until_alarm(w, is_mute);
    bool has_alarm = ol_line_copy(w->st[0].line) != 0;
    talk(w, (unsigned)sim_random(w, 10), is_mute);
    sim_end(w, twin);
    sim_pass_ms(w, AFTER_MS);
    for (unsigned p = 1; is_mute && p < w->parties;
         p++) /* what only it was given shows a gap now */
        sim_say(w, p, OL_LANE_URGENT, 60), sim_say(w, p, OL_LANE_ROUTINE, 60);
    (void)sim_converge(w, 60000);             /* it aborts, with the seed */
    for (unsigned p = 1; p < w->parties; p++) /* nobody else was alarmed */
        has_alarm = has_alarm && ol_line_copy(w->st[p].line) == 0;
    sim_free(w);
    return has_alarm;
}

int main(int argc, char **argv) {
    unsigned failed = 0, silent = 0, n = 0;
    uint64_t only = 0;
    if (argc >= 3 && strcmp(argv[1], "--seed") == 0 &&
        ol_u64_get(argv[2], strlen(argv[2]), 1, SEEDS, &only) != OL_OK)
        return 2;
    sim_program = argv[0];
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (uint64_t seed = 1, ms; seed <= SEEDS; seed++) {
        if (only != 0 && seed != only)
            continue;
        bool is_good = one(seed, only != 0, &ms);
        printf("seed %llu: %s after %llu ms\n", (unsigned long long)seed,
               is_good ? "an alarm" : "NO ALARM", (unsigned long long)ms);
        silent += !is_good && seed > SEEDS / 2;
        failed += !is_good && seed <= SEEDS / 2, n++;
    }
    failed += silent > SILENT_MAX; /* mute ones: nothing need tell them from a slow path */
    printf("%u passed, %u failed\n", n - failed, failed);
    return failed == 0 ? 0 : 1;
}
