/* A station that starts anew: what can be known before is looked at while the old one still runs,
 * so that it goes on where the new one would not start. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "station/station_parts.h"

/* The path that leads to the home still leads to this one. */
static ol_err check_home(const ol_station *st, ol_why *why) {
    ol_home h;
    ol_err err = ol_home_open(st->opts.home, false, &h, why);
    if (err != OL_OK)
        return err;
    bool is_ours = h.dev == st->home.dev && h.inode == st->home.inode;
    ol_home_close(&h);
    return is_ours ? OL_OK
                   : ol_why_set(why, OL_ECONFLICT,
                                "%s is another home than the one that the station runs on; put "
                                "that one back there, or stop the station and start it there",
                                h.path);
}

static ol_err check_keys(ol_station *st, const ol_card *card, const uint8_t *pass, size_t pass_len,
                         ol_why *why) {
    ol_station_vault *v = ol_mem_get0(&st->locked, 1, sizeof *v);
    if (v == NULL)
        return ol_why_set(why, OL_ENOMEM,
                          "no memory is left that can be locked; raise the limit (ulimit -l)");
    memcpy(v->pass, pass, pass_len);
    ol_err err = ol_vault_open(&st->home, card, pass_len, v, why);
    ol_mem_put(&st->locked, v, 1, sizeof *v);
    return err;
}

/* A start leaves out a line that cannot be read; here it would be one that runs now. */
static ol_err check_lines(ol_station *st, const ol_lines *next, ol_why *why) {
    for (size_t i = 0; i < st->lines.n; i++) {
        const char *name = st->lines.row[i]->api.name;
        bool is_there = false;
        for (size_t j = 0; j < next->n; j++)
            is_there |= strcmp(next->row[j]->api.name, name) == 0;
        if (!is_there)
            return ol_why_set(why, OL_ECONFLICT,
                              "the line %s runs now and would be left out; the station's log says "
                              "why, or stop it and start it where that is meant",
                              name);
    }
    return OL_OK;
}

static ol_err check_card_and_keys(ol_station *st, const uint8_t *pass, size_t pass_len,
                                  ol_why *why) {
    ol_lines next;
    ol_err err = ol_lines_read(&st->home, &st->locked, &next, why);
    if (err != OL_OK)
        return err;
    err = check_keys(st, &next.self, pass, pass_len, why);
    if (err == OL_OK)
        err = check_lines(st, &next, why);
    ol_lines_free(&next);
    return err;
}

/* ---- ports ---- */

static void no_frames(void *ctx, const ol_port_frame *v, size_t n) {
    (void)ctx, (void)v, (void)n;
}

static void no_room(void *ctx) {
    (void)ctx;
}

static void none_lost(void *ctx, const ol_addr *addr) {
    (void)ctx, (void)addr;
}

/* ":4477": two ends of a kind with one number may be in each other's way until the old one is
 * closed. The net has the ports of the config, in its order. */
static bool is_number_ours(const ol_station *st, const ol_bearer *bearer, const char *url) {
    const char *number = strrchr(url, ':');
    for (size_t i = 0; i < ol_net_ports(st->net); i++) {
        char local[OL_ADDR_TEXT_MAX];
        if (ol_bearer_find(st->config->port[i].url) != bearer)
            continue;
        ol_net_local(st->net, i, local);
        const char *ours = strrchr(local, ':');
        if (number != NULL && ours != NULL && strcmp(number, ours) == 0)
            return true;
    }
    return false;
}

/* A port on the network that is new is opened for a moment, by another number where ours is in the
 * way: the address at least is known then. A device or program is only looked at: most of what is
 * wrong with it the port itself says later. */
static ol_err check_port(ol_station *st, const char *url, ol_port_fault *ret) {
    const ol_port_user user = { no_frames, no_room, none_lost, NULL, NULL };
    const ol_bearer *bearer = ol_bearer_find(url);
    ol_port *port = NULL;
    char with[OL_URL_MAX + 3];
    if (bearer == NULL || !bearer->is_ip)
        return bearer != NULL && bearer->look != NULL ? bearer->look(url, ret) : OL_OK;
    (void)snprintf(with, sizeof with, "%s", url);
    char *number = strrchr(with, ':');
    if (number != NULL && is_number_ours(st, bearer, url))
        memcpy(number, ":0", sizeof ":0");
    ol_err err = bearer->open(&st->loop, with, &user, &port, ret);
    if (err == OL_OK)
        bearer->close(port);
    return err;
}

static ol_err check_ports(ol_station *st, const ol_config *next, ol_why *why) {
    for (size_t i = 0; i < next->ports; i++) {
        const char *url = next->port[i].url;
        ol_port_fault fault = { "", 0 };
        ol_err err = check_port(st, url, &fault);
        if (err != OL_OK)
            return ol_why_set(why, err,
                              "port %s, %s: %s%s%s; put another url into the config, or free this "
                              "one",
                              next->port[i].name, url, fault.why, fault.sys == 0 ? "" : ": ",
                              fault.sys == 0 ? "" : strerror(fault.sys));
    }
    return OL_OK;
}

ol_err ol_station_restart(ol_station *st, const uint8_t *pass, size_t pass_len, ol_why *why) {
    if (st->is_stopping)
        return ol_why_set(why, OL_ESTATE, "it stops already; start it when it has: openline run");
    ol_config *next = calloc(1, sizeof *next);
    if (next == NULL)
        return ol_why_set(why, OL_ENOMEM, "out of memory");
    OL_ASSERT(pass_len <= sizeof st->again->pass);
    ol_err err = check_home(st, why);
    if (err == OL_OK)
        err = ol_config_load(&st->home, next, why);
    if (err == OL_OK)
        err = check_ports(st, next, why);
    if (err == OL_OK)
        err = check_card_and_keys(st, pass, pass_len, why);
    free(next);
    if (err != OL_OK)
        return err;
    memcpy(st->again->pass, pass, pass_len);
    st->again->pass_len = pass_len;
    ol_station_stop(st, "it is to start again");
    st->again->is_wanted = true;
    return OL_OK;
}
