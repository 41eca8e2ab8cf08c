/* The TCP port: both families, room, losses and new attempts, strangers, what is no stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "bearer/tcp_parts.h"

static const ol_bearer *const tcp = &ol_bearer_tcp;

enum { TURNS = 20000, MANY = 3000 };

typedef struct {
    size_t frames, bad, writable, lost;
    ol_addr from, gone, found;
    size_t last;  /* length of the last frame */
    uint8_t next; /* what the next frame of a long row begins with */
    bool is_row;
} seen;

static void on_frames(void *ctx, const ol_port_frame *v, size_t n) {
    seen *s = ctx;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 1; j < v[i].len; j++)
            s->bad += v[i].p[j] != (uint8_t)(v[i].p[0] + j);
        s->bad += s->is_row && v[i].p[0] != s->next++;
        s->frames++;
        s->from = v[i].addr, s->last = v[i].len;
    }
}

static void on_writable(void *ctx) {
    ((seen *)ctx)->writable++;
}

static void on_lost(void *ctx, const ol_addr *addr) {
    seen *s = ctx;
    s->lost++, s->gone = *addr;
}

static void on_resolved(void *ctx, ol_err err, const ol_addr *addr) {
    assert_int_equal(err, OL_OK);
    ((seen *)ctx)->found = *addr;
}

static ol_port *opened(uv_loop_t *loop, const char *url, seen *s) {
    ol_port_user user = { on_frames, on_writable, on_lost, s, NULL };
    ol_port_fault fault = { 0 };
    ol_port *p = NULL;
    if (tcp->open(loop, url, &user, &p, &fault) != OL_OK)
        fail_msg("%s: %s (%d)", url, fault.why, fault.sys);
    return p;
}

static void shut(uv_loop_t *loop, ol_port *a, ol_port *b) {
    tcp->close(a);
    tcp->close(b);
    tcp->close(NULL);
    assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(loop), 0);
}

static void url_of(const ol_port *p, const char *host, char to[96]) {
    ol_addr addr;
    char text[OL_ADDR_TEXT_MAX];
    tcp->local(p, &addr);
    tcp->address_text(&addr, text);
    (void)snprintf(to, 96, "tcp://%s%s", host, strrchr(text, ':'));
}

static void turn_until(uv_loop_t *loop, const size_t *count, size_t want) {
    for (int i = 0; i < TURNS && *count < want; i++)
        (void)uv_run(loop, UV_RUN_ONCE);
    assert_true(*count >= want);
}

/* As whoever sends does: asks in each turn of the loop. */
static void turn_until_room(uv_loop_t *loop, ol_port *p, const ol_addr *addr) {
    int i = 0;
    for (; i < TURNS && !tcp->has_room(p, addr); i++)
        (void)uv_run(loop, UV_RUN_ONCE);
    assert_true(i < TURNS);
}

static void say(ol_port *p, const ol_addr *to, uint8_t first, size_t len) {
    uint8_t bytes[OL_STREAM_FRAME_MAX];
    for (size_t j = 0; j < len; j++)
        bytes[j] = (uint8_t)(first + j);
    ol_port_frame f = { *to, bytes, len };
    assert_int_equal(tcp->send(p, &f, 1), 1);
}

static void addresses(void **state) {
    (void)state;
    static const struct {
        const char *url;
        bool is_local_fine, is_peer_fine;
    } urls[] = {
        { "tcp://[::]:4477", true, true },
        { "tcp://127.0.0.1:0", true, false },
        { "tcp://h.example:9", false, true },
        { "tcp://127.0.0.1", false, false },
        { "tcp://127.0.0.1:70000", false, false },
        { "tcp:/h:9", false, false },
        { "udp://h:9", false, false },
    };
    for (size_t i = 0; i < OL_LEN(urls); i++) {
        print_message("%s\n", urls[i].url);
        assert_int_equal(tcp->check(urls[i].url, true) == NULL, urls[i].is_local_fine);
        assert_int_equal(tcp->check(urls[i].url, false) == NULL, urls[i].is_peer_fine);
    }
    assert_ptr_equal(ol_bearer_find("tcp://x"), tcp);
    uv_loop_t loop;
    seen s = { 0 };
    ol_port_user user = { on_frames, on_writable, on_lost, &s, NULL };
    ol_port_fault fault = { 0 };
    ol_port *p = NULL;
    char url[96];
    assert_int_equal(uv_loop_init(&loop), 0);
    ol_port *a = opened(&loop, "tcp://127.0.0.1:0", &s);
    url_of(a, "127.0.0.1", url);
    assert_int_equal(tcp->open(&loop, url, &user, &p, &fault), OL_EIO);
    assert_string_equal(fault.why, "another program has this port");
    assert_int_equal(tcp->open(&loop, "tcp://192.0.2.1:0", &user, &p, &fault), OL_EIO);
    assert_string_equal(fault.why, "this host does not have that address");
    assert_int_equal(tcp->open(&loop, "tcp://[::]", &user, &p, &fault), OL_EFORM);
    assert_null(p);
    shut(&loop, a, NULL);
}

static void there_and_back(const char *listen, const char *host) {
    uv_loop_t loop;
    seen at_a = { 0 }, at_b = { 0 };
    char url[96];
    print_message("%s %s\n", listen, host);
    assert_int_equal(uv_loop_init(&loop), 0);
    ol_port *a = opened(&loop, listen, &at_a), *b = opened(&loop, "tcp://[::]:0", &at_b);
    url_of(a, host, url);
    tcp->resolve(b, url, 0, on_resolved, &at_b);
    assert_false(tcp->has_room(b, &at_b.found)); /* it connects first, and says so */
    turn_until(&loop, &at_b.writable, 1);
    assert_true(tcp->has_room(b, &at_b.found));
    say(b, &at_b.found, 7, 1200);
    say(b, &at_b.found, 9, 1);
    turn_until(&loop, &at_a.frames, 2);
    assert_true(tcp->has_room(a, &at_a.from)); /* the answer takes the connection it came by */
    say(a, &at_a.from, 11, 600);
    turn_until(&loop, &at_b.frames, 1);
    assert_memory_equal(&at_b.from, &at_b.found, sizeof at_b.from);
    assert_int_equal(tcp->nearness(&at_a.from, &at_a.from), 2);
    assert_int_equal(tcp->nearness(&at_b.found, &(ol_addr){ 0 }), 0);
    assert_int_equal(tcp->counts(a)->frames_in, 2);
    assert_int_equal(tcp->counts(a)->bytes_in, 1201);
    assert_int_equal(tcp->counts(b)->frames_out, 2);
    assert_int_equal(at_a.bad + at_b.bad + at_a.lost + at_b.lost, 0);
    shut(&loop, a, b);
}

static void both_families(void **state) {
    (void)state;
    there_and_back("tcp://[::]:0", "127.0.0.1");
    there_and_back("tcp://[::]:0", "[::1]");
    there_and_back("tcp://0.0.0.0:0", "127.0.0.1");
    there_and_back("tcp://[::1]:0", "[::1]");
}

/* A row of frames as fast as there is room: none is lost, none dropped, order kept. */
static void rows(void **state) {
    (void)state;
    uv_loop_t loop;
    seen at_a = { .is_row = true }, at_b = { 0 };
    char url[96];
    size_t waits = 0;
    int most = 0;
    assert_int_equal(uv_loop_init(&loop), 0);
    ol_port *a = opened(&loop, "tcp://[::]:0", &at_a), *b = opened(&loop, "tcp://[::]:0", &at_b);
    url_of(a, "127.0.0.1", url);
    tcp->resolve(b, url, 0, on_resolved, &at_b);
    turn_until_room(&loop, b, &at_b.found);
    for (unsigned sent = 0; sent < MANY;) {
        for (; sent < MANY && tcp->has_room(b, &at_b.found); sent++)
            say(b, &at_b.found, (uint8_t)sent, 1200 - sent % 7);
        int unsent = 0; /* what waits in the system cannot be overtaken */
        assert_int_equal(ioctl(b->conn->fd, SIOCOUTQNSD, &unsent), 0);
        assert_true(unsent < OL_TCP_UNSENT_MAX + OL_STREAM_HELD);
        most = unsent > most ? unsent : most;
        waits++;
        if (waits % 64 == 1) /* a does not read: a window fills, and b notices */
            continue;
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    turn_until(&loop, &at_a.frames, MANY);
    assert_int_equal(at_a.bad, 0);
    assert_int_equal(tcp->counts(b)->dropped_out, 0);
    assert_true(waits > 1 && most > 0);
    shut(&loop, a, b);
}

/* The other end goes away and comes back: told once, tried again by itself, sooner when woken. */
static void losses(void **state) {
    (void)state;
    uv_loop_t loop;
    seen at_a = { 0 }, at_b = { 0 };
    char url[96];
    assert_int_equal(uv_loop_init(&loop), 0);
    ol_port *a = opened(&loop, "tcp://127.0.0.1:0", &at_a),
            *b = opened(&loop, "tcp://[::]:0", &at_b);
    url_of(a, "127.0.0.1", url);
    tcp->resolve(b, url, 0, on_resolved, &at_b);
    turn_until_room(&loop, b, &at_b.found);
    say(b, &at_b.found, 1, 10);
    turn_until(&loop, &at_a.frames, 1);
    tcp->close(a);
    turn_until(&loop, &at_b.lost, 1);
    assert_memory_equal(&at_b.gone, &at_b.found, sizeof at_b.gone);
    ol_tcp_target *t = b->target;
    for (int i = 0; i < TURNS && t->failures < 5; i++) { /* 250 ms, 500, 1000, 2000 */
        assert_false(tcp->has_room(b, &at_b.found));
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    assert_int_equal(t->failures, 5);
    assert_in_range(t->after_ms - t->tried_ms, OL_TCP_AGAIN_MAX_MS, OL_TCP_AGAIN_MAX_MS + 100);
    assert_int_equal(at_b.lost, 1); /* attempts that fail are no losses */
    tcp->wake(b, &at_b.found);
    assert_true(t->after_ms <= t->tried_ms + OL_TCP_AGAIN_MS && t->failures == 0);
    a = opened(&loop, url, &at_a);
    turn_until_room(&loop, b, &at_b.found);
    say(b, &at_b.found, 1, 10);
    turn_until(&loop, &at_a.frames, 2);
    tcp->close(b); /* and the side that was called hears of it too */
    turn_until(&loop, &at_a.lost, 1);
    assert_memory_equal(&at_a.gone, &at_a.from, sizeof at_a.gone);
    assert_false(tcp->has_room(a, &at_a.from));
    say(a, &at_a.from, 1, 1); /* what is for it is lost, and counted */
    assert_int_equal(tcp->counts(a)->dropped_out, 1);
    shut(&loop, a, NULL);
}

/* ── strangers ─────────────────────────────────────────────────────────────────────────────── */

static int raw(const ol_port *p) {
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    ol_addr addr;
    tcp->local(p, &addr);
    to.sin_port = htons(ol_ip_get(&addr).port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    return fd;
}

static size_t connections(const ol_port *p) {
    size_t n = 0;
    for (const ol_tcp_conn *c = p->conn; c != NULL; c = c->next)
        n++;
    return n;
}

static void turn_until_conns(uv_loop_t *loop, const ol_port *p, size_t want) {
    for (int i = 0; i < TURNS && connections(p) != want; i++)
        (void)uv_run(loop, UV_RUN_ONCE);
    assert_int_equal(connections(p), want);
}

/* So many were accepted in all; and whoever had to go for them is closed. */
static void turn_until_accepted(uv_loop_t *loop, const ol_port *p, uint64_t want) {
    for (int i = 0; i < TURNS && p->numbers < want; i++)
        (void)uv_run(loop, UV_RUN_ONCE);
    (void)uv_run(loop, UV_RUN_NOWAIT);
    assert_int_equal(p->numbers, want);
}

/* -1: nothing; 0: closed. A stranger is never told anything. */
static ssize_t heard_by(int fd) {
    uint8_t byte;
    ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);
    return n < 0 && errno == ECONNRESET ? 0 : n;
}

static void no_streams(void **state) {
    (void)state;
    static const uint8_t rows_[][4] = { { 0, 0 }, { 4, 0xB1 }, { 0xFF, 0xFF }, "GET " };
    uv_loop_t loop;
    seen s = { 0 };
    assert_int_equal(uv_loop_init(&loop), 0);
    ol_port *a = opened(&loop, "tcp://127.0.0.1:0", &s);
    for (size_t i = 0; i < OL_LEN(rows_); i++) {
        int fd = raw(a);
        turn_until_conns(&loop, a, 1);
        assert_int_equal(send(fd, rows_[i], 2, 0), 2);
        turn_until_conns(&loop, a, 0);
        assert_int_equal(heard_by(fd), 0);
        (void)close(fd);
    }
    assert_int_equal(s.frames, 0);
    assert_int_equal(tcp->counts(a)->dropped_in, OL_LEN(rows_));
    int fd = raw(a); /* byte by byte it is a frame all the same */
    static const uint8_t frame[] = { 0, 3, 5, 6, 7, 0, 1, 9 };
    for (size_t i = 0; i < sizeof frame; i++) {
        assert_int_equal(send(fd, frame + i, 1, 0), 1);
        if (i % 3 == 0)
            (void)uv_run(&loop, UV_RUN_ONCE);
    }
    turn_until(&loop, &s.frames, 2);
    assert_int_equal(s.bad, 0);
    (void)close(fd);
    shut(&loop, a, NULL);
}

static void strangers(void **state) {
    (void)state;
    enum { CALLERS = OL_TCP_STRANGERS_MAX + 16 };
    uv_loop_t loop;
    seen at_a = { 0 }, at_b = { 0 };
    char url[96];
    int fd[CALLERS];
    size_t closed = 0;
    assert_int_equal(uv_loop_init(&loop), 0);
    ol_port *a = opened(&loop, "tcp://127.0.0.1:0", &at_a),
            *b = opened(&loop, "tcp://[::]:0", &at_b);
    url_of(a, "127.0.0.1", url);
    tcp->resolve(b, url, 0, on_resolved, &at_b);
    turn_until_room(&loop, b, &at_b.found);
    say(b, &at_b.found, 1, 10);
    turn_until(&loop, &at_a.frames, 1);
    tcp->proven(a, &at_a.from);
    for (size_t i = 0; i < CALLERS; i++) {
        fd[i] = raw(a);
        assert_int_equal(send(fd[i], "\0\5slow", 5, 0), 5); /* a frame that never ends */
        turn_until_accepted(&loop, a, i + 2);
    }
    for (size_t i = 0; i < CALLERS; i++) {
        ssize_t n = heard_by(fd[i]);
        assert_true(n <= 0);
        closed += n == 0;
        assert_int_equal(n == 0, i < CALLERS - OL_TCP_STRANGERS_MAX); /* the oldest went */
    }
    assert_int_equal(closed, CALLERS - OL_TCP_STRANGERS_MAX);
    assert_int_equal(connections(a), 1 + OL_TCP_STRANGERS_MAX);
    say(a, &at_a.from, 3, 30); /* who has proved himself stays */
    turn_until(&loop, &at_b.frames, 1);
    for (ol_tcp_conn *c = a->conn; c != NULL; c = c->next)
        c->born_ms -= OL_TCP_PROVE_MS; /* as if so much time had passed */
    ol_tcp_schedule(a);
    turn_until_conns(&loop, a, 1);
    assert_int_equal(at_b.lost, 0);
    a->conn->used_ms -= OL_TCP_IDLE_MS; /* silent for so long he goes as well */
    ol_tcp_schedule(a);
    turn_until_conns(&loop, a, 0);
    turn_until(&loop, &at_b.lost, 1);
    for (size_t i = 0; i < CALLERS; i++)
        (void)close(fd[i]);
    assert_int_equal(at_a.frames, 1);
    shut(&loop, a, b);
}

/* One host's many connections do not push out another host's one. */
static void hosts(void **state) {
    (void)state;
    uv_loop_t loop;
    seen s = { 0 };
    int fd[OL_TCP_STRANGERS_MAX + 8];
    assert_int_equal(uv_loop_init(&loop), 0);
    ol_port *a = opened(&loop, "tcp://127.0.0.1:0", &s);
    int quiet = raw(a);
    turn_until_conns(&loop, a, 1);
    ol_ip_addr other = ol_ip_get(&a->conn->addr);
    other.peer.s6_addr[15] = 99; /* as if it came from elsewhere */
    ol_ip_put(&other, &a->conn->addr);
    for (size_t i = 0; i < OL_LEN(fd); i++) {
        fd[i] = raw(a);
        turn_until_accepted(&loop, a, i + 2);
    }
    assert_int_equal(heard_by(quiet), -1);
    assert_int_equal(heard_by(fd[0]), 0);
    for (size_t i = 0; i < OL_LEN(fd); i++)
        (void)close(fd[i]);
    (void)close(quiet);
    shut(&loop, a, NULL);
}

/* No descriptor left: whoever calls is taken later, and the loop does not spin meanwhile. */
static void no_descriptors(void **state) {
    (void)state;
    uv_loop_t loop;
    seen s = { 0 };
    struct rlimit was, none;
    assert_int_equal(uv_loop_init(&loop), 0);
    ol_port *a = opened(&loop, "tcp://127.0.0.1:0", &s);
    int fd = raw(a);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    none = was;
    none.rlim_cur = (rlim_t)fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    (void)uv_run(&loop, UV_RUN_ONCE);
    assert_true(a->deaf_until_ms > 0 && connections(a) == 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
    size_t turns = 0;
    for (; turns < TURNS && connections(a) == 0; turns++)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_true(turns < 10 && a->deaf_until_ms == 0);
    (void)close(fd);
    shut(&loop, a, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses), cmocka_unit_test(both_families),  cmocka_unit_test(rows),
        cmocka_unit_test(losses),    cmocka_unit_test(no_streams),     cmocka_unit_test(strangers),
        cmocka_unit_test(hosts),     cmocka_unit_test(no_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
