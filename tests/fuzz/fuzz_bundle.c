/* A bundle that is handed in. The first byte says how:
 *   0  a file as anybody may leave it: nothing is appended, stored or sent, and it is refused
 *   1  items that the other party has sealed: whatever it says, memory stays bounded, own logs are
 *      as they were, it is answered once, and the engine can be taken down without a leak */
#include <string.h>

#include <sodium.h>

#include "fuzz/lib_engine.h"
#include "line/bundle.h"
#include "line/state.h"

enum { BOUND = 4 << 20, TURNS = 16, PEER = 1 };

static fuzz_engine engine;
static uint8_t priv[2][32], pub[2][32];
static unsigned answers;
static ol_err answer;

static void make(void) {
    for (unsigned p = 0; p < 2; p++) {
        memset(priv[p], (int)p + 5, 32);
        (void)crypto_scalarmult_base(pub[p], priv[p]);
    }
    fuzz_engine_make(&engine, pub);
}

static void step(ol_event *ev, unsigned depth);

static void perform(const ol_effect *fx, unsigned depth) {
    static uint8_t sig[64];
    uint8_t shared[32];
    ol_event ev = { .kind = EV_MORE };
    if (fx->kind == FX_SIGN)
        ev.kind = EV_SIGNED, ev.signed_.token = fx->sign.token, ev.signed_.sig = sig;
    else if (fx->kind == FX_FETCH)
        ev.kind = EV_FETCHED, ev.fetched.token = fx->fetch.token;
    else if (fx->kind == FX_SAVE_RATCHET)
        ev.kind = EV_RATCHET_SAVED, ev.ratchet_saved.token = fx->save_ratchet.token;
    else if (fx->kind == FX_BUNDLE)
        ev.kind = EV_BUNDLE_TOLD, answers++, answer = ol_line_bundle(engine.line)->err;
    else if (fx->kind == FX_DH) {
        bool is_good = crypto_scalarmult(shared, priv[0], fx->dh.peer) == 0;
        ev.kind = EV_DH, ev.dh.token = fx->dh.token, ev.dh.shared = is_good ? shared : NULL;
    }
    if (ev.kind != EV_MORE)
        step(&ev, depth + 1);
}

static void step(ol_event *ev, unsigned depth) {
    ol_effects *fx = ol_mem_get0(&engine.mem, 1, sizeof *fx);
    OL_ASSERT(fx != NULL && depth < TURNS);
    ol_line_step(engine.line, ev, (ol_mono){ 1000 }, fx);
    for (size_t i = 0; i < fx->n; i++)
        perform(&fx->v[i], depth);
    ol_mem_put(&engine.mem, fx, 1, sizeof *fx);
}

static void turn(void) {
    step(&(ol_event){ .kind = EV_MORE }, 0);
    if (ol_line_batch(engine.line) != NULL)
        step(&(ol_event){ .kind = EV_COMMITTED }, 0);
}

static size_t seal(const uint8_t *items, size_t len, uint8_t *to) {
    uint8_t pro[11 + OL_LINE_ID_LEN + 4 + 2 + 1 + 1 + OL_BUNDLE_CLEAR], ss[32];
    ol_epoch e;
    ol_noise hs;
    ol_keys_epoch(fuzz_fixed, 0, PEER, &e);
    ol_wr w = ol_wr_of(to, OL_BUNDLE_MAX), p = ol_wr_of(pro, sizeof pro);
    ol_wr_put(&w, e.hint_down, OL_HINT_LEN);
    ol_wr_be(&w, 0, 2), ol_wr_be(&w, 5, 8);
    ol_wr_put(&p, "openline/1", 11);
    memset(pro + p.len, 0, OL_LINE_ID_LEN + 4 + 2), p.len += OL_LINE_ID_LEN + 4 + 2;
    ol_wr_be(&p, PEER, 1), ol_wr_be(&p, 0, 1);
    ol_wr_put(&p, to, OL_BUNDLE_CLEAR);
    ol_noise_init(&hs, &(ol_noise_setup){ .pattern = OL_NOISE_KPSK0,
                                          .is_initiator = true,
                                          .prologue = pro,
                                          .prologue_len = p.len,
                                          .s = pub[PEER],
                                          .rs = pub[0],
                                          .psk = e.psk });
    OL_ASSERT(crypto_scalarmult(ss, priv[PEER], pub[0]) == 0);
    OL_ASSERT(ol_noise_write1(&hs, fuzz_fixed, ss, items, len, &w) == OL_OK);
    return w.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t file[OL_BUNDLE_MAX];
    if (size < 2 || size > OL_BUNDLE_MAX - OL_BUNDLE_OVERHEAD || data[0] > 1)
        return 0;
    make();
    answers = 0;
    step(&(ol_event){ .kind = EV_START }, 0);
    turn(), turn();
    bool is_sealed = data[0] == 1, is_good = ol_item_check(data + 1, size - 1) == OL_OK;
    size_t len = size - 1;
    if (is_sealed)
        len = seal(data + 1, size - 1, file);
    else
        memcpy(file, data + 1, len);
    ol_event ev = { .kind = EV_BUNDLE, .bundle = { .way = 1, .bundle = { file, len } } };
    bool is_ours = ol_switch_find(engine.sw, file, len, &ev.bundle.hit) == OL_OK;
    OL_ASSERT(is_ours || !is_sealed);
    if (is_ours) {
        step(&ev, 0);
        for (unsigned i = 0; i < TURNS && answers == 0; i++)
            turn();
        OL_ASSERT(answers == 1);
        OL_ASSERT(is_sealed ? (answer == OL_OK) == is_good : answer != OL_OK);
        OL_ASSERT(engine.line->own[0].log == NULL && engine.line->own[1].log == NULL);
        OL_ASSERT(engine.line->peer[PEER].last_counter == 0);
    }
    OL_ASSERT(engine.mem.peak < BOUND);
    fuzz_engine_free(&engine);
    return 0;
}
