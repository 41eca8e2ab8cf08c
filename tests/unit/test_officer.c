/* Roster and watch entries, and what vouchers and signs cover, against what a script of its own
 * wrote from docs/PROTOCOL.md §4.8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/word.h"
#include "lib/known.h"
#include "wire/entry.h"
#include "wire/officer.h"

enum { ROOM = 8192 };

static bool has(const known *k, const char *key) {
    for (size_t i = 0; i < k->keys; i++)
        if (strcmp(k->key[i], key) == 0)
            return true;
    return false;
}

static ol_err err_of(const known *k) {
    const char *want = known_text(k, "want");
    return strcmp(want, "OL_OK") == 0       ? OL_OK
           : strcmp(want, "OL_EFORM") == 0  ? OL_EFORM
           : strcmp(want, "OL_ESHORT") == 0 ? OL_ESHORT
                                            : OL_ELIMIT;
}

static void said_is(const char *want, const ol_said *said, unsigned n) {
    char text[ROOM] = "";
    for (unsigned i = 0; i < n; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.*s=%.*s",
                       i > 0 ? "|" : "", (int)said[i].lang.len, said[i].lang.p,
                       (int)said[i].text.len, said[i].text.p);
    assert_string_equal(text, want);
}

static void officer_is(const known *k, const ol_officer *o) {
    uint8_t bytes[ROOM];
    char text[ROOM] = "";
    assert_int_equal(o->number, known_number(k, "number"));
    assert_true(o->serial == known_number(k, "serial") && o->rung == known_number(k, "rung"));
    assert_true(o->powers == known_number(k, "powers"));
    assert_int_equal(o->has_left, known_number(k, "state"));
    assert_int_equal(known_hex(k, "key", bytes, sizeof bytes), o->has_key ? 32 : 0);
    assert_memory_equal(o->key, bytes, o->has_key ? 32 : 0);
    said_is(known_text(k, "names"), o->name, o->names);
    said_is(known_text(k, "titles"), o->title, o->titles);
    for (unsigned i = 0; i < o->languages; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.*s", i > 0 ? " " : "",
                       (int)o->language[i].len, o->language[i].p);
    assert_string_equal(text, known_text(k, "languages"));
    assert_int_equal(o->hours.len, strlen(known_text(k, "hours")));
    assert_memory_equal(o->hours.p, known_text(k, "hours"), o->hours.len);
    assert_int_equal(o->has_voucher, known_text(k, "by")[0] != '\0');
    if (!o->has_voucher)
        return;
    assert_int_equal(o->by, known_number(k, "by"));
    known_bytes(k, "sig", bytes, OL_SIG_LEN);
    assert_memory_equal(o->sig, bytes, OL_SIG_LEN);
}

static void watch_is(const known *k, const ol_watch *o) {
    assert_int_equal(o->officer, known_number(k, "officer"));
    assert_int_equal(o->from, known_number(k, "from"));
    assert_int_equal(o->text.len, strlen(known_text(k, "text")));
    assert_memory_equal(o->text.p, known_text(k, "text"), o->text.len);
}

typedef union {
    ol_officer officer;
    ol_watch watch;
} body;

static ol_err decode(bool is_watch, const uint8_t *in, size_t len, body *b) {
    const char *why = NULL;
    ol_err err = is_watch ? ol_watch_decode(in, len, &b->watch, &why)
                          : ol_officer_decode(in, len, &b->officer, &why);
    assert_true((err == OL_OK) == (why == NULL));
    return err;
}

static void written_again(bool is_watch, const body *b, const uint8_t *in, size_t len) {
    uint8_t again[ROOM];
    for (size_t cap = len;; cap = 0) {
        ol_wr w = ol_wr_of(again, cap);
        if (is_watch)
            ol_watch_encode(&b->watch, &w);
        else
            ol_officer_encode(&b->officer, &w);
        assert_int_equal(w.err, cap == len ? OL_OK : OL_ELIMIT);
        if (cap == 0)
            return;
        assert_int_equal(w.len, len);
        assert_memory_equal(again, in, len);
    }
}

static void bodies(void **state) {
    (void)state;
    uint8_t in[ROOM];
    unsigned right = 0, wrong = 0;
    known k;
    known_open(&k, "officer.txt");
    while (known_next(&k)) {
        bool is_watch = has(&k, "watch");
        if (!has(&k, "want"))
            continue;
        print_message("row %s\n", known_text(&k, "name"));
        body b, before;
        memset(&b, 0xA5, sizeof b), memcpy(&before, &b, sizeof b);
        size_t len = known_hex(&k, is_watch ? "watch" : "officer", in, sizeof in);
        assert_int_equal(decode(is_watch, in, len, &b), err_of(&k));
        if (err_of(&k) != OL_OK) {
            assert_memory_equal(&b, &before, sizeof b);
            wrong++;
            continue;
        }
        right++;
        if (is_watch)
            watch_is(&k, &b.watch);
        else
            officer_is(&k, &b.officer);
        if (known_number(&k, "more") == 0)
            written_again(is_watch, &b, in, len);
        for (size_t cut = 0; cut < len; cut++)
            assert_int_not_equal(decode(is_watch, in, cut, &before), OL_OK);
    }
    known_close(&k);
    assert_int_equal(right, 13);
    assert_int_equal(wrong, 44);
}

static void rungs(void **state) {
    (void)state;
    assert_null(ol_officer_misfit(&(ol_officer){ .rung = 4 }, 4));
    assert_non_null(ol_officer_misfit(&(ol_officer){ .rung = 5 }, 4));
}

static void key_is(const known *k, ol_sign_key *key) {
    uint8_t seed[32], pub[32];
    known_bytes(k, "seed", seed, sizeof seed);
    known_bytes(k, "pub", pub, sizeof pub);
    ol_sign_key_of(seed, key);
    assert_memory_equal(key->pub, pub, sizeof pub);
}

static void vouchers(void **state) {
    (void)state;
    uint8_t id[16], in[ROOM], covers[ROOM], bytes[OL_VOUCHER_LEN], sig[64], want[64];
    unsigned n = 0;
    known k;
    known_open(&k, "officer.txt");
    while (known_next(&k)) {
        if (!has(&k, "voucher"))
            continue;
        ol_officer o;
        ol_sign_key key;
        const char *why = NULL;
        uint8_t party = (uint8_t)known_number(&k, "party");
        key_is(&k, &key);
        known_bytes(&k, "line_id", id, sizeof id);
        assert_int_equal(ol_officer_decode(in, known_hex(&k, "voucher", in, sizeof in), &o, &why),
                         OL_OK);
        uint8_t fields[OL_HASH_LEN];
        ol_word_fields_hash(o.vouched.p, o.vouched.len, fields);
        ol_word_voucher_bytes(id, party, fields, bytes);
        assert_int_equal(known_hex(&k, "covers", covers, sizeof covers), sizeof bytes);
        assert_memory_equal(bytes, covers, sizeof bytes);
        known_bytes(&k, "sig", want, sizeof want);
        ol_sign_make(&key, bytes, sizeof bytes, sig);
        assert_memory_equal(sig, want, sizeof sig);
        assert_int_equal(ol_word_vouched(id, party, fields, key.pub, sig), OL_OK);
        assert_int_equal(ol_word_vouched(id, party ^ 1, fields, key.pub, sig), OL_EAUTH);
        uint8_t ten[ROOM]; /* what is written is what is covered */
        ol_wr w = ol_wr_of(ten, sizeof ten);
        ol_officer_encode_fields(&o, &w);
        assert_true(w.err == OL_OK && w.len == o.vouched.len);
        assert_memory_equal(ten, o.vouched.p, w.len);
        n++;
    }
    known_close(&k);
    assert_int_equal(n, 2);
}

static size_t reads_of(const known *k, ol_known *v) {
    size_t n = 0;
    const char *s = known_text(k, "reads");
    while (*s != '\0') {
        unsigned party, lane;
        unsigned long long size;
        char hex[17];
        assert_int_equal(sscanf(s, "%u:%u:%16[0-9a-f]:%llu", &party, &lane, hex, &size), 4);
        v[n] =
            (ol_known){ .log = { .party = (uint8_t)party, .lane = (uint8_t)lane }, .size = size };
        assert_int_equal(ol_hex_get(hex, 16, v[n++].log.incarnation, OL_INC_LEN), OL_OK);
        s += strcspn(s, " ");
        s += *s == ' ';
    }
    return n;
}

/* The sign is of this word and no other: each field changed alone makes it another's. */
static void binds(const ol_word *w, uint16_t officer, uint64_t written, const uint8_t *pub,
                  const uint8_t *sig) {
    assert_int_equal(ol_word_verify(w, officer, written, pub, sig), OL_OK);
    assert_int_equal(ol_word_verify(w, officer ^ 1, written, pub, sig), OL_EAUTH);
    assert_int_equal(ol_word_verify(w, officer, written ^ 1, pub, sig), OL_EAUTH);
    for (size_t i = 0; i < 8; i++) {
        ol_word x = *w;
        uint8_t *field[] = {
            x.line_id, (uint8_t *)&x.generation, &x.party, &x.kind, x.item, x.read, x.ref, x.body
        };
        *field[i] ^= 1;
        assert_int_equal(ol_word_verify(&x, officer, written, pub, sig), OL_EAUTH);
    }
}

static void signs(void **state) {
    (void)state;
    uint8_t in[ROOM], covers[ROOM], bytes[OL_WORD_LEN], sig[64], want[64];
    unsigned n = 0;
    known k;
    known_open(&k, "officer.txt");
    while (known_next(&k)) {
        if (!has(&k, "officer_number"))
            continue;
        ol_sign_key key;
        ol_known read[8];
        ol_word w = { .generation = (uint32_t)known_number(&k, "generation"),
                      .party = (uint8_t)known_number(&k, "party"),
                      .kind = (uint8_t)known_number(&k, "kind") };
        uint16_t officer = (uint16_t)known_number(&k, "officer_number");
        uint64_t written = known_number(&k, "written");
        key_is(&k, &key);
        known_bytes(&k, "line_id", w.line_id, sizeof w.line_id);
        known_bytes(&k, "item", w.item, sizeof w.item);
        ol_hash_sha256(in, known_hex(&k, "ref", in, sizeof in), w.ref);
        ol_hash_sha256(in, known_hex(&k, "body", in, sizeof in), w.body);
        ol_word_read_hash(read, ol_word_sort(read, reads_of(&k, read)), w.read);
        ol_word_bytes(&w, officer, written, bytes);
        assert_int_equal(known_hex(&k, "covers", covers, sizeof covers), sizeof bytes);
        assert_memory_equal(bytes, covers, sizeof bytes);
        known_bytes(&k, "sig", want, sizeof want);
        ol_sign_make(&key, bytes, sizeof bytes, sig);
        assert_memory_equal(sig, want, sizeof sig);
        binds(&w, officer, written, key.pub, sig);
        n++;
    }
    known_close(&k);
    assert_int_equal(n, 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies),
        cmocka_unit_test(rungs),
        cmocka_unit_test(vouchers),
        cmocka_unit_test(signs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
