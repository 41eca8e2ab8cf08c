/* When all records are the same and receipted; what they are when they never come to be. */
#include "lib_inner.h"

#include <string.h>

#include "record/merkle.h"

typedef struct {
    const ol_log_key *key;
    uint64_t size;
    uint8_t root[32];
    bool found;
} sizer;

static ol_err on_log_size(void *ctx, const ol_stored_log *g) {
    sizer *z = ctx;
    ol_frontier f;
    if (!ol_log_key_eq(&g->key, z->key))
        return OL_OK;
    z->found = true, z->size = g->size;
    if (g->size > 0 && ol_frontier_get(g->frontier, g->frontier_len, &f) == OL_OK) {
        ol_hash root = ol_frontier_root(&f);
        memcpy(z->root, root.b, 32);
    }
    return OL_OK;
}

uint64_t sim_size_in(ol_store *s, const ol_log_key *key) {
    sizer z = { .key = key };
    return s->ops->logs(s, sim_line_id, on_log_size, &z) == OL_OK ? z.size : 0;
}

typedef struct {
    const sim_world *w;
    ol_store *other;
    bool differs;
} comparer;

static ol_err compare_log(void *ctx, const ol_stored_log *g) {
    comparer *c = ctx;
    sizer mine = { .key = &g->key }, theirs = { .key = &g->key };
    if (c->w->st[g->key.party].is_liar)
        return OL_OK;
    (void)on_log_size(&mine, g);
    if (c->other->ops->logs(c->other, sim_line_id, on_log_size, &theirs) != OL_OK ||
        !theirs.found || theirs.size != mine.size || memcmp(mine.root, theirs.root, 32) != 0)
        c->differs = true;
    return OL_OK;
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

static ol_err is_receipted(void *ctx, const ol_stored_log *g) {
    comparer *c = ctx;
    receipted v = { { 0 } };
    if (c->other->ops->receipts(c->other, sim_line_id, &g->key, on_receipt, &v) != OL_OK)
        return OL_EIO;
    for (unsigned q = 0; q < c->w->parties && !c->w->st[g->key.party].is_liar; q++)
        if (q != g->key.party && !c->w->st[q].is_liar &&
            &c->w->st[g->key.party].store->ops == &c->other->ops && v.largest[q] < g->size)
            c->differs = true;
    return OL_OK;
}

static bool has_converged(sim_world *w) {
    for (unsigned p = 0; p < w->parties; p++)
        for (unsigned q = 0; q < w->parties; q++) {
            comparer c = { .w = w, .other = w->st[q].store };
            if (p != q && !w->st[p].is_liar && !w->st[q].is_liar &&
                (w->st[p].store->ops->logs(w->st[p].store, sim_line_id, compare_log, &c) != OL_OK ||
                 c.differs))
                return false;
        }
    for (unsigned p = 0; p < w->parties; p++) {
        comparer c = { .w = w, .other = w->st[p].store };
        if (!w->st[p].is_liar &&
            (c.other->ops->logs(c.other, sim_line_id, is_receipted, &c) != OL_OK || c.differs))
            return false;
    }
    return true;
}

uint64_t sim_converge(sim_world *w, uint64_t limit_ms) {
    w->path = (sim_path){ .delay_ms = w->path.delay_ms };
    uint64_t began = w->now_ms;
    for (unsigned p = 0; p < w->parties; p++) {
        w->st[p].crash_at = 0;
        ol_store_mem_fail(w->st[p].store, 0, OL_OK);
        if (!w->st[p].is_up && !w->st[p].is_liar)
            sim_start(w, p);
    }
    while (!has_converged(w)) {
        if (w->now_ms - began >= limit_ms)
            sim_print(w);
        CHECK(w, w->now_ms - began < limit_ms, "the records are not the same after %llu ms",
              (unsigned long long)limit_ms);
        sim_until(w, w->now_ms + 100);
    }
    for (size_t i = 0; i < w->saids; i++) {
        const sim_said *s = &w->said[i];
        if (s->is_told && w->restores == 0)
            for (unsigned p = 0; p < w->parties; p++)
                CHECK(w, w->st[p].is_liar || sim_size_in(w->st[p].store, &s->log) > s->index,
                      "a durable word is missing");
    }
    return w->now_ms - began;
}

static ol_err print_log(void *ctx, const ol_stored_log *g) {
    (void)ctx;
    fprintf(stderr, "    party %u lane %u %02x%02x size %llu%s\n", g->key.party, g->key.lane,
            g->key.incarnation[0], g->key.incarnation[1], (unsigned long long)g->size,
            g->is_closed ? " closed" : "");
    return OL_OK;
}

void sim_print(const sim_world *w) {
    for (unsigned p = 0; p < w->parties; p++) {
        fprintf(stderr, "  station %u:\n", p);
        (void)!w->st[p].store->ops->logs(w->st[p].store, sim_line_id, print_log, NULL);
        for (unsigned c = 0; w->st[p].is_up && c < OL_COUNT_N; c++)
            fprintf(stderr, " %llu", (unsigned long long)ol_line_count(w->st[p].line, (ol_count)c));
        fputc('\n', stderr);
    }
}
