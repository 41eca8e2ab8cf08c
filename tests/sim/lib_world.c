#include "lib_inner.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "record/checkpoint.h"
#include "wire/entry.h"

typedef struct sim_claim {
    bool is_receipt;
    uint8_t party, author;
    uint8_t name[32]; /* hash of origin and size */
    uint8_t root[32];
    uint8_t log[32]; /* hash of origin */
    uint64_t size, time;
} sim_claim;

const uint8_t sim_line_id[OL_LINE_ID_LEN] = "a line to test";
const uint8_t sim_line_secret[32] = "the secret that salts all leaves";

uint64_t sim_random(sim_world *w, uint64_t below) { /* splitmix64 */
    uint64_t z = (w->rnd += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return below == 0 ? 0 : z % below;
}

static void trace(sim_world *w, uint64_t v) {
    w->trace = (w->trace ^ v) * UINT64_C(0x100000001B3) + w->now_ms;
}

/* ---- what was ever signed ---- */

static void text_hash(const ol_checkpoint *cp, bool with_size, uint8_t to[32]) {
    ol_part part[] = { { cp->origin.p, cp->origin.len }, { &cp->size, sizeof cp->size } };
    ol_hash_sha256_parts(part, with_size ? 2 : 1, to);
}

typedef struct {
    const sim_world *w;
    const sim_claim *claim;
    ol_log_key key;
    bool found;
} claim_search;

static ol_err on_claim_receipt(void *ctx, const ol_stored_receipt *r) {
    claim_search *s = ctx;
    if (r->party == s->claim->party && r->size == s->claim->size && r->time == s->claim->time)
        s->found = true;
    return OL_OK;
}

static ol_err on_claim_log(void *ctx, const ol_stored_log *g) {
    claim_search *s = ctx;
    char origin[OL_NOTE_NAME_MAX + 1];
    ol_checkpoint cp = { .origin.p = origin };
    cp.origin.len = ol_checkpoint_origin("line", s->w->card[g->key.party].name, &g->key, origin);
    uint8_t name[32];
    text_hash(&cp, false, name);
    if (memcmp(name, s->claim->log, 32) == 0)
        s->key = g->key, s->found = true;
    return OL_OK;
}

/* The log's author has this receipt in its store now. */
static bool is_on_disk(const sim_world *w, const sim_claim *c) {
    ol_store *s = w->st[c->author].store;
    claim_search search = { .w = w, .claim = c };
    if (s->ops->logs(s, sim_line_id, on_claim_log, &search) != OL_OK || !search.found)
        return false;
    ol_log_key key = search.key;
    search.found = false;
    return s->ops->receipts(s, sim_line_id, &key, on_claim_receipt, &search) == OL_OK &&
           search.found;
}

/* No two roots for one origin and size. Times of receipts never fall below those of smaller ones
 * that somebody holds: what was signed, lost on its way and forgotten: nobody knows. */
static void claimed(sim_world *w, unsigned party, const ol_effect *fx) {
    const char *text = (const char *)fx->sign.text;
    size_t len = fx->sign.len;
    sim_claim c = { .is_receipt = fx->sign.key == OL_KEY_RECEIPT, .party = (uint8_t)party };
    if (c.is_receipt) {
        CHECK(w, sscanf(text, "cosignature/v1\ntime %lu\n", &c.time) == 1, "no time in a receipt");
        const char *at = memchr(text + 15, '\n', len - 15);
        len -= (size_t)(at + 1 - text), text = at + 1;
    }
    ol_checkpoint cp;
    CHECK(w, ol_checkpoint_get(text, len, &cp) == OL_OK, "what is signed is no checkpoint");
    text_hash(&cp, true, c.name), text_hash(&cp, false, c.log);
    memcpy(c.root, cp.root.b, 32);
    c.size = cp.size;
    c.author = (uint8_t)(cp.origin.p[strlen("line/party-")] - 'a');
    for (size_t i = 0; i < w->claims; i++) {
        const sim_claim *o = &w->claim[i];
        if (memcmp(o->name, c.name, 32) == 0)
            CHECK(w, memcmp(o->root, c.root, 32) == 0, "two roots for %.*s size %llu",
                  (int)cp.origin.len, cp.origin.p, (unsigned long long)c.size);
        if (!c.is_receipt || !o->is_receipt || o->party != party || memcmp(o->log, c.log, 32) != 0)
            continue;
        if (o->size < c.size && o->time > c.time)
            CHECK(w, !is_on_disk(w, o), "party %u: receipt times of %.*s go back", party,
                  (int)cp.origin.len, cp.origin.p);
    }
    SAY(w, "party %u signs %s of %.*s size %llu time %llu", party,
        c.is_receipt ? "receipt" : "head", (int)cp.origin.len, cp.origin.p,
        (unsigned long long)c.size, (unsigned long long)c.time);
    CHECK(w, w->claims < SIM_SEEN_MAX, "too many signatures for this simulation");
    w->claim[w->claims++] = c;
}

/* ---- performing effects ---- */

static bool power_fails(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    if (s->crash_at == 0 || --s->crash_at > 0)
        return false;
    SAY(w, "power fails at %u", p);
    sim_kill(w, p, sim_random(w, 2) == 0);
    s->restart_ms = w->now_ms + 1 + sim_random(w, 20000);
    w->crashes++;
    return true;
}

typedef struct {
    ol_bytes entry[OL_FX_MAX];
    uint8_t bytes[OL_FX_MAX][OL_LEAF_MAX];
    size_t n;
    uint64_t head_size;
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
    if (h->sig == NULL || f->head_size != 0)
        return OL_OK;
    f->head_size = h->size;
    memcpy(f->head_root, h->root, 32), memcpy(f->head_sig, h->sig, 64);
    return OL_OK;
}

static void step(sim_world *w, unsigned p, ol_event *ev);

static void do_fetch(sim_world *w, unsigned p, const ol_effect *fx) {
    ol_store *s = w->st[p].store;
    static fetched f; /* large, and steps are nested; the engine copies what it is given */
    f.n = 0, f.head_size = 0;
    OL_ASSERT(fx->fetch.to - fx->fetch.from <= OL_FX_MAX);
    ol_err err =
        s->ops->entries(s, sim_line_id, &fx->fetch.log, fx->fetch.from, fx->fetch.to, on_entry, &f);
    if (err == OL_OK && fx->fetch.head > 0)
        err = s->ops->heads(s, sim_line_id, &fx->fetch.log, fx->fetch.head, on_head, &f);
    CHECK(w, err == OL_OK, "fetch: %s", ol_err_name(err));
    ol_event ev = { .kind = EV_FETCHED };
    ev.fetched.token = fx->fetch.token, ev.fetched.entry = f.entry, ev.fetched.n = f.n;
    ev.fetched.head_size = f.head_size;
    ev.fetched.head_root = f.head_root, ev.fetched.head_sig = f.head_sig;
    step(w, p, &ev);
}

static void do_sign(sim_world *w, unsigned p, const ol_effect *fx) {
    sim_station *s = &w->st[p];
    uint8_t sig[64];
    claimed(w, p, fx);
    ol_sign_make(fx->sign.key == OL_KEY_LOG ? &s->log_key : &s->receipt_key, fx->sign.text,
                 fx->sign.len, sig);
    ol_event ev = { .kind = EV_SIGNED };
    ev.signed_.token = fx->sign.token, ev.signed_.sig = sig;
    step(w, p, &ev);
}

static void do_dh(sim_world *w, unsigned p, const ol_effect *fx) {
    uint8_t shared[32];
    ol_event ev = { .kind = EV_DH };
    ev.dh.token = fx->dh.token;
    if (crypto_scalarmult(shared, w->st[p].static_priv, fx->dh.peer) == 0)
        ev.dh.shared = shared;
    step(w, p, &ev);
}

static sim_said *find_said(sim_world *w, unsigned p, uint32_t token) {
    CHECK(w, token < w->saids && w->said[token].by == p, "a reply to nothing");
    return &w->said[token];
}

static void do_notify(sim_world *w, unsigned p, const ol_effect *fx) {
    const ol_log_key *log = &fx->notify.log;
    w->st[p].notes++;
    if (fx->notify.what == OL_NOTE_RECOVERED)
        w->st[p].recovered++;
    if (fx->notify.what == OL_NOTE_INCARNATION)
        w->st[p].opened++;
    if (fx->notify.what == OL_NOTE_FORK)
        w->st[p].forks++;
    if (fx->notify.what != OL_NOTE_RECEIPT || fx->notify.party == p)
        return;
    w->receipts++;
    /* Whoever signed has it on disk, unless the disk was set back since: only the world knows. */
    sim_station *s = &w->st[fx->notify.party];
    if (s->backup == NULL && !s->is_liar)
        CHECK(w, sim_size_in(s->store, log) >= fx->notify.size,
              "receipted, and not on the disk of %u", fx->notify.party);
}

static void do_reply(sim_world *w, unsigned p, const ol_effect *fx) {
    if (fx->reply.err != OL_OK)
        return;
    sim_said *said = find_said(w, p, fx->reply.token);
    said->is_told = true, said->log = fx->reply.log, said->index = fx->reply.index;
    CHECK(w, sim_size_in(w->st[p].store, &said->log) > said->index, "told durable, and it is not");
}

static void perform(sim_world *w, unsigned p, const ol_effect *fx) {
    trace(w, (uint64_t)fx->kind + p * 64);
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
    case FX_MOVE:
        w->st[p].address = fx->move.from;
        break;
    case FX_COMMIT:
        break;
    }
}

static void step(sim_world *w, unsigned p, ol_event *ev) {
    sim_station *s = &w->st[p];
    ol_effects fx;
    do {
        if (!s->is_up)
            return;
        ev->wall.s = (uint64_t)((int64_t)(1700000000 + w->now_ms / 1000) + s->clock_off_s);
        ol_line_step(s->line, ev, (ol_mono){ w->now_ms + 1 }, &fx);
        for (size_t i = 0; i < fx.n && s->is_up; i++)
            perform(w, p, &fx.v[i]);
        *ev = (ol_event){ .kind = EV_MORE };
    } while (fx.more);
}

static void commit(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    const ol_batch *b = ol_line_batch(s->line);
    if (b == NULL)
        return;
    if (power_fails(w, p))
        return;
    ol_err err = s->store->ops->commit(s->store, b, 1);
    CHECK(w, err == OL_OK || err == OL_EFULL, "commit: %s", ol_err_name(err));
    trace(w, b->n);
    s->commits++;
    if (power_fails(w, p))
        return;
    ol_event ev = { .kind = EV_COMMITTED };
    if (err == OL_OK)
        ol_line_marker(s->line, &s->marker);
    else
        ev.kind = EV_COMMIT_FAILED, ev.commit_failed.err = err;
    if (!power_fails(w, p))
        step(w, p, &ev);
}

static void launch(sim_world *w, unsigned from, unsigned to, uint32_t address, const uint8_t *p,
                   size_t len) {
    w->frames++, w->bytes += len;
    if (w->on_frame != NULL)
        w->on_frame(w, from, to, address, p, len);
    if (address != 0 && address != to + 1)
        return; /* an answer to somewhere else */
    trace(w, len);
    SAY(w, "%u -> %u %zu bytes", from, to, len);
    unsigned copies = sim_random(w, 1000) < w->path.repeated ? 2 : 1;
    for (unsigned c = 0; c < copies; c++) {
        if (w->path.is_cut[from][to] || sim_random(w, 1000) < w->path.lost)
            continue;
        for (size_t i = 0; i < SIM_PACKETS_MAX; i++) {
            if (w->packet[i].is_used)
                continue;
            sim_packet *k = &w->packet[i];
            k->is_used = true, k->from = (uint8_t)from, k->to = (uint8_t)to, k->len = len;
            k->at_ms = w->now_ms + w->path.delay_ms + sim_random(w, w->path.jitter_ms + 1);
            k->order = w->order++;
            memcpy(k->bytes, p, len);
            break;
        }
    }
}

static void poll_all(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    uint8_t frame[OL_FRAME_MAX];
    for (unsigned round = 0; round < 64 && s->is_up; round++) {
        commit(w, p);
        bool any = false;
        for (unsigned q = 0; q < w->parties && s->is_up; q++) {
            ol_path_id path = (ol_path_id)(q * OL_PATHS_PER_PEER);
            if (q == p || ol_line_peek(s->line, path, (ol_mono){ w->now_ms + 1 }) == OL_CLASS_NONE)
                continue;
            uint32_t to;
            size_t n =
                ol_line_poll(s->line, path, frame, sizeof frame, (ol_mono){ w->now_ms + 1 }, &to);
            if (n > 0 && !power_fails(w, p))
                launch(w, p, q, to, frame, n), any = true;
        }
        if (!s->is_up)
            return;
        step(w, p, &(ol_event){ .kind = EV_MORE });
        if (!any && ol_line_batch_is_idle(s->line))
            return;
    }
}

/* ---- stations ---- */

static ol_err load_log(void *ctx, const ol_stored_log *g) {
    ol_load_log in = { .key = g->key, .is_closed = g->is_closed, .size = g->size };
    in.frontier = g->frontier, in.frontier_len = g->frontier_len;
    return ol_line_load_log(ctx, &in);
}

typedef struct {
    ol_line *line;
    ol_store *store;
    ol_stored_receipt best;
    uint8_t sig[64];
    bool has;
} loader;

static ol_err load_head(void *ctx, const ol_stored_head *h) {
    return ol_line_load_head(((loader *)ctx)->line, &h->log, h->size, h->root, h->sig);
}

static ol_err load_receipt(void *ctx, const ol_stored_receipt *r) {
    return ol_line_load_receipt(((loader *)ctx)->line, &r->log, r->party, r->size, r->time, r->sig);
}

static ol_err keys_of(void *ctx, const ol_stored_log *g) {
    loader *ld = ctx;
    OL_ASSERT(ld->best.seq < OL_FX_MAX * 8);
    ((ol_log_key *)(void *)ld->best.sig)[ld->best.seq++] = g->key;
    return OL_OK;
}

static ol_err load_state(void *ctx, const char *key, const uint8_t *v, size_t len) {
    return ol_line_load_state(ctx, key, v, len);
}

static void load(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    ol_log_key keys[OL_FX_MAX * 8];
    loader ld = { .line = s->line, .store = s->store, .best = { .sig = (uint8_t *)keys } };
    ol_err err = s->store->ops->logs(s->store, sim_line_id, load_log, s->line);
    if (err == OL_OK)
        err = s->store->ops->logs(s->store, sim_line_id, keys_of, &ld);
    for (size_t i = 0; i < ld.best.seq && err == OL_OK; i++) {
        err = s->store->ops->receipts(s->store, sim_line_id, &keys[i], load_receipt, &ld);
        if (err == OL_OK)
            err = s->store->ops->heads(s->store, sim_line_id, &keys[i], 0, load_head, &ld);
    }
    if (err == OL_OK)
        err = s->store->ops->state(s->store, sim_line_id, load_state, s->line);
    CHECK(w, err == OL_OK, "loading party %u: %s", p, ol_err_name(err));
}

void sim_pair(unsigned self, unsigned peer, ol_line_party *ret) {
    unsigned lo = self < peer ? self : peer, hi = self < peer ? peer : self;
    memset(ret->psk, (int)(lo * 16 + hi + 1), 32);
    memset(ret->mac, (int)(lo * 16 + hi), 32);
    memset(ret->hint_to, (int)(self * 16 + peer + 1), 4);
    memset(ret->hint_from, (int)(peer * 16 + self + 1), 4);
}

void sim_start(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    uint8_t seed[32];
    for (unsigned i = 0; i < 32; i++)
        seed[i] = (uint8_t)sim_random(w, 256);
    ol_mem_heap(&s->mem, 64 << 20), ol_mem_heap(&s->secret, 8 << 20);
    ol_line_party card[SIM_PARTIES_MAX];
    memcpy(card, w->card, sizeof card);
    for (unsigned q = 0; q < w->parties; q++)
        sim_pair(p, q, &card[q]);
    ol_line_opts o = { .mem = &s->mem, .secret = &s->secret, .parties = (uint8_t)w->parties };
    o.self = (uint8_t)p, o.party = card, o.line_secret = sim_line_secret, o.seed = seed;
    o.limit_entries = 1000000, o.limit_bytes = 1000000000;
    memcpy(o.id, sim_line_id, sizeof o.id), memcpy(o.name, "line", 5);
    CHECK(w, ol_switch_new(&s->mem, &s->sw) == OL_OK, "no switch");
    o.sw = s->sw;
    CHECK(w, ol_line_new(&o, &s->line) == OL_OK, "no line");
    SAY(w, "start %u marker %d", p, s->marker.is_valid);
    load(w, p);
    s->is_up = true, s->timer_ms = OL_NEVER, s->restart_ms = OL_NEVER, s->starts++;
    ol_event ev = { .kind = EV_START };
    ev.start.marker = s->marker;
    step(w, p, &ev);
    for (unsigned q = 0; q < w->parties && s->is_up; q++) {
        ol_event up = { .kind = EV_PATH_UP };
        up.path.path = (ol_path_id)(q * OL_PATHS_PER_PEER);
        up.path.has_address = up.path.is_ip = true, up.path.frame_max = OL_FRAME_MAX;
        if (q != p)
            step(w, p, &up);
    }
    poll_all(w, p);
}

void sim_kill(sim_world *w, unsigned p, bool loses_marker) {
    sim_station *s = &w->st[p];
    if (s->is_up) {
        ol_line_free(s->line);
        ol_switch_free(s->sw);
        CHECK(w, s->mem.used == 0 && s->secret.used == 0, "party %u leaks %zu bytes", p,
              s->mem.used);
    }
    SAY(w, "kill %u%s", p, loses_marker ? " and reboot" : "");
    s->is_up = false, s->line = NULL, s->sw = NULL;
    if (loses_marker)
        s->marker = (ol_marker){ 0 };
}

void sim_backup(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    if (s->backup != NULL)
        s->backup->ops->close(s->backup);
    CHECK(w, ol_store_mem_copy(s->store, &s->disk_mem, &s->backup) == OL_OK, "no backup");
}

void sim_restore(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    if (s->backup == NULL)
        return;
    sim_kill(w, p, true);
    s->store->ops->close(s->store);
    CHECK(w, ol_store_mem_copy(s->backup, &s->disk_mem, &s->store) == OL_OK, "no restore");
    SAY(w, "restore %u", p);
    s->restart_ms = w->now_ms + 1 + sim_random(w, 5000);
    w->restores++;
}

void sim_say(sim_world *w, unsigned p, uint8_t lane, size_t bytes) {
    sim_station *s = &w->st[p];
    uint8_t body[OL_ENTRY_MAX];
    if (!s->is_up || w->saids == SIM_ITEMS_MAX)
        return;
    sim_said *said = &w->said[w->saids];
    said->by = (uint8_t)p;
    for (unsigned i = 0; i < OL_ITEM_LEN; i++)
        said->id[i] = (uint8_t)sim_random(w, 256);
    body[0] = 0x59, body[1] = (uint8_t)(bytes >> 8), body[2] = (uint8_t)bytes; /* a byte string */
    memset(body + 3, (int)sim_random(w, 256), bytes);
    if (bytes < 256)
        body[1] = 0x58, body[2] = (uint8_t)bytes;
    ol_event ev = { .kind = EV_SUBMIT };
    ev.submit.token = (uint32_t)w->saids++, ev.submit.lane = lane, ev.submit.kind = 2;
    ev.submit.body =
        bytes < 256 ? (ol_bytes){ body + 1, bytes + 2 } : (ol_bytes){ body, bytes + 3 };
    ev.submit.item = said->id;
    step(w, p, &ev);
    if (s->is_up)
        poll_all(w, p);
}

/* ---- the world ---- */

bool sim_inject(sim_world *w, unsigned party, uint32_t from, const uint8_t *p, size_t len) {
    sim_station *s = &w->st[party];
    ol_event ev = { .kind = EV_FRAME };
    if (!s->is_up || ol_switch_find(s->sw, p, len, &ev.frame.hit) != OL_OK)
        return false;
    ev.frame.frame = (ol_bytes){ p, len };
    ev.frame.from = from;
    trace(w, len + party);
    step(w, party, &ev);
    if (s->is_up)
        poll_all(w, party);
    return true;
}

static void deliver(sim_world *w, sim_packet *k) {
    k->is_used = false;
    (void)sim_inject(w, k->to, k->from + 1u, k->bytes, k->len);
}

static sim_packet *next_packet(sim_world *w) {
    sim_packet *best = NULL;
    for (size_t i = 0; i < SIM_PACKETS_MAX; i++) {
        sim_packet *k = &w->packet[i];
        if (k->is_used && (best == NULL || k->at_ms < best->at_ms ||
                           (k->at_ms == best->at_ms && k->order < best->order)))
            best = k;
    }
    return best;
}

static void station_turn(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    if (!s->is_up && s->restart_ms <= w->now_ms) {
        sim_start(w, p);
    } else if (s->is_up && s->timer_ms <= w->now_ms + 1) {
        s->timer_ms = OL_NEVER;
        step(w, p, &(ol_event){ .kind = EV_TIMER });
        if (s->is_up)
            poll_all(w, p);
    }
}

static uint64_t next_ms(sim_world *w) {
    const sim_packet *k = next_packet(w);
    uint64_t next = k == NULL ? OL_NEVER : k->at_ms;
    for (unsigned p = 0; p < w->parties; p++) {
        uint64_t t = w->st[p].is_up ? w->st[p].timer_ms : w->st[p].restart_ms;
        if (w->st[p].is_up && t != OL_NEVER && t > 0)
            t--; /* the engines run a millisecond ahead: 0 means never in some of their fields */
        if (t < next)
            next = t;
    }
    return next;
}

void sim_until(sim_world *w, uint64_t ms) {
    for (uint64_t turns = 0;; turns++) {
        uint64_t next = next_ms(w);
        if (next > ms)
            break;
        CHECK(w, turns < 4000000, "no end of it");
        if (next > w->now_ms)
            w->now_ms = next;
        sim_packet *k = next_packet(w);
        if (k != NULL && k->at_ms <= w->now_ms)
            deliver(w, k);
        for (unsigned p = 0; p < w->parties; p++)
            station_turn(w, p);
    }
    if (ms > w->now_ms)
        w->now_ms = ms;
}

sim_world *sim_new(uint64_t seed, unsigned parties, bool is_verbose) {
    sim_world *w = calloc(1, sizeof *w);
    OL_ASSERT(w != NULL && parties <= SIM_PARTIES_MAX);
    w->claim = calloc(SIM_SEEN_MAX, sizeof *w->claim);
    OL_ASSERT(w->claim != NULL);
    w->seed = w->rnd = seed, w->parties = parties, w->is_verbose = is_verbose;
    w->path.delay_ms = 20;
    w->now_ms = 1000;
    for (unsigned p = 0; p < parties; p++) {
        uint8_t s[32];
        memset(s, (int)(p * 4 + 1), 32), ol_sign_key_of(s, &w->st[p].log_key);
        memset(s, (int)(p * 4 + 2), 32), ol_sign_key_of(s, &w->st[p].receipt_key);
        memset(w->st[p].static_priv, (int)(p * 4 + 3), 32);
        ol_mem_heap(&w->st[p].disk_mem, 256 << 20);
        OL_ASSERT(ol_store_mem_new(&w->st[p].disk_mem, &w->st[p].store) == OL_OK);
        w->st[p].restart_ms = OL_NEVER;
        snprintf(w->card[p].name, sizeof w->card[p].name, "party-%c", 'a' + (int)p);
        memcpy(w->card[p].log_pk, w->st[p].log_key.pub, 32);
        memcpy(w->card[p].receipt_pk, w->st[p].receipt_key.pub, 32);
        crypto_scalarmult_base(w->card[p].static_pk, w->st[p].static_priv);
    }
    return w;
}

void sim_free(sim_world *w) {
    for (unsigned p = 0; p < w->parties; p++) {
        sim_kill(w, p, false);
        w->st[p].store->ops->close(w->st[p].store);
        if (w->st[p].backup != NULL)
            w->st[p].backup->ops->close(w->st[p].backup);
    }
    free(w->claim);
    free(w);
}
