/* openline show — one entry: a message in its frame, anything else as the log shows it. */
#include <string.h>

#include "cli/show.h"
#include "cli/talk.h"

static ol_talk talk;

static int show_run(ol_cli *c) {
    ol_request r;
    json_t *reply = NULL;
    int code = ol_talk_open(c, true, &talk);
    if (code >= 0)
        return code;
    code = ol_talk_request(c, OL_DO_LOG, c->arg[0], &r);
    if (code < 0 && !ol_request_entry(c->arg[1], strlen(c->arg[1]), &r))
        code = ol_cli_usage(c, "\"%s\" must name an entry, such as usa/urgent/8f3a.17", c->arg[1]);
    r.given |= OL_GIVEN_ENTRY;
    if (code < 0)
        code = ol_talk_ask(c, &talk, &r, &reply);
    json_t *entry = json_incref(json_array_get(json_object_get(reply, "entries"), 0));
    json_decref(reply);
    if (code < 0 && entry == NULL)
        code = ol_cli_fail(c, OL_EIO, "try again", "the station told nothing of %s", c->arg[1]);
    if (code < 0) {
        ol_show_text(entry);
        bool is_message = strcmp(json_string_value(json_object_get(entry, "kind")), "message") == 0;
        if (c->is_json) {
            json_t *o = ol_cli_ok();
            (void)json_object_set_new(o, "line", json_string(c->arg[0]));
            (void)json_object_update(o, entry);
            ol_cli_json(o);
        } else if (is_message) {
            ol_show_frame(entry, c->arg[0]);
        } else {
            ol_show_entry(entry);
        }
        code = ol_cli_end(c);
    }
    json_decref(entry);
    ol_talk_close(&talk);
    return code;
}

static const ol_cli_opt options[] = { { NULL, NULL, NULL, false } };

const ol_cli_command ol_cli_show = {
    .name = "show",
    .args = "<line> <entry>",
    .summary = "Prints one entry: a message in its frame, and what became of it",
    .help = "The entry is named as the log names it, such as usa/urgent/8f3a.17. Where no station "
            "runs, the home's\nstore is read.\n",
    .opt = options,
    .args_min = 2,
    .args_max = 2,
    .run = show_run,
};
