/* openline watch — what a duty officer leaves open all night: the loop and the terminal. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cli/talk.h"
#include "cli/watch.h"

enum {
    BEAT_MS = 500,
    RING_BEATS = 4,   /* between two bells of a call: 2 s */
    DRILL_BEATS = 20, /* of one that is a drill */
    ROWS_MAX = 300,
    COLUMNS_MAX = 500,
    ROW_BYTES = 160 /* of a row beside its characters */
};

static const char enter[] = "\033[?1049h\033[?2004h\033[?25l\033[2J";
static const char leave[] = "\033[0m\033[?2004l\033[?25h\033[?1049l";

static struct termios before;
static volatile sig_atomic_t is_entered, is_ended, is_resized, is_stopped;

static void put_out(const char *p, size_t len) {
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        p += n, len -= (size_t)n;
    }
}

/* Both may be called by a signal handler. */
static void restore(void) {
    if (!is_entered)
        return;
    is_entered = 0;
    put_out(leave, sizeof leave - 1);
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

static void take_over(void) {
    struct termios raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR | ISTRIP);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    put_out(enter, sizeof enter - 1);
    is_entered = 1;
}

static void on_signal(int number) {
    if (number == SIGWINCH || number == SIGCONT)
        is_resized = 1;
    else if (number == SIGTSTP)
        is_stopped = 1;
    else if (number != SIGCHLD)
        is_ended = 1;
}

/* A fault of our own must not leave the terminal unusable. */
static void on_fault(int number) {
    restore();
    (void)raise(number); /* SA_RESETHAND: now as if there were no handler */
}

static void set_signals(sigset_t *ret_before) {
    static const int numbers[] = { SIGINT,   SIGTERM, SIGHUP,  SIGQUIT,
                                   SIGWINCH, SIGCONT, SIGTSTP, SIGCHLD };
    static const int faults[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
    struct sigaction a = { .sa_handler = on_signal };
    sigset_t blocked;
    (void)sigemptyset(&blocked);
    for (size_t i = 0; i < OL_LEN(numbers); i++) {
        (void)sigaddset(&blocked, numbers[i]);
        (void)sigaction(numbers[i], &a, NULL);
    }
    a = (struct sigaction){ .sa_handler = on_fault, .sa_flags = (int)SA_RESETHAND };
    for (size_t i = 0; i < OL_LEN(faults); i++)
        (void)sigaction(faults[i], &a, NULL);
    (void)sigprocmask(SIG_BLOCK, &blocked, ret_before); /* they come while we wait, only then */
}

/* ---- the loop ---- */

typedef struct {
    ol_watching w;
    ol_screen screen, shown; /* shown: what the terminal has */
    sigset_t before;         /* the signals that come while we wait */
    uint64_t beat;
    bool is_pasting;
    char left[8]; /* of a key that has not come whole */
    size_t left_len;
} loop;

static bool fit(loop *l) {
    struct winsize size = { .ws_row = 24, .ws_col = 80 };
    (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    unsigned rows = size.ws_row < 2 ? 24 : size.ws_row,
             columns = size.ws_col < 20 ? 20 : size.ws_col;
    rows = rows > ROWS_MAX ? ROWS_MAX : rows;
    columns = columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
    size_t cap = (size_t)rows * (8 * columns + ROW_BYTES);
    free(l->screen.p);
    free(l->shown.p);
    l->screen = (ol_screen){ .p = malloc(cap), .cap = cap, .rows = rows, .columns = columns };
    l->shown = (ol_screen){ .p = malloc(cap), .cap = cap };
    return l->screen.p != NULL && l->shown.p != NULL;
}

static void draw(loop *l) {
    ol_screen_draw(&l->screen, &l->w, (uint64_t)time(NULL), l->beat % 2 == 0);
    if (l->screen.len == l->shown.len && memcmp(l->screen.p, l->shown.p, l->screen.len) == 0)
        return;
    put_out(l->screen.p, l->screen.len);
    memcpy(l->shown.p, l->screen.p, l->screen.len);
    l->shown.len = l->screen.len;
}

/* Every two seconds while somebody is called, however the screen is used meanwhile. */
static void ring(loop *l) {
    bool is_real = false;
    for (size_t i = 0; i < l->w.calls; i++)
        if (l->w.call[i].state == OL_CALL_RINGS && !l->w.call[i].is_ours)
            is_real = is_real || !l->w.call[i].is_drill;
    bool is_due = ol_watch_is_ringing(&l->w) && l->beat % (is_real ? RING_BEATS : DRILL_BEATS) == 0;
    if (is_due || l->w.wants_bell)
        put_out("\a", 1);
    l->w.wants_bell = false;
}

static void look_at_station(loop *l, bool is_ready) {
    uint64_t now = ol_talk_now_ms();
    if (ol_link_connect(&l->w.link, now))
        ol_watch_begin(&l->w);
    else if (is_ready)
        ol_link_read(&l->w.link, ol_watch_take, &l->w);
    if (l->w.link.fd < 0)
        ol_watch_lost(&l->w);
    ol_watch_ask(&l->w, now);
    ol_link_flush(&l->w.link);
}

/* Waits for a beat, a key, the station or a signal. True: there may be keys. */
static bool wait_a_beat(loop *l) {
    uint64_t now = ol_talk_now_ms(), next = (now / BEAT_MS + 1) * BEAT_MS;
    struct timespec time = { .tv_nsec = (long)(next - now) * 1000000 };
    short events = (short)(POLLIN | (l->w.link.out_len > 0 ? POLLOUT : 0));
    struct pollfd p[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
                           { .fd = l->w.link.fd, .events = events } };
    int n = ppoll(p, 2, &time, &l->before);
    if ((p[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0 && n > 0)
        is_ended = 1; /* the terminal has gone */
    look_at_station(l, n > 0 && p[1].revents != 0);
    if (l->beat != ol_talk_now_ms() / BEAT_MS) {
        l->beat = ol_talk_now_ms() / BEAT_MS;
        ring(l);
    }
    return n > 0 && (p[0].revents & POLLIN) != 0;
}

/* ---- a command of ours ---- */

static pid_t start(const loop *l, const char *const *argv) {
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    (void)sigprocmask(SIG_SETMASK, &l->before, NULL);
    (void)execv("/proc/self/exe", (char *const *)argv);
    _exit(127);
}

static void print_command(const char *const *argv) {
    put_out("$", 1);
    for (size_t i = 0; argv[i] != NULL; i++) {
        put_out(" ", 1);
        for (const char *p = argv[i]; *p != '\0'; p++) /* of ids, and of what was typed here */
            put_out((unsigned char)*p < 0x20 || *p == 0x7F ? "?" : p, 1);
    }
    put_out("\r\n", 2);
}

/* With the terminal as it was, so that a passphrase can be asked for; it goes on ringing. */
static void run(loop *l, const char *const *argv) {
    static const char ask[] = "\r\n[a key leads back]";
    int status = 0;
    restore();
    print_command(argv);
    pid_t pid = start(l, argv);
    while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0) {
        struct timespec beat = { .tv_nsec = BEAT_MS * 1000000L };
        struct pollfd p = { .fd = l->w.link.fd, .events = POLLIN };
        int n = ppoll(&p, 1, &beat, &l->before);
        look_at_station(l, n > 0);
        l->beat++;
        ring(l);
    }
    is_ended = 0; /* Ctrl-C was meant for it */
    take_over();
    put_out("\033[?1049l", 8); /* what it printed is still to be seen */
    if (pid <= 0)
        put_out("it could not be started\r\n", 25);
    put_out(ask, sizeof ask - 1);
    bool has_key = false;
    while (!has_key && !is_ended) {
        char key;
        if (wait_a_beat(l))
            while (read(STDIN_FILENO, &key, 1) == 1)
                has_key = true;
    }
    put_out("\r\n", 2);
    put_out(enter, sizeof enter - 1);
    (void)snprintf(l->w.says, sizeof l->w.says, "%s: %s", argv[1],
                   WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "done" : "NOT DONE");
    l->shown.len = 0;
}

/* ---- keys ---- */

/* How many bytes the key at p has; 0: it has not come whole. */
static size_t key_len(const char *p, size_t len) {
    unsigned char c = (unsigned char)p[0];
    if (c == 0x1B && len >= 2 && (p[1] == '[' || p[1] == 'O')) {
        for (size_t i = 2; i < len; i++)
            if (p[i] >= 0x40 && p[i] <= 0x7E)
                return i + 1;
        return len > 6 ? len : 0;
    }
    size_t n = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    return n <= len ? n : 0;
}

/* What is pasted is text, whatever it holds; where nothing is asked for it is nothing. */
static bool take_paste(loop *l, const char *p, size_t len) {
    bool is_mark = len == 6 && memcmp(p, "\033[20", 4) == 0 && p[5] == '~';
    if (is_mark)
        l->is_pasting = p[4] == '0';
    if (is_mark || !l->is_pasting)
        return is_mark;
    const char *none[OL_WATCH_ARGS];
    if (l->w.prompt != 0 && ((unsigned char)p[0] >= 0x20 || p[0] == '\r' || p[0] == '\n'))
        (void)ol_watch_key(&l->w, (unsigned char)p[0] < 0x20 ? " " : p, len, none);
    return true;
}

static void take_keys(loop *l) {
    char in[256];
    memcpy(in, l->left, l->left_len);
    ssize_t n = read(STDIN_FILENO, in + l->left_len, sizeof in - l->left_len);
    size_t len = l->left_len + (n > 0 ? (size_t)n : 0), at = 0, key;
    l->left_len = 0;
    while (at < len && !l->w.is_done && (key = key_len(in + at, len - at)) > 0) {
        const char *argv[OL_WATCH_ARGS] = { NULL };
        if (in[at] == 0x0C) {
            put_out("\033[2J", 4);
            l->shown.len = 0;
        } else if (!take_paste(l, in + at, key) && ol_watch_key(&l->w, in + at, key, argv)) {
            run(l, argv);
            return; /* what was typed ahead was not meant for what is there now */
        }
        at += key;
    }
    if (at < len && len - at <= sizeof l->left) {
        memcpy(l->left, in + at, len - at);
        l->left_len = len - at;
    }
}

static void stop_for_now(loop *l) {
    is_stopped = 0;
    restore();
    (void)raise(SIGSTOP);
    take_over();
    l->shown.len = 0;
}

static int watch(ol_cli *c, loop *l) {
    take_over();
    bool has_room = fit(l);
    look_at_station(l, false);
    while (has_room && !is_ended && !l->w.is_done) {
        if (is_stopped)
            stop_for_now(l);
        if (is_resized) {
            is_resized = 0;
            put_out("\033[2J", 4);
            has_room = fit(l);
        }
        if (has_room)
            draw(l);
        if (wait_a_beat(l))
            take_keys(l);
    }
    restore();
    if (!has_room)
        return ol_cli_fail(c, OL_ENOMEM, "try again", "out of memory");
    return OL_CLI_DONE;
}

static int watch_run(ol_cli *c) {
    static loop l;
    l.w.c = c;
    if (c->is_json)
        return ol_cli_usage(c, "it is a screen, and prints no JSON; openline log --follow does");
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0)
        return ol_cli_fail(c, OL_ESTATE, "run it there; openline log --follow prints what happens",
                           "this is no terminal");
    int code = ol_link_open(c, &l.w.link);
    if (code >= 0)
        return code;
    set_signals(&l.before);
    code = watch(c, &l);
    ol_watch_free(&l.w);
    free(l.screen.p);
    free(l.shown.p);
    return code;
}

static const ol_cli_opt no_options[] = { { NULL, NULL, NULL, false } };

const ol_cli_command ol_cli_watch = {
    .name = "watch",
    .args = "[<line>…]",
    .summary = "Shows lines, calls and messages all night, and rings",
    .help =
        "A terminal's screen: calls that ring, lines with their parties and checks, messages "
        "and what was said to them,\nalarms. It rings for a call until somebody replies. ? "
        "tells the keys; q leaves, and the station goes on.\nA station that is started again "
        "is taken up again. What you say is said by openline answer, ack, send and the others.\n",
    .opt = no_options,
    .args_max = OL_WATCH_LINES,
    .run = watch_run,
};
