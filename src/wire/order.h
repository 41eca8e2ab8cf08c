/* wire/order.h — the body of an order: minimise, suspend and their ends. Bytes ↔ struct.
 * Shape    [verb, status, seconds, text, …] in deterministic CBOR.
 * Errors   OL_ESHORT, OL_EFORM, OL_ELIMIT; *ret as it was, *ret_why a static string.
 * Memory   the text is borrowed from the input; nothing is allocated.
 * Source   docs/PROTOCOL.md §4.1, §4.10, §11.2; vectors in tests/vectors/message.txt */
#ifndef OL_WIRE_ORDER_H
#define OL_WIRE_ORDER_H

#include "wire/message.h"

typedef enum {
    OL_ORDER_MINIMISE, /* urgent traffic only */
    OL_ORDER_END_MINIMISE,
    OL_ORDER_SUSPEND, /* traffic stops, checks go on */
    OL_ORDER_RESUME,
    OL_ORDER_VERBS
} ol_order_verb;

typedef struct {
    uint8_t verb, status;
    uint64_t seconds; /* how long it is meant to last; 0: until it is ended */
    ol_str text;      /* the reason; may be empty */
} ol_order;

OL_MUST ol_err ol_order_decode(const uint8_t *body, size_t len, ol_order *ret,
                               const char **ret_why);
/* Does not judge the order; w->err tells when it does not fit. */
void ol_order_encode(const ol_order *o, ol_wr *w);

const char *ol_order_verb_name(unsigned verb); /* "minimise" …; NULL for a number that is none */

#endif
