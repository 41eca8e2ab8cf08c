/* Frames in and out of a path's sessions; when a path is tried, pinged, given up. */
#include "line/state.h"

#include <sodium.h>

enum { COUNTER_LEN = 2, TRANSPORT_MIN = 2 + COUNTER_LEN + OL_NOISE_TAG_LEN };

ol_path *ol_path_best(ol_line *l, uint8_t party) {
    ol_path *best = NULL;
    for (size_t i = 0; i < OL_PATHS_PER_PEER; i++) {
        ol_path *path = &l->peer[party].path[i];
        if (path->is_up &&
            (best == NULL || (ol_session_live(best) == NULL && ol_session_live(path) != NULL)))
            best = path;
    }
    return best;
}

uint64_t ol_path_repeat_ms(const ol_line *l, uint8_t party) {
    uint64_t rtt = 0;
    for (size_t i = 0; i < OL_PATHS_PER_PEER; i++) {
        const ol_path *path = &l->peer[party].path[i];
        if (path->is_up && path->rtt_ms > rtt)
            rtt = path->rtt_ms;
    }
    if (rtt == 0)
        rtt = OL_RTT_START_MS;
    return rtt + (rtt / 4 > 20 ? rtt / 4 : 20);
}

void ol_path_rtt(ol_path *path, uint64_t ms) {
    ms = ms == 0 ? 1 : ms;
    path->rtt_ms = path->rtt_ms == 0 ? ms : (7 * path->rtt_ms + ms + 4) / 8;
}

static void drop(ol_line *l, ol_count why) {
    l->count[why]++;
}

/* ---- in ---- */

static void transport_in(ol_line *l, uint8_t party, ol_path *path, ol_holder *h,
                         const ol_event *ev) {
    uint8_t payload[OL_FRAME_MAX];
    ol_bytes f = ev->frame.frame;
    ol_rd r = ol_rd_of(f.p, f.len);
    (void)ol_rd_take(&r, h->mine_len);
    uint64_t n = ol_replay_full(&h->replay, (uint16_t)ol_rd_be(&r, COUNTER_LEN));
    if (r.err != OL_OK || f.len > OL_FRAME_MAX || !ol_replay_is_fresh(&h->replay, n)) {
        drop(l, OL_COUNT_FRAME_DROPPED);
        return;
    }
    ol_wr out = ol_wr_of(payload, sizeof payload);
    if (ol_noise_open(h->rx, n, NULL, 0, r.p, r.left, &out) != OL_OK) {
        drop(l, OL_COUNT_TAG_BAD);
        return;
    }
    ol_replay_take(&h->replay, n);
    if (h->state == HS_STANDBY)
        ol_session_promote(l, path, h);
    if (h->state == HS_LIVE && ev->frame.from != 0)
        path->move = ev->frame.from, path->has_address = true;
    path->heard_ms = l->mono_ms;
    ol_sync_heard(l, party);
    if (ol_item_check(payload, out.len) == OL_OK)
        ol_recv_payload(l, party, path, payload, out.len);
    else
        drop(l, OL_COUNT_PAYLOAD_BAD);
    sodium_memzero(payload, sizeof payload);
}

enum { FROM_KNOWN, FROM_AGAIN, WAITING, DEAD, ANSWERING, LIVE };

/* How likely a first message from an unknown place is for this path; less is likelier. */
static unsigned rank(const ol_path *path, uint32_t from) {
    bool is_answering = false;
    for (size_t i = 0; i < OL_HOLDERS; i++) {
        const ol_holder *h = &path->holder[i];
        if (h->state != HS_STANDBY)
            continue;
        if (from != 0 && h->to == from)
            return FROM_AGAIN;
        is_answering = true;
    }
    if (ol_session_live(path) != NULL)
        return LIVE + is_answering;
    if (is_answering)
        return ANSWERING;
    return path->has_address ? DEAD : WAITING;
}

/* The path of a first message: several may share a port. */
static ol_path *path_of_first(ol_line *l, uint8_t party, const ol_event *ev) {
    ol_path *best = NULL;
    unsigned best_rank = 0;
    for (size_t i = 0; i < OL_PATHS_PER_PEER; i++) {
        ol_path *path = &l->peer[party].path[i];
        if (!path->is_up || path->port != ev->frame.port)
            continue;
        unsigned r = i + 1u == ev->frame.known ? FROM_KNOWN : rank(path, ev->frame.from);
        if (best == NULL || r < best_rank || (r == best_rank && path->heard_ms < best->heard_ms))
            best = path, best_rank = r;
    }
    return best;
}

void ol_frame_in(ol_line *l, const ol_event *ev) {
    const ol_switch_hit *hit = &ev->frame.hit;
    OL_ASSERT(hit->party < l->parties && hit->party != l->self);
    ol_path *path = hit->kind == OL_TAG_HINT ? path_of_first(l, hit->party, ev)
                                             : &l->peer[hit->party].path[hit->slot / OL_HOLDERS];
    if (path == NULL || !path->is_up) {
        drop(l, OL_COUNT_FRAME_DROPPED);
        return;
    }
    path->frames_in++;
    path->bytes_in += ev->frame.frame.len;
    if (hit->kind == OL_TAG_HINT) {
        ol_session_first(l, hit->party, path, ev);
        return;
    }
    uint8_t holder = hit->slot % OL_HOLDERS;
    ol_holder *h = &path->holder[holder];
    if (h->state == HS_OPENING)
        ol_session_second(l, hit->party, path, holder, ev);
    else if ((h->state == HS_STANDBY && !h->owes_reply) || h->state == HS_LIVE ||
             h->state == HS_OLD)
        transport_in(l, hit->party, path, h, ev);
    else
        drop(l, OL_COUNT_FRAME_DROPPED);
}

/* ---- out ---- */

static bool pings_now(const ol_line *l, const ol_path *path) {
    return l->mono_ms - path->heard_ms >= OL_PING_MS &&
           (path->ping_ms == 0 || l->mono_ms - path->ping_ms >= OL_PING_MS / 2);
}

static bool says(const ol_line *l, const ol_path *path) {
    return path->owe_pong || path->owe_confirm || pings_now(l, path);
}

int ol_line_peek(const ol_line *l, ol_path_id id, ol_mono now) {
    uint8_t party = id / OL_PATHS_PER_PEER;
    if (party >= l->parties || party == l->self)
        return OL_CLASS_NONE;
    const ol_path *path = &l->peer[party].path[id % OL_PATHS_PER_PEER];
    (void)now; /* the time of the last step: what is due was decided there */
    if (!path->is_up || !l->is_started)
        return OL_CLASS_NONE;
    if (ol_session_reply(l, path) != NULL || ol_session_wants_open(l, party, path))
        return OL_CLASS_URGENT;
    if (ol_session_live(path) == NULL || !path->has_address)
        return OL_CLASS_NONE;
    bool is_best = ol_path_best((ol_line *)(uintptr_t)l, party) == path;
    int class = is_best ? ol_sync_class(l, party) : OL_CLASS_NONE;
    return class == OL_CLASS_NONE && says(l, path) ? OL_CLASS_ROUTINE : class;
}

static size_t transport_out(ol_line *l, uint8_t party, ol_path *path, uint8_t *buf, size_t cap) {
    ol_holder *h = ol_session_live(path);
    size_t max = cap < path->frame_max ? cap : path->frame_max;
    size_t lead = (size_t)h->theirs_len + COUNTER_LEN;
    if (max < TRANSPORT_MIN + 64)
        return 0;
    ol_wr w = ol_wr_of(buf, max);
    ol_wr_put(&w, h->theirs, h->theirs_len);
    ol_wr_be(&w, h->n & 0xffff, COUNTER_LEN);
    ol_wr pay = ol_wr_of(buf + lead, max - lead - OL_NOISE_TAG_LEN);
    if (path->owe_pong)
        ol_item_put(&pay, &(ol_item){ .type = OL_ITEM_PONG, .token = path->pong });
    path->owe_pong = false;
    if (ol_path_best(l, party) == path)
        ol_sync_pack(l, party, &pay, false);
    if (pings_now(l, path)) {
        ol_random(l, (uint8_t *)&path->ping, sizeof path->ping);
        ol_item_put(&pay, &(ol_item){ .type = OL_ITEM_PING, .token = path->ping });
        path->ping_ms = l->mono_ms;
    }
    if (pay.len == 0 && !path->owe_confirm)
        return 0;
    path->owe_confirm = false;
    if (ol_noise_seal(h->tx, h->n, NULL, 0, buf + lead, pay.len, &w) != OL_OK)
        return 0;
    h->n++;
    return w.len;
}

uint32_t ol_line_peek_to(const ol_line *l, ol_path_id id) {
    const ol_path *path = &l->peer[id / OL_PATHS_PER_PEER].path[id % OL_PATHS_PER_PEER];
    const ol_holder *reply = path->is_up ? ol_session_reply(l, path) : NULL;
    return reply == NULL ? 0 : reply->to;
}

size_t ol_line_poll(ol_line *l, ol_path_id id, uint8_t *buf, size_t cap, ol_mono now,
                    uint32_t *ret_to) {
    uint8_t party = id / OL_PATHS_PER_PEER;
    if (ol_line_peek(l, id, now) == OL_CLASS_NONE)
        return 0;
    ol_path *path = &l->peer[party].path[id % OL_PATHS_PER_PEER];
    l->mono_ms = now.ms > l->mono_ms ? now.ms : l->mono_ms;
    ol_holder *reply = ol_session_reply(l, path);
    size_t n;
    *ret_to = 0;
    if (reply != NULL)
        n = ol_session_write2(l, party, path, reply, buf, cap, ret_to);
    else if (ol_session_wants_open(l, party, path))
        n = ol_session_write1(l, party, path, buf, cap);
    else
        n = transport_out(l, party, path, buf, cap);
    if (n > 0)
        path->frames_out++, path->bytes_out += n, path->said_ms = l->mono_ms;
    return n;
}

/* ---- time ---- */

static void no_session(ol_line *l, ol_path *path) {
    path->live = OL_HOLDERS;
    path->note = true;
    path->open_ms = l->mono_ms, path->open_tries = 0;
}

void ol_path_due(ol_line *l) {
    for (uint8_t p = 0; p < l->parties; p++)
        for (size_t i = 0; i < OL_PATHS_PER_PEER; i++) {
            ol_path *path = &l->peer[p].path[i];
            ol_holder *h = path->is_up ? ol_session_live(path) : NULL;
            if (h == NULL || l->mono_ms - path->heard_ms < OL_DEAD_MS)
                continue;
            no_session(l, path);
            ol_session_drop(l, h);
        }
}

void ol_path_lost(ol_line *l, ol_path_id id) {
    ol_path *path = &l->peer[id / OL_PATHS_PER_PEER].path[id % OL_PATHS_PER_PEER];
    ol_holder *h = path->is_up ? ol_session_live(path) : NULL;
    if (h == NULL)
        return;
    no_session(l, path);
    ol_session_demote(l, path, h); /* what is on its way by another connection is still read */
}

static uint64_t path_next(const ol_line *l, uint8_t party, const ol_path *path) {
    if (!path->is_up)
        return OL_NEVER;
    uint64_t next = OL_NEVER;
    const ol_holder *live = ol_session_live(path);
    if (live == NULL && path->has_address && l->vault->pair[party].has_ss)
        next = path->open_ms;
    if (live != NULL) {
        uint64_t ping =
            path->ping_ms == 0 ? path->heard_ms + OL_PING_MS : path->ping_ms + OL_PING_MS / 2;
        if (ping < path->heard_ms + OL_PING_MS)
            ping = path->heard_ms + OL_PING_MS;
        next = ol_min_ms(ping, path->heard_ms + OL_DEAD_MS);
        if (path->has_address && path->open_ms > l->mono_ms &&
            ol_sync_class(l, party) != OL_CLASS_NONE)
            next = ol_min_ms(next, path->open_ms);
    }
    for (size_t i = 0; i < OL_HOLDERS; i++)
        if (path->holder[i].state == HS_STANDBY && path->holder[i].owes_reply)
            next = ol_min_ms(next, path->holder[i].born_ms + OL_REPLY_HOLD_MS);
    return next;
}

uint64_t ol_path_next_ms(const ol_line *l) {
    uint64_t next = OL_NEVER;
    for (uint8_t p = 0; p < l->parties; p++)
        for (size_t i = 0; i < OL_PATHS_PER_PEER; i++)
            next = ol_min_ms(next, path_next(l, p, &l->peer[p].path[i]));
    return next;
}
