#include "line/state.h"

#include "wire/message.h"

enum { DAY_S = 86400, SPENT_LEN = 16 };

static uint64_t filled(uint64_t tokens, uint64_t more, uint64_t full) {
    return tokens + more < full ? tokens + more : full;
}

/* ---- what a member may make us do ---- */

bool ol_bucket_take(ol_bucket *b, uint64_t now_ms, uint32_t per_s, uint32_t burst) {
    const uint64_t full = (uint64_t)burst * 1000;
    uint64_t ms = b->is_used && now_ms - b->at_ms < OL_DAY_MS ? now_ms - b->at_ms : OL_DAY_MS;
    b->tokens = b->is_used ? filled(b->tokens, ms * per_s, full) : full;
    b->is_used = true, b->at_ms = now_ms;
    if (b->tokens < 1000)
        return false;
    b->tokens -= 1000;
    return true;
}

bool ol_limit_handshake(ol_line *l, uint8_t party) {
    if (ol_bucket_take(&l->peer[party].handshakes, l->mono_ms, OL_HANDSHAKES_S,
                       OL_HANDSHAKES_BURST))
        return true;
    l->count[OL_COUNT_HANDSHAKES_DELAYED]++;
    ol_credit_busy(l, party, OL_BUSY_FIRST);
    return false;
}

bool ol_limit_request(ol_line *l, uint8_t party) {
    if (ol_bucket_take(&l->peer[party].requests, l->mono_ms, OL_REQUESTS_S, OL_REQUESTS_BURST))
        return true;
    l->count[OL_COUNT_REQUESTS_DELAYED]++;
    ol_credit_busy(l, party, OL_BUSY_REQUESTS);
    return false;
}

/* ---- what we append: the charter's limits, on running time (§2.4) ---- */

/* What is less than a thousandth is kept for the next time: asked often, it fills all the same. */
static void refill_one(uint64_t *tokens, uint64_t *rest, uint64_t ms, uint64_t limit) {
    uint64_t part = ms * (limit % DAY_S) + *rest; /* in two: limits go up to 10^12 */
    *rest = part % DAY_S;
    *tokens = filled(*tokens, ms * (limit / DAY_S) + part / DAY_S, limit * 1000);
}

static void refill(ol_line *l) {
    uint64_t ms = l->mono_ms - l->tokens_ms;
    if (ms > OL_DAY_MS)
        ms = OL_DAY_MS;
    refill_one(&l->tokens_entries, &l->rest_entries, ms, l->limit_entries);
    refill_one(&l->tokens_bytes, &l->rest_bytes, ms, l->limit_bytes);
    l->tokens_ms = l->mono_ms;
}

/* Thousandths of a day's limit that are not for this: a tenth is the urgent lane's; half of that
 * is not for rings, which others make us write, a tenth of it not for messages below FLASH. */
uint64_t ol_limit_kept(uint8_t lane, uint64_t kind, ol_bytes body) {
    ol_message m;
    const char *why;
    if (lane != OL_LANE_URGENT)
        return OL_LIMIT_URGENT;
    if (kind == OL_KIND_RING)
        return OL_LIMIT_RING;
    if (kind != OL_KIND_MESSAGE || ol_message_decode(body.p, body.len, &m, &why) != OL_OK)
        return 0;
    return m.precedence == OL_FLASH ? 0 : OL_LIMIT_FLASH;
}

/* Seconds until so many thousandths are there; rounded up, one more at most. */
uint64_t ol_limit_wait_s(uint64_t tokens, uint64_t needed, uint64_t limit) {
    if (tokens >= needed)
        return 0;
    uint64_t missing = needed - tokens;
    return (missing / limit * DAY_S + missing % limit * DAY_S / limit) / 1000 + 1;
}

uint64_t ol_limit_append_s(ol_line *l, uint8_t lane, uint64_t kind, ol_bytes body) {
    uint64_t kept = ol_limit_kept(lane, kind, body), bytes = (body.len + OL_LIMIT_EACH) * 1000;
    refill(l);
    uint64_t wait =
        ol_limit_wait_s(l->tokens_entries, 1000 + kept * l->limit_entries, l->limit_entries);
    uint64_t more = ol_limit_wait_s(l->tokens_bytes, bytes + kept * l->limit_bytes, l->limit_bytes);
    wait = more > wait ? more : wait;
    if (wait == 0)
        l->tokens_entries -= 1000, l->tokens_bytes -= bytes, l->is_spent_new = true;
    return wait;
}

void ol_limit_spend(ol_line *l, size_t body_len) {
    uint64_t bytes = (body_len + OL_LIMIT_EACH) * 1000;
    refill(l);
    l->tokens_entries -= l->tokens_entries < 1000 ? l->tokens_entries : 1000;
    l->tokens_bytes -= l->tokens_bytes < bytes ? l->tokens_bytes : bytes;
    l->is_spent_new = true;
}

/* With the entries they were spent on, so that a restart does not fill the buckets. */
ol_err ol_limit_put(ol_line *l) {
    uint8_t b[SPENT_LEN];
    if (!l->is_spent_new)
        return OL_OK;
    ol_wr w = ol_wr_of(b, sizeof b);
    ol_wr_be(&w, l->tokens_entries, 8);
    ol_wr_be(&w, l->tokens_bytes, 8);
    ol_err err = ol_batch_state(l, "tokens", b, sizeof b);
    l->is_spent_new = err != OL_OK;
    return err;
}

ol_err ol_limit_load(ol_line *l, const uint8_t *p, size_t len) {
    ol_rd r = ol_rd_of(p, len);
    uint64_t entries = ol_rd_be(&r, 8), bytes = ol_rd_be(&r, 8);
    if (r.err != OL_OK || r.left > 0)
        return OL_ECONFLICT;
    l->tokens_entries = filled(entries, 0, l->limit_entries * 1000); /* it may be lower now */
    l->tokens_bytes = filled(bytes, 0, l->limit_bytes * 1000);
    return OL_OK;
}
