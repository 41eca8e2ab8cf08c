/* line/gather.h — pieces of packets that come in, until they make packets.
 * Anyone may have sent a piece: nothing here is authentic. So memory is fixed, the one longest
 * untouched makes room, and where two pieces claim one place both are kept: every combination is
 * handed out, the engine drops what does not verify.
 * Limits   OL_GATHER_PACKETS in the making or done; of one, two pieces for the last place and for
 *          one other; one more for a place, or for another place, empties that place.
 * Pure     no clock; embedded by design (about 40 KB).
 * Source   docs/PROTOCOL.md §5.8 */
#ifndef OL_LINE_GATHER_H
#define OL_LINE_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

enum {
    OL_GATHER_PACKETS = 8,
    OL_PIECES_MAX = 128,
    OL_PIECE_MIN = 12,
    OL_PACKET_MAX = 1200,
    OL_GATHER_ENDS = 2
};

typedef struct {
    uint8_t number, index; /* of the packet, 6 bits; of the piece, 7 bits */
    bool is_last;
    const uint8_t *p;
    size_t len;
} ol_piece_in;

typedef enum { OL_FRESH_NONE, OL_FRESH_PLACE, OL_FRESH_SPARE, OL_FRESH_END } ol_fresh;

typedef struct {
    bool is_used, is_done;
    uint8_t number;
    uint16_t each;                  /* bytes of every piece but the last; 0: not known */
    uint16_t top;                   /* 1 + the highest place taken, last pieces aside */
    uint8_t has[OL_PIECES_MAX / 8]; /* bit k: place k is taken */
    uint8_t data[OL_PACKET_MAX];    /* place k at k * each */
    struct {
        bool is_used;
        uint8_t index;
        uint16_t len;
        uint8_t p[OL_PACKET_MAX];
    } end[OL_GATHER_ENDS], spare; /* spare: the second piece for one place */
    uint64_t turn;                /* the larger the later touched */
    uint8_t fresh, at, next; /* what came last; its place or end; the next combination with it */
    uint64_t piece_ms;       /* when the last piece came */
    /* The caller's own (segment.c), 0 with each packet that begins: */
    uint64_t asked_ms;
    uint8_t asks_in_row; /* since the last new piece */
    bool has_asked;
} ol_gathering;

typedef struct {
    ol_gathering v[OL_GATHER_PACKETS];
    uint64_t turn, given_up; /* packets that made room before they were complete */
} ol_gather;

typedef enum {
    OL_GATHER_BAD,    /* no piece of any packet */
    OL_GATHER_REPEAT, /* known */
    OL_GATHER_CLASH,  /* one too many for its place, which is empty now */
    OL_GATHER_NEW     /* it took its place */
} ol_gather_result;

ol_gather_result ol_gather_take(ol_gather *g, const ol_piece_in *piece, ol_mono now);
/* Forgets what was to be handed out. */
void ol_gather_begin(ol_gather *g);
/* The packets that the piece taken last completes, one a call, into OL_PACKET_MAX bytes; 0: no
 * more. */
size_t ol_gather_next(ol_gather *g, uint8_t *buf);

bool ol_gathering_has(const ol_gathering *of, unsigned place);
/* Of a packet that is not done: places below the returned one may be missing; when false is
 * written to *ret_is_end, so may all from there on: the last piece was not seen. */
unsigned ol_gathering_end(const ol_gathering *of, bool *ret_is_end);

#endif
