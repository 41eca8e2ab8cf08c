#include "station/load.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    ol_line *engine;
    ol_log_key *log; /* all of the line, in the store's order */
    size_t logs, cap;
    const ol_log_key *of; /* the log in hand */
    bool has_receipt;
    ol_stored_receipt receipt; /* the largest of a party so far */
    uint8_t sig[OL_SIG_LEN];
} load;

static ol_err take_log(void *ctx, const ol_stored_log *s) {
    load *l = ctx;
    if (l->logs == l->cap) {
        size_t cap = l->cap == 0 ? 16 : 2 * l->cap;
        ol_log_key *more = realloc(l->log, cap * sizeof *more);
        if (more == NULL)
            return OL_ENOMEM;
        l->log = more, l->cap = cap;
    }
    l->log[l->logs++] = s->key;
    ol_load_log in = { .key = s->key,
                       .is_closed = s->is_closed,
                       .size = s->size,
                       .frontier = s->frontier,
                       .frontier_len = s->frontier_len };
    return ol_line_load_log(l->engine, &in);
}

static ol_err take_opening(void *ctx, const ol_stored_entry *e) {
    load *l = ctx;
    return ol_line_load_opening(l->engine, l->of, e->entry, e->len);
}

static ol_err take_head(void *ctx, const ol_stored_head *h) {
    load *l = ctx;
    return ol_line_load_head(l->engine, l->of, h->size, h->root, h->sig);
}

static ol_err flush_receipt(load *l) {
    const ol_stored_receipt *r = &l->receipt;
    if (!l->has_receipt)
        return OL_OK;
    l->has_receipt = false;
    return ol_line_load_receipt(l->engine, l->of, r->party, r->size, r->time, r->sig);
}

/* By party, then size, ascending: the last of each party is its largest. */
static ol_err take_receipt(void *ctx, const ol_stored_receipt *r) {
    load *l = ctx;
    ol_err err = l->has_receipt && l->receipt.party != r->party ? flush_receipt(l) : OL_OK;
    l->receipt = *r;
    l->has_receipt = true;
    if (r->sig != NULL) {
        memcpy(l->sig, r->sig, sizeof l->sig);
        l->receipt.sig = l->sig;
    }
    return err;
}

static ol_err take_evidence(void *ctx, const ol_stored_evidence *e) {
    load *l = ctx;
    return ol_line_load_evidence(l->engine, &e->log, e->party, e->size, e->time, e->root, e->sig);
}

static ol_err take_state(void *ctx, const char *key, const uint8_t *value, size_t len) {
    load *l = ctx;
    return ol_line_load_state(l->engine, key, value, len);
}

ol_err ol_load_line(ol_store *s, const uint8_t line[OL_LINE_ID_LEN], ol_line *engine) {
    load l = { .engine = engine };
    ol_err err = s->ops->logs(s, line, take_log, &l);
    for (size_t i = 0; err == OL_OK && i < l.logs; i++) {
        l.of = &l.log[i];
        err = s->ops->entries(s, line, l.of, 0, 1, take_opening, &l);
        if (err == OL_OK)
            err = s->ops->receipts(s, line, l.of, take_receipt, &l);
        if (err == OL_OK)
            err = flush_receipt(&l);
        if (err == OL_OK)
            err = s->ops->heads(s, line, l.of, 0, take_head, &l);
    }
    if (err == OL_OK)
        err = s->ops->evidence(s, line, take_evidence, &l);
    if (err == OL_OK)
        err = s->ops->state(s, line, take_state, &l);
    free(l.log);
    return err;
}
