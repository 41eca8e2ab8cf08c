/* tests/sim/lib_liar.h — a member without an engine, that says whatever a test wants it to say.
 * It holds the keys of its party, builds first messages, sessions and payloads by hand, and writes
 * down what an engine of the simulated world answers it. Also the strangers' tools: first messages
 * that are wrong in one respect.
 * Shape    one sim_liar per engine it talks to; sim_liars_listen takes them all. Frames to parties
 *          that have no liar go their way through the world.
 * Logs     a sim_liar_log is the liar's own log as it wants it: append, sign any prefix; copy it to
 *          have two histories. */
#ifndef OL_TESTS_SIM_LIB_LIAR_H
#define OL_TESTS_SIM_LIB_LIAR_H

#include "crypto/noise.h"
#include "crypto/replay.h"
#include "lib_world.h"
#include "record/merkle.h"
#include "wire/item.h"

enum { SIM_HEARD_MAX = 64, SIM_INDEX_LEN = 4 };

typedef struct {
    size_t len;
    uint8_t bytes[OL_FRAME_MAX];
} sim_bytes;

typedef struct {
    sim_world *w;
    unsigned self, to; /* party numbers */
    uint8_t ss[32];
    uint64_t counter; /* of the next first message */
    ol_noise hs;      /* of the last */
    uint8_t mine[SIM_INDEX_LEN], theirs[OL_TAG_MAX], tx[32], rx[32];
    size_t theirs_len;
    uint64_t n; /* of the next frame */
    ol_replay replay;
    bool is_opening, is_live;
    uint64_t claims;       /* not 0: the engine's first messages are answered, with this `last` */
    uint64_t counter_seen; /* the largest counter of the engine's first messages */
    uint64_t last;         /* of the second message */
    uint32_t run;          /* of the last FORGOT */
    uint64_t frames, bytes, answers;   /* got from the engine; answers: second messages */
    uint64_t items[256], last_of[256]; /* got, by type; of which the last had this size */
    ol_log_key log_of[256];            /* and spoke of this log */
    sim_bytes heard[SIM_HEARD_MAX];    /* the last payloads, heard_n in all */
    uint64_t heard_n;
} sim_liar;

/* ret_liar[i] talks to party i + (i >= self); the world's listener is theirs from now on. */
void sim_liars_listen(sim_world *w, unsigned self, sim_liar *ret_liar, size_t n);

typedef struct { /* all zero: a first message as it should be */
    bool has_wrong_psk, has_wrong_mac, has_wrong_static, has_no_mac;
    bool is_answer; /* not a first message: the liar responds to one */
    uint8_t epoch;
    uint64_t counter; /* 0: the next of the liar's */
} sim_first;

/* A first message with these items into to; its length. */
size_t sim_liar_first(sim_liar *l, const sim_first *how, const uint8_t *items, size_t len,
                      uint8_t to[OL_FRAME_MAX]);
/* Sends one; true when a second message came back and verified: the session is live. */
bool sim_liar_open(sim_liar *l, const uint8_t *items, size_t len);
/* One transport frame; opens a session first where there is none. */
void sim_liar_say(sim_liar *l, const uint8_t *items, size_t len);
/* What one transport frame can carry. */
size_t sim_liar_room(const sim_liar *l);

typedef struct {
    ol_log_key key;
    const char *party; /* its author's name */
    ol_frontier tree;
} sim_liar_log;

sim_liar_log sim_liar_log_new(const sim_world *w, unsigned party, uint8_t lane,
                              uint64_t incarnation);
ol_hash sim_liar_root(const sim_liar_log *g);
void sim_liar_put_log(const sim_liar_log *g, ol_wr *w);
/* The next entry, into the log and as an item. */
void sim_liar_put_entry(sim_liar_log *g, const uint8_t *p, size_t len, ol_wr *w);
/* The log's head as it is now; NOTE with is_note; a signature that does not fit with is_wrong. */
void sim_liar_put_head(const sim_liar_log *g, const ol_sign_key *key, bool is_note, bool is_wrong,
                       ol_wr *w);

#endif
