#include "station/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wire/act.h"
#include "wire/call.h"
#include "wire/kind.h"
#include "wire/order.h"

enum { PAGE = 256, DAY = 86400, QUOTAS = 2, PAIRS = 2, DTG_LEN = 32, REASON_MAX = 80 };

typedef struct { /* a party's last order of a pair: minimise and its end, suspend and resume */
    bool is_on;
    ol_log_key log;
    uint64_t index, wall, seconds;
    char text[OL_REMARK_MAX + 1];
} standing;

typedef struct { /* when we said them, in seconds of running time; ascending */
    int64_t *at;
    size_t n, cap;
} said;

struct ol_rules {
    uint64_t cursor;
    int64_t began_s; /* the first look; what is from before it is dated by its wall */
    uint64_t began_wall;
    bool has_begun;
    standing order[OL_PARTIES_MAX][PAIRS];
    said said[QUOTAS];
};

typedef struct {
    ol_rules *r;
    const ol_api_line *line;
    size_t walked;
} walk;

void ol_rules_free(ol_rules *r) {
    for (size_t i = 0; r != NULL && i < QUOTAS; i++)
        free(r->said[i].at);
    free(r);
}

static int64_t running_s(void) {
    struct timespec ts;
    (void)clock_gettime(CLOCK_BOOTTIME, &ts);
    return ts.tv_sec;
}

/* ── what is on record ─────────────────────────────────────────────────────────────────────────*/

typedef struct {
    bool has_status;
    uint8_t status, precedence; /* precedence: OL_PRECEDENCES where it has none */
    bool is_service, is_later;  /* is_later: a part but the first */
} summary;

static summary look(uint64_t kind, const uint8_t *body, size_t len) {
    summary s = { .precedence = OL_PRECEDENCES };
    const char *why = NULL;
    ol_message m;
    ol_call c;
    ol_act a;
    ol_order o;
    ol_reply y;
    if (kind == OL_KIND_MESSAGE && ol_message_decode(body, len, &m, &why) == OL_OK)
        s = (summary){ true, m.status, m.precedence, m.sort == OL_SORT_SERVICE, m.part > 1 };
    else if (kind == OL_KIND_CALL && ol_call_decode(body, len, &c, &why) == OL_OK)
        s = (summary){ true, c.status, c.precedence, false, false };
    else if (kind == OL_KIND_ACT && ol_act_decode(body, len, &a, &why) == OL_OK)
        s.has_status = true, s.status = a.status;
    else if (kind == OL_KIND_ORDER && ol_order_decode(body, len, &o, &why) == OL_OK)
        s.has_status = true, s.status = o.status;
    else if (kind == OL_KIND_REPLY && ol_reply_decode(body, len, &y, &why) == OL_OK)
        s.has_status = true, s.status = y.status;
    return s;
}

static void take_order(ol_rules *r, const ol_stored_entry *e, const ol_entry *entry) {
    ol_order o;
    const char *why = NULL;
    if (ol_order_decode(entry->body, entry->body_len, &o, &why) != OL_OK ||
        o.status != OL_OPERATIONAL)
        return;
    standing *s = &r->order[e->log.party][o.verb / 2];
    bool is_same = ol_log_key_eq(&s->log, &e->log);
    if (is_same ? e->index < s->index
                : entry->wall < s->wall) /* between logs as §4.5 orders them */
        return;
    *s = (standing){ .is_on = o.verb % 2 == 0, .log = e->log, .index = e->index };
    s->wall = entry->wall, s->seconds = o.seconds;
    memcpy(s->text, o.text.p == NULL ? "" : o.text.p, o.text.len);
}

static ol_err take_said(ol_rules *r, const ol_entry *entry) {
    summary s = look(entry->kind, entry->body, entry->body_len);
    if (s.precedence >= QUOTAS || s.status != OL_OPERATIONAL || s.is_later || !entry->has_item)
        return OL_OK;
    int64_t at = running_s();
    if (!r->has_begun) { /* as old as its wall says, at most a day */
        uint64_t age = entry->wall < r->began_wall ? r->began_wall - entry->wall : 0;
        at = r->began_s - (int64_t)(age < DAY ? age : DAY);
    }
    said *v = &r->said[s.precedence];
    if (v->n == v->cap) {
        size_t cap = v->cap == 0 ? 16 : 2 * v->cap;
        int64_t *more = realloc(v->at, cap * sizeof *more);
        if (more == NULL)
            return OL_ENOMEM;
        v->at = more;
        v->cap = cap;
    }
    v->at[v->n++] = at;
    return OL_OK;
}

static ol_err walk_entry(void *ctx, const ol_stored_entry *e) {
    static ol_entry entry; /* 4 KiB that need not lie on the stack */
    walk *w = ctx;
    const ol_charter *ch = w->line->charter;
    ol_kind_at at = { .author = e->log.party, .lane = (ol_lane)e->log.lane };
    at.is_first = e->index == 0, at.parties = ch->parties, at.rungs = ch->rungs;
    ol_err err = OL_OK;
    if (e->log.party < ch->parties && ol_entry_decode(e->entry, e->len, &entry) == OL_OK &&
        ol_kind_misfit(&entry, &at) == NULL) {
        if (entry.kind == OL_KIND_ORDER)
            take_order(w->r, e, &entry);
        if (e->log.party == w->line->self)
            err = take_said(w->r, &entry);
    }
    w->walked++;
    if (err == OL_OK)
        w->r->cursor = e->seq;
    return err;
}

/* Up to what the store holds now. */
static ol_err update(ol_rules *r, const ol_desk *d, const ol_api_line *line) {
    walk w = { .r = r, .line = line };
    ol_err err = OL_OK;
    do {
        w.walked = 0;
        err = d->store->ops->since(d->store, line->id, r->cursor, PAGE, walk_entry, NULL, &w);
    } while (err == OL_OK && w.walked == PAGE);
    r->has_begun = r->has_begun || err == OL_OK;
    return err;
}

/* ── what is refused ───────────────────────────────────────────────────────────────────────────*/

/* 211454Z NOV 26 */
static const char *dtg(uint64_t wall, char to[DTG_LEN]) {
    static const char month[12][4] = { "JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                       "JUL", "AUG", "SEP", "OCT", "NOV", "DEC" };
    time_t t = (time_t)wall;
    struct tm tm;
    if (wall > 253402300799 || gmtime_r(&t, &tm) == NULL)
        (void)snprintf(to, DTG_LEN, "a time unknown");
    else
        (void)snprintf(to, DTG_LEN, "%02u%02u%02uZ %s %02u", (unsigned)tm.tm_mday & 63,
                       (unsigned)tm.tm_hour & 63, (unsigned)tm.tm_min & 63, month[tm.tm_mon],
                       (unsigned)tm.tm_year % 100);
    return to;
}

/* What of a reason fits the sentence, whole characters. */
static int cut(const char *text) {
    size_t n = strlen(text);
    if (n > REASON_MAX)
        for (n = REASON_MAX; n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80;)
            n--;
    return (int)n;
}

static ol_err under_order(const ol_api_line *line, const ol_rules *r, unsigned pair,
                          const char *todo, ol_refusal *why) {
    static const char *const says[PAIRS] = { "the line is under minimise",
                                             "the line is suspended" };
    char since[DTG_LEN], until[DTG_LEN] = "until it is ended";
    uint32_t members = line->generation[line->charter->generation].members;
    for (unsigned p = 0; p < line->charter->parties; p++) {
        const standing *s = &r->order[p][pair];
        if (!s->is_on || (members >> p & 1) == 0) /* who has left orders nothing any more */
            continue;
        if (s->seconds > 0)
            (void)dtg(s->wall + s->seconds, until);
        return ol_refuse(why, OL_ESTATE, todo, "%s by %s since %s, %s%s%s%.*s", says[pair],
                         line->charter->party[p].name, dtg(s->wall, since),
                         s->seconds > 0 ? "meant to last until " : "", until,
                         s->text[0] == '\0' ? "" : ": ", cut(s->text), s->text);
    }
    return OL_OK;
}

static ol_err under_quota(const ol_api_line *line, ol_rules *r, unsigned precedence,
                          ol_refusal *why) {
    uint64_t quota = line->charter->quota[precedence];
    said *v = &r->said[precedence];
    int64_t now = running_s();
    size_t old = 0;
    char until[DTG_LEN], todo[120];
    while (old < v->n && v->at[old] <= now - DAY)
        old++;
    v->n -= old;
    if (old > 0) /* else there may be no list yet */
        memmove(v->at, v->at + old, v->n * sizeof *v->at);
    if (quota == 0 || v->n < quota)
        return OL_OK;
    int64_t wait = v->at[v->n - quota] + DAY - now;
    (void)snprintf(todo, sizeof todo,
                   "send it with a lower precedence, or after %s (in %lld seconds)",
                   dtg((uint64_t)time(NULL) + (uint64_t)wait, until), (long long)wait);
    return ol_refuse(why, OL_ELIMIT, todo,
                     "this party has sent %zu operational %s in 24 hours, and the charter's quota "
                     "is %llu",
                     v->n, ol_precedence_name(precedence), (unsigned long long)quota);
}

typedef struct {
    ol_ref ref;
    unsigned found;
    ol_log_key log;
    summary is;
} target;

static ol_err find_log(void *ctx, const ol_stored_log *log) {
    target *t = ctx;
    if (ol_ref_fits(&t->ref, &log->key, t->ref.index) && log->size > t->ref.index)
        t->found++, t->log = log->key;
    return OL_OK;
}

static ol_err look_at(void *ctx, const ol_stored_entry *e) {
    static ol_entry entry;
    target *t = ctx;
    if (ol_entry_decode(e->entry, e->len, &entry) == OL_OK)
        t->is = look(entry.kind, entry.body, entry.body_len);
    return OL_OK;
}

/* A word about an exercise is exercise. */
static ol_err check_status(const ol_desk *d, const ol_api_line *line, const ol_entry *e,
                           const summary *s, ol_refusal *why) {
    target t = { .found = 0 };
    if (!s->has_status || !ol_kind_ref(e, &t.ref))
        return OL_OK;
    ol_err err = d->store->ops->logs(d->store, line->id, find_log, &t);
    if (err == OL_OK && t.found == 1)
        err = d->store->ops->entries(d->store, line->id, &t.log, t.ref.index, t.ref.index + 1,
                                     look_at, &t);
    if (err != OL_OK || !t.is.has_status || t.is.status == s->status)
        return err;
    return ol_refuse(why, OL_EFORM, "give it the status of what it refers to",
                     "it is of status %s and refers to an entry of status %s",
                     ol_status_name(s->status), ol_status_name(t.is.status));
}

ol_err ol_rules_check(ol_rules **rules, const ol_desk *d, size_t number, uint64_t kind,
                      const uint8_t *body, size_t len, ol_refusal *why) {
    const ol_api_line *line = d->line[number];
    ol_rules *r = *rules != NULL ? *rules : calloc(1, sizeof *r);
    static ol_entry e;
    if (r == NULL)
        return OL_ENOMEM;
    if (*rules == NULL) {
        r->began_s = running_s();
        r->began_wall = (uint64_t)time(NULL);
        *rules = r;
    }
    e = (ol_entry){ .kind = kind, .body = body, .body_len = len };
    summary s = look(kind, body, len);
    ol_err err = update(r, d, line);
    if (err == OL_OK)
        err = check_status(d, line, &e, &s, why);
    bool is_message = kind == OL_KIND_MESSAGE;
    if (err == OL_OK && is_message && s.precedence > OL_FLASH)
        err = under_order(line, r, 1,
                          "send FLASH, or place a call; openline order resume ends "
                          "what this party ordered",
                          why);
    if (err == OL_OK && is_message && s.precedence > OL_IMMEDIATE && !s.is_service)
        err = under_order(line, r, 0,
                          "send what is urgent as FLASH or IMMEDIATE, what is about "
                          "the circuit as --service",
                          why);
    if (err == OL_OK && s.precedence < QUOTAS && s.status == OL_OPERATIONAL && !s.is_later)
        err = under_quota(line, r, s.precedence, why);
    return err;
}
