#include "base/text.h"

#include <string.h>

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void ol_hex_put(const uint8_t *p, size_t n, char *to) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        to[2 * i] = digits[p[i] >> 4];
        to[2 * i + 1] = digits[p[i] & 15];
    }
    to[2 * n] = '\0';
}

ol_err ol_hex_get(const char *s, size_t len, uint8_t *to, size_t n) {
    if (len % 2 != 0 || len / 2 != n)
        return OL_EFORM;
    for (size_t i = 0; i < len; i++)
        if (hex_digit(s[i]) < 0)
            return OL_EFORM;
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(hex_digit(s[2 * i]) << 4 | hex_digit(s[2 * i + 1]));
    return OL_OK;
}

static const char b64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int b64_digit(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

void ol_b64_put(const uint8_t *p, size_t n, char *to) {
    for (; n >= 3; p += 3, n -= 3, to += 4) {
        to[0] = b64_digits[p[0] >> 2];
        to[1] = b64_digits[(p[0] & 3) << 4 | p[1] >> 4];
        to[2] = b64_digits[(p[1] & 15) << 2 | p[2] >> 6];
        to[3] = b64_digits[p[2] & 63];
    }
    if (n > 0) {
        unsigned second = n == 2 ? p[1] : 0;
        to[0] = b64_digits[p[0] >> 2];
        to[1] = b64_digits[(p[0] & 3u) << 4 | second >> 4];
        to[2] = n == 2 ? b64_digits[(second & 15) << 2] : '=';
        to[3] = '=';
        to += 4;
    }
    *to = '\0';
}

/* Four characters, the last `pad` of them '='; 3 - pad bytes. */
static ol_err b64_quad(const char *s, size_t pad, uint8_t to[3]) {
    uint32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i < 4 - pad ? b64_digit(s[i]) : 0;
        if (digit < 0)
            return OL_EFORM;
        v = v << 6 | (uint32_t)digit;
    }
    if ((v & ((UINT32_C(1) << (8 * pad)) - 1)) != 0)
        return OL_EFORM; /* unused bits: a second encoding of the same bytes */
    for (size_t i = 0; i < 3 - pad; i++)
        to[i] = (uint8_t)(v >> (16 - 8 * i));
    return OL_OK;
}

ol_err ol_b64_get(const char *s, size_t len, uint8_t *to, size_t cap, size_t *ret_n) {
    if (len % 4 != 0)
        return OL_EFORM;
    size_t pad = 0;
    while (pad < 2 && pad < len && s[len - 1 - pad] == '=')
        pad++;
    size_t n = len / 4 * 3 - pad;
    if (n > cap)
        return OL_ELIMIT;
    for (size_t i = 0; i < len; i += 4) {
        ol_err err = b64_quad(s + i, i + 4 == len ? pad : 0, to + i / 4 * 3);
        if (err != OL_OK)
            return err;
    }
    *ret_n = n;
    return OL_OK;
}

bool ol_b64_is_valid(const char *s, size_t len) {
    uint8_t b[3];
    for (size_t at = 0, n = 0; at < len; at += 4) {
        size_t take = len - at < 4 ? len - at : 4;
        if (ol_b64_get(s + at, take, b, sizeof b, &n) != OL_OK)
            return false;
        if (n < sizeof b && at + 4 < len)
            return false; /* padding before the end */
    }
    return true;
}

ol_err ol_u64_get(const char *s, size_t len, uint64_t min, uint64_t max, uint64_t *ret) {
    if (len == 0 || (s[0] == '0' && len > 1))
        return OL_EFORM;
    for (size_t i = 0; i < len; i++)
        if (s[i] < '0' || s[i] > '9')
            return OL_EFORM;
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++) {
        uint64_t digit = (uint64_t)(s[i] - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return OL_ELIMIT;
        v = v * 10 + digit;
    }
    if (v < min || v > max)
        return OL_ELIMIT;
    *ret = v;
    return OL_OK;
}

void ol_u64_put(uint64_t v, char to[21]) {
    char digit[20];
    size_t n = 0;
    do
        digit[n++] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    for (size_t i = 0; i < n; i++)
        to[i] = digit[n - 1 - i];
    to[n] = '\0';
}

size_t ol_utf8_next(const uint8_t *s, size_t len, uint32_t *ret) {
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (n == 0 || s[0] > 0xf4 || n > len)
        return 0;
    uint32_t c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3fu);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *ret = c;
    return n;
}

/* How many bytes from here on are printable ASCII, eight at a time: most of most texts. */
static size_t plain_run(const uint8_t *s, size_t len) {
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    size_t at = 0;
    for (; len - at >= 8; at += 8) {
        uint64_t w;
        memcpy(&w, s + at, 8);
        /* above 0x7f; 0x7f, which one more makes 0x80; below 0x20, which borrows */
        if (((w | (w + ones) | (w - 0x20 * ones)) & high) != 0)
            break;
    }
    return at;
}

bool ol_utf8_is_valid(const uint8_t *s, size_t len) {
    uint32_t c = 0;
    for (size_t at = plain_run(s, len), n = 0; at < len;
         at += n + plain_run(s + at + n, len - at - n))
        if ((n = ol_utf8_next(s + at, len - at, &c)) == 0)
            return false;
    return true;
}

bool ol_utf8_is_space(uint32_t c) {
    return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

static bool is_banned(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029 || c == 0xfeff;
}

ol_err ol_text_check(const uint8_t *s, size_t len, ol_text_kind kind, size_t *ret_at) {
    uint32_t c = 0;
    for (size_t at = plain_run(s, len), n = 0; at < len;
         at += n + plain_run(s + at + n, len - at - n)) {
        n = ol_utf8_next(s + at, len - at, &c);
        if (n > 0 && (!is_banned(c) || (kind == OL_TEXT_BODY && c == '\n')))
            continue;
        if (ret_at != NULL)
            *ret_at = at;
        return OL_EFORM;
    }
    return OL_OK;
}

/* Characters of which two count as one word: docs/PROTOCOL.md §4.4. */
static bool is_dense(uint32_t c) {
    static const struct {
        uint32_t from, to;
    } range[] = {
        { 0x0e00, 0x0eff },   /* Thai, Lao */
        { 0x1000, 0x109f },   /* Myanmar */
        { 0x1100, 0x11ff },   /* Hangul letters */
        { 0x1780, 0x17ff },   /* Khmer */
        { 0x2e80, 0x2fdf },   /* Han radicals */
        { 0x3005, 0x3007 },   /* Han, iteration mark to zero */
        { 0x3040, 0x30ff },   /* Kana */
        { 0x3130, 0x318f },   /* Hangul letters */
        { 0x31f0, 0x31ff },   /* Kana */
        { 0x3400, 0x4dbf },   /* Han */
        { 0x4e00, 0x9fff },   /* Han */
        { 0xa960, 0xa97f },   /* Hangul letters */
        { 0xac00, 0xd7ff },   /* Hangul */
        { 0xf900, 0xfaff },   /* Han, compatibility */
        { 0xff66, 0xffdc },   /* Kana and Hangul, half width */
        { 0x20000, 0x3ffff }, /* Han */
    };
    for (size_t i = 0; i < OL_LEN(range) && c >= range[i].from; i++) /* ascending */
        if (c <= range[i].to)
            return true;
    return false;
}

size_t ol_text_words(const uint8_t *s, size_t len) {
    size_t words = 0, dense = 0;
    bool in_run = false, is_counted = false; /* a run that holds a dense character is not */
    uint32_t c = 0;
    for (size_t at = 0, n = 0; at < len; at += n) {
        n = ol_utf8_next(s + at, len - at, &c);
        OL_ASSERT(n > 0);
        if (c == ' ' || c == '\n' || c == 0x3000) {
            words += is_counted;
            in_run = is_counted = false;
            continue;
        }
        bool is_one = is_dense(c);
        dense += is_one;
        is_counted = !is_one && (is_counted || !in_run);
        in_run = true;
    }
    return words + is_counted + (dense + 1) / 2;
}

bool ol_name_is_valid(const char *s, size_t len) {
    if (len == 0 || len > OL_NAME_MAX || s[0] < 'a' || s[0] > 'z')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= '0' && s[i] <= '9') && s[i] != '-')
            return false;
    return true;
}
