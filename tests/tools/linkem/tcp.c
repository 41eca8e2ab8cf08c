/* Links of TCP: each connection that comes to a face is a connection to the other side, and two
 * pipes that carry bytes later, slower, or not at all for a while. */
#include "linkem.h"

#include <stdlib.h>
#include <string.h>

enum { READ_MAX = 65536, PIECE = 1460, HELD_MAX = 4 << 20, WRITE_MAX = 262144, RECEIVE = 16384 };

typedef struct chunk chunk;
struct chunk {
    chunk *next;
    uv_write_t req;
    uint64_t due_us;
    size_t len; /* 0: the end of the stream */
    char bytes[];
};

typedef struct conn conn;

typedef struct {
    conn *c;
    unsigned at; /* which way: 0 ab */
    uv_tcp_t *from, *to;
    uv_timer_t timer;
    chunk *first, *last;
    size_t held;
    bool is_reading, has_ended;
} pipe_;

struct conn {
    link_ *link;
    conn *next;
    uv_tcp_t near, far; /* near: who came to the face; far: the connection that we make */
    unsigned face;
    pipe_ pipe[2];
    uv_connect_t connect;
    uv_shutdown_t shutdown[2];
    unsigned open;   /* handles */
    unsigned writes; /* not answered yet: they hold on to it */
    bool is_joined, is_over;
};

typedef struct {
    uv_tcp_t face[2];
    conn *conns;
} inner;

static char buffer[READ_MAX];

static void pump(pipe_ *p);

/* ---- the end of a connection ---- */

static void event(const link_ *l, const char *what) {
    char text[128];
    if (!em.tells_events)
        return;
    (void)snprintf(text, sizeof text, "{\"event\": \"%s\", \"link\": \"%s\", \"open\": %llu}", what,
                   l->name, (unsigned long long)(l->opened - l->ended));
    say(text);
}

static void release(conn *c) {
    if (c->open > 0 || c->writes > 0)
        return;
    for (unsigned i = 0; i < 2; i++)
        while (c->pipe[i].first != NULL) {
            chunk *k = c->pipe[i].first;
            c->pipe[i].first = k->next;
            free(k);
        }
    free(c);
}

static void on_closed(uv_handle_t *handle) {
    conn *c = handle->data;
    c->open--;
    release(c);
}

static void end(conn *c, bool is_reset) {
    inner *in = c->link->inner;
    if (c->is_over)
        return;
    c->is_over = true;
    for (conn **at = &in->conns; *at != NULL; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            break;
        }
    for (unsigned i = 0; i < 2; i++) {
        uv_tcp_t *t = i == 0 ? &c->near : &c->far;
        c->pipe[i].timer.data = t->data = c;
        uv_close((uv_handle_t *)&c->pipe[i].timer, on_closed);
        if (!is_reset || uv_tcp_close_reset(t, on_closed) != 0)
            uv_close((uv_handle_t *)t, on_closed);
    }
    c->link->ended++;
    event(c->link, "end");
}

void tcp_reset(link_ *l) {
    inner *in = l->inner;
    while (in != NULL && in->conns != NULL)
        end(in->conns, true);
}

/* ---- a pipe ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    const pipe_ *p = handle->data;
    (void)suggested;
    size_t n = p->c->link->way[p->at].s.rate > 0 ? PIECE : sizeof buffer;
    *buf = uv_buf_init(buffer, (unsigned)n);
}

static void hold(pipe_ *p, const char *bytes, size_t len) {
    way *w = &p->c->link->way[p->at];
    chunk *k = calloc(1, sizeof *k + len);
    if (k == NULL)
        abort();
    if (len > 0)
        memcpy(k->bytes, bytes, len);
    k->len = len;
    k->due_us = len > 0 ? way_bytes_due(w, now_us(), len) : w->last_us;
    if (p->last != NULL)
        p->last->next = k;
    else
        p->first = k;
    p->last = k;
    p->held += len;
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf) {
    pipe_ *p = s->data;
    if (n < 0 && n != UV_EOF) {
        end(p->c, true);
        return;
    }
    if (n == UV_EOF)
        p->has_ended = true;
    if (n != 0)
        hold(p, buf->base, n > 0 ? (size_t)n : 0);
    pump(p);
}

static void pump_both(conn *c) {
    pump(&c->pipe[0]);
    if (!c->is_over)
        pump(&c->pipe[1]);
}

static void on_written(uv_write_t *req, int status) {
    conn *c = req->data;
    free((char *)req - offsetof(chunk, req));
    c->writes--;
    if (c->is_over)
        release(c);
    else if (status < 0)
        end(c, true);
    else
        pump_both(c);
}

static void on_shutdown(uv_shutdown_t *req, int status) {
    (void)req, (void)status; /* the other way goes on */
}

/* false: all connections of the link were reset. */
static bool write_out(pipe_ *p, chunk *k) {
    conn *c = p->c;
    way *w = &c->link->way[p->at];
    size_t len = k->len;
    if (len == 0) {
        free(k);
        (void)uv_shutdown(&c->shutdown[p->at], (uv_stream_t *)p->to, on_shutdown);
        if (c->pipe[0].has_ended && c->pipe[1].has_ended && c->pipe[1 - p->at].first == NULL)
            end(c, false);
        return !c->is_over;
    }
    uv_buf_t buf = uv_buf_init(k->bytes, (unsigned)len);
    if (w->reset_after <= len) {
        buf.len = (size_t)w->reset_after;
        w->reset_after = UINT64_MAX;
        (void)uv_try_write((uv_stream_t *)p->to, &buf, 1);
        free(k);
        tcp_reset(c->link);
        return false;
    }
    if (w->reset_after != UINT64_MAX)
        w->reset_after -= len;
    k->req.data = c;
    c->writes++;
    w->count.delivered++;
    if (uv_write(&k->req, (uv_stream_t *)p->to, &buf, 1, on_written) != 0) {
        c->writes--;
        free(k);
        end(c, true);
        return false;
    }
    return true;
}

static void on_timer(uv_timer_t *timer) {
    pump(timer->data);
}

/* Everything that can move, moves; then it is decided what to wait for. */
static void pump(pipe_ *p) {
    conn *c = p->c;
    way *w = &c->link->way[p->at];
    if (c->is_over || !c->is_joined)
        return;
    while (!w->s.is_cut && p->first != NULL && p->first->due_us <= now_us() &&
           uv_stream_get_write_queue_size((uv_stream_t *)p->to) < WRITE_MAX) {
        chunk *k = p->first;
        p->first = k->next;
        if (p->first == NULL)
            p->last = NULL;
        p->held -= k->len;
        if (!write_out(p, k))
            return;
    }
    uint64_t now = now_us();
    bool wants = !w->s.is_cut && !p->has_ended && p->held < HELD_MAX && !way_is_full(w, now);
    if (wants && !p->is_reading)
        p->is_reading = uv_read_start((uv_stream_t *)p->from, on_alloc, on_read) == 0;
    else if (!wants && p->is_reading)
        p->is_reading = false, (void)uv_read_stop((uv_stream_t *)p->from);
    uint64_t due = p->first != NULL && !w->s.is_cut ? p->first->due_us : UINT64_MAX;
    if (!wants && !w->s.is_cut && due == UINT64_MAX && w->free_us > now)
        due = now + 1000;
    uv_update_time(&em.loop);
    if (due == UINT64_MAX)
        (void)uv_timer_stop(&p->timer);
    else
        (void)uv_timer_start(&p->timer, on_timer, due > now ? (due - now + 999) / 1000 : 1, 0);
}

void tcp_changed(link_ *l) {
    inner *in = l->inner;
    for (conn *c = in == NULL ? NULL : in->conns, *next; c != NULL; c = next) {
        next = c->next;
        pump_both(c);
    }
}

/* ---- connections ---- */

static void on_connected(uv_connect_t *req, int status) {
    conn *c = req->data;
    if (c->is_over)
        return;
    if (status < 0) {
        end(c, true);
        return;
    }
    c->is_joined = true;
    pump_both(c);
}

static void on_connection(uv_stream_t *listener, int status) {
    link_ *l = listener->data;
    inner *in = l->inner;
    conn *c = status < 0 ? NULL : calloc(1, sizeof *c);
    if (c == NULL)
        return;
    int size = RECEIVE;
    c->link = l, c->face = listener == (uv_stream_t *)&in->face[0] ? 0 : 1;
    (void)uv_tcp_init(&em.loop, &c->near);
    (void)uv_tcp_init(&em.loop, &c->far);
    for (unsigned i = 0; i < 2; i++) { /* pipe 0: from near to far; its way is that of the face */
        pipe_ *p = &c->pipe[i];
        p->c = c, p->at = i == 0 ? c->face : 1 - c->face;
        p->from = i == 0 ? &c->near : &c->far, p->to = i == 0 ? &c->far : &c->near;
        p->from->data = p;
        (void)uv_timer_init(&em.loop, &p->timer);
        p->timer.data = p;
    }
    c->open = 4;
    c->next = in->conns, in->conns = c;
    l->opened++;
    event(l, "open");
    (void)uv_accept(listener, (uv_stream_t *)&c->near);
    (void)uv_recv_buffer_size((uv_handle_t *)&c->near, &size);
    (void)uv_tcp_nodelay(&c->near, 1);
    (void)uv_tcp_nodelay(&c->far, 1);
    c->connect.data = c;
    const struct sockaddr *to = (const struct sockaddr *)&l->target[1 - c->face];
    if (uv_tcp_connect(&c->connect, &c->far, to, on_connected) != 0)
        end(c, true);
}

bool tcp_open(link_ *l, const char **why) {
    inner *in = calloc(1, sizeof *in);
    *why = "cannot listen";
    if (in == NULL)
        return false;
    l->inner = in;
    for (unsigned i = 0; i < (l->is_pair ? 2u : 1u); i++) {
        struct sockaddr_storage any, name;
        int len = sizeof name;
        const struct sockaddr_storage *near = l->is_pair ? &l->target[i] : &l->target[1];
        (void)address_parse(near->ss_family == AF_INET ? "127.0.0.1:0" : "[::1]:0", &any);
        (void)uv_tcp_init(&em.loop, &in->face[i]);
        in->face[i].data = l;
        if (uv_tcp_bind(&in->face[i], (struct sockaddr *)&any, 0) != 0 ||
            uv_listen((uv_stream_t *)&in->face[i], 128, on_connection) != 0 ||
            uv_tcp_getsockname(&in->face[i], (struct sockaddr *)&name, &len) != 0)
            return false;
        address_print(&name, l->face[i]);
    }
    return true;
}
