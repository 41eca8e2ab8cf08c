#include "line/segment.h"

#include <string.h>

#include "base/bytes.h"
#include "line/gather.h"
#include "line/line.h"
#include "line/turn.h"

/* The first byte of a frame (§5.8). */
enum { WHOLE = 0x00, OVER = 0x01, MISSING = 0x40, PIECE = 0x80, LAST = 0x40, NUMBER = 0x3f };
enum { UNSEEN = 0x80, BASE = 0x7f }; /* the second one of MISSING */
enum { WHOLE_HEAD = 1, PIECE_HEAD = 2 };

enum {
    QUIET_MS = 500,    /* at least, before pieces are asked for */
    OTHERS_FRAMES = 8, /* of other packets: then this one is not just overtaken */
    ASKS_MAX = 12,     /* for a packet, without a new piece */
    DOUBLINGS = 5,     /* of the time between two of them */
    AGAIN_SHARE = 2,   /* of a packet sent so many times its pieces are sent again, and */
    AGAIN_MORE = 8,    /* so many more */
    CREDIT_START = 8,  /* MISSING sent to who may be a stranger */
    CREDIT_PUT = 4,    /* more for each packet of ours */
    CREDIT_MAX = 64    /* and when something authentic came */
};

typedef struct {
    bool is_used;
    int class;
    uint8_t number, pieces, next; /* next: the first that was not sent yet */
    uint16_t len, each;
    uint16_t again;                  /* pieces asked for again, in all */
    uint8_t want[OL_PIECES_MAX / 8]; /* pieces asked for */
    uint64_t order;
    uint8_t p[OL_PACKET_MAX];
} sg_sent;

struct ol_segment {
    ol_mem *mem;
    ol_segment_opts o;
    uint32_t frame_ms;
    ol_turn turn; /* used if o.is_half */
    sg_sent sent[OL_SEGMENT_KEPT];
    uint64_t order;
    uint8_t number; /* of the next packet */
    unsigned credit;
    uint64_t any_ms, over_ms; /* last frame in; last OVER */
    bool has_over;
    ol_gather gather;
    size_t whole_len; /* in out, not handed out yet */
    uint8_t out[OL_PACKET_MAX];
    ol_segment_counts counts;
};

_Static_assert((int)OL_SEGMENT_PACKET_MAX == (int)OL_PACKET_MAX &&
                   (int)OL_PACKET_MAX == (int)OL_FRAME_MAX,
               "a packet is what the engine makes");
_Static_assert(OL_SEGMENT_FRAME_MIN - PIECE_HEAD == OL_PIECE_MIN, "the smallest frame");
_Static_assert((OL_PACKET_MAX + OL_PIECE_MIN - 1) / OL_PIECE_MIN <= OL_PIECES_MAX, "an index fits");

/* ---- times ---- */

static uint32_t air_ms(const ol_segment_opts *o, size_t len) {
    return (uint32_t)(((uint64_t)len + o->framing) * o->byte_us / 1000);
}

uint32_t ol_segment_rate(const ol_segment_opts *o) {
    if (o->byte_us == 0)
        return 0;
    uint64_t wire_us = ((uint64_t)o->frame + o->framing) * o->byte_us;
    uint64_t rate = UINT64_C(8000000) * (o->frame - (unsigned)PIECE_HEAD) / wire_us;
    return rate > UINT32_MAX ? UINT32_MAX : rate == 0 ? 1 : (uint32_t)rate;
}

uint32_t ol_segment_hold_ms(const ol_segment_opts *o) {
    return o->is_half ? ol_turn_hold_ms(o->turnaround_ms) : 0;
}

/* ---- life ---- */

ol_err ol_segment_new(ol_mem *mem, const ol_segment_opts *o, ol_mono now, ol_segment **ret) {
    OL_ASSERT(o->frame >= OL_SEGMENT_FRAME_MIN && o->frame <= OL_SEGMENT_FRAME_MAX);
    ol_segment *s = ol_mem_get0(mem, 1, sizeof *s);
    if (s == NULL)
        return OL_ENOMEM;
    s->mem = mem, s->o = *o;
    s->frame_ms = air_ms(o, o->frame);
    s->number = o->seed & NUMBER;
    s->credit = CREDIT_START;
    ol_turn_opts turn = { .turnaround_ms = o->turnaround_ms,
                          .frame_ms = s->frame_ms,
                          .is_first = o->is_first,
                          .seed = o->seed };
    ol_turn_init(&s->turn, &turn, now);
    *ret = s;
    return OL_OK;
}

void ol_segment_free(ol_segment *s) {
    if (s != NULL)
        ol_mem_put(s->mem, s, 1, sizeof *s);
}

/* ---- out: what is pending ---- */

static bool bit_of(const uint8_t *bits, unsigned k) {
    return (bits[k / 8] >> k % 8 & 1) != 0;
}

/* The piece of it that goes next; OL_PIECES_MAX: none. */
static unsigned next_piece(const sg_sent *x) {
    for (unsigned k = 0; k < x->next; k++)
        if (bit_of(x->want, k))
            return k;
    return x->next < x->pieces ? x->next : OL_PIECES_MAX;
}

static bool is_pending(const sg_sent *x) {
    return x->is_used && next_piece(x) < OL_PIECES_MAX;
}

/* Urgent ones first, then in the order in which they were put. */
static sg_sent *first_pending(const ol_segment *s) {
    const sg_sent *first = NULL;
    for (size_t i = 0; i < OL_SEGMENT_KEPT; i++) {
        const sg_sent *x = &s->sent[i];
        if (is_pending(x) && (first == NULL || x->class < first->class ||
                              (x->class == first->class && x->order < first->order)))
            first = x;
    }
    return (sg_sent *)(uintptr_t)first;
}

int ol_segment_room(const ol_segment *s, ol_mono now) {
    if (s->o.is_half && !ol_turn_has_room(&s->turn, now))
        return OL_CLASS_NONE;
    const sg_sent *first = first_pending(s);
    if (first == NULL)
        return OL_CLASS_ROUTINE;
    return first->class == OL_CLASS_URGENT ? OL_CLASS_NONE : OL_CLASS_URGENT;
}

void ol_segment_put(ol_segment *s, int class, const uint8_t *packet, size_t len) {
    OL_ASSERT(class == OL_CLASS_URGENT || class == OL_CLASS_ROUTINE);
    OL_ASSERT(len > 0 && len <= OL_PACKET_MAX);
    sg_sent *x = NULL;
    for (size_t i = 0; i < OL_SEGMENT_KEPT; i++) {
        sg_sent *y = &s->sent[i];
        if (!is_pending(y) && (x == NULL || (x->is_used && (!y->is_used || y->order < x->order))))
            x = y;
    }
    OL_ASSERT(x != NULL); /* there was room */
    bool is_whole = len + WHOLE_HEAD <= s->o.frame;
    size_t each = is_whole ? len : s->o.frame - (size_t)PIECE_HEAD;
    *x = (sg_sent){ .is_used = true, .class = class, .number = s->number, .order = ++s->order };
    x->len = (uint16_t)len, x->each = (uint16_t)each;
    x->pieces = (uint8_t)((len + each - 1) / each);
    memcpy(x->p, packet, len);
    if (!is_whole)
        s->number = (s->number + 1) & NUMBER;
    s->credit = s->credit + CREDIT_PUT > CREDIT_MAX ? CREDIT_MAX : s->credit + CREDIT_PUT;
    s->counts.packets_out++;
}

static size_t write_piece(ol_segment *s, sg_sent *x, ol_wr *w) {
    unsigned k = next_piece(x);
    size_t at = (size_t)k * x->each, len = x->len - at < x->each ? x->len - at : x->each;
    if (x->pieces == 1) {
        ol_wr_be(w, WHOLE, 1);
        x->is_used = false; /* it cannot be asked for */
    } else {
        ol_wr_be(w, PIECE | (k + 1u == x->pieces ? LAST : 0u) | x->number, 1);
        ol_wr_be(w, k, 1);
    }
    ol_wr_put(w, x->p + at, len);
    if (k == x->next) {
        x->next++;
        return w->len;
    }
    x->want[k / 8] &= (uint8_t) ~(1u << k % 8);
    s->counts.answered++;
    return w->len;
}

/* ---- out: what is missing ---- */

static uint64_t later_of(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/* When a packet's missing pieces are to be asked for. */
static uint64_t ask_at(const ol_segment *s, const ol_gathering *of) {
    bool is_end;
    if (!of->is_used || of->is_done || of->asks_in_row >= ASKS_MAX)
        return OL_NEVER;
    (void)ol_gathering_end(of, &is_end);
    if (is_end && !of->has_asked)
        return of->piece_ms;
    if (s->has_over && s->over_ms >= of->piece_ms && s->over_ms > of->asked_ms)
        return s->over_ms; /* all that it had to say was said */
    uint64_t since = later_of(of->piece_ms, of->asked_ms);
    uint64_t quiet = 2 * ((uint64_t)s->frame_ms + s->o.turnaround_ms) + QUIET_MS;
    quiet <<= of->asks_in_row < DOUBLINGS ? of->asks_in_row : DOUBLINGS;
    uint64_t overtaken = since + quiet + (uint64_t)OTHERS_FRAMES * s->frame_ms;
    uint64_t silent = later_of(since, s->any_ms) + quiet;
    return silent < overtaken ? silent : overtaken;
}

static ol_gathering *first_to_ask(const ol_segment *s, uint64_t *ret_at) {
    const ol_gathering *first = NULL;
    *ret_at = OL_NEVER;
    for (size_t i = 0; i < OL_GATHER_PACKETS && s->credit > 0; i++) {
        uint64_t at = ask_at(s, &s->gather.v[i]);
        if (at < *ret_at)
            first = &s->gather.v[i], *ret_at = at;
    }
    return (ol_gathering *)(uintptr_t)first;
}

/* The gaps from the first on, as many as fit. */
static void put_gaps(const ol_gathering *of, size_t room, ol_wr *w) {
    bool is_end;
    unsigned end = ol_gathering_end(of, &is_end), base = 0;
    while (base < end && ol_gathering_has(of, base))
        base++;
    size_t bytes = (end - base + 7) / 8;
    bool fits = bytes <= room;
    bytes = fits ? bytes : room;
    ol_wr_be(w, (fits && !is_end ? (unsigned)UNSEEN : 0u) | base, 1);
    for (unsigned k = base; k < base + 8 * bytes; k += 8) {
        unsigned bits = 0;
        for (unsigned i = 0; i < 8; i++)
            if (k + i < end ? !ol_gathering_has(of, k + i) : !is_end)
                bits |= 1u << i;
        ol_wr_be(w, bits, 1);
    }
}

static size_t write_missing(ol_segment *s, ol_wr *w, ol_mono now) {
    uint64_t at;
    ol_gathering *of = first_to_ask(s, &at);
    if (of == NULL || at > now.ms)
        return 0;
    ol_wr_be(w, MISSING | (unsigned)of->number, 1);
    put_gaps(of, s->o.frame - (size_t)PIECE_HEAD, w);
    of->has_asked = true, of->asks_in_row++, of->asked_ms = now.ms;
    s->credit--;
    s->counts.asked++;
    return w->len;
}

/* ---- out ---- */

size_t ol_segment_next(ol_segment *s, uint8_t *buf, ol_mono now) {
    ol_wr w = ol_wr_of(buf, s->o.frame);
    if (s->o.is_half && !ol_turn_may(&s->turn, now))
        return 0;
    bool has_room = !s->o.is_half || ol_turn_has_room(&s->turn, now);
    bool was_talking = s->turn.state == OL_TURN_TALK;
    size_t len = has_room ? write_missing(s, &w, now) : 0;
    sg_sent *x = has_room && len == 0 ? first_pending(s) : NULL;
    if (x != NULL)
        len = write_piece(s, x, &w);
    if (s->o.is_half && len > 0) {
        ol_turn_said(&s->turn, air_ms(&s->o, len), now);
        s->counts.transmissions += !was_talking;
    } else if (s->o.is_half && ol_turn_owes_over(&s->turn, now)) {
        ol_wr_be(&w, OVER, 1);
        len = w.len;
        ol_turn_said_over(&s->turn, air_ms(&s->o, len), now);
        s->counts.transmissions += !was_talking;
    }
    s->counts.frames_out += len > 0;
    return len;
}

uint64_t ol_segment_due(const ol_segment *s, ol_mono now) {
    uint64_t ask;
    (void)first_to_ask(s, &ask);
    if (first_pending(s) != NULL)
        ask = now.ms;
    ask = ask == OL_NEVER ? OL_NEVER : later_of(ask, now.ms);
    if (!s->o.is_half || s->turn.state == OL_TURN_TALK)
        return s->o.is_half ? now.ms : ask;
    uint64_t turn = ol_turn_due(&s->turn, now);
    return turn == OL_NEVER ? ask : turn;
}

/* ---- in ---- */

static void want(const sg_sent *x, unsigned k, uint8_t *bits, unsigned *count) {
    if (k >= x->next || bit_of(bits, k))
        return;
    bits[k / 8] |= (uint8_t)(1u << k % 8);
    (*count)++;
}

static void take_missing(ol_segment *s, uint8_t number, ol_rd *r) {
    sg_sent *x = NULL;
    for (size_t i = 0; i < OL_SEGMENT_KEPT; i++)
        if (s->sent[i].is_used && s->sent[i].pieces > 1 && s->sent[i].number == number)
            x = &s->sent[i];
    uint64_t head = ol_rd_be(r, 1);
    if (x == NULL)
        return;
    unsigned k = head & BASE, count = 0;
    uint8_t bits[OL_PIECES_MAX / 8];
    memcpy(bits, x->want, sizeof bits);
    while (r->left > 0 && k < x->pieces) {
        uint8_t byte = (uint8_t)ol_rd_be(r, 1);
        for (unsigned i = 0; i < 8; i++, k++)
            if ((byte >> i & 1) != 0)
                want(x, k, bits, &count);
    }
    for (; (head & UNSEEN) != 0 && k < x->pieces; k++)
        want(x, k, bits, &count);
    unsigned most = (unsigned)AGAIN_SHARE * x->pieces + AGAIN_MORE;
    if (count == 0)
        return;
    if (x->again + count > most) {
        s->counts.refused++;
        return;
    }
    memcpy(x->want, bits, sizeof bits);
    x->again = (uint16_t)(x->again + count);
}

static bool take_piece(ol_segment *s, uint8_t kind, ol_rd *r, ol_mono now) {
    ol_piece_in in = { .number = kind & NUMBER, .is_last = (kind & LAST) != 0 };
    in.index = (uint8_t)ol_rd_be(r, 1);
    in.len = r->left;
    in.p = ol_rd_take(r, r->left);
    ol_gather_result result = ol_gather_take(&s->gather, &in, now);
    s->counts.clashes += result == OL_GATHER_CLASH;
    s->counts.given_up = s->gather.given_up;
    return result != OL_GATHER_BAD;
}

static bool take_whole(ol_segment *s, ol_rd *r) {
    size_t len = r->left;
    const uint8_t *p = ol_rd_take(r, len);
    if (len == 0)
        return false;
    memcpy(s->out, p, len);
    s->whole_len = len;
    return true;
}

void ol_segment_take(ol_segment *s, const uint8_t *frame, size_t len, ol_mono now) {
    ol_rd r = ol_rd_of(frame, len);
    ol_gather_begin(&s->gather);
    s->whole_len = 0;
    s->counts.frames_in++;
    uint8_t kind = (uint8_t)ol_rd_be(&r, 1);
    bool is_ok = r.err == OL_OK && len <= OL_SEGMENT_FRAME_MAX;
    if (is_ok && (kind & PIECE) != 0)
        is_ok = take_piece(s, kind, &r, now);
    else if (is_ok && kind == WHOLE)
        is_ok = take_whole(s, &r);
    else if (is_ok && (kind & MISSING) != 0)
        is_ok = r.left > 0, take_missing(s, kind & NUMBER, &r);
    else
        is_ok = is_ok && kind == OVER;
    s->counts.dropped += !is_ok;
    if (!is_ok)
        return;
    s->any_ms = now.ms;
    if (kind == OVER) {
        s->has_over = true, s->over_ms = now.ms;
        ol_turn_heard_over(&s->turn, now);
    } else {
        ol_turn_heard(&s->turn, now);
    }
}

const uint8_t *ol_segment_packet(ol_segment *s, size_t *ret_len) {
    size_t len = s->whole_len;
    if (len == 0)
        len = ol_gather_next(&s->gather, s->out);
    s->whole_len = 0;
    if (len == 0)
        return NULL;
    s->counts.packets_in++;
    *ret_len = len;
    return s->out;
}

void ol_segment_heard(ol_segment *s) {
    s->credit = CREDIT_MAX;
}

const ol_segment_counts *ol_segment_counts_of(const ol_segment *s) {
    return &s->counts;
}
