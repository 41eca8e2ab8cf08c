/* What each peer lacks, and when to say it again (§5.3). */
#include "line/state.h"

bool ol_sync_is_settled(const ol_line *l, const ol_log *log, uint8_t party) {
    const ol_sync *s = &log->sync[party];
    (void)l;
    return log->is_own ? s->floor >= log->head_size : s->believed >= log->head_size;
}

static uint64_t repeat_ms(const ol_line *l, const ol_log *log, uint8_t party) {
    const ol_sync *s = &log->sync[party];
    uint64_t ms = ol_path_repeat_ms(l, party);
    bool is_held = s->believed >= log->head_size && !s->is_unsure; /* only the receipt lacks */
    uint64_t max = is_held ? OL_REPEAT_HELD_MS : OL_REPEAT_MAX_MS;
    for (unsigned i = OL_REPEATS_FAST; i < s->tries && ms < max; i++)
        ms *= 2;
    return s->tries > OL_REPEATS_FAST && ms > max
               ? (max > ol_path_repeat_ms(l, party) ? max : ol_path_repeat_ms(l, party))
               : ms;
}

static void restart(ol_sync *s) {
    s->sent = s->believed, s->head_sent = 0, s->bytes = 0, s->part = 0, s->measure = 0;
}

void ol_sync_again(ol_line *l, uint8_t party) {
    for (size_t i = 0; i < l->log.n; i++)
        if (!ol_sync_is_settled(l, l->log.v[i], party))
            restart(&l->log.v[i]->sync[party]);
}

static uint32_t grown(uint32_t window) {
    return window < OL_WINDOW_MAX / 2 ? window * 2 : OL_WINDOW_MAX;
}

void ol_sync_believe(ol_line *l, ol_log *log, uint8_t party, uint64_t size) {
    ol_sync *s = &log->sync[party];
    ol_peer *peer = &l->peer[party];
    uint64_t before = s->believed;
    s->is_known = true, s->is_unsure = false;
    if (size > before) {
        if (s->sent > size)
            s->bytes = (uint32_t)(s->bytes * (s->sent - size) / (s->sent - before));
        else
            s->sent = size, s->bytes = 0, s->part = 0;
        s->believed = size;
        peer->window = grown(peer->window);
    }
    if (s->measure > 0 && size >= s->measure) {
        ol_path *path = ol_path_best(l, party);
        if (path != NULL && s->tries == 0)
            ol_path_rtt(path, l->mono_ms - s->first_ms);
        s->measure = 0;
    }
    s->tries = 0;
    s->due_ms =
        ol_sync_is_settled(l, log, party) ? OL_NEVER : l->mono_ms + repeat_ms(l, log, party);
}

void ol_sync_progress(ol_line *l, ol_log *log, uint8_t party, uint64_t size) {
    ol_sync *s = &log->sync[party];
    if (size > s->floor)
        s->floor = size;
    ol_sync_believe(l, log, party, size);
}

void ol_sync_holds(ol_log *log, uint8_t party, uint64_t size) {
    ol_sync *s = &log->sync[party];
    if (s->is_unsure || size <= s->believed)
        return;
    s->believed = size;
    if (s->sent < size)
        s->sent = size, s->bytes = 0, s->part = 0;
}

/* An author that repeats a head below what we hold of its log has lost the rest: it goes back. */
void ol_sync_behind(ol_line *l, ol_log *log, uint64_t size) {
    ol_sync *s = &log->sync[log->key.party];
    bool is_again = s->behind == size;
    s->behind = size < log->stored ? size : 0;
    if (!is_again || size >= log->stored || s->believed <= size)
        return;
    s->believed = s->floor = size;
    restart(s);
    s->due_ms = l->mono_ms + ol_path_repeat_ms(l, log->key.party);
}

void ol_sync_have(ol_line *l, ol_log *log, uint8_t party, uint64_t size) {
    ol_sync *s = &log->sync[party];
    s->is_known = size > 0; /* HAVE 0 speaks of a log by its full name, unknown there */
    s->is_unsure = false;
    uint64_t has = size > s->floor ? size : s->floor;
    if (has > s->believed) /* as good as a receipt, as far as the window goes */
        l->peer[party].window = grown(l->peer[party].window);
    s->believed = has;
    if (has >= s->sent) {
        s->sent = has, s->bytes = 0, s->part = 0;
        return;
    }
    /* A gap: something we sent did not arrive; once in half a round trip at most. */
    if (l->mono_ms - s->repeat_ms < ol_path_repeat_ms(l, party) / 2 && s->repeat_ms > 0)
        return;
    restart(s);
    s->repeat_ms = l->mono_ms;
    l->count[OL_COUNT_RESENT]++;
}

void ol_sync_forgot(ol_line *l, uint8_t party, uint32_t run) {
    ol_peer *peer = &l->peer[party];
    peer->has_told = false;
    if (peer->has_run && peer->run == run)
        return;
    peer->has_run = true, peer->run = run;
    for (size_t i = 0; i < l->log.n; i++) {
        ol_sync *s = &l->log.v[i]->sync[party];
        s->believed = s->floor = 0;
        restart(s);
        s->is_unsure = true, s->is_known = false, s->tries = 0;
        s->due_ms = l->mono_ms + ol_path_repeat_ms(l, party);
    }
}

static bool has_all(const ol_line *l, uint8_t party) {
    for (size_t i = 0; i < l->log.n; i++) {
        const ol_sync *s = &l->log.v[i]->sync[party];
        if (s->is_unsure || s->believed < l->log.v[i]->head_size)
            return false;
    }
    return true;
}

void ol_sync_tell(ol_line *l) {
    for (uint8_t p = 0; p < l->parties; p++) {
        ol_peer *peer = &l->peer[p];
        if (peer->has_run && !peer->has_told && has_all(l, p))
            peer->has_told = peer->owe_told = true;
    }
}

void ol_sync_heard(ol_line *l, uint8_t party) {
    for (size_t i = 0; i < l->log.n; i++) {
        ol_sync *s = &l->log.v[i]->sync[party];
        if (s->tries == 0 || s->due_ms == OL_NEVER)
            continue;
        if (s->tries > OL_REPEATS_SUSPECT)
            s->due_ms = ol_min_ms(s->due_ms, l->mono_ms + ol_path_repeat_ms(l, party));
        if (s->believed < l->log.v[i]->head_size)
            s->tries = 0;
    }
}

static void drop_chunk(ol_line *l, ol_log *log) {
    if (log->chunk != NULL)
        ol_mem_put(l->mem, log->chunk, 1, sizeof *log->chunk + log->chunk->cap);
    log->chunk = NULL;
}

/* Nobody needs what was fetched any more: logs are many, and most are at rest. */
static void rest_chunk(ol_line *l, ol_log *log) {
    bool is_needed = log->chunk == NULL;
    for (uint8_t p = 0; p < l->parties && !is_needed; p++)
        is_needed = p != l->self && !ol_sync_is_settled(l, log, p);
    if (!is_needed)
        drop_chunk(l, log);
}

void ol_sync_due(ol_line *l) {
    for (size_t i = 0; i < l->log.n; i++) {
        rest_chunk(l, l->log.v[i]);
        for (uint8_t p = 0; p < l->parties; p++) {
            ol_log *log = l->log.v[i];
            ol_sync *s = &log->sync[p];
            if (p == l->self || l->mono_ms < s->due_ms)
                continue;
            s->due_ms = OL_NEVER;
            if (ol_sync_is_settled(l, log, p))
                continue;
            restart(s);
            s->tries = s->tries < 250 ? (uint8_t)(s->tries + 1) : s->tries;
            s->due_ms = l->mono_ms + repeat_ms(l, log, p);
            l->peer[p].window /= 2;
            if (l->peer[p].window < OL_WINDOW_MIN)
                l->peer[p].window = OL_WINDOW_MIN;
            l->count[OL_COUNT_RESENT]++;
        }
    }
}

uint64_t ol_sync_next_ms(const ol_line *l) {
    uint64_t next = OL_NEVER;
    for (size_t i = 0; i < l->log.n; i++) {
        for (uint8_t p = 0; p < l->parties; p++)
            next = ol_min_ms(next, l->log.v[i]->sync[p].due_ms);
        if (l->log.v[i]->fetch_after_ms > l->mono_ms)
            next = ol_min_ms(next, l->log.v[i]->fetch_after_ms);
    }
    return next;
}

/* ---- chunks: entries on their way from the store to a frame ---- */

static bool chunk_holds(const ol_log *log, uint64_t index) {
    return log->chunk != NULL && index >= log->chunk->from &&
           index < log->chunk->from + log->chunk->n;
}

/* The head that ends what has been sent so far and was not sent itself. */
static const uint8_t *head_due(const ol_log *log, const ol_sync *s) {
    if (s->head_sent >= s->sent || s->sent == 0)
        return NULL;
    if (s->sent == log->head_size)
        return log->head_sig;
    return log->chunk != NULL && log->chunk->head_size == s->sent ? log->chunk->head_sig : NULL;
}

/* The window binds where entries up to a head begin: half of them would be of no use. */
static bool may_send(const ol_line *l, const ol_sync *s, uint8_t p) {
    return s->sent % OL_HEAD_EVERY != 0 || s->bytes < l->peer[p].window;
}

static bool wants_fetch(const ol_line *l, const ol_log *log, uint8_t p) {
    const ol_sync *s = &log->sync[p];
    return p != l->self && !s->is_unsure && s->sent < log->head_size && may_send(l, s, p) &&
           !chunk_holds(log, s->sent) && head_due(log, s) == NULL;
}

static bool is_live(const ol_line *l, uint8_t p) {
    for (size_t i = 0; i < OL_PATHS_PER_PEER; i++)
        if (l->peer[p].path[i].is_up && ol_session_live(&l->peer[p].path[i]) != NULL)
            return true;
    return false;
}

static bool needs_chunk(const ol_line *l, const ol_log *log, uint8_t p) {
    const ol_sync *s = &log->sync[p];
    if (p == l->self || s->is_unsure || ol_sync_is_settled(l, log, p))
        return false;
    return (chunk_holds(log, s->sent) && may_send(l, s, p)) ||
           (s->sent == log->chunk->head_size && head_due(log, s) != NULL);
}

/* Members are at different places of a log, and it has one chunk: whoever fetches would take it
 * from another, who would fetch it again. So it stays for those with a session until they had
 * their turn; the others fetch what nobody else needs. */
static bool may_replace(const ol_line *l, const ol_log *log, uint8_t by) {
    if (log->chunk == NULL || l->mono_ms - log->chunk->at_ms >= OL_CHUNK_MS)
        return true;
    for (uint8_t p = 0; p < l->parties; p++)
        if (p != by && needs_chunk(l, log, p) && (is_live(l, p) || !is_live(l, by)))
            return false;
    return true;
}

uint64_t ol_sync_fetch(const ol_line *l, const ol_log *log, uint64_t *ret_to, uint64_t *ret_head) {
    uint8_t by = OL_PARTIES_MAX;
    if (log->fetch_token != 0 || l->mono_ms < log->fetch_after_ms)
        return OL_NEVER;
    for (uint8_t p = 0; p < l->parties; p++)
        if (wants_fetch(l, log, p) && (by == OL_PARTIES_MAX || (is_live(l, p) && !is_live(l, by))))
            by = p;
    if (by == OL_PARTIES_MAX || !may_replace(l, log, by))
        return OL_NEVER;
    uint64_t from = log->sync[by].sent, to = (from / OL_HEAD_EVERY + 1) * OL_HEAD_EVERY;
    if (to > log->head_size)
        to = log->head_size;
    *ret_to = to;
    *ret_head = to; /* it may be the largest no more when the answer comes */
    return from;
}

static const ol_job *unsaved_head(const ol_line *l, const ol_log *log, uint64_t size) {
    for (size_t i = 0; i < l->job.n; i++) {
        const ol_job *j = &l->job.v[i];
        if (j->log == log && !j->is_receipt && j->is_signed && j->size == size)
            return j;
    }
    return NULL;
}

/* The head that ends a chunk; its root is remembered for the receipt that will answer it. false:
 * there is none for it now. */
static bool end_chunk(ol_line *l, ol_log *log, ol_chunk *c, const ol_event *ev) {
    uint64_t end = c->from + c->n;
    const ol_job *j = unsaved_head(l, log, end);
    const uint8_t *root = NULL, *sig = NULL;
    if (end == log->head_size)
        root = log->head_root, sig = log->head_sig;
    else if (j != NULL)
        root = j->root, sig = j->sig;
    else if (ev->fetched.head_size == end)
        root = ev->fetched.head_root, sig = ev->fetched.head_sig;
    if (sig == NULL)
        return false;
    c->head_size = end;
    memcpy(c->head_sig, sig, sizeof c->head_sig);
    ol_log_remember(l, log, end, root);
    return true;
}

/* false: nothing came of it, and asking again at once would bring the same. */
static bool fill(ol_line *l, ol_log *log, const ol_event *ev) {
    size_t bytes = 0, n = ev->fetched.n;
    for (size_t i = 0; i < n; i++)
        bytes += ev->fetched.entry[i].len;
    drop_chunk(l, log);
    ol_chunk *c = log->chunk = n == 0 ? NULL : ol_mem_get0(l->mem, 1, sizeof *c + bytes);
    if (c == NULL)
        return false;
    c->cap = bytes, c->from = log->fetch_from, c->n = n, c->at_ms = l->mono_ms;
    for (size_t i = 0; i < n; i++) {
        memcpy(c->bytes + c->at[i], ev->fetched.entry[i].p, ev->fetched.entry[i].len);
        c->at[i + 1] = c->at[i] + (uint32_t)ev->fetched.entry[i].len;
    }
    if (end_chunk(l, log, c, ev))
        return true;
    drop_chunk(l, log); /* no head for it now: fetched again later */
    return false;
}

void ol_sync_fetched(ol_line *l, const ol_event *ev) {
    for (size_t i = 0; i < l->log.n; i++) {
        ol_log *log = l->log.v[i];
        if (log->fetch_token != ev->fetched.token || ev->fetched.n > OL_HEAD_EVERY)
            continue;
        log->fetch_after_ms = fill(l, log, ev) ? 0 : l->mono_ms + OL_RETRY_MS;
        log->fetch_token = 0;
        return;
    }
}

/* ---- what there is to say about one log ---- */

static bool owes(const ol_log *log, const ol_line *l, const ol_sync *s) {
    return s->owe_have || s->owe_prove || s->owe_back || s->owe_note > 0 || s->owe_ask > 0 ||
           (s->owe_receipt && log->got[l->self].is_signed);
}

static bool wants(const ol_line *l, const ol_log *log, uint8_t p) {
    const ol_sync *s = &log->sync[p];
    if (owes(log, l, s))
        return true;
    if (log->head_size == 0 || ol_sync_is_settled(l, log, p))
        return false;
    if (s->is_unsure)
        return s->head_sent < log->head_size;
    if (head_due(log, s) != NULL)
        return true;
    return s->sent < log->head_size && may_send(l, s, p) && chunk_holds(log, s->sent);
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
    bool is_owing =
        l->peer[party].owe_stopped || l->peer[party].owe_told || l->peer[party].owe_forgot;
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

static void pack_answers(packer *k, uint8_t party) {
    ol_sync *s = k->s;
    if (s->owe_receipt && k->log->got[k->l->self].is_signed)
        s->owe_receipt = !put_receipt(k, k->l->self);
    if (s->owe_back && put_have(k, party) && put_back(k, party))
        s->owe_back = false;
    if (s->owe_have)
        s->owe_have = !put_have(k, party);
    if (s->owe_prove)
        s->owe_prove = !put(k, &(ol_item){ .type = OL_ITEM_PROVE });
    if (s->owe_ask > 0 && put(k, &(ol_item){ .type = OL_ITEM_ASK, .size = s->owe_ask }))
        s->owe_ask = 0;
    if (s->owe_note == 0)
        return;
    const uint8_t *root = ol_log_root_at(k->log, s->owe_note);
    bool is_head = root != NULL && s->owe_note == k->log->head_size;
    ol_item note = { .type = OL_ITEM_NOTE, .size = s->owe_note, .root = root };
    note.p = k->log->head_sig, note.len = OL_SIG_LEN;
    if (!is_head || put(k, &note))
        s->owe_note = 0;
}

static void sent_something(packer *k, uint8_t party) {
    ol_sync *s = k->s;
    if (s->due_ms == OL_NEVER)
        s->due_ms = k->l->mono_ms + repeat_ms(k->l, k->log, party);
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
    while (s->sent < k->log->head_size && chunk_holds(k->log, s->sent) &&
           may_send(k->l, s, party)) {
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
    if (k->log->head_size == 0 || ol_sync_is_settled(k->l, k->log, party))
        return;
    if (s->is_unsure) {
        if (k->log->is_own && s->head_sent < k->log->head_size && put_have(k, party))
            (void)put_back(k, party);
        if (s->head_sent < k->log->head_size)
            pack_head(k, party, k->log->head_size, k->log->head_sig);
        return;
    }
    const uint8_t *sig = head_due(k->log, s);
    if (sig != NULL)
        pack_head(k, party, s->sent, sig);
    if (head_due(k->log, s) == NULL)
        pack_entries(k, party, frame);
    sig = head_due(k->log, s);
    if (sig != NULL)
        pack_head(k, party, s->sent, sig);
    if (s->sent > s->sent_max)
        s->sent_max = s->sent, s->note_sent = true;
}

/* Heads whose entries are missing: say how far we are, so that the gap is filled. */
static void pack_gaps(ol_line *l, uint8_t party, ol_wr *w) {
    ol_hold *h = &l->peer[party].hold;
    for (size_t i = 0; i < OL_HOLD_HEADS; i++) {
        ol_waiting *g = &h->head[i];
        if (!g->is_used || !g->owe_have)
            continue;
        const ol_log *log = ol_log_find(l, &g->log);
        ol_item full = { .type = OL_ITEM_LOG_FULL, .log = g->log };
        ol_item have = { .type = OL_ITEM_HAVE, .size = log == NULL ? 0 : log->stored };
        if (w->cap - w->len < ol_item_len(&full) + ol_item_len(&have))
            return;
        ol_item_put(w, &full);
        ol_item_put(w, &have);
        for (size_t k = i; k < OL_HOLD_HEADS; k++)
            if (ol_log_key_eq(&h->head[k].log, &g->log))
                h->head[k].owe_have = false;
    }
}

void ol_sync_pack(ol_line *l, uint8_t party, ol_wr *w, bool is_handshake) {
    ol_peer *peer = &l->peer[party];
    if (peer->owe_stopped && !is_handshake && w->cap - w->len > 2) {
        ol_item_put(w, &(ol_item){ .type = OL_ITEM_STOPPED, .why = l->storage });
        peer->owe_stopped = false;
    }
    if (peer->owe_forgot && !is_handshake && w->cap - w->len > 5) {
        ol_item_put(w, &(ol_item){ .type = OL_ITEM_FORGOT, .run = l->run });
        peer->owe_forgot = false;
    }
    if (peer->owe_told && w->cap - w->len > 5) {
        ol_item_put(w, &(ol_item){ .type = OL_ITEM_TOLD, .run = peer->run });
        peer->owe_told = false;
    }
    size_t frame = w->cap - w->len;
    for (uint8_t lane = 0; lane < OL_LANES; lane++)
        for (size_t i = 0; i < l->log.n; i++) {
            packer k = { .l = l, .w = w, .log = l->log.v[i], .s = &l->log.v[i]->sync[party] };
            if (k.log->key.lane == lane && wants(l, k.log, party))
                pack_log(&k, party, frame);
        }
    pack_gaps(l, party, w);
}
