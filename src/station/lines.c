#include "station/lines.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "station/log.h"

typedef struct {
    const ol_home *h;
    ol_lines *lines;
    ol_lines_row *row; /* in hand */
} reader;

static ol_err say(ol_why *why, ol_err err, const char *name, const ol_ini_at *at) {
    return ol_why_set(why, err, "%s, line %u, column %u: %s; get it again from who made it", name,
                      at->line, at->column, at->why != NULL ? at->why : ol_err_text(err));
}

static ol_err read_self(const ol_home *h, ol_lines *l, ol_why *why) {
    ol_ini_at at = { 0 };
    ol_err err = ol_cards_read_note(h, OL_HOME_CARD, OL_CARDS_NOTE_MAX, &l->self_note,
                                    &l->self_note_len, why);
    if (err == OL_ENOENT)
        return ol_why_set(why, err, "%s has no card yet; `openline init <party>` makes one",
                          h->path);
    if (err != OL_OK)
        return err;
    err = ol_card_read(l->self_note, l->self_note_len, &l->self, &at);
    return err == OL_OK ? err : say(why, err, OL_HOME_CARD, &at);
}

/* ---- charter and amendments ---- */

static ol_err read_generation(reader *r, const char *name, ol_why *why) {
    ol_lines_row *row = r->row;
    ol_chain *chain = &row->chain;
    ol_ini_at at = { 0 };
    uint32_t missing = 0;
    char *note = NULL;
    size_t len = 0;
    ol_err err = ol_cards_read_note(r->h, name, OL_CHARTER_MAX, &note, &len, why);
    if (err != OL_OK)
        return err;
    err = ol_chain_add(chain, note, len, &missing, &at);
    if (err == OL_OK)
        row->generation[chain->generations - 1].note = (ol_str){ note, len };
    else
        free(note);
    if (err != OL_OK)
        return say(why, err, name, &at);
    if (missing != 0)
        return ol_why_set(why, OL_EAUTH,
                          "%s is not signed by all parties; put the signed one there", name);
    if (strcmp(chain->now.line, row->api.name) != 0)
        return ol_why_set(why, OL_ECONFLICT,
                          "%s speaks of line %s; its directory must bear that name", name,
                          chain->now.line);
    return OL_OK;
}

static ol_err read_charters(reader *r, ol_why *why) {
    ol_lines_row *row = r->row;
    ol_chain *chain = &row->chain;
    char name[OL_HOME_NAME_MAX];
    ol_err err =
        read_generation(r, ol_home_generation_name(row->api.name, "charter", 0, name), why);
    while (err == OL_OK && chain->generations < OL_GENERATIONS_MAX) {
        ol_home_generation_name(row->api.name, "charter", chain->generations, name);
        if (!ol_file_exists(r->h->dir, name))
            break;
        err = read_generation(r, name, why);
    }
    if (err != OL_OK)
        return err;
    int self = ol_charter_card(&chain->now, &r->lines->self);
    if (self < 0 || !ol_chain_is_member(chain, (unsigned)self))
        return ol_why_set(why, OL_ECONFLICT,
                          "the charter of %s: %s with our identity key is not a party of it; see "
                          "openline card",
                          row->api.name, r->lines->self.party.name);
    for (unsigned g = 0; g < chain->generations; g++)
        row->generation[g].members = chain->members[g];
    row->api.charter = &chain->now;
    row->api.generation = row->generation;
    row->api.self = (uint8_t)self;
    memcpy(row->api.id, chain->now.id, sizeof row->api.id);
    return OL_OK;
}

/* ---- cards ---- */

static ol_err read_cards(reader *r, ol_why *why) {
    ol_lines_row *row = r->row;
    ol_str own = { r->lines->self_note, r->lines->self_note_len };
    ol_err err = ol_cards_read(r->h, &row->chain, own, &row->cards, why);
    if (err != OL_OK)
        return err;
    row->api.held = row->cards.v, row->api.holds = row->cards.n;
    row->older = calloc(row->cards.n, sizeof *row->older);
    if (row->older == NULL)
        return ol_why_set(why, OL_ENOMEM, "out of memory");
    for (size_t i = 0; i < row->cards.n; i++) {
        const ol_store_reader_card *c = &row->cards.v[i];
        bool is_last = c == ol_cards_last(&row->cards, c->party);
        if (is_last) {
            row->api.card[c->party].card = c->card;
            row->api.card[c->party].note = c->note.p,
            row->api.card[c->party].note_len = c->note.len;
            continue;
        }
        ol_line_older *o = &row->older[row->olders++];
        o->party = c->party;
        memcpy(o->log_pk, c->card->log, sizeof o->log_pk);
        memcpy(o->receipt_pk, c->card->receipt, sizeof o->receipt_pk);
    }
    return OL_OK;
}

/* ---- secrets ---- */

static ol_err check_secret(const ol_lines_row *row, const char *name, ol_why *why) {
    const ol_secret *s = row->secret;
    if (memcmp(s->line, row->api.id, sizeof s->line) != 0)
        return ol_why_set(why, OL_ECONFLICT,
                          "%s belongs to another line; combine the contributions again", name);
    if (s->generation != row->chain.now.generation)
        return ol_why_set(why, OL_ECONFLICT,
                          "%s is of generation %u, the charter of generation %u; an amendment was "
                          "not taken to its end: openline line amend again",
                          name, (unsigned)s->generation, (unsigned)row->chain.now.generation);
    for (unsigned p = 0; p < row->chain.now.parties; p++)
        if (p != row->api.self && ol_chain_is_member(&row->chain, p) &&
            ol_secret_pair(s, row->chain.now.party[p].name) < 0)
            return ol_why_set(why, OL_ENOENT,
                              "%s has no key for %s; combine the contributions again", name,
                              row->chain.now.party[p].name);
    return OL_OK;
}

/* text and secret: locked memory. */
static ol_err read_secret_file(reader *r, const char *name, char *text, ol_secret *secret,
                               ol_why *why) {
    ol_ini_at at = { 0 };
    size_t len = 0;
    ol_err err = ol_file_read(r->h->dir, name, OL_FILE_SECRET, text, OL_SECRET_FILE_MAX, &len, why);
    if (err != OL_OK)
        return err;
    err = ol_secret_get(text, len, secret, &at);
    return err == OL_OK ? err : say(why, err, name, &at);
}

/* What is not there was never ours: that generation's logs stay unread. */
static ol_err read_before(reader *r, char *text, ol_secret *room, ol_why *why) {
    ol_lines_row *row = r->row;
    char name[OL_HOME_NAME_MAX];
    for (uint32_t g = 0; g < row->befores; g++) {
        ol_line_before *b = &row->before[g];
        b->members = row->chain.members[g];
        ol_home_generation_name(row->api.name, "secret", g, name);
        if (!ol_file_exists(r->h->dir, name))
            continue;
        ol_err err = read_secret_file(r, name, text, room, why);
        if (err != OL_OK)
            return err;
        if (memcmp(room->line, row->api.id, sizeof room->line) != 0 || room->generation != g)
            return ol_why_set(why, OL_ECONFLICT, "%s is of another line or generation", name);
        memcpy(b->secret, room->secret, sizeof b->secret);
        b->has_secret = true;
        row->generation[g].secret = b->secret;
    }
    return OL_OK;
}

static ol_err read_secret(reader *r, ol_why *why) {
    ol_lines_row *row = r->row;
    ol_mem *locked = r->lines->locked;
    char name[OL_HOME_NAME_MAX];
    row->befores = row->chain.generations - 1;
    ol_file_sweep(r->h->dir, ol_home_line_name(row->api.name, NULL, name));
    char *text = ol_mem_get0(locked, OL_SECRET_FILE_MAX, 1);
    ol_secret *room = ol_mem_get0(locked, 1, sizeof *room);
    row->secret = ol_mem_get0(locked, 1, sizeof *row->secret);
    row->before = row->befores > 0 ? ol_mem_get0(locked, row->befores, sizeof *row->before) : NULL;
    ol_err err = ol_why_set(why, OL_ENOMEM,
                            "no memory is left that can be locked; raise the limit (ulimit -l)");
    if (text != NULL && room != NULL && row->secret != NULL &&
        (row->befores == 0 || row->before != NULL)) {
        ol_home_line_name(row->api.name, "secret", name);
        err = read_secret_file(r, name, text, row->secret, why);
        if (err == OL_OK)
            err = check_secret(row, name, why);
        if (err == OL_OK)
            err = read_before(r, text, room, why);
    }
    ol_mem_put(locked, text, OL_SECRET_FILE_MAX, 1);
    ol_mem_put(locked, room, 1, sizeof *room);
    if (err == OL_OK)
        row->generation[row->befores].secret = row->secret->secret;
    return err;
}

static void row_free(ol_lines *l, ol_lines_row *row) {
    if (row == NULL)
        return;
    ol_mem_put(l->locked, row->secret, 1, sizeof *row->secret);
    ol_mem_put(l->locked, row->before, row->befores, sizeof *row->before);
    for (unsigned g = 0; g < row->chain.generations; g++)
        free((void *)(uintptr_t)row->generation[g].note.p);
    ol_cards_free(&row->cards);
    free(row->older);
    free(row);
}

static ol_err take_line(void *ctx, const char *name, bool is_ready) {
    reader *r = ctx;
    ol_why why;
    if (!is_ready) {
        OL_LOG(OL_WARN, "line.unfinished",
               "line=%s why=\"its secret is not there: openline key combine, then line add\"",
               name);
        return OL_OK;
    }
    if (r->lines->n == OL_LINES_MAX) {
        OL_LOG(OL_ERROR, "line.left_out", "line=%s why=\"a station has at most %d lines\"", name,
               OL_LINES_MAX);
        return OL_OK;
    }
    ol_lines_row *row = r->row = calloc(1, sizeof *row);
    if (row == NULL)
        return OL_ENOMEM;
    row->api.number = (uint16_t)r->lines->n;
    memcpy(row->api.name, name, strlen(name) + 1);
    ol_err err = read_charters(r, &why);
    if (err == OL_OK)
        err = read_cards(r, &why);
    if (err == OL_OK)
        err = read_secret(r, &why);
    if (err == OL_OK) {
        r->lines->row[r->lines->n++] = row;
        return OL_OK;
    }
    row_free(r->lines, row);
    OL_LOG(OL_ERROR, "line.left_out", "line=%s err=%s why=\"%s\"", name, ol_err_name(err),
           why.text);
    return OL_OK;
}

ol_err ol_lines_read(const ol_home *h, ol_mem *locked, ol_lines *ret, ol_why *why) {
    ol_lines l = { .locked = locked };
    reader r = { .h = h, .lines = &l };
    ol_err err = read_self(h, &l, why);
    if (err == OL_OK)
        err = ol_home_lines(h, take_line, &r, why);
    if (err != OL_OK) {
        ol_lines_free(&l);
        return err;
    }
    *ret = l;
    return OL_OK;
}

void ol_lines_drop(ol_lines *l, size_t i) {
    OL_ASSERT(i < l->n);
    row_free(l, l->row[i]);
    l->n--;
    for (; i < l->n; i++) {
        l->row[i] = l->row[i + 1];
        l->row[i]->api.number = (uint16_t)i;
    }
}

void ol_lines_free(ol_lines *l) {
    for (size_t i = 0; i < l->n; i++)
        row_free(l, l->row[i]);
    free(l->self_note);
    *l = (ol_lines){ 0 };
}

/* ---- for the engine ---- */

static void put_party(const ol_lines_row *row, unsigned p, ol_line_party *to) {
    const ol_card *card = row->api.card[p].card;
    unsigned self = row->api.self;
    memcpy(to->name, row->chain.now.party[p].name, sizeof to->name);
    if (card != NULL) {
        memcpy(to->log_pk, card->log, sizeof to->log_pk);
        memcpy(to->receipt_pk, card->receipt, sizeof to->receipt_pk);
        memcpy(to->static_pk, card->static_key, sizeof to->static_pk);
    } /* else zeros, which verify nothing and with which no session begins */
    int pair = p == self ? -1 : ol_secret_pair(row->secret, row->chain.now.party[p].name);
    if (pair >= 0)
        to->ratchet = row->secret->pair[pair].keys;
}

void ol_lines_opts(const ol_lines_row *row, ol_line_party *party, ol_line_opts *ret) {
    memset(party, 0, OL_PARTIES_MAX * sizeof *party);
    const ol_charter *ch = &row->chain.now;
    for (unsigned p = 0; p < ch->parties; p++)
        put_party(row, p, &party[p]);
    *ret = (ol_line_opts){ .generation = ch->generation,
                           .parties = ch->parties,
                           .self = row->api.self,
                           .party = party,
                           .line_secret = row->secret->secret,
                           .limit_entries = ch->limit_entries,
                           .limit_bytes = ch->limit_bytes,
                           /* of later generations: what was written under others' limits */
                           .joined_wall = ch->generation == 0 ? row->secret->joined_wall : 0,
                           .epochs = { .crypto_s = ch->crypto_period_s,
                                       .courier_s = ch->courier_time_s },
                           .members = row->chain.members[row->befores],
                           .before = row->before,
                           .older = row->older,
                           .olders = row->olders };
    memcpy(ret->id, row->api.id, sizeof ret->id);
    memcpy(ret->name, row->api.name, sizeof ret->name);
}

/* ---- the secrets, changed ---- */

ol_err ol_lines_save_pair(const ol_home *h, ol_lines_row *row, ol_mem *locked, uint8_t party,
                          const ol_ratchet *keys, ol_why *why) {
    char name[OL_HOME_NAME_MAX];
    int pair = ol_secret_pair(row->secret, row->chain.now.party[party].name);
    OL_ASSERT(pair >= 0);
    ol_secret *next = ol_mem_get0(locked, 1, sizeof *next);
    uint8_t *text = ol_mem_get0(locked, OL_SECRET_FILE_MAX, 1);
    ol_err err = ol_why_set(why, OL_ENOMEM,
                            "no memory is left that can be locked; raise the limit (ulimit -l)");
    if (next != NULL && text != NULL) {
        *next = *row->secret;
        next->pair[pair].keys = *keys;
        ol_wr w = ol_wr_of(text, OL_SECRET_FILE_MAX);
        err = ol_secret_put(next, &w);
        OL_ASSERT(err == OL_OK);
        (void)ol_home_line_name(row->api.name, "secret", name);
        err = ol_file_replace_secret(h->dir, name, text, w.len, why);
    }
    if (err == OL_OK)
        *row->secret = *next;
    ol_mem_put(locked, text, OL_SECRET_FILE_MAX, 1);
    ol_mem_put(locked, next, 1, sizeof *next);
    return err;
}
