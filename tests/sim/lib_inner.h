/* tests/sim/lib_inner.h — what the files of the simulated world share among themselves.
 * SAY prints a line of the trace when asked to; CHECK prints the seed, the time, what is wrong and
 * how to see it again, and ends the run. */
#ifndef OL_TESTS_SIM_LIB_INNER_H
#define OL_TESTS_SIM_LIB_INNER_H

#include <stdio.h>
#include <stdlib.h>

#include "sim/lib_world.h"
#include "wire/item.h"

enum { SIM_WALL = 1700000000 };

uint64_t sim_size_in(ol_store *s, const ol_log_key *key); /* 0 when the log is not there */
ol_wall sim_wall(const sim_world *w, unsigned station);
ol_mono sim_mono(const sim_world *w, unsigned station);
char sim_name(const sim_world *w, unsigned station); /* A, B, …; copied homes: a, b, … */
void sim_mark_trace(sim_world *w, uint64_t v);
void sim_replay_line(const sim_world *w);
void *sim_grow(void *v, size_t n, size_t *cap, size_t size);

/* The next place of a SIM_VEC, zeroed. */
#define SIM_PUSH(vec)                                                                              \
    ((vec)->v = sim_grow((vec)->v, (vec)->n, &(vec)->cap, sizeof *(vec)->v),                       \
     memset(&(vec)->v[(vec)->n], 0, sizeof *(vec)->v), &(vec)->v[(vec)->n++])

/* lib_drive.c: an event to the engine; what follows of it, to the end. */
void sim_step(sim_world *w, unsigned station, ol_event *ev);
void sim_turn(sim_world *w, unsigned station);
void sim_drain(sim_world *w, unsigned station);
/* The next frame of an engine that has one, checked; 0: there is none after all. */
size_t sim_poll(sim_world *w, unsigned station, unsigned party, unsigned slot, uint8_t *buf,
                uint32_t *ret_to);
/* lib_world.c: false when its first bytes name nothing. */
bool sim_arrive(sim_world *w, unsigned station, uint32_t from, unsigned port, const uint8_t *bytes,
                size_t len);
void sim_effects_clear(sim_station *s);
/* lib_power.c: true when power fails here. */
bool sim_power_fails(sim_world *w, unsigned station);
void sim_bury(sim_world *w, unsigned station); /* where it is dying */

typedef SIM_VEC(ol_log_key) sim_log_keys;

/* lib_check.c */
struct sim_claims *sim_claims_new(void);
void sim_claims_free(struct sim_claims *c);
void sim_check_sign(sim_world *w, unsigned station, const ol_effect *fx);
void sim_check_note(sim_world *w, unsigned station, const ol_effect *fx);
void sim_check_reply(sim_world *w, unsigned station, const ol_effect *fx);
void sim_check_step(sim_world *w, unsigned station);
void sim_check_disk(sim_world *w, unsigned station); /* after power was back */
void sim_check_end(sim_world *w);                    /* every entry, root and word */
bool sim_was_signed(const sim_world *w, const ol_log_key *log, uint8_t party, uint64_t size,
                    uint64_t time); /* this receipt, by anybody who had the key */

/* lib_seal.c: what the engine put into the frame that was polled last. */
typedef struct {
    bool is_set, is_first; /* first: a handshake message */
    bool is_broken;        /* it does not parse */
    bool is_mixed;         /* something urgent after something routine */
    bool has_urgent, has_routine;
    size_t len, at; /* at: where the items begin */
    uint8_t bytes[OL_FRAME_MAX];
} sim_payload;
extern sim_payload sim_sealed;
void sim_sealed_say(const sim_world *w); /* its items, in words */

/* lib_secrets.c */
void sim_secrets_begin(sim_world *w, unsigned p);
ol_event sim_secrets_save(sim_world *w, unsigned p, const ol_effect *fx); /* what to answer */

#define SAY(w, ...)                                                                                \
    do {                                                                                           \
        if ((w)->is_verbose)                                                                       \
            printf("%8llu.%03llu ", (unsigned long long)(w)->now_ms / 1000,                        \
                   (unsigned long long)(w)->now_ms % 1000),                                        \
                printf(__VA_ARGS__), putchar('\n');                                                \
    } while (0)

#define CHECK(w, x, ...)                                                                           \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fflush(stdout);                                                                        \
            fprintf(stderr, "seed %llu at %llu ms: ", (unsigned long long)(w)->seed,               \
                    (unsigned long long)(w)->now_ms);                                              \
            fprintf(stderr, __VA_ARGS__), fputc('\n', stderr);                                     \
            sim_replay_line(w);                                                                    \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
