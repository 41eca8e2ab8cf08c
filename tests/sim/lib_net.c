#include "lib_inner.h"

#include <string.h>

uint32_t sim_token(unsigned station, unsigned slot) {
    return 1 + slot * SIM_STATIONS_MAX + station;
}

sim_net *sim_net_new(void) {
    sim_net *net = calloc(1, sizeof *net);
    OL_ASSERT(net != NULL);
    net->packet = calloc(SIM_PACKETS_MAX, sizeof *net->packet);
    OL_ASSERT(net->packet != NULL);
    for (size_t i = 0; i < SIM_PACKETS_MAX; i++)
        net->free[i] = (uint16_t)(SIM_PACKETS_MAX - 1 - i);
    net->frees = SIM_PACKETS_MAX;
    for (unsigned k = 0; k < OL_PATHS_PER_PEER; k++)
        for (unsigned a = 0; a < SIM_STATIONS_MAX; a++)
            for (unsigned b = 0; b < SIM_STATIONS_MAX; b++) {
                net->link[k][a][b].delay_ms = 20;
                if (a < SIM_PARTIES_MAX && b < SIM_PARTIES_MAX)
                    net->frame_max[k][a][b] = OL_FRAME_MAX;
            }
    return net;
}

void sim_net_free(sim_net *net) {
    free(net->packet);
    free(net);
}

/* ---- what is on its way: a heap by time, then by order of sending ---- */

static bool is_before(const sim_net *net, uint16_t a, uint16_t b) {
    const sim_packet *x = &net->packet[a], *y = &net->packet[b];
    return x->at_ms < y->at_ms || (x->at_ms == y->at_ms && x->order < y->order);
}

static void swap(sim_net *net, size_t i, size_t k) {
    uint16_t t = net->heap[i];
    net->heap[i] = net->heap[k];
    net->heap[k] = t;
}

static void rise(sim_net *net, size_t i) {
    for (; i > 0 && is_before(net, net->heap[i], net->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(net, i, (i - 1) / 2);
}

static void sink(sim_net *net) {
    for (size_t i = 0, k; (k = 2 * i + 1) < net->n; i = k) {
        if (k + 1 < net->n && is_before(net, net->heap[k + 1], net->heap[k]))
            k++;
        if (!is_before(net, net->heap[k], net->heap[i]))
            return;
        swap(net, i, k);
    }
}

uint64_t sim_net_next_ms(const sim_net *net) {
    return net->n == 0 ? OL_NEVER : net->packet[net->heap[0]].at_ms;
}

void sim_net_take(sim_net *net, sim_packet *ret) {
    OL_ASSERT(net->n > 0);
    uint16_t at = net->heap[0];
    net->heap[0] = net->heap[--net->n];
    sink(net);
    *ret = net->packet[at];
    net->free[net->frees++] = at;
}

/* ---- sending ---- */

bool sim_net_can_send(const sim_world *w, unsigned from, unsigned to, unsigned slot,
                      uint64_t *ret_ms) {
    const sim_link *k = &w->net->link[slot][from][to];
    *ret_ms = (k->free_us + 999) / 1000;
    return !k->is_paced || *ret_ms <= w->now_ms;
}

/* Bursts begin and end on each direction by itself. */
static bool is_lost(sim_world *w, sim_link *k) {
    if (k->is_cut)
        return true;
    if (k->bursts > 0 && w->now_ms >= k->burst_until_ms && sim_random(w, 1000) < k->bursts)
        k->burst_until_ms = w->now_ms + 1 + sim_random(w, k->burst_ms);
    return w->now_ms < k->burst_until_ms || (k->lost > 0 && sim_random(w, 1000) < k->lost);
}

static void launch(sim_world *w, const sim_link *k, uint64_t left_us, const sim_packet *p,
                   const uint8_t *bytes) {
    sim_net *net = w->net;
    if (net->frees == 0)
        return;
    uint16_t at = net->free[--net->frees];
    sim_packet *to = &net->packet[at];
    to->from = p->from, to->to = p->to, to->slot = p->slot, to->len = p->len;
    to->at_ms = (left_us + 999) / 1000 + k->delay_ms;
    if (k->jitter_ms > 0)
        to->at_ms += sim_random(w, k->jitter_ms + 1);
    to->order = net->order++;
    memcpy(to->bytes, bytes, p->len);
    net->heap[net->n++] = at;
    rise(net, net->n - 1);
}

void sim_net_send(sim_world *w, unsigned from, unsigned to, unsigned slot, const uint8_t *p,
                  size_t len) {
    sim_link *k = &w->net->link[slot][from][to];
    uint64_t now_us = w->now_ms * 1000, start = k->free_us > now_us ? k->free_us : now_us;
    sim_packet head = { .from = (uint8_t)from, .to = (uint8_t)to, .slot = (uint8_t)slot };
    head.len = len;
    if (k->rate_bps > 0 && !k->is_paced &&
        (start - now_us) * k->rate_bps / 8000000 + len > k->queue_bytes)
        return;          /* its queue is full */
    if (k->rate_bps > 0) /* what is thin has start and stop bits, and framing */
        k->free_us = start =
            start +
            (k->frame > 0 ? (len + 6) * UINT64_C(10000000) : len * UINT64_C(8000000)) / k->rate_bps;
    unsigned copies = k->repeated > 0 && sim_random(w, 1000) < k->repeated ? 2 : 1;
    for (unsigned c = 0; c < copies; c++)
        if (!is_lost(w, k))
            launch(w, k, start, &head, p);
}

/* ---- all of it ---- */

void sim_net_mend(sim_world *w) {
    for (unsigned s = 0; s < OL_PATHS_PER_PEER; s++)
        for (unsigned a = 0; a < SIM_STATIONS_MAX; a++)
            for (unsigned b = 0; b < SIM_STATIONS_MAX; b++) {
                sim_link *k = &w->net->link[s][a][b];
                k->lost = k->repeated = k->bursts = 0;
                k->burst_until_ms = k->jitter_ms = 0;
                k->is_cut = false;
            }
}

void sim_net_cut(sim_world *w, unsigned a, unsigned b, bool is_cut) {
    for (unsigned s = 0; s < OL_PATHS_PER_PEER; s++)
        w->net->link[s][a][b].is_cut = w->net->link[s][b][a].is_cut = is_cut;
}
