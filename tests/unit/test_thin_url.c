/* Urls of ports over a line of bytes: both sides of each boundary, and what is said then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bearer/thin_url.h"

static const struct {
    const char *url, *why; /* a part of it; NULL: fine */
} urls[] = {
    { "serial:/dev/ttyS0", NULL },
    { "serial:/dev/serial/by-id/usb-FTDI_A? ", "key=value" },
    { "serial:/dev/tty S0", NULL }, /* one device: a space is a character */
    { "serial:/dev/ttyS0?baud=300&parity=e&stop=2&flow=rtscts&frame=14&half=1&turnaround=10s",
      NULL },
    { "serial:", "begins with /" },
    { "serial://host:1", NULL }, /* a strange device, but one: opening it will tell */
    { "serial:ttyS0", "begins with /" },
    { "serial:/dev/ttyS0?", "key=value" },
    { "serial:/dev/ttyS0?baud", "key=value" },
    { "serial:/dev/ttyS0?baud=300&", "key=value" },
    { "serial:/dev/ttyS0?baud=", "baud must" },
    { "serial:/dev/ttyS0?baud=301", "baud must" },
    { "serial:/dev/ttyS0?baud=0300", "baud must" },
    { "serial:/dev/ttyS0?baud=300&baud=300", "twice" },
    { "serial:/dev/ttyS0?bits=8", NULL },
    { "serial:/dev/ttyS0?bits=7", "bits must be 8" },
    { "serial:/dev/ttyS0?parity=m", "parity must" },
    { "serial:/dev/ttyS0?stop=3", "stop must" },
    { "serial:/dev/ttyS0?flow=xonxoff", "two bytes out of every frame" },
    { "serial:/dev/ttyS0?frame=14", NULL },
    { "serial:/dev/ttyS0?frame=13", "frame must" },
    { "serial:/dev/ttyS0?frame=1200", NULL },
    { "serial:/dev/ttyS0?frame=1201", "frame must" },
    { "serial:/dev/ttyS0?rate=10", NULL },
    { "serial:/dev/ttyS0?rate=9", "rate must" },
    { "serial:/dev/ttyS0?half=2", "half must" },
    { "serial:/dev/ttyS0?turnaround=0", NULL },
    { "serial:/dev/ttyS0?turnaround=500ms", NULL },
    { "serial:/dev/ttyS0?turnaround=30s", NULL },
    { "serial:/dev/ttyS0?turnaround=31s", "turnaround must" },
    { "serial:/dev/ttyS0?turnaround=30001ms", "turnaround must" },
    { "serial:/dev/ttyS0?turnaround=10", "turnaround must" },
    { "serial:/dev/ttyS0?turnaround=s", "turnaround must" },
    { "serial:/dev/ttyS0?speed=300", "unknown key" },
    { "exec:/bin/cat", NULL },
    { "exec:cat", "begins with /" },
    { "exec:/bin/a b c?rate=300&half=1", NULL },
    { "exec:/bin/a  b", "one space apart" },
    { "exec:/bin/a ", "one space apart" },
    { "exec:/bin/a ?rate=300", "one space apart" },
    { "exec:/bin/a b\\", "after \\" },
    { "exec:/bin/a?flow=none", "unknown key" },
    { "exec:/bin/a?half=1", "needs baud or rate" },
    { "exec:/bin/a?parity=e", "belong to a baud" },
    { "exec:/bin/a?baud=300&parity=e", NULL },
};

static void checks(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(urls); i++) {
        const ol_bearer *b = ol_bearer_find(urls[i].url);
        assert_non_null(b);
        const char *why = b->check(urls[i].url, true);
        print_message("%s: %s\n", urls[i].url, why == NULL ? "fine" : why);
        assert_int_equal(why == NULL, urls[i].why == NULL);
        assert_true(why == NULL || strstr(why, urls[i].why) != NULL);
        assert_int_equal(b->check(urls[i].url, false) == NULL, strcmp(urls[i].url, "serial:") == 0);
    }
    assert_null(ol_bearer_serial.check("serial:", false));
    assert_null(ol_bearer_exec.check("exec:", false));
    assert_non_null(ol_bearer_exec.check("exec:x", false));
}

static void defaults(void **state) {
    (void)state;
    ol_thin_url u;
    ol_port_link link;
    assert_null(ol_thin_url_parse("serial", "serial:/dev/ttyS0", &u));
    assert_string_equal(u.text, "/dev/ttyS0");
    assert_int_equal(u.line.baud, 9600);
    assert_int_equal(u.frame, 64);
    assert_int_equal(ol_pace_bits(&u.line), 10);
    assert_false(u.is_half || u.has_rtscts);
    ol_thin_url_link(&u, &link);
    assert_int_equal(link.frame, 64);
    assert_int_equal(link.framing, 6); /* a code byte, the CRC, the delimiter */
    assert_int_equal(link.byte_us, 1042);
    assert_null(ol_thin_url_parse("exec", "exec:/bin/cat", &u));
    assert_int_equal(u.frame, 1200);
    ol_thin_url_link(&u, &link);
    assert_int_equal(link.byte_us, 0);
    assert_null(ol_thin_url_parse("exec", "exec:/bin/cat?rate=300", &u));
    assert_int_equal(u.frame, 64);
    ol_thin_url_link(&u, &link);
    assert_int_equal(link.byte_us, 26667);
    assert_null(ol_thin_url_parse(
        "serial", "serial:/dev/x?baud=75&parity=o&stop=2&turnaround=3s&half=1", &u));
    ol_thin_url_link(&u, &link);
    assert_int_equal(link.byte_us, 160000);
    assert_true(link.is_half && link.turnaround_ms == 3000 && u.is_odd);
}

static void words(void **state) {
    (void)state;
    static const char *const want[] = { "/usr/bin/ssh", "-T", "a relay", "what\\?", "x?y=z&" };
    char *argv[OL_THIN_WORDS_MAX + 1], url[256] = "exec:/a";
    ol_thin_url u;
    assert_null(ol_thin_url_parse(
        "exec", "exec:/usr/bin/ssh -T a\\ relay what\\\\\\? x\\?y=z&?rate=99", &u));
    ol_thin_url_argv(&u, argv);
    for (size_t i = 0; i < OL_LEN(want); i++)
        assert_string_equal(argv[i], want[i]);
    assert_null(argv[OL_LEN(want)]);
    assert_int_equal(u.line.rate, 99);
    for (size_t i = 1; i < OL_THIN_WORDS_MAX; i++)
        memcpy(url + strlen(url), " b", 3);
    assert_null(ol_thin_url_parse("exec", url, &u));
    ol_thin_url_argv(&u, argv);
    assert_string_equal(argv[OL_THIN_WORDS_MAX - 1], "b");
    memcpy(url + strlen(url), " b", 3);
    assert_non_null(ol_thin_url_parse("exec", url, &u));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks),
        cmocka_unit_test(defaults),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
