/* Handshakes and the keys that come of them (§5.1). */
#include "line/keyring.h"
#include "line/state.h"

#include <sodium.h>

#include "crypto/hash.h"

enum { CLEAR_LEN = 14, MAC_LEN = 16, PROLOGUE_LEN = 11 + 16 + 4 + 2 + 1 + 1 + CLEAR_LEN };
enum { FIRST_MIN = CLEAR_LEN + OL_NOISE_OVERHEAD + 3, INDEX_LEN = 2, INDEX_TRIES = 64 };

ol_holder *ol_session_live(const ol_path *path) {
    return path->live < OL_HOLDERS ? &path->holder[path->live] : NULL;
}

void ol_session_drop(ol_line *l, ol_holder *h) {
    if (h->mine_len > 0)
        ol_switch_remove(l->sw, h->mine, h->mine_len);
    sodium_memzero(h, sizeof *h);
}

static void prologue(const ol_line *l, uint8_t from, uint8_t to, const uint8_t *clear,
                     uint8_t ret[PROLOGUE_LEN]) {
    ol_wr w = ol_wr_of(ret, PROLOGUE_LEN);
    ol_wr_put(&w, "openline/1", 11); /* its NUL is the 0x00 */
    ol_wr_put(&w, l->id, OL_LINE_ID_LEN);
    ol_wr_be(&w, l->generation, 4);
    ol_wr_put(&w, clear + 4, 2); /* epoch */
    ol_wr_be(&w, from, 1);
    ol_wr_be(&w, to, 1);
    ol_wr_put(&w, clear, CLEAR_LEN);
    OL_ASSERT(w.err == OL_OK && w.len == PROLOGUE_LEN);
}

static uint16_t epoch_of(const uint8_t *clear) {
    return (uint16_t)(clear[4] << 8 | clear[5]);
}

void ol_session_noise(ol_line *l, uint8_t party, ol_noise_pattern pattern, bool is_initiator,
                      const uint8_t *clear, ol_noise *ret) {
    uint8_t pro[PROLOGUE_LEN];
    prologue(l, is_initiator ? l->self : party, is_initiator ? party : l->self, clear, pro);
    ol_noise_init(ret, &(ol_noise_setup){ .pattern = pattern,
                                          .is_initiator = is_initiator,
                                          .prologue = pro,
                                          .prologue_len = sizeof pro,
                                          .s = l->peer[l->self].p.static_pk,
                                          .rs = l->peer[party].p.static_pk,
                                          .psk = ol_epoch_of(l, party, epoch_of(clear))->psk });
}

static void mac_of(ol_line *l, uint8_t party, const uint8_t *p, size_t len, uint8_t ret[MAC_LEN]) {
    uint8_t full[OL_HASH_LEN];
    ol_part part = { p, len };
    ol_hash_hmac(ol_epoch_of(l, party, epoch_of(p))->mac, 32, &part, 1, full);
    memcpy(ret, full, MAC_LEN);
    sodium_memzero(full, sizeof full);
}

/* ---- the places where sessions live ---- */

static ol_holder *of_state(const ol_path *path, ol_holder_state state) {
    ol_holder *found = NULL;
    for (size_t i = 0; i < OL_HOLDERS; i++)
        if (path->holder[i].state == state &&
            (found == NULL || path->holder[i].born_ms < found->born_ms))
            found = &path->holder[i]; /* the oldest of them */
    return found;
}

static size_t count_of(const ol_path *path, ol_holder_state state) {
    size_t n = 0;
    for (size_t i = 0; i < OL_HOLDERS; i++)
        n += path->holder[i].state == state;
    return n;
}

/* Which of these gives its place up. The oldest stay a while: while the round trip is not known the
 * answer may be later than many tries, and then only theirs can still come in time. */
static ol_holder *spare(const ol_line *l, const ol_path *path, ol_holder_state state) {
    const uint64_t kept = ol_path_kept_ms(path), kept_ms[] = { kept, kept / 4 };
    ol_holder *h = of_state(path, state);
    for (size_t i = 0; h != NULL && i < OL_LEN(kept_ms) && l->mono_ms - h->born_ms < kept_ms[i];
         i++) {
        ol_holder *next = NULL;
        for (size_t k = 0; k < OL_HOLDERS; k++) {
            ol_holder *o = &path->holder[k];
            bool is_younger = o->state == state && o != h && o->born_ms >= h->born_ms;
            if (is_younger && (next == NULL || o->born_ms < next->born_ms))
                next = o;
        }
        if (next == NULL)
            return h;
        h = next;
    }
    return h;
}

/* A free place with an index of its own; NULL when the switch has none. */
static ol_holder *take_holder(ol_line *l, uint8_t party, uint8_t slot, ol_holder_state state) {
    ol_path *path = &l->peer[party].path[slot];
    bool is_many = state == HS_OPENING && count_of(path, HS_OPENING) >= OL_OPENINGS;
    ol_holder *h = is_many ? spare(l, path, HS_OPENING) : NULL;
    h = h != NULL ? h : of_state(path, HS_FREE);
    h = h != NULL ? h : of_state(path, HS_OLD);
    h = h != NULL ? h : spare(l, path, HS_STANDBY);
    if (h == NULL)
        return NULL;
    ol_session_drop(l, h);
    ol_switch_hit hit = { .line = l->number, .kind = OL_TAG_SESSION, .party = party };
    hit.slot = (uint8_t)(slot * OL_HOLDERS + (unsigned)(h - path->holder));
    for (unsigned i = 0; i < INDEX_TRIES && h->mine_len == 0; i++) {
        ol_random(l, h->mine, INDEX_LEN);
        if (ol_switch_add(l->sw, h->mine, INDEX_LEN, &hit) == OL_OK)
            h->mine_len = INDEX_LEN;
    }
    if (h->mine_len == 0)
        return NULL;
    h->state = state;
    h->born_ms = l->mono_ms;
    return h;
}

static void drop_old(ol_line *l, ol_path *path) {
    ol_holder *old = of_state(path, HS_OLD);
    if (old != NULL)
        ol_session_drop(l, old);
}

void ol_session_demote(ol_line *l, ol_path *path, ol_holder *h) {
    drop_old(l, path);
    h->state = HS_OLD;
}

void ol_session_promote(ol_line *l, ol_path *path, ol_holder *h) {
    ol_holder *live = ol_session_live(path);
    drop_old(l, path);
    if (live != NULL)
        live->state = HS_OLD;
    h->state = HS_LIVE;
    h->owes_reply = false;
    ol_noise_wipe(&h->hs);
    path->live = (uint8_t)(h - path->holder);
    path->open_tries = 0;
    path->ping_ms = 0, path->missed = 0, path->wants_ping = path->is_tried;
    path->note = true;
}

/* The peer has lost what it knew, its sessions too. What is still on its way by them was said
 * before, and must not be taken for what it says now. */
void ol_session_forget(ol_line *l, uint8_t party, const ol_holder *but) {
    for (size_t i = 0; i < OL_PATHS_PER_PEER; i++) {
        ol_path *path = &l->peer[party].path[i];
        for (size_t k = 0; path->is_up && k < OL_HOLDERS; k++) {
            ol_holder *h = &path->holder[k];
            if (h == but || h->state == HS_OPENING || h->state == HS_FREE)
                continue;
            if (h == ol_session_live(path)) {
                path->live = OL_HOLDERS, path->note = true;
                ol_path_drop_copies(l, path);
                path->open_ms = l->mono_ms + 2 * ol_path_answer_ms(path);
                path->is_idle_try = false; /* its first message is here: ours would cross it */
            }
            ol_session_drop(l, h);
        }
    }
}

/* ---- DH with the static key, done outside ---- */

void ol_session_want_ss(ol_line *l) {
    for (uint8_t p = 0; p < l->parties; p++)
        if (p != l->self && ol_keyring_is_member(l, p) && !l->vault->pair[p].has_ss &&
            l->peer[p].dh_token == 0)
            l->peer[p].dh_token = ol_token(l), l->peer[p].dh_wanted = true;
}

static void wait_dh(ol_line *l, ol_path *path, const ol_event *ev, uint8_t holder,
                    const uint8_t *noise, size_t len, uint64_t counter) {
    ol_dh_wait *w = path->wait;
    if (w->token != 0 || ol_noise_peek(noise, len, w->e) != OL_OK)
        return; /* one at a time; a peer sends again */
    w->token = ol_token(l);
    w->is_wanted = true;
    w->len = ev->frame.frame.len;
    memcpy(w->msg, ev->frame.frame.p, w->len);
    w->from = ev->frame.from;
    w->holder = holder;
    w->counter = counter;
}

/* ---- the first message ---- */

bool ol_session_is_suspect(const ol_line *l, uint8_t party, const ol_path *path) {
    if (l->mono_ms - path->heard_ms <= OL_REPEATS_SUSPECT * ol_path_answer_ms(path))
        return false;
    for (size_t i = 0; i < l->log.n; i++)
        if (l->log.v[i]->sync[party].tries >= OL_REPEATS_SUSPECT)
            return true;
    return false;
}

/* Something waits that this path is to carry: while another one is live, that one does. */
static bool has_something(const ol_line *l, uint8_t party, const ol_path *path) {
    if (ol_path_best(l, party) == path || !ol_sync_is_live(l, party))
        return ol_sync_class(l, party) != OL_CLASS_NONE;
    return ol_path_next_copy(path) != NULL;
}

bool ol_session_is_old(const ol_line *l, uint8_t party, const ol_path *path) {
    const ol_holder *live = ol_session_live(path);
    return live != NULL && live->epoch < l->vault->pair[party].r.send;
}

bool ol_session_wants_open(const ol_line *l, uint8_t party, const ol_path *path) {
    if (!path->is_up || !path->has_address || !l->is_started || !l->vault->pair[party].has_ss ||
        l->counter >= l->reserved)
        return false;
    bool has_more = has_something(l, party, path);
    if (l->mono_ms < path->open_ms && !(path->is_idle_try && has_more))
        return false;
    const ol_holder *live = ol_session_live(path);
    if (live == NULL || path->missed >= OL_REPEATS_SUSPECT)
        return true;
    bool is_spent = l->mono_ms - live->born_ms >= ol_path_rekey_ms(path) || live->n >> 32 > 0;
    if ((is_spent && has_more) || ol_session_is_old(l, party, path))
        return true;
    return has_more && ol_session_is_suspect(l, party, path);
}

static void next_try(const ol_line *l, ol_path *path, bool has_more) {
    uint64_t ms = ol_path_answer_ms(path), max = ol_path_try_max_ms(path, has_more);
    for (uint64_t i = has_more ? OL_REPEATS_FAST / 2 : 0; i < path->open_tries && ms < max; i++)
        ms *= 2;
    path->open_ms = l->mono_ms + (ms < max ? ms : max);
    path->open_tries++;
    path->is_idle_try = !has_more;
}

size_t ol_session_write1(ol_line *l, uint8_t party, ol_path *path, uint8_t *buf, size_t cap) {
    uint8_t payload[OL_FRAME_MAX], e[32];
    uint8_t slot = (uint8_t)(path - l->peer[party].path);
    size_t mac_len = path->is_ip ? MAC_LEN : 0, max = cap < path->frame_max ? cap : path->frame_max;
    bool is_carrying = ol_path_best(l, party) == path || !ol_sync_is_live(l, party);
    if (!ol_sync_is_live(l, party))
        ol_sync_again(l, party); /* what earlier first messages carried was not answered */
    bool has_more = has_something(l, party, path);
    next_try(l, path, has_more);
    ol_holder *h = max < OL_FRAME_MIN ? NULL : take_holder(l, party, slot, HS_OPENING);
    if (h == NULL)
        return 0;
    h->is_initiator = true;
    h->counter = l->counter++;
    h->epoch = l->vault->pair[party].r.send;
    ol_wr w = ol_wr_of(buf, max);
    ol_wr_put(&w, ol_epoch_hint(l, party), OL_HINT_LEN);
    ol_wr_be(&w, h->epoch, 2);
    ol_wr_be(&w, h->counter, 8);
    ol_wr pay = ol_wr_of(payload, max - CLEAR_LEN - OL_NOISE_OVERHEAD - mac_len);
    ol_wr_be(&pay, h->mine_len, 1);
    ol_wr_put(&pay, h->mine, h->mine_len);
    if (ol_copy_must_ask(l, party))
        ol_item_put(&pay, &(ol_item){ .type = OL_ITEM_FORGOT, .run = l->run });
    if (is_carrying) {
        ol_path_carries(l, party, path);
        (void)ol_sync_pack(l, party, &pay, true, SIZE_MAX);
    }
    ol_session_noise(l, party, OL_NOISE_KKPSK0, true, buf, &h->hs);
    ol_random(l, e, sizeof e);
    ol_err err = ol_noise_write1(&h->hs, e, l->vault->pair[party].ss, payload, pay.len, &w);
    sodium_memzero(e, sizeof e);
    sodium_memzero(payload, sizeof payload);
    if (err != OL_OK) {
        ol_session_drop(l, h);
        return 0;
    }
    if (mac_len > 0) {
        uint8_t mac[MAC_LEN];
        mac_of(l, party, buf, w.len, mac);
        ol_wr_put(&w, mac, sizeof mac);
    }
    l->count[OL_COUNT_HANDSHAKES]++;
    return w.err == OL_OK ? w.len : 0;
}

void ol_session_first(ol_line *l, uint8_t party, ol_path *path, const ol_event *ev) {
    ol_bytes f = ev->frame.frame;
    size_t mac_len = path->is_ip ? MAC_LEN : 0;
    if (f.len < FIRST_MIN + mac_len || f.len > OL_FRAME_MAX || !l->vault->pair[party].has_ss) {
        l->count[OL_COUNT_FRAME_DROPPED]++;
        return;
    }
    uint16_t epoch = epoch_of(f.p); /* what its hint stands for, or it is nobody's */
    if (!ol_epoch_accepts(l, party, epoch) || ev->frame.hit.slot != (uint8_t)epoch) {
        l->count[OL_COUNT_FRAME_DROPPED]++;
        return;
    }
    if (mac_len > 0) {
        uint8_t mac[MAC_LEN];
        mac_of(l, party, f.p, f.len - MAC_LEN, mac);
        if (sodium_memcmp(mac, f.p + f.len - MAC_LEN, MAC_LEN) != 0) {
            l->count[OL_COUNT_MAC_BAD]++;
            return;
        }
    }
    ol_rd r = ol_rd_of(f.p, f.len - mac_len);
    (void)ol_rd_take(&r, OL_HINT_LEN + 2);
    uint64_t counter = ol_rd_be(&r, 8);
    if (counter == 0 || counter >> 62 > 0) {
        l->count[OL_COUNT_FRAME_DROPPED]++;
        return;
    }
    if (counter <= l->peer[party].last_counter) { /* before any DH: a replayed flood costs a MAC */
        l->count[OL_COUNT_REPLAYED_FIRST]++;
        uint64_t rest = ol_path_rest_ms(path);
        if (path->answered_ms > 0 && l->mono_ms - path->answered_ms < rest)
            return;
    }
    if (path->wait->token != 0 || !ol_limit_handshake(l, party))
        return; /* it will be repeated */
    wait_dh(l, path, ev, OL_HOLDERS, r.p, r.left, counter);
}

static OL_MUST ol_err take_index(ol_rd *r, uint8_t to[OL_TAG_MAX], uint8_t *ret_len) {
    uint64_t n = ol_rd_be(r, 1);
    if (r->err == OL_OK && (n < 2 || n > OL_TAG_MAX))
        r->err = OL_EFORM;
    ol_rd_copy(r, to, (size_t)n);
    *ret_len = (uint8_t)n;
    return r->err;
}

/* The responder, with es in hand: verify, take the items, stand by with message 2. */
static void first_dh(ol_line *l, uint8_t party, ol_path *path, const uint8_t *es) {
    ol_dh_wait *w = path->wait;
    ol_peer *peer = &l->peer[party];
    uint8_t payload[OL_FRAME_MAX], slot = (uint8_t)(path - peer->path);
    uint8_t theirs[OL_TAG_MAX], theirs_len;
    size_t mac_len = path->is_ip ? MAC_LEN : 0;
    ol_noise hs;
    ol_wr out = ol_wr_of(payload, sizeof payload);
    uint16_t epoch = epoch_of(w->msg);
    if (!ol_epoch_accepts(l, party, epoch)) /* it was, when it came */
        return;
    ol_session_noise(l, party, OL_NOISE_KKPSK0, false, w->msg, &hs);
    ol_err err = ol_noise_read1(&hs, es, l->vault->pair[party].ss, w->msg + CLEAR_LEN,
                                w->len - CLEAR_LEN - mac_len, &out);
    ol_rd r = ol_rd_of(payload, out.len);
    if (err == OL_OK)
        err = take_index(&r, theirs, &theirs_len);
    if (err == OL_OK)
        err = ol_item_check(r.p, r.left);
    if (err != OL_OK) {
        l->count[err == OL_EAUTH ? OL_COUNT_TAG_BAD : OL_COUNT_PAYLOAD_BAD]++;
        goto out;
    }
    ol_epoch_heard(l, party, epoch);
    bool is_repeat = w->counter <= peer->last_counter;
    if (!is_repeat) {
        peer->last_counter = w->counter, peer->is_counter_new = true;
        l->save_ms = ol_min_ms(l->save_ms, l->mono_ms + OL_SAVE_MS);
        ol_recv_payload(l, party, path, NULL, r.p, r.left);
    }
    const ol_holder *opening = of_state(path, HS_OPENING);
    if (!is_repeat && opening != NULL && l->self < party &&
        l->mono_ms - opening->born_ms < 2 * ol_path_answer_ms(path))
        goto out; /* simultaneous opens: ours stands, it is on its way (§5.1) */
    ol_holder *h = take_holder(l, party, slot, HS_STANDBY);
    if (h == NULL)
        goto out;
    h->hs = hs, h->owes_reply = true, h->is_repeat = is_repeat, h->to = w->from;
    h->epoch = epoch;
    h->theirs_len = theirs_len;
    memcpy(h->theirs, theirs, theirs_len);
    path->answered_ms = l->mono_ms;
out:
    ol_noise_wipe(&hs);
    sodium_memzero(payload, sizeof payload);
}

/* ---- the second message ---- */

ol_holder *ol_session_reply(const ol_line *l, const ol_path *path) {
    for (size_t i = 0; i < OL_HOLDERS; i++) {
        ol_holder *h = &path->holder[i];
        if (h->state != HS_STANDBY || !h->owes_reply)
            continue;
        bool is_busy = l->batch.is_out || l->wants_commit;
        for (size_t k = 0; k < l->job.n; k++)
            is_busy = is_busy || !l->job.v[k].is_signed;
        if (!is_busy || l->mono_ms - h->born_ms >= ol_path_reply_hold_ms(path))
            return h;
    }
    return NULL;
}

size_t ol_session_write2(ol_line *l, uint8_t party, ol_path *path, ol_holder *h, uint8_t *buf,
                         size_t cap, uint32_t *ret_to) {
    uint8_t payload[OL_FRAME_MAX], e[32];
    size_t max = cap < path->frame_max ? cap : path->frame_max;
    h->owes_reply = false;
    if (max < OL_FRAME_MIN)
        return 0;
    ol_wr w = ol_wr_of(buf, max);
    ol_wr_put(&w, h->theirs, h->theirs_len);
    ol_wr pay = ol_wr_of(payload, max - h->theirs_len - OL_NOISE_OVERHEAD);
    ol_wr_be(&pay, h->mine_len, 1);
    ol_wr_put(&pay, h->mine, h->mine_len);
    ol_wr_varint(&pay, l->peer[party].last_counter);
    if (h->is_repeat) {
        l->peer[party].owe_forgot = ol_copy_must_ask(l, party);
    } else {
        if (ol_copy_must_ask(l, party))
            ol_item_put(&pay, &(ol_item){ .type = OL_ITEM_FORGOT, .run = l->run });
        l->peer[party].strayed_ms = l->mono_ms; /* answers have no room kept for them (§5.6) */
        ol_sync_be_brief(l, party);
        (void)ol_sync_pack(l, party, &pay, true, SIZE_MAX);
    }
    ol_random(l, e, sizeof e);
    ol_err err = ol_noise_write2(&h->hs, e, payload, pay.len, &w);
    sodium_memzero(e, sizeof e);
    sodium_memzero(payload, sizeof payload);
    if (err == OL_OK)
        err = ol_noise_split(&h->hs, h->tx, h->rx);
    if (err != OL_OK) {
        ol_session_drop(l, h);
        return 0;
    }
    ol_noise_wipe(&h->hs);
    *ret_to = h->to;
    return w.len;
}

void ol_session_second(ol_line *l, uint8_t party, ol_path *path, uint8_t holder,
                       const ol_event *ev) {
    const ol_holder *h = &path->holder[holder];
    ol_bytes f = ev->frame.frame;
    (void)party;
    if (f.len < (size_t)h->mine_len + OL_NOISE_OVERHEAD || f.len > OL_FRAME_MAX) {
        l->count[OL_COUNT_FRAME_DROPPED]++;
        return;
    }
    wait_dh(l, path, ev, holder, f.p + h->mine_len, f.len - h->mine_len, h->counter);
}

static void second_dh(ol_line *l, uint8_t party, ol_path *path, const uint8_t *se) {
    ol_dh_wait *w = path->wait;
    ol_holder *h = &path->holder[w->holder];
    uint8_t payload[OL_FRAME_MAX];
    if (h->state != HS_OPENING || h->counter != w->counter)
        return;
    ol_wr out = ol_wr_of(payload, sizeof payload);
    ol_noise hs = h->hs;
    ol_err err = ol_noise_read2(&hs, se, w->msg + h->mine_len, w->len - h->mine_len, &out);
    ol_rd r = ol_rd_of(payload, out.len);
    uint64_t last = 0;
    if (err == OL_OK)
        err = take_index(&r, h->theirs, &h->theirs_len);
    if (err == OL_OK)
        last = ol_rd_varint(&r), err = r.err;
    if (err == OL_OK)
        err = ol_item_check(r.p, r.left);
    if (err == OL_OK)
        err = ol_noise_split(&hs, h->tx, h->rx);
    if (err != OL_OK) {
        l->count[err == OL_EAUTH ? OL_COUNT_TAG_BAD : OL_COUNT_PAYLOAD_BAD]++;
        goto out;
    }
    ol_epoch_heard(l, party, h->epoch);
    /* We were rolled back: go on above what the peer knows; not to where it would silence us. */
    if (last >= l->counter && last - l->counter < OL_COUNTER_LEAP) {
        uint16_t leap; /* two with one key must not go on side by side, each unseen by the other */
        ol_random(l, (uint8_t *)&leap, sizeof leap);
        l->counter = last + 2 + leap;
        ol_copy_hint(l, party);
    }
    if (last > h->counter) /* and it did not take what our first message carried */
        ol_sync_again(l, party);
    /* Said once more: a copy of our home may have used the same counter, and been taken for us. */
    l->peer[party].owe_forgot = ol_copy_must_ask(l, party);
    if (path->open_tries == 1)
        ol_path_rtt(path, l->mono_ms - h->born_ms);
    ol_path_tried(l, path, h->born_ms);
    ol_session_promote(l, path, h);
    for (ol_holder *o; (o = of_state(path, HS_OPENING)) != NULL;)
        ol_session_drop(l, o); /* their answers come too late */
    path->heard_ms = l->mono_ms;
    path->owe_confirm = true;
    if (w->from != 0)
        path->move = w->from;
    ol_recv_payload(l, party, path, h, r.p, r.left);
    ol_sync_heard(l, party);
out:
    ol_noise_wipe(&hs);
    sodium_memzero(payload, sizeof payload);
}

void ol_session_dh(ol_line *l, const ol_event *ev) {
    for (uint8_t p = 0; p < l->parties; p++) {
        ol_peer *peer = &l->peer[p];
        if (peer->dh_token == ev->dh.token && peer->dh_token != 0 && ev->dh.shared != NULL) {
            memcpy(l->vault->pair[p].ss, ev->dh.shared, 32);
            l->vault->pair[p].has_ss = true;
            return;
        }
        for (size_t i = 0; i < OL_PATHS_PER_PEER; i++) {
            ol_path *path = &peer->path[i];
            if (!path->is_up || path->wait->token == 0 || path->wait->token != ev->dh.token)
                continue;
            if (ev->dh.shared != NULL && path->wait->holder == OL_HOLDERS)
                first_dh(l, p, path, ev->dh.shared);
            else if (ev->dh.shared != NULL)
                second_dh(l, p, path, ev->dh.shared);
            sodium_memzero(path->wait, sizeof *path->wait);
            return;
        }
    }
}

/* ---- paths ---- */

ol_err ol_session_path_up(ol_line *l, uint8_t party, uint8_t slot, const ol_event *ev) {
    ol_path *path = &l->peer[party].path[slot];
    ol_session_path_down(l, party, slot);
    path->holder = ol_mem_get0(l->secret, OL_HOLDERS, sizeof *path->holder);
    path->wait = ol_mem_get0(l->secret, 1, sizeof *path->wait);
    if (path->holder == NULL || path->wait == NULL) {
        ol_mem_put(l->secret, path->holder, OL_HOLDERS, sizeof *path->holder);
        ol_mem_put(l->secret, path->wait, 1, sizeof *path->wait);
        *path = (ol_path){ .live = OL_HOLDERS };
        return OL_ENOMEM;
    }
    path->is_up = path->note = true;
    path->has_address = ev->path.has_address, path->is_ip = ev->path.is_ip;
    path->is_stream = ev->path.is_stream;
    path->port = ev->path.port, path->way = ev->path.way;
    ol_path_pace(path, ev);
    path->since_ms = l->mono_ms;
    return OL_OK;
}

void ol_session_path_down(ol_line *l, uint8_t party, uint8_t slot) {
    ol_path *path = &l->peer[party].path[slot];
    if (path->is_up) {
        for (size_t i = 0; i < OL_HOLDERS; i++)
            ol_session_drop(l, &path->holder[i]);
        ol_mem_put(l->secret, path->holder, OL_HOLDERS, sizeof *path->holder);
        ol_mem_put(l->secret, path->wait, 1, sizeof *path->wait);
    }
    ol_path_drop_copies(l, path);
    *path = (ol_path){ .live = OL_HOLDERS, .note = path->is_up };
}
