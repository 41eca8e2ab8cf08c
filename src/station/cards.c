#include "station/cards.h"

#include <stdlib.h>
#include <string.h>

#include "station/log.h"

ol_err ol_cards_read_note(const ol_home *h, const char *name, size_t max, char **ret,
                          size_t *ret_len, ol_why *why) {
    size_t len = 0;
    char *p = malloc(max + 1);
    if (p == NULL)
        return ol_why_set(why, OL_ENOMEM, "out of memory");
    ol_err err = ol_file_read(h->dir, name, OL_FILE_PUBLIC, p, max, &len, why);
    char *fit = err == OL_OK ? realloc(p, len + 1) : NULL;
    if (err != OL_OK) {
        free(p);
        return err;
    }
    *ret = fit != NULL ? fit : p;
    (*ret)[len] = '\0';
    *ret_len = len;
    return OL_OK;
}

typedef struct {
    const ol_home *h;
    const ol_chain *chain;
    ol_cards *cards;
} reader;

/* Takes the note; on failure it is freed. */
static ol_err add(reader *r, const char *name, char *note, size_t len, ol_why *why) {
    ol_cards *c = r->cards;
    ol_ini_at at = { 0 };
    ol_card *card = malloc(sizeof *card);
    int party = -1;
    ol_err err = card == NULL ? ol_why_set(why, OL_ENOMEM, "out of memory") : OL_OK;
    if (err == OL_OK && (err = ol_card_read(note, len, card, &at)) != OL_OK)
        err = ol_why_set(why, err, "%s, line %u, column %u: %s; get it again from who made it",
                         name, at.line, at.column, at.why != NULL ? at.why : ol_err_text(err));
    if (err == OL_OK && (party = ol_charter_card(&r->chain->now, card)) < 0)
        err = ol_why_set(why, OL_EAUTH,
                         "%s: its identity key is not the charter's; compare it with its party",
                         name);
    if (err == OL_OK && c->n == c->cap) {
        size_t cap = c->cap == 0 ? 8 : 2 * c->cap;
        ol_store_reader_card *more = realloc(c->v, cap * sizeof *more);
        if (more == NULL)
            err = ol_why_set(why, OL_ENOMEM, "out of memory");
        else
            c->v = more, c->cap = cap;
    }
    if (err != OL_OK) {
        free(card);
        free(note);
        return err;
    }
    c->v[c->n++] = (ol_store_reader_card){ (uint8_t)party, card, { note, len } };
    return OL_OK;
}

static ol_err take(void *ctx, const char *leaf) {
    reader *r = ctx;
    char name[OL_HOME_NAME_MAX], *note = NULL;
    ol_why why;
    size_t len = 0, dir = strlen(ol_home_line_name(r->chain->now.line, "cards/", name));
    if (dir + strlen(leaf) >= sizeof name)
        return OL_OK;
    memcpy(name + dir, leaf, strlen(leaf) + 1);
    ol_err err = ol_cards_read_note(r->h, name, OL_CARDS_NOTE_MAX, &note, &len, &why);
    if (err == OL_OK)
        err = add(r, name, note, len, &why);
    if (err != OL_OK)
        OL_LOG(OL_WARN, "card.refused", "line=%s err=%s why=\"%s\"", r->chain->now.line,
               ol_err_name(err), why.text);
    return OL_OK;
}

static int compare(const void *a, const void *b) {
    const ol_store_reader_card *x = a, *y = b;
    if (x->party != y->party)
        return x->party < y->party ? -1 : 1;
    return x->card->serial == y->card->serial ? 0 : x->card->serial > y->card->serial ? -1 : 1;
}

/* Of two alike the first stays. */
static void drop_twice(ol_cards *c) {
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (kept > 0 && compare(&c->v[kept - 1], &c->v[i]) == 0) {
            free((void *)(uintptr_t)c->v[i].card);
            free((void *)(uintptr_t)c->v[i].note.p);
        } else {
            c->v[kept++] = c->v[i];
        }
    }
    c->n = kept;
}

static ol_err check(const ol_chain *chain, const ol_cards *c, const ol_card *own, ol_why *why) {
    unsigned self = (unsigned)ol_charter_card(&chain->now, own);
    const ol_store_reader_card *last = ol_cards_last(c, self);
    if (last->card->serial > own->serial)
        return ol_why_set(why, OL_ECONFLICT,
                          "our card of serial %u was replaced by one of serial %u; this home must "
                          "not speak on the line any more",
                          (unsigned)own->serial, (unsigned)last->card->serial);
    for (unsigned p = 0; p < chain->now.parties; p++)
        if (ol_chain_is_member(chain, p) && ol_cards_last(c, p) == NULL)
            OL_LOG(OL_WARN, "card.missing",
                   "line=%s party=%s why=\"it cannot be reached before its card is added\"",
                   chain->now.line, chain->now.party[p].name);
    return OL_OK;
}

ol_err ol_cards_read(const ol_home *h, const ol_chain *chain, ol_str own, ol_cards *ret,
                     ol_why *why) {
    ol_cards c = { .n = 0 };
    reader r = { h, chain, &c };
    char name[OL_HOME_NAME_MAX];
    ol_card self;
    char *note = malloc(own.len + 1);
    ol_err err = note == NULL ? ol_why_set(why, OL_ENOMEM, "out of memory") : OL_OK;
    if (err == OL_OK) { /* first: of two alike it is ours that stays */
        memcpy(note, own.p, own.len), note[own.len] = '\0';
        err = add(&r, OL_HOME_CARD, note, own.len, why);
    }
    if (err == OL_OK)
        self = *c.v[0].card;
    if (err == OL_OK)
        err =
            ol_file_each(h->dir, ol_home_line_name(chain->now.line, "cards", name), take, &r, why);
    if (err == OL_OK) {
        qsort(c.v, c.n, sizeof *c.v, compare);
        drop_twice(&c);
        err = check(chain, &c, &self, why);
    }
    if (err == OL_OK)
        *ret = c;
    else
        ol_cards_free(&c);
    return err;
}

const ol_store_reader_card *ol_cards_last(const ol_cards *c, unsigned party) {
    for (size_t i = 0; i < c->n; i++)
        if (c->v[i].party == party)
            return &c->v[i];
    return NULL;
}

void ol_cards_free(ol_cards *c) {
    for (size_t i = 0; i < c->n; i++) {
        free((void *)(uintptr_t)c->v[i].card);
        free((void *)(uintptr_t)c->v[i].note.p);
    }
    free(c->v);
    *c = (ol_cards){ 0 };
}
