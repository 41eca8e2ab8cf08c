#include "crypto/word.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/bytes.h"

enum { ROW_LEN = 1 + 1 + OL_INC_LEN + 8 };

static const char word_title[] = "openline/officer/v1\n";
static const char voucher_title[] = "openline/enrol/v1\n";
static const uint8_t array_of_ten = 0x8a;

static int compare(const void *a, const void *b) {
    const ol_known *x = a, *y = b;
    if (x->log.party != y->log.party)
        return x->log.party < y->log.party ? -1 : 1;
    if (x->log.lane != y->log.lane)
        return x->log.lane < y->log.lane ? -1 : 1;
    return memcmp(x->log.incarnation, y->log.incarnation, OL_INC_LEN);
}

size_t ol_word_sort(ol_known *read, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (read[i].size > 0)
            read[kept++] = read[i];
    if (kept > 1)
        qsort(read, kept, sizeof *read, compare);
    return kept;
}

void ol_word_read_hash(const ol_known *read, size_t n, uint8_t ret[OL_HASH_LEN]) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < n; i++) {
        uint8_t row[ROW_LEN];
        ol_wr w = ol_wr_of(row, sizeof row);
        OL_ASSERT(read[i].size > 0 && (i == 0 || compare(&read[i - 1], &read[i]) < 0));
        ol_wr_be(&w, read[i].log.party, 1);
        ol_wr_be(&w, read[i].log.lane, 1);
        ol_wr_put(&w, read[i].log.incarnation, OL_INC_LEN);
        ol_wr_be(&w, read[i].size, 8);
        crypto_hash_sha256_update(&state, row, w.len);
    }
    crypto_hash_sha256_final(&state, ret);
}

void ol_word_bytes(const ol_word *word, uint16_t officer, uint64_t written,
                   uint8_t ret[OL_WORD_LEN]) {
    ol_wr w = ol_wr_of(ret, OL_WORD_LEN);
    ol_wr_put(&w, word_title, sizeof word_title - 1);
    ol_wr_put(&w, word->line_id, sizeof word->line_id);
    ol_wr_be(&w, word->generation, 4);
    ol_wr_be(&w, word->party, 1);
    ol_wr_be(&w, officer, 2);
    ol_wr_put(&w, word->item, sizeof word->item);
    ol_wr_be(&w, written, 8);
    ol_wr_put(&w, word->read, OL_HASH_LEN);
    ol_wr_be(&w, word->kind, 1);
    ol_wr_put(&w, word->ref, OL_HASH_LEN);
    ol_wr_put(&w, word->body, OL_HASH_LEN);
    OL_ASSERT(w.err == OL_OK && w.len == OL_WORD_LEN);
}

ol_err ol_word_verify(const ol_word *word, uint16_t officer, uint64_t written,
                      const uint8_t pub[OL_SIGN_PUB_LEN], const uint8_t sig[OL_SIG_LEN]) {
    uint8_t bytes[OL_WORD_LEN];
    ol_word_bytes(word, officer, written, bytes);
    return ol_sign_verify(pub, bytes, sizeof bytes, sig);
}

void ol_word_fields_hash(const void *ten, size_t len, uint8_t ret[OL_HASH_LEN]) {
    const ol_part part[] = { { &array_of_ten, 1 }, { ten, len } };
    ol_hash_sha256_parts(part, OL_LEN(part), ret);
}

void ol_word_voucher_bytes(const uint8_t line_id[OL_LINE_ID_LEN], uint8_t party,
                           const uint8_t fields[OL_HASH_LEN], uint8_t ret[OL_VOUCHER_LEN]) {
    ol_wr w = ol_wr_of(ret, OL_VOUCHER_LEN);
    ol_wr_put(&w, voucher_title, sizeof voucher_title - 1);
    ol_wr_put(&w, line_id, OL_LINE_ID_LEN);
    ol_wr_be(&w, party, 1);
    ol_wr_put(&w, fields, OL_HASH_LEN);
    OL_ASSERT(w.err == OL_OK && w.len == OL_VOUCHER_LEN);
}

ol_err ol_word_vouched(const uint8_t line_id[OL_LINE_ID_LEN], uint8_t party,
                       const uint8_t fields[OL_HASH_LEN], const uint8_t pub[OL_SIGN_PUB_LEN],
                       const uint8_t sig[OL_SIG_LEN]) {
    uint8_t bytes[OL_VOUCHER_LEN];
    ol_word_voucher_bytes(line_id, party, fields, bytes);
    return ol_sign_verify(pub, bytes, sizeof bytes, sig);
}
