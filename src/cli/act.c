/* openline ack, interim, cancel, confirm, wrong, here, presence: a person's word about an entry. */
#include <stdio.h>
#include <string.h>

#include "cli/people.h"
#include "wire/act.h"
#include "wire/entry.h"

static ol_people s_people;

static int submit_act(ol_people *p, ol_act *a) {
    uint8_t body[OL_REMARK_MAX + 64];
    json_t *reply = NULL;
    const char *text = ol_cli_value(p->c, "text");
    if (text != NULL)
        a->text = (ol_str){ text, strlen(text) };
    if (a->text.len > OL_REMARK_MAX || !ol_fields_is_line(a->text))
        return ol_cli_fail(p->c, OL_EFORM, "say it in one line, or send a message",
                           "the remark is longer than %d bytes or holds what no line may hold",
                           OL_REMARK_MAX);
    ol_wr w = ol_wr_of(body, sizeof body);
    ol_act_encode(a, &w);
    int code = ol_people_submit(p, OL_KIND_ACT, body, w.len, NULL, &reply);
    if (code >= 0)
        return code;
    const char *status = ol_status_name(a->status),
               *entry = json_string_value(json_object_get(reply, "entry"));
    if (p->c->is_json) {
        json_t *o = ol_cli_ok();
        (void)json_object_set_new(o, "line", json_string(p->line));
        (void)json_object_set_new(o, "verb", json_string(ol_act_verb_name(a->verb)));
        (void)json_object_set_new(o, "status", json_string(status));
        (void)json_object_update(o, reply);
        ol_cli_json(o);
    } else {
        char upper[OL_PEOPLE_STATUS_LEN];
        ol_cli_print("%s  %s %s%s%s\n", ol_people_upper(status, upper), entry,
                     ol_act_verb_name(a->verb), p->c->args > 1 ? " " : "",
                     p->c->args > 1 ? p->c->arg[1] : "");
    }
    json_decref(reply);
    return ol_cli_end(p->c);
}

static int act_run(ol_cli *c, ol_act_verb verb) {
    ol_act a = { .verb = (uint8_t)verb, .has_ref = true };
    uint64_t seconds = 0;
    int code = verb == OL_ACT_INTERIM ? ol_people_duration(c, "in", OL_SECONDS_MAX, &seconds) : -1;
    if (code < 0 && verb == OL_ACT_INTERIM && seconds == 0)
        code = ol_cli_usage(c, "an interim reply says when the answer comes: --in 2h");
    if (code >= 0)
        return code;
    a.seconds = (uint32_t)seconds;
    code = ol_people_open(c, c->arg[0], &s_people);
    if (code < 0)
        code = ol_people_ref(&s_people, "the entry", c->arg[1], OL_REF_INC_MIN, &a.ref);
    if (code < 0)
        code = ol_people_status_of(&s_people, c->arg[1], &a.status);
    bool is_own = code < 0 && a.ref.party == s_people.self;
    if (code < 0 && is_own != (verb == OL_ACT_CANCEL))
        code = ol_cli_fail(c, OL_EFORM,
                           is_own ? "name an entry of another party's"
                                  : "name an entry of your own party's",
                           is_own ? "%s is your own" : "%s is another party's", c->arg[1]);
    if (code < 0)
        code = submit_act(&s_people, &a);
    ol_people_close(&s_people);
    return code;
}

static int ack_run(ol_cli *c) {
    return act_run(c, OL_ACT_SEEN);
}

static int interim_run(ol_cli *c) {
    return act_run(c, OL_ACT_INTERIM);
}

static int cancel_run(ol_cli *c) {
    return act_run(c, OL_ACT_CANCEL);
}

static int confirm_run(ol_cli *c) {
    return act_run(c, OL_ACT_RIGHT);
}

static int wrong_run(ol_cli *c) {
    return act_run(c, OL_ACT_WRONG);
}

static int here_run(ol_cli *c) {
    return act_run(c, OL_ACT_HERE);
}

static int presence_run(ol_cli *c) {
    ol_act a = { .verb = OL_ACT_PRESENT };
    int code = ol_people_status(c, &a.status);
    if (code >= 0)
        return code;
    code = ol_people_open(c, c->arg[0], &s_people);
    if (code < 0)
        code = submit_act(&s_people, &a);
    ol_people_close(&s_people);
    return code;
}

#define TEXT                                                                                       \
    { "text", "TEXT", "a remark, at most 200 bytes", false }
#define END                                                                                        \
    { NULL, NULL, NULL, false }

static const ol_cli_opt text_option[] = { TEXT, OL_SIGNER_OPTIONS, END };
static const ol_cli_opt interim_options[] = {
    { "in", "TIME", "when the answer comes, such as 45m or 2h, at most 7d", false },
    TEXT,
    OL_SIGNER_OPTIONS,
    END
};
static const ol_cli_opt presence_options[] = {
    { "status", "S", "operational, exercise or test (operational)", false },
    TEXT,
    OL_SIGNER_OPTIONS,
    END
};

#define ACT(id, words, said, more, options)                                                        \
    const ol_cli_command ol_cli_##id = { .name = words,                                            \
                                         .args = "<line> <entry>",                                 \
                                         .summary = said,                                          \
                                         .help = more,                                             \
                                         .opt = options,                                           \
                                         .args_min = 2,                                            \
                                         .args_max = 2,                                            \
                                         .run = id##_run }

ACT(ack, "ack", "Acknowledges an entry: an officer has it",
    "That is no agreement. The other side sees it as seen. Its status, exercise or not, is the "
    "entry's own.\n",
    text_option);
ACT(interim, "interim", "Says when the answer to a message comes",
    "The overdue clock of the message stands until then. It may be said again.\n", interim_options);
ACT(cancel, "cancel", "Withdraws a message of this party's own",
    "It stays on record, marked as cancelled.\n", text_option);
ACT(confirm, "confirm", "Says that a read-back is right",
    "The entry is the read-back, of what this party wrote.\n", text_option);
ACT(wrong, "wrong", "Says that a read-back is wrong",
    "The entry is the read-back, of what this party wrote. Then send it again, or a "
    "correction.\n",
    text_option);
ACT(here, "here", "Answers a presence query", "The entry is the query.\n", text_option);

const ol_cli_command ol_cli_presence = {
    .name = "presence",
    .args = "<line>",
    .summary = "Asks whether anybody is there",
    .help = "openline here answers it.\n",
    .opt = presence_options,
    .args_min = 1,
    .args_max = 1,
    .run = presence_run,
};
