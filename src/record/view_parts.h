/* record/view_parts.h — what the record/view*.c files share, and nobody else.
 * Rows are entries, by index; numbers are those that a log gives to others (§4.2). */
#ifndef OL_RECORD_VIEW_PARTS_H
#define OL_RECORD_VIEW_PARTS_H

#include "record/keyindex.h"
#include "record/view.h"
#include "wire/call.h"

#define OL_VIEW_NO_LOG OL_VIEW_NONE

typedef struct {
    uint64_t number, size;
} vw_mention;

typedef struct {
    uint64_t row, size;
} vw_step; /* from this entry on, so much was seen */

typedef struct {    /* what one log calls by a number */
    ol_log_key key; /* first: ol_vw_numbers */
    bool is_void;   /* a first mention that could not be taken */
    size_t log;     /* in the record; OL_VIEW_NO_LOG: not there. Known once finished */
    vw_step *step;
    size_t steps, cap;
} vw_number;

typedef struct {
    uint64_t kind, wall;
    const char *unreadable;
    uint64_t ref_index;
    size_t mention, read; /* where its mentions begin; they end where the next entry's do */
    size_t at;            /* in the joint order */
    size_t crossing[OL_VIEW_CROSSINGS_MAX]; /* in the joint order, ascending */
    ol_log_key ref;
    uint8_t ref_inc_len; /* 0: none */
    uint8_t item[OL_ITEM_LEN];
    bool is_message, is_forced, has_item, is_whole; /* is_whole: no mention left out (§4.2) */
    bool has_status; /* of those that have one, as far as verdicts need it */
    size_t target;   /* the log of the entry that ref names, once finished; or OL_VIEW_NO_LOG */
    uint8_t precedence, status, crossings;
    uint8_t hash[OL_HASH_LEN]; /* of the entry: what refers to it may be signed */
    uint32_t said;             /* signed: place in `said`, plus one */
    uint8_t what, grade;       /* of a message its sort and grade, of an act or order its verb */
    uint32_t seconds, serial;  /* of an interim; of a message, from 1 */
} vw_row;

typedef struct {
    uint8_t party, way;
    uint64_t size, time;
} vw_receipt;

typedef struct {
    ol_log_key key; /* first: of v->keys */
    uint8_t rank;   /* the author's number in its charter */
    uint8_t member[OL_PARTIES_MAX], members, rungs, two;
    uint64_t present; /* a bit per party: the members of its generation */
    bool has_opening, is_unknown, is_forked;
    uint32_t since; /* the generation since which its author has been a member */
    ol_opening opening;
    vw_row *row;
    size_t rows, rows_cap, messages, items;
    vw_mention *mention, *read;
    size_t mentions, mentions_cap, reads, reads_cap;
    vw_number *number; /* number[0] is the log itself */
    size_t numbers, numbers_cap;
    ol_keyindex keys; /* of number, but those that are void */
    vw_receipt *receipt;
    size_t receipts, receipts_cap;
    size_t taken; /* by the joint order */
    uint32_t serials;
} vw_log;

typedef struct {
    size_t log, row;
} vw_place;

typedef struct { /* an officer entry */
    vw_place place;
    size_t at; /* in the joint order, once finished: they stand by it */
    ol_enrolment who;
} vw_enrolled;

typedef struct { /* a signed entry */
    vw_place place;
    bool needs_two;
    uint8_t kind, signs, body[OL_HASH_LEN];
    ol_sign sign[OL_SIGNS_MAX];
    const char *fault[OL_SIGNS_MAX]; /* NULL: none but what is_open leaves to be found */
    bool is_open[OL_SIGNS_MAX];      /* not verified yet: that waits until somebody asks */
    size_t before[OL_SIGNS_MAX];     /* of the same officer and item: the sign before, plus one */
    bool is_known[OL_SIGNS_MAX];
    ol_roster_row who[OL_SIGNS_MAX];
} vw_said;

typedef struct { /* a call, or a ring, reply or close */
    vw_place place;
    bool has_call; /* it belongs to one, itself if it is one; of which call is the place */
    uint8_t kind, what, rung; /* as in ol_call_word */
    uint8_t claims, paths;    /* of a close: so many, from claim and path on */
    vw_place call;
    size_t at, call_at; /* in the joint order, once finished */
    size_t claim, path;
    size_t words; /* of a call, once finished: so many follow it */
    uint64_t called, seconds, after;
} vw_word;

typedef struct { /* a receipt in a close */
    vw_place close;
    ol_log_key log;
    uint8_t party, sig[OL_SIG_LEN];
    uint64_t size, time;
    bool holds;
} vw_claim;

typedef struct { /* the entry at `at` speaks of the one at `of` */
    size_t of, at;
} vw_about;

struct ol_view {
    ol_view_opts opts;
    ol_roster *roster;
    vw_enrolled *enrolled;
    vw_said *said;
    size_t enrols, enrols_cap, saids, saids_cap;
    vw_log *log;
    size_t logs, logs_cap;
    ol_keyindex keys; /* of log */
    vw_place *order;
    size_t len, order_cap;
    vw_word *word;
    size_t words, words_cap;
    size_t *call; /* those of words that are calls: what belongs to one follows it, once finished */
    size_t calls, calls_cap;
    vw_claim *claim;
    size_t claims, claims_cap;
    ol_proven *path; /* in closes */
    size_t paths, paths_cap;
    vw_about *about; /* by of, then at */
    size_t abouts, abouts_cap;
};

void ol_vw_tell(const ol_view *v, const ol_view_issue *issue);
size_t ol_vw_find_log(const ol_view *v, const ol_log_key *key); /* or OL_VIEW_NO_LOG */
uint64_t ol_vw_seen_of(const vw_log *log, size_t row, size_t number);
uint64_t ol_vw_read_of(const vw_log *log, size_t row, size_t number);
/* Entry e has seen x (§11): it stands after it in the same log, or its `seen` so far covers it. */
bool ol_vw_has_seen(const ol_view *v, vw_place e, vw_place x);
/* The first entry that has seen so much of the log of this number; the log's end: none has. */
size_t ol_vw_row_of_seen(const vw_log *log, size_t number, uint64_t size);
/* 0: this log has no number for the other. */
size_t ol_vw_number_of(const ol_view *v, size_t log, size_t other);
ol_keyindex_rows ol_vw_numbers(const vw_log *log); /* of log->keys */
/* The next number that a row's reference may mean; w begins with ol_vw_refs_begin. NONE: no more.
 * How much of it the row's author had seen is another question. */
void ol_vw_refs_begin(const vw_log *log, const vw_row *row, ol_keyindex_walk *w);
/* The first receipt of this party, or a later one, for at least so much. */
size_t ol_vw_receipts_of(const vw_log *log, uint8_t party, uint64_t size);
/* The mentions of a row end here. */
size_t ol_vw_mentions_end(const vw_log *log, size_t row);

void ol_vw_refs(ol_view *v);            /* what references name, in view_ref.c */
OL_MUST ol_err ol_vw_check(ol_view *v); /* what stands between logs, in view_check.c */
OL_MUST ol_err ol_vw_check_items(ol_view *v);
OL_MUST ol_err ol_vw_check_times(const ol_view *v); /* in view_times.c; receipts are sorted */
OL_MUST ol_err ol_vw_order(ol_view *v);
OL_MUST ol_err ol_vw_cross(ol_view *v);
/* What people say, in view_words.c: kept as it comes, judged when the order is known. */
OL_MUST ol_err ol_vw_keep_words(ol_view *v, size_t log, const ol_entry *e, vw_row *row);
OL_MUST ol_err ol_vw_words(ol_view *v);
void ol_vw_words_free(ol_view *v);

/* ── view_calls.c ──────────────────────────────────────────────────────────────────────────────*/

/* Keeps what verdicts need of a readable entry that is about to be row `log->rows`. */
OL_MUST ol_err ol_vw_take_call(ol_view *v, size_t log, const ol_entry *e, vw_row *row);
OL_MUST ol_err ol_vw_take_claims(ol_view *v); /* receipts in closes, as receipts of the record */
void ol_vw_bind_calls(ol_view *v);            /* after ol_vw_refs */
OL_MUST ol_err ol_vw_sort_calls(ol_view *v);  /* after ol_vw_order */
const vw_word *ol_vw_close_of(const vw_word *call); /* that counts; NULL: none */
void ol_vw_free_calls(ol_view *v);
/* view_about.c: what a readable entry says of another; and all of it, once the order is known. */
void ol_vw_take_about(vw_log *log, const ol_entry *e, vw_row *row);
OL_MUST ol_err ol_vw_about(ol_view *v);

#endif
