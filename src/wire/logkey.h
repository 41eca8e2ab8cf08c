/* wire/logkey.h — which log of a line: party number, lane, incarnation.
 * Source   docs/PROTOCOL.md §3.1, §5.2 */
#ifndef OL_WIRE_LOGKEY_H
#define OL_WIRE_LOGKEY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/lane.h"
#include "base/limits.h"

#define OL_SIZE_MAX ((UINT64_C(1) << 48) - 1) /* sizes and indices of logs */

typedef struct {
    uint8_t party, lane, incarnation[OL_INC_LEN];
} ol_log_key;

typedef struct { /* so much of a log: held, or read */
    ol_log_key log;
    uint64_t size;
} ol_known;

static inline bool ol_log_key_eq(const ol_log_key *a, const ol_log_key *b) {
    return a->party == b->party && a->lane == b->lane &&
           memcmp(a->incarnation, b->incarnation, OL_INC_LEN) == 0;
}

#endif
