/* base/text.h — strict text forms: hex, base64, decimal, UTF-8, names.
 * Each has one encoding per meaning; what is not exactly that is OL_EFORM. Outputs are NUL-terminated
 * where they are char *; sizes named cap include the NUL.
 * Source   RFC 4648 §4 and §8 (canonical, padded base64; lower-case hex), RFC 3629 (UTF-8). */
#ifndef OL_BASE_TEXT_H
#define OL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { OL_NAME_MAX = 32 }; /* party, line, officer names: a-z 0-9 -, letter first; bytes */

void ol_hex_put(const uint8_t *p, size_t n, char *to);                  /* to: 2n + 1 bytes */
OL_MUST ol_err ol_hex_get(const char *s, size_t len, uint8_t *to, size_t n); /* exactly n bytes */

#define OL_B64_LEN(n) (((n) + 2) / 3 * 4)
void ol_b64_put(const uint8_t *p, size_t n, char *to);                  /* OL_B64_LEN(n) + 1 */
/* Decodes canonical, padded base64 of len characters into at most cap bytes; *ret_n is the count. */
OL_MUST ol_err ol_b64_get(const char *s, size_t len, uint8_t *to, size_t cap, size_t *ret_n);

/* Digits only, no sign, no leading zero (but "0" itself), within [min, max] else OL_ELIMIT. */
OL_MUST ol_err ol_u64_get(const char *s, size_t len, uint64_t min, uint64_t max, uint64_t *ret);
void ol_u64_put(uint64_t v, char to[21]);

typedef enum {
    OL_TEXT_LINE, /* no C0/C1 controls at all, no bidi override or isolate, no U+2028/9, no U+FEFF */
    OL_TEXT_BODY  /* the same, but newline (U+000A) is allowed */
} ol_text_kind;
/* UTF-8 (no surrogates, no overlong forms, ≤ U+10FFFF). *ret_at, if given, is the byte offset of the
 * first fault when the result is OL_EFORM. */
OL_MUST ol_err ol_text_check(const uint8_t *s, size_t len, ol_text_kind kind, size_t *ret_at);
/* Words as operators count them: runs between spaces; in scripts without spaces two characters count
 * as one word. s must have passed ol_text_check. */
size_t ol_text_words(const uint8_t *s, size_t len);
/* UTF-8 well-formedness alone (CBOR text strings, RFC 8949 §3.1). */
bool ol_utf8_is_valid(const uint8_t *s, size_t len);

bool ol_name_is_valid(const char *s, size_t len);

#endif
