/* What a way does to packets: loss, bursts, repeats, order, rate, delay. */
#include "linkem.h"

static uint64_t next(way *w) { /* splitmix64 */
    uint64_t z = w->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static double draw(way *w) {
    return (double)(next(w) >> 11) / 9007199254740992.0; /* 2^53 */
}

void way_init(way *w, uint64_t seed) {
    *w = (way){ .random = seed, .reset_after = UINT64_MAX };
    w->s.queue = 65536, w->s.burst_loss = 1, w->s.burst_end = 1;
}

bool way_is_full(const way *w, uint64_t now) {
    if (w->s.rate <= 0 || w->free_us <= now)
        return false;
    return (double)(w->free_us - now) * w->s.rate / 8e6 >= w->s.queue;
}

/* When its last bit is on the wire. */
static uint64_t serialize(way *w, uint64_t now, size_t len) {
    if (w->s.rate <= 0)
        return now;
    uint64_t from = w->free_us > now ? w->free_us : now;
    w->free_us = from + (uint64_t)((double)len * 8e6 / w->s.rate);
    return w->free_us;
}

static uint64_t in_order(way *w, uint64_t sent, double jitter) {
    uint64_t due = sent + (uint64_t)(1000 * (w->s.delay_ms + jitter * w->s.jitter_ms));
    if (due < w->last_us)
        due = w->last_us;
    return w->last_us = due;
}

/* All draws are made for each packet, whatever the shape: what happens to a packet depends on the
 * seed and its number alone. */
unsigned way_take(way *w, uint64_t now, size_t len, uint64_t due_us[2]) {
    double turn = draw(w), lost = draw(w), twice = draw(w), late = draw(w), jitter = draw(w);
    w->count.packets++, w->count.bytes += len;
    w->is_bad = w->is_bad ? turn >= w->s.burst_end : turn < w->s.burst_begin;
    if (w->s.is_cut) {
        w->count.cut++;
        return 0;
    }
    if (lost < (w->is_bad ? w->s.burst_loss : w->s.loss)) {
        w->count.lost++;
        return 0;
    }
    if (way_is_full(w, now)) {
        w->count.full++;
        return 0;
    }
    uint64_t sent = serialize(w, now, len);
    unsigned n = twice < w->s.duplicate ? 2 : 1;
    if (late < w->s.reorder) {
        double ms = w->s.delay_ms + jitter * w->s.jitter_ms + w->s.reorder_ms;
        due_us[0] = sent + (uint64_t)(1000 * ms);
        w->count.reordered++;
    } else {
        due_us[0] = in_order(w, sent, jitter);
    }
    due_us[1] = due_us[0];
    w->count.duplicated += n - 1;
    return n;
}

uint64_t way_bytes_due(way *w, uint64_t now, size_t len) {
    double jitter = draw(w);
    w->count.packets++, w->count.bytes += len;
    return in_order(w, serialize(w, now, len), jitter);
}
