/* record/checkpoint and record/receipt: names, texts, one row per rejection, signatures. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "record/receipt.h"

#define ROOT0 "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define ROOT "l5nzB1F+9RfCIF35tndivzR1ayAJn7ffzOdrzr0nOy4="

static void names(void **state) {
    (void)state;
    char s[OL_NOTE_NAME_MAX + 1];
    ol_log_key log = { 0, OL_LANE_URGENT, { 0, 1, 2, 0xa, 0xb, 0xff, 0xfe, 0x10 } };
    size_t n = ol_checkpoint_origin("hotline", "usa", &log, s);
    assert_string_equal(s, "hotline/usa/urgent/0001020a0bfffe10");
    assert_int_equal(n, strlen(s));
    log.lane = OL_LANE_ROUTINE;
    ol_checkpoint_origin("hotline", "usa", &log, s);
    assert_string_equal(s, "hotline/usa/routine/0001020a0bfffe10");
    assert_int_equal(ol_checkpoint_mirror("hotline", "prc", s), 18);
    assert_string_equal(s, "hotline/prc/mirror");
    const char longest[] = "abcdefghijklmnopqrstuvwxyz012345";
    assert_int_equal(ol_checkpoint_origin(longest, longest, &log, s), 32 + 1 + 32 + 1 + 7 + 1 + 16);
}

static const struct {
    const char *name, *in;
    ol_err want;
} rows[] = {
    { "size 0", "a/b\n0\n" ROOT0 "\n", OL_OK },
    { "size 0, another root", "a/b\n0\n" ROOT "\n", OL_EFORM },
    { "size 4", "openline.example/line1/alpha\n4\n" ROOT "\n", OL_OK },
    { "largest size", "a\n281474976710655\n" ROOT "\n", OL_OK },
    { "size 2^48", "a\n281474976710656\n" ROOT "\n", OL_ELIMIT },
    { "size 2^64", "a\n18446744073709551616\n" ROOT "\n", OL_ELIMIT },
    { "empty", "", OL_EFORM },
    { "no origin", "\n4\n" ROOT "\n", OL_EFORM },
    { "space in the origin", "a b\n4\n" ROOT "\n", OL_EFORM },
    { "plus in the origin", "a+b\n4\n" ROOT "\n", OL_EFORM },
    { "no size", "a\n\n" ROOT "\n", OL_EFORM },
    { "leading zero", "a\n04\n" ROOT "\n", OL_EFORM },
    { "sign", "a\n+4\n" ROOT "\n", OL_EFORM },
    { "hex", "a\n0x4\n" ROOT "\n", OL_EFORM },
    { "no root", "a\n4\n\n", OL_EFORM },
    { "root line missing", "a\n4\n", OL_EFORM },
    { "no newline last", "a\n4\n" ROOT, OL_EFORM },
    { "root of 31 bytes", "a\n4\nl5nzB1F+9RfCIF35tndivzR1ayAJn7ffzOdrzr0nOw==\n", OL_EFORM },
    { "root of 33 bytes", "a\n4\nl5nzB1F+9RfCIF35tndivzR1ayAJn7ffzOdrzr0nOy4A\n", OL_EFORM },
    { "root not canonical", "a\n4\nl5nzB1F+9RfCIF35tndivzR1ayAJn7ffzOdrzr0nOy5=\n", OL_EFORM },
    { "extension line", "a\n4\n" ROOT "\nx\n", OL_EFORM },
    { "empty line last", "a\n4\n" ROOT "\n\n", OL_EFORM },
    { "return", "a\r\n4\n" ROOT "\n", OL_EFORM },
};

static void text_rows(void **state) {
    for (size_t i = 0; (void)state, i < OL_LEN(rows); i++) {
        ol_checkpoint cp, before;
        char back[OL_CHECKPOINT_TEXT_MAX];
        memset(&cp, 0xa5, sizeof cp), memcpy(&before, &cp, sizeof cp);
        print_message("row %s\n", rows[i].name);
        size_t len = strlen(rows[i].in);
        assert_int_equal(ol_checkpoint_get(rows[i].in, len, &cp), rows[i].want);
        if (rows[i].want != OL_OK) {
            assert_memory_equal(&cp, &before, sizeof cp);
            continue;
        }
        assert_int_equal(ol_checkpoint_put(&cp, back), len);
        assert_memory_equal(back, rows[i].in, len);
    }
}

static void longest_text(void **state) {
    (void)state;
    char name[OL_NOTE_NAME_MAX + 1], text[OL_CHECKPOINT_TEXT_MAX];
    memset(name, 'n', sizeof name);
    ol_checkpoint cp = { { name, OL_NOTE_NAME_MAX }, OL_TREE_SIZE_MAX, { { 0 } } }, back;
    assert_int_equal(ol_checkpoint_put(&cp, text), OL_CHECKPOINT_TEXT_MAX);
    assert_int_equal(ol_checkpoint_get(text, sizeof text, &back), OL_OK);
}

static ol_sign_key signer(uint8_t seed_byte) {
    uint8_t seed[32];
    ol_sign_key key;
    memset(seed, seed_byte, sizeof seed);
    ol_sign_key_of(seed, &key);
    return key;
}

/* A head never passes for a receipt, nor the reverse; each binds origin, size, root and time. */
static void signatures(void **state) {
    (void)state;
    ol_sign_key key = signer(1), other = signer(2);
    ol_hash root = ol_merkle_leaf("x", 1);
    const ol_checkpoint cp = { { "a/b", 3 }, 7, root };
    uint8_t head[OL_SIG_LEN], receipt[OL_SIG_LEN];
    ol_checkpoint_sign(&cp, &key, head);
    ol_receipt_sign(&cp, 1700000000, &key, receipt);
    assert_int_equal(ol_checkpoint_verify(&cp, key.pub, head), OL_OK);
    assert_int_equal(ol_receipt_verify(&cp, 1700000000, key.pub, receipt), OL_OK);
    assert_int_equal(ol_checkpoint_verify(&cp, key.pub, receipt), OL_EAUTH);
    assert_int_equal(ol_receipt_verify(&cp, 1700000000, key.pub, head), OL_EAUTH);
    assert_int_equal(ol_checkpoint_verify(&cp, other.pub, head), OL_EAUTH);
    assert_int_equal(ol_receipt_verify(&cp, 1700000001, key.pub, receipt), OL_EAUTH);
    assert_int_equal(ol_receipt_verify(&cp, 1700000000, other.pub, receipt), OL_EAUTH);
    ol_checkpoint changed[] = { cp, cp, cp };
    changed[0].origin.p = "a/c", changed[1].size = 8, changed[2].root.b[31] ^= 1;
    for (size_t i = 0; i < OL_LEN(changed); i++) {
        assert_int_equal(ol_checkpoint_verify(&changed[i], key.pub, head), OL_EAUTH);
        ol_err err = ol_receipt_verify(&changed[i], 1700000000, key.pub, receipt);
        assert_int_equal(err, OL_EAUTH);
    }
}

static void receipt_times(void **state) {
    (void)state;
    ol_sign_key key = signer(1);
    const ol_checkpoint cp = { { "a", 1 }, 1, ol_merkle_leaf("x", 1) };
    uint8_t sig[OL_SIG_LEN], message[OL_COSIGN_MESSAGE_MAX];
    static const uint64_t good[] = { 0, 1, OL_RECEIPT_TIME_MAX };
    for (size_t i = 0; i < OL_LEN(good); i++) {
        ol_receipt_sign(&cp, good[i], &key, sig);
        assert_int_equal(ol_receipt_verify(&cp, good[i], key.pub, sig), OL_OK);
    }
    size_t n = ol_receipt_message(&cp, OL_RECEIPT_TIME_MAX + 1, message);
    ol_sign_make(&key, message, n, sig);
    assert_int_equal(ol_receipt_verify(&cp, OL_RECEIPT_TIME_MAX + 1, key.pub, sig), OL_ELIMIT);
    n = ol_receipt_message(&cp, 7, message);
    static const char want[] = "cosignature/v1\ntime 7\na\n1\n";
    assert_memory_equal(message, want, sizeof want - 1);
    assert_int_equal(n, sizeof want - 1 + 45);
}

static void receipt_blob(void **state) {
    (void)state;
    uint8_t sig[OL_SIG_LEN], blob[OL_NOTE_BLOB4_LEN];
    memset(sig, 9, sizeof sig);
    ol_receipt_blob((const uint8_t *)"abcd", 0x0102030405060708, sig, blob);
    assert_memory_equal(blob, "abcd\1\2\3\4\5\6\7\x08", 12);
    assert_memory_equal(blob + 12, sig, sizeof sig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),         cmocka_unit_test(text_rows),
        cmocka_unit_test(longest_text),  cmocka_unit_test(signatures),
        cmocka_unit_test(receipt_times), cmocka_unit_test(receipt_blob),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
