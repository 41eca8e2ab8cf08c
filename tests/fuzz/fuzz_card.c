/* A card's text that is accepted can be written and read again as the same card; a refusal says
 * where, in a sentence, and leaves the result alone. A note is a card only if its text is one. */
#include <string.h>

#include "record/card.h"

static void check_refusal(const uint8_t *data, size_t size, const ol_ini_at *at) {
    unsigned lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    OL_ASSERT(at->line <= lines && at->why != NULL && at->why[0] != '\0');
    OL_ASSERT(at->line == 0 || at->column > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static ol_card card, before, again;
    static uint8_t text[OL_CARD_TEXT_MAX];
    const char *in = size == 0 ? "" : (const char *)data;
    ol_ini_at at = { 0, 0, NULL };
    memset(&before, 0xA5, sizeof before), card = before;
    if (ol_card_parse(in, size, &card, &at) == OL_OK) {
        ol_wr w = ol_wr_of(text, sizeof text);
        OL_ASSERT(ol_card_put(&card, &w) == OL_OK);
        OL_ASSERT(ol_card_parse((const char *)text, w.len, &again, &at) == OL_OK);
        OL_ASSERT(memcmp(&card, &again, sizeof card) == 0);
    } else {
        check_refusal(data, size, &at);
        OL_ASSERT(memcmp(&card, &before, sizeof card) == 0);
    }
    card = before;
    if (ol_card_read(in, size, &card, &at) != OL_OK) {
        check_refusal(data, size, &at);
        OL_ASSERT(memcmp(&card, &before, sizeof card) == 0);
        return 0;
    }
    ol_note note;
    OL_ASSERT(ol_note_parse(in, size, &note) == OL_OK);
    OL_ASSERT(ol_card_parse(note.text.p, note.text.len, &again, &at) == OL_OK);
    OL_ASSERT(memcmp(&card, &again, sizeof card) == 0);
    return 0;
}
