/* web/backoff.h — how long the next try at an officer's passphrase waits; pure.
 * Shape    after the n-th failure in a row at one officer of one line 2^n seconds, at most
 *          OL_BACKOFF_S: nobody is kept out for longer by another's tries. Ten minutes without a
 *          try, or one that succeeds, begin anew.
 * Bounds   OL_BACKOFF_ROWS officers; of more the one whose wait ends first is forgotten.
 * Time     now_ms: a clock that only runs. */
#ifndef OL_WEB_BACKOFF_H
#define OL_WEB_BACKOFF_H

#include <stdint.h>

#include "base/text.h"

enum { OL_BACKOFF_S = 60, OL_BACKOFF_ROWS = 32, OL_BACKOFF_FROM = 48 };

typedef struct {
    char line[OL_NAME_MAX + 1], from[OL_BACKOFF_FROM];
    uint16_t officer; /* 0: an empty row */
    uint8_t failures;
    uint64_t until_ms;
} ol_backoff_row;

typedef struct {
    ol_backoff_row row[OL_BACKOFF_ROWS];
} ol_backoff;

/* When the next try may begin; 0: at once. *ret_from: where the last failure came from, or "". */
uint64_t ol_backoff_until(const ol_backoff *b, const char *line, uint16_t officer,
                          const char **ret_from);
void ol_backoff_failed(ol_backoff *b, const char *line, uint16_t officer, const char *from,
                       uint64_t now_ms);
void ol_backoff_right(ol_backoff *b, const char *line, uint16_t officer);

#endif
