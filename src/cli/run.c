/* openline run — the station, in the foreground. */
#include "cli/cli.h"
#include "station/station.h"

static int run_run(ol_cli *c) {
    uint64_t fd = 0;
    int code = ol_cli_u64(c, "passphrase-fd", 0, 1023, 0, &fd);
    if (code >= 0)
        return code;
    ol_station_opts opts = {
        .passphrase_fd = ol_cli_has(c, "passphrase-fd") ? (int)fd : -1,
        .is_silent = ol_cli_has(c, "no-checks"),
    };
    ol_why why = { "" };
    ol_err err = ol_station_run(&opts, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    if (c->is_json)
        ol_cli_json(ol_cli_ok());
    return ol_cli_end(c);
}

static const ol_cli_opt options[] = {
    { "passphrase-fd", "N", "read the passphrase of station.key from descriptor N", false },
    { "no-checks", NULL, "write no line checks: the others see them missed (radio silence, tests)",
      false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_run = {
    .name = "run",
    .args = "",
    .summary = "Runs this party's station until it is stopped",
    .help = "It is ready when openline status answers. It logs to standard error, and stops on "
            "SIGTERM, SIGINT or\nopenline stop.\n",
    .opt = options,
    .run = run_run,
};
