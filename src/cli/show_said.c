/* Acts, orders, and what became of an entry, as people read them; the message frame. */
#include <stdio.h>
#include <string.h>

#include "cli/show.h"

static const char *dtg_of(const json_t *o, const char *key, char to[OL_CLI_DTG_LEN + 1]) {
    ol_cli_dtg((uint64_t)json_integer_value(json_object_get(o, key)), to);
    return to;
}

static void print_names(const json_t *list) {
    size_t i;
    json_t *name;
    json_array_foreach(list, i, name)
        ol_cli_print("%s%s", i > 0 ? ", " : "", json_string_value(name));
}

/* ── acts and orders ───────────────────────────────────────────────────────────────────────────*/

static const struct {
    const char *verb, *says;
} verbs[] = {
    { "seen", "has seen" },
    { "interim", "will answer" },
    { "cancel", "CANCELS" },
    { "right", "says RIGHT to the read-back" },
    { "wrong", "says WRONG to the read-back" },
    { "present", "asks: is anybody there?" },
    { "here", "is here, to" },
    { "minimise", "orders MINIMISE: urgent traffic only" },
    { "end-minimise", "ends its minimise" },
    { "suspend", "SUSPENDS the line; line checks go on" },
    { "resume", "RESUMES the line" },
};

bool ol_show_act(const json_t *entry) {
    const char *kind = ol_cli_text_of(entry, "kind"), *says = "";
    const json_t *a = json_object_get(entry, kind);
    char dtg[OL_CLI_DTG_LEN + 1], until[OL_CLI_DTG_LEN + 1], status[OL_CLI_UPPER_LEN];
    if (a == NULL || (strcmp(kind, "act") != 0 && strcmp(kind, "order") != 0))
        return false;
    for (size_t i = 0; i < OL_LEN(verbs); i++)
        if (strcmp(verbs[i].verb, ol_cli_text_of(a, "verb")) == 0)
            says = verbs[i].says;
    ol_cli_print("%-9s %-11s %s  %s\n", strcmp(kind, "act") == 0 ? "ACT" : "ORDER",
                 ol_cli_upper(ol_cli_text_of(a, "status"), status), ol_cli_text_of(entry, "entry"),
                 dtg_of(entry, "wall", dtg));
    ol_cli_print("  %s %s%s%s", ol_cli_text_of(entry, "author"), says,
                 json_object_get(a, "ref") != NULL ? " " : "", ol_cli_text_of(a, "ref"));
    if (json_object_get(a, "seconds") != NULL) {
        json_int_t wall = json_integer_value(json_object_get(entry, "wall"));
        ol_cli_dtg((uint64_t)(wall + json_integer_value(json_object_get(a, "seconds"))), until);
        ol_cli_print(strcmp(kind, "act") == 0 ? " by %s" : ", meant until %s", until);
    }
    ol_cli_print("%s%s\n", json_object_get(a, "text") != NULL ? ": " : "",
                 ol_cli_text_of(a, "text"));
    return true;
}

/* ── what became of it ─────────────────────────────────────────────────────────────────────────*/

static void show_state(const char *party, const json_t *state) {
    char dtg[OL_CLI_DTG_LEN + 1];
    static const char *const steps[] = { "seen", "answered" };
    const json_t *interim = json_object_get(state, "interim");
    ol_cli_print("  %s: %s", party, ol_cli_text_of(state, "state"));
    if (json_object_get(state, "time") != NULL)
        ol_cli_print(strcmp(ol_cli_text_of(state, "state"), "stored") == 0
                         ? ", receipt of %s"
                         : ", stored, receipt of %s",
                     dtg_of(state, "time", dtg));
    if (json_object_get(state, "by") != NULL)
        ol_cli_print(" by %s", strcmp(ol_cli_text_of(state, "by"), "bundle") == 0
                                   ? "a bundle"
                                   : ol_cli_text_of(state, "by"));
    for (size_t i = 0; i < OL_LEN(steps); i++) {
        const json_t *step = json_object_get(state, steps[i]);
        if (step != NULL)
            ol_cli_print(", %s %s (%s)", steps[i], dtg_of(step, "wall", dtg),
                         ol_cli_text_of(step, "entry"));
    }
    if (interim != NULL && json_object_get(state, "answered") == NULL)
        ol_cli_print(", ANSWER BY %s (%s)", dtg_of(interim, "until", dtg),
                     ol_cli_text_of(interim, "entry"));
    ol_cli_print("\n");
}

static void show_words(const json_t *entry, const char *key, const char *says) {
    size_t i;
    json_t *w;
    char dtg[OL_CLI_DTG_LEN + 1], grade[OL_CLI_UPPER_LEN];
    json_array_foreach(json_object_get(entry, key), i, w) {
        ol_cli_print("  %s %s", says, ol_cli_text_of(w, "entry"));
        if (json_object_get(w, "party") != NULL)
            ol_cli_print(" by %s", ol_cli_text_of(w, "party"));
        if (json_object_get(w, "grade") != NULL)
            ol_cli_print(", %s", ol_cli_text_of(w, "grade"));
        if (strcmp(key, "readbacks") == 0)
            ol_cli_print(": %s", json_object_get(w, "verdict") == NULL
                                     ? "not judged yet"
                                     : ol_cli_upper(ol_cli_text_of(w, "verdict"), grade));
        ol_cli_print("  %s\n", dtg_of(w, "wall", dtg));
    }
}

void ol_show_became(const json_t *entry) {
    const char *party;
    json_t *state, *other;
    char dtg[OL_CLI_DTG_LEN + 1];
    size_t i;
    const json_t *cancelled = json_object_get(entry, "cancelled");
    if (cancelled != NULL)
        ol_cli_print("  CANCELLED by its author, %s (%s)\n", dtg_of(cancelled, "wall", dtg),
                     ol_cli_text_of(cancelled, "entry"));
    json_object_foreach(json_object_get(entry, "states"), party, state) show_state(party, state);
    show_words(entry, "corrected", "CORRECTED by");
    show_words(entry, "readbacks", "READ BACK in");
    show_words(entry, "translations", "TRANSLATED in");
    show_words(entry, "here", "ANSWERED here in");
    json_array_foreach(json_object_get(entry, "crossed"), i, other) {
        ol_cli_print("  CROSSED %s: neither writer had read the other\n", json_string_value(other));
    }
}

/* ── the frame ─────────────────────────────────────────────────────────────────────────────────*/

/* An exercise is told from the real thing above the frame and below it. */
static void print_banner(const json_t *m) {
    char status[OL_CLI_UPPER_LEN];
    if (!ol_cli_is_drill(m))
        return;
    ol_cli_upper(ol_cli_text_of(m, "status"), status);
    ol_cli_print("*** %s *** %s *** %s ***\n", status, status, status);
}

static void print_to(const json_t *entry, const json_t *m) {
    const json_t *info = json_object_get(m, "info");
    const char *party, *before = "";
    json_t *state;
    char precedence[OL_CLI_UPPER_LEN];
    size_t i;
    ol_cli_print("TO          ");
    if (json_object_get(m, "action") != NULL)
        print_names(json_object_get(m, "action"));
    else
        json_object_foreach(json_object_get(entry, "states"), party, state) {
            json_t *name;
            bool is_info = false;
            json_array_foreach(info, i, name) is_info =
                is_info || strcmp(json_string_value(name), party) == 0;
            if (!is_info)
                ol_cli_print("%s%s", before, party), before = ", ";
        }
    ol_cli_print(" (%s)\n", ol_cli_text_of(m, "to"));
    if (info == NULL)
        return;
    ol_cli_print("INFO        ");
    print_names(info);
    ol_cli_print(" (%s)\n", ol_cli_upper(ol_cli_text_of(m, "info_precedence"), precedence));
}

static void print_content(const char *text) {
    ol_cli_print("5 CONTENT\n");
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        ol_cli_print("  %.*s\n", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

void ol_show_frame(const json_t *entry, const char *line) {
    const json_t *m = json_object_get(entry, "message");
    const json_t *part = json_object_get(m, "part");
    const char *sort = json_object_get(m, "sort") != NULL ? ol_cli_text_of(m, "sort") : "answers";
    char word[OL_CLI_UPPER_LEN], dtg[OL_CLI_DTG_LEN + 1];
    print_banner(m);
    ol_cli_print("PRECEDENCE  %s\n", ol_cli_upper(ol_cli_text_of(m, "precedence"), word));
    ol_cli_print("STATUS      %s\n", ol_cli_upper(ol_cli_text_of(m, "status"), word));
    ol_cli_print("FROM        %s\n", ol_cli_text_of(entry, "author"));
    print_to(entry, m);
    ol_cli_print("SUBJECT     %s\n", ol_cli_text_of(m, "subject"));
    ol_cli_print("1 MESSAGE NUMBER    %s %s (%s)\n", ol_cli_text_of(entry, "author"),
                 ol_cli_text_of(entry, "serial"), ol_cli_text_of(entry, "entry"));
    ol_cli_print("2 DATE AND TIME     %s\n", dtg_of(entry, "wall", dtg));
    ol_cli_print("3 TREATY REFERENCE  the charter of line %s\n", line);
    ol_cli_print("4 MESSAGE REFERENCE %s%s%s\n", ol_cli_text_of(m, "ref"),
                 json_object_get(m, "ref") != NULL ? ": " : "none",
                 json_object_get(m, "ref") != NULL ? sort : "");
    print_content(ol_cli_text_of(m, "text"));
    ol_cli_print("6 REMARKS\n");
    if (json_object_get(m, "lang") != NULL)
        ol_cli_print("  in %s\n", ol_cli_text_of(m, "lang"));
    if (part != NULL)
        ol_cli_print("  part %lld of %lld\n",
                     (long long)json_integer_value(json_array_get(part, 0)),
                     (long long)json_integer_value(json_array_get(part, 1)));
    if (json_object_get(m, "asks") != NULL)
        ol_cli_print("  READ IT BACK to %s\n", ol_cli_text_of(entry, "author"));
    if (json_object_get(m, "grade") != NULL)
        ol_cli_print("  %s translation; the original is authoritative\n",
                     ol_cli_text_of(m, "grade"));
    ol_show_became(entry);
    ol_cli_print("7 END OF MESSAGE NUMBER %s\n", ol_cli_text_of(entry, "serial"));
    print_banner(m);
}
