/* Which of a peer's paths is the best, and whether each is alive (§5.4). */
#include "line/state.h"

enum { LOSSY_FRAMES = 8, LOSSY_SHARE = 6 }; /* a sixth of so many at least */
enum { LOSS_FRAMES = 256, RATE_MS = 1000 };

/* ---- times by rate and turnaround (§5.9) ---- */

void ol_path_pace(ol_path *path, const ol_event *up) {
    uint32_t rate = up->path.rate;
    bool is_segmented = up->path.frame > 0;
    uint64_t max = (uint64_t)rate * (is_segmented ? OL_PACKET_MS : OL_SEGMENT_MS) / 8000;
    max = ol_max_ms(max, is_segmented ? OL_PACKET_MIN : OL_FRAME_MIN);
    path->rate = rate;
    path->frame_max = rate > 0 && max < up->path.frame_max ? (uint16_t)max : up->path.frame_max;
    path->airs = is_segmented ? 4 : 2; /* its own, the answer's; again where pieces were lost */
    path->lag_ms = up->path.hold_ms + 2 * up->path.turnaround_ms;
}

static bool is_slow(const ol_path *path) {
    return path->rate > 0 || path->lag_ms > 0;
}

/* A full packet on the wire. */
static uint64_t air_ms(const ol_path *path) {
    return path == NULL || path->rate == 0 ? 0 : UINT64_C(8000) * path->frame_max / path->rate;
}

/* What was measured may have been short, and met an empty wire both ways. */
uint64_t ol_path_answer_ms(const ol_path *path) {
    uint64_t rtt = path == NULL || path->rtt_ms == 0 ? OL_RTT_START_MS : path->rtt_ms;
    uint64_t turns = path == NULL ? 0 : path->lag_ms;
    return ol_max_ms(rtt, turns) + ol_max_ms(rtt / 4, 20) +
           (path == NULL ? 0 : path->airs * air_ms(path));
}

/* A PING and its PONG so often are a hundredth of what the path can carry. */
static uint64_t share_ms(const ol_path *path) {
    return path->rate == 0 ? 0 : (uint64_t)OL_KEEP_SHARE * 1000 / path->rate;
}

uint64_t ol_path_try_max_ms(const ol_path *path, bool has_more) {
    uint64_t max = OL_OPEN_IDLE_MS, share = share_ms(path);
    if (has_more)
        max = path->rtt_ms > 0 ? OL_REPEAT_MAX_MS : OL_OPEN_MAX_MS, share /= 4;
    return ol_max_ms(ol_max_ms(max, share), ol_path_answer_ms(path));
}

uint64_t ol_path_kept_ms(const ol_path *path) {
    return ol_max_ms(OL_KEPT_MS, is_slow(path) ? 4 * ol_path_answer_ms(path) : 0);
}

uint64_t ol_path_rest_ms(const ol_path *path) {
    return ol_max_ms(OL_ANSWER_AGAIN_MS, is_slow(path) ? ol_path_answer_ms(path) / 2 : 0);
}

uint64_t ol_path_rekey_ms(const ol_path *path) {
    uint64_t ms = path->rate == 0 ? 0 : OL_REKEY_SHARE * 1000 / path->rate;
    ms = ol_max_ms(ms, OL_REKEY_TURNS * (uint64_t)path->lag_ms);
    return ol_max_ms(OL_REKEY_MS, ms < OL_REKEY_MAX_MS ? ms : OL_REKEY_MAX_MS);
}

uint64_t ol_path_reply_hold_ms(const ol_path *path) {
    return ol_max_ms(OL_REPLY_HOLD_MS, path->rate == 0 ? 0 : OL_REPLY_SHARE * 1000u / path->rate);
}

/* ---- the best ---- */

/* Milliseconds that a full frame and its answer take, as far as known; more where much is lost. */
static uint64_t cost_ms(const ol_path *path) {
    uint64_t ms = path->rtt_ms == 0 ? OL_RTT_START_MS + path->lag_ms : path->rtt_ms;
    ms += air_ms(path);
    uint64_t lost = path->expected - path->arrived;
    return path->expected == 0 ? ms : ms + 4 * ms * lost / path->expected;
}

/* A path that answers before one that does not; then the quicker, by a fifth at least. */
static bool is_better(const ol_path *a, const ol_path *b) {
    bool live_a = ol_session_live(a) != NULL, live_b = ol_session_live(b) != NULL;
    if (live_a != live_b)
        return live_a;
    if (a->missed != b->missed)
        return a->missed < b->missed;
    return live_a && cost_ms(a) * 5 < cost_ms(b) * 4;
}

ol_path *ol_path_best(const ol_line *l, uint8_t party) {
    const ol_peer *peer = &l->peer[party];
    const ol_path *best = &peer->path[peer->best];
    return best->is_up ? (ol_path *)(uintptr_t)best : NULL;
}

bool ol_path_is_slow(const ol_line *l, uint8_t party) {
    const ol_path *best = ol_path_best(l, party);
    return best != NULL && is_slow(best);
}

static void choose(ol_line *l) {
    for (uint8_t p = 0; p < l->parties; p++) {
        ol_peer *peer = &l->peer[p];
        for (uint8_t i = 0; i < OL_PATHS_PER_PEER; i++) {
            const ol_path *path = &peer->path[i], *best = &peer->path[peer->best];
            if (path->is_up && (!best->is_up || is_better(path, best)))
                peer->best = i;
        }
    }
}

static size_t paths_up(const ol_line *l, uint8_t party) {
    size_t n = 0;
    for (size_t i = 0; i < OL_PATHS_PER_PEER; i++)
        n += l->peer[party].path[i].is_up;
    return n;
}

uint64_t ol_path_repeat_ms(const ol_line *l, uint8_t party) {
    return ol_path_answer_ms(ol_path_best(l, party));
}

void ol_path_rtt(ol_path *path, uint64_t ms) {
    ms = ms == 0 ? 1 : ms;
    path->rtt_ms = path->rtt_ms == 0 ? ms : (7 * path->rtt_ms + ms + 4) / 8;
}

/* ---- signs of life ---- */

static uint64_t keep_ms(const ol_path *path) {
    return ol_max_ms(ol_max_ms(OL_PING_MS, share_ms(path)), 4 * (uint64_t)path->lag_ms);
}

static uint64_t dead_ms(const ol_path *path) {
    return keep_ms(path) * 5 / 2;
}

bool ol_path_is_heard(const ol_line *l, const ol_path *path) {
    return path->is_up && path->heard_ms > 0 && l->mono_ms - path->heard_ms < dead_ms(path);
}

/* When a PING that is out has gone unanswered. A peer with one path has no other to turn to. */
static uint64_t answer_ms(const ol_line *l, uint8_t party, const ol_path *path) {
    if (paths_up(l, party) < 2)
        return ol_max_ms(keep_ms(path) / 2, ol_path_answer_ms(path));
    uint64_t ms = ol_path_answer_ms(path);
    for (unsigned i = 0; i < path->missed && ms < OL_MISSED_MAX_MS; i++)
        ms *= 2;
    uint64_t max = keep_ms(path) / 4;
    return ms < max ? ms : ol_max_ms(max, ol_path_answer_ms(path));
}

/* When the next PING is due. */
static uint64_t ping_at(const ol_line *l, uint8_t party, const ol_path *path) {
    if (path->ping_ms > 0)
        return path->ping_ms + answer_ms(l, party, path);
    return path->wants_ping ? 0 : path->heard_ms + keep_ms(path);
}

bool ol_path_pings(const ol_line *l, uint8_t party, const ol_path *path) {
    return l->mono_ms >= ping_at(l, party, path);
}

void ol_path_ping(ol_line *l, ol_path *path, ol_wr *w) {
    ol_random(l, (uint8_t *)&path->ping, sizeof path->ping);
    ol_item_put(w, &(ol_item){ .type = OL_ITEM_PING, .token = path->ping });
    path->ping_ms = l->mono_ms;
    path->wants_ping = false;
}

void ol_path_pong(ol_line *l, ol_path *path, uint16_t token) {
    if (path->ping_ms == 0 || token != path->ping)
        return;
    if (path->missed > 0)
        path->rtt_ms = 0; /* it may have become another path meanwhile */
    ol_path_rtt(path, l->mono_ms - path->ping_ms);
    ol_path_tried(l, path, path->ping_ms);
    path->note = path->note || path->missed > 0;
    path->ping_ms = 0, path->missed = 0;
}

void ol_path_tried(const ol_line *l, ol_path *path, uint64_t from_ms) {
    if (!path->is_tried)
        return;
    path->tried_ms = l->mono_ms, path->tried_in_ms = l->mono_ms - from_ms;
    path->is_tried = false, path->note = true;
}

static void miss(ol_path *path) {
    path->note = path->note || path->missed == 0;
    path->missed = path->missed < UINT8_MAX ? (uint8_t)(path->missed + 1) : path->missed;
    path->wants_ping = true;
}

/* A PING that has had its time counts as missed: a session that the peer has lost is seen so. */
void ol_path_try(ol_line *l, ol_path_id id) {
    ol_path *path = &l->peer[id / OL_PATHS_PER_PEER].path[id % OL_PATHS_PER_PEER];
    if (!path->is_up)
        return;
    path->is_tried = true;
    bool is_late = path->ping_ms > 0 && l->mono_ms - path->ping_ms >= ol_path_answer_ms(path);
    bool is_open = ol_session_live(path) != NULL;
    if (is_open && is_late)
        miss(path);
    if (is_open && (is_late || path->ping_ms == 0))
        path->ping_ms = 0, path->wants_ping = true;
    if (!is_open || path->missed >= OL_REPEATS_SUSPECT)
        path->open_ms = l->mono_ms, path->open_tries = 0;
}

void ol_path_missed(ol_line *l, uint8_t party) {
    ol_path *path = ol_path_best(l, party);
    if (path == NULL || paths_up(l, party) < 2 || ol_session_live(path) == NULL)
        return;
    if (path->missed == 0 && l->mono_ms - path->heard_ms >= ol_path_answer_ms(path))
        miss(path); /* not a word since: another path carries the repeat */
    path->wants_ping = true;
}

void ol_path_carries(ol_line *l, uint8_t party, const ol_path *path) {
    if (!path->is_stream)
        l->peer[party].strayed_ms = l->mono_ms;
}

static void no_session(ol_line *l, uint8_t party, ol_path *path) {
    l->peer[party].strayed_ms = l->mono_ms; /* what it held is lost */
    path->live = OL_HOLDERS;
    path->note = true;
    path->open_ms = l->mono_ms, path->open_tries = 0;
    ol_path_drop_copies(l, path); /* too old when the next session begins */
}

void ol_path_lost(ol_line *l, ol_path_id id) {
    ol_path *path = &l->peer[id / OL_PATHS_PER_PEER].path[id % OL_PATHS_PER_PEER];
    ol_holder *h = path->is_up ? ol_session_live(path) : NULL;
    if (h == NULL)
        return;
    no_session(l, id / OL_PATHS_PER_PEER, path);
    ol_session_demote(l, path, h); /* what is on its way by another connection is still read */
}

void ol_path_due(ol_line *l) {
    for (uint8_t p = 0; p < l->parties; p++)
        for (size_t i = 0; i < OL_PATHS_PER_PEER; i++) {
            ol_path *path = &l->peer[p].path[i];
            ol_holder *h = path->is_up ? ol_session_live(path) : NULL;
            if (h == NULL)
                continue;
            if (path->ping_ms > 0 && ol_path_pings(l, p, path) && !path->wants_ping)
                miss(path);
            if (l->mono_ms - path->heard_ms < dead_ms(path))
                continue;
            no_session(l, p, path);
            ol_session_drop(l, h);
        }
    choose(l);
}

/* What is due and did not happen waits for the port: it must not hide what is due elsewhere. */
static uint64_t later(const ol_line *l, uint64_t next, uint64_t at_ms) {
    return ol_min_ms(next, at_ms > l->mono_ms ? at_ms : l->mono_ms + OL_RETRY_MS);
}

static uint64_t path_next(const ol_line *l, uint8_t party, const ol_path *path) {
    if (!path->is_up)
        return OL_NEVER;
    uint64_t next = OL_NEVER;
    const ol_holder *live = ol_session_live(path);
    bool is_best = ol_path_best(l, party) == path;
    if (live == NULL && path->has_address && l->vault->pair[party].has_ss)
        next = later(l, next, path->open_ms);
    if (live != NULL) {
        next = later(l, next, ping_at(l, party, path));
        next = later(l, next, path->heard_ms + dead_ms(path));
        bool has_more = is_best && ol_sync_class(l, party) != OL_CLASS_NONE;
        if (path->has_address && path->open_ms > l->mono_ms &&
            (has_more || path->missed >= OL_REPEATS_SUSPECT || ol_session_is_old(l, party, path)))
            next = ol_min_ms(next, path->open_ms);
    }
    for (size_t i = 0; i < OL_HOLDERS; i++)
        if (path->holder[i].state == HS_STANDBY && path->holder[i].owes_reply)
            next = later(l, next, path->holder[i].born_ms + ol_path_reply_hold_ms(path));
    return next;
}

uint64_t ol_path_next_ms(const ol_line *l) {
    uint64_t next = OL_NEVER;
    for (uint8_t p = 0; p < l->parties; p++)
        for (size_t i = 0; i < OL_PATHS_PER_PEER; i++)
            next = ol_min_ms(next, path_next(l, p, &l->peer[p].path[i]));
    return next;
}

/* ---- copies: urgent items go out on every live path ---- */

static size_t payload_max(const ol_path *path) {
    return path->frame_max - 2 * OL_TAG_MAX - OL_NOISE_TAG_LEN;
}

static bool takes_copies(const ol_line *l, uint8_t party, size_t slot, const ol_path *from) {
    const ol_path *path = &l->peer[party].path[slot];
    return path != from && path->is_up && path->has_address && ol_session_live(path) != NULL;
}

size_t ol_path_copy_max(const ol_line *l, uint8_t party, const ol_path *from) {
    size_t max = SIZE_MAX;
    for (size_t i = 0; i < OL_PATHS_PER_PEER; i++) {
        size_t fits = payload_max(&l->peer[party].path[i]);
        if (takes_copies(l, party, i, from) && fits < max)
            max = fits;
    }
    return max;
}

ol_copy *ol_path_next_copy(const ol_path *path) {
    return path->copy[0];
}

void ol_path_drop_copy(ol_line *l, ol_path *path) {
    if (path->copy[0] == NULL)
        return;
    ol_mem_put(l->mem, path->copy[0], 1, sizeof *path->copy[0] + path->copy[0]->len);
    memmove(path->copy, path->copy + 1, sizeof path->copy - sizeof path->copy[0]);
    path->copy[OL_COPIES - 1] = NULL;
}

void ol_path_drop_copies(ol_line *l, ol_path *path) {
    while (path->copy[0] != NULL)
        ol_path_drop_copy(l, path);
}

static void add_copy(ol_line *l, ol_path *path, const uint8_t *p, size_t len) {
    const uint64_t copy_ms = ol_max_ms(OL_COPY_MS, ol_path_answer_ms(path));
    while (path->copy[0] != NULL && l->mono_ms - path->copy[0]->at_ms >= copy_ms)
        ol_path_drop_copy(l, path);
    if (path->copy[OL_COPIES - 1] != NULL)
        ol_path_drop_copy(l, path); /* the path is slow: the oldest has gone over others */
    ol_copy *c = ol_mem_get0(l->mem, 1, sizeof *c + len);
    if (c == NULL)
        return; /* it went over the best path */
    c->at_ms = l->mono_ms, c->len = len;
    memcpy(c->bytes, p, len);
    size_t at = 0;
    while (path->copy[at] != NULL)
        at++;
    path->copy[at] = c;
}

void ol_path_copy(ol_line *l, uint8_t party, const ol_path *from, const uint8_t *p, size_t len) {
    for (size_t i = 0; i < OL_PATHS_PER_PEER; i++)
        if (takes_copies(l, party, i, from))
            add_copy(l, &l->peer[party].path[i], p, len);
}

/* ---- what was measured ---- */

void ol_path_arrived(ol_path *path, const ol_replay *before, uint64_t n) {
    if (n >= before->next)
        path->expected += n + 1 - before->next;
    path->arrived += path->arrived < path->expected;
    if (path->expected < LOSS_FRAMES)
        return;
    path->expected /= 2, path->arrived /= 2;
}

bool ol_path_is_lossy(const ol_path *path) {
    uint64_t lost = path->expected - path->arrived;
    return path->rate == 0 && path->expected >= LOSSY_FRAMES &&
           lost * LOSSY_SHARE >= path->expected;
}

void ol_path_carried(ol_line *l, ol_path *path, size_t bytes) {
    if (l->mono_ms - path->since_ms >= RATE_MS) {
        path->bits_last = path->since_bytes * 8 * 1000 / (l->mono_ms - path->since_ms);
        path->since_ms = l->mono_ms, path->since_bytes = 0;
    }
    path->since_bytes += bytes;
}
