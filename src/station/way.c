#include "station/way.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

enum { FIRST = 4, SLOTS = 4 }; /* of paths: FIRST + SLOTS × bearer + slot */

static const char *const bearers[] = { "udp", "tcp", "serial", "exec", "dir" };

uint8_t ol_way_of(const char *scheme, unsigned slot) {
    for (unsigned i = 0; i < OL_LEN(bearers) && slot < SLOTS; i++)
        if (strcmp(bearers[i], scheme) == 0)
            return (uint8_t)(FIRST + SLOTS * i + slot);
    return 0;
}

const char *ol_way_text(uint8_t way, char to[OL_WAY_TEXT_MAX]) {
    unsigned at = way < FIRST ? SLOTS * (unsigned)OL_LEN(bearers) : way - (unsigned)FIRST;
    if (way == OL_WAY_HAND)
        (void)snprintf(to, OL_WAY_TEXT_MAX, "bundle");
    else if (at / SLOTS < OL_LEN(bearers))
        (void)snprintf(to, OL_WAY_TEXT_MAX, "%s/%u", bearers[at / SLOTS], at % SLOTS);
    else
        return NULL;
    return to;
}
