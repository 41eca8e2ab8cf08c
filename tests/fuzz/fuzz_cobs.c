/* A line of bytes: how it is cut into reads changes nothing; nothing is read or written beyond its
 * bounds; a frame that comes out, put on the wire again, comes out again; and whatever came before,
 * a frame after a 0x00 is read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bearer/cobs.h"

static const uint16_t sizes[] = { 1, 14, 64, 253, 600, 1200 };

typedef struct {
    size_t frames, bytes;
    uint64_t bad, sum;
} result;

static void again(const uint8_t *frame, size_t len, uint16_t max) {
    static uint8_t wire[OL_COBS_WIRE_MAX];
    static ol_cobs c;
    const uint8_t *p = wire, *got;
    size_t got_len, n = ol_cobs_put(frame, len, len % 2 == 0, wire);
    OL_ASSERT(n <= ol_cobs_wire(len) + 1);
    ol_cobs_init(&c, max);
    OL_ASSERT(ol_cobs_next(&c, &p, &n, &got, &got_len) == OL_OK && n == 0);
    OL_ASSERT(got_len == len && memcmp(got, frame, len) == 0);
}

static result run(const uint8_t *data, size_t size, size_t most, uint16_t max) {
    static ol_cobs c;
    static uint8_t frame_copy[OL_COBS_FRAME_MAX];
    result r = { .sum = 1 };
    ol_cobs_init(&c, max);
    for (size_t at = 0, turn = 0; at < size;) {
        size_t n = 1 + turn++ * 7 % most;
        n = n < size - at ? n : size - at;
        uint8_t *piece = malloc(n); /* of its own, so that a sanitizer sees where it ends */
        OL_ASSERT(piece != NULL);
        memcpy(piece, data + at, n);
        at += n;
        const uint8_t *p = piece, *frame;
        size_t left = n, len;
        while (ol_cobs_next(&c, &p, &left, &frame, &len) == OL_OK) {
            OL_ASSERT(len >= 1 && len <= max);
            memcpy(frame_copy, frame, len);
            again(frame_copy, len, max);
            for (size_t i = 0; i < len; i++)
                r.sum = (r.sum ^ frame_copy[i]) * UINT64_C(1099511628211);
            r.frames++, r.bytes += len;
        }
        OL_ASSERT(left == 0 && p == piece + n && c.n <= sizeof c.held);
        free(piece);
    }
    r.bad = c.bad;
    static const uint8_t said[] = "said";
    uint8_t wire[OL_COBS_WIRE_MAX];
    size_t n = ol_cobs_put(said, 1, true, wire), len = 0, frames = 0;
    const uint8_t *p = wire, *frame = NULL;
    while (ol_cobs_next(&c, &p, &n, &frame, &len) == OL_OK)
        frames++;
    OL_ASSERT(frames == 1 || frames == 2); /* what stood there may have been a whole one */
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const size_t most[] = { 1, 3, 64, 1u << 16 };
    if (size == 0)
        return 0;
    uint16_t max = sizes[data[0] % OL_LEN(sizes)];
    data++, size--;
    result first = run(data, size, size + 1, max);
    OL_ASSERT(first.bytes + 2 * first.frames <= size);
    for (size_t i = 0; i < OL_LEN(most); i++) {
        result r = run(data, size, most[i], max);
        OL_ASSERT(r.frames == first.frames && r.bytes == first.bytes && r.bad == first.bad &&
                  r.sum == first.sum);
    }
    if (size > 0 && size <= OL_COBS_FRAME_MAX)
        again(data, size, OL_COBS_FRAME_MAX);
    return 0;
}
