#include "record/receipt.h"

size_t ol_receipt_message(const ol_checkpoint *cp, uint64_t time,
                          uint8_t ret[OL_COSIGN_MESSAGE_MAX]) {
    char text[OL_CHECKPOINT_TEXT_MAX];
    size_t len = ol_checkpoint_put(cp, text);
    return ol_note_cosign_message(time, text, len, ret);
}

void ol_receipt_sign(const ol_checkpoint *cp, uint64_t time, const ol_sign_key *key,
                     uint8_t ret[OL_SIG_LEN]) {
    uint8_t message[OL_COSIGN_MESSAGE_MAX];
    OL_ASSERT(time <= OL_RECEIPT_TIME_MAX);
    size_t len = ol_receipt_message(cp, time, message);
    ol_sign_make(key, message, len, ret);
}

ol_err ol_receipt_verify(const ol_checkpoint *cp, uint64_t time, const uint8_t pub[OL_SIGN_PUB_LEN],
                         const uint8_t sig[OL_SIG_LEN]) {
    uint8_t message[OL_COSIGN_MESSAGE_MAX];
    if (time > OL_RECEIPT_TIME_MAX)
        return OL_ELIMIT;
    size_t len = ol_receipt_message(cp, time, message);
    return ol_sign_verify(pub, message, len, sig);
}

void ol_receipt_blob(const uint8_t id[OL_NOTE_ID_LEN], uint64_t time, const uint8_t sig[OL_SIG_LEN],
                     uint8_t ret[OL_NOTE_BLOB4_LEN]) {
    ol_wr w = ol_wr_of(ret, OL_NOTE_BLOB4_LEN);
    ol_wr_put(&w, id, OL_NOTE_ID_LEN);
    ol_wr_be(&w, time, 8);
    ol_wr_put(&w, sig, OL_SIG_LEN);
}
