/* openline port add, port remove, bearer add, bearer remove — this party's ways to carry frames. */
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "station/config.h"
#include "station/file.h"

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

static int port_run(ol_cli *c) {
    ol_home h;
    ol_why why = { "" };
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    ol_err err = ol_config_add_port(&h, ol_cli_value(c, "name"), c->arg[0], &why);
    code = err == OL_OK ? done(c, &h, json_pack("{s:b, s:s}", "ok", 1, "url", c->arg[0]))
                        : ol_cli_fail_why(c, err, &why);
    ol_home_close(&h);
    return code;
}

static int check_peer(ol_cli *c, const ol_home *h, const char *line, const char *party) {
    char name[OL_HOME_NAME_MAX];
    if (!ol_name_is_valid(line, strlen(line)) ||
        !ol_file_exists(h->dir, ol_home_line_name(line, "charter", name)))
        return ol_cli_fail(c, OL_ENOENT, "join it first: openline line add",
                           "this party has joined no line \"%s\"", line);
    static ol_chain chain;
    ol_card own;
    int code = ol_cli_own_card(c, h, &own);
    if (code < 0)
        code = ol_cli_chain(c, h, line, &chain);
    if (code >= 0)
        return code;
    int number = ol_charter_party(&chain.now, party, strlen(party));
    char names[OL_CLI_PARTIES_LEN];
    if (number < 0 || !ol_chain_is_member(&chain, (unsigned)number))
        return ol_cli_fail(c, OL_ENOENT, "name one of its parties",
                           "\"%s\" is no party of the line %s, whose parties are %s", party, line,
                           ol_cli_parties(&chain.now, chain.members[chain.generations - 1], names));
    if (number == ol_charter_card(&chain.now, &own))
        return ol_cli_fail(c, OL_EFORM, "name the other party", "%s is this party itself", party);
    return -1;
}

static int bearer_run(ol_cli *c) {
    ol_home h;
    ol_why why = { "" };
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    code = check_peer(c, &h, c->arg[0], c->arg[1]);
    if (code < 0) {
        uint8_t slot = 0;
        ol_err err = ol_config_add_bearer(&h, c->arg[0], c->arg[1], c->arg[2],
                                          ol_cli_value(c, "port"), &slot, &why);
        code = err == OL_OK
                   ? done(c, &h,
                          json_pack("{s:b, s:s, s:s, s:s, s:i}", "ok", 1, "line", c->arg[0],
                                    "party", c->arg[1], "url", c->arg[2], "path", (int)slot))
                   : ol_cli_fail_why(c, err, &why);
    }
    ol_home_close(&h);
    return code;
}

static int port_remove_run(ol_cli *c) {
    ol_home h;
    ol_why why = { "" };
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    ol_err err = ol_config_remove_port(&h, c->arg[0], &why);
    code = err == OL_OK ? done(c, &h, json_pack("{s:b, s:s}", "ok", 1, "port", c->arg[0]))
                        : ol_cli_fail_why(c, err, &why);
    ol_home_close(&h);
    return code;
}

static int bearer_remove_run(ol_cli *c) {
    ol_home h;
    ol_why why = { "" };
    uint8_t slot = 0;
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    ol_err err = ol_config_remove_bearer(&h, c->arg[0], c->arg[1], c->arg[2],
                                         ol_cli_value(c, "port"), &slot, &why);
    code = err == OL_OK ? done(c, &h,
                               json_pack("{s:b, s:s, s:s, s:s, s:i}", "ok", 1, "line", c->arg[0],
                                         "party", c->arg[1], "url", c->arg[2], "path", (int)slot))
                        : ol_cli_fail_why(c, err, &why);
    ol_home_close(&h);
    return code;
}

static const ol_cli_opt port_options[] = {
    { "name", "NAME", "what bearers call it (main, port2, …)", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_port_add = {
    .name = "port add",
    .args = "<url>",
    .summary = "Adds a local end, which any number of lines share",
    .help =
        "Such as udp://[::]:4477, which is used when none is added, or tcp://[::]:4477, which "
        "listens and\nconnects; udp://127.0.0.1:0 takes a free port, which openline status "
        "shows.\nA serial line is serial:/dev/ttyS0?baud=300, a program whose input and output "
        "are the line\n\"exec:/usr/bin/ssh -T relay\"; keys after ? are baud, parity, stop, flow, "
        "rate,\nframe, half and turnaround (docs/OPERATIONS.md).\n",
    .opt = port_options,
    .args_min = 1,
    .args_max = 1,
    .run = port_run,
};

static const ol_cli_opt bearer_options[] = {
    { "port", "NAME", "the local end to use, where there are several", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_bearer_add = {
    .name = "bearer add",
    .args = "<line> <party> <url>",
    .summary = "Adds a way to reach a party of a line",
    .help = "Such as udp://prc.example:4477, or tcp://prc.example:4477 where UDP does not pass; "
            "serial: or\nexec: where a port has it at its other end. "
            "Bearers are this party's own affair: the\nother need not agree.\n",
    .opt = bearer_options,
    .args_min = 3,
    .args_max = 3,
    .run = bearer_run,
};

static const ol_cli_opt no_options[] = { { NULL, NULL, NULL, false } };

const ol_cli_command ol_cli_port_remove = {
    .name = "port remove",
    .args = "<name>",
    .summary = "Takes a local end out of the configuration",
    .help = "openline home names them. The last one gives way to the default, udp://[::]:4477.\n",
    .opt = no_options,
    .args_min = 1,
    .args_max = 1,
    .run = port_remove_run,
};

static const ol_cli_opt remove_options[] = {
    { "port", "NAME", "the one by this local end, where there are several", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_bearer_remove = {
    .name = "bearer remove",
    .args = "<line> <party> <url>",
    .summary = "Takes a way to a party out of the configuration",
    .help = "openline home names them, with their urls.\n",
    .opt = remove_options,
    .args_min = 3,
    .args_max = 3,
    .run = bearer_remove_run,
};
