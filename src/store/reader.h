/* store/reader.h — a line's record in a store, as record/reader.h asks for it: exports, checks.
 * A log's size is that of its author's last signed head; what is not under a signed head, or whose
 * signature is not made yet, is left out. Leaves are entries with the salt of the line's secret.
 * Limits   generation 0: one charter, and one card a party (that whose keys signed here).
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
    ol_mem *mem;
    ol_store *store;
    const ol_charter *charter;
    ol_str charter_note;        /* the signed file */
    const uint8_t *line_secret; /* 32 bytes */
    struct {
        const ol_card *card; /* NULL: none is held */
        ol_str note;
    } card[OL_PARTIES_MAX];
} ol_store_reader_opts;

typedef struct ol_store_reader ol_store_reader;

OL_MUST ol_err ol_store_reader_new(const ol_store_reader_opts *opts, ol_store_reader **ret);
void ol_store_reader_free(ol_store_reader *r); /* takes NULL */
const ol_reader *ol_store_reader_of(const ol_store_reader *r);
/* All logs of the record, those without a signed head too, in the store's order. */
size_t ol_store_reader_logs(const ol_store_reader *r);
const ol_log_key *ol_store_reader_key(const ol_store_reader *r, size_t log);

#endif
