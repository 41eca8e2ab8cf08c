/* What verdicts need of calls, rings, replies and closes (§4.9), kept while entries come and put in
 * order when they are all there. */
#include <stdlib.h>

#include "record/verdict.h"
#include "record/view_parts.h"

/* ── kept ──────────────────────────────────────────────────────────────────────────────────────*/

static void take_call(const vw_log *log, const ol_entry *e, vw_row *row, vw_word *w) {
    ol_call c;
    const char *why = NULL;
    if (ol_call_decode(e->body, e->body_len, &c, &why) != OL_OK)
        return;
    row->has_status = true, row->status = c.status, row->precedence = c.precedence;
    w->what = c.purpose, w->rung = (uint8_t)c.rung;
    for (unsigned p = 0; p < log->members; p++)
        if ((c.called >> p & 1) != 0)
            w->called |= UINT64_C(1) << log->member[p];
    if (c.called == 0)
        w->called = ~UINT64_C(0);
    w->called &= log->present & ~(UINT64_C(1) << log->key.party);
}

static void take_ring(const ol_entry *e, vw_word *w) {
    ol_ring r;
    const char *why = NULL;
    if (ol_ring_decode(e->body, e->body_len, &r, &why) == OL_OK)
        w->what = r.state, w->rung = (uint8_t)r.rung, w->seconds = r.seconds, w->after = r.after;
}

static void take_reply(const ol_entry *e, vw_row *row, vw_word *w) {
    ol_reply r;
    const char *why = NULL;
    if (ol_reply_decode(e->body, e->body_len, &r, &why) != OL_OK)
        return;
    row->has_status = true, row->status = r.status;
    w->what = r.verb, w->rung = (uint8_t)r.rung, w->seconds = r.seconds, w->after = r.after;
}

static ol_err take_receipts(ol_view *v, const vw_log *log, const ol_close *c, vw_word *w) {
    if (c->receipts == 0)
        return OL_OK;
    vw_claim *claim =
        ol_mem_grow(v->opts.mem, v->claim, &v->claims_cap, v->claims + c->receipts, sizeof *claim);
    if (claim == NULL)
        return OL_ENOMEM;
    v->claim = claim;
    w->claim = v->claims, w->claims = (uint8_t)c->receipts;
    for (size_t i = 0; i < c->receipts; i++) {
        const ol_close_receipt *r = &c->receipt[i];
        claim = &v->claim[v->claims++];
        *claim = (vw_claim){ .close = w->place, .log = { .lane = c->call.lane } };
        claim->log.party = log->member[c->call.party];
        memcpy(claim->log.incarnation, c->call.incarnation, OL_INC_LEN);
        claim->party = log->member[r->party], claim->size = r->size, claim->time = r->time;
        memcpy(claim->sig, r->sig, OL_SIG_LEN);
    }
    return OL_OK;
}

static ol_err take_paths(ol_view *v, const vw_log *log, const ol_close *c, vw_word *w) {
    size_t n = c->paths.n;
    if (n == 0)
        return OL_OK;
    ol_proven *path = ol_mem_grow(v->opts.mem, v->path, &v->paths_cap, v->paths + n, sizeof *path);
    if (path == NULL)
        return OL_ENOMEM;
    v->path = path;
    w->path = v->paths, w->paths = (uint8_t)n;
    for (size_t i = 0; i < n; i++) {
        v->path[v->paths] = c->paths.v[i];
        v->path[v->paths++].party = log->member[c->paths.v[i].party];
    }
    return OL_OK;
}

static ol_err take_close(ol_view *v, const vw_log *log, const ol_entry *e, vw_word *w) {
    ol_close c;
    const char *why = NULL;
    if (ol_close_decode(e->body, e->body_len, &c, &why) != OL_OK)
        return OL_OK;
    w->what = c.why, w->after = c.after;
    ol_err err = take_receipts(v, log, &c, w);
    return err == OL_OK ? take_paths(v, log, &c, w) : err;
}

ol_err ol_vw_take_call(ol_view *v, size_t at, const ol_entry *e, vw_row *row) {
    if (e->kind < OL_KIND_CALL || e->kind > OL_KIND_CLOSE)
        return OL_OK;
    const vw_log *log = &v->log[at];
    vw_word *word = ol_mem_grow(v->opts.mem, v->word, &v->words_cap, v->words + 1, sizeof *v->word);
    if (word == NULL)
        return OL_ENOMEM;
    v->word = word;
    word = &v->word[v->words++];
    *word = (vw_word){ .place = { at, log->rows }, .kind = (uint8_t)e->kind };
    if (e->kind == OL_KIND_CALL)
        take_call(log, e, row, word);
    else if (e->kind == OL_KIND_RING)
        take_ring(e, word);
    else if (e->kind == OL_KIND_REPLY)
        take_reply(e, row, word);
    else
        return take_close(v, log, e, word);
    return OL_OK;
}

void ol_vw_free_calls(ol_view *v) {
    ol_mem *mem = v->opts.mem;
    ol_mem_put(mem, v->word, v->words_cap, sizeof *v->word);
    ol_mem_put(mem, v->call, v->calls_cap, sizeof *v->call);
    ol_mem_put(mem, v->claim, v->claims_cap, sizeof *v->claim);
    ol_mem_put(mem, v->path, v->paths_cap, sizeof *v->path);
}

/* ── receipts in closes ────────────────────────────────────────────────────────────────────────*/

size_t ol_view_claims(const ol_view *v) {
    return v->claims;
}

ol_view_claim ol_view_claim_at(const ol_view *v, size_t nth) {
    OL_ASSERT(nth < v->claims);
    const vw_claim *c = &v->claim[nth];
    return (ol_view_claim){ .log = ol_vw_find_log(v, &c->log),
                            .party = c->party,
                            .size = c->size,
                            .time = c->time,
                            .sig = c->sig };
}

void ol_view_claim_holds(ol_view *v, size_t nth) {
    OL_ASSERT(nth < v->claims);
    v->claim[nth].holds = true;
}

/* One that holds is a receipt like any other; of one that does not, its author is asked. */
ol_err ol_vw_take_claims(ol_view *v) {
    ol_err err = OL_OK;
    for (size_t i = 0; i < v->claims && err == OL_OK; i++) {
        const vw_claim *c = &v->claim[i];
        size_t log = ol_vw_find_log(v, &c->log);
        if (c->holds)
            err = ol_view_add_receipt(v, log, c->party, c->size, c->time);
        else if (log != OL_VIEW_NO_LOG && !v->log[log].is_unknown)
            ol_vw_tell(v, &(ol_view_issue){ .rule = OL_VIEW_CLOSE_RECEIPT,
                                            .log = v->log[c->close.log].key,
                                            .index = c->close.row,
                                            .other = c->log,
                                            .other_inc_len = OL_INC_LEN,
                                            .number = c->party,
                                            .size = c->size });
    }
    return err;
}

/* ── which call a word is about ────────────────────────────────────────────────────────────────*/

static int compare_places(const void *a, const void *b) {
    const vw_word *x = a, *y = b;
    if (x->place.log != y->place.log)
        return x->place.log < y->place.log ? -1 : 1;
    return x->place.row < y->place.row ? -1 : x->place.row > y->place.row;
}

static void tell_word(const ol_view *v, const vw_word *w, ol_view_rule rule) {
    const vw_log *log = &v->log[w->place.log];
    const vw_row *row = &log->row[w->place.row];
    ol_vw_tell(v, &(ol_view_issue){ .rule = rule,
                                    .log = log->key,
                                    .index = w->place.row,
                                    .other = row->ref,
                                    .other_inc_len = row->ref_inc_len,
                                    .number = row->ref_index });
}

static const vw_word *call_of(const ol_view *v, const vw_word *w) {
    const vw_row *row = &v->log[w->place.log].row[w->place.row];
    const vw_word key = { .place = { row->target, (size_t)row->ref_index } };
    if (w->kind == OL_KIND_CALL)
        return w;
    if (row->target == OL_VIEW_NO_LOG)
        return NULL; /* nothing, or nobody knows: that was told */
    const vw_word *c = bsearch(&key, v->word, v->words, sizeof key, compare_places);
    bool is_call = c != NULL && c->kind == OL_KIND_CALL;
    if (!is_call)
        tell_word(v, w, OL_VIEW_CALL_NONE);
    return is_call ? c : NULL;
}

/* Rings and replies are for the called, the close is for the caller (by the form of the entry). */
static bool may_say(const ol_view *v, const vw_word *w, const vw_word *call) {
    uint8_t author = v->log[w->place.log].key.party;
    return w->kind == OL_KIND_CALL || w->kind == OL_KIND_CLOSE || (call->called >> author & 1) != 0;
}

static void bind(ol_view *v, vw_word *w, vw_place call) {
    vw_row *row = &v->log[w->place.log].row[w->place.row];
    w->call = call;
    if (!row->has_status)
        row->has_status = true, row->status = v->log[call.log].row[call.row].status;
}

void ol_vw_bind_calls(ol_view *v) {
    if (v->words == 0)
        return;
    qsort(v->word, v->words, sizeof *v->word, compare_places);
    for (size_t i = 0; i < v->words; i++) {
        vw_word *w = &v->word[i];
        const vw_word *call = call_of(v, w);
        w->has_call = call != NULL && may_say(v, w, call);
        if (call != NULL && !w->has_call)
            tell_word(v, w, OL_VIEW_CALL_STRANGER);
        if (w->has_call)
            bind(v, w, call->place);
    }
}

/* ── in their order ────────────────────────────────────────────────────────────────────────────*/

static size_t at_of(const ol_view *v, vw_place p) {
    return v->log[p.log].row[p.row].at;
}

/* By their calls, the call itself first; those of no call at the end. */
static int compare_words(const void *a, const void *b) {
    const vw_word *x = a, *y = b;
    if (x->call_at != y->call_at)
        return x->call_at < y->call_at ? -1 : 1;
    if ((x->kind == OL_KIND_CALL) != (y->kind == OL_KIND_CALL))
        return x->kind == OL_KIND_CALL ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* §11.4: that in the log of the call, else the first: no wall moves a close before that one. */
const vw_word *ol_vw_close_of(const vw_word *call) {
    const vw_word *first = NULL;
    for (size_t i = 1; i <= call->words; i++) {
        const vw_word *w = call + i;
        if (w->kind == OL_KIND_CLOSE && w->place.log == call->place.log)
            return w;
        if (w->kind == OL_KIND_CLOSE && first == NULL)
            first = w;
    }
    return first;
}

static void tell_closes(const ol_view *v, const vw_word *call) {
    const vw_word *k = ol_vw_close_of(call);
    for (size_t i = 1; i <= call->words; i++) {
        const vw_word *w = call + i;
        if (w->kind == OL_KIND_CLOSE && w != k)
            ol_vw_tell(v, &(ol_view_issue){ .rule = OL_VIEW_CLOSE_AGAIN,
                                            .log = v->log[w->place.log].key,
                                            .index = w->place.row,
                                            .other = v->log[k->place.log].key,
                                            .other_inc_len = OL_INC_LEN,
                                            .number = k->place.row });
    }
}

ol_err ol_vw_sort_calls(ol_view *v) {
    for (size_t i = 0; i < v->words; i++) {
        vw_word *w = &v->word[i];
        w->at = at_of(v, w->place);
        w->call_at = w->has_call ? at_of(v, w->call) : OL_VIEW_NONE;
        v->calls += w->kind == OL_KIND_CALL;
    }
    if (v->calls == 0)
        return OL_OK;
    qsort(v->word, v->words, sizeof *v->word, compare_words);
    v->call = ol_mem_get0(v->opts.mem, v->calls, sizeof *v->call);
    if (v->call == NULL)
        return OL_ENOMEM;
    v->calls_cap = v->calls;
    for (size_t i = 0, n = 0; i < v->words && v->word[i].has_call; i++) {
        if (v->word[i].kind == OL_KIND_CALL)
            v->call[n++] = i;
        else
            v->word[v->call[n - 1]].words++;
    }
    for (size_t i = 0; i < v->calls; i++)
        tell_closes(v, &v->word[v->call[i]]);
    return OL_OK;
}
