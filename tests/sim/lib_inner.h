/* tests/sim/lib_inner.h — what the files of the simulated world share among themselves.
 * SAY prints a line of the trace when asked to; CHECK prints the seed, the time and what is wrong,
 * and ends the run. */
#ifndef OL_TESTS_SIM_LIB_INNER_H
#define OL_TESTS_SIM_LIB_INNER_H

#include <stdio.h>
#include <stdlib.h>

#include "lib_world.h"

uint64_t sim_size_in(ol_store *s, const ol_log_key *key); /* 0 when the log is not there */

#define SAY(w, ...)                                                                                \
    do {                                                                                           \
        if ((w)->is_verbose)                                                                       \
            printf("%8llu ", (unsigned long long)(w)->now_ms), printf(__VA_ARGS__), putchar('\n'); \
    } while (0)

#define CHECK(w, x, ...)                                                                           \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "seed %llu at %llu ms: ", (unsigned long long)(w)->seed,               \
                    (unsigned long long)(w)->now_ms);                                              \
            fprintf(stderr, __VA_ARGS__), fputc('\n', stderr);                                     \
            fflush(NULL), abort();                                                                 \
        }                                                                                          \
    } while (0)

#endif
