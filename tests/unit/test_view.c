/* The joint view on records by hand: one for each issue, one for each reason why an entry cannot be
 * read. Its order and crossings are in test_view_order.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants those before it
#include <cmocka.h>

#include "record/view.h"
#include "wire/cbor.h"

static const char *const NAMES[] = { "usa", "prc", "rok" };

typedef struct {
    ol_mem mem;
    ol_view *view;
    char issues[8000];
} model;

static void on_issue(void *ctx, const ol_view_issue *issue) {
    model *m = ctx;
    char sentence[OL_VIEW_SENTENCE_MAX], name[OL_VIEW_ID_MAX + 1];
    size_t at = strlen(m->issues);
    ol_view_sentence(issue, NAMES, sentence);
    ol_view_log_name(&issue->log, 4, NAMES, name);
    snprintf(m->issues + at, sizeof m->issues - at, "%s %s: %s\n", ol_view_rule_word(issue->rule),
             name, sentence);
}

static const char *unreadable(void *ctx, const ol_message *m) {
    (void)ctx;
    return m->text.p[0] == '!' ? "it shouts" : NULL;
}

static void begin(model *m, unsigned parties) {
    ol_mem_heap(&m->mem, 8 << 20);
    m->issues[0] = 0;
    ol_view_opts opts = { .mem = &m->mem,
                          .parties = parties,
                          .rungs = 2,
                          .unreadable = unreadable,
                          .issue = on_issue,
                          .ctx = m };
    assert_int_equal(ol_view_new(&opts, &m->view), OL_OK);
}

static void end(model *m) {
    ol_view_free(m->view);
    assert_int_equal(m->mem.used, 0);
}

/* ── records by hand ───────────────────────────────────────────────────────────────────────────*/

static size_t hex_of(const char *s, uint8_t *to) { /* hex, and 'text' in quotes */
    size_t n = 0;
    for (bool is_text = false; *s != 0; s++) {
        if (*s == '\'')
            is_text = !is_text;
        else if (is_text)
            to[n++] = (uint8_t)*s;
        else if (*s != ' ') {
            assert_int_equal(ol_hex_get(s, 2, &to[n++], 1), OL_OK);
            s++;
        }
    }
    return n;
}

static const ol_log_key U = { 0, OL_LANE_URGENT, { 0xaa } };
static const ol_log_key R = { 0, OL_LANE_ROUTINE, { 0xaa } };
static const ol_log_key P = { 1, OL_LANE_URGENT, { 0xbb } };

static size_t add_log(model *m, const ol_log_key *key) {
    size_t log;
    assert_int_equal(ol_view_add_log(m->view, key, &log), OL_OK);
    return log;
}

static void add(model *m, size_t log, const char *hex) {
    uint8_t bytes[OL_ENTRY_MAX];
    size_t n = hex_of(hex, bytes);
    assert_int_equal(ol_view_add_entry(m->view, log, bytes, n), OL_OK);
}

#define OPENING "84 40 00 40 00"
#define FIRST "84 01 00 80 " OPENING
#define FLASH "84 00 00 00 82 00 61'x'"
#define INC "0000000000000000"
#define FIRST_OF_P(number, size) "85 " number size "01 00 48 bb00000000000000"
#define REFERS(ref) " 87 00 00 00 82 00 61'x' 60 60 84 " ref
#define ITEM(c) " 46'item-" c "'"

static void finish(model *m, const char *want) {
    assert_int_equal(ol_view_finish(m->view), OL_OK);
    assert_string_equal(m->issues, want);
    end(m);
}

/* An entry 1 of U beside P with three entries, and what is told of it. */
static const struct {
    const char *entry, *want;
} said[] = {
    { "86 02 00 80 " FLASH ITEM("1") "80", "" },
    { "86 02 00 81" FIRST_OF_P("01", "03") FLASH ITEM("1") "80", "" },
    { "86 02 00 81" FIRST_OF_P("01", "04") FLASH ITEM("1") "80",
      "seen-beyond usa/urgent/aa00: entry 1 has seen 4 entries of prc/urgent/bb00000000000000, "
      "the export holds 3\n" },
    { "86 02 00 81" FIRST_OF_P("01", "00") FLASH ITEM("1") "80",
      "seen-falls usa/urgent/aa00: entry 1: the size seen of prc/urgent/bb00000000000000 goes "
      "from 0 to 0\n" },
    { "86 02 00 81" FIRST_OF_P("02", "01") FLASH ITEM("1") "80",
      "seen-number usa/urgent/aa00: entry 1: seen names log 2, the next free number is 1\n" },
    { "86 02 00 81 82 01 01" FLASH ITEM("1") "80",
      "seen-number usa/urgent/aa00: entry 1: seen names log 1, which it never introduced\n" },
    { "86 02 00 81 85 01 01 00 00 48 aa00000000000000" FLASH ITEM("1") "80",
      "seen-self usa/urgent/aa00: entry 1: seen names the log itself\n" },
    { "86 02 00 81 85 01 01 19 1000 00 48 aa00000000000000" FLASH ITEM("1") "80",
      "seen-party usa/urgent/aa00: entry 1: seen names party 255, the charter has 2\n" },
    { "86 02 00 81 85 01 01 02 00 48 aa00000000000000" FLASH ITEM("1") "80",
      "seen-party usa/urgent/aa00: entry 1: seen names party 2, the charter has 2\n" },
    { "86 02 00 82" FIRST_OF_P("01", "01") FIRST_OF_P("02", "02") FLASH ITEM("1") "80",
      "seen-twice usa/urgent/aa00: entry 1: seen gives prc/urgent/bb00000000000000 a second "
      "number\n" },
    { "86 02 00 81 85 01 01 01 01 48 cc00000000000000" FLASH ITEM("1") "80",
      "seen-missing usa/urgent/aa00: entry 1 has seen prc/routine/cc00000000000000, which the "
      "export does not hold\n" },
    { "86 02 00 81" FIRST_OF_P("01", "03") FLASH ITEM("1") "81 82 01 02", "" },
    { "86 02 00 81" FIRST_OF_P("01", "03") FLASH ITEM("1") "81 82 01 03",
      "read-beyond usa/urgent/aa00: entry 1: read says 3 of prc/urgent/bb00000000000000, seen 3: "
      "it must be less\n" },
    { "86 02 00 81" FIRST_OF_P("01", "03") FLASH ITEM("1") "81 82 02 00",
      "read-number usa/urgent/aa00: entry 1: read names log 2, which seen never named\n" },
    { FIRST, "opening-later usa/urgent/aa00: entry 1 is an opening; only entry 0 may be one\n" },
    { "84 01 00 80 80",
      "opening-later usa/urgent/aa00: entry 1 is an opening; only entry 0 may be one\n" },
    { "86 02 00 81" FIRST_OF_P("01", "03") REFERS("01 00 42 bb00 02") ITEM("1") "80", "" },
    { "86 02 00 81" FIRST_OF_P("01", "02") REFERS("01 00 42 bb00 02") ITEM("1") "80",
      "ref-missing usa/urgent/aa00: entry 1 refers to prc/urgent/bb00, entry 2, which its author "
      "had not seen\n" },
    { "86 02 00 81" FIRST_OF_P("01", "03") REFERS("01 00 42 bb01 00") ITEM("1") "80",
      "ref-missing usa/urgent/aa00: entry 1 refers to prc/urgent/bb01, entry 0, which its author "
      "had not seen\n" },
    { "86 02 00 80" REFERS("00 00 42 aa00 00") ITEM("1") "80", "" },
    { "86 02 00 80" REFERS("00 00 42 aa00 01") ITEM("1") "80",
      "ref-missing usa/urgent/aa00: entry 1 refers to usa/urgent/aa00, entry 1, which its author "
      "had not seen\n" },
    { "86 02 00 80" REFERS("00 01 42 aa00 00") ITEM("1") "80",
      "ref-missing usa/urgent/aa00: entry 1 refers to usa/routine/aa00, entry 0, which its author "
      "had not seen\n" },
    { "86 02 00 80 " FLASH ITEM("p") "80",
      "item-again prc/urgent/bb00: entry 1 has the item id of usa/urgent/aa00000000000000, entry "
      "1, another party's\n" },
};

static void what_is_told(void **state) {
    (void)state;
    static model m;
    for (size_t i = 0; i < OL_LEN(said); i++) {
        print_message("row %s\n", said[i].entry);
        begin(&m, 2);
        size_t u = add_log(&m, &U), p = add_log(&m, &P);
        add(&m, u, FIRST);
        add(&m, u, said[i].entry);
        add(&m, p, FIRST);
        add(&m, p, "86 02 00 80 " FLASH ITEM("p") "80");
        add(&m, p, "84 18 40 00 80 00");
        finish(&m, said[i].want);
    }
}

static void numbers_go_on(void **state) {
    (void)state;
    static model m;
    begin(&m, 2);
    size_t u = add_log(&m, &U), p = add_log(&m, &P);
    for (int i = 0; i < 6; i++)
        add(&m, p, i == 0 ? FIRST : "84 18 40 00 80 00");
    add(&m, u, FIRST);
    add(&m, u, "84 02 00 81 85 01 01 07 00 48" INC "80");  /* void: it has number 1 all the same */
    add(&m, u, "84 02 00 81" FIRST_OF_P("02", "03") "80"); /* counts although it is unreadable */
    add(&m, u, "84 02 00 81 82 02 02 80");
    add(&m, u, "84 02 00 82 82 01 09 82 02 04 80");
    add(&m, u, "81 00");
    assert_int_equal(ol_view_finish(m.view), OL_OK);
    assert_string_equal(
        m.issues, "seen-party usa/urgent/aa00: entry 1: seen names party 7, the charter has 2\n"
                  "seen-falls usa/urgent/aa00: entry 3: the size seen of "
                  "prc/urgent/bb00000000000000 goes from 3 to 2\n");
    assert_int_equal(ol_view_seen(m.view, u, 1, p), 0);
    assert_int_equal(ol_view_seen(m.view, u, 2, p), 3);
    assert_int_equal(ol_view_seen(m.view, u, 3, p), 3);
    assert_int_equal(ol_view_seen(m.view, u, 5, p), 4);
    end(&m);
}

static void openings(void **state) {
    (void)state;
    static const struct {
        const char *opening, *want;
    } rows[] = {
        { "84 48 aa00000000000000 02 58 20" INC INC INC INC "05", "" },
        { "84 48 aa00000000000000 02 58 20" INC INC INC INC "01",
          "opening-again usa/urgent/ab00: is a new log after 2 entries of aa00000000000000: "
          "started without a run marker\n" },
        { "84 48 aa00000000000000 01 58 20" INC INC INC INC "05",
          "opening-recovered usa/urgent/ab00: was opened when usa knew 1 entries of "
          "usa/urgent/aa00000000000000; of the 2 in the export the others were recovered later\n" },
        { "84 48 aa00000000000000 03 58 20" INC INC INC INC "05",
          "opening-size usa/urgent/ab00: names size 3 of its predecessor aa00000000000000, the "
          "export holds 2\n" },
        { "84 48 ac00000000000000 02 58 20" INC INC INC INC "05",
          "opening-before usa/urgent/ab00: names its predecessor ac00000000000000, which the "
          "export does not hold\n" },
        { "84 48 ab00000000000000 02 58 20" INC INC INC INC "05",
          "opening-self usa/urgent/ab00: names itself as its predecessor\n" },
        { "84 48 ab 02 58 20" INC INC INC INC "05",
          "opening-first usa/urgent/ab00: entry 0 is not an opening: it is not one item of the "
          "CBOR that entries are made of\n" },
        { "82 00 00",
          "opening-first usa/urgent/ab00: entry 0 is not an opening: the opening has another "
          "form\n" },
    };
    static model m;
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        char hex[300];
        begin(&m, 2);
        size_t old = add_log(&m, &U);
        add(&m, old, FIRST);
        add(&m, old, "84 18 40 00 80 00");
        ol_log_key key = U;
        key.incarnation[0] = 0xab;
        size_t log = add_log(&m, &key);
        snprintf(hex, sizeof hex, "84 01 00 80 %s", rows[i].opening);
        add(&m, log, hex);
        print_message("row %s\n", hex);
        finish(&m, rows[i].want);
    }
    begin(&m, 2);
    size_t u = add_log(&m, &U), r = add_log(&m, &R), p = add_log(&m, &P);
    assert_int_equal(ol_view_add_log(m.view, &R, &r), OL_EEXIST);
    assert_int_equal(ol_view_add_log(m.view, &(ol_log_key){ .party = 2 }, &r), OL_ELIMIT);
    assert_int_equal(ol_view_add_log(m.view, &(ol_log_key){ .lane = 2 }, &r), OL_ELIMIT);
    add(&m, u, "86 02 00 80 " FLASH ITEM("1") "80");
    ol_view_set_unknown(m.view, p);
    assert_int_equal(ol_view_finish(m.view), OL_OK);
    assert_string_equal(m.issues, "opening-first usa/urgent/aa00: entry 0 is not an opening: it "
                                  "is a message\n"
                                  "opening-first usa/routine/aa00: entry 0 is not an opening: "
                                  "there is none\n");
    assert_null(ol_view_opening(m.view, u));
    end(&m);
}

/* usa's second log, beside one that begins with nothing in generation 0. */
static void twins(void **state) {
    (void)state;
    static const struct {
        const char *opening, *want;
    } rows[] = {
        { "85 40 00 40 05 00", "opening-twin usa/urgent/ab00: begins anew as aa00000000000000 "
                               "does: two stations of one party, or one that was set back\n" },
        { "85 40 00 40 05 01", "" }, /* it left, lost its disk, and joined again */
    };
    static model m;
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        char hex[300];
        begin(&m, 2);
        ol_log_key key = U;
        key.incarnation[0] = 0xab;
        size_t old = add_log(&m, &U), log = add_log(&m, &key);
        add(&m, old, FIRST);
        snprintf(hex, sizeof hex, "84 01 00 80 %s", rows[i].opening);
        add(&m, log, hex);
        print_message("row %s\n", hex);
        finish(&m, rows[i].want);
    }
}

static void items_told_apart(void **state) {
    (void)state;
    static model m;
    begin(&m, 2);
    size_t u = add_log(&m, &U);
    add(&m, u, FIRST);
    add(&m, u, "86 02 00 80 " FLASH ITEM("1") "80");
    add(&m, u, "86 02 00 80 " FLASH ITEM("1") "80");
    finish(&m, "item-twice usa/urgent/aa00: entry 2 repeats the item of "
               "usa/urgent/aa00000000000000, entry 1, which its author held\n");
    begin(&m, 2); /* a store restored: the new incarnation did not know, then knew */
    ol_log_key key = U;
    key.incarnation[0] = 0xab;
    size_t b = add_log(&m, &key), a = add_log(&m, &U);
    add(&m, a, FIRST), add(&m, b, FIRST);
    add(&m, a, "86 02 00 80 " FLASH ITEM("1") "80");
    add(&m, b, "86 02 00 80 " FLASH ITEM("1") "80");
    add(&m, b, "86 02 00 81 85 01 02 00 00 48 aa00000000000000" FLASH ITEM("2") "80");
    add(&m, a, "86 02 00 80 " FLASH ITEM("2") "80");
    add(&m, a, "86 02 00 81 85 01 04 00 00 48 ab00000000000000" FLASH ITEM("3") "80");
    add(&m, b, "86 02 00 80 " FLASH ITEM("3") "80");
    finish(&m, "opening-twin usa/urgent/aa00: begins anew as ab00000000000000 does: two stations "
               "of one party, or one that was set back\n"
               "item-again usa/urgent/aa00: entry 1 has the item id of "
               "usa/urgent/ab00000000000000, entry 1, which its author did not hold\n"
               "item-again usa/urgent/aa00: entry 2 has the item id of "
               "usa/urgent/ab00000000000000, entry 2, which its author did not hold\n"
               "item-twice usa/urgent/aa00: entry 3 repeats the item of "
               "usa/urgent/ab00000000000000, entry 3, which its author held\n");
}

static void unreadable_entries(void **state) {
    (void)state;
    static const struct {
        const char *entry, *why;
    } rows[] = {
        { "86 02 05 80 " FLASH ITEM("1") "80", NULL },
        { "86 02 05 80 84 00 00 00 82 01 41'x'" ITEM("1") "80", NULL },
        { "86 02 05 80 84 00 00 00 82 01 41'!'" ITEM("1") "80", "it shouts" },
        { "00", "form of an entry" },
        { "", "CBOR" },
        { "84 02 05 80 80 80", "CBOR" },
        { "83 02 05 80", "form of an entry" },
        { "83 02 05 80 80", "CBOR" },
        { "84 60 05 80 00", "form of an entry" },
        { "84 02 05 00 00", "form of an entry" },
        { "84 02 05 81 81 00 00", "form of an entry" },
        { "84 02 05 81 82 00 01 00", "form of an entry" }, /* the log itself */
        { "84 02 05 82" FIRST_OF_P("01", "01") "82 01 01 00", "form of an entry" },
        { "84 02 05 81 82 01 1b 0001000000000000 00", "above its limit" },
        { "84 02 05 81 85 01 01 00 02 48" INC "00", "above its limit" },
        { "84 02 05 81 85 01 01 00 00 47 01020304050607 00", "form of an entry" },
        { "85 02 05 80 " FLASH "45'short'", "form of an entry" },
        { "86 02 05 80 " FLASH "45'short' 80", "form of an entry" },
        { "86 02 05 80 " FLASH ITEM("1") "00", "form of an entry" },
        { "86 02 05 80 " FLASH ITEM("1") "81 81 01", "form of an entry" },
        { "86 02 05 80 " FLASH ITEM("1") "81 85 01 01 00 00 48" INC, "form of an entry" },
        { "86 02 05 81" FIRST_OF_P("01", "01") FLASH ITEM("1") "82 82 01 00 82 01 00",
          "form of an entry" },
        { "84 02 05 80 " FLASH, "no item id or no read" },
        { "85 02 05 80 " FLASH ITEM("1"), "form of an entry" },
        { "84 18 40 05 80 00", "does not know" },
        { "84 04 05 80 00", "no item id or no read" },
        { "86 04 05 80 00" ITEM("1") "80", "too few" },
        { "84 03 05 80 00", "handback has another form" },
        { "84 03 05 80 83 01 01 80", NULL },
        { "84 0d 05 80 00", "mentions have another form" },
        { "84 0d 05 80 80", NULL },
        { "86 0d 05 80 80" ITEM("1") "80", "only stations write it" },
        { "86 02 05 80 00" ITEM("1") "80", "few" },
        { "86 02 05 80 84 03 00 00 82 00 61'x'" ITEM("1") "80", "wrong lane" },
        { "86 02 05 80 84 00 00 02 82 00 61'x'" ITEM("1") "80", NULL },
        { "86 02 05 80 84 00 00 03 82 00 61'x'" ITEM("1") "80", "rung" },
        { "86 02 05 80 87 00 00 00 82 00 61'x' 60 60 84 02 00 42 bb00 00" ITEM("1") "80",
          "no party" },
    };
    static model m;
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        print_message("row %s\n", rows[i].entry);
        begin(&m, 2);
        size_t u = add_log(&m, &U);
        add(&m, u, "84 01 04 80 " OPENING);
        add(&m, u, rows[i].entry);
        assert_int_equal(ol_view_finish(m.view), OL_OK);
        assert_string_equal(m.issues, "");
        ol_view_item item = ol_view_at(m.view, 1);
        assert_int_equal(item.is_message, rows[i].why == NULL && item.kind == 2);
        assert_true(item.wall == 5 || (item.wall == 4 && item.kind == 0)); /* that of before */
        if (rows[i].why == NULL)
            assert_null(item.unreadable);
        else
            assert_non_null(strstr(item.unreadable, rows[i].why));
        end(&m);
    }
}

static void many_mentions(void **state) { /* on both sides of the limit */
    (void)state;
    static model m;
    for (size_t n = OL_MENTIONS_MAX; n <= OL_MENTIONS_MAX + 1; n++) {
        uint8_t bytes[OL_ENTRY_MAX];
        ol_wr w = ol_wr_of(bytes, sizeof bytes);
        ol_cbor_put_array(&w, 4), ol_cbor_put_uint(&w, 64), ol_cbor_put_uint(&w, 0);
        ol_cbor_put_array(&w, n);
        for (size_t i = 0; i < n; i++) {
            uint8_t inc[OL_INC_LEN] = { 0xcc, (uint8_t)i };
            ol_cbor_put_array(&w, 5), ol_cbor_put_uint(&w, i + 1), ol_cbor_put_uint(&w, 1);
            ol_cbor_put_uint(&w, 1), ol_cbor_put_uint(&w, 0);
            ol_cbor_put_bytes(&w, inc, sizeof inc);
        }
        ol_cbor_put_uint(&w, 0);
        begin(&m, 2);
        size_t u = add_log(&m, &U);
        add(&m, u, FIRST);
        assert_int_equal(ol_view_add_entry(m.view, u, bytes, w.len), OL_OK);
        assert_int_equal(ol_view_finish(m.view), OL_OK);
        const char *why = ol_view_at(m.view, 1).unreadable;
        assert_non_null(strstr(why, n > OL_MENTIONS_MAX ? "above its limit" : "does not know"));
        assert_true((strstr(m.issues, "seen-missing") == NULL) == (n > OL_MENTIONS_MAX));
        end(&m);
    }
}

static void forced(void **state) {
    (void)state;
    static model m;
    begin(&m, 2); /* each has seen what had itself seen it */
    size_t u = add_log(&m, &U), p = add_log(&m, &P);
    add(&m, u, "84 01 09 81" FIRST_OF_P("01", "02") OPENING);
    add(&m, p, "84 01 08 81 85 01 01 00 00 48 aa00000000000000" OPENING);
    add(&m, p, "84 18 40 08 80 00");
    add(&m, u, "84 18 40 09 80 00");
    assert_int_equal(ol_view_finish(m.view), OL_OK);
    assert_string_equal(m.issues, "order-forced prc/urgent/bb00: entry 0 has seen what had itself "
                                  "seen this entry; the joint order goes on with it all the "
                                  "same\n");
    const char *want = "p0 p1 u0 u1 ";
    char have[40] = "";
    for (size_t i = 0; i < ol_view_len(m.view); i++) {
        ol_view_item item = ol_view_at(m.view, i);
        size_t n = strlen(have);
        snprintf(have + n, sizeof have - n, "%c%d ", item.log == u ? 'u' : 'p', (int)item.index);
        assert_int_equal(item.is_forced, i == 0);
    }
    assert_string_equal(have, want);
    end(&m);
}

static void stored(void **state) {
    (void)state;
    static model m;
    begin(&m, 2);
    size_t u = add_log(&m, &U);
    uint64_t time = 1;
    add(&m, u, FIRST), add(&m, u, FIRST), add(&m, u, FIRST), add(&m, u, FIRST);
    assert_int_equal(ol_view_add_receipt(m.view, u, 1, 3, 300), OL_OK);
    assert_int_equal(ol_view_add_receipt(m.view, u, 1, 1, 100), OL_OK);
    assert_int_equal(ol_view_add_receipt(m.view, u, 2, 9, 50), OL_OK);
    assert_int_equal(ol_view_finish(m.view), OL_OK);
    assert_true(ol_view_is_stored(m.view, u, 0, 1, &time) && time == 100);
    assert_true(ol_view_is_stored(m.view, u, 1, 1, &time) && time == 300);
    assert_true(ol_view_is_stored(m.view, u, 2, 1, &time) && time == 300);
    time = 7;
    assert_false(ol_view_is_stored(m.view, u, 3, 1, &time));
    assert_int_equal(time, 7);
    assert_false(ol_view_is_stored(m.view, u, 0, 0, &time));
    assert_true(ol_view_is_stored(m.view, u, 3, 2, &time) && time == 50);
    assert_int_equal(ol_view_logs(m.view), 1);
    assert_int_equal(ol_view_log_size(m.view, u), 4);
    assert_true(ol_log_key_eq(ol_view_log_key(m.view, u), &U));
    assert_non_null(ol_view_opening(m.view, u));
    end(&m);
    begin(&m, 2); /* nothing at all */
    assert_int_equal(ol_view_finish(m.view), OL_OK);
    assert_int_equal(ol_view_len(m.view), 0);
    end(&m);
    ol_view_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told),     cmocka_unit_test(numbers_go_on),
        cmocka_unit_test(openings),         cmocka_unit_test(twins),
        cmocka_unit_test(items_told_apart), cmocka_unit_test(unreadable_entries),
        cmocka_unit_test(many_mentions),    cmocka_unit_test(forced),
        cmocka_unit_test(stored),
    };
    return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
