/* Two parties on a bad path: loss, repeats, reordering, crashes, restores, full disks, from a seed.
 *   sim_line [--seed N] [--verbose]   one seed, with its trace when verbose
 *   sim_line [--seeds N] [--from N]   so many, from there (default 60 from 1) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lib_world.h"

static void faults(sim_world *w) {
    unsigned p = (unsigned)sim_random(w, w->parties);
    switch (sim_random(w, 9)) {
    case 0:
        w->st[p].crash_at = 1 + (uint32_t)sim_random(w, 12);
        break;
    case 1:
        w->path.is_cut[p][(p + 1) % w->parties] ^= true;
        break;
    case 2:
        sim_backup(w, p);
        break;
    case 3:
        if (sim_random(w, 3) == 0)
            sim_restore(w, p);
        break;
    case 4:
        ol_store_mem_fail(w->st[p].store, 1 + sim_random(w, 5), OL_EFULL);
        break;
    case 5:
        w->st[p].clock_off_s = (int64_t)sim_random(w, 200000) - 100000;
        break;
    default:
        break;
    }
}

static uint64_t run(uint64_t seed, bool is_verbose, bool tells) {
    sim_world *w = sim_new(seed, 2, is_verbose);
    w->path.lost = (uint32_t)sim_random(w, 400), w->path.repeated = (uint32_t)sim_random(w, 200);
    w->path.delay_ms = 1 + sim_random(w, 300), w->path.jitter_ms = sim_random(w, 200);
    for (unsigned p = 0; p < 2; p++)
        sim_start(w, p);
    unsigned turns = 20 + (unsigned)sim_random(w, 60);
    for (unsigned i = 0; i < turns; i++) {
        unsigned p = (unsigned)sim_random(w, 2);
        unsigned words = (unsigned)sim_random(w, 20) == 0 ? 40 : 1 + (unsigned)sim_random(w, 3);
        for (unsigned k = 0; k < words; k++)
            sim_say(w, p, (uint8_t)sim_random(w, 2),
                    sim_random(w, 10) == 0 ? 1 + sim_random(w, 1900) : 30 + sim_random(w, 200));
        faults(w);
        sim_until(w, w->now_ms + sim_random(w, sim_random(w, 10) == 0 ? 90000 : 1500));
    }
    uint64_t ms = sim_converge(w, 120000);
    if (tells)
        printf("seed %llu: %zu said, %llu frames, %llu receipts, %llu crashes, %llu restores, same "
               "after %llu ms, trace %016llx\n",
               (unsigned long long)seed, w->saids, (unsigned long long)w->frames,
               (unsigned long long)w->receipts, (unsigned long long)w->crashes,
               (unsigned long long)w->restores, (unsigned long long)ms,
               (unsigned long long)w->trace);
    uint64_t trace = w->trace;
    sim_free(w);
    return trace;
}

int main(int argc, char **argv) {
    uint64_t from = 1, seeds = 60;
    bool is_verbose = false;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        bool is_seed = strcmp(argv[i], "--seed") == 0, is_from = strcmp(argv[i], "--from") == 0;
        bool is_seeds = strcmp(argv[i], "--seeds") == 0;
        uint64_t n = 0;
        if (strcmp(argv[i], "--verbose") == 0) {
            is_verbose = true;
            continue;
        }
        if (!(is_seed || is_from || is_seeds) ||
            ol_u64_get(value, strlen(value), 0, UINT64_MAX / 2, &n) != OL_OK) {
            fprintf(stderr, "usage: sim_line [--seed N] [--seeds N] [--from N] [--verbose]\n");
            return 2;
        }
        from = is_seeds ? from : n;
        seeds = is_seeds ? n : is_seed ? 1 : seeds;
        i++;
    }
    for (uint64_t s = from; s < from + seeds; s++) {
        uint64_t trace = run(s, is_verbose, true);
        if (s == from && !is_verbose && run(s, false, false) != trace)
            return fprintf(stderr, "seed %llu: two runs, two traces\n", (unsigned long long)s), 1;
    }
    return 0;
}
