#include "lib_liar.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/keys.h"
#include "record/checkpoint.h"

enum { CLEAR = 14, MAC = 16, PROLOGUE = 11 + OL_LINE_ID_LEN + 4 + 2 + 2 + CLEAR };

typedef struct {
    sim_liar *liar;
    size_t n;
} listeners;

static listeners listening;

static void random_bytes(sim_world *w, uint8_t *to, size_t n) {
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)sim_random(w, 256);
}

/* ---- the first message ---- */

static void begin(const sim_liar *l, const sim_first *how, const uint8_t *clear, ol_noise *ret) {
    uint8_t pro[PROLOGUE];
    sim_keys pair;
    ol_wr w = ol_wr_of(pro, sizeof pro);
    sim_pair(l->self, l->to, 0, &pair);
    ol_wr_put(&w, "openline/1", 11);
    ol_wr_put(&w, sim_line_id, OL_LINE_ID_LEN);
    ol_wr_be(&w, 0, 4);
    ol_wr_put(&w, clear + 4, 2);
    ol_wr_be(&w, how->is_answer ? l->to : l->self, 1);
    ol_wr_be(&w, how->is_answer ? l->self : l->to, 1);
    ol_wr_put(&w, clear, CLEAR);
    if (how->has_wrong_psk)
        pair.psk[31] ^= 1;
    ol_noise_setup setup = { .pattern = OL_NOISE_KKPSK0, .is_initiator = !how->is_answer };
    setup.prologue = pro;
    setup.prologue_len = w.len, setup.psk = pair.psk;
    setup.s = l->w->card[l->self].static_pk, setup.rs = l->w->card[l->to].static_pk;
    ol_noise_init(ret, &setup);
}

size_t sim_liar_first(sim_liar *l, const sim_first *how, const uint8_t *items, size_t len,
                      uint8_t to[OL_FRAME_MAX]) {
    uint8_t e[32], ss[32], payload[OL_FRAME_MAX], mac[32];
    sim_keys pair;
    sim_pair(l->self, l->to, 0, &pair);
    ol_wr w = ol_wr_of(to, OL_FRAME_MAX);
    ol_wr_put(&w, pair.hint_to, 4);
    ol_wr_be(&w, how->epoch, 2);
    ol_wr_be(&w, how->counter != 0 ? how->counter : l->counter++, 8);
    ol_wr pay = ol_wr_of(payload, OL_FRAME_MAX - CLEAR - OL_NOISE_OVERHEAD - MAC);
    ol_wr_be(&pay, SIM_INDEX_LEN, 1);
    ol_wr_put(&pay, l->mine, SIM_INDEX_LEN);
    ol_wr_put(&pay, items, len);
    begin(l, how, to, &l->hs);
    random_bytes(l->w, e, sizeof e);
    memcpy(ss, l->ss, sizeof ss);
    if (how->has_wrong_static)
        ss[0] ^= 1;
    OL_ASSERT(pay.err == OL_OK && ol_noise_write1(&l->hs, e, ss, payload, pay.len, &w) == OL_OK);
    if (how->has_no_mac)
        return w.len;
    ol_part part = { to, w.len };
    ol_hash_hmac(pair.mac, 32, &part, 1, mac);
    if (how->has_wrong_mac)
        mac[sim_random(l->w, MAC)] ^= 1;
    ol_wr_put(&w, mac, MAC);
    OL_ASSERT(w.err == OL_OK);
    return w.len;
}

/* ---- what comes back ---- */

static void hear(sim_liar *l, const uint8_t *p, size_t len) {
    ol_rd r = ol_rd_of(p, len);
    ol_item it = { 0 };
    ol_log_key log = { 0 };
    sim_bytes *h = &l->heard[l->heard_n++ % SIM_HEARD_MAX];
    memcpy(h->bytes, p, len), h->len = len;
    while (r.left > 0) {
        OL_ASSERT(ol_item_get(&r, &it) == OL_OK); /* what an engine says, parses */
        if (it.type <= OL_ITEM_LOG_FULL)
            log = it.log;
        l->items[it.type]++, l->last_of[it.type] = it.size, l->log_of[it.type] = log;
        if (it.type == OL_ITEM_FORGOT)
            l->run = it.run;
    }
}

static void on_second(sim_liar *l, const uint8_t *p, size_t len) {
    uint8_t se[32], payload[OL_FRAME_MAX];
    ol_wr out = ol_wr_of(payload, sizeof payload);
    ol_noise hs = l->hs;
    if (crypto_scalarmult(se, l->w->st[l->self].static_priv, p) != 0 ||
        ol_noise_read2(&hs, se, p, len, &out) != OL_OK)
        return; /* to an earlier first message */
    ol_rd r = ol_rd_of(payload, out.len);
    l->answers++;
    l->theirs_len = (size_t)ol_rd_be(&r, 1);
    OL_ASSERT(l->theirs_len >= 2 && l->theirs_len <= OL_TAG_MAX);
    ol_rd_copy(&r, l->theirs, l->theirs_len);
    l->last = ol_rd_varint(&r);
    OL_ASSERT(r.err == OL_OK && ol_noise_split(&hs, l->tx, l->rx) == OL_OK);
    l->is_opening = false, l->is_live = true, l->n = 0, l->replay = (ol_replay){ 0 };
    hear(l, r.p, r.left);
}

static void on_transport(sim_liar *l, const uint8_t *p, size_t len) {
    uint8_t payload[OL_FRAME_MAX];
    ol_rd r = ol_rd_of(p, len);
    uint64_t n = ol_replay_full(&l->replay, (uint16_t)ol_rd_be(&r, 2));
    ol_wr out = ol_wr_of(payload, sizeof payload);
    if (ol_noise_open(l->rx, n, NULL, 0, r.p, r.left, &out) != OL_OK)
        return; /* of a session that the liar only pretended to take */
    OL_ASSERT(ol_replay_is_fresh(&l->replay, n)); /* an engine uses no number twice */
    ol_replay_take(&l->replay, n);
    hear(l, payload, out.len);
}

/* The engine's own first message: its counter is noted; it is answered if the test says so. */
static void on_first(sim_liar *l, const uint8_t *p, size_t len) {
    uint8_t es[32], e[32], payload[OL_FRAME_MAX], frame[OL_FRAME_MAX], clear[CLEAR];
    ol_wr out = ol_wr_of(payload, sizeof payload), w = ol_wr_of(frame, sizeof frame);
    ol_noise hs;
    ol_rd r = ol_rd_of(p + 6, 8);
    uint64_t counter = ol_rd_be(&r, 8);
    l->counter_seen = counter > l->counter_seen ? counter : l->counter_seen;
    if (l->claims == 0 || len < CLEAR + OL_NOISE_OVERHEAD + MAC)
        return;
    memcpy(clear, p, CLEAR);
    begin(l, &(sim_first){ .is_answer = true }, clear, &hs);
    if (crypto_scalarmult(es, l->w->st[l->self].static_priv, p + CLEAR) != 0 ||
        ol_noise_read1(&hs, es, l->ss, p + CLEAR, len - CLEAR - MAC, &out) != OL_OK)
        return;
    hear(l, payload + 1 + payload[0], out.len - 1 - payload[0]);
    ol_wr_put(&w, payload + 1, payload[0]); /* the index by which it wants to be addressed */
    ol_wr pay = ol_wr_of(payload + 64, 64);
    ol_wr_be(&pay, SIM_INDEX_LEN, 1);
    ol_wr_put(&pay, l->mine, SIM_INDEX_LEN);
    ol_wr_varint(&pay, l->claims);
    random_bytes(l->w, e, sizeof e);
    OL_ASSERT(ol_noise_write2(&hs, e, payload + 64, pay.len, &w) == OL_OK);
    l->answers++;
    (void)sim_inject(l->w, l->to, l->self + 1, frame, w.len);
}

static void on_frame(sim_world *w, unsigned from, unsigned party, uint32_t to, const uint8_t *p,
                     size_t len) {
    (void)w, (void)to;
    for (size_t i = 0; i < listening.n; i++) {
        sim_liar *l = &listening.liar[i];
        if (l->to != from || l->self != party)
            continue;
        l->frames++, l->bytes += len;
        if (len < SIM_INDEX_LEN || memcmp(p, l->mine, SIM_INDEX_LEN) != 0)
            return on_first(l, p, len);
        if (l->is_opening)
            on_second(l, p + SIM_INDEX_LEN, len - SIM_INDEX_LEN);
        else if (l->is_live)
            on_transport(l, p + SIM_INDEX_LEN, len - SIM_INDEX_LEN);
        return;
    }
}

void sim_liars_listen(sim_world *w, unsigned self, sim_liar *ret_liar, size_t n) {
    memset(ret_liar, 0, n * sizeof *ret_liar);
    for (size_t i = 0; i < n; i++) {
        sim_liar *l = &ret_liar[i];
        l->w = w, l->self = self, l->to = (unsigned)(i + (i >= self)), l->counter = 1;
        OL_ASSERT(crypto_scalarmult(l->ss, w->st[self].static_priv, w->card[l->to].static_pk) == 0);
    }
    listening = (listeners){ ret_liar, n };
    w->on_frame = on_frame;
}

/* ---- saying things ---- */

bool sim_liar_open(sim_liar *l, const uint8_t *items, size_t len) {
    static const sim_first right = { 0 };
    uint8_t frame[OL_FRAME_MAX];
    l->is_live = false;
    for (unsigned tries = 0; tries < 8 && !l->is_live; tries++) { /* its own open may come first */
        random_bytes(l->w, l->mine, sizeof l->mine);
        l->is_opening = true;
        size_t n = sim_liar_first(l, &right, items, len, frame);
        (void)sim_inject(l->w, l->to, l->self + 1, frame, n);
        if (l->is_opening) /* it may wait a little for what it can carry */
            sim_until(l->w, l->w->now_ms + 200);
    }
    return l->is_live;
}

size_t sim_liar_room(const sim_liar *l) {
    return OL_FRAME_MAX - l->theirs_len - 2 - OL_NOISE_TAG_LEN;
}

void sim_liar_say(sim_liar *l, const uint8_t *items, size_t len) {
    uint8_t frame[OL_FRAME_MAX];
    if (!l->is_live)
        OL_ASSERT(sim_liar_open(l, NULL, 0));
    ol_wr w = ol_wr_of(frame, sizeof frame);
    ol_wr_put(&w, l->theirs, l->theirs_len);
    ol_wr_be(&w, l->n & 0xffff, 2);
    OL_ASSERT(ol_noise_seal(l->tx, l->n, NULL, 0, items, len, &w) == OL_OK);
    l->n++;
    (void)sim_inject(l->w, l->to, l->self + 1, frame, w.len);
}

/* ---- its own logs ---- */

sim_liar_log sim_liar_log_new(const sim_world *w, unsigned party, uint8_t lane,
                              uint64_t incarnation) {
    sim_liar_log g = { .key = { .party = (uint8_t)party, .lane = lane },
                       .party = party < w->parties ? w->card[party].name : "nobody" };
    ol_wr to = ol_wr_of(g.key.incarnation, OL_INC_LEN);
    ol_wr_be(&to, incarnation, OL_INC_LEN);
    ol_frontier_clear(&g.tree);
    return g;
}

ol_hash sim_liar_root(const sim_liar_log *g) {
    return ol_frontier_root(&g->tree);
}

void sim_liar_put_log(const sim_liar_log *g, ol_wr *w) {
    ol_item_put(w, &(ol_item){ .type = OL_ITEM_LOG_FULL, .log = g->key });
}

void sim_liar_put_entry(sim_liar_log *g, const uint8_t *p, size_t len, ol_wr *w) {
    uint8_t leaf[OL_LEAF_MAX];
    char origin[OL_NOTE_NAME_MAX + 1];
    size_t n = ol_checkpoint_origin("line", g->party, &g->key, origin);
    ol_keys_salt(sim_line_secret, origin, n, g->tree.size, leaf);
    memcpy(leaf + OL_SALT_LEN, p, len);
    ol_item it = { .type = OL_ITEM_ENTRY, .index = g->tree.size, .p = p, .len = len };
    ol_item_put(w, &it);
    ol_hash hash = ol_merkle_leaf(leaf, OL_SALT_LEN + len);
    OL_ASSERT(ol_frontier_append(&g->tree, &hash) == OL_OK);
}

void sim_liar_put_head(const sim_liar_log *g, const ol_sign_key *key, bool is_note, bool is_wrong,
                       ol_wr *w) {
    char origin[OL_NOTE_NAME_MAX + 1];
    uint8_t sig[OL_SIG_LEN];
    ol_checkpoint cp = { .size = g->tree.size, .root = sim_liar_root(g) };
    cp.origin = (ol_str){ origin, ol_checkpoint_origin("line", g->party, &g->key, origin) };
    ol_checkpoint_sign(&cp, key, sig);
    if (is_wrong)
        sig[0] ^= 1;
    ol_item it = { .type = is_note ? OL_ITEM_NOTE : OL_ITEM_HEAD, .size = cp.size };
    it.root = cp.root.b, it.p = sig, it.len = sizeof sig;
    ol_item_put(w, &it);
}
