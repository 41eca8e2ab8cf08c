/* base/ini: one row per rule, with the line, column and reason that an operator reads. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/ini.h"

typedef struct {
    char trace[256];
    size_t len;
} log_of_calls;

static ol_err note_call(void *ctx, ol_str section, ol_str key, ol_str value, const char **why) {
    log_of_calls *log = ctx;
    assert_int_equal(key.len == 0, value.len == 0);
    assert_int_equal(section.len, strnlen(section.p, section.len));
    if (key.len == 4 && memcmp(key.p, "deny", 4) == 0) {
        *why = "unknown key";
        return OL_EFORM;
    }
    if (value.len == 3 && memcmp(value.p, "bad", 3) == 0) {
        *why = "value is bad";
        return OL_ELIMIT;
    }
    if (section.len == 4 && memcmp(section.p, "deny", 4) == 0)
        return OL_EFORM;
    int n = snprintf(log->trace + log->len, sizeof log->trace - log->len, "%.*s|%.*s|%.*s;",
                     (int)section.len, section.p, (int)key.len, key.p, (int)value.len, value.p);
    log->len += (size_t)n;
    return OL_OK;
}

static const struct {
    const char *name, *in;
    ol_err want;
    unsigned line, column;
    const char *says; /* the calls made, or the reason */
} rows[] = {
    { "empty", "", OL_OK, 0, 0, "" },
    { "empty lines", "\n\n", OL_OK, 0, 0, "" },
    { "comment", "# [x] a = b\n", OL_OK, 0, 0, "" },
    { "key before a section", "a = 1\n", OL_OK, 0, 0, "|a|1;" },
    { "section and keys", "[s]\na = 1\nb.c-d_9 = x = y # z\n", OL_OK, 0, 0,
      "s||;s|a|1;s|b.c-d_9|x = y # z;" },
    { "edges of the alphabet", "[az.09-_]\naz.09-_ = x\n", OL_OK, 0, 0,
      "az.09-_||;az.09-_|az.09-_|x;" },
    { "above z", "{ = x\n", OL_EFORM, 1, 1, "a line is a comment, [section] or key = value" },
    { "below a", "` = x\n", OL_EFORM, 1, 1, "a line is a comment, [section] or key = value" },
    { "above 9", ": = x\n", OL_EFORM, 1, 1, "a line is a comment, [section] or key = value" },
    { "below 0", "/ = x\n", OL_EFORM, 1, 1, "a line is a comment, [section] or key = value" },
    { "two words", "[party usa]\n", OL_OK, 0, 0, "party usa||;" },
    { "same key, two sections", "a = 1\n[s]\na = 2\n[t]\na = 3\n", OL_OK, 0, 0,
      "|a|1;s||;s|a|2;t||;t|a|3;" },
    { "value with inner spaces", "a = b  c\n", OL_OK, 0, 0, "|a|b  c;" },
    { "value not ASCII", "a = \xe4\xbd\xa0\n", OL_OK, 0, 0, "|a|\xe4\xbd\xa0;" },
    { "no last newline", "a = 1\nb = 2", OL_EFORM, 2, 1,
      "the last line does not end in a newline" },
    { "return", "a = 1\r\n", OL_EFORM, 1, 6, "not UTF-8, or a control character" },
    { "tab in a comment", "#\t\n", OL_EFORM, 1, 2, "not UTF-8, or a control character" },
    { "column counts characters", "a = \xe4\xbd\xa0\xe5\xa5\xbd\xff\n", OL_EFORM, 1, 7,
      "not UTF-8, or a control character" },
    { "indented comment", " # x\n", OL_EFORM, 1, 1,
      "a line is a comment, [section] or key = value" },
    { "indented key", " a = 1\n", OL_EFORM, 1, 1, "a line is a comment, [section] or key = value" },
    { "semicolon", "; x\n", OL_EFORM, 1, 1, "a line is a comment, [section] or key = value" },
    { "upper case key", "A = 1\n", OL_EFORM, 1, 1,
      "a line is a comment, [section] or key = value" },
    { "key of two words", "a b = 1\n", OL_EFORM, 1, 2, "a key is followed by ' = ' and a value" },
    { "no equals", "a\n", OL_EFORM, 1, 2, "a key is followed by ' = ' and a value" },
    { "no space before", "a= 1\n", OL_EFORM, 1, 2, "a key is followed by ' = ' and a value" },
    { "no space after", "a =1\n", OL_EFORM, 1, 2, "a key is followed by ' = ' and a value" },
    { "two spaces before", "a  = 1\n", OL_EFORM, 1, 2, "a key is followed by ' = ' and a value" },
    { "two spaces after", "a =  1\n", OL_EFORM, 1, 5, "value begins with a space" },
    { "space last", "a = 1 \n", OL_EFORM, 1, 6, "value ends with a space" },
    { "value missing", "a = \n", OL_EFORM, 1, 5, "value is missing" },
    { "section open", "[s\n", OL_EFORM, 1, 3, "section without ']' at the end of the line" },
    { "bracket alone", "[\n", OL_EFORM, 1, 2, "section without ']' at the end of the line" },
    { "section, then text", "[s] x\n", OL_EFORM, 1, 6,
      "section without ']' at the end of the line" },
    { "section empty", "[]\n", OL_EFORM, 1, 2, "section without a name" },
    { "section upper case", "[aB]\n", OL_EFORM, 1, 3, "section names are words of a-z 0-9 - . _" },
    { "section space first", "[ a]\n", OL_EFORM, 1, 2, "section names are words of a-z 0-9 - . _" },
    { "section space last", "[a ]\n", OL_EFORM, 1, 3, "section names are words of a-z 0-9 - . _" },
    { "section two spaces", "[a  b]\n", OL_EFORM, 1, 4,
      "section names are words of a-z 0-9 - . _" },
    { "section in section", "[[a]]\n", OL_EFORM, 1, 2, "section names are words of a-z 0-9 - . _" },
    { "section twice", "[s]\n[t]\n[s]\n", OL_EFORM, 3, 2, "section stands twice" },
    { "key twice", "[s]\na = 1\nb = 1\na = 1\n", OL_EFORM, 4, 1, "key stands twice" },
    { "key twice before a section", "a = 1\na = 1\n", OL_EFORM, 2, 1, "key stands twice" },
    { "refused key", "[s]\n\ndeny = 1\n", OL_EFORM, 3, 1, "unknown key" },
    { "refused value", "key = bad\n", OL_ELIMIT, 1, 7, "value is bad" },
    { "refused section", "a = 1\n[deny]\n", OL_EFORM, 2, 2, "refused" },
};

static void ini_rows(void **state) {
    for (size_t i = 0; (void)state, i < OL_LEN(rows); i++) {
        log_of_calls log = { .len = 0 };
        ol_ini_at at = { 0, 0, "untouched" };
        print_message("row %s\n", rows[i].name);
        ol_err err = ol_ini_read(rows[i].in, strlen(rows[i].in), note_call, &log, &at);
        assert_int_equal(err, rows[i].want);
        assert_int_equal(at.line, rows[i].line);
        assert_int_equal(at.column, rows[i].column);
        assert_string_equal(err == OL_OK ? log.trace : at.why, rows[i].says);
        assert_int_equal(ol_ini_read(rows[i].in, strlen(rows[i].in), note_call,
                                     &(log_of_calls){ .len = 0 }, NULL),
                         rows[i].want);
    }
}

static ol_err count_call(void *ctx, ol_str section, ol_str key, ol_str value, const char **why) {
    (void)section, (void)key, (void)value, (void)why;
    ++*(size_t *)ctx;
    return OL_OK;
}

static ol_err read_sized(const char *head, size_t fill, const char *tail, ol_ini_at *ret_at) {
    static char text[OL_INI_TEXT_MAX + 2];
    size_t n = strlen(head), calls = 0;
    memcpy(text, head, n);
    memset(text + n, 'x', fill);
    memcpy(text + n + fill, tail, strlen(tail) + 1);
    return ol_ini_read(text, n + fill + strlen(tail), count_call, &calls, ret_at);
}

static void ini_limits(void **state) {
    (void)state;
    ol_ini_at at;
    assert_int_equal(read_sized("a = ", 1000, "\n", &at), OL_OK);
    assert_int_equal(read_sized("a = ", 1001, "\n", &at), OL_ELIMIT);
    assert_string_equal(at.why, "value is longer than 1000 bytes");
    assert_int_equal(at.column, 5);
    assert_int_equal(read_sized("#", 1023, "\n", &at), OL_OK);
    assert_int_equal(read_sized("\n#", 1024, "\n", &at), OL_ELIMIT);
    assert_string_equal(at.why, "line is longer than 1024 bytes");
    assert_int_equal(at.line, 2);
    assert_int_equal(at.column, 1);
}

static void ini_whole_text(void **state) {
    (void)state;
    static char text[OL_INI_TEXT_MAX + 1];
    size_t calls = 0;
    ol_ini_at at;
    memset(text, '\n', sizeof text);
    assert_int_equal(ol_ini_read(text, OL_INI_TEXT_MAX, count_call, &calls, &at), OL_OK);
    assert_int_equal(ol_ini_read(text, OL_INI_TEXT_MAX + 1, count_call, &calls, &at), OL_ELIMIT);
    assert_int_equal(at.line, 1);
    assert_int_equal(at.column, 1);
    assert_int_equal(calls, 0);
}

static void ini_counts(void **state) {
    (void)state;
    static char text[OL_INI_TEXT_MAX];
    for (unsigned keys = OL_INI_KEYS_MAX - 1; keys <= OL_INI_KEYS_MAX; keys++) {
        size_t len = (size_t)snprintf(text, sizeof text, "[s]\n"), calls = 0;
        for (unsigned i = 0; i < keys; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, "k%u = 1\n", i);
        ol_ini_at at;
        ol_err want = keys < OL_INI_KEYS_MAX ? OL_OK : OL_ELIMIT;
        assert_int_equal(ol_ini_read(text, len, count_call, &calls, &at), want);
        assert_int_equal(calls, OL_INI_KEYS_MAX);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ini_rows),
        cmocka_unit_test(ini_limits),
        cmocka_unit_test(ini_whole_text),
        cmocka_unit_test(ini_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
