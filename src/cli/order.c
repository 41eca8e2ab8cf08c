/* openline order — minimise, suspend and their ends. */
#include <string.h>

#include "cli/people.h"
#include "wire/entry.h"
#include "wire/order.h"

static ol_people s_people;

static int take(ol_cli *c, ol_order *o) {
    while (o->verb < OL_ORDER_VERBS && strcmp(ol_order_verb_name(o->verb), c->arg[1]) != 0)
        o->verb++;
    if (o->verb == OL_ORDER_VERBS)
        return ol_cli_usage(c,
                            "\"%s\" is no order; there are minimise, end-minimise, suspend and "
                            "resume",
                            c->arg[1]);
    const char *text = ol_cli_value(c, "reason");
    o->text = (ol_str){ text, text == NULL ? 0 : strlen(text) };
    if (o->text.len > OL_REMARK_MAX || (text != NULL && !ol_fields_is_line(o->text)))
        return ol_cli_usage(c, "--reason is one line of at most %d bytes", OL_REMARK_MAX);
    int code = ol_people_status(c, &o->status);
    return code < 0 ? ol_people_duration(c, "for", UINT64_C(31536000), &o->seconds) : code;
}

static int submit_order(ol_people *p, const ol_order *o) {
    uint8_t body[OL_REMARK_MAX + 64];
    json_t *reply = NULL;
    ol_wr w = ol_wr_of(body, sizeof body);
    ol_order_encode(o, &w);
    int code = ol_people_submit(p, OL_KIND_ORDER, body, w.len, NULL, &reply);
    if (code >= 0)
        return code;
    if (p->c->is_json) {
        json_t *out = ol_cli_ok();
        (void)json_object_set_new(out, "line", json_string(p->line));
        (void)json_object_set_new(out, "verb", json_string(ol_order_verb_name(o->verb)));
        (void)json_object_set_new(out, "status", json_string(ol_status_name(o->status)));
        (void)json_object_update(out, reply);
        ol_cli_json(out);
    } else {
        char upper[OL_PEOPLE_STATUS_LEN];
        ol_cli_print("%s  %s %s\n", ol_people_upper(ol_status_name(o->status), upper),
                     json_string_value(json_object_get(reply, "entry")),
                     ol_order_verb_name(o->verb));
        if (o->status != OL_OPERATIONAL)
            ol_cli_hint(p->c, "It is shown on both sides and binds nobody.");
    }
    json_decref(reply);
    return ol_cli_end(p->c);
}

static int order_run(ol_cli *c) {
    ol_order o = { .verb = 0 };
    int code = take(c, &o);
    if (code >= 0)
        return code;
    code = ol_people_open(c, c->arg[0], &s_people);
    if (code < 0)
        code = submit_order(&s_people, &o);
    ol_people_close(&s_people);
    return code;
}

static const ol_cli_opt options[] = {
    { "reason", "TEXT", "why, at most 200 bytes", false },
    { "for", "TIME", "how long it is meant to last, such as 2h (until it is ended)", false },
    { "status", "S", "operational, exercise or test (operational)", false },
    OL_SIGNER_OPTIONS,
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_order = {
    .name = "order",
    .args = "<line> minimise|end-minimise|suspend|resume",
    .summary = "Orders minimise, suspends the line, and ends either",
    .help = "Under minimise stations send messages of FLASH and IMMEDIATE only, and service "
            "messages. While a line\nis suspended they send FLASH, calls, acts and orders; line "
            "checks go on. Each party lifts only what it\nordered itself. An order of status "
            "exercise or test is shown and binds nobody.\n",
    .opt = options,
    .args_min = 2,
    .args_max = 2,
    .run = order_run,
};
