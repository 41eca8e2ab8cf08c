/* record/card.h — a party's card: its names and its four public keys, signed by its identity key.
 * Shape    a note whose text is
 *            openline card v1
 *            [party]
 *            name = usa
 *            serial = 1                       1 to 4294967295
 *            languages = en
 *            name.en = United States
 *            [keys]
 *            identity, log, receipt, static = <base64 of 32 bytes>
 *          every key once, in any order in its section (record/party.h says more). Key name
 *          `<party>/identity`, type 0x01.
 * Rejected no two of the four keys may be equal; Ed25519 keys must be canonical points of the
 *          prime-order group, the static key canonical and not of small order.
 * Errors   OL_EFORM, OL_ELIMIT; OL_EVERSION a later title; OL_EAUTH the identity key's signature
 *          is missing or wrong. *ret_at names line and column of the whole file and what to do;
 *          line 0 is the file as such. On any error *ret is untouched.
 * Memory   copies; keeps no pointer; allocates nothing.
 * Source   docs/PROTOCOL.md §2.3. */
#ifndef OL_RECORD_CARD_H
#define OL_RECORD_CARD_H

#include "crypto/note.h"
#include "record/party.h"

enum { OL_CARD_TEXT_MAX = 8192 }; /* what ol_card_put needs at most */

typedef struct {
    ol_party party; /* identity included */
    uint32_t serial;
    uint8_t log[OL_SIGN_PUB_LEN], receipt[OL_SIGN_PUB_LEN], static_key[32];
} ol_card;

/* The text alone, signatures not looked at. */
OL_MUST ol_err ol_card_parse(const char *text, size_t len, ol_card *ret, ol_ini_at *ret_at);
/* The whole note: text, then the signature of the identity key that it names. */
OL_MUST ol_err ol_card_read(const char *note, size_t len, ol_card *ret, ol_ini_at *ret_at);
/* The text, and the signed note. OL_EFORM: a card that ol_card_parse would refuse, or another key;
 * OL_ELIMIT: no room. */
OL_MUST ol_err ol_card_put(const ol_card *card, ol_wr *out);
OL_MUST ol_err ol_card_sign(const ol_card *card, const ol_sign_key *identity, ol_wr *out);

/* Does a key serve two parties or two purposes (§2.3)? Of one party the same key for the same use
 * is none: a card may keep some of the keys that the one before had. */
bool ol_card_shares_key(const ol_card *a, const ol_card *b);

/* Key names that come from a party's name: `<party>/identity`. ret has room for OL_NAME_MAX +
 * 10. */
size_t ol_card_key_name(const char *party, char *ret);

#endif
