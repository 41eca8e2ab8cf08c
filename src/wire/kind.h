/* wire/kind.h — the kinds of entries: one row each, for all who read them.
 * Reading  ol_kind_misfit is the one judge of whether a body can be read: of records (record/view),
 *          of what clients submit (station), of what is shown (desk). What it refuses is stored and
 *          receipted all the same (§3.5). Compressed texts are not opened here.
 * Source   docs/PROTOCOL.md §4.1; one file a body in wire/ */
#ifndef OL_WIRE_KIND_H
#define OL_WIRE_KIND_H

#include "wire/entry.h"
#include "wire/message.h"

typedef enum { OL_BY_STATION, OL_BY_PEOPLE, OL_BY_EITHER } ol_kind_by;

typedef struct { /* where an entry stands */
    uint8_t author;
    ol_lane lane;
    bool is_first; /* entry 0 of its log */
    unsigned parties, rungs;
} ol_kind_at;

typedef struct {
    uint64_t kind;
    const char *name; /* as in the control protocol */
    ol_kind_by by;
    /* NULL, or why the body cannot be read; *ret_lane: where it must stand. */
    const char *(*misfit)(const uint8_t *body, size_t len, const ol_kind_at *at, ol_lane *ret_lane);
    /* Of a body that can be read: the entry it refers to; false: none. NULL: never any. */
    bool (*ref)(const uint8_t *body, size_t len, ol_ref *ret);
} ol_kind;

const ol_kind *ol_kind_of(uint64_t kind); /* NULL: not known here */
const ol_kind *ol_kind_named(const char *name, size_t len);

/* NULL, or in a sentence why this entry cannot be read where it stands. */
const char *ol_kind_misfit(const ol_entry *e, const ol_kind_at *at);
/* The same of a body that people hand in, wherever it will stand: *ret_lane is where. */
const char *ol_kind_submit(const ol_kind *kind, const uint8_t *body, size_t len,
                           const ol_kind_at *at, ol_lane *ret_lane);
bool ol_kind_ref(const ol_entry *e, ol_ref *ret);
/* Must two officers release it, on a line that asks so of these precedences, a bit each (§4.8)? A
 * message or a call that people write, not of status test. */
bool ol_kind_needs_two(uint64_t kind, const uint8_t *body, size_t len, unsigned precedences);

#endif
