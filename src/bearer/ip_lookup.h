/* bearer/ip_lookup.h — a peer's url to its address, for the bearers over IP.
 * Numeric hosts are answered at once, from inside; names by the loop. When the port closes,
 * lookups that are out are answered with OL_ESTATE; they must outlive it: `out` counts them, and
 * `done` is called after each.
 * Memory   from the C heap, one block a lookup that is out. */
#ifndef OL_BEARER_IP_LOOKUP_H
#define OL_BEARER_IP_LOOKUP_H

#include "bearer/ip_addr.h"

typedef struct {
    uv_loop_t *loop;
    bool is_v4; /* the port has IPv4 alone */
    bool is_closing;
    int socket_type; /* SOCK_DGRAM, SOCK_STREAM */
    unsigned out;
    void (*done)(void *ctx);
    void *ctx;
} ol_ip_lookups;

/* turn, fn, ctx: as bearer.h says of resolve. */
void ol_ip_resolve(ol_ip_lookups *all, const char *scheme, const char *url, unsigned turn,
                   ol_resolved_fn *fn, void *ctx);

#endif
