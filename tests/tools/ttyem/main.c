/* ttyem - a cable between two serial devices: pseudo-terminals with a rate, noise, and a plug. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { QUEUE = 1 << 16, LINE_MAX_ = 256, PATH_MAX_ = 200 };

static const char help[] =
    "ttyem - a cable between two serial devices: pseudo-terminals with a rate and noise\n"
    "\n"
    "usage: ttyem [options] A B\n"
    "\n"
    "A and B are made: links to the devices of the two ends. Then a line: {\"ready\": true}.\n"
    "  --baud N     a byte takes 10 bits of it (8N1); 0: no time (default 9600)\n"
    "  --seed N     which bits are wrong (default 1)\n"
    "  --half       a byte that comes while the other way is busy is lost, and spoils that one\n"
    "  --help       this\n"
    "\n"
    "Commands are lines on standard input; each is answered with a line of JSON:\n"
    "  noise P        so many of a byte's 8 bits are wrong\n"
    "  unplug a|b     the device is gone, with what was on its way to it\n"
    "  plug a|b       a device is there again, by the same name\n"
    "  break a|b N    unplugged after N more bytes that come from it\n"
    "  stats          bytes and wrong bits each way, when the last byte went (ms)\n"
    "  quit\n";

typedef struct {
    const char *name;
    int master, slave;    /* -1: unplugged */
    uint64_t break_after; /* bytes from it; 0: not */
    /* what came from it and is on its way to the other */
    uint8_t queue[QUEUE];
    uint64_t due_us[QUEUE];
    size_t at, n;
    uint64_t free_us; /* the wire that way is busy until then */
    uint64_t bytes, bits, lost, first_us, last_us;
} side;

static side end_[2];
static uint64_t baud = 9600, seed = 1, began_us;
static double noise;
static bool is_half;

static uint64_t now_us(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t draw(void) { /* xorshift64* */
    seed ^= seed >> 12, seed ^= seed << 25, seed ^= seed >> 27;
    return seed * UINT64_C(2685821657736338717);
}

static bool is_wrong(void) {
    return noise > 0 && (double)(draw() >> 11) * 0x1p-53 < noise;
}

static side *other_of(const side *s) {
    return &end_[s == &end_[0]];
}

/* ---- ends ---- */

static void unplug(side *s) {
    if (s->master < 0)
        return;
    (void)unlink(s->name);
    (void)close(s->slave);
    (void)close(s->master);
    s->master = s->slave = -1;
    s->break_after = 0;
    other_of(s)->n = 0; /* what was on its way to it */
}

static const char *plug(side *s) {
    struct termios t;
    char next[PATH_MAX_ + 8];
    if (s->master >= 0)
        return "it is plugged in";
    s->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (s->master < 0 || grantpt(s->master) != 0 || unlockpt(s->master) != 0)
        return "there is no pseudo-terminal";
    const char *device = ptsname(s->master);
    s->slave = open(device, O_RDWR | O_NOCTTY | O_CLOEXEC); /* so that it lives without a user */
    if (s->slave < 0 || tcgetattr(s->slave, &t) != 0)
        return "the pseudo-terminal cannot be opened";
    cfmakeraw(&t);
    (void)tcsetattr(s->slave, TCSANOW, &t);
    (void)snprintf(next, sizeof next, "%s.next", s->name);
    (void)unlink(next);
    if (symlink(device, next) != 0 || rename(next, s->name) != 0)
        return "the link cannot be made";
    return NULL;
}

/* ---- the cable ---- */

static void take(side *s, uint8_t byte, uint64_t now) {
    const side *other = other_of(s);
    uint64_t from = s->free_us > now ? s->free_us : now;
    s->first_us = s->bytes == 0 ? now : s->first_us;
    s->bytes++;
    s->free_us = from + (baud == 0 ? 0 : 10000000 / baud);
    if (is_half && other->free_us > from) { /* both talk: neither is understood */
        s->lost++;
        byte = (uint8_t)draw();
    }
    for (unsigned bit = 0; bit < 8; bit++)
        if (is_wrong())
            byte ^= (uint8_t)(1u << bit), s->bits++;
    if (s->n == QUEUE || other->master < 0) {
        s->lost++;
        return;
    }
    s->queue[(s->at + s->n) % QUEUE] = byte;
    s->due_us[(s->at + s->n) % QUEUE] = s->free_us;
    s->n++;
}

static void deliver(side *s, uint64_t now) {
    const side *other = other_of(s);
    while (s->n > 0 && s->due_us[s->at] <= now) {
        if (other->master >= 0 && write(other->master, &s->queue[s->at], 1) < 0)
            s->lost++;
        s->last_us = s->due_us[s->at];
        s->at = (s->at + 1) % QUEUE, s->n--;
    }
}

static void hear(side *s) {
    uint8_t bytes[4096];
    ssize_t n = read(s->master, bytes, sizeof bytes);
    uint64_t now = now_us();
    for (ssize_t i = 0; i < n; i++) {
        take(s, bytes[i], now);
        if (s->break_after > 0 && --s->break_after == 0) {
            unplug(s);
            return;
        }
    }
}

/* ---- commands ---- */

static void say(const char *json) {
    (void)printf("%s\n", json);
    (void)fflush(stdout);
}

static void say_stats(void) {
    char text[512];
    size_t n = (size_t)snprintf(text, sizeof text, "{\"ok\": true");
    for (int i = 0; i < 2; i++) {
        const side *s = &end_[i];
        uint64_t first = s->first_us, last = s->last_us;
        n += (size_t)snprintf(text + n, sizeof text - n,
                              ", \"%c\": {\"bytes\": %llu, \"wrong_bits\": %llu, \"lost\": %llu, "
                              "\"first_ms\": %llu, \"last_ms\": %llu}",
                              "ab"[i], (unsigned long long)s -> bytes,
                              (unsigned long long)s -> bits, (unsigned long long)s -> lost,
                              (unsigned long long)(first > 0 ? (first - began_us) / 1000 : 0),
                              (unsigned long long)(last > 0 ? (last - began_us) / 1000 : 0));
    }
    (void)snprintf(text + n, sizeof text - n, "}");
    say(text);
}

static side *side_of(const char *name) {
    for (int i = 0; i < 2; i++)
        if (name != NULL && name[0] == "ab"[i] && name[1] == '\0')
            return &end_[i];
    return NULL;
}

/* false: that was the end. */
static bool perform(char *line) {
    char *save = NULL, *word = strtok_r(line, " ", &save), *value = strtok_r(NULL, " ", &save);
    const char *more = strtok_r(NULL, " ", &save), *why = NULL;
    side *s = side_of(value);
    word = word == NULL ? line : word;
    if (strcmp(word, "stats") == 0) {
        say_stats();
        return true;
    }
    if (strcmp(word, "noise") == 0 && value != NULL)
        noise = strtod(value, NULL);
    else if (strcmp(word, "unplug") == 0 && s != NULL)
        unplug(s);
    else if (strcmp(word, "plug") == 0 && s != NULL)
        why = plug(s);
    else if (strcmp(word, "break") == 0 && s != NULL && more != NULL)
        s->break_after = (uint64_t)strtod(more, NULL);
    else if (strcmp(word, "quit") != 0)
        why = "there is no such command; see ttyem --help";
    if (why == NULL)
        say("{\"ok\": true}");
    else
        (void)printf("{\"ok\": false, \"why\": \"%s\"}\n", why), (void)fflush(stdout);
    return strcmp(word, "quit") != 0;
}

/* false: the end. */
static bool on_input(void) {
    static char line[LINE_MAX_];
    static size_t len;
    char bytes[256];
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++) {
        if (bytes[i] != '\n') {
            line[len] = bytes[i];
            len += len < sizeof line - 1;
            continue;
        }
        line[len] = '\0';
        len = 0;
        if (!perform(line))
            return false;
    }
    return n > 0;
}

/* ---- the loop ---- */

static int wait_ms(uint64_t now) {
    uint64_t due = UINT64_MAX;
    for (int i = 0; i < 2; i++)
        if (end_[i].n > 0 && end_[i].due_us[end_[i].at] < due)
            due = end_[i].due_us[end_[i].at];
    return due == UINT64_MAX ? -1 : due <= now ? 0 : (int)((due - now) / 1000 + 1);
}

static void go(void) {
    for (;;) {
        struct pollfd fds[3] = { { .fd = STDIN_FILENO, .events = POLLIN },
                                 { .fd = end_[0].master, .events = POLLIN },
                                 { .fd = end_[1].master, .events = POLLIN } };
        if (poll(fds, 3, wait_ms(now_us())) < 0 && errno != EINTR)
            return;
        for (int i = 0; i < 2; i++) {
            if ((fds[1 + i].revents & POLLIN) != 0)
                hear(&end_[i]);
            deliver(&end_[i], now_us());
        }
        if (fds[0].revents != 0 && !on_input())
            return;
    }
}

static int usage(const char *what) {
    (void)fprintf(stderr, "ttyem: %s; see ttyem --help\n", what);
    return 2;
}

int main(int argc, char **argv) {
    int names = 0;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        bool has_value = i + 1 < argc;
        if (strcmp(a, "--help") == 0)
            return fputs(help, stdout) < 0;
        if (strcmp(a, "--half") == 0)
            is_half = true;
        else if (strcmp(a, "--baud") == 0 && has_value)
            baud = (uint64_t)strtod(argv[++i], NULL);
        else if (strcmp(a, "--seed") == 0 && has_value)
            seed = (uint64_t)strtod(argv[++i], NULL);
        else if (a[0] == '-' || names == 2 || strlen(a) >= PATH_MAX_)
            return usage(a);
        else
            end_[names++] = (side){ .name = a, .master = -1, .slave = -1 };
    }
    if (names != 2)
        return usage("two names are needed");
    seed = seed * UINT64_C(2862933555777941757) + 3037000493;
    began_us = now_us();
    for (int i = 0; i < 2; i++) {
        const char *why = plug(&end_[i]);
        if (why != NULL)
            return usage(why);
    }
    say("{\"ready\": true}");
    go();
    unplug(&end_[0]), unplug(&end_[1]);
    return 0;
}
