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

bool ol_avail_span(const ol_avail *a, uint64_t *ret_from, uint64_t *ret_to) {
    for (size_t i = 0; i < a->checks; i++) {
        uint64_t wall = a->check[i].wall;
        if (i == 0 || wall < *ret_from)
            *ret_from = wall;
        if (i == 0 || wall >= *ret_to)
            *ret_to = wall + 1;
    }
    return a->checks > 0;
}

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

ol_avail_share ol_avail_of(const ol_avail *a, uint8_t party, uint64_t from, uint64_t to) {
    ol_avail_share s = { 0 };
    size_t i = first_at(a, party, from);
    if (i > 0 && is_of(a, i - 1, party)) /* it may reach into the period */
        i--;
    for (; is_of(a, i, party) && a->check[i].wall < to; i++) {
        const av_check *k = &a->check[i];
        uint64_t end = k->wall + k->reach;
        if (is_of(a, i + 1, party))
            end = sooner(end, a->check[i + 1].wall);
        uint64_t begin = later(k->wall, from);
        end = sooner(end, to);
        s.available += end > begin ? end - begin : 0;
        s.checks += k->wall >= from;
    }
    return s;
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
