/* crypto/keys.h — from the courier's contributions to every secret of a line.
 * HKDF and HMAC are with SHA-256; labels are ASCII without a NUL; integers big-endian.
 *   master        = Extract(salt = line id[16] ‖ u32 generation, ikm = contributions as chartered)
 *   check digits  = Expand(master, "openline/1 check", 16) as an integer mod 10^30, 6 groups of 5
 *   line secret   = Expand(master, "openline/1 line", 32)
 *   ck[0] of i<j  = Expand(master, "openline/1 pair" ‖ line id ‖ u8 i ‖ u8 j, 32)
 *   psk[e]        = Expand(ck[e], "openline/1 psk", 32)      Noise, used nowhere else
 *   mac[e]        = Expand(ck[e], "openline/1 mac", 32)      the MAC of first messages on IP
 *   hint[e, s→r]  = Expand(ck[e], "openline/1 hint" ‖ u8 s ‖ u8 r, 4)
 *   ck[e+1]       = Expand(ck[e], "openline/1 next", 32)
 *   salt          = HMAC(line secret, origin ‖ 0x0A ‖ u64 index), first 16 bytes
 * i, j, s, r are party numbers: places in the charter, from 0, at most 15.
 * Secrets   all of these but line id, hints and digits. Functions wipe what they used on the way;
 *           the caller erases master and contributions once line secret and ck[0] are stored.
 * Errors    none: lengths and party numbers are our own (asserted).
 * Source    docs/PROTOCOL.md §2.5, §3.1; known answers in tests/vectors/keys.txt. */
#ifndef OL_CRYPTO_KEYS_H
#define OL_CRYPTO_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

enum {
    OL_SECRET_LEN = 32, /* contribution, master, line secret, ck, psk, mac */
    OL_HINT_LEN = 4,
    OL_DIGITS_LEN = 35, /* "01234 56789 …": 30 digits, five spaces; a NUL follows */
};

typedef struct { /* what one epoch of one pair is used for */
    uint8_t psk[OL_SECRET_LEN];
    uint8_t mac[OL_SECRET_LEN];
    uint8_t hint_up[OL_HINT_LEN];   /* sent by the party of the lower number */
    uint8_t hint_down[OL_HINT_LEN]; /* sent by the party of the higher number */
} ol_epoch;

/* parts: n contributions of 32 bytes each, in charter order. */
void ol_keys_master(const uint8_t line_id[OL_LINE_ID_LEN], uint32_t generation,
                    const uint8_t (*parts)[OL_SECRET_LEN], size_t n,
                    uint8_t ret_master[OL_SECRET_LEN]);
void ol_keys_digits(const uint8_t master[OL_SECRET_LEN], char ret[OL_DIGITS_LEN + 1]);
void ol_keys_line_secret(const uint8_t master[OL_SECRET_LEN], uint8_t ret[OL_SECRET_LEN]);
void ol_keys_pair(const uint8_t master[OL_SECRET_LEN], const uint8_t line_id[OL_LINE_ID_LEN],
                  unsigned i, unsigned j, uint8_t ret_ck[OL_SECRET_LEN]); /* i < j */
void ol_keys_epoch(const uint8_t ck[OL_SECRET_LEN], unsigned i, unsigned j, ol_epoch *ret);
void ol_keys_next(const uint8_t ck[OL_SECRET_LEN], uint8_t ret_ck[OL_SECRET_LEN]); /* may be ck */
void ol_keys_salt(const uint8_t line_secret[OL_SECRET_LEN], const char *origin, size_t origin_len,
                  uint64_t index, uint8_t ret[OL_SALT_LEN]);

#endif
