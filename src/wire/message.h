/* wire/message.h — the body of a message: bytes ↔ struct, its text still as it was sent.
 * Shape    [precedence, status, to, [0, text] / [1, compressed], ? lang, ? subject, ? ref, ? part]
 *          in deterministic CBOR; what is empty and last is left out. message/body.h has the text.
 * Rejected anything else, with a sentence for those who are shown that it cannot be read: it is
 *          stored and receipted all the same (§3.5).
 * Errors   OL_ESHORT, OL_EFORM, OL_ELIMIT; *ret as it was, *ret_why a static string.
 * Memory   strings are borrowed from the input; nothing is allocated.
 * Source   docs/PROTOCOL.md §4.1, §4.4 */
#ifndef OL_WIRE_MESSAGE_H
#define OL_WIRE_MESSAGE_H

#include "wire/ref.h"

enum { OL_SUBJECT_MAX = 200, OL_WORDS_MAX = 200, OL_PARTS_MAX = 99 };

typedef enum { OL_FLASH, OL_IMMEDIATE, OL_PRIORITY, OL_ROUTINE, OL_PRECEDENCES } ol_precedence;
typedef enum { OL_OPERATIONAL, OL_EXERCISE, OL_TEST, OL_STATUSES } ol_status;

typedef struct {
    uint8_t precedence, status;
    uint64_t to; /* 0 the watch, n the charter's n-th rung */
    bool is_compressed;
    ol_str text;    /* as sent */
    ol_str lang;    /* empty: the first of the author's languages */
    ol_str subject; /* empty: none */
    bool has_ref;
    ol_ref ref;
    uint8_t part, parts; /* 0, 0: whole */
} ol_message;

OL_MUST ol_err ol_message_decode(const uint8_t *body, size_t len, ol_message *ret,
                                 const char **ret_why);
/* Does not judge the message; w->err tells when it does not fit. */
void ol_message_encode(const ol_message *m, ol_wr *w);

/* Where it must stand (§4.2). */
ol_lane ol_message_lane(const ol_message *m);
/* NULL, or why it cannot be read on a line of so many parties and rungs, in this lane. */
const char *ol_message_misfit(const ol_message *m, ol_lane lane, unsigned parties, unsigned rungs);

/* Words of 1 to 8 of a-z A-Z 0-9 joined by '-' (BCP 47, no registry asked); or empty. */
bool ol_message_lang_is_valid(ol_str lang);

/* NULL, or why this text cannot be that of a message of this precedence: characters that no message
 * may hold, or more than OL_WORDS_MAX words in FLASH or IMMEDIATE. */
const char *ol_message_text_fault(unsigned precedence, ol_str text);

/* "flash" …, "operational" …; NULL for a number that is none. */
const char *ol_precedence_name(unsigned precedence);
const char *ol_status_name(unsigned status);

#endif
