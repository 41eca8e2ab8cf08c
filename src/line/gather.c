#include "line/gather.h"

#include <string.h>

#include "base/err.h"

bool ol_gathering_has(const ol_gathering *of, unsigned place) {
    return place < OL_PIECES_MAX && (of->has[place / 8] >> place % 8 & 1) != 0;
}

static void set_place(ol_gathering *of, unsigned place, bool is_taken) {
    uint8_t bit = (uint8_t)(1u << place % 8);
    of->has[place / 8] = (uint8_t)(is_taken ? of->has[place / 8] | bit : of->has[place / 8] & ~bit);
}

static bool has_all_below(const ol_gathering *of, unsigned end) {
    for (unsigned k = 0; k < end; k++)
        if (!ol_gathering_has(of, k))
            return false;
    return true;
}

static bool is_end_fit(uint16_t each, uint8_t index, size_t len) {
    return len <= each && (size_t)index * each + len <= OL_PACKET_MAX;
}

static bool is_sound(const ol_piece_in *in) {
    size_t least = (size_t)in->index * OL_PIECE_MIN;
    if (in->len == 0 || in->index >= OL_PIECES_MAX)
        return false;
    if (in->is_last)
        return in->index > 0 && least + in->len <= OL_PACKET_MAX;
    return in->len >= OL_PIECE_MIN && (in->index + 1u) * in->len < OL_PACKET_MAX;
}

/* ---- which packet ---- */

static void begin(ol_gathering *of, uint8_t number, uint64_t turn) {
    memset(of, 0, sizeof *of);
    of->is_used = true, of->number = number, of->turn = turn;
}

static ol_gathering *make_room(ol_gather *g, uint8_t number) {
    ol_gathering *oldest = &g->v[0];
    for (size_t i = 0; i < OL_GATHER_PACKETS; i++) {
        if (!g->v[i].is_used) {
            oldest = &g->v[i];
            break;
        }
        if (g->v[i].turn < oldest->turn)
            oldest = &g->v[i];
    }
    g->given_up += oldest->is_used && !oldest->is_done;
    begin(oldest, number, g->turn);
    return oldest;
}

/* The one whose pieces are as long; else one of which only last pieces are known. */
static ol_gathering *of_length(ol_gather *g, uint8_t number, size_t len) {
    ol_gathering *found = NULL;
    for (size_t i = 0; i < OL_GATHER_PACKETS; i++) {
        ol_gathering *of = &g->v[i];
        if (!of->is_used || of->number != number)
            continue;
        if (of->each == len)
            return of;
        if (of->each == 0)
            found = of;
    }
    return found == NULL ? make_room(g, number) : found;
}

static void learn_length(ol_gathering *of, uint16_t each) {
    of->each = each;
    for (size_t e = 0; e < OL_GATHER_ENDS; e++)
        if (of->end[e].is_used && !is_end_fit(each, of->end[e].index, of->end[e].len))
            of->end[e].is_used = false;
}

/* ---- its place ---- */

static void judge(ol_gathering *of) {
    of->is_done = false;
    for (size_t e = 0; e < OL_GATHER_ENDS; e++)
        if (of->end[e].is_used && of->each > 0 && of->end[e].index == of->top &&
            has_all_below(of, of->top))
            of->is_done = true;
}

static ol_gather_result fresh(ol_gathering *of, ol_fresh what, size_t at) {
    of->fresh = (uint8_t)what, of->at = (uint8_t)at, of->next = 0;
    of->asks_in_row = 0;
    return OL_GATHER_NEW;
}

static ol_gather_result empty_place(ol_gathering *of, unsigned place) {
    set_place(of, place, false);
    if (of->spare.index == place)
        of->spare.is_used = false;
    return OL_GATHER_CLASH;
}

static ol_gather_result take_place(ol_gathering *of, const ol_piece_in *in) {
    uint8_t *place = of->data + (size_t)in->index * of->each;
    bool is_spare = of->spare.is_used && of->spare.index == in->index;
    bool has = ol_gathering_has(of, in->index);
    if (has && memcmp(place, in->p, in->len) == 0)
        return OL_GATHER_REPEAT;
    if (has && is_spare && memcmp(of->spare.p, in->p, in->len) == 0)
        return OL_GATHER_REPEAT;
    if (has && of->is_done) { /* a new packet of the same number */
        begin(of, of->number, of->turn);
        of->each = (uint16_t)in->len, has = false;
    }
    if (!has) {
        memcpy(place, in->p, in->len);
        set_place(of, in->index, true);
        of->top = in->index >= of->top ? (uint16_t)(in->index + 1u) : of->top;
        return fresh(of, OL_FRESH_PLACE, in->index);
    }
    if (of->spare.is_used)
        return empty_place(of, in->index);
    of->spare.is_used = true, of->spare.index = in->index, of->spare.len = (uint16_t)in->len;
    memcpy(of->spare.p, in->p, in->len);
    return fresh(of, OL_FRESH_SPARE, in->index);
}

static ol_gather_result take_end(ol_gathering *of, const ol_piece_in *in) {
    size_t room = OL_GATHER_ENDS;
    for (size_t e = 0; e < OL_GATHER_ENDS; e++) {
        if (!of->end[e].is_used)
            room = e;
        else if (of->end[e].index == in->index && of->end[e].len == in->len &&
                 memcmp(of->end[e].p, in->p, in->len) == 0)
            return OL_GATHER_REPEAT;
    }
    if (room == OL_GATHER_ENDS) {
        if (of->is_done)
            return OL_GATHER_REPEAT; /* nothing of it is wanted any more */
        for (size_t e = 0; e < OL_GATHER_ENDS; e++)
            of->end[e].is_used = false;
        return OL_GATHER_CLASH;
    }
    of->end[room].is_used = true, of->end[room].index = in->index;
    of->end[room].len = (uint16_t)in->len;
    memcpy(of->end[room].p, in->p, in->len);
    return fresh(of, OL_FRESH_END, room);
}

static ol_gather_result take_into(ol_gather *g, ol_gathering *of, const ol_piece_in *in,
                                  ol_mono now) {
    ol_gather_result r = in->is_last ? take_end(of, in) : take_place(of, in);
    of->turn = g->turn;
    of->piece_ms = now.ms;
    if (r != OL_GATHER_REPEAT)
        judge(of);
    return r;
}

void ol_gather_begin(ol_gather *g) {
    for (size_t i = 0; i < OL_GATHER_PACKETS; i++)
        g->v[i].fresh = OL_FRESH_NONE;
}

ol_gather_result ol_gather_take(ol_gather *g, const ol_piece_in *in, ol_mono now) {
    ol_gather_begin(g);
    if (!is_sound(in))
        return OL_GATHER_BAD;
    g->turn++;
    if (!in->is_last) {
        ol_gathering *of = of_length(g, in->number, in->len);
        if (of->each == 0)
            learn_length(of, (uint16_t)in->len);
        return take_into(g, of, in, now);
    }
    /* A last piece does not say how long the others are: it may be of any of this number. */
    ol_gather_result best = OL_GATHER_BAD;
    for (size_t i = 0; i < OL_GATHER_PACKETS; i++) {
        ol_gathering *of = &g->v[i];
        if (!of->is_used || of->number != in->number ||
            (of->each > 0 && !is_end_fit(of->each, in->index, in->len)))
            continue;
        ol_gather_result r = take_into(g, of, in, now);
        best = r > best ? r : best;
    }
    return best == OL_GATHER_BAD ? take_into(g, make_room(g, in->number), in, now) : best;
}

/* ---- what is complete ---- */

/* Combination c of what came last with all else: which end, and whether the spare stands in. */
static size_t combine(const ol_gathering *of, unsigned c, uint8_t *buf) {
    size_t e = c / 2;
    bool with_spare = c % 2 != 0;
    unsigned end = of->end[e].index;
    if (!of->end[e].is_used || of->each == 0 || !has_all_below(of, end))
        return 0;
    if (with_spare && (!of->spare.is_used || of->spare.index >= end))
        return 0;
    if (of->fresh == OL_FRESH_END ? of->at != e : of->at >= end)
        return 0;
    if (of->fresh == OL_FRESH_SPARE && !with_spare)
        return 0;
    size_t each = of->each, len = end * each;
    memcpy(buf, of->data, len);
    if (with_spare)
        memcpy(buf + of->spare.index * each, of->spare.p, each);
    memcpy(buf + len, of->end[e].p, of->end[e].len);
    return len + of->end[e].len;
}

size_t ol_gather_next(ol_gather *g, uint8_t *buf) {
    for (size_t i = 0; i < OL_GATHER_PACKETS; i++) {
        ol_gathering *of = &g->v[i];
        while (of->fresh != OL_FRESH_NONE && of->next < 2 * OL_GATHER_ENDS) {
            size_t len = combine(of, of->next++, buf);
            if (len > 0)
                return len;
        }
    }
    return 0;
}

unsigned ol_gathering_end(const ol_gathering *of, bool *ret_is_end) {
    unsigned end = 0;
    for (size_t e = 0; e < OL_GATHER_ENDS; e++)
        if (of->end[e].is_used && of->end[e].index >= of->top && of->end[e].index > end)
            end = of->end[e].index;
    *ret_is_end = end > 0;
    return end > 0 ? end : of->top;
}
