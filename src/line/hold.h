/* line/hold.h — entries that no head covers yet, kept apart per source.
 * Source   docs/PROTOCOL.md §3.5 */
#ifndef OL_LINE_HOLD_H
#define OL_LINE_HOLD_H

#include "line/state.h"

void ol_hold_entry(ol_line *l, uint8_t source, const ol_log_key *key, const ol_item *it);
void ol_hold_head(ol_line *l, uint8_t source, const ol_log_key *key, uint64_t size,
                  const uint8_t *sig);
void ol_hold_adopt(ol_line *l, uint8_t source);    /* whatever is complete; asks for the rest */
void ol_hold_tell_late(ol_line *l, uint8_t party); /* again what waits for its author's credit */
void ol_hold_free(ol_line *l, uint8_t source);

#endif
