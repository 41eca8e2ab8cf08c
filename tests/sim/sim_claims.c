/* A member with a valid session that claims what is not so, to make an honest one do itself harm:
 * that its counter is at its end, that it gave a receipt it never gave, at a time of the liar's. */
#include <stdio.h>
#include <string.h>

#include "lib_scene.h"
#include "line/state.h"
#include "wire/handback.h"

static unsigned a_counter_at_its_end(void) {
    sim_scene s;
    sim_scene_begin(&s, "a second message that says the last counter there is");
    s.to[0].claims = s.to[1].claims = (UINT64_C(1) << 62) - 1;
    for (unsigned i = 0; i < 3; i++)
        sim_pass(&s, 70000); /* the liar's sessions are given up, and the engines open their own */
    for (unsigned p = 0; p < 2; p++) {
        EXPECT(&s, s.to[p].answers > 1, "party %u was answered %llu times", p,
               (unsigned long long)s.to[p].answers);
        EXPECT(&s, s.to[p].counter_seen < 1000000, "party %u is at %llu", p,
               (unsigned long long)s.to[p].counter_seen);
    }
    return sim_scene_end(&s);
}

/* TOLD, of the run that its first messages name. */
static void tell(sim_liar *l) {
    uint8_t room[8];
    ol_wr w = ol_wr_of(room, sizeof room);
    ol_item_put(&w, &(ol_item){ .type = OL_ITEM_TOLD, .run = l->run });
    sim_liar_say(l, room, w.len);
}

/* It makes them ask the liar what it knows, and nobody else; nothing is proven. */
static unsigned a_counter_never_used(void) {
    sim_scene s;
    uint64_t asked[2];
    sim_scene_begin(&s, "a second message with a counter never used");
    for (unsigned p = 0; p < 2; p++)
        tell(&s.to[p]);
    sim_pass(&s, 70000);
    for (unsigned p = 0; p < 2; p++)
        asked[p] = s.to[p].items[OL_ITEM_FORGOT];
    s.to[0].claims = s.to[1].claims = 500000;
    for (unsigned i = 0; i < 3; i++)
        sim_pass(&s, 70000);
    s.to[0].claims = s.to[1].claims = 0;
    for (unsigned p = 0; p < 2; p++) {
        EXPECT(&s, s.to[p].counter_seen > 500000, "party %u is at %llu", p,
               (unsigned long long)s.to[p].counter_seen);
        EXPECT(&s, s.to[p].items[OL_ITEM_FORGOT] > asked[p], "party %u does not ask", p);
        EXPECT(&s, ol_line_copy(s.w->st[p].line) == 0, "party %u is alarmed", p);
    }
    return sim_scene_end(&s);
}

/* One entry, with its head and no word of what the liar holds: what comes of it is gated. */
static void give_bare(sim_scene *s, sim_liar_log *g, const uint8_t *p, size_t len) {
    uint8_t room[OL_FRAME_MAX];
    ol_wr w = ol_wr_of(room, sizeof room - 30);
    sim_liar_put_log(g, &w);
    sim_liar_put_entry(g, p, len, &w);
    sim_liar_put_head(g, &s->w->st[2].log_key, false, false, &w);
    sim_liar_say(&s->to[0], room, w.len);
    sim_pass(s, 3000);
}

/* An entry that has seen party 0's own log, and hands back a receipt of it that there never was. */
static size_t handback(sim_scene *s, const ol_log_key *of, uint64_t time, uint8_t *room,
                       size_t cap) {
    uint8_t body[OL_HANDBACK_MAX];
    ol_handback h = { .party = 0, .n = 1, .v = { { .lane = of->lane, .size = 1, .time = time } } };
    memcpy(h.v[0].incarnation, of->incarnation, OL_INC_LEN);
    ol_wr b = ol_wr_of(body, sizeof body), w = ol_wr_of(room, cap);
    ol_handback_encode(&h, &b);
    ol_entry e = { .kind = OL_KIND_HANDBACK, .wall = 1700000000, .body = body, .body_len = b.len };
    e.seens = 1, e.seen[0] = (ol_mention){ .number = 1, .size = 1, .is_first = true };
    OL_ASSERT(sim_log_of(s, 0, 0, OL_LANE_URGENT, 0, &e.seen[0].log));
    ol_entry_encode(&e, &w);
    OL_ASSERT(b.err == OL_OK && w.err == OL_OK);
    return w.len;
}

static unsigned a_receipt_never_given(uint64_t time, const char *name) {
    static const uint8_t word[100] = { 0x58, 98 };
    sim_scene s;
    uint8_t entry[OL_ENTRY_MAX], sig[OL_SIG_LEN];
    ol_log_key honest;
    ol_item it = { 0 };
    sim_scene_begin(&s, name);
    sim_liar_log routine = sim_liar_log_new(s.w, 2, OL_LANE_ROUTINE, 77);
    sim_liar_log urgent = sim_liar_log_new(s.w, 2, OL_LANE_URGENT, 78);
    give_bare(&s, &routine, word, sizeof word);
    EXPECT(&s, sim_stored(&s, 0, &routine.key) == 1, "not stored");
    EXPECT(&s, sim_receipt(&s, 0, &routine.key, 0, NULL, NULL) == 0, "was not gated");
    give_bare(&s, &urgent, entry, handback(&s, &routine.key, time, entry, sizeof entry));
    EXPECT(&s, sim_stored(&s, 0, &urgent.key) == 1, "the handback is not stored");
    sim_kill(s.w, 0, false);
    sim_start(s.w, 0);
    sim_say(s.w, 1, 0, 50);
    sim_pass(&s, 5000);
    EXPECT(&s, sim_receipt(&s, 0, &routine.key, 0, NULL, NULL) == 0, "signed at the liar's word");
    give_bare(&s, &routine, word, sizeof word); /* above what it claims */
    OL_ASSERT(sim_log_of(&s, 1, 1, OL_LANE_URGENT, 0, &honest));
    EXPECT(&s, sim_receipt(&s, 1, &honest, 0, &it, sig) > 0, "no receipt at all");
    EXPECT(&s, it.time >= 1700000000 && it.time < 1700100000, "a receipt of the time %llu",
           (unsigned long long)it.time);
    s.opened[0] = s.w->st[0].opened;
    return sim_scene_end(&s);
}

static unsigned of_long_ago(void) {
    return a_receipt_never_given(5, "a handback of a receipt of 1970");
}

static unsigned of_the_far_future(void) {
    return a_receipt_never_given((UINT64_C(1) << 40) - 1,
                                 "a handback of a receipt of the far future");
}

/* Whoever makes a station forget again and again, as a copy does, makes it open few logs a day to
 * be handed its receipts back (§6.4). The party whose logs wait hears nothing of it. */
static unsigned few_logs_are_opened(void) {
    sim_scene s = { .name = "asked anew again and again", .w = sim_new(7, 3, false) };
    sim_world *w = s.w;
    for (unsigned p = 0; p < 3; p++)
        sim_start(w, p);
    for (unsigned p = 0; p < 3; p++)
        sim_say(w, p, OL_LANE_URGENT, 50);
    (void)sim_converge(w, 10000);
    sim_kill(w, 0, true);
    sim_net_cut(w, 0, 1, true);
    sim_start(w, 0);
    sim_say(w, 1, OL_LANE_URGENT, 50);
    sim_pass(&s, 3000);
    sim_net_cut(w, 1, 2, true);
    uint64_t before = w->st[0].opened;
    for (unsigned i = 0; i < 3 * OL_ANEW_DAY; i++) {
        sim_pass(&s, 60000);
        w->st[0].line->own[OL_LANE_URGENT].is_new = false;
        sim_say(w, 2, OL_LANE_URGENT, 50); /* it has the other one's session */
    }
    uint64_t opened = w->st[0].opened - before;
    EXPECT(&s, opened == OL_ANEW_DAY, "%llu logs", (unsigned long long)opened);
    sim_net_cut(w, 0, 1, false), sim_net_cut(w, 1, 2, false);
    (void)sim_converge(w, 0);
    printf("%-46s %llu logs%s\n", s.name, (unsigned long long)opened,
           s.failed == 0 ? "" : "  FAILED");
    sim_free(w);
    return s.failed;
}

int main(int argc, char **argv) {
    static unsigned (*const scenes[])(void) = { a_counter_at_its_end, a_counter_never_used,
                                                of_long_ago, of_the_far_future,
                                                few_logs_are_opened };
    return sim_scenes(scenes, OL_LEN(scenes), argc, argv);
}
