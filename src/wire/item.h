/* wire/item.h — the items of a session's payload: bytes ↔ struct, one at a time.
 * Shape    u8 type ‖ body, integers as varints; see the table in the specification.
 * Limits   sizes and indices below 2^48; entries 1..OL_ENTRY_MAX bytes.
 * Errors   OL_ESHORT, OL_EFORM, OL_ELIMIT: the whole payload is rejected (call ol_item_check
 * first). Memory   pointers borrow the payload. Source   docs/PROTOCOL.md §5.2 */
#ifndef OL_WIRE_ITEM_H
#define OL_WIRE_ITEM_H

#include "base/bytes.h"
#include "wire/entry.h"
#include "wire/logkey.h"

typedef enum {
    OL_ITEM_LOG_SHORT = 0x00, /* .. 0x1F */
    OL_ITEM_LOG_FULL = 0x20,  /* .. 0x3F */
    OL_ITEM_ENTRY = 0x40,
    OL_ITEM_NEXT = 0x41,
    OL_ITEM_PART = 0x42,
    OL_ITEM_HEAD = 0x43,
    OL_ITEM_RECEIPT = 0x44,
    OL_ITEM_HAVE = 0x45,
    OL_ITEM_NOTE = 0x46,
    OL_ITEM_NOTE_R = 0x47,
    OL_ITEM_ASK = 0x48,
    OL_ITEM_FORGOT = 0x49,
    OL_ITEM_PROVE = 0x4A,
    OL_ITEM_STOPPED = 0x4B,
    OL_ITEM_PING = 0x4C,
    OL_ITEM_PONG = 0x4D,
    OL_ITEM_TOLD = 0x4E,
    OL_ITEM_WANT = 0x4F,
    OL_ITEM_DELAYED = 0x50,
    OL_ITEM_ALL = 0x51,
    OL_ITEM_BUSY = 0x52,
    OL_ITEM_LATER = 0x80 /* .. 0xFF: skipped */
} ol_item_type;

typedef struct {
    ol_item_type type;      /* LOG_SHORT, LOG_FULL and LATER stand for their ranges */
    ol_log_key log;         /* LOG: incarnation holds 2 or 8 bytes */
    uint64_t index;         /* ENTRY, PART; NEXT: set by ol_item_get from the one before */
    uint64_t total, offset; /* PART */
    uint64_t size;          /* HEAD, RECEIPT, HAVE, NOTE, NOTE_R, ASK, WANT */
    uint64_t receipt;       /* HAVE */
    uint64_t time;          /* RECEIPT, NOTE_R */
    uint32_t run;           /* FORGOT, TOLD */
    uint32_t seconds;       /* DELAYED */
    uint16_t token;         /* PING, PONG */
    uint8_t party, why;     /* RECEIPT, NOTE_R, WANT; STOPPED, ALL, BUSY */
    const uint8_t *p;       /* ENTRY, NEXT, PART: bytes; else the signature */
    size_t len;
    const uint8_t *root; /* NOTE, NOTE_R */
} ol_item;

/* Takes the next item; *it carries over the index for NEXT, so give the same struct each time,
 * zeroed at first. NEXT without an ENTRY or NEXT before it under the same LOG is OL_EFORM. */
OL_MUST ol_err ol_item_get(ol_rd *r, ol_item *it);
/* The whole payload parses. */
OL_MUST ol_err ol_item_check(const uint8_t *p, size_t len);
void ol_item_put(ol_wr *w, const ol_item *it);
/* Bytes that ol_item_put will write. */
size_t ol_item_len(const ol_item *it);

#endif
