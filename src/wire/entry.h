/* wire/entry.h — one entry of a log: bytes ↔ struct.
 * Shape    [kind, wall, seen, body, ? item, ? read, ? signs, …] in deterministic CBOR;
 *          1..OL_ENTRY_MAX bytes; signs: [officer, written, signature]. seen: ascending log
 *          numbers; known [number, size] or first [number, size, party, lane, incarnation]. What
 *          a number means, whether sizes fall and which parties there are is not judged here; a
 *          party above 255 is given as 255.
 * Limits   OL_MENTIONS_MAX in seen, as many in read; sizes and indices below 2^48.
 * Errors   OL_ESHORT, OL_EFORM, OL_ELIMIT; *ret as it was. Such an entry is stored and shown as
 *          unreadable, never refused (§3.5).
 * Memory   body borrows the input; nothing is allocated.
 * Source   docs/PROTOCOL.md §4.1 to §4.3; vectors in tests/vectors/entry.txt */
#ifndef OL_WIRE_ENTRY_H
#define OL_WIRE_ENTRY_H

#include "base/bytes.h"
#include "wire/logkey.h"

enum {
    OL_ENTRY_MAX = 2048,
    OL_MENTIONS_MAX = 64,
    OL_ENTRY_WHOLE_MAX = 1984, /* one this long had room for a further mention (§4.2) */
    OL_SIGNS_MAX = 2,
    OL_OFFICER_MAX = 65535
};
enum { OL_LEAF_MIN = OL_SALT_LEN + 1, OL_LEAF_MAX = OL_SALT_LEN + OL_ENTRY_MAX };

typedef enum {
    OL_KIND_OPENING = 1,
    OL_KIND_MESSAGE = 2,
    OL_KIND_HANDBACK = 3,
    OL_KIND_OFFICER = 4,
    OL_KIND_WATCH = 5,
    OL_KIND_ACT = 6,
    OL_KIND_CALL = 7,
    OL_KIND_RING = 8,
    OL_KIND_REPLY = 9,
    OL_KIND_CLOSE = 10,
    OL_KIND_CHECK = 11,
    OL_KIND_ORDER = 12,
    OL_KIND_MENTIONS = 13
} ol_entry_kind;

typedef enum { /* why an incarnation was opened */
               OL_WHY_FIRST = 0,
               OL_WHY_NO_MARKER = 1,
               OL_WHY_STORE_BEHIND = 2,
               OL_WHY_MEMBER_HAS_MORE = 3,
               OL_WHY_FORK = 4,
               OL_WHY_AMENDMENT = 5
} ol_opening_why;

typedef struct {
    uint64_t number, size;
    bool is_first;
    ol_log_key log; /* of a first mention */
} ol_mention;

typedef struct { /* an officer's word on this entry (§4.8); not verified here */
    uint64_t officer, written;
    uint8_t sig[OL_SIG_LEN];
} ol_sign;

typedef struct {
    uint64_t kind, wall;
    size_t seens, reads;
    ol_mention seen[OL_MENTIONS_MAX], read[OL_MENTIONS_MAX]; /* read: number and size alone */
    const uint8_t *body;
    size_t body_len;
    bool has_item;
    uint8_t item[OL_ITEM_LEN];
    uint8_t signs; /* with an item alone */
    ol_sign sign[OL_SIGNS_MAX];
} ol_entry;

typedef struct {
    bool has_predecessor;
    uint8_t predecessor[OL_INC_LEN], root[32];
    uint64_t size, why;
    uint32_t generation; /* 0 where the opening has no such field */
} ol_opening;

OL_MUST ol_err ol_entry_decode(const uint8_t *p, size_t len, ol_entry *ret);
/* Writes the entry; reads and signs only with has_item. w->err tells when it does not fit. */
void ol_entry_encode(const ol_entry *e, ol_wr *w);

OL_MUST ol_err ol_opening_decode(const uint8_t *body, size_t len, ol_opening *ret);
void ol_opening_encode(const ol_opening *o, ol_wr *w);

#endif
