#include "station/pieces.h"

#include <stdlib.h>

#include "base/time.h"
#include "line/line.h"

struct ol_pieces {
    ol_pieces_opts o;
    ol_segment_opts line;
    ol_segment *segment;
    ol_addr addr; /* the one place at the port's other end */
    uv_timer_t timer;
    bool is_closing;
};

static ol_mono now_of(const ol_pieces *s) {
    return (ol_mono){ uv_now(s->o.loop) };
}

static void on_address(void *ctx, ol_err err, const ol_addr *addr) {
    ol_pieces *s = ctx;
    if (err == OL_OK)
        s->addr = *addr;
}

ol_err ol_pieces_new(const ol_pieces_opts *opts, ol_pieces **ret) {
    ol_port_link link;
    ol_pieces *s = calloc(1, sizeof *s);
    if (s == NULL)
        return OL_ENOMEM;
    s->o = *opts;
    opts->bearer->link(opts->port, &link);
    opts->bearer->resolve(opts->port, "", 0, on_address, s);
    s->line = (ol_segment_opts){ .frame = link.frame,
                                 .byte_us = link.byte_us,
                                 .framing = link.framing,
                                 .is_half = link.is_half,
                                 .turnaround_ms = link.turnaround_ms,
                                 .is_first = opts->is_first,
                                 .seed = opts->seed };
    ol_err err = ol_segment_new(opts->mem, &s->line, now_of(s), &s->segment);
    if (err != OL_OK) {
        free(s);
        return err;
    }
    (void)uv_timer_init(opts->loop, &s->timer);
    s->timer.data = s;
    *ret = s;
    return OL_OK;
}

void ol_pieces_close(ol_pieces *s) {
    if (s == NULL || s->is_closing)
        return;
    s->is_closing = true;
    uv_close((uv_handle_t *)&s->timer, NULL);
}

void ol_pieces_free(ol_pieces *s) {
    if (s == NULL)
        return;
    ol_segment_free(s->segment);
    free(s);
}

int ol_pieces_room(ol_pieces *s) {
    if (s->is_closing || !s->o.bearer->has_room(s->o.port, &s->addr))
        return OL_CLASS_NONE;
    return ol_segment_room(s->segment, now_of(s));
}

void ol_pieces_put(ol_pieces *s, int class, const uint8_t *packet, size_t len) {
    ol_segment_put(s->segment, class, packet, len);
    ol_pieces_flush(s);
}

static void on_timer(uv_timer_t *timer) {
    (void)timer; /* turns the loop: whoever sends looks again */
}

void ol_pieces_flush(ol_pieces *s) {
    uint8_t frame[OL_SEGMENT_FRAME_MAX];
    ol_mono now = now_of(s);
    size_t len = 0;
    if (s->is_closing)
        return;
    while (s->o.bearer->has_room(s->o.port, &s->addr)) {
        len = ol_segment_next(s->segment, frame, now);
        if (len == 0)
            break;
        ol_port_frame f = { s->addr, frame, len };
        (void)s->o.bearer->send(s->o.port, &f, 1);
    }
    uint64_t due = len > 0 ? OL_NEVER : ol_segment_due(s->segment, now);
    if (due == OL_NEVER)
        (void)uv_timer_stop(&s->timer);
    else
        (void)uv_timer_start(&s->timer, on_timer, due > now.ms ? due - now.ms : 1, 0);
}

void ol_pieces_frame(ol_pieces *s, const ol_port_frame *f) {
    size_t len = 0;
    const uint8_t *packet;
    ol_segment_take(s->segment, f->p, f->len, now_of(s));
    while (!s->is_closing && (packet = ol_segment_packet(s->segment, &len)) != NULL)
        s->o.packet(s->o.ctx, &f->addr, packet, len);
}

void ol_pieces_heard(ol_pieces *s) {
    ol_segment_heard(s->segment);
}

void ol_pieces_path(const ol_pieces *s, ol_event *up) {
    up->path.frame_max = OL_SEGMENT_PACKET_MAX;
    up->path.frame = s->line.frame;
    up->path.rate = ol_segment_rate(&s->line);
    up->path.turnaround_ms = s->line.turnaround_ms;
    up->path.hold_ms = ol_segment_hold_ms(&s->line);
}
