/* Links that are hardly there: frames of 14 bytes of which a third is lost, one direction at a
 * time with a turnaround of half a minute, 75 bit/s, a stranger on the wire. Two engines with a
 * segmenter each, at 8N1 with six bytes of framing. What is said arrives and is receipted while all
 * that goes on; what it may cost is counted in bits on the wire.
 *   sim_thin [--scene N] [--verbose] */
#include <string.h>

#include "lib_thin.h"
#include "line/state.h"
#include "line/turn.h"
#include "wire/check.h"

enum { HOUR_MS = 3600000, FRAME_BITS = 10, FRAMING = 6 };

static bool is_verbose;

static struct {
    uint64_t bits[2], frames[2], overs[2], missing[2];
    uint64_t heads[2], receipts[2], packets[2]; /* of packets given out */
    uint64_t longest_ms[2], began_ms[2];        /* transmissions: from the first frame to OVER */
} seen;

static void on_wire(sim_world *w, unsigned from, const uint8_t *p, size_t len) {
    seen.bits[from] += (len + FRAMING) * FRAME_BITS, seen.frames[from]++;
    seen.missing[from] += (p[0] & 0xc0) == 0x40;
    seen.began_ms[from] = seen.began_ms[from] == 0 ? w->now_ms : seen.began_ms[from];
    if (p[0] != 0x01)
        return;
    uint64_t ms = w->now_ms - seen.began_ms[from];
    seen.longest_ms[from] = ms > seen.longest_ms[from] ? ms : seen.longest_ms[from];
    seen.overs[from]++, seen.began_ms[from] = 0;
}

static void on_packet(sim_world *w, unsigned from, unsigned party, uint32_t to, const uint8_t *p,
                      size_t len) {
    (void)w, (void)party, (void)to, (void)p, (void)len;
    ol_rd r = ol_rd_of(sim_sealed.bytes + sim_sealed.at, sim_sealed.len - sim_sealed.at);
    ol_item it = { 0 };
    seen.packets[from]++;
    while (r.left > 0 && ol_item_get(&r, &it) == OL_OK) {
        seen.heads[from] += it.type == OL_ITEM_HEAD;
        seen.receipts[from] += it.type == OL_ITEM_RECEIPT;
    }
}

static sim_world *begin(uint64_t seed, uint64_t bps, uint16_t frame, uint32_t half_ms) {
    sim_world *w = sim_new(seed, 2, is_verbose);
    memset(&seen, 0, sizeof seen);
    sim_thin_link(w, 0, 1, 0, bps, frame, half_ms);
    w->on_frame = on_packet, sim_thin_on_frame = on_wire;
    return w;
}

static void start(sim_world *w) {
    sim_start(w, 0), sim_start(w, 1);
}

static void end(sim_world *w) {
    w->on_frame = NULL, sim_thin_on_frame = NULL;
    (void)sim_converge(w, 0);
    sim_free(w);
}

/* Every entry of every log is receipted by the other, as its author knows it. */
static bool is_receipted(const sim_world *w) {
    for (unsigned p = 0; p < 2; p++)
        for (size_t i = 0; i < w->st[p].line->log.n; i++) {
            const ol_log *log = w->st[p].line->log.v[i];
            if (log->is_own && log->got[1 - p].size < log->tree.size)
                return false;
        }
    return true;
}

static uint64_t until_receipted(sim_world *w, uint64_t limit_ms) {
    uint64_t began = w->now_ms;
    while (!is_receipted(w)) {
        CHECK(w, w->now_ms - began < limit_ms, "not receipted after %llu s",
              (unsigned long long)limit_ms / 1000);
        sim_pass_ms(w, 1000);
    }
    return w->now_ms - began;
}

static void say_some(sim_world *w, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        sim_say(w, i % 2, i / 2 % 2, 100 + sim_random(w, 500));
        sim_pass_ms(w, sim_random(w, 60000));
    }
}

/* ---- frames of 14 bytes, 30 % of them lost ---- */

static void lossy(void) {
    static const uint64_t rates[] = { 75, 300, 2400 };
    for (unsigned i = 0; i < 9; i++) {
        uint64_t bps = rates[i % 3];
        sim_world *w = begin(100 + i, bps, i < 6 ? 14 : 64, 0);
        w->net->link[0][0][1].lost = w->net->link[0][1][0].lost = 300;
        start(w);
        uint64_t began = w->now_ms;
        say_some(w, 20);
        uint64_t ms = until_receipted(w, 24 * HOUR_MS) + w->now_ms - began;
        uint64_t wire = (seen.bits[0] + seen.bits[1]) / FRAME_BITS, frame = i < 6 ? 14 : 64;
        printf("%4llu bit/s, frames of %llu, 30 %% lost: 20 messages receipted after %llu s; %llu "
               "bytes in packets, %llu on the wire\n",
               (unsigned long long)bps, (unsigned long long)frame, (unsigned long long)ms / 1000,
               (unsigned long long)w->sum.bytes, (unsigned long long)wire);
        CHECK(w, seen.missing[0] > 0 && seen.missing[1] > 0, "nothing was asked for");
        uint64_t least = w->sum.bytes * (frame + FRAMING) / (frame - 2);
        CHECK(w, wire < 2 * least, "%llu bytes on the wire where %llu do, but for what is lost",
              (unsigned long long)wire, (unsigned long long)least);
        end(w);
    }
}

/* ---- one direction at a time ---- */

static void half_duplex(void) {
    static const uint32_t turns[] = { 10000, 30000 };
    for (unsigned i = 0; i < 12; i++) {
        sim_world *w = begin(200 + i, i % 3 == 0 ? 2400 : 300, 64, turns[i % 2]);
        w->net->link[0][0][1].lost = w->net->link[0][1][0].lost = i / 2 % 2 == 0 ? 0 : 100;
        start(w);
        uint64_t began = w->now_ms;
        say_some(w, 16);
        (void)until_receipted(w, 8 * HOUR_MS);
        uint64_t hold = ol_turn_hold_ms(turns[i % 2]);
        printf("half duplex, %u s: 16 messages receipted after %llu s, %llu and %llu "
               "transmissions\n",
               turns[i % 2] / 1000, (unsigned long long)(w->now_ms - began) / 1000,
               (unsigned long long)seen.overs[0], (unsigned long long)seen.overs[1]);
        for (unsigned p = 0; p < 2; p++)
            CHECK(w, seen.longest_ms[p] <= hold, "a transmission of %llu ms, %llu is the most",
                  (unsigned long long)seen.longest_ms[p], (unsigned long long)hold);
        end(w);
    }
}

/* Much to say: transmissions are as long as they may be, receipts ride on the other's. */
static void long_transmissions(void) {
    sim_world *w = begin(300, 300, 64, 10000);
    start(w);
    sim_say(w, 0, OL_LANE_ROUTINE, 100), sim_say(w, 1, OL_LANE_ROUTINE, 100);
    (void)until_receipted(w, HOUR_MS);
    sim_pass_ms(w, 600000);
    memset(&seen, 0, sizeof seen);
    for (unsigned i = 0; i < 48; i++)
        sim_say(w, 0, OL_LANE_ROUTINE, 300);
    uint64_t took_ms = until_receipted(w, 2 * HOUR_MS);
    uint64_t needs = seen.bits[0] * 1000 / 300 / 58000 + 2;
    printf(
        "48 messages in %llu s: %llu transmissions there, %llu back; %llu heads, %llu receipts\n",
        (unsigned long long)took_ms / 1000, (unsigned long long)seen.overs[0],
        (unsigned long long)seen.overs[1], (unsigned long long)seen.heads[0],
        (unsigned long long)seen.receipts[1]);
    CHECK(w, seen.overs[0] <= needs + 2, "%llu transmissions where %llu do",
          (unsigned long long)seen.overs[0], (unsigned long long)needs);
    CHECK(w, seen.heads[0] <= seen.overs[0] + 48 / OL_HEAD_EVERY, "%llu heads",
          (unsigned long long)seen.heads[0]);
    CHECK(w, seen.receipts[1] <= seen.overs[1] + 1, "%llu receipts",
          (unsigned long long)seen.receipts[1]);
    CHECK(w, w->st[0].line->count[OL_COUNT_RESENT] <= 1, "what was on its way was sent again");
    end(w);
}

/* ---- a stranger on the wire ---- */

static void inject(sim_world *w, unsigned to, const uint8_t *p, size_t len) {
    sim_packet k = { .from = (uint8_t)(1 - to), .to = (uint8_t)to, .len = len };
    k.at_ms = w->now_ms;
    memcpy(k.bytes, p, len);
    sim_thin_arrive(w, &k);
    sim_turn(w, to);
}

static uint8_t heard_kind;

static void on_tapped(sim_world *w, unsigned from, const uint8_t *p, size_t len) {
    on_wire(w, from, p, len);
    heard_kind = p[0];
}

/* Something forged every few seconds, and what was heard last stands in it. */
static void poison(sim_world *w, uint64_t ms) {
    for (uint64_t until = w->now_ms + ms; w->now_ms < until;) {
        uint8_t f[64];
        size_t len = 3 + sim_random(w, 61);
        for (size_t i = 0; i < len; i++)
            f[i] = (uint8_t)sim_random(w, 256);
        uint64_t kind = sim_random(w, 4);
        f[0] = kind == 0
                   ? 0x01
                   : (uint8_t)((kind == 1 ? 0x40 : 0x80 | (f[0] & 0x40)) | (heard_kind & 0x3f));
        if (sim_one_in(w, 2))
            f[1] &= 0x0f;
        inject(w, (unsigned)sim_random(w, 2), f, kind == 0 ? 1 : len);
        sim_pass_ms(w, 1000 + sim_random(w, 8000));
    }
}

static void poisoned(void) {
    for (unsigned i = 0; i < 8; i++) {
        sim_world *w = begin(400 + i, 300, 64, i % 2 == 0 ? 0 : 10000);
        sim_thin_on_frame = on_tapped;
        start(w);
        uint64_t began = w->now_ms, said = 12;
        for (unsigned k = 0; k < said; k++) {
            sim_say(w, k % 2, k / 2 % 2, 100 + sim_random(w, 500));
            poison(w, 30000);
        }
        while (!is_receipted(w)) {
            CHECK(w, w->now_ms - began < 6 * HOUR_MS, "not receipted");
            poison(w, 10000);
        }
        uint64_t wire = (seen.bits[0] + seen.bits[1]) / 10;
        printf("poisoned, %s: 12 messages receipted after %llu s, %llu bytes in packets, %llu on "
               "the wire\n",
               i % 2 == 0 ? "both ways" : "half duplex",
               (unsigned long long)(w->now_ms - began) / 1000, (unsigned long long)w->sum.bytes,
               (unsigned long long)wire);
        CHECK(w, wire < 3 * w->sum.bytes + 20 * (seen.frames[0] + seen.frames[1]),
              "a stranger made us say %llu bytes", (unsigned long long)wire);
        end(w);
    }
}

/* ---- what is urgent ---- */

static uint64_t flash_index, flash_ms;
static bool is_flash_out; /* of the engine */

static void on_flash(sim_world *w, unsigned from, unsigned party, uint32_t to, const uint8_t *p,
                     size_t len) {
    (void)w, (void)party, (void)to, (void)p, (void)len;
    ol_rd r = ol_rd_of(sim_sealed.bytes + sim_sealed.at, sim_sealed.len - sim_sealed.at);
    ol_item it = { 0 };
    bool is_ours = false;
    while (from == 0 && r.left > 0 && ol_item_get(&r, &it) == OL_OK) {
        if (it.type <= OL_ITEM_LOG_FULL)
            is_ours = it.log.party == 0 && it.log.lane == OL_LANE_URGENT;
        else if (is_ours && it.type == OL_ITEM_ENTRY && it.index == flash_index)
            is_flash_out = true;
    }
}

/* What begins a packet after that is the FLASH: a routine one goes on behind its first piece. */
static void on_flash_wire(sim_world *w, unsigned from, const uint8_t *p, size_t len) {
    bool begins = p[0] == 0x00 || ((p[0] & 0x80) != 0 && p[1] == 0);
    (void)len;
    if (from == 0 && is_flash_out && begins && flash_ms == 0)
        flash_ms = w->now_ms;
}

/* A FLASH while 40 kilobytes go out, anywhere in a packet: after the frame that is on the wire. */
static void preempting(void) {
    static const uint64_t rates[] = { 75, 300, 2400 };
    for (unsigned i = 0; i < 6; i++) {
        uint64_t bps = rates[i % 3], worst = 0;
        uint16_t frame = i < 3 ? 64 : 14;
        sim_world *w = begin(500 + i, bps, frame, 0);
        w->on_frame = on_flash, sim_thin_on_frame = on_flash_wire;
        start(w);
        sim_say(w, 0, OL_LANE_URGENT, 100), sim_say(w, 0, OL_LANE_ROUTINE, 100);
        (void)until_receipted(w, HOUR_MS);
        for (unsigned k = 0; k < 40; k++)
            sim_say(w, 0, OL_LANE_ROUTINE, 1000);
        const ol_log *log = w->st[0].line->own[OL_LANE_URGENT].log;
        for (unsigned k = 0; k < 8; k++) {
            sim_pass_ms(w, 20000 + sim_random(w, 60000));
            uint64_t said_ms = w->now_ms;
            flash_index = log->tree.size, flash_ms = 0, is_flash_out = false;
            sim_say(w, 0, OL_LANE_URGENT, 100);
            while (flash_ms == 0 && w->now_ms - said_ms < HOUR_MS)
                sim_pass_ms(w, 10);
            CHECK(w, flash_ms > 0, "the FLASH did not go");
            uint64_t bits = (flash_ms - said_ms) * bps / 1000;
            worst = bits > worst ? bits : worst;
            CHECK(w, bits <= (frame + (uint64_t)FRAMING) * FRAME_BITS + bps / 100,
                  "%llu bits went before the FLASH", (unsigned long long)bits);
            while (log->got[1].size < log->tree.size)
                sim_pass_ms(w, 1000);
        }
        printf("%4llu bit/s, frames of %u: at most %llu bits went before a FLASH, a frame has %u\n",
               (unsigned long long)bps, frame, (unsigned long long)worst,
               (frame + FRAMING) * FRAME_BITS);
        w->on_frame = NULL, sim_thin_on_frame = NULL;
        sim_free(w);
    }
}

/* ---- nothing to say ---- */

static void check(sim_world *w, unsigned p, uint64_t number) {
    uint8_t body[OL_CHECK_MAX];
    ol_check c = { .number = number, .interval = 3600 };
    c.proven.n = 1;
    c.proven.v[0].party = (uint8_t)(1 - p), c.proven.v[0].age = 3590;
    OL_ASSERT(ol_paths_name("serial", 6, 0, c.proven.v[0].bearer));
    ol_wr out = ol_wr_of(body, sizeof body);
    ol_check_encode(&c, &out);
    sim_submit(w, p, OL_LANE_URGENT, OL_KIND_CHECK, body, out.len);
}

static void idle(void) {
    for (unsigned i = 0; i < 4; i++) {
        uint64_t bps = 75;
        uint16_t frame = i % 2 == 0 ? 64 : 14;
        sim_world *w = begin(600 + i, bps, frame, i < 2 ? 0 : 10000);
        start(w);
        sim_pass_ms(w, HOUR_MS);
        memset(&seen, 0, sizeof seen);
        for (uint64_t hour = 1; hour <= 24; hour++)
            for (unsigned p = 0; p < 2; p++) {
                check(w, p, hour);
                sim_pass_ms(w, HOUR_MS / 2); /* each side in its turn */
            }
        uint64_t could = bps * 24 * 3600;
        for (unsigned p = 0; p < 2; p++) {
            printf("idle at 75 bit/s, frames of %u%s: %.2f %% of the wire\n", frame,
                   i < 2 ? "" : ", half duplex", (double)seen.bits[p] * 100 / (double)could);
            CHECK(w, seen.bits[p] * 50 < could, "%c said %llu bits of %llu", sim_name(w, p),
                  (unsigned long long)seen.bits[p], (unsigned long long)could);
        }
        CHECK(w, is_receipted(w), "a check is not receipted");
        end(w);
    }
}

int main(int argc, char **argv) {
    static void (*const scenes[])(void) = { lossy,    half_duplex, long_transmissions,
                                            poisoned, preempting,  idle };
    unsigned only = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0)
            is_verbose = true;
        else if (strcmp(argv[i], "--scene") == 0 && i + 1 < argc)
            only = (unsigned)(argv[++i][0] - '0');
        else
            return fprintf(stderr, "usage: sim_thin [--scene 1..6] [--verbose]\n"), 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (unsigned i = 1; i <= OL_LEN(scenes); i++)
        if (only == 0 || only == i)
            scenes[i - 1]();
    return 0;
}
