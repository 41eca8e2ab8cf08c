/* Frames of a byte stream: how it is cut into reads changes nothing, what comes out goes in again,
 * a wrong length ends it, and nothing is read beyond what was handed in. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bearer/stream.h"

typedef struct {
    size_t frames, bytes;
    uint8_t *out; /* what came out, framed again */
    ol_err err;
} result;

/* Feeds data in pieces of 1 to `most` bytes, each in a block of its own so that a sanitizer sees
 * where it ends. */
static result run(const uint8_t *data, size_t size, size_t most) {
    static ol_stream s;
    memset(&s, 0, sizeof s);
    result r = { .out = calloc(1, size + 1), .err = OL_ESHORT };
    OL_ASSERT(r.out != NULL);
    size_t at = 0, turn = 0;
    while (at < size && r.err == OL_ESHORT) {
        size_t n = 1 + turn++ * 7 % most;
        n = n < size - at ? n : size - at;
        uint8_t *piece = malloc(n);
        OL_ASSERT(piece != NULL);
        memcpy(piece, data + at, n);
        at += n;
        const uint8_t *p = piece, *frame;
        size_t left = n, len;
        while ((r.err = ol_stream_next(&s, &p, &left, &frame, &len)) == OL_OK) {
            OL_ASSERT(len >= 1 && len <= OL_STREAM_FRAME_MAX && r.bytes + 2 + len <= size);
            OL_ASSERT(ol_stream_has(&s, frame) ||
                      (frame >= piece && frame + len <= piece + (n - left)));
            ol_stream_lead(len, r.out + r.bytes);
            memcpy(r.out + r.bytes + 2, frame, len);
            r.bytes += 2 + len, r.frames++;
        }
        OL_ASSERT(r.err == OL_ESHORT || r.err == OL_EFORM);
        OL_ASSERT(r.err == OL_EFORM || (left == 0 && s.n < OL_STREAM_HELD));
        free(piece);
    }
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const size_t most[] = { 1, 2, 3, 64, 1201, 1u << 16 };
    result first = run(data, size, size + 1);
    OL_ASSERT(memcmp(first.out, data, first.bytes) == 0); /* one encoding of each stream */
    OL_ASSERT(first.frames <= size / 3);
    for (size_t i = 0; i < OL_LEN(most); i++) {
        result r = run(data, size, most[i]);
        OL_ASSERT(r.frames == first.frames && r.bytes == first.bytes && r.err == first.err);
        OL_ASSERT(memcmp(r.out, first.out, r.bytes) == 0);
        free(r.out);
    }
    if (first.err == OL_EFORM) { /* exactly there: the length that follows is out of range */
        OL_ASSERT(size >= first.bytes + 2);
        unsigned len = (unsigned)(data[first.bytes] << 8 | data[first.bytes + 1]);
        OL_ASSERT(len == 0 || len > OL_STREAM_FRAME_MAX);
    }
    free(first.out);
    return 0;
}
