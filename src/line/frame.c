/* Frames in and out of a path's sessions (§5.1). */
#include "line/hold.h"
#include "line/state.h"

#include <sodium.h>

enum { COUNTER_LEN = 2, TRANSPORT_MIN = 2 + COUNTER_LEN + OL_NOISE_TAG_LEN };

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
    if (h->state == HS_LIVE)
        ol_path_arrived(path, &h->replay, n);
    ol_replay_take(&h->replay, n);
    if (h->state == HS_STANDBY)
        ol_session_promote(l, path, h);
    if (h->state == HS_LIVE && ev->frame.from != 0)
        path->move = ev->frame.from, path->has_address = true;
    path->heard_ms = l->mono_ms;
    ol_sync_heard(l, party);
    if (ol_item_check(payload, out.len) == OL_OK)
        ol_recv_payload(l, party, path, h, payload, out.len);
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
    ol_path_carried(l, path, ev->frame.frame.len);
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

static bool says(const ol_line *l, uint8_t party, const ol_path *path) {
    return path->owe_pong || path->owe_confirm || ol_path_pings(l, party, path);
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
    if (ol_path_next_copy(path) != NULL)
        return OL_CLASS_URGENT;
    int class = ol_path_best(l, party) == path ? ol_sync_class(l, party) : OL_CLASS_NONE;
    return class == OL_CLASS_NONE && says(l, party, path) ? OL_CLASS_ROUTINE : class;
}

/* The items of the next frame: what is for this path alone, then what waits to be copied to it or,
 * on the best path, whatever there is to say. */
static void fill(ol_line *l, uint8_t party, ol_path *path, ol_wr *pay) {
    const ol_copy *copy = ol_path_next_copy(path);
    if (l->was_stopped && (path->owe_pong || ol_path_pings(l, party, path)))
        l->peer[party].owe_stopped = true; /* what was said of it may have been lost */
    if (path->owe_pong || ol_path_pings(l, party, path))
        ol_hold_tell_late(l, party);
    if (path->owe_pong)
        ol_item_put(pay, &(ol_item){ .type = OL_ITEM_PONG, .token = path->pong });
    path->owe_pong = false;
    if (ol_path_pings(l, party, path))
        ol_path_ping(l, path, pay);
    if (copy != NULL) {
        if (copy->len <= pay->cap - pay->len)
            ol_wr_put(pay, copy->bytes, copy->len);
        ol_path_drop_copy(l, path);
        return;
    }
    if (ol_path_best(l, party) != path)
        return;
    ol_path_carries(l, party, path);
    size_t begin = pay->len, max = ol_path_copy_max(l, party, path);
    size_t urgent = ol_sync_pack(l, party, pay, false, max);
    if (urgent > 0)
        ol_path_copy(l, party, path, pay->p + begin, urgent);
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
    fill(l, party, path, &pay);
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
    if (n > 0) {
        path->frames_out++, path->bytes_out += n, path->said_ms = l->mono_ms;
        ol_path_carried(l, path, n);
    }
    return n;
}
