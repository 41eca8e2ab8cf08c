/* line/defer.h — deferrals of calls: a duty (line/duty.h). Who deferred a call said when; then that
 * is told, once in a run, at the station that deferred and at the caller's.
 * Runs for calls that we deferred, and those of ours that others did; the last deferral of each
 *          called party; from when it was stored here, by our own running time.
 * Ends     with that party's answer or decline, and with a later call between the two of the same
 *          status, whoever placed it: then they have spoken, or it rings. A day after it fell due
 *          it is forgotten.
 * Restart  of what is from before, the wall of the deferral says when it falls due.
 * Limits   OL_DEFERRALS_MAX; beyond, a drill goes first, then the one that falls due first.
 * Source   docs/PROTOCOL.md §11.3 */
#ifndef OL_LINE_DEFER_H
#define OL_LINE_DEFER_H

#include "line/duty.h"

enum { OL_DEFERRALS_MAX = 64, OL_DEFERRAL_KEPT_S = 86400 };

typedef struct {
    ol_log_key log; /* with index: the call */
    uint64_t index;
    uint8_t party, precedence, status; /* party: who deferred */
    bool is_due;
    uint64_t due_ms; /* of the clock of `now` */
} ol_deferral_status;

/* The nth that waits or is due; false: there are no more. */
bool ol_deferral_status_of(const ol_duty *d, size_t nth, ol_deferral_status *ret);

#endif
