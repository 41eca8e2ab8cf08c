#include "line/duty_parts.h"

#include "wire/kind.h"

static const ol_duty_row *const row[] = { &ol_calls_duty, &ol_checks_duty, &ol_clocks_duty,
                                          &ol_watches_duty, &ol_defers_duty };
enum { ROW_SHIFT = 28 };

static void free_rows(ol_duty *d, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (row[i]->close != NULL)
            row[i]->close(d);
    ol_mem_put(d->o.mem, d, 1, sizeof *d);
}

ol_err ol_duty_new(const ol_duty_opts *opts, ol_duty **ret) {
    OL_ASSERT(opts->parties <= OL_PARTIES_MAX && opts->self < opts->parties && opts->rungs > 0);
    ol_duty *d = ol_mem_get0(opts->mem, 1, sizeof *d);
    if (d == NULL)
        return OL_ENOMEM;
    d->o = *opts;
    for (size_t i = 0; i < OL_LEN(row); i++) {
        ol_err err = row[i]->open != NULL ? row[i]->open(d) : OL_OK;
        if (err != OL_OK)
            return free_rows(d, i), err;
    }
    *ret = d;
    return OL_OK;
}

void ol_duty_free(ol_duty *d) {
    if (d != NULL)
        free_rows(d, OL_LEN(row));
}

uint64_t ol_duty_notes_lost(const ol_duty *d) {
    return d->notes_lost;
}

/* ── facts ─────────────────────────────────────────────────────────────────────────────────── */

static OL_MUST ol_err take_entry(ol_duty *d, const ol_duty_event *ev) {
    ol_entry e;
    const ol_kind_at at = { .author = ev->entry.log.party,
                            .lane = (ol_lane)ev->entry.log.lane,
                            .is_first = ev->entry.index == 0,
                            .parties = d->o.parties,
                            .rungs = d->o.rungs };
    if (ev->entry.log.lane != OL_LANE_URGENT || ev->entry.log.party >= d->o.parties ||
        ol_entry_decode(ev->entry.p, ev->entry.len, &e) != OL_OK || ol_kind_misfit(&e, &at) != NULL)
        return OL_OK; /* what cannot be read has no effect (§3.5) */
    const ol_duty_fact f = { .log = &ev->entry.log,
                             .index = ev->entry.index,
                             .e = &e,
                             .is_own = ev->entry.log.party == d->o.self,
                             .is_history = ev->entry.is_history };
    ol_err err = OL_OK;
    for (size_t i = 0; i < OL_LEN(row) && err == OL_OK; i++)
        if (row[i]->fact != NULL)
            err = row[i]->fact(d, &f);
    return err;
}

static OL_MUST ol_err take_receipt(ol_duty *d, const ol_duty_event *ev) {
    const ol_duty_receipt r = { .log = &ev->receipt.log,
                                .size = ev->receipt.size,
                                .time = ev->receipt.time,
                                .sig = ev->receipt.sig,
                                .party = ev->receipt.party,
                                .is_history = ev->receipt.is_history };
    ol_err err = OL_OK;
    for (size_t i = 0; i < OL_LEN(row) && err == OL_OK && r.party < d->o.parties; i++)
        if (row[i]->receipt != NULL)
            err = row[i]->receipt(d, &r);
    return err;
}

static void take_paths(ol_duty *d, const ol_duty_event *ev) {
    d->paths = ev->paths.n < OL_PATHS_MAX ? ev->paths.n : OL_PATHS_MAX;
    if (d->paths > 0)
        memcpy(d->path, ev->paths.v, d->paths * sizeof *d->path);
}

static void take_answer(ol_duty *d, const ol_duty_event *ev) {
    uint32_t i = ev->answered.token >> ROW_SHIFT;
    if (i < OL_LEN(row) && row[i]->answered != NULL)
        row[i]->answered(d, ev->answered.token & ((UINT32_C(1) << ROW_SHIFT) - 1),
                         ev->answered.err);
}

void ol_duty_proven(const ol_duty *d, uint32_t parties, ol_mono now, ol_paths *ret) {
    ret->n = 0;
    for (size_t i = 0; i < d->paths; i++) {
        const ol_duty_path *p = &d->path[i];
        if ((parties >> p->path.party & 1) == 0)
            continue;
        uint64_t age = now.ms > p->proven_ms ? (now.ms - p->proven_ms) / 1000 : 0;
        ret->v[ret->n] = p->path;
        ret->v[ret->n++].age = p->proven_ms == 0    ? OL_AGE_NEVER
                               : age < OL_AGE_NEVER ? (uint32_t)age
                                                    : OL_AGE_NEVER - 1;
    }
}

/* ── effects ───────────────────────────────────────────────────────────────────────────────── */

void ol_duty_tell(ol_duty *d, const ol_duty_note *note) {
    if (d->notes == OL_DUTY_NOTES_MAX) {
        d->note_at = (d->note_at + 1) % OL_DUTY_NOTES_MAX;
        d->notes--, d->notes_lost++;
    }
    d->note[(d->note_at + d->notes++) % OL_DUTY_NOTES_MAX] = *note;
}

static ol_duty_effect *put(ol_duty_effects *out, ol_duty_effect_kind kind) {
    if (out->n == OL_DUTY_FX_MAX) {
        out->more = true;
        return NULL;
    }
    ol_duty_effect *fx = &out->v[out->n++];
    fx->kind = kind;
    return fx;
}

ol_duty_effect *ol_duty_put(ol_duty_effects *out, const ol_duty_row *who, uint32_t token,
                            uint64_t kind) {
    uint32_t i = 0;
    while (i < OL_LEN(row) && row[i] != who)
        i++;
    OL_ASSERT(i < OL_LEN(row) && token >> ROW_SHIFT == 0);
    ol_duty_effect *fx = put(out, OL_DUTY_APPEND);
    if (fx != NULL)
        fx->append.token = i << ROW_SHIFT | token, fx->append.kind = kind, fx->append.len = 0;
    return fx;
}

bool ol_duty_put_note(ol_duty_effects *out, const ol_duty_note *note) {
    ol_duty_effect *fx = put(out, OL_DUTY_NOTE);
    if (fx != NULL)
        fx->note = *note;
    return fx != NULL;
}

static void pump_notes(ol_duty *d, ol_duty_effects *out) {
    while (d->notes > 0 && ol_duty_put_note(out, &d->note[d->note_at])) {
        d->note_at = (d->note_at + 1) % OL_DUTY_NOTES_MAX;
        d->notes--;
    }
}

static void turn(ol_duty *d, const ol_duty_event *ev, ol_mono now, ol_duty_effects *out) {
    ol_duty_turn t = { .now = now,
                       .wall = ev->turn.wall,
                       .is_start = ev->turn.is_start && !d->is_started,
                       .has_log = ev->turn.has_log };
    memcpy(t.incarnation, ev->turn.incarnation, OL_INC_LEN);
    d->is_started = true;
    out->n = 0, out->more = false, out->at_ms = OL_NEVER;
    for (size_t i = 0; i < OL_LEN(row); i++)
        if (row[i]->turn != NULL)
            row[i]->turn(d, &t);
    for (size_t i = 0; i < OL_LEN(row); i++)
        if (row[i]->pump != NULL)
            row[i]->pump(d, &t, out);
    pump_notes(d, out);
    for (size_t i = 0; i < OL_LEN(row); i++)
        if (row[i]->due_ms != NULL)
            out->at_ms = ol_duty_sooner(out->at_ms, row[i]->due_ms(d));
}

ol_err ol_duty_step(ol_duty *d, const ol_duty_event *ev, ol_mono now, ol_duty_effects *out) {
    d->now = now;
    switch (ev->kind) {
    case OL_DUTY_ENTRY:
        return take_entry(d, ev);
    case OL_DUTY_RECEIPT:
        return take_receipt(d, ev);
    case OL_DUTY_PATHS:
        take_paths(d, ev);
        return OL_OK;
    case OL_DUTY_ANSWERED:
        take_answer(d, ev);
        return OL_OK;
    case OL_DUTY_TURN:
        turn(d, ev, now, out);
        return OL_OK;
    }
    return OL_ESTATE;
}
