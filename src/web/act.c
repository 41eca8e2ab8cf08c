#include "web/act.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/gather.h"
#include "web/talk.h"

enum { ARGS_MAX = 48, VALUE_MAX = 32768 };

/* Options: `name` takes a text, `name!` a truth value, `name*` a list of texts; `name<key` the text
 * of another key. The word `>` is a folder of our own, whose files are the answer. */
typedef struct {
    const char *name;
    bool changes;
    const char *words[2];      /* of the command */
    const char *positional[3]; /* keys; the last one may be absent where it ends in `?` */
    const char *options;
} row;

#define OL_OFFICER " as"

static const row rows[] = {
    { "send",
      true,
      { "send" },
      { "line", "text" },
      "precedence status to subject lang ref correct readback ask-readback! translate grade action "
      "info info-precedence service! anyway! read item" OL_OFFICER },
    { "call",
      true,
      { "call" },
      { "line", "rung" },
      "precedence status voice! party* reason lang again read" OL_OFFICER },
    { "answer", true, { "answer" }, { "line", "entry", "text?" }, "rung read" OL_OFFICER },
    { "decline", true, { "decline" }, { "line", "entry", "text?" }, "rung read" OL_OFFICER },
    { "defer", true, { "defer" }, { "line", "entry", "text?" }, "for rung read" OL_OFFICER },
    { "close", true, { "close" }, { "line", "entry" }, "read" OL_OFFICER },
    { "ack", true, { "ack" }, { "line", "entry" }, "text" OL_OFFICER },
    { "interim", true, { "interim" }, { "line", "entry" }, "in text" OL_OFFICER },
    { "cancel", true, { "cancel" }, { "line", "entry" }, "text" OL_OFFICER },
    { "confirm", true, { "confirm" }, { "line", "entry" }, "text" OL_OFFICER },
    { "wrong", true, { "wrong" }, { "line", "entry" }, "text" OL_OFFICER },
    { "here", true, { "here" }, { "line", "entry" }, "text" OL_OFFICER },
    { "presence", true, { "presence" }, { "line" }, "status text" OL_OFFICER },
    { "order", true, { "order" }, { "line", "verb" }, "reason for status" OL_OFFICER },
    { "copy-ack", true, { "copy", "ack" }, { "line" }, "" },
    { "fork-ack", true, { "fork", "ack" }, { "line", "log" }, "" },
    { "clock-accept", true, { "clock", "accept" }, { "line" }, "" },
    { "verdicts", false, { "calls" }, { "line" }, "last" },
    { "officers", false, { "officer", "list" }, { "line" }, "" },
    { "availability", false, { "availability" }, { "line" }, "" },
    { "verify", false, { "verify" }, { "line" }, "" },
    { "show", false, { "show" }, { "line", "entry" }, "" },
    { "proof", false, { "export" }, { "line", ">" }, "proof<entry" },
};

static const row *find(const char *what) {
    for (size_t i = 0; i < OL_LEN(rows); i++)
        if (strcmp(rows[i].name, what) == 0)
            return &rows[i];
    return NULL;
}

bool ol_act_is_one(const char *what) {
    return find(what) != NULL;
}

bool ol_act_changes(const char *what) {
    return find(what)->changes;
}

/* ---- a command that runs ---- */

typedef struct {
    uv_process_t process;
    uv_pipe_t in, out, pass;
    uv_timer_t limit;
    uv_write_t write, pass_write;
    ol_acts *acts; /* NULL: nobody listens any more */
    json_t *id;
    char *text;   /* for its stdin */
    char *secret; /* the passphrase of an officer's key, for its descriptor 3; NULL: none */
    char *said;   /* its output */
    size_t len;
    char folder[OL_GATHER_PATH]; /* "": none */
    unsigned handles;
    bool is_out_closed, has_ended;
    int64_t status;
} act;

struct ol_acts {
    ol_web *web;
    ol_talk *talk;
    act *running[OL_ACTS_MAX];
};

ol_acts *ol_acts_new(ol_web *w, ol_talk *t) {
    ol_acts *a = calloc(1, sizeof *a);
    if (a != NULL)
        a->web = w, a->talk = t;
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

static void tell(act *c) {
    ol_acts *a = c->acts;
    if (a == NULL)
        return;
    json_t *o = last_of(c), *error = json_object_get(o, "error");
    bool is_ok = c->status == 0 && json_is_true(json_object_get(o, "ok"));
    if (o == NULL)
        refuse(a, c->id, "the command ended without an answer", "see what openline-web printed");
    else if (!is_ok && error != NULL)
        ol_talk_say(a->talk, json_pack("{s:O, s:b, s:O, s:O}", "id", c->id, "ok", 0, "error", error,
                                       "result", o));
    else
        ol_talk_say(a->talk,
                    json_pack("{s:O, s:b, s:O, s:o*}", "id", c->id, "ok", is_ok, "result", o,
                              "files", c->folder[0] == '\0' ? NULL : ol_gather_read(c->folder)));
    json_decref(o);
    for (size_t i = 0; i < OL_ACTS_MAX; i++)
        if (a->running[i] == c)
            a->running[i] = NULL;
}

static void forget(char *secret) {
    if (secret != NULL)
        sodium_memzero(secret, strlen(secret));
    free(secret);
}

static void let_go(uv_handle_t *handle) {
    act *c = handle->data;
    if (--c->handles > 0)
        return;
    ol_gather_remove(c->folder);
    forget(c->secret);
    json_decref(c->id);
    free(c->text);
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

static void start(ol_acts *a, act *c, char **argv) {
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
                               .args = argv,
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
    give(c, &c->in, &c->write, c->text);
    give(c, &c->pass, &c->pass_write, c->secret);
    if (uv_read_start((uv_stream_t *)&c->out, give_room, came) != 0)
        c->is_out_closed = true;
}

/* ---- from a request to a command line ---- */

typedef struct {
    json_t *request;
    char *v[ARGS_MAX + 1];
    size_t n;
    const char *fault; /* NULL: none */
    char fault_text[120];
    char *folder; /* where an act keeps its path */
} line;

static void put(line *l, const char *option, const char *value) {
    size_t len = (option == NULL ? 0 : strlen(option) + 3) + strlen(value) + 1;
    char *word = l->n == ARGS_MAX ? NULL : malloc(len);
    if (word == NULL) {
        l->fault = "the request has too much in it";
        return;
    }
    if (option == NULL)
        (void)snprintf(word, len, "%s", value);
    else if (value[0] == '\0')
        (void)snprintf(word, len, "--%s", option);
    else
        (void)snprintf(word, len, "--%s=%s", option, value);
    l->v[l->n++] = word;
}

static const char *text_of(line *l, const json_t *o, const char *key) {
    const char *s = json_string_value(o);
    if (s != NULL && strlen(s) == json_string_length(o) && s[0] != '\0' && strlen(s) <= VALUE_MAX)
        return s;
    (void)snprintf(l->fault_text, sizeof l->fault_text, "\"%.40s\" is no text, or too long", key);
    l->fault = l->fault_text;
    return NULL;
}

static void put_option(line *l, const char *name, size_t len) {
    char option[40];
    bool is_flag = name[len - 1] == '!', is_list = name[len - 1] == '*';
    (void)snprintf(option, sizeof option, "%.*s", (int)(len - (is_flag || is_list)), name);
    char *other = strchr(option, '<');
    const char *key = other == NULL ? option : other + 1;
    if (other != NULL)
        *other = '\0';
    json_t *o = json_object_get(l->request, key);
    if (o == NULL || json_is_null(o))
        return;
    if (is_flag) {
        if (json_is_true(o))
            put(l, option, "");
        return;
    }
    for (size_t i = 0; is_list && i < json_array_size(o) && l->fault == NULL; i++) {
        const char *s = text_of(l, json_array_get(o, i), key);
        if (s != NULL)
            put(l, option, s);
    }
    const char *s = is_list ? NULL : text_of(l, o, key);
    if (s != NULL)
        put(l, option, s);
}

/* The row's options have a word for this key. */
static bool has_option(const row *r, const char *key) {
    size_t len = strlen(key);
    for (const char *at = r->options; *at != '\0';) {
        size_t word = strcspn(at, " ");
        const char *from = memchr(at, '<', word);
        from = from == NULL ? at : from + 1;
        size_t left = (size_t)(at + word - from);
        left -= left > 0 && (from[left - 1] == '!' || from[left - 1] == '*');
        if (left == len && memcmp(from, key, len) == 0)
            return true;
        at += word + (at[word] == ' ');
    }
    return false;
}

/* Each key that was given must be one that the row knows: a typo is no default. */
static void check_keys(line *l, const row *r) {
    const char *key;
    json_t *value;
    json_object_foreach(l->request, key, value) {
        bool is_known = strcmp(key, "id") == 0 || strcmp(key, "do") == 0 || has_option(r, key);
        is_known |= strcmp(key, "passphrase") == 0 && has_option(r, "as");
        for (size_t i = 0; i < OL_LEN(r->positional) && r->positional[i] != NULL; i++)
            is_known |= strcspn(r->positional[i], "?") == strlen(key) &&
                        strncmp(r->positional[i], key, strlen(key)) == 0;
        if (is_known)
            continue;
        (void)snprintf(l->fault_text, sizeof l->fault_text, "\"%s\" takes no key \"%.40s\"",
                       r->name, key);
        l->fault = l->fault_text;
    }
}

static void put_positional(line *l, const row *r, const char *word, char **ret_stdin) {
    char key[20];
    size_t len = strcspn(word, "?");
    (void)snprintf(key, sizeof key, "%.*s", (int)len, word);
    if (strcmp(key, ">") == 0) {
        if (ol_gather_make(l->folder))
            put(l, NULL, l->folder);
        else
            l->fault = "there is no room for its files in /tmp";
        return;
    }
    const json_t *o = json_object_get(l->request, key);
    if (o == NULL && word[len] == '?')
        return;
    const char *s = text_of(l, o, key);
    bool is_stdin = strcmp(r->name, "send") == 0 && strcmp(key, "text") == 0;
    if (s != NULL && is_stdin) { /* a long text is no word of a command line */
        *ret_stdin = strdup(s);
        l->fault = *ret_stdin == NULL ? "there is no memory for it" : l->fault;
    }
    if (s != NULL)
        put(l, NULL, is_stdin ? "-" : s);
}

static void compose(line *l, const row *r, char **ret_stdin, char **ret_secret) {
    check_keys(l, r);
    put(l, NULL, "openline");
    for (size_t i = 0; i < OL_LEN(r->words) && r->words[i] != NULL; i++)
        put(l, NULL, r->words[i]);
    for (const char *at = r->options; *at != '\0';) {
        size_t len = strcspn(at, " ");
        if (len > 0)
            put_option(l, at, len);
        at += len + (at[len] == ' ');
    }
    if (json_object_get(l->request, "passphrase") != NULL && has_option(r, "as")) {
        const char *s = text_of(l, json_object_get(l->request, "passphrase"), "passphrase");
        *ret_secret = s == NULL ? NULL : strdup(s);
        put(l, "passphrase-fd", "3");
    }
    put(l, "json", "");
    put(l, NULL, "--");
    for (size_t i = 0; i < OL_LEN(r->positional) && r->positional[i] != NULL; i++)
        put_positional(l, r, r->positional[i], ret_stdin);
}

void ol_act_begin(ol_acts *a, json_t *request) {
    size_t at = 0;
    json_t *id = json_object_get(request, "id");
    const row *r = find(json_string_value(json_object_get(request, "do")));
    while (at < OL_ACTS_MAX && a->running[at] != NULL)
        at++;
    if (at == OL_ACTS_MAX) {
        refuse(a, id, "too much is under way", "wait until it is done");
        return;
    }
    act *c = calloc(1, sizeof *c);
    if (c == NULL) {
        refuse(a, id, "there is no memory for it", "try again");
        return;
    }
    line l = { .request = request, .folder = c->folder };
    compose(&l, r, &c->text, &c->secret);
    if (l.fault != NULL) {
        refuse(a, id, l.fault, "see docs/CONSOLE.md");
        ol_gather_remove(c->folder);
        forget(c->secret);
        free(c->text);
        free(c);
    } else {
        c->acts = a;
        c->id = json_incref(id);
        a->running[at] = c;
        start(a, c, l.v);
    }
    for (size_t i = 0; i < l.n; i++)
        free(l.v[i]);
}
