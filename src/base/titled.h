/* base/titled.h — texts that open with a title line and go on in the grammar of base/ini.h: cards,
 * charters, contributions, key files.
 * Shape    "<title> v1" U+000A, then lines; the whole at most OL_INI_TEXT_MAX bytes.
 * Errors   as ol_ini_read, with line and column of the whole text; OL_EVERSION when the first line
 *          is the title of another version. *ret_at is written on error only and may be NULL.
 * Memory   borrows; allocates nothing.
 * Source   docs/PROTOCOL.md §2.1 */
#ifndef OL_BASE_TITLED_H
#define OL_BASE_TITLED_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/ini.h"

/* title: "openline card"; why_not: what to say of a text that opens otherwise. */
OL_MUST ol_err ol_titled_read(const char *title, const char *why_not, ol_str text, ol_ini_fn *fn,
                              void *ctx, ol_ini_at *ret_at);

/* Line and column of p, which points into text. */
ol_ini_at ol_titled_at(ol_str text, const char *p, const char *why);
bool ol_titled_is(ol_str s, const char *word);
/* Takes the first word off a list "a b c" with one space between words; false at its end. An empty
 * word means that two spaces stood together. */
bool ol_titled_word(ol_str *rest, ol_str *ret_word);

/* Building: `key = value`; a whole line as it is; no check of either. */
void ol_titled_put(ol_wr *w, const char *key, const char *value);
void ol_titled_put_number(ol_wr *w, const char *key, uint64_t value);
void ol_titled_put_line(ol_wr *w, const char *line);

#endif
