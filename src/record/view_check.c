/* What one log says about another: predecessors, mentions, references, items. */
#include "record/view_parts.h"

#include <stdlib.h>

/* Generations of which a log is there, a bit each. */
static uint64_t generations_of(const ol_view *v) {
    uint64_t all = 0;
    for (size_t i = 0; i < v->logs; i++) {
        uint32_t g = v->log[i].has_opening ? v->log[i].opening.generation : 0;
        all |= g < 64 ? UINT64_C(1) << g : 0;
    }
    return all;
}

/* Of a whole generation before this log's there is nothing: it may not be for the one whose record
 * this is, and what is named may be of that generation (§7). */
static bool is_partial(const vw_log *log, uint64_t generations) {
    uint32_t g = log->has_opening ? log->opening.generation : 0;
    uint64_t before = g < 64 ? (UINT64_C(1) << g) - 1 : UINT64_MAX;
    return (~generations & before) != 0;
}

/* Why there is a new log, where that is nothing that was agreed on. */
static void check_why(const ol_view *v, const vw_log *log) {
    ol_view_issue issue = { .rule = OL_VIEW_OPENING_AGAIN, .log = log->key, .other = log->key };
    issue.number = log->opening.why, issue.size = log->opening.size;
    if (!log->has_opening || issue.number == OL_WHY_FIRST || issue.number == OL_WHY_AMENDMENT)
        return;
    issue.other_inc_len = log->opening.has_predecessor ? OL_INC_LEN : 0;
    memcpy(issue.other.incarnation, log->opening.predecessor, OL_INC_LEN);
    ol_vw_tell(v, &issue);
}

/* Logs of one party and lane that go on from the same log, or in one generation from none, have the
 * same origin: who has lost its disk, left and joined again knows no earlier one. */
static ol_log_key origin_of(const vw_log *log) {
    ol_log_key key = { .party = log->key.party, .lane = log->key.lane };
    uint32_t g = log->opening.generation;
    if (log->opening.has_predecessor) {
        key.lane |= 0x80; /* apart from generations */
        memcpy(key.incarnation, log->opening.predecessor, OL_INC_LEN);
    } else {
        for (unsigned i = 0; i < 4; i++)
            key.incarnation[i] = (uint8_t)(g >> 8 * i);
    }
    return key;
}

/* Two stations, or one that was set back. */
static void tell_twin(const ol_view *v, const vw_log *log, const vw_log *first) {
    ol_vw_tell(v, &(ol_view_issue){ .rule = OL_VIEW_OPENING_TWIN,
                                    .log = log->key,
                                    .other = first->key,
                                    .other_inc_len = OL_INC_LEN,
                                    .held = log->opening.has_predecessor });
}

static ol_err check_twin(const ol_view *v, size_t at, ol_log_key *origin, ol_keyindex *origins) {
    const ol_keyindex_rows of = { origin, sizeof *origin };
    if (!v->log[at].has_opening)
        return OL_OK;
    origin[at] = origin_of(&v->log[at]);
    size_t first = ol_keyindex_find(origins, of, &origin[at]);
    if (first == OL_KEYINDEX_NONE)
        return ol_keyindex_put(v->opts.mem, origins, of, at);
    tell_twin(v, &v->log[at], &v->log[first]);
    return OL_OK;
}

static void check_opening(const ol_view *v, const vw_log *log, uint64_t generations) {
    if (!log->has_opening || !log->opening.has_predecessor)
        return;
    ol_view_issue issue = { .log = log->key, .other = log->key, .other_inc_len = OL_INC_LEN };
    memcpy(issue.other.incarnation, log->opening.predecessor, OL_INC_LEN);
    size_t before = ol_vw_find_log(v, &issue.other);
    issue.size = log->opening.size;
    if (before != OL_VIEW_NO_LOG)
        issue.held = v->log[before].is_unknown ? issue.size : v->log[before].rows;
    if (ol_log_key_eq(&issue.other, &log->key))
        issue.rule = OL_VIEW_OPENING_SELF;
    else if (before == OL_VIEW_NO_LOG && is_partial(log, generations))
        return;
    else if (before == OL_VIEW_NO_LOG)
        issue.rule = OL_VIEW_OPENING_BEFORE;
    else if (issue.size > issue.held)
        issue.rule = v->log[before].is_forked ? OL_VIEW_OPENING_OTHER : OL_VIEW_OPENING_SIZE;
    else if (issue.size < issue.held && !v->log[before].is_forked)
        issue.rule = OL_VIEW_OPENING_RECOVERED;
    else
        return;
    ol_vw_tell(v, &issue);
}

static void check_mentions(const ol_view *v, const vw_log *log, size_t row, uint64_t generations) {
    size_t end = ol_vw_mentions_end(log, row);
    for (size_t i = log->row[row].mention; i < end; i++) {
        const vw_number *n = &log->number[log->mention[i].number];
        ol_view_issue issue = { .rule = OL_VIEW_SEEN_MISSING,
                                .log = log->key,
                                .index = row,
                                .other = n->key,
                                .other_inc_len = OL_INC_LEN,
                                .size = log->mention[i].size };
        if (n->log != OL_VIEW_NO_LOG) {
            issue.rule = v->log[n->log].is_forked ? OL_VIEW_SEEN_OTHER : OL_VIEW_SEEN_BEYOND;
            issue.held = v->log[n->log].is_unknown ? UINT64_MAX : v->log[n->log].rows;
        }
        if (n->log == OL_VIEW_NO_LOG ? !is_partial(log, generations) : issue.size > issue.held)
            ol_vw_tell(v, &issue);
    }
}

ol_err ol_vw_check(ol_view *v) {
    uint64_t generations = generations_of(v);
    ol_log_key *origin = v->logs == 0 ? NULL : ol_mem_get0(v->opts.mem, v->logs, sizeof *origin);
    ol_keyindex origins = { 0 };
    ol_err err = v->logs == 0 || origin != NULL ? OL_OK : OL_ENOMEM;
    for (size_t i = 0; i < v->logs && err == OL_OK; i++) {
        const vw_log *log = &v->log[i];
        if (log->rows == 0 && !log->is_unknown)
            ol_vw_tell(v, &(ol_view_issue){ .rule = OL_VIEW_OPENING_FIRST,
                                            .log = log->key,
                                            .why = "there is none" });
        check_why(v, log);
        err = check_twin(v, i, origin, &origins);
        check_opening(v, log, generations);
        for (size_t row = 0; row < log->rows; row++)
            check_mentions(v, log, row, generations);
    }
    ol_keyindex_free(v->opts.mem, &origins);
    ol_mem_put(v->opts.mem, origin, v->logs, sizeof *origin);
    return err;
}

/* ── items ─────────────────────────────────────────────────────────────────────────────────────*/

typedef struct {
    uint8_t item[OL_ITEM_LEN];
    vw_place place;
} item;

static int compare(const void *a, const void *b) {
    const item *x = a, *y = b;
    int by_item = memcmp(x->item, y->item, OL_ITEM_LEN);
    if (by_item != 0)
        return by_item;
    if (x->place.log != y->place.log)
        return x->place.log < y->place.log ? -1 : 1;
    return x->place.row < y->place.row ? -1 : x->place.row > y->place.row;
}

/* Did the author of this entry hold that one when it wrote it? */
static bool is_held(const ol_view *v, vw_place this, vw_place that) {
    return v->log[this.log].key.party == v->log[that.log].key.party &&
           ol_vw_has_seen(v, this, that);
}

static void tell_repeat(const ol_view *v, vw_place this, vw_place that, bool is_held_by_author) {
    ol_vw_tell(
        v, &(ol_view_issue){ .rule = is_held_by_author ? OL_VIEW_ITEM_TWICE : OL_VIEW_ITEM_AGAIN,
                             .log = v->log[this.log].key,
                             .index = this.row,
                             .other = v->log[that.log].key,
                             .other_inc_len = OL_INC_LEN,
                             .number = that.row });
}

static void check_repeats(const ol_view *v, const item *items, size_t n) {
    for (size_t i = 1, first = 0; i < n; i++) {
        if (memcmp(items[first].item, items[i].item, OL_ITEM_LEN) != 0) {
            first = i;
            continue;
        }
        vw_place a = items[first].place, b = items[i].place;
        if (is_held(v, b, a))
            tell_repeat(v, b, a, true);
        else if (is_held(v, a, b))
            tell_repeat(v, a, b, true);
        else
            tell_repeat(v, b, a, false);
    }
}

ol_err ol_vw_check_items(ol_view *v) {
    size_t n = 0, cap = 0;
    for (size_t i = 0; i < v->logs; i++)
        cap += v->log[i].items;
    if (cap == 0)
        return OL_OK;
    item *items = ol_mem_get0(v->opts.mem, cap, sizeof *items);
    if (items == NULL)
        return OL_ENOMEM;
    for (size_t i = 0; i < v->logs; i++) {
        for (size_t row = 0; row < v->log[i].rows; row++) {
            if (!v->log[i].row[row].has_item)
                continue;
            items[n].place = (vw_place){ i, row };
            memcpy(items[n++].item, v->log[i].row[row].item, OL_ITEM_LEN);
        }
    }
    qsort(items, n, sizeof *items, compare);
    check_repeats(v, items, n);
    ol_mem_put(v->opts.mem, items, cap, sizeof *items);
    return OL_OK;
}
