/* tests/lib/thin.h — two segmenters and a wire between them that loses frames, in its own time.
 * A half-duplex wire carries one direction: who sends, or has just sent, hears nothing.
 * Failures end the test. */
#ifndef OL_TESTS_LIB_THIN_H
#define OL_TESTS_LIB_THIN_H

#include "base/mem.h"
#include "line/segment.h"

enum { THIN_QUEUE = 256, THIN_FLIGHT = 16, THIN_SENT = 8192 };

typedef struct {
    int class;
    size_t len;
    uint8_t p[OL_SEGMENT_PACKET_MAX];
} thin_packet;

typedef struct {
    uint64_t ms; /* when it began */
    uint8_t from, first, second;
    bool is_lost;
    uint16_t len;
} thin_frame; /* first, second: its first bytes */

typedef struct {
    ol_segment *s;
    ol_segment_opts o;
    thin_packet *out, *in;     /* THIN_QUEUE each */
    size_t outs, at, ins;      /* out: how many; the next one to put */
    uint64_t busy_ms, deaf_ms; /* it sends until then; and hears nothing until then */
    uint64_t since_ms;         /* its last transmission began */
} thin_end;

typedef struct thin_link thin_link;
struct thin_link {
    ol_mem mem;
    thin_end end[2];
    uint64_t ms, draw;
    unsigned lost_permille;
    bool is_half;
    uint32_t deaf_for_ms; /* after sending, on a half-duplex wire */
    bool (*loses)(thin_link *w, unsigned from, const uint8_t *p, size_t len); /* or NULL */
    struct {
        uint64_t at_ms, began_ms;
        uint8_t to;
        size_t len;
        uint8_t p[OL_SEGMENT_FRAME_MAX];
    } flight[THIN_FLIGHT];
    size_t flights;
    thin_frame *sent; /* all of them: THIN_SENT */
    size_t sents;
};

void thin_set_up(thin_link *w, const ol_segment_opts *o, uint64_t seed);
void thin_tear_down(thin_link *w);
uint64_t thin_draw(thin_link *w);
/* A packet of that length, of bytes that are its own; sent in its order. */
void thin_say(thin_link *w, unsigned from, int class, size_t len);
void thin_run(thin_link *w, uint64_t ms); /* so long */
/* Until all that `from` said has come in, at most so long; whether it has. Each must come. */
bool thin_until(thin_link *w, unsigned from, uint64_t ms);
bool thin_has(const thin_link *w, unsigned at, const thin_packet *packet);
uint64_t thin_air_ms(const thin_link *w, unsigned from, size_t len);

#endif
