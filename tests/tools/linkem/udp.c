/* Links of UDP. Packets wait in a heap until they are due. */
#include "linkem.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t due_us, order;
    uv_udp_t *out; /* the socket it leaves from */
    struct sockaddr_storage to;
    way *way;
    size_t len;
    uint8_t *bytes;
} packet;

typedef struct {
    uv_udp_t socket; /* towards B */
    struct sockaddr_storage a;
    uint64_t used;
    bool is_on;
} mapping;

typedef struct {
    link_ *link;
    uv_udp_t face[2]; /* pairs have both */
    mapping *mapping; /* of a link that is no pair: one for each A */
    uint64_t uses;
} inner;

static struct {
    packet **v;
    size_t n, cap;
    uint64_t orders;
    uv_timer_t timer;
    bool has_timer;
} heap;

static uint8_t buffer[PACKET_MAX];

/* ---- the heap ---- */

static bool before(const packet *a, const packet *b) {
    return a->due_us < b->due_us || (a->due_us == b->due_us && a->order < b->order);
}

static void push(packet *p) {
    if (heap.n == heap.cap) {
        heap.cap = heap.cap == 0 ? 256 : 2 * heap.cap;
        heap.v = realloc(heap.v, heap.cap * sizeof(packet *));
        if (heap.v == NULL)
            abort();
    }
    size_t i = heap.n++;
    for (; i > 0 && before(p, heap.v[(i - 1) / 2]); i = (i - 1) / 2)
        heap.v[i] = heap.v[(i - 1) / 2];
    heap.v[i] = p;
}

static packet *pop(void) {
    packet *top = heap.v[0], *last = heap.v[--heap.n];
    size_t i = 0;
    for (size_t c; (c = 2 * i + 1) < heap.n; i = c) {
        if (c + 1 < heap.n && before(heap.v[c + 1], heap.v[c]))
            c++;
        if (!before(heap.v[c], last))
            break;
        heap.v[i] = heap.v[c];
    }
    heap.v[i] = last;
    return top;
}

static void deliver(packet *p) {
    uv_buf_t buf = uv_buf_init((char *)p->bytes, (unsigned)p->len);
    if (!uv_is_closing((uv_handle_t *)p->out) &&
        uv_udp_try_send(p->out, &buf, 1, (const struct sockaddr *)&p->to) >= 0)
        p->way->count.delivered++;
    free(p->bytes);
    free(p);
}

static void on_timer(uv_timer_t *timer);

static void run_due(void) {
    while (heap.n > 0 && heap.v[0]->due_us <= now_us())
        deliver(pop());
    if (heap.n == 0)
        return;
    uint64_t now = now_us(), due = heap.v[0]->due_us;
    uv_update_time(&em.loop);
    (void)uv_timer_start(&heap.timer, on_timer, due > now ? (due - now + 999) / 1000 : 0, 0);
}

static void on_timer(uv_timer_t *timer) {
    (void)timer;
    run_due();
}

static void carry(way *w, uv_udp_t *out, const struct sockaddr_storage *to, const uint8_t *bytes,
                  size_t len) {
    uint64_t due[2];
    unsigned n = way_take(w, now_us(), len, due);
    for (unsigned i = 0; i < n; i++) {
        packet *p = calloc(1, sizeof *p);
        uint8_t *copy = malloc(len + 1);
        if (p == NULL || copy == NULL)
            abort();
        memcpy(copy, bytes, len);
        *p = (packet){ due[i], heap.orders++, out, *to, w, len, copy };
        push(p);
    }
    run_due();
}

/* ---- sockets ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    (void)handle, (void)suggested;
    *buf = uv_buf_init((char *)buffer, sizeof buffer);
}

static void from_b(uv_udp_t *u, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from,
                   unsigned flags) {
    inner *in = u->data;
    (void)flags;
    if (n < 0 || from == NULL)
        return;
    for (size_t i = 0; i < MAPPINGS_MAX; i++)
        if (&in->mapping[i].socket == u)
            carry(&in->link->way[1], &in->face[0], &in->mapping[i].a, (uint8_t *)buf->base,
                  (size_t)n);
}

static size_t sockaddr_len(const struct sockaddr *a) {
    return a->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static bool open_face(uv_udp_t *u, const struct sockaddr_storage *target, inner *in,
                      uv_udp_recv_cb cb) {
    struct sockaddr_storage any;
    int size = 4 << 20;
    (void)address_parse(target->ss_family == AF_INET ? "127.0.0.1:0" : "[::1]:0", &any);
    if (uv_udp_init(&em.loop, u) != 0)
        return false;
    u->data = in;
    bool is_open =
        uv_udp_bind(u, (struct sockaddr *)&any, 0) == 0 && uv_udp_recv_start(u, on_alloc, cb) == 0;
    if (is_open)
        (void)uv_recv_buffer_size((uv_handle_t *)u, &size);
    return is_open;
}

/* The mapping of this A; with none left the one unused longest changes hands. */
static mapping *mapping_of(inner *in, const struct sockaddr *from) {
    mapping *free_one = NULL, *oldest = NULL;
    size_t len = sockaddr_len(from);
    for (size_t i = 0; i < MAPPINGS_MAX; i++) {
        mapping *m = &in->mapping[i];
        if (m->is_on && memcmp(&m->a, from, len) == 0)
            return m;
        if (!m->is_on && free_one == NULL)
            free_one = m;
        if (m->is_on && (oldest == NULL || m->used < oldest->used))
            oldest = m;
    }
    mapping *m = free_one != NULL ? free_one : oldest;
    if (!m->is_on && !open_face(&m->socket, &in->link->target[1], in, from_b))
        return NULL;
    m->is_on = true;
    memset(&m->a, 0, sizeof m->a);
    memcpy(&m->a, from, len);
    return m;
}

static void from_a(uv_udp_t *u, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from,
                   unsigned flags) {
    inner *in = u->data;
    (void)flags;
    if (n < 0 || from == NULL)
        return;
    mapping *m = mapping_of(in, from);
    if (m == NULL)
        return;
    m->used = ++in->uses;
    carry(&in->link->way[0], &m->socket, &in->link->target[1], (uint8_t *)buf->base, (size_t)n);
}

static void from_either(uv_udp_t *u, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from,
                        unsigned flags) {
    inner *in = u->data;
    (void)flags;
    if (n < 0 || from == NULL)
        return;
    unsigned at = u == &in->face[0] ? 0 : 1;
    carry(&in->link->way[at], &in->face[1 - at], &in->link->target[1 - at], (uint8_t *)buf->base,
          (size_t)n);
}

bool udp_open(link_ *l, const char **why) {
    inner *in = calloc(1, sizeof *in);
    *why = "cannot open a socket";
    if (!heap.has_timer)
        heap.has_timer = uv_timer_init(&em.loop, &heap.timer) == 0;
    if (in == NULL || (in->mapping = calloc(MAPPINGS_MAX, sizeof *in->mapping)) == NULL)
        return false;
    in->link = l, l->inner = in;
    for (unsigned i = 0; i < (l->is_pair ? 2u : 1u); i++) {
        struct sockaddr_storage name;
        int len = sizeof name;
        /* a face is of the family of those who speak to it */
        const struct sockaddr_storage *near = l->is_pair ? &l->target[i] : &l->target[1];
        if (!open_face(&in->face[i], near, in, l->is_pair ? from_either : from_a) ||
            uv_udp_getsockname(&in->face[i], (struct sockaddr *)&name, &len) != 0)
            return false;
        address_print(&name, l->face[i]);
    }
    return true;
}
