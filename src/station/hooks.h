/* station/hooks.h — hooks: programs that events start, outside the station's process.
 * Start    by a shim (cli/hook_shim.c) that closes every descriptor, forbids new privileges, sets
 *          limits and becomes the program: in a process group of its own, in the home's directory,
 *          with a few words of environment, the event as one JSON object and a newline on stdin,
 *          /dev/null as stdout, and a pipe as stderr that goes to the station's log, bounded.
 * End      when the program ends, or its time is over, the whole group is ended. What it starts in
 *          the background ends with it.
 * Bounds   a hook runs once at a time, OL_HOOK_BURST times at once and then once a second; so many
 *          events wait; then one of the least urgent is dropped, never for one less urgent: the
 *          oldest of the party that has most of them. A drill is less urgent than all that is real.
 *          What waits goes by urgency, then by age. So a flood of events starts no flood of
 *          processes, and a call is not lost in it.
 * Loop     nothing here waits; the station goes on whatever a program does.
 * Memory   ol_hooks is its own. stop closes every handle; free after the loop has turned. */
#ifndef OL_STATION_HOOKS_H
#define OL_STATION_HOOKS_H

#include <jansson.h>
#include <uv.h>

#include "station/hook_conf.h"

enum { OL_HOOK_WAIT_MAX = 32, OL_HOOK_BURST = 8, OL_HOOK_GAP_MS = 1000 };

typedef struct ol_hooks ol_hooks;

typedef struct {
    uv_loop_t *loop;
    const char *shim; /* the program that is told --hook; "/proc/self/exe" */
    const char *home, *station;
    const ol_hook_conf *hook; /* borrowed */
    size_t hooks;
    /* A test (ol_hooks_test) has ended: result NULL: well, else how it failed; said: the last line
     * of what the program wrote, perhaps empty. Never from inside ol_hooks_test. */
    void (*tested)(void *ctx, uint32_t token, const char *result, const char *said);
    void *ctx;
} ol_hooks_opts;

OL_MUST ol_err ol_hooks_start(const ol_hooks_opts *opts, ol_hooks **ret);
/* Some hook would be called by this event. */
bool ol_hooks_wants(const ol_hooks *h, ol_hook_what what);
const ol_hook_conf *ol_hooks_conf(const ol_hooks *h, size_t n); /* NULL: no more */
/* The event to every hook that it calls, or (only < hooks) to that one if it does; takes the
 * object, which has the keys of docs/CONTROL.md but event, hook, station and time. */
enum { OL_HOOK_ALL = OL_HOOKS_MAX };
void ol_hooks_raise(ol_hooks *h, size_t only, ol_hook_what what, json_t *o);
/* Starts one hook as if this event had happened, with status "test" and no line; `tested` says how
 * it went. OL_ENOENT: no such hook; OL_EAGAIN: too much waits. */
OL_MUST ol_err ol_hooks_test(ol_hooks *h, const char *name, ol_hook_what what, uint32_t token);
json_t *ol_hooks_json(const ol_hooks *h); /* for status: an array */
void ol_hooks_stop(ol_hooks *h);          /* takes NULL */
void ol_hooks_free(ol_hooks *h);          /* takes NULL; every handle has closed */

#endif
