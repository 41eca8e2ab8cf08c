/* One connection: frames in, frames out, no more in the system's hands than can be overtaken. */
#include "bearer/tcp_parts.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void on_poll(uv_poll_t *poll, int status, int events);

static void listen_for(ol_tcp_conn *c) {
    int events = c->is_connecting ? UV_WRITABLE : UV_READABLE | (c->wants_write ? UV_WRITABLE : 0);
    OL_ASSERT(uv_poll_start(&c->poll, events, on_poll) == 0);
}

ol_tcp_conn *ol_tcp_conn_new(ol_port *p, int fd, bool is_connecting) {
    ol_tcp_conn *c = calloc(1, sizeof *c);
    if (c == NULL || uv_poll_init(p->loop, &c->poll, fd) != 0) {
        (void)close(fd);
        free(c);
        return NULL;
    }
    c->poll.data = c;
    c->port = p, c->fd = fd, c->is_connecting = is_connecting;
    c->born_ms = c->used_ms = uv_now(p->loop);
    c->next = p->conn, p->conn = c;
    p->handles++;
    listen_for(c);
    return c;
}

static void on_close(uv_handle_t *handle) {
    ol_tcp_conn *c = handle->data;
    ol_port *p = c->port;
    (void)close(c->fd);
    free(c);
    p->handles--;
    ol_tcp_released(p);
}

void ol_tcp_conn_end(ol_tcp_conn *c, bool is_told) {
    ol_port *p = c->port;
    if (c->is_ended)
        return;
    c->is_ended = true;
    for (ol_tcp_conn **at = &p->conn; *at != NULL; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            break;
        }
    ol_addr addr = c->addr;
    bool was_there = !c->is_connecting;
    if (c->target != NULL)
        ol_tcp_dial_ended(c);
    uv_close((uv_handle_t *)&c->poll, on_close);
    if (is_told && was_there && !p->is_closing)
        p->user.lost(p->user.ctx, &addr);
}

/* ── out ───────────────────────────────────────────────────────────────────────────────────── */

/* How long the system may try in vain. It would for a quarter of an hour, and more and more
 * seldom: a new connection is sooner there. */
static void tune(ol_tcp_conn *c) {
    struct tcp_info info = { 0 };
    socklen_t len = sizeof info;
    uint64_t now = uv_now(c->port->loop);
    if (c->tuned_ms != 0 && now - c->tuned_ms < OL_TCP_TUNE_MS)
        return;
    c->tuned_ms = now;
    if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return;
    uint64_t ms = OL_TCP_STUCK_MS + (uint64_t)info.tcpi_rto / 250; /* µs; four times */
    unsigned timeout = ms > OL_TCP_IDLE_MS ? OL_TCP_IDLE_MS : (unsigned)ms;
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
}

static void want_write(ol_tcp_conn *c) {
    if (c->wants_write)
        return;
    c->wants_write = true;
    listen_for(c);
}

bool ol_tcp_conn_has_room(ol_tcp_conn *c) {
    int unsent = 0;
    if (c->is_connecting || c->is_broken)
        return false;
    if (!c->wants_write && c->out_len == 0 &&
        (ioctl(c->fd, SIOCOUTQNSD, &unsent) != 0 || unsent < OL_TCP_UNSENT_MAX))
        return true;
    want_write(c);
    return false;
}

static bool write_out(ol_tcp_conn *c) {
    while (c->out_at < c->out_len) {
        ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            c->is_broken = errno != EAGAIN && errno != EWOULDBLOCK;
            want_write(c); /* broken: its poll says so next */
            return false;
        }
        c->out_at += (size_t)n;
    }
    c->out_at = c->out_len = 0;
    return true;
}

bool ol_tcp_conn_send(ol_tcp_conn *c, const uint8_t *frame, size_t len) {
    OL_ASSERT(len > 0 && len <= OL_STREAM_FRAME_MAX);
    if (c->is_connecting || c->is_broken || c->out_len > 0)
        return false;
    ol_stream_lead(len, c->out);
    memcpy(c->out + OL_STREAM_LEAD, frame, len);
    c->out_at = 0, c->out_len = OL_STREAM_LEAD + len;
    c->used_ms = uv_now(c->port->loop);
    tune(c);
    (void)write_out(c);
    return !c->is_broken;
}

/* ── in ────────────────────────────────────────────────────────────────────────────────────── */

/* OL_EFORM: no stream of frames. */
static ol_err take(ol_tcp_conn *c, const uint8_t *p, size_t len) {
    ol_port *port = c->port;
    ol_port_frame v[OL_PORT_BATCH];
    size_t n = 0;
    ol_err err;
    do {
        const uint8_t *frame;
        size_t frame_len;
        err = ol_stream_next(&c->in, &p, &len, &frame, &frame_len);
        if (err == OL_OK) {
            v[n++] = (ol_port_frame){ c->addr, frame, frame_len };
            port->counts.frames_in++, port->counts.bytes_in += frame_len;
            c->used_ms = uv_now(port->loop);
        }
        bool is_held = err == OL_OK && ol_stream_has(&c->in, frame);
        if (n == OL_PORT_BATCH || is_held || (err != OL_OK && n > 0)) {
            port->user.frames(port->user.ctx, v, n);
            n = 0;
        }
    } while (err == OL_OK && !port->is_closing);
    return err;
}

static void readable(ol_tcp_conn *c) {
    ol_port *p = c->port;
    ssize_t n = recv(c->fd, p->bytes, sizeof p->bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (n > 0 && take(c, p->bytes, (size_t)n) == OL_EFORM)
        p->counts.dropped_in++, n = 0;
    if (n <= 0 && !p->is_closing)
        ol_tcp_conn_end(c, true);
}

static void connected(ol_tcp_conn *c) {
    int sys = 0;
    socklen_t len = sizeof sys;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &sys, &len) != 0 || sys != 0) {
        ol_tcp_conn_end(c, false);
        return;
    }
    c->is_connecting = false;
    c->born_ms = c->used_ms = uv_now(c->port->loop);
    tune(c);
    listen_for(c);
    c->port->user.writable(c->port->user.ctx);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
    ol_tcp_conn *c = poll->data;
    ol_port *p = c->port;
    if (c->is_connecting && !c->is_ended) {
        connected(c);
        return;
    }
    if (status < 0 || c->is_broken) {
        ol_tcp_conn_end(c, true);
        return;
    }
    if ((events & UV_READABLE) != 0)
        readable(c);
    if ((events & UV_WRITABLE) == 0 || c->is_ended || p->is_closing || !c->wants_write)
        return;
    if (!write_out(c))
        return;
    c->wants_write = false;
    listen_for(c);
    p->user.writable(p->user.ctx);
}
