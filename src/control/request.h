/* control/request.h — one request to a station: a line of JSON ↔ a struct. Pure.
 * Shape    {"id": 7, "do": "submit", …}: one JSON object in one line, strict UTF-8; the keys of
 *          each command are the table in request.c, which docs/CONTROL.md shows.
 * Rejected a duplicate or unknown key, one that the command does not take, a missing one, a number
 *          that is no integer or out of range, text after the object, U+0000.
 * Errors   OL_EFORM, OL_ELIMIT, OL_ENOMEM; *ret as it was, *why says what was wrong and what to
 *          do, and the request's id as far as it could be read.
 * Memory   copies; jansson takes and gives back memory of its own, bounded by the line's length.
 * Secrets  a passphrase goes through that memory: processes that handle one have it wiped
 *          (ol_request_wipes). The line itself is the caller's to wipe.
 * Source   docs/CONTROL.md */
#ifndef OL_CONTROL_REQUEST_H
#define OL_CONTROL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/text.h"

enum {
    OL_CONTROL_VERSION = 1,
    OL_CONTROL_LINE_MAX = 65536, /* bytes of a request, reply or event, newline included */
    OL_CONTROL_BODY_MAX = 2048,  /* of an entry's body; the entry's own limit is lower */
    OL_CONTROL_ITEM_LEN = 6,
    OL_CONTROL_INC_LEN = 8,
    OL_CONTROL_SIGN_LEN = 74, /* u16 officer, u64 written, 64 bytes of signature */
    OL_CONTROL_SIGNS_MAX = 2,
    OL_CONTROL_LOG_MAX = 500,   /* entries asked for at once */
    OL_CONTROL_TEST_MAX = 600,  /* seconds that a bearer is waited for */
    OL_CONTROL_PASS_MAX = 1024, /* bytes of a passphrase */
    OL_CONTROL_BUNDLE_MIN = 200,
    OL_CONTROL_BUNDLE_MAX = 45000 /* so that it fits a line */
};
#define OL_CONTROL_INT_MAX ((UINT64_C(1) << 53) - 1) /* what every JSON reader keeps exactly */

typedef enum {
    OL_DO_HELLO,
    OL_DO_STATUS,
    OL_DO_CALLS,
    OL_DO_POSITION,
    OL_DO_UNREAD,
    OL_DO_SUBMIT,
    OL_DO_LOG,
    OL_DO_RECORD,
    OL_DO_ENTRIES,
    OL_DO_SUBSCRIBE,
    OL_DO_UNSUBSCRIBE,
    OL_DO_CLOCK_ACCEPT,
    OL_DO_COPY_ACK,
    OL_DO_FORK_ACK,
    OL_DO_HOOK_TEST,
    OL_DO_BUNDLE_MAKE,
    OL_DO_BUNDLE_TAKE,
    OL_DO_BUNDLE_SHOW,
    OL_DO_STOP,
    OL_DO_RESTART,
    OL_DO_BEARER_TEST,
    OL_DO_N
} ol_do;

typedef enum { /* bits of ol_request.given */
               OL_GIVEN_LINE = 1,
               OL_GIVEN_BODY = 2,
               OL_GIVEN_ITEM = 4,
               OL_GIVEN_READ = 8,
               OL_GIVEN_CURSOR = 16,
               OL_GIVEN_FROM = 32,
               OL_GIVEN_LIMIT = 64,
               OL_GIVEN_LAST = 128,
               OL_GIVEN_LOG = 256,
               OL_GIVEN_KIND = 512,
               OL_GIVEN_SIGNS = 1024,
               OL_GIVEN_ENTRY = 2048,
               OL_GIVEN_PRECEDENCE = 1 << 12,
               OL_GIVEN_STATUS = 1 << 13,
               OL_GIVEN_AUTHOR = 1 << 14,
               OL_GIVEN_BRIEF = 1 << 15,
               OL_GIVEN_HOOK = 1 << 16,
               OL_GIVEN_EVENT = 1 << 17,
               OL_GIVEN_PARTY = 1 << 18,
               OL_GIVEN_MAX = 1 << 19,
               OL_GIVEN_ALL = 1 << 20,
               OL_GIVEN_NEXT = 1 << 21,
               OL_GIVEN_MORE = 1 << 22,
               OL_GIVEN_UNREAD = 1 << 23,
               OL_GIVEN_PASSPHRASE = 1 << 24,
               OL_GIVEN_SECONDS = 1 << 25
} ol_given;

typedef struct {
    uint64_t id;
    ol_do what;
    uint32_t given; /* which of the following the request carries */
    char line[OL_NAME_MAX + 1];
    uint8_t body[OL_CONTROL_BODY_MAX]; /* of an entry; or a piece of a bundle */
    size_t body_len;
    uint8_t item[OL_CONTROL_ITEM_LEN];
    uint64_t read, cursor, from, limit, last;
    char party[OL_NAME_MAX + 1]; /* "party"; "log", "entry": whose */
    uint64_t seconds, max, all, next, more;
    uint8_t lane, incarnation[OL_CONTROL_INC_LEN];
    uint8_t incarnation_len; /* "entry": so many bytes of it are given, 2 or more */
    uint64_t index;
    char kind[OL_NAME_MAX + 1]; /* of the entry that is submitted; not given: a message */
    char precedence[OL_NAME_MAX + 1], status[OL_NAME_MAX + 1]; /* only those, of a log's entries */
    char author[OL_NAME_MAX + 1];
    uint64_t brief, unread;
    uint8_t signs[OL_CONTROL_SIGNS_MAX * OL_CONTROL_SIGN_LEN];
    size_t signs_len; /* a multiple of OL_CONTROL_SIGN_LEN */
    char hook[OL_NAME_MAX + 1], event[OL_NAME_MAX + 1];
    uint8_t pass[OL_CONTROL_PASS_MAX]; /* secret: whoever has the request wipes it */
    size_t pass_len;
} ol_request;

typedef struct {
    ol_err err;
    bool has_id;
    uint64_t id;
    char what[240], todo[240]; /* sentences without a full stop at the end; UTF-8 */
} ol_refusal;

const char *ol_do_name(ol_do what);

/* Sets the sentences and returns err; leaves the id alone. */
ol_err ol_refuse(ol_refusal *why, ol_err err, const char *todo, const char *what, ...)
    __attribute__((format(printf, 4, 5)));

/* p: the line, with or without its newline. */
OL_MUST ol_err ol_request_parse(const char *p, size_t len, ol_request *ret, ol_refusal *why);

/* "usa/urgent/8f3a.17" → r->party, lane, incarnation, incarnation_len, index; false: it has another
 * form. 4, 6 … 16 digits of the incarnation may be given. */
bool ol_request_entry(const char *s, size_t len, ol_request *r);

/* From now on the memory that jansson gives back in this process is wiped first. */
void ol_request_wipes(void);

/* The request as a line with its newline, into to[cap], NUL-terminated; *ret_len without the NUL.
 * OL_ELIMIT: no room; OL_ENOMEM. */
OL_MUST ol_err ol_request_put(const ol_request *r, char *to, size_t cap, size_t *ret_len);

#endif
