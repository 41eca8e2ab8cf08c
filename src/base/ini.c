#include "base/ini.h"

#include <string.h>

enum { VALUE_MAX = 1000 };

typedef struct {
    ol_str name;
    bool is_section;
} item; /* all sections and keys so far, in order */

typedef struct {
    ol_ini_fn *fn;
    void *ctx;
    ol_str line;
    unsigned line_no;
    size_t section; /* the item that began the present one; SIZE_MAX before the first */
    size_t items;
    item seen[OL_INI_KEYS_MAX];
    size_t fault; /* byte offset in the line */
    const char *why;
} ini;

static ol_err refuse(ini *r, ol_err err, size_t at, const char *why) {
    r->fault = at;
    r->why = why;
    return err;
}

static bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool is_same(ol_str a, ol_str b) {
    return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

/* Sections are compared with all sections, keys with those since their section began. */
static ol_err remember(ini *r, ol_str name, bool is_section) {
    size_t from = is_section || r->section == SIZE_MAX ? 0 : r->section + 1;
    size_t at = (size_t)(name.p - r->line.p);
    for (size_t i = from; i < r->items; i++)
        if (r->seen[i].is_section == is_section && is_same(r->seen[i].name, name))
            return refuse(r, OL_EFORM, at,
                          is_section ? "section stands twice" : "key stands twice");
    if (r->items == OL_INI_KEYS_MAX)
        return refuse(r, OL_ELIMIT, at, "too many sections and keys");
    if (is_section)
        r->section = r->items;
    r->seen[r->items++] = (item){ name, is_section };
    return OL_OK;
}

static ol_err tell(ini *r, ol_str key, ol_str value) {
    ol_str none = { "", 0 };
    ol_str section = r->section == SIZE_MAX ? none : r->seen[r->section].name;
    const char *why = "refused";
    ol_err err = r->fn(r->ctx, section, key, value, &why);
    if (err == OL_OK)
        return OL_OK;
    bool is_value = value.len > 0 && strncmp(why, "value", 5) == 0;
    const char *at = is_value ? value.p : key.len > 0 ? key.p : section.p;
    return refuse(r, err, (size_t)(at - r->line.p), why);
}

static ol_err read_section(ini *r) {
    const char *s = r->line.p;
    size_t len = r->line.len;
    if (s[len - 1] != ']')
        return refuse(r, OL_EFORM, len, "section without ']' at the end of the line");
    ol_str name = { s + 1, len - 2 };
    if (name.len == 0)
        return refuse(r, OL_EFORM, 1, "section without a name");
    for (size_t i = 1; i < len - 1; i++)
        if (!is_name_char(s[i]) && (s[i] != ' ' || !is_name_char(s[i - 1]) || i == len - 2))
            return refuse(r, OL_EFORM, i, "section names are words of a-z 0-9 - . _");
    ol_err err = remember(r, name, true);
    return err == OL_OK ? tell(r, (ol_str){ "", 0 }, (ol_str){ "", 0 }) : err;
}

static ol_err read_key(ini *r) {
    const char *s = r->line.p;
    size_t len = r->line.len, n = 0;
    while (n < len && is_name_char(s[n]))
        n++;
    if (n == 0)
        return refuse(r, OL_EFORM, 0, "a line is a comment, [section] or key = value");
    if (len - n < 3 || memcmp(s + n, " = ", 3) != 0)
        return refuse(r, OL_EFORM, n, "a key is followed by ' = ' and a value");
    ol_str key = { s, n }, value = { s + n + 3, len - n - 3 };
    if (value.len == 0)
        return refuse(r, OL_EFORM, len, "value is missing");
    if (value.p[0] == ' ')
        return refuse(r, OL_EFORM, n + 3, "value begins with a space");
    if (s[len - 1] == ' ')
        return refuse(r, OL_EFORM, len - 1, "value ends with a space");
    if (value.len > VALUE_MAX)
        return refuse(r, OL_ELIMIT, n + 3, "value is longer than 1000 bytes");
    ol_err err = remember(r, key, false);
    return err == OL_OK ? tell(r, key, value) : err;
}

static ol_err read_line(ini *r) {
    size_t at = 0;
    if (r->line.len > OL_INI_LINE_MAX)
        return refuse(r, OL_ELIMIT, 0, "line is longer than 1024 bytes");
    if (ol_text_check((const uint8_t *)r->line.p, r->line.len, OL_TEXT_LINE, &at) != OL_OK)
        return refuse(r, OL_EFORM, at, "not UTF-8, or a control character");
    if (r->line.len == 0 || r->line.p[0] == '#')
        return OL_OK;
    return r->line.p[0] == '[' ? read_section(r) : read_key(r);
}

/* Bytes before the fault are well-formed, so characters are their leading bytes. */
static unsigned column_of(ol_str line, size_t fault) {
    unsigned column = 1;
    for (size_t i = 0; i < fault; i++)
        column += ((uint8_t)line.p[i] & 0xc0) != 0x80;
    return column;
}

static ol_err read_lines(ini *r, const char *text, size_t len) {
    ol_err err = OL_OK;
    for (size_t at = 0; err == OL_OK && at < len; at += r->line.len + 1) {
        const char *end = memchr(text + at, '\n', len - at);
        r->line_no++;
        r->line = (ol_str){ text + at, end == NULL ? len - at : (size_t)(end - text) - at };
        if (end == NULL)
            return refuse(r, OL_EFORM, 0, "the last line does not end in a newline");
        err = read_line(r);
    }
    return err;
}

ol_err ol_ini_read(const char *text, size_t len, ol_ini_fn *fn, void *ctx, ol_ini_at *ret_at) {
    ini r = { .fn = fn, .ctx = ctx, .line = { text, 0 }, .section = SIZE_MAX };
    ol_err err = OL_OK;
    if (len > OL_INI_TEXT_MAX)
        err = refuse(&r, OL_ELIMIT, 0, "text is longer than 65536 bytes");
    else
        err = read_lines(&r, text, len);
    if (err != OL_OK && ret_at != NULL)
        *ret_at = (ol_ini_at){ r.line_no + (r.line_no == 0), column_of(r.line, r.fault), r.why };
    return err;
}
