/* openline log — the record of a line in its joint order; with --follow, what comes after it. */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "cli/show.h"
#include "cli/talk.h"

enum { BATCH_MAX = 100 };

static ol_talk talk;

static void print_event(ol_cli *c, json_t *o) {
    if (c->is_json)
        ol_cli_json(json_incref(o));
    else
        ol_show_event(o);
}

/* An entry of a page becomes an event: the same keys, the same order, wherever it comes from. */
static json_t *as_event(const char *line, json_t *entry) {
    json_t *o = json_pack("{s:s, s:s}", "event", "entry", "line", line);
    (void)json_object_update(o, entry);
    ol_show_text(o);
    return o;
}

static int page(ol_cli *c, uint64_t from, uint64_t last, uint64_t *position, json_t **ret) {
    ol_request r;
    int code = ol_talk_request(c, OL_DO_LOG, c->arg[0], &r);
    if (code >= 0)
        return code;
    r.given |= last > 0 ? OL_GIVEN_LAST : OL_GIVEN_FROM;
    r.from = from;
    r.last = last;
    if (*position > 0) {
        r.given |= OL_GIVEN_CURSOR;
        r.cursor = *position;
    }
    code = ol_talk_ask(c, &talk, &r, ret);
    *position = (uint64_t)json_integer_value(json_object_get(*ret, "position"));
    return code;
}

/* All pages are of one moment, *position; what comes later is for those who follow. */
static int print_record(ol_cli *c, uint64_t last, uint64_t *position) {
    uint64_t next = 0;
    bool has_more = true;
    json_int_t total = 0;
    while (has_more) {
        json_t *reply = NULL;
        int code = page(c, next, last, position, &reply);
        if (code >= 0)
            return code;
        size_t i;
        json_t *entry;
        json_array_foreach(json_object_get(reply, "entries"), i, entry) {
            json_t *o = as_event(c->arg[0], entry);
            print_event(c, o);
            json_decref(o);
        }
        total = json_integer_value(json_object_get(reply, "total"));
        has_more = json_is_integer(json_object_get(reply, "next"));
        next = (uint64_t)json_integer_value(json_object_get(reply, "next"));
        last = 0;
        json_decref(reply);
    }
    if (c->is_json && !ol_cli_has(c, "follow"))
        ol_cli_json(json_pack("{s:b, s:s, s:s, s:I, s:I}", "ok", 1, "event", "end", "line",
                              c->arg[0], "total", total, "position", (json_int_t)*position));
    return -1;
}

/* Entries among the events, as the joint view has them: it knows what they crossed. */
static int enrich(ol_cli *c, json_t *events) {
    uint64_t position = 0;
    json_t *reply = NULL;
    size_t i;
    json_t *event;
    bool has_entry = false;
    json_array_foreach(events, i, event) {
        if (json_object_get(event, "entry") == NULL)
            continue;
        has_entry = true;
        position = (uint64_t)json_integer_value(json_object_get(event, "cursor"));
    }
    int code = has_entry ? page(c, 0, BATCH_MAX, &position, &reply) : -1;
    json_array_foreach(events, i, event) {
        size_t j;
        json_t *entry;
        json_array_foreach(json_object_get(reply, "entries"), j, entry) {
            if (json_equal(json_object_get(entry, "entry"), json_object_get(event, "entry")))
                (void)json_object_update(event, entry);
        }
        ol_show_text(event);
    }
    json_decref(reply);
    return code;
}

/* One event, and those that are there already: a burst costs the station one view. */
static int take_events(ol_cli *c, json_t *events) {
    json_t *o = NULL;
    int code = ol_talk_next(c, &talk, OL_NEVER, &o);
    while (code < 0 && o != NULL) {
        if (json_object_get(o, "event") != NULL)
            (void)json_array_append(events, o);
        json_decref(o);
        o = NULL;
        if (json_array_size(events) < BATCH_MAX)
            code = ol_talk_next(c, &talk, 0, &o);
    }
    return code;
}

static int follow(ol_cli *c, uint64_t position) {
    ol_request r;
    json_t *o = NULL;
    json_t *events = json_array();
    int code = ol_talk_request(c, OL_DO_SUBSCRIBE, c->arg[0], &r);
    r.given |= OL_GIVEN_CURSOR;
    r.cursor = position;
    if (code < 0)
        code = ol_talk_ask(c, &talk, &r, &o);
    json_decref(o);
    while (code < 0) {
        size_t i;
        (void)fflush(stdout);
        (void)json_array_clear(events);
        int end = take_events(c, events);
        code = end < 0 ? enrich(c, events) : -1;
        json_array_foreach(events, i, o) {
            if (code < 0)
                print_event(c, o);
        }
        if (code < 0 && ferror(stdout))
            code = ol_cli_end(c);
        if (code < 0)
            code = end;
    }
    json_decref(events);
    return code;
}

static int log_run(ol_cli *c) {
    uint64_t last = 0;
    uint64_t position = 0;
    bool is_live = ol_cli_has(c, "follow");
    int code = ol_cli_u64(c, "last", 1, OL_CONTROL_LOG_MAX, 0, &last);
    if (code < 0)
        code = ol_talk_open(c, !is_live, &talk);
    if (code >= 0)
        return code;
    code = print_record(c, last, &position);
    if (code < 0 && is_live)
        code = follow(c, position);
    ol_talk_close(&talk);
    return code < 0 ? ol_cli_end(c) : code;
}

static const ol_cli_opt options[] = {
    { "last", "N", "only the last N entries, at most 500", false },
    { "follow", NULL, "go on with what comes: entries, receipts, paths, alarms", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_log = {
    .name = "log",
    .args = "<line>",
    .summary = "Prints the record of a line in its joint order",
    .help = "The same on both sides. Where no station runs, the home's store is read.\n",
    .opt = options,
    .args_min = 1,
    .args_max = 1,
    .run = log_run,
};
