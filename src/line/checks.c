#include "line/checks.h"

#include "line/duty_parts.h"
#include "line/watch.h"

typedef struct {
    uint64_t number, wall, heard_ms;
    uint32_t interval; /* that its last one named; 0: none */
    bool is_missed;
    ol_line_state state;
} ck_party;

struct ol_checks {
    uint64_t number;     /* of our last one on record */
    uint64_t asked;      /* the one that is out; 0: none */
    uint64_t due_ms;     /* the next one; */
    uint64_t retry_ms;   /* where it was refused, not before */
    uint64_t written_ms; /* our last one in this run; 0: none */
    uint64_t began_ms, since_ms, since_wall;
    bool is_due;
    ol_line_state state;
    ck_party party[OL_PARTIES_MAX];
};

const char *ol_line_state_name(ol_line_state state) {
    static const char *const name[] = { "not proven yet", "operational", "degraded", "dead" };
    return state < OL_LINE_STATES ? name[state] : NULL;
}

static OL_MUST ol_err checks_open(ol_duty *d) {
    d->checks = ol_mem_get0(d->o.mem, 1, sizeof *d->checks);
    if (d->checks == NULL)
        return OL_ENOMEM;
    d->checks->due_ms = OL_NEVER;
    return OL_OK;
}

static void checks_close(ol_duty *d) {
    ol_mem_put(d->o.mem, d->checks, 1, sizeof *d->checks);
}

static bool is_other(const ol_duty *d, uint8_t party) {
    return party != d->o.self && (d->o.members >> party & 1) != 0;
}

static uint64_t reach_ms(uint32_t interval_s) {
    return UINT64_C(1500) * interval_s;
}

/* ---- what is on record ---- */

static OL_MUST ol_err checks_fact(ol_duty *d, const ol_duty_fact *f) {
    ol_checks *k = d->checks;
    ol_check c;
    const char *why = NULL;
    if (f->e->kind != OL_KIND_CHECK ||
        ol_check_decode(f->e->body, f->e->body_len, &c, &why) != OL_OK)
        return OL_OK;
    if (f->is_own && c.number > k->number)
        k->number = c.number;
    ck_party *p = &k->party[f->log->party];
    if (f->is_own || (c.number <= p->number && f->is_history))
        return OL_OK;
    if (!f->is_history)
        p->heard_ms = d->now.ms;
    if (c.number > p->number)
        p->number = c.number, p->wall = f->e->wall, p->interval = c.interval;
    if (!p->is_missed || f->is_history)
        return OL_OK;
    p->is_missed = false;
    ol_duty_tell(d, &(ol_duty_note){ .what = OL_DUTY_CHECK_BACK,
                                     .party = f->log->party,
                                     .number = p->number,
                                     .time = p->wall });
    return OL_OK;
}

/* ---- whose are missed ---- */

static uint64_t missed_ms(const ol_duty *d, uint8_t party) {
    const ck_party *p = &d->checks->party[party];
    uint64_t from = p->heard_ms > 0 ? p->heard_ms : d->checks->began_ms;
    return from + reach_ms(p->interval > 0 ? p->interval : d->o.check_s);
}

static void judge_missed(ol_duty *d, uint64_t now_ms) {
    for (uint8_t i = 0; i < d->o.parties; i++) {
        ck_party *p = &d->checks->party[i];
        if (!is_other(d, i) || p->is_missed || now_ms < missed_ms(d, i))
            continue;
        p->is_missed = true;
        ol_duty_tell(d, &(ol_duty_note){ .what = OL_DUTY_CHECK_MISSED,
                                         .party = i,
                                         .number = p->number,
                                         .time = p->wall });
    }
}

/* ---- how the line is ---- */

static bool is_proven(const ol_duty *d, const ol_duty_path *path, uint64_t now_ms) {
    return path->proven_ms > 0 && now_ms - path->proven_ms <= reach_ms(d->o.check_s);
}

static ol_line_state state_by_checks(const ck_party *p) {
    if (p->is_missed)
        return OL_LINE_DEAD;
    return p->heard_ms > 0 ? OL_LINE_OPERATIONAL : OL_LINE_UNPROVEN;
}

static ol_line_state state_of(const ol_duty *d, uint8_t party, uint64_t now_ms) {
    const ck_party *p = &d->checks->party[party];
    size_t paths = 0, good = 0, silent = 0, proven = 0, ever = 0;
    for (size_t i = 0; i < d->paths; i++) {
        const ol_duty_path *path = &d->path[i];
        if (path->path.party != party)
            continue;
        bool is_new = is_proven(d, path, now_ms);
        paths++, ever += path->proven_ms > 0, proven += is_new;
        silent += !path->is_live, good += is_new && path->is_live;
    }
    if (paths == 0)
        return state_by_checks(p);
    bool is_young = now_ms - d->checks->began_ms < reach_ms(d->o.check_s);
    if (ever == 0 && is_young)
        return OL_LINE_UNPROVEN;
    if (proven == 0 || silent == paths)
        return OL_LINE_DEAD;
    return good == paths && !p->is_missed ? OL_LINE_OPERATIONAL : OL_LINE_DEGRADED;
}

static ol_line_state state_of_all(const ol_duty *d) {
    size_t n[OL_LINE_STATES] = { 0 }, others = 0;
    for (uint8_t i = 0; i < d->o.parties; i++)
        if (is_other(d, i))
            n[d->checks->party[i].state]++, others++;
    if (n[OL_LINE_UNPROVEN] > 0)
        return OL_LINE_UNPROVEN;
    if (n[OL_LINE_DEAD] == others && others > 0)
        return OL_LINE_DEAD;
    return n[OL_LINE_OPERATIONAL] == others ? OL_LINE_OPERATIONAL : OL_LINE_DEGRADED;
}

static void judge_state(ol_duty *d, const ol_duty_turn *t) {
    ol_checks *k = d->checks;
    for (uint8_t i = 0; i < d->o.parties; i++)
        k->party[i].state = is_other(d, i) ? state_of(d, i, t->now.ms) : OL_LINE_UNPROVEN;
    ol_line_state state = state_of_all(d);
    if (state == k->state && !t->is_start)
        return;
    bool is_change = state != k->state;
    k->state = state, k->since_ms = t->now.ms, k->since_wall = t->wall.s;
    if (is_change)
        ol_duty_tell(d, &(ol_duty_note){ .what = OL_DUTY_LINE, .verb = (uint8_t)state });
}

/* ---- our own ---- */

/* The path whose turn it was in our last check. Each check goes by all of them: it is told of one
 * at a time, so that a path that stays dead is told once a round. */
static void judge_turn(ol_duty *d) {
    const ol_checks *k = d->checks;
    if (d->paths == 0 || k->written_ms == 0)
        return;
    const ol_duty_path *path = &d->path[(k->number - 1) % d->paths];
    if (path->proven_ms < k->written_ms)
        ol_duty_tell(d, &(ol_duty_note){ .what = OL_DUTY_PATH_SILENT,
                                         .party = path->path.party,
                                         .path = path->path,
                                         .number = k->number });
}

static void checks_turn(ol_duty *d, const ol_duty_turn *t) {
    ol_checks *k = d->checks;
    if (d->o.check_s == 0)
        return;
    if (t->is_start)
        k->began_ms = k->due_ms = t->now.ms;
    judge_missed(d, t->now.ms);
    judge_state(d, t);
    if (t->now.ms < k->due_ms || k->is_due || d->o.is_silent)
        return;
    k->is_due = true;
    judge_turn(d);
    while (k->due_ms <= t->now.ms) /* counted from the start: what waited delays none after it */
        k->due_ms += UINT64_C(1000) * d->o.check_s;
}

static void checks_pump(ol_duty *d, const ol_duty_turn *t, ol_duty_effects *out) {
    ol_checks *k = d->checks;
    if (!k->is_due || k->asked > 0 || t->now.ms < k->retry_ms)
        return;
    ol_duty_effect *fx = ol_duty_put(out, &ol_checks_duty, 0, OL_KIND_CHECK);
    if (fx == NULL)
        return;
    ol_check c = { .number = k->number + 1, .interval = d->o.check_s };
    ol_watch_status on = { .officer = 0 };
    if (ol_watch_status_of(d, d->o.self, &on))
        c.watch = on.officer;
    ol_duty_proven(d, d->o.members, t->now, &c.proven);
    for (uint8_t i = 0; i < d->o.parties && c.missed < OL_MISSED_MAX; i++)
        if (is_other(d, i) && k->party[i].is_missed)
            c.miss[c.missed].party = i, c.miss[c.missed++].number = k->party[i].number;
    ol_wr w = ol_wr_of(fx->append.body, sizeof fx->append.body);
    ol_check_encode(&c, &w);
    OL_ASSERT(w.err == OL_OK);
    fx->append.len = w.len;
    k->asked = c.number;
}

static void checks_answered(ol_duty *d, uint32_t token, ol_err err) {
    ol_checks *k = d->checks;
    (void)token;
    if (err == OL_OK) {
        k->number = k->asked > k->number ? k->asked : k->number;
        k->is_due = false, k->written_ms = d->now.ms;
    } else {
        k->retry_ms = d->now.ms + OL_DUTY_RETRY_MS;
    }
    k->asked = 0;
}

static uint64_t checks_due_ms(const ol_duty *d) {
    const ol_checks *k = d->checks;
    if (d->o.check_s == 0)
        return OL_NEVER;
    uint64_t next = d->o.is_silent || k->asked > 0 ? OL_NEVER : k->is_due ? k->retry_ms : k->due_ms;
    for (uint8_t i = 0; i < d->o.parties; i++)
        if (is_other(d, i) && !k->party[i].is_missed)
            next = ol_duty_sooner(next, missed_ms(d, i));
    for (size_t i = 0; i < d->paths; i++)
        if (is_proven(d, &d->path[i], d->now.ms))
            next = ol_duty_sooner(next, d->path[i].proven_ms + reach_ms(d->o.check_s) + 1);
    uint64_t grown_ms = k->began_ms + reach_ms(d->o.check_s);
    return d->now.ms < grown_ms ? ol_duty_sooner(next, grown_ms) : next;
}

void ol_checks_status_of(const ol_duty *d, ol_checks_status *ret) {
    const ol_checks *k = d->checks;
    *ret = (ol_checks_status){ .state = k->state,
                               .since_ms = k->since_ms,
                               .since_wall = k->since_wall,
                               .number = k->number,
                               .due_ms = k->due_ms };
    for (uint8_t i = 0; i < d->o.parties; i++)
        ret->party[i] = (ol_checks_party){ .is_member = is_other(d, i),
                                           .is_missed = k->party[i].is_missed,
                                           .state = k->party[i].state,
                                           .number = k->party[i].number,
                                           .wall = k->party[i].wall,
                                           .heard_ms = k->party[i].heard_ms };
}

const ol_duty_row ol_checks_duty = { .open = checks_open,
                                     .close = checks_close,
                                     .fact = checks_fact,
                                     .turn = checks_turn,
                                     .pump = checks_pump,
                                     .answered = checks_answered,
                                     .due_ms = checks_due_ms };
