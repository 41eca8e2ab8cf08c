/* base/ini.h — the one strict reader for cards, charters and configuration.
 * Grammar  a text is lines, each ended by U+000A, at most OL_INI_LINE_MAX bytes without it, UTF-8
 *          without controls. A line is empty; or a comment, '#' in the first column; or
 *          '[' section ']'; or key ' = ' value, exactly one space on each side of '='.
 *          section: words of a-z 0-9 - . _ separated by one space. key: a-z 0-9 - . _
 *          value: 1..1000 bytes, no space first or last. No continuation, no inline comment.
 *          A section stands once; a key stands once in its section; keys before the first section
 *          belong to section "". Controls, also in comments, as OL_TEXT_LINE (base/text.h).
 * Limits   OL_INI_TEXT_MAX bytes; OL_INI_KEYS_MAX sections and keys together.
 * Errors   OL_EFORM, OL_ELIMIT; *at names line and column (both from 1; columns
 *          count characters) and the reason in words; it is written on error only
 *          and may be NULL.
 * Memory   borrows the text, allocates nothing; the callback sees each key in order.
 * Source   docs/PROTOCOL.md §2.1 */
#ifndef OL_BASE_INI_H
#define OL_BASE_INI_H

#include <stddef.h>

#include "base/err.h"
#include "base/text.h"

enum { OL_INI_LINE_MAX = 1024, OL_INI_KEYS_MAX = 512, OL_INI_TEXT_MAX = 65536 };

typedef struct {
    unsigned line, column;
    const char *why; /* static string */
} ol_ini_at;

/* Called for each section (key.len == 0) and each key. Returning other than OL_OK stops the reader,
 * which reports line and column of the key (or of the value when at->why begins with "value"); the
 * callback may set *why to a static string ("unknown key"). */
typedef ol_err ol_ini_fn(void *ctx, ol_str section, ol_str key, ol_str value, const char **why);

OL_MUST ol_err ol_ini_read(const char *text, size_t len, ol_ini_fn *fn, void *ctx,
                           ol_ini_at *ret_at);

#endif
