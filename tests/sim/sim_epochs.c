/* Two parties whose keys move on: talk, long absences, cuts, power failures between the deciding
 * and the writing of a change, writes that fail, files of secrets put back. A crypto period is ten
 * minutes here and the courier time forty, so that a run sees some sixty periods: more than a year
 * at a charter's usual times.
 *   sim_epochs [--seed N] [--seeds N] [--from N] [--verbose] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/text.h"
#include "lib_inner.h"
#include "line/state.h"

enum { CRYPTO_S = 600, COURIER_S = 2400, TURNS = 40, PERIOD_MS = CRYPTO_S * 1000, FIRSTS = 64 };

typedef struct {
    uint8_t from;
    uint16_t epoch;
    size_t len;
    uint8_t bytes[OL_FRAME_MAX];
} first;

static first heard[FIRSTS]; /* first messages that went out, one an epoch and direction */
static size_t hears;
static uint64_t answers; /* to a stranger */

typedef struct {
    sim_world *w;
    ol_ratchet copy[2]; /* of a file of secrets */
    uint64_t copied_s[2];
    bool has_copy[2];
    unsigned erased[2], peak; /* epochs that were searched for and not found; kept at most */
    uint64_t restores;
} run;

static ol_ratchet *file_of(run *r, unsigned p) {
    return &r->w->st[p].secrets[1 - p];
}

static void on_frame(sim_world *w, unsigned from, unsigned party, uint32_t to, const uint8_t *p,
                     size_t len) {
    (void)w;
    answers += to == UINT32_MAX;
    if (to == UINT32_MAX || len < 81 || hears == FIRSTS)
        return;
    sim_keys k;
    uint16_t epoch = (uint16_t)(p[4] << 8 | p[5]);
    if (epoch > 1000)
        return;
    sim_pair(from, party, epoch, &k);
    if (memcmp(p, k.hint_to, sizeof k.hint_to) != 0)
        return;
    for (size_t i = 0; i < hears; i++)
        if (heard[i].epoch == epoch && heard[i].from == from)
            return;
    first *f = &heard[hears++];
    f->from = (uint8_t)from, f->epoch = epoch, f->len = len;
    memcpy(f->bytes, p, len);
}

/* ---- what must hold at any time ---- */

static bool holds(const void *room, size_t n, const uint8_t *key) {
    const uint8_t *p = room;
    for (size_t i = 0; i + 16 <= n; i++)
        if (p[i] == key[0] && memcmp(p + i, key, 16) == 0)
            return true;
    return false;
}

/* Every secret block of the engine, and the file. */
static bool is_found(const run *r, unsigned p, const uint8_t *key) {
    const sim_station *s = &r->w->st[p];
    const ol_line *l = s->line;
    if (holds(s->secrets, sizeof s->secrets, key))
        return true;
    if (!s->is_up)
        return false;
    const ol_path *path = &l->peer[1 - p].path[0];
    return holds(l, sizeof *l, key) || holds(l->vault, sizeof *l->vault, key) ||
           holds(path->holder, OL_HOLDERS * sizeof *path->holder, key) ||
           holds(path->wait, sizeof *path->wait, key);
}

static void erased_is_gone(run *r, unsigned p) {
    sim_world *w = r->w;
    uint16_t oldest = file_of(r, p)->oldest;
    sim_keys k;
    for (unsigned e = oldest < 12 ? 0 : oldest - 12u; e < oldest; e++) {
        sim_pair(p, 1 - p, (uint16_t)e, &k);
        CHECK(w, !is_found(r, p, k.ck) && !is_found(r, p, k.psk) && !is_found(r, p, k.mac),
              "%c: keys of epoch %u are still there", sim_name(w, p), e);
    }
    if (oldest > r->erased[p])
        r->erased[p] = oldest;
    sim_pair(p, 1 - p, oldest, &k);
    CHECK(w, is_found(r, p, k.ck), "%c: the key of epoch %u is not found", sim_name(w, p), oldest);
}

static void silence_for_erased(run *r) {
    sim_world *w = r->w;
    for (size_t i = 0; i < hears; i++) {
        unsigned to = 1 - heard[i].from;
        if (!w->st[to].is_up || heard[i].epoch >= file_of(r, to)->oldest)
            continue;
        uint64_t before = answers;
        ol_switch_hit hit; /* of a session, by chance: their tags are two bytes */
        bool is_known = ol_switch_find(w->st[to].sw, heard[i].bytes, heard[i].len, &hit) == OL_OK &&
                        hit.kind == OL_TAG_HINT;
        (void)sim_inject(w, to, UINT32_MAX, heard[i].bytes, heard[i].len);
        CHECK(w, !is_known && answers == before, "%c knows a first message of erased epoch %u",
              sim_name(w, to), heard[i].epoch);
    }
}

static void check(run *r) {
    const ol_ratchet *a = file_of(r, 0), *b = file_of(r, 1);
    for (unsigned p = 0; p < 2; p++) {
        const ol_ratchet *own = p == 0 ? a : b;
        erased_is_gone(r, p);
        if (own->send - own->oldest > (int)r->peak)
            r->peak = own->send - own->oldest;
    }
    silence_for_erased(r);
    if (r->restores > 0)
        return;
    unsigned apart = (unsigned)(a->send > b->send ? a->send - b->send : b->send - a->send);
    CHECK(r->w, apart <= 1, "epochs %u and %u", a->send, b->send);
    CHECK(r->w, a->send >= b->oldest && b->send >= a->oldest, "what one sends at is erased");
}

/* ---- what happens ---- */

static void absence(run *r, unsigned p) {
    sim_world *w = r->w;
    sim_kill(w, p, sim_one_in(w, 2));
    w->st[p].restart_ms = w->now_ms + 1 + sim_random(w, 12 * PERIOD_MS);
}

/* Back to a file that is younger than the courier time, which its peer must still know. */
static void put_back(run *r, unsigned p) {
    sim_world *w = r->w;
    if (!r->has_copy[p] || w->now_ms / 1000 - r->copied_s[p] >= COURIER_S)
        return;
    sim_kill(w, p, true);
    *file_of(r, p) = r->copy[p];
    r->has_copy[p] = false;
    w->st[p].restart_ms = w->now_ms + 1 + sim_random(w, 5000);
    r->restores++;
}

static void fault(run *r) {
    sim_world *w = r->w;
    unsigned p = (unsigned)sim_random(w, 2);
    switch (sim_random(w, 9)) {
    case 0:
        absence(r, p);
        break;
    case 1:
        w->st[p].cut_in = 1 + (uint32_t)sim_random(w, 40);
        break;
    case 2:
        w->st[p].secrets_fail = 1 + (unsigned)sim_random(w, 3);
        break;
    case 3:
        sim_net_cut(w, 0, 1, true);
        break;
    case 4:
        r->copy[p] = *file_of(r, p), r->copied_s[p] = w->now_ms / 1000, r->has_copy[p] = true;
        break;
    case 5:
        put_back(r, p);
        break;
    default:
        sim_net_cut(w, 0, 1, false);
        break;
    }
}

static void all_up(run *r) {
    sim_world *w = r->w;
    sim_net_mend(w);
    for (unsigned p = 0; p < 2; p++)
        if (!w->st[p].is_up)
            w->st[p].restart_ms = w->now_ms + 1;
        else
            w->st[p].cut_in = 0, w->st[p].secrets_fail = 0;
    (void)sim_converge(w, 120000);
}

/* Ten quiet periods: both step once a period, and what is older than the courier time is gone. */
static void quiet(run *r) {
    sim_world *w = r->w;
    all_up(r);
    r->restores = 0;
    sim_pass_ms(w, 2 * PERIOD_MS);
    check(r);
    unsigned from = file_of(r, 0)->send;
    for (unsigned i = 0; i < 10; i++)
        sim_pass_ms(w, PERIOD_MS), check(r);
    unsigned to = file_of(r, 0)->send;
    CHECK(w, to - from >= 9 && to - from <= 11, "from epoch %u to %u in ten periods", from, to);
    for (unsigned p = 0; p < 2; p++) {
        const ol_ratchet *own = file_of(r, p);
        unsigned kept = (unsigned)(own->send - own->oldest);
        CHECK(w, kept <= COURIER_S / CRYPTO_S + 1, "%u epochs are kept", kept);
        ol_epoch_status s;
        ol_line_epoch_status(w->st[p].line, (uint8_t)(1 - p), &s);
        CHECK(w, s.epoch == own->send && s.oldest == own->oldest, "status says otherwise");
    }
}

static uint64_t one(uint64_t seed, bool is_verbose) {
    run r = { .w = sim_new(seed, 2, is_verbose) };
    sim_world *w = r.w;
    hears = answers = 0;
    w->on_frame = on_frame;
    w->epochs = (ol_ratchet_times){ .crypto_s = CRYPTO_S, .courier_s = COURIER_S };
    for (unsigned d = 0; d < 2; d++) {
        sim_link *link = &w->net->link[0][d][1 - d];
        link->lost = (uint32_t)sim_random(w, 300), link->repeated = (uint32_t)sim_random(w, 100);
        link->delay_ms = 1 + sim_random(w, 300), link->jitter_ms = sim_random(w, 200);
    }
    sim_start(w, 0), sim_start(w, 1);
    for (unsigned i = 0; i < TURNS; i++) {
        sim_say(w, (unsigned)sim_random(w, 2), (uint8_t)sim_random(w, 2), 30);
        fault(&r);
        sim_pass_ms(w, sim_random(w, sim_one_in(w, 4) ? 4 * PERIOD_MS : PERIOD_MS));
        check(&r);
    }
    uint64_t restores = r.restores;
    quiet(&r);
    printf("seed %llu: %llu periods, epoch %u, %u and %u erased, at most %u kept, %llu put back, "
           "trace %016llx\n",
           (unsigned long long)seed, (unsigned long long)(w->now_ms / PERIOD_MS),
           file_of(&r, 0)->send, r.erased[0], r.erased[1], r.peak, (unsigned long long)restores,
           (unsigned long long)w->trace);
    uint64_t trace = w->trace;
    sim_free(w);
    return trace;
}

int main(int argc, char **argv) {
    uint64_t from = 1, seeds = 6, n = 0;
    bool is_verbose = false;
    sim_program = "build/clang/sim_epochs";
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--verbose") == 0) {
            is_verbose = true;
            continue;
        }
        if (ol_u64_get(value, strlen(value), 0, UINT64_MAX / 2, &n) != OL_OK)
            return fprintf(stderr, "usage: sim_epochs [--seed N] [--seeds N] [--from N]\n"), 2;
        if (strcmp(argv[i], "--seeds") == 0)
            seeds = n;
        else
            from = n, seeds = strcmp(argv[i], "--seed") == 0 ? 1 : seeds;
        i++;
    }
    for (uint64_t s = from; s < from + seeds; s++) {
        uint64_t trace = one(s, is_verbose);
        if (s == from && !is_verbose && one(s, false) != trace)
            return fprintf(stderr, "seed %llu: two runs, two traces\n", (unsigned long long)s), 1;
    }
    return 0;
}
