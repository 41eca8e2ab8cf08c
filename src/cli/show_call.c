/* Calls and what belongs to them, as `openline log` shows them. Every line of a drill says so; the
 * status of a ring and of a close is that of their call. */
#include <stdio.h>
#include <string.h>

#include "cli/show.h"

static void show_head(const json_t *entry, const char *drill, const char *what) {
    char dtg[OL_CLI_DTG_LEN + 1];
    ol_cli_dtg((uint64_t)ol_cli_int_of(entry, "wall"), dtg);
    ol_cli_print("%s%s  %s  %s\n", drill, what, ol_cli_text_of(entry, "entry"), dtg);
}

static void show_text(const char *drill, const json_t *o) {
    if (ol_cli_text_of(o, "text")[0] != '\0')
        ol_cli_print("%s  | %s\n", drill, ol_cli_text_of(o, "text"));
}

static void show_call(const json_t *entry, const json_t *o) {
    char drill[OL_CLI_UPPER_LEN + 2], precedence[OL_CLI_UPPER_LEN], status[OL_CLI_UPPER_LEN],
        what[80];
    size_t i;
    json_t *p;
    (void)ol_cli_drill(o, drill);
    (void)snprintf(what, sizeof what, "CALL  %s  %s",
                   ol_cli_upper(ol_cli_text_of(o, "precedence"), precedence),
                   ol_cli_upper(ol_cli_text_of(o, "status"), status));
    show_head(entry, drill, what);
    ol_cli_print("%s  %s calls the %s, %s", drill, ol_cli_text_of(entry, "author"),
                 ol_cli_text_of(o, "rung"),
                 strcmp(ol_cli_text_of(o, "purpose"), "voice") == 0 ? "to speak" : "to write");
    json_array_foreach(json_object_get(o, "called"), i, p) {
        ol_cli_print("%s%s", i == 0 ? "; called: " : ", ", json_string_value(p));
    }
    if (ol_cli_text_of(o, "ref")[0] != '\0')
        ol_cli_print("; takes up %s again", ol_cli_text_of(o, "ref"));
    if (ol_cli_text_of(o, "of")[0] != '\0')
        ol_cli_print("; escalates %s", ol_cli_text_of(o, "of"));
    ol_cli_print("\n");
    show_text(drill, o);
}

static void show_ring(const json_t *entry, const json_t *o) {
    char drill[OL_CLI_UPPER_LEN + 2];
    bool rings = strcmp(ol_cli_text_of(o, "state"), "rings") == 0;
    show_head(entry, ol_cli_drill(o, drill), rings ? "RINGS" : "LADDER ENDED");
    if (rings)
        ol_cli_print("%s  the station of %s rings the %s for %lld s, for the call %s\n", drill,
                     ol_cli_text_of(entry, "author"), ol_cli_text_of(o, "rung"),
                     ol_cli_int_of(o, "seconds"), ol_cli_text_of(o, "call"));
    else
        ol_cli_print("%s  the station of %s rang %lld s up to the %s and nobody came, for the call "
                     "%s\n",
                     drill, ol_cli_text_of(entry, "author"), ol_cli_int_of(o, "after"),
                     ol_cli_text_of(o, "rung"), ol_cli_text_of(o, "call"));
}

static void show_reply(const json_t *entry, const json_t *o) {
    char drill[OL_CLI_UPPER_LEN + 2];
    const char *verb = ol_cli_text_of(o, "verb");
    bool is_answer = strcmp(verb, "answer") == 0, is_defer = strcmp(verb, "defer") == 0;
    (void)ol_cli_drill(o, drill);
    show_head(entry, drill, is_answer ? "ANSWERED" : is_defer ? "DEFERRED" : "DECLINED");
    ol_cli_print("%s  %s %s the call %s", drill, ol_cli_text_of(entry, "author"),
                 is_answer  ? "answers"
                 : is_defer ? "defers"
                            : "declines",
                 ol_cli_text_of(o, "call"));
    if (is_defer)
        ol_cli_print(" for %lld s", ol_cli_int_of(o, "seconds"));
    if (ol_cli_text_of(o, "rung")[0] != '\0')
        ol_cli_print(", the %s", ol_cli_text_of(o, "rung"));
    ol_cli_print(", %lld s after it first rang\n", ol_cli_int_of(o, "after"));
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
    const char *says = ol_cli_text_of(o, "why");
    char drill[OL_CLI_UPPER_LEN + 2];
    size_t i;
    json_t *r;
    for (i = 0; i < OL_LEN(whys); i++)
        if (strcmp(whys[i].why, says) == 0)
            says = whys[i].says;
    show_head(entry, ol_cli_drill(o, drill), "CLOSED");
    ol_cli_print("%s  the call %s, %lld s after it was placed: %s\n", drill,
                 ol_cli_text_of(o, "call"), ol_cli_int_of(o, "after"), says);
    json_array_foreach(json_object_get(o, "receipts"), i, r) {
        char dtg[OL_CLI_DTG_LEN + 1];
        ol_cli_dtg((uint64_t)ol_cli_int_of(r, "time"), dtg);
        ol_cli_print("%s  with the receipt of %s over %lld entries, %s\n", drill,
                     ol_cli_text_of(r, "party"), ol_cli_int_of(r, "size"), dtg);
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
    const char *kind = ol_cli_text_of(entry, "kind");
    for (size_t i = 0; i < OL_LEN(kinds); i++) {
        if (strcmp(kinds[i].kind, kind) != 0)
            continue;
        kinds[i].show(entry, json_object_get(entry, kind));
        return true;
    }
    return false;
}
