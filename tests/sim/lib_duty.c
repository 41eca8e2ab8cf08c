/* A duty machine beside each engine, as station/duty.c drives it. */
#include "lib_calls.h"
#include "lib_inner.h"

#include "line/duty.h"
#include "wire/call.h"

enum { FEED_MAX = 4096, TURNS_MAX = 256 };

typedef struct {
    ol_log_key log;
    uint64_t index;
} own_call;

struct sim_duty {
    ol_duty *d;
    ol_mem mem;
    uint64_t seq, at_ms;
    bool is_new, is_due;     /* due: something was fed */
    SIM_VEC(uint32_t) token; /* of its own, by ours */
    SIM_VEC(own_call) call;  /* that it may place again: of before its start, and its own since */
};

typedef struct {
    sim_world *w;
    unsigned p;
    struct sim_duty *duty;
    bool is_history;
    size_t n;
} feeding;

static void placed_again(feeding *f, const ol_ref *ref) {
    struct sim_duty *duty = f->duty;
    size_t i = 0;
    while (i < duty->call.n && !ol_ref_fits(ref, &duty->call.v[i].log, duty->call.v[i].index))
        i++;
    CHECK(f->w, i < duty->call.n, "%c places a call again twice, or one of another's",
          sim_name(f->w, f->p));
    duty->call.v[i] = duty->call.v[--duty->call.n];
}

/* Each call is placed again once in a run, and nothing that came during it from elsewhere. */
static void see_call(feeding *f, const ol_stored_entry *e) {
    const sim_station *s = &f->w->st[f->p];
    static ol_entry entry;
    const char *why;
    ol_marker marker;
    ol_call c;
    if (e->log.party != s->party || ol_entry_decode(e->entry, e->len, &entry) != OL_OK ||
        entry.kind != OL_KIND_CALL || ol_call_decode(entry.body, entry.body_len, &c, &why) != OL_OK)
        return;
    ol_line_marker(s->line, &marker);
    bool is_here = marker.has[OL_LANE_URGENT] &&
                   memcmp(marker.incarnation[OL_LANE_URGENT], e->log.incarnation, OL_INC_LEN) == 0;
    if (c.has_ref && is_here && !f->is_history)
        placed_again(f, &c.ref);
    if (is_here || f->is_history)
        *SIM_PUSH(&f->duty->call) = (own_call){ e->log, e->index };
}

static ol_err feed_entry(void *ctx, const ol_stored_entry *e) {
    feeding *f = ctx;
    ol_duty_event ev = { .kind = OL_DUTY_ENTRY };
    f->duty->seq = e->seq, f->n++;
    sim_calls_held(f->w, f->p, &e->log, e->index, e->entry, e->len);
    see_call(f, e);
    ev.entry.log = e->log, ev.entry.index = e->index, ev.entry.p = e->entry, ev.entry.len = e->len;
    ev.entry.is_history = f->is_history;
    return ol_duty_step(f->duty->d, &ev, sim_mono(f->w, f->p), NULL);
}

static ol_err feed_receipt(void *ctx, const ol_stored_receipt *r) {
    feeding *f = ctx;
    ol_duty_event ev = { .kind = OL_DUTY_RECEIPT };
    f->duty->seq = r->seq, f->n++;
    if (r->sig == NULL)
        return OL_OK; /* ours, about to be signed */
    ev.receipt.log = r->log, ev.receipt.size = r->size, ev.receipt.time = r->time;
    ev.receipt.sig = r->sig, ev.receipt.party = r->party, ev.receipt.is_history = f->is_history;
    return ol_duty_step(f->duty->d, &ev, sim_mono(f->w, f->p), NULL);
}

static void feed(sim_world *w, unsigned p, bool is_history) {
    feeding f = { .w = w, .p = p, .duty = w->st[p].duty, .is_history = is_history };
    ol_store *s = w->st[p].store;
    do {
        f.n = 0;
        ol_err err =
            s->ops->since(s, sim_line_id, f.duty->seq, FEED_MAX, feed_entry, feed_receipt, &f);
        CHECK(w, err == OL_OK, "%c: duty: %s", sim_name(w, p), ol_err_name(err));
        f.duty->is_due = f.duty->is_due || f.n > 0;
    } while (f.n == FEED_MAX);
}

void sim_duty_begin(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    if (w->calls == NULL || !s->is_up)
        return;
    struct sim_duty *duty = s->duty = calloc(1, sizeof *duty);
    OL_ASSERT(duty != NULL);
    ol_mem_heap(&duty->mem, 8 << 20);
    ol_duty_opts o = { .mem = &duty->mem, .self = s->party, .parties = (uint8_t)w->parties };
    o.rungs = SIM_RUNGS, o.members = (UINT32_C(1) << w->parties) - 1, o.check_s = SIM_CHECK_S;
    memcpy(o.answer_s, sim_answer_s, sizeof o.answer_s);
    CHECK(w, ol_duty_new(&o, &duty->d) == OL_OK, "no duty machine");
    feed(w, p, true);
    duty->is_due = true, duty->at_ms = OL_NEVER;
    duty->is_new = true;
}

void sim_duty_end(sim_world *w, unsigned p) {
    struct sim_duty *duty = w->st[p].duty;
    if (duty == NULL)
        return;
    ol_duty_free(duty->d);
    CHECK(w, duty->mem.used == 0, "%c: its duty machine leaks", sim_name(w, p));
    free(duty->token.v);
    free(duty->call.v);
    free(duty);
    w->st[p].duty = NULL;
}

uint64_t sim_duty_next_ms(const sim_world *w, unsigned p) {
    const sim_station *s = &w->st[p];
    return s->duty == NULL ? OL_NEVER : s->duty->is_due ? w->now_ms : s->duty->at_ms;
}

static void append(sim_world *w, unsigned p, const ol_duty_effect *fx) {
    struct sim_duty *duty = w->st[p].duty;
    ol_event ev = { .kind = EV_SUBMIT };
    ev.submit.token = SIM_DUTY_TOKEN + (uint32_t)duty->token.n;
    *SIM_PUSH(&duty->token) = fx->append.token;
    ev.submit.lane = OL_LANE_URGENT, ev.submit.kind = fx->append.kind;
    ev.submit.body = (ol_bytes){ fx->append.body, fx->append.len };
    SAY(w, "%c writes an entry of kind %llu", sim_name(w, p), (unsigned long long)fx->append.kind);
    sim_step(w, p, &ev);
}

void sim_duty_reply(sim_world *w, unsigned p, const ol_effect *fx) {
    struct sim_duty *duty = w->st[p].duty;
    uint32_t at = fx->reply.token - SIM_DUTY_TOKEN;
    CHECK(w, duty != NULL && at < duty->token.n, "%c: a reply to nothing", sim_name(w, p));
    ol_duty_event ev = { .kind = OL_DUTY_ANSWERED };
    ev.answered.token = duty->token.v[at], ev.answered.err = fx->reply.err;
    CHECK(w, ol_duty_step(duty->d, &ev, sim_mono(w, p), NULL) == OL_OK, "an answer is refused");
    duty->is_due = true;
}

static void tell_paths(sim_world *w, unsigned p) {
    const sim_station *s = &w->st[p];
    ol_duty_path path[SIM_PARTIES_MAX * OL_PATHS_PER_PEER];
    ol_duty_event ev = { .kind = OL_DUTY_PATHS, .paths = { .v = path } };
    for (unsigned q = 0; q < w->parties; q++)
        for (unsigned k = 0; q != s->party && k < w->slots[s->party][q]; k++) {
            ol_path_status st;
            ol_duty_path *to = &path[ev.paths.n++];
            ol_line_path_status(s->line, (ol_path_id)(q * OL_PATHS_PER_PEER + k), &st);
            *to = (ol_duty_path){ .path = { .party = (uint8_t)q }, .proven_ms = st.proven_ms };
            OL_ASSERT(ol_paths_name("sim", 3, k, to->path.bearer));
        }
    OL_ASSERT(ol_duty_step(s->duty->d, &ev, sim_mono(w, p), NULL) == OL_OK);
}

/* True: there is more of it. */
static bool turn(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    static ol_duty_effects out; /* large; one at a time */
    ol_marker marker;
    ol_line_marker(s->line, &marker);
    ol_duty_event ev = { .kind = OL_DUTY_TURN };
    ev.turn.wall = sim_wall(w, p), ev.turn.is_start = s->duty->is_new;
    ev.turn.has_log = marker.has[OL_LANE_URGENT];
    memcpy(ev.turn.incarnation, marker.incarnation[OL_LANE_URGENT], OL_INC_LEN);
    CHECK(w, ol_duty_step(s->duty->d, &ev, sim_mono(w, p), &out) == OL_OK, "no turn");
    s->duty->is_new = s->duty->is_due = false;
    s->duty->at_ms =
        out.at_ms == OL_NEVER ? OL_NEVER : s->boot_ms + (out.at_ms == 0 ? 0 : out.at_ms - 1);
    if (s->duty->at_ms <= w->now_ms)
        s->duty->at_ms = w->now_ms + 1;
    bool has_more = out.more;
    for (size_t i = 0; i < out.n && s->is_up && !s->is_dying; i++) {
        sim_mark_trace(w, out.v[i].kind * 100 + p);
        if (out.v[i].kind == OL_DUTY_APPEND) {
            ol_duty_effect fx = out.v[i];
            append(w, p, &fx);
        }
    }
    return has_more;
}

bool sim_duty_turn(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    if (s->duty == NULL || !s->is_up || s->is_dying)
        return false;
    feed(w, p, false);
    if (!s->duty->is_due && s->duty->at_ms > w->now_ms)
        return false;
    tell_paths(w, p);
    for (unsigned n = 0; s->is_up && !s->is_dying && turn(w, p); n++)
        CHECK(w, n < TURNS_MAX, "%c: duty without end", sim_name(w, p));
    return true;
}
