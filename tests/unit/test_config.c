/* The configuration: what is taken, what is refused and with which words, what is added. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "station/config.h"

static ol_config c, before;

static const struct {
    const char *name, *text;
    ol_err want;
    const char *says;
} rows[] = {
    { "empty", "", OL_OK, "" },
    { "comment", "# nothing\n", OL_OK, "" },
    { "port", "[port a]\nurl = udp://[::]:1\n", OL_OK, "" },
    { "no url", "[port a]\n", OL_EFORM, "[port a] has no url" },
    { "unknown section", "[ports a]\nurl = udp://[::]:1\n", OL_EFORM, "line 1, column 2" },
    { "port's name", "[port 1a]\nurl = udp://[::]:1\n", OL_EFORM, "line 1" },
    { "port twice", "[port a]\nurl = udp://[::]:1\n[port a]\nurl = udp://[::]:2\n", OL_EFORM,
      "line 3" },
    { "same url", "[port a]\nurl = udp://[::]:1\n[port b]\nurl = udp://[::]:1\n", OL_EEXIST,
      "same url" },
    { "unknown key", "[port a]\nurl = udp://[::]:1\nmtu = 3\n", OL_EFORM, "line 3" },
    { "unknown scheme", "[port a]\nurl = carrier-pigeon:7\n", OL_EFORM, "udp://<host>:<port>" },
    { "port of a name", "[port a]\nurl = udp://localhost:7\n", OL_EFORM, "address of this host" },
    { "bearer", "[bearer hot prc]\nurl = udp://h.example:4477\n", OL_OK, "" },
    { "second bearer", "[bearer hot prc]\nurl = udp://h:1\n[bearer hot prc 2]\nurl = udp://h:2\n",
      OL_OK, "" },
    { "fourth", "[bearer hot prc 4]\nurl = udp://h:1\n", OL_OK, "" },
    { "fifth", "[bearer hot prc 5]\nurl = udp://h:1\n", OL_EFORM, "up to 4" },
    { "first by number", "[bearer hot prc 1]\nurl = udp://h:1\n", OL_EFORM, "up to 4" },
    { "one name", "[bearer hot]\nurl = udp://h:1\n", OL_EFORM, "<line> <party>" },
    { "too many words", "[bearer hot prc 2 3]\nurl = udp://h:1\n", OL_EFORM, "<line> <party>" },
    { "bearer without url", "[bearer hot prc]\n", OL_EFORM, "has no url" },
    { "bearer twice", "[bearer hot prc]\nurl = udp://h:1\n[bearer hot prc 2]\nurl = udp://h:1\n",
      OL_EEXIST, "already" },
    { "port 0", "[bearer hot prc]\nurl = udp://h:0\n", OL_EFORM, "65535" },
    { "no such port", "[bearer hot prc]\nurl = udp://h:1\nport = x\n", OL_ENOENT,
      "there is no port x" },
    { "port below", "[bearer h p]\nurl = udp://h:1\nport = a\n[port a]\nurl = udp://[::]:1\n",
      OL_OK, "" },
    { "which port",
      "[port a]\nurl = udp://[::]:1\n[port b]\nurl = udp://[::]:2\n[bearer h p]\nurl = udp://h:1\n",
      OL_EFORM, "say which" },
    { "streams", "[port a]\nurl = tcp://[::]:1\n[bearer h p]\nurl = tcp://h.example:1\n", OL_OK,
      "" },
    { "both",
      "[port a]\nurl = tcp://[::]:1\n[port b]\nurl = udp://[::]:1\n[bearer h p]\nurl = tcp://h:1\n"
      "[bearer h p 2]\nurl = udp://h:1\n",
      OL_OK, "" },
    { "no such port's scheme", "[bearer h p]\nurl = tcp://h:1\n", OL_EFORM,
      "no port speaks tcp; add one: openline port add tcp://[::]:4477" },
    { "another scheme", "[port a]\nurl = tcp://[::]:1\n[bearer h p]\nurl = udp://h:1\nport = a\n",
      OL_EFORM, "port a does not speak udp" },
    { "serial", "[port a]\nurl = serial:/dev/ttyS0?baud=300\n[bearer h p]\nurl = serial:\n", OL_OK,
      "" },
    { "no rate", "[port a]\nurl = serial:/dev/ttyS0?baud=301\n", OL_EFORM,
      "line 2, column 1: baud must be a rate of serial lines" },
    { "no such key", "[port a]\nurl = serial:/dev/ttyS0?speed=300\n", OL_EFORM,
      "unknown key: there are baud" },
    { "no device", "[port a]\nurl = serial:ttyS0\n", OL_EFORM, "begins with /" },
    { "one device", "[port a]\nurl = serial:/dev/x\n[port b]\nurl = serial:/dev/x?baud=75\n",
      OL_EEXIST, "same url or device" },
    { "two devices", "[port a]\nurl = serial:/dev/x\n[port b]\nurl = serial:/dev/y\n", OL_OK, "" },
    { "device of a peer", "[port a]\nurl = serial:/dev/x\n[bearer h p]\nurl = serial:/dev/x\n",
      OL_EFORM, "a peer's end is the scheme and its colon alone" },
    { "no port of it", "[bearer h p]\nurl = serial:\n", OL_EFORM,
      "no port speaks serial; add one: openline port add serial:/dev/ttyS0?baud=9600" },
    { "program", "[port a]\nurl = exec:/bin/cat -u?rate=300\n[bearer h p]\nurl = exec:\n", OL_OK,
      "" },
    { "program twice", "[port a]\nurl = exec:/bin/x 1\n[port b]\nurl = exec:/bin/x 2\n", OL_OK,
      "" },
    { "program looked for", "[port a]\nurl = exec:cat\n", OL_EFORM, "begins with /" },
    { "key outside", "url = udp://[::]:1\n", OL_EFORM, "line 1" },
    { "hook", "[hook a]\non = call drill\nrun = /a\narg.1 = {line}\nlimit = 600\n", OL_OK, "" },
    { "no on", "[hook a]\nrun = /a\n", OL_EFORM, "[hook a] has no `on`" },
    { "no run", "[hook a]\non = call\n", OL_EFORM, "[hook a] has no `run`" },
    { "on twice", "[hook a]\non = call call\nrun = /a\n", OL_EFORM, "line 2" },
    { "on nothing known", "[hook a]\non = call,flash\nrun = /a\n", OL_EFORM, "line 2" },
    { "run is no path", "[hook a]\non = call\nrun = a\n", OL_EFORM, "begins with /" },
    { "run has a key", "[hook a]\non = call\nrun = /{line}\n", OL_EFORM, "begins with /" },
    { "argument first", "[hook a]\non = call\narg.1 = x\nrun = /a\n", OL_EFORM, "in their order" },
    { "argument missing", "[hook a]\non = call\nrun = /a\narg.2 = x\n", OL_EFORM,
      "in their order" },
    { "unknown {key}", "[hook a]\non = call\nrun = /a\narg.1 = {text}\n", OL_EFORM,
      "none of {event}" },
    { "open {", "[hook a]\non = call\nrun = /a\narg.1 = {line\n", OL_EFORM, "none of {event}" },
    { "lone }", "[hook a]\non = call\nrun = /a\narg.1 = line}\n", OL_EFORM, "none of {event}" },
    { "limit 0", "[hook a]\non = call\nrun = /a\nlimit = 0\n", OL_EFORM, "1 to 600" },
    { "limit 601", "[hook a]\non = call\nrun = /a\nlimit = 601\n", OL_EFORM, "1 to 600" },
    { "unknown key of a hook", "[hook a]\non = call\nshell = /a\n", OL_EFORM, "unknown key" },
    { "no newline", "[port a]\nurl = udp://[::]:1", OL_EFORM, "newline" },
};

static void parsing(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        ol_why why = { "" };
        memset(&c, 0xA5, sizeof c), memcpy(&before, &c, sizeof c);
        print_message("row %s\n", rows[i].name);
        ol_err err = ol_config_parse(rows[i].text, strlen(rows[i].text), &c, &why);
        assert_int_equal(err, rows[i].want);
        if (err == OL_OK)
            continue;
        assert_memory_equal(&c, &before, sizeof c);
        if (strstr(why.text, rows[i].says) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", why.text, rows[i].says);
    }
}

static void limits(void **state) {
    (void)state;
    char text[32768];
    ol_why why;
    size_t len = 0;
    for (unsigned i = 0; i <= OL_PORTS_MAX; i++) {
        assert_int_equal(ol_config_parse(text, len, &c, &why), OL_OK);
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "[port p%u]\nurl = udp://127.0.0.1:%u\n", i, i + 1);
    }
    assert_int_equal(ol_config_parse(text, len, &c, &why), OL_ELIMIT);
    len = 0;
    for (unsigned i = 0; i <= OL_BEARERS_MAX; i++) {
        assert_int_equal(ol_config_parse(text, len, &c, &why), OL_OK);
        assert_int_equal(c.bearers, i);
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "[bearer l%u p]\nurl = udp://127.0.0.1:%u\n", i, i + 1);
    }
    assert_int_equal(ol_config_parse(text, len, &c, &why), OL_ELIMIT);
}

static void the_default(void **state) {
    (void)state;
    ol_why why;
    assert_int_equal(ol_config_parse("", 0, &c, &why), OL_OK);
    assert_int_equal(c.ports, 1);
    assert_true(c.is_default_port);
    assert_string_equal(c.port[0].url, OL_CONFIG_PORT_DEFAULT);
    assert_string_equal(c.port[0].name, "main");
}

static void adding(void **state) {
    (void)state;
    char dir[] = "/tmp/ol-config-XXXXXX", path[64], text[1024] = "", command[64];
    ol_home h;
    ol_why why;
    uint8_t slot = 9;
    size_t len;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/h", dir);
    assert_int_equal(ol_home_open(path, true, &h, &why), OL_OK);
    assert_int_equal(ol_config_load(&h, &c, &why), OL_OK);
    assert_int_equal(ol_config_add_bearer(&h, "hot", "prc", "udp://[::1]:5", NULL, &slot, &why),
                     OL_OK);
    assert_int_equal(slot, 0);
    assert_int_equal(ol_config_add_bearer(&h, "hot", "prc", "udp://[::1]:5", NULL, &slot, &why),
                     OL_EEXIST);
    assert_int_equal(ol_config_add_bearer(&h, "hot", "prc", "udp://h:6", "main", &slot, &why),
                     OL_OK);
    assert_int_equal(slot, 1);
    assert_int_equal(ol_config_add_port(&h, NULL, "udp://[::]:7", &why), OL_OK);
    assert_int_equal(ol_config_add_port(&h, NULL, "udp://[::]:7", &why), OL_EEXIST);
    assert_int_equal(ol_config_add_port(&h, NULL, "pigeon:/dev/x", &why), OL_EFORM);
    assert_non_null(strstr(why.text, "udp://<host>:<port>"));
    /* a second port would leave the first bearer without a port of its own */
    assert_int_equal(ol_config_add_port(&h, NULL, "udp://[::]:8", &why), OL_EFORM);
    assert_non_null(strstr(why.text, "say which"));
    assert_int_equal(ol_config_add_bearer(&h, "Hot", "prc", "udp://h:6", NULL, &slot, &why),
                     OL_EFORM);
    assert_int_equal(slot, 1);
    assert_int_equal(ol_file_read(h.dir, "config", OL_FILE_PUBLIC, text, sizeof text, &len, &why),
                     OL_OK);
    text[len] = '\0';
    assert_string_equal(text, "[bearer hot prc]\nurl = udp://[::1]:5\n"
                              "[bearer hot prc 2]\nurl = udp://h:6\nport = main\n"
                              "[port main]\nurl = udp://[::]:7\n");
    assert_int_equal(ol_config_load(&h, &c, &why), OL_OK);
    assert_true(c.bearers == 2 && c.ports == 1 && !c.is_default_port);
    assert_true(c.bearer[1].slot == 1 && c.bearer[1].port == 0);
    ol_home_close(&h);
    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parsing),
        cmocka_unit_test(limits),
        cmocka_unit_test(the_default),
        cmocka_unit_test(adding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
