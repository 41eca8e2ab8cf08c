#include "bearer/thin.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const uint64_t ms_ns = 1000000;

void ol_thin_init(ol_thin *t, const ol_thin_url *u) {
    ol_pace_init(&t->pace, &u->line, OL_THIN_AHEAD_MS * ms_ns);
    t->held_max = 2 * ol_cobs_wire(u->frame);
    t->addr = (ol_addr){ .len = 1 };
    t->rfd = t->wfd = -1;
    t->frame = u->frame;
}

/* ---- its end ---- */

static void on_closed(uv_handle_t *handle) {
    ol_thin *t = handle->data;
    if (--t->handles > 0)
        return;
    (void)close(t->rfd);
    (void)close(t->wfd);
    t->rfd = t->wfd = -1;
    t->is_ending = false;
    t->ended(t->ctx, t->sys);
}

void ol_thin_end(ol_thin *t, int sys) {
    if (!t->is_up)
        return;
    t->is_up = false, t->is_ending = true, t->sys = sys;
    if (t->has_reader)
        uv_close((uv_handle_t *)&t->reader, on_closed);
    if (t->has_writer)
        uv_close((uv_handle_t *)&t->writer, on_closed);
    uv_close((uv_handle_t *)&t->timer, on_closed);
}

/* ---- in ---- */

static void on_readable(uv_poll_t *poll, int status, int events) {
    ol_thin *t = poll->data;
    uint8_t bytes[OL_THIN_READ_MAX];
    (void)events, (void)status; /* a fault shows itself in what read says */
    ssize_t n = read(t->rfd, bytes, sizeof bytes);
    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            ol_thin_end(t, n == 0 ? 0 : errno);
        return;
    }
    const uint8_t *p = bytes;
    size_t left = (size_t)n;
    uint64_t bad = t->in.bad;
    ol_port_frame f = { .addr = t->addr };
    while (t->is_up && ol_cobs_next(&t->in, &p, &left, &f.p, &f.len) == OL_OK) {
        t->counts.frames_in++;
        t->user.frames(t->user.ctx, &f, 1);
    }
    t->counts.bytes_in += (uint64_t)n;
    t->counts.dropped_in += t->in.bad - bad;
}

/* ---- out ---- */

static void on_timer(uv_timer_t *timer);

static void again_in(ol_thin *t, uint64_t ms) {
    (void)uv_timer_start(&t->timer, on_timer, ms, 0);
}

static void on_writable(uv_poll_t *poll, int status, int events);

/* Gives the system what it may have now; whoever wants room is told when all has gone. */
static void drip(ol_thin *t) {
    uint64_t now = uv_hrtime();
    while (t->out_at < t->out_len) {
        size_t left = t->out_len - t->out_at, n = ol_pace_room(&t->pace, now);
        n = n < left ? n : left;
        if (t->held != NULL && t->held(t->wfd) > (int)t->held_max) {
            again_in(t, OL_THIN_HELD_MS);
            return;
        }
        if (n == 0) {
            again_in(t, ol_pace_wait(&t->pace, 1, now) / ms_ns + 1);
            return;
        }
        ssize_t wrote = write(t->wfd, t->out + t->out_at, n);
        if (wrote < 0 && errno == EAGAIN) {
            (void)uv_poll_start(&t->writer, UV_WRITABLE, on_writable);
            return;
        }
        if (wrote < 0 && errno != EINTR) {
            ol_thin_end(t, errno);
            return;
        }
        wrote = wrote < 0 ? 0 : wrote;
        ol_pace_take(&t->pace, (size_t)wrote, now);
        t->out_at += (size_t)wrote;
        t->counts.bytes_out += (uint64_t)wrote;
    }
}

static void go_on(ol_thin *t) {
    drip(t);
    if (!t->is_up || t->out_at < t->out_len || !t->wants_room)
        return;
    t->wants_room = false;
    t->user.writable(t->user.ctx);
}

static void on_timer(uv_timer_t *timer) {
    go_on(timer->data);
}

static void on_writable(uv_poll_t *poll, int status, int events) {
    ol_thin *t = poll->data;
    (void)events, (void)status;
    (void)uv_poll_stop(poll);
    go_on(t);
}

bool ol_thin_has_room(ol_thin *t) {
    t->wants_room = !t->is_up || t->out_at < t->out_len;
    return !t->wants_room;
}

size_t ol_thin_send(ol_thin *t, const ol_port_frame *v, size_t n) {
    if (!t->is_up) { /* as a network would: the protocol repeats it */
        t->counts.dropped_out += n;
        return n;
    }
    if (n == 0 || t->out_at < t->out_len) {
        t->wants_room = n > 0;
        return 0;
    }
    if (v[0].len == 0 || v[0].len > t->frame) {
        t->counts.dropped_out++;
        return 1;
    }
    bool was_idle = ol_pace_is_idle(&t->pace, uv_hrtime());
    t->out_len = ol_cobs_put(v[0].p, v[0].len, was_idle, t->out);
    t->out_at = 0;
    t->counts.frames_out++;
    t->wants_room = n > 1;
    drip(t);
    return 1;
}

int ol_thin_nearness(const ol_addr *a, const ol_addr *b) {
    return a->len > 0 && b->len > 0 ? 2 : 0;
}

void ol_thin_start(ol_thin *t, int rfd, int wfd) {
    OL_ASSERT(!t->is_up && !t->is_ending);
    t->rfd = rfd, t->wfd = wfd, t->sys = 0;
    t->out_at = t->out_len = 0;
    t->pace.free_ns = 0;
    ol_cobs_init(&t->in, OL_COBS_FRAME_MAX); /* the other end may have longer ones */
    t->is_up = true;
    (void)uv_timer_init(t->loop, &t->timer);
    int why = uv_poll_init(t->loop, &t->reader, rfd);
    t->has_reader = why == 0;
    why = why == 0 ? uv_poll_init(t->loop, &t->writer, wfd) : why;
    t->has_writer = why == 0;
    t->handles = 1u + t->has_reader + t->has_writer;
    t->reader.data = t->writer.data = t->timer.data = t;
    if (why != 0)
        ol_thin_end(t, -why);
    else
        (void)uv_poll_start(&t->reader, UV_READABLE | UV_DISCONNECT, on_readable);
    if (t->is_up && t->wants_room)
        again_in(t, 0); /* its coming up makes room, too */
}
