/* openline restart — the running station starts anew, in its own process. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cli/files.h"
#include "cli/talk.h"

enum { UP_MS = 50000, GONE_MS = 5000, ROOM = 65536 };

static ol_talk talk;

static int ask_restart(ol_cli *c, const ol_cli_pass *pass) {
    static ol_request r;
    json_t *reply = NULL;
    int code = ol_talk_request(c, OL_DO_RESTART, NULL, &r);
    if (pass != NULL) {
        memcpy(r.pass, pass->pass, pass->len);
        r.pass_len = pass->len;
        r.given |= OL_GIVEN_PASSPHRASE;
    }
    if (code < 0)
        code = ol_talk_ask(c, &talk, &r, &reply);
    sodium_memzero(&r, sizeof r);
    json_decref(reply);
    return code;
}

/* What a station says of itself; NULL: none answers. It is asked without a word to anybody: between
 * the old one and the new one there is nothing that would be wrong. */
static json_t *hello(const ol_home *h) {
    static char room[ROOM];
    static const char ask[] = "{\"id\":1,\"do\":\"hello\"}\n";
    size_t len = 0;
    int fd = ol_talk_connect(h);
    ssize_t n = fd < 0 ? -1 : send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL);
    while (n > 0 && (len == 0 || room[len - 1] != '\n') && len < sizeof room) {
        n = recv(fd, room + len, sizeof room - len, 0);
        len += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        (void)close(fd);
    return len > 0 && room[len - 1] == '\n' ? json_loadb(room, len, 0, NULL) : NULL;
}

/* The process of this number has ended, though nobody may have asked what became of it. */
static bool has_ended(long long pid) {
    char path[40], text[256] = "";
    (void)snprintf(path, sizeof path, "/proc/%lld/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return errno == ENOENT;
    size_t n = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    const char *name_end = strrchr(text, ')');
    return n > 0 && name_end != NULL && strncmp(name_end, ") Z", 3) == 0;
}

static int await_new(ol_cli *c, const json_t *old, json_t **ret) {
    const char *run = ol_cli_text_of(old, "run");
    long long pid = ol_cli_int_of(old, "pid");
    uint64_t from_ms = ol_talk_now_ms(), there_ms = from_ms;
    for (;;) {
        json_t *new = hello(&talk.home);
        uint64_t now_ms = ol_talk_now_ms();
        if (new != NULL && strcmp(ol_cli_text_of(new, "run"), run) != 0)
            return *ret = new, -1;
        json_decref(new);
        if (ol_home_pid(&talk.home) != 0)
            there_ms = now_ms;
        if (has_ended(pid) || now_ms - there_ms > GONE_MS)
            return ol_cli_fail(c, OL_EIO, "its log says why; then openline run",
                               "the station has stopped and did not start anew");
        if (now_ms - from_ms > UP_MS)
            return ol_cli_fail(c, OL_EAGAIN, "look at its log; openline status tells when it is up",
                               "the station (pid %lld) does not answer after %d seconds", pid,
                               UP_MS / 1000);
        (void)nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
}

static void print_new(ol_cli *c, const json_t *new) {
    size_t i;
    json_t *line, *lines = json_object_get(new, "lines");
    if (c->is_json) {
        ol_cli_json(json_pack("{s:b, s:s, s:I, s:O}", "ok", 1, "run", ol_cli_text_of(new, "run"),
                              "pid", (json_int_t)ol_cli_int_of(new, "pid"), "lines", lines));
        return;
    }
    ol_cli_print("The station runs anew (pid %lld)", ol_cli_int_of(new, "pid"));
    json_array_foreach(lines, i, line)
        ol_cli_print("%s%s", i == 0 ? ", with its lines " : ", ", json_string_value(line));
    ol_cli_print(".\n");
}

static int restart_run(ol_cli *c) {
    ol_cli_pass *pass = NULL;
    json_t *old = NULL, *new = NULL;
    ol_request r;
    int code = ol_cli_passphrase(c, &pass);
    if (code < 0)
        code = ol_talk_open(c, false, &talk);
    if (code >= 0) {
        sodium_free(pass);
        return code;
    }
    code = ol_talk_request(c, OL_DO_HELLO, NULL, &r);
    if (code < 0)
        code = ol_talk_ask(c, &talk, &r, &old);
    if (code < 0)
        code = ask_restart(c, pass);
    sodium_free(pass);
    if (code < 0)
        code = await_new(c, old, &new);
    if (code < 0)
        print_new(c, new);
    json_decref(old);
    json_decref(new);
    ol_talk_close(&talk);
    return code < 0 ? ol_cli_end(c) : code;
}

static const ol_cli_opt options[] = {
    { "passphrase-fd", "N", "read the passphrase of station.key from descriptor N", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_restart = {
    .name = "restart",
    .args = "",
    .summary =
        "Has the running station start anew: it takes up lines, cards, ports, bearers, hooks",
    .help = "In the same process, with the same options, so that whoever watches over it keeps it. "
            "What it would not\nstart with, such as a fault in the configuration or a wrong "
            "passphrase, is refused, and it goes on as it is.\nReturns when it answers again. For "
            "another version of the program stop it and run that.\n",
    .opt = options,
    .run = restart_run,
};
