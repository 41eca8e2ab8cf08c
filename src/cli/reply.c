/* openline answer, decline, defer: what an officer says to a call; close: withdraws our own. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/dossier.h"
#include "cli/people.h"
#include "wire/call.h"

typedef struct {
    ol_cli *c;
    ol_people p;
    json_t *calls; /* as the station knows them */
    const char *self;
    const char *name, *text; /* of the arguments; NULL: not given */
} replying;

static replying s_replying;

/* ---- the calls that the station knows ---- */

static int read_calls(replying *k) {
    uint64_t next = 0;
    k->calls = json_array();
    for (bool has_more = true; has_more;) {
        ol_request r;
        json_t *reply = NULL;
        int code = ol_talk_request(k->c, OL_DO_CALLS, k->p.line, &r);
        r.given |= OL_GIVEN_FROM;
        r.from = next;
        if (code < 0)
            code = ol_talk_ask(k->c, k->p.talk, &r, &reply);
        if (code >= 0)
            return code;
        (void)json_array_extend(k->calls, json_object_get(reply, "calls"));
        has_more = json_is_integer(json_object_get(reply, "next"));
        next = (uint64_t)ol_cli_int_of(reply, "next");
        json_decref(reply);
    }
    return -1;
}

static const json_t *called(const json_t *call, const char *party) {
    size_t i;
    json_t *o;
    json_array_foreach(json_object_get(call, "called"), i, o) {
        if (strcmp(ol_cli_text_of(o, "party"), party) == 0)
            return o;
    }
    return NULL;
}

static bool is_state(const json_t *call, const char *state) {
    return strcmp(ol_cli_text_of(call, "state"), state) == 0;
}

/* One that waits for our word; is_own: one of ours that goes on. */
static bool is_open(const replying *k, const json_t *call, bool is_own) {
    bool is_ours = strcmp(ol_cli_text_of(call, "caller"), k->self) == 0;
    if (is_ours != is_own || is_state(call, "closed"))
        return false;
    return is_own || (called(call, k->self) != NULL && !is_state(call, "replied"));
}

/* Does what was typed name this call: as shown, or with more digits of the incarnation? */
static bool is_named(const json_t *call, const char *name) {
    const char *log = ol_cli_text_of(call, "log");
    size_t dot = strcspn(name, ".");
    char index[24];
    (void)snprintf(index, sizeof index, ".%lld", ol_cli_int_of(call, "index"));
    return strncmp(log, name, dot) == 0 && strrchr(log, '/') < log + dot &&
           strcmp(name + dot, index) == 0;
}

static int choose(replying *k, bool is_own, json_t **ret) {
    size_t i, found = 0;
    json_t *call;
    char list[300] = "", drill[OL_CLI_UPPER_LEN + 2];
    json_array_foreach(k->calls, i, call) {
        if (k->name != NULL ? !is_named(call, k->name) : !is_open(k, call, is_own))
            continue;
        size_t at = strlen(list);
        (void)snprintf(list + at, sizeof list - at, "%s%s%s", at > 0 ? ", " : "",
                       ol_cli_drill(call, drill), ol_cli_text_of(call, "entry"));
        found++, *ret = call;
    }
    if (found == 1)
        return -1;
    if (k->name != NULL)
        return ol_cli_fail(k->c, OL_ENOENT, "openline calls names them",
                           "the station knows no call %s", k->name);
    return ol_cli_fail(
        k->c, found == 0 ? OL_ENOENT : OL_ECONFLICT,
        found > 0 ? "name the one that is meant"
        : is_own  ? "openline calls shows those that ended"
                  : "openline calls shows those that ended; name one to reply late",
        found == 0 ? (is_own ? "no call of ours is open on %s" : "no call waits for us on %s")
                   : "several calls are open on %s",
        found == 0 ? k->p.line : list);
}

/* ---- a reply ---- */

static bool is_entry_name(const char *s) {
    const char *dot = strrchr(s, '.');
    return strchr(s, '/') != NULL && strchr(s, ' ') == NULL && dot != NULL &&
           dot[1 + strspn(dot + 1, "0123456789")] == '\0';
}

static int open_calls(replying *k, ol_cli *c) {
    for (size_t i = 1; i < c->args; i++) {
        if (i == 1 && is_entry_name(c->arg[1]))
            k->name = c->arg[1];
        else if (k->text == NULL)
            k->text = c->arg[i];
        else
            return ol_cli_usage(c, "give the call first, such as usa/urgent/8f3a.17, then one text "
                                   "in quotes");
    }
    int code = ol_people_open(c, c->arg[0], &k->p);
    if (code >= 0)
        return code;
    k->self = k->p.charter.party[k->p.self].name;
    return read_calls(k);
}

static int status_of(const json_t *call) {
    for (unsigned i = 0; i < OL_STATUSES; i++)
        if (strcmp(ol_status_name(i), ol_cli_text_of(call, "status")) == 0)
            return (int)i;
    return 0;
}

/* For how long: --for, or --until a point of time by this machine's clock. */
static int take_deferral(ol_cli *c, uint64_t *ret) {
    const char *until = ol_cli_value(c, "until");
    uint64_t at = 0, now = (uint64_t)time(NULL);
    *ret = 0;
    if ((until != NULL) == ol_cli_has(c, "for"))
        return ol_cli_usage(c, "say for how long: --for 90s, 45m or 2h, or --until \"211454Z NOV "
                               "26\"; at most a week");
    if (until == NULL)
        return ol_people_duration(c, "for", OL_SECONDS_MAX, ret);
    if (ol_dossier_time(until, false, &at) != OL_OK)
        return ol_cli_usage(c,
                            "--until is \"%s\" and must be a time such as \"211454Z NOV 26\" or "
                            "2026-11-21T14:54Z",
                            until);
    if (at <= now)
        return ol_cli_fail(c, OL_EFORM, "name a time to come, in UTC", "%s is past", until);
    if (at - now > OL_SECONDS_MAX)
        return ol_cli_fail(c, OL_ELIMIT, "decline it, or defer it for a shorter time",
                           "%s is more than a week from now", until);
    *ret = at - now;
    return -1;
}

static int fill(replying *k, const json_t *call, ol_reply *r) {
    const json_t *we = called(call, k->self);
    uint64_t seconds = 0;
    const char *rung = ol_cli_value(k->c, "rung");
    if (we == NULL)
        return ol_cli_fail(k->c, OL_ESTATE, "openline calls says who is called",
                           "%s does not call us", ol_cli_text_of(call, "entry"));
    r->status = (uint8_t)status_of(call);
    if (json_object_get(we, "after_s") != NULL)
        r->after = (uint64_t)(ol_cli_int_of(we, "after_s") + ol_cli_int_of(we, "since_s"));
    int code =
        ol_people_ref(&k->p, "the call", ol_cli_text_of(call, "entry"), OL_INC_LEN, &r->call);
    if (code < 0 && rung != NULL)
        code = ol_people_rung(&k->p, rung, &r->rung);
    if (code < 0 && r->verb == OL_DEFER)
        code = take_deferral(k->c, &seconds);
    r->seconds = (uint32_t)seconds;
    r->text = (ol_str){ k->text, k->text == NULL ? 0 : strlen(k->text) };
    if (code < 0 && (r->text.len > OL_REMARK_MAX || !ol_fields_is_line(r->text)))
        code = ol_cli_usage(k->c, "the text has more than %d bytes or more than one line",
                            OL_REMARK_MAX);
    return code;
}

/* Calls that crossed stay two calls: who answers one is told of the other. */
static void offer_other(const replying *k, const json_t *answered) {
    size_t i;
    json_t *call;
    char drill[OL_CLI_UPPER_LEN + 2];
    json_array_foreach(k->calls, i, call) {
        const char *name = ol_cli_text_of(call, "entry");
        if (call == answered)
            continue;
        (void)ol_cli_drill(call, drill);
        if (is_open(k, call, true) && called(call, ol_cli_text_of(answered, "caller")) != NULL)
            ol_cli_print(
                "%sour own call %s to %s is open as well: openline close %s %s withdraws it, "
                "or let %s answer it\n",
                drill, name, ol_cli_text_of(answered, "caller"), k->p.line, name,
                ol_cli_text_of(answered, "caller"));
        else if (is_open(k, call, false))
            ol_cli_print("%s%s calls as well: openline answer %s %s\n", drill,
                         ol_cli_text_of(call, "caller"), k->p.line, name);
    }
}

static int print_done(const replying *k, const json_t *call, json_t *reply, const char *did) {
    char drill[OL_CLI_UPPER_LEN + 2];
    (void)ol_cli_drill(call, drill);
    if (k->c->is_json) {
        json_t *o = ol_cli_ok();
        (void)json_object_update(o, reply);
        (void)json_object_set(o, "call", json_object_get(call, "entry"));
        (void)json_object_set(o, "status", json_object_get(call, "status"));
        ol_cli_json(o);
    } else {
        ol_cli_print("%s%s %s: %s\n", drill, ol_cli_text_of(call, "entry"), did,
                     ol_cli_text_of(reply, "entry"));
        if (is_state(call, "closed"))
            ol_cli_print("%sit was closed before (%s): the reply is on record as late\n", drill,
                         ol_cli_text_of(call, "why"));
        offer_other(k, call);
    }
    json_decref(reply);
    return ol_cli_end(k->c);
}

static int reply_run(ol_cli *c, uint8_t verb) {
    static const char *const did[] = { "answered", "declined", "deferred" };
    replying *k = &s_replying;
    *k = (replying){ .c = c };
    uint8_t body[OL_CONTROL_BODY_MAX];
    ol_wr w = ol_wr_of(body, sizeof body);
    ol_reply r = { .verb = verb };
    json_t *call = NULL, *reply = NULL;
    int code = open_calls(k, c);
    if (code < 0)
        code = choose(k, false, &call);
    if (code < 0)
        code = fill(k, call, &r);
    if (code < 0) {
        ol_reply_encode(&r, &w);
        code = ol_people_submit(&k->p, OL_KIND_REPLY, body, w.len, NULL, &reply);
    }
    if (code < 0)
        code = print_done(k, call, reply, did[verb]);
    ol_people_close(&k->p);
    json_decref(k->calls);
    return code;
}

static int answer_run(ol_cli *c) {
    return reply_run(c, OL_ANSWER);
}

static int decline_run(ol_cli *c) {
    return reply_run(c, OL_DECLINE);
}

static int defer_run(ol_cli *c) {
    return reply_run(c, OL_DEFER);
}

/* ---- withdrawing ---- */

static int close_run(ol_cli *c) {
    replying *k = &s_replying;
    *k = (replying){ .c = c };
    uint8_t body[OL_CONTROL_BODY_MAX];
    size_t len = 0;
    json_t *call = NULL, *reply = NULL;
    int code = open_calls(k, c);
    if (code < 0 && k->text != NULL)
        code = ol_cli_usage(c, "\"%s\" is no call, such as usa/urgent/8f3a.17", k->text);
    if (code < 0)
        code = choose(k, true, &call);
    const char *withdraw = ol_cli_text_of(call, "withdraw");
    if (code < 0 &&
        ol_b64_get(withdraw, strlen(withdraw), body, sizeof body, &len) + (len == 0) != OL_OK)
        code = ol_cli_fail(c, OL_ESTATE, "openline calls shows how it ended",
                           "%s is not an open call of ours", ol_cli_text_of(call, "entry"));
    if (code < 0)
        code = ol_people_submit(&k->p, OL_KIND_CLOSE, body, len, NULL, &reply);
    if (code < 0)
        code = print_done(k, call, reply, "withdrawn");
    ol_people_close(&k->p);
    json_decref(k->calls);
    return code;
}

static const ol_cli_opt reply_options[] = {
    { "rung", "RUNG", "the rung of who replies", false },
    { "read", "POSITION", "how far the officer had read (all)", false },
    OL_SIGNER_OPTIONS,
    { NULL, NULL, NULL, false },
};

static const ol_cli_opt defer_options[] = {
    { "for", "TIME", "so long from now: 90s, 45m, 2h; at most a week", false },
    { "until", "TIME", "until then: 211454Z NOV 26, or 2026-11-21T14:54Z", false },
    { "rung", "RUNG", "the rung of who replies", false },
    { "read", "POSITION", "how far the officer had read (all)", false },
    OL_SIGNER_OPTIONS,
    { NULL, NULL, NULL, false },
};

static const ol_cli_opt close_options[] = {
    { "read", "POSITION", "how far the officer had read (all)", false },
    OL_SIGNER_OPTIONS,
    { NULL, NULL, NULL, false },
};

#define WHICH "Where one call is open it need not be named. "

const ol_cli_command ol_cli_answer = {
    .name = "answer",
    .args = "<line> [<call>] [<text>]",
    .summary = "Answers a call: somebody came",
    .help = WHICH "One that was closed can still be answered by its name: it is on record as "
                  "late.\n",
    .opt = reply_options,
    .args_min = 1,
    .args_max = 3,
    .run = answer_run,
};

const ol_cli_command ol_cli_decline = {
    .name = "decline",
    .args = "<line> [<call>] [<text>]",
    .summary = "Declines a call: an officer says that it is not taken",
    .help = WHICH "\n",
    .opt = reply_options,
    .args_min = 1,
    .args_max = 3,
    .run = decline_run,
};

const ol_cli_command ol_cli_defer = {
    .name = "defer",
    .args = "<line> [<call>] [<text>] --for TIME|--until TIME",
    .summary = "Defers a call: an officer says when somebody will be there",
    .help = WHICH "\n",
    .opt = defer_options,
    .args_min = 1,
    .args_max = 3,
    .run = defer_run,
};

const ol_cli_command ol_cli_close = {
    .name = "close",
    .args = "<line> [<call>]",
    .summary = "Withdraws a call of our own",
    .help = WHICH "\n",
    .opt = close_options,
    .args_min = 1,
    .args_max = 2,
    .run = close_run,
};
