/* A note, a vkey or a checkpoint text that is taken has one encoding: put again, it is the input.
 * Of one key a note carries at most one line, and verifying says which of the known keys it is. */
#include <string.h>

#include "crypto/note.h"
#include "record/checkpoint.h"

static uint8_t again[OL_NOTE_MAX];

static void try_checkpoint(const char *p, size_t len) {
    char text[OL_CHECKPOINT_TEXT_MAX];
    ol_checkpoint cp;
    if (ol_checkpoint_get(p, len, &cp) != OL_OK)
        return;
    OL_ASSERT(ol_checkpoint_put(&cp, text) == len && memcmp(text, p, len) == 0);
}

static void try_vkey(const char *p, size_t len) {
    char s[OL_NOTE_VKEY_MAX + 1];
    ol_note_key key;
    if (ol_note_vkey_get(p, len, &key) != OL_OK)
        return;
    OL_ASSERT(ol_note_vkey_put(&key, s) == len && memcmp(s, p, len) == 0);
}

static void try_verify(const ol_note *note) {
    static const uint8_t seed[OL_SIGN_SEED_LEN] = { 1 };
    ol_sign_key signer;
    ol_note_key key[2];
    ol_note_sig sig[2] = { { .is_there = false }, { .is_there = false } };
    ol_sign_key_of(seed, &signer);
    OL_ASSERT(ol_note_key_of("a", 1, OL_NOTE_ED25519, signer.pub, &key[0]) == OL_OK);
    OL_ASSERT(ol_note_key_of("a", 1, OL_NOTE_COSIGNATURE, signer.pub, &key[1]) == OL_OK);
    ol_err err = ol_note_verify(note, key, 2, sig);
    OL_ASSERT((err == OL_OK) == (sig[0].is_there || sig[1].is_there));
    OL_ASSERT(err == OL_OK || err == OL_EAUTH || err == OL_ENOENT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static ol_note note;
    const char *p = size == 0 ? "" : (const char *)data;
    try_vkey(p, size);
    try_checkpoint(p, size);
    if (ol_note_parse(p, size, &note) != OL_OK)
        return 0;
    ol_wr w = ol_wr_of(again, sizeof again);
    ol_note_put_text(&w, note.text.p, note.text.len);
    for (size_t i = 0; i < note.sigs; i++) {
        ol_wr_put(&w, "\xe2\x80\x94 ", 4), ol_wr_put(&w, note.sig[i].name.p, note.sig[i].name.len);
        ol_wr_put(&w, " ", 1), ol_wr_put(&w, note.sig[i].base64.p, note.sig[i].base64.len);
        ol_wr_put(&w, "\n", 1);
    }
    OL_ASSERT(w.err == OL_OK && w.len == size && memcmp(again, p, size) == 0);
    OL_ASSERT(note.sigs >= 1 && note.text.p[note.text.len - 1] == '\n');
    try_checkpoint(note.text.p, note.text.len);
    try_verify(&note);
    return 0;
}
