/* tests/sim/lib_story.h — what happens to a world from its seed: who talks, what breaks, who lies.
 * A program of the simulator is a story and its command line:
 *   sim_X [--seed N] [--verbose]      one seed, with a readable trace when verbose
 *   sim_X [--seeds N] [--from N]      so many, from there
 *   sim_X [--fresh N]                 so many of a base drawn at random, or of $SIM_FRESH; printed
 *   sim_X [--traces]                  prints nothing but seeds and traces
 * With none of them: the story's own number of fixed seeds, then of fresh ones. The closing line
 * sums up what they went through. */
#ifndef OL_TESTS_SIM_LIB_STORY_H
#define OL_TESTS_SIM_LIB_STORY_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *program;
    unsigned parties_min, parties_max, slots_max;
    unsigned turns_max;    /* each: some talk, one fault, some time */
    bool has_slow;         /* serial lines, satellites, clogged queues, small frames */
    bool has_liars;        /* one party in half of the seeds */
    bool has_cuts;         /* a pair may stay cut for ever, where others can hand on */
    unsigned calls_in;     /* one seed in so many: people call each other (lib_calls.h); 0: none */
    unsigned fixed, fresh; /* seeds of a run without arguments */
} sim_story;

int sim_story_main(int argc, char **argv, const sim_story *how);

#endif
