/* line/watch.h — who has the watch of each party, as its logs say: part of the duty machine
 * (line/duty.h). The last watch entry counts; of two logs of a party the one of the later wall.
 * Whether an officer has signed it is not looked at: that is for who shows it.
 * Source   docs/PROTOCOL.md §4.8, §4.10 */
#ifndef OL_LINE_WATCH_H
#define OL_LINE_WATCH_H

#include "line/duty.h"

typedef struct {
    ol_log_key log;
    uint64_t index, wall; /* of the entry that says so */
    uint16_t officer, from;
} ol_watch_status;

/* false: that party has never said who has it. */
bool ol_watch_status_of(const ol_duty *d, uint8_t party, ol_watch_status *ret);

#endif
