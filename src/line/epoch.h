/* line/epoch.h — the keys of the pairs inside the engine: which epoch is used, when it changes.
 * A change is asked for (FX_SAVE_RATCHET) and holds once it is saved; one is out at a time.
 * Source   docs/PROTOCOL.md §2.6; crypto/ratchet.h has the rules. */
#ifndef OL_LINE_EPOCH_H
#define OL_LINE_EPOCH_H

#include "line/line.h"

uint64_t ol_ran_s(const ol_line *l); /* this line's own running time, through restarts */
OL_MUST ol_err ol_epoch_new(ol_line *l, uint8_t party, const ol_ratchet *r);
void ol_epoch_start(ol_line *l);
void ol_epoch_free(ol_line *l);
bool ol_epoch_accepts(const ol_line *l, uint8_t party, uint64_t epoch);
const ol_epoch *ol_epoch_of(ol_line *l, uint8_t party, uint16_t epoch); /* an accepted one */
const uint8_t *ol_epoch_hint(const ol_line *l, uint8_t party);          /* what we send with */
void ol_epoch_heard(ol_line *l, uint8_t party, uint16_t epoch);
void ol_epoch_settle(ol_line *l);
void ol_epoch_saved(ol_line *l, uint32_t token, ol_err err);
uint64_t ol_epoch_next_ms(const ol_line *l);

#endif
