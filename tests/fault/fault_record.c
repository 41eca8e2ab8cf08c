/* Exports, checks and the joint view of a record in a real store: the n-th system call, the n-th
 * request for memory and the n-th page that SQLite reads fail, for n = 0, 1, 2 … until none is left
 * that fails; once, and from there on. What is wrong is said, or the result is the same, bit for
 * bit; nothing stays open; a lack of memory is no finding; the same again succeeds.
 *   fault_record [--whole]    every n up to 60, then steps of a fortieth: a minute or two; else
 *                             every n up to 5, then strides of as much again */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

#include "cli/files_of.h"
#include "fault/lib_calls.h"
#include "fault/lib_lack.h"
#include "fault/lib_vfs.h"
#include "lib/record.h"
#include "record/export.h"
#include "record/merkle.h"
#include "station/desk.h"
#include "store/reader.h"
#include "store/sqlite.h"

enum { PUTS = 4096, ROOM = 2 << 20, CARDS = 4, DENSE = 5, DENSE_WHOLE = 60 };

static char base[64], home[80], out[80];
static bool is_whole;
static test_record record;
static ol_charter charter;
static ol_card card[CARDS];
static ol_store_reader_card held[CARDS];
static ol_store_reader_generation generation;
static ol_api_line line = { .name = "hotline", .charter = &charter, .generation = &generation };

/* ---- the record, put into a store ---- */

static struct {
    ol_put put[PUTS];
    size_t n;
    uint8_t room[ROOM];
    size_t used;
    ol_log_key log;
} filling;

static const uint8_t *keep(const uint8_t *p, size_t len) {
    uint8_t *at = filling.room + filling.used;
    assert_true(filling.used + len <= ROOM);
    memcpy(at, p, len);
    filling.used += len;
    return at;
}

static void put(ol_put p) {
    assert_true(filling.n < PUTS);
    p.log = filling.log;
    filling.put[filling.n++] = p;
}

static ol_err put_leaf(void *ctx, uint64_t index, const uint8_t *leaf, size_t len) {
    (void)ctx;
    len -= OL_SALT_LEN;
    put((ol_put){
        .kind = OL_PUT_ENTRY, .at = index, .p = keep(leaf + OL_SALT_LEN, len), .len = len });
    return OL_OK;
}

static ol_err hash_leaf(void *ctx, uint64_t index, const uint8_t *leaf, size_t len) {
    (void)index;
    ol_hash hash = ol_merkle_leaf(leaf, len);
    return ol_frontier_append(ctx, &hash);
}

static void put_head(size_t log, uint64_t size, const uint8_t *sig) {
    ol_frontier tree;
    ol_frontier_clear(&tree);
    assert_int_equal(record.reader.leaves(record.reader.ctx, log, 0, size, hash_leaf, &tree),
                     OL_OK);
    ol_hash root = ol_frontier_root(&tree);
    put((ol_put){ .kind = OL_PUT_HEAD,
                  .at = size,
                  .root = keep(root.b, sizeof root.b),
                  .p = keep(sig, OL_SIG_LEN),
                  .len = OL_SIG_LEN });
}

/* The receipt of a size, if there is one; 0: the largest. */
static void put_receipt(size_t log, uint8_t party, uint64_t size) {
    const ol_reader *r = &record.reader;
    ol_record_receipt receipt;
    if (r->receipt(r->ctx, log, party, size, &receipt) != OL_OK)
        return;
    put((ol_put){ .kind = OL_PUT_RECEIPT,
                  .party = party,
                  .at = receipt.size,
                  .time = receipt.time,
                  .p = keep(receipt.sig, OL_SIG_LEN),
                  .len = OL_SIG_LEN });
    put_head(log, receipt.size, receipt.head);
}

static void put_log(size_t n) {
    static const uint8_t frontier[40];
    const ol_reader *r = &record.reader;
    ol_record_log log;
    assert_int_equal(r->log(r->ctx, n, &log), OL_OK);
    filling.log = log.key;
    put((ol_put){ .kind = OL_PUT_LOG });
    assert_int_equal(r->leaves(r->ctx, n, 0, log.size, put_leaf, NULL), OL_OK);
    put((ol_put){ .kind = OL_PUT_SIZE, .at = log.size, .p = frontier, .len = sizeof frontier });
    uint64_t agreed = 0;
    put_head(n, log.size, log.head);
    for (uint8_t p = 0; p < r->parties; p++) {
        if (r->agreed(r->ctx, n, &agreed) == OL_OK && agreed < log.size)
            put_receipt(n, p, agreed);
        put_receipt(n, p, 0);
    }
}

static ol_store *opened(ol_err *ret) {
    ol_store *s = NULL;
    ol_store_why why = { "" };
    *ret = ol_store_sqlite_open(home, NULL, &s, &why);
    return s;
}

static void fill(void) {
    ol_err err;
    ol_store *s = opened(&err);
    assert_int_equal(err, OL_OK);
    static const size_t some[] = { 0, 2, 4, 5 }; /* the others are long, and add nothing here */
    for (size_t i = 0; i < OL_LEN(some); i++) {
        filling.n = filling.used = 0;
        put_log(some[i]);
        ol_batch batch = { .put = filling.put, .n = filling.n };
        memcpy(batch.line, line.id, sizeof batch.line);
        assert_int_equal(s->ops->commit(s, &batch, 1), OL_OK);
    }
    s->ops->close(s);
}

static void know(void) {
    const ol_reader *r = &record.reader;
    ol_ini_at at = { 0 };
    uint32_t missing = 0;
    ol_str note;
    record_make(&record);
    assert_int_equal(r->charter(r->ctx, 0, &note), OL_OK);
    assert_int_equal(ol_charter_read(note.p, note.len, &charter, &missing, &at), OL_OK);
    generation = (ol_store_reader_generation){ note, 7, record_secret() };
    memcpy(line.id, charter.id, sizeof line.id);
    for (size_t i = 0; i < CARDS; i++) { /* of each party the newest first */
        ol_record_card c;
        assert_int_equal(r->card(r->ctx, i == 0 ? 1 : i == 1 ? 0 : i, &c), OL_OK);
        assert_int_equal(ol_card_read(c.note.p, c.note.len, &card[i], &at), OL_OK);
        held[i] = (ol_store_reader_card){ c.party, &card[i], c.note };
    }
    line.held = held, line.holds = CARDS;
}

/* ---- what is done; what came of it ---- */

static crypto_hash_sha256_state digest;
static struct {
    uint8_t hash[32];
    uint64_t broken, unread; /* of a check: rules broken; of these, files that cannot be read */
} got;
static ol_why why_now;

static void add(const void *p, size_t len) {
    uint8_t n[4] = { (uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16) };
    (void)crypto_hash_sha256_update(&digest, n, sizeof n);
    (void)crypto_hash_sha256_update(&digest, p, len);
}

static void add_text(const char *s) {
    add(s, strlen(s));
}

static void on_finding(void *ctx, const ol_verify_finding *f) {
    (void)ctx;
    add_text(f->rule), add_text(f->file), add_text(f->sentence);
    got.broken += f->is_broken;
    got.unread += f->is_broken && strcmp(f->rule, "file-read") == 0;
}

static ol_err on_read(void *ctx, const char *path, uint8_t *to, size_t cap, size_t *ret_len,
                      const char **ret_why) {
    return ol_files_of_read(ctx, path, to, cap, ret_len, ret_why);
}

static ol_err check(ol_files_of *files) {
    ol_mem mem;
    ol_verify_result r;
    ol_mem_heap(&mem, 64 << 20);
    const ol_verify_opts opts = { .mem = &mem,
                                  .file = files->file,
                                  .files = files->n,
                                  .read = on_read,
                                  .finding = on_finding,
                                  .ctx = files };
    ol_err err = ol_verify(&opts, &r);
    assert_int_equal(mem.used, 0);
    if (err == OL_OK) {
        assert_int_equal(r.broken, got.broken);
        add(&r.entries, sizeof r.entries);
    }
    return err;
}

/* The line's record, or the proof of one entry, into memory. */
static ol_err export_to(ol_files_of *files, bool is_proof) {
    ol_mem mem;
    ol_store_reader *reader = NULL;
    ol_export_at at = { "" };
    ol_err err;
    ol_store *s = opened(&err);
    ol_mem_heap(&mem, 64 << 20);
    const ol_store_reader_opts opts = { .mem = &mem,
                                        .store = s,
                                        .charter = &charter,
                                        .generation = &generation,
                                        .generations = 1,
                                        .card = held,
                                        .cards = CARDS };
    const ol_export_to to = { ol_files_of_add, files, &mem };
    const ol_log_key key = record_key(4);
    ol_files_of_memory(files);
    if (err == OL_OK)
        err = ol_store_reader_new(&opts, &reader);
    if (err == OL_OK)
        err = is_proof ? ol_export_proof(ol_store_reader_of(reader), &key, 100, &to, &at)
                       : ol_export_all(ol_store_reader_of(reader), &to, &at);
    ol_store_reader_free(reader);
    if (s != NULL)
        s->ops->close(s);
    assert_int_equal(mem.used, 0);
    return err;
}

static ol_err export_it(bool is_proof) {
    ol_files_of files;
    ol_err err = export_to(&files, is_proof);
    for (size_t i = 0; i < files.n; i++) {
        add_text(files.file[i].path);
        add(files.bytes[i].p, files.bytes[i].len);
    }
    ol_files_of_free(&files);
    return err;
}

static ol_err do_export(void) {
    return export_it(false);
}
static ol_err do_proof(void) {
    return export_it(true);
}

/* As `openline verify` does of a line of this home. */
static ol_err do_verify_line(void) {
    ol_files_of files;
    ol_err err = export_to(&files, false);
    if (err == OL_OK)
        err = ol_files_of_sort(&files);
    if (err == OL_OK)
        err = check(&files);
    ol_files_of_free(&files);
    return err;
}

static ol_err do_verify_dir(void) {
    ol_files_of files;
    ol_err err = ol_files_of_dir(out, &files, &why_now);
    if (err != OL_OK)
        return err;
    err = check(&files);
    ol_files_of_free(&files);
    return err;
}

/* As `openline log` does where no station runs: the joint view, a page of it. */
static ol_err do_log(void) {
    static ol_desk desk;
    ol_err err;
    ol_refusal why = { .err = OL_OK };
    const ol_request r = {
        .what = OL_DO_LOG, .given = OL_GIVEN_LINE | OL_GIVEN_LAST, .line = "hotline", .last = 50
    };
    desk = (ol_desk){ .store = opened(&err), .party = "usa", .lines = 1, .line = { &line } };
    json_t *reply = json_object();
    if (err == OL_OK)
        err = ol_desk_log(&desk, &r, reply, &why);
    char *text = json_dumps(reply, JSON_COMPACT | JSON_SORT_KEYS);
    assert_non_null(text);
    add_text(text);
    free(text);
    json_decref(reply);
    ol_desk_close(&desk);
    if (desk.store != NULL)
        desk.store->ops->close(desk.store);
    return err;
}

static const struct {
    const char *name;
    ol_err (*act)(void);
    bool is_check; /* what cannot be read is a finding */
} acts[] = {
    { "export", do_export, false },
    { "proof", do_proof, false },
    { "verify-line", do_verify_line, true },
    { "verify-dir", do_verify_dir, true },
    { "log", do_log, false },
};
static uint8_t want[OL_LEN(acts)][32];

static ol_err perform(size_t a) {
    (void)crypto_hash_sha256_init(&digest);
    got.broken = got.unread = 0;
    ol_err err = acts[a].act();
    (void)crypto_hash_sha256_final(&digest, got.hash);
    return err;
}

/* ---- what fails ---- */

typedef struct {
    enum { BY_CALL, BY_SQLITE, BY_DISK } what;
    call_kind call; /* BY_CALL */
    vfs_kind disk;  /* BY_DISK */
    int error;      /* 0: it falls short; of the disk SQLITE_… */
    bool is_rest;   /* all that follow, too */
} fault;

static void arm(const fault *f, uint64_t n) {
    uint64_t to = f->is_rest ? UINT64_MAX : n + 1;
    if (f->what == BY_CALL)
        calls_now = (call_plan){
            .is_armed = true, .kind = f->call, .error = f->error, .from = n, .to = to
        };
    else if (f->what == BY_SQLITE)
        lack_now = (lack_plan){ .from = n, .to = to };
    else
        vfs_now =
            (vfs_plan){ .is_armed = true, .kind = f->disk, .rc = f->error, .from = n, .to = to };
}

/* How many there were. */
static uint64_t disarm(const fault *f) {
    calls_now.is_armed = vfs_now.is_armed = false;
    lack_now.to = 0;
    return f->what == BY_CALL     ? calls_now.calls[f->call]
           : f->what == BY_SQLITE ? lack_now.calls
                                  : vfs_now.calls[f->disk];
}

static const char *name_of(const fault *f) {
    return f->what == BY_CALL     ? calls_row[f->call].name
           : f->what == BY_SQLITE ? "SQLite's memory"
                                  : vfs_kind_name[f->disk];
}

static size_t count_fds(void) {
    size_t n = 0;
    for (int fd = 0; fd < 64; fd++)
        n += fcntl(fd, F_GETFD) != -1; /* not armed: goes through */
    return n;
}

static bool one(size_t a, const fault *f, uint64_t n) {
    size_t fds = count_fds();
    bool is_memory = f->what == BY_SQLITE || (f->what == BY_CALL && f->call >= CALL_malloc);
    bool is_harmless = f->what == BY_CALL && (f->error == EINTR || f->error == 0);
    why_now = (ol_why){ "" };
    arm(f, n);
    ol_err err = perform(a);
    bool was_hit = disarm(f) > n, is_same = memcmp(got.hash, want[a], 32) == 0;
    if (err != OL_OK
            ? is_harmless || !was_hit
            : !is_same && (is_harmless || is_memory || !acts[a].is_check || got.unread == 0))
        fail_msg("%s: %s number %llu, error %d: %s, %s", acts[a].name, name_of(f),
                 (unsigned long long)n, f->error, ol_err_name(err),
                 is_same ? "the same" : "not the same");
    if (err != OL_OK && err != OL_EIO && err != OL_ENOMEM && err != OL_EFULL && err != OL_EAGAIN)
        fail_msg("%s: %s number %llu: called %s", acts[a].name, name_of(f), (unsigned long long)n,
                 ol_err_name(err));
    assert_int_equal(count_fds(), fds);
    if (is_whole ? n % 5 == 0 : n == 2) {
        assert_int_equal(perform(a), OL_OK);
        assert_memory_equal(got.hash, want[a], 32);
    }
    return was_hit;
}

static uint64_t loop(size_t a, fault f) {
    uint64_t points = 0;
    for (uint64_t n = 0; one(a, &f, n); points++)
        n += n < (is_whole ? DENSE_WHOLE : DENSE) ? 1 : is_whole ? 1 + n / 40 : 7 + n;
    return points;
}

/* Once with EIO, also interrupted where that can be; each time also short where that can be. */
static uint64_t loop_call(size_t a, call_kind k, bool is_rest) {
    fault f = { BY_CALL, k, 0, k >= CALL_malloc ? ENOMEM : EIO, is_rest };
    uint64_t points = loop(a, f);
    f.error = EINTR;
    if (!is_rest && calls_row[k].is_interruptible)
        points += loop(a, f);
    f.error = 0;
    return calls_row[k].is_short ? points + loop(a, f) : points;
}

static void loops(size_t a) {
    static const struct {
        vfs_kind kind;
        int rc;
    } disk[] = {
        { VFS_READ, SQLITE_IOERR_READ },  { VFS_OPEN, SQLITE_CANTOPEN },
        { VFS_SIZE, SQLITE_IOERR_FSTAT }, { VFS_ACCESS, SQLITE_IOERR_ACCESS },
        { VFS_LOCK, SQLITE_IOERR_LOCK },
    };
    uint64_t points = 0;
    calls_now = (call_plan){ .is_armed = true, .from = UINT64_MAX };
    vfs_now = (vfs_plan){ .is_armed = true, .from = UINT64_MAX };
    assert_int_equal(perform(a), OL_OK); /* what it calls at all */
    calls_now.is_armed = vfs_now.is_armed = false;
    const call_plan calls = calls_now;
    const vfs_plan pages = vfs_now;
    for (unsigned rest = 0; rest < 2; rest++) {
        for (call_kind k = 0; k < CALL_N; k++)
            points += calls.calls[k] > 0 ? loop_call(a, k, rest == 1) : 0;
        if (pages.calls[VFS_OPEN] > 0)
            points += loop(a, (fault){ .what = BY_SQLITE, .is_rest = rest == 1 });
        for (size_t i = 0; i < OL_LEN(disk); i++)
            if (pages.calls[disk[i].kind] > 0)
                points += loop(a, (fault){ BY_DISK, 0, disk[i].kind, disk[i].rc, rest == 1 });
    }
    print_message("%-12s %llu fault points\n", acts[a].name, (unsigned long long)points);
    assert_true(points > 30);
}

static void exports(void **state) {
    (void)state;
    loops(0), loops(1);
}
static void checks(void **state) {
    (void)state;
    loops(2), loops(3);
}
static void the_view(void **state) {
    (void)state;
    loops(4);
}

/* ---- before and after ---- */

static void write_out(void) {
    ol_files_of files;
    assert_int_equal(export_to(&files, false), OL_OK);
    for (size_t i = 0; i < files.n; i++) {
        char path[400];
        size_t at = (size_t)snprintf(path, sizeof path, "%s/", out);
        (void)snprintf(path + at, sizeof path - at, "%s", files.file[i].path);
        for (char *p = strchr(path + at, '/'); p != NULL; p = strchr(p + 1, '/')) {
            *p = '\0', (void)mkdir(path, 0700), *p = '/';
        }
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(files.bytes[i].p, 1, files.bytes[i].len, f), files.bytes[i].len);
        assert_int_equal(fclose(f), 0);
    }
    ol_files_of_free(&files);
}

static int set_up(void **state) {
    (void)state;
    const char *under = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(base, sizeof base, "%s/ol-record-XXXXXX", under);
    if (mkdtemp(base) == NULL || sodium_init() < 0)
        return -1;
    (void)snprintf(home, sizeof home, "%s/home", base);
    (void)snprintf(out, sizeof out, "%s/out", base);
    if (mkdir(home, 0700) != 0 || mkdir(out, 0700) != 0)
        return -1;
    vfs_install();
    know(), fill(), write_out();
    for (size_t a = 0; a < OL_LEN(acts); a++) {
        assert_int_equal(perform(a), OL_OK);
        assert_int_equal(got.broken, 0);
        memcpy(want[a], got.hash, 32);
    }
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int what, struct FTW *at) {
    (void)st, (void)what, (void)at;
    return remove(path);
}

static int tear_down(void **state) {
    (void)state;
    vfs_remove();
    return nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exports),
        cmocka_unit_test(checks),
        cmocka_unit_test(the_view),
    };
    is_whole = argc > 1 && strcmp(argv[1], "--whole") == 0;
    lack_install();
    return cmocka_run_group_tests_name("record", tests, set_up, tear_down);
}
