#include "station/lines.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "station/log.h"

enum { CARD_NOTE_MAX = OL_CARD_TEXT_MAX + 512 };

typedef struct {
    const ol_home *h;
    ol_lines *lines;
    ol_lines_row *row; /* in hand */
} reader;

/* A whole public file; *ret is the caller's to free. */
static ol_err read_note(const ol_home *h, const char *name, size_t max, char **ret, size_t *ret_len,
                        ol_why *why) {
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

static ol_err say(ol_why *why, ol_err err, const char *name, const ol_ini_at *at) {
    return ol_why_set(why, err, "%s, line %u, column %u: %s; get it again from who made it", name,
                      at->line, at->column, at->why != NULL ? at->why : ol_err_text(err));
}

/* ---- cards ---- */

static ol_err read_self(const ol_home *h, ol_lines *l, ol_why *why) {
    ol_ini_at at = { 0 };
    ol_err err = read_note(h, OL_HOME_CARD, CARD_NOTE_MAX, &l->self_note, &l->self_note_len, why);
    if (err == OL_ENOENT)
        return ol_why_set(why, err, "%s has no card yet; `openline init <party>` makes one",
                          h->path);
    if (err != OL_OK)
        return err;
    err = ol_card_read(l->self_note, l->self_note_len, &l->self, &at);
    return err == OL_OK ? err : say(why, err, OL_HOME_CARD, &at);
}

static void keep_card(ol_lines_row *row, int party, const ol_card *card, char *note, size_t len) {
    free((void *)(uintptr_t)row->api.card[party].note);
    row->card[party] = *card;
    row->api.card[party].card = &row->card[party];
    row->api.card[party].note = note;
    row->api.card[party].note_len = len;
}

static ol_err take_card(void *ctx, const char *leaf) {
    reader *r = ctx;
    ol_lines_row *row = r->row;
    char name[OL_HOME_NAME_MAX], *note = NULL;
    ol_why why;
    ol_ini_at at = { 0 };
    ol_card card;
    size_t len = 0, dir = strlen(ol_home_line_name(row->api.name, "cards/", name));
    if (dir + strlen(leaf) >= sizeof name)
        return OL_OK;
    memcpy(name + dir, leaf, strlen(leaf) + 1);
    ol_err err = read_note(r->h, name, CARD_NOTE_MAX, &note, &len, &why);
    if (err == OL_OK) {
        err = ol_card_read(note, len, &card, &at);
        if (err != OL_OK)
            (void)say(&why, err, name, &at);
    }
    int party = err == OL_OK ? ol_charter_card(&row->charter, &card) : -1;
    if (err == OL_OK && party < 0)
        err = ol_why_set(&why, OL_EAUTH,
                         "%s: its identity key is not the charter's; compare it with its party",
                         name);
    if (err != OL_OK) {
        OL_LOG(OL_WARN, "card.refused", "line=%s err=%s why=\"%s\"", row->api.name,
               ol_err_name(err), why.text);
        free(note);
        return OL_OK;
    }
    if (row->api.card[party].card != NULL && row->card[party].serial >= card.serial)
        free(note);
    else
        keep_card(row, party, &card, note, len);
    return OL_OK;
}

static ol_err read_cards(reader *r, ol_why *why) {
    ol_lines_row *row = r->row;
    char name[OL_HOME_NAME_MAX];
    ol_err err =
        ol_file_each(r->h->dir, ol_home_line_name(row->api.name, "cards", name), take_card, r, why);
    if (err != OL_OK)
        return err;
    char *own = malloc(r->lines->self_note_len + 1); /* ours is the one of the home */
    if (own == NULL)
        return ol_why_set(why, OL_ENOMEM, "out of memory");
    memcpy(own, r->lines->self_note, r->lines->self_note_len + 1);
    keep_card(row, row->api.self, &r->lines->self, own, r->lines->self_note_len);
    for (size_t p = 0; p < row->charter.parties; p++)
        if (row->api.card[p].card == NULL)
            OL_LOG(OL_WARN, "card.missing",
                   "line=%s party=%s why=\"it cannot be reached before its card is added\"",
                   row->api.name, row->charter.party[p].name);
    return OL_OK;
}

/* ---- charter and secret ---- */

static ol_err read_charter(reader *r, ol_why *why) {
    ol_lines_row *row = r->row;
    char name[OL_HOME_NAME_MAX], *note = NULL;
    ol_ini_at at = { 0 };
    uint32_t missing = 0;
    ol_err err = read_note(r->h, ol_home_line_name(row->api.name, "charter", name), OL_CHARTER_MAX,
                           &note, &row->api.charter_note_len, why);
    if (err != OL_OK)
        return err;
    row->api.charter_note = note;
    err = ol_charter_read(note, row->api.charter_note_len, &row->charter, &missing, &at);
    if (err != OL_OK)
        return say(why, err, name, &at);
    if (missing != 0)
        return ol_why_set(why, OL_EAUTH,
                          "%s is not signed by all parties; put the signed one there", name);
    if (strcmp(row->charter.line, row->api.name) != 0)
        return ol_why_set(why, OL_ECONFLICT,
                          "%s speaks of line %s; its directory must bear that name", name,
                          row->charter.line);
    int self = ol_charter_card(&row->charter, &r->lines->self);
    if (self < 0)
        return ol_why_set(why, OL_ECONFLICT,
                          "%s: %s with our identity key is not a party of it; see openline card",
                          name, r->lines->self.party.name);
    row->api.charter = &row->charter;
    row->api.self = (uint8_t)self;
    memcpy(row->api.id, row->charter.id, sizeof row->api.id);
    return OL_OK;
}

static ol_err check_secret(const ol_lines_row *row, const char *name, ol_why *why) {
    const ol_secret *s = row->secret;
    if (memcmp(s->line, row->api.id, sizeof s->line) != 0 ||
        s->generation != row->charter.generation)
        return ol_why_set(
            why, OL_ECONFLICT,
            "%s belongs to another line or generation; combine the contributions again", name);
    for (size_t p = 0; p < row->charter.parties; p++)
        if (p != row->api.self && ol_secret_pair(s, row->charter.party[p].name) < 0)
            return ol_why_set(why, OL_ENOENT,
                              "%s has no key for %s; combine the contributions again", name,
                              row->charter.party[p].name);
    return OL_OK;
}

static ol_err read_secret(reader *r, ol_why *why) {
    ol_lines_row *row = r->row;
    char name[OL_HOME_NAME_MAX];
    ol_ini_at at = { 0 };
    size_t len = 0;
    ol_file_sweep(r->h->dir, ol_home_line_name(row->api.name, NULL, name));
    char *text = ol_mem_get0(r->lines->locked, OL_SECRET_FILE_MAX, 1);
    row->secret = ol_mem_get0(r->lines->locked, 1, sizeof *row->secret);
    ol_err err = ol_why_set(why, OL_ENOMEM,
                            "no memory is left that can be locked; raise the limit (ulimit -l)");
    if (text != NULL && row->secret != NULL)
        err = ol_file_read(r->h->dir, ol_home_line_name(row->api.name, "secret", name),
                           OL_FILE_SECRET, text, OL_SECRET_FILE_MAX, &len, why);
    if (err == OL_OK) {
        err = ol_secret_get(text, len, row->secret, &at);
        err = err == OL_OK ? check_secret(row, name, why) : say(why, err, name, &at);
    }
    ol_mem_put(r->lines->locked, text, OL_SECRET_FILE_MAX, 1);
    if (err == OL_OK)
        row->api.line_secret = row->secret->secret;
    return err;
}

static void row_free(ol_lines *l, ol_lines_row *row) {
    if (row == NULL)
        return;
    ol_mem_put(l->locked, row->secret, 1, sizeof *row->secret);
    for (size_t p = 0; p < OL_PARTIES_MAX; p++)
        free((void *)(uintptr_t)row->api.card[p].note);
    free((void *)(uintptr_t)row->api.charter_note);
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
    ol_err err = read_charter(r, &why);
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
    memcpy(to->name, row->charter.party[p].name, sizeof to->name);
    if (card != NULL) {
        memcpy(to->log_pk, card->log, sizeof to->log_pk);
        memcpy(to->receipt_pk, card->receipt, sizeof to->receipt_pk);
        memcpy(to->static_pk, card->static_key, sizeof to->static_pk);
    } /* else zeros, which verify nothing and with which no session begins */
    int pair = p == self ? -1 : ol_secret_pair(row->secret, row->charter.party[p].name);
    if (pair >= 0)
        to->ratchet = row->secret->pair[pair].keys;
}

void ol_lines_opts(const ol_lines_row *row, ol_line_party *party, ol_line_opts *ret) {
    memset(party, 0, OL_PARTIES_MAX * sizeof *party);
    for (unsigned p = 0; p < row->charter.parties; p++)
        put_party(row, p, &party[p]);
    *ret = (ol_line_opts){ .generation = row->charter.generation,
                           .parties = row->charter.parties,
                           .self = row->api.self,
                           .party = party,
                           .line_secret = row->secret->secret,
                           .limit_entries = row->charter.limit_entries,
                           .limit_bytes = row->charter.limit_bytes,
                           .epochs = { .crypto_s = row->charter.crypto_period_s,
                                       .courier_s = row->charter.courier_time_s } };
    memcpy(ret->id, row->api.id, sizeof ret->id);
    memcpy(ret->name, row->api.name, sizeof ret->name);
}

/* ---- the secrets, changed ---- */

ol_err ol_lines_save_pair(const ol_home *h, ol_lines_row *row, ol_mem *locked, uint8_t party,
                          const ol_ratchet *keys, ol_why *why) {
    char name[OL_HOME_NAME_MAX];
    int pair = ol_secret_pair(row->secret, row->charter.party[party].name);
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
