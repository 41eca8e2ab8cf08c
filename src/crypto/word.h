/* crypto/word.h — an officer's word: the exact bytes that a sign and a voucher cover.
 * Sign     makes an entry an officer's word. It binds line, generation, party, officer, item id,
 *          when it was written, what had been read, kind, what is referred to, and the body.
 * Voucher  the identity key, or an officer who may vouch, for one roster entry.
 * Keys     whoever signs holds the key; a device that signs by itself takes ol_word_bytes.
 * Read     rows of logs of which more than nothing was read, ascending by party, lane, incarnation;
 *          ol_word_sort brings them into that form.
 * Errors   OL_EAUTH.
 * Memory   allocates nothing, keeps no pointer.
 * Source   docs/PROTOCOL.md §4.8; known answers in tests/vectors/officer.txt */
#ifndef OL_CRYPTO_WORD_H
#define OL_CRYPTO_WORD_H

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "wire/logkey.h"

enum { OL_WORD_LEN = 20 + 16 + 4 + 1 + 2 + 6 + 8 + 32 + 1 + 32 + 32 };
enum { OL_VOUCHER_LEN = 18 + 16 + 1 + 32 };

typedef struct {
    uint8_t line_id[OL_LINE_ID_LEN];
    uint32_t generation; /* of the log */
    uint8_t party, kind;
    uint8_t item[OL_ITEM_LEN];
    uint8_t read[OL_HASH_LEN], ref[OL_HASH_LEN], body[OL_HASH_LEN]; /* SHA-256 of each */
} ol_word;

/* Drops what was not read at all and sorts the rest; returns how many there are. */
size_t ol_word_sort(ol_known *read, size_t n);
/* Of rows in that form. */
void ol_word_read_hash(const ol_known *read, size_t n, uint8_t ret[OL_HASH_LEN]);

void ol_word_bytes(const ol_word *w, uint16_t officer, uint64_t written, uint8_t ret[OL_WORD_LEN]);
OL_MUST ol_err ol_word_verify(const ol_word *w, uint16_t officer, uint64_t written,
                              const uint8_t pub[OL_SIGN_PUB_LEN], const uint8_t sig[OL_SIG_LEN]);

/* fields: SHA-256 of the array of an officer entry's first ten fields, which stand in the entry one
 * after the other (ol_officer.vouched). */
void ol_word_fields_hash(const void *ten, size_t len, uint8_t ret[OL_HASH_LEN]);
void ol_word_voucher_bytes(const uint8_t line_id[OL_LINE_ID_LEN], uint8_t party,
                           const uint8_t fields[OL_HASH_LEN], uint8_t ret[OL_VOUCHER_LEN]);
OL_MUST ol_err ol_word_vouched(const uint8_t line_id[OL_LINE_ID_LEN], uint8_t party,
                               const uint8_t fields[OL_HASH_LEN],
                               const uint8_t pub[OL_SIGN_PUB_LEN], const uint8_t sig[OL_SIG_LEN]);

#endif
