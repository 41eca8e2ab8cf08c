/* The conversation with the station: nothing here waits; a station that went may come back. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/watch.h"

enum { RETRY_MS = 1000, OUT_MAX = 256 * 1024 };

int ol_link_open(ol_cli *c, ol_link *ret) {
    ol_why why = { "" };
    *ret = (ol_link){ .fd = -1 };
    ol_err err = ol_home_open(NULL, false, &ret->home, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    ret->in = malloc(OL_CONTROL_LINE_MAX);
    ret->out = malloc(OUT_MAX);
    if (ret->in != NULL && ret->out != NULL)
        return -1;
    ol_link_close(ret);
    return ol_cli_fail(c, OL_ENOMEM, "try again", "out of memory");
}

static void drop(ol_link *l) {
    if (l->fd >= 0)
        (void)close(l->fd);
    l->fd = -1;
    l->in_len = l->out_len = 0;
}

void ol_link_close(ol_link *l) {
    drop(l);
    free(l->in);
    free(l->out);
    ol_home_close(&l->home);
}

bool ol_link_connect(ol_link *l, uint64_t now_ms) {
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    char path[OL_HOME_SOCKET_MAX + 1];
    if (l->fd >= 0 || now_ms < l->retry_ms)
        return false;
    l->retry_ms = now_ms + RETRY_MS;
    ol_home_socket(&l->home, path);
    memcpy(to.sun_path, path, strlen(path) + 1);
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd >= 0 && connect(l->fd, (struct sockaddr *)&to, sizeof to) == 0)
        return true;
    drop(l);
    return false;
}

void ol_link_flush(ol_link *l) {
    while (l->fd >= 0 && l->out_len > 0) {
        ssize_t n = send(l->fd, l->out, l->out_len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            drop(l);
        if (n <= 0)
            return;
        memmove(l->out, l->out + n, l->out_len - (size_t)n);
        l->out_len -= (size_t)n;
    }
}

uint64_t ol_link_send(ol_link *l, ol_request *r) {
    size_t n = 0;
    if (l->fd < 0)
        return 0;
    r->id = ++l->next_id;
    if (ol_request_put(r, l->out + l->out_len, OUT_MAX - l->out_len, &n) != OL_OK) {
        drop(l); /* a station that takes nothing: begin anew */
        return 0;
    }
    l->out_len += n;
    ol_link_flush(l);
    return l->fd < 0 ? 0 : r->id;
}

/* The whole lines that are there. */
static void take_lines(ol_link *l, void (*fn)(void *ctx, const json_t *o), void *ctx) {
    size_t at = 0;
    while (l->fd >= 0) {
        const char *end = l->in_len == at ? NULL : memchr(l->in + at, '\n', l->in_len - at);
        if (end == NULL)
            break;
        size_t len = (size_t)(end - (l->in + at)) + 1;
        json_t *o = json_loadb(l->in + at, len, 0, NULL);
        at += len;
        if (o != NULL)
            fn(ctx, o);
        json_decref(o);
    }
    if (l->fd < 0)
        return;
    memmove(l->in, l->in + at, l->in_len - at);
    l->in_len -= at;
    if (l->in_len == OL_CONTROL_LINE_MAX)
        drop(l);
}

void ol_link_read(ol_link *l, void (*fn)(void *ctx, const json_t *o), void *ctx) {
    while (l->fd >= 0) {
        ssize_t n = read(l->fd, l->in + l->in_len, OL_CONTROL_LINE_MAX - l->in_len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            drop(l);
            return;
        }
        l->in_len += (size_t)n;
        take_lines(l, fn, ctx);
    }
}
