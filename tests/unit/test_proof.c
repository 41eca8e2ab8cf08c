/* record/proof and record/policy: one row per rejection; what verifying asks for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "record/party.h"
#include "record/policy.h"
#include "record/proof.h"
#include "record/receipt.h"

#define TITLE "c2sp.org/tlog-proof@v1\n"
#define HASH "l5nzB1F+9RfCIF35tndivzR1ayAJn7ffzOdrzr0nOy4=\n"

static const struct {
    const char *name, *in;
    ol_err want;
    uint64_t index;
    size_t hashes;
    const char *note;
} rows[] = {
    { "no hash", TITLE "index 0\n\nnote", OL_OK, 0, 0, "note" },
    { "two hashes", TITLE "index 5\n" HASH HASH "\nnote\n", OL_OK, 5, 2, "note\n" },
    { "note with empty lines", TITLE "index 5\n" HASH "\nno\n\nte\n", OL_OK, 5, 1, "no\n\nte\n" },
    { "extra", TITLE "extra AAAA\nindex 5\n" HASH "\nnote", OL_OK, 5, 1, "note" },
    { "largest index", TITLE "index 281474976710654\n\nx", OL_OK, 281474976710654, 0, "x" },
    { "index too large", TITLE "index 281474976710655\n\nx", OL_ELIMIT, 0, 0, NULL },
    { "empty", "", OL_EFORM, 0, 0, NULL },
    { "other title", "c2sp.org/tlog-proof@v2\nindex 5\n\nx", OL_EFORM, 0, 0, NULL },
    { "longer title", "c2sp.org/tlog-proof@v1 \nindex 5\n\nx", OL_EFORM, 0, 0, NULL },
    { "title alone", TITLE, OL_EFORM, 0, 0, NULL },
    { "no index", TITLE HASH "\nx", OL_EFORM, 0, 0, NULL },
    { "index not a number", TITLE "index x\n\nx", OL_EFORM, 0, 0, NULL },
    { "index with leading zero", TITLE "index 05\n\nx", OL_EFORM, 0, 0, NULL },
    { "index twice", TITLE "index 5\nindex 5\n\nx", OL_EFORM, 0, 0, NULL },
    { "two spaces", TITLE "index  5\n\nx", OL_EFORM, 0, 0, NULL },
    { "extra empty", TITLE "extra \nindex 5\n\nx", OL_EFORM, 0, 0, NULL },
    { "extra not base64", TITLE "extra AAA\nindex 5\n\nx", OL_EFORM, 0, 0, NULL },
    { "extra alone", TITLE "extra AAAA\n", OL_EFORM, 0, 0, NULL },
    { "extra twice", TITLE "extra AAAA\nextra AAAA\nindex 5\n\nx", OL_EFORM, 0, 0, NULL },
    { "extra after index", TITLE "index 5\nextra AAAA\n\nx", OL_EFORM, 0, 0, NULL },
    { "hash of 31 bytes", TITLE "index 5\nl5nzB1F+9RfCIF35tndivzR1ayAJn7ffzOdrzr0nOw==\n\nx",
      OL_EFORM, 0, 0, NULL },
    { "hash of 33 bytes", TITLE "index 5\nl5nzB1F+9RfCIF35tndivzR1ayAJn7ffzOdrzr0nOy4A\n\nx",
      OL_EFORM, 0, 0, NULL },
    { "hash not canonical", TITLE "index 5\nl5nzB1F+9RfCIF35tndivzR1ayAJn7ffzOdrzr0nOy5=\n\nx",
      OL_EFORM, 0, 0, NULL },
    { "no empty line", TITLE "index 5\n" HASH, OL_EFORM, 0, 0, NULL },
    { "index last", TITLE "index 5\n", OL_EFORM, 0, 0, NULL },
    { "no newline", TITLE "index 5", OL_EFORM, 0, 0, NULL },
    { "no note", TITLE "index 5\n" HASH "\n", OL_EFORM, 0, 0, NULL },
    { "return", "c2sp.org/tlog-proof@v1\r\nindex 5\n\nx", OL_EFORM, 0, 0, NULL },
};

static void parse_rows(void **state) {
    for (size_t i = 0; (void)state, i < OL_LEN(rows); i++) {
        static ol_proof proof, before;
        uint8_t back[512];
        size_t len = strlen(rows[i].in);
        memset(&proof, 0xa5, sizeof proof), before = proof;
        print_message("row %s\n", rows[i].name);
        assert_int_equal(ol_proof_parse(rows[i].in, len, &proof), rows[i].want);
        if (rows[i].want != OL_OK) {
            assert_memory_equal(&proof, &before, sizeof proof);
            continue;
        }
        assert_int_equal(proof.index, rows[i].index);
        assert_int_equal(proof.path.n, rows[i].hashes);
        assert_int_equal(proof.note.len, strlen(rows[i].note));
        assert_memory_equal(proof.note.p, rows[i].note, proof.note.len);
        ol_wr w = ol_wr_of(back, sizeof back);
        ol_proof_put(&w, &proof);
        assert_int_equal(w.len, len);
        assert_memory_equal(back, rows[i].in, len);
    }
}

static void parse_limits(void **state) {
    (void)state;
    static char p[OL_PROOF_TEXT_MAX + 2];
    static ol_proof proof;
    for (size_t hashes = OL_PROOF_MAX; hashes <= OL_PROOF_MAX + 1; hashes++) {
        size_t len = (size_t)snprintf(p, sizeof p, TITLE "index 5\n");
        for (size_t i = 0; i < hashes; i++)
            len += (size_t)snprintf(p + len, sizeof p - len, HASH);
        len += (size_t)snprintf(p + len, sizeof p - len, "\nx");
        assert_int_equal(ol_proof_parse(p, len, &proof), hashes > OL_PROOF_MAX ? OL_ELIMIT : OL_OK);
    }
    size_t len = (size_t)snprintf(p, sizeof p, TITLE "index 5\n\n");
    memset(p + len, 'x', sizeof p - len);
    assert_int_equal(ol_proof_parse(p, OL_PROOF_TEXT_MAX, &proof), OL_OK);
    assert_int_equal(ol_proof_parse(p, OL_PROOF_TEXT_MAX + 1, &proof), OL_ELIMIT);
}

/* ── verifying: a log of two leaves, one witness ─────────────────────────────────────────────── */

static ol_sign_key signer(uint8_t seed_byte) {
    uint8_t seed[32];
    ol_sign_key key;
    memset(seed, seed_byte, sizeof seed);
    ol_sign_key_of(seed, &key);
    return key;
}

static ol_note_key key_of(const char *name, ol_note_type type, uint8_t seed_byte) {
    ol_sign_key key = signer(seed_byte);
    ol_note_key ret;
    assert_int_equal(ol_note_key_of(name, strlen(name), type, key.pub, &ret), OL_OK);
    return ret;
}

/* The note of `origin` over both leaves, by the log key and, if wanted, by the witness. */
static size_t make_note(const char *origin, const ol_hash leaf[2], bool is_witnessed, uint8_t *to) {
    ol_note_key log = key_of("log", OL_NOTE_ED25519, 1), w1 = key_of("w", OL_NOTE_COSIGNATURE, 2);
    ol_sign_key log_signer = signer(1), w_signer = signer(2);
    const ol_checkpoint cp = { { origin, strlen(origin) }, 2, ol_merkle_node(&leaf[0], &leaf[1]) };
    char text[OL_CHECKPOINT_TEXT_MAX];
    uint8_t sig[OL_SIG_LEN];
    ol_wr w = ol_wr_of(to, 1024);
    ol_note_put_text(&w, text, ol_checkpoint_put(&cp, text));
    ol_checkpoint_sign(&cp, &log_signer, sig);
    ol_note_put_sig(&w, &log, 0, sig);
    ol_receipt_sign(&cp, 9, &w_signer, sig);
    if (is_witnessed)
        ol_note_put_sig(&w, &w1, 9, sig);
    assert_int_equal(w.err, OL_OK);
    return w.len;
}

static void verifying(void **state) {
    (void)state;
    const ol_hash leaf[2] = { ol_merkle_leaf("a", 1), ol_merkle_leaf("b", 1) };
    ol_note_key log = key_of("log", OL_NOTE_ED25519, 1), other = key_of("log", OL_NOTE_ED25519, 3);
    ol_note_key w = key_of("w", OL_NOTE_COSIGNATURE, 2);
    uint8_t note[1024];
    static ol_proof proof = { .index = 1, .path = { .n = 1 } };
    proof.path.hash[0] = leaf[0];
    ol_checkpoint cp = { .size = 77 };
    proof.note = (ol_str){ (const char *)note, make_note("log", leaf, true, note) };
    assert_int_equal(ol_proof_verify(&proof, &leaf[1], &log, &w, 1, &cp), OL_OK);
    assert_int_equal(cp.size, 2);
    cp.size = 77;
    assert_int_equal(ol_proof_verify(&proof, &leaf[0], &log, &w, 1, &cp), OL_EAUTH);
    assert_int_equal(ol_proof_verify(&proof, &leaf[1], &other, &w, 1, &cp), OL_ENOENT);
    proof.index = 0;
    assert_int_equal(ol_proof_verify(&proof, &leaf[1], &log, &w, 1, &cp), OL_EAUTH);
    proof.index = 2;
    assert_int_equal(ol_proof_verify(&proof, &leaf[1], &log, &w, 1, &cp), OL_EFORM);
    proof.index = 1, proof.path.n = 0;
    assert_int_equal(ol_proof_verify(&proof, &leaf[1], &log, &w, 1, &cp), OL_EFORM);
    proof.path.n = 1, proof.note.len--;
    assert_int_equal(ol_proof_verify(&proof, &leaf[1], &log, &w, 1, &cp), OL_EFORM);
    proof.note.len = make_note("log", leaf, false, note);
    assert_int_equal(ol_proof_verify(&proof, &leaf[1], &log, &w, 1, &cp), OL_ENOENT);
    proof.note.len = make_note("another", leaf, true, note); /* signed by log, of another log */
    assert_int_equal(ol_proof_verify(&proof, &leaf[1], &log, &w, 1, &cp), OL_EFORM);
    assert_int_equal(cp.size, 77);
}

/* ── policies ────────────────────────────────────────────────────────────────────────────────── */

static void policy_names(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool want;
    } names[] = { { "usa", true },     { "none", false },    { "others", false },
                  { "cards", false },  { "charter", false }, { "other", true },
                  { "others2", true }, { "", false },        { "USA", false } };
    ol_note_key log = key_of("log", OL_NOTE_ED25519, 1), key = key_of("w", OL_NOTE_COSIGNATURE, 2);
    for (size_t i = 0; i < OL_LEN(names); i++) {
        uint8_t b[1024];
        ol_wr w = ol_wr_of(b, sizeof b);
        const ol_policy_witness witness[] = { { "prc", &key }, { names[i].name, &key } };
        assert_int_equal(ol_party_name_is_valid(names[i].name, strlen(names[i].name)),
                         names[i].want);
        ol_policy_put(&w, &log, witness, 2);
        assert_int_equal(w.err, names[i].want ? OL_OK : OL_EFORM);
    }
    uint8_t b[1024];
    const ol_policy_witness bad = { "none", &key }, good = { "usa", &key };
    ol_wr w = ol_wr_of(b, sizeof b);
    ol_policy_put(&w, &log, &good, 1);
    assert_int_equal(w.err, OL_OK);
    ol_policy_put(&w, &log, &bad, 1);
    assert_int_equal(w.err, OL_EFORM);
    w = ol_wr_of(b, sizeof b);
    ol_policy_put(&w, &log, NULL, 0);
    assert_int_equal(w.err, OL_EFORM);
}

static void policy_longest(void **state) {
    (void)state;
    uint8_t b[OL_POLICY_MAX];
    char name[OL_NOTE_NAME_MAX + 1] = "", party[OL_PARTIES_MAX][OL_NAME_MAX + 1];
    memset(name, 'n', OL_NOTE_NAME_MAX);
    ol_note_key log = key_of(name, OL_NOTE_ED25519, 1), key = key_of(name, OL_NOTE_COSIGNATURE, 2);
    ol_policy_witness witness[OL_PARTIES_MAX];
    for (size_t i = 0; i < OL_LEN(witness); i++) {
        memset(party[i], 'a', OL_NAME_MAX), party[i][OL_NAME_MAX] = '\0';
        witness[i] = (ol_policy_witness){ party[i], &key };
    }
    ol_wr w = ol_wr_of(b, sizeof b);
    ol_policy_put(&w, &log, witness, OL_PARTIES_MAX - 1);
    assert_int_equal(w.err, OL_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_rows),     cmocka_unit_test(parse_limits),
        cmocka_unit_test(verifying),      cmocka_unit_test(policy_names),
        cmocka_unit_test(policy_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
