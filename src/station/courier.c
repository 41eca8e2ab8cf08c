#include "station/courier.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "station/courier_parts.h"
#include "station/log.h"
#include "station/station_parts.h"
#include "station/way.h"

enum { TICK_MS = 1000, WAITS_MS = 60000 };

typedef struct {
    ol_couriers *all;
    ol_station *st;
    const ol_config_bearer *conf;
    size_t number, line;
    uint8_t party;
    uv_timer_t timer;
    uv_work_t req;
    ol_courier_work *work;
    ol_bundle_plan *plan;
    bool has_other, is_again, has_more; /* again: all of it; more: did not fit the last file */
    bool is_working;                    /* a thread has the work */
    size_t asked;                       /* files handed in, not answered */
    uint64_t since_ms, again_ms;        /* something waits since; everything goes again then */
    uint64_t written, taken;            /* files */
    char fault[OL_WHY_MAX];             /* told last */
} courier;

struct ol_couriers {
    size_t n;
    bool is_stopped;
    courier *v[OL_BEARERS_MAX];
};

static const char *line_of(const courier *c) {
    return c->conf->line;
}

/* ---- out ---- */

/* What there is to be written now goes into work->out. */
static void fill(courier *c, uint64_t now) {
    ol_courier_work *w = c->work;
    ol_drive *d = c->st->drive;
    ol_bundle_made made;
    uint64_t after_ms = c->has_other ? w->url.after_s * 1000 : 0;
    w->out_len = 0, c->has_more = false;
    if (w->url.out[0] == '\0')
        return;
    bool is_again = c->is_again || (w->url.again_s > 0 && now >= c->again_ms);
    ol_err err = ol_drive_bundle_look(d, c->line, c->party, is_again ? OL_PLAN_AGAIN : OL_PLAN_NEW,
                                      &c->plan);
    if (err != OL_OK) {
        c->since_ms = 0;
        if (err == OL_ENOENT && is_again)
            c->is_again = false, c->again_ms = now + w->url.again_s * 1000;
        return;
    }
    c->since_ms = c->since_ms == 0 ? now : c->since_ms;
    if (now - c->since_ms < after_ms)
        return;
    err = ol_drive_bundle_next(d, c->line, c->plan, w->out, OL_BUNDLE_MADE, &made);
    if (err != OL_OK)
        return; /* at the next turn */
    if (is_again)
        c->is_again = false, c->again_ms = now + w->url.again_s * 1000;
    w->out_len = made.len, c->has_more = made.has_more;
    ol_bundle_name(&made.clear, w->out_name);
    memcpy(w->out_name + OL_BUNDLE_NAME_LEN, ".olb", 5);
}

static void tell_fault(courier *c, const char *why) {
    if (strcmp(c->fault, why) == 0)
        return;
    (void)snprintf(c->fault, sizeof c->fault, "%s", why);
    if (why[0] != '\0')
        OL_LOG(OL_WARN, "courier.fails", "line=%s party=%s why=\"%s\"", line_of(c), c->conf->party,
               c->fault);
    else
        OL_LOG(OL_INFO, "courier.works", "line=%s party=%s", line_of(c), c->conf->party);
}

/* ---- in ---- */

static void finish(courier *c);

static void refuse(courier *c, ol_courier_file *f, const char *why) {
    f->k.state = OL_FILE_REFUSED;
    (void)snprintf(f->k.why, sizeof f->k.why, "%s", why);
    if (why[0] != '\0')
        OL_LOG(OL_WARN, "courier.refused", "line=%s party=%s file=%s why=\"%s\"", line_of(c),
               c->conf->party, f->k.name, why);
}

static void hand_in(courier *c) {
    ol_courier_work *w = c->work;
    c->asked = 1; /* until all are in hand */
    for (size_t i = 0; i < w->files; i++) {
        ol_courier_file *f = &w->file[i];
        uint32_t token = OL_COURIERS_TOKEN + (uint32_t)(c->number * OL_COURIER_FILES + i);
        ol_bundle_clear clear;
        size_t line;
        uint8_t party;
        if (ol_bundle_clear_get(f->p, f->len, &clear) != OL_OK) {
            refuse(c, f, "it is no bundle");
            continue;
        }
        ol_err err = ol_drive_bundle_take(c->st->drive, token, false,
                                          ol_way_of("dir", c->conf->slot), f->p, f->len);
        if (err == OL_OK)
            c->asked++;
        else if (err == OL_ENOENT)
            refuse(c, f,
                   ol_api_bundle_own(c->st, &clear, &line, &party)
                       ? "" /* written here: it waits for the other side */
                       : "it is for no line of this station, or so old that its keys are "
                         "erased");
        /* else: too many wait; it is read again */
    }
    finish(c);
}

void ol_couriers_bundle(ol_couriers *all, const ol_bundle_read *read) {
    size_t at = (read->token - OL_COURIERS_TOKEN) / OL_COURIER_FILES;
    courier *c = at < all->n ? all->v[at] : NULL;
    if (c == NULL || all->is_stopped)
        return;
    ol_courier_file *f = &c->work->file[(read->token - OL_COURIERS_TOKEN) % OL_COURIER_FILES];
    if (read->err == OL_EAUTH || read->err == OL_ESHORT || read->err == OL_ELIMIT)
        refuse(c, f, "it is damaged, or somebody else made it: it does not open");
    else if (read->err == OL_EFORM)
        refuse(c, f, "what is in it cannot be read");
    else if (read->err == OL_OK)
        f->k.state = read->waiting > 0 ? OL_FILE_WAITS : OL_FILE_DONE;
    /* else nothing could be stored: it is read again */
    if (read->err == OL_OK)
        OL_LOG(OL_INFO, "courier.taken",
               "line=%s party=%s file=%s entries=%llu receipts=%llu waiting=%llu", line_of(c),
               c->conf->party, f->k.name, (unsigned long long)read->entries,
               (unsigned long long)read->receipts, (unsigned long long)read->waiting);
    finish(c);
}

/* ---- the turn ---- */

static void on_tick(uv_timer_t *timer);

static void again_in(courier *c, uint64_t ms) {
    if (!c->all->is_stopped)
        (void)uv_timer_start(&c->timer, on_tick, ms, 0);
}

static void do_exchange(uv_work_t *req) {
    courier *c = req->data;
    ol_courier_exchange(c->work);
}

static void do_move(uv_work_t *req) {
    courier *c = req->data;
    ol_courier_move(c->work);
}

/* Is any of them done with, so that the next ones may come? */
static bool settle_files(courier *c) {
    ol_courier_work *w = c->work;
    bool is_any = false;
    for (size_t i = 0; i < w->files; i++) {
        ol_courier_file *f = &w->file[i];
        c->taken += f->k.state == OL_FILE_DONE;
        is_any = is_any || f->k.state != OL_FILE_UNREAD;
        f->k.again_ms = w->now_ms + WAITS_MS;
        for (size_t k = 0; k < w->knowns && f->k.state == OL_FILE_DONE; k++)
            w->known[k].again_ms = 0; /* what waited may be taken now */
        if (f->k.state != OL_FILE_UNREAD && !f->is_moved)
            ol_courier_remember(w, &f->k);
    }
    return is_any;
}

static void on_moved(uv_work_t *req, int status) {
    courier *c = req->data;
    (void)status;
    c->is_working = false;
    if (c->all->is_stopped)
        return;
    bool has_more = settle_files(c) && c->work->has_more;
    again_in(c, has_more || c->has_more ? 1 : c->work->url.every_s * TICK_MS);
}

/* When the last file in hand is answered. */
static void finish(courier *c) {
    if (--c->asked > 0)
        return;
    c->is_working = true;
    if (uv_queue_work(&c->st->loop, &c->req, do_move, on_moved) != 0)
        again_in(c, c->work->url.every_s * TICK_MS);
}

static void on_exchanged(uv_work_t *req, int status) {
    courier *c = req->data;
    ol_courier_work *w = c->work;
    (void)status;
    c->is_working = false;
    if (c->all->is_stopped)
        return;
    bool is_written = w->out_len > 0 && w->out_err == OL_OK;
    if (w->out_len > 0 && !is_written)
        c->is_again = true, c->has_more = false; /* the medium is out: in `every` */
    c->written += is_written;
    if (is_written)
        OL_LOG(OL_INFO, "courier.written", "line=%s party=%s file=%s bytes=%zu", line_of(c),
               c->conf->party, w->out_name, w->out_len);
    tell_fault(c, w->out_err != OL_OK ? w->out_why.text : w->in_err != OL_OK ? w->in_why.text : "");
    hand_in(c);
}

static void on_tick(uv_timer_t *timer) {
    courier *c = timer->data;
    c->work->now_ms = ol_drive_now(c->st->drive).ms;
    fill(c, c->work->now_ms);
    c->is_working = true;
    if (uv_queue_work(&c->st->loop, &c->req, do_exchange, on_exchanged) != 0)
        again_in(c, c->work->url.every_s * TICK_MS);
}

/* ---- building up and taking down ---- */

static bool has_other(const ol_station *st, const ol_config_bearer *b) {
    for (size_t i = 0; i < st->config->bearers; i++) {
        const ol_config_bearer *o = &st->config->bearer[i];
        if (!ol_courier_is(o->url) && strcmp(o->line, b->line) == 0 &&
            strcmp(o->party, b->party) == 0)
            return true;
    }
    return false;
}

static void drop(courier *c) {
    for (size_t i = 0; c->work != NULL && i < OL_COURIER_FILES; i++)
        free(c->work->file[i].p);
    if (c->work != NULL)
        free(c->work->out);
    free(c->work);
    free(c);
}

static ol_err make(ol_couriers *all, ol_station *st, const ol_config_bearer *b, size_t line,
                   uint8_t party) {
    courier *c = calloc(1, sizeof *c);
    if (c == NULL)
        return OL_ENOMEM;
    *c = (courier){ .all = all, .st = st, .conf = b, .line = line, .party = party };
    c->number = all->n, c->has_other = has_other(st, b);
    c->work = calloc(1, sizeof *c->work);
    bool is_good = c->work != NULL && (c->work->out = malloc(OL_BUNDLE_MADE)) != NULL;
    for (size_t i = 0; is_good && i < OL_COURIER_FILES; i++)
        is_good = (c->work->file[i].p = malloc(OL_BUNDLE_MAX)) != NULL;
    if (!is_good || ol_courier_parse(b->url, &c->work->url) != NULL) {
        drop(c);
        return OL_ENOMEM;
    }
    c->again_ms = ol_drive_now(st->drive).ms + c->work->url.again_s * 1000;
    c->timer.data = c->req.data = c;
    all->v[all->n++] = c;
    (void)uv_timer_init(&st->loop, &c->timer);
    (void)uv_timer_start(&c->timer, on_tick, TICK_MS, 0);
    return OL_OK;
}

ol_err ol_couriers_start(ol_station *st, ol_couriers **ret) {
    ol_couriers *all = calloc(1, sizeof *all);
    if (all == NULL)
        return OL_ENOMEM;
    *ret = all;
    ol_err err = OL_OK;
    for (size_t i = 0; i < st->config->bearers && err == OL_OK; i++) {
        const ol_config_bearer *b = &st->config->bearer[i];
        const ol_api_line *line = ol_api_line_of(st, b->line, strlen(b->line));
        int party = line == NULL ? -1 : ol_charter_party(line->charter, b->party, strlen(b->party));
        if (ol_courier_is(b->url) && party >= 0 && party != line->self)
            err = make(all, st, b, line->number, (uint8_t)party);
    }
    return err;
}

json_t *ol_couriers_json(const ol_couriers *all, size_t line) {
    json_t *list = json_array();
    for (size_t i = 0; all != NULL && i < all->n; i++) {
        const courier *c = all->v[i];
        if (c->line != line)
            continue;
        json_t *refused = json_array();
        size_t waits = 0;
        for (size_t k = 0; k < c->work->knowns; k++) {
            const ol_courier_known *known = &c->work->known[k];
            waits += known->state == OL_FILE_WAITS;
            if (known->state == OL_FILE_REFUSED && known->why[0] != '\0' &&
                json_array_size(refused) < 16)
                (void)json_array_append_new(
                    refused, json_pack("{s:s, s:s}", "file", known->name, "why", known->why));
        }
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:I, s:I, s:I, s:s?, s:o}", "party", c->conf->party, "url",
                            c->conf->url, "written", (json_int_t)c->written, "taken",
                            (json_int_t)c->taken, "waits", (json_int_t)waits, "fault",
                            c->fault[0] != '\0' ? c->fault : NULL, "refused", refused));
    }
    return list;
}

void ol_couriers_stop(ol_couriers *all) {
    if (all == NULL || all->is_stopped)
        return;
    all->is_stopped = true;
    for (size_t i = 0; i < all->n; i++) {
        courier *c = all->v[i];
        if (c->plan != NULL)
            ol_drive_bundle_drop(c->st->drive, c->line, c->plan);
        c->plan = NULL;
        uv_close((uv_handle_t *)&c->timer, NULL);
    }
}

void ol_couriers_free(ol_couriers *all) {
    for (size_t i = 0; all != NULL && i < all->n; i++)
        if (!all->v[i]->is_working) /* a disk that hangs: it ends with the process */
            drop(all->v[i]);
    free(all);
}
