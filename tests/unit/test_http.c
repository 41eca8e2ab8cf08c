/* web/http: one row per rule of the request that this server takes, and each cut of a good one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "web/http.h"

#define HOST "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n"

static const struct {
    const char *name, *in;
    ol_err want;
} rows[] = {
    { "least", GET HOST "\r\n", OL_OK },
    { "query", "GET /a?b=c HTTP/1.1\r\n" HOST "\r\n", OL_OK },
    { "fields it does not know", GET HOST "X-Y: \t z \r\nAccept: */*\r\n\r\n", OL_OK },
    { "latin-1 in a value", GET HOST "X: \xe9\r\n\r\n", OL_OK },
    { "an empty value", GET HOST "X:\r\n\r\n", OL_OK },
    { "a body of no bytes", GET HOST "Content-Length: 0\r\n\r\n", OL_OK },
    { "POST", "POST / HTTP/1.1\r\n" HOST "\r\n", OL_EFORM },
    { "small letters", "get / HTTP/1.1\r\n" HOST "\r\n", OL_EFORM },
    { "HTTP/1.0", "GET / HTTP/1.0\r\n" HOST "\r\n", OL_EFORM },
    { "two spaces", "GET  / HTTP/1.1\r\n" HOST "\r\n", OL_EFORM },
    { "absolute form", "GET http://a/ HTTP/1.1\r\n" HOST "\r\n", OL_EFORM },
    { "asterisk", "GET * HTTP/1.1\r\n" HOST "\r\n", OL_EFORM },
    { "no target", "GET  HTTP/1.1\r\n" HOST "\r\n", OL_EFORM },
    { "a fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n", OL_EFORM },
    { "a control in the target", "GET /\x01 HTTP/1.1\r\n" HOST "\r\n", OL_EFORM },
    { "a letter above ASCII in the target", "GET /\xe9 HTTP/1.1\r\n" HOST "\r\n", OL_EFORM },
    { "no host", GET "\r\n", OL_EFORM },
    { "an empty host", GET "Host:\r\n\r\n", OL_EFORM },
    { "two hosts", GET HOST HOST "\r\n", OL_EFORM },
    { "two origins", GET HOST "Origin: a\r\norigin: b\r\n\r\n", OL_EFORM },
    { "two cookies", GET HOST "Cookie: a=b\r\nCookie: c=d\r\n\r\n", OL_EFORM },
    { "bare line feed", GET "Host: a\n\r\n", OL_EFORM },
    { "bare first line feed", "\n" GET HOST "\r\n", OL_EFORM },
    { "an empty first line", "\r\n" GET HOST "\r\n", OL_EFORM },
    { "folded", GET HOST "X: a\r\n b\r\n\r\n", OL_EFORM },
    { "space before the colon", GET "Host : a\r\n\r\n", OL_EFORM },
    { "no colon", GET HOST "X\r\n\r\n", OL_EFORM },
    { "no name", GET HOST ": x\r\n\r\n", OL_EFORM },
    { "a carriage return in a value", GET HOST "X: a\rb\r\n\r\n", OL_EFORM },
    { "DEL in a value", GET HOST "X: \x7f\r\n\r\n", OL_EFORM },
    { "a body", GET HOST "Content-Length: 1\r\n\r\n", OL_EFORM },
    { "a body of another length", GET HOST "Content-Length: 00\r\n\r\n", OL_EFORM },
    { "chunks", GET HOST "Transfer-Encoding: chunked\r\n\r\n", OL_EFORM },
};

static void http_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        ol_http r;
        size_t len = 0;
        ol_err err = ol_http_get(rows[i].in, strlen(rows[i].in), &r, &len);
        if (err != rows[i].want || (err == OL_OK && len != strlen(rows[i].in)))
            fail_msg("%s: %s", rows[i].name, ol_err_name(err));
    }
}

/* Any beginning of a good request waits for more, and what follows it is not touched. */
static void http_cuts(void **state) {
    static const char text[] =
        "GET /talk?x=1 HTTP/1.1\r\nHost: 127.0.0.1:8477\r\n"
        "ORIGIN: http://127.0.0.1:8477\r\nUpgrade: WebSocket\r\n"
        "Connection: keep-alive, Upgrade\r\nCookie: a=1; b=2;c=3; b =4\r\n\r\n"
        "\x81\x80more";
    size_t head = sizeof text - 1 - 6, len = 0;
    ol_http r;
    (void)state;
    for (size_t i = 0; i < head; i++)
        assert_int_equal(ol_http_get(text, i, &r, &len), OL_ESHORT);
    for (size_t i = head; i < sizeof text; i++)
        assert_int_equal(ol_http_get(text, i, &r, &len), OL_OK);
    assert_int_equal(len, head);
    assert_true(ol_http_is(r.path, "/talk") && ol_http_is(r.query, "x=1"));
    assert_true(ol_http_is(r.host, "127.0.0.1:8477"));
    assert_true(ol_http_is(r.origin, "http://127.0.0.1:8477"));
    assert_true(ol_http_has_token(r.upgrade, "websocket"));
    assert_true(ol_http_has_token(r.connection, "upgrade"));
    assert_false(ol_http_has_token(r.connection, "close"));
    assert_true(ol_http_is(ol_http_cookie(&r, "a"), "1"));
    assert_true(ol_http_is(ol_http_cookie(&r, "c"), "3"));
    assert_null(ol_http_cookie(&r, "b").p); /* twice: which one would be meant? */
    assert_null(ol_http_cookie(&r, "d").p);
    assert_true(ol_http_is(ol_http_query(&r, "x"), "1"));
    assert_null(r.ws_key.p);
}

static void http_limits(void **state) {
    static char text[OL_HTTP_MAX + 64];
    ol_http r;
    size_t len = 0;
    (void)state;
    for (size_t fields = OL_HTTP_FIELDS - 1; fields <= OL_HTTP_FIELDS + 1; fields++) {
        int n = snprintf(text, sizeof text, "%s", GET HOST);
        for (size_t i = 1; i < fields; i++)
            n += snprintf(text + n, sizeof text - (size_t)n, "X: y\r\n");
        n += snprintf(text + n, sizeof text - (size_t)n, "\r\n");
        assert_int_equal(ol_http_get(text, (size_t)n, &r, &len),
                         fields <= OL_HTTP_FIELDS ? OL_OK : OL_ELIMIT);
    }
    for (size_t size = OL_HTTP_TARGET_MAX; size <= OL_HTTP_TARGET_MAX + 1; size++) {
        int n = snprintf(text, sizeof text, "GET /%0*d HTTP/1.1\r\n" HOST "\r\n", (int)size - 1, 0);
        assert_int_equal(ol_http_get(text, (size_t)n, &r, &len),
                         size <= OL_HTTP_TARGET_MAX ? OL_OK : OL_ELIMIT);
    }
    memset(text, 'x', sizeof text);
    memcpy(text, GET "X: ", sizeof GET + 2);
    assert_int_equal(ol_http_get(text, OL_HTTP_MAX - 1, &r, &len), OL_ESHORT);
    assert_int_equal(ol_http_get(text, OL_HTTP_MAX, &r, &len), OL_ELIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_rows),
        cmocka_unit_test(http_cuts),
        cmocka_unit_test(http_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
