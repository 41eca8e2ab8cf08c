/* record/receipt.h — a party's signed word that it has durably stored a log up to a size.
 * Signs    "cosignature/v1\ntime <t>\n" ‖ checkpoint text; t in seconds since 1970, below 2^63.
 * Blob     key id[4] ‖ u64 t ‖ signature[64], as it stands in a note; OL_NOTE_BLOB4_LEN bytes.
 * Errors   OL_EAUTH; OL_ELIMIT for a time out of range.
 * Source   C2SP tlog-cosignature v1.0.1; docs/PROTOCOL.md §3.3. */
#ifndef OL_RECORD_RECEIPT_H
#define OL_RECORD_RECEIPT_H

#include <stdint.h>

#include "base/err.h"
#include "record/checkpoint.h"

#define OL_RECEIPT_TIME_MAX ((UINT64_C(1) << 63) - 1)

size_t ol_receipt_message(const ol_checkpoint *cp, uint64_t time,
                          uint8_t ret[OL_COSIGN_MESSAGE_MAX]);
void ol_receipt_sign(const ol_checkpoint *cp, uint64_t time, const ol_sign_key *key,
                     uint8_t ret[OL_SIG_LEN]);
OL_MUST ol_err ol_receipt_verify(const ol_checkpoint *cp, uint64_t time,
                                 const uint8_t pub[OL_SIGN_PUB_LEN], const uint8_t sig[OL_SIG_LEN]);
void ol_receipt_blob(const uint8_t id[OL_NOTE_ID_LEN], uint64_t time, const uint8_t sig[OL_SIG_LEN],
                     uint8_t ret[OL_NOTE_BLOB4_LEN]);

#endif
