/* The body of a line check: bytes ↔ struct, both sides of each limit (docs/PROTOCOL.md §4.10). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/known.h"
#include "wire/check.h"
#include "wire/logkey.h"

#define UDP 0x65, 'u', 'd', 'p', '/', '0'
#define LONG 0x70, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', '/', '1'

static const struct {
    const char *name;
    ol_err want;
    size_t len;
    uint8_t in[48];
} rows[] = {
    { "smallest", OL_OK, 6, { 0x85, 1, 1, 0, 0x80, 0x80 } },
    { "empty", OL_ESHORT, 0, { 0 } },
    { "no array", OL_EFORM, 1, { 0x01 } },
    { "four fields", OL_EFORM, 5, { 0x84, 1, 1, 0, 0x80 } },
    { "a field more", OL_OK, 7, { 0x86, 1, 1, 0, 0x80, 0x80, 0x07 } },
    { "a field more, a map", OL_EFORM, 7, { 0x86, 1, 1, 0, 0x80, 0x80, 0xa0 } },
    { "a byte after", OL_EFORM, 7, { 0x85, 1, 1, 0, 0x80, 0x80, 0 } },
    { "number 0", OL_EFORM, 6, { 0x85, 0, 1, 0, 0x80, 0x80 } },
    { "number 2^48", OL_ELIMIT, 14, { 0x85, 0x1b, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0x80, 0x80 } },
    { "interval 0", OL_EFORM, 6, { 0x85, 1, 0, 0, 0x80, 0x80 } },
    { "interval 86400", OL_OK, 10, { 0x85, 1, 0x1a, 0, 1, 0x51, 0x80, 0, 0x80, 0x80 } },
    { "interval 86401", OL_ELIMIT, 10, { 0x85, 1, 0x1a, 0, 1, 0x51, 0x81, 0, 0x80, 0x80 } },
    { "watch 65535", OL_OK, 8, { 0x85, 1, 1, 0x19, 0xff, 0xff, 0x80, 0x80 } },
    { "watch 65536", OL_ELIMIT, 10, { 0x85, 1, 1, 0x1a, 0, 1, 0, 0, 0x80, 0x80 } },
    { "a path", OL_OK, 15, { 0x85, 1, 1, 0, 0x81, 0x83, 1, UDP, 9, 0x80 } },
    { "a path, party 16", OL_ELIMIT, 15, { 0x85, 1, 1, 0, 0x81, 0x83, 16, UDP, 9, 0x80 } },
    { "a path of two", OL_EFORM, 14, { 0x85, 1, 1, 0, 0x81, 0x82, 1, UDP, 0x80 } },
    { "a path without a name", OL_EFORM, 10, { 0x85, 1, 1, 0, 0x81, 0x83, 1, 0x60, 9, 0x80 } },
    { "a path in capitals",
      OL_EFORM,
      12,
      { 0x85, 1, 1, 0, 0x81, 0x83, 1, 0x62, 'U', '0', 9, 0x80 } },
    { "a name of 16", OL_OK, 26, { 0x85, 1, 1, 0, 0x81, 0x83, 1, LONG, 9, 0x80 } },
    { "a name of 17", OL_EFORM, 27, { 0x85, 1,   1,   0,   0x81, 0x83, 1,   0x71, 'a',
                                      'a',  'a', 'a', 'a', 'a',  'a',  'a', 'a',  'a',
                                      'a',  'a', 'a', 'a', 'a',  'a',  'a', 9,    0x80 } },
    { "never proven",
      OL_OK,
      19,
      { 0x85, 1, 1, 0, 0x81, 0x83, 1, UDP, 0x1a, 0xff, 0xff, 0xff, 0xff, 0x80 } },
    { "an age of 2^32",
      OL_ELIMIT,
      23,
      { 0x85, 1, 1, 0, 0x81, 0x83, 1, UDP, 0x1b, 0, 0, 0, 1, 0, 0, 0, 0, 0x80 } },
    { "33 paths", OL_ELIMIT, 41, { 0x85, 1, 1, 0, 0x98, 33 } },
    { "missed", OL_OK, 9, { 0x85, 1, 1, 0, 0x80, 0x81, 0x82, 1, 0 } },
    { "missed, two", OL_OK, 12, { 0x85, 1, 1, 0, 0x80, 0x82, 0x82, 1, 0, 0x82, 2, 7 } },
    { "missed, twice", OL_EFORM, 12, { 0x85, 1, 1, 0, 0x80, 0x82, 0x82, 1, 0, 0x82, 1, 7 } },
    { "missed, descending", OL_EFORM, 12, { 0x85, 1, 1, 0, 0x80, 0x82, 0x82, 2, 0, 0x82, 1, 7 } },
    { "missed, party 16", OL_ELIMIT, 9, { 0x85, 1, 1, 0, 0x80, 0x81, 0x82, 16, 0 } },
    { "missed, of three", OL_EFORM, 10, { 0x85, 1, 1, 0, 0x80, 0x81, 0x83, 1, 0, 0 } },
    { "16 missed", OL_ELIMIT, 22, { 0x85, 1, 1, 0, 0x80, 0x90 } },
};

static void check_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ol_check c, before;
        const char *why = NULL;
        memset(&c, 0xA5, sizeof c), memcpy(&before, &c, sizeof c);
        print_message("row %s\n", rows[i].name);
        assert_int_equal(ol_check_decode(rows[i].in, rows[i].len, &c, &why), rows[i].want);
        assert_int_equal(why == NULL, rows[i].want == OL_OK);
        if (rows[i].want != OL_OK)
            assert_memory_equal(&c, &before, sizeof c);
        for (size_t cut = 0; cut < rows[i].len && rows[i].want == OL_OK; cut++)
            assert_int_not_equal(ol_check_decode(rows[i].in, cut, &c, &why), OL_OK);
    }
}

static void written_and_read(void **state) {
    (void)state;
    ol_check c = { .number = OL_SIZE_MAX, .interval = OL_CHECK_INTERVAL_MAX, .watch = UINT16_MAX };
    static ol_check back;
    uint8_t room[OL_CHECK_MAX];
    const char *why = NULL;
    c.proven.n = OL_PATHS_MAX, c.missed = OL_MISSED_MAX;
    for (size_t i = 0; i < c.proven.n; i++) {
        c.proven.v[i].party = (uint8_t)(i / 2), c.proven.v[i].age = OL_AGE_NEVER;
        assert_true(ol_paths_name("abcdefghijklmn", 14, i % 4, c.proven.v[i].bearer));
    }
    for (size_t i = 0; i < c.missed; i++)
        c.miss[i].party = (uint8_t)i, c.miss[i].number = OL_SIZE_MAX;
    ol_wr w = ol_wr_of(room, sizeof room);
    ol_check_encode(&c, &w);
    assert_int_equal(w.err, OL_OK);
    assert_int_equal(ol_check_decode(room, w.len, &back, &why), OL_OK);
    assert_true(back.number == c.number && back.interval == c.interval && back.watch == c.watch);
    assert_true(back.proven.n == c.proven.n && back.missed == c.missed);
    for (size_t i = 0; i < c.proven.n; i++) {
        assert_true(back.proven.v[i].party == c.proven.v[i].party);
        assert_true(back.proven.v[i].age == c.proven.v[i].age);
        assert_string_equal(back.proven.v[i].bearer, c.proven.v[i].bearer);
    }
    for (size_t i = 0; i < c.missed; i++)
        assert_true(back.miss[i].party == i && back.miss[i].number == OL_SIZE_MAX);
}

static void fits_the_line(void **state) {
    (void)state;
    ol_check c = { .number = 1, .interval = 60, .missed = 1 };
    c.proven.n = 1;
    c.proven.v[0].party = 1, c.miss[0].party = 1;
    assert_null(ol_check_misfit(&c, 2));
    c.proven.v[0].party = 2;
    assert_string_equal(ol_check_misfit(&c, 2), "a path leads to no party of the charter");
    c.proven.v[0].party = 0, c.miss[0].party = 2;
    assert_non_null(strstr(ol_check_misfit(&c, 2), "missed"));
    assert_null(ol_check_misfit(&c, 3));
}

static void names_of_paths(void **state) {
    (void)state;
    char name[OL_BEARER_NAME_MAX + 1] = "as it was";
    assert_false(ol_paths_name("", 0, 0, name));
    assert_false(ol_paths_name("UDP", 3, 0, name));
    assert_false(ol_paths_name("abcdefghijklmnop", 16, 0, name));
    assert_string_equal(name, "as it was");
    assert_true(ol_paths_name("udp://host", 3, 3, name));
    assert_string_equal(name, "udp/3");
}

enum { ROOM = 4096 };

static void is_as_known(const known *k, const ol_check *c) {
    char text[ROOM] = "";
    size_t at = 0;
    assert_int_equal(c->number, known_number(k, "number"));
    assert_int_equal(c->interval, known_number(k, "interval"));
    assert_int_equal(c->watch, known_number(k, "watch"));
    for (size_t i = 0; i < c->proven.n; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%u:%s:%u", i == 0 ? "" : " ",
                               c->proven.v[i].party, c->proven.v[i].bearer, c->proven.v[i].age);
    assert_string_equal(text, known_text(k, "proven"));
    text[0] = 0, at = 0;
    for (size_t i = 0; i < c->missed; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%u:%llu", i == 0 ? "" : " ",
                               c->miss[i].party, (unsigned long long)c->miss[i].number);
    assert_string_equal(text, known_text(k, "missed"));
}

static void known_answers(void **state) {
    (void)state;
    known k;
    size_t n = 0;
    for (known_open(&k, "check.txt"); known_next(&k); n++) {
        static uint8_t in[ROOM], again[ROOM];
        static ol_check c;
        const char *why = NULL;
        size_t len = known_hex(&k, "body", in, sizeof in);
        print_message("%s\n", known_text(&k, "name"));
        assert_int_equal(ol_check_decode(in, len, &c, &why), OL_OK);
        is_as_known(&k, &c);
        ol_wr w = ol_wr_of(again, sizeof again);
        ol_check_encode(&c, &w);
        assert_int_equal(w.err, OL_OK);
        if (known_number(&k, "more") == 0)
            assert_true(w.len == len && memcmp(again, in, len) == 0);
    }
    assert_true(n >= 5);
    known_close(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),    cmocka_unit_test(check_rows),
        cmocka_unit_test(written_and_read), cmocka_unit_test(fits_the_line),
        cmocka_unit_test(names_of_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
