/* Requests of clients and the configuration of a home: the n-th request for memory finds none, for
 * n = 0, 1, 2 … until none is left that fails, once and from there on. The lack is called what it
 * is, nothing is written on the result, nothing leaks, and the same again succeeds. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "control/request.h"
#include "fault/lib_calls.h"
#include "station/config.h"

static uint64_t calls, fail_from, fail_to;
static size_t blocks;

static void *get(size_t n) {
    uint64_t at = calls++;
    void *p = at >= fail_from && at < fail_to ? NULL : malloc(n);
    blocks += p != NULL;
    return p;
}

static void put(void *p) {
    blocks -= p != NULL;
    free(p);
}

/* No memory at all. The n-th request cannot be tried: jansson 2.14 asserts that its buffer has room
 * when it takes back a character of a token. */
static uint64_t one_request(const char *text, size_t len) {
    static ol_request got, before;
    ol_refusal why = { .err = OL_OK };
    memset(&got, 0x5A, sizeof got);
    before = got;
    calls = 0, fail_from = 0, fail_to = UINT64_MAX;
    ol_err err = ol_request_parse(text, len, &got, &why);
    bool was_hit = calls > 0;
    fail_to = 0;
    assert_int_equal(blocks, 0);
    assert_true(!was_hit || err == OL_ENOMEM);
    assert_true(memcmp(&got, &before, sizeof got) == 0);
    assert_true(why.what[0] != '\0' && why.todo[0] != '\0');
    return was_hit;
}

/* The request said by a client: written whole, or not. */
static uint64_t written(const ol_request *r) {
    static char room[OL_CONTROL_LINE_MAX + 2], want[OL_CONTROL_LINE_MAX + 2];
    size_t len = 0, want_len = 0;
    uint64_t n = 0;
    fail_to = 0;
    assert_int_equal(ol_request_put(r, want, sizeof want, &want_len), OL_OK);
    for (;; n++) {
        calls = 0, fail_from = n, fail_to = n + 1, len = 7;
        ol_err err = ol_request_put(r, room, sizeof room, &len);
        bool was_hit = calls > n;
        fail_to = 0;
        assert_int_equal(blocks, 0);
        if (err == OL_OK)
            assert_true(len == want_len && memcmp(room, want, len) == 0);
        else
            assert_true(err == OL_ENOMEM && len == 7);
        if (!was_hit)
            return n;
    }
}

static void requests(void **state) {
    (void)state;
    static char text[OL_CONTROL_LINE_MAX + 1];
    uint64_t points = 0, files = 0;
    DIR *dir = opendir(OPENLINE_SRC "/tests/fuzz/corpus/control");
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char path[600];
        (void)snprintf(path, sizeof path, OPENLINE_SRC "/tests/fuzz/corpus/control/%s", e->d_name);
        FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (f == NULL)
            continue;
        size_t len = fread(text, 1, sizeof text, f);
        (void)fclose(f);
        points += one_request(text, len), files++;
        ol_request r;
        ol_refusal why;
        if (ol_request_parse(text, len, &r, &why) == OL_OK)
            points += written(&r);
    }
    (void)closedir(dir);
    print_message("%llu requests, %llu fault points\n", (unsigned long long)files,
                  (unsigned long long)points);
    assert_true(files > 20 && points > 100);
}

/* ---- the configuration ---- */

static ol_home home;
static ol_why why_now;

static ol_err do_port(void) {
    return ol_config_add_port(&home, "more", "udp://127.0.0.1:4499", &why_now);
}
static ol_err do_bearer(void) {
    uint8_t slot = 9;
    ol_err err =
        ol_config_add_bearer(&home, "line", "usa", "udp://127.0.0.1:4498", NULL, &slot, &why_now);
    assert_true(err == OL_OK || slot == 9);
    return err;
}
static ol_err do_load(void) {
    static ol_config c, before;
    memset(&c, 0x5A, sizeof c);
    before = c;
    ol_err err = ol_config_load(&home, &c, &why_now);
    assert_true(err == OL_OK || memcmp(&c, &before, sizeof c) == 0);
    return err;
}

static void configuration(void **state) {
    (void)state;
    static ol_err (*const act[])(void) = { do_port, do_bearer, do_load };
    static const call_kind kind[] = { CALL_malloc, CALL_calloc, CALL_realloc };
    char where[] = "/tmp/ol-memory-XXXXXX", file[64];
    uint64_t points = 0;
    assert_non_null(mkdtemp(where));
    (void)snprintf(file, sizeof file, "%s/config", where);
    assert_int_equal(ol_home_open(where, false, &home, &why_now), OL_OK);
    for (size_t a = 0; a < OL_LEN(act); a++)
        for (size_t k = 0; k < OL_LEN(kind); k++)
            for (uint64_t n = 0;; n++, points++) {
                (void)unlink(file);
                calls_now = (call_plan){
                    .is_armed = true, .kind = kind[k], .error = ENOMEM, .from = n, .to = n + 1
                };
                ol_err err = act[a]();
                bool was_hit = calls_now.calls[kind[k]] > n;
                calls_now.is_armed = false;
                assert_int_equal(err, was_hit ? OL_ENOMEM : OL_OK);
                assert_true(!was_hit || access(file, F_OK) != 0);
                if (!was_hit)
                    break;
                assert_int_equal(act[a](), OL_OK);
            }
    print_message("%llu fault points\n", (unsigned long long)points);
    assert_true(points > 5);
    (void)unlink(file);
    ol_home_close(&home);
    assert_int_equal(rmdir(where), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(configuration),
    };
    json_set_alloc_funcs(get, put);
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
