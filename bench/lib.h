/* bench/lib.h — clock, samples and quantiles for the benchmarks; no project code in here. */
#ifndef OL_BENCH_LIB_H
#define OL_BENCH_LIB_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t bench_ns(void) {
    struct timespec t = { 0 };
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static inline int bench_order(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* A number of an argument; 0 where there is none. */
static inline size_t bench_number(const char *text) {
    size_t n = 0;
    for (; *text >= '0' && *text <= '9' && n < 100000000; text++)
        n = 10 * n + (size_t)(*text - '0');
    return n;
}

/* Sorts the samples and prints them as one JSON object of microseconds. */
static inline void bench_print(const char *name, uint64_t *ns, size_t n) {
    if (n == 0)
        return;
    qsort(ns, n, sizeof *ns, bench_order);
    printf("{\"name\":\"%s\",\"n\":%zu,\"min_us\":%.2f,\"p50_us\":%.2f,\"p99_us\":%.2f,"
           "\"max_us\":%.2f}\n",
           name, n, (double)ns[0] / 1e3, (double)ns[n / 2] / 1e3, (double)ns[n - 1 - n / 100] / 1e3,
           (double)ns[n - 1] / 1e3);
    (void)fflush(stdout);
}

#endif
