/* base/time.h — two kinds of time that cannot be mixed up.
 * ol_mono  milliseconds of a monotonic clock: intervals and timers, never shown, never sent.
 * ol_wall  seconds since 1970-01-01T00:00Z: a claim that is written into entries and receipts. */
#ifndef OL_BASE_TIME_H
#define OL_BASE_TIME_H

#include <stdint.h>

typedef struct {
    uint64_t ms;
} ol_mono;

typedef struct {
    uint64_t s;
} ol_wall;

#define OL_NEVER UINT64_MAX

#endif
