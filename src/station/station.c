#include "station/station_parts.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "base/version.h"
#include "station/log.h"
#include "store/sqlite.h"

enum {
    LOCKED_CAP = 32 << 20,
    LOCKED_PROBE = 64 << 10, /* what a small station needs, told before it starts */
    ENGINES_CAP = 512 << 20,
    PARTING_MS = 1000 /* for handles to close; a look-up under way is not waited for */
};

/* ---- hooks ---- */

static const char *line_name(const ol_station *st, size_t line) {
    return st->lines.row[line]->api.name;
}

static const char *party_name(const ol_station *st, size_t line, uint8_t party) {
    return st->lines.row[line]->chain.now.party[party].name;
}

static void log_note(const ol_station *st, size_t line, const ol_api_note *n) {
    const char *name = line_name(st, line);
    const char *lane = ol_lane_name((ol_lane)n->log.lane);
    uint8_t peer = n->path / OL_PATHS_PER_PEER;
    unsigned slot = n->path % OL_PATHS_PER_PEER;
    unsigned long long size = n->size;
    ol_path_status s;
    switch (n->what) {
    case OL_NOTE_PATH:
        ol_line_path_status(ol_drive_line(st->drive, line), n->path, &s);
        if (s.is_live || s.heard_ms > 0) /* not when it has only been set up */
            OL_LOG(OL_INFO, s.is_live ? "path.live" : "path.down", "line=%s party=%s slot=%u", name,
                   party_name(st, line, peer), slot);
        break;
    case OL_NOTE_INCARNATION:
        OL_LOG(OL_INFO, "log.opened", "line=%s lane=%s reason=%llu", name, lane, size);
        break;
    case OL_NOTE_RECOVERED:
        OL_LOG(OL_INFO, "log.recovered", "line=%s lane=%s size=%llu", name, lane, size);
        break;
    case OL_NOTE_FORK:
        OL_LOG(OL_ERROR, "log.forked", "line=%s party=%s lane=%s size=%llu", name,
               party_name(st, line, n->party), lane, size);
        break;
    case OL_NOTE_PEER_STOPPED:
        OL_LOG(size != 0 ? OL_WARN : OL_INFO, size != 0 ? "peer.stopped" : "peer.stores",
               "line=%s party=%s reason=%llu", name, party_name(st, line, n->party), size);
        break;
    case OL_NOTE_DELAYS:
        OL_LOG(size != 0 ? OL_WARN : OL_INFO, "delays", "line=%s party=%s what=%llu", name,
               party_name(st, line, n->party), size);
        break;
    case OL_NOTE_COPY:
        OL_LOG(OL_ERROR, "home.copied", "line=%s", name);
        break;
    case OL_NOTE_CLOCK:
        OL_LOG(size != 0 ? OL_WARN : OL_INFO, "clock", "line=%s is_doubtful=%llu", name, size);
        break;
    case OL_NOTE_STORED:
    case OL_NOTE_SENT:
    case OL_NOTE_RECEIPT:
        break; /* the traffic itself: the record has it */
    }
}

static void on_note(void *ctx, size_t line, const ol_api_note *note) {
    ol_station *st = ctx;
    log_note(st, line, note);
    if (st->duties != NULL)
        ol_duties_note(st->duties, line, note);
    if (st->control != NULL)
        ol_control_note(st->control, line, note);
    if (st->alarms != NULL)
        ol_alarms_note(st->alarms, line, note);
}

static void on_reply(void *ctx, uint32_t token, const ol_api_reply *reply) {
    ol_station *st = ctx;
    if (token >= OL_DUTIES_TOKEN && st->duties != NULL)
        ol_duties_reply(st->duties, token, reply);
    else if (st->control != NULL)
        ol_control_reply(st->control, token, reply);
}

static void on_storage(void *ctx, ol_err err) {
    ol_station *st = ctx;
    if (st->control != NULL)
        ol_control_storage(st->control, err);
    if (st->alarms != NULL)
        ol_alarms_storage(st->alarms, err);
}

static void on_tested(void *ctx, uint32_t token, const char *fault, const char *said) {
    ol_station *st = ctx;
    if (st->control != NULL)
        ol_control_hook_tested(st->control, token, fault, said);
}

static void on_committed(void *ctx) {
    ol_station *st = ctx;
    if (st->duties != NULL)
        ol_duties_committed(st->duties);
    if (st->control != NULL)
        ol_control_committed(st->control);
}

static void on_duty(void *ctx, size_t line, const ol_duty_note *note) {
    ol_station *st = ctx;
    json_t *event = ol_duty_event_json(&st->lines.row[line]->api, note);
    if (st->control != NULL)
        ol_control_event(st->control, line, event);
    if (st->alarms != NULL && event != NULL)
        ol_alarms_event(st->alarms, event);
    json_decref(event);
}

static ol_err on_save(void *ctx, size_t line, uint8_t party, const ol_ratchet *keys) {
    ol_station *st = ctx;
    ol_lines_row *row = st->lines.row[line];
    ol_why why = { "" };
    ol_err err = ol_lines_save_pair(&st->home, row, &st->locked, party, keys, &why);
    if (err != OL_OK)
        OL_LOG(OL_ERROR, "keys.save", "line=%s party=%s err=%s why=\"%s\"", row->api.name,
               party_name(st, line, party), ol_err_name(err), why.text);
    else
        OL_LOG(OL_INFO, "keys.saved", "line=%s party=%s epoch=%u oldest=%u", row->api.name,
               party_name(st, line, party), (unsigned)keys->send, (unsigned)keys->oldest);
    return err;
}

static void on_bundle(void *ctx, size_t line, const ol_bundle_read *read) {
    ol_station *st = ctx;
    if (read->token >= OL_COURIERS_TOKEN && st->couriers != NULL)
        ol_couriers_bundle(st->couriers, read);
    else if (read->token < OL_COURIERS_TOKEN && st->control != NULL)
        ol_control_bundle(st->control, line, read);
}

static void on_fatal(void *ctx, const char *why) {
    OL_LOG(OL_ERROR, "station.fatal", "why=\"%s\"", why);
    ol_station_stop(ctx, why);
}

/* ---- stopping ---- */

static void on_stop(uv_async_t *async) {
    ol_station *st = async->data;
    uv_stop(&st->loop);
}

void ol_station_stop(ol_station *st, const char *because) {
    st->again->is_wanted = false; /* who says stop while it is to start again means it */
    if (st->is_stopping)
        return;
    st->is_stopping = true;
    OL_LOG(OL_INFO, "station.stopping", "why=\"%s\"", because);
    (void)uv_async_send(&st->stop);
}

static void on_signal(uv_signal_t *handle, int number) {
    ol_station_stop(handle->data, number == SIGINT   ? "SIGINT"
                                  : number == SIGHUP ? "SIGHUP"
                                                     : "SIGTERM");
}

/* ---- assembling ---- */

static void set_process(void) {
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)prctl(PR_SET_NAME, "openline"); /* as what it is called, however it was started */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        OL_LOG(OL_WARN, "process", "why=\"new privileges cannot be forbidden on this kernel\"");
    (void)setenv("UV_THREADPOOL_SIZE", "2", 0); /* look-ups of names; couriers' directories */
}

static ol_err load_keys(ol_station *st, ol_why *why) {
    size_t pass_len = 0;
    int fd = st->opts.passphrase_fd;
    st->vault = ol_mem_get0(&st->locked, 1, sizeof *st->vault);
    if (st->vault == NULL)
        return ol_why_set(why, OL_ENOMEM,
                          "no memory is left that can be locked; raise the limit (ulimit -l)");
    ol_err err = fd < 0
                     ? OL_OK
                     : ol_file_read_fd(fd, st->vault->pass, sizeof st->vault->pass, &pass_len, why);
    if (fd > STDERR_FILENO) /* it has given what it had: no other image needs it */
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return err == OL_OK ? ol_vault_open(&st->home, &st->lines.self, pass_len, st->vault, why) : err;
}

static ol_err open_home(ol_station *st, ol_why *why) {
    ol_err err = ol_home_open(st->opts.home, false, &st->home, why);
    if (err == OL_OK)
        err = ol_home_lock(&st->home, &st->lock, why);
    if (err == OL_OK)
        err = ol_locked_probe(LOCKED_PROBE, why);
    if (err != OL_OK)
        return err;
    ol_locked_mem(&st->locked, LOCKED_CAP);
    ol_mem_heap(&st->mem, ENGINES_CAP);
    err = ol_lines_read(&st->home, &st->locked, &st->lines, why);
    if (err == OL_OK)
        err = load_keys(st, why);
    st->config = calloc(1, sizeof *st->config);
    if (err == OL_OK && st->config == NULL)
        err = ol_why_set(why, OL_ENOMEM, "out of memory");
    return err == OL_OK ? ol_config_load(&st->home, st->config, why) : err;
}

static ol_err open_store(ol_station *st, ol_why *why) {
    ol_store_why store_why = { "" };
    ol_err err = ol_store_sqlite_open(st->home.path, NULL, &st->store, &store_why);
    if (err != OL_OK)
        return ol_why_set(why, err, "%s", store_why.text);
    ol_why marker_why;
    if (ol_marker_home_open("", st->home.dev, st->home.inode, &st->marker, &marker_why) != OL_OK)
        OL_LOG(OL_WARN, "marker.none", "why=\"%s\"", marker_why.text);
    return OL_OK;
}

static ol_err add_lines(ol_station *st, ol_why *why) {
    ol_err err = OL_OK;
    for (size_t i = 0; err != OL_ENOMEM && i < st->lines.n;) {
        ol_line_opts o;
        ol_lines_opts(st->lines.row[i], st->vault->party, &o);
        err = ol_drive_add_line(st->drive, &o, why);
        if (err == OL_OK) {
            i++;
        } else if (err != OL_ENOMEM) { /* one line's fault must not take the others with it */
            OL_LOG(OL_ERROR, "line.left_out", "line=%s err=%s why=\"%s\"", line_name(st, i),
                   ol_err_name(err), why->text);
            ol_lines_drop(&st->lines, i);
        }
    }
    sodium_memzero(st->vault->party, sizeof st->vault->party);
    return err == OL_ENOMEM ? err : OL_OK;
}

static const ol_config_bearer *bearer_of(const ol_station *st, size_t line, size_t party,
                                         uint8_t slot) {
    for (size_t i = 0; i < st->config->bearers; i++) {
        const ol_config_bearer *b = &st->config->bearer[i];
        if (b->slot == slot && strcmp(b->line, line_name(st, line)) == 0 &&
            strcmp(b->party, party_name(st, line, (uint8_t)party)) == 0)
            return b;
    }
    return NULL;
}

static ol_err add_path(ol_station *st, size_t line, size_t party, unsigned slot, uint8_t port,
                       const char *url) {
    ol_net_path p = { .line = (uint16_t)line,
                      .id = (ol_path_id)(party * OL_PATHS_PER_PEER + slot),
                      .port = port,
                      .is_first = st->lines.row[line]->api.self < party,
                      .url = url };
    return ol_net_add_path(st->net, &p);
}

/* The configured bearers; then, in the slots left, one path by each port that has none, so that a
 * peer that moved, or that we have no address of, is answered. */
static ol_err add_paths_to(ol_station *st, size_t line, size_t party) {
    ol_err err = OL_OK;
    bool is_taken[OL_PATHS_PER_PEER] = { false };
    for (uint8_t slot = 0; err == OL_OK && slot < OL_PATHS_PER_PEER; slot++) {
        const ol_config_bearer *b = bearer_of(st, line, party, slot);
        is_taken[slot] = b != NULL;
        if (b != NULL && !ol_courier_is(b->url))
            err = add_path(st, line, party, slot, b->port, b->url);
    }
    uint8_t port = 0;
    for (uint8_t slot = 0; err == OL_OK && slot < OL_PATHS_PER_PEER; slot++) {
        while (port < st->config->ports &&
               ol_net_is_port_used(st->net, (uint16_t)line, (uint8_t)party, port))
            port++;
        if (!is_taken[slot] && port < st->config->ports)
            err = add_path(st, line, party, slot, port, NULL);
    }
    return err;
}

static ol_err add_net(ol_station *st, ol_why *why) {
    ol_err err = OL_OK;
    for (size_t i = 0; err == OL_OK && i < st->config->ports; i++) {
        char local[OL_ADDR_TEXT_MAX];
        const ol_config_port *p = &st->config->port[i];
        err = ol_net_add_port(st->net, p->name, p->url, why);
        if (err != OL_OK)
            return err;
        ol_net_local(st->net, i, local);
        OL_LOG(OL_INFO, "port.open", "port=%s url=%s local=%s", p->name, p->url, local);
    }
    for (size_t line = 0; line < st->lines.n; line++)
        for (size_t party = 0; party < st->lines.row[line]->chain.now.parties; party++)
            if (err == OL_OK && party != st->lines.row[line]->api.self &&
                ol_chain_is_member(&st->lines.row[line]->chain, (unsigned)party))
                err = add_paths_to(st, line, party);
    for (size_t i = 0; i < st->config->bearers; i++) {
        const ol_config_bearer *b = &st->config->bearer[i];
        const ol_api_line *line = ol_api_line_of(st, b->line, strlen(b->line));
        if (line == NULL || ol_charter_party(line->charter, b->party, strlen(b->party)) < 0)
            OL_LOG(OL_WARN, "bearer.unused", "line=%s party=%s why=\"no such line or party runs\"",
                   b->line, b->party);
    }
    return err == OL_OK ? OL_OK : ol_why_set(why, err, "out of memory");
}

static ol_err open_loop(ol_station *st, ol_why *why) {
    if (uv_loop_init(&st->loop) != 0)
        return ol_why_set(why, OL_EIO, "the system gives no event loop");
    st->has_loop = true;
    if (uv_async_init(&st->loop, &st->stop, on_stop) != 0 ||
        uv_signal_init(&st->loop, &st->term) != 0 ||
        uv_signal_init(&st->loop, &st->interrupt) != 0 ||
        uv_signal_init(&st->loop, &st->hangup) != 0)
        return ol_why_set(why, OL_EIO, "the event loop takes no signals");
    st->has_signals = true;
    st->stop.data = st->term.data = st->interrupt.data = st->hangup.data = st;
    if (uv_signal_start(&st->term, on_signal, SIGTERM) != 0 ||
        uv_signal_start(&st->interrupt, on_signal, SIGINT) != 0 ||
        uv_signal_start(&st->hangup, on_signal, SIGHUP) != 0)
        return ol_why_set(why, OL_EIO, "the event loop takes no signals");
    ol_drive_opts o = { .loop = &st->loop,
                        .store = st->store,
                        .mem = &st->mem,
                        .secret = &st->locked,
                        .keys = &st->vault->keys,
                        .marker = st->marker.n > 0 ? &st->marker : NULL,
                        .hooks = { on_note, on_reply, on_storage, on_fatal, st, on_committed,
                                   on_save, on_bundle } };
    ol_err err = ol_drive_new(&o, &st->drive);
    if (err != OL_OK)
        return ol_why_set(why, err, "out of memory");
    st->net = ol_drive_net(st->drive);
    err = add_lines(st, why);
    return err == OL_OK ? add_net(st, why) : err;
}

static ol_err start(ol_station *st, ol_why *why) {
    char path[OL_HOME_SOCKET_MAX + 1];
    uint8_t run[OL_STATION_RUN_LEN / 2];
    randombytes_buf(run, sizeof run);
    ol_hex_put(run, sizeof run, st->run);
    st->started_wall = (uint64_t)time(NULL);
    st->started_ms = uv_now(&st->loop);
    ol_drive_start(st->drive);
    ol_home_socket(&st->home, path);
    ol_err err = ol_control_start(&st->loop, path, st, &st->control, why);
    ol_hooks_opts hooks = { .loop = &st->loop,
                            .shim = "/proc/self/exe",
                            .home = st->home.path,
                            .station = st->lines.self.party.name,
                            .hook = st->config->hook,
                            .hooks = st->config->hooks,
                            .tested = on_tested,
                            .ctx = st };
    const ol_duties_opts duties = {
        .loop = &st->loop, .st = st, .note = on_duty, .ctx = st, .is_silent = st->opts.is_silent
    };
    if (err == OL_OK)
        err = ol_alarms_start(st, &hooks, &st->alarms);
    if (err == OL_OK)
        err = ol_duties_start(&duties, &st->duties);
    if (err == OL_OK)
        err = ol_couriers_start(st, &st->couriers);
    if (err != OL_OK)
        return err;
    OL_LOG(OL_INFO, "station.ready", "version=%s party=%s home=%s lines=%zu ports=%zu paths=%zu",
           OL_VERSION, st->lines.self.party.name, st->home.path, st->lines.n, ol_net_ports(st->net),
           ol_net_paths(st->net));
    return OL_OK;
}

/* ---- taking apart ---- */

static void on_parting(uv_timer_t *timer) {
    uv_stop(timer->loop);
}

static void close_loop(ol_station *st) {
    uv_timer_t parting;
    ol_couriers_stop(st->couriers);
    ol_duties_stop(st->duties);
    ol_alarms_stop(st->alarms);
    ol_control_stop(st->control);
    ol_drive_stop(st->drive);
    if (st->has_signals) {
        uv_close((uv_handle_t *)&st->stop, NULL);
        uv_close((uv_handle_t *)&st->term, NULL);
        uv_close((uv_handle_t *)&st->interrupt, NULL);
        uv_close((uv_handle_t *)&st->hangup, NULL);
    }
    (void)uv_timer_init(&st->loop, &parting);
    (void)uv_timer_start(&parting, on_parting, PARTING_MS, 0);
    uv_unref((uv_handle_t *)&parting);
    (void)uv_run(&st->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&parting, NULL);
    (void)uv_run(&st->loop, UV_RUN_NOWAIT);
    (void)uv_loop_close(&st->loop); /* a look-up that still runs ends with the process */
    ol_couriers_free(st->couriers);
    ol_duties_free(st->duties);
    ol_control_free(st->control);
    ol_alarms_free(st->alarms);
    ol_drive_free(st->drive);
}

static void take_apart(ol_station *st) {
    if (st->has_loop)
        close_loop(st);
    ol_marker_home_close(&st->marker);
    if (st->store != NULL)
        st->store->ops->close(st->store);
    ol_lines_free(&st->lines);
    ol_mem_put(&st->locked, st->vault, 1, sizeof *st->vault);
    free(st->config);
    ol_home_unlock(st->lock);
    ol_home_close(&st->home);
    free(st);
}

ol_err ol_station_run(const ol_station_opts *opts, ol_station_again *ret_again, ol_why *why) {
    ol_station *st = calloc(1, sizeof *st);
    if (st == NULL || sodium_init() < 0) {
        free(st);
        return ol_why_set(why, OL_ENOMEM, "out of memory, or the system gives no randomness");
    }
    st->opts = *opts;
    st->again = ret_again;
    st->home.dir = st->lock = -1;
    set_process();
    ol_err err = open_home(st, why);
    if (err == OL_OK)
        err = open_store(st, why);
    if (err == OL_OK)
        err = open_loop(st, why);
    if (err == OL_OK)
        err = start(st, why);
    if (err == OL_OK)
        (void)uv_run(&st->loop, UV_RUN_DEFAULT);
    take_apart(st);
    return err;
}
