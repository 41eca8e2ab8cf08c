/* `status`: the station, or one line with its paths and logs. */
#include <unistd.h>

#include "base/version.h"
#include "station/control_parts.h"
#include "station/duty.h"

enum {
    ROOM = OL_CONTROL_LINE_MAX / 2,          /* bytes of a page's lines */
    FORKS_TOLD = 16,                         /* pieces of evidence told of one line */
    FORKS_ROOM = OL_CONTROL_LINE_MAX - 1024, /* bytes of a line's status with them */
};

static void set(json_t *o, const char *key, json_t *v) {
    (void)json_object_set_new(o, key, v); /* no memory: the key is missing, nothing worse */
}

static void set_u64(json_t *o, const char *key, uint64_t v) {
    set(o, key, json_integer((json_int_t)v));
}

/* An age in milliseconds; null: never in this run. */
static void set_age(json_t *o, const char *key, uint64_t ms) {
    set(o, key, ms == 0 ? json_null() : json_integer((json_int_t)ms));
}

json_t *ol_path_json(const ol_api_line *line, uint8_t party, unsigned slot, const ol_api_path *p) {
    json_t *o = json_object();
    set(o, "party", json_string(line->charter->party[party].name));
    set_u64(o, "path", slot);
    set(o, "url", p->url != NULL ? json_string(p->url) : json_null());
    set(o, "port", p->port != NULL ? json_string(p->port) : json_null());
    set(o, "address", p->address[0] != '\0' ? json_string(p->address) : json_null());
    set(o, "up", json_boolean(p->s.is_up));
    set(o, "live", json_boolean(p->s.is_live));
    set(o, "proven",
        p->s.proven_wall != 0 ? json_integer((json_int_t)p->s.proven_wall) : json_null());
    set_age(o, "proven_ms_ago", p->s.proven_ms);
    set_age(o, "heard_ms_ago", p->s.heard_ms);
    set_age(o, "round_trip_ms", p->s.rtt_ms);
    set(o, "best", json_boolean(p->s.is_best));
    set_u64(o, "unanswered", p->s.missed);
    set_u64(o, "lost_of_1000", p->s.lost);
    set(o, "rate", p->s.rate != 0 ? json_integer(p->s.rate) : json_null());
    set_u64(o, "bits_per_s", p->s.bits);
    set_u64(o, "frames_in", p->s.frames_in);
    set_u64(o, "frames_out", p->s.frames_out);
    set_u64(o, "bytes_in", p->s.bytes_in);
    set_u64(o, "bytes_out", p->s.bytes_out);
    return o;
}

static json_t *counts_json(const uint64_t count[OL_COUNT_N]) {
    static const char *const name[OL_COUNT_N] = {
        [OL_COUNT_FRAME_DROPPED] = "frame_dropped",
        [OL_COUNT_MAC_BAD] = "mac_bad",
        [OL_COUNT_REPLAYED_FIRST] = "replayed_first",
        [OL_COUNT_TAG_BAD] = "tag_bad",
        [OL_COUNT_PAYLOAD_BAD] = "payload_bad",
        [OL_COUNT_HEAD_BAD] = "head_bad",
        [OL_COUNT_RECEIPT_BAD] = "receipt_bad",
        [OL_COUNT_PROVISIONAL_DROPPED] = "provisional_dropped",
        [OL_COUNT_RESENT] = "resent",
        [OL_COUNT_HANDSHAKES] = "handshakes",
        [OL_COUNT_EPOCHS] = "key_changes",
        [OL_COUNT_HANDSHAKES_DELAYED] = "handshakes_delayed",
        [OL_COUNT_REQUESTS_DELAYED] = "requests_delayed",
        [OL_COUNT_HEADS_DELAYED] = "heads_delayed",
    };
    json_t *o = json_object();
    for (int i = 0; i < OL_COUNT_N; i++)
        if (name[i] != NULL)
            set_u64(o, name[i], count[i]);
    return o;
}

typedef struct {
    const ol_api_line *line;
    const ol_marker *marker;
    json_t *current;
    uint64_t logs, entries;
} log_walk;

/* Logs that are appended to now: those of the others are the newest of each lane. */
static ol_err walk_log(void *ctx, const ol_stored_log *log) {
    log_walk *w = ctx;
    char name[OL_DESK_NAME_LEN + 1];
    char place[OL_NAME_MAX + 16];
    w->logs++;
    w->entries += log->size;
    if (log->key.party >= w->line->charter->parties || log->is_closed)
        return OL_OK;
    (void)snprintf(place, sizeof place, "%s/%s", w->line->charter->party[log->key.party].name,
                   ol_lane_name((ol_lane)log->key.lane));
    set(w->current, place,
        json_pack("{s:s, s:I}", "log", ol_desk_log_name(w->line, &log->key, name), "size",
                  (json_int_t)log->size));
    return OL_OK;
}

/* Who has said that it cannot store, and why. */
static json_t *stopped_json(const ol_charter *ch, const ol_api_line_status *s) {
    static const char *const why[] = { "", "the disk is full", "storage fails", "out of memory" };
    json_t *o = json_object();
    for (unsigned i = 0; i < ch->parties; i++)
        if (s->stopped[i] != 0)
            set(o, ch->party[i].name,
                json_string(s->stopped[i] < OL_LEN(why) ? why[s->stopped[i]] : "it does not say"));
    return o;
}

static json_t *lanes_json(const uint64_t s[OL_LANES]) {
    json_t *o = json_object();
    for (unsigned lane = 0; lane < OL_LANES; lane++)
        if (s[lane] > 0)
            set_u64(o, ol_lane_name((ol_lane)lane), s[lane]);
    return o;
}

/* What is put off between us and each party, and for how many seconds still. */
static json_t *delays_json(const ol_charter *ch, const ol_api_line_status *s) {
    json_t *o = json_object();
    for (unsigned i = 0; i < ch->parties; i++)
        if (s->delay[i].what != 0)
            set(o, ch->party[i].name,
                json_pack("{s:o, s:o, s:o}", "what", ol_desk_delays(s->delay[i].what), "ours",
                          lanes_json(s->delay[i].ours_s), "theirs",
                          lanes_json(s->delay[i].theirs_s)));
    return o;
}

/* Where there are any: directories as bearers. */
static void set_couriers(ol_control *c, const ol_api_line *line, json_t *o) {
    json_t *list = ol_api_couriers(c->desk.station, line->number);
    if (json_array_size(list) > 0)
        set(o, "couriers", json_incref(list));
    json_decref(list);
}

/* The keys shared with each other party: see docs/PROTOCOL.md §2.6. */
static json_t *epochs_json(const ol_api_line *line, const ol_api_line_status *s) {
    json_t *all = json_object();
    for (unsigned i = 0; i < line->charter->parties; i++) {
        const ol_epoch_status *e = &s->epoch[i];
        if (i == line->self)
            continue;
        json_t *o = json_object();
        set_u64(o, "epoch", e->epoch);
        set_u64(o, "oldest", e->oldest);
        set(o, "since", e->since_wall != 0 ? json_integer((json_int_t)e->since_wall) : json_null());
        set(o, "confirmed", json_boolean(e->is_confirmed));
        set(all, line->charter->party[i].name, o);
    }
    return all;
}

static json_t *fork_json(const ol_api_line *line, const ol_fork_status *f) {
    char log[OL_DESK_NAME_LEN + 1];
    json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:I}", "log", ol_desk_log_name(line, &f->log, log),
                          "signed_by", line->charter->party[f->party].name, "kind",
                          f->party == f->log.party ? "head" : "receipt", "size",
                          (json_int_t)f->size, "found", (json_int_t)f->found);
    set(o, "acknowledged",
        f->acknowledged > 0 ? json_integer((json_int_t)f->acknowledged) : json_null());
    return o;
}

/* Evidence of two histories: how much there is, and of how much no officer knows yet. */
static void set_fork_counts(const ol_control *c, const ol_api_line *line, json_t *o) {
    uint64_t all = 0, unseen = 0;
    ol_fork_status f;
    for (; ol_api_fork_get(c->desk.station, line->number, (size_t)all, &f) == OL_OK; all++)
        unseen += f.acknowledged == 0;
    set_u64(o, "forks_unseen", unseen);
    set_u64(o, "forks_all", all);
}

/* The pieces, first those of which no officer knows: members decide how many there are, so only
 * as many are told as have room beside what o holds already. */
static json_t *forks_json(const ol_control *c, const ol_api_line *line, const json_t *o) {
    json_t *list = json_array();
    ol_fork_status f;
    size_t bytes = json_dumpb(o, NULL, 0, JSON_COMPACT);
    for (int is_known = 0; is_known <= 1; is_known++)
        for (size_t n = 0; json_array_size(list) < FORKS_TOLD &&
                           ol_api_fork_get(c->desk.station, line->number, n, &f) == OL_OK;
             n++) {
            if ((f.acknowledged != 0) != is_known)
                continue;
            json_t *fork = fork_json(line, &f);
            bytes += json_dumpb(fork, NULL, 0, JSON_COMPACT) + 1;
            if (bytes > FORKS_ROOM) {
                json_decref(fork);
                return list;
            }
            (void)json_array_append_new(list, fork);
        }
    return list;
}

static json_t *rungs_json(const ol_charter *ch) {
    json_t *list = json_array();
    for (uint8_t i = 0; i < ch->rungs; i++)
        (void)json_array_append_new(list, json_string(ch->rung[i]));
    return list;
}

/* What two officers must release. */
static json_t *release_json(const ol_charter *ch) {
    json_t *list = json_array();
    for (unsigned i = 0; i < OL_PRECEDENCES; i++)
        if ((ch->two >> i & 1) != 0)
            (void)json_array_append_new(list, json_string(ol_precedence_name(i)));
    return list;
}

/* What all have signed in the charter: each party's names as it writes them, by language. Many
 * parties of many names are told as far as there is room. */
static json_t *names_json(const ol_charter *ch, const json_t *o) {
    json_t *all = json_object();
    size_t bytes = json_dumpb(o, NULL, 0, JSON_COMPACT);
    for (unsigned i = 0; i < ch->parties; i++) {
        json_t *names = json_object();
        for (unsigned k = 0; k < ch->party[i].titles; k++)
            set(names, ch->party[i].title[k].lang, json_string(ch->party[i].title[k].text));
        bytes += json_dumpb(names, NULL, 0, JSON_COMPACT) + OL_NAME_MAX + 4;
        if (bytes <= FORKS_ROOM)
            set(all, ch->party[i].name, json_incref(names));
        json_decref(names);
    }
    return all;
}

/* What members, and files that lie in a directory, make long is left out where it has no room. */
static void make_room(json_t *o) {
    static const char *const last[] = { "couriers", "watch",  "deferrals",
                                        "clocks",   "delays", "paths" };
    for (size_t i = 0; i < OL_LEN(last) && json_dumpb(o, NULL, 0, JSON_COMPACT) > FORKS_ROOM; i++)
        if (json_object_get(o, last[i]) != NULL)
            set(o, last[i],
                json_is_array(json_object_get(o, last[i])) ? json_array() : json_object());
}

static ol_err line_json(ol_control *c, size_t number, bool is_whole, json_t *o) {
    const ol_api_line *line = c->desk.line[number];
    const ol_charter *ch = line->charter;
    char id[2 * OL_LINE_ID_LEN + 1];
    ol_api_line_status s;
    log_walk w = { .line = line, .marker = &s.marker, .current = json_object() };
    ol_err err = ol_api_line_status_get(c->desk.station, line->number, &s);
    if (err == OL_OK)
        err = c->desk.store->ops->logs(c->desk.store, line->id, walk_log, &w);
    ol_hex_put(line->id, sizeof line->id, id);
    json_t *parties = json_array();
    json_t *paths = json_array();
    unsigned live = 0;
    for (uint8_t i = 0; i < ch->parties && err == OL_OK; i++) {
        ol_api_path p;
        if ((line->generation[ch->generation].members >> i & 1) == 0)
            continue; /* it has left */
        (void)json_array_append_new(parties, json_string(ch->party[i].name));
        for (unsigned slot = 0; slot < OL_PATHS_PER_PEER; slot++) {
            if (ol_api_path_get(c->desk.station, line->number, i, slot, &p) != OL_OK)
                continue;
            live += p.s.is_live;
            if (is_whole)
                (void)json_array_append_new(paths, ol_path_json(line, i, slot, &p));
        }
    }
    set(o, "line", json_string(line->name));
    set(o, "line_id", json_string(id));
    set_u64(o, "generation", ch->generation);
    set(o, "parties", parties);
    ol_mono now = { 0 };
    const ol_duty *duty = ol_api_duty(c->desk.station, line->number, &now);
    if (duty != NULL)
        ol_checks_state_json(duty, now, o);
    set_u64(o, "live_paths", live);
    set(o, "clock_doubtful", json_boolean(s.is_clock_doubtful));
    set(o, "copy", s.copy_found == 0 ? json_null() : json_integer((json_int_t)s.copy_found));
    set(o, "copy_acknowledged",
        s.copy_seen == 0 ? json_null() : json_integer((json_int_t)s.copy_seen));
    set_fork_counts(c, line, o);
    set_u64(o, "logs", w.logs);
    set_u64(o, "entries", w.entries);
    if (is_whole) {
        set(o, "rungs", rungs_json(ch));
        set(o, "release_two", release_json(ch));
        set(o, "current", json_incref(w.current));
        set(o, "paths", json_incref(paths));
        if (duty != NULL)
            set(o, "checks", ol_checks_json(line, duty, now));
        if (duty != NULL)
            set(o, "watch", ol_control_watches(c, number, duty));
        set(o, "stopped", stopped_json(ch, &s));
        set(o, "delays", delays_json(ch, &s));
        set(o, "epochs", epochs_json(line, &s));
        set_couriers(c, line, o);
        set(o, "counts", counts_json(s.count));
        set(o, "clocks", ol_duty_clocks_json(line, duty, now));
        set(o, "deferrals", ol_duty_deferrals_json(line, duty, now));
        make_room(o);
        set(o, "names", names_json(ch, o));
        set(o, "forks", forks_json(c, line, o));
    }
    json_decref(w.current);
    json_decref(paths);
    return err;
}

static json_t *storage_json(const ol_api_status *s) {
    if (!s->is_stopped)
        return json_pack("{s:b}", "ok", 1);
    return json_pack("{s:b, s:s, s:s}", "ok", 0, "code", ol_err_name(s->stopped), "what",
                     ol_err_text(s->stopped));
}

static json_t *ports_json(const ol_station *st) {
    json_t *ports = json_array();
    ol_api_port p;
    for (size_t i = 0; ol_api_port_get(st, i, &p) == OL_OK; i++)
        (void)json_array_append_new(ports,
                                    json_pack("{s:s, s:s, s:s, s:s?}", "name", p.name, "url", p.url,
                                              "address", p.address, "trouble", p.trouble));
    return ports;
}

ol_err ol_control_status(ol_control *c, const ol_request *r, json_t *reply, ol_refusal *why) {
    if ((r->given & OL_GIVEN_LINE) != 0) {
        size_t line;
        ol_err err = ol_desk_line(&c->desk, r, &line, why);
        return err == OL_OK ? line_json(c, line, true, reply) : err;
    }
    ol_api_status s;
    ol_api_status_get(c->desk.station, &s);
    set(reply, "party", json_string(c->desk.party));
    set(reply, "version", json_string(OL_VERSION));
    set_u64(reply, "pid", (uint64_t)getpid());
    set(reply, "home", json_string(ol_api_home(c->desk.station)->path));
    set_u64(reply, "started", s.started_wall);
    set_u64(reply, "uptime_ms", s.uptime_ms);
    set(reply, "marker", s.marker != NULL ? json_string(s.marker) : json_null());
    set(reply, "storage", storage_json(&s));
    set(reply, "ports", ports_json(c->desk.station));
    set_u64(reply, "commits", s.commits);
    set_u64(reply, "frames_in", s.frames_in);
    set_u64(reply, "frames_out", s.frames_out);
    set_u64(reply, "strangers", s.strangers);
    set(reply, "hooks", ol_api_hooks(c->desk.station));
    json_t *lines = json_array();
    ol_err err = OL_OK;
    size_t at = r->from < c->desk.lines ? (size_t)r->from : c->desk.lines, bytes = 0;
    for (; at < c->desk.lines && bytes < ROOM && err == OL_OK; at++) {
        json_t *o = json_object();
        err = line_json(c, at, false, o);
        bytes += json_dumpb(o, NULL, 0, JSON_COMPACT) + 1;
        (void)json_array_append_new(lines, o);
    }
    set(reply, "lines", lines);
    set(reply, "next", at < c->desk.lines ? json_integer((json_int_t)at) : json_null());
    return err;
}
