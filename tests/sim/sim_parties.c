/* Two to six parties, up to four paths a pair, of every kind there is, one that lies: everything
 * that a line may meet, from a seed. */
#include "lib_story.h"

int main(int argc, char **argv) {
    static const sim_story story = { .program = "sim_parties",
                                     .parties_min = 2,
                                     .parties_max = 6,
                                     .slots_max = 4,
                                     .turns_max = 60,
                                     .has_slow = true,
                                     .has_liars = true,
                                     .has_cuts = true,
                                     .calls_in = 4,
                                     .fixed = 4,
                                     .fresh = 4 };
    return sim_story_main(argc, argv, &story);
}
