/* Points of time as people write them: 211454Z NOV 26, 2026-11-21T14:54:07Z, 2026-11-21. */
#include <ctype.h>
#include <string.h>
#include <time.h>

#include "cli/dossier.h"

static const char months[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";

/* Exactly n digits at s; -1: there are none. */
static int digits(const char *s, int n) {
    int v = 0;
    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        v = v * 10 + (s[i] - '0');
    }
    return v;
}

/* A point of time that there is: gmtime gives back what was asked for. */
static ol_err point(int year, int month, int day, int hour, int minute, int second, uint64_t *ret) {
    struct tm tm = { .tm_year = year - 1900,
                     .tm_mon = month - 1,
                     .tm_mday = day,
                     .tm_hour = hour,
                     .tm_min = minute,
                     .tm_sec = second };
    if (year < 1970 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59 || second < 0 || second > 59)
        return OL_EFORM;
    time_t t = timegm(&tm);
    if (t < 0 || tm.tm_mday != day || tm.tm_mon != month - 1)
        return OL_EFORM;
    *ret = (uint64_t)t;
    return OL_OK;
}

/* DDHHMMZ MON YY, with or without its spaces. */
static ol_err group(const char *s, bool is_end, uint64_t *ret) {
    char flat[13];
    size_t n = 0;
    for (; *s != '\0'; s++) {
        if (*s == ' ')
            continue;
        if (n == sizeof flat - 1)
            return OL_EFORM;
        flat[n++] = (char)toupper((unsigned char)*s);
    }
    flat[n] = '\0';
    if (n != 12 || flat[6] != 'Z')
        return OL_EFORM;
    int month = 0;
    for (int i = 0; i < 12; i++)
        if (memcmp(flat + 7, months + 3 * i, 3) == 0)
            month = i + 1;
    return point(2000 + digits(flat + 10, 2), month, digits(flat, 2), digits(flat + 2, 2),
                 digits(flat + 4, 2), is_end ? 59 : 0, ret);
}

/* YYYY-MM-DD, then nothing, THH:MMZ or THH:MM:SSZ. */
static ol_err iso(const char *s, bool is_end, uint64_t *ret) {
    size_t n = strlen(s);
    int last = is_end ? 59 : 0, hour = is_end ? 23 : 0, minute = last, second = last;
    bool is_day = n == 10, is_minute = n == 17, is_second = n == 20;
    if ((!is_day && !is_minute && !is_second) || s[4] != '-' || s[7] != '-')
        return OL_EFORM;
    if (!is_day) {
        if (s[10] != 'T' || s[13] != ':' || s[n - 1] != 'Z' || (is_second && s[16] != ':'))
            return OL_EFORM;
        hour = digits(s + 11, 2);
        minute = digits(s + 14, 2);
        second = is_second ? digits(s + 17, 2) : last;
    }
    return point(digits(s, 4), digits(s + 5, 2), digits(s + 8, 2), hour, minute, second, ret);
}

ol_err ol_dossier_time(const char *s, bool is_end, uint64_t *ret) {
    return strlen(s) >= 10 && s[4] == '-' ? iso(s, is_end, ret) : group(s, is_end, ret);
}
