#include "line/clock.h"

#include <limits.h>

#include "line/duty_parts.h"
#include "wire/act.h"

typedef struct {
    ol_log_key log;
    uint64_t index;
    uint8_t precedence, status;
    uint16_t open, told, off; /* bits of parties: to answer; overdue and told; put off */
    /* Of the clock of `now`; of what is from before the start, until the first turn, a wall time;
     * 0: not known. */
    uint64_t due[OL_PARTIES_MAX];
} ck_item;

struct ol_clocks {
    ck_item *item; /* in the order in which they came */
    size_t n, cap;
    bool has_begun;
};

static OL_MUST ol_err clocks_open(ol_duty *d) {
    d->clocks = ol_mem_get0(d->o.mem, 1, sizeof *d->clocks);
    return d->clocks == NULL ? OL_ENOMEM : OL_OK;
}

static void clocks_close(ol_duty *d) {
    ol_mem_put(d->o.mem, d->clocks->item, d->clocks->cap, sizeof *d->clocks->item);
    ol_mem_put(d->o.mem, d->clocks, 1, sizeof *d->clocks);
}

static void drop(ol_clocks *k, size_t i) {
    memmove(&k->item[i], &k->item[i + 1], (--k->n - i) * sizeof k->item[0]);
}

/* ---- what is on record ---- */

/* Who must answer it, of those whose clock we keep. */
static uint16_t open_of(const ol_duty *d, const ol_message *m, uint8_t author) {
    unsigned open = 0;
    for (unsigned p = 0; p < d->o.parties; p++) {
        bool is_ours = author == d->o.self || p == d->o.self;
        if (is_ours && (d->o.members >> p & 1) != 0 && ol_message_is_to_act(m, author, p))
            open |= 1u << p;
    }
    return (uint16_t)open;
}

/* Of the author that has most, so that nobody silences another's: a drill, what was told, the
 * oldest, in this order. */
static size_t one_too_many(const ol_clocks *k) {
    size_t of[OL_PARTIES_MAX] = { 0 }, most = 0, found = 0;
    unsigned rank = UINT_MAX;
    for (size_t i = 0; i < k->n; i++)
        of[k->item[i].log.party]++;
    for (size_t p = 1; p < OL_PARTIES_MAX; p++)
        most = of[p] > of[most] ? p : most;
    for (size_t i = 0; i < k->n; i++) {
        const ck_item *x = &k->item[i];
        unsigned mine = 2u * (x->status == OL_OPERATIONAL) + (x->told != x->open);
        if (x->log.party == most && mine < rank)
            rank = mine, found = i;
    }
    return found;
}

static OL_MUST ol_err begin(ol_duty *d, const ol_duty_fact *f, const ol_message *m) {
    ol_clocks *k = d->clocks;
    ck_item x = { .log = *f->log, .index = f->index, .precedence = m->precedence };
    x.status = m->status, x.open = open_of(d, m, f->log->party);
    if (x.open == 0)
        return OL_OK;
    uint64_t answer_s = d->o.answer_s[m->precedence];
    for (unsigned p = 0; p < OL_PARTIES_MAX; p++)
        if (!f->is_history)
            x.due[p] = d->now.ms + 1000 * answer_s;
        else if (f->is_own)
            x.due[p] = f->e->wall + answer_s;
    ck_item *item = ol_mem_grow(d->o.mem, k->item, &k->cap, k->n + 1, sizeof *item);
    if (item == NULL)
        return OL_ENOMEM;
    k->item = item;
    k->item[k->n++] = x;
    if (k->n > OL_CLOCKS_MAX)
        drop(k, one_too_many(k));
    return OL_OK;
}

/* The one that a reference names. */
static ck_item *find(ol_clocks *k, const ol_ref *ref) {
    ck_item *found = NULL;
    for (size_t i = 0; i < k->n; i++) {
        if (!ol_ref_fits(ref, &k->item[i].log, k->item[i].index))
            continue;
        if (found != NULL)
            return NULL; /* which, it does not say */
        found = &k->item[i];
    }
    return found;
}

static void end(ol_clocks *k, ck_item *x, uint16_t parties) {
    x->open &= (uint16_t)~parties;
    x->told &= (uint16_t)~parties;
    if (x->open == 0)
        drop(k, (size_t)(x - k->item));
}

static void take_act(ol_duty *d, const ol_duty_fact *f) {
    ol_act a;
    const char *why = NULL;
    if (ol_act_decode(f->e->body, f->e->body_len, &a, &why) != OL_OK || !a.has_ref)
        return;
    ck_item *x = find(d->clocks, &a.ref);
    uint8_t party = f->log->party;
    if (x == NULL || x->status != a.status)
        return;
    if (a.verb == OL_ACT_CANCEL && party == x->log.party)
        end(d->clocks, x, UINT16_MAX);
    if (a.verb != OL_ACT_INTERIM || (x->open >> party & 1) == 0)
        return;
    x->due[party] = f->is_history ? f->e->wall + a.seconds : d->now.ms + UINT64_C(1000) * a.seconds;
    x->told &= (uint16_t) ~(1u << party);
    x->off |= (uint16_t)(1u << party);
}

static OL_MUST ol_err clocks_fact(ol_duty *d, const ol_duty_fact *f) {
    ol_message m;
    const char *why = NULL;
    if (f->e->kind == OL_KIND_ACT)
        take_act(d, f);
    if (f->e->kind != OL_KIND_MESSAGE ||
        ol_message_decode(f->e->body, f->e->body_len, &m, &why) != OL_OK ||
        m.sort != OL_SORT_TRAFFIC)
        return OL_OK;
    bool is_to_answer = m.precedence <= OL_IMMEDIATE && m.status != OL_TEST && m.part <= 1;
    ol_err err = is_to_answer ? begin(d, f, &m) : OL_OK;
    ck_item *x = m.has_ref && err == OL_OK ? find(d->clocks, &m.ref) : NULL;
    if (x != NULL && x->status == m.status)
        end(d->clocks, x, (uint16_t)(1u << f->log->party));
    return err;
}

/* Our first receipt says when we stored it. */
static OL_MUST ol_err clocks_receipt(ol_duty *d, const ol_duty_receipt *r) {
    ol_clocks *k = d->clocks;
    uint8_t self = d->o.self;
    for (size_t i = 0; i < k->n && r->party == self && !k->has_begun; i++) {
        ck_item *x = &k->item[i];
        uint64_t due = r->time + d->o.answer_s[x->precedence];
        bool is_put_off = (x->off >> self & 1) != 0;
        if (ol_log_key_eq(&x->log, r->log) && r->size > x->index && !is_put_off &&
            (x->due[self] == 0 || due < x->due[self]))
            x->due[self] = due;
    }
    return OL_OK;
}

/* ---- time ---- */

/* From walls to our own running time: what is not known begins now, and nothing waits longer than
 * an interim may. */
static void translate(const ol_duty *d, const ol_duty_turn *t, ck_item *x) {
    for (unsigned p = 0; p < OL_PARTIES_MAX; p++) {
        uint64_t due = x->due[p], left = d->o.answer_s[x->precedence];
        if (due != 0)
            left = due <= t->wall.s                   ? 0
                   : due - t->wall.s > OL_SECONDS_MAX ? OL_SECONDS_MAX
                                                      : due - t->wall.s;
        x->due[p] = t->now.ms + 1000 * left;
    }
}

static void clocks_turn(ol_duty *d, const ol_duty_turn *t) {
    ol_clocks *k = d->clocks;
    for (size_t i = 0; i < k->n && t->is_start; i++)
        translate(d, t, &k->item[i]);
    k->has_begun = k->has_begun || t->is_start;
}

/* Told is what was taken: the rest in the next turn. */
static void clocks_pump(ol_duty *d, const ol_duty_turn *t, ol_duty_effects *out) {
    ol_clocks *k = d->clocks;
    for (size_t i = 0; i < k->n; i++) {
        ck_item *x = &k->item[i];
        for (uint8_t p = 0; p < d->o.parties; p++) {
            const ol_duty_note note = { .what = OL_DUTY_OVERDUE,
                                        .log = x->log,
                                        .index = x->index,
                                        .party = p,
                                        .precedence = x->precedence,
                                        .status = x->status };
            bool is_due = ((x->open & ~x->told) >> p & 1) != 0 && t->now.ms >= x->due[p];
            if (is_due && ol_duty_put_note(out, &note))
                x->told |= (uint16_t)(1u << p);
        }
    }
}

static uint64_t clocks_due_ms(const ol_duty *d) {
    const ol_clocks *k = d->clocks;
    uint64_t next = OL_NEVER;
    for (size_t i = 0; i < k->n; i++)
        for (unsigned p = 0; p < d->o.parties; p++)
            if (((k->item[i].open & ~k->item[i].told) >> p & 1) != 0)
                next = ol_duty_sooner(next, k->item[i].due[p]);
    return next;
}

bool ol_clock_status_of(const ol_duty *d, size_t nth, ol_clock_status *ret) {
    const ol_clocks *k = d->clocks;
    for (size_t i = 0; i < k->n; i++) {
        const ck_item *x = &k->item[i];
        for (uint8_t p = 0; p < d->o.parties; p++) {
            if ((x->open >> p & 1) == 0 || nth-- > 0)
                continue;
            *ret = (ol_clock_status){ .log = x->log,
                                      .index = x->index,
                                      .party = p,
                                      .precedence = x->precedence,
                                      .status = x->status,
                                      .is_overdue = (x->told >> p & 1) != 0,
                                      .is_put_off = (x->off >> p & 1) != 0,
                                      .due_ms = x->due[p] };
            return true;
        }
    }
    return false;
}

const ol_duty_row ol_clocks_duty = { .open = clocks_open,
                                     .close = clocks_close,
                                     .fact = clocks_fact,
                                     .receipt = clocks_receipt,
                                     .turn = clocks_turn,
                                     .pump = clocks_pump,
                                     .due_ms = clocks_due_ms };
