/* openline send — a message: submitted, and waited for as far as the sender wants. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "cli/draft.h"
#include "cli/files.h"
#include "cli/people.h"
#include "wire/entry.h"
#include "message/body.h"

typedef enum { WAIT_QUEUED, WAIT_SENT, WAIT_STORED, WAIT_SEEN, WAIT_ANSWERED, WAITS } wait_for;
static const char *const waits[WAITS] = { "queued", "sent", "stored", "seen", "answered" };

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
    const char *ref_option; /* NULL: it is about no entry */
} sending;

static sending s_sending;

/* The option that names what the message is about decides its sort. */
static const struct {
    const char *option;
    ol_sort sort;
} refs[] = {
    { "ref", OL_SORT_TRAFFIC },
    { "correct", OL_SORT_CORRECTION },
    { "readback", OL_SORT_READBACK },
    { "translate", OL_SORT_TRANSLATION },
};

static int take_sort(sending *s) {
    const char *grade[OL_GRADES];
    ol_cli *c = s->c;
    unsigned given = 0;
    for (unsigned i = 0; i < OL_GRADES; i++)
        grade[i] = ol_grade_name(i);
    for (size_t i = 0; i < OL_LEN(refs); i++) {
        if (!ol_cli_has(c, refs[i].option))
            continue;
        s->ref_option = refs[i].option;
        s->m.sort = (uint8_t)refs[i].sort;
        given++;
    }
    if (given > 1)
        return ol_cli_usage(c, "of --ref, --correct, --readback and --translate one can be given");
    if (ol_cli_has(c, "service") && s->m.sort != OL_SORT_TRAFFIC)
        return ol_cli_usage(c, "--service goes with --ref or alone");
    if (ol_cli_has(c, "service"))
        s->m.sort = OL_SORT_SERVICE;
    s->m.asks = ol_cli_has(c, "ask-readback") ? OL_ASKS_READBACK : 0;
    int code = ol_people_choose(c, "grade", grade, OL_GRADES, OL_GRADE_NONE, &s->m.grade);
    bool is_translation = s->m.sort == OL_SORT_TRANSLATION;
    if (code < 0 && is_translation != (s->m.grade != OL_GRADE_NONE))
        code = ol_cli_usage(c, "--translate goes with --grade sight, rough or official");
    if (code < 0 && is_translation && s->m.lang.len == 0)
        code = ol_cli_usage(c, "--translate goes with --lang, the language of the translation");
    return code;
}

static int take_options(sending *s) {
    ol_cli *c = s->c;
    uint8_t wait = 0;
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
    return code < 0 ? take_sort(s) : code;
}

/* What it is about, whose status it has: an answer to an exercise is exercise. */
static int take_ref(sending *s) {
    const char *ref = s->ref_option == NULL ? NULL : ol_cli_value(s->c, s->ref_option);
    uint8_t status = OL_OPERATIONAL;
    char option[32];
    if (ref == NULL)
        return -1;
    s->m.has_ref = true;
    (void)snprintf(option, sizeof option, "--%s", s->ref_option);
    int code = ol_people_ref(&s->p, option, ref, OL_REF_INC_MIN, &s->m.ref);
    if (code < 0)
        code = ol_people_status_of(&s->p, ref, &status);
    if (code >= 0)
        return code;
    bool is_own = s->m.ref.party == s->p.self;
    if (s->m.sort == OL_SORT_CORRECTION && !is_own)
        return ol_cli_fail(s->c, OL_EFORM, "name a message of your own party's",
                           "%s is another party's and cannot be corrected here", ref);
    if (s->m.sort == OL_SORT_READBACK && is_own)
        return ol_cli_fail(s->c, OL_EFORM, "name a message of another party's",
                           "%s is your own: it is for others to read back", ref);
    if (ol_cli_has(s->c, "status") && s->m.status != status)
        return ol_cli_fail(s->c, OL_EFORM, "leave out --status, or refer to nothing",
                           "%s is of status %s: what refers to it cannot be %s", ref,
                           ol_status_name(status), ol_status_name(s->m.status));
    s->m.status = status;
    return -1;
}

static int take_parties(sending *s) {
    const char *precedence[OL_PRECEDENCES];
    for (unsigned i = 0; i < OL_PRECEDENCES; i++)
        precedence[i] = ol_precedence_name(i);
    int code = ol_people_parties(&s->p, "action", &s->m.action);
    if (code < 0)
        code = ol_people_parties(&s->p, "info", &s->m.info);
    if (code < 0)
        code = ol_people_choose(s->c, "info-precedence", precedence, OL_PRECEDENCES,
                                s->m.precedence, &s->m.info_precedence);
    if (code < 0 && (s->m.action & s->m.info) != 0)
        code = ol_cli_usage(s->c, "a party stands in --action and in --info");
    if (code < 0 && ol_cli_has(s->c, "info-precedence") && s->m.info == 0)
        code = ol_cli_usage(s->c, "--info-precedence goes with --info");
    return code;
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
    const char *draft = ol_cli_value(s->c, "draft");
    if (draft != NULL) {
        if (parts > 1)
            (void)ol_cli_fail(s->c, OL_ELIMIT, "say it shorter",
                              "a draft has room for a text that fits one entry");
        return parts == 1 && ol_draft_write(&s->p, draft, OL_KIND_MESSAGE, body, len) < 0
                   ? OL_OK
                   : OL_ESTATE;
    }
    if (ol_people_submit(&s->p, OL_KIND_MESSAGE, body, len, s->has_item ? s->item : NULL, &reply) >=
        0)
        return OL_ESTATE;
    (void)json_array_append_new(s->entries, reply);
    if (!s->c->is_json) {
        char status[OL_PEOPLE_STATUS_LEN];
        bool is_real = s->m.status == OL_OPERATIONAL;
        ol_cli_print("%s queued%s%s", json_string_value(json_object_get(reply, "entry")),
                     is_real ? "" : ", ",
                     is_real ? "" : ol_people_upper(ol_status_name(s->m.status), status));
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
    if (is_receipt && json_object_get(o, "by") != NULL)
        (void)json_object_set(json_object_get(s->states, party), "by", json_object_get(o, "by"));
    if ((is_receipt && s->wait == WAIT_STORED) || s->wait == WAIT_SENT)
        s->waiting &= ~(UINT32_C(1) << p);
    if (s->c->is_json || (!is_receipt && old != NULL))
        return;
    ol_cli_dtg((uint64_t)time, dtg);
    ol_cli_print(is_receipt ? "stored by %s, receipt of %s\n" : "sent to %s\n", party, dtg);
    (void)fflush(stdout);
}

static const char *reached(wait_for wait) {
    return wait == WAIT_ANSWERED ? "answered by" : wait == WAIT_SEEN ? "seen by" : "stored by";
}

/* After an entry of somebody's: what became of ours, as the joint view has it. */
static int look(sending *s, const json_t *event) {
    const json_t *first = json_array_get(s->entries, 0);
    const char *name = json_string_value(json_object_get(first, "entry"));
    const char *kind = json_string_value(json_object_get(event, "kind")), *party;
    json_t *reply = NULL, *state;
    ol_request r;
    if (kind == NULL || (strcmp(kind, "act") != 0 && strcmp(kind, "message") != 0))
        return -1;
    int code = ol_talk_request(s->c, OL_DO_LOG, s->p.line, &r);
    r.given |= OL_GIVEN_ENTRY;
    if (code < 0 && ol_request_entry(name, strlen(name), &r))
        code = ol_talk_ask(s->c, s->p.talk, &r, &reply);
    const json_t *entry = json_array_get(json_object_get(reply, "entries"), 0);
    json_object_foreach(json_object_get(entry, "states"), party, state) {
        const char *now = json_string_value(json_object_get(state, "state"));
        int p = ol_charter_party(&s->p.charter, party, strlen(party));
        bool is_seen = strcmp(now, "seen") == 0, is_answered = strcmp(now, "answered") == 0;
        if (p < 0 || (!is_seen && !is_answered))
            continue;
        const json_t *old = json_object_get(json_object_get(s->states, party), "state");
        bool is_new = old == NULL || strcmp(json_string_value(old), now) != 0;
        (void)json_object_set(s->states, party, state);
        if (is_answered || s->wait == WAIT_SEEN)
            s->waiting &= ~(UINT32_C(1) << p);
        if (is_new && !s->c->is_json)
            ol_cli_print("%s by %s\n", now, party);
    }
    (void)fflush(stdout);
    json_decref(reply);
    return code;
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
                         s->wait == WAIT_SENT ? "sent to" : reached(s->wait),
                         ol_cli_parties(&s->p.charter, s->waiting, names),
                         (unsigned long long)s->timeout_s);
        if (code < 0 && o != NULL)
            note_event(s, o);
        if (code < 0 && o != NULL && s->wait >= WAIT_SEEN)
            code = look(s, o);
        json_decref(o);
    }
    return code;
}

static int follow(sending *s) {
    if (s->wait == WAIT_QUEUED)
        return -1;
    int code = ol_people_follow(&s->p);
    s->waiting = s->p.members & ~(UINT32_C(1) << s->p.self);
    for (unsigned p = 0; s->wait == WAIT_ANSWERED && p < OL_PARTIES_MAX; p++)
        if (!ol_message_is_to_act(&s->m, (unsigned)s->p.self, p))
            s->waiting &= ~(UINT32_C(1) << p); /* who need only know need not answer */
    return code;
}

static int print_sent(sending *s) {
    if (!s->c->is_json)
        return ol_cli_end(s->c);
    json_t *o = ol_cli_ok();
    (void)json_object_set_new(o, "line", json_string(s->p.line));
    (void)json_object_set_new(o, "status", json_string(ol_status_name(s->m.status)));
    (void)json_object_update(o, json_array_get(s->entries, 0));
    (void)json_object_set_new(o, "state", json_string(waits[s->wait]));
    (void)json_object_set(o, "states", s->states);
    if (json_array_size(s->entries) > 1)
        (void)json_object_set(o, "parts", s->entries);
    ol_cli_json(o);
    return ol_cli_end(s->c);
}

/* Who releases a FLASH says so once more, at a terminal: what interrupts all lower traffic is not
 * sent by a slip. Scripts are not asked. */
static int confirm(sending *s) {
    const ol_message *m = &s->m;
    ol_cli *c = s->c;
    char status[OL_CLI_UPPER_LEN], names[OL_CLI_PARTIES_LEN];
    uint32_t to = s->p.members & ~(UINT32_C(1) << s->p.self);
    if (m->precedence != OL_FLASH || ol_cli_has(c, "yes") || ol_cli_has(c, "draft") || c->is_json ||
        isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0)
        return -1;
    (void)ol_cli_upper(ol_status_name(m->status), status);
    ol_cli_print("FLASH %s on line %s to %s (%s), %zu words%s%.*s\n", status, s->p.line,
                 ol_cli_parties(&s->p.charter, m->action != 0 ? m->action : to, names),
                 m->to == 0 ? "watch" : s->p.charter.rung[m->to - 1],
                 ol_text_words((const uint8_t *)m->text.p, m->text.len),
                 m->subject.len > 0 ? ", subject " : "", (int)m->subject.len, m->subject.p);
    return ol_draft_ask(c, "send");
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
    if (ol_cli_has(s->c, "draft"))
        return ol_draft_print(s->c, s->p.line, ol_cli_value(s->c, "draft"));
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
        code = take_parties(s);
    if (code < 0 && strcmp(c->arg[1], "-") == 0 && isatty(STDIN_FILENO))
        code = ol_people_crossing(&s->p); /* before it is typed, and again after */
    if (code < 0)
        code = ol_people_text(c, &s->text, &s->m.text);
    if (code < 0)
        code = ol_people_crossing(&s->p);
    if (code < 0)
        code = confirm(s);
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
    { "correct", "ENTRY", "a message of your own that this one corrects", false },
    { "readback", "ENTRY", "a message of another party's that this one reads back", false },
    { "ask-readback", NULL, "they are to read it back", false },
    { "translate", "ENTRY", "a message that this one translates, into --lang", false },
    { "grade", "GRADE", "of a translation: sight, rough or official", false },
    { "action", "PARTIES", "who must act, such as prc,swi (all others)", false },
    { "info", "PARTIES", "who need only know", false },
    { "info-precedence", "P", "the precedence for those (that of the message)", false },
    { "service", NULL, "operators about the circuit, no traffic", false },
    { "yes", NULL, "a FLASH was looked at: do not ask", false },
    { "anyway", NULL, "even if something unread has come meanwhile", false },
    { "read", "POSITION", "how far the writer had read (all, before the text is taken)", false },
    { "item", "HEX", "12 hex digits: given again, the message is not sent twice", false },
    { "wait", "STATE", "queued, sent, stored, seen or answered, by all others (queued)", false },
    { "timeout", "SECONDS", "how long to wait (60)", false },
    OL_SIGNER_OPTIONS,
    { "draft", "FILE", "sign it into a file, for another officer to release", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_send = {
    .name = "send",
    .args = "<line> <text>",
    .summary = "Sends a message",
    .help =
        "A text of - is read from standard input. FLASH and IMMEDIATE take at most 200 words; "
        "a text that is\ntoo long for one entry goes in parts. Messages are operational unless "
        "--status says otherwise; what refers to an entry has that one's status.\nWhat others "
        "sent since "
        "the writer had read is shown first, and nothing is sent, unless --anyway is given.\nAt a "
        "terminal a FLASH is shown and asked about once more, unless --yes is given.\n",
    .opt = options,
    .args_min = 2,
    .args_max = 2,
    .run = send_run,
};
