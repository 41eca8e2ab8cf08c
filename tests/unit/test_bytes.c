/* base/bytes: the reader and the writer against what is left, the sticky error, varints on both
 * sides of each length. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

static const uint8_t count[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static void take_up_to_the_end(void **state) {
    (void)state;
    for (size_t len = 0; len <= sizeof count; len++)
        for (size_t n = 0; n <= sizeof count + 1; n++) {
            ol_rd r = ol_rd_of(count, len);
            const uint8_t *at = ol_rd_take(&r, n);
            assert_ptr_equal(at, n <= len ? count : NULL);
            assert_int_equal(r.err, n <= len ? OL_OK : OL_ESHORT);
            assert_ptr_equal(r.p, n <= len ? count + n : count);
            assert_int_equal(r.left, n <= len ? len - n : len);
        }
    ol_rd r = ol_rd_of(count, 3);
    assert_null(ol_rd_take(&r, SIZE_MAX)); /* p + n would wrap */
    assert_int_equal(r.left, 3);
}

static void nothing_at_all(void **state) {
    (void)state;
    ol_rd r = ol_rd_of(NULL, 0);
    uint8_t to = 7;
    assert_int_equal(ol_rd_end(&r), OL_OK);
    ol_rd_copy(&r, &to, 0);
    assert_int_equal(r.err, OL_OK);
    assert_int_equal(ol_rd_be(&r, 1), 0);
    assert_int_equal(r.err, OL_ESHORT);
    assert_int_equal(to, 7);
}

static void error_sticks(void **state) {
    (void)state;
    static const ol_err errs[] = { OL_ESHORT, OL_EFORM, OL_ELIMIT };
    for (size_t i = 0; i < OL_LEN(errs); i++) {
        ol_rd r = ol_rd_of(count, sizeof count);
        uint8_t to[2] = { 0xA5, 0xA5 };
        r.err = errs[i];
        assert_null(ol_rd_take(&r, 0));
        assert_null(ol_rd_take(&r, 1));
        assert_null(ol_rd_take(&r, 100)); /* keeps its first value: not OL_ESHORT now */
        assert_int_equal(ol_rd_be(&r, 2), 0);
        assert_int_equal(ol_rd_varint(&r), 0);
        ol_rd_copy(&r, to, 2);
        assert_true(to[0] == 0xA5 && to[1] == 0xA5);
        assert_int_equal(r.err, errs[i]);
        assert_int_equal(r.left, sizeof count);
        assert_int_equal(ol_rd_end(&r), errs[i]);
    }
}

static void big_endian(void **state) {
    static const uint64_t want[] = {
        0x01,         0x0102,         0x010203,         0x01020304,
        0x0102030405, 0x010203040506, 0x01020304050607, 0x0102030405060708
    };
    for (unsigned n = 1; (void)state, n <= 8; n++) {
        ol_rd r = ol_rd_of(count, n);
        assert_int_equal(ol_rd_be(&r, n), want[n - 1]);
        assert_int_equal(ol_rd_end(&r), OL_OK);
        r = ol_rd_of(count, n - 1);
        assert_int_equal(ol_rd_be(&r, n), 0);
        assert_int_equal(r.err, OL_ESHORT);
        assert_int_equal(r.left, n - 1);
        uint8_t room[8];
        ol_wr w = ol_wr_of(room, sizeof room);
        ol_wr_be(&w, want[n - 1], n);
        assert_int_equal(w.len, n);
        assert_memory_equal(room, count, n);
    }
}

static void end_of_input(void **state) {
    (void)state;
    ol_rd r = ol_rd_of(count, 2);
    assert_int_equal(ol_rd_end(&r), OL_EFORM);
    (void)ol_rd_take(&r, 1);
    assert_int_equal(ol_rd_end(&r), OL_EFORM);
    (void)ol_rd_take(&r, 1);
    assert_int_equal(ol_rd_end(&r), OL_OK);
}

static void writer_up_to_its_room(void **state) {
    (void)state;
    for (size_t cap = 0; cap <= sizeof count; cap++)
        for (size_t n = 0; n <= sizeof count; n++) {
            uint8_t room[sizeof count + 1];
            memset(room, 0xA5, sizeof room);
            ol_wr w = ol_wr_of(room, cap);
            ol_wr_put(&w, count, n);
            assert_int_equal(w.err, n <= cap ? OL_OK : OL_ELIMIT);
            assert_int_equal(w.len, n <= cap ? n : 0);
            for (size_t i = w.len; i < sizeof room; i++)
                assert_int_equal(room[i], 0xA5); /* all of it or nothing */
        }
    uint8_t room[4] = { 0 };
    ol_wr w = ol_wr_of(room, sizeof room);
    ol_wr_put(&w, count, 3);
    ol_wr_put(&w, count, 2);
    assert_int_equal(w.err, OL_ELIMIT);
    ol_wr_put(&w, count, 1); /* would fit, but something before it is missing */
    ol_wr_be(&w, 1, 1);
    ol_wr_varint(&w, 1);
    assert_int_equal(w.len, 3);
    assert_int_equal(w.err, OL_ELIMIT);
    w = ol_wr_of(room, sizeof room);
    ol_wr_put(&w, NULL, 0);
    assert_int_equal(w.err, OL_OK);
}

/* RFC 9000 §A.1 and both sides of each length. */
static const struct {
    uint64_t v;
    unsigned len;
    uint8_t bytes[8];
} varints[] = {
    { 0, 1, { 0 } },
    { 37, 1, { 0x25 } },
    { 0x3f, 1, { 0x3f } },
    { 0x40, 2, { 0x40, 0x40 } },
    { 15293, 2, { 0x7b, 0xbd } },
    { 0x3fff, 2, { 0x7f, 0xff } },
    { 0x4000, 4, { 0x80, 0x00, 0x40, 0x00 } },
    { 494878333, 4, { 0x9d, 0x7f, 0x3e, 0x7d } },
    { 0x3fffffff, 4, { 0xbf, 0xff, 0xff, 0xff } },
    { 0x40000000, 8, { 0xc0, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00 } },
    { UINT64_C(151288809941952652), 8, { 0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c } },
    { OL_VARINT_MAX, 8, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
};

static void varint_rows(void **state) {
    for (size_t i = 0; (void)state, i < OL_LEN(varints); i++) {
        uint8_t room[9];
        ol_wr w = ol_wr_of(room, sizeof room);
        assert_int_equal(ol_varint_len(varints[i].v), varints[i].len);
        ol_wr_varint(&w, varints[i].v);
        assert_int_equal(w.len, varints[i].len);
        assert_memory_equal(room, varints[i].bytes, varints[i].len);
        ol_rd r = ol_rd_of(varints[i].bytes, varints[i].len);
        assert_int_equal(ol_rd_varint(&r), varints[i].v);
        assert_int_equal(ol_rd_end(&r), OL_OK);
        for (size_t cut = 0; cut < varints[i].len; cut++) {
            r = ol_rd_of(varints[i].bytes, cut);
            assert_int_equal(ol_rd_varint(&r), 0);
            assert_int_equal(r.err, OL_ESHORT);
            w = ol_wr_of(room, cut);
            ol_wr_varint(&w, varints[i].v);
            assert_int_equal(w.err, OL_ELIMIT);
            assert_int_equal(w.len, 0);
        }
    }
}

static const struct {
    unsigned len;
    uint8_t bytes[8];
} too_long[] = {
    { 2, { 0x40, 0x00 } },
    { 2, { 0x40, 0x3f } },
    { 4, { 0x80, 0, 0, 0 } },
    { 4, { 0x80, 0, 0x3f, 0xff } },
    { 8, { 0xc0, 0, 0, 0, 0, 0, 0, 0 } },
    { 8, { 0xc0, 0, 0, 0, 0x3f, 0xff, 0xff, 0xff } },
};

static void varint_is_shortest(void **state) {
    for (size_t i = 0; (void)state, i < OL_LEN(too_long); i++) {
        ol_rd r = ol_rd_of(too_long[i].bytes, too_long[i].len);
        assert_int_equal(ol_rd_varint(&r), 0);
        assert_int_equal(r.err, OL_EFORM);
    }
}

/* All first bytes with all second bytes: what is read back is what stands there. */
static void varint_of_two_bytes(void **state) {
    (void)state;
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++) {
            const uint8_t in[2] = { (uint8_t)a, (uint8_t)b };
            uint8_t room[8];
            ol_rd r = ol_rd_of(in, 2);
            ol_wr w = ol_wr_of(room, sizeof room);
            uint64_t v = ol_rd_varint(&r);
            if (r.err == OL_OK) {
                ol_wr_varint(&w, v);
                assert_int_equal(w.len, 2 - r.left);
                assert_memory_equal(room, in, w.len);
            } else {
                assert_int_equal(r.err, a >= 0x80 ? OL_ESHORT : OL_EFORM);
                assert_true(a >= 0x80 || (a == 0x40 && b < 0x40));
            }
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take_up_to_the_end),  cmocka_unit_test(nothing_at_all),
        cmocka_unit_test(error_sticks),        cmocka_unit_test(big_endian),
        cmocka_unit_test(end_of_input),        cmocka_unit_test(writer_up_to_its_room),
        cmocka_unit_test(varint_rows),         cmocka_unit_test(varint_is_shortest),
        cmocka_unit_test(varint_of_two_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
