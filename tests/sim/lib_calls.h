/* tests/sim/lib_calls.h — people and their calls in the simulated world: each station has its duty
 * machine beside its engine (line/duty.h), driven as production drives it; people call, answer,
 * decline, defer and withdraw at random.
 * Holds    at the end of a seed every station comes to the same verdict on every call, none is
 *          open, what closes carry was signed, and no verdict says of a party what did not happen:
 *          that it held a call in time, or replied. */
#ifndef OL_TESTS_SIM_LIB_CALLS_H
#define OL_TESTS_SIM_LIB_CALLS_H

#include "sim/lib_world.h"

#define SIM_DUTY_TOKEN UINT32_C(0x80000000) /* of what the duty machine submits, and above */

/* lib_duty.c: a station's machine; none of it does anything in a world without calls. */
void sim_duty_begin(sim_world *w, unsigned station); /* its engine has started */
void sim_duty_end(sim_world *w, unsigned station);   /* takes one that has none */
/* What was committed and what is due; true: something went on. */
bool sim_duty_turn(sim_world *w, unsigned station);
uint64_t sim_duty_next_ms(const sim_world *w, unsigned station);
void sim_duty_reply(sim_world *w, unsigned station, const ol_effect *fx);

/* lib_calls.c */
struct sim_calls *sim_calls_new(void);
void sim_calls_free(struct sim_calls *c); /* takes NULL */
void sim_calls_one(sim_world *w);         /* somebody does something about a call */
/* An entry that this station holds, for the first time or again. */
void sim_calls_held(sim_world *w, unsigned station, const ol_log_key *log, uint64_t index,
                    const uint8_t *entry, size_t len);
void sim_calls_end(sim_world *w); /* converged; time passes until all calls are over */
uint64_t sim_calls_longest_ms(void);

extern const uint32_t sim_answer_s[4];
enum { SIM_RUNGS = 3, SIM_CHECK_S = 300 };

#endif
