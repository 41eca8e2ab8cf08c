/* wire/cbor: each rule of the subset on both sides, and against a naive reader of RFC 8949. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/cbor.h"

#define B(...)                                                                                     \
    (sizeof((const uint8_t[]){ __VA_ARGS__ })), {                                                  \
        __VA_ARGS__                                                                                \
    }

static const struct {
    const char *name;
    ol_err want;
    size_t len;
    uint8_t in[20];
} rows[] = {
    { "nothing", OL_ESHORT, 0, { 0 } },
    { "0", OL_OK, B(0x00) },
    { "23", OL_OK, B(0x17) },
    { "24", OL_OK, B(0x18, 24) },
    { "23 in two bytes", OL_EFORM, B(0x18, 23) },
    { "0 in two bytes", OL_EFORM, B(0x18, 0) },
    { "two bytes, one there", OL_ESHORT, B(0x18) },
    { "255", OL_OK, B(0x18, 255) },
    { "256", OL_OK, B(0x19, 1, 0) },
    { "255 in three bytes", OL_EFORM, B(0x19, 0, 255) },
    { "three bytes, two there", OL_ESHORT, B(0x19, 1) },
    { "65535", OL_OK, B(0x19, 255, 255) },
    { "65536", OL_OK, B(0x1a, 0, 1, 0, 0) },
    { "65535 in five bytes", OL_EFORM, B(0x1a, 0, 0, 255, 255) },
    { "five bytes, four there", OL_ESHORT, B(0x1a, 0, 1, 0) },
    { "2^32 - 1", OL_OK, B(0x1a, 255, 255, 255, 255) },
    { "2^32", OL_OK, B(0x1b, 0, 0, 0, 1, 0, 0, 0, 0) },
    { "2^32 - 1 in nine bytes", OL_EFORM, B(0x1b, 0, 0, 0, 0, 255, 255, 255, 255) },
    { "nine bytes, eight there", OL_ESHORT, B(0x1b, 0, 0, 0, 1, 0, 0, 0) },
    { "2^64 - 1", OL_OK, B(0x1b, 255, 255, 255, 255, 255, 255, 255, 255) },
    { "reserved 28", OL_EFORM, B(0x1c) },
    { "reserved 30", OL_EFORM, B(0x1e) },
    { "indefinite 31 of an integer", OL_EFORM, B(0x1f) },
    { "-1", OL_OK, B(0x20) },
    { "-24", OL_OK, B(0x37) },
    { "-25", OL_OK, B(0x38, 24) },
    { "-24 in two bytes", OL_EFORM, B(0x38, 23) },
    { "-2^64", OL_OK, B(0x3b, 255, 255, 255, 255, 255, 255, 255, 255) },
    { "no bytes", OL_OK, B(0x40) },
    { "a byte", OL_OK, B(0x41, 7) },
    { "a byte, not there", OL_ESHORT, B(0x41) },
    { "1 as a length in two bytes", OL_EFORM, B(0x58, 1, 7) },
    { "bytes without an end", OL_EFORM, B(0x5f, 0x41, 7, 0xff) },
    { "2^64 - 1 bytes", OL_ESHORT, B(0x5b, 255, 255, 255, 255, 255, 255, 255, 255, 1) },
    { "2^63 bytes", OL_ESHORT, B(0x5b, 128, 0, 0, 0, 0, 0, 0, 0, 1) },
    { "no text", OL_OK, B(0x60) },
    { "text", OL_OK, B(0x64, 0xf0, 0x9f, 0x93, 0x9e) },
    { "text cut in a character", OL_EFORM, B(0x63, 0xf0, 0x9f, 0x93) },
    { "a surrogate", OL_EFORM, B(0x63, 0xed, 0xa0, 0x80) },
    { "an overlong NUL", OL_EFORM, B(0x62, 0xc0, 0x80) },
    { "above U+10FFFF", OL_EFORM, B(0x64, 0xf4, 0x90, 0x80, 0x80) },
    { "text, a byte short", OL_ESHORT, B(0x62, 'a') },
    { "text without an end", OL_EFORM, B(0x7f, 0x61, 'a', 0xff) },
    { "no items", OL_OK, B(0x80) },
    { "an item", OL_OK, B(0x81, 0) },
    { "an item, not there", OL_ESHORT, B(0x81) },
    { "two items, one there", OL_ESHORT, B(0x82, 0) },
    { "24 items in three bytes", OL_ESHORT, B(0x98, 24, 0) },
    { "1 as a count in two bytes", OL_EFORM, B(0x98, 1, 0) },
    { "items without an end", OL_EFORM, B(0x9f, 0, 0xff) },
    { "2^64 - 1 items", OL_ESHORT, B(0x9b, 255, 255, 255, 255, 255, 255, 255, 255, 0) },
    { "2^32 items", OL_ESHORT, B(0x9b, 0, 0, 0, 1, 0, 0, 0, 0, 0) },
    { "a map", OL_EFORM, B(0xa0) },
    { "a tag", OL_EFORM, B(0xc1, 0) },
    { "false", OL_EFORM, B(0xf4) },
    { "null", OL_EFORM, B(0xf6) },
    { "a half float", OL_EFORM, B(0xf9, 0x3c, 0) },
    { "a double", OL_EFORM, B(0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0) },
    { "an end", OL_EFORM, B(0xff) },
    { "a map within", OL_EFORM, B(0x82, 0, 0xa0) },
    { "a float within", OL_EFORM, B(0x81, 0xf9, 0x3c, 0) },
    { "one after it", OL_EFORM, B(0x00, 0x00) },
    { "one after an array", OL_EFORM, B(0x81, 0, 0) },
    { "8 deep", OL_OK, B(0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x80) },
    { "8 deep, something in it", OL_OK, B(0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 9) },
    { "9 deep", OL_ELIMIT, B(0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x80) },
    { "8 deep after 8 deep", OL_OK,
      B(0x82, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x80, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x80) },
    { "9 deep at the end", OL_ELIMIT,
      B(0x82, 0x00, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x80) },
};

static void check_rows(void **state) {
    for (size_t i = 0; (void)state, i < OL_LEN(rows); i++) {
        print_message("row %s\n", rows[i].name);
        assert_int_equal(ol_cbor_check(rows[i].in, rows[i].len), rows[i].want);
        ol_rd r = ol_rd_of(rows[i].in, rows[i].len);
        size_t len = 12345;
        const uint8_t *p = ol_cbor_get_any(&r, &len);
        if (rows[i].want == OL_OK)
            assert_true(p == rows[i].in && len == rows[i].len);
        else if (r.err != OL_OK) /* trailing bytes are not get_any's to judge */
            assert_true(p == NULL && len == 12345 && r.err == rows[i].want);
    }
    assert_int_equal(ol_cbor_check(NULL, 0), OL_ESHORT);
}

/* ── takes of one kind ───────────────────────────────────────────────────────────────────────── */

static void peek(void **state) {
    (void)state;
    for (unsigned b = 0; b < 256; b++) {
        const uint8_t in = (uint8_t)b;
        ol_rd r = ol_rd_of(&in, 1);
        assert_int_equal(ol_cbor_peek(&r), b >> 5 <= 4 ? (int)(b >> 5) : -1);
        assert_int_equal(r.left, 1);
        r.err = OL_EFORM;
        assert_int_equal(ol_cbor_peek(&r), -1);
    }
    ol_rd r = ol_rd_of(NULL, 0);
    assert_int_equal(ol_cbor_peek(&r), -1);
    assert_int_equal(r.err, OL_OK);
}

static void only_its_own_kind(void **state) {
    (void)state;
    static const uint8_t of_kind[] = { 0x05, 0x24, 0x41, 0x61, 0x81 };
    for (int want = 0; want <= OL_CBOR_ARRAY; want++)
        for (int is = 0; is <= OL_CBOR_ARRAY; is++) {
            const uint8_t in[] = { of_kind[is], 'a' };
            ol_rd r = ol_rd_of(in, sizeof in);
            size_t len = 12345;
            const uint8_t *p = NULL;
            uint64_t v = 0;
            if (want == OL_CBOR_UINT)
                v = ol_cbor_get_uint(&r);
            else if (want == OL_CBOR_BYTES)
                p = ol_cbor_get_bytes(&r, &len);
            else if (want == OL_CBOR_TEXT)
                p = ol_cbor_get_text(&r, &len);
            else if (want == OL_CBOR_ARRAY)
                v = ol_cbor_get_array(&r);
            else
                continue; /* negative integers are taken by get_any alone */
            bool is_string = want == OL_CBOR_BYTES || want == OL_CBOR_TEXT;
            assert_int_equal(r.err, is == want ? OL_OK : OL_EFORM);
            assert_ptr_equal(p, is == want && is_string ? in + 1 : NULL);
            assert_int_equal(len, is == want && is_string ? 1 : 12345);
            assert_int_equal(v, is != want || is_string ? 0 : want == OL_CBOR_UINT ? 5 : 1);
        }
}

static void uint_with_a_ceiling(void **state) {
    (void)state;
    static const uint64_t at[] = { 0, 23, 24, 255, 256, 65535, 65536, UINT32_MAX, UINT64_MAX - 1 };
    for (size_t i = 0; i < OL_LEN(at); i++)
        for (uint64_t v = at[i]; v <= at[i] + 1; v++) {
            uint8_t room[9];
            ol_wr w = ol_wr_of(room, sizeof room);
            ol_cbor_put_uint(&w, v);
            ol_rd r = ol_rd_of(room, w.len);
            assert_int_equal(ol_cbor_get_uint_max(&r, at[i]), v == at[i] ? v : 0);
            assert_int_equal(r.err, v == at[i] ? OL_OK : OL_ELIMIT);
            if (v == UINT64_MAX)
                break;
        }
    ol_rd r = ol_rd_of((const uint8_t[]){ 0x41, 0 }, 2);
    assert_int_equal(ol_cbor_get_uint_max(&r, UINT64_MAX), 0);
    assert_int_equal(r.err, OL_EFORM);
}

static void array_claims_what_is_left(void **state) {
    (void)state;
    const uint8_t in[] = { 0x83, 0, 0, 0 };
    for (size_t len = 0; len <= sizeof in; len++) {
        ol_rd r = ol_rd_of(in, len);
        assert_int_equal(ol_cbor_get_array(&r), len == sizeof in ? 3 : 0);
        assert_int_equal(r.err, len == sizeof in ? OL_OK : OL_ESHORT);
    }
}

/* Items of later revisions: what is skipped in an array is what a check of the whole takes. */
static void skipped(void **state) {
    (void)state;
    for (size_t depth = 1; depth <= OL_CBOR_DEPTH_MAX + 1; depth++) {
        uint8_t in[OL_CBOR_DEPTH_MAX + 4] = { 0x83, 0x00, 0x01 }; /* two known ones, one more */
        for (size_t i = 1; i < depth; i++)
            in[2 + i] = i + 1 < depth ? 0x81 : 0x80;
        if (depth == 1)
            in[3] = 0x00;
        size_t len = depth == 1 ? 4 : 2 + depth;
        ol_rd r = { in, len, OL_OK };
        uint64_t n = ol_cbor_get_array(&r);
        assert_int_equal(ol_cbor_get_uint(&r), 0);
        assert_int_equal(ol_cbor_get_uint(&r), 1);
        ol_cbor_skip(&r, 2, n);
        assert_int_equal(ol_rd_end(&r), depth <= OL_CBOR_DEPTH_MAX ? OL_OK : OL_ELIMIT);
        assert_int_equal(ol_cbor_check(in, len), ol_rd_end(&r));
    }
    const uint8_t none[] = { 0x81, 0x00 };
    ol_rd r = { none, sizeof none, OL_OK };
    ol_cbor_skip(&r, 3, 1); /* more were taken than it says: nothing is left to skip */
    assert_true(r.err == OL_OK && r.left == sizeof none);
}

/* An item that is to stand in others: what it nests is counted on from there. */
static void within(void **state) {
    (void)state;
    const uint8_t in[] = { 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x80 }; /* 7 deep */
    assert_int_equal(ol_cbor_check_within(in, sizeof in, 0), OL_OK);
    assert_int_equal(ol_cbor_check_within(in, sizeof in, 1), OL_OK);
    assert_int_equal(ol_cbor_check_within(in, sizeof in, 2), OL_ELIMIT);
    assert_int_equal(ol_cbor_check_within(in, sizeof in - 1, 1), OL_ESHORT);
    const uint8_t two[] = { 0x00, 0x00 };
    assert_int_equal(ol_cbor_check_within(two, sizeof two, 8), OL_EFORM);
}

static void errors_stick(void **state) {
    (void)state;
    const uint8_t in[] = { 0x81, 0x00 };
    ol_rd r = { in, sizeof in, OL_ELIMIT };
    size_t len = 12345;
    assert_int_equal(ol_cbor_get_uint(&r), 0);
    assert_int_equal(ol_cbor_get_array(&r), 0);
    assert_null(ol_cbor_get_bytes(&r, &len));
    assert_null(ol_cbor_get_text(&r, &len));
    assert_null(ol_cbor_get_any(&r, &len));
    assert_true(r.err == OL_ELIMIT && r.left == sizeof in && len == 12345);
}

/* ── written and read ────────────────────────────────────────────────────────────────────────── */

static void written_and_read(void **state) {
    (void)state;
    static uint8_t room[70000], string[66000];
    static const size_t lens[] = { 0, 1, 23, 24, 255, 256, 65535, 65536 };
    memset(string, 'x', sizeof string);
    for (size_t i = 0; i < OL_LEN(lens); i++) {
        ol_wr w = ol_wr_of(room, sizeof room);
        ol_cbor_put_array(&w, 2);
        ol_cbor_put_bytes(&w, string, lens[i]);
        ol_cbor_put_text(&w, (const char *)string, lens[i]);
        assert_int_equal(w.err, lens[i] <= 256 ? OL_OK : OL_ELIMIT);
        w = ol_wr_of(room, sizeof room);
        ol_cbor_put_bytes(&w, string, lens[i]);
        assert_int_equal(ol_cbor_check(room, w.len), OL_OK);
        ol_rd r = ol_rd_of(room, w.len);
        size_t len = 0;
        const uint8_t *p = ol_cbor_get_bytes(&r, &len);
        assert_true(p != NULL && len == lens[i] && ol_rd_end(&r) == OL_OK);
        assert_memory_equal(p, string, len);
        w = ol_wr_of(room, w.len - 1);
        ol_cbor_put_bytes(&w, string, lens[i]);
        assert_int_equal(w.err, OL_ELIMIT);
    }
}

/* ── against a naive reader ──────────────────────────────────────────────────────────────────── */

/* Bytes that the item at p takes, 0 when it is none of the subset; one level of arrays a call. */
static size_t naive_item(const uint8_t *p, size_t n, int depth) {
    if (n == 0)
        return 0;
    unsigned major = p[0] / 32, info = p[0] % 32, width = 0;
    uint64_t v = info;
    if (info >= 24 && info <= 27) {
        width = 1u << (info - 24);
        if (n < 1 + (size_t)width)
            return 0;
        v = 0;
        for (unsigned i = 0; i < width; i++)
            v = v * 256 + p[1 + i];
        bool is_short = (width == 1 && v < 24) || (width == 2 && v < 256) ||
                        (width == 4 && v < 65536) || (width == 8 && v <= UINT32_MAX);
        if (is_short)
            return 0;
    } else if (info >= 28) {
        return 0;
    }
    size_t at = 1 + (size_t)width;
    if (major == 2 || major == 3) {
        if (v > n - at)
            return 0;
        for (size_t i = at; major == 3 && i < at + v; i++)
            if (p[i] >= 0x80)
                return 0; /* the inputs below have no text beyond ASCII that is right */
        return at + (size_t)v;
    }
    if (major != 4)
        return major <= 1 ? at : 0;
    if (depth == 8)
        return 0;
    for (uint64_t i = 0; i < v; i++) {
        size_t len = naive_item(p + at, n - at, depth + 1);
        if (len == 0)
            return 0;
        at += len;
    }
    return at;
}

static void compare(const uint8_t *p, size_t n) {
    size_t len = naive_item(p, n, 0);
    bool is_right = len > 0 && len == n;
    assert_int_equal(ol_cbor_check(p, n) == OL_OK, is_right);
}

static void as_the_naive_reader(void **state) {
    (void)state;
    uint8_t in[64];
    for (unsigned v = 0; v < 65536; v++) {
        in[0] = (uint8_t)(v >> 8), in[1] = (uint8_t)v;
        compare(in, 1);
        compare(in, 2);
    }
    uint64_t seed = 1;
    unsigned right = 0;
    for (unsigned round = 0; round < 400000; round++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t z = seed;
        size_t n = 1 + (seed >> 60);
        for (size_t i = 0; i < n; i++) {
            static const uint8_t often[] = { 0x80, 0x81, 0x82, 0x83, 0x00, 0x17, 0x20, 0x41,
                                             0x42, 0x61, 0x18, 0x19, 0x1a, 0x98, 0x58, 0xff };
            z ^= z << 13, z ^= z >> 7, z ^= z << 17;
            in[i] = z % 8 == 0 ? (uint8_t)(z >> 32) : often[(z >> 20) % sizeof often];
        }
        compare(in, n);
        right += naive_item(in, n, 0) == n;
    }
    print_message("%u of 400000 were right\n", right);
    assert_true(right > 10000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_rows),
        cmocka_unit_test(peek),
        cmocka_unit_test(only_its_own_kind),
        cmocka_unit_test(uint_with_a_ceiling),
        cmocka_unit_test(array_claims_what_is_left),
        cmocka_unit_test(skipped),
        cmocka_unit_test(within),
        cmocka_unit_test(errors_stick),
        cmocka_unit_test(written_and_read),
        cmocka_unit_test(as_the_naive_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
