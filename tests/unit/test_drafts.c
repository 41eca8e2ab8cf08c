/* web/drafts: a bounded house of drafts, in their order; what is over goes, what is busy stays. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/drafts.h"

static json_t *result_of(const char *line) {
    return json_pack("{s:b, s:s, s:s, s:s, s:i, s:{s:s}}", "ok", 1, "line", line, "kind", "message",
                     "draft", "/dev/shm/x", "officer", 1, "message", "text", "Is it yours?");
}

static uint64_t add(ol_drafts *d, uint64_t now_s) {
    json_t *result = result_of("hotline"), *file = json_string("eA==");
    const ol_draft *x = ol_drafts_add(d, result, file, now_s);
    json_decref(result);
    json_decref(file);
    return x == NULL ? 0 : x->number;
}

static ol_draft *find(ol_drafts *d, json_int_t number) {
    json_t *n = json_integer(number);
    ol_draft *x = ol_drafts_find(d, n);
    json_decref(n);
    return x;
}

static void drop_all(ol_drafts *d) {
    for (size_t i = 0; i < OL_DRAFTS; i++)
        if (d->draft[i].number != 0)
            ol_drafts_drop(&d->draft[i]);
}

static void drafts_house(void **state) {
    static ol_drafts d;
    (void)state;
    for (uint64_t i = 1; i <= OL_DRAFTS; i++) {
        assert_false(ol_drafts_is_full(&d));
        assert_int_equal(add(&d, i), i);
    }
    assert_true(ol_drafts_is_full(&d));
    assert_int_equal(add(&d, 99), 0);
    ol_drafts_drop(find(&d, 3));
    assert_null(find(&d, 3));
    assert_int_equal(add(&d, 99), OL_DRAFTS + 1); /* no number twice */
    json_t *list = ol_drafts_list(&d);
    assert_int_equal(json_array_size(list), OL_DRAFTS);
    for (size_t i = 0; i < OL_DRAFTS; i++) {
        const json_t *o = json_array_get(list, i);
        assert_int_equal(json_integer_value(json_object_get(o, "draft")), i < 2 ? i + 1 : i + 2);
        assert_string_equal(json_string_value(json_object_get(o, "line")), "hotline");
        assert_null(json_object_get(o, "file"));
    }
    json_decref(list);
    assert_null(find(&d, 0));
    assert_null(find(&d, -1));
    assert_null(ol_drafts_find(&d, NULL));
    drop_all(&d);
}

static void drafts_time(void **state) {
    static ol_drafts d;
    uint64_t number = 0;
    char line[33];
    (void)state;
    (void)add(&d, 100);
    (void)add(&d, 101);
    assert_false(ol_drafts_over(&d, 100 + OL_DRAFT_S, &number, line));
    assert_true(ol_drafts_over(&d, 101 + OL_DRAFT_S, &number, line));
    assert_int_equal(number, 1);
    assert_string_equal(line, "hotline");
    assert_false(ol_drafts_over(&d, 101 + OL_DRAFT_S, &number, line));
    find(&d, 2)->is_busy = true;
    assert_false(ol_drafts_over(&d, 999 + OL_DRAFT_S, &number, line));
    drop_all(&d);
}

static void drafts_limits(void **state) {
    static ol_drafts d;
    (void)state;
    for (size_t len = OL_DRAFT_MAX; len <= OL_DRAFT_MAX + 1; len++) {
        char *text = malloc(len + 1);
        assert_non_null(text);
        memset(text, 'x', len);
        text[len] = '\0';
        json_t *result = result_of("hotline"), *file = json_string(text);
        assert_int_equal(ol_drafts_add(&d, result, file, 1) != NULL, len == OL_DRAFT_MAX);
        json_decref(file);
        file = json_integer(7);
        assert_null(ol_drafts_add(&d, result, file, 1));
        assert_null(ol_drafts_add(&d, NULL, file, 1));
        json_decref(result);
        json_decref(file);
        free(text);
    }
    json_t *result = result_of("a-line-of-thirty-three-characters"), *file = json_string("eA==");
    assert_null(ol_drafts_add(&d, result, file, 1));
    json_decref(result);
    json_decref(file);
    drop_all(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drafts_house),
        cmocka_unit_test(drafts_time),
        cmocka_unit_test(drafts_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
