/* tests/sim/lib_lies.h — a party of a world that lies: it withholds, replays, signs two histories,
 * floods, and sends every malformed item, from the world's seed. */
#ifndef OL_TESTS_SIM_LIB_LIES_H
#define OL_TESTS_SIM_LIB_LIES_H

#include "lib_liar.h"

typedef struct sim_lies sim_lies;

sim_lies *sim_lies_new(sim_world *w, unsigned party); /* before any station starts */
void sim_lies_free(sim_lies *l);                      /* takes NULL */
void sim_lies_one(sim_lies *l);                       /* counted in w->sum.lies */

#endif
