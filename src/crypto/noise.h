/* crypto/noise.h — Noise handshakes between two stations whose static keys each knows already.
 * Patterns  KK, K, KKpsk0, KKpsk2, Kpsk0 with 25519_ChaChaPoly_SHA256. openline uses KKpsk0 (a
 *           path) and Kpsk0 (a bundle); the others are here because public vectors cover them.
 *             KK  -> e, es, ss   <- e, ee, se        K  -> e, es, ss
 *           psk0 mixes the psk in before message 1, psk2 after the last token of message 2.
 * Static    The private static key never comes in: a DH with it is done by whoever holds it, and
 *           its 32-byte result is handed in. An all-zero result (a small-order point) is OL_EAUTH.
 *             initiator  write1: ss = DH(s, rs); read2: se = DH(s, re), re by peek of message 2
 *             responder  read1: es = DH(s, re), re by peek of message 1, and ss = DH(s, rs)
 *           Ephemeral private keys are handed in too: 32 random bytes, used for one message only.
 * Shape     message = 32 bytes e ‖ ciphertext of the payload ‖ 16 bytes tag; at most 65,535 bytes.
 * State     ol_noise is a plain value: copy it, wipe it. A read or write that fails leaves it as
 *           it was, so a forged message 2 costs the handshake nothing. After success of
 *             initiator KK   write1, read2     responder KK   read1, write2
 *             initiator K    write1            responder K    read1
 *           it is done: split and hash may be called. A call out of turn is OL_ESTATE.
 * Output    is added to a writer. When the writer has no room for it: OL_ELIMIT. On failure the
 *           writer is as it was, but bytes of its free room may have been zeroed. In place is
 *           allowed: the payload or ciphertext may lie exactly where its own result goes, else no
 *           overlap.
 * Errors    OL_ESHORT, OL_ELIMIT length; OL_EAUTH tag or zero DH; OL_ESTATE out of turn.
 * Memory    allocates nothing, keeps no pointer.
 * Source    The Noise Protocol Framework, revision 34, §5, §7, §9; docs/PROTOCOL.md §5.1. */
#ifndef OL_CRYPTO_NOISE_H
#define OL_CRYPTO_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

enum {
    OL_NOISE_KEY_LEN = 32, /* X25519 keys and results, psk, cipher keys, handshake hash */
    OL_NOISE_TAG_LEN = 16,
    OL_NOISE_OVERHEAD = OL_NOISE_KEY_LEN + OL_NOISE_TAG_LEN, /* of a handshake message */
    OL_NOISE_MESSAGE_MAX = 65535,
};

typedef enum {
    OL_NOISE_KK,
    OL_NOISE_K,
    OL_NOISE_KKPSK0,
    OL_NOISE_KKPSK2,
    OL_NOISE_KPSK0,
    OL_NOISE_PATTERNS /* how many */
} ol_noise_pattern;

typedef struct { /* borrowed during ol_noise_init only */
    ol_noise_pattern pattern;
    bool is_initiator;
    const uint8_t *prologue;
    size_t prologue_len;
    const uint8_t *s;   /* own static public key, 32 bytes */
    const uint8_t *rs;  /* the other's static public key, 32 bytes */
    const uint8_t *psk; /* 32 bytes; NULL exactly for KK and K (asserted) */
} ol_noise_setup;

typedef struct {
    uint8_t ck[OL_NOISE_KEY_LEN], h[OL_NOISE_KEY_LEN], k[OL_NOISE_KEY_LEN];
    uint8_t psk[OL_NOISE_KEY_LEN];
    uint8_t rs[OL_NOISE_KEY_LEN]; /* the other's static public key */
    uint8_t e[OL_NOISE_KEY_LEN];  /* own ephemeral private key: initiator, between the messages */
    uint8_t re[OL_NOISE_KEY_LEN]; /* the other's ephemeral public key: responder, likewise */
    uint64_t n;                   /* next nonce under k */
    uint8_t pattern, phase;
    bool is_initiator;
} ol_noise;

void ol_noise_init(ol_noise *hs, const ol_noise_setup *setup);
void ol_noise_wipe(ol_noise *hs); /* takes NULL; afterwards every call is OL_ESTATE */

/* A static public key that a card may name: canonical (below 2^255-19) and not of small order. */
bool ol_noise_pub_is_valid(const uint8_t pub[OL_NOISE_KEY_LEN]);

/* The ephemeral public key at the front of message 1 or 2, as it came: nothing is verified yet. */
OL_MUST ol_err ol_noise_peek(const uint8_t *msg, size_t len, uint8_t ret_e[OL_NOISE_KEY_LEN]);

OL_MUST ol_err ol_noise_write1(ol_noise *hs, const uint8_t e[OL_NOISE_KEY_LEN],
                               const uint8_t ss[OL_NOISE_KEY_LEN], const uint8_t *payload,
                               size_t len, ol_wr *out);
OL_MUST ol_err ol_noise_read1(ol_noise *hs, const uint8_t es[OL_NOISE_KEY_LEN],
                              const uint8_t ss[OL_NOISE_KEY_LEN], const uint8_t *msg, size_t len,
                              ol_wr *out);
OL_MUST ol_err ol_noise_write2(ol_noise *hs, const uint8_t e[OL_NOISE_KEY_LEN],
                               const uint8_t *payload, size_t len, ol_wr *out);
OL_MUST ol_err ol_noise_read2(ol_noise *hs, const uint8_t se[OL_NOISE_KEY_LEN], const uint8_t *msg,
                              size_t len, ol_wr *out);

/* The two transport keys. After K only the initiator's ret_tx, the responder's ret_rx, may be
 * used. hs stays done; wipe it afterwards. */
OL_MUST ol_err ol_noise_split(const ol_noise *hs, uint8_t ret_tx[OL_NOISE_KEY_LEN],
                              uint8_t ret_rx[OL_NOISE_KEY_LEN]);
/* The handshake hash, equal on both sides and unique to the session (§11.2). */
OL_MUST ol_err ol_noise_hash(const ol_noise *hs, uint8_t ret[OL_NOISE_KEY_LEN]);

/* Transport: len bytes of payload ↔ len + 16 bytes, under nonce n. A nonce is used once per key;
 * 2^64-1 is reserved (§5.1): OL_ELIMIT. Order and replays are the caller's (crypto/replay.h). */
OL_MUST ol_err ol_noise_seal(const uint8_t key[OL_NOISE_KEY_LEN], uint64_t n, const uint8_t *ad,
                             size_t ad_len, const uint8_t *payload, size_t len, ol_wr *out);
OL_MUST ol_err ol_noise_open(const uint8_t key[OL_NOISE_KEY_LEN], uint64_t n, const uint8_t *ad,
                             size_t ad_len, const uint8_t *msg, size_t len, ol_wr *out);

#endif
