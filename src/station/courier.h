/* station/courier.h — directories as bearers of last resort: bundles written for a party into one,
 * bundles of that party taken from one; a stick, a synchronised folder, the ends of a diode.
 * URL      dir:<out>?in=<in>&after=<s>&every=<s>&again=<s>, paths absolute. <out> may be empty:
 *          nothing is written; in defaults to out; after 600, every 60, again 86400 (0: never).
 * Out      <16 hex>.olb, by a new file, fsync and rename: what no path has had receipted for
 *          `after` seconds (at once where the party has no other bearer), one file in `every`; what
 *          was written once, after `again` seconds more.
 * In       every `every` seconds; a file of which all is durable is moved to taken/ there, or
 *          remembered where that cannot be; what is not for here is left alone and told once.
 * Disks    are touched by a thread of libuv's pool: one that hangs must not hold the station.
 * Memory   from the C heap. */
#ifndef OL_STATION_COURIER_H
#define OL_STATION_COURIER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "line/bundle.h"
#include "station/station_api.h"

#define OL_COURIER_FORM "dir:<directory>?in=<directory>&every=<seconds>"
#define OL_COURIERS_TOKEN (UINT32_C(1) << 31) /* tokens from here on are ours */

typedef struct ol_couriers ol_couriers;

bool ol_courier_is(const char *url);
const char *ol_courier_check(const char *url); /* what is wrong with it; NULL: nothing */

/* For every bearer of this kind that is configured. */
OL_MUST ol_err ol_couriers_start(ol_station *st, ol_couriers **ret);
void ol_couriers_bundle(ol_couriers *c, const ol_bundle_read *read);
struct json_t *ol_couriers_json(const ol_couriers *c,
                                size_t line); /* a new array; docs/CONTROL.md */
void ol_couriers_stop(ol_couriers *c);        /* takes NULL */
void ol_couriers_free(ol_couriers *c);        /* after the loop has turned; takes NULL */

#endif
