/* web/backoff: waits double up to a minute, are of one officer of one line, and end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "web/backoff.h"

static uint64_t until(const ol_backoff *b, const char *line, uint16_t officer) {
    const char *from;
    return ol_backoff_until(b, line, officer, &from);
}

static void backoff_waits(void **state) {
    static ol_backoff b;
    static const unsigned want_s[] = { 2, 4, 8, 16, 32, 60, 60, 60 };
    const char *from;
    (void)state;
    for (size_t i = 0; i < sizeof want_s / sizeof *want_s; i++) {
        ol_backoff_failed(&b, "hotline", 1, i == 0 ? "10.0.0.5" : "10.0.0.6", 1000 * i);
        assert_int_equal(until(&b, "hotline", 1), 1000 * (i + want_s[i]));
    }
    (void)ol_backoff_until(&b, "hotline", 1, &from);
    assert_string_equal(from, "10.0.0.6");
    assert_int_equal(until(&b, "hotline", 2), 0);
    assert_int_equal(until(&b, "other", 1), 0);
    ol_backoff_failed(&b, "hotline", 1, "x", 67000 + 600000); /* not yet ten minutes */
    assert_int_equal(until(&b, "hotline", 1), 667000 + 60000);
    ol_backoff_failed(&b, "hotline", 1, "x", 727001 + 600000);
    assert_int_equal(until(&b, "hotline", 1), 1327001 + 2000);
    ol_backoff_right(&b, "hotline", 1);
    ol_backoff_right(&b, "hotline", 9);
    assert_int_equal(until(&b, "hotline", 1), 0);
}

/* Whoever tries at many officers frees none that he still waits for. */
static void backoff_rows(void **state) {
    static ol_backoff b;
    (void)state;
    for (uint16_t n = 1; n <= OL_BACKOFF_ROWS + 1; n++)
        ol_backoff_failed(&b, "hotline", n, "x", 2000u * n);
    assert_int_equal(until(&b, "hotline", 1), 0); /* its wait ended first */
    for (uint16_t n = 2; n <= OL_BACKOFF_ROWS + 1; n++)
        assert_int_equal(until(&b, "hotline", n), 2000u * n + 2000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backoff_waits),
        cmocka_unit_test(backoff_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
