/* Commands, on standard input, on the command line, in a schedule:
 *   [LINK[/ab|/ba]] word [value] [word value]…      without LINK: every link, both ways */
#include "linkem.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 64 };

static const struct parameter {
    const char *name;
    size_t at;
    double max;
} parameters[] = {
    { "delay", offsetof(shape, delay_ms), 600000 },
    { "jitter", offsetof(shape, jitter_ms), 600000 },
    { "loss", offsetof(shape, loss), 1 },
    { "duplicate", offsetof(shape, duplicate), 1 },
    { "reorder", offsetof(shape, reorder), 1 },
    { "reorder-by", offsetof(shape, reorder_ms), 600000 },
    { "burst-begin", offsetof(shape, burst_begin), 1 },
    { "burst-end", offsetof(shape, burst_end), 1 },
    { "burst-loss", offsetof(shape, burst_loss), 1 },
    { "rate", offsetof(shape, rate), 1e11 },
    { "queue", offsetof(shape, queue), 1e9 },
};

typedef struct {
    link_ *link; /* NULL: all */
    int way;     /* -1: both */
} choice;

bool number_parse(const char *text, double max, double *ret) {
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end != '\0' || !(v >= 0 && v <= max))
        return false;
    *ret = v;
    return true;
}

static bool choose(const char *word, choice *ret) {
    const char *slash = strchr(word, '/');
    size_t len = slash != NULL ? (size_t)(slash - word) : strlen(word);
    choice c = { NULL, -1 };
    for (size_t i = 0; i < em.links; i++)
        if (strlen(em.link[i].name) == len && memcmp(em.link[i].name, word, len) == 0)
            c.link = &em.link[i];
    if (slash != NULL && strcmp(slash, "/ab") == 0)
        c.way = 0;
    else if (slash != NULL && strcmp(slash, "/ba") == 0)
        c.way = 1;
    bool is_all = len == 1 && word[0] == '*';
    if ((c.link == NULL && !is_all) || (slash != NULL && c.way < 0))
        return false;
    *ret = c;
    return true;
}

static void set(const choice *c, size_t at, double value, bool is_cut) {
    for (size_t i = 0; i < em.links; i++) {
        link_ *l = &em.link[i];
        if (c->link != NULL && c->link != l)
            continue;
        for (int w = 0; w < 2; w++) {
            if (c->way >= 0 && c->way != w)
                continue;
            if (at == SIZE_MAX)
                l->way[w].s.is_cut = is_cut;
            else
                memcpy((char *)&l->way[w].s + at, &value, sizeof value);
        }
        if (l->is_tcp)
            tcp_changed(l);
    }
}

/* At once, or after so many bytes on the ways that are chosen. */
static void reset(const choice *c, bool is_now, double after) {
    for (size_t i = 0; i < em.links; i++) {
        link_ *l = &em.link[i];
        if (!l->is_tcp || (c->link != NULL && c->link != l))
            continue;
        if (is_now)
            tcp_reset(l);
        for (int w = 0; w < 2 && !is_now; w++)
            if (c->way < 0 || c->way == w)
                l->way[w].reset_after = (uint64_t)after;
    }
}

static void put_stats(char *answer, size_t size) {
    size_t n = (size_t)snprintf(answer, size, "{\"ok\": true, \"links\": {");
    for (size_t i = 0; i < em.links && n < size; i++) {
        const link_ *l = &em.link[i];
        n += (size_t)snprintf(answer + n, size - n, "%s\"%s\": {\"opened\": %llu, \"ended\": %llu",
                              i > 0 ? ", " : "", l->name, (unsigned long long)l->opened,
                              (unsigned long long)l->ended);
        for (unsigned w = 0; w < 2 && n < size; w++) {
            const way_counts *c = &l->way[w].count;
            n += (size_t)snprintf(
                answer + n, size - n,
                ", \"%s\": {\"packets\": %llu, \"bytes\": %llu, \"lost\": %llu, "
                "\"cut\": %llu, \"full\": %llu, \"duplicated\": %llu, "
                "\"reordered\": %llu, \"delivered\": %llu}",
                w == 0 ? "ab" : "ba", (unsigned long long)c->packets, (unsigned long long)c->bytes,
                (unsigned long long)c->lost, (unsigned long long)c->cut,
                (unsigned long long)c->full, (unsigned long long)c->duplicated,
                (unsigned long long)c->reordered, (unsigned long long)c->delivered);
        }
        if (n < size)
            n += (size_t)snprintf(answer + n, size - n, "}");
    }
    if (n < size)
        (void)snprintf(answer + n, size - n, "}}");
}

/* One word with its value if it takes one; returns how many words, 0: *why. */
static size_t perform(const choice *c, char **word, size_t words, char *answer, size_t size,
                      const char **why) {
    double value = 0;
    if (strcmp(word[0], "cut") == 0 || strcmp(word[0], "heal") == 0)
        return set(c, SIZE_MAX, 0, word[0][0] == 'c'), 1;
    if (strcmp(word[0], "reset") == 0)
        return reset(c, true, 0), 1;
    if (strcmp(word[0], "stats") == 0)
        return put_stats(answer, size), 1;
    if (strcmp(word[0], "quit") == 0)
        return em.is_over = true, 1;
    *why = "a value is missing or out of range";
    if (strcmp(word[0], "reset-after") == 0) {
        if (words < 2 || !number_parse(word[1], 1e15, &value))
            return 0;
        return reset(c, false, value), 2;
    }
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        if (strcmp(word[0], parameters[i].name) == 0) {
            if (words < 2 || !number_parse(word[1], parameters[i].max, &value))
                return 0;
            return set(c, parameters[i].at, value, false), 2;
        }
    *why = "no such link or word; --help names them";
    return 0;
}

void command(const char *line, char *answer, size_t size) {
    char copy[1024], *word[WORDS_MAX], *rest = NULL;
    size_t n = 0;
    (void)snprintf(answer, size, "{\"ok\": true}");
    (void)snprintf(copy, sizeof copy, "%s", line);
    for (char *w = strtok_r(copy, " \t\r\n", &rest); w != NULL && n < WORDS_MAX;
         w = strtok_r(NULL, " \t\r\n", &rest))
        word[n++] = w;
    choice c = { NULL, -1 };
    size_t at = n > 0 && choose(word[0], &c) ? 1 : 0;
    const char *why = NULL;
    while (at < n) {
        size_t took = perform(&c, word + at, n - at, answer, size, &why);
        if (took == 0) {
            (void)snprintf(answer, size, "{\"ok\": false, \"word\": %zu, \"why\": \"%s\"}", at + 1,
                           why);
            return;
        }
        at += took;
    }
}
