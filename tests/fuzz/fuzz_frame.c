/* An engine and what comes in. The first byte says how:
 *   0  a frame from the wire, as a stranger sends it: nothing is appended, answered or committed
 *   1  an authentic payload of a peer that lies: whatever it says, memory stays bounded, own logs
 *      are as they were, and the engine can be taken down without a leak */
#include <string.h>

#include "fuzz/lib_engine.h"
#include "line/state.h"

enum { BOUND = 4 << 20, ROUNDS = 16 };

static fuzz_engine engine;

static ol_line *make(void) {
    static uint8_t pub[2][32];
    memset(pub, 9, sizeof pub);
    fuzz_engine_make(&engine, pub);
    return engine.line;
}

/* One step; effects answered as a machine that works would. Returns what was appended or sent. */
static size_t step(ol_line *l, ol_event *ev) {
    static uint8_t sig[64], frame[OL_FRAME_MAX];
    static const uint8_t shared[32] = { 3 };
    static ol_effects fx[2];
    size_t said = 0;
    uint32_t to;
    ol_line_step(l, ev, (ol_mono){ 1000 }, &fx[0]);
    for (size_t i = 0; i < fx[0].n; i++) {
        const ol_effect *e = &fx[0].v[i];
        ol_event answer = { .kind = EV_MORE };
        if (e->kind == FX_SIGN)
            answer.kind = EV_SIGNED, answer.signed_.token = e->sign.token, answer.signed_.sig = sig;
        else if (e->kind == FX_DH)
            answer.kind = EV_DH, answer.dh.token = e->dh.token, answer.dh.shared = shared;
        else if (e->kind == FX_FETCH)
            answer.kind = EV_FETCHED, answer.fetched.token = e->fetch.token;
        else if (e->kind == FX_SAVE_RATCHET)
            answer.kind = EV_RATCHET_SAVED, answer.ratchet_saved.token = e->save_ratchet.token;
        if (answer.kind != EV_MORE)
            ol_line_step(l, &answer, (ol_mono){ 1000 }, &fx[1]);
    }
    if (ol_line_batch(l) != NULL)
        ol_line_step(l, &(ol_event){ .kind = EV_COMMITTED }, (ol_mono){ 1000 }, &fx[1]), said++;
    while (ol_line_poll(l, OL_PATHS_PER_PEER, frame, sizeof frame, (ol_mono){ 1000 }, &to) > 0)
        said++;
    return said;
}

static void begin(ol_line *l) {
    ol_event up = { .kind = EV_PATH_UP };
    up.path.path = OL_PATHS_PER_PEER, up.path.is_ip = true, up.path.frame_max = OL_FRAME_MAX;
    for (unsigned i = 0; i < 4; i++)
        (void)step(l, &(ol_event){ .kind = i == 0 ? EV_START : EV_MORE });
    (void)step(l, &up);
    (void)step(l, &(ol_event){ .kind = EV_MORE });
}

/* 02 02 02 02 stands for the hint of the epoch that follows it: a fuzzer cannot guess one. */
static size_t frame_of(const uint8_t *p, size_t len, uint8_t to[OL_FRAME_MAX]) {
    memcpy(to, p, len);
    if (len < 6 || memcmp(p, "\2\2\2\2", OL_HINT_LEN) != 0)
        return len;
    uint8_t ck[OL_SECRET_LEN];
    memcpy(ck, fuzz_fixed, sizeof ck);
    for (unsigned i = 0; i < p[5]; i++)
        ol_keys_next(ck, ck);
    ol_epoch e;
    ol_keys_epoch(ck, 0, 1, &e);
    memcpy(to, e.hint_down, OL_HINT_LEN);
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3 || size > OL_FRAME_MAX + 1)
        return 0;
    ol_line *l = make();
    begin(l);
    ol_event ev = { .kind = EV_FRAME };
    uint8_t frame[OL_FRAME_MAX];
    size_t len = frame_of(data + 1, size - 1, frame);
    if (data[0] == 0 && ol_switch_find(engine.sw, frame, len, &ev.frame.hit) == OL_OK) {
        ev.frame.frame = (ol_bytes){ frame, len };
        ev.frame.from = 1;
        OL_ASSERT(step(l, &ev) == 0 && l->log.n == 0);
    } else if (data[0] == 1 && ol_item_check(data + 1, size - 1) == OL_OK) {
        ol_recv_payload(l, 1, &l->peer[1].path[0], NULL, data + 1, size - 1);
        for (unsigned i = 0; i < ROUNDS; i++)
            (void)step(l, &(ol_event){ .kind = EV_MORE });
        OL_ASSERT(l->own[0].log == NULL && l->own[1].log == NULL);
    }
    OL_ASSERT(engine.mem.peak < BOUND);
    fuzz_engine_free(&engine);
    return 0;
}
