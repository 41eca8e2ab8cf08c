/* record/merkle against published inclusion and consistency cases, hostile ones included. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "lib/vectors.h"
#include "record/merkle.h"

static char *all;

/* The text after "key": in one line of flat JSON, as these vectors are written. */
static const char *field(const char *line, const char *key) {
    char quoted[32];
    snprintf(quoted, sizeof quoted, "\"%s\": ", key);
    const char *at = strstr(line, quoted);
    assert_non_null(at);
    return at + strlen(quoted);
}

static uint64_t number(const char *line, const char *key) {
    const char *at = field(line, key);
    uint64_t v = 0;
    assert_int_equal(ol_u64_get(at, strspn(at, "0123456789"), 0, UINT64_MAX, &v), OL_OK);
    return v;
}

/* A hash in quotes at *at, which moves behind it. False: not 32 bytes, so no hash at all; what
 * there is of it is filled up with zeros. */
static bool hash_at(const char **at, ol_hash *ret) {
    *ret = (ol_hash){ { 0 } };
    assert_int_equal(**at, '"');
    const char *end = strchr(*at + 1, '"');
    size_t n = 0;
    ol_err err = ol_b64_get(*at + 1, (size_t)(end - *at - 1), ret->b, OL_HASH_LEN, &n);
    *at = end + 1;
    return err == OL_OK && n == OL_HASH_LEN;
}

static bool hash_of(const char *line, const char *key, ol_hash *ret) {
    const char *at = field(line, key);
    return hash_at(&at, ret);
}

static bool proof_of(const char *line, ol_merkle_proof *ret) {
    const char *at = field(line, "proof");
    ret->n = 0;
    bool is_good = true;
    if (strncmp(at, "null", 4) == 0)
        return true;
    for (at++; *at != ']'; at += strspn(at, ", "))
        is_good &= hash_at(&at, &ret->hash[ret->n++]);
    return is_good;
}

static bool inclusion(const char *line) {
    ol_merkle_proof proof;
    ol_hash leaf, root;
    bool is_good = hash_of(line, "leafHash", &leaf) && hash_of(line, "root", &root);
    return proof_of(line, &proof) && is_good &&
           ol_merkle_verify_inclusion(&leaf, number(line, "leafIdx"), number(line, "treeSize"),
                                      proof.hash, proof.n, &root) == OL_OK;
}

static bool consistency(const char *line) {
    ol_merkle_proof proof;
    ol_hash root1, root2;
    /* Some cases compare "roots" of 12 bytes: filled up, they are as equal or unequal as before. */
    (void)hash_of(line, "root1", &root1), (void)hash_of(line, "root2", &root2);
    return proof_of(line, &proof) &&
           ol_merkle_verify_consistency(number(line, "size1"), &root1, number(line, "size2"),
                                        &root2, proof.hash, proof.n) == OL_OK;
}

static void every_line(void **state) {
    size_t lines = 0, good = 0;
    (void)state;
    for (char *line = strtok_r(all, "\n", &all); line != NULL; line = strtok_r(NULL, "\n", &all)) {
        bool is_inclusion = strncmp(field(line, "_kind"), "\"inclusion\"", 11) == 0;
        bool want = strncmp(field(line, "wantErr"), "false", 5) == 0;
        bool is = is_inclusion ? inclusion(line) : consistency(line);
        if (is != want)
            fail_msg("%s", line);
        lines++, good += want;
    }
    print_message("%zu cases, %zu of them good\n", lines, good);
    assert_int_equal(lines, 132);
    assert_true(good > 5);
}

int main(void) {
    size_t len = 0;
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_line) };
    char *text = all = vectors_published("merkle.jsonl", &len);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(text);
    return failed;
}
