/* web/web.h — the console's server: a control client like any other, and a door for browsers.
 * Door     loopback alone, or with a certificate TLS wherever it is told. Hosts and origins are
 *          compared with those it was told to be; nothing is asked of anybody else.
 * Rights   a seat (seat.h) looks, or acts too, or where `setup` is also sets up: rows of command.c.
 * Login    over TLS who has no seat gets the page of it and a talk for it alone (login.h).
 * Bounds   OL_WEB_CONNS connections, of them OL_WEB_TALKS that talk (WebSocket); one that has said
 *          nothing whole for OL_WEB_HEAD_S is closed. Of too many, the first to come of the host
 *          that has most of those without a seat gives way; where all have one, that of the seat
 *          that has most and does not talk. A seat has OL_WEB_SEAT_TALKS talks at most; where all
 *          are taken one that only looks gives way to one that acts. What is refused is told on
 *          stderr, each reason once a minute.
 * Source   RFC 9110, RFC 9112, RFC 6455, RFC 6265 */
#ifndef OL_WEB_WEB_H
#define OL_WEB_WEB_H

#include <openssl/ssl.h>
#include <uv.h>

#include "web/conn.h"
#include "web/drafts.h"
#include "web/http.h"
#include "web/seat.h"

enum {
    OL_WEB_CONNS = 64,
    OL_WEB_TALKS = 16,
    OL_WEB_SEAT_TALKS = 8,
    OL_WEB_HOSTS = 8,
    OL_WEB_HEAD_S = 10,
    OL_WEB_IDLE_S = 30,
    OL_WEB_REASONS = 24
};

typedef struct ol_talk ol_talk;
typedef struct ol_web ol_web;
typedef struct ol_guest ol_guest;
typedef struct ol_start ol_start;
typedef struct ol_logins ol_logins;

struct ol_guest { /* a connection and what it became */
    ol_web *web;
    ol_conn *conn;
    ol_talk *talk;       /* NULL: HTTP */
    unsigned long seat;  /* number of that of its last request that had one; 0: none */
    bool acts;           /* that seat may */
    uint8_t host[16];    /* whence it came: an address, of IPv6 the network of 64 bits */
    unsigned long order; /* of its coming */
};

struct ol_web {
    uv_loop_t *loop;
    uv_tcp_t listener;
    SSL_CTX *tls;                 /* NULL: plain, on loopback */
    const char *home, *program;   /* OPENLINE_HOME; the openline beside us */
    bool setup;                   /* a seat of that right may set this party up */
    char host[OL_WEB_HOSTS][300]; /* "127.0.0.1:8477": what a request may call us */
    size_t hosts;
    int port;
    char cookie[24];
    ol_seats seats;
    ol_guest *guest[OL_WEB_CONNS];
    unsigned long came;
    size_t acts, acts_for_looks; /* commands that run, act.h */
    ol_logins *logins;           /* NULL: nobody logs in here */
    ol_drafts drafts;
    uv_timer_t drafts_timer; /* runs once there was one */
    ol_start *start;         /* a station that is being started; NULL: none */
    struct {
        const char *what;
        uint64_t told_ms;
        unsigned long untold;
    } refused[OL_WEB_REASONS];
    void (*seated)(ol_web *w, ol_seat_right right); /* a key was used: there is a new one */
};

void ol_web_came(uv_stream_t *listener, int status); /* listener->data is the ol_web */
/* what: static. One line on stderr, at most once a minute for each. */
void ol_web_refuse(ol_web *w, const char *what);
uint64_t ol_web_now_s(const ol_web *w);
/* To every talk: {"event": "draft", "draft", "line", "state"}. */
void ol_web_tell_draft(ol_web *w, uint64_t number, const char *line, const char *state);

/* serve.c: one request, answered. False: the connection is no HTTP any more, or ends. */
bool ol_web_serve(ol_guest *g, const ol_http *r);

#endif
