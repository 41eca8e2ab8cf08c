#include "record/verdict.h"

#include "record/view_parts.h"

/* ── what there is ─────────────────────────────────────────────────────────────────────────────*/

static const vw_word *call_at(const ol_view *v, size_t call) {
    OL_ASSERT(call < v->calls);
    return &v->word[v->call[call]];
}

static ol_call_word word_of(const ol_view *v, const vw_word *w) {
    const vw_log *log = &v->log[w->place.log];
    const vw_row *row = &log->row[w->place.row];
    return (ol_call_word){ .at = w->at,
                           .kind = w->kind,
                           .author = log->key.party,
                           .what = w->what,
                           .rung = w->rung,
                           .precedence = row->precedence,
                           .status = row->status,
                           .called = w->called,
                           .seconds = w->seconds,
                           .after = w->after };
}

size_t ol_verdict_calls(const ol_view *v) {
    return v->calls;
}

ol_call_word ol_verdict_call(const ol_view *v, size_t call) {
    return word_of(v, call_at(v, call));
}

size_t ol_verdict_words(const ol_view *v, size_t call) {
    return call_at(v, call)->words;
}

ol_call_word ol_verdict_word(const ol_view *v, size_t call, size_t nth) {
    OL_ASSERT(nth < ol_verdict_words(v, call));
    return word_of(v, call_at(v, call) + 1 + nth);
}

/* ── the verdict ───────────────────────────────────────────────────────────────────────────────*/

typedef struct {
    const ol_view *v;
    const vw_word *call, *close; /* close: NULL where there is none */
    uint8_t party;
    ol_verdict *is;
} judging;

static void take_word(judging *j, const vw_word *w, const vw_word **reply) {
    bool is_theirs = j->v->log[w->place.log].key.party == j->party;
    if (w->kind == OL_KIND_RING && is_theirs)
        j->is->has_rung = true, j->is->is_ended = j->is->is_ended || w->what == OL_RING_ENDED;
    if (w->kind != OL_KIND_REPLY || !is_theirs)
        return;
    bool is_answered = *reply != NULL && (*reply)->what == OL_ANSWER;
    if (!is_answered) /* the first answer, else the last of the others */
        *reply = w;
}

/* §11.4: it verifies, covers the call, and the close lies in another log or above its size. */
static void take_receipt(judging *j) {
    const vw_word *k = j->close, *c = j->call;
    for (size_t i = 0; i < k->claims; i++) {
        const vw_claim *claim = &j->v->claim[k->claim + i];
        bool is_above = k->place.log != c->place.log || k->place.row >= claim->size;
        if (claim->party != j->party || !claim->holds || claim->size <= c->place.row || !is_above)
            continue;
        j->is->has_receipt = true, j->is->size = claim->size, j->is->time = claim->time;
    }
}

/* An entry in an urgent log of theirs that has seen the call and not the close. */
static void take_witness(judging *j) {
    for (size_t i = 0; i < j->v->logs; i++) {
        const vw_log *log = &j->v->log[i];
        if (log->key.party != j->party || log->key.lane != OL_LANE_URGENT)
            continue;
        size_t number = ol_vw_number_of(j->v, i, j->call->place.log);
        vw_place x = { i, ol_vw_row_of_seen(log, number, j->call->place.row + 1) };
        if (x.row == log->rows || ol_vw_has_seen(j->v, x, j->close->place))
            continue;
        size_t at = log->row[x.row].at;
        bool is_known = ol_vw_has_seen(j->v, j->close->place, x);
        bool is_better = is_known == j->is->is_known ? at < j->is->witness : is_known;
        if (is_better)
            j->is->witness = at, j->is->is_known = is_known;
    }
}

static void judge_reply(judging *j, const vw_word *reply) {
    static const ol_verdict_name by[] = { [OL_ANSWER] = OL_VERDICT_ANSWERED,
                                          [OL_DECLINE] = OL_VERDICT_DECLINED,
                                          [OL_DEFER] = OL_VERDICT_DEFERRED };
    j->is->name = by[reply->what], j->is->by = reply->at;
    if (j->close == NULL)
        return;
    j->is->is_late = ol_vw_has_seen(j->v, reply->place, j->close->place);
    j->is->is_crossed = !j->is->is_late && !ol_vw_has_seen(j->v, j->close->place, reply->place);
}

ol_verdict ol_verdict_of(const ol_view *v, size_t call, uint8_t party) {
    ol_verdict is = { .by = OL_VIEW_NONE, .close = OL_VIEW_NONE, .witness = OL_VIEW_NONE };
    judging j = { .v = v, .call = call_at(v, call), .party = party, .is = &is };
    j.close = ol_vw_close_of(j.call);
    const vw_word *reply = NULL;
    OL_ASSERT(party < 64 && (j.call->called >> party & 1) != 0);
    for (size_t n = ol_verdict_words(v, call), i = 1; i <= n; i++)
        take_word(&j, j.call + i, &reply);
    if (j.close != NULL) {
        is.close = j.close->at;
        take_receipt(&j);
        take_witness(&j);
    }
    bool is_held = is.has_receipt || is.witness != OL_VIEW_NONE;
    if (reply != NULL)
        judge_reply(&j, reply);
    else if (j.close == NULL)
        is.name = OL_VERDICT_OPEN;
    else if (is.has_receipt || (is_held && is.is_known))
        is.name = OL_VERDICT_UNANSWERED;
    else
        is.name = OL_VERDICT_UNREACHED, is.is_stored = is_held;
    return is;
}

const char *ol_verdict_text(ol_verdict_name name) {
    static const char *const text[] = { "open",     "unreached", "unanswered",
                                        "deferred", "declined",  "answered" };
    OL_ASSERT((unsigned)name < OL_LEN(text));
    return text[name];
}

bool ol_verdict_path_of(const ol_view *v, size_t call, uint8_t party, size_t nth, ol_proven *ret) {
    const vw_word *k = ol_vw_close_of(call_at(v, call));
    for (size_t i = 0; k != NULL && i < k->paths; i++) {
        const ol_proven *p = &v->path[k->path + i];
        if (p->party != party || nth-- > 0)
            continue;
        *ret = *p;
        return true;
    }
    return false;
}
