/* paper/parts: a bundle in parts for QR codes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "paper/parts.h"

static uint8_t bundle[OL_PARTS_BUNDLE_MAX], got[OL_PARTS_BUNDLE_MAX];
static uint8_t bytes[OL_PARTS_MAX][OL_PARTS_PART_MAX];
static ol_part_of part[OL_PARTS_MAX];

static int make(void **state) {
    (void)state;
    uint32_t x = 11;
    for (size_t i = 0; i < sizeof bundle; i++)
        x = x * 1664525 + 1013904223, bundle[i] = (uint8_t)(x >> 24);
    return 0;
}

/* Cuts into the fewest parts of that size. */
static size_t cut(size_t len, size_t part_max) {
    size_t n = ol_parts_count(len, part_max);
    assert_true(n >= 1 && n <= OL_PARTS_MAX);
    for (size_t i = 0; i < n; i++) {
        size_t size = ol_parts_put(bundle, len, i + 1, n, bytes[i]);
        assert_true(size <= part_max && size > OL_PARTS_HEAD);
        assert_int_equal(ol_parts_get(bytes[i], size, &part[i]), OL_OK);
        assert_int_equal(part[i].i, i + 1);
        assert_int_equal(part[i].n, n);
    }
    return n;
}

static void example(void **state) { /* docs/PROTOCOL.md §12.2 has it */
    (void)state;
    static const uint8_t want[] = "P\x01\x2c\xf2\x4d\xba\x01\x01hello";
    memcpy(got, "hello", 5);
    assert_int_equal(ol_parts_put(got, 5, 1, 1, bytes[0]), 13);
    assert_memory_equal(bytes[0], want, 13);
}

static void sizes(void **state) {
    (void)state;
    static const struct {
        size_t len, part_max, parts;
    } row[] = { { 1, 600, 1 },    { 592, 600, 1 }, { 593, 600, 2 },    { 1184, 600, 2 },
                { 1185, 600, 3 }, { 323, 331, 1 }, { 324, 331, 2 },    { 65535, 600, 111 },
                { 340, 600, 1 },  { 1, 265, 1 },   { 65535, 265, 255 } };
    for (size_t i = 0; i < OL_LEN(row); i++) {
        size_t n = cut(row[i].len, row[i].part_max), len = 0;
        assert_int_equal(n, row[i].parts);
        assert_int_equal(ol_parts_join(part, n, got, &len), OL_OK);
        assert_int_equal(len, row[i].len);
        assert_memory_equal(got, bundle, len);
    }
    for (size_t len = 1; len <= OL_PARTS_BUNDLE_MAX; len += len < 3000 ? 1 : 997)
        (void)cut(len, 265); /* no part is empty */
}

static void forms(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t len;
        const char *p;
        ol_err want;
    } row[] = {
        { "one byte of it", 9, "P\1abcd\1\1x", OL_OK },
        { "the last of 255", 9, "P\1abcd\xff\xffx", OL_OK },
        { "no byte of it", 8, "P\1abcd\1\1", OL_EFORM },
        { "cut", 7, "P\1abcd\1", OL_ESHORT },
        { "nothing", 0, "", OL_ESHORT },
        { "a web address", 20, "https://example.com/", OL_EFORM },
        { "another version", 9, "P\2abcd\1\1x", OL_EFORM },
        { "part 0", 9, "P\1abcd\0\1x", OL_EFORM },
        { "part 2 of 1", 9, "P\1abcd\2\1x", OL_EFORM },
        { "of 0", 9, "P\1abcd\0\0x", OL_EFORM },
    };
    for (size_t i = 0; i < OL_LEN(row); i++) {
        ol_part_of p = { .i = 77 };
        print_message("%s\n", row[i].name);
        assert_int_equal(ol_parts_get((const uint8_t *)row[i].p, row[i].len, &p), row[i].want);
        assert_int_equal(p.i == 77, row[i].want != OL_OK);
    }
    uint8_t longest[OL_PARTS_PART_MAX + 1] = "P\1abcd\1\1";
    ol_part_of p = { .i = 77 };
    assert_int_equal(ol_parts_get(longest, sizeof longest - 1, &p), OL_OK);
    assert_int_equal(ol_parts_get(longest, sizeof longest, &p), OL_ELIMIT);
}

static void damaged(void **state) {
    (void)state;
    size_t n = cut(1000, 600), len = 4;
    for (size_t i = 0; i < n; i++) {
        bytes[i][OL_PARTS_HEAD + 3] ^= 4;
        assert_int_equal(ol_parts_join(part, n, got, &len), OL_EAUTH);
        bytes[i][OL_PARTS_HEAD + 3] ^= 4;
    }
    assert_int_equal(len, 4);
    assert_int_equal(ol_parts_join(part, n, got, &len), OL_OK);
    for (size_t i = 0; i < OL_PARTS_MAX; i++) /* more than any bundle has */
        part[i] = (ol_part_of){ .i = (uint8_t)(i + 1), .n = OL_PARTS_MAX, .p = bundle, .len = 592 };
    assert_int_equal(ol_parts_join(part, OL_PARTS_MAX, got, &len), OL_ELIMIT);
    assert_int_equal(ol_parts_join(part, 0, got, &len), OL_EAUTH);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example),
        cmocka_unit_test(sizes),
        cmocka_unit_test(forms),
        cmocka_unit_test(damaged),
    };
    return cmocka_run_group_tests(tests, make, NULL);
}
