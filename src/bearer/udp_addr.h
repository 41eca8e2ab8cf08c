/* bearer/udp_addr.h — addresses and urls of bearer/udp.c.
 * url      udp://<host>:<port>; host: an IPv4 address, an IPv6 address in brackets (a link-local
 *          one with %<interface>), or for a peer a DNS name. A port of [::] takes both families.
 * Address  an ol_addr holds 16 bytes IPv6 (IPv4 mapped) ‖ u16 port ‖ u32 interface of a link-local
 *          address ‖ 16 bytes: which of our own addresses the peer spoke to, so that answers leave
 *          from it; zero: the system chooses.
 * Errors   parse and check: a static phrase, NULL when all is well. */
#ifndef OL_BEARER_UDP_ADDR_H
#define OL_BEARER_UDP_ADDR_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "bearer/bearer.h"

enum { OL_UDP_HOST_MAX = 255, OL_UDP_ADDR_LEN = 16 + 2 + 4 + 16 };
_Static_assert((int)OL_UDP_ADDR_LEN <= (int)OL_ADDR_MAX, "an address must fit");

typedef struct {
    struct in6_addr peer, local;
    uint16_t port;
    uint32_t scope;
} ol_udp_addr;

typedef struct {
    char host[OL_UDP_HOST_MAX + 1];
    bool is_bracketed;
    uint16_t port;
} ol_udp_target;

void ol_udp_addr_put(const ol_udp_addr *a, ol_addr *ret);
ol_udp_addr ol_udp_addr_get(const ol_addr *addr); /* made by ol_udp_addr_put: asserted */
struct in6_addr ol_udp_mapped(const struct in_addr *v4);
struct in_addr ol_udp_unmapped(const struct in6_addr *a);
bool ol_udp_from_sockaddr(const struct sockaddr *sa, ol_udp_addr *ret); /* false: another family */
socklen_t ol_udp_to_sockaddr(const ol_udp_addr *a, bool is_v4, struct sockaddr_storage *to);

const char *ol_udp_parse(const char *url, bool is_local, ol_udp_target *ret);
bool ol_udp_numeric(const ol_udp_target *t, ol_udp_addr *ret); /* false: needs a look-up */
const char *ol_udp_check(const char *url, bool is_local);
int ol_udp_nearness(const ol_addr *a, const ol_addr *b);
void ol_udp_address_text(const ol_addr *addr, char to[OL_ADDR_TEXT_MAX]);

#endif
