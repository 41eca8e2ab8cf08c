/* When all records are the same and receipted; what they are when they never come to be. */
#include "lib_inner.h"

#include <string.h>

#include "record/merkle.h"

enum { STEP_MS = 100, BASE_MS = 120000, TRIPS = 60, TIMES = 6, OVERHEAD = 400, LOG_BYTES = 2000 };

typedef struct {
    const ol_log_key *key;
    uint64_t size;
    uint8_t root[32];
    bool is_found;
} sizer;

static ol_err on_log_size(void *ctx, const ol_stored_log *g) {
    sizer *z = ctx;
    ol_frontier f;
    if (!ol_log_key_eq(&g->key, z->key))
        return OL_OK;
    z->is_found = true, z->size = g->size;
    if (g->size > 0 && ol_frontier_get(g->frontier, g->frontier_len, &f) == OL_OK) {
        ol_hash root = ol_frontier_root(&f);
        memcpy(z->root, root.b, 32);
    }
    return OL_EEXIST; /* enough */
}

uint64_t sim_size_in(ol_store *s, const ol_log_key *key) {
    sizer z = { .key = key };
    ol_err err = s->ops->logs(s, sim_line_id, on_log_size, &z);
    OL_ASSERT(err == OL_OK || err == OL_EEXIST);
    return z.size;
}

/* ---- the logs of one station, to be compared with those of others ---- */

typedef struct {
    ol_log_key key;
    uint64_t size;
    uint8_t root[32];
} row;

typedef struct {
    SIM_VEC(row) log;
} table;

static ol_err on_row(void *ctx, const ol_stored_log *g) {
    row *r = SIM_PUSH(&((table *)ctx)->log);
    sizer z = { .key = &g->key };
    (void)on_log_size(&z, g);
    r->key = g->key, r->size = g->size;
    memcpy(r->root, z.root, 32);
    return OL_OK;
}

static bool is_honest(const sim_world *w, unsigned p) {
    return !w->st[p].is_liar && !w->st[p].is_over;
}

static bool has(const table *t, const row *r) {
    for (size_t i = 0; i < t->log.n; i++)
        if (ol_log_key_eq(&t->log.v[i].key, &r->key))
            return t->log.v[i].size == r->size && memcmp(t->log.v[i].root, r->root, 32) == 0;
    return false;
}

static bool holds_all(const sim_world *w, const table *a, const table *b) {
    for (size_t i = 0; i < a->log.n; i++)
        if (!w->st[a->log.v[i].key.party].is_liar && !has(b, &a->log.v[i]))
            return false;
    return true;
}

typedef struct {
    uint64_t largest[SIM_PARTIES_MAX];
} receipted;

static ol_err on_receipt(void *ctx, const ol_stored_receipt *r) {
    receipted *v = ctx;
    if (r->sig != NULL && r->size > v->largest[r->party])
        v->largest[r->party] = r->size;
    return OL_OK;
}

/* Every other honest party has receipted all logs of this one, and it knows. */
static bool is_receipted(const sim_world *w, unsigned p, const table *t) {
    ol_store *s = w->st[p].store;
    for (size_t i = 0; i < t->log.n; i++) {
        const row *r = &t->log.v[i];
        receipted v = { { 0 } };
        if (r->key.party != w->st[p].party)
            continue;
        if (s->ops->receipts(s, sim_line_id, &r->key, on_receipt, &v) != OL_OK)
            return false;
        for (unsigned q = 0; q < w->parties; q++)
            if (q != r->key.party && is_honest(w, q) && v.largest[q] < r->size)
                return false;
    }
    return true;
}

static bool has_converged(const sim_world *w) {
    table t[SIM_PARTIES_MAX] = { { { 0 } } };
    bool is_same = true;
    for (unsigned p = 0; p < w->parties; p++) {
        ol_store *s = w->st[p].store;
        OL_ASSERT(s->ops->logs(s, sim_line_id, on_row, &t[p]) == OL_OK);
    }
    for (unsigned p = 0; p < w->parties; p++)
        for (unsigned q = 0; q < w->parties && is_same; q++)
            is_same = p == q || !is_honest(w, p) || !is_honest(w, q) || holds_all(w, &t[p], &t[q]);
    for (unsigned p = 0; p < w->parties && is_same; p++)
        is_same = !is_honest(w, p) || is_receipted(w, p, &t[p]);
    for (unsigned p = 0; p < w->parties; p++)
        free(t[p].log.v);
    return is_same;
}

/* ---- how long it may take ---- */

typedef struct {
    uint64_t bytes;
} weight;

static ol_err weigh_entry(void *ctx, const ol_stored_entry *e) {
    ((weight *)ctx)->bytes += e->len + OVERHEAD;
    return OL_OK;
}

static uint64_t bytes_of(const sim_world *w, unsigned p) {
    ol_store *s = w->st[p].store;
    table t = { { 0 } };
    weight sum = { 0 };
    OL_ASSERT(s->ops->logs(s, sim_line_id, on_row, &t) == OL_OK);
    for (size_t i = 0; i < t.log.n; i++) {
        OL_ASSERT(s->ops->entries(s, sim_line_id, &t.log.v[i].key, 0, OL_SIZE_MAX, weigh_entry,
                                  &sum) == OL_OK);
        sum.bytes += LOG_BYTES;
    }
    free(t.log.v);
    return sum.bytes;
}

/* Two minutes in which dead sessions are noticed, so many of the longest round trips, and all that
 * is on record so many times over the slowest path, once for each party. */
uint64_t sim_bound_ms(const sim_world *w) {
    uint64_t trip = 0, rate = 0, bytes = 0;
    for (unsigned p = 0; p < w->parties; p++) {
        uint64_t mine = bytes_of(w, p);
        bytes = mine > bytes ? mine : bytes;
        for (unsigned q = 0; q < w->parties; q++)
            for (unsigned k = 0; k < w->slots[p][q]; k++) {
                const sim_link *to = &w->net->link[k][p][q], *back = &w->net->link[k][q][p];
                uint64_t ms = to->delay_ms + back->delay_ms;
                trip = ms > trip ? ms : trip;
                if (to->rate_bps > 0 && (rate == 0 || to->rate_bps < rate))
                    rate = to->rate_bps;
            }
    }
    uint64_t ms = BASE_MS + TRIPS * (trip + w->disk_ms);
    return rate == 0 ? ms : ms + TIMES * w->parties * bytes * 8000 / rate;
}

static void words_are_kept(const sim_world *w) {
    for (size_t i = 0; i < w->said.n; i++) {
        const sim_said *s = &w->said.v[i];
        if (!s->is_told || w->st[s->by].has_lost)
            continue;
        for (unsigned p = 0; p < w->parties; p++)
            CHECK(w, !is_honest(w, p) || sim_size_in(w->st[p].store, &s->log) > s->index,
                  "%c: a durable word is missing", sim_name(w, p));
    }
}

uint64_t sim_converge(sim_world *w, uint64_t limit_ms) {
    uint64_t began = w->now_ms;
    sim_net_mend(w);
    SAY(w, "faults end");
    for (unsigned p = 0; p < w->stations; p++) {
        sim_station *s = &w->st[p];
        OL_ASSERT(p < w->parties || s->is_over);
        s->cut_in = 0;
        sim_disk_cut_in(s->disk, 0);
        sim_disk_full_in(s->disk, 0);
        if (!s->is_up && !s->is_liar && !s->is_over)
            sim_start(w, p);
    }
    uint64_t bound = limit_ms > 0 ? limit_ms : sim_bound_ms(w);
    while (!has_converged(w)) {
        if (w->now_ms - began >= bound)
            sim_print(w);
        CHECK(w, w->now_ms - began < bound, "the records are not the same after %llu ms",
              (unsigned long long)bound);
        sim_until(w, w->now_ms + STEP_MS + (w->now_ms - began) / 50);
    }
    words_are_kept(w);
    sim_check_end(w);
    return w->now_ms - began;
}

/* ---- for people ---- */

static ol_err print_log(void *ctx, const ol_stored_log *g) {
    const sim_world *w = ctx;
    fprintf(stderr, "    %s/%c/%02x%02x size %llu%s\n", w->card[g->key.party].name,
            g->key.lane == 0 ? 'u' : 'r', g->key.incarnation[0], g->key.incarnation[1],
            (unsigned long long)g->size, g->is_closed ? " closed" : "");
    return OL_OK;
}

void sim_print(const sim_world *w) {
    for (unsigned p = 0; p < w->parties; p++) {
        const sim_station *s = &w->st[p];
        fprintf(stderr, "  station %c%s%s:\n", sim_name(w, p), s->is_liar ? ", a liar" : "",
                s->is_up ? "" : ", down");
        (void)!s->store->ops->logs(s->store, sim_line_id, print_log, (void *)(uintptr_t)w);
        for (unsigned c = 0; s->is_up && c < OL_COUNT_N; c++)
            fprintf(stderr, " %llu", (unsigned long long)ol_line_count(s->line, (ol_count)c));
        fputc('\n', stderr);
        for (unsigned q = 0; s->is_up && q < w->parties; q++)
            for (unsigned k = 0; k < w->slots[p][q]; k++) {
                ol_path_status st;
                ol_line_path_status(s->line, (ol_path_id)(q * OL_PATHS_PER_PEER + k), &st);
                fprintf(stderr, "    to %s/%u: %s, rtt %llu ms, %llu in, %llu out\n",
                        w->card[q].name, k, st.is_live ? "live" : "dead",
                        (unsigned long long)st.rtt_ms, (unsigned long long)st.frames_in,
                        (unsigned long long)st.frames_out);
            }
    }
}
