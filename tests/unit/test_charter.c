#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/parties.h"

static const char good[] = "openline charter v1\n"
                           "line = hotline\n"
                           "generation = 0\n"
                           "formats = 1\n"
                           "suite = 1\n"
                           "rungs = watch\n"
                           "answer.flash = 600\n"
                           "answer.immediate = 1800\n"
                           "answer.priority = 10800\n"
                           "answer.routine = 21600\n"
                           "check.interval = 1200\n"
                           "limit.entries = 20000\n"
                           "limit.bytes = 20000000\n"
                           "crypto.period = 604800\n"
                           "courier.time = 2592000\n"
                           "retention = forever\n"
                           "[party usa]\n"
                           "identity = iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=\n"
                           "languages = en\n"
                           "name.en = United States\n"
                           "name.zh = 美国\n"
                           "[party prc]\n"
                           "identity = 0EqyMnQrtKs6E2i9RhXk5tAiSrcaAWuvhSCjMsl3hzc=\n"
                           "languages = zh\n"
                           "name.en = China\n"
                           "name.zh = 中国\n";
enum { LEN = sizeof good - 1 };

#define USA "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w="
#define PRC "0EqyMnQrtKs6E2i9RhXk5tAiSrcaAWuvhSCjMsl3hzc="
#define ONE "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ID "id = 00112233445566778899aabbccddeeff\n"
#define HEX16 "00112233445566778899aabbccddeeff"
#define PREVIOUS "previous = " HEX16 HEX16 "\n"
#define A_NAME "value is not a name: 1 to 32 of a-z 0-9 -, a letter first"
#define ALL_NAMES "a b c d e f g h"

static char work[OL_CHARTER_MAX], work2[OL_CHARTER_MAX];

/* One replacement in the good text each: what it comes to, where, and how the sentence begins. */
static const struct {
    const char *old, *with;
    ol_err want;
    unsigned line, column;
    const char *why;
} rows[] = {
    { "United", "Untied", OL_OK, 0, 0, "" },
    { "", "# a comment\n\n", OL_OK, 0, 0, "" },
    { "charter v1", "charter v2", OL_EVERSION, 1, 1, "written for another version" },
    { "charter v1", "card v1", OL_EFORM, 1, 1, "the first line is not `openline charter v1`" },
    { "line = hotline", "line = Hot", OL_EFORM, 2, 8, A_NAME },
    { "line = hotline\n", "", OL_EFORM, 1, 1, "missing key: line" },
    { "generation = 0\n", "", OL_EFORM, 1, 1, "missing key: generation" },
    { "generation = 0", "generation = 4294967296", OL_ELIMIT, 3, 14, "value is not a number" },
    { "generation = 0", "generation = -1", OL_EFORM, 3, 14, "value is not a number" },
    { "generation = 0", "generation = 1", OL_EFORM, 1, 1, "missing key: id" },
    { "generation = 0\n", "generation = 1\n" ID, OL_EFORM, 1, 1, "missing key: previous" },
    { "generation = 0\n", "generation = 1\n" PREVIOUS, OL_EFORM, 1, 1, "missing key: id" },
    { "generation = 0\n", "generation = 1\n" ID PREVIOUS, OL_OK, 0, 0, "" },
    { "generation = 0\n", "generation = 4294967295\n" ID PREVIOUS, OL_OK, 0, 0, "" },
    { "generation = 0\n", "generation = 0\n" ID, OL_EFORM, 4, 1, "`id` and `previous` belong" },
    { "generation = 0\n", "generation = 0\n" PREVIOUS, OL_EFORM, 4, 1, "`id` and `previous`" },
    { "generation = 0\n", "id = 0\n", OL_EFORM, 3, 6, "value is not a line id" },
    { "generation = 0\n", "previous = " HEX16 "\n", OL_EFORM, 3, 12, "value is not a hash" },
    { "formats = 1", "formats = 2", OL_EVERSION, 4, 11, "value is not 1, the only one" },
    { "formats = 1", "formats = one", OL_EFORM, 4, 11, "value is not 1, the only one" },
    { "formats = 1\n", "", OL_EFORM, 1, 1, "missing key: formats" },
    { "suite = 1", "suite = 2", OL_EVERSION, 5, 9, "value is not 1, the only one" },
    { "suite = 1\n", "", OL_EFORM, 1, 1, "missing key: suite" },
    { "rungs = watch\n", "", OL_EFORM, 1, 1, "missing key: rungs" },
    { "rungs = watch", "rungs = " ALL_NAMES, OL_OK, 0, 0, "" },
    { "rungs = watch", "rungs = " ALL_NAMES " i", OL_ELIMIT, 6, 9, "value names more than 8" },
    { "rungs = watch", "rungs = watch watch", OL_EFORM, 6, 9, "value names a rung twice" },
    { "rungs = watch", "rungs = watch  duty", OL_EFORM, 6, 9, "value is not a list of rungs" },
    { "rungs = watch", "rungs = Watch", OL_EFORM, 6, 9, "value is not a list of rungs" },
    { "answer.flash = 600", "answer.flash = 0", OL_ELIMIT, 7, 16,
      "value is out of range: answer.flash is 1 to 604800" },
    { "answer.flash = 600", "answer.flash = 1", OL_OK, 0, 0, "" },
    { "answer.flash = 600", "answer.flash = 604800", OL_OK, 0, 0, "" },
    { "answer.flash = 600", "answer.flash = 604801", OL_ELIMIT, 7, 16, "value is out of range" },
    { "answer.flash = 600", "answer.flash = 10m", OL_EFORM, 7, 16, "value is not a number" },
    { "answer.flash = 600\n", "", OL_EFORM, 1, 1, "missing key: answer.flash" },
    { "answer.immediate = 1800\n", "", OL_EFORM, 1, 1, "missing key: answer.immediate" },
    { "answer.priority = 10800\n", "", OL_EFORM, 1, 1, "missing key: answer.priority" },
    { "answer.routine = 21600\n", "", OL_EFORM, 1, 1, "missing key: answer.routine" },
    { "answer.routine", "answer.rotuine", OL_EFORM, 10, 1, "unknown key" },
    { "answer.routine", "answer.flash", OL_EFORM, 10, 1, "key stands twice" },
    { "check.interval = 1200", "check.interval = 59", OL_ELIMIT, 11, 18, "value is out of range" },
    { "check.interval = 1200", "check.interval = 60", OL_OK, 0, 0, "" },
    { "check.interval = 1200", "check.interval = 86400", OL_OK, 0, 0, "" },
    { "check.interval = 1200", "check.interval = 86401", OL_ELIMIT, 11, 18, "value is out of" },
    { "check.interval = 1200\n", "", OL_EFORM, 1, 1, "missing key: check.interval" },
    { "limit.entries = 20000\n", "", OL_EFORM, 1, 1, "missing key: limit.entries" },
    { "limit.entries = 20000", "limit.entries = 999", OL_ELIMIT, 12, 17, "value is out of range" },
    { "limit.bytes = 20000000\n", "", OL_EFORM, 1, 1, "missing key: limit.bytes" },
    { "limit.bytes = 20000000", "limit.bytes = 999999", OL_ELIMIT, 13, 15, "value is out of" },
    { "crypto.period = 604800\n", "", OL_EFORM, 1, 1, "missing key: crypto.period" },
    { "courier.time = 2592000\n", "", OL_EFORM, 1, 1, "missing key: courier.time" },
    { "retention = forever\n", "", OL_EFORM, 1, 1, "missing key: retention" },
    { "forever", "ever", OL_EFORM, 16, 13, "value is neither `forever` nor seconds" },
    { "forever", "86399", OL_EFORM, 16, 13, "value is neither `forever` nor seconds" },
    { "forever", "86400", OL_OK, 0, 0, "" },
    { "forever", "forever\nrelease.two = flash", OL_OK, 0, 0, "" },
    { "forever", "forever\nrelease.two = routine priority immediate flash", OL_OK, 0, 0, "" },
    { "forever", "forever\nrelease.two = flash flash", OL_EFORM, 17, 15, "value is not a list of" },
    { "forever", "forever\nrelease.two = flash  routine", OL_EFORM, 17, 15, "value is not a list" },
    { "forever", "forever\nrelease.two = none", OL_EFORM, 17, 15, "value is not a list of" },
    { "forever", "forever\nrelease.two = test", OL_EFORM, 17, 15, "value is not a list of" },
    { "forever", "forever\nquota.flash = 1\nquota.immediate = 1000000", OL_OK, 0, 0, "" },
    { "forever", "forever\nquota.flash = 0", OL_ELIMIT, 17, 15,
      "value is out of range: quota.flash is 1 to 1000000" },
    { "forever", "forever\nquota.immediate = 1000001", OL_ELIMIT, 17, 19, "value is out of" },
    { "forever", "forever\nquota.priority = 9", OL_EFORM, 17, 1, "unknown key" },
    { "[party usa]", "[party]", OL_EFORM, 17, 2, "unknown section" },
    { "[party usa]", "[partyusa]", OL_EFORM, 17, 2, "unknown section" },
    { "[party usa]", "[party usa of america]", OL_EFORM, 17, 2, "after `party` stands a name" },
    { "[party usa]", "[party 1a]", OL_EFORM, 17, 2, "after `party` stands a name" },
    { "[party usa]", "[party cards]", OL_EFORM, 17, 2, "a party cannot be called so" },
    { "[party usa]", "[party charter]", OL_EFORM, 17, 2, "a party cannot be called so" },
    { "[party usa]", "[party none]", OL_EFORM, 17, 2, "a party cannot be called so" },
    { "[party usa]", "[party others]", OL_EFORM, 17, 2, "a party cannot be called so" },
    { "[party prc]", "[party usa]", OL_EFORM, 22, 2, "section stands twice" },
    { "[party prc]\n", "", OL_EFORM, 22, 1, "key stands twice" },
    { USA, ONE, OL_EFORM, 18, 12, "value is no Ed25519 key" },
    { PRC, USA, OL_EFORM, 23, 12, "value is the identity key of a party further up" },
    { "identity = " USA "\n", "", OL_EFORM, 17, 2, "missing key: identity" },
    { "identity = " PRC "\n", "", OL_EFORM, 22, 2, "missing key: identity" },
    { "languages = zh\n", "", OL_EFORM, 22, 2, "missing key: languages" },
    { "languages = zh", "serial = 1", OL_EFORM, 24, 1, "unknown key: a party has" },
    { "name.en = China\nname.zh = 中国\n", "", OL_EFORM, 22, 2, "missing key: name.<language>" },
    { "name.zh = 中国\n", "name.zh = 中国", OL_EFORM, 26, 1, "the last line does not end" },
    { "[party prc]\nidentity = " PRC "\nlanguages = zh\nname.en = China\nname.zh = 中国\n", "",
      OL_EFORM, 1, 1, "a line has at least 2 parties" },
};

static void charter_rows(void **state) {
    (void)state;
    static ol_charter c, before;
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        size_t n = test_replace(good, LEN, rows[i].old, rows[i].with, work, sizeof work);
        print_message("row %zu: %s -> %s\n", i, rows[i].old, rows[i].with);
        ol_ini_at at = { 0, 0, "" };
        memset(&c, 0xA5, sizeof c), memcpy(&before, &c, sizeof c);
        assert_int_equal(ol_charter_parse(work, n, &c, &at), rows[i].want);
        print_message("%u:%u %s\n", at.line, at.column, at.why);
        assert_int_equal(strncmp(at.why, rows[i].why, strlen(rows[i].why)), 0);
        assert_int_equal(at.line, rows[i].line);
        assert_int_equal(at.column, rows[i].column);
        if (rows[i].want != OL_OK)
            assert_memory_equal(&c, &before, sizeof c);
    }
}

static void a_draft_says_what_the_protocol_shows(void **state) {
    (void)state;
    static ol_charter c;
    uint32_t missing = 0;
    ol_ini_at at;
    size_t n = test_charter(2, 0, work, sizeof work);
    assert_int_equal(n, LEN);
    assert_memory_equal(work, good, LEN);
    assert_int_equal(ol_charter_read(work, n, &c, &missing, &at), OL_OK);
    assert_int_equal(missing, 3);
    assert_string_equal(c.line, "hotline");
    assert_int_equal(c.parties, 2);
    assert_string_equal(c.party[1].name, "prc");
    assert_string_equal(ol_party_title(&c.party[1], "zh"), "中国");
    assert_int_equal(c.answer_s[0], 600);
    assert_int_equal(c.answer_s[3], 21600);
    assert_int_equal(c.check_s, 1200);
    assert_int_equal(c.limit_bytes, 20000000);
    assert_true(c.retention_s == OL_CHARTER_FOREVER);
    assert_int_equal(ol_charter_rung(&c, "watch", 5), 0);
    assert_int_equal(ol_charter_rung(&c, "watc", 4), -1);
    assert_int_equal(ol_charter_party(&c, "prc", 3), 1);
    assert_int_equal(ol_charter_party(&c, "pr", 2), -1);
    test_party p;
    test_party_make(1, &p);
    assert_int_equal(ol_charter_card(&c, &p.card), 1);
    assert_int_equal(ol_charter_identity(&c, p.identity.pub), 1);
    p.card.party.identity[0] ^= 1;
    assert_int_equal(ol_charter_card(&c, &p.card), -1);
}

/* The line id is that of the text alone, however many have signed, and of no other text. */
static void line_id(void **state) {
    (void)state;
    static ol_charter c;
    uint32_t missing = 0;
    ol_ini_at at;
    uint8_t hash[OL_HASH_LEN];
    ol_hash_sha256(good, LEN, hash);
    for (unsigned signatures = 0; signatures <= 2; signatures++) {
        size_t n = test_charter(2, signatures, work, sizeof work);
        assert_int_equal(ol_charter_read(work, n, &c, &missing, &at), OL_OK);
        assert_int_equal(missing, signatures == 0 ? 3 : signatures == 1 ? 2 : 0);
        assert_memory_equal(c.id, hash, sizeof c.id);
        assert_memory_equal(c.text_hash, hash, sizeof hash);
    }
    size_t n = test_replace(good, LEN, "", "#\n", work, sizeof work);
    assert_int_equal(ol_charter_parse(work, n, &c, &at), OL_OK);
    assert_memory_not_equal(c.id, hash, sizeof c.id);
    n = test_replace(good, LEN, "generation = 0\n", "generation = 1\n" ID PREVIOUS, work,
                     sizeof work);
    assert_int_equal(ol_charter_parse(work, n, &c, &at), OL_OK);
    static const uint8_t stated[] = { 0, 0x11, 0x22, 0x33 };
    assert_memory_equal(c.id, stated, sizeof stated);
    assert_memory_equal(c.previous, stated, sizeof stated);
}

static void an_amendment_is_written_as_it_is_read(void **state) {
    (void)state;
    static ol_charter c, again;
    ol_ini_at at;
    size_t n = test_replace(good, LEN, "generation = 0\n", "generation = 7\n" ID PREVIOUS, work,
                            sizeof work);
    assert_int_equal(ol_charter_parse(work, n, &c, &at), OL_OK);
    c.retention_s = 86400;
    c.two = 1 << 0 | 1 << 3;
    c.quota[0] = 20;
    ol_wr w = ol_wr_of((uint8_t *)work2, sizeof work2);
    assert_int_equal(ol_charter_put(&c, &w, &at), OL_OK);
    assert_int_equal(ol_charter_parse(work2, w.len, &again, &at), OL_OK);
    assert_int_equal(again.retention_s, 86400);
    assert_non_null(strstr(work2, "\nrelease.two = flash routine\nquota.flash = 20\n[party usa]"));
    memcpy(again.text_hash, c.text_hash, sizeof c.text_hash);
    assert_memory_equal(&again, &c, sizeof c);
    w = ol_wr_of((uint8_t *)work2, 100);
    assert_int_equal(ol_charter_put(&c, &w, &at), OL_ELIMIT);
    assert_int_equal(w.len, 0);
}

/* Files: what the signature lines may be, and where the fault is said to be. */
static void signatures(void **state) {
    (void)state;
    static ol_charter c, before;
    uint32_t missing = 77;
    ol_ini_at at = { 0 };
    memset(&before, 1, sizeof before), c = before;
    size_t n = test_charter(2, 2, work, sizeof work);

    size_t m = test_replace(work, n, "600\n", "601\n", work2, sizeof work2);
    assert_int_equal(ol_charter_read(work2, m, &c, &missing, &at), OL_EAUTH);
    assert_int_equal(at.line, 28); /* the first signature that fails */
    assert_non_null(strstr(at.why, "the text: it was changed after"));

    m = test_replace(work, n, "prc/identity ", "prc/identity A", work2, sizeof work2);
    assert_int_equal(ol_charter_read(work2, m, &c, &missing, &at), OL_EFORM);
    assert_non_null(strstr(at.why, "signature lines"));
    m = test_replace(work, n, "usa/identity", "xxx/identity", work2, sizeof work2);
    assert_memory_equal(&c, &before, sizeof c);
    assert_int_equal(missing, 77);
    assert_int_equal(ol_charter_read(work2, m, &c, &missing, &at), OL_OK);
    assert_int_equal(missing, 1); /* unknown signers are ignored */

    work[n] = '\0';
    const char *second = strstr(work, "— prc");
    m = test_replace(work, n, second, "", work2, sizeof work2);
    assert_int_equal(ol_charter_read(work2, m, &c, &missing, &at), OL_OK);
    assert_int_equal(missing, 2);

    ol_str text;
    assert_int_equal(ol_charter_text(work, n, &text), OL_OK);
    assert_ptr_equal(text.p, work);
    assert_int_equal(text.len, LEN);
    assert_int_equal(ol_charter_text(good, LEN, &text), OL_OK);
    assert_int_equal(text.len, LEN);
}

/* A signature by the right key over another party's text, moved here. */
static void a_signature_moved_from_another_charter(void **state) {
    (void)state;
    static ol_charter c;
    uint32_t missing;
    ol_ini_at at;
    size_t n = test_charter(3, 3, work, sizeof work); /* another text, the same party usa */
    work[n] = '\0';
    char *sig = strstr(work, "— usa");
    *strchr(sig, '\n') = '\0';
    size_t m = (size_t)snprintf(work2, sizeof work2, "%s\n%s\n", good, sig);
    assert_int_equal(ol_charter_read(work2, m, &c, &missing, &at), OL_EAUTH);
    assert_int_equal(at.line, 28);
}

static void signing(void **state) {
    (void)state;
    ol_ini_at at;
    test_party p, stranger;
    test_party_make(1, &p);
    test_party_make(9, &stranger);
    ol_wr w = ol_wr_of((uint8_t *)work2, sizeof work2);
    size_t n = test_charter(2, 1, work, sizeof work);
    assert_int_equal(ol_charter_sign(work, n, &stranger.identity, &w, &at), OL_ENOENT);
    assert_int_equal(ol_charter_sign(work, n, &p.identity, &w, &at), OL_OK);
    assert_int_equal(ol_charter_sign(work2, w.len, &p.identity, &w, &at), OL_EEXIST);
    test_replace(work, n, "600", "601", work2, sizeof work2);
    w = ol_wr_of((uint8_t *)work, sizeof work);
    assert_int_equal(ol_charter_sign(work2, n, &p.identity, &w, &at), OL_EAUTH);
    w = ol_wr_of((uint8_t *)work, 100);
    assert_int_equal(ol_charter_sign(good, LEN, &p.identity, &w, &at), OL_ELIMIT);
    assert_int_equal(w.len, 0);
}

static const struct {
    const char *line;
    unsigned cards;
    const ol_charter_setting set[3];
    ol_err want;
    unsigned at;
    const char *why;
} drafts[] = {
    { "hotline", 2, { { "check.interval", "60" }, { "rungs", "watch minister" } }, OL_OK, 0, "" },
    { "hotline", 16, { { "retention", "86400" } }, OL_OK, 0, "" },
    { "hotline", 1, { { 0 } }, OL_ELIMIT, 0, "a line has 2 to 16 parties" },
    { "hotline", 17, { { 0 } }, OL_ELIMIT, 0, "a line has 2 to 16 parties" },
    { "Hotline", 2, { { 0 } }, OL_EFORM, 0, "a line's name" },
    { "", 2, { { 0 } }, OL_EFORM, 0, "a line's name" },
    { "h-3456789012345678901234567890-23", 2, { { 0 } }, OL_EFORM, 0, "a line's name" },
    { "hotline", 2, { { "rungs", "watch" }, { "chekc", "1" } }, OL_EFORM, 2, "unknown setting" },
    { "hotline", 2, { { "formats", "1" } }, OL_EFORM, 1, "unknown setting" },
    { "hotline", 2, { { "generation", "1" } }, OL_EFORM, 1, "unknown setting" },
    { "hotline", 2, { { "check.interval", "59" } }, OL_ELIMIT, 1, "value is out of range" },
    { "hotline", 2, { { "retention", "" } }, OL_EFORM, 1, "value is neither" },
    { "hotline", 2, { { "release.two", "flash" }, { "quota.flash", "3" } }, OL_OK, 0, "" },
    { "hotline", 2, { { "release.two", "none" }, { "quota.flash", "none" } }, OL_OK, 0, "" },
    { "hotline", 2, { { "quota.immediate", "0" } }, OL_ELIMIT, 1, "value is out of range" },
    { "hotline", 2, { { "rungs", "" } }, OL_EFORM, 1, "value is not a list" },
    { "hotline", 2, { { "rungs", "a\n[party x]" } }, OL_EFORM, 1, "value is not a list" },
    { "hotline", 2, { { "rungs", "a" }, { "rungs", "b" } }, OL_EFORM, 2, "this setting is given" },
};

static void drafting(void **state) {
    (void)state;
    static ol_card card[17];
    static ol_charter c;
    for (unsigned i = 0; i < 17; i++) {
        test_party p;
        test_party_make(i % 16, &p);
        card[i] = p.card;
    }
    for (size_t i = 0; i < OL_LEN(drafts); i++) {
        print_message("draft %zu\n", i);
        size_t sets = 0;
        while (sets < 3 && drafts[i].set[sets].key != NULL)
            sets++;
        ol_ini_at at = { 0, 0, "" };
        ol_wr w = ol_wr_of((uint8_t *)work, sizeof work);
        assert_int_equal(
            ol_charter_draft(drafts[i].line, card, drafts[i].cards, drafts[i].set, sets, &w, &at),
            drafts[i].want);
        assert_int_equal(at.line, drafts[i].at);
        assert_int_equal(strncmp(at.why, drafts[i].why, strlen(drafts[i].why)), 0);
        if (drafts[i].want != OL_OK)
            assert_int_equal(w.len, 0);
        else
            assert_int_equal(ol_charter_parse(work, w.len, &c, &at), OL_OK);
    }
    ol_ini_at at;
    ol_wr w = ol_wr_of((uint8_t *)work, sizeof work);
    ol_card twice[2] = { card[0], card[0] };
    assert_int_equal(ol_charter_draft("x", twice, 2, NULL, 0, &w, &at), OL_EFORM);
    assert_non_null(strstr(at.why, "of one name"));
    memcpy(twice[1].party.name, "other", 6); /* another name for the same key */
    assert_int_equal(ol_charter_draft("x", twice, 2, NULL, 0, &w, &at), OL_EFORM);
    assert_non_null(strstr(at.why, "identity key of a party"));
    assert_int_equal(at.line, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(charter_rows), cmocka_unit_test(a_draft_says_what_the_protocol_shows),
        cmocka_unit_test(line_id),      cmocka_unit_test(an_amendment_is_written_as_it_is_read),
        cmocka_unit_test(signatures),   cmocka_unit_test(a_signature_moved_from_another_charter),
        cmocka_unit_test(signing),      cmocka_unit_test(drafting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
