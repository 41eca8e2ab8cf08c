/* tests/fault/lib_lack.h — SQLite's requests for memory, of which chosen ones fail: those whose
 * number, counted from 0, is from `from` to below `to`. For one thread. */
#ifndef OL_TESTS_FAULT_LIB_LACK_H
#define OL_TESTS_FAULT_LIB_LACK_H

#include <stdint.h>

typedef struct {
    uint64_t calls, from, to; /* to 0: none fails */
} lack_plan;

extern lack_plan lack_now;
void lack_install(void); /* before SQLite is used at all */

#endif
