#include "line/fork.h"
#include "line/hold.h"
#include "line/keyring.h"
#include "line/state.h"

#include <sodium.h>

/* ---- small helpers ---- */

uint64_t ol_min_ms(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

uint64_t ol_max_ms(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

bool ol_push(ol_mem *mem, void **v, size_t *n, size_t *cap, size_t size) {
    if (*n == *cap) {
        size_t more = *cap == 0 ? 8 : 2 * *cap;
        void *grown = ol_mem_get0(mem, more, size);
        if (grown == NULL)
            return false;
        if (*n > 0)
            memcpy(grown, *v, *n * size);
        ol_mem_put(mem, *v, *cap, size);
        *v = grown, *cap = more;
    }
    memset((uint8_t *)*v + *n * size, 0, size);
    ++*n;
    return true;
}

uint32_t ol_token(ol_line *l) {
    l->next_token = l->next_token == UINT32_MAX ? 1 : l->next_token + 1;
    return l->next_token;
}

/* A ratchet over the seed: what was drawn cannot be computed from what is kept. */
void ol_random(ol_line *l, uint8_t *to, size_t n) {
    uint8_t out[32 + 64];
    OL_ASSERT(n <= 64);
    randombytes_buf_deterministic(out, sizeof out, l->vault->drbg);
    memcpy(l->vault->drbg, out, 32);
    memcpy(to, out + 32, n);
    sodium_memzero(out, sizeof out);
}

uint64_t ol_claim_time(ol_line *l) {
    uint64_t t = l->is_doubtful ? l->last_time + 1 : l->wall;
    if (t > l->last_time)
        l->last_time = t < OL_TIME_MAX ? t : OL_TIME_MAX;
    return l->last_time;
}

/* ---- new and free ---- */

static void take_secrets(ol_line *l, const ol_line_opts *o) {
    memcpy(l->vault->line_secret, o->line_secret, 32);
    memcpy(l->vault->drbg, o->seed, 32);
    for (unsigned p = 0; p < o->parties; p++) {
        l->peer[p].p = o->party[p];
        sodium_memzero(&l->peer[p].p.ratchet, sizeof l->peer[p].p.ratchet);
        l->peer[p].hint_again_ms = OL_NEVER;
        l->peer[p].window = OL_WINDOW_START, l->peer[p].forgot_ms = OL_NEVER;
        for (size_t i = 0; i < OL_PATHS_PER_PEER; i++)
            l->peer[p].path[i].live = OL_HOLDERS;
    }
}

static OL_MUST ol_err take_ratchets(ol_line *l, const ol_line_opts *o) {
    ol_err err = OL_OK;
    for (uint8_t p = 0; p < l->parties && err == OL_OK; p++)
        if (p != l->self && ol_keyring_is_member(l, p))
            err = ol_epoch_new(l, p, &o->party[p].ratchet);
    return err;
}

ol_err ol_line_new(const ol_line_opts *o, ol_line **ret) {
    OL_ASSERT(o->parties >= 2 && o->parties <= OL_PARTIES_MAX && o->self < o->parties);
    OL_ASSERT(o->limit_entries > 0 && o->limit_bytes > 0);
    OL_ASSERT(o->epochs.crypto_s > 0 && o->epochs.courier_s > 0);
    ol_err err = OL_ENOMEM;
    ol_line *l = ol_mem_get0(o->mem, 1, sizeof *l);
    if (l == NULL)
        return err;
    l->mem = o->mem, l->secret = o->secret, l->sw = o->sw, l->number = o->line_number;
    memcpy(l->id, o->id, sizeof l->id);
    memcpy(l->name, o->name, sizeof l->name);
    l->generation = o->generation, l->parties = o->parties, l->self = o->self;
    l->limit_entries = o->limit_entries, l->limit_bytes = o->limit_bytes;
    l->tokens_entries = l->limit_entries * 1000, l->tokens_bytes = l->limit_bytes * 1000;
    l->epochs = o->epochs, l->joined_wall = o->joined_wall;
    l->save_ms = l->timer_ms = OL_NEVER;
    l->counter = 1;
    l->vault = ol_mem_get0(l->secret, 1, sizeof *l->vault);
    if (l->vault == NULL)
        goto out;
    take_secrets(l, o);
    err = ol_keyring_take(l, o);
    if (err == OL_OK)
        err = take_ratchets(l, o);
    if (err == OL_OK)
        *ret = l, l = NULL;
out:
    ol_line_free(l);
    return err;
}

static void free_waiting(ol_line *l) {
    for (size_t i = 0; i < l->submit.n; i++) {
        ol_mem_put(l->mem, l->submit.v[i].body, l->submit.v[i].body_len, 1);
        ol_mem_put(l->mem, l->submit.v[i].read, l->submit.v[i].reads, sizeof(ol_known));
    }
    ol_mem_put(l->mem, l->submit.v, l->submit.cap, sizeof *l->submit.v);
    ol_mem_put(l->mem, l->job.v, l->job.cap, sizeof *l->job.v);
    ol_mem_put(l->mem, l->piece.v, l->piece.cap, sizeof *l->piece.v);
    ol_mem_put(l->mem, l->unsaid.v, l->unsaid.cap, sizeof *l->unsaid.v);
    ol_mem_put(l->mem, l->answer.v, l->answer.cap, sizeof *l->answer.v);
    ol_bundle_told(l);
}

void ol_line_free(ol_line *l) {
    if (l == NULL)
        return;
    for (uint8_t p = 0; p < l->parties; p++) {
        for (uint8_t i = 0; i < OL_PATHS_PER_PEER; i++)
            ol_session_path_down(l, p, i);
        ol_hold_free(l, p);
        ol_mem_put(l->mem, l->peer[p].back, 1, sizeof *l->peer[p].back);
    }
    ol_epoch_free(l);
    for (size_t i = 0; i < l->log.n; i++)
        ol_log_free(l, l->log.v[i]);
    ol_mem_put(l->mem, l->log.v, l->log.cap, sizeof *l->log.v);
    for (unsigned lane = 0; lane < OL_LANES; lane++) {
        ol_own *own = &l->own[lane];
        ol_mem_put(l->mem, own->seen.v, own->seen.cap, sizeof *own->seen.v);
        ol_mem_put(l->mem, own->undo.v, own->undo.cap, sizeof *own->undo.v);
    }
    ol_batch_free(l);
    free_waiting(l);
    ol_keyring_free(l);
    ol_mem_put(l->secret, l->vault, 1, sizeof *l->vault);
    ol_mem_put(l->mem, l, 1, sizeof *l);
}

/* ---- loading what the store holds ---- */

ol_err ol_line_load_log(ol_line *l, const ol_load_log *in) {
    if (in->key.party >= l->parties || in->key.lane >= OL_LANES || l->is_started)
        return OL_ECONFLICT;
    ol_log *log = ol_log_add(l, &in->key);
    if (log == NULL)
        return l->log.n >= OL_LOGS_MAX ? OL_ELIMIT : OL_ENOMEM;
    log->is_put = true, log->is_closed = in->is_closed;
    if (in->size > 0) {
        ol_err err = ol_frontier_get(in->frontier, in->frontier_len, &log->tree);
        if (err != OL_OK || log->tree.size != in->size)
            return OL_ECONFLICT;
    }
    log->stored = in->size;
    if (log->is_own && !log->is_closed)
        l->own[in->key.lane].log = log; /* EV_START decides whether it may go on */
    return OL_OK;
}

/* A head or receipt that was stored and whose signature was not. */
static OL_MUST ol_err sign_again(ol_line *l, ol_log *log, bool is_receipt, uint64_t size,
                                 uint64_t time, const uint8_t root[32]) {
    ol_err err = ol_job_add(l, log, is_receipt, size, time, root);
    if (err == OL_OK)
        l->job.v[l->job.n - 1].is_ready = true;
    return err;
}

ol_err ol_line_load_opening(ol_line *l, const ol_log_key *key, const uint8_t *entry, size_t len) {
    ol_log *log = ol_log_find(l, key);
    if (log == NULL)
        return OL_ECONFLICT;
    log->generation = ol_keyring_generation(entry, len);
    return OL_OK;
}

ol_err ol_line_load_head(ol_line *l, const ol_log_key *key, uint64_t size, const uint8_t root[32],
                         const uint8_t *sig) {
    ol_log *log = ol_log_find(l, key);
    if (log == NULL || size > log->stored)
        return OL_ECONFLICT;
    ol_log_remember(l, log, size, root);
    for (unsigned p = 0; p < l->parties; p++)
        if (log->got[p].size == size) {
            memcpy(log->got[p].root, root, sizeof log->got[p].root);
            log->got[p].has_root = true;
        }
    const ol_got *own = &log->got[l->self];
    if (own->size == size && size > 0 && !own->is_signed) {
        ol_err err = sign_again(l, log, true, size, own->time, root);
        if (err != OL_OK)
            return err;
    }
    if (sig == NULL && ol_keyring_is_old(l, log))
        return OL_OK; /* the key that was to sign it is gone */
    if (sig == NULL)
        return log->is_own ? sign_again(l, log, false, size, 0, root) : OL_ECONFLICT;
    if (size < log->head_size)
        return OL_OK;
    ol_log_pin(l, log, size, root, sig);
    log->head_size = log->head_staged = size;
    memcpy(log->head_root, root, sizeof log->head_root);
    memcpy(log->head_sig, sig, sizeof log->head_sig);
    return OL_OK;
}

ol_err ol_line_load_receipt(ol_line *l, const ol_log_key *key, uint8_t party, uint64_t size,
                            uint64_t time, const uint8_t *sig) {
    ol_log *log = ol_log_find(l, key);
    if (log == NULL || party >= l->parties || size > log->stored)
        return OL_ECONFLICT;
    ol_got *g = &log->got[party];
    *g = (ol_got){ .size = size, .time = time, .is_signed = sig != NULL };
    if (sig != NULL)
        memcpy(g->sig, sig, sizeof g->sig);
    if (party == l->self && time > l->last_time)
        l->last_time = time;
    return OL_OK;
}

static uint64_t be64(const uint8_t *p, size_t len) {
    ol_rd r = ol_rd_of(p, len);
    return ol_rd_be(&r, 8);
}

ol_err ol_line_load_state(ol_line *l, const char *key, const uint8_t *value, size_t len) {
    if (strncmp(key, "seen.", 5) == 0 && (key[5] == '0' || key[5] == '1'))
        return ol_own_load_seen(l, (uint8_t)(key[5] - '0'), value, len);
    if (strcmp(key, "time") == 0 && len == 24) {
        l->commit = be64(value + 8, 8), l->commit_before = be64(value + 16, 8);
        len = 8;
    }
    if (strncmp(key, "fork.", 5) == 0 && len == 16)
        return ol_fork_load_alarm(l, key, value), OL_OK;
    if (strcmp(key, "copy") == 0 && len == 16) {
        l->copy_found = be64(value, 8), l->copy_seen = be64(value + 8, 8);
        return OL_OK;
    }
    if (strcmp(key, "tokens") == 0)
        return ol_limit_load(l, value, len);
    if (strncmp(key, "credit.", 7) == 0 && strlen(key) == 9)
        return ol_credit_load(l, key + 7, value, len);
    if (len != 8)
        return OL_ECONFLICT;
    uint64_t v = be64(value, len);
    if (strcmp(key, "counter") == 0)
        l->counter = l->reserved = v;
    else if (strcmp(key, "forgot") == 0)
        l->has_forgotten = true, l->run = (uint32_t)v;
    else if (strcmp(key, "ran") == 0)
        l->ran_s = v;
    else if (strcmp(key, "time") == 0)
        l->last_time = v > l->last_time ? v : l->last_time;
    else if (strncmp(key, "last.", 5) == 0 && strlen(key) == 7) {
        unsigned p = (unsigned)(key[5] - '0') * 10 + (unsigned)(key[6] - '0');
        if (p < l->parties)
            l->peer[p].last_counter = v;
    }
    return OL_OK;
}

/* ---- start ---- */

/* The marker names what the store does not hold: it was put back from a copy, in place. */
static bool is_behind(const ol_line *l, uint8_t lane, const ol_marker *m) {
    ol_log_key key = { .party = l->self, .lane = lane };
    memcpy(key.incarnation, m->incarnation[lane], sizeof key.incarnation);
    const ol_log *log = ol_log_find(l, &key);
    uint64_t stored = log == NULL ? 0 : log->stored;
    return m->is_valid && m->has[lane] && m->size[lane] > stored;
}

/* A log goes on only if the marker names it and the store is not behind (§6.1). */
static void judge_own(ol_line *l, uint8_t lane, const ol_marker *m, bool is_old) {
    ol_own *own = &l->own[lane];
    own->next_why = is_old ? OL_WHY_STORE_BEHIND : OL_WHY_NO_MARKER;
    if (own->log == NULL)
        return;
    bool is_named = m->is_valid && m->has[lane] &&
                    memcmp(m->incarnation[lane], own->log->key.incarnation, OL_INC_LEN) == 0;
    if (ol_keyring_is_past(l, own->log))
        own->next_why = OL_WHY_AMENDMENT;
    else if (is_named && !is_old)
        return;
    ol_append_close(l, own->log, own->next_why);
}

static void begin_sync(ol_line *l, ol_log *log) {
    for (uint8_t p = 0; p < l->parties; p++) {
        ol_sync *s = &log->sync[p];
        uint64_t has = p == log->key.party ? log->head_size : log->got[p].size;
        s->believed = s->floor = s->sent = s->sent_max = has;
        s->is_known = has > 0;
        ol_relay_keep(l, log, p);
        if (p != l->self)
            s->due_ms = ol_sync_is_settled(l, log, p) ? OL_NEVER : l->mono_ms;
    }
}

static void start(ol_line *l, const ol_marker *m) {
    l->is_started = true;
    bool is_old = is_behind(l, OL_LANE_URGENT, m) || is_behind(l, OL_LANE_ROUTINE, m) ||
                  (m->is_valid && m->commit != l->commit && m->commit != l->commit_before);
    l->may_have_spoken = (!m->is_valid || is_old) && l->reserved > 0;
    if (!m->is_valid || is_old) { /* until each member has told us all, restarts in between too */
        l->has_forgotten = l->is_forgot_new = true;
        ol_random(l, (uint8_t *)&l->run, sizeof l->run);
        ol_copy_leap(l);
    }
    l->may_lack = l->has_forgotten;
    l->tokens_ms = l->mono_ms, l->copy_again_ms = OL_NEVER;
    ol_credit_start(l);
    for (uint8_t p = 0; p < l->parties; p++)
        l->peer[p].reached_ms = l->mono_ms;
    l->clock_wall = l->last_time == 0 ? l->wall : l->last_time;
    l->clock_mono_ms = l->mono_ms;
    ol_epoch_start(l);
    for (uint8_t lane = 0; lane < OL_LANES; lane++)
        judge_own(l, lane, m, is_old);
    for (size_t i = 0; i < l->log.n; i++) {
        ol_log *log = l->log.v[i];
        log->is_gated = l->has_forgotten && !log->is_own;
        log->wants_receipt = !log->is_own && log->head_size > log->got[l->self].size;
        l->wants_commit = l->wants_commit || (log->wants_receipt && !log->is_gated);
        if (log->is_own && log != l->own[log->key.lane].log && !log->is_closed)
            log->is_closed = log->wants_close = true;
        begin_sync(l, log);
    }
    l->reserving = l->counter + OL_COUNTERS;
    l->wants_commit = true;
    ol_session_want_ss(l);
}

static void path_up(ol_line *l, const ol_event *ev) {
    uint8_t party = ev->path.path / OL_PATHS_PER_PEER;
    OL_ASSERT(party < l->parties && party != l->self);
    if (ol_session_path_up(l, party, ev->path.path % OL_PATHS_PER_PEER, ev) != OL_OK)
        return;
    ol_path *path = &l->peer[party].path[ev->path.path % OL_PATHS_PER_PEER];
    path->open_ms = l->mono_ms + OL_OPEN_FIRST_MS;
    path->is_idle_try = true; /* what there is to say does not wait */
}

/* ---- the clock (§3.3) ---- */

static void judge_clock(ol_line *l) {
    if (!l->is_started)
        return;
    uint64_t expect = l->clock_wall + (l->mono_ms - l->clock_mono_ms) / 1000;
    uint64_t off = l->wall > expect ? l->wall - expect : expect - l->wall;
    bool is_doubtful = off > OL_CLOCK_JUMP_S;
    if (is_doubtful != l->is_doubtful)
        l->note_clock = true;
    l->is_doubtful = is_doubtful;
    if (!is_doubtful)
        l->clock_wall = l->wall, l->clock_mono_ms = l->mono_ms;
}

static void accept_clock(ol_line *l) {
    l->clock_wall = l->wall, l->clock_mono_ms = l->mono_ms;
    l->note_clock = l->note_clock || l->is_doubtful;
    l->is_doubtful = false;
}

/* ---- step ---- */

static void dispatch(ol_line *l, const ol_event *ev) {
    switch (ev->kind) {
    case EV_START:
        start(l, &ev->start.marker);
        break;
    case EV_MORE:
        break;
    case EV_TIMER:
        l->timer_ms = OL_NEVER; /* it has gone off: the next one is told even if it is the same */
        break;
    case EV_SUBMIT:
        ol_append_submit(l, ev);
        break;
    case EV_FRAME:
        ol_frame_in(l, ev);
        break;
    case EV_COMMITTED:
        ol_batch_done(l);
        break;
    case EV_COMMIT_FAILED:
        ol_batch_failed(l, ev->commit_failed.err);
        break;
    case EV_SIGNED:
        ol_batch_signed(l, ev->signed_.token, ev->signed_.sig);
        break;
    case EV_DH:
        if (!ol_bundle_dh(l, ev))
            ol_session_dh(l, ev);
        break;
    case EV_FETCHED:
        if (!ol_fork_fetched(l, ev))
            ol_chunk_fetched(l, ev);
        break;
    case EV_PATH_UP:
        path_up(l, ev);
        break;
    case EV_PATH_DOWN:
        ol_session_path_down(l, ev->path.path / OL_PATHS_PER_PEER,
                             ev->path.path % OL_PATHS_PER_PEER);
        break;
    case EV_PATH_LOST:
        ol_path_lost(l, ev->path.path);
        break;
    case EV_PATH_TRY:
        ol_path_try(l, ev->path.path);
        break;
    case EV_CLOCK_ACCEPTED:
        accept_clock(l);
        break;
    case EV_FORK_SEEN:
        ol_fork_acknowledge(l, &ev->fork);
        break;
    case EV_COPY_SEEN:
        ol_copy_acknowledge(l);
        break;
    case EV_RATCHET_SAVED:
        ol_epoch_saved(l, ev->ratchet_saved.token, ev->ratchet_saved.err);
        break;
    case EV_BUNDLE:
        ol_bundle_in(l, ev);
        break;
    case EV_BUNDLE_TOLD:
        ol_bundle_told(l);
        break;
    }
}

static void give_up(ol_line *l) {
    if (l->batch_failing)
        l->batch_failing = false, ol_batch_failed(l, OL_ENOMEM);
}

/* What follows from time and from what has just changed. */
static void settle(ol_line *l) {
    if (!l->is_started)
        return;
    ol_sync_due(l);
    ol_path_due(l);
    ol_sync_tell(l);
    ol_relay_due(l);
    ol_handback_due(l);
    ol_copy_due(l);
    ol_epoch_settle(l);
    ol_credit_say(l);
    give_up(l);
    if (!l->batch.is_out) {
        ol_append_waiting(l);
        for (uint8_t p = 0; p < l->parties && l->is_hold_due; p++)
            ol_hold_adopt(l, p);
        l->is_hold_due = false; /* until a batch is answered: payloads see to their own */
        ol_bundle_due(l);
        give_up(l);
    }
    if (l->counter + OL_COUNTERS / 4 >= l->reserved && l->reserving == 0)
        l->reserving = l->counter + OL_COUNTERS, l->wants_commit = true;
    if (l->mono_ms >= l->save_ms) {
        l->wants_commit = true;
        l->save_ms = OL_NEVER;
    }
}

void ol_line_step(ol_line *l, const ol_event *ev, ol_mono now, ol_effects *out) {
    if (now.ms > l->mono_ms)
        l->mono_ms = now.ms;
    l->wall = ev->wall.s;
    judge_clock(l);
    dispatch(l, ev);
    settle(l);
    ol_pump(l, out);
}

/* ---- what others may ask ---- */

void ol_line_path_status(const ol_line *l, ol_path_id id, ol_path_status *ret) {
    OL_ASSERT(id / OL_PATHS_PER_PEER < l->parties);
    const ol_path *p = &l->peer[id / OL_PATHS_PER_PEER].path[id % OL_PATHS_PER_PEER];
    const ol_holder *live = p->is_up ? ol_session_live(p) : NULL;
    *ret = (ol_path_status){
        .is_up = p->is_up,
        .is_live = live != NULL && p->missed < 2 &&
                   !ol_session_is_suspect(l, (uint8_t)(id / OL_PATHS_PER_PEER), p),
        .is_heard = ol_path_is_heard(l, p),
        .is_initiator = live != NULL && live->is_initiator,
        .is_best = live != NULL && ol_path_best(l, (uint8_t)(id / OL_PATHS_PER_PEER)) == p,
        .missed = p->missed,
        .lost = (uint16_t)(p->expected == 0 ? 0 : (p->expected - p->arrived) * 1000 / p->expected),
        .rate = p->rate,
        .bits = p->bits_last,
        .proven_ms = p->proven_ms,
        .heard_ms = p->heard_ms,
        .rtt_ms = p->rtt_ms,
        .answer_ms = ol_path_answer_ms(p),
        .tried_ms = p->is_tried ? 0 : p->tried_ms,
        .tried_in_ms = p->tried_in_ms,
        .proven_wall = p->proven_wall,
        .frames_in = p->frames_in,
        .frames_out = p->frames_out,
        .bytes_in = p->bytes_in,
        .bytes_out = p->bytes_out
    };
}

uint64_t ol_line_heard_ms(const ol_line *l, uint8_t party) {
    uint64_t ms = 0;
    for (size_t i = 0; i < OL_PATHS_PER_PEER; i++)
        ms = l->peer[party].path[i].heard_ms > ms ? l->peer[party].path[i].heard_ms : ms;
    return ms;
}

void ol_line_marker(const ol_line *l, ol_marker *ret) {
    *ret = (ol_marker){ .is_valid = true };
    ret->commit = l->batch.is_out ? l->commit_out : l->commit;
    for (unsigned lane = 0; lane < OL_LANES; lane++) {
        const ol_log *log = l->own[lane].log;
        if (log == NULL || log->tree.size == 0)
            continue;
        ret->has[lane] = true;
        memcpy(ret->incarnation[lane], log->key.incarnation, OL_INC_LEN);
        ret->size[lane] = log->tree.size;
    }
}

bool ol_line_clock_is_doubtful(const ol_line *l) {
    return l->is_doubtful;
}

ol_err ol_line_stopped(const ol_line *l) {
    static const ol_err of[] = { [OL_STORAGE_FULL] = OL_EFULL,
                                 [OL_STORAGE_FAILS] = OL_EIO,
                                 [OL_STORAGE_NO_MEMORY] = OL_ENOMEM };
    return of[l->storage];
}

uint8_t ol_line_peer_stopped(const ol_line *l, uint8_t party) {
    OL_ASSERT(party < l->parties);
    return l->peer[party].stopped;
}

uint64_t ol_line_count(const ol_line *l, ol_count which) {
    OL_ASSERT(which < OL_COUNT_N);
    return l->count[which];
}
