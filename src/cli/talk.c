#include "cli/talk.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "base/time.h"

int ol_talk_connect(const ol_home *h) {
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    char path[OL_HOME_SOCKET_MAX + 1];
    ol_home_socket(h, path);
    memcpy(to.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

int ol_talk_open(ol_cli *c, bool may_read, ol_talk *t) {
    ol_why why = { "" };
    memset(t, 0, offsetof(ol_talk, in));
    t->fd = -1;
    ol_err err = ol_home_open(NULL, false, &t->home, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    t->events = json_array();
    t->fd = ol_talk_connect(&t->home);
    if (t->fd >= 0)
        return -1;
    long pid = ol_home_pid(&t->home);
    int code = -1;
    if (pid != 0)
        code = ol_cli_fail(c, OL_EAGAIN, "try again in a moment",
                           "the station (pid %ld) does not answer at its control socket: it "
                           "starts, stops or hangs",
                           pid);
    else if (!may_read)
        code = ol_cli_fail(c, OL_ESTATE, "start it: openline run", "no station runs on %s",
                           t->home.path);
    else if ((err = ol_desk_of_home(&t->home, &t->desk, &why)) != OL_OK)
        code = ol_cli_fail_why(c, err, &why);
    if (code >= 0)
        ol_talk_close(t);
    return code;
}

void ol_talk_close(ol_talk *t) {
    if (t->fd >= 0)
        (void)close(t->fd);
    t->fd = -1;
    ol_desk_close(&t->desk);
    json_decref(t->events);
    t->events = NULL;
    ol_home_close(&t->home);
}

bool ol_talk_is_live(const ol_talk *t) {
    return t->fd >= 0;
}

uint64_t ol_talk_now_ms(void) {
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int lost(ol_cli *c, const char *how) {
    return ol_cli_fail(c, OL_EIO, "look at its log; openline status tells whether it runs",
                       "the station closed the conversation: %s", how);
}

/* A whole line out of t->in; NULL: none yet. */
static int take_line(ol_cli *c, ol_talk *t, json_t **ret) {
    char *end = memchr(t->in, '\n', t->in_len);
    if (end == NULL)
        return t->in_len < sizeof t->in ? -1 : lost(c, "a line was too long");
    size_t len = (size_t)(end - t->in) + 1;
    *ret = json_loadb(t->in, len, JSON_REJECT_DUPLICATES, NULL);
    memmove(t->in, t->in + len, t->in_len - len);
    t->in_len -= len;
    return *ret != NULL ? -1 : lost(c, "a line was no JSON");
}

/* The station hung up: perhaps it said why. */
static int sent_away(ol_cli *c, ol_talk *t) {
    int sys = errno;
    json_t *o = NULL;
    ssize_t n = recv(t->fd, t->in + t->in_len, sizeof t->in - t->in_len, MSG_DONTWAIT);
    t->in_len += n > 0 ? (size_t)n : 0;
    if (take_line(c, t, &o) < 0 && json_is_false(json_object_get(o, "ok"))) {
        int code = ol_cli_fail_json(c, json_object_get(o, "error"));
        json_decref(o);
        return code;
    }
    json_decref(o);
    return lost(c, strerror(sys));
}

int ol_talk_send(ol_cli *c, ol_talk *t, ol_request *r, uint64_t *ret_id) {
    static char text[OL_CONTROL_LINE_MAX];
    size_t len = 0;
    r->id = ++t->next_id;
    *ret_id = r->id;
    ol_err err = ol_request_put(r, text, sizeof text, &len);
    if (err != OL_OK)
        return ol_cli_fail(c, err, "try again", "the request cannot be written: %s",
                           ol_err_text(err));
    for (size_t at = 0; at < len;) {
        ssize_t n = send(t->fd, text + at, len - at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sent_away(c, t);
        at += (size_t)n;
    }
    if ((r->given & OL_GIVEN_PASSPHRASE) != 0)
        sodium_memzero(text, len);
    return -1;
}

static int receive(ol_cli *c, ol_talk *t, uint64_t until_ms, json_t **ret) {
    *ret = NULL;
    for (;;) {
        int code = take_line(c, t, ret);
        if (code >= 0 || *ret != NULL)
            return code;
        uint64_t now = ol_talk_now_ms();
        if (now >= until_ms)
            return -1;
        uint64_t left = until_ms - now;
        struct pollfd p = { .fd = t->fd, .events = POLLIN };
        int got = poll(&p, 1, left > 1000000 ? 1000000 : (int)left);
        if (got <= 0)
            continue;
        ssize_t n = read(t->fd, t->in + t->in_len, sizeof t->in - t->in_len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return lost(c, n == 0 ? "it stops" : strerror(errno));
        t->in_len += (size_t)n;
    }
}

int ol_talk_next(ol_cli *c, ol_talk *t, uint64_t timeout_ms, json_t **ret) {
    if (json_array_size(t->events) > 0) {
        *ret = json_incref(json_array_get(t->events, 0));
        (void)json_array_remove(t->events, 0);
        return -1;
    }
    return receive(c, t, timeout_ms == OL_NEVER ? OL_NEVER : ol_talk_now_ms() + timeout_ms, ret);
}

/* Answers from the store, as the station would. */
static int ask_desk(ol_cli *c, ol_talk *t, const ol_request *r, json_t **ret) {
    static ol_desk_fn *const answers[OL_DO_N] = {
        [OL_DO_POSITION] = ol_desk_position,
        [OL_DO_LOG] = ol_desk_log,
        [OL_DO_RECORD] = ol_desk_record,
        [OL_DO_ENTRIES] = ol_desk_entries,
    };
    ol_refusal why = { .err = OL_OK };
    OL_ASSERT(answers[r->what] != NULL);
    json_t *reply = ol_cli_ok();
    ol_err err = reply == NULL ? OL_ENOMEM : answers[r->what](&t->desk, r, reply, &why);
    if (err == OL_OK)
        return *ret = reply, -1;
    json_decref(reply);
    return ol_cli_fail(c, err, why.todo[0] != '\0' ? why.todo : "check the disk", "%s",
                       why.what[0] != '\0' ? why.what : ol_err_text(err));
}

int ol_talk_ask(ol_cli *c, ol_talk *t, ol_request *r, json_t **ret) {
    if (t->fd < 0)
        return ask_desk(c, t, r, ret);
    uint64_t id = 0;
    int code = ol_talk_send(c, t, r, &id);
    while (code < 0) {
        json_t *o = NULL;
        code = receive(c, t, OL_NEVER, &o);
        if (code >= 0)
            return code;
        json_t *its = json_object_get(o, "id");
        if (json_object_get(o, "event") != NULL ||
            (json_is_integer(its) && (uint64_t)json_integer_value(its) != id)) {
            (void)json_array_append_new(t->events, o);
            continue;
        }
        if (json_is_true(json_object_get(o, "ok")))
            return *ret = o, -1;
        code = ol_cli_fail_json(c, json_object_get(o, "error"));
        json_decref(o);
    }
    return code;
}

int ol_talk_request(ol_cli *c, ol_do what, const char *line, ol_request *ret) {
    *ret = (ol_request){ .what = what };
    if (line == NULL)
        return -1;
    if (!ol_name_is_valid(line, strlen(line)))
        return ol_cli_fail(c, OL_EFORM, "give the name of a line; openline status lists them",
                           "\"%s\" is no name for a line", line);
    memcpy(ret->line, line, strlen(line) + 1);
    ret->given |= OL_GIVEN_LINE;
    return -1;
}
