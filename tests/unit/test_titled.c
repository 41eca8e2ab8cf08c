#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/titled.h"

static ol_err take_all(void *ctx, ol_str section, ol_str key, ol_str value, const char **why) {
    (void)section, (void)value, (void)why;
    *(unsigned *)ctx += key.len > 0;
    return OL_OK;
}

static ol_err read_text(const char *text, size_t len, unsigned *keys, ol_ini_at *at) {
    return ol_titled_read("openline card", "no card", (ol_str){ text, len }, take_all, keys, at);
}

static const struct {
    const char *text;
    ol_err want;
    unsigned line, column;
} rows[] = {
    { "openline card v1\n", OL_OK, 0, 0 },
    { "openline card v1\na = 1\n", OL_OK, 0, 0 },
    { "", OL_EFORM, 1, 1 },
    { "openline card", OL_EFORM, 1, 1 },
    { "openline card ", OL_EFORM, 1, 1 },
    { "openline cards v1\n", OL_EFORM, 1, 1 },
    { "openline card v", OL_EFORM, 1, 1 },
    { "openline card v1", OL_EFORM, 1, 1 },
    { "openline card v10\n", OL_EVERSION, 1, 1 },
    { "openline card v1\r\n", OL_EFORM, 1, 1 },
    { "openline card v2\n", OL_EVERSION, 1, 1 },
    { "openline card v01\n", OL_EVERSION, 1, 1 },
    { "\nopenline card v1\n", OL_EFORM, 1, 1 },
    { "openline card v1\na = 1", OL_EFORM, 2, 1 },
    { "openline card v1\na = 1\na = 2\n", OL_EFORM, 3, 1 },
    { "openline card v1\n\na  = 1\n", OL_EFORM, 3, 2 },
};

static void titled_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        unsigned keys = 0;
        ol_ini_at at = { 0, 0, "" };
        print_message("row %zu\n", i);
        assert_int_equal(read_text(rows[i].text, strlen(rows[i].text), &keys, &at), rows[i].want);
        assert_int_equal(at.line, rows[i].line);
        assert_int_equal(at.column, rows[i].column);
        assert_int_equal(read_text(rows[i].text, strlen(rows[i].text), &keys, NULL), rows[i].want);
    }
}

static void the_whole_text_counts(void **state) {
    (void)state;
    static char text[OL_INI_TEXT_MAX + 1];
    unsigned keys = 0;
    ol_ini_at at = { 0, 0, "" };
    memset(text, '\n', sizeof text);
    memcpy(text, "openline card v1", 16);
    assert_int_equal(read_text(text, OL_INI_TEXT_MAX, &keys, &at), OL_OK);
    assert_int_equal(read_text(text, OL_INI_TEXT_MAX + 1, &keys, &at), OL_ELIMIT);
    assert_int_equal(at.line, 1);
}

static void places_and_words(void **state) {
    (void)state;
    static const char text[] = "a\n美国 x\n";
    ol_ini_at at = ol_titled_at((ol_str){ text, sizeof text - 1 }, strchr(text, 'x'), "why");
    assert_int_equal(at.line, 2);
    assert_int_equal(at.column, 4);
    assert_string_equal(at.why, "why");

    ol_str rest = { "one  two", 8 }, word;
    assert_true(ol_titled_word(&rest, &word));
    assert_true(ol_titled_is(word, "one"));
    assert_true(ol_titled_word(&rest, &word));
    assert_true(ol_titled_is(word, ""));
    assert_true(ol_titled_word(&rest, &word));
    assert_true(ol_titled_is(word, "two"));
    assert_false(ol_titled_word(&rest, &word));
    assert_false(ol_titled_is(word, "tw"));
    assert_false(ol_titled_is(word, "twos"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(titled_rows),
        cmocka_unit_test(the_whole_text_counts),
        cmocka_unit_test(places_and_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
