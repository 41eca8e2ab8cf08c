/* store/reader: what of a store an export is given: signed heads, receipts under them, salted
 * leaves; what is not signed yet is left out; every allocation may fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants those before it
#include <cmocka.h>

#include "crypto/keys.h"
#include "lib/parties.h"
#include "store/mem.h"
#include "store/reader.h"

static const ol_log_key A = { 0, OL_LANE_URGENT, { 1, 2, 3, 4, 5, 6, 7, 8 } };
static const ol_log_key B = { 1, OL_LANE_ROUTINE, { 9, 9, 9, 9, 9, 9, 9, 9 } };
static const uint8_t ROOT[4][32] = { "one", "two", "three", "four" };
static const uint8_t SIG[5][OL_SIG_LEN] = { "sig one", "sig two", "sig three", "sig four", "r" };
static const uint8_t FRONTIER[40] = "a frontier";
static const uint8_t SECRET[32] = "the line's secret";

typedef struct {
    ol_mem mem, reader_mem;
    ol_store *s;
    ol_charter charter;
    test_party party[3];
    ol_store_reader_card held[3];
    ol_store_reader_generation generation;
    char note[OL_CHARTER_MAX];
    size_t note_len;
    ol_store_reader_opts opts;
} fixture;

static ol_put put(ol_put_kind kind, ol_log_key k, uint64_t at) {
    return (ol_put){ .kind = kind, .log = k, .at = at };
}
static ol_put entry(ol_log_key k, uint64_t at, const char *text) {
    ol_put p = put(OL_PUT_ENTRY, k, at);
    p.p = (const uint8_t *)text, p.len = strlen(text);
    return p;
}
static ol_put size(ol_log_key k, uint64_t at) {
    ol_put p = put(OL_PUT_SIZE, k, at);
    p.p = FRONTIER, p.len = sizeof FRONTIER;
    return p;
}
static ol_put head(ol_log_key k, uint64_t at, const uint8_t *sig) {
    ol_put p = put(OL_PUT_HEAD, k, at);
    p.root = ROOT[at - 1], p.p = sig, p.len = sig == NULL ? 0 : OL_SIG_LEN;
    return p;
}
static ol_put receipt(ol_log_key k, uint8_t party, uint64_t at, uint64_t t, const uint8_t *sig) {
    ol_put p = put(OL_PUT_RECEIPT, k, at);
    p.party = party, p.time = t, p.p = sig, p.len = sig == NULL ? 0 : OL_SIG_LEN;
    return p;
}

static void fill(fixture *f) {
    const ol_put list[] = {
        put(OL_PUT_LOG, A, 0),
        entry(A, 0, "zero"),
        entry(A, 1, "one"),
        entry(A, 2, "two"),
        entry(A, 3, "three"),
        size(A, 4),
        head(A, 1, SIG[0]),
        head(A, 2, SIG[1]),
        head(A, 3, SIG[2]),
        head(A, 4, NULL), /* ours, not signed yet */
        receipt(A, 1, 1, 100, SIG[4]),
        receipt(A, 1, 2, 200, SIG[4]),
        receipt(A, 1, 3, 300, SIG[4]),
        receipt(A, 2, 1, 101, SIG[4]),
        receipt(A, 2, 2, 202, SIG[4]),
        put(OL_PUT_LOG, B, 0),
        entry(B, 0, "nil"),
        size(B, 1),
        head(B, 1, SIG[3]),
        receipt(B, 0, 1, 150, NULL), /* ours, not signed yet */
    };
    ol_batch batch = { .put = list, .n = OL_LEN(list) };
    memcpy(batch.line, f->charter.id, sizeof batch.line);
    assert_int_equal(f->s->ops->commit(f->s, &batch, 1), OL_OK);
}

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    ol_ini_at at = { 0 };
    uint32_t missing = 0;
    assert_non_null(f);
    ol_mem_heap(&f->mem, 16 << 20);
    ol_mem_heap(&f->reader_mem, 1 << 20);
    assert_int_equal(ol_store_mem_new(&f->mem, &f->s), OL_OK);
    f->note_len = test_charter(3, 3, f->note, sizeof f->note);
    assert_int_equal(ol_charter_read(f->note, f->note_len, &f->charter, &missing, &at), OL_OK);
    f->opts = (ol_store_reader_opts){ .mem = &f->reader_mem,
                                      .store = f->s,
                                      .charter = &f->charter,
                                      .generation = &f->generation,
                                      .generations = 1,
                                      .card = f->held,
                                      .cards = 3 };
    f->generation = (ol_store_reader_generation){ { f->note, f->note_len }, 7, SECRET };
    for (unsigned i = 0; i < 3; i++) {
        test_party_make(i, &f->party[i]);
        f->held[i] = (ol_store_reader_card){ (uint8_t)i, &f->party[i].card, { "a card", 6 } };
    }
    fill(f);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    f->s->ops->close(f->s);
    assert_int_equal(f->mem.used, 0);
    assert_int_equal(f->reader_mem.used, 0);
    free(f);
    return 0;
}

static void logs_and_cards(void **state) {
    fixture *f = *state;
    ol_store_reader *r = NULL;
    ol_record_log log;
    ol_record_card card;
    ol_str note;
    f->opts.cards = 2; /* a party whose card is not here */
    assert_int_equal(ol_store_reader_new(&f->opts, &r), OL_OK);
    const ol_reader *v = ol_store_reader_of(r);
    assert_int_equal(v->parties, 3);
    assert_string_equal(v->party[1], "prc");
    assert_int_equal(v->charter(v->ctx, 0, &note), OL_OK);
    assert_int_equal(note.len, f->note_len);
    assert_int_equal(v->charter(v->ctx, 1, &note), OL_ENOENT);
    assert_int_equal(v->card(v->ctx, 1, &card), OL_OK);
    assert_int_equal(card.party, 1);
    assert_int_equal(v->card(v->ctx, 2, &card), OL_ENOENT);
    assert_int_equal(v->log(v->ctx, 0, &log), OL_OK);
    assert_true(ol_log_key_eq(&log.key, &A));
    assert_int_equal(log.size, 3); /* the head of 4 is not signed */
    assert_memory_equal(log.head, SIG[2], OL_SIG_LEN);
    assert_memory_equal(log.log_pub, f->party[0].card.log, OL_SIGN_PUB_LEN);
    assert_memory_equal(log.receipt_pub[1], f->party[1].card.receipt, OL_SIGN_PUB_LEN);
    assert_int_equal(log.members, 7);
    assert_int_equal(v->log(v->ctx, 2, &log), OL_ENOENT);
    assert_int_equal(ol_store_reader_logs(r), 2);
    assert_true(ol_log_key_eq(ol_store_reader_key(r, 1), &B));
    ol_store_reader_free(r);
}

static void receipts(void **state) {
    fixture *f = *state;
    ol_store_reader *r = NULL;
    ol_record_receipt got;
    uint64_t agreed = 0;
    assert_int_equal(ol_store_reader_new(&f->opts, &r), OL_OK);
    const ol_reader *v = ol_store_reader_of(r);
    assert_int_equal(v->receipt(v->ctx, 0, 1, 0, &got), OL_OK);
    assert_int_equal(got.size, 3);
    assert_int_equal(got.time, 300);
    assert_memory_equal(got.head, SIG[2], OL_SIG_LEN);
    assert_int_equal(v->receipt(v->ctx, 0, 2, 0, &got), OL_OK);
    assert_int_equal(got.size, 2);
    assert_int_equal(v->receipt(v->ctx, 0, 2, 1, &got), OL_OK);
    assert_int_equal(got.time, 101);
    assert_int_equal(v->receipt(v->ctx, 0, 2, 3, &got), OL_ENOENT);
    assert_int_equal(v->receipt(v->ctx, 1, 0, 0, &got), OL_ENOENT); /* not signed yet */
    assert_int_equal(v->receipt(v->ctx, 9, 0, 0, &got), OL_ENOENT);
    assert_int_equal(v->agreed(v->ctx, 0, &agreed), OL_OK);
    assert_int_equal(agreed, 2);
    assert_int_equal(v->agreed(v->ctx, 1, &agreed), OL_ENOENT);
    ol_store_reader_free(r);
}

/* A receipt that came before the head under it is signed: the one below is given. */
static void receipt_without_head(void **state) {
    fixture *f = *state;
    ol_store_reader *r = NULL;
    ol_record_receipt got;
    const ol_put list[] = { entry(B, 1, "one"), size(B, 2), head(B, 2, SIG[1]),
                            receipt(B, 2, 1, 160, SIG[4]), receipt(B, 2, 2, 170, SIG[4]) };
    ol_batch batch = { .put = list, .n = OL_LEN(list) };
    memcpy(batch.line, f->charter.id, sizeof batch.line);
    assert_int_equal(f->s->ops->commit(f->s, &batch, 1), OL_OK);
    assert_int_equal(ol_store_reader_new(&f->opts, &r), OL_OK);
    const ol_reader *v = ol_store_reader_of(r);
    assert_int_equal(v->receipt(v->ctx, 1, 2, 0, &got), OL_OK);
    assert_int_equal(got.size, 2);
    assert_memory_equal(got.head, SIG[1], OL_SIG_LEN);
    ol_store_reader_free(r);
}

static ol_put piece(ol_log_key k, uint8_t party, uint64_t at, uint64_t t) {
    ol_put p = put(OL_PUT_EVIDENCE, k, at);
    p.party = party, p.time = t, p.root = ROOT[3], p.p = SIG[4], p.len = OL_SIG_LEN;
    return p;
}

/* Each log's own, in the order of arrival, with the smallest head at or above. */
static void evidence(void **state) {
    fixture *f = *state;
    ol_store_reader *r = NULL;
    ol_record_evidence got;
    const ol_put list[] = { piece(B, 1, 1, 0), piece(A, 2, 4, 9), piece(A, 0, 2, 0),
                            piece(A, 2, 3, 170) };
    ol_batch batch = { .put = list, .n = OL_LEN(list) };
    memcpy(batch.line, f->charter.id, sizeof batch.line);
    assert_int_equal(f->s->ops->commit(f->s, &batch, 1), OL_OK);
    assert_int_equal(ol_store_reader_new(&f->opts, &r), OL_OK);
    const ol_reader *v = ol_store_reader_of(r);
    assert_int_equal(v->evidence(v->ctx, 0, 0, &got),
                     OL_OK); /* that of 4 is above what is signed */
    assert_int_equal(got.size, 2);
    assert_int_equal(got.own_size, 2);
    assert_memory_equal(got.own_head, SIG[1], OL_SIG_LEN);
    assert_memory_equal(got.sig, SIG[4], OL_SIG_LEN);
    assert_memory_equal(got.root, ROOT[3], 32);
    assert_memory_equal(got.pub, f->party[0].card.log, OL_SIGN_PUB_LEN);
    assert_int_equal(v->evidence(v->ctx, 0, 1, &got), OL_OK);
    assert_true(got.size == 3 && got.party == 2 && got.time == 170 && got.own_size == 3);
    assert_memory_equal(got.pub, f->party[2].card.receipt, OL_SIGN_PUB_LEN);
    assert_int_equal(v->evidence(v->ctx, 0, 2, &got), OL_ENOENT);
    assert_int_equal(v->evidence(v->ctx, 1, 0, &got), OL_OK);
    assert_int_equal(v->evidence(v->ctx, 9, 0, &got), OL_ENOENT);
    ol_store_reader_free(r);
}

typedef struct {
    uint64_t next;
    char text[64];
} leaves;

static ol_err take_leaf(void *ctx, uint64_t index, const uint8_t *leaf, size_t len) {
    leaves *w = ctx;
    uint8_t salt[OL_SALT_LEN];
    static const char origin[] = "hotline/usa/urgent/0102030405060708";
    ol_keys_salt(SECRET, origin, sizeof origin - 1, index, salt);
    assert_memory_equal(leaf, salt, sizeof salt);
    assert_int_equal(index, w->next++);
    (void)strncat(w->text, (const char *)leaf + OL_SALT_LEN, len - OL_SALT_LEN);
    return OL_OK;
}

static void leaves_are_salted(void **state) {
    fixture *f = *state;
    ol_store_reader *r = NULL;
    leaves w = { .next = 1 };
    assert_int_equal(ol_store_reader_new(&f->opts, &r), OL_OK);
    const ol_reader *v = ol_store_reader_of(r);
    assert_int_equal(v->leaves(v->ctx, 0, 1, 3, take_leaf, &w), OL_OK);
    assert_int_equal(w.next, 3);
    assert_string_equal(w.text, "onetwo");
    assert_int_equal(v->leaves(v->ctx, 2, 0, 1, take_leaf, &w), OL_ENOENT);
    ol_store_reader_free(r);
}

static void memory_fails(void **state) {
    fixture *f = *state;
    uint64_t agreed = 0;
    bool is_done = false;
    for (unsigned n = 1; !is_done; n++) {
        ol_store_reader *r = NULL;
        ol_mem_heap(&f->reader_mem, 1 << 20);
        f->reader_mem.fail_at = n;
        ol_err err = ol_store_reader_new(&f->opts, &r);
        if (err == OL_OK)
            err = ol_store_reader_of(r)->agreed(ol_store_reader_of(r)->ctx, 0, &agreed);
        assert_true(err == OL_OK || err == OL_ENOMEM);
        is_done = err == OL_OK;
        ol_store_reader_free(r);
        assert_int_equal(f->reader_mem.used, 0);
        assert_true(n < 20);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(logs_and_cards, set_up, tear_down),
        cmocka_unit_test_setup_teardown(receipts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(receipt_without_head, set_up, tear_down),
        cmocka_unit_test_setup_teardown(evidence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leaves_are_salted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_fails, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
