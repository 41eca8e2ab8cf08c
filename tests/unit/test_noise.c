#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "crypto/noise.h"
#include "lib/known.h"

enum { KEY = OL_NOISE_KEY_LEN, TAG = OL_NOISE_TAG_LEN, CAP = OL_NOISE_MESSAGE_MAX + 1 };

static void dh(uint8_t ret[KEY], const uint8_t priv[KEY], const uint8_t pub[KEY]) {
    assert_int_equal(crypto_scalarmult(ret, priv, pub), 0);
}

/* One side with everything that a station would have in different places. */
typedef struct {
    ol_noise hs;
    uint8_t s[KEY], s_pub[KEY], e[KEY], rs[KEY], ss[KEY];
} side;

static void begin(side *a, ol_noise_pattern pattern, bool is_initiator, const uint8_t *psk,
                  const char *prologue) {
    ol_noise_setup setup = { .pattern = pattern,
                             .is_initiator = is_initiator,
                             .prologue = (const uint8_t *)prologue,
                             .prologue_len = strlen(prologue),
                             .s = a->s_pub,
                             .rs = a->rs,
                             .psk = psk };
    ol_noise_init(&a->hs, &setup);
}

static void meet(side *a, side *b) {
    crypto_scalarmult_base(a->s_pub, a->s);
    crypto_scalarmult_base(b->s_pub, b->s);
    memcpy(a->rs, b->s_pub, KEY);
    memcpy(b->rs, a->s_pub, KEY);
    dh(a->ss, a->s, a->rs);
    memcpy(b->ss, a->ss, KEY);
}

static ol_err read1(side *b, const uint8_t *msg, size_t len, ol_wr *out) {
    uint8_t re[KEY], es[KEY];
    ol_err err = ol_noise_peek(msg, len, re);
    if (err != OL_OK)
        return err;
    dh(es, b->s, re);
    return ol_noise_read1(&b->hs, es, b->ss, msg, len, out);
}

static ol_err read2(side *a, const uint8_t *msg, size_t len, ol_wr *out) {
    uint8_t re[KEY], se[KEY];
    ol_err err = ol_noise_peek(msg, len, re);
    if (err != OL_OK)
        return err;
    dh(se, a->s, re);
    return ol_noise_read2(&a->hs, se, msg, len, out);
}

/* ── own known answers ── */

static ol_noise_pattern pattern_of(const char *name) {
    static const char *const names[OL_NOISE_PATTERNS] = { "KK", "K", "KKpsk0", "KKpsk2", "Kpsk0" };
    for (int i = 0; i < OL_NOISE_PATTERNS; i++)
        if (strcmp(name, names[i]) == 0)
            return (ol_noise_pattern)i;
    fail();
    return OL_NOISE_KK;
}

typedef struct {
    uint8_t b[4096];
    size_t len;
} bytes;

static bytes get(const known *k, const char *key) {
    bytes v = { .len = 0 };
    v.len = known_hex(k, key, v.b, sizeof v.b);
    return v;
}

static void check_known(const known *k) {
    side a, b;
    memcpy(a.s, get(k, "initiator").b, KEY);
    memcpy(b.s, get(k, "responder").b, KEY);
    memcpy(a.e, get(k, "e1").b, KEY);
    memcpy(b.e, get(k, "e2").b, KEY);
    meet(&a, &b);
    bytes prologue = get(k, "prologue"), psk = get(k, "psk"), hash = get(k, "hash");
    ol_noise_setup setup = { .pattern = pattern_of(known_text(k, "pattern")),
                             .is_initiator = true,
                             .prologue = prologue.b,
                             .prologue_len = prologue.len,
                             .s = a.s_pub,
                             .rs = a.rs,
                             .psk = psk.b };
    ol_noise_init(&a.hs, &setup);
    setup.is_initiator = false;
    setup.s = b.s_pub;
    setup.rs = b.rs;
    ol_noise_init(&b.hs, &setup);

    bytes p1 = get(k, "payload1"), m1 = get(k, "message1");
    bytes p2 = get(k, "payload2"), m2 = get(k, "message2");
    uint8_t msg[4096], back[4096], h[KEY], tx[KEY], rx[KEY];
    ol_wr w = ol_wr_of(msg, sizeof msg), r = ol_wr_of(back, sizeof back);
    assert_int_equal(ol_noise_write1(&a.hs, a.e, a.ss, p1.b, p1.len, &w), OL_OK);
    assert_int_equal(w.len, m1.len);
    assert_memory_equal(msg, m1.b, m1.len);
    assert_int_equal(read1(&b, msg, w.len, &r), OL_OK);
    assert_int_equal(r.len, p1.len);
    assert_memory_equal(back, p1.b, p1.len);
    if (m2.len > 0) {
        w.len = r.len = 0;
        assert_int_equal(ol_noise_write2(&b.hs, b.e, p2.b, p2.len, &w), OL_OK);
        assert_int_equal(w.len, m2.len);
        assert_memory_equal(msg, m2.b, m2.len);
        assert_int_equal(read2(&a, msg, w.len, &r), OL_OK);
        assert_int_equal(r.len, p2.len);
        assert_memory_equal(back, p2.b, p2.len);
    }
    assert_int_equal(ol_noise_hash(&a.hs, h), OL_OK);
    assert_memory_equal(h, hash.b, KEY);
    assert_int_equal(ol_noise_hash(&b.hs, h), OL_OK);
    assert_memory_equal(h, hash.b, KEY);
    assert_int_equal(ol_noise_split(&a.hs, tx, rx), OL_OK);
    assert_memory_equal(tx, get(k, "key1").b, KEY);
    assert_memory_equal(rx, get(k, "key2").b, KEY);
    assert_int_equal(ol_noise_split(&b.hs, tx, rx), OL_OK);
    assert_memory_equal(rx, get(k, "key1").b, KEY);
    assert_memory_equal(tx, get(k, "key2").b, KEY);

    bytes n = get(k, "n"), frame = get(k, "frame");
    ol_rd rd = ol_rd_of(n.b, n.len);
    w.len = 0;
    assert_int_equal(ol_noise_seal(rx, ol_rd_be(&rd, 8), NULL, 0, p1.b, p1.len, &w), OL_OK);
    assert_int_equal(w.len, frame.len);
    assert_memory_equal(msg, frame.b, frame.len);
}

static void known_answers(void **state) {
    (void)state;
    known k;
    known_open(&k, "noise-own.txt");
    unsigned cases = 0;
    for (; known_next(&k); cases++)
        check_known(&k);
    known_close(&k);
    assert_int_equal(cases, 6);
}

/* ── what must not work ── */

static const uint8_t psk[KEY] = { 42 };

static void pair(side *a, side *b) {
    memset(a, 1, sizeof *a);
    memset(b, 2, sizeof *b);
    memset(a->e, 3, KEY);
    memset(b->e, 4, KEY);
    meet(a, b);
    begin(a, OL_NOISE_KKPSK0, true, psk, "p");
    begin(b, OL_NOISE_KKPSK0, false, psk, "p");
}

/* Every single bit of both messages matters, and a failed read costs the handshake nothing. */
static void forged_messages_leave_the_handshake_alive(void **state) {
    (void)state;
    side a, b;
    pair(&a, &b);
    uint8_t msg[128], bad[128], out[128];
    ol_wr w = ol_wr_of(msg, sizeof msg), r = ol_wr_of(out, sizeof out);
    assert_int_equal(ol_noise_write1(&a.hs, a.e, a.ss, (const uint8_t *)"hello", 5, &w), OL_OK);
    ol_noise before = b.hs;
    for (size_t bit = 0; bit < 8 * w.len; bit++) {
        memcpy(bad, msg, w.len);
        bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(read1(&b, bad, w.len, &r), OL_EAUTH);
        assert_memory_equal(&b.hs, &before, sizeof before);
        assert_int_equal(r.len, 0);
    }
    for (size_t len = 0; len < w.len; len++)
        assert_int_equal(read1(&b, msg, len, &r), len < OL_NOISE_OVERHEAD ? OL_ESHORT : OL_EAUTH);
    assert_int_equal(read1(&b, msg, w.len, &r), OL_OK);
    assert_memory_equal(out, "hello", 5);

    w.len = r.len = 0;
    assert_int_equal(ol_noise_write2(&b.hs, b.e, (const uint8_t *)"there", 5, &w), OL_OK);
    before = a.hs;
    for (size_t bit = 0; bit < 8 * w.len; bit++) {
        memcpy(bad, msg, w.len);
        bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(read2(&a, bad, w.len, &r), OL_EAUTH);
        assert_memory_equal(&a.hs, &before, sizeof before);
    }
    assert_int_equal(read2(&a, msg, w.len, &r), OL_OK);
    assert_memory_equal(out, "there", 5);
}

/* What both sides must agree on; each row changes it on the responder's side only. */
static void disagreement_is_refused(void **state) {
    (void)state;
    static const uint8_t other_psk[KEY] = { 43 };
    static const struct {
        const char *name, *prologue;
        const uint8_t *psk;
        ol_noise_pattern pattern;
        int wrong_key; /* 1: own static, 2: the initiator's static */
        ol_err want;
    } rows[] = {
        { "nothing", "p", psk, OL_NOISE_KKPSK0, 0, OL_OK },
        { "prologue", "q", psk, OL_NOISE_KKPSK0, 0, OL_EAUTH },
        { "prologue longer", "pp", psk, OL_NOISE_KKPSK0, 0, OL_EAUTH },
        { "psk", "p", other_psk, OL_NOISE_KKPSK0, 0, OL_EAUTH },
        { "pattern", "p", psk, OL_NOISE_KKPSK2, 0, OL_EAUTH },
        { "no psk", "p", NULL, OL_NOISE_KK, 0, OL_EAUTH },
        { "one way", "p", psk, OL_NOISE_KPSK0, 0, OL_EAUTH },
        { "responder's key", "p", psk, OL_NOISE_KKPSK0, 1, OL_EAUTH },
        { "initiator's key", "p", psk, OL_NOISE_KKPSK0, 2, OL_EAUTH },
    };
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        print_message("row %s\n", rows[i].name);
        side a, b;
        pair(&a, &b);
        if (rows[i].wrong_key == 1)
            memset(b.s, 9, KEY), crypto_scalarmult_base(b.s_pub, b.s);
        if (rows[i].wrong_key == 2) {
            const uint8_t thief[KEY] = { 99 };
            crypto_scalarmult_base(b.rs, thief);
        }
        dh(b.ss, b.s, b.rs);
        begin(&b, rows[i].pattern, false, rows[i].psk, rows[i].prologue);
        uint8_t msg[64], out[64];
        ol_wr w = ol_wr_of(msg, sizeof msg), r = ol_wr_of(out, sizeof out);
        assert_int_equal(ol_noise_write1(&a.hs, a.e, a.ss, NULL, 0, &w), OL_OK);
        assert_int_equal(read1(&b, msg, w.len, &r), rows[i].want);
    }
}

static void calls_out_of_turn(void **state) {
    (void)state;
    side a, b;
    pair(&a, &b);
    uint8_t m1[64], m2[64], out[64], k1[KEY], k2[KEY];
    ol_wr w1 = ol_wr_of(m1, sizeof m1), w2 = ol_wr_of(m2, sizeof m2), r = ol_wr_of(out, sizeof out);
    assert_int_equal(ol_noise_write2(&a.hs, a.e, NULL, 0, &w2), OL_ESTATE);
    assert_int_equal(ol_noise_read2(&a.hs, a.ss, m2, 48, &r), OL_ESTATE);
    assert_int_equal(ol_noise_read1(&a.hs, a.ss, a.ss, m1, 48, &r), OL_ESTATE);
    assert_int_equal(ol_noise_write1(&b.hs, b.e, b.ss, NULL, 0, &w1), OL_ESTATE);
    assert_int_equal(ol_noise_split(&a.hs, k1, k2), OL_ESTATE);
    assert_int_equal(ol_noise_hash(&a.hs, k1), OL_ESTATE);
    assert_int_equal(ol_noise_write1(&a.hs, a.e, a.ss, NULL, 0, &w1), OL_OK);
    assert_int_equal(ol_noise_write1(&a.hs, a.e, a.ss, NULL, 0, &w2), OL_ESTATE);
    assert_int_equal(ol_noise_split(&a.hs, k1, k2), OL_ESTATE);
    assert_int_equal(ol_noise_write2(&b.hs, b.e, NULL, 0, &w2), OL_ESTATE);
    assert_int_equal(read1(&b, m1, w1.len, &r), OL_OK);
    assert_int_equal(read1(&b, m1, w1.len, &r), OL_ESTATE);
    assert_int_equal(ol_noise_split(&b.hs, k1, k2), OL_ESTATE);
    assert_int_equal(ol_noise_write2(&b.hs, b.e, NULL, 0, &w2), OL_OK);
    assert_int_equal(ol_noise_write2(&b.hs, b.e, NULL, 0, &w2), OL_ESTATE);
    assert_int_equal(read2(&a, m2, 48, &r), OL_OK);
    assert_int_equal(read2(&a, m2, 48, &r), OL_ESTATE);
    ol_noise_wipe(&a.hs);
    assert_true(sodium_is_zero((const uint8_t *)&a.hs, sizeof a.hs));
    assert_int_equal(ol_noise_split(&a.hs, k1, k2), OL_ESTATE);
    ol_noise_wipe(NULL);
}

/* The seven u-coordinates whose result is zero, and one of prime order. */
static void keys_of_small_order(void **state) {
    (void)state;
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p - 1 */
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p, that is 0 */
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p + 1, that is 1 */
    };
    static const char *const not_canonical[] = {
        "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p + 9 */
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0900000000000000000000000000000000000000000000000000000000000080",
        "ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    static const char *const good[] = {
        "0900000000000000000000000000000000000000000000000000000000000000",
        "ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p - 2 */
    };
    uint8_t pub[KEY];
    for (size_t i = 0; i < OL_LEN(bad); i++) {
        sodium_hex2bin(pub, KEY, bad[i], 2 * KEY, NULL, NULL, NULL);
        assert_false(ol_noise_pub_is_valid(pub));
        side a, b;
        pair(&a, &b);
        memcpy(a.hs.rs, pub, KEY); /* es would be zero */
        uint8_t msg[64];
        ol_wr w = ol_wr_of(msg, sizeof msg);
        ol_noise before = a.hs;
        assert_int_equal(ol_noise_write1(&a.hs, a.e, a.ss, NULL, 0, &w), OL_EAUTH);
        assert_memory_equal(&a.hs, &before, sizeof before);
        assert_int_equal(w.len, 0);
    }
    for (size_t i = 0; i < OL_LEN(not_canonical); i++) {
        sodium_hex2bin(pub, KEY, not_canonical[i], 2 * KEY, NULL, NULL, NULL);
        assert_false(ol_noise_pub_is_valid(pub));
    }
    for (size_t i = 0; i < OL_LEN(good); i++) {
        sodium_hex2bin(pub, KEY, good[i], 2 * KEY, NULL, NULL, NULL);
        assert_true(ol_noise_pub_is_valid(pub));
    }
}

/* A result of zero that comes from outside is refused wherever it comes in. */
static void zero_results_are_refused(void **state) {
    (void)state;
    static const uint8_t zero[KEY];
    side a, b;
    pair(&a, &b);
    uint8_t msg[64], out[64], es[KEY];
    ol_wr w = ol_wr_of(msg, sizeof msg), r = ol_wr_of(out, sizeof out);
    assert_int_equal(ol_noise_write1(&a.hs, a.e, zero, NULL, 0, &w), OL_EAUTH);
    assert_int_equal(ol_noise_write1(&a.hs, a.e, a.ss, NULL, 0, &w), OL_OK);
    dh(es, b.s, msg);
    assert_int_equal(ol_noise_read1(&b.hs, zero, b.ss, msg, w.len, &r), OL_EAUTH);
    assert_int_equal(ol_noise_read1(&b.hs, es, zero, msg, w.len, &r), OL_EAUTH);
    assert_int_equal(ol_noise_read1(&b.hs, es, b.ss, msg, w.len, &r), OL_OK);
    w.len = 0;
    assert_int_equal(ol_noise_write2(&b.hs, b.e, NULL, 0, &w), OL_OK);
    assert_int_equal(ol_noise_read2(&a.hs, zero, msg, w.len, &r), OL_EAUTH);
    assert_int_equal(read2(&a, msg, w.len, &r), OL_OK);
}

static uint8_t big[CAP], big2[CAP], big3[CAP];

static void bounds(void **state) {
    (void)state;
    enum { MOST = OL_NOISE_MESSAGE_MAX - OL_NOISE_OVERHEAD };
    side a, b;
    pair(&a, &b);
    ol_wr w = ol_wr_of(big2, CAP), r = ol_wr_of(big3, CAP);
    ol_noise before = a.hs;
    assert_int_equal(ol_noise_write1(&a.hs, a.e, a.ss, big, MOST + 1, &w), OL_ELIMIT);
    w.cap = 10 + OL_NOISE_OVERHEAD - 1, w.len = 0;
    assert_int_equal(ol_noise_write1(&a.hs, a.e, a.ss, big, 10, &w), OL_ELIMIT);
    assert_int_equal(w.len, 0);
    assert_memory_equal(&a.hs, &before, sizeof before);
    w.cap = MOST + OL_NOISE_OVERHEAD;
    assert_int_equal(ol_noise_write1(&a.hs, a.e, a.ss, big, MOST, &w), OL_OK);
    assert_int_equal(w.len, OL_NOISE_MESSAGE_MAX);
    assert_int_equal(read1(&b, big2, OL_NOISE_MESSAGE_MAX + 1, &r), OL_ELIMIT);
    r.cap = MOST - 1;
    assert_int_equal(read1(&b, big2, w.len, &r), OL_ELIMIT);
    r.cap = MOST;
    assert_int_equal(read1(&b, big2, w.len, &r), OL_OK);
    assert_int_equal(r.len, MOST);
    assert_memory_equal(big3, big, MOST);
}

/* A frame is built and opened where it stands: clear header, then the message over its payload. */
static void in_place(void **state) {
    (void)state;
    side a, b;
    pair(&a, &b);
    uint8_t buf[14 + OL_NOISE_OVERHEAD + 100], plain[100];
    memset(plain, 'x', sizeof plain);
    memcpy(buf + 14 + KEY, plain, sizeof plain);
    ol_wr w = { buf, 14, sizeof buf, OL_OK };
    assert_int_equal(ol_noise_write1(&a.hs, a.e, a.ss, buf + 14 + KEY, sizeof plain, &w), OL_OK);
    assert_int_equal(w.len, sizeof buf);
    ol_wr r = ol_wr_of(buf + 14 + KEY, sizeof plain);
    assert_int_equal(read1(&b, buf + 14, sizeof buf - 14, &r), OL_OK);
    assert_int_equal(r.len, sizeof plain);
    assert_memory_equal(buf + 14 + KEY, plain, sizeof plain);

    uint8_t key[KEY] = { 5 }, frame[6 + 100 + TAG];
    memcpy(frame + 6, plain, sizeof plain);
    w = (ol_wr){ frame, 6, sizeof frame, OL_OK };
    assert_int_equal(ol_noise_seal(key, 1, NULL, 0, frame + 6, sizeof plain, &w), OL_OK);
    r = ol_wr_of(frame + 6, sizeof plain);
    assert_int_equal(ol_noise_open(key, 1, NULL, 0, frame + 6, sizeof frame - 6, &r), OL_OK);
    assert_memory_equal(frame + 6, plain, sizeof plain);
}

static void transport(void **state) {
    (void)state;
    const uint8_t key[KEY] = { 7 }, ad[] = "ad";
    uint8_t c[32], m[32];
    ol_wr w = ol_wr_of(c, 3 + TAG), r = ol_wr_of(m, sizeof m);
    assert_int_equal(ol_noise_seal(key, UINT64_MAX, ad, 2, m, 3, &w), OL_ELIMIT);
    assert_int_equal(ol_noise_seal(key, UINT64_MAX - 1, ad, 2, m, 4, &w), OL_ELIMIT);
    memcpy(m, "abc", 3);
    assert_int_equal(ol_noise_seal(key, UINT64_MAX - 1, ad, 2, m, 3, &w), OL_OK);
    assert_int_equal(ol_noise_open(key, UINT64_MAX, ad, 2, c, w.len, &r), OL_ELIMIT);
    assert_int_equal(ol_noise_open(key, UINT64_MAX - 2, ad, 2, c, w.len, &r), OL_EAUTH);
    assert_int_equal(ol_noise_open(key, UINT64_MAX - 1, ad, 1, c, w.len, &r), OL_EAUTH);
    assert_int_equal(ol_noise_open(key, UINT64_MAX - 1, ad, 2, c, w.len - 1, &r), OL_EAUTH);
    assert_int_equal(ol_noise_open(key, UINT64_MAX - 1, ad, 2, c, TAG - 1, &r), OL_ESHORT);
    assert_int_equal(r.len, 0);
    assert_int_equal(ol_noise_open(key, UINT64_MAX - 1, ad, 2, c, w.len, &r), OL_OK);
    assert_int_equal(r.len, 3);
    assert_memory_equal(m, "abc", 3);
    r.cap = 5;
    assert_int_equal(ol_noise_open(key, UINT64_MAX - 1, ad, 2, c, w.len, &r), OL_ELIMIT);
    r.cap = 6, r.err = OL_ELIMIT;
    assert_int_equal(ol_noise_open(key, UINT64_MAX - 1, ad, 2, c, w.len, &r), OL_ELIMIT);
}

int main(void) {
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(forged_messages_leave_the_handshake_alive),
        cmocka_unit_test(disagreement_is_refused),
        cmocka_unit_test(calls_out_of_turn),
        cmocka_unit_test(keys_of_small_order),
        cmocka_unit_test(zero_results_are_refused),
        cmocka_unit_test(bounds),
        cmocka_unit_test(in_place),
        cmocka_unit_test(transport),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
