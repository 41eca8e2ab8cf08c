/* openline run — the station, in the foreground. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "station/station.h"

/* The passphrase goes by a pipe, which has room for all of it: never by an argument. */
static int hand_over(const ol_station_again *again) {
    int end[2];
    if (pipe2(end, O_CLOEXEC) != 0)
        return -1;
    bool is_done = write(end[1], again->pass, again->pass_len) == (ssize_t)again->pass_len &&
                   fcntl(end[0], F_SETFD, 0) == 0;
    (void)close(end[1]);
    return is_done ? end[0] : -1;
}

/* The same program, of which nothing but its process stays. */
static int run_again(ol_cli *c, bool is_silent, ol_station_again *again) {
    static char silent[] = "--no-checks", as_json[] = "--json", name[] = "openline", run[] = "run";
    char pass[40];
    char *argv[6] = { name, run };
    size_t n = 2;
    int fd = -1;
    if (is_silent)
        argv[n++] = silent;
    if (c->is_json)
        argv[n++] = as_json;
    if (again->pass_len > 0) {
        fd = hand_over(again);
        (void)snprintf(pass, sizeof pass, "--passphrase-fd=%d", fd);
        argv[n++] = pass;
    }
    bool is_handed = again->pass_len == 0 || fd >= 0;
    sodium_free(again);
    while (waitpid(-1, NULL, WNOHANG) > 0) /* what the old station had started, and nobody awaits */
        ;
    if (is_handed)
        (void)execve("/proc/self/exe", argv, environ);
    return ol_cli_fail(c, OL_EIO, "start it: openline run", "the station cannot start anew: %s",
                       strerror(errno));
}

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
    ol_station_again *again = sodium_malloc(sizeof *again);
    if (again == NULL)
        return ol_cli_fail(c, OL_ENOMEM, "raise the limit on locked memory (ulimit -l)",
                           "there is no locked memory for the station");
    memset(again, 0, sizeof *again);
    ol_err err = ol_station_run(&opts, again, &why);
    if (err == OL_OK && again->is_wanted)
        return run_again(c, opts.is_silent, again);
    sodium_free(again);
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
