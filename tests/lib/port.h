/* tests/lib/port.h — who uses a port that gives one frame at a time, and keeps what it was told.
 * Failures end the test. */
#ifndef OL_TESTS_LIB_PORT_H
#define OL_TESTS_LIB_PORT_H

#include "bearer/bearer.h"
#include "bearer/cobs.h"

typedef struct {
    size_t frames, writable, said; /* how often */
    size_t last_len;
    uint8_t last[OL_COBS_FRAME_MAX]; /* the last frame */
    char text[400];                  /* what it said last */
} test_port_seen;

ol_port_user test_port_user(test_port_seen *s); /* s is borrowed */

#endif
