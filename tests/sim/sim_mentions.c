/* What an entry says it has seen where there is more than it can hold: urgent logs before others,
 * as many as there is room for, and the rest in the next one (docs/PROTOCOL.md §4.2). */
#include <stdio.h>
#include <string.h>

#include "lib_scene.h"
#include "wire/entry.h"

enum { URGENT = 40, ROUTINE = 70 };

typedef struct {
    size_t len, seens, urgent, routine; /* of these, first mentions */
    bool is_sorted;
} said;

static ol_err on_entry(void *ctx, const ol_stored_entry *e) {
    said *q = ctx;
    ol_entry entry;
    uint64_t last = 0;
    if (ol_entry_decode(e->entry, e->len, &entry) != OL_OK)
        return OL_EFORM;
    *q = (said){ .len = e->len, .seens = entry.seens, .is_sorted = true };
    for (size_t i = 0; i < entry.seens; i++) {
        q->urgent += entry.seen[i].is_first && entry.seen[i].log.lane == OL_LANE_URGENT;
        q->routine += entry.seen[i].is_first && entry.seen[i].log.lane == OL_LANE_ROUTINE;
        q->is_sorted = q->is_sorted && entry.seen[i].number > last;
        last = entry.seen[i].number;
    }
    return OL_OK;
}

/* Party 0 says something, and this is the entry. */
static said say(sim_scene *s, const ol_log_key *own, size_t bytes) {
    said q = { 0 };
    ol_store *store = s->w->st[0].store;
    sim_say(s->w, 0, OL_LANE_URGENT, bytes);
    sim_pass(s, 500);
    uint64_t size = sim_stored(s, 0, own);
    OL_ASSERT(store->ops->entries(store, sim_line_id, own, size - 1, size, on_entry, &q) == OL_OK);
    EXPECT(s, q.is_sorted, "numbers do not ascend");
    return q;
}

static unsigned more_than_there_is_room_for(void) {
    static const uint8_t word[4] = { 0x80 };
    ol_log_key own;
    sim_scene s;
    sim_scene_begin(&s, "a hundred logs to mention");
    OL_ASSERT(sim_log_of(&s, 0, 0, OL_LANE_URGENT, 0, &own));
    (void)say(&s, &own, 30);
    for (unsigned i = 0; i < URGENT + ROUTINE; i++) { /* the urgent ones are the oldest */
        uint8_t lane = i < URGENT ? OL_LANE_URGENT : OL_LANE_ROUTINE;
        sim_liar_log g = sim_liar_log_new(s.w, 2, lane, 1000 + i);
        sim_give(&s, 0, &g, word, 1, true);
        sim_pass(&s, 100);
        EXPECT(&s, sim_stored(&s, 0, &g.key) == 1, "log %u is not stored", i);
    }
    said one = say(&s, &own, 1500);
    EXPECT(&s, one.len > OL_ENTRY_WHOLE_MAX && one.seens > 0, "%zu bytes, %zu mentions", one.len,
           one.seens);
    EXPECT(&s, one.routine == 0, "%zu are routine", one.routine);
    said two = say(&s, &own, 30);
    EXPECT(&s, two.seens == OL_MENTIONS_MAX, "%zu mentions", two.seens);
    EXPECT(&s, one.urgent + two.urgent == URGENT, "%zu and %zu are urgent", one.urgent, two.urgent);
    said three = say(&s, &own, 30);
    EXPECT(&s, three.routine + two.routine == ROUTINE, "%zu and %zu are routine", two.routine,
           three.routine);
    EXPECT(&s, three.len <= OL_ENTRY_WHOLE_MAX, "%zu bytes", three.len);
    return sim_scene_end(&s);
}

int main(int argc, char **argv) {
    static unsigned (*const scenes[])(void) = { more_than_there_is_room_for };
    return sim_scenes(scenes, OL_LEN(scenes), argc, argv);
}
