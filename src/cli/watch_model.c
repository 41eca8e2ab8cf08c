/* What the watch knows: the station's status, and of each line what its entries and events say. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/show.h"
#include "cli/watch.h"

enum { STATUS_MS = 1000, STATUS_IDLE_MS = 10000 };

static void copy(char *to, size_t cap, const char *from) {
    (void)snprintf(to, cap, "%s", from);
}

static uint64_t send(ol_watching *w, ol_do what, const char *line, uint64_t cursor) {
    ol_request r = { .what = what };
    if (line != NULL) {
        r.given |= OL_GIVEN_LINE;
        copy(r.line, sizeof r.line, line);
    }
    if (what == OL_DO_LOG) {
        r.given |= OL_GIVEN_LAST;
        r.last = OL_WATCH_ENTRIES;
    }
    if (what == OL_DO_SUBSCRIBE) {
        r.given |= OL_GIVEN_CURSOR;
        r.cursor = cursor;
    }
    return ol_link_send(&w->link, &r);
}

/* ---- calls ---- */

static void forget_call(ol_watching *w, size_t n) {
    json_decref(w->call[n].call);
    w->calls--;
    memmove(&w->call[n], &w->call[n + 1], (w->calls - n) * sizeof w->call[0]);
}

static bool is_open(const ol_watch_call *call) {
    return call->state == OL_CALL_RINGS || call->state == OL_CALL_SILENT;
}

static size_t calls_like(const ol_watching *w, const ol_watch_call *call) {
    size_t n = 0;
    for (size_t i = 0; i < w->calls; i++)
        n += w->call[i].line == call->line && strcmp(w->call[i].author, call->author) == 0;
    return n;
}

/* Which one gives way: what has ended, then drills, then of the caller with most, the oldest. So
 * nobody who calls much takes another's call from the screen. */
static size_t least_call(const ol_watching *w) {
    size_t at = 0, most = 0;
    for (size_t i = 0; i < w->calls; i++) {
        const ol_watch_call *c = &w->call[i];
        size_t weight = (is_open(c) ? 0u : 4u * OL_WATCH_CALLS) +
                        (c->is_drill ? 2u * OL_WATCH_CALLS : 0u) + calls_like(w, c);
        if (weight > most)
            at = i, most = weight;
    }
    return at;
}

static ol_watch_call *new_call(ol_watching *w) {
    if (w->calls == OL_WATCH_CALLS)
        forget_call(w, least_call(w));
    w->call[w->calls] = (ol_watch_call){ .state = OL_CALL_RINGS };
    return &w->call[w->calls++];
}

static bool names(const json_t *list, const char *name) {
    size_t i;
    json_t *v;
    json_array_foreach((json_t *)list, i, v) {
        if (json_string_value(v) != NULL && strcmp(json_string_value(v), name) == 0)
            return true;
    }
    return false;
}

static void take_call(ol_watching *w, size_t line, const json_t *entry, bool is_news) {
    const json_t *body = json_object_get(entry, "call"), *called = json_object_get(body, "called");
    const char *author = ol_cli_text_of(entry, "author");
    bool is_ours = strcmp(author, w->self) == 0;
    if (ol_watch_call_of(w, ol_cli_text_of(entry, "entry")) != NULL ||
        (!is_ours && called != NULL && !names(called, w->self)))
        return;
    ol_watch_call *call = new_call(w);
    copy(call->id, sizeof call->id, ol_cli_text_of(entry, "entry"));
    copy(call->author, sizeof call->author, author);
    call->line = line;
    call->is_ours = is_ours;
    call->is_drill = ol_cli_is_drill(body);
    call->since = (uint64_t)json_integer_value(json_object_get(entry, "wall"));
    call->call = json_incref((json_t *)body);
    if (!is_ours && is_news)
        w->wants_bell = true;
}

/* A call by the name that a ring, a reply or a close has of it: the whole incarnation or less. */
static ol_watch_call *named(ol_watching *w, const char *id) {
    for (size_t i = 0; i < w->calls; i++)
        if (strcmp(w->call[i].id, id) == 0)
            return &w->call[i];
    return NULL;
}

static void take_word(ol_watching *w, const json_t *entry, const char *kind) {
    const json_t *body = json_object_get(entry, kind);
    const char *author = ol_cli_text_of(entry, "author");
    ol_watch_call *call = named(w, ol_cli_text_of(body, "call"));
    bool is_by_us = strcmp(author, w->self) == 0;
    if (call == NULL)
        return;
    if (strcmp(kind, "ring") == 0 && is_open(call)) {
        bool has_ended = strcmp(ol_cli_text_of(body, "state"), "ended") == 0;
        if (has_ended && is_by_us != call->is_ours)
            call->state = OL_CALL_SILENT;
        (void)snprintf(call->word, sizeof call->word, "%s: %s %s", author,
                       has_ended ? "nobody came, up to" : "rings", ol_cli_text_of(body, "rung"));
    } else if (strcmp(kind, "reply") == 0) {
        const char *verb = ol_cli_text_of(body, "verb");
        if (is_by_us || call->is_ours)
            call->state = OL_CALL_REPLIED;
        (void)snprintf(call->word, sizeof call->word, "%s: %s %s", author,
                       strcmp(verb, "answer") == 0  ? "answered"
                       : strcmp(verb, "defer") == 0 ? "deferred"
                                                    : "declined",
                       ol_cli_text_of(body, "text"));
    } else if (strcmp(kind, "close") == 0 && strcmp(author, call->author) == 0) {
        size_t n = strlen(call->word);
        if (call->state != OL_CALL_REPLIED)
            call->state = OL_CALL_CLOSED;
        (void)snprintf(call->word + n, sizeof call->word - n, "%sclosed: %s", n > 0 ? "; " : "",
                       ol_cli_text_of(body, "why"));
    }
}

/* ---- entries ---- */

static void set_by_party(json_t **by, const json_t *entry, const char *kind) {
    json_t *o = json_copy(json_object_get(entry, kind));
    if (o == NULL)
        return;
    if (*by == NULL)
        *by = json_object();
    (void)json_object_set(o, "wall", json_object_get(entry, "wall"));
    (void)json_object_set_new(*by, ol_cli_text_of(entry, "author"), o);
}

/* What an officer of ours has said to a message: the strongest word stays. */
static void take_answer(ol_watch_line *l, const char *self, const json_t *entry, const char *kind) {
    const json_t *body = json_object_get(entry, kind);
    const char *ref = ol_cli_text_of(body, "ref"), *verb = ol_cli_text_of(body, "verb");
    const char *sort = ol_cli_text_of(body, "sort");
    bool is_message = strcmp(kind, "message") == 0;
    if (ref[0] == '\0' || strcmp(ol_cli_text_of(entry, "author"), self) != 0 ||
        (is_message && sort[0] != '\0' && strcmp(sort, "traffic") != 0))
        return;
    if (l->answered == NULL)
        l->answered = json_object();
    const char *before = ol_cli_text_of(l->answered, ref);
    if (strcmp(before, "answered") != 0)
        (void)json_object_set_new(l->answered, ref, json_string(is_message ? "answered" : verb));
}

static void take_message(ol_watching *w, ol_watch_line *l, const json_t *entry, bool is_news) {
    json_t *o = json_deep_copy(entry);
    const json_t *body = json_object_get(o, "message");
    ol_show_text(o);
    (void)json_object_del(json_object_get(o, "message"), "body");
    (void)json_array_append_new(l->entries, o);
    bool is_theirs = strcmp(ol_cli_text_of(entry, "author"), w->self) != 0;
    if (is_theirs && is_news && strcmp(ol_cli_text_of(body, "precedence"), "flash") == 0)
        w->wants_bell = true;
    while (json_array_size(l->entries) > OL_WATCH_ENTRIES) {
        if (l->answered != NULL)
            (void)json_object_del(l->answered,
                                  ol_cli_text_of(json_array_get(l->entries, 0), "entry"));
        (void)json_array_remove(l->entries, 0);
    }
}

static void take_entry(ol_watching *w, size_t line, const json_t *entry, bool is_news) {
    ol_watch_line *l = &w->line[line];
    const char *kind = ol_cli_text_of(entry, "kind");
    if (strcmp(kind, "call") == 0)
        take_call(w, line, entry, is_news);
    else if (strcmp(kind, "ring") == 0 || strcmp(kind, "reply") == 0 || strcmp(kind, "close") == 0)
        take_word(w, entry, kind);
    else if (strcmp(kind, "check") == 0)
        set_by_party(&l->checks, entry, kind);
    else if (strcmp(kind, "watch") == 0)
        set_by_party(&l->watch, entry, kind);
    else if (strcmp(kind, "act") == 0)
        take_answer(l, w->self, entry, kind);
    else if (strcmp(kind, "message") == 0) {
        take_answer(l, w->self, entry, kind);
        take_message(w, l, entry, is_news);
    }
}

/* ---- replies and events ---- */

/* about: what has a status; NULL: nothing. */
static void add_alarm(ol_watching *w, const char *line, const char *text, const json_t *about) {
    char dtg[OL_CLI_DTG_LEN + 1], drill[OL_CLI_UPPER_LEN + 2];
    ol_cli_dtg((uint64_t)time(NULL), dtg);
    if (w->alarms == OL_WATCH_ALARMS) {
        memmove(&w->alarm[0], &w->alarm[1], sizeof w->alarm - sizeof w->alarm[0]);
        w->alarms--;
    }
    w->alarm[w->alarms].is_drill = ol_cli_is_drill(about);
    (void)snprintf(w->alarm[w->alarms].text, sizeof w->alarm[0].text, "%s%s  %s  %s",
                   ol_cli_drill(about, drill), dtg, line, text);
    w->alarms++;
}

/* An alarm, and whatever other events there are that are no state of a path or a receipt. */
static void take_event(ol_watching *w, size_t line, const json_t *o, const char *event) {
    static const char *const keys[] = { "alarm", "party", "entry", "state",
                                        "log",   "code",  "rung",  "verdict" };
    char text[160];
    size_t n = 0;
    n += (size_t)snprintf(text, sizeof text, "%s", event);
    for (size_t i = 0; i < OL_LEN(keys) && n < sizeof text; i++)
        if (ol_cli_text_of(o, keys[i])[0] != '\0')
            n += (size_t)snprintf(text + n, sizeof text - n, " %s", ol_cli_text_of(o, keys[i]));
    add_alarm(w, w->line[line].name, text, o);
    w->wants_bell =
        w->wants_bell || strcmp(event, "overdue") == 0 || strcmp(event, "due") == 0 ||
        (strcmp(event, "alarm") == 0 && strcmp(ol_cli_text_of(o, "alarm"), "fork") == 0);
}

static void take_line_event(ol_watching *w, size_t line, const json_t *o) {
    static const char *const quiet[] = { "receipt", "live", "state", "path", "lagged" };
    ol_watch_line *l = &w->line[line];
    const char *event = ol_cli_text_of(o, "event");
    const json_t *cursor = json_object_get(o, "cursor");
    w->is_stale = true;
    if (json_is_integer(cursor)) {
        l->cursor = (uint64_t)json_integer_value(cursor);
        l->has_cursor = true;
    }
    if (strcmp(event, "entry") == 0) {
        take_entry(w, line, o, true);
        return;
    }
    for (size_t i = 0; i < OL_LEN(quiet); i++)
        if (strcmp(event, quiet[i]) == 0)
            return;
    if (strcmp(event, "call") != 0) /* the entry says it */
        take_event(w, line, o, event);
}

/* The last of the record, once; then what comes after it. */
static void take_log(ol_watching *w, size_t line, const json_t *o) {
    ol_watch_line *l = &w->line[line];
    size_t i;
    json_t *entry;
    if (!l->is_loaded)
        json_array_foreach(json_object_get(o, "entries"), i, entry)
            take_entry(w, line, entry, false);
    l->is_loaded = true;
    if (!l->has_cursor)
        l->cursor = (uint64_t)json_integer_value(json_object_get(o, "position"));
    (void)send(w, OL_DO_SUBSCRIBE, l->name, l->cursor);
}

static bool is_wanted(const ol_watching *w, const char *line) {
    for (size_t i = 0; i < w->c->args; i++)
        if (strcmp(w->c->arg[i], line) == 0)
            return true;
    return w->c->args == 0;
}

static void take_hello(ol_watching *w, const json_t *o) {
    size_t i;
    json_t *name;
    copy(w->self, sizeof w->self, ol_cli_text_of(o, "party"));
    json_array_foreach(json_object_get(o, "lines"), i, name) {
        const char *s = json_string_value(name);
        size_t at = 0;
        while (s != NULL && at < w->lines && strcmp(w->line[at].name, s) != 0)
            at++;
        if (s == NULL || !is_wanted(w, s) || at == OL_WATCH_LINES)
            continue;
        ol_watch_line *l = &w->line[at];
        if (at == w->lines) {
            *l = (ol_watch_line){ .entries = json_array() };
            copy(l->name, sizeof l->name, s);
            w->lines++;
        }
        l->log_id = send(w, OL_DO_LOG, l->name, 0);
        l->status_id = send(w, OL_DO_STATUS, l->name, 0);
    }
    if (w->lines == 0)
        copy(w->says, sizeof w->says, "no such line: openline status names them");
}

static void take_reply(ol_watching *w, const json_t *o) {
    uint64_t id = (uint64_t)json_integer_value(json_object_get(o, "id"));
    if (!json_is_true(json_object_get(o, "ok"))) {
        for (size_t i = 0; i < w->lines; i++) /* a store that was restored: from its beginning */
            w->line[i].has_cursor = false;
        copy(w->says, sizeof w->says, ol_cli_text_of(json_object_get(o, "error"), "what"));
        return;
    }
    if (id == w->hello_id)
        take_hello(w, o);
    if (id == w->status_id) {
        json_decref(w->station);
        w->station = json_incref((json_t *)o);
    }
    for (size_t i = 0; i < w->lines; i++) {
        if (id == w->line[i].log_id)
            take_log(w, i, o);
        if (id == w->line[i].status_id) {
            json_decref(w->line[i].status);
            w->line[i].status = json_incref((json_t *)o);
        }
    }
}

void ol_watch_take(void *ctx, const json_t *o) {
    ol_watching *w = ctx;
    if (json_object_get(o, "event") == NULL) {
        take_reply(w, o);
        return;
    }
    for (size_t i = 0; i < w->lines; i++)
        if (strcmp(ol_cli_text_of(o, "line"), w->line[i].name) == 0)
            take_line_event(w, i, o);
}

void ol_watch_begin(ol_watching *w) {
    w->is_connected = true;
    w->says[0] = '\0';
    w->hello_id = send(w, OL_DO_HELLO, NULL, 0);
    w->is_stale = true;
    w->asked_ms = 0;
}

void ol_watch_lost(ol_watching *w) {
    if (!w->is_connected)
        return;
    w->is_connected = false;
    w->wants_bell = true;
    add_alarm(w, "-", "the station does not answer", NULL);
    for (size_t i = 0; i < w->lines; i++) {
        json_decref(w->line[i].status);
        w->line[i].status = NULL;
    }
}

void ol_watch_ask(ol_watching *w, uint64_t now_ms) {
    uint64_t wait = w->is_stale ? STATUS_MS : STATUS_IDLE_MS;
    if (!w->is_connected || (w->asked_ms > 0 && now_ms < w->asked_ms + wait))
        return;
    w->asked_ms = now_ms;
    w->is_stale = false;
    w->status_id = send(w, OL_DO_STATUS, NULL, 0);
    for (size_t i = 0; i < w->lines; i++)
        w->line[i].status_id = send(w, OL_DO_STATUS, w->line[i].name, 0);
}

void ol_watch_free(ol_watching *w) {
    while (w->calls > 0)
        forget_call(w, 0);
    for (size_t i = 0; i < w->lines; i++) {
        json_decref(w->line[i].status);
        json_decref(w->line[i].entries);
        json_decref(w->line[i].checks);
        json_decref(w->line[i].watch);
        json_decref(w->line[i].answered);
    }
    json_decref(w->station);
    ol_link_close(&w->link);
}

/* ---- what is asked of it ---- */

bool ol_watch_is_ringing(const ol_watching *w) {
    for (size_t i = 0; i < w->calls; i++)
        if (w->call[i].state == OL_CALL_RINGS && !w->call[i].is_ours)
            return true;
    return false;
}

const ol_watch_call *ol_watch_call_of(const ol_watching *w, const char *id) {
    for (size_t i = 0; i < w->calls; i++)
        if (strcmp(w->call[i].id, id) == 0)
            return &w->call[i];
    return NULL;
}

const json_t *ol_watch_message(const ol_watching *w, const char *id) {
    for (size_t i = 0; i < w->lines; i++)
        for (size_t k = json_array_size(w->line[i].entries); k > 0; k--) {
            const json_t *o = json_array_get(w->line[i].entries, k - 1);
            if (strcmp(ol_cli_text_of(o, "entry"), id) == 0)
                return o;
        }
    return NULL;
}

const char *ol_watch_choice(const ol_watching *w, size_t n, size_t *ret_line) {
    for (size_t i = w->calls; i > 0; i--) {
        const ol_watch_call *call = &w->call[i - 1];
        if (!call->is_ours && is_open(call) && n-- == 0)
            return *ret_line = call->line, call->id;
    }
    for (size_t i = 0; i < w->lines; i++)
        for (size_t k = json_array_size(w->line[i].entries); k > 0; k--) {
            const json_t *o = json_array_get(w->line[i].entries, k - 1);
            if (strcmp(ol_cli_text_of(o, "author"), w->self) != 0 && n-- == 0)
                return *ret_line = i, ol_cli_text_of(o, "entry");
        }
    return NULL;
}
