/* record/chain.h — a line's charter and its amendments, one generation after the other.
 * Numbers  a party keeps its number through all generations: those of the first charter in its
 *          order, whoever joins after them in the order of the amendment's text. Who leaves leaves
 *          its number too. So a line has at most OL_PARTIES_MAX parties in its whole life.
 * Checked  the line's name and id, the generation (no gap), the hash of the text before, that a
 *          name keeps its identity key and that somebody stays; by whom a text is signed is told.
 * Errors   those of ol_charter_read; OL_ECONFLICT does not follow from the generation before (an
 *          amendment where none can stand, too); OL_ELIMIT too many generations or parties.
 *          *ret_at says what to do. On any error the chain is untouched.
 * Memory   copies; keeps no pointer; allocates nothing. About 30 KiB.
 * Source   docs/PROTOCOL.md §2.4. */
#ifndef OL_RECORD_CHAIN_H
#define OL_RECORD_CHAIN_H

#include "record/charter.h"

typedef struct {
    ol_charter now;       /* the last generation; but party[] is all who ever were, by number */
    unsigned generations; /* 0: nothing read yet */
    uint32_t members[OL_GENERATIONS_MAX]; /* of each, a bit per number */
    uint8_t order[OL_PARTIES_MAX];        /* of the last: the numbers in the order of its text */
} ol_chain;                               /* zero it to start */

/* The next generation, the charter itself first. Bit i of *ret_missing: the i-th party of this text
 * has not signed it. */
OL_MUST ol_err ol_chain_add(ol_chain *c, const char *file, size_t len, uint32_t *ret_missing,
                            ol_ini_at *ret_at);
/* Of the last generation? */
bool ol_chain_is_member(const ol_chain *c, unsigned party);

/* What changes with an amendment. */
typedef struct {
    const ol_card *add; /* who joins */
    size_t adds;
    const char *const *remove; /* names */
    size_t removes;
    const ol_charter_setting *set; /* the others stay as they are */
    size_t sets;
} ol_chain_change;

/* A draft of the next generation. ret_at->line: the number of the faulty setting from 1, else 0. */
OL_MUST ol_err ol_chain_draft(const ol_chain *c, const ol_chain_change *change, ol_wr *out,
                              ol_ini_at *ret_at);

#endif
