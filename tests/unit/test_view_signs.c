/* Signs in the joint view (docs/PROTOCOL.md §4.8): which count, whether they are verified when the
 * view is finished or when somebody asks, in whatever order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
// cmocka wants those before it
#include <cmocka.h>

#include "record/view.h"
#include "wire/officer.h"

enum { P, OFFICER = 1, NOBODY = 9, FIRST = 2 }; /* FIRST: index of the first message */

static const char again[] = "who has signed this item before";
static const char bad[] = "and the signature does not verify";
static const char unknown[] = "nobody of that number is on the roster";

static const struct {
    uint8_t item;
    uint16_t officer;
    bool is_bad;
    const char *fault;
} rows[] = {
    { 'a', OFFICER, false, NULL }, { 'a', OFFICER, false, again }, { 'b', OFFICER, true, bad },
    { 'b', OFFICER, true, bad },   { 'b', OFFICER, false, NULL },  { 'b', OFFICER, false, again },
    { 'b', OFFICER, true, bad },   { 'b', OFFICER, false, again }, { 'c', NOBODY, false, unknown },
    { 'd', OFFICER, false, NULL },
};

static const uint8_t line_id[OL_LINE_ID_LEN] = "a line of words";
static const uint8_t identity[OL_SIGN_PUB_LEN];
static const ol_log_key key = { P, OL_LANE_URGENT, { 7 } };

static void put(ol_view *v, size_t log, ol_entry *e, const ol_wr *body) {
    static uint8_t bytes[OL_ENTRY_MAX];
    ol_wr w = ol_wr_of(bytes, sizeof bytes);
    e->body = body->p, e->body_len = body->len, e->wall = 1000;
    ol_entry_encode(e, &w);
    assert_int_equal(body->err, OL_OK);
    assert_int_equal(w.err, OL_OK);
    assert_int_equal(ol_view_add_entry(v, log, bytes, w.len), OL_OK);
}

static void sign(ol_entry *e, const ol_wr *body, const ol_sign_key *k, bool is_bad) {
    uint8_t bytes[OL_WORD_LEN];
    ol_word w = { .party = P, .kind = OL_KIND_MESSAGE };
    memcpy(w.line_id, line_id, sizeof w.line_id);
    memcpy(w.item, e->item, sizeof w.item);
    ol_word_read_hash(NULL, 0, w.read);
    ol_hash_sha256("", 0, w.ref);
    ol_hash_sha256(body->p, body->len, w.body);
    ol_word_bytes(&w, (uint16_t)e->sign[0].officer, e->sign[0].written, bytes);
    ol_sign_make(k, bytes, sizeof bytes, e->sign[0].sig);
    e->sign[0].sig[0] ^= is_bad;
}

static unsigned told;

static void on_issue(void *ctx, const ol_view_issue *issue) {
    (void)ctx;
    told += issue->rule == OL_VIEW_SIGN_FALSE;
}

static ol_view *view_of(ol_mem *mem, bool is_told) {
    static const uint8_t seed[OL_SIGN_SEED_LEN] = { 1 };
    static ol_entry e;
    uint8_t room[512];
    ol_sign_key k;
    ol_view *v;
    size_t log;
    ol_sign_key_of(seed, &k);
    ol_view_opts opts = { .mem = mem, .parties = 2, .rungs = 1, .line_id = line_id };
    opts.identity[P] = opts.identity[1] = identity, opts.issue = is_told ? on_issue : NULL;
    assert_int_equal(ol_view_new(&opts, &v), OL_OK);
    assert_int_equal(ol_view_add_log(v, &key, &log), OL_OK);
    ol_wr body = ol_wr_of(room, sizeof room);
    ol_opening_encode(&(ol_opening){ .why = 0 }, &body);
    e = (ol_entry){ .kind = OL_KIND_OPENING };
    put(v, log, &e, &body);
    ol_officer o = { .number = OFFICER, .serial = 1, .has_key = true, .names = 1 };
    o.name[0] = (ol_said){ { "en", 2 }, { "N", 1 } };
    memcpy(o.key, k.pub, sizeof o.key);
    body = ol_wr_of(room, sizeof room);
    ol_officer_encode(&o, &body);
    e = (ol_entry){ .kind = OL_KIND_OFFICER, .has_item = true };
    put(v, log, &e, &body);
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        body = ol_wr_of(room, sizeof room);
        ol_message_encode(&(ol_message){ .text = { "x", 1 } }, &body);
        e = (ol_entry){ .kind = OL_KIND_MESSAGE, .has_item = true, .signs = 1 };
        e.item[0] = rows[i].item, e.sign[0].officer = rows[i].officer, e.sign[0].written = i;
        sign(&e, &body, &k, rows[i].is_bad);
        put(v, log, &e, &body);
    }
    assert_int_equal(ol_view_finish(v), OL_OK);
    return v;
}

static void ask(const ol_view *v, size_t i) {
    ol_view_sign s = ol_view_sign_of(v, ol_view_find(v, 0, FIRST + i), 0);
    assert_int_equal(s.officer, rows[i].officer);
    if (rows[i].fault == NULL)
        assert_null(s.fault);
    else
        assert_string_equal(s.fault, rows[i].fault);
}

static void in_any_order(void **state) {
    (void)state;
    for (unsigned how = 0; how < 4; how++) { /* 0: told of; else asked, from 1, back, every third */
        ol_mem mem;
        ol_mem_heap(&mem, 1 << 20);
        told = 0;
        ol_view *v = view_of(&mem, how == 0);
        assert_int_equal(told, how == 0 ? 7 : 0);
        for (size_t round = 0; round < 2; round++)
            for (size_t i = 0; i < OL_LEN(rows); i++)
                ask(v, how == 2 ? OL_LEN(rows) - 1 - i : how == 3 ? (i * 3 + 7) % OL_LEN(rows) : i);
        ol_view_free(v);
        assert_int_equal(mem.used, 0);
    }
}

/* What cannot be verified for want of memory is said so, and is verified when asked again. */
static void no_memory(void **state) {
    (void)state;
    ol_mem mem;
    ol_mem_heap(&mem, 1 << 20);
    ol_view *v = view_of(&mem, false);
    for (unsigned nth = 1; nth <= 2; nth++) {
        mem.fail_at = mem.gets + nth;
        ol_view_sign s = ol_view_sign_of(v, ol_view_find(v, 0, FIRST + 5), 0);
        assert_string_equal(s.fault, "the signature was not checked");
    }
    mem.fail_at = 0;
    for (size_t i = 0; i < OL_LEN(rows); i++)
        ask(v, i);
    ol_view_free(v);
    assert_int_equal(mem.used, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_any_order),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
