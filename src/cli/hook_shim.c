/* What stands between the station and a hook's program: openline --hook <seconds> <program> …,
 * started by the station and by nobody else. It takes away what the program must not have, and
 * becomes it.
 * Alarm    if the station dies meanwhile nobody ends the program: a little after its time, the
 *          kernel does. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"

enum { FILES_MAX = 256, FILE_MAX = 1 << 30, ALARM_MORE_S = 10, CANNOT = 127, SECONDS_MAX = 600 };

static void limit(int what, rlim_t max) {
    struct rlimit l = { max, max }, now;
    if (getrlimit((__rlimit_resource_t)what, &now) == 0 && now.rlim_max < max)
        l = (struct rlimit){ now.rlim_max, now.rlim_max };
    (void)setrlimit((__rlimit_resource_t)what, &l);
}

int ol_cli_hook_shim(int argc, char **argv) {
    uint64_t seconds = 0;
    if (argc < 2 || ol_u64_get(argv[0], strlen(argv[0]), 1, SECONDS_MAX, &seconds) != OL_OK) {
        (void)fputs("openline: --hook is for the station; see openline hook --help\n", stderr);
        return OL_CLI_USAGE;
    }
    if (close_range(STDERR_FILENO + 1, ~0U, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        (void)fprintf(stderr, "%s is not started: this kernel does not confine it: %s\n", argv[1],
                      strerror(errno));
        return CANNOT;
    }
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, FILES_MAX);
    limit(RLIMIT_FSIZE, FILE_MAX);
    limit(RLIMIT_CPU, (rlim_t)seconds + ALARM_MORE_S);
    (void)alarm((unsigned)seconds + ALARM_MORE_S);
    (void)execv(argv[1], argv + 1);
    (void)fprintf(stderr, "%s cannot be started: %s\n", argv[1], strerror(errno));
    return CANNOT;
}
