#include "station/drive_parts.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "station/load.h"

enum { REST_MS = 1000 }; /* without a commit, before the store's housekeeping */

ol_mono ol_drive_now(const ol_drive *d) {
    return (ol_mono){ uv_now(d->o.loop) };
}

/* ---- commits ---- */

static void on_retry(uv_timer_t *timer) {
    (void)timer; /* wakes the loop; the turn does the rest */
}

/* The store's housekeeping, when it has had nothing to do for a while. */
static void on_rest(uv_timer_t *timer) {
    ol_drive *d = timer->data;
    bool is_quiet = d->status.commits == d->rested;
    d->rested = d->status.commits;
    if (is_quiet && d->status.stopped == OL_OK)
        d->o.store->ops->rest(d->o.store);
    else
        (void)uv_timer_start(timer, on_rest, REST_MS, 0);
}

static void told(ol_drive *d, ol_err err, size_t lines) {
    uint64_t held = 0;
    if (err == OL_OK) {
        d->status.commits++;
        d->retry_ms = 0;
    } else {
        d->retry_ms = ol_drive_now(d).ms + OL_DRIVE_RETRY_MS;
        (void)uv_timer_start(&d->retry, on_retry, OL_DRIVE_RETRY_MS, 0);
        if (ol_log_pass(&d->gate, ol_drive_now(d), &held) || err != d->status.stopped)
            OL_LOG(OL_ERROR, "store.commit",
                   "err=%s lines=%zu retry_ms=%d held=%llu why=\"%s: nothing is taken in or "
                   "acknowledged until it works again\"",
                   ol_err_name(err), lines, OL_DRIVE_RETRY_MS, (unsigned long long)held,
                   ol_err_text(err));
    }
    if (err == d->status.stopped)
        return;
    if (err == OL_OK)
        OL_LOG(OL_INFO, "store.works", "commits=%llu", (unsigned long long)d->status.commits);
    d->status.stopped = err;
    d->o.hooks.storage(d->o.hooks.ctx, err);
}

/* false: it could be neither written nor withdrawn: what was committed may not be sent. */
static bool write_marker(ol_driven *l) {
    ol_marker m;
    ol_line_marker(l->engine, &m);
    ol_err err = ol_marker_write(&l->marker, &m);
    if (err == OL_EIO)
        OL_LOG(OL_WARN, "marker.lost", "line=%s why=\"the next start opens new incarnations\"",
               l->name);
    return err == OL_OK || err == OL_EIO;
}

static void answer_commit(ol_drive *d, size_t number, ol_err err) {
    ol_event ev = { .kind = err == OL_OK ? EV_COMMITTED : EV_COMMIT_FAILED };
    if (err != OL_OK)
        ev.commit_failed.err = err;
    else if (!write_marker(d->line[number]))
        d->is_broken = true;
    if (!d->is_broken)
        ol_drive_step(d, number, &ev);
}

static void commit(ol_drive *d) {
    ol_batch list[OL_LINES_MAX];
    size_t who[OL_LINES_MAX], n = 0;
    if (d->retry_ms > ol_drive_now(d).ms && !d->is_stopped)
        return;
    for (size_t i = 0; i < d->lines; i++) {
        ol_driven *l = d->line[i];
        if (!l->wants_commit)
            continue;
        l->wants_commit = false;
        const ol_batch *b = ol_line_batch(l->engine);
        if (b != NULL)
            list[n] = *b, who[n++] = i;
        else
            ol_drive_nudge(d, i, EV_MORE); /* no memory for it: the engine tells itself */
    }
    if (n == 0)
        return;
    bool has_new = false;
    ol_store *s = d->o.store;
    ol_err all = s->ops->commit(s, list, n);
    uv_update_time(d->o.loop);
    if (all == OL_OK || n == 1)
        told(d, all, n);
    for (size_t i = 0; i < n; i++) {
        ol_err err = all;
        if (all != OL_OK && n > 1) {
            err = s->ops->commit(s, &list[i], 1);
            told(d, err, 1);
        }
        answer_commit(d, who[i], err);
        has_new = has_new || err == OL_OK;
    }
    ol_drive_drain(d);
    if (has_new && d->o.hooks.committed != NULL)
        d->o.hooks.committed(d->o.hooks.ctx);
    if (d->is_broken)
        d->o.hooks.fatal(d->o.hooks.ctx, "a run marker could be neither written nor withdrawn");
    else if (!uv_is_active((uv_handle_t *)&d->rest))
        (void)uv_timer_start(&d->rest, on_rest, REST_MS, 0);
}

/* ---- the turn ---- */

static bool wants_commit(const ol_drive *d) {
    for (size_t i = 0; i < d->lines; i++)
        if (d->line[i]->wants_commit)
            return true;
    return false;
}

static void on_idle(uv_idle_t *idle) {
    (void)idle; /* its only use is that the loop does not sleep */
}

static void turn(ol_drive *d) {
    if (!d->is_started || d->is_stopped || d->is_broken)
        return;
    ol_drive_drain(d);
    bool has_more = ol_drive_send(d);
    commit(d);
    has_more = ol_drive_send(d) || has_more;
    bool wants = wants_commit(d), is_held = d->retry_ms > ol_drive_now(d).ms;
    bool is_busy = has_more || (wants && !is_held);
    if (is_busy && !d->is_idle_on)
        (void)uv_idle_start(&d->idle, on_idle);
    else if (!is_busy && d->is_idle_on)
        (void)uv_idle_stop(&d->idle);
    d->is_idle_on = is_busy;
}

static void on_prepare(uv_prepare_t *prepare) {
    turn(prepare->data); /* what timers began must not wait for the next event */
}

static void on_check(uv_check_t *check) {
    turn(check->data);
}

/* ---- what the network says ---- */

static void on_frame(void *ctx, uint16_t line, const ol_event *in) {
    ol_drive *d = ctx;
    ol_event ev = *in;
    OL_ASSERT(line < d->lines);
    ol_drive_step(d, line, &ev);
    ol_drive_drain(d);
}

static bool on_path_up(void *ctx, uint16_t number, const ol_event *up) {
    ol_drive *d = ctx;
    ol_event ev = *up;
    ol_path_status s;
    ol_drive_step(d, number, &ev);
    ol_drive_drain(d);
    ol_line_path_status(d->line[number]->engine, up->path.path, &s);
    if (!s.is_up)
        OL_LOG(OL_ERROR, "path.failed",
               "line=%s path=%u retry_ms=%d why=\"no memory is left that can be locked: ulimit "
               "-l\"",
               d->line[number]->name, (unsigned)up->path.path, OL_NET_TEND_MS);
    return s.is_up;
}

static void on_path_lost(void *ctx, uint16_t number, ol_path_id path) {
    ol_event ev = { .kind = EV_PATH_LOST };
    ev.path.path = path;
    ol_drive_step(ctx, number, &ev);
    ol_drive_drain(ctx);
}

static uint64_t on_heard_ms(void *ctx, uint16_t number, uint8_t party) {
    const ol_drive *d = ctx;
    return ol_line_heard_ms(d->line[number]->engine, party);
}

static bool on_is_live(void *ctx, uint16_t number, ol_path_id path) {
    const ol_drive *d = ctx;
    ol_path_status s;
    ol_line_path_status(d->line[number]->engine, path, &s);
    return s.is_live;
}

/* ---- building up and taking down ---- */

ol_err ol_drive_new(const ol_drive_opts *opts, ol_drive **ret) {
    ol_drive *d = calloc(1, sizeof *d);
    if (d == NULL)
        return OL_ENOMEM;
    d->o = *opts;
    ol_err err = ol_switch_new(opts->mem, &d->sw);
    ol_net_user user = { .frame = on_frame,
                         .path_up = on_path_up,
                         .path_lost = on_path_lost,
                         .is_live = on_is_live,
                         .heard_ms = on_heard_ms,
                         .ctx = d };
    if (err == OL_OK)
        err = ol_net_new(opts->loop, opts->mem, d->sw, &user, &d->net);
    if (err != OL_OK) {
        ol_switch_free(d->sw);
        free(d);
        return err;
    }
    (void)uv_prepare_init(opts->loop, &d->prepare);
    (void)uv_check_init(opts->loop, &d->check);
    (void)uv_idle_init(opts->loop, &d->idle);
    (void)uv_timer_init(opts->loop, &d->retry);
    (void)uv_timer_init(opts->loop, &d->rest);
    d->prepare.data = d->check.data = d->idle.data = d->retry.data = d->rest.data = d;
    *ret = d;
    return OL_OK;
}

ol_net *ol_drive_net(ol_drive *d) {
    return d->net;
}

static void open_marker(ol_drive *d, ol_driven *l) {
    ol_why why;
    l->marker.fd = -1;
    if (d->o.marker == NULL ||
        ol_marker_open(d->o.marker, l->id, &l->marker, &l->found, &why) == OL_OK)
        return;
    OL_LOG(OL_WARN, "marker.none", "line=%s why=\"%s\"", l->name, why.text);
}

ol_err ol_drive_add_line(ol_drive *d, const ol_line_opts *opts, ol_why *why) {
    if (d->lines == OL_LINES_MAX)
        return ol_why_set(why, OL_ELIMIT,
                          "a station has at most %d lines; run another one, on a home of its own",
                          OL_LINES_MAX);
    ol_driven *l = calloc(1, sizeof *l);
    uint8_t *seed = ol_mem_get0(d->o.secret, 1, 32);
    ol_err err = OL_ENOMEM;
    const char *what = "there is no memory left that can be locked";
    if (l == NULL || seed == NULL)
        goto out;
    memcpy(l->id, opts->id, sizeof l->id);
    memcpy(l->name, opts->name, sizeof l->name);
    l->drive = d, l->number = d->lines;
    l->marker.fd = -1;
    ol_line_opts o = *opts;
    o.mem = d->o.mem, o.secret = d->o.secret, o.sw = d->sw;
    o.line_number = (uint16_t)d->lines, o.seed = seed;
    randombytes_buf(seed, 32);
    err = ol_line_new(&o, &l->engine);
    if (err != OL_OK)
        goto out;
    what = "its record in store.db does not fit together";
    err = ol_load_line(d->o.store, l->id, l->engine);
    if (err != OL_OK)
        goto out;
    open_marker(d, l);
    (void)uv_timer_init(d->o.loop, &l->timer);
    l->timer.data = l;
    l->at_ms = OL_NEVER;
    d->line[d->lines++] = l;
    l = NULL;
out:
    ol_mem_put(d->o.secret, seed, 1, 32);
    if (l != NULL)
        ol_line_free(l->engine);
    free(l);
    return err == OL_OK
               ? err
               : ol_why_set(
                     why, err,
                     "line %s cannot run: %s (%s); restore the home from a backup, or ask for help",
                     opts->name, what, ol_err_text(err));
}

void ol_drive_start(ol_drive *d) {
    d->is_started = true;
    for (size_t i = 0; i < d->lines; i++) {
        ol_event ev = { .kind = EV_START };
        ev.start.marker = d->line[i]->found;
        ol_drive_step(d, i, &ev);
        ol_drive_drain(d);
    }
    (void)uv_prepare_start(&d->prepare, on_prepare);
    (void)uv_check_start(&d->check, on_check);
    ol_net_start(d->net);
}

void ol_drive_stop(ol_drive *d) {
    if (d == NULL || d->is_stopped)
        return;
    if (d->is_started && !d->is_broken) {
        ol_drive_drain(d);
        d->retry_ms = 0;
        commit(d);
        (void)ol_drive_send(d);
    }
    d->is_stopped = true;
    ol_net_stop(d->net);
    uv_close((uv_handle_t *)&d->prepare, NULL);
    uv_close((uv_handle_t *)&d->check, NULL);
    uv_close((uv_handle_t *)&d->idle, NULL);
    uv_close((uv_handle_t *)&d->retry, NULL);
    uv_close((uv_handle_t *)&d->rest, NULL);
    for (size_t i = 0; i < d->lines; i++)
        uv_close((uv_handle_t *)&d->line[i]->timer, NULL);
}

void ol_drive_free(ol_drive *d) {
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->lines; i++) {
        ol_flight_free(&d->line[i]->flight);
        ol_drive_bundle_free(d->line[i]);
        ol_line_free(d->line[i]->engine);
        ol_marker_close(&d->line[i]->marker);
        free(d->line[i]);
    }
    ol_net_free(d->net);
    ol_switch_free(d->sw);
    free(d->queue);
    free(d);
}

/* ---- what others ask ---- */

/* OL_ENOENT: it is not. Where that cannot be told it must not be said a second time. */
static ol_err on_record(ol_drive *d, size_t number, const uint8_t *item, ol_effect *reply) {
    ol_store *s = d->o.store;
    if (item == NULL)
        return OL_ENOENT;
    return s->ops->find_item(s, d->line[number]->id, item, &reply->reply.log, &reply->reply.index);
}

ol_err ol_drive_find_item(const ol_drive *d, size_t number, const uint8_t *item) {
    ol_log_key log;
    uint64_t index;
    ol_store *s = d->o.store;
    if (number >= d->lines)
        return OL_ENOENT;
    if (ol_flight_has(&d->line[number]->flight, item))
        return OL_OK;
    return s->ops->find_item(s, d->line[number]->id, item, &log, &index);
}

ol_err ol_drive_submit(ol_drive *d, size_t number, uint32_t token, const ol_api_entry *e) {
    if (number >= d->lines || d->is_stopped)
        return number >= d->lines ? OL_ENOENT : OL_ESTATE;
    ol_driven *l = d->line[number];
    bool is_again = false;
    ol_err err = ol_flight_add(&l->flight, token, e->item, &is_again);
    if (err != OL_OK || is_again)
        return err;
    ol_effect reply = { .kind = FX_REPLY };
    reply.reply.token = token;
    reply.reply.err = on_record(d, number, e->item, &reply);
    if (reply.reply.err != OL_ENOENT) {
        ol_drive_push(d, number, &reply);
        return OL_OK;
    }
    ol_event ev = { .kind = EV_SUBMIT };
    ev.submit.token = token, ev.submit.lane = e->lane, ev.submit.kind = e->kind;
    ev.submit.body = (ol_bytes){ e->body, e->body_len };
    ev.submit.item = e->item;
    ev.submit.sign = e->sign, ev.submit.signs = e->signs;
    ev.submit.has_read = e->has_read, ev.submit.read = e->read, ev.submit.reads = e->reads;
    ol_drive_step(d, number, &ev);
    return OL_OK;
}

/* What an officer says. */
static void tell(ol_drive *d, size_t number, ol_event ev) {
    OL_ASSERT(number < d->lines);
    if (!d->is_stopped)
        ol_drive_step(d, number, &ev);
}

void ol_drive_accept_clock(ol_drive *d, size_t number) {
    tell(d, number, (ol_event){ .kind = EV_CLOCK_ACCEPTED });
}

void ol_drive_path_try(ol_drive *d, size_t number, ol_path_id path) {
    tell(d, number, (ol_event){ .kind = EV_PATH_TRY, .path.path = path });
}

void ol_drive_fork_seen(ol_drive *d, size_t number, const ol_log_key *log) {
    tell(d, number, (ol_event){ .kind = EV_FORK_SEEN, .fork = *log });
}

void ol_drive_copy_seen(ol_drive *d, size_t number) {
    tell(d, number, (ol_event){ .kind = EV_COPY_SEEN });
}

size_t ol_drive_lines(const ol_drive *d) {
    return d->lines;
}

const ol_line *ol_drive_line(const ol_drive *d, size_t number) {
    return d->line[number]->engine;
}

void ol_drive_status_get(const ol_drive *d, ol_drive_status *ret) {
    *ret = d->status;
}
