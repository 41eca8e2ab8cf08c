/* wire/handback.h — the body of a handback: one member's receipts, as an author holds them.
 * Shape    [party, is_all, [* [lane, incarnation, size, time]], …] in deterministic CBOR; the logs
 *          are the author's own. is_all 1: of every other of its logs it holds no receipt of party.
 * Limits   OL_HANDED_MAX receipts; sizes below 2^48, times below 2^40.
 * Errors   OL_ESHORT, OL_EFORM, OL_ELIMIT; *ret as it was.
 * Source   docs/PROTOCOL.md §4.6, §6.4 */
#ifndef OL_WIRE_HANDBACK_H
#define OL_WIRE_HANDBACK_H

#include "base/bytes.h"
#include "wire/logkey.h"

enum { OL_HANDED_MAX = 24, OL_HANDBACK_MAX = 16 + OL_HANDED_MAX * 32 };

typedef struct {
    uint8_t lane, incarnation[OL_INC_LEN];
    uint64_t size, time;
} ol_handed;

typedef struct {
    uint8_t party;
    bool is_all;
    size_t n;
    ol_handed v[OL_HANDED_MAX];
} ol_handback;

OL_MUST ol_err ol_handback_decode(const uint8_t *body, size_t len, ol_handback *ret);
void ol_handback_encode(const ol_handback *h, ol_wr *w);

#endif
