/* A client of a station's control socket that measures.
 *   bench_client latency SOCK LINE N CHARS        one message after the other, each to its receipt
 *   bench_client once SOCK LINE CHARS             one, begun before the station is asked anything
 *   bench_client flood SOCK LINE N CHARS FLIGHT   N messages, FLIGHT of them not answered yet
 * A message is CHARS characters of English. latency and flood print figures, once prints the
 * seconds since 1970 at which the receipt had come. */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>
#include <sodium.h>

#include "lib.h"
#include "message/body.h"

static const char english[] =
    "We have observed an airship of yours over our territory since 06:40 this morning, moving "
    "east at about forty knots and eighteen thousand metres. Please state its purpose and the "
    "course you expect it to take. We have no intention to act against it before we have your "
    "answer, which we ask for within the hour. ";

typedef struct {
    int fd;
    size_t len, at;
    char in[1 << 18];
    const char *line;
    unsigned long id;
    char body[4096]; /* base64 */
} bench_client;

static void die(const char *what) {
    fprintf(stderr, "bench_client: %s\n", what);
    exit(1);
}

static void dial(bench_client *c, const char *path) {
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof at.sun_path)
        die("the socket's path is too long");
    memcpy(at.sun_path, path, strlen(path));
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&at, sizeof at) != 0)
        die("cannot connect to the station");
}

static void make_body(bench_client *c, size_t chars) {
    char text[2048];
    uint8_t body[OL_BODY_MAX];
    size_t len = 0;
    ol_body_why why = { "" };
    if (chars >= sizeof text)
        die("too many characters");
    for (size_t i = 0; i < chars; i++)
        text[i] = english[i % (sizeof english - 1)];
    if (chars > 0 && text[chars - 1] == ' ')
        text[chars - 1] = '.';
    ol_message m = { .precedence = OL_IMMEDIATE, .status = OL_TEST };
    m.text = (ol_str){ text, chars };
    if (ol_body_put(&m, body, &len, &why) != OL_OK)
        die(why.text);
    sodium_bin2base64(c->body, sizeof c->body, body, len, sodium_base64_VARIANT_ORIGINAL);
}

static void put_out(bench_client *c, const char *p, size_t len) {
    while (len > 0) {
        ssize_t n = write(c->fd, p, len);
        if (n <= 0)
            die("the station does not listen");
        p += n, len -= (size_t)n;
    }
}

static size_t make_submit(bench_client *c, char *to, size_t cap) {
    uint8_t item[6];
    char hex[13];
    randombytes_buf(item, sizeof item);
    sodium_bin2hex(hex, sizeof hex, item, sizeof item);
    int n = snprintf(to, cap,
                     "{\"id\":%lu,\"do\":\"submit\",\"line\":\"%s\",\"body\":\"%s\","
                     "\"item\":\"%s\"}\n",
                     ++c->id, c->line, c->body, hex);
    if (n < 0 || (size_t)n >= cap)
        die("the request is too long");
    return (size_t)n;
}

static void ask(bench_client *c, const char *what, const char *more) {
    char text[512];
    int n = snprintf(text, sizeof text, "{\"id\":%lu,\"do\":\"%s\",\"line\":\"%s\"%s}\n", ++c->id,
                     what, c->line, more);
    put_out(c, text, (size_t)n);
}

/* The next reply or event; the caller's. */
static json_t *next(bench_client *c) {
    for (;;) {
        char *end = memchr(c->in + c->at, '\n', c->len - c->at);
        if (end != NULL) {
            json_t *o = json_loadb(c->in + c->at, (size_t)(end - c->in) - c->at, 0, NULL);
            c->at = (size_t)(end - c->in) + 1;
            if (o == NULL)
                die("the station says what is no JSON");
            return o;
        }
        memmove(c->in, c->in + c->at, c->len - c->at);
        c->len -= c->at, c->at = 0;
        ssize_t n = read(c->fd, c->in + c->len, sizeof c->in - c->len);
        if (n <= 0)
            die("the station closed the conversation");
        c->len += (size_t)n;
    }
}

static json_int_t number(json_t *o, const char *key) {
    return json_integer_value(json_object_get(o, key));
}

static bool is_reply(json_t *o, unsigned long id) {
    json_t *is_ok = json_object_get(o, "ok");
    if (is_ok != NULL && !json_is_true(is_ok))
        die(json_dumps(o, 0));
    return is_ok != NULL && number(o, "id") == (json_int_t)id;
}

static json_t *reply(bench_client *c) {
    json_t *o = next(c);
    while (!is_reply(o, c->id)) {
        json_decref(o);
        o = next(c);
    }
    return o;
}

static void follow(bench_client *c) {
    char more[64];
    ask(c, "position", "");
    json_t *o = reply(c);
    (void)snprintf(more, sizeof more, ",\"cursor\":%lld", (long long)number(o, "position"));
    json_decref(o);
    ask(c, "subscribe", more);
    json_decref(reply(c));
}

/* One message to its receipt; *ret_queued: when it was durable here. */
static void one(bench_client *c, uint64_t *ret_queued, uint64_t *ret_stored) {
    char text[8192];
    size_t len = make_submit(c, text, sizeof text);
    char *log = NULL;
    json_int_t index = -1, got = 0;
    uint64_t began = bench_ns();
    put_out(c, text, len);
    while (log == NULL || got <= index) {
        json_t *o = next(c);
        const char *event = json_string_value(json_object_get(o, "event"));
        const char *of = json_string_value(json_object_get(o, "log"));
        if (event == NULL && is_reply(o, c->id)) {
            log = strdup(of), index = number(o, "index");
            *ret_queued = bench_ns() - began;
        }
        if (event != NULL && strcmp(event, "receipt") == 0 && log != NULL && strcmp(log, of) == 0)
            got = number(o, "size");
        json_decref(o);
    }
    *ret_stored = bench_ns() - began;
    free(log);
}

static void latency(bench_client *c, size_t n) {
    uint64_t *queued = calloc(n, sizeof *queued), *stored = calloc(n, sizeof *stored), a, b;
    if (queued == NULL || stored == NULL)
        die("memory");
    follow(c);
    for (size_t i = 0; i < 20; i++)
        one(c, &a, &b); /* warm */
    for (size_t i = 0; i < n; i++)
        one(c, &queued[i], &stored[i]);
    bench_print("queued", queued, n);
    bench_print("stored", stored, n);
    free(queued);
    free(stored);
}

static void once(bench_client *c) {
    uint64_t queued, stored;
    struct timespec t;
    follow(c);
    one(c, &queued, &stored);
    (void)clock_gettime(CLOCK_REALTIME, &t);
    printf("{\"name\":\"once\",\"at\":%lld.%09ld,\"queued_us\":%.1f,\"stored_us\":%.1f}\n",
           (long long)t.tv_sec, t.tv_nsec, (double)queued / 1e3, (double)stored / 1e3);
}

/* The receipt of the largest size by which all of it is stored; asked for until it is there. */
static void wait_stored(bench_client *c, const char *log, json_int_t size) {
    for (;;) {
        ask(c, "record", "");
        json_t *o = reply(c), *logs = json_object_get(o, "logs"), *g, *r;
        size_t i, k;
        json_array_foreach(logs, i, g) {
            if (strcmp(json_string_value(json_object_get(g, "log")), log) != 0)
                continue;
            json_array_foreach(json_object_get(g, "receipts"), k,
                               r) if (number(r, "size") >= size) {
                json_decref(o);
                return;
            }
        }
        json_decref(o);
        (void)usleep(1000);
    }
}

static void flood(bench_client *c, size_t n, size_t flight) {
    char **text = calloc(n, sizeof *text), log[256] = "";
    size_t *len = calloc(n, sizeof *len), sent = 0, answered = 0;
    json_int_t size = 0;
    if (text == NULL || len == NULL)
        die("memory");
    for (size_t i = 0; i < n; i++) {
        char one_text[8192];
        len[i] = make_submit(c, one_text, sizeof one_text);
        text[i] = strdup(one_text);
    }
    uint64_t began = bench_ns();
    while (answered < n) {
        static char out[1 << 17];
        size_t used = 0;
        while (sent < n && sent - answered < flight && used + len[sent] <= sizeof out)
            memcpy(out + used, text[sent], len[sent]), used += len[sent], sent++;
        put_out(c, out, used);
        do {
            json_t *o = next(c);
            (void)is_reply(o, 0);
            if (number(o, "index") >= size) {
                size = number(o, "index") + 1;
                (void)snprintf(log, sizeof log, "%s", json_string_value(json_object_get(o, "log")));
            }
            answered++;
            json_decref(o);
        } while (memchr(c->in + c->at, '\n', c->len - c->at) != NULL);
    }
    uint64_t queued = bench_ns() - began;
    wait_stored(c, log, size);
    uint64_t stored = bench_ns() - began;
    printf("{\"name\":\"flood\",\"n\":%zu,\"queued_per_s\":%.0f,\"stored_per_s\":%.0f}\n", n,
           (double)n * 1e9 / (double)queued, (double)n * 1e9 / (double)stored);
}

int main(int argc, char **argv) {
    static bench_client c;
    bool is_once = argc == 5 && strcmp(argv[1], "once") == 0;
    bool is_latency = argc == 6 && strcmp(argv[1], "latency") == 0;
    bool is_flood = argc == 7 && strcmp(argv[1], "flood") == 0;
    if (sodium_init() < 0 || !(is_once || is_latency || is_flood))
        return fprintf(stderr, "usage: bench_client latency|once|flood SOCK LINE …\n"), 2;
    c.line = argv[3];
    make_body(&c, bench_number(argv[is_once ? 4 : 5]));
    dial(&c, argv[2]);
    if (is_once)
        once(&c);
    else if (is_latency)
        latency(&c, bench_number(argv[4]));
    else
        flood(&c, bench_number(argv[4]), bench_number(argv[6]));
    return 0;
}
