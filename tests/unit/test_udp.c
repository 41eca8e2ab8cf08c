/* The UDP port: urls, frames to itself and back over both families, limits, faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bearer/bearer.h"

static const ol_bearer *const udp = &ol_bearer_udp;

static const struct {
    const char *url;
    bool is_local_fine, is_peer_fine;
} urls[] = {
    { "udp://[::]:4477", true, true },
    { "udp://[::1]:1", true, true },
    { "udp://127.0.0.1:65535", true, true },
    { "udp://[fe80::1%lo]:9", true, true },
    { "udp://127.0.0.1:65536", false, false },
    { "udp://127.0.0.1:0", true, false },
    { "udp://127.0.0.1:", false, false },
    { "udp://127.0.0.1:+1", false, false },
    { "udp://127.0.0.1:01", false, false },
    { "udp://127.0.0.1", false, false },
    { "udp://:5", false, false },
    { "udp://[]:5", false, false },
    { "udp://[::1]", false, false },
    { "udp://[::1]5", false, false },
    { "udp://::1:5", false, false },
    { "udp://[fe80::1%nosuchif]:9", false, false },
    { "udp://[h.example]:9", false, false },
    { "udp://h.example:9", false, true },
    { "udp://h example:9", false, false },
    { "udp:/h:9", false, false },
};

static void checking_urls(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(urls); i++) {
        print_message("%s\n", urls[i].url);
        assert_int_equal(udp->check(urls[i].url, true) == NULL, urls[i].is_local_fine);
        assert_int_equal(udp->check(urls[i].url, false) == NULL, urls[i].is_peer_fine);
    }
    assert_ptr_equal(ol_bearer_find("udp://x"), udp);
    assert_null(ol_bearer_find("udpx://x"));
    assert_null(ol_bearer_find("ud"));
    assert_null(ol_bearer_find(""));
}

enum { BURST = 300 };

typedef struct {
    size_t frames, bad;
    ol_addr from;
    uint8_t first[BURST + 8];
    ol_addr found;
    ol_err err;
    size_t answers;
} seen;

static void on_frames(void *ctx, const ol_port_frame *v, size_t n) {
    seen *s = ctx;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 1; j < v[i].len; j++)
            s->bad += v[i].p[j] != (uint8_t)(v[i].p[0] + j);
        if (s->frames < sizeof s->first)
            s->first[s->frames] = v[i].p[0];
        s->frames++;
        s->from = v[i].addr;
    }
}

static void on_writable(void *ctx) {
    (void)ctx;
}

static void on_resolved(void *ctx, ol_err err, const ol_addr *addr) {
    seen *s = ctx;
    s->err = err;
    s->answers++;
    if (err == OL_OK)
        s->found = *addr;
}

static ol_port *opened(uv_loop_t *loop, const char *url, seen *s) {
    ol_port_user user = { on_frames, on_writable, NULL, s, NULL };
    ol_port_fault fault = { 0 };
    ol_port *p = NULL;
    ol_err err = udp->open(loop, url, &user, &p, &fault);
    if (err != OL_OK)
        fail_msg("%s: %s (%d)", url, fault.why, fault.sys);
    return p;
}

static void fill(uint8_t *p, uint8_t first, size_t len) {
    for (size_t j = 0; j < len; j++)
        p[j] = (uint8_t)(first + j);
}

static void turn_until(uv_loop_t *loop, const size_t *count, size_t want) {
    for (int i = 0; i < 1000 && *count < want; i++)
        (void)uv_run(loop, UV_RUN_ONCE);
    assert_int_equal(*count, want);
}

static void shut(uv_loop_t *loop, ol_port *a, ol_port *b) {
    udp->close(a);
    udp->close(b);
    udp->close(NULL);
    assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(loop), 0);
}

/* The address of port p on this host, as url. */
static void url_of(const ol_port *p, const char *host, char to[96]) {
    ol_addr addr;
    char text[OL_ADDR_TEXT_MAX];
    udp->local(p, &addr);
    udp->address_text(&addr, text);
    (void)snprintf(to, 96, "udp://%s%s", host, strrchr(text, ':'));
}

static void there_and_back(const char *listen, const char *host) {
    uv_loop_t loop;
    seen at_a = { 0 }, at_b = { 0 };
    char url[96];
    uint8_t bytes[1201];
    print_message("%s %s\n", listen, host);
    assert_int_equal(uv_loop_init(&loop), 0);
    ol_port *a = opened(&loop, listen, &at_a), *b = opened(&loop, "udp://[::]:0", &at_b);
    url_of(a, host, url);
    udp->resolve(b, url, 0, on_resolved, &at_b);
    assert_int_equal(at_b.answers, 1);
    assert_int_equal(at_b.err, OL_OK);
    fill(bytes, 7, sizeof bytes);
    ol_port_frame f = { at_b.found, bytes, 1200 };
    assert_int_equal(udp->send(b, &f, 1), 1);
    turn_until(&loop, &at_a.frames, 1);
    f.addr = at_a.from; /* the answer leaves from the address that was spoken to */
    f.len = 1;
    assert_int_equal(udp->send(a, &f, 1), 1);
    turn_until(&loop, &at_b.frames, 1);
    char want[OL_ADDR_TEXT_MAX], got[OL_ADDR_TEXT_MAX];
    udp->address_text(&at_b.found, want);
    udp->address_text(&at_b.from, got);
    assert_string_equal(got, want);
    f.addr = at_b.from; /* the next one knows both ends, and comes from the same place */
    ol_addr was = at_a.from;
    assert_int_equal(udp->send(b, &f, 1), 1);
    turn_until(&loop, &at_a.frames, 2);
    assert_memory_equal(&at_a.from, &was, sizeof was);
    f.len = sizeof bytes; /* too long for us, not for loopback: dropped */
    assert_int_equal(udp->send(b, &f, 1), 1);
    f.len = 2;
    assert_int_equal(udp->send(b, &f, 1), 1);
    turn_until(&loop, &at_a.frames, 3);
    assert_int_equal(udp->counts(a)->dropped_in, 1);
    assert_int_equal(udp->counts(a)->frames_in, 3);
    assert_int_equal(udp->counts(a)->bytes_in, 1203);
    assert_int_equal(udp->counts(b)->frames_out, 4);
    assert_int_equal(at_a.bad + at_b.bad, 0);
    shut(&loop, a, b);
}

static void both_families(void **state) {
    (void)state;
    there_and_back("udp://[::]:0", "127.0.0.1");
    there_and_back("udp://[::]:0", "[::1]");
    there_and_back("udp://0.0.0.0:0", "127.0.0.1");
    there_and_back("udp://127.0.0.1:0", "127.0.0.1");
    there_and_back("udp://[::1]:0", "[::1]");
    there_and_back("udp://[::]:0", "127.1.2.3"); /* not the address the system would choose */
}

static void bursts(void **state) {
    (void)state;
    uv_loop_t loop;
    seen at_a = { 0 }, at_b = { 0 };
    static uint8_t bytes[BURST][100];
    static ol_port_frame v[BURST];
    char url[96];
    assert_int_equal(uv_loop_init(&loop), 0);
    ol_port *a = opened(&loop, "udp://[::]:0", &at_a), *b = opened(&loop, "udp://[::]:0", &at_b);
    url_of(a, "127.0.0.1", url);
    udp->resolve(b, url, 0, on_resolved, &at_b);
    for (size_t i = 0; i < BURST; i++) {
        fill(bytes[i], (uint8_t)i, sizeof bytes[i]);
        v[i] = (ol_port_frame){ at_b.found, bytes[i], sizeof bytes[i] };
    }
    for (size_t done = 0; done < BURST;) {
        size_t k = udp->send(b, v + done, BURST - done);
        assert_true(k > 0 && k <= OL_PORT_BATCH);
        done += k;
    }
    turn_until(&loop, &at_a.frames, BURST);
    for (size_t i = 0; i < BURST; i++)
        assert_int_equal(at_a.first[i], (uint8_t)i); /* loopback keeps the order */
    assert_int_equal(at_a.bad, 0);
    shut(&loop, a, b);
}

static void faults(void **state) {
    (void)state;
    uv_loop_t loop;
    seen s = { 0 };
    ol_port_user user = { on_frames, on_writable, NULL, &s, NULL };
    ol_port_fault fault = { 0 };
    ol_port *p = NULL;
    char url[96];
    assert_int_equal(uv_loop_init(&loop), 0);
    ol_port *a = opened(&loop, "udp://127.0.0.1:0", &s);
    url_of(a, "127.0.0.1", url);
    assert_int_equal(udp->open(&loop, url, &user, &p, &fault), OL_EIO);
    assert_string_equal(fault.why, "another program has this port");
    assert_int_equal(udp->open(&loop, "udp://192.0.2.1:0", &user, &p, &fault), OL_EIO);
    assert_string_equal(fault.why, "this host does not have that address");
    assert_int_equal(udp->open(&loop, "udp://h.example:0", &user, &p, &fault), OL_EIO);
    assert_int_equal(udp->open(&loop, "udp://[::]", &user, &p, &fault), OL_EFORM);
    assert_null(p);
    /* what the system refuses is dropped: an IPv6 peer from an IPv4 port */
    udp->resolve(a, "udp://[2001:db8::1]:9", 0, on_resolved, &s);
    assert_int_equal(s.err, OL_OK);
    uint8_t byte = 0;
    ol_port_frame v[2] = { { s.found, &byte, 1 }, { s.found, &byte, 1 } };
    udp->local(a, &v[1].addr);
    assert_int_equal(udp->send(a, v, 2), 2);
    turn_until(&loop, &s.frames, 1);
    assert_int_equal(udp->counts(a)->dropped_out, 1);
    udp->resolve(a, "udp://localhost:9", 0, on_resolved, &s);
    turn_until(&loop, &s.answers, 2);
    assert_int_equal(s.err, OL_OK);
    udp->resolve(a, "udp://no-such-host.invalid:9", 0, on_resolved, &s);
    turn_until(&loop, &s.answers, 3);
    assert_int_equal(s.err, OL_ENOENT);
    udp->resolve(a, "udp://localhost:9", 0, on_resolved, &s); /* closes while it looks */
    shut(&loop, a, NULL);
    assert_int_equal(s.answers, 4);
    assert_int_equal(s.err, OL_ESTATE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checking_urls),
        cmocka_unit_test(both_families),
        cmocka_unit_test(bursts),
        cmocka_unit_test(faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
