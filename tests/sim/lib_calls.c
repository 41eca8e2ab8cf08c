#include "lib_calls.h"
#include "lib_inner.h"

#include <string.h>

#include "record/verdict.h"
#include "wire/call.h"

const uint32_t sim_answer_s[4] = { 20, 40, 60, 90 };

typedef struct {
    size_t said; /* place in what was said */
    uint8_t status;
} placed;

typedef struct {
    ol_log_key log;
    uint64_t index, ms[SIM_PARTIES_MAX]; /* held by: OL_NEVER not yet */
    bool is_closed;
} truth;

typedef struct {
    ol_log_key log;
    uint64_t index, ms; /* written */
} closing;

struct sim_calls {
    SIM_VEC(placed) call;
    size_t vain; /* those from here on were placed on a dead line */
    SIM_VEC(truth) truth;
    SIM_VEC(closing) closing; /* of one call there may be several: copies, what was set back */
};

struct sim_calls *sim_calls_new(void) {
    struct sim_calls *c = calloc(1, sizeof *c);
    OL_ASSERT(c != NULL);
    return c;
}

void sim_calls_free(struct sim_calls *c) {
    if (c == NULL)
        return;
    free(c->call.v);
    free(c->truth.v);
    free(c->closing.v);
    free(c);
}

uint64_t sim_calls_longest_ms(void) {
    return (uint64_t)sim_answer_s[3] * 1000 * 5 / 4;
}

/* ---- what people do ---- */

static void say(sim_world *w, unsigned p, uint64_t kind, const ol_wr *body) {
    OL_ASSERT(body->err == OL_OK);
    sim_submit(w, p, OL_LANE_URGENT, kind, body->p, body->len);
}

static void call(sim_world *w, unsigned p) {
    uint8_t room[OL_ENTRY_MAX];
    ol_call c = { .precedence = (uint8_t)sim_random(w, OL_PRECEDENCES) };
    c.status = (uint8_t)sim_random(w, OL_STATUSES);
    c.rung = sim_random(w, SIM_RUNGS + 1), c.text = (ol_str){ "Are you there?", 14 };
    for (unsigned q = 0; q < w->parties && sim_one_in(w, 3); q++)
        if (q != w->st[p].party)
            c.called |= (uint16_t)(1u << q);
    *SIM_PUSH(&w->calls->call) = (placed){ .said = w->said.n, .status = c.status };
    ol_wr body = ol_wr_of(room, sizeof room);
    ol_call_encode(&c, &body);
    say(w, p, OL_KIND_CALL, &body);
}

/* A call that this station holds, by another (own: by itself); NULL: it has none. */
static const sim_said *known(sim_world *w, unsigned p, bool is_own, uint8_t *ret_status) {
    struct sim_calls *c = w->calls;
    for (unsigned tries = 0; c->call.n > 0 && tries < 8; tries++) {
        size_t last = c->call.n < 6 ? c->call.n : 6; /* the latest ones, mostly */
        size_t at = c->call.n - 1 - (size_t)sim_random(w, last);
        const sim_said *s = &w->said.v[c->call.v[at].said];
        if (s->is_told && (w->st[s->by].party == w->st[p].party) == is_own &&
            sim_size_in(w->st[p].store, &s->log) > s->index)
            return *ret_status = c->call.v[at].status, s;
    }
    return NULL;
}

static void reply(sim_world *w, unsigned p) {
    uint8_t room[OL_ENTRY_MAX], status;
    const sim_said *s = known(w, p, false, &status);
    if (s == NULL)
        return;
    ol_reply r = { .call = ol_ref_to(&s->log, s->index), .after = 1 };
    r.verb = sim_one_in(w, 2) ? OL_ANSWER : (uint8_t)(OL_DECLINE + sim_random(w, 2));
    r.seconds = r.verb == OL_DEFER ? 60 : 0;
    r.status = status;
    ol_wr body = ol_wr_of(room, sizeof room);
    ol_reply_encode(&r, &body);
    say(w, p, OL_KIND_REPLY, &body);
}

static void withdraw(sim_world *w, unsigned p) {
    uint8_t room[OL_ENTRY_MAX], status;
    const sim_said *s = known(w, p, true, &status);
    if (s == NULL)
        return;
    ol_close c = { .why = OL_CLOSE_WITHDRAWN, .call = ol_ref_to(&s->log, s->index), .after = 1 };
    ol_wr body = ol_wr_of(room, sizeof room);
    ol_close_encode(&c, &body);
    say(w, p, OL_KIND_CLOSE, &body);
}

void sim_calls_one(sim_world *w) {
    unsigned p = (unsigned)sim_random(w, w->stations);
    if (w->calls == NULL || !w->st[p].is_up || w->st[p].is_liar)
        return;
    switch (sim_random(w, 8)) {
    case 0:
    case 1:
    case 2:
        call(w, p);
        break;
    case 3:
        withdraw(w, p);
        break;
    default:
        reply(w, p);
    }
}

/* ---- what happened ---- */

static truth *truth_of(sim_world *w, const ol_log_key *log, uint64_t index) {
    for (size_t i = 0; i < w->calls->truth.n; i++)
        if (ol_log_key_eq(&w->calls->truth.v[i].log, log) && w->calls->truth.v[i].index == index)
            return &w->calls->truth.v[i];
    truth *t = SIM_PUSH(&w->calls->truth);
    *t = (truth){ .log = *log, .index = index };
    for (unsigned q = 0; q < SIM_PARTIES_MAX; q++)
        t->ms[q] = OL_NEVER;
    return t;
}

static uint64_t written_ms(const sim_world *w, const ol_log_key *log, uint64_t index) {
    for (size_t i = 0; i < w->calls->closing.n; i++) {
        const closing *k = &w->calls->closing.v[i];
        if (ol_log_key_eq(&k->log, log) && k->index == index)
            return k->ms;
    }
    return OL_NEVER;
}

void sim_calls_held(sim_world *w, unsigned p, const ol_log_key *log, uint64_t index,
                    const uint8_t *entry, size_t len) {
    static ol_entry e;
    ol_close c;
    const char *why = NULL;
    uint8_t party = w->st[p].party;
    if (ol_entry_decode(entry, len, &e) != OL_OK)
        return;
    if (e.kind == OL_KIND_CALL) {
        truth *t = truth_of(w, log, index);
        t->ms[party] = w->now_ms < t->ms[party] ? w->now_ms : t->ms[party];
    } else if (e.kind == OL_KIND_CLOSE && log->party == party &&
               ol_close_decode(e.body, e.body_len, &c, &why) == OL_OK) {
        ol_log_key of = { .party = c.call.party, .lane = c.call.lane };
        memcpy(of.incarnation, c.call.incarnation, OL_INC_LEN);
        truth_of(w, &of, c.call.index)->is_closed = true;
        if (written_ms(w, log, index) == OL_NEVER)
            *SIM_PUSH(&w->calls->closing) = (closing){ *log, index, w->now_ms };
    }
}

/* ---- verdicts ---- */

typedef struct {
    sim_world *w;
    ol_view *view;
    size_t log;
    ol_err err;
} filling;

static ol_err fill_entry(void *ctx, const ol_stored_entry *e) {
    filling *f = ctx;
    return ol_view_add_entry(f->view, f->log, e->entry, e->len);
}

static ol_err keep_key(void *ctx, const ol_stored_log *g) {
    *SIM_PUSH((sim_log_keys *)ctx) = g->key;
    return OL_OK;
}

static void settle_claims(sim_world *w, ol_view *v) {
    for (size_t i = 0; i < ol_view_claims(v); i++) {
        ol_view_claim c = ol_view_claim_at(v, i);
        CHECK(w, c.log != OL_VIEW_NONE, "a close carries a receipt of a log that is not there");
        CHECK(w, sim_was_signed(w, ol_view_log_key(v, c.log), c.party, c.size, c.time),
              "a close carries a receipt that nobody signed");
        ol_view_claim_holds(v, i);
    }
}

static ol_view *view_of(sim_world *w, unsigned p, ol_mem *mem) {
    ol_store *s = w->st[p].store;
    sim_log_keys keys = { 0 };
    filling f = { .w = w };
    ol_view_opts o = { .mem = mem, .parties = w->parties, .rungs = SIM_RUNGS };
    CHECK(w, ol_view_new(&o, &f.view) == OL_OK, "no view");
    OL_ASSERT(s->ops->logs(s, sim_line_id, keep_key, &keys) == OL_OK);
    for (size_t i = 0; i < keys.n; i++) {
        CHECK(w, ol_view_add_log(f.view, &keys.v[i], &f.log) == OL_OK, "a log twice");
        CHECK(w,
              s->ops->entries(s, sim_line_id, &keys.v[i], 0, OL_SIZE_MAX, fill_entry, &f) == OL_OK,
              "entries cannot be read");
    }
    free(keys.v);
    settle_claims(w, f.view);
    CHECK(w, ol_view_finish(f.view) == OL_OK, "a view cannot be finished");
    return f.view;
}

/* Of several closes the one that counts: in the log of the call, if one is there (§11.4). */
static uint64_t closed_ms(sim_world *w, const ol_view *v, const ol_log_key *call, size_t close) {
    ol_view_item k = ol_view_at(v, close);
    const ol_log_key *log = ol_view_log_key(v, k.log);
    uint64_t ms = written_ms(w, log, k.index);
    CHECK(w, ms != OL_NEVER, "a close that %s never wrote", w->card[call->party].name);
    return ms;
}

static void check_truth(sim_world *w, const ol_view *v, size_t call, uint8_t q,
                        const ol_verdict *is) {
    ol_view_item item = ol_view_at(v, ol_verdict_call(v, call).at);
    const ol_log_key *log = ol_view_log_key(v, item.log);
    const truth *t = truth_of(w, log, item.index);
    CHECK(w, is->name != OL_VERDICT_OPEN, "a call of %s is never closed", w->card[log->party].name);
    CHECK(w, is->name != OL_VERDICT_UNANSWERED || t->ms[q] <= closed_ms(w, v, log, is->close),
          "%s is said to have had a call in time", w->card[q].name);
}

static void check_same(sim_world *w, unsigned p, const ol_view *a, const ol_view *b) {
    CHECK(w, ol_verdict_calls(a) == ol_verdict_calls(b), "%c: another number of calls",
          sim_name(w, p));
    for (size_t i = 0; i < ol_verdict_calls(a); i++) {
        ol_call_word c = ol_verdict_call(a, i);
        for (uint8_t q = 0; q < w->parties; q++) {
            if ((c.called >> q & 1) == 0)
                continue;
            ol_verdict x = ol_verdict_of(a, i, q), y = ol_verdict_of(b, i, q);
            CHECK(w,
                  x.name == y.name && x.is_late == y.is_late && x.is_crossed == y.is_crossed &&
                      x.is_stored == y.is_stored && x.by == y.by && x.close == y.close,
                  "%c: another verdict on call %zu for %s: %s, %s", sim_name(w, p), i,
                  w->card[q].name, ol_verdict_text(x.name), ol_verdict_text(y.name));
            check_truth(w, a, i, q, &x);
            w->sum.verdicts[x.name] += p == 1;
        }
    }
}

/* All paths are dead, and everybody calls: nobody has it before it is closed. */
static void call_in_vain(sim_world *w) {
    w->calls->vain = w->calls->call.n;
    for (unsigned p = 0; p < w->parties; p++)
        for (unsigned q = 0; q < w->parties; q++)
            for (unsigned k = 0; k < w->slots[p][q]; k++)
                w->net->link[k][p][q].is_cut = true;
    sim_pass_ms(w, 60000); /* what is on its way arrives */
    for (unsigned p = 0; p < w->parties; p++)
        call(w, p);
    sim_pass_ms(w, 5000);
    for (unsigned p = 0; p < w->parties; p++) /* its close finds the disk full */
        sim_disk_full_in(w->st[p].disk, 1);
    sim_pass_ms(w, sim_calls_longest_ms() + 10000);
    for (size_t i = w->calls->vain; i < w->calls->call.n; i++) {
        const sim_said *s = &w->said.v[w->calls->call.v[i].said];
        CHECK(w, s->is_told && truth_of(w, &s->log, s->index)->is_closed,
              "%c: a call on a dead line is not closed", sim_name(w, s->by));
    }
}

void sim_calls_end(sim_world *w) {
    ol_mem mem;
    ol_view *first = NULL;
    if (w->calls == NULL)
        return;
    sim_pass_ms(w, sim_calls_longest_ms() + 10000);
    call_in_vain(w);
    (void)sim_converge(w, 0);
    ol_mem_heap(&mem, 256 << 20);
    for (unsigned p = 0; p < w->parties; p++) {
        ol_view *v = view_of(w, p, &mem);
        if (first == NULL) {
            first = v;
            continue;
        }
        check_same(w, p, first, v);
        ol_view_free(v);
    }
    ol_view_free(first);
}
