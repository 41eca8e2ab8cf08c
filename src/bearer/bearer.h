/* bearer/bearer.h — ways to carry frames, one row each; a port is one local end of a bearer and
 * carries many paths.
 * Frames   whole or not at all; may be lost, repeated, reordered, made up by anyone. At most
 *          frame_max bytes; longer ones that arrive are dropped and counted.
 * Address  where frames come from and go to: opaque bytes that only their own bearer reads; equal
 *          bytes are the same place. len 0: none.
 * URL      <scheme>:<rest>; check says what is wrong with one in words, or NULL.
 * Loop     libuv, one thread. Callbacks come from the loop, never from inside a call of the caller,
 *          except where said.
 * Errors   a fault is a static phrase and errno (0: none): the caller makes the sentence. A frame
 *          that the system refuses (no route, too large for a link) is dropped and counted, as a
 *          network would: the protocol repeats it.
 * Memory   ports are their bearer's own; close gives everything back once the loop has turned. */
#ifndef OL_BEARER_BEARER_H
#define OL_BEARER_BEARER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/err.h"

enum {
    OL_ADDR_MAX = 40,
    OL_ADDR_TEXT_MAX = 64,
    OL_PORT_BATCH = 64 /* frames handed over at a time, in either direction */
};

typedef struct {
    uint8_t len, b[OL_ADDR_MAX]; /* unused bytes are zero */
} ol_addr;

typedef struct {
    ol_addr addr; /* from or to */
    const uint8_t *p;
    size_t len;
} ol_port_frame;

typedef struct ol_port ol_port;

typedef struct {
    void (*frames)(void *ctx, const ol_port_frame *v, size_t n); /* borrowed for the call */
    void (*writable)(void *ctx); /* after a send that did not take all: it may take more now */
    /* The connection by which addr was reached is gone, with whatever it held. */
    void (*lost)(void *ctx, const ol_addr *addr);
    void *ctx;
    /* For the log, bounded by the bearer: what became of a device or program, or what it said.
     * Plain ASCII, no quotation marks. NULL: not told. */
    void (*said)(void *ctx, const char *text);
} ol_port_user;

/* A line that is thin: frames are smaller than what an engine makes, so that those are cut into
 * pieces (docs/PROTOCOL.md §5.8), and one side may have to wait for the other (§5.9). */
typedef struct {
    uint16_t frame;   /* bytes of the largest frame */
    uint16_t framing; /* bytes that the line adds to that one */
    uint32_t byte_us; /* a byte's time on the line, start and stop bits too; 0: not known, fast */
    bool is_half;     /* one side at a time */
    uint32_t turnaround_ms; /* to turn the direction around */
} ol_port_link;

typedef struct {
    const char *why; /* static */
    int sys;
} ol_port_fault;

typedef struct {
    uint64_t frames_in, frames_out, bytes_in, bytes_out;
    uint64_t dropped_in, dropped_out; /* too long; refused by the system */
} ol_port_counts;

/* err OL_OK: the address; else none was found. Called with OL_ESTATE when the port closes. */
typedef void ol_resolved_fn(void *ctx, ol_err err, const ol_addr *addr);

typedef struct {
    const char *scheme;  /* "udp" */
    const char *form;    /* "udp://<host>:<port>", for sentences */
    const char *example; /* of a port's, as a shell takes it */
    bool is_ip;          /* first messages carry a MAC (docs/PROTOCOL.md §5.1) */
    uint16_t frame_max;
    const char *(*check)(const char *url, bool is_local);
    ol_err (*open)(uv_loop_t *loop, const char *url, const ol_port_user *user, ol_port **ret,
                   ol_port_fault *ret_fault);
    /* What would keep `open` from a port's url for good, as far as it is seen without opening the
     * port. May be NULL. */
    ol_err (*look)(const char *url, ol_port_fault *ret_fault);
    /* Takes v[0] … v[k-1] and returns k; k < n: the rest when `writable` comes. */
    size_t (*send)(ol_port *p, const ol_port_frame *v, size_t n);
    /* NULL: any number of frames can be tried at any time. Else a frame for addr is taken now, or
     * what is needed is begun, such as connecting, and `writable` comes. Asked before each frame:
     * little waits that could not be overtaken. */
    bool (*has_room)(ol_port *p, const ol_addr *addr);
    /* NULL: frames of any bearer's size. Else the port is a thin one with one place at its other
     * end, whose address `resolve` gives; says how thin. */
    void (*link)(const ol_port *p, ol_port_link *ret);
    /* Bearers that make connections; the two are NULL for others. */
    /* An authentic frame came from there: until then a peer's connection is a stranger's. */
    void (*proven)(ol_port *p, const ol_addr *addr);
    /* The peer gave a sign of life elsewhere: what is put off for this address is tried now. */
    void (*wake)(ol_port *p, const ol_addr *addr);
    /* Looks up a peer's url. fn is called once, from inside when no look-up is needed. A name with
     * several addresses gives another one with each turn. */
    void (*resolve)(ol_port *p, const char *url, unsigned turn, ol_resolved_fn *fn, void *ctx);
    void (*address_text)(const ol_addr *addr, char to[OL_ADDR_TEXT_MAX]); /* "[::1]:4477" */
    /* 2: the same peer at the same place, 1: the same host, 0: neither is known. */
    int (*nearness)(const ol_addr *a, const ol_addr *b);
    void (*local)(const ol_port *p, ol_addr *ret); /* what it is bound to */
    const ol_port_counts *(*counts)(const ol_port *p);
    /* What is wrong with the device or program, in words; NULL: nothing. May be NULL. */
    const char *(*trouble)(const ol_port *p);
    void (*close)(ol_port *p); /* takes NULL */
} ol_bearer;

/* The bearer of this url, NULL when its scheme is none of ours. */
const ol_bearer *ol_bearer_find(const char *url);
const ol_bearer *ol_bearer_at(size_t i); /* row i; NULL past the last */

extern const ol_bearer ol_bearer_exec, ol_bearer_serial, ol_bearer_tcp, ol_bearer_udp;

#endif
