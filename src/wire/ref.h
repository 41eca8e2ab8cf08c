/* wire/ref.h — what an entry names another by.
 * Shape    [] or [party, lane, incarnation, index]; of the incarnation all 8 bytes, or its first 2
 *          to 7 where a person may have typed it.
 * Source   docs/PROTOCOL.md §4.1, §4.5 */
#ifndef OL_WIRE_REF_H
#define OL_WIRE_REF_H

#include "wire/fields.h"
#include "wire/logkey.h"

enum { OL_REF_INC_MIN = 2, OL_REF_LEN_MAX = 1 + 2 + 1 + 9 + 9 };

typedef struct { /* an entry, its incarnation perhaps by its first bytes only */
    uint8_t party, lane, incarnation_len, incarnation[OL_INC_LEN];
    uint64_t index;
} ol_ref;

/* Takes a reference of which at least inc_min bytes of the incarnation stand. False: it is empty,
 * or f has failed; *ret is as it was. */
bool ol_ref_get(ol_fields *f, size_t inc_min, ol_ref *ret);
/* The same where none is a fault. */
bool ol_ref_get_full(ol_fields *f, ol_ref *ret);
/* NULL: none. */
void ol_ref_put(ol_wr *w, const ol_ref *ref);

/* Does it name this entry, as far as it says? */
static inline bool ol_ref_fits(const ol_ref *ref, const ol_log_key *log, uint64_t index) {
    return ref->party == log->party && ref->lane == log->lane && ref->index == index &&
           memcmp(ref->incarnation, log->incarnation, ref->incarnation_len) == 0;
}
ol_ref ol_ref_to(const ol_log_key *log, uint64_t index);

#endif
