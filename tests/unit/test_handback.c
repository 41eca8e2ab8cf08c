/* The body of a handback: bytes ↔ struct, both sides of each limit (docs/PROTOCOL.md §4.6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/handback.h"

#define INC 0x48, 1, 2, 3, 4, 5, 6, 7, 8

static const struct {
    const char *name;
    ol_err want;
    size_t len;
    uint8_t in[40];
} rows[] = {
    { "nothing handed back", OL_OK, 4, { 0x83, 0x0f, 0x01, 0x80 } },
    { "empty", OL_ESHORT, 0, { 0 } },
    { "two fields", OL_EFORM, 3, { 0x82, 0x01, 0x01 } },
    { "a field more", OL_OK, 5, { 0x84, 0x01, 0x00, 0x80, 0x07 } },
    { "party 16", OL_ELIMIT, 4, { 0x83, 0x10, 0x01, 0x80 } },
    { "all of 2", OL_ELIMIT, 4, { 0x83, 0x01, 0x02, 0x80 } },
    { "a byte after", OL_EFORM, 5, { 0x83, 0x01, 0x01, 0x80, 0x00 } },
    { "25 receipts", OL_ELIMIT, 30, { 0x83, 0x01, 0x01, 0x98, 25 } },
    { "one", OL_OK, 17, { 0x83, 0x01, 0x01, 0x81, 0x84, 0x01, INC, 0x05, 0x07 } },
    { "one, lane 2", OL_ELIMIT, 17, { 0x83, 0x01, 0x01, 0x81, 0x84, 0x02, INC, 0x05, 0x07 } },
    { "one of three", OL_EFORM, 16, { 0x83, 0x01, 0x01, 0x81, 0x83, 0x01, INC, 0x05 } },
    { "short name",
      OL_EFORM,
      15,
      { 0x83, 0x01, 0x01, 0x81, 0x84, 0x01, 0x46, 1, 2, 3, 4, 5, 6, 0x05, 0x07 } },
    { "time 2^40",
      OL_ELIMIT,
      25,
      { 0x83, 0x01, 0x01, 0x81, 0x84, 0x01, INC, 0x05, 0x1b, 0, 0, 1, 0, 0, 0, 0, 0 } },
};

static void handback_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ol_handback h, before;
        memset(&h, 0xA5, sizeof h), memcpy(&before, &h, sizeof h);
        print_message("row %s\n", rows[i].name);
        assert_int_equal(ol_handback_decode(rows[i].in, rows[i].len, &h), rows[i].want);
        if (rows[i].want != OL_OK)
            assert_memory_equal(&h, &before, sizeof h);
        for (size_t cut = 0; cut < rows[i].len && rows[i].want == OL_OK; cut++)
            assert_int_not_equal(ol_handback_decode(rows[i].in, cut, &h), OL_OK);
    }
}

static void written_and_read(void **state) {
    (void)state;
    ol_handback h = { .party = 15, .is_all = true, .n = OL_HANDED_MAX }, back;
    uint8_t room[OL_HANDBACK_MAX];
    for (size_t i = 0; i < h.n; i++) {
        h.v[i] = (ol_handed){ .lane = i & 1, .size = OL_SIZE_MAX, .time = (UINT64_C(1) << 40) - 1 };
        memset(h.v[i].incarnation, (int)i, OL_INC_LEN);
    }
    ol_wr w = ol_wr_of(room, sizeof room);
    ol_handback_encode(&h, &w);
    assert_int_equal(w.err, OL_OK);
    assert_int_equal(ol_handback_decode(room, w.len, &back), OL_OK);
    assert_true(back.party == h.party && back.is_all && back.n == h.n);
    for (size_t i = 0; i < h.n; i++) {
        assert_true(back.v[i].lane == h.v[i].lane && back.v[i].size == h.v[i].size);
        assert_true(back.v[i].time == h.v[i].time);
        assert_memory_equal(back.v[i].incarnation, h.v[i].incarnation, OL_INC_LEN);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handback_rows),
        cmocka_unit_test(written_and_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
