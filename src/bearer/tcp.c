/* bearer/tcp.c — TCP over IPv4 and IPv6: a port listens, and connects to peers.
 * Strangers  a connection that a peer made is a stranger's until something authentic came by it
 *            (`proven`). Nothing is written to it before: what calls `send` answers authentic
 *            frames only. It lives OL_TCP_PROVE_MS whatever it sends; of too many the oldest of
 *            the host that has most makes room, so that one host cannot keep others out. */
#include "bearer/tcp_parts.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/time.h"

enum { ACCEPTS = 16, BACKLOG = 128 };

/* ── time ──────────────────────────────────────────────────────────────────────────────────── */

static uint64_t end_of(const ol_tcp_conn *c) {
    if (c->is_connecting)
        return c->born_ms + OL_TCP_CONNECT_MS;
    return c->is_proven ? c->used_ms + OL_TCP_IDLE_MS : c->born_ms + OL_TCP_PROVE_MS;
}

static void hear(ol_port *p);

static void on_timer(uv_timer_t *timer) {
    ol_port *p = timer->data;
    uint64_t now = uv_now(p->loop);
    for (ol_tcp_conn *c = p->conn, *next; c != NULL; c = next) {
        next = c->next;
        if (now >= end_of(c))
            ol_tcp_conn_end(c, true);
    }
    if (p->deaf_until_ms > 0 && now >= p->deaf_until_ms)
        hear(p);
    ol_tcp_schedule(p);
}

void ol_tcp_schedule(ol_port *p) {
    uint64_t now = uv_now(p->loop), next = ol_tcp_dial_next_ms(p, now);
    if (p->is_closing)
        return;
    for (const ol_tcp_conn *c = p->conn; c != NULL; c = c->next)
        next = end_of(c) < next ? end_of(c) : next;
    if (p->deaf_until_ms > 0 && p->deaf_until_ms < next)
        next = p->deaf_until_ms;
    if (next == OL_NEVER)
        (void)uv_timer_stop(&p->timer);
    else
        (void)uv_timer_start(&p->timer, on_timer, next > now ? next - now : 1, 0);
}

/* ── accepting ─────────────────────────────────────────────────────────────────────────────── */

/* Hosts count as one: an IPv4 address, an IPv6 network of 64 bits. */
static bool is_same_host(const ol_tcp_conn *a, const ol_tcp_conn *b) {
    ol_ip_addr x = ol_ip_get(&a->addr), y = ol_ip_get(&b->addr);
    size_t n = IN6_IS_ADDR_V4MAPPED(&x.peer) ? 16 : 8;
    return memcmp(&x.peer, &y.peer, n) == 0;
}

static bool is_stranger(const ol_tcp_conn *c) {
    return c->target == NULL && !c->is_proven;
}

/* The stranger who goes first; NULL: there is none. Newer connections stand before older ones. */
static ol_tcp_conn *worst_stranger(const ol_port *p) {
    ol_tcp_conn *worst = NULL;
    size_t most = 0;
    for (ol_tcp_conn *c = p->conn; c != NULL; c = c->next) {
        size_t n = 0;
        for (const ol_tcp_conn *o = p->conn; is_stranger(c) && o != NULL; o = o->next)
            n += is_stranger(o) && is_same_host(c, o);
        if (n > 0 && n >= most)
            worst = c, most = n;
    }
    return worst;
}

static void limit_strangers(ol_port *p) {
    size_t n = 0;
    for (const ol_tcp_conn *c = p->conn; c != NULL; c = c->next)
        n += is_stranger(c);
    if (n > OL_TCP_STRANGERS_MAX)
        ol_tcp_conn_end(worst_stranger(p), true);
}

/* Of peers' connections that have proved themselves the one silent longest. */
static void limit_peers(ol_port *p) {
    ol_tcp_conn *oldest = NULL;
    size_t n = 0;
    for (ol_tcp_conn *c = p->conn; c != NULL; c = c->next) {
        if (c->target != NULL || !c->is_proven)
            continue;
        n++;
        if (oldest == NULL || c->used_ms < oldest->used_ms)
            oldest = c;
    }
    if (n > OL_TCP_PEERS_MAX)
        ol_tcp_conn_end(oldest, true);
}

static void number(ol_port *p, ol_ip_addr *a) {
    uint8_t b[sizeof a->local] = { 0 };
    ol_wr w = ol_wr_of(b + 8, 8);
    ol_wr_be(&w, ++p->numbers, 8);
    memcpy(&a->local, b, sizeof b);
}

/* false: no more for now. */
static bool accept_one(ol_port *p) {
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    ol_ip_addr a;
    int fd = accept4(p->fd, (struct sockaddr *)&name, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
        ol_tcp_conn *worst = worst_stranger(p);
        if (worst != NULL)
            ol_tcp_conn_end(worst, true);
        p->deaf_until_ms = uv_now(p->loop) + OL_TCP_DEAF_MS;
        (void)uv_poll_stop(&p->listener);
        return false;
    }
    if (fd < 0)
        return errno == ECONNABORTED || errno == EINTR;
    if (!ol_ip_from_sockaddr((const struct sockaddr *)&name, &a)) {
        (void)close(fd);
        return true;
    }
    number(p, &a);
    ol_tcp_conn *c = ol_tcp_conn_new(p, fd, false);
    if (c != NULL)
        ol_ip_put(&a, &c->addr);
    limit_strangers(p);
    return true;
}

static void on_listener(uv_poll_t *poll, int status, int events) {
    ol_port *p = poll->data;
    (void)events;
    for (unsigned i = 0; i < ACCEPTS && accept_one(p); i++)
        ;
    if (status < 0) /* libuv has stopped it */
        p->deaf_until_ms = uv_now(p->loop) + OL_TCP_DEAF_MS;
    ol_tcp_schedule(p);
}

static void hear(ol_port *p) {
    p->deaf_until_ms = 0;
    OL_ASSERT(uv_poll_start(&p->listener, UV_READABLE, on_listener) == 0);
}

/* ── the port ──────────────────────────────────────────────────────────────────────────────── */

static bool tcp_has_room(ol_port *p, const ol_addr *addr) {
    if (p->is_closing || addr->len == 0)
        return false;
    ol_tcp_conn *c = ol_tcp_dial(p, addr);
    return c != NULL && ol_tcp_conn_has_room(c);
}

static size_t tcp_send(ol_port *p, const ol_port_frame *v, size_t n) {
    for (size_t i = 0; i < n; i++) {
        ol_tcp_conn *c = ol_tcp_find(p, &v[i].addr);
        if (c != NULL && ol_tcp_conn_send(c, v[i].p, v[i].len))
            p->counts.frames_out++, p->counts.bytes_out += v[i].len;
        else
            p->counts.dropped_out++;
    }
    return n;
}

static void tcp_proven(ol_port *p, const ol_addr *addr) {
    ol_tcp_conn *c = ol_tcp_find(p, addr);
    if (c == NULL || c->is_proven)
        return;
    c->is_proven = true;
    limit_peers(p);
    ol_tcp_schedule(p);
}

static const char *tcp_check(const char *url, bool is_local) {
    return ol_ip_check("tcp", url, is_local);
}

static void tcp_resolve(ol_port *p, const char *url, unsigned turn, ol_resolved_fn *fn, void *ctx) {
    ol_ip_resolve(&p->lookups, "tcp", url, turn, fn, ctx);
}

static int set(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof value);
}

const char *ol_tcp_set_options(int fd, bool is_v4) {
    if (!is_v4 && set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) != 0)
        return "cannot set the socket's IPv6 options";
    if (set(fd, SOL_SOCKET, SO_REUSEADDR, 1) != 0 || set(fd, IPPROTO_TCP, TCP_NODELAY, 1) != 0)
        return "cannot set the socket's options";
    /* or the system takes much more before it says that it has enough */
    (void)set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, OL_TCP_UNSENT_MAX);
    return NULL;
}

static int open_socket(ol_port *p, const ol_ip_target *t, ol_port_fault *ret) {
    int fd = ol_ip_bind(t, SOCK_STREAM, ol_tcp_set_options, &p->is_v4, ret);
    if (fd >= 0 && listen(fd, BACKLOG) != 0) {
        *ret = (ol_port_fault){ errno == EADDRINUSE ? "another program has this port"
                                                    : "cannot listen at this address",
                                errno };
        (void)close(fd);
        return -1;
    }
    return fd;
}

static ol_err tcp_open(uv_loop_t *loop, const char *url, const ol_port_user *user, ol_port **ret,
                       ol_port_fault *ret_fault) {
    ol_ip_target t;
    const char *why = ol_ip_parse("tcp", url, true, &t);
    *ret_fault = (ol_port_fault){ why, 0 };
    if (why != NULL)
        return OL_EFORM;
    ol_port *p = calloc(1, sizeof *p);
    *ret_fault = (ol_port_fault){ "out of memory", 0 };
    if (p == NULL)
        return OL_ENOMEM;
    p->loop = loop, p->user = *user;
    p->fd = open_socket(p, &t, ret_fault);
    int r = p->fd < 0 ? -1 : uv_poll_init(loop, &p->listener, p->fd);
    if (r != 0) {
        if (p->fd >= 0)
            *ret_fault = (ol_port_fault){ "the loop does not take the socket", -r };
        if (p->fd >= 0)
            (void)close(p->fd);
        free(p);
        return OL_EIO;
    }
    (void)uv_timer_init(loop, &p->timer);
    p->handles = 2;
    p->listener.data = p->timer.data = p;
    (void)ol_ip_numeric(&t, &p->bound); /* it could be bound to */
    p->bound.port = 0;
    p->lookups = (ol_ip_lookups){ .loop = loop,
                                  .is_v4 = p->is_v4,
                                  .socket_type = SOCK_STREAM,
                                  .done = ol_tcp_released,
                                  .ctx = p };
    hear(p);
    *ret = p;
    return OL_OK;
}

static void tcp_local(const ol_port *p, ol_addr *ret) {
    ol_ip_local(p->fd, ret);
}

static const ol_port_counts *tcp_counts(const ol_port *p) {
    return &p->counts;
}

void ol_tcp_released(void *port) {
    ol_port *p = port;
    if (p->is_closing && p->lookups.out == 0 && p->handles == 0)
        free(p);
}

static void on_close(uv_handle_t *handle) {
    ol_port *p = handle->data;
    if (handle == (uv_handle_t *)&p->listener)
        (void)close(p->fd);
    p->handles--;
    ol_tcp_released(p);
}

static void tcp_close(ol_port *p) {
    if (p == NULL || p->is_closing)
        return;
    p->is_closing = p->lookups.is_closing = true;
    while (p->conn != NULL)
        ol_tcp_conn_end(p->conn, false);
    ol_tcp_dial_free(p);
    uv_close((uv_handle_t *)&p->listener, on_close);
    uv_close((uv_handle_t *)&p->timer, on_close);
}

const ol_bearer ol_bearer_tcp = {
    .scheme = "tcp",
    .form = "tcp://<host>:<port>",
    .example = "tcp://[::]:4477",
    .is_ip = true,
    .frame_max = OL_STREAM_FRAME_MAX,
    .check = tcp_check,
    .open = tcp_open,
    .send = tcp_send,
    .has_room = tcp_has_room,
    .proven = tcp_proven,
    .wake = ol_tcp_dial_wake,
    .resolve = tcp_resolve,
    .nearness = ol_ip_nearness,
    .address_text = ol_ip_address_text,
    .local = tcp_local,
    .counts = tcp_counts,
    .close = tcp_close,
};
