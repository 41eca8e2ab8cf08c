/* The availability of each party from its line checks: docs/PROTOCOL.md §11.5. */
#include <stdlib.h>
#include <string.h>

#include "cli/dossier.h"
#include "wire/check.h"
#include "wire/entry.h"

typedef struct {
    uint64_t wall, good; /* good: until when it is not too old */
} point;

typedef struct {
    point *point;
    size_t n, cap;
    uint64_t last; /* wall of the party's last entry */
} points;

static bool add_point(points *p, uint64_t wall, uint64_t interval) {
    if (p->n == p->cap) {
        size_t cap = p->cap == 0 ? 64 : 2 * p->cap;
        point *more = realloc(p->point, cap * sizeof *more);
        if (more == NULL)
            return false;
        p->point = more, p->cap = cap;
    }
    p->point[p->n++] = (point){ wall, wall + interval + interval / 2 };
    return true;
}

static int by_wall(const void *a, const void *b) {
    uint64_t x = ((const point *)a)->wall, y = ((const point *)b)->wall;
    return (x > y) - (x < y);
}

static bool gather(const ol_view *view, const ol_dossier_kept *kept, uint8_t party, points *ret) {
    static ol_entry e; /* 4 KiB that need not lie on the stack */
    static ol_check check;
    const char *why;
    for (size_t log = 0; log < kept->logs; log++)
        for (uint64_t i = 0; i < kept->log[log].n; i++) {
            const struct ol_dossier_bytes *b = &kept->log[log].entry[i];
            if (ol_view_log_key(view, log)->party != party ||
                ol_entry_decode(b->p, b->len, &e) != OL_OK)
                continue;
            ret->last = e.wall > ret->last ? e.wall : ret->last;
            ol_view_item item = ol_view_at(view, ol_view_find(view, log, i));
            if (item.unreadable == NULL && e.kind == OL_KIND_CHECK &&
                ol_check_decode(e.body, e.body_len, &check, &why) == OL_OK &&
                !add_point(ret, e.wall, check.interval))
                return false;
        }
    if (ret->n > 0)
        qsort(ret->point, ret->n, sizeof *ret->point, by_wall);
    return true;
}

static json_t *number(uint64_t v) {
    return json_integer((json_int_t)(v & OL_CONTROL_INT_MAX));
}

/* The share of the time asked for, from the party's first check to its last word. */
static void judge(const points *p, const ol_dossier_opts *o, json_t *ret) {
    json_t *gaps = json_array();
    uint64_t start = p->n > 0 && p->point[0].wall > o->from ? p->point[0].wall : o->from;
    uint64_t end = p->last < o->to ? p->last : o->to, good = 0, checks = 0;
    json_t *first = json_null(), *last = json_null();
    for (size_t i = 0; i < p->n; i++) {
        uint64_t from = p->point[i].wall, until = i + 1 < p->n ? p->point[i + 1].wall : end;
        if (from >= o->from && from <= o->to) {
            checks++;
            first = json_is_null(first) ? number(from) : first;
            json_decref(last);
            last = number(from);
        }
        from = from > start ? from : start;
        until = until < end ? until : end;
        uint64_t is_good = p->point[i].good < until ? p->point[i].good : until;
        good += is_good > from ? is_good - from : 0;
        uint64_t gap = is_good > from ? is_good : from;
        if (until > gap)
            (void)json_array_append_new(
                gaps, json_pack("{s:o, s:o}", "from", number(gap), "to", number(until)));
    }
    uint64_t time = p->n > 0 && end > start ? end - start : 0;
    (void)json_object_set_new(ret, "checks", number(checks));
    (void)json_object_set_new(ret, "first", first);
    (void)json_object_set_new(ret, "last", last);
    (void)json_object_set_new(
        ret, "permille", p->n == 0 ? json_null() : number(time > 0 ? good * 1000 / time : 1000));
    (void)json_object_set_new(ret, "gaps", gaps);
}

json_t *ol_dossier_availability(const ol_view *view, const ol_dossier_kept *kept,
                                const ol_dossier_opts *o) {
    json_t *all = json_array();
    for (uint8_t p = 0; p < o->chain->now.parties; p++) {
        points walls = { NULL, 0, 0, 0 };
        json_t *one = json_pack("{s:s}", "party", o->chain->now.party[p].name);
        if (gather(view, kept, p, &walls))
            judge(&walls, o, one);
        (void)json_array_append_new(all, one);
        free(walls.point);
    }
    return all;
}
