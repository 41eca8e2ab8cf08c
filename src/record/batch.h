/* record/batch.h — what one transaction of a line puts into the store, in order.
 * The engine makes it, a store performs it: all of it or nothing, durable (fsync) when it returns.
 *
 * LOG      a log that was not there: size 0
 * ENTRY    at = index, equal to the log's size so far in this batch; p = the entry without salt;
 *          item = 6 bytes or NULL (own entries that people wrote). Closed logs take entries too:
 *          own ones come back from members.
 * SIZE     at = new size, p = encoded frontier (record/merkle.h); after its entries. A batch that
 *          puts entries puts the size they lead to.
 * HEAD     at = size, at most the entries put so far; root; p = 64 bytes of signature, or NULL:
 *          ours, to be signed after the commit. A later HEAD of the same size and root fills the
 *          signature in; a signature that is there stays.
 * RECEIPT  at = size, of any size; party = who signed; time; p = 64 bytes, or NULL as above. A
 *          later RECEIPT of the same log, party and size fills the signature in if the time is the
 *          same; one that has its signature stays as it is.
 * CLOSED   an own log is never appended to again
 * STATE    key = name, p = value (len 0: delete); the engine's own small notes
 * EVIDENCE at = size, party = whose note (author of a head or signer of a receipt), time as in the
 *          receipt or 0, root, p = 64 bytes: a note that contradicts our own copy. The same one
 *          again changes nothing.
 * TRIM     at = the largest size that all others have receipted: receipts below it are dropped,
 *          and heads below it whose size is no multiple of 16 and under no kept receipt. Takes
 *          place after all other puts of the commit; costs a pass over the log's heads, so not in
 *          every batch.
 *
 * Memory   everything is borrowed from the engine until the commit is answered.
 * Source   docs/PROTOCOL.md §3.2, §3.3, §3.6 */
#ifndef OL_RECORD_BATCH_H
#define OL_RECORD_BATCH_H

#include <stddef.h>

#include "wire/logkey.h"

typedef enum {
    OL_PUT_LOG,
    OL_PUT_ENTRY,
    OL_PUT_SIZE,
    OL_PUT_HEAD,
    OL_PUT_RECEIPT,
    OL_PUT_CLOSED,
    OL_PUT_STATE,
    OL_PUT_EVIDENCE,
    OL_PUT_TRIM
} ol_put_kind;

typedef struct {
    ol_put_kind kind;
    uint8_t party;
    ol_log_key log;
    uint64_t at, time;
    const uint8_t *p;
    size_t len;
    const uint8_t *root; /* 32 bytes */
    const uint8_t *item; /* OL_ITEM_LEN bytes or NULL */
    const char *key;
    uint8_t way; /* RECEIPT: by which it came, the engine's caller's own word; 0: not known */
} ol_put;

typedef struct {
    uint8_t line[OL_LINE_ID_LEN];
    const ol_put *put;
    size_t n;
} ol_batch;

#endif
