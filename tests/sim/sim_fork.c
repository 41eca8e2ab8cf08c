/* Two histories of one log, shown to two members: a liar's own, and an honest party's whose key was
 * stolen. Evidence is found by who can find it, receipts stop for that log only, the victim goes on
 * in a new one, and a member that lies about what it stored stops nobody. */
#include <stdio.h>
#include <string.h>

#include "lib_scene.h"
#include "record/receipt.h"

/* Entries [from, to) of a history that is told apart by `name` from index `fork` on. */
static void tell(sim_scene *s, unsigned i, sim_liar_log *g, uint64_t fork, uint64_t to, char name) {
    while (g->tree.size < to) {
        uint8_t text[12] = { 0x4b, 'e', 'n', 't', 'r', 'y' };
        text[6] = (uint8_t)g->tree.size;
        text[11] = g->tree.size < fork ? '-' : (uint8_t)name;
        sim_give(s, i, g, text, sizeof text, g->tree.size + 1 == to);
        sim_pass(s, 5);
    }
}

/* While they cannot compare. */
static void part(sim_scene *s, bool is_cut) {
    sim_net_cut(s->w, 0, 1, is_cut);
}

/* How many pieces of evidence party p has of this signer's against this log. */
static unsigned pieces(const sim_scene *s, unsigned p, const ol_log_key *log, unsigned signer) {
    ol_fork_status f;
    unsigned n = 0;
    for (size_t i = 0; ol_line_fork(s->w->st[p].line, i, &f); i++)
        n += ol_log_key_eq(&f.log, log) && f.party == signer;
    return n;
}

static uint64_t receipted(const sim_scene *s, unsigned p, const ol_log_key *log) {
    return sim_receipt(s, p, log, p, NULL, NULL);
}

/* The liar opens another log and says the same to both: it is receipted like any other. */
static void goes_on(sim_scene *s, uint64_t incarnation) {
    sim_liar_log g = sim_liar_log_new(s->w, 2, 0, incarnation);
    for (unsigned i = 0; i < 2; i++) {
        sim_liar_log copy = g;
        tell(s, i, &copy, 9, 3, 'c');
        sim_pass(s, 3000);
        EXPECT(s, receipted(s, i, &g.key) == 3, "party %u receipts %llu of the new log", i,
               (unsigned long long)receipted(s, i, &g.key));
    }
}

/* ---- the liar's own log ---- */

static unsigned at_equal_sizes(void) {
    sim_scene s;
    sim_scene_begin(&s, "two histories of one size");
    sim_liar_log a = sim_liar_log_new(s.w, 2, 0, 77), b = a;
    s.has_fork = true;
    part(&s, true);
    tell(&s, 0, &a, 2, 4, 'a');
    tell(&s, 1, &b, 2, 4, 'b');
    part(&s, false);
    sim_pass(&s, 5000);
    for (unsigned p = 0; p < 2; p++) {
        EXPECT(&s, pieces(&s, p, &a.key, 2) == 1, "party %u has no evidence", p);
        EXPECT(&s, receipted(&s, p, &a.key) == 4, "party %u", p);
        EXPECT(&s, s.w->st[p].forks >= 1, "party %u: no alarm", p);
    }
    tell(&s, 0, &a, 2, 7, 'a'); /* stored as before, and vouched for no more */
    sim_pass(&s, 3000);
    EXPECT(&s, sim_stored(&s, 0, &a.key) == 7 && receipted(&s, 0, &a.key) == 4, "%llu receipted",
           (unsigned long long)receipted(&s, 0, &a.key));
    sim_kill(s.w, 0, false); /* what it knows it knows after a restart */
    sim_start(s.w, 0);
    sim_pass(&s, 1000);
    EXPECT(&s, pieces(&s, 0, &a.key, 2) == 1, "forgotten");
    EXPECT(&s, sim_liar_open(&s.to[0], NULL, 0), "no session");
    tell(&s, 0, &a, 2, 9, 'a');
    sim_pass(&s, 3000);
    EXPECT(&s, sim_stored(&s, 0, &a.key) == 9 && receipted(&s, 0, &a.key) == 4, "%llu receipted",
           (unsigned long long)receipted(&s, 0, &a.key));
    goes_on(&s, 78);
    return sim_scene_end(&s);
}

static unsigned at_the_multiples(void) {
    sim_scene s;
    sim_scene_begin(&s, "two histories of 40 and 50 entries");
    sim_liar_log a = sim_liar_log_new(s.w, 2, 1, 77), b = a;
    s.has_fork = true;
    part(&s, true);
    tell(&s, 0, &a, 10, 40, 'a');
    tell(&s, 1, &b, 10, 50, 'b');
    part(&s, false);
    sim_pass(&s, 8000);
    for (unsigned p = 0; p < 2; p++)
        EXPECT(&s, pieces(&s, p, &a.key, 2) == 1, "party %u has no evidence", p);
    EXPECT(&s, sim_stored(&s, 0, &a.key) == 40 && sim_stored(&s, 1, &a.key) == 50, "not kept");
    goes_on(&s, 78);
    return sim_scene_end(&s);
}

/* No head in common: who has more computes its own root at the size of the other's head. */
static unsigned between_the_multiples(void) {
    sim_scene s;
    sim_scene_begin(&s, "two histories that part at their ends");
    sim_liar_log a = sim_liar_log_new(s.w, 2, 1, 77), b = a;
    s.has_fork = true;
    part(&s, true);
    tell(&s, 0, &a, 18, 20, 'a');
    tell(&s, 1, &b, 18, 30, 'b');
    part(&s, false);
    sim_pass(&s, 8000);
    EXPECT(&s, pieces(&s, 1, &a.key, 2) == 1, "the one who holds more has no evidence");
    part(&s, true);
    tell(&s, 0, &a, 18, 40, 'a');
    tell(&s, 1, &b, 18, 48, 'b');
    part(&s, false);
    sim_pass(&s, 20000);
    for (unsigned p = 0; p < 2; p++)
        EXPECT(&s, pieces(&s, p, &a.key, 2) == 1, "party %u has no evidence", p);
    return sim_scene_end(&s);
}

/* Nobody says the same again and again, whether both know of it or the one who holds more. */
static unsigned quiet(const char *name, uint64_t fork, uint64_t a_size, uint64_t b_size) {
    sim_scene s;
    sim_scene_begin(&s, name);
    sim_liar_log a = sim_liar_log_new(s.w, 2, 0, 77), b = a;
    s.has_fork = true;
    part(&s, true);
    tell(&s, 0, &a, fork, a_size, 'a');
    tell(&s, 1, &b, fork, b_size, 'b');
    part(&s, false);
    sim_pass(&s, 60000);
    uint64_t frames = s.w->sum.frames;
    sim_pass(&s, 600000);
    frames = s.w->sum.frames - frames;
    EXPECT(&s, frames < 1500, "%llu frames in ten minutes", (unsigned long long)frames);
    return sim_scene_end(&s);
}

static unsigned quiet_when_both_know(void) {
    return quiet("a fork costs no traffic", 2, 20, 33);
}

static unsigned quiet_when_one_knows(void) {
    return quiet("a fork that one knows costs no traffic", 18, 20, 30);
}

/* ---- a thief with the key of an honest party ---- */

static ol_err on_tree(void *ctx, const ol_stored_log *g) {
    sim_liar_log *to = ctx;
    return ol_log_key_eq(&g->key, &to->key)
               ? ol_frontier_get(g->frontier, g->frontier_len, &to->tree)
               : OL_OK;
}

/* Party 0's urgent log as it stands, in the hands of who can sign it. */
static sim_liar_log stolen(sim_scene *s) {
    ol_log_key key;
    OL_ASSERT(sim_log_of(s, 0, 0, 0, 0, &key));
    sim_liar_log g = sim_liar_log_new(s->w, 0, 0, 0);
    g.key = key;
    ol_store *store = s->w->st[0].store;
    OL_ASSERT(store->ops->logs(store, sim_line_id, on_tree, &g) == OL_OK && g.tree.size > 0);
    return g;
}

/* The thief's entries reach party 1 through the liar, under party 0's own signature. */
static void forge(sim_scene *s, sim_liar_log *g, unsigned entries) {
    for (unsigned i = 0; i < entries; i++) {
        uint8_t room[OL_FRAME_MAX], text[3] = { 0x42, 'x', (uint8_t)i };
        ol_wr w = ol_wr_of(room, sizeof room);
        sim_liar_put_log(g, &w);
        sim_liar_put_entry(g, text, sizeof text, &w);
        if (i + 1 == entries || g->tree.size % 16 == 0)
            sim_liar_put_head(g, &s->w->st[0].log_key, false, false, &w);
        sim_liar_say(&s->to[1], room, w.len);
        sim_pass(s, 5);
    }
    sim_pass(s, 1000);
    EXPECT(s, sim_stored(s, 1, &g->key) == g->tree.size, "party 1 did not take it");
}

/* What party 0 says now is receipted by party 1, in another log than the stolen one. */
static void victim_goes_on(sim_scene *s, const ol_log_key *old) {
    ol_log_key key;
    sim_say(s->w, 0, 0, 60);
    sim_pass(s, 20000);
    bool is_there = sim_log_of(s, 0, 0, 0, 1, &key);
    EXPECT(s, is_there && !ol_log_key_eq(&key, old), "no new log");
    EXPECT(s, s->w->st[0].opened == s->opened[0] + 1, "opened %llu",
           (unsigned long long)(s->w->st[0].opened - s->opened[0]));
    EXPECT(s, is_there && receipted(s, 1, &key) == sim_stored(s, 0, &key), "not receipted");
    sim_say(s->w, 1, 0, 60);
    sim_pass(s, 3000);
    EXPECT(s, sim_log_of(s, 0, 1, 0, 0, &key) && receipted(s, 0, &key) == sim_stored(s, 1, &key),
           "party 1 is not receipted");
}

static unsigned end_of_theft(sim_scene *s) {
    for (unsigned p = 0; p < 2; p++)
        EXPECT(s, s->w->st[p].mem.peak <= SIM_HEAP_MAX, "party %u: %zu bytes", p,
               s->w->st[p].mem.peak);
    printf("%-46s heap at most %zu and %zu%s\n", s->name, s->w->st[0].mem.peak,
           s->w->st[1].mem.peak, s->failed == 0 ? "" : "  FAILED");
    sim_free(s->w);
    return s->failed;
}

static unsigned theft(const char *name, bool is_cut, unsigned forged, unsigned said) {
    sim_scene s;
    sim_scene_begin(&s, name);
    sim_liar_log g = stolen(&s);
    s.w->st[0].is_stolen = true;
    uint64_t true_size = g.tree.size + said;
    part(&s, is_cut);
    forge(&s, &g, forged);
    for (unsigned i = 0; i < said; i++)
        sim_say(s.w, 0, 0, 50), sim_pass(&s, 100);
    part(&s, false);
    sim_pass(&s, 60000);
    EXPECT(&s, sim_stored(&s, 0, &g.key) == true_size, "its own history is not kept");
    EXPECT(&s, sim_stored(&s, 1, &g.key) == g.tree.size, "the other one is not kept");
    if (said > 0)
        EXPECT(&s, pieces(&s, 1, &g.key, 0) == 1, "party 1 has no evidence");
    if (said >= forged)
        EXPECT(&s, pieces(&s, 0, &g.key, 0) == 1, "the victim has no evidence");
    victim_goes_on(&s, &g.key);
    return end_of_theft(&s);
}

static unsigned stolen_one_each(void) {
    return theft("a stolen key: one entry each", true, 1, 1);
}

static unsigned stolen_but_noticed(void) {
    return theft("a stolen key: before the victim says a word", false, 1, 0);
}

static unsigned stolen_thief_says_more(void) {
    return theft("a stolen key: the thief says more", true, 21, 2);
}

static unsigned stolen_victim_says_more(void) {
    return theft("a stolen key: the victim says more", true, 2, 21);
}

/* ---- a member that receipts what nobody signed ---- */

static unsigned receipts_of_a_liar(void) {
    sim_scene s;
    ol_log_key key;
    char origin[OL_NOTE_NAME_MAX + 1];
    uint8_t room[OL_FRAME_MAX], sig[OL_SIG_LEN];
    sim_scene_begin(&s, "a receipt over a root that nobody signed");
    s.has_fork = true; /* it is told; no log is closed for it */
    OL_ASSERT(sim_log_of(&s, 0, 0, 0, 0, &key));
    uint64_t size = sim_stored(&s, 0, &key);
    ol_checkpoint cp = { .size = size };
    memset(cp.root.b, 7, sizeof cp.root.b);
    cp.origin = (ol_str){ origin, ol_checkpoint_origin("line", s.w->card[0].name, &key, origin) };
    ol_receipt_sign(&cp, 1700000500, &s.w->st[2].receipt_key, sig);
    for (unsigned i = 0; i < 2; i++) {
        ol_item it = { .type = OL_ITEM_NOTE_R, .party = 2, .size = size, .time = 1700000500 };
        it.root = cp.root.b, it.p = sig, it.len = sizeof sig;
        ol_wr w = ol_wr_of(room, sizeof room);
        ol_item_put(&w, &(ol_item){ .type = OL_ITEM_LOG_FULL, .log = key });
        ol_item_put(&w, &it);
        for (unsigned k = 0; k < 3; k++)
            sim_liar_say(&s.to[i], room, w.len), sim_pass(&s, 100);
        EXPECT(&s, pieces(&s, i, &key, 2) == 1, "party %u keeps no evidence", i);
        EXPECT(&s, pieces(&s, i, &key, 0) == 0, "party %u blames the author", i);
    }
    sim_say(s.w, 0, 0, 50);
    sim_pass(&s, 3000);
    EXPECT(&s, receipted(&s, 1, &key) == sim_stored(&s, 0, &key),
           "an honest log lost its receipts");
    return sim_scene_end(&s);
}

/* ---- a member that keeps others busy, so that evidence is not found ---- */

enum { BUSY_ENTRIES = 90 };

/* Heads that nobody got at sizes of which no root is kept: each is computed when it is shown. */
static void begin_busy(sim_scene *s, sim_liar_log *g, sim_liar_log at[BUSY_ENTRIES]) {
    for (unsigned i = 0; i < BUSY_ENTRIES; i++) {
        tell(s, 1, g, 0, i + 1, 'x');
        at[i] = *g;
    }
    sim_pass(s, 3000);
    EXPECT(s, sim_stored(s, 1, &g->key) / 16 == BUSY_ENTRIES / 16, "not stored");
}

static void show(sim_scene *s, const sim_liar_log *at, unsigned n) {
    uint8_t room[OL_FRAME_MAX];
    ol_wr w = ol_wr_of(room, sizeof room);
    sim_liar_put_log(at, &w);
    for (unsigned i = 0; i < n; i++)
        sim_liar_put_head(&at[i], &s->w->st[2].log_key, true, false, &w);
    sim_liar_say(&s->to[1], room, w.len);
}

static unsigned notes_without_end(void) {
    sim_scene s;
    static sim_liar_log at[BUSY_ENTRIES];
    sim_scene_begin(&s, "notes without end hide no evidence");
    sim_liar_log a = sim_liar_log_new(s.w, 2, 1, 77), b = a;
    sim_liar_log busy = sim_liar_log_new(s.w, 2, 1, 70);
    s.has_fork = true;
    begin_busy(&s, &busy, at);
    part(&s, true);
    tell(&s, 0, &a, 18, 20, 'a');
    tell(&s, 1, &b, 18, 30, 'b');
    for (unsigned i = 0; i < 3000; i++) {
        show(&s, &at[1 + i % 11 * 5], 4); /* of some of these the root is never at hand */
        part(&s, i < 20);
        sim_pass(&s, 5);
    }
    EXPECT(&s, pieces(&s, 1, &a.key, 2) == 1, "the one who holds more has no evidence");
    return sim_scene_end(&s);
}

enum { LIES = 2048 }; /* logs, each with a receipt of the liar's that is evidence */

/* Pieces of this signer's in party 0's store, of logs of its own that it closed long ago. */
static void lied_before(sim_scene *s) {
    static const uint8_t root[32] = { 7 }, sig[OL_SIG_LEN] = { 7 };
    static ol_put put[3 * LIES];
    ol_store *store = s->w->st[0].store;
    ol_batch batch = { .put = put, .n = OL_LEN(put) };
    s->w->logs_more = LIES;
    memcpy(batch.line, sim_line_id, sizeof batch.line);
    for (size_t i = 0; i < OL_LEN(put); i += 3) {
        ol_log_key key = { .party = 0, .incarnation = { 0xee, (uint8_t)(i >> 8), (uint8_t)i } };
        put[i] = (ol_put){ .kind = OL_PUT_LOG, .log = key };
        put[i + 1] = (ol_put){ .kind = OL_PUT_CLOSED, .log = key };
        put[i + 2] = (ol_put){ .kind = OL_PUT_EVIDENCE, .log = key, .party = 2, .at = 1 };
        put[i + 2].time = 1700000000, put[i + 2].root = root;
        put[i + 2].p = sig, put[i + 2].len = sizeof sig;
    }
    sim_kill(s->w, 0, false);
    OL_ASSERT(store->ops->commit(store, &batch, 1) == OL_OK);
    for (size_t i = 0; i < OL_LEN(put); i += 3) {
        put[i].kind = OL_PUT_CLOSED;
        put[i + 2].party = 1;
    }
    OL_ASSERT(store->ops->commit(store, &batch, 1) == OL_OK);
    sim_start(s->w, 0);
    sim_pass(s, 1000);
    EXPECT(s, sim_liar_open(&s->to[0], NULL, 0), "no session");
}

static unsigned many_lies(void) {
    sim_scene s;
    sim_scene_begin(&s, "many false receipts hide no evidence");
    sim_liar_log a = sim_liar_log_new(s.w, 2, 0, 77), b = a;
    lied_before(&s);
    EXPECT(&s, sim_evidence(&s, 0) == 2 * (size_t)LIES, "%zu pieces", sim_evidence(&s, 0));
    part(&s, true);
    tell(&s, 0, &a, 2, 4, 'a');
    tell(&s, 1, &b, 2, 4, 'b');
    part(&s, false);
    sim_pass(&s, 5000);
    EXPECT(&s, pieces(&s, 0, &a.key, 2) == 1, "no evidence");
    EXPECT(&s, s.w->st[0].forks >= 1, "no alarm");
    printf("%-46s heap at most %zu%s\n", s.name, s.w->st[0].mem.peak,
           s.failed == 0 ? "" : "  FAILED");
    sim_free(s.w);
    return s.failed;
}

int main(int argc, char **argv) {
    static unsigned (*const scenes[])(void) = {
        at_equal_sizes,       at_the_multiples,   between_the_multiples,  quiet_when_both_know,
        quiet_when_one_knows, stolen_one_each,    stolen_thief_says_more, stolen_victim_says_more,
        stolen_but_noticed,   receipts_of_a_liar, notes_without_end,      many_lies,
    };
    return sim_scenes(scenes, OL_LEN(scenes), argc, argv);
}
