/* tests/sim/lib_thin.h — paths whose bearer carries small frames: a segmenter at each end, as a
 * station has one at a serial port, and a wire that may carry one direction at a time. A link is
 * thin when its `frame` is set; both directions of it must say the same. */
#ifndef OL_TESTS_SIM_LIB_THIN_H
#define OL_TESTS_SIM_LIB_THIN_H

#include "lib_inner.h"
#include "line/segment.h"

/* Both directions between two parties on this slot: bit/s on the wire at 8N1, six bytes of framing
 * around each frame. half_ms: the turnaround of a half-duplex wire; 0: it carries both. */
void sim_thin_link(sim_world *w, unsigned a, unsigned b, unsigned slot, uint64_t bps,
                   uint16_t frame, uint32_t half_ms);

bool sim_is_thin(const sim_world *w, unsigned p, unsigned q, unsigned slot);
void sim_thin_begin(sim_world *w, unsigned p, unsigned q, unsigned slot, ol_event *up);
void sim_thin_end(sim_station *s); /* all of them */
/* What the engine has goes into the segmenter as it takes it, by sim_poll. */
bool sim_thin_put(sim_world *w, unsigned p, unsigned q, unsigned slot, int class);
/* A frame onto the wire, if it takes one now; else the station is woken. */
bool sim_thin_send(sim_world *w, unsigned p, unsigned q, unsigned slot);
void sim_thin_arrive(sim_world *w, const sim_packet *k);

/* Every frame on the wire, as it begins; NULL: nobody listens. */
typedef void sim_thin_fn(sim_world *w, unsigned from, const uint8_t *p, size_t len);
extern sim_thin_fn *sim_thin_on_frame;

#endif
