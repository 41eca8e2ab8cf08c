#include "line/fork.h"
#include "line/keyring.h"
#include "line/state.h"

enum { BLOCK_BYTES = 32768, JOBS_UNSAVED_MAX = 256 };

bool ol_batch_has_room(const ol_line *l) {
    return !l->batch.is_out && l->storage == 0 && l->batch.entries < OL_BATCH_ENTRIES &&
           l->batch.bytes < OL_BATCH_BYTES;
}

static uint8_t *copy(ol_line *l, const void *p, size_t len) {
    ol_block *b = l->batch.block;
    if (b == NULL || len > b->cap - b->used) {
        size_t cap = len > BLOCK_BYTES ? len : BLOCK_BYTES;
        b = ol_mem_get0(l->mem, 1, sizeof *b + cap);
        if (b == NULL)
            return NULL;
        b->cap = cap, b->next = l->batch.block;
        l->batch.block = b;
    }
    uint8_t *at = b->bytes + b->used;
    memcpy(at, p, len);
    b->used += len, l->batch.bytes += len;
    return at;
}

static ol_put *put(ol_line *l, ol_put_kind kind, const ol_log *log) {
    ol_put *p = ol_push(l->mem, (void **)&l->batch.put, &l->batch.n, &l->batch.cap, sizeof *p)
                    ? &l->batch.put[l->batch.n - 1]
                    : NULL;
    if (p == NULL)
        return NULL;
    *p = (ol_put){ .kind = kind };
    if (log != NULL)
        p->log = log->key;
    l->wants_commit = true;
    return p;
}

ol_err ol_batch_touch(ol_line *l, ol_log *log) {
    if (log->undo == NULL) {
        log->undo = ol_mem_get0(l->mem, 1, sizeof *log->undo);
        if (log->undo == NULL)
            return OL_ENOMEM;
        *log->undo = log->tree;
    }
    if (!log->is_put) {
        if (put(l, OL_PUT_LOG, log) == NULL)
            return OL_ENOMEM;
        log->is_put = true;
        log->wants_close = log->is_closed;
    }
    log->is_dirty = true;
    return OL_OK;
}

ol_err ol_batch_put_entry(ol_line *l, ol_log *log, uint64_t index, const uint8_t *p, size_t len,
                          const uint8_t *item) {
    const uint8_t *bytes = copy(l, p, len);
    const uint8_t *id = item == NULL ? NULL : copy(l, item, OL_ITEM_LEN);
    ol_put *o = bytes == NULL || (item != NULL && id == NULL) ? NULL : put(l, OL_PUT_ENTRY, log);
    if (o == NULL)
        return OL_ENOMEM;
    o->at = index, o->p = bytes, o->len = len, o->item = id;
    l->batch.entries++;
    return OL_OK;
}

ol_err ol_batch_entry(ol_line *l, ol_log *log, const uint8_t *p, size_t len, const uint8_t *item) {
    ol_frontier tree = log->tree;
    ol_hash leaf;
    bool has_leaf = ol_log_leaf(l, &log->key, log->generation, tree.size, p, len, &leaf);
    OL_ASSERT(has_leaf); /* own logs that are appended to are of this generation */
    ol_err err = ol_frontier_append(&tree, &leaf);
    if (err == OL_OK)
        err = ol_batch_put_entry(l, log, log->tree.size, p, len, item);
    if (err == OL_OK)
        log->tree = tree;
    return err;
}

ol_err ol_batch_head(ol_line *l, ol_log *log, uint64_t size, const uint8_t root[32],
                     const uint8_t *sig) {
    const uint8_t *r = copy(l, root, 32);
    const uint8_t *s = sig == NULL ? NULL : copy(l, sig, OL_SIG_LEN);
    ol_put *o = r == NULL || (sig != NULL && s == NULL) ? NULL : put(l, OL_PUT_HEAD, log);
    if (o == NULL)
        return OL_ENOMEM;
    o->at = size, o->root = r, o->p = s, o->len = s == NULL ? 0 : OL_SIG_LEN;
    return OL_OK;
}

ol_err ol_batch_state(ol_line *l, const char *key, const void *p, size_t len) {
    const uint8_t *v = copy(l, p, len);
    const uint8_t *k = copy(l, key, strlen(key) + 1);
    ol_put *o = v == NULL || k == NULL ? NULL : put(l, OL_PUT_STATE, NULL);
    if (o == NULL)
        return OL_ENOMEM;
    o->key = (const char *)k, o->p = v, o->len = len;
    return OL_OK;
}

/* ---- what is added when the batch is taken ---- */

/* Without one of its parts the batch is given up whole: the rest would not fit. */
static void must(ol_line *l, ol_err err) {
    l->batch_failing = l->batch_failing || err != OL_OK;
}

static ol_err put_receipt(ol_line *l, ol_log *log, uint8_t party, const ol_got *r) {
    const uint8_t *s = r->is_signed ? copy(l, r->sig, OL_SIG_LEN) : NULL;
    ol_put *o = r->is_signed && s == NULL ? NULL : put(l, OL_PUT_RECEIPT, log);
    if (o == NULL)
        return OL_ENOMEM;
    o->at = r->size, o->time = r->time, o->party = party, o->way = r->way;
    o->p = s, o->len = s == NULL ? 0 : OL_SIG_LEN;
    return OL_OK;
}

/* Signatures made or received since the last commit join this one. */
static void put_unsaved(ol_line *l) {
    for (size_t i = 0; i < l->job.n; i++) {
        ol_job *j = &l->job.v[i];
        if (!j->is_signed)
            continue;
        ol_got r = { .size = j->size, .time = j->time, .is_signed = true };
        memcpy(r.sig, j->sig, sizeof r.sig);
        must(l, j->is_receipt ? put_receipt(l, j->log, l->self, &r)
                              : ol_batch_head(l, j->log, j->size, j->root, j->sig));
        j->is_saving = true;
    }
    for (size_t i = 0; i < l->log.n; i++)
        for (uint8_t p = 0; p < l->parties; p++) {
            ol_got *g = &l->log.v[i]->got[p];
            if (g->is_unsaved)
                must(l, put_receipt(l, l->log.v[i], p, g));
            g->is_unsaved = false;
        }
    l->save_ms = OL_NEVER;
}

static OL_MUST ol_err put_size(ol_line *l, ol_log *log) {
    uint8_t room[OL_FRONTIER_MAX];
    ol_wr w = ol_wr_of(room, sizeof room);
    ol_frontier_put(&log->tree, &w);
    const uint8_t *p = copy(l, room, w.len);
    ol_put *o = p == NULL ? NULL : put(l, OL_PUT_SIZE, log);
    if (o == NULL)
        return OL_ENOMEM;
    o->at = log->tree.size, o->p = p, o->len = w.len;
    return OL_OK;
}

ol_err ol_batch_evidence(ol_line *l, const ol_piece *e) {
    const uint8_t *root = copy(l, e->root, 32);
    const uint8_t *sig = copy(l, e->sig, OL_SIG_LEN);
    ol_put *o = root == NULL || sig == NULL ? NULL : put(l, OL_PUT_EVIDENCE, e->log);
    if (o == NULL)
        return OL_ENOMEM;
    o->party = e->party, o->at = e->size, o->time = e->time;
    o->root = root, o->p = sig, o->len = OL_SIG_LEN;
    return OL_OK;
}

/* Own logs: the head to be signed once the entries are durable. */
static OL_MUST ol_err put_own_head(ol_line *l, ol_log *log) {
    ol_hash root = ol_frontier_root(&log->tree);
    uint64_t last = log->tree.size;
    if (last % OL_HEAD_EVERY == 0)
        return OL_OK; /* put when the entry was appended */
    ol_err err = ol_batch_head(l, log, last, root.b, NULL);
    return err == OL_OK ? ol_job_add(l, log, false, last, 0, root.b) : err;
}

/* A receipt of this size or above is on its way to be signed: it is our word already. */
static bool is_being_signed(const ol_line *l, const ol_log *log, uint64_t size) {
    for (size_t i = 0; i < l->job.n; i++)
        if (l->job.v[i].log == log && l->job.v[i].is_receipt && l->job.v[i].size >= size)
            return true;
    return false;
}

/* Our receipt for the largest head of another's log: on disk before it is signed. */
static OL_MUST ol_err put_own_receipt(ol_line *l, ol_log *log) {
    bool is_new = log->head_staged > log->head_size;
    uint64_t size = is_new ? log->head_staged : log->head_size;
    const uint8_t *root = is_new ? log->staged_root : log->head_root;
    ol_got *g = &log->got[l->self];
    log->wants_receipt = false;
    if (log->is_gated || log->is_forked || size <= g->size || size <= log->floor ||
        is_being_signed(l, log, size))
        return OL_OK;
    ol_got r = { .size = size, .time = ol_claim_time(l) };
    if (r.time < g->time)
        r.time = g->time;
    ol_err err = put_receipt(l, log, l->self, &r);
    return err == OL_OK ? ol_job_add(l, log, true, size, r.time, root) : err;
}

static void put_logs(ol_line *l) {
    for (size_t i = 0; i < l->log.n; i++) {
        ol_log *log = l->log.v[i];
        if (log->is_dirty)
            must(l, put_size(l, log));
        /* Closed in the meantime, too: what stands in it must not stay without a head. What members
         * gave back has theirs. */
        if (log->is_dirty && log->is_own && log->head_staged < log->tree.size)
            must(l, put_own_head(l, log));
        if (!log->is_own && (log->is_dirty || log->wants_receipt))
            must(l, put_own_receipt(l, log));
        if (log->wants_close)
            must(l, put(l, OL_PUT_CLOSED, log) == NULL ? OL_ENOMEM : OL_OK);
        log->wants_close = false;
    }
}

static void put_states(ol_line *l) {
    uint8_t b[16];
    if (l->reserving > 0) {
        ol_wr w = ol_wr_of(b, sizeof b);
        ol_wr_be(&w, l->reserving, 8);
        must(l, ol_batch_state(l, "counter", b, 8));
    }
    must(l, ol_limit_put(l));
    must(l, ol_credit_put(l));
    if (l->is_forgot_new) {
        ol_wr w = ol_wr_of(b, sizeof b);
        ol_wr_be(&w, l->run, 8);
        must(l, ol_batch_state(l, "forgot", b, l->has_forgotten ? 8 : 0));
        l->is_forgot_new = false;
    }
    if (l->is_copy_new) {
        ol_wr w = ol_wr_of(b, sizeof b);
        ol_wr_be(&w, l->copy_found, 8), ol_wr_be(&w, l->copy_seen, 8);
        must(l, ol_batch_state(l, "copy", b, 16));
        l->is_copy_new = false;
    }
    for (unsigned p = 0; p < l->parties; p++) {
        char key[] = "last.00";
        if (!l->peer[p].is_counter_new)
            continue;
        key[5] = (char)('0' + p / 10), key[6] = (char)('0' + p % 10);
        ol_wr w = ol_wr_of(b, sizeof b);
        ol_wr_be(&w, l->peer[p].last_counter, 8);
        must(l, ol_batch_state(l, key, b, 8));
        l->peer[p].is_counter_new = false;
    }
    for (uint8_t lane = 0; lane < OL_LANES; lane++)
        if (l->own[lane].log != NULL && l->own[lane].log->is_dirty)
            must(l, ol_own_put_seen(l, lane));
    uint8_t named[24]; /* and this commit, with the one before it (§6.1) */
    ol_random(l, (uint8_t *)&l->commit_out, sizeof l->commit_out);
    ol_wr w = ol_wr_of(named, sizeof named);
    ol_wr_be(&w, l->last_time, 8);
    ol_wr_be(&w, l->commit_out, 8);
    ol_wr_be(&w, l->commit, 8);
    must(l, ol_batch_state(l, "time", named, sizeof named));
    w = ol_wr_of(b, sizeof b);
    ol_wr_be(&w, ol_ran_s(l), 8);
    must(l, ol_batch_state(l, "ran", b, 8));
    l->ran_save_ms = l->mono_ms + OL_RAN_SAVE_MS;
}

const ol_batch *ol_line_batch(ol_line *l) {
    if (l->batch.is_out || !l->wants_commit)
        return NULL;
    put_logs(l);
    put_unsaved(l);
    must(l, ol_fork_put(l));
    put_states(l);
    l->wants_commit = false;
    l->batch.is_out = true;
    if (l->batch_failing)
        return NULL; /* answered as a commit that failed */
    l->batch.view = (ol_batch){ .put = l->batch.put, .n = l->batch.n };
    memcpy(l->batch.view.line, l->id, sizeof l->batch.view.line);
    return &l->batch.view;
}

bool ol_line_batch_is_idle(const ol_line *l) {
    return !l->batch.is_out && !l->wants_commit;
}

/* ---- the answer ---- */

void ol_batch_free(ol_line *l) {
    while (l->batch.block != NULL) {
        ol_block *b = l->batch.block;
        l->batch.block = b->next;
        ol_mem_put(l->mem, b, 1, sizeof *b + b->cap);
    }
    ol_mem_put(l->mem, l->batch.put, l->batch.cap, sizeof *l->batch.put);
    l->batch = (ol_build){ 0 };
}

static void log_done(ol_line *l, ol_log *log) {
    if (log->undo != NULL) {
        ol_mem_put(l->mem, log->undo, 1, sizeof *log->undo);
        log->undo = NULL;
    }
    if (log->is_dirty) {
        log->note_stored = log->note_stored || log->tree.size > log->stored;
        log->stored = log->tree.size;
        log->is_dirty = false;
    }
    if (log->head_staged > log->head_size) {
        for (uint8_t p = 0; p < l->parties; p++)
            if (ol_sync_is_settled(l, log, p))
                ol_relay_keep(l, log, p);
        log->head_size = log->head_staged;
        memcpy(log->head_root, log->staged_root, sizeof log->head_root);
        memcpy(log->head_sig, log->staged_sig, sizeof log->head_sig);
        ol_log_remember(l, log, log->head_size, log->head_root);
        ol_recv_later(l, log);
    }
}

static void say_all(ol_line *l, ol_err err) {
    for (size_t i = 0; i < l->unsaid.n; i++) {
        ol_answer *a = OL_PUSH(l, &l->answer);
        OL_ASSERT(a != NULL); /* its place was made when it was submitted */
        *a = l->unsaid.v[i];
        a->err = err;
    }
    l->unsaid.n = 0;
}

static bool is_saved(const ol_job *j) {
    return j->is_saving;
}

static bool is_undone(const ol_job *j) {
    return !j->is_ready; /* its entries were in the batch that failed */
}

static void drop_jobs(ol_line *l, bool (*which)(const ol_job *)) {
    size_t kept = 0;
    for (size_t i = 0; i < l->job.n; i++)
        if (!which(&l->job.v[i]))
            l->job.v[kept++] = l->job.v[i];
    l->job.n = kept;
}

void ol_batch_done(ol_line *l) {
    OL_ASSERT(l->batch.is_out);
    for (size_t i = 0; i < l->log.n; i++)
        log_done(l, l->log.v[i]);
    for (unsigned lane = 0; lane < OL_LANES; lane++)
        l->own[lane].has_undo = false;
    drop_jobs(l, is_saved);
    ol_fork_answered(l, true);
    ol_credit_answered(l, true);
    l->commit_before = l->commit, l->commit = l->commit_out;
    for (size_t i = 0; i < l->job.n; i++)
        l->job.v[i].is_ready = true;
    if (l->reserving > 0)
        l->reserved = l->reserving, l->reserving = 0;
    if (l->storage != 0)
        for (unsigned p = 0; p < l->parties; p++)
            l->peer[p].owe_stopped = true; /* that it is over */
    l->storage = 0;
    l->is_hold_due = true;
    say_all(l, OL_OK);
    ol_bundle_answered(l, OL_OK);
    ol_batch_free(l);
}

void ol_batch_failed(ol_line *l, ol_err err) {
    ol_fork_answered(l, false);
    ol_credit_answered(l, false);
    for (size_t i = 0; i < l->log.n; i++) {
        ol_log *log = l->log.v[i];
        if (log->undo != NULL) {
            log->tree = *log->undo;
            ol_mem_put(l->mem, log->undo, 1, sizeof *log->undo);
            log->undo = NULL;
        }
        log->is_dirty = false;
        log->head_staged = log->head_size;
        log->is_put = log->is_put && log->stored > 0;
        log->wants_receipt = !log->is_own && log->head_size > log->got[l->self].size;
        log->wants_close = log->is_put && log->is_own && log->is_closed;
        for (unsigned p = 0; p < l->parties; p++)
            log->got[p].is_unsaved = log->got[p].is_signed && log->got[p].size > 0;
    }
    for (unsigned lane = 0; lane < OL_LANES; lane++)
        ol_own_undo(l, (uint8_t)lane);
    drop_jobs(l, is_undone);
    for (size_t i = 0; i < l->job.n; i++)
        l->job.v[i].is_saving = false;
    for (unsigned p = 0; p < l->parties; p++)
        l->peer[p].has_handed = false, l->peer[p].owe_stopped = true,
        l->peer[p].is_counter_new = l->peer[p].last_counter > 0;
    l->is_forgot_new = l->is_hold_due = l->is_spent_new = true;
    l->is_copy_new = l->copy_found > 0;
    l->storage = err == OL_EFULL    ? OL_STORAGE_FULL
                 : err == OL_ENOMEM ? OL_STORAGE_NO_MEMORY
                                    : OL_STORAGE_FAILS;
    l->was_stopped = true;
    l->save_ms = l->mono_ms + OL_RETRY_MS;
    say_all(l, err);
    ol_bundle_answered(l, err);
    ol_batch_free(l);
}

/* ---- signatures ---- */

ol_err ol_job_add(ol_line *l, ol_log *log, bool is_receipt, uint64_t size, uint64_t time,
                  const uint8_t root[32]) {
    ol_job *j = OL_PUSH(l, &l->job);
    if (j == NULL)
        return OL_ENOMEM;
    *j = (ol_job){ .log = log, .is_receipt = is_receipt, .size = size, .time = time };
    j->token = ol_token(l);
    memcpy(j->root, root, sizeof j->root);
    return OL_OK;
}

static void head_signed(ol_line *l, const ol_job *j) {
    ol_log *log = j->log;
    if (j->size == log->stored) /* those within a batch when they are sent: there may be many */
        ol_log_remember(l, log, j->size, j->root);
    if (j->size <= log->head_size)
        return;
    log->head_size = j->size;
    memcpy(log->head_root, j->root, sizeof log->head_root);
    memcpy(log->head_sig, j->sig, sizeof log->head_sig);
    if (log->key.lane == OL_LANE_URGENT)
        ol_sync_urgent(l, log);
}

static void receipt_signed(ol_line *l, const ol_job *j) {
    ol_got *g = &j->log->got[l->self];
    if (j->size < g->size || (j->size == g->size && g->is_signed))
        return; /* it is repeated byte for byte */
    g->size = j->size, g->time = j->time, g->is_signed = g->note = g->has_root = true;
    memcpy(g->root, j->root, sizeof g->root);
    memcpy(g->sig, j->sig, sizeof g->sig);
    for (unsigned p = 0; p < l->parties; p++)
        j->log->sync[p].owe_receipt = p != l->self, j->log->sync[p].is_again = false;
}

void ol_batch_signed(ol_line *l, uint32_t token, const uint8_t *sig) {
    for (size_t i = 0; i < l->job.n; i++) {
        ol_job *j = &l->job.v[i];
        if (j->token != token || j->is_signed)
            continue;
        memcpy(j->sig, sig, sizeof j->sig);
        j->is_signed = true;
        if (j->is_receipt)
            receipt_signed(l, j);
        else
            head_signed(l, j);
        l->save_ms = ol_min_ms(l->save_ms, l->mono_ms + OL_SAVE_MS);
        l->wants_commit = l->wants_commit || l->job.n > JOBS_UNSAVED_MAX;
        return;
    }
}
