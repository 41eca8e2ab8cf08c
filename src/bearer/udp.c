/* bearer/udp.c — UDP over IPv4 and IPv6, one socket a port, frames in batches.
 * MTU      frames go out whole or not at all (DF set). PMTUDISC_PROBE, not DO: with DO anyone who
 *          forges an ICMP "too big" would silence the line for minutes. */
#include "bearer/bearer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bearer/ip_lookup.h"

enum {
    FRAME_MAX = 1200,
    RECEIVE_MAX = FRAME_MAX + 1, /* a byte more shows what is too long */
    ROUNDS = 4,                  /* batches taken in one turn of the loop */
    QUEUE_BYTES = 4 << 20,       /* asked of the system: bursts wait there while a commit runs */
    CONTROL_MAX = CMSG_SPACE(sizeof(struct in6_pktinfo))
};

typedef struct {
    struct mmsghdr header[OL_PORT_BATCH];
    struct iovec part[OL_PORT_BATCH];
    struct sockaddr_storage name[OL_PORT_BATCH];
    union {
        char bytes[CONTROL_MAX];
        struct cmsghdr align;
    } control[OL_PORT_BATCH];
} batch;

struct ol_port {
    uv_poll_t poll;
    int fd;
    bool is_v4, is_closing, wants_write;
    ol_ip_lookups lookups; /* the port outlives them */
    ol_port_user user;
    ol_port_counts counts;
    batch in, out;
    uint8_t bytes[OL_PORT_BATCH][RECEIVE_MAX];
};

/* ── in ────────────────────────────────────────────────────────────────────────────────────── */

static struct in6_addr local_of(struct msghdr *m) {
    struct in6_addr a = { 0 };
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            a = info.ipi6_addr;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            a = ol_ip_mapped(&info.ipi_addr);
        }
    }
    if (IN6_IS_ADDR_MULTICAST(&a))
        a = (struct in6_addr){ 0 }; /* no address to answer from */
    return a;
}

static size_t receive(ol_port *p, ol_port_frame v[OL_PORT_BATCH], int *ret_n) {
    batch *b = &p->in;
    for (size_t i = 0; i < OL_PORT_BATCH; i++) {
        b->part[i] = (struct iovec){ p->bytes[i], RECEIVE_MAX };
        b->header[i].msg_hdr = (struct msghdr){ .msg_name = &b->name[i],
                                                .msg_namelen = sizeof b->name[i],
                                                .msg_iov = &b->part[i],
                                                .msg_iovlen = 1,
                                                .msg_control = b->control[i].bytes,
                                                .msg_controllen = CONTROL_MAX };
    }
    *ret_n = recvmmsg(p->fd, b->header, OL_PORT_BATCH, MSG_DONTWAIT, NULL);
    size_t n = 0;
    for (int i = 0; i < *ret_n; i++) {
        ol_ip_addr a;
        size_t len = b->header[i].msg_len;
        if (len == 0 || len > FRAME_MAX ||
            !ol_ip_from_sockaddr((const struct sockaddr *)&b->name[i], &a)) {
            p->counts.dropped_in++;
            continue;
        }
        a.local = local_of(&b->header[i].msg_hdr);
        ol_ip_put(&a, &v[n].addr);
        v[n].p = p->bytes[i], v[n].len = len, n++;
        p->counts.frames_in++, p->counts.bytes_in += len;
    }
    return n;
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void listen_for(ol_port *p) {
    int events = UV_READABLE | (p->wants_write ? UV_WRITABLE : 0);
    OL_ASSERT(uv_poll_start(&p->poll, events, on_poll) == 0);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
    ol_port *p = poll->data;
    ol_port_frame v[OL_PORT_BATCH];
    if (status < 0) { /* libuv has stopped the handle; an error on this socket passes when read */
        int sys;
        socklen_t len = sizeof sys;
        (void)getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &sys, &len);
        listen_for(p);
        return;
    }
    if ((events & UV_READABLE) != 0) {
        int n = OL_PORT_BATCH;
        for (int round = 0; round < ROUNDS && n == OL_PORT_BATCH && !p->is_closing; round++) {
            size_t good = receive(p, v, &n);
            if (good > 0)
                p->user.frames(p->user.ctx, v, good);
        }
    }
    if ((events & UV_WRITABLE) != 0 && p->wants_write && !p->is_closing) {
        p->wants_write = false;
        listen_for(p);
        p->user.writable(p->user.ctx);
    }
}

/* ── out ───────────────────────────────────────────────────────────────────────────────────── */

static void set_local(struct msghdr *m, const ol_ip_addr *a, bool is_v4, char *control) {
    if (IN6_IS_ADDR_UNSPECIFIED(&a->local))
        return;
    m->msg_control = control;
    m->msg_controllen = CONTROL_MAX;
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    if (is_v4) {
        struct in_pktinfo info = { .ipi_spec_dst = ol_ip_unmapped(&a->local) };
        c->cmsg_level = IPPROTO_IP, c->cmsg_type = IP_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof info);
        m->msg_controllen = CMSG_SPACE(sizeof info);
        memcpy(CMSG_DATA(c), &info, sizeof info);
    } else {
        struct in6_pktinfo info = { .ipi6_addr = a->local, .ipi6_ifindex = a->scope };
        c->cmsg_level = IPPROTO_IPV6, c->cmsg_type = IPV6_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(c), &info, sizeof info);
    }
}

static void prepare(ol_port *p, size_t i, const ol_port_frame *f) {
    batch *b = &p->out;
    ol_ip_addr a = ol_ip_get(&f->addr);
    b->part[i] = (struct iovec){ (void *)(uintptr_t)f->p, f->len };
    struct msghdr m = { .msg_name = &b->name[i], .msg_iov = &b->part[i], .msg_iovlen = 1 };
    memset(&b->control[i], 0, sizeof b->control[i]);
    m.msg_namelen = ol_ip_to_sockaddr(&a, p->is_v4, &b->name[i]);
    set_local(&m, &a, p->is_v4, b->control[i].bytes);
    b->header[i].msg_hdr = m;
}

/* The first of header could not be sent. Once more without our own address, which may be gone. */
static void refused(ol_port *p, size_t i) {
    struct msghdr *m = &p->out.header[i].msg_hdr;
    m->msg_control = NULL, m->msg_controllen = 0;
    if (sendmsg(p->fd, m, MSG_DONTWAIT) >= 0)
        p->counts.frames_out++, p->counts.bytes_out += p->out.part[i].iov_len;
    else
        p->counts.dropped_out++;
}

static size_t udp_send(ol_port *p, const ol_port_frame *v, size_t n) {
    if (n > OL_PORT_BATCH)
        n = OL_PORT_BATCH;
    for (size_t i = 0; i < n; i++)
        prepare(p, i, &v[i]);
    size_t done = 0;
    while (done < n) {
        int sent = sendmmsg(p->fd, p->out.header + done, (unsigned)(n - done), MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            p->wants_write = true;
            listen_for(p);
            break;
        }
        if (sent < 0) {
            refused(p, done++);
            continue;
        }
        for (size_t i = done; i < done + (size_t)sent; i++)
            p->counts.frames_out++, p->counts.bytes_out += v[i].len;
        done += (size_t)sent;
    }
    return done;
}

/* ── opening and closing ───────────────────────────────────────────────────────────────────── */

static const char *udp_check(const char *url, bool is_local) {
    return ol_ip_check("udp", url, is_local);
}

static void udp_resolve(ol_port *p, const char *url, unsigned turn, ol_resolved_fn *fn, void *ctx) {
    ol_ip_resolve(&p->lookups, "udp", url, turn, fn, ctx);
}

static void release(void *ctx) {
    ol_port *p = ctx;
    if (p->is_closing && p->lookups.out == 0 && p->fd < 0)
        free(p);
}

static int set(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof value);
}

static const char *set_options(int fd, bool is_v4) {
    if (!is_v4 && (set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) != 0 ||
                   set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE) != 0 ||
                   set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) != 0))
        return "cannot set the socket's IPv6 options";
    if (set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE) != 0 ||
        (is_v4 && set(fd, IPPROTO_IP, IP_PKTINFO, 1) != 0))
        return "cannot set the socket's options";
    /* as much as the system gives: FORCE needs a privilege, the other is cut at a limit */
    if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, QUEUE_BYTES) != 0)
        (void)set(fd, SOL_SOCKET, SO_RCVBUF, QUEUE_BYTES);
    if (set(fd, SOL_SOCKET, SO_SNDBUFFORCE, QUEUE_BYTES) != 0)
        (void)set(fd, SOL_SOCKET, SO_SNDBUF, QUEUE_BYTES);
    return NULL;
}

static ol_err udp_open(uv_loop_t *loop, const char *url, const ol_port_user *user, ol_port **ret,
                       ol_port_fault *ret_fault) {
    ol_ip_target t;
    const char *why = ol_ip_parse("udp", url, true, &t);
    if (why != NULL) {
        *ret_fault = (ol_port_fault){ why, 0 };
        return OL_EFORM;
    }
    ol_port *p = calloc(1, sizeof *p);
    *ret_fault = (ol_port_fault){ "out of memory", 0 };
    if (p == NULL)
        return OL_ENOMEM;
    p->user = *user;
    p->fd = ol_ip_bind(&t, SOCK_DGRAM, set_options, &p->is_v4, ret_fault);
    if (p->fd < 0) {
        free(p);
        return OL_EIO;
    }
    int r = uv_poll_init(loop, &p->poll, p->fd);
    if (r != 0) {
        *ret_fault = (ol_port_fault){ "the loop does not take the socket", -r };
        (void)close(p->fd);
        free(p);
        return OL_EIO;
    }
    p->poll.data = p;
    p->lookups = (ol_ip_lookups){
        .loop = loop, .is_v4 = p->is_v4, .socket_type = SOCK_DGRAM, .done = release, .ctx = p
    };
    listen_for(p);
    *ret = p;
    return OL_OK;
}

static void udp_local(const ol_port *p, ol_addr *ret) {
    ol_ip_local(p->fd, ret);
}

static const ol_port_counts *udp_counts(const ol_port *p) {
    return &p->counts;
}

static void on_close(uv_handle_t *handle) {
    ol_port *p = handle->data;
    (void)close(p->fd);
    p->fd = -1;
    release(p);
}

static void udp_close(ol_port *p) {
    if (p == NULL || p->is_closing)
        return;
    p->is_closing = p->lookups.is_closing = true;
    uv_close((uv_handle_t *)&p->poll, on_close);
}

const ol_bearer ol_bearer_udp = {
    .scheme = "udp",
    .form = "udp://<host>:<port>",
    .example = "udp://[::]:4477",
    .is_ip = true,
    .frame_max = FRAME_MAX,
    .check = udp_check,
    .open = udp_open,
    .send = udp_send,
    .resolve = udp_resolve,
    .nearness = ol_ip_nearness,
    .address_text = ol_ip_address_text,
    .local = udp_local,
    .counts = udp_counts,
    .close = udp_close,
};
