/* Two histories of one log: notes are compared, evidence is kept, and what follows (§5.3, §6.5). */
#include "line/fork.h"
#include "line/keyring.h"
#include "line/state.h"

enum {
    RECEIPTS_MAX = 4096,                  /* pieces that stop nothing: an equal share a signer */
    PROBE_ENTRIES = 16,                   /* fetched at a time */
    PROBE_BURST = 8,                      /* fetches; then what else there is to do has its turn */
    PROBE_REST_MS = 10000,                /* between two of one member: they may show nothing */
    FORK_KEY = 5 + 2 + 1 + 2 * OL_INC_LEN /* "fork." party lane incarnation */
};

/* ---- our own notes, shown to others ---- */

static const ol_job *job_of(const ol_line *l, const ol_log *log, uint64_t size) {
    for (size_t i = 0; i < l->job.n; i++)
        if (l->job.v[i].log == log && !l->job.v[i].is_receipt && l->job.v[i].size == size)
            return &l->job.v[i];
    return NULL;
}

void ol_fork_show(ol_line *l, ol_log *log, uint8_t party, uint64_t size) {
    if (size == 0 || size > log->stored)
        return;
    log->sync[party].owe_note = size;
    l->is_show_due = true;
}

/* Of the size that is owed to this party. */
bool ol_fork_note_of(const ol_line *l, const ol_log *log, uint8_t party, ol_item *ret) {
    uint64_t size = log->sync[party].owe_note;
    const ol_shown *n = &l->shown[party];
    const ol_job *j = job_of(l, log, size);
    ol_item it = { .type = OL_ITEM_NOTE, .size = size, .len = OL_SIG_LEN };
    if (size == 0)
        return false;
    if (size == log->head_size)
        it.root = log->head_root, it.p = log->head_sig;
    else if (j != NULL && j->is_signed)
        it.root = j->root, it.p = j->sig;
    else if (n->log == log && n->size == size && n->is_there)
        it.root = n->root, it.p = n->sig;
    else
        return false;
    *ret = it;
    return true;
}

/* A head below our last is in the store: one at a time comes back for each member. */
static bool next_of(ol_line *l, uint8_t party, bool *is_due) {
    ol_shown *n = &l->shown[party];
    ol_item it;
    bool is_live = ol_sync_is_live(l, party);
    bool is_busy = n->token != 0 || (n->is_there && n->log->sync[party].owe_note == n->size);
    for (size_t i = 0; i < l->log.n; i++) {
        ol_log *log = l->log.v[i];
        uint64_t size = log->sync[party].owe_note;
        *is_due = *is_due || size > 0; /* what is at hand now may be gone before it is sent */
        if (size == 0 || is_busy || !is_live || ol_fork_note_of(l, log, party, &it) ||
            job_of(l, log, size) != NULL)
            continue;
        *n = (ol_shown){ .log = log, .size = size };
        return true;
    }
    return false;
}

static ol_shown *next_shown(ol_line *l) {
    bool is_due = false;
    for (uint8_t p = 0; p < l->parties; p++)
        if (next_of(l, p, &is_due))
            return &l->shown[p];
    l->is_show_due = is_due;
    return NULL;
}

static bool shown_fetched(ol_line *l, const ol_event *ev) {
    uint8_t p = 0;
    while (p < l->parties && l->shown[p].token != ev->fetched.token)
        p++;
    if (p == l->parties)
        return false;
    ol_shown *n = &l->shown[p];
    uint64_t below = n->size - n->size % OL_HEAD_EVERY;
    n->token = 0;
    n->is_there = ev->fetched.head_size == n->size;
    if (n->is_there) {
        memcpy(n->root, ev->fetched.head_root, sizeof n->root);
        memcpy(n->sig, ev->fetched.head_sig, sizeof n->sig);
    } else if (n->log->sync[p].owe_note == n->size) {
        /* the heads at multiples are always kept (§3.2) */
        n->log->sync[p].owe_note = n->size == below ? 0 : below;
    }
    return true;
}

/* ---- evidence ---- */

static ol_piece *piece_of(const ol_line *l, const ol_log *log, uint8_t party) {
    for (size_t i = 0; i < l->piece.n; i++)
        if (l->piece.v[i].log == log && l->piece.v[i].party == party)
            return &l->piece.v[i];
    return NULL;
}

/* Two heads by the author, or our own receipts over both: no receipt can follow that would not
 * vouch for one of them. A third party's receipt says that of itself alone. */
static bool stops_receipts(const ol_line *l, const ol_log *log, uint8_t party) {
    return party == log->key.party || party == l->self;
}

/* What stops receipts is one a log, and logs are shared out already. Nobody can sign for another:
 * who fills its share is the one that the pieces speak of. */
static bool has_room(const ol_line *l, const ol_log *log, uint8_t party) {
    size_t n = 0;
    for (size_t i = 0; i < l->piece.n; i++)
        n += l->piece.v[i].party == party &&
             !stops_receipts(l, l->piece.v[i].log, l->piece.v[i].party);
    return stops_receipts(l, log, party) || n < (size_t)RECEIPTS_MAX / l->parties;
}

static bool keep(ol_line *l, ol_log *log, uint8_t party, const ol_item *it) {
    ol_piece *e = OL_PUSH(l, &l->piece);
    if (e == NULL)
        return false; /* it will be shown again */
    *e = (ol_piece){ .log = log, .party = party, .size = it->size, .time = it->time };
    memcpy(e->root, it->root, sizeof e->root);
    memcpy(e->sig, it->p, sizeof e->sig);
    return true;
}

/* Every member compares: those of our branch find the other's note in vain, and the reverse. */
static void spread(ol_line *l, ol_log *log, uint64_t size, const uint8_t *root) {
    if (log->is_own && size != log->head_size && job_of(l, log, size) == NULL) {
        /* ours to sign: the others may have no head at a size that both of us know */
        if (ol_job_add(l, log, false, size, 0, root) == OL_OK)
            l->job.v[l->job.n - 1].is_ready = true;
    }
    for (uint8_t p = 0; p < l->parties; p++)
        if (p != l->self)
            ol_fork_show(l, log, p, size);
}

static void judge(ol_line *l, ol_log *log, uint8_t source, uint8_t party, const ol_item *it,
                  const uint8_t *root) {
    bool is_head = party == log->key.party;
    if (memcmp(root, it->root, OL_HASH_LEN) == 0)
        return;
    if (is_head && source != l->self)
        log->sync[source].is_apart = true;
    if (piece_of(l, log, party) != NULL || !has_room(l, log, party) || !keep(l, log, party, it))
        return;
    log->is_forked = log->is_forked || stops_receipts(l, log, party);
    if (log->fork_found == 0)
        log->fork_found = l->wall;
    log->fork_seen = 0; /* the alarm stands again */
    log->fork_party = party, log->fork_size = it->size;
    log->is_fork_new = log->note_fork = l->wants_commit = true;
    if (is_head)
        spread(l, log, it->size, root);
    if (is_head && log->is_own && l->own[log->key.lane].log == log)
        ol_append_close(l, log, OL_WHY_FORK);
}

/* ---- a root that is not at hand is computed from the entries ---- */

static void begin_probe(ol_line *l, ol_log *log, uint8_t source, uint8_t party, const ol_item *it) {
    ol_probe *b = &l->probe[source];
    if (b->log != NULL || l->mono_ms < b->after_ms)
        return; /* it will be shown again */
    *b = (ol_probe){ .log = log, .party = party, .at_ms = l->mono_ms };
    b->size = it->size, b->time = it->time;
    memcpy(b->root, it->root, sizeof b->root);
    memcpy(b->sig, it->p, sizeof b->sig);
    ol_frontier_clear(&b->tree);
}

static void end_probe(const ol_line *l, ol_probe *b) {
    b->log = NULL;
    b->after_ms = l->mono_ms + PROBE_REST_MS;
}

static bool probe_fetched(ol_line *l, const ol_event *ev) {
    uint8_t source = 0;
    while (source < l->parties &&
           (l->probe[source].log == NULL || l->probe[source].token != ev->fetched.token))
        source++;
    if (source == l->parties)
        return false;
    ol_probe *b = &l->probe[source];
    b->token = 0;
    bool is_good = ev->fetched.n > 0;
    for (size_t i = 0; i < ev->fetched.n && is_good && b->tree.size < b->size; i++) {
        const ol_bytes *e = &ev->fetched.entry[i];
        ol_hash leaf;
        is_good =
            ol_log_leaf(l, &b->log->key, b->log->generation, b->tree.size, e->p, e->len, &leaf) &&
            ol_frontier_append(&b->tree, &leaf) == OL_OK;
    }
    b->fetches++;
    if (b->fetches % PROBE_BURST == 0)
        b->at_ms = l->mono_ms + 1;
    if (!is_good)
        end_probe(l, b);
    if (b->log == NULL || b->tree.size < b->size)
        return true;
    ol_log *log = b->log;
    ol_hash root = ol_frontier_root(&b->tree);
    const ol_item it = { .size = b->size, .time = b->time, .root = b->root, .p = b->sig };
    end_probe(l, b);
    ol_log_remember(l, log, it.size, root.b);
    judge(l, log, source, b->party, &it, root.b);
    return true;
}

/* ---- what the store is asked for ---- */

static bool is_resting(const ol_probe *b) {
    return b->log != NULL && b->token == 0;
}

/* One fetch at a time, of each member's in turn. */
static ol_probe *next_probe(ol_line *l) {
    for (uint8_t p = 0; p < l->parties; p++)
        if (l->probe[p].log != NULL && l->probe[p].token != 0)
            return NULL;
    for (unsigned i = 1; i <= l->parties; i++) {
        uint8_t p = (uint8_t)((l->probe_at + i) % l->parties);
        if (!is_resting(&l->probe[p]) || l->mono_ms < l->probe[p].at_ms)
            continue;
        l->probe_at = p;
        return &l->probe[p];
    }
    return NULL;
}

bool ol_fork_fetch(ol_line *l, ol_effect *fx) {
    ol_shown *n = l->is_show_due ? next_shown(l) : NULL;
    if (n != NULL) {
        n->token = fx->fetch.token = ol_token(l);
        fx->fetch.log = n->log->key;
        fx->fetch.from = fx->fetch.to = fx->fetch.head = n->size;
        return true;
    }
    ol_probe *b = next_probe(l);
    if (b == NULL)
        return false;
    uint64_t to = b->tree.size + PROBE_ENTRIES;
    b->token = fx->fetch.token = ol_token(l);
    fx->fetch.log = b->log->key, fx->fetch.head = 0;
    fx->fetch.from = b->tree.size, fx->fetch.to = to < b->size ? to : b->size;
    return true;
}

bool ol_fork_fetched(ol_line *l, const ol_event *ev) {
    return shown_fetched(l, ev) || probe_fetched(l, ev);
}

uint64_t ol_fork_next_ms(const ol_line *l) {
    uint64_t next = OL_NEVER;
    for (uint8_t p = 0; p < l->parties; p++)
        if (is_resting(&l->probe[p]))
            next = ol_min_ms(next, l->probe[p].at_ms);
    return next;
}

/* ---- notes that arrive ---- */

void ol_fork_note(ol_line *l, uint8_t source, ol_log *log, const ol_item *it) {
    bool is_receipt = it->type == OL_ITEM_NOTE_R;
    uint8_t author = log->key.party, party = is_receipt ? it->party : author;
    if (it->size == 0 || party >= l->parties || (is_receipt && party == author))
        return;
    ol_err err =
        is_receipt ? ol_log_check_receipt(l, &log->key, party, it->size, it->time, it->root, it->p)
                   : ol_log_check_head(l, &log->key, it->size, it->root, it->p);
    if (err != OL_OK) {
        l->count[OL_COUNT_HEAD_BAD]++; /* the sender's fault, not the author's */
        return;
    }
    if (it->size > log->stored) { /* of our own log: somebody else writes it (§6.2) */
        if (log->is_own && !is_receipt && l->own[log->key.lane].log == log) {
            ol_append_close(l, log, OL_WHY_MEMBER_HAS_MORE);
            ol_copy_found(l);
            ol_fork_show(l, log, source, log->head_size); /* is ours part of it? */
        }
        return;
    }
    const uint8_t *root = ol_log_root_at(log, it->size);
    if (root != NULL)
        judge(l, log, source, party, it, root);
    else
        begin_probe(l, log, source, party, it);
}

/* ---- kept with the next commit, and loaded again ---- */

static void key_of(const ol_log *log, char to[FORK_KEY + 1]) {
    memcpy(to, "fork.", 5);
    to[5] = (char)('0' + log->key.party / 10), to[6] = (char)('0' + log->key.party % 10);
    to[7] = (char)('0' + log->key.lane);
    ol_hex_put(log->key.incarnation, OL_INC_LEN, to + 8);
}

static OL_MUST ol_err put_alarm(ol_line *l, ol_log *log) {
    char key[FORK_KEY + 1];
    uint8_t value[16];
    ol_wr w = ol_wr_of(value, sizeof value);
    ol_wr_be(&w, log->fork_found, 8);
    ol_wr_be(&w, log->fork_seen, 8);
    key_of(log, key);
    return ol_batch_state(l, key, value, sizeof value);
}

ol_err ol_fork_put(ol_line *l) {
    ol_err err = OL_OK;
    for (size_t i = 0; i < l->piece.n && err == OL_OK; i++) {
        ol_piece *e = &l->piece.v[i];
        if (e->is_saved)
            continue;
        err = ol_batch_evidence(l, e);
        e->is_saving = true;
    }
    for (size_t i = 0; i < l->log.n && err == OL_OK; i++) {
        ol_log *log = l->log.v[i];
        if (log->is_fork_new)
            err = put_alarm(l, log);
        log->is_fork_new = false;
    }
    return err;
}

void ol_fork_answered(ol_line *l, bool is_done) {
    for (size_t i = 0; i < l->piece.n; i++) {
        ol_piece *e = &l->piece.v[i];
        e->is_saved = e->is_saved || (is_done && e->is_saving);
        e->log->is_fork_new = e->log->is_fork_new || !is_done || !e->is_saved;
        e->is_saving = false;
    }
}

ol_err ol_line_load_evidence(ol_line *l, const ol_log_key *key, uint8_t party, uint64_t size,
                             uint64_t time, const uint8_t root[32], const uint8_t *sig) {
    ol_log *log = ol_log_find(l, key);
    const ol_item it = { .size = size, .time = time, .root = root, .p = sig };
    if (log == NULL || party >= l->parties)
        return OL_ECONFLICT;
    if (piece_of(l, log, party) != NULL)
        return OL_OK;
    if (!keep(l, log, party, &it))
        return OL_ENOMEM;
    l->piece.v[l->piece.n - 1].is_saved = true;
    log->is_forked = log->is_forked || stops_receipts(l, log, party);
    return OL_OK;
}

void ol_fork_load_alarm(ol_line *l, const char *name, const uint8_t *value) {
    char key[FORK_KEY + 1];
    ol_rd r = ol_rd_of(value, 16);
    for (size_t i = 0; i < l->log.n; i++) {
        key_of(l->log.v[i], key);
        if (strcmp(key, name) != 0)
            continue;
        l->log.v[i]->fork_found = ol_rd_be(&r, 8);
        l->log.v[i]->fork_seen = ol_rd_be(&r, 8);
    }
}

/* ---- the officer ---- */

void ol_fork_acknowledge(ol_line *l, const ol_log_key *key) {
    ol_log *log = ol_log_find(l, key);
    if (log == NULL || log->fork_found == 0 || log->fork_seen != 0)
        return;
    log->fork_seen = l->wall > 0 ? l->wall : 1;
    log->is_fork_new = l->wants_commit = true;
}

bool ol_line_fork(const ol_line *l, size_t n, ol_fork_status *ret) {
    if (n >= l->piece.n)
        return false;
    const ol_piece *e = &l->piece.v[n];
    *ret = (ol_fork_status){ .log = e->log->key,
                             .party = e->party,
                             .size = e->size,
                             .found = e->log->fork_found,
                             .acknowledged = e->log->fork_seen };
    return true;
}
