/* Calls and what belongs to them, as `openline log` shows them. Every line of a drill says so; the
 * status of a ring and of a close is that of their call. */
#include <stdio.h>
#include <string.h>

#include "cli/show.h"

static const char *text_of(const json_t *o, const char *key) {
    const char *s = json_string_value(json_object_get(o, key));
    return s != NULL ? s : "";
}

static long long int_of(const json_t *o, const char *key) {
    return (long long)json_integer_value(json_object_get(o, key));
}

static const char *upper(const char *s, char to[24]) {
    size_t i = 0;
    for (; s[i] != '\0' && i < 23; i++)
        to[i] = s[i] >= 'a' && s[i] <= 'z' ? (char)(s[i] - 'a' + 'A') : s[i];
    to[i] = '\0';
    return to;
}

/* What begins each line: nothing, or the status of a drill. */
static const char *drill_of(const json_t *o, char to[26]) {
    const char *status = text_of(o, "status");
    char word[24];
    to[0] = '\0';
    if (status[0] != '\0' && strcmp(status, "operational") != 0)
        (void)snprintf(to, 26, "%s ", upper(status, word));
    return to;
}

static void show_head(const json_t *entry, const char *drill, const char *what) {
    char dtg[OL_CLI_DTG_LEN + 1];
    ol_cli_dtg((uint64_t)int_of(entry, "wall"), dtg);
    ol_cli_print("%s%s  %s  %s\n", drill, what, text_of(entry, "entry"), dtg);
}

static void show_text(const char *drill, const json_t *o) {
    if (text_of(o, "text")[0] != '\0')
        ol_cli_print("%s  | %s\n", drill, text_of(o, "text"));
}

static void show_call(const json_t *entry, const json_t *o) {
    char drill[26], precedence[24], status[24], what[80];
    size_t i;
    json_t *p;
    (void)drill_of(o, drill);
    (void)snprintf(what, sizeof what, "CALL  %s  %s", upper(text_of(o, "precedence"), precedence),
                   upper(text_of(o, "status"), status));
    show_head(entry, drill, what);
    ol_cli_print("%s  %s calls the %s, %s", drill, text_of(entry, "author"), text_of(o, "rung"),
                 strcmp(text_of(o, "purpose"), "voice") == 0 ? "to speak" : "to write");
    json_array_foreach(json_object_get(o, "called"), i, p) {
        ol_cli_print("%s%s", i == 0 ? "; called: " : ", ", json_string_value(p));
    }
    if (text_of(o, "ref")[0] != '\0')
        ol_cli_print("; takes up %s again", text_of(o, "ref"));
    if (text_of(o, "of")[0] != '\0')
        ol_cli_print("; escalates %s", text_of(o, "of"));
    ol_cli_print("\n");
    show_text(drill, o);
}

static void show_ring(const json_t *entry, const json_t *o) {
    char drill[26];
    bool rings = strcmp(text_of(o, "state"), "rings") == 0;
    show_head(entry, drill_of(o, drill), rings ? "RINGS" : "LADDER ENDED");
    if (rings)
        ol_cli_print("%s  the station of %s rings the %s for %lld s, for the call %s\n", drill,
                     text_of(entry, "author"), text_of(o, "rung"), int_of(o, "seconds"),
                     text_of(o, "call"));
    else
        ol_cli_print("%s  the station of %s rang %lld s up to the %s and nobody came, for the call "
                     "%s\n",
                     drill, text_of(entry, "author"), int_of(o, "after"), text_of(o, "rung"),
                     text_of(o, "call"));
}

static void show_reply(const json_t *entry, const json_t *o) {
    char drill[26];
    const char *verb = text_of(o, "verb");
    bool is_answer = strcmp(verb, "answer") == 0, is_defer = strcmp(verb, "defer") == 0;
    (void)drill_of(o, drill);
    show_head(entry, drill, is_answer ? "ANSWERED" : is_defer ? "DEFERRED" : "DECLINED");
    ol_cli_print("%s  %s %s the call %s", drill, text_of(entry, "author"),
                 is_answer  ? "answers"
                 : is_defer ? "defers"
                            : "declines",
                 text_of(o, "call"));
    if (is_defer)
        ol_cli_print(" for %lld s", int_of(o, "seconds"));
    if (text_of(o, "rung")[0] != '\0')
        ol_cli_print(", the %s", text_of(o, "rung"));
    ol_cli_print(", %lld s after it first rang\n", int_of(o, "after"));
    show_text(drill, o);
}

static void show_close(const json_t *entry, const json_t *o) {
    static const struct {
        const char *why, *says;
    } whys[] = { { "answered", "it was answered" },
                 { "declined", "it was declined or deferred" },
                 { "ended", "all ladders have ended" },
                 { "time", "its time is over" },
                 { "withdrawn", "the caller withdrew it" },
                 { "interrupted", "the log of the call was closed" } };
    const char *says = text_of(o, "why");
    char drill[26];
    size_t i;
    json_t *r;
    for (i = 0; i < OL_LEN(whys); i++)
        if (strcmp(whys[i].why, says) == 0)
            says = whys[i].says;
    show_head(entry, drill_of(o, drill), "CLOSED");
    ol_cli_print("%s  the call %s, %lld s after it was placed: %s\n", drill, text_of(o, "call"),
                 int_of(o, "after"), says);
    json_array_foreach(json_object_get(o, "receipts"), i, r) {
        char dtg[OL_CLI_DTG_LEN + 1];
        ol_cli_dtg((uint64_t)int_of(r, "time"), dtg);
        ol_cli_print("%s  with the receipt of %s over %lld entries, %s\n", drill,
                     text_of(r, "party"), int_of(r, "size"), dtg);
    }
}

bool ol_show_call(const json_t *entry) {
    static const struct {
        const char *kind;
        void (*show)(const json_t *entry, const json_t *o);
    } kinds[] = { { "call", show_call },
                  { "ring", show_ring },
                  { "reply", show_reply },
                  { "close", show_close } };
    const char *kind = text_of(entry, "kind");
    for (size_t i = 0; i < OL_LEN(kinds); i++) {
        if (strcmp(kinds[i].kind, kind) != 0)
            continue;
        kinds[i].show(entry, json_object_get(entry, kind));
        return true;
    }
    return false;
}
