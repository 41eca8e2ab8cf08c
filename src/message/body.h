/* message/body.h — a message as people write and read it ↔ the body of an entry.
 * Text     UTF-8 as §2.1 wants it, but with newlines; in FLASH and IMMEDIATE at most OL_WORDS_MAX
 *          words (base/text.h). It is sent compressed (brotli, quality 11, window 16 bits) where
 *          that is shorter.
 * Limits   a body is at most OL_BODY_MAX bytes, so that seen and read have room in its entry; a
 *          text comes out of it at most OL_TEXT_MAX bytes long, through a window of 16 bits, and
 *          its stream ends exactly with its input.
 * Errors   OL_EFORM, OL_ELIMIT, OL_ENOMEM; *ret_why then says in a sentence what was wrong and, for
 *          what is to be sent, what to do. Results are as they were.
 * Memory   the codecs draw from the C heap (about 3 MiB for a long text to be compressed, 200 KiB
 *          for one to be read) and give all of it back.
 * Source   docs/PROTOCOL.md §4.4; RFC 7932 */
#ifndef OL_MESSAGE_BODY_H
#define OL_MESSAGE_BODY_H

#include "wire/message.h"

enum {
    OL_BODY_MAX = 1792,
    OL_TEXT_MAX = 16384,
    OL_LONG_TEXT_MAX = 262144, /* bytes that may be cut into parts */
    OL_BODY_WHY_MAX = 200
};

typedef struct {
    char text[OL_BODY_WHY_MAX]; /* NUL-terminated */
} ol_body_why;

/* m->text is the text itself (is_compressed false). OL_ELIMIT with the text too long for one entry:
 * cut it (ol_body_cut). */
OL_MUST ol_err ol_body_put(const ol_message *m, uint8_t ret[OL_BODY_MAX], size_t *ret_len,
                           ol_body_why *ret_why);

/* One body after the other, 1 to OL_PARTS_MAX; returning other than OL_OK stops and is returned. */
typedef ol_err ol_body_fn(void *ctx, const uint8_t *body, size_t len, unsigned part,
                          unsigned parts);
/* The message in one entry, or in as few parts as fit, cut after a space or newline where there is
 * one, never inside a character. The parts' texts, one after the other, are the text. m->part is 0.
 * Nothing is given to fn before all of it is known to fit. */
OL_MUST ol_err ol_body_cut(const ol_message *m, ol_body_fn *fn, void *ctx, ol_body_why *ret_why);

/* Reads a body; the text, decompressed, lies in room or, where it was sent plain, in body. *ret_why
 * is a static string, why it cannot be read. */
OL_MUST ol_err ol_body_get(const uint8_t *body, size_t len, uint8_t room[OL_TEXT_MAX],
                           ol_message *ret, const char **ret_why);

/* The same for a message that was decoded already: only what became of its text is looked at. */
OL_MUST ol_err ol_body_text(ol_message *m, uint8_t room[OL_TEXT_MAX], const char **ret_why);

#endif
