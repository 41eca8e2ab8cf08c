/* wire/call: the known answers of tests/vectors/call.txt, every prefix, round trips, what fits the
 * line and its parties (docs/PROTOCOL.md §4.9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/known.h"
#include "wire/call.h"
#include "wire/entry.h"

enum { ROOM = 4096 };

typedef union {
    ol_call call;
    ol_ring ring;
    ol_reply reply;
    ol_close close;
} any_body;

static ol_err decode(uint64_t kind, const uint8_t *p, size_t n, any_body *ret, const char **why) {
    return kind == OL_KIND_CALL    ? ol_call_decode(p, n, &ret->call, why)
           : kind == OL_KIND_RING  ? ol_ring_decode(p, n, &ret->ring, why)
           : kind == OL_KIND_REPLY ? ol_reply_decode(p, n, &ret->reply, why)
                                   : ol_close_decode(p, n, &ret->close, why);
}

static void encode(uint64_t kind, const any_body *b, ol_wr *w) {
    if (kind == OL_KIND_CALL)
        ol_call_encode(&b->call, w);
    else if (kind == OL_KIND_RING)
        ol_ring_encode(&b->ring, w);
    else if (kind == OL_KIND_REPLY)
        ol_reply_encode(&b->reply, w);
    else
        ol_close_encode(&b->close, w);
}

static void readable(const known *k, const uint8_t *in, size_t len, const any_body *b) {
    uint8_t again[ROOM];
    any_body back;
    const char *why = NULL;
    uint64_t kind = known_number(k, "kind");
    ol_wr w = ol_wr_of(again, sizeof again);
    encode(kind, b, &w);
    assert_int_equal(w.err, OL_OK);
    assert_true(w.len <= len); /* fields of later revisions are left out */
    assert_memory_equal(again + 1, in + 1, w.len - 1);
    assert_int_equal(decode(kind, again, w.len, &back, &why), OL_OK);
    for (size_t cut = 0; cut < len; cut++) {
        why = NULL;
        assert_int_not_equal(decode(kind, in, cut, &back, &why), OL_OK);
        assert_non_null(why);
    }
    for (size_t cap = 0; cap < w.len; cap++) {
        ol_wr small = ol_wr_of(again, cap);
        encode(kind, b, &small);
        assert_int_equal(small.err, OL_ELIMIT);
    }
}

static void known_one(const known *k) {
    uint8_t in[ROOM];
    any_body b, before;
    const char *why = NULL;
    size_t len = known_hex(k, "body", in, sizeof in);
    memset(&b, 0xA5, sizeof b), memcpy(&before, &b, sizeof b);
    ol_err err = decode(known_number(k, "kind"), in, len, &b, &why);
    print_message("%s: %s\n", known_text(k, "name"), why != NULL ? why : "read");
    assert_string_equal(ol_err_name(err), known_text(k, "want"));
    if (err == OL_OK) {
        assert_null(why);
        readable(k, in, len, &b);
        return;
    }
    assert_non_null(strstr(why, known_text(k, "why")));
    assert_memory_equal(&b, &before, sizeof b);
}

static void known_answers(void **state) {
    (void)state;
    known k;
    unsigned n = 0;
    known_open(&k, "call.txt");
    for (; known_next(&k); n++)
        known_one(&k);
    known_close(&k);
    assert_true(n > 70);
}

static void fields_are_told_apart(void **state) {
    (void)state;
    static const uint8_t inc[OL_INC_LEN] = { 8, 7, 6, 5, 4, 3, 2, 1 };
    const ol_log_key log = { .party = 1, .incarnation = { 8, 7, 6, 5, 4, 3, 2, 1 } };
    ol_call c = { .precedence = OL_IMMEDIATE,
                  .status = OL_EXERCISE,
                  .rung = 3,
                  .purpose = OL_CALL_VOICE,
                  .text = { "why", 3 },
                  .called = 5,
                  .of = { "deep", 4 } };
    ol_close k = { .why = OL_CLOSE_TIME, .call = ol_ref_to(&log, 9), .after = 17, .receipts = 1 };
    k.receipt[0] = (ol_close_receipt){ .party = 2, .size = 10, .time = 11 };
    memset(k.receipt[0].sig, 0x77, OL_SIG_LEN);
    k.paths.v[k.paths.n++] = (ol_proven){ .party = 3, .bearer = "tcp/1", .age = 12 };
    uint8_t room[ROOM];
    const char *why;
    ol_wr w = ol_wr_of(room, sizeof room);
    ol_call back;
    ol_close kback;
    ol_call_encode(&c, &w);
    assert_int_equal(ol_call_decode(room, w.len, &back, &why), OL_OK);
    assert_true(back.precedence == OL_IMMEDIATE && back.status == OL_EXERCISE && back.rung == 3);
    assert_true(back.purpose == OL_CALL_VOICE && back.called == 5 && !back.has_ref);
    assert_true(back.text.len == 3 && memcmp(back.text.p, "why", 3) == 0 && back.lang.len == 0);
    assert_true(back.of.len == 4 && memcmp(back.of.p, "deep", 4) == 0);
    assert_true(!ol_call_is_to(&back, 2, 2) && ol_call_is_to(&back, 2, 0));
    assert_true(!ol_call_is_to(&back, 2, 1) && ol_call_is_to(&(ol_call){ .called = 0 }, 2, 1));
    w = ol_wr_of(room, sizeof room);
    ol_close_encode(&k, &w);
    assert_int_equal(ol_close_decode(room, w.len, &kback, &why), OL_OK);
    assert_true(kback.why == OL_CLOSE_TIME && kback.after == 17 && kback.call.index == 9);
    assert_memory_equal(kback.call.incarnation, inc, OL_INC_LEN);
    assert_true(ol_ref_fits(&kback.call, &log, 9) && !ol_ref_fits(&kback.call, &log, 8));
    assert_true(kback.receipts == 1 && kback.receipt[0].party == 2 && kback.receipt[0].size == 10);
    assert_true(kback.receipt[0].time == 11 && kback.receipt[0].sig[63] == 0x77);
    assert_true(kback.paths.n == 1 && kback.paths.v[0].party == 3 && kback.paths.v[0].age == 12);
    assert_string_equal(kback.paths.v[0].bearer, "tcp/1");
}

static void fits_the_line(void **state) {
    (void)state; /* party 0 speaks, of two parties and four rungs */
    assert_null(ol_call_misfit(&(ol_call){ .rung = 4, .called = 2 }, 0, 2, 4));
    assert_non_null(ol_call_misfit(&(ol_call){ .rung = 5 }, 0, 2, 4));
    assert_non_null(ol_call_misfit(&(ol_call){ .called = 4 }, 0, 2, 4));
    assert_non_null(ol_call_misfit(&(ol_call){ .called = 1 }, 0, 2, 4));
    assert_null(ol_call_misfit(&(ol_call){ .called = 0x8000 }, 0, 16, 4));
    assert_non_null(ol_call_misfit(&(ol_call){ .has_ref = true, .ref = { .party = 2 } }, 0, 2, 4));
    ol_ring r = { .rung = 4, .call = { .party = 1 } };
    assert_null(ol_ring_misfit(&r, 0, 2, 4));
    assert_non_null(ol_ring_misfit(&r, 1, 2, 4));
    assert_non_null(ol_ring_misfit(&r, 0, 1, 4));
    assert_non_null(ol_ring_misfit(&r, 0, 2, 3));
    ol_reply p = { .rung = 0, .call = { .party = 1 } };
    assert_null(ol_reply_misfit(&p, 0, 2, 4));
    assert_non_null(ol_reply_misfit(&p, 1, 2, 4));
    p.rung = 5;
    assert_non_null(ol_reply_misfit(&p, 0, 2, 4));
    ol_close k = { .call = { .party = 0 }, .receipts = 1, .paths = { .n = 1 } };
    k.receipt[0].party = k.paths.v[0].party = 1;
    assert_null(ol_close_misfit(&k, 0, 2));
    assert_non_null(ol_close_misfit(&k, 1, 2)); /* another's call */
    k.receipt[0].party = 0;
    assert_non_null(ol_close_misfit(&k, 0, 2));
    k.receipt[0].party = 2;
    assert_non_null(ol_close_misfit(&k, 0, 2));
    k.receipt[0].party = 1, k.paths.v[0].party = 2;
    assert_non_null(ol_close_misfit(&k, 0, 2));
}

static void names(void **state) {
    (void)state;
    assert_string_equal(ol_call_purpose_name(OL_CALL_VOICE), "voice");
    assert_null(ol_call_purpose_name(OL_CALL_PURPOSES));
    assert_string_equal(ol_reply_verb_name(OL_DEFER), "defer");
    assert_null(ol_reply_verb_name(OL_REPLY_VERBS));
    assert_string_equal(ol_close_why_name(OL_CLOSE_INTERRUPTED), "interrupted");
    assert_null(ol_close_why_name(OL_CLOSE_WHYS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(fields_are_told_apart),
        cmocka_unit_test(fits_the_line),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
