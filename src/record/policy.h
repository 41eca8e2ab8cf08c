/* record/policy.h — who must have signed a head of one log: its author, and all other members.
 * Shape    log <vkey> | witness <party> <vkey> for each other member, in charter order |
 *          group others all <party>… | quorum others, each line ended by U+000A.
 * Errors   in w->err: OL_EFORM no witness, or one whose name no party may bear (record/party.h);
 *          OL_ELIMIT no room: OL_POLICY_MAX is always enough.
 * Source   C2SP tlog-policy; docs/PROTOCOL.md §7. */
#ifndef OL_RECORD_POLICY_H
#define OL_RECORD_POLICY_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "crypto/note.h"

enum { OL_POLICY_MAX = 32 + OL_PARTIES_MAX * (OL_NOTE_VKEY_MAX + 2 * (OL_NAME_MAX + 1) + 9) };

typedef struct {
    const char *party; /* NUL-terminated */
    const ol_note_key *key;
} ol_policy_witness;

void ol_policy_put(ol_wr *w, const ol_note_key *log, const ol_policy_witness *witness, size_t n);

#endif
