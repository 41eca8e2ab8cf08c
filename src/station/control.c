#include "station/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "station/control_parts.h"
#include "station/log.h"

enum { IN_FIRST = 4096, VIEW_KEPT_MS = 1000 };

typedef struct {
    uv_write_t req;
    ol_client *client;
    char text[];
} out;

static void treat(ol_client *cl);
static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
static void came(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

bool ol_client_is_full(const ol_client *cl) {
    return cl->pipe.write_queue_size >= OL_OUT_HIGH;
}

static void drop_in(ol_client *cl) {
    if (cl->in != NULL)
        sodium_memzero(cl->in, cl->in_cap);
    free(cl->in);
    cl->in = NULL;
}

static void client_closed(uv_handle_t *handle) {
    ol_client *cl = handle->data;
    if (cl->c->client[cl->place] == cl)
        cl->c->client[cl->place] = NULL;
    drop_in(cl);
    free(cl);
}

static void client_close(ol_client *cl) {
    if (cl->is_closing)
        return;
    cl->is_closing = true;
    ol_follow_drop(cl);
    ol_client_bundle_drop(cl);
    ol_desk_forget(&cl->c->desk); /* perhaps kept for its next page */
    for (size_t i = 0; i < OL_ASKS_MAX; i++)
        if (cl->c->asked[i].client == cl)
            cl->c->asked[i].client = NULL;
    uv_close((uv_handle_t *)&cl->pipe, client_closed);
}

static void written(uv_write_t *req, int status) {
    out *o = (out *)req->data;
    ol_client *cl = o->client;
    free(o);
    if (cl->is_closing)
        return;
    if (status < 0) {
        client_close(cl);
        return;
    }
    if (cl->is_last || cl->pipe.write_queue_size > OL_OUT_LOW)
        return;
    ol_follow_pump(cl);
    if (cl->is_paused)
        treat(cl);
}

void ol_client_send(ol_client *cl, json_t *o) {
    char *text = cl->c->scratch;
    size_t len =
        o == NULL || cl->is_closing ? 0 : json_dumpb(o, text, OL_CONTROL_LINE_MAX, JSON_COMPACT);
    json_decref(o);
    if (cl->is_closing || cl->is_last)
        return;
    OL_ASSERT(len < OL_CONTROL_LINE_MAX); /* who builds replies counts their bytes */
    out *w = len == 0 ? NULL : malloc(sizeof *w + len + 1);
    if (w == NULL) { /* no memory for an answer: better no connection than a silent gap */
        client_close(cl);
        return;
    }
    memcpy(w->text, text, len);
    w->text[len] = '\n';
    w->client = cl;
    w->req.data = w;
    uv_buf_t buf = uv_buf_init(w->text, (unsigned)len + 1);
    if (uv_write(&w->req, (uv_stream_t *)&cl->pipe, &buf, 1, written) != 0) {
        free(w);
        client_close(cl);
    }
}

static void shut(uv_shutdown_t *req, int status) {
    ol_client *cl = req->data;
    if (status < 0)
        client_close(cl);
}

/* The client hears why, and then the end; what it still sends is read away, so that the answer is
 * not lost with it. */
static void refuse_line(ol_client *cl, const char *what, const char *todo) {
    ol_refusal why = { .err = OL_ELIMIT };
    (void)ol_refuse(&why, OL_ELIMIT, todo, "%s", what);
    ol_client_send(cl, ol_error_json(&why));
    if (cl->is_closing)
        return;
    ol_follow_drop(cl);
    cl->is_last = true;
    cl->end.data = cl;
    if (uv_shutdown(&cl->end, (uv_stream_t *)&cl->pipe, shut) != 0)
        client_close(cl);
}

/* Treats the whole lines that came, as long as their answers are taken. */
static void treat(ol_client *cl) {
    size_t at = 0;
    cl->is_paused = false;
    while (!cl->is_closing && !cl->is_last) {
        const char *line = cl->in + at;
        const char *end = cl->in_len == at ? NULL : memchr(line, '\n', cl->in_len - at);
        if (end == NULL)
            break;
        if (ol_client_is_full(cl) || cl->c->asks == OL_ASKS_MAX) {
            cl->is_paused = true;
            break;
        }
        size_t len = (size_t)(end - line) + 1;
        if (len > OL_CONTROL_LINE_MAX)
            break;
        ol_client_ask(cl, line, len);
        at += len;
    }
    if (cl->is_closing)
        return;
    memmove(cl->in, cl->in + at, cl->in_len - at);
    cl->in_len -= at;
    if (at > 0) /* what was treated leaves nothing behind: it may have been a passphrase */
        sodium_memzero(cl->in + cl->in_len, at);
    if (cl->is_stopped && cl->in_len < cl->in_cap) {
        cl->is_stopped = false;
        if (uv_read_start((uv_stream_t *)&cl->pipe, give_room, came) != 0)
            client_close(cl);
    }
    if (!cl->is_paused && !cl->is_last && cl->in_len >= OL_CONTROL_LINE_MAX) {
        refuse_line(cl, "the line is longer than 65536 bytes", "send shorter lines");
        cl->in_len = 0;
    } else if (cl->in_len == 0 && cl->in_cap > IN_FIRST) {
        drop_in(cl); /* an idle client holds no memory for lines */
        cl->in_cap = 0;
    }
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    ol_client *cl = handle->data;
    (void)suggested;
    *buf = uv_buf_init(NULL, 0); /* read is told ENOBUFS */
    if (cl->in_len == cl->in_cap && cl->in_cap < OL_CONTROL_LINE_MAX) {
        size_t cap = cl->in_cap == 0 ? IN_FIRST : cl->in_cap * 2;
        char *in = malloc(cap); /* not realloc: a passphrase may be in the old one */
        if (in == NULL)
            return;
        if (cl->in != NULL)
            memcpy(in, cl->in, cl->in_len);
        drop_in(cl);
        cl->in = in;
        cl->in_cap = cap;
    }
    *buf = uv_buf_init(cl->in + cl->in_len, (unsigned)(cl->in_cap - cl->in_len));
}

static void came(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
    ol_client *cl = stream->data;
    (void)buf;
    if (n == UV_ENOBUFS &&
        cl->is_paused) { /* full of lines that wait: read on when they are done */
        (void)uv_read_stop(stream);
        cl->is_stopped = true;
        return;
    }
    if (n < 0) {
        client_close(cl);
        return;
    }
    if (cl->is_last) {
        cl->wasted += (size_t)n;
        if (cl->wasted > OL_WASTE_MAX)
            client_close(cl);
        return;
    }
    cl->in_len += (size_t)n;
    if (!cl->is_paused)
        treat(cl);
}

/* A process of another user is not answered at all. */
static bool is_ours(uv_pipe_t *pipe) {
    uv_os_fd_t fd = -1;
    struct ucred who;
    socklen_t len = sizeof who;
    return uv_fileno((uv_handle_t *)pipe, &fd) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && who.uid == geteuid();
}

static void connected(uv_stream_t *listener, int status) {
    ol_control *c = listener->data;
    ol_client *cl = status == 0 ? calloc(1, sizeof *cl) : NULL;
    if (cl == NULL)
        return; /* it waits in the backlog */
    cl->c = c;
    cl->pipe.data = cl;
    while (cl->place < OL_CLIENTS_MAX && c->client[cl->place] != NULL)
        cl->place++;
    c->client[cl->place] = cl; /* the last place is for those who are sent away at once */
    (void)uv_pipe_init(c->loop, &cl->pipe, 0);
    if (uv_accept(listener, (uv_stream_t *)&cl->pipe) != 0 || !is_ours(&cl->pipe)) {
        client_close(cl);
    } else if (cl->place == OL_CLIENTS_MAX) {
        refuse_line(cl, "32 clients are connected", "close one that is not needed");
        client_close(cl); /* its answer is in the socket already */
    } else if (uv_read_start((uv_stream_t *)&cl->pipe, give_room, came) != 0) {
        client_close(cl);
    }
}

static void woken(uv_idle_t *idle) {
    ol_control *c = idle->data;
    (void)uv_idle_stop(idle);
    c->is_idle_on = false;
    for (size_t i = 0; i < OL_CLIENTS_MAX; i++)
        if (c->client[i] != NULL && !c->client[i]->is_closing) {
            ol_follow_pump(c->client[i]);
            if (c->client[i]->is_paused)
                treat(c->client[i]);
        }
}

void ol_control_wake(ol_control *c) {
    if (c->is_idle_on || c->is_stopping)
        return;
    c->is_idle_on = uv_idle_start(&c->idle, woken) == 0;
}

static void forget(uv_timer_t *timer) {
    ol_control *c = timer->data;
    ol_desk_forget(&c->desk);
}

void ol_control_keep_view(ol_control *c) {
    (void)uv_timer_start(&c->forget, forget, VIEW_KEPT_MS, 0);
}

/* Binds, and lets nobody but us in. A socket of a killed station is in the way and nobody's. */
static int listen_at(ol_control *c, const char *path) {
    int sys = unlink(path) == 0 || errno == ENOENT ? 0 : uv_translate_sys_error(errno);
    mode_t before = umask(0177);
    if (sys == 0)
        sys = uv_pipe_bind(&c->listener, path);
    (void)umask(before);
    if (sys == 0)
        sys = uv_listen((uv_stream_t *)&c->listener, OL_CLIENTS_MAX, connected);
    return sys;
}

ol_err ol_control_start(uv_loop_t *loop, const char *path, ol_station *st, ol_control **ret,
                        ol_why *why) {
    ol_control *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ol_why_set(why, OL_ENOMEM, "no memory for the control server");
    c->loop = loop;
    ol_err err = ol_desk_of_station(st, &c->desk, why);
    if (err != OL_OK) {
        free(c);
        return err;
    }
    (void)uv_idle_init(loop, &c->idle);
    (void)uv_timer_init(loop, &c->forget);
    (void)uv_pipe_init(loop, &c->listener, 0);
    c->idle.data = c->listener.data = c->forget.data = c;
    ol_control_tests_init(c);
    int sys = listen_at(c, path);
    if (sys == 0)
        return *ret = c, OL_OK;
    ol_why_set(why, OL_EIO, "cannot listen at the control socket %s: %s", path, uv_strerror(sys));
    ol_control_stop(c);
    (void)uv_run(loop, UV_RUN_NOWAIT); /* its handles close; nothing else runs on the loop yet */
    ol_control_free(c);
    return OL_EIO;
}

void ol_control_note(ol_control *c, size_t line, const ol_api_note *note) {
    ol_follow_note(c, line, note);
    if (note->what == OL_NOTE_PATH)
        ol_control_test_note(c, line);
}

void ol_control_committed(ol_control *c) {
    ol_follow_committed(c);
}

void ol_control_storage(ol_control *c, ol_err err) {
    ol_follow_storage(c, err);
}

void ol_control_stop(ol_control *c) {
    if (c == NULL || c->is_stopping)
        return;
    c->is_stopping = true;
    for (size_t i = 0; i <= OL_CLIENTS_MAX; i++)
        if (c->client[i] != NULL)
            client_close(c->client[i]);
    uv_close((uv_handle_t *)&c->idle, NULL);
    uv_close((uv_handle_t *)&c->tests, NULL);
    uv_close((uv_handle_t *)&c->forget, NULL);
    uv_close((uv_handle_t *)&c->listener, NULL);
}

void ol_control_free(ol_control *c) {
    if (c == NULL)
        return;
    for (size_t i = 0; i <= OL_CLIENTS_MAX; i++)
        OL_ASSERT(c->client[i] == NULL);
    ol_control_words_free(c);
    ol_control_watches_free(c);
    for (size_t i = 0; i < OL_LINES_MAX; i++)
        ol_rules_free(c->rules[i]);
    ol_desk_close(&c->desk);
    free(c);
}
