/* What only the store in memory has: copies, planned failures, an allocation that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants those before it
#include <cmocka.h>

#include "store/mem.h"

static const ol_log_key LOG = { 0, OL_LANE_URGENT, "abcdefg" };
static const uint8_t BYTES[64] = "sixty-four bytes", ITEM[OL_ITEM_LEN] = "item";

/* One of each kind of put; the n-th round. */
static ol_err commit_round(ol_store *s, uint64_t n) {
    char key[2] = { (char)('a' + n % 26), 0 };
    const ol_log_key other = { 1, 0, { (uint8_t)n } };
    const ol_put put[] = {
        { .kind = OL_PUT_LOG, .log = other },
        { .kind = OL_PUT_LOG, .log = LOG },
        { .kind = OL_PUT_ENTRY, .log = LOG, .at = n, .p = BYTES, .len = 9, .item = ITEM },
        { .kind = OL_PUT_SIZE, .log = LOG, .at = n + 1, .p = BYTES, .len = 40 },
        { .kind = OL_PUT_HEAD, .log = LOG, .at = n, .root = BYTES, .p = BYTES },
        { .kind = OL_PUT_HEAD, .log = LOG, .at = n + 1, .root = BYTES },
        { .kind = OL_PUT_RECEIPT, .log = LOG, .at = n, .party = 1, .p = BYTES },
        { .kind = OL_PUT_RECEIPT, .log = LOG, .at = n + 1, .party = 1 },
        { .kind = OL_PUT_STATE, .key = key, .p = BYTES, .len = 20 },
        { .kind = OL_PUT_EVIDENCE, .log = LOG, .at = n, .root = BYTES, .p = BYTES },
    };
    ol_batch batch = { .line = "a line", .put = put, .n = OL_LEN(put) };
    ol_put rest[OL_LEN(put)];
    memcpy(rest, put, sizeof put);
    if (n > 0) { /* the log is there already: only new others are put */
        rest[1] = rest[0];
        batch.put = rest + 1, batch.n--;
    }
    return s->ops->commit(s, &batch, 1);
}

static ol_err count(void *ctx, const ol_stored_entry *e) {
    (void)e;
    return ++*(size_t *)ctx, OL_OK;
}
static ol_err count_receipt(void *ctx, const ol_stored_receipt *r) {
    *(size_t *)ctx += r->sig == NULL ? 1000 : 1; /* told apart */
    return OL_OK;
}
static ol_err count_head(void *ctx, const ol_stored_head *h) {
    *(size_t *)ctx += h->sig == NULL ? 1000 : 1;
    return OL_OK;
}
static ol_err count_log(void *ctx, const ol_stored_log *log) {
    *(size_t *)ctx += 1000 * log->size + (log->frontier != NULL ? 1 : 0);
    return OL_OK;
}
static ol_err count_state(void *ctx, const char *key, const uint8_t *value, size_t len) {
    assert_int_equal(key[1], 0);
    assert_memory_equal(value, BYTES, len);
    *(size_t *)ctx += len;
    return OL_OK;
}
static ol_err count_evidence(void *ctx, const ol_stored_evidence *e) {
    (void)e;
    return ++*(size_t *)ctx, OL_OK;
}

static const uint8_t LINE[OL_LINE_ID_LEN] = "a line";

static size_t all_of(ol_store *s, size_t found[7]) { /* and the entries */
    memset(found, 0, 7 * sizeof *found);
    assert_int_equal(s->ops->entries(s, LINE, &LOG, 0, 99, count, &found[0]), OL_OK);
    assert_int_equal(s->ops->receipts(s, LINE, &LOG, count_receipt, &found[1]), OL_OK);
    assert_int_equal(s->ops->heads(s, LINE, &LOG, 0, count_head, &found[2]), OL_OK);
    assert_int_equal(s->ops->logs(s, LINE, count_log, &found[3]), OL_OK);
    assert_int_equal(s->ops->state(s, LINE, count_state, &found[4]), OL_OK);
    assert_int_equal(s->ops->evidence(s, LINE, count_evidence, &found[5]), OL_OK);
    assert_int_equal(s->ops->since(s, LINE, 0, 999, count, count_receipt, &found[6]), OL_OK);
    return found[0];
}

static void are_rounds(ol_store *s, size_t n) {
    size_t found[7];
    assert_int_equal(all_of(s, found), n);
    const size_t want[7] = {
        n, n == 0 ? 0 : 1000 + n,    n == 0 ? 0 : 1000 + n, n == 0 ? 0 : 1000 * n + 1, 20 * n,
        n, n == 0 ? 0 : 1000 + 2 * n
    };
    assert_memory_equal(found, want, sizeof want);
}

static void copies(void **state) {
    (void)state;
    ol_mem mem;
    ol_mem_heap(&mem, 1 << 20);
    ol_store *s, *backup, *again;
    uint64_t seq, old_seq;
    assert_int_equal(ol_store_mem_new(&mem, &s), OL_OK);
    for (uint64_t n = 0; n < 5; n++)
        assert_int_equal(commit_round(s, n), OL_OK);
    assert_int_equal(ol_store_mem_copy(s, &mem, &backup), OL_OK);
    assert_int_equal(s->ops->last_seq(s, &old_seq), OL_OK);
    for (uint64_t n = 5; n < 9; n++)
        assert_int_equal(commit_round(s, n), OL_OK);
    are_rounds(s, 9);
    are_rounds(backup, 5);
    assert_int_equal(backup->ops->last_seq(backup, &seq), OL_OK);
    assert_int_equal(seq, old_seq);
    s->ops->close(s);
    assert_int_equal(commit_round(backup, 5), OL_OK); /* shares nothing with what was closed */
    are_rounds(backup, 6);
    assert_int_equal(ol_store_mem_copy(backup, &mem, &again), OL_OK);
    are_rounds(again, 6);
    ol_log_key log;
    uint64_t index;
    assert_int_equal(again->ops->find_item(again, LINE, ITEM, &log, &index), OL_OK);
    assert_true(ol_log_key_eq(&log, &LOG) && index == 0);
    backup->ops->close(backup), again->ops->close(again);
    assert_int_equal(mem.used, 0);
}

static void planned_failures(void **state) {
    (void)state;
    ol_mem mem;
    ol_mem_heap(&mem, 1 << 20);
    ol_store *s;
    assert_int_equal(ol_store_mem_new(&mem, &s), OL_OK);
    ol_store_mem_fail(s, 2, OL_EFULL);
    assert_int_equal(commit_round(s, 0), OL_OK);
    assert_int_equal(commit_round(s, 1), OL_EFULL);
    are_rounds(s, 1);
    assert_int_equal(commit_round(s, 1), OL_OK);
    ol_store_mem_fail(s, 1, OL_EIO);
    ol_store_mem_fail(s, 0, OL_OK);
    assert_int_equal(commit_round(s, 2), OL_OK);
    ol_store_mem_fail(s, 1, OL_EIO);
    ol_store_mem_crash(s);
    assert_int_equal(commit_round(s, 3), OL_OK);
    are_rounds(s, 4);
    s->ops->close(s);
    assert_int_equal(mem.used, 0);
}

/* The n-th allocation fails, for every n: nothing changed, nothing leaked, and it goes on. */
static void every_allocation_fails_once(void **state) {
    (void)state;
    unsigned long long failures = 0;
    for (uint64_t rounds = 0; rounds < 6; rounds++) {
        ol_mem mem;
        ol_mem_heap(&mem, 1 << 20);
        ol_store *s, *copy;
        assert_int_equal(ol_store_mem_new(&mem, &s), OL_OK);
        for (uint64_t n = 0; n < rounds; n++)
            assert_int_equal(commit_round(s, n), OL_OK);
        for (unsigned long long nth = 1;; nth++, failures++) {
            mem.fail_at = mem.gets + nth;
            ol_err err = commit_round(s, rounds);
            mem.fail_at = 0;
            are_rounds(s, rounds + (err == OL_OK ? 1 : 0));
            if (err == OL_OK)
                break;
            assert_int_equal(err, OL_ENOMEM);
        }
        size_t used = mem.used;
        for (unsigned long long nth = 1;; nth++, failures++) {
            mem.fail_at = mem.gets + nth;
            ol_err err = ol_store_mem_copy(s, &mem, &copy);
            mem.fail_at = 0;
            if (err == OL_OK)
                break;
            assert_int_equal(err, OL_ENOMEM);
            assert_int_equal(mem.used, used);
        }
        are_rounds(copy, rounds + 1);
        s->ops->close(s), copy->ops->close(copy);
        assert_int_equal(mem.used, 0);
    }
    assert_true(failures > 100); /* it did run out */
    ol_mem none;
    ol_mem_heap(&none, 8);
    ol_store *s = NULL;
    assert_int_equal(ol_store_mem_new(&none, &s), OL_ENOMEM);
    assert_null(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies),
        cmocka_unit_test(planned_failures),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests_name("store_mem", tests, NULL, NULL);
}
