/* station/config.h — the file config: this party's own ports, bearers and hooks.
 * Shape    the grammar of base/ini.h, no title:
 *            [port main]                   a local end, shared by any number of lines
 *            url = udp://[::]:4477
 *            [bearer hotline prc]          the way to a party; then [bearer hotline prc 2]
 *            url = udp://prc.example:4477
 *            port = main                   may be absent where one port speaks that scheme
 *            [hook siren]                  a program that events start (station/hook_conf.h)
 *            on = call flash
 *            run = /usr/local/bin/siren
 *          Without any port there is one: [port main] url = udp://[::]:4477 (IPv4 and IPv6).
 * Limits   OL_PORTS_MAX ports, OL_BEARERS_MAX bearers, OL_PATHS_PER_PEER of them a party and line;
 *          OL_HOOKS_MAX hooks.
 * Errors   OL_EFORM, OL_ELIMIT, OL_EEXIST (the same bearer or url twice); why has line, column and
 *          what to do; a scheme that is not known is told with those that are.
 * Memory   an ol_config is the caller's, about 130 KiB; copies, keeps no pointer. */
#ifndef OL_STATION_CONFIG_H
#define OL_STATION_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "station/home.h"
#include "station/hook_conf.h"
#include "station/why.h"

enum { OL_PORTS_MAX = 8, OL_BEARERS_MAX = 250, OL_URL_MAX = 300 };
#define OL_CONFIG_PORT_DEFAULT "udp://[::]:4477"

typedef struct {
    char name[OL_NAME_MAX + 1];
    char url[OL_URL_MAX + 1];
} ol_config_port;

typedef struct {
    char line[OL_NAME_MAX + 1], party[OL_NAME_MAX + 1];
    uint8_t slot; /* 0 to OL_PATHS_PER_PEER - 1; the number in the section's name, less one */
    uint8_t port; /* place in ol_config.port */
    char url[OL_URL_MAX + 1];
} ol_config_bearer;

typedef struct {
    uint8_t ports;        /* at least 1 */
    bool is_default_port; /* none is configured */
    uint16_t bearers;
    ol_config_port port[OL_PORTS_MAX];
    ol_config_bearer bearer[OL_BEARERS_MAX];
    uint8_t hooks;
    ol_hook_conf hook[OL_HOOKS_MAX];
} ol_config;

OL_MUST ol_err ol_config_parse(const char *text, size_t len, ol_config *ret, ol_why *why);
/* Of a home; a missing file is the default. */
OL_MUST ol_err ol_config_load(const ol_home *h, ol_config *ret, ol_why *why);

/* Adds a section at the end of the file, leaving every byte before it, comments too. The result is
 * parsed before it is written: nothing that a station would refuse gets in. name NULL: the first
 * free of "main", "port2", …; the first port that is added takes the default's place. */
OL_MUST ol_err ol_config_add_port(const ol_home *h, const char *name, const char *url, ol_why *why);
/* port NULL: none stated. *ret_slot: which of the party's bearers it became. */
OL_MUST ol_err ol_config_add_bearer(const ol_home *h, const char *line, const char *party,
                                    const char *url, const char *port, uint8_t *ret_slot,
                                    ol_why *why);
OL_MUST ol_err ol_config_add_hook(const ol_home *h, const ol_hook_conf *hook, ol_why *why);
/* These take the section out, and leave every other byte; what is left is parsed before it is
 * written. OL_ENOENT: no such one; OL_ESTATE: a bearer needs the port. The other bearers of the
 * party keep their places. port NULL: whichever; OL_EFORM when there are several. */
OL_MUST ol_err ol_config_remove_hook(const ol_home *h, const char *name, ol_why *why);
OL_MUST ol_err ol_config_remove_port(const ol_home *h, const char *name, ol_why *why);
OL_MUST ol_err ol_config_remove_bearer(const ol_home *h, const char *line, const char *party,
                                       const char *url, const char *port, uint8_t *ret_slot,
                                       ol_why *why);

#endif
