/* station/pieces.h — between the engines and a thin port: packets in one direction, frames in the
 * other, by the rules of line/segment.h.
 * Out      room says which class of packet may be put now: when the port takes a frame, and nothing
 *          as urgent waits; flush gives the port one frame after the other while it takes them.
 *          Called in every turn of the loop; a timer of its own turns the loop when something is
 *          due though nothing happens.
 * In       frames that came are taken; each packet that they make whole goes to `packet`.
 * Memory   of the ol_mem handed in, and the handle of a timer: close, then free when the loop has
 *          turned. */
#ifndef OL_STATION_PIECES_H
#define OL_STATION_PIECES_H

#include "bearer/bearer.h"
#include "line/line.h"
#include "line/segment.h"

typedef struct {
    uv_loop_t *loop;
    ol_mem *mem;
    const ol_bearer *bearer; /* has link and has_room */
    ol_port *port;
    bool is_first; /* half duplex: our party's number is the lower one */
    uint64_t seed;
    void (*packet)(void *ctx, const ol_addr *addr, const uint8_t *p, size_t len);
    void *ctx;
} ol_pieces_opts;

typedef struct ol_pieces ol_pieces;

OL_MUST ol_err ol_pieces_new(const ol_pieces_opts *opts, ol_pieces **ret);
void ol_pieces_close(ol_pieces *s); /* takes NULL */
void ol_pieces_free(ol_pieces *s);  /* takes NULL; after the loop has turned */

int ol_pieces_room(ol_pieces *s); /* OL_CLASS_… as of ol_segment_room */
void ol_pieces_put(ol_pieces *s, int class, const uint8_t *packet, size_t len);
void ol_pieces_flush(ol_pieces *s);
void ol_pieces_frame(ol_pieces *s, const ol_port_frame *f);
void ol_pieces_heard(ol_pieces *s); /* something authentic came by this port */

/* What the engine is told of a path by this port: frame_max, rate, … of EV_PATH_UP. */
void ol_pieces_path(const ol_pieces *s, ol_event *up);

#endif
