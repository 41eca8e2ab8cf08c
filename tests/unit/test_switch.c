/* line/switch: prefix-free tags against a plain array, its limits, and memory that runs out. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "line/switch.h"

static ol_mem mem;

static ol_switch *fresh(void) {
    ol_switch *sw = NULL;
    ol_mem_heap(&mem, 4 << 20);
    assert_int_equal(ol_switch_new(&mem, &sw), OL_OK);
    return sw;
}

static void done(ol_switch *sw) {
    ol_switch_free(sw);
    assert_int_equal(mem.used, 0);
}

static ol_switch_hit hit_of(uint16_t line) {
    return (ol_switch_hit){ .line = line, .kind = OL_TAG_SESSION, .party = 3, .slot = 9 };
}

static const struct {
    const char *name;
    uint8_t first[4], second[4];
    size_t first_len, second_len;
    ol_err want;
} adds[] = {
    { "equal", { 1, 2, 3, 4 }, { 1, 2, 3, 4 }, 4, 4, OL_ECONFLICT },
    { "a prefix of it", { 1, 2, 3, 4 }, { 1, 2 }, 4, 2, OL_ECONFLICT },
    { "it is a prefix", { 1, 2 }, { 1, 2, 3, 4 }, 2, 4, OL_ECONFLICT },
    { "a prefix by a byte", { 1, 2, 3 }, { 1, 2, 3, 0 }, 3, 4, OL_ECONFLICT },
    { "a prefix of zeros", { 0, 0 }, { 0, 0, 0 }, 2, 3, OL_ECONFLICT },
    { "differs in the last", { 1, 2, 3, 4 }, { 1, 2, 3, 5 }, 4, 4, OL_OK },
    { "shorter, beside it", { 1, 2, 3, 4 }, { 1, 3 }, 4, 2, OL_OK },
    { "shorter, before it", { 1, 2, 3, 4 }, { 1, 1 }, 4, 2, OL_OK },
    { "the ends", { 0, 0 }, { 255, 255, 255, 255 }, 2, 4, OL_OK },
};

static void add_rows(void **state) {
    for (size_t i = 0; (void)state, i < OL_LEN(adds); i++) {
        ol_switch *sw = fresh();
        ol_switch_hit one = hit_of(1), two = hit_of(2), got;
        print_message("row %s\n", adds[i].name);
        assert_int_equal(ol_switch_add(sw, adds[i].first, adds[i].first_len, &one), OL_OK);
        assert_int_equal(ol_switch_add(sw, adds[i].second, adds[i].second_len, &two), adds[i].want);
        assert_int_equal(ol_switch_find(sw, adds[i].first, adds[i].first_len, &got), OL_OK);
        assert_true(got.line == 1 && got.len == adds[i].first_len && got.party == 3);
        if (adds[i].want == OL_OK) {
            assert_int_equal(ol_switch_find(sw, adds[i].second, adds[i].second_len, &got), OL_OK);
            assert_true(got.line == 2 && got.len == adds[i].second_len && got.slot == 9);
        }
        done(sw);
    }
}

static void find_by_the_first_bytes(void **state) {
    (void)state;
    ol_switch *sw = fresh();
    const uint8_t tag[] = { 7, 8, 9 }, frame[] = { 7, 8, 9, 1, 2, 3 };
    ol_switch_hit hit = hit_of(5), got, before;
    memset(&got, 0xA5, sizeof got), before = got;
    assert_int_equal(ol_switch_find(sw, frame, sizeof frame, &got), OL_ENOENT); /* empty */
    assert_int_equal(ol_switch_add(sw, tag, sizeof tag, &hit), OL_OK);
    for (size_t len = 0; len <= sizeof frame; len++) {
        got = before;
        ol_err err = ol_switch_find(sw, frame, len, &got);
        assert_int_equal(err, len < sizeof tag ? OL_ENOENT : OL_OK);
        if (err != OL_OK)
            assert_memory_equal(&got, &before, sizeof got);
    }
    const uint8_t other[] = { 7, 8, 8 };
    assert_int_equal(ol_switch_find(sw, other, sizeof other, &got), OL_ENOENT);
    done(sw);
}

static void remove_what_is_there(void **state) {
    (void)state;
    ol_switch *sw = fresh();
    const uint8_t tag[] = { 7, 8, 9, 10 };
    ol_switch_hit hit = hit_of(5), got;
    ol_switch_remove(sw, tag, 2); /* nothing there: nothing happens */
    assert_int_equal(ol_switch_add(sw, tag, 3, &hit), OL_OK);
    ol_switch_remove(sw, tag, 2); /* a prefix is another tag */
    ol_switch_remove(sw, tag, 4);
    assert_int_equal(ol_switch_find(sw, tag, 3, &got), OL_OK);
    ol_switch_remove(sw, tag, 3);
    assert_int_equal(ol_switch_find(sw, tag, 4, &got), OL_ENOENT);
    assert_int_equal(ol_switch_add(sw, tag, 2, &hit), OL_OK); /* its place is free again */
    done(sw);
}

static void limit(void **state) {
    (void)state;
    ol_switch *sw = fresh();
    ol_switch_hit hit = hit_of(1), got;
    for (unsigned i = 0; i <= OL_TAGS_MAX; i++) {
        unsigned k = (i * 40503u) & 0xffff; /* all different, in no order */
        const uint8_t tag[] = { (uint8_t)(k >> 8), (uint8_t)k };
        assert_int_equal(ol_switch_add(sw, tag, 2, &hit), i < OL_TAGS_MAX ? OL_OK : OL_ELIMIT);
        assert_int_equal(ol_switch_find(sw, tag, 2, &got), i < OL_TAGS_MAX ? OL_OK : OL_ENOENT);
    }
    done(sw);
}

static void memory_runs_out(void **state) {
    (void)state;
    ol_switch *sw = NULL;
    ol_mem_heap(&mem, 4 << 20);
    mem.fail_at = 1;
    assert_int_equal(ol_switch_new(&mem, &sw), OL_ENOMEM);
    assert_null(sw);
    sw = fresh();
    ol_switch_hit hit = hit_of(1), got;
    for (unsigned i = 0; i < 64; i++) {
        const uint8_t tag[] = { (uint8_t)i, 0 };
        assert_int_equal(ol_switch_add(sw, tag, 2, &hit), OL_OK);
    }
    const uint8_t tag[] = { 200, 0 };
    mem.fail_at = mem.gets + 1;
    assert_int_equal(ol_switch_add(sw, tag, 2, &hit), OL_ENOMEM);
    assert_int_equal(ol_switch_find(sw, tag, 2, &got), OL_ENOENT);
    assert_int_equal(ol_switch_add(sw, tag, 2, &hit), OL_OK);
    done(sw);
    ol_switch_free(NULL);
}

/* ── against a plain array ───────────────────────────────────────────────────────────────────── */

enum { ROUNDS = 60000, MODEL_MAX = 512 };
static struct {
    uint8_t tag[OL_TAG_MAX];
    size_t len;
    uint16_t line;
} model[MODEL_MAX];
static size_t models;
static uint64_t seed = 1;

static unsigned rnd(unsigned below) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % below;
}

static size_t model_match(const uint8_t *p, size_t len) {
    for (size_t i = 0; i < models; i++)
        if (memcmp(model[i].tag, p, model[i].len < len ? model[i].len : len) == 0)
            return i;
    return MODEL_MAX;
}

static void as_a_plain_array(void **state) {
    (void)state;
    ol_switch *sw = fresh();
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t tag[OL_TAG_MAX];
        size_t len = 2 + rnd(3);
        for (size_t i = 0; i < sizeof tag; i++)
            tag[i] = (uint8_t)(rnd(8) * 36); /* few values: many prefixes */
        size_t at = model_match(tag, len);
        ol_switch_hit hit = hit_of((uint16_t)round), got;
        bool is_hit = at < MODEL_MAX && model[at].len <= len;
        assert_int_equal(ol_switch_find(sw, tag, len, &got), is_hit ? OL_OK : OL_ENOENT);
        if (is_hit)
            assert_int_equal(got.line, model[at].line);
        if (models > 0 && rnd(2) == 0) {
            size_t which = rnd((unsigned)models);
            ol_switch_remove(sw, model[which].tag, model[which].len);
            model[which] = model[--models];
        } else if (models < MODEL_MAX) {
            assert_int_equal(ol_switch_add(sw, tag, len, &hit),
                             at < MODEL_MAX ? OL_ECONFLICT : OL_OK);
            if (at == MODEL_MAX) {
                memcpy(model[models].tag, tag, sizeof tag);
                model[models].len = len, model[models].line = (uint16_t)round;
                models++;
            }
        }
    }
    done(sw);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(add_rows),
        cmocka_unit_test(find_by_the_first_bytes),
        cmocka_unit_test(remove_what_is_there),
        cmocka_unit_test(limit),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(as_a_plain_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
