/* The published log of seven entries: our notes, receipts, proof and policy are its bytes, and its
 * bytes verify here. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/vectors.h"
#include "record/policy.h"
#include "record/proof.h"
#include "record/receipt.h"

#define ORIGIN "openline.example/line1/alpha"

enum { ENTRIES = 7 };
static const char *const names[] = { "log", "bravo", "charlie" };
static const char *const key_names[] = { ORIGIN, "openline.example/line1/bravo/mirror",
                                         "openline.example/line1/charlie/mirror" };
static ol_sign_key signer[3];
static ol_note_key key[3];
static ol_hash leaf[ENTRIES];
static struct {
    char *text[7];
    size_t len[7];
} file;
enum { CHECKPOINT4, CHECKPOINT7, CONSISTENCY, PROOF, POLICY, SEEDS, VKEYS };

static void load(void) {
    static const char *const name[] = {
        "tlog/checkpoint-4.txt",  "tlog/checkpoint-7.txt", "tlog/consistency-4-7.txt",
        "tlog/entry5.tlog-proof", "tlog/policy.txt",       "tlog/seeds.txt",
        "tlog/vkeys.txt",
    };
    for (size_t i = 0; i < OL_LEN(name); i++)
        file.text[i] = vectors_published(name[i], &file.len[i]);
    for (uint8_t i = 0; i < 3; i++) {
        uint8_t seed[32];
        memset(seed, i + 1, sizeof seed);
        ol_sign_key_of(seed, &signer[i]);
        ol_note_type type = i == 0 ? OL_NOTE_ED25519 : OL_NOTE_COSIGNATURE;
        ol_err err =
            ol_note_key_of(key_names[i], strlen(key_names[i]), type, signer[i].pub, &key[i]);
        OL_ASSERT(err == OL_OK);
    }
    for (int i = 0; i < ENTRIES; i++) {
        char entry[16];
        int n = snprintf(entry, sizeof entry, "entry %d", i);
        leaf[i] = ol_merkle_leaf(entry, (size_t)n);
    }
}

static ol_checkpoint at_size(uint64_t size) {
    ol_frontier f = { .size = 0 };
    for (uint64_t i = 0; i < size; i++)
        assert_int_equal(ol_frontier_append(&f, &leaf[i]), OL_OK);
    return (ol_checkpoint){ { ORIGIN, sizeof ORIGIN - 1 }, size, ol_frontier_root(&f) };
}

static void vkeys(void **state) {
    (void)state;
    char want[3 * (OL_NOTE_VKEY_MAX + 1) + 1], *to = want;
    for (int i = 0; i < 3; i++) {
        to += ol_note_vkey_put(&key[i], to);
        *to++ = '\n';
    }
    *to = '\0';
    assert_string_equal(file.text[VKEYS], want);
}

/* The note of a size, made anew with the times that the published one carries. */
static void note_again(int which, uint64_t size, size_t cosigners) {
    ol_checkpoint cp = at_size(size);
    char text[OL_CHECKPOINT_TEXT_MAX];
    uint8_t note_bytes[2048], sig[OL_SIG_LEN];
    static ol_note note;
    ol_note_sig found[3];
    assert_int_equal(ol_note_parse(file.text[which], file.len[which], &note), OL_OK);
    assert_int_equal(note.sigs, 1 + cosigners);
    assert_int_equal(ol_note_verify(&note, key, 3, found), OL_OK);
    ol_wr w = ol_wr_of(note_bytes, sizeof note_bytes);
    ol_note_put_text(&w, text, ol_checkpoint_put(&cp, text));
    ol_checkpoint_sign(&cp, &signer[0], sig);
    ol_note_put_sig(&w, &key[0], 0, sig);
    for (size_t i = 1; i <= cosigners; i++) {
        assert_true(found[i].is_there);
        assert_int_equal(ol_receipt_verify(&cp, found[i].time, signer[i].pub, found[i].sig), OL_OK);
        ol_receipt_sign(&cp, found[i].time, &signer[i], sig);
        ol_note_put_sig(&w, &key[i], found[i].time, sig);
    }
    assert_int_equal(w.len, file.len[which]);
    assert_memory_equal(note_bytes, file.text[which], w.len);
}

static void checkpoints(void **state) {
    (void)state;
    note_again(CHECKPOINT4, 4, 1);
    note_again(CHECKPOINT7, 7, 2);
}

static ol_err node(void *ctx, unsigned level, uint64_t index, ol_hash *ret) {
    (void)ctx;
    if (level == 0) {
        *ret = leaf[index];
        return OL_OK;
    }
    ol_hash left, right;
    ol_err err = node(ctx, level - 1, 2 * index, &left);
    if (err == OL_OK)
        err = node(ctx, level - 1, 2 * index + 1, &right);
    *ret = ol_merkle_node(&left, &right);
    return err;
}

static void consistency(void **state) {
    (void)state;
    ol_checkpoint four = at_size(4), seven = at_size(7);
    ol_merkle_proof proof;
    char want[64], hash[OL_B64_LEN(32) + 1];
    assert_int_equal(ol_merkle_consistency(4, 7, node, NULL, &proof), OL_OK);
    assert_int_equal(proof.n, 1);
    ol_b64_put(proof.hash[0].b, OL_HASH_LEN, hash);
    snprintf(want, sizeof want, "%s\n", hash);
    assert_string_equal(file.text[CONSISTENCY], want);
    assert_int_equal(ol_merkle_verify_consistency(4, &four.root, 7, &seven.root, proof.hash, 1),
                     OL_OK);
}

static void proof_again(void **state) {
    (void)state;
    uint8_t b[2048];
    ol_proof proof = { .index = 5, .note = { file.text[CHECKPOINT7], file.len[CHECKPOINT7] } };
    assert_int_equal(ol_merkle_inclusion(5, 7, node, NULL, &proof.path), OL_OK);
    ol_wr w = ol_wr_of(b, sizeof b);
    ol_proof_put(&w, &proof);
    assert_int_equal(w.len, file.len[PROOF]);
    assert_memory_equal(b, file.text[PROOF], w.len);
}

static void proof_verifies(void **state) {
    (void)state;
    static ol_proof proof;
    ol_checkpoint cp;
    assert_int_equal(ol_proof_parse(file.text[PROOF], file.len[PROOF], &proof), OL_OK);
    assert_int_equal(ol_proof_verify(&proof, &leaf[5], &key[0], &key[1], 2, &cp), OL_OK);
    assert_int_equal(cp.size, 7);
    assert_int_equal(ol_proof_verify(&proof, &leaf[4], &key[0], &key[1], 2, &cp), OL_EAUTH);
    assert_int_equal(ol_proof_verify(&proof, &leaf[5], &key[1], &key[0], 1, &cp), OL_EFORM);
    ol_note_key stranger = key[1];
    stranger.id[0] ^= 1;
    assert_int_equal(ol_proof_verify(&proof, &leaf[5], &key[0], &stranger, 1, &cp), OL_ENOENT);
}

/* Ours calls the group "others" where the published one says "peers". */
static void policy(void **state) {
    (void)state;
    uint8_t b[OL_POLICY_MAX + 1];
    const ol_policy_witness witness[] = { { names[1], &key[1] }, { names[2], &key[2] } };
    ol_wr w = ol_wr_of(b, sizeof b - 1);
    ol_policy_put(&w, &key[0], witness, 2);
    assert_int_equal(w.err, OL_OK);
    b[w.len] = '\0';
    char renamed[1024];
    size_t n = 0;
    for (const char *at = (const char *)b; *at != '\0';) {
        bool is_others = strncmp(at, "others", 6) == 0;
        n += (size_t)snprintf(renamed + n, sizeof renamed - n, "%.*s", is_others ? 5 : 1,
                              is_others ? "peers" : at);
        at += is_others ? 6 : 1;
    }
    assert_string_equal(renamed, file.text[POLICY]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vkeys),          cmocka_unit_test(checkpoints),
        cmocka_unit_test(consistency),    cmocka_unit_test(proof_again),
        cmocka_unit_test(proof_verifies), cmocka_unit_test(policy),
    };
    load();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < OL_LEN(file.text); i++)
        free(file.text[i]);
    return failed;
}
