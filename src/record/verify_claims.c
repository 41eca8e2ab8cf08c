/* Receipts that stand in closes of calls (§4.9): each over the root of the tiles. */
#include "record/receipt.h"
#include "record/verify_parts.h"

#include <stdlib.h>

typedef struct {
    size_t log, nth; /* nth of the view's claims */
    uint64_t size;
} claim;

static int compare(const void *a, const void *b) {
    const claim *x = a, *y = b;
    if (x->log != y->log)
        return x->log < y->log ? -1 : 1;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return x->nth < y->nth ? -1 : x->nth > y->nth;
}

/* By the receipt key of any card of that party. */
static bool verifies(const vf *v, const ol_view_claim *c, const ol_hash *root) {
    const ol_log_key *key = ol_view_log_key(v->view, c->log);
    char origin[OL_NOTE_NAME_MAX + 1];
    size_t len = ol_checkpoint_origin(v->result->line, v->party_name[key->party], key, origin);
    const ol_checkpoint cp = { { origin, len }, c->size, *root };
    for (size_t i = 0; i < v->cards; i++)
        if (v->card[i].party == c->party &&
            ol_receipt_verify(&cp, c->time, v->card[i].receipt, c->sig) == OL_OK)
            return true;
    return false;
}

/* Of one log, by size. */
static void check(vf *v, const claim *c, size_t n, ol_hash *root, uint64_t *size) {
    char name[OL_VIEW_ID_MAX + 1];
    ol_view_log_name(ol_view_log_key(v->view, c->log), 2 * OL_INC_LEN, v->party_name, name);
    for (size_t i = 0; i < n; i++)
        size[i] = c[i].size;
    if (!ol_vf_roots(v, name, ol_view_log_size(v->view, c->log), size, n, root))
        return;
    for (size_t i = 0; i < n; i++) {
        ol_view_claim it = ol_view_claim_at(v->view, c[i].nth);
        if (verifies(v, &it, &root[i]))
            ol_view_claim_holds(v->view, c[i].nth);
    }
}

/* Those of which the leaves are known. */
static size_t gather(const vf *v, claim *c, size_t all) {
    size_t n = 0;
    for (size_t i = 0; i < all; i++) {
        ol_view_claim it = ol_view_claim_at(v->view, i);
        if (it.log != OL_VIEW_NONE && v->place[it.log].is_proven && it.size > 0 &&
            it.size <= ol_view_log_size(v->view, it.log))
            c[n++] = (claim){ it.log, i, it.size };
    }
    return n;
}

void ol_vf_claims(vf *v) {
    size_t all = ol_view_claims(v->view);
    if (all == 0)
        return;
    claim *c = ol_mem_get0(v->opts->mem, all, sizeof *c);
    ol_hash *root = ol_mem_get0(v->opts->mem, all, sizeof *root);
    uint64_t *size = ol_mem_get0(v->opts->mem, all, sizeof *size);
    bool has_room = c != NULL && root != NULL && size != NULL;
    size_t n = has_room ? gather(v, c, all) : 0, end = 0;
    if (n > 0)
        qsort(c, n, sizeof *c, compare);
    for (size_t i = 0; i < n; i = end) {
        for (end = i; end < n && c[end].log == c[i].log; end++)
            continue;
        check(v, &c[i], end - i, root, size);
    }
    v->err = has_room ? OL_OK : OL_ENOMEM;
    ol_mem_put(v->opts->mem, c, all, sizeof *c);
    ol_mem_put(v->opts->mem, root, all, sizeof *root);
    ol_mem_put(v->opts->mem, size, all, sizeof *size);
}
