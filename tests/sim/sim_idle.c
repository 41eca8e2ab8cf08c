/* What it costs to be there: two stations with nothing to say but a line check an hour, over a path
 * of 75 bit/s, a day long. The bytes of each direction are counted, PINGs and changes of sessions
 * too, and are less than a fiftieth of what the path could carry.
 *   sim_idle [--verbose] */
#include <string.h>

#include "lib_inner.h"
#include "wire/check.h"

enum { RATE = 75, HOURS = 24, HOUR_MS = 3600000, SHARE = 50 };

static uint64_t sent[2], frames[2];

static void on_frame(sim_world *w, unsigned from, unsigned party, uint32_t to, const uint8_t *p,
                     size_t len) {
    (void)w, (void)party, (void)to, (void)p;
    sent[from] += len, frames[from]++;
}

static void check(sim_world *w, unsigned p, uint64_t number) {
    uint8_t body[OL_CHECK_MAX];
    ol_check c = { .number = number, .interval = 3600 };
    c.proven.n = 1;
    c.proven.v[0].party = (uint8_t)(1 - p), c.proven.v[0].age = 3590;
    OL_ASSERT(ol_paths_name("serial", 6, 0, c.proven.v[0].bearer));
    ol_wr out = ol_wr_of(body, sizeof body);
    ol_check_encode(&c, &out);
    ol_event ev = { .kind = EV_SUBMIT };
    sim_said *said = SIM_PUSH(&w->said); /* whose reply is looked at */
    said->by = (uint8_t)p;
    ev.submit.token = (uint32_t)w->said.n - 1, ev.submit.lane = OL_LANE_URGENT;
    ev.submit.kind = OL_KIND_CHECK, ev.submit.body = (ol_bytes){ body, out.len };
    w->sum.said++;
    sim_step(w, p, &ev);
    sim_turn(w, p);
}

int main(int argc, char **argv) {
    sim_world *w = sim_new(75, 2, argc > 1 && strcmp(argv[1], "--verbose") == 0);
    for (unsigned p = 0; p < 2; p++) {
        sim_link *k = &w->net->link[0][p][1 - p];
        k->rate_bps = RATE, k->is_paced = true, k->delay_ms = 200;
        sim_start(w, p);
    }
    sim_pass_ms(w, 600000);
    w->on_frame = on_frame;
    for (uint64_t hour = 1; hour <= HOURS; hour++) {
        for (unsigned p = 0; p < 2; p++) {
            check(w, p, hour);
            sim_pass_ms(w, HOUR_MS / 2); /* each side in its turn */
        }
    }
    uint64_t could = (uint64_t)RATE * HOURS * 3600 / 8;
    for (unsigned p = 0; p < 2; p++) {
        printf("%c: %llu bytes an hour in %.1f frames, %.2f %% of %u bit/s\n", 'A' + (int)p,
               (unsigned long long)sent[p] / HOURS, (double)frames[p] / HOURS,
               (double)sent[p] * 100 / (double)could, (unsigned)RATE);
        CHECK(w, sent[p] * SHARE < could, "%c said too much: %llu bytes", sim_name(w, p),
              (unsigned long long)sent[p]);
    }
    w->on_frame = NULL;
    (void)sim_converge(w, 0);
    sim_free(w);
    return 0;
}
