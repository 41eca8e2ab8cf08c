/* Strangers against two live engines: so many packets of each kind, and beside them the same two
 * engines left alone. Where docs/PROTOCOL.md §5.1 allows no answer there is none, and memory,
 * store, notes and commits are at every moment those of the engines that nobody disturbed.
 *   sim_stranger [--packets N]    of each kind (default 100000), a fifth of some */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "lib_inner.h"
#include "lib_liar.h"

enum {
    RECORD_MAX = 4096,
    POOL = 512,
    LATEST = 64,
    STRANGER = 200,
    BURST = 64,
    SAY_EVERY = 32768,
    ANY = -1
};

typedef struct {
    unsigned to;
    uint64_t at_ms;
    sim_bytes frame;
} recorded;

static recorded record[RECORD_MAX];
static size_t records, firsts[RECORD_MAX], first_n;
static sim_world *line, *control; /* the one that strangers reach, and its twin */
static sim_liar liar[2];          /* party 0 towards 1 and the reverse: only to forge with */
static uint64_t answers, answer_bytes;

static uint64_t rnd(uint64_t below) { /* splitmix64; the world's own stays as it is */
    static uint64_t state = 1;
    uint64_t z = (state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (z ^ z >> 31) % below;
}

static void on_frame(sim_world *w, unsigned from, unsigned party, uint32_t to, const uint8_t *p,
                     size_t len) {
    sim_keys pair;
    sim_pair(from, party, 0, &pair);
    if (to == STRANGER)
        answers++, answer_bytes += len;
    bool is_of_line = w == line || control == NULL; /* the twin says the same */
    if (to == STRANGER || !is_of_line || records == RECORD_MAX)
        return;
    if (memcmp(p, pair.hint_to, 4) == 0)
        firsts[first_n++] = records;
    recorded *r = &record[records++];
    r->to = party, r->at_ms = w->now_ms, r->frame.len = len;
    memcpy(r->frame.bytes, p, len);
}

static sim_world *world(void) {
    sim_world *w = sim_new(1, 2, false);
    w->on_frame = on_frame;
    sim_start(w, 0), sim_start(w, 1);
    for (unsigned i = 0; i < 60; i++) { /* five minutes: several sessions, restarts too */
        sim_say(w, i % 2, i % 3 == 0, 20 + 30 * i);
        if (i == 30)
            sim_kill(w, 1, false), w->st[1].restart_ms = w->now_ms + 300;
        sim_until(w, w->now_ms + 5000);
    }
    (void)sim_converge(w, 10000);
    sim_until(w, w->now_ms + 1000);
    return w;
}

/* ---- what strangers send ---- */

static size_t any(uint8_t *to, unsigned party) {
    (void)party;
    size_t n = (size_t)rnd(OL_FRAME_MAX + 1);
    for (size_t i = 0; i < n; i += 8) {
        uint64_t z = rnd(UINT64_MAX);
        memcpy(to + i, &z, sizeof z);
    }
    return n;
}

static const recorded *real(unsigned party) {
    const recorded *r;
    size_t latest = rnd(2) == 0 && records > LATEST ? records - LATEST : 0; /* of live sessions */
    do
        r = &record[latest + rnd(records - latest)];
    while (r->to != party || line->now_ms - r->at_ms < 100); /* it has arrived: this is a copy */
    return r;
}

/* The first bytes are right: of a hint or of a session, live or past. */
static size_t known_tag(uint8_t *to, unsigned party) {
    size_t n = any(to, party);
    const recorded *r = real(party);
    if (n > 4)
        memcpy(to, r->frame.bytes, rnd(2) == 0 ? 2 : 4);
    return n;
}

static size_t truncated(uint8_t *to, unsigned party) {
    const recorded *r = real(party);
    memcpy(to, r->frame.bytes, r->frame.len);
    return (size_t)rnd(r->frame.len);
}

static size_t lengthened(uint8_t *to, unsigned party) {
    const recorded *r = real(party);
    size_t n = any(to, party);
    memcpy(to, r->frame.bytes, r->frame.len);
    return n > r->frame.len ? n : r->frame.len + 1;
}

static size_t flipped(uint8_t *to, unsigned party) {
    const recorded *r = real(party);
    memcpy(to, r->frame.bytes, r->frame.len);
    bool is_early = rnd(3) == 0 && r->frame.len > 16; /* index, counter, hint */
    to[rnd(is_early ? 16 : r->frame.len)] ^= (uint8_t)(1 << rnd(8));
    return r->frame.len;
}

static size_t replayed(uint8_t *to, unsigned party) {
    const recorded *r = real(party);
    memcpy(to, r->frame.bytes, r->frame.len);
    return r->frame.len;
}

static size_t replayed_first(uint8_t *to, unsigned party) {
    const recorded *r;
    do
        r = &record[firsts[rnd(first_n)]];
    while (r->to != party || line->now_ms - r->at_ms < 100);
    memcpy(to, r->frame.bytes, r->frame.len);
    return r->frame.len;
}

static size_t reflected(uint8_t *to, unsigned party) { /* back to who said it */
    return replayed(to, 1 - party);
}

static size_t forged(uint8_t *to, unsigned party, const sim_first *how) {
    static const uint8_t items[60] = { OL_ITEM_FORGOT, 1, 2, 3, 4, OL_ITEM_LATER, 53 };
    static sim_bytes pool[2][POOL];
    static const sim_first *of;
    static size_t made;
    if (of != how)
        of = how, made = 0;
    bool is_new = made < 2 * POOL; /* each costs two DH, and none is ever taken */
    sim_bytes *b = &pool[party][is_new ? made++ / 2 : rnd(POOL)];
    if (is_new)
        b->len = sim_liar_first(&liar[1 - party], how, items, sizeof items, b->bytes);
    memcpy(to, b->bytes, b->len);
    return b->len;
}

static size_t no_line(uint8_t *to, unsigned party) {
    static const sim_first how = { .has_wrong_psk = true, .has_wrong_mac = true };
    return forged(to, party, &how);
}

static size_t no_mac(uint8_t *to, unsigned party) {
    static const sim_first how = { .has_no_mac = true };
    return forged(to, party, &how);
}

static size_t wrong_psk(uint8_t *to, unsigned party) {
    static const sim_first how = { .has_wrong_psk = true };
    return forged(to, party, &how);
}

static size_t wrong_party(uint8_t *to, unsigned party) {
    static const sim_first how = { .has_wrong_static = true };
    return forged(to, party, &how);
}

static size_t wrong_epoch(uint8_t *to, unsigned party) {
    static const sim_first how = { .epoch = 1 };
    return forged(to, party, &how);
}

static size_t counter_too_large(uint8_t *to, unsigned party) {
    static const sim_first how = { .counter = UINT64_C(1) << 62 };
    return forged(to, party, &how);
}

static const struct {
    const char *name;
    size_t (*make)(uint8_t *to, unsigned party);
    int want;         /* the count that they all end in; ANY: several */
    bool is_answered; /* §5.1: at most one answer a second and path */
    bool is_extra;    /* a fifth of the packets: what the others are made of, once more */
} kinds[] = {
    { "random", any, ANY, false, false },
    { "random behind known first bytes", known_tag, ANY, false, true },
    { "truncated", truncated, ANY, false, false },
    { "lengthened", lengthened, ANY, false, true },
    { "a bit flipped", flipped, ANY, false, false },
    { "replayed", replayed, ANY, true, false },
    { "replayed handshakes", replayed_first, OL_COUNT_REPLAYED_FIRST, true, false },
    { "reflected", reflected, ANY, false, true },
    { "no line: PSK and MAC wrong", no_line, OL_COUNT_MAC_BAD, false, false },
    { "no MAC", no_mac, OL_COUNT_MAC_BAD, false, true },
    { "right MAC, wrong PSK", wrong_psk, OL_COUNT_TAG_BAD, false, true },
    { "right line, wrong party", wrong_party, OL_COUNT_TAG_BAD, false, false },
    { "wrong epoch", wrong_epoch, OL_COUNT_FRAME_DROPPED, false, true },
    { "counter of 2^62", counter_too_large, OL_COUNT_FRAME_DROPPED, false, true },
};

/* ---- what must not have changed ---- */

typedef struct {
    uint64_t unknown, of[OL_COUNT_N];
} tally;

static void count(tally *t, int sign) {
    for (unsigned p = 0; p < 2; p++)
        for (unsigned c = 0; line->st[p].is_up && c < OL_COUNT_N; c++)
            t->of[c] += (uint64_t)sign * (ol_line_count(line->st[p].line, (ol_count)c) -
                                          ol_line_count(control->st[p].line, (ol_count)c));
}

static bool is_undisturbed(const char *name) {
    bool is_right = true;
    for (unsigned p = 0; p < 2; p++) {
        const sim_station *a = &line->st[p], *b = &control->st[p];
        is_right = is_right && a->mem.used == b->mem.used && a->mem.peak == b->mem.peak &&
                   a->secret.used == b->secret.used &&
                   sim_disk_used(a->disk) == sim_disk_used(b->disk) && a->commits == b->commits &&
                   a->notes == b->notes && memcmp(a->address, b->address, sizeof a->address) == 0;
        if (!is_right)
            printf("%s: party %u: heap %zu for %zu, store %zu for %zu, commits %llu for %llu, "
                   "notes %llu for %llu, address %u\n",
                   name, p, a->mem.used, b->mem.used, sim_disk_used(a->disk),
                   sim_disk_used(b->disk), (unsigned long long)a->commits,
                   (unsigned long long)b->commits, (unsigned long long)a->notes,
                   (unsigned long long)b->notes, a->address[1 - p][0]);
    }
    /* Who forges is a member, and that its first messages are put off is told: BUSY. */
    uint64_t more = line->sum.bytes - answer_bytes - control->sum.bytes;
    uint64_t told = line->has_forger ? 2 * 2 * (1 + line->now_ms / 10000) : 0;
    return is_right && line->sum.frames - answers == control->sum.frames && more <= told;
}

/* Only who knows a member's secrets can make a right MAC: those spend that member's handshakes. */
static bool is_forger(size_t kind) {
    return kinds[kind].make == wrong_psk || kinds[kind].make == wrong_party;
}

static bool run(size_t kind, uint64_t packets) {
    uint8_t frame[2 * OL_FRAME_MAX];
    tally t = { 0 };
    uint64_t began_ms = line->now_ms, answers_before = answers, bytes_before = answer_bytes;
    bool is_right = true;
    count(&t, -1);
    line->has_forger = line->has_forger || is_forger(kind);
    for (uint64_t i = 0; i < packets; i++) {
        unsigned party = (unsigned)(i & 1);
        size_t len = kinds[kind].make(frame, party);
        t.unknown += !sim_inject(line, party, STRANGER, frame, len);
        if (i % BURST != BURST - 1)
            continue;
        if (i % SAY_EVERY == BURST - 1) /* traffic goes on */
            sim_say(line, party, i >> 15 & 1, 100), sim_say(control, party, i >> 15 & 1, 100);
        sim_until(line, line->now_ms + BURST), sim_until(control, line->now_ms);
        is_right =
            is_right && (i % SAY_EVERY != SAY_EVERY / 2 - 1 || is_undisturbed(kinds[kind].name));
    }
    sim_until(line, line->now_ms + 2000), sim_until(control, line->now_ms); /* late answers */
    count(&t, 1);
    uint64_t said = answers - answers_before, bytes = answer_bytes - bytes_before;
    uint64_t paths = kinds[kind].is_answered ? line->st[0].is_up + line->st[1].is_up : 0;
    uint64_t allowed = paths * (1 + (line->now_ms - began_ms) / 1000);
    uint64_t *n = t.of, late = is_forger(kind) ? n[OL_COUNT_HANDSHAKES_DELAYED] : 0;
    uint64_t sum = t.unknown + n[OL_COUNT_FRAME_DROPPED] + n[OL_COUNT_MAC_BAD] +
                   n[OL_COUNT_REPLAYED_FIRST] + n[OL_COUNT_TAG_BAD] + late;
    is_right = is_undisturbed(kinds[kind].name) && is_right && said <= allowed && sum == packets &&
               (said > 0 || allowed == 0);
    if (kinds[kind].want != ANY && line->st[0].is_up)
        is_right = is_right && n[kinds[kind].want] + late == packets;
    for (unsigned c = OL_COUNT_PAYLOAD_BAD; c < OL_COUNT_N; c++)
        is_right = is_right && (n[c] == 0 || (c == OL_COUNT_HANDSHAKES_DELAYED && late > 0));
    printf("%-32s %llu packets: %llu unknown, %llu dropped, %llu MAC, %llu repeated, %llu tag; "
           "%llu answers (%llu allowed), %llu bytes%s\n",
           kinds[kind].name, (unsigned long long)packets, (unsigned long long)t.unknown,
           (unsigned long long)n[OL_COUNT_FRAME_DROPPED], (unsigned long long)n[OL_COUNT_MAC_BAD],
           (unsigned long long)n[OL_COUNT_REPLAYED_FIRST], (unsigned long long)n[OL_COUNT_TAG_BAD],
           (unsigned long long)said, (unsigned long long)allowed, (unsigned long long)bytes,
           is_right ? "" : "  FAILED");
    return is_right;
}

/* What both sides say now takes no longer than between those that nobody disturbed. */
static bool recovers(const char *name) {
    sim_world *both[] = { line, control };
    uint64_t ms[2];
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned k = 0; k < 10; k++)
            sim_say(both[i], k & 1, k >> 1 & 1, 200);
        ms[i] = sim_converge(both[i], 60000);
    }
    printf("%s: the same on both sides after %llu ms, undisturbed after %llu\n", name,
           (unsigned long long)ms[0], (unsigned long long)ms[1]);
    return ms[0] == ms[1];
}

int main(int argc, char **argv) {
    uint64_t packets = 100000;
    unsigned failed = 0;
    if (argc == 3 && strcmp(argv[1], "--packets") == 0 &&
        ol_u64_get(argv[2], strlen(argv[2]), 1, 100000000, &packets) == OL_OK)
        argc = 1;
    if (argc != 1)
        return fprintf(stderr, "usage: sim_stranger [--packets N]\n"), 2;
    control = world();
    line = world();
    for (unsigned p = 0; p < 2; p++) {
        sim_liars_listen(line, p, &liar[p], 1);
        liar[p].counter = UINT64_C(1) << 40; /* above what was taken from this party */
    }
    line->on_frame = on_frame;
    printf("%zu frames recorded, %zu of them first messages\n", records, first_n);
    for (size_t i = 0; i < OL_LEN(kinds); i++)
        failed += !run(i, kinds[i].is_extra ? (packets + 4) / 5 : packets);
    size_t runs = OL_LEN(kinds);
    failed += !recovers("then 10 messages");
    sim_kill(line, 0, false), sim_kill(control, 0, false);
    sim_until(line, line->now_ms + 60000), sim_until(control, line->now_ms);
    printf("party 0 is down:\n");
    for (size_t i = 0; i < OL_LEN(kinds); i++)
        if (kinds[i].is_answered)
            failed += !run(i, packets / 4), runs++;
    sim_start(line, 0), sim_start(control, 0);
    failed += !recovers("party 0 is up, 10 messages"), runs += 2;
    printf("%zu passed, %u failed\n", runs - failed, failed);
    sim_free(line), sim_free(control);
    return failed == 0 ? 0 : 1;
}
