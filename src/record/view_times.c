/* What the times of a party contradict: its receipts, and its own entries (§7). */
#include "record/view_parts.h"

/* The latest wall up to each row, of the entries that left no mention out. */
static void fill_latest(const vw_log *log, uint64_t *latest) {
    uint64_t most = 0;
    for (size_t i = 0; i < log->rows; i++) {
        if (log->row[i].is_whole && log->row[i].wall > most)
            most = log->row[i].wall;
        latest[i] = most;
    }
}

/* Another's, of a time at which the author was a member already: what was before, a party that left
 * and came back does not get again (§2.4). */
static bool is_for(const vw_log *log, const vw_log *other) {
    uint32_t generation = other->has_opening ? other->opening.generation : 0;
    return other->key.party != log->key.party && generation >= log->since;
}

/* The first entry that is later than a receipt of its author's and has seen less; or the end. */
static size_t first_below(const vw_log *log, const uint64_t *latest, size_t number,
                          const vw_receipt *r) {
    size_t end = ol_vw_row_of_seen(log, number, r->size), low = 0, high = end;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (latest[mid] <= r->time)
            low = mid + 1;
        else
            high = mid;
    }
    return low == end ? log->rows : low;
}

/* One word on a log and another: the first entry, and the most that it leaves out. */
static void check_receipts(const ol_view *v, const vw_log *log, const uint64_t *latest,
                           size_t other, size_t number) {
    const vw_log *o = &v->log[other];
    size_t first = log->rows;
    ol_view_issue issue = {
        .rule = OL_VIEW_SEEN_BELOW, .log = log->key, .other = o->key, .other_inc_len = OL_INC_LEN
    };
    size_t end = ol_vw_receipts_of(o, (uint8_t)(log->key.party + 1), 0);
    for (size_t i = ol_vw_receipts_of(o, log->key.party, 0); i < end; i++) {
        size_t row =
            o->receipt[i].size > 0 ? first_below(log, latest, number, &o->receipt[i]) : log->rows;
        if (row == log->rows || row > first)
            continue;
        first = row, issue.index = row, issue.held = o->receipt[i].size; /* sizes ascend */
        issue.size = number == 0 ? 0 : ol_vw_seen_of(log, row, number);
    }
    if (first < log->rows)
        ol_vw_tell(v, &issue);
}

static void tell_earlier(const ol_view *v, const vw_log *log, size_t row, const vw_log *other,
                         uint64_t index) {
    ol_vw_tell(v, &(ol_view_issue){ .rule = OL_VIEW_WALL_FALLS,
                                    .log = log->key,
                                    .index = row,
                                    .other = other->key,
                                    .other_inc_len = other == log ? 0 : OL_INC_LEN,
                                    .number = index });
}

/* Is the entry dated before the last of these, which its author held? */
static bool is_earlier(const ol_view *v, const vw_log *log, size_t row, size_t other,
                       uint64_t size) {
    if (other == OL_VIEW_NO_LOG || v->log[other].is_unknown || v->log[other].is_forked ||
        v->log[other].key.party != log->key.party || size == 0 || size > v->log[other].rows)
        return false;
    return log->row[row].wall < v->log[other].row[size - 1].wall;
}

static size_t predecessor(const ol_view *v, const vw_log *log) {
    ol_log_key key = log->key;
    memcpy(key.incarnation, log->opening.predecessor, OL_INC_LEN);
    bool has_one = log->has_opening && log->opening.has_predecessor;
    return has_one ? ol_vw_find_log(v, &key) : OL_VIEW_NO_LOG;
}

static void check_walls(const ol_view *v, const vw_log *log) {
    size_t before = predecessor(v, log);
    for (size_t row = 0; row < log->rows; row++) {
        if (row > 0 && log->row[row].wall < log->row[row - 1].wall)
            tell_earlier(v, log, row, log, row - 1);
        if (row == 0 && is_earlier(v, log, row, before, log->opening.size))
            tell_earlier(v, log, row, &v->log[before], log->opening.size - 1);
        size_t end = ol_vw_mentions_end(log, row);
        for (size_t i = log->row[row].mention; i < end; i++) {
            const vw_mention *m = &log->mention[i];
            size_t other = log->number[m->number].log;
            bool is_said = row == 0 && other == before && m->size == log->opening.size;
            if (!is_said && is_earlier(v, log, row, other, m->size))
                tell_earlier(v, log, row, &v->log[other], m->size - 1);
        }
    }
}

ol_err ol_vw_check_times(const ol_view *v) {
    size_t most = 0;
    for (size_t i = 0; i < v->logs; i++)
        most = v->log[i].rows > most ? v->log[i].rows : most;
    if (most == 0)
        return OL_OK;
    uint64_t *latest = ol_mem_get0(v->opts.mem, most, sizeof *latest);
    size_t *number = ol_mem_get0(v->opts.mem, v->logs, sizeof *number);
    for (size_t a = 0; latest != NULL && number != NULL && a < v->logs; a++) {
        const vw_log *log = &v->log[a];
        memset(number, 0, v->logs * sizeof *number);
        for (size_t i = log->numbers; i-- > 1;) /* number 0 is the log itself */
            if (log->number[i].log != OL_VIEW_NO_LOG)
                number[log->number[i].log] = i;
        fill_latest(log, latest);
        for (size_t other = 0; other < v->logs; other++)
            if (is_for(log, &v->log[other]))
                check_receipts(v, log, latest, other, number[other]);
        check_walls(v, log);
    }
    ol_err err = latest == NULL || number == NULL ? OL_ENOMEM : OL_OK;
    ol_mem_put(v->opts.mem, latest, most, sizeof *latest);
    ol_mem_put(v->opts.mem, number, v->logs, sizeof *number);
    return err;
}
