/* The tiles of one log against its leaves, its heads against the roots, its entries to the view. */
#include "record/verify_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void path_of_tile(const char *log, int level, uint64_t index, unsigned width,
                         char ret[OL_VERIFY_PATH_MAX]) {
    char tile[OL_TILE_PATH_MAX + 1];
    (void)ol_tile_path(level, index, width, tile);
    snprintf(ret, OL_VERIFY_PATH_MAX, "%s/%s", log, tile);
}

/* ── narrower tiles that were left behind ──────────────────────────────────────────────────────*/

/* The bytes that the first n things of a tile take. */
static size_t bytes_of(int level, unsigned n, const uint8_t *p, size_t len) {
    if (level != OL_TILE_ENTRIES)
        return n * (size_t)OL_HASH_LEN;
    ol_rd r = ol_rd_of(p, len);
    for (unsigned i = 0; i < n; i++) {
        size_t leaf_len;
        (void)ol_bundle_next(&r, &leaf_len);
    }
    return len - r.left;
}

/* Each must be the beginning of the wide one. */
static void check_narrower(vf *v, int level, uint64_t index, unsigned width, const uint8_t *p,
                           size_t len) {
    char path[OL_VERIFY_PATH_MAX], narrow[OL_VERIFY_PATH_MAX + 8];
    path_of_tile(v->now.name, level, index, OL_TILE_WIDTH, path);
    snprintf(narrow, sizeof narrow, "%s.p/", path);
    size_t prefix = strlen(narrow), n = 0;
    for (size_t i = ol_vf_first(v, narrow); ol_vf_has_prefix(v, i, narrow); i++) {
        const char *name = v->file[i].path + prefix;
        uint64_t own = 0;
        if (v->file[i].is_touched || !v->file[i].is_plain ||
            ol_u64_get(name, strlen(name), 1, width - 1, &own) != OL_OK)
            continue;
        size_t want = bytes_of(level, (unsigned)own, p, len);
        if (ol_vf_read(v, v->file[i].path, v->other, sizeof v->other, &n) &&
            (n != want || memcmp(v->other, p, n) != 0))
            ol_vf_fail(v, "tile-partial", v->file[i].path,
                       "differs from the wider tile of the same place");
    }
}

/* ── bundles ───────────────────────────────────────────────────────────────────────────────────*/

typedef bool on_leaf(vf *v, uint64_t index, const uint8_t *leaf, size_t len);

/* The leaves of one bundle, already in v->bundle. */
static bool walk_bundle(vf *v, const char *path, uint64_t first, unsigned width, size_t len,
                        on_leaf *fn) {
    ol_rd r = ol_rd_of(v->bundle, len);
    for (unsigned i = 0; i < width; i++) {
        ol_rd peek = r;
        size_t leaf_len = 0, said = (size_t)ol_rd_be(&peek, 2);
        const uint8_t *leaf = ol_bundle_next(&r, &leaf_len);
        if (leaf == NULL && r.err == OL_ELIMIT && said <= peek.left) {
            ol_vf_fail(v, "tile-leaf", path,
                       "entry %" PRIu64 " has a leaf of %zu bytes, not 17 to 2,064", first + i,
                       said);
            return false;
        }
        if (leaf == NULL)
            break;
        if (!fn(v, first + i, leaf, leaf_len))
            return false;
    }
    if (ol_rd_end(&r) == OL_OK)
        return true;
    ol_vf_fail(v, "tile-form", path, "does not hold %u entries", width);
    return false;
}

/* All leaves of a log below `size`, its bundles being those of a log of `held`. */
static bool walk_leaves(vf *v, const char *log, uint64_t held, uint64_t size, bool checks_narrower,
                        on_leaf *fn) {
    for (uint64_t first = 0; first < size; first += OL_TILE_WIDTH) {
        uint64_t left = held - first;
        unsigned width = left < OL_TILE_WIDTH ? (unsigned)left : OL_TILE_WIDTH;
        char path[OL_VERIFY_PATH_MAX];
        size_t len = 0, cap = width * (size_t)(2 + OL_LEAF_MAX);
        path_of_tile(log, OL_TILE_ENTRIES, first / OL_TILE_WIDTH, width, path);
        if (!ol_vf_read(v, path, v->bundle, cap, &len) ||
            !walk_bundle(v, path, first, width, len, fn))
            return false;
        if (checks_narrower)
            check_narrower(v, OL_TILE_ENTRIES, first / OL_TILE_WIDTH, width, v->bundle, len);
    }
    return true;
}

/* ── tiles and roots ───────────────────────────────────────────────────────────────────────────*/

static ol_err check_tile(void *ctx, int level, uint64_t index, unsigned width, const uint8_t *p,
                         size_t len) {
    vf *v = ctx;
    char path[OL_VERIFY_PATH_MAX];
    size_t n = 0;
    path_of_tile(v->now.name, level, index, width, path);
    if (ol_vf_read(v, path, v->tile, OL_TILE_WIDTH * OL_HASH_LEN, &n)) {
        size_t at = 0;
        while (n == len && at < width &&
               memcmp(v->tile + at * OL_HASH_LEN, p + at * OL_HASH_LEN, OL_HASH_LEN) == 0)
            at++;
        if (n != len)
            ol_vf_fail(v, "tile-form", path, "does not hold %u hashes", width);
        else if (at < width)
            ol_vf_fail(v, "tile-hash", path, "hash %zu is not that of the entries", at);
    }
    check_narrower(v, level, index, width, p, len);
    return OL_OK;
}

static void keep_roots(vf *v) {
    ol_hash root;
    bool has_root = false;
    for (unsigned i = 0; i < VF_HEADS_MAX; i++) {
        vf_head *h = &v->now.head[i];
        if (!h->is_there || h->size != v->tiles.size)
            continue;
        if (!has_root)
            root = ol_tiles_root(&v->tiles);
        has_root = true;
        h->found = root, h->has_root = true;
    }
}

static bool add_leaf(vf *v, uint64_t index, const uint8_t *leaf, size_t len) {
    (void)index;
    ol_hash hash = ol_merkle_leaf(leaf, len);
    OL_ASSERT(ol_tiles_append(&v->tiles, &hash, check_tile, v) == OL_OK); /* below 2^48 */
    keep_roots(v);
    return true;
}

static bool add_to_frontier(vf *v, uint64_t index, const uint8_t *leaf, size_t len) {
    ol_hash hash = ol_merkle_leaf(leaf, len);
    if (v->rooted == v->roots)
        return true; /* the rest of a bundle */
    (void)index;
    OL_ASSERT(ol_frontier_append(&v->frontier, &hash) == OL_OK);
    for (; v->rooted < v->roots && v->root_size[v->rooted] == v->frontier.size; v->rooted++)
        v->root[v->rooted] = ol_frontier_root(&v->frontier);
    return true;
}

/* A head's path. */
static void name_head(const vf *v, unsigned which, char ret[OL_VERIFY_PATH_MAX]) {
    if (which >= VF_EVIDENCE)
        ol_vf_evidence_path(v, which, ret);
    else if (which >= VF_HEAD_OF)
        snprintf(ret, OL_VERIFY_PATH_MAX, "%s/heads/%s.note", v->now.name,
                 v->party_name[v->now.generation->member[which - VF_HEAD_OF]]);
    else
        snprintf(ret, OL_VERIFY_PATH_MAX, "%s/%s", v->now.name,
                 which == VF_HEAD_NOTE ? "head.note" : "checkpoint");
}

void ol_vf_fork(vf *v, unsigned which) {
    char path[OL_VERIFY_PATH_MAX];
    name_head(v, which, path);
    ol_vf_fail(v, "head-fork", path,
               "the log key of %s signed another root over size %" PRIu64
               " than head.note leads to: its log contradicts itself",
               v->party_name[v->now.key.party], v->now.head[which].size);
}

/* Every note against the tiles. A validly signed other root is a fork. */
static bool check_roots(vf *v) {
    const vf_head *last = &v->now.head[VF_HEAD_NOTE];
    char path[OL_VERIFY_PATH_MAX];
    name_head(v, VF_HEAD_NOTE, path);
    if (!ol_hash_is_equal(&last->root, &last->found)) {
        ol_vf_fail(v, "head-root", path, "its root over size %" PRIu64 " is not that of the tiles",
                   last->size);
        return false;
    }
    for (unsigned i = 0; i < VF_HEADS_MAX; i++) {
        const vf_head *h = &v->now.head[i];
        bool is_evidence = i >= VF_EVIDENCE && (i - VF_EVIDENCE) % 2 == 1; /* is to differ */
        if (!h->is_there || is_evidence || (h->has_root && ol_hash_is_equal(&h->root, &h->found)))
            continue;
        name_head(v, i, path);
        if (!h->has_root) {
            ol_vf_fail(v, "head-beyond", path,
                       "speaks of size %" PRIu64 ", the export holds %" PRIu64, h->size,
                       last->size);
            continue;
        }
        ol_vf_fork(v, i);
        for (unsigned p = 0; p < v->parties; p++)
            if ((h->receipted >> p & 1) != 0)
                ol_vf_fail(v, "receipt-fork", path,
                           "%s receipted over size %" PRIu64
                           " a root that is not that of the tiles",
                           v->party_name[p], h->size);
    }
    ol_vf_judge_evidence(v);
    return true;
}

bool ol_vf_count(vf *v) {
    uint64_t size = v->now.head[VF_HEAD_NOTE].size;
    if (size > OL_VERIFY_ENTRIES_MAX - v->counted) {
        ol_vf_fail(v, "too-many", v->now.name, "holds more than %" PRIu64 " entries",
                   OL_VERIFY_ENTRIES_MAX);
        return false;
    }
    v->counted += size;
    return true;
}

bool ol_vf_tiles(vf *v) {
    uint64_t size = v->now.head[VF_HEAD_NOTE].size;
    memset(&v->tiles, 0, sizeof v->tiles);
    keep_roots(v);
    if (!walk_leaves(v, v->now.name, size, size, true, add_leaf))
        return false;
    v->now.was_walked = true;
    OL_ASSERT(ol_tiles_finish(&v->tiles, check_tile, v) == OL_OK);
    return check_roots(v);
}

static bool is_member(const vf_generation *g, unsigned party) {
    for (unsigned i = 0; i < g->members; i++)
        if (g->member[i] == party)
            return true;
    return false;
}

static bool has_same_members(const vf_generation *a, const vf_generation *b) {
    uint64_t of_a = 0, of_b = 0;
    for (unsigned i = 0; i < a->members; i++)
        of_a |= UINT64_C(1) << a->member[i];
    for (unsigned i = 0; i < b->members; i++)
        of_b |= UINT64_C(1) << b->member[i];
    return of_a == of_b;
}

/* The first generation since which the log's author has been a member without a break. */
static uint32_t since(const vf *v, const vf_generation *g) {
    uint32_t at = (uint32_t)(g - v->generation);
    while (at > 0 && is_member(&v->generation[at - 1], v->now.key.party))
        at--;
    return at;
}

/* Of generations with the same members the policy does not say which; the opening does. */
static void find_generation(vf *v, const uint8_t *entry, size_t len) {
    uint8_t number[OL_PARTIES_MAX];
    ol_entry e;
    ol_opening o = { .generation = 0 };
    if (ol_entry_decode(entry, len, &e) != OL_OK || e.kind != OL_KIND_OPENING ||
        ol_opening_decode(e.body, e.body_len, &o) != OL_OK)
        o.generation = 0;
    const vf_generation *g = v->now.generation;
    if (o.generation < v->generations && has_same_members(&v->generation[o.generation], g))
        g = &v->generation[o.generation];
    else if (v->now.has_policy)
        ol_vf_fail(v, "opening-generation", v->now.name,
                   "is of generation %u by its opening, and the policy names the members of "
                   "another",
                   (unsigned)o.generation);
    for (uint8_t i = 0; i < OL_PARTIES_MAX; i++)
        number[i] = i;
    ol_view_set_members(v->view, v->now.log, number, g->known, g->rungs);
    ol_view_set_two(v->view, v->now.log, g->two);
    ol_view_set_since(v->view, v->now.log, since(v, g));
    uint64_t present = 0;
    for (unsigned i = 0; i < g->members; i++)
        present |= UINT64_C(1) << g->member[i];
    ol_view_set_present(v->view, v->now.log, present);
}

static bool add_to_view(vf *v, uint64_t index, const uint8_t *leaf, size_t len) {
    if (index == 0)
        find_generation(v, leaf + OL_SALT_LEN, len - OL_SALT_LEN);
    v->err = ol_view_add_entry(v->view, v->now.log, leaf + OL_SALT_LEN, len - OL_SALT_LEN);
    if (v->err == OL_OK && v->opts->entry != NULL)
        v->err =
            v->opts->entry(v->opts->ctx, v->now.log, index, leaf + OL_SALT_LEN, len - OL_SALT_LEN);
    return v->err == OL_OK;
}

void ol_vf_entries(vf *v) {
    uint64_t size = v->now.head[VF_HEAD_NOTE].size;
    (void)walk_leaves(v, v->now.name, size, size, false, add_to_view);
    for (unsigned p = 0; p < v->parties && v->err == OL_OK; p++)
        if (v->now.stored[p].is_there)
            v->err = ol_view_add_receipt(v->view, v->now.log, (uint8_t)p, v->now.stored[p].size,
                                         v->now.stored[p].time);
}

bool ol_vf_roots(vf *v, const char *log_name, uint64_t log_size, const uint64_t *size, size_t n,
                 ol_hash *ret) {
    ol_frontier_clear(&v->frontier);
    v->root_size = size, v->root = ret, v->roots = n;
    for (v->rooted = 0; v->rooted < n && size[v->rooted] == 0; v->rooted++)
        ret[v->rooted] = ol_frontier_root(&v->frontier);
    return walk_leaves(v, log_name, log_size, size[n - 1], false, add_to_frontier);
}
