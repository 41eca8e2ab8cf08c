#include "message/body.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brotli/decode.h>
#include <brotli/encode.h>

enum { WINDOW_BITS = 16, ROOM_MAX = OL_TEXT_MAX + 1024 }; /* any body, fitting or not */

__attribute__((format(printf, 3, 4))) static ol_err because(ol_body_why *why, ol_err err,
                                                            const char *format, ...) {
    va_list va;
    va_start(va, format);
    vsnprintf(why->text, sizeof why->text, format, va);
    va_end(va);
    return err;
}

/* ── writing ───────────────────────────────────────────────────────────────────────────────────*/

/* The line and character of a fault, both from 1. */
static void place_of(ol_str text, size_t at, unsigned *ret_line, unsigned *ret_column) {
    unsigned line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        bool is_character = ((uint8_t)text.p[i] & 0xc0) != 0x80;
        line += text.p[i] == '\n';
        column = text.p[i] == '\n' ? 1 : column + is_character;
    }
    *ret_line = line, *ret_column = column;
}

static ol_err check_text(const char *what, ol_str text, ol_text_kind kind, ol_body_why *why) {
    size_t at = 0;
    unsigned line, column;
    uint32_t c = 0;
    if (ol_text_check((const uint8_t *)text.p, text.len, kind, &at) == OL_OK)
        return OL_OK;
    place_of(text, at, &line, &column);
    if (ol_utf8_next((const uint8_t *)text.p + at, text.len - at, &c) == 0)
        return because(why, OL_EFORM, "the %s is not UTF-8 at line %u, character %u; convert it",
                       what, line, column);
    return because(why, OL_EFORM,
                   "the %s holds U+%04X at line %u, character %u, which a message may not hold; "
                   "take it out",
                   what, (unsigned)c, line, column);
}

static bool is_lang(ol_str lang) { /* charters and cards write them in lower case */
    for (size_t i = 0; i < lang.len; i++)
        if (lang.p[i] >= 'A' && lang.p[i] <= 'Z')
            return false;
    return ol_message_lang_is_valid(lang);
}

static ol_err check_words(const ol_message *m, ol_body_why *why) {
    if (m->precedence > OL_IMMEDIATE)
        return OL_OK;
    size_t words = ol_text_words((const uint8_t *)m->text.p, m->text.len);
    if (words <= OL_WORDS_MAX)
        return OL_OK;
    return because(why, OL_ELIMIT,
                   "the text has %zu words; %s has at most %d: shorten it, or send it as priority",
                   words, ol_precedence_name(m->precedence), OL_WORDS_MAX);
}

static ol_err check(const ol_message *m, ol_body_why *why) {
    OL_ASSERT(m->precedence < OL_PRECEDENCES && m->status < OL_STATUSES && !m->is_compressed);
    if (m->text.len == 0)
        return because(why, OL_EFORM, "the text is empty; write at least one character");
    if (m->text.len > OL_LONG_TEXT_MAX)
        return because(why, OL_ELIMIT, "the text has %zu bytes; at most %d can be sent",
                       m->text.len, OL_LONG_TEXT_MAX);
    if (m->subject.len > OL_SUBJECT_MAX)
        return because(why, OL_ELIMIT, "the subject has %zu bytes; it may have %d", m->subject.len,
                       OL_SUBJECT_MAX);
    if (!is_lang(m->lang))
        return because(why, OL_EFORM,
                       "the language must be a BCP 47 tag in lower case, as en or zh-hant");
    if (m->has_ref && (m->ref.incarnation_len < OL_REF_INC_MIN ||
                       m->ref.incarnation_len > OL_INC_LEN || m->ref.index > OL_SIZE_MAX))
        return because(why, OL_EFORM, "the reference does not name an entry");
    ol_err err = check_text("subject", m->subject, OL_TEXT_LINE, why);
    if (err == OL_OK)
        err = check_text("text", m->text, OL_TEXT_BODY, why);
    return err == OL_OK ? check_words(m, why) : err;
}

/* Plain or compressed, whichever is shorter, plain where they are alike; OL_ELIMIT above cap. */
static ol_err put(const ol_message *m, uint8_t *ret, size_t cap, size_t *ret_len) {
    uint8_t packed[ROOM_MAX];
    size_t n = sizeof packed;
    ol_message c = *m;
    if (m->text.len > OL_TEXT_MAX)
        return OL_ELIMIT;
    c.is_compressed =
        BrotliEncoderCompress(BROTLI_MAX_QUALITY, WINDOW_BITS, BROTLI_MODE_TEXT, m->text.len,
                              (const uint8_t *)m->text.p, &n, packed) == BROTLI_TRUE &&
        n < m->text.len;
    if (c.is_compressed)
        c.text = (ol_str){ (const char *)packed, n };
    ol_wr w = ol_wr_of(ret, cap);
    ol_message_encode(&c, &w);
    if (w.err == OL_OK)
        *ret_len = w.len;
    return w.err;
}

ol_err ol_body_put(const ol_message *m, uint8_t ret[OL_BODY_MAX], size_t *ret_len,
                   ol_body_why *ret_why) {
    uint8_t room[OL_BODY_MAX];
    size_t n = 0;
    ol_err err = check(m, ret_why);
    if (err != OL_OK)
        return err;
    err = put(m, room, sizeof room, &n);
    if (err != OL_OK)
        return because(ret_why, err, "the text is too long for one entry; send it in parts");
    memcpy(ret, room, n);
    *ret_len = n;
    return OL_OK;
}

/* ── cutting ───────────────────────────────────────────────────────────────────────────────────*/

static bool joins_what_is_before(uint32_t c) { /* marks, selectors, joiners */
    return (c >= 0x300 && c <= 0x36f) || (c >= 0xfe00 && c <= 0xfe0f) || c == 0x200d ||
           (c >= 0x1f3fb && c <= 0x1f3ff) || (c >= 0x20d0 && c <= 0x20f0);
}

/* A place to cut at, not above n: after a space in the last third, else between two characters. */
static size_t cut_at(ol_str text, size_t n) {
    if (n >= text.len)
        return text.len;
    size_t between = 0;
    for (size_t at = n; at > 0; at--) {
        uint32_t c = 0, before = 0;
        if (((uint8_t)text.p[at] & 0xc0) == 0x80)
            continue;
        (void)ol_utf8_next((const uint8_t *)text.p + at, text.len - at, &c);
        size_t begin = at - 1;
        while (((uint8_t)text.p[begin] & 0xc0) == 0x80)
            begin--;
        (void)ol_utf8_next((const uint8_t *)text.p + begin, at - begin, &before);
        if (ol_utf8_is_space(before) && !ol_utf8_is_space(c))
            return at;
        if (between == 0 && !joins_what_is_before(c) && before != 0x200d)
            between = at;
        if (at <= n - n / 3 && between != 0)
            return between;
    }
    return between;
}

/* How long the body of this part would be. */
static size_t body_len(const ol_message *m, ol_str text) {
    uint8_t room[ROOM_MAX];
    size_t n = SIZE_MAX;
    ol_message p = *m;
    p.text = text;
    p.part = p.parts = OL_PARTS_MAX; /* the longest form */
    return put(&p, room, sizeof room, &n) == OL_OK ? n : SIZE_MAX;
}

/* About the longest beginning of rest that fits, found to a sixteenth of an entry: guessed from how
 * the last guess compressed, then by halves. 0: nothing fits. */
static size_t part_len(const ol_message *m, ol_str rest, size_t guess) {
    size_t fits = 0, low = 0, above = (rest.len < OL_TEXT_MAX ? rest.len : OL_TEXT_MAX) + 1;
    for (unsigned tries = 0; above - low > 1; tries++) {
        if (guess <= low || guess >= above || tries > 5)
            guess = low + (above - low) / 2;
        size_t len = cut_at(rest, guess), n = 0;
        if (len > fits)
            n = body_len(m, (ol_str){ rest.p, len });
        if (n > OL_BODY_MAX) {
            above = guess;
        } else {
            low = guess;
            fits = len > fits ? len : fits;
        }
        if (n <= OL_BODY_MAX && n > OL_BODY_MAX / 16 * 15)
            break;
        guess = n == 0 || n == SIZE_MAX ? 0 : len * (OL_BODY_MAX / 32 * 31) / n + 1;
    }
    return fits;
}

static ol_err give(const ol_message *m, const size_t *len, unsigned parts, ol_body_fn *fn,
                   void *ctx) {
    uint8_t body[OL_BODY_MAX];
    size_t n = 0, at = 0;
    ol_message p = *m;
    ol_err err = OL_OK;
    for (unsigned i = 0; i < parts && err == OL_OK; at += len[i++]) {
        p.text = (ol_str){ m->text.p + at, len[i] };
        p.part = parts > 1 ? (uint8_t)(i + 1) : 0, p.parts = parts > 1 ? (uint8_t)parts : 0;
        err = put(&p, body, sizeof body, &n);
        if (err == OL_OK)
            err = fn(ctx, body, n, i + 1, parts);
    }
    return err;
}

ol_err ol_body_cut(const ol_message *m, ol_body_fn *fn, void *ctx, ol_body_why *ret_why) {
    size_t len[OL_PARTS_MAX], at = 0, whole = m->text.len, n;
    uint8_t room[OL_BODY_MAX];
    unsigned parts = 0;
    OL_ASSERT(m->parts == 0);
    ol_err err = check(m, ret_why);
    if (err != OL_OK)
        return err;
    if (put(m, room, sizeof room, &n) == OL_OK)
        return give(m, &whole, 1, fn, ctx);
    while (at < m->text.len && parts < OL_PARTS_MAX) {
        len[parts] = part_len(m, (ol_str){ m->text.p + at, m->text.len - at },
                              at == 0 ? 4096 : len[parts - 1]);
        if (len[parts] == 0)
            break;
        at += len[parts++];
    }
    if (at < m->text.len)
        return because(ret_why, OL_ELIMIT, "the text does not fit into %d parts; shorten it",
                       OL_PARTS_MAX);
    return give(m, len, parts, fn, ctx);
}

/* ── reading ───────────────────────────────────────────────────────────────────────────────────*/

/* The stream's first bits (RFC 7932 §9.1): 10 to 16 bits of window; above, or none of these, no. */
static bool is_window_small(const uint8_t *p, size_t len) {
    return len > 0 && ((p[0] & 1) == 0 || ((p[0] & 15) == 1 && (p[0] >> 4 & 7) >= 2));
}

/* A decoder takes some 30 KiB in a dozen pieces for a short text: from the stack where they fit. */
typedef struct {
    size_t used;
    _Alignas(16) uint8_t room[65536];
} arena;

static void *arena_get(void *ctx, size_t n) {
    arena *a = ctx;
    if (n > sizeof a->room - a->used)
        return malloc(n);
    uint8_t *p = a->room + a->used;
    size_t left = sizeof a->room - a->used, taken = (n + 15) / 16 * 16;
    a->used += taken < left ? taken : left;
    return p;
}

static void arena_put(void *ctx, void *p) {
    const arena *a = ctx;
    const uint8_t *at = p;
    if (at != NULL && (at < a->room || at >= a->room + sizeof a->room))
        free(p);
}

static bool is_memory(BrotliDecoderErrorCode code) {
    return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
           code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
}

static ol_err unpack(ol_str packed, uint8_t *room, size_t *ret_len, const char **ret_why) {
    const uint8_t *p = (const uint8_t *)packed.p;
    size_t len = packed.len, left = OL_TEXT_MAX, more = 1;
    uint8_t beyond, *to = room, *end = &beyond;
    *ret_why = "the compressed text has a window above 16 bits or is broken";
    if (!is_window_small(p, len))
        return OL_EFORM;
    *ret_why = "there is not enough memory to decompress the text";
    arena a;
    a.used = 0;
    BrotliDecoderState *st = BrotliDecoderCreateInstance(arena_get, arena_put, &a);
    if (st == NULL)
        return OL_ENOMEM;
    BrotliDecoderResult got = BrotliDecoderDecompressStream(st, &len, &p, &left, &to, NULL);
    if (got == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) /* exactly full, or too long */
        got = BrotliDecoderDecompressStream(st, &len, &p, &more, &end, NULL);
    BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(st);
    BrotliDecoderDestroyInstance(st);
    *ret_len = OL_TEXT_MAX - left;
    if (got == BROTLI_DECODER_RESULT_ERROR && is_memory(code))
        return OL_ENOMEM;
    bool is_long = got == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT || more == 0;
    *ret_why = is_long ? "the text decompresses to more than 16,384 bytes"
               : got == BROTLI_DECODER_RESULT_ERROR            ? "the text does not decompress"
               : got == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT ? "the compressed text is unfinished"
               : len > 0                                       ? "bytes follow the compressed text"
                                                               : NULL;
    return *ret_why == NULL ? OL_OK : is_long ? OL_ELIMIT : OL_EFORM;
}

ol_err ol_body_text(ol_message *m, uint8_t room[OL_TEXT_MAX], const char **ret_why) {
    const char *why = NULL;
    size_t n = 0;
    if (!m->is_compressed)
        return OL_OK;
    ol_err err = unpack(m->text, room, &n, &why);
    if (err == OL_OK) {
        why = ol_message_text_fault(m->precedence, (ol_str){ (const char *)room, n });
        err = why == NULL ? OL_OK : OL_EFORM;
    }
    if (err != OL_OK) {
        *ret_why = why;
        return err;
    }
    m->is_compressed = false;
    m->text = (ol_str){ (const char *)room, n };
    return OL_OK;
}

ol_err ol_body_get(const uint8_t *body, size_t len, uint8_t room[OL_TEXT_MAX], ol_message *ret,
                   const char **ret_why) {
    ol_message m;
    ol_err err = ol_message_decode(body, len, &m, ret_why);
    if (err == OL_OK)
        err = ol_body_text(&m, room, ret_why);
    if (err == OL_OK)
        *ret = m;
    return err;
}
