#include "base/titled.h"

#include <string.h>

static ol_ini_at at_start(const char *why) {
    return (ol_ini_at){ 1, 1, why };
}

/* The title line: its length with the newline, or 0 and *err and *why. */
static size_t check_title(const char *title, ol_str text, ol_err *err, const char **why) {
    size_t n = strlen(title), digits = 0;
    if (text.len < n + 2 || memcmp(text.p, title, n) != 0 || memcmp(text.p + n, " v", 2) != 0)
        return 0;
    ol_str version = { text.p + n + 2, text.len - n - 2 };
    while (digits < version.len && version.p[digits] >= '0' && version.p[digits] <= '9')
        digits++;
    if (digits == 0)
        return 0;
    if (digits == version.len || version.p[digits] != '\n')
        *why = "the title line does not end after its version: lines end in a newline alone";
    else if (digits == 1 && version.p[0] == '1')
        return n + 4;
    else
        *err = OL_EVERSION, *why = "written for another version of openline: only v1 is known here";
    return 0;
}

ol_err ol_titled_read(const char *title, const char *why_not, ol_str text, ol_ini_fn *fn, void *ctx,
                      ol_ini_at *ret_at) {
    ol_err err = OL_EFORM;
    ol_ini_at at = at_start(why_not);
    size_t n = check_title(title, text, &err, &at.why);
    if (text.len > OL_INI_TEXT_MAX) {
        at.why = "the text is longer than 65536 bytes";
        err = OL_ELIMIT;
    } else if (n > 0) {
        err = ol_ini_read(text.p + n, text.len - n, fn, ctx, &at);
        at.line++;
    }
    if (err != OL_OK && ret_at != NULL)
        *ret_at = at;
    return err;
}

ol_ini_at ol_titled_at(ol_str text, const char *p, const char *why) {
    ol_ini_at at = at_start(why);
    for (const char *s = text.p; s < p; s++) {
        at.column += ((uint8_t)*s & 0xc0) != 0x80; /* characters, by their leading bytes */
        if (*s == '\n')
            at.line++, at.column = 1;
    }
    return at;
}

bool ol_titled_is(ol_str s, const char *word) {
    return s.len == strlen(word) && memcmp(s.p, word, s.len) == 0;
}

bool ol_titled_word(ol_str *rest, ol_str *ret_word) {
    if (rest->p == NULL)
        return false;
    const char *space = memchr(rest->p, ' ', rest->len);
    size_t n = space == NULL ? rest->len : (size_t)(space - rest->p);
    *ret_word = (ol_str){ rest->p, n };
    *rest = space == NULL ? (ol_str){ NULL, 0 } : (ol_str){ space + 1, rest->len - n - 1 };
    return true;
}

static void put(ol_wr *w, const char *s) {
    ol_wr_put(w, s, strlen(s));
}

void ol_titled_put_line(ol_wr *w, const char *line) {
    put(w, line);
    put(w, "\n");
}

void ol_titled_put(ol_wr *w, const char *key, const char *value) {
    put(w, key);
    put(w, " = ");
    ol_titled_put_line(w, value);
}

void ol_titled_put_number(ol_wr *w, const char *key, uint64_t value) {
    char digits[21];
    ol_u64_put(value, digits);
    ol_titled_put(w, key, digits);
}
