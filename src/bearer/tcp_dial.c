/* Targets: whom this port connects to, and when again. */
#include "bearer/tcp_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"

static bool is_same(const ol_addr *a, const ol_addr *b) {
    return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

static bool is_target(const ol_addr *addr) {
    ol_ip_addr a = ol_ip_get(addr);
    return IN6_IS_ADDR_UNSPECIFIED(&a.local);
}

ol_tcp_conn *ol_tcp_find(const ol_port *p, const ol_addr *addr) {
    for (ol_tcp_conn *c = p->conn; c != NULL; c = c->next)
        if (is_same(&c->addr, addr))
            return c;
    return NULL;
}

static ol_tcp_target *find(const ol_port *p, const ol_addr *addr) {
    for (ol_tcp_target *t = p->target; t != NULL; t = t->next)
        if (is_same(&t->addr, addr))
            return t;
    return NULL;
}

/* When there are too many, the one that nobody has asked for longest makes room. */
static void make_room(ol_port *p) {
    ol_tcp_target **old = NULL;
    size_t n = 0;
    for (ol_tcp_target **at = &p->target; *at != NULL; at = &(*at)->next, n++)
        if ((*at)->conn == NULL && (old == NULL || (*at)->asked_ms < (*old)->asked_ms))
            old = at;
    if (n < OL_TCP_TARGETS_MAX || old == NULL)
        return;
    ol_tcp_target *t = *old;
    *old = t->next;
    free(t);
}

static ol_tcp_target *target_of(ol_port *p, const ol_addr *addr) {
    ol_tcp_target *t = find(p, addr);
    if (t != NULL)
        return t;
    make_room(p);
    t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->addr = *addr;
    t->next = p->target, p->target = t;
    return t;
}

static void failed(ol_tcp_target *t, uint64_t now) {
    unsigned doublings = t->failures < 8 ? t->failures : 8;
    uint64_t ms = (uint64_t)OL_TCP_AGAIN_MS << doublings;
    t->failures++;
    t->after_ms = now + (ms > OL_TCP_AGAIN_MAX_MS ? OL_TCP_AGAIN_MAX_MS : ms);
}

/* -1: the system refuses at once. */
static int begin(const ol_port *p, const ol_addr *addr) {
    struct sockaddr_storage name;
    ol_ip_addr to = ol_ip_get(addr);
    int fd = socket(p->is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    socklen_t len = ol_ip_to_sockaddr(&p->bound, p->is_v4, &name);
    bool is_any = IN6_IS_ADDR_UNSPECIFIED(&p->bound.peer);
    if (ol_tcp_set_options(fd, p->is_v4) == NULL &&
        (is_any || bind(fd, (struct sockaddr *)&name, len) == 0)) {
        len = ol_ip_to_sockaddr(&to, p->is_v4, &name);
        if (connect(fd, (struct sockaddr *)&name, len) == 0 || errno == EINPROGRESS)
            return fd;
    }
    (void)close(fd);
    return -1;
}

ol_tcp_conn *ol_tcp_dial(ol_port *p, const ol_addr *addr) {
    if (!is_target(addr))
        return ol_tcp_find(p, addr);
    ol_tcp_target *t = target_of(p, addr);
    uint64_t now = uv_now(p->loop);
    if (t == NULL)
        return NULL;
    t->asked_ms = now;
    if (t->conn != NULL)
        return t->conn;
    t->is_wanted = now < t->after_ms;
    if (!t->is_wanted) {
        int fd = begin(p, addr);
        t->tried_ms = now;
        t->conn = fd < 0 ? NULL : ol_tcp_conn_new(p, fd, true);
        if (t->conn != NULL)
            t->conn->target = t, t->conn->addr = *addr, t->conn->is_proven = true;
        else
            failed(t, now), t->is_wanted = true;
    }
    ol_tcp_schedule(p);
    return t->conn;
}

void ol_tcp_dial_ended(ol_tcp_conn *c) {
    ol_tcp_target *t = c->target;
    uint64_t now = uv_now(c->port->loop), lived = now - c->born_ms;
    t->conn = NULL;
    if (!c->is_connecting && lived >= OL_TCP_TUNE_MS)
        t->failures = 0;
    if (c->is_connecting && lived >= OL_TCP_CONNECT_MS)
        t->after_ms = now; /* nobody answered: a fresh attempt is no more than a repeat */
    else
        failed(t, now);
    t->is_wanted = true;
    ol_tcp_schedule(c->port);
}

void ol_tcp_dial_wake(ol_port *p, const ol_addr *addr) {
    ol_tcp_target *t = addr->len == 0 || !is_target(addr) ? NULL : find(p, addr);
    if (t == NULL || t->conn != NULL || t->failures == 0)
        return;
    uint64_t soonest = t->tried_ms + OL_TCP_AGAIN_MS;
    t->failures = 0;
    t->after_ms = t->after_ms < soonest ? t->after_ms : soonest;
    t->is_wanted = true;
    ol_tcp_schedule(p);
}

uint64_t ol_tcp_dial_next_ms(ol_port *p, uint64_t now) {
    uint64_t next = OL_NEVER;
    for (ol_tcp_target *t = p->target; t != NULL; t = t->next) {
        if (t->conn != NULL || !t->is_wanted)
            continue;
        if (t->after_ms <= now)
            t->is_wanted = false; /* whoever wants it asks again in this turn of the loop */
        else
            next = t->after_ms < next ? t->after_ms : next;
    }
    return next;
}

void ol_tcp_dial_free(ol_port *p) {
    while (p->target != NULL) {
        ol_tcp_target *t = p->target;
        p->target = t->next;
        free(t);
    }
}
