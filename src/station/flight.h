/* station/flight.h — entries handed to an engine and not answered yet.
 * An item id that is submitted again while the first is under way must not become a second entry
 * (docs/PROTOCOL.md §4.1): it waits here, and the first one's answer is its answer too.
 * Limits   OL_FLIGHT_MAX in all.
 * Memory   from the C heap, as much as was ever under way at once. */
#ifndef OL_STATION_FLIGHT_H
#define OL_STATION_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"

enum { OL_FLIGHT_MAX = 8192 };

typedef struct {
    uint32_t token;
    uint8_t item[OL_ITEM_LEN];
    bool has_item, is_again;
} ol_flight_row;

typedef struct {
    ol_flight_row *v;
    size_t n, cap;
} ol_flight; /* zero it to start */

/* item may be NULL. *ret_is_again: it is under way already; nothing is to be handed on.
 * OL_EAGAIN full, OL_ENOMEM. */
OL_MUST ol_err ol_flight_add(ol_flight *f, uint32_t token, const uint8_t *item, bool *ret_is_again);
bool ol_flight_has(const ol_flight *f, const uint8_t *item);
/* The answer to token has come: takes it out, and then one by one those that waited for it, until
 * false. Call with *at zeroed first, until it returns false. */
typedef struct {
    bool is_begun, has_item;
    uint8_t item[OL_ITEM_LEN];
} ol_flight_walk;
bool ol_flight_next(ol_flight *f, uint32_t token, ol_flight_walk *at, uint32_t *ret_token);
void ol_flight_free(ol_flight *f);

#endif
