/* One suite for both stores: what store/store.h and record/batch.h promise. What only one of them
 * has (files, copies, planned failures) is in test_store_mem.c and test_store_sqlite.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
// cmocka wants those before it
#include <cmocka.h>

#include "store/mem.h"
#include "store/sqlite.h"

typedef struct {
    ol_mem mem;
    ol_store *s;
    bool is_file;
    char home[64];
} fixture;

static const uint8_t LINE[OL_LINE_ID_LEN] = "line 0123456789", OTHER[OL_LINE_ID_LEN] = "other";
static const ol_log_key MINE = { 0, OL_LANE_URGENT, "abcdefg" };
static const ol_log_key SIDE = { 0, OL_LANE_ROUTINE, "abcdefg" };
static const ol_log_key PEER = { 1, OL_LANE_URGENT, "hijklmn" };
static const uint8_t ROOT[32] = "a root", ROOT2[32] = "another root";
static const uint8_t SIG[OL_SIG_LEN] = "a signature", SIG2[OL_SIG_LEN] = "another signature";
static const uint8_t FRONTIER[40] = "a frontier";

/* ── stores ────────────────────────────────────────────────────────────────────────────────────*/

static void open_store(fixture *f) {
    ol_store_why why = { "" };
    ol_err err = f->is_file ? ol_store_sqlite_open(f->home, NULL, &f->s, &why)
                            : ol_store_mem_new(&f->mem, &f->s);
    if (err != OL_OK)
        fail_msg("%s", why.text);
}

static int setup_mem(void **state) {
    fixture *f = calloc(1, sizeof *f);
    ol_mem_heap(&f->mem, 64 << 20);
    open_store(f);
    *state = f;
    return 0;
}

static int setup_sqlite(void **state) {
    fixture *f = calloc(1, sizeof *f);
    f->is_file = true;
    snprintf(f->home, sizeof f->home, "/tmp/openline-store-XXXXXX");
    assert_non_null(mkdtemp(f->home));
    open_store(f);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    fixture *f = *state;
    f->s->ops->close(f->s);
    assert_int_equal(f->mem.used, 0);
    char path[80];
    for (int i = 0; f->is_file && i < 2; i++) {
        snprintf(path, sizeof path, "%s/store.db%s", f->home, i == 0 ? "" : "-wal");
        unlink(path);
    }
    if (f->is_file)
        assert_int_equal(rmdir(f->home), 0); /* and nothing else lies there */
    free(f);
    return 0;
}

/* A store that is a file is closed and opened again, so that nothing is answered from memory. */
static void again(fixture *f) {
    if (!f->is_file)
        return;
    f->s->ops->close(f->s);
    open_store(f);
}

static ol_err commit(fixture *f, const uint8_t *line, const ol_put *put, size_t n) {
    ol_batch batch = { .put = put, .n = n };
    memcpy(batch.line, line, sizeof batch.line);
    return f->s->ops->commit(f->s, &batch, 1);
}

#define COMMIT(f, line, ...)                                                                       \
    commit(f, line, (ol_put[]){ __VA_ARGS__ }, sizeof((ol_put[]){ __VA_ARGS__ }) / sizeof(ol_put))
#define OK(...) assert_int_equal(COMMIT(__VA_ARGS__), OL_OK)
#define CONFLICT(...) assert_int_equal(COMMIT(__VA_ARGS__), OL_ECONFLICT)

static ol_put log_(ol_log_key k) {
    return (ol_put){ .kind = OL_PUT_LOG, .log = k };
}
static ol_put entry(ol_log_key k, uint64_t at, const char *text) {
    return (ol_put){
        .kind = OL_PUT_ENTRY, .log = k, .at = at, .p = (const uint8_t *)text, .len = strlen(text)
    };
}
static ol_put item(ol_log_key k, uint64_t at, const char *text, const char *id) {
    ol_put p = entry(k, at, text);
    p.item = (const uint8_t *)id;
    return p;
}
static ol_put size(ol_log_key k, uint64_t at) {
    return (ol_put){ .kind = OL_PUT_SIZE, .log = k, .at = at, .p = FRONTIER, .len = 40 };
}
static ol_put head(ol_log_key k, uint64_t at, const uint8_t *root, const uint8_t *sig) {
    return (ol_put){ .kind = OL_PUT_HEAD, .log = k, .at = at, .root = root, .p = sig, .len = 64 };
}
static ol_put receipt(ol_log_key k, uint8_t party, uint64_t at, uint64_t t, const uint8_t *sig) {
    return (ol_put){
        .kind = OL_PUT_RECEIPT, .log = k, .party = party, .at = at, .time = t, .p = sig, .len = 64
    };
}
static ol_put closed(ol_log_key k) {
    return (ol_put){ .kind = OL_PUT_CLOSED, .log = k };
}
static ol_put trim(ol_log_key k, uint64_t at) {
    return (ol_put){ .kind = OL_PUT_TRIM, .log = k, .at = at };
}
static ol_put note(const char *key, const char *value) {
    return (ol_put){
        .kind = OL_PUT_STATE, .key = key, .p = (const uint8_t *)value, .len = strlen(value)
    };
}
static ol_put evidence(ol_log_key k, uint8_t party, uint64_t at, uint64_t t, const uint8_t *root) {
    return (ol_put){ .kind = OL_PUT_EVIDENCE,
                     .log = k,
                     .party = party,
                     .at = at,
                     .time = t,
                     .root = root,
                     .p = SIG,
                     .len = 64 };
}

/* ── what a store holds, as text ───────────────────────────────────────────────────────────────*/

typedef struct {
    char text[4096];
    size_t len;
    int stop_in; /* the nth callback returns OL_EAGAIN; 0: none */
} told;

__attribute__((format(printf, 2, 3))) static ol_err tell(told *t, const char *format, ...) {
    va_list va;
    va_start(va, format);
    t->len += (size_t)vsnprintf(t->text + t->len, sizeof t->text - t->len, format, va);
    va_end(va);
    assert_in_range(t->len, 0, sizeof t->text - 1);
    return t->stop_in > 0 && --t->stop_in == 0 ? OL_EAGAIN : OL_OK;
}

static char name_of(const ol_log_key *k) {
    return ol_log_key_eq(k, &MINE)   ? 'm'
           : ol_log_key_eq(k, &SIDE) ? 's'
           : ol_log_key_eq(k, &PEER) ? 'p'
                                     : '?';
}
static const char *sig_of(const uint8_t *sig) {
    if (sig == NULL)
        return "-";
    return memcmp(sig, SIG, 64) == 0 ? "1" : memcmp(sig, SIG2, 64) == 0 ? "2" : "?";
}
static const char *root_of(const uint8_t *root) {
    return memcmp(root, ROOT, 32) == 0 ? "R" : memcmp(root, ROOT2, 32) == 0 ? "Q" : "?";
}

static ol_err on_log(void *ctx, const ol_stored_log *log) {
    bool is_known =
        log->frontier_len == 0 ? log->frontier == NULL : memcmp(log->frontier, FRONTIER, 40) == 0;
    return tell(ctx, "%c%d%s%s ", name_of(&log->key), (int)log->size, log->is_closed ? "x" : "",
                is_known ? "" : "?");
}
static ol_err on_head(void *ctx, const ol_stored_head *h) {
    return tell(ctx, "%d%s%s ", (int)h->size, root_of(h->root), sig_of(h->sig));
}
static ol_err on_receipt(void *ctx, const ol_stored_receipt *r) {
    return tell(ctx, "%c:%d:%d@%d/%s ", name_of(&r->log), r->party, (int)r->size, (int)r->time,
                sig_of(r->sig));
}
static ol_err on_entry(void *ctx, const ol_stored_entry *e) {
    return tell(ctx, "%c%d=%.*s ", name_of(&e->log), (int)e->index, (int)e->len,
                (const char *)e->entry);
}
static ol_err on_state(void *ctx, const char *key, const uint8_t *value, size_t len) {
    return tell(ctx, "%s=%.*s ", key, (int)len, (const char *)value);
}
static ol_err on_evidence(void *ctx, const ol_stored_evidence *e) {
    return tell(ctx, "%c:%d:%d@%d%s%s ", name_of(&e->log), e->party, (int)e->size, (int)e->time,
                root_of(e->root), sig_of(e->sig));
}
static ol_err on_line(void *ctx, const uint8_t *line) {
    return tell(ctx, "%s ", (const char *)line);
}

#define TOLD(f, want, call, ...)                                                                   \
    do {                                                                                           \
        told t_ = { .len = 0 };                                                                    \
        assert_int_equal((f)->s->ops->call((f)->s, __VA_ARGS__, &t_), OL_OK);                      \
        assert_string_equal(t_.text, want);                                                        \
    } while (0)
#define LOGS(f, want) TOLD(f, want, logs, LINE, on_log)
#define HEADS(f, k, from, want) TOLD(f, want, heads, LINE, &k, from, on_head)
#define RECEIPTS(f, k, want) TOLD(f, want, receipts, LINE, &k, on_receipt)
#define ENTRIES(f, k, from, to, want) TOLD(f, want, entries, LINE, &k, from, to, on_entry)
#define STATE(f, want) TOLD(f, want, state, LINE, on_state)
#define EVIDENCE(f, want) TOLD(f, want, evidence, LINE, on_evidence)
#define SINCE(f, after, max, want) TOLD(f, want, since, LINE, after, max, on_entry, on_receipt)

static uint64_t seq_of(fixture *f) {
    uint64_t seq = 99;
    assert_int_equal(f->s->ops->last_seq(f->s, &seq), OL_OK);
    return seq;
}

/* ── tests ─────────────────────────────────────────────────────────────────────────────────────*/

static void empty(void **state) {
    fixture *f = *state;
    ol_log_key k = PEER;
    uint64_t index = 7;
    assert_int_equal(seq_of(f), 0);
    LOGS(f, "");
    HEADS(f, MINE, 0, "");
    RECEIPTS(f, MINE, "");
    ENTRIES(f, MINE, 0, 9, "");
    STATE(f, "");
    EVIDENCE(f, "");
    SINCE(f, 0, 9, "");
    TOLD(f, "", lines, on_line);
    assert_int_equal(f->s->ops->find_item(f->s, LINE, (const uint8_t *)"item 1", &k, &index),
                     OL_ENOENT);
    assert_true(ol_log_key_eq(&k, &PEER) && index == 7); /* untouched */
    assert_int_equal(f->s->ops->commit(f->s, NULL, 0), OL_OK);
    OK(f, OTHER, note("a", "b"));
    OK(f, LINE, log_(MINE));
    again(f);
    TOLD(f, "other line 0123456789 ", lines, on_line);
    LOGS(f, "m0 ");
    STATE(f, "");
}

static void order(void **state) {
    fixture *f = *state;
    OK(f, LINE, log_(PEER), entry(PEER, 0, "p0"), entry(PEER, 1, "p1"), size(PEER, 2));
    OK(f, LINE, log_(MINE), entry(MINE, 0, "m0"), size(MINE, 1));
    OK(f, LINE, log_(SIDE), entry(MINE, 1, "m1"), entry(SIDE, 0, "s0"), entry(MINE, 2, "m2"),
       size(SIDE, 1), size(MINE, 3));
    again(f);
    LOGS(f, "p2 m3 s1 ");
    ENTRIES(f, MINE, 0, UINT64_MAX, "m0=m0 m1=m1 m2=m2 ");
    ENTRIES(f, MINE, 1, 2, "m1=m1 ");
    ENTRIES(f, MINE, 2, 2, "");
    ENTRIES(f, MINE, 3, 9, "");
    ENTRIES(f, PEER, 0, 1, "p0=p0 ");
}

static void sizes_of_entries(void **state) {
    fixture *f = *state;
    char text[2049];
    memset(text, 'x', sizeof text - 1), text[2048] = 0;
    OK(f, LINE, log_(MINE), entry(MINE, 0, "1"), entry(MINE, 1, text), size(MINE, 2));
    again(f);
    told t = { .len = 0 };
    assert_int_equal(f->s->ops->entries(f->s, LINE, &MINE, 0, 2, on_entry, &t), OL_OK);
    assert_int_equal(t.len, strlen("m0=1 ") + strlen("m1= ") + 2048);
}

static void conflicts(void **state) {
    fixture *f = *state;
    OK(f, LINE, log_(MINE), entry(MINE, 0, "m0"), size(MINE, 1));
    CONFLICT(f, LINE, log_(MINE));
    CONFLICT(f, LINE, log_(SIDE), log_(SIDE));
    CONFLICT(f, LINE, entry(MINE, 0, "again"), size(MINE, 1));
    CONFLICT(f, LINE, entry(MINE, 2, "gap"), size(MINE, 3));
    CONFLICT(f, LINE, entry(MINE, 2, "gap, the size not"), size(MINE, 2));
    CONFLICT(f, LINE, entry(PEER, 0, "no log"), size(PEER, 1));
    CONFLICT(f, LINE, entry(PEER, 0, "too early"), log_(PEER), size(PEER, 1));
    CONFLICT(f, LINE, entry(MINE, 1, "no size"));
    CONFLICT(f, LINE, entry(MINE, 1, "no last size"), size(MINE, 2), entry(MINE, 2, "x"));
    CONFLICT(f, LINE, entry(MINE, 1, "wrong size"), size(MINE, 3));
    CONFLICT(f, LINE, size(MINE, 0));
    CONFLICT(f, LINE, size(PEER, 1));
    CONFLICT(f, LINE, head(PEER, 0, ROOT, SIG));
    CONFLICT(f, LINE, head(MINE, 2, ROOT, SIG));
    CONFLICT(f, LINE, receipt(PEER, 1, 1, 5, SIG));
    CONFLICT(f, LINE, closed(PEER));
    CONFLICT(f, LINE, evidence(PEER, 1, 1, 0, ROOT));
    CONFLICT(f, LINE, trim(PEER, 1));
    CONFLICT(f, OTHER, entry(MINE, 1, "another line"), size(MINE, 2));
    again(f);
    LOGS(f, "m1 ");
    ENTRIES(f, MINE, 0, 9, "m0=m0 ");
    TOLD(f, "line 0123456789 ", lines, on_line);
    OK(f, OTHER, log_(MINE), entry(MINE, 0, "same name"), size(MINE, 1)); /* lines are apart */
    ENTRIES(f, MINE, 0, 9, "m0=m0 ");
    OK(f, LINE, size(MINE, 1)); /* says nothing new */
}

/* Whatever a batch holds, the last put of it that fails takes all of it back. */
static void all_or_nothing(void **state) {
    fixture *f = *state;
    OK(f, LINE, log_(MINE), entry(MINE, 0, "m0"), size(MINE, 1), head(MINE, 1, ROOT, NULL),
       receipt(MINE, 0, 1, 5, NULL), receipt(MINE, 1, 1, 6, SIG), note("k", "old"));
    CONFLICT(f, LINE, log_(PEER), entry(PEER, 0, "p0"), size(PEER, 1), head(PEER, 1, ROOT, SIG),
             receipt(PEER, 0, 1, 7, NULL), item(MINE, 1, "m1", "item 1"), size(MINE, 2),
             head(MINE, 2, ROOT2, NULL), head(MINE, 1, ROOT, SIG), receipt(MINE, 0, 1, 5, SIG),
             receipt(MINE, 1, 2, 9, SIG), closed(MINE), note("k", "new"), note("l", "x"),
             note("k", ""), evidence(MINE, 1, 2, 0, ROOT2), trim(MINE, 2), entry(MINE, 7, "gap"));
    for (int i = 0; i < 2; i++, again(f)) {
        LOGS(f, "m1 ");
        ENTRIES(f, MINE, 0, 9, "m0=m0 ");
        HEADS(f, MINE, 0, "1R- ");
        RECEIPTS(f, MINE, "m:0:1@5/- m:1:1@6/1 ");
        STATE(f, "k=old ");
        EVIDENCE(f, "");
        SINCE(f, 0, 99, "m0=m0 m:0:1@5/- m:1:1@6/1 ");
        ol_log_key k;
        uint64_t index;
        assert_int_equal(f->s->ops->find_item(f->s, LINE, (const uint8_t *)"item 1", &k, &index),
                         OL_ENOENT);
    }
    OK(f, LINE, log_(PEER), entry(PEER, 0, "p0"), size(PEER, 1)); /* and it goes on */
    LOGS(f, "m1 p1 ");
}

static void batches_are_one(void **state) {
    fixture *f = *state;
    const ol_put one[] = { log_(MINE), entry(MINE, 0, "m0"), size(MINE, 1) };
    const ol_put two[] = { log_(PEER), note("k", "v"), entry(PEER, 1, "gap") };
    ol_batch list[] = { { .put = one, .n = 3 }, { .put = two, .n = 3 } };
    memcpy(list[0].line, LINE, sizeof LINE), memcpy(list[1].line, OTHER, sizeof OTHER);
    assert_int_equal(f->s->ops->commit(f->s, list, 2), OL_ECONFLICT);
    again(f);
    TOLD(f, "", lines, on_line);
    list[1].n = 2;
    assert_int_equal(f->s->ops->commit(f->s, list, 2), OL_OK);
    again(f);
    TOLD(f, "line 0123456789 other ", lines, on_line);
    LOGS(f, "m1 ");
    TOLD(f, "p0 ", logs, OTHER, on_log);
}

static void heads(void **state) {
    fixture *f = *state;
    OK(f, LINE, log_(MINE), entry(MINE, 0, "a"), entry(MINE, 1, "b"), size(MINE, 2),
       head(MINE, 2, ROOT, NULL));
    OK(f, LINE, head(MINE, 1, ROOT, SIG), head(MINE, 0, ROOT, SIG));
    HEADS(f, MINE, 0, "0R1 1R1 2R- ");
    HEADS(f, MINE, 1, "1R1 2R- ");
    HEADS(f, MINE, 3, "");
    CONFLICT(f, LINE, head(MINE, 2, ROOT2, SIG));
    CONFLICT(f, LINE, head(MINE, 1, ROOT2, NULL));
    OK(f, LINE, head(MINE, 2, ROOT, NULL));
    HEADS(f, MINE, 2, "2R- ");
    OK(f, LINE, head(MINE, 2, ROOT, SIG));
    OK(f, LINE, head(MINE, 2, ROOT, SIG2)); /* the first one stays */
    OK(f, LINE, head(MINE, 1, ROOT, NULL)); /* and is not taken back */
    OK(f, LINE, entry(MINE, 2, "c"), head(MINE, 3, ROOT2, SIG),
       size(MINE, 3)); /* before its size */
    again(f);
    HEADS(f, MINE, 0, "0R1 1R1 2R1 3Q1 ");
    HEADS(f, PEER, 0, "");
}

static void receipts(void **state) {
    fixture *f = *state;
    OK(f, LINE, log_(PEER), receipt(PEER, 0, 3, 50, NULL), receipt(PEER, 2, 9, 10, SIG),
       receipt(PEER, 0, 1, 40, SIG));
    RECEIPTS(f, PEER, "p:0:1@40/1 p:0:3@50/- p:2:9@10/1 ");
    SINCE(f, 0, 9, "p:0:3@50/- p:2:9@10/1 p:0:1@40/1 ");
    uint64_t seq = seq_of(f);
    CONFLICT(f, LINE, receipt(PEER, 0, 3, 51, SIG)); /* ours: the time was stored before */
    OK(f, LINE, receipt(PEER, 0, 3, 50, NULL));
    OK(f, LINE, receipt(PEER, 0, 3, 50, SIG));
    OK(f, LINE, receipt(PEER, 0, 3, 50, SIG2));
    OK(f, LINE, receipt(PEER, 2, 9, 11, SIG2)); /* a signer may say it twice: the first stays */
    OK(f, LINE, receipt(PEER, 2, 9, 10, NULL));
    again(f);
    RECEIPTS(f, PEER, "p:0:1@40/1 p:0:3@50/1 p:2:9@10/1 ");
    SINCE(f, 0, 9, "p:0:3@50/1 p:2:9@10/1 p:0:1@40/1 ");
    assert_true(seq_of(f) >= seq);
}

static void items(void **state) {
    fixture *f = *state;
    ol_log_key k;
    uint64_t index;
    const ol_store_ops *ops = f->s->ops;
    OK(f, LINE, log_(MINE), log_(SIDE), entry(MINE, 0, "opening"), item(MINE, 1, "x", "item 1"),
       item(SIDE, 0, "y", "item 2"), size(MINE, 2), size(SIDE, 1));
    again(f);
    assert_int_equal(ops->find_item(f->s, LINE, (const uint8_t *)"item 1", &k, &index), OL_OK);
    assert_true(ol_log_key_eq(&k, &MINE) && index == 1);
    assert_int_equal(ops->find_item(f->s, LINE, (const uint8_t *)"item 2", &k, &index), OL_OK);
    assert_true(ol_log_key_eq(&k, &SIDE) && index == 0);
    assert_int_equal(ops->find_item(f->s, LINE, (const uint8_t *)"item 3", &k, &index), OL_ENOENT);
    assert_int_equal(ops->find_item(f->s, OTHER, (const uint8_t *)"item 1", &k, &index), OL_ENOENT);
    OK(f, LINE, item(SIDE, 1, "x", "item 1"), size(SIDE, 2)); /* came back from a member */
    assert_int_equal(ops->find_item(f->s, LINE, (const uint8_t *)"item 1", &k, &index), OL_OK);
    assert_true(ol_log_key_eq(&k, &MINE) && index == 1);
}

static void since(void **state) {
    fixture *f = *state;
    OK(f, LINE, log_(MINE), entry(MINE, 0, "a"), receipt(MINE, 1, 1, 5, SIG), entry(MINE, 1, "b"),
       size(MINE, 2));
    uint64_t seq = seq_of(f);
    OK(f, OTHER, log_(MINE), entry(MINE, 0, "elsewhere"), size(MINE, 1));
    OK(f, LINE, log_(PEER), entry(PEER, 0, "c"), receipt(MINE, 1, 2, 6, NULL), size(PEER, 1));
    again(f);
    SINCE(f, 0, 9, "m0=a m:1:1@5/1 m1=b p0=c m:1:2@6/- ");
    SINCE(f, 0, 2, "m0=a m:1:1@5/1 ");
    SINCE(f, 0, 0, "");
    SINCE(f, seq, 9, "p0=c m:1:2@6/- ");
    SINCE(f, seq_of(f), 9, "");
    SINCE(f, UINT64_MAX, 9, "");
    TOLD(f, "m0=a m1=b ", since, LINE, 0, 2, on_entry, NULL);
    TOLD(f, "m:1:1@5/1 m:1:2@6/- ", since, LINE, 0, 2, NULL, on_receipt);
    assert_int_not_equal(seq_of(f), seq);
    CONFLICT(f, LINE, entry(MINE, 2, "no size"));
    OK(f, LINE, entry(MINE, 2, "d"), size(MINE, 3));
    SINCE(f, seq, 9, "p0=c m:1:2@6/- m2=d ");
}

static void small_state(void **state) {
    fixture *f = *state;
    OK(f, LINE, note("b", "1"), note("a", "2"), note("c", "3"), note("b", "4"));
    OK(f, OTHER, note("b", "5"));
    again(f);
    STATE(f, "a=2 b=4 c=3 ");
    OK(f, LINE, note("a", ""), note("nothing", ""), note("c", ""), note("c", "6"));
    again(f);
    STATE(f, "b=4 c=6 ");
    OK(f, LINE, note("a", "7"));
    STATE(f, "a=7 b=4 c=6 ");
}

static void evidence_is_kept_once(void **state) {
    fixture *f = *state;
    OK(f, LINE, log_(PEER), evidence(PEER, 1, 4, 0, ROOT2), evidence(PEER, 0, 4, 9, ROOT2));
    OK(f, LINE, evidence(PEER, 1, 4, 0, ROOT2), evidence(PEER, 1, 4, 0, ROOT));
    again(f);
    EVIDENCE(f, "p:1:4@0Q1 p:0:4@9Q1 p:1:4@0R1 ");
}

static void closed_logs_take_entries(void **state) {
    fixture *f = *state;
    OK(f, LINE, log_(MINE), entry(MINE, 0, "a"), size(MINE, 1), closed(MINE));
    again(f);
    LOGS(f, "m1x ");
    OK(f, LINE, closed(MINE), entry(MINE, 1, "recovered"), size(MINE, 2));
    again(f);
    LOGS(f, "m2x ");
}

static void trims(void **state) {
    fixture *f = *state;
    OK(f, LINE, log_(MINE), log_(PEER));
    for (unsigned i = 0; i < 20; i++)
        OK(f, LINE, entry(MINE, i, "x"), size(MINE, i + 1), head(MINE, i + 1, ROOT, SIG));
    OK(f, LINE, receipt(MINE, 1, 15, 1, SIG), receipt(MINE, 1, 18, 2, SIG),
       receipt(MINE, 2, 18, 3, SIG), receipt(MINE, 2, 19, 4, SIG), receipt(PEER, 0, 1, 5, SIG));
    OK(f, LINE, trim(MINE, 18), receipt(MINE, 2, 16, 2, SIG), receipt(MINE, 1, 20, 9, SIG));
    again(f);
    RECEIPTS(f, MINE, "m:1:18@2/1 m:1:20@9/1 m:2:18@3/1 m:2:19@4/1 ");
    HEADS(f, MINE, 0, "16R1 18R1 19R1 20R1 ");
    RECEIPTS(f, PEER, "p:0:1@5/1 ");
    SINCE(f, 20, 99, "m:1:18@2/1 m:2:18@3/1 m:2:19@4/1 p:0:1@5/1 m:1:20@9/1 ");
    OK(f, LINE, trim(MINE, 20));
    RECEIPTS(f, MINE, "m:1:20@9/1 ");
    HEADS(f, MINE, 0, "16R1 20R1 ");
}

/* A number that was given out is not given out again, even when what had it was trimmed. */
static void trimmed_numbers(void **state) {
    fixture *f = *state;
    OK(f, LINE, log_(MINE), receipt(MINE, 1, 9, 1, SIG), receipt(MINE, 1, 3, 1, SIG));
    uint64_t seq = seq_of(f);
    OK(f, LINE, trim(MINE, 9));
    again(f);
    OK(f, LINE, receipt(MINE, 2, 9, 1, SIG));
    SINCE(f, seq, 9, "m:2:9@1/1 ");
}

static void walks_stop(void **state) {
    fixture *f = *state;
    const ol_store_ops *ops = f->s->ops;
    OK(f, LINE, log_(MINE), log_(SIDE), log_(PEER), entry(MINE, 0, "a"), entry(MINE, 1, "b"),
       entry(MINE, 2, "c"), size(MINE, 3), head(MINE, 1, ROOT, SIG), head(MINE, 2, ROOT, SIG),
       head(MINE, 3, ROOT, SIG), receipt(MINE, 1, 1, 1, SIG), receipt(MINE, 1, 2, 1, SIG),
       receipt(MINE, 1, 3, 1, SIG), note("a", "1"), note("b", "2"), note("c", "3"),
       evidence(MINE, 1, 1, 0, ROOT2), evidence(MINE, 1, 2, 0, ROOT2),
       evidence(MINE, 1, 3, 0, ROOT2));
    OK(f, OTHER, note("a", "1"));
    OK(f, SIG, note("a", "1")); /* a third line */
#define STOPS(want, call, ...)                                                                     \
    do {                                                                                           \
        told t = { .stop_in = 2 };                                                                 \
        assert_int_equal(ops->call(f->s, __VA_ARGS__, &t), OL_EAGAIN);                             \
        assert_string_equal(t.text, want);                                                         \
    } while (0)
    for (int i = 0; i < 2; i++) { /* and leave nothing behind that hinders the next */
        STOPS("m3 s0 ", logs, LINE, on_log);
        STOPS("1R1 2R1 ", heads, LINE, &MINE, 0, on_head);
        STOPS("m:1:1@1/1 m:1:2@1/1 ", receipts, LINE, &MINE, on_receipt);
        STOPS("m0=a m1=b ", entries, LINE, &MINE, 0, 9, on_entry);
        STOPS("a=1 b=2 ", state, LINE, on_state);
        STOPS("m:1:1@0Q1 m:1:2@0Q1 ", evidence, LINE, on_evidence);
        STOPS("m0=a m1=b ", since, LINE, 0, 9, on_entry, on_receipt);
        STOPS("line 0123456789 other ", lines, on_line);
        OK(f, LINE, note("a", "1"));
    }
}

#define BOTH(test)                                                                                 \
    { "mem: " #test, test, setup_mem, teardown, NULL }, {                                          \
        "sqlite: " #test, test, setup_sqlite, teardown, NULL                                       \
    }

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(empty),
        BOTH(order),
        BOTH(sizes_of_entries),
        BOTH(conflicts),
        BOTH(all_or_nothing),
        BOTH(batches_are_one),
        BOTH(heads),
        BOTH(receipts),
        BOTH(items),
        BOTH(since),
        BOTH(small_state),
        BOTH(evidence_is_kept_once),
        BOTH(closed_logs_take_entries),
        BOTH(trims),
        BOTH(trimmed_numbers),
        BOTH(walks_stop),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
