/* What there is to say to a member, and a payload made of it (§5.2, §5.3). */
#include "line/fork.h"
#include "line/state.h"

/* ---- what there is to say about one log ---- */

static bool owes(const ol_log *log, const ol_line *l, uint8_t party) {
    const ol_sync *s = &log->sync[party];
    ol_item note;
    return s->owe_have || s->owe_prove || s->owe_of != 0 || s->owe_want != 0 || s->owe_back ||
           s->owe_ask > 0 || ol_fork_note_of(l, log, party, &note) ||
           (s->owe_receipt && log->got[l->self].is_signed);
}

/* What it forgot waits for the session: its receipt comes in the smallest message (§6.3). */
static bool is_brief(const ol_line *l, uint8_t p) {
    return l->mono_ms < l->peer[p].brief_ms && !ol_sync_is_live(l, p);
}

void ol_sync_be_brief(ol_line *l, uint8_t p) {
    bool has_receipt = false;
    for (size_t i = 0; i < l->log.n; i++)
        has_receipt |= l->log.v[i]->sync[p].owe_receipt && l->log.v[i]->got[l->self].is_signed;
    if (!has_receipt)
        return;
    l->peer[p].brief_ms = l->mono_ms + 2 * ol_path_repeat_ms(l, p);
    for (size_t i = 0; i < l->log.n; i++) {
        ol_sync *s = &l->log.v[i]->sync[p];
        if (s->is_unsure && s->due_ms < l->peer[p].brief_ms)
            s->due_ms = l->peer[p].brief_ms;
    }
}

static bool wants(const ol_line *l, const ol_log *log, uint8_t p) {
    const ol_sync *s = &log->sync[p];
    if (owes(log, l, p))
        return true;
    if (log->head_size == 0 || ol_sync_is_settled(l, log, p) || ol_sync_waits(l, log, p))
        return false;
    if (s->is_unsure)
        return s->head_sent < log->head_size && !is_brief(l, p);
    if (ol_chunk_head_due(log, s) != NULL)
        return true;
    return s->sent < log->head_size && ol_sync_may_send(l, s, p) && ol_chunk_holds(log, s->sent);
}

int ol_sync_class(const ol_line *l, uint8_t party) {
    int class = OL_CLASS_NONE;
    for (size_t i = 0; i < l->log.n && class != OL_CLASS_URGENT; i++)
        if (wants(l, l->log.v[i], party))
            class = l->log.v[i]->key.lane == OL_LANE_URGENT ? OL_CLASS_URGENT : OL_CLASS_ROUTINE;
    const ol_hold *h = &l->peer[party].hold;
    for (size_t i = 0; i < OL_HOLD_HEADS && class == OL_CLASS_NONE; i++)
        if (h->head[i].is_used && h->head[i].owe_have)
            class = OL_CLASS_ROUTINE;
    bool is_owing = l->peer[party].owe_stopped || l->peer[party].owe_told ||
                    l->peer[party].owe_forgot || l->peer[party].credit.owe_all;
    return class == OL_CLASS_NONE && is_owing ? OL_CLASS_ROUTINE : class;
}

/* ---- packing ---- */

typedef struct {
    ol_line *l;
    ol_wr *w;
    ol_log *log;
    ol_sync *s;
    bool has_log; /* the LOG item for it is in */
} packer;

static const ol_item *log_item(const packer *k, ol_item *it) {
    bool is_short = k->s->is_known && k->s->tries < 2 && ol_log_is_short(k->l, k->log);
    *it = (ol_item){ .type = is_short ? OL_ITEM_LOG_SHORT : OL_ITEM_LOG_FULL, .log = k->log->key };
    return it;
}

static size_t room(const packer *k) {
    ol_item it;
    size_t need = k->has_log ? 0 : ol_item_len(log_item(k, &it)), left = k->w->cap - k->w->len;
    return left > need ? left - need : 0;
}

static bool put(packer *k, const ol_item *it) {
    ol_item log;
    if (ol_item_len(it) > room(k))
        return false;
    if (!k->has_log)
        ol_item_put(k->w, log_item(k, &log));
    ol_item_put(k->w, it);
    k->has_log = true;
    return true;
}

static bool put_receipt(packer *k, uint8_t party) {
    const ol_got *g = &k->log->got[party];
    ol_item it = { .type = OL_ITEM_RECEIPT, .party = party, .size = g->size, .time = g->time };
    it.p = g->sig, it.len = OL_SIG_LEN;
    return put(k, &it);
}

/* Its own word handed back, with the root it signed: that proves itself (§6.3). */
static bool put_back(packer *k, uint8_t party) {
    const ol_got *g = &k->log->got[party];
    ol_item it = { .type = OL_ITEM_NOTE_R, .party = party, .size = g->size, .time = g->time };
    it.root = g->root, it.p = g->sig, it.len = OL_SIG_LEN;
    return g->size == 0 || !g->has_root || put(k, &it);
}

static bool put_have(packer *k, uint8_t party) {
    ol_item it = { .type = OL_ITEM_HAVE, .size = k->log->stored };
    it.receipt = k->log->is_own && k->log->got[party].is_signed ? k->log->got[party].size : 0;
    return put(k, &it);
}

static void pack_receipt(packer *k, bool is_again) {
    ol_sync *s = k->s;
    if (s->owe_receipt && s->is_again == is_again && k->log->got[k->l->self].is_signed)
        s->owe_receipt = !put_receipt(k, k->l->self);
    s->is_again = s->is_again && s->owe_receipt;
}

/* Receipts of members whom this one cannot reach, and requests for such (§5.3). */
static void pack_relay(packer *k) {
    ol_sync *s = k->s;
    for (uint8_t p = 0; p < k->l->parties; p++) {
        uint16_t bit = (uint16_t)(1u << p);
        const ol_got *g = &k->log->got[p];
        if ((s->owe_of & bit) != 0 && (!g->is_signed || put_receipt(k, p))) {
            s->owe_of &= (uint16_t)~bit;
            if (g->size >= k->log->head_size)
                s->wanted &= (uint16_t)~bit;
        }
        ol_item want = { .type = OL_ITEM_WANT, .party = p, .size = g->is_signed ? g->size : 0 };
        if ((s->owe_want & bit) != 0 && put(k, &want))
            s->owe_want &= (uint16_t)~bit;
    }
}

static void pack_answers(packer *k, uint8_t party) {
    ol_sync *s = k->s;
    pack_receipt(k, false);
    if ((s->owe_of | s->owe_want) != 0)
        pack_relay(k);
    if (s->owe_back && put_have(k, party) && put_back(k, party))
        s->owe_back = false;
    if (s->owe_have)
        s->owe_have = !put_have(k, party);
    if (s->owe_prove)
        s->owe_prove = !put(k, &(ol_item){ .type = OL_ITEM_PROVE });
    if (s->owe_ask > 0 && put(k, &(ol_item){ .type = OL_ITEM_ASK, .size = s->owe_ask }))
        s->owe_ask = 0;
    ol_item note;
    if (!ol_fork_note_of(k->l, k->log, party, &note) || !put(k, &note))
        return;
    bool is_receipted = k->log->got[k->l->self].size == s->owe_note;
    if (!is_receipted || put_back(k, k->l->self))
        s->owe_note = 0;
}

static void sent_something(packer *k, uint8_t party) {
    ol_sync *s = k->s;
    if (s->due_ms == OL_NEVER)
        s->moved_ms = k->l->mono_ms;
    if (s->due_ms == OL_NEVER || ol_path_is_slow(k->l, party)) /* what is not on the wire yet */
        s->due_ms = k->l->mono_ms + ol_sync_repeat_ms(k->l, k->log, party);
    if (s->sent > s->sent_max)
        s->sent_max = s->sent, s->note_sent = true;
}

static void pack_head(packer *k, uint8_t party, uint64_t size, const uint8_t *sig) {
    ol_item it = { .type = OL_ITEM_HEAD, .size = size, .p = sig, .len = OL_SIG_LEN };
    if (!put(k, &it))
        return;
    k->s->head_sent = size;
    if (k->s->tries == 0 && k->s->measure == 0)
        k->s->measure = size, k->s->first_ms = k->l->mono_ms;
    sent_something(k, party);
}

/* An entry too large for any frame goes in pieces; true when its last piece is in. */
static bool pack_part(packer *k, const uint8_t *p, size_t len) {
    size_t left = room(k), cost = 1 + 8 + 2 + 2 + 2;
    if (left < cost + 64)
        return false;
    size_t n = left - cost < len - k->s->part ? left - cost : len - k->s->part;
    ol_item it = { .type = OL_ITEM_PART, .index = k->s->sent, .total = len };
    it.offset = k->s->part, it.p = p + k->s->part, it.len = n;
    if (!put(k, &it))
        return false;
    k->s->part = (uint16_t)(k->s->part + n);
    return k->s->part == len;
}

static void pack_entries(packer *k, uint8_t party, size_t frame) {
    ol_sync *s = k->s;
    bool is_next = false;
    while (s->sent < k->log->head_size && ol_chunk_holds(k->log, s->sent) &&
           ol_sync_may_send(k->l, s, party)) {
        const ol_chunk *c = k->log->chunk;
        size_t i = (size_t)(s->sent - c->from), len = c->at[i + 1] - c->at[i];
        ol_item it = { .type = is_next ? OL_ITEM_NEXT : OL_ITEM_ENTRY, .index = s->sent };
        it.p = c->bytes + c->at[i], it.len = len;
        bool is_done = len + 32 > frame || s->part > 0 ? pack_part(k, it.p, len) : put(k, &it);
        sent_something(k, party);
        if (!is_done)
            return;
        is_next = s->part == 0;
        s->part = 0;
        s->bytes += (uint32_t)len;
        s->sent++;
    }
}

static void pack_log(packer *k, uint8_t party, size_t frame) {
    ol_sync *s = k->s;
    pack_answers(k, party);
    if (k->log->head_size == 0 || ol_sync_is_settled(k->l, k->log, party) ||
        ol_sync_waits(k->l, k->log, party))
        return;
    if (s->is_unsure) {
        if (is_brief(k->l, party))
            return;
        if (k->log->is_own && s->head_sent < k->log->head_size && put_have(k, party))
            (void)put_back(k, party);
        if (s->head_sent < k->log->head_size)
            pack_head(k, party, k->log->head_size, k->log->head_sig);
        return;
    }
    const uint8_t *sig = ol_chunk_head_due(k->log, s);
    if (sig != NULL)
        pack_head(k, party, s->sent, sig);
    if (ol_chunk_head_due(k->log, s) == NULL)
        pack_entries(k, party, frame);
    sig = ol_chunk_head_due(k->log, s);
    if (sig != NULL)
        pack_head(k, party, s->sent, sig);
    if (s->sent > s->sent_max)
        s->sent_max = s->sent, s->note_sent = true;
}

/* Heads whose entries are missing: say how far we are, so that the gap is filled. */
static void pack_gaps(ol_line *l, uint8_t party, ol_wr *w, bool is_handshake) {
    ol_hold *h = &l->peer[party].hold;
    for (size_t i = 0; i < OL_HOLD_HEADS; i++) {
        ol_waiting *g = &h->head[i];
        if (!g->is_used || !g->owe_have)
            continue;
        const ol_log *log = ol_log_find(l, &g->log);
        uint64_t late_s = g->is_late ? ol_credit_late_s(l, &g->log) : 0;
        if (late_s > 0 && is_handshake)
            continue;
        ol_item full = { .type = OL_ITEM_LOG_FULL, .log = g->log };
        ol_item have = { .type = OL_ITEM_HAVE, .size = log == NULL ? 0 : log->stored };
        if (late_s > 0)
            have = (ol_item){ .type = OL_ITEM_DELAYED, .seconds = (uint32_t)late_s };
        if (w->cap - w->len < ol_item_len(&full) + ol_item_len(&have))
            return;
        ol_item_put(w, &full);
        ol_item_put(w, &have);
        for (size_t k = i; k < OL_HOLD_HEADS; k++)
            if (ol_log_key_eq(&h->head[k].log, &g->log))
                h->head[k].owe_have = false;
    }
}

/* Whether each holds all of the other's, and what was put off (§5.7). */
static void pack_credit(ol_line *l, uint8_t party, ol_wr *w) {
    ol_credit *c = &l->peer[party].credit;
    if (w->cap - w->len < 6)
        return;
    if (ol_credit_asks(l, party)) {
        ol_item_put(w, &(ol_item){ .type = OL_ITEM_ALL, .why = 0 });
        ol_credit_asked(l, party);
    }
    if (c->owe_all && ol_sync_has_ours(l, party))
        ol_item_put(w, &(ol_item){ .type = OL_ITEM_ALL, .why = 1 });
    else if (c->owe_all)
        c->wants_all = true; /* there is more meanwhile */
    if (c->owe_busy != 0) {
        ol_item_put(w, &(ol_item){ .type = OL_ITEM_BUSY, .why = c->owe_busy });
        c->told_ms = l->mono_ms;
    }
    c->owe_all = false, c->owe_busy = 0;
}

static void pack_line(ol_line *l, uint8_t party, ol_wr *w, bool is_handshake) {
    ol_peer *peer = &l->peer[party];
    if (peer->owe_stopped && !is_handshake && w->cap - w->len > 2) {
        ol_item_put(w, &(ol_item){ .type = OL_ITEM_STOPPED, .why = l->storage });
        peer->owe_stopped = false;
    }
    if (peer->owe_forgot && !is_handshake && w->cap - w->len > 5) {
        ol_item_put(w, &(ol_item){ .type = OL_ITEM_FORGOT, .run = l->run });
        ol_sync_said_forgot(l, party);
    }
    if (peer->owe_told && w->cap - w->len > 5) {
        ol_item_put(w, &(ol_item){ .type = OL_ITEM_TOLD, .run = peer->run });
        peer->owe_told = false;
    }
    if (!is_handshake)
        pack_credit(l, party, w);
}

static void pack_lane(ol_line *l, uint8_t party, uint8_t lane, ol_wr *w) {
    size_t frame = w->cap - w->len;
    for (size_t i = 0; i < l->log.n; i++) {
        packer k = { .l = l, .w = w, .log = l->log.v[i], .s = &l->log.v[i]->sync[party] };
        if (k.log->key.lane == lane && wants(l, k.log, party))
            pack_log(&k, party, frame);
    }
}

/* Receipts that answer repeats. */
static void pack_again(ol_line *l, uint8_t party, uint8_t lane, ol_wr *w) {
    for (size_t i = 0; i < l->log.n; i++) {
        packer k = { .l = l, .w = w, .log = l->log.v[i], .s = &l->log.v[i]->sync[party] };
        if (k.log->key.lane == lane && k.s->is_again)
            pack_receipt(&k, true);
    }
}

size_t ol_sync_pack(ol_line *l, uint8_t party, ol_wr *w, bool is_handshake, size_t urgent) {
    size_t cap = w->cap, begin = w->len;
    if (urgent < cap - begin)
        w->cap = begin + urgent;
    pack_line(l, party, w, is_handshake);
    size_t line = w->len;
    pack_lane(l, party, OL_LANE_URGENT, w);
    size_t end = w->len;
    w->cap = cap;
    for (uint8_t lane = 0; lane < OL_LANES; lane++)
        pack_again(l, party, lane, w);
    pack_lane(l, party, OL_LANE_ROUTINE, w);
    pack_gaps(l, party, w, is_handshake);
    return end > line ? end - begin : 0;
}
