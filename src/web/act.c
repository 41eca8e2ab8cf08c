#include "web/act.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "web/command.h"
#include "web/talk.h"

typedef struct {
    uv_process_t process;
    uv_pipe_t in, out, pass;
    uv_timer_t limit;
    uv_write_t write, pass_write;
    ol_acts *acts; /* NULL: nobody listens any more */
    ol_web *web;
    bool for_looks; /* of a seat that only looks */
    json_t *id;
    ol_command command;
    char *said; /* its output */
    size_t len;
    unsigned handles;
    bool is_out_closed, has_ended;
    int64_t status;
} act;

struct ol_acts {
    ol_web *web;
    ol_talk *talk;
    bool for_looks;
    act *running[OL_ACTS_MAX];
};

ol_acts *ol_acts_new(ol_web *w, ol_talk *t, bool for_looks) {
    ol_acts *a = calloc(1, sizeof *a);
    if (a != NULL)
        a->web = w, a->talk = t, a->for_looks = for_looks;
    return a;
}

void ol_acts_free(ol_acts *a) {
    for (size_t i = 0; a != NULL && i < OL_ACTS_MAX; i++)
        if (a->running[i] != NULL)
            a->running[i]->acts = NULL;
    free(a);
}

static void refuse(ol_acts *a, json_t *id, const char *what, const char *todo) {
    ol_talk_say(a->talk, json_pack("{s:O, s:b, s:{s:s, s:s, s:s}}", "id", id, "ok", 0, "error",
                                   "code", "OL_EFORM", "what", what, "do", todo));
}

/* The last whole line of JSON that it printed. */
static json_t *last_of(const act *c) {
    size_t end = c->len;
    while (end > 0 && c->said[end - 1] == '\n')
        end--;
    size_t from = end;
    while (from > 0 && c->said[from - 1] != '\n')
        from--;
    return end == from ? NULL : json_loadb(c->said + from, end - from, 0, NULL);
}

/* Where its files lie is nobody's business: what it says of them has their names alone. */
static void drop_folder(act *c) {
    char folder[OL_GATHER_PATH + 1];
    size_t len = (size_t)snprintf(folder, sizeof folder, "%s/", c->command.folder);
    char *at = c->said;
    while (len > 1 && at != NULL &&
           (at = memmem(at, (size_t)(c->said + c->len - at), folder, len)) != NULL) {
        memmove(at, at + len, (size_t)(c->said + c->len - at) - len);
        c->len -= len;
    }
}

static void tell(act *c) {
    ol_acts *a = c->acts;
    if (a == NULL)
        return;
    drop_folder(c);
    json_t *o = last_of(c), *error = json_object_get(o, "error");
    bool is_ok = c->status == 0 && json_is_true(json_object_get(o, "ok"));
    if (o == NULL)
        refuse(a, c->id, "the command ended without an answer",
               "do it at a terminal, where openline says more");
    else if (!is_ok && error != NULL)
        ol_talk_say(a->talk, json_pack("{s:O, s:b, s:O, s:O}", "id", c->id, "ok", 0, "error", error,
                                       "result", o));
    else
        ol_talk_say(a->talk,
                    json_pack("{s:O, s:b, s:O, s:o*}", "id", c->id, "ok", is_ok, "result", o,
                              "files",
                              c->command.gives ? ol_gather_read(c->command.folder) : NULL));
    json_decref(o);
    for (size_t i = 0; i < OL_ACTS_MAX; i++)
        if (a->running[i] == c)
            a->running[i] = NULL;
}

static void let_go(uv_handle_t *handle) {
    act *c = handle->data;
    if (--c->handles > 0)
        return;
    c->web->acts--;
    c->web->acts_for_looks -= c->for_looks;
    ol_command_drop(&c->command);
    json_decref(c->id);
    free(c->said);
    free(c);
}

static void finish(act *c) {
    if (!c->has_ended || !c->is_out_closed)
        return;
    tell(c);
    uv_close((uv_handle_t *)&c->process, let_go);
    uv_close((uv_handle_t *)&c->limit, let_go);
    uv_close((uv_handle_t *)&c->out, let_go);
    for (uv_pipe_t *const *p = (uv_pipe_t *[]){ &c->in, &c->pass, NULL }; *p != NULL; p++)
        if (!uv_is_closing((uv_handle_t *)*p))
            uv_close((uv_handle_t *)*p, let_go);
}

static void ended(uv_process_t *process, int64_t status, int signal) {
    act *c = process->data;
    c->has_ended = true;
    c->status = signal != 0 ? -1 : status;
    finish(c);
}

static void too_long(uv_timer_t *timer) {
    act *c = timer->data;
    if (!c->has_ended)
        (void)uv_process_kill(&c->process, SIGKILL);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    static char room[16384]; /* one loop, one thread: it is read before the next is asked for */
    (void)handle, (void)suggested;
    *buf = uv_buf_init(room, sizeof room);
}

static void came(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
    act *c = stream->data;
    char *more = n <= 0 ? NULL : realloc(c->said, c->len + (size_t)n);
    if (n == 0)
        return;
    if (more != NULL) {
        c->said = more;
        memcpy(c->said + c->len, buf->base, (size_t)n);
        c->len += (size_t)n;
        if (c->len <= OL_ACT_OUT)
            return;
        (void)uv_process_kill(&c->process, SIGKILL);
        c->len = 0;
    }
    (void)uv_read_stop(stream);
    c->is_out_closed = true;
    finish(c);
}

static void in_written(uv_write_t *req, int status) {
    (void)status; /* a command that did not read says why by itself */
    if (!uv_is_closing((uv_handle_t *)req->handle))
        uv_close((uv_handle_t *)req->handle, let_go);
}

static void give(act *c, uv_pipe_t *pipe, uv_write_t *req, char *text) {
    uv_buf_t buf = uv_buf_init(text, text == NULL ? 0 : (unsigned)strlen(text));
    req->data = c;
    if (uv_write(req, (uv_stream_t *)pipe, &buf, 1, in_written) != 0)
        uv_close((uv_handle_t *)pipe, let_go);
}

static void start(ol_acts *a, act *c) {
    char home[4200];
    (void)snprintf(home, sizeof home, "OPENLINE_HOME=%s", a->web->home);
    char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", lang[] = "LANG=C.UTF-8";
    char *env[] = { home, path, lang, NULL };
    uv_stdio_container_t io[4] = { 0 };
    io[0].flags = UV_CREATE_PIPE | UV_READABLE_PIPE;
    io[0].data.stream = (uv_stream_t *)&c->in;
    io[1].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
    io[1].data.stream = (uv_stream_t *)&c->out;
    io[2].flags = UV_IGNORE;
    io[3].flags = UV_CREATE_PIPE | UV_READABLE_PIPE;
    io[3].data.stream = (uv_stream_t *)&c->pass;
    uv_process_options_t o = { .exit_cb = ended,
                               .file = a->web->program,
                               .args = c->command.word,
                               .env = env,
                               .stdio = io,
                               .stdio_count = 4 };
    (void)uv_pipe_init(a->web->loop, &c->in, 0);
    (void)uv_pipe_init(a->web->loop, &c->out, 0);
    (void)uv_pipe_init(a->web->loop, &c->pass, 0);
    (void)uv_timer_init(a->web->loop, &c->limit);
    c->process.data = c->in.data = c->out.data = c->pass.data = c->limit.data = c;
    c->handles = 5;
    if (uv_spawn(a->web->loop, &c->process, &o) != 0) {
        c->has_ended = c->is_out_closed = true;
        c->status = -1;
        finish(c);
        return;
    }
    (void)uv_timer_start(&c->limit, too_long, OL_ACT_S * 1000, 0);
    give(c, &c->in, &c->write, c->command.text);
    give(c, &c->pass, &c->pass_write, c->command.secret);
    if (uv_read_start((uv_stream_t *)&c->out, give_room, came) != 0)
        c->is_out_closed = true;
}

void ol_act_begin(ol_acts *a, json_t *request) {
    size_t at = 0;
    json_t *id = json_object_get(request, "id");
    while (at < OL_ACTS_MAX && a->running[at] != NULL)
        at++;
    if (at == OL_ACTS_MAX || a->web->acts >= OL_ACTS_ALL ||
        (a->for_looks && a->web->acts_for_looks >= OL_ACTS_LOOKS)) {
        refuse(a, id, "too much is under way", "wait until it is done");
        return;
    }
    act *c = calloc(1, sizeof *c);
    if (c == NULL) {
        refuse(a, id, "there is no memory for it", "try again");
        return;
    }
    if (ol_command_of(request, &c->command)) {
        c->acts = a;
        c->web = a->web, c->for_looks = a->for_looks;
        c->web->acts++;
        c->web->acts_for_looks += c->for_looks;
        c->id = json_incref(id);
        a->running[at] = c;
        start(a, c);
        return;
    }
    refuse(a, id, c->command.why, "see docs/CONSOLE.md");
    ol_command_drop(&c->command);
    free(c);
}
