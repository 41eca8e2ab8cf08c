/* A member with a valid session that floods: everything it may say, far beyond what is of use.
 * After each scene the memory of the honest is within its bound (tests/sim/lib_scene.h), their
 * logs are their own, and what they say to each other arrives. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib_scene.h"
#include "line/limit.h"
#include "record/receipt.h"

static const uint8_t word[100] = { 0x58, 98 };

static ol_wr start(uint8_t room[OL_FRAME_MAX]) {
    return ol_wr_of(room, OL_FRAME_MAX - 30);
}

/* Says the same items again and again to both; before each repeat `change` may alter them. */
static void repeat(sim_scene *s, unsigned times, const uint8_t *items, size_t len) {
    for (unsigned i = 0; i < times; i++) {
        sim_liar_say(&s->to[i & 1], items, len);
        if (i % 16 == 15)
            sim_pass(s, 5);
    }
    sim_pass(s, 2000);
}

/* The liar says something true at last: it is stored and receipted. */
static void comes_to_reason(sim_scene *s, uint64_t incarnation) {
    sim_liar_log g = sim_liar_log_new(s->w, 2, 0, incarnation);
    for (unsigned i = 0; i < 2; i++) {
        sim_liar_log copy = g;
        sim_give(s, i, &copy, word, sizeof word, true);
        sim_pass(s, 3000);
        uint64_t n = sim_stored(s, i, &g.key), by = sim_receipt(s, i, &g.key, i, NULL, NULL);
        EXPECT(s, n == 1 && by == 1, "party %u: %llu stored, %llu receipted", i,
               (unsigned long long)n, (unsigned long long)by);
    }
}

/* ---- heads and entries ---- */

static unsigned heads_that_do_not_fit(void) {
    sim_scene s;
    uint8_t room[OL_FRAME_MAX];
    sim_scene_begin(&s, "heads that do not fit their entries");
    for (unsigned i = 0; i < 2000; i++) {
        sim_liar_log g = sim_liar_log_new(s.w, 2, i & 1, 1000 + i / 2);
        ol_wr w = start(room);
        sim_liar_put_log(&g, &w);
        sim_liar_put_entry(&g, word, sizeof word, &w);
        sim_liar_put_head(&g, &s.w->st[2].log_key, false, true, &w);
        sim_liar_say(&s.to[i & 1], room, w.len);
    }
    for (unsigned p = 0; p < 2; p++) {
        ol_log_key key;
        EXPECT(&s, sim_count(&s, p, OL_COUNT_HEAD_BAD) == 1000, "party %u", p);
        EXPECT(&s, !sim_log_of(&s, p, 2, 0, 0, &key), "party %u stored one", p);
    }
    comes_to_reason(&s, 1);
    return sim_scene_end(&s);
}

static unsigned entries_without_heads(void) {
    sim_scene s;
    uint8_t room[OL_FRAME_MAX];
    ol_log_key key;
    sim_scene_begin(&s, "a megabyte of entries that no head covers");
    for (unsigned i = 0; i < 1000; i++) {
        sim_liar_log g = sim_liar_log_new(s.w, 2, 0, 1000 + i % 7);
        ol_wr w = start(room);
        g.tree.size = i / 7 * 9; /* gaps, too */
        sim_liar_put_log(&g, &w);
        for (unsigned k = 0; k < 9; k++)
            sim_liar_put_entry(&g, word, sizeof word, &w);
        sim_liar_say(&s.to[i & 1], room, w.len);
    }
    for (unsigned p = 0; p < 2; p++) {
        EXPECT(&s, sim_count(&s, p, OL_COUNT_PROVISIONAL_DROPPED) > 3000, "party %u", p);
        EXPECT(&s, !sim_log_of(&s, p, 2, 0, 0, &key), "party %u stored one", p);
    }
    sim_pass(&s, 30000);
    comes_to_reason(&s, 1);
    return sim_scene_end(&s);
}

/* Entries of logs of others: of the receiver itself, too. */
static unsigned entries_of_others(void) {
    sim_scene s;
    uint8_t room[OL_FRAME_MAX];
    ol_log_key of[2];
    sim_scene_begin(&s, "entries and heads of others' logs");
    for (unsigned p = 0; p < 2; p++)
        (void)sim_log_of(&s, 0, p, 0, 0, &of[p]);
    uint64_t before[2] = { sim_stored(&s, 0, &of[0]), sim_stored(&s, 0, &of[1]) };
    for (unsigned i = 0; i < 1000; i++) {
        sim_liar_log g = sim_liar_log_new(s.w, i & 1, 0, 0);
        g.key = of[i & 1], g.tree.size = before[i & 1] + i / 2 % 3;
        ol_wr w = start(room);
        sim_liar_put_log(&g, &w);
        sim_liar_put_entry(&g, word, sizeof word, &w);
        sim_liar_put_head(&g, &s.w->st[2].log_key, false, false, &w); /* with the wrong key */
        sim_liar_say(&s.to[i >> 1 & 1], room, w.len);
    }
    for (unsigned p = 0; p < 2; p++)
        EXPECT(&s, sim_stored(&s, 0, &of[p]) == before[p] && sim_stored(&s, 1, &of[p]) == before[p],
               "party %u's log grew", p);
    return sim_scene_end(&s);
}

static unsigned heads_of_huge_sizes(void) {
    sim_scene s;
    uint8_t room[OL_FRAME_MAX];
    sim_scene_begin(&s, "heads of huge sizes");
    for (unsigned i = 0; i < 2000; i++) {
        sim_liar_log g = sim_liar_log_new(s.w, i % 3, i >> 2 & 1, 1000 + i);
        if (i % 2 == 0)
            (void)sim_log_of(&s, 0, i % 3 % 2, i >> 2 & 1, 0, &g.key);
        ol_wr w = start(room);
        sim_liar_put_log(&g, &w);
        for (unsigned k = 0; k < 15; k++) {
            uint64_t size = OL_SIZE_MAX - (i % 5) * (UINT64_C(1) << (2 * k));
            ol_item it = { .type = OL_ITEM_HEAD, .size = size, .p = word, .len = OL_SIG_LEN };
            ol_item_put(&w, &it);
        }
        sim_liar_say(&s.to[i & 1], room, w.len);
    }
    sim_pass(&s, 2000);
    comes_to_reason(&s, 1);
    return sim_scene_end(&s);
}

static unsigned incarnations_by_the_thousand(void) {
    enum { MADE = 1000, A_DAY = 256 };
    sim_scene s;
    ol_log_key key;
    sim_scene_begin(&s, "1,000 signed incarnations a lane");
    for (unsigned i = 0; i < 2 * MADE; i++) {
        sim_liar_log g = sim_liar_log_new(s.w, 2, i & 1, 1000 + i);
        for (unsigned p = 0; p < 2; p++) {
            sim_liar_log copy = g;
            sim_give(&s, p, &copy, word, 10, true);
        }
        sim_pass(&s, 10);
    }
    sim_pass(&s, 3000);
    for (unsigned p = 0; p < 2; p++)
        for (uint8_t lane = 0; lane < OL_LANES; lane++)
            EXPECT(&s,
                   sim_log_of(&s, p, 2, lane, A_DAY - 1, &key) &&
                       !sim_log_of(&s, p, 2, lane, A_DAY, &key),
                   "party %u does not hold %u logs", p, A_DAY);
    return sim_scene_end(&s);
}

/* Each step of an engine that 32 such heads wait at must not judge them all again. */
static unsigned heads_that_may_not_be_taken(void) {
    sim_scene s;
    double cost[2];
    sim_scene_begin(&s, "heads that wait for another day");
    for (unsigned turn = 0; turn < 2; turn++) {
        for (unsigned i = 0; i < (turn == 0 ? 256 : 40); i++) {
            sim_liar_log g = sim_liar_log_new(s.w, 2, 0, 1000 + i + turn * 256);
            sim_give(&s, 0, &g, word, 10, true);
        }
        sim_pass(&s, 5000);
        clock_t began = clock();
        for (unsigned i = 0; i < 2000; i++) {
            static const uint8_t pong[] = { OL_ITEM_PONG, 0, 0 };
            sim_liar_say(&s.to[0], pong, sizeof pong);
        }
        cost[turn] = (double)(clock() - began) / CLOCKS_PER_SEC;
    }
    printf("%s: 2,000 frames in %.2f s, then in %.2f s\n", s.name, cost[0], cost[1]);
    EXPECT(&s, cost[1] < 3 * cost[0] + 1, "they are judged anew again and again");
    return sim_scene_end(&s);
}

static unsigned logs_that_nobody_has(void) {
    sim_scene s;
    uint8_t room[OL_FRAME_MAX];
    sim_scene_begin(&s, "items of unknown logs, 30,000 of them");
    size_t before[2] = { s.w->st[0].mem.used, s.w->st[1].mem.used };
    for (unsigned i = 0; i < 3000; i++) {
        ol_wr w = start(room);
        for (unsigned k = 0; k < 9; k++) {
            sim_liar_log g = sim_liar_log_new(s.w, (i + k) % 16, k & 1, i * 10 + k);
            ol_item items[] = { { .type = OL_ITEM_HAVE, .size = 7, .receipt = 9 },
                                { .type = OL_ITEM_ASK, .size = 7 },
                                { .type = OL_ITEM_PROVE },
                                { .type = OL_ITEM_RECEIPT, .size = 1, .p = word },
                                { .type = OL_ITEM_LOG_SHORT, .log = g.key },
                                { .type = OL_ITEM_ASK, .size = 7 } };
            sim_liar_put_log(&g, &w);
            for (size_t n = 0; n < OL_LEN(items); n++)
                ol_item_put(&w, &items[n]);
        }
        sim_liar_log g = sim_liar_log_new(s.w, 3 + i % 13, i & 1, i); /* of no party of the line */
        sim_liar_put_log(&g, &w);
        ol_item_put(&w, &(ol_item){ .type = OL_ITEM_ENTRY, .p = word, .len = 1 });
        ol_item_put(&w, &(ol_item){ .type = OL_ITEM_HEAD, .size = 1, .p = word });
        OL_ASSERT(w.err == OL_OK);
        sim_liar_say(&s.to[i & 1], room, w.len);
    }
    for (unsigned p = 0; p < 2; p++)
        EXPECT(&s, s.w->st[p].mem.used <= before[p], "party %u: %zu for %zu bytes", p,
               s.w->st[p].mem.used, before[p]);
    return sim_scene_end(&s);
}

/* ---- questions and claims ---- */

/* All logs of all parties, with these items of each. */
static size_t about_all(const sim_scene *s, const ol_item *items, size_t n, uint8_t *room) {
    ol_wr w = start(room);
    for (unsigned p = 0; p < 2; p++)
        for (uint8_t lane = 0; lane < OL_LANES; lane++) {
            sim_liar_log g = sim_liar_log_new(s->w, p, lane, 0);
            (void)sim_log_of(s, 0, p, lane, 0, &g.key);
            sim_liar_put_log(&g, &w);
            for (size_t i = 0; i < n; i++)
                ol_item_put(&w, &items[i]);
        }
    OL_ASSERT(w.err == OL_OK);
    return w.len;
}

static unsigned absurd_haves(void) {
    sim_scene s;
    uint8_t room[OL_FRAME_MAX];
    sim_scene_begin(&s, "HAVE of sizes that nobody has");
    for (unsigned i = 0; i < 600; i++) {
        ol_item have = { .type = OL_ITEM_HAVE, .size = OL_SIZE_MAX >> (i % 48) };
        have.receipt = OL_SIZE_MAX >> (i % 7);
        size_t n = about_all(&s, &have, 1, room);
        repeat(&s, 2, room, n);
        if (i % 20 == 0)
            sim_say(s.w, i / 20 & 1, 0, 50), sim_pass(&s, 300);
    }
    s.to[0].items[OL_ITEM_ENTRY] = 0;
    const ol_item none = { .type = OL_ITEM_HAVE };
    repeat(&s, 2, room, about_all(&s, &none, 1, room)); /* and now the truth: it has nothing */
    EXPECT(&s, s.to[0].items[OL_ITEM_ENTRY] > 0, "it gets nothing any more");
    return sim_scene_end(&s);
}

static unsigned floods_of_questions(void) {
    sim_scene s;
    uint8_t room[OL_FRAME_MAX];
    sim_scene_begin(&s, "ASK, PROVE, PING, STOPPED, PONG and TOLD");
    for (unsigned i = 0; i < 4000; i++) {
        ol_item items[] = { { .type = OL_ITEM_ASK, .size = i % 9 },
                            { .type = OL_ITEM_PROVE },
                            { .type = OL_ITEM_PING, .token = (uint16_t)i },
                            { .type = OL_ITEM_PONG, .token = (uint16_t)i },
                            { .type = OL_ITEM_STOPPED, .why = (uint8_t)i },
                            { .type = OL_ITEM_TOLD, .run = i } };
        sim_liar_say(&s.to[i & 1], room, about_all(&s, items, OL_LEN(items), room));
        if (i % 16 == 0)
            sim_pass(&s, 5);
    }
    for (unsigned p = 0; p < 2; p++) {
        uint64_t delayed = sim_count(&s, p, OL_COUNT_REQUESTS_DELAYED);
        printf("%s: %llu delayed by %u\n", s.name, (unsigned long long)delayed, p);
        EXPECT(&s, delayed > 0, "every request of %u is answered", p);
    }
    return sim_scene_end(&s);
}

/* First messages as fast as they go: no more of them are worked on than the limit says. */
static unsigned handshakes_without_end(void) {
    sim_scene s;
    uint8_t room[OL_FRAME_MAX];
    sim_scene_begin(&s, "first messages without end");
    uint64_t answers = s.to[0].answers, from = s.w->now_ms;
    for (unsigned i = 0; i < 3000; i++) {
        size_t n = sim_liar_first(&s.to[0], &(sim_first){ 0 }, NULL, 0, room);
        (void)sim_inject(s.w, 0, 1000 + i % 7, room, n);
        sim_pass(&s, 1);
    }
    uint64_t most = OL_HANDSHAKES_BURST + OL_HANDSHAKES_S * (s.w->now_ms - from + 999) / 1000;
    uint64_t delayed = sim_count(&s, 0, OL_COUNT_HANDSHAKES_DELAYED);
    printf("%s: %llu delayed\n", s.name, (unsigned long long)delayed);
    EXPECT(&s, delayed >= 3000 - most && delayed < 3000, "%llu delayed",
           (unsigned long long)delayed);
    EXPECT(&s, s.to[0].answers - answers <= most, "more answers than the limit");
    EXPECT(&s, sim_count(&s, 1, OL_COUNT_HANDSHAKES_DELAYED) == 0, "the honest are delayed");
    sim_pass(&s, 5000);
    EXPECT(&s, sim_liar_open(&s.to[0], NULL, 0), "it cannot come to reason");
    return sim_scene_end(&s);
}

static unsigned runs_without_end(void) {
    sim_scene s;
    uint8_t room[OL_FRAME_MAX];
    sim_scene_begin(&s, "FORGOT with 3,000 runs");
    uint64_t before = s.to[0].bytes + s.to[1].bytes;
    for (unsigned i = 0; i < 3000; i++) {
        ol_wr w = start(room);
        ol_item_put(&w, &(ol_item){ .type = OL_ITEM_FORGOT, .run = 77 + i });
        sim_liar_say(&s.to[i & 1], room, w.len);
        if (i % 16 == 0)
            sim_pass(&s, 5);
    }
    uint64_t bytes = s.to[0].bytes + s.to[1].bytes - before;
    printf("%s: %llu bytes answered to each\n", s.name, (unsigned long long)bytes / 3000);
    EXPECT(&s, bytes < 3000 * 4 * OL_FRAME_MAX, "more than a frame a log");
    return sim_scene_end(&s);
}

/* Receipts for logs of the honest: of the liar's hand, of the other's name, of huge sizes. */
static unsigned receipts_that_do_not_verify(void) {
    sim_scene s;
    uint8_t room[OL_FRAME_MAX];
    sim_scene_begin(&s, "receipts that do not verify");
    for (unsigned i = 0; i < 2000; i++) {
        ol_item items[] = { { .type = OL_ITEM_RECEIPT, .party = 2, .size = 1 + i % 4 },
                            { .type = OL_ITEM_RECEIPT, .party = 1, .size = 1 + i % 4 },
                            { .type = OL_ITEM_RECEIPT, .party = 0, .size = i % 4 },
                            { .type = OL_ITEM_RECEIPT, .party = 1, .size = OL_SIZE_MAX - i },
                            { .type = OL_ITEM_RECEIPT, .party = 0, .size = OL_SIZE_MAX - i },
                            { .type = OL_ITEM_RECEIPT, .party = 15, .size = 1 },
                            { .type = OL_ITEM_RECEIPT, .party = 2, .size = 0 } };
        size_t n = i % 2 == 0 ? 3 : OL_LEN(items) - 3;
        const ol_item *from = i % 2 == 0 ? items : items + 3;
        for (size_t k = 0; k < OL_LEN(items); k++)
            items[k].p = word, items[k].len = OL_SIG_LEN, items[k].time = 1700000000 + i;
        sim_liar_say(&s.to[i >> 2 & 1], room, about_all(&s, from, n > 3 ? 3 : n, room));
    }
    for (unsigned p = 0; p < 2; p++)
        EXPECT(&s, sim_count(&s, p, OL_COUNT_RECEIPT_BAD) > 1000, "party %u counts %llu", p,
               (unsigned long long)sim_count(&s, p, OL_COUNT_RECEIPT_BAD));
    return sim_scene_end(&s);
}

static unsigned payloads_that_do_not_parse(void) {
    sim_scene s;
    uint8_t room[OL_FRAME_MAX];
    sim_scene_begin(&s, "payloads that do not parse");
    for (unsigned i = 0; i < 3000; i++) {
        for (size_t k = 0; k < 64; k++)
            room[k] = (uint8_t)sim_random(s.w, 256);
        room[0] = OL_ITEM_FORGOT, room[5] = 0x7f; /* a right item, and one that is none */
        sim_liar_say(&s.to[i & 1], room, 64);
    }
    for (unsigned p = 0; p < 2; p++)
        EXPECT(&s, sim_count(&s, p, OL_COUNT_PAYLOAD_BAD) == 1500, "party %u", p);
    EXPECT(&s, s.to[0].items[OL_ITEM_TOLD] == 0, "half of it was taken");
    comes_to_reason(&s, 1);
    return sim_scene_end(&s);
}

/* Full logs that A hands on to B: what was fetched to be sent does not stay in memory. */
static unsigned large_logs_to_hand_on(void) {
    static const uint8_t large[OL_ENTRY_MAX] = { 0x59, 7, 253 };
    sim_scene s;
    uint8_t room[OL_FRAME_MAX];
    sim_scene_begin(&s, "200 logs of 32 KiB to hand on");
    sim_liar_say(&s.to[1], room, 0);
    size_t before = s.w->st[0].mem.used;
    for (unsigned i = 0; i < 200; i++) {
        sim_liar_log g = sim_liar_log_new(s.w, 2, 1, 1000 + i);
        for (unsigned k = 0; k < 16; k++)
            sim_give(&s, 0, &g, large, sizeof large, false);
        sim_pass(&s, 200);
    }
    sim_pass(&s, 10000);
    ol_log_key key;
    EXPECT(&s, sim_log_of(&s, 1, 2, 1, 199, &key) && sim_stored(&s, 1, &key) == 16,
           "they are not handed on");
    size_t used = s.w->st[0].mem.used - before;
    EXPECT(&s, used < 200 * 8192, "each takes %zu bytes at rest", used / 200);
    return sim_scene_end(&s);
}

/* It is far behind for ever: what the others are to get is fetched all the same. */
static unsigned a_member_that_is_silent(void) {
    sim_scene s;
    sim_scene_begin(&s, "a member that is silent");
    for (unsigned i = 0; i < 120; i++)
        sim_say(s.w, i & 1, i >> 1 & 1, 700), sim_pass(&s, i < 60 ? 10 : 2000);
    uint64_t frames = s.w->sum.frames;
    sim_pass(&s, 600000);
    frames = s.w->sum.frames - frames;
    EXPECT(&s, frames < 1500, "%llu frames in ten minutes", (unsigned long long)frames);
    return sim_scene_end(&s);
}

/* At the ceiling of its memory an engine does less, and goes on when there is room again. */
static unsigned memory_at_its_ceiling(void) {
    static const uint8_t large[OL_ENTRY_MAX] = { 0x59, 7, 253 };
    sim_scene s;
    sim_scene_begin(&s, "memory at its ceiling");
    ol_mem *mem = &s.w->st[0].mem;
    size_t cap = mem->cap;
    for (unsigned i = 0; i < 60; i++) {
        sim_liar_log g = sim_liar_log_new(s.w, 2, 1, 1000 + i);
        mem->cap = mem->used + i * 2000;
        for (unsigned k = 0; k < 16; k++)
            sim_give(&s, 0, &g, large, sizeof large, false);
        sim_say(s.w, i & 1, 0, 500);
        sim_pass(&s, 500);
    }
    mem->cap = cap;
    sim_pass(&s, 30000);
    comes_to_reason(&s, 1);
    return sim_scene_end(&s);
}

int main(int argc, char **argv) {
    static unsigned (*const scenes[])(void) = {
        heads_that_do_not_fit,
        entries_without_heads,
        entries_of_others,
        heads_of_huge_sizes,
        incarnations_by_the_thousand,
        heads_that_may_not_be_taken,
        logs_that_nobody_has,
        absurd_haves,
        floods_of_questions,
        handshakes_without_end,
        runs_without_end,
        receipts_that_do_not_verify,
        payloads_that_do_not_parse,
        large_logs_to_hand_on,
        a_member_that_is_silent,
        memory_at_its_ceiling,
    };
    return sim_scenes(scenes, OL_LEN(scenes), argc, argv);
}
