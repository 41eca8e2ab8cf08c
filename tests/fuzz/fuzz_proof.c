/* A proof that is taken is the text that its parts make. Inclusion and consistency proofs that
 * verify have exactly the length their sizes ask for, and stop verifying with any root but one. */
#include <string.h>

#include "record/proof.h"

static void try_text(const uint8_t *data, size_t size) {
    static uint8_t again[OL_PROOF_TEXT_MAX];
    static ol_proof proof;
    const char *p = size == 0 ? "" : (const char *)data;
    if (ol_proof_parse(p, size, &proof) != OL_OK)
        return;
    ol_wr w = ol_wr_of(again, sizeof again);
    ol_proof_put(&w, &proof);
    OL_ASSERT(w.err == OL_OK && w.len == size && memcmp(again, p, size) == 0);
}

/* u64 a | u64 b | hashes: as both kinds of proof; the root a proof leads to is found by asking. */
static void try_numbers(const uint8_t *data, size_t size) {
    ol_rd r = ol_rd_of(data, size);
    uint64_t a = ol_rd_be(&r, 8), b = ol_rd_be(&r, 8);
    ol_merkle_proof proof = { .n = 0 };
    while (r.err == OL_OK && r.left >= OL_HASH_LEN && proof.n < OL_PROOF_MAX)
        ol_rd_copy(&r, proof.hash[proof.n++].b, OL_HASH_LEN);
    if (r.err != OL_OK)
        return;
    const ol_hash x = { { 1 } }, y = { { 2 } };
    ol_err err = ol_merkle_verify_inclusion(&x, a, b, proof.hash, proof.n, &y);
    OL_ASSERT(err == OL_EFORM || err == OL_EAUTH);
    if (err == OL_EAUTH && proof.n > 0) /* the right length: one hash less is not */
        OL_ASSERT(ol_merkle_verify_inclusion(&x, a, b, proof.hash, proof.n - 1, &y) == OL_EFORM);
    err = ol_merkle_verify_consistency(a, &x, b, &y, proof.hash, proof.n);
    OL_ASSERT(err == OL_EFORM || err == OL_EAUTH);
    if (err == OL_EAUTH && proof.n > 0)
        OL_ASSERT(ol_merkle_verify_consistency(a, &x, b, &y, proof.hash, proof.n - 1) == OL_EFORM);
}

static void try_frontier(const uint8_t *data, size_t size) {
    uint8_t again[OL_FRONTIER_MAX];
    ol_frontier f;
    if (ol_frontier_get(data, size, &f) != OL_OK)
        return;
    ol_wr w = ol_wr_of(again, sizeof again);
    ol_frontier_put(&f, &w);
    OL_ASSERT(w.err == OL_OK && w.len == size && memcmp(again, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    try_text(data, size);
    try_numbers(data, size);
    try_frontier(data, size);
    return 0;
}
