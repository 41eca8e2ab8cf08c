#include "lib/thin.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "line/line.h"

uint64_t thin_draw(thin_link *w) {
    w->draw += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = w->draw;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void thin_set_up(thin_link *w, const ol_segment_opts *o, uint64_t seed) {
    *w = (thin_link){ .draw = seed, .is_half = o->is_half, .deaf_for_ms = o->turnaround_ms };
    ol_mem_heap(&w->mem, 1 << 20);
    w->ms = 1000;
    w->sent = calloc(THIN_SENT, sizeof *w->sent);
    OL_ASSERT(w->sent != NULL);
    for (unsigned i = 0; i < 2; i++) {
        thin_end *e = &w->end[i];
        e->o = *o, e->o.is_first = i == 0, e->o.seed = thin_draw(w);
        OL_ASSERT(ol_segment_new(&w->mem, &e->o, (ol_mono){ w->ms }, &e->s) == OL_OK);
        e->out = calloc(THIN_QUEUE, sizeof *e->out);
        e->in = calloc(THIN_QUEUE, sizeof *e->in);
        OL_ASSERT(e->out != NULL && e->in != NULL);
    }
}

void thin_tear_down(thin_link *w) {
    for (unsigned i = 0; i < 2; i++) {
        ol_segment_free(w->end[i].s);
        free(w->end[i].out);
        free(w->end[i].in);
    }
    free(w->sent);
    OL_ASSERT(w->mem.used == 0);
}

uint64_t thin_air_ms(const thin_link *w, unsigned from, size_t len) {
    const ol_segment_opts *o = &w->end[from].o;
    return ((uint64_t)len + o->framing) * o->byte_us / 1000;
}

void thin_say(thin_link *w, unsigned from, int class, size_t len) {
    thin_end *e = &w->end[from];
    OL_ASSERT(e->outs < THIN_QUEUE && len <= OL_SEGMENT_PACKET_MAX);
    thin_packet *p = &e->out[e->outs++];
    p->class = class, p->len = len;
    for (size_t i = 0; i < len; i++)
        p->p[i] = (uint8_t)thin_draw(w);
}

bool thin_has(const thin_link *w, unsigned at, const thin_packet *packet) {
    for (size_t i = 0; i < w->end[at].ins; i++)
        if (w->end[at].in[i].len == packet->len &&
            memcmp(w->end[at].in[i].p, packet->p, packet->len) == 0)
            return true;
    return false;
}

static void arrive(thin_link *w, unsigned to, const uint8_t *p, size_t len) {
    thin_end *e = &w->end[to];
    ol_segment_take(e->s, p, len, (ol_mono){ w->ms });
    const uint8_t *packet;
    size_t n;
    while ((packet = ol_segment_packet(e->s, &n)) != NULL) {
        OL_ASSERT(e->ins < THIN_QUEUE && n <= OL_SEGMENT_PACKET_MAX);
        e->in[e->ins].len = n;
        memcpy(e->in[e->ins++].p, packet, n);
    }
}

static void deliver(thin_link *w) {
    for (size_t i = 0; i < w->flights;) {
        if (w->flight[i].at_ms > w->ms) {
            i++;
            continue;
        }
        unsigned to = w->flight[i].to;
        const thin_end *e = &w->end[to];
        bool is_deaf = w->is_half && w->flight[i].began_ms < e->deaf_ms;
        is_deaf = is_deaf || (w->is_half && e->since_ms < w->flight[i].at_ms &&
                              e->busy_ms > w->flight[i].began_ms);
        uint8_t copy[OL_SEGMENT_FRAME_MAX];
        size_t len = w->flight[i].len;
        memcpy(copy, w->flight[i].p, len);
        w->flight[i] = w->flight[--w->flights];
        if (!is_deaf)
            arrive(w, to, copy, len);
    }
}

static void send_one(thin_link *w, unsigned from, const uint8_t *p, size_t len) {
    thin_end *e = &w->end[from];
    bool is_lost = thin_draw(w) % 1000 < w->lost_permille;
    is_lost = is_lost || (w->loses != NULL && w->loses(w, from, p, len));
    OL_ASSERT(w->sents < THIN_SENT);
    w->sent[w->sents++] = (thin_frame){ .ms = w->ms,
                                        .from = (uint8_t)from,
                                        .first = p[0],
                                        .second = len > 1 ? p[1] : 0,
                                        .is_lost = is_lost,
                                        .len = (uint16_t)len };
    if (e->deaf_ms < w->ms)
        e->since_ms = w->ms;
    e->busy_ms = w->ms + thin_air_ms(w, from, len);
    e->deaf_ms = e->busy_ms + w->deaf_for_ms;
    if (is_lost)
        return;
    OL_ASSERT(w->flights < THIN_FLIGHT);
    size_t i = w->flights++;
    w->flight[i].at_ms = e->busy_ms, w->flight[i].began_ms = w->ms;
    w->flight[i].to = (uint8_t)(1 - from), w->flight[i].len = len;
    memcpy(w->flight[i].p, p, len);
}

/* As a station does: what is most urgent first, one frame at a time. */
static void pump(thin_link *w, unsigned i) {
    thin_end *e = &w->end[i];
    uint8_t frame[OL_SEGMENT_FRAME_MAX];
    if (e->busy_ms > w->ms)
        return;
    int room = ol_segment_room(e->s, (ol_mono){ w->ms });
    if (e->at < e->outs && e->out[e->at].class <= room) {
        const thin_packet *p = &e->out[e->at++];
        ol_segment_put(e->s, p->class, p->p, p->len);
    }
    size_t len = ol_segment_next(e->s, frame, (ol_mono){ w->ms });
    OL_ASSERT(len <= e->o.frame);
    if (len > 0)
        send_one(w, i, frame, len);
    else
        OL_ASSERT(ol_segment_due(e->s, (ol_mono){ w->ms }) >= w->ms);
}

static uint64_t next_ms(const thin_link *w, uint64_t limit) {
    uint64_t next = limit;
    for (size_t i = 0; i < w->flights; i++)
        next = w->flight[i].at_ms < next ? w->flight[i].at_ms : next;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t due = ol_segment_due(w->end[i].s, (ol_mono){ w->ms });
        due = due < w->end[i].busy_ms ? w->end[i].busy_ms : due;
        if (due > w->ms && due < next)
            next = due;
        if (w->end[i].busy_ms > w->ms && w->end[i].busy_ms < next)
            next = w->end[i].busy_ms;
    }
    return next;
}

static void turn(thin_link *w, uint64_t limit) {
    deliver(w);
    for (unsigned i = 0; i < 2; i++)
        pump(w, i);
    w->ms = next_ms(w, limit);
}

void thin_run(thin_link *w, uint64_t ms) {
    uint64_t limit = w->ms + ms;
    while (w->ms < limit)
        turn(w, limit);
    deliver(w);
}

bool thin_until(thin_link *w, unsigned from, uint64_t ms) {
    uint64_t limit = w->ms + ms;
    const thin_end *e = &w->end[from];
    for (;;) {
        size_t k = 0;
        while (k < e->at && thin_has(w, 1 - from, &e->out[k]))
            k++;
        if (k == e->outs)
            return true;
        if (w->ms >= limit)
            return false;
        turn(w, limit);
    }
}
