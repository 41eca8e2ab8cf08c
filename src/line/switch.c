#include "line/switch.h"

#include <stdbool.h>
#include <string.h>

typedef struct {
    uint8_t tag[OL_TAG_MAX];
    ol_switch_hit hit;
} row;

struct ol_switch {
    ol_mem *mem;
    row *row; /* sorted by tag, shorter first where equal so far */
    size_t n, cap;
};

ol_err ol_switch_new(ol_mem *mem, ol_switch **ret) {
    ol_switch *sw = ol_mem_get0(mem, 1, sizeof *sw);
    if (sw == NULL)
        return OL_ENOMEM;
    sw->mem = mem;
    *ret = sw;
    return OL_OK;
}

void ol_switch_free(ol_switch *sw) {
    if (sw == NULL)
        return;
    ol_mem_put(sw->mem, sw->row, sw->cap, sizeof *sw->row);
    ol_mem_put(sw->mem, sw, 1, sizeof *sw);
}

static size_t shorter(size_t a, size_t b) {
    return a < b ? a : b;
}

/* The first row that is not below the tag. Tags are prefix-free, so a comparison over the shorter
 * length orders them, and equality over it is a match or a conflict. */
static size_t lower(const ol_switch *sw, const uint8_t *tag, size_t len) {
    size_t lo = 0, hi = sw->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const row *r = &sw->row[mid];
        if (memcmp(r->tag, tag, shorter(r->hit.len, len)) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool matches(const ol_switch *sw, size_t at, const uint8_t *tag, size_t len) {
    return at < sw->n && memcmp(sw->row[at].tag, tag, shorter(sw->row[at].hit.len, len)) == 0;
}

static bool grow(ol_switch *sw) {
    if (sw->n < sw->cap)
        return true;
    size_t cap = sw->cap == 0 ? 64 : 2 * sw->cap;
    row *more = ol_mem_get0(sw->mem, cap, sizeof *more);
    if (more == NULL)
        return false;
    if (sw->n > 0)
        memcpy(more, sw->row, sw->n * sizeof *more);
    ol_mem_put(sw->mem, sw->row, sw->cap, sizeof *sw->row);
    sw->row = more, sw->cap = cap;
    return true;
}

ol_err ol_switch_add(ol_switch *sw, const uint8_t *tag, size_t len, const ol_switch_hit *hit) {
    OL_ASSERT(len >= 2 && len <= OL_TAG_MAX);
    size_t at = lower(sw, tag, len);
    if (matches(sw, at, tag, len))
        return OL_ECONFLICT;
    if (sw->n == OL_TAGS_MAX)
        return OL_ELIMIT;
    if (!grow(sw))
        return OL_ENOMEM;
    memmove(&sw->row[at + 1], &sw->row[at], (sw->n - at) * sizeof *sw->row);
    sw->row[at] = (row){ .hit = *hit };
    sw->row[at].hit.len = (uint8_t)len;
    memcpy(sw->row[at].tag, tag, len);
    sw->n++;
    return OL_OK;
}

void ol_switch_remove(ol_switch *sw, const uint8_t *tag, size_t len) {
    size_t at = lower(sw, tag, len);
    if (!matches(sw, at, tag, len) || sw->row[at].hit.len != len)
        return;
    sw->n--;
    memmove(&sw->row[at], &sw->row[at + 1], (sw->n - at) * sizeof *sw->row);
}

ol_err ol_switch_find(const ol_switch *sw, const uint8_t *frame, size_t len, ol_switch_hit *ret) {
    size_t at = lower(sw, frame, len);
    if (!matches(sw, at, frame, len) || sw->row[at].hit.len > len)
        return OL_ENOENT;
    *ret = sw->row[at].hit;
    return OL_OK;
}
