#include "lib_calls.h"
#include "lib_inner.h"
#include "lib_thin.h"

#include <sodium.h>
#include <string.h>

const uint8_t sim_line_id[OL_LINE_ID_LEN] = "a line to test";
const uint8_t sim_line_secret[32] = "the secret that salts all leaves";
const char *sim_program = "build/clang/sim_line";

uint64_t sim_random(sim_world *w, uint64_t below) { /* splitmix64 */
    uint64_t z = (w->rnd += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return below == 0 ? 0 : z % below;
}

bool sim_one_in(sim_world *w, uint64_t n) {
    return sim_random(w, n) == 0;
}

static uint64_t disk_random(void *ctx, uint64_t below) {
    return sim_random(ctx, below);
}

void sim_mark_trace(sim_world *w, uint64_t v) {
    w->trace = (w->trace ^ v) * UINT64_C(0x100000001B3) + w->now_ms;
}

char sim_name(const sim_world *w, unsigned p) {
    return (char)((p < w->parties ? 'A' : 'a') + w->st[p].party);
}

void sim_replay_line(const sim_world *w) {
    fprintf(stderr, "replay: %s --seed %llu --verbose\n", sim_program, (unsigned long long)w->seed);
}

void *sim_grow(void *v, size_t n, size_t *cap, size_t size) {
    if (n < *cap)
        return v;
    *cap = *cap == 0 ? 16 : 2 * *cap;
    v = realloc(v, *cap * size);
    OL_ASSERT(v != NULL);
    return v;
}

/* ---- a station begins ---- */

static ol_err load_log(void *ctx, const ol_stored_log *g) {
    ol_load_log in = { .key = g->key, .is_closed = g->is_closed, .size = g->size };
    in.frontier = g->frontier, in.frontier_len = g->frontier_len;
    return ol_line_load_log(ctx, &in);
}

typedef struct {
    ol_line *line;
    SIM_VEC(ol_log_key) log;
} loader;

static ol_err load_head(void *ctx, const ol_stored_head *h) {
    return ol_line_load_head(((loader *)ctx)->line, &h->log, h->size, h->root, h->sig);
}

static ol_err load_receipt(void *ctx, const ol_stored_receipt *r) {
    return ol_line_load_receipt(((loader *)ctx)->line, &r->log, r->party, r->size, r->time, r->sig);
}

static ol_err keys_of(void *ctx, const ol_stored_log *g) {
    loader *ld = ctx;
    *SIM_PUSH(&ld->log) = g->key;
    return OL_OK;
}

static ol_err load_evidence(void *ctx, const ol_stored_evidence *e) {
    return ol_line_load_evidence(ctx, &e->log, e->party, e->size, e->time, e->root, e->sig);
}

static ol_err load_state(void *ctx, const char *key, const uint8_t *v, size_t len) {
    return ol_line_load_state(ctx, key, v, len);
}

static void load(sim_world *w, unsigned p) {
    const sim_station *st = &w->st[p];
    ol_store *s = st->store;
    loader ld = { .line = st->line };
    ol_err err = s->ops->logs(s, sim_line_id, load_log, st->line);
    if (err == OL_OK)
        err = s->ops->logs(s, sim_line_id, keys_of, &ld);
    for (size_t i = 0; i < ld.log.n && err == OL_OK; i++) {
        err = s->ops->receipts(s, sim_line_id, &ld.log.v[i], load_receipt, &ld);
        if (err == OL_OK)
            err = s->ops->heads(s, sim_line_id, &ld.log.v[i], 0, load_head, &ld);
    }
    if (err == OL_OK)
        err = s->ops->evidence(s, sim_line_id, load_evidence, st->line);
    if (err == OL_OK)
        err = s->ops->state(s, sim_line_id, load_state, st->line);
    free(ld.log.v);
    CHECK(w, err == OL_OK, "%c: loading: %s", sim_name(w, p), ol_err_name(err));
}

static void make_engine(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    uint8_t seed[32];
    for (unsigned i = 0; i < 32; i++)
        seed[i] = (uint8_t)sim_random(w, 256);
    ol_mem_heap(&s->mem, 64 << 20), ol_mem_heap(&s->secret, 8 << 20);
    ol_line_party card[SIM_PARTIES_MAX];
    memcpy(card, w->card, sizeof card);
    for (unsigned q = 0; q < w->parties; q++)
        card[q].ratchet = s->secrets[q];
    ol_line_opts o = { .mem = &s->mem, .secret = &s->secret, .parties = (uint8_t)w->parties };
    o.self = s->party, o.party = card, o.line_secret = sim_line_secret, o.seed = seed;
    o.limit_entries = s->limit > 0 ? s->limit : w->limit;
    o.limit_bytes = o.limit_entries * 1000, o.joined_wall = w->joined_wall;
    o.epochs = w->epochs;
    memcpy(o.id, sim_line_id, sizeof o.id), memcpy(o.name, "line", 5);
    CHECK(w, ol_switch_new(&s->mem, &s->sw) == OL_OK, "no switch");
    o.sw = s->sw;
    CHECK(w, ol_line_new(&o, &s->line) == OL_OK, "no line");
}

static void paths_up(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    for (unsigned q = 0; q < w->parties; q++)
        for (unsigned slot = 0; q != s->party && slot < w->slots[s->party][q]; slot++) {
            ol_event up = { .kind = EV_PATH_UP };
            up.path.path = (ol_path_id)(q * OL_PATHS_PER_PEER + slot);
            up.path.port = (uint8_t)slot;
            up.path.has_address = up.path.is_ip = true;
            up.path.frame_max = w->net->frame_max[slot][s->party][q];
            const sim_link *link = &w->net->link[slot][s->party][q];
            up.path.rate = link->is_paced ? (uint32_t)link->rate_bps : 0; /* as configured */
            s->address[q][slot] = sim_token(q, slot);
            if (p >= w->parties && link->frame > 0)
                continue; /* the wire goes to one machine */
            if (sim_is_thin(w, p, q, slot))
                sim_thin_begin(w, p, q, slot, &up);
            sim_step(w, p, &up);
        }
}

void sim_start(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    OL_ASSERT(!s->is_up && !s->is_over);
    make_engine(w, p);
    SAY(w, "%c starts%s", sim_name(w, p), s->marker.is_valid ? " with its marker" : "");
    load(w, p);
    s->is_up = true, s->starts++;
    s->mark.n = 0;
    for (unsigned q = 0; q < w->parties; q++)
        if (w->st[q].store->ops->last_seq(w->st[q].store, &s->held[q]) != OL_OK)
            s->held[q] = 0;
    s->timer_ms = s->restart_ms = s->wake_ms = s->commit_ms = OL_NEVER, s->retry_ms = 0;
    ol_event ev = { .kind = EV_START };
    ev.start.marker = s->marker;
    sim_step(w, p, &ev);
    paths_up(w, p);
    sim_duty_begin(w, p);
    sim_turn(w, p);
}

/* ---- what people and the network do ---- */

void sim_submit_read(sim_world *w, unsigned p, uint8_t lane, uint64_t kind, ol_bytes body,
                     const sim_read *read) {
    if (!w->st[p].is_up)
        return;
    sim_said *said = SIM_PUSH(&w->said);
    said->by = (uint8_t)p;
    for (unsigned i = 0; i < OL_ITEM_LEN; i++)
        said->id[i] = (uint8_t)sim_random(w, 256);
    uint8_t id[OL_ITEM_LEN];
    memcpy(id, said->id, sizeof id);
    ol_event ev = { .kind = EV_SUBMIT };
    ev.submit.token = (uint32_t)w->said.n - 1, ev.submit.lane = lane, ev.submit.kind = kind;
    ev.submit.body = body;
    ev.submit.item = id;
    ev.submit.has_read = read != NULL;
    if (read != NULL)
        ev.submit.read = read->v, ev.submit.reads = read->n;
    w->sum.said++;
    SAY(w, "%c says %zu bytes of kind %llu, %s", sim_name(w, p), body.len, (unsigned long long)kind,
        lane == 0 ? "urgent" : "routine");
    sim_step(w, p, &ev);
    sim_turn(w, p);
}

void sim_submit(sim_world *w, unsigned p, uint8_t lane, uint64_t kind, const uint8_t *body,
                size_t len) {
    sim_submit_read(w, p, lane, kind, (ol_bytes){ body, len }, NULL);
}

void sim_say(sim_world *w, unsigned p, uint8_t lane, size_t bytes) {
    uint8_t body[OL_ENTRY_MAX];
    if (!w->st[p].is_up)
        return;
    body[0] = 0x59, body[1] = (uint8_t)(bytes >> 8), body[2] = (uint8_t)bytes; /* a byte string */
    memset(body + 3, (int)sim_random(w, 256), bytes);
    if (bytes < 256)
        body[1] = 0x58, body[2] = (uint8_t)bytes;
    bool is_short = bytes < 256;
    sim_submit(w, p, lane, OL_KIND_MESSAGE, body + is_short, bytes + 3 - is_short);
}

bool sim_arrive(sim_world *w, unsigned p, uint32_t from, unsigned port, const uint8_t *bytes,
                size_t len) {
    const sim_station *s = &w->st[p];
    ol_event ev = { .kind = EV_FRAME };
    if (!s->is_up || ol_switch_find(s->sw, bytes, len, &ev.frame.hit) != OL_OK)
        return false;
    ev.frame.frame = (ol_bytes){ bytes, len };
    ev.frame.from = from, ev.frame.port = (uint8_t)port;
    sim_mark_trace(w, len + p);
    sim_step(w, p, &ev);
    return true;
}

bool sim_inject(sim_world *w, unsigned p, uint32_t from, const uint8_t *bytes, size_t len) {
    bool is_known = sim_arrive(w, p, from, 0, bytes, len);
    sim_turn(w, p);
    return is_known;
}

/* ---- time ---- */

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t next_of(const sim_world *w, unsigned p) {
    const sim_station *s = &w->st[p];
    if (!s->is_up)
        return s->restart_ms;
    uint64_t next = least(least(s->timer_ms, s->wake_ms), s->commit_ms);
    next = least(next, sim_duty_next_ms(w, p));
    return s->wants_commit && s->batch == NULL ? least(next, s->retry_ms) : next;
}

static uint64_t next_ms(const sim_world *w) {
    uint64_t next = sim_net_next_ms(w->net);
    for (unsigned p = 0; p < w->stations; p++)
        next = least(next, next_of(w, p));
    return next;
}

static void station_turn(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    if (!s->is_up && s->restart_ms <= w->now_ms) {
        sim_start(w, p);
        return;
    }
    if (!s->is_up)
        return;
    if (s->timer_ms <= w->now_ms) {
        s->timer_ms = OL_NEVER;
        sim_step(w, p, &(ol_event){ .kind = EV_TIMER });
    }
    sim_turn(w, p);
}

void sim_until(sim_world *w, uint64_t ms) {
    bool is_due[SIM_STATIONS_MAX];
    for (uint64_t turns = 0;; turns++) {
        uint64_t next = next_ms(w);
        if (next > ms)
            break;
        CHECK(w, turns < 4000000, "no end of it");
        if (next > w->now_ms)
            w->now_ms = next;
        for (unsigned p = 0; p < w->stations; p++)
            is_due[p] = next_of(w, p) <= w->now_ms;
        while (sim_net_next_ms(w->net) <= w->now_ms) {
            sim_packet k;
            sim_net_take(w->net, &k);
            if (w->net->link[k.slot][k.from][k.to].frame > 0)
                sim_thin_arrive(w, &k);
            else
                (void)sim_arrive(w, k.to, sim_token(k.from, k.slot), k.slot, k.bytes, k.len);
            is_due[k.to] = true;
        }
        for (unsigned p = 0; p < w->stations; p++)
            if (is_due[p])
                station_turn(w, p);
    }
    if (ms > w->now_ms)
        w->now_ms = ms;
}

void sim_pass_ms(sim_world *w, uint64_t ms) {
    sim_until(w, w->now_ms + ms);
}

/* ---- the world ---- */

static void make_keys(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    uint8_t seed[32];
    memset(seed, (int)(p * 4 + 1), 32), ol_sign_key_of(seed, &s->log_key);
    memset(seed, (int)(p * 4 + 2), 32), ol_sign_key_of(seed, &s->receipt_key);
    memset(s->static_priv, (int)(p * 4 + 3), 32);
    snprintf(w->card[p].name, sizeof w->card[p].name, "party-%c", 'a' + (int)p);
    memcpy(w->card[p].log_pk, s->log_key.pub, 32);
    memcpy(w->card[p].receipt_pk, s->receipt_key.pub, 32);
    crypto_scalarmult_base(w->card[p].static_pk, s->static_priv);
}

sim_world *sim_new_on(uint64_t seed, unsigned parties, bool is_verbose, bool is_sqlite) {
    sim_world *w = calloc(1, sizeof *w);
    OL_ASSERT(w != NULL && parties >= 2 && parties <= SIM_PARTIES_MAX);
    w->claims = sim_claims_new();
    w->net = sim_net_new();
    w->seed = w->rnd = seed, w->parties = w->stations = parties;
    w->is_verbose = is_verbose, w->is_sqlite = is_sqlite;
    w->now_ms = 1000, w->limit = 1000000, w->joined_wall = SIM_WALL;
    w->epochs = (ol_ratchet_times){ .crypto_s = 604800, .courier_s = 2592000 };
    for (unsigned p = 0; p < parties; p++) {
        sim_station *s = &w->st[p];
        make_keys(w, p);
        s->party = (uint8_t)p;
        sim_secrets_begin(w, p);
        s->disk = sim_disk_new(is_sqlite, disk_random, w);
        s->store = sim_disk_store(s->disk);
        s->restart_ms = s->timer_ms = s->wake_ms = s->commit_ms = OL_NEVER;
        for (unsigned q = 0; q < parties; q++)
            w->slots[p][q] = p == q ? 0 : 1;
    }
    return w;
}

sim_world *sim_new(uint64_t seed, unsigned parties, bool is_verbose) {
    return sim_new_on(seed, parties, is_verbose, false);
}

void sim_free(sim_world *w) {
    for (unsigned p = 0; p < w->stations; p++) {
        sim_station *s = &w->st[p];
        sim_kill(w, p, false);
        sim_disk_free(s->disk);
        sim_disk_free(s->backup);
        free(s->mark.v);
        free(s->word.v);
    }
    sim_claims_free(w->claims);
    sim_calls_free(w->calls);
    sim_net_free(w->net);
    free(w->said.v);
    free(w);
}
