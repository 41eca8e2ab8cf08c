#include "lib/port.h"

#include <stdio.h>
#include <string.h>

static void on_frames(void *ctx, const ol_port_frame *v, size_t n) {
    test_port_seen *s = ctx;
    OL_ASSERT(n == 1 && v->len <= sizeof s->last);
    memcpy(s->last, v->p, v->len);
    s->frames++, s->last_len = v->len;
}

static void on_writable(void *ctx) {
    ((test_port_seen *)ctx)->writable++;
}

static void on_said(void *ctx, const char *text) {
    test_port_seen *s = ctx;
    s->said++;
    (void)snprintf(s->text, sizeof s->text, "%s", text);
}

ol_port_user test_port_user(test_port_seen *s) {
    return (ol_port_user){ on_frames, on_writable, NULL, s, on_said };
}
