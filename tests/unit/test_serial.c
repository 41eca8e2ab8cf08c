/* The serial port over a pseudo-terminal: bytes out and in, form of the line, pace, room, a device
 * that is not there, goes away in the middle of a frame, comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "bearer/thin_url.h"
#include "lib/port.h"

static const ol_bearer *const serial = &ol_bearer_serial;

enum { TURNS = 20000 };

static char dir[64], device[96]; /* a link to the pseudo-terminal of the moment */

static ol_err try_open(uv_loop_t *loop, const char *keys, test_port_seen *s, ol_port **ret,
                       ol_port_fault *fault) {
    char url[160];
    ol_port_user user = test_port_user(s);
    (void)snprintf(url, sizeof url, "serial:%s%s", device, keys);
    return serial->open(loop, url, &user, ret, fault);
}

static ol_port *opened(uv_loop_t *loop, const char *keys, test_port_seen *s) {
    ol_port_fault fault = { 0 };
    ol_port *p = NULL;
    if (try_open(loop, keys, s, &p, &fault) != OL_OK)
        fail_msg("%s (%d)", fault.why, fault.sys);
    return p;
}

/* A new pseudo-terminal where the link points to; its other side. */
static int plug(void) {
    char next[112];
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    assert_true(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0);
    (void)snprintf(next, sizeof next, "%s.next", device);
    assert_int_equal(symlink(ptsname(fd), next), 0);
    assert_int_equal(rename(next, device), 0);
    return fd;
}

static void turn_until(uv_loop_t *loop, const size_t *count, size_t want) {
    for (int i = 0; i < TURNS && *count < want; i++)
        (void)uv_run(loop, UV_RUN_ONCE);
    assert_true(*count >= want);
}

/* What the other side of the line gets, want bytes at least. */
static size_t get(uv_loop_t *loop, int fd, uint8_t *to, size_t cap, size_t want) {
    size_t n = 0;
    while (n < want) {
        ssize_t got = read(fd, to + n, cap - n);
        if (got < 0 && errno == EAGAIN)
            (void)uv_run(loop, UV_RUN_ONCE);
        else
            assert_true(got > 0), n += (size_t)got;
    }
    return n;
}

static void shut(uv_loop_t *loop, ol_port *p) {
    serial->close(p);
    serial->close(NULL);
    assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(loop), 0);
}

static void send_one(ol_port *p, uint8_t *frame, size_t len) {
    ol_port_frame f = { .p = frame, .len = len };
    serial->local(p, &f.addr);
    assert_true(serial->has_room(p, &f.addr));
    assert_int_equal(serial->send(p, &f, 1), 1);
}

static void bytes(void **state) {
    (void)state;
    uv_loop_t loop;
    test_port_seen s = { 0 };
    uint8_t frame[64], wire[OL_COBS_WIRE_MAX], got[1024];
    for (size_t i = 0; i < sizeof frame; i++)
        frame[i] = (uint8_t)(i * 3); /* CR, LF, XON, XOFF, EOF among them */
    assert_int_equal(uv_loop_init(&loop), 0);
    int fd = plug();
    ol_port *p = opened(&loop, "?baud=115200", &s);
    assert_null(serial->trouble(p));
    send_one(p, frame, sizeof frame);
    size_t n = ol_cobs_put(frame, sizeof frame, true, wire);
    assert_int_equal(get(&loop, fd, got, sizeof got, n), n);
    assert_memory_equal(got, wire, n);
    assert_int_equal(write(fd, "noise", 5), 5);
    assert_int_equal(write(fd, wire, n), (ssize_t)n);
    turn_until(&loop, &s.frames, 1);
    assert_int_equal(s.last_len, sizeof frame);
    assert_memory_equal(s.last, frame, sizeof frame);
    const ol_port_counts *c = serial->counts(p);
    assert_true(c->frames_in == 1 && c->frames_out == 1 && c->dropped_in == 1);
    assert_true(c->bytes_out == n && c->bytes_in == n + 5);
    (void)close(fd);
    shut(&loop, p);
}

static void form(void **state) {
    (void)state;
    uv_loop_t loop;
    test_port_seen s = { 0 };
    struct termios t;
    ol_port_fault fault = { 0 };
    ol_port *p = NULL;
    assert_int_equal(uv_loop_init(&loop), 0);
    int fd = plug();
    p = opened(&loop, "?baud=300&parity=o&stop=2&flow=rtscts", &s);
    assert_int_equal(tcgetattr(fd, &t), 0);
    assert_int_equal(cfgetospeed(&t), B300);
    assert_int_equal(cfgetispeed(&t), B300);
    assert_true((t.c_cflag & CRTSCTS) != 0 && (t.c_cflag & CSTOPB) != 0);
    assert_int_equal(t.c_lflag & (ICANON | ECHO | ISIG), 0);
    assert_int_equal(t.c_iflag & (IXON | IXOFF | ICRNL | INLCR | ISTRIP), 0);
    assert_int_equal(t.c_oflag & OPOST, 0);
    int excluded = 0;
    int again = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(again < 0 || ioctl(again, TIOCGEXCL, &excluded) == 0);
    assert_true(again < 0 || excluded == 1); /* root may, and sees */
    if (again >= 0)
        (void)close(again);
    (void)close(fd);
    serial->close(p);
    static const char *const wrong[] = { "/dev/null", "/etc/passwd", "/" };
    for (size_t i = 0; i < OL_LEN(wrong); i++) {
        (void)unlink(device);
        assert_int_equal(symlink(wrong[i], device), 0);
        print_message("%s\n", wrong[i]);
        ol_err err = try_open(&loop, "", &s, &p, &fault);
        assert_int_equal(err, OL_EFORM);
        assert_string_equal(fault.why, "it is no serial device");
    }
    (void)unlink(device);
    shut(&loop, NULL);
}

/* It takes as long as the line does, at least; one frame at a time, room after each. */
static void pace(void **state) {
    (void)state;
    enum { FRAMES = 5, BAUD = 4800 };
    uv_loop_t loop;
    test_port_seen s = { 0 };
    uint8_t frame[64], got[2048];
    ol_addr to;
    memset(frame, 7, sizeof frame);
    assert_int_equal(uv_loop_init(&loop), 0);
    int fd = plug();
    ol_port *p = opened(&loop, "?baud=4800", &s);
    serial->local(p, &to);
    uint64_t began = uv_hrtime();
    size_t n = 0, sent = 0, most = 0;
    while (sent < FRAMES) {
        if (serial->has_room(p, &to)) {
            uint64_t line = (uv_hrtime() - began) * BAUD / 10 / 1000000000; /* bytes by now */
            most = n > line && n - line > most ? n - line : most;
            send_one(p, frame, sizeof frame);
            n += 64 + 6 + (sent == 0), sent++;
            ol_port_frame more = { to, frame, 1 };
            assert_false(serial->has_room(p, &to));
            assert_int_equal(serial->send(p, &more, 1), 0);
        }
        size_t before = s.writable;
        turn_until(&loop, &s.writable, before + 1);
    }
    n = get(&loop, fd, got, sizeof got, 1 + FRAMES * 70);
    uint64_t took = (uv_hrtime() - began) / 1000000, line = n * 10000 / BAUD;
    print_message("%zu bytes in %llu ms, the line takes %llu; %zu bytes ahead of it\n", n,
                  (unsigned long long)took, (unsigned long long)line, most);
    assert_int_equal(n, 1 + FRAMES * 70);
    assert_true(took + 40 + 2 >= line); /* as much ahead as is allowed, and a clock's turn */
    assert_true(most <= 21);
    (void)close(fd);
    shut(&loop, p);
}

static void unplugged(void **state) {
    (void)state;
    uv_loop_t loop;
    test_port_seen s = { 0 };
    uint8_t frame[64], wire[OL_COBS_WIRE_MAX], got[256];
    ol_addr to;
    memset(frame, 9, sizeof frame);
    assert_int_equal(uv_loop_init(&loop), 0);
    (void)unlink(device); /* not there yet: the port opens all the same */
    ol_port *p = opened(&loop, "?baud=2400", &s);
    serial->local(p, &to);
    assert_string_equal(serial->trouble(p), "the device cannot be opened");
    assert_false(serial->has_room(p, &to));
    int fd = plug();
    turn_until(&loop, &s.writable, 1); /* whoever asked for room is told of it */
    assert_null(serial->trouble(p));
    for (int i = 0; i < 2; i++) {
        send_one(p, frame, sizeof frame);
        assert_true(get(&loop, fd, got, sizeof got, 10) < 60);
        size_t said = s.said, writable = s.writable;
        size_t n = ol_cobs_put(frame, sizeof frame, true, wire);
        assert_int_equal(write(fd, wire, 30), 30); /* half a frame is on its way in, too */
        (void)close(fd);
        turn_until(&loop, &s.said, said + 1);
        assert_non_null(strstr(s.text, "the device is gone"));
        assert_string_equal(serial->trouble(p), "the device is gone");
        assert_false(serial->has_room(p, &to));
        fd = plug();
        turn_until(&loop, &s.writable, writable + 1);
        assert_string_equal(s.text, "the device is there");
        size_t frames = s.frames;
        assert_int_equal(write(fd, wire + 30, n - 30), (ssize_t)n - 30);
        assert_int_equal(write(fd, wire, n), (ssize_t)n);
        turn_until(&loop, &s.frames, frames + 1);
        assert_memory_equal(s.last, frame, sizeof frame);
    }
    (void)close(fd);
    shut(&loop, p);
}

static int make_dir(void **state) {
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/ol-serial-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return -1;
    (void)snprintf(device, sizeof device, "%s/tty", dir);
    return 0;
}

static int remove_dir(void **state) {
    (void)state;
    (void)unlink(device);
    return rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes),
        cmocka_unit_test(form),
        cmocka_unit_test(pace),
        cmocka_unit_test(unplugged),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
