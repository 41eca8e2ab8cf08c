/* Logs found by their keys: against a walk over all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "record/keyindex.h"

enum { MANY = 300, MEM = 1 << 20 };

typedef struct {
    ol_log_key key;
    unsigned other;
} row;

static uint64_t draw(uint64_t *r) {
    *r = *r * 6364136223846793005u + 1442695040888963407u;
    return *r >> 33;
}

/* Keys that differ in few bits, at the ends too. */
static ol_log_key key_of(uint64_t *r) {
    ol_log_key k = { .party = (uint8_t)(draw(r) % 3), .lane = (uint8_t)(draw(r) % 2) };
    for (unsigned i = 0; i < OL_INC_LEN; i++)
        k.incarnation[i] = (uint8_t)(draw(r) % 3 == 0 ? draw(r) % 4 : 0x80 * (draw(r) % 2));
    return k;
}

static size_t find(const row *all, size_t n, const ol_log_key *key) {
    for (size_t i = 0; i < n; i++)
        if (ol_log_key_eq(&all[i].key, key))
            return i;
    return OL_KEYINDEX_NONE;
}

static void all_that_fit(const ol_keyindex *x, const row *all, size_t n, const ol_log_key *key,
                         unsigned len) {
    const ol_keyindex_rows of = { all, sizeof *all };
    ol_keyindex_walk w;
    bool is_told[MANY] = { false };
    size_t i, told = 0, fits = 0;
    ol_keyindex_begin(x, of, key, len, &w);
    while ((i = ol_keyindex_next(x, &w)) != OL_KEYINDEX_NONE) {
        assert_true(i < n && !is_told[i]);
        assert_true(all[i].key.party == key->party && all[i].key.lane == key->lane);
        assert_memory_equal(all[i].key.incarnation, key->incarnation, len);
        is_told[i] = true, told++;
    }
    for (i = 0; i < n; i++)
        fits += all[i].key.party == key->party && all[i].key.lane == key->lane &&
                memcmp(all[i].key.incarnation, key->incarnation, len) == 0;
    assert_int_equal(told, fits);
}

static void as_a_walk(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        static row all[MANY];
        const ol_keyindex_rows of = { all, sizeof *all };
        ol_keyindex x = { 0 };
        ol_mem mem;
        uint64_t r = seed;
        size_t n = 0;
        ol_mem_heap(&mem, MEM);
        while (n < MANY) {
            ol_log_key k = key_of(&r);
            size_t at = find(all, n, &k);
            assert_true(ol_keyindex_find(&x, of, &k) == at);
            all_that_fit(&x, all, n, &k, (unsigned)(draw(&r) % (OL_INC_LEN + 1)));
            if (at != OL_KEYINDEX_NONE && draw(&r) % 20 == 0)
                break;
            all[n].key = k;
            if (at == OL_KEYINDEX_NONE)
                assert_int_equal(ol_keyindex_put(&mem, &x, of, n++), OL_OK);
        }
        ol_keyindex_free(&mem, &x);
        assert_int_equal(mem.used, 0);
    }
}

static void no_memory(void **state) {
    (void)state;
    for (unsigned long long fail = 1;; fail++) {
        row all[MANY];
        const ol_keyindex_rows of = { all, sizeof *all };
        ol_keyindex x = { 0 };
        ol_mem mem;
        ol_err err = OL_OK;
        size_t n = 0;
        ol_mem_heap(&mem, MEM);
        mem.fail_at = fail;
        for (; n < MANY && err == OL_OK; n += err == OL_OK) {
            all[n].key = (ol_log_key){ .incarnation = { (uint8_t)n, (uint8_t)(n >> 8) } };
            err = ol_keyindex_put(&mem, &x, of, n);
        }
        for (size_t i = 0; i < n; i++)
            assert_int_equal(ol_keyindex_find(&x, of, &all[i].key), i);
        ol_keyindex_free(&mem, &x);
        assert_int_equal(mem.used, 0);
        if (err == OL_OK)
            return;
        assert_int_equal(err, OL_ENOMEM);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(as_a_walk), cmocka_unit_test(no_memory) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
