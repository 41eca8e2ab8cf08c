/* openline hook add, list, remove, test — programs that events start. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/files.h"
#include "cli/talk.h"
#include "station/config.h"

static ol_talk talk;

/* What is in the config counts when the station reads it: at its start. */
static int done(ol_cli *c, const ol_home *h, json_t *o) {
    if (c->is_json) {
        (void)json_object_set_new(o, "restart", json_boolean(ol_home_pid(h) != 0));
        ol_cli_json(o);
    } else {
        json_decref(o);
    }
    ol_cli_hint_restart(c, h);
    return ol_cli_end(c);
}

static int take_on(ol_cli *c, ol_hook_conf *hook) {
    const char *list = ol_cli_value(c, "on");
    if (list == NULL)
        return ol_cli_usage(c, "say what calls it, such as --on call,flash");
    for (const char *p = list;; p++) {
        size_t n = strcspn(p, ",");
        int what = ol_hook_find(p, n);
        if (what < 0 || (hook->on >> what & 1) != 0)
            return ol_cli_usage(
                c,
                "--on is \"%s\" and must be a list of call, flash, unanswered, "
                "overdue, due, line-dead, check-missed, fork, copy, storage and drill, each "
                "once, with commas between",
                list);
        hook->on |= 1u << what;
        p += n;
        if (*p == '\0')
            return -1;
    }
}

static int take_words(ol_cli *c, ol_hook_conf *hook) {
    for (size_t i = 1; i < c->args; i++) {
        const char *w = c->arg[i], *why = "a word has 1 to 1000 bytes, the first and last no space";
        size_t len = strlen(w);
        ol_err err = OL_EFORM;
        if (len > 0 && len <= OL_INI_LINE_MAX - 24 && w[0] != ' ' && w[len - 1] != ' ')
            err = ol_hook_conf_add_word(hook, (ol_str){ w, len }, &why);
        if (err != OL_OK)
            return ol_cli_fail(c, err, "see openline hook add --help", "\"%.64s\": %s", w, why);
    }
    if (access(c->arg[1], X_OK) != 0)
        return ol_cli_fail(c, OL_ENOENT, "give the path of a program that may be run",
                           "%s cannot be run: %s", c->arg[1], strerror(errno));
    return -1;
}

static int add_run(ol_cli *c) {
    ol_home h;
    ol_why why = { "" };
    ol_hook_conf hook = { .name = "" };
    uint64_t limit = 0, after = 0;
    ol_hook_conf_start(&hook);
    if (!ol_name_is_valid(c->arg[0], strlen(c->arg[0])))
        return ol_cli_fail(c, OL_EFORM, "a name is 1 to 32 of a-z 0-9 -, a letter first",
                           "\"%s\" is no name for a hook", c->arg[0]);
    memcpy(hook.name, c->arg[0], strlen(c->arg[0]) + 1);
    int code = ol_cli_u64(c, "limit", 1, OL_HOOK_LIMIT_MAX, hook.limit_s, &limit);
    if (code < 0)
        code = ol_cli_u64(c, "after", 1, OL_HOOK_AFTER_MAX, hook.after_s, &after);
    if (code < 0)
        code = take_on(c, &hook);
    if (code < 0)
        code = take_words(c, &hook);
    if (code < 0)
        code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    hook.limit_s = (uint32_t)limit, hook.after_s = (uint32_t)after;
    ol_err err = ol_config_add_hook(&h, &hook, &why);
    code = err == OL_OK ? done(c, &h, json_pack("{s:b, s:s}", "ok", 1, "hook", hook.name))
                        : ol_cli_fail_why(c, err, &why);
    ol_home_close(&h);
    return code;
}

static int remove_run(ol_cli *c) {
    ol_home h;
    ol_why why = { "" };
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    ol_err err = ol_config_remove_hook(&h, c->arg[0], &why);
    code = err == OL_OK ? done(c, &h, json_pack("{s:b, s:s}", "ok", 1, "hook", c->arg[0]))
                        : ol_cli_fail_why(c, err, &why);
    ol_home_close(&h);
    return code;
}

static json_t *hook_json(const ol_hook_conf *hook) {
    json_t *on = json_array(), *run = json_array();
    for (int i = 0; i <= OL_HOOK_DRILL; i++)
        if ((hook->on >> i & 1) != 0)
            (void)json_array_append_new(on, json_string(ol_hook_word((ol_hook_what)i)));
    for (unsigned i = 0; i < hook->words; i++)
        (void)json_array_append_new(run, json_string(ol_hook_conf_at(hook, i)));
    return json_pack("{s:s, s:o, s:o, s:I, s:I}", "hook", hook->name, "on", on, "run", run, "limit",
                     (json_int_t)hook->limit_s, "after", (json_int_t)hook->after_s);
}

static void print_hook(const ol_hook_conf *hook) {
    ol_cli_print("%s  on", hook->name);
    for (int i = 0; i <= OL_HOOK_DRILL; i++)
        if ((hook->on >> i & 1) != 0)
            ol_cli_print(" %s", ol_hook_word((ol_hook_what)i));
    ol_cli_print("  at most %u s\n ", (unsigned)hook->limit_s);
    for (unsigned i = 0; i < hook->words; i++)
        ol_cli_print(" %s", ol_hook_conf_at(hook, i));
    ol_cli_print("\n");
}

static int list_run(ol_cli *c) {
    static ol_config config;
    ol_home h;
    ol_why why = { "" };
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    ol_err err = ol_config_load(&h, &config, &why);
    ol_home_close(&h);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    json_t *hooks = json_array();
    for (size_t i = 0; i < config.hooks; i++) {
        (void)json_array_append_new(hooks, hook_json(&config.hook[i]));
        if (!c->is_json)
            print_hook(&config.hook[i]);
    }
    if (c->is_json)
        ol_cli_json(json_pack("{s:b, s:O}", "ok", 1, "hooks", hooks));
    else if (config.hooks == 0)
        ol_cli_hint(c, "There are no hooks: nothing sounds when the other side calls; see openline "
                       "hook add --help");
    json_decref(hooks);
    return ol_cli_end(c);
}

static int test_run(ol_cli *c) {
    ol_request r = { .what = OL_DO_HOOK_TEST, .given = OL_GIVEN_HOOK };
    json_t *reply = NULL;
    const char *event = ol_cli_value(c, "event");
    if (!ol_name_is_valid(c->arg[0], strlen(c->arg[0])))
        return ol_cli_fail(c, OL_EFORM, "openline hook list names them",
                           "\"%s\" is no name of a hook", c->arg[0]);
    if (event != NULL && !ol_name_is_valid(event, strlen(event)))
        return ol_cli_usage(c, "--event is \"%s\" and must be one that hooks have", event);
    memcpy(r.hook, c->arg[0], strlen(c->arg[0]) + 1);
    if (event != NULL) {
        memcpy(r.event, event, strlen(event) + 1);
        r.given |= OL_GIVEN_EVENT;
    }
    int code = ol_talk_open(c, false, &talk);
    if (code < 0)
        code = ol_talk_ask(c, &talk, &r, &reply);
    const char *said = json_string_value(json_object_get(reply, "said"));
    if (code < 0 && c->is_json)
        ol_cli_json(json_pack("{s:b, s:s, s:s}", "ok", 1, "hook", c->arg[0], "said", said));
    else if (code < 0)
        ol_cli_print("%s ran, and exited with 0%s%s\n", c->arg[0],
                     said[0] != '\0' ? "; it said: " : "", said);
    json_decref(reply);
    ol_talk_close(&talk);
    return code < 0 ? ol_cli_end(c) : code;
}

static const ol_cli_opt add_options[] = {
    { "on", "LIST", "what calls it, with commas between; with drill also exercises and tests",
      false },
    { "limit", "S", "end it when it is not done in so many seconds, 1 to 600 (30)", false },
    { "after", "S", "line-dead: so long no path has been live, in seconds (30)", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_hook_add = {
    .name = "hook add",
    .args = "<name> -- <program> <word>…",
    .summary = "Has a program started by events: a siren, a pager, mail",
    .help =
        "The station starts it outside its own process, once at a time, without a shell, with the "
        "event as one JSON\nobject on its standard input. In its words {event} {hook} {station} "
        "{line} {party} {entry} {status}\n{precedence} {rung} {verdict} {time} are replaced. What "
        "was written is not handed out: only who, when, how urgent.\n\n"
        "  call          an officer of this party is called\n"
        "  flash         a FLASH message has come\n"
        "  unanswered    a call has ended and nobody came, on either side\n"
        "  overdue       a FLASH or IMMEDIATE message should have been answered by now\n"
        "  due           the time until which a call was deferred has come, on either side\n"
        "  line-dead     no path to a party has been live for a time\n"
        "  check-missed  a party's line check is overdue\n"
        "  fork          there is evidence of two histories of a log\n"
        "  copy          another station speaks with this one's keys\n"
        "  storage       the station cannot store\n"
        "  drill         also exercises and tests of the others named; alone: all of them. Without "
        "it a drill never\n                calls the hook\n\n"
        "openline hook add siren --on call,flash -- /usr/local/bin/siren {line} {event}\n",
    .opt = add_options,
    .args_min = 2,
    .args_max = 1 + OL_HOOK_WORDS_MAX,
    .run = add_run,
};

static const ol_cli_opt no_options[] = { { NULL, NULL, NULL, false } };

const ol_cli_command ol_cli_hook_list = {
    .name = "hook list",
    .args = "",
    .summary = "Prints the hooks of the configuration",
    .help = "How their runs went is in openline status.\n",
    .opt = no_options,
    .run = list_run,
};

const ol_cli_command ol_cli_hook_remove = {
    .name = "hook remove",
    .args = "<name>",
    .summary = "Takes a hook out of the configuration",
    .help = "",
    .opt = no_options,
    .args_min = 1,
    .args_max = 1,
    .run = remove_run,
};

static const ol_cli_opt test_options[] = {
    { "event", "EVENT", "as if this had happened (call)", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_hook_test = {
    .name = "hook test",
    .args = "<name>",
    .summary = "Has the station start a hook, and tells how it went",
    .help = "The event has \"status\": \"test\" and \"test\": true, and no line. Whatever the "
            "program does for a call it\ndoes now: tell those who would hear it.\n",
    .opt = test_options,
    .args_min = 1,
    .args_max = 1,
    .run = test_run,
};
