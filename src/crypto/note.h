/* crypto/note.h — signed notes and verifier keys.
 * Note     text ending in U+000A | an empty line | 1..OL_NOTE_SIGS_MAX signature lines, each
 *          "— " (U+2014, space) name " " base64(key id[4] ‖ signature) U+000A. The last empty line
 *          ends the text. UTF-8, no control below U+0020 but newline, at most OL_NOTE_MAX bytes.
 * Names    not empty; no Unicode white space, no '+', no control. Of keys that we know or make, at
 *          most OL_NOTE_NAME_MAX bytes; other signers' names may be longer.
 * Key id   the first 4 bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key).
 * vkey     name '+' key id in 8 lower-case hex digits '+' base64(type ‖ public key).
 * Types    0x01 signs the text. 0x04 (cosignature/v1) signs "cosignature/v1\ntime <t>\n" ‖ text;
 *          its signature field is u64 t ‖ 64 bytes, t below 2^63.
 * Twice    the same name and id on two lines rejects the note.
 * Errors   OL_EFORM, OL_ELIMIT; OL_EAUTH a signature of a known key fails; OL_ENOENT no known key
 *          signed. On any error the results are as they were.
 * Memory   a parsed note borrows its bytes; nothing is allocated.
 * Source   C2SP signed-note v1.0.0, tlog-cosignature v1.0.1; docs/PROTOCOL.md §2.2, §3.3. */
#ifndef OL_CRYPTO_NOTE_H
#define OL_CRYPTO_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/sign.h"

enum {
    OL_NOTE_MAX = 65536, /* bytes of a whole note */
    OL_NOTE_SIGS_MAX = 64,
    OL_NOTE_NAME_MAX = 128,
    OL_NOTE_ID_LEN = 4,
    OL_NOTE_BLOB1_LEN = OL_NOTE_ID_LEN + OL_SIG_LEN,     /* what base64 holds, type 0x01 */
    OL_NOTE_BLOB4_LEN = OL_NOTE_ID_LEN + 8 + OL_SIG_LEN, /* type 0x04 */
    OL_NOTE_VKEY_MAX = OL_NOTE_NAME_MAX + 1 + 8 + 1 + 44,
    OL_COSIGN_TEXT_MAX = 512, /* of the note text that is cosigned: a checkpoint */
    OL_COSIGN_MESSAGE_MAX = 15 + 5 + 20 + 1 + OL_COSIGN_TEXT_MAX
};

typedef enum { OL_NOTE_ED25519 = 0x01, OL_NOTE_COSIGNATURE = 0x04 } ol_note_type;

typedef struct {
    char name[OL_NOTE_NAME_MAX + 1]; /* NUL-terminated */
    size_t name_len;
    ol_note_type type;
    uint8_t pub[OL_SIGN_PUB_LEN];
    uint8_t id[OL_NOTE_ID_LEN];
} ol_note_key; /* public */

bool ol_note_name_is_valid(const char *name, size_t len); /* at most OL_NOTE_NAME_MAX bytes */
OL_MUST ol_err ol_note_key_of(const char *name, size_t len, ol_note_type type,
                              const uint8_t pub[OL_SIGN_PUB_LEN], ol_note_key *ret);
/* vkeys; to has room for OL_NOTE_VKEY_MAX + 1, NUL-terminated, the length is returned. */
OL_MUST ol_err ol_note_vkey_get(const char *s, size_t len, ol_note_key *ret);
size_t ol_note_vkey_put(const ol_note_key *key, char *to);

typedef struct {
    ol_str text; /* its final newline included */
    size_t sigs;
    struct {
        ol_str name;
        ol_str base64; /* canonical, at least 5 bytes decoded */
        uint8_t id[OL_NOTE_ID_LEN];
    } sig[OL_NOTE_SIGS_MAX];
} ol_note;

OL_MUST ol_err ol_note_parse(const char *p, size_t len, ol_note *ret);

typedef struct {
    bool is_there;
    uint64_t time; /* type 0x04: seconds since 1970; else 0 */
    uint8_t sig[OL_SIG_LEN];
} ol_note_sig;

/* Verifies every line whose name and id are those of key[i]; others are ignored. ret has one
 * element per key; keys is at most OL_NOTE_SIGS_MAX (asserted). */
OL_MUST ol_err ol_note_verify(const ol_note *note, const ol_note_key *key, size_t keys,
                              ol_note_sig *ret);

/* The bytes that a type 0x04 key signs over a note text. Returns the length; text_len is at most
 * OL_COSIGN_TEXT_MAX (asserted). */
size_t ol_note_cosign_message(uint64_t time, const char *text, size_t text_len,
                              uint8_t ret[OL_COSIGN_MESSAGE_MAX]);

/* Building: the text with its empty line, then one line per signature (time: type 0x04 only).
 * A text that could not be parsed back sets w->err to OL_EFORM. */
void ol_note_put_text(ol_wr *w, const char *text, size_t len);
void ol_note_put_sig(ol_wr *w, const ol_note_key *key, uint64_t time,
                     const uint8_t sig[OL_SIG_LEN]);

#endif
