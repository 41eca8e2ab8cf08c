/* bearer/cobs.h — frames on a bare line of bytes, such as a serial one.
 * Shape    COBS(frame ‖ u32 CRC-32 of the frame, big-endian) ‖ 0x00; one 0x00 more goes before a
 *          frame when the line was idle, so that noise before it is told apart. 0x00 stands nowhere
 *          else: whatever came before one, the next frame begins after it.
 * Errors   none: what does not decode or whose CRC is wrong is counted and passed over, and costs
 *          at most the frame that it hit. Runs longer than a frame can be are dropped as they come.
 * Memory   one frame is held inside; allocates nothing. A frame is borrowed until the next call.
 * Source   docs/PROTOCOL.md §5.10; S. Cheshire and M. Baker, Consistent Overhead Byte Stuffing,
 *          1999; the CRC of IEEE 802.3 (zlib's) */
#ifndef OL_BEARER_COBS_H
#define OL_BEARER_COBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    OL_COBS_FRAME_MAX = 1200,
    OL_COBS_CRC = 4,
    OL_COBS_RUN = 254, /* bytes other than 0x00 after one code byte */
    OL_COBS_DATA_MAX = OL_COBS_FRAME_MAX + OL_COBS_CRC,
    OL_COBS_CODED_MAX = OL_COBS_DATA_MAX + OL_COBS_DATA_MAX / OL_COBS_RUN + 1,
    OL_COBS_WIRE_MAX = 1 + OL_COBS_CODED_MAX + 1 /* with a 0x00 before and one after */
};

typedef struct {
    uint16_t max; /* bytes of the longest frame to expect; longer ones are dropped */
    bool is_long; /* what comes until the next 0x00 is dropped */
    size_t n;     /* bytes held */
    uint64_t bad; /* runs passed over: not COBS, the CRC wrong, too short, too long */
    uint8_t held[OL_COBS_CODED_MAX];
} ol_cobs;

void ol_cobs_init(ol_cobs *c, uint16_t frame_max); /* 1 to OL_COBS_FRAME_MAX */

/* The next frame of the bytes *p, of which *len are there; both move past what is taken. OL_ESHORT:
 * all were taken, there is no whole frame yet. */
OL_MUST ol_err ol_cobs_next(ol_cobs *c, const uint8_t **p, size_t *len, const uint8_t **ret_frame,
                            size_t *ret_len);

/* A frame of 1 to OL_COBS_FRAME_MAX bytes as it goes on the wire; returns its bytes there. */
size_t ol_cobs_put(const uint8_t *frame, size_t len, bool was_idle, uint8_t to[OL_COBS_WIRE_MAX]);

/* Bytes on the wire of a frame of len bytes, at most: without a 0x00 before it. */
size_t ol_cobs_wire(size_t len);

#endif
