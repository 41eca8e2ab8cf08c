#include "web/command.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

/* Options: `name` takes a text, `name!` a truth value, `name*` a list of texts; `name<key` the text
 * of another key. The word `>` is a folder of our own, whose files are the answer. */
typedef struct {
    const char *name;
    bool changes;
    const char *words[2];      /* of the command */
    const char *positional[3]; /* keys; the last one may be absent where it ends in `?` */
    const char *options;
} row;

#define OL_OFFICER " as"

static const row rows[] = {
    { "send",
      true,
      { "send" },
      { "line", "text" },
      "precedence status to subject lang ref correct readback ask-readback! translate grade action "
      "info info-precedence service! anyway! read item" OL_OFFICER },
    { "call",
      true,
      { "call" },
      { "line", "rung" },
      "precedence status voice! party* reason lang again read" OL_OFFICER },
    { "answer", true, { "answer" }, { "line", "entry", "text?" }, "rung read" OL_OFFICER },
    { "decline", true, { "decline" }, { "line", "entry", "text?" }, "rung read" OL_OFFICER },
    { "defer", true, { "defer" }, { "line", "entry", "text?" }, "for rung read" OL_OFFICER },
    { "close", true, { "close" }, { "line", "entry" }, "read" OL_OFFICER },
    { "ack", true, { "ack" }, { "line", "entry" }, "text" OL_OFFICER },
    { "interim", true, { "interim" }, { "line", "entry" }, "in text" OL_OFFICER },
    { "cancel", true, { "cancel" }, { "line", "entry" }, "text" OL_OFFICER },
    { "confirm", true, { "confirm" }, { "line", "entry" }, "text" OL_OFFICER },
    { "wrong", true, { "wrong" }, { "line", "entry" }, "text" OL_OFFICER },
    { "here", true, { "here" }, { "line", "entry" }, "text" OL_OFFICER },
    { "presence", true, { "presence" }, { "line" }, "status text" OL_OFFICER },
    { "order", true, { "order" }, { "line", "verb" }, "reason for status" OL_OFFICER },
    { "copy-ack", true, { "copy", "ack" }, { "line" }, "" },
    { "fork-ack", true, { "fork", "ack" }, { "line", "log" }, "" },
    { "clock-accept", true, { "clock", "accept" }, { "line" }, "" },
    { "verdicts", false, { "calls" }, { "line" }, "last" },
    { "officers", false, { "officer", "list" }, { "line" }, "" },
    { "availability", false, { "availability" }, { "line" }, "" },
    { "verify", false, { "verify" }, { "line" }, "" },
    { "show", false, { "show" }, { "line", "entry" }, "" },
    { "proof", false, { "export" }, { "line", ">" }, "proof<entry" },
};

static const row *find(const char *what) {
    for (size_t i = 0; i < OL_LEN(rows); i++)
        if (strcmp(rows[i].name, what) == 0)
            return &rows[i];
    return NULL;
}

bool ol_command_is_one(const char *what) {
    return find(what) != NULL;
}

bool ol_command_changes(const char *what) {
    return find(what)->changes;
}

static void refuse(ol_command *c, const char *why, ...) __attribute__((format(printf, 2, 3)));
static void refuse(ol_command *c, const char *why, ...) {
    va_list args;
    va_start(args, why);
    (void)vsnprintf(c->why, sizeof c->why, why, args);
    va_end(args);
}

static void put(ol_command *c, const char *option, const char *value) {
    size_t len = (option == NULL ? 0 : strlen(option) + 3) + strlen(value) + 1;
    char *word = c->words == OL_COMMAND_WORDS ? NULL : malloc(len);
    if (word == NULL) {
        refuse(c, "the request has too much in it");
        return;
    }
    if (option == NULL)
        (void)snprintf(word, len, "%s", value);
    else if (value[0] == '\0')
        (void)snprintf(word, len, "--%s", option);
    else
        (void)snprintf(word, len, "--%s=%s", option, value);
    c->word[c->words++] = word;
}

static const char *text_of(ol_command *c, const json_t *o, const char *key) {
    const char *s = json_string_value(o);
    size_t len = json_string_length(o);
    if (s != NULL && strlen(s) == len && len > 0 && len <= OL_COMMAND_VALUE)
        return s;
    refuse(c, "\"%.40s\" is no text, or too long", key);
    return NULL;
}

static char *kept(ol_command *c, const char *s) {
    char *copy = s == NULL ? NULL : strdup(s);
    if (s != NULL && copy == NULL)
        refuse(c, "there is no memory for it");
    return copy;
}

static void put_option(ol_command *c, json_t *request, const char *name, size_t len) {
    char option[40];
    bool is_flag = name[len - 1] == '!', is_list = name[len - 1] == '*';
    (void)snprintf(option, sizeof option, "%.*s", (int)(len - (is_flag || is_list)), name);
    char *other = strchr(option, '<');
    const char *key = other == NULL ? option : other + 1;
    if (other != NULL)
        *other = '\0';
    const json_t *o = json_object_get(request, key);
    if (o == NULL || json_is_null(o))
        return;
    if (is_flag ? !json_is_boolean(o) : is_list && !json_is_array(o)) {
        refuse(c, "\"%.40s\" is no %s", key, is_flag ? "truth value" : "list");
        return;
    }
    if (is_flag && json_is_true(o))
        put(c, option, "");
    size_t n = is_list ? json_array_size(o) : !is_flag;
    for (size_t i = 0; i < n && c->why[0] == '\0'; i++) {
        const char *s = text_of(c, is_list ? json_array_get(o, i) : o, key);
        if (s != NULL)
            put(c, option, s);
    }
}

/* The row's options have a word for this key. */
static bool has_option(const row *r, const char *key) {
    size_t len = strlen(key);
    for (const char *at = r->options; *at != '\0';) {
        size_t word = strcspn(at, " ");
        const char *from = memchr(at, '<', word);
        from = from == NULL ? at : from + 1;
        size_t left = (size_t)(at + word - from);
        left -= left > 0 && (from[left - 1] == '!' || from[left - 1] == '*');
        if (left == len && memcmp(from, key, len) == 0)
            return true;
        at += word + (at[word] == ' ');
    }
    return false;
}

/* Each key that was given must be one that the row knows: a typo is no default. */
static void check_keys(ol_command *c, json_t *request, const row *r) {
    const char *key;
    json_t *value;
    json_object_foreach(request, key, value) {
        bool is_known = strcmp(key, "id") == 0 || strcmp(key, "do") == 0 || has_option(r, key);
        is_known |= strcmp(key, "passphrase") == 0 && has_option(r, "as");
        for (size_t i = 0; i < OL_LEN(r->positional) && r->positional[i] != NULL; i++)
            is_known |= strcspn(r->positional[i], "?") == strlen(key) &&
                        strncmp(r->positional[i], key, strlen(key)) == 0;
        if (!is_known)
            refuse(c, "\"%s\" takes no key \"%.40s\"", r->name, key);
    }
}

static void put_positional(ol_command *c, json_t *request, const row *r, const char *word) {
    char key[20];
    size_t len = strcspn(word, "?");
    (void)snprintf(key, sizeof key, "%.*s", (int)len, word);
    if (strcmp(key, ">") == 0) {
        if (ol_gather_make(c->folder))
            put(c, NULL, c->folder);
        else
            refuse(c, "there is no room for its files in /tmp");
        return;
    }
    const json_t *o = json_object_get(request, key);
    if (o == NULL && word[len] == '?')
        return;
    const char *s = text_of(c, o, key);
    if (s == NULL)
        return;
    if (strcmp(key, "line") == 0 && !ol_name_is_valid(s, strlen(s)))
        refuse(c, "\"%.40s\" is no name of a line", s); /* commands that read take folders, too */
    bool is_stdin = strcmp(r->name, "send") == 0 && strcmp(key, "text") == 0;
    if (is_stdin) /* a long text is no word of a command line */
        c->text = kept(c, s);
    put(c, NULL, is_stdin ? "-" : s);
}

bool ol_command_of(json_t *request, ol_command *ret) {
    const row *r = find(json_string_value(json_object_get(request, "do")));
    const json_t *pass = json_object_get(request, "passphrase");
    *ret = (ol_command){ .words = 0 };
    check_keys(ret, request, r);
    put(ret, NULL, "openline");
    for (size_t i = 0; i < OL_LEN(r->words) && r->words[i] != NULL; i++)
        put(ret, NULL, r->words[i]);
    for (const char *at = r->options; *at != '\0';) {
        size_t len = strcspn(at, " ");
        if (len > 0)
            put_option(ret, request, at, len);
        at += len + (at[len] == ' ');
    }
    if (pass != NULL && has_option(r, "as")) {
        ret->secret = kept(ret, text_of(ret, pass, "passphrase"));
        put(ret, "passphrase-fd", "3");
    }
    put(ret, "json", "");
    put(ret, NULL, "--");
    for (size_t i = 0; i < OL_LEN(r->positional) && r->positional[i] != NULL; i++)
        put_positional(ret, request, r, r->positional[i]);
    return ret->why[0] == '\0';
}

void ol_command_drop(ol_command *c) {
    ol_gather_remove(c->folder);
    for (size_t i = 0; i < c->words; i++)
        free(c->word[i]);
    if (c->secret != NULL)
        sodium_memzero(c->secret, strlen(c->secret));
    free(c->secret);
    free(c->text);
    *c = (ol_command){ .words = 0 };
}
