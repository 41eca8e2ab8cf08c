#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "crypto/replay.h"

/* What is asked for, told slowly: every counter in [e - 32767, e + 32768] tried, with both ends of
 * the number line respected. */
static uint64_t full_slowly(uint64_t e, uint16_t low) {
    for (uint64_t d = 0; d <= 32768; d++) {
        bool is_up = e <= OL_REPLAY_COUNTER_MAX && d <= OL_REPLAY_COUNTER_MAX - e;
        if (is_up && (uint16_t)(e + d) == low)
            return e + d;
        if (d <= e && d < 32768 && (uint16_t)(e - d) == low && e - d <= OL_REPLAY_COUNTER_MAX)
            return e - d;
    }
    for (uint64_t d = 32768; d <= 65536; d++) { /* outside the range: at the ends only */
        if (e < 65536 && (uint16_t)(e + d) == low)
            return e + d;
        if (e >= 65536 && (uint16_t)(e - d) == low)
            return e - d;
    }
    fail();
    return 0;
}

static void full_is_the_nearest(void **state) {
    (void)state;
    static const uint64_t at[] = { 0,
                                   1,
                                   2,
                                   32766,
                                   32767,
                                   32768,
                                   32769,
                                   65535,
                                   65536,
                                   65537,
                                   0x12345678,
                                   UINT64_MAX - 65537,
                                   UINT64_MAX - 32768,
                                   UINT64_MAX - 2,
                                   UINT64_MAX - 1,
                                   UINT64_MAX };
    for (size_t i = 0; i < OL_LEN(at); i++) {
        ol_replay w = { .next = at[i] };
        for (uint32_t low = 0; low < 65536; low += low % 4096 < 3 || low % 4096 > 4092 ? 1 : 509)
            assert_int_equal(ol_replay_full(&w, (uint16_t)low), full_slowly(at[i], (uint16_t)low));
    }
}

static const struct {
    uint64_t next;
    uint16_t low;
    uint64_t want;
} rows[] = {
    { 0, 0, 0 },
    { 0, 32768, 32768 },
    { 0, 32769, 32769 }, /* 32,767 behind would be below 0 */
    { 0, 65535, 65535 },
    { 1, 0, 0 },
    { 65536, 65535, 65535 },
    { 65536, 0, 65536 },
    { 65536, 32768, 98304 }, /* equally near: the higher */
    { 65536, 32769, 32769 },
    { 70000, 4464, 70000 },
    { UINT64_MAX, 0xFFFE, UINT64_MAX - 1 },
    { UINT64_MAX, 0xFFFF, UINT64_MAX - 65536 }, /* 2^64-1 is no counter */
    { UINT64_MAX, 0, UINT64_MAX - 65535 },
};

static void full_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        ol_replay w = { .next = rows[i].next };
        print_message("row %zu\n", i);
        assert_int_equal(ol_replay_full(&w, rows[i].low), rows[i].want);
    }
}

static void edges_of_the_window(void **state) {
    (void)state;
    ol_replay w = { 0 };
    assert_true(ol_replay_is_fresh(&w, 0));
    ol_replay_take(&w, 5000);
    assert_false(ol_replay_is_fresh(&w, 5000));
    assert_true(ol_replay_is_fresh(&w, 5000 - OL_REPLAY_WIDTH + 1));
    assert_false(ol_replay_is_fresh(&w, 5000 - OL_REPLAY_WIDTH)); /* too old to know */
    ol_replay_take(&w, 5000 - OL_REPLAY_WIDTH + 1);
    assert_false(ol_replay_is_fresh(&w, 5000 - OL_REPLAY_WIDTH + 1));
    ol_replay_take(&w, 5001);
    assert_true(ol_replay_is_fresh(&w, 4999));

    ol_replay end = { 0 };
    assert_false(ol_replay_is_fresh(&end, UINT64_MAX));
    ol_replay_take(&end, OL_REPLAY_COUNTER_MAX);
    assert_false(ol_replay_is_fresh(&end, OL_REPLAY_COUNTER_MAX));
    assert_true(ol_replay_is_fresh(&end, OL_REPLAY_COUNTER_MAX - 1));
    assert_false(ol_replay_is_fresh(&end, UINT64_MAX));
}

enum { SPAN = 1 << 17 };

static uint32_t rnd(uint64_t *seed) { /* xorshift64* */
    *seed ^= *seed >> 12, *seed ^= *seed << 25, *seed ^= *seed >> 27;
    return (uint32_t)(*seed * UINT64_C(2685821657736338717) >> 32);
}

/* Counters wander forward with jumps, repeats and late comers; an array remembers every one. */
static void window_against_an_array(void **state) {
    (void)state;
    static uint8_t taken[SPAN];
    for (uint64_t seed = 1; seed <= 40; seed++) {
        memset(taken, 0, sizeof taken);
        ol_replay w = { 0 };
        uint64_t s = seed * 0x9E3779B97F4A7C15, highest = 0,
                 base = seed % 2 ? 0 : UINT64_C(1) << 40;
        bool is_any = false;
        while (highest < SPAN - 4096) {
            uint32_t kind = rnd(&s) % 8;
            if (kind == 0 && seed % 4 < 2 && rnd(&s) % 256 != 0)
                kind = 1; /* half of the seeds seldom jump: their windows are full */
            uint64_t c = kind == 0  ? highest + rnd(&s) % 3000
                         : kind < 4 ? highest + rnd(&s) % 3
                                    : highest - rnd(&s) % (highest < 1200 ? highest + 1 : 1200);
            bool is_old = is_any && highest >= OL_REPLAY_WIDTH && c <= highest - OL_REPLAY_WIDTH;
            bool want = !is_old && !taken[c];
            assert_int_equal(ol_replay_is_fresh(&w, base + c), want);
            if (w.next > 0)
                assert_int_equal(ol_replay_full(&w, (uint16_t)(base + c)), base + c);
            if (!want || rnd(&s) % 16 == 0) /* now and then the tag does not verify */
                continue;
            ol_replay_take(&w, base + c);
            taken[c] = 1, is_any = true;
            highest = c > highest ? c : highest;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_rows),
        cmocka_unit_test(full_is_the_nearest),
        cmocka_unit_test(edges_of_the_window),
        cmocka_unit_test(window_against_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
