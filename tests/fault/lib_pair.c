#include "fault/lib_pair.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "wire/item.h"

enum { DELAY_MS = 20, AGAIN_MS = 500, LOGS = 64 };

const uint8_t pair_line_id[OL_LINE_ID_LEN] = "a line of faults";

void pair_fail(uint64_t now_ms, const char *file, int line, const char *format, ...) {
    va_list va;
    fprintf(stderr, "%s:%d: at %llu ms: ", file, line, (unsigned long long)now_ms);
    va_start(va, format);
    vfprintf(stderr, format, va);
    va_end(va);
    fputc('\n', stderr);
    fflush(NULL);
    abort();
}

/* ---- memory ---- */

static void *gate_get(void *ctx, size_t bytes) {
    pair_gate *g = ctx;
    uint64_t n = g->calls++;
    return n >= g->from && n < g->to ? NULL : malloc(bytes);
}

static void gate_put(void *ctx, void *p, size_t bytes) {
    (void)ctx, (void)bytes;
    free(p);
}

static ol_mem gated(pair_gate *g, size_t cap) {
    return (ol_mem){ .raw_get = gate_get, .raw_put = gate_put, .ctx = g, .cap = cap };
}

/* ---- what a store holds ---- */

typedef struct {
    const ol_log_key *key;
    uint64_t size;
} sizer;

static ol_err on_size(void *ctx, const ol_stored_log *g) {
    sizer *z = ctx;
    if (ol_log_key_eq(&g->key, z->key))
        z->size = g->size;
    return OL_OK;
}

uint64_t pair_size_in(const pair *w, ol_store *s, const ol_log_key *key) {
    sizer z = { .key = key };
    PAIR_CHECK(w, s->ops->logs(s, pair_line_id, on_size, &z) == OL_OK, "a store cannot be read");
    return z.size;
}

/* ---- effects ---- */

static void push(pair *w, unsigned p, const ol_effect *fx) {
    pair_station *s = &w->st[p];
    PAIR_CHECK(w, s->n < PAIR_QUEUE, "too many effects wait");
    s->queue[(s->at + s->n++) % PAIR_QUEUE] = *fx;
}

static void step(pair *w, unsigned p, ol_event *ev) {
    static ol_effects fx;
    do {
        ev->wall.s = 1700000000 + w->now_ms / 1000;
        ol_line_step(w->st[p].line, ev, (ol_mono){ w->now_ms }, &fx);
        for (size_t i = 0; i < fx.n; i++)
            push(w, p, &fx.v[i]);
        *ev = (ol_event){ .kind = EV_MORE };
    } while (fx.more);
}

typedef struct {
    ol_bytes entry[OL_FX_MAX];
    uint8_t bytes[OL_FX_MAX][OL_LEAF_MAX];
    size_t n;
    uint64_t wanted, head_size;
    uint8_t root[32], sig[64];
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
    if (h->sig != NULL && h->size == f->wanted) {
        f->head_size = h->size;
        memcpy(f->root, h->root, 32), memcpy(f->sig, h->sig, 64);
    }
    return OL_OK;
}

static void do_fetch(pair *w, unsigned p, const ol_effect *fx) {
    static fetched f;
    ol_store *s = w->st[p].store;
    f.n = 0, f.head_size = 0, f.wanted = fx->fetch.head;
    PAIR_CHECK(w, fx->fetch.to - fx->fetch.from <= OL_FX_MAX, "a fetch of too much");
    ol_err err = s->ops->entries(s, pair_line_id, &fx->fetch.log, fx->fetch.from, fx->fetch.to,
                                 on_entry, &f);
    if (err == OL_OK && f.wanted > 0)
        err = s->ops->heads(s, pair_line_id, &fx->fetch.log, f.wanted, on_head, &f);
    PAIR_CHECK(w, err == OL_OK || w->st[p].is_lossy, "fetch: %s", ol_err_name(err));
    ol_event ev = { .kind = EV_FETCHED };
    ev.fetched.token = fx->fetch.token, ev.fetched.entry = f.entry;
    ev.fetched.n = err == OL_OK ? f.n : 0;
    ev.fetched.head_size = err == OL_OK ? f.head_size : 0;
    ev.fetched.head_root = f.root, ev.fetched.head_sig = f.sig;
    step(w, p, &ev);
}

static void give_sign(pair *w, unsigned p, const pair_made *made) {
    ol_event ev = { .kind = EV_SIGNED };
    ev.signed_.token = made->token, ev.signed_.sig = made->sig;
    step(w, p, &ev);
}

static void do_sign(pair *w, unsigned p, const ol_effect *fx) {
    pair_station *s = &w->st[p];
    pair_made made = { .token = fx->sign.token };
    pair_mark(w, fx);
    ol_sign_make(fx->sign.key == OL_KEY_LOG ? &s->log_key : &s->receipt_key, fx->sign.text,
                 fx->sign.len, made.sig);
    if (!s->is_signing_slow) {
        give_sign(w, p, &made);
        return;
    }
    PAIR_CHECK(w, s->mades < PAIR_MADE, "too many signatures wait");
    s->made[s->mades++] = made;
}

static void do_dh(pair *w, unsigned p, const ol_effect *fx) {
    uint8_t shared[32];
    ol_event ev = { .kind = EV_DH };
    ev.dh.token = fx->dh.token;
    if (crypto_scalarmult(shared, w->st[p].static_priv, fx->dh.peer) == 0)
        ev.dh.shared = shared;
    step(w, p, &ev);
}

static void do_save(pair *w, unsigned p, const ol_effect *fx) {
    ol_event ev = { .kind = EV_RATCHET_SAVED };
    ev.ratchet_saved.token = fx->save_ratchet.token;
    ol_line_ratchet(w->st[p].line, fx->save_ratchet.party, &w->st[p].secrets);
    step(w, p, &ev);
}

static void do_notify(pair *w, unsigned p, const ol_effect *fx) {
    if (fx->notify.what == OL_NOTE_PEER_STOPPED) {
        w->st[p].peer_stopped = (uint8_t)fx->notify.size;
        if (fx->notify.size != 0)
            w->st[p].was_stopped = (uint8_t)fx->notify.size;
    }
    PAIR_CHECK(w, fx->notify.what != OL_NOTE_FORK, "evidence of a fork");
    if (fx->notify.what == OL_NOTE_RECEIPT && fx->notify.party != p)
        PAIR_CHECK(
            w, pair_size_in(w, w->st[fx->notify.party].store, &fx->notify.log) >= fx->notify.size,
            "receipted, and not on the disk of %u", fx->notify.party);
}

static void do_reply(pair *w, unsigned p, const ol_effect *fx) {
    PAIR_CHECK(w, fx->reply.token > 0 && fx->reply.token <= w->saids, "a reply to nothing");
    pair_said *said = &w->said[fx->reply.token - 1];
    PAIR_CHECK(w, said->by == p && said->is_out, "answered twice: %u", fx->reply.token - 1);
    said->is_out = false;
    if (fx->reply.err != OL_OK) {
        said->refusals++;
        said->again_ms = w->now_ms + AGAIN_MS;
        return;
    }
    said->is_told = true, said->again_ms = OL_NEVER;
    said->log = fx->reply.log, said->index = fx->reply.index;
    PAIR_CHECK(w, pair_size_in(w, w->st[p].store, &said->log) > said->index,
               "told durable, and it is not");
}

static void perform(pair *w, unsigned p, const ol_effect *fx) {
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
        w->st[p].timer_ms = fx->timer.at_ms;
        break;
    case FX_NOTIFY:
        do_notify(w, p, fx);
        break;
    case FX_REPLY:
        do_reply(w, p, fx);
        break;
    case FX_COMMIT:
        w->st[p].wants_commit = true;
        break;
    case FX_BUNDLE:
        break; /* none is handed in */
    case FX_SAVE_RATCHET:
        do_save(w, p, fx);
        break;
    case FX_MOVE:
        break;
    }
}

static void drain(pair *w, unsigned p) {
    pair_station *s = &w->st[p];
    while (s->n > 0) {
        ol_effect fx = s->queue[s->at];
        s->at = (s->at + 1) % PAIR_QUEUE, s->n--;
        perform(w, p, &fx);
    }
}

void pair_sign(pair *w, unsigned p) {
    pair_station *s = &w->st[p];
    s->is_signing_slow = false;
    for (size_t i = 0; i < s->mades; i++)
        give_sign(w, p, &s->made[i]);
    s->mades = 0;
    drain(w, p);
}

static void nudge(pair *w, unsigned p, ol_event ev) {
    step(w, p, &ev);
    drain(w, p);
}

/* ---- a station's turn ---- */

static void commit(pair *w, unsigned p) {
    pair_station *s = &w->st[p];
    if (!s->wants_commit || s->retry_ms > w->now_ms)
        return;
    s->wants_commit = false;
    const ol_batch *b = ol_line_batch(s->line);
    if (b == NULL) {
        nudge(w, p, (ol_event){ .kind = EV_MORE });
        return;
    }
    if (w->on_commit != NULL)
        w->on_commit(w, p, OL_OK);
    ol_err err = s->store->ops->commit(s->store, b, 1);
    PAIR_CHECK(w, err != OL_ECONFLICT, "the batch does not fit the store of %u", p);
    PAIR_CHECK(w, err == OL_OK || s->is_lossy, "commit: %s", ol_err_name(err));
    ol_event ev = { .kind = err == OL_OK ? EV_COMMITTED : EV_COMMIT_FAILED };
    if (err == OL_OK) {
        ol_line_marker(s->line, &s->marker);
        s->commits++;
    } else {
        ev.commit_failed.err = err;
        s->failed++, s->retry_ms = w->now_ms + 1000;
    }
    nudge(w, p, ev);
    if (err != OL_OK && w->on_commit != NULL)
        w->on_commit(w, p, err);
}

static void launch(pair *w, unsigned to, const uint8_t *p, size_t len) {
    if (w->lost_every > 0 && (w->order * 0x9E3779B1u >> 16) % w->lost_every == 0) {
        w->order++;
        return;
    }
    for (size_t i = 0; i < PAIR_PACKETS; i++) {
        pair_packet *k = &w->packet[i];
        if (k->is_used)
            continue;
        *k = (pair_packet){ .is_used = true, .to = (uint8_t)to, .len = len };
        k->at_ms = w->now_ms + DELAY_MS, k->order = w->order++;
        memcpy(k->bytes, p, len);
        return;
    }
}

static ol_path_id path_of(unsigned p) {
    return (ol_path_id)((1 - p) * OL_PATHS_PER_PEER);
}

static bool send(pair *w, unsigned p) {
    pair_station *s = &w->st[p];
    uint8_t frame[OL_FRAME_MAX];
    uint32_t to = 0;
    ol_mono now = { w->now_ms };
    if (ol_line_peek(s->line, path_of(p), now) == OL_CLASS_NONE)
        return false;
    size_t n = ol_line_poll(s->line, path_of(p), frame, sizeof frame, now, &to);
    if (n > 0)
        launch(w, 1 - p, frame, n);
    nudge(w, p, (ol_event){ .kind = EV_MORE });
    return n > 0;
}

static void turn(pair *w, unsigned p) {
    for (unsigned round = 0; round < 64; round++) {
        bool any = send(w, p);
        commit(w, p);
        if (!any && (!w->st[p].wants_commit || w->st[p].retry_ms > w->now_ms))
            return;
    }
}

static void path_up(pair *w, unsigned p) {
    pair_station *s = &w->st[p];
    ol_event up = { .kind = EV_PATH_UP };
    up.path.path = path_of(p);
    up.path.has_address = up.path.is_ip = true, up.path.frame_max = OL_FRAME_MAX;
    nudge(w, p, up);
    ol_path_status st;
    ol_line_path_status(s->line, path_of(p), &st);
    s->path_is_up = st.is_up;
}

/* ---- start and stop ---- */

typedef struct {
    ol_log_key key[LOGS];
    size_t n;
    ol_line *line;
} loader;

static ol_err load_log(void *ctx, const ol_stored_log *g) {
    loader *ld = ctx;
    OL_ASSERT(ld->n < OL_LEN(ld->key));
    ld->key[ld->n++] = g->key;
    ol_load_log in = { .key = g->key, .is_closed = g->is_closed, .size = g->size };
    in.frontier = g->frontier, in.frontier_len = g->frontier_len;
    return ol_line_load_log(ld->line, &in);
}

static ol_err load_receipt(void *ctx, const ol_stored_receipt *r) {
    loader *ld = ctx; /* the last of each party is its largest */
    return ol_line_load_receipt(ld->line, &r->log, r->party, r->size, r->time, r->sig);
}

static ol_err load_head(void *ctx, const ol_stored_head *h) {
    return ol_line_load_head(((loader *)ctx)->line, &h->log, h->size, h->root, h->sig);
}

static ol_err load_state(void *ctx, const char *key, const uint8_t *v, size_t len) {
    return ol_line_load_state(((loader *)ctx)->line, key, v, len);
}

static ol_err load(ol_store *s, ol_line *line) {
    loader ld = { .line = line };
    ol_err err = s->ops->logs(s, pair_line_id, load_log, &ld);
    for (size_t i = 0; i < ld.n && err == OL_OK; i++) {
        err = s->ops->receipts(s, pair_line_id, &ld.key[i], load_receipt, &ld);
        if (err == OL_OK)
            err = s->ops->heads(s, pair_line_id, &ld.key[i], 0, load_head, &ld);
    }
    return err == OL_OK ? s->ops->state(s, pair_line_id, load_state, &ld) : err;
}

static ol_err make_line(pair *w, unsigned p) {
    static const uint8_t line_secret[32] = "the secret that salts all leaves";
    pair_station *s = &w->st[p];
    uint8_t seed[32];
    memset(seed, (int)(s->reopened * 2 + p), sizeof seed);
    ol_line_party card[2] = { w->card[0], w->card[1] };
    for (unsigned q = 0; q < 2; q++)
        card[q].ratchet = s->secrets;
    ol_line_opts o = { .mem = &s->mem, .secret = &s->secret, .parties = 2, .self = (uint8_t)p };
    o.party = card, o.line_secret = line_secret, o.seed = seed;
    o.epochs = (ol_ratchet_times){ .crypto_s = 604800, .courier_s = 2592000 };
    o.limit_entries = 1000000, o.limit_bytes = 1000000000;
    memcpy(o.id, pair_line_id, sizeof o.id), memcpy(o.name, "line", 5);
    ol_err err = ol_switch_new(&s->mem, &s->sw);
    o.sw = s->sw;
    if (err == OL_OK)
        err = ol_line_new(&o, &s->line);
    return err == OL_OK ? load(s->store, s->line) : err;
}

static void drop(pair *w, unsigned p) {
    pair_station *s = &w->st[p];
    ol_line_free(s->line);
    ol_switch_free(s->sw);
    PAIR_CHECK(w, s->mem.used == 0 && s->secret.used == 0, "station %u leaks %zu and %zu bytes", p,
               s->mem.used, s->secret.used);
    s->line = NULL, s->sw = NULL, s->is_up = s->path_is_up = s->wants_commit = false;
    s->n = 0, s->retry_ms = 0, s->timer_ms = OL_NEVER;
}

ol_err pair_start(pair *w, unsigned p) {
    pair_station *s = &w->st[p];
    s->reopened++;
    ol_err err = make_line(w, p);
    if (err != OL_OK) {
        drop(w, p);
        return err;
    }
    s->is_up = true, s->start_ms = OL_NEVER;
    ol_event ev = { .kind = EV_START };
    ev.start.marker = s->marker;
    nudge(w, p, ev);
    path_up(w, p);
    turn(w, p);
    return OL_OK;
}

void pair_stop(pair *w, unsigned p, bool loses_marker) {
    drop(w, p);
    if (loses_marker)
        w->st[p].marker = (ol_marker){ 0 };
    for (size_t i = 0; i < w->saids; i++)
        if (w->said[i].by == p && w->said[i].is_out)
            w->said[i].is_out = false, w->said[i].again_ms = w->now_ms + AGAIN_MS;
}

pair *pair_new(ol_store *a, ol_store *b) {
    pair *w = calloc(1, sizeof *w);
    OL_ASSERT(w != NULL);
    w->now_ms = 1000;
    for (unsigned p = 0; p < 2; p++) {
        ol_ratchet_begin((const uint8_t[OL_SECRET_LEN]){ 7 }, &w->st[p].secrets);
        pair_station *s = &w->st[p];
        uint8_t seed[32];
        memset(seed, (int)(p * 4 + 1), 32), ol_sign_key_of(seed, &s->log_key);
        memset(seed, (int)(p * 4 + 2), 32), ol_sign_key_of(seed, &s->receipt_key);
        memset(s->static_priv, (int)(p * 4 + 3), 32);
        snprintf(w->card[p].name, sizeof w->card[p].name, "party-%c", 'a' + (int)p);
        memcpy(w->card[p].log_pk, s->log_key.pub, 32);
        memcpy(w->card[p].receipt_pk, s->receipt_key.pub, 32);
        crypto_scalarmult_base(w->card[p].static_pk, s->static_priv);
        s->mem = gated(&s->gate, 16 << 20), s->secret = gated(&s->vault, 1 << 20);
        s->store = p == 0 ? a : b;
        s->timer_ms = s->start_ms = OL_NEVER;
    }
    return w;
}

void pair_free(pair *w) {
    for (unsigned p = 0; p < 2; p++)
        drop(w, p);
    free(w);
}

/* ---- clients ---- */

static void submit(pair *w, size_t i) {
    pair_said *said = &w->said[i];
    uint8_t body[OL_ENTRY_MAX];
    size_t lead = said->bytes < 256 ? 2 : 3;
    static const uint8_t begin[] = { 0x84, 0x03, 0x00, 0x00, 0x82, 0x00 }; /* a message */
    uint8_t *at = body + sizeof begin;
    memcpy(body, begin, sizeof begin);
    at[0] = lead == 2 ? 0x78 : 0x79; /* its text */
    at[1] = (uint8_t)(lead == 2 ? said->bytes : said->bytes >> 8);
    at[2] = (uint8_t)said->bytes;
    memset(at + lead, (int)('0' + i % 64), said->bytes);
    ol_event ev = { .kind = EV_SUBMIT };
    ev.submit.token = (uint32_t)i + 1, ev.submit.lane = said->lane, ev.submit.kind = 2;
    ev.submit.body = (ol_bytes){ body, sizeof begin + lead + said->bytes };
    ev.submit.item = said->item;
    ol_known read = { 0 };
    read.log.party = said->by, read.size = 1;
    ev.submit.has_read = i % 3 == 1, ev.submit.read = &read, ev.submit.reads = 1;
    said->is_out = true, said->again_ms = OL_NEVER;
    nudge(w, said->by, ev);
}

/* As the station does: what is on record already is answered with the place it has. */
static bool is_on_record(pair *w, pair_said *said) {
    ol_store *s = w->st[said->by].store;
    if (s->ops->find_item(s, pair_line_id, said->item, &said->log, &said->index) != OL_OK)
        return false;
    said->is_told = true, said->again_ms = OL_NEVER;
    return true;
}

static void say_again(pair *w, unsigned p) {
    for (size_t i = 0; i < w->saids; i++)
        if (w->said[i].by == p && w->said[i].again_ms <= w->now_ms && !is_on_record(w, &w->said[i]))
            submit(w, i);
}

void pair_say(pair *w, unsigned p, uint8_t lane, uint16_t bytes) {
    OL_ASSERT(w->saids < PAIR_SAIDS);
    pair_said *said = &w->said[w->saids++];
    *said = (pair_said){ .by = (uint8_t)p, .lane = lane, .bytes = bytes };
    memset(said->item, (int)w->saids, sizeof said->item);
    said->again_ms = w->now_ms + AGAIN_MS;
    if (w->st[p].is_up)
        submit(w, w->saids - 1);
}

/* ---- time ---- */

static pair_packet *next_packet(pair *w) {
    pair_packet *best = NULL;
    for (size_t i = 0; i < PAIR_PACKETS; i++) {
        pair_packet *k = &w->packet[i];
        if (k->is_used && (best == NULL || k->order < best->order))
            best = k; /* all take the same time */
    }
    return best;
}

static void deliver(pair *w, pair_packet *k) {
    pair_station *s = &w->st[k->to];
    ol_event ev = { .kind = EV_FRAME };
    k->is_used = false;
    if (!s->is_up || ol_switch_find(s->sw, k->bytes, k->len, &ev.frame.hit) != OL_OK)
        return;
    ev.frame.frame = (ol_bytes){ k->bytes, k->len };
    ev.frame.from = 1;
    nudge(w, k->to, ev);
}

static void station_turn(pair *w, unsigned p) {
    pair_station *s = &w->st[p];
    if (!s->is_up && s->start_ms <= w->now_ms) {
        ol_err err = pair_start(w, p);
        PAIR_CHECK(w, err == OL_OK || err == s->fault, "start: %s", ol_err_name(err));
        s->start_ms = err == OL_OK ? OL_NEVER : w->now_ms + 1000;
    }
    if (!s->is_up)
        return;
    if (!s->path_is_up && w->now_ms % 1000 == 0)
        path_up(w, p); /* whoever could not be given memory is asked again */
    if (s->timer_ms <= w->now_ms) {
        s->timer_ms = OL_NEVER;
        nudge(w, p, (ol_event){ .kind = EV_TIMER });
    }
    say_again(w, p);
    turn(w, p);
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t next_ms(pair *w) {
    const pair_packet *k = next_packet(w);
    uint64_t next = k == NULL ? OL_NEVER : k->at_ms;
    for (unsigned p = 0; p < 2; p++) {
        const pair_station *s = &w->st[p];
        next = least(next, s->is_up ? s->timer_ms : s->start_ms);
        if (s->is_up && s->wants_commit)
            next = least(next, s->retry_ms);
        if (s->is_up && !s->path_is_up)
            next = least(next, (w->now_ms / 1000 + 1) * 1000);
    }
    for (size_t i = 0; i < w->saids; i++)
        if (w->st[w->said[i].by].is_up)
            next = least(next, w->said[i].again_ms);
    return next;
}

void pair_until(pair *w, uint64_t ms) {
    for (unsigned turns = 0;; turns++) {
        uint64_t next = next_ms(w);
        if (next > ms)
            break;
        PAIR_CHECK(w, turns < 100000, "no end of it");
        w->now_ms = next > w->now_ms ? next : w->now_ms;
        pair_packet *k = next_packet(w);
        if (k != NULL && k->at_ms <= w->now_ms)
            deliver(w, k);
        for (unsigned p = 0; p < 2; p++)
            station_turn(w, p);
    }
    w->now_ms = ms > w->now_ms ? ms : w->now_ms;
}
