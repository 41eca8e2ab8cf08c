/* Power that fails, homes that are set back, copied, and run twice. */
#include "lib_calls.h"
#include "lib_inner.h"
#include "lib_thin.h"

#include <string.h>

/* One of the points where power may fail; what the station had in hand is gone. */
bool sim_power_fails(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    if (s->is_dying)
        return true;
    if (sim_disk_is_dead(s->disk))
        s->is_dying = true;
    else if (s->cut_in > 0 && --s->cut_in == 0)
        s->is_dying = true;
    return s->is_dying;
}

static void stop(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    sim_duty_end(w, p);
    if (s->is_up) {
        sim_thin_end(s);
        ol_line_free(s->line);
        ol_switch_free(s->sw);
        CHECK(w, s->mem.used == 0 && s->secret.used == 0, "%c leaks %zu bytes", sim_name(w, p),
              s->mem.used + s->secret.used);
    }
    sim_effects_clear(s);
    s->is_up = s->is_dying = s->wants_commit = false;
    s->line = NULL, s->sw = NULL, s->batch = NULL;
    s->cut_in = 0;
    s->timer_ms = s->wake_ms = s->commit_ms = s->restart_ms = OL_NEVER;
}

static void open_again(sim_world *w, unsigned p, bool has_lost_power) {
    sim_station *s = &w->st[p];
    const char *why = sim_disk_again(s->disk, has_lost_power);
    CHECK(w, why == NULL, "%c: its store cannot be read: %s", sim_name(w, p), why);
    s->store = sim_disk_store(s->disk);
    sim_check_disk(w, p);
}

/* A process that ends leaves its marker and all that it wrote; a machine that loses power neither
 * its marker nor what was not synced. */
void sim_kill(sim_world *w, unsigned p, bool loses_power) {
    sim_station *s = &w->st[p];
    if (s->is_up)
        SAY(w, "%c %s", sim_name(w, p), loses_power ? "loses power" : "is killed");
    bool was_up = s->is_up;
    stop(w, p);
    if (loses_power)
        s->marker = (ol_marker){ 0 }, s->boot_ms = w->now_ms;
    if (was_up)
        open_again(w, p, loses_power);
}

void sim_bury(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    if (!s->is_dying)
        return;
    bool loses_power = sim_disk_is_dead(s->disk) || sim_one_in(w, 2);
    if (loses_power)
        w->sum.cuts++;
    else
        w->sum.kills++;
    sim_kill(w, p, loses_power);
    s->restart_ms = w->now_ms + 1 + sim_random(w, 20000);
}

void sim_backup(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    sim_disk_free(s->backup);
    s->backup = sim_disk_copy(s->disk);
    memcpy(s->kept, s->secrets, sizeof s->kept);
    SAY(w, "%c: a backup is made", sim_name(w, p));
}

/* What it had signed may be gone with what the disk held: nothing of it is expected any more. */
static void forgive(sim_station *s) {
    s->has_lost = true;
    s->word.n = 0;
    s->time_floor = 0;
}

void sim_restore(sim_world *w, unsigned p) {
    sim_station *s = &w->st[p];
    if (s->backup == NULL)
        return;
    /* its marker stays where the store is put back in place on the running machine */
    sim_kill(w, p, sim_one_in(w, 2));
    sim_disk_free(s->disk);
    s->disk = sim_disk_copy(s->backup);
    memcpy(s->secrets, s->kept, sizeof s->secrets);
    s->store = sim_disk_store(s->disk);
    forgive(s);
    for (unsigned q = 0; q < w->stations; q++)
        w->st[q].held[p] = 0;
    SAY(w, "%c is set back to its backup", sim_name(w, p));
    s->restart_ms = w->now_ms + 1 + sim_random(w, 5000);
    w->sum.restores++;
}

unsigned sim_twin(sim_world *w, unsigned p) {
    const sim_station *from = &w->st[p];
    if (w->stations == SIM_STATIONS_MAX)
        return 0;
    unsigned t = w->stations++;
    sim_station *s = &w->st[t];
    s->party = from->party;
    s->log_key = from->log_key, s->receipt_key = from->receipt_key;
    memcpy(s->static_priv, from->static_priv, sizeof s->static_priv);
    s->disk = sim_disk_copy(from->disk);
    memcpy(s->secrets, from->secrets, sizeof s->secrets);
    s->store = sim_disk_store(s->disk);
    s->boot_ms = w->now_ms;
    for (unsigned k = 0; k < OL_PATHS_PER_PEER; k++)
        for (unsigned q = 0; q < SIM_STATIONS_MAX; q++) {
            w->net->link[k][t][q] = w->net->link[k][p][q];
            w->net->link[k][q][t] = w->net->link[k][q][p];
        }
    w->sum.twins++;
    SAY(w, "%c: a copy of the home of %c runs elsewhere", sim_name(w, t), sim_name(w, p));
    sim_start(w, t);
    return t;
}

void sim_end(sim_world *w, unsigned t) {
    OL_ASSERT(t >= w->parties);
    sim_kill(w, t, true);
    w->st[t].is_over = true;
    for (unsigned p = 0; p < w->stations; p++)
        if (w->st[p].party == w->st[t].party)
            w->st[p].has_lost = true; /* what only the copy had, and had signed */
    SAY(w, "%c: the copy is ended", sim_name(w, t));
}

void sim_start_anew(sim_world *w, unsigned p) {
    sim_kill(w, p, true);
    w->st[p].restart_ms = w->now_ms + 1;
}

void sim_clock(sim_world *w, unsigned p, int64_t off_s) {
    w->st[p].clock_off_s = off_s;
    w->sum.jumps++;
    SAY(w, "%c: its clock is off by %lld s", sim_name(w, p), (long long)off_s);
}
