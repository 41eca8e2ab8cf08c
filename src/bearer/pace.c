#include "bearer/pace.h"

enum { DATA_BITS = 8 };
static const uint64_t second_ns = 1000000000;

unsigned ol_pace_bits(const ol_pace_line *line) {
    return 1u + line->bits + line->has_parity + line->stop;
}

void ol_pace_init(ol_pace *p, const ol_pace_line *line, uint64_t ahead_ns) {
    uint64_t wire = line->baud == 0 ? 0 : ol_pace_bits(line) * second_ns / line->baud;
    uint64_t behind = line->rate == 0 ? 0 : DATA_BITS * second_ns / line->rate;
    *p = (ol_pace){ .byte_ns = wire > behind ? wire : behind };
    p->ahead_ns = ahead_ns > 2 * p->byte_ns ? ahead_ns : 2 * p->byte_ns;
}

/* How long the wire is still busy. */
static uint64_t left(const ol_pace *p, uint64_t now_ns) {
    return p->free_ns > now_ns ? p->free_ns - now_ns : 0;
}

size_t ol_pace_room(const ol_pace *p, uint64_t now_ns) {
    uint64_t busy = left(p, now_ns);
    if (p->byte_ns == 0)
        return SIZE_MAX;
    return busy >= p->ahead_ns ? 0 : (size_t)((p->ahead_ns - busy) / p->byte_ns);
}

void ol_pace_take(ol_pace *p, size_t n, uint64_t now_ns) {
    uint64_t from = p->free_ns > now_ns ? p->free_ns : now_ns;
    p->free_ns = from + n * p->byte_ns;
}

uint64_t ol_pace_wait(const ol_pace *p, size_t n, uint64_t now_ns) {
    uint64_t needed = left(p, now_ns) + n * p->byte_ns;
    return needed > p->ahead_ns ? needed - p->ahead_ns : 0;
}

bool ol_pace_is_idle(const ol_pace *p, uint64_t now_ns) {
    return left(p, now_ns) == 0;
}

uint64_t ol_pace_time(const ol_pace *p, size_t n) {
    return n * p->byte_ns;
}
