/* line/keyring.h — by which keys and with which salts a log is read: those of its author's cards,
 * and of its generation.
 * Source   docs/PROTOCOL.md §2.3, §2.4, §3.1 */
#ifndef OL_LINE_KEYRING_H
#define OL_LINE_KEYRING_H

#include "line/state.h"

OL_MUST ol_err ol_keyring_take(ol_line *l, const ol_line_opts *o);
void ol_keyring_free(ol_line *l);
const uint8_t *ol_keyring_secret(const ol_line *l, uint32_t generation); /* NULL: not ours */
bool ol_keyring_is_member(const ol_line *l, uint8_t party);              /* now */
/* Of this generation, the log's and all between: it is sent the log, and receipts it. */
bool ol_keyring_is_for(const ol_line *l, const ol_log *log, uint8_t party);
uint32_t ol_keyring_generation(const uint8_t *entry, size_t len); /* of entry 0 */
/* The key of the author by which a head verifies; NULL: none. log may be NULL. */
const uint8_t *ol_keyring_head(const ol_line *l, const ol_log *log, const ol_checkpoint *cp,
                               uint8_t party, const uint8_t *sig);
OL_MUST ol_err ol_keyring_receipt(const ol_line *l, const ol_checkpoint *cp, uint8_t party,
                                  uint64_t time, const uint8_t *sig);
/* Its heads are signed by the key of an earlier card. */
bool ol_keyring_is_old(const ol_line *l, const ol_log *log);
/* That, or of an earlier generation: nothing is appended to it. */
bool ol_keyring_is_past(const ol_line *l, const ol_log *log);

/* log.c */
/* false: the secret of that generation is not ours. */
OL_MUST bool ol_log_leaf(const ol_line *l, const ol_log_key *key, uint32_t generation,
                         uint64_t index, const uint8_t *entry, size_t len, ol_hash *ret);
/* From now on only the key by which this head verifies signs heads of the log. */
void ol_log_pin(const ol_line *l, ol_log *log, uint64_t size, const uint8_t root[32],
                const uint8_t *sig);

#endif
