/* record/verdict.h — how each call ended for each party called, from the record alone.
 * Meaning  §11.4: a pure function of the entries, so that all who hold the same logs, and a
 *          stranger, come to the same; of a record that still grows a verdict only moves on.
 * Use      on a view that is finished (record/view.h). Calls are those that can be read, numbered
 *          in the joint order; words of a call are the rings, replies and closes of those who may
 *          say them, in the joint order. `at` is a place in it, OL_VIEW_NONE: there is none.
 * Proof    stands beside the verdict: the entries and the receipt from which it follows. Durations
 *          are those that entries carry, each by its author's own clock.
 * Source   docs/PROTOCOL.md §4.9, §11.3, §11.4 */
#ifndef OL_RECORD_VERDICT_H
#define OL_RECORD_VERDICT_H

#include "record/view.h"
#include "wire/call.h"

typedef struct {
    size_t at;
    uint64_t kind; /* OL_KIND_CALL … OL_KIND_CLOSE */
    uint8_t author;
    uint8_t what; /* purpose of a call, state of a ring, verb of a reply, why of a close */
    uint8_t rung, precedence, status; /* status of calls and replies, precedence of calls */
    uint64_t called;                  /* of a call: a bit per party; none of them its author */
    uint64_t seconds, after;          /* as in the entry */
} ol_call_word;

size_t ol_verdict_calls(const ol_view *v);
ol_call_word ol_verdict_call(const ol_view *v, size_t call);
size_t ol_verdict_words(const ol_view *v, size_t call);
ol_call_word ol_verdict_word(const ol_view *v, size_t call, size_t nth);

typedef enum { /* in the order in which a verdict can move while a record arrives */
               OL_VERDICT_OPEN,
               OL_VERDICT_UNREACHED,
               OL_VERDICT_UNANSWERED,
               OL_VERDICT_DEFERRED,
               OL_VERDICT_DECLINED,
               OL_VERDICT_ANSWERED,
               OL_VERDICTS
} ol_verdict_name;

typedef struct {
    ol_verdict_name name;
    bool is_late, is_crossed; /* of a reply */
    bool is_ended;            /* open: its ladder has ended, unanswered so far */
    bool has_rung;            /* by its own word: unanswered, else not known to have rung */
    bool is_stored;           /* unreached: stored there, no word came back */
    size_t by;                /* the reply that decides */
    size_t close;        /* the caller's close that counts: in the call's log, else the first */
    bool has_receipt;    /* in the close, over the call's log, and it counts */
    uint64_t size, time; /* of that receipt */
    size_t witness;      /* the first entry of the party that has seen the call, not the close;
                               * where there is no close, or none such: OL_VIEW_NONE */
    bool is_known;       /* the close has seen the witness */
} ol_verdict;

/* party: one that is called (asserted). */
ol_verdict ol_verdict_of(const ol_view *v, size_t call, uint8_t party);
const char *ol_verdict_text(ol_verdict_name name); /* "open", "unreached", … */

/* When the caller's paths to the party were last proven, as the close says; false: no more. */
bool ol_verdict_path_of(const ol_view *v, size_t call, uint8_t party, size_t nth, ol_proven *ret);

#endif
