/* station/net.h — the station's ports, and the paths over them: where each peer's frames go.
 * In       a frame's first bytes are looked up (line/switch.h); strangers cost that and a count.
 *          The others are handed on with their source: 0 when it is the address of the only path
 *          there is to that peer by this port, else a token (station/tokens.h).
 * Out      frames are built straight into a port's queue of OL_PORT_BATCH and go out together. A
 *          port whose queue the system does not take has no room until it does; that wakes the
 *          loop. A bearer with connections has room for each address by itself, and each frame
 *          goes out at once. On thin ports frames of engines are packets, which station/pieces.h
 *          cuts and puts together.
 * Paths    one for each configured bearer; and for a peer without one by some port, one by that
 *          port that waits until the peer speaks. A path's address is what its url was resolved
 *          to, until the engine moves it. While a path is not live, its url is looked up again
 *          every OL_NET_TEND_MS, and that address and the one it had moved to are tried in turn.
 *          When a connection is gone by which it was reached, its address is that of its url again;
 *          a sign of life over another path ends the wait before the next attempt to connect.
 * Errors   why has the sentence: port in use and the like.
 * Memory   from the C heap; urls are borrowed and outlive it. */
#ifndef OL_STATION_NET_H
#define OL_STATION_NET_H

#include <uv.h>

#include "bearer/bearer.h"
#include "line/line.h"
#include "station/why.h"

enum { OL_NET_PORTS_MAX = 8, OL_NET_TEND_MS = 10000 };

typedef struct ol_net ol_net;

typedef struct {
    void (*frame)(void *ctx, uint16_t line, const ol_event *in); /* EV_FRAME */
    /* EV_PATH_UP for the engine: at start, and when a path has come to have an address. */
    bool (*path_up)(void *ctx, uint16_t line, const ol_event *up); /* false: told again later */
    void (*path_lost)(void *ctx, uint16_t line, ol_path_id path);  /* EV_PATH_LOST */
    bool (*is_live)(void *ctx, uint16_t line, ol_path_id path);
    uint64_t (*heard_ms)(void *ctx, uint16_t line, uint8_t party); /* ol_line_heard_ms */
    void *ctx;
} ol_net_user;

typedef struct {
    uint16_t line;
    ol_path_id id;
    uint8_t port;
    bool is_first;   /* our party's number is lower than the peer's */
    const char *url; /* NULL: none configured */
} ol_net_path;

/* mem: what thin ports need (station/pieces.h). */
OL_MUST ol_err ol_net_new(uv_loop_t *loop, ol_mem *mem, const ol_switch *sw,
                          const ol_net_user *user, ol_net **ret);
/* Numbers them 0, 1, …; name is for status and borrowed. */
OL_MUST ol_err ol_net_add_port(ol_net *n, const char *name, const char *url, ol_why *why);
OL_MUST ol_err ol_net_add_path(ol_net *n, const ol_net_path *path);
void ol_net_start(ol_net *n); /* path_up for every path, now or when its url is resolved */
void ol_net_stop(ol_net *n);  /* closes every handle; takes NULL */
void ol_net_free(ol_net *n);  /* after the loop has turned; takes NULL */

size_t ol_net_ports(const ol_net *n);
size_t ol_net_paths(const ol_net *n);
const ol_net_path *ol_net_path_at(const ol_net *n, size_t i);
bool ol_net_is_port_used(const ol_net *n, uint16_t line, uint8_t party, uint8_t port);

/* Room for a frame of this class (OL_CLASS_…) of path i to the token's address, 0: the path's own:
 * OL_FRAME_MAX bytes to build it in; NULL: not now. */
uint8_t *ol_net_room(ol_net *n, size_t i, uint32_t to, int class);
/* The frame of len bytes built there goes to the token's address, 0: the path's own. */
void ol_net_put(ol_net *n, size_t i, size_t len, uint32_t to, int class);
void ol_net_flush(ol_net *n);
void ol_net_move(ol_net *n, uint16_t line, ol_path_id id, uint32_t from);

/* For status. false: no such path. */
typedef struct {
    const char *url, *port;
    char address[OL_ADDR_TEXT_MAX];
} ol_net_status;
bool ol_net_path_status(const ol_net *n, uint16_t line, ol_path_id id, ol_net_status *ret);
uint64_t ol_net_strangers(const ol_net *n);
void ol_net_counts(const ol_net *n, ol_port_counts *ret); /* of all ports together */
/* What is wrong with port i's device or program, in words; NULL: nothing. */
const char *ol_net_trouble(const ol_net *n, size_t i);
/* The text of what port i is bound to, "[::]:4477". */
void ol_net_local(const ol_net *n, size_t i, char to[OL_ADDR_TEXT_MAX]);

#endif
