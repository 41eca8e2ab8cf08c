#include "cli/show.h"

#include <stdio.h>
#include <string.h>

#include "message/body.h"

static const char *dtg_of(const json_t *o, const char *key, char to[OL_CLI_DTG_LEN + 1]) {
    json_t *v = json_object_get(o, key);
    if (!json_is_integer(v))
        return "at no clear time";
    ol_cli_dtg((uint64_t)json_integer_value(v), to);
    return to;
}

void ol_show_text(json_t *entry) {
    static uint8_t room[OL_TEXT_MAX];
    static uint8_t body[2048];
    json_t *message = json_object_get(entry, "message");
    const char *base64 = ol_cli_text_of(message, "body");
    const char *why = "its body is no base64";
    size_t len = 0;
    ol_message m;
    char dtg[OL_CLI_DTG_LEN + 1];
    if (message == NULL)
        return;
    (void)json_object_set_new(entry, "dtg", json_string(dtg_of(entry, "wall", dtg)));
    if (ol_b64_get(base64, strlen(base64), body, sizeof body, &len) == OL_OK &&
        ol_body_get(body, len, room, &m, &why) == OL_OK) {
        (void)json_object_set_new(message, "text", json_stringn(m.text.p, m.text.len));
        return;
    }
    (void)json_object_set_new(entry, "kind", json_string("unreadable"));
    (void)json_object_set_new(entry, "unreadable", json_string(why));
}

static void show_lines(const char *text) {
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        ol_cli_print("  | %.*s\n", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static void show_list(const json_t *m, const char *key, const char *says) {
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(m, key), i, name)
        ol_cli_print("%s%s", i == 0 ? says : ", ", json_string_value(name));
}

static const char *verb_of(const char *sort) {
    static const struct {
        const char *sort, *verb;
    } verbs[] = { { "correction", "corrects" },
                  { "readback", "reads back" },
                  { "translation", "translates" } };
    for (size_t i = 0; i < OL_LEN(verbs); i++)
        if (strcmp(sort, verbs[i].sort) == 0)
            return verbs[i].verb;
    return "answers";
}

static void show_message(const json_t *entry, const json_t *m) {
    char precedence[OL_CLI_UPPER_LEN];
    char status[OL_CLI_UPPER_LEN];
    char dtg[OL_CLI_DTG_LEN + 1];
    const json_t *part = json_object_get(m, "part");
    ol_cli_print("%-9s %-11s %s%s%s  %s\n",
                 ol_cli_upper(ol_cli_text_of(m, "precedence"), precedence),
                 ol_cli_upper(ol_cli_text_of(m, "status"), status), ol_cli_text_of(entry, "serial"),
                 json_object_get(entry, "serial") != NULL ? "  " : "",
                 ol_cli_text_of(entry, "entry"), dtg_of(entry, "wall", dtg));
    ol_cli_print("  from %s to %s", ol_cli_text_of(entry, "author"), ol_cli_text_of(m, "to"));
    show_list(m, "action", ", to act: ");
    show_list(m, "info", ", to know: ");
    if (json_object_get(m, "lang") != NULL)
        ol_cli_print(", in %s", ol_cli_text_of(m, "lang"));
    if (json_object_get(m, "ref") != NULL)
        ol_cli_print(", %s %s", verb_of(ol_cli_text_of(m, "sort")), ol_cli_text_of(m, "ref"));
    if (part != NULL)
        ol_cli_print(", part %lld of %lld", (long long)json_integer_value(json_array_get(part, 0)),
                     (long long)json_integer_value(json_array_get(part, 1)));
    if (strcmp(ol_cli_text_of(m, "sort"), "service") == 0)
        ol_cli_print(", SERVICE");
    if (json_object_get(m, "grade") != NULL)
        ol_cli_print(", %s translation", ol_cli_text_of(m, "grade"));
    if (json_object_get(m, "asks") != NULL)
        ol_cli_print(", READ IT BACK");
    ol_cli_print("\n");
    if (json_object_get(m, "subject") != NULL)
        ol_cli_print("  SUBJECT %s\n", ol_cli_text_of(m, "subject"));
    show_lines(ol_cli_text_of(m, "text"));
}

static void show_missed(const json_t *missed) {
    for (size_t i = 0; i < json_array_size(missed); i++) {
        const json_t *m = json_array_get(missed, i);
        ol_cli_print("  MISSED: %s, whose last was number %lld\n", ol_cli_text_of(m, "party"),
                     ol_cli_int_of(m, "number"));
    }
}

/* When each path was last proven, by the word of who checks. */
static void show_proven(const json_t *proven) {
    for (size_t i = 0; i < json_array_size(proven); i++) {
        const json_t *path = json_array_get(proven, i);
        bool is_known = json_is_integer(json_object_get(path, "age"));
        ol_cli_print("  %s to %s: ", ol_cli_text_of(path, "bearer"), ol_cli_text_of(path, "party"));
        if (is_known)
            ol_cli_print("proven %lld s before\n", ol_cli_int_of(path, "age"));
        else
            ol_cli_print("not proven yet\n");
    }
}

static void show_check(const json_t *entry, const json_t *check) {
    char dtg[OL_CLI_DTG_LEN + 1];
    ol_cli_print("%s  %s\n  line check %lld of %s\n", ol_cli_text_of(entry, "entry"),
                 dtg_of(entry, "wall", dtg), ol_cli_int_of(check, "number"),
                 ol_cli_text_of(entry, "author"));
    show_missed(json_object_get(check, "missed"));
    show_proven(json_object_get(check, "proven"));
}

static void show_words(const json_t *entry, const char *kind) {
    char dtg[OL_CLI_DTG_LEN + 1];
    const json_t *o = json_object_get(entry, kind);
    ol_cli_print("%s  %s\n", ol_cli_text_of(entry, "entry"), dtg_of(entry, "wall", dtg));
    if (strcmp(kind, "officer") == 0)
        ol_show_officer(entry, o);
    else
        ol_show_watch(entry, o);
}

void ol_show_entry(const json_t *entry) {
    char dtg[OL_CLI_DTG_LEN + 1];
    const char *kind = ol_cli_text_of(entry, "kind");
    const json_t *opening = json_object_get(entry, "opening");
    if (strcmp(kind, "message") == 0)
        show_message(entry, json_object_get(entry, "message"));
    else if (strcmp(kind, "opening") == 0)
        ol_cli_print("%s  %s\n  %s opens this log: %s\n", ol_cli_text_of(entry, "entry"),
                     dtg_of(entry, "wall", dtg), ol_cli_text_of(entry, "author"),
                     ol_cli_text_of(opening, "reason"));
    else if (strcmp(kind, "handback") == 0)
        ol_cli_print("%s  %s\n  %s writes down which receipts of %s it holds: %s had lost them\n",
                     ol_cli_text_of(entry, "entry"), dtg_of(entry, "wall", dtg),
                     ol_cli_text_of(entry, "author"),
                     ol_cli_text_of(json_object_get(entry, "handback"), "party"),
                     ol_cli_text_of(json_object_get(entry, "handback"), "party"));
    else if (strcmp(kind, "check") == 0)
        show_check(entry, json_object_get(entry, "check"));
    else if (strcmp(kind, "mentions") == 0)
        ol_cli_print("%s  %s\n  %s writes down what it holds of many logs\n",
                     ol_cli_text_of(entry, "entry"), dtg_of(entry, "wall", dtg),
                     ol_cli_text_of(entry, "author"));
    else if (strcmp(kind, "officer") == 0 || strcmp(kind, "watch") == 0)
        show_words(entry, kind);
    else if (!ol_show_act(entry) && !ol_show_call(entry))
        ol_cli_print("UNREADABLE %s  %s\n  from %s: %s\n", ol_cli_text_of(entry, "entry"),
                     dtg_of(entry, "wall", dtg), ol_cli_text_of(entry, "author"),
                     ol_cli_text_of(entry, "unreadable"));
    ol_show_signed(entry);
    ol_show_became(entry);
}

/* The alarms, in words. */
static const struct {
    const char *alarm, *says;
} alarms[] = {
    { "recovered", "entries of ours that this station had lost came back from a member" },
    { "incarnation", "this station opened a new log; its first entry says why" },
    { "fork", "TWO HISTORIES OF ONE LOG; the evidence is kept, openline status says more" },
    { "peer-stopped",
      "the other station says that it has stopped storing, or (reason 0) stores again" },
    { "clock", "this station's clock is off: look at it, then openline clock accept" },
    { "check-missed", "a line check is overdue" },
    { "check-back", "a line check has come again" },
    { "path-silent", "a path was not proven in its turn" },
    { "delays", "what waits between us and that party has changed; openline status says what" },
    { "copy", "ANOTHER STATION SPEAKS WITH OUR KEYS: a copy of this home runs" },
    { "storage", "the store takes commits again, or has stopped taking them" },
};

static void show_alarm(const json_t *e) {
    const char *alarm = ol_cli_text_of(e, "alarm");
    const char *says = "";
    if (strcmp(alarm, "clock") == 0 && ol_cli_int_of(e, "doubtful") == 0)
        says = "this station's clock is taken as right";
    for (size_t i = 0; i < OL_LEN(alarms) && says[0] == '\0'; i++)
        if (strcmp(alarms[i].alarm, alarm) == 0)
            says = alarms[i].says;
    ol_cli_print("ALARM %s: %s%s%s%s%s\n", alarm, says,
                 json_object_get(e, "party") != NULL ? ": " : "", ol_cli_text_of(e, "party"),
                 json_object_get(e, "log") != NULL ? ": " : "", ol_cli_text_of(e, "log"));
}

static void show_overdue(const json_t *e) {
    char precedence[OL_CLI_UPPER_LEN];
    char status[OL_CLI_UPPER_LEN];
    ol_cli_print("OVERDUE %s %s %s: %s has not answered\n",
                 ol_cli_upper(ol_cli_text_of(e, "precedence"), precedence),
                 ol_cli_upper(ol_cli_text_of(e, "status"), status), ol_cli_text_of(e, "entry"),
                 ol_cli_text_of(e, "party"));
}

static void show_due(const json_t *e) {
    char precedence[OL_CLI_UPPER_LEN];
    char status[OL_CLI_UPPER_LEN];
    ol_cli_print("DUE %s %s call %s: %s deferred it until now\n",
                 ol_cli_upper(ol_cli_text_of(e, "precedence"), precedence),
                 ol_cli_upper(ol_cli_text_of(e, "status"), status), ol_cli_text_of(e, "entry"),
                 ol_cli_text_of(e, "party"));
}

void ol_show_event(const json_t *e) {
    char dtg[OL_CLI_DTG_LEN + 1];
    const char *event = ol_cli_text_of(e, "event");
    if (strcmp(event, "entry") == 0)
        ol_show_entry(e);
    else if (strcmp(event, "receipt") == 0)
        ol_cli_print("RECEIPT by %s: the first %lld entries of %s are stored, %s\n",
                     ol_cli_text_of(e, "party"), ol_cli_int_of(e, "size"), ol_cli_text_of(e, "log"),
                     dtg_of(e, "time", dtg));
    else if (strcmp(event, "state") == 0)
        ol_cli_print("SENT to %s: %s up to %lld entries\n", ol_cli_text_of(e, "party"),
                     ol_cli_text_of(e, "log"), ol_cli_int_of(e, "size"));
    else if (strcmp(event, "path") == 0)
        ol_cli_print("PATH to %s over %s is %s\n", ol_cli_text_of(e, "party"),
                     ol_cli_text_of(e, "url"),
                     json_is_true(json_object_get(e, "live")) ? "LIVE" : "down");
    else if (strcmp(event, "alarm") == 0)
        show_alarm(e);
    else if (strcmp(event, "overdue") == 0)
        show_overdue(e);
    else if (strcmp(event, "due") == 0)
        show_due(e);
    else if (strcmp(event, "lagged") == 0)
        ol_cli_print("some passing events were missed; entries and receipts were not\n");
}
