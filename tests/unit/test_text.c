/* base/text: every form with rows on both sides of each boundary. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void hex_rows(void **state) {
    static const struct {
        const char *in;
        size_t n;
        ol_err want;
    } rows[] = {
        { "", 0, OL_OK },       { "00", 1, OL_OK },    { "ff09af", 3, OL_OK },
        { "0", 0, OL_EFORM },   { "0", 1, OL_EFORM },  { "00", 0, OL_EFORM },
        { "00", 2, OL_EFORM },  { "FF", 1, OL_EFORM }, { "0g", 1, OL_EFORM },
        { "0/", 1, OL_EFORM },  { "0:", 1, OL_EFORM }, { "`0", 1, OL_EFORM },
        { " 00", 1, OL_EFORM }, { "0x", 1, OL_EFORM },
    };
    for (size_t i = 0; (void)state, i < OL_LEN(rows); i++) {
        uint8_t b[3] = { 0xa5, 0xa5, 0xa5 };
        char back[7];
        print_message("row '%s'\n", rows[i].in);
        assert_int_equal(ol_hex_get(rows[i].in, strlen(rows[i].in), b, rows[i].n), rows[i].want);
        if (rows[i].want != OL_OK) {
            assert_int_equal(b[0], 0xa5);
            continue;
        }
        ol_hex_put(b, rows[i].n, back);
        assert_string_equal(back, rows[i].in);
    }
}

static void base64_rows(void **state) {
    static const struct {
        const char *in;
        ol_err want;
        size_t n;
    } rows[] = {
        { "", OL_OK, 0 },         { "AA==", OL_OK, 1 },         { "AAA=", OL_OK, 2 },
        { "AAAA", OL_OK, 3 },     { "+/+/", OL_OK, 3 },         { "AAAAAA==", OL_OK, 4 },
        { "AAAAAAA=", OL_OK, 5 }, { "AAAAAAAA", OL_ELIMIT, 0 }, { "A", OL_EFORM, 0 },
        { "AA", OL_EFORM, 0 },    { "AAA", OL_EFORM, 0 },       { "AA=", OL_EFORM, 0 },
        { "A===", OL_EFORM, 0 },  { "====", OL_EFORM, 0 },      { "AB==", OL_EFORM, 0 },
        { "AQ==", OL_OK, 1 },     { "AAB=", OL_EFORM, 0 },      { "AAE=", OL_OK, 2 },
        { "AA=A", OL_EFORM, 0 },  { "=AAA", OL_EFORM, 0 },      { "AA==AA==", OL_EFORM, 0 },
        { "-_-_", OL_EFORM, 0 },  { "AA A", OL_EFORM, 0 },      { "AAA\n", OL_EFORM, 0 },
        { "A@AA", OL_EFORM, 0 },  { "A[AA", OL_EFORM, 0 },      { "A`AA", OL_EFORM, 0 },
        { "A{AA", OL_EFORM, 0 },  { "A:AA", OL_EFORM, 0 },      { "A.AA", OL_EFORM, 0 },
        { "A*AA", OL_EFORM, 0 },
    };
    for (size_t i = 0; (void)state, i < OL_LEN(rows); i++) {
        uint8_t b[5];
        char back[9];
        size_t n = 99;
        print_message("row '%s'\n", rows[i].in);
        assert_int_equal(ol_b64_get(rows[i].in, strlen(rows[i].in), b, sizeof b, &n), rows[i].want);
        assert_int_equal(n, rows[i].want == OL_OK ? rows[i].n : 99);
        bool is_valid = ol_b64_is_valid(rows[i].in, strlen(rows[i].in));
        assert_int_equal(is_valid, rows[i].want != OL_EFORM);
        if (rows[i].want != OL_OK)
            continue;
        ol_b64_put(b, n, back);
        assert_string_equal(back, rows[i].in);
    }
}

/* RFC 4648 §10 */
static void base64_published(void **state) {
    static const char *const want[] = { "",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
    for (size_t n = 0; (void)state, n < OL_LEN(want); n++) {
        char to[9];
        ol_b64_put((const uint8_t *)"foobar", n, to);
        assert_string_equal(to, want[n]);
        assert_int_equal(strlen(to), OL_B64_LEN(n));
    }
}

/* Every digit, and every neighbour of a digit, at each of the four places. */
static void base64_alphabet(void **state) {
    (void)state;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int c = 1; c < 256; c++) {
        const char *at = strchr(digits, c);
        for (size_t place = 0; place < 4; place++) {
            char s[5] = "AAAA", back[5];
            uint8_t b[3];
            size_t n = 0;
            s[place] = (char)c;
            bool is_pad = c == '=' && place == 3;
            ol_err want = at != NULL || is_pad ? OL_OK : OL_EFORM;
            assert_int_equal(ol_b64_get(s, 4, b, sizeof b, &n), want);
            if (at == NULL)
                continue;
            uint32_t v = (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
            assert_int_equal(v >> (6 * (3 - place)) & 63, at - digits);
            ol_b64_put(b, 3, back);
            assert_string_equal(back, s);
        }
    }
}

static void spaces(void **state) {
    (void)state;
    static const struct {
        uint32_t from, to;
    } space[] = {
        { 9, 13 },          { 0x20, 0x20 },     { 0x85, 0x85 },     { 0xa0, 0xa0 },
        { 0x1680, 0x1680 }, { 0x2000, 0x200a }, { 0x2028, 0x2029 }, { 0x202f, 0x202f },
        { 0x205f, 0x205f }, { 0x3000, 0x3000 },
    };
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        bool want = false;
        for (size_t i = 0; i < OL_LEN(space); i++)
            want |= c >= space[i].from && c <= space[i].to;
        if (ol_utf8_is_space(c) != want)
            fail_msg("U+%04X", c);
    }
}

static size_t utf8_put(uint32_t c, char *to) {
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint32_t lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (size_t i = n; i-- > 1; c >>= 6)
        to[i] = (char)(0x80 | (c & 63));
    to[0] = (char)(lead[n] | c);
    return n;
}

/* Each character four times: two words if it is dense, else one. */
static void dense_ranges(void **state) {
    (void)state;
    static const struct {
        uint32_t from, to;
    } dense[] = {
        { 0x0e00, 0x0eff }, { 0x1000, 0x109f }, { 0x1100, 0x11ff }, { 0x1780, 0x17ff },
        { 0x2e80, 0x2fdf }, { 0x3005, 0x3007 }, { 0x3040, 0x30ff }, { 0x3130, 0x318f },
        { 0x31f0, 0x31ff }, { 0x3400, 0x4dbf }, { 0x4e00, 0x9fff }, { 0xa960, 0xa97f },
        { 0xac00, 0xd7ff }, { 0xf900, 0xfaff }, { 0xff66, 0xffdc }, { 0x20000, 0x3ffff },
    };
    for (uint32_t c = 0x21; c <= 0x10ffff; c++) {
        char s[16];
        size_t want = 1, n = 0;
        for (size_t i = 0; i < OL_LEN(dense); i++)
            want += c >= dense[i].from && c <= dense[i].to;
        if (c == 0x3000 || (c >= 0xd800 && c <= 0xdfff))
            continue;
        for (int i = 0; i < 4; i++)
            n += utf8_put(c, s + n);
        if (ol_text_words((const uint8_t *)s, n) != want)
            fail_msg("U+%04X", c);
    }
}

static void decimal_rows(void **state) {
    static const struct {
        const char *in;
        uint64_t min, max;
        ol_err want;
    } rows[] = {
        { "", 0, 9, OL_EFORM },
        { "0", 0, 9, OL_OK },
        { "0", 1, 9, OL_ELIMIT },
        { "1", 1, 9, OL_OK },
        { "9", 1, 9, OL_OK },
        { "10", 1, 9, OL_ELIMIT },
        { "00", 0, 9, OL_EFORM },
        { "01", 0, 9, OL_EFORM },
        { "+1", 0, 9, OL_EFORM },
        { "-1", 0, 9, OL_EFORM },
        { " 1", 0, 9, OL_EFORM },
        { "1 ", 0, 9, OL_EFORM },
        { "1/", 0, 99, OL_EFORM },
        { "1:", 0, 99, OL_EFORM },
        { "0x1", 0, 9, OL_EFORM },
        { "18446744073709551615", 0, UINT64_MAX, OL_OK },
        { "18446744073709551616", 0, UINT64_MAX, OL_ELIMIT },
        { "18446744073709551620", 0, UINT64_MAX, OL_ELIMIT },
        { "99999999999999999999", 0, UINT64_MAX, OL_ELIMIT },
        { "99999999999999999999x", 0, UINT64_MAX, OL_EFORM },
    };
    for (size_t i = 0; (void)state, i < OL_LEN(rows); i++) {
        uint64_t v = 77;
        char back[21];
        print_message("row '%s'\n", rows[i].in);
        assert_int_equal(ol_u64_get(rows[i].in, strlen(rows[i].in), rows[i].min, rows[i].max, &v),
                         rows[i].want);
        if (rows[i].want != OL_OK) {
            assert_int_equal(v, 77);
            continue;
        }
        ol_u64_put(v, back);
        assert_string_equal(back, rows[i].in);
    }
}

static const struct {
    const char *name, *in;
    bool utf8;
    ol_err line, body;
    size_t at;
} texts[] = {
    { "empty", "", true, OL_OK, OL_OK, 0 },
    { "tilde", "~", true, OL_OK, OL_OK, 0 },
    { "unit separator", "a\x1f", true, OL_EFORM, OL_EFORM, 1 },
    { "space", " ", true, OL_OK, OL_OK, 0 },
    { "tab", "ab\t", true, OL_EFORM, OL_EFORM, 2 },
    { "newline", "ab\n", true, OL_EFORM, OL_OK, 2 },
    { "return", "\r\n", true, OL_EFORM, OL_EFORM, 0 },
    { "DEL", "\x7f", true, OL_EFORM, OL_EFORM, 0 },
    { "U+0080", "\xc2\x80", true, OL_EFORM, OL_EFORM, 0 },
    { "U+009F", "\xc2\x9f", true, OL_EFORM, OL_EFORM, 0 },
    { "U+00A0", "\xc2\xa0", true, OL_OK, OL_OK, 0 },
    { "overlong slash", "\xc0\xaf", false, OL_EFORM, OL_EFORM, 0 },
    { "overlong C1", "\xc1\xbf", false, OL_EFORM, OL_EFORM, 0 },
    { "overlong 3", "\xe0\x9f\xbf", false, OL_EFORM, OL_EFORM, 0 },
    { "U+0800", "\xe0\xa0\x80", true, OL_OK, OL_OK, 0 },
    { "U+D7FF", "\xed\x9f\xbf", true, OL_OK, OL_OK, 0 },
    { "U+D800", "\xed\xa0\x80", false, OL_EFORM, OL_EFORM, 0 },
    { "U+DFFF", "\xed\xbf\xbf", false, OL_EFORM, OL_EFORM, 0 },
    { "U+E000", "\xee\x80\x80", true, OL_OK, OL_OK, 0 },
    { "overlong 4", "\xf0\x8f\xbf\xbf", false, OL_EFORM, OL_EFORM, 0 },
    { "U+10000", "\xf0\x90\x80\x80", true, OL_OK, OL_OK, 0 },
    { "U+10FFFF", "\xf4\x8f\xbf\xbf", true, OL_OK, OL_OK, 0 },
    { "U+110000", "\xf4\x90\x80\x80", false, OL_EFORM, OL_EFORM, 0 },
    { "F5", "\xf5\x80\x80\x80", false, OL_EFORM, OL_EFORM, 0 },
    { "FF", "\xff", false, OL_EFORM, OL_EFORM, 0 },
    { "lone continuation", "a\x80", false, OL_EFORM, OL_EFORM, 1 },
    { "followed by letters",
      "\xe4"
      "AB",
      false, OL_EFORM, OL_EFORM, 0 },
    { "cut", "\xe4\xbd", false, OL_EFORM, OL_EFORM, 0 },
    { "broken", "\xe4\x41\xa0", false, OL_EFORM, OL_EFORM, 0 },
    { "U+2027", "\xe2\x80\xa7", true, OL_OK, OL_OK, 0 },
    { "U+2028", "\xe2\x80\xa8", true, OL_EFORM, OL_EFORM, 0 },
    { "U+2029", "\xe2\x80\xa9", true, OL_EFORM, OL_EFORM, 0 },
    { "U+202A", "\xe2\x80\xaa", true, OL_EFORM, OL_EFORM, 0 },
    { "U+202E", "\xe2\x80\xae", true, OL_EFORM, OL_EFORM, 0 },
    { "U+202F", "\xe2\x80\xaf", true, OL_OK, OL_OK, 0 },
    { "U+2065", "\xe2\x81\xa5", true, OL_OK, OL_OK, 0 },
    { "U+2066", "\xe2\x81\xa6", true, OL_EFORM, OL_EFORM, 0 },
    { "U+2069", "\xe2\x81\xa9", true, OL_EFORM, OL_EFORM, 0 },
    { "U+206A", "\xe2\x81\xaa", true, OL_OK, OL_OK, 0 },
    { "U+200F", "\xe2\x80\x8f", true, OL_OK, OL_OK, 0 },
    { "U+FEFE", "\xef\xbb\xbe", true, OL_OK, OL_OK, 0 },
    { "U+FEFF", "\xef\xbb\xbf", true, OL_EFORM, OL_EFORM, 0 },
    { "U+FF00", "\xef\xbc\x80", true, OL_OK, OL_OK, 0 },
    { "after Han", "\xe4\xbd\xa0\xe5\xa5\xbd\x07", true, OL_EFORM, OL_EFORM, 6 },
};

static void text_rows(void **state) {
    for (size_t i = 0; (void)state, i < OL_LEN(texts); i++) {
        const uint8_t *s = (const uint8_t *)texts[i].in;
        size_t len = strlen(texts[i].in), at = 99;
        print_message("row %s\n", texts[i].name);
        assert_int_equal(ol_utf8_is_valid(s, len), texts[i].utf8);
        assert_int_equal(ol_text_check(s, len, OL_TEXT_LINE, &at), texts[i].line);
        assert_int_equal(at, texts[i].line == OL_OK ? 99 : texts[i].at);
        assert_int_equal(ol_text_check(s, len, OL_TEXT_BODY, NULL), texts[i].body);
    }
    assert_int_equal(ol_text_check((const uint8_t *)"a\0b", 3, OL_TEXT_BODY, NULL), OL_EFORM);
    assert_true(ol_utf8_is_valid((const uint8_t *)"a\0b", 3));
}

/* Wherever in a text a byte stands, it is judged as where it stands alone. */
static void each_byte_anywhere(void **state) {
    (void)state;
    uint8_t s[40];
    for (unsigned c = 0; c < 256; c++) {
        uint8_t one = (uint8_t)c;
        bool is_utf8 = ol_utf8_is_valid(&one, 1);
        ol_err line = ol_text_check(&one, 1, OL_TEXT_LINE, NULL);
        ol_err body = ol_text_check(&one, 1, OL_TEXT_BODY, NULL);
        assert_int_equal(is_utf8, c < 0x80);
        assert_int_equal(line, c >= 0x20 && c < 0x7f ? OL_OK : OL_EFORM);
        assert_int_equal(body, (c >= 0x20 && c < 0x7f) || c == '\n' ? OL_OK : OL_EFORM);
        for (size_t len = 1; len <= sizeof s; len++) {
            for (size_t at = 0; at < len; at++) {
                size_t where = 99;
                memset(s, at % 2 == 0 ? ' ' : '~', sizeof s);
                s[at] = one;
                assert_int_equal(ol_utf8_is_valid(s, len), is_utf8);
                assert_int_equal(ol_text_check(s, len, OL_TEXT_LINE, &where), line);
                assert_int_equal(where, line == OL_OK ? 99 : at);
                assert_int_equal(ol_text_check(s, len, OL_TEXT_BODY, NULL), body);
            }
        }
    }
}

static void word_rows(void **state) {
    static const struct {
        const char *in;
        size_t want;
    } rows[] = {
        { "", 0 },
        { " ", 0 },
        { "\n \n", 0 },
        { "a", 1 },
        { "a b", 2 },
        { "  a  b  ", 2 },
        { "a\nb", 2 },
        { "a\xe3\x80\x80"
          "b",
          2 }, /* ideographic space */
        { "a\xc2\xa0"
          "b",
          1 }, /* no-break space */
        { "don't stop, please.", 3 },
        { "yes - no", 3 },
        { "\xd0\xb4\xd0\xb0 \xd0\xbd\xd0\xb5\xd1\x82", 2 }, /* Russian */
        { "\xe4\xbd\xa0", 1 },
        { "\xe4\xbd\xa0\xe5\xa5\xbd", 1 },
        { "\xe4\xbd\xa0\xe5\xa5\xbd\xe5\x90\x97", 2 },
        { "\xe4\xbd\xa0 \xe5\xa5\xbd", 1 }, /* rounded over the text */
        { "\xe4\xbd\xa0 a", 2 },
        { "a \xe4\xbd\xa0", 2 },
        { "a\xe4\xbd\xa0", 1 }, /* a run with a dense character is not counted again */
        { "\xe4\xbd\xa0"
          "a",
          1 },
        { "\xe4\xbd\xa0"
          "abc\xe4\xbd\xa0",
          1 },
        { "\xe4\xbd\xa0"
          "abc\xe4\xbd\xa0\xe5\xa5\xbd abc",
          3 },
        { "abc \xe4\xbd\xa0"
          "abc\nabc",
          3 },
        { "\xec\x95\x88\xeb\x85\x95 \xed\x95\x98\xec\x84\xb8\xec\x9a\x94", 3 }, /* Hangul 2 + 3 */
        { "\xe3\x81\x82\xe3\x82\xa2\xe3\x80\x82", 1 }, /* Kana; their full stop is not counted */
    };
    for (size_t i = 0; (void)state, i < OL_LEN(rows); i++) {
        print_message("row '%s'\n", rows[i].in);
        assert_int_equal(ol_text_words((const uint8_t *)rows[i].in, strlen(rows[i].in)),
                         rows[i].want);
    }
}

static void name_rows(void **state) {
    static const struct {
        const char *in;
        bool want;
    } rows[] = {
        { "", false },
        { "a", true },
        { "z9-", true },
        { "9a", false },
        { "-a", false },
        { "{", false },
        { "`", false },
        { "A", false },
        { "aB", false },
        { "a b", false },
        { "a/b", false },
        { "a+b", false },
        { "a.b", false },
        { "a_b", false },
        { "a\xc3\xa4", false },
        { "abcdefghijklmnopqrstuvwxyz012345", true },
        { "abcdefghijklmnopqrstuvwxyz0123456", false },
    };
    for (size_t i = 0; (void)state, i < OL_LEN(rows); i++) {
        print_message("row '%s'\n", rows[i].in);
        assert_int_equal(ol_name_is_valid(rows[i].in, strlen(rows[i].in)), rows[i].want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_rows),         cmocka_unit_test(base64_rows),
        cmocka_unit_test(base64_published), cmocka_unit_test(decimal_rows),
        cmocka_unit_test(base64_alphabet),  cmocka_unit_test(spaces),
        cmocka_unit_test(dense_ranges),     cmocka_unit_test(text_rows),
        cmocka_unit_test(word_rows),        cmocka_unit_test(each_byte_anywhere),
        cmocka_unit_test(name_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
