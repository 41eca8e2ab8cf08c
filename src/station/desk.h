/* station/desk.h — answers to the requests that only read: of a running station, or of a home
 * whose station does not run (the command line then reads the store itself, in the same words).
 * Replies  a reply holds {"id", "ok": true} already; keys are added to it. Its length stays below
 *          OL_CONTROL_LINE_MAX: what does not fit is left for the next page.
 * Errors   why says what was wrong and what to do; the reply is then thrown away.
 * Source   docs/CONTROL.md */
#ifndef OL_STATION_DESK_H
#define OL_STATION_DESK_H

#include <jansson.h>

#include "control/request.h"
#include "record/view.h"
#include "station/control.h"
#include "station/station_api.h"
#include "station/why.h"
#include "wire/ref.h"

enum {
    OL_DESK_EVIDENCE_MAX = 16, /* pieces told of one log */
    OL_DESK_READ_ROW = 18,     /* `logs` of a position: u8 party, u8 lane, incarnation, u64 size */
    OL_DESK_READ_ROWS = 2600   /* more do not fit a reply: null stands there */
};

typedef struct { /* how far a log came to a party, as the engine said in this run */
    uint16_t line;
    uint8_t party;
    ol_log_key log;
    uint64_t sent, stored, time; /* stored: under a receipt of that time, perhaps not saved yet */
    uint8_t way;                 /* by which that came */
} ol_desk_went;

typedef struct {
    ol_station *station; /* NULL: none runs */
    ol_store *store;
    char party[OL_NAME_MAX + 1]; /* whose */
    size_t lines;
    const ol_api_line *line[OL_LINES_MAX];
    ol_desk_went *went;
    size_t n_went, went_cap;
    struct ol_desk_view *view;  /* of the last `log` */
    uint64_t rests_until;       /* ns: no view is built for ol_desk_signed before */
    bool is_long[OL_LINES_MAX]; /* of more entries than one is built for */
    struct ol_desk_own *own;    /* what it opened itself, without a station */
} ol_desk;

OL_MUST ol_err ol_desk_of_station(ol_station *st, ol_desk *ret, ol_why *why);
/* OL_ENOENT: no line or no record yet; OL_EAGAIN: a station has the store. */
OL_MUST ol_err ol_desk_of_home(const ol_home *h, ol_desk *ret, ol_why *why);
void ol_desk_close(ol_desk *d); /* what it opened itself; one that is all zero is allowed */

/* The line that the request names; OL_ENOENT. */
OL_MUST ol_err ol_desk_line(const ol_desk *d, const ol_request *r, size_t *ret, ol_refusal *why);

typedef ol_err ol_desk_fn(ol_desk *d, const ol_request *r, json_t *reply, ol_refusal *why);
ol_desk_fn ol_desk_position, ol_desk_unread, ol_desk_log, ol_desk_record, ol_desk_entries;

/* Which entries a `log` asks for (desk_filter.c). */
typedef struct {
    bool is_given, has_kind, is_brief, is_unread;
    int precedence, status, author; /* -1: any */
    uint64_t kind;
} ol_desk_filter;
/* OL_EFORM: a word that is none. */
OL_MUST ol_err ol_desk_filter_of(const ol_api_line *line, const ol_request *r, ol_desk_filter *ret,
                                 ol_refusal *why);
/* Does it let through what stands there? self: for whom something is unread. */
bool ol_desk_passes(const ol_desk_filter *f, const ol_view *v, size_t at, uint8_t self);

/* Lets go of the view that is kept for the next page of a log. */
void ol_desk_forget(ol_desk *d);

/* The logs of a line, how far they had been read at a position; for `submit`. *ret: free() it. */
OL_MUST ol_err ol_desk_read(const ol_desk *d, size_t line, uint64_t position, ol_known **ret,
                            size_t *ret_n);

/* One entry, as in the reply to `log` and in events; NULL: no memory. */
json_t *ol_desk_entry_json(const ol_desk *d, size_t line, const ol_log_key *log, uint64_t index,
                           uint64_t seq, const uint8_t *entry, size_t len);

/* desk_said.c: of the entry at a place of the joint view. */
typedef struct {
    const ol_api_line *line;
    const ol_view *view;
    size_t at;
} ol_desk_place;
void ol_desk_said_json(const ol_desk_place *p, json_t *o);
/* o holds the state by receipts and the engine's word already. */
void ol_desk_state_json(const ol_desk_place *p, uint8_t party, json_t *o);
/* The entry that the request names. */
OL_MUST ol_err ol_desk_find(const ol_view *v, const ol_api_line *line, const ol_request *r,
                            size_t *ret_at, ol_refusal *why);

/* "usa/urgent/0123.17" of what a reference names. */
json_t *ol_desk_ref_json(const ol_api_line *line, const ol_ref *ref);
/* Names of the parties that have a bit. */
json_t *ol_desk_parties_json(const ol_api_line *line, uint32_t parties);
/* What a readable entry of a kind beside opening and message says, into o (desk_kinds.c). */
void ol_desk_kind_json(const ol_api_line *line, const ol_entry *e, json_t *o);

/* A ring and a close are of their call's status: a drill must say so. Sets it, in no other entry;
 * the second looks the call up, where the store has it. */
void ol_desk_call_status(json_t *entry, unsigned status);
void ol_desk_find_status(const ol_desk *d, size_t line, const uint8_t *entry, size_t len,
                         json_t *o);

/* desk_words.c: rows of desk_kinds.c; and whose word an entry is, which stands in a view at that
 * place: "signed", and of a roster entry "counts" and "vouched". */
void ol_desk_officer(const ol_api_line *line, const ol_entry *e, json_t *o);
void ol_desk_watch(const ol_api_line *line, const ol_entry *e, json_t *o);
OL_MUST ol_err ol_desk_words_json(const ol_desk *d, size_t line, const ol_view *v, size_t at,
                                  json_t *o);
/* The same of an entry outside a page of `log`: by a view of all that the store holds. OL_EAGAIN:
 * such views took their share of the time already; OL_ELIMIT: the record is too long for one. Else
 * a member that writes much would keep the station from its work. */
OL_MUST ol_err ol_desk_signed(ol_desk *d, size_t line, const ol_log_key *log, uint64_t index,
                              json_t *o);

/* What the engine says of a log and a party; NULL: nothing in this run. */
void ol_desk_note(ol_desk *d, size_t line, const ol_api_note *note);
const ol_desk_went *ol_desk_went_of(const ol_desk *d, size_t line, const ol_log_key *log,
                                    uint8_t party);

/* "usa/urgent/0123456789abcdef", "usa/urgent/0123.17"; to has room for OL_DESK_NAME_LEN + 1. */
enum { OL_DESK_NAME_LEN = 72 };
/* What is put off between us and a party (OL_DELAY_…), as a list of words. */
json_t *ol_desk_delays(uint8_t what);
const char *ol_desk_log_name(const ol_api_line *line, const ol_log_key *log, char *to);
const char *ol_desk_entry_name(const ol_api_line *line, const ol_log_key *log, uint64_t index,
                               char *to);

#endif
