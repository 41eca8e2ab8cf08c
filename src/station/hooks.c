#include "station/hooks.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "station/log.h"

enum {
    SAID_MAX = 200,      /* bytes of a line of a program that are kept */
    LINES_MAX = 8,       /* lines of a run that go to the log */
    READ_MAX = 64 << 10, /* bytes of a run that are read; then its pipe is closed */
    TERM_MS = 2000,      /* between asking a group to end and ending it */
    PARTING_MS = 500,    /* for the last words of a program that has ended */
    RESULT_MAX = 64,
    FIXED_WORDS = 3 /* the shim, --hook, the limit */
};

typedef struct {
    ol_hook_what what;
    bool is_test, is_drill;
    char party[OL_NAME_MAX + 1]; /* whom it is about; empty: nobody */
    uint32_t token;
    json_t *o;
} waiting;

typedef struct hook {
    ol_hooks *all;
    const ol_hook_conf *conf;
    waiting wait[OL_HOOK_WAIT_MAX];
    size_t n;
    waiting now; /* the run's */
    bool is_running, has_exited, has_ended, is_late, is_asked;
    unsigned open; /* handles of the run that have not closed */
    uv_process_t process;
    uv_pipe_t in, err;
    uv_timer_t limit;
    uv_write_t write;
    char *text; /* on its way to stdin */
    uv_timer_t rest;
    uint64_t next_ms; /* the bucket: empty once it is OL_HOOK_BURST gaps ahead of now */
    char said[SAID_MAX + 1], line[SAID_MAX + 1], room[1024], result[RESULT_MAX];
    size_t line_len, lines, read;
    uint64_t runs, failed, dropped, last;
    ol_log_gate gate; /* of what is dropped */
} hook;

struct ol_hooks {
    ol_hooks_opts o;
    hook *hook;
    bool is_stopping;
};

static void next(hook *k);

/* ---- what the program says ---- */

static void take_line(hook *k) {
    k->line[k->line_len] = '\0';
    for (size_t i = 0; i < k->line_len; i++) /* the log and a terminal read it: nothing but ASCII */
        if ((unsigned char)k->line[i] < 0x20 || (unsigned char)k->line[i] > 0x7E)
            k->line[i] = '?';
        else if (k->line[i] == '"')
            k->line[i] = '\'';
    if (k->line_len > 0) {
        memcpy(k->said, k->line, k->line_len + 1);
        if (k->lines++ < LINES_MAX)
            OL_LOG(OL_INFO, "hook.said", "hook=%s text=\"%s\"", k->conf->name, k->line);
    }
    k->line_len = 0;
}

static void closed(uv_handle_t *handle);

static void close_err(hook *k) {
    if (k->has_ended)
        return;
    k->has_ended = true;
    take_line(k);
    uv_close((uv_handle_t *)&k->err, closed);
}

static void room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    hook *k = handle->data;
    (void)suggested;
    *buf = uv_buf_init(k->room, sizeof k->room);
}

static void finish(hook *k);

static void came(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
    hook *k = stream->data;
    for (ssize_t i = 0; i < n; i++) {
        if (buf->base[i] == '\n')
            take_line(k);
        else if (k->line_len < SAID_MAX)
            k->line[k->line_len++] = buf->base[i];
    }
    k->read += n > 0 ? (size_t)n : 0;
    if (n < 0 || k->read > READ_MAX) {
        close_err(k);
        if (k->has_exited)
            finish(k);
    }
}

/* ---- the end of a run ---- */

static void tell(hook *k) {
    bool is_good = k->result[0] == '\0';
    k->last = (uint64_t)time(NULL);
    k->failed += !is_good;
    if (!is_good)
        OL_LOG(OL_WARN, "hook.failed", "hook=%s event=%s why=\"%s\"", k->conf->name,
               ol_hook_word(k->now.what), k->result);
    if (k->now.is_test && k->all->o.tested != NULL && !k->all->is_stopping)
        k->all->o.tested(k->all->o.ctx, k->now.token, is_good ? NULL : k->result, k->said);
    json_decref(k->now.o);
    k->now.o = NULL;
}

static void closed(uv_handle_t *handle) {
    hook *k = handle->data;
    if (--k->open > 0)
        return;
    free(k->text);
    k->text = NULL;
    k->is_running = false;
    if (!k->all->is_stopping)
        next(k);
}

/* Once: the program has ended and so has what it said. */
static void finish(hook *k) {
    if (uv_is_closing((uv_handle_t *)&k->limit))
        return;
    close_err(k);
    tell(k);
    uv_close((uv_handle_t *)&k->limit, closed);
    uv_close((uv_handle_t *)&k->in, closed);
    uv_close((uv_handle_t *)&k->process, closed);
}

static void end_group(const hook *k, int number) {
    if (k->process.pid > 1)
        (void)kill(-k->process.pid, number);
}

static void on_limit(uv_timer_t *timer) {
    hook *k = timer->data;
    if (k->has_exited) {
        finish(k); /* somebody who left the group holds the pipe */
        return;
    }
    k->is_late = true;
    end_group(k, k->is_asked ? SIGKILL : SIGTERM);
    k->is_asked = true;
    (void)uv_timer_start(&k->limit, on_limit, TERM_MS, 0);
}

static void exited(uv_process_t *process, int64_t status, int number) {
    hook *k = process->data;
    k->has_exited = true;
    end_group(k, SIGKILL); /* what it left behind */
    if (k->is_late)
        (void)snprintf(k->result, sizeof k->result, "it was not done in %u seconds, and was ended",
                       (unsigned)k->conf->limit_s);
    else if (number != 0)
        (void)snprintf(k->result, sizeof k->result, "it was ended by signal %d", number);
    else if (status != 0)
        (void)snprintf(k->result, sizeof k->result, "it exited with %d", (int)status);
    (void)uv_timer_start(&k->limit, on_limit, PARTING_MS, 0);
    if (k->has_ended)
        finish(k);
}

/* ---- a run ---- */

static const char *value_of(void *ctx, const char *key, size_t len) {
    static char number[24];
    json_t *o = ctx;
    char name[16];
    (void)snprintf(name, sizeof name, "%.*s", (int)len, key);
    const json_t *v = json_object_get(o, name);
    if (!json_is_integer(v))
        return json_string_value(v);
    (void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(v));
    return number;
}

typedef struct {
    char *word[FIXED_WORDS + OL_HOOK_WORDS_MAX + 1];
    char limit[16];
    char text[OL_HOOK_WORDS_MAX][OL_HOOK_EXPANDED_MAX];
} words;

static void fill_words(const hook *k, words *w) {
    unsigned n = 0;
    (void)snprintf(w->limit, sizeof w->limit, "%u", (unsigned)k->conf->limit_s);
    w->word[n++] = (char *)"openline";
    w->word[n++] = (char *)"--hook";
    w->word[n++] = w->limit;
    for (unsigned i = 0; i < k->conf->words; i++) {
        ol_hook_expand(ol_hook_conf_at(k->conf, i), value_of, k->now.o, w->text[i]);
        w->word[n++] = w->text[i];
    }
    w->word[n] = NULL;
}

static int spawn(hook *k) {
    static words w; /* 64 KiB that need not lie on the stack */
    static char home[4096], user[4096];
    const char *user_home = getenv("HOME");
    char *env[] = { (char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    (char *)"LANG=C.UTF-8", home, user_home != NULL ? user : NULL, NULL };
    uv_stdio_container_t io[3] = {
        { .flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_READABLE_PIPE) },
        { .flags = UV_IGNORE },
        { .flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_WRITABLE_PIPE) },
    };
    io[0].data.stream = (uv_stream_t *)&k->in;
    io[2].data.stream = (uv_stream_t *)&k->err;
    (void)snprintf(home, sizeof home, "OPENLINE_HOME=%s", k->all->o.home);
    (void)snprintf(user, sizeof user, "HOME=%s", user_home != NULL ? user_home : "");
    fill_words(k, &w);
    uv_process_options_t o = { .exit_cb = exited,
                               .file = k->all->o.shim,
                               .args = w.word,
                               .env = env,
                               .cwd = k->all->o.home,
                               .flags = UV_PROCESS_DETACHED,
                               .stdio_count = 3,
                               .stdio = io };
    return uv_spawn(k->all->o.loop, &k->process, &o);
}

static void shut(uv_shutdown_t *req, int status) {
    (void)status;
    free(req);
}

/* The event and the end of the input; a program need not read it. */
static void give_event(hook *k) {
    uv_shutdown_t *end = malloc(sizeof *end);
    size_t len = json_dumpb(k->now.o, NULL, 0, JSON_COMPACT);
    k->text = malloc(len + 1);
    if (end == NULL || k->text == NULL) {
        free(end);
        return;
    }
    (void)json_dumpb(k->now.o, k->text, len, JSON_COMPACT);
    k->text[len] = '\n';
    uv_buf_t buf = uv_buf_init(k->text, (unsigned)len + 1);
    if (uv_write(&k->write, (uv_stream_t *)&k->in, &buf, 1, NULL) != 0 ||
        uv_shutdown(end, (uv_stream_t *)&k->in, shut) != 0)
        free(end);
}

static void launch(hook *k) {
    k->is_running = true;
    k->has_exited = k->has_ended = k->is_late = k->is_asked = false;
    k->said[0] = k->result[0] = '\0';
    k->line_len = k->lines = k->read = 0;
    k->open = 4;
    k->runs++;
    uv_loop_t *loop = k->all->o.loop;
    (void)uv_pipe_init(loop, &k->in, 0);
    (void)uv_pipe_init(loop, &k->err, 0);
    (void)uv_timer_init(loop, &k->limit);
    k->process.data = k->in.data = k->err.data = k->limit.data = k;
    int sys = spawn(k);
    k->process.data = k;
    OL_LOG(OL_INFO, "hook.run", "hook=%s event=%s", k->conf->name, ol_hook_word(k->now.what));
    if (sys != 0) {
        k->has_exited = true;
        (void)snprintf(k->result, sizeof k->result, "it could not be started: %s",
                       uv_strerror(sys));
        finish(k);
        return;
    }
    give_event(k);
    if (uv_read_start((uv_stream_t *)&k->err, room, came) != 0)
        close_err(k);
    (void)uv_timer_start(&k->limit, on_limit, (uint64_t)k->conf->limit_s * 1000, 0);
}

/* Whatever is real goes before every drill. */
static unsigned rank_of(const waiting *w) {
    return (w->is_drill ? 0 : 16) + ol_hook_rank(w->what);
}

static void on_rest(uv_timer_t *timer) {
    next(timer->data);
}

/* Starts the most urgent, oldest event that waits, if the hook may run now. */
static void next(hook *k) {
    if (k->is_running || k->n == 0 || k->all->is_stopping)
        return;
    uint64_t now = uv_now(k->all->o.loop);
    if (k->next_ms > now + (OL_HOOK_BURST - 1) * OL_HOOK_GAP_MS) {
        (void)uv_timer_start(&k->rest, on_rest,
                             k->next_ms - now - (OL_HOOK_BURST - 1) * OL_HOOK_GAP_MS, 0);
        return;
    }
    k->next_ms = (k->next_ms > now ? k->next_ms : now) + OL_HOOK_GAP_MS;
    size_t best = 0;
    for (size_t i = 1; i < k->n; i++)
        if (rank_of(&k->wait[i]) > rank_of(&k->wait[best]))
            best = i;
    k->now = k->wait[best];
    k->n--;
    memmove(&k->wait[best], &k->wait[best + 1], (k->n - best) * sizeof k->wait[0]);
    launch(k);
}

/* ---- what waits ---- */

static void drop(hook *k, waiting *w) {
    uint64_t held = 0;
    ol_mono now = { uv_now(k->all->o.loop) };
    k->dropped++;
    if (ol_log_pass(&k->gate, now, &held))
        OL_LOG(OL_WARN, "hook.dropped", "hook=%s event=%s held=%llu why=\"too many events wait\"",
               k->conf->name, ol_hook_word(w->what), (unsigned long long)held);
    if (w->is_test && k->all->o.tested != NULL)
        k->all->o.tested(k->all->o.ctx, w->token, "more urgent events came before it", "");
    json_decref(w->o);
}

/* How many of this rank and party wait, and w if it is one of them. */
static size_t count(const hook *k, const waiting *like, const waiting *w) {
    size_t n = rank_of(w) == rank_of(like) && strcmp(w->party, like->party) == 0;
    for (size_t i = 0; i < k->n; i++)
        n += rank_of(&k->wait[i]) == rank_of(like) && strcmp(k->wait[i].party, like->party) == 0;
    return n;
}

/* The one to drop when w comes: of the least urgent the oldest of the party that has most. */
static size_t find_least(const hook *k, const waiting *w) {
    size_t least = 0;
    for (size_t i = 1; i < k->n; i++) {
        unsigned rank = rank_of(&k->wait[i]), lowest = rank_of(&k->wait[least]);
        if (rank < lowest ||
            (rank == lowest && count(k, &k->wait[i], w) > count(k, &k->wait[least], w)))
            least = i;
    }
    return least;
}

/* Takes w.o. */
static void add(hook *k, waiting w) {
    if (k->n == OL_HOOK_WAIT_MAX) {
        size_t least = find_least(k, &w);
        if (rank_of(&k->wait[least]) > rank_of(&w)) {
            drop(k, &w);
            return;
        }
        drop(k, &k->wait[least]);
        k->n--;
        memmove(&k->wait[least], &k->wait[least + 1], (k->n - least) * sizeof k->wait[0]);
    }
    k->wait[k->n++] = w;
    next(k);
}

/* The event as this hook's program gets it. */
static json_t *event_of(const hook *k, ol_hook_what what, const json_t *more) {
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:I}", "event", ol_hook_word(what), "hook", k->conf->name,
                  "station", k->all->o.station, "time", (json_int_t)time(NULL));
    if (o != NULL && json_object_update(o, (json_t *)more) == 0)
        return o;
    json_decref(o);
    return NULL;
}

void ol_hooks_raise(ol_hooks *h, size_t only, ol_hook_what what, json_t *more) {
    const char *status = json_string_value(json_object_get(more, "status"));
    const char *party = json_string_value(json_object_get(more, "party"));
    bool is_drill = status != NULL && strcmp(status, "operational") != 0;
    for (size_t i = 0; i < h->o.hooks && !h->is_stopping; i++) {
        hook *k = &h->hook[i];
        if ((only < OL_HOOK_ALL && only != i) || !ol_hook_wants(k->conf, what, is_drill))
            continue;
        waiting w = { .what = what, .is_drill = is_drill, .o = event_of(k, what, more) };
        (void)snprintf(w.party, sizeof w.party, "%s", party != NULL ? party : "");
        if (w.o != NULL)
            add(k, w);
        else
            k->dropped++; /* no memory */
    }
    json_decref(more);
}

ol_err ol_hooks_test(ol_hooks *h, const char *name, ol_hook_what what, uint32_t token) {
    for (size_t i = 0; i < h->o.hooks; i++) {
        hook *k = &h->hook[i];
        if (strcmp(k->conf->name, name) != 0)
            continue;
        if (k->n == OL_HOOK_WAIT_MAX)
            return OL_EAGAIN;
        json_t *more = json_pack("{s:s, s:b}", "status", "test", "test", 1);
        waiting w = { .what = what, .is_test = true, .is_drill = true, .token = token };
        w.o = event_of(k, what, more);
        json_decref(more);
        if (w.o == NULL)
            return OL_ENOMEM;
        k->wait[k->n++] = w; /* started by the timer: `tested` is not called from in here */
        (void)uv_timer_start(&k->rest, on_rest, 0, 0);
        return OL_OK;
    }
    return OL_ENOENT;
}

/* ---- the whole ---- */

bool ol_hooks_wants(const ol_hooks *h, ol_hook_what what) {
    for (size_t i = 0; i < h->o.hooks; i++)
        if (ol_hook_wants(h->hook[i].conf, what, false) ||
            ol_hook_wants(h->hook[i].conf, what, true))
            return true;
    return false;
}

const ol_hook_conf *ol_hooks_conf(const ol_hooks *h, size_t n) {
    return n < h->o.hooks ? h->hook[n].conf : NULL;
}

json_t *ol_hooks_json(const ol_hooks *h) {
    json_t *all = json_array();
    for (size_t i = 0; i < h->o.hooks; i++) {
        const hook *k = &h->hook[i];
        json_t *o =
            json_pack("{s:s, s:b, s:I, s:I, s:I, s:I}", "hook", k->conf->name, "running",
                      k->is_running, "waiting", (json_int_t)k->n, "runs", (json_int_t)k->runs,
                      "failed", (json_int_t)k->failed, "dropped", (json_int_t)k->dropped);
        (void)json_object_set_new(o, "last",
                                  k->last == 0 ? json_null() : json_integer((json_int_t)k->last));
        (void)json_object_set_new(o, "fault",
                                  k->result[0] == '\0' ? json_null() : json_string(k->result));
        (void)json_object_set_new(o, "said", json_string(k->said));
        (void)json_array_append_new(all, o);
    }
    return all;
}

ol_err ol_hooks_start(const ol_hooks_opts *opts, ol_hooks **ret) {
    ol_hooks *h = calloc(1, sizeof *h);
    hook *rows = calloc(opts->hooks + 1, sizeof *rows);
    if (h == NULL || rows == NULL) {
        free(h);
        free(rows);
        return OL_ENOMEM;
    }
    *h = (ol_hooks){ .o = *opts, .hook = rows };
    for (size_t i = 0; i < opts->hooks; i++) {
        rows[i].all = h;
        rows[i].conf = &opts->hook[i];
        (void)uv_timer_init(opts->loop, &rows[i].rest);
        rows[i].rest.data = &rows[i];
    }
    *ret = h;
    return OL_OK;
}

void ol_hooks_stop(ol_hooks *h) {
    if (h == NULL || h->is_stopping)
        return;
    h->is_stopping = true;
    for (size_t i = 0; i < h->o.hooks; i++) {
        hook *k = &h->hook[i];
        uv_close((uv_handle_t *)&k->rest, NULL);
        for (; k->n > 0; k->n--)
            json_decref(k->wait[k->n - 1].o);
        if (!k->is_running || uv_is_closing((uv_handle_t *)&k->limit))
            continue;
        if (!k->has_exited)
            end_group(k, SIGKILL);
        finish(k);
    }
}

void ol_hooks_free(ol_hooks *h) {
    if (h == NULL)
        return;
    free(h->hook);
    free(h);
}
