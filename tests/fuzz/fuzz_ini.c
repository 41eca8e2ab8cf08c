/* What the ini reader accepts has one reading: the calls, written out again, are the text without
 * its comments and empty lines. What it refuses it places inside the text. */
#include <string.h>

#include "base/bytes.h"
#include "base/ini.h"

static ol_err write_out(void *ctx, ol_str section, ol_str key, ol_str value, const char **why) {
    ol_wr *w = ctx;
    (void)why;
    if (key.len == 0) {
        ol_wr_put(w, "[", 1), ol_wr_put(w, section.p, section.len), ol_wr_put(w, "]\n", 2);
        return OL_OK;
    }
    ol_wr_put(w, key.p, key.len), ol_wr_put(w, " = ", 3);
    ol_wr_put(w, value.p, value.len), ol_wr_put(w, "\n", 1);
    return OL_OK;
}

static size_t without_comments(const char *text, size_t len, uint8_t *to) {
    size_t n = 0;
    for (size_t at = 0; at < len;) {
        size_t line = (size_t)((const char *)memchr(text + at, '\n', len - at) - (text + at)) + 1;
        if (line > 1 && text[at] != '#')
            memcpy(to + n, text + at, line), n += line;
        at += line;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t calls[OL_INI_TEXT_MAX + 2], want[OL_INI_TEXT_MAX];
    const char *text = size == 0 ? "" : (const char *)data;
    ol_wr w = ol_wr_of(calls, sizeof calls);
    ol_ini_at at = { 0, 0, NULL };
    if (ol_ini_read(text, size, write_out, &w, &at) != OL_OK) {
        size_t lines = 1;
        for (size_t i = 0; i < size; i++)
            lines += data[i] == '\n';
        OL_ASSERT(at.line >= 1 && at.line <= lines && at.column >= 1 && at.why != NULL);
        OL_ASSERT(at.column <= size + 1);
        return 0;
    }
    OL_ASSERT(w.err == OL_OK && at.why == NULL);
    OL_ASSERT(without_comments(text, size, want) == w.len);
    OL_ASSERT(w.len == 0 || memcmp(want, calls, w.len) == 0);
    return 0;
}
