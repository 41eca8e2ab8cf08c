/* crypto/note: parsing, verifying, building; one row per rejection. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/note.h"

#define DASH "\xe2\x80\x94 "
#define SIG1 DASH "a AAAAAAA=\n" /* 4 + 1 bytes */

static const struct {
    const char *name, *in;
    ol_err want;
    size_t sigs;
    const char *text;
} rows[] = {
    { "smallest", "\n\n" SIG1, OL_OK, 1, "\n" },
    { "plain", "x\n\n" SIG1, OL_OK, 1, "x\n" },
    { "empty lines in the text", "x\n\ny\n\n" SIG1, OL_OK, 1, "x\n\ny\n" },
    { "text ends in an empty line", "x\n\n\n" SIG1, OL_OK, 1, "x\n\n" },
    { "signature inside the text", "x\n\n" SIG1 "\n" SIG1, OL_OK, 1, "x\n\n" SIG1 },
    { "two signers", "x\n\n" SIG1 DASH "b AAAAAAA=\n", OL_OK, 2, "x\n" },
    { "one name, two ids", "x\n\n" SIG1 DASH "a AQAAAAA=\n", OL_OK, 2, "x\n" },
    { "name not ASCII", "x\n\n" DASH "\xe4\xbd\xa0 AAAAAAA=\n", OL_OK, 1, "x\n" },
    { "DEL in the text", "\x7f\n\n" SIG1, OL_OK, 1, "\x7f\n" },
    { "empty", "", OL_EFORM, 0, NULL },
    { "newline", "\n", OL_EFORM, 0, NULL },
    { "two newlines", "\n\n", OL_EFORM, 0, NULL },
    { "no text", "\n" SIG1, OL_EFORM, 0, NULL },
    { "no empty line", "x\n" SIG1, OL_EFORM, 0, NULL },
    { "no signature", "x\n\n", OL_EFORM, 0, NULL },
    { "empty line last", "x\n\n" SIG1 "\n", OL_EFORM, 0, NULL },
    { "no newline last", "x\n\n" DASH "a AAAAAAA=", OL_EFORM, 0, NULL },
    { "text after signatures", "x\n\n" SIG1 "y\n", OL_EFORM, 0, NULL },
    { "hyphen for dash", "x\n\n- a AAAAAAA=\n", OL_EFORM, 0, NULL },
    { "dash without space",
      "x\n\n\xe2\x80\x94"
      "a AAAAAAA=\n",
      OL_EFORM, 0, NULL },
    { "dash alone", "x\n\n\xe2\x80\x94\n", OL_EFORM, 0, NULL },
    { "no base64", "x\n\n" DASH "a\n", OL_EFORM, 0, NULL },
    { "empty base64", "x\n\n" DASH "a \n", OL_EFORM, 0, NULL },
    { "no name", "x\n\n" DASH " AAAAAAA=\n", OL_EFORM, 0, NULL },
    { "plus in a name", "x\n\n" DASH "a+b AAAAAAA=\n", OL_EFORM, 0, NULL },
    { "no-break space in a name",
      "x\n\n" DASH "a\xc2\xa0"
      "b AAAAAAA=\n",
      OL_EFORM, 0, NULL },
    { "wide space in a name",
      "x\n\n" DASH "a\xe3\x80\x80"
      "b AAAAAAA=\n",
      OL_EFORM, 0, NULL },
    { "C1 in a name", "x\n\n" DASH "a\xc2\x80 AAAAAAA=\n", OL_EFORM, 0, NULL },
    { "DEL in a name", "x\n\n" DASH "a\x7f AAAAAAA=\n", OL_EFORM, 0, NULL },
    { "last C1 in a name", "x\n\n" DASH "a\xc2\x9f AAAAAAA=\n", OL_EFORM, 0, NULL },
    { "above the C1 in a name", "x\n\n" DASH "a\xc2\xa1 AAAAAAA=\n", OL_OK, 1, "x\n" },
    { "control first", "\x01\n\n" SIG1, OL_EFORM, 0, NULL },
    { "two spaces", "x\n\n" DASH "a  AAAAAAA=\n", OL_EFORM, 0, NULL },
    { "space last", "x\n\n" DASH "a AAAAAAA= \n", OL_EFORM, 0, NULL },
    { "id alone", "x\n\n" DASH "a AAAAAA==\n", OL_EFORM, 0, NULL },
    { "id cut", "x\n\n" DASH "a AAAA\n", OL_EFORM, 0, NULL },
    { "no padding", "x\n\n" DASH "a AAAAAAA\n", OL_EFORM, 0, NULL },
    { "unused bits", "x\n\n" DASH "a AAAAAAB=\n", OL_EFORM, 0, NULL },
    { "URL alphabet", "x\n\n" DASH "a AAAA_AA=\n", OL_EFORM, 0, NULL },
    { "return", "x\r\n\n" SIG1, OL_EFORM, 0, NULL },
    { "tab", "x\t\n\n" SIG1, OL_EFORM, 0, NULL },
    { "not UTF-8", "\xff\n\n" SIG1, OL_EFORM, 0, NULL },
    { "the same signer twice", "x\n\n" SIG1 DASH "a AAAAAAE=\n", OL_EFORM, 0, NULL },
};

static void parse_rows(void **state) {
    for (size_t i = 0; (void)state, i < OL_LEN(rows); i++) {
        static ol_note note, before;
        memset(&note, 0xa5, sizeof note), before = note;
        print_message("row %s\n", rows[i].name);
        assert_int_equal(ol_note_parse(rows[i].in, strlen(rows[i].in), &note), rows[i].want);
        if (rows[i].want != OL_OK) {
            assert_memory_equal(&note, &before, sizeof note);
            continue;
        }
        assert_int_equal(note.sigs, rows[i].sigs);
        assert_int_equal(note.text.len, strlen(rows[i].text));
        assert_memory_equal(note.text.p, rows[i].text, note.text.len);
    }
    static ol_note note;
    assert_int_equal(ol_note_parse("a\0b\n\n" SIG1, 5 + sizeof SIG1 - 1, &note), OL_EFORM);
}

static void parse_limits(void **state) {
    (void)state;
    static char p[OL_NOTE_MAX + 64];
    static ol_note note;
    for (int sigs = OL_NOTE_SIGS_MAX; sigs <= OL_NOTE_SIGS_MAX + 1; sigs++) {
        size_t len = (size_t)snprintf(p, sizeof p, "x\n\n");
        for (int i = 0; i < sigs; i++)
            len += (size_t)snprintf(p + len, sizeof p - len, DASH "n%d AAAAAAA=\n", i);
        ol_err want = sigs == OL_NOTE_SIGS_MAX ? OL_OK : OL_ELIMIT;
        assert_int_equal(ol_note_parse(p, len, &note), want);
    }
    assert_int_equal(note.sigs, OL_NOTE_SIGS_MAX);
    for (size_t over = 0; over < 2; over++) {
        size_t fill = OL_NOTE_MAX + over - (sizeof "\n\n" SIG1 - 1);
        memset(p, 'x', fill);
        memcpy(p + fill, "\n\n" SIG1, sizeof "\n\n" SIG1 - 1);
        assert_int_equal(ol_note_parse(p, OL_NOTE_MAX + over, &note), over ? OL_ELIMIT : OL_OK);
    }
}

/* A signature of some later algorithm: 3,000 bytes, with a fault at each place of interest. */
static void parse_long_signature(void **state) {
    (void)state;
    static char p[4200] = "x\n\n" DASH "a ";
    static ol_note note;
    size_t head = strlen(p), len = head + 4000;
    memset(p + head, 'B', 4000);
    p[len] = '\n';
    assert_int_equal(ol_note_parse(p, len + 1, &note), OL_OK);
    assert_int_equal(note.sig[0].base64.len, 4000);
    static const size_t at[] = { 0, 3, 63, 64, 127, 3999 };
    for (size_t i = 0; i < OL_LEN(at); i++) {
        p[head + at[i]] = '=';
        assert_int_equal(ol_note_parse(p, len + 1, &note), OL_EFORM);
        p[head + at[i]] = 'B';
    }
    p[62 + head] = 'A', p[63 + head] = '='; /* well-formed as far as its 64 characters go */
    assert_int_equal(ol_note_parse(p, len + 1, &note), OL_EFORM);
    p[62 + head] = p[63 + head] = 'B';
    p[len - 1] = '=', p[len - 2] = 'A'; /* padding, at the end, is right */
    assert_int_equal(ol_note_parse(p, len + 1, &note), OL_OK);
}

static ol_sign_key signer(uint8_t seed_byte) {
    uint8_t seed[32];
    ol_sign_key key;
    memset(seed, seed_byte, sizeof seed);
    ol_sign_key_of(seed, &key);
    return key;
}

static ol_note_key known(const char *name, ol_note_type type, uint8_t seed_byte) {
    ol_sign_key key = signer(seed_byte);
    ol_note_key ret;
    assert_int_equal(ol_note_key_of(name, strlen(name), type, key.pub, &ret), OL_OK);
    return ret;
}

static const char vkey[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

static void vkey_published(void **state) {
    (void)state;
    ol_note_key key;
    char back[OL_NOTE_VKEY_MAX + 1];
    assert_int_equal(ol_note_vkey_get(vkey, sizeof vkey - 1, &key), OL_OK);
    assert_string_equal(key.name, "example.com/foo");
    assert_int_equal(key.type, OL_NOTE_ED25519);
    assert_int_equal(ol_note_vkey_put(&key, back), sizeof vkey - 1);
    assert_string_equal(back, vkey);
}

static void vkey_changed(void **state) {
    (void)state;
    ol_note_key key;
    char bad[sizeof vkey];
    for (size_t i = 0; i < sizeof vkey - 1; i++) { /* the id fits this name and key only */
        memcpy(bad, vkey, sizeof vkey);
        bad[i] ^= 1;
        assert_int_not_equal(ol_note_vkey_get(bad, sizeof vkey - 1, &key), OL_OK);
    }
    for (size_t cut = 0; cut < sizeof vkey - 1; cut++)
        assert_int_not_equal(ol_note_vkey_get(vkey, cut, &key), OL_OK);
    static const char *const rows_bad[] = {
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a-AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k=",
        "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo",
        "+",
        "",
    };
    for (size_t i = 0; i < OL_LEN(rows_bad); i++)
        assert_int_not_equal(ol_note_vkey_get(rows_bad[i], strlen(rows_bad[i]), &key), OL_OK);
}

static void key_names(void **state) {
    (void)state;
    uint8_t pub[32] = { 1 };
    char name[OL_NOTE_NAME_MAX + 2];
    ol_note_key key;
    memset(name, 'n', sizeof name);
    assert_int_equal(ol_note_key_of(name, OL_NOTE_NAME_MAX, OL_NOTE_ED25519, pub, &key), OL_OK);
    char back[OL_NOTE_VKEY_MAX + 1];
    assert_int_equal(ol_note_vkey_put(&key, back), OL_NOTE_VKEY_MAX);
    assert_int_equal(ol_note_vkey_get(back, OL_NOTE_VKEY_MAX, &key), OL_OK);
    ol_err err = ol_note_key_of(name, OL_NOTE_NAME_MAX + 1, OL_NOTE_ED25519, pub, &key);
    assert_int_equal(err, OL_ELIMIT);
    assert_int_equal(ol_note_key_of("a b", 3, OL_NOTE_ED25519, pub, &key), OL_EFORM);
    assert_int_equal(ol_note_key_of("", 0, OL_NOTE_ED25519, pub, &key), OL_EFORM);
    assert_int_equal(ol_note_key_of("a", 1, (ol_note_type)2, pub, &key), OL_EFORM);
    assert_false(ol_note_name_is_valid(name, OL_NOTE_NAME_MAX + 1));
    assert_true(ol_note_name_is_valid(name, OL_NOTE_NAME_MAX));
}

/* ── verifying ───────────────────────────────────────────────────────────────────────────────── */

static const char text[] = "log\n3\nroot\n";

static size_t build(char *to, size_t cap, const ol_note_key *log, const ol_note_key *mirror) {
    uint8_t sig[OL_SIG_LEN], message[OL_COSIGN_MESSAGE_MAX];
    ol_wr w = ol_wr_of((uint8_t *)to, cap);
    ol_sign_key log_key = signer(1), mirror_key = signer(2);
    ol_note_put_text(&w, text, sizeof text - 1);
    ol_sign_make(&log_key, text, sizeof text - 1, sig);
    ol_note_put_sig(&w, log, 0, sig);
    size_t n = ol_note_cosign_message(1700000000, text, sizeof text - 1, message);
    ol_sign_make(&mirror_key, message, n, sig);
    ol_note_put_sig(&w, mirror, 1700000000, sig);
    assert_int_equal(w.err, OL_OK);
    return w.len;
}

static void verify_known(void **state) {
    (void)state;
    char p[1024];
    static ol_note note;
    ol_note_key key[] = { known("stranger", OL_NOTE_ED25519, 3), known("log", OL_NOTE_ED25519, 1),
                          known("m", OL_NOTE_COSIGNATURE, 2) };
    size_t len = build(p, sizeof p, &key[1], &key[2]);
    assert_int_equal(ol_note_parse(p, len, &note), OL_OK);
    assert_int_equal(note.sigs, 2);
    ol_note_sig sig[3];
    assert_int_equal(ol_note_verify(&note, key, 3, sig), OL_OK);
    assert_false(sig[0].is_there);
    assert_true(sig[1].is_there && sig[1].time == 0);
    assert_true(sig[2].is_there && sig[2].time == 1700000000);
    assert_int_equal(ol_note_verify(&note, key, 1, sig), OL_ENOENT);
    assert_true(sig[1].is_there); /* as it was */
    assert_int_equal(ol_note_verify(&note, key, 0, sig), OL_ENOENT);
    static ol_note_key many[OL_NOTE_SIGS_MAX];
    static ol_note_sig found[OL_NOTE_SIGS_MAX];
    for (size_t i = 0; i < OL_LEN(many); i++)
        many[i] = i == 63 ? key[1] : key[0];
    assert_int_equal(ol_note_verify(&note, many, OL_NOTE_SIGS_MAX, found), OL_OK);
    assert_true(found[63].is_there && !found[62].is_there);
    /* the same name with another key, the same key with another name or type: unknown */
    ol_note_key other[] = { known("log", OL_NOTE_ED25519, 4), known("lo", OL_NOTE_ED25519, 1),
                            known("log", OL_NOTE_COSIGNATURE, 1) };
    assert_int_equal(ol_note_verify(&note, other, 3, sig), OL_ENOENT);
    /* the right name and id over another key: known, and fails */
    memcpy(other[0].id, key[1].id, OL_NOTE_ID_LEN);
    assert_int_equal(ol_note_verify(&note, other, 1, sig), OL_EAUTH);
}

static void verify_changed(void **state) {
    (void)state;
    char p[1024];
    static ol_note note;
    ol_note_sig sig[2];
    ol_note_key key[] = { known("log", OL_NOTE_ED25519, 1), known("m", OL_NOTE_COSIGNATURE, 2) };
    size_t len = build(p, sizeof p, &key[0], &key[1]);
    for (size_t i = 0; i < len; i++) { /* no single change leaves both signatures standing */
        p[i] ^= 1;
        bool both = ol_note_parse(p, len, &note) == OL_OK &&
                    ol_note_verify(&note, key, 2, sig) == OL_OK && sig[0].is_there &&
                    sig[1].is_there;
        if (both)
            fail_msg("byte %zu", i);
        p[i] ^= 1;
    }
}

static void verify_lengths(void **state) {
    (void)state;
    char p[2048];
    static ol_note note;
    ol_note_sig sig[1];
    ol_note_key one[] = { known("log", OL_NOTE_ED25519, 1) }, four[] = { known("log", 4, 1) };
    memcpy(four[0].id, one[0].id, OL_NOTE_ID_LEN); /* as if the ids met */
    ol_wr w = ol_wr_of((uint8_t *)p, sizeof p);
    uint8_t s[OL_SIG_LEN] = { 0 };
    ol_note_put_text(&w, text, sizeof text - 1);
    ol_note_put_sig(&w, &four[0], 5, s); /* 76 bytes where 68 are wanted */
    assert_int_equal(ol_note_parse(p, w.len, &note), OL_OK);
    assert_int_equal(ol_note_verify(&note, one, 1, sig), OL_EAUTH);
    /* a time of 2^63, and a text too long to be a checkpoint: rightly signed, refused */
    ol_sign_key key = signer(1);
    uint8_t message[OL_COSIGN_MESSAGE_MAX];
    static const uint64_t times[] = { INT64_MAX, (uint64_t)INT64_MAX + 1 };
    for (size_t i = 0; i < 2; i++) {
        size_t n = ol_note_cosign_message(times[i], text, sizeof text - 1, message);
        ol_sign_make(&key, message, n, s);
        w = ol_wr_of((uint8_t *)p, sizeof p);
        ol_note_put_text(&w, text, sizeof text - 1), ol_note_put_sig(&w, &four[0], times[i], s);
        assert_int_equal(ol_note_parse(p, w.len, &note), OL_OK);
        assert_int_equal(ol_note_verify(&note, four, 1, sig), i == 0 ? OL_OK : OL_EAUTH);
    }
}

static void cosign_long_text(void **state) {
    (void)state;
    char p[2048], long_text[OL_COSIGN_TEXT_MAX + 1];
    uint8_t s[OL_SIG_LEN], message[OL_COSIGN_MESSAGE_MAX + 1];
    static ol_note note;
    ol_note_sig sig[1];
    ol_sign_key key = signer(2);
    ol_note_key m[] = { known("m", OL_NOTE_COSIGNATURE, 2) };
    memset(long_text, 'x', sizeof long_text);
    for (size_t len = OL_COSIGN_TEXT_MAX; len <= OL_COSIGN_TEXT_MAX + 1; len++) {
        int head = snprintf((char *)message, sizeof message, "cosignature/v1\ntime 7\n");
        long_text[len - 1] = '\n';
        memcpy(message + head, long_text, len);
        ol_sign_make(&key, message, (size_t)head + len, s);
        ol_wr w = ol_wr_of((uint8_t *)p, sizeof p);
        ol_note_put_text(&w, long_text, len), ol_note_put_sig(&w, m, 7, s);
        assert_int_equal(ol_note_parse(p, w.len, &note), OL_OK);
        ol_err want = len == OL_COSIGN_TEXT_MAX ? OL_OK : OL_EAUTH;
        assert_int_equal(ol_note_verify(&note, m, 1, sig), want);
        long_text[len - 1] = 'x';
    }
}

static void build_refuses(void **state) {
    (void)state;
    static const char *const bad[] = { "", "x", "x\r\n", "\xff\n" };
    for (size_t i = 0; i < OL_LEN(bad); i++) {
        uint8_t b[64];
        ol_wr w = ol_wr_of(b, sizeof b);
        ol_note_put_text(&w, bad[i], strlen(bad[i]));
        assert_int_equal(w.err, OL_EFORM);
        assert_int_equal(w.len, 0);
    }
    uint8_t b[3];
    ol_wr w = ol_wr_of(b, sizeof b);
    ol_note_put_text(&w, "\n", 1); /* the smallest there is */
    assert_int_equal(w.err, OL_OK);
    w.len = 0;
    ol_note_put_text(&w, "xyz\n", 4);
    assert_int_equal(w.err, OL_ELIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_rows),           cmocka_unit_test(parse_limits),
        cmocka_unit_test(parse_long_signature), cmocka_unit_test(vkey_published),
        cmocka_unit_test(vkey_changed),         cmocka_unit_test(key_names),
        cmocka_unit_test(verify_known),         cmocka_unit_test(verify_changed),
        cmocka_unit_test(verify_lengths),       cmocka_unit_test(cosign_long_text),
        cmocka_unit_test(build_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
