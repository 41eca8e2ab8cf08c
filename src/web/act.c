#include "web/act.h"

#include <sodium.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "web/command.h"
#include "web/talk.h"

typedef struct {
    uv_process_t process;
    uv_pipe_t in, out, pass, words;
    uv_timer_t limit;
    uv_write_t write, pass_write, words_write;
    ol_acts *acts; /* NULL: nobody listens any more */
    ol_web *web;
    bool for_looks; /* of a seat that only looks */
    json_t *id;
    bool drafts;       /* what it makes is kept as a draft */
    uint64_t releases; /* the number of a draft; 0: none */
    ol_command command;
    char *said; /* its output */
    size_t len;
    unsigned handles;
    bool is_out_closed, has_ended;
    int64_t status;
} act;

struct ol_acts {
    ol_web *web;
    void (*said)(void *user, json_t *o);
    void *user;
    bool for_looks;
    act *running[OL_ACTS_MAX];
};

ol_acts *ol_acts_new(ol_web *w, void (*said)(void *user, json_t *o), void *user, bool for_looks) {
    ol_acts *a = calloc(1, sizeof *a);
    if (a != NULL)
        a->web = w, a->said = said, a->user = user, a->for_looks = for_looks;
    return a;
}

void ol_acts_free(ol_acts *a) {
    for (size_t i = 0; a != NULL && i < OL_ACTS_MAX; i++)
        if (a->running[i] != NULL)
            a->running[i]->acts = NULL;
    free(a);
}

static json_t *refusal(json_t *id, const char *what, const char *todo) {
    return json_pack("{s:O, s:b, s:{s:s, s:s, s:s}}", "id", id, "ok", 0, "error", "code",
                     "OL_EFORM", "what", what, "do", todo);
}

static void refuse(ol_acts *a, json_t *id, const char *what, const char *todo) {
    a->said(a->user, refusal(id, what, todo));
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

static json_t *answer_of(act *c) {
    drop_folder(c);
    json_t *o = last_of(c), *error = json_object_get(o, "error"), *answer;
    bool is_ok = c->status == 0 && json_is_true(json_object_get(o, "ok"));
    if (o == NULL)
        answer = refusal(c->id, "the command ended without an answer",
                         "do it at a terminal, where openline says more");
    else if (!is_ok && error != NULL)
        answer =
            json_pack("{s:O, s:b, s:O, s:O}", "id", c->id, "ok", 0, "error", error, "result", o);
    else
        answer = json_pack("{s:O, s:b, s:O, s:o*}", "id", c->id, "ok", is_ok, "result", o, "files",
                           c->command.gives ? ol_gather_read(c->command.folder) : NULL);
    json_decref(o);
    return answer;
}

/* What was signed stays here, for another officer; a console gets its number. */
static json_t *keep_draft(act *c, json_t *answer) {
    const json_t *file = json_object_get(json_object_get(answer, "files"), "draft");
    json_t *result = json_object_get(answer, "result");
    const ol_draft *d = ol_drafts_add(&c->web->drafts, result, file, ol_web_now_s(c->web));
    if (d == NULL) {
        json_decref(answer);
        return refusal(c->id, "the draft could not be kept",
                       "release or drop others, and sign it again");
    }
    (void)json_object_del(answer, "files");
    (void)json_object_set_new(result, "draft", json_integer((json_int_t)d->number));
    ol_web_tell_draft(c->web, d->number, ol_draft_line(d), "waits");
    return answer;
}

static void end_release(act *c, bool is_released) {
    json_t *number = json_integer((json_int_t)c->releases);
    ol_draft *d = ol_drafts_find(&c->web->drafts, number);
    json_decref(number);
    if (d != NULL)
        d->is_busy = false;
    if (d == NULL || !is_released)
        return;
    ol_web_tell_draft(c->web, d->number, ol_draft_line(d), "released");
    ol_drafts_drop(d);
}

static void tell(act *c) {
    ol_acts *a = c->acts;
    json_t *answer = answer_of(c);
    bool is_ok = json_is_true(json_object_get(answer, "ok"));
    if (c->drafts && is_ok)
        answer = keep_draft(c, answer);
    if (c->releases != 0)
        end_release(c, is_ok);
    for (size_t i = 0; a != NULL && i < OL_ACTS_MAX; i++)
        if (a->running[i] == c)
            a->running[i] = NULL;
    if (a != NULL)
        a->said(a->user, answer);
    else
        json_decref(answer);
}

static void let_go(uv_handle_t *handle) {
    act *c = handle->data;
    if (--c->handles > 0)
        return;
    c->web->acts--;
    c->web->acts_for_looks -= c->for_looks;
    ol_command_drop(&c->command);
    json_decref(c->id);
    if (c->said != NULL) /* perhaps the digits of a line's secret */
        sodium_memzero(c->said, c->len);
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
    for (uv_pipe_t *const *p = (uv_pipe_t *[]){ &c->in, &c->pass, &c->words, NULL }; *p != NULL;
         p++)
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

static void give(uv_pipe_t *pipe, uv_write_t *req, char *text) {
    uv_buf_t buf = uv_buf_init(text, text == NULL ? 0 : (unsigned)strlen(text));
    if (uv_write(req, (uv_stream_t *)pipe, &buf, 1, in_written) != 0)
        uv_close((uv_handle_t *)pipe, let_go);
}

/* What stands on its command line anybody on this machine can read; these words it reads itself. */
static void give_words(act *c) {
    uv_buf_t buf[OL_COMMAND_WORDS];
    unsigned n = 0;
    for (size_t i = 1; i < c->command.words; i++)
        buf[n++] = uv_buf_init(c->command.word[i], (unsigned)strlen(c->command.word[i]) + 1);
    if (uv_write(&c->words_write, (uv_stream_t *)&c->words, buf, n, in_written) != 0)
        uv_close((uv_handle_t *)&c->words, let_go);
}

static void start(ol_acts *a, act *c) {
    char home[4200], words[][12] = { "openline", "--words-fd", "4" };
    char *args[] = { words[0], words[1], words[2], NULL };
    (void)snprintf(home, sizeof home, "OPENLINE_HOME=%s", a->web->home);
    char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", lang[] = "LANG=C.UTF-8";
    char *env[] = { home, path, lang, NULL };
    uv_stdio_container_t io[5] = { 0 };
    io[0].flags = UV_CREATE_PIPE | UV_READABLE_PIPE;
    io[0].data.stream = (uv_stream_t *)&c->in;
    io[1].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
    io[1].data.stream = (uv_stream_t *)&c->out;
    io[2].flags = UV_IGNORE;
    io[3].flags = UV_CREATE_PIPE | UV_READABLE_PIPE;
    io[3].data.stream = (uv_stream_t *)&c->pass;
    io[4].flags = UV_CREATE_PIPE | UV_READABLE_PIPE;
    io[4].data.stream = (uv_stream_t *)&c->words;
    uv_process_options_t o = { .exit_cb = ended,
                               .file = a->web->program,
                               .args = args,
                               .env = env,
                               .stdio = io,
                               .stdio_count = OL_LEN(io) };
    (void)uv_pipe_init(a->web->loop, &c->in, 0);
    (void)uv_pipe_init(a->web->loop, &c->out, 0);
    (void)uv_pipe_init(a->web->loop, &c->pass, 0);
    (void)uv_pipe_init(a->web->loop, &c->words, 0);
    (void)uv_timer_init(a->web->loop, &c->limit);
    c->process.data = c->in.data = c->out.data = c->pass.data = c->limit.data = c;
    c->words.data = c;
    c->handles = 6;
    if (uv_spawn(a->web->loop, &c->process, &o) != 0) {
        c->has_ended = c->is_out_closed = true;
        c->status = -1;
        finish(c);
        return;
    }
    (void)uv_timer_start(&c->limit, too_long, OL_ACT_S * 1000, 0);
    give(&c->in, &c->write, c->command.text);
    give(&c->pass, &c->pass_write, c->command.secret);
    give_words(c);
    if (uv_read_start((uv_stream_t *)&c->out, give_room, came) != 0)
        c->is_out_closed = true;
}

/* A release is of a draft that lies here: its file stands in for its number. NULL, or why not. */
static const char *take_draft(ol_web *w, json_t *request, act *c) {
    const char *what = json_string_value(json_object_get(request, "do"));
    c->drafts = strncmp(what, "draft-", 6) == 0;
    if (c->drafts && ol_drafts_is_full(&w->drafts))
        return "as many drafts wait as can be kept";
    if (strcmp(what, "release") != 0)
        return NULL;
    ol_draft *d = ol_drafts_find(&w->drafts, json_object_get(request, "draft"));
    if (d == NULL)
        return "this draft has been released or dropped";
    if (d->is_busy)
        return "this draft is being released by somebody else";
    d->is_busy = true;
    c->releases = d->number;
    (void)json_object_set(request, "draft", d->file);
    (void)json_object_set_new(request, "yes", json_true()); /* it was shown, and said */
    return NULL;
}

static void begin(ol_acts *a, json_t *request, act *c, size_t at) {
    json_t *id = json_object_get(request, "id");
    const char *why = take_draft(a->web, request, c);
    c->web = a->web;
    if (why != NULL) {
        refuse(a, id, why, "look at what waits, and release or drop it");
    } else if (ol_command_of(request, &c->command)) {
        c->acts = a;
        c->for_looks = a->for_looks;
        c->web->acts++;
        c->web->acts_for_looks += c->for_looks;
        c->id = json_incref(id);
        a->running[at] = c;
        start(a, c);
        return;
    } else {
        refuse(a, id, c->command.why, "see docs/CONSOLE.md");
        end_release(c, false);
    }
    ol_command_drop(&c->command);
    free(c);
}

void ol_act_begin(ol_acts *a, json_t *request) {
    size_t at = 0;
    while (at < OL_ACTS_MAX && a->running[at] != NULL)
        at++;
    bool is_full = at == OL_ACTS_MAX || a->web->acts >= OL_ACTS_ALL ||
                   (a->for_looks && a->web->acts_for_looks >= OL_ACTS_LOOKS);
    act *c = is_full ? NULL : calloc(1, sizeof *c);
    if (is_full)
        refuse(a, json_object_get(request, "id"), "too much is under way", "wait until it is done");
    else if (c == NULL)
        refuse(a, json_object_get(request, "id"), "there is no memory for it", "try again");
    else
        begin(a, request, c, at);
}
