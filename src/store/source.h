/* store/source.h — a line of a store as bundles are made from it (line/bundle.h).
 * Errors   of the store; what is missing there is found out by whoever asked.
 * Memory   *ret borrows store and line. */
#ifndef OL_STORE_SOURCE_H
#define OL_STORE_SOURCE_H

#include "line/bundle.h"
#include "store/store.h"

typedef struct {
    ol_store *store;
    const uint8_t *line;
} ol_store_source;

void ol_store_source_of(ol_store_source *s, ol_bundle_source *ret);

#endif
