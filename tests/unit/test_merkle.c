/* record/merkle against a naive recursive tree (RFC 6962 §2.1, word for word). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "record/merkle.h"

enum { LEAVES = 1000, ALL_PAIRS = 70 };

static ol_hash leaves[LEAVES];

static void fill(void) {
    for (unsigned i = 0; i < LEAVES; i++) {
        char data[16];
        int n = snprintf(data, sizeof data, "leaf %u", i);
        leaves[i] = ol_merkle_leaf(data, (size_t)n);
    }
}

/* ── the model ───────────────────────────────────────────────────────────────────────────────── */

static size_t split(size_t n) { /* the largest power of two below n */
    size_t k = 1;
    while (k * 2 < n)
        k *= 2;
    return k;
}

static ol_hash mth(const ol_hash *d, size_t n) {
    if (n == 0) {
        ol_hash empty;
        ol_hash_sha256("", 0, empty.b);
        return empty;
    }
    if (n == 1)
        return d[0];
    static struct {
        size_t n;
        ol_hash hash;
    } known[LEAVES]; /* the last found from each leaf on */
    size_t from = (size_t)(d - leaves);
    if (known[from].n == n)
        return known[from].hash;
    ol_hash left = mth(d, split(n)), right = mth(d + split(n), n - split(n));
    uint8_t both[65] = { 1 };
    memcpy(both + 1, left.b, 32), memcpy(both + 33, right.b, 32);
    ol_hash_sha256(both, sizeof both, left.b);
    known[from].n = n, known[from].hash = left;
    return left;
}

static void path(size_t m, const ol_hash *d, size_t n, ol_merkle_proof *out) {
    if (n == 1)
        return;
    size_t k = split(n);
    if (m < k)
        path(m, d, k, out), out->hash[out->n++] = mth(d + k, n - k);
    else
        path(m - k, d + k, n - k, out), out->hash[out->n++] = mth(d, k);
}

static void subproof(size_t m, const ol_hash *d, size_t n, bool is_whole, ol_merkle_proof *out) {
    if (m == n) {
        if (!is_whole)
            out->hash[out->n++] = mth(d, n);
        return;
    }
    size_t k = split(n);
    if (m <= k)
        subproof(m, d, k, is_whole, out), out->hash[out->n++] = mth(d + k, n - k);
    else
        subproof(m - k, d + k, n - k, false, out), out->hash[out->n++] = mth(d, k);
}

/* ── what is tested asks for full subtrees only ──────────────────────────────────────────────── */

static uint64_t asked_below; /* no leaf at or above it may be asked for */

static ol_err naive_node(void *ctx, unsigned level, uint64_t index, ol_hash *ret) {
    size_t count = (size_t)1 << level;
    assert_true((index + 1) * count <= asked_below);
    assert_null(ctx);
    *ret = mth(leaves + index * count, count);
    return OL_OK;
}

static void assert_same(const ol_merkle_proof *a, const ol_merkle_proof *b) {
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->hash, b->hash, a->n * sizeof a->hash[0]);
}

static void frontier_roots(void **state) {
    (void)state;
    ol_frontier f;
    ol_frontier_clear(&f);
    for (size_t n = 0; n <= LEAVES; n++) {
        ol_hash want = mth(leaves, n), root = ol_frontier_root(&f), again;
        assert_int_equal(f.size, n);
        assert_memory_equal(&root, &want, sizeof root);
        asked_below = n;
        assert_int_equal(ol_merkle_root(n, naive_node, NULL, &again), OL_OK);
        assert_memory_equal(&again, &want, sizeof again);
        if (n < LEAVES)
            assert_int_equal(ol_frontier_append(&f, &leaves[n]), OL_OK);
    }
}

static void frontier_try_and_adopt(void **state) {
    (void)state;
    ol_frontier f = { .size = 0 };
    for (size_t n = 0; n < 100; n++) {
        ol_frontier trial = f; /* leaves that turn out not to be under the head */
        for (size_t i = 0; i < 40; i++)
            assert_int_equal(ol_frontier_append(&trial, &leaves[LEAVES - 1 - i]), OL_OK);
        ol_hash root = ol_frontier_root(&f), want = mth(leaves, n);
        assert_memory_equal(&root, &want, sizeof root);
        trial = f;
        assert_int_equal(ol_frontier_append(&trial, &leaves[n]), OL_OK);
        f = trial;
    }
}

static void frontier_stored(void **state) {
    (void)state;
    ol_frontier f = { .size = 0 }, back;
    for (size_t n = 0; n < 300; n++) {
        uint8_t b[OL_FRONTIER_MAX + 1];
        ol_wr w = ol_wr_of(b, sizeof b);
        ol_frontier_put(&f, &w);
        assert_int_equal(w.err, OL_OK);
        assert_int_equal(w.len, 8 + 32 * (size_t)__builtin_popcountll(n));
        memset(&back, 0xa5, sizeof back);
        assert_int_equal(ol_frontier_get(b, w.len, &back), OL_OK);
        ol_hash root = ol_frontier_root(&back), want = mth(leaves, n);
        assert_memory_equal(&root, &want, sizeof root);
        ol_frontier before = back;
        b[w.len] = 0;
        assert_int_equal(ol_frontier_get(b, w.len + 1, &back), OL_EFORM);
        for (size_t cut = 0; cut < w.len; cut += 5)
            assert_int_equal(ol_frontier_get(b, cut, &back), OL_ESHORT);
        assert_memory_equal(&before, &back, sizeof back);
        assert_int_equal(ol_frontier_append(&f, &leaves[n]), OL_OK);
    }
}

static void frontier_full(void **state) {
    (void)state;
    static uint8_t b[OL_FRONTIER_MAX];
    ol_wr w = ol_wr_of(b, sizeof b);
    ol_wr_be(&w, OL_TREE_SIZE_MAX, 8);
    ol_frontier f;
    assert_int_equal(ol_frontier_get(b, sizeof b, &f), OL_OK);
    assert_int_equal(ol_frontier_append(&f, &leaves[0]), OL_ELIMIT);
    f.size--; /* one below: the lowest peak is no longer there */
    assert_int_equal(ol_frontier_append(&f, &leaves[0]), OL_OK);
    assert_int_equal(f.size, OL_TREE_SIZE_MAX);
    w.len = 0;
    ol_wr_be(&w, OL_TREE_SIZE_MAX + 1, 8);
    assert_int_equal(ol_frontier_get(b, sizeof b, &f), OL_ELIMIT);
}

static void check_inclusion(size_t index, size_t size, const ol_hash *root) {
    ol_merkle_proof proof, want = { .n = 0 };
    asked_below = size;
    assert_int_equal(ol_merkle_inclusion(index, size, naive_node, NULL, &proof), OL_OK);
    path(index, leaves, size, &want);
    assert_same(&proof, &want);
    const ol_hash *leaf = &leaves[index];
    assert_int_equal(ol_merkle_verify_inclusion(leaf, index, size, proof.hash, proof.n, root),
                     OL_OK);
    ol_err err = ol_merkle_verify_inclusion(leaf, index, size, proof.hash, proof.n + 1, root);
    assert_int_equal(err, OL_EFORM);
    err = ol_merkle_verify_inclusion(leaf, index, size, proof.hash, proof.n - 1, root);
    assert_true(proof.n == 0 || err == OL_EFORM);
    assert_int_not_equal(
        ol_merkle_verify_inclusion(leaf, index ^ 1, size, proof.hash, proof.n, root), OL_OK);
    for (size_t i = 0; size <= ALL_PAIRS && i < proof.n; i++) {
        proof.hash[i].b[i % 32] ^= 1;
        assert_int_equal(ol_merkle_verify_inclusion(leaf, index, size, proof.hash, proof.n, root),
                         OL_EAUTH);
        proof.hash[i].b[i % 32] ^= 1;
    }
}

static void inclusion(void **state) {
    (void)state;
    for (size_t size = 1; size <= LEAVES; size++) {
        ol_hash root = mth(leaves, size);
        size_t step = size <= ALL_PAIRS ? 1 : size / 3 + 1;
        for (size_t index = 0; index < size; index += step)
            check_inclusion(index, size, &root);
        check_inclusion(size - 1, size, &root);
    }
}

static void check_consistency(size_t old_size, size_t size, const ol_hash *root) {
    ol_merkle_proof proof, want = { .n = 0 };
    ol_hash old_root = mth(leaves, old_size);
    asked_below = size;
    assert_int_equal(ol_merkle_consistency(old_size, size, naive_node, NULL, &proof), OL_OK);
    subproof(old_size, leaves, size, true, &want);
    assert_same(&proof, &want);
    const ol_hash *p = proof.hash;
    assert_int_equal(ol_merkle_verify_consistency(old_size, &old_root, size, root, p, proof.n),
                     OL_OK);
    ol_err err = ol_merkle_verify_consistency(old_size, &old_root, size, root, p, proof.n + 1);
    assert_int_equal(err, OL_EFORM);
    if (proof.n > 0)
        err = ol_merkle_verify_consistency(old_size, &old_root, size, root, p, proof.n - 1);
    assert_int_equal(err, OL_EFORM);
    old_root.b[0] ^= 1;
    assert_int_equal(ol_merkle_verify_consistency(old_size, &old_root, size, root, p, proof.n),
                     OL_EAUTH);
    old_root.b[0] ^= 1;
    for (size_t i = 0; size <= ALL_PAIRS && i < proof.n; i++) {
        proof.hash[i].b[i % 32] ^= 1;
        assert_int_equal(ol_merkle_verify_consistency(old_size, &old_root, size, root, p, proof.n),
                         OL_EAUTH);
        proof.hash[i].b[i % 32] ^= 1;
    }
}

static void consistency(void **state) {
    (void)state;
    for (size_t size = 1; size <= LEAVES; size++) {
        ol_hash root = mth(leaves, size);
        size_t step = size <= ALL_PAIRS ? 1 : size / 3 + 1;
        for (size_t old_size = 1; old_size <= size; old_size += step)
            check_consistency(old_size, size, &root);
        check_consistency(split(size + 1), size, &root); /* a full old tree */
    }
}

/* ── errors ──────────────────────────────────────────────────────────────────────────────────── */

static ol_err failing_node(void *ctx, unsigned level, uint64_t index, ol_hash *ret) {
    size_t *left = ctx;
    if ((*left)-- == 0)
        return OL_EIO;
    return naive_node(NULL, level, index, ret);
}

static void refusals(void **state) {
    (void)state;
    ol_merkle_proof proof, before;
    ol_hash root, h = leaves[0];
    const uint64_t over = OL_TREE_SIZE_MAX + 1;
    memset(&proof, 0xa5, sizeof proof), before = proof;
    assert_int_equal(ol_merkle_root(over, naive_node, NULL, &root), OL_ELIMIT);
    assert_int_equal(ol_merkle_inclusion(0, over, naive_node, NULL, &proof), OL_ELIMIT);
    assert_int_equal(ol_merkle_inclusion(0, 0, naive_node, NULL, &proof), OL_EFORM);
    assert_int_equal(ol_merkle_inclusion(5, 5, naive_node, NULL, &proof), OL_EFORM);
    assert_int_equal(ol_merkle_consistency(0, 5, naive_node, NULL, &proof), OL_EFORM);
    assert_int_equal(ol_merkle_consistency(6, 5, naive_node, NULL, &proof), OL_EFORM);
    assert_int_equal(ol_merkle_consistency(1, over, naive_node, NULL, &proof), OL_ELIMIT);
    assert_int_equal(ol_merkle_verify_inclusion(&h, 0, 0, NULL, 0, &h), OL_EFORM);
    assert_int_equal(ol_merkle_verify_inclusion(&h, 0, UINT64_MAX, &h, 1, &h), OL_EFORM);
    assert_int_equal(ol_merkle_verify_consistency(0, &h, 0, &h, NULL, 0), OL_EFORM);
    assert_int_equal(ol_merkle_verify_consistency(3, &h, 4, &h, NULL, 0), OL_EFORM);
    asked_below = 999;
    for (size_t calls = 0, done = 0; done < 3; calls++) { /* each call fails in its turn */
        size_t left = calls;
        done = ol_merkle_inclusion(300, 999, failing_node, &left, &proof) == OL_OK;
        left = calls;
        done += ol_merkle_consistency(300, 999, failing_node, &left, &proof) == OL_OK;
        left = calls;
        done += ol_merkle_root(999, failing_node, &left, &root) == OL_OK;
        if (done == 0)
            assert_memory_equal(&proof, &before, sizeof proof);
        assert_true(done == 0 || calls >= 8); /* 999 has eight peaks */
    }
}

/* A tree whose leaves are all the same needs one hash a level: any size can be had. */
static ol_err uniform_node(void *ctx, unsigned level, uint64_t index, ol_hash *ret) {
    (void)ctx, (void)index;
    *ret = leaves[0];
    for (unsigned i = 0; i < level; i++)
        *ret = ol_merkle_node(ret, ret);
    return OL_OK;
}

static void largest(void **state) {
    (void)state;
    static const uint64_t sizes[] = { OL_TREE_SIZE_MAX, OL_TREE_SIZE_MAX - 1,
                                      (OL_TREE_SIZE_MAX >> 1) + 1, (OL_TREE_SIZE_MAX >> 1) + 2 };
    ol_merkle_proof p;
    for (size_t i = 0; i < OL_LEN(sizes); i++) {
        const uint64_t size = sizes[i], at[] = { 0, 1, size / 2, size / 3, size - 2, size - 1 };
        ol_hash root, old;
        assert_int_equal(ol_merkle_root(size, uniform_node, NULL, &root), OL_OK);
        for (size_t k = 0; k < OL_LEN(at); k++) {
            assert_int_equal(ol_merkle_inclusion(at[k], size, uniform_node, NULL, &p), OL_OK);
            ol_err err = ol_merkle_verify_inclusion(&leaves[0], at[k], size, p.hash, p.n, &root);
            assert_int_equal(err, OL_OK);
            assert_int_equal(ol_merkle_consistency(at[k] + 1, size, uniform_node, NULL, &p), OL_OK);
            assert_int_equal(ol_merkle_root(at[k] + 1, uniform_node, NULL, &old), OL_OK);
            err = ol_merkle_verify_consistency(at[k] + 1, &old, size, &root, p.hash, p.n);
            assert_int_equal(err, OL_OK);
        }
    }
}

static ol_err one_leaf(void *ctx, uint64_t index, ol_hash *ret) {
    size_t *asked = ctx;
    ++*asked;
    *ret = leaves[index];
    return index < asked_below ? OL_OK : OL_ENOENT;
}

static void nodes_of_leaves(void **state) {
    (void)state;
    size_t asked = 0;
    ol_merkle_leaves source = { one_leaf, &asked };
    ol_merkle_proof proof, want = { .n = 0 };
    asked_below = 777;
    assert_int_equal(ol_merkle_inclusion(500, 777, ol_merkle_node_of_leaves, &source, &proof),
                     OL_OK);
    path(500, leaves, 777, &want);
    assert_same(&proof, &want);
    assert_int_equal(asked, 776); /* each other leaf once */
    ol_hash h = leaves[0];
    assert_int_equal(ol_merkle_node_of_leaves(&source, 8, 3, &h), OL_ENOENT);
    assert_memory_equal(&h, &leaves[0], sizeof h);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frontier_roots),  cmocka_unit_test(frontier_try_and_adopt),
        cmocka_unit_test(frontier_stored), cmocka_unit_test(frontier_full),
        cmocka_unit_test(inclusion),       cmocka_unit_test(consistency),
        cmocka_unit_test(refusals),        cmocka_unit_test(nodes_of_leaves),
        cmocka_unit_test(largest),
    };
    fill();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
