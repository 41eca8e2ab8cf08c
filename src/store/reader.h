/* store/reader.h — a line's record in a store, as record/reader.h asks for it: exports, checks.
 * A log's size is that of its author's last signed head; what is not under a signed head, or whose
 * signature is not made yet, is left out. Leaves are entries with the salt of the line's secret.
 * Keys     a log is of the card, and a receipt, by whose key it verifies; of several cards all are
 *          tried, the newest first. A log is of the generation that its opening says; one whose
 *          secret is not there is left out.
 * Memory   from opts.mem; what opts points to is borrowed until free.
 * Errors   of the store; OL_ENOMEM.
 * Source   docs/PROTOCOL.md §3, §7 */
#ifndef OL_STORE_READER_H
#define OL_STORE_READER_H

#include "base/mem.h"
#include "record/card.h"
#include "record/charter.h"
#include "record/reader.h"
#include "store/store.h"

typedef struct {
    uint8_t party;
    const ol_card *card;
    ol_str note;
} ol_store_reader_card;

typedef struct {
    ol_str note;           /* the signed file */
    uint32_t members;      /* a bit per party */
    const uint8_t *secret; /* 32 bytes; NULL: not ours */
} ol_store_reader_generation;

typedef struct {
    ol_mem *mem;
    ol_store *store;
    const ol_charter *charter; /* its parties: all who ever were, by number */
    const ol_store_reader_generation *generation;
    size_t generations;
    const ol_store_reader_card *card; /* of each party the newest first */
    size_t cards;
} ol_store_reader_opts;

typedef struct ol_store_reader ol_store_reader;

OL_MUST ol_err ol_store_reader_new(const ol_store_reader_opts *opts, ol_store_reader **ret);
void ol_store_reader_free(ol_store_reader *r); /* takes NULL */
const ol_reader *ol_store_reader_of(const ol_store_reader *r);
/* All logs of the record, those without a signed head too, in the store's order. */
size_t ol_store_reader_logs(const ol_store_reader *r);
const ol_log_key *ol_store_reader_key(const ol_store_reader *r, size_t log);

#endif
