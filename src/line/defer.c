#include "line/defer.h"

#include "line/call_parts.h"

typedef struct {
    ol_log_key log;
    uint64_t index;
    uint8_t party, precedence, status;
    bool is_told;
    uint64_t due; /* of the clock of `now`; of what is from before the start, until then, a wall */
} deferral;

struct ol_defers {
    deferral v[OL_DEFERRALS_MAX];
    size_t n;
};

static OL_MUST ol_err defers_open(ol_duty *d) {
    d->defers = ol_mem_get0(d->o.mem, 1, sizeof *d->defers);
    return d->defers != NULL ? OL_OK : OL_ENOMEM;
}

static void defers_close(ol_duty *d) {
    ol_mem_put(d->o.mem, d->defers, 1, sizeof *d->defers);
}

static void drop(ol_defers *k, size_t i) {
    memmove(&k->v[i], &k->v[i + 1], (--k->n - i) * sizeof k->v[0]);
}

/* ---- what is on record ---- */

static void end(ol_defers *k, const ol_tracked *c, uint8_t party) {
    for (size_t i = k->n; i-- > 0;)
        if (k->v[i].party == party && k->v[i].index == c->index &&
            ol_log_key_eq(&k->v[i].log, &c->log))
            drop(k, i);
}

static size_t one_too_many(const ol_defers *k) {
    size_t found = 0;
    for (size_t i = 1; i < k->n; i++) {
        bool is_real = k->v[i].status == OL_OPERATIONAL;
        bool was_real = k->v[found].status == OL_OPERATIONAL;
        if (is_real != was_real ? was_real : k->v[i].due < k->v[found].due)
            found = i;
    }
    return found;
}

static void take_reply(ol_duty *d, const ol_duty_fact *f) {
    ol_defers *k = d->defers;
    ol_reply r;
    const char *why;
    if (ol_reply_decode(f->e->body, f->e->body_len, &r, &why) != OL_OK)
        return;
    const ol_tracked *c = ol_call_of_ref(d, &r.call);
    uint8_t party = f->log->party;
    bool is_ours = c != NULL && (f->is_own || ol_call_is_own(d, c));
    if (!is_ours || (c->called >> party & 1) == 0 || c->status != r.status)
        return;
    end(k, c, party);
    if (r.verb != OL_DEFER)
        return;
    if (k->n == OL_DEFERRALS_MAX)
        drop(k, one_too_many(k));
    k->v[k->n++] = (deferral){ .log = c->log,
                               .index = c->index,
                               .party = party,
                               .precedence = c->precedence,
                               .status = c->status,
                               .due = f->is_history ? f->e->wall + r.seconds
                                                    : d->now.ms + UINT64_C(1000) * r.seconds };
}

/* Either of the two calls the other. */
static void take_call(ol_duty *d, const ol_duty_fact *f) {
    ol_defers *k = d->defers;
    ol_call c;
    const char *why;
    if (ol_call_decode(f->e->body, f->e->body_len, &c, &why) != OL_OK)
        return;
    uint8_t by = f->log->party;
    for (size_t i = k->n; i-- > 0;) {
        const deferral *x = &k->v[i];
        uint8_t to = by == x->party ? x->log.party : x->party;
        if ((by == x->party || by == x->log.party) && x->status == c.status &&
            ol_call_is_to(&c, by, to))
            drop(k, i);
    }
}

static OL_MUST ol_err defers_fact(ol_duty *d, const ol_duty_fact *f) {
    if (f->e->kind == OL_KIND_REPLY)
        take_reply(d, f);
    else if (f->e->kind == OL_KIND_CALL)
        take_call(d, f);
    return OL_OK;
}

/* ---- time ---- */

/* From walls to our own running time; none waits longer than a deferral may. */
static void translate(const ol_duty_turn *t, deferral *x) {
    uint64_t wall = t->wall.s;
    uint64_t left = x->due <= wall                   ? 0
                    : x->due - wall > OL_SECONDS_MAX ? OL_SECONDS_MAX
                                                     : x->due - wall;
    x->due = t->now.ms + 1000 * left;
}

static void defers_turn(ol_duty *d, const ol_duty_turn *t) {
    ol_defers *k = d->defers;
    for (size_t i = k->n; i-- > 0;) {
        deferral *x = &k->v[i];
        uint64_t at = t->is_start ? t->wall.s : t->now.ms / 1000;
        if (at > (t->is_start ? x->due : x->due / 1000) + OL_DEFERRAL_KEPT_S)
            drop(k, i);
        else if (t->is_start)
            translate(t, x);
    }
}

static void defers_pump(ol_duty *d, const ol_duty_turn *t, ol_duty_effects *out) {
    ol_defers *k = d->defers;
    for (size_t i = 0; i < k->n; i++) {
        deferral *x = &k->v[i];
        const ol_duty_note note = { .what = OL_DUTY_DUE,
                                    .log = x->log,
                                    .index = x->index,
                                    .party = x->party,
                                    .precedence = x->precedence,
                                    .status = x->status };
        if (!x->is_told && t->now.ms >= x->due)
            x->is_told = ol_duty_put_note(out, &note);
    }
}

static uint64_t defers_due_ms(const ol_duty *d) {
    uint64_t next = OL_NEVER;
    for (size_t i = 0; i < d->defers->n; i++)
        if (!d->defers->v[i].is_told)
            next = ol_duty_sooner(next, d->defers->v[i].due);
    return next;
}

bool ol_deferral_status_of(const ol_duty *d, size_t nth, ol_deferral_status *ret) {
    if (nth >= d->defers->n)
        return false;
    const deferral *x = &d->defers->v[nth];
    *ret = (ol_deferral_status){ .log = x->log,
                                 .index = x->index,
                                 .party = x->party,
                                 .precedence = x->precedence,
                                 .status = x->status,
                                 .is_due = x->is_told,
                                 .due_ms = x->due };
    return true;
}

const ol_duty_row ol_defers_duty = { .open = defers_open,
                                     .close = defers_close,
                                     .fact = defers_fact,
                                     .turn = defers_turn,
                                     .pump = defers_pump,
                                     .due_ms = defers_due_ms };
