#include "web/command.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/text.h"

/* Options: `name` takes a text, `name!` a truth value, `name*` a list of texts, `name@` a file in
 * base64, whose path it becomes; `name<key` the text of another key; `name|` a text that goes to
 * stdin, and is no option; `name>` asks nothing: the path of a file that the command makes;
 * `passphrase` goes to descriptor 3.
 * Positional: `key` a text, which may be absent where it ends in `?`; `@key` a file in base64,
 * `@key!` one that the command changes, `@key*` a list; `>` a folder that it makes.
 * What it makes or changes is the answer. */
typedef struct {
    const char *name;
    ol_seat_right right;
    const char *words[2]; /* of the command */
    const char *positional[3];
    const char *options;
} row;

#define OL_OFFICER " as key@ passphrase"
#define OL_SEND                                                                                    \
    "precedence status to subject lang ref correct readback ask-readback! translate grade action " \
    "info info-precedence service! anyway! read" OL_OFFICER
#define OL_CALL "precedence status voice! party* reason lang again read" OL_OFFICER

static const row rows[] = {
    { "send", OL_SEAT_ACTS, { "send" }, { "line", "text" }, "item " OL_SEND },
    { "call", OL_SEAT_ACTS, { "call" }, { "line", "rung" }, OL_CALL },
    { "draft-send", OL_SEAT_ACTS, { "send" }, { "line", "text" }, "draft> " OL_SEND },
    { "draft-call", OL_SEAT_ACTS, { "call" }, { "line", "rung" }, "draft> " OL_CALL },
    { "release", OL_SEAT_ACTS, { "release" }, { "@draft" }, "yes!" OL_OFFICER },
    { "check", OL_SEAT_ACTS, { "officer", "check" }, { "line" }, "as key@ passphrase" },
    { "signers", OL_SEAT_ACTS, { "officer", "use" }, { "line" }, "" },
    { "answer", OL_SEAT_ACTS, { "answer" }, { "line", "entry", "text?" }, "rung read" OL_OFFICER },
    { "decline",
      OL_SEAT_ACTS,
      { "decline" },
      { "line", "entry", "text?" },
      "rung read" OL_OFFICER },
    { "defer",
      OL_SEAT_ACTS,
      { "defer" },
      { "line", "entry", "text?" },
      "for rung read" OL_OFFICER },
    { "close", OL_SEAT_ACTS, { "close" }, { "line", "entry" }, "read" OL_OFFICER },
    { "ack", OL_SEAT_ACTS, { "ack" }, { "line", "entry" }, "text" OL_OFFICER },
    { "interim", OL_SEAT_ACTS, { "interim" }, { "line", "entry" }, "in text" OL_OFFICER },
    { "cancel", OL_SEAT_ACTS, { "cancel" }, { "line", "entry" }, "text" OL_OFFICER },
    { "confirm", OL_SEAT_ACTS, { "confirm" }, { "line", "entry" }, "text" OL_OFFICER },
    { "wrong", OL_SEAT_ACTS, { "wrong" }, { "line", "entry" }, "text" OL_OFFICER },
    { "here", OL_SEAT_ACTS, { "here" }, { "line", "entry" }, "text" OL_OFFICER },
    { "presence", OL_SEAT_ACTS, { "presence" }, { "line" }, "status text" OL_OFFICER },
    { "order", OL_SEAT_ACTS, { "order" }, { "line", "verb" }, "reason for status" OL_OFFICER },
    { "copy-ack", OL_SEAT_ACTS, { "copy", "ack" }, { "line" }, "" },
    { "fork-ack", OL_SEAT_ACTS, { "fork", "ack" }, { "line", "log" }, "" },
    { "clock-accept", OL_SEAT_ACTS, { "clock", "accept" }, { "line" }, "" },
    { "weigh", OL_SEAT_ACTS, { "weigh" }, { "line", "text" }, "precedence subject lang ref" },
    { "verdicts", OL_SEAT_VIEWS, { "calls" }, { "line" }, "last" },
    { "officers", OL_SEAT_VIEWS, { "officer", "list" }, { "line" }, "" },
    { "availability", OL_SEAT_VIEWS, { "availability" }, { "line" }, "" },
    { "verify", OL_SEAT_VIEWS, { "verify" }, { "line" }, "" },
    { "show", OL_SEAT_VIEWS, { "show" }, { "line", "entry" }, "" },
    { "proof", OL_SEAT_VIEWS, { "export" }, { "line", ">" }, "proof<entry" },
    { "init", OL_SEAT_SETS, { "init" }, { "party" }, "name lang also* passphrase" },
    { "charter-draft", OL_SEAT_SETS, { "charter", "draft" }, { "line", "@cards*" }, "set*" },
    { "charter-sign", OL_SEAT_SETS, { "charter", "sign" }, { "@charter!" }, "replace! passphrase" },
    { "contribute", OL_SEAT_SETS, { "key", "contribute" }, { "line" }, "out> again! passphrase" },
    { "combine", OL_SEAT_SETS, { "key", "combine" }, { "line", "@shares*" }, "" },
    { "join", OL_SEAT_SETS, { "line", "add" }, { "@charter", "@cards*" }, "digits|" },
    { "home", OL_SEAT_SETS, { "home" }, { NULL }, "" },
    { "port-add", OL_SEAT_SETS, { "port", "add" }, { "url" }, "name" },
    { "bearer-add", OL_SEAT_SETS, { "bearer", "add" }, { "line", "party", "url" }, "port" },
    { "port-remove", OL_SEAT_SETS, { "port", "remove" }, { "name" }, "" },
    { "bearer-remove", OL_SEAT_SETS, { "bearer", "remove" }, { "line", "party", "url" }, "port" },
    { "bearer-test", OL_SEAT_SETS, { "bearer", "test" }, { "line", "party?" }, "" },
    { "restart", OL_SEAT_SETS, { "restart" }, { NULL }, "passphrase" },
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

ol_seat_right ol_command_right(const char *what) {
    return find(what)->right;
}

static void refuse(ol_command *c, const char *why, ...) __attribute__((format(printf, 2, 3)));
static void refuse(ol_command *c, const char *why, ...) {
    va_list args;
    if (c->why[0] != '\0') /* the first reason is the one that helps */
        return;
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

/* A word of the table: what it is called, and its marks. */
typedef struct {
    char name[OL_COMMAND_NAME];
    const char *key; /* in the request; within name */
    char mark;       /* what it ends in; 0: nothing */
} cut;

static void cut_word(cut *w, const char *at, size_t len) {
    w->mark = strchr("!*@|>?", at[len - 1]) != NULL ? at[len - 1] : '\0';
    (void)snprintf(w->name, sizeof w->name, "%.*s", (int)(len - (w->mark != '\0')), at);
    char *other = strchr(w->name, '<');
    w->key = w->name[0] == '@' ? w->name + 1 : other == NULL ? w->name : other + 1;
    if (other != NULL)
        *other = '\0';
}

/* A file that was given: its name is ours, what a browser calls it is no path. */
static void put_file(ol_command *c, const char *option, const char *name, const json_t *o) {
    static uint8_t bytes[OL_COMMAND_FILE]; /* one loop, one thread */
    char path[OL_GATHER_PATH + OL_COMMAND_NAME];
    const char *b64 = json_string_value(o);
    size_t len = 0;
    if (c->files == OL_COMMAND_FILES)
        refuse(c, "the request has too many files in it");
    else if (b64 == NULL ||
             ol_b64_get(b64, json_string_length(o), bytes, sizeof bytes, &len) != OL_OK || len == 0)
        refuse(c, "\"%.40s\" is no file in base64, or too long", name);
    else if ((c->folder[0] == '\0' && !ol_gather_make(c->folder, true)) ||
             !ol_gather_put(c->folder, name, bytes, len))
        refuse(c, "there is no room for its files");
    sodium_memzero(bytes, sizeof bytes);
    if (c->why[0] != '\0')
        return;
    c->files++;
    (void)snprintf(path, sizeof path, "%s/%s", c->folder, name);
    put(c, option, path);
}

/* Where the command makes a file (option), or a folder. */
static void put_place(ol_command *c, const char *option) {
    char path[OL_GATHER_PATH + OL_COMMAND_NAME];
    c->gives = true;
    if (c->folder[0] == '\0' && !ol_gather_make(c->folder, option != NULL)) {
        refuse(c, "there is no room for its files");
        return;
    }
    (void)snprintf(path, sizeof path, "%s%s%s", c->folder, option == NULL ? "" : "/",
                   option == NULL ? "" : option);
    put(c, option, path);
}

static void put_list(ol_command *c, const char *option, const char *key, const json_t *o,
                     bool is_files) {
    if (!json_is_array(o))
        refuse(c, "\"%.40s\" is no list", key);
    for (size_t i = 0; i < json_array_size(o) && c->why[0] == '\0'; i++) {
        char name[OL_COMMAND_NAME];
        (void)snprintf(name, sizeof name, "%.20s.%u", key, (unsigned)i);
        const char *s = is_files ? NULL : text_of(c, json_array_get(o, i), key);
        if (is_files)
            put_file(c, NULL, name, json_array_get(o, i));
        else if (s != NULL)
            put(c, option, s);
    }
}

static void put_option(ol_command *c, json_t *request, const char *at, size_t len) {
    cut w;
    cut_word(&w, at, len);
    const json_t *o = json_object_get(request, w.key);
    if (w.mark == '>')
        put_place(c, w.name);
    if (w.mark == '>' || o == NULL || json_is_null(o))
        return;
    bool is_text = w.mark == '\0' || w.mark == '|';
    const char *s = is_text ? text_of(c, o, w.key) : NULL;
    if (w.mark == '!' && !json_is_boolean(o))
        refuse(c, "\"%.40s\" is no truth value", w.key);
    else if (w.mark == '!' && json_is_true(o))
        put(c, w.name, "");
    else if (w.mark == '*')
        put_list(c, w.name, w.key, o, false);
    else if (w.mark == '@')
        put_file(c, w.name, w.key, o);
    else if (s != NULL && w.mark == '|')
        c->text = kept(c, s);
    else if (s != NULL && strcmp(w.key, "passphrase") == 0) {
        c->secret = kept(c, s);
        put(c, "passphrase-fd", "3");
    } else if (s != NULL)
        put(c, w.name, s);
}

static bool is_key(const char *at, size_t len, const char *key) {
    cut w;
    if (len == 0)
        return false;
    cut_word(&w, at, len);
    return w.mark != '>' && strcmp(w.key, key) == 0;
}

static bool takes(const row *r, const char *key) {
    bool is_known = strcmp(key, "id") == 0 || strcmp(key, "do") == 0;
    for (const char *at = r->options; *at != '\0' && !is_known; at += *at == ' ') {
        size_t len = strcspn(at, " ");
        is_known = is_key(at, len, key);
        at += len;
    }
    for (size_t i = 0; i < OL_LEN(r->positional) && r->positional[i] != NULL; i++)
        is_known |= is_key(r->positional[i], strlen(r->positional[i]), key);
    return is_known;
}

bool ol_command_takes(const char *what, const char *key) {
    return takes(find(what), key);
}

/* Each key that was given must be one that the row knows: a typo is no default. */
static void check_keys(ol_command *c, json_t *request, const row *r) {
    const char *key;
    json_t *value;
    json_object_foreach(request, key, value) {
        if (!takes(r, key))
            refuse(c, "\"%s\" takes no key \"%.40s\"", r->name, key);
    }
}

static void put_text(ol_command *c, const row *r, const char *key, const char *s) {
    if (strcmp(key, "line") == 0 && !ol_name_is_valid(s, strlen(s)))
        refuse(c, "\"%.40s\" is no name of a line", s); /* commands that read take folders, too */
    if (strcmp(r->name, "port-add") == 0 && strncasecmp(s, "exec:", 5) == 0)
        refuse(c, "a port that starts a program is added at a terminal");
    bool is_long = strcmp(r->words[0], "send") == 0 || strcmp(r->words[0], "weigh") == 0;
    bool is_stdin = is_long && strcmp(key, "text") == 0;
    if (is_stdin) /* a long text is no word of a command line */
        c->text = kept(c, s);
    put(c, NULL, is_stdin ? "-" : s);
}

static void put_positional(ol_command *c, json_t *request, const row *r, const char *at) {
    cut w;
    cut_word(&w, at, strlen(at));
    const json_t *o = json_object_get(request, w.key);
    if (strcmp(at, ">") == 0) {
        put_place(c, NULL);
    } else if (at[0] == '@') {
        c->gives |= w.mark == '!';
        if (w.mark == '*')
            put_list(c, NULL, w.key, o, true);
        else
            put_file(c, NULL, w.key, o);
    } else if (o != NULL || w.mark != '?') {
        const char *s = text_of(c, o, w.key);
        if (s != NULL)
            put_text(c, r, w.key, s);
    }
}

bool ol_command_of(json_t *request, ol_command *ret) {
    const row *r = find(json_string_value(json_object_get(request, "do")));
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
    put(ret, "json", "");
    put(ret, NULL, "--");
    for (size_t i = 0; i < OL_LEN(r->positional) && r->positional[i] != NULL; i++)
        put_positional(ret, request, r, r->positional[i]);
    return ret->why[0] == '\0';
}

static void wipe(char *s) {
    if (s != NULL)
        sodium_memzero(s, strlen(s));
    free(s);
}

void ol_command_drop(ol_command *c) {
    ol_gather_remove(c->folder);
    for (size_t i = 0; i < c->words; i++)
        free(c->word[i]);
    wipe(c->secret);
    wipe(c->text);
    *c = (ol_command){ .words = 0 };
}
