/* station/log.h — one line to stderr: UTC time, level, event, then key=value.
 *   2026-03-01T09:14:07.120Z warn port.down port=main err=OL_EIO retry_ms=4000
 * Rules    event is a fixed name; the unit is in the key; a sentence stands last, why="…". No
 *          payload, no key, no entry's text. One write(2) each; what stderr does not take at once
 *          is lost.
 * Gates    whatever an outsider can cause often goes through a gate: one line an interval, with the
 *          number of those held back. */
#ifndef OL_STATION_LOG_H
#define OL_STATION_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

typedef enum { OL_DEBUG, OL_INFO, OL_WARN, OL_ERROR } ol_log_level;

/* What is below is not written; OL_INFO at first. */
void ol_log_from(ol_log_level level);
void ol_log_put(ol_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define OL_LOG(level, event, ...) ol_log_put(level, event, __VA_ARGS__)

enum { OL_LOG_GATE_MS = 10000 };

typedef struct {
    uint64_t next_ms, held; /* zero it to start */
} ol_log_gate;

/* true: write now, *ret_held were held back since the line before. */
bool ol_log_pass(ol_log_gate *gate, ol_mono now, uint64_t *ret_held);

#endif
