#include "cli/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, SAID_MAX = 2048, STEP = 65536 };

typedef struct {
    int fd;
    uint8_t *p;
    size_t len, cap, max;
    bool is_full; /* more came than may */
} sink;

int ol_cli_helper_memory(const void *p, size_t len) {
    int fd = memfd_create("openline", MFD_CLOEXEC);
    for (size_t at = 0; fd >= 0 && at < len;) {
        ssize_t put = write(fd, (const uint8_t *)p + at, len - at);
        if (put < 0 && errno != EINTR) {
            (void)close(fd);
            return -1;
        }
        at += put > 0 ? (size_t)put : 0;
    }
    if (fd >= 0)
        (void)lseek(fd, 0, SEEK_SET);
    return fd;
}

/* Beside this program. */
static bool path_of(const char *name, char to[PATH_ROOM]) {
    ssize_t len = readlink("/proc/self/exe", to, PATH_ROOM - 1);
    if (len <= 0)
        return false;
    to[len] = '\0';
    char *slash = strrchr(to, '/');
    size_t room = slash == NULL ? 0 : (size_t)(to + PATH_ROOM - slash - 1);
    return slash != NULL && snprintf(slash + 1, room, "%s", name) < (int)room;
}

static bool start(const ol_cli_helper *h, const char *path, int out, int err, pid_t *ret) {
    const char *argv[OL_CLI_HELPER_WORDS_MAX + 2] = { h->name };
    for (size_t i = 0; h->words != NULL && h->words[i] != NULL; i++) {
        OL_ASSERT(i < OL_CLI_HELPER_WORDS_MAX);
        argv[1 + i] = h->words[i];
    }
    char *none[] = { NULL };
    posix_spawn_file_actions_t a;
    if (posix_spawn_file_actions_init(&a) != 0)
        return false;
    int failed = posix_spawn_file_actions_adddup2(&a, h->input, STDIN_FILENO);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&a, out, STDOUT_FILENO);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&a, err, STDERR_FILENO);
    if (failed == 0)
        failed = posix_spawn_file_actions_addclosefrom_np(&a, STDERR_FILENO + 1);
    if (failed == 0 && h->is_bare)
        failed = posix_spawn_file_actions_addchdir_np(&a, "/");
    if (failed == 0)
        failed = posix_spawn(ret, path, &a, NULL, (char *const *)(uintptr_t)argv,
                             h->is_bare ? none : environ);
    (void)posix_spawn_file_actions_destroy(&a);
    errno = failed;
    return failed == 0;
}

/* False: this end is done. */
static bool drink(sink *s) {
    if (s->len == s->cap && s->cap < s->max) {
        size_t cap = s->cap + STEP < s->max ? s->cap * 2 + STEP : s->max;
        cap = cap < s->max ? cap : s->max;
        uint8_t *more = realloc(s->p, cap);
        if (more == NULL)
            return s->is_full = true, false;
        s->p = more, s->cap = cap;
    }
    uint8_t extra;
    bool has_room = s->len < s->cap;
    ssize_t got = read(s->fd, has_room ? s->p + s->len : &extra, has_room ? s->cap - s->len : 1);
    if (got < 0)
        return errno == EINTR;
    if (got > 0 && !has_room)
        return s->is_full = true, false;
    s->len += (size_t)got;
    return got > 0;
}

static int64_t now_ms(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until both ends are done. False: the time was up first. */
static bool listen_to(sink *out, sink *err) {
    int64_t end = now_ms() + OL_CLI_HELPER_SECONDS * 1000;
    struct pollfd p[2] = { { out->fd, POLLIN, 0 }, { err->fd, POLLIN, 0 } };
    while (p[0].fd >= 0 || p[1].fd >= 0) {
        int64_t left = end - now_ms();
        if (left <= 0)
            return false;
        if (poll(p, 2, (int)left) < 0 && errno != EINTR)
            return false;
        if (p[0].fd >= 0 && p[0].revents != 0 && !drink(out))
            p[0].fd = -1;
        if (p[1].fd >= 0 && p[1].revents != 0 && !drink(err))
            p[1].fd = -1;
        if (out->is_full)
            return true;
    }
    return true;
}

/* The last line that it said, without its own name before it. */
static void last_line(const sink *err, const char *name, ol_why *said) {
    char text[SAID_MAX + 1];
    size_t len = err->len;
    if (len > 0)
        memcpy(text, err->p, len);
    while (len > 0 && text[len - 1] == '\n')
        len--;
    text[len] = '\0';
    char *line = strrchr(text, '\n');
    line = line != NULL ? line + 1 : text;
    size_t skip = strlen(name);
    if (strncmp(line, name, skip) == 0 && strncmp(line + skip, ": ", 2) == 0)
        line += skip + 2;
    (void)snprintf(said->text, sizeof said->text, "%.*s", (int)sizeof said->text - 1, line);
}

static ol_err judge(const ol_cli_helper *h, const sink *out, const sink *err, bool is_late,
                    int status, ol_why *said) {
    if (out->is_full || is_late)
        return ol_why_set(said, OL_ELIMIT, "%s took too long or said too much; try again with less",
                          h->name);
    if (!WIFEXITED(status))
        return ol_why_set(said, OL_EAGAIN,
                          "%s was ended by the system, for want of memory or time, or "
                          "because the input is hostile; try again with another input",
                          h->name);
    if (WEXITSTATUS(status) == 0)
        return OL_OK;
    last_line(err, h->name, said);
    if (said->text[0] == '\0')
        return ol_why_set(said, OL_EFORM, "%s failed and did not say why; try again", h->name);
    return OL_EFORM;
}

ol_err ol_cli_helper_run(const ol_cli_helper *h, uint8_t **ret, size_t *ret_len, ol_why *said) {
    char path[PATH_ROOM];
    int out[2], err[2];
    if (!path_of(h->name, path) || access(path, X_OK) != 0)
        return ol_why_set(said, OL_ENOENT,
                          "%s is not installed beside openline; install it from the same "
                          "build",
                          h->name);
    if (pipe2(out, O_CLOEXEC) != 0)
        return ol_why_set(said, OL_EIO, "%s cannot be started; close some programs and try again",
                          h->name);
    if (pipe2(err, O_CLOEXEC) != 0) {
        (void)close(out[0]), (void)close(out[1]);
        return ol_why_set(said, OL_EIO, "%s cannot be started; close some programs and try again",
                          h->name);
    }
    pid_t pid = -1;
    bool is_started = start(h, path, out[1], err[1], &pid);
    (void)close(out[1]), (void)close(err[1]);
    sink o = { .fd = out[0], .max = h->out_max }, e = { .fd = err[0], .max = SAID_MAX };
    ol_err result = OL_EIO;
    if (is_started) {
        int status = 0;
        bool is_late = !listen_to(&o, &e);
        if (is_late || o.is_full)
            (void)kill(pid, SIGKILL);
        (void)TEMP_FAILURE_RETRY(waitpid(pid, &status, 0));
        result = judge(h, &o, &e, is_late, status, said);
    } else {
        (void)ol_why_set(said, OL_EIO, "%s cannot be started; look at its permissions", h->name);
    }
    (void)close(out[0]), (void)close(err[0]);
    free(e.p);
    if (result == OL_OK)
        *ret = o.p, *ret_len = o.len;
    else
        free(o.p);
    return result;
}
