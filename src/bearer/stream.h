/* bearer/stream.h — frames in a byte stream.
 * Shape    u16 length, big-endian, 1 to OL_STREAM_FRAME_MAX ‖ that many bytes; and so on.
 * Errors   OL_ESHORT: all bytes were taken, the next frame is not complete; OL_EFORM: a length out
 *          of range: nothing after it can be read, the stream is at its end.
 * Memory   what is incomplete is held inside, OL_STREAM_HELD bytes whatever was announced;
 *          allocates nothing. A frame is borrowed until the next call.
 * Source   docs/PROTOCOL.md §5.6 */
#ifndef OL_BEARER_STREAM_H
#define OL_BEARER_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    OL_STREAM_FRAME_MAX = 1200,
    OL_STREAM_LEAD = 2,
    OL_STREAM_HELD = OL_STREAM_LEAD + OL_STREAM_FRAME_MAX
};

typedef struct {
    size_t n; /* bytes held of a frame with its length */
    uint8_t held[OL_STREAM_HELD];
} ol_stream; /* zeroed: at the beginning */

/* The next frame of the bytes *p, of which *len are there; both move past what is taken. */
OL_MUST ol_err ol_stream_next(ol_stream *s, const uint8_t **p, size_t *len,
                              const uint8_t **ret_frame, size_t *ret_len);
/* The frame is inside s: the next call overwrites it. Else it is in the bytes handed in. */
bool ol_stream_has(const ol_stream *s, const uint8_t *frame);
void ol_stream_lead(size_t len, uint8_t to[OL_STREAM_LEAD]); /* what stands before a frame */

#endif
