/* record/availability.h — how much of the time a party and its paths were there, from its checks.
 * Meaning  §11.5. A party is available from each of its checks on for one and a half of the
 *          intervals that the check names, at most until its next; a path is, as often as the
 *          checks that name it say that it was proven within one and a half intervals. Times are
 *          the walls of the party's own entries: claims, like all of them. One of 2^40 or more
 *          counts for nothing.
 * Use      new; add each check that can be read, in any order; finish; then ask, of any period.
 *          The last check is the one of the largest wall, then number, incarnation and index.
 * Numbers  whole seconds and counts, so that whoever computes them again comes to the same.
 * Memory   from mem, some 64 bytes a check and 24 a path in it; OL_ENOMEM: only free may follow.
 * Source   docs/PROTOCOL.md §4.10, §11.5 */
#ifndef OL_RECORD_AVAILABILITY_H
#define OL_RECORD_AVAILABILITY_H

#include "base/mem.h"
#include "wire/check.h"
#include "wire/logkey.h"

typedef struct ol_avail ol_avail;

OL_MUST ol_err ol_avail_new(ol_mem *mem, ol_avail **ret);
void ol_avail_free(ol_avail *a); /* takes NULL */
/* A check: where it stands, by whom, and the wall of its entry. */
OL_MUST ol_err ol_avail_add(ol_avail *a, const ol_log_key *log, uint64_t index, uint64_t wall,
                            const ol_check *c);
void ol_avail_finish(ol_avail *a);

enum { OL_AVAIL_DAY = 86400, OL_AVAIL_DAYS_MAX = 366 };
#define OL_AVAIL_OWN UINT64_MAX /* an end of a period that is not given */

/* The ends that are not given become the party's own: its first check, its last and the second of
 * it. Nobody else's checks move them. false: there is none, or nothing is between them. */
bool ol_avail_period(const ol_avail *a, uint8_t party, uint64_t *from, uint64_t *to);
/* The first day at or after *day that the period of one of so many parties touches, each at most
 * its last OL_AVAIL_DAYS_MAX days (where only `from` is given: those from its first check then),
 * and what they have of that day together. false: there are no more. */
bool ol_avail_day(const ol_avail *a, unsigned parties, uint64_t from, uint64_t to, uint64_t *day,
                  uint64_t *ret_from, uint64_t *ret_to);

typedef struct {
    uint64_t checks;      /* written in [from, to) */
    uint64_t first, last; /* their walls, where there are some */
    uint64_t available;   /* seconds of [from, to) */
} ol_avail_share;
ol_avail_share ol_avail_of(const ol_avail *a, uint8_t party, uint64_t from, uint64_t to);
/* The first gap in [from, to): seconds in which the party was not available. false: no more. */
bool ol_avail_gap(const ol_avail *a, uint8_t party, uint64_t from, uint64_t to, uint64_t *ret_from,
                  uint64_t *ret_to);

typedef struct {
    uint8_t to;         /* the party that the path leads to */
    const char *bearer; /* "udp/0" */
    uint64_t checks;    /* in [from, to) that name the path */
    uint64_t proven;    /* of them: with an age of at most one and a half intervals */
} ol_avail_path;
/* The nth path of the party's last check in [from, to); false: there are no more. */
bool ol_avail_path_of(const ol_avail *a, uint8_t party, size_t nth, uint64_t from, uint64_t to,
                      ol_avail_path *ret);

#endif
