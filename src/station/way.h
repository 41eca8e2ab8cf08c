/* station/way.h — by which way a receipt came, as the store keeps it: a byte, 0 where it is not
 * known. Never renumbered: stores hold it.
 * Text     "bundle" one that was handed in; else bearer and the path's number, "udp/0", as in
 *          docs/PROTOCOL.md §4.9. */
#ifndef OL_STATION_WAY_H
#define OL_STATION_WAY_H

#include <stdint.h>

enum { OL_WAY_HAND = 1, OL_WAY_TEXT_MAX = 17 };

/* Of the path in this slot, by its bearer's scheme; 0: none that is known. */
uint8_t ol_way_of(const char *scheme, unsigned slot);
/* NULL: not known. */
const char *ol_way_text(uint8_t way, char to[OL_WAY_TEXT_MAX]);

#endif
