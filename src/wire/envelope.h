/* wire/envelope.h — what every entry has, whatever its kind, as a reader of other parties' entries
 * needs it: kind, wall and seen also where item, read or body cannot be read, and mentions as they
 * stand, for whoever judges them. wire/entry.h is the strict form, for what we write.
 * Shape    [kind, wall, [mention, …], body, ? item, ? [known, …], …]; numbers are any uint.
 * Errors   OL_ESHORT, OL_EFORM, OL_ELIMIT; *ret as it was, *ret_why a static string.
 * Memory   borrows the input; nothing is allocated.
 * Source   docs/PROTOCOL.md §3.5, §4.1, §4.2 */
#ifndef OL_WIRE_ENVELOPE_H
#define OL_WIRE_ENVELOPE_H

#include "base/bytes.h"
#include "wire/entry.h"

typedef struct {
    uint64_t number, size;
    bool is_first;
    uint64_t party; /* these three of a first mention */
    uint8_t lane, incarnation[OL_INC_LEN];
} ol_said;

typedef struct {
    uint64_t kind, wall;
    size_t seens, reads;
    ol_rd seen, read; /* to be walked with ol_said_next, that often */
    const uint8_t *body;
    size_t body_len;
    bool has_item, has_read;
    uint8_t item[OL_ITEM_LEN];
    const char *misfit; /* why item or read cannot be read; NULL: they can, or are not there */
} ol_envelope;

OL_MUST ol_err ol_envelope_decode(const uint8_t *p, size_t len, ol_envelope *ret,
                                  const char **ret_why);
/* The next mention; asserted to be there. */
ol_said ol_said_next(ol_rd *mentions);

#endif
