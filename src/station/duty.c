#include "station/duty.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "station/log.h"

enum {
    PAGE = 256,        /* entries and receipts read at a time */
    ASKS_MAX = 512,    /* appends under way, of all lines */
    LINE_CAP = 4 << 20 /* bytes of one machine */
};

typedef struct {
    ol_duties *all;
    size_t number;
    ol_mem mem;
    ol_duty *duty;
    uint64_t cursor; /* seq of what it knows */
    uv_timer_t timer;
    bool is_due, is_started, is_told; /* is_told: that the store cannot be read */
} keeper;

struct ol_duties {
    ol_duties_opts o;
    uv_idle_t idle;
    bool is_idle_on, is_stopping;
    size_t lines;
    keeper *line[OL_LINES_MAX];
    struct {
        bool is_used;
        size_t line;
        uint32_t token;
    } ask[ASKS_MAX];
    ol_duty_effects fx;
};

static ol_mono now_of(const ol_duties *d) {
    return (ol_mono){ uv_now(d->o.loop) };
}

static void wake(ol_duties *d);

/* ---- what the machine is told ---- */

static void step(keeper *k, const ol_duty_event *ev, ol_err *err) {
    ol_err now = ol_duty_step(k->duty, ev, now_of(k->all), NULL);
    *err = *err == OL_OK ? now : *err;
}

typedef struct {
    keeper *k;
    size_t n;
    bool is_history;
} walk;

static ol_err stored_entry(void *ctx, const ol_stored_entry *e) {
    walk *w = ctx;
    ol_err err = OL_OK;
    ol_duty_event ev = { .kind = OL_DUTY_ENTRY };
    ev.entry.log = e->log, ev.entry.index = e->index;
    ev.entry.p = e->entry, ev.entry.len = e->len, ev.entry.is_history = w->is_history;
    if (e->log.lane == OL_LANE_URGENT)
        step(w->k, &ev, &err);
    if (err == OL_OK)
        w->n++, w->k->cursor = e->seq;
    return err;
}

static ol_err stored_receipt(void *ctx, const ol_stored_receipt *r) {
    walk *w = ctx;
    ol_err err = OL_OK;
    ol_duty_event ev = { .kind = OL_DUTY_RECEIPT };
    ev.receipt.log = r->log, ev.receipt.size = r->size, ev.receipt.time = r->time;
    ev.receipt.sig = r->sig, ev.receipt.party = r->party, ev.receipt.is_history = w->is_history;
    if (r->sig != NULL)
        step(w->k, &ev, &err);
    if (err == OL_OK)
        w->n++, w->k->cursor = r->seq;
    return err;
}

static ol_err read_store(keeper *k, bool is_history) {
    ol_store *s = ol_api_store(k->all->o.st);
    const ol_api_line *line = ol_api_line_at(k->all->o.st, k->number);
    walk w = { .k = k, .is_history = is_history };
    ol_err err = OL_OK;
    do {
        w.n = 0;
        err = s->ops->since(s, line->id, k->cursor, PAGE, stored_entry, stored_receipt, &w);
    } while (err == OL_OK && w.n == PAGE);
    if (err != OL_OK && !k->is_told)
        OL_LOG(OL_ERROR, "duty.read", "line=%s err=%s why=\"calls are neither rung nor closed\"",
               line->name, ol_err_name(err));
    k->is_told = err != OL_OK;
    return err;
}

/* "udp" of udp://…, of the path's own URL or of the port that it came in by. */
static bool name_path(const ol_station *st, const ol_api_path *p, unsigned slot, char *ret) {
    ol_api_port port;
    const char *url = p->url;
    for (size_t i = 0; url == NULL && ol_api_port_get(st, i, &port) == OL_OK; i++)
        if (p->port != NULL && strcmp(port.name, p->port) == 0)
            url = port.url;
    const char *end = url != NULL ? strchr(url, ':') : NULL;
    return end != NULL && ol_paths_name(url, (size_t)(end - url), slot, ret);
}

static void tell_paths(keeper *k) {
    const ol_station *st = k->all->o.st;
    const ol_api_line *line = ol_api_line_at(st, k->number);
    ol_duty_path path[OL_PATHS_MAX];
    ol_err err = OL_OK;
    ol_duty_event ev = { .kind = OL_DUTY_PATHS };
    uint64_t now = now_of(k->all).ms;
    for (uint8_t p = 0; p < line->charter->parties; p++)
        for (unsigned slot = 0; slot < OL_PATHS_PER_PEER && ev.paths.n < OL_PATHS_MAX; slot++) {
            ol_api_path has;
            ol_duty_path *to = &path[ev.paths.n];
            if (p == line->self || ol_api_path_get(st, k->number, p, slot, &has) != OL_OK ||
                !name_path(st, &has, slot, to->path.bearer))
                continue;
            to->path.party = p, to->is_live = has.s.is_heard;
            /* an age of 0: never */
            to->proven_ms = has.s.proven_ms == 0    ? 0
                            : now > has.s.proven_ms ? now - has.s.proven_ms
                                                    : 1;
            ev.paths.n++;
        }
    ev.paths.v = path;
    step(k, &ev, &err);
}

/* ---- what it asks for ---- */

static void answer(keeper *k, uint32_t token, ol_err err) {
    ol_err none = OL_OK;
    ol_duty_event ev = { .kind = OL_DUTY_ANSWERED };
    ev.answered.token = token, ev.answered.err = err;
    step(k, &ev, &none);
    k->is_due = true;
    wake(k->all);
}

static void append(keeper *k, const ol_duty_effect *fx) {
    ol_duties *d = k->all;
    const ol_api_entry e = { .lane = OL_LANE_URGENT,
                             .kind = fx->append.kind,
                             .body = fx->append.body,
                             .body_len = fx->append.len };
    uint32_t i = 0;
    while (i < ASKS_MAX && d->ask[i].is_used)
        i++;
    ol_err err = OL_EAGAIN;
    if (i < ASKS_MAX)
        err = ol_api_submit(d->o.st, k->number, OL_DUTIES_TOKEN + i, &e);
    if (err != OL_OK) {
        answer(k, fx->append.token, err);
        return;
    }
    d->ask[i].is_used = true, d->ask[i].line = k->number, d->ask[i].token = fx->append.token;
}

static void perform(keeper *k) {
    ol_duties *d = k->all;
    for (size_t i = 0; i < d->fx.n; i++) {
        if (d->fx.v[i].kind == OL_DUTY_APPEND)
            append(k, &d->fx.v[i]);
        else
            d->o.note(d->o.ctx, k->number, &d->fx.v[i].note);
    }
}

static void on_timer(uv_timer_t *timer);

static void turn(keeper *k) {
    ol_duties *d = k->all;
    ol_api_line_status status;
    k->is_due = false;
    if (read_store(k, !k->is_started) != OL_OK && !k->is_started)
        return; /* without what was before, nothing can be judged */
    tell_paths(k);
    if (ol_api_line_status_get(d->o.st, k->number, &status) != OL_OK)
        return;
    ol_duty_event ev = { .kind = OL_DUTY_TURN };
    ev.turn.wall.s = (uint64_t)time(NULL);
    ev.turn.is_start = !k->is_started;
    ev.turn.has_log = status.marker.has[OL_LANE_URGENT];
    memcpy(ev.turn.incarnation, status.marker.incarnation[OL_LANE_URGENT], OL_INC_LEN);
    k->is_started = true;
    do {
        if (ol_duty_step(k->duty, &ev, now_of(d), &d->fx) != OL_OK)
            return;
        perform(k);
        ev.turn.is_start = false;
    } while (d->fx.more);
    uint64_t now = now_of(d).ms, at = d->fx.at_ms;
    if (at == OL_NEVER)
        (void)uv_timer_stop(&k->timer);
    else
        (void)uv_timer_start(&k->timer, on_timer, at > now ? at - now : 1, 0);
}

static void on_timer(uv_timer_t *timer) {
    keeper *k = timer->data;
    if (!k->all->is_stopping)
        turn(k);
}

static void on_idle(uv_idle_t *idle) {
    ol_duties *d = idle->data;
    (void)uv_idle_stop(idle);
    d->is_idle_on = false;
    for (size_t i = 0; i < d->lines && !d->is_stopping; i++)
        if (d->line[i]->is_due)
            turn(d->line[i]);
}

static void wake(ol_duties *d) {
    if (!d->is_idle_on && !d->is_stopping)
        d->is_idle_on = uv_idle_start(&d->idle, on_idle) == 0;
}

/* ---- what the station says ---- */

/* What was stored of a line is noted; here goes on what failed. */
void ol_duties_committed(ol_duties *d) {
    for (size_t i = 0; i < d->lines; i++) {
        keeper *k = d->line[i];
        k->is_due = k->is_due || k->is_told || !k->is_started;
    }
    wake(d);
}

void ol_duties_note(ol_duties *d, size_t line, const ol_api_note *n) {
    bool is_news =
        n->what == OL_NOTE_STORED || n->what == OL_NOTE_RECEIPT || n->what == OL_NOTE_PATH;
    if (line >= d->lines || !is_news)
        return;
    d->line[line]->is_due = true;
    wake(d);
    if (n->what != OL_NOTE_RECEIPT)
        return;
    ol_duty_event ev = { .kind = OL_DUTY_RECEIPT };
    ol_err err = OL_OK;
    if (!ol_api_receipt_get(d->o.st, line, &n->log, n->party, &ev.receipt.size, &ev.receipt.time,
                            &ev.receipt.sig))
        return;
    ev.receipt.log = n->log, ev.receipt.party = n->party;
    step(d->line[line], &ev, &err); /* no memory: the store tells it again */
}

void ol_duties_reply(ol_duties *d, uint32_t token, const ol_api_reply *reply) {
    uint32_t i = token - OL_DUTIES_TOKEN;
    if (token < OL_DUTIES_TOKEN || i >= ASKS_MAX || !d->ask[i].is_used)
        return;
    d->ask[i].is_used = false;
    answer(d->line[d->ask[i].line], d->ask[i].token, reply->err);
}

const ol_duty *ol_duties_of(const ol_duties *d, size_t line) {
    return line < d->lines ? d->line[line]->duty : NULL;
}

/* ---- building up and taking down ---- */

static ol_err add_line(ol_duties *d, const ol_api_line *line) {
    keeper *k = calloc(1, sizeof *k);
    if (k == NULL)
        return OL_ENOMEM;
    ol_mem_heap(&k->mem, LINE_CAP);
    ol_duty_opts o = { .mem = &k->mem,
                       .self = line->self,
                       .parties = line->charter->parties,
                       .rungs = line->charter->rungs,
                       .members = line->generation[line->charter->generation].members,
                       .check_s = (uint32_t)line->charter->check_s,
                       .is_silent = d->o.is_silent };
    for (size_t i = 0; i < OL_PRECEDENCES; i++)
        o.answer_s[i] = (uint32_t)line->charter->answer_s[i];
    ol_err err = ol_duty_new(&o, &k->duty);
    if (err != OL_OK) {
        free(k);
        return err;
    }
    k->all = d, k->number = line->number, k->is_due = true;
    (void)uv_timer_init(d->o.loop, &k->timer);
    k->timer.data = k;
    d->line[d->lines++] = k;
    return OL_OK;
}

ol_err ol_duties_start(const ol_duties_opts *opts, ol_duties **ret) {
    ol_duties *d = calloc(1, sizeof *d);
    if (d == NULL)
        return OL_ENOMEM;
    d->o = *opts;
    (void)uv_idle_init(opts->loop, &d->idle);
    d->idle.data = d;
    *ret = d; /* whatever happens: its handles are to be closed */
    for (size_t i = 0; i < ol_api_lines(opts->st); i++) {
        const ol_api_line *line = ol_api_line_at(opts->st, i);
        uint64_t before = uv_hrtime();
        ol_err err = add_line(d, line);
        if (err != OL_OK)
            return err;
        (void)read_store(d->line[i], true);
        OL_LOG(OL_INFO, "duty.ready", "line=%s cursor=%llu ms=%llu", line->name,
               (unsigned long long)d->line[i]->cursor,
               (unsigned long long)((uv_hrtime() - before) / 1000000));
    }
    wake(d);
    return OL_OK;
}

void ol_duties_stop(ol_duties *d) {
    if (d == NULL || d->is_stopping)
        return;
    d->is_stopping = true;
    uv_close((uv_handle_t *)&d->idle, NULL);
    for (size_t i = 0; i < d->lines; i++)
        uv_close((uv_handle_t *)&d->line[i]->timer, NULL);
}

void ol_duties_free(ol_duties *d) {
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->lines; i++) {
        ol_duty_free(d->line[i]->duty);
        free(d->line[i]);
    }
    free(d);
}
