/* A dossier as one HTML file: no script, nothing from outside, everything escaped. Its policy
 * forbids both, should a text ever get past the escaping. */
#include <string.h>

#include "base/text.h"
#include "cli/dossier.h"

static const char head[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n";

static const char style[] =
    "<style>\n"
    "@page { size: auto; margin: 18mm 15mm; }\n"
    "body { font: 10.5pt/1.4 \"DejaVu Sans\", \"Noto Sans\", \"Noto Sans CJK SC\", sans-serif;\n"
    "  color: #000; background: #fff; max-width: 180mm; margin: 2em auto; padding: 0 1em; }\n"
    "h1 { font-size: 16pt; margin: 0 0 .6em; }\n"
    "h2 { font-size: 12pt; margin: 1.6em 0 .4em; border-bottom: 1px solid #000; }\n"
    "h3 { font-size: 10.5pt; margin: 0; padding: .25em .5em; background: #e8e8e8;\n"
    "  break-after: avoid; }\n"
    "article { border: 1px solid #777; margin: 0 0 .9em; }\n"
    "article.drill { border: 3px double #000; }\n"
    "article.drill h3 { background: #000; color: #fff; }\n"
    "article.flash { border-left: 6px solid #000; }\n"
    "pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0;\n"
    "  padding: .5em .6em; orphans: 3; widows: 3; unicode-bidi: plaintext; }\n"
    "table { border-collapse: collapse; width: 100%; font-size: 8.5pt; }\n"
    "th { text-align: left; vertical-align: top; width: 11em; font-weight: 600;\n"
    "  padding: .1em .6em; }\n"
    "td { vertical-align: top; padding: .1em .6em; overflow-wrap: anywhere; }\n"
    "tr { break-inside: avoid; }\n"
    "tr.loud { font-weight: 700; }\n"
    "tr.loud td, tr.loud th { outline: 1px solid #000; }\n"
    ".end { font-size: 8.5pt; padding: .1em .6em .4em; }\n"
    "@media print { body { margin: 0; max-width: none; padding: 0; }\n"
    "  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }\n"
    "</style>\n";

/* Text between tags, or in a quoted attribute. */
static void put(FILE *to, const char *s) {
    size_t len = strlen(s);
    for (size_t at = 0, n = 0; at < len; at += n) {
        uint32_t c = 0;
        n = ol_utf8_next((const uint8_t *)s + at, len - at, &c);
        bool is_odd = n == 0 || (ol_cli_is_odd(c) && c != '\n') || (c & 0xFFFE) == 0xFFFE;
        n = n == 0 ? 1 : n;
        if (is_odd)
            (void)fputs("\xEF\xBF\xBD", to);
        else if (strchr("&<>\"'", (int)s[at]) != NULL && n == 1)
            (void)fprintf(to, "&#%u;", (unsigned)c);
        else
            (void)fwrite(s + at, 1, n, to);
    }
}

/* What nobody should read past, even on paper without colours. */
static bool is_loud(const char *label) {
    static const char *const loud[] = { "CROSSED",  "NOT STORED", "UNREADABLE", "BROKEN",
                                        "VERDICT",  "CANCEL",     "ORDER",      "HAD, UNREAD",
                                        "NO CHECK", "NOT SIGNED" };
    for (size_t i = 0; i < OL_LEN(loud); i++)
        if (strcmp(label, loud[i]) == 0)
            return true;
    return false;
}

static void row(void *ctx, const char *label, const char *text) {
    FILE *to = ctx;
    bool is_broken = strcmp(label, "RECORD") == 0 && strncmp(text, "DOES NOT", 8) == 0;
    (void)fputs(is_loud(label) || is_broken ? "<tr class=\"loud\"><th>" : "<tr><th>", to);
    put(to, label);
    (void)fputs("</th><td><bdi>", to);
    put(to, text);
    (void)fputs("</bdi></td></tr>\n", to);
}

/* An attribute lang only where the words are of those that there can be. */
static void put_text(FILE *to, const json_t *body) {
    const char *text = ol_cli_text_of(body, "text"), *lang = ol_cli_text_of(body, "lang");
    if (text[0] == '\0')
        return;
    (void)fputs("<pre dir=\"auto\"", to);
    if (lang[0] != '\0') {
        (void)fputs(" lang=\"", to);
        put(to, lang);
        (void)fputc('"', to);
    }
    (void)fputc('>', to);
    if (text[0] == '\n')
        (void)fputc('\n', to); /* the first one is not taken as text */
    put(to, text);
    (void)fputs("</pre>\n", to);
}

static void put_item(FILE *to, const json_t *item) {
    char title[OL_DOSSIER_WORDS_MAX];
    const json_t *body = json_object_get(item, ol_cli_text_of(item, "kind"));
    const char *serial = ol_cli_text_of(item, "serial");
    bool is_drill = ol_cli_is_drill(body);
    bool is_flash = strcmp(ol_cli_text_of(body, "precedence"), "flash") == 0;
    ol_dossier_title(item, title);
    (void)fprintf(to, "<article class=\"item%s%s\">\n<h3>", is_drill ? " drill" : "",
                  is_flash ? " flash" : "");
    put(to, title);
    (void)fputs("</h3>\n", to);
    put_text(to, body);
    (void)fputs("<table>\n", to);
    ol_dossier_lines(item, row, to);
    (void)fputs("</table>\n", to);
    if (serial[0] != '\0')
        (void)fprintf(to, "<div class=\"end\">END OF %s</div>\n", serial);
    (void)fputs("</article>\n", to);
}

void ol_dossier_html(FILE *to, const json_t *model) {
    size_t i;
    json_t *item;
    (void)fputs(head, to);
    (void)fputs("<title>Dossier of the line ", to);
    put(to, ol_cli_text_of(model, "line"));
    (void)fputs("</title>\n", to);
    (void)fputs(style, to);
    (void)fputs("</head>\n<body>\n<h1>Dossier of the line ", to);
    put(to, ol_cli_text_of(model, "line"));
    (void)fputs("</h1>\n<table>\n", to);
    ol_dossier_head(model, row, to);
    (void)fputs("</table>\n<h2>The record in its joint order</h2>\n", to);
    json_array_foreach(json_object_get(model, "items"), i, item) put_item(to, item);
    (void)fputs("<h2>Line checks, logs, gaps</h2>\n<table>\n", to);
    ol_dossier_tail(model, row, to);
    (void)fputs("</table>\n<p>END OF THE DOSSIER</p>\n</body>\n</html>\n", to);
}
