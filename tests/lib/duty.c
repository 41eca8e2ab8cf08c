#include "lib/duty.h"

#include <string.h>

#include "wire/entry.h"

const ol_duty_opts duty_opts = { .self = US,
                                 .parties = 3,
                                 .rungs = 4,
                                 .members = 7,
                                 .answer_s = { 40, 80, 160, 3 },
                                 .check_s = 60 };

void duty_set_up(duty_world *w) {
    duty_set_up_with(w, 0);
}

void duty_set_up_with(duty_world *w, uint32_t check_s) {
    memset(w, 0, sizeof *w);
    ol_mem_heap(&w->mem, 1 << 20);
    ol_duty_opts o = duty_opts;
    o.mem = &w->mem, o.check_s = check_s;
    OL_ASSERT(ol_duty_new(&o, &w->d) == OL_OK);
    w->ms = START_MS;
    w->is_history = true;
}

void duty_tear_down(duty_world *w) {
    ol_duty_free(w->d);
    OL_ASSERT(w->mem.used == 0);
}

ol_log_key duty_log_of(const duty_world *w, uint8_t party) {
    ol_log_key key = { .party = party, .lane = OL_LANE_URGENT, .incarnation = { party + 1 } };
    key.incarnation[1] = w->another;
    if (party == US)
        memcpy(key.incarnation, w->incarnation, sizeof key.incarnation);
    return key;
}

ol_ref duty_put(duty_world *w, uint8_t party, uint64_t kind, const uint8_t *body, size_t len) {
    uint8_t room[OL_ENTRY_MAX];
    ol_entry e = { .kind = kind, .wall = WALL + w->ms / S, .body = body, .body_len = len };
    e.has_item = kind == OL_KIND_REPLY || kind == OL_KIND_MESSAGE || kind == OL_KIND_ACT;
    ol_wr out = ol_wr_of(room, sizeof room);
    ol_entry_encode(&e, &out);
    OL_ASSERT(out.err == OL_OK);
    w->size[party] += w->size[party] == 0; /* its opening */
    ol_duty_event ev = { .kind = OL_DUTY_ENTRY };
    ev.entry.log = duty_log_of(w, party), ev.entry.index = w->size[party]++;
    ev.entry.p = room, ev.entry.len = out.len, ev.entry.is_history = w->is_history;
    OL_ASSERT(ol_duty_step(w->d, &ev, (ol_mono){ w->ms }, NULL) == OL_OK);
    return ol_ref_to(&ev.entry.log, ev.entry.index);
}

ol_ref duty_call(duty_world *w, uint8_t party, const ol_call *c) {
    uint8_t body[512];
    ol_wr out = ol_wr_of(body, sizeof body);
    ol_call_encode(c, &out);
    return duty_put(w, party, OL_KIND_CALL, body, out.len);
}

void duty_ring(duty_world *w, uint8_t party, ol_ref to, unsigned state, unsigned rung,
               uint64_t after) {
    uint8_t body[64];
    ol_wr out = ol_wr_of(body, sizeof body);
    const ol_ring r = { .state = (uint8_t)state,
                        .call = to,
                        .rung = rung,
                        .seconds = state == OL_RING_RINGS ? 10 : 0,
                        .after = after };
    ol_ring_encode(&r, &out);
    duty_put(w, party, OL_KIND_RING, body, out.len);
}

void duty_reply(duty_world *w, uint8_t party, ol_ref to, unsigned verb, unsigned status) {
    uint8_t body[64];
    ol_wr out = ol_wr_of(body, sizeof body);
    const ol_reply r = { .verb = (uint8_t)verb,
                         .status = (uint8_t)status,
                         .call = to,
                         .seconds = verb == OL_DEFER ? 60 : 0 };
    ol_reply_encode(&r, &out);
    duty_put(w, party, OL_KIND_REPLY, body, out.len);
}

void duty_close(duty_world *w, uint8_t party, ol_ref to, unsigned why) {
    uint8_t body[64];
    ol_wr out = ol_wr_of(body, sizeof body);
    ol_close_encode(&(ol_close){ .why = (uint8_t)why, .call = to }, &out);
    duty_put(w, party, OL_KIND_CLOSE, body, out.len);
}

void duty_receipt(duty_world *w, uint8_t party, uint64_t size) {
    uint8_t sig[OL_SIG_LEN];
    memset(sig, (int)size, sizeof sig);
    ol_duty_event ev = { .kind = OL_DUTY_RECEIPT };
    ev.receipt.log = duty_log_of(w, US), ev.receipt.size = size, ev.receipt.time = WALL;
    ev.receipt.sig = sig, ev.receipt.party = party;
    OL_ASSERT(ol_duty_step(w->d, &ev, (ol_mono){ w->ms }, NULL) == OL_OK);
}

/* Turns until nothing more comes; what is appended and told is gathered. */
void duty_turn(duty_world *w) {
    ol_duty_event ev = { .kind = OL_DUTY_TURN };
    ev.turn.wall.s = WALL + w->ms / S, ev.turn.is_start = !w->is_started, ev.turn.has_log = true;
    memcpy(ev.turn.incarnation, w->incarnation, sizeof w->incarnation);
    w->is_started = true, w->is_history = false;
    w->appends = w->notes = 0;
    do {
        OL_ASSERT(ol_duty_step(w->d, &ev, (ol_mono){ w->ms }, &w->fx) == OL_OK);
        for (size_t i = 0; i < w->fx.n; i++) {
            if (w->fx.v[i].kind == OL_DUTY_APPEND)
                w->append[w->appends++] = w->fx.v[i];
            else
                w->note[w->notes++] = w->fx.v[i].note;
        }
    } while (w->fx.more);
}

void duty_answer(duty_world *w, uint32_t token, ol_err err) {
    ol_duty_event ev = { .kind = OL_DUTY_ANSWERED };
    ev.answered.token = token, ev.answered.err = err;
    OL_ASSERT(ol_duty_step(w->d, &ev, (ol_mono){ w->ms }, NULL) == OL_OK);
}

/* What was asked for is appended, as a station does. */
void duty_appended(duty_world *w) {
    for (size_t i = 0; i < w->appends; i++) {
        duty_put(w, US, w->append[i].append.kind, w->append[i].append.body,
                 w->append[i].append.len);
        duty_answer(w, w->append[i].append.token, OL_OK);
    }
}

ol_ring duty_asked_ring(const duty_world *w, size_t i) {
    const char *why;
    ol_ring r;
    OL_ASSERT(i < w->appends);
    OL_ASSERT(w->append[i].append.kind == OL_KIND_RING);
    OL_ASSERT(ol_ring_decode(w->append[i].append.body, w->append[i].append.len, &r, &why) == OL_OK);
    return r;
}

ol_close duty_asked_close(const duty_world *w, size_t i) {
    const char *why;
    ol_close k;
    OL_ASSERT(i < w->appends);
    OL_ASSERT(w->append[i].append.kind == OL_KIND_CLOSE);
    OL_ASSERT(ol_close_decode(w->append[i].append.body, w->append[i].append.len, &k, &why) ==
              OL_OK);
    return k;
}

bool duty_is_told(const duty_world *w, ol_duty_what what, uint8_t party, uint64_t rung) {
    for (size_t i = 0; i < w->notes; i++)
        if (w->note[i].what == what && w->note[i].party == party && w->note[i].rung == rung)
            return true;
    return false;
}

ol_call_state duty_state_of(const duty_world *w, size_t n) {
    ol_call_status s;
    OL_ASSERT(ol_calls_at(w->d, n, (ol_mono){ w->ms }, &s));
    return s.state;
}
