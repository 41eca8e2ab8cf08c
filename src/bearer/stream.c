#include "bearer/stream.h"

#include <string.h>

#include "base/bytes.h"

/* Fills up to `want` bytes held. */
static void fill(ol_stream *s, size_t want, const uint8_t **p, size_t *len) {
    size_t n = want - s->n < *len ? want - s->n : *len;
    if (n > 0)
        memcpy(s->held + s->n, *p, n);
    s->n += n;
    *p += n, *len -= n;
}

ol_err ol_stream_next(ol_stream *s, const uint8_t **p, size_t *len, const uint8_t **ret_frame,
                      size_t *ret_len) {
    if (s->n < OL_STREAM_LEAD)
        fill(s, OL_STREAM_LEAD, p, len);
    if (s->n < OL_STREAM_LEAD)
        return OL_ESHORT;
    ol_rd r = ol_rd_of(s->held, OL_STREAM_LEAD);
    size_t frame = (size_t)ol_rd_be(&r, OL_STREAM_LEAD);
    if (frame == 0 || frame > OL_STREAM_FRAME_MAX)
        return OL_EFORM;
    if (s->n == OL_STREAM_LEAD && *len >= frame) { /* whole in the bytes at hand: no copy */
        *ret_frame = *p, *ret_len = frame;
        *p += frame, *len -= frame;
        s->n = 0;
        return OL_OK;
    }
    fill(s, OL_STREAM_LEAD + frame, p, len);
    if (s->n < OL_STREAM_LEAD + frame)
        return OL_ESHORT;
    *ret_frame = s->held + OL_STREAM_LEAD, *ret_len = frame;
    s->n = 0;
    return OL_OK;
}

bool ol_stream_has(const ol_stream *s, const uint8_t *frame) {
    return frame == s->held + OL_STREAM_LEAD;
}

void ol_stream_lead(size_t len, uint8_t to[OL_STREAM_LEAD]) {
    ol_wr w = ol_wr_of(to, OL_STREAM_LEAD);
    ol_wr_be(&w, len, OL_STREAM_LEAD);
}
