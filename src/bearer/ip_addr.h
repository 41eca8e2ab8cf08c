/* bearer/ip_addr.h — addresses and urls of the bearers over IP.
 * url      <scheme>://<host>:<port>; host: an IPv4 address, an IPv6 address in brackets (a
 *          link-local one with %<interface>), or for a peer a DNS name. A port of [::] takes both
 *          families.
 * Address  an ol_addr holds 16 bytes IPv6 (IPv4 mapped) ‖ u16 port ‖ u32 interface of a link-local
 *          address ‖ 16 bytes, our end: for UDP which of our own addresses the peer spoke to, so
 *          that answers leave from it (zero: the system chooses); for TCP the number of the
 *          connection that the peer made (zero: one that we make).
 * Errors   parse and check: a static phrase, NULL when all is well. */
#ifndef OL_BEARER_IP_ADDR_H
#define OL_BEARER_IP_ADDR_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "bearer/bearer.h"

enum { OL_IP_HOST_MAX = 255, OL_IP_ADDR_LEN = 16 + 2 + 4 + 16 };
_Static_assert((int)OL_IP_ADDR_LEN <= (int)OL_ADDR_MAX, "an address must fit");

typedef struct {
    struct in6_addr peer, local;
    uint16_t port;
    uint32_t scope;
} ol_ip_addr;

typedef struct {
    char host[OL_IP_HOST_MAX + 1];
    bool is_bracketed;
    uint16_t port;
} ol_ip_target;

void ol_ip_put(const ol_ip_addr *a, ol_addr *ret);
ol_ip_addr ol_ip_get(const ol_addr *addr); /* made by ol_ip_put: asserted */
struct in6_addr ol_ip_mapped(const struct in_addr *v4);
struct in_addr ol_ip_unmapped(const struct in6_addr *a);
bool ol_ip_from_sockaddr(const struct sockaddr *sa, ol_ip_addr *ret); /* false: another family */
socklen_t ol_ip_to_sockaddr(const ol_ip_addr *a, bool is_v4, struct sockaddr_storage *to);

const char *ol_ip_parse(const char *scheme, const char *url, bool is_local, ol_ip_target *ret);
bool ol_ip_numeric(const ol_ip_target *t, ol_ip_addr *ret); /* false: needs a look-up */
const char *ol_ip_check(const char *scheme, const char *url, bool is_local);
int ol_ip_nearness(const ol_addr *a, const ol_addr *b);
void ol_ip_local(int fd, ol_addr *ret); /* where the socket is bound; len 0: not known */
void ol_ip_address_text(const ol_addr *addr, char to[OL_ADDR_TEXT_MAX]);

/* A socket of this type bound to a port's address, its options set before; -1: *ret says why.
 * set: NULL or what went wrong, with errno. *ret_v4: this host has no IPv6. */
typedef const char *ol_ip_set_fn(int fd, bool is_v4);
int ol_ip_bind(const ol_ip_target *t, int type, ol_ip_set_fn *set, bool *ret_v4,
               ol_port_fault *ret);

#endif
