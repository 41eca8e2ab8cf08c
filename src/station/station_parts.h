/* station/station_parts.h — the inside of the station, shared by station.c, vault.c, restart.c and
 * api.c.
 * Order    home, lock, lines, keys, config, store, marker, loop, engines, ports, paths, control
 *          server, hooks: taken apart in reverse, from wherever it stopped. */
#ifndef OL_STATION_PARTS_H
#define OL_STATION_PARTS_H

#include <uv.h>

#include "crypto/keyfile.h"
#include "station/alarms.h"
#include "station/config.h"
#include "station/control.h"
#include "station/courier.h"
#include "station/drive.h"
#include "station/duty.h"
#include "station/lines.h"
#include "station/locked.h"
#include "station/station.h"

typedef struct { /* in locked memory; wiped but for the keys when the station runs */
    ol_drive_keys keys;
    ol_keyfile file;
    char text[OL_KEYFILE_MAX];
    uint8_t pass[OL_KEYFILE_PASS_MAX];
    ol_line_party party[OL_PARTIES_MAX];
} ol_station_vault;

/* vault.c: the keys of a home's station.key into v->keys; they must be those that the card names.
 * v->pass: the passphrase, wiped with all else here that is not needed any more. */
OL_MUST ol_err ol_vault_open(const ol_home *h, const ol_card *card, size_t pass_len,
                             ol_station_vault *v, ol_why *why);

enum { OL_STATION_RUN_LEN = 16 };

struct ol_station {
    ol_station_opts opts;
    ol_station_again *again;
    char run[OL_STATION_RUN_LEN + 1]; /* names this start of the station, at random */
    ol_home home;
    int lock;
    ol_mem mem, locked;
    ol_station_vault *vault;
    ol_config *config;
    ol_lines lines;
    ol_store *store;
    ol_marker_home marker;
    uv_loop_t loop;
    bool has_loop, has_signals, is_stopping;
    uv_signal_t term, interrupt, hangup;
    uv_async_t stop; /* ol_api_stop returns before anything is taken apart */
    ol_drive *drive;
    ol_net *net; /* the drive's */
    ol_duties *duties;
    ol_control *control;
    ol_alarms *alarms;
    ol_couriers *couriers;
    uint64_t started_wall, started_ms;
};

void ol_station_stop(ol_station *st, const char *because);

/* restart.c: has it stop and ask for another start, if that start will not be refused for what can
 * be known before: home, card, keys and passphrase, lines, config, ports. Else it goes on. */
OL_MUST ol_err ol_station_restart(ol_station *st, const uint8_t *pass, size_t pass_len,
                                  ol_why *why);

#endif
