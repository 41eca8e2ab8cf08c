/* control/request: one row per rule, with the code and the sentence that a client reads. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/request.h"

#define SUBMIT                                                                                     \
    "{\"id\":1,\"do\":\"submit\",\"line\":\"a\",\"body\":\"gA==\",\"item\":\"00112233aabb\""

static const struct {
    const char *name, *in;
    ol_err want;
    const char *says; /* part of the sentence */
} rows[] = {
    { "hello", "{\"id\":1,\"do\":\"hello\"}", OL_OK, "" },
    { "newline", "{\"id\":1,\"do\":\"hello\"}\n", OL_OK, "" },
    { "id 0", "{\"id\":0,\"do\":\"stop\"}", OL_OK, "" },
    { "largest id", "{\"id\":9007199254740991,\"do\":\"stop\"}", OL_OK, "" },
    { "id too large", "{\"id\":9007199254740992,\"do\":\"stop\"}", OL_ELIMIT, "\"id\" is out" },
    { "id far too large", "{\"id\":99999999999999999999,\"do\":\"stop\"}", OL_ELIMIT, "too large" },
    { "id negative", "{\"id\":-1,\"do\":\"stop\"}", OL_ELIMIT, "\"id\" is out of range" },
    { "id real", "{\"id\":1.0,\"do\":\"stop\"}", OL_EFORM, "\"id\" is not an integer" },
    { "id text", "{\"id\":\"1\",\"do\":\"stop\"}", OL_EFORM, "\"id\" is not an integer" },
    { "no id", "{\"do\":\"stop\"}", OL_EFORM, "no \"id\"" },
    { "no do", "{\"id\":1}", OL_EFORM, "no \"do\"" },
    { "do a number", "{\"id\":1,\"do\":2}", OL_EFORM, "no \"do\" that is a string" },
    { "do unknown", "{\"id\":1,\"do\":\"dance\"}", OL_EFORM, "names no command" },
    { "empty", "", OL_EFORM, "not JSON" },
    { "cut", "{\"id\":1,\"do\":\"he", OL_EFORM, "not JSON" },
    { "array", "[1]", OL_EFORM, "not a JSON object" },
    { "number", "1", OL_EFORM, "not JSON" },
    { "two objects", "{\"id\":1,\"do\":\"stop\"}{}", OL_EFORM, "text after" },
    { "key twice", "{\"id\":1,\"id\":1,\"do\":\"stop\"}", OL_EFORM, "stands twice" },
    { "unknown key", "{\"id\":1,\"do\":\"stop\",\"x\":1}", OL_EFORM, "\"stop\" takes no key x" },
    { "odd key", "{\"id\":1,\"do\":\"stop\",\"\\u200e\":1}", OL_EFORM, "no key (not shown)" },
    { "key not of this one", "{\"id\":1,\"do\":\"stop\",\"line\":\"a\"}", OL_EFORM,
      "\"stop\" takes no key line" },
    { "not UTF-8", "{\"id\":1,\"do\":\"\xff\"}", OL_EFORM, "not UTF-8" },
    { "overlong", "{\"id\":1,\"do\":\"\xc0\xaf\"}", OL_EFORM, "not UTF-8" },
    { "surrogate", "{\"id\":1,\"do\":\"\\ud800\"}", OL_EFORM, "not JSON" },
    { "NUL escape", "{\"id\":1,\"do\":\"\\u0000\"}", OL_EFORM, "U+0000" },
    { "position", "{\"id\":1,\"do\":\"position\",\"line\":\"a\"}", OL_OK, "" },
    { "position of nothing", "{\"id\":1,\"do\":\"position\"}", OL_EFORM, "needs the key \"line\"" },
    { "line no name", "{\"id\":1,\"do\":\"position\",\"line\":\"A\"}", OL_EFORM, "not a name" },
    { "line no string", "{\"id\":1,\"do\":\"position\",\"line\":1}", OL_EFORM, "not a string" },
    { "submit",
      "{\"id\":1,\"do\":\"submit\",\"line\":\"a\",\"body\":\"gA==\",\"item\":"
      "\"00112233aabb\",\"read\":7}",
      OL_OK, "" },
    { "submit a call", SUBMIT ",\"kind\":\"call\"}", OL_OK, "" },
    { "kind no name", SUBMIT ",\"kind\":\"Call\"}", OL_EFORM, "\"kind\" is not a name" },
    { "restart", "{\"id\":1,\"do\":\"restart\"}", OL_OK, "" },
    { "restart with a passphrase", "{\"id\":1,\"do\":\"restart\",\"passphrase\":\"AP8K\"}", OL_OK,
      "" },
    { "bearer-test",
      "{\"id\":1,\"do\":\"bearer-test\",\"line\":\"a\",\"party\":\"b\",\"seconds\":600}", OL_OK,
      "" },
    { "bearer-test for long", "{\"id\":1,\"do\":\"bearer-test\",\"line\":\"a\",\"seconds\":601}",
      OL_ELIMIT, "\"seconds\" is out of range" },
    { "passphrase empty", "{\"id\":1,\"do\":\"restart\",\"passphrase\":\"\"}", OL_EFORM,
      "no passphrase in base64" },
    { "passphrase not of this one", "{\"id\":1,\"do\":\"stop\",\"passphrase\":\"AP8K\"}", OL_EFORM,
      "\"stop\" takes no key passphrase" },
    { "signs empty", SUBMIT ",\"signs\":\"\"}", OL_EFORM, "not one or two signs" },
    { "signs short", SUBMIT ",\"signs\":\"gA==\"}", OL_EFORM, "not one or two signs" },
    { "submit without item", "{\"id\":1,\"do\":\"submit\",\"line\":\"a\",\"body\":\"gA==\"}",
      OL_EFORM, "needs the key \"item\"" },
    { "item short",
      "{\"id\":1,\"do\":\"submit\",\"line\":\"a\",\"body\":\"gA==\",\"item\":"
      "\"00112233aa\"}",
      OL_EFORM, "not an item id" },
    { "item upper case",
      "{\"id\":1,\"do\":\"submit\",\"line\":\"a\",\"body\":\"gA==\",\"item\":"
      "\"00112233AABB\"}",
      OL_EFORM, "not an item id" },
    { "body empty",
      "{\"id\":1,\"do\":\"submit\",\"line\":\"a\",\"body\":\"\",\"item\":"
      "\"00112233aabb\"}",
      OL_EFORM, "not base64 of one" },
    { "body not canonical",
      "{\"id\":1,\"do\":\"submit\",\"line\":\"a\",\"body\":\"gB==\","
      "\"item\":\"00112233aabb\"}",
      OL_EFORM, "not base64" },
    { "read negative",
      "{\"id\":1,\"do\":\"submit\",\"line\":\"a\",\"body\":\"gA==\",\"item\":"
      "\"00112233aabb\",\"read\":-7}",
      OL_ELIMIT, "\"read\" is out of range" },
    { "log", "{\"id\":1,\"do\":\"log\",\"line\":\"a\",\"from\":0,\"limit\":500}", OL_OK, "" },
    { "log of none", "{\"id\":1,\"do\":\"log\",\"line\":\"a\",\"limit\":0}", OL_ELIMIT, "range" },
    { "log of many", "{\"id\":1,\"do\":\"log\",\"line\":\"a\",\"limit\":501}", OL_ELIMIT, "range" },
    { "last", "{\"id\":1,\"do\":\"log\",\"line\":\"a\",\"last\":20}", OL_OK, "" },
    { "last and from", "{\"id\":1,\"do\":\"log\",\"line\":\"a\",\"last\":20,\"from\":0}", OL_EFORM,
      "stands beside" },
    { "some of the log",
      "{\"id\":1,\"do\":\"log\",\"line\":\"a\",\"from\":3,\"precedence\":\"flash\",\"status\":"
      "\"test\",\"author\":\"usa\",\"kind\":\"message\",\"brief\":1,\"unread\":1}",
      OL_OK, "" },
    { "brief, too much", "{\"id\":1,\"do\":\"log\",\"line\":\"a\",\"brief\":2}", OL_ELIMIT,
      "\"brief\" is out of range" },
    { "author is no name", "{\"id\":1,\"do\":\"log\",\"line\":\"a\",\"author\":\"U S\"}", OL_EFORM,
      "\"author\" is not a name" },
    { "unread of entries",
      "{\"id\":1,\"do\":\"entries\",\"line\":\"a\",\"from\":3,\"unread\":1,\"log\":"
      "\"usa/routine/0123456789abcdef\"}",
      OL_EFORM, "takes no key unread" },
    { "entries",
      "{\"id\":1,\"do\":\"entries\",\"line\":\"a\",\"from\":3,\"log\":"
      "\"usa/routine/0123456789abcdef\"}",
      OL_OK, "" },
    { "entries, lane",
      "{\"id\":1,\"do\":\"entries\",\"line\":\"a\",\"from\":3,\"log\":"
      "\"usa/rout/0123456789abcdef\"}",
      OL_EFORM, "name of a log" },
    { "entries, digits",
      "{\"id\":1,\"do\":\"entries\",\"line\":\"a\",\"from\":3,\"log\":"
      "\"usa/urgent/0123456789abcde\"}",
      OL_EFORM, "name of a log" },
    { "entries, one slash",
      "{\"id\":1,\"do\":\"entries\",\"line\":\"a\",\"from\":3,\"log\":"
      "\"usa/urgent\"}",
      OL_EFORM, "name of a log" },
    { "entries, no party",
      "{\"id\":1,\"do\":\"entries\",\"line\":\"a\",\"from\":3,\"log\":"
      "\"/urgent/0123456789abcdef\"}",
      OL_EFORM, "name of a log" },
};

static void request_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        static ol_request r, before;
        ol_refusal why;
        memset(&r, 0xA5, sizeof r), memcpy(&before, &r, sizeof r);
        print_message("row %s\n", rows[i].name);
        ol_err err = ol_request_parse(rows[i].in, strlen(rows[i].in), &r, &why);
        if (err != OL_OK)
            print_message("  %s; %s\n", why.what, why.todo);
        assert_int_equal(err, rows[i].want);
        assert_int_equal(why.err, rows[i].want);
        assert_true(strstr(why.what, rows[i].says) != NULL);
        if (rows[i].want == OL_OK)
            continue;
        assert_memory_equal(&r, &before, sizeof r);
        assert_true(why.todo[0] != '\0');
    }
}

/* The reply to a refused request carries its id, once that could be read. */
static void id_is_kept(void **state) {
    (void)state;
    ol_request r;
    ol_refusal why;
    static const char has[] = "{\"id\":7,\"do\":\"dance\"}";
    static const char has_not[] = "{\"id\":\"7\",\"do\":\"hello\"}";
    assert_int_equal(ol_request_parse(has, strlen(has), &r, &why), OL_EFORM);
    assert_true(why.has_id && why.id == 7);
    assert_int_equal(ol_request_parse(has_not, strlen(has_not), &r, &why), OL_EFORM);
    assert_false(why.has_id);
}

static void length_of_line(void **state) {
    (void)state;
    ol_request r;
    ol_refusal why;
    char *line = malloc(OL_CONTROL_LINE_MAX + 1);
    assert_non_null(line);
    memset(line, ' ', OL_CONTROL_LINE_MAX + 1);
    memcpy(line, "{\"id\":1,\"do\":\"hello\"}", 21);
    assert_int_equal(ol_request_parse(line, OL_CONTROL_LINE_MAX, &r, &why), OL_OK);
    assert_int_equal(ol_request_parse(line, OL_CONTROL_LINE_MAX + 1, &r, &why), OL_ELIMIT);
    memset(line, '[', OL_CONTROL_LINE_MAX);
    assert_int_equal(ol_request_parse(line, OL_CONTROL_LINE_MAX, &r, &why), OL_ELIMIT);
    free(line);
}

static void body_limit(void **state) {
    (void)state;
    static ol_request r = { .id = 1,
                            .what = OL_DO_SUBMIT,
                            .given = OL_GIVEN_LINE | OL_GIVEN_BODY | OL_GIVEN_ITEM | OL_GIVEN_KIND |
                                     OL_GIVEN_SIGNS,
                            .line = "a",
                            .kind = "call",
                            .signs_len = sizeof r.signs,
                            .body_len = OL_CONTROL_BODY_MAX };
    static ol_request again;
    static char text[OL_CONTROL_LINE_MAX];
    ol_refusal why;
    size_t len = 0;
    memset(r.body, 0xFF, sizeof r.body), memset(r.signs, 0xFE, sizeof r.signs);
    assert_int_equal(ol_request_put(&r, text, sizeof text, &len), OL_OK);
    assert_int_equal(ol_request_parse(text, len, &again, &why), OL_OK);
    assert_int_equal(again.body_len, OL_CONTROL_BODY_MAX);
    assert_memory_equal(again.body, r.body, sizeof r.body);
    assert_string_equal(again.kind, "call");
    assert_int_equal(again.signs_len, sizeof r.signs);
    assert_memory_equal(again.signs, r.signs, sizeof r.signs);
    assert_int_equal(ol_request_put(&r, text, 100, &len), OL_ELIMIT);
    static const char head[] = "{\"id\":1,\"do\":\"submit\",\"line\":\"a\",\"item\":"
                               "\"00112233aabb\",\"body\":\"";
    memcpy(text, head, sizeof head - 1);
    size_t at = sizeof head - 1;
    memset(text + at, 'A', 2732);
    memcpy(text + at + 2732, "\"}", 3); /* 2,049 bytes */
    assert_int_equal(ol_request_parse(text, strlen(text), &again, &why), OL_ELIMIT);
    assert_true(strstr(why.what, "longer than an entry") != NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_rows),
        cmocka_unit_test(id_is_kept),
        cmocka_unit_test(length_of_line),
        cmocka_unit_test(body_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
