/* paper/groups: every mistake that a person makes with digits is found, in the line where it was
 * made. Mistakes are enumerated, not drawn. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "paper/groups.h"

enum { LEN = 75, LINES = 4 }; /* 18 + 22 + 22 + 13 bytes: an odd end, all sorts of lines */

static uint8_t bundle[OL_GROUPS_BUNDLE_MAX];
static char line[LINES + 1][OL_GROUPS_TEXT_MAX + 1]; /* of the bundle's first LEN bytes, from 1 */
static ol_groups g;

static int make(void **state) {
    (void)state;
    uint32_t x = 7;
    for (size_t i = 0; i < sizeof bundle; i++)
        x = x * 1664525 + 1013904223, bundle[i] = (uint8_t)(x >> 24);
    for (size_t n = 1; n <= LINES; n++)
        ol_groups_put(bundle, LEN, n, line[n]);
    return 0;
}

static ol_groups_wrong take(const char *text) {
    ol_groups_wrong w;
    assert_int_equal(ol_groups_take(&g, text, strlen(text), &w), w.fault);
    return w;
}

static void take_all_but(size_t but) {
    ol_groups_begin(&g);
    for (size_t n = 1; n <= LINES; n++)
        if (n != but)
            assert_int_equal(take(line[n]).fault, OL_GROUPS_RIGHT);
}

static void assert_whole(void) {
    static uint8_t got[OL_GROUPS_BUNDLE_MAX];
    size_t len = 0;
    assert_int_equal(ol_groups_missing(&g, 1), 0);
    assert_int_equal(ol_groups_end(&g, got, &len), OL_OK);
    assert_int_equal(len, LEN);
    assert_memory_equal(got, bundle, LEN);
}

/* The form on paper, and the check group by hand: docs/PROTOCOL.md §12.1 has this example. */
static void example(void **state) {
    (void)state;
    static const uint8_t hello[] = "hello";
    char text[OL_GROUPS_TEXT_MAX + 1];
    assert_int_equal(ol_groups_lines(5), 1);
    ol_groups_put(hello, 5, 1, text);
    assert_string_equal(text, "01  00005 11506 26725 27756 28416  74766");
}

static void sizes(void **state) {
    (void)state;
    static const struct {
        size_t len, lines;
    } row[] = { { 1, 1 },    { 17, 1 },   { 18, 1 },   { 19, 2 },   { 40, 2 },      { 41, 3 },
                { 250, 12 }, { 304, 14 }, { 305, 15 }, { 340, 16 }, { 65535, 2980 } };
    for (size_t i = 0; i < OL_LEN(row); i++) {
        static uint8_t got[OL_GROUPS_BUNDLE_MAX];
        size_t len = 0;
        assert_int_equal(ol_groups_lines(row[i].len), row[i].lines);
        ol_groups_begin(&g);
        for (size_t n = 1; n <= row[i].lines; n++) {
            char text[OL_GROUPS_TEXT_MAX + 1];
            ol_groups_put(bundle, row[i].len, n, text);
            assert_true(strlen(text) <= OL_GROUPS_TEXT_MAX);
            assert_int_equal(take(text).fault, OL_GROUPS_RIGHT);
        }
        assert_int_equal(ol_groups_count(&g), row[i].lines);
        assert_int_equal(ol_groups_end(&g, got, &len), OL_OK);
        assert_int_equal(len, row[i].len);
        assert_memory_equal(got, bundle, len);
    }
}

/* One line is wrong in this way; it alone is refused, and heard again the bundle is whole. */
static void assert_found(size_t n, const char *wrong) {
    ol_groups_wrong w = take(wrong);
    if (w.fault == OL_GROUPS_RIGHT) {
        print_error("not found in line %zu: %s\n           it is  %s\n", n, wrong, line[n]);
        fail();
    }
    char says[OL_GROUPS_SAYS_MAX] = "";
    ol_groups_say(&w, says);
    assert_true(says[0] != '\0');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static unsigned group_of(const char *text, size_t at) { /* 0: in the number */
    unsigned digits = 0;
    for (size_t i = 2; i < at; i++)
        digits += is_digit(text[i]);
    return at < 2 ? 0 : digits / 5 + 1;
}

static void every_wrong_digit(void **state) {
    (void)state;
    size_t told = 0, all = 0;
    for (size_t n = 1; n <= LINES; n++) {
        take_all_but(n);
        for (size_t at = 0; line[n][at] != '\0'; at++)
            for (char d = '0'; is_digit(line[n][at]) && d <= '9'; d++) {
                char wrong[OL_GROUPS_TEXT_MAX + 1];
                memcpy(wrong, line[n], sizeof wrong);
                wrong[at] = d;
                if (d == line[n][at])
                    continue;
                assert_found(n, wrong);
                ol_groups_wrong w = take(wrong);
                bool is_head = n == 1 && group_of(wrong, at) == 1; /* of another length */
                assert_true(w.group == 0 || w.group == group_of(wrong, at) || is_head);
                assert_true(at < 2 || w.number == n);
                assert_true(at >= 2 || w.belongs == n || w.fault != OL_GROUPS_CHECK);
                told += w.group != 0, all++;
            }
        assert_int_equal(ol_groups_missing(&g, 1), n);
        assert_int_equal(take(line[n]).fault, OL_GROUPS_RIGHT);
        assert_whole();
    }
    print_message("of %zu wrong digits the group was told of %zu\n", all, told);
    assert_true(told * 10 > all * 9);
}

static void every_two_neighbours(void **state) { /* across spaces, the number's too */
    (void)state;
    for (size_t n = 1; n <= LINES; n++) {
        take_all_but(n);
        for (size_t at = 0; line[n][at] != '\0'; at++) {
            size_t next = at + 1;
            while (line[n][next] == ' ')
                next++;
            char wrong[OL_GROUPS_TEXT_MAX + 1];
            memcpy(wrong, line[n], sizeof wrong);
            wrong[at] = line[n][next], wrong[next] = line[n][at];
            if (is_digit(line[n][at]) && is_digit(line[n][next]) && wrong[at] != wrong[next])
                assert_found(n, wrong);
        }
        assert_int_equal(take(line[n]).fault, OL_GROUPS_RIGHT);
        assert_whole();
    }
}

static size_t place_of_group(const char *text, size_t group) { /* from 1 */
    size_t at = 2, digits = 0;
    for (;; at++) {
        if (!is_digit(text[at]))
            continue;
        if (digits == (group - 1) * 5)
            return at;
        digits++;
    }
}

static size_t groups_in(const char *text) {
    size_t digits = 0;
    for (size_t at = 2; text[at] != '\0'; at++)
        digits += is_digit(text[at]);
    return digits / 5;
}

static void every_two_groups(void **state) { /* neighbours or not, the check group too */
    (void)state;
    for (size_t n = 1; n <= LINES; n++) {
        take_all_but(n);
        for (size_t i = 1; i <= groups_in(line[n]); i++)
            for (size_t j = i + 1; j <= groups_in(line[n]); j++) {
                char wrong[OL_GROUPS_TEXT_MAX + 1];
                memcpy(wrong, line[n], sizeof wrong);
                size_t a = place_of_group(wrong, i), b = place_of_group(wrong, j);
                memcpy(wrong + a, line[n] + b, 5), memcpy(wrong + b, line[n] + a, 5);
                if (memcmp(wrong, line[n], sizeof wrong) != 0)
                    assert_found(n, wrong);
            }
        assert_int_equal(take(line[n]).fault, OL_GROUPS_RIGHT);
        assert_whole();
    }
}

/* All that one or two wrong digits, or two swapped neighbours, add to a line's sum: no two of them
 * in different groups add the same. So two wrong digits never cancel, and one is told from all
 * others. By arithmetic of its own. */
static void sums_differ(void **state) {
    (void)state;
    static uint8_t by[99991]; /* the group that a sum comes from, from 1 */
    memset(by, 0, sizeof by);
    uint64_t weight = 1;
    for (uint8_t i = 1; i <= 13; i++) {
        weight = i == 13 ? 99990 : weight * 11 % 99991; /* the check group is taken away */
        for (uint64_t place = 1; place <= 10000; place *= 10)
            for (uint64_t d = 1; d <= 18; d++) {
                uint64_t by_ten = d > 9 && place < 10000 ? (d - 9) * 9 : 0; /* with the next */
                uint64_t sum = (d <= 9 ? d : by_ten) * place % 99991 * weight % 99991;
                if (d > 9 && by_ten == 0)
                    continue;
                assert_true(sum != 0);
                assert_true(by[sum] == 0 || by[sum] == i);
                assert_true(by[99991 - sum] == 0 || by[99991 - sum] == i);
                by[sum] = by[99991 - sum] = i;
            }
    }
}

static void every_line_in_the_place_of_another(void **state) {
    (void)state;
    for (size_t n = 1; n <= LINES; n++)
        for (size_t m = 1; m <= LINES; m++) {
            char wrong[OL_GROUPS_TEXT_MAX + 1];
            memcpy(wrong, line[m], sizeof wrong);
            memcpy(wrong, line[n], 2);
            if (n == m)
                continue;
            take_all_but(n);
            assert_found(n, wrong);
            ol_groups_wrong w = take(wrong);
            assert_true(w.fault != OL_GROUPS_CHECK || w.belongs == m);
            assert_int_equal(take(line[n]).fault, OL_GROUPS_RIGHT);
            assert_whole();
        }
}

static void lines_missing_twice_and_in_any_order(void **state) {
    (void)state;
    static uint8_t got[OL_GROUPS_BUNDLE_MAX];
    size_t len = 0;
    for (size_t n = 1; n <= LINES; n++) {
        take_all_but(n);
        assert_int_equal(ol_groups_missing(&g, 1), n);
        assert_int_equal(ol_groups_missing(&g, (unsigned)n + 1), 0);
        assert_int_equal(ol_groups_end(&g, got, &len), OL_ESTATE);
        assert_int_equal(take(line[n]).fault, OL_GROUPS_RIGHT);
        assert_int_equal(take(line[n]).fault, OL_GROUPS_RIGHT); /* twice is once */
        assert_whole();
    }
    ol_groups_begin(&g);
    assert_int_equal(ol_groups_missing(&g, 1), 1);
    for (size_t n = LINES; n >= 1; n--)
        assert_int_equal(take(line[n]).fault, OL_GROUPS_RIGHT);
    ol_groups_wrong w;
    assert_int_equal(ol_groups_settle(&g, &w), OL_GROUPS_RIGHT);
    assert_whole();
}

static void a_digit_or_group_lost_or_doubled(void **state) {
    (void)state;
    for (size_t n = 1; n <= LINES; n++) {
        take_all_but(n);
        for (size_t at = 0; line[n][at] != '\0'; at++) { /* lost; then doubled */
            char wrong[OL_GROUPS_TEXT_MAX + 10];
            if (!is_digit(line[n][at]) || at == 0) /* 1 is 01, and so is 001 */
                continue;
            (void)snprintf(wrong, sizeof wrong, "%.*s%s", (int)at, line[n], line[n] + at + 1);
            assert_found(n, wrong);
            assert_true(at < 2 || take(wrong).group == group_of(line[n], at));
            (void)snprintf(wrong, sizeof wrong, "%.*s%s", (int)at + 1, line[n], line[n] + at);
            assert_found(n, wrong);
        }
        for (size_t i = 1; i <= groups_in(line[n]); i++) {
            size_t at = place_of_group(line[n], i);
            char wrong[OL_GROUPS_TEXT_MAX + 10];
            (void)snprintf(wrong, sizeof wrong, "%.*s%s", (int)at, line[n], line[n] + at + 5);
            assert_found(n, wrong);
            (void)snprintf(wrong, sizeof wrong, "%.*s %s", (int)at + 5, line[n], line[n] + at);
            assert_found(n, wrong);
        }
        assert_int_equal(take(line[n]).fault, OL_GROUPS_RIGHT);
        assert_whole();
    }
}

static const struct {
    const char *text;
    ol_groups_fault fault;
    unsigned group, column;
} forms[] = {
    { "", OL_GROUPS_RIGHT, 0, 0 },
    { " \t\r", OL_GROUPS_RIGHT, 0, 0 },
    { "# lines that begin so are for people", OL_GROUPS_RIGHT, 0, 0 },
    { "01  00005 11506 26725 27756 28416  74766", OL_GROUPS_RIGHT, 0, 0 },
    { "1: 00005-11506-26725-27756-28416-74766\r", OL_GROUPS_RIGHT, 0, 0 },
    { "1. 000051150626725277562841674766", OL_GROUPS_RIGHT, 0, 0 },
    { "  0001 00 005 11 506 26 725 27 756 28 416 74766", OL_GROUPS_RIGHT, 0, 0 },
    { "\xEF\xBB\xBF"
      "01\xE3\x80\x80"
      "00005 11506 26725 27756\xE2\x80\x93"
      "28416 74766",
      OL_GROUPS_RIGHT, 0, 0 },
    { "\xEF\xBC\x91 00005 11506 26725 27756 28416 \xD9\xA7\xDB\xB4\xE0\xA5\xAD\xEF\xBC\x96"
      "6",
      OL_GROUPS_RIGHT, 0, 0 },
    { "01  0000S 11506 26725 27756 28416  74766", OL_GROUPS_CHARACTER, 0, 9 },
    { "O1  00005 11506 26725 27756 28416  74766", OL_GROUPS_CHARACTER, 0, 1 },
    { "01  00005 11506 26725 27756 28416  74766.", OL_GROUPS_CHARACTER, 0, 41 },
    { ": 01  00005", OL_GROUPS_CHARACTER, 0, 1 },
    { "01  \xC3 00005", OL_GROUPS_CHARACTER, 0, 5 },
    { "over", OL_GROUPS_CHARACTER, 0, 1 },
    { "00005 11506 26725 27756 28416  74766", OL_GROUPS_NUMBER, 0, 0 },
    { "00  00005 11506 26725 27756 28416  74766", OL_GROUPS_NUMBER, 0, 0 },
    { "2981 00005 11506", OL_GROUPS_NUMBER, 0, 0 },
    { "2980 00005 11506", OL_GROUPS_CHECK, 0, 0 },
    { "01", OL_GROUPS_COUNT, 0, 0 },
    { "01 00005 11506 26725", OL_GROUPS_COUNT, 0, 0 },
    { "01 0000 511506 26725 2775 28416 74766", OL_GROUPS_DIGITS, 1, 0 },
    { "01  00005 11506 26725 2775 28416  74766", OL_GROUPS_DIGITS, 4, 0 },
    { "01  00005115062672527756284167476", OL_GROUPS_DIGITS, 0, 0 },
    { "01  00005 11506 26725 65536 28416  74766", OL_GROUPS_RANGE, 4, 0 },
    { "01  00005 11506 26725 27756 28416  99991", OL_GROUPS_RANGE, 6, 0 },
    { "01  00000 11506 26725 27756 28416  74766", OL_GROUPS_RANGE, 1, 0 },
    { "01  00005 11506 26725 27756 28417  74766", OL_GROUPS_CHECK, 5, 0 },
    { "01  00005 11506 26725 72756 28416  74766", OL_GROUPS_RANGE, 4, 0 },
    { "01  00005 11506 27625 27756 28416  74766", OL_GROUPS_CHECK, 3, 0 },
    { "01  00005 26725 11506 27756 28416  74766", OL_GROUPS_CHECK, 2, 0 },
    { "01  00005 11506 26725 27756 28416  00000", OL_GROUPS_CHECK, 0, 0 },
};

static void rows(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(forms); i++) {
        ol_groups_begin(&g);
        ol_groups_wrong w = take(forms[i].text);
        char says[OL_GROUPS_SAYS_MAX];
        ol_groups_say(&w, says);
        print_message("%s: %s\n", forms[i].text, says);
        assert_int_equal(w.fault, forms[i].fault);
        assert_int_equal(w.group, forms[i].group);
        assert_int_equal(w.column, forms[i].column);
        assert_int_equal(ol_groups_count(&g), w.number == 1 && w.fault == OL_GROUPS_RIGHT);
    }
}

/* What a line has to be is only known by line 1; and two lines may be right and not both. */
static void by_line_1(void **state) {
    (void)state;
    char more[OL_GROUPS_TEXT_MAX + 1], other[OL_GROUPS_TEXT_MAX + 1];
    ol_groups_put(bundle, 200, 7, more);
    uint8_t differs[LEN];
    memcpy(differs, bundle, LEN);
    differs[20] ^= 1;
    ol_groups_put(differs, LEN, 2, other);

    ol_groups_wrong w;
    ol_groups_begin(&g);
    assert_int_equal(take(more).fault, OL_GROUPS_RIGHT);
    assert_int_equal(ol_groups_missing(&g, 1), 1);
    ol_groups_put(bundle, 43, 3, more); /* 3 bytes: 2 groups, where there must be 11 */
    assert_int_equal(take(more).fault, OL_GROUPS_RIGHT);
    assert_int_equal(take(line[1]).fault, OL_GROUPS_RIGHT);
    assert_int_equal(ol_groups_settle(&g, &w), OL_GROUPS_COUNT);
    assert_int_equal(w.number, 3);
    assert_int_equal(ol_groups_settle(&g, &w), OL_GROUPS_BEYOND);
    assert_int_equal(w.number, 7);
    assert_int_equal(w.want, LINES);
    assert_int_equal(ol_groups_settle(&g, &w), OL_GROUPS_RIGHT);
    assert_int_equal(take(more).fault, OL_GROUPS_COUNT);

    take_all_but(LINES + 1);
    assert_int_equal(take(other).fault, OL_GROUPS_OTHER);
    assert_whole();

    take_all_but(2); /* a line of another bundle, right by itself */
    assert_int_equal(take(other).fault, OL_GROUPS_RIGHT);
    uint8_t got[OL_GROUPS_BUNDLE_MAX];
    size_t len = 5;
    assert_int_equal(ol_groups_end(&g, got, &len), OL_EAUTH);
    assert_int_equal(len, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example),
        cmocka_unit_test(sizes),
        cmocka_unit_test(every_wrong_digit),
        cmocka_unit_test(every_two_neighbours),
        cmocka_unit_test(every_two_groups),
        cmocka_unit_test(sums_differ),
        cmocka_unit_test(every_line_in_the_place_of_another),
        cmocka_unit_test(lines_missing_twice_and_in_any_order),
        cmocka_unit_test(a_digit_or_group_lost_or_doubled),
        cmocka_unit_test(rows),
        cmocka_unit_test(by_line_1),
    };
    return cmocka_run_group_tests(tests, make, NULL);
}
