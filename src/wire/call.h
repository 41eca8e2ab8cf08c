/* wire/call.h — the bodies of a call and of what belongs to it: bytes ↔ struct.
 * Shape    call  [precedence, status, rung, purpose, text, ? lang, ? called, ? ref, ? of, …]
 *          ring  [state, call, rung, seconds, after, …]        by the called station
 *          reply [verb, status, call, rung, seconds, after, text, …]      by its officers
 *          close [why, call, after, receipts, paths, …]        by the caller
 *          in deterministic CBOR; of a call what is empty and last is left out.
 * Rejected anything else, with a sentence for those who are shown that it cannot be read (§3.5).
 * Errors   OL_ESHORT, OL_EFORM, OL_ELIMIT; *ret as it was, *ret_why a static string.
 * Memory   strings are borrowed from the input; nothing is allocated.
 * Source   docs/PROTOCOL.md §4.1, §4.9, §11.3 */
#ifndef OL_WIRE_CALL_H
#define OL_WIRE_CALL_H

#include "wire/message.h"
#include "wire/path.h"
#include "wire/ref.h"

enum { OL_CALL_OF_MAX = 120, OL_CLOSE_RECEIPTS_MAX = OL_PARTIES_MAX - 1 };

typedef enum { OL_CALL_TEXT, OL_CALL_VOICE, OL_CALL_PURPOSES } ol_call_purpose;
typedef enum { OL_RING_RINGS, OL_RING_ENDED, OL_RING_STATES } ol_ring_state;
typedef enum { OL_ANSWER, OL_DECLINE, OL_DEFER, OL_REPLY_VERBS } ol_reply_verb;
typedef enum {
    OL_CLOSE_ANSWERED,
    OL_CLOSE_DECLINED,    /* or deferred */
    OL_CLOSE_ENDED,       /* all ladders have ended */
    OL_CLOSE_TIME,        /* its time is over */
    OL_CLOSE_WITHDRAWN,   /* by the caller */
    OL_CLOSE_INTERRUPTED, /* the log of the call was closed */
    OL_CLOSE_WHYS
} ol_close_why;

typedef struct {
    uint8_t precedence, status, purpose;
    uint64_t rung;   /* 0 the watch, n the charter's n-th */
    ol_str text;     /* the reason; may be empty */
    ol_str lang;     /* empty: the first of the author's languages */
    uint16_t called; /* bit p: party p; 0: all other members */
    bool has_ref;
    ol_ref ref; /* an earlier call that this one takes up again */
    ol_str of;  /* what it escalates from another line; empty: nothing */
} ol_call;

typedef struct {
    uint8_t state;
    ol_ref call;
    uint64_t rung;    /* from 1 */
    uint32_t seconds; /* how long it rings there; 0 where the ladder has ended */
    uint64_t after;   /* seconds since it first rang for this call */
} ol_ring;

typedef struct {
    uint8_t verb, status;
    ol_ref call;
    uint64_t rung;    /* of who replies; 0 not known */
    uint32_t seconds; /* of a deferral; else 0 */
    uint64_t after;   /* as of a ring; 0 where it never rang */
    ol_str text;
} ol_reply;

typedef struct { /* of the call's log, larger than the call's index */
    uint8_t party;
    uint64_t size, time;
    uint8_t sig[OL_SIG_LEN];
} ol_close_receipt;

typedef struct {
    uint8_t why;
    ol_ref call;
    uint64_t after; /* seconds since the call was placed */
    size_t receipts;
    ol_close_receipt receipt[OL_CLOSE_RECEIPTS_MAX]; /* ascending by party */
    ol_paths paths;                                  /* to the called */
} ol_close;

OL_MUST ol_err ol_call_decode(const uint8_t *body, size_t len, ol_call *ret, const char **ret_why);
OL_MUST ol_err ol_ring_decode(const uint8_t *body, size_t len, ol_ring *ret, const char **ret_why);
OL_MUST ol_err ol_reply_decode(const uint8_t *body, size_t len, ol_reply *ret,
                               const char **ret_why);
OL_MUST ol_err ol_close_decode(const uint8_t *body, size_t len, ol_close *ret,
                               const char **ret_why);
/* These do not judge; w->err tells when it does not fit. */
void ol_call_encode(const ol_call *c, ol_wr *w);
void ol_ring_encode(const ol_ring *r, ol_wr *w);
void ol_reply_encode(const ol_reply *r, ol_wr *w);
void ol_close_encode(const ol_close *c, ol_wr *w);

/* NULL, or why it cannot be read as a word of `author` on a line of so many parties and rungs. */
const char *ol_call_misfit(const ol_call *c, unsigned author, unsigned parties, unsigned rungs);
const char *ol_ring_misfit(const ol_ring *r, unsigned author, unsigned parties, unsigned rungs);
const char *ol_reply_misfit(const ol_reply *r, unsigned author, unsigned parties, unsigned rungs);
const char *ol_close_misfit(const ol_close *c, unsigned author, unsigned parties);

/* Does the call of `author` call this party? Whether it is a member is not judged. */
static inline bool ol_call_is_to(const ol_call *c, unsigned author, unsigned party) {
    return party != author && party < OL_PARTIES_MAX &&
           (c->called == 0 || (c->called >> party & 1) != 0);
}

/* "text", "voice"; "answer" …; "answered" … ; NULL for a number that is none. */
const char *ol_call_purpose_name(unsigned purpose);
const char *ol_reply_verb_name(unsigned verb);
const char *ol_close_why_name(unsigned why);

#endif
