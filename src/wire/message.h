/* wire/message.h — the body of a message: bytes ↔ struct, its text still as it was sent.
 * Shape    [precedence, status, to, [0, text] / [1, compressed], ? lang, ? subject, ? ref, ? part,
 *          ? sort, ? asks, ? action, ? info, ? grade, …] in deterministic CBOR; what is empty and
 *          last is left out. message/body.h has the text.
 * Rejected anything else, with a sentence for those who are shown that it cannot be read: it is
 *          stored and receipted all the same (§3.5).
 * Errors   OL_ESHORT, OL_EFORM, OL_ELIMIT; *ret as it was, *ret_why a static string.
 * Memory   strings are borrowed from the input; nothing is allocated.
 * Source   docs/PROTOCOL.md §4.1, §4.4, §4.7; vectors in tests/vectors/message.txt */
#ifndef OL_WIRE_MESSAGE_H
#define OL_WIRE_MESSAGE_H

#include "wire/ref.h"

enum { OL_SUBJECT_MAX = 200, OL_WORDS_MAX = 200, OL_PARTS_MAX = 99, OL_MESSAGE_LANG_MAX = 35 };

typedef enum { OL_FLASH, OL_IMMEDIATE, OL_PRIORITY, OL_ROUTINE, OL_PRECEDENCES } ol_precedence;
typedef enum { OL_OPERATIONAL, OL_EXERCISE, OL_TEST, OL_STATUSES } ol_status;

typedef enum {
    OL_SORT_TRAFFIC,
    OL_SORT_SERVICE,     /* operators about the circuit */
    OL_SORT_CORRECTION,  /* of a message of the author's own */
    OL_SORT_READBACK,    /* of a message of another party's */
    OL_SORT_TRANSLATION, /* of any message, into lang */
    OL_SORTS
} ol_sort;
typedef enum {
    OL_GRADE_NONE,
    OL_GRADE_SIGHT,
    OL_GRADE_ROUGH,
    OL_GRADE_OFFICIAL,
    OL_GRADES
} ol_grade;
enum { OL_ASKS_READBACK = 1 }; /* a bit; others are kept and mean nothing here */

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
    uint8_t sort, grade;
    uint64_t asks;
    uint16_t action, info;   /* party p has bit p; action 0: all other members must act */
    uint8_t info_precedence; /* where info is not 0 */
} ol_message;

OL_MUST ol_err ol_message_decode(const uint8_t *body, size_t len, ol_message *ret,
                                 const char **ret_why);
/* Does not judge the message; w->err tells when it does not fit. */
void ol_message_encode(const ol_message *m, ol_wr *w);

/* Where it must stand (§4.2). */
ol_lane ol_message_lane(const ol_message *m);
/* NULL, or why it cannot be read as a word of `author` on a line of so many parties and rungs, in
 * this lane. */
const char *ol_message_misfit(const ol_message *m, unsigned author, ol_lane lane, unsigned parties,
                              unsigned rungs);
/* Must this party answer a message of `author`? Whether it is a member is not judged. */
static inline bool ol_message_is_to_act(const ol_message *m, unsigned author, unsigned party) {
    if (party == author || (m->info >> party & 1) != 0)
        return false;
    return m->action == 0 || (m->action >> party & 1) != 0;
}
/* The precedence that it has for this party. */
static inline uint8_t ol_message_precedence_for(const ol_message *m, unsigned party) {
    return (m->info >> party & 1) != 0 ? m->info_precedence : m->precedence;
}

/* Words of 1 to 8 of a-z A-Z 0-9 joined by '-', OL_MESSAGE_LANG_MAX bytes at most (BCP 47, no
 * registry asked); or empty. */
bool ol_message_lang_is_valid(ol_str lang);

/* NULL, or why this text cannot be that of a message of this precedence: characters that no message
 * may hold, or more than OL_WORDS_MAX words in FLASH or IMMEDIATE. */
const char *ol_message_text_fault(unsigned precedence, ol_str text);

/* "flash" …, "operational" …, "traffic" …, "none", "sight" …; NULL for a number that is none. */
const char *ol_precedence_name(unsigned precedence);
const char *ol_status_name(unsigned status);
const char *ol_sort_name(unsigned sort);
const char *ol_grade_name(unsigned grade);

#endif
