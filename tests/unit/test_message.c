/* Bodies of messages: their bytes, what is refused and why, compression and its limits, parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants those before it
#include <cmocka.h>

#include <brotli/encode.h>

#include "message/body.h"
#include "wire/cbor.h"

static ol_str str(const char *s) {
    return (ol_str){ s, strlen(s) };
}

static bool is_same(ol_str a, ol_str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static void assert_same(const ol_message *a, const ol_message *b) {
    assert_int_equal(a->precedence, b->precedence);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->to, b->to);
    assert_int_equal(a->is_compressed, b->is_compressed);
    assert_true(is_same(a->text, b->text) && is_same(a->lang, b->lang));
    assert_true(is_same(a->subject, b->subject));
    assert_int_equal(a->has_ref, b->has_ref);
    assert_int_equal(a->ref.party * 2 + a->ref.lane, b->ref.party * 2 + b->ref.lane);
    assert_int_equal(a->ref.incarnation_len, b->ref.incarnation_len);
    assert_memory_equal(a->ref.incarnation, b->ref.incarnation, a->ref.incarnation_len);
    assert_int_equal(a->ref.index, b->ref.index);
    assert_int_equal(a->part * 100 + a->parts, b->part * 100 + b->parts);
    assert_int_equal(a->sort * 10 + a->grade, b->sort * 10 + b->grade);
    assert_true(a->asks == b->asks && a->action == b->action && a->info == b->info);
    assert_int_equal(a->info_precedence, b->info_precedence);
}

/* ── bytes ─────────────────────────────────────────────────────────────────────────────────────*/

/* Hex, with "text" in single quotes taken as it is. */
static size_t bytes_of(const char *s, uint8_t *to) {
    size_t n = 0;
    bool is_text = false;
    for (; *s != 0; s++) {
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

static const struct {
    const char *in, *why; /* why NULL: readable */
} rows[] = {
    { "84 03 00 00 82 00 61'x'", NULL },
    { "84 00 02 01 82 00 61'x'", NULL },
    { "84 03 00 00 82 01 41'x'", NULL },
    { "85 03 00 00 82 00 61'x' 60", NULL },
    { "85 03 00 00 82 00 61'x' 62'en'", NULL },
    { "85 03 00 00 82 00 61'x' 67'zh-Hant'", NULL },
    { "86 03 00 00 82 00 61'x' 60 64'subj'", NULL },
    { "87 03 00 00 82 00 61'x' 60 60 80", NULL },
    { "87 03 00 00 82 00 61'x' 60 60 84 0f 01 42 abcd 00", NULL },
    { "87 03 00 00 82 00 61'x' 60 60 84 00 00 48 0102030405060708 1bffffffffffff", "reference" },
    { "87 03 00 00 82 00 61'x' 60 60 84 00 00 48 0102030405060708 1b0000ffffffffffff", NULL },
    { "87 03 00 00 82 00 61'x' 60 60 84 00 00 48 0102030405060708 1b0001000000000000",
      "reference" },
    { "88 03 00 00 82 00 61'x' 60 60 80 82 01 01", NULL },
    { "88 03 00 00 82 00 61'x' 60 60 80 82 18 63 18 63", NULL },
    { "8f 03 00 00 82 00 61'x' 60 60 80 82 01 02 00 00 80 80 00 83 01 20 41 ff 00", NULL },
    { "8a 03 00 00 82 00 61'x' 60 60 80 82 01 02 83 01 20 41 ff 00", "sort" },
    { "88 03 00 00 82 00 61'x' 60 60 80 80", NULL },
    { "", "few" },
    { "83 03 00 00", "few" },
    { "80", "few" },
    { "a0", "few" },
    { "84 04 00 00 82 00 61'x'", "precedence" },
    { "84 20 00 00 82 00 61'x'", "precedence" },
    { "84 03 03 00 82 00 61'x'", "status" },
    { "84 03 00 20 82 00 61'x'", "addressee" },
    { "84 03 00 00 82 02 61'x'", "text has another form" },
    { "84 03 00 00 81 00 61'x'", "text has another form" },
    { "84 03 00 00 83 00 61'x' 00", "text has another form" },
    { "84 03 00 00 61'x'", "text has another form" },
    { "84 03 00 00 82 00 41'x'", "text has another form" },
    { "84 03 00 00 82 01 61'x'", "text has another form" },
    { "84 03 00 00 82 00 60", "empty" },
    { "84 03 00 00 82 01 40", "empty" },
    { "84 03 00 00 82 00 62'x'", "text has another form" },
    { "84 03 00 00 82 00 61 ff", "text has another form" },
    { "84 03 00 00 82 00 61 0a", NULL },
    { "84 03 00 00 82 00 61 09", "text holds" },
    { "84 03 00 00 82 00 61 7f", "text holds" },
    { "84 03 00 00 82 00 62 c285", "text holds" },
    { "84 03 00 00 82 00 63 e280ae", "text holds" },
    { "84 03 00 00 82 00 63 e281a6", "text holds" },
    { "85 03 00 00 82 00 61'x' 00", "language" },
    { "85 03 00 00 82 00 61'x' 63'e_n'", "language" },
    { "85 03 00 00 82 00 61'x' 63'en-'", "language" },
    { "85 03 00 00 82 00 61'x' 63'-en'", "language" },
    { "85 03 00 00 82 00 61'x' 68'abcdefgh'", NULL },
    { "85 03 00 00 82 00 61'x' 69'abcdefghi'", "language" },
    { "85 03 00 00 82 00 61'x' 7823'x-abcdefg-abcdefg-abcdefg-abcdefg-d'", NULL },
    { "85 03 00 00 82 00 61'x' 7824'x-abcdefg-abcdefg-abcdefg-abcdefg-de'", "language" },
    { "86 03 00 00 82 00 61'x' 60 61 0a", "subject" },
    { "86 03 00 00 82 00 61'x' 60 41'x'", "subject" },
    { "87 03 00 00 82 00 61'x' 60 60 83 00 00 42 abcd", "reference" },
    { "87 03 00 00 82 00 61'x' 60 60 85 00 00 42 abcd 00 00", "reference" },
    { "87 03 00 00 82 00 61'x' 60 60 84 10 00 42 abcd 00", "names no party" },
    { "87 03 00 00 82 00 61'x' 60 60 84 00 02 42 abcd 00", "reference" },
    { "87 03 00 00 82 00 61'x' 60 60 84 00 00 41 ab 00", "reference" },
    { "87 03 00 00 82 00 61'x' 60 60 84 00 00 49 010203040506070809 00", "reference" },
    { "87 03 00 00 82 00 61'x' 60 60 84 00 00 62'ab' 00", "reference" },
    { "88 03 00 00 82 00 61'x' 60 60 80 82 00 01", "part" },
    { "88 03 00 00 82 00 61'x' 60 60 80 82 02 01", "part" },
    { "88 03 00 00 82 00 61'x' 60 60 80 82 01 18 64", "part" },
    { "88 03 00 00 82 00 61'x' 60 60 80 81 01", "part" },
    { "88 03 00 00 82 00 61'x' 60 60 80 83 01 01 00", "part" },
    { "89 03 00 00 82 00 61'x' 60 60 80 82 01 01 f6", "sort" },
    { "8e 03 00 00 82 00 61'x' 60 60 80 80 00 00 80 80 00 f6", "no CBOR" },
    { "84 03 00 00 82 00 61'x' 00", "bytes follow" },
    { "84 1803 00 00 82 00 61'x'", "precedence" },
};

static void decode_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        uint8_t in[200];
        size_t n = bytes_of(rows[i].in, in);
        ol_message m, before;
        const char *why = NULL;
        memset(&m, 0xa5, sizeof m), memcpy(&before, &m, sizeof m);
        print_message("row %s\n", rows[i].in);
        ol_err err = ol_message_decode(in, n, &m, &why);
        if (rows[i].why == NULL) {
            assert_int_equal(err, OL_OK);
            assert_null(why);
            continue;
        }
        assert_int_not_equal(err, OL_OK);
        assert_memory_equal(&m, &before, sizeof m);
        assert_non_null(why);
        assert_non_null(strstr(why, rows[i].why));
    }
}

static void decodes_to(void **state) {
    (void)state;
    uint8_t in[200];
    ol_message m;
    const char *why;
    size_t n = bytes_of("88 01 02 03 82 00 65'hello' 62'en' 64'subj' 84 02 01 43 abcdef 19 0102"
                        "82 04 05",
                        in);
    assert_int_equal(ol_message_decode(in, n, &m, &why), OL_OK);
    assert_same(&m, &(ol_message){ .precedence = OL_IMMEDIATE,
                                   .status = OL_TEST,
                                   .to = 3,
                                   .text = str("hello"),
                                   .lang = str("en"),
                                   .subject = str("subj"),
                                   .has_ref = true,
                                   .ref = { 2, 1, 3, { 0xab, 0xcd, 0xef }, 0x102 },
                                   .part = 4,
                                   .parts = 5 });
    uint8_t out[200];
    ol_wr w = ol_wr_of(out, sizeof out);
    ol_message_encode(&m, &w);
    assert_int_equal(w.len, n);
    assert_memory_equal(out, in, n);
    for (size_t cut = 0; cut < n; cut++)
        assert_int_not_equal(ol_message_decode(in, cut, &m, &why), OL_OK);
    w = ol_wr_of(out, n - 1);
    ol_message_encode(&m, &w);
    assert_int_equal(w.err, OL_ELIMIT);
}

static void lanes(void **state) {
    (void)state;
    ol_message m = { .precedence = OL_PRIORITY };
    assert_int_equal(ol_message_lane(&m), OL_LANE_ROUTINE);
    assert_null(ol_message_misfit(&m, 0, OL_LANE_ROUTINE, 2, 0));
    assert_non_null(strstr(ol_message_misfit(&m, 0, OL_LANE_URGENT, 2, 0), "wrong lane, urgent"));
    m.has_ref = true, m.ref.lane = OL_LANE_ROUTINE;
    assert_int_equal(ol_message_lane(&m), OL_LANE_ROUTINE);
    m.ref.lane = OL_LANE_URGENT;
    assert_int_equal(ol_message_lane(&m), OL_LANE_URGENT);
    m.has_ref = false, m.precedence = OL_IMMEDIATE;
    assert_int_equal(ol_message_lane(&m), OL_LANE_URGENT);
    assert_non_null(strstr(ol_message_misfit(&m, 0, OL_LANE_ROUTINE, 2, 0), "wrong lane, routine"));
    m.to = 4;
    assert_null(ol_message_misfit(&m, 0, OL_LANE_URGENT, 2, 4));
    assert_non_null(strstr(ol_message_misfit(&m, 0, OL_LANE_URGENT, 2, 3), "rung"));
    m.has_ref = true, m.ref.party = 1;
    assert_null(ol_message_misfit(&m, 0, OL_LANE_URGENT, 2, 4));
    m.ref.party = 2;
    assert_non_null(strstr(ol_message_misfit(&m, 0, OL_LANE_URGENT, 2, 4), "no party"));
    assert_string_equal(ol_precedence_name(OL_FLASH), "flash");
    assert_string_equal(ol_precedence_name(OL_ROUTINE), "routine");
    assert_null(ol_precedence_name(OL_PRECEDENCES));
    assert_string_equal(ol_status_name(OL_EXERCISE), "exercise");
    assert_null(ol_status_name(OL_STATUSES));
}

/* ── writing ───────────────────────────────────────────────────────────────────────────────────*/

static const char english[] =
    "Object over our territory at 18,000 metres, drifting east at 12 knots. We ask whether it is "
    "yours, what it carries, and whether you can command it to come down. Our aircraft keep a "
    "distance of 5 nautical miles. We propose to speak at 14:30 UTC on this line. Please confirm "
    "that your watch has this.";

static void round_trip(ol_message m, size_t max) {
    uint8_t body[OL_BODY_MAX], room[OL_TEXT_MAX];
    size_t n = 0;
    ol_body_why why;
    ol_message back;
    const char *because;
    assert_int_equal(ol_body_put(&m, body, &n, &why), OL_OK);
    print_message("%zu bytes of text in %zu\n", m.text.len, n);
    assert_in_range(n, 1, max);
    assert_int_equal(ol_cbor_check(body, n), OL_OK);
    assert_int_equal(ol_body_get(body, n, room, &back, &because), OL_OK);
    assert_same(&back, &m);
}

static void writes(void **state) {
    (void)state;
    round_trip((ol_message){ .precedence = OL_ROUTINE, .text = str("x") }, 8);
    round_trip((ol_message){ .precedence = OL_FLASH, .text = str("Confirm.") }, 15);
    round_trip((ol_message){ .precedence = OL_FLASH, .text = str(english) }, 190);
    round_trip((ol_message){ .precedence = OL_IMMEDIATE,
                             .status = OL_EXERCISE,
                             .to = UINT64_MAX,
                             .text = str("\xe4\xbd\xa0\xe5\xa5\xbd\n\xe6\xbc\x94\xe4\xb9\xa0"),
                             .lang = str("zh-hans"),
                             .subject = str("\xe6\xbc\x94\xe4\xb9\xa0"),
                             .has_ref = true,
                             .ref = { 1, 0, 2, { 1, 2 }, 7 },
                             .part = 99,
                             .parts = 99 },
               70);
    char room[OL_TEXT_MAX + 1];
    memset(room, 'x', sizeof room);
    round_trip((ol_message){ .text = { room, OL_TEXT_MAX }, .precedence = OL_ROUTINE }, 60);
    uint8_t body[OL_BODY_MAX];
    size_t n = 77;
    ol_body_why why;
    assert_int_equal(
        ol_body_put(&(ol_message){ .text = { room, OL_TEXT_MAX + 1 }, .precedence = OL_ROUTINE },
                    body, &n, &why),
        OL_ELIMIT);
    assert_non_null(strstr(why.text, "in parts"));
    assert_int_equal(n, 77);
}

static void refused(ol_message m, const char *word) {
    uint8_t body[OL_BODY_MAX];
    size_t n;
    ol_body_why why = { "" };
    assert_int_not_equal(ol_body_put(&m, body, &n, &why), OL_OK);
    if (strstr(why.text, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why.text, word);
}

static void refuses(void **state) {
    (void)state;
    const ol_message ok = { .precedence = OL_FLASH, .text = str("x") };
    ol_message m = ok;
    char words[2048] = "", subject[OL_SUBJECT_MAX + 2];
    for (int i = 0; i < 200; i++)
        memcpy(words + 5 * i, "word ", 5);
    m.text = str(words);
    round_trip(m, 100);
    memcpy(words + 1000, "more", 4);
    m.text = str(words);
    refused(m, "the text has 201 words; flash has at most 200");
    m.precedence = OL_IMMEDIATE;
    refused(m, "immediate has at most 200");
    m.precedence = OL_PRIORITY;
    round_trip(m, 100);
    m = ok, m.text = str("");
    refused(m, "empty");
    m.text = str("two\nlines, then \xe2\x80\xae");
    refused(m, "the text holds U+202E at line 2, character 13");
    m.text = str("\xe4\xbd\xa0\x1b");
    refused(m, "the text holds U+001B at line 1, character 2");
    m.text = str("ab\xff");
    refused(m, "the text is not UTF-8 at line 1, character 3");
    m = ok, m.subject = str("a\nb");
    refused(m, "the subject holds U+000A at line 1, character 2");
    memset(subject, 's', sizeof subject);
    m.subject = (ol_str){ subject, OL_SUBJECT_MAX };
    round_trip(m, 220);
    m.subject.len++;
    refused(m, "the subject has 201 bytes");
    m = ok, m.lang = str("EN");
    refused(m, "lower case");
    m.lang = str("english!");
    refused(m, "BCP 47");
    m = ok, m.has_ref = true, m.ref.incarnation_len = 1;
    refused(m, "reference");
    m.ref.incarnation_len = 8, m.ref.index = OL_SIZE_MAX + 1;
    refused(m, "reference");
}

/* What another station let through is bound by the same limit, sent plain or compressed. */
static void too_many_words(void **state) {
    (void)state;
    char words[1100];
    uint8_t body[OL_BODY_MAX], room[OL_TEXT_MAX], packed[OL_BODY_MAX];
    const char *why;
    ol_message back;
    for (int i = 0; i < 201; i++)
        memcpy(words + 5 * i, "word ", 5);
    for (unsigned precedence = OL_FLASH; precedence <= OL_PRIORITY; precedence++) {
        for (size_t n = 200; n <= 201; n++) {
            ol_message m = { .precedence = (uint8_t)precedence, .text = { words, 5 * n } };
            for (unsigned is_packed = 0; is_packed <= 1; is_packed++) {
                size_t len = sizeof packed;
                if (is_packed == 1) {
                    assert_true(BrotliEncoderCompress(11, 16, BROTLI_MODE_TEXT, 5 * n,
                                                      (const uint8_t *)words, &len, packed));
                    m.is_compressed = true;
                    m.text = (ol_str){ (const char *)packed, len };
                }
                ol_wr w = ol_wr_of(body, sizeof body);
                ol_message_encode(&m, &w);
                ol_err err = ol_body_get(body, w.len, room, &back, &why);
                bool is_over = n == 201 && precedence <= OL_IMMEDIATE;
                assert_int_equal(err, is_over ? OL_EFORM : OL_OK);
                if (is_over)
                    assert_non_null(strstr(why, "more than 200 words"));
            }
        }
    }
}

/* ── cutting ───────────────────────────────────────────────────────────────────────────────────*/

typedef struct {
    char *text;
    size_t len, max;
    unsigned parts, calls;
    ol_err stop;
} joined;

static ol_err join(void *ctx, const uint8_t *body, size_t len, unsigned part, unsigned parts) {
    joined *j = ctx;
    uint8_t room[OL_TEXT_MAX];
    ol_message m;
    const char *why;
    assert_in_range(len, 1, OL_BODY_MAX);
    assert_int_equal(ol_body_get(body, len, room, &m, &why), OL_OK);
    assert_int_equal(part, ++j->calls);
    assert_int_equal(m.parts, parts == 1 ? 0 : parts);
    assert_int_equal(m.part, parts == 1 ? 0 : part);
    assert_true(is_same(m.subject, str("long")));
    memcpy(j->text + j->len, m.text.p, m.text.len);
    j->len += m.text.len;
    j->parts = parts;
    return j->stop;
}

static uint64_t seed = 1;
static unsigned below(unsigned n) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

static unsigned cuts(ol_str text) {
    joined j = { .text = malloc(text.len + 1) };
    ol_message m = { .precedence = OL_ROUTINE, .text = text, .subject = str("long") };
    ol_body_why why;
    assert_int_equal(ol_body_cut(&m, join, &j, &why), OL_OK);
    assert_int_equal(j.calls, j.parts);
    assert_true(is_same((ol_str){ j.text, j.len }, text));
    free(j.text);
    return j.parts;
}

static void cuts_long_texts(void **state) {
    (void)state;
    static char text[OL_LONG_TEXT_MAX + 8];
    assert_int_equal(cuts(str("short")), 1);
    assert_int_equal(cuts(str(english)), 1);
    size_t n = 0;
    while (n < 12000) { /* words that do not compress well */
        for (unsigned k = 2 + below(8); k > 0; k--)
            text[n++] = (char)('a' + below(26));
        text[n++] = below(9) == 0 ? '\n' : ' ';
    }
    unsigned parts = cuts((ol_str){ text, n });
    assert_in_range(parts, 4, 6);
    for (size_t i = 0; i < n; i++) /* no place to cut at */
        text[i] = text[i] == ' ' || text[i] == '\n' ? 'x' : text[i];
    assert_in_range(cuts((ol_str){ text, n }), 4, 6);
    n = 0;
    while (n < 9000) { /* Chinese */
        unsigned c = 0x4e00 + below(0x5000);
        text[n++] = (char)(0xe0 | c >> 12), text[n++] = (char)(0x80 | (c >> 6 & 63));
        text[n++] = (char)(0x80 | (c & 63));
    }
    assert_in_range(cuts((ol_str){ text, n }), 4, 6);
    memset(text, 'x', 60000);
    assert_int_equal(cuts((ol_str){ text, 60000 }), 4); /* 16,384 bytes at most in one */
}

static void cuts_after_words(void **state) {
    (void)state;
    static char text[8000];
    size_t n = 0;
    while (n < 7000) {
        memcpy(text + n, "0123456789 ", 11), n += 11;
        text[n - 2 - below(9)] = (char)('a' + below(26));
        text[n - 2 - below(9)] = (char)('a' + below(26));
        text[n - 2 - below(9)] = (char)('a' + below(26));
        text[n - 2 - below(9)] = (char)('a' + below(26));
    }
    joined j = { .text = malloc(n), .stop = OL_EAGAIN };
    ol_message m = { .precedence = OL_ROUTINE, .text = { text, n }, .subject = str("long") };
    ol_body_why why;
    assert_int_equal(ol_body_cut(&m, join, &j, &why), OL_EAGAIN);
    assert_int_equal(j.calls, 1);
    assert_true(j.len > 1000 && j.len < n && j.text[j.len - 1] == ' ');
    free(j.text);
}

static void cuts_no_further(void **state) {
    (void)state;
    static char text[OL_LONG_TEXT_MAX + 1];
    ol_body_why why;
    joined j = { .calls = 0 };
    ol_message m = { .precedence = OL_ROUTINE, .text = { text, OL_LONG_TEXT_MAX } };
    for (size_t i = 0; i < sizeof text; i++) /* 6.5 bits a character */
        text[i] = (char)(' ' + below(95));
    assert_int_equal(ol_body_cut(&m, join, &j, &why), OL_ELIMIT);
    assert_non_null(strstr(why.text, "99 parts"));
    m.text.len++;
    assert_int_equal(ol_body_cut(&m, join, &j, &why), OL_ELIMIT);
    assert_non_null(strstr(why.text, "262145 bytes"));
    for (size_t i = 0; i < 5000; i += 4)
        text[i] = ' ';
    m.text.len = 5000, m.precedence = OL_FLASH;
    assert_int_equal(ol_body_cut(&m, join, &j, &why), OL_ELIMIT);
    assert_non_null(strstr(why.text, "flash has at most 200"));
    assert_int_equal(j.calls, 0);
}

/* ── reading what others compressed ────────────────────────────────────────────────────────────*/

static size_t pack(const void *text, size_t len, int window, uint8_t *to) {
    size_t n = OL_BODY_MAX - 20;
    assert_true(BrotliEncoderCompress(11, window, BROTLI_MODE_GENERIC, len, text, &n, to));
    return n;
}

static const char *unreadable(const uint8_t *packed, size_t n) {
    uint8_t body[OL_BODY_MAX + 20], room[OL_TEXT_MAX];
    ol_message m = { .precedence = OL_ROUTINE, .is_compressed = true };
    const char *why = NULL;
    ol_wr w = ol_wr_of(body, sizeof body);
    m.text = (ol_str){ (const char *)packed, n };
    ol_message_encode(&m, &w);
    assert_int_equal(w.err, OL_OK);
    memset(&m, 0xa5, sizeof m);
    ol_message before = m;
    ol_err err = ol_body_get(body, w.len, room, &m, &why);
    assert_true((err == OL_OK) == (why == NULL));
    if (err != OL_OK)
        assert_memory_equal(&m, &before, sizeof m);
    return why == NULL ? "readable" : why;
}

#define UNREADABLE(p, n, word) assert_non_null(strstr(unreadable(p, n), word))

static void unpacks(void **state) {
    (void)state;
    static char text[1 << 20];
    uint8_t p[OL_BODY_MAX];
    memset(text, 'x', sizeof text);
    UNREADABLE(p, pack(text, OL_TEXT_MAX - 1, 16, p), "readable");
    UNREADABLE(p, pack(text, OL_TEXT_MAX, 16, p), "readable");
    UNREADABLE(p, pack(text, OL_TEXT_MAX + 1, 16, p), "more than 16,384");
    UNREADABLE(p, pack(text, sizeof text, 16, p), "more than 16,384"); /* a bomb */
    for (int window = BROTLI_MIN_WINDOW_BITS; window <= BROTLI_MAX_WINDOW_BITS; window++) {
        size_t n = pack(text, 100000, window, p);
        UNREADABLE(p, n, window <= 16 ? "more than 16,384" : "window above 16 bits");
    }
    for (unsigned first = 0; first < 256; first++) { /* what the first byte alone decides */
        p[0] = (uint8_t)first;
        bool is_small = (first & 1) == 0 || ((first & 15) == 1 && (first >> 4 & 7) >= 2);
        assert_true((strstr(unreadable(p, 1), "window") == NULL) == is_small);
    }
    size_t n = pack(english, sizeof english - 1, 16, p);
    for (size_t cut = 1; cut < n; cut++)
        UNREADABLE(p, cut, "unfinished");
    p[n] = 0;
    UNREADABLE(p, n, "readable");
    UNREADABLE(p, n + 1, "bytes follow");
    n = pack("", 0, 16, p);
    UNREADABLE(p, n, "empty");
    n = pack("\xff", 1, 16, p);
    UNREADABLE(p, n, "not UTF-8");
    n = pack("\xe2\x80\xae", 3, 16, p);
    UNREADABLE(p, n, "characters that no message");
    memset(p, 0xaa, 50);
    UNREADABLE(p, 50, "does not decompress");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode_rows),     cmocka_unit_test(decodes_to),
        cmocka_unit_test(lanes),           cmocka_unit_test(writes),
        cmocka_unit_test(refuses),         cmocka_unit_test(too_many_words),
        cmocka_unit_test(cuts_long_texts), cmocka_unit_test(cuts_after_words),
        cmocka_unit_test(cuts_no_further), cmocka_unit_test(unpacks),
    };
    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
