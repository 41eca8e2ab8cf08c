/* base/lane.h — the two logs that a party owns on a line.
 * A long routine message never delays a call: each lane is a log of its own. */
#ifndef OL_BASE_LANE_H
#define OL_BASE_LANE_H

typedef enum { OL_LANE_URGENT = 0, OL_LANE_ROUTINE = 1, OL_LANES = 2 } ol_lane;

static inline const char *ol_lane_name(ol_lane lane) {
    return lane == OL_LANE_URGENT ? "urgent" : "routine";
}

#endif
