#include "station/net.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "station/log.h"
#include "station/pieces.h"
#include "station/tokens.h"
#include "station/way.h"

typedef struct {
    ol_net *net;
    const ol_bearer *bearer;
    ol_port *port;
    const char *name;
    uint8_t number;
    bool is_thin;      /* its frames are smaller than packets */
    ol_pieces *pieces; /* then; NULL until the start */
    bool is_blocked;   /* the system took no more: wait for `writable` */
    size_t queued, sent;
    ol_port_frame queue[OL_PORT_BATCH];
    uint8_t bytes[OL_PORT_BATCH][OL_FRAME_MAX];
} port;

typedef struct {
    ol_net *net;
    ol_net_path p;
    ol_addr now, home, moved; /* where frames go; what the url says; where the peer spoke from */
    unsigned turn;
    bool is_looking, is_refused; /* refused: its user could not take it up */
    uint64_t heard_ms;           /* its peer, when this path was last told so */
} path;

struct ol_net {
    uv_loop_t *loop;
    const ol_switch *sw;
    ol_net_user user;
    ol_mem *mem;
    size_t ports, paths, cap;
    port *port[OL_NET_PORTS_MAX];
    path **path;
    uv_timer_t tend;
    bool is_started, is_stopped;
    bool has_connections; /* some port makes them */
    uint64_t strangers;
    ol_tokens tokens;
};

static bool is_same(const ol_addr *a, const ol_addr *b) {
    return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

/* ---- in ---- */

/* How near a path is known to be to an address: where it is now, was, or ought to be. */
static int nearness(const path *p, const ol_bearer *bearer, const ol_addr *addr) {
    int now = bearer->nearness(&p->now, addr), home = bearer->nearness(&p->home, addr);
    int moved = bearer->nearness(&p->moved, addr);
    now = now > home ? now : home;
    return now > moved ? now : moved;
}

/* Which of the peer's paths by this port an address belongs to, if that is plain. */
static void place(ol_net *n, const port *pt, const ol_addr *addr, ol_event *ev) {
    const ol_switch_hit *hit = &ev->frame.hit;
    size_t found = 0, equal = 0;
    int nearest = 0;
    const path *at = NULL;
    for (size_t i = 0; i < n->paths; i++) {
        const path *p = n->path[i];
        if (p->p.line != hit->line || p->p.id / OL_PATHS_PER_PEER != hit->party ||
            p->p.port != pt->number)
            continue;
        int near = hit->kind == OL_TAG_HINT ? nearness(p, pt->bearer, addr) : 0;
        if (at == NULL || near > nearest)
            at = p, nearest = near, equal = 0;
        equal += near == nearest, found++;
    }
    if (at != NULL && equal == 1 && (nearest > 0 || found == 1))
        ev->frame.known = (uint8_t)(1 + at->p.id % OL_PATHS_PER_PEER);
    if (found != 1 || !is_same(&at->now, addr))
        ev->frame.from = ol_tokens_take(&n->tokens, pt->number, addr);
}

/* A peer that was heard by one path may be reached by the others too. */
static void wake(ol_net *n, const ol_switch_hit *hit) {
    uint64_t heard = n->user.heard_ms(n->user.ctx, hit->line, hit->party);
    for (size_t i = 0; i < n->paths; i++) {
        path *p = n->path[i];
        const port *pt = n->port[p->p.port];
        if (p->p.line != hit->line || p->p.id / OL_PATHS_PER_PEER != hit->party ||
            pt->bearer->wake == NULL || p->heard_ms == heard)
            continue;
        p->heard_ms = heard;
        pt->bearer->wake(pt->port, &p->home);
    }
}

static void take(port *pt, const ol_addr *addr, const uint8_t *p, size_t len) {
    ol_net *n = pt->net;
    ol_event ev = { .kind = EV_FRAME };
    ev.frame.port = pt->number;
    ev.frame.frame = (ol_bytes){ p, len };
    if (ol_switch_find(n->sw, p, len, &ev.frame.hit) != OL_OK) {
        n->strangers++;
        return;
    }
    place(n, pt, addr, &ev);
    const ol_switch_hit hit = ev.frame.hit;
    uint64_t before = n->user.heard_ms(n->user.ctx, hit.line, hit.party);
    n->user.frame(n->user.ctx, hit.line, &ev);
    if (pt->is_thin && n->user.heard_ms(n->user.ctx, hit.line, hit.party) != before)
        ol_pieces_heard(pt->pieces);
    if (n->has_connections)
        wake(n, &hit);
}

static void on_packet(void *ctx, const ol_addr *addr, const uint8_t *p, size_t len) {
    port *pt = ctx;
    if (!pt->net->is_stopped)
        take(pt, addr, p, len);
}

static void on_frames(void *ctx, const ol_port_frame *v, size_t count) {
    port *pt = ctx;
    for (size_t i = 0; i < count && !pt->net->is_stopped; i++) {
        if (!pt->is_thin)
            take(pt, &v[i].addr, v[i].p, v[i].len);
        else if (pt->pieces != NULL)
            ol_pieces_frame(pt->pieces, &v[i]);
    }
}

static void on_writable(void *ctx) {
    port *pt = ctx;
    pt->is_blocked = false; /* whoever sends looks again after each turn of the loop */
}

static void on_lost(void *ctx, const ol_addr *addr) {
    const port *pt = ctx;
    ol_net *n = pt->net;
    for (size_t i = 0; i < n->paths; i++) {
        path *p = n->path[i];
        if (p->p.port != pt->number)
            continue;
        bool is_now = is_same(&p->now, addr);
        if (is_same(&p->moved, addr))
            p->moved = (ol_addr){ 0 };
        if (is_now)
            p->now = p->home;
        if (is_now && !n->is_stopped)
            n->user.path_lost(n->user.ctx, p->p.line, p->p.id);
    }
}

static void on_said(void *ctx, const char *text) {
    port *pt = ctx;
    OL_LOG(OL_WARN, "port.said", "port=%s text=\"%s\"", pt->name, text);
}

/* ---- out ---- */

static void flush(port *pt) {
    if (pt->pieces != NULL)
        ol_pieces_flush(pt->pieces);
    if (pt->queued == 0 || pt->is_blocked)
        return;
    pt->sent += pt->bearer->send(pt->port, pt->queue + pt->sent, pt->queued - pt->sent);
    pt->is_blocked = pt->sent < pt->queued;
    if (!pt->is_blocked)
        pt->sent = pt->queued = 0;
}

/* false: the address is not known any more. */
static bool target(const ol_net *n, const path *p, uint32_t to, ol_addr *ret) {
    uint8_t by = p->p.port;
    *ret = p->now;
    bool is_known = to == 0 || ol_tokens_find(&n->tokens, to, &by, ret);
    return is_known && by == p->p.port && ret->len > 0;
}

uint8_t *ol_net_room(ol_net *n, size_t i, uint32_t to, int class) {
    const path *p = n->path[i];
    port *pt = n->port[p->p.port];
    ol_addr addr;
    if (pt->is_thin)
        return pt->pieces != NULL && class <= ol_pieces_room(pt->pieces) ? pt->bytes[0] : NULL;
    if (pt->queued == OL_PORT_BATCH)
        flush(pt);
    bool has_target = target(n, p, to, &addr);
    if (pt->bearer->has_room != NULL && to == 0 &&
        (!has_target || !pt->bearer->has_room(pt->port, &addr)))
        return NULL; /* an answer goes where it can, or is lost */
    return pt->is_blocked || pt->queued == OL_PORT_BATCH ? NULL : pt->bytes[pt->queued];
}

void ol_net_put(ol_net *n, size_t i, size_t len, uint32_t to, int class) {
    const path *p = n->path[i];
    port *pt = n->port[p->p.port];
    ol_addr addr;
    OL_ASSERT(pt->queued < OL_PORT_BATCH && len <= OL_FRAME_MAX);
    if (!target(n, p, to, &addr))
        return; /* lost, as on any network */
    if (pt->is_thin) {
        ol_pieces_put(pt->pieces, class, pt->bytes[0], len);
        return;
    }
    pt->queue[pt->queued] = (ol_port_frame){ addr, pt->bytes[pt->queued], len };
    pt->queued++;
    if (pt->bearer->has_room != NULL)
        flush(pt);
}

void ol_net_flush(ol_net *n) {
    for (size_t i = 0; i < n->ports; i++)
        flush(n->port[i]);
}

/* ---- paths and their addresses ---- */

static path *find(const ol_net *n, uint16_t line, ol_path_id id) {
    for (size_t i = 0; i < n->paths; i++)
        if (n->path[i]->p.line == line && n->path[i]->p.id == id)
            return n->path[i];
    return NULL;
}

void ol_net_move(ol_net *n, uint16_t line, ol_path_id id, uint32_t from) {
    path *p = find(n, line, id);
    uint8_t by;
    ol_addr addr;
    if (p == NULL || !ol_tokens_find(&n->tokens, from, &by, &addr) || by != p->p.port)
        return;
    p->now = p->moved = addr;
    const port *pt = n->port[by];
    if (pt->bearer->proven != NULL)
        pt->bearer->proven(pt->port, &addr);
}

static void tell_up(path *p) {
    const port *pt = p->net->port[p->p.port];
    const ol_bearer *b = pt->bearer;
    ol_event up = { .kind = EV_PATH_UP };
    up.path.path = p->p.id;
    up.path.port = p->p.port;
    up.path.has_address = p->now.len > 0;
    up.path.is_ip = b->is_ip;
    up.path.is_stream = b->has_room != NULL && !pt->is_thin;
    up.path.frame_max = b->frame_max;
    up.path.way = ol_way_of(b->scheme, p->p.id % OL_PATHS_PER_PEER);
    if (pt->is_thin && pt->pieces == NULL)
        return; /* no memory for it: the log has it */
    if (pt->is_thin)
        ol_pieces_path(pt->pieces, &up);
    p->is_refused = !p->net->user.path_up(p->net->user.ctx, p->p.line, &up);
}

static void on_resolved(void *ctx, ol_err err, const ol_addr *addr) {
    path *p = ctx;
    p->is_looking = false;
    if (err != OL_OK || p->net->is_stopped)
        return;
    bool was_known = p->now.len > 0;
    p->home = *addr;
    if (was_known && p->net->user.is_live(p->net->user.ctx, p->p.line, p->p.id))
        return;
    bool is_turn = p->moved.len == 0 || is_same(&p->now, &p->moved);
    p->now = is_turn ? p->home : p->moved;
    if (!was_known && p->net->is_started)
        tell_up(p);
}

static void look_up(path *p) {
    const port *pt = p->net->port[p->p.port];
    if (p->p.url == NULL || p->is_looking)
        return;
    p->is_looking = true;
    pt->bearer->resolve(pt->port, p->p.url, p->turn++, on_resolved, p);
}

static void on_tend(uv_timer_t *timer) {
    ol_net *n = timer->data;
    for (size_t i = 0; i < n->paths; i++)
        if (n->path[i]->is_refused)
            tell_up(n->path[i]);
    for (size_t i = 0; i < n->paths; i++)
        if (!n->user.is_live(n->user.ctx, n->path[i]->p.line, n->path[i]->p.id))
            look_up(n->path[i]);
}

/* ---- building up and taking down ---- */

ol_err ol_net_new(uv_loop_t *loop, ol_mem *mem, const ol_switch *sw, const ol_net_user *user,
                  ol_net **ret) {
    ol_net *n = calloc(1, sizeof *n);
    if (n == NULL)
        return OL_ENOMEM;
    n->loop = loop, n->mem = mem, n->sw = sw, n->user = *user;
    ol_tokens_init(&n->tokens);
    int r = uv_timer_init(loop, &n->tend);
    OL_ASSERT(r == 0); /* cannot fail */
    n->tend.data = n;
    *ret = n;
    return OL_OK;
}

ol_err ol_net_add_port(ol_net *n, const char *name, const char *url, ol_why *why) {
    const ol_bearer *bearer = ol_bearer_find(url);
    ol_port_fault fault = { "unknown scheme", 0 };
    if (n->ports == OL_NET_PORTS_MAX)
        return ol_why_set(why, OL_ELIMIT, "there may be %d ports; take one out of the config",
                          OL_NET_PORTS_MAX);
    if (bearer == NULL)
        return ol_why_set(why, OL_EFORM, "port %s, %s: %s; correct the config", name, url,
                          fault.why);
    port *pt = calloc(1, sizeof *pt);
    if (pt == NULL)
        return ol_why_set(why, OL_ENOMEM, "out of memory");
    *pt = (port){ .net = n, .bearer = bearer, .name = name, .number = (uint8_t)n->ports };
    pt->is_thin = bearer->link != NULL;
    ol_port_user user = { on_frames, on_writable, on_lost, pt, on_said };
    ol_err err = bearer->open(n->loop, url, &user, &pt->port, &fault);
    if (err != OL_OK) {
        free(pt);
        const char *system = fault.sys == 0 ? "" : strerror(fault.sys);
        return ol_why_set(
            why, err, "port %s, %s: %s%s%s%s; put another url into the config, or free this one",
            name, url, fault.why, fault.sys == 0 ? "" : " (", system, fault.sys == 0 ? "" : ")");
    }
    n->port[n->ports++] = pt;
    n->has_connections = n->has_connections || bearer->wake != NULL;
    return OL_OK;
}

ol_err ol_net_add_path(ol_net *n, const ol_net_path *add) {
    OL_ASSERT(add->port < n->ports && find(n, add->line, add->id) == NULL);
    if (n->paths == n->cap) {
        size_t cap = n->cap == 0 ? 8 : 2 * n->cap;
        path **more = realloc(n->path, cap * sizeof(path *));
        if (more == NULL)
            return OL_ENOMEM;
        n->path = more, n->cap = cap;
    }
    path *p = calloc(1, sizeof *p);
    if (p == NULL)
        return OL_ENOMEM;
    p->net = n, p->p = *add;
    n->path[n->paths++] = p;
    return OL_OK;
}

/* Of the paths by a port, the one that says which of the two ends this is: the first that is
 * configured, else the first. */
static bool is_first_end(const ol_net *n, uint8_t port_number) {
    const path *found = NULL;
    for (size_t i = 0; i < n->paths; i++) {
        const path *p = n->path[i];
        bool is_by = p->p.port == port_number;
        if (is_by && (found == NULL || (found->p.url == NULL && p->p.url != NULL)))
            found = p;
    }
    return found != NULL && found->p.is_first;
}

static void start_pieces(port *pt) {
    ol_net *n = pt->net;
    ol_pieces_opts opts = { .loop = n->loop,
                            .mem = n->mem,
                            .bearer = pt->bearer,
                            .port = pt->port,
                            .is_first = is_first_end(n, pt->number),
                            .packet = on_packet,
                            .ctx = pt };
    randombytes_buf(&opts.seed, sizeof opts.seed);
    if (pt->is_thin && ol_pieces_new(&opts, &pt->pieces) != OL_OK)
        OL_LOG(OL_ERROR, "port.failed", "port=%s why=\"out of memory\"", pt->name);
}

void ol_net_start(ol_net *n) {
    for (size_t i = 0; i < n->ports; i++)
        start_pieces(n->port[i]);
    for (size_t i = 0; i < n->paths; i++)
        look_up(n->path[i]); /* those that need no look-up have their address at once */
    n->is_started = true;
    for (size_t i = 0; i < n->paths; i++)
        tell_up(n->path[i]);
    int r = uv_timer_start(&n->tend, on_tend, OL_NET_TEND_MS, OL_NET_TEND_MS);
    OL_ASSERT(r == 0);
}

void ol_net_stop(ol_net *n) {
    if (n == NULL || n->is_stopped)
        return;
    n->is_stopped = true;
    uv_close((uv_handle_t *)&n->tend, NULL);
    for (size_t i = 0; i < n->ports; i++) {
        ol_pieces_close(n->port[i]->pieces);
        n->port[i]->bearer->close(n->port[i]->port);
    }
}

void ol_net_free(ol_net *n) {
    if (n == NULL)
        return;
    for (size_t i = 0; i < n->ports; i++) {
        ol_pieces_free(n->port[i]->pieces);
        free(n->port[i]);
    }
    for (size_t i = 0; i < n->paths; i++)
        free(n->path[i]);
    free(n->path);
    free(n);
}

/* ---- what others ask ---- */

size_t ol_net_ports(const ol_net *n) {
    return n->ports;
}

size_t ol_net_paths(const ol_net *n) {
    return n->paths;
}

const ol_net_path *ol_net_path_at(const ol_net *n, size_t i) {
    return &n->path[i]->p;
}

bool ol_net_is_port_used(const ol_net *n, uint16_t line, uint8_t party, uint8_t number) {
    for (size_t i = 0; i < n->paths; i++) {
        const ol_net_path *p = &n->path[i]->p;
        if (p->line == line && p->id / OL_PATHS_PER_PEER == party && p->port == number)
            return true;
    }
    return false;
}

bool ol_net_path_status(const ol_net *n, uint16_t line, ol_path_id id, ol_net_status *ret) {
    const path *p = find(n, line, id);
    if (p == NULL)
        return false;
    const port *pt = n->port[p->p.port];
    ret->url = p->p.url, ret->port = pt->name;
    pt->bearer->address_text(&p->now, ret->address);
    return true;
}

uint64_t ol_net_strangers(const ol_net *n) {
    return n->strangers;
}

void ol_net_counts(const ol_net *n, ol_port_counts *ret) {
    *ret = (ol_port_counts){ 0 };
    for (size_t i = 0; i < n->ports; i++) {
        const ol_port_counts *c = n->port[i]->bearer->counts(n->port[i]->port);
        ret->frames_in += c->frames_in, ret->frames_out += c->frames_out;
        ret->bytes_in += c->bytes_in, ret->bytes_out += c->bytes_out;
        ret->dropped_in += c->dropped_in, ret->dropped_out += c->dropped_out;
    }
}

const char *ol_net_trouble(const ol_net *n, size_t i) {
    const port *pt = n->port[i];
    return pt->bearer->trouble != NULL ? pt->bearer->trouble(pt->port) : NULL;
}

void ol_net_local(const ol_net *n, size_t i, char to[OL_ADDR_TEXT_MAX]) {
    ol_addr addr;
    n->port[i]->bearer->local(n->port[i]->port, &addr);
    n->port[i]->bearer->address_text(&addr, to);
}
