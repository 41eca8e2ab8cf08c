#include "line/switch.h"

#include <stdbool.h>
#include <string.h>

typedef struct {
    uint8_t tag[OL_TAG_MAX];
    ol_switch_hit hit;
} row;

typedef struct {
    row *row; /* sorted by tag, shorter first where equal so far */
    size_t n, cap;
} table;

struct ol_switch {
    ol_mem *mem;
    table near, far;
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
    ol_mem_put(sw->mem, sw->near.row, sw->near.cap, sizeof *sw->near.row);
    ol_mem_put(sw->mem, sw->far.row, sw->far.cap, sizeof *sw->far.row);
    ol_mem_put(sw->mem, sw, 1, sizeof *sw);
}

static size_t shorter(size_t a, size_t b) {
    return a < b ? a : b;
}

/* The first row that is not below the tag. Tags are prefix-free, so a comparison over the shorter
 * length orders them, and equality over it is a match or a conflict. */
static size_t lower(const table *t, const uint8_t *tag, size_t len) {
    size_t lo = 0, hi = t->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const row *r = &t->row[mid];
        if (memcmp(r->tag, tag, shorter(r->hit.len, len)) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool matches(const table *t, size_t at, const uint8_t *tag, size_t len) {
    return at < t->n && memcmp(t->row[at].tag, tag, shorter(t->row[at].hit.len, len)) == 0;
}

static bool grow(ol_mem *mem, table *t) {
    if (t->n < t->cap)
        return true;
    size_t cap = t->cap == 0 ? 64 : 2 * t->cap;
    row *more = ol_mem_get0(mem, cap, sizeof *more);
    if (more == NULL)
        return false;
    if (t->n > 0)
        memcpy(more, t->row, t->n * sizeof *more);
    ol_mem_put(mem, t->row, t->cap, sizeof *t->row);
    t->row = more, t->cap = cap;
    return true;
}

static OL_MUST ol_err insert(ol_mem *mem, table *t, size_t at, size_t max, const uint8_t *tag,
                             size_t len, const ol_switch_hit *hit) {
    if (t->n == max)
        return OL_ELIMIT;
    if (!grow(mem, t))
        return OL_ENOMEM;
    memmove(&t->row[at + 1], &t->row[at], (t->n - at) * sizeof *t->row);
    t->row[at] = (row){ .hit = *hit };
    t->row[at].hit.len = (uint8_t)len;
    memcpy(t->row[at].tag, tag, len);
    t->n++;
    return OL_OK;
}

ol_err ol_switch_add(ol_switch *sw, const uint8_t *tag, size_t len, const ol_switch_hit *hit) {
    OL_ASSERT(len >= 2 && len <= OL_TAG_MAX);
    size_t at = lower(&sw->near, tag, len);
    if (matches(&sw->near, at, tag, len))
        return OL_ECONFLICT;
    return insert(sw->mem, &sw->near, at, OL_TAGS_MAX, tag, len, hit);
}

ol_err ol_switch_add_far(ol_switch *sw, const uint8_t *tag, size_t len, const ol_switch_hit *hit) {
    OL_ASSERT(len == OL_TAG_MAX); /* of one length: none is a prefix of another */
    return insert(sw->mem, &sw->far, lower(&sw->far, tag, len), OL_FAR_TAGS_MAX, tag, len, hit);
}

static void drop_hints(table *t, uint16_t line, uint8_t party) {
    size_t kept = 0;
    for (size_t i = 0; i < t->n; i++) {
        const ol_switch_hit *hit = &t->row[i].hit;
        if (hit->kind != OL_TAG_HINT || hit->line != line || hit->party != party)
            t->row[kept++] = t->row[i];
    }
    t->n = kept;
}

void ol_switch_drop_hints(ol_switch *sw, uint16_t line, uint8_t party) {
    drop_hints(&sw->near, line, party);
    drop_hints(&sw->far, line, party);
}

void ol_switch_remove(ol_switch *sw, const uint8_t *tag, size_t len) {
    table *t = &sw->near;
    size_t at = lower(t, tag, len);
    if (!matches(t, at, tag, len) || t->row[at].hit.len != len)
        return;
    t->n--;
    memmove(&t->row[at], &t->row[at + 1], (t->n - at) * sizeof *t->row);
}

static bool find(const table *t, const uint8_t *frame, size_t len, ol_switch_hit *ret) {
    size_t at = lower(t, frame, len);
    if (!matches(t, at, frame, len) || t->row[at].hit.len > len)
        return false;
    *ret = t->row[at].hit;
    return true;
}

ol_err ol_switch_find(const ol_switch *sw, const uint8_t *frame, size_t len, ol_switch_hit *ret) {
    return find(&sw->near, frame, len, ret) || find(&sw->far, frame, len, ret) ? OL_OK : OL_ENOENT;
}
