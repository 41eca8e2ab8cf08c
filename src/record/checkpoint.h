/* record/checkpoint.h — what a head signs: a log's name, its size and its root.
 * Origin   <line>/<party>/<lane>/<incarnation>: names (base/text.h), "urgent" or "routine", 16
 *          lower-case hex digits. It is the log key's name too. A receipt key's is
 *          <line>/<party>/mirror.
 * Text     origin U+000A size in decimal U+000A base64(root) U+000A, no extension lines. Size 0 has
 *          the root SHA-256(""); sizes are at most OL_TREE_SIZE_MAX.
 * Head     the Ed25519 signature (note type 0x01) of the text by the log key.
 * Errors   OL_EFORM, OL_ELIMIT (size), OL_EAUTH; the results are as they were.
 * Memory   the origin of a parsed text is borrowed. Nothing is allocated.
 * Source   C2SP tlog-checkpoint v1.0.0, docs/PROTOCOL.md §3.1, §3.2. */
#ifndef OL_RECORD_CHECKPOINT_H
#define OL_RECORD_CHECKPOINT_H

#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "crypto/note.h"
#include "record/merkle.h"
#include "wire/logkey.h"

enum { OL_CHECKPOINT_TEXT_MAX = OL_NOTE_NAME_MAX + 1 + 15 + 1 + 44 + 1 };
_Static_assert((int)OL_CHECKPOINT_TEXT_MAX <= (int)OL_COSIGN_TEXT_MAX, "receipts sign them all");

/* Both are NUL-terminated; the length is returned; names must be valid (asserted). party is the
 * name of log->party. */
size_t ol_checkpoint_origin(const char *line, const char *party, const ol_log_key *log,
                            char ret[OL_NOTE_NAME_MAX + 1]);
size_t ol_checkpoint_mirror(const char *line, const char *party, char ret[OL_NOTE_NAME_MAX + 1]);

typedef struct {
    ol_str origin;
    uint64_t size;
    ol_hash root;
} ol_checkpoint;

/* The text, not NUL-terminated; returns its length. origin: a valid note name; size in range
 * (asserted). */
size_t ol_checkpoint_put(const ol_checkpoint *cp, char ret[OL_CHECKPOINT_TEXT_MAX]);
OL_MUST ol_err ol_checkpoint_get(const char *text, size_t len, ol_checkpoint *ret);

/* A head by the log key. */
void ol_checkpoint_sign(const ol_checkpoint *cp, const ol_sign_key *key, uint8_t ret[OL_SIG_LEN]);
OL_MUST ol_err ol_checkpoint_verify(const ol_checkpoint *cp, const uint8_t pub[OL_SIGN_PUB_LEN],
                                    const uint8_t sig[OL_SIG_LEN]);

#endif
