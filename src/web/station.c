#include "web/station.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/request.h"
#include "web/text.h"

enum { AGAIN_MS = 1000 };

struct ol_station {
    ol_web *web;
    bool (*said)(void *user, json_t *o);
    void *user; /* NULL: nobody listens any more */
    uv_pipe_t pipe;
    uv_timer_t again;
    uv_connect_t connect;
    bool is_up, is_open, was_told, waits; /* waits: for ol_station_go_on */
    unsigned handles;
    size_t in_len;
    char in[OL_CONTROL_LINE_MAX];
};

typedef struct {
    uv_write_t req;
    char text[];
} out;

static void begin(ol_station *s);

static void tell(ol_station *s, bool is_up) {
    if (s->was_told && s->is_up == is_up)
        return;
    s->was_told = true;
    s->is_up = is_up;
    if (s->user != NULL)
        (void)s->said(s->user, json_pack("{s:s, s:b}", "event", "station", "up", is_up));
}

static void let_go(uv_handle_t *handle) {
    ol_station *s = handle->data;
    if (--s->handles == 0)
        free(s);
}

static void try_again(uv_timer_t *timer) {
    begin(timer->data);
}

static void pipe_closed(uv_handle_t *handle) {
    ol_station *s = handle->data;
    s->is_open = false;
    if (s->user != NULL)
        (void)uv_timer_start(&s->again, try_again, AGAIN_MS, 0);
    let_go(handle);
}

static void lose(ol_station *s) {
    if (!s->is_open || uv_is_closing((uv_handle_t *)&s->pipe))
        return;
    tell(s, false);
    uv_close((uv_handle_t *)&s->pipe, pipe_closed);
}

static void written(uv_write_t *req, int status) {
    ol_station *s = req->handle->data;
    free(req->data);
    if (status < 0)
        lose(s);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    ol_station *s = handle->data;
    (void)suggested;
    *buf = uv_buf_init(s->in + s->in_len, (unsigned)(sizeof s->in - s->in_len));
}

/* Hands on the whole lines that came, as long as they are taken. */
static void hand_on(ol_station *s) {
    size_t at = 0;
    for (const char *end; s->user != NULL && !s->waits && s->in_len > at &&
                          (end = memchr(s->in + at, '\n', s->in_len - at)) != NULL;) {
        size_t len = (size_t)(end - s->in) - at;
        json_t *o = json_loadb(s->in + at, len, 0, NULL);
        at += len + 1;
        if (o != NULL)
            s->waits = !s->said(s->user, ol_text_add(o));
    }
    memmove(s->in, s->in + at, s->in_len - at);
    s->in_len -= at;
    if (s->waits && s->is_open && !uv_is_closing((uv_handle_t *)&s->pipe))
        (void)uv_read_stop((uv_stream_t *)&s->pipe);
}

static void came(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
    ol_station *s = stream->data;
    (void)buf;
    if (n < 0) { /* also no room: a line longer than any of a station's */
        lose(s);
        return;
    }
    s->in_len += (size_t)n;
    hand_on(s);
}

void ol_station_go_on(ol_station *s) {
    if (s == NULL || !s->waits)
        return;
    s->waits = false;
    hand_on(s);
    if (!s->waits && s->is_open && !uv_is_closing((uv_handle_t *)&s->pipe) &&
        uv_read_start((uv_stream_t *)&s->pipe, give_room, came) != 0)
        lose(s);
}

static void connected(uv_connect_t *req, int status) {
    ol_station *s = req->data;
    if (status == UV_ECANCELED)
        return;
    if (status < 0 || uv_read_start((uv_stream_t *)&s->pipe, give_room, came) != 0)
        lose(s);
    else
        tell(s, true);
}

static void begin(ol_station *s) {
    char path[4096];
    if (s->user == NULL || s->is_open)
        return;
    (void)snprintf(path, sizeof path, "%s/control.sock", s->web->home);
    s->in_len = 0;
    s->waits = false;
    (void)uv_pipe_init(s->web->loop, &s->pipe, 0);
    s->pipe.data = s, s->connect.data = s;
    s->is_open = true;
    s->handles++;
    uv_pipe_connect(&s->connect, &s->pipe, path, connected);
}

ol_station *ol_station_new(ol_web *w, bool (*said)(void *user, json_t *o), void *user) {
    ol_station *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->web = w, s->said = said, s->user = user;
    (void)uv_timer_init(w->loop, &s->again);
    s->again.data = s;
    s->handles = 1;
    begin(s);
    return s;
}

void ol_station_free(ol_station *s) {
    if (s == NULL)
        return;
    s->user = NULL;
    uv_close((uv_handle_t *)&s->again, let_go);
    if (s->is_open && !uv_is_closing((uv_handle_t *)&s->pipe))
        uv_close((uv_handle_t *)&s->pipe, pipe_closed);
}

static void refuse(ol_station *s, json_t *request, const char *what, const char *todo) {
    (void)s->said(s->user,
                  json_pack("{s:O, s:b, s:{s:s, s:s, s:s}}", "id", json_object_get(request, "id"),
                            "ok", 0, "error", "code", "OL_EAGAIN", "what", what, "do", todo));
}

void ol_station_ask(ol_station *s, json_t *request) {
    size_t len = json_dumpb(request, NULL, 0, JSON_COMPACT);
    bool has_room = s->is_up && s->pipe.write_queue_size < OL_STATION_ASKED;
    out *o =
        !has_room || len == 0 || len >= OL_CONTROL_LINE_MAX ? NULL : malloc(sizeof *o + len + 1);
    if (o == NULL) {
        if (!s->is_up)
            refuse(s, request, "the station does not run", "start it with openline run");
        else
            refuse(s, request, "the station has too much to answer", "wait until it is done");
        return;
    }
    (void)json_dumpb(request, o->text, len, JSON_COMPACT);
    o->text[len] = '\n';
    o->req.data = o;
    uv_buf_t buf = uv_buf_init(o->text, (unsigned)len + 1);
    if (uv_write(&o->req, (uv_stream_t *)&s->pipe, &buf, 1, written) != 0) {
        free(o);
        lose(s);
    }
}
