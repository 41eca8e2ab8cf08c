#include "store/reader.h"

#include <string.h>

#include "crypto/keys.h"
#include "record/checkpoint.h"
#include "wire/entry.h"

typedef struct {
    ol_log_key key;
    uint64_t size; /* of the last signed head */
    uint8_t head[OL_SIG_LEN];
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
    if (generation > 0)
        return OL_ENOENT;
    *ret = r->opts.charter_note;
    return OL_OK;
}

static ol_err read_card(void *ctx, size_t n, ol_record_card *ret) {
    ol_store_reader *r = ctx;
    for (uint8_t p = 0; p < r->opts.charter->parties; p++) {
        if (r->opts.card[p].card == NULL)
            continue;
        if (n-- == 0) {
            *ret = (ol_record_card){ p, r->opts.card[p].card->serial, r->opts.card[p].note };
            return OL_OK;
        }
    }
    return OL_ENOENT;
}

static ol_err read_log(void *ctx, size_t n, ol_record_log *ret) {
    ol_store_reader *r = ctx;
    if (n >= r->n)
        return OL_ENOENT;
    const row *at = &r->row[n];
    const ol_card *author = r->opts.card[at->key.party].card;
    ol_record_log log = { .key = at->key,
                          .size = author != NULL ? at->size : 0,
                          .members = (uint32_t)((UINT64_C(1) << r->opts.charter->parties) - 1) };
    memcpy(log.head, at->head, sizeof log.head);
    if (author != NULL)
        memcpy(log.log_pub, author->log, sizeof log.log_pub);
    for (uint8_t p = 0; p < r->opts.charter->parties; p++)
        if (r->opts.card[p].card != NULL)
            memcpy(log.receipt_pub[p], r->opts.card[p].card->receipt, OL_SIGN_PUB_LEN);
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
    uint8_t *sig;
} head_walk;

static ol_err take_head_of(void *ctx, const ol_stored_head *h) {
    head_walk *w = ctx;
    if (h->size != w->size || h->sig == NULL)
        return OL_OK;
    memcpy(w->sig, h->sig, OL_SIG_LEN);
    w->is_there = true;
    return OL_OK;
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
    if (party < r->opts.charter->parties && r->opts.card[party].card != NULL)
        memcpy(w.receipt.pub, r->opts.card[party].card->receipt, sizeof w.receipt.pub);
    for (;;) {
        ol_err err = s->ops->receipts(s, line, key, take_receipt, &w);
        if (err == OL_OK && !w.is_there)
            err = OL_ENOENT;
        head_walk h = { .size = w.receipt.size, .sig = w.receipt.head };
        if (err == OL_OK)
            err = s->ops->heads(s, line, key, h.size, take_head_of, &h);
        if (err != OL_OK)
            return err;
        if (h.is_there)
            return *ret = w.receipt, OL_OK;
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
        if (p == r->row[log].key.party)
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
    agreed_walk w = { .reader = r, .log = log, .first = key->party == 0 ? 1 : 0 };
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
    const ol_card *card = r->opts.card[e.party].card;
    if (card != NULL)
        memcpy(e.pub, e.party == w.row->key.party ? card->log : card->receipt, sizeof e.pub);
    *ret = e;
    return OL_OK;
}

typedef struct {
    const ol_store_reader *reader;
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
    ol_keys_salt(w->reader->opts.line_secret, w->origin, w->origin_len, e->index, leaf);
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
    leaf_walk w = { .reader = r, .fn = fn, .ctx = fn_ctx };
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
    for (size_t i = 0; i < r->n && err == OL_OK; i++)
        err = s->ops->heads(s, opts->charter->id, &r->row[i].key, 0, take_head, &r->row[i]);
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
