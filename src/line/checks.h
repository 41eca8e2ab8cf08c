/* line/checks.h — line checks, and what they say of the line: a duty (line/duty.h).
 * Own      one at the start and then every check.interval, counted from the start and not from the
 *          one before, whatever else was said meanwhile. It carries when each path was last proven
 *          and whose checks are missed. Each check has one path in its turn; if that was not proven
 *          by the next check, it is told.
 * Others'  missed when one and a half of the intervals that its last one named are over, by our own
 *          running time, without another stored here; told once, and again when one has come.
 * State    of a member, and from theirs of the line; it never claims more than was proven in this
 *          run. Of a member to whom we have no path, its checks alone are looked at.
 * Source   docs/PROTOCOL.md §4.10, §11.5 */
#ifndef OL_LINE_CHECKS_H
#define OL_LINE_CHECKS_H

#include "line/duty.h"
#include "wire/check.h"

typedef enum {
    OL_LINE_UNPROVEN,    /* not yet, in this run */
    OL_LINE_OPERATIONAL, /* all paths of all members proven within one and a half intervals */
    OL_LINE_DEGRADED,    /* a path is dead or its proof too old, or a check is missed */
    OL_LINE_DEAD,        /* no path is proven */
    OL_LINE_STATES
} ol_line_state;

const char *ol_line_state_name(ol_line_state state); /* "not proven yet", "operational" … */

typedef struct {
    bool is_member; /* another one, of this generation */
    bool is_missed; /* its check */
    ol_line_state state;
    uint64_t number, wall; /* of its last check that is stored here; number 0: none */
    uint64_t heard_ms;     /* when it was stored; 0: not in this run */
} ol_checks_party;

typedef struct {
    ol_line_state state;
    uint64_t since_ms; /* of the clock of `now` */
    uint64_t since_wall;
    uint64_t number; /* of our last check; 0: none */
    uint64_t due_ms; /* when our next one is */
    ol_checks_party party[OL_PARTIES_MAX];
} ol_checks_status;

void ol_checks_status_of(const ol_duty *d, ol_checks_status *ret);

#endif
