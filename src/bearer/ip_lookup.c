#include "bearer/ip_lookup.h"

#include <netdb.h>
#include <stdlib.h>

typedef struct {
    uv_getaddrinfo_t req;
    ol_ip_lookups *all;
    uint16_t number;
    unsigned turn;
    ol_resolved_fn *fn;
    void *ctx;
} lookup;

static bool fits(const ol_ip_lookups *all, const struct addrinfo *ai, ol_ip_addr *ret) {
    return ol_ip_from_sockaddr(ai->ai_addr, ret) &&
           (!all->is_v4 || IN6_IS_ADDR_V4MAPPED(&ret->peer));
}

static void on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *res) {
    lookup *l = req->data;
    ol_ip_lookups *all = l->all;
    ol_err err = all->is_closing ? OL_ESTATE : OL_ENOENT;
    ol_ip_addr a;
    unsigned n = 0, i = 0;
    ol_addr addr = { 0 };
    for (const struct addrinfo *ai = res; status == 0 && ai != NULL; ai = ai->ai_next)
        n += fits(all, ai, &a);
    for (const struct addrinfo *ai = res; !all->is_closing && n > 0 && ai != NULL;
         ai = ai->ai_next) {
        if (!fits(all, ai, &a) || i++ != l->turn % n)
            continue;
        a.port = l->number;
        ol_ip_put(&a, &addr);
        err = OL_OK;
    }
    l->fn(l->ctx, err, err == OL_OK ? &addr : NULL);
    uv_freeaddrinfo(res);
    free(l);
    all->out--;
    all->done(all->ctx);
}

void ol_ip_resolve(ol_ip_lookups *all, const char *scheme, const char *url, unsigned turn,
                   ol_resolved_fn *fn, void *ctx) {
    ol_ip_target t;
    ol_ip_addr a;
    ol_addr addr;
    if (all->is_closing || ol_ip_parse(scheme, url, false, &t) != NULL) {
        fn(ctx, all->is_closing ? OL_ESTATE : OL_EFORM, NULL);
        return;
    }
    if (ol_ip_numeric(&t, &a)) {
        bool is_reachable = !all->is_v4 || IN6_IS_ADDR_V4MAPPED(&a.peer);
        ol_ip_put(&a, &addr);
        fn(ctx, is_reachable ? OL_OK : OL_ENOENT, is_reachable ? &addr : NULL);
        return;
    }
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = all->socket_type,
                              .ai_flags = AI_ADDRCONFIG };
    lookup *l = calloc(1, sizeof *l);
    if (l != NULL) {
        *l = (lookup){ .all = all, .number = t.port, .turn = turn, .fn = fn, .ctx = ctx };
        l->req.data = l;
        if (uv_getaddrinfo(all->loop, &l->req, on_lookup, t.host, NULL, &hints) == 0) {
            all->out++;
            return;
        }
    }
    free(l);
    fn(ctx, OL_ENOMEM, NULL);
}
