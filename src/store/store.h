/* store/store.h — the one store of a home: all lines, entries, heads, receipts, small state.
 * Implementations: store/sqlite.h (files), store/mem.h (tests, simulator); both pass the same
 * suite. Errors   OL_EFULL disk full, OL_EIO any other failure of the medium, OL_EVERSION a newer
 * format, OL_ECONFLICT a batch that does not fit what is stored (index not the next, unknown log),
 *          OL_ENOENT. After a failed commit nothing of it is there and the store stays usable.
 * Memory   what callbacks are given is borrowed for the call. Callbacks returning other than OL_OK
 * stop the walk, which returns that error. Callbacks must not call back into the store. seq every
 * entry and receipt gets a number when it is committed, rising by at least 1, unique in the store:
 * the cursor of those who follow. It is local and means nothing to others. Source docs/PROTOCOL.md
 * §3.3, §3.6 */
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
    /* All batches in one transaction; durable when it returns OL_OK. */
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
    ol_err (*state)(ol_store *s, const uint8_t *line, ol_state_fn *fn, void *ctx);
    ol_err (*evidence)(ol_store *s, const uint8_t *line, ol_evidence_fn *fn, void *ctx);
    /* OL_ENOENT when no own entry of the line carries this item id. */
    ol_err (*find_item)(ol_store *s, const uint8_t *line, const uint8_t *item, ol_log_key *ret_log,
                        uint64_t *ret_index);
    /* Entries and receipts with seq > after, by seq, at most max of them; either fn may be NULL. */
    ol_err (*since)(ol_store *s, const uint8_t *line, uint64_t after, size_t max,
                    ol_entry_fn *entry, ol_receipt_fn *receipt, void *ctx);
    ol_err (*last_seq)(ol_store *s, uint64_t *ret);
    ol_err (*lines)(ol_store *s, ol_line_fn *fn, void *ctx);
    void (*close)(ol_store *s); /* takes NULL; releases s */
} ol_store_ops;

struct ol_store {
    const ol_store_ops *ops;
};

#endif
