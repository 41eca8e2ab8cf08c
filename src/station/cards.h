/* station/cards.h — the cards that a home holds of a line's parties, and our own.
 * Order    by party number, of each party the highest serial first: that is the one in force; those
 *          below it verify what was signed while they were.
 * Checked  each is signed by the identity key that the charter names. One that is faulty is logged
 *          and left out; a party without one cannot be reached, which is logged too.
 * Memory   from the C heap. */
#ifndef OL_STATION_CARDS_H
#define OL_STATION_CARDS_H

#include "record/chain.h"
#include "station/home.h"
#include "store/reader.h"

enum { OL_CARDS_NOTE_MAX = OL_CARD_TEXT_MAX + 512 };

typedef struct {
    ol_store_reader_card *v; /* what each points to is on the heap */
    size_t n, cap;
} ol_cards;

/* Those in lines/<line>/cards, and our own, whose note is `own`. OL_ECONFLICT: a card of ours is
 * there with a higher serial than the home's own: the home is not the party's station any more. */
OL_MUST ol_err ol_cards_read(const ol_home *h, const ol_chain *chain, ol_str own, ol_cards *ret,
                             ol_why *why);
/* The one in force; NULL: there is none. */
const ol_store_reader_card *ol_cards_last(const ol_cards *c, unsigned party);
void ol_cards_free(ol_cards *c);

/* A whole public file, NUL-terminated; *ret is the caller's to free. */
OL_MUST ol_err ol_cards_read_note(const ol_home *h, const char *name, size_t max, char **ret,
                                  size_t *ret_len, ol_why *why);

#endif
