/* How the watch looks: top to bottom what rings, the lines, messages, alarms; the last row is for
 * what is typed or said. What does not fit is left out from below, never what rings. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/text.h"
#include "cli/watch.h"

#define REVERSE "\033[7m"
#define BOLD "\033[1m"
#define BLINK "\033[5m"
#define PLAIN "\033[0m"

static void raw(ol_screen *s, const char *p, size_t len) {
    if (len > s->cap - s->len)
        return; /* the buffer is for the largest screen there may be */
    memcpy(s->p + s->len, p, len);
    s->len += len;
}

static void attr(ol_screen *s, const char *code) {
    raw(s, code, strlen(code));
}

static bool is_odd(uint32_t c) {
    return ol_cli_is_odd(c) || (c >= 0x200B && c <= 0x200D) || (c >= 0x2060 && c <= 0x2065);
}

void ol_screen_put(ol_screen *s, const char *text) {
    size_t len = strlen(text);
    for (size_t at = 0, n = 0; at < len; at += n) {
        uint32_t c = 0;
        n = ol_utf8_next((const uint8_t *)text + at, len - at, &c);
        int width = n == 0 || is_odd(c) ? 1 : wcwidth((wchar_t)c);
        bool is_shown = n > 0 && !is_odd(c) && width >= 0;
        n = n == 0 ? 1 : n;
        unsigned columns = width > 0 ? (unsigned)width : is_shown ? 0 : 1;
        if (s->column + columns > s->columns || s->len - s->row_at > 4 * (size_t)s->columns)
            return; /* the second: marks without width, any number of them */
        if (c == '\n')
            raw(s, " ", 1);
        else
            raw(s, is_shown ? text + at : "?", is_shown ? n : 1);
        s->column += columns;
    }
}

__attribute__((format(printf, 2, 3))) static void putf(ol_screen *s, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ol_screen_put(s, text);
}

static bool has_room(const ol_screen *s) {
    return s->row + 1 < s->rows; /* the last row is taken */
}

static void end_row(ol_screen *s) {
    attr(s, PLAIN "\033[K\r\n");
    s->row++;
    s->column = 0;
    s->row_at = s->len;
}

static void heading(ol_screen *s, const char *text) {
    if (!has_room(s))
        return;
    attr(s, BOLD);
    ol_screen_put(s, text);
    end_row(s);
}

/* "00:42", "3 h 07 min" */
static const char *span(uint64_t seconds, char to[32]) {
    unsigned long long s = seconds;
    if (s < 3600)
        (void)snprintf(to, 32, "%02llu:%02llu", s / 60, s % 60);
    else
        (void)snprintf(to, 32, "%llu h %02llu min", s / 3600, s / 60 % 60);
    return to;
}

static uint64_t ago(uint64_t wall, uint64_t then) {
    return wall > then ? wall - then : 0;
}

/* ---- calls ---- */

static void draw_call(ol_screen *s, const ol_watching *w, const ol_watch_call *call, uint64_t wall,
                      bool is_lit) {
    char precedence[32], status[32], time[32];
    bool is_ringing = call->state == OL_CALL_RINGS && !call->is_ours;
    const char *text = ol_cli_text_of(call->call, "text");
    if (!has_room(s))
        return;
    if (call->is_drill || (is_ringing && is_lit))
        attr(s, REVERSE);
    if (is_ringing)
        attr(s, BOLD BLINK);
    putf(s, "%s %s%s", strcmp(w->chosen, call->id) == 0 ? ">" : " ",
         call->is_drill ? ol_cli_upper(ol_cli_text_of(call->call, "status"), status) : "",
         call->is_drill ? " " : "");
    putf(s, "%s  %s  %s  %s %s, %s, %s  ",
         is_ringing                      ? "RINGING"
         : call->is_ours                 ? "OUR CALL"
         : call->state == OL_CALL_SILENT ? "NOBODY CAME"
                                         : "CALL",
         ol_cli_upper(ol_cli_text_of(call->call, "precedence"), precedence),
         w->line[call->line].name, call->is_ours ? "for" : "from",
         call->is_ours ? "the others" : call->author, ol_cli_text_of(call->call, "rung"),
         ol_cli_text_of(call->call, "purpose"));
    putf(s, "%s ago  %s  %s", span(ago(wall, call->since), time), call->word, text);
    end_row(s);
    if (is_ringing && has_room(s)) {
        putf(s, "    %s   a answer  d decline  f defer", call->id);
        end_row(s);
    }
}

static void draw_calls(ol_screen *s, const ol_watching *w, uint64_t wall, bool is_lit) {
    if (w->calls == 0)
        return;
    heading(s, "CALLS");
    for (int rank = 0; rank < 3; rank++) /* open: what is real, drills; then what has ended */
        for (size_t i = w->calls; i > 0; i--) {
            const ol_watch_call *call = &w->call[i - 1];
            bool is_open = call->state == OL_CALL_RINGS || call->state == OL_CALL_SILENT;
            if (rank == (is_open ? call->is_drill : 2) && (is_open || w->calls - i < 4))
                draw_call(s, w, call, wall, is_lit);
        }
}

/* ---- lines ---- */

static void draw_party(ol_screen *s, const ol_watch_line *l, const char *party, uint64_t wall,
                       const char *self) {
    char dtg[OL_CLI_DTG_LEN + 1], time[32];
    const json_t *check = json_object_get(l->checks, party), *p = NULL;
    const json_t *watch = json_object_get(l->watch, party);
    bool is_live = false, is_self = strcmp(party, self) == 0;
    size_t i;
    uint64_t proven = 0;
    json_array_foreach(json_object_get(l->status, "paths"), i, p) {
        if (strcmp(ol_cli_text_of(p, "party"), party) != 0)
            continue;
        is_live = is_live || json_is_true(json_object_get(p, "live"));
        if ((uint64_t)ol_cli_int_of(p, "proven") > proven)
            proven = (uint64_t)ol_cli_int_of(p, "proven");
    }
    if (!has_room(s))
        return;
    putf(s, "    %-12s %s", party, is_self ? "we        " : is_live ? "LIVE      " : "LINE DEAD ");
    if (!is_self && proven > 0)
        putf(s, "  proven %s ago", span(ago(wall, proven), time));
    else if (!is_self)
        putf(s, "  not proven in this run");
    if (check != NULL) {
        ol_cli_dtg((uint64_t)ol_cli_int_of(check, "wall"), dtg);
        putf(s, "  check %lld %s", ol_cli_int_of(check, "number"), dtg);
    }
    const json_t *told = json_object_get(json_object_get(l->status, "watch"), party);
    watch = told != NULL ? told : watch;
    long long officer =
        watch != NULL ? ol_cli_int_of(watch, "officer") : ol_cli_int_of(check, "watch");
    if (officer > 0)
        putf(s, "  on watch: officer %lld %s", officer, ol_cli_text_of(watch, "name"));
    else if (watch != NULL || check != NULL)
        putf(s, "  on watch: NOBODY");
    end_row(s);
}

static void draw_line(ol_screen *s, const ol_watching *w, const ol_watch_line *l, uint64_t wall) {
    size_t i;
    json_t *party;
    const char *state = ol_cli_text_of(l->status, "state");
    char text[32];
    if (!has_room(s))
        return;
    attr(s, BOLD);
    putf(s, "  %s", l->name);
    attr(s, PLAIN);
    if (l->status == NULL)
        putf(s, "  not known: no word from the station");
    else if (ol_cli_int_of(l->status, "live_paths") == 0)
        putf(s, "  DEAD: no path is live");
    else
        putf(s, "  %lld live path%s", ol_cli_int_of(l->status, "live_paths"),
             ol_cli_int_of(l->status, "live_paths") == 1 ? "" : "s");
    if (state[0] != '\0')
        putf(s, "  %s", ol_cli_upper(state, text));
    if (json_is_true(json_object_get(l->status, "suspended")))
        putf(s, "  SUSPENDED");
    if (json_is_true(json_object_get(l->status, "clock_doubtful")))
        putf(s, "  THE CLOCK IS IN DOUBT");
    if (ol_cli_int_of(l->status, "forks_unseen") > 0)
        putf(s, "  TWO HISTORIES: openline status");
    if (json_is_integer(json_object_get(l->status, "copy")) &&
        !json_is_integer(json_object_get(l->status, "copy_acknowledged")))
        putf(s, "  ANOTHER STATION WITH OUR KEYS: openline status");
    end_row(s);
    json_array_foreach(json_object_get(l->status, "parties"), i, party)
        draw_party(s, l, json_string_value(party), wall, w->self);
}

/* ---- messages ---- */

static void draw_message(ol_screen *s, const ol_watching *w, const ol_watch_line *l,
                         const json_t *entry, uint64_t wall) {
    const json_t *m = json_object_get(entry, "message");
    const char *id = ol_cli_text_of(entry, "entry"), *precedence = ol_cli_text_of(m, "precedence");
    const char *status = ol_cli_text_of(m, "status"), *said = ol_cli_text_of(l->answered, id);
    bool is_theirs = strcmp(ol_cli_text_of(entry, "author"), w->self) != 0;
    bool is_urgent = strcmp(precedence, "flash") == 0 || strcmp(precedence, "immediate") == 0;
    bool is_drill = ol_cli_is_drill(m);
    char one[32], two[32], time[32], dtg[OL_CLI_DTG_LEN + 1];
    if (!has_room(s))
        return;
    ol_cli_dtg((uint64_t)ol_cli_int_of(entry, "wall"), dtg);
    if (is_drill)
        attr(s, REVERSE);
    if (is_theirs && is_urgent && said[0] == '\0')
        attr(s, BOLD);
    putf(s, "%s %s%s%s  %s  %s %s  %s", strcmp(w->chosen, id) == 0 ? ">" : " ",
         is_drill ? ol_cli_upper(status, one) : "", is_drill ? " " : "",
         ol_cli_upper(precedence, two), l->name, is_theirs ? "from" : "by us,",
         is_theirs ? ol_cli_text_of(entry, "author") : id, dtg);
    if (is_theirs && said[0] != '\0')
        putf(s, "  %s", said);
    else if (is_theirs)
        putf(s, "  NOT ACKNOWLEDGED%s%s", is_urgent ? " for " : "",
             is_urgent ? span(ago(wall, (uint64_t)ol_cli_int_of(entry, "wall")), time) : "");
    end_row(s);
    if (!has_room(s))
        return;
    putf(s, "    %s%s", ol_cli_text_of(m, "subject"), ol_cli_text_of(m, "subject")[0] ? ": " : "");
    ol_screen_put(s, ol_cli_text_of(m, "text"));
    end_row(s);
}

static void draw_messages(ol_screen *s, const ol_watching *w, uint64_t wall) {
    size_t shown[OL_WATCH_LINES] = { 0 };
    heading(s, "MESSAGES, newest first");
    while (s->row + w->alarms + 2 < s->rows) {
        size_t best = OL_WATCH_LINES;
        const json_t *entry = NULL;
        for (size_t i = 0; i < w->lines; i++) { /* the lines' lists merged by time */
            size_t n = json_array_size(w->line[i].entries);
            const json_t *o =
                shown[i] < n ? json_array_get(w->line[i].entries, n - 1 - shown[i]) : NULL;
            if (o != NULL &&
                (entry == NULL || ol_cli_int_of(o, "wall") > ol_cli_int_of(entry, "wall")))
                entry = o, best = i;
        }
        if (entry == NULL)
            return;
        shown[best]++;
        draw_message(s, w, &w->line[best], entry, wall);
    }
}

/* ---- the rest ---- */

static void draw_alarms(ol_screen *s, const ol_watching *w) {
    if (w->alarms == 0)
        return;
    heading(s, "ALARMS, newest first");
    for (size_t i = w->alarms; i > 0 && has_room(s); i--) {
        if (w->alarm[i - 1].is_drill)
            attr(s, REVERSE);
        putf(s, "  %s", w->alarm[i - 1].text);
        end_row(s);
    }
}

static void draw_help(ol_screen *s) {
    static const char *const lines[] = {
        "  up, down (k, j)   choose a call or a message; what is chosen has a > before it",
        "  a                 answer the call",
        "  d                 decline the call; a reason is asked for",
        "  f                 defer the call; in how many minutes is asked for",
        "  s                 acknowledge the message: seen, and no agreement",
        "  i                 interim reply: an answer comes in so many minutes",
        "  r                 reply to the message, with its precedence and status",
        "  x                 clear the alarms",
        "  Ctrl-L            draw the screen anew",
        "  ?                 this; any key goes back",
        "  q                 leave; the station goes on",
        "",
        "  It rings for each call to this party until somebody replies, and once for a FLASH.",
        "  A letter acts on what is chosen; where nothing is, on the newest call that rings.",
        "  EXERCISE and TEST stand in words and in reverse before what is no real traffic.",
    };
    heading(s, "KEYS");
    for (size_t i = 0; i < OL_LEN(lines) && has_room(s); i++) {
        ol_screen_put(s, lines[i]);
        end_row(s);
    }
}

static void draw_head(ol_screen *s, const ol_watching *w, uint64_t wall) {
    char dtg[OL_CLI_DTG_LEN + 1];
    const json_t *storage = json_object_get(w->station, "storage");
    ol_cli_dtg(wall, dtg);
    attr(s, REVERSE);
    putf(s, " openline watch  %s  %s  ? help  q leave ", w->self, dtg);
    end_row(s);
    if (!w->is_connected && has_room(s)) {
        attr(s, BOLD REVERSE);
        putf(s, " NO STATION ANSWERS: nothing here is news; openline run ");
        end_row(s);
    }
    if (w->is_connected && storage != NULL && !json_is_true(json_object_get(storage, "ok")) &&
        has_room(s)) {
        attr(s, BOLD REVERSE);
        putf(s, " NOTHING IS BEING STORED: %s ", ol_cli_text_of(storage, "what"));
        end_row(s);
    }
}

/* What is typed: its end, where it is longer than the row. */
static void draw_foot(ol_screen *s, const ol_watching *w) {
    static const struct {
        int key;
        const char *asks;
    } prompts[] = { { 'd', "decline, reason: " },
                    { 'f', "defer, minutes: " },
                    { 'i', "answer comes in minutes: " },
                    { 'r', "reply: " } };
    while (has_room(s))
        end_row(s);
    if (w->prompt == 0) {
        ol_screen_put(s, w->says);
        attr(s, PLAIN "\033[K");
        return;
    }
    attr(s, BOLD);
    for (size_t i = 0; i < OL_LEN(prompts); i++)
        if (prompts[i].key == w->prompt)
            ol_screen_put(s, prompts[i].asks);
    attr(s, PLAIN);
    size_t at = 0, room = s->columns > s->column + 2 ? s->columns - s->column - 2 : 1;
    while (w->len - at > room || (w->text[at] & 0xC0) == 0x80)
        at++;
    ol_screen_put(s, w->text + at);
    attr(s, REVERSE);
    ol_screen_put(s, " ");
    attr(s, PLAIN "\033[K");
}

void ol_screen_draw(ol_screen *s, const ol_watching *w, uint64_t wall, bool is_lit) {
    s->len = s->row_at = 0;
    s->row = s->column = 0;
    attr(s, "\033[?25l\033[H");
    draw_head(s, w, wall);
    draw_calls(s, w, wall, is_lit);
    if (w->has_help) {
        draw_help(s);
    } else {
        heading(s, "LINES");
        for (size_t i = 0; i < w->lines; i++)
            draw_line(s, w, &w->line[i], wall);
        draw_messages(s, w, wall);
        draw_alarms(s, w);
    }
    draw_foot(s, w);
}
