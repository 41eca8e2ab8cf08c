/* COBS and CRC-32: what goes on the wire to the byte; every length, cut and broken byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bearer/cobs.h"

static void known(void **state) {
    (void)state;
    /* CRC-32 of "123456789" is CBF43926, as in every list of check values. */
    static const uint8_t digits[] = "123456789";
    static const uint8_t wire[] = { 0,   14,  '1', '2',  '3',  '4',  '5',  '6',
                                    '7', '8', '9', 0xCB, 0xF4, 0x39, 0x26, 0 };
    /* zeros within: 00 00 with its CRC 41D912FF */
    static const uint8_t zeros[2] = { 0, 0 };
    static const uint8_t coded[] = { 1, 1, 5, 0x41, 0xD9, 0x12, 0xFF, 0 };
    uint8_t to[OL_COBS_WIRE_MAX];
    assert_int_equal(ol_cobs_put(digits, 9, true, to), sizeof wire);
    assert_memory_equal(to, wire, sizeof wire);
    assert_int_equal(ol_cobs_put(digits, 9, false, to), sizeof wire - 1);
    assert_memory_equal(to, wire + 1, sizeof wire - 1);
    assert_int_equal(ol_cobs_put(zeros, 2, false, to), sizeof coded);
    assert_memory_equal(to, coded, sizeof coded);
}

static void fill(uint8_t *p, size_t n, unsigned how) {
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(how == 0 ? 0 : how == 1 ? 1 + i % 255 : how == 2 ? i * 7 : i % 254 == 253);
}

/* One frame out of these bytes, handed in `step` at a time. */
static size_t read_one(ol_cobs *c, const uint8_t *wire, size_t n, size_t step, uint8_t *to) {
    size_t frames = 0, found = 0;
    for (size_t at = 0; at < n; at += step) {
        const uint8_t *p = wire + at, *frame;
        size_t left = n - at < step ? n - at : step, len;
        while (ol_cobs_next(c, &p, &left, &frame, &len) == OL_OK) {
            memcpy(to, frame, len);
            frames++, found = len;
        }
        assert_int_equal(left, 0);
    }
    assert_true(frames <= 1);
    return found;
}

static void lengths(void **state) {
    (void)state;
    static const size_t steps[] = { 1, 2, 7, 255, OL_COBS_WIRE_MAX };
    uint8_t frame[OL_COBS_FRAME_MAX], wire[OL_COBS_WIRE_MAX], got[OL_COBS_FRAME_MAX];
    ol_cobs c;
    ol_cobs_init(&c, OL_COBS_FRAME_MAX);
    for (size_t len = 1; len <= OL_COBS_FRAME_MAX; len++)
        for (unsigned how = 0; how < 4; how++) {
            fill(frame, len, how);
            size_t n = ol_cobs_put(frame, len, how == 1, wire);
            assert_true(n <= ol_cobs_wire(len) + (how == 1));
            assert_null(memchr(wire + (how == 1), 0, n - 1 - (how == 1)));
            assert_int_equal(read_one(&c, wire, n, steps[len % OL_LEN(steps)], got), len);
            assert_memory_equal(got, frame, len);
        }
    assert_int_equal(c.bad, 0);
    assert_int_equal(ol_cobs_wire(64), 64 + 6);
}

/* A wrong byte costs its frame, at most; so does one lost or one more. */
static void broken(void **state) {
    (void)state;
    uint8_t frame[64], wire[2 * OL_COBS_WIRE_MAX], bad[sizeof wire], got[OL_COBS_FRAME_MAX];
    fill(frame, sizeof frame, 2);
    size_t one = ol_cobs_put(frame, sizeof frame, true, wire);
    size_t n = one + ol_cobs_put(frame, sizeof frame, false, wire + one);
    for (size_t at = 1; at < one - 1; at++)
        for (unsigned bit = 0; bit < 10; bit++) {
            ol_cobs c;
            ol_cobs_init(&c, 64);
            size_t len = n;
            memcpy(bad, wire, n);
            if (bit < 8)
                bad[at] ^= (uint8_t)(1u << bit);
            else if (bit == 8) /* lost */
                memmove(bad + at, bad + at + 1, --len - at);
            else /* one more */
                memmove(bad + at + 1, bad + at, len++ - at), bad[at] = 0x55;
            assert_int_equal(read_one(&c, bad, len, len, got), sizeof frame);
            assert_memory_equal(got, frame, sizeof frame);
            assert_true(c.bad >= 1);
        }
}

static void limits(void **state) {
    (void)state;
    uint8_t frame[OL_COBS_FRAME_MAX], wire[OL_COBS_WIRE_MAX], noise[5000], got[OL_COBS_FRAME_MAX];
    ol_cobs c;
    fill(frame, sizeof frame, 1);
    for (uint16_t max = 14; max < 300; max++) { /* both sides of the longest frame */
        ol_cobs_init(&c, max);
        assert_int_equal(read_one(&c, wire, ol_cobs_put(frame, max, true, wire), 9, got), max);
        assert_int_equal(c.bad, 0);
        assert_int_equal(
            read_one(&c, wire, ol_cobs_put(frame, max + 1u, true, wire), sizeof wire, got), 0);
        assert_int_equal(c.bad, 1);
    }
    ol_cobs_init(&c, 64); /* a run without an end holds nothing up and nothing back */
    memset(noise, 0x55, sizeof noise);
    assert_int_equal(read_one(&c, noise, sizeof noise, 100, got), 0);
    assert_true(c.is_long);
    assert_int_equal(c.bad, 0);
    assert_int_equal(read_one(&c, wire, ol_cobs_put(frame, 20, true, wire), 1, got), 20);
    assert_int_equal(c.bad, 1);
    memset(noise, 0, sizeof noise); /* an idle line of zeros is nothing */
    assert_int_equal(read_one(&c, noise, sizeof noise, 100, got), 0);
    assert_int_equal(c.bad, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known),
        cmocka_unit_test(lengths),
        cmocka_unit_test(broken),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
