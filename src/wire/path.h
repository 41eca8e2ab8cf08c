/* wire/path.h — when paths were last proven, as checks and closes of calls say it.
 * Shape    [* [party, bearer, age]] in deterministic CBOR. party is a number of the line, bearer
 *          the kind and number of a path ("udp/0"): 1 to 16 of a-z 0-9 - /; age in seconds.
 * Limits   OL_PATHS_MAX of them; parties below OL_PARTIES_MAX; ages below 2^32.
 * Errors   OL_ESHORT, OL_EFORM, OL_ELIMIT, in the reader's sticky err.
 * Memory   nothing is borrowed, nothing allocated.
 * Source   docs/PROTOCOL.md §4.1, §4.9 */
#ifndef OL_WIRE_PATH_H
#define OL_WIRE_PATH_H

#include "base/bytes.h"

enum { OL_PATHS_MAX = 32, OL_BEARER_NAME_MAX = 16 };
#define OL_AGE_NEVER UINT32_MAX /* not in this run */

typedef struct {
    uint8_t party;
    char bearer[OL_BEARER_NAME_MAX + 1]; /* NUL-terminated */
    uint32_t age;                        /* seconds since it was proven; OL_AGE_NEVER */
} ol_proven;

typedef struct {
    size_t n;
    ol_proven v[OL_PATHS_MAX];
} ol_paths;

void ol_paths_get(ol_rd *r, ol_paths *ret);
void ol_paths_put(const ol_paths *p, ol_wr *w);

/* "udp" and 0 → "udp/0"; false: the name is none, or too long. */
bool ol_paths_name(const char *kind, size_t kind_len, unsigned number,
                   char ret[OL_BEARER_NAME_MAX + 1]);

#endif
