/* A copy of our home that runs while we do: it speaks with our keys, and members take what it says
 * for our word (§6.6). What proves it bears our own signature; what only hints at it makes us ask.
 * Either way we have forgotten what the copy was given: §6.3. */
#include "wire/entry.h"
#include "line/state.h"

enum {
    COPY_REST_MS = 60000,        /* between two times: the copy asks again, too */
    COPY_AGAIN_MS_MAX = 3600000, /* asked for the last time so long after it was found */
    LEAP_MIN = 1 << 16,
    LEAP_MORE = 1 << 20
};

static bool is_asked(const ol_line *l, uint8_t party) {
    return l->has_forgotten && !l->peer[party].is_told;
}

bool ol_copy_must_ask(const ol_line *l, uint8_t party) {
    return is_asked(l, party);
}

/* Receipts for a party's logs wait for its word on what it holds of ours. */
static void gate(ol_line *l, uint8_t party) {
    for (size_t i = 0; i < l->log.n; i++)
        if (l->log.v[i]->key.party == party && !l->log.v[i]->is_own)
            l->log.v[i]->is_gated = true, l->log.v[i]->is_fresh = false;
}

/* Who runs on without knowing of us is below for long, and reads it in a second message. */
void ol_copy_leap(ol_line *l) {
    uint32_t more;
    ol_random(l, (uint8_t *)&more, sizeof more);
    if (l->reserved > 0)
        l->counter = l->reserved + LEAP_MIN + more % LEAP_MORE;
}

void ol_copy_hint(ol_line *l, uint8_t party) {
    if (!is_asked(l, party))
        l->peer[party].is_doubted = true;
}

void ol_copy_found(ol_line *l) {
    if (l->may_lack)
        return; /* of an earlier life of ours, for all we know */
    l->note_copy = l->note_copy || l->copy_found == 0 || l->mono_ms >= l->copy_after_ms;
    l->copy_found = l->wall > 0 ? l->wall : 1, l->copy_seen = 0;
    l->is_copy_new = l->wants_commit = true;
    for (uint8_t p = 0; p < l->parties; p++)
        if (p != l->self)
            l->peer[p].is_doubted = true, gate(l, p);
    l->is_copy_proved = true;
    l->may_lack = l->may_have_spoken = true;
    l->copy_again_ms = l->mono_ms + COPY_REST_MS;
    l->copy_wait_ms = 2 * COPY_REST_MS;
}

/* What others say in their entries that they hold of ours. */
void ol_copy_entry(ol_line *l, const ol_log *log, const uint8_t *p, size_t len) {
    ol_entry e;
    if (log->is_own || l->may_lack || ol_entry_decode(p, len, &e) != OL_OK)
        return;
    for (size_t i = 0; i < e.seens; i++) {
        if (!e.seen[i].is_first || e.seen[i].log.party != l->self)
            continue;
        const ol_log *own = ol_log_find(l, &e.seen[i].log);
        if (own == NULL || own->tree.size < e.seen[i].size)
            ol_copy_hint(l, log->key.party);
    }
}

/* The largest receipt of ours for a log, those included that are being signed. */
static uint64_t own_word(const ol_line *l, const ol_log *log) {
    uint64_t size = log->got[l->self].size;
    for (size_t i = 0; i < l->job.n; i++)
        if (l->job.v[i].log == log && l->job.v[i].is_receipt && l->job.v[i].size > size)
            size = l->job.v[i].size;
    return size;
}

void ol_copy_own_receipt(ol_line *l, const ol_log *log, uint64_t size) {
    if (size > own_word(l, log))
        ol_copy_found(l);
}

void ol_copy_claimed(ol_line *l, ol_log *log, uint64_t size) {
    if (log->is_own || log->is_gated || size <= own_word(l, log))
        return;
    log->is_gated = true; /* it has to prove it, or to take it back */
    log->sync[log->key.party].owe_prove = true;
}

static void ask(ol_line *l, uint8_t party) {
    ol_peer *peer = &l->peer[party];
    peer->is_doubted = peer->is_told = false;
    peer->owe_forgot = true, peer->forgot_tries = 0;
    ol_mem_put(l->mem, peer->back, 1, sizeof *peer->back);
    peer->back = NULL;
    gate(l, party);
}

/* The copy may go on, and members take it at its word: they are asked again, ever more seldom. */
static void doubt_again(ol_line *l) {
    if (l->mono_ms < l->copy_again_ms || l->has_forgotten)
        return;
    for (uint8_t p = 0; p < l->parties; p++)
        l->peer[p].is_doubted = p != l->self;
    l->is_copy_proved = true;
    bool is_last = l->copy_wait_ms > COPY_AGAIN_MS_MAX;
    l->copy_again_ms = is_last ? OL_NEVER : l->mono_ms + l->copy_wait_ms;
    l->copy_wait_ms *= 2;
}

void ol_copy_due(ol_line *l) {
    bool is_any = false;
    doubt_again(l);
    for (uint8_t p = 0; p < l->parties; p++)
        is_any = is_any || l->peer[p].is_doubted;
    if (!is_any || l->mono_ms < l->copy_after_ms)
        return;
    for (uint8_t p = 0; p < l->parties && !l->has_forgotten; p++)
        l->peer[p].is_told = true; /* the others need not be asked */
    ol_random(l, (uint8_t *)&l->run, sizeof l->run);
    l->has_forgotten = l->is_forgot_new = l->wants_commit = true;
    for (uint8_t p = 0; p < l->parties; p++)
        if (l->peer[p].is_doubted)
            ask(l, p);
    for (unsigned lane = 0; lane < OL_LANES && l->is_copy_proved; lane++)
        l->own[lane].is_new = false; /* one opened from now on asks for handbacks (§6.4) */
    l->is_copy_proved = false;
    l->copy_after_ms = l->mono_ms + COPY_REST_MS;
}

uint64_t ol_copy_next_ms(const ol_line *l) {
    for (uint8_t p = 0; p < l->parties; p++)
        if (l->peer[p].is_doubted)
            return l->copy_after_ms;
    return l->has_forgotten ? OL_NEVER : l->copy_again_ms;
}

/* It ends the alarm; what is asked of members goes on. */
void ol_copy_acknowledge(ol_line *l) {
    if (l->copy_found == 0 || l->copy_seen != 0)
        return;
    l->copy_seen = l->wall > 0 ? l->wall : 1;
    l->is_copy_new = l->wants_commit = true;
}

uint64_t ol_line_copy(const ol_line *l) {
    return l->copy_found;
}

uint64_t ol_line_copy_seen(const ol_line *l) {
    return l->copy_seen;
}
