#include "web/start.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "web/station.h"
#include "web/talk.h"

enum { SAID_MAX = 4096 };

struct ol_start {
    ol_web *web;
    ol_talk *talk; /* NULL: nobody listens any more */
    json_t *id;
    ol_station *station; /* tells when it answers */
    uv_process_t process;
    uv_pipe_t pass;
    uv_timer_t limit;
    uv_write_t write;
    char *secret;
    int said; /* what it prints, in memory: an error, at its end */
    bool is_spawned, is_told;
    unsigned handles;
};

static void let_go(uv_handle_t *handle) {
    ol_start *s = handle->data;
    if (--s->handles > 0)
        return;
    if (s->said >= 0)
        (void)close(s->said);
    json_decref(s->id);
    free(s);
}

static void wipe(ol_start *s) {
    if (s->secret != NULL)
        sodium_memzero(s->secret, strlen(s->secret));
    free(s->secret);
    s->secret = NULL;
}

/* After the callback in which it was told: what calls there still uses its own handles. */
static void leave(uv_timer_t *timer) {
    ol_start *s = timer->data;
    ol_station_free(s->station);
    s->station = NULL;
    wipe(s);
    if (s->is_spawned && !uv_is_closing((uv_handle_t *)&s->pass))
        uv_close((uv_handle_t *)&s->pass, let_go);
    uv_close((uv_handle_t *)timer, let_go);
}

static void tell(ol_start *s, json_t *o) {
    if (s->is_told || s->talk == NULL)
        json_decref(o);
    else
        ol_talk_say(s->talk, o);
    if (s->is_told)
        return;
    s->is_told = true;
    s->web->start = NULL;
    (void)uv_timer_start(&s->limit, leave, 0, 0);
}

static json_t *refusal(json_t *id, const char *code, const char *what, const char *todo) {
    return json_pack("{s:O, s:b, s:{s:s, s:s, s:s}}", "id", id, "ok", 0, "error", "code", code,
                     "what", what, "do", todo);
}

/* What it printed last, where that is an error. */
static json_t *error_of(const ol_start *s) {
    char text[SAID_MAX];
    ssize_t len = pread(s->said, text, sizeof text, 0);
    json_t *o = len <= 0 ? NULL : json_loadb(text, (size_t)len, JSON_DISABLE_EOF_CHECK, NULL);
    json_t *error = json_incref(json_object_get(o, "error"));
    json_decref(o);
    return error;
}

static void ended(uv_process_t *process, int64_t status, int signal) {
    ol_start *s = process->data;
    json_t *error = s->is_told ? NULL : error_of(s);
    (void)status, (void)signal;
    if (error != NULL)
        tell(s, json_pack("{s:O, s:b, s:o}", "id", s->id, "ok", 0, "error", error));
    else
        tell(s, refusal(s->id, "OL_ESTATE", "the station ended at once",
                        "look at station.log in its home"));
    uv_close((uv_handle_t *)process, let_go);
}

static void too_long(uv_timer_t *timer) {
    ol_start *s = timer->data;
    tell(s, refusal(s->id, "OL_EAGAIN", "the station has not answered yet",
                    "look at station.log in its home"));
}

static void given(uv_write_t *req, int status) {
    (void)status;
    if (!uv_is_closing((uv_handle_t *)req->handle))
        uv_close((uv_handle_t *)req->handle, let_go);
}

static bool open_files(ol_start *s, int *ret_log) {
    char path[4200];
    (void)snprintf(path, sizeof path, "%s/station.log", s->web->home);
    s->said = memfd_create("openline-run", MFD_CLOEXEC);
    *ret_log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    return s->said >= 0 && *ret_log >= 0;
}

static int spawn(ol_start *s, int log) {
    char home[4200], path[] = "PATH=/usr/local/bin:/usr/bin:/bin", lang[] = "LANG=C.UTF-8";
    char words[][20] = { "openline", "run", "--json", "--passphrase-fd=3" };
    char *args[] = { words[0], words[1], words[2], s->secret == NULL ? NULL : words[3], NULL };
    char *env[] = { home, path, lang, NULL };
    (void)snprintf(home, sizeof home, "OPENLINE_HOME=%s", s->web->home);
    uv_stdio_container_t io[4] = { { .flags = UV_IGNORE },
                                   { .flags = UV_INHERIT_FD, .data.fd = s->said },
                                   { .flags = UV_INHERIT_FD, .data.fd = log },
                                   { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
                                     .data.stream = (uv_stream_t *)&s->pass } };
    uv_process_options_t o = { .exit_cb = ended,
                               .file = s->web->program,
                               .args = args,
                               .env = env,
                               .cwd = s->web->home,
                               .flags = UV_PROCESS_DETACHED,
                               .stdio = io,
                               .stdio_count = s->secret == NULL ? 3 : 4 };
    (void)uv_pipe_init(s->web->loop, &s->pass, 0);
    s->process.data = s->pass.data = s;
    s->handles += 2;
    s->is_spawned = true;
    int err = uv_spawn(s->web->loop, &s->process, &o);
    if (err != 0) {
        uv_close((uv_handle_t *)&s->process, let_go);
        return err;
    }
    uv_buf_t buf = uv_buf_init(s->secret, s->secret == NULL ? 0 : (unsigned)strlen(s->secret));
    if (s->secret == NULL || uv_write(&s->write, (uv_stream_t *)&s->pass, &buf, 1, given) != 0)
        uv_close((uv_handle_t *)&s->pass, let_go);
    return 0;
}

static void launch(ol_start *s) {
    int log = -1;
    if (!open_files(s, &log))
        tell(s, refusal(s->id, "OL_ENOENT", "there is no home in which its station could log",
                        "make this party's keys first"));
    else if (spawn(s, log) != 0)
        tell(s, refusal(s->id, "OL_EIO", "the station cannot be started from here",
                        "start it at a terminal: openline run"));
    else
        (void)uv_timer_start(&s->limit, too_long, OL_START_S * 1000, 0);
    if (log >= 0)
        (void)close(log);
}

static bool said(void *user, json_t *o) {
    ol_start *s = user;
    bool is_up = json_is_true(json_object_get(o, "up"));
    bool is_word = json_object_get(o, "up") != NULL;
    json_decref(o);
    if (!is_word || s->is_told)
        return true;
    if (is_up && !s->is_spawned)
        tell(s, refusal(s->id, "OL_EEXIST", "a station runs on this home already",
                        "restart it, or go on"));
    else if (is_up)
        tell(s, json_pack("{s:O, s:b, s:{s:b, s:i}}", "id", s->id, "ok", 1, "result", "ok", 1,
                          "pid", s->process.pid));
    else if (!s->is_spawned)
        launch(s);
    return true;
}

void ol_start_begin(ol_web *w, ol_talk *t, json_t *request) {
    json_t *id = json_object_get(request, "id"), *value;
    const char *key, *pass = json_string_value(json_object_get(request, "passphrase"));
    json_object_foreach(request, key, value) {
        bool is_known = strcmp(key, "id") == 0 || strcmp(key, "do") == 0;
        if (is_known || (strcmp(key, "passphrase") == 0 && pass != NULL))
            continue;
        ol_talk_say(t, refusal(id, "OL_EFORM", "\"start\" takes a passphrase, a text, or nothing",
                               "see docs/CONSOLE.md"));
        return;
    }
    ol_start *s = w->start != NULL ? NULL : calloc(1, sizeof *s);
    if (s == NULL) {
        ol_talk_say(t, refusal(id, "OL_EAGAIN", "the station is being started", "wait for it"));
        return;
    }
    s->web = w, s->talk = t, s->id = json_incref(id), s->said = -1;
    s->secret = pass == NULL ? NULL : strdup(pass);
    s->limit.data = s;
    s->handles = 1;
    w->start = s;
    (void)uv_timer_init(w->loop, &s->limit);
    s->station = ol_station_new(w, said, s);
    if (s->station == NULL || (pass != NULL && s->secret == NULL))
        tell(s, refusal(id, "OL_ENOMEM", "there is no memory for it", "try again"));
}

void ol_start_forget(ol_web *w, const ol_talk *t) {
    if (w->start != NULL && w->start->talk == t)
        w->start->talk = NULL;
}
