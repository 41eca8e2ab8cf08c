/* record/export against files that were made without it (tests/vectors/export.txt), and every way
 * in which a record, a disk or memory can let it down. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "lib/known.h"
#include "lib/record.h"
#include "record/export.h"

enum { FILES_MAX = 256 };

typedef struct {
    size_t n, fail_at; /* the fail_at-th file cannot be made; 0: all can */
    struct {
        char path[OL_EXPORT_PATH_MAX + 1];
        size_t len;
        uint8_t hash[32];
    } file[FILES_MAX];
    const char *top; /* also written below it, if not NULL */
} files;

static test_record record;

static void write_below(const char *top, const char *path, const uint8_t *p, size_t n) {
    char whole[512];
    size_t at = (size_t)snprintf(whole, sizeof whole, "%s/", top);
    snprintf(whole + at, sizeof whole - at, "%s", path);
    for (char *slash = whole + at; slash != NULL; slash = strchr(slash + 1, '/')) {
        char was = *slash;
        *slash = '\0';
        mkdir(whole, 0777);
        *slash = was;
    }
    FILE *f = fopen(whole, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static ol_err take_file(void *ctx, const char *path, const uint8_t *p, size_t n) {
    files *f = ctx;
    if (f->fail_at == f->n + 1)
        return OL_EFULL;
    assert_true(f->n < FILES_MAX);
    for (size_t i = 0; i < f->n; i++) /* no file is made twice */
        assert_string_not_equal(f->file[i].path, path);
    snprintf(f->file[f->n].path, sizeof f->file[0].path, "%s", path);
    f->file[f->n].len = n;
    ol_hash_sha256(p, n, f->file[f->n++].hash);
    if (f->top != NULL)
        write_below(f->top, path, p, n);
    return OL_OK;
}

/* Every test gives back all memory and stays below what the header says. */
static ol_err run(files *f, const ol_log_key *log, uint64_t index, ol_export_at *ret_at) {
    ol_mem mem;
    ol_mem_heap(&mem, OL_EXPORT_MEM);
    const ol_export_to to = { take_file, f, &mem };
    ol_err err = log == NULL ? ol_export_all(&record.reader, &to, ret_at)
                             : ol_export_proof(&record.reader, log, index, &to, ret_at);
    assert_int_equal(mem.used, 0);
    return err;
}

static void assert_known(const files *f, const char *which) {
    known k;
    size_t found = 0, n = 0;
    known_open(&k, "export.txt");
    assert_true(known_next(&k));
    while (known_next(&k)) {
        uint8_t hash[32];
        if (strcmp(known_text(&k, "in"), which) != 0)
            continue;
        n++;
        known_bytes(&k, "sha256", hash, sizeof hash);
        for (size_t i = 0; i < f->n; i++) {
            if (strcmp(f->file[i].path, known_text(&k, "path")) != 0)
                continue;
            print_message("%s\n", f->file[i].path);
            assert_int_equal(f->file[i].len, known_number(&k, "bytes"));
            assert_memory_equal(f->file[i].hash, hash, sizeof hash);
            found++;
        }
    }
    assert_int_equal(found, n);
    assert_int_equal(f->n, n);
    known_close(&k);
}

static const char *folder(const char *name, char *to, size_t cap) {
    const char *top = getenv("OPENLINE_EXPORTS");
    if (top == NULL)
        return NULL;
    mkdir(top, 0777);
    snprintf(to, cap, "%s/%s", top, name);
    mkdir(to, 0777);
    return to;
}

static void full(void **state) {
    (void)state;
    char top[300];
    files f = { .top = folder("unit-full", top, sizeof top) };
    ol_export_at at = { "untouched" };
    assert_int_equal(run(&f, NULL, 0, &at), OL_OK);
    assert_string_equal(at.path, "untouched");
    assert_known(&f, "full");
}

static void proof(void **state) {
    (void)state;
    char top[300];
    files f = { .top = folder("unit-proof", top, sizeof top) };
    ol_log_key log = record_key(1);
    record.leaves_asked = 0;
    assert_int_equal(run(&f, &log, 100, NULL), OL_OK);
    assert_known(&f, "proof");
    assert_int_equal(record.leaves_asked, 600 + 255); /* two passes, whatever the path's length */
}

static void proof_of_each(void **state) {
    (void)state;
    static const struct {
        size_t log;
        uint64_t index;
        ol_err want;
    } rows[] = {
        { 0, 0, OL_OK },       { 0, 2, OL_OK },       { 0, 3, OL_ENOENT }, /* not there */
        { 1, 255, OL_OK },     { 1, 256, OL_ESTATE }, /* there, not receipted by all */
        { 1, 599, OL_ESTATE }, { 1, 600, OL_ENOENT }, { 2, 0, OL_OK },
        { 3, 255, OL_OK },     { 5, 1, OL_ESTATE },
    };
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        files f = { .n = 0 };
        ol_log_key log = record_key(rows[i].log);
        print_message("row %zu\n", i);
        assert_int_equal(run(&f, &log, rows[i].index, NULL), rows[i].want);
        assert_int_equal(f.n > 0, rows[i].want == OL_OK);
    }
    files f = { .n = 0 };
    ol_log_key log = record_key(1);
    log.incarnation[7] ^= 1;
    assert_int_equal(run(&f, &log, 0, NULL), OL_ENOENT);
}

static const struct {
    record_spoil spoil;
    const char *path; /* how that of the file in question ends */
} spoils[] = {
    { SPOIL_HEAD, "head.note" },
    { SPOIL_RECEIPT, "heads/prc.note" },
    { SPOIL_RECEIPT_HEAD, "heads/prc.note" },
    { SPOIL_RECEIPT_SIZE, "/" },
    { SPOIL_RECEIPT_KEY, "heads/prc.note" },
    { SPOIL_RECEIPT_TIME, "heads/prc.note" },
    { SPOIL_AGREED, "/" },
    { SPOIL_AGREED_BEYOND, "/" },
    { SPOIL_LEAF, "heads/prc.note" },
    { SPOIL_LEAF_LONG, "tile/" },
    { SPOIL_LEAF_MISSING, "tile/" },
    { SPOIL_LEAF_TWICE, "tile/" },
    { SPOIL_LOG_KEY, "heads/prc.note" },
    { SPOIL_PARTY, "" },
    { SPOIL_LANE, "" },
    { SPOIL_MEMBERS, "" },
    { SPOIL_CARD, "cards/" },
};
_Static_assert(sizeof spoils / sizeof spoils[0] == SPOILS - 5, "each has a row or a test");

static void spoilt(void **state) {
    (void)state;
    ol_log_key log = record_key(0);
    for (size_t i = 0; i < OL_LEN(spoils); i++) {
        files f = { .n = 0 };
        ol_export_at at;
        record.spoil = spoils[i].spoil;
        print_message("row %zu\n", i);
        assert_int_equal(run(&f, NULL, 0, &at), OL_ECONFLICT);
        size_t n = strlen(spoils[i].path), len = strlen(at.path);
        assert_true(len >= n && (n > 0 || len == 0));
        assert_string_equal(at.path + len - n, spoils[i].path);
        if (spoils[i].spoil == SPOIL_PARTY ||
            spoils[i].spoil == SPOIL_LANE) /* then the log asked for is not found */
            continue;
        f.n = 0;
        assert_int_equal(run(&f, &log, 1, &at), OL_ECONFLICT);
    }
    record.spoil = SPOIL_NOTHING;
}

/* Both notes of each piece; one that shows nothing makes no export. */
static void evidence(void **state) {
    (void)state;
    static const char *const path[] = { "/0.a.note", "/0.b.note", "/1.a.note", "/1.b.note" };
    static const record_spoil bad[] = { SPOIL_EVIDENCE, SPOIL_EVIDENCE_NONE, SPOIL_EVIDENCE_SIZE };
    ol_log_key log = record_key(1);
    files none = { .n = 0 }, f = { .n = 0 };
    ol_export_at at;
    assert_int_equal(run(&none, NULL, 0, NULL), OL_OK);
    record.evidence = 2;
    assert_int_equal(run(&f, NULL, 0, NULL), OL_OK);
    assert_int_equal(f.n, none.n + 4);
    for (size_t i = 0; i < OL_LEN(path); i++) {
        size_t found = 0;
        for (size_t k = 0; k < f.n; k++)
            found += strstr(f.file[k].path, "/evidence/") != NULL &&
                     strstr(f.file[k].path, path[i]) != NULL;
        assert_int_equal(found, 1);
    }
    for (size_t i = 0; i < OL_LEN(bad); i++) {
        files spoilt_files = { .n = 0 };
        record.spoil = bad[i];
        assert_int_equal(run(&spoilt_files, NULL, 0, &at), OL_ECONFLICT);
    }
    record.spoil = SPOIL_NOTHING, f.n = 0;
    assert_int_equal(run(&f, &log, 100, NULL), OL_OK); /* no part of a proof */
    for (size_t k = 0; k < f.n; k++)
        assert_null(strstr(f.file[k].path, "evidence"));
    record.evidence = 0;
}

static void charters(void **state) {
    (void)state;
    files f = { .n = 0 };
    ol_export_at at;
    record.generations = 12;
    assert_int_equal(run(&f, NULL, 0, NULL), OL_OK);
    assert_string_equal(f.file[0].path, "charter");
    assert_string_equal(f.file[1].path, "charter.1");
    assert_string_equal(f.file[11].path, "charter.11");
    assert_string_equal(f.file[12].path, "cards/prc.1");
    record.generations = 1, record.spoil = SPOIL_CHARTER, f.n = 0;
    assert_int_equal(run(&f, NULL, 0, &at), OL_ENOENT);
    assert_string_equal(at.path, "charter");
    record.spoil = SPOIL_NOTHING;
}

static void disk_fails(void **state) {
    (void)state;
    ol_log_key log = record_key(1);
    for (int is_proof = 0; is_proof < 2; is_proof++) {
        ol_err err = OL_EFULL;
        size_t made = 0;
        for (size_t n = 1; err != OL_OK; n++) {
            files f = { .fail_at = n };
            ol_export_at at = { "" };
            err = run(&f, is_proof ? &log : NULL, 3, &at);
            assert_true(err == OL_OK || (err == OL_EFULL && at.path[0] != '\0'));
            made = f.n;
        }
        assert_true(made > 10);
    }
}

static void memory_fails(void **state) {
    (void)state;
    ol_mem mem;
    ol_log_key log = record_key(0);
    files f = { .n = 0 };
    ol_mem_heap(&mem, 1000);
    const ol_export_to to = { take_file, &f, &mem };
    assert_int_equal(ol_export_all(&record.reader, &to, NULL), OL_ENOMEM);
    assert_int_equal(ol_export_proof(&record.reader, &log, 0, &to, NULL), OL_ENOMEM);
    assert_int_equal(f.n, 0);
}

/* A log ten times as long takes the same memory (run checks the ceiling). */
static void long_log(void **state) {
    (void)state;
    static files f;
    record.grown = 5000;
    assert_int_equal(run(&f, NULL, 0, NULL), OL_OK);
    record.grown = 0;
    assert_true(f.n > 2 * 5000 / 256);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full),          cmocka_unit_test(proof),
        cmocka_unit_test(proof_of_each), cmocka_unit_test(spoilt),
        cmocka_unit_test(disk_fails),    cmocka_unit_test(charters),
        cmocka_unit_test(memory_fails),  cmocka_unit_test(long_log),
        cmocka_unit_test(evidence),
    };
    record_make(&record);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
