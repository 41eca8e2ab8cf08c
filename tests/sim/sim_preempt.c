/* What is urgent goes before a backlog: a FLASH is said while 200 kilobytes of routine traffic are
 * on their way over a slow path, and begins on the wire after the frame that was on it, and no
 * other. The path carries a frame only when the one before has left, as a serial line does; how
 * many bits went over it between the word and the first frame with it is measured.
 *   sim_preempt [--verbose] */
#include <string.h>

#include "lib_inner.h"
#include "line/state.h"

enum { BACKLOG = 200000, ROUNDS = 12, HOUR_MS = 3600000 };
enum { QUIET, ROUTINE, MIXED, BOTH_WAYS, IMMEDIATES, BACKLOGS };
static const char *const backlog_name[] = { "nothing", "routine", "priority and routine",
                                            "routine both ways", "five IMMEDIATEs behind routine" };

static struct {
    uint64_t index;   /* of the FLASH in its log; what goes of it first is looked for */
    uint64_t frames;  /* begun since it was said, before it */
    uint64_t routine; /* of them: with nothing urgent */
    uint64_t went_ms; /* 0: not yet */
} seen;
static size_t longest; /* of all frames of a run */

static bool is_of_flash(const ol_item *it, const ol_log_key *log) {
    return log->party == 0 && log->lane == OL_LANE_URGENT && it->index == seen.index &&
           (it->type == OL_ITEM_ENTRY || it->type == OL_ITEM_NEXT || it->type == OL_ITEM_PART);
}

static bool has_flash(const sim_payload *s) {
    ol_rd r = ol_rd_of(s->bytes + s->at, s->len - s->at);
    ol_item it = { 0 };
    ol_log_key log = { 0 };
    while (r.left > 0 && ol_item_get(&r, &it) == OL_OK) {
        if (it.type <= OL_ITEM_LOG_FULL)
            log = it.log;
        else if (is_of_flash(&it, &log))
            return true;
    }
    return false;
}

static void on_frame(sim_world *w, unsigned from, unsigned party, uint32_t to, const uint8_t *p,
                     size_t len) {
    (void)party, (void)to, (void)p;
    longest = len > longest ? len : longest;
    if (from != 0 || seen.index == 0 || seen.went_ms > 0)
        return;
    if (has_flash(&sim_sealed)) {
        seen.went_ms = w->now_ms;
        return;
    }
    seen.frames++;
    seen.routine += sim_sealed.has_routine && !sim_sealed.has_urgent;
}

static void slow_paths(sim_world *w, uint64_t rate) {
    for (unsigned p = 0; p < 2; p++) {
        sim_link *k = &w->net->link[0][p][1 - p];
        k->rate_bps = rate, k->is_paced = true, k->delay_ms = 200;
    }
}

static void say_much(sim_world *w, unsigned p, size_t bytes, size_t size) {
    for (size_t said = 0; said < bytes; said += size)
        sim_say(w, p, OL_LANE_ROUTINE, size);
}

static void say_backlog(sim_world *w, unsigned kind) {
    if (kind != QUIET) /* both precedences are of the routine lane: long and short entries */
        say_much(w, 0, BACKLOG, kind == MIXED ? 90 : 1900);
    if (kind == MIXED)
        say_much(w, 0, BACKLOG / 4, 700);
    if (kind == BOTH_WAYS)
        say_much(w, 1, BACKLOG, 1900);
}

/* Bits that the path carried between the word and the first frame with it. */
static uint64_t flash(sim_world *w, unsigned kind, uint64_t rate) {
    memset(&seen, 0, sizeof seen);
    for (unsigned i = 0; kind == IMMEDIATES && i < 5; i++)
        sim_say(w, 0, OL_LANE_URGENT, 1100);
    uint64_t said_ms = w->now_ms;
    const ol_log *log = w->st[0].line->own[OL_LANE_URGENT].log;
    seen.index = log == NULL ? 1 : log->tree.size;
    sim_say(w, 0, OL_LANE_URGENT, 200);
    while (seen.went_ms == 0 && w->now_ms - said_ms < HOUR_MS)
        sim_pass_ms(w, 100);
    CHECK(w, seen.went_ms > 0, "the FLASH did not go");
    return (seen.went_ms - said_ms) * rate / 1000;
}

/* The one before has its receipt: what is urgent is not repeated meanwhile. */
static void settle(sim_world *w) {
    const ol_log *log = w->st[0].line->own[OL_LANE_URGENT].log;
    for (uint64_t began = w->now_ms; log != NULL && log->got[1].size < log->tree.size;) {
        CHECK(w, w->now_ms - began < 4 * HOUR_MS, "the FLASH is not receipted");
        sim_pass_ms(w, 1000);
    }
}

/* With the IMMEDIATEs said before it: one log, in order, and their head lets nobody overtake. */
static void is_in_time(sim_world *w, unsigned kind, uint64_t rate, uint64_t bits) {
    uint64_t frame = longest * 8, slack = rate / 1000 + 1; /* the clock has milliseconds */
    uint64_t ahead = kind == IMMEDIATES ? 5 * 1100 * 8 * 3 / 2 : 0;
    CHECK(w, kind == IMMEDIATES ? seen.routine == 0 : seen.frames == 0,
          "%llu frames went first, %llu of them routine", (unsigned long long)seen.frames,
          (unsigned long long)seen.routine);
    CHECK(w, bits <= frame + slack + ahead, "%llu bits went first, a frame has %llu",
          (unsigned long long)bits, (unsigned long long)frame);
    uint64_t max = rate * OL_SEGMENT_MS / 8000; /* a frame holds the wire no longer */
    max = max < OL_FRAME_MIN ? OL_FRAME_MIN : max > OL_FRAME_MAX ? OL_FRAME_MAX : max;
    CHECK(w, longest <= max, "a frame of %zu bytes at %llu bit/s", longest,
          (unsigned long long)rate);
}

/* The rest arrives, too, and little of it twice. */
static void is_carried(sim_world *w, const ol_log *log, uint64_t rate, uint64_t said_ms) {
    uint64_t flashes = ROUNDS * 400, least_ms = (BACKLOG + flashes) * 8000 / rate;
    while (log->got[1].size < log->tree.size && w->now_ms - said_ms < 10 * least_ms + HOUR_MS)
        sim_pass_ms(w, 1000);
    uint64_t took_ms = w->now_ms - said_ms;
    CHECK(w, took_ms < least_ms * 3 / 2 + ROUNDS * 200000, "the backlog took %llu s, %llu were due",
          (unsigned long long)took_ms / 1000, (unsigned long long)least_ms / 1000);
    printf("%5llu bit/s: all of it receipted after %llu s; its bytes alone take %llu s\n",
           (unsigned long long)rate, (unsigned long long)took_ms / 1000,
           (unsigned long long)BACKLOG * 8 / rate);
}

static void run(unsigned kind, uint64_t rate, bool is_verbose) {
    sim_world *w = sim_new(1 + kind + rate * 10, 2, is_verbose);
    slow_paths(w, rate);
    w->on_frame = on_frame, longest = 0;
    for (unsigned p = 0; p < 2; p++)
        sim_start(w, p);
    sim_pass_ms(w, 60000);
    uint64_t said_ms = w->now_ms;
    say_backlog(w, kind);
    uint64_t worst = 0, sum = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        sim_pass_ms(w, 20000 + sim_random(w, 120000)); /* anywhere in a frame, or a key change */
        uint64_t bits = flash(w, kind, rate);
        is_in_time(w, kind, rate, bits);
        settle(w);
        worst = bits > worst ? bits : worst, sum += bits;
    }
    const ol_log *log = w->st[0].line->own[OL_LANE_ROUTINE].log;
    if (kind == ROUTINE)
        is_carried(w, log, rate, said_ms);
    else
        CHECK(w, kind == QUIET || rate > 300 || log->got[1].size < log->tree.size,
              "the backlog was gone before the last FLASH");
    printf("%5llu bit/s, %s: at most %llu bits (%.1f s), %llu on average, before FLASH; frames of "
           "at most %zu bytes\n",
           (unsigned long long)rate, backlog_name[kind], (unsigned long long)worst,
           (double)worst / (double)rate, (unsigned long long)(sum / ROUNDS), longest);
    w->on_frame = NULL;
    sim_free(w);
}

int main(int argc, char **argv) {
    static const uint64_t rates[] = { 75, 300, 1200, 9600 };
    bool is_verbose = argc > 1 && strcmp(argv[1], "--verbose") == 0;
    for (size_t r = 0; r < OL_LEN(rates); r++)
        for (unsigned kind = 0; kind < BACKLOGS; kind++)
            run(kind, rates[r], is_verbose);
    return 0;
}
