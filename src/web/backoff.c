#include "web/backoff.h"

#include <stdio.h>
#include <string.h>

enum { ANEW_MS = 600000 };

static const ol_backoff_row *find(const ol_backoff *b, const char *line, uint16_t officer) {
    for (size_t i = 0; i < OL_BACKOFF_ROWS; i++)
        if (b->row[i].officer == officer && strcmp(b->row[i].line, line) == 0)
            return &b->row[i];
    return NULL;
}

uint64_t ol_backoff_until(const ol_backoff *b, const char *line, uint16_t officer,
                          const char **ret_from) {
    const ol_backoff_row *r = find(b, line, officer);
    *ret_from = r == NULL ? "" : r->from;
    return r == NULL ? 0 : r->until_ms;
}

void ol_backoff_failed(ol_backoff *b, const char *line, uint16_t officer, const char *from,
                       uint64_t now_ms) {
    const ol_backoff_row *known = find(b, line, officer);
    size_t at = known == NULL ? 0 : (size_t)(known - b->row);
    for (size_t i = 0; known == NULL && i < OL_BACKOFF_ROWS; i++)
        if (b->row[i].until_ms < b->row[at].until_ms)
            at = i;
    ol_backoff_row *r = &b->row[at];
    if (known == NULL || now_ms > r->until_ms + ANEW_MS)
        r->failures = 0;
    r->officer = officer;
    (void)snprintf(r->line, sizeof r->line, "%s", line);
    (void)snprintf(r->from, sizeof r->from, "%s", from);
    if (r->failures < 6)
        r->failures++;
    uint64_t wait_s = UINT64_C(1) << r->failures;
    r->until_ms = now_ms + (wait_s < OL_BACKOFF_S ? wait_s : OL_BACKOFF_S) * 1000;
}

void ol_backoff_right(ol_backoff *b, const char *line, uint16_t officer) {
    const ol_backoff_row *r = find(b, line, officer);
    if (r != NULL)
        memset(&b->row[r - b->row], 0, sizeof *b->row);
}
