/* bearer/thin.h — frames over a line of bytes, what serial and exec share: coded (cobs.h), paced
 * (pace.h), one at a time, so that what is urgent overtakes after one frame at most.
 * Lives    from ol_thin_start with two descriptors to `ended`, any number of times. They become its
 *          own, and are closed before `ended` is called, from the loop.
 * Ahead    the system is given no more than OL_THIN_AHEAD_MS of the line's time, or two bytes; the
 *          next frame is asked for when the last byte of the one before was given.
 * Memory   part of its port; open handles are its own. */
#ifndef OL_BEARER_THIN_H
#define OL_BEARER_THIN_H

#include "bearer/cobs.h"
#include "bearer/thin_url.h"

enum { OL_THIN_AHEAD_MS = 40, OL_THIN_HELD_MS = 20, OL_THIN_READ_MAX = 4096 };

typedef struct {
    uv_loop_t *loop;
    ol_port_user user;
    ol_port_counts counts;
    /* The line is gone: errno, 0 at its end. Once after each start, or after ol_thin_end. */
    void (*ended)(void *ctx, int sys);
    /* Bytes that the system holds and has not put on the line; NULL: not known. */
    int (*held)(int fd);
    void *ctx;

    ol_addr addr; /* the one place at the other end */
    ol_cobs in;
    ol_pace pace;
    uint16_t frame; /* bytes of the longest that is sent */
    uv_poll_t reader, writer;
    uv_timer_t timer;
    int rfd, wfd, sys;
    unsigned handles; /* of this life, not yet closed */
    bool is_up, is_ending, wants_room, has_reader, has_writer;
    size_t out_at, out_len, held_max;
    uint8_t out[OL_COBS_WIRE_MAX];
} ol_thin;

/* The fields above the line must be set. */
void ol_thin_init(ol_thin *t, const ol_thin_url *u);
/* rfd, wfd: two descriptors, not blocking. Nothing of an earlier life is sent. A fault of the loop
 * ends it at once. */
void ol_thin_start(ol_thin *t, int rfd, int wfd);
void ol_thin_end(ol_thin *t, int sys); /* `ended` follows, if it was started */

bool ol_thin_has_room(ol_thin *t);
size_t ol_thin_send(ol_thin *t, const ol_port_frame *v, size_t n);
int ol_thin_nearness(const ol_addr *a, const ol_addr *b); /* there is one place */

#endif
