/* line/duty.h — what a station does by itself on one line because of what is on record: the ladder
 * of calls to it, the close of its own calls, line checks, overdue clocks, deferrals. Beside the
 * engine, not inside it: it reads what is stored and asks for entries to be appended.
 * It does no I/O, reads no clock, draws no randomness; all it knows comes from the logs, so that a
 * station that starts again goes on where it was.
 *
 * Cycle    every urgent entry and every receipt that the store has, in the order in which it got
 *          them, as OL_DUTY_ENTRY and OL_DUTY_RECEIPT: those from before the start first, marked
 *          so; then OL_DUTY_TURN with is_start. From then on, after each commit: what it added,
 *          and one OL_DUTY_TURN after the last, so that what came together is judged together.
 *          Only TURN has effects; where out->more is set, TURN again. At out->at_ms, TURN again.
 *          OL_DUTY_PATHS before a TURN wherever paths may have changed.
 * Append   each OL_DUTY_APPEND is answered by one OL_DUTY_ANSWERED with its token: OL_OK once it is
 *          durable (before or after its OL_DUTY_ENTRY), else it is asked for again, later.
 * Errors   OL_ENOMEM from ENTRY and RECEIPT: it was not taken; the same again, later.
 * Memory   from opts.mem: some 1 KiB a call, of which four times OL_CALLS_OPEN_MAX a party and
 *          OL_CALLS_OWN_MAX of our own are tracked at most, and
 *          what line/call.h, line/checks.h, line/clock.h and line/defer.h say.
 * Source   docs/PROTOCOL.md §11 */
#ifndef OL_LINE_DUTY_H
#define OL_LINE_DUTY_H

#include "base/mem.h"
#include "base/time.h"
#include "wire/entry.h"
#include "wire/message.h"
#include "wire/path.h"

enum { OL_DUTY_FX_MAX = 8, OL_DUTY_NOTES_MAX = 64 };
enum { OL_DUTY_BODY_MAX = OL_ENTRY_MAX - 128 }; /* leaves room for wall, seen, … */
enum { OL_DUTY_RETRY_MS = 1000 };               /* after an append that was refused */

typedef struct ol_duty ol_duty;

typedef struct {
    ol_mem *mem;
    uint8_t self, parties, rungs;      /* parties: all who ever were, by number */
    uint32_t members;                  /* of this generation, a bit per party, our own among them */
    uint32_t answer_s[OL_PRECEDENCES]; /* the charter's answer.* */
    uint32_t check_s;                  /* and check.interval; 0: none, and nobody's is missed */
    bool is_silent;                    /* none of ours are written */
} ol_duty_opts;

typedef struct {
    ol_proven path;     /* age is not looked at */
    uint64_t proven_ms; /* of the clock of `now`; 0: never in this run */
    bool is_live;       /* something authentic came by it lately (§11.5) */
} ol_duty_path;

typedef enum {
    OL_DUTY_ENTRY,    /* a stored entry of any party's urgent log; others do no harm */
    OL_DUTY_RECEIPT,  /* a verified one, ours too */
    OL_DUTY_PATHS,    /* all of the line's */
    OL_DUTY_ANSWERED, /* to an append */
    OL_DUTY_TURN
} ol_duty_event_kind;

typedef struct {
    ol_duty_event_kind kind;
    union {
        struct {
            ol_log_key log;
            uint64_t index;
            const uint8_t *p; /* without salt */
            size_t len;
            bool is_history; /* from before this start */
        } entry;
        struct {
            ol_log_key log;
            uint64_t size, time;
            const uint8_t *sig; /* OL_SIG_LEN */
            uint8_t party;
            bool is_history;
        } receipt;
        struct {
            const ol_duty_path *v; /* at most OL_PATHS_MAX are kept */
            size_t n;
        } paths;
        struct {
            uint32_t token;
            ol_err err;
        } answered;
        struct {
            ol_wall wall;
            bool is_start; /* the first one */
            bool has_log;  /* our urgent log that is appended to now; false: the next opens one */
            uint8_t incarnation[OL_INC_LEN];
        } turn;
    };
} ol_duty_event;

typedef enum {                       /* what there is to tell */
               OL_DUTY_CALL_PLACED,  /* a call is on record; party: its author */
               OL_DUTY_CALL_RINGS,   /* party rings rung for seconds */
               OL_DUTY_CALL_SILENT,  /* party's ladder has ended at rung */
               OL_DUTY_CALL_REPLIED, /* party; verb, seconds of a deferral, rung */
               OL_DUTY_CALL_CLOSED,  /* party: its author; verb: why (ol_close_why) */
               OL_DUTY_CALL_UNRUNG,  /* a call to us is recorded and not rung: too many are open */
               OL_DUTY_CHECK_MISSED, /* party's; number, time: its last, stored then by its wall */
               OL_DUTY_CHECK_BACK,   /* party's is there again; number, time */
               OL_DUTY_PATH_SILENT,  /* path was not proven in its turn, our check of this number */
               OL_DUTY_LINE,         /* verb: ol_line_state (line/checks.h) */
               OL_DUTY_OVERDUE,      /* the message at log, index: party has not answered in time */
               OL_DUTY_DUE,          /* party deferred the call at log, index, until now */
               OL_DUTY_NOTES
} ol_duty_what;

typedef struct {
    ol_duty_what what;
    ol_log_key log; /* with index: the call, or whatever it is about */
    uint64_t index, rung;
    uint8_t party, precedence, status, verb;
    uint32_t seconds;
    uint64_t number, time;
    ol_proven path; /* age is not set */
} ol_duty_note;

typedef enum { OL_DUTY_APPEND, OL_DUTY_NOTE } ol_duty_effect_kind;

typedef struct {
    ol_duty_effect_kind kind;
    union {
        struct {
            uint32_t token;
            uint64_t kind; /* of the entry; the urgent lane, no item */
            uint8_t body[OL_DUTY_BODY_MAX];
            size_t len;
        } append;
        ol_duty_note note;
    };
} ol_duty_effect;

typedef struct {
    size_t n;
    bool more;
    uint64_t at_ms; /* TURN then, of the clock of `now`; OL_NEVER: nothing waits for time */
    ol_duty_effect v[OL_DUTY_FX_MAX];
} ol_duty_effects;

OL_MUST ol_err ol_duty_new(const ol_duty_opts *opts, ol_duty **ret);
void ol_duty_free(ol_duty *d); /* takes NULL */

/* out: of OL_DUTY_TURN; may be NULL for all others. */
OL_MUST ol_err ol_duty_step(ol_duty *d, const ol_duty_event *ev, ol_mono now, ol_duty_effects *out);

/* Notes that were lost because too much came between two turns; for status and tests. Never lost:
 * that a call rings, is silent or replied to, that our own was placed, closed, what is overdue or
 * due. */
uint64_t ol_duty_notes_lost(const ol_duty *d);

#endif
