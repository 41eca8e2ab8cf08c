/* Receipts after a start without a marker, where their author cannot be reached (§6.4): it writes
 * down, in its own log, which of ours it holds. Who hands it on cannot make its signature, and that
 * the entry has seen a log we opened since shows that it is not an old one. */
#include "wire/handback.h"
#include "line/keyring.h"
#include "line/state.h"

/* A slow path has its time to bring a word, and an answer. */
static uint64_t alone_ms(const ol_line *l, uint8_t party) {
    return ol_max_ms(OL_ALONE_MS, ol_path_is_slow(l, party) ? 2 * ol_path_repeat_ms(l, party) : 0);
}

static bool is_alone(const ol_line *l, uint8_t party) {
    return party != l->self && ol_keyring_is_member(l, party) &&
           l->mono_ms - l->peer[party].reached_ms >= alone_ms(l, party);
}

/* ---- as the author ---- */

static const ol_log *newest_of(const ol_line *l, uint8_t party) {
    for (size_t i = l->log.n; i > 0; i--)
        if (l->log.v[i - 1]->key.party == party && l->log.v[i - 1]->head_size > 0)
            return l->log.v[i - 1];
    return NULL;
}

static bool lacks_receipts(const ol_line *l, uint8_t party) {
    for (size_t i = 0; i < l->log.n; i++)
        if (l->log.v[i]->is_own && l->log.v[i]->got[party].size < l->log.v[i]->head_size)
            return true;
    return false;
}

static void list(const ol_line *l, uint8_t party, ol_handback *h) {
    h->party = party, h->is_all = true;
    for (size_t i = l->log.n; i > 0; i--) {
        const ol_log *log = l->log.v[i - 1];
        const ol_got *g = &log->got[party];
        if (!log->is_own || g->size == 0)
            continue;
        h->is_all = h->is_all && h->n < OL_HANDED_MAX;
        if (h->n == OL_HANDED_MAX)
            return;
        ol_handed *to = &h->v[h->n++];
        *to = (ol_handed){ .lane = log->key.lane, .size = g->size, .time = g->time };
        memcpy(to->incarnation, log->key.incarnation, OL_INC_LEN);
    }
}

/* Who opens logs without end has its handbacks without end, but so many a day. */
static bool may_hand(ol_line *l, ol_peer *peer) {
    if (l->mono_ms - peer->handed_ms >= OL_DAY_MS)
        peer->handed_ms = l->mono_ms, peer->handed_today = 0;
    return peer->handed_today < OL_HANDBACKS_DAY;
}

static void write_for(ol_line *l, uint8_t party, const ol_log *newest) {
    uint8_t body[OL_HANDBACK_MAX];
    ol_handback h = { 0 };
    list(l, party, &h);
    ol_wr w = ol_wr_of(body, sizeof body);
    ol_handback_encode(&h, &w);
    OL_ASSERT(w.err == OL_OK);
    ol_peer *peer = &l->peer[party];
    if (may_hand(l, peer) &&
        ol_append_own(l, OL_LANE_URGENT, OL_KIND_HANDBACK, body, w.len) == OL_OK)
        peer->handed = newest->key, peer->has_handed = true, peer->handed_today++;
}

/* ---- as the one that forgot ---- */

static bool is_waited_for(const ol_line *l, uint8_t party) {
    for (size_t i = 0; i < l->log.n; i++) {
        const ol_log *log = l->log.v[i];
        if (log->key.party == party && log->is_gated && log->head_size > log->got[l->self].size)
            return true;
    }
    return false;
}

/* So few a day, that nobody who makes us forget makes us open logs without end. */
static bool may_ask_anew(ol_line *l) {
    if (l->mono_ms - l->anew_ms >= OL_DAY_MS)
        l->anew_ms = l->mono_ms, l->anew_today = 0;
    return l->anew_today < OL_ANEW_DAY;
}

/* What it handed back in an earlier run is gone with that: another new log asks for it again. */
static void ask_anew(ol_line *l, uint8_t party) {
    ol_own *own = &l->own[OL_LANE_URGENT];
    bool is_busy = own->log != NULL && own->log->is_dirty; /* what is in the batch goes first */
    if (is_busy || !is_waited_for(l, party) ||
        (own->is_new && own->log != NULL && own->log->tree.size > 0) || !may_ask_anew(l))
        return;
    l->anew_today++;
    if (own->log != NULL && own->log->tree.size > 0)
        ol_append_close(l, own->log, OL_WHY_NO_MARKER);
    if (ol_append_own(l, OL_LANE_URGENT, OL_KIND_OPENING, NULL, 0) != OL_OK)
        own->is_new = false; /* no room or no memory: at the next turn */
}

/* Another member can hand it on, or a courier carries it. */
static bool may_be_needed(const ol_line *l, uint8_t party) {
    return party != l->self && (l->parties > 2 || l->peer[party].is_carried);
}

void ol_handback_due(ol_line *l) {
    bool is_any = false;
    for (uint8_t p = 0; p < l->parties; p++)
        if (may_be_needed(l, p) && ol_sync_is_reached(l, p))
            l->peer[p].reached_ms = l->mono_ms, is_any = true;
    for (uint8_t p = 0; p < l->parties && !l->batch.is_out && l->storage == 0; p++) {
        const ol_log *newest = newest_of(l, p);
        const ol_peer *peer = &l->peer[p];
        if ((!is_any && !peer->is_carried) || !is_alone(l, p) || newest == NULL)
            continue;
        bool has_handed = peer->has_handed && ol_log_key_eq(&peer->handed, &newest->key);
        if (peer->speaks && !has_handed && lacks_receipts(l, p))
            write_for(l, p, newest);
        ask_anew(l, p);
    }
}

uint64_t ol_handback_next_ms(const ol_line *l) {
    uint64_t next = OL_NEVER;
    for (uint8_t p = 0; p < l->parties; p++) {
        uint64_t at = l->peer[p].reached_ms + alone_ms(l, p);
        if (may_be_needed(l, p) && at > l->mono_ms && !ol_sync_is_reached(l, p))
            next = ol_min_ms(next, at);
    }
    return next;
}

static bool has_seen_us(const ol_line *l, const ol_entry *e) {
    for (size_t i = 0; i < e->seens; i++)
        for (unsigned lane = 0; lane < OL_LANES && e->seen[i].is_first; lane++)
            if (l->own[lane].log != NULL && ol_log_key_eq(&e->seen[i].log, &l->own[lane].log->key))
                return true;
    return false;
}

/* Whether receipts for a log of a party's may be signed, by its last handback; how far not. */
void ol_handback_gate(const ol_line *l, ol_log *log) {
    const ol_handback *h = l->peer[log->key.party].back;
    if (h == NULL || log->is_own)
        return;
    bool is_listed = false;
    for (size_t i = 0; i < h->n; i++)
        if (h->v[i].lane == log->key.lane &&
            memcmp(h->v[i].incarnation, log->key.incarnation, OL_INC_LEN) == 0)
            is_listed = true, log->floor = h->v[i].size;
    if (is_listed || h->is_all)
        log->is_gated = false;
}

static void take(ol_line *l, uint8_t author, const ol_handback *h) {
    ol_peer *peer = &l->peer[author];
    if (peer->back == NULL)
        peer->back = ol_mem_get0(l->mem, 1, sizeof *peer->back);
    if (peer->back == NULL)
        return; /* its logs stay gated */
    *peer->back = *h;
    for (size_t i = 0; i < h->n; i++) /* times never fall; nor do they leap at its word */
        if (h->v[i].time > l->last_time && h->v[i].time <= l->wall + OL_CLOCK_JUMP_S)
            l->last_time = h->v[i].time;
    for (size_t i = 0; i < l->log.n; i++) {
        ol_log *log = l->log.v[i];
        if (log->key.party != author || !log->is_gated)
            continue;
        ol_handback_gate(l, log);
        log->wants_receipt = l->wants_commit = true;
    }
}

void ol_handback_entry(ol_line *l, ol_log *log, const uint8_t *p, size_t len) {
    ol_handback h;
    ol_entry e;
    if (log->is_own || !l->has_forgotten || ol_entry_decode(p, len, &e) != OL_OK)
        return;
    log->is_fresh = log->is_fresh || has_seen_us(l, &e);
    if (log->is_fresh && e.kind == OL_KIND_HANDBACK &&
        ol_handback_decode(e.body, e.body_len, &h) == OL_OK && h.party == l->self)
        take(l, log->key.party, &h);
}
