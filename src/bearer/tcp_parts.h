/* bearer/tcp_parts.h — the inside of the TCP bearer, shared by tcp.c, tcp_dial.c and tcp_conn.c.
 * Rooms    tcp.c the port: accepting, limits, time · tcp_dial.c targets: whom we connect to, and
 *          when again · tcp_conn.c one connection: bytes in and out.
 * Address  of a target: a peer's, number 0: frames go by the connection that we make to it, the
 *          next one when that is gone. Of a connection that a peer made: its number too; when it
 *          is gone, so is the address. Numbers are not used twice.
 * Rule     a connection is ended only from the loop: by its own poll, or by the port's timer; a
 *          send that fails marks it, and its poll follows. */
#ifndef OL_BEARER_TCP_PARTS_H
#define OL_BEARER_TCP_PARTS_H

#include "bearer/ip_lookup.h"
#include "bearer/stream.h"

enum {
    OL_TCP_STRANGERS_MAX = 64, /* connections of peers from which nothing authentic came yet */
    OL_TCP_PEERS_MAX = 512,    /* and of those that have proved themselves */
    OL_TCP_TARGETS_MAX = 256,
    OL_TCP_PROVE_MS = 20000, /* a stranger's connection lives so long */
    OL_TCP_IDLE_MS = 120000, /* any other one, with no frame either way: several keepalives */
    OL_TCP_CONNECT_MS =
        5000,              /* an attempt; the next one begins at once, with a fresh first packet */
    OL_TCP_AGAIN_MS = 250, /* after a refusal or a loss; doubles up to */
    OL_TCP_AGAIN_MAX_MS = 2000,
    OL_TCP_DEAF_MS = 1000,    /* no descriptors left: accept again then */
    OL_TCP_UNSENT_MAX = 4096, /* bytes in the system not yet sent: no more are given to it */
    OL_TCP_STUCK_MS = 3000,   /* and four retransmission times: sent, not acknowledged: gone */
    OL_TCP_TUNE_MS = 10000,
    OL_TCP_READ_MAX = 65536
};

typedef struct ol_tcp_conn ol_tcp_conn;

typedef struct ol_tcp_target {
    struct ol_tcp_target *next;
    ol_addr addr;
    ol_tcp_conn *conn;
    uint64_t asked_ms, tried_ms, after_ms; /* not tried before after_ms */
    unsigned failures;
    bool is_wanted; /* asked for while it could not be tried */
} ol_tcp_target;

struct ol_tcp_conn {
    uv_poll_t poll;
    ol_port *port;
    ol_tcp_conn *next;
    ol_tcp_target *target; /* NULL: the peer made it */
    int fd;
    bool is_connecting, is_proven, is_broken, is_ended, wants_write;
    ol_addr addr;
    uint64_t born_ms, used_ms, tuned_ms;
    ol_stream in;
    size_t out_at, out_len; /* what the system has not taken of the last frame */
    uint8_t out[OL_STREAM_HELD];
};

struct ol_port {
    uv_loop_t *loop;
    uv_poll_t listener;
    uv_timer_t timer;
    int fd;
    unsigned handles; /* not yet closed */
    bool is_v4, is_closing;
    uint64_t deaf_until_ms; /* 0: listening */
    uint64_t numbers;       /* given to connections so far */
    ol_ip_addr bound;       /* where connections of ours come from, port 0 */
    ol_ip_lookups lookups;
    ol_port_user user;
    ol_port_counts counts;
    ol_tcp_conn *conn;
    ol_tcp_target *target;
    uint8_t bytes[OL_TCP_READ_MAX];
};

/* tcp.c */
const char *ol_tcp_set_options(int fd, bool is_v4); /* those accepted inherit them */
void ol_tcp_schedule(ol_port *p); /* the timer, after anything that it must look at */
void ol_tcp_released(void *port); /* frees it once nothing of it is left */

/* tcp_conn.c */
/* Takes the socket over, also on failure (NULL). */
ol_tcp_conn *ol_tcp_conn_new(ol_port *p, int fd, bool is_connecting);
bool ol_tcp_conn_has_room(ol_tcp_conn *c);
bool ol_tcp_conn_send(ol_tcp_conn *c, const uint8_t *frame, size_t len); /* false: not taken */
void ol_tcp_conn_end(ol_tcp_conn *c, bool is_told); /* told: the user hears of the loss */

/* tcp_dial.c */
/* The connection to that target, if it stands; if not it is made, when it is time. NULL: not now.
 * May be one that connects still. */
ol_tcp_conn *ol_tcp_dial(ol_port *p, const ol_addr *addr);
ol_tcp_conn *ol_tcp_find(const ol_port *p, const ol_addr *addr); /* NULL: none */
void ol_tcp_dial_ended(ol_tcp_conn *c);                          /* of a target: when again */
void ol_tcp_dial_wake(ol_port *p, const ol_addr *addr);
uint64_t ol_tcp_dial_next_ms(ol_port *p, uint64_t now); /* OL_NEVER: nothing is put off */
void ol_tcp_dial_free(ol_port *p);

#endif
