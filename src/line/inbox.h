/* line/inbox.h — the bundle in hand, inside the engine: handed in, opened, taken, answered.
 * Source   docs/PROTOCOL.md §5.5 */
#ifndef OL_LINE_INBOX_H
#define OL_LINE_INBOX_H

#include "line/bundle.h"

typedef enum { IN_NONE, IN_DH, IN_ITEMS, IN_COMMIT, IN_DONE } ol_inbox_phase;

typedef struct { /* the bundle in hand */
    ol_inbox_phase phase;
    ol_bundle_read read;
    bool is_shown, is_told, is_wanted; /* wanted: its DH was not asked for yet */
    bool is_open;                      /* its items are being taken right now */
    bool is_fresh;                     /* no later word of its party has come */
    uint8_t way, e[32];
    uint32_t token; /* of the DH */
    uint8_t *p;     /* as it came; once opened its items are in the clear there */
    size_t len;
} ol_inbox;

void ol_bundle_in(ol_line *l, const ol_event *ev);
bool ol_bundle_dh(ol_line *l, const ol_event *ev); /* false: it was not for this */
void ol_bundle_due(ol_line *l);
void ol_bundle_answered(ol_line *l, ol_err err); /* the batch */
void ol_bundle_told(ol_line *l);
/* What it says of its party's state still holds: it is no bundle, or the last word of that party
 * (§5.5). */
bool ol_bundle_counts(const ol_line *l, uint8_t party);

#endif
