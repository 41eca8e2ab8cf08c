#include "lib_story.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "base/text.h"
#include "lib_calls.h"
#include "lib_inner.h"
#include "lib_lies.h"
#include "record/verdict.h"

typedef struct {
    sim_world *w;
    const sim_story *how;
    sim_lies *lies;  /* NULL: nobody lies */
    unsigned cut[2]; /* for ever, where they differ */
    unsigned twin;   /* 0: none */
    unsigned copied; /* 1 + the station whose copy was ended, and that ran on since; 0: none */
    bool is_slow;
} tale;

/* ---- the paths ---- */

static void make_link(tale *t, sim_link *k, unsigned kind) {
    sim_world *w = t->w;
    k->lost = (uint32_t)sim_random(w, 400);
    k->repeated = (uint32_t)sim_random(w, 200);
    k->delay_ms = 1 + sim_random(w, 300);
    k->jitter_ms = sim_random(w, 200);
    if (sim_one_in(w, 3)) {
        k->bursts = 1 + (uint32_t)sim_random(w, 20);
        k->burst_ms = 100 + sim_random(w, 5000);
    }
    if (kind == 1) { /* a serial line or HF modem */
        k->rate_bps = UINT64_C(75) << sim_random(w, 8);
        k->is_paced = true;
        k->lost /= 4, k->repeated = 0, k->jitter_ms = 0;
        k->delay_ms = 1 + sim_random(w, 2000);
    } else if (kind == 2) { /* far away */
        k->delay_ms = 300 + sim_random(w, sim_one_in(w, 4) ? 29700 : 2000);
    } else if (kind == 3) { /* clogged */
        k->rate_bps = 2400 + sim_random(w, 64000);
        k->queue_bytes = 2400 + (uint32_t)sim_random(w, 16000);
    }
    t->is_slow = t->is_slow || kind > 0;
}

static void make_paths(tale *t) {
    sim_world *w = t->w;
    for (unsigned a = 0; a < w->parties; a++)
        for (unsigned b = a + 1; b < w->parties; b++) {
            unsigned slots = 1 + (unsigned)sim_random(w, t->how->slots_max);
            w->slots[a][b] = w->slots[b][a] = slots;
            for (unsigned k = 0; k < slots; k++) {
                unsigned kind = t->how->has_slow ? (unsigned)sim_random(w, 6) : 0;
                kind = kind > 3 ? 0 : kind;
                make_link(t, &w->net->link[k][a][b], kind);
                make_link(t, &w->net->link[k][b][a], kind);
                if (kind > 0 && sim_one_in(w, 2))
                    w->net->frame_max[k][a][b] = w->net->frame_max[k][b][a] =
                        (uint16_t)(256 + sim_random(w, OL_FRAME_MAX - 255));
            }
        }
}

/* One pair never speaks to each other, as long as the others can hand on. */
static void cut_for_ever(tale *t) {
    sim_world *w = t->w;
    if (!t->how->has_cuts || w->parties < 3 || t->lies != NULL || !sim_one_in(w, 3))
        return;
    t->cut[0] = (unsigned)sim_random(w, w->parties);
    t->cut[1] = (t->cut[0] + 1) % w->parties;
    w->slots[t->cut[0]][t->cut[1]] = w->slots[t->cut[1]][t->cut[0]] = 0;
    SAY(w, "%s and %s have no path to each other", w->card[t->cut[0]].name,
        w->card[t->cut[1]].name);
}

/* ---- what breaks ---- */

static void power(tale *t, unsigned p) {
    sim_world *w = t->w;
    if (w->is_sqlite && sim_one_in(w, 2)) {
        uint64_t nth = 1 + sim_random(w, 40);
        sim_disk_cut_in(w->st[p].disk, nth);
    } else {
        w->st[p].cut_in = 1 + (uint32_t)sim_random(w, 120);
    }
}

static void one_way(tale *t, unsigned p) {
    sim_world *w = t->w;
    unsigned q = (unsigned)sim_random(w, w->parties), k = (unsigned)sim_random(w, 4);
    if (k < w->slots[p][q])
        w->net->link[k][p][q].is_cut ^= true;
    SAY(w, "%s to %s: path %u is %s", w->card[p].name, w->card[q].name, k,
        w->net->link[k][p][q].is_cut ? "cut" : "whole");
}

static void end_copy(tale *t, bool runs_on) {
    unsigned p = t->w->st[t->twin].party;
    sim_end(t->w, t->twin);
    t->twin = 0, t->copied = p + 1;
    if (runs_on)
        return;
    sim_start_anew(t->w, p);
    t->copied = 0;
}

static void copied(tale *t, unsigned p) {
    sim_world *w = t->w;
    if (t->twin > 0) {
        end_copy(t, sim_one_in(w, 2));
    } else if (w->stations == w->parties && w->st[p].is_up && sim_one_in(w, 3)) {
        t->twin = sim_twin(w, p);
    }
}

static void clocks(tale *t, unsigned p) {
    sim_world *w = t->w;
    if (sim_one_in(w, 2) && w->st[p].is_up) {
        sim_step(w, p, &(ol_event){ .kind = EV_CLOCK_ACCEPTED });
        sim_turn(w, p);
        return;
    }
    int64_t off = (int64_t)sim_random(w, 200000) - 100000;
    if (sim_one_in(w, 4))
        off *= 1000;
    sim_clock(w, p, off);
}

static void fault(tale *t) {
    sim_world *w = t->w;
    unsigned p = (unsigned)sim_random(w, w->parties);
    if (w->st[p].is_liar)
        return;
    switch (sim_random(w, 14)) {
    case 0:
    case 1:
        power(t, p);
        break;
    case 2:
    case 3:
        one_way(t, p);
        break;
    case 4:
        sim_backup(w, p);
        break;
    case 5:
        if (sim_one_in(w, 3) && t->twin == 0)
            sim_restore(w, p);
        break;
    case 6:
        sim_disk_full_in(w->st[p].disk, 1 + sim_random(w, 5));
        w->sum.fulls++;
        break;
    case 7:
        clocks(t, p);
        break;
    case 8:
        copied(t, p);
        break;
    case 9: {
        bool loses_power = sim_one_in(w, 2);
        if (w->st[p].is_up) {
            w->sum.cuts += loses_power, w->sum.kills += !loses_power;
            sim_kill(w, p, loses_power);
            w->st[p].restart_ms = w->now_ms + 1 + sim_random(w, 30000);
        }
        break;
    }
    default:
        break;
    }
}

/* ---- a seed ---- */

static void talk(tale *t) {
    sim_world *w = t->w;
    unsigned p = (unsigned)sim_random(w, w->stations);
    unsigned words = sim_one_in(w, 20) && !t->is_slow ? 40 : 1 + (unsigned)sim_random(w, 3);
    for (unsigned k = 0; k < words && !w->st[p].is_liar; k++) {
        uint8_t lane = (uint8_t)sim_random(w, 2);
        size_t bytes = 30 + (size_t)sim_random(w, 200);
        if (sim_one_in(w, 10))
            bytes = 1 + (size_t)sim_random(w, 1900);
        sim_say(w, p, lane, bytes);
    }
}

static uint64_t while_ms(tale *t) {
    sim_world *w = t->w;
    bool is_long = sim_one_in(w, 10);
    uint64_t ms = sim_random(w, is_long ? 90000 : 1500);
    return t->is_slow ? 10 * ms : ms;
}

/* Whatever happened, the line works afterwards: each says something, and all have it. */
static void speak_again(tale *t) {
    sim_world *w = t->w;
    sim_pass_ms(w, 5000); /* a disk that was full just now is tried again after a second */
    size_t first = w->said.n;
    for (unsigned p = 0; p < w->parties; p++)
        for (uint8_t lane = 0; lane < OL_LANES && !w->st[p].is_liar; lane++)
            sim_say(w, p, lane, 40);
    sim_pass_ms(w, 1000);
    for (size_t i = first; i < w->said.n; i++)
        CHECK(w, w->said.v[i].is_told, "%c: what is said at last is not stored",
              sim_name(w, w->said.v[i].by));
    (void)sim_converge(w, 0);
}

static sim_world *live(uint64_t seed, const sim_story *how, bool is_verbose, uint64_t *ret_ms) {
    sim_world *w = sim_new_on(seed, how->parties_min, is_verbose, seed % 4 == 3);
    unsigned parties =
        how->parties_min + (unsigned)sim_random(w, how->parties_max - how->parties_min + 1);
    if (parties != how->parties_min) {
        uint64_t rnd = w->rnd;
        sim_free(w);
        w = sim_new_on(seed, parties, is_verbose, seed % 4 == 3);
        w->rnd = rnd;
    }
    tale t = { .w = w, .how = how };
    w->calls = how->calls_in > 0 && seed % how->calls_in == 0 ? sim_calls_new() : NULL;
    make_paths(&t);
    if (how->has_liars && parties > 2 && sim_one_in(w, 2))
        t.lies = sim_lies_new(w, (unsigned)sim_random(w, parties));
    if (t.lies != NULL) { /* two histories have two verdicts: sim_fork and verify name them */
        sim_calls_free(w->calls);
        w->calls = NULL;
    }
    cut_for_ever(&t);
    w->disk_ms = sim_one_in(w, 3) ? 1 + sim_random(w, 50) : 0;
    for (unsigned p = 0; p < parties; p++)
        if (!w->st[p].is_liar)
            sim_start(w, p);
    unsigned turns = how->turns_max / 4 + (unsigned)sim_random(w, how->turns_max * 3 / 4);
    for (unsigned i = 0; i < turns; i++) {
        talk(&t);
        for (uint64_t n = w->calls != NULL ? sim_random(w, 3) : 0; n > 0; n--)
            sim_calls_one(w);
        fault(&t);
        if (t.lies != NULL && sim_one_in(w, 2))
            sim_lies_one(t.lies);
        sim_pass_ms(w, while_ms(&t));
    }
    if (t.twin > 0)
        end_copy(&t, false);
    else if (t.copied > 0)
        sim_start_anew(w, t.copied - 1);
    *ret_ms = sim_converge(w, 0);
    speak_again(&t);
    sim_calls_end(w);
    sim_lies_free(t.lies);
    w->sum.ms = w->now_ms;
    return w;
}

/* ---- the command line ---- */

typedef struct {
    bool is_verbose, is_traces;
    uint64_t seeds;
    sim_sums sum;
} run;

static void add(sim_sums *to, const sim_sums *s) {
    to->ms += s->ms, to->said += s->said, to->frames += s->frames, to->bytes += s->bytes;
    to->receipts += s->receipts, to->commits += s->commits, to->cuts += s->cuts;
    to->kills += s->kills, to->restores += s->restores, to->twins += s->twins;
    to->lies += s->lies, to->jumps += s->jumps, to->fulls += s->fulls;
    for (unsigned i = 0; i < SIM_VERDICTS; i++)
        to->verdicts[i] += s->verdicts[i];
}

static uint64_t seed_once(run *r, uint64_t seed, const sim_story *how, bool tells) {
    uint64_t ms;
    sim_world *w = live(seed, how, r->is_verbose && tells, &ms);
    const sim_sums *s = &w->sum;
    uint64_t trace = w->trace;
    if (tells && !r->is_traces)
        printf("seed %" PRIu64 ": %u parties%s, %" PRIu64 " said, %" PRIu64 " frames, %" PRIu64
               " receipts, %" PRIu64 " cuts, %" PRIu64 " restores, %" PRIu64 " lies, %" PRIu64
               " s, same after %" PRIu64 " ms, trace %016" PRIx64 "\n",
               seed, w->parties, w->is_sqlite ? " on SQLite" : "", s->said, s->frames, s->receipts,
               s->cuts, s->restores, s->lies, s->ms / 1000, ms, trace);
    if (tells && r->is_traces)
        printf("seed %" PRIu64 " trace %016" PRIx64 "\n", seed, trace);
    if (tells)
        add(&r->sum, s), r->seeds++;
    sim_free(w);
    return trace;
}

static int seeds_from(run *r, uint64_t from, uint64_t n, const sim_story *how) {
    for (uint64_t s = from; s < from + n; s++) {
        uint64_t trace = seed_once(r, s, how, true);
        if (s == from && !r->is_verbose && seed_once(r, s, how, false) != trace)
            return fprintf(stderr, "seed %" PRIu64 ": two runs, two traces\n", s), 1;
    }
    return 0;
}

/* SIM_FRESH: ./check gives the commit here, so that whoever checks it has the same seeds. */
static uint64_t fresh_base(void) {
    uint64_t base = 0;
    const char *given = getenv("SIM_FRESH");
    if (given != NULL && ol_u64_get(given, strlen(given), 0, UINT32_MAX, &base) == OL_OK)
        return base + 1000000;
    OL_ASSERT(getrandom(&base, sizeof base, 0) == (ssize_t)sizeof base);
    return base % (UINT64_C(1) << 48) + 1000000;
}

static void sum_up(const run *r) {
    const sim_sums *s = &r->sum;
    printf("sum: seeds %" PRIu64 ", simulated_s %" PRIu64 ", said %" PRIu64 ", frames %" PRIu64
           ", receipts %" PRIu64 ", commits %" PRIu64 ", cuts %" PRIu64 ", kills %" PRIu64
           ", restores %" PRIu64 ", copies %" PRIu64 ", lies %" PRIu64 ", jumps %" PRIu64
           ", full %" PRIu64 "\n",
           r->seeds, s->ms / 1000, s->said, s->frames, s->receipts, s->commits, s->cuts, s->kills,
           s->restores, s->twins, s->lies, s->jumps, s->fulls);
    for (unsigned i = 0; i < SIM_VERDICTS; i++)
        if (s->verdicts[i] > 0)
            printf("verdicts: %s %" PRIu64 "\n", ol_verdict_text((ol_verdict_name)i),
                   s->verdicts[i]);
}

static int usage(const sim_story *how) {
    fprintf(stderr,
            "usage: %s [--seed N | [--seeds N] [--from N] [--fresh N]] [--verbose] [--traces]\n",
            how->program);
    return 2;
}

int sim_story_main(int argc, char **argv, const sim_story *how) {
    uint64_t from = 1, seeds = UINT64_MAX, fresh = UINT64_MAX;
    static char replay[128];
    run r = { 0 };
    snprintf(replay, sizeof replay, "build/clang/%s", how->program);
    sim_program = replay;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        bool is_verbose = strcmp(argv[i], "--verbose") == 0;
        bool is_traces = strcmp(argv[i], "--traces") == 0;
        uint64_t n = 0;
        r.is_verbose = r.is_verbose || is_verbose, r.is_traces = r.is_traces || is_traces;
        if (is_verbose || is_traces)
            continue;
        if (ol_u64_get(value, strlen(value), 0, UINT64_MAX / 2, &n) != OL_OK)
            return usage(how);
        if (strcmp(argv[i], "--seed") == 0)
            from = n, seeds = 1;
        else if (strcmp(argv[i], "--seeds") == 0)
            seeds = n;
        else if (strcmp(argv[i], "--from") == 0)
            from = n;
        else if (strcmp(argv[i], "--fresh") == 0)
            fresh = n;
        else
            return usage(how);
        i++;
    }
    bool is_all = seeds == UINT64_MAX && fresh == UINT64_MAX;
    seeds = is_all ? how->fixed : seeds == UINT64_MAX ? 0 : seeds;
    fresh = is_all ? how->fresh : fresh == UINT64_MAX ? 0 : fresh;
    int status = seeds_from(&r, from, seeds, how);
    uint64_t base = fresh > 0 ? fresh_base() : 0;
    if (fresh > 0 && status == 0)
        printf("fresh seeds from %" PRIu64 "\n", base), status = seeds_from(&r, base, fresh, how);
    if (!r.is_traces)
        sum_up(&r);
    return status;
}
