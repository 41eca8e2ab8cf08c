/* Epochs of the pairs: which keys are used, when they change; a change is in the file of secrets
 * before it counts (§2.6). One change of one pair is on its way at a time: it is one file. */
#include "line/keyring.h"
#include "line/state.h"

#include <sodium.h>

enum { NONE = OL_PARTIES_MAX, NO_EPOCH = UINT32_MAX };

static uint8_t lower(uint8_t a, uint8_t b) {
    return a < b ? a : b;
}

uint64_t ol_ran_s(const ol_line *l) {
    return l->ran_s + (l->mono_ms - l->ran_from_ms) / 1000;
}

bool ol_epoch_accepts(const ol_line *l, uint8_t party, uint64_t epoch) {
    return ol_ratchet_accepts(&l->vault->pair[party].r, epoch);
}

const ol_epoch *ol_epoch_of(ol_line *l, uint8_t party, uint16_t epoch) {
    ol_pair *pair = &l->vault->pair[party];
    uint8_t ck[OL_SECRET_LEN];
    if (epoch == pair->r.send || epoch == pair->other_at)
        return epoch == pair->r.send ? &pair->now : &pair->other;
    uint8_t low = lower(party, l->self);
    ol_ratchet_key(&pair->r, epoch, ck);
    ol_keys_epoch(ck, low, low == party ? l->self : party, &pair->other);
    pair->other_at = epoch;
    sodium_memzero(ck, sizeof ck);
    return &pair->other;
}

const uint8_t *ol_epoch_hint(const ol_line *l, uint8_t party) {
    const ol_epoch *e = &l->vault->pair[party].now;
    return l->self < party ? e->hint_up : e->hint_down;
}

/* ---- what the switch knows ---- */

/* Those at which an honest peer may be now are looked for first; those at which it can be only if
 * our own epoch was lost lie apart. A tag that another has is tried again: sessions pass. */
static OL_MUST ol_err add_hints(ol_line *l, uint8_t party) {
    const ol_ratchet *r = &l->vault->pair[party].r;
    uint8_t ck[OL_SECRET_LEN], low = lower(party, l->self);
    ol_epoch e;
    ol_err err = OL_OK;
    memcpy(ck, r->ck, sizeof ck);
    l->peer[party].hint_again_ms = OL_NEVER;
    for (uint32_t at = r->oldest; err == OL_OK && ol_ratchet_accepts(r, at); at++) {
        ol_switch_hit hit = { .line = l->number, .kind = OL_TAG_HINT, .party = party };
        hit.slot = (uint8_t)at;
        ol_keys_epoch(ck, low, low == party ? l->self : party, &e);
        const uint8_t *hint = l->self < party ? e.hint_down : e.hint_up;
        if (at > r->send + 1u)
            err = ol_switch_add_far(l->sw, hint, OL_HINT_LEN, &hit);
        else
            err = ol_switch_add(l->sw, hint, OL_HINT_LEN, &hit);
        if (err == OL_ECONFLICT)
            err = OL_OK, l->peer[party].hint_again_ms = l->mono_ms + OL_HINT_AGAIN_MS;
        ol_keys_next(ck, ck);
    }
    sodium_memzero(ck, sizeof ck);
    sodium_memzero(&e, sizeof e);
    return err;
}

/* The keys of the epoch we send at, and the hints of all that are accepted. */
static OL_MUST ol_err derive(ol_line *l, uint8_t party) {
    ol_pair *pair = &l->vault->pair[party];
    uint8_t ck[OL_SECRET_LEN], low = lower(party, l->self);
    sodium_memzero(&pair->other, sizeof pair->other);
    pair->other_at = NO_EPOCH;
    ol_ratchet_key(&pair->r, pair->r.send, ck);
    ol_keys_epoch(ck, low, low == party ? l->self : party, &pair->now);
    sodium_memzero(ck, sizeof ck);
    ol_switch_drop_hints(l->sw, l->number, party);
    return add_hints(l, party);
}

ol_err ol_epoch_new(ol_line *l, uint8_t party, const ol_ratchet *r) {
    OL_ASSERT(ol_ratchet_is_sound(r));
    l->vault->pair[party].r = *r;
    l->epoch_party = NONE;
    return derive(l, party);
}

void ol_epoch_free(ol_line *l) {
    for (uint8_t p = 0; p < l->parties; p++)
        ol_switch_drop_hints(l->sw, l->number, p);
}

/* ---- changes ---- */

/* Running time goes on where the store left it, and never below what a pair remembers. */
void ol_epoch_start(ol_line *l) {
    l->ran_from_ms = l->mono_ms;
    l->ran_save_ms = l->mono_ms + OL_RAN_SAVE_MS;
    for (unsigned p = 0; p < l->parties; p++) {
        const ol_ratchet *r = &l->vault->pair[p].r;
        uint64_t at_s = r->marks > 0 ? r->mark[r->marks - 1].at_s : 0;
        at_s = r->since_s > at_s ? r->since_s : at_s;
        l->ran_s = at_s > l->ran_s ? at_s : l->ran_s;
    }
}

void ol_epoch_heard(ol_line *l, uint8_t party, uint16_t epoch) {
    const ol_ratchet *r = &l->vault->pair[party].r;
    ol_peer *peer = &l->peer[party];
    if (r->is_heard && epoch <= r->heard)
        return;
    if (!peer->has_heard || epoch > peer->heard)
        peer->has_heard = true, peer->heard = epoch;
}

static bool is_peer(const ol_line *l, uint8_t party) {
    return party != l->self && ol_keyring_is_member(l, party);
}

static bool is_due(const ol_line *l, uint8_t party) {
    return l->peer[party].has_heard ||
           ol_ran_s(l) >= ol_ratchet_next_s(&l->vault->pair[party].r, &l->epochs);
}

static bool change(ol_line *l, uint8_t party) {
    const ol_peer *peer = &l->peer[party];
    ol_ratchet *next = &l->vault->next;
    bool has_changed = false;
    *next = l->vault->pair[party].r;
    if (peer->has_heard && ol_ratchet_accepts(next, peer->heard))
        has_changed = ol_ratchet_heard(next, peer->heard, ol_ran_s(l), l->wall);
    has_changed = ol_ratchet_pass(next, &l->epochs, ol_ran_s(l), l->wall) || has_changed;
    if (!has_changed)
        sodium_memzero(next, sizeof *next);
    return has_changed;
}

void ol_epoch_settle(ol_line *l) {
    if (l->mono_ms >= l->ran_save_ms)
        l->wants_commit = true, l->ran_save_ms = l->mono_ms + OL_RAN_SAVE_MS;
    for (uint8_t p = 0; p < l->parties; p++)
        if (is_peer(l, p) && l->mono_ms >= l->peer[p].hint_again_ms && derive(l, p) != OL_OK)
            l->peer[p].hint_again_ms = l->mono_ms + OL_HINT_AGAIN_MS;
    if (l->epoch_party != NONE || l->mono_ms < l->epoch_after_ms)
        return;
    for (uint8_t p = 0; p < l->parties; p++) {
        if (!is_peer(l, p) || !is_due(l, p) || !change(l, p))
            continue;
        l->epoch_party = p, l->epoch_token = ol_token(l), l->is_epoch_wanted = true;
        return;
    }
}

/* Handshakes that nothing came of hold keys of the epoch they were begun at. */
static void drop_handshakes(ol_line *l, uint8_t party, uint16_t oldest) {
    for (size_t i = 0; i < OL_PATHS_PER_PEER; i++) {
        ol_path *path = &l->peer[party].path[i];
        for (size_t k = 0; path->is_up && k < OL_HOLDERS; k++) {
            ol_holder *h = &path->holder[k];
            bool is_begun = h->state == HS_OPENING || (h->state == HS_STANDBY && h->owes_reply);
            if (is_begun && h->epoch < oldest)
                ol_session_drop(l, h);
        }
    }
}

void ol_epoch_saved(ol_line *l, uint32_t token, ol_err err) {
    if (l->epoch_party == NONE || token != l->epoch_token)
        return;
    uint8_t p = l->epoch_party;
    ol_pair *pair = &l->vault->pair[p];
    l->epoch_party = NONE;
    if (err != OL_OK) { /* as it was, on the disk and here */
        l->epoch_after_ms = l->mono_ms + OL_RETRY_MS;
    } else {
        pair->r = l->vault->next;
        drop_handshakes(l, p, pair->r.oldest);
        l->peer[p].has_heard = l->peer[p].has_heard && l->peer[p].heard > pair->r.heard;
        if (derive(l, p) != OL_OK)
            l->peer[p].hint_again_ms = l->mono_ms + OL_HINT_AGAIN_MS;
        l->count[OL_COUNT_EPOCHS]++;
    }
    sodium_memzero(&l->vault->next, sizeof l->vault->next);
}

uint64_t ol_epoch_next_ms(const ol_line *l) {
    uint64_t next = l->ran_save_ms;
    for (unsigned p = 0; p < l->parties; p++) {
        if (!is_peer(l, (uint8_t)p))
            continue;
        uint64_t at_s = ol_ratchet_next_s(&l->vault->pair[p].r, &l->epochs);
        uint64_t in_s = is_due(l, (uint8_t)p) ? 0 : at_s - ol_ran_s(l);
        next = ol_min_ms(next, l->peer[p].hint_again_ms);
        if (l->epoch_party == NONE && in_s < OL_RAN_SAVE_MS)
            next = ol_min_ms(next, in_s > 0 ? l->mono_ms + 1000 * in_s : l->epoch_after_ms);
    }
    return next;
}

/* ---- what others may ask ---- */

void ol_line_ratchet(const ol_line *l, uint8_t party, ol_ratchet *ret) {
    OL_ASSERT(party < l->parties && party != l->self);
    *ret = party == l->epoch_party ? l->vault->next : l->vault->pair[party].r;
}

void ol_line_epoch_status(const ol_line *l, uint8_t party, ol_epoch_status *ret) {
    OL_ASSERT(party < l->parties && party != l->self);
    const ol_ratchet *r = &l->vault->pair[party].r;
    *ret = (ol_epoch_status){ .epoch = r->send,
                              .oldest = r->oldest,
                              .since_wall = r->since_wall,
                              .is_confirmed = r->is_heard && r->heard == r->send };
}
