/* Groups of digits that somebody typed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/paper.h"

static ol_groups groups;
static bool is_told[OL_GROUPS_LINES_MAX + 1]; /* that it is wrong */

/* The bundle, where no line is missing. */
static int finish(ol_cli *c, ol_cli_paper *p, const char *file) {
    static uint8_t bundle[OL_GROUPS_BUNDLE_MAX];
    size_t len = 0;
    if (ol_groups_end(&groups, bundle, &len) == OL_OK)
        return ol_cli_paper_keep(c, p, bundle, len);
    ol_cli_paper_wrong(c, p, file, 0,
                       "each line is right by itself, and together they are not the bundle of line "
                       "1: a line of another bundle is among them");
    return -1;
}

/* What is missing, but for lines that were told to be wrong. */
static void tell_missing(ol_cli *c, ol_cli_paper *p, const char *file) {
    for (unsigned i = ol_groups_missing(&groups, 1); i != 0;) {
        unsigned end = i, next = ol_groups_missing(&groups, i + 1);
        while (!is_told[i] && next == end + 1 && !is_told[next]) {
            end = next;
            next = ol_groups_missing(&groups, end + 1);
        }
        if (end > i)
            ol_cli_paper_wrong(c, p, file, 0, "lines %u to %u are missing", i, end);
        else if (!is_told[i])
            ol_cli_paper_wrong(c, p, file, 0, "line %u is missing", i);
        i = next;
    }
}

/* A line, by the number under which it was typed and by its place. */
static void tell_line(ol_cli *c, ol_cli_paper *p, const char *file, unsigned at,
                      const ol_groups_wrong *w) {
    char says[OL_GROUPS_SAYS_MAX];
    ol_groups_say(w, says);
    is_told[w->belongs != 0 ? w->belongs : w->number] = true;
    if (w->number != 0)
        ol_cli_paper_wrong(c, p, file, at, "line %u is wrong: %s", w->number, says);
    else
        ol_cli_paper_wrong(c, p, file, at, "this line is wrong: %s", says);
}

int ol_cli_paper_text(ol_cli *c, ol_cli_paper *p, const char *file, const char *text, size_t len) {
    ol_groups_wrong w;
    size_t before = p->wrong;
    unsigned line = 0;
    memset(is_told, 0, sizeof is_told);
    ol_groups_begin(&groups);
    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end != NULL ? (size_t)(end - (text + at)) : len - at;
        line++;
        if (ol_groups_take(&groups, text + at, n, &w) != OL_GROUPS_RIGHT)
            tell_line(c, p, file, line, &w);
        at += n + 1;
    }
    while (ol_groups_settle(&groups, &w) != OL_GROUPS_RIGHT)
        tell_line(c, p, file, 0, &w);
    if (p->wrong == before && ol_groups_missing(&groups, 1) == 0)
        return finish(c, p, file);
    p->has_lines = true;
    tell_missing(c, p, file);
    return -1;
}

static void prompt(unsigned line) {
    (void)fprintf(stderr, "line %u: ", line);
    (void)fflush(stderr);
}

int ol_cli_paper_ask(ol_cli *c, ol_cli_paper *p) {
    char *line = NULL;
    size_t room = 0;
    ssize_t len = 0;
    (void)fputs("Type the groups line by line, each with its number first. Spaces do not matter. "
                "Control-D ends it.\n",
                stderr);
    ol_groups_begin(&groups);
    for (unsigned want = 1; want != 0; want = ol_groups_missing(&groups, 1)) {
        ol_groups_wrong w;
        char says[OL_GROUPS_SAYS_MAX];
        prompt(want);
        if ((len = getline(&line, &room, stdin)) < 0)
            break;
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            len--;
        if (ol_groups_take(&groups, line, (size_t)len, &w) != OL_GROUPS_RIGHT) {
            ol_groups_say(&w, says);
            (void)fprintf(stderr, "  NOT TAKEN: %s. Once more, please.\n", says);
        } else if (w.number == 1) {
            (void)fprintf(stderr, "  Right. There are %zu lines.\n", ol_groups_count(&groups));
        }
        while (ol_groups_settle(&groups, &w) != OL_GROUPS_RIGHT) {
            ol_groups_say(&w, says);
            (void)fprintf(stderr, "  line %u is left out: %s.\n", w.number, says);
        }
    }
    free(line);
    if (ol_groups_missing(&groups, 1) == 0)
        return finish(c, p, "what was typed");
    (void)fputc('\n', stderr);
    p->has_lines = true;
    tell_missing(c, p, "what was typed");
    return -1;
}
