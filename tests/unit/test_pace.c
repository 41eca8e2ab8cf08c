/* The pacer alone: start, parity and stop bits count; never further ahead than is allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "bearer/pace.h"

static const uint64_t ms = 1000000;

static const struct {
    ol_pace_line line;
    unsigned bits;        /* of a byte on the wire */
    uint64_t thousand_ms; /* 1,000 bytes */
} lines[] = {
    { { .baud = 75, .bits = 8, .stop = 1 }, 10, 133333 },
    { { .baud = 300, .bits = 8, .stop = 1 }, 10, 33333 },
    { { .baud = 300, .bits = 8, .stop = 2 }, 11, 36667 },
    { { .baud = 300, .bits = 8, .stop = 1, .has_parity = true }, 11, 36667 },
    { { .baud = 300, .bits = 8, .stop = 2, .has_parity = true }, 12, 40000 },
    { { .baud = 1200, .bits = 7, .stop = 1 }, 9, 7500 },
    { { .baud = 9600, .bits = 8, .stop = 1 }, 10, 1042 },
    { { .baud = 115200, .bits = 8, .stop = 1 }, 10, 87 },
    { { .baud = 9600, .bits = 8, .stop = 1, .rate = 75 }, 10, 106667 }, /* a modem behind it */
    { { .baud = 75, .bits = 8, .stop = 1, .rate = 9600 }, 10, 133333 },
    { { .rate = 300 }, 1, 26667 },
};

static void near_(uint64_t is, uint64_t want) {
    print_message("%llu ms, of %llu\n", (unsigned long long)(is / ms), (unsigned long long)want);
    assert_true(is >= want * ms * 98 / 100 && is <= want * ms * 102 / 100);
}

/* As a port does it: takes what there is room for, sleeps whole milliseconds until there is more;
 * what it took is on the wire when the wire is free. */
static void thousand_bytes(void **state) {
    (void)state;
    static const uint64_t aheads[] = { 0, 1, 40, 1000 };
    for (size_t i = 0; i < OL_LEN(lines); i++)
        for (size_t k = 0; k < OL_LEN(aheads); k++) {
            ol_pace p;
            ol_pace_init(&p, &lines[i].line, aheads[k] * ms);
            assert_int_equal(ol_pace_bits(&lines[i].line), lines[i].bits);
            const uint64_t began = 12345 * ms;
            uint64_t now = began;
            for (size_t sent = 0; sent < 1000;) {
                size_t n = ol_pace_room(&p, now);
                assert_int_equal(n == 0, ol_pace_wait(&p, 1, now) > 0);
                n = n < 1000 - sent ? n : 1000 - sent;
                ol_pace_take(&p, n, now);
                sent += n;
                assert_true(p.free_ns <= now + p.ahead_ns);
                assert_true(p.free_ns - began >= sent * p.byte_ns);
                uint64_t wait = ol_pace_wait(&p, 1, now);
                now += aheads[k] < 40 && p.byte_ns < 2 * ms ? wait : wait / ms * ms + ms;
            }
            near_(p.free_ns - began, lines[i].thousand_ms);
            assert_false(ol_pace_is_idle(&p, p.free_ns - 1));
            assert_true(ol_pace_is_idle(&p, p.free_ns));
        }
}

static void time_of(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(lines); i++) {
        ol_pace p;
        ol_pace_init(&p, &lines[i].line, 0);
        near_(ol_pace_time(&p, 1000), lines[i].thousand_ms);
    }
}

static void edges(void **state) {
    (void)state;
    ol_pace p;
    ol_pace_init(&p, &(ol_pace_line){ 0 }, 40 * ms); /* no pace: anything, at once */
    assert_true(ol_pace_room(&p, 5) == SIZE_MAX);
    ol_pace_take(&p, 1 << 20, 5);
    assert_true(ol_pace_room(&p, 5) == SIZE_MAX && ol_pace_is_idle(&p, 5));
    assert_int_equal(ol_pace_wait(&p, 1000, 5), 0);
    ol_pace_init(&p, &(ol_pace_line){ .baud = 1000, .bits = 8, .stop = 1 },
                 40 * ms); /* 10 ms each */
    assert_int_equal(ol_pace_room(&p, 0), 4);
    ol_pace_take(&p, 4, 0);
    assert_int_equal(ol_pace_room(&p, 0), 0);
    assert_int_equal(ol_pace_room(&p, 10 * ms - 1), 0);
    assert_int_equal(ol_pace_room(&p, 10 * ms), 1);
    assert_int_equal(ol_pace_wait(&p, 1, 3 * ms), 7 * ms);
    assert_int_equal(ol_pace_wait(&p, 4, 0), 40 * ms);
    assert_int_equal(ol_pace_room(&p, 1000 * ms), 4); /* a rest is not saved up */
    ol_pace_init(&p, &(ol_pace_line){ .baud = 75, .bits = 8, .stop = 1 }, 0);
    assert_int_equal(ol_pace_room(&p, 0), 2); /* one more than the wire is at */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thousand_bytes),
        cmocka_unit_test(time_of),
        cmocka_unit_test(edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
