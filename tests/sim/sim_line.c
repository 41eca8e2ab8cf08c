/* Two parties on a bad path: loss, repeats, reordering, power failures, restores, full disks, homes
 * that run twice, clocks that jump, from a seed. */
#include "lib_story.h"

int main(int argc, char **argv) {
    static const sim_story story = { .program = "sim_line",
                                     .parties_min = 2,
                                     .parties_max = 2,
                                     .slots_max = 1,
                                     .turns_max = 80,
                                     .calls_in = 4,
                                     .fixed = 40,
                                     .fresh = 20 };
    return sim_story_main(argc, argv, &story);
}
