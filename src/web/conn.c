#include "web/conn.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

typedef struct {
    uv_write_t req;
    ol_conn *c;
    size_t len;
    char bytes[];
} out;

static void let_go(uv_handle_t *handle) {
    ol_conn *c = handle->data;
    if (--c->handles > 0)
        return;
    c->does->closed(c->user);
    SSL_free(c->ssl);
    free(c);
}

void ol_conn_close(ol_conn *c) {
    if (c->is_closing)
        return;
    c->is_closing = true;
    uv_close((uv_handle_t *)&c->timer, let_go);
    uv_close((uv_handle_t *)&c->tcp, let_go);
}

static void out_of_time(uv_timer_t *timer) {
    ol_conn_close(timer->data);
}

void ol_conn_limit(ol_conn *c, unsigned seconds) {
    if (c->is_closing)
        return;
    (void)uv_timer_stop(&c->timer);
    if (seconds > 0)
        (void)uv_timer_start(&c->timer, out_of_time, (uint64_t)seconds * 1000, 0);
}

/* ---- out ---- */

static void written(uv_write_t *req, int status) {
    out *o = (out *)req->data;
    ol_conn *c = o->c;
    c->out_len -= o->len;
    free(o);
    if (status < 0 || (c->closes_after && c->out_len == 0))
        ol_conn_close(c);
    else if (c->was_full && c->out_len < OL_CONN_LOW && !c->is_closing) {
        c->was_full = false;
        c->does->drained(c->user);
    }
}

static void write_raw(ol_conn *c, const void *p, size_t len) {
    if (c->is_closing || len == 0)
        return;
    size_t cost = sizeof(out) + len; /* of a frame of two bytes nearly all is ours */
    out *o = c->out_len + cost > OL_CONN_OUT ? NULL : malloc(cost);
    if (o == NULL) {
        ol_conn_close(c);
        return;
    }
    memcpy(o->bytes, p, len);
    o->c = c, o->len = cost, o->req.data = o;
    uv_buf_t buf = uv_buf_init(o->bytes, (unsigned)len);
    c->out_len += cost;
    if (uv_write(&o->req, (uv_stream_t *)&c->tcp, &buf, 1, written) != 0) {
        c->out_len -= cost;
        free(o);
        ol_conn_close(c);
    }
}

bool ol_conn_is_full(ol_conn *c) {
    c->was_full = c->was_full || c->out_len >= OL_CONN_HIGH;
    return c->was_full;
}

/* What libssl made goes to the wire. */
static void flush(ol_conn *c) {
    char bytes[16384];
    for (int n = 1; n > 0 && !c->is_closing;) {
        n = BIO_read(SSL_get_wbio(c->ssl), bytes, sizeof bytes);
        if (n > 0)
            write_raw(c, bytes, (size_t)n);
    }
}

void ol_conn_send(ol_conn *c, const void *p, size_t len) {
    if (c->is_closing || len == 0)
        return;
    if (c->ssl == NULL) {
        write_raw(c, p, len);
        return;
    }
    size_t n = 0; /* a memory BIO takes all */
    ERR_clear_error();
    if (SSL_write_ex(c->ssl, p, len, &n) != 1 || n != len)
        ol_conn_close(c);
    else
        flush(c);
}

void ol_conn_end(ol_conn *c) {
    if (c->is_closing)
        return;
    c->closes_after = true;
    if (c->ssl != NULL && SSL_is_init_finished(c->ssl)) {
        (void)SSL_shutdown(c->ssl);
        flush(c);
    }
    if (c->out_len == 0)
        ol_conn_close(c);
}

/* ---- in ---- */

void ol_conn_drop_in(ol_conn *c, size_t n) {
    OL_ASSERT(n <= c->in_len);
    memmove(c->in, c->in + n, c->in_len - n);
    c->in_len -= n;
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    static char room[16384]; /* one loop, one thread: it is read before the next is asked for */
    (void)handle, (void)suggested;
    *buf = uv_buf_init(room, sizeof room);
}

static bool tls_in(ol_conn *c, const char *p, size_t len) {
    if (BIO_write(SSL_get_rbio(c->ssl), p, (int)len) != (int)len)
        return false;
    for (;;) {
        size_t n = 0, left = OL_CONN_IN - c->in_len;
        if (left == 0)
            return false;
        ERR_clear_error(); /* what another connection left there would be taken for this one's */
        int ret = SSL_is_init_finished(c->ssl) ? SSL_read_ex(c->ssl, c->in + c->in_len, left, &n)
                                               : SSL_do_handshake(c->ssl);
        int err = ret == 1 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, ret);
        flush(c);
        if (err == SSL_ERROR_WANT_READ)
            return true;
        if (err != SSL_ERROR_NONE || c->is_closing)
            return false;
        c->in_len += n;
        if (n > 0)
            c->does->came(c->user);
        if (c->is_closing)
            return true;
    }
}

static void came(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
    ol_conn *c = stream->data;
    if (n == 0 || c->is_closing)
        return;
    if (n < 0) {
        ol_conn_close(c);
        return;
    }
    if (c->closes_after) /* its answer is on the way: what it still says is read away */
        return;
    size_t len = (size_t)n;
    if (c->ssl != NULL) {
        if (!tls_in(c, buf->base, len))
            ol_conn_close(c);
        return;
    }
    for (size_t at = 0; at < len && !c->is_closing && !c->closes_after;) {
        size_t part = len - at < OL_CONN_IN - c->in_len ? len - at : OL_CONN_IN - c->in_len;
        if (part == 0) { /* the user takes nothing more */
            ol_conn_close(c);
            return;
        }
        memcpy(c->in + c->in_len, buf->base + at, part);
        c->in_len += part, at += part;
        c->does->came(c->user);
    }
}

static bool begin_tls(ol_conn *c, SSL_CTX *tls) {
    c->ssl = SSL_new(tls);
    BIO *in = BIO_new(BIO_s_mem()), *wire = BIO_new(BIO_s_mem());
    if (c->ssl == NULL || in == NULL || wire == NULL) {
        BIO_free(in);
        BIO_free(wire);
        return false;
    }
    SSL_set_bio(c->ssl, in, wire);
    SSL_set_accept_state(c->ssl);
    return true;
}

ol_conn *ol_conn_take(uv_stream_t *listener, SSL_CTX *tls, const ol_conn_user *does, void *user) {
    ol_conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->does = does, c->user = user;
    c->tcp.data = c->timer.data = c;
    (void)uv_timer_init(listener->loop, &c->timer);
    (void)uv_tcp_init(listener->loop, &c->tcp);
    c->handles = 2;
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0 || (tls != NULL && !begin_tls(c, tls)) ||
        uv_read_start((uv_stream_t *)&c->tcp, give_room, came) != 0)
        ol_conn_close(c); /* `closed` comes: who asked has it already */
    (void)uv_tcp_nodelay(&c->tcp, 1);
    return c;
}
