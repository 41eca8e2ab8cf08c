/* By which keys and with which salts a log is read: those of its author's cards, and of its
 * generation (§2.3, §2.4, §3.1). */
#include "line/keyring.h"
#include "line/state.h"

#include "wire/entry.h"

ol_err ol_keyring_take(ol_line *l, const ol_line_opts *o) {
    uint32_t all = UINT32_MAX >> (32 - o->parties);
    l->members = o->members == 0 ? all : o->members & all;
    OL_ASSERT(o->generation <= OL_GENERATIONS_MAX && (l->members >> o->self & 1) != 0);
    if (o->olders > 0) {
        l->older = ol_mem_get0(l->mem, o->olders, sizeof *l->older);
        if (l->older == NULL)
            return OL_ENOMEM;
        l->olders = o->olders;
        memcpy(l->older, o->older, o->olders * sizeof *l->older);
    }
    if (o->before == NULL || o->generation == 0)
        return OL_OK;
    l->before = ol_mem_get0(l->secret, o->generation, sizeof *l->before);
    if (l->before == NULL)
        return OL_ENOMEM;
    l->befores = o->generation;
    memcpy(l->before, o->before, o->generation * sizeof *l->before);
    return OL_OK;
}

void ol_keyring_free(ol_line *l) {
    ol_mem_put(l->mem, l->older, l->olders, sizeof *l->older);
    ol_mem_put(l->secret, l->before, l->befores, sizeof *l->before);
}

const uint8_t *ol_keyring_secret(const ol_line *l, uint32_t generation) {
    if (generation == l->generation)
        return l->vault->line_secret;
    bool is_there = generation < l->befores && l->before[generation].has_secret;
    return is_there ? l->before[generation].secret : NULL;
}

bool ol_keyring_is_member(const ol_line *l, uint8_t party) {
    return (l->members >> party & 1) != 0;
}

bool ol_keyring_is_for(const ol_line *l, const ol_log *log, uint8_t party) {
    uint32_t all = l->members; /* who was there all the time since */
    for (size_t g = log->generation; g < l->befores; g++)
        all &= l->before[g].members;
    return (all >> party & 1) != 0;
}

uint32_t ol_keyring_generation(const uint8_t *entry, size_t len) {
    ol_entry e;
    ol_opening o;
    if (ol_entry_decode(entry, len, &e) != OL_OK || e.kind != OL_KIND_OPENING ||
        ol_opening_decode(e.body, e.body_len, &o) != OL_OK)
        return 0;
    return o.generation;
}

static const uint8_t *log_key_of(const ol_line *l, const ol_checkpoint *cp, uint8_t party,
                                 const uint8_t *sig) {
    if (ol_checkpoint_verify(cp, l->peer[party].p.log_pk, sig) == OL_OK)
        return l->peer[party].p.log_pk;
    for (size_t i = 0; i < l->olders; i++)
        if (l->older[i].party == party &&
            ol_checkpoint_verify(cp, l->older[i].log_pk, sig) == OL_OK)
            return l->older[i].log_pk;
    return NULL;
}

const uint8_t *ol_keyring_head(const ol_line *l, const ol_log *log, const ol_checkpoint *cp,
                               uint8_t party, const uint8_t *sig) {
    if (log == NULL || log->log_pk == NULL)
        return log_key_of(l, cp, party, sig);
    return ol_checkpoint_verify(cp, log->log_pk, sig) == OL_OK ? log->log_pk : NULL;
}

ol_err ol_keyring_receipt(const ol_line *l, const ol_checkpoint *cp, uint8_t party, uint64_t time,
                          const uint8_t *sig) {
    ol_err err = ol_receipt_verify(cp, time, l->peer[party].p.receipt_pk, sig);
    for (size_t i = 0; i < l->olders && err != OL_OK; i++)
        if (l->older[i].party == party)
            err = ol_receipt_verify(cp, time, l->older[i].receipt_pk, sig);
    return err;
}

bool ol_keyring_is_old(const ol_line *l, const ol_log *log) {
    return log->log_pk != NULL && log->log_pk != l->peer[log->key.party].p.log_pk;
}

bool ol_keyring_is_past(const ol_line *l, const ol_log *log) {
    return log->generation != l->generation || ol_keyring_is_old(l, log);
}
