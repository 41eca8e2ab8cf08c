#include "crypto/ratchet.h"

#include <string.h>

#include "base/err.h"

_Static_assert(OL_RATCHET_MARKS > OL_EPOCHS_KEPT, "own steps never run out of marks");

void ol_ratchet_begin(const uint8_t ck[OL_SECRET_LEN], ol_ratchet *ret) {
    *ret = (ol_ratchet){ 0 };
    memcpy(ret->ck, ck, sizeof ret->ck);
}

bool ol_ratchet_is_sound(const ol_ratchet *r) {
    if (r->oldest > r->send || (r->is_heard && (r->heard > r->send || r->heard < r->oldest)))
        return false;
    if (r->marks > OL_RATCHET_MARKS || (r->marks > 0 && !r->is_heard))
        return false;
    for (size_t i = 0; i < r->marks; i++) {
        if (r->mark[i].epoch <= (i == 0 ? r->oldest : r->mark[i - 1].epoch))
            return false;
        if (i > 0 && r->mark[i].at_s < r->mark[i - 1].at_s)
            return false;
    }
    return r->marks == 0 ? !r->is_heard || r->heard == r->oldest
                         : r->mark[r->marks - 1].epoch == r->heard;
}

bool ol_ratchet_accepts(const ol_ratchet *r, uint64_t epoch) {
    uint64_t last =
        r->send < OL_EPOCH_MAX - OL_EPOCHS_AHEAD ? r->send + OL_EPOCHS_AHEAD : OL_EPOCH_MAX;
    return epoch >= r->oldest && epoch <= last;
}

/* Erases the epochs below this one. */
static void erase_to(ol_ratchet *r, uint16_t epoch) {
    for (; r->oldest < epoch; r->oldest++)
        ol_keys_next(r->ck, r->ck);
    size_t gone = 0;
    while (gone < r->marks && r->mark[gone].epoch <= epoch)
        gone++;
    r->marks = (uint8_t)(r->marks - gone);
    memmove(&r->mark[0], &r->mark[gone], r->marks * sizeof r->mark[0]);
    memset(&r->mark[r->marks], 0, gone * sizeof r->mark[0]);
}

bool ol_ratchet_heard(ol_ratchet *r, uint16_t epoch, uint64_t now_s, uint64_t wall) {
    OL_ASSERT(ol_ratchet_accepts(r, epoch));
    if (r->is_heard && epoch <= r->heard)
        return false;
    r->is_heard = true, r->heard = epoch;
    if (epoch > r->send)
        r->send = epoch, r->since_s = now_s, r->since_wall = wall;
    if (epoch == r->oldest)
        return true; /* nothing below it waits */
    if (r->marks > 0 && now_s < r->mark[r->marks - 1].at_s)
        now_s = r->mark[r->marks - 1].at_s;
    if (r->marks == OL_RATCHET_MARKS) /* the last one moves up: kept longer, never shorter */
        r->marks--;
    r->mark[r->marks].epoch = epoch, r->mark[r->marks++].at_s = now_s;
    if (r->send - r->oldest > OL_EPOCHS_SPAN)
        erase_to(r, (uint16_t)(r->send - OL_EPOCHS_SPAN));
    return true;
}

static bool is_over(uint64_t now_s, uint64_t from_s, uint64_t span_s) {
    return now_s >= from_s && now_s - from_s >= span_s;
}

static bool may_step(const ol_ratchet *r) {
    return r->is_heard && r->heard == r->send && r->send < OL_EPOCH_MAX &&
           r->send - r->oldest < OL_EPOCHS_KEPT;
}

bool ol_ratchet_pass(ol_ratchet *r, const ol_ratchet_times *t, uint64_t now_s, uint64_t wall) {
    bool has_changed = false;
    while (r->marks > 0 && is_over(now_s, r->mark[0].at_s, t->courier_s)) {
        erase_to(r, r->mark[0].epoch);
        has_changed = true;
    }
    if (may_step(r) && is_over(now_s, r->since_s, t->crypto_s)) {
        r->send++, r->since_s = now_s, r->since_wall = wall;
        has_changed = true;
    }
    return has_changed;
}

uint64_t ol_ratchet_next_s(const ol_ratchet *r, const ol_ratchet_times *t) {
    uint64_t next = r->marks > 0 ? r->mark[0].at_s + t->courier_s : UINT64_MAX;
    if (may_step(r) && r->since_s + t->crypto_s < next)
        next = r->since_s + t->crypto_s;
    return next;
}

void ol_ratchet_key(const ol_ratchet *r, uint16_t epoch, uint8_t ret_ck[OL_SECRET_LEN]) {
    OL_ASSERT(ol_ratchet_accepts(r, epoch));
    memcpy(ret_ck, r->ck, OL_SECRET_LEN);
    for (unsigned e = r->oldest; e < epoch; e++)
        ol_keys_next(ret_ck, ret_ck);
}
