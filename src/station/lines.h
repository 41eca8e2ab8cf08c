/* station/lines.h — the lines of a home as the station and its readers see them: charter and its
 * amendments, cards, secrets, read and checked against each other.
 * Checked  the charter and each amendment is signed by all in it, follows from the one before and
 *          speaks of this line; our card's identity is in the last; the secret is that
 *          generation's, and has a key for every other party; cards as in station/cards.h.
 * Numbers  in byte order of names. A line without its secret yet is left out, and said.
 * Errors   why has the sentence. A line that is faulty is left out with a sentence in the log, so
 *          that it does not take the others with it.
 * Memory   from the C heap; line secrets and pair keys from the locked memory handed in. */
#ifndef OL_STATION_LINES_H
#define OL_STATION_LINES_H

#include "base/mem.h"
#include "line/line.h"
#include "record/chain.h"
#include "station/cards.h"
#include "station/secret.h"
#include "station/station_api.h"

typedef struct {
    ol_api_line api; /* what it points to lies below and in what was allocated for it */
    ol_chain chain;
    ol_store_reader_generation generation[OL_GENERATIONS_MAX];
    ol_cards cards;
    ol_secret *secret;      /* locked */
    ol_line_before *before; /* locked: of each generation but the last */
    size_t befores;
    ol_line_older *older;
    size_t olders;
} ol_lines_row;

typedef struct {
    ol_mem *locked;
    ol_card self; /* our own card, and its note */
    char *self_note;
    size_t self_note_len;
    size_t n;
    ol_lines_row *row[OL_LINES_MAX];
} ol_lines;

/* Reads the card and every line of a home. OL_ENOENT: there is no card: `openline init`. */
OL_MUST ol_err ol_lines_read(const ol_home *h, ol_mem *locked, ol_lines *ret, ol_why *why);
/* Leaves out line i after all; those after it move up. */
void ol_lines_drop(ol_lines *l, size_t i);
void ol_lines_free(ol_lines *l); /* wipes; one that is all zero is allowed */

/* What the engine is made from. party has room for OL_PARTIES_MAX and is secret: locked memory,
 * wiped by the caller. mem, secret, sw, line_number and seed are left to the caller. */
void ol_lines_opts(const ol_lines_row *row, ol_line_party *party, ol_line_opts *ret);

/* The keys shared with this party are these from now on: written, then taken over; the file before
 * is overwritten. locked: for the copies made on the way. On failure all is as before. */
OL_MUST ol_err ol_lines_save_pair(const ol_home *h, ol_lines_row *row, ol_mem *locked,
                                  uint8_t party, const ol_ratchet *keys, ol_why *why);

#endif
