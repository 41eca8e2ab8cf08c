#include "lib_lies.h"

#include <string.h>

#include "lib_inner.h"

enum { LOGS = 6, KEPT = 64 };

typedef struct {
    unsigned from, to;
    sim_bytes frame;
} kept;

struct sim_lies {
    sim_world *w;
    unsigned self, n; /* n: how many it talks to */
    sim_liar to[SIM_PARTIES_MAX];
    sim_liar_log log[LOGS][2]; /* two histories of each */
    bool is_open[LOGS];
    kept kept[KEPT]; /* frames of others, to be sent again */
    size_t keeps;
    sim_frame_fn *next;
};

static sim_lies *lying; /* the listener has no context of its own */

static void on_frame(sim_world *w, unsigned from, unsigned party, uint32_t to, const uint8_t *p,
                     size_t len) {
    sim_lies *l = lying;
    if (party != l->self && len <= OL_FRAME_MAX) {
        kept *k = &l->kept[l->keeps++ % KEPT];
        k->from = from, k->to = party, k->frame.len = len;
        memcpy(k->frame.bytes, p, len);
    }
    l->next(w, from, party, to, p, len);
}

sim_lies *sim_lies_new(sim_world *w, unsigned party) {
    sim_lies *l = calloc(1, sizeof *l);
    OL_ASSERT(l != NULL);
    l->w = w, l->self = party, l->n = w->parties - 1;
    w->st[party].is_liar = true;
    sim_liars_listen(w, party, l->to, l->n);
    l->next = w->on_frame;
    w->on_frame = on_frame;
    lying = l;
    SAY(w, "%c lies", sim_name(w, party));
    return l;
}

void sim_lies_free(sim_lies *l) {
    free(l);
}

/* ---- saying ---- */

static sim_liar *any(sim_lies *l) {
    return &l->to[sim_random(l->w, l->n)];
}

static bool has_session(const sim_lies *l, sim_liar *to) {
    bool is_up = l->w->st[to->to].is_up;
    if (is_up && sim_one_in(l->w, 8))
        to->is_live = false; /* what it had may be of a station that has started again since */
    return is_up && (to->is_live || sim_liar_open(to, NULL, 0));
}

static void say(const sim_lies *l, sim_liar *to, const ol_wr *w) {
    if (w->err == OL_OK && has_session(l, to))
        sim_liar_say(to, w->p, w->len);
}

static ol_wr start(uint8_t room[OL_FRAME_MAX]) {
    return ol_wr_of(room, OL_FRAME_MAX - 30);
}

static void random_bytes(sim_world *w, uint8_t *to, size_t n) {
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)sim_random(w, 256);
}

/* ---- lies ---- */

static void two_histories(sim_lies *l) {
    uint8_t room[OL_FRAME_MAX], entry[60] = { 0x58, 58 };
    size_t at = (size_t)sim_random(l->w, LOGS);
    if (!l->is_open[at]) {
        uint64_t inc = 1000 + sim_random(l->w, 1000000);
        l->log[at][0] = sim_liar_log_new(l->w, l->self, (uint8_t)(at % 2), inc);
        l->log[at][1] = l->log[at][0];
        l->is_open[at] = true;
    }
    sim_liar *to = any(l);
    unsigned side = sim_one_in(l->w, 4) ? 1 - to->to % 2 : to->to % 2;
    ol_wr w = start(room);
    sim_liar_log *g = &l->log[at][side];
    unsigned n = 1 + (unsigned)sim_random(l->w, 3);
    sim_liar_put_log(g, &w);
    for (unsigned i = 0; i < n && g->tree.size % 16 != 15; i++) {
        random_bytes(l->w, entry + 2, 8);
        sim_liar_put_entry(g, entry, sizeof entry, &w);
    }
    bool is_wrong = sim_one_in(l->w, 8), is_note = sim_one_in(l->w, 6);
    sim_liar_put_head(g, &l->w->st[l->self].log_key, is_note, is_wrong, &w);
    if (sim_one_in(l->w, 2))
        ol_item_put(&w, &(ol_item){ .type = OL_ITEM_HAVE, .size = g->tree.size });
    say(l, to, &w);
}

static void replay(sim_lies *l) {
    unsigned n = 1 + (unsigned)sim_random(l->w, 16);
    for (unsigned i = 0; i < n && l->keeps > 0; i++) {
        kept k = l->kept[sim_random(l->w, l->keeps < KEPT ? l->keeps : KEPT)];
        bool is_mine = sim_one_in(l->w, 3);
        uint32_t from = is_mine ? sim_token(l->self, 0) : sim_token(k.from, 0);
        (void)sim_inject(l->w, k.to, from, k.frame.bytes, k.frame.len);
    }
}

static void flood(sim_lies *l) {
    uint8_t room[OL_FRAME_MAX], entry[90] = { 0x58, 88 };
    sim_liar *to = any(l);
    unsigned n = 20 + (unsigned)sim_random(l->w, 60);
    for (unsigned i = 0; i < n; i++) {
        uint64_t inc = sim_random(l->w, UINT64_MAX);
        sim_liar_log g = sim_liar_log_new(l->w, l->self, (uint8_t)(i & 1), inc);
        ol_wr w = start(room);
        sim_liar_put_log(&g, &w);
        for (unsigned k = 0; k < 8; k++)
            sim_liar_put_entry(&g, entry, sizeof entry, &w);
        say(l, to, &w);
    }
}

static void malformed(sim_lies *l) {
    uint8_t room[OL_FRAME_MAX];
    sim_liar *to = any(l);
    for (unsigned type = 0; type < 256; type += 1 + (unsigned)sim_random(l->w, 7)) {
        size_t len = 1 + (size_t)sim_random(l->w, 120);
        random_bytes(l->w, room, len);
        room[0] = (uint8_t)type;
        ol_wr w = ol_wr_of(room, sizeof room);
        w.len = len;
        say(l, to, &w);
    }
}

/* The logs of others, as some honest station holds them. */
typedef struct {
    ol_log_key key[16];
    uint64_t size[16];
    size_t n;
} known;

static ol_err on_log(void *ctx, const ol_stored_log *g) {
    known *k = ctx;
    size_t at = k->n < OL_LEN(k->key) ? k->n++ : g->size % OL_LEN(k->key);
    k->key[at] = g->key, k->size[at] = g->size;
    return OL_OK;
}

static void claims(sim_lies *l) {
    static const uint8_t sig[64] = { 1, 2, 3 };
    uint8_t room[OL_FRAME_MAX];
    sim_liar *to = any(l);
    ol_store *s = l->w->st[to->to].store;
    known k = { .n = 0 };
    OL_ASSERT(s->ops->logs(s, sim_line_id, on_log, &k) == OL_OK);
    ol_wr w = start(room);
    for (size_t i = 0; i < k.n && w.len < 800; i++) {
        sim_liar_log g = sim_liar_log_new(l->w, k.key[i].party, k.key[i].lane, 0);
        g.key = k.key[i];
        sim_liar_put_log(&g, &w);
        uint64_t size = sim_one_in(l->w, 2) ? k.size[i] : sim_random(l->w, OL_SIZE_MAX);
        ol_item it = { .size = size, .p = sig, .len = sizeof sig, .root = sig };
        it.party = (uint8_t)sim_random(l->w, l->w->parties);
        it.time = SIM_WALL + sim_random(l->w, 1000000);
        static const ol_item_type types[] = { OL_ITEM_HAVE, OL_ITEM_RECEIPT, OL_ITEM_HEAD,
                                              OL_ITEM_NOTE, OL_ITEM_NOTE_R,  OL_ITEM_ASK,
                                              OL_ITEM_PROVE };
        it.type = types[sim_random(l->w, OL_LEN(types))];
        ol_item_put(&w, &it);
    }
    say(l, to, &w);
}

/* Entries of others' logs that their authors never wrote. */
static void poison(sim_lies *l) {
    uint8_t room[OL_FRAME_MAX], entry[60] = { 0x58, 58 };
    sim_liar *to = any(l);
    ol_store *s = l->w->st[to->to].store;
    known k = { .n = 0 };
    OL_ASSERT(s->ops->logs(s, sim_line_id, on_log, &k) == OL_OK);
    if (k.n == 0)
        return;
    size_t i = (size_t)sim_random(l->w, k.n);
    sim_liar_log g = sim_liar_log_new(l->w, k.key[i].party, k.key[i].lane, 0);
    g.key = k.key[i], g.tree.size = k.size[i];
    ol_wr w = start(room);
    sim_liar_put_log(&g, &w);
    for (unsigned n = 0; n < 3; n++) {
        random_bytes(l->w, entry + 2, 8);
        ol_item it = { .type = OL_ITEM_ENTRY, .index = g.tree.size + n };
        it.p = entry, it.len = sizeof entry;
        ol_item_put(&w, &it);
    }
    random_bytes(l->w, entry, sizeof entry);
    uint8_t sig[64] = { 9 };
    ol_item_put(
        &w,
        &(ol_item){ .type = OL_ITEM_HEAD, .size = g.tree.size + 3, .p = sig, .len = sizeof sig });
    say(l, to, &w);
}

static void forgets(sim_lies *l) {
    uint8_t room[OL_FRAME_MAX];
    ol_wr w = start(room);
    uint32_t run = (uint32_t)sim_random(l->w, UINT32_MAX);
    ol_item_put(&w, &(ol_item){ .type = OL_ITEM_FORGOT, .run = run });
    ol_item_put(&w, &(ol_item){ .type = OL_ITEM_TOLD, .run = run });
    ol_item_put(&w, &(ol_item){ .type = OL_ITEM_STOPPED, .why = (uint8_t)run });
    ol_item_put(&w, &(ol_item){ .type = OL_ITEM_PING, .token = (uint16_t)run });
    say(l, any(l), &w);
}

void sim_lies_one(sim_lies *l) {
    static void (*const lies[])(sim_lies *) = { two_histories, two_histories, two_histories, replay,
                                                flood,         malformed,     claims,        claims,
                                                poison,        forgets };
    static const char *const name[] = { "two histories", "two histories", "two histories",
                                        "replays",       "floods",        "malformed items",
                                        "claims",        "claims",        "entries of others",
                                        "forgets" };
    size_t i = (size_t)sim_random(l->w, OL_LEN(lies));
    SAY(l->w, "%c lies: %s", sim_name(l->w, l->self), name[i]);
    l->w->sum.lies++;
    lies[i](l);
}
