/* Which entry a reference names: by what its author had seen when it wrote it (§11). */
#include "record/view_parts.h"

void ol_vw_refs_begin(const vw_log *log, const vw_row *row, ol_keyindex_walk *w) {
    ol_keyindex_begin(&log->keys, ol_vw_numbers(log), &row->ref, row->ref_inc_len, w);
}

/* How many logs it can mean; *ret: the number of the last of them. */
static size_t find(const vw_log *log, size_t at, size_t *ret) {
    const vw_row *row = &log->row[at];
    size_t found = 0;
    ol_keyindex_walk w;
    ol_vw_refs_begin(log, row, &w);
    for (size_t i; (i = ol_keyindex_next(&log->keys, &w)) != OL_KEYINDEX_NONE;) {
        uint64_t seen = i == 0 ? at : ol_vw_seen_of(log, at, i);
        if (seen > row->ref_index)
            found++, *ret = i;
    }
    return found;
}

static void tell(const ol_view *v, const vw_log *log, size_t at, ol_view_issue issue) {
    const vw_row *row = &log->row[at];
    issue.log = log->key, issue.index = at, issue.number = row->ref_index;
    if (issue.other_inc_len == 0)
        issue.other = row->ref, issue.other_inc_len = row->ref_inc_len;
    ol_vw_tell(v, &issue);
}

static void resolve(ol_view *v, vw_log *log, size_t at) {
    vw_row *row = &log->row[at];
    row->target = OL_VIEW_NO_LOG;
    if (row->ref_inc_len == 0)
        return;
    size_t number = 0, found = find(log, at, &number);
    if (found != 1) {
        tell(v, log, at,
             (ol_view_issue){ .rule = found == 0 ? OL_VIEW_REF_MISSING : OL_VIEW_REF_AMBIGUOUS,
                              .held = found });
        return;
    }
    size_t other = log->number[number].log;
    if (other == OL_VIEW_NO_LOG || row->ref_index >= v->log[other].rows)
        return; /* seen, and not in this record: that is told elsewhere */
    const vw_row *to = &v->log[other].row[row->ref_index];
    if (row->has_status && to->has_status && row->status != to->status)
        tell(v, log, at,
             (ol_view_issue){ .rule = OL_VIEW_REF_STATUS,
                              .other = v->log[other].key,
                              .other_inc_len = OL_INC_LEN,
                              .size = row->status,
                              .held = to->status });
    else
        row->target = other;
}

void ol_vw_refs(ol_view *v) {
    for (size_t i = 0; i < v->logs; i++)
        for (size_t at = 0; at < v->log[i].rows; at++)
            resolve(v, &v->log[i], at);
}
