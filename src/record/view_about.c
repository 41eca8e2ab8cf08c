/* What was said of an entry (§11.1): messages and acts that refer to it and count. */
#include "record/view_parts.h"

#include <stdlib.h>

#include "wire/act.h"
#include "wire/call.h"
#include "wire/order.h"

/* ── adding ────────────────────────────────────────────────────────────────────────────────────*/

void ol_vw_take_about(vw_log *log, const ol_entry *e, vw_row *row) {
    const char *why = NULL;
    ol_message m;
    ol_act a;
    ol_order o;
    ol_call c;
    if (e->kind == OL_KIND_MESSAGE && ol_message_decode(e->body, e->body_len, &m, &why) == OL_OK) {
        row->what = m.sort, row->grade = m.grade;
        row->serial = ++log->serials; /* whether its text can be decompressed or not */
    } else if (e->kind == OL_KIND_ACT && ol_act_decode(e->body, e->body_len, &a, &why) == OL_OK) {
        row->what = a.verb, row->status = a.status, row->seconds = a.seconds;
    } else if (e->kind == OL_KIND_ORDER &&
               ol_order_decode(e->body, e->body_len, &o, &why) == OL_OK) {
        row->what = o.verb, row->status = o.status;
    } else if (e->kind == OL_KIND_CALL && ol_call_decode(e->body, e->body_len, &c, &why) == OL_OK) {
        row->status = c.status;
    }
}

/* ── finishing ─────────────────────────────────────────────────────────────────────────────────*/

static bool speaks(const vw_row *row) {
    return row->unreadable == NULL && row->ref_inc_len > 0 &&
           (row->kind == OL_KIND_MESSAGE || row->kind == OL_KIND_ACT);
}

static int compare(const void *a, const void *b) {
    const vw_about *x = a, *y = b;
    if (x->of != y->of)
        return x->of < y->of ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

ol_err ol_vw_about(ol_view *v) {
    size_t cap = 0, n = 0;
    for (size_t i = 0; i < v->len; i++)
        cap += speaks(&v->log[v->order[i].log].row[v->order[i].row]);
    if (cap == 0)
        return OL_OK;
    v->about = ol_mem_get0(v->opts.mem, cap, sizeof *v->about);
    if (v->about == NULL)
        return OL_ENOMEM;
    v->abouts_cap = cap;
    for (size_t i = 0; i < v->len; i++) {
        size_t of = ol_view_target(v, i);
        if (of != OL_VIEW_NONE && speaks(&v->log[v->order[i].log].row[v->order[i].row]))
            v->about[n++] = (vw_about){ .of = of, .at = i };
    }
    v->abouts = n;
    qsort(v->about, n, sizeof *v->about, compare);
    return OL_OK;
}

size_t ol_view_target(const ol_view *v, size_t at) {
    OL_ASSERT(at < v->len);
    const vw_row *row = &v->log[v->order[at].log].row[v->order[at].row];
    if (!speaks(row) && (row->unreadable != NULL || row->kind != OL_KIND_CALL))
        return OL_VIEW_NONE;
    if (row->ref_inc_len == 0 || row->target == OL_VIEW_NO_LOG)
        return OL_VIEW_NONE;
    const vw_row *of = &v->log[row->target].row[row->ref_index];
    return of->unreadable == NULL && of->status == row->status ? of->at : OL_VIEW_NONE;
}

/* ── asking ────────────────────────────────────────────────────────────────────────────────────*/

static size_t first_of(const ol_view *v, size_t of) {
    size_t low = 0, high = v->abouts;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (v->about[mid].of < of)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool ol_view_said(const ol_view *v, size_t of, size_t nth, ol_view_word *ret) {
    size_t i = first_of(v, of);
    if (nth >= v->abouts - i || v->about[i + nth].of != of)
        return false;
    vw_place p = v->order[v->about[i + nth].at];
    const vw_row *row = &v->log[p.log].row[p.row];
    *ret = (ol_view_word){ .at = v->about[i + nth].at,
                           .party = v->log[p.log].key.party,
                           .kind = row->kind,
                           .what = row->what,
                           .grade = row->grade,
                           .wall = row->wall,
                           .seconds = row->seconds };
    return true;
}

bool ol_view_first_seen(const ol_view *v, size_t log, uint64_t index, uint8_t party,
                        size_t *ret_at) {
    bool is_found = false;
    OL_ASSERT(log < v->logs);
    for (size_t i = 0; i < v->logs; i++) {
        const vw_log *l = &v->log[i];
        if (l->key.party != party || i == log)
            continue;
        size_t row = ol_vw_row_of_seen(l, ol_vw_number_of(v, i, log), index + 1);
        if (row == l->rows || (is_found && l->row[row].at > *ret_at))
            continue;
        *ret_at = l->row[row].at, is_found = true;
    }
    return is_found;
}

bool ol_view_is_seen(const ol_view *v, size_t log, uint64_t index, uint8_t party) {
    size_t at;
    return ol_view_first_seen(v, log, index, party, &at);
}

ol_view_state ol_view_state_of(const ol_view *v, size_t at, uint8_t party) {
    ol_view_state s = { .seen = OL_VIEW_NOWHERE,
                        .answered = OL_VIEW_NOWHERE,
                        .interim = OL_VIEW_NOWHERE };
    ol_view_word w;
    for (size_t i = 0; ol_view_said(v, at, i, &w); i++) {
        bool is_act = w.kind == OL_KIND_ACT;
        if (w.party != party)
            continue;
        if (is_act && w.what == OL_ACT_SEEN && s.seen == OL_VIEW_NOWHERE)
            s.seen = w.at, s.seen_wall = w.wall;
        if (is_act && w.what == OL_ACT_INTERIM)
            s.interim = w.at, s.interim_wall = w.wall, s.until = w.wall + w.seconds;
        if (!is_act && w.what == OL_SORT_TRAFFIC && s.answered == OL_VIEW_NOWHERE)
            s.answered = w.at, s.answered_wall = w.wall;
    }
    return s;
}
