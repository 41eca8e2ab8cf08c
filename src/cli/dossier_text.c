/* A dossier as text, 80 columns where the texts allow it. */
#include <string.h>

#include "base/text.h"
#include "cli/dossier.h"

/* Names of files may hold anything: what a terminal would act upon is shown as '?'. */
static void put(FILE *to, const char *s) {
    size_t len = strlen(s);
    for (size_t at = 0, n = 0; at < len; at += n) {
        uint32_t c = 0;
        n = ol_utf8_next((const uint8_t *)s + at, len - at, &c);
        bool is_odd = n == 0 || ol_cli_is_odd(c);
        if (n == 0)
            n = 1;
        if (is_odd)
            (void)fputc('?', to);
        else
            (void)fwrite(s + at, 1, n, to);
    }
}

static void line(void *ctx, const char *label, const char *text) {
    FILE *to = ctx;
    (void)fprintf(to, "  %-14s  ", label);
    put(to, text);
    (void)fputc('\n', to);
}

static void put_text(FILE *to, const char *text) {
    while (*text != '\0') {
        char one[1024];
        size_t len = strcspn(text, "\n"), n = len < sizeof one ? len : sizeof one - 1;
        while (n < len && n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
            n--; /* not inside a character */
        memcpy(one, text, n);
        one[n] = '\0';
        (void)fputs("  | ", to);
        put(to, one);
        (void)fputc('\n', to);
        text += n + (text[n] == '\n');
    }
}

static void put_item(FILE *to, const json_t *item) {
    char title[OL_DOSSIER_WORDS_MAX];
    const json_t *body = json_object_get(item, ol_cli_text_of(item, "kind"));
    const char *serial = ol_cli_text_of(item, "serial");
    ol_dossier_title(item, title);
    (void)fputs(
        "--------------------------------------------------------------------------------\n", to);
    put(to, title);
    (void)fputc('\n', to);
    put_text(to, ol_cli_text_of(body, "text"));
    ol_dossier_lines(item, line, to);
    if (serial[0] != '\0')
        (void)fprintf(to, "  END OF %s\n", serial);
}

void ol_dossier_text(FILE *to, const json_t *model) {
    size_t i;
    json_t *item;
    (void)fputs("DOSSIER OF THE LINE ", to);
    put(to, ol_cli_text_of(model, "line"));
    (void)fputs("\n\n", to);
    ol_dossier_head(model, line, to);
    (void)fputc('\n', to);
    json_array_foreach(json_object_get(model, "items"), i, item) put_item(to, item);
    (void)fputs(
        "================================================================================\n", to);
    ol_dossier_tail(model, line, to);
    (void)fputs("END OF THE DOSSIER\n", to);
}
