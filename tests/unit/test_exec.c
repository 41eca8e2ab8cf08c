/* The exec port: frames through a program, what it says, its end and new start, its group. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "lib/port.h"

static const ol_bearer *const exec_ = &ol_bearer_exec;

enum { TURNS = 200000 };

static ol_port *opened(uv_loop_t *loop, const char *url, test_port_seen *s) {
    ol_port_user user = test_port_user(s);
    ol_port_fault fault = { 0 };
    ol_port *p = NULL;
    if (exec_->open(loop, url, &user, &p, &fault) != OL_OK)
        fail_msg("%s: %s (%d)", url, fault.why, fault.sys);
    return p;
}

static void turn_until(uv_loop_t *loop, const size_t *count, size_t want) {
    for (int i = 0; i < TURNS && *count < want; i++)
        (void)uv_run(loop, UV_RUN_ONCE);
    assert_true(*count >= want);
}

static void shut(uv_loop_t *loop, ol_port *p) {
    exec_->close(p);
    exec_->close(NULL);
    assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(loop), 0);
}

static void there_and_back(void **state) {
    (void)state;
    uv_loop_t loop;
    test_port_seen s = { 0 };
    uint8_t frame[OL_COBS_FRAME_MAX];
    assert_int_equal(uv_loop_init(&loop), 0);
    ol_port *p = opened(&loop, "exec:/bin/cat -u", &s);
    ol_port_frame f = { .p = frame };
    exec_->local(p, &f.addr);
    assert_null(exec_->trouble(p));
    for (size_t i = 1; i <= 40; i++) {
        f.len = i * 30;
        memset(frame, (int)i, f.len);
        while (!exec_->has_room(p, &f.addr))
            (void)uv_run(&loop, UV_RUN_ONCE);
        assert_int_equal(exec_->send(p, &f, 1), 1);
        turn_until(&loop, &s.frames, i);
        assert_int_equal(s.last_len, f.len);
        assert_memory_equal(s.last, frame, f.len);
    }
    shut(&loop, p);
    assert_int_equal(s.said, 0);
}

/* Words are words, whatever is in them; nothing but three descriptors is handed on. */
static void words(void **state) {
    (void)state;
    uv_loop_t loop;
    test_port_seen s = { 0 };
    assert_int_equal(uv_loop_init(&loop), 0);
    int leak = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, and far up */
    assert_true(leak >= 0 && dup2(leak, 200) == 200);
    ol_port *p = opened(&loop,
                        "exec:/bin/sh -c echo\\ \"$1\"\\ $(ls\\ /proc/self/fd\\ |\\ wc\\ "
                        "-l)\\ >&2;exec\\ cat sh $(id)\\ `id`;\\ é",
                        &s);
    turn_until(&loop, &s.said, 1);
    assert_string_equal(s.text, "$(id) `id`; ?? 4"); /* and the one that ls has open */
    (void)close(leak), (void)close(200);
    shut(&loop, p);
}

static void again(void **state) {
    (void)state;
    uv_loop_t loop;
    test_port_seen s = { 0 };
    assert_int_equal(uv_loop_init(&loop), 0);
    ol_port *p = opened(&loop, "exec:/bin/sh -c exit\\ 3", &s);
    turn_until(&loop, &s.said, 1);
    assert_string_equal(s.text, "the program exited with 3");
    assert_string_equal(exec_->trouble(p), "the program exited with 3");
    uint64_t began = uv_now(&loop);
    turn_until(&loop, &s.said, 3); /* after half a second, and one more */
    assert_true(uv_now(&loop) - began >= 1400);
    shut(&loop, p);
    assert_int_equal(uv_loop_init(&loop), 0);
    memset(&s, 0, sizeof s);
    p = opened(&loop, "exec:/bin/sh -c kill\\ -9\\ $$", &s);
    turn_until(&loop, &s.said, 1);
    assert_string_equal(s.text, "the program was ended by signal 9");
    shut(&loop, p);
    ol_port_fault fault = { 0 };
    ol_port_user user = test_port_user(&s);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(exec_->open(&loop, "exec:/no/such/program", &user, &p, &fault), OL_ENOENT);
    assert_string_equal(fault.why, "there is no such program");
    assert_int_equal(exec_->open(&loop, "exec:/bin/sh?half=1", &user, &p, &fault), OL_EFORM);
    shut(&loop, NULL);
}

/* A program that closes its output, one that is deaf to SIGTERM, and what they started: all end. */
static void group(void **state) {
    (void)state;
    static const char *const urls[] = {
        "exec:/bin/sh -c sleep\\ 99\\ &\\ echo\\ $!\\ >&2;exec\\ sleep\\ 99",
        ("exec:/bin/sh -c trap\\ ''\\ TERM;sleep\\ 99\\ &\\ echo\\ $!\\ >&2;while\\ :;do\\ "
         "sleep\\ 1;done"),
        "exec:/bin/sh -c sleep\\ 99\\ >&-\\ &\\ echo\\ $!\\ >&2;exec\\ >&-;exec\\ sleep\\ 99",
    };
    for (size_t i = 0; i < OL_LEN(urls); i++) {
        uv_loop_t loop;
        test_port_seen s = { 0 };
        uint64_t pid = 0;
        assert_int_equal(uv_loop_init(&loop), 0);
        ol_port *p = opened(&loop, urls[i], &s);
        turn_until(&loop, &s.said, 1);
        assert_int_equal(ol_u64_get(s.text, strlen(s.text), 2, INT32_MAX, &pid), OL_OK);
        struct pollfd its = { .fd = pidfd_open((pid_t)pid, 0), .events = POLLIN };
        assert_true(its.fd >= 0);
        if (i == 2)
            turn_until(&loop, &s.said, 2); /* it is ended without being told to close */
        shut(&loop, p);
        assert_int_equal(poll(&its, 1, 20000), 1); /* that it ended */
        (void)close(its.fd);
    }
}

/* Whatever it says does not fill a log. */
static void talkative(void **state) {
    (void)state;
    uv_loop_t loop;
    test_port_seen s = { 0 };
    assert_int_equal(uv_loop_init(&loop), 0);
    ol_port *p = opened(&loop, "exec:/bin/sh -c seq\\ 100000\\ >&2;exit\\ 1", &s);
    while (exec_->trouble(p) == NULL)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(s.said, 21);
    shut(&loop, p);
}

int main(void) {
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back), cmocka_unit_test(words),     cmocka_unit_test(again),
        cmocka_unit_test(group),          cmocka_unit_test(talkative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
