/* Events to engines and their effects performed, as station/drive.c, perform.c and out.c do it. */
#include "lib_calls.h"
#include "lib_inner.h"
#include "lib_thin.h"

#include <sodium.h>
#include <string.h>

enum { FRAMES_A_TURN = 512, ROUNDS_MAX = 1024, QUEUE_MAX = 4096, RETRY_MS = 1000, RESTS = 16 };

ol_wall sim_wall(const sim_world *w, unsigned p) {
    int64_t now = (int64_t)(SIM_WALL + w->now_ms / 1000) + w->st[p].clock_off_s;
    return (ol_wall){ now > 0 ? (uint64_t)now : 0 };
}

ol_mono sim_mono(const sim_world *w, unsigned p) {
    return (ol_mono){ w->now_ms - w->st[p].boot_ms + 1 };
}

static uint64_t world_ms(const sim_station *s, uint64_t mono) {
    return mono == OL_NEVER ? OL_NEVER : mono == 0 ? s->boot_ms : s->boot_ms + mono - 1;
}

static void push(sim_world *w, unsigned p, const ol_effect *fx) {
    sim_effects *q = &w->st[p].fx;
    if (q->n == q->cap) {
        size_t cap = q->cap == 0 ? 128 : 2 * q->cap;
        ol_effect *more = calloc(cap, sizeof *more);
        OL_ASSERT(more != NULL);
        for (size_t i = 0; i < q->n; i++)
            more[i] = q->v[(q->at + i) % q->cap];
        free(q->v);
        q->v = more, q->cap = cap, q->at = 0;
    }
    CHECK(w, q->n < QUEUE_MAX, "%c: the list of effects has no end", sim_name(w, p));
    q->v[(q->at + q->n++) % q->cap] = *fx;
}

void sim_effects_clear(sim_station *s) {
    free(s->fx.v);
    s->fx = (sim_effects){ 0 };
}

void sim_step(sim_world *w, unsigned p, ol_event *ev) {
    sim_station *s = &w->st[p];
    unsigned steps = 0;
    if (!s->is_up || s->is_dying || sim_power_fails(w, p))
        return;
    do {
        ev->wall = sim_wall(w, p);
        ol_line_step(s->line, ev, sim_mono(w, p), &w->fx);
        CHECK(w, w->fx.n <= OL_FX_MAX && ++steps < ROUNDS_MAX, "%c: effects without end",
              sim_name(w, p));
        for (size_t i = 0; i < w->fx.n; i++)
            push(w, p, &w->fx.v[i]);
        *ev = (ol_event){ .kind = EV_MORE };
    } while (w->fx.more);
    sim_check_step(w, p);
}

/* ---- effects ---- */

typedef struct {
    ol_bytes entry[OL_FX_MAX];
    uint8_t bytes[OL_FX_MAX][OL_LEAF_MAX];
    size_t n;
    uint64_t wanted, head_size;
    uint8_t head_root[32], head_sig[64];
} fetched;

static ol_err on_entry(void *ctx, const ol_stored_entry *e) {
    fetched *f = ctx;
    memcpy(f->bytes[f->n], e->entry, e->len);
    f->entry[f->n] = (ol_bytes){ f->bytes[f->n], e->len };
    f->n++;
    return OL_OK;
}

static ol_err on_head(void *ctx, const ol_stored_head *h) {
    fetched *f = ctx;
    if (h->size == f->wanted && h->sig != NULL) {
        f->head_size = h->size;
        memcpy(f->head_root, h->root, 32), memcpy(f->head_sig, h->sig, 64);
    }
    return OL_EEXIST;
}

static void do_fetch(sim_world *w, unsigned p, const ol_effect *fx) {
    static fetched f; /* large; the engine copies what it is given */
    ol_store *s = w->st[p].store;
    f.n = 0, f.head_size = 0, f.wanted = fx->fetch.head;
    OL_ASSERT(fx->fetch.to - fx->fetch.from <= OL_FX_MAX);
    ol_err err =
        s->ops->entries(s, sim_line_id, &fx->fetch.log, fx->fetch.from, fx->fetch.to, on_entry, &f);
    if (err == OL_OK && fx->fetch.head > 0)
        err = s->ops->heads(s, sim_line_id, &fx->fetch.log, fx->fetch.head, on_head, &f);
    CHECK(w, err == OL_OK || err == OL_EEXIST, "fetch: %s", ol_err_name(err));
    ol_event ev = { .kind = EV_FETCHED };
    ev.fetched.token = fx->fetch.token, ev.fetched.entry = f.entry, ev.fetched.n = f.n;
    ev.fetched.head_size = f.head_size;
    ev.fetched.head_root = f.head_root, ev.fetched.head_sig = f.head_sig;
    sim_step(w, p, &ev);
}

static void do_sign(sim_world *w, unsigned p, const ol_effect *fx) {
    const sim_station *s = &w->st[p];
    uint8_t sig[64];
    sim_check_sign(w, p, fx);
    ol_sign_make(fx->sign.key == OL_KEY_LOG ? &s->log_key : &s->receipt_key, fx->sign.text,
                 fx->sign.len, sig);
    ol_event ev = { .kind = EV_SIGNED };
    ev.signed_.token = fx->sign.token, ev.signed_.sig = sig;
    sim_step(w, p, &ev);
}

static void do_dh(sim_world *w, unsigned p, const ol_effect *fx) {
    uint8_t shared[32];
    ol_event ev = { .kind = EV_DH };
    ev.dh.token = fx->dh.token;
    if (crypto_scalarmult(shared, w->st[p].static_priv, fx->dh.peer) == 0)
        ev.dh.shared = shared;
    sim_step(w, p, &ev);
}

static void do_save(sim_world *w, unsigned p, const ol_effect *fx) {
    ol_event ev = sim_secrets_save(w, p, fx);
    sim_step(w, p, &ev); /* where power may fail: written, and not answered */
}

static void perform(sim_world *w, unsigned p, const ol_effect *fx) {
    sim_station *s = &w->st[p];
    sim_mark_trace(w, (uint64_t)fx->kind + p * 64);
    switch (fx->kind) {
    case FX_SIGN:
        do_sign(w, p, fx);
        break;
    case FX_DH:
        do_dh(w, p, fx);
        break;
    case FX_FETCH:
        do_fetch(w, p, fx);
        break;
    case FX_TIMER:
        s->timer_ms = world_ms(s, fx->timer.at_ms);
        if (s->timer_ms <= w->now_ms)
            s->timer_ms = w->now_ms + 1; /* due already: after what is at hand has been sent */
        break;
    case FX_NOTIFY:
        sim_check_note(w, p, fx);
        break;
    case FX_REPLY:
        if (fx->reply.token >= SIM_DUTY_TOKEN)
            sim_duty_reply(w, p, fx);
        else
            sim_check_reply(w, p, fx);
        break;
    case FX_MOVE:
        s->address[fx->move.path / OL_PATHS_PER_PEER][fx->move.path % OL_PATHS_PER_PEER] =
            fx->move.from;
        break;
    case FX_BUNDLE:
        break; /* none is handed in */
    case FX_SAVE_RATCHET:
        do_save(w, p, fx);
        break;
    case FX_COMMIT:
        s->wants_commit = true;
        break;
    }
}

void sim_drain(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    while (s->is_up && !s->is_dying && s->fx.n > 0 && !sim_power_fails(w, p)) {
        ol_effect fx = s->fx.v[s->fx.at];
        s->fx.at = (s->fx.at + 1) % s->fx.cap, s->fx.n--;
        perform(w, p, &fx);
    }
}

/* ---- commits ---- */

static void finish_commit(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    const ol_batch *b = s->batch;
    s->batch = NULL, s->commit_ms = OL_NEVER;
    if (sim_power_fails(w, p)) /* nothing of it was written yet */
        return;
    ol_err err = s->store->ops->commit(s->store, b, 1);
    if (sim_power_fails(w, p) || sim_disk_is_dead(s->disk)) {
        s->is_dying = true;
        return;
    }
    CHECK(w, err == OL_OK || err == OL_EFULL || err == OL_EIO, "commit: %s", ol_err_name(err));
    sim_mark_trace(w, b->n + (err == OL_OK ? 0 : 1000000));
    ol_event ev = { .kind = EV_COMMITTED };
    if (err == OL_OK) {
        s->commits++, w->sum.commits++;
        ol_line_marker(s->line, &s->marker);
        s->retry_ms = 0;
    } else {
        SAY(w, "%c: commit fails: %s", sim_name(w, p), ol_err_name(err));
        ev.kind = EV_COMMIT_FAILED, ev.commit_failed.err = err;
        s->retry_ms = w->now_ms + RETRY_MS;
    }
    sim_step(w, p, &ev);
    if (err == OL_OK && s->commits % RESTS == 0 && !s->is_dying) {
        s->store->ops->rest(s->store); /* the drive does when it is quiet */
        s->is_dying = s->is_dying || sim_disk_is_dead(s->disk);
    }
}

/* true: something went on. */
static bool commit(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    if (!s->is_up || s->is_dying)
        return false;
    if (s->batch == NULL) {
        if (!s->wants_commit || s->retry_ms > w->now_ms)
            return false;
        s->wants_commit = false;
        s->batch = ol_line_batch(s->line);
        if (s->batch == NULL) { /* no memory for it: the engine tells itself */
            sim_step(w, p, &(ol_event){ .kind = EV_MORE });
            return true;
        }
        s->commit_ms = w->now_ms + (w->disk_ms > 0 ? sim_random(w, w->disk_ms + 1) : 0);
    }
    if (s->commit_ms > w->now_ms)
        return false;
    finish_commit(w, p);
    return true;
}

/* ---- frames out: urgent before routine, one a path and pass ---- */

static void put(sim_world *w, unsigned p, unsigned q, unsigned slot, uint32_t to,
                const uint8_t *frame, size_t len) {
    sim_station *s = &w->st[p];
    uint32_t address = to != 0 ? to : s->address[q][slot];
    w->sum.frames++, w->sum.bytes += len, s->frames++;
    sim_mark_trace(w, len);
    if (w->is_verbose) {
        SAY(w, "%c > %s/%u %zu bytes%s", sim_name(w, p), w->card[q].name, slot, len,
            to != 0 ? ", an answer" : "");
        sim_sealed_say(w);
    }
    if (w->on_frame != NULL)
        w->on_frame(w, p, q, to, frame, len);
    unsigned at = (address - 1) % SIM_STATIONS_MAX, end = (address - 1) / SIM_STATIONS_MAX;
    if (end < OL_PATHS_PER_PEER && at < w->stations && w->st[at].party == q)
        sim_net_send(w, p, at, end, frame, len); /* else to somewhere that is not ours */
}

/* Where the next frame of a path would go can take it now; else the station is woken. */
static bool can_send(sim_world *w, unsigned p, unsigned q, unsigned slot) {
    sim_station *s = &w->st[p];
    uint32_t to = ol_line_peek_to(s->line, (ol_path_id)(q * OL_PATHS_PER_PEER + slot));
    uint32_t token = to != 0 ? to : s->address[q][slot];
    unsigned at = (token - 1) % SIM_STATIONS_MAX, end = (token - 1) / SIM_STATIONS_MAX;
    uint64_t free_ms;
    if (end >= OL_PATHS_PER_PEER || sim_net_can_send(w, p, at, end, &free_ms))
        return true;
    s->wake_ms = free_ms < s->wake_ms ? free_ms : s->wake_ms;
    return false;
}

size_t sim_poll(sim_world *w, unsigned p, unsigned q, unsigned slot, uint8_t *frame,
                uint32_t *ret_to) {
    const sim_station *s = &w->st[p];
    ol_path_id path = (ol_path_id)(q * OL_PATHS_PER_PEER + slot);
    int has = ol_line_peek(s->line, path, sim_mono(w, p));
    size_t max = w->net->frame_max[slot][s->party][q];
    sim_sealed.is_set = false;
    size_t n = ol_line_poll(s->line, path, frame, OL_FRAME_MAX, sim_mono(w, p), ret_to);
    CHECK(w, n <= max, "%c: a frame of %zu bytes where %zu is the limit", sim_name(w, p), n, max);
    if (n == 0)
        return 0;
    const sim_payload *f = &sim_sealed;
    if (f->is_mixed)
        sim_sealed_say(w);
    CHECK(w, f->is_set && !f->is_broken, "%c: a payload that does not parse", sim_name(w, p));
    CHECK(w, !f->is_mixed, "%c: routine before urgent", sim_name(w, p));
    CHECK(w, f->is_first || has != OL_CLASS_ROUTINE || !f->has_urgent,
          "%c: something urgent was called routine", sim_name(w, p));
    return n;
}

static bool send_one(sim_world *w, unsigned p, unsigned q, unsigned slot, int class) {
    const sim_station *s = &w->st[p];
    uint8_t frame[OL_FRAME_MAX];
    if (s->thin[q][slot] != NULL)
        return sim_thin_put(w, p, q, slot, class) || (class == OL_CLASS_ROUTINE && s->is_up &&
                                                      !s->is_dying && sim_thin_send(w, p, q, slot));
    ol_path_id path = (ol_path_id)(q * OL_PATHS_PER_PEER + slot);
    int has = ol_line_peek(s->line, path, sim_mono(w, p));
    if (has == OL_CLASS_NONE || has > class || !can_send(w, p, q, slot))
        return false;
    uint32_t to;
    size_t n = sim_poll(w, p, q, slot, frame, &to);
    if (n > 0 && !sim_power_fails(w, p))
        put(w, p, q, slot, to, frame, n);
    return n > 0;
}

static size_t pass(sim_world *w, unsigned p, int class) {
    size_t sent = 0;
    const sim_station *s = &w->st[p];
    for (unsigned k = 0; k < w->parties; k++) {
        unsigned q = (unsigned)((k + s->frames) % w->parties);
        for (unsigned slot = 0; q != s->party && slot < w->slots[s->party][q]; slot++)
            if (s->is_up && !s->is_dying)
                sent += send_one(w, p, q, slot, class);
    }
    return sent;
}

static bool send_all(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    size_t sent = 0, n = 1;
    s->wake_ms = OL_NEVER;
    while (n > 0 && sent < FRAMES_A_TURN && s->is_up && !s->is_dying) {
        n = pass(w, p, OL_CLASS_URGENT);
        if (n == 0)
            n = pass(w, p, OL_CLASS_ROUTINE);
        sent += n;
        if (n > 0) {
            sim_step(w, p, &(ol_event){ .kind = EV_MORE });
            sim_drain(w, p);
        }
    }
    return sent > 0;
}

void sim_turn(sim_world *w, unsigned p) {
    const sim_station *s = &w->st[p];
    bool has_more = true;
    for (unsigned rounds = 0; has_more && s->is_up && !s->is_dying; rounds++) {
        CHECK(w, rounds < ROUNDS_MAX, "%c: a turn without end", sim_name(w, p));
        sim_drain(w, p);
        has_more = send_all(w, p);
        has_more = commit(w, p) || has_more;
        has_more = sim_duty_turn(w, p) || has_more;
    }
    sim_bury(w, p);
}
