/* Sealed bundles out (§5.5): which items, in which order, how many to a bundle; and the seal. */
#include <sodium.h>

#include "line/fork.h"
#include "line/keyring.h"
#include "line/state.h"

typedef struct {
    uint64_t at;      /* the next entry to be put */
    uint64_t head;    /* the largest head that was put, or that the party holds all below */
    uint64_t receipt; /* of ours over it that was put last */
    uint16_t part;    /* bytes of entry `at` that were put */
    bool owes_receipt;
} row; /* of the log of the same place */

typedef struct { /* entries up to the next head that must be sent, and the heads among them */
    size_t n, heads, bytes;
    uint32_t begin[OL_HEAD_EVERY + 1];
    uint64_t head[OL_HEAD_EVERY];
    uint8_t sig[OL_HEAD_EVERY][OL_SIG_LEN];
    uint8_t entry[OL_HEAD_EVERY * OL_ENTRY_MAX];
} ol_run;

struct ol_bundle_plan {
    uint8_t party;
    bool is_all;
    size_t n; /* rows in use */
    size_t cap;
    row *row;
    ol_run run;
    uint8_t items[OL_BUNDLE_MADE - OL_BUNDLE_OVERHEAD];
};

typedef struct {
    ol_line *l;
    ol_bundle_plan *plan;
    const ol_bundle_source *source;
    ol_wr w;
    const ol_log *log; /* the LOG item that is in force */
    bool is_left;      /* something did not fit, or could not be read */
    ol_err err;        /* of the first log that could not be */
    ol_bundle_made made;
} maker;

/* ---- the plan ---- */

ol_err ol_bundle_plan_new(ol_line *l, uint8_t party, ol_bundle_plan **ret) {
    ol_bundle_plan *plan = ol_mem_get0(l->mem, 1, sizeof *plan);
    if (plan == NULL)
        return OL_ENOMEM;
    plan->party = party;
    *ret = plan;
    return OL_OK;
}

void ol_bundle_plan_free(ol_line *l, ol_bundle_plan *plan) {
    if (plan == NULL)
        return;
    ol_mem_put(l->mem, plan->row, plan->cap, sizeof *plan->row);
    ol_mem_put(l->mem, plan, 1, sizeof *plan);
}

static bool is_sent(const ol_line *l, const ol_log *log, uint8_t party) {
    return log->head_size > 0 && !log->sync[party].is_apart && ol_keyring_is_for(l, log, party);
}

static bool is_newest(const ol_line *l, const ol_log *log) {
    for (size_t i = log->place + 1; i < l->log.n; i++) {
        const ol_log *o = l->log.v[i];
        if (o->key.party == log->key.party && o->key.lane == log->key.lane && o->head_size > 0)
            return false;
    }
    return true;
}

/* Our receipt over its log may not be with it: it asks for it by what it repeats, or it has not
 * said that it is, and the log is the present one or the receipt younger than couriers may be. */
static bool may_lack_receipt(const ol_line *l, const ol_log *log, uint8_t party) {
    const ol_got *g = &log->got[l->self];
    const ol_sync *s = &log->sync[party];
    if (log->key.party != party || !g->is_signed || g->size <= s->knows)
        return false;
    return s->owe_receipt || is_newest(l, log) || l->wall < g->time ||
           l->wall - g->time < l->epochs.courier_s;
}

static void look(const ol_line *l, ol_bundle_plan *plan, const ol_log *log, ol_plan_how how) {
    const ol_sync *s = &log->sync[plan->party];
    row *r = &plan->row[log->place];
    uint64_t holds = log->is_own && !log->is_forked ? s->floor : s->believed;
    bool is_new = how == OL_PLAN_NEW;
    if (how == OL_PLAN_ALL && log->key.party != plan->party)
        holds = 0;
    if (!is_new || r->head < holds)
        r->at = r->head = holds, r->part = 0;
    const ol_got *g = &log->got[l->self];
    bool is_put = is_new && r->receipt == g->size && !s->owe_receipt;
    r->owes_receipt = how == OL_PLAN_ALL
                          ? log->key.party == plan->party && g->is_signed && g->size > 0
                          : may_lack_receipt(l, log, plan->party) && !is_put;
}

ol_err ol_bundle_plan_look(ol_line *l, ol_bundle_plan *plan, ol_plan_how how) {
    bool has_some = false;
    if (plan->party >= l->parties || plan->party == l->self ||
        !ol_keyring_is_member(l, plan->party))
        return OL_ESTATE;
    if (plan->cap < l->log.n) {
        row *grown = ol_mem_grow(l->mem, plan->row, &plan->cap, l->log.n, sizeof *grown);
        if (grown == NULL)
            return OL_ENOMEM;
        plan->row = grown;
    }
    for (size_t i = 0; i < l->log.n; i++) {
        const ol_log *log = l->log.v[i];
        if (!is_sent(l, log, plan->party))
            continue;
        look(l, plan, log, how);
        has_some = has_some || plan->row[i].head < log->head_size || plan->row[i].owes_receipt;
    }
    plan->n = l->log.n, plan->is_all = how == OL_PLAN_ALL;
    return has_some ? OL_OK : OL_ENOENT;
}

/* ---- items ---- */

static size_t room(const maker *k, const ol_log *log) {
    size_t left = k->w.cap - k->w.len, need = k->log == log ? 0 : 1 + OL_INC_LEN;
    return left > need ? left - need : 0;
}

static bool put(maker *k, const ol_log *log, const ol_item *it) {
    if (ol_item_len(it) > room(k, log))
        return false;
    if (k->log != log)
        ol_item_put(&k->w, &(ol_item){ .type = OL_ITEM_LOG_FULL, .log = log->key });
    k->log = log;
    ol_item_put(&k->w, it);
    return true;
}

static ol_err take_entry(void *ctx, const uint8_t *entry, size_t len) {
    ol_run *run = ctx;
    if (run->n == OL_HEAD_EVERY || len > OL_ENTRY_MAX)
        return OL_ECONFLICT;
    memcpy(run->entry + run->bytes, entry, len);
    run->bytes += len;
    run->begin[++run->n] = (uint32_t)run->bytes;
    return OL_OK;
}

static ol_err take_head(void *ctx, uint64_t size, const uint8_t sig[OL_SIG_LEN]) {
    ol_run *run = ctx;
    if (run->heads == OL_HEAD_EVERY)
        return OL_ECONFLICT;
    run->head[run->heads] = size;
    memcpy(run->sig[run->heads++], sig, OL_SIG_LEN);
    return OL_OK;
}

/* The entries from r->at to where a head must stand, and the heads there are (§3.2). The last head
 * of all may be signed and not stored yet. */
static OL_MUST ol_err fetch(maker *k, const ol_log *log, const row *r) {
    ol_run *run = &k->plan->run;
    uint64_t end = (r->head / OL_HEAD_EVERY + 1) * OL_HEAD_EVERY;
    end = end < log->head_size ? end : log->head_size;
    run->n = run->heads = run->bytes = 0;
    ol_err err = OL_OK;
    if (r->at < end)
        err = k->source->entries(k->source->ctx, &log->key, r->at, end, take_entry, run);
    if (err == OL_OK && run->n != end - r->at)
        err = OL_ECONFLICT;
    uint64_t from = r->at > r->head ? r->at : r->head + 1;
    if (err == OL_OK)
        err = k->source->heads(k->source->ctx, &log->key, from, end, take_head, run);
    bool has_end = run->heads > 0 && run->head[run->heads - 1] == end;
    if (err == OL_OK && end == log->head_size && !has_end)
        err = take_head(run, end, log->head_sig);
    return err;
}

static ol_item entry_item(const ol_run *run, uint64_t at, size_t i) {
    return (ol_item){ .type = i > 0 ? OL_ITEM_NEXT : OL_ITEM_ENTRY,
                      .index = at + i,
                      .p = run->entry + run->begin[i],
                      .len = run->begin[i + 1] - run->begin[i] };
}

static ol_item head_item(const ol_run *run, size_t i) {
    return (
        ol_item){ .type = OL_ITEM_HEAD, .size = run->head[i], .p = run->sig[i], .len = OL_SIG_LEN };
}

/* The largest head that fits together with the entries before it: its place plus one. */
static size_t best(const maker *k, const ol_log *log, const row *r) {
    const ol_run *run = &k->plan->run;
    size_t found = 0, cost = 0, n = 0, has = room(k, log);
    for (size_t i = 0; i < run->heads; i++) {
        for (; r->at + n < run->head[i]; n++) {
            ol_item it = entry_item(run, r->at, n);
            cost += ol_item_len(&it);
        }
        ol_item head = head_item(run, i);
        if (cost + ol_item_len(&head) <= has)
            found = i + 1;
    }
    return found;
}

static void put_run(maker *k, const ol_log *log, row *r, size_t at_head) {
    const ol_run *run = &k->plan->run;
    ol_item head = head_item(run, at_head);
    for (size_t i = 0; r->at + i < head.size; i++) {
        ol_item it = entry_item(run, r->at, i);
        bool is_put = put(k, log, &it);
        OL_ASSERT(is_put); /* it was counted */
        k->made.entries++;
    }
    bool is_put = put(k, log, &head);
    OL_ASSERT(is_put);
    r->at = r->head = head.size;
    ol_sync *s = &k->l->log.v[log->place]->sync[k->plan->party];
    if (r->head > s->sent_max)
        s->sent_max = r->head, s->note_sent = true;
}

/* Into an empty bundle no head fits with what comes before it: so that goes ahead, an entry that is
 * too long for a bundle in pieces. */
static void put_pieces(maker *k, const ol_log *log, row *r) {
    const ol_run *run = &k->plan->run;
    uint64_t at = r->at;
    for (size_t i = 0; i < run->n; i++) {
        ol_item it = entry_item(run, at, i);
        it.type = OL_ITEM_ENTRY;
        if (r->part == 0 && put(k, log, &it)) {
            r->at++, k->made.entries++;
            continue;
        }
        size_t cost = 1 + 8 + 2 + 2 + 2, has = room(k, log), left = it.len - r->part;
        if (has <= cost)
            return;
        ol_item part = { .type = OL_ITEM_PART, .index = r->at, .total = it.len };
        part.offset = r->part, part.p = it.p + r->part;
        part.len = has - cost < left ? has - cost : left;
        bool is_put = put(k, log, &part);
        OL_ASSERT(is_put);
        r->part = (uint16_t)(r->part + part.len);
        if (r->part < it.len)
            return;
        r->part = 0, r->at++, k->made.entries++;
    }
}

static OL_MUST ol_err put_entries(maker *k, const ol_log *log) {
    row *r = &k->plan->row[log->place];
    while (r->head < log->head_size) {
        ol_err err = fetch(k, log, r);
        if (err != OL_OK)
            return err;
        if (k->plan->run.heads == 0)
            return OL_OK; /* being signed: it is there when one looks again */
        size_t n = r->part > 0 ? 0 : best(k, log, r);
        if (n > 0) {
            put_run(k, log, r, n - 1);
            continue;
        }
        k->is_left = true;
        if (k->w.len == 0)
            put_pieces(k, log, r);
        return OL_OK;
    }
    return OL_OK;
}

static void put_receipt(maker *k, const ol_log *log) {
    row *r = &k->plan->row[log->place];
    const ol_got *g = &log->got[k->l->self];
    ol_item it = { .type = OL_ITEM_RECEIPT, .party = k->l->self, .size = g->size };
    it.time = g->time, it.p = g->sig, it.len = OL_SIG_LEN;
    if (!r->owes_receipt)
        return;
    if (!put(k, log, &it)) {
        k->is_left = true;
        return;
    }
    r->owes_receipt = false, r->receipt = g->size;
    if (!ol_sync_is_live(k->l, k->plan->party)) /* else it goes there too */
        k->l->log.v[log->place]->sync[k->plan->party].owe_receipt = false;
    k->made.receipts++;
}

/* ---- the order ---- */

static void keep_fault(maker *k, ol_err err) {
    if (err == OL_OK)
        return;
    k->is_left = true;
    k->err = k->err == OL_OK ? err : k->err;
}

/* A log that cannot be read keeps no other back. */
static void put_lane(maker *k, uint8_t lane) {
    for (unsigned pass = 0; pass < 3; pass++)
        for (size_t i = 0; i < k->plan->n; i++) {
            const ol_log *log = k->l->log.v[i];
            if (log->key.lane != lane || !is_sent(k->l, log, k->plan->party))
                continue;
            if (pass == 1)
                put_receipt(k, log);
            else if (log->is_own == (pass == 0))
                keep_fault(k, put_entries(k, log));
        }
}

/* What others have receipted, and how much we hold ourselves: where there is room, in the last
 * bundle of a plan. */
static void fill(maker *k) {
    const ol_line *l = k->l;
    uint8_t party = k->plan->party;
    for (size_t i = 0; i < k->plan->n; i++) {
        const ol_log *log = l->log.v[i];
        ol_item note, have = { .type = OL_ITEM_HAVE, .size = log->stored };
        if (!is_sent(l, log, party) || (!k->plan->is_all && !is_newest(l, log)))
            continue;
        if (ol_fork_note_of(l, log, party, &note))
            (void)put(k, log, &note);
        for (uint8_t p = 0; p < l->parties && log->key.party == party; p++) {
            const ol_got *g = &log->got[p];
            ol_item it = { .type = OL_ITEM_RECEIPT, .party = p, .size = g->size, .time = g->time };
            it.p = g->sig, it.len = OL_SIG_LEN;
            if (p != l->self && p != party && g->is_signed && g->size > 0)
                (void)put(k, log, &it);
        }
        if (log->is_own)
            have.receipt = log->got[party].is_signed ? log->got[party].size : 0;
        bool is_told = log->key.party == party && log->got[l->self].size == log->stored;
        if (log->is_own ? have.receipt > 0 : !is_told)
            (void)put(k, log, &have);
    }
}

/* ---- the seal ---- */

static OL_MUST ol_err seal(maker *k, uint8_t *buf, size_t max) {
    ol_line *l = k->l;
    uint8_t party = k->plan->party, e[32];
    ol_noise hs;
    ol_bundle_clear *clear = &k->made.clear;
    memcpy(clear->hint, ol_epoch_hint(l, party), OL_HINT_LEN);
    clear->epoch = l->vault->pair[party].r.send, clear->counter = l->counter++;
    ol_wr w = ol_wr_of(buf, max);
    ol_wr_put(&w, clear->hint, OL_HINT_LEN);
    ol_wr_be(&w, clear->epoch, 2);
    ol_wr_be(&w, clear->counter, 8);
    ol_session_noise(l, party, OL_NOISE_KPSK0, true, buf, &hs);
    ol_random(l, e, sizeof e);
    ol_err err = ol_noise_write1(&hs, e, l->vault->pair[party].ss, k->w.p, k->w.len, &w);
    sodium_memzero(e, sizeof e);
    ol_noise_wipe(&hs);
    k->made.len = w.len;
    return err;
}

ol_err ol_bundle_seal(ol_line *l, ol_bundle_plan *plan, const ol_bundle_source *source,
                      uint8_t *buf, size_t max, ol_bundle_made *ret) {
    OL_ASSERT(max >= OL_BUNDLE_LEAST && max <= OL_BUNDLE_MADE && plan->n <= l->log.n);
    if (!l->is_started || !l->vault->pair[plan->party].has_ss || l->counter >= l->reserved)
        return OL_EAGAIN;
    maker k = { .l = l, .plan = plan, .source = source };
    k.w = ol_wr_of(plan->items, max - OL_BUNDLE_OVERHEAD);
    for (uint8_t lane = 0; lane < OL_LANES; lane++)
        put_lane(&k, lane);
    ol_err err = k.w.len > 0 ? OL_OK : k.err != OL_OK ? k.err : OL_ENOENT;
    if (err == OL_OK && !k.is_left)
        fill(&k);
    if (err == OL_OK)
        err = seal(&k, buf, max);
    sodium_memzero(plan->items, k.w.len);
    if (err != OL_OK)
        return err;
    k.made.has_more = k.is_left;
    *ret = k.made;
    return OL_OK;
}
