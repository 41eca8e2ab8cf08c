/* Entries on their way from the store to a frame: one chunk a log, fetched when it is needed. */
#include "line/keyring.h"
#include "line/state.h"

static void drop_chunk(ol_line *l, ol_log *log) {
    if (log->chunk != NULL)
        ol_mem_put(l->mem, log->chunk, 1, sizeof *log->chunk + log->chunk->cap);
    log->chunk = NULL;
}

/* Nobody needs what was fetched any more: logs are many, and most are at rest. */
void ol_chunk_rest(ol_line *l, ol_log *log) {
    bool is_needed = log->chunk == NULL;
    for (uint8_t p = 0; p < l->parties && !is_needed; p++)
        is_needed = p != l->self && !ol_sync_is_settled(l, log, p);
    if (!is_needed)
        drop_chunk(l, log);
}

bool ol_chunk_holds(const ol_log *log, uint64_t index) {
    return log->chunk != NULL && index >= log->chunk->from &&
           index < log->chunk->from + log->chunk->n;
}

/* The head that ends what has been sent so far and was not sent itself. */
const uint8_t *ol_chunk_head_due(const ol_log *log, const ol_sync *s) {
    if (s->head_sent >= s->sent || s->sent == 0)
        return NULL;
    if (s->sent == log->head_size)
        return log->head_sig;
    return log->chunk != NULL && log->chunk->head_size == s->sent ? log->chunk->head_sig : NULL;
}

static bool wants_fetch(const ol_line *l, const ol_log *log, uint8_t p) {
    const ol_sync *s = &log->sync[p];
    return p != l->self && ol_keyring_is_for(l, log, p) && !s->is_unsure && !s->is_apart &&
           !ol_sync_waits(l, log, p) && s->sent < log->head_size && ol_sync_may_send(l, s, p) &&
           !ol_chunk_holds(log, s->sent) && ol_chunk_head_due(log, s) == NULL;
}

static bool needs_chunk(const ol_line *l, const ol_log *log, uint8_t p) {
    const ol_sync *s = &log->sync[p];
    if (p == l->self || s->is_unsure || ol_sync_is_settled(l, log, p) || ol_sync_waits(l, log, p))
        return false;
    return (ol_chunk_holds(log, s->sent) && ol_sync_may_send(l, s, p)) ||
           (s->sent == log->chunk->head_size && ol_chunk_head_due(log, s) != NULL);
}

/* Members are at different places of a log, and it has one chunk: whoever fetches would take it
 * from another, who would fetch it again. So it stays for those with a session until they had
 * their turn; the others fetch what nobody else needs. */
static bool may_replace(const ol_line *l, const ol_log *log, uint8_t by) {
    if (log->chunk == NULL || l->mono_ms - log->chunk->at_ms >= OL_CHUNK_MS)
        return true;
    for (uint8_t p = 0; p < l->parties; p++)
        if (p != by && needs_chunk(l, log, p) && (ol_sync_is_live(l, p) || !ol_sync_is_live(l, by)))
            return false;
    return true;
}

uint64_t ol_chunk_fetch(const ol_line *l, const ol_log *log, uint64_t *ret_to, uint64_t *ret_head) {
    uint8_t by = OL_PARTIES_MAX;
    if (log->fetch_token != 0 || l->mono_ms < log->fetch_after_ms)
        return OL_NEVER;
    for (uint8_t p = 0; p < l->parties; p++)
        if (wants_fetch(l, log, p) &&
            (by == OL_PARTIES_MAX || (ol_sync_is_live(l, p) && !ol_sync_is_live(l, by))))
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

void ol_chunk_fetched(ol_line *l, const ol_event *ev) {
    for (size_t i = 0; i < l->log.n; i++) {
        ol_log *log = l->log.v[i];
        if (log->fetch_token != ev->fetched.token || ev->fetched.n > OL_HEAD_EVERY)
            continue;
        log->fetch_after_ms = fill(l, log, ev) ? 0 : l->mono_ms + OL_RETRY_MS;
        log->fetch_token = 0;
        return;
    }
}
