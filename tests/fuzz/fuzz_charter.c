/* A charter that is accepted can be written and read again with the same meaning; what a party adds
 * to it is its signature and nothing else; a refusal says where and leaves the results alone. */
#include <string.h>

#include "record/charter.h"

static void check_refusal(const uint8_t *data, size_t size, const ol_ini_at *at) {
    unsigned lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    OL_ASSERT(at->line <= lines && at->why != NULL && at->why[0] != '\0');
    OL_ASSERT(at->line == 0 || at->column > 0);
}

static void check_text(const ol_charter *c) {
    static ol_charter again;
    static uint8_t text[OL_CHARTER_MAX];
    ol_ini_at at;
    ol_wr w = ol_wr_of(text, sizeof text);
    OL_ASSERT(ol_charter_put(c, &w, &at) == OL_OK);
    OL_ASSERT(ol_charter_parse((const char *)text, w.len, &again, &at) == OL_OK);
    memcpy(again.text_hash, c->text_hash, sizeof again.text_hash); /* comments are not written */
    memcpy(again.id, c->id, sizeof again.id);
    OL_ASSERT(memcmp(c, &again, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static ol_charter c, before, again;
    static uint8_t file[2 * OL_CHARTER_MAX];
    const char *in = size == 0 ? "" : (const char *)data;
    ol_ini_at at = { 0, 0, NULL };
    uint32_t missing = 77, later = 0;
    memset(&before, 0xA5, sizeof before), c = before;
    if (ol_charter_read(in, size, &c, &missing, &at) != OL_OK) {
        check_refusal(data, size, &at);
        OL_ASSERT(memcmp(&c, &before, sizeof c) == 0 && missing == 77);
        return 0;
    }
    check_text(&c);
    for (uint8_t n = 0; n < OL_PARTIES_MAX; n++) { /* the parties of the corpus */
        uint8_t seed[OL_SIGN_SEED_LEN];
        ol_sign_key key;
        memset(seed, 16 * n + 1, sizeof seed);
        ol_sign_key_of(seed, &key);
        int i = ol_charter_identity(&c, key.pub);
        if (i < 0 || (missing & UINT32_C(1) << i) == 0)
            continue;
        ol_wr w = ol_wr_of(file, sizeof file);
        ol_err err = ol_charter_sign(in, size, &key, &w, &at);
        if (err == OL_ELIMIT || err == OL_EFORM) /* the note would be too long, or not one */
            continue;
        OL_ASSERT(err == OL_OK && w.len > size && memcmp(file, in, size) == 0);
        OL_ASSERT(ol_charter_read((const char *)file, w.len, &again, &later, &at) == OL_OK);
        OL_ASSERT(memcmp(&c, &again, sizeof c) == 0);
        OL_ASSERT(later == (missing & ~(UINT32_C(1) << i)));
    }
    return 0;
}
