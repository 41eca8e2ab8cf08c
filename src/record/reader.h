/* record/reader.h — the record of one line, wherever it lies: what an export asks for.
 * An implementation (over a store, over memory) fills in the functions; ctx is its own. Functions
 * return OL_ENOENT where there is no such thing, else their own errors, which end the export.
 * Numbers  logs, charters and cards are counted from 0 without gaps; parties as in the charter.
 * Memory   what a function hands out is borrowed until the next call of any of them.
 * Trust    none: whoever reads checks every signature over the leaves that it was given.
 * Source   docs/PROTOCOL.md §3, §7. */
#ifndef OL_RECORD_READER_H
#define OL_RECORD_READER_H

#include "base/err.h"
#include "base/limits.h"
#include "base/text.h"
#include "crypto/sign.h"
#include "wire/logkey.h"

typedef struct {
    uint8_t party;
    uint32_t serial;
    ol_str note;
} ol_record_card;

typedef struct {
    ol_log_key key;
    uint64_t size;            /* of the author's last signed head; 0: none, nothing to show */
    uint8_t head[OL_SIG_LEN]; /* the author's signature of it */
    uint8_t log_pub[OL_SIGN_PUB_LEN];
    /* The members of the log's generation, a bit per party, the author's among them, and the
     * receipt keys of their last cards; those of others and of the author are not looked at. */
    uint32_t members;
    uint8_t receipt_pub[OL_PARTIES_MAX][OL_SIGN_PUB_LEN];
} ol_record_log;

typedef struct {
    uint64_t size, time;
    uint8_t sig[OL_SIG_LEN];      /* the receipt */
    uint8_t pub[OL_SIGN_PUB_LEN]; /* by this key; not always that of the party's last card */
    uint8_t head[OL_SIG_LEN];     /* the author's signature at this size */
} ol_record_receipt;

/* A note that contradicts the leaves: the author's own head, or a member's receipt, over another
 * root than theirs. Beside it the smallest of the author's kept heads at or above its size. */
typedef struct {
    uint8_t party; /* who signed it: the author a head, another a receipt */
    uint64_t size, time;
    uint8_t root[32], sig[OL_SIG_LEN], pub[OL_SIGN_PUB_LEN];
    uint64_t own_size;
    uint8_t own_head[OL_SIG_LEN];
} ol_record_evidence;

/* leaf = salt ‖ entry; borrowed for the call. Other than OL_OK ends the walk, which returns it. */
typedef ol_err ol_record_leaf_fn(void *ctx, uint64_t index, const uint8_t *leaf, size_t len);

typedef struct {
    char line[OL_NAME_MAX + 1]; /* valid names (asserted) */
    uint8_t parties;            /* 2..OL_PARTIES_MAX */
    char party[OL_PARTIES_MAX][OL_NAME_MAX + 1];
    void *ctx;
    ol_err (*charter)(void *ctx, size_t generation, ol_str *ret);
    ol_err (*card)(void *ctx, size_t n, ol_record_card *ret);
    ol_err (*log)(void *ctx, size_t n, ol_record_log *ret);
    /* The receipt of this party over this log: the largest (size 0), or the one of a size. */
    ol_err (*receipt)(void *ctx, size_t log, uint8_t party, uint64_t size, ol_record_receipt *ret);
    /* The largest size that every other member has receipted, exactly it. */
    ol_err (*agreed)(void *ctx, size_t log, uint64_t *ret_size);
    /* The nth piece of evidence against a log that is within its size, from 0. */
    ol_err (*evidence)(void *ctx, size_t log, size_t n, ol_record_evidence *ret);
    /* The leaves [from, to) of a log, ascending. */
    ol_err (*leaves)(void *ctx, size_t log, uint64_t from, uint64_t to, ol_record_leaf_fn *fn,
                     void *fn_ctx);
} ol_reader;

#endif
