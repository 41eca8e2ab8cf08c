#include "lib_thin.h"

#include <string.h>

enum { FRAMING = 6, BITS = 10 };

sim_thin_fn *sim_thin_on_frame;

void sim_thin_link(sim_world *w, unsigned a, unsigned b, unsigned slot, uint64_t bps,
                   uint16_t frame, uint32_t half_ms) {
    for (unsigned way = 0; way < 2; way++) {
        sim_link *k = &w->net->link[slot][way == 0 ? a : b][way == 0 ? b : a];
        k->rate_bps = bps, k->is_paced = true;
        k->repeated = 0, k->jitter_ms = 0; /* a wire has one order */
        k->frame = frame, k->half_ms = half_ms;
    }
}

static sim_link *link_of(const sim_world *w, unsigned p, unsigned q, unsigned slot) {
    return &w->net->link[slot][p][q];
}

bool sim_is_thin(const sim_world *w, unsigned p, unsigned q, unsigned slot) {
    return p < w->parties && link_of(w, p, q, slot)->frame > 0;
}

static ol_segment_opts opts_of(sim_world *w, const sim_link *k, bool is_first) {
    return (ol_segment_opts){ .frame = k->frame,
                              .byte_us = (uint32_t)(BITS * UINT64_C(1000000) / k->rate_bps),
                              .framing = FRAMING,
                              .is_half = k->half_ms > 0,
                              .turnaround_ms = k->half_ms,
                              .is_first = is_first,
                              .seed = sim_random(w, UINT64_C(1) << 62) };
}

void sim_thin_begin(sim_world *w, unsigned p, unsigned q, unsigned slot, ol_event *up) {
    sim_station *s = &w->st[p];
    ol_segment_opts o = opts_of(w, link_of(w, p, q, slot), p < q);
    ol_err err = ol_segment_new(&s->mem, &o, (ol_mono){ w->now_ms }, &s->thin[q][slot]);
    CHECK(w, err == OL_OK, "no segmenter");
    up->path.is_ip = false;
    up->path.frame_max = OL_SEGMENT_PACKET_MAX, up->path.frame = o.frame;
    up->path.rate = ol_segment_rate(&o);
    up->path.turnaround_ms = o.turnaround_ms, up->path.hold_ms = ol_segment_hold_ms(&o);
}

void sim_thin_end(sim_station *s) {
    for (unsigned q = 0; q < SIM_PARTIES_MAX; q++)
        for (unsigned slot = 0; slot < OL_PATHS_PER_PEER; slot++) {
            ol_segment_free(s->thin[q][slot]);
            s->thin[q][slot] = NULL;
        }
}

/* ---- out ---- */

/* The wire takes the next frame when the one before has left. */
static bool is_ready(sim_world *w, unsigned p, unsigned q, unsigned slot) {
    uint64_t free_ms;
    if (sim_net_can_send(w, p, q, slot, &free_ms))
        return true;
    sim_station *s = &w->st[p];
    s->wake_ms = free_ms < s->wake_ms ? free_ms : s->wake_ms;
    return false;
}

bool sim_thin_put(sim_world *w, unsigned p, unsigned q, unsigned slot, int class) {
    const sim_station *s = &w->st[p];
    ol_segment *seg = s->thin[q][slot];
    int has = ol_line_peek(s->line, (ol_path_id)(q * OL_PATHS_PER_PEER + slot), sim_mono(w, p));
    if (has == OL_CLASS_NONE || has > class || has > ol_segment_room(seg, (ol_mono){ w->now_ms }) ||
        !is_ready(w, p, q, slot))
        return false;
    uint8_t packet[OL_FRAME_MAX];
    uint32_t to;
    size_t n = sim_poll(w, p, q, slot, packet, &to);
    if (n == 0 || sim_power_fails(w, p))
        return n > 0;
    w->sum.frames++, w->sum.bytes += n;
    if (w->on_frame != NULL)
        w->on_frame(w, p, q, 0, packet, n);
    ol_segment_put(seg, has, packet, n);
    return true;
}

bool sim_thin_send(sim_world *w, unsigned p, unsigned q, unsigned slot) {
    sim_station *s = &w->st[p];
    ol_segment *seg = s->thin[q][slot];
    uint8_t frame[OL_SEGMENT_FRAME_MAX];
    if (!is_ready(w, p, q, slot))
        return false;
    size_t n = ol_segment_next(seg, frame, (ol_mono){ w->now_ms });
    if (n == 0) {
        uint64_t due = ol_segment_due(seg, (ol_mono){ w->now_ms });
        s->wake_ms = due < s->wake_ms ? due : s->wake_ms;
        return false;
    }
    sim_link *k = link_of(w, p, q, slot);
    CHECK(w, n <= k->frame, "%c: a frame of %zu bytes where %u fit", sim_name(w, p), n, k->frame);
    sim_mark_trace(w, n * 256 + frame[0]);
    if (sim_thin_on_frame != NULL)
        sim_thin_on_frame(w, p, frame, n);
    if (w->now_ms * 1000 > k->free_us + 1000)
        k->began_ms = w->now_ms; /* after a pause */
    sim_net_send(w, p, q, slot, frame, n);
    (void)is_ready(w, p, q, slot); /* it is woken when this one has left */
    return true;
}

/* ---- in ---- */

/* Who sends, or has just sent, hears nothing on a wire that carries one direction. */
static bool is_deaf(const sim_world *w, const sim_packet *k) {
    const sim_link *to = link_of(w, k->from, k->to, k->slot),
                   *own = link_of(w, k->to, k->from, k->slot);
    uint64_t end_ms = k->at_ms - to->delay_ms;
    uint64_t air_us = (k->len + FRAMING) * BITS * UINT64_C(1000000) / to->rate_bps;
    uint64_t begin_ms = end_ms - air_us / 1000, deaf_ms = own->free_us / 1000 + own->half_ms;
    return to->half_ms > 0 && own->free_us > 0 && own->began_ms < end_ms && begin_ms + 1 < deaf_ms;
}

void sim_thin_arrive(sim_world *w, const sim_packet *k) {
    sim_station *s = &w->st[k->to];
    ol_segment *seg = k->from < w->parties ? s->thin[k->from][k->slot] : NULL;
    if (!s->is_up || seg == NULL || is_deaf(w, k))
        return;
    ol_segment_take(seg, k->bytes, k->len, (ol_mono){ w->now_ms });
    const uint8_t *packet;
    size_t n;
    ol_path_id path = (ol_path_id)(k->from * OL_PATHS_PER_PEER + k->slot);
    while (s->is_up && !s->is_dying && (packet = ol_segment_packet(seg, &n)) != NULL) {
        ol_path_status before, after;
        ol_line_path_status(s->line, path, &before);
        uint8_t copy[OL_SEGMENT_PACKET_MAX];
        memcpy(copy, packet, n);
        (void)sim_arrive(w, k->to, 0, k->slot, copy, n);
        sim_drain(w, k->to);
        if (!s->is_up || s->is_dying)
            return;
        ol_line_path_status(s->line, path, &after);
        if (after.heard_ms > before.heard_ms)
            ol_segment_heard(seg);
    }
}
