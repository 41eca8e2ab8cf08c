/* station/station.h — a party's station: the whole process of `openline run`.
 * Assembles home, keys, lines, store, engines, ports and control server, runs them on one loop in
 * this thread until SIGTERM, SIGINT, SIGHUP or a shutdown request, and takes them apart again. It
 * is ready when the control socket answers. Logs to stderr (station/log.h).
 * Restart  asked for by a client, it stops as ever and returns: the caller starts it anew, in the
 *          same process (cli/run.c), so that whoever watches over it keeps it.
 * Process  umask 077, no new privileges, SIGPIPE ignored, locked-memory limit raised as far as it
 *          goes. The limit on core files stays as it is: secrets are in pages left out of cores.
 * Errors   why has the sentence for the operator: home, lock, keys, store, port in use … */
#ifndef OL_STATION_STATION_H
#define OL_STATION_STATION_H

#include <stdbool.h>

#include "base/err.h"
#include "crypto/keyfile.h"
#include "station/why.h"

typedef struct {
    const char *home;  /* NULL: from the environment (station/home.h) */
    int passphrase_fd; /* for a sealed station.key; -1: none given */
    bool is_silent;    /* it writes no line checks */
} ol_station_opts;

typedef struct { /* secret: locked memory of the caller's, zeroed */
    bool is_wanted;
    size_t pass_len; /* 0: none is needed */
    uint8_t pass[OL_KEYFILE_PASS_MAX];
} ol_station_again;

OL_MUST ol_err ol_station_run(const ol_station_opts *opts, ol_station_again *ret_again,
                              ol_why *why);

#endif
