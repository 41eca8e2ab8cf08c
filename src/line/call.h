/* line/call.h — the calls of a line as its station knows them: open ones and the last that ended.
 * Part of the duty machine (line/duty.h), which rings and closes them; here is what can be asked.
 * Limits   OL_CALLS_OPEN_MAX open calls from one party to one other, drills not counted where one
 *          more is none: what exceeds is not placed, and if on record not rung. OL_CALLS_OWN_MAX
 *          open ones of our own. OL_CALLS_RINGS_DAY rings of one caller are written, beyond that
 *          calls ring all the same. OL_CALLS_KEPT_MAX that have ended are remembered.
 * Memory   what is returned is borrowed until the next step.
 * Source   docs/PROTOCOL.md §4.9, §8, §11.3 */
#ifndef OL_LINE_CALL_H
#define OL_LINE_CALL_H

#include "line/duty.h"
#include "wire/call.h"

enum { OL_CALLS_OPEN_MAX = 16, OL_CALLS_OWN_MAX = 64, OL_CALLS_KEPT_MAX = 32 };
enum { OL_CALLS_RINGS_DAY = 512 }; /* written for one caller in 24 hours, of running time */
enum {
    OL_CALLS_RECEIPT_MS = 1000,
    OL_CALLS_GRACE_MS = 10000
}; /* for the close of what is over by its wall */

typedef enum {
    OL_CALL_NEW,     /* to us, not judged yet */
    OL_CALL_RINGS,   /* to us: our ladder runs */
    OL_CALL_SILENT,  /* to us: our ladder has ended, nobody came */
    OL_CALL_REPLIED, /* to us: an officer of ours replied */
    OL_CALL_PLACED,  /* ours */
    OL_CALL_WATCHED, /* among others */
    OL_CALL_CLOSED,
    OL_CALL_STATES
} ol_call_state;

typedef enum { /* what a called party has said, the last that counts */
               OL_CALLED_NOTHING,
               OL_CALLED_RINGS,
               OL_CALLED_SILENT,
               OL_CALLED_ANSWERED,
               OL_CALLED_DECLINED,
               OL_CALLED_DEFERRED,
               OL_CALLED_WORDS
} ol_called_word;

typedef struct {
    ol_called_word word;
    uint64_t rung, after; /* as in its ring or reply */
    uint32_t seconds;     /* of the rung, or of the deferral */
    uint64_t since_s;     /* since we had it, or since this start */
} ol_called;

typedef struct {
    ol_log_key log;
    uint64_t index, wall; /* wall: its author's claim */
    ol_call_state state;
    uint8_t precedence, status, purpose;
    uint64_t rung; /* that was called; 0 the watch */
    ol_str text, lang, of;
    bool has_ref; /* it takes up this one again */
    ol_ref ref;
    uint16_t called; /* bit p: party p */
    ol_called party[OL_PARTIES_MAX];
    uint64_t since_s; /* since it was placed, or first rang here */
    uint64_t left_s;  /* of the present rung, of our own call's time; 0 where nothing runs */
    uint8_t why;      /* of OL_CALL_CLOSED: ol_close_why */
} ol_call_status;

/* The nth, from 0, oldest first; false: there are no more. */
bool ol_calls_at(const ol_duty *d, size_t n, ol_mono now, ol_call_status *ret);
/* May this party place another one, of this status? Of others only calls to us are judged. */
typedef enum {
    OL_CALLS_ROOM,
    OL_CALLS_FULL,  /* too many of its calls are open in all */
    OL_CALLS_UNRUNG /* too many to one of the called: its station would not ring it */
} ol_calls_rooms;
/* called: parties, by number, 0 all. Drills count for drills alone. */
ol_calls_rooms ol_calls_room(const ol_duty *d, uint8_t party, uint32_t called, uint8_t status);

/* The body by which an officer closes our own open call, with the receipts and paths of now.
 * OL_ENOENT: we have no such call open. */
OL_MUST ol_err ol_calls_close(const ol_duty *d, const ol_log_key *log, uint64_t index,
                              ol_close_why why, ol_mono now, uint8_t body[OL_DUTY_BODY_MAX],
                              size_t *ret_len);

/* "rings" …; "answered" … */
const char *ol_call_state_name(unsigned state);
const char *ol_called_word_name(unsigned word);

#endif
