/* What an entry says it has seen and its writer had read, where there is more than it can hold:
 * what has no room is mentioned before it, urgent logs first (docs/PROTOCOL.md §4.2). */
#include <stdio.h>
#include <string.h>

#include "lib_scene.h"
#include "wire/entry.h"

enum { URGENT = 40, ROUTINE = 70, LOGS = URGENT + ROUTINE, KNOWN_MAX = LOGS + 8 };

typedef struct {
    unsigned entries, mentions_kind; /* since the last look; of kind 13 */
    size_t first_urgent;             /* of the first of them: first mentions of urgent logs */
    size_t seens, reads;             /* of the last */
    bool is_sorted, is_read;
} said;

typedef struct { /* our log as a reader reads it */
    ol_log_key own;
    uint64_t size;
    ol_known seen[KNOWN_MAX], read[KNOWN_MAX]; /* by number; read: of the last entry */
    size_t numbers;
    said now;
} reader;

static ol_err on_entry(void *ctx, const ol_stored_entry *e) {
    reader *q = ctx;
    ol_entry entry;
    uint64_t last = 0;
    if (ol_entry_decode(e->entry, e->len, &entry) != OL_OK)
        return OL_EFORM;
    for (size_t i = 0; i < entry.seens; i++) {
        const ol_mention *m = &entry.seen[i];
        OL_ASSERT(m->number <= KNOWN_MAX);
        if (m->is_first)
            OL_ASSERT(m->number == ++q->numbers), q->seen[m->number - 1].log = m->log;
        q->seen[m->number - 1].size = m->size;
        q->now.first_urgent += q->now.entries == 0 && m->is_first && m->log.lane == OL_LANE_URGENT;
        q->now.is_sorted = q->now.is_sorted && m->number > last;
        last = m->number;
    }
    memcpy(q->read, q->seen, sizeof q->read);
    for (size_t i = 0; i < entry.reads; i++)
        q->read[entry.read[i].number - 1].size = entry.read[i].size;
    q->now.entries++, q->now.seens = entry.seens, q->now.reads = entry.reads;
    q->now.mentions_kind += entry.kind == OL_KIND_MENTIONS;
    return OL_OK;
}

/* What is new in our log. */
static said look(sim_scene *s, reader *q) {
    ol_store *store = s->w->st[0].store;
    uint64_t size = sim_stored(s, 0, &q->own);
    q->now = (said){ .is_sorted = true };
    OL_ASSERT(store->ops->entries(store, sim_line_id, &q->own, q->size, size, on_entry, q) ==
              OL_OK);
    q->size = size;
    EXPECT(s, q->now.is_sorted, "numbers do not ascend");
    return q->now;
}

static uint64_t size_in(const ol_known *v, size_t n, const ol_log_key *log) {
    for (size_t i = 0; i < n; i++)
        if (ol_log_key_eq(&v[i].log, log))
            return v[i].size;
    return 0;
}

static void begin(sim_scene *s, reader *q, const char *name) {
    *q = (reader){ .size = 0 };
    sim_scene_begin(s, name);
    OL_ASSERT(sim_log_of(s, 0, 0, OL_LANE_URGENT, 0, &q->own));
    sim_say(s->w, 0, OL_LANE_URGENT, 30);
    sim_pass(s, 500);
    (void)look(s, q);
}

/* Every log of the liar's has one entry more: urgent ones are the oldest. */
static void grow(sim_scene *s, sim_liar_log *log, bool is_new) {
    static const uint8_t word[4] = { 0x80 };
    for (unsigned i = 0; i < LOGS; i++) {
        if (is_new)
            log[i] =
                sim_liar_log_new(s->w, 2, i < URGENT ? OL_LANE_URGENT : OL_LANE_ROUTINE, 1000 + i);
        uint64_t size = sim_stored(s, 0, &log[i].key);
        sim_give(s, 0, &log[i], word, 1, true);
        sim_pass(s, 100);
        EXPECT(s, sim_stored(s, 0, &log[i].key) == size + 1, "log %u is not stored", i);
    }
}

static void holds_all(sim_scene *s, const reader *q, const sim_liar_log *log, uint64_t size) {
    for (unsigned i = 0; i < LOGS; i++)
        EXPECT(s, size_in(q->seen, q->numbers, &log[i].key) == size, "log %u is not mentioned", i);
}

static unsigned more_than_there_is_room_for(void) {
    static sim_liar_log log[LOGS];
    sim_scene s;
    reader q;
    begin(&s, &q, "a hundred logs to mention");
    grow(&s, log, true);
    sim_say(s.w, 0, OL_LANE_URGENT, 1900);
    sim_pass(&s, 500);
    said one = look(&s, &q);
    EXPECT(&s, one.entries == 3 && one.mentions_kind == 2 && one.seens == 0,
           "%u entries, %u of mentions, the last of %zu", one.entries, one.mentions_kind,
           one.seens);
    EXPECT(&s, one.first_urgent == URGENT, "%zu are urgent", one.first_urgent);
    holds_all(&s, &q, log, 1);
    grow(&s, log, false);
    sim_say(s.w, 0, OL_LANE_URGENT, 30);
    sim_pass(&s, 500);
    said two = look(&s, &q);
    EXPECT(&s, two.entries == 2 && two.mentions_kind == 1 && two.seens == LOGS - OL_MENTIONS_MAX,
           "%u entries, %u of mentions, the last of %zu", two.entries, two.mentions_kind,
           two.seens);
    holds_all(&s, &q, log, 2);
    return sim_scene_end(&s);
}

/* A message by who has read the first entry of each of these logs; what is new in our log then. */
static said say_by_reader(sim_scene *s, reader *q, const sim_liar_log *log, ol_known read[LOGS]) {
    static const uint8_t body[] = { 0x80 };
    for (unsigned i = 0; i < LOGS; i++)
        read[i] = (ol_known){ log[i].key, 1 };
    sim_submit_read(s->w, 0, OL_LANE_URGENT, OL_KIND_MESSAGE, (ol_bytes){ body, 1 },
                    &(sim_read){ read, LOGS });
    sim_pass(s, 500);
    return look(s, q);
}

/* What an officer signs covers all that was read, and a reader finds just that in the entry. */
static unsigned read_is_what_was_read(void) {
    static sim_liar_log log[LOGS];
    ol_known read[LOGS];
    sim_scene s;
    reader q;
    begin(&s, &q, "a hundred logs that were read");
    grow(&s, log, true);
    said one = say_by_reader(&s, &q, log, read);
    EXPECT(&s, one.entries == 2 && one.reads > 0, "%u entries, %zu reads", one.entries, one.reads);
    for (unsigned i = 0; i < LOGS; i++)
        EXPECT(&s, size_in(q.read, q.numbers, &log[i].key) == 1, "log %u was read", i);
    for (size_t i = 0; i < q.numbers; i++)
        EXPECT(&s, q.read[i].size == size_in(read, LOGS, &q.read[i].log), "number %zu", i + 1);
    return sim_scene_end(&s);
}

/* Since it was read more logs have grown than an entry can say: it is not said. */
static unsigned read_too_long_ago(void) {
    static sim_liar_log log[LOGS];
    ol_known read[LOGS];
    sim_scene s;
    reader q;
    begin(&s, &q, "a hundred logs that grew since");
    grow(&s, log, true);
    grow(&s, log, false);
    said one = say_by_reader(&s, &q, log, read);
    EXPECT(&s, one.entries == one.mentions_kind, "%u entries, %u of mentions", one.entries,
           one.mentions_kind);
    return sim_scene_end(&s);
}

int main(int argc, char **argv) {
    static unsigned (*const scenes[])(void) = { more_than_there_is_room_for, read_is_what_was_read,
                                                read_too_long_ago };
    return sim_scenes(scenes, OL_LEN(scenes), argc, argv);
}
