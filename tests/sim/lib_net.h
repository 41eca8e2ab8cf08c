/* tests/sim/lib_net.h — the paths between stations, one direction each: what goes in comes out
 * later, twice, in another order, or not at all.
 * Rate     a paced direction can send only when what was sent before has left (a serial line, a
 *          stream with a small buffer): the sender learns it from sim_net_can_send. The others take
 *          everything at once; what is more than their queue holds is dropped there.
 * Time     milliseconds of virtual time; what happens at the same one happens in order of sending.
 */
#ifndef OL_TESTS_SIM_LIB_NET_H
#define OL_TESTS_SIM_LIB_NET_H

#include "line/line.h"

enum { SIM_PARTIES_MAX = 6, SIM_STATIONS_MAX = 8, SIM_PACKETS_MAX = 8192 };

typedef struct {
    uint32_t lost, repeated; /* per thousand frames */
    uint32_t bursts;         /* per thousand frames: nothing passes for a while from there */
    uint64_t burst_ms;       /* at most */
    uint64_t delay_ms, jitter_ms;
    uint64_t rate_bps;    /* 0: any */
    uint32_t queue_bytes; /* before it, where there is a rate and no pacing */
    bool is_paced, is_cut;
    uint16_t frame;   /* of the bearer, where packets go in segments (lib_thin.h); 0: they do not */
    uint32_t half_ms; /* there: one direction at a time, turned around in so long; 0: both */
    uint64_t free_us, burst_until_ms, began_ms; /* state; began: to send after a pause */
} sim_link;

typedef struct {
    uint64_t at_ms, order;
    uint8_t from, to, slot; /* stations */
    size_t len;
    uint8_t bytes[OL_FRAME_MAX];
} sim_packet;

typedef struct {
    sim_link link[OL_PATHS_PER_PEER][SIM_STATIONS_MAX][SIM_STATIONS_MAX]; /* from, to */
    uint16_t frame_max[OL_PATHS_PER_PEER][SIM_PARTIES_MAX][SIM_PARTIES_MAX];
    sim_packet *packet;
    uint16_t heap[SIM_PACKETS_MAX], free[SIM_PACKETS_MAX]; /* places in packet */
    size_t n, frees;
    uint64_t order;
} sim_net;

struct sim_world;

uint32_t sim_token(unsigned station, unsigned slot); /* never 0 */
sim_net *sim_net_new(void);
void sim_net_free(sim_net *net);
/* false: not before *ret_ms. */
bool sim_net_can_send(const struct sim_world *w, unsigned from, unsigned to, unsigned slot,
                      uint64_t *ret_ms);
void sim_net_send(struct sim_world *w, unsigned from, unsigned to, unsigned slot, const uint8_t *p,
                  size_t len);
/* OL_NEVER: nothing is on its way. */
uint64_t sim_net_next_ms(const sim_net *net);
/* Copies the next one; there is one. */
void sim_net_take(sim_net *net, sim_packet *ret);
/* All directions: nothing is lost, cut, repeated or held up any more; delays and rates stay. */
void sim_net_mend(struct sim_world *w);
/* Both directions of all paths between two stations. */
void sim_net_cut(struct sim_world *w, unsigned a, unsigned b, bool is_cut);

#endif
