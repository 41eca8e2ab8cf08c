/* People who call each other over bad paths, through power failures, restores and copies: whatever
 * happens, every record comes to the same verdict on every call, and to none that is untrue. */
#include "lib_story.h"

int main(int argc, char **argv) {
    static const sim_story story = { .program = "sim_calls",
                                     .parties_min = 2,
                                     .parties_max = 4,
                                     .slots_max = 2,
                                     .turns_max = 60,
                                     .calls_in = 1,
                                     .fixed = 10,
                                     .fresh = 10 };
    return sim_story_main(argc, argv, &story);
}
