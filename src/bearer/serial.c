/* bearer/serial.c — a serial line: one device, one place at its other end.
 * Lives    while the device can be opened; one that is not there, or goes away, is opened again
 *          after AGAIN_MS, doubling up to AGAIN_MAX_MS, anew once it has been there for STEADY_MS.
 *          Sessions go on: a device that comes back is the same line.
 * Shares   with nobody: others cannot open the device meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "bearer/thin.h"

enum { AGAIN_MS = 250, AGAIN_MAX_MS = 5000, STEADY_MS = 10000, SAID_MAX = 160 };

struct ol_port {
    ol_thin thin;
    ol_thin_url url;
    uv_timer_t timer;
    unsigned failures;
    uint64_t since_ms; /* when it was opened */
    bool is_closing;
    int told;            /* errno that was told last */
    ol_port_fault fault; /* while it is down */
};

static void try_open(ol_port *p);

/* ---- the device ---- */

/* What makes it a line of bytes, 8 bits each, nothing added and nothing taken away. */
static int set_line(int fd, const ol_thin_url *u) {
    struct termios t;
    unsigned speed = 0;
    if (tcgetattr(fd, &t) != 0 || !ol_thin_url_speed(u->line.baud, &speed))
        return -1;
    cfmakeraw(&t);
    t.c_cflag &= ~(tcflag_t)(CSIZE | PARENB | PARODD | CSTOPB | CRTSCTS);
    t.c_cflag |= CS8 | CREAD | CLOCAL;
    t.c_cflag |= u->line.has_parity ? PARENB : 0;
    t.c_cflag |= u->is_odd ? PARODD : 0;
    t.c_cflag |= u->line.stop == 2 ? CSTOPB : 0;
    t.c_cflag |= u->has_rtscts ? CRTSCTS : 0;
    t.c_iflag &= ~(tcflag_t)(IXOFF | IXANY | INPCK);
    t.c_iflag |= IGNBRK | IGNPAR;
    t.c_cc[VMIN] = 1, t.c_cc[VTIME] = 0;
    if (cfsetispeed(&t, speed) != 0 || cfsetospeed(&t, speed) != 0)
        return -1;
    return tcsetattr(fd, TCSANOW, &t);
}

static int open_device(const ol_thin_url *u, ol_port_fault *ret) {
    struct stat st;
    *ret = (ol_port_fault){ "it is no serial device", 0 };
    if (stat(u->text, &st) == 0 && !S_ISCHR(st.st_mode))
        return -1;
    int fd = open(u->text, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    *ret = (ol_port_fault){ "the device cannot be opened", errno };
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) != 0 || !S_ISCHR(st.st_mode) || isatty(fd) == 0)
        *ret = (ol_port_fault){ "it is no serial device", 0 };
    else if (ioctl(fd, TIOCEXCL) != 0)
        *ret = (ol_port_fault){ "the device cannot be had for this station alone", errno };
    else if (set_line(fd, u) != 0)
        *ret = (ol_port_fault){ "the device does not take this rate and form", errno };
    else
        return fd;
    (void)close(fd);
    return -1;
}

static int held(int fd) {
    int n = 0;
    return ioctl(fd, TIOCOUTQ, &n) == 0 ? n : 0;
}

/* ---- its life ---- */

static void tell(const ol_port *p, const char *what, int sys) {
    char text[SAID_MAX];
    (void)snprintf(text, sizeof text, "%s%s%s", what, sys == 0 ? "" : ": ",
                   sys == 0 ? "" : strerror(sys));
    if (p->thin.user.said != NULL)
        p->thin.user.said(p->thin.user.ctx, text);
}

static void on_again(uv_timer_t *timer) {
    try_open(timer->data);
}

static void try_later(ol_port *p) {
    unsigned doublings = p->failures < 5 ? p->failures : 5;
    uint64_t ms = (uint64_t)AGAIN_MS << doublings;
    p->failures++;
    (void)uv_timer_start(&p->timer, on_again, ms > AGAIN_MAX_MS ? AGAIN_MAX_MS : ms, 0);
}

static void start(ol_port *p, int fd) {
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* the loop knows a descriptor once */
    if (copy < 0) {
        p->fault = (ol_port_fault){ "the device cannot be used", errno };
        (void)close(fd);
        try_later(p);
        return;
    }
    p->fault = (ol_port_fault){ NULL, 0 };
    p->since_ms = uv_now(p->thin.loop);
    ol_thin_start(&p->thin, fd, copy);
}

static void try_open(ol_port *p) {
    ol_port_fault fault;
    int fd = open_device(&p->url, &fault);
    if (fd >= 0) {
        if (p->told != 0)
            tell(p, "the device is there", 0);
        p->told = 0;
        start(p, fd);
        return;
    }
    p->fault = fault;
    if (p->told != fault.sys)
        tell(p, fault.why, fault.sys);
    p->told = fault.sys;
    try_later(p);
}

static void on_timer_closed(uv_handle_t *handle) {
    free(handle->data);
}

static void on_ended(void *ctx, int sys) {
    ol_port *p = ctx;
    if (p->is_closing) {
        uv_close((uv_handle_t *)&p->timer, on_timer_closed);
        return;
    }
    if (uv_now(p->thin.loop) - p->since_ms >= STEADY_MS)
        p->failures = 0; /* one that comes and goes is tried, and told, ever more seldom */
    p->fault = (ol_port_fault){ "the device is gone", sys };
    p->told = sys != 0 ? sys : -1;
    tell(p, p->fault.why, sys);
    try_later(p);
}

/* It is not opened: that could move its lines, and it may be the one in use. */
static ol_err serial_look(const char *url, ol_port_fault *ret_fault) {
    struct stat st;
    ol_thin_url u;
    const char *why = ol_thin_url_parse("serial", url, &u);
    *ret_fault = (ol_port_fault){ why != NULL ? why : "it is no serial device", 0 };
    bool is_other = why == NULL && stat(u.text, &st) == 0 && !S_ISCHR(st.st_mode);
    return why != NULL || is_other ? OL_EFORM : OL_OK;
}

static ol_err serial_open(uv_loop_t *loop, const char *url, const ol_port_user *user, ol_port **ret,
                          ol_port_fault *ret_fault) {
    ol_thin_url u;
    const char *why = ol_thin_url_parse("serial", url, &u);
    *ret_fault = (ol_port_fault){ why, 0 };
    if (why != NULL)
        return OL_EFORM;
    int fd = open_device(&u, ret_fault);
    if (fd < 0 && ret_fault->sys == 0)
        return OL_EFORM; /* one that is not there may come; another thing will not change */
    ol_port *p = calloc(1, sizeof *p);
    if (p == NULL) {
        if (fd >= 0)
            (void)close(fd);
        *ret_fault = (ol_port_fault){ "out of memory", 0 };
        return OL_ENOMEM;
    }
    p->url = u;
    p->thin.loop = loop, p->thin.user = *user;
    p->thin.ended = on_ended, p->thin.held = held, p->thin.ctx = p;
    ol_thin_init(&p->thin, &u);
    (void)uv_timer_init(loop, &p->timer);
    p->timer.data = p;
    if (fd >= 0) {
        start(p, fd);
    } else {
        p->fault = *ret_fault;
        try_later(p);
    }
    *ret = p;
    return OL_OK;
}

static void serial_close(ol_port *p) {
    if (p == NULL || p->is_closing)
        return;
    p->is_closing = true;
    if (p->thin.is_up)
        (void)ioctl(p->thin.rfd, TIOCNXCL);
    if (p->thin.is_up || p->thin.is_ending)
        ol_thin_end(&p->thin, 0); /* on_ended goes on */
    else
        uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}

/* ---- the row ---- */

static const char *serial_check(const char *url, bool is_local) {
    return ol_thin_url_check("serial", url, is_local);
}

static size_t serial_send(ol_port *p, const ol_port_frame *v, size_t n) {
    return ol_thin_send(&p->thin, v, n);
}

static bool serial_has_room(ol_port *p, const ol_addr *addr) {
    (void)addr;
    return ol_thin_has_room(&p->thin);
}

static void serial_link(const ol_port *p, ol_port_link *ret) {
    ol_thin_url_link(&p->url, ret);
}

static void serial_resolve(ol_port *p, const char *url, unsigned turn, ol_resolved_fn *fn,
                           void *ctx) {
    (void)url, (void)turn;
    fn(ctx, p->is_closing ? OL_ESTATE : OL_OK, p->is_closing ? NULL : &p->thin.addr);
}

static void serial_text(const ol_addr *addr, char to[OL_ADDR_TEXT_MAX]) {
    (void)snprintf(to, OL_ADDR_TEXT_MAX, "%s", addr->len > 0 ? "serial" : "");
}

static void serial_local(const ol_port *p, ol_addr *ret) {
    *ret = p->thin.addr;
}

static const ol_port_counts *serial_counts(const ol_port *p) {
    return &p->thin.counts;
}

static const char *serial_trouble(const ol_port *p) {
    return p->thin.is_up ? NULL : p->fault.why;
}

const ol_bearer ol_bearer_serial = {
    .scheme = "serial",
    .form = "serial:<device>?baud=<rate>, for a peer serial: alone",
    .example = "serial:/dev/ttyS0?baud=9600",
    .frame_max = OL_COBS_FRAME_MAX,
    .check = serial_check,
    .open = serial_open,
    .look = serial_look,
    .send = serial_send,
    .has_room = serial_has_room,
    .link = serial_link,
    .resolve = serial_resolve,
    .address_text = serial_text,
    .nearness = ol_thin_nearness,
    .local = serial_local,
    .counts = serial_counts,
    .trouble = serial_trouble,
    .close = serial_close,
};
