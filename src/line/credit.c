/* The receiver's side of the charter's limits (§5.7): delay, never refuse, and never delay a member
 * that keeps to them. */
#include "line/credit.h"
#include "line/state.h"

enum { STORED_LEN = 24, GROW_MS = 60000, ASK_MS = 60000, ASK_MAX_MS = 3600000 };
enum { BUSY_MS = 60000, BUSY_TELL_MS = 10000, DAY_S = 86400, DAYS_MAX = 3650 };

/* ---- growing ---- */

static uint64_t sum(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? OL_CREDIT_OPEN : a + b;
}

static void add(ol_amount *to, const ol_amount *more) {
    to->entries = sum(to->entries, more->entries);
    to->bytes = sum(to->bytes, more->bytes);
}

/* So much the limits allow in this time; what is less than a thousandth stays for the next. */
static uint64_t in_time(uint64_t ms, uint64_t limit, uint64_t *rest) {
    uint64_t part = ms * (limit % DAY_S) + *rest;
    *rest = part % DAY_S;
    return ms * (limit / DAY_S) + part / DAY_S;
}

static ol_amount open_amount(void) {
    return (ol_amount){ OL_CREDIT_OPEN, OL_CREDIT_OPEN };
}

static ol_amount amount_of(ol_line *l, uint64_t ms, ol_amount *rest) {
    if (ms / OL_DAY_MS >= DAYS_MAX)
        return open_amount();
    return (ol_amount){ in_time(ms, l->limit_entries, &rest->entries),
                        in_time(ms, l->limit_bytes, &rest->bytes) };
}

static ol_amount days(const ol_line *l, uint64_t n) {
    return (ol_amount){ n * 1000 * l->limit_entries, n * 1000 * l->limit_bytes };
}

/* By the clock that went further: while we were off, or slept, only the one on the wall did. Not
 * often, since that one goes in seconds. */
static void grow(ol_line *l) {
    uint64_t ms = l->mono_ms - l->credit_ms;
    uint64_t wall_ms = l->wall > l->credit_wall ? (l->wall - l->credit_wall) * 1000 : 0;
    ms = ms > wall_ms ? ms : wall_ms;
    if (ms < GROW_MS)
        return;
    ol_amount more = amount_of(l, ms, &l->credit_rest);
    for (uint8_t p = 0; p < l->parties; p++)
        add(&l->peer[p].credit.left, &more);
    l->credit_ms = l->mono_ms, l->credit_wall = l->wall;
}

/* What a member may have written before we knew of it is not known here: it may have begun when we
 * joined, with a day's worth at once. One day more, because a tenth of it is kept (§2.4). */
static ol_amount at_first(const ol_line *l) {
    if (l->joined_wall == 0 || l->wall < l->joined_wall)
        return open_amount();
    uint64_t n = (l->wall - l->joined_wall + DAY_S - 1) / DAY_S;
    return n < DAYS_MAX ? days(l, 2 + n) : open_amount();
}

static ol_amount since(ol_line *l, const ol_credit *c) {
    ol_amount left = c->left, rest = { 0, 0 };
    if (l->wall < c->wall)
        return open_amount(); /* the clock went back: how long we were off is not known */
    ol_amount more = amount_of(l, (l->wall - c->wall) * 1000, &rest);
    add(&left, &more);
    return left;
}

void ol_credit_start(ol_line *l) {
    l->credit_ms = l->mono_ms, l->credit_wall = l->wall;
    for (uint8_t p = 0; p < l->parties; p++) {
        ol_credit *c = &l->peer[p].credit;
        c->left = c->is_loaded ? since(l, c) : at_first(l);
    }
}

/* ---- storing ---- */

ol_err ol_credit_load(ol_line *l, const char *key, const uint8_t *p, size_t len) {
    ol_rd r = ol_rd_of(p, len);
    ol_amount left = { ol_rd_be(&r, 8), 0 };
    left.bytes = ol_rd_be(&r, 8);
    uint64_t wall = ol_rd_be(&r, 8);
    unsigned party = (unsigned)(key[0] - '0') * 10 + (unsigned)(key[1] - '0');
    if (r.err != OL_OK || r.left > 0 || wall > OL_TIME_MAX)
        return OL_ECONFLICT;
    if (party >= l->parties)
        return OL_OK;
    ol_credit *c = &l->peer[party].credit;
    c->left = left, c->wall = wall, c->is_loaded = true;
    return OL_OK;
}

ol_err ol_credit_put(ol_line *l) {
    ol_err err = OL_OK;
    grow(l);
    for (uint8_t p = 0; p < l->parties && err == OL_OK; p++) {
        ol_credit *c = &l->peer[p].credit;
        uint8_t b[STORED_LEN];
        char key[] = "credit.00";
        if (!c->is_new)
            continue;
        key[7] = (char)('0' + p / 10), key[8] = (char)('0' + p % 10);
        ol_wr w = ol_wr_of(b, sizeof b);
        ol_wr_be(&w, c->left.entries, 8);
        ol_wr_be(&w, c->left.bytes, 8);
        ol_wr_be(&w, l->wall < OL_TIME_MAX ? l->wall : OL_TIME_MAX, 8);
        err = ol_batch_state(l, key, b, sizeof b);
        c->is_new = err != OL_OK;
    }
    return err;
}

void ol_credit_answered(ol_line *l, bool is_done) {
    for (uint8_t p = 0; p < l->parties; p++) {
        ol_credit *c = &l->peer[p].credit;
        if (!is_done)
            add(&c->left, &c->spent), c->is_new = c->is_new || c->spent.entries > 0;
        c->spent = (ol_amount){ 0, 0 };
    }
}

/* ---- taking ---- */

void ol_credit_count(ol_cost *cost, uint8_t lane, const uint8_t *entry, size_t len) {
    ol_entry e;
    uint64_t bytes = len, kept = lane == OL_LANE_URGENT ? 0 : OL_LIMIT_URGENT;
    if (ol_entry_decode(entry, len, &e) == OL_OK) {
        bytes = e.body_len + OL_LIMIT_EACH < len ? e.body_len + OL_LIMIT_EACH : len;
        kept = ol_limit_kept(lane, e.kind, (ol_bytes){ e.body, e.body_len });
    }
    cost->amount.entries += 1000, cost->amount.bytes += bytes * 1000;
    cost->kept = kept < cost->kept ? kept : cost->kept; /* the most urgent takes the others along */
}

uint64_t ol_credit_wait_s(ol_line *l, uint8_t author, const ol_cost *cost) {
    const ol_credit *c = &l->peer[author].credit;
    if (author == l->self)
        return 0;
    grow(l);
    uint64_t entries = cost->amount.entries + cost->kept * l->limit_entries;
    uint64_t bytes = cost->amount.bytes + cost->kept * l->limit_bytes;
    uint64_t wait = ol_limit_wait_s(c->left.entries, entries, l->limit_entries);
    uint64_t more = ol_limit_wait_s(c->left.bytes, bytes, l->limit_bytes);
    wait = more > wait ? more : wait;
    return wait == 0 ? 0 : wait + GROW_MS / 1000; /* it grows in steps */
}

static void spend(uint64_t *left, uint64_t *spent, uint64_t n) {
    if (*left == OL_CREDIT_OPEN)
        return;
    n = n < *left ? n : *left;
    *left -= n, *spent += n;
}

void ol_credit_spend(ol_line *l, uint8_t author, const ol_cost *cost) {
    ol_credit *c = &l->peer[author].credit;
    if (author == l->self)
        return;
    spend(&c->left.entries, &c->spent.entries, cost->amount.entries);
    spend(&c->left.bytes, &c->spent.bytes, cost->amount.bytes);
    c->is_new = true;
}

void ol_credit_put_off(ol_line *l, const ol_log_key *log, uint64_t wait_s) {
    ol_credit *c = &l->peer[log->party].credit;
    c->late_ms[log->lane] = l->mono_ms + wait_s * 1000;
    c->is_flooding = true;
    l->count[OL_COUNT_HEADS_DELAYED]++;
}

uint64_t ol_credit_late_s(const ol_line *l, const ol_log_key *log) {
    uint64_t until = l->peer[log->party].credit.late_ms[log->lane];
    return until > l->mono_ms ? (until - l->mono_ms + 999) / 1000 : 0;
}

/* ---- whether we hold all ---- */

bool ol_credit_asks(const ol_line *l, uint8_t party) {
    const ol_credit *c = &l->peer[party].credit;
    ol_amount two = days(l, 2);
    bool is_much = c->left.entries / 9 * 8 > two.entries || c->left.bytes / 9 * 8 > two.bytes;
    return (is_much || c->is_flooding) && l->mono_ms >= c->ask_ms;
}

void ol_credit_asked(ol_line *l, uint8_t party) {
    ol_credit *c = &l->peer[party].credit;
    uint64_t ms = ASK_MS;
    for (unsigned i = 0; i < c->asks && ms < ASK_MAX_MS; i++)
        ms *= 2;
    c->asks = c->asks < UINT8_MAX ? (uint8_t)(c->asks + 1) : c->asks;
    c->ask_ms = l->mono_ms + ms;
}

/* From now on it can have a day's worth ready at most. */
void ol_credit_all(ol_line *l, uint8_t party) {
    ol_credit *c = &l->peer[party].credit;
    ol_amount two = days(l, 2);
    grow(l);
    c->is_new = c->is_new || c->left.entries > two.entries || c->left.bytes > two.bytes;
    c->left.entries = c->left.entries < two.entries ? c->left.entries : two.entries;
    c->left.bytes = c->left.bytes < two.bytes ? c->left.bytes : two.bytes;
    c->spent =
        (ol_amount){ 0, 0 }; /* given back it would be too much; a commit that fails is rare */
    c->is_flooding = false, c->asks = 0, c->ask_ms = l->mono_ms + ASK_MS;
}

/* ---- what is put off, told ---- */

void ol_credit_busy(ol_line *l, uint8_t party, uint8_t what) {
    ol_credit *c = &l->peer[party].credit;
    c->busy = l->mono_ms - c->busy_ms < BUSY_MS ? c->busy | what : what;
    c->busy_ms = l->mono_ms;
    if (c->told_ms == 0 || l->mono_ms - c->told_ms >= BUSY_TELL_MS)
        c->owe_busy |= what;
}

static bool is_recent(const ol_line *l, uint64_t ms) {
    return ms > 0 && l->mono_ms - ms < BUSY_MS;
}

static bool has_late(const ol_line *l, uint8_t party) {
    for (size_t i = 0; i < l->log.n; i++)
        if (l->log.v[i]->is_own && l->log.v[i]->sync[party].late_ms > 0)
            return true;
    return false;
}

void ol_credit_say(ol_line *l) {
    for (uint8_t p = 0; p < l->parties; p++) {
        ol_credit *c = &l->peer[p].credit;
        c->puts_off = c->puts_off && has_late(l, p);
        unsigned what =
            (c->puts_off ? OL_DELAY_OURS : 0u) | (c->is_flooding ? OL_DELAY_THEIRS : 0u);
        what |= is_recent(l, c->said_ms) ? (unsigned)c->says_busy * OL_DELAY_OUR_FIRST : 0u;
        what |= is_recent(l, c->busy_ms) ? (unsigned)c->busy * OL_DELAY_THEIR_FIRST : 0u;
        c->note = c->note || c->what != what;
        c->what = (uint8_t)what;
    }
}

void ol_line_delay_status(const ol_line *l, uint8_t party, ol_delay_status *ret) {
    OL_ASSERT(party < l->parties);
    const ol_credit *c = &l->peer[party].credit;
    *ret = (ol_delay_status){ .what = c->what };
    for (uint8_t lane = 0; lane < OL_LANES; lane++)
        ret->theirs_s[lane] = ol_credit_late_s(l, &(ol_log_key){ .party = party, .lane = lane });
    for (size_t i = 0; i < l->log.n; i++) {
        const ol_log *log = l->log.v[i];
        uint64_t until = log->is_own ? log->sync[party].late_ms : 0;
        uint64_t s = until > l->mono_ms ? (until - l->mono_ms + 999) / 1000 : until > 0;
        if (s > ret->ours_s[log->key.lane])
            ret->ours_s[log->key.lane] = s;
    }
}
