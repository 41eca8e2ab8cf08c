/* What keys do. What they say is said by the program's own commands, so that the watch signs,
 * refuses and warns as they do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/watch.h"

static void says(ol_watching *w, const char *text) {
    (void)snprintf(w->says, sizeof w->says, "%s", text);
}

/* The next choice, downwards or upwards; one that went away leaves none. */
static void choose(ol_watching *w, bool is_down) {
    size_t line = 0, at = 0, n = 0;
    const char *id;
    bool is_found = false;
    for (; (id = ol_watch_choice(w, n, &line)) != NULL; n++)
        if (strcmp(id, w->chosen) == 0)
            at = n, is_found = true;
    if (n == 0) {
        w->chosen[0] = '\0';
        return;
    }
    at = !is_found ? 0 : is_down ? (at + 1 < n ? at + 1 : at) : at > 0 ? at - 1 : 0;
    (void)snprintf(w->chosen, sizeof w->chosen, "%s", ol_watch_choice(w, at, &line));
}

/* The call or message that a letter acts on; NULL: there is none, which is said. */
static const char *target(ol_watching *w, bool wants_call, size_t *ret_line) {
    size_t line = 0;
    const char *id;
    bool is_there = false; /* what was chosen may have been answered since */
    for (size_t n = 0; (id = ol_watch_choice(w, n, &line)) != NULL; n++)
        is_there = is_there || strcmp(id, w->chosen) == 0;
    if (!is_there)
        w->chosen[0] = '\0';
    for (size_t n = 0; (id = ol_watch_choice(w, n, &line)) != NULL; n++) {
        bool is_call = ol_watch_call_of(w, id) != NULL;
        bool is_chosen = strcmp(id, w->chosen) == 0;
        if (is_call == wants_call && (is_chosen || (w->chosen[0] == '\0' && n == 0) ||
                                      (wants_call && ol_watch_call_of(w, w->chosen) == NULL))) {
            *ret_line = line;
            return id;
        }
    }
    says(w, wants_call ? "no call rings" : "choose a message first, by the arrows");
    return NULL;
}

static bool command(const char *argv[OL_WATCH_ARGS], const char *const *words, size_t n) {
    argv[0] = "openline";
    for (size_t i = 0; i < n; i++)
        argv[i + 1] = words[i];
    argv[n + 1] = NULL;
    return true;
}

/* "5" → "5m" or, in seconds, "300"; minutes from 1 to 10,080 */
static bool minutes(const char *text, bool in_seconds, char to[24]) {
    uint64_t n = 0;
    if (ol_u64_get(text, strlen(text), 1, 10080, &n) != OL_OK)
        return false;
    (void)snprintf(to, 24, "%llu%s", (unsigned long long)(in_seconds ? n * 60 : n),
                   in_seconds ? "" : "m");
    return true;
}

/* What the prompt was for, with what was typed. */
static bool carry_out(ol_watching *w, int key, const char *argv[OL_WATCH_ARGS]) {
    static char text[OL_WATCH_TEXT_MAX], number[24], id[OL_WATCH_ID_MAX];
    size_t line = 0;
    bool is_for_call = key == 'a' || key == 'd' || key == 'f';
    const char *found = target(w, is_for_call, &line);
    if (found == NULL)
        return false;
    (void)snprintf(id, sizeof id, "%s", found);
    (void)snprintf(text, sizeof text, "%s", w->text);
    const char *name = w->line[line].name;
    if ((key == 'f' || key == 'i') && !minutes(text, key == 'f', number)) {
        says(w, "give minutes, from 1 to 10080");
        return false;
    }
    const json_t *m = json_object_get(ol_watch_message(w, id), "message");
    const char *const answer[] = { "answer", name, id };
    const char *const decline[] = { "decline", name, id, "--", text };
    const char *const defer[] = { "defer", name, id, "--for", number };
    const char *const seen[] = { "ack", name, id };
    const char *const interim[] = { "interim", name, id, "--in", number };
    const char *const reply[] = { "send",         name,
                                  "--ref",        id,
                                  "--status",     ol_cli_text_of(m, "status"),
                                  "--precedence", ol_cli_text_of(m, "precedence"),
                                  "--",           text };
    switch (key) {
    case 'a':
        return command(argv, answer, OL_LEN(answer));
    case 'd':
        return command(argv, decline, text[0] != '\0' ? OL_LEN(decline) : 3);
    case 'f':
        return command(argv, defer, OL_LEN(defer));
    case 's':
        return command(argv, seen, OL_LEN(seen));
    case 'i':
        return command(argv, interim, OL_LEN(interim));
    default:
        return text[0] != '\0' && command(argv, reply, OL_LEN(reply));
    }
}

static void prompt(ol_watching *w, int key) {
    size_t line;
    if (target(w, key == 'd' || key == 'f', &line) == NULL)
        return;
    /* what is typed stays with what it was begun for, whatever rings meanwhile */
    (void)snprintf(w->chosen, sizeof w->chosen, "%s", target(w, key == 'd' || key == 'f', &line));
    w->prompt = key;
    w->len = 0;
    w->text[0] = '\0';
}

/* A key while something is typed. */
static bool type(ol_watching *w, const char *p, size_t len, const char *argv[OL_WATCH_ARGS]) {
    int key = w->prompt;
    if (len == 1 && (p[0] == '\r' || p[0] == '\n')) {
        w->prompt = 0;
        return carry_out(w, key, argv);
    }
    if (len == 1 && (p[0] == 0x1B || p[0] == 0x03)) {
        w->prompt = 0;
        says(w, "nothing was said");
    } else if (len == 1 && (p[0] == 0x7F || p[0] == 0x08)) {
        while (w->len > 0 && (w->text[w->len - 1] & 0xC0) == 0x80)
            w->len--;
        w->len -= w->len > 0;
    } else if (len == 1 && p[0] == 0x15) {
        w->len = 0;
    } else if ((unsigned char)p[0] >= 0x20 && p[0] != 0x7F && w->len + len < sizeof w->text) {
        memcpy(w->text + w->len, p, len);
        w->len += len;
    }
    w->text[w->len] = '\0';
    return false;
}

bool ol_watch_key(ol_watching *w, const char *p, size_t len, const char *argv[OL_WATCH_ARGS]) {
    if (w->prompt != 0)
        return type(w, p, len, argv);
    w->says[0] = '\0';
    if (w->has_help) {
        w->has_help = false;
        return false;
    }
    if (len == 3 && p[0] == 0x1B && (p[2] == 'A' || p[2] == 'B')) {
        choose(w, p[2] == 'B');
        return false;
    }
    if (len != 1)
        return false;
    switch (p[0]) {
    case 'j':
    case 'k':
        choose(w, p[0] == 'j');
        break;
    case 'a':
    case 's':
        w->text[0] = '\0';
        return carry_out(w, p[0], argv);
    case 'd':
    case 'f':
    case 'i':
    case 'r':
        prompt(w, p[0]);
        break;
    case 'x':
        w->alarms = 0;
        break;
    case 0x1B:
        w->chosen[0] = '\0';
        break;
    case '?':
    case 'h':
        w->has_help = true;
        break;
    case 'q':
    case 0x03:
    case 0x04:
        w->is_done = true;
        break;
    default:
        break;
    }
    return false;
}
