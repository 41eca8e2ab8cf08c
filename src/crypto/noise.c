#include "crypto/noise.h"

#include <string.h>

#include <sodium.h>

#include "crypto/hash.h"

enum { KEY = OL_NOISE_KEY_LEN, TAG = OL_NOISE_TAG_LEN };
_Static_assert(KEY == crypto_scalarmult_BYTES && KEY == crypto_scalarmult_SCALARBYTES, "X25519");
_Static_assert(KEY == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "cipher key");
_Static_assert(TAG == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag");
_Static_assert((size_t)KEY == OL_HASH_LEN, "HASHLEN is DHLEN is the key length: no truncation");

enum phase {
    PH_NONE,  /* wiped */
    PH_START, /* nothing sent or received */
    PH_SENT1, /* KK initiator, waiting for message 2 */
    PH_GOT1,  /* KK responder, to write message 2 */
    PH_DONE
};

static const struct pattern {
    const char *name;
    bool is_oneway;
    signed char psk_at; /* 0: before message 1, 2: after message 2, -1: none */
} patterns[OL_NOISE_PATTERNS] = {
    [OL_NOISE_KK] = { "Noise_KK_25519_ChaChaPoly_SHA256", false, -1 },
    [OL_NOISE_K] = { "Noise_K_25519_ChaChaPoly_SHA256", true, -1 },
    [OL_NOISE_KKPSK0] = { "Noise_KKpsk0_25519_ChaChaPoly_SHA256", false, 0 },
    [OL_NOISE_KKPSK2] = { "Noise_KKpsk2_25519_ChaChaPoly_SHA256", false, 2 },
    [OL_NOISE_KPSK0] = { "Noise_Kpsk0_25519_ChaChaPoly_SHA256", true, 0 },
};

/* ── cipher ──────────────────────────────────────────────────────────────────────────────────── */

static void put_nonce(uint64_t n, uint8_t to[crypto_aead_chacha20poly1305_ietf_NPUBBYTES]) {
    memset(to, 0, 4);
    for (unsigned i = 0; i < 8; i++)
        to[4 + i] = (uint8_t)(n >> 8 * i); /* little-endian: §12.3 */
}

/* The next n bytes of out, claimed; NULL and out as it was when there is no room. */
static uint8_t *claim(ol_wr *out, size_t n) {
    if (out->err != OL_OK || n > out->cap - out->len)
        return NULL;
    out->len += n;
    return out->p + out->len - n;
}

ol_err ol_noise_seal(const uint8_t key[KEY], uint64_t n, const uint8_t *ad, size_t ad_len,
                     const uint8_t *payload, size_t len, ol_wr *out) {
    if (n == UINT64_MAX || len > OL_NOISE_MESSAGE_MAX - TAG)
        return OL_ELIMIT;
    uint8_t *c = claim(out, len + TAG);
    if (c == NULL)
        return OL_ELIMIT;
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    put_nonce(n, nonce);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(c, NULL, payload, len, ad, ad_len, NULL, nonce,
                                                    key); /* cannot fail */
    return OL_OK;
}

ol_err ol_noise_open(const uint8_t key[KEY], uint64_t n, const uint8_t *ad, size_t ad_len,
                     const uint8_t *msg, size_t len, ol_wr *out) {
    if (len < TAG)
        return OL_ESHORT;
    if (n == UINT64_MAX || len > OL_NOISE_MESSAGE_MAX)
        return OL_ELIMIT;
    uint8_t *m = claim(out, len - TAG);
    if (m == NULL)
        return OL_ELIMIT;
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    put_nonce(n, nonce);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(m, NULL, NULL, msg, len, ad, ad_len, nonce,
                                                  key) != 0) {
        out->len -= len - TAG;
        return OL_EAUTH;
    }
    return OL_OK;
}

/* ── symmetric state (§5.2) ──────────────────────────────────────────────────────────────────── */

/* HKDF of §4.3 is RFC 5869 with ck as salt and no info: its outputs are one expansion, cut. */
static void mix(ol_noise *hs, const uint8_t *in, size_t len, uint8_t *ret, size_t ret_len) {
    uint8_t prk[KEY];
    ol_hash_hkdf_extract(hs->ck, KEY, &(ol_part){ in, len }, 1, prk);
    ol_hash_hkdf_expand(prk, NULL, 0, ret, ret_len);
    sodium_memzero(prk, sizeof prk);
}

static void mix_key(ol_noise *hs, const uint8_t in[KEY]) {
    uint8_t okm[2 * KEY];
    mix(hs, in, KEY, okm, sizeof okm);
    memcpy(hs->ck, okm, KEY);
    memcpy(hs->k, okm + KEY, KEY);
    hs->n = 0;
    sodium_memzero(okm, sizeof okm);
}

static void mix_hash(ol_noise *hs, const uint8_t *p, size_t len) {
    ol_part parts[] = { { hs->h, KEY }, { p, len } };
    ol_hash_sha256_parts(parts, OL_LEN(parts), hs->h); /* outputs may overlap inputs */
}

static void mix_psk(ol_noise *hs) { /* MixKeyAndHash(psk) */
    uint8_t okm[3 * KEY];
    mix(hs, hs->psk, KEY, okm, sizeof okm);
    memcpy(hs->ck, okm, KEY);
    mix_hash(hs, okm + KEY, KEY);
    memcpy(hs->k, okm + 2 * KEY, KEY);
    hs->n = 0;
    sodium_memzero(okm, sizeof okm);
}

/* Token e. In psk patterns the key is mixed too: else the psk alone would fix k (§9.2). */
static void mix_e(ol_noise *hs, const uint8_t e[KEY]) {
    mix_hash(hs, e, KEY);
    if (patterns[hs->pattern].psk_at >= 0)
        mix_key(hs, e);
}

/* A DH done elsewhere. All zero: the other's key has small order, the secret is known to all. */
static ol_err mix_result(ol_noise *hs, const uint8_t dh[KEY]) {
    if (sodium_is_zero(dh, KEY))
        return OL_EAUTH;
    mix_key(hs, dh);
    return OL_OK;
}

static ol_err mix_dh(ol_noise *hs, const uint8_t priv[KEY], const uint8_t pub[KEY]) {
    uint8_t dh[KEY];
    ol_err err = OL_EAUTH;
    if (crypto_scalarmult(dh, priv, pub) == 0)
        err = mix_result(hs, dh);
    sodium_memzero(dh, sizeof dh);
    return err;
}

/* EncryptAndHash and DecryptAndHash. Both are called at most once per MixKey here, so n is 0, but
 * it is counted all the same. The ciphertext is hashed before an in-place decryption
 * overwrites it. */
static ol_err encrypt(ol_noise *hs, const uint8_t *payload, size_t len, ol_wr *out) {
    ol_err err = ol_noise_seal(hs->k, hs->n, hs->h, KEY, payload, len, out);
    if (err != OL_OK)
        return err;
    hs->n++;
    mix_hash(hs, out->p + out->len - len - TAG, len + TAG);
    return OL_OK;
}

static ol_err decrypt(ol_noise *hs, const uint8_t *c, size_t len, ol_wr *out) {
    uint8_t ad[KEY];
    memcpy(ad, hs->h, KEY);
    mix_hash(hs, c, len);
    ol_err err = ol_noise_open(hs->k, hs->n, ad, KEY, c, len, out);
    if (err == OL_OK)
        hs->n++;
    return err;
}

/* ── handshake (§7.4) ────────────────────────────────────────────────────────────────────────── */

void ol_noise_init(ol_noise *hs, const ol_noise_setup *setup) {
    OL_ASSERT(setup->pattern < OL_NOISE_PATTERNS);
    const struct pattern *p = &patterns[setup->pattern];
    OL_ASSERT((setup->psk != NULL) == (p->psk_at >= 0));
    *hs = (ol_noise){ .pattern = (uint8_t)setup->pattern,
                      .phase = PH_START,
                      .is_initiator = setup->is_initiator };
    size_t len = strlen(p->name);
    if (len <= KEY)
        memcpy(hs->h, p->name, len);
    else
        ol_hash_sha256(p->name, len, hs->h);
    memcpy(hs->ck, hs->h, KEY);
    mix_hash(hs, setup->prologue, setup->prologue_len);
    mix_hash(hs, setup->is_initiator ? setup->s : setup->rs, KEY); /* -> s */
    mix_hash(hs, setup->is_initiator ? setup->rs : setup->s, KEY); /* <- s */
    memcpy(hs->rs, setup->rs, KEY);
    if (setup->psk != NULL)
        memcpy(hs->psk, setup->psk, KEY);
}

void ol_noise_wipe(ol_noise *hs) {
    if (hs != NULL)
        sodium_memzero(hs, sizeof *hs);
}

bool ol_noise_pub_is_valid(const uint8_t pub[KEY]) {
    uint8_t p[KEY]; /* 2^255-19, little-endian */
    memset(p, 0xff, KEY);
    p[0] = 0xed;
    p[KEY - 1] = 0x7f;
    const uint8_t any[KEY] = { 8 };
    uint8_t dh[KEY];
    return sodium_compare(pub, p, KEY) < 0 && crypto_scalarmult(dh, any, pub) == 0;
}

ol_err ol_noise_peek(const uint8_t *msg, size_t len, uint8_t ret_e[KEY]) {
    if (len < OL_NOISE_OVERHEAD)
        return OL_ESHORT;
    if (len > OL_NOISE_MESSAGE_MAX)
        return OL_ELIMIT;
    memcpy(ret_e, msg, KEY);
    return OL_OK;
}

static bool is_at(const ol_noise *hs, bool is_initiator, enum phase phase) {
    return hs->phase == phase && hs->is_initiator == is_initiator;
}

/* Commits next over hs, or forgets it; either way no copy of the state stays behind. */
static ol_err settle(ol_noise *hs, ol_noise *next, ol_err err, enum phase phase) {
    if (err == OL_OK) {
        next->phase = (uint8_t)phase;
        if (phase == PH_DONE) {
            sodium_memzero(next->e, KEY);
            sodium_memzero(next->psk, KEY);
        }
        *hs = *next;
    }
    sodium_memzero(next, sizeof *next);
    return err;
}

/* Room for a whole message of this payload, so that nothing is written when it cannot be
 * finished. */
static bool has_room(const ol_wr *out, size_t len) {
    return out->err == OL_OK && len <= OL_NOISE_MESSAGE_MAX - OL_NOISE_OVERHEAD &&
           out->cap - out->len >= len + OL_NOISE_OVERHEAD;
}

ol_err ol_noise_write1(ol_noise *hs, const uint8_t e[KEY], const uint8_t ss[KEY],
                       const uint8_t *payload, size_t len, ol_wr *out) {
    if (!is_at(hs, true, PH_START))
        return OL_ESTATE;
    if (!has_room(out, len))
        return OL_ELIMIT;
    const struct pattern *p = &patterns[hs->pattern];
    ol_noise next = *hs;
    ol_wr w = *out;
    uint8_t *e_at = claim(&w, KEY);
    uint8_t e_pub[KEY];
    (void)crypto_scalarmult_base(e_pub, e);
    if (p->psk_at == 0)
        mix_psk(&next);
    mix_e(&next, e_pub);
    memcpy(next.e, e, KEY);
    ol_err err = mix_dh(&next, e, next.rs); /* es */
    if (err == OL_OK)
        err = mix_result(&next, ss);
    if (err == OL_OK)
        err = encrypt(&next, payload, len, &w);
    if (err == OL_OK) {
        memcpy(e_at, e_pub, KEY);
        *out = w;
    }
    return settle(hs, &next, err, p->is_oneway ? PH_DONE : PH_SENT1);
}

ol_err ol_noise_read1(ol_noise *hs, const uint8_t es[KEY], const uint8_t ss[KEY],
                      const uint8_t *msg, size_t len, ol_wr *out) {
    if (!is_at(hs, false, PH_START))
        return OL_ESTATE;
    const struct pattern *p = &patterns[hs->pattern];
    ol_noise next = *hs;
    ol_err err = ol_noise_peek(msg, len, next.re);
    if (err == OL_OK) {
        if (p->psk_at == 0)
            mix_psk(&next);
        mix_e(&next, next.re);
        err = mix_result(&next, es);
    }
    if (err == OL_OK)
        err = mix_result(&next, ss);
    if (err == OL_OK)
        err = decrypt(&next, msg + KEY, len - KEY, out);
    return settle(hs, &next, err, p->is_oneway ? PH_DONE : PH_GOT1);
}

ol_err ol_noise_write2(ol_noise *hs, const uint8_t e[KEY], const uint8_t *payload, size_t len,
                       ol_wr *out) {
    if (!is_at(hs, false, PH_GOT1))
        return OL_ESTATE;
    if (!has_room(out, len))
        return OL_ELIMIT;
    ol_noise next = *hs;
    ol_wr w = *out;
    uint8_t *e_at = claim(&w, KEY);
    uint8_t e_pub[KEY];
    (void)crypto_scalarmult_base(e_pub, e);
    mix_e(&next, e_pub);
    ol_err err = mix_dh(&next, e, next.re); /* ee */
    if (err == OL_OK)
        err = mix_dh(&next, e, next.rs); /* se */
    if (err == OL_OK && patterns[hs->pattern].psk_at == 2)
        mix_psk(&next);
    if (err == OL_OK)
        err = encrypt(&next, payload, len, &w);
    if (err == OL_OK) {
        memcpy(e_at, e_pub, KEY);
        *out = w;
    }
    return settle(hs, &next, err, PH_DONE);
}

ol_err ol_noise_read2(ol_noise *hs, const uint8_t se[KEY], const uint8_t *msg, size_t len,
                      ol_wr *out) {
    if (!is_at(hs, true, PH_SENT1))
        return OL_ESTATE;
    ol_noise next = *hs;
    ol_err err = ol_noise_peek(msg, len, next.re);
    if (err == OL_OK) {
        mix_e(&next, next.re);
        err = mix_dh(&next, next.e, next.re); /* ee */
    }
    if (err == OL_OK)
        err = mix_result(&next, se);
    if (err == OL_OK && patterns[hs->pattern].psk_at == 2)
        mix_psk(&next);
    if (err == OL_OK)
        err = decrypt(&next, msg + KEY, len - KEY, out);
    return settle(hs, &next, err, PH_DONE);
}

ol_err ol_noise_split(const ol_noise *hs, uint8_t ret_tx[KEY], uint8_t ret_rx[KEY]) {
    if (hs->phase != PH_DONE)
        return OL_ESTATE;
    uint8_t prk[KEY], okm[2 * KEY];
    ol_hash_hkdf_extract(hs->ck, KEY, NULL, 0, prk);
    ol_hash_hkdf_expand(prk, NULL, 0, okm, sizeof okm);
    memcpy(ret_tx, okm + (hs->is_initiator ? 0 : KEY), KEY);
    memcpy(ret_rx, okm + (hs->is_initiator ? KEY : 0), KEY);
    sodium_memzero(prk, sizeof prk);
    sodium_memzero(okm, sizeof okm);
    return OL_OK;
}

ol_err ol_noise_hash(const ol_noise *hs, uint8_t ret[KEY]) {
    if (hs->phase != PH_DONE)
        return OL_ESTATE;
    memcpy(ret, hs->h, KEY);
    return OL_OK;
}
