#include "crypto/keyfile.h"

#include <string.h>

#include <sodium.h>

#include "base/titled.h"

enum { SECRET = 32, SECRETS_MAX = 3, TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES };
enum { AD_MAX = 19 + 9 + OL_NAME_MAX + 1 + 4 }; /* title, kind, party, serial */
_Static_assert(OL_KEYFILE_SALT_LEN == crypto_pwhash_SALTBYTES, "salt");
_Static_assert(OL_KEYFILE_NONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(OL_KEYFILE_PASSES_MIN >= crypto_pwhash_argon2id_OPSLIMIT_MIN, "passes");
_Static_assert(OL_KEYFILE_KIB_MIN >= crypto_pwhash_argon2id_MEMLIMIT_MIN / 1024, "memory");

/* The keys of the two kinds, plain and sealed: those in a file are one of four sets. */
enum key {
    K_PARTY,
    K_SERIAL,
    K_SEED, /* the secrets, in the order in which they are sealed */
    K_LOG,
    K_RECEIPT,
    K_STATIC,
    K_KDF, /* the seal */
    K_PASSES,
    K_MEMORY,
    K_SALT,
    K_NONCE,
    K_SEALED,
    KEYS
};
#define BIT(key) (1u << (key))
enum {
    SEAL = BIT(K_KDF) | BIT(K_PASSES) | BIT(K_MEMORY) | BIT(K_SALT) | BIT(K_NONCE) | BIT(K_SEALED),
    SECRETS = BIT(K_SEED) | BIT(K_LOG) | BIT(K_RECEIPT) | BIT(K_STATIC)
};

static const struct kind {
    const char *section;
    unsigned plain; /* the set of a plain file; a sealed one has SEAL for SECRETS */
} kinds[] = {
    [OL_KEYFILE_IDENTITY] = { "identity", BIT(K_PARTY) | BIT(K_SEED) },
    [OL_KEYFILE_STATION] = { "station", BIT(K_PARTY) | BIT(K_SERIAL) | BIT(K_LOG) | BIT(K_RECEIPT) |
                                            BIT(K_STATIC) },
    [OL_KEYFILE_OFFICER] = { "officer", BIT(K_PARTY) | BIT(K_SEED) },
};

static const struct {
    const char *key, *missing;
} names[KEYS] = {
#define NAME(key)                                                                                  \
    { key, "missing key: " key }
    [K_PARTY] = NAME("party"), [K_SERIAL] = NAME("serial"),   [K_SEED] = NAME("seed"),
    [K_LOG] = NAME("log"),     [K_RECEIPT] = NAME("receipt"), [K_STATIC] = NAME("static"),
    [K_KDF] = NAME("kdf"),     [K_PASSES] = NAME("passes"),   [K_MEMORY] = NAME("memory"),
    [K_SALT] = NAME("salt"),   [K_NONCE] = NAME("nonce"),     [K_SEALED] = NAME("sealed"),
#undef NAME
};

typedef struct {
    ol_keyfile key; /* its kind, once a section has begun */
    unsigned has;
    bool has_section;
    uint32_t passes, kib;
    uint8_t salt[OL_KEYFILE_SALT_LEN], nonce[OL_KEYFILE_NONCE_LEN];
    uint8_t box[SECRETS_MAX * SECRET + TAG];
    size_t box_len;
} reader;

static ol_err refuse(const char **why, ol_err err, const char *text) {
    *why = text;
    return err;
}

static uint8_t *secret_of(ol_keyfile *key, enum key which) {
    switch (which) {
    case K_SEED:
        return key->identity;
    case K_LOG:
        return key->log;
    case K_RECEIPT:
        return key->receipt;
    case K_STATIC:
        return key->static_key;
    default:
        return NULL;
    }
}

/* Exactly n bytes of lower-case hex. libsodium's decoder does not branch on the digits; writing
 * them again and comparing refuses the upper case that it would take. */
static ol_err get_hex(ol_str value, uint8_t *to, size_t n) {
    char again[2 * (SECRETS_MAX * SECRET + TAG) + 1];
    size_t got = 0;
    ol_err err = OL_EFORM;
    if (value.len == 2 * n && value.len < sizeof again &&
        sodium_hex2bin(to, n, value.p, value.len, NULL, &got, NULL) == 0 && got == n) {
        sodium_bin2hex(again, sizeof again, to, n);
        if (sodium_memcmp(again, value.p, value.len) == 0)
            err = OL_OK;
    }
    sodium_memzero(again, sizeof again);
    return err;
}

static ol_err get_number(ol_str value, uint32_t min, uint32_t max, uint32_t *to) {
    uint64_t v = 0;
    ol_err err = ol_u64_get(value.p, value.len, min, max, &v);
    if (err == OL_OK)
        *to = (uint32_t)v;
    return err;
}

static ol_err set_party(reader *r, ol_str value, const char **why) {
    if (!ol_name_is_valid(value.p, value.len))
        return refuse(why, OL_EFORM, "value is not a name: 1 to 32 of a-z 0-9 -, a letter first");
    memcpy(r->key.party, value.p, value.len);
    return OL_OK;
}

static ol_err set_box(reader *r, ol_str value, const char **why) {
    size_t n = (r->key.kind == OL_KEYFILE_STATION ? 3 : 1) * SECRET + TAG;
    if (get_hex(value, r->box, n) != OL_OK)
        return refuse(why, OL_EFORM, "value is not the sealed secrets in hex: the file is damaged");
    r->box_len = n;
    return OL_OK;
}

static ol_err set(reader *r, enum key which, ol_str value, const char **why) {
    uint8_t *secret = secret_of(&r->key, which);
    if (secret != NULL && get_hex(value, secret, SECRET) != OL_OK)
        return refuse(why, OL_EFORM, "value is not a secret: 64 digits of lower-case hex");
    switch (which) {
    case K_PARTY:
        return set_party(r, value, why);
    case K_SERIAL:
        if (get_number(value, 1, UINT32_MAX, &r->key.serial) != OL_OK)
            return refuse(why, OL_EFORM, "value is not a number from 1 to 4294967295");
        break;
    case K_KDF:
        if (!ol_titled_is(value, "argon2id"))
            return refuse(why, OL_EVERSION, "value is not argon2id, the only one known here");
        break;
    case K_PASSES:
        if (get_number(value, OL_KEYFILE_PASSES_MIN, OL_KEYFILE_PASSES_MAX, &r->passes) != OL_OK)
            return refuse(why, OL_ELIMIT, "value is not a number from 1 to 16");
        break;
    case K_MEMORY:
        if (get_number(value, OL_KEYFILE_KIB_MIN, OL_KEYFILE_KIB_MAX, &r->kib) != OL_OK)
            return refuse(why, OL_ELIMIT, "value is not KiB from 8192 to 1048576");
        break;
    case K_SALT:
        if (get_hex(value, r->salt, sizeof r->salt) != OL_OK)
            return refuse(why, OL_EFORM, "value is not a salt: 32 digits of lower-case hex");
        break;
    case K_NONCE:
        if (get_hex(value, r->nonce, sizeof r->nonce) != OL_OK)
            return refuse(why, OL_EFORM, "value is not a nonce: 48 digits of lower-case hex");
        break;
    case K_SEALED:
        return set_box(r, value, why);
    default:
        break;
    }
    return OL_OK;
}

static ol_err begin_section(reader *r, ol_str section, const char **why) {
    if (r->has_section)
        return refuse(why, OL_EFORM, "a second section: each kind of key has a file of its own");
    r->has_section = true;
    for (unsigned i = 0; i < OL_LEN(kinds); i++)
        if (ol_titled_is(section, kinds[i].section)) {
            r->key.kind = (ol_keyfile_kind)i;
            return OL_OK;
        }
    return refuse(why, OL_EFORM,
                  "unknown section: a key file has [identity], [station] or [officer]");
}

static ol_err on_key(void *ctx, ol_str section, ol_str key, ol_str value, const char **why) {
    reader *r = ctx;
    if (section.len == 0)
        return refuse(why, OL_EFORM, "before any key stands [identity], [station] or [officer]");
    if (key.len == 0)
        return begin_section(r, section, why);
    unsigned allowed = kinds[r->key.kind].plain | SEAL;
    for (unsigned i = 0; i < KEYS; i++)
        if (ol_titled_is(key, names[i].key) && (allowed & BIT(i)) != 0) {
            r->has |= BIT(i);
            return set(r, (enum key)i, value, why);
        }
    return refuse(why, OL_EFORM, "unknown key in this kind of key file");
}

/* What the text as a whole lacks or has too much, or NULL. */
static const char *fault_of(const reader *r) {
    unsigned want = kinds[r->key.kind].plain;
    if (!r->has_section)
        return "the file has none of [identity], [station] and [officer]";
    if ((r->has & SEAL) != 0)
        want = (want & ~(unsigned)SECRETS) | SEAL;
    for (unsigned i = 0; i < KEYS; i++)
        if ((want & ~r->has & BIT(i)) != 0)
            return names[i].missing;
    return r->has == want ? NULL : "secrets stand both plain and sealed in one file";
}

/* ── the seal ── */

static size_t associated_data(const ol_keyfile *key, uint8_t ret[AD_MAX]) {
    ol_wr w = ol_wr_of(ret, AD_MAX);
    ol_titled_put_line(&w, "openline secret v1");
    ol_titled_put_line(&w, kinds[key->kind].section);
    ol_titled_put_line(&w, key->party);
    ol_wr_be(&w, key->serial, 4);
    OL_ASSERT(w.err == OL_OK);
    return w.len;
}

static ol_err stretch(const ol_keyfile_seal *seal, uint8_t ret[SECRET]) {
    if (seal->pass_len == 0 || seal->pass_len > OL_KEYFILE_PASS_MAX)
        return OL_ELIMIT;
    if (crypto_pwhash(ret, SECRET, (const char *)seal->pass, seal->pass_len, seal->salt,
                      seal->passes, (size_t)seal->kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return OL_ENOMEM;
    return OL_OK;
}

static ol_err unseal(reader *r, const uint8_t *pass, size_t pass_len) {
    ol_keyfile_seal seal = {
        .pass = pass, .pass_len = pass_len, .passes = r->passes, .kib = r->kib
    };
    memcpy(seal.salt, r->salt, sizeof seal.salt);
    uint8_t key[SECRET], plain[SECRETS_MAX * SECRET], ad[AD_MAX];
    ol_err err = stretch(&seal, key);
    if (err == OL_OK && crypto_aead_xchacha20poly1305_ietf_decrypt(
                            plain, NULL, NULL, r->box, r->box_len, ad, associated_data(&r->key, ad),
                            r->nonce, key) != 0)
        err = OL_EAUTH;
    const uint8_t *at = plain;
    for (unsigned i = K_SEED; i <= K_STATIC && err == OL_OK; i++)
        if ((kinds[r->key.kind].plain & BIT(i)) != 0) {
            memcpy(secret_of(&r->key, (enum key)i), at, SECRET);
            at += SECRET;
        }
    sodium_memzero(key, sizeof key);
    sodium_memzero(plain, sizeof plain);
    return err;
}

ol_err ol_keyfile_get(const char *text, size_t len, const uint8_t *pass, size_t pass_len,
                      ol_keyfile *ret, ol_ini_at *ret_at) {
    reader r = { .has = 0 };
    ol_str all = { text, len };
    ol_ini_at at = { 0, 0, "the file is longer than 1024 bytes: it is no key file" };
    ol_err err = OL_ELIMIT;
    if (len <= OL_KEYFILE_MAX)
        err = ol_titled_read("openline secret",
                             "the first line is not `openline secret v1`: this is no key file", all,
                             on_key, &r, &at);
    const char *why = err == OL_OK ? fault_of(&r) : NULL;
    if (why != NULL) {
        at = ol_titled_at(all, text, why);
        err = OL_EFORM;
    }
    if (err == OL_OK && (r.has & SEAL) != 0) {
        at = (ol_ini_at){ 0, 0, "a passphrase is needed: the keys are sealed" };
        err = pass == NULL ? OL_ESTATE : unseal(&r, pass, pass_len);
        if (err == OL_EAUTH)
            at.why = "wrong passphrase, or the file was changed";
        else if (err == OL_ENOMEM)
            at.why = "not enough memory to check the passphrase: the file's `memory` is needed";
        else if (err == OL_ELIMIT)
            at.why = "a passphrase has 1 to 1024 bytes";
    }
    if (err == OL_OK)
        *ret = r.key;
    else
        *ret_at = at;
    sodium_memzero(&r, sizeof r);
    return err;
}

/* ── writing ── */

static void put_hex(ol_wr *w, enum key which, const uint8_t *p, size_t n) {
    char hex[2 * (SECRETS_MAX * SECRET + TAG) + 1];
    OL_ASSERT(2 * n < sizeof hex);
    sodium_bin2hex(hex, sizeof hex, p, n);
    ol_titled_put(w, names[which].key, hex);
    sodium_memzero(hex, sizeof hex);
}

static ol_err put_sealed(ol_wr *w, const ol_keyfile *key, const ol_keyfile_seal *seal,
                         const uint8_t *plain, size_t len) {
    uint8_t k[SECRET], box[SECRETS_MAX * SECRET + TAG], ad[AD_MAX];
    ol_err err = stretch(seal, k);
    if (err == OL_OK) {
        crypto_aead_xchacha20poly1305_ietf_encrypt(box, NULL, plain, len, ad,
                                                   associated_data(key, ad), NULL, seal->nonce, k);
        ol_titled_put(w, names[K_KDF].key, "argon2id");
        ol_titled_put_number(w, names[K_PASSES].key, seal->passes);
        ol_titled_put_number(w, names[K_MEMORY].key, seal->kib);
        put_hex(w, K_SALT, seal->salt, sizeof seal->salt);
        put_hex(w, K_NONCE, seal->nonce, sizeof seal->nonce);
        put_hex(w, K_SEALED, box, len + TAG);
    }
    sodium_memzero(k, sizeof k);
    return err;
}

static bool is_sound(const ol_keyfile *key, const ol_keyfile_seal *seal) {
    bool is_station = key->kind == OL_KEYFILE_STATION;
    const char *end = memchr(key->party, '\0', sizeof key->party);
    return end != NULL && ol_name_is_valid(key->party, (size_t)(end - key->party)) &&
           is_station == (key->serial > 0) &&
           (seal == NULL ||
            (seal->passes >= OL_KEYFILE_PASSES_MIN && seal->passes <= OL_KEYFILE_PASSES_MAX &&
             seal->kib >= OL_KEYFILE_KIB_MIN && seal->kib <= OL_KEYFILE_KIB_MAX));
}

ol_err ol_keyfile_put(const ol_keyfile *key, const ol_keyfile_seal *seal, ol_wr *out) {
    static const char *const section[] = { "[identity]", "[station]", "[officer]" };
    OL_ASSERT(key->kind < OL_LEN(section));
    if (!is_sound(key, seal))
        return OL_EFORM;
    ol_keyfile copy = *key; /* secret_of takes what it may write to */
    uint8_t plain[SECRETS_MAX * SECRET];
    size_t len = 0;
    ol_wr w = *out;
    ol_titled_put_line(&w, "openline secret v1");
    ol_titled_put_line(&w, section[key->kind]);
    ol_titled_put(&w, names[K_PARTY].key, key->party);
    if (key->kind == OL_KEYFILE_STATION)
        ol_titled_put_number(&w, names[K_SERIAL].key, key->serial);
    for (unsigned i = K_SEED; i <= K_STATIC; i++) {
        if ((kinds[key->kind].plain & BIT(i)) == 0)
            continue;
        memcpy(plain + len, secret_of(&copy, (enum key)i), SECRET);
        if (seal == NULL)
            put_hex(&w, (enum key)i, plain + len, SECRET);
        len += SECRET;
    }
    ol_err err = seal == NULL ? OL_OK : put_sealed(&w, key, seal, plain, len);
    if (err == OL_OK)
        err = w.err;
    if (err == OL_OK)
        *out = w;
    ol_keyfile_wipe(&copy);
    sodium_memzero(plain, sizeof plain);
    return err;
}

void ol_keyfile_wipe(ol_keyfile *key) {
    if (key != NULL)
        sodium_memzero(key, sizeof *key);
}
