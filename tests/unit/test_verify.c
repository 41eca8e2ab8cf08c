/* The verifier on the core's own export: it verifies, whole and as a proof; no file can be taken
 * away, cut or changed in one bit unseen; no allocation that fails is taken for a finding. That it
 * agrees with the other verifier, rule by rule, is tests/it/verify_agree.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants those before it
#include <cmocka.h>

#include "lib/record.h"
#include "record/export.h"
#include "record/verify.h"

enum { FILES_MAX = 128 };

typedef struct {
    ol_verify_file file[FILES_MAX];
    char path[FILES_MAX][OL_EXPORT_PATH_MAX + 1];
    uint8_t *p[FILES_MAX];
    size_t len[FILES_MAX], n;
    char told[20000]; /* findings, a line each */
    unsigned logs, views, proven;
    size_t entries;
} tree;

static test_record record;

static ol_err take_file(void *ctx, const char *path, const uint8_t *p, size_t n) {
    tree *t = ctx;
    assert_true(t->n < FILES_MAX);
    snprintf(t->path[t->n], sizeof t->path[0], "%s", path);
    t->file[t->n] = (ol_verify_file){ t->path[t->n], true };
    t->p[t->n] = malloc(n + 1);
    memcpy(t->p[t->n], p, n);
    t->len[t->n++] = n;
    return OL_OK;
}

static void make(tree *t, const ol_log_key *log, uint64_t index) {
    ol_mem mem;
    ol_export_at at;
    memset(t, 0, sizeof *t);
    ol_mem_heap(&mem, OL_EXPORT_MEM);
    const ol_export_to to = { take_file, t, &mem };
    record_make(&record);
    assert_int_equal(log == NULL ? ol_export_all(&record.reader, &to, &at)
                                 : ol_export_proof(&record.reader, log, index, &to, &at),
                     OL_OK);
}

static void drop(tree *t) {
    for (size_t i = 0; i < t->n; i++)
        free(t->p[i]);
}

static ol_err on_read(void *ctx, const char *path, uint8_t *to, size_t cap, size_t *ret_len,
                      const char **ret_why) {
    const tree *t = ctx;
    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->file[i].path, path) != 0)
            continue;
        assert_true(t->file[i].is_plain);
        if (t->len[i] > cap)
            return OL_ELIMIT;
        memcpy(to, t->p[i], t->len[i]);
        *ret_len = t->len[i];
        return OL_OK;
    }
    *ret_why = "No such file";
    return OL_ENOENT;
}

static void on_finding(void *ctx, const ol_verify_finding *f) {
    tree *t = ctx;
    size_t n = strlen(t->told);
    if (strcmp(f->rule, "seen-below") == 0)
        return; /* all receipts of this record are dated with the first entries */
    snprintf(t->told + n, sizeof t->told - n, "%s%s %s: %s\n", f->is_broken ? "" : "~", f->rule,
             f->file, f->sentence);
}
static void on_log(void *ctx, const ol_verify_log *log, const char *const *party) {
    (void)party;
    ((tree *)ctx)->logs += log->is_proven;
}
static void on_view(void *ctx, const ol_view *view, const char *const *party) {
    (void)party;
    ((tree *)ctx)->views++;
    ((tree *)ctx)->entries = ol_view_len(view);
}
static void on_proven(void *ctx, const char *log, uint64_t index, const uint8_t *entry, size_t len,
                      const char *unreadable) {
    (void)log, (void)index, (void)entry, (void)unreadable;
    assert_true(len > 0);
    ((tree *)ctx)->proven++;
}

static ol_err check(tree *t, ol_mem *mem, ol_verify_result *ret) {
    const ol_verify_opts opts = { .mem = mem,
                                  .file = t->file,
                                  .files = t->n,
                                  .read = on_read,
                                  .finding = on_finding,
                                  .log = on_log,
                                  .view = on_view,
                                  .proven = on_proven,
                                  .ctx = t };
    t->told[0] = 0, t->logs = t->views = t->proven = 0;
    ol_err err = ol_verify(&opts, ret);
    assert_int_equal(mem->used, 0);
    return err;
}

static uint64_t broken_in(tree *t) {
    ol_mem mem;
    ol_verify_result r;
    ol_mem_heap(&mem, 16 << 20);
    assert_int_equal(check(t, &mem, &r), OL_OK);
    return r.broken;
}

static void verifies(void **state) {
    (void)state;
    static tree t;
    ol_mem mem;
    ol_verify_result r;
    make(&t, NULL, 0);
    ol_mem_heap(&mem, OL_VERIFY_MEM + (1 << 20));
    assert_int_equal(check(&t, &mem, &r), OL_OK);
    print_message("%s%zu KiB at most\n", t.told, mem.peak / 1024);
    assert_int_equal(r.broken, 0);
    assert_false(r.is_proof);
    assert_int_equal(r.logs, t.logs);
    assert_int_equal(r.entries, t.entries);
    assert_true(t.logs >= 4 && t.entries > 300 && t.views == 1 && t.proven == 0);
    drop(&t);
    ol_log_key log = record_key(1);
    make(&t, &log, 100);
    assert_int_equal(check(&t, &mem, &r), OL_OK);
    print_message("%s", t.told);
    assert_int_equal(r.broken, 0);
    assert_true(r.is_proof && t.views == 0 && t.proven == 1 && r.entries == 1);
    drop(&t);
}

/* Evidence of two histories is told, and breaks nothing. */
static void forks(void **state) {
    (void)state;
    static tree t;
    ol_mem mem;
    ol_verify_result r;
    make(&t, NULL, 0);
    drop(&t);
    record.evidence = 2;
    memset(&t, 0, sizeof t);
    ol_mem_heap(&mem, OL_EXPORT_MEM);
    const ol_export_to to = { take_file, &t, &mem };
    ol_export_at at;
    assert_int_equal(ol_export_all(&record.reader, &to, &at), OL_OK);
    ol_mem_heap(&mem, OL_VERIFY_MEM + (1 << 20));
    assert_int_equal(check(&t, &mem, &r), OL_OK);
    print_message("%s", t.told);
    assert_int_equal(r.broken, 0);
    assert_non_null(strstr(t.told, "~fork usa/routine/"));
    assert_non_null(strstr(t.told, "/evidence/0.b.note: usa signed two histories of its routine"));
    assert_non_null(strstr(t.told, "~fork-receipt usa/routine/"));
    drop(&t);
}

/* Nothing else says what it said: a size at which all receipts met, a card that no note needs. */
static bool is_dispensable(const char *path) {
    size_t n = strlen(path);
    return (n > 10 && strcmp(path + n - 10, "checkpoint") == 0) || strcmp(path, "cards/prc.1") == 0;
}

static void nothing_unseen(void **state) {
    (void)state;
    static tree t;
    for (int is_proof = 0; is_proof <= 1; is_proof++) {
        ol_log_key log = record_key(1);
        make(&t, is_proof == 1 ? &log : NULL, 100);
        for (size_t i = 0; i < t.n; i++) {
            uint8_t *bit = &t.p[i][i * 7919 % t.len[i]], mask = (uint8_t)(1 << i % 7);
            *bit ^= mask;
            assert_true(broken_in(&t) > 0);
            *bit ^= mask;
            t.len[i]--; /* cut */
            assert_true(broken_in(&t) > 0);
            t.len[i]++;
            t.file[i].is_plain = false;
            assert_true(broken_in(&t) > 0);
            assert_non_null(strstr(t.told, "file-kind"));
            t.file[i].is_plain = true;
            t.file[i].path = "elsewhere";
            assert_true(broken_in(&t) > 0);
            if (is_proof == 0 &&
                strcmp(t.path[i], "charter") != 0) /* without it nothing is looked at */
                assert_non_null(strstr(t.told, "file-unexpected elsewhere"));
            t.file[i].path = t.path[i];
            assert_true(i % 16 != 0 || broken_in(&t) == 0); /* it was the change */
        }
        drop(&t);
    }
}

static void files_missing(void **state) {
    (void)state;
    static tree t;
    make(&t, NULL, 0);
    for (size_t i = 0; i < t.n; i++) {
        ol_verify_file less[FILES_MAX];
        size_t n = 0;
        for (size_t k = 0; k < t.n; k++)
            if (k != i)
                less[n++] = t.file[k];
        ol_mem mem;
        ol_verify_result r;
        ol_mem_heap(&mem, 16 << 20);
        const ol_verify_opts opts = {
            .mem = &mem, .file = less, .files = n, .read = on_read, .ctx = &t
        };
        assert_int_equal(ol_verify(&opts, &r), OL_OK);
        assert_int_equal(mem.used, 0);
        if (r.broken == 0)
            print_message("nothing misses %s\n", t.path[i]);
        assert_true(r.broken > 0 || is_dispensable(t.path[i]));
    }
    const ol_verify_opts none = { .mem = &(ol_mem){ 0 }, .read = on_read };
    ol_mem_heap(none.mem, 16 << 20);
    ol_verify_result r;
    assert_int_equal(ol_verify(&none, &r), OL_OK);
    assert_true(r.broken == 1 && r.line[0] == 0);
    drop(&t);
}

static void allocations(void **state) {
    (void)state;
    static tree t;
    make(&t, NULL, 0);
    unsigned failures = 0;
    for (unsigned long long nth = 1;; nth++, failures++) {
        ol_mem mem;
        ol_verify_result r = { .broken = 77 };
        ol_mem_heap(&mem, 16 << 20);
        mem.fail_at = nth;
        ol_err err = check(&t, &mem, &r);
        if (err == OL_OK) {
            assert_int_equal(r.broken, 0);
            break;
        }
        assert_int_equal(err, OL_ENOMEM);
        assert_int_equal(r.broken, 77); /* as it was */
        assert_string_equal(t.told, "");
    }
    assert_true(failures > 10);
    drop(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies),       cmocka_unit_test(forks),
        cmocka_unit_test(nothing_unseen), cmocka_unit_test(files_missing),
        cmocka_unit_test(allocations),
    };
    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
