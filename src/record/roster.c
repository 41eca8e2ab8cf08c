#include "record/roster.h"

#include <string.h>

enum { NUMBERS = 256, NO_ROW = 0 };

typedef struct { /* where an officer's rows before this one are; rows plus one, NO_ROW: none */
    uint32_t before, far; /* far: some of them on, so that all are found in a few steps */
    uint32_t depth;       /* so many are before it */
} link_of;

typedef struct {
    uint32_t last[NUMBERS]; /* of the officers of numbers that share the high byte */
} officers;

typedef struct {
    officers *page[NUMBERS]; /* by high byte */
} party_rows;

struct ol_roster {
    ol_mem *mem;
    uint8_t line_id[OL_LINE_ID_LEN];
    const uint8_t *identity[OL_PARTIES_MAX];
    unsigned parties;
    ol_roster_row *row;
    link_of *link; /* of each row */
    size_t rows, cap, links_cap;
    party_rows *of[UINT8_MAX + 1];
};

void ol_enrolment_of(const ol_officer *o, ol_enrolment *ret) {
    *ret = (ol_enrolment){ .number = o->number,
                           .by = o->by,
                           .serial = o->serial,
                           .rung = o->rung,
                           .powers = o->powers,
                           .has_key = o->has_key,
                           .has_left = o->has_left,
                           .has_voucher = o->has_voucher };
    memcpy(ret->key, o->key, sizeof ret->key);
    memcpy(ret->sig, o->sig, sizeof ret->sig);
    ol_word_fields_hash(o->vouched.p, o->vouched.len, ret->fields);
}

ol_err ol_roster_new(ol_mem *mem, const uint8_t line_id[OL_LINE_ID_LEN],
                     const uint8_t *const *identity, unsigned parties, ol_roster **ret) {
    OL_ASSERT(parties <= OL_PARTIES_MAX);
    ol_roster *r = ol_mem_get0(mem, 1, sizeof *r);
    if (r == NULL)
        return OL_ENOMEM;
    r->mem = mem, r->parties = parties;
    memcpy(r->line_id, line_id, sizeof r->line_id);
    for (unsigned i = 0; i < parties; i++)
        r->identity[i] = identity[i];
    *ret = r;
    return OL_OK;
}

void ol_roster_free(ol_roster *r) {
    if (r == NULL)
        return;
    ol_mem *mem = r->mem;
    ol_mem_put(mem, r->row, r->cap, sizeof *r->row);
    ol_mem_put(mem, r->link, r->links_cap, sizeof *r->link);
    for (unsigned i = 0; i < OL_LEN(r->of); i++) {
        for (unsigned k = 0; r->of[i] != NULL && k < NUMBERS; k++)
            ol_mem_put(mem, r->of[i]->page[k], 1, sizeof(officers));
        ol_mem_put(mem, r->of[i], 1, sizeof(party_rows));
    }
    ol_mem_put(mem, r, 1, sizeof *r);
}

static uint32_t last_of(const ol_roster *r, uint8_t party, uint16_t number) {
    const officers *page = r->of[party] == NULL ? NULL : r->of[party]->page[number / NUMBERS];
    return page == NULL ? NO_ROW : page->last[number % NUMBERS];
}

const ol_roster_row *ol_roster_find(const ol_roster *r, uint8_t party, uint16_t number,
                                    uint64_t at) {
    uint32_t i = last_of(r, party, number);
    while (i != NO_ROW && r->row[i - 1].at >= at) {
        uint32_t far = r->link[i - 1].far;
        i = far != NO_ROW && r->row[far - 1].at >= at ? far : r->link[i - 1].before;
    }
    return i == NO_ROW ? NULL : &r->row[i - 1];
}

/* As far on as the two links before together, where those are of one length: then what is a power
 * of two away is a logarithm of steps away. */
static link_of link_to(const ol_roster *r, uint32_t before) {
    if (before == NO_ROW)
        return (link_of){ NO_ROW, NO_ROW, 0 };
    const link_of *l = &r->link[before - 1], *f = l->far == NO_ROW ? NULL : &r->link[l->far - 1];
    bool is_even = f != NULL && f->far != NO_ROW &&
                   l->depth - f->depth == f->depth - r->link[f->far - 1].depth;
    return (link_of){ before, is_even ? f->far : before, l->depth + 1 };
}

static uint32_t *room_for(ol_roster *r, uint8_t party, uint16_t number) {
    party_rows **of = &r->of[party];
    if (*of == NULL)
        *of = ol_mem_get0(r->mem, 1, sizeof **of);
    officers **page = *of == NULL ? NULL : &(*of)->page[number / NUMBERS];
    if (page != NULL && *page == NULL)
        *page = ol_mem_get0(r->mem, 1, sizeof **page);
    return page == NULL || *page == NULL ? NULL : &(*page)->last[number % NUMBERS];
}

static ol_err append(ol_roster *r, const ol_roster_row *row) {
    uint32_t *last = room_for(r, row->party, row->number);
    ol_roster_row *rows = ol_mem_grow(r->mem, r->row, &r->cap, r->rows + 1, sizeof *rows);
    if (rows != NULL)
        r->row = rows;
    link_of *link = ol_mem_grow(r->mem, r->link, &r->links_cap, r->rows + 1, sizeof *link);
    if (link != NULL)
        r->link = link;
    if (rows == NULL || link == NULL || last == NULL)
        return OL_ENOMEM;
    r->link[r->rows] = link_to(r, *last);
    r->row[r->rows++] = *row;
    *last = (uint32_t)r->rows;
    return OL_OK;
}

/* By whom it would have to be signed; NULL: nobody may. */
static const uint8_t *voucher_key(const ol_roster *r, uint8_t party, const ol_enrolment *e) {
    if (party >= r->parties || !e->has_voucher)
        return NULL;
    if (e->by == 0)
        return r->identity[party];
    const ol_roster_row *row = ol_roster_find(r, party, e->by, UINT64_MAX);
    bool may = row != NULL && e->by != e->number && row->may_vouch && !row->has_left;
    return may && row->has_key ? row->key : NULL;
}

static bool is_vouched_by(const ol_roster *r, uint8_t party, ol_enrolment *e, const uint8_t *key) {
    if (!e->is_tried || memcmp(e->tried, key, sizeof e->tried) != 0) {
        e->holds = ol_word_vouched(r->line_id, party, e->fields, key, e->sig) == OL_OK;
        e->is_tried = true;
        memcpy(e->tried, key, sizeof e->tried);
    }
    return e->holds;
}

static ol_roster_effect effect_of(const ol_roster_row *before, const ol_enrolment *e,
                                  bool is_vouched) {
    if (before == NULL || (is_vouched && !before->is_vouched))
        return is_vouched ? OL_ROSTER_TAKEN : OL_ROSTER_CLAIM;
    if (before->is_vouched && !is_vouched)
        return e->has_left ? OL_ROSTER_LEFT : OL_ROSTER_BARRED;
    if (e->serial <= before->serial)
        return OL_ROSTER_OUTDATED;
    return is_vouched ? OL_ROSTER_TAKEN : OL_ROSTER_CLAIM;
}

ol_err ol_roster_add(ol_roster *r, uint64_t at, uint8_t party, ol_enrolment *e, size_t entry,
                     ol_roster_effect *ret, bool *ret_is_false) {
    OL_ASSERT(r->rows == 0 || r->row[r->rows - 1].at <= at);
    const uint8_t *key = voucher_key(r, party, e);
    bool is_vouched = key != NULL && is_vouched_by(r, party, e, key);
    const ol_roster_row *before = ol_roster_find(r, party, e->number, UINT64_MAX);
    ol_roster_effect effect = effect_of(before, e, is_vouched);
    ol_roster_row row = { .serial = e->serial,
                          .rung = e->rung,
                          .entry = entry,
                          .number = e->number,
                          .party = party,
                          .has_key = e->has_key,
                          .has_left = e->has_left,
                          .is_vouched = is_vouched,
                          .may_vouch = is_vouched && (e->powers & OL_OFFICER_MAY_VOUCH) != 0,
                          .may_release = is_vouched && (e->powers & OL_OFFICER_MAY_RELEASE) != 0 };
    memcpy(row.key, e->key, sizeof row.key);
    if (effect == OL_ROSTER_LEFT)
        row = *before, row.has_left = true;
    row.at = at;
    ol_err err = OL_OK;
    if (effect != OL_ROSTER_BARRED && effect != OL_ROSTER_OUTDATED)
        err = append(r, &row);
    *ret = effect;
    *ret_is_false = e->has_voucher && !is_vouched;
    return err;
}

size_t ol_roster_rows(const ol_roster *r) {
    return r->rows;
}

const ol_roster_row *ol_roster_at(const ol_roster *r, size_t row) {
    OL_ASSERT(row < r->rows);
    return &r->row[row];
}
