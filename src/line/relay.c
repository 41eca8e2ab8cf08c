/* Where two members cannot reach each other, a third hands on what they say (§5.3). Whose log it is
 * sends it; others wait until the member it is for would have it from there. A receipt that its
 * signer cannot bring is asked for (WANT), and the request stands until it is answered. */
#include "line/keyring.h"
#include "line/state.h"

/* Members take turns, from the author's neighbour on: one hands on, and the others see it. */
static uint64_t rank_of(const ol_line *l, const ol_log *log, uint8_t party) {
    unsigned author = log->key.party, n = l->parties;
    unsigned mine = (l->self + n - author) % n, theirs = (party + n - author) % n;
    unsigned rank = mine - 1 - (theirs < mine);
    return rank < OL_HAND_RANKS ? rank : OL_HAND_RANKS;
}

/* A request stands until it must have been made again. */
static uint64_t cut_ms(const ol_line *l, uint8_t by) {
    return ol_max_ms(OL_CUT_MS, 3 * ol_path_repeat_ms(l, by));
}

static bool is_cut(const ol_line *l, uint8_t a, uint8_t b) {
    uint64_t by_a = l->peer[a].cut_ms[b], by_b = l->peer[b].cut_ms[a];
    return (by_a > 0 && l->mono_ms - by_a < cut_ms(l, a)) ||
           (by_b > 0 && l->mono_ms - by_b < cut_ms(l, b));
}

bool ol_relay_is_kept(const ol_line *l, const ol_log *log, uint8_t party) {
    if (log->is_own || log->key.party == party || l->mono_ms >= log->sync[party].hand_ms)
        return false;
    return !is_cut(l, log->key.party, party);
}

void ol_relay_keep(ol_line *l, ol_log *log, uint8_t party) {
    if (log->is_own || log->key.party == party || party == l->self)
        return;
    uint64_t turn = OL_HAND_MS + 3 * ol_path_repeat_ms(l, party);
    log->sync[party].hand_ms = l->mono_ms + (1 + rank_of(l, log, party)) * turn;
}

/* ---- receipts ---- */

static uint16_t reached(const ol_line *l) {
    uint16_t mask = 0;
    for (uint8_t p = 0; p < l->parties; p++)
        if (p != l->self && ol_sync_is_reached(l, p))
            mask |= (uint16_t)(1u << p);
    return mask;
}

static bool lacks(const ol_line *l, const ol_log *log, uint8_t party, uint16_t mask) {
    return party != l->self && party != log->key.party && (mask >> party & 1) == 0 &&
           !log->is_forked && ol_keyring_is_for(l, log, party) &&
           log->got[party].size < log->head_size;
}

/* Whom to ask this time: another one each time, so that nobody can withhold it alone. */
static uint8_t whom(const ol_line *l, uint8_t party, uint8_t tries, uint16_t mask) {
    for (unsigned i = 0; i < l->parties; i++) {
        uint8_t p = (uint8_t)((l->self + 1u + tries + i) % l->parties);
        if (p != party && (mask >> p & 1) != 0)
            return p;
    }
    return l->parties;
}

static void ask(ol_line *l, ol_log *log, uint8_t party, uint16_t mask) {
    ol_sync *s = &log->sync[party];
    if (s->want_size != log->head_size) { /* one request at a time, however fast heads come */
        bool is_met = log->got[party].size >= s->want_size;
        s->want_size = log->head_size;
        if (is_met)
            s->want_tries = 0, s->want_ms = l->mono_ms;
    }
    uint8_t by = whom(l, party, s->want_tries, mask);
    if (l->mono_ms < s->want_ms || by == l->parties)
        return;
    log->sync[by].owe_want |= (uint16_t)(1u << party);
    uint64_t ms = ol_path_repeat_ms(l, by), max = ol_max_ms(OL_WANT_MAX_MS, ms);
    for (unsigned i = 0; i < s->want_tries && ms < max; i++)
        ms *= 2;
    s->want_ms = l->mono_ms + ol_min_ms(ms, max);
    s->want_tries = s->want_tries < UINT8_MAX ? (uint8_t)(s->want_tries + 1) : UINT8_MAX;
}

void ol_relay_due(ol_line *l) {
    uint16_t mask = l->parties > 2 ? reached(l) : 0;
    for (size_t i = 0; i < l->log.n && mask != 0; i++)
        for (uint8_t p = 0; p < l->parties; p++)
            if (lacks(l, l->log.v[i], p, mask))
                ask(l, l->log.v[i], p, mask);
}

uint64_t ol_relay_next_ms(const ol_line *l) {
    uint16_t mask = l->parties > 2 ? reached(l) : 0;
    uint64_t next = OL_NEVER;
    for (size_t i = 0; i < l->log.n && l->parties > 2; i++)
        for (uint8_t p = 0; p < l->parties; p++) {
            const ol_log *log = l->log.v[i];
            if (mask != 0 && lacks(l, log, p, mask) && log->sync[p].want_ms > l->mono_ms)
                next = ol_min_ms(next, log->sync[p].want_ms);
            if (p != l->self && !ol_sync_is_settled(l, log, p) && ol_relay_is_kept(l, log, p))
                next = ol_min_ms(next, log->sync[p].hand_ms);
        }
    return next;
}

void ol_relay_wanted(ol_line *l, ol_log *log, uint8_t by, uint8_t party, uint64_t size) {
    ol_sync *s = &log->sync[by];
    uint16_t bit = (uint16_t)(1u << party);
    if (party >= l->parties || party == by || party == log->key.party)
        return;
    if (party == l->self) { /* we reach it, it does not think so */
        s->owe_receipt = true;
        return;
    }
    if ((s->wanted & bit) == 0) /* perhaps a fourth one has it */
        log->sync[party].want_ms = l->mono_ms, log->sync[party].want_tries = 0;
    s->wanted |= bit;
    l->peer[by].cut_ms[party] = l->mono_ms;
    if (log->got[party].is_signed && log->got[party].size > size)
        s->owe_of |= bit;
    /* It holds all, so no head of ours goes to it for its receipt to come back: it is asked. */
    if (log->got[party].size < log->head_size && log->sync[party].believed >= log->head_size &&
        ol_sync_is_reached(l, party))
        log->sync[party].owe_want |= bit;
}

void ol_relay_got(ol_line *l, ol_log *log, uint8_t party) {
    for (uint8_t p = 0; p < l->parties; p++)
        if ((log->sync[p].wanted >> party & 1) != 0)
            log->sync[p].owe_of |= (uint16_t)(1u << party);
}
