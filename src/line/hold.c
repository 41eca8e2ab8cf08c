/* Entries that no head covers yet, kept apart per source until one does (§3.5). */
#include "line/fork.h"
#include "line/hold.h"
#include "line/keyring.h"
#include "line/state.h"

enum { HELD_MAX = 2048, SWEEP_MS = 1000 };

static uint64_t size_of(const ol_log *log) {
    return log == NULL ? 0 : log->tree.size;
}

/* What is held lies in the order of log and index: where this one is or would be. */
static size_t lower(const ol_hold *h, const ol_log_key *key, uint64_t index) {
    size_t lo = 0, hi = h->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = memcmp(&h->v[mid].log, key, sizeof *key);
        if (order < 0 || (order == 0 && h->v[mid].index < index))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static ol_held *find(ol_hold *h, const ol_log_key *key, uint64_t index) {
    size_t at = lower(h, key, index);
    bool is_there = at < h->n && h->v[at].index == index && ol_log_key_eq(&h->v[at].log, key);
    return is_there ? &h->v[at] : NULL;
}

static void release(ol_line *l, ol_hold *h, const ol_held *e) {
    ol_mem_put(l->mem, e->p, e->total, 1);
    h->bytes -= e->total;
}

/* Drops what is held of a log from one index to below another. */
static size_t drop(ol_line *l, ol_hold *h, const ol_log_key *key, uint64_t from, uint64_t to) {
    size_t begin = lower(h, key, from), end = lower(h, key, to);
    for (size_t i = begin; i < end; i++)
        release(l, h, &h->v[i]);
    memmove(&h->v[begin], &h->v[end], (h->n - end) * sizeof *h->v);
    h->n -= end - begin;
    return end - begin;
}

/* Drops what another source brought in the meantime and what no head has come for in a while. */
static void sweep(ol_line *l, uint8_t source) {
    ol_hold *h = &l->peer[source].hold;
    const uint64_t rest = ol_max_ms(OL_HOLD_MS, 4 * ol_path_repeat_ms(l, source));
    size_t kept = 0;
    uint64_t have = 0;
    for (size_t i = 0; i < h->n; i++) {
        ol_held e = h->v[i];
        if (i == 0 || !ol_log_key_eq(&e.log, &h->v[i - 1].log))
            have = size_of(ol_log_find(l, &e.log));
        if (e.index >= have && l->mono_ms - e.since_ms < rest)
            h->v[kept++] = e;
        else
            release(l, h, &e), l->count[OL_COUNT_PROVISIONAL_DROPPED]++;
    }
    h->n = kept;
}

static bool has_room(ol_line *l, uint8_t source, size_t total) {
    ol_hold *h = &l->peer[source].hold;
    bool has = h->n < HELD_MAX && total <= OL_HOLD_BYTES - h->bytes;
    if (has || l->mono_ms - h->swept_ms < SWEEP_MS)
        return has;
    h->swept_ms = l->mono_ms;
    sweep(l, source);
    return h->n < HELD_MAX && total <= OL_HOLD_BYTES - h->bytes;
}

static ol_held *make(ol_line *l, uint8_t source, const ol_log_key *key, uint64_t index,
                     size_t total) {
    ol_hold *h = &l->peer[source].hold;
    if (!has_room(l, source, total))
        return NULL;
    uint8_t *p = ol_mem_get0(l->mem, total, 1);
    if (p == NULL || !ol_push(l->mem, (void **)&h->v, &h->n, &h->cap, sizeof *h->v)) {
        ol_mem_put(l->mem, p, total, 1);
        return NULL;
    }
    h->bytes += total;
    h->n--;
    ol_held *e = &h->v[lower(h, key, index)];
    memmove(e + 1, e, (size_t)(&h->v[h->n] - e) * sizeof *e);
    h->n++;
    *e = (ol_held){ .log = *key, .index = index, .p = p, .total = (uint32_t)total };
    e->since_ms = l->mono_ms;
    return e;
}

void ol_hold_entry(ol_line *l, uint8_t source, const ol_log_key *key, const ol_item *it) {
    ol_hold *h = &l->peer[source].hold;
    uint64_t have = size_of(ol_log_find(l, key));
    size_t total = it->type == OL_ITEM_PART ? (size_t)it->total : it->len;
    uint64_t offset = it->type == OL_ITEM_PART ? it->offset : 0;
    if (it->index < have || it->index - have > OL_SPAN_MAX)
        return;
    if (key->lane == OL_LANE_ROUTINE && ol_credit_late_s(l, key) > 0) {
        l->count[OL_COUNT_PROVISIONAL_DROPPED]++;
        return; /* its head would wait: it comes again, and the room is for others */
    }
    ol_held *e = find(h, key, it->index);
    if (e != NULL && e->total != total) { /* it was told otherwise before: begin again */
        (void)drop(l, h, key, it->index, it->index + 1);
        e = NULL;
    }
    if (e == NULL && offset == 0)
        e = make(l, source, key, it->index, total);
    if (e == NULL || offset > e->len || it->len <= e->len - offset) {
        l->count[OL_COUNT_PROVISIONAL_DROPPED]++;
        return; /* no room, a repeat, or a piece out of turn: it will be sent again */
    }
    size_t have_of_it = e->len - (size_t)offset; /* pieces may be cut differently each time */
    memcpy(e->p + e->len, it->p + have_of_it, it->len - have_of_it);
    e->len += (uint32_t)(it->len - have_of_it);
}

/* A head for what we hold already: answered with what we can say of it. */
static void answer_known(ol_line *l, uint8_t source, ol_log *log, uint64_t size,
                         const uint8_t *sig) {
    ol_sync *s = &log->sync[source];
    if (size > log->stored)
        return; /* the commit under way answers it */
    s->is_known = true;
    if (log->key.party == source && !l->inbox.is_open)
        ol_sync_behind(l, log, size);
    const uint8_t *root = ol_log_root_at(log, size);
    bool is_ours = size == log->head_size && memcmp(sig, log->head_sig, OL_SIG_LEN) == 0;
    if (s->is_apart) { /* it does not know yet */
        ol_fork_show(l, log, source, size - size % OL_HEAD_EVERY);
    } else if (!is_ours && root != NULL &&
               ol_log_check_head(l, &log->key, size, root, sig) != OL_OK) {
        l->count[OL_COUNT_HEAD_BAD]++;
        s->owe_ask = size;
    }
    if (!log->is_own && log->got[l->self].is_signed && log->got[l->self].size >= size)
        s->is_again = !s->owe_receipt || s->is_again, s->owe_receipt = true;
    else
        s->owe_have = true, s->owe_prove = log->is_gated && log->key.party == source;
}

void ol_hold_head(ol_line *l, uint8_t source, const ol_log_key *key, uint64_t size,
                  const uint8_t *sig) {
    ol_hold *h = &l->peer[source].hold;
    ol_log *log = ol_log_find(l, key);
    if (size == 0)
        return;
    if (size <= size_of(log)) {
        answer_known(l, source, log, size, sig);
        return;
    }
    ol_waiting *w = NULL;
    bool is_late = key->lane == OL_LANE_ROUTINE && ol_credit_late_s(l, key) > 0; /* one place */
    for (size_t i = 0; i < OL_HOLD_HEADS && w == NULL; i++)
        if (h->head[i].is_used && (h->head[i].size == size || is_late) &&
            ol_log_key_eq(&h->head[i].log, key))
            w = &h->head[i];
    if (w == NULL)
        w = &h->head[h->head_at++ % OL_HOLD_HEADS];
    *w = (ol_waiting){ .log = *key, .size = size, .is_used = true, .owe_have = true };
    w->is_sure = l->peer[source].says_run;
    memcpy(w->sig, sig, sizeof w->sig);
}

/* The tree with the held entries up to size added; OL_EAGAIN when some are missing. */
static OL_MUST ol_err extend(const ol_line *l, ol_hold *h, const ol_log_key *key, uint64_t size,
                             ol_frontier *tree, uint32_t generation) {
    for (uint64_t i = tree->size; i < size; i++) {
        const ol_held *e = find(h, key, i);
        if (e == NULL || e->len != e->total)
            return OL_EAGAIN;
    }
    while (tree->size < size) {
        const ol_held *e = find(h, key, tree->size);
        ol_hash leaf;
        if (!ol_log_leaf(l, key, generation, e->index, e->p, e->len, &leaf))
            return OL_EAUTH;
        ol_err err = ol_frontier_append(tree, &leaf);
        if (err != OL_OK)
            return err;
    }
    return OL_OK;
}

/* Roots that receipts wait for, of sizes below that of a head that has verified. Never before it
 * has: a root of entries that the source made up would make the author's own notes look forked. */
static void remember(ol_line *l, ol_hold *h, ol_log *log, uint64_t size) {
    for (unsigned p = 0; p < l->parties; p++) {
        ol_frontier tree = log->tree;
        uint64_t at = log->later[p].size;
        if (at <= tree.size || at >= size ||
            extend(l, h, &log->key, at, &tree, log->generation) != OL_OK)
            continue;
        ol_hash root = ol_frontier_root(&tree);
        ol_log_remember(l, log, at, root.b);
    }
}

static OL_MUST ol_err stage(ol_line *l, ol_hold *h, ol_log *log, const ol_frontier *tree,
                            const ol_waiting *w, const ol_hash *root) {
    ol_err err = ol_batch_touch(l, log);
    for (uint64_t i = log->tree.size; i < tree->size && err == OL_OK; i++) {
        const ol_held *e = find(h, &log->key, i);
        err = ol_batch_put_entry(l, log, i, e->p, e->len, NULL);
    }
    if (err == OL_OK)
        err = ol_batch_head(l, log, w->size, root->b, w->sig);
    if (err != OL_OK) {
        l->batch_failing = true; /* the whole batch is given up: half of it would not fit */
        return err;
    }
    remember(l, h, log, tree->size);
    l->inbox.read.entries += l->inbox.is_open ? tree->size - log->tree.size : 0;
    for (uint64_t i = log->tree.size; i < tree->size; i++) {
        const ol_held *e = find(h, &log->key, i);
        ol_handback_entry(l, log, e->p, e->len);
        ol_copy_entry(l, log, e->p, e->len);
    }
    log->tree = *tree;
    log->head_staged = w->size;
    memcpy(log->staged_root, root->b, sizeof log->staged_root);
    memcpy(log->staged_sig, w->sig, sizeof log->staged_sig);
    return OL_OK;
}

/* Incarnations are cheap to make and stay for ever: those above the limit wait for another day. */
static bool may_open(ol_line *l, const ol_log_key *key) {
    ol_peer *author = &l->peer[key->party];
    if (l->mono_ms - author->opened_ms[key->lane] >= OL_DAY_MS)
        author->opened_ms[key->lane] = l->mono_ms, author->opened[key->lane] = 0;
    size_t theirs = 0;
    for (size_t i = 0; i < l->log.n; i++)
        theirs += l->log.v[i]->key.party == key->party;
    return author->opened[key->lane] < OL_OPENINGS_DAY &&
           theirs < (OL_LOGS_MAX - OL_LOGS_OWN) / (l->parties - 1u);
}

static ol_log *open_log(ol_line *l, const ol_log_key *key, uint32_t generation) {
    ol_log *log = ol_log_add(l, key);
    if (log == NULL)
        return NULL;
    log->generation = generation;
    l->peer[key->party].opened[key->lane]++;
    return log;
}

/* Its opening says it; what it says is bound by the head, whose root needs the right salts. */
static uint32_t generation_of(ol_hold *h, const ol_log_key *key, const ol_log *log) {
    if (log != NULL)
        return log->generation;
    const ol_held *e = find(h, key, 0);
    return e != NULL && e->len == e->total ? ol_keyring_generation(e->p, e->len) : 0;
}

static void refuse(ol_line *l, ol_hold *h, const ol_waiting *w) {
    l->count[OL_COUNT_HEAD_BAD]++;
    l->count[OL_COUNT_PROVISIONAL_DROPPED] += drop(l, h, &w->log, 0, UINT64_MAX);
}

/* Who brought entries has them; unless it has forgotten: they may have left before it lost them. */
static void holds(const ol_line *l, ol_log *log, uint8_t party, bool is_sure) {
    const ol_peer *peer = &l->peer[party];
    ol_sync *s = &log->sync[party];
    if (is_sure)
        s->is_unsure = false;
    else if (peer->has_run && !peer->has_told && s->believed < log->tree.size)
        s->is_unsure = true;
    ol_sync_holds(log, party, log->tree.size);
}

static void adopted(ol_line *l, uint8_t source, ol_log *log, bool is_sure) {
    log->sync[source].is_known = true;
    holds(l, log, source, is_sure);
    if (!log->is_own) {
        if (source != log->key.party)
            l->peer[log->key.party].speaks = true;
        holds(l, log, log->key.party, is_sure && source == log->key.party); /* whoever brought it */
        return;
    }
    log->note_recovered = true;
    if (!log->is_forked)
        ol_copy_found(l);
    if (l->own[log->key.lane].log == log) /* a member holds more of it than we did: §6.2 */
        ol_append_close(l, log, OL_WHY_MEMBER_HAS_MORE);
    else if (!log->is_closed)
        log->is_closed = true, log->wants_close = log->is_put;
}

/* The author has written more than the charter allows: not yet (§5.7). What only fills the room of
 * whoever brought it is dropped; it comes again. */
static void wait(ol_line *l, uint8_t source, ol_waiting *w) {
    w->owe_have = w->owe_have || !w->is_late;
    w->is_late = true;
    if (w->log.lane == OL_LANE_ROUTINE || source != w->log.party)
        l->count[OL_COUNT_PROVISIONAL_DROPPED] +=
            drop(l, &l->peer[source].hold, &w->log, 0, UINT64_MAX);
}

static bool is_waiting(ol_line *l, uint8_t source, ol_waiting *w) {
    if (ol_credit_late_s(l, &w->log) == 0)
        w->is_late = false;
    else if (w->is_late || w->log.lane == OL_LANE_ROUTINE)
        wait(l, source, w);
    return w->is_late;
}

/* Whether its author's credit suffices for what it covers. */
static bool affords(ol_line *l, uint8_t source, ol_waiting *w, uint64_t have, ol_cost *cost) {
    ol_hold *h = &l->peer[source].hold;
    for (uint64_t i = have; i < w->size; i++) {
        const ol_held *e = find(h, &w->log, i);
        ol_credit_count(cost, w->log.lane, e->p, e->len);
    }
    uint64_t wait_s = ol_credit_wait_s(l, w->log.party, cost);
    if (wait_s == 0)
        return true;
    ol_credit_put_off(l, &w->log, wait_s);
    wait(l, source, w);
    return false;
}

void ol_hold_tell_late(ol_line *l, uint8_t party) {
    ol_hold *h = &l->peer[party].hold;
    for (size_t i = 0; i < OL_HOLD_HEADS; i++)
        if (h->head[i].is_used && h->head[i].is_late && ol_credit_late_s(l, &h->head[i].log) > 0)
            h->head[i].owe_have = true;
}

/* One waiting head; true when it is used up. */
static bool try_head(ol_line *l, uint8_t source, ol_waiting *w) {
    ol_hold *h = &l->peer[source].hold;
    ol_log *log = ol_log_find(l, &w->log);
    uint64_t have = size_of(log);
    if (w->size <= have) {
        answer_known(l, source, log, w->size, w->sig);
        return true;
    }
    if (is_waiting(l, source, w) || w->size > (have / OL_HEAD_EVERY + 1) * OL_HEAD_EVERY)
        return false; /* the head at the multiple comes first (§3.2) */
    if (log == NULL && !may_open(l, &w->log))
        return false;
    ol_cost cost = { .kept = UINT64_MAX };
    ol_frontier tree;
    ol_frontier_clear(&tree);
    if (log != NULL)
        tree = log->tree;
    uint32_t generation = generation_of(h, &w->log, log);
    ol_err err = extend(l, h, &w->log, w->size, &tree, generation);
    if (err == OL_EAUTH)
        return refuse(l, h, w), true;
    if (err != OL_OK)
        return false;
    ol_hash root = ol_frontier_root(&tree);
    if (ol_log_check_head(l, &w->log, w->size, root.b, w->sig) != OL_OK) {
        refuse(l, h, w);
        if (log != NULL && !log->sync[source].is_apart)
            ol_fork_show(l, log, source, log->head_size); /* is ours part of what it has? */
        return true;
    }
    if (!affords(l, source, w, have, &cost))
        return false;
    if (log == NULL)
        log = open_log(l, &w->log, generation);
    if (log == NULL || stage(l, h, log, &tree, w, &root) != OL_OK)
        return false;
    ol_credit_spend(l, w->log.party, &cost);
    ol_log_pin(l, log, w->size, root.b, w->sig);
    (void)drop(l, h, &w->log, 0, w->size);
    adopted(l, source, log, w->is_sure);
    return true;
}

void ol_hold_adopt(ol_line *l, uint8_t source) {
    ol_hold *h = &l->peer[source].hold;
    bool has_progress = true;
    while (has_progress) {
        has_progress = false;
        for (size_t i = 0; i < OL_HOLD_HEADS; i++) {
            ol_waiting *w = &h->head[i];
            if (!w->is_used)
                continue;
            if (!ol_batch_has_room(l) || l->batch_failing) {
                w->owe_have = false; /* nothing is missing but our own time */
                l->peer[source].owe_stopped |= l->storage != 0; /* or else it takes us for dead */
                continue;
            }
            if (try_head(l, source, w))
                *w = (ol_waiting){ 0 }, has_progress = true;
        }
    }
}

void ol_hold_free(ol_line *l, uint8_t source) {
    ol_hold *h = &l->peer[source].hold;
    for (size_t i = 0; i < h->n; i++)
        release(l, h, &h->v[i]);
    ol_mem_put(l->mem, h->v, h->cap, sizeof *h->v);
    *h = (ol_hold){ 0 };
}
