#include "store/reader.h"

#include <string.h>

#include "crypto/keys.h"
#include "record/checkpoint.h"
#include "record/receipt.h"
#include "wire/entry.h"

typedef struct {
    ol_log_key key;
    uint64_t size; /* of the last signed head */
    uint8_t head[OL_SIG_LEN], root[OL_HASH_LEN];
    uint32_t generation;
    const ol_card *card; /* whose key signed that head; NULL: none that is held */
} row;

struct ol_store_reader {
    ol_store_reader_opts opts;
    ol_reader reader;
    row *row;
    size_t n, cap;
};

static ol_err take_head(void *ctx, const ol_stored_head *h) {
    row *r = ctx;
    if (h->sig == NULL || h->size < r->size)
        return OL_OK;
    r->size = h->size;
    memcpy(r->head, h->sig, sizeof r->head);
    memcpy(r->root, h->root, sizeof r->root);
    return OL_OK;
}

static ol_err take_opening(void *ctx, const ol_stored_entry *e) {
    row *r = ctx;
    ol_entry entry;
    ol_opening o;
    if (ol_entry_decode(e->entry, e->len, &entry) == OL_OK && entry.kind == OL_KIND_OPENING &&
        ol_opening_decode(entry.body, entry.body_len, &o) == OL_OK)
        r->generation = o.generation;
    return OL_OK;
}

static ol_err take_log(void *ctx, const ol_stored_log *log) {
    ol_store_reader *r = ctx;
    if (log->key.party >= r->opts.charter->parties)
        return OL_OK;
    if (r->n == r->cap) {
        size_t cap = r->cap == 0 ? 16 : r->cap * 2;
        row *grown = ol_mem_get0(r->opts.mem, cap, sizeof *grown);
        if (grown == NULL)
            return OL_ENOMEM;
        if (r->n > 0)
            memcpy(grown, r->row, r->n * sizeof *grown);
        ol_mem_put(r->opts.mem, r->row, r->cap, sizeof *grown);
        r->row = grown;
        r->cap = cap;
    }
    r->row[r->n++].key = log->key;
    return OL_OK;
}

static ol_err read_charter(void *ctx, size_t generation, ol_str *ret) {
    ol_store_reader *r = ctx;
    if (generation >= r->opts.generations)
        return OL_ENOENT;
    *ret = r->opts.generation[generation].note;
    return OL_OK;
}

static ol_err read_card(void *ctx, size_t n, ol_record_card *ret) {
    ol_store_reader *r = ctx;
    if (n >= r->opts.cards)
        return OL_ENOENT;
    const ol_store_reader_card *c = &r->opts.card[n];
    *ret = (ol_record_card){ c->party, c->card->serial, c->note };
    return OL_OK;
}

static uint32_t members_of(const ol_store_reader *r, const row *at) {
    return at->generation < r->opts.generations ? r->opts.generation[at->generation].members : 0;
}

static const uint8_t *secret_of(const ol_store_reader *r, const row *at) {
    return at->generation < r->opts.generations ? r->opts.generation[at->generation].secret : NULL;
}

static bool is_of(const ol_store_reader *r, size_t card, uint8_t party) {
    return r->opts.card[card].party == party;
}

/* How many cards of a party are held; *ret_last: the newest, or NULL. */
static size_t cards_of(const ol_store_reader *r, uint8_t party, const ol_card **ret_last) {
    size_t n = 0;
    *ret_last = NULL;
    for (size_t i = 0; i < r->opts.cards; i++)
        if (is_of(r, i, party) && n++ == 0)
            *ret_last = r->opts.card[i].card;
    return n;
}

static ol_checkpoint checkpoint_of(const ol_store_reader *r, const row *at, uint64_t size,
                                   const uint8_t *root, char origin[OL_NOTE_NAME_MAX + 1]) {
    const ol_charter *ch = r->opts.charter;
    ol_checkpoint cp = { .size = size };
    size_t len = ol_checkpoint_origin(ch->line, ch->party[at->key.party].name, &at->key, origin);
    cp.origin = (ol_str){ origin, len };
    memcpy(cp.root.b, root, sizeof cp.root.b);
    return cp;
}

/* The card by whose key the head verifies; where there is one card it is that. */
static void find_card(const ol_store_reader *r, row *at) {
    char origin[OL_NOTE_NAME_MAX + 1];
    ol_checkpoint cp = checkpoint_of(r, at, at->size, at->root, origin);
    bool is_one = cards_of(r, at->key.party, &at->card) <= 1;
    for (size_t i = 0; at->size > 0 && !is_one && i < r->opts.cards; i++) {
        if (!is_of(r, i, at->key.party) ||
            ol_checkpoint_verify(&cp, r->opts.card[i].card->log, at->head) != OL_OK)
            continue;
        at->card = r->opts.card[i].card;
        return;
    }
}

static ol_err read_log(void *ctx, size_t n, ol_record_log *ret) {
    ol_store_reader *r = ctx;
    if (n >= r->n)
        return OL_ENOENT;
    const row *at = &r->row[n];
    bool is_shown = at->card != NULL && secret_of(r, at) != NULL;
    ol_record_log log = { .key = at->key,
                          .size = is_shown ? at->size : 0,
                          .members = members_of(r, at) | UINT32_C(1) << at->key.party };
    memcpy(log.head, at->head, sizeof log.head);
    if (at->card != NULL)
        memcpy(log.log_pub, at->card->log, sizeof log.log_pub);
    for (uint8_t p = 0; p < r->opts.charter->parties; p++) {
        const ol_card *last;
        if (cards_of(r, p, &last) > 0)
            memcpy(log.receipt_pub[p], last->receipt, OL_SIGN_PUB_LEN);
    }
    *ret = log;
    return OL_OK;
}

typedef struct {
    uint64_t want; /* 0: the largest */
    uint8_t party;
    uint64_t size_max;
    bool is_there;
    ol_record_receipt receipt;
} receipt_walk;

static ol_err take_receipt(void *ctx, const ol_stored_receipt *s) {
    receipt_walk *w = ctx;
    if (s->party != w->party || s->sig == NULL || s->size > w->size_max ||
        (w->want != 0 ? s->size != w->want : w->is_there && s->size <= w->receipt.size))
        return OL_OK;
    w->is_there = true;
    w->receipt.size = s->size;
    w->receipt.time = s->time;
    memcpy(w->receipt.sig, s->sig, sizeof w->receipt.sig);
    return OL_OK;
}

typedef struct {
    uint64_t size;
    bool is_there;
    uint8_t *sig, root[OL_HASH_LEN];
} head_walk;

static ol_err take_head_of(void *ctx, const ol_stored_head *h) {
    head_walk *w = ctx;
    if (h->size != w->size || h->sig == NULL)
        return OL_OK;
    memcpy(w->sig, h->sig, OL_SIG_LEN);
    memcpy(w->root, h->root, OL_HASH_LEN);
    w->is_there = true;
    return OL_OK;
}

/* The key by which the receipt verifies; where there is one card it is that one's. */
static void find_pub(const ol_store_reader *r, const row *at, uint8_t party, const uint8_t *root,
                     ol_record_receipt *receipt) {
    char origin[OL_NOTE_NAME_MAX + 1];
    ol_checkpoint cp = checkpoint_of(r, at, receipt->size, root, origin);
    const ol_card *last;
    size_t n = cards_of(r, party, &last);
    if (n > 0)
        memcpy(receipt->pub, last->receipt, sizeof receipt->pub);
    for (size_t i = 0; n > 1 && i < r->opts.cards; i++) {
        const uint8_t *pub = r->opts.card[i].card->receipt;
        if (!is_of(r, i, party) ||
            ol_receipt_verify(&cp, receipt->time, pub, receipt->sig) != OL_OK)
            continue;
        memcpy(receipt->pub, pub, sizeof receipt->pub);
        return;
    }
}

static ol_err read_receipt(void *ctx, size_t log, uint8_t party, uint64_t size,
                           ol_record_receipt *ret) {
    ol_store_reader *r = ctx;
    ol_store *s = r->opts.store;
    const uint8_t *line = r->opts.charter->id;
    if (log >= r->n)
        return OL_ENOENT;
    const ol_log_key *key = &r->row[log].key;
    receipt_walk w = { .want = size, .party = party, .size_max = r->row[log].size };
    for (;;) {
        ol_err err = s->ops->receipts(s, line, key, take_receipt, &w);
        if (err == OL_OK && !w.is_there)
            err = OL_ENOENT;
        head_walk h = { .size = w.receipt.size, .sig = w.receipt.head };
        if (err == OL_OK)
            err = s->ops->heads(s, line, key, h.size, take_head_of, &h);
        if (err != OL_OK)
            return err;
        if (h.is_there) {
            find_pub(r, &r->row[log], party, h.root, &w.receipt);
            return *ret = w.receipt, OL_OK;
        }
        if (size != 0 || w.receipt.size <= 1)
            return OL_ENOENT;
        w.size_max = w.receipt.size - 1; /* its head is not signed yet: the one below */
        w.is_there = false;
    }
}

/* Of one party's receipts the sizes that all the others have too; the largest is kept. */
typedef struct {
    ol_store_reader *reader;
    size_t log;
    uint8_t first;
    uint64_t *size;
    size_t n, cap;
} agreed_walk;

static ol_err take_size(void *ctx, const ol_stored_receipt *s) {
    agreed_walk *w = ctx;
    if (s->party != w->first || s->sig == NULL || s->size > w->reader->row[w->log].size)
        return OL_OK;
    if (w->n == w->cap) {
        size_t cap = w->cap == 0 ? 32 : w->cap * 2;
        uint64_t *grown = ol_mem_get0(w->reader->opts.mem, cap, sizeof *grown);
        if (grown == NULL)
            return OL_ENOMEM;
        if (w->n > 0)
            memcpy(grown, w->size, w->n * sizeof *grown);
        ol_mem_put(w->reader->opts.mem, w->size, w->cap, sizeof *grown);
        w->size = grown;
        w->cap = cap;
    }
    w->size[w->n++] = s->size;
    return OL_OK;
}

static ol_err is_agreed(ol_store_reader *r, size_t log, uint64_t size, bool *ret) {
    *ret = true;
    for (uint8_t p = 0; p < r->opts.charter->parties && *ret; p++) {
        ol_record_receipt receipt;
        if (p == r->row[log].key.party || (members_of(r, &r->row[log]) >> p & 1) == 0)
            continue;
        ol_err err = read_receipt(r, log, p, size, &receipt);
        if (err != OL_OK && err != OL_ENOENT)
            return err;
        *ret = err == OL_OK;
    }
    return OL_OK;
}

static ol_err read_agreed(void *ctx, size_t log, uint64_t *ret_size) {
    ol_store_reader *r = ctx;
    if (log >= r->n)
        return OL_ENOENT;
    const ol_log_key *key = &r->row[log].key;
    agreed_walk w = { .reader = r, .log = log };
    while (w.first < OL_PARTIES_MAX &&
           (w.first == key->party || (members_of(r, &r->row[log]) >> w.first & 1) == 0))
        w.first++;
    ol_store *s = r->opts.store;
    bool is_found = false;
    ol_err err = s->ops->receipts(s, r->opts.charter->id, key, take_size, &w);
    for (size_t i = w.n; i > 0 && err == OL_OK && !is_found; i--) { /* ascending in the store */
        err = is_agreed(r, log, w.size[i - 1], &is_found);
        if (err == OL_OK && is_found)
            *ret_size = w.size[i - 1];
    }
    ol_mem_put(r->opts.mem, w.size, w.cap, sizeof *w.size);
    return err == OL_OK && !is_found ? OL_ENOENT : err;
}

typedef struct {
    const row *row;
    size_t nth;
    bool is_there;
    ol_record_evidence *ret;
} evidence_walk;

static ol_err take_evidence(void *ctx, const ol_stored_evidence *e) {
    evidence_walk *w = ctx;
    if (!ol_log_key_eq(&e->log, &w->row->key) || e->size > w->row->size || w->is_there ||
        w->nth-- != 0)
        return OL_OK;
    w->is_there = true;
    w->ret->party = e->party, w->ret->size = e->size, w->ret->time = e->time;
    memcpy(w->ret->root, e->root, sizeof w->ret->root);
    memcpy(w->ret->sig, e->sig, sizeof w->ret->sig);
    return OL_OK;
}

static ol_err take_head_above(void *ctx, const ol_stored_head *h) {
    ol_record_evidence *e = ctx;
    if (h->sig == NULL || e->own_size != 0)
        return OL_OK;
    e->own_size = h->size;
    memcpy(e->own_head, h->sig, sizeof e->own_head);
    return OL_OK;
}

/* A head of a log is by the log's one key; a receipt by that of any card of its party. */
static void find_evidence_pub(const ol_store_reader *r, const row *at, ol_record_evidence *e) {
    ol_record_receipt receipt = { .size = e->size, .time = e->time };
    memcpy(receipt.sig, e->sig, sizeof receipt.sig);
    if (e->party != at->key.party)
        find_pub(r, at, e->party, e->root, &receipt);
    else if (at->card != NULL)
        memcpy(receipt.pub, at->card->log, sizeof receipt.pub);
    memcpy(e->pub, receipt.pub, sizeof e->pub);
}

static ol_err read_evidence(void *ctx, size_t log, size_t n, ol_record_evidence *ret) {
    ol_store_reader *r = ctx;
    ol_store *s = r->opts.store;
    const uint8_t *line = r->opts.charter->id;
    if (log >= r->n)
        return OL_ENOENT;
    ol_record_evidence e = { .size = 0 };
    evidence_walk w = { .row = &r->row[log], .nth = n, .ret = &e };
    ol_err err = s->ops->evidence(s, line, take_evidence, &w);
    if (err == OL_OK && (!w.is_there || e.party >= r->opts.charter->parties))
        err = OL_ENOENT;
    if (err == OL_OK)
        err = s->ops->heads(s, line, &w.row->key, e.size, take_head_above, &e);
    if (err != OL_OK)
        return err;
    find_evidence_pub(r, w.row, &e);
    *ret = e;
    return OL_OK;
}

typedef struct {
    const uint8_t *secret;
    ol_record_leaf_fn *fn;
    void *ctx;
    char origin[OL_NOTE_NAME_MAX + 1];
    size_t origin_len;
} leaf_walk;

static ol_err take_entry(void *ctx, const ol_stored_entry *e) {
    leaf_walk *w = ctx;
    uint8_t leaf[OL_LEAF_MAX];
    if (e->len == 0 || e->len > OL_ENTRY_MAX)
        return OL_EFORM;
    ol_keys_salt(w->secret, w->origin, w->origin_len, e->index, leaf);
    memcpy(leaf + OL_SALT_LEN, e->entry, e->len);
    return w->fn(w->ctx, e->index, leaf, OL_SALT_LEN + e->len);
}

static ol_err read_leaves(void *ctx, size_t log, uint64_t from, uint64_t to, ol_record_leaf_fn *fn,
                          void *fn_ctx) {
    ol_store_reader *r = ctx;
    if (log >= r->n)
        return OL_ENOENT;
    const ol_charter *ch = r->opts.charter;
    const ol_log_key *key = &r->row[log].key;
    leaf_walk w = { .secret = secret_of(r, &r->row[log]), .fn = fn, .ctx = fn_ctx };
    if (w.secret == NULL)
        return OL_ENOENT;
    w.origin_len = ol_checkpoint_origin(ch->line, ch->party[key->party].name, key, w.origin);
    return r->opts.store->ops->entries(r->opts.store, ch->id, key, from, to, take_entry, &w);
}

ol_err ol_store_reader_new(const ol_store_reader_opts *opts, ol_store_reader **ret) {
    ol_store_reader *r = ol_mem_get0(opts->mem, 1, sizeof *r);
    if (r == NULL)
        return OL_ENOMEM;
    r->opts = *opts;
    r->reader = (ol_reader){ .parties = opts->charter->parties,
                             .ctx = r,
                             .charter = read_charter,
                             .card = read_card,
                             .log = read_log,
                             .receipt = read_receipt,
                             .agreed = read_agreed,
                             .evidence = read_evidence,
                             .leaves = read_leaves };
    memcpy(r->reader.line, opts->charter->line, sizeof r->reader.line);
    for (uint8_t p = 0; p < opts->charter->parties; p++)
        memcpy(r->reader.party[p], opts->charter->party[p].name, sizeof r->reader.party[p]);
    ol_store *s = opts->store;
    ol_err err = s->ops->logs(s, opts->charter->id, take_log, r);
    for (size_t i = 0; i < r->n && err == OL_OK; i++) {
        row *at = &r->row[i];
        err = s->ops->heads(s, opts->charter->id, &at->key, 0, take_head, at);
        if (err == OL_OK)
            err = s->ops->entries(s, opts->charter->id, &at->key, 0, 1, take_opening, at);
        find_card(r, at);
    }
    if (err == OL_OK)
        *ret = r;
    else
        ol_store_reader_free(r);
    return err;
}

void ol_store_reader_free(ol_store_reader *r) {
    if (r == NULL)
        return;
    ol_mem *mem = r->opts.mem;
    ol_mem_put(mem, r->row, r->cap, sizeof *r->row);
    ol_mem_put(mem, r, 1, sizeof *r);
}

const ol_reader *ol_store_reader_of(const ol_store_reader *r) {
    return &r->reader;
}

size_t ol_store_reader_logs(const ol_store_reader *r) {
    return r->n;
}

const ol_log_key *ol_store_reader_key(const ol_store_reader *r, size_t log) {
    return &r->row[log].key;
}
