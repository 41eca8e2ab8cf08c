/* openline bearer test — does each way to the other parties of a line answer now? */
#include <string.h>

#include "cli/talk.h"
#include "station/config.h"
#include "station/courier.h"

static ol_talk talk;

static bool is_told(const json_t *paths, const ol_config_bearer *b) {
    size_t i;
    json_t *o;
    json_array_foreach(paths, i, o) {
        if (strcmp(ol_cli_text_of(o, "party"), b->party) == 0 &&
            ol_cli_int_of(o, "path") == b->slot && strcmp(ol_cli_text_of(o, "url"), b->url) == 0)
            return true;
    }
    return false;
}

/* What is configured and no path of the station's: a directory, or newer than its start. */
static int add_others(ol_cli *c, const ol_home *h, json_t *paths) {
    static ol_config config;
    ol_why why = { "" };
    ol_err err = ol_config_load(h, &config, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    for (size_t i = 0; i < config.bearers; i++) {
        const ol_config_bearer *b = &config.bearer[i];
        bool is_dir = ol_courier_is(b->url);
        if (strcmp(b->line, c->arg[0]) != 0 || (c->args > 1 && strcmp(b->party, c->arg[1]) != 0) ||
            is_told(paths, b))
            continue;
        const char *why_not =
            is_dir ? "what lies in a directory is not answered at once: see openline status"
                   : "the station does not have it yet: openline restart takes it up";
        (void)json_array_append_new(paths,
                                    json_pack("{s:s, s:i, s:s, s:s?, s:b, s:n, s:s}", "party",
                                              b->party, "path", (int)b->slot, "url", b->url, "port",
                                              is_dir ? NULL : config.port[b->port].name, "answered",
                                              0, "rtt_ms", "why", why_not));
    }
    return -1;
}

static void print_path(const json_t *o) {
    const char *url = json_string_value(json_object_get(o, "url"));
    ol_cli_print("to %-12s path %lld  ", ol_cli_text_of(o, "party"), ol_cli_int_of(o, "path"));
    if (json_is_true(json_object_get(o, "answered")))
        ol_cli_print("ANSWERED in %lld ms", ol_cli_int_of(o, "rtt_ms"));
    else
        ol_cli_print("NO ANSWER");
    ol_cli_print("  %s\n", url != NULL ? url : "(where it comes from)");
    if (json_is_string(json_object_get(o, "why")))
        ol_cli_print("    %s\n", ol_cli_text_of(o, "why"));
}

static int print_tested(ol_cli *c, const json_t *paths) {
    size_t i;
    json_t *o;
    if (c->is_json)
        ol_cli_json(json_pack("{s:b, s:s, s:O}", "ok", 1, "line", c->arg[0], "paths", paths));
    else
        json_array_foreach(paths, i, o) print_path(o);
    if (json_array_size(paths) == 0)
        ol_cli_hint(c, "There is no way to be tried: openline bearer add");
    return ol_cli_end(c);
}

static int test_run(ol_cli *c) {
    ol_request r;
    json_t *reply = NULL;
    int code = ol_talk_request(c, OL_DO_BEARER_TEST, c->arg[0], &r);
    if (code < 0 && c->args > 1) {
        if (!ol_name_is_valid(c->arg[1], strlen(c->arg[1])))
            return ol_cli_fail(c, OL_EFORM, "openline status names the parties of a line",
                               "\"%s\" is no name for a party", c->arg[1]);
        memcpy(r.party, c->arg[1], strlen(c->arg[1]) + 1);
        r.given |= OL_GIVEN_PARTY;
    }
    if (code < 0 && ol_cli_has(c, "timeout")) {
        code = ol_cli_u64(c, "timeout", 1, OL_CONTROL_TEST_MAX, 0, &r.seconds);
        r.given |= OL_GIVEN_SECONDS;
    }
    if (code < 0)
        code = ol_talk_open(c, false, &talk);
    if (code >= 0)
        return code;
    code = ol_talk_ask(c, &talk, &r, &reply);
    json_t *paths = json_object_get(reply, "paths");
    if (code < 0)
        code = add_others(c, &talk.home, paths);
    ol_talk_close(&talk);
    if (code < 0)
        code = print_tested(c, paths);
    json_decref(reply);
    return code;
}

static const ol_cli_opt options[] = {
    { "timeout", "S", "wait for answers so long, in seconds, 1 to 600 (10, longer on slow lines)",
      false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_bearer_test = {
    .name = "bearer test",
    .args = "<line> [<party>]",
    .summary = "Tries each way to the other parties now: which answer, and how quickly",
    .help = "The station asks by each of its paths, again where nothing comes, until all have "
            "answered or the time is\nover. An answer proves the keys and the way there and back; "
            "nothing is written into the record.\n",
    .opt = options,
    .args_min = 1,
    .args_max = 2,
    .run = test_run,
};
