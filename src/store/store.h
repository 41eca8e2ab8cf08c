/* store/store.h — the one store of a home: all lines, entries, heads, receipts, small state.
 * Implementations: store/sqlite.h (a file), store/mem.h (tests, simulator); both pass the same
 * suite, tests/unit/test_store.c.
 * Errors   OL_EFULL disk full, OL_EIO any other failure of the medium, OL_ENOMEM, OL_ECONFLICT a
 *          batch that does not fit what is stored (index not the next, unknown log, a log that is
 *          there already, another root or receipt time for a size), OL_ENOENT.
 * Failure  after a failed commit nothing of it is there and the store stays usable. Of a commit
 *          that failed with OL_EIO all may be there again after a crash, never a part.
 * Memory   what callbacks are given is borrowed for the call. Callbacks returning other than OL_OK
 *          stop the walk, which returns that error. Callbacks must not call back into the store.
 * seq      every entry and receipt gets a number when it is committed, rising by at least 1, unique
 *          in the store, never used again: the cursor of those who follow. A receipt keeps its
 *          number when its signature is filled in. It is local and means nothing to others.
 * Lines    a line is there once a batch for it was committed. Walks over an unknown line or log are
 *          empty.
 * Shape    of puts (lengths, sizes ≤ OL_SIZE_MAX, keys) is asserted: the engine made them.
 * Source   docs/PROTOCOL.md §3.3, §3.6 */
#ifndef OL_STORE_STORE_H
#define OL_STORE_STORE_H

#include "base/err.h"
#include "record/batch.h"

typedef struct ol_store ol_store;

typedef struct {
    ol_log_key key;
    bool is_closed; /* own logs: never appended to again */
    uint64_t size;
    const uint8_t *frontier; /* encoded; NULL when size is 0 */
    size_t frontier_len;
} ol_stored_log;

typedef struct {
    ol_log_key log;
    uint64_t size;
    const uint8_t *root, *sig; /* sig NULL: ours, not signed yet */
} ol_stored_head;

typedef struct {
    ol_log_key log;
    uint8_t party;
    uint8_t way; /* by which it came first; 0: not known */
    uint64_t size, time, seq;
    const uint8_t *sig; /* NULL: ours, not signed yet */
} ol_stored_receipt;

typedef struct {
    ol_log_key log;
    uint64_t index, seq;
    const uint8_t *entry;
    size_t len;
} ol_stored_entry;

typedef struct {
    ol_log_key log;
    uint8_t party;
    uint64_t size, time;
    const uint8_t *root, *sig;
} ol_stored_evidence;

typedef ol_err ol_log_fn(void *ctx, const ol_stored_log *log);
typedef ol_err ol_head_fn(void *ctx, const ol_stored_head *head);
typedef ol_err ol_receipt_fn(void *ctx, const ol_stored_receipt *receipt);
typedef ol_err ol_entry_fn(void *ctx, const ol_stored_entry *entry);
typedef ol_err ol_state_fn(void *ctx, const char *key, const uint8_t *value, size_t len);
typedef ol_err ol_evidence_fn(void *ctx, const ol_stored_evidence *evidence);
typedef ol_err ol_line_fn(void *ctx, const uint8_t line[OL_LINE_ID_LEN]);

typedef struct {
    /* All batches in one transaction; durable when it returns OL_OK. n 0 does nothing. */
    ol_err (*commit)(ol_store *s, const ol_batch *list, size_t n);
    /* In the order in which the logs were put. */
    ol_err (*logs)(ol_store *s, const uint8_t *line, ol_log_fn *fn, void *ctx);
    /* Heads of a log with size >= from, ascending. */
    ol_err (*heads)(ol_store *s, const uint8_t *line, const ol_log_key *log, uint64_t from,
                    ol_head_fn *fn, void *ctx);
    /* All kept receipts of a log, by party then size, ascending. */
    ol_err (*receipts)(ol_store *s, const uint8_t *line, const ol_log_key *log, ol_receipt_fn *fn,
                       void *ctx);
    /* Entries of a log with index in [from, to), ascending. */
    ol_err (*entries)(ol_store *s, const uint8_t *line, const ol_log_key *log, uint64_t from,
                      uint64_t to, ol_entry_fn *fn, void *ctx);
    /* By key, ascending. */
    ol_err (*state)(ol_store *s, const uint8_t *line, ol_state_fn *fn, void *ctx);
    /* In the order of arrival. */
    ol_err (*evidence)(ol_store *s, const uint8_t *line, ol_evidence_fn *fn, void *ctx);
    /* The first committed, where several carry it (one that came back from a member after its text
     * had been submitted again); OL_ENOENT when no entry of the line was put with this item. */
    ol_err (*find_item)(ol_store *s, const uint8_t *line, const uint8_t *item, ol_log_key *ret_log,
                        uint64_t *ret_index);
    /* Entries and receipts with seq > after, by seq, at most max of them; a kind whose fn is NULL
     * is passed over and not counted. */
    ol_err (*since)(ol_store *s, const uint8_t *line, uint64_t after, size_t max,
                    ol_entry_fn *entry, ol_receipt_fn *receipt, void *ctx);
    /* 0: none so far. */
    ol_err (*last_seq)(ol_store *s, uint64_t *ret);
    /* In the order in which they were first put. */
    ol_err (*lines)(ol_store *s, ol_line_fn *fn, void *ctx);
    /* Housekeeping that may take some milliseconds: to be called now and then when nothing waits.
     * Left out, a commit does it when it must. */
    void (*rest)(ol_store *s);
    void (*close)(ol_store *s); /* takes NULL; releases s */
} ol_store_ops;

struct ol_store {
    const ol_store_ops *ops;
};

#endif
