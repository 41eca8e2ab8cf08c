/* Which calls there are, the receipts of the logs they stand in, and what is asked of them. */
#include "line/call_parts.h"

enum { SERIAL_MAX = (1 << 26) - 1 };

ol_tracked *ol_call_find(const ol_duty *d, const ol_log_key *log, uint64_t index) {
    for (ol_tracked *c = d->calls->first; c != NULL; c = c->next)
        if (c->index == index && ol_log_key_eq(&c->log, log))
            return c;
    return NULL;
}

ol_tracked *ol_call_of_ref(const ol_duty *d, const ol_ref *ref) {
    ol_tracked *found = NULL;
    for (ol_tracked *c = d->calls->first; c != NULL; c = c->next) {
        if (!ol_ref_fits(ref, &c->log, c->index))
            continue;
        if (found != NULL)
            return NULL; /* several: none (§11) */
        found = c;
    }
    return found;
}

bool ol_call_is_own(const ol_duty *d, const ol_tracked *c) {
    return c->log.party == d->o.self;
}

bool ol_call_is_drill(const ol_tracked *c) {
    return c->status != OL_OPERATIONAL;
}

/* The open ones of an author that count against one more of this status. to: only those that call
 * this party; OL_PARTIES_MAX: those that do not call us. */
static size_t open_of(const ol_duty *d, uint8_t author, uint8_t to, uint8_t status) {
    size_t n = 0;
    for (const ol_tracked *c = d->calls->first; c != NULL; c = c->next) {
        bool is_counted = c->log.party == author && c->state != OL_CALL_CLOSED &&
                          (status != OL_OPERATIONAL || !ol_call_is_drill(c));
        n += is_counted &&
             (to < OL_PARTIES_MAX ? (c->called >> to & 1) != 0 : c->state == OL_CALL_WATCHED);
    }
    return n;
}

static bool has_room_for_own(const ol_duty *d) {
    size_t n = 0;
    for (const ol_tracked *c = d->calls->first; c != NULL; c = c->next)
        n += ol_call_is_own(d, c) && c->state != OL_CALL_CLOSED;
    return n < OL_CALLS_OWN_MAX;
}

static uint32_t called_of(const ol_duty *d, uint8_t author, uint32_t called) {
    uint32_t all = d->o.members & ~(UINT32_C(1) << author);
    return called != 0 ? called & all : all;
}

ol_calls_rooms ol_calls_room(const ol_duty *d, uint8_t author, uint32_t called, uint8_t status) {
    called = called_of(d, author, called);
    if (author != d->o.self) {
        uint8_t to = (called >> d->o.self & 1) != 0 ? d->o.self : OL_PARTIES_MAX;
        bool has_room = open_of(d, author, to, status) < OL_CALLS_OPEN_MAX;
        return has_room ? OL_CALLS_ROOM : OL_CALLS_UNRUNG;
    }
    if (!has_room_for_own(d))
        return OL_CALLS_FULL;
    for (uint8_t p = 0; p < OL_PARTIES_MAX; p++)
        if ((called >> p & 1) != 0 && open_of(d, author, p, status) >= OL_CALLS_OPEN_MAX)
            return OL_CALLS_UNRUNG;
    return OL_CALLS_ROOM;
}

/* ── which there are ───────────────────────────────────────────────────────────────────────── */

static uint8_t copy(char *to, size_t cap, ol_str s) {
    OL_ASSERT(s.len <= cap); /* it was decoded */
    if (s.len > 0)
        memcpy(to, s.p, s.len);
    return (uint8_t)s.len;
}

static void fill(ol_duty *d, ol_tracked *c, const ol_duty_fact *f, const ol_call *call) {
    c->log = *f->log, c->index = f->index, c->wall = c->origin_wall = f->e->wall;
    c->precedence = call->precedence, c->status = call->status, c->purpose = call->purpose;
    c->rung = (uint8_t)call->rung;
    c->text_len = copy(c->text, sizeof c->text, call->text);
    c->lang_len = copy(c->lang, sizeof c->lang, call->lang);
    c->of_len = copy(c->of, sizeof c->of, call->of);
    c->has_ref = call->has_ref, c->ref = call->ref;
    c->called = (uint16_t)called_of(d, f->log->party, call->called);
    c->due_ms = OL_NEVER;
    c->state = ol_call_is_own(d, c)                ? OL_CALL_PLACED
               : (c->called >> d->o.self & 1) != 0 ? OL_CALL_NEW
                                                   : OL_CALL_WATCHED;
}

ol_err ol_call_track(ol_duty *d, const ol_duty_fact *f, const ol_call *call, ol_tracked **ret) {
    ol_tracked *before = call->has_ref && f->is_own ? ol_call_of_ref(d, &call->ref) : NULL;
    *ret = NULL;
    if (before != NULL && ol_call_is_own(d, before))
        before->is_taken_up = true;
    else
        before = NULL;
    bool is_tracked =
        f->is_own ? has_room_for_own(d)
                  : ol_calls_room(d, f->log->party, call->called, call->status) == OL_CALLS_ROOM;
    if (!is_tracked)
        return OL_OK;
    ol_tracked *c = ol_mem_get0(d->o.mem, 1, sizeof *c);
    if (c == NULL)
        return OL_ENOMEM;
    fill(d, c, f, call);
    if (before != NULL)
        c->origin_wall = before->origin_wall;
    d->calls->serial = d->calls->serial % SERIAL_MAX + 1;
    c->serial = d->calls->serial;
    ol_tracked **at = &d->calls->first;
    while (*at != NULL)
        at = &(*at)->next;
    *at = c;
    *ret = c;
    return OL_OK;
}

/* Of calls between others nothing waits for ever; our own are told to the end. */
static bool is_to_stay(const ol_duty *d, const ol_tracked *c) {
    bool is_news = c->is_placed_new || c->is_end_new || c->news != 0;
    return c->state != OL_CALL_CLOSED || c->wants != 0 || (c->sent >> OL_WRITE_AGAIN & 1) != 0 ||
           (is_news && ol_call_is_own(d, c));
}

/* The oldest that have ended and have nothing to write are forgotten. */
void ol_call_forget_old(ol_duty *d) {
    size_t ended = 0;
    for (const ol_tracked *c = d->calls->first; c != NULL; c = c->next)
        ended += c->state == OL_CALL_CLOSED;
    ol_tracked **at = &d->calls->first;
    while (*at != NULL && ended > OL_CALLS_KEPT_MAX) {
        ol_tracked *c = *at;
        if (is_to_stay(d, c)) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        d->notes_lost += (unsigned)c->is_placed_new + c->is_end_new + (c->news != 0);
        ol_mem_put(d->o.mem, c, 1, sizeof *c);
        ended--;
    }
}

const ol_call_early *ol_call_early_of(const ol_duty *d, const ol_log_key *log, uint64_t index) {
    const ol_call_early *v = d->calls->early[log->party];
    for (size_t i = 0; i < OL_CALL_EARLY_MAX; i++)
        if (v[i].is_used && v[i].index == index && ol_log_key_eq(&v[i].log, log))
            return &v[i];
    return NULL;
}

void ol_call_note_early(ol_duty *d, const ol_log_key *in, const ol_close *k) {
    ol_call_early e = { .index = k->call.index, .why = k->why, .is_used = true };
    e.log = (ol_log_key){ .party = in->party, .lane = OL_LANE_URGENT };
    memcpy(e.log.incarnation, k->call.incarnation, sizeof e.log.incarnation);
    if (ol_log_key_eq(&e.log, in) || ol_call_early_of(d, &e.log, e.index) != NULL)
        return;
    uint8_t *at = &d->calls->early_at[in->party];
    d->calls->early[in->party][*at] = e;
    *at = (uint8_t)((*at + 1) % OL_CALL_EARLY_MAX);
}

void ol_call_free_all(ol_duty *d) {
    while (d->calls->first != NULL) {
        ol_tracked *c = d->calls->first;
        d->calls->first = c->next;
        ol_mem_put(d->o.mem, c, 1, sizeof *c);
    }
    ol_mem_put(d->o.mem, d->calls, 1, sizeof *d->calls);
}

/* ── receipts ──────────────────────────────────────────────────────────────────────────────── */

static bool has_open(const ol_duty *d, const ol_log_key *log) {
    for (const ol_tracked *c = d->calls->first; c != NULL; c = c->next)
        if (c->state == OL_CALL_PLACED && ol_log_key_eq(&c->log, log))
            return true;
    return false;
}

/* By our own entries alone, the newest first: what others receipt moves nothing. Of more than fit
 * the oldest without an open call is dropped. */
void ol_call_note_log(ol_duty *d, const ol_log_key *log) {
    ol_call_receipts *v = d->calls->log;
    for (size_t i = 0; i < OL_CALL_LOGS_MAX; i++)
        if (v[i].is_used && ol_log_key_eq(&v[i].log, log))
            return;
    size_t last = OL_CALL_LOGS_MAX - 1;
    while (last > 0 && v[last].is_used && has_open(d, &v[last].log))
        last--;
    if (last == 0) /* in all of them stands one: that of the oldest log is closed without */
        last = OL_CALL_LOGS_MAX - 1;
    memmove(v + 1, v, last * sizeof *v);
    memset(v, 0, sizeof *v);
    v->log = *log, v->is_used = true;
}

const ol_call_receipts *ol_call_receipts_of(const ol_duty *d, const ol_log_key *log) {
    for (size_t i = 0; i < OL_CALL_LOGS_MAX; i++)
        if (d->calls->log[i].is_used && ol_log_key_eq(&d->calls->log[i].log, log))
            return &d->calls->log[i];
    return NULL;
}

void ol_call_note_receipt(ol_duty *d, const ol_duty_receipt *r) {
    if (r->log->party != d->o.self || r->log->lane != OL_LANE_URGENT || r->party == d->o.self ||
        r->time > OL_TIME_MAX)
        return;
    ol_call_receipts *v = (ol_call_receipts *)(uintptr_t)ol_call_receipts_of(d, r->log);
    if (v == NULL || r->size <= v->of[r->party].size)
        return;
    v->of[r->party] = (ol_close_receipt){ .party = r->party, .size = r->size, .time = r->time };
    memcpy(v->of[r->party].sig, r->sig, OL_SIG_LEN);
}

/* ── what is told and asked ────────────────────────────────────────────────────────────────── */

static bool tell(const ol_tracked *c, ol_duty_effects *out, ol_duty_note note) {
    note.log = c->log, note.index = c->index;
    note.precedence = c->precedence, note.status = c->status;
    return ol_duty_put_note(out, &note);
}

/* The last word of a party alone: whoever has replied no longer rings. */
static ol_duty_note said(const ol_tracked *c, uint8_t party) {
    static const struct {
        ol_duty_what what;
        uint8_t verb;
    } of[OL_CALLED_WORDS] = { [OL_CALLED_RINGS] = { OL_DUTY_CALL_RINGS, 0 },
                              [OL_CALLED_SILENT] = { OL_DUTY_CALL_SILENT, 0 },
                              [OL_CALLED_ANSWERED] = { OL_DUTY_CALL_REPLIED, OL_ANSWER },
                              [OL_CALLED_DECLINED] = { OL_DUTY_CALL_REPLIED, OL_DECLINE },
                              [OL_CALLED_DEFERRED] = { OL_DUTY_CALL_REPLIED, OL_DEFER } };
    const ol_callee *q = &c->party[party];
    bool is_end = q->word == OL_CALLED_SILENT;
    return (ol_duty_note){ .what = of[q->word].what,
                           .party = party,
                           .verb = of[q->word].verb,
                           .rung = q->rung,
                           .seconds = is_end ? 0 : q->seconds };
}

void ol_call_tell(ol_tracked *c, ol_duty_effects *out) {
    const ol_duty_note placed = { .what = OL_DUTY_CALL_PLACED,
                                  .party = c->log.party,
                                  .rung = c->rung };
    const ol_duty_note closed = { .what = OL_DUTY_CALL_CLOSED,
                                  .party = c->log.party,
                                  .verb = c->why };
    c->is_placed_new = c->is_placed_new && !tell(c, out, placed);
    for (uint8_t p = 0; p < OL_PARTIES_MAX; p++)
        if ((c->news >> p & 1) != 0 && tell(c, out, said(c, p)))
            c->news &= (uint16_t) ~(1u << p);
    c->is_end_new = c->is_end_new && !tell(c, out, closed);
}

uint64_t ol_call_after(const ol_tracked *c, ol_mono now) {
    uint64_t here = c->has_begun && now.ms > c->begin_ms ? (now.ms - c->begin_ms) / 1000 : 0;
    return c->base_s + here;
}

uint64_t ol_call_time_s(const ol_duty *d, const ol_tracked *c) {
    uint64_t all = d->o.answer_s[c->precedence], more = all / 4;
    return all + (more > 5 ? more : 5);
}

static uint64_t left_s(const ol_tracked *c, ol_mono now) {
    bool runs = c->has_begun && (c->state == OL_CALL_RINGS || c->state == OL_CALL_PLACED);
    return runs && c->due_ms > now.ms ? (c->due_ms - now.ms + 999) / 1000 : 0;
}

bool ol_calls_at(const ol_duty *d, size_t n, ol_mono now, ol_call_status *ret) {
    const ol_tracked *c = d->calls->first;
    while (c != NULL && n-- > 0)
        c = c->next;
    if (c == NULL)
        return false;
    *ret = (ol_call_status){ .log = c->log,
                             .index = c->index,
                             .wall = c->wall,
                             .state = c->state,
                             .precedence = c->precedence,
                             .status = c->status,
                             .purpose = c->purpose,
                             .rung = c->rung,
                             .text = { c->text, c->text_len },
                             .lang = { c->lang, c->lang_len },
                             .of = { c->of, c->of_len },
                             .has_ref = c->has_ref,
                             .ref = c->ref,
                             .called = c->called,
                             .since_s = ol_call_after(c, now),
                             .left_s = left_s(c, now),
                             .why = c->why };
    for (uint8_t p = 0; p < OL_PARTIES_MAX; p++) {
        const ol_callee *q = &c->party[p];
        ret->party[p] =
            (ol_called){ .word = q->word,
                         .rung = q->rung,
                         .after = q->after,
                         .seconds = q->seconds,
                         .since_s = now.ms > q->at_ms ? (now.ms - q->at_ms) / 1000 : 0 };
    }
    return true;
}

const char *ol_call_state_name(unsigned state) {
    static const char *const name[] = { "new",    "rings",   "silent", "replied",
                                        "placed", "watched", "closed" };
    return state < OL_LEN(name) ? name[state] : NULL;
}

const char *ol_called_word_name(unsigned word) {
    static const char *const name[] = { "nothing",  "rings",    "silent",
                                        "answered", "declined", "deferred" };
    return word < OL_LEN(name) ? name[word] : NULL;
}
