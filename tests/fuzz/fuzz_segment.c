/* Frames that anyone may send, to a segmenter that also has something to say, with time passing
 * between: pieces, MISSING, OVER, junk. Nothing is read beyond a frame, what comes out is bounded,
 * and so is what is said to a stranger.
 * Input    one byte: frame size and half duplex; then u8 length ‖ u8 what ‖ bytes: a frame (its
 *          time: what), again and again. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "line/gather.h"
#include "line/line.h"
#include "line/segment.h"

enum { PACKET = 300, SENT_MAX = 4096 };

typedef struct {
    ol_mem mem;
    ol_segment *s;
    ol_segment_opts o;
    uint64_t ms, missing, pieces;
} place;

static void make(place *p, uint8_t how) {
    *p = (place){ .ms = 1000 };
    ol_mem_heap(&p->mem, 1 << 20);
    p->o = (ol_segment_opts){ .frame = (uint16_t)(14 + (how & 0x3f) * 18), .byte_us = 1000 };
    p->o.is_half = (how & 0x80) != 0, p->o.turnaround_ms = (how & 0x40) != 0 ? 500 : 0;
    p->o.seed = how;
    OL_ASSERT(ol_segment_new(&p->mem, &p->o, (ol_mono){ p->ms }, &p->s) == OL_OK);
}

/* All that it says now. */
static void drain(place *p, bool has_more) {
    uint8_t packet[PACKET] = { 0 }, *frame = malloc(p->o.frame);
    OL_ASSERT(frame != NULL);
    ol_mono now = { p->ms };
    size_t n, rounds = 0;
    if (has_more && ol_segment_room(p->s, now) == OL_CLASS_ROUTINE)
        ol_segment_put(p->s, OL_CLASS_ROUTINE, packet, sizeof packet);
    while ((n = ol_segment_next(p->s, frame, now)) > 0) {
        OL_ASSERT(n <= p->o.frame && ++rounds < SENT_MAX);
        p->missing += (frame[0] & 0xc0) == 0x40;
        p->pieces += (frame[0] & 0x80) != 0;
    }
    OL_ASSERT(ol_segment_due(p->s, now) >= p->ms);
    free(frame);
}

static size_t take(place *p, const uint8_t *bytes, size_t len) {
    uint8_t *frame = malloc(len + (len == 0)); /* a sanitizer sees where it ends */
    OL_ASSERT(frame != NULL);
    if (len > 0)
        memcpy(frame, bytes, len);
    ol_segment_take(p->s, frame, len, (ol_mono){ p->ms });
    free(frame);
    const uint8_t *packet;
    size_t n, packets = 0;
    while ((packet = ol_segment_packet(p->s, &n)) != NULL) {
        OL_ASSERT(n > 0 && n <= OL_SEGMENT_PACKET_MAX && ++packets <= 4 * OL_GATHER_PACKETS);
        OL_ASSERT(packet[0] <= packet[n - 1] || packet[0] > packet[n - 1]); /* all of it is there */
    }
    return packets;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ol_rd r = ol_rd_of(data, size);
    uint8_t how = (uint8_t)ol_rd_be(&r, 1);
    place p;
    if (r.err != OL_OK)
        return 0;
    make(&p, how);
    uint64_t puts = 0;
    while (r.left >= 2) {
        size_t len = (size_t)ol_rd_be(&r, 1);
        uint8_t what = (uint8_t)ol_rd_be(&r, 1);
        len = len < r.left ? len : r.left;
        const uint8_t *frame = ol_rd_take(&r, len);
        p.ms += UINT64_C(1) << (what & 0x0f);
        (void)take(&p, frame, len);
        uint64_t before = ol_segment_counts_of(p.s)->packets_out;
        drain(&p, (what & 0x30) == 0x30);
        puts += ol_segment_counts_of(p.s)->packets_out - before;
    }
    /* A stranger is told little: no packet verified here. */
    OL_ASSERT(p.missing <= 8 + 4 * puts);
    uint64_t each = p.o.frame - 2u, n = (PACKET + each - 1) / each;
    OL_ASSERT(p.pieces <= puts * (3 * n + 8));
    OL_ASSERT(p.mem.peak < 65536);
    ol_segment_free(p.s);
    OL_ASSERT(p.mem.used == 0);
    return 0;
}
