/* record/tile: paths, tiles against the naive definition, bundles on both sides of each limit. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "record/tile.h"

static const struct {
    int level;
    uint64_t index;
    unsigned width;
    const char *want;
} paths[] = {
    { 0, 0, 256, "tile/0/000" },
    { 0, 0, 1, "tile/0/000.p/1" },
    { 0, 0, 255, "tile/0/000.p/255" },
    { 0, 9, 256, "tile/0/009" },
    { 0, 67, 256, "tile/0/067" },
    { 3, 999, 256, "tile/3/999" },
    { 3, 1000, 256, "tile/3/x001/000" },
    { 1, 999999, 7, "tile/1/x999/999.p/7" },
    { 1, 1000000, 7, "tile/1/x001/x000/000.p/7" },
    { 0, 1234067, 256, "tile/0/x001/x234/067" }, /* the specification's example */
    { OL_TILE_ENTRIES, 1234067, 12, "tile/entries/x001/x234/067.p/12" },
    { OL_TILE_ENTRIES, (UINT64_C(1) << 40) - 1, 255, "tile/entries/x001/x099/x511/x627/775.p/255" },
};

static void path_rows(void **state) {
    for (size_t i = 0; (void)state, i < OL_LEN(paths); i++) {
        char s[OL_TILE_PATH_MAX + 1];
        size_t n = ol_tile_path(paths[i].level, paths[i].index, paths[i].width, s);
        assert_string_equal(s, paths[i].want);
        assert_int_equal(n, strlen(s));
    }
}

/* ── a log of 70,000 leaves, the specification's example ─────────────────────────────────────── */

enum { LEAVES = 70000 };
static ol_hash leaves[LEAVES];

static ol_hash subtree(uint64_t start, uint64_t count) { /* count: a power of two */
    if (count == 1)
        return leaves[start];
    ol_hash left = subtree(start, count / 2), right = subtree(start + count / 2, count / 2);
    return ol_merkle_node(&left, &right);
}

typedef struct {
    uint64_t full[OL_TILE_LEVELS];
    unsigned partial[OL_TILE_LEVELS];
    bool is_checked;
    uint64_t fail_after;
} tally;

static ol_err take_tile(void *ctx, int level, uint64_t index, unsigned width, const uint8_t *p,
                        size_t len) {
    tally *t = ctx;
    if (t->fail_after-- == 0)
        return OL_EIO;
    assert_true(width >= 1);
    assert_int_equal(len, 32 * (size_t)width);
    if (width == OL_TILE_WIDTH)
        assert_int_equal(index, t->full[level]++);
    else
        t->partial[level] = width;
    uint64_t span = UINT64_C(1) << (8 * level);
    for (unsigned i = 0; t->is_checked && i < width; i += level == 0 ? 17 : 1) {
        ol_hash want = subtree((index * 256 + i) * span, span);
        assert_memory_equal(p + 32 * (size_t)i, want.b, 32);
    }
    return OL_OK;
}

static void tiles_of_70000(void **state) {
    (void)state;
    static ol_tiles t;
    static ol_frontier f; /* finds roots in another way */
    tally seen = { .is_checked = true, .fail_after = UINT64_MAX };
    ol_hash root = ol_tiles_root(&t);
    assert_memory_equal(root.b, ol_frontier_root(&f).b, 32);
    for (uint32_t i = 0; i < LEAVES; i++) {
        leaves[i] = ol_merkle_leaf(&i, sizeof i);
        assert_int_equal(ol_tiles_append(&t, &leaves[i], take_tile, &seen), OL_OK);
        assert_int_equal(ol_frontier_append(&f, &leaves[i]), OL_OK);
        if (i > 1300 && i % 997 != 0 && (i < 65500 || i > 65800))
            continue;
        root = ol_tiles_root(&t);
        assert_memory_equal(root.b, ol_frontier_root(&f).b, 32);
    }
    assert_int_equal(ol_tiles_finish(&t, take_tile, &seen), OL_OK);
    const tally want = { .full = { 273, 1 }, .partial = { 112, 17, 1 } };
    assert_memory_equal(seen.full, want.full, sizeof want.full);
    assert_memory_equal(seen.partial, want.partial, sizeof want.partial);
}

static const struct {
    uint64_t size, full0, full1;
    unsigned partial0, partial1;
} sizes[] = {
    { 0, 0, 0, 0, 0 },   { 1, 0, 0, 1, 0 },   { 255, 0, 0, 255, 0 },       { 256, 1, 0, 0, 1 },
    { 257, 1, 0, 1, 1 }, { 512, 2, 0, 0, 2 }, { 65535, 255, 0, 255, 255 }, { 65536, 256, 1, 0, 0 },
};

static void tiles_by_size(void **state) {
    static ol_tiles t;
    for (size_t i = 0; (void)state, i < OL_LEN(sizes); i++) {
        tally seen = { .fail_after = UINT64_MAX };
        t.size = 0;
        for (uint64_t k = 0; k < sizes[i].size; k++)
            assert_int_equal(ol_tiles_append(&t, &leaves[k], take_tile, &seen), OL_OK);
        assert_int_equal(ol_tiles_finish(&t, take_tile, &seen), OL_OK);
        assert_int_equal(seen.full[0], sizes[i].full0);
        assert_int_equal(seen.full[1], sizes[i].full1);
        assert_int_equal(seen.partial[0], sizes[i].partial0);
        assert_int_equal(seen.partial[1], sizes[i].partial1);
        assert_int_equal(seen.partial[2], sizes[i].full1);
    }
}

static void tiles_errors(void **state) {
    (void)state;
    static ol_tiles t;
    for (uint64_t fail_after = 0; fail_after < 4; fail_after++) { /* of 2 full and 2 partial */
        tally seen = { .fail_after = fail_after };
        ol_err err = OL_OK;
        t.size = 0;
        for (uint64_t k = 0; err == OL_OK && k < 515; k++)
            err = ol_tiles_append(&t, &leaves[k], take_tile, &seen);
        if (err == OL_OK)
            err = ol_tiles_finish(&t, take_tile, &seen);
        assert_int_equal(err, OL_EIO);
    }
    tally seen = { .fail_after = UINT64_MAX };
    t.size = OL_TREE_SIZE_MAX;
    assert_int_equal(ol_tiles_append(&t, &leaves[0], take_tile, &seen), OL_ELIMIT);
}

/* ── bundles ─────────────────────────────────────────────────────────────────────────────────── */

typedef struct {
    unsigned calls, width;
    uint64_t index;
    size_t len;
    uint8_t first[8];
    ol_err err;
} bundle_seen;

static ol_err take_bundle(void *ctx, int level, uint64_t index, unsigned width, const uint8_t *p,
                          size_t len) {
    bundle_seen *seen = ctx;
    assert_int_equal(level, OL_TILE_ENTRIES);
    seen->calls++;
    seen->index = index, seen->width = width, seen->len = len;
    memcpy(seen->first, p, sizeof seen->first);
    ol_rd r = ol_rd_of(p, len);
    for (unsigned i = 0; i < width; i++) {
        size_t n = 0;
        assert_non_null(ol_bundle_next(&r, &n));
        assert_true(n >= OL_LEAF_MIN && n <= OL_LEAF_MAX);
    }
    assert_int_equal(ol_rd_end(&r), OL_OK);
    return seen->err;
}

static ol_bundle bundle;

static void bundles(void **state) {
    (void)state;
    static uint8_t leaf[OL_LEAF_MAX + 1];
    bundle_seen seen = { .err = OL_OK };
    memset(leaf, 'x', sizeof leaf);
    assert_int_equal(ol_bundle_append(&bundle, leaf, OL_LEAF_MIN - 1, take_bundle, &seen),
                     OL_ELIMIT);
    assert_int_equal(ol_bundle_append(&bundle, leaf, OL_LEAF_MAX + 1, take_bundle, &seen),
                     OL_ELIMIT);
    assert_int_equal(ol_bundle_finish(&bundle, take_bundle, &seen), OL_OK);
    assert_int_equal(seen.calls, 0);
    for (unsigned i = 0; i < OL_TILE_WIDTH; i++) /* the largest bundle there is */
        assert_int_equal(ol_bundle_append(&bundle, leaf, OL_LEAF_MAX, take_bundle, &seen), OL_OK);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.index, 0);
    assert_int_equal(seen.len, OL_BUNDLE_MAX);
    assert_int_equal(seen.width, OL_TILE_WIDTH);
    assert_int_equal(ol_bundle_finish(&bundle, take_bundle, &seen), OL_OK);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(ol_bundle_append(&bundle, leaf, OL_LEAF_MIN, take_bundle, &seen), OL_OK);
    assert_int_equal(ol_bundle_finish(&bundle, take_bundle, &seen), OL_OK);
    assert_int_equal(seen.calls, 2);
    assert_int_equal(seen.index, 1);
    assert_int_equal(seen.width, 1);
    assert_memory_equal(seen.first, "\0\x11xxxxxx", 8);
}

static void bundle_errors(void **state) {
    (void)state;
    static const uint8_t leaf[OL_LEAF_MIN];
    bundle_seen seen = { .err = OL_EIO };
    bundle.size = 0, bundle.len = 0;
    for (unsigned i = 0; i < OL_TILE_WIDTH - 1; i++)
        assert_int_equal(ol_bundle_append(&bundle, leaf, sizeof leaf, take_bundle, &seen), OL_OK);
    assert_int_equal(ol_bundle_finish(&bundle, take_bundle, &seen), OL_EIO);
    assert_int_equal(ol_bundle_append(&bundle, leaf, sizeof leaf, take_bundle, &seen), OL_EIO);
}

static void bundle_read(void **state) {
    static const struct {
        uint16_t length;
        size_t there;
        ol_err want;
    } rows[] = {
        { 16, 16, OL_ELIMIT },   { 17, 17, OL_OK },         { 17, 16, OL_ESHORT },
        { 2064, 2064, OL_OK },   { 2065, 2065, OL_ELIMIT }, { 0, 0, OL_ELIMIT },
        { 65535, 9, OL_ELIMIT },
    };
    static uint8_t b[2 + 2065];
    for (size_t i = 0; (void)state, i < OL_LEN(rows); i++) {
        b[0] = (uint8_t)(rows[i].length >> 8), b[1] = (uint8_t)rows[i].length;
        ol_rd r = ol_rd_of(b, 2 + rows[i].there);
        size_t n = 77;
        const uint8_t *leaf = ol_bundle_next(&r, &n);
        assert_int_equal(r.err, rows[i].want);
        assert_int_equal(n, rows[i].want == OL_OK ? rows[i].length : 77);
        assert_int_equal(leaf != NULL, rows[i].want == OL_OK);
    }
    ol_rd r = ol_rd_of(b, 1);
    size_t n = 0;
    assert_null(ol_bundle_next(&r, &n));
    assert_int_equal(r.err, OL_ESHORT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_rows),     cmocka_unit_test(tiles_of_70000),
        cmocka_unit_test(tiles_by_size), cmocka_unit_test(tiles_errors),
        cmocka_unit_test(bundles),       cmocka_unit_test(bundle_errors),
        cmocka_unit_test(bundle_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
