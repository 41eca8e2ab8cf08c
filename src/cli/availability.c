/* openline availability — how much of each day a party and its paths were there, by line checks.
 * Of an export's directory or a line of this home, whose record is verified on the way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/record.h"
#include "record/availability.h"

enum { MEM_MAX = 1 << 30 };

typedef struct {
    ol_files_of files; /* first: ol_cli_record_read */
    ol_mem mem;
    ol_avail *avail;
    ol_err err;
    uint64_t from, to; /* seconds since 1970; OL_AVAIL_OWN: the operator gave none */
    char party[OL_PARTIES_MAX][OL_NAME_MAX + 1];
    unsigned parties;
} asking;

static ol_cli_record record;
static asking s_asking;

/* ---- the record ---- */

static void take_check(void *ctx, const ol_log_key *log, uint64_t index, uint64_t wall,
                       const ol_check *check) {
    asking *k = ctx;
    if (k->err == OL_OK)
        k->err = ol_avail_add(k->avail, log, index, wall, check);
}

static void take_names(void *ctx, const ol_view *view, const char *const *party) {
    asking *k = ctx;
    (void)view;
    for (k->parties = 0; k->parties < OL_PARTIES_MAX && party[k->parties] != NULL; k->parties++)
        (void)snprintf(k->party[k->parties], sizeof k->party[0], "%s", party[k->parties]);
}

static int read_record(ol_cli *c, asking *k, ol_verify_result *ret) {
    int code = ol_cli_record_files(c, c->arg[0], &record, &k->files);
    if (code >= 0)
        return code;
    ol_mem_heap(&k->mem, MEM_MAX);
    ol_verify_opts opts = { .mem = &k->mem,
                            .file = k->files.file,
                            .files = k->files.n,
                            .read = ol_cli_record_read,
                            .view = take_names,
                            .check = take_check,
                            .ctx = k };
    k->err = ol_avail_new(&k->mem, &k->avail);
    ol_err err = k->err == OL_OK ? ol_verify(&opts, ret) : k->err;
    err = err == OL_OK ? k->err : err;
    if (err != OL_OK)
        return ol_cli_fail(c, err, "do it on a machine with more memory",
                           "there is no memory to read so large a record");
    if (ret->is_proof)
        return ol_cli_fail(c, OL_ENOENT, "give the directory of a full export",
                           "a proof of one entry has no line checks");
    if (ret->broken > 0)
        return ol_cli_fail(c, OL_ECONFLICT, "see what openline verify says of it",
                           "the record does not hold: no figures are taken from it");
    ol_avail_finish(k->avail);
    return -1;
}

/* ---- the period ---- */

static int day_option(ol_cli *c, const char *name, uint64_t *ret) {
    const char *s = ol_cli_value(c, name);
    struct tm tm = { .tm_isdst = 0 }, back;
    int end = 0;
    if (s == NULL)
        return -1;
    if (sscanf(s, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &end) != 3 || end != 10 ||
        s[end] != '\0')
        return ol_cli_usage(c, "--%s is \"%s\" and must be a day, as 2026-11-21", name, s);
    tm.tm_year -= 1900, tm.tm_mon -= 1;
    int month = tm.tm_mon, day = tm.tm_mday;
    time_t at = timegm(&tm); /* makes a day of any numbers */
    if (at < 0 || gmtime_r(&at, &back) == NULL || back.tm_mon != month || back.tm_mday != day)
        return ol_cli_usage(c, "--%s is \"%s\" and there is no such day", name, s);
    *ret = (uint64_t)at;
    return -1;
}

static int choose_period(ol_cli *c, asking *k) {
    k->from = k->to = OL_AVAIL_OWN;
    int code = day_option(c, "from", &k->from);
    if (code < 0)
        code = day_option(c, "to", &k->to);
    if (code < 0 && k->to != OL_AVAIL_OWN)
        k->to += OL_AVAIL_DAY; /* that day, too */
    if (code >= 0 || k->from == OL_AVAIL_OWN || k->to == OL_AVAIL_OWN)
        return code;
    if (k->from >= k->to)
        return ol_cli_usage(c, "the period ends before it begins");
    if ((k->to - k->from) / OL_AVAIL_DAY > OL_AVAIL_DAYS_MAX)
        return ol_cli_usage(c, "the period has more than %d days", OL_AVAIL_DAYS_MAX);
    return -1;
}

static int no_figures(ol_cli *c, const asking *k) {
    uint64_t from = OL_AVAIL_OWN, to = OL_AVAIL_OWN;
    for (uint8_t p = 0; p < k->parties; p++)
        if (ol_avail_period(k->avail, p, &from, &to))
            return ol_cli_usage(c, "there are no line checks in that time");
    return ol_cli_fail(c, OL_ENOENT,
                       "a station writes one when it starts, and at the charter's check.interval",
                       "the record holds no line checks");
}

/* ---- output ---- */

static json_t *party_json(const asking *k, uint8_t p, uint64_t from, uint64_t to) {
    ol_avail_share s = ol_avail_of(k->avail, p, from, to);
    ol_avail_path path;
    json_t *paths = json_array();
    for (size_t i = 0; ol_avail_path_of(k->avail, p, i, from, to, &path); i++)
        (void)json_array_append_new(paths, json_pack("{s:s, s:s, s:I, s:I}", "party",
                                                     k->party[path.to], "bearer", path.bearer,
                                                     "checks", (json_int_t)path.checks, "proven",
                                                     (json_int_t)path.proven));
    return json_pack("{s:s, s:I, s:I, s:I, s:o}", "party", k->party[p], "seconds",
                     (json_int_t)(to - from), "available", (json_int_t)s.available, "checks",
                     (json_int_t)s.checks, "paths", paths);
}

static void print_share(uint64_t part, uint64_t whole) {
    uint64_t tenths = whole == 0 ? 0 : part * 1000 / whole;
    ol_cli_print("%5llu.%llu %%", (unsigned long long)tenths / 10, (unsigned long long)tenths % 10);
}

static void print_party(const asking *k, uint8_t p, uint64_t from, uint64_t to) {
    ol_avail_share s = ol_avail_of(k->avail, p, from, to);
    ol_avail_path path;
    print_share(s.available, to - from);
    ol_cli_print("  %-12s %5llu checks", k->party[p], (unsigned long long)s.checks);
    for (size_t i = 0; ol_avail_path_of(k->avail, p, i, from, to, &path); i++) {
        ol_cli_print("%s %s by %s", i == 0 ? "; proven" : ",", k->party[path.to], path.bearer);
        print_share(path.proven, path.checks);
    }
    ol_cli_print("\n");
}

static void stamp(uint64_t time, char to[32]) {
    time_t at = (time_t)time;
    struct tm tm;
    if (gmtime_r(&at, &tm) == NULL || strftime(to, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        to[0] = '\0';
}

static void print_day(const asking *k, uint64_t day, uint64_t from, uint64_t to) {
    char text[32];
    stamp(day, text);
    for (uint8_t p = 0; p < k->parties; p++) {
        ol_cli_print("%-10.*s  ", (int)strcspn(text, "T"), p == 0 ? text : "");
        print_party(k, p, from, to);
    }
}

/* Each party in its own time: what another claims does not move it. */
static json_t *own_json(const asking *k) {
    json_t *all = json_array();
    for (uint8_t p = 0; p < k->parties; p++) {
        uint64_t from = k->from, to = k->to;
        if (!ol_avail_period(k->avail, p, &from, &to))
            continue;
        ol_avail_share s = ol_avail_of(k->avail, p, from, to);
        (void)json_array_append_new(
            all, json_pack("{s:s, s:I, s:I, s:I, s:I}", "party", k->party[p], "from",
                           (json_int_t)from, "to", (json_int_t)to, "available",
                           (json_int_t)s.available, "checks", (json_int_t)s.checks));
    }
    return all;
}

static void print_own(const asking *k) {
    bool is_first = true;
    for (uint8_t p = 0; p < k->parties; p++) {
        uint64_t from = k->from, to = k->to;
        char first[32], last[32];
        if (!ol_avail_period(k->avail, p, &from, &to))
            continue;
        stamp(from, first), stamp(to - 1, last);
        ol_cli_print("%-10s  ", is_first ? "in all" : "");
        print_share(ol_avail_of(k->avail, p, from, to).available, to - from);
        ol_cli_print("  %-12s from %s to %s\n", k->party[p], first, last);
        is_first = false;
    }
}

static int print_all(ol_cli *c, const asking *k, const char *line) {
    json_t *days = json_array();
    uint64_t day = 0, from, to, begin = OL_AVAIL_OWN, end = 0;
    for (; ol_avail_day(k->avail, k->parties, k->from, k->to, &day, &from, &to);
         day += OL_AVAIL_DAY) {
        json_t *parties = json_array();
        begin = begin == OL_AVAIL_OWN ? from : begin, end = to;
        for (uint8_t p = 0; c->is_json && p < k->parties; p++)
            (void)json_array_append_new(parties, party_json(k, p, from, to));
        (void)json_array_append_new(
            days, json_pack("{s:I, s:o}", "day", (json_int_t)day, "parties", parties));
        if (!c->is_json)
            print_day(k, day, from, to);
    }
    if (begin != OL_AVAIL_OWN && c->is_json)
        ol_cli_json(json_pack("{s:b, s:s, s:I, s:I, s:O, s:o}", "ok", 1, "line", line, "from",
                              (json_int_t)begin, "to", (json_int_t)end, "days", days, "parties",
                              own_json(k)));
    else if (begin != OL_AVAIL_OWN)
        print_own(k);
    json_decref(days);
    return begin == OL_AVAIL_OWN ? no_figures(c, k) : ol_cli_end(c);
}

static int availability_run(ol_cli *c) {
    asking *k = &s_asking;
    ol_verify_result result = { .is_proof = false };
    *k = (asking){ .files = { .dir = -1 } };
    int code = choose_period(c, k);
    if (code < 0)
        code = read_record(c, k, &result);
    if (code < 0)
        code = print_all(c, k, result.line);
    ol_avail_free(k->avail);
    ol_files_of_free(&k->files);
    return code;
}

static const ol_cli_opt options[] = {
    { "from", "DAY", "the first day, as 2026-11-21 (UTC); else that of a party's first check",
      false },
    { "to", "DAY", "the last day; else that of a party's last check, to its second", false },
    { NULL, NULL, NULL, false }
};

const ol_cli_command ol_cli_availability = {
    .name = "availability",
    .args = "<directory or line>",
    .summary = "Shows by day how much of the time each party and path was there",
    .help = "From the line checks on record: a party was there from each of its checks on for one "
            "and a half\nintervals; a path is proven by as many of the checks as say so. Days are "
            "UTC, times those of the\nparty's own clock; of each party at most its last 366 "
            "days, and at the end its own time in\nall, from its first check to its last. "
            "tools/verify_export.py --json says the same.\n",
    .opt = options,
    .args_min = 1,
    .args_max = 1,
    .run = availability_run,
};
