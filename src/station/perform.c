/* station/perform.c — events to engines, and their effects performed. */
#include "station/drive_parts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

static ol_wall wall_now(void) {
    struct timespec t = { 0 };
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (ol_wall){ t.tv_sec > 0 ? (uint64_t)t.tv_sec : 0 };
}

void ol_drive_push(ol_drive *d, size_t number, const ol_effect *fx) {
    if (d->n == d->cap) {
        size_t cap = d->cap == 0 ? 64 : 2 * d->cap;
        ol_drive_effect *more = calloc(cap, sizeof *more);
        OL_ASSERT(more != NULL); /* an effect that is lost would wedge its line for good */
        for (size_t i = 0; i < d->n; i++)
            more[i] = d->queue[(d->at + i) % d->cap];
        free(d->queue);
        d->queue = more, d->cap = cap, d->at = 0;
    }
    d->queue[(d->at + d->n++) % d->cap] = (ol_drive_effect){ number, *fx };
}

void ol_drive_step(ol_drive *d, size_t number, ol_event *ev) {
    ol_driven *l = d->line[number];
    do {
        ev->wall = wall_now();
        ol_line_step(l->engine, ev, ol_drive_now(d), &d->fx);
        for (size_t i = 0; i < d->fx.n; i++)
            ol_drive_push(d, number, &d->fx.v[i]);
        *ev = (ol_event){ .kind = EV_MORE };
    } while (d->fx.more);
}

static void do_sign(ol_drive *d, size_t number, const ol_effect *fx) {
    uint8_t sig[OL_SIG_LEN];
    const ol_sign_key *key = fx->sign.key == OL_KEY_LOG ? &d->o.keys->log : &d->o.keys->receipt;
    ol_sign_make(key, fx->sign.text, fx->sign.len, sig);
    ol_event ev = { .kind = EV_SIGNED };
    ev.signed_.token = fx->sign.token, ev.signed_.sig = sig;
    ol_drive_step(d, number, &ev);
}

static void do_dh(ol_drive *d, size_t number, const ol_effect *fx) {
    uint8_t *shared = d->o.keys->shared; /* locked memory */
    bool is_good = crypto_scalarmult(shared, d->o.keys->static_key, fx->dh.peer) == 0;
    ol_event ev = { .kind = EV_DH };
    ev.dh.token = fx->dh.token, ev.dh.shared = is_good ? shared : NULL;
    ol_drive_step(d, number, &ev);
    sodium_memzero(shared, 32);
}

typedef struct {
    ol_drive *d;
    size_t n, used;
    uint64_t head_size, wanted;
    uint8_t head_root[32], head_sig[OL_SIG_LEN];
} fetch;

static ol_err take_entry(void *ctx, const ol_stored_entry *e) {
    fetch *f = ctx;
    if (f->n == OL_DRIVE_FETCH_MAX || e->len > sizeof f->d->bytes - f->used)
        return OL_EEXIST; /* enough */
    memcpy(f->d->bytes + f->used, e->entry, e->len);
    f->d->entry[f->n++] = (ol_bytes){ f->d->bytes + f->used, e->len };
    f->used += e->len;
    return OL_OK;
}

static ol_err take_head(void *ctx, const ol_stored_head *h) {
    fetch *f = ctx;
    if (h->size == f->wanted && h->sig != NULL) {
        f->head_size = h->size;
        memcpy(f->head_root, h->root, sizeof f->head_root);
        memcpy(f->head_sig, h->sig, sizeof f->head_sig);
    }
    return OL_EEXIST;
}

static void do_fetch(ol_drive *d, size_t number, const ol_effect *fx) {
    ol_store *s = d->o.store;
    const ol_driven *l = d->line[number];
    fetch f = { .d = d, .wanted = fx->fetch.head };
    ol_err err =
        s->ops->entries(s, l->id, &fx->fetch.log, fx->fetch.from, fx->fetch.to, take_entry, &f);
    if (err == OL_OK && f.wanted > 0)
        err = s->ops->heads(s, l->id, &fx->fetch.log, f.wanted, take_head, &f);
    uint64_t held;
    if (err != OL_OK && err != OL_EEXIST && ol_log_pass(&d->gate, ol_drive_now(d), &held))
        OL_LOG(OL_ERROR, "store.read", "line=%s err=%s held=%llu", l->name, ol_err_name(err),
               (unsigned long long)held);
    ol_event ev = { .kind = EV_FETCHED };
    ev.fetched.token = fx->fetch.token, ev.fetched.entry = d->entry, ev.fetched.n = f.n;
    ev.fetched.head_size = f.head_size;
    ev.fetched.head_root = f.head_root, ev.fetched.head_sig = f.head_sig;
    ol_drive_step(d, number, &ev);
}

static void on_timer(uv_timer_t *timer) {
    ol_driven *l = timer->data;
    ol_drive *d = l->drive;
    ol_drive_nudge(d, l->number, EV_TIMER);
    /* still due after all, and not told anew: it waits for something else; look again soon */
    if (!uv_is_active((uv_handle_t *)timer) && l->at_ms <= ol_drive_now(d).ms && !d->is_stopped)
        (void)uv_timer_start(timer, on_timer, OL_DRIVE_RETRY_MS, 0);
}

static void do_timer(ol_drive *d, size_t number, const ol_effect *fx) {
    ol_driven *l = d->line[number];
    uint64_t now = ol_drive_now(d).ms, at = fx->timer.at_ms;
    l->at_ms = at;
    uint64_t in = at > now ? at - now : 1; /* due already: after what is at hand has been sent */
    if (at == OL_NEVER)
        (void)uv_timer_stop(&l->timer);
    else if (!d->is_stopped)
        (void)uv_timer_start(&l->timer, on_timer, in, 0);
}

static void do_note(ol_drive *d, size_t number, const ol_effect *fx) {
    ol_api_note note = { .what = fx->notify.what,
                         .log = fx->notify.log,
                         .size = fx->notify.size,
                         .time = fx->notify.time,
                         .party = fx->notify.party,
                         .way = fx->notify.way,
                         .path = fx->notify.path };
    d->o.hooks.note(d->o.hooks.ctx, number, &note);
}

static void do_save(ol_drive *d, size_t number, const ol_effect *fx) {
    ol_ratchet *keys = &d->o.keys->ratchet; /* locked memory */
    ol_event ev = { .kind = EV_RATCHET_SAVED };
    ev.ratchet_saved.token = fx->save_ratchet.token;
    ol_line_ratchet(d->line[number]->engine, fx->save_ratchet.party, keys);
    if (d->o.hooks.save != NULL)
        ev.ratchet_saved.err =
            d->o.hooks.save(d->o.hooks.ctx, number, fx->save_ratchet.party, keys);
    sodium_memzero(keys, sizeof *keys);
    ol_drive_step(d, number, &ev);
}

static void do_reply(ol_drive *d, size_t number, const ol_effect *fx) {
    ol_flight_walk walk = { 0 };
    uint32_t token;
    ol_api_reply reply = { .err = fx->reply.err,
                           .log = fx->reply.log,
                           .index = fx->reply.index,
                           .wait_s = fx->reply.wait_s };
    while (ol_flight_next(&d->line[number]->flight, fx->reply.token, &walk, &token))
        d->o.hooks.reply(d->o.hooks.ctx, token, &reply);
}

static void perform(ol_drive *d, const ol_drive_effect *p) {
    switch (p->fx.kind) {
    case FX_COMMIT:
        d->line[p->line]->wants_commit = true;
        break;
    case FX_SIGN:
        do_sign(d, p->line, &p->fx);
        break;
    case FX_DH:
        do_dh(d, p->line, &p->fx);
        break;
    case FX_FETCH:
        do_fetch(d, p->line, &p->fx);
        break;
    case FX_TIMER:
        do_timer(d, p->line, &p->fx);
        break;
    case FX_NOTIFY:
        do_note(d, p->line, &p->fx);
        break;
    case FX_REPLY:
        do_reply(d, p->line, &p->fx);
        break;
    case FX_MOVE:
        ol_net_move(d->net, (uint16_t)p->line, p->fx.move.path, p->fx.move.from);
        break;
    case FX_SAVE_RATCHET:
        do_save(d, p->line, &p->fx);
        break;
    case FX_BUNDLE:
        ol_drive_bundle_told(d, p->line);
        break;
    }
}

void ol_drive_drain(ol_drive *d) {
    while (d->n > 0) {
        ol_drive_effect p = d->queue[d->at];
        d->at = (d->at + 1) % d->cap, d->n--;
        perform(d, &p);
    }
}

void ol_drive_nudge(ol_drive *d, size_t number, ol_event_kind kind) {
    ol_event ev = { .kind = kind };
    ol_drive_step(d, number, &ev);
    ol_drive_drain(d);
}
