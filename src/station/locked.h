/* station/locked.h — an ol_mem whose blocks are locked in memory and left out of core dumps.
 * Each block lies on pages of its own between guard pages (sodium_malloc), aligned to 16: for few
 * and lasting blocks. The limit on locked memory is raised as far as the system lets us.
 * Errors   a block that cannot be locked is none: get0 gives NULL. ol_locked_probe tells beforehand
 *          with a sentence. */
#ifndef OL_STATION_LOCKED_H
#define OL_STATION_LOCKED_H

#include "base/err.h"
#include "base/mem.h"
#include "station/why.h"

void ol_locked_mem(ol_mem *m, size_t cap);
/* Can this many bytes be locked now? OL_ENOMEM with what to raise. sodium_init has been called. */
OL_MUST ol_err ol_locked_probe(size_t bytes, ol_why *why);

#endif
