/* tests/lib/parties.h — parties with fixed keys, for tests of cards, charters, contributions; and
 * texts made from others by replacing one piece. */
#ifndef OL_TESTS_LIB_PARTIES_H
#define OL_TESTS_LIB_PARTIES_H

#include "record/charter.h"

typedef struct {
    ol_card card;
    ol_sign_key identity;
    uint8_t static_private[32];
} test_party;

/* Party number n: its keys from seeds filled with 16 n + 1 to 16 n + 4; name "usa", "prc", "jpn",
 * then "party-3" and so on. n is at most 15. */
void test_party_make(unsigned n, test_party *ret);
/* A charter of n parties with the defaults, line "hotline", signed by the first so many of them. */
size_t test_charter(unsigned parties, unsigned signatures, char *to, size_t cap);

/* text with the one place where `old` stands replaced; the result's length. old "" appends. Traps
 * when old is not there. */
size_t test_replace(const char *text, size_t len, const char *old, const char *with, char *to,
                    size_t cap);

#endif
