/* What must hold at every moment, whatever happens (docs/PROTOCOL.md §3.3, §3.6, §6.3). */
#include "lib_inner.h"

#include <string.h>

#include "crypto/hash.h"
#include "crypto/keys.h"
#include "record/checkpoint.h"
#include "record/merkle.h"

enum { TABLE = 1 << 16, HEAP_BASE = 3 << 20, HEAP_LOG = 24 << 10, SECRET_MAX = 1 << 20 };

typedef struct {
    bool is_receipt;
    uint8_t party;
    ol_log_key log;
    uint8_t root[32];
    uint64_t size, time;
    size_t next; /* of the same log, 1 + place; 0: none */
} claim;

struct sim_claims { /* in order of signing; by a hash of the log's key */
    SIM_VEC(claim) all;
    size_t first[TABLE];
};

struct sim_claims *sim_claims_new(void) {
    struct sim_claims *c = calloc(1, sizeof *c);
    OL_ASSERT(c != NULL);
    return c;
}

void sim_claims_free(struct sim_claims *c) {
    free(c->all.v);
    free(c);
}

static size_t slot_of(const ol_log_key *key) {
    size_t h = (size_t)key->party * 2 + key->lane;
    for (size_t i = 0; i < OL_INC_LEN; i++)
        h = (h * 31 + key->incarnation[i]) % TABLE;
    return h;
}

/* ---- the author's own disk ---- */

typedef struct {
    const claim *claim;
    bool is_found;
} claim_search;

static ol_err on_claim_receipt(void *ctx, const ol_stored_receipt *r) {
    claim_search *s = ctx;
    if (r->party == s->claim->party && r->size == s->claim->size && r->time == s->claim->time)
        s->is_found = true;
    return OL_OK;
}

/* The log's author has this receipt in its store now. */
static bool is_on_disk(const sim_world *w, const claim *c) {
    ol_store *s = w->st[c->log.party].store;
    claim_search search = { .claim = c };
    return s->ops->receipts(s, sim_line_id, &c->log, on_claim_receipt, &search) == OL_OK &&
           search.is_found;
}

static bool has_two_homes(const sim_world *w, unsigned party) {
    unsigned n = 0;
    for (unsigned p = 0; p < w->stations; p++)
        n += w->st[p].party == party;
    return n > 1;
}

/* ---- signing ---- */

static uint8_t hex(char c) {
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* line/party-a/urgent/0011223344556677 */
static ol_log_key key_of(const ol_checkpoint *cp) {
    const char *at = cp->origin.p + strlen("line/party-");
    ol_log_key key = { .party = (uint8_t)(at[0] - 'a') };
    key.lane = at[2] == 'u' ? OL_LANE_URGENT : OL_LANE_ROUTINE;
    const char *inc = cp->origin.p + cp->origin.len - 2 * OL_INC_LEN;
    for (size_t i = 0; i < OL_INC_LEN; i++)
        key.incarnation[i] = (uint8_t)(hex(inc[2 * i]) << 4 | hex(inc[2 * i + 1]));
    return key;
}

static claim claim_of(const sim_world *w, unsigned p, const ol_effect *fx) {
    const char *text = (const char *)fx->sign.text;
    size_t len = fx->sign.len;
    claim c = { .is_receipt = fx->sign.key == OL_KEY_RECEIPT, .party = w->st[p].party };
    if (c.is_receipt) {
        unsigned long long time = 0;
        CHECK(w, sscanf(text, "cosignature/v1\ntime %llu\n", &time) == 1, "no time in a receipt");
        c.time = time;
        const char *at = memchr(text + 15, '\n', len - 15);
        len -= (size_t)(at + 1 - text), text = at + 1;
    }
    ol_checkpoint cp;
    CHECK(w, ol_checkpoint_get(text, len, &cp) == OL_OK, "what is signed is no checkpoint");
    c.log = key_of(&cp);
    c.size = cp.size;
    memcpy(c.root, cp.root.b, 32);
    return c;
}

/* Logs of a liar, or of whose key was stolen, may have two histories. */
static bool may_fork(const sim_world *w, const ol_log_key *log) {
    return w->st[log->party].is_liar || w->st[log->party].is_stolen;
}

/* Then each honest party is to hold to one. */
static bool is_comparable(const sim_world *w, const claim *a, const claim *b) {
    if (!may_fork(w, &a->log))
        return true;
    return a->party == b->party && !w->st[a->party].has_lost && !has_two_homes(w, a->party);
}

static void against(sim_world *w, unsigned p, const claim *c, const claim *o) {
    if (o->size == c->size && is_comparable(w, c, o))
        CHECK(w, memcmp(o->root, c->root, 32) == 0, "%c: two roots for a log of %s, size %llu",
              sim_name(w, p), w->card[c->log.party].name, (unsigned long long)c->size);
    if (!c->is_receipt || !o->is_receipt || o->party != c->party || has_two_homes(w, c->party))
        return;
    if (o->size == c->size && !w->st[p].has_lost)
        CHECK(w, o->time == c->time, "%c: two receipts for one size", sim_name(w, p));
    if (o->size < c->size && o->time > c->time)
        CHECK(w, !is_on_disk(w, o), "%c: the times of receipts go back", sim_name(w, p));
    if (o->size > c->size && !w->st[p].has_lost)
        CHECK(w, false, "%c: a receipt of %llu after one of %llu", sim_name(w, p),
              (unsigned long long)c->size, (unsigned long long)o->size);
}

/* ---- after a disk was set back: no word against what the log's author held already ---- */

typedef struct {
    const claim *claim;
    uint64_t held, size; /* size: of a receipt that stood there before, as large or larger; or 0 */
} held_search;

static ol_err on_held_receipt(void *ctx, const ol_stored_receipt *r) {
    held_search *s = ctx;
    if (r->party == s->claim->party && r->size >= s->claim->size && r->seq <= s->held)
        s->size = r->size;
    return OL_OK;
}

static void against_held(sim_world *w, unsigned p, const claim *c) {
    unsigned by = c->log.party;
    held_search search = { .claim = c, .held = w->st[p].held[by] };
    ol_store *s = w->st[by].store;
    if (search.held == 0 || w->st[by].is_liar || has_two_homes(w, by) || has_two_homes(w, c->party))
        return;
    CHECK(w, s->ops->receipts(s, sim_line_id, &c->log, on_held_receipt, &search) == OL_OK,
          "%c: its receipts cannot be read", sim_name(w, by));
    CHECK(w, search.size == 0, "%c: a receipt of %llu, and %s held one of %llu when it started",
          sim_name(w, p), (unsigned long long)c->size, w->card[by].name,
          (unsigned long long)search.size);
}

static sim_word *word_of(sim_station *s, const ol_log_key *log) {
    for (size_t i = s->word.n; i > 0; i--)
        if (ol_log_key_eq(&s->word.v[i - 1].log, log))
            return &s->word.v[i - 1];
    sim_word *made = SIM_PUSH(&s->word);
    made->log = *log;
    return made;
}

void sim_check_sign(sim_world *w, unsigned p, const ol_effect *fx) {
    sim_station *s = &w->st[p];
    struct sim_claims *all = w->claims;
    claim c = claim_of(w, p, fx);
    SAY(w, "%c signs a %s of %s/%c/%02x%02x, size %llu time %llu", sim_name(w, p),
        c.is_receipt ? "receipt" : "head", w->card[c.log.party].name, c.log.lane == 0 ? 'u' : 'r',
        c.log.incarnation[0], c.log.incarnation[1], (unsigned long long)c.size,
        (unsigned long long)c.time);
    CHECK(w, sim_size_in(s->store, &c.log) >= c.size, "%c signs what is not on its disk",
          sim_name(w, p));
    bool is_again = false;
    for (size_t i = all->first[slot_of(&c.log)]; i > 0; i = all->all.v[i - 1].next) {
        const claim *o = &all->all.v[i - 1];
        if (!ol_log_key_eq(&o->log, &c.log))
            continue;
        against(w, p, &c, o);
        is_again = is_again || (o->is_receipt == c.is_receipt && o->party == c.party &&
                                o->size == c.size && o->time == c.time);
    }
    if (c.is_receipt && !is_again) {
        against_held(w, p, &c);
        CHECK(w, c.time >= s->time_floor, "%c: a receipt earlier than the one before",
              sim_name(w, p));
        s->time_floor = c.time;
    }
    sim_word *word = word_of(s, &c.log);
    word->size = c.size > word->size ? c.size : word->size;
    if (is_again)
        return;
    c.next = all->first[slot_of(&c.log)];
    *SIM_PUSH(&all->all) = c;
    all->first[slot_of(&c.log)] = all->all.n;
}

/* ---- what engines tell ---- */

/* Whoever signed has it on disk, unless the disk was set back since: only the world knows. */
static void receipted(sim_world *w, unsigned party, const ol_log_key *log, uint64_t size) {
    bool is_there = false;
    for (unsigned p = 0; p < w->stations; p++) {
        const sim_station *s = &w->st[p];
        if (s->party == party && !s->is_over)
            is_there = is_there || s->has_lost || s->is_liar || sim_size_in(s->store, log) >= size;
    }
    CHECK(w, is_there, "receipted, and not on the disk of %s", w->card[party].name);
}

void sim_check_note(sim_world *w, unsigned p, const ol_effect *fx) {
    sim_station *s = &w->st[p];
    const ol_log_key *log = &fx->notify.log;
    s->notes += fx->notify.what != OL_NOTE_DELAYS; /* of those who know our keys, for a while */
    if (fx->notify.what == OL_NOTE_RECOVERED)
        s->recovered++;
    if (fx->notify.what == OL_NOTE_INCARNATION)
        s->opened++;
    if (fx->notify.what == OL_NOTE_COPY)
        CHECK(w, w->stations > w->parties || s->is_stolen, "%c: a copy, and there is none",
              sim_name(w, p));
    if (fx->notify.what == OL_NOTE_FORK) {
        s->forks++;
        CHECK(w, may_fork(w, log) || w->st[fx->notify.party].is_liar,
              "%c sees a fork of the honest %s", sim_name(w, p), w->card[log->party].name);
    }
    bool is_state = fx->notify.what == OL_NOTE_STORED || fx->notify.what == OL_NOTE_SENT ||
                    fx->notify.what == OL_NOTE_RECEIPT;
    if (!is_state)
        return;
    sim_mark *m = NULL;
    for (size_t i = s->mark.n; i > 0 && m == NULL; i--)
        if (s->mark.v[i - 1].what == fx->notify.what &&
            s->mark.v[i - 1].party == fx->notify.party && ol_log_key_eq(&s->mark.v[i - 1].log, log))
            m = &s->mark.v[i - 1];
    if (m == NULL) {
        m = SIM_PUSH(&s->mark);
        m->what = fx->notify.what, m->party = fx->notify.party, m->log = *log;
    }
    CHECK(w, fx->notify.size >= m->size, "%c: a state goes back, from %llu to %llu", sim_name(w, p),
          (unsigned long long)m->size, (unsigned long long)fx->notify.size);
    m->size = fx->notify.size;
    if (fx->notify.what == OL_NOTE_STORED || fx->notify.what == OL_NOTE_RECEIPT)
        CHECK(w, sim_size_in(s->store, log) >= fx->notify.size,
              "%c tells %s %llu of a log of %s, and has %llu", sim_name(w, p),
              fx->notify.what == OL_NOTE_STORED ? "stored" : "receipted",
              (unsigned long long)fx->notify.size, w->card[log->party].name,
              (unsigned long long)sim_size_in(s->store, log));
    if (fx->notify.what == OL_NOTE_RECEIPT && fx->notify.party != s->party) {
        w->sum.receipts++;
        receipted(w, fx->notify.party, log, fx->notify.size);
    }
}

void sim_check_reply(sim_world *w, unsigned p, const ol_effect *fx) {
    CHECK(w, fx->reply.token < w->said.n && w->said.v[fx->reply.token].by == p,
          "%c: a reply to nothing", sim_name(w, p));
    if (fx->reply.err != OL_OK)
        return;
    sim_said *said = &w->said.v[fx->reply.token];
    said->is_told = true, said->log = fx->reply.log, said->index = fx->reply.index;
    CHECK(w, sim_size_in(w->st[p].store, &said->log) > said->index, "told durable, and it is not");
    sim_word *word = word_of(&w->st[p], &said->log);
    word->size = said->index + 1 > word->size ? said->index + 1 : word->size;
}

void sim_check_step(sim_world *w, unsigned p) {
    const sim_station *s = &w->st[p];
    size_t bound = HEAP_BASE + (s->word.n + 64 + w->logs_more) * HEAP_LOG;
    CHECK(w, s->mem.used <= bound, "%c: %zu bytes of memory, %zu are the bound", sim_name(w, p),
          s->mem.used, bound);
    bool has_liar = w->has_forger;
    for (unsigned q = 0; q < w->stations; q++)
        has_liar = has_liar || w->st[q].is_liar;
    uint64_t delayed = ol_line_count(s->line, OL_COUNT_HANDSHAKES_DELAYED) +
                       ol_line_count(s->line, OL_COUNT_REQUESTS_DELAYED);
    CHECK(w, has_liar || delayed == 0, "%c: the honest are delayed", sim_name(w, p));
    CHECK(w, s->secret.used <= SECRET_MAX, "%c: %zu bytes of secret memory", sim_name(w, p),
          s->secret.used);
}

/* All that a station signed or called durable is there when power is back. */
void sim_check_disk(sim_world *w, unsigned p) {
    const sim_station *s = &w->st[p];
    for (size_t i = 0; i < s->word.n; i++) {
        uint64_t size = sim_size_in(s->store, &s->word.v[i].log);
        CHECK(w, size >= s->word.v[i].size, "%c had given its word for %llu entries, and has %llu",
              sim_name(w, p), (unsigned long long)s->word.v[i].size, (unsigned long long)size);
    }
}

/* ---- the end: every entry once more ---- */

typedef struct {
    sim_world *w;
    unsigned p;
    ol_log_key key;
    ol_frontier tree;
    uint64_t checked;
} reading;

static ol_err read_entry(void *ctx, const ol_stored_entry *e) {
    reading *r = ctx;
    const struct sim_claims *all = r->w->claims;
    uint8_t leaf[OL_LEAF_MAX];
    char origin[OL_NOTE_NAME_MAX + 1];
    size_t n = ol_checkpoint_origin("line", r->w->card[r->key.party].name, &r->key, origin);
    ol_keys_salt(sim_line_secret, origin, n, r->tree.size, leaf);
    memcpy(leaf + OL_SALT_LEN, e->entry, e->len);
    ol_hash hash = ol_merkle_leaf(leaf, OL_SALT_LEN + e->len);
    OL_ASSERT(ol_frontier_append(&r->tree, &hash) == OL_OK);
    ol_hash root = ol_frontier_root(&r->tree);
    for (size_t i = all->first[slot_of(&r->key)]; i > 0; i = all->all.v[i - 1].next) {
        const claim *c = &all->all.v[i - 1];
        if (!ol_log_key_eq(&c->log, &r->key) || c->size != r->tree.size ||
            (may_fork(r->w, &r->key) && c->party != r->w->st[r->p].party))
            continue;
        CHECK(r->w, memcmp(c->root, root.b, 32) == 0, "%c: its entries are not those it signed",
              sim_name(r->w, r->p));
        r->checked++;
    }
    return OL_OK;
}

static ol_err read_log(void *ctx, const ol_stored_log *g) {
    sim_log_keys *keys = ctx;
    *SIM_PUSH(keys) = g->key;
    return OL_OK;
}

void sim_check_end(sim_world *w) {
    for (unsigned p = 0; p < w->stations; p++) {
        sim_station *s = &w->st[p];
        sim_log_keys keys = { 0 };
        if (s->is_liar || s->is_over)
            continue;
        OL_ASSERT(s->store->ops->logs(s->store, sim_line_id, read_log, &keys) == OL_OK);
        for (size_t i = 0; i < keys.n; i++) {
            reading r = { .w = w, .p = p, .key = keys.v[i] };
            ol_frontier_clear(&r.tree);
            CHECK(w,
                  s->store->ops->entries(s->store, sim_line_id, &r.key, 0, OL_SIZE_MAX, read_entry,
                                         &r) == OL_OK,
                  "entries cannot be read");
            CHECK(w, r.tree.size == sim_size_in(s->store, &r.key), "%c: entries are missing",
                  sim_name(w, p));
        }
        free(keys.v);
        sim_check_disk(w, p);
    }
}

bool sim_was_signed(const sim_world *w, const ol_log_key *log, uint8_t party, uint64_t size,
                    uint64_t time) {
    const struct sim_claims *all = w->claims;
    for (size_t i = all->first[slot_of(log)]; i > 0; i = all->all.v[i - 1].next) {
        const claim *c = &all->all.v[i - 1];
        if (c->is_receipt && c->party == party && c->size == size && c->time == time &&
            ol_log_key_eq(&c->log, log))
            return true;
    }
    return false;
}
