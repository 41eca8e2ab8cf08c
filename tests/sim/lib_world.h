/* tests/sim/lib_world.h — stations in one process, one thread, virtual time and one seed.
 * Each station is the real engine over a store, driven as production drives it (lib_drive.c);
 * between them are paths that lose, repeat, delay, reorder, clog and are cut (lib_net.h). Stations
 * lose power at any point, are killed, set back to an older copy of their disk, copied and run
 * twice (lib_power.c). Invariants are checked as things happen (lib_check.c); the first that fails
 * prints the seed and the command that replays it, and traps. The same seed gives the same trace,
 * whatever compiled it: no pointer, hash, clock or locale has a say.
 * Stations st[0 … parties) are the parties'; those after them are copied homes of a party.
 * Tokens   a station's end of a path has an address: sim_token(station, slot). */
#ifndef OL_TESTS_SIM_LIB_WORLD_H
#define OL_TESTS_SIM_LIB_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/sign.h"
#include "line/line.h"
#include "sim/lib_disk.h"
#include "sim/lib_net.h"

typedef struct {
    ol_effect *v; /* a ring of cap places */
    size_t at, n, cap;
} sim_effects;

typedef struct {
    ol_note_kind what;
    ol_log_key log;
    uint8_t party;
    uint64_t size;
} sim_mark; /* the last that was told of something */

typedef struct {
    ol_log_key log;
    uint64_t size;
} sim_word; /* what a station has signed of a log */

#define SIM_VEC(type)                                                                              \
    struct {                                                                                       \
        type *v;                                                                                   \
        size_t n, cap;                                                                             \
    }

typedef struct {
    bool is_up, is_over; /* over: a copied home that was ended, for ever */
    bool is_liar;        /* no engine: never started, and nothing is expected of it */
    bool is_stolen;      /* its log key is in other hands, too */
    bool has_lost;       /* its disk was set back: what it once signed may be gone */
    bool is_dying;       /* power fails now; it is buried when the stack is unwound */
    uint8_t party;
    ol_mem mem, secret;
    sim_disk *disk, *backup; /* backup NULL: none */
    ol_store *store;         /* of disk, open */
    ol_switch *sw;
    ol_line *line;
    ol_ratchet secrets[SIM_PARTIES_MAX]; /* the file of secrets, */
    ol_ratchet kept[SIM_PARTIES_MAX];    /* and as the backup has it */
    unsigned secrets_fail;               /* so many of its next writes fail */
    ol_marker marker;                    /* in its tmpfs: gone with a reboot */
    uint64_t boot_ms;                    /* its monotonic clock began then */
    uint64_t timer_ms, restart_ms, wake_ms, commit_ms, retry_ms;
    const ol_batch *batch; /* on its way to the disk until commit_ms */
    bool wants_commit;
    int64_t clock_off_s;
    uint32_t cut_in; /* counts down at each point where power may fail; 0: never */
    ol_sign_key log_key, receipt_key;
    uint8_t static_priv[32];
    uint32_t address[SIM_PARTIES_MAX][OL_PATHS_PER_PEER];        /* where its paths send to */
    struct ol_segment *thin[SIM_PARTIES_MAX][OL_PATHS_PER_PEER]; /* lib_thin.h; NULL: it is not */
    struct sim_duty *duty;                                       /* NULL: nobody calls */
    sim_effects fx;
    SIM_VEC(sim_mark) mark; /* of this life */
    SIM_VEC(sim_word) word; /* since its disk was last set back */
    uint64_t time_floor;    /* the latest receipt, likewise */
    /* The last number of each party's store when this one started; 0: that was set back since. */
    uint64_t held[SIM_PARTIES_MAX];
    uint64_t limit; /* entries a day by its own engine, a thousand bytes each; 0: the world's */
    uint64_t starts, recovered, opened, forks, commits, notes, frames;
} sim_station;

typedef struct {
    uint8_t by; /* station */
    uint8_t id[OL_ITEM_LEN];
    bool is_told; /* the client heard that it is durable */
    ol_log_key log;
    uint64_t index, life; /* life: the station's disk when it was told */
} sim_said;

enum { SIM_VERDICTS = 6 };

struct sim_world;
/* A frame as an engine gave it out; `to` is the address token it is for, 0: the path's own. */
typedef void sim_frame_fn(struct sim_world *w, unsigned from, unsigned party, uint32_t to,
                          const uint8_t *p, size_t len);

typedef struct {
    uint64_t ms, said, frames, bytes, receipts, commits, cuts, kills, restores, twins, lies, jumps,
        fulls, verdicts[SIM_VERDICTS]; /* verdicts: of calls, by name (record/verdict.h) */
} sim_sums;

typedef struct sim_world {
    uint64_t seed, rnd, now_ms, trace;
    unsigned parties, stations;
    size_t logs_more; /* that a test put into a store: their memory is allowed for */
    bool is_verbose, is_sqlite;
    bool has_forger; /* somebody knows what only members know: first messages with a right MAC */
    unsigned slots[SIM_PARTIES_MAX][SIM_PARTIES_MAX]; /* paths of a pair; 0: none */
    ol_ratchet_times epochs; /* a charter's usual ones, unless changed before the first start */
    uint64_t disk_ms;        /* at most, for a commit */
    uint64_t limit;          /* entries a day, by the charter; and a thousand bytes for each */
    uint64_t joined_wall;    /* as the files of secrets have it; 0: they do not */
    sim_net *net;
    sim_station st[SIM_STATIONS_MAX];
    ol_line_party card[SIM_PARTIES_MAX];
    SIM_VEC(sim_said) said;
    struct sim_claims *claims; /* what was ever signed */
    struct sim_calls *calls;   /* NULL: people do not call in this world (lib_calls.h) */
    sim_sums sum;
    ol_effects fx;          /* of the step in hand */
    sim_frame_fn *on_frame; /* NULL: nobody listens */
} sim_world;

extern const uint8_t sim_line_id[OL_LINE_ID_LEN], sim_line_secret[32]; /* the line's name: line */
extern const char *sim_program;                                        /* what replays a seed */
typedef struct {
    uint8_t ck[32], psk[32], mac[32], hint_to[4];
} sim_keys;
/* The keys that these two share at an epoch, the same on both sides; the hint is self's. */
void sim_pair(unsigned self, unsigned peer, uint16_t epoch, sim_keys *ret);

sim_world *sim_new(uint64_t seed, unsigned parties, bool is_verbose);
/* The same, with each station on a disk of SQLite's that power failures tear. */
sim_world *sim_new_on(uint64_t seed, unsigned parties, bool is_verbose, bool is_sqlite);
void sim_free(sim_world *w);
uint64_t sim_random(sim_world *w, uint64_t below);
bool sim_one_in(sim_world *w, uint64_t n);
void sim_start(sim_world *w, unsigned station);
/* Everything due until this time happens. */
void sim_until(sim_world *w, uint64_t ms);
void sim_pass_ms(sim_world *w, uint64_t ms);
/* A message of this station, on a lane; what the writer had read is what is stored now. */
void sim_say(sim_world *w, unsigned station, uint8_t lane, size_t bytes);
/* An entry that a client of this station submits; its item is drawn. */
void sim_submit(sim_world *w, unsigned station, uint8_t lane, uint64_t kind, const uint8_t *body,
                size_t len);
/* Its writer had read so much of these logs, and nothing of others. */
typedef struct {
    const ol_known *v;
    size_t n;
} sim_read;
void sim_submit_read(sim_world *w, unsigned station, uint8_t lane, uint64_t kind, ol_bytes body,
                     const sim_read *read);
/* A frame arrives at once, from an address of this token; false: its first bytes name nothing. */
bool sim_inject(sim_world *w, unsigned station, uint32_t from, const uint8_t *p, size_t len);

/* lib_power.c */
void sim_kill(sim_world *w, unsigned station, bool loses_power);
void sim_backup(sim_world *w, unsigned station);
void sim_restore(sim_world *w, unsigned station); /* kills it, too */
/* A copy of the home runs on another machine; its number, 0 when there is no room for it. */
unsigned sim_twin(sim_world *w, unsigned station);
void sim_end(sim_world *w, unsigned station); /* a copied home is no more */
/* Its machine is started anew: who ends a copy does so, sooner or later. Until then the station
 * knows of what the copy was told in its name only what members happen to show it (§6.6). */
void sim_start_anew(sim_world *w, unsigned station);
void sim_clock(sim_world *w, unsigned station, int64_t off_s);

/* lib_same.c: all stations up, no faults: runs until all records are the same and receipted, or
 * fails after limit_ms; 0: after what sim_bound_ms allows. Returns the virtual milliseconds. */
uint64_t sim_converge(sim_world *w, uint64_t limit_ms);
/* From the longest round trip, the slowest rate and what is on record. */
uint64_t sim_bound_ms(const sim_world *w);
void sim_print(const sim_world *w);

#endif
