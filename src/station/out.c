/* station/out.c — frames out: urgent before routine, one a path and pass. */
#include "station/drive_parts.h"

static bool send_one(ol_drive *d, size_t i, int class) {
    const ol_net_path *p = ol_net_path_at(d->net, i);
    ol_driven *l = d->line[p->line];
    ol_mono now = ol_drive_now(d);
    int has = ol_line_peek(l->engine, p->id, now);
    uint8_t *room = NULL;
    if (has != OL_CLASS_NONE && has <= class)
        room = ol_net_room(d->net, i, ol_line_peek_to(l->engine, p->id), has);
    if (room == NULL)
        return false;
    uint32_t to = 0;
    l->has_polled = true;
    size_t len = ol_line_poll(l->engine, p->id, room, OL_FRAME_MAX, now, &to);
    if (len > 0)
        ol_net_put(d->net, i, len, to, has);
    return len > 0;
}

static size_t pass(ol_drive *d, int class, size_t room) {
    size_t sent = 0, paths = ol_net_paths(d->net);
    for (size_t k = 0; k < paths && sent < room; k++)
        sent += send_one(d, (d->first + k) % paths, class);
    d->first++;
    return sent;
}

/* Lets the engines that were polled go on: timers, notes, entries of the next chunk. */
static void follow_up(ol_drive *d) {
    for (size_t i = 0; i < d->lines; i++) {
        if (!d->line[i]->has_polled)
            continue;
        d->line[i]->has_polled = false;
        ol_drive_nudge(d, i, EV_MORE);
    }
}

bool ol_drive_send(ol_drive *d) {
    size_t left = OL_DRIVE_FRAMES, before;
    do {
        before = left;
        for (size_t n = 1; n > 0 && left > 0; left -= n) {
            n = pass(d, OL_CLASS_URGENT, left);
            if (n == 0)
                n = pass(d, OL_CLASS_ROUTINE, left);
        }
        ol_net_flush(d->net);
        follow_up(d);
    } while (left > 0 && left < before);
    return left == 0;
}
