/* record/merkle.h — Merkle trees: hashes, a frontier that grows, proofs made and checked.
 * Hashes   leaf SHA-256(0x00 ‖ data); node SHA-256(0x01 ‖ left ‖ right); no leaves SHA-256("").
 * Frontier the roots of the full subtrees that a tree of this size consists of, the largest
 *          (leftmost) first, one per set bit of size. A plain value: copy it to try leaves, assign
 *          it back to adopt them.
 * Store    u64 size ‖ popcount(size) hashes, big-endian; OL_FRONTIER_MAX bytes at most.
 * Proofs   inclusion: from the leaf's sibling up to the root's child. consistency: as RFC 6962
 *          §2.1.2; empty when both sizes are equal; from size 0 there is none (OL_EFORM).
 *          Verification wants exactly the length that the sizes ask for.
 * Limits   sizes made here are at most OL_TREE_SIZE_MAX; verification takes any u64.
 * Errors   OL_EFORM index, sizes or length of a proof; OL_EAUTH the root does not come out;
 *          OL_ELIMIT size; OL_ESHORT; what a callback returns. Results are then as they were.
 * Source   RFC 6962 §2.1, RFC 9162 §2.1; docs/PROTOCOL.md §3.1. */
#ifndef OL_RECORD_MERKLE_H
#define OL_RECORD_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"

enum {
    OL_TREE_BITS = 48,
    OL_PROOF_MAX = 64, /* hashes */
    OL_FRONTIER_MAX = 8 + OL_TREE_BITS * OL_HASH_LEN
};
#define OL_TREE_SIZE_MAX ((UINT64_C(1) << OL_TREE_BITS) - 1)

ol_hash ol_merkle_leaf(const void *data, size_t len);
ol_hash ol_merkle_node(const ol_hash *left, const ol_hash *right);

typedef struct {
    uint64_t size; /* leaves */
    ol_hash peak[OL_TREE_BITS];
} ol_frontier; /* only the first popcount(size) peaks mean anything; all zeros is the empty tree */

void ol_frontier_clear(ol_frontier *f);
OL_MUST ol_err ol_frontier_append(ol_frontier *f, const ol_hash *leaf); /* OL_ELIMIT when full */
ol_hash ol_frontier_root(const ol_frontier *f);
unsigned ol_frontier_peaks(uint64_t size); /* popcount */
void ol_frontier_put(const ol_frontier *f, ol_wr *w);
/* Takes all of p. */
OL_MUST ol_err ol_frontier_get(const uint8_t *p, size_t len, ol_frontier *ret);

/* The hash of the full subtree of leaves [index * 2^level, (index + 1) * 2^level). */
typedef ol_err ol_merkle_node_fn(void *ctx, unsigned level, uint64_t index, ol_hash *ret);

typedef struct {
    size_t n;
    ol_hash hash[OL_PROOF_MAX];
} ol_merkle_proof;

OL_MUST ol_err ol_merkle_root(uint64_t size, ol_merkle_node_fn *node, void *ctx, ol_hash *ret);
OL_MUST ol_err ol_merkle_inclusion(uint64_t index, uint64_t size, ol_merkle_node_fn *node,
                                   void *ctx, ol_merkle_proof *ret);
OL_MUST ol_err ol_merkle_consistency(uint64_t old_size, uint64_t size, ol_merkle_node_fn *node,
                                     void *ctx, ol_merkle_proof *ret);

/* A node function over leaves alone: ctx is an ol_merkle_leaves; each call hashes its 2^level
 * leaves anew, in memory of one frontier. The subtrees of one proof never overlap, so a whole proof
 * costs less than one pass over the log. */
typedef struct {
    ol_err (*leaf)(void *ctx, uint64_t index, ol_hash *ret);
    void *ctx;
} ol_merkle_leaves;
OL_MUST ol_err ol_merkle_node_of_leaves(void *leaves, unsigned level, uint64_t index, ol_hash *ret);

OL_MUST ol_err ol_merkle_verify_inclusion(const ol_hash *leaf, uint64_t index, uint64_t size,
                                          const ol_hash *proof, size_t n, const ol_hash *root);
OL_MUST ol_err ol_merkle_verify_consistency(uint64_t old_size, const ol_hash *old_root,
                                            uint64_t size, const ol_hash *root,
                                            const ol_hash *proof, size_t n);

#endif
