/* openline stop, clock accept, copy ack, fork ack — what an officer tells the running station. */
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "cli/talk.h"

static ol_talk talk;

/* A request whose answer says no more than that it is done. */
static int order(ol_cli *c, ol_request *r) {
    json_t *reply = NULL;
    int code = ol_talk_ask(c, &talk, r, &reply);
    json_decref(reply);
    return code;
}

/* The station closes the socket, then lets go of the home. */
static int await_end(ol_cli *c) {
    uint64_t until_ms = ol_talk_now_ms() + 30000;
    while (ol_home_pid(&talk.home) != 0) {
        if (ol_talk_now_ms() > until_ms)
            return ol_cli_fail(c, OL_EAGAIN, "look at its log, or end it by its pid",
                               "the station (pid %ld) has not stopped after 30 seconds",
                               ol_home_pid(&talk.home));
        struct timespec pause = { .tv_nsec = 5000000 };
        (void)nanosleep(&pause, NULL);
    }
    return -1;
}

static int stop_run(ol_cli *c) {
    ol_request r;
    int code = ol_talk_open(c, false, &talk);
    if (code >= 0)
        return code;
    code = ol_talk_request(c, OL_DO_STOP, NULL, &r);
    if (code < 0)
        code = order(c, &r);
    if (code < 0)
        code = await_end(c);
    ol_talk_close(&talk);
    if (code >= 0)
        return code;
    if (c->is_json)
        ol_cli_json(ol_cli_ok());
    else
        ol_cli_print("The station has stopped.\n");
    return ol_cli_end(c);
}

static int accept_on(ol_cli *c, const char *line) {
    ol_request r;
    int code = ol_talk_request(c, OL_DO_CLOCK_ACCEPT, line, &r);
    return code < 0 ? order(c, &r) : code;
}

/* Of the line that was named, else of all that doubt the clock. */
static int accept_all(ol_cli *c, json_t *done) {
    if (c->args > 0) {
        (void)json_array_append_new(done, json_string(c->arg[0]));
        return accept_on(c, c->arg[0]);
    }
    ol_request r;
    json_t *reply = NULL;
    int code = ol_talk_request(c, OL_DO_STATUS, NULL, &r);
    if (code < 0)
        code = ol_talk_ask(c, &talk, &r, &reply);
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(reply, "lines"), i, line) {
        json_t *name = json_object_get(line, "line");
        if (code >= 0 || !json_is_true(json_object_get(line, "clock_doubtful")))
            continue;
        code = accept_on(c, json_string_value(name));
        (void)json_array_append(done, name);
    }
    json_decref(reply);
    return code;
}

static int accept_run(ol_cli *c) {
    int code = ol_talk_open(c, false, &talk);
    if (code >= 0)
        return code;
    json_t *done = json_array();
    code = accept_all(c, done);
    ol_talk_close(&talk);
    if (code < 0 && c->is_json)
        ol_cli_json(json_pack("{s:b, s:O}", "ok", 1, "lines", done));
    size_t i;
    json_t *line;
    json_array_foreach(done, i, line) {
        if (code < 0 && !c->is_json)
            ol_cli_print("The clock is taken as right on the line %s.\n", json_string_value(line));
    }
    if (code < 0 && json_array_size(done) == 0)
        ol_cli_hint(c, "No line doubts the clock.");
    json_decref(done);
    return code < 0 ? ol_cli_end(c) : code;
}

/* The request is read by the reader that the station has. */
static int fork_request(ol_cli *c, ol_request *ret) {
    char text[256];
    ol_refusal why;
    const char *log = c->arg[1];
    int code = ol_talk_request(c, OL_DO_FORK_ACK, c->arg[0], ret);
    if (code >= 0)
        return code;
    int n =
        snprintf(text, sizeof text, "{\"id\":1,\"do\":\"fork-ack\",\"line\":\"%s\",\"log\":\"%s\"}",
                 c->arg[0], log);
    bool is_text = strspn(log, "abcdefghijklmnopqrstuvwxyz0123456789-/") == strlen(log);
    if (is_text && n < (int)sizeof text && ol_request_parse(text, (size_t)n, ret, &why) == OL_OK)
        return -1;
    return ol_cli_usage(c, "\"%s\" names no log, as usa/urgent/0123456789abcdef does", log);
}

static int acknowledge(ol_cli *c, ol_request *r) {
    int code = ol_talk_open(c, false, &talk);
    if (code >= 0)
        return code;
    code = order(c, r);
    ol_talk_close(&talk);
    return code;
}

static int copy_ack_run(ol_cli *c) {
    ol_request r;
    int code = ol_talk_request(c, OL_DO_COPY_ACK, c->arg[0], &r);
    if (code < 0)
        code = acknowledge(c, &r);
    if (code >= 0)
        return code;
    if (c->is_json)
        ol_cli_json(json_pack("{s:b, s:s}", "ok", 1, "line", c->arg[0]));
    else
        ol_cli_print("It is known that another station spoke with this one's keys on the line %s.\n"
                     "If it speaks again, that is a new alarm.\n",
                     c->arg[0]);
    return ol_cli_end(c);
}

static int fork_ack_run(ol_cli *c) {
    ol_request r;
    int code = fork_request(c, &r);
    if (code < 0)
        code = acknowledge(c, &r);
    if (code >= 0)
        return code;
    if (c->is_json)
        ol_cli_json(json_pack("{s:b, s:s, s:s}", "ok", 1, "line", c->arg[0], "log", c->arg[1]));
    else
        ol_cli_print("The evidence against %s is known; it is kept, and shown by openline status "
                     "and verify.\n",
                     c->arg[1]);
    return ol_cli_end(c);
}

static const ol_cli_opt no_options[] = { { NULL, NULL, NULL, false } };

const ol_cli_command ol_cli_stop = {
    .name = "stop",
    .args = "",
    .summary = "Stops this party's station",
    .help = "Returns when it has stopped.\n",
    .opt = no_options,
    .run = stop_run,
};

const ol_cli_command ol_cli_clock_accept = {
    .name = "clock accept",
    .args = "[<line>]",
    .summary = "Tells the station that an officer found its clock right",
    .help =
        "Asked for when the clock is a day off what the record lets expect. Until then receipts\n"
        "carry the last known time plus a second each.\n",
    .opt = no_options,
    .args_max = 1,
    .run = accept_run,
};

const ol_cli_command ol_cli_copy_ack = {
    .name = "copy ack",
    .args = "<line>",
    .summary = "Ends the alarm of a second station with these keys: an officer knows of it",
    .help =
        "First end the copy of this home that runs; if there is none, a disk was stolen: renew\n"
        "the card. If it speaks again, that is a new alarm.\n",
    .opt = no_options,
    .args_min = 1,
    .args_max = 1,
    .run = copy_ack_run,
};

const ol_cli_command ol_cli_fork_ack = {
    .name = "fork ack",
    .args = "<line> <log>",
    .summary = "Ends the alarm of two histories: an officer knows of it",
    .help =
        "openline status names the log. The evidence stays, and so does what follows from it: no\n"
        "further receipts for that log.\n",
    .opt = no_options,
    .args_min = 2,
    .args_max = 2,
    .run = fork_ack_run,
};
