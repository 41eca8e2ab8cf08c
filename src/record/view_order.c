/* The joint order (§4.5), and which messages crossed (§4.2). */
#include "record/view_parts.h"

/* Is what the next entry of this log has seen taken already, as far as the record holds it? */
static bool is_ready(const ol_view *v, const vw_log *log) {
    size_t end = ol_vw_mentions_end(log, log->taken);
    for (size_t i = log->row[log->taken].mention; i < end; i++) {
        size_t other = log->number[log->mention[i].number].log;
        if (other == OL_VIEW_NO_LOG)
            continue;
        uint64_t rows = v->log[other].rows, size = log->mention[i].size;
        if (v->log[other].taken < (size < rows ? size : rows))
            return false;
    }
    return true;
}

static bool is_before(const vw_log *a, const vw_log *b) {
    const vw_row *x = &a->row[a->taken], *y = &b->row[b->taken];
    if (x->wall != y->wall)
        return x->wall < y->wall;
    if (a->rank != b->rank)
        return a->rank < b->rank;
    if (a->key.lane != b->key.lane)
        return a->key.lane < b->key.lane;
    return memcmp(a->key.incarnation, b->key.incarnation, OL_INC_LEN) < 0;
}

/* Logs with something left stand in open[0 … n). Returns the place in it of the next one. */
static size_t next_of(const ol_view *v, const size_t *open, size_t n, bool *ret_is_forced) {
    size_t best = n, any = 0;
    for (size_t i = 0; i < n; i++) {
        const vw_log *log = &v->log[open[i]];
        if (is_before(log, &v->log[open[any]]))
            any = i;
        if ((best == n || is_before(log, &v->log[open[best]])) && is_ready(v, log))
            best = i;
    }
    *ret_is_forced = best == n;
    return best == n ? any : best;
}

static void take(ol_view *v, size_t at, bool is_forced) {
    vw_log *log = &v->log[at];
    vw_row *row = &log->row[log->taken];
    if (is_forced)
        ol_vw_tell(v, &(ol_view_issue){
                          .rule = OL_VIEW_ORDER_FORCED, .log = log->key, .index = log->taken });
    row->is_forced = is_forced;
    row->at = v->len;
    v->order[v->len++] = (vw_place){ at, log->taken++ };
}

ol_err ol_vw_order(ol_view *v) {
    size_t n = 0, all = 0;
    for (size_t i = 0; i < v->logs; i++)
        all += v->log[i].rows;
    if (all == 0)
        return OL_OK;
    v->order = ol_mem_get0(v->opts.mem, all, sizeof *v->order);
    if (v->order == NULL)
        return OL_ENOMEM;
    v->order_cap = all;
    size_t *open = ol_mem_get0(v->opts.mem, v->logs, sizeof *open);
    if (open == NULL)
        return OL_ENOMEM;
    for (size_t i = 0; i < v->logs; i++)
        if (v->log[i].rows > 0)
            open[n++] = i;
    while (n > 0) {
        bool is_forced;
        size_t k = next_of(v, open, n, &is_forced);
        take(v, open[k], is_forced);
        if (v->log[open[k]].taken == v->log[open[k]].rows)
            open[k] = open[--n];
    }
    ol_mem_put(v->opts.mem, open, v->logs, sizeof *open);
    return OL_OK;
}

/* ── crossing ──────────────────────────────────────────────────────────────────────────────────*/

typedef struct { /* a log's messages, as another log matters to them */
    const vw_log *log;
    size_t number;    /* of the other log, here; 0: none */
    size_t *message;  /* their rows */
    uint64_t *least;  /* a tree: from [leaves] on how much of the other log each had read, above it
                      * the smaller of two each; [1] the smallest of all */
    size_t n, leaves; /* leaves: a power of two */
} side;

static uint64_t read_in(const side *s, size_t row) {
    return s->number == 0 ? 0 : ol_vw_read_of(s->log, row, s->number);
}

static size_t leaves_of(size_t messages) {
    size_t leaves = 1;
    while (leaves < messages)
        leaves *= 2;
    return leaves;
}

static void fill(side *s) {
    size_t n = 0;
    for (size_t row = 0; row < s->log->rows; row++)
        if (s->log->row[row].is_message)
            s->message[n++] = row;
    s->n = n, s->leaves = leaves_of(n);
    for (size_t i = 0; i < s->leaves; i++)
        s->least[s->leaves + i] = i < n ? read_in(s, s->message[i]) : UINT64_MAX;
    for (size_t i = s->leaves; i-- > 1;)
        s->least[i] = s->least[2 * i] < s->least[2 * i + 1] ? s->least[2 * i] : s->least[2 * i + 1];
}

/* The first message from this one on that had not read the entry at `index`; s->n: none. */
static size_t next_unread(const side *s, size_t from, uint64_t index) {
    size_t at = s->leaves + from;
    if (from >= s->n)
        return s->n;
    while (s->least[at] > index) { /* up, until there is one to the right */
        while ((at & 1) != 0)
            at /= 2;
        if (at == 0)
            return s->n;
        at++;
    }
    while (at < s->leaves)
        at = s->least[2 * at] <= index ? 2 * at : 2 * at + 1;
    return at - s->leaves;
}

/* Keeps the earliest, ascending. */
static void add_crossing(vw_row *row, size_t at) {
    size_t i = row->crossings;
    if (i == OL_VIEW_CROSSINGS_MAX && row->crossing[i - 1] < at)
        return;
    if (i < OL_VIEW_CROSSINGS_MAX)
        row->crossings++;
    else
        i--;
    for (; i > 0 && row->crossing[i - 1] > at; i--)
        row->crossing[i] = row->crossing[i - 1];
    row->crossing[i] = at;
}

/* The messages of `there` that cross this one: not read by its author, who had not read it. */
static void cross_one(vw_row *row, size_t index, uint64_t read, const side *there) {
    size_t low = 0, high = there->n;
    while (low < high) { /* the first message that was not read */
        size_t mid = low + (high - low) / 2;
        if (there->message[mid] < read)
            low = mid + 1;
        else
            high = mid;
    }
    low = next_unread(there, low, index);
    for (unsigned found = 0; low < there->n && found < OL_VIEW_CROSSINGS_MAX; found++) {
        add_crossing(row, there->log->row[there->message[low]].at);
        low = next_unread(there, low + 1, index);
    }
}

static void cross_logs(vw_log *a, const side *here, const side *there) {
    for (size_t i = 0; i < here->n; i++) {
        size_t row = here->message[i];
        cross_one(&a->row[row], row, read_in(here, row), there);
    }
}

static void cross_pair(ol_view *v, size_t a, size_t b, size_t *room, uint64_t *least) {
    vw_log *x = &v->log[a], *y = &v->log[b];
    side here = { x, ol_vw_number_of(v, a, b), room, least, 0, 0 };
    side there = {
        y, ol_vw_number_of(v, b, a), room + x->messages, least + 2 * leaves_of(x->messages), 0, 0
    };
    fill(&here), fill(&there);
    cross_logs(x, &here, &there);
    cross_logs(y, &there, &here);
}

ol_err ol_vw_cross(ol_view *v) {
    size_t most = 0;
    for (size_t i = 0; i < v->logs; i++)
        most = v->log[i].messages > most ? v->log[i].messages : most;
    if (most == 0)
        return OL_OK;
    size_t *room = ol_mem_get0(v->opts.mem, 2 * most, sizeof *room);
    uint64_t *least = ol_mem_get0(v->opts.mem, 4 * leaves_of(most), sizeof *least);
    for (size_t a = 0; room != NULL && least != NULL && a < v->logs; a++)
        for (size_t b = a + 1; b < v->logs && v->log[a].messages > 0; b++)
            if (v->log[a].key.party != v->log[b].key.party && v->log[b].messages > 0)
                cross_pair(v, a, b, room, least);
    ol_err err = room == NULL || least == NULL ? OL_ENOMEM : OL_OK;
    ol_mem_put(v->opts.mem, room, 2 * most, sizeof *room);
    ol_mem_put(v->opts.mem, least, 4 * leaves_of(most), sizeof *least);
    return err;
}
