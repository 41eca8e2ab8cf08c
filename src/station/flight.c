#include "station/flight.h"

#include <stdlib.h>
#include <string.h>

static bool grow(ol_flight *f) {
    if (f->n < f->cap)
        return true;
    size_t cap = f->cap == 0 ? 16 : 2 * f->cap;
    ol_flight_row *more = realloc(f->v, cap * sizeof *more);
    if (more == NULL)
        return false;
    f->v = more, f->cap = cap;
    return true;
}

bool ol_flight_has(const ol_flight *f, const uint8_t *item) {
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i].has_item && memcmp(f->v[i].item, item, OL_ITEM_LEN) == 0)
            return true;
    return false;
}

ol_err ol_flight_add(ol_flight *f, uint32_t token, const uint8_t *item, bool *ret_is_again) {
    if (f->n == OL_FLIGHT_MAX)
        return OL_EAGAIN;
    if (!grow(f))
        return OL_ENOMEM;
    ol_flight_row row = { .token = token, .has_item = item != NULL };
    if (item != NULL)
        memcpy(row.item, item, sizeof row.item);
    row.is_again = item != NULL && ol_flight_has(f, item);
    f->v[f->n++] = row;
    *ret_is_again = row.is_again;
    return OL_OK;
}

static bool is_next(const ol_flight_row *row, uint32_t token, const ol_flight_walk *at) {
    if (!at->is_begun)
        return row->token == token && !row->is_again;
    return at->has_item && row->is_again && memcmp(row->item, at->item, OL_ITEM_LEN) == 0;
}

bool ol_flight_next(ol_flight *f, uint32_t token, ol_flight_walk *at, uint32_t *ret_token) {
    for (size_t i = 0; i < f->n; i++) {
        if (!is_next(&f->v[i], token, at))
            continue;
        if (!at->is_begun) {
            at->is_begun = true, at->has_item = f->v[i].has_item;
            memcpy(at->item, f->v[i].item, sizeof at->item);
        }
        *ret_token = f->v[i].token;
        f->v[i] = f->v[--f->n];
        return true;
    }
    return false;
}

void ol_flight_free(ol_flight *f) {
    free(f->v);
    *f = (ol_flight){ 0 };
}
