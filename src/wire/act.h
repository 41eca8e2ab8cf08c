/* wire/act.h — the body of an act: a person's word about another entry. Bytes ↔ struct.
 * Shape    [verb, status, ref, seconds, text, …] in deterministic CBOR.
 * Rejected a reference in `present`, none in any other verb; seconds but in `interim`, 1 to
 *          OL_SECONDS_MAX there; a text of more than OL_REMARK_MAX bytes or of two lines.
 * Errors   OL_ESHORT, OL_EFORM, OL_ELIMIT; *ret as it was, *ret_why a static string.
 * Memory   the text is borrowed from the input; nothing is allocated.
 * Source   docs/PROTOCOL.md §4.1, §4.7, §11.1; vectors in tests/vectors/message.txt */
#ifndef OL_WIRE_ACT_H
#define OL_WIRE_ACT_H

#include "wire/message.h"
#include "wire/ref.h"

typedef enum {
    OL_ACT_SEEN,    /* an officer has it, and that is no agreement */
    OL_ACT_INTERIM, /* an answer comes within `seconds` */
    OL_ACT_CANCEL,  /* the author's own is withdrawn */
    OL_ACT_RIGHT,   /* the read-back is right */
    OL_ACT_WRONG,
    OL_ACT_PRESENT, /* is anybody there? */
    OL_ACT_HERE,    /* the answer to that */
    OL_ACT_VERBS
} ol_act_verb;

typedef struct {
    uint8_t verb, status;
    bool has_ref;
    ol_ref ref;
    uint32_t seconds; /* of an interim; else 0 */
    ol_str text;      /* a remark; may be empty */
} ol_act;

OL_MUST ol_err ol_act_decode(const uint8_t *body, size_t len, ol_act *ret, const char **ret_why);
/* Does not judge the act; w->err tells when it does not fit. */
void ol_act_encode(const ol_act *a, ol_wr *w);

ol_lane ol_act_lane(const ol_act *a); /* where it must stand */
/* NULL, or why it cannot be read as a word of `author` on a line of so many parties. */
const char *ol_act_misfit(const ol_act *a, unsigned author, unsigned parties);

const char *ol_act_verb_name(unsigned verb); /* "seen" …; NULL for a number that is none */

#endif
