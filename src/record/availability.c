#include "record/availability.h"

#include <stdlib.h>
#include <string.h>

enum { TIME_BITS = 40 }; /* as on the wire */

typedef struct {
    ol_log_key log;
    uint64_t index, wall, number;
    size_t word, words; /* what it says of paths */
    uint32_t reach;     /* seconds that it counts */
} av_check;

typedef struct {
    uint8_t to;
    bool is_proven;
    char bearer[OL_BEARER_NAME_MAX + 1];
} av_word;

struct ol_avail {
    ol_mem *mem;
    av_check *check;
    av_word *word;
    size_t checks, checks_cap, words, words_cap;
};

ol_err ol_avail_new(ol_mem *mem, ol_avail **ret) {
    ol_avail *a = ol_mem_get0(mem, 1, sizeof *a);
    if (a == NULL)
        return OL_ENOMEM;
    a->mem = mem;
    *ret = a;
    return OL_OK;
}

void ol_avail_free(ol_avail *a) {
    if (a == NULL)
        return;
    ol_mem_put(a->mem, a->check, a->checks_cap, sizeof *a->check);
    ol_mem_put(a->mem, a->word, a->words_cap, sizeof *a->word);
    ol_mem_put(a->mem, a, 1, sizeof *a);
}

/* ---- adding ---- */

static OL_MUST ol_err add_word(ol_avail *a, const ol_proven *p, uint32_t reach) {
    av_word *word = ol_mem_grow(a->mem, a->word, &a->words_cap, a->words + 1, sizeof *word);
    if (word == NULL)
        return OL_ENOMEM;
    a->word = word;
    av_word *w = &a->word[a->words++];
    *w = (av_word){ .to = p->party, .is_proven = p->age <= reach };
    memcpy(w->bearer, p->bearer, sizeof w->bearer);
    return OL_OK;
}

/* A path that is named twice counts as it is named first. */
static bool is_named(const ol_check *c, size_t at) {
    for (size_t i = 0; i < at; i++)
        if (c->proven.v[i].party == c->proven.v[at].party &&
            strcmp(c->proven.v[i].bearer, c->proven.v[at].bearer) == 0)
            return true;
    return false;
}

ol_err ol_avail_add(ol_avail *a, const ol_log_key *log, uint64_t index, uint64_t wall,
                    const ol_check *c) {
    if (wall >> TIME_BITS > 0) /* out of this world */
        return OL_OK;
    av_check *check = ol_mem_grow(a->mem, a->check, &a->checks_cap, a->checks + 1, sizeof *check);
    if (check == NULL)
        return OL_ENOMEM;
    a->check = check;
    av_check *k = &a->check[a->checks++];
    *k = (av_check){ .log = *log, .index = index, .wall = wall, .number = c->number };
    k->word = a->words, k->reach = c->interval + c->interval / 2;
    ol_err err = OL_OK;
    for (size_t i = 0; i < c->proven.n && err == OL_OK; i++)
        if (!is_named(c, i))
            err = add_word(a, &c->proven.v[i], k->reach);
    k->words = a->words - k->word;
    return err;
}

static int order(uint64_t a, uint64_t b) {
    return a < b ? -1 : a > b;
}

static int compare(const void *x, const void *y) {
    const av_check *a = x, *b = y;
    int by = order(a->log.party, b->log.party);
    by = by != 0 ? by : order(a->wall, b->wall);
    by = by != 0 ? by : order(a->number, b->number);
    by = by != 0 ? by : memcmp(a->log.incarnation, b->log.incarnation, OL_INC_LEN);
    return by != 0 ? by : order(a->index, b->index);
}

void ol_avail_finish(ol_avail *a) {
    if (a->checks > 0)
        qsort(a->check, a->checks, sizeof *a->check, compare);
}

/* ---- asking ---- */

/* The party's first check at or after this time; its end is where the next party's begin. */
static size_t first_at(const ol_avail *a, uint8_t party, uint64_t wall) {
    const av_check least = { .log.party = party, .wall = wall };
    size_t low = 0, high = a->checks;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (compare(&a->check[mid], &least) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static uint64_t later(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static uint64_t sooner(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static bool is_of(const ol_avail *a, size_t i, uint8_t party) {
    return i < a->checks && a->check[i].log.party == party;
}

bool ol_avail_period(const ol_avail *a, uint8_t party, uint64_t *from, uint64_t *to) {
    size_t first = first_at(a, party, 0), end = first_at(a, (uint8_t)(party + 1), 0);
    bool needs_own = *from == OL_AVAIL_OWN || *to == OL_AVAIL_OWN;
    if (needs_own && first == end)
        return false;
    if (*from == OL_AVAIL_OWN)
        *from = a->check[first].wall;
    if (*to == OL_AVAIL_OWN)
        *to = a->check[end - 1].wall + 1;
    return *from < *to;
}

/* The days of a party's period, its last not included. */
static bool days_of(const ol_avail *a, uint8_t party, uint64_t *from, uint64_t *to) {
    bool is_from_first = *from != OL_AVAIL_OWN && *to == OL_AVAIL_OWN;
    if (!ol_avail_period(a, party, from, to))
        return false;
    uint64_t first = *from / OL_AVAIL_DAY, last = (*to - 1) / OL_AVAIL_DAY;
    if (last - first < OL_AVAIL_DAYS_MAX)
        return true;
    if (is_from_first) {
        *from = later(*from, a->check[first_at(a, party, *from)].wall);
        *to = sooner(*to, (*from / OL_AVAIL_DAY + OL_AVAIL_DAYS_MAX) * OL_AVAIL_DAY);
    } else {
        *from = (last - OL_AVAIL_DAYS_MAX + 1) * OL_AVAIL_DAY;
    }
    return true;
}

bool ol_avail_day(const ol_avail *a, unsigned parties, uint64_t from, uint64_t to, uint64_t *day,
                  uint64_t *ret_from, uint64_t *ret_to) {
    uint64_t next = UINT64_MAX, begin = UINT64_MAX, end = 0;
    for (unsigned p = 0; p < parties; p++) {
        uint64_t own_from = from, own_to = to;
        if (!days_of(a, (uint8_t)p, &own_from, &own_to) || own_to <= *day)
            continue;
        own_from = later(own_from, *day);
        uint64_t its = own_from / OL_AVAIL_DAY * OL_AVAIL_DAY;
        own_to = sooner(own_to, its + OL_AVAIL_DAY);
        if (its < next)
            begin = own_from, end = own_to;
        else if (its == next)
            begin = sooner(begin, own_from), end = later(end, own_to);
        next = sooner(next, its);
    }
    if (next == UINT64_MAX)
        return false;
    *day = next, *ret_from = begin, *ret_to = end;
    return true;
}

/* The party's check that may reach into the time from `from` on, or its first after that. */
static size_t reaching(const ol_avail *a, uint8_t party, uint64_t from) {
    size_t i = first_at(a, party, from);
    return i > 0 && is_of(a, i - 1, party) ? i - 1 : i;
}

/* Until when this check counts. */
static uint64_t end_of(const ol_avail *a, size_t i) {
    uint64_t end = a->check[i].wall + a->check[i].reach;
    return is_of(a, i + 1, a->check[i].log.party) ? sooner(end, a->check[i + 1].wall) : end;
}

ol_avail_share ol_avail_of(const ol_avail *a, uint8_t party, uint64_t from, uint64_t to) {
    ol_avail_share s = { 0 };
    for (size_t i = reaching(a, party, from); is_of(a, i, party) && a->check[i].wall < to; i++) {
        uint64_t wall = a->check[i].wall, begin = later(wall, from);
        uint64_t end = sooner(end_of(a, i), to);
        s.available += end > begin ? end - begin : 0;
        if (wall < from)
            continue;
        s.first = s.checks == 0 ? wall : s.first, s.last = wall;
        s.checks++;
    }
    return s;
}

bool ol_avail_gap(const ol_avail *a, uint8_t party, uint64_t from, uint64_t to, uint64_t *ret_from,
                  uint64_t *ret_to) {
    size_t i = reaching(a, party, from);
    for (; is_of(a, i, party) && a->check[i].wall <= from; i++)
        from = later(from, end_of(a, i));
    if (from >= to)
        return false;
    *ret_from = from;
    *ret_to = is_of(a, i, party) ? sooner(to, a->check[i].wall) : to;
    return true;
}

static bool is_same(const av_word *a, const av_word *b) {
    return a->to == b->to && strcmp(a->bearer, b->bearer) == 0;
}

bool ol_avail_path_of(const ol_avail *a, uint8_t party, size_t nth, uint64_t from, uint64_t to,
                      ol_avail_path *ret) {
    size_t begin = first_at(a, party, from), end = begin;
    while (is_of(a, end, party) && a->check[end].wall < to)
        end++;
    if (begin == end || nth >= a->check[end - 1].words)
        return false;
    const av_word *path = &a->word[a->check[end - 1].word + nth];
    *ret = (ol_avail_path){ .to = path->to, .bearer = path->bearer };
    for (size_t i = begin; i < end; i++)
        for (size_t w = 0; w < a->check[i].words; w++) {
            const av_word *word = &a->word[a->check[i].word + w];
            ret->checks += is_same(word, path),
                ret->proven += is_same(word, path) && word->is_proven;
        }
    return true;
}
