/* wire/entry: the known answers of tests/vectors/entry.txt, every prefix, round trips, the ends of
 * what the writer has room for. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/known.h"
#include "wire/cbor.h"
#include "wire/entry.h"

enum { ROOM = 4096 };

static ol_err err_of(const known *k) {
    static const ol_err errs[] = { OL_OK, OL_ESHORT, OL_EFORM, OL_ELIMIT };
    for (size_t i = 0; i < OL_LEN(errs); i++)
        if (strcmp(known_text(k, "want"), ol_err_name(errs[i])) == 0)
            return errs[i];
    fail_msg("no such error");
    return OL_OK;
}

static bool is_opening(const known *k) {
    return strncmp(known_text(k, "name"), "opening: ", 9) == 0;
}

/* ── known answers ───────────────────────────────────────────────────────────────────────────── */

static void assert_mentions(const known *k, const char *key, const ol_mention *m, size_t n) {
    char text[ROOM] = "";
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%llu:%llu", i == 0 ? "" : " ",
                               (unsigned long long)m[i].number, (unsigned long long)m[i].size);
        if (!m[i].is_first)
            continue;
        at +=
            (size_t)snprintf(text + at, sizeof text - at, ":%u:%u:", m[i].log.party, m[i].log.lane);
        for (size_t b = 0; b < OL_INC_LEN; b++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%02x", m[i].log.incarnation[b]);
    }
    assert_string_equal(text, known_text(k, key));
}

static void assert_signs(const known *k, const ol_entry *e) {
    char text[ROOM] = "";
    size_t at = 0;
    for (size_t i = 0; i < e->signs; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%llu:%llu:", i == 0 ? "" : " ",
                               (unsigned long long)e->sign[i].officer,
                               (unsigned long long)e->sign[i].written);
        for (size_t b = 0; b < OL_SIG_LEN; b++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%02x", e->sign[i].sig[b]);
    }
    assert_string_equal(text, known_text(k, "signs"));
}

static void entry_is(const known *k, const uint8_t *in, size_t len, const ol_entry *e) {
    uint8_t body[ROOM], item[OL_ITEM_LEN], again[ROOM];
    assert_int_equal(e->kind, known_number(k, "kind"));
    assert_int_equal(e->wall, known_number(k, "wall"));
    assert_mentions(k, "seen", e->seen, e->seens);
    assert_mentions(k, "read", e->read, e->reads);
    assert_int_equal(e->body_len, known_hex(k, "body", body, sizeof body));
    assert_memory_equal(e->body, body, e->body_len);
    assert_true(e->body > in && e->body + e->body_len <= in + len); /* borrowed */
    assert_int_equal(e->has_item, known_hex(k, "item", item, sizeof item) > 0);
    if (e->has_item)
        assert_memory_equal(e->item, item, OL_ITEM_LEN);
    assert_signs(k, e);
    if (known_number(k, "more") > 0)
        return; /* of a later revision: read, and not what we would write */
    ol_wr w = ol_wr_of(again, len);
    ol_entry_encode(e, &w);
    assert_int_equal(w.err, OL_OK);
    assert_int_equal(w.len, len);
    assert_memory_equal(again, in, len);
    for (size_t cap = 0; cap < len; cap += 1 + len / 64) {
        w = ol_wr_of(again, cap);
        ol_entry_encode(e, &w);
        assert_int_equal(w.err, OL_ELIMIT);
    }
}

static void entries(void **state) {
    (void)state;
    static ol_entry e, before;
    static uint8_t in[ROOM];
    unsigned right = 0, wrong = 0;
    known k;
    known_open(&k, "entry.txt");
    while (known_next(&k)) {
        if (is_opening(&k))
            continue;
        print_message("row %s\n", known_text(&k, "name"));
        size_t len = known_hex(&k, "entry", in, sizeof in);
        memset(&e, 0xA5, sizeof e), memcpy(&before, &e, sizeof e);
        ol_err want = err_of(&k);
        assert_int_equal(ol_entry_decode(in, len, &e), want);
        wrong += want != OL_OK, right += want == OL_OK;
        if (want == OL_OK)
            entry_is(&k, in, len, &e);
        else
            assert_memory_equal(&e, &before, sizeof e);
        memcpy(&before, &e, sizeof e);
        for (size_t cut = 0; want == OL_OK && cut < len; cut++) { /* entries are prefix-free */
            assert_int_equal(ol_entry_decode(in, cut, &e), OL_ESHORT);
            assert_memory_equal(&e, &before, sizeof e);
        }
    }
    known_close(&k);
    assert_true(right == 23 && wrong == 58);
}

static void openings(void **state) {
    (void)state;
    ol_opening o, before;
    uint8_t in[ROOM], want[32], again[ROOM];
    unsigned right = 0, wrong = 0;
    known k;
    known_open(&k, "entry.txt");
    while (known_next(&k)) {
        if (!is_opening(&k))
            continue;
        print_message("row %s\n", known_text(&k, "name"));
        size_t len = known_hex(&k, "opening", in, sizeof in);
        memset(&o, 0xA5, sizeof o), memcpy(&before, &o, sizeof o);
        assert_int_equal(ol_opening_decode(in, len, &o), err_of(&k));
        if (err_of(&k) != OL_OK) {
            assert_memory_equal(&o, &before, sizeof o);
            wrong++;
            continue;
        }
        right++;
        assert_int_equal(o.size, known_number(&k, "size"));
        assert_int_equal(o.why, known_number(&k, "why"));
        assert_int_equal(o.generation, known_number(&k, "generation"));
        size_t n = known_hex(&k, "predecessor", want, sizeof want);
        assert_int_equal(o.has_predecessor, n > 0);
        assert_memory_equal(o.predecessor, want, n);
        if (o.has_predecessor) {
            known_bytes(&k, "root", want, 32);
            assert_memory_equal(o.root, want, 32);
        }
        if (known_number(&k, "more") > 0)
            continue;
        ol_wr w = ol_wr_of(again, sizeof again);
        ol_opening_encode(&o, &w);
        assert_true(w.err == OL_OK && w.len == len);
        assert_memory_equal(again, in, len);
    }
    known_close(&k);
    assert_true(right == 7 && wrong == 18);
}

/* ── round trips ─────────────────────────────────────────────────────────────────────────────── */

static uint64_t seed = 1;

static uint64_t rnd(uint64_t below) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 20) % below;
}

static uint64_t number(void) { /* of any length */
    return rnd(UINT64_C(1) << (1 + rnd(44)));
}

static size_t some_mentions(ol_mention *m, bool is_seen) {
    size_t n = rnd(4) == 0 ? rnd(OL_MENTIONS_MAX + 1) : rnd(4);
    uint64_t at = 0;
    for (size_t i = 0; i < n; i++) {
        m[i] = (ol_mention){ .number = at += 1 + rnd(30), .size = number() };
        m[i].is_first = is_seen && rnd(3) == 0;
        if (!m[i].is_first)
            continue;
        m[i].log.party = (uint8_t)rnd(OL_PARTIES_MAX), m[i].log.lane = (uint8_t)rnd(OL_LANES);
        for (size_t b = 0; b < OL_INC_LEN; b++)
            m[i].log.incarnation[b] = (uint8_t)rnd(256);
    }
    return n;
}

static void assert_same(const ol_mention *a, const ol_mention *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        assert_true(a[i].number == b[i].number && a[i].size == b[i].size);
        assert_int_equal(a[i].is_first, b[i].is_first);
        if (a[i].is_first)
            assert_true(ol_log_key_eq(&a[i].log, &b[i].log));
    }
}

static void written_and_read(void **state) {
    (void)state;
    static ol_entry e, got;
    static uint8_t room[3 * OL_ENTRY_MAX], body[OL_ENTRY_MAX];
    unsigned too_long = 0;
    for (unsigned round = 0; round < 20000; round++) {
        e = (ol_entry){ .kind = number(), .wall = number(), .body = body };
        e.seens = some_mentions(e.seen, true);
        ol_wr b = ol_wr_of(body, sizeof body);
        ol_cbor_put_bytes(&b, room, rnd(rnd(8) == 0 ? 1900 : 100));
        e.body_len = b.len, e.has_item = rnd(2) == 0;
        for (size_t i = 0; i < OL_ITEM_LEN && e.has_item; i++)
            e.item[i] = (uint8_t)rnd(256);
        e.reads = e.has_item ? some_mentions(e.read, false) : 0;
        ol_wr w = ol_wr_of(room, sizeof room);
        ol_entry_encode(&e, &w);
        assert_int_equal(w.err, OL_OK);
        ol_err err = ol_entry_decode(room, w.len, &got);
        assert_int_equal(err, w.len > OL_ENTRY_MAX ? OL_ELIMIT : OL_OK);
        too_long += err != OL_OK;
        if (err != OL_OK)
            continue;
        assert_true(got.kind == e.kind && got.wall == e.wall && got.has_item == e.has_item);
        assert_true(got.seens == e.seens && got.reads == e.reads && got.body_len == e.body_len);
        assert_same(got.seen, e.seen, e.seens), assert_same(got.read, e.read, e.reads);
        assert_memory_equal(got.body, body, e.body_len);
        assert_memory_equal(got.item, e.item, OL_ITEM_LEN);
    }
    assert_true(too_long > 10 && too_long < 10000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries),
        cmocka_unit_test(openings),
        cmocka_unit_test(written_and_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
