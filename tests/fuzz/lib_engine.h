/* tests/fuzz/lib_engine.h — an engine of two parties for the harnesses that hand it what others
 * send: always the same keys, all of its memory counted. */
#ifndef OL_TESTS_FUZZ_LIB_ENGINE_H
#define OL_TESTS_FUZZ_LIB_ENGINE_H

#include "line/line.h"

typedef struct {
    ol_mem mem, secret;
    ol_switch *sw;
    ol_line *line; /* of party 0 */
} fuzz_engine;

extern const uint8_t fuzz_fixed[32]; /* the line's secret, the pair's first chain key, the seed */

void fuzz_engine_make(fuzz_engine *e, const uint8_t static_pk[2][32]);
void fuzz_engine_free(fuzz_engine *e); /* asserts that nothing is left */

#endif
