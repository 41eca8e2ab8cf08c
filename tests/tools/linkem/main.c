/* The command line, addresses, standard input, the schedule. */
#include "linkem.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

emulator em;

enum { LINE_MAX_ = 1024, SCHEDULE_MAX = 4096, ANSWER_MAX = 32768 };

static struct {
    size_t n;
    struct {
        uint64_t ms;
        char line[128];
    } v[SCHEDULE_MAX];
} schedule;

static const char help[] =
    "linkem - a link emulator for real processes: UDP and TCP on loopback, without privileges\n"
    "\n"
    "usage: linkem [options] NAME=udp:B | NAME=udp:A,B | NAME=tcp:B | NAME=tcp:A,B ...\n"
    "\n"
    "B, A: addresses, 127.0.0.1:4477 or [::1]:4477. For each link a line of JSON tells the faces:\n"
    "what A's side is to be told as B's address (a), and with A,B the reverse (b). With B alone\n"
    "anybody may speak to a; each has a mapping or connection of its own. Then: {\"ready\": "
    "true}.\n"
    "\n"
    "  --seed N         what happens to which packet (default 1)\n"
    "  --set COMMAND    as from standard input, before the start; may be repeated\n"
    "  --schedule FILE  lines of: MILLISECONDS-FROM-THE-START COMMAND\n"
    "  --events         tell when TCP connections open and end\n"
    "  --stay           go on when standard input ends\n"
    "  --help           this\n"
    "\n"
    "Commands are lines on standard input; each is answered with a line of JSON:\n"
    "  [LINK | LINK/ab | LINK/ba | *] WORD [VALUE] [WORD [VALUE]] ...   (no LINK: all, both ways)\n"
    "  delay MS  jitter MS            later, by so much and up to so much more, in order\n"
    "  loss P  duplicate P            of UDP packets; P from 0 to 1\n"
    "  burst-begin P  burst-end P  burst-loss P    Gilbert-Elliott: losses come in bursts\n"
    "  reorder P  reorder-by MS       so many packets come so much later than in order\n"
    "  rate BITS  queue BYTES         a second; what waits for it at most (65536). 0: any rate\n"
    "  cut  heal                      UDP: nothing passes. TCP: bytes wait\n"
    "  reset  reset-after BYTES       TCP: all connections, now or after so many bytes that way\n"
    "  stats  quit\n";

void say(const char *json) {
    (void)printf("%s\n", json);
    (void)fflush(stdout);
}

bool address_parse(const char *text, struct sockaddr_storage *ret) {
    char host[64];
    const char *colon = strrchr(text, ':');
    double port = 0;
    if (colon == NULL || (size_t)(colon - text) >= sizeof host)
        return false;
    if (!number_parse(colon + 1, 65535, &port))
        return false;
    memset(ret, 0, sizeof *ret);
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    size_t len = strlen(host);
    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        return uv_ip6_addr(host + 1, (int)port, (struct sockaddr_in6 *)ret) == 0;
    }
    return uv_ip4_addr(host, (int)port, (struct sockaddr_in *)ret) == 0;
}

void address_print(const struct sockaddr_storage *a, char to[64]) {
    char host[INET6_ADDRSTRLEN] = "?";
    if (a->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)a;
        (void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        (void)snprintf(to, 64, "%s:%u", host, (unsigned)ntohs(in->sin_port));
    } else {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)a;
        (void)inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof host);
        (void)snprintf(to, 64, "[%s]:%u", host, (unsigned)ntohs(in->sin6_port));
    }
}

static _Noreturn void usage(const char *what, const char *which) {
    (void)fprintf(stderr, "linkem: %s: %s; see linkem --help\n", which, what);
    exit(2);
}

/* ---- standard input and the schedule ---- */

static char line[LINE_MAX_], answer[ANSWER_MAX];
static size_t line_len;
static uv_pipe_t input;
static bool stays;

static void run(const char *text) {
    command(text, answer, sizeof answer);
    say(answer);
    if (em.is_over)
        uv_stop(&em.loop);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    static char bytes[4096];
    (void)handle, (void)suggested;
    *buf = uv_buf_init(bytes, sizeof bytes);
}

static void on_input(uv_stream_t *s, ssize_t n, const uv_buf_t *buf) {
    if (n < 0) {
        uv_close((uv_handle_t *)s, NULL);
        if (!stays)
            uv_stop(&em.loop);
        return;
    }
    for (ssize_t i = 0; i < n; i++) {
        if (buf->base[i] != '\n') {
            if (line_len < sizeof line - 1)
                line[line_len++] = buf->base[i];
            continue;
        }
        line[line_len] = '\0';
        line_len = 0;
        run(line);
    }
}

static void on_schedule(uv_timer_t *timer) {
    static size_t at;
    uint64_t ms = (now_us() - em.began_us) / 1000;
    while (at < schedule.n && schedule.v[at].ms <= ms)
        run(schedule.v[at++].line);
    if (at < schedule.n)
        (void)uv_timer_start(timer, on_schedule, schedule.v[at].ms - ms, 0);
}

static void read_schedule(const char *path) {
    char text[LINE_MAX_];
    FILE *f = fopen(path, "r");
    if (f == NULL)
        usage("cannot be read", path);
    while (fgets(text, sizeof text, f) != NULL && schedule.n < SCHEDULE_MAX) {
        size_t n = strcspn(text, " \t\n");
        const char *rest = text + n + (text[n] != '\0');
        double ms = 0;
        text[n] = '\0';
        if (!number_parse(text, 1e12, &ms))
            continue; /* empty, or a comment */
        schedule.v[schedule.n].ms = (uint64_t)ms;
        (void)snprintf(schedule.v[schedule.n].line, sizeof schedule.v[0].line, "%.120s", rest);
        schedule.n++;
    }
    (void)fclose(f);
}

/* ---- links ---- */

static void add_link(const char *text) {
    link_ *l = &em.link[em.links];
    const char *equals = strchr(text, '='), *comma;
    char first[64];
    if (em.links == LINKS_MAX)
        usage("too many links", text);
    if (equals == NULL || equals == text || (size_t)(equals - text) > NAME_LEN_MAX)
        usage("a link is NAME=udp:ADDRESS or the like", text);
    memcpy(l->name, text, (size_t)(equals - text));
    l->is_tcp = strncmp(equals + 1, "tcp:", 4) == 0;
    if (!l->is_tcp && strncmp(equals + 1, "udp:", 4) != 0)
        usage("the protocol is udp or tcp", text);
    const char *b = equals + 5;
    if ((comma = strchr(b, ',')) != NULL) {
        (void)snprintf(first, sizeof first, "%.*s", (int)(comma - b), b);
        l->is_pair = true;
        if (!address_parse(first, &l->target[0]))
            usage("no address", text);
        b = comma + 1;
    }
    if (!address_parse(b, &l->target[1]))
        usage("no address", text);
    em.links++;
}

static void open_links(void) {
    char text[256];
    for (size_t i = 0; i < em.links; i++) {
        link_ *l = &em.link[i];
        const char *why = NULL;
        if (!(l->is_tcp ? tcp_open(l, &why) : udp_open(l, &why))) {
            (void)fprintf(stderr, "linkem: %s: %s\n", l->name, why);
            exit(1);
        }
        int n = snprintf(text, sizeof text, "{\"link\": \"%s\", \"proto\": \"%s\", \"a\": \"%s\"",
                         l->name, l->is_tcp ? "tcp" : "udp", l->face[0]);
        (void)snprintf(text + n, sizeof text - (size_t)n, l->is_pair ? ", \"b\": \"%s\"}" : "}",
                       l->face[1]);
        say(text);
    }
    say("{\"ready\": true}");
}

static uint64_t seed_of(const char *value) {
    double seed = 0;
    if (!number_parse(value, 9e15, &seed))
        usage("no number", value);
    return (uint64_t)seed;
}

static void take_options(int argc, char **argv) {
    const char *sets[64];
    size_t n = 0;
    em.seed = 1;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--help") == 0)
            exit(fputs(help, stdout) < 0 ? 1 : 0);
        else if (strcmp(argv[i], "--events") == 0)
            em.tells_events = true;
        else if (strcmp(argv[i], "--stay") == 0)
            stays = true;
        else if (argv[i][0] != '-')
            add_link(argv[i]);
        else if (value == NULL)
            usage("unknown, or its value is missing", argv[i]);
        else if (strcmp(argv[i], "--seed") == 0)
            em.seed = seed_of(value), i++;
        else if (strcmp(argv[i], "--schedule") == 0)
            read_schedule(value), i++;
        else if (strcmp(argv[i], "--set") == 0 && n < 64)
            sets[n++] = value, i++;
        else
            usage("unknown", argv[i]);
    }
    if (em.links == 0)
        usage("none is given", "links");
    for (size_t i = 0; i < em.links; i++)
        for (unsigned w = 0; w < 2; w++)
            way_init(&em.link[i].way[w], em.seed * 1000003 + i * 2 + w);
    for (size_t i = 0; i < n; i++) {
        command(sets[i], answer, sizeof answer);
        if (strncmp(answer, "{\"ok\": true", 11) != 0)
            usage(answer, sets[i]);
    }
}

int main(int argc, char **argv) {
    static uv_timer_t timer;
    (void)signal(SIGPIPE, SIG_IGN);
    if (uv_loop_init(&em.loop) != 0)
        return 1;
    take_options(argc, argv);
    open_links();
    em.began_us = now_us();
    (void)uv_timer_init(&em.loop, &timer);
    on_schedule(&timer);
    (void)uv_pipe_init(&em.loop, &input, 0);
    if (uv_pipe_open(&input, STDIN_FILENO) == 0)
        (void)uv_read_start((uv_stream_t *)&input, on_alloc, on_input);
    else if (!stays)
        usage("must be a pipe, or give --stay", "standard input");
    (void)uv_run(&em.loop, UV_RUN_DEFAULT);
    return 0;
}
