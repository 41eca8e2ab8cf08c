/* record/view.h — the record of a line as one story: all its logs in their joint order, which
 * messages crossed, what cannot be read and why, who has stored what, and whatever contradicts
 * itself. From entries handed in, so that it serves a store, an export and a simulator alike.
 *
 * Use      new; per log add_log, then its entries ascending, and receipts; finish; then ask.
 *          Logs of one party and lane are told apart by incarnation; numbers of logs are the order
 *          in which they were added, numbers of entries (`at`) the joint order.
 * Order    §4.5. It does not depend on the order in which logs were added. An entry without a
 *          readable wall time counts as written when the one before it was.
 * Issues   are told as they are found, during add_entry and finish. Those of rules that a record
 *          must not break (§7) are so marked; the others are for a reader's eye. Of a record that
 *          is still growing the former can mean that a log has not arrived whole.
 * Trust    signatures of heads and receipts, and roots, are not looked at here (record/verify.h);
 *          officers' signs and vouchers are (§4.8), where opts name line and identity keys: signs
 *          when somebody asks for one (some 0.15 ms each), all by finish where issues are told.
 * Memory   from opts.mem, which outlives the view: some 200 bytes an entry and 40 a mention, 112
 *          more a call, ring, reply or close, 112 a receipt and 24 a path in a close, twice that
 *          while arrays grow; entries are not kept. OL_ENOMEM at its ceiling; then only free
 *          may follow.
 * Errors   add_log: OL_EEXIST twice, OL_ELIMIT party or lane out of range.
 * Source   docs/PROTOCOL.md §3.5, §4, §7 */
#ifndef OL_RECORD_VIEW_H
#define OL_RECORD_VIEW_H

#include "base/mem.h"
#include "record/roster.h"
#include "wire/check.h"
#include "wire/message.h"
#include "wire/entry.h"

/* name, is a rule broken, and the word by which tools/verify_export.py knows it */
#define OL_VIEW_RULES(X)                                                                           \
    X(OPENING_FIRST, true, "opening-first")   /* why: entry 0 is no opening */                     \
    X(OPENING_LATER, true, "opening-later")   /* index */                                          \
    X(OPENING_BEFORE, true, "opening-before") /* other: the predecessor, not in the record */      \
    X(OPENING_SELF, true, "opening-self")                                                          \
    X(OPENING_SIZE, true, "opening-size")            /* other, size; held */                       \
    X(SEEN_ORDER, true, "seen-order")                /* index, number */                           \
    X(OPENING_RECOVERED, false, "opening-recovered") /* other, size; held: what came back later */ \
    X(OPENING_AGAIN, false,                                                                        \
      "opening-again") /* number: the reason; other, size; other may be none */                    \
    X(OPENING_TWIN, false, "opening-twin") /* other: continues the same log; held: 1 it has one */ \
    X(OPENING_OTHER, false, "opening-other") /* other, size: of its other history */               \
    X(SEEN_OTHER, false, "seen-other")       /* index, other, size; held: likewise */              \
    X(SEEN_NUMBER, true, "seen-number")      /* index, number; held: the next free one, or 0 */    \
    X(SEEN_SELF, true, "seen-self")          /* index */                                           \
    X(SEEN_TWICE, true, "seen-twice")        /* index, other */                                    \
    X(SEEN_PARTY, true, "seen-party")        /* index, number: the party; held: parties */         \
    X(SEEN_FALLS, true, "seen-falls")        /* index, other, size; held: the size before */       \
    X(SEEN_MISSING, true, "seen-missing")    /* index, other */                                    \
    X(SEEN_BEYOND, true, "seen-beyond")      /* index, other, size; held */                        \
    X(READ_ORDER, true, "read-order")        /* index, number */                                   \
    X(READ_NUMBER, true, "read-number")      /* index, number */                                   \
    X(READ_BEYOND, true, "read-beyond")      /* index, other, size; held: the size seen */         \
    X(ITEM_TWICE, true, "item-twice")        /* index; other, number: the first one */             \
    X(ITEM_AGAIN, false, "item-again")       /* the same, where its author did not know */         \
    X(REF_MISSING, false, "ref-missing")     /* index; other, number: what it refers to */         \
    X(REF_AMBIGUOUS, false, "ref-ambiguous") /* index, number; held: so many logs */               \
    X(SEEN_BELOW, false, "seen-below")       /* index, other, size; held: receipted before */      \
    X(WALL_FALLS, false, "wall-falls")       /* index; number: of the later one; other: its log */ \
    X(REF_STATUS, false, "ref-status")       /* index; other, number; size, held: their status */  \
    X(CALL_NONE, false, "call-none")         /* index; other, number: what it names is no call */  \
    X(CALL_STRANGER, false, "call-stranger") /* index; other, number: a call of others */          \
    X(CLOSE_RECEIPT, false, "close-receipt") /* index, other, size; number: the party; fails */    \
    X(CLOSE_AGAIN, false, "close-again")     /* index; other, number: the close that counts */     \
    X(ORDER_FORCED, false, "order-forced")   /* index: taken although its seen was not */          \
    X(SIGN_FALSE, false, "sign-false")       /* index, number: the officer; why */                 \
    X(VOUCHER_FALSE, false, "voucher-false") /* index, number: the officer */                      \
    X(ROSTER_BARRED, false, "roster-barred") /* likewise: a claim over what is vouched for */      \
    X(RELEASE_FEW, false, "release-few")     /* index, number: so many who may have released it */ \
    X(ROSTER_OUTDATED, false, "roster-outdated") /* likewise: its serial is not higher */

#define OL_VIEW_ENUM(name, is_broken, word) OL_VIEW_##name,
typedef enum { OL_VIEW_RULES(OL_VIEW_ENUM) OL_VIEW_RULES_N } ol_view_rule;
#undef OL_VIEW_ENUM

typedef struct {
    ol_view_rule rule;
    ol_log_key log, other;
    uint8_t other_inc_len; /* of other.incarnation that is known: 8 but in references */
    uint64_t index, number, size, held;
    const char *why;
} ol_view_issue;
typedef void ol_view_issue_fn(void *ctx, const ol_view_issue *issue);
typedef void ol_view_check_fn(void *ctx, const ol_log_key *log, uint64_t index, uint64_t wall,
                              const ol_check *check);

const char *ol_view_rule_word(ol_view_rule rule);
bool ol_view_rule_is_broken(ol_view_rule rule);
enum { OL_VIEW_SENTENCE_MAX = 400, OL_VIEW_ID_MAX = OL_NAME_MAX + 1 + 7 + 1 + 16 + 1 + 20 };
/* In words, without the log's name before it; NUL-terminated. party: names by number. */
void ol_view_sentence(const ol_view_issue *issue, const char *const *party,
                      char ret[OL_VIEW_SENTENCE_MAX]);
/* <party>/<lane>/<the first digits of the incarnation, 4 to 16 of them>. NUL-terminated. */
void ol_view_log_name(const ol_log_key *log, unsigned digits, const char *const *party,
                      char ret[OL_VIEW_ID_MAX + 1]);

enum { OL_VIEW_PARTIES_MAX = 64 }; /* of all generations together */
#define OL_VIEW_NONE SIZE_MAX      /* no log, no place in the joint order */

typedef struct {
    ol_mem *mem;
    unsigned parties, rungs; /* parties: at most OL_VIEW_PARTIES_MAX */
    /* NULL, or why a compressed text cannot be read; not given: all can. */
    const char *(*unreadable)(void *ctx, const ol_message *m);
    ol_view_issue_fn *issue; /* may be NULL */
    /* Each line check that can be read, its parties by the record's numbers; may be NULL. */
    ol_view_check_fn *check;
    void *ctx;
    uint8_t two;            /* precedences that two officers must release, a bit each */
    const uint8_t *line_id; /* of OL_LINE_ID_LEN bytes; NULL: no sign is checked */
    const uint8_t *identity[OL_PARTIES_MAX]; /* keys by party number, borrowed; NULL: not known */
} ol_view_opts;

typedef struct ol_view ol_view;

OL_MUST ol_err ol_view_new(const ol_view_opts *opts, ol_view **ret);
void ol_view_free(ol_view *v); /* takes NULL */
OL_MUST ol_err ol_view_add_log(ol_view *v, const ol_log_key *key, size_t *ret_log);
/* The generation of the charter that the log belongs to, if it is not that of opts: by which of the
 * record's party numbers its members are meant, in the order of that charter, and its rungs. Before
 * the log's first entry; its author is a member. */
void ol_view_set_members(ol_view *v, size_t log, const uint8_t *member, unsigned members,
                         unsigned rungs);
/* Logs of generations before this one are not the author's to hold: it has been a member since then
 * (again, if it was one before). */
void ol_view_set_since(ol_view *v, size_t log, uint32_t generation);
/* The members of the log's generation, a bit per party of the record; not given: all parties.
 * Before the log's first entry. */
void ol_view_set_present(ol_view *v, size_t log, uint64_t parties);
/* What two officers must release there, a bit per precedence (§2.4); as members, before its first
 * entry. Not called: that of opts. */
void ol_view_set_two(ol_view *v, size_t log, uint8_t precedences);
/* The log is there and what it holds is not known (it could not be proven): nothing is found amiss
 * with what others say of it. */
void ol_view_set_unknown(ol_view *v, size_t log);
/* The log has two signed histories, of which one is here: others may speak of the other one. */
void ol_view_set_forked(ol_view *v, size_t log);
/* entry: without salt. Any bytes are an entry. */
OL_MUST ol_err ol_view_add_entry(ol_view *v, size_t log, const uint8_t *entry, size_t len);
OL_MUST ol_err ol_view_add_receipt(ol_view *v, size_t log, uint8_t party, uint64_t size,
                                   uint64_t time);
/* Of the receipt that was added last to this log: the caller's own word, by which way it came. */
void ol_view_set_way(ol_view *v, size_t log, uint8_t way);

/* Receipts in closes of calls (§4.9): whoever has the keys and the leaves says which of them hold,
 * after the last entry and before finish. Those count as receipts of the record. */
typedef struct {
    size_t log; /* that it is over; OL_VIEW_NONE: not in the record */
    uint8_t party;
    uint64_t size, time;
    const uint8_t *sig; /* OL_SIG_LEN */
} ol_view_claim;
size_t ol_view_claims(const ol_view *v);
ol_view_claim ol_view_claim_at(const ol_view *v, size_t nth);
/* It verifies over the root of so many leaves; the log is in the record and holds them. */
void ol_view_claim_holds(ol_view *v, size_t nth);

OL_MUST ol_err ol_view_finish(ol_view *v);

/* ── when finished ─────────────────────────────────────────────────────────────────────────────*/

size_t ol_view_logs(const ol_view *v);
uint64_t ol_view_log_size(const ol_view *v, size_t log);
const ol_log_key *ol_view_log_key(const ol_view *v, size_t log);
/* So many digits of a log tell it apart from the others of its party and lane: 4 to 16. */
unsigned ol_view_log_digits(const ol_view *v, size_t log);
/* NULL: its entry 0 cannot be read or is none. */
const ol_opening *ol_view_opening(const ol_view *v, size_t log);

typedef struct {
    size_t log;
    uint64_t index, kind, wall; /* as claimed; kind 0 where it cannot be read */
    const char *unreadable;     /* why; NULL: it can be read */
    bool is_forced;             /* ORDER_FORCED */
    bool is_message;            /* a readable one */
    uint8_t precedence, status; /* of a message; status wherever there is one */
    bool has_status;            /* a ring's and a close's is that of their call */
    unsigned crossings; /* of a message: how many are known, at most OL_VIEW_CROSSINGS_MAX */
    unsigned signs;     /* of a readable entry */
    uint32_t serial;    /* of a message: its serial number in its log, from 1; 0: it has none */
} ol_view_item;
enum { OL_VIEW_CROSSINGS_MAX = 4 };

size_t ol_view_len(const ol_view *v); /* entries of all logs */
ol_view_item ol_view_at(const ol_view *v, size_t at);
size_t ol_view_find(const ol_view *v, size_t log, uint64_t index); /* where it stands */
/* The nth message that crosses this one: the earliest are known. */
size_t ol_view_crossing(const ol_view *v, size_t at, unsigned nth);
/* The first known receipt of this party that covers the entry. */
bool ol_view_is_stored(const ol_view *v, size_t log, uint64_t index, uint8_t party,
                       uint64_t *ret_time);
/* By which way that receipt came; 0: not known, or there is none. */
uint8_t ol_view_way(const ol_view *v, size_t log, uint64_t index, uint8_t party);
/* The place of the entry that this one, a message, act or call, refers to, if the reference has an
 * effect (§11): its author had seen it, and the status of both is the same; else OL_VIEW_NONE. */
size_t ol_view_target(const ol_view *v, size_t at);
/* What was said of an entry: messages and acts that refer to it and count (§11.1), in the joint
 * order. */
typedef struct {
    size_t at;
    uint8_t party, what, grade; /* what: a message's sort, an act's verb */
    uint64_t kind, wall;
    uint32_t seconds; /* of an interim */
} ol_view_word;
/* The nth from 0; false: there are no more. */
bool ol_view_said(const ol_view *v, size_t of, size_t nth, ol_view_word *ret);

#define OL_VIEW_NOWHERE SIZE_MAX
typedef struct {                    /* how far an entry came with a party: places, or NOWHERE */
    size_t seen, answered, interim; /* the first act 0, the first answer, the last interim */
    uint64_t seen_wall, answered_wall, interim_wall, until; /* until: of the interim */
} ol_view_state;
ol_view_state ol_view_state_of(const ol_view *v, size_t at, uint8_t party);
/* An entry of this party has seen it: stored there, whatever became of the receipt. */
bool ol_view_is_seen(const ol_view *v, size_t log, uint64_t index, uint8_t party);
/* The first such entry, in the joint order; false: there is none. */
bool ol_view_first_seen(const ol_view *v, size_t log, uint64_t index, uint8_t party,
                        size_t *ret_at);

/* How much of `other` the author held when it appended this entry, and had read of it when the
 * text was released (the same where there is no `read`). */
uint64_t ol_view_seen(const ol_view *v, size_t log, uint64_t index, size_t other);
uint64_t ol_view_read(const ol_view *v, size_t log, uint64_t index, size_t other);

/* ── officers (§4.8) ───────────────────────────────────────────────────────────────────────────*/

typedef struct {
    uint16_t officer;
    uint64_t written;
    const char *fault; /* NULL: it verifies, and the entry is this officer's word; else why not */
    const ol_roster_row *who; /* as of this entry; its `entry`: where the names stand, in the joint
                               * order. NULL: nobody of that number was known */
} ol_view_sign;
ol_view_sign ol_view_sign_of(const ol_view *v, size_t at, unsigned nth);
/* The officers; places are those of the joint order. NULL: opts did not name the line. */
const ol_roster *ol_view_roster(const ol_view *v);

#endif
