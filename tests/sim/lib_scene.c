#include "lib_scene.h"

#include <string.h>

#include "base/text.h"

int sim_scenes(unsigned (*const *scenes)(void), size_t n, int argc, char **argv) {
    uint64_t from = 1, to = n;
    size_t failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 3 && strcmp(argv[1], "--scene") == 0 &&
        ol_u64_get(argv[2], strlen(argv[2]), 1, n, &from) == OL_OK)
        to = from, argc = 1;
    if (argc != 1)
        return fprintf(stderr, "usage: %s [--scene 1..%zu]\n", argv[0], n), 2;
    for (uint64_t i = from; i <= to; i++)
        failed += scenes[i - 1]() > 0;
    printf("%zu passed, %zu failed\n", (size_t)(to - from + 1) - failed, failed);
    return failed == 0 ? 0 : 1;
}

void sim_scene_begin(sim_scene *s, const char *name) {
    *s = (sim_scene){ .name = name, .w = sim_new(7, 3, false) };
    s->w->st[2].is_liar = true;
    sim_start(s->w, 0), sim_start(s->w, 1);
    sim_liars_listen(s->w, 2, s->to, 2);
    for (unsigned i = 0; i < 8; i++)
        sim_say(s->w, i & 1, i >> 1 & 1, 100), sim_until(s->w, s->w->now_ms + 100);
    (void)sim_converge(s->w, 10000);
    for (unsigned i = 0; i < 2; i++) {
        EXPECT(s, sim_liar_open(&s->to[i], NULL, 0), "no session with %u", i);
        s->opened[i] = s->w->st[i].opened;
    }
    sim_pass(s, 1000);
}

void sim_pass(sim_scene *s, uint64_t ms) {
    sim_until(s->w, s->w->now_ms + ms);
}

unsigned sim_scene_end(sim_scene *s) {
    sim_world *w = s->w;
    for (unsigned i = 0; i < 2; i++)
        for (unsigned lane = 0; lane < OL_LANES; lane++)
            for (unsigned k = 0; k < 5; k++)
                sim_say(w, i, (uint8_t)lane, 300);
    uint64_t ms = sim_converge(w, 60000);
    EXPECT(s, ms <= 5000, "honest traffic took %llu ms", (unsigned long long)ms);
    for (unsigned p = 0; p < 2; p++) {
        EXPECT(s, w->st[p].mem.peak <= SIM_HEAP_MAX, "party %u: %zu bytes", p, w->st[p].mem.peak);
        EXPECT(s, w->st[p].opened == s->opened[p], "party %u opened %llu logs more", p,
               (unsigned long long)(w->st[p].opened - s->opened[p]));
        EXPECT(s, w->st[p].forks == 0 || s->has_fork, "party %u sees a fork", p);
    }
    printf("%-46s heap %zu and %zu, at most %zu and %zu; 20 messages after %llu ms%s\n", s->name,
           w->st[0].mem.used, w->st[1].mem.used, w->st[0].mem.peak, w->st[1].mem.peak,
           (unsigned long long)ms, s->failed == 0 ? "" : "  FAILED");
    sim_free(w);
    return s->failed;
}

/* ---- what is in a store ---- */

typedef struct {
    unsigned author;
    uint8_t lane;
    size_t nth;
    ol_log_key key;
    bool is_found;
} log_search;

static ol_err on_log(void *ctx, const ol_stored_log *g) {
    log_search *q = ctx;
    if (g->key.party != q->author || g->key.lane != q->lane || q->nth-- != 0)
        return OL_OK;
    q->key = g->key, q->is_found = true;
    return OL_OK;
}

bool sim_log_of(const sim_scene *s, unsigned p, unsigned author, uint8_t lane, size_t nth,
                ol_log_key *ret) {
    ol_store *store = s->w->st[p].store;
    log_search q = { .author = author, .lane = lane, .nth = nth };
    OL_ASSERT(store->ops->logs(store, sim_line_id, on_log, &q) == OL_OK);
    if (q.is_found)
        *ret = q.key;
    return q.is_found;
}

uint64_t sim_stored(const sim_scene *s, unsigned p, const ol_log_key *log) {
    return sim_size_in(s->w->st[p].store, log);
}

typedef struct {
    unsigned by;
    uint64_t size, time;
    uint8_t sig[OL_SIG_LEN];
} receipt_search;

static ol_err on_receipt(void *ctx, const ol_stored_receipt *r) {
    receipt_search *q = ctx;
    if (r->party != q->by || r->sig == NULL || r->size < q->size)
        return OL_OK;
    q->size = r->size, q->time = r->time;
    memcpy(q->sig, r->sig, sizeof q->sig);
    return OL_OK;
}

uint64_t sim_receipt(const sim_scene *s, unsigned p, const ol_log_key *log, unsigned by,
                     ol_item *ret, uint8_t ret_sig[OL_SIG_LEN]) {
    ol_store *store = s->w->st[p].store;
    receipt_search q = { .by = by };
    OL_ASSERT(store->ops->receipts(store, sim_line_id, log, on_receipt, &q) == OL_OK);
    if (ret == NULL || q.size == 0)
        return q.size;
    memcpy(ret_sig, q.sig, OL_SIG_LEN);
    *ret = (ol_item){ .type = OL_ITEM_RECEIPT, .party = (uint8_t)by, .size = q.size };
    ret->time = q.time, ret->p = ret_sig, ret->len = OL_SIG_LEN;
    return q.size;
}

static ol_err on_evidence(void *ctx, const ol_stored_evidence *e) {
    (void)e;
    ++*(size_t *)ctx;
    return OL_OK;
}

size_t sim_evidence(const sim_scene *s, unsigned p) {
    ol_store *store = s->w->st[p].store;
    size_t n = 0;
    OL_ASSERT(store->ops->evidence(store, sim_line_id, on_evidence, &n) == OL_OK);
    return n;
}

uint64_t sim_count(const sim_scene *s, unsigned p, ol_count which) {
    return ol_line_count(s->w->st[p].line, which);
}

/* ---- saying ---- */

/* With it, that the liar holds no receipt: engines that have forgotten sign none before. */
static void say_head(sim_scene *s, unsigned i, const sim_liar_log *g) {
    const ol_item have = { .type = OL_ITEM_HAVE, .size = g->tree.size };
    uint8_t room[OL_FRAME_MAX];
    ol_wr w = ol_wr_of(room, sizeof room);
    sim_liar_put_log(g, &w);
    sim_liar_put_head(g, &s->w->st[2].log_key, false, false, &w);
    ol_item_put(&w, &have);
    sim_liar_say(&s->to[i], room, w.len);
}

void sim_give(sim_scene *s, unsigned i, sim_liar_log *g, const uint8_t *p, size_t len,
              bool has_head) {
    uint8_t room[OL_FRAME_MAX], whole[OL_ENTRY_MAX + 32];
    ol_wr w = ol_wr_of(room, sizeof room), entry = ol_wr_of(whole, sizeof whole);
    uint64_t index = g->tree.size;
    sim_liar_put_entry(g, p, len, &entry);
    sim_liar_put_log(g, &w);
    if (entry.len <= 1000)
        ol_wr_put(&w, whole, entry.len);
    for (size_t at = 0; entry.len > 1000 && at < len; at += 900) {
        ol_item it = { .type = OL_ITEM_PART, .index = index, .total = len, .offset = at };
        it.p = p + at, it.len = len - at < 900 ? len - at : 900;
        w = ol_wr_of(room, sizeof room);
        sim_liar_put_log(g, &w);
        ol_item_put(&w, &it);
        if (at + 900 < len)
            sim_liar_say(&s->to[i], room, w.len);
    }
    sim_liar_say(&s->to[i], room, w.len);
    if (has_head || g->tree.size % 16 == 0)
        say_head(s, i, g);
}
