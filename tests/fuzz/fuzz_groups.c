/* Typed groups. A text, line by line: what is taken is one bundle, and writing that out again gives
 * lines that say the same; what is refused is placed inside its line, and changes nothing. A text
 * that begins with a zero byte is a bundle and a mistake instead: it is found. */
#include <stdio.h>
#include <string.h>

#include "paper/groups.h"

static ol_groups g, before;
static uint8_t bundle[OL_GROUPS_BUNDLE_MAX], again[OL_GROUPS_BUNDLE_MAX];

static ol_groups_wrong take(const char *text, size_t len) {
    ol_groups_wrong w;
    char says[OL_GROUPS_SAYS_MAX];
    memcpy(&before, &g, sizeof g);
    ol_groups_fault fault = ol_groups_take(&g, text, len, &w);
    OL_ASSERT(fault == w.fault && w.number <= OL_GROUPS_LINES_MAX && w.column <= len);
    OL_ASSERT(w.belongs == 0 || w.belongs != w.number);
    ol_groups_say(&w, says);
    OL_ASSERT(says[0] != '\0' && strlen(says) < OL_GROUPS_SAYS_MAX - 1);
    OL_ASSERT(fault == OL_GROUPS_RIGHT || memcmp(&before, &g, sizeof g) == 0);
    return w;
}

/* What was taken, written out and taken again, is the same. */
static void round_trip(size_t len) {
    size_t lines = ol_groups_lines(len), n = 0;
    OL_ASSERT(lines == ol_groups_count(&g));
    for (size_t i = 1; i <= lines; i++) {
        char text[OL_GROUPS_TEXT_MAX + 1];
        ol_groups_put(bundle, len, i, text);
        OL_ASSERT(take(text, strlen(text)).fault == OL_GROUPS_RIGHT);
        OL_ASSERT(memcmp(&before, &g, sizeof g) == 0); /* it is the line that it had */
    }
    OL_ASSERT(ol_groups_end(&g, again, &n) == OL_OK && n == len);
    OL_ASSERT(memcmp(again, bundle, n) == 0);
}

static void typed(const char *text, size_t size) {
    ol_groups_begin(&g);
    for (size_t at = 0; at <= size;) {
        const char *end = at < size ? memchr(text + at, '\n', size - at) : NULL;
        size_t len = end != NULL ? (size_t)(end - (text + at)) : size - at;
        (void)take(text + at, len);
        at += len + 1;
    }
    ol_groups_wrong w;
    for (unsigned i = 0; ol_groups_settle(&g, &w) != OL_GROUPS_RIGHT; i++)
        OL_ASSERT(i < OL_GROUPS_LINES_MAX);
    size_t len = 0;
    unsigned missing = ol_groups_missing(&g, 1);
    ol_err err = ol_groups_end(&g, bundle, &len);
    OL_ASSERT((err == OL_ESTATE) == (missing != 0));
    if (err == OL_OK)
        round_trip(len);
}

/* u8 line | u8 character | u8 digit | bundle: that character of that line becomes that digit. */
static void mistaken(const uint8_t *p, size_t size) {
    size_t len = size - 3, lines = ol_groups_lines(len), line = 1 + p[0] % lines;
    char text[OL_GROUPS_TEXT_MAX + 1];
    ol_groups_put(p + 3, len, line, text);
    size_t at = p[1] % strlen(text);
    char was = text[at];
    text[at] = (char)('0' + p[2] % 10);
    ol_groups_begin(&g);
    ol_groups_wrong w = take(text, strlen(text));
    OL_ASSERT((w.fault == OL_GROUPS_RIGHT) == (text[at] == was));
    OL_ASSERT(was == ' ' || at < 2 || w.number == line);
    text[at] = was;
    OL_ASSERT(take(text, strlen(text)).fault == OL_GROUPS_RIGHT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size >= 5 && size < 4096 && data[0] == 0)
        mistaken(data + 1, size - 1);
    else if (size < 65536)
        typed(size == 0 ? "" : (const char *)data, size);
    return 0;
}
