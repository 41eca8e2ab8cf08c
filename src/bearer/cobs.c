#include "bearer/cobs.h"

#include <string.h>

#include <zlib.h>

#include "base/bytes.h"

void ol_cobs_init(ol_cobs *c, uint16_t frame_max) {
    OL_ASSERT(frame_max > 0 && frame_max <= OL_COBS_FRAME_MAX);
    *c = (ol_cobs){ .max = frame_max };
}

static size_t coded_max(size_t data) {
    return data + data / OL_COBS_RUN + 1;
}

size_t ol_cobs_wire(size_t len) {
    return coded_max(len + OL_COBS_CRC) + 1;
}

static uint32_t crc_of(const uint8_t *p, size_t len) {
    return (uint32_t)crc32(0, p, (unsigned)len);
}

/* In place: what comes out is never longer than what was read. false: not COBS. */
static bool decode(uint8_t *p, size_t len, size_t *ret_len) {
    size_t out = 0;
    for (size_t at = 0; at < len;) {
        size_t code = p[at++], n = code - 1;
        if (n > len - at) /* p holds no 0x00, so code is 1 at least */
            return false;
        memmove(p + out, p + at, n);
        at += n, out += n;
        if (code <= OL_COBS_RUN && at < len)
            p[out++] = 0;
    }
    *ret_len = out;
    return true;
}

static bool is_whole(ol_cobs *c, size_t *ret_len) {
    size_t len = 0;
    if (c->is_long || !decode(c->held, c->n, &len) || len <= OL_COBS_CRC)
        return false;
    ol_rd r = ol_rd_of(c->held + len - OL_COBS_CRC, OL_COBS_CRC);
    *ret_len = len - OL_COBS_CRC;
    return *ret_len <= c->max && ol_rd_be(&r, OL_COBS_CRC) == crc_of(c->held, *ret_len);
}

/* Holds n bytes more of a run, or gives the run up. */
static void hold(ol_cobs *c, const uint8_t *p, size_t n) {
    size_t most = coded_max((size_t)c->max + OL_COBS_CRC);
    c->is_long = c->is_long || n > most - c->n;
    if (c->is_long || n == 0)
        return;
    memcpy(c->held + c->n, p, n);
    c->n += n;
}

ol_err ol_cobs_next(ol_cobs *c, const uint8_t **p, size_t *len, const uint8_t **ret_frame,
                    size_t *ret_len) {
    while (*len > 0) {
        const uint8_t *zero = memchr(*p, 0, *len);
        size_t n = zero == NULL ? *len : (size_t)(zero - *p), frame = 0;
        hold(c, *p, n);
        *p += n, *len -= n;
        if (zero == NULL)
            break;
        *p += 1, *len -= 1;
        bool is_empty = c->n == 0 && !c->is_long, is_frame = !is_empty && is_whole(c, &frame);
        c->n = 0, c->is_long = false;
        c->bad += !is_empty && !is_frame;
        if (!is_frame)
            continue;
        *ret_frame = c->held, *ret_len = frame;
        return OL_OK;
    }
    return OL_ESHORT;
}

size_t ol_cobs_put(const uint8_t *frame, size_t len, bool was_idle, uint8_t to[OL_COBS_WIRE_MAX]) {
    uint8_t data[OL_COBS_DATA_MAX];
    OL_ASSERT(len > 0 && len <= OL_COBS_FRAME_MAX);
    ol_wr w = ol_wr_of(data, sizeof data);
    ol_wr_put(&w, frame, len);
    ol_wr_be(&w, crc_of(frame, len), OL_COBS_CRC);
    OL_ASSERT(w.err == OL_OK);
    size_t n = 0, code;
    if (was_idle)
        to[n++] = 0;
    code = n++;
    for (size_t i = 0; i < w.len; i++) {
        if (data[i] != 0)
            to[n++] = data[i];
        bool is_full = n - code == OL_COBS_RUN + 1;
        if (data[i] != 0 && !(is_full && i + 1 < w.len))
            continue;
        to[code] = (uint8_t)(n - code);
        code = n++;
    }
    to[code] = (uint8_t)(n - code);
    to[n++] = 0;
    return n;
}
