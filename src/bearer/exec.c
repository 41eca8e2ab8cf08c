/* bearer/exec.c — a program whose standard input and output are the line.
 * Lives    from start to end of the program; one that ends is started again after AGAIN_MS,
 *          doubling up to AGAIN_MAX_MS, anew from AGAIN_MS once it has lived for STEADY_MS.
 * Gets     the station's environment, the three standard descriptors and no other, a process group
 *          of its own, every signal as it was when systems start programs. No shell.
 * Ends     its whole group: SIGTERM, after TERM_MS SIGKILL; what it left behind when it ended,
 *          SIGKILL. If the station is killed it reads the end of its input.
 * Says     on standard error goes to the log, SAID_LINES lines a start at most. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bearer/thin.h"

enum {
    AGAIN_MS = 500,
    AGAIN_MAX_MS = 30000,
    STEADY_MS = 60000,
    TERM_MS = 2000,
    CLOSING_MS = 500,  /* less than a station that stops waits for its handles */
    PIPE_BYTES = 4096, /* what waits there cannot be overtaken */
    SAID_MAX = 160,
    SAID_LINES = 20
};

typedef enum { ST_DOWN, ST_UP, ST_ENDING } state;

struct ol_port {
    ol_thin thin;
    ol_thin_url url;
    uv_timer_t timer;
    uv_poll_t child, err;     /* its pidfd, its standard error */
    unsigned parts, failures; /* parts: of this start, that have not ended: line, child, err */
    bool is_closing, has_err;
    state st;
    pid_t pid;
    int pidfd, errfd;
    uint64_t since_ms;
    char why[SAID_MAX]; /* while it is down */
    char line[SAID_MAX];
    size_t line_len, lines;
};

static void on_again(uv_timer_t *timer);
static void on_freed(uv_handle_t *handle);

/* ---- what it says ---- */

static void tell(const ol_port *p, const char *text) {
    if (p->thin.user.said != NULL)
        p->thin.user.said(p->thin.user.ctx, text);
}

static void take_line(ol_port *p) {
    p->line[p->line_len] = '\0';
    for (char *c = p->line; *c != '\0'; c++) /* the log and a terminal read it */
        if (*c < 0x20 || *c > 0x7E || *c == '"')
            *c = *c == '"' ? '\'' : '?';
    if (p->line_len > 0 && p->lines++ < SAID_LINES)
        tell(p, p->line);
    p->line_len = 0;
}

static void on_err(uv_poll_t *poll, int status, int events) {
    ol_port *p = poll->data;
    char bytes[1024];
    (void)status, (void)events;
    ssize_t n = read(p->errfd, bytes, sizeof bytes);
    if (n <= 0 && !(n < 0 && (errno == EAGAIN || errno == EINTR)))
        (void)uv_poll_stop(poll);
    for (ssize_t i = 0; i < n; i++) {
        if (bytes[i] == '\n' || bytes[i] == '\r')
            take_line(p);
        else if (p->line_len < sizeof p->line - 1)
            p->line[p->line_len++] = bytes[i];
    }
}

/* ---- its end ---- */

static void down(ol_port *p) {
    p->st = ST_DOWN;
    if (p->is_closing) {
        uv_close((uv_handle_t *)&p->timer, on_freed);
        return;
    }
    if (uv_now(p->thin.loop) - p->since_ms >= STEADY_MS)
        p->failures = 0;
    uint64_t ms = (uint64_t)AGAIN_MS << (p->failures < 6 ? p->failures : 6);
    p->failures++;
    (void)uv_timer_start(&p->timer, on_again, ms > AGAIN_MAX_MS ? AGAIN_MAX_MS : ms, 0);
}

static void part_ended(ol_port *p) {
    if (--p->parts == 0)
        down(p);
}

static void on_part_closed(uv_handle_t *handle) {
    ol_port *p = handle->data;
    int *fd = handle == (uv_handle_t *)&p->child ? &p->pidfd : &p->errfd;
    (void)close(*fd);
    *fd = -1;
    part_ended(p);
}

static void on_term(uv_timer_t *timer) {
    const ol_port *p = timer->data;
    (void)kill(-p->pid, SIGKILL);
}

/* The program is to end, if it does not by itself. */
static void end(ol_port *p) {
    if (p->st != ST_UP)
        return;
    p->st = ST_ENDING;
    (void)kill(-p->pid, SIGTERM);
    (void)uv_timer_start(&p->timer, on_term, p->is_closing ? CLOSING_MS : TERM_MS, 0);
}

static void on_exit_(uv_poll_t *poll, int status, int events) {
    ol_port *p = poll->data;
    int how = 0;
    (void)status, (void)events;
    (void)kill(-p->pid, SIGKILL); /* what it left behind; nobody else can have this number yet */
    if (waitpid(p->pid, &how, WNOHANG) != p->pid)
        return;
    bool was_asked = p->st == ST_ENDING && p->is_closing;
    p->st = ST_ENDING;
    (void)uv_timer_stop(&p->timer);
    if (p->has_err)
        on_err(&p->err, 0, 0); /* its last words */
    take_line(p);
    if (WIFSIGNALED(how))
        (void)snprintf(p->why, sizeof p->why, "the program was ended by signal %d", WTERMSIG(how));
    else
        (void)snprintf(p->why, sizeof p->why, "the program exited with %d", WEXITSTATUS(how));
    if (!was_asked)
        tell(p, p->why);
    uv_close((uv_handle_t *)&p->child, on_part_closed);
    if (p->has_err)
        uv_close((uv_handle_t *)&p->err, on_part_closed);
    ol_thin_end(&p->thin, 0);
}

static void on_line_ended(void *ctx, int sys) {
    ol_port *p = ctx;
    (void)sys;
    end(p); /* without its input or output it is of no use */
    part_ended(p);
}

/* ---- its start ---- */

typedef struct {
    int in[2], out[2], err[2]; /* as the program sees them; -1: not there */
} pipes;

static void shut(int *fd) {
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void shut_all(pipes *io) {
    for (int i = 0; i < 2; i++)
        shut(&io->in[i]), shut(&io->out[i]), shut(&io->err[i]);
}

static bool open_pipes(pipes *io) {
    *io = (pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
    if (pipe2(io->in, O_CLOEXEC) != 0 || pipe2(io->out, O_CLOEXEC) != 0 ||
        pipe2(io->err, O_CLOEXEC) != 0)
        return false;
    (void)fcntl(io->in[1], F_SETPIPE_SZ, PIPE_BYTES);
    return fcntl(io->in[1], F_SETFL, O_NONBLOCK) == 0 &&
           fcntl(io->out[0], F_SETFL, O_NONBLOCK) == 0 &&
           fcntl(io->err[0], F_SETFL, O_NONBLOCK) == 0;
}

static int spawn(ol_port *p, const pipes *io) {
    ol_thin_url u = p->url;
    char *argv[OL_THIN_WORDS_MAX + 1];
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t all, none;
    (void)sigfillset(&all), (void)sigemptyset(&none);
    int sys = posix_spawn_file_actions_init(&files);
    if (sys != 0)
        return sys;
    sys = posix_spawnattr_init(&how);
    if (sys != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        return sys;
    }
    (void)posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETSIGMASK);
    (void)posix_spawnattr_setpgroup(&how, 0);
    (void)posix_spawnattr_setsigdefault(&how, &all);
    (void)posix_spawnattr_setsigmask(&how, &none);
    const int fd[3] = { io->in[0], io->out[1], io->err[1] };
    for (int i = 0; i < 3 && sys == 0; i++)
        sys = posix_spawn_file_actions_adddup2(&files, fd[i], i);
    if (sys == 0)
        sys = posix_spawn_file_actions_addclosefrom_np(&files, 3);
    ol_thin_url_argv(&u, argv);
    if (sys == 0)
        sys = posix_spawn(&p->pid, argv[0], &files, &how, argv, environ);
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&how);
    return sys;
}

/* A program runs: the loop is to see its end. errno, 0: it does. */
static int watch(ol_port *p) {
    p->pidfd = pidfd_open(p->pid, 0);
    int sys = p->pidfd < 0 ? errno : -uv_poll_init(p->thin.loop, &p->child, p->pidfd);
    if (sys == 0) {
        p->child.data = p;
        (void)uv_poll_start(&p->child, UV_READABLE, on_exit_);
        return 0;
    }
    shut(&p->pidfd);
    (void)kill(-p->pid, SIGKILL);
    (void)waitpid(p->pid, NULL, 0);
    return sys;
}

static void launch(ol_port *p) {
    pipes io;
    p->since_ms = uv_now(p->thin.loop);
    p->line_len = p->lines = 0;
    int sys = open_pipes(&io) ? spawn(p, &io) : errno;
    sys = sys == 0 ? watch(p) : sys;
    if (sys != 0) {
        shut_all(&io);
        (void)snprintf(p->why, sizeof p->why, "the program cannot be started: %s", strerror(sys));
        tell(p, p->why);
        down(p);
        return;
    }
    shut(&io.in[0]), shut(&io.out[1]), shut(&io.err[1]);
    p->st = ST_UP;
    p->parts = 2;
    p->errfd = io.err[0];
    p->has_err = uv_poll_init(p->thin.loop, &p->err, p->errfd) == 0;
    p->parts += p->has_err;
    p->err.data = p;
    if (p->has_err)
        (void)uv_poll_start(&p->err, UV_READABLE, on_err);
    else
        shut(&p->errfd); /* what it says is lost */
    ol_thin_start(&p->thin, io.out[0], io.in[1]);
}

static void on_again(uv_timer_t *timer) {
    launch(timer->data);
}

static void on_freed(uv_handle_t *handle) {
    free(handle->data);
}

/* ---- the row ---- */

static ol_err look(const char *url, ol_thin_url *ret, ol_port_fault *ret_fault) {
    const char *why = ol_thin_url_parse("exec", url, ret);
    *ret_fault = (ol_port_fault){ why, 0 };
    if (why != NULL)
        return OL_EFORM;
    if (access(ret->text, X_OK) == 0)
        return OL_OK;
    *ret_fault = (ol_port_fault){ "there is no such program", errno };
    return OL_ENOENT;
}

static ol_err exec_look(const char *url, ol_port_fault *ret_fault) {
    ol_thin_url u;
    return look(url, &u, ret_fault);
}

static ol_err exec_open(uv_loop_t *loop, const char *url, const ol_port_user *user, ol_port **ret,
                        ol_port_fault *ret_fault) {
    ol_thin_url u;
    ol_err err = look(url, &u, ret_fault);
    if (err != OL_OK)
        return err;
    ol_port *p = calloc(1, sizeof *p);
    *ret_fault = (ol_port_fault){ "out of memory", 0 };
    if (p == NULL)
        return OL_ENOMEM;
    p->url = u;
    p->pidfd = p->errfd = -1;
    p->thin.loop = loop, p->thin.user = *user;
    p->thin.ended = on_line_ended, p->thin.ctx = p;
    ol_thin_init(&p->thin, &u);
    (void)uv_timer_init(loop, &p->timer);
    p->timer.data = p;
    launch(p);
    *ret = p;
    return OL_OK;
}

static void exec_close(ol_port *p) {
    if (p == NULL || p->is_closing)
        return;
    p->is_closing = true;
    if (p->st == ST_DOWN) {
        uv_close((uv_handle_t *)&p->timer, on_freed);
        return;
    }
    end(p);
    ol_thin_end(&p->thin, 0);
}

static const char *exec_check(const char *url, bool is_local) {
    return ol_thin_url_check("exec", url, is_local);
}

static size_t exec_send(ol_port *p, const ol_port_frame *v, size_t n) {
    return ol_thin_send(&p->thin, v, n);
}

static bool exec_has_room(ol_port *p, const ol_addr *addr) {
    (void)addr;
    return ol_thin_has_room(&p->thin);
}

static void exec_link(const ol_port *p, ol_port_link *ret) {
    ol_thin_url_link(&p->url, ret);
}

static void exec_resolve(ol_port *p, const char *url, unsigned turn, ol_resolved_fn *fn,
                         void *ctx) {
    (void)url, (void)turn;
    fn(ctx, p->is_closing ? OL_ESTATE : OL_OK, p->is_closing ? NULL : &p->thin.addr);
}

static void exec_text(const ol_addr *addr, char to[OL_ADDR_TEXT_MAX]) {
    (void)snprintf(to, OL_ADDR_TEXT_MAX, "%s", addr->len > 0 ? "exec" : "");
}

static void exec_local(const ol_port *p, ol_addr *ret) {
    *ret = p->thin.addr;
}

static const ol_port_counts *exec_counts(const ol_port *p) {
    return &p->thin.counts;
}

static const char *exec_trouble(const ol_port *p) {
    return p->st == ST_DOWN ? p->why : NULL;
}

const ol_bearer ol_bearer_exec = {
    .scheme = "exec",
    .form = "exec:<program> <word>…?rate=<bits>, for a peer exec: alone",
    .example = "\"exec:/usr/bin/ssh -T relay\"",
    .frame_max = OL_COBS_FRAME_MAX,
    .check = exec_check,
    .open = exec_open,
    .look = exec_look,
    .send = exec_send,
    .has_room = exec_has_room,
    .link = exec_link,
    .resolve = exec_resolve,
    .address_text = exec_text,
    .nearness = ol_thin_nearness,
    .local = exec_local,
    .counts = exec_counts,
    .trouble = exec_trouble,
    .close = exec_close,
};
