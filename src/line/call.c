/* The states of a call and what each event does to it: the table at the end is the whole rule
 * (docs/PROTOCOL.md §11.3). A new rule is a new cell. */
#include "line/call_parts.h"

enum { DAY_MS = 86400000 };

typedef enum {
    EV_RING,  /* our own word that we ring a rung */
    EV_END,   /* that our ladder has ended */
    EV_REPLY, /* our officer's */
    EV_CLOSE, /* its author's */
    EV_START, /* our first turn */
    EV_TURN,
    EVENTS
} event;

typedef struct {
    const ol_duty_fact *fact;
    const ol_ring *ring;
    const ol_reply *reply;
    const ol_close *close;
    const ol_duty_turn *turn;
} cause;

typedef void cell(ol_duty *d, ol_tracked *c, const cause *why);

static void want(ol_tracked *c, ol_call_writing what) {
    c->wants = (uint8_t)(c->wants | 1u << what);
}

static void to_tell(ol_tracked *c, uint8_t party) {
    c->news |= (uint16_t)(1u << party);
}

static void unwant(ol_tracked *c) {
    c->wants = 0;
}

/* ── called: the ladder ────────────────────────────────────────────────────────────────────── */

static uint8_t first_rung(const ol_tracked *c) {
    return c->rung > 0 ? c->rung : 1;
}

/* The time of the precedence, evenly over the rungs from the one called; the last has the rest. */
static uint32_t rung_s(const ol_duty *d, const ol_tracked *c) {
    uint32_t all = d->o.answer_s[c->precedence];
    uint32_t n = (uint32_t)(d->o.rungs - first_rung(c) + 1), each = all / n;
    each = each > 0 ? each : 1;
    if (c->ring_now < d->o.rungs)
        return each;
    return all > each * (n - 1) ? all - each * (n - 1) : 1;
}

/* What a caller makes us write has an end: beyond it we ring without a word on record. */
static void want_ring(ol_duty *d, ol_tracked *c, ol_mono now) {
    uint64_t *ms = &d->calls->rings[c->log.party].ms, *at_ms = &d->calls->rings[c->log.party].at_ms;
    uint64_t gone = now.ms - *at_ms, cost = DAY_MS / OL_CALLS_RINGS_DAY;
    *ms = *ms > gone ? *ms - gone : 0, *at_ms = now.ms;
    if ((c->wants >> OL_WRITE_RING & 1) == 0 && *ms + cost > DAY_MS)
        return;
    *ms += (c->wants >> OL_WRITE_RING & 1) == 0 ? cost : 0; /* else one says both */
    want(c, OL_WRITE_RING);
}

static void ring(ol_duty *d, ol_tracked *c, ol_mono now) {
    uint32_t seconds = rung_s(d, c);
    c->state = OL_CALL_RINGS;
    c->due_ms = now.ms + UINT64_C(1000) * seconds;
    want_ring(d, c, now);
    c->party[d->o.self] = (ol_callee){ .word = OL_CALLED_RINGS,
                                       .rung = c->ring_now,
                                       .seconds = seconds,
                                       .after = ol_call_after(c, now),
                                       .at_ms = now.ms };
    to_tell(c, d->o.self);
}

/* By the walls its time is over, so that its close is on its way or will come soon: a siren for
 * what is over is worse than a moment's delay. Clocks may differ: then it is rung all the same. */
static bool is_held_back(const ol_duty *d, ol_tracked *c, const ol_duty_turn *t) {
    if (c->due_ms == OL_NEVER) {
        bool is_old = t->wall.s >= c->wall + ol_call_time_s(d, c);
        c->due_ms = t->now.ms + (is_old ? OL_CALLS_GRACE_MS : 0);
    }
    return t->now.ms < c->due_ms;
}

static void begin_ladder(ol_duty *d, ol_tracked *c, const cause *why) {
    if (is_held_back(d, c, why->turn))
        return;
    c->begin_ms = why->turn->now.ms, c->base_s = 0, c->has_begun = true;
    c->ring_now = first_rung(c);
    ring(d, c, why->turn->now);
}

/* Its rung rings its full time again; what passed until now is counted by our own walls. */
static void ring_again(ol_duty *d, ol_tracked *c, const cause *why) {
    uint64_t gone = why->turn->wall.s > c->ring_wall ? why->turn->wall.s - c->ring_wall : 0;
    c->begin_ms = why->turn->now.ms, c->has_begun = true;
    c->base_s = gone > c->ring_after ? gone : c->ring_after;
    ring(d, c, why->turn->now);
}

static void end_ladder(ol_duty *d, ol_tracked *c, ol_mono now) {
    c->state = OL_CALL_SILENT;
    want_ring(d, c, now);
    c->party[d->o.self].word = OL_CALLED_SILENT;
    c->party[d->o.self].rung = c->ring_now;
    to_tell(c, d->o.self);
}

static void climb(ol_duty *d, ol_tracked *c, const cause *why) {
    if (why->turn->now.ms < c->due_ms)
        return;
    if (c->ring_now < d->o.rungs) {
        c->ring_now++;
        ring(d, c, why->turn->now);
        return;
    }
    end_ladder(d, c, why->turn->now);
}

/* Our own rings count from the log only where they tell what was before this start. */
static void recall_ring(ol_duty *d, ol_tracked *c, const cause *why) {
    (void)d;
    if (!why->fact->is_history)
        return;
    c->state = OL_CALL_RINGS;
    c->ring_now = (uint8_t)why->ring->rung;
    c->ring_after = why->ring->after;
    c->ring_wall = c->ring_wall > 0 ? c->ring_wall : why->fact->e->wall;
}

static void recall_end(ol_duty *d, ol_tracked *c, const cause *why) {
    recall_ring(d, c, why);
    if (why->fact->is_history)
        c->state = OL_CALL_SILENT;
}

static void reply(ol_duty *d, ol_tracked *c, const cause *why) {
    (void)d, (void)why;
    c->state = OL_CALL_REPLIED;
    unwant(c);
}

/* ── caller ────────────────────────────────────────────────────────────────────────────────── */

/* Its log is not the one that we append to. */
static bool is_lost(const ol_tracked *c, const ol_duty_turn *t) {
    return !t->has_log || memcmp(t->incarnation, c->log.incarnation, sizeof t->incarnation) != 0;
}

static void begin_time(ol_duty *d, ol_tracked *c, const cause *why) {
    c->begin_ms = why->turn->now.ms, c->has_begun = true;
    c->is_others = !why->turn->is_start && is_lost(c, why->turn);
    if (why->turn->is_start)
        c->base_s = why->turn->wall.s > c->wall ? why->turn->wall.s - c->wall : 0;
    c->due_ms = c->begin_ms + 1000 * ol_call_time_s(d, c);
}

/* Every called party has replied, or its ladder has ended. *ret_why: how it is to be closed. */
static bool is_over(const ol_tracked *c, ol_close_why *ret_why) {
    ol_close_why why = OL_CLOSE_ENDED;
    for (uint8_t p = 0; p < OL_PARTIES_MAX; p++) {
        if ((c->called >> p & 1) == 0)
            continue;
        ol_called_word word = c->party[p].word;
        if (word < OL_CALLED_SILENT)
            return false;
        if (word == OL_CALLED_ANSWERED)
            why = OL_CLOSE_ANSWERED;
        else if (word != OL_CALLED_SILENT && why != OL_CLOSE_ANSWERED)
            why = OL_CLOSE_DECLINED;
    }
    *ret_why = why;
    return true;
}

/* Who has spoken has stored it: its receipt is on its way, and belongs into the close. */
static bool waits_for_receipts(const ol_duty *d, ol_tracked *c, ol_mono now) {
    const ol_call_receipts *held = ol_call_receipts_of(d, &c->log);
    bool lacks = false;
    for (uint8_t p = 0; p < OL_PARTIES_MAX; p++)
        lacks = lacks || ((c->called >> p & 1) != 0 && c->party[p].word != OL_CALLED_NOTHING &&
                          (held == NULL || held->of[p].size <= c->index));
    if (lacks && c->settle_ms == 0)
        c->settle_ms = now.ms + OL_CALLS_RECEIPT_MS;
    return lacks && now.ms < c->settle_ms;
}

/* A station with our keys has placed it, which may still run, or we have before we were put back
 * (§11.3): were it interrupted, each of two such stations would interrupt the other's for ever. */
static bool is_left_alone(ol_tracked *c, bool is_ended, ol_mono now) {
    if (!is_ended && now.ms < c->due_ms)
        return true;
    if (c->settle_ms == 0)
        c->due_ms = c->settle_ms = now.ms + OL_CALLS_GRACE_MS; /* for the close by who placed it */
    return now.ms < c->settle_ms;
}

static void watch(ol_duty *d, ol_tracked *c, const cause *why) {
    const ol_duty_turn *t = why->turn;
    ol_close_why because = OL_CLOSE_TIME;
    if (!c->has_begun)
        begin_time(d, c, why);
    if ((c->sent >> OL_WRITE_CLOSE & 1) != 0)
        return; /* it has been said why */
    bool is_ended = is_over(c, &because);
    if (c->is_others) {
        if (is_left_alone(c, is_ended, t->now))
            return;
    } else if (is_lost(c, t)) {
        because = OL_CLOSE_INTERRUPTED;
    } else if (is_ended ? waits_for_receipts(d, c, t->now) : t->now.ms < c->due_ms) {
        return;
    }
    c->why = (uint8_t)because;
    want(c, OL_WRITE_CLOSE);
}

static bool has_reply(const ol_tracked *c) {
    for (uint8_t p = 0; p < OL_PARTIES_MAX; p++)
        if ((c->called >> p & 1) != 0 && c->party[p].word > OL_CALLED_SILENT)
            return true;
    return false;
}

/* What was interrupted is placed again, while it would still be open and nobody has replied, by
 * who closed it: another station with our keys that wrote the close places it again itself. */
static void take_up(ol_duty *d, ol_tracked *c, const cause *why) {
    bool is_due = ol_call_is_own(d, c) && c->why == OL_CLOSE_INTERRUPTED && !c->is_taken_up &&
                  !c->is_others && !has_reply(c) &&
                  why->turn->wall.s <= c->origin_wall + ol_call_time_s(d, c);
    if (is_due)
        want(c, OL_WRITE_AGAIN);
    else if ((c->sent >> OL_WRITE_AGAIN & 1) == 0)
        unwant(c);
}

/* ── both ──────────────────────────────────────────────────────────────────────────────────── */

static void close(ol_duty *d, ol_tracked *c, const cause *why) {
    (void)d;
    bool is_ours = why->fact->is_history || (c->sent >> OL_WRITE_CLOSE & 1) != 0;
    c->is_others = c->is_others || !is_ours;
    c->state = OL_CALL_CLOSED;
    c->why = why->close->why;
    c->due_ms = OL_NEVER;
    unwant(c);
    c->is_end_new = !why->fact->is_history;
}

/* NULL: nothing happens. What a called party said is noted before, whatever the state. */
static cell *const table[OL_CALL_STATES][EVENTS] = {
    [OL_CALL_NEW] = { [EV_RING] = recall_ring,
                      [EV_END] = recall_end,
                      [EV_REPLY] = reply,
                      [EV_CLOSE] = close, /* it came with its close: recorded, not rung */
                      [EV_START] = begin_ladder,
                      [EV_TURN] = begin_ladder },
    [OL_CALL_RINGS] = { [EV_RING] = recall_ring,
                        [EV_END] = recall_end,
                        [EV_REPLY] = reply,
                        [EV_CLOSE] = close,
                        [EV_START] = ring_again,
                        [EV_TURN] = climb },
    [OL_CALL_SILENT] = { [EV_REPLY] = reply, [EV_CLOSE] = close },
    [OL_CALL_REPLIED] = { [EV_CLOSE] = close },
    [OL_CALL_PLACED] = { [EV_CLOSE] = close, [EV_START] = watch, [EV_TURN] = watch },
    [OL_CALL_WATCHED] = { [EV_CLOSE] = close },
    [OL_CALL_CLOSED] = { [EV_START] = take_up, [EV_TURN] = take_up },
};

static void happens(ol_duty *d, ol_tracked *c, event ev, const cause *why) {
    cell *what = table[c->state][ev];
    if (what != NULL)
        what(d, c, why);
}

/* ── facts ─────────────────────────────────────────────────────────────────────────────────── */

static OL_MUST ol_err take_call(ol_duty *d, const ol_duty_fact *f) {
    ol_call call;
    const char *why;
    ol_tracked *c = NULL;
    if (ol_call_decode(f->e->body, f->e->body_len, &call, &why) != OL_OK ||
        ol_call_find(d, f->log, f->index) != NULL)
        return OL_OK;
    ol_err err = ol_call_track(d, f, &call, &c);
    const ol_call_early *end = ol_call_early_of(d, f->log, f->index);
    if (c != NULL && end != NULL)
        happens(d, c, EV_CLOSE, &(cause){ .fact = f, .close = &(ol_close){ .why = end->why } });
    if (err != OL_OK || f->is_history)
        return err;
    bool is_to_us = ol_call_is_to(&call, f->log->party, d->o.self);
    if (c != NULL) {
        c->is_placed_new = true;
        return OL_OK;
    }
    ol_duty_note note = { .what = OL_DUTY_CALL_PLACED,
                          .log = *f->log,
                          .index = f->index,
                          .rung = call.rung,
                          .party = f->log->party,
                          .precedence = call.precedence,
                          .status = call.status };
    ol_duty_tell(d, &note);
    note.what = OL_DUTY_CALL_UNRUNG, note.party = d->o.self;
    if (is_to_us)
        ol_duty_tell(d, &note);
    return OL_OK;
}

/* The party that speaks was called, and no other speaks of it. */
static ol_tracked *spoken_of(ol_duty *d, const ol_duty_fact *f, const ol_ref *ref) {
    ol_tracked *c = ol_call_of_ref(d, ref);
    return c != NULL && (c->called >> f->log->party & 1) != 0 ? c : NULL;
}

static void take_ring(ol_duty *d, const ol_duty_fact *f) {
    ol_ring r;
    const char *why;
    if (ol_ring_decode(f->e->body, f->e->body_len, &r, &why) != OL_OK)
        return;
    ol_tracked *c = spoken_of(d, f, &r.call);
    if (c == NULL)
        return;
    bool is_end = r.state == OL_RING_ENDED;
    ol_callee *p = &c->party[f->log->party];
    if (p->word <= OL_CALLED_SILENT && (!f->is_own || f->is_history)) {
        *p = (ol_callee){ .word = is_end ? OL_CALLED_SILENT : OL_CALLED_RINGS,
                          .rung = (uint8_t)r.rung,
                          .seconds = r.seconds,
                          .after = r.after,
                          .at_ms = d->now.ms };
        if (!f->is_history)
            to_tell(c, f->log->party);
    }
    if (f->is_own)
        happens(d, c, is_end ? EV_END : EV_RING, &(cause){ .fact = f, .ring = &r });
}

static void take_reply(ol_duty *d, const ol_duty_fact *f) {
    static const ol_called_word of[] = { [OL_ANSWER] = OL_CALLED_ANSWERED,
                                         [OL_DECLINE] = OL_CALLED_DECLINED,
                                         [OL_DEFER] = OL_CALLED_DEFERRED };
    ol_reply r;
    const char *why;
    if (ol_reply_decode(f->e->body, f->e->body_len, &r, &why) != OL_OK)
        return;
    ol_tracked *c = spoken_of(d, f, &r.call);
    if (c == NULL || c->status != r.status) /* §11: of another status it has no effect */
        return;
    ol_callee *p = &c->party[f->log->party];
    if (p->word != OL_CALLED_ANSWERED) { /* the first answer stands, else the last word */
        *p = (ol_callee){ .word = of[r.verb],
                          .rung = (uint8_t)r.rung,
                          .seconds = r.seconds,
                          .after = r.after,
                          .at_ms = d->now.ms };
        if (!f->is_history)
            to_tell(c, f->log->party);
    } else if (!f->is_history) {
        ol_duty_tell(d, &(ol_duty_note){ .what = OL_DUTY_CALL_REPLIED,
                                         .log = c->log,
                                         .index = c->index,
                                         .party = f->log->party,
                                         .precedence = c->precedence,
                                         .status = c->status,
                                         .verb = r.verb,
                                         .rung = r.rung,
                                         .seconds = r.seconds });
    }
    if (f->is_own)
        happens(d, c, EV_REPLY, &(cause){ .fact = f, .reply = &r });
}

static void take_close(ol_duty *d, const ol_duty_fact *f) {
    static ol_close const none = { 0 };
    ol_close k = none;
    const char *why;
    if (ol_close_decode(f->e->body, f->e->body_len, &k, &why) != OL_OK)
        return;
    ol_tracked *c = ol_call_of_ref(d, &k.call);
    if (c != NULL)
        happens(d, c, EV_CLOSE, &(cause){ .fact = f, .close = &k });
    else
        ol_call_note_early(d, f->log, &k);
}

static ol_err fact(ol_duty *d, const ol_duty_fact *f) {
    if (f->is_own)
        ol_call_note_log(d, f->log);
    if (f->e->kind == OL_KIND_CALL)
        return take_call(d, f);
    if (f->e->kind == OL_KIND_RING)
        take_ring(d, f);
    else if (f->e->kind == OL_KIND_REPLY)
        take_reply(d, f);
    else if (f->e->kind == OL_KIND_CLOSE)
        take_close(d, f);
    if (f->e->kind == OL_KIND_CLOSE)
        ol_call_forget_old(d);
    return OL_OK;
}

static ol_err receipt(ol_duty *d, const ol_duty_receipt *r) {
    ol_call_note_receipt(d, r);
    return OL_OK;
}

/* ── turns ─────────────────────────────────────────────────────────────────────────────────── */

static bool has_ladder(const ol_tracked *c) {
    return c->state == OL_CALL_NEW || c->state == OL_CALL_RINGS;
}

/* More calls of an author ring than may: its drills give way, the oldest first. */
static void drop_drills(ol_duty *d, ol_mono now) {
    uint16_t n[OL_PARTIES_MAX] = { 0 };
    for (const ol_tracked *c = d->calls->first; c != NULL; c = c->next)
        n[c->log.party] += has_ladder(c);
    for (ol_tracked *c = d->calls->first; c != NULL; c = c->next) {
        if (n[c->log.party] <= OL_CALLS_OPEN_MAX || !ol_call_is_drill(c) || !has_ladder(c))
            continue;
        if (c->state == OL_CALL_NEW)
            c->party[d->o.self].rung = c->ring_now = first_rung(c);
        end_ladder(d, c, now);
        n[c->log.party]--;
    }
}

static void turn(ol_duty *d, const ol_duty_turn *t) {
    drop_drills(d, t->now);
    for (ol_tracked *c = d->calls->first; c != NULL; c = c->next)
        happens(d, c, t->is_start ? EV_START : EV_TURN, &(cause){ .turn = t });
}

static void pump(ol_duty *d, const ol_duty_turn *t, ol_duty_effects *out) {
    static const uint64_t kind[] = { [OL_WRITE_RING] = OL_KIND_RING,
                                     [OL_WRITE_CLOSE] = OL_KIND_CLOSE,
                                     [OL_WRITE_AGAIN] = OL_KIND_CALL };
    for (ol_tracked *c = d->calls->first; c != NULL; c = c->next) {
        ol_call_tell(c, out);
        for (unsigned w = 0; w < OL_WRITES; w++) {
            bool is_due = ((c->wants & ~c->sent) >> w & 1) != 0 && t->now.ms >= c->retry_ms;
            uint32_t token = c->serial * OL_WRITES + w;
            ol_duty_effect *fx = is_due ? ol_duty_put(out, &ol_calls_duty, token, kind[w]) : NULL;
            if (fx == NULL)
                continue;
            ol_call_write(d, c, (ol_call_writing)w, t->now, fx);
            c->sent = (uint8_t)(c->sent | 1u << w);
            if (w == OL_WRITE_RING)
                c->rung_sent = c->state == OL_CALL_RINGS ? c->ring_now : 0;
        }
    }
}

static void answered(ol_duty *d, uint32_t token, ol_err err) {
    ol_tracked *c = d->calls->first;
    while (c != NULL && c->serial != token / OL_WRITES)
        c = c->next;
    unsigned w = token % OL_WRITES;
    if (c == NULL)
        return;
    bool is_same =
        w != OL_WRITE_RING || c->rung_sent == (c->state == OL_CALL_RINGS ? c->ring_now : 0);
    if (err != OL_OK)
        c->retry_ms = d->now.ms + OL_DUTY_RETRY_MS;
    else if (is_same)
        c->wants = (uint8_t)(c->wants & ~(1u << w));
    if (err == OL_OK && w == OL_WRITE_AGAIN)
        c->is_taken_up = true;
    if (err != OL_OK || w != OL_WRITE_CLOSE) /* a close that is on record is not said twice */
        c->sent = (uint8_t)(c->sent & ~(1u << w));
}

static uint64_t due_ms(const ol_duty *d) {
    uint64_t at = OL_NEVER;
    for (const ol_tracked *c = d->calls->first; c != NULL; c = c->next) {
        bool is_timed =
            c->state == OL_CALL_RINGS || c->state == OL_CALL_NEW ||
            (c->state == OL_CALL_PLACED && c->wants == 0 && c->sent == 0 && c->has_begun);
        if (is_timed)
            at = ol_duty_sooner(at, c->due_ms);
        if (is_timed && c->settle_ms > d->now.ms)
            at = ol_duty_sooner(at, c->settle_ms);
        if ((c->wants & ~c->sent) != 0)
            at = ol_duty_sooner(at, c->retry_ms);
    }
    return at;
}

static ol_err open_calls(ol_duty *d) {
    d->calls = ol_mem_get0(d->o.mem, 1, sizeof *d->calls);
    return d->calls != NULL ? OL_OK : OL_ENOMEM;
}

const ol_duty_row ol_calls_duty = { .open = open_calls,
                                    .close = ol_call_free_all,
                                    .fact = fact,
                                    .receipt = receipt,
                                    .turn = turn,
                                    .pump = pump,
                                    .answered = answered,
                                    .due_ms = due_ms };
