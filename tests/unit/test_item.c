/* wire/item: each item's limits on both sides, round trips, and whole payloads against a naive
 * reader of the specification's table. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/item.h"

#define B(...)                                                                                     \
    (sizeof((const uint8_t[]){ __VA_ARGS__ })), {                                                  \
        __VA_ARGS__                                                                                \
    }
#define TOP 0xc0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff /* 2^48 - 1 */
#define OVER 0xc0, 1, 0, 0, 0, 0, 0, 0                  /* 2^48 */
#define MANY 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff

static const struct {
    const char *name;
    ol_err want;
    size_t len;
    uint8_t in[24];
    size_t zeros; /* that follow */
} rows[] = {
    { "nothing", OL_OK, 0, { 0 }, 0 },
    { "LOG short", OL_OK, B(0x00, 1, 2), 0 },
    { "LOG short, a byte short", OL_ESHORT, B(0x1f, 1), 0 },
    { "LOG full", OL_OK, B(0x20, 1, 2, 3, 4, 5, 6, 7, 8), 0 },
    { "LOG full, a byte short", OL_ESHORT, B(0x3f, 1, 2, 3, 4, 5, 6, 7), 0 },
    { "ENTRY", OL_OK, B(0x40, 0, 1, 9), 0 },
    { "ENTRY of nothing", OL_ELIMIT, B(0x40, 0, 0), 0 },
    { "ENTRY, a byte short", OL_ESHORT, B(0x40, 0, 2, 9), 0 },
    { "ENTRY without a length", OL_ESHORT, B(0x40, 0), 0 },
    { "ENTRY of 2,048", OL_OK, B(0x40, 0, 0x48, 0), 2048 },
    { "ENTRY of 2,049", OL_ELIMIT, B(0x40, 0, 0x48, 1), 2049 },
    { "ENTRY of 2^62 - 1", OL_ELIMIT, B(0x40, 0, MANY, 9), 0 },
    { "ENTRY, length not the shortest", OL_EFORM, B(0x40, 0, 0x40, 1, 9), 0 },
    { "ENTRY, largest index", OL_OK, B(0x40, TOP, 1, 9), 0 },
    { "ENTRY, index too large", OL_ELIMIT, B(0x40, OVER, 1, 9), 0 },
    { "NEXT first", OL_EFORM, B(0x41, 1, 9), 0 },
    { "NEXT after ENTRY", OL_OK, B(0x40, 0, 1, 9, 0x41, 1, 9), 0 },
    { "NEXT after NEXT", OL_OK, B(0x40, 0, 1, 9, 0x41, 1, 9, 0x41, 1, 9), 0 },
    { "NEXT of nothing", OL_ELIMIT, B(0x40, 0, 1, 9, 0x41, 0), 0 },
    { "NEXT after the largest index", OL_ELIMIT, B(0x40, TOP, 1, 9, 0x41, 1, 9), 0 },
    { "NEXT after the one below", OL_OK,
      B(0x40, 0xc0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 1, 9, 0x41, 1, 9), 0 },
    { "NEXT after LOG", OL_EFORM, B(0x40, 0, 1, 9, 0x00, 1, 2, 0x41, 1, 9), 0 },
    { "NEXT after PART", OL_EFORM, B(0x42, 0, 2, 0, 1, 9, 0x41, 1, 9), 0 },
    { "NEXT after HAVE", OL_EFORM, B(0x40, 0, 1, 9, 0x45, 0, 0, 0x41, 1, 9), 0 },
    { "NEXT after a later item", OL_EFORM, B(0x40, 0, 1, 9, 0x80, 0, 0x41, 1, 9), 0 },
    { "PART", OL_OK, B(0x42, 0, 2, 0, 1, 9), 0 },
    { "PART, the last", OL_OK, B(0x42, 0, 2, 1, 1, 9), 0 },
    { "PART, whole", OL_OK, B(0x42, 0, 2, 0, 2, 9, 9), 0 },
    { "PART beyond the end", OL_ELIMIT, B(0x42, 0, 2, 1, 2, 9, 9), 0 },
    { "PART at the end", OL_ELIMIT, B(0x42, 0, 2, 2, 1, 9), 0 },
    { "PART of nothing", OL_ELIMIT, B(0x42, 0, 2, 0, 0), 0 },
    { "PART of an entry of nothing", OL_ELIMIT, B(0x42, 0, 0, 0, 1, 9), 0 },
    { "PART of 2,048", OL_OK, B(0x42, 0, 0x48, 0, 0, 1, 9), 0 },
    { "PART of 2,049", OL_ELIMIT, B(0x42, 0, 0x48, 1, 0, 1, 9), 0 },
    { "PART, offset 2^62 - 1", OL_ELIMIT, B(0x42, 0, 2, MANY, 1, 9), 0 },
    { "PART, total 2^62 - 1", OL_ELIMIT, B(0x42, 0, MANY, 0, 1, 9), 0 },
    { "PART, index too large", OL_ELIMIT, B(0x42, OVER, 2, 0, 1, 9), 0 },
    { "PART, a byte short", OL_ESHORT, B(0x42, 0, 2, 0, 2, 9), 0 },
    { "HEAD", OL_OK, B(0x43, 1), 64 },
    { "HEAD, a byte short", OL_ESHORT, B(0x43, 1), 63 },
    { "HEAD, largest size", OL_OK, B(0x43, TOP), 64 },
    { "HEAD, size too large", OL_ELIMIT, B(0x43, OVER), 64 },
    { "RECEIPT", OL_OK, B(0x44, 0, 1, 255, 255, 255, 255, 255), 64 },
    { "RECEIPT, a byte short", OL_ESHORT, B(0x44, 0, 1, 0, 0, 0, 0, 0), 63 },
    { "RECEIPT of party 15", OL_OK, B(0x44, 15, 1, 0, 0, 0, 0, 0), 64 },
    { "RECEIPT of party 16", OL_EFORM, B(0x44, 16, 1, 0, 0, 0, 0, 0), 64 },
    { "RECEIPT, size too large", OL_ELIMIT, B(0x44, 0, OVER, 0, 0, 0, 0, 0), 64 },
    { "HAVE", OL_OK, B(0x45, TOP, TOP), 0 },
    { "HAVE, size too large", OL_ELIMIT, B(0x45, OVER, 0), 0 },
    { "HAVE, receipt too large", OL_ELIMIT, B(0x45, 0, OVER), 0 },
    { "HAVE, a number short", OL_ESHORT, B(0x45, 0), 0 },
    { "NOTE", OL_OK, B(0x46, 1), 96 },
    { "NOTE, a byte short", OL_ESHORT, B(0x46, 1), 95 },
    { "NOTE, size too large", OL_ELIMIT, B(0x46, OVER), 96 },
    { "NOTE-R", OL_OK, B(0x47, 15, 1, 0, 0, 0, 0, 0), 96 },
    { "NOTE-R, a byte short", OL_ESHORT, B(0x47, 15, 1, 0, 0, 0, 0, 0), 95 },
    { "NOTE-R of party 16", OL_EFORM, B(0x47, 16, 1, 0, 0, 0, 0, 0), 96 },
    { "ASK", OL_OK, B(0x48, TOP), 0 },
    { "ASK, size too large", OL_ELIMIT, B(0x48, OVER), 0 },
    { "ASK for nothing", OL_ESHORT, B(0x48), 0 },
    { "FORGOT", OL_OK, B(0x49, 255, 255, 255, 255), 0 },
    { "FORGOT, a byte short", OL_ESHORT, B(0x49, 1, 2, 3), 0 },
    { "PROVE", OL_OK, B(0x4a), 0 },
    { "STOPPED", OL_OK, B(0x4b, 255), 0 },
    { "STOPPED, a byte short", OL_ESHORT, B(0x4b), 0 },
    { "PING", OL_OK, B(0x4c, 255, 255), 0 },
    { "PING, a byte short", OL_ESHORT, B(0x4c, 1), 0 },
    { "PONG", OL_OK, B(0x4d, 255, 255), 0 },
    { "PONG, a byte short", OL_ESHORT, B(0x4d, 1), 0 },
    { "TOLD", OL_OK, B(0x4e, 255, 255, 255, 255), 0 },
    { "TOLD, a byte short", OL_ESHORT, B(0x4e, 1, 2, 3), 0 },
    { "WANT", OL_OK, B(0x4f, 15, TOP), 0 },
    { "WANT of party 16", OL_EFORM, B(0x4f, 16, 1), 0 },
    { "WANT, size too large", OL_ELIMIT, B(0x4f, 0, OVER), 0 },
    { "WANT without a size", OL_ESHORT, B(0x4f, 1), 0 },
    { "DELAYED", OL_OK, B(0x50, 255, 255, 255, 255), 0 },
    { "DELAYED, a byte short", OL_ESHORT, B(0x50, 1, 2, 3), 0 },
    { "ALL", OL_OK, B(0x51, 255), 0 },
    { "ALL, a byte short", OL_ESHORT, B(0x51), 0 },
    { "BUSY", OL_OK, B(0x52, 255), 0 },
    { "BUSY, a byte short", OL_ESHORT, B(0x52), 0 },
    { "0x53", OL_EFORM, B(0x53, 1, 0), 0 },
    { "0x7f", OL_EFORM, B(0x7f, 1, 0), 0 },
    { "0x80 of nothing", OL_OK, B(0x80, 0), 0 },
    { "0x80", OL_OK, B(0x80, 2, 1, 2), 0 },
    { "0x80, a byte short", OL_ESHORT, B(0x80, 2, 1), 0 },
    { "0xff of 1,000", OL_OK, B(0xff, 0x43, 0xe8), 1000 },
    { "0xff of 2^62 - 1", OL_ESHORT, B(0xff, MANY), 100 },
    { "0xff without a length", OL_ESHORT, B(0xff), 0 },
    { "one right, one wrong", OL_EFORM, B(0x4a, 0x7f), 0 },
};

static void check_rows(void **state) {
    static uint8_t in[4096];
    for (size_t i = 0; (void)state, i < OL_LEN(rows); i++) {
        print_message("row %s\n", rows[i].name);
        memset(in, 0, sizeof in);
        memcpy(in, rows[i].in, rows[i].len);
        size_t len = rows[i].len + rows[i].zeros;
        assert_int_equal(ol_item_check(in, len), rows[i].want);
    }
    assert_int_equal(ol_item_check(NULL, 0), OL_OK);
}

static void index_of_next(void **state) {
    (void)state;
    const uint8_t in[] = { 0x40, 7,    1, 'a', 0x41, 1,    'b', 0x41, 1,
                           'c',  0x40, 2, 1,   'd',  0x41, 1,   'e' };
    static const uint64_t want[] = { 7, 8, 9, 2, 3 };
    ol_rd r = ol_rd_of(in, sizeof in);
    ol_item it = { 0 };
    for (size_t i = 0; i < OL_LEN(want); i++) {
        assert_int_equal(ol_item_get(&r, &it), OL_OK);
        assert_int_equal(it.index, want[i]);
        assert_true(it.len == 1 && it.p[0] == 'a' + i);
    }
    assert_int_equal(ol_rd_end(&r), OL_OK);
}

static void logs_named(void **state) {
    (void)state;
    for (unsigned type = 0; type < 0x40; type++) {
        const uint8_t in[] = { (uint8_t)type, 1, 2, 3, 4, 5, 6, 7, 8 }, none[8] = { 0 };
        size_t n = type < 0x20 ? 2 : 8;
        ol_rd r = ol_rd_of(in, 1 + n);
        ol_item it = { 0 };
        memset(it.log.incarnation, 0xA5, OL_INC_LEN); /* of the LOG before */
        assert_int_equal(ol_item_get(&r, &it), OL_OK);
        assert_int_equal(it.type, n == 2 ? OL_ITEM_LOG_SHORT : OL_ITEM_LOG_FULL);
        assert_int_equal(it.log.party, type % 16);
        assert_int_equal(it.log.lane, type / 16 % 2);
        assert_memory_equal(it.log.incarnation, in + 1, n);
        assert_memory_equal(it.log.incarnation + n, none, 8 - n);
        uint8_t again[9];
        ol_wr w = ol_wr_of(again, sizeof again);
        ol_item_put(&w, &it);
        assert_int_equal(w.len, 1 + n);
        assert_memory_equal(again, in, 1 + n);
        assert_int_equal(ol_item_len(&it), 1 + n);
    }
}

/* ── round trips ─────────────────────────────────────────────────────────────────────────────── */

static uint64_t seed = 1;

static uint64_t rnd(uint64_t below) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 15) % below;
}

static uint64_t size(void) { /* of any length; both ends now and then */
    uint64_t ends[] = { 0, 0x3f, 0x40, 0x3fff, 0x4000, 0x3fffffff, 0x40000000, OL_SIZE_MAX };
    return rnd(3) == 0 ? ends[rnd(8)] : rnd(UINT64_C(1) << (1 + rnd(48)));
}

static uint8_t pool[OL_ENTRY_MAX];

static ol_item some_item(ol_item_type before, uint64_t index) {
    ol_item it = { .type = (ol_item_type)(OL_ITEM_ENTRY + rnd(1 + OL_ITEM_BUSY - OL_ITEM_ENTRY)) };
    bool is_after = before == OL_ITEM_ENTRY || before == OL_ITEM_NEXT;
    if (it.type == OL_ITEM_NEXT && (!is_after || index == OL_SIZE_MAX))
        it.type = OL_ITEM_ENTRY;
    it.index = it.type == OL_ITEM_NEXT ? index + 1 : size();
    it.size = size(), it.receipt = size(), it.time = rnd(UINT64_C(1) << 40);
    it.run = (uint32_t)rnd(UINT64_C(1) << 32), it.seconds = ~it.run,
    it.token = (uint16_t)rnd(65536);
    it.party = (uint8_t)rnd(OL_PARTIES_MAX), it.why = (uint8_t)rnd(256);
    it.total = 1 + rnd(OL_ENTRY_MAX), it.offset = rnd(it.total);
    it.len = it.type == OL_ITEM_PART ? 1 + rnd(it.total - it.offset) : 1 + rnd(OL_ENTRY_MAX);
    it.p = pool, it.root = pool + 64;
    if (it.type >= OL_ITEM_HEAD)
        it.len = OL_SIG_LEN;
    return it;
}

static void assert_same(const ol_item *a, const ol_item *b) {
    bool is_piece = a->type <= OL_ITEM_PART, is_receipt = a->type == OL_ITEM_RECEIPT;
    bool has_root = a->type == OL_ITEM_NOTE || a->type == OL_ITEM_NOTE_R;
    bool has_sig = is_receipt || has_root || a->type == OL_ITEM_HEAD;
    is_receipt = is_receipt || a->type == OL_ITEM_NOTE_R;
    assert_int_equal(a->type, b->type);
    if (is_piece)
        assert_int_equal(a->index, b->index);
    if (a->type == OL_ITEM_PART)
        assert_true(a->total == b->total && a->offset == b->offset);
    if (is_piece || has_sig) {
        assert_int_equal(a->len, b->len);
        assert_memory_equal(a->p, b->p, a->len);
    }
    if (has_sig || a->type == OL_ITEM_HAVE || a->type == OL_ITEM_ASK || a->type == OL_ITEM_WANT)
        assert_int_equal(a->size, b->size);
    if (a->type == OL_ITEM_HAVE)
        assert_int_equal(a->receipt, b->receipt);
    if (is_receipt)
        assert_true(a->party == b->party && a->time == b->time);
    if (has_root)
        assert_memory_equal(a->root, b->root, 32);
    if (a->type == OL_ITEM_FORGOT || a->type == OL_ITEM_TOLD)
        assert_int_equal(a->run, b->run);
    if (a->type == OL_ITEM_PING || a->type == OL_ITEM_PONG)
        assert_int_equal(a->token, b->token);
    if (a->type == OL_ITEM_WANT)
        assert_int_equal(a->party, b->party);
    if (a->type == OL_ITEM_DELAYED)
        assert_int_equal(a->seconds, b->seconds);
    if (a->type == OL_ITEM_STOPPED || a->type == OL_ITEM_ALL || a->type == OL_ITEM_BUSY)
        assert_int_equal(a->why, b->why);
}

static void written_and_read(void **state) {
    (void)state;
    enum { ITEMS = 12 };
    static uint8_t room[ITEMS * (OL_ENTRY_MAX + 128)];
    for (size_t i = 0; i < sizeof pool; i++)
        pool[i] = (uint8_t)rnd(256);
    for (unsigned round = 0; round < 20000; round++) {
        ol_item sent[ITEMS], it = { 0 };
        size_t n = 1 + rnd(ITEMS), ends[ITEMS + 1] = { 0 };
        ol_wr w = ol_wr_of(room, sizeof room);
        for (size_t i = 0; i < n; i++) {
            sent[i] = some_item(i == 0 ? OL_ITEM_LOG_SHORT : sent[i - 1].type,
                                i == 0 ? 0 : sent[i - 1].index);
            ol_item_put(&w, &sent[i]);
            assert_int_equal(w.len - ends[i], ol_item_len(&sent[i]));
            ends[i + 1] = w.len;
        }
        assert_int_equal(w.err, OL_OK);
        assert_int_equal(ol_item_check(room, w.len), OL_OK);
        ol_rd r = ol_rd_of(room, w.len);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(ol_item_get(&r, &it), OL_OK);
            assert_same(&it, &sent[i]);
            assert_int_equal(w.len - r.left, ends[i + 1]);
        }
        assert_int_equal(ol_rd_end(&r), OL_OK);
        size_t cut = rnd(w.len), last = 0; /* right only at the ends of items */
        while (ends[last + 1] <= cut)
            last++;
        assert_int_equal(ol_item_check(room, cut) == OL_OK, cut == ends[last]);
    }
}

static void no_room(void **state) {
    (void)state;
    uint8_t room[OL_ENTRY_MAX + 128];
    for (unsigned round = 0; round < 2000; round++) {
        ol_item it = some_item(OL_ITEM_ENTRY, 5);
        size_t len = ol_item_len(&it);
        ol_wr w = ol_wr_of(room, len - 1);
        ol_item_put(&w, &it);
        assert_int_equal(w.err, OL_ELIMIT);
        w = ol_wr_of(room, len);
        ol_item_put(&w, &it);
        assert_true(w.err == OL_OK && w.len == len);
    }
}

/* ── against a naive reader of the table in the specification ────────────────────────────────── */

typedef struct {
    const uint8_t *p;
    size_t n;
    bool is_wrong;
} naive;

static uint64_t naive_varint(naive *v) {
    static const uint64_t least[] = { 0, 0x40, 0x4000, 0x40000000 };
    unsigned form = v->n == 0 ? 0 : v->p[0] / 64, len = 1u << form;
    if (v->n < len) {
        v->is_wrong = true;
        return 0;
    }
    uint64_t x = v->p[0] % 64;
    for (unsigned i = 1; i < len; i++)
        x = x * 256 + v->p[i];
    v->is_wrong = v->is_wrong || x < least[form];
    v->p += len, v->n -= len;
    return x;
}

static void naive_size(naive *v) {
    v->is_wrong = naive_varint(v) >= UINT64_C(1) << 48 || v->is_wrong;
}

static void naive_skip(naive *v, uint64_t n) {
    v->is_wrong = v->is_wrong || n > v->n;
    if (v->is_wrong)
        return;
    v->p += n, v->n -= (size_t)n;
}

static void naive_bytes(naive *v, uint64_t max) {
    uint64_t n = naive_varint(v);
    v->is_wrong = v->is_wrong || n == 0 || n > max;
    naive_skip(v, n);
}

static void naive_party(naive *v) {
    v->is_wrong = v->is_wrong || v->n == 0 || v->p[0] > 15;
    naive_skip(v, 1);
}

static bool naive_check(const uint8_t *p, size_t n) {
    naive v = { p, n, false };
    unsigned before = 0;
    uint64_t index = 0, total, offset;
    while (v.n > 0 && !v.is_wrong) {
        unsigned type = v.p[0];
        naive_skip(&v, 1);
        if (type < 0x40) {
            naive_skip(&v, type < 0x20 ? 2 : 8);
        } else if (type >= 0x80) {
            naive_skip(&v, naive_varint(&v));
        } else if (type == 0x40) {
            index = naive_varint(&v);
            v.is_wrong = v.is_wrong || index >= UINT64_C(1) << 48;
            naive_bytes(&v, 2048);
        } else if (type == 0x41) {
            v.is_wrong = (before != 0x40 && before != 0x41) || ++index >= UINT64_C(1) << 48;
            naive_bytes(&v, 2048);
        } else if (type == 0x42) {
            naive_size(&v);
            total = naive_varint(&v), offset = naive_varint(&v);
            v.is_wrong = v.is_wrong || total > 2048 || offset > 2048;
            naive_bytes(&v, offset < total ? total - offset : 0);
        } else if (type == 0x43 || type == 0x46) {
            naive_size(&v), naive_skip(&v, type == 0x43 ? 64 : 96);
        } else if (type == 0x44 || type == 0x47) {
            naive_party(&v), naive_size(&v), naive_skip(&v, 5 + (type == 0x44 ? 64 : 96));
        } else if (type == 0x45) {
            naive_size(&v), naive_size(&v);
        } else if (type == 0x4f) {
            naive_party(&v), naive_size(&v);
        } else if (type == 0x48) {
            naive_size(&v);
        } else if (type == 0x49 || type == 0x4e || type == 0x50) {
            naive_skip(&v, 4);
        } else if (type == 0x4b || type == 0x51 || type == 0x52) {
            naive_skip(&v, 1);
        } else if (type == 0x4c || type == 0x4d) {
            naive_skip(&v, 2);
        } else if (type != 0x4a) {
            v.is_wrong = true;
        }
        before = type;
    }
    return !v.is_wrong;
}

static void as_the_naive_reader(void **state) {
    (void)state;
    static uint8_t in[16 * (OL_ENTRY_MAX + 128)];
    unsigned right = 0;
    for (unsigned round = 0; round < 60000; round++) {
        ol_wr w = ol_wr_of(in, sizeof in);
        ol_item it = { .type = OL_ITEM_LOG_SHORT };
        for (size_t i = rnd(6); i > 0; i--) {
            it = some_item(it.type, it.index);
            it.len = it.type == OL_ITEM_ENTRY || it.type == OL_ITEM_NEXT ? 1 + rnd(20) : it.len;
            ol_item_put(&w, &it);
        }
        for (size_t i = rnd(4); i > 0; i--) /* a few bytes changed, some at the end */
            if (w.len > 0)
                in[rnd(w.len)] = (uint8_t)(rnd(2) == 0 ? 0x3e + rnd(18) : rnd(256));
        for (size_t i = rnd(2) * rnd(12); i > 0; i--)
            ol_wr_be(&w, rnd(3) == 0 ? rnd(256) : 0x3e + rnd(18), 1);
        bool is_right = naive_check(in, w.len);
        assert_int_equal(ol_item_check(in, w.len) == OL_OK, is_right);
        right += is_right;
    }
    print_message("%u of 60000 were right\n", right);
    assert_true(right > 6000 && right < 54000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_rows), cmocka_unit_test(index_of_next),
        cmocka_unit_test(logs_named), cmocka_unit_test(written_and_read),
        cmocka_unit_test(no_room),    cmocka_unit_test(as_the_naive_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
