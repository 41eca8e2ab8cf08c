#include "record/view_parts.h"

#include <stdlib.h>

#include "wire/act.h"
#include "wire/cbor.h"
#include "wire/kind.h"

ol_err ol_view_new(const ol_view_opts *opts, ol_view **ret) {
    OL_ASSERT(opts->parties <= OL_VIEW_PARTIES_MAX);
    ol_view *v = ol_mem_get0(opts->mem, 1, sizeof *v);
    if (v == NULL)
        return OL_ENOMEM;
    v->opts = *opts;
    *ret = v;
    return OL_OK;
}

void ol_view_free(ol_view *v) {
    if (v == NULL)
        return;
    ol_mem *mem = v->opts.mem;
    for (size_t i = 0; i < v->logs; i++) {
        vw_log *log = &v->log[i];
        for (size_t k = 0; k < log->numbers; k++)
            ol_mem_put(mem, log->number[k].step, log->number[k].cap, sizeof(vw_step));
        ol_mem_put(mem, log->number, log->numbers_cap, sizeof *log->number);
        ol_keyindex_free(mem, &log->keys);
        ol_mem_put(mem, log->row, log->rows_cap, sizeof *log->row);
        ol_mem_put(mem, log->mention, log->mentions_cap, sizeof *log->mention);
        ol_mem_put(mem, log->read, log->reads_cap, sizeof *log->read);
        ol_mem_put(mem, log->receipt, log->receipts_cap, sizeof *log->receipt);
    }
    ol_vw_free_calls(v);
    ol_mem_put(mem, v->log, v->logs_cap, sizeof *v->log);
    ol_keyindex_free(mem, &v->keys);
    ol_mem_put(mem, v->order, v->order_cap, sizeof *v->order);
    ol_vw_words_free(v);
    ol_mem_put(mem, v->about, v->abouts_cap, sizeof *v->about);
    ol_mem_put(mem, v, 1, sizeof *v);
}

void ol_vw_tell(const ol_view *v, const ol_view_issue *issue) {
    if (v->opts.issue != NULL)
        v->opts.issue(v->opts.ctx, issue);
}

_Static_assert(OL_KEYINDEX_NONE == OL_VIEW_NO_LOG, "no row is no log");

static ol_keyindex_rows all_logs(const ol_view *v) {
    return (ol_keyindex_rows){ v->log, sizeof *v->log };
}

ol_keyindex_rows ol_vw_numbers(const vw_log *log) {
    return (ol_keyindex_rows){ log->number, sizeof *log->number };
}

size_t ol_vw_find_log(const ol_view *v, const ol_log_key *key) {
    return ol_keyindex_find(&v->keys, all_logs(v), key);
}

/* ── adding ────────────────────────────────────────────────────────────────────────────────────*/

static ol_err add_number(const ol_view *v, vw_log *log, const ol_log_key *key, bool is_void) {
    vw_number *n = ol_mem_grow(v->opts.mem, log->number, &log->numbers_cap, log->numbers + 1,
                               sizeof *log->number);
    if (n == NULL)
        return OL_ENOMEM;
    log->number = n;
    log->number[log->numbers] =
        (vw_number){ .key = *key, .is_void = is_void, .log = OL_VIEW_NO_LOG };
    ol_err err = is_void
                     ? OL_OK
                     : ol_keyindex_put(v->opts.mem, &log->keys, ol_vw_numbers(log), log->numbers);
    log->numbers += err == OL_OK;
    return err;
}

static void set_members(vw_log *log, const uint8_t *member, unsigned members, unsigned rungs) {
    log->members = (uint8_t)(members < OL_PARTIES_MAX ? members : OL_PARTIES_MAX);
    log->rungs = (uint8_t)rungs;
    for (uint8_t i = 0; i < log->members; i++) {
        log->member[i] = member == NULL ? i : member[i];
        if (log->member[i] == log->key.party)
            log->rank = i;
    }
}

void ol_view_set_members(ol_view *v, size_t log, const uint8_t *member, unsigned members,
                         unsigned rungs) {
    OL_ASSERT(log < v->logs && v->log[log].rows == 0 && members <= OL_PARTIES_MAX);
    set_members(&v->log[log], member, members, rungs);
}

ol_err ol_view_add_log(ol_view *v, const ol_log_key *key, size_t *ret_log) {
    if (key->party >= v->opts.parties || key->lane >= OL_LANES)
        return OL_ELIMIT;
    if (ol_vw_find_log(v, key) != OL_VIEW_NO_LOG)
        return OL_EEXIST;
    vw_log *logs = ol_mem_grow(v->opts.mem, v->log, &v->logs_cap, v->logs + 1, sizeof *v->log);
    if (logs == NULL)
        return OL_ENOMEM;
    v->log = logs;
    vw_log *log = &v->log[v->logs];
    *log = (vw_log){ .key = *key };
    set_members(log, NULL, v->opts.parties, v->opts.rungs);
    log->two = v->opts.two;
    log->present = v->opts.parties == 64 ? UINT64_MAX : (UINT64_C(1) << v->opts.parties) - 1;
    v->logs++; /* from here on it is freed with the view */
    ol_err err = add_number(v, log, key, false);
    if (err == OL_OK)
        err = ol_keyindex_put(v->opts.mem, &v->keys, all_logs(v), v->logs - 1);
    if (err == OL_OK)
        *ret_log = v->logs - 1;
    return err;
}

void ol_view_set_since(ol_view *v, size_t log, uint32_t generation) {
    OL_ASSERT(log < v->logs);
    v->log[log].since = generation;
}

void ol_view_set_present(ol_view *v, size_t log, uint64_t parties) {
    OL_ASSERT(log < v->logs && v->log[log].rows == 0);
    v->log[log].present = parties;
}

void ol_view_set_unknown(ol_view *v, size_t log) {
    OL_ASSERT(log < v->logs && v->log[log].rows == 0);
    v->log[log].is_unknown = true;
}

void ol_view_set_two(ol_view *v, size_t log, uint8_t precedences) {
    OL_ASSERT(log < v->logs && v->log[log].rows == 0);
    v->log[log].two = precedences;
}

void ol_view_set_forked(ol_view *v, size_t log) {
    OL_ASSERT(log < v->logs);
    v->log[log].is_forked = true;
}

ol_err ol_view_add_receipt(ol_view *v, size_t log, uint8_t party, uint64_t size, uint64_t time) {
    OL_ASSERT(log < v->logs);
    vw_log *l = &v->log[log];
    vw_receipt *r =
        ol_mem_grow(v->opts.mem, l->receipt, &l->receipts_cap, l->receipts + 1, sizeof *r);
    if (r == NULL)
        return OL_ENOMEM;
    l->receipt = r;
    l->receipt[l->receipts++] = (vw_receipt){ .party = party, .size = size, .time = time };
    return OL_OK;
}

void ol_view_set_way(ol_view *v, size_t log, uint8_t way) {
    OL_ASSERT(log < v->logs && v->log[log].receipts > 0);
    v->log[log].receipt[v->log[log].receipts - 1].way = way;
}

/* ── seen and read ─────────────────────────────────────────────────────────────────────────────*/

static void tell_at(const ol_view *v, const vw_log *log, ol_view_issue issue) {
    issue.log = log->key;
    issue.other_inc_len = OL_INC_LEN;
    issue.index = log->rows;
    ol_vw_tell(v, &issue);
}

static ol_view_rule fault_of(const vw_log *log, const ol_mention *m, const ol_log_key *key) {
    if (m->log.party >= log->members)
        return OL_VIEW_SEEN_PARTY;
    size_t number = ol_keyindex_find(&log->keys, ol_vw_numbers(log), key);
    if (number == OL_KEYINDEX_NONE)
        return OL_VIEW_RULES_N; /* none */
    return number == 0 ? OL_VIEW_SEEN_SELF : OL_VIEW_SEEN_TWICE;
}

/* A first mention: gives the other log its number; *ret 0 where it counts for nothing. */
static ol_err take_first(const ol_view *v, vw_log *log, const ol_mention *m, size_t *ret) {
    ol_log_key key = m->log;
    *ret = 0;
    if (m->number != log->numbers) {
        tell_at(v, log,
                (ol_view_issue){
                    .rule = OL_VIEW_SEEN_NUMBER, .number = m->number, .held = log->numbers });
        return OL_OK;
    }
    if (m->log.party < log->members)
        key.party = log->member[m->log.party];
    ol_view_rule fault = fault_of(log, m, &key);
    if (fault == OL_VIEW_SEEN_PARTY)
        tell_at(v, log,
                (ol_view_issue){ .rule = fault, .number = m->log.party, .held = log->members });
    else if (fault != OL_VIEW_RULES_N)
        tell_at(v, log, (ol_view_issue){ .rule = fault, .other = key });
    ol_err err = add_number(v, log, &key, fault != OL_VIEW_RULES_N);
    if (err == OL_OK && fault == OL_VIEW_RULES_N)
        *ret = log->numbers - 1;
    return err;
}

static size_t take_later(const ol_view *v, const vw_log *log, uint64_t number) {
    if (number < log->numbers)
        return log->number[number].is_void ? 0 : (size_t)number;
    tell_at(v, log, (ol_view_issue){ .rule = OL_VIEW_SEEN_NUMBER, .number = number });
    return 0;
}

static uint64_t last_size(const vw_number *n) {
    return n->steps == 0 ? 0 : n->step[n->steps - 1].size;
}

static ol_err take_size(const ol_view *v, vw_log *log, size_t number, uint64_t size) {
    vw_number *n = &log->number[number];
    uint64_t before = last_size(n);
    if (size <= before)
        tell_at(v, log,
                (ol_view_issue){
                    .rule = OL_VIEW_SEEN_FALLS, .other = n->key, .size = size, .held = before });
    vw_step *step = ol_mem_grow(v->opts.mem, n->step, &n->cap, n->steps + 1, sizeof *step);
    if (step == NULL)
        return OL_ENOMEM;
    n->step = step;
    n->step[n->steps++] = (vw_step){ log->rows, size > before ? size : before };
    vw_mention *m =
        ol_mem_grow(v->opts.mem, log->mention, &log->mentions_cap, log->mentions + 1, sizeof *m);
    if (m == NULL)
        return OL_ENOMEM;
    log->mention = m;
    log->mention[log->mentions++] = (vw_mention){ number, size };
    return OL_OK;
}

static ol_err take_seen(const ol_view *v, vw_log *log, const ol_entry *e) {
    ol_err err = OL_OK;
    for (size_t i = 0; i < e->seens && err == OL_OK; i++) {
        const ol_mention *m = &e->seen[i];
        size_t number = 0;
        if (m->is_first)
            err = take_first(v, log, m, &number);
        else
            number = take_later(v, log, m->number);
        if (err == OL_OK && number != 0)
            err = take_size(v, log, number, m->size);
    }
    return err;
}

static ol_err take_read(const ol_view *v, vw_log *log, const ol_entry *e) {
    for (size_t i = 0; i < e->reads; i++) {
        uint64_t number = e->read[i].number, size = e->read[i].size;
        if (number >= log->numbers) {
            tell_at(v, log, (ol_view_issue){ .rule = OL_VIEW_READ_NUMBER, .number = number });
            continue;
        }
        const vw_number *n = &log->number[number];
        if (!n->is_void && size >= last_size(n))
            tell_at(v, log,
                    (ol_view_issue){ .rule = OL_VIEW_READ_BEYOND,
                                     .other = n->key,
                                     .size = size,
                                     .held = last_size(n) });
        vw_mention *m =
            ol_mem_grow(v->opts.mem, log->read, &log->reads_cap, log->reads + 1, sizeof *m);
        if (m == NULL)
            return OL_ENOMEM;
        log->read = m;
        log->read[log->reads++] = (vw_mention){ number, size };
    }
    return OL_OK;
}

/* ── entries ───────────────────────────────────────────────────────────────────────────────────*/

static void keep_ref(const vw_log *log, const ol_entry *e, vw_row *row) {
    ol_ref ref;
    if (!ol_kind_ref(e, &ref) || ref.party >= log->members)
        return;
    row->ref = (ol_log_key){ .party = log->member[ref.party], .lane = ref.lane };
    memcpy(row->ref.incarnation, ref.incarnation, ref.incarnation_len);
    row->ref_inc_len = ref.incarnation_len, row->ref_index = ref.index;
}

static const char *read_message(const ol_view *v, const ol_entry *e, vw_row *row) {
    ol_message m;
    const char *why = NULL;
    if (ol_message_decode(e->body, e->body_len, &m, &why) != OL_OK)
        return why;
    if (m.is_compressed && v->opts.unreadable != NULL)
        why = v->opts.unreadable(v->opts.ctx, &m);
    if (why != NULL)
        return why;
    row->is_message = true;
    row->precedence = m.precedence, row->status = m.status, row->has_status = true;
    return NULL;
}

static void read_opening(vw_log *log, const ol_entry *e) {
    ol_opening o;
    if (log->rows > 0 || ol_opening_decode(e->body, e->body_len, &o) != OL_OK)
        return;
    log->opening = o, log->has_opening = true;
}

/* Parties by the record's numbers; misfit has seen to it that they are members. */
static void tell_check(const ol_view *v, const vw_log *log, const ol_entry *e) {
    ol_check c;
    const char *why = NULL;
    if (v->opts.check == NULL || ol_check_decode(e->body, e->body_len, &c, &why) != OL_OK)
        return;
    for (size_t i = 0; i < c.proven.n; i++)
        c.proven.v[i].party = log->member[c.proven.v[i].party];
    for (size_t i = 0; i < c.missed; i++)
        c.miss[i].party = log->member[c.miss[i].party];
    v->opts.check(v->opts.ctx, &log->key, log->rows, e->wall, &c);
}

static void read_act(const ol_entry *e, vw_row *row) {
    ol_act a;
    const char *why = NULL;
    if (ol_act_decode(e->body, e->body_len, &a, &why) == OL_OK)
        row->status = a.status, row->has_status = true;
}

static const char *read_kind(const ol_view *v, vw_log *log, const ol_entry *e, vw_row *row) {
    ol_kind_at at = { .author = log->rank, .lane = log->key.lane };
    at.parties = log->members, at.rungs = log->rungs;
    at.is_first = e->kind == OL_KIND_OPENING; /* where it stands is judged by add_entry */
    const char *why = ol_kind_misfit(e, &at);
    if (why == NULL)
        ol_vw_take_about(log, e, row);
    if (why == NULL && e->kind == OL_KIND_MESSAGE)
        why = read_message(v, e, row);
    if (why != NULL)
        return why;
    if (e->kind == OL_KIND_OPENING)
        read_opening(log, e);
    if (e->kind == OL_KIND_CHECK)
        tell_check(v, log, e);
    if (e->kind == OL_KIND_ACT)
        read_act(e, row);
    if (e->has_item)
        memcpy(row->item, e->item, sizeof row->item), row->has_item = true;
    keep_ref(log, e, row);
    return NULL;
}

static const char *misform(const uint8_t *entry, size_t len, ol_err err) {
    if (ol_cbor_check(entry, len) != OL_OK)
        return "it is not one item of the CBOR that entries are made of";
    return err == OL_ELIMIT ? "a number or a list in it is above its limit"
                            : "it does not have the form of an entry";
}

static ol_err read_entry(ol_view *v, size_t at, const uint8_t *entry, size_t len, vw_row *row) {
    vw_log *log = &v->log[at];
    ol_entry e;
    ol_hash_sha256(entry, len, row->hash);
    ol_err err = ol_entry_decode(entry, len, &e);
    if (err != OL_OK) {
        row->unreadable = misform(entry, len, err);
        return OL_OK;
    }
    row->kind = e.kind, row->wall = e.wall;
    row->is_whole = len <= OL_ENTRY_WHOLE_MAX && e.seens < OL_MENTIONS_MAX;
    err = take_seen(v, log, &e);
    if (err == OL_OK)
        err = take_read(v, log, &e);
    if (err == OL_OK)
        row->unreadable = read_kind(v, log, &e, row);
    if (err == OL_OK && row->unreadable == NULL)
        err = ol_vw_take_call(v, at, &e, row);
    return err == OL_OK && row->unreadable == NULL ? ol_vw_keep_words(v, at, &e, row) : err;
}

ol_err ol_view_add_entry(ol_view *v, size_t at, const uint8_t *entry, size_t len) {
    OL_ASSERT(at < v->logs);
    vw_log *log = &v->log[at];
    vw_row row = { .mention = log->mentions, .read = log->reads };
    row.wall = log->rows == 0 ? 0 : log->row[log->rows - 1].wall;
    ol_err err = read_entry(v, at, entry, len, &row);
    vw_row *rows = NULL;
    if (err == OL_OK)
        rows = ol_mem_grow(v->opts.mem, log->row, &log->rows_cap, log->rows + 1, sizeof *rows);
    if (rows == NULL)
        return OL_ENOMEM;
    const char *why = row.unreadable != NULL         ? row.unreadable
                      : row.kind == OL_KIND_OPENING  ? NULL
                      : row.kind == OL_KIND_MESSAGE  ? "it is a message"
                      : row.kind == OL_KIND_HANDBACK ? "it is a handback"
                                                     : "it is of another kind";
    if (log->rows == 0 && why != NULL)
        tell_at(v, log, (ol_view_issue){ .rule = OL_VIEW_OPENING_FIRST, .why = why });
    if (log->rows > 0 && row.kind == OL_KIND_OPENING)
        tell_at(v, log, (ol_view_issue){ .rule = OL_VIEW_OPENING_LATER });
    log->row = rows;
    log->row[log->rows++] = row;
    log->messages += row.is_message, log->items += row.has_item;
    return OL_OK;
}

static int compare_receipts(const void *a, const void *b) {
    const vw_receipt *x = a, *y = b;
    if (x->party != y->party)
        return x->party < y->party ? -1 : 1;
    return x->size < y->size ? -1 : x->size > y->size;
}

size_t ol_vw_receipts_of(const vw_log *log, uint8_t party, uint64_t size) {
    const vw_receipt least = { .party = party, .size = size };
    size_t low = 0, high = log->receipts;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (compare_receipts(&log->receipt[mid], &least) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

ol_err ol_view_finish(ol_view *v) {
    ol_err err = ol_vw_take_claims(v);
    if (err != OL_OK)
        return err;
    for (size_t i = 0; i < v->logs; i++)
        if (v->log[i].receipts > 0)
            qsort(v->log[i].receipt, v->log[i].receipts, sizeof(vw_receipt), compare_receipts);
    for (size_t i = 0; i < v->logs; i++)
        for (size_t k = 0; k < v->log[i].numbers; k++)
            v->log[i].number[k].log = v->log[i].number[k].is_void
                                          ? OL_VIEW_NO_LOG
                                          : ol_vw_find_log(v, &v->log[i].number[k].key);
    ol_vw_refs(v);
    ol_vw_bind_calls(v);
    err = ol_vw_check(v);
    if (err == OL_OK)
        err = ol_vw_check_items(v);
    if (err == OL_OK)
        err = ol_vw_check_times(v);
    if (err == OL_OK)
        err = ol_vw_order(v);
    if (err == OL_OK)
        err = ol_vw_sort_calls(v);
    if (err == OL_OK)
        err = ol_vw_words(v);
    if (err == OL_OK)
        err = ol_vw_about(v);
    return err == OL_OK ? ol_vw_cross(v) : err;
}

/* ── asking ────────────────────────────────────────────────────────────────────────────────────*/

size_t ol_view_logs(const ol_view *v) {
    return v->logs;
}

uint64_t ol_view_log_size(const ol_view *v, size_t log) {
    OL_ASSERT(log < v->logs);
    return v->log[log].rows;
}

const ol_log_key *ol_view_log_key(const ol_view *v, size_t log) {
    OL_ASSERT(log < v->logs);
    return &v->log[log].key;
}

const ol_opening *ol_view_opening(const ol_view *v, size_t log) {
    OL_ASSERT(log < v->logs);
    return v->log[log].has_opening ? &v->log[log].opening : NULL;
}

size_t ol_view_len(const ol_view *v) {
    return v->len;
}

ol_view_item ol_view_at(const ol_view *v, size_t at) {
    OL_ASSERT(at < v->len);
    const vw_place *p = &v->order[at];
    const vw_row *row = &v->log[p->log].row[p->row];
    return (ol_view_item){ .log = p->log,
                           .index = p->row,
                           .kind = row->kind,
                           .wall = row->wall,
                           .unreadable = row->unreadable,
                           .is_forced = row->is_forced,
                           .is_message = row->is_message,
                           .precedence = row->precedence,
                           .status = row->status,
                           .has_status = row->has_status,
                           .crossings = row->crossings,
                           .serial = row->serial,
                           .signs = row->said == 0 ? 0 : v->said[row->said - 1].signs };
}

size_t ol_view_find(const ol_view *v, size_t log, uint64_t index) {
    OL_ASSERT(log < v->logs && index < v->log[log].rows);
    return v->log[log].row[index].at;
}

size_t ol_view_crossing(const ol_view *v, size_t at, unsigned nth) {
    OL_ASSERT(at < v->len);
    const vw_row *row = &v->log[v->order[at].log].row[v->order[at].row];
    OL_ASSERT(nth < row->crossings);
    return row->crossing[nth];
}

static const vw_receipt *covering(const ol_view *v, size_t log, uint64_t index, uint8_t party) {
    OL_ASSERT(log < v->logs);
    const vw_log *l = &v->log[log];
    size_t low = ol_vw_receipts_of(l, party, index + 1);
    return low == l->receipts || l->receipt[low].party != party ? NULL : &l->receipt[low];
}

bool ol_view_is_stored(const ol_view *v, size_t log, uint64_t index, uint8_t party,
                       uint64_t *ret_time) {
    const vw_receipt *r = covering(v, log, index, party);
    if (r != NULL)
        *ret_time = r->time;
    return r != NULL;
}

uint8_t ol_view_way(const ol_view *v, size_t log, uint64_t index, uint8_t party) {
    const vw_receipt *r = covering(v, log, index, party);
    return r == NULL ? 0 : r->way;
}

size_t ol_vw_mentions_end(const vw_log *log, size_t row) {
    return row + 1 < log->rows ? log->row[row + 1].mention : log->mentions;
}

size_t ol_vw_number_of(const ol_view *v, size_t log, size_t other) {
    const vw_log *l = &v->log[log];
    size_t number = ol_keyindex_find(&l->keys, ol_vw_numbers(l), &v->log[other].key);
    return number == OL_KEYINDEX_NONE ? 0 : number;
}

uint64_t ol_vw_seen_of(const vw_log *log, size_t row, size_t number) {
    const vw_number *n = &log->number[number];
    size_t low = 0, high = n->steps; /* the last step at or before the row */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (n->step[mid].row <= row)
            low = mid + 1;
        else
            high = mid;
    }
    return low == 0 ? 0 : n->step[low - 1].size;
}

bool ol_vw_has_seen(const ol_view *v, vw_place e, vw_place x) {
    if (e.log == x.log)
        return e.row > x.row;
    size_t number = ol_vw_number_of(v, e.log, x.log);
    return number != 0 && ol_vw_seen_of(&v->log[e.log], e.row, number) > x.row;
}

size_t ol_vw_row_of_seen(const vw_log *log, size_t number, uint64_t size) {
    if (number == 0)
        return log->rows;
    const vw_number *n = &log->number[number];
    size_t low = 0, high = n->steps; /* sizes of steps never fall */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (n->step[mid].size < size)
            low = mid + 1;
        else
            high = mid;
    }
    return low == n->steps ? log->rows : (size_t)n->step[low].row;
}

uint64_t ol_vw_read_of(const vw_log *log, size_t row, size_t number) {
    size_t end = row + 1 < log->rows ? log->row[row + 1].read : log->reads;
    for (size_t i = log->row[row].read; i < end; i++)
        if (log->read[i].number == number)
            return log->read[i].size;
    return ol_vw_seen_of(log, row, number);
}

uint64_t ol_view_seen(const ol_view *v, size_t log, uint64_t index, size_t other) {
    OL_ASSERT(log < v->logs && other < v->logs && index < v->log[log].rows);
    size_t number = ol_vw_number_of(v, log, other);
    return number == 0 ? 0 : ol_vw_seen_of(&v->log[log], (size_t)index, number);
}

uint64_t ol_view_read(const ol_view *v, size_t log, uint64_t index, size_t other) {
    OL_ASSERT(log < v->logs && other < v->logs && index < v->log[log].rows);
    size_t number = ol_vw_number_of(v, log, other);
    return number == 0 ? 0 : ol_vw_read_of(&v->log[log], (size_t)index, number);
}
