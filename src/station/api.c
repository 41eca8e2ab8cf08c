/* station/api.c — what the control server asks of the station. */
#include <string.h>

#include "station/station_parts.h"
#include "station/way.h"

size_t ol_api_lines(const ol_station *st) {
    return st->lines.n;
}

const ol_api_line *ol_api_line_at(const ol_station *st, size_t number) {
    return number < st->lines.n ? &st->lines.row[number]->api : NULL;
}

const ol_api_line *ol_api_line_of(const ol_station *st, const char *name, size_t len) {
    for (size_t i = 0; i < st->lines.n; i++) {
        const ol_api_line *line = &st->lines.row[i]->api;
        if (strlen(line->name) == len && memcmp(line->name, name, len) == 0)
            return line;
    }
    return NULL;
}

ol_store *ol_api_store(ol_station *st) {
    return st->store;
}

const ol_home *ol_api_home(const ol_station *st) {
    return &st->home;
}

void ol_api_status_get(const ol_station *st, ol_api_status *ret) {
    ol_drive_status d;
    ol_port_counts c;
    ol_drive_status_get(st->drive, &d);
    ol_net_counts(st->net, &c);
    *ret = (ol_api_status){ .started_wall = st->started_wall,
                            .uptime_ms = ol_drive_now(st->drive).ms - st->started_ms,
                            .marker = st->marker.n > 0 ? st->marker.place[0].path : NULL,
                            .is_stopped = d.stopped != OL_OK,
                            .stopped = d.stopped,
                            .commits = d.commits,
                            .frames_in = c.frames_in,
                            .frames_out = c.frames_out,
                            .strangers = ol_net_strangers(st->net) };
}

ol_err ol_api_port_get(const ol_station *st, size_t number, ol_api_port *ret) {
    if (number >= st->config->ports || number >= ol_net_ports(st->net))
        return OL_ENOENT;
    ol_api_port p = { .name = st->config->port[number].name, .url = st->config->port[number].url };
    _Static_assert(sizeof p.address >= OL_ADDR_TEXT_MAX, "any address fits");
    ol_net_local(st->net, number, p.address);
    p.trouble = ol_net_trouble(st->net, number);
    *ret = p;
    return OL_OK;
}

ol_err ol_api_line_status_get(const ol_station *st, size_t number, ol_api_line_status *ret) {
    if (number >= st->lines.n)
        return OL_ENOENT;
    const ol_line *line = ol_drive_line(st->drive, number);
    ret->is_clock_doubtful = ol_line_clock_is_doubtful(line);
    ret->copy_found = ol_line_copy(line), ret->copy_seen = ol_line_copy_seen(line);
    const ol_lines_row *row = st->lines.row[number];
    for (uint8_t p = 0; p < OL_PARTIES_MAX; p++) {
        bool is_other = p < row->chain.now.parties && p != row->api.self;
        ret->stopped[p] = is_other ? ol_line_peer_stopped(line, p) : 0;
        ret->epoch[p] = (ol_epoch_status){ 0 };
        ret->delay[p] = (ol_delay_status){ 0 };
        if (is_other)
            ol_line_epoch_status(line, p, &ret->epoch[p]),
                ol_line_delay_status(line, p, &ret->delay[p]);
    }
    ol_line_marker(line, &ret->marker);
    for (size_t i = 0; i < OL_COUNT_N; i++)
        ret->count[i] = ol_line_count(line, (ol_count)i);
    return OL_OK;
}

static uint64_t age(uint64_t now, uint64_t then) {
    return then == 0 ? 0 : now > then ? now - then : 1;
}

ol_err ol_api_path_get(const ol_station *st, size_t number, uint8_t party, unsigned slot,
                       ol_api_path *ret) {
    ol_net_status net;
    if (number >= st->lines.n || party >= st->lines.row[number]->chain.now.parties ||
        slot >= OL_PATHS_PER_PEER)
        return OL_ENOENT;
    ol_path_id id = (ol_path_id)(party * OL_PATHS_PER_PEER + slot);
    if (!ol_net_path_status(st->net, (uint16_t)number, id, &net))
        return OL_ENOENT;
    ol_api_path p = { .url = net.url, .port = net.port };
    memcpy(p.address, net.address, sizeof p.address);
    ol_line_path_status(ol_drive_line(st->drive, number), id, &p.s);
    uint64_t now = ol_drive_now(st->drive).ms;
    p.s.heard_ms = age(now, p.s.heard_ms);
    p.s.proven_ms = age(now, p.s.proven_ms);
    *ret = p;
    return OL_OK;
}

ol_err ol_api_find_item(const ol_station *st, size_t number, const uint8_t *item) {
    return ol_drive_find_item(st->drive, number, item);
}

ol_err ol_api_submit(ol_station *st, size_t number, uint32_t token, const ol_api_entry *e) {
    return ol_drive_submit(st->drive, number, token, e);
}

bool ol_api_receipt_get(const ol_station *st, size_t number, const ol_log_key *log, uint8_t party,
                        uint64_t *ret_size, uint64_t *ret_time, const uint8_t **ret_sig) {
    return number < st->lines.n && ol_line_receipt(ol_drive_line(st->drive, number), log, party,
                                                   ret_size, ret_time, ret_sig);
}

const ol_duty *ol_api_duty(const ol_station *st, size_t number, ol_mono *ret_now) {
    *ret_now = ol_drive_now(st->drive);
    return st->duties != NULL ? ol_duties_of(st->duties, number) : NULL;
}

ol_err ol_api_bundle_take(ol_station *st, uint32_t token, bool is_shown, const uint8_t *p,
                          size_t len) {
    return ol_drive_bundle_take(st->drive, token, is_shown, OL_WAY_HAND, p, len);
}

bool ol_api_bundle_own(const ol_station *st, const ol_bundle_clear *clear, size_t *ret_line,
                       uint8_t *ret_party) {
    for (size_t i = 0; i < st->lines.n; i++) {
        uint8_t party = ol_bundle_is_own(ol_drive_line(st->drive, i), clear);
        if (party == OL_PARTIES_MAX)
            continue;
        *ret_line = i, *ret_party = party;
        return true;
    }
    return false;
}

ol_err ol_api_bundle_look(ol_station *st, size_t line, uint8_t party, ol_plan_how how,
                          ol_bundle_plan **plan) {
    return ol_drive_bundle_look(st->drive, line, party, how, plan);
}

ol_err ol_api_bundle_next(ol_station *st, size_t line, ol_bundle_plan *plan, uint8_t *buf,
                          size_t max, ol_bundle_made *ret) {
    return ol_drive_bundle_next(st->drive, line, plan, buf, max, ret);
}

void ol_api_bundle_drop(ol_station *st, size_t line, ol_bundle_plan *plan) {
    ol_drive_bundle_drop(st->drive, line, plan);
}

ol_err ol_api_clock_accept(ol_station *st, size_t number) {
    if (number >= st->lines.n)
        return OL_ENOENT;
    ol_drive_accept_clock(st->drive, number);
    return OL_OK;
}

ol_err ol_api_fork_get(const ol_station *st, size_t number, size_t n, ol_fork_status *ret) {
    if (number >= st->lines.n)
        return OL_ENOENT;
    return ol_line_fork(ol_drive_line(st->drive, number), n, ret) ? OL_OK : OL_ENOENT;
}

ol_err ol_api_fork_ack(ol_station *st, size_t number, const ol_log_key *log) {
    ol_fork_status f;
    for (size_t n = 0; ol_api_fork_get(st, number, n, &f) == OL_OK; n++)
        if (ol_log_key_eq(&f.log, log))
            return ol_drive_fork_seen(st->drive, number, log), OL_OK;
    return OL_ENOENT;
}

ol_err ol_api_copy_ack(ol_station *st, size_t number) {
    if (number >= st->lines.n)
        return OL_ENOENT;
    if (ol_line_copy(ol_drive_line(st->drive, number)) == 0)
        return OL_ESTATE;
    ol_drive_copy_seen(st->drive, number);
    return OL_OK;
}

ol_err ol_api_hook_test(ol_station *st, const char *hook, unsigned what, uint32_t token) {
    return ol_hooks_test(ol_alarms_hooks(st->alarms), hook, (ol_hook_what)what, token);
}

json_t *ol_api_couriers(const ol_station *st, size_t number) {
    return ol_couriers_json(st->couriers, number);
}

json_t *ol_api_hooks(const ol_station *st) {
    return ol_hooks_json(ol_alarms_hooks(st->alarms));
}

void ol_api_stop(ol_station *st) {
    ol_station_stop(st, "asked by a client");
}

ol_err ol_api_restart(ol_station *st, const uint8_t *pass, size_t pass_len, ol_why *why) {
    return ol_station_restart(st, pass, pass_len, why);
}

const char *ol_api_run(const ol_station *st) {
    return st->run;
}

ol_err ol_api_path_try(ol_station *st, size_t number, uint8_t party, unsigned slot,
                       uint64_t *ret_now) {
    ol_net_status net;
    ol_path_id id = (ol_path_id)(party * OL_PATHS_PER_PEER + slot);
    *ret_now = ol_drive_now(st->drive).ms;
    if (!ol_net_path_status(st->net, (uint16_t)number, id, &net))
        return OL_ENOENT;
    ol_drive_path_try(st->drive, number, id);
    return OL_OK;
}
