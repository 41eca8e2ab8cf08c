/* record/roster.h — who a line's officers are, as it was at any place of its record.
 * Use      new; then every officer entry that can be read, ascending by `at`: its place in the
 *          joint order, or another order of which a reader is content; then find.
 * Rules    an entry replaces the one before of that officer if its serial is higher; one that is
 *          vouched for replaces a claim; a claim replaces nothing that is vouched for, but may say
 *          that the officer has left. Only the powers of who is vouched for count.
 * Errors   OL_ENOMEM.
 * Memory   from mem, some 110 bytes an entry; of each party that has any 2 KiB, and 1 KiB for each
 *          256 officers' numbers of which one is used.
 * Source   docs/PROTOCOL.md §4.8 */
#ifndef OL_RECORD_ROSTER_H
#define OL_RECORD_ROSTER_H

#include "base/mem.h"
#include "crypto/word.h"
#include "wire/officer.h"

typedef struct { /* an officer entry without its words */
    uint16_t number, by;
    uint64_t serial, rung, powers;
    bool has_key, has_left, has_voucher;
    uint8_t key[OL_OFFICER_KEY_LEN], sig[OL_SIG_LEN], fields[OL_HASH_LEN];
    bool is_tried, holds; /* the voucher, by this key: so that several rosters verify it once */
    uint8_t tried[OL_SIGN_PUB_LEN];
} ol_enrolment;

void ol_enrolment_of(const ol_officer *o, ol_enrolment *ret);

typedef struct { /* an officer, from `at` on */
    uint64_t at, serial, rung;
    size_t entry; /* the caller's: which entry has the names */
    uint16_t number;
    uint8_t party;
    bool has_key, has_left, is_vouched, may_vouch, may_release;
    uint8_t key[OL_OFFICER_KEY_LEN];
} ol_roster_row;

typedef enum {
    OL_ROSTER_TAKEN,   /* and vouched for */
    OL_ROSTER_CLAIM,   /* taken, by the station's word alone */
    OL_ROSTER_LEFT,    /* a claim that says who was vouched for has left: that counts */
    OL_ROSTER_BARRED,  /* a claim about who was vouched for: no effect */
    OL_ROSTER_OUTDATED /* its serial is not higher: no effect */
} ol_roster_effect;

typedef struct ol_roster ol_roster;

/* identity: each party's identity key, by number; they are borrowed. */
OL_MUST ol_err ol_roster_new(ol_mem *mem, const uint8_t line_id[OL_LINE_ID_LEN],
                             const uint8_t *const *identity, unsigned parties, ol_roster **ret);
void ol_roster_free(ol_roster *r); /* takes NULL */
/* *ret_is_false: it has a voucher that does not verify. */
OL_MUST ol_err ol_roster_add(ol_roster *r, uint64_t at, uint8_t party, ol_enrolment *e,
                             size_t entry, ol_roster_effect *ret, bool *ret_is_false);
/* As it was before `at`, UINT64_MAX: now. NULL: such an officer was not known. */
const ol_roster_row *ol_roster_find(const ol_roster *r, uint8_t party, uint16_t number,
                                    uint64_t at);
/* All rows, in the order in which they took effect. */
size_t ol_roster_rows(const ol_roster *r);
const ol_roster_row *ol_roster_at(const ol_roster *r, size_t row);

#endif
