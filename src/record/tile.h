/* record/tile.h — a log as files: hash tiles of height 8 and entry bundles, made in one pass.
 * Paths    tile/<level>/<N>[.p/<W>] and tile/entries/<N>[.p/<W>]: level in decimal; N in groups of
 *          three digits, all but the last with an x before them; .p/<W> for a partial tile of W.
 * Tile     1..256 hashes of 32 bytes. Level 0: leaf hashes; above: the roots of full tiles below.
 * Bundle   1..256 of u16 length ‖ leaf; a leaf has OL_LEAF_MIN..OL_LEAF_MAX bytes.
 * Memory   ol_tiles holds one tile a level, ol_bundle one bundle: about 50 and 520 KiB, whatever
 *          the log's size. Too large for most stacks. Nothing is allocated.
 * Errors   OL_ELIMIT leaf or log too large, what the callback returns; after one, start again.
 * Source   C2SP tlog-tiles; docs/PROTOCOL.md §3.1, §7. */
#ifndef OL_RECORD_TILE_H
#define OL_RECORD_TILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "record/merkle.h"
#include "wire/entry.h"

enum {
    OL_TILE_WIDTH = 256,
    OL_TILE_LEVELS = OL_TREE_BITS / 8,
    OL_TILE_ENTRIES = -1, /* as a level: the bundles */
    OL_TILE_PATH_MAX = 48,
    OL_BUNDLE_MAX = OL_TILE_WIDTH * (2 + OL_LEAF_MAX)
};

/* width 256 is a full tile. NUL-terminated; the length is returned. */
size_t ol_tile_path(int level, uint64_t index, unsigned width, char ret[OL_TILE_PATH_MAX + 1]);

/* Called with each finished tile, level OL_TILE_ENTRIES for a bundle. */
typedef ol_err ol_tile_fn(void *ctx, int level, uint64_t index, unsigned width, const uint8_t *p,
                          size_t len);

typedef struct {
    uint64_t size; /* leaves so far */
    ol_hash hash[OL_TILE_LEVELS][OL_TILE_WIDTH];
} ol_tiles; /* size 0 is the start */

/* Adds a leaf hash; full tiles go out, the lowest level first. */
OL_MUST ol_err ol_tiles_append(ol_tiles *t, const ol_hash *leaf, ol_tile_fn *fn, void *ctx);
/* Of all leaves so far; a few hundred hashes at most. */
ol_hash ol_tiles_root(const ol_tiles *t);
/* Partial tiles go out. t may still grow. */
OL_MUST ol_err ol_tiles_finish(const ol_tiles *t, ol_tile_fn *fn, void *ctx);

typedef struct {
    uint64_t size; /* leaves so far */
    size_t len;
    uint8_t p[OL_BUNDLE_MAX];
} ol_bundle; /* size and len 0 are the start */

OL_MUST ol_err ol_bundle_append(ol_bundle *b, const uint8_t *leaf, size_t len, ol_tile_fn *fn,
                                void *ctx);
OL_MUST ol_err ol_bundle_finish(const ol_bundle *b, ol_tile_fn *fn, void *ctx);
/* The next leaf of a bundle that is read, borrowed; NULL once the reader failed: OL_ESHORT, or
 * OL_ELIMIT for a length out of range. */
const uint8_t *ol_bundle_next(ol_rd *r, size_t *ret_len);

#endif
