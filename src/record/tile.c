#include "record/tile.h"

#include <string.h>

#include "base/text.h"

size_t ol_tile_path(int level, uint64_t index, unsigned width, char ret[OL_TILE_PATH_MAX + 1]) {
    char decimal[21], digits[24] = "00";
    OL_ASSERT(width >= 1 && width <= OL_TILE_WIDTH && level < OL_TILE_LEVELS);
    ol_wr w = ol_wr_of((uint8_t *)ret, OL_TILE_PATH_MAX + 1);
    if (level == OL_TILE_ENTRIES)
        memcpy(decimal, "entries", 8);
    else
        ol_u64_put((uint64_t)level, decimal);
    ol_wr_put(&w, "tile/", 5), ol_wr_put(&w, decimal, strlen(decimal));
    ol_u64_put(index,
               digits + 2); /* two zeros before it: whole groups of three, cut from the left */
    const char *at = digits + strlen(digits) % 3;
    for (size_t left = strlen(at); left > 0; at += 3, left -= 3) {
        ol_wr_put(&w, left > 3 ? "/x" : "/", left > 3 ? 2 : 1);
        ol_wr_put(&w, at, 3);
    }
    if (width < OL_TILE_WIDTH) {
        ol_u64_put(width, decimal);
        ol_wr_put(&w, ".p/", 3), ol_wr_put(&w, decimal, strlen(decimal));
    }
    ol_wr_put(&w, "", 1);
    OL_ASSERT(w.err == OL_OK);
    return w.len - 1;
}

/* How many hashes of this level a log of `size` leaves has. */
static uint64_t hashes_of(uint64_t size, int level) {
    return size >> (8 * level);
}

static ol_hash root_of_tile(const ol_hash hash[OL_TILE_WIDTH]) {
    ol_frontier f = { .size = 0 };
    for (unsigned i = 0; i < OL_TILE_WIDTH; i++) {
        ol_err err = ol_frontier_append(&f, &hash[i]);
        OL_ASSERT(err == OL_OK);
    }
    return ol_frontier_root(&f);
}

ol_err ol_tiles_append(ol_tiles *t, const ol_hash *leaf, ol_tile_fn *fn, void *ctx) {
    ol_hash hash = *leaf;
    if (t->size >= OL_TREE_SIZE_MAX)
        return OL_ELIMIT;
    t->size++;
    for (int level = 0; level < OL_TILE_LEVELS; level++) {
        uint64_t last = hashes_of(t->size, level) - 1;
        ol_hash *tile = t->hash[level];
        tile[last % OL_TILE_WIDTH] = hash;
        if ((last + 1) % OL_TILE_WIDTH != 0)
            return OL_OK;
        ol_err err = fn(ctx, level, last / OL_TILE_WIDTH, OL_TILE_WIDTH, tile[0].b,
                        OL_TILE_WIDTH * sizeof tile[0]);
        if (err != OL_OK)
            return err;
        hash = root_of_tile(tile);
    }
    return OL_OK;
}

/* The root of the 2^height hashes from here on. */
static ol_hash root_of(const ol_hash *hash, unsigned height) {
    ol_hash level[OL_TILE_WIDTH / 2];
    size_t n = (size_t)1 << height;
    if (n == 1)
        return hash[0];
    for (n /= 2; n > 0; n /= 2, hash = level)
        for (size_t i = 0; i < n; i++)
            level[i] = ol_merkle_node(&hash[2 * i], &hash[2 * i + 1]);
    return level[0];
}

/* The unfinished tiles, the lowest level last, hold the tree's full subtrees in order; they are
 * joined from the right. */
ol_hash ol_tiles_root(const ol_tiles *t) {
    ol_frontier none;
    ol_hash root;
    bool has_root = false;
    ol_frontier_clear(&none);
    for (int level = 0; level < OL_TILE_LEVELS; level++) {
        unsigned left = (unsigned)(hashes_of(t->size, level) % OL_TILE_WIDTH);
        for (unsigned height = 0; height < 8; height++) {
            if ((left >> height & 1) == 0)
                continue;
            left -= 1u << height;
            ol_hash part = root_of(&t->hash[level][left], height);
            root = has_root ? ol_merkle_node(&part, &root) : part;
            has_root = true;
        }
    }
    return has_root ? root : ol_frontier_root(&none);
}

ol_err ol_tiles_finish(const ol_tiles *t, ol_tile_fn *fn, void *ctx) {
    for (int level = 0; level < OL_TILE_LEVELS; level++) {
        uint64_t hashes = hashes_of(t->size, level);
        unsigned width = (unsigned)(hashes % OL_TILE_WIDTH);
        if (width == 0)
            continue;
        ol_err err = fn(ctx, level, hashes / OL_TILE_WIDTH, width, t->hash[level][0].b,
                        width * sizeof t->hash[level][0]);
        if (err != OL_OK)
            return err;
    }
    return OL_OK;
}

ol_err ol_bundle_append(ol_bundle *b, const uint8_t *leaf, size_t len, ol_tile_fn *fn, void *ctx) {
    if (len < OL_LEAF_MIN || len > OL_LEAF_MAX || b->size >= OL_TREE_SIZE_MAX)
        return OL_ELIMIT;
    ol_wr w = { b->p, b->len, OL_BUNDLE_MAX, OL_OK };
    ol_wr_be(&w, len, 2);
    ol_wr_put(&w, leaf, len);
    OL_ASSERT(w.err == OL_OK);
    b->len = w.len;
    b->size++;
    if (b->size % OL_TILE_WIDTH != 0)
        return OL_OK;
    uint64_t index = b->size / OL_TILE_WIDTH - 1;
    ol_err err = fn(ctx, OL_TILE_ENTRIES, index, OL_TILE_WIDTH, b->p, b->len);
    b->len = 0;
    return err;
}

ol_err ol_bundle_finish(const ol_bundle *b, ol_tile_fn *fn, void *ctx) {
    unsigned width = (unsigned)(b->size % OL_TILE_WIDTH);
    if (width == 0)
        return OL_OK;
    return fn(ctx, OL_TILE_ENTRIES, b->size / OL_TILE_WIDTH, width, b->p, b->len);
}

const uint8_t *ol_bundle_next(ol_rd *r, size_t *ret_len) {
    size_t len = (size_t)ol_rd_be(r, 2);
    if (r->err == OL_OK && (len < OL_LEAF_MIN || len > OL_LEAF_MAX))
        r->err = OL_ELIMIT;
    const uint8_t *leaf = ol_rd_take(r, len);
    if (leaf != NULL)
        *ret_len = len;
    return leaf;
}
