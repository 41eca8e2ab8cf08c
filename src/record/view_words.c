/* Officers, and what is an officer's word (§4.8). */
#include "record/view_parts.h"

#include <stdlib.h>

#include "wire/kind.h"
#include "wire/officer.h"

static ol_err keep_enrolment(ol_view *v, vw_place place, const ol_entry *e) {
    ol_officer o;
    const char *why = NULL;
    if (ol_officer_decode(e->body, e->body_len, &o, &why) != OL_OK)
        return OL_OK;
    vw_enrolled *all =
        ol_mem_grow(v->opts.mem, v->enrolled, &v->enrols_cap, v->enrols + 1, sizeof *v->enrolled);
    if (all == NULL)
        return OL_ENOMEM;
    v->enrolled = all;
    v->enrolled[v->enrols].place = place;
    ol_enrolment_of(&o, &v->enrolled[v->enrols++].who);
    return OL_OK;
}

ol_err ol_vw_keep_words(ol_view *v, size_t log, const ol_entry *e, vw_row *row) {
    vw_place place = { log, v->log[log].rows };
    ol_err err = e->kind == OL_KIND_OFFICER ? keep_enrolment(v, place, e) : OL_OK;
    bool needs_two =
        e->has_item && ol_kind_needs_two(e->kind, e->body, e->body_len, v->log[log].two);
    if (err != OL_OK || (e->signs == 0 && !needs_two))
        return err;
    vw_said *all = ol_mem_grow(v->opts.mem, v->said, &v->saids_cap, v->saids + 1, sizeof *v->said);
    if (all == NULL)
        return OL_ENOMEM;
    v->said = all;
    vw_said *s = &v->said[v->saids++];
    *s = (vw_said){ .place = place, .kind = (uint8_t)e->kind, .signs = e->signs };
    s->needs_two = needs_two;
    memcpy(s->sign, e->sign, sizeof s->sign);
    ol_hash_sha256(e->body, e->body_len, s->body);
    row->said = (uint32_t)v->saids;
    return OL_OK;
}

/* ── the roster ────────────────────────────────────────────────────────────────────────────────*/

static const vw_row *row_at(const ol_view *v, vw_place place) {
    return &v->log[place.log].row[place.row];
}

static void tell(const ol_view *v, vw_place place, ol_view_rule rule, uint64_t officer,
                 const char *why) {
    ol_vw_tell(v, &(ol_view_issue){ .rule = rule,
                                    .log = v->log[place.log].key,
                                    .index = place.row,
                                    .number = officer,
                                    .why = why });
}

static ol_err enrol(ol_view *v, vw_enrolled *e) {
    ol_roster_effect effect;
    bool is_false;
    size_t at = row_at(v, e->place)->at;
    ol_err err = ol_roster_add(v->roster, at, v->log[e->place.log].key.party, &e->who, at, &effect,
                               &is_false);
    if (err != OL_OK)
        return err;
    if (is_false)
        tell(v, e->place, OL_VIEW_VOUCHER_FALSE, e->who.number, NULL);
    if (effect == OL_ROSTER_BARRED)
        tell(v, e->place, OL_VIEW_ROSTER_BARRED, e->who.number, NULL);
    if (effect == OL_ROSTER_OUTDATED)
        tell(v, e->place, OL_VIEW_ROSTER_OUTDATED, e->who.number, NULL);
    return OL_OK;
}

static int by_order(const void *a, const void *b) {
    const vw_enrolled *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

static ol_err enrol_all(ol_view *v) {
    ol_err err = OL_OK;
    for (size_t i = 0; i < v->enrols; i++)
        v->enrolled[i].at = row_at(v, v->enrolled[i].place)->at;
    if (v->enrols > 0)
        qsort(v->enrolled, v->enrols, sizeof *v->enrolled, by_order);
    for (size_t i = 0; i < v->enrols && err == OL_OK; i++)
        err = enrol(v, &v->enrolled[i]);
    return err;
}

/* ── signs ─────────────────────────────────────────────────────────────────────────────────────*/

/* What had been read, of every log that this one mentions up to and with the entry (§4.8). */
static ol_err hash_read(const ol_view *v, vw_place place, uint8_t ret[OL_HASH_LEN]) {
    const vw_log *log = &v->log[place.log];
    ol_known *read = ol_mem_get0(v->opts.mem, log->numbers, sizeof *read);
    size_t n = 0;
    if (read == NULL)
        return OL_ENOMEM;
    for (size_t i = 1; i < log->numbers; i++) {
        const vw_number *number = &log->number[i];
        if (!number->is_void && number->steps > 0 && number->step[0].row <= place.row)
            read[n++] = (ol_known){ number->key, ol_vw_read_of(log, place.row, i) };
    }
    n = ol_word_sort(read, n);
    ol_word_read_hash(read, n, ret);
    ol_mem_put(v->opts.mem, read, log->numbers, sizeof *read);
    return OL_OK;
}

/* The one entry that a reference means (§11), by its hash; that of nothing where there is none. */
static void hash_ref(const ol_view *v, vw_place place, uint8_t ret[OL_HASH_LEN]) {
    const vw_row *row = row_at(v, place), *found = NULL;
    const vw_log *log = &v->log[place.log];
    unsigned fits = 0;
    ol_keyindex_walk w = { .n = 0 };
    if (row->ref_inc_len > 0)
        ol_vw_refs_begin(log, row, &w);
    for (size_t i; (i = ol_keyindex_next(&log->keys, &w)) != OL_KEYINDEX_NONE;) {
        size_t other = log->number[i].log;
        uint64_t seen = i == 0 ? place.row : ol_vw_seen_of(log, place.row, i);
        if (other != OL_VIEW_NO_LOG && row->ref_index < v->log[other].rows && seen > row->ref_index)
            fits++, found = &v->log[other].row[row->ref_index];
    }
    if (fits == 1)
        memcpy(ret, found->hash, OL_HASH_LEN);
    else
        ol_hash_sha256("", 0, ret);
}

static ol_err word_of(const ol_view *v, const vw_said *s, ol_word *ret) {
    const vw_log *log = &v->log[s->place.log];
    ol_word w = { .party = log->key.party, .kind = s->kind };
    w.generation = log->has_opening ? log->opening.generation : 0;
    memcpy(w.line_id, v->opts.line_id, sizeof w.line_id);
    memcpy(w.item, row_at(v, s->place)->item, sizeof w.item);
    memcpy(w.body, s->body, sizeof w.body);
    hash_ref(v, s->place, w.ref);
    *ret = w;
    return hash_read(v, s->place, ret->read);
}

/* NULL: it is this officer's word, if it verifies. */
static const char *fault_of(const ol_roster_row *who) {
    return who == NULL     ? "nobody of that number is on the roster"
           : who->has_left ? "who had left"
           : !who->has_key ? "who has no key on the roster"
                           : NULL;
}

static void judge(const ol_view *v, const ol_roster *roster, vw_said *s) {
    uint8_t party = v->log[s->place.log].key.party;
    for (unsigned i = 0; i < s->signs; i++) {
        const ol_roster_row *who =
            ol_roster_find(roster, party, (uint16_t)s->sign[i].officer, UINT64_MAX);
        bool is_again = i > 0 && s->sign[0].officer == s->sign[i].officer;
        s->fault[i] = is_again ? "who has signed it already" : fault_of(who);
        s->is_open[i] = s->fault[i] == NULL;
        s->is_known[i] = who != NULL;
        if (who != NULL)
            s->who[i] = *who;
    }
}

typedef struct { /* a sign that may verify */
    vw_said *said;
    const uint8_t *item;
    size_t at, number; /* of v->said and the sign in it */
    uint64_t officer;
    unsigned nth;
    uint8_t party;
} borne;

static int by_item(const void *a, const void *b) {
    const borne *x = a, *y = b;
    int order = memcmp(x->item, y->item, OL_ITEM_LEN);
    order = order != 0 ? order : (x->party > y->party) - (x->party < y->party);
    order = order != 0 ? order : (x->officer > y->officer) - (x->officer < y->officer);
    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

/* An officer says an item once: of the same sign in several logs the first that verifies counts
 * (§4.8). */
static ol_err link_repeated(ol_view *v) {
    borne *all = ol_mem_get0(v->opts.mem, v->saids * OL_SIGNS_MAX, sizeof *all);
    size_t n = 0;
    if (all == NULL)
        return OL_ENOMEM;
    for (size_t i = 0; i < v->saids; i++) {
        vw_said *s = &v->said[i];
        const vw_row *row = row_at(v, s->place);
        for (unsigned k = 0; k < s->signs; k++)
            if (s->is_open[k])
                all[n++] = (borne){ .said = s,
                                    .item = row->item,
                                    .at = row->at,
                                    .number = i * OL_SIGNS_MAX + k,
                                    .officer = s->sign[k].officer,
                                    .nth = k,
                                    .party = v->log[s->place.log].key.party };
    }
    if (n > 0)
        qsort(all, n, sizeof *all, by_item);
    for (size_t i = 1; i < n; i++)
        if (all[i].party == all[i - 1].party && all[i].officer == all[i - 1].officer &&
            memcmp(all[i].item, all[i - 1].item, OL_ITEM_LEN) == 0)
            all[i].said->before[all[i].nth] = all[i - 1].number + 1;
    ol_mem_put(v->opts.mem, all, v->saids * OL_SIGNS_MAX, sizeof *all);
    return OL_OK;
}

/* By itself, whatever was said before. */
static ol_err verify(const ol_view *v, vw_said *s, unsigned nth) {
    ol_word w;
    if (!s->is_open[nth])
        return OL_OK;
    ol_err err = word_of(v, s, &w);
    if (err != OL_OK)
        return err;
    const ol_sign *sign = &s->sign[nth];
    s->is_open[nth] = false;
    if (ol_word_verify(&w, s->who[nth].number, sign->written, s->who[nth].key, sign->sig) != OL_OK)
        s->fault[nth] = "and the signature does not verify";
    return OL_OK;
}

/* One that was said before is no less said for it: of those, too, `fault` is set. */
static ol_err settle(const ol_view *v, vw_said *s, unsigned nth) {
    static const char again[] = "who has signed this item before";
    ol_err err = verify(v, s, nth);
    size_t before = err == OL_OK && s->fault[nth] == NULL ? s->before[nth] : 0;
    while (before > 0 && s->fault[nth] == NULL) {
        vw_said *other = &v->said[(before - 1) / OL_SIGNS_MAX];
        unsigned k = (before - 1) % OL_SIGNS_MAX;
        err = verify(v, other, k);
        if (err != OL_OK)
            return s->is_open[nth] = true, err; /* asked again, it is verified again */
        if (other->fault[k] == NULL || other->fault[k] == again)
            s->fault[nth] = again;
        before = other->before[k];
    }
    return err;
}

static ol_err settle_all(ol_view *v) {
    ol_err err = OL_OK;
    for (size_t i = 0; i < v->saids; i++)
        for (unsigned k = 0; k < v->said[i].signs && err == OL_OK; k++)
            err = settle(v, &v->said[i], k);
    return err;
}

static void tell_signs(const ol_view *v, const vw_said *s) {
    uint64_t releasers = 0;
    for (unsigned i = 0; i < s->signs; i++)
        if (s->fault[i] != NULL)
            tell(v, s->place, OL_VIEW_SIGN_FALSE, s->sign[i].officer, s->fault[i]);
        else if (s->who[i].may_release)
            releasers++;
    if (s->needs_two && releasers < 2)
        tell(v, s->place, OL_VIEW_RELEASE_FEW, releasers, NULL);
}

/* ── the roster as one log came to see it ──────────────────────────────────────────────────────*/

typedef struct {
    size_t from; /* this entry of the log is the first that has seen it */
    size_t nth;  /* of v->enrolled: by the joint order */
} learnt;

static int by_from(const void *a, const void *b) {
    const learnt *x = a, *y = b;
    return x->from != y->from ? (x->from > y->from) - (x->from < y->from)
                              : (x->nth > y->nth) - (x->nth < y->nth);
}

/* The first entry of the log that has seen this place (§11); OL_VIEW_NONE: none has. */
static size_t seen_from(const ol_view *v, size_t log, vw_place place) {
    const vw_log *l = &v->log[log];
    if (place.log == log)
        return place.row + 1;
    size_t row = ol_vw_row_of_seen(l, ol_vw_number_of(v, log, place.log), place.row + 1);
    return row == l->rows ? OL_VIEW_NONE : row;
}

static size_t learn(const ol_view *v, size_t log, learnt *ret) {
    size_t n = 0;
    for (size_t i = 0; i < v->enrols; i++) {
        vw_place place = v->enrolled[i].place;
        if (v->log[place.log].key.party != v->log[log].key.party)
            continue;
        size_t from = seen_from(v, log, place);
        if (from != OL_VIEW_NONE)
            ret[n++] = (learnt){ from, i };
    }
    if (n > 0)
        qsort(ret, n, sizeof *ret, by_from);
    return n;
}

static ol_err judge_log(ol_view *v, ol_roster *roster, size_t log, const learnt *list, size_t n) {
    const vw_log *l = &v->log[log];
    ol_err err = OL_OK;
    size_t taken = 0;
    for (size_t row = 0; row < l->rows && err == OL_OK; row++) {
        if (l->row[row].said == 0)
            continue;
        for (; taken < n && list[taken].from <= row && err == OL_OK; taken++) {
            vw_enrolled *e = &v->enrolled[list[taken].nth];
            ol_roster_effect effect;
            bool is_false;
            err = ol_roster_add(roster, taken, l->key.party, &e->who, e->at, &effect, &is_false);
        }
        if (err == OL_OK)
            judge(v, roster, &v->said[l->row[row].said - 1]);
    }
    return err;
}

static ol_err new_roster(const ol_view *v, ol_roster **ret) {
    unsigned parties = v->opts.parties < OL_PARTIES_MAX ? v->opts.parties : OL_PARTIES_MAX;
    return ol_roster_new(v->opts.mem, v->opts.line_id, v->opts.identity, parties, ret);
}

static bool has_said(const vw_log *l) {
    for (size_t row = 0; row < l->rows; row++)
        if (l->row[row].said > 0)
            return true;
    return false;
}

static ol_err judge_all(ol_view *v) {
    ol_err err = OL_OK;
    learnt *list = v->saids == 0 ? NULL : ol_mem_get0(v->opts.mem, v->enrols + 1, sizeof *list);
    if (v->saids > 0 && list == NULL)
        return OL_ENOMEM;
    for (size_t i = 0; i < v->logs && v->saids > 0 && err == OL_OK; i++) {
        ol_roster *roster = NULL;
        if (!has_said(&v->log[i]))
            continue;
        err = new_roster(v, &roster);
        if (err == OL_OK)
            err = judge_log(v, roster, i, list, learn(v, i, list));
        ol_roster_free(roster);
    }
    if (list != NULL)
        ol_mem_put(v->opts.mem, list, v->enrols + 1, sizeof *list);
    if (err == OL_OK && v->saids > 0)
        err = link_repeated(v);
    if (err == OL_OK && v->opts.issue != NULL)
        err = settle_all(v);
    for (size_t i = 0; i < v->saids && err == OL_OK && v->opts.issue != NULL; i++)
        tell_signs(v, &v->said[i]);
    return err;
}

ol_err ol_vw_words(ol_view *v) {
    if (v->opts.line_id == NULL)
        return OL_OK;
    ol_err err = new_roster(v, &v->roster);
    if (err == OL_OK)
        err = enrol_all(v);
    return err == OL_OK ? judge_all(v) : err;
}

void ol_vw_words_free(ol_view *v) {
    ol_roster_free(v->roster);
    ol_mem_put(v->opts.mem, v->enrolled, v->enrols_cap, sizeof *v->enrolled);
    ol_mem_put(v->opts.mem, v->said, v->saids_cap, sizeof *v->said);
}

/* ── asking ────────────────────────────────────────────────────────────────────────────────────*/

ol_view_sign ol_view_sign_of(const ol_view *v, size_t at, unsigned nth) {
    OL_ASSERT(at < v->len);
    const vw_row *row = row_at(v, v->order[at]);
    OL_ASSERT(row->said > 0 && nth < v->said[row->said - 1].signs);
    vw_said *s = &v->said[row->said - 1];
    bool is_known = v->roster != NULL && settle(v, s, nth) == OL_OK;
    const char *fault = is_known ? s->fault[nth] : "the signature was not checked";
    return (ol_view_sign){ .officer = (uint16_t)s->sign[nth].officer,
                           .written = s->sign[nth].written,
                           .fault = fault,
                           .who = s->is_known[nth] ? &s->who[nth] : NULL };
}

const ol_roster *ol_view_roster(const ol_view *v) {
    return v->roster;
}
