/* tests/sim/lib_world.h — stations in one process, one thread, virtual time and one seed.
 * Each station is the real engine over the in-memory store, driven as production drives it;
 * between them a path that loses, repeats, delays and so reorders frames. Stations lose power at
 * chosen points of the commit, are killed (the run marker stays) or rebooted (it goes), or are set
 * back to an older copy of their store. Invariants are checked as things happen; the first that
 * fails prints the seed and traps. The same seed gives the same trace. */
#ifndef OL_TESTS_SIM_LIB_WORLD_H
#define OL_TESTS_SIM_LIB_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/sign.h"
#include "line/line.h"
#include "store/mem.h"

enum { SIM_PARTIES_MAX = 6, SIM_PACKETS_MAX = 4096, SIM_ITEMS_MAX = 4096, SIM_SEEN_MAX = 65536 };

typedef struct {
    uint32_t lost, repeated; /* per thousand frames */
    uint64_t delay_ms, jitter_ms;
    bool is_cut[SIM_PARTIES_MAX][SIM_PARTIES_MAX]; /* from, to */
} sim_path;

typedef struct {
    uint64_t at_ms, order;
    uint8_t from, to;
    size_t len;
    uint8_t bytes[OL_FRAME_MAX];
    bool is_used;
} sim_packet;

typedef struct {
    bool is_up, is_answered, fails_next;
    bool is_liar; /* no engine: never started, and nothing is expected of it */
    ol_mem mem, secret, disk_mem;
    ol_store *store, *backup;
    ol_switch *sw;
    ol_line *line;
    ol_marker marker; /* in its tmpfs: gone with a reboot */
    uint64_t timer_ms, restart_ms;
    int64_t clock_off_s;
    uint32_t crash_at; /* counts down at each point where power may fail; 0: never */
    ol_sign_key log_key, receipt_key;
    uint8_t static_priv[32];
    uint64_t starts, recovered, opened, forks, commits, notes;
    uint32_t address; /* the token a path was last moved to; 0: never */
} sim_station;

typedef struct {
    uint8_t by;
    uint8_t id[OL_ITEM_LEN];
    bool is_told; /* the client heard that it is durable */
    ol_log_key log;
    uint64_t index;
} sim_said;

struct sim_world;
/* A frame as an engine gave it out; `to` is the address token it is for, 0: the path's own. */
typedef void sim_frame_fn(struct sim_world *w, unsigned from, unsigned party, uint32_t to,
                          const uint8_t *p, size_t len);

typedef struct sim_world {
    uint64_t seed, rnd, now_ms, order, trace;
    unsigned parties;
    bool is_verbose;
    sim_path path;
    sim_station st[SIM_PARTIES_MAX];
    ol_line_party card[SIM_PARTIES_MAX];
    sim_packet packet[SIM_PACKETS_MAX];
    sim_said said[SIM_ITEMS_MAX];
    size_t saids;
    struct sim_claim *claim; /* what was ever signed: origin and size → root; receipts */
    size_t claims;
    uint64_t frames, bytes, crashes, restores, receipts;
    sim_frame_fn *on_frame; /* NULL: nobody listens */
    void *on_frame_ctx;
} sim_world;

extern const uint8_t sim_line_id[OL_LINE_ID_LEN], sim_line_secret[32]; /* the line's name: line */
/* The keys that these two share, the same on both sides. */
void sim_pair(unsigned self, unsigned peer, ol_line_party *ret);

sim_world *sim_new(uint64_t seed, unsigned parties, bool is_verbose);
void sim_free(sim_world *w);
uint64_t sim_random(sim_world *w, uint64_t below);
void sim_start(sim_world *w, unsigned party);
void sim_kill(sim_world *w, unsigned party, bool loses_marker);
/* A message by this party, on a lane; what the writer had read is what is stored now. */
void sim_say(sim_world *w, unsigned party, uint8_t lane, size_t bytes);
void sim_backup(sim_world *w, unsigned party);
void sim_restore(sim_world *w, unsigned party); /* kills it, too */
/* Lets everything happen until this time. */
void sim_until(sim_world *w, uint64_t ms);
/* All stations up, no faults: runs until all records are the same and receipted, or fails after
 * limit_ms. Returns the virtual milliseconds it took. */
uint64_t sim_converge(sim_world *w, uint64_t limit_ms);
void sim_print(const sim_world *w);
/* A frame arrives at once, from an address of this token; false: its first bytes name nothing. */
bool sim_inject(sim_world *w, unsigned party, uint32_t from, const uint8_t *p, size_t len);

#endif
