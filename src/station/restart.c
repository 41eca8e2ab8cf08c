/* A station that starts anew: what can be known before is looked at while the old one still runs,
 * so that it goes on where the new one would not start. */
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

/* ":4477": two ends with one number may be in each other's way until the old one is closed. */
static bool is_number_ours(const ol_station *st, const char *url) {
    const char *number = strrchr(url, ':');
    for (size_t i = 0; i < ol_net_ports(st->net); i++) {
        char local[OL_ADDR_TEXT_MAX];
        ol_net_local(st->net, i, local);
        const char *ours = strrchr(local, ':');
        if (number != NULL && ours != NULL && strcmp(number, ours) == 0)
            return true;
    }
    return false;
}

/* A port on the network that is new is opened for a moment. Of a device or program it is the port
 * itself that says later what is wrong with it. */
static ol_err check_ports(ol_station *st, const ol_config *next, ol_why *why) {
    const ol_port_user user = { no_frames, no_room, none_lost, NULL, NULL };
    for (size_t i = 0; i < next->ports; i++) {
        const char *url = next->port[i].url;
        const ol_bearer *bearer = ol_bearer_find(url);
        ol_port *port = NULL;
        ol_port_fault fault = { "", 0 };
        if (bearer == NULL || !bearer->is_ip || is_number_ours(st, url))
            continue;
        ol_err err = bearer->open(&st->loop, url, &user, &port, &fault);
        if (err != OL_OK)
            return ol_why_set(why, err,
                              "port %s, %s: %s%s%s; put another url into the config, or free this "
                              "one",
                              next->port[i].name, url, fault.why, fault.sys == 0 ? "" : ": ",
                              fault.sys == 0 ? "" : strerror(fault.sys));
        bearer->close(port);
    }
    return OL_OK;
}

ol_err ol_station_restart(ol_station *st, const uint8_t *pass, size_t pass_len, ol_why *why) {
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
    st->again->is_wanted = true;
    ol_station_stop(st, "it is to start again");
    return OL_OK;
}
