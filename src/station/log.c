#include "station/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1280 };

static ol_log_level lowest = OL_INFO;

void ol_log_from(ol_log_level level) {
    lowest = level;
}

/* Adds to line[*len]; past the end nothing is added. */
static void add(char *line, size_t *len, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
static void add(char *line, size_t *len, const char *format, va_list args) {
    size_t room = LINE_MAX_BYTES - *len;
    int n = vsnprintf(line + *len, room, format, args);
    if (n > 0)
        *len += (size_t)n < room ? (size_t)n : room - 1;
}

static void addf(char *line, size_t *len, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void addf(char *line, size_t *len, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(line, len, format, args);
    va_end(args);
}

void ol_log_put(ol_log_level level, const char *event, const char *format, ...) {
    static const char *const names[] = { "debug", "info", "warn", "error" };
    if (level < lowest)
        return;
    char line[LINE_MAX_BYTES + 1];
    size_t len = 0;
    struct timespec now = { 0 };
    struct tm utc = { 0 };
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    addf(line, &len, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s %s ", utc.tm_year + 1900,
         utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000,
         names[level], event);
    va_list args;
    va_start(args, format);
    add(line, &len, format, args);
    va_end(args);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
            line[i] = '?'; /* one event, one line, whatever a sentence quotes */
    line[len++] = '\n';
    /* A reader of the log that is stuck must not stop the line: better no log than no station. */
    struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
    if (poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0) {
        ssize_t written = write(STDERR_FILENO, line, len);
        (void)written;
    }
}

bool ol_log_pass(ol_log_gate *gate, ol_mono now, uint64_t *ret_held) {
    if (now.ms < gate->next_ms) {
        gate->held++;
        return false;
    }
    *ret_held = gate->held;
    *gate = (ol_log_gate){ .next_ms = now.ms + OL_LOG_GATE_MS };
    return true;
}
