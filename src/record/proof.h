/* record/proof.h — a file that proves one entry of a log, with the head it is proven against.
 * Shape    "c2sp.org/tlog-proof@v1" | optionally "extra " base64 | "index " decimal | base64 of
 *          each hash, from the leaf's sibling up | empty line | the checkpoint's note, verbatim.
 *          Each line is ended by U+000A.
 * Verify   the note carries the log's signature and one of every witness; its origin is the log
 *          key's name; the path leads from the leaf to its root.
 * Errors   OL_EFORM, OL_ELIMIT; OL_EAUTH a signature or the root fails; OL_ENOENT a signature
 *          that is asked for is missing. Results are then as they were.
 * Memory   a parsed proof borrows its bytes. Extra data is not authenticated; we write none.
 * Source   C2SP tlog-proof v1; docs/PROTOCOL.md §7. */
#ifndef OL_RECORD_PROOF_H
#define OL_RECORD_PROOF_H

#include "base/bytes.h"
#include "base/limits.h"
#include "record/checkpoint.h"
#include "record/merkle.h"

enum { OL_PROOF_TEXT_MAX = 64 + OL_PROOF_MAX * 45 + OL_NOTE_MAX };

typedef struct {
    ol_str extra; /* base64 as it stands; len 0: none */
    uint64_t index;
    ol_merkle_proof path;
    ol_str note;
} ol_proof;

OL_MUST ol_err ol_proof_parse(const char *p, size_t len, ol_proof *ret);
void ol_proof_put(ol_wr *w, const ol_proof *proof); /* extra only where it is not empty */
/* witnesses is at most OL_PARTIES_MAX (asserted). */
OL_MUST ol_err ol_proof_verify(const ol_proof *proof, const ol_hash *leaf, const ol_note_key *log,
                               const ol_note_key *witness, size_t witnesses, ol_checkpoint *ret);

#endif
