#include "store/source.h"

typedef struct {
    ol_bundle_entry_fn *entry;
    ol_bundle_head_fn *head;
    void *ctx;
    uint64_t to;
} walk;

static ol_err on_entry(void *ctx, const ol_stored_entry *e) {
    walk *w = ctx;
    return w->entry(w->ctx, e->entry, e->len);
}

static ol_err entries(void *ctx, const ol_log_key *log, uint64_t from, uint64_t to,
                      ol_bundle_entry_fn *fn, void *fn_ctx) {
    const ol_store_source *s = ctx;
    walk w = { .entry = fn, .ctx = fn_ctx };
    return s->store->ops->entries(s->store, s->line, log, from, to, on_entry, &w);
}

static ol_err on_head(void *ctx, const ol_stored_head *h) {
    walk *w = ctx;
    if (h->size > w->to)
        return OL_EEXIST; /* far enough */
    return h->sig == NULL ? OL_OK : w->head(w->ctx, h->size, h->sig);
}

static ol_err heads(void *ctx, const ol_log_key *log, uint64_t from, uint64_t to,
                    ol_bundle_head_fn *fn, void *fn_ctx) {
    const ol_store_source *s = ctx;
    walk w = { .head = fn, .ctx = fn_ctx, .to = to };
    ol_err err = s->store->ops->heads(s->store, s->line, log, from, on_head, &w);
    return err == OL_EEXIST ? OL_OK : err;
}

void ol_store_source_of(ol_store_source *s, ol_bundle_source *ret) {
    *ret = (ol_bundle_source){ .ctx = s, .entries = entries, .heads = heads };
}
