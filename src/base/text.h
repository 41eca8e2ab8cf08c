/* base/text.h — strict text forms: hex, base64, decimal, UTF-8, names.
 * Each has one encoding per meaning; what is not exactly that is OL_EFORM. Outputs that are char *
 * are NUL-terminated.
 * Source   RFC 4648 §4 and §8 (canonical, padded base64; lower-case hex), RFC 3629 (UTF-8). */
#ifndef OL_BASE_TEXT_H
#define OL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef struct {
    const char *p;
    size_t len;
} ol_str; /* borrowed, not NUL-terminated */

enum { OL_NAME_MAX = 32 }; /* party, line, officer names: a-z 0-9 -, letter first; bytes */

void ol_hex_put(const uint8_t *p, size_t n, char *to);                       /* to: 2n + 1 bytes */
OL_MUST ol_err ol_hex_get(const char *s, size_t len, uint8_t *to, size_t n); /* exactly n bytes */

#define OL_B64_LEN(n) (((n) + 2) / 3 * 4)
void ol_b64_put(const uint8_t *p, size_t n, char *to); /* OL_B64_LEN(n) + 1 */
/* Canonical, padded base64 of len characters into at most cap bytes (else OL_ELIMIT); *ret_n of
 * them are written. On failure to[] is undefined. */
OL_MUST ol_err ol_b64_get(const char *s, size_t len, uint8_t *to, size_t cap, size_t *ret_n);
/* The same form, of any length. */
bool ol_b64_is_valid(const char *s, size_t len);

/* Digits only, no sign, no leading zero (but "0" itself), within [min, max] else OL_ELIMIT. */
OL_MUST ol_err ol_u64_get(const char *s, size_t len, uint64_t min, uint64_t max, uint64_t *ret);
void ol_u64_put(uint64_t v, char to[21]);

typedef enum {
    OL_TEXT_LINE, /* no U+0000–001F, 007F–009F; no bidi embedding, override or isolate
                     (U+202A–202E, 2066–2069); no U+2028, 2029, FEFF */
    OL_TEXT_BODY  /* the same, but newline (U+000A) is allowed */
} ol_text_kind;
/* UTF-8 (no surrogates, no overlong forms, ≤ U+10FFFF). *ret_at, if given, is the byte offset of
 * the first fault when the result is OL_EFORM. */
OL_MUST ol_err ol_text_check(const uint8_t *s, size_t len, ol_text_kind kind, size_t *ret_at);
/* Words as operators count them (docs/PROTOCOL.md §4.4): one for each run between spaces (U+0020,
 * U+3000, newline) without Han, Kana, Hangul, Thai, Lao, Khmer or Myanmar, and half a one, rounded
 * up over the text, for each such character. s has passed ol_text_check. */
size_t ol_text_words(const uint8_t *s, size_t len);
/* UTF-8 well-formedness alone (CBOR text strings, RFC 8949 §3.1). */
bool ol_utf8_is_valid(const uint8_t *s, size_t len);
/* The character at s in *ret and its length, 1..4; 0 where it is not well formed. len is not 0. */
size_t ol_utf8_next(const uint8_t *s, size_t len, uint32_t *ret);
bool ol_utf8_is_space(uint32_t c); /* Unicode's White_Space */

bool ol_name_is_valid(const char *s, size_t len);

#endif
