/* Sealed bundles in (§5.5). All that counts in one proves itself; what it says of the state of its
 * party holds only while nothing later has been heard. */
#include <sodium.h>

#include "base/text.h"
#include "line/hold.h"
#include "line/state.h"

_Static_assert(OL_BUNDLE_OVERHEAD == OL_BUNDLE_CLEAR + OL_NOISE_OVERHEAD, "of §5.5");

ol_err ol_bundle_clear_get(const uint8_t *p, size_t len, ol_bundle_clear *ret) {
    ol_rd r = ol_rd_of(p, len);
    ol_bundle_clear c;
    ol_rd_copy(&r, c.hint, sizeof c.hint);
    c.epoch = (uint16_t)ol_rd_be(&r, 2);
    c.counter = ol_rd_be(&r, 8);
    if (r.err == OL_OK && len < OL_BUNDLE_OVERHEAD)
        r.err = OL_ESHORT;
    if (r.err == OL_OK && len > OL_BUNDLE_MAX)
        r.err = OL_ELIMIT;
    if (r.err == OL_OK)
        *ret = c;
    return r.err;
}

void ol_bundle_name(const ol_bundle_clear *clear, char to[OL_BUNDLE_NAME_LEN + 1]) {
    uint8_t b[8];
    ol_wr w = ol_wr_of(b, sizeof b);
    ol_wr_put(&w, clear->hint, sizeof clear->hint);
    ol_wr_be(&w, clear->counter & 0xffffffff, 4);
    ol_hex_put(b, sizeof b, to);
}

const ol_bundle_read *ol_line_bundle(const ol_line *l) {
    OL_ASSERT(l->inbox.phase == IN_DONE);
    return &l->inbox.read;
}

uint8_t ol_bundle_is_own(const ol_line *l, const ol_bundle_clear *clear) {
    for (uint8_t p = 0; p < l->parties; p++)
        if (p != l->self && l->vault->pair[p].has_ss &&
            memcmp(ol_epoch_hint(l, p), clear->hint, OL_HINT_LEN) == 0)
            return p;
    return OL_PARTIES_MAX;
}

/* ---- handed in, opened ---- */

static void finish(ol_line *l, ol_err err) {
    l->inbox.read.err = err;
    l->inbox.phase = IN_DONE;
}

static OL_MUST ol_err begin(ol_line *l, const ol_event *ev) {
    ol_inbox *in = &l->inbox;
    ol_bytes b = ev->bundle.bundle;
    ol_bundle_clear clear;
    ol_err err = ol_bundle_clear_get(b.p, b.len, &clear);
    if (err != OL_OK)
        return err;
    in->read.epoch = clear.epoch, in->read.counter = clear.counter;
    if (ev->bundle.hit.kind != OL_TAG_HINT)
        return OL_ENOENT;
    if (clear.counter == 0 || clear.counter >> 62 > 0 ||
        !ol_epoch_accepts(l, in->read.party, clear.epoch) ||
        ev->bundle.hit.slot != (uint8_t)clear.epoch)
        return OL_EAUTH; /* the hint is known, and of another epoch than it says */
    if (!l->vault->pair[in->read.party].has_ss || !l->is_started)
        return OL_EAGAIN;
    err = ol_noise_peek(b.p + OL_BUNDLE_CLEAR, b.len - OL_BUNDLE_CLEAR, in->e);
    in->p = err == OL_OK ? ol_mem_get0(l->mem, b.len, 1) : NULL;
    if (err != OL_OK || in->p == NULL)
        return err == OL_OK ? OL_ENOMEM : err;
    in->len = b.len;
    memcpy(in->p, b.p, b.len);
    in->token = ol_token(l), in->is_wanted = true;
    return OL_OK;
}

void ol_bundle_in(ol_line *l, const ol_event *ev) {
    ol_inbox *in = &l->inbox;
    OL_ASSERT(in->phase == IN_NONE && ev->bundle.hit.party < l->parties);
    *in = (ol_inbox){ .phase = IN_DH, .is_shown = ev->bundle.is_shown, .way = ev->bundle.way };
    in->read.token = ev->bundle.token, in->read.party = ev->bundle.hit.party;
    ol_err err = begin(l, ev);
    if (err != OL_OK)
        finish(l, err);
}

void ol_bundle_told(ol_line *l) {
    ol_mem_put(l->mem, l->inbox.p, l->inbox.len, 1);
    l->inbox = (ol_inbox){ .phase = IN_NONE };
}

/* Opened where it lies: its items take the place of their ciphertext. */
static OL_MUST ol_err open(ol_line *l, const uint8_t *es) {
    ol_inbox *in = &l->inbox;
    uint8_t party = in->read.party, *items = in->p + OL_BUNDLE_CLEAR + OL_NOISE_KEY_LEN;
    ol_noise hs;
    ol_wr out = ol_wr_of(items, in->len - OL_BUNDLE_OVERHEAD);
    if (es == NULL || !ol_epoch_accepts(l, party, in->read.epoch)) /* it was, when it came */
        return OL_EAUTH;
    ol_session_noise(l, party, OL_NOISE_KPSK0, false, in->p, &hs);
    ol_err err = ol_noise_read1(&hs, es, l->vault->pair[party].ss, in->p + OL_BUNDLE_CLEAR,
                                in->len - OL_BUNDLE_CLEAR, &out);
    ol_noise_wipe(&hs);
    if (err == OL_OK)
        err = ol_item_check(items, out.len);
    if (err == OL_OK)
        in->read.items = items, in->read.items_len = out.len;
    return err;
}

bool ol_bundle_dh(ol_line *l, const ol_event *ev) {
    ol_inbox *in = &l->inbox;
    if (in->phase != IN_DH || in->token != ev->dh.token)
        return false;
    ol_err err = open(l, ev->dh.shared);
    if (err != OL_OK || in->is_shown) {
        finish(l, err);
        return true;
    }
    ol_peer *peer = &l->peer[in->read.party];
    in->is_fresh = in->read.counter > peer->last_counter && in->read.counter > peer->bundle_counter;
    if (in->is_fresh)
        peer->bundle_counter = in->read.counter, peer->is_carried = true;
    ol_epoch_heard(l, in->read.party, in->read.epoch);
    in->phase = IN_ITEMS;
    return true;
}

/* ---- taken ---- */

bool ol_bundle_counts(const ol_line *l, uint8_t party) {
    const ol_peer *peer = &l->peer[party];
    if (!l->inbox.is_open)
        return true;
    return l->inbox.is_fresh && (!peer->has_run || peer->has_told);
}

/* Entries in it that are still not in their logs. */
static uint64_t count_waiting(const ol_line *l, const uint8_t *p, size_t len) {
    ol_rd r = ol_rd_of(p, len);
    ol_item it = { 0 };
    ol_log_key key = { .party = OL_PARTIES_MAX };
    uint64_t n = 0, size = 0;
    while (r.left > 0 && ol_item_get(&r, &it) == OL_OK) {
        if (it.type == OL_ITEM_LOG_FULL) {
            const ol_log *log = ol_log_find(l, &it.log);
            key = it.log, size = log == NULL ? 0 : log->tree.size;
        }
        bool is_entry = it.type == OL_ITEM_ENTRY || it.type == OL_ITEM_NEXT ||
                        (it.type == OL_ITEM_PART && it.offset + it.len == it.total);
        n += is_entry && key.party < l->parties && it.index >= size;
    }
    return n;
}

void ol_bundle_due(ol_line *l) {
    ol_inbox *in = &l->inbox;
    if (in->phase != IN_ITEMS)
        return;
    if (l->storage != 0) {
        finish(l, ol_line_stopped(l));
        return;
    }
    if (l->batch.is_out || l->batch.entries > 0) { /* all of it into one batch */
        l->wants_commit = l->wants_commit || !l->batch.is_out;
        return;
    }
    const uint8_t *items = in->read.items;
    size_t len = in->read.items_len;
    in->read.items = NULL, in->read.items_len = 0;
    in->is_open = true;
    l->way = in->way;
    ol_recv_payload(l, in->read.party, NULL, NULL, items, len);
    in->is_open = false;
    in->read.waiting = count_waiting(l, items, len);
    in->phase = IN_COMMIT;
    if (in->read.entries + in->read.receipts == 0 && !l->batch_failing)
        finish(l, OL_OK);
    else
        l->wants_commit = true;
}

void ol_bundle_answered(ol_line *l, ol_err err) {
    if (l->inbox.phase == IN_COMMIT)
        finish(l, err);
}
