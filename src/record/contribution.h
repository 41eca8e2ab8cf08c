/* record/contribution.h — one party's share of the courier secret. The file is a secret.
 * Shape    a note, key name `<party>/identity`, type 0x01, whose text is
 *            openline contribution v1
 *            line = <line id, 32 hex>
 *            generation = 0
 *            party = usa
 *            secret = <64 hex>
 *          every key once, in any order.
 * Errors   OL_EFORM, OL_ELIMIT, OL_EVERSION as in record/card.h; OL_ECONFLICT of another line or
 *          generation; OL_ENOENT of a party that is not in the charter; OL_EAUTH not signed by
 *          that party, or changed; OL_EEXIST the party's contribution was taken before. *ret_at
 *          says what to do. On any error the results are untouched.
 * Memory   copies; an ol_courier is secret: locked memory, ol_courier_wipe.
 * Source   docs/PROTOCOL.md §2.5. */
#ifndef OL_RECORD_CONTRIBUTION_H
#define OL_RECORD_CONTRIBUTION_H

#include "record/charter.h"

enum { OL_CONTRIBUTION_MAX = 1024 }; /* bytes of a file that ol_contribution_make writes */

typedef struct {    /* what has been brought together so far; zero it to start */
    uint32_t taken; /* bit i: party i's */
    uint8_t part[OL_PARTIES_MAX][OL_SECRET_LEN];
} ol_courier;

/* secret: 32 random bytes. OL_ENOENT: the key is no party's. */
OL_MUST ol_err ol_contribution_make(const ol_charter *c, const ol_sign_key *identity,
                                    const uint8_t secret[OL_SECRET_LEN], ol_wr *out);
OL_MUST ol_err ol_contribution_take(ol_courier *courier, const ol_charter *c, const char *note,
                                    size_t len, ol_ini_at *ret_at);
/* Bit i: party i's is missing. */
uint32_t ol_courier_missing(const ol_courier *courier, const ol_charter *c);
/* OL_ESTATE while any is missing. */
OL_MUST ol_err ol_courier_master(const ol_courier *courier, const ol_charter *c,
                                 uint8_t ret_master[OL_SECRET_LEN]);
void ol_courier_wipe(ol_courier *courier); /* takes NULL */

#endif
