/* What each peer lacks, and when to say it again (§5.3). */
#include "line/keyring.h"
#include "line/state.h"

enum { HASTY_ENTRIES = 4, HASTY_TRIES = 32 };

bool ol_sync_is_settled(const ol_line *l, const ol_log *log, uint8_t party) {
    const ol_sync *s = &log->sync[party];
    if (s->is_apart || !ol_keyring_is_for(l, log, party))
        return true;
    return log->is_own && !log->is_forked ? s->floor >= log->head_size
                                          : s->believed >= log->head_size;
}

bool ol_sync_waits(const ol_line *l, const ol_log *log, uint8_t party) {
    return l->mono_ms < log->sync[party].late_ms || ol_relay_is_kept(l, log, party);
}

/* Where much is lost, a few urgent entries go again before an answer to them can have come. */
static bool is_hasty(const ol_line *l, const ol_log *log, uint8_t party) {
    const ol_path *path = ol_path_best(l, party);
    return log->key.lane == OL_LANE_URGENT && path != NULL && ol_path_is_lossy(path) &&
           log->head_size <= log->sync[party].believed + HASTY_ENTRIES;
}

uint64_t ol_sync_repeat_ms(const ol_line *l, const ol_log *log, uint8_t party) {
    const ol_sync *s = &log->sync[party];
    uint64_t ms = ol_path_repeat_ms(l, party);
    if (is_hasty(l, log, party) && s->tries < HASTY_TRIES)
        return ms / 2;
    bool is_held = s->believed >= log->head_size && !s->is_unsure; /* only the receipt lacks */
    uint64_t max = is_held ? OL_REPEAT_HELD_MS : OL_REPEAT_MAX_MS;
    for (unsigned i = OL_REPEATS_FAST; i < s->tries && ms < max; i++)
        ms *= 2;
    return s->tries > OL_REPEATS_FAST && ms > max
               ? (max > ol_path_repeat_ms(l, party) ? max : ol_path_repeat_ms(l, party))
               : ms;
}

static void restart(const ol_line *l, ol_sync *s) {
    s->again_ms = l->mono_ms;
    s->sent = s->believed, s->head_sent = 0, s->bytes = 0, s->part = 0, s->measure = 0;
}

void ol_sync_again(ol_line *l, uint8_t party) {
    for (size_t i = 0; i < l->log.n; i++)
        if (!ol_sync_is_settled(l, l->log.v[i], party))
            restart(l, &l->log.v[i]->sync[party]);
}

static uint32_t grown(uint32_t window) {
    return window < OL_WINDOW_MAX / 2 ? window * 2 : OL_WINDOW_MAX;
}

/* It took more: what it lacks still may be late again, and goes a head at a time. */
static void took(const ol_line *l, const ol_log *log, ol_sync *s) {
    if (s->believed >= log->head_size)
        s->late_ms = 0;
    else if (s->late_ms > l->mono_ms)
        s->late_ms = l->mono_ms;
}

void ol_sync_late(ol_line *l, ol_log *log, uint8_t party, uint32_t seconds) {
    ol_sync *s = &log->sync[party];
    uint64_t ms = (seconds < OL_DAY_MS / 1000 ? seconds : OL_DAY_MS / 1000) * UINT64_C(1000);
    if (ol_sync_is_settled(l, log, party) || s->believed >= log->head_size)
        return;
    if (ms == 0 && s->late_ms == 0)
        return;
    s->late_ms = l->mono_ms + ms;
    s->due_ms = s->late_ms, s->tries = 0, s->measure = 0;
    l->peer[party].credit.puts_off |= log->is_own;
}

void ol_sync_urgent(ol_line *l, ol_log *log) {
    for (uint8_t p = 0; p < l->parties; p++) {
        ol_sync *s = &log->sync[p];
        if (s->late_ms > l->mono_ms)
            s->late_ms = s->due_ms = l->mono_ms;
    }
}

bool ol_sync_has_ours(const ol_line *l, uint8_t party) {
    for (size_t i = 0; i < l->log.n; i++) {
        const ol_log *log = l->log.v[i];
        if (log->is_own && (log->tree.size > log->head_size || !ol_sync_is_settled(l, log, party)))
            return false;
    }
    return true;
}

void ol_sync_believe(ol_line *l, ol_log *log, uint8_t party, uint64_t size) {
    ol_sync *s = &log->sync[party];
    ol_peer *peer = &l->peer[party];
    uint64_t before = s->believed;
    s->is_known = true, s->is_unsure = false;
    if (size > before) {
        if (s->sent > size)
            s->bytes = (uint32_t)(s->bytes * (s->sent - size) / (s->sent - before));
        else
            s->sent = size, s->bytes = 0, s->part = 0;
        s->believed = size;
        peer->window = grown(peer->window);
        ol_relay_keep(l, log, party); /* it makes its way without us */
        took(l, log, s);
    }
    if (s->measure > 0 && size >= s->measure) {
        ol_path *path = ol_path_best(l, party);
        if (path != NULL && path == l->from && s->tries == 0) /* it went and came by the same one */
            ol_path_rtt(path, l->mono_ms - s->first_ms);
        s->measure = 0;
    }
    s->tries = 0;
    s->moved_ms = l->mono_ms;
    s->due_ms = ol_sync_is_settled(l, log, party) ? OL_NEVER
                                                  : l->mono_ms + ol_sync_repeat_ms(l, log, party);
}

void ol_sync_progress(ol_line *l, ol_log *log, uint8_t party, uint64_t size) {
    ol_sync *s = &log->sync[party];
    if (size > s->floor)
        s->floor = size;
    ol_sync_believe(l, log, party, size);
}

void ol_sync_holds(ol_log *log, uint8_t party, uint64_t size) {
    ol_sync *s = &log->sync[party];
    if (s->is_unsure || size <= s->believed)
        return;
    s->believed = size;
    if (s->sent < size)
        s->sent = size, s->bytes = 0, s->part = 0;
}

/* An author that repeats a head below what we hold of its log has lost the rest: it goes back. */
void ol_sync_behind(ol_line *l, ol_log *log, uint64_t size) {
    ol_sync *s = &log->sync[log->key.party];
    bool is_again = s->behind == size;
    s->behind = size < log->stored ? size : 0;
    bool is_often =
        s->repeat_ms > 0 && l->mono_ms - s->repeat_ms < ol_path_repeat_ms(l, log->key.party) / 2;
    if (!is_again || is_often || size >= log->stored || s->believed <= size)
        return;
    s->believed = s->floor = size;
    s->repeat_ms = l->mono_ms;
    restart(l, s);
    s->due_ms = l->mono_ms + ol_path_repeat_ms(l, log->key.party);
}

/* A member that says twice that it holds less than it has receipted has lost it, and may have said
 * so to a copy of our home instead of us. */
static bool has_lost(ol_sync *s, uint64_t size) {
    bool is_again = s->lacks == size + 1;
    s->lacks = size < s->floor ? size + 1 : 0;
    return is_again && size < s->floor;
}

void ol_sync_have(ol_line *l, ol_log *log, uint8_t party, uint64_t size) {
    ol_sync *s = &log->sync[party];
    if (s->is_unsure)
        s->head_sent = 0;   /* it went ahead of the entries */
    s->is_known = size > 0; /* HAVE 0 speaks of a log by its full name, unknown there */
    s->is_unsure = false;
    if (has_lost(s, size))
        s->floor = size;
    uint64_t has = size > s->floor ? size : s->floor;
    if (has > s->believed) /* as good as a receipt, as far as the window goes */
        l->peer[party].window = grown(l->peer[party].window);
    s->believed = has;
    if (s->late_ms > 0)
        took(l, log, s);
    if (has >= s->sent) {
        s->sent = has, s->bytes = 0, s->part = 0;
        return;
    }
    /* A gap: something we sent did not arrive; once in half a round trip at most. */
    if (l->mono_ms - s->repeat_ms < ol_path_repeat_ms(l, party) / 2 && s->repeat_ms > 0)
        return;
    restart(l, s);
    s->repeat_ms = l->mono_ms;
    l->count[OL_COUNT_RESENT]++;
}

void ol_sync_forgot(ol_line *l, uint8_t party, const ol_holder *by, uint32_t run) {
    ol_peer *peer = &l->peer[party];
    peer->has_told = false;
    bool is_often = peer->has_run && l->mono_ms - peer->run_ms < OL_RETRY_MS;
    if (is_often || (peer->has_run && peer->run == run))
        return; /* if it means it, it says it again */
    peer->run_ms = l->mono_ms;
    peer->has_run = true, peer->run = run;
    for (size_t i = 0; i < OL_HOLD_HEADS; i++)
        peer->hold.head[i].is_sure = false; /* said before */
    ol_session_forget(l, party, by);
    for (size_t i = 0; i < l->log.n; i++) {
        ol_sync *s = &l->log.v[i]->sync[party];
        s->believed = s->floor = 0;
        restart(l, s);
        s->is_unsure = true, s->is_known = s->is_apart = false, s->tries = 0;
        s->due_ms = l->mono_ms + ol_path_repeat_ms(l, party);
    }
}

/* In a first message FORGOT arrives or there is no session; in a transport frame it may be lost. */
void ol_sync_said_forgot(ol_line *l, uint8_t party) {
    ol_peer *peer = &l->peer[party];
    uint64_t ms = 2 * ol_path_repeat_ms(l, party); /* heads there, HAVE here, then TOLD */
    for (unsigned i = 0; i < peer->forgot_tries && ms < OL_PING_MS; i++)
        ms *= 2;
    peer->forgot_tries = (uint8_t)(peer->forgot_tries + (peer->forgot_tries < UINT8_MAX));
    peer->forgot_ms = l->mono_ms + ms;
    peer->owe_forgot = false;
}

static uint64_t forgot_ms(const ol_line *l, uint8_t party) {
    const ol_path *best = ol_path_best(l, party);
    bool is_due = l->has_forgotten && !l->peer[party].is_told && !l->peer[party].owe_forgot &&
                  best != NULL && ol_session_live(best) != NULL;
    return is_due ? l->peer[party].forgot_ms : OL_NEVER;
}

static bool has_all(const ol_line *l, uint8_t party) {
    for (size_t i = 0; i < l->log.n; i++) {
        const ol_sync *s = &l->log.v[i]->sync[party];
        const ol_log *log = l->log.v[i];
        if (s->is_apart || !ol_keyring_is_for(l, log, party))
            continue;
        if (s->is_unsure || s->believed < log->head_size)
            return false;
        if (log->is_own && s->floor < log->got[party].size)
            return false; /* it does not know its own word yet: it would sign earlier ones */
    }
    return true;
}

void ol_sync_tell(ol_line *l) {
    for (uint8_t p = 0; p < l->parties; p++) {
        ol_peer *peer = &l->peer[p];
        if (peer->has_run && !peer->has_told && has_all(l, p))
            peer->has_told = peer->owe_told = true;
        if (peer->credit.wants_all && ol_sync_has_ours(l, p))
            peer->credit.wants_all = false, peer->credit.owe_all = true;
    }
}

void ol_sync_heard(ol_line *l, uint8_t party) {
    for (size_t i = 0; i < l->log.n; i++) {
        ol_sync *s = &l->log.v[i]->sync[party];
        if (s->tries == 0 || s->due_ms == OL_NEVER)
            continue;
        if (s->tries > OL_REPEATS_SUSPECT)
            s->due_ms = ol_min_ms(s->due_ms, l->mono_ms + ol_path_repeat_ms(l, party));
        if (s->believed < l->log.v[i]->head_size)
            s->tries = 0;
    }
}

/* What a stream was given arrives, unless it breaks: to repeat it would only fill a slow one. */
static bool is_under_way(const ol_line *l, const ol_sync *s, uint8_t party) {
    const ol_path *best = ol_path_best(l, party);
    uint64_t since = s->moved_ms > s->again_ms ? s->moved_ms : s->again_ms;
    bool is_all_there = l->peer[party].strayed_ms == 0 || l->peer[party].strayed_ms < s->again_ms;
    return best != NULL && best->is_stream && ol_session_live(best) != NULL && is_all_there &&
           l->mono_ms - since < OL_STREAM_HOLD_MS + 4 * best->rtt_ms;
}

void ol_sync_due(ol_line *l) {
    for (uint8_t p = 0; p < l->parties; p++)
        if (l->mono_ms >= forgot_ms(l, p))
            l->peer[p].owe_forgot = true;
    for (size_t i = 0; i < l->log.n; i++) {
        ol_chunk_rest(l, l->log.v[i]);
        for (uint8_t p = 0; p < l->parties; p++) {
            ol_log *log = l->log.v[i];
            ol_sync *s = &log->sync[p];
            if (p == l->self || l->mono_ms < s->due_ms)
                continue;
            s->due_ms = OL_NEVER;
            if (l->mono_ms < s->late_ms)
                s->due_ms = s->late_ms;
            if (ol_sync_is_settled(l, log, p) || ol_sync_waits(l, log, p))
                continue;
            if (is_under_way(l, s, p)) {
                s->due_ms = l->mono_ms + ol_sync_repeat_ms(l, log, p);
                ol_path_missed(l, p);
                continue;
            }
            restart(l, s);
            s->tries = s->tries < 250 ? (uint8_t)(s->tries + 1) : s->tries;
            s->due_ms = l->mono_ms + ol_sync_repeat_ms(l, log, p);
            l->count[OL_COUNT_RESENT]++;
            if (s->tries == 1 && is_hasty(l, log, p))
                continue; /* an answer would not be here yet */
            l->peer[p].window /= 2;
            if (l->peer[p].window < OL_WINDOW_MIN)
                l->peer[p].window = OL_WINDOW_MIN;
            ol_path_missed(l, p);
        }
    }
}

uint64_t ol_sync_next_ms(const ol_line *l) {
    uint64_t next = OL_NEVER;
    for (uint8_t p = 0; p < l->parties; p++)
        next = ol_min_ms(next, forgot_ms(l, p));
    for (size_t i = 0; i < l->log.n; i++) {
        for (uint8_t p = 0; p < l->parties; p++)
            next = ol_min_ms(next, l->log.v[i]->sync[p].due_ms);
        if (l->log.v[i]->fetch_after_ms > l->mono_ms)
            next = ol_min_ms(next, l->log.v[i]->fetch_after_ms);
    }
    return next;
}

/* The window binds where entries up to a head begin: half of them would be of no use. */
bool ol_sync_may_send(const ol_line *l, const ol_sync *s, uint8_t p) {
    if (s->late_ms > 0 && s->sent > s->believed && s->sent % OL_HEAD_EVERY == 0)
        return false; /* a head at a time */
    return s->sent % OL_HEAD_EVERY != 0 || s->bytes < l->peer[p].window;
}

bool ol_sync_is_live(const ol_line *l, uint8_t p) {
    for (size_t i = 0; i < OL_PATHS_PER_PEER; i++)
        if (l->peer[p].path[i].is_up && ol_session_live(&l->peer[p].path[i]) != NULL)
            return true;
    return false;
}

bool ol_sync_is_reached(const ol_line *l, uint8_t p) {
    for (size_t i = 0; i < OL_PATHS_PER_PEER; i++) {
        const ol_path *path = &l->peer[p].path[i];
        if (path->is_up && ol_session_live(path) != NULL && path->missed < 2 &&
            !ol_session_is_suspect(l, p, path))
            return true;
    }
    return false;
}
