#include "crypto/keys.h"
#include "line/keyring.h"
#include "line/state.h"

ol_log *ol_log_find(const ol_line *l, const ol_log_key *key) {
    for (size_t i = l->log.n; i > 0; i--) /* newest first: what traffic speaks of */
        if (ol_log_key_eq(&l->log.v[i - 1]->key, key))
            return l->log.v[i - 1];
    return NULL;
}

static bool is_alike(const ol_log *log, const ol_log_key *key) {
    return log->key.party == key->party && log->key.lane == key->lane &&
           memcmp(log->key.incarnation, key->incarnation, 2) == 0;
}

ol_log *ol_log_find_short(const ol_line *l, const ol_log_key *key) {
    ol_log *found = NULL;
    for (size_t i = 0; i < l->log.n; i++) {
        if (!is_alike(l->log.v[i], key))
            continue;
        if (found != NULL)
            return NULL; /* ambiguous */
        found = l->log.v[i];
    }
    return found;
}

bool ol_log_is_short(const ol_line *l, const ol_log *log) {
    return ol_log_find_short(l, &log->key) == log;
}

void ol_log_free(ol_line *l, ol_log *log) {
    if (log == NULL)
        return;
    ol_mem_put(l->mem, log->undo, 1, sizeof *log->undo);
    ol_mem_put(l->mem, log->recent, OL_RECENT_HEADS, sizeof *log->recent);
    if (log->chunk != NULL)
        ol_mem_put(l->mem, log->chunk, 1, sizeof *log->chunk + log->chunk->cap);
    ol_mem_put(l->mem, log->got, l->parties, sizeof *log->got);
    ol_mem_put(l->mem, log->later, l->parties, sizeof *log->later);
    ol_mem_put(l->mem, log->sync, l->parties, sizeof *log->sync);
    ol_mem_put(l->mem, log, 1, sizeof *log);
}

ol_log *ol_log_add(ol_line *l, const ol_log_key *key) {
    if (l->log.n >= OL_LOGS_MAX)
        return NULL;
    ol_log *log = ol_mem_get0(l->mem, 1, sizeof *log);
    if (log == NULL)
        return NULL;
    log->key = *key;
    log->is_own = key->party == l->self;
    log->is_gated = l->has_forgotten && !log->is_own && !l->peer[key->party].is_told;
    if (log->is_gated)
        ol_handback_gate(l, log);
    log->fetch_from = OL_NEVER;
    log->got = ol_mem_get0(l->mem, l->parties, sizeof *log->got);
    log->later = ol_mem_get0(l->mem, l->parties, sizeof *log->later);
    log->sync = ol_mem_get0(l->mem, l->parties, sizeof *log->sync);
    ol_log **slot =
        log->got == NULL || log->later == NULL || log->sync == NULL ? NULL : OL_PUSH(l, &l->log);
    if (slot == NULL) {
        ol_log_free(l, log);
        return NULL;
    }
    for (unsigned p = 0; p < l->parties; p++)
        log->sync[p].due_ms = OL_NEVER;
    log->place = (uint32_t)(l->log.n - 1);
    *slot = log;
    return log;
}

size_t ol_log_origin(const ol_line *l, const ol_log_key *key, char to[OL_NOTE_NAME_MAX + 1]) {
    return ol_checkpoint_origin(l->name, l->peer[key->party].p.name, key, to);
}

bool ol_log_leaf(const ol_line *l, const ol_log_key *key, uint32_t generation, uint64_t index,
                 const uint8_t *entry, size_t len, ol_hash *ret) {
    uint8_t leaf[OL_LEAF_MAX];
    char origin[OL_NOTE_NAME_MAX + 1];
    size_t n = ol_log_origin(l, key, origin);
    const uint8_t *secret = ol_keyring_secret(l, generation);
    OL_ASSERT(len <= OL_ENTRY_MAX);
    if (secret == NULL)
        return false;
    ol_keys_salt(secret, origin, n, index, leaf);
    memcpy(leaf + OL_SALT_LEN, entry, len);
    *ret = ol_merkle_leaf(leaf, OL_SALT_LEN + len);
    return true;
}

static ol_checkpoint checkpoint_of(const ol_line *l, const ol_log_key *key, uint64_t size,
                                   const uint8_t root[32], char origin[OL_NOTE_NAME_MAX + 1]) {
    ol_checkpoint cp = { .size = size };
    cp.origin = (ol_str){ origin, ol_log_origin(l, key, origin) };
    memcpy(cp.root.b, root, sizeof cp.root.b);
    return cp;
}

ol_err ol_log_check_head(const ol_line *l, const ol_log_key *key, uint64_t size,
                         const uint8_t root[32], const uint8_t *sig) {
    char origin[OL_NOTE_NAME_MAX + 1];
    ol_checkpoint cp = checkpoint_of(l, key, size, root, origin);
    const ol_log *log = ol_log_find(l, key);
    return ol_keyring_head(l, log, &cp, key->party, sig) != NULL ? OL_OK : OL_EAUTH;
}

void ol_log_pin(const ol_line *l, ol_log *log, uint64_t size, const uint8_t root[32],
                const uint8_t *sig) {
    char origin[OL_NOTE_NAME_MAX + 1];
    ol_checkpoint cp = checkpoint_of(l, &log->key, size, root, origin);
    if (log->log_pk != NULL)
        return;
    bool is_one = true; /* one card: its key, without asking */
    for (size_t i = 0; i < l->olders; i++)
        is_one = is_one && l->older[i].party != log->key.party;
    log->log_pk = is_one ? l->peer[log->key.party].p.log_pk
                         : ol_keyring_head(l, NULL, &cp, log->key.party, sig);
}

ol_err ol_log_check_receipt(const ol_line *l, const ol_log_key *key, uint8_t party, uint64_t size,
                            uint64_t time, const uint8_t root[32], const uint8_t *sig) {
    char origin[OL_NOTE_NAME_MAX + 1];
    ol_checkpoint cp = checkpoint_of(l, key, size, root, origin);
    return ol_keyring_receipt(l, &cp, party, time, sig);
}

static const uint8_t *recent_at(const ol_log *log, uint64_t size) {
    for (size_t i = 0; size > 0 && log->recent != NULL && i < OL_RECENT_HEADS; i++)
        if (log->recent[i].size == size)
            return log->recent[i].root;
    return NULL;
}

void ol_log_remember(ol_line *l, ol_log *log, uint64_t size, const uint8_t root[32]) {
    if (recent_at(log, size) != NULL)
        return;
    if (log->recent == NULL)
        log->recent = ol_mem_get0(l->mem, OL_RECENT_HEADS, sizeof *log->recent);
    if (log->recent == NULL)
        return; /* a late receipt for this size cannot be checked; one for a later size can */
    ol_root *r = &log->recent[log->recent_at++ % OL_RECENT_HEADS];
    r->size = size;
    memcpy(r->root, root, sizeof r->root);
}

const uint8_t *ol_log_root_at(const ol_log *log, uint64_t size) {
    if (size > 0 && size == log->head_size)
        return log->head_root;
    return recent_at(log, size);
}

bool ol_line_receipt(const ol_line *l, const ol_log_key *key, uint8_t party, uint64_t *ret_size,
                     uint64_t *ret_time, const uint8_t **ret_sig) {
    const ol_log *log = party < l->parties ? ol_log_find(l, key) : NULL;
    const ol_got *got = log != NULL ? &log->got[party] : NULL;
    if (got == NULL || got->size == 0 || !got->is_signed)
        return false;
    *ret_size = got->size, *ret_time = got->time, *ret_sig = got->sig;
    return true;
}
