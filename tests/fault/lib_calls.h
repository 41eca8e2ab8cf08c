/* tests/fault/lib_calls.h — system calls and requests for heap that fail on demand, in programs
 * linked with -Wl,--wrap for each of them (CMakeLists.txt). Only calls made from this project's own
 * code are counted, and only while armed: those of one kind whose number, counted from 0, is from
 * `from` to below `to`, get errno `error`. Reads and writes with error 0 fall short instead: they
 * move one byte. A close that fails has closed. */
#ifndef OL_TESTS_FAULT_LIB_CALLS_H
#define OL_TESTS_FAULT_LIB_CALLS_H

#include <stdbool.h>
#include <stdint.h>

/* kind, may be interrupted by a signal, may fall short */
#define CALLS(X)                                                                                   \
    X(open, true, false)                                                                           \
    X(openat, true, false)                                                                         \
    X(read, true, true)                                                                            \
    X(pread, true, true)                                                                           \
    X(write, true, true)                                                                           \
    X(pwrite, true, true)                                                                          \
    X(fsync, true, false)                                                                          \
    X(fdatasync, true, false)                                                                      \
    X(ftruncate, true, false)                                                                      \
    X(fcntl, true, false)                                                                          \
    X(close, true, false)                                                                          \
    X(fchmod, false, false)                                                                        \
    X(fstat, false, false)                                                                         \
    X(fstatat, false, false)                                                                       \
    X(renameat, false, false)                                                                      \
    X(renameat2, false, false)                                                                     \
    X(linkat, false, false)                                                                        \
    X(unlinkat, false, false)                                                                      \
    X(mkdirat, false, false)                                                                       \
    X(scandirat, false, false)                                                                     \
    X(malloc, false, false)                                                                        \
    X(calloc, false, false)                                                                        \
    X(realloc, false, false)

#define CALL_ENUM(name, is_interruptible, is_short) CALL_##name,
typedef enum { CALLS(CALL_ENUM) CALL_N } call_kind;
#undef CALL_ENUM

typedef struct {
    const char *name;
    bool is_interruptible, is_short;
} call_row;

typedef struct {
    bool is_armed;
    call_kind kind;
    int error;
    uint64_t from, to, calls[CALL_N];
} call_plan;

extern call_plan calls_now;
extern const call_row calls_row[CALL_N];

#endif
