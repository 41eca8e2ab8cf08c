/* openline send — a message: submitted, and waited for as far as the sender wants. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/files.h"
#include "cli/people.h"
#include "wire/entry.h"
#include "message/body.h"

typedef enum { WAIT_QUEUED, WAIT_SENT, WAIT_STORED } wait_for;

typedef struct {
    ol_cli *c;
    ol_people p;
    wait_for wait;
    uint64_t timeout_s;
    ol_message m;
    char *text; /* of stdin */
    uint8_t item[OL_CONTROL_ITEM_LEN];
    bool has_item;
    json_t *entries; /* replies, one a part */
    json_t *states;  /* party → {"state", …} */
    uint32_t waiting;
} sending;

static sending s_sending;

static int take_options(sending *s) {
    static const char *const waits[] = { "queued", "sent", "stored" };
    ol_cli *c = s->c;
    uint8_t wait = 0;
    const char *w = ol_cli_value(c, "wait");
    if (w != NULL && (strcmp(w, "seen") == 0 || strcmp(w, "answered") == 0))
        return ol_cli_usage(c,
                            "--wait %s comes with officers, in a later version; --wait stored "
                            "waits for the stations",
                            w);
    int code = ol_people_precedence(c, OL_ROUTINE, &s->m.precedence);
    if (code < 0)
        code = ol_people_status(c, &s->m.status);
    if (code < 0)
        code = ol_people_choose(c, "wait", waits, OL_LEN(waits), WAIT_QUEUED, &wait);
    s->wait = (wait_for)wait;
    if (code < 0)
        code = ol_cli_u64(c, "timeout", 1, 31536000, 60, &s->timeout_s);
    if (code < 0 && ol_cli_has(c, "timeout") && s->wait == WAIT_QUEUED)
        code = ol_cli_usage(c, "--timeout goes with --wait");
    const char *item = ol_cli_value(c, "item");
    s->has_item = item != NULL;
    if (code < 0 && item != NULL && ol_hex_get(item, strlen(item), s->item, 6) != OL_OK)
        code = ol_cli_usage(c, "--item is \"%s\" and must be 12 hex digits", item);
    const char *lang = ol_cli_value(c, "lang");
    if (lang != NULL)
        s->m.lang = (ol_str){ lang, strlen(lang) };
    const char *subject = ol_cli_value(c, "subject");
    if (subject != NULL)
        s->m.subject = (ol_str){ subject, strlen(subject) };
    return code;
}

static int take_ref(sending *s) {
    const char *ref = ol_cli_value(s->c, "ref");
    if (ref == NULL)
        return -1;
    s->m.has_ref = true;
    return ol_people_ref(&s->p, "--ref", ref, OL_REF_INC_MIN, &s->m.ref);
}

static int take_text(sending *s) {
    const char *arg = s->c->arg[1];
    if (strcmp(arg, "-") != 0) {
        s->m.text = (ol_str){ arg, strlen(arg) };
        return -1;
    }
    if (isatty(STDIN_FILENO))
        ol_cli_hint(s->c, "Write the message; end it with Ctrl-D on a line of its own.");
    size_t len = 0;
    s->text = malloc(OL_LONG_TEXT_MAX + 2);
    if (s->text == NULL)
        return ol_cli_fail(s->c, OL_ENOMEM, "try again", "there is no memory for the text");
    for (;;) {
        ssize_t n = read(STDIN_FILENO, s->text + len, OL_LONG_TEXT_MAX + 2 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ol_cli_fail(s->c, OL_EIO, "give it again", "standard input: %s",
                               strerror(errno));
        if (n == 0)
            break;
        len += (size_t)n;
        if (len > OL_LONG_TEXT_MAX + 1)
            return ol_cli_fail(s->c, OL_ELIMIT, "send it in several messages",
                               "the text is longer than %d bytes", OL_LONG_TEXT_MAX);
    }
    if (len > 0 && s->text[len - 1] == '\n')
        len--; /* the newline that ends a file is no part of the text */
    s->m.text = (ol_str){ s->text, len };
    return -1;
}

/* One part: submitted, and its reply kept. Code -1 lets the next follow. */
static ol_err submit(void *ctx, const uint8_t *body, size_t len, unsigned part, unsigned parts) {
    sending *s = ctx;
    json_t *reply = NULL;
    if (s->has_item && parts > 1) {
        (void)ol_cli_fail(s->c, OL_EFORM, "leave it out, or send less at once",
                          "--item goes with a text that fits one entry");
        return OL_ESTATE;
    }
    if (ol_people_submit(&s->p, OL_KIND_MESSAGE, body, len, s->has_item ? s->item : NULL, &reply) >=
        0)
        return OL_ESTATE;
    (void)json_array_append_new(s->entries, reply);
    if (!s->c->is_json) {
        ol_cli_print("%s queued", json_string_value(json_object_get(reply, "entry")));
        ol_cli_print(parts > 1 ? " (part %u of %u)\n" : "\n", part, parts);
        (void)fflush(stdout);
    }
    return OL_OK;
}

/* What an event says about the other parties' states of all that was sent. */
static void note_event(sending *s, const json_t *o) {
    const json_t *last = json_array_get(s->entries, json_array_size(s->entries) - 1);
    const char *event = json_string_value(json_object_get(o, "event"));
    const char *log = json_string_value(json_object_get(o, "log"));
    const char *party = json_string_value(json_object_get(o, "party"));
    bool is_receipt = event != NULL && strcmp(event, "receipt") == 0;
    if (event == NULL || log == NULL || party == NULL ||
        (!is_receipt && strcmp(event, "state") != 0) ||
        strcmp(log, json_string_value(json_object_get(last, "log"))) != 0 ||
        json_integer_value(json_object_get(o, "size")) <=
            json_integer_value(json_object_get(last, "index")))
        return;
    int p = ol_charter_party(&s->p.charter, party, strlen(party));
    json_t *old = json_object_get(s->states, party);
    if (p < 0 || p == s->p.self || json_object_get(old, "time") != NULL)
        return;
    json_int_t time = json_integer_value(json_object_get(o, "time"));
    char dtg[OL_CLI_DTG_LEN + 1];
    (void)json_object_set_new(s->states, party,
                              is_receipt ? json_pack("{s:s, s:I}", "state", "stored", "time", time)
                                         : json_pack("{s:s}", "state", "sent"));
    if (is_receipt || s->wait == WAIT_SENT)
        s->waiting &= ~(UINT32_C(1) << p);
    if (s->c->is_json || (!is_receipt && old != NULL))
        return;
    ol_cli_dtg((uint64_t)time, dtg);
    ol_cli_print(is_receipt ? "stored by %s, receipt of %s\n" : "sent to %s\n", party, dtg);
    (void)fflush(stdout);
}

static int await(sending *s) {
    uint64_t until_ms = ol_talk_now_ms() + s->timeout_s * 1000;
    char names[OL_CLI_PARTIES_LEN];
    int code = -1;
    while (code < 0 && s->waiting != 0) {
        uint64_t now = ol_talk_now_ms();
        json_t *o = NULL;
        code = now < until_ms || json_array_size(s->p.talk->events) > 0
                   ? ol_talk_next(s->c, s->p.talk, until_ms > now ? until_ms - now : 0, &o)
                   : ol_cli_fail(
                         s->c, OL_EAGAIN,
                         "the station goes on trying; openline log shows the receipt when "
                         "it comes",
                         "%s is on record but not %s %s after %llu s",
                         json_string_value(json_object_get(json_array_get(s->entries, 0), "entry")),
                         s->wait == WAIT_SENT ? "sent to" : "stored by",
                         ol_cli_parties(&s->p.charter, s->waiting, names),
                         (unsigned long long)s->timeout_s);
        if (code < 0 && o != NULL)
            note_event(s, o);
        json_decref(o);
    }
    return code;
}

static int follow(sending *s) {
    ol_request r;
    json_t *reply = NULL;
    if (s->wait == WAIT_QUEUED)
        return -1;
    int code = ol_talk_request(s->c, OL_DO_POSITION, s->p.line, &r); /* not --read: older, maybe */
    if (code < 0)
        code = ol_talk_ask(s->c, s->p.talk, &r, &reply);
    r.what = OL_DO_SUBSCRIBE;
    r.given |= OL_GIVEN_CURSOR;
    r.cursor = (uint64_t)json_integer_value(json_object_get(reply, "position"));
    json_decref(reply);
    reply = NULL;
    if (code < 0)
        code = ol_talk_ask(s->c, s->p.talk, &r, &reply);
    json_decref(reply);
    s->waiting = s->p.members & ~(UINT32_C(1) << s->p.self);
    return code;
}

static int print_sent(sending *s) {
    static const char *const state[] = { "queued", "sent", "stored" };
    if (!s->c->is_json)
        return ol_cli_end(s->c);
    json_t *o = ol_cli_ok();
    (void)json_object_set_new(o, "line", json_string(s->p.line));
    (void)json_object_update(o, json_array_get(s->entries, 0));
    (void)json_object_set_new(o, "state", json_string(state[s->wait]));
    (void)json_object_set(o, "states", s->states);
    if (json_array_size(s->entries) > 1)
        (void)json_object_set(o, "parts", s->entries);
    ol_cli_json(o);
    return ol_cli_end(s->c);
}

static int send_text(sending *s) {
    ol_body_why why = { "" };
    int code = follow(s);
    if (code >= 0)
        return code;
    ol_err err = ol_body_cut(&s->m, submit, s, &why);
    if (err == OL_ESTATE)
        return OL_CLI_FAILED; /* told by submit */
    if (err != OL_OK) {
        ol_why told;
        (void)ol_why_set(&told, err, "%s", why.text);
        return ol_cli_fail_why(s->c, err, &told);
    }
    code = await(s);
    return code < 0 ? print_sent(s) : code;
}

static int send_run(ol_cli *c) {
    sending *s = &s_sending;
    *s = (sending){ .c = c, .entries = json_array(), .states = json_object() };
    const char *to = ol_cli_value(c, "to");
    int code = take_options(s);
    if (code >= 0)
        return code;
    code = ol_people_open(c, c->arg[0], &s->p);
    if (code < 0)
        code = ol_people_rung(&s->p, to == NULL ? "watch" : to, &s->m.to);
    if (code < 0)
        code = take_ref(s);
    if (code < 0)
        code = take_text(s);
    if (code < 0)
        code = send_text(s);
    free(s->text);
    json_decref(s->entries);
    json_decref(s->states);
    ol_people_close(&s->p);
    return code;
}

static const ol_cli_opt options[] = {
    { "precedence", "P", "flash, immediate, priority or routine (routine)", false },
    { "status", "S", "operational, exercise or test (operational)", false },
    { "to", "RUNG", "a rung of the charter, or watch (watch)", false },
    { "subject", "TEXT", "at most 200 bytes", false },
    { "lang", "LANG", "the text's language (the author's first)", false },
    { "ref", "ENTRY", "what it answers, such as usa/urgent/8f3a.17", false },
    { "read", "POSITION", "how far the writer had read (all, before the text is taken)", false },
    { "item", "HEX", "12 hex digits: given again, the message is not sent twice", false },
    { "wait", "STATE", "queued, sent, or stored by every other party (queued)", false },
    { "timeout", "SECONDS", "how long to wait (60)", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_send = {
    .name = "send",
    .args = "<line> <text>",
    .summary = "Sends a message",
    .help = "A text of - is read from standard input. FLASH and IMMEDIATE take at most 200 words; "
            "a text that is\ntoo long for one entry goes in parts. Messages are operational unless "
            "--status says otherwise.\n",
    .opt = options,
    .args_min = 2,
    .args_max = 2,
    .run = send_run,
};
