/* line/segment.h — packets of up to 1,200 bytes over a bearer whose frames are smaller, from 14
 * bytes up: what stands between an engine and a serial line, a radio modem, a pipe.
 * Shape    one ol_segment for each place that frames come from and go to (a serial or exec port has
 *          exactly one), however many lines share it. A packet is what ol_line_poll gives and
 *          EV_FRAME takes; a frame is what the bearer carries. Half duplex is inside (turn.h).
 * Out      before each frame: of all paths at this place the one whose ol_line_peek class is most
 *          urgent; if that class fits ol_segment_room, ol_line_poll it and put it. Then next gives
 *          the frame, 0 when there is none now: call again at ol_segment_due, when an engine has
 *          something, or when a frame has come in. What is urgent goes before what is left of a
 *          routine packet, so ask for one frame at a time, as the wire takes it (§5.10), and never
 *          more than two ahead of it.
 * In       take each frame that arrived, then call packet until it gives NULL and treat each as a
 *          frame of the bearer: ol_switch_find, EV_FRAME, effects performed before the next one.
 *          Several can be readings of one packet: at most one of them verifies.
 * Trust    pieces carry no authentication: see docs/PROTOCOL.md §5.8 for what an attacker can and
 *          cannot do. Call heard when a line has taken something authentic from this place
 *          (ol_line_path_status heard_ms has grown).
 * Errors   what arrives never fails: it is dropped and counted. put when there is no room, and a
 *          packet that is empty or too long, is the caller's mistake: asserted.
 * Pure     no I/O, clock, randomness; 60 KB of the ol_mem handed in.
 * Source   docs/PROTOCOL.md §5.8, §5.9 */
#ifndef OL_LINE_SEGMENT_H
#define OL_LINE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/time.h"

enum {
    OL_SEGMENT_FRAME_MIN = 14,
    OL_SEGMENT_FRAME_MAX = 1200,
    OL_SEGMENT_PACKET_MAX = 1200, /* EV_PATH_UP frame_max of such a path, whatever its rate */
    OL_SEGMENT_KEPT = 8           /* packets sent, of which pieces may be asked for */
};

typedef struct ol_segment ol_segment;

typedef struct {
    uint16_t frame;         /* bytes that one frame of ours carries at most */
    uint32_t byte_us;       /* a byte on the wire, start and stop bits too; 0: not known, fast */
    uint16_t framing;       /* bytes that the bearer adds to a frame (serial: COBS, CRC, …) */
    bool is_half;           /* one direction at a time */
    uint32_t turnaround_ms; /* to turn a direction around; also without is_half, if it takes time */
    bool is_first;          /* half duplex: we are the party with the lower number */
    uint64_t seed;          /* entropy: number of the first packet, draws of the back-off */
} ol_segment_opts;

OL_MUST ol_err ol_segment_new(ol_mem *mem, const ol_segment_opts *opts, ol_mono now,
                              ol_segment **ret);
void ol_segment_free(ol_segment *s); /* takes NULL; wipes */

/* The largest class (OL_CLASS_…, line.h) that put takes now: OL_CLASS_NONE none, OL_CLASS_URGENT
 * only what is urgent, OL_CLASS_ROUTINE anything. */
int ol_segment_room(const ol_segment *s, ol_mono now);
void ol_segment_put(ol_segment *s, int class, const uint8_t *packet, size_t len);
/* The next frame, at most opts.frame bytes, which is what buf holds at least; 0: none now. */
size_t ol_segment_next(ol_segment *s, uint8_t *buf, ol_mono now);
/* When next may give one though nothing was put or taken meanwhile; OL_NEVER. Never in the past
 * right after next gave 0. */
uint64_t ol_segment_due(const ol_segment *s, ol_mono now);

/* Of any length: the peer's frames may be longer than ours. */
void ol_segment_take(ol_segment *s, const uint8_t *frame, size_t len, ol_mono now);
/* A packet that is complete by what was taken last; NULL: no (more). Borrowed until the next call
 * of take or packet. */
const uint8_t *ol_segment_packet(ol_segment *s, size_t *ret_len);
void ol_segment_heard(ol_segment *s);

/* For EV_PATH_UP. rate: bits of packets a second, what framing and segment headers leave; 0 when
 * byte_us is 0. hold_ms: the longest transmission of one side; 0 unless is_half. */
uint32_t ol_segment_rate(const ol_segment_opts *opts);
uint32_t ol_segment_hold_ms(const ol_segment_opts *opts);

typedef struct {
    uint64_t frames_in, frames_out, packets_in, packets_out;
    uint64_t dropped;          /* frames in that are none */
    uint64_t asked, answered;  /* MISSING sent; pieces sent again */
    uint64_t clashes, refused; /* places claimed by three pieces; MISSING not answered */
    uint64_t given_up;         /* packets that made room before they were complete */
    uint64_t transmissions;    /* half duplex: of ours */
} ol_segment_counts;
const ol_segment_counts *ol_segment_counts_of(const ol_segment *s);

#endif
