/* web/conn.h — one browser's connection: bytes in and out, over TCP or TLS on it.
 * Shape    what came waits in `in`, at most OL_CONN_IN bytes: its user takes from the front. What
 *          is to go is queued; above OL_CONN_OUT bytes of memory the connection is closed: a
 *          browser that takes nothing costs no more. Above OL_CONN_HIGH it is full: who can wait
 *          does, until `drained`.
 * Time     the user sets a deadline; when it is over the connection closes.
 * Errors   whatever goes wrong closes it; `closed` is called once, afterwards nothing is.
 * Memory   freed after `closed`, when libuv lets go of it.
 * Source   RFC 8446 by libssl, over memory BIOs */
#ifndef OL_WEB_CONN_H
#define OL_WEB_CONN_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

enum {
    OL_CONN_IN = 16384,
    OL_CONN_OUT = 4 << 20,
    OL_CONN_HIGH = 256 << 10,
    OL_CONN_LOW = 64 << 10
};

typedef struct ol_conn ol_conn;

typedef struct {
    void (*came)(void *user);    /* there is more in `in` */
    void (*drained)(void *user); /* it was full, and is not */
    void (*closed)(void *user);  /* the last call */
} ol_conn_user;

struct ol_conn {
    uv_tcp_t tcp;
    uv_timer_t timer;
    SSL *ssl; /* NULL: plain */
    const ol_conn_user *does;
    void *user;
    size_t in_len, out_len; /* out_len: memory that is queued with libuv */
    bool is_closing, closes_after, was_full;
    unsigned handles;
    char in[OL_CONN_IN];
};

/* Takes a connection that listener has; tls NULL: plain. NULL: none could be taken. */
ol_conn *ol_conn_take(uv_stream_t *listener, SSL_CTX *tls, const ol_conn_user *does, void *user);
void ol_conn_drop_in(ol_conn *c, size_t n); /* the first n bytes of `in` are done with */
void ol_conn_send(ol_conn *c, const void *p, size_t len);
bool ol_conn_is_full(ol_conn *c);                 /* if so, `drained` comes */
void ol_conn_end(ol_conn *c);                     /* closes once what is queued has gone */
void ol_conn_close(ol_conn *c);                   /* at once; again: nothing */
void ol_conn_limit(ol_conn *c, unsigned seconds); /* from now; 0: no deadline */

#endif
