/* openline call — places a call, and with --wait tells each step until it is closed. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/draft.h"
#include "cli/people.h"
#include "cli/verdicts.h"
#include "wire/call.h"

typedef struct {
    ol_cli *c;
    ol_people p;
    ol_call call;
    json_t *placed;           /* the reply to submit */
    json_t *steps;            /* the events about it, with --json */
    uint32_t reached, stored; /* bits of parties: told; their receipt is among the steps */
    bool is_drill, is_closed;
} calling;

static calling s_calling;

/* ---- what is called ---- */

static int take_parties(calling *k) {
    ol_cli *c = k->c;
    for (size_t i = 0; i < c->lists; i++) {
        int p = ol_charter_party(&k->p.charter, c->list[i], strlen(c->list[i]));
        if (p < 0 || p == k->p.self || (k->p.members >> p & 1) == 0)
            return ol_cli_fail(c, OL_ENOENT, "name another member of the line",
                               "\"%s\" cannot be called", c->list[i]);
        k->call.called |= (uint16_t)(1u << p);
    }
    return -1;
}

static ol_str str_of(const char *s) {
    return (ol_str){ s, s == NULL ? 0 : strlen(s) };
}

static int take_options(calling *k) {
    ol_cli *c = k->c;
    const char *again = ol_cli_value(c, "again");
    int code = ol_people_precedence(c, OL_IMMEDIATE, &k->call.precedence);
    if (code < 0)
        code = ol_people_status(c, &k->call.status);
    k->call.purpose = ol_cli_has(c, "voice") ? OL_CALL_VOICE : OL_CALL_TEXT;
    k->call.text = str_of(ol_cli_value(c, "reason"));
    k->call.lang = str_of(ol_cli_value(c, "lang"));
    k->call.of = str_of(ol_cli_value(c, "escalates"));
    if (code < 0 && (k->call.text.len > OL_REMARK_MAX || k->call.of.len > OL_CALL_OF_MAX))
        code = ol_cli_usage(c, "--reason takes at most %d bytes, --escalates %d", OL_REMARK_MAX,
                            OL_CALL_OF_MAX);
    if (code < 0 && (!ol_fields_is_line(k->call.text) || !ol_message_lang_is_valid(k->call.lang) ||
                     !ol_fields_is_line(k->call.of)))
        code = ol_cli_usage(c, "--reason, --lang or --escalates holds what a line of text may not");
    if (code < 0)
        code = ol_people_open(c, c->arg[0], &k->p);
    if (code < 0)
        code = ol_people_rung(&k->p, c->arg[1], &k->call.rung);
    if (code < 0)
        code = take_parties(k);
    k->call.has_ref = again != NULL;
    if (code < 0 && again != NULL)
        code = ol_people_ref(&k->p, "--again", again, OL_INC_LEN, &k->call.ref);
    k->is_drill = k->call.status != OL_OPERATIONAL;
    return code;
}

/* ---- what comes ---- */

static void on_interrupt(int sig) {
    static const char text[] = "\nthe call stays placed: openline calls shows how it ends, "
                               "openline close withdraws it\n";
    (void)sig;
    ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);
    _exit(n < 0 ? 1 : 130);
}

__attribute__((format(printf, 2, 3))) static void step(const calling *k, const char *format, ...) {
    char text[300];
    va_list args;
    if (k->c->is_json)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ol_cli_print("%s%s\n",
                 k->is_drill ? (k->call.status == OL_EXERCISE ? "EXERCISE " : "TEST ") : "", text);
    (void)fflush(stdout);
}

static void tell_step(calling *k, const json_t *o) {
    const char *state = ol_cli_text_of(o, "state"), *party = ol_cli_text_of(o, "party");
    const char *rung = ol_cli_text_of(o, "rung"), *reply = ol_cli_text_of(o, "reply");
    long long seconds = (long long)json_integer_value(json_object_get(o, "seconds"));
    if (strcmp(state, "rings") == 0)
        step(k, "%s rings: %s, for %lld s", party, rung, seconds);
    else if (strcmp(state, "silent") == 0)
        step(k, "%s: its ladder has ended at %s, nobody came", party, rung);
    else if (strcmp(state, "replied") == 0 && strcmp(reply, "defer") == 0)
        step(k, "%s: deferred for %lld s", party, seconds);
    else if (strcmp(state, "replied") == 0)
        step(k, "%s: %s", party, strcmp(reply, "answer") == 0 ? "ANSWERED" : "declined");
    else if (strcmp(state, "closed") == 0)
        k->is_closed = true, step(k, "closed: %s", ol_cli_text_of(o, "why"));
}

static bool is_called(const calling *k, const char *party) {
    int p = ol_charter_party(&k->p.charter, party, strlen(party));
    return p >= 0 && ol_call_is_to(&k->call, (unsigned)k->p.self, (unsigned)p);
}

/* What an entry does to our call, in the words of an event of it; NULL: nothing. Events themselves
 * tell what holds when they are made: a ring that was answered at once may be in none, while an
 * entry is on record for ever. */
static const char *state_by(const calling *k, const json_t *entry, const json_t *body) {
    const char *kind = ol_cli_text_of(entry, "kind"), *author = ol_cli_text_of(entry, "author");
    bool is_placed =
        strcmp(ol_cli_text_of(entry, "entry"), ol_cli_text_of(k->placed, "entry")) == 0;
    bool is_ours = strcmp(author, k->p.charter.party[k->p.self].name) == 0;
    if (strcmp(kind, "call") == 0 && is_placed)
        return "placed";
    if (strcmp(ol_cli_text_of(body, "call"), ol_cli_text_of(k->placed, "entry")) != 0)
        return NULL;
    if (strcmp(kind, "close") == 0)
        return is_ours ? "closed" : NULL;
    if (!is_called(k, author))
        return NULL;
    if (strcmp(kind, "ring") == 0)
        return strcmp(ol_cli_text_of(body, "state"), "ended") == 0 ? "silent" : "rings";
    bool has_effect = strcmp(ol_cli_text_of(body, "status"), ol_status_name(k->call.status)) == 0;
    return strcmp(kind, "reply") == 0 && has_effect ? "replied" : NULL; /* §11 */
}

/* A ring or a reply proves it as a receipt does, and one may come before the other. */
static void reach(calling *k, const char *party) {
    int p = ol_charter_party(&k->p.charter, party, strlen(party));
    if ((k->reached >> p & 1) == 0)
        step(k, "reached: the station of %s has stored it", party);
    k->reached |= UINT32_C(1) << p;
}

static void note_entry(calling *k, const json_t *entry) {
    const char *kind = ol_cli_text_of(entry, "kind");
    const json_t *body = json_object_get(entry, kind);
    const char *state = state_by(k, entry, body);
    if (state == NULL)
        return;
    json_t *o = json_pack(
        "{s:s, s:s, s:s, s:O, s:O, s:O, s:s, s:O, s:s, s:s}", "event", "call", "line", k->p.line,
        "state", state, "entry", json_object_get(k->placed, "entry"), "log",
        json_object_get(k->placed, "log"), "index", json_object_get(k->placed, "index"), "caller",
        k->p.charter.party[k->p.self].name, "party", json_object_get(entry, "author"), "precedence",
        ol_precedence_name(k->call.precedence), "status", ol_status_name(k->call.status));
    (void)json_object_set(o, strcmp(kind, "reply") == 0 ? "reply" : "why",
                          json_object_get(body, strcmp(kind, "reply") == 0 ? "verb" : "why"));
    (void)json_object_set(o, "rung", json_object_get(body, "rung"));
    if (json_integer_value(json_object_get(body, "seconds")) > 0)
        (void)json_object_set(o, "seconds", json_object_get(body, "seconds"));
    (void)json_array_append(k->steps, o);
    if (is_called(k, ol_cli_text_of(entry, "author")))
        reach(k, ol_cli_text_of(entry, "author"));
    tell_step(k, o);
    json_decref(o);
}

static void note_receipt(calling *k, const json_t *o) {
    const char *party = ol_cli_text_of(o, "party");
    int p = ol_charter_party(&k->p.charter, party, strlen(party));
    json_int_t index = json_integer_value(json_object_get(k->placed, "index"));
    bool is_new = strcmp(ol_cli_text_of(o, "log"), ol_cli_text_of(k->placed, "log")) == 0 &&
                  is_called(k, party) && (k->stored >> p & 1) == 0 &&
                  json_integer_value(json_object_get(o, "size")) > index;
    if (!is_new)
        return;
    k->stored |= UINT32_C(1) << p;
    (void)json_array_append(k->steps, (json_t *)(uintptr_t)o);
    reach(k, party);
}

static int await(calling *k) {
    int code = -1;
    struct sigaction sa = { .sa_handler = on_interrupt };
    (void)sigaction(SIGINT, &sa, NULL);
    (void)sigaction(SIGTERM, &sa, NULL);
    while (code < 0 && !k->is_closed) {
        json_t *o = NULL;
        code = ol_talk_next(k->c, k->p.talk, OL_NEVER, &o);
        if (code < 0 && strcmp(ol_cli_text_of(o, "event"), "entry") == 0)
            note_entry(k, o);
        else if (code < 0 && strcmp(ol_cli_text_of(o, "event"), "receipt") == 0)
            note_receipt(k, o);
        json_decref(o);
    }
    return code;
}

/* ---- the command ---- */

static int place(calling *k) {
    uint8_t body[OL_CONTROL_BODY_MAX];
    ol_wr w = ol_wr_of(body, sizeof body);
    ol_call_encode(&k->call, &w);
    if (w.err != OL_OK)
        return ol_cli_fail(k->c, OL_ELIMIT, "say it in fewer words", "the call is too long");
    if (ol_cli_has(k->c, "draft"))
        return ol_draft_write(&k->p, ol_cli_value(k->c, "draft"), OL_KIND_CALL, body, w.len);
    int code = ol_people_submit(&k->p, OL_KIND_CALL, body, w.len, NULL, &k->placed);
    if (code < 0)
        (void)json_object_set_new(k->placed, "status", json_string(ol_status_name(k->call.status)));
    if (code < 0)
        step(k, "%s placed", ol_cli_text_of(k->placed, "entry"));
    return code;
}

static int print_end(calling *k, json_t *call) {
    size_t i;
    json_t *is;
    bool is_answered = false;
    json_array_foreach(json_object_get(call, "verdicts"), i, is) {
        is_answered = is_answered || strcmp(ol_cli_text_of(is, "verdict"), "answered") == 0;
    }
    if (!k->c->is_json) {
        ol_cli_verdicts_print(call);
    } else {
        json_t *o = ol_cli_ok();
        (void)json_object_update(o, k->placed);
        (void)json_object_set(o, "steps", k->steps);
        (void)json_object_set(o, "verdicts", json_object_get(call, "verdicts"));
        ol_cli_json(o);
    }
    int code = ol_cli_end(k->c);
    return code == OL_CLI_DONE && !is_answered ? OL_CLI_FAILED : code;
}

static int finish(calling *k) {
    json_t *call = NULL;
    if (ol_cli_has(k->c, "draft"))
        return ol_draft_print(k->c, k->p.line, ol_cli_value(k->c, "draft"));
    if (!ol_cli_has(k->c, "wait")) {
        json_t *o = ol_cli_ok();
        (void)json_object_update(o, k->placed);
        if (k->c->is_json)
            ol_cli_json(o);
        else
            json_decref(o);
        return ol_cli_end(k->c);
    }
    int code = await(k);
    if (code < 0)
        code = ol_cli_calls_find(k->c, k->p.line, k->placed, &call);
    if (code < 0)
        code = print_end(k, call);
    json_decref(call);
    return code;
}

static int call_run(ol_cli *c) {
    calling *k = &s_calling;
    *k = (calling){ .c = c, .steps = json_array() };
    int code = take_options(k);
    if (code < 0 && ol_cli_has(c, "wait") && ol_cli_has(c, "draft"))
        code = ol_cli_usage(c, "a draft is not placed: --wait does not go with --draft");
    if (code < 0 && ol_cli_has(c, "wait"))
        code = ol_people_follow(&k->p);
    if (code < 0)
        code = place(k);
    if (code < 0)
        code = finish(k);
    ol_people_close(&k->p);
    json_decref(k->placed);
    json_decref(k->steps);
    return code;
}

static const ol_cli_opt options[] = {
    { "precedence", "P", "flash, immediate, priority or routine (immediate)", false },
    { "status", "S", "operational, exercise or test (operational)", false },
    { "voice", NULL, "to speak; else to write", false },
    { "party", "NAME", "who is called (all other members); may stand several times", true },
    { "reason", "TEXT", "at most 200 bytes", false },
    { "lang", "LANG", "of the reason (the author's first)", false },
    { "escalates", "LINE:ENTRY", "what it escalates from another line", false },
    { "again", "ENTRY", "an earlier call that this one takes up again", false },
    { "read", "POSITION", "how far the officer had read (all)", false },
    OL_SIGNER_OPTIONS,
    { "draft", "FILE", "sign it into a file, for another officer to release", false },
    { "wait", NULL, "tell each step, until the call is closed; then its verdict", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_call = {
    .name = "call",
    .args = "<line> <rung or watch>",
    .summary = "Places a call: their station rings, rung after rung, until somebody answers",
    .help = "The station closes the call by itself when all have replied, their ladders have ended "
            "or its time is over.\nWith --wait, exit status 0 means that somebody answered; Ctrl-C "
            "leaves the call placed.\n",
    .opt = options,
    .args_min = 2,
    .args_max = 2,
    .run = call_run,
};
