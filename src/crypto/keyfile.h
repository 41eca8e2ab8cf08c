/* crypto/keyfile.h — the file that holds a party's secret keys, plain or under a passphrase.
 * Kinds    identity: the identity seed alone, so that it can be kept offline; officer: the seed
 *          with which one officer signs, in that officer's hands, [officer] for [identity];
 *          station: log seed, receipt seed, X25519 private key, and the serial of the card that
 *          names their public keys.
 * Shape    title line, then the grammar of base/ini.h, every key in it, one section:
 *            openline secret v1          openline secret v1
 *            [identity]                  [station]
 *            party = usa                 party = usa
 *            seed = <64 hex>             serial = 1
 *                                        log = <64 hex>
 *                                        receipt = <64 hex>
 *                                        static = <64 hex>
 *          Sealed, the secrets' lines give way to
 *            kdf = argon2id
 *            passes = 3                  OL_KEYFILE_PASSES_MIN to …_MAX
 *            memory = 262144             KiB, OL_KEYFILE_KIB_MIN to …_MAX
 *            salt = <32 hex>
 *            nonce = <48 hex>
 *            sealed = <hex of ciphertext and tag>
 *          key = Argon2id 1.3(passphrase, salt, passes, memory, one lane), 32 bytes; sealed =
 *          XChaCha20-Poly1305(key, nonce, the secrets' 32 bytes each in the order above).
 *          Associated data is `openline secret v1` ‖ 0x0A ‖ kind ‖ 0x0A ‖ party ‖ 0x0A ‖ u32
 *          serial. A stolen file thus costs one Argon2id a guess; a changed one does not open.
 * Limits   the bounds on passes and memory hold for reading too: a file cannot make its reader
 *          spend more. A passphrase is 1 to OL_KEYFILE_PASS_MAX bytes.
 * Errors   OL_EFORM, OL_ELIMIT with *ret_at; OL_ESTATE sealed and no passphrase given; OL_EAUTH
 *          wrong passphrase or changed file; OL_ENOMEM Argon2id got no memory; OL_EVERSION a later
 *          title. On any error *ret is untouched and nothing secret is left behind.
 * Memory   crypto_pwhash takes and gives back memory of its own; nothing else allocates.
 * Source   RFC 9106; libsodium's crypto_pwhash, crypto_aead_xchacha20poly1305_ietf. */
#ifndef OL_CRYPTO_KEYFILE_H
#define OL_CRYPTO_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/ini.h"
#include "base/text.h"

enum {
    OL_KEYFILE_SALT_LEN = 16,
    OL_KEYFILE_NONCE_LEN = 24,
    OL_KEYFILE_PASSES_MIN = 1,
    OL_KEYFILE_PASSES_MAX = 16,
    OL_KEYFILE_PASSES = 3, /* for new files */
    OL_KEYFILE_KIB_MIN = 8192,
    OL_KEYFILE_KIB_MAX = 1048576,
    OL_KEYFILE_KIB = 262144, /* for new files: 256 MiB, under a second */
    OL_KEYFILE_PASS_MAX = 1024,
    OL_KEYFILE_MAX = 1024, /* bytes of a file */
};

typedef enum { OL_KEYFILE_IDENTITY, OL_KEYFILE_STATION, OL_KEYFILE_OFFICER } ol_keyfile_kind;

typedef struct { /* secret: locked memory, ol_keyfile_wipe */
    ol_keyfile_kind kind;
    char party[OL_NAME_MAX + 1];
    uint32_t serial;                              /* station; 0 for the others */
    uint8_t identity[32];                         /* identity, officer: the seed */
    uint8_t log[32], receipt[32], static_key[32]; /* station: two seeds, an X25519 private key */
} ol_keyfile;

typedef struct {
    const uint8_t *pass;
    size_t pass_len;
    uint32_t passes, kib;
    uint8_t salt[OL_KEYFILE_SALT_LEN];   /* random, handed in */
    uint8_t nonce[OL_KEYFILE_NONCE_LEN]; /* random, handed in */
} ol_keyfile_seal;

/* seal NULL: plain. Output is added to out, whose room OL_KEYFILE_MAX suffices; OL_ELIMIT
 * without. */
OL_MUST ol_err ol_keyfile_put(const ol_keyfile *key, const ol_keyfile_seal *seal, ol_wr *out);
/* pass may be NULL for a plain file; given for a plain file it is ignored. */
OL_MUST ol_err ol_keyfile_get(const char *text, size_t len, const uint8_t *pass, size_t pass_len,
                              ol_keyfile *ret, ol_ini_at *ret_at);
void ol_keyfile_wipe(ol_keyfile *key); /* takes NULL */

#endif
