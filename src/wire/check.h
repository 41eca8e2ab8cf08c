/* wire/check.h — the body of a line check: bytes ↔ struct.
 * Shape    [number, interval, watch, proven, missed, …] in deterministic CBOR; missed is
 *          [* [party, number]], ascending by party.
 * Limits   number 1 to 2^48 - 1; interval 1 to 86,400; officers below 2^16; OL_PATHS_MAX paths,
 *          OL_MISSED_MAX missed.
 * Errors   OL_ESHORT, OL_EFORM, OL_ELIMIT; *ret as it was, *ret_why a static string.
 * Memory   nothing is borrowed, nothing allocated.
 * Source   docs/PROTOCOL.md §4.10, §11.5 */
#ifndef OL_WIRE_CHECK_H
#define OL_WIRE_CHECK_H

#include "base/limits.h"
#include "wire/path.h"

enum { OL_MISSED_MAX = OL_PARTIES_MAX - 1, OL_CHECK_INTERVAL_MAX = 86400 };
enum { OL_CHECK_MAX = 32 + OL_PATHS_MAX * 25 + OL_MISSED_MAX * 11 }; /* bytes of a body */

typedef struct {
    uint64_t number;   /* of this party's checks on the line, from 1 */
    uint32_t interval; /* seconds until its next */
    uint16_t watch;    /* the officer who has the watch; 0: nobody */
    ol_paths proven;   /* all paths, when they were */
    size_t missed;
    struct {
        uint8_t party;
        uint64_t number; /* its last that was stored; 0: none */
    } miss[OL_MISSED_MAX];
} ol_check;

OL_MUST ol_err ol_check_decode(const uint8_t *body, size_t len, ol_check *ret,
                               const char **ret_why);
void ol_check_encode(const ol_check *c, ol_wr *w);
/* NULL, or why it cannot be read on a line of so many parties. */
const char *ol_check_misfit(const ol_check *c, unsigned parties);

#endif
