/* tools/linkem — a link emulator for real processes: UDP and TCP on loopback, without privileges.
 * Link     two ends, A and B. A's side speaks to the face `a`, B's side to the face `b`; what comes
 *          to `a` goes to B's address and the reverse, shaped by way: ab, ba. A link with one
 *          address only is for any number of A's: each has a mapping (UDP) or connection of its own
 *          and there is no face `b`.
 * Shape    shape.c: what happens to a packet is decided by the seed, the way and the packets before
 *          it on that way, not by the clock; when it is delivered is the clock's.
 * TCP      bytes are delayed, slowed and stopped, never lost; connections can be reset.
 * Control  lines on standard input, one JSON line each as answer (command.c). */
#ifndef LINKEM_H
#define LINKEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <uv.h>

enum { LINKS_MAX = 32, NAME_LEN_MAX = 31, PACKET_MAX = 65535, MAPPINGS_MAX = 256 };

typedef struct {
    double delay_ms, jitter_ms;                /* jitter: 0 to so much more, order kept */
    double loss, duplicate;                    /* probabilities, of packets */
    double reorder, reorder_ms;                /* with so much probability so much later */
    double burst_begin, burst_end, burst_loss; /* Gilbert-Elliott; burst_loss while it is bad */
    double rate, queue;                        /* bit/s, 0: any; bytes that wait for it at most */
    bool is_cut;
} shape;

typedef struct {
    uint64_t packets, bytes, lost, cut, full, duplicated, reordered, delivered;
} way_counts;

typedef struct {
    shape s;
    uint64_t random; /* state of the generator */
    bool is_bad;     /* in a burst */
    uint64_t free_us, last_us;
    uint64_t reset_after; /* TCP: bytes until all connections are reset; UINT64_MAX: never */
    way_counts count;
} way;

typedef struct link_ link_;
struct link_ {
    char name[NAME_LEN_MAX + 1];
    bool is_tcp, is_pair;
    struct sockaddr_storage target[2]; /* of A (pairs only), of B */
    way way[2];                        /* 0: ab, 1: ba */
    char face[2][64];                  /* "127.0.0.1:4001" */
    void *inner;                       /* udp.c's or tcp.c's */
    uint64_t opened, ended;            /* TCP connections, so far */
};

typedef struct {
    uv_loop_t loop;
    size_t links;
    link_ link[LINKS_MAX];
    uint64_t seed, began_us;
    bool tells_events, is_over;
} emulator;

extern emulator em;

static inline uint64_t now_us(void) {
    return uv_hrtime() / 1000;
}

/* shape.c */
void way_init(way *w, uint64_t seed);
/* When a packet of so many bytes is to be delivered: 0 (lost) to 2 times. */
unsigned way_take(way *w, uint64_t now, size_t len, uint64_t due_us[2]);
uint64_t way_bytes_due(way *w, uint64_t now, size_t len); /* for a stream: never lost */
bool way_is_full(const way *w, uint64_t now);             /* the rate's queue has no room */

/* command.c */
/* Performs one line; the answer is JSON without a newline. */
void command(const char *line, char *answer, size_t size);
bool number_parse(const char *text, double max, double *ret); /* from 0 */
void say(const char *json); /* a line to standard output, at once */

/* udp.c, tcp.c: false: *why, static. changed: a cut or a rate is other than before. */
bool udp_open(link_ *l, const char **why);
bool tcp_open(link_ *l, const char **why);
void tcp_changed(link_ *l);
void tcp_reset(link_ *l); /* all connections, at once */

bool address_parse(const char *text, struct sockaddr_storage *ret);
void address_print(const struct sockaddr_storage *a, char to[64]);

#endif
