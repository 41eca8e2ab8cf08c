/* station/rules.h — what the author's own station refuses beside what cannot be read: traffic under
 * orders, quotas, and a status that is not that of the entry referred to.
 * State    of a line, read from its record as far as the store goes: the standing orders of each
 *          party, and when our FLASH and IMMEDIATE of the last 24 hours were said. That time is
 *          our own running time; of what is from before the start, its walls.
 * Errors   OL_ESTATE under orders, OL_ELIMIT a quota, OL_EFORM a status; why says until when.
 * Source   docs/PROTOCOL.md §2.4, §11, §11.2 */
#ifndef OL_STATION_RULES_H
#define OL_STATION_RULES_H

#include "station/desk.h"

typedef struct ol_rules ol_rules;

/* rules: of this line; NULL at first. */
OL_MUST ol_err ol_rules_check(ol_rules **rules, const ol_desk *d, size_t line, uint64_t kind,
                              const uint8_t *body, size_t len, ol_refusal *why);
void ol_rules_free(ol_rules *rules); /* takes NULL */

#endif
