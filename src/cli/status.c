/* openline status — the station, its lines, and when each path was last proven. */
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "cli/people.h"
#include "cli/talk.h"

static ol_talk talk;

static const char *text_of(const json_t *o, const char *key) {
    const char *s = json_string_value(json_object_get(o, key));
    return s != NULL ? s : "-";
}

static int ask(ol_cli *c, const char *line, json_int_t from, json_t **ret) {
    ol_request r;
    int code = ol_talk_request(c, OL_DO_STATUS, line, &r);
    if (from > 0)
        r.given |= OL_GIVEN_FROM, r.from = (uint64_t)from;
    return code < 0 ? ol_talk_ask(c, &talk, &r, ret) : code;
}

/* The station's status with the lines of all pages. */
static int ask_all(ol_cli *c, json_t **ret) {
    int code = ask(c, NULL, 0, ret);
    json_t *next = json_object_get(*ret, "next");
    while (code < 0 && json_is_integer(next)) {
        json_t *page = NULL;
        code = ask(c, NULL, json_integer_value(next), &page);
        (void)json_array_extend(json_object_get(*ret, "lines"), json_object_get(page, "lines"));
        (void)json_object_set(*ret, "next", json_object_get(page, "next"));
        next = json_object_get(*ret, "next");
        json_decref(page);
    }
    (void)json_object_del(*ret, "next");
    return code;
}

/* The station's status with the lines' own put in place of their summaries. */
static int gather(ol_cli *c, json_t **ret) {
    json_t *all = NULL;
    int code = ask_all(c, &all);
    json_t *lines = json_object_get(all, "lines");
    for (size_t i = 0; code < 0 && i < json_array_size(lines); i++) {
        json_t *line = NULL;
        const char *name = text_of(json_array_get(lines, i), "line");
        if (c->args > 0 && strcmp(c->arg[0], name) != 0)
            continue;
        code = ask(c, name, 0, &line);
        if (code >= 0)
            break;
        (void)json_object_del(line, "id");
        (void)json_object_del(line, "ok");
        (void)json_array_set_new(lines, i, line);
    }
    for (size_t i = json_array_size(lines); code < 0 && c->args > 0 && i > 0; i--)
        if (strcmp(c->arg[0], text_of(json_array_get(lines, i - 1), "line")) != 0)
            (void)json_array_remove(lines, i - 1);
    if (code < 0 && c->args > 0 && json_array_size(lines) == 0)
        code = ol_cli_fail(c, OL_ENOENT, "openline status names them all",
                           "the station has no line \"%s\"", c->arg[0]);
    (void)json_object_del(all, "id");
    if (code < 0)
        *ret = all;
    else
        json_decref(all);
    return code;
}

/* What tells one path of several from another: nothing of it where all is well and quiet. */
static void print_health(const json_t *p) {
    json_int_t lost = ol_cli_int_of(p, "lost_of_1000"), rate = ol_cli_int_of(p, "rate");
    json_int_t bits = ol_cli_int_of(p, "bits_per_s"), unanswered = ol_cli_int_of(p, "unanswered");
    if (lost > 0)
        ol_cli_print("  loses %lld.%lld %%", (long long)(lost / 10), (long long)(lost % 10));
    if (rate > 0)
        ol_cli_print("  rate %lld bit/s", (long long)rate);
    if (bits > 0)
        ol_cli_print("  carried %lld bit/s", (long long)bits);
    if (unanswered > 0)
        ol_cli_print("  SILENT: %lld not answered", (long long)unanswered);
    if (json_is_true(json_object_get(p, "best")))
        ol_cli_print("  in use");
}

static void print_path(const json_t *p) {
    char dtg[OL_CLI_DTG_LEN + 1] = "";
    json_t *proven = json_object_get(p, "proven");
    if (json_is_integer(proven))
        ol_cli_dtg((uint64_t)json_integer_value(proven), dtg);
    const char *state = json_is_true(json_object_get(p, "live")) ? "LIVE"
                        : json_is_true(json_object_get(p, "up")) ? "up"
                                                                 : "DOWN";
    bool is_theirs = !json_is_string(json_object_get(p, "url")); /* the peer speaks first */
    ol_cli_print("    to %-12s path %lld  %-4s  %s%s  last proven %s", text_of(p, "party"),
                 ol_cli_int_of(p, "path"), state, is_theirs ? "from " : "",
                 text_of(p, is_theirs ? "address" : "url"),
                 json_is_integer(proven) ? dtg : "never in this run");
    if (json_is_integer(json_object_get(p, "round_trip_ms")))
        ol_cli_print("  round trip %lld ms", ol_cli_int_of(p, "round_trip_ms"));
    print_health(p);
    ol_cli_print("\n");
}

static void print_epoch(const char *party, const json_t *e) {
    char dtg[OL_CLI_DTG_LEN + 1] = "the founding";
    const json_t *since = json_object_get(e, "since");
    if (json_is_integer(since))
        ol_cli_dtg((uint64_t)json_integer_value(since), dtg);
    ol_cli_print("    keys with %-5s epoch %lld since %s, oldest kept %lld%s\n", party,
                 ol_cli_int_of(e, "epoch"), dtg, ol_cli_int_of(e, "oldest"),
                 json_is_true(json_object_get(e, "confirmed")) ? "" : ", not heard at it yet");
}

/* Who signed what, since when it is known, and what to do. */
static void print_fork(const json_t *l, const json_t *f, const char *self) {
    char dtg[OL_CLI_DTG_LEN + 1];
    const char *log = text_of(f, "log"), *by = text_of(f, "signed_by");
    bool is_head = strcmp(text_of(f, "kind"), "head") == 0, is_ours = strcmp(by, self) == 0;
    bool is_known = json_is_integer(json_object_get(f, "acknowledged"));
    ol_cli_dtg((uint64_t)ol_cli_int_of(f, "found"), dtg);
    ol_cli_print("    %s: %s %s of %s, at %lld entries; found %s\n",
                 is_known ? "known" : "ALARM, TWO HISTORIES", by,
                 is_head ? "signed two histories" : "receipted another history than ours", log,
                 ol_cli_int_of(f, "size"), dtg);
    if (is_known)
        return;
    ol_cli_print("      %s\n",
                 is_ours && is_head
                     ? "somebody else signs with this station's key: a stolen disk, or a copy of "
                       "this home that runs.\n      What was said there and is not shown as stored "
                       "must be said again; replace the card"
                 : is_head ? "no further receipts are signed for that log; its later ones are "
                             "receipted. Ask its party by another channel"
                           : "nothing stops for it. Ask that party by another channel");
    ol_cli_print("      then: openline fork ack %s %s\n", text_of(l, "line"), log);
}

static void print_waits(const char *whose, const char *party, const json_t *lanes) {
    json_t *s;
    const char *lane;
    json_object_foreach((json_t *)(uintptr_t)lanes, lane, s) {
        ol_cli_print("    ENTRIES OF %s (%s) WAIT: more than the charter allows in a day; the next "
                     "in %lld s\n",
                     whose, lane, (long long)json_integer_value(s));
        ol_cli_print("      they are kept and taken later; %s decides that\n", party);
    }
}

/* What is put off between us and a party, said by either. */
static void print_delays(const char *party, const json_t *d) {
    static const struct {
        const char *word, *says;
    } other[] = {
        { "our-handshakes", "puts off some of our first messages: too many" },
        { "our-requests", "puts off some of our requests: too many" },
        { "their-handshakes", "sends more first messages than are worked on" },
        { "their-requests", "sends more requests than are worked on" },
    };
    size_t i;
    json_t *v;
    print_waits("OURS", party, json_object_get(d, "ours"));
    print_waits(party, "this station", json_object_get(d, "theirs"));
    json_array_foreach(json_object_get(d, "what"), i, v) {
        for (size_t k = 0; k < OL_LEN(other); k++)
            if (strcmp(json_string_value(v), other[k].word) == 0)
                ol_cli_print("    %s %s\n", party, other[k].says);
    }
}

/* How the line is, since when; whose checks do not come. Never more than was proven. */
static void print_state(const json_t *l) {
    char dtg[OL_CLI_DTG_LEN + 1];
    const json_t *checks = json_object_get(l, "checks");
    const char *state = text_of(l, "state"), *party;
    json_t *p;
    ol_cli_dtg((uint64_t)ol_cli_int_of(l, "state_since"), dtg);
    ol_cli_print("    %s%s since %s\n", strcmp(state, "dead") == 0 ? "THE LINE IS " : "",
                 strcmp(state, "dead") == 0       ? "DEAD"
                 : strcmp(state, "degraded") == 0 ? "DEGRADED"
                                                  : state,
                 dtg);
    json_object_foreach(json_object_get(checks, "parties"), party, p) {
        bool is_missed = json_is_true(json_object_get(p, "missed"));
        ol_cli_dtg((uint64_t)ol_cli_int_of(p, "time"), dtg);
        ol_cli_print("    %-12s %s, ", party, text_of(p, "state"));
        if (ol_cli_int_of(p, "last") == 0)
            ol_cli_print("no line check of theirs is on record%s\n", is_missed ? ": MISSED" : "");
        else
            ol_cli_print("%slast line check received: number %lld of %s\n",
                         is_missed ? "CHECK MISSED, " : "", ol_cli_int_of(p, "last"), dtg);
    }
}

/* Who has the watch on each side; what no officer has signed is the station's claim. */
static void print_watch(const json_t *l) {
    char dtg[OL_CLI_DTG_LEN + 1];
    size_t i;
    json_t *party;
    json_array_foreach(json_object_get(l, "parties"), i, party) {
        const json_t *w = json_object_get(json_object_get(l, "watch"), json_string_value(party));
        const char *title = ol_cli_text_of(w, "title"), *name = ol_cli_text_of(w, "name");
        ol_cli_dtg((uint64_t)ol_cli_int_of(w, "since"), dtg);
        ol_cli_print("    %-12s ", json_string_value(party));
        if (w == NULL)
            ol_cli_print("has not said who has the watch\n");
        else if (ol_cli_int_of(w, "officer") == 0)
            ol_cli_print("NOBODY has the watch since %s\n", dtg);
        else {
            bool is_claim = json_is_false(json_object_get(w, "taken")) ||
                            json_is_false(json_object_get(w, "vouched"));
            ol_cli_print("officer %lld%s%s%s%s%s has the watch since %s%s\n",
                         ol_cli_int_of(w, "officer"), name[0] != '\0' ? ", " : "", title,
                         title[0] != '\0' ? " " : "", name, name[0] != '\0' ? "," : "", dtg,
                         is_claim ? ": the station's claim" : "");
        }
    }
}

/* Who has not answered what, and how long he has, or is late. */
static void print_clock(const json_t *k) {
    bool is_late = json_is_true(json_object_get(k, "overdue"));
    char precedence[OL_PEOPLE_STATUS_LEN], status[OL_PEOPLE_STATUS_LEN];
    ol_cli_print("    %-12s %s %s %s: %s %s, %lld s %s\n", is_late ? "OVERDUE" : "to answer",
                 ol_people_upper(text_of(k, "precedence"), precedence),
                 ol_people_upper(text_of(k, "status"), status), text_of(k, "entry"),
                 text_of(k, "party"),
                 is_late                                       ? "has not answered"
                 : json_is_true(json_object_get(k, "put_off")) ? "said that it will answer"
                                                               : "is to answer",
                 ol_cli_int_of(k, is_late ? "late_s" : "left_s"), is_late ? "late" : "left");
}

/* Who said when a call may be placed again, and when that is, or was. */
static void print_deferral(const json_t *k) {
    bool is_due = json_is_true(json_object_get(k, "due"));
    char precedence[OL_PEOPLE_STATUS_LEN], status[OL_PEOPLE_STATUS_LEN];
    ol_cli_print("    %-12s %s %s call %s: %s deferred it, %lld s %s\n",
                 is_due ? "DUE" : "deferred", ol_people_upper(text_of(k, "precedence"), precedence),
                 ol_people_upper(text_of(k, "status"), status), text_of(k, "entry"),
                 text_of(k, "party"), ol_cli_int_of(k, is_due ? "late_s" : "left_s"),
                 is_due ? "ago" : "left");
}

static void print_copy(const json_t *l) {
    char dtg[OL_CLI_DTG_LEN + 1];
    if (!json_is_integer(json_object_get(l, "copy")))
        return;
    ol_cli_dtg((uint64_t)ol_cli_int_of(l, "copy"), dtg);
    if (json_is_integer(json_object_get(l, "copy_acknowledged")))
        ol_cli_print("    known: another station spoke with this one's keys, last found %s\n", dtg);
    else
        ol_cli_print("    ANOTHER STATION SPOKE WITH THIS ONE'S KEYS, last found %s: a copy of\n"
                     "      this home that runs, or a stolen disk. End it; else renew the card\n"
                     "      then: openline copy ack %s\n",
                     dtg, text_of(l, "line"));
}

static void print_line(const json_t *l, const char *self) {
    size_t i;
    json_t *v;
    const char *key;
    ol_cli_print("  line %s, %lld entries in %lld logs%s\n", text_of(l, "line"),
                 ol_cli_int_of(l, "entries"), ol_cli_int_of(l, "logs"),
                 json_is_true(json_object_get(l, "clock_doubtful"))
                     ? "\n    THE CLOCK IS IN DOUBT: look at it, then openline clock accept"
                     : "");
    print_copy(l);
    print_state(l);
    print_watch(l);
    json_object_foreach(json_object_get(l, "stopped"), key, v) {
        ol_cli_print("    %s SAYS THAT IT STORES NOTHING: %s\n", key, json_string_value(v));
    }
    json_object_foreach(json_object_get(l, "delays"), key, v) {
        print_delays(key, v);
    }
    json_array_foreach(json_object_get(l, "clocks"), i, v) {
        print_clock(v);
    }
    json_array_foreach(json_object_get(l, "deferrals"), i, v) {
        print_deferral(v);
    }
    json_array_foreach(json_object_get(l, "forks"), i, v) {
        print_fork(l, v, self);
    }
    int64_t more =
        ol_cli_int_of(l, "forks_all") - (int64_t)json_array_size(json_object_get(l, "forks"));
    if (more > 0)
        ol_cli_print("    and %lld pieces of evidence more; those that are not known come first\n",
                     (long long)more);
    json_array_foreach(json_object_get(l, "paths"), i, v) print_path(v);
    json_object_foreach(json_object_get(l, "epochs"), key, v) {
        print_epoch(key, v);
    }
    json_object_foreach(json_object_get(l, "current"), key, v) {
        ol_cli_print("    %-24s %lld entries\n", key, ol_cli_int_of(v, "size"));
    }
}

/* Only what needs somebody: a hook that works is not spoken of. */
static void print_hook(const json_t *h) {
    const char *fault = json_string_value(json_object_get(h, "fault"));
    char dtg[OL_CLI_DTG_LEN + 1];
    ol_cli_dtg((uint64_t)ol_cli_int_of(h, "last"), dtg);
    if (fault != NULL)
        ol_cli_print("  HOOK %s FAILED at %s: %s%s%s\n", text_of(h, "hook"), dtg, fault,
                     text_of(h, "said")[0] != '\0' ? ": " : "", text_of(h, "said"));
    if (ol_cli_int_of(h, "dropped") > 0)
        ol_cli_print("  hook %s: %lld events dropped, more urgent ones came\n", text_of(h, "hook"),
                     ol_cli_int_of(h, "dropped"));
}

static void print_status(const json_t *s) {
    char dtg[OL_CLI_DTG_LEN + 1];
    size_t i;
    json_t *v;
    const json_t *storage = json_object_get(s, "storage");
    ol_cli_dtg((uint64_t)ol_cli_int_of(s, "started"), dtg);
    ol_cli_print("%s  station %s, pid %lld, running since %s\n", text_of(s, "party"),
                 text_of(s, "version"), ol_cli_int_of(s, "pid"), dtg);
    if (!json_is_true(json_object_get(storage, "ok")))
        ol_cli_print("  NOTHING IS BEING STORED: %s\n", text_of(storage, "what"));
    json_array_foreach(json_object_get(s, "ports"), i, v) {
        const char *trouble = json_string_value(json_object_get(v, "trouble"));
        const char *address = text_of(v, "address");
        ol_cli_print("  port %s  %s%s%s%s%s\n", text_of(v, "name"), text_of(v, "url"),
                     strchr(address, ':') != NULL ? "  bound to " : "",
                     strchr(address, ':') != NULL ? address : "", trouble != NULL ? "  DOWN: " : "",
                     trouble != NULL ? trouble : "");
    }
    json_array_foreach(json_object_get(s, "hooks"), i, v) print_hook(v);
    json_array_foreach(json_object_get(s, "lines"), i, v) print_line(v, text_of(s, "party"));
}

static int once(ol_cli *c) {
    json_t *s = NULL;
    int code = gather(c, &s);
    if (code >= 0)
        return code;
    if (c->is_json)
        ol_cli_json(s);
    else {
        print_status(s);
        json_decref(s);
    }
    return ol_cli_end(c);
}

/* Subscribes to every line from now on: events say when to look again. */
static int follow(ol_cli *c) {
    json_t *reply = NULL;
    ol_request r;
    int code = ol_talk_request(c, OL_DO_HELLO, NULL, &r);
    if (code < 0)
        code = ol_talk_ask(c, &talk, &r, &reply);
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(reply, "lines"), i, line) {
        json_t *o = NULL;
        if (code < 0)
            code = ol_talk_request(c, OL_DO_POSITION, json_string_value(line), &r);
        if (code < 0)
            code = ol_talk_ask(c, &talk, &r, &o);
        r.what = OL_DO_SUBSCRIBE;
        r.given |= OL_GIVEN_CURSOR;
        r.cursor = (uint64_t)ol_cli_int_of(o, "position");
        json_decref(o);
        o = NULL;
        if (code < 0)
            code = ol_talk_ask(c, &talk, &r, &o);
        json_decref(o);
    }
    json_decref(reply);
    return code;
}

/* Prints anew when something happened, twice a second at most; where nothing does, every minute. */
static int watch(ol_cli *c) {
    int code = follow(c);
    while (code < 0) {
        if (!c->is_json)
            ol_cli_print("\033[H\033[2J");
        code = once(c);
        if (code != OL_CLI_DONE)
            break;
        json_t *o = NULL;
        code = ol_talk_next(c, &talk, 60000, &o);
        json_decref(o);
        struct timespec pause = { .tv_nsec = 500000000 };
        if (code < 0)
            (void)nanosleep(&pause, NULL);
        json_array_clear(talk.events);
    }
    return code;
}

static int status_run(ol_cli *c) {
    int code = ol_talk_open(c, false, &talk);
    if (code >= 0)
        return code;
    code = ol_cli_has(c, "watch") ? watch(c) : once(c);
    ol_talk_close(&talk);
    return code;
}

static const ol_cli_opt options[] = {
    { "watch", NULL, "print it again whenever something changes", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_status = {
    .name = "status",
    .args = "[<line>]",
    .summary = "Tells whether the station runs, and when each path was last proven",
    .help = "A path is proven by a receipt of the other party that came over it, and by nothing "
            "less.\n",
    .opt = options,
    .args_max = 1,
    .run = status_run,
};
