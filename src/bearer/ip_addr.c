#include "bearer/ip_addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"

void ol_ip_put(const ol_ip_addr *a, ol_addr *ret) {
    *ret = (ol_addr){ .len = OL_IP_ADDR_LEN };
    ol_wr w = ol_wr_of(ret->b, sizeof ret->b);
    ol_wr_put(&w, &a->peer, 16);
    ol_wr_be(&w, a->port, 2);
    ol_wr_be(&w, a->scope, 4);
    ol_wr_put(&w, &a->local, 16);
    OL_ASSERT(w.err == OL_OK && w.len == OL_IP_ADDR_LEN);
}

ol_ip_addr ol_ip_get(const ol_addr *addr) {
    ol_ip_addr a = { 0 };
    OL_ASSERT(addr->len == OL_IP_ADDR_LEN); /* made by addr_put */
    ol_rd r = ol_rd_of(addr->b, addr->len);
    ol_rd_copy(&r, (uint8_t *)&a.peer, 16);
    a.port = (uint16_t)ol_rd_be(&r, 2);
    a.scope = (uint32_t)ol_rd_be(&r, 4);
    ol_rd_copy(&r, (uint8_t *)&a.local, 16);
    OL_ASSERT(ol_rd_end(&r) == OL_OK);
    return a;
}

struct in6_addr ol_ip_mapped(const struct in_addr *v4) {
    struct in6_addr a = { .s6_addr = { [10] = 0xFF, [11] = 0xFF } };
    memcpy(a.s6_addr + 12, v4, 4);
    return a;
}

struct in_addr ol_ip_unmapped(const struct in6_addr *a) {
    struct in_addr v4;
    memcpy(&v4, a->s6_addr + 12, 4);
    return v4;
}

bool ol_ip_from_sockaddr(const struct sockaddr *sa, ol_ip_addr *ret) {
    ol_ip_addr a = { 0 };
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        a.peer = ol_ip_mapped(&in.sin_addr);
        a.port = ntohs(in.sin_port);
    } else if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        a.peer = in6.sin6_addr;
        a.port = ntohs(in6.sin6_port);
        a.scope = IN6_IS_ADDR_LINKLOCAL(&a.peer) ? in6.sin6_scope_id : 0;
    } else {
        return false;
    }
    *ret = a;
    return true;
}

socklen_t ol_ip_to_sockaddr(const ol_ip_addr *a, bool is_v4, struct sockaddr_storage *to) {
    if (is_v4) {
        struct sockaddr_in in = { .sin_family = AF_INET,
                                  .sin_port = htons(a->port),
                                  .sin_addr = ol_ip_unmapped(&a->peer) };
        memcpy(to, &in, sizeof in);
        return sizeof in;
    }
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
                                .sin6_port = htons(a->port),
                                .sin6_addr = a->peer,
                                .sin6_scope_id = a->scope };
    memcpy(to, &in6, sizeof in6);
    return sizeof in6;
}

const char *ol_ip_parse(const char *scheme, const char *url, bool is_local, ol_ip_target *ret) {
    ol_ip_target t = { 0 };
    size_t n = strlen(scheme);
    if (strncmp(url, scheme, n) != 0 || strncmp(url + n, "://", 3) != 0)
        return "the scheme must be followed by ://";
    const char *host = url + n + 3, *end = NULL, *port = NULL;
    t.is_bracketed = host[0] == '[';
    if (t.is_bracketed) {
        host++;
        end = strchr(host, ']');
        port = end != NULL && end[1] == ':' ? end + 2 : NULL;
    } else {
        end = strrchr(host, ':');
        port = end != NULL ? end + 1 : NULL;
        if (end != NULL && memchr(host, ':', (size_t)(end - host)) != NULL)
            return "an IPv6 address stands in brackets: [2001:db8::1]:4477";
    }
    if (end == NULL || port == NULL)
        return "it must end in a port: host:4477";
    size_t len = (size_t)(end - host);
    uint64_t number = 0;
    if (len == 0 || len > OL_IP_HOST_MAX)
        return "the host is missing or too long";
    if (ol_u64_get(port, strlen(port), is_local ? 0 : 1, 65535, &number) != OL_OK)
        return "the port must be a number up to 65535";
    memcpy(t.host, host, len);
    t.port = (uint16_t)number;
    *ret = t;
    return NULL;
}

/* An address that needs no look-up. */
bool ol_ip_numeric(const ol_ip_target *t, ol_ip_addr *ret) {
    ol_ip_addr a = { .port = t->port };
    struct in_addr v4;
    char host[OL_IP_HOST_MAX + 1];
    if (!t->is_bracketed) {
        if (inet_pton(AF_INET, t->host, &v4) != 1)
            return false;
        a.peer = ol_ip_mapped(&v4);
        *ret = a;
        return true;
    }
    memcpy(host, t->host, sizeof host);
    char *zone = strchr(host, '%');
    if (zone != NULL) {
        *zone = '\0';
        a.scope = if_nametoindex(zone + 1);
    }
    if (inet_pton(AF_INET6, host, &a.peer) != 1 || (zone != NULL && a.scope == 0))
        return false;
    *ret = a;
    return true;
}

static bool is_dns_name(const char *s) {
    for (; *s != '\0'; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
              *s == '-' || *s == '.' || *s == '_'))
            return false;
    return true;
}

const char *ol_ip_check(const char *scheme, const char *url, bool is_local) {
    ol_ip_target t;
    ol_ip_addr a;
    const char *why = ol_ip_parse(scheme, url, is_local, &t);
    if (why != NULL || ol_ip_numeric(&t, &a))
        return why;
    if (t.is_bracketed)
        return "in brackets there must be an IPv6 address, and after % an interface of this host";
    if (is_local)
        return "the host of a port must be an address of this host: [::] for all, 0.0.0.0 for "
               "IPv4 alone";
    return is_dns_name(t.host) ? NULL : "the host is neither an address nor a DNS name";
}

int ol_ip_nearness(const ol_addr *a, const ol_addr *b) {
    if (a->len == 0 || b->len == 0)
        return 0;
    ol_ip_addr x = ol_ip_get(a), y = ol_ip_get(b);
    if (memcmp(&x.peer, &y.peer, sizeof x.peer) != 0 || x.scope != y.scope)
        return 0;
    return x.port == y.port ? 2 : 1;
}

void ol_ip_local(int fd, ol_addr *ret) {
    struct sockaddr_storage name = { 0 };
    socklen_t len = sizeof name;
    ol_ip_addr a;
    *ret = (ol_addr){ 0 };
    if (getsockname(fd, (struct sockaddr *)&name, &len) == 0 &&
        ol_ip_from_sockaddr((const struct sockaddr *)&name, &a))
        ol_ip_put(&a, ret);
}

void ol_ip_address_text(const ol_addr *addr, char to[OL_ADDR_TEXT_MAX]) {
    char host[INET6_ADDRSTRLEN] = "?";
    to[0] = '\0';
    if (addr->len == 0)
        return;
    ol_ip_addr a = ol_ip_get(addr);
    if (IN6_IS_ADDR_V4MAPPED(&a.peer)) {
        (void)inet_ntop(AF_INET, a.peer.s6_addr + 12, host, sizeof host);
        (void)snprintf(to, OL_ADDR_TEXT_MAX, "%s:%u", host, (unsigned)a.port);
        return;
    }
    (void)inet_ntop(AF_INET6, &a.peer, host, sizeof host);
    if (a.scope != 0)
        (void)snprintf(to, OL_ADDR_TEXT_MAX, "[%s%%%u]:%u", host, (unsigned)a.scope,
                       (unsigned)a.port);
    else
        (void)snprintf(to, OL_ADDR_TEXT_MAX, "[%s]:%u", host, (unsigned)a.port);
}

int ol_ip_bind(const ol_ip_target *t, int type, ol_ip_set_fn *set, bool *ret_v4,
               ol_port_fault *ret) {
    ol_ip_addr a = { 0 };
    struct sockaddr_storage name;
    *ret = (ol_port_fault){ "the host of a port must be an address of this host", 0 };
    if (!ol_ip_numeric(t, &a))
        return -1;
    type |= SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = socket(AF_INET6, type, 0);
    bool is_any = IN6_IS_ADDR_UNSPECIFIED(&a.peer);
    *ret_v4 = fd < 0 && errno == EAFNOSUPPORT && (is_any || IN6_IS_ADDR_V4MAPPED(&a.peer));
    if (*ret_v4)
        fd = socket(AF_INET, type, 0);
    *ret = (ol_port_fault){ "cannot make a socket", errno };
    if (fd < 0)
        return -1;
    const char *why = set(fd, *ret_v4);
    *ret = (ol_port_fault){ why, errno };
    if (why == NULL) {
        socklen_t len = ol_ip_to_sockaddr(&a, *ret_v4, &name);
        if (bind(fd, (struct sockaddr *)&name, len) == 0)
            return fd;
        why = "cannot bind to this address";
        if (errno == EADDRINUSE)
            why = "another program has this port";
        else if (errno == EADDRNOTAVAIL)
            why = "this host does not have that address";
        else if (errno == EACCES)
            why = "ports below 1024 are for root";
        *ret = (ol_port_fault){ why, errno };
    }
    (void)close(fd);
    return -1;
}
