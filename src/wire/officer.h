/* wire/officer.h — the bodies of officer and watch entries: bytes ↔ struct.
 * Shape    officer [number, serial, key, rung, powers, state, names, titles, languages, hours,
 *          voucher, …], watch [officer, from, text, …], in deterministic CBOR.
 * Limits   1 to OL_OFFICER_NAMES_MAX names, as many titles and languages at most; 1 to
 *          OL_OFFICER_NAME_MAX bytes each; OL_OFFICER_HOURS_MAX; OL_OFFICER_TEXT_MAX of a remark
 * Rejected anything else, with a sentence for those who are shown that it cannot be read: it is
 *          stored and receipted all the same (§3.5). Whether a key is one, and who vouches, is not
 *          judged here (crypto/word.h).
 * Errors   OL_ESHORT, OL_EFORM, OL_ELIMIT; *ret as it was, *ret_why a static string.
 * Memory   strings are borrowed from the input; nothing is allocated.
 * Source   docs/PROTOCOL.md §4.1, §4.8 */
#ifndef OL_WIRE_OFFICER_H
#define OL_WIRE_OFFICER_H

#include "base/bytes.h"
#include "base/limits.h"
#include "base/text.h"

enum {
    OL_OFFICER_NUMBER_MAX = 65535,
    OL_OFFICER_NAMES_MAX = 8,
    OL_OFFICER_NAME_MAX = 200,
    OL_OFFICER_HOURS_MAX = 100,
    OL_OFFICER_TEXT_MAX = 200,
    OL_OFFICER_KEY_LEN = 32
};

enum { OL_OFFICER_MAY_VOUCH = 1, OL_OFFICER_MAY_RELEASE = 2 }; /* bits of powers */

typedef struct {
    ol_str lang, text;
} ol_said;

typedef struct {
    uint16_t number;
    uint64_t serial;
    bool has_key;
    uint8_t key[OL_OFFICER_KEY_LEN];
    uint64_t rung; /* 0 none, n the charter's n-th */
    uint64_t powers;
    bool has_left;
    uint8_t names, titles, languages;
    ol_said name[OL_OFFICER_NAMES_MAX], title[OL_OFFICER_NAMES_MAX];
    ol_str language[OL_OFFICER_NAMES_MAX];
    ol_str hours;
    bool has_voucher;
    uint16_t by; /* 0 the party's identity key, else an officer */
    uint8_t sig[OL_SIG_LEN];
    ol_str vouched; /* the bytes of the first ten fields, as they were read */
} ol_officer;

OL_MUST ol_err ol_officer_decode(const uint8_t *body, size_t len, ol_officer *ret,
                                 const char **ret_why);
/* Do not judge; w->err tells when it does not fit. fields: the first ten, one after the other, as
 * a voucher covers them. */
void ol_officer_encode_fields(const ol_officer *o, ol_wr *w);
void ol_officer_encode(const ol_officer *o, ol_wr *w);
/* NULL, or why it cannot be read on a line of so many rungs. */
const char *ol_officer_misfit(const ol_officer *o, unsigned rungs);

typedef struct {
    uint16_t officer, from; /* 0: nobody */
    ol_str text;
} ol_watch;

OL_MUST ol_err ol_watch_decode(const uint8_t *body, size_t len, ol_watch *ret,
                               const char **ret_why);
void ol_watch_encode(const ol_watch *o, ol_wr *w);

#endif
