#include "fault/lib_lack.h"

#include <stdbool.h>
#include <stddef.h>

#include <sqlite3.h>

lack_plan lack_now;
static sqlite3_mem_methods real_memory;

static bool fails(void) {
    uint64_t n = lack_now.calls++;
    return n >= lack_now.from && n < lack_now.to;
}

static void *get(int n) {
    return fails() ? NULL : real_memory.xMalloc(n);
}

static void *grow(void *p, int n) {
    return fails() ? NULL : real_memory.xRealloc(p, n);
}

void lack_install(void) {
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory);
    sqlite3_mem_methods own = real_memory;
    own.xMalloc = get, own.xRealloc = grow;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &own);
}
