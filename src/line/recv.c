/* Items that arrived in an authentic payload (§5.2). */
#include "line/fork.h"
#include "line/hold.h"
#include "line/keyring.h"
#include "line/state.h"

typedef struct {
    ol_line *l;
    uint8_t source;
    ol_path *path;            /* NULL: a bundle */
    const ol_holder *by;      /* the session; NULL: a first message, a bundle */
    bool has_log, is_ignored; /* ignored: up to the next LOG */
    ol_log_key key;
    ol_log *log; /* NULL: not known here */
} context;

static void set_log(context *c, const ol_item *it) {
    c->has_log = true;
    c->is_ignored = it->log.party >= c->l->parties;
    c->key = it->log;
    c->log = NULL;
    if (c->is_ignored)
        return;
    if (it->type == OL_ITEM_LOG_FULL) {
        c->log = ol_log_find(c->l, &it->log);
        return;
    }
    c->log = ol_log_find_short(c->l, &it->log);
    c->is_ignored = c->log == NULL; /* unknown or ambiguous: the sender will use the full form */
    if (c->log != NULL)
        c->key = c->log->key;
}

static void set_stopped(ol_peer *peer, uint8_t why) {
    peer->note_stopped = peer->note_stopped || peer->stopped != why;
    peer->stopped = why;
}

/* A receipt that verifies over a root we know; false when it does not, or the root is not known. */
static bool take_receipt(ol_line *l, ol_log *log, uint8_t party, const ol_got *r) {
    const uint8_t *root = ol_log_root_at(log, r->size);
    if (root == NULL)
        return false;
    if (ol_log_check_receipt(l, &log->key, party, r->size, r->time, root, r->sig) != OL_OK) {
        l->count[OL_COUNT_RECEIPT_BAD]++;
        return false;
    }
    ol_got *g = &log->got[party];
    if (r->size > g->size) {
        *g = *r;
        g->is_signed = g->is_unsaved = g->note = g->has_root = true;
        memcpy(g->root, root, sizeof g->root);
        l->inbox.read.receipts += l->inbox.is_open;
        l->save_ms = ol_min_ms(l->save_ms, l->mono_ms + OL_SAVE_MS);
        if (ol_bundle_counts(l, party))
            set_stopped(&l->peer[party], 0); /* it stores, whatever it said before */
        ol_relay_got(l, log, party);
    }
    return true;
}

/* Our own word, handed back by a log's author after we forgot (§6.3). */
static void recv_own_receipt(ol_line *l, ol_log *log, const ol_got *r) {
    ol_got *later = &log->later[l->self];
    if (log->is_own || !r->has_root ||
        ol_log_check_receipt(l, &log->key, l->self, r->size, r->time, r->root, r->sig) != OL_OK)
        return;
    if (r->time > l->last_time)
        l->last_time = r->time; /* times never fall */
    ol_copy_own_receipt(l, log, r->size);
    if (r->size > log->stored) { /* in the batch is not on disk */
        if (r->size > later->size || (r->is_firsthand && !later->is_firsthand))
            *later = *r;
        return;
    }
    const uint8_t *root = ol_log_root_at(log, r->size);
    if (root != NULL && memcmp(root, r->root, sizeof r->root) != 0) { /* we vouched for another */
        const ol_item it = { .type = OL_ITEM_NOTE_R,
                             .party = l->self,
                             .size = r->size,
                             .time = r->time,
                             .root = r->root,
                             .p = r->sig };
        ol_fork_note(l, l->self, log, &it);
        return;
    }
    if (root != NULL)
        (void)take_receipt(l, log, l->self, r);
    if (log->is_gated && r->is_firsthand) /* others may hand back an older one */
        log->is_gated = false, log->wants_receipt = l->wants_commit = true;
}

static ol_got got_of(const ol_line *l, const ol_item *it) {
    ol_got r = { .size = it->size, .time = it->time, .is_signed = true, .way = l->way };
    memcpy(r.sig, it->p, sizeof r.sig);
    r.has_root = it->root != NULL;
    if (r.has_root)
        memcpy(r.root, it->root, sizeof r.root);
    return r;
}

/* It does not fit our copy: whoever sent it is asked for what lies under it (§5.3). */
static void ask_for_note(context *c, uint64_t size) {
    ol_sync *s = &c->log->sync[c->source];
    if (!s->is_apart)
        s->owe_ask = size;
}

/* False: it is of no use now. */
static bool is_due(context *c, const ol_got *r, uint8_t party) {
    ol_line *l = c->l;
    if (r->size > c->log->head_size) {
        ol_got *later = &c->log->later[party]; /* waits for the entries, not verified */
        if (r->is_firsthand == later->is_firsthand ? r->size > later->size : r->is_firsthand)
            *later = *r;
        if (c->log->is_own && party == c->source && r->size > c->log->tree.size)
            ask_for_note(c, r->size); /* more than we ever wrote there? */
        if (party == c->source && ol_bundle_counts(l, party))
            ol_sync_believe(l, c->log, party, r->size); /* it lacks nothing that we have */
        return false;
    }
    if (party != c->source || ol_log_root_at(c->log, r->size) != NULL)
        return true;
    /* too old to check, but it is what the peer has; no sign of a gap, as a HAVE is */
    if (ol_bundle_counts(l, party))
        ol_sync_believe(l, c->log, c->source, r->size);
    return false;
}

static void recv_receipt(context *c, const ol_item *it) {
    ol_line *l = c->l;
    if (c->log == NULL || it->party >= l->parties || it->party == c->key.party)
        return;
    ol_got r = got_of(l, it);
    if (it->party == l->self)
        return; /* comes back as NOTE-R, with its root */
    r.is_firsthand = it->party == c->source;
    if (!r.is_firsthand)
        c->log->sync[it->party].measure = 0; /* no round trip of its own path */
    if (!is_due(c, &r, it->party))
        return;
    const ol_got *g = &c->log->got[it->party];
    bool is_first = g->size == 0, is_repeat = r.size == g->size,
         is_same = memcmp(r.sig, g->sig, sizeof r.sig) == 0;
    if ((!is_repeat || !is_same) && !take_receipt(l, c->log, it->party, &r)) {
        if (it->party == c->source)
            ask_for_note(c, r.size);
        return;
    }
    if (!is_repeat && is_first && !c->log->is_own)
        c->log->sync[it->party].owe_receipt = true; /* it has the log now: ours means something */
    if (ol_bundle_counts(l, it->party))
        ol_sync_progress(l, c->log, it->party, r.size);
    if (it->party == c->source && c->path != NULL)
        c->path->proven_ms = l->mono_ms, c->path->proven_wall = l->wall;
}

void ol_recv_later(ol_line *l, ol_log *log) {
    for (uint8_t p = 0; p < l->parties; p++) {
        ol_got r = log->later[p];
        if (r.size == 0 || r.size > log->head_size)
            continue;
        log->later[p] = (ol_got){ 0 };
        if (p == l->self)
            recv_own_receipt(l, log, &r);
        else if (take_receipt(l, log, p, &r))
            ol_sync_progress(l, log, p, r.size);
    }
}

static void recv_have(context *c, const ol_item *it) {
    ol_line *l = c->l;
    if (c->log == NULL || !ol_bundle_counts(l, c->source))
        return;
    if (c->source == c->key.party)
        c->log->sync[c->source].knows = it->receipt;
    ol_sync_have(l, c->log, c->source, it->size);
    if (c->by != NULL && c->source == c->key.party)
        ol_copy_claimed(l, c->log, it->receipt);
    if (c->by == NULL || !c->log->is_gated || c->key.party != c->source ||
        it->receipt > c->log->got[l->self].size)
        return;
    c->log->is_gated = false; /* the author holds no word of ours that we do not know */
    c->log->wants_receipt = l->wants_commit = true;
}

static void recv_of_log(context *c, const ol_item *it) {
    ol_sync *s = c->log == NULL || c->path == NULL ? NULL : &c->log->sync[c->source];
    switch (it->type) {
    case OL_ITEM_ENTRY:
    case OL_ITEM_NEXT:
    case OL_ITEM_PART:
        ol_hold_entry(c->l, c->source, &c->key, it);
        break;
    case OL_ITEM_HEAD:
        ol_hold_head(c->l, c->source, &c->key, it->size, it->p);
        ol_hold_adopt(c->l, c->source);
        c->log = ol_log_find(c->l, &c->key);
        break;
    case OL_ITEM_RECEIPT:
        recv_receipt(c, it);
        break;
    case OL_ITEM_HAVE:
        recv_have(c, it);
        break;
    case OL_ITEM_NOTE:
    case OL_ITEM_NOTE_R:
        if (it->type == OL_ITEM_NOTE_R && it->party == c->l->self && c->log != NULL) {
            ol_got r = got_of(c->l, it);
            r.is_firsthand = c->by != NULL && c->source == c->key.party;
            recv_own_receipt(c->l, c->log, &r);
            break;
        }
        if (c->log != NULL)
            ol_fork_note(c->l, c->source, c->log, it);
        break;
    case OL_ITEM_ASK:
        if (s != NULL && ol_limit_request(c->l, c->source))
            ol_fork_show(c->l, c->log, c->source, it->size);
        break;
    case OL_ITEM_WANT:
        if (s != NULL && ol_limit_request(c->l, c->source))
            ol_relay_wanted(c->l, c->log, c->source, it->party, it->size);
        break;
    case OL_ITEM_DELAYED:
        if (s != NULL && c->by != NULL)
            ol_sync_late(c->l, c->log, c->source, it->seconds);
        break;
    case OL_ITEM_PROVE:
        if (s != NULL && c->log->is_own && ol_limit_request(c->l, c->source))
            s->owe_back = true;
        break;
    default:
        break;
    }
}

/* That party has told us all that it holds of ours: receipts for its logs may be signed again. */
static void told_by(ol_line *l, uint8_t party) {
    l->peer[party].is_told = true;
    bool is_over = true;
    for (uint8_t p = 0; p < l->parties; p++)
        is_over = is_over && (p == l->self || l->peer[p].is_told || !ol_keyring_is_member(l, p));
    for (size_t i = 0; i < l->log.n; i++)
        if (l->log.v[i]->key.party == party && l->log.v[i]->is_gated)
            l->log.v[i]->is_gated = false, l->log.v[i]->wants_receipt = true;
    l->wants_commit = true;
    if (is_over)
        l->has_forgotten = l->may_lack = false, l->is_forgot_new = true;
}

/* The peer says that we hold again what it holds, our receipts too (§6.3). */
static void recv_told(const context *c, const ol_item *it) {
    if (c->l->has_forgotten && it->run == c->l->run && !c->l->peer[c->source].is_told)
        told_by(c->l, c->source);
}

static void recv_of_line(context *c, const ol_item *it) {
    ol_peer *peer = &c->l->peer[c->source];
    switch (it->type) {
    case OL_ITEM_FORGOT:
        ol_sync_forgot(c->l, c->source, c->by, it->run);
        peer->says_run = peer->has_run && peer->run == it->run;
        break;
    case OL_ITEM_TOLD:
        recv_told(c, it);
        break;
    case OL_ITEM_STOPPED:
        set_stopped(peer, it->why);
        break;
    case OL_ITEM_ALL:
        if (it->why == 0)
            peer->credit.wants_all = true;
        else if (c->by != NULL)
            ol_credit_all(c->l, c->source);
        break;
    case OL_ITEM_BUSY:
        peer->credit.says_busy = it->why & (OL_BUSY_FIRST | OL_BUSY_REQUESTS);
        peer->credit.said_ms = c->l->mono_ms;
        break;
    case OL_ITEM_PING:
        c->path->owe_pong = true, c->path->pong = it->token;
        break;
    case OL_ITEM_PONG:
        ol_path_pong(c->l, c->path, it->token);
        break;
    default:
        break;
    }
}

void ol_recv_payload(ol_line *l, uint8_t source, ol_path *path, const ol_holder *by,
                     const uint8_t *p, size_t len) {
    l->peer[source].speaks = path == NULL; /* it has the floor itself, or its courier has */
    l->peer[source].says_run = false;
    context c = { .l = l, .source = source, .path = path, .by = by };
    l->from = path;
    if (path != NULL)
        l->way = path->way;
    ol_rd r = ol_rd_of(p, len);
    ol_item it = { 0 };
    while (r.left > 0 && ol_item_get(&r, &it) == OL_OK) { /* checked whole by the caller */
        if (it.type == OL_ITEM_LOG_SHORT || it.type == OL_ITEM_LOG_FULL)
            set_log(&c, &it);
        else if (it.type == OL_ITEM_FORGOT ||
                 (it.type >= OL_ITEM_STOPPED && it.type != OL_ITEM_WANT &&
                  it.type != OL_ITEM_DELAYED)) {
            if (path != NULL) /* of the moment: a bundle may be of any */
                recv_of_line(&c, &it);
        } else if (c.has_log && !c.is_ignored)
            recv_of_log(&c, &it);
    }
    ol_hold_adopt(l, source);
    l->from = NULL;
}
