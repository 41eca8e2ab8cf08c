#include "crypto/note.h"

#include <string.h>

#include "crypto/hash.h"

static const char dash[] = "\xe2\x80\x94 "; /* U+2014, space */
enum { DASH_LEN = sizeof dash - 1 };

static bool is_name(const char *name, size_t len) {
    uint32_t c = 0;
    for (size_t at = 0, n = 0; at < len; at += n) {
        n = ol_utf8_next((const uint8_t *)name + at, len - at, &c);
        bool is_control = c < 0x20 || (c >= 0x7f && c <= 0x9f);
        if (n == 0 || is_control || c == '+' || ol_utf8_is_space(c))
            return false;
    }
    return len > 0;
}

bool ol_note_name_is_valid(const char *name, size_t len) {
    return len <= OL_NOTE_NAME_MAX && is_name(name, len);
}

ol_err ol_note_key_of(const char *name, size_t len, ol_note_type type,
                      const uint8_t pub[OL_SIGN_PUB_LEN], ol_note_key *ret) {
    if (len > OL_NOTE_NAME_MAX)
        return OL_ELIMIT;
    if (!is_name(name, len) || (type != OL_NOTE_ED25519 && type != OL_NOTE_COSIGNATURE))
        return OL_EFORM;
    ol_note_key key = { .name_len = len, .type = type };
    uint8_t type_byte = (uint8_t)type, hash[OL_HASH_LEN];
    memcpy(key.name, name, len);
    memcpy(key.pub, pub, OL_SIGN_PUB_LEN);
    const ol_part part[] = { { name, len }, { "\n", 1 }, { &type_byte, 1 }, { pub, 32 } };
    ol_hash_sha256_parts(part, OL_LEN(part), hash);
    memcpy(key.id, hash, OL_NOTE_ID_LEN);
    *ret = key;
    return OL_OK;
}

ol_err ol_note_vkey_get(const char *s, size_t len, ol_note_key *ret) {
    const char *plus = memchr(s, '+', len);
    size_t name_len = plus == NULL ? 0 : (size_t)(plus - s), n = 0;
    if (plus == NULL || len - name_len < 1 + 8 + 1 || s[name_len + 9] != '+')
        return OL_EFORM;
    uint8_t id[OL_NOTE_ID_LEN], data[1 + OL_SIGN_PUB_LEN];
    ol_err err = ol_hex_get(s + name_len + 1, 8, id, sizeof id);
    if (err == OL_OK)
        err = ol_b64_get(s + name_len + 10, len - name_len - 10, data, sizeof data, &n);
    if (err == OL_OK && n != sizeof data)
        err = OL_EFORM;
    ol_note_key key;
    if (err == OL_OK)
        err = ol_note_key_of(s, name_len, (ol_note_type)data[0], data + 1, &key);
    if (err == OL_OK && memcmp(key.id, id, sizeof id) != 0)
        err = OL_EFORM;
    if (err == OL_OK)
        *ret = key;
    return err;
}

size_t ol_note_vkey_put(const ol_note_key *key, char *to) {
    uint8_t data[1 + OL_SIGN_PUB_LEN] = { (uint8_t)key->type };
    memcpy(data + 1, key->pub, OL_SIGN_PUB_LEN);
    memcpy(to, key->name, key->name_len);
    to[key->name_len] = '+';
    ol_hex_put(key->id, OL_NOTE_ID_LEN, to + key->name_len + 1);
    to[key->name_len + 9] = '+';
    ol_b64_put(data, sizeof data, to + key->name_len + 10);
    return key->name_len + 10 + OL_B64_LEN(sizeof data);
}

/* The signature's bytes are of any length: other signers have other algorithms. */
static ol_err check_base64(ol_str s, uint8_t id[OL_NOTE_ID_LEN]) {
    uint8_t b[6]; /* of the first eight characters */
    size_t n = 0;
    if (s.len < 8 || !ol_b64_is_valid(s.p, s.len) || ol_b64_get(s.p, 8, b, sizeof b, &n) != OL_OK)
        return OL_EFORM;
    if (n <= OL_NOTE_ID_LEN)
        return OL_EFORM;
    memcpy(id, b, OL_NOTE_ID_LEN);
    return OL_OK;
}

static bool is_same_signer(const ol_note *note, size_t i, size_t k) {
    return note->sig[i].name.len == note->sig[k].name.len &&
           memcmp(note->sig[i].id, note->sig[k].id, OL_NOTE_ID_LEN) == 0 &&
           memcmp(note->sig[i].name.p, note->sig[k].name.p, note->sig[k].name.len) == 0;
}

/* line: without its newline. */
static ol_err add_line(ol_note *note, const char *line, size_t len) {
    if (len < DASH_LEN || memcmp(line, dash, DASH_LEN) != 0)
        return OL_EFORM;
    line += DASH_LEN, len -= DASH_LEN;
    const char *space = memchr(line, ' ', len);
    if (space == NULL)
        return OL_EFORM;
    if (note->sigs == OL_NOTE_SIGS_MAX)
        return OL_ELIMIT;
    size_t i = note->sigs, name_len = (size_t)(space - line);
    note->sig[i].name = (ol_str){ line, name_len };
    note->sig[i].base64 = (ol_str){ space + 1, len - name_len - 1 };
    if (!is_name(line, name_len) || check_base64(note->sig[i].base64, note->sig[i].id) != OL_OK)
        return OL_EFORM;
    for (size_t k = 0; k < i; k++)
        if (is_same_signer(note, i, k))
            return OL_EFORM;
    note->sigs++;
    return OL_OK;
}

static bool is_note_text(const char *p, size_t len) {
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)p[i] < 0x20 && p[i] != '\n')
            return false;
    return ol_utf8_is_valid((const uint8_t *)p, len);
}

ol_err ol_note_parse(const char *p, size_t len, ol_note *ret) {
    if (len > OL_NOTE_MAX)
        return OL_ELIMIT;
    if (len < 3 || p[len - 1] != '\n' || !is_note_text(p, len))
        return OL_EFORM;
    size_t end = len - 1; /* the last empty line is between p[end - 1] and p[end], both newlines */
    while (end > 0 && !(p[end] == '\n' && p[end - 1] == '\n'))
        end--;
    if (end == 0 || end == len - 1)
        return OL_EFORM;
    ol_note note = { .text = { p, end } };
    for (size_t at = end + 1; at < len;) {
        size_t line_len = (size_t)((const char *)memchr(p + at, '\n', len - at) - (p + at));
        ol_err err = add_line(&note, p + at, line_len);
        if (err != OL_OK)
            return err;
        at += line_len + 1;
    }
    *ret = note;
    return OL_OK;
}

size_t ol_note_cosign_message(uint64_t time, const char *text, size_t text_len,
                              uint8_t ret[OL_COSIGN_MESSAGE_MAX]) {
    static const char head[] = "cosignature/v1\ntime ";
    char decimal[21];
    OL_ASSERT(text_len <= OL_COSIGN_TEXT_MAX);
    ol_u64_put(time, decimal);
    ol_wr w = ol_wr_of(ret, OL_COSIGN_MESSAGE_MAX);
    ol_wr_put(&w, head, sizeof head - 1);
    ol_wr_put(&w, decimal, strlen(decimal));
    ol_wr_put(&w, "\n", 1);
    ol_wr_put(&w, text, text_len);
    OL_ASSERT(w.err == OL_OK);
    return w.len;
}

static ol_err verify_line(ol_str text, ol_str base64, const ol_note_key *key, ol_note_sig *ret) {
    uint8_t blob[OL_NOTE_BLOB4_LEN], message[OL_COSIGN_MESSAGE_MAX];
    bool is_cosigned = key->type == OL_NOTE_COSIGNATURE;
    size_t want = is_cosigned ? OL_NOTE_BLOB4_LEN : OL_NOTE_BLOB1_LEN, n = 0;
    if (ol_b64_get(base64.p, base64.len, blob, sizeof blob, &n) != OL_OK || n != want)
        return OL_EAUTH;
    ol_rd r = ol_rd_of(blob + OL_NOTE_ID_LEN, n - OL_NOTE_ID_LEN);
    ol_note_sig sig = { .is_there = true, .time = is_cosigned ? ol_rd_be(&r, 8) : 0 };
    ol_rd_copy(&r, sig.sig, OL_SIG_LEN);
    const void *signed_p = text.p;
    size_t signed_len = text.len;
    if (is_cosigned && (text.len > OL_COSIGN_TEXT_MAX || sig.time > INT64_MAX))
        return OL_EAUTH;
    if (is_cosigned) {
        signed_len = ol_note_cosign_message(sig.time, text.p, text.len, message);
        signed_p = message;
    }
    ol_err err = ol_sign_verify(key->pub, signed_p, signed_len, sig.sig);
    if (err == OL_OK)
        *ret = sig;
    return err;
}

/* The line with this key's name and id (there is at most one), or note->sigs. */
static size_t find_line(const ol_note *note, const ol_note_key *key) {
    for (size_t i = 0; i < note->sigs; i++)
        if (note->sig[i].name.len == key->name_len &&
            memcmp(note->sig[i].name.p, key->name, key->name_len) == 0 &&
            memcmp(note->sig[i].id, key->id, OL_NOTE_ID_LEN) == 0)
            return i;
    return note->sigs;
}

ol_err ol_note_verify(const ol_note *note, const ol_note_key *key, size_t keys, ol_note_sig *ret) {
    ol_note_sig sig[OL_NOTE_SIGS_MAX];
    size_t found = 0;
    OL_ASSERT(keys <= OL_NOTE_SIGS_MAX);
    for (size_t i = 0; i < keys; i++) {
        sig[i] = (ol_note_sig){ .is_there = false };
        size_t at = find_line(note, &key[i]);
        if (at == note->sigs)
            continue;
        ol_err err = verify_line(note->text, note->sig[at].base64, &key[i], &sig[i]);
        if (err != OL_OK)
            return err;
        found++;
    }
    if (found == 0)
        return OL_ENOENT;
    memcpy(ret, sig, keys * sizeof sig[0]);
    return OL_OK;
}

void ol_note_put_text(ol_wr *w, const char *text, size_t len) {
    if (w->err == OL_OK && (len == 0 || text[len - 1] != '\n' || !is_note_text(text, len)))
        w->err = OL_EFORM;
    ol_wr_put(w, text, len);
    ol_wr_put(w, "\n", 1);
}

void ol_note_put_sig(ol_wr *w, const ol_note_key *key, uint64_t time,
                     const uint8_t sig[OL_SIG_LEN]) {
    uint8_t blob[OL_NOTE_BLOB4_LEN];
    char base64[OL_B64_LEN(OL_NOTE_BLOB4_LEN) + 1];
    ol_wr b = ol_wr_of(blob, sizeof blob);
    ol_wr_put(&b, key->id, OL_NOTE_ID_LEN);
    if (key->type == OL_NOTE_COSIGNATURE)
        ol_wr_be(&b, time, 8);
    ol_wr_put(&b, sig, OL_SIG_LEN);
    ol_b64_put(blob, b.len, base64);
    ol_wr_put(w, dash, DASH_LEN);
    ol_wr_put(w, key->name, key->name_len);
    ol_wr_put(w, " ", 1);
    ol_wr_put(w, base64, OL_B64_LEN(b.len));
    ol_wr_put(w, "\n", 1);
}
