#include "record/merkle.h"

#include <string.h>

ol_hash ol_merkle_leaf(const void *data, size_t len) {
    ol_hash h;
    const ol_part part[] = { { "\x00", 1 }, { data, len } };
    ol_hash_sha256_parts(part, OL_LEN(part), h.b);
    return h;
}

ol_hash ol_merkle_node(const ol_hash *left, const ol_hash *right) {
    ol_hash h;
    const ol_part part[] = { { "\x01", 1 }, { left->b, OL_HASH_LEN }, { right->b, OL_HASH_LEN } };
    ol_hash_sha256_parts(part, OL_LEN(part), h.b);
    return h;
}

/* ── the frontier ────────────────────────────────────────────────────────────────────────────── */

void ol_frontier_clear(ol_frontier *f) {
    memset(f, 0, sizeof *f);
}

unsigned ol_frontier_peaks(uint64_t size) {
    unsigned n = 0;
    for (; size != 0; size &= size - 1)
        n++;
    return n;
}

/* Of size + 1 leaves: every set low bit of size is a subtree that the new leaf completes. */
static void push(ol_frontier *f, const ol_hash *leaf) {
    ol_hash top = *leaf;
    unsigned n = ol_frontier_peaks(f->size);
    for (uint64_t s = f->size; s & 1; s >>= 1)
        top = ol_merkle_node(&f->peak[--n], &top);
    f->peak[n] = top;
    f->size++;
}

ol_err ol_frontier_append(ol_frontier *f, const ol_hash *leaf) {
    if (f->size >= OL_TREE_SIZE_MAX)
        return OL_ELIMIT;
    push(f, leaf);
    return OL_OK;
}

/* Peaks joined from the right: the small subtrees are the right children. */
static ol_hash join(const ol_hash *peak, unsigned n) {
    ol_hash root;
    if (n == 0) {
        ol_hash_sha256("", 0, root.b);
        return root;
    }
    root = peak[n - 1];
    for (unsigned i = n - 1; i > 0; i--)
        root = ol_merkle_node(&peak[i - 1], &root);
    return root;
}

ol_hash ol_frontier_root(const ol_frontier *f) {
    return join(f->peak, ol_frontier_peaks(f->size));
}

void ol_frontier_put(const ol_frontier *f, ol_wr *w) {
    ol_wr_be(w, f->size, 8);
    ol_wr_put(w, f->peak, ol_frontier_peaks(f->size) * sizeof f->peak[0]);
}

ol_err ol_frontier_get(const uint8_t *p, size_t len, ol_frontier *ret) {
    ol_rd r = ol_rd_of(p, len);
    ol_frontier f = { .size = ol_rd_be(&r, 8) };
    if (f.size > OL_TREE_SIZE_MAX)
        return OL_ELIMIT;
    for (unsigned i = 0; i < ol_frontier_peaks(f.size); i++)
        ol_rd_copy(&r, f.peak[i].b, OL_HASH_LEN);
    ol_err err = ol_rd_end(&r);
    if (err == OL_OK)
        *ret = f;
    return err;
}

/* ── making roots and proofs from full subtrees ──────────────────────────────────────────────── */

typedef struct {
    ol_merkle_node_fn *node;
    void *ctx;
} source;

/* The largest power of two below n, as its exponent; n >= 2 (RFC 6962 §2.1's k). */
static unsigned split_level(uint64_t n) {
    unsigned level = 0;
    while ((n - 1) >> level > 1)
        level++;
    return level;
}

/* MTH(D[start : start + count]) where start is a multiple of a power of two not below count: the
 * full subtrees of the range, one per bit of count, joined. */
static ol_err range(const source *src, uint64_t start, uint64_t count, ol_hash *ret) {
    ol_hash peak[OL_TREE_BITS];
    unsigned n = 0;
    for (unsigned level = OL_TREE_BITS; level-- > 0;) {
        if ((count >> level & 1) == 0)
            continue;
        ol_err err = src->node(src->ctx, level, start >> level, &peak[n]);
        if (err != OL_OK)
            return err;
        start += UINT64_C(1) << level;
        n++;
    }
    *ret = join(peak, n);
    return OL_OK;
}

ol_err ol_merkle_root(uint64_t size, ol_merkle_node_fn *node, void *ctx, ol_hash *ret) {
    if (size > OL_TREE_SIZE_MAX)
        return OL_ELIMIT;
    ol_hash root;
    ol_err err = range(&(source){ node, ctx }, 0, size, &root);
    if (err == OL_OK)
        *ret = root;
    return err;
}

static void reverse(ol_merkle_proof *proof) {
    for (size_t i = 0; i < proof->n / 2; i++) {
        ol_hash swap = proof->hash[i];
        proof->hash[i] = proof->hash[proof->n - 1 - i];
        proof->hash[proof->n - 1 - i] = swap;
    }
}

/* Walks from the root of size leaves down to leaf `index` and adds what lies beside the way: PATH
 * of RFC 6962 §2.1.1, from the top. With until > 0 it goes only as far as the subtree that ends at
 * leaf until - 1: SUBPROOF of §2.1.2. */
static ol_err descend(const source *src, uint64_t index, uint64_t size, uint64_t until,
                      ol_merkle_proof *proof, uint64_t *ret_start, uint64_t *ret_count) {
    uint64_t start = 0, count = size;
    while (count > 1 && start + count != until) {
        uint64_t k = UINT64_C(1) << split_level(count);
        bool is_left = index < start + k;
        uint64_t beside = is_left ? start + k : start;
        ol_err err = range(src, beside, is_left ? count - k : k, &proof->hash[proof->n++]);
        if (err != OL_OK)
            return err;
        start += is_left ? 0 : k;
        count = is_left ? k : count - k;
    }
    *ret_start = start;
    *ret_count = count;
    return OL_OK;
}

ol_err ol_merkle_inclusion(uint64_t index, uint64_t size, ol_merkle_node_fn *node, void *ctx,
                           ol_merkle_proof *ret) {
    if (size > OL_TREE_SIZE_MAX)
        return OL_ELIMIT;
    if (index >= size)
        return OL_EFORM;
    ol_merkle_proof proof = { .n = 0 };
    uint64_t start = 0, count = 0;
    ol_err err = descend(&(source){ node, ctx }, index, size, 0, &proof, &start, &count);
    if (err != OL_OK)
        return err;
    reverse(&proof);
    *ret = proof;
    return OL_OK;
}

ol_err ol_merkle_consistency(uint64_t old_size, uint64_t size, ol_merkle_node_fn *node, void *ctx,
                             ol_merkle_proof *ret) {
    if (size > OL_TREE_SIZE_MAX)
        return OL_ELIMIT;
    if (old_size == 0 || old_size > size)
        return OL_EFORM;
    ol_merkle_proof proof = { .n = 0 };
    uint64_t start = 0, count = 0;
    const source src = { node, ctx };
    ol_err err = descend(&src, old_size - 1, size, old_size, &proof, &start, &count);
    if (err == OL_OK && start > 0) /* at start 0 the subtree is the old tree: its root is known */
        err = range(&src, start, count, &proof.hash[proof.n++]);
    if (err != OL_OK)
        return err;
    reverse(&proof);
    *ret = proof;
    return OL_OK;
}

ol_err ol_merkle_node_of_leaves(void *leaves, unsigned level, uint64_t index, ol_hash *ret) {
    const ol_merkle_leaves *l = leaves;
    ol_frontier f = { .size = 0 };
    uint64_t count = UINT64_C(1) << level;
    for (uint64_t i = 0; i < count; i++) {
        ol_hash leaf;
        ol_err err = l->leaf(l->ctx, index * count + i, &leaf);
        if (err != OL_OK)
            return err;
        push(&f, &leaf);
    }
    *ret = f.peak[0];
    return OL_OK;
}

/* ── checking proofs (RFC 9162 §2.1.3.2 and §2.1.4.2) ────────────────────────────────────────── */

ol_err ol_merkle_verify_inclusion(const ol_hash *leaf, uint64_t index, uint64_t size,
                                  const ol_hash *proof, size_t n, const ol_hash *root) {
    if (index >= size)
        return OL_EFORM;
    uint64_t at = index, last = size - 1;
    ol_hash h = *leaf;
    for (size_t i = 0; i < n; i++) {
        if (last == 0)
            return OL_EFORM; /* longer than the way up */
        if ((at & 1) == 0 && at != last) {
            h = ol_merkle_node(&h, &proof[i]);
            at >>= 1, last >>= 1;
            continue;
        }
        h = ol_merkle_node(&proof[i], &h);
        while ((at & 1) == 0) /* levels at which the right edge has no sibling; at is not 0 */
            at >>= 1, last >>= 1;
        at >>= 1, last >>= 1;
    }
    if (last != 0)
        return OL_EFORM;
    return ol_hash_is_equal(&h, root) ? OL_OK : OL_EAUTH;
}

/* Both roots from a seed that is part of both trees; at and last as if for the leaf old_size - 1,
 * already above that seed. */
static ol_err climb(uint64_t at, uint64_t last, const ol_hash *proof, size_t n, ol_hash *old_root,
                    ol_hash *root) {
    for (size_t i = 0; i < n; i++) {
        if (last == 0)
            return OL_EFORM;
        if ((at & 1) == 0 && at != last) {
            *root = ol_merkle_node(root, &proof[i]); /* only in the larger tree */
            at >>= 1, last >>= 1;
            continue;
        }
        *old_root = ol_merkle_node(&proof[i], old_root);
        *root = ol_merkle_node(&proof[i], root);
        while ((at & 1) == 0) /* as above */
            at >>= 1, last >>= 1;
        at >>= 1, last >>= 1;
    }
    return last == 0 ? OL_OK : OL_EFORM;
}

ol_err ol_merkle_verify_consistency(uint64_t old_size, const ol_hash *old_root, uint64_t size,
                                    const ol_hash *root, const ol_hash *proof, size_t n) {
    if (old_size == 0 || old_size > size)
        return OL_EFORM;
    if (old_size == size) {
        if (n != 0)
            return OL_EFORM;
        return ol_hash_is_equal(old_root, root) ? OL_OK : OL_EAUTH;
    }
    uint64_t at = old_size - 1, last = size - 1;
    while ((at & 1) == 1)
        at >>= 1, last >>= 1;
    /* A full old tree (a power of two) is its own seed; else the proof begins with one. */
    bool is_seed_known = at == 0;
    if (!is_seed_known && n == 0)
        return OL_EFORM;
    ol_hash seed = is_seed_known ? *old_root : proof[0];
    ol_hash old_result = seed, result = seed;
    size_t used = is_seed_known ? 0 : 1;
    ol_err err = climb(at, last, proof + used, n - used, &old_result, &result);
    if (err != OL_OK)
        return err;
    bool is_good = ol_hash_is_equal(&old_result, old_root) && ol_hash_is_equal(&result, root);
    return is_good ? OL_OK : OL_EAUTH;
}
