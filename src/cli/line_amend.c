/* openline line amend — takes a fully signed amendment: the line goes on in its next generation, or
 * is joined in it. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "station/file.h"

typedef struct {
    ol_charter text; /* of the amendment alone */
    ol_chain chain;  /* with it */
    bool is_joining;
    char *note;
    size_t len;
    uint8_t self; /* our number */
} amendment;

typedef struct { /* locked memory */
    ol_cli_secret new, old;
} room;

/* ---- judging ---- */

static int read_amendment(ol_cli *c, const ol_home *h, amendment *a) {
    const char *file = c->arg[0];
    uint32_t missing = 0;
    ol_ini_at at = { 0 };
    char names[OL_CLI_PARTIES_LEN];
    int code = ol_cli_read(c, AT_FDCWD, file, &a->note, &a->len);
    if (code >= 0)
        return code;
    ol_err err = ol_charter_read(a->note, a->len, &a->text, &missing, &at);
    if (err != OL_OK)
        return ol_cli_fail_at(c, err, file, &at);
    if (a->text.generation == 0)
        return ol_cli_fail(c, OL_ECONFLICT, "join it with openline line add",
                           "%s is no amendment, but the first charter of a line", file);
    if (missing != 0)
        return ol_cli_fail(c, OL_ESTATE, "have it signed with openline charter sign",
                           "%s is not signed by: %s", file,
                           ol_cli_parties(&a->text, missing, names));
    code = ol_cli_chain(c, h, a->text.line, &a->chain);
    a->is_joining = code < 0 && a->chain.generations == 0;
    if (code < 0 && a->is_joining) { /* as it was signed here, with what it follows from */
        static ol_charter signed_text;
        code = ol_cli_signed_charter(c, h, a->text.line, &signed_text, &a->chain);
        if (code < 0 && memcmp(signed_text.text_hash, a->text.text_hash, OL_HASH_LEN) != 0)
            code = ol_cli_fail(c, OL_ECONFLICT, "take the one that was signed here",
                               "%s is another amendment than the one this party signed", file);
        return code;
    }
    if (code >= 0)
        return code;
    bool is_again = a->chain.now.generation == a->text.generation &&
                    memcmp(a->chain.now.text_hash, a->text.text_hash, OL_HASH_LEN) == 0;
    char secret[OL_HOME_NAME_MAX];
    if (is_again && !ol_file_exists(h->dir, ol_cli_founding(a->text.line, "secret", secret)))
        return ol_cli_fail(c, OL_EEXIST, "nothing is to be done",
                           "the line %s is in generation %u already", a->text.line,
                           (unsigned)a->text.generation);
    if (is_again) /* broken off before its secret was in its place: taken to its end */
        return -1;
    err = ol_chain_add(&a->chain, a->note, a->len, &missing, &at);
    return err == OL_OK ? -1 : ol_cli_fail_at(c, err, file, &at);
}

static int find_self(ol_cli *c, const ol_home *h, amendment *a) {
    ol_card own;
    int code = ol_cli_own_card(c, h, &own);
    if (code >= 0)
        return code;
    int self = ol_charter_card(&a->chain.now, &own);
    if (self < 0 || !ol_chain_is_member(&a->chain, (unsigned)self))
        return ol_cli_fail(c, OL_ENOENT,
                           "leave it: the line goes on without this party, and its record stays "
                           "here as it is",
                           "the amendment does not name this party's identity key");
    a->self = (uint8_t)self;
    return -1;
}

/* ---- cards ---- */

typedef struct {
    const ol_chain *chain;
    uint32_t has;
} held;

static ol_err see_card(void *ctx, const char *leaf) {
    held *k = ctx;
    size_t len = strcspn(leaf, ".");
    int party = ol_charter_party(&k->chain->now, leaf, len);
    if (party >= 0)
        k->has |= UINT32_C(1) << party;
    return OL_OK;
}

static int put_cards(ol_cli *c, const ol_home *h, const amendment *a) {
    const ol_charter *ch = &a->chain.now;
    char name[OL_HOME_NAME_MAX], names[OL_CLI_PARTIES_LEN];
    ol_why why = { "" };
    held k = { &a->chain, UINT32_C(1) << a->self };
    ol_err err = ol_file_mkdir(h->dir, ol_home_line_name(ch->line, "cards", name), &why);
    if (err == OL_OK)
        err = ol_file_each(h->dir, name, see_card, &k, &why);
    for (size_t i = 1; i < c->args && err == OL_OK; i++) {
        ol_card card;
        char *note = NULL;
        size_t len = 0;
        int code = ol_cli_read_card(c, c->arg[i], &card, &note, &len);
        if (code >= 0)
            return code;
        int party = ol_charter_card(ch, &card);
        if (party < 0) {
            free(note);
            return ol_cli_fail(c, OL_ECONFLICT, "give the card that belongs to this charter",
                               "%s is of no party of this line, or has another identity key",
                               c->arg[i]);
        }
        k.has |= UINT32_C(1) << party;
        ol_home_card_name(ch->line, card.party.name, card.serial, name);
        err = ol_file_write(h->dir, name, OL_FILE_PUBLIC, note, len, &why);
        free(note);
    }
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    uint32_t missing = a->chain.members[a->chain.generations - 1] & ~k.has;
    if (missing == 0)
        return -1;
    return ol_cli_fail(c, OL_ENOENT, "name their files after the amendment's",
                       "the card is missing of: %s", ol_cli_parties(ch, missing, names));
}

/* ---- taking ---- */

/* Of the generation before only the line secret is kept: old logs are read with it. */
static ol_err keep_old_secret(const ol_home *h, const amendment *a, room *r, ol_why *why) {
    char name[OL_HOME_NAME_MAX];
    ol_ini_at at = { 0 };
    const char *line = a->chain.now.line;
    ol_err err = ol_file_read(h->dir, ol_home_line_name(line, "secret", name), OL_FILE_SECRET,
                              r->old.text, sizeof r->old.text, &r->old.len, why);
    if (err == OL_OK && ol_secret_get(r->old.text, r->old.len, &r->old.secret, &at) != OL_OK)
        err = ol_why_set(why, OL_EFORM, "%s, line %u: %s; restore it from its copy", name, at.line,
                         at.why);
    if (err != OL_OK || r->old.secret.generation >= a->chain.now.generation)
        return err;
    r->old.secret.pairs = 0;
    ol_wr w = { (uint8_t *)r->old.text, 0, sizeof r->old.text, OL_OK };
    err = ol_secret_put(&r->old.secret, &w);
    if (err == OL_OK)
        err = ol_file_write(h->dir,
                            ol_home_generation_name(line, "secret", r->old.secret.generation, name),
                            OL_FILE_SECRET, r->old.text, w.len, why);
    return err;
}

static ol_err put_secret(const ol_home *h, const amendment *a, room *r, ol_why *why) {
    char name[OL_HOME_NAME_MAX];
    return ol_file_write(h->dir, ol_home_line_name(a->chain.now.line, "secret", name),
                         OL_FILE_SECRET, r->new.text, r->new.len, why);
}

static ol_err put_amendment(const ol_home *h, const amendment *a, ol_why *why) {
    char name[OL_HOME_NAME_MAX];
    ol_home_generation_name(a->chain.now.line, "charter", a->chain.now.generation, name);
    return ol_file_write(h->dir, name, OL_FILE_PUBLIC, a->note, a->len, why);
}

/* Who joins: the first charter last, with which the line is joined. */
static int join(ol_cli *c, const ol_home *h, const amendment *a, room *r) {
    char name[OL_HOME_NAME_MAX], leaf[32];
    const char *line = a->chain.now.line;
    ol_why why = { "" };
    ol_err err = put_secret(h, a, r, &why);
    if (err == OL_OK)
        err = put_amendment(h, a, &why);
    for (unsigned g = a->chain.generations - 1; g-- > 0 && err == OL_OK;) {
        char *text = NULL;
        size_t len = 0;
        (void)snprintf(leaf, sizeof leaf, "charter.%u", g);
        int code = ol_cli_read(c, h->dir, ol_cli_founding(line, leaf, name), &text, &len);
        if (code >= 0)
            return code;
        err = ol_file_write(h->dir, ol_home_generation_name(line, "charter", g, name),
                            OL_FILE_PUBLIC, text, len, &why);
        free(text);
    }
    return err == OL_OK ? -1 : ol_cli_fail_why(c, err, &why);
}

/* Who stays: the amendment, then its secret. Between the two the line is left out of a start, and
 * the same command again takes it to its end. */
static int go_on(ol_cli *c, const ol_home *h, const amendment *a, room *r) {
    ol_why why = { "" };
    ol_err err = keep_old_secret(h, a, r, &why);
    if (err == OL_OK)
        err = put_amendment(h, a, &why);
    if (err == OL_OK)
        err = put_secret(h, a, r, &why);
    return err == OL_OK ? -1 : ol_cli_fail_why(c, err, &why);
}

static int forget(ol_cli *c, const ol_home *h, const amendment *a) {
    static const char *const leaf[] = { "share", "secret", "digits", "note", "charter" };
    char name[OL_HOME_NAME_MAX], numbered[32];
    int code = -1;
    for (size_t i = 0; i < OL_LEN(leaf) && code < 0; i++)
        code = ol_cli_erase(c, h->dir, ol_cli_founding(a->chain.now.line, leaf[i], name));
    for (unsigned g = 0; g < a->chain.generations && code < 0; g++) {
        (void)snprintf(numbered, sizeof numbered, "charter.%u", g);
        code = ol_cli_erase(c, h->dir, ol_cli_founding(a->chain.now.line, numbered, name));
    }
    return code;
}

static int print_taken(ol_cli *c, const amendment *a) {
    const ol_charter *ch = &a->chain.now;
    char names[OL_CLI_PARTIES_LEN];
    json_t *parties = json_array();
    for (unsigned i = 0; i < ch->parties; i++)
        if (ol_chain_is_member(&a->chain, i))
            (void)json_array_append_new(parties, json_string(ch->party[i].name));
    if (c->is_json) {
        ol_cli_json(json_pack("{s:b, s:s, s:I, s:o}", "ok", 1, "line", ch->line, "generation",
                              (json_int_t)ch->generation, "parties", parties));
        return ol_cli_end(c);
    }
    json_decref(parties);
    ol_cli_print("The line %s is in generation %u, of %s.\n", ch->line, (unsigned)ch->generation,
                 ol_cli_parties(ch, a->chain.members[a->chain.generations - 1], names));
    ol_cli_hint(
        c, "Start the station: openline run. Members in different generations do not reach each "
           "other: take it at the hour that was agreed.");
    return ol_cli_end(c);
}

static int amend(ol_cli *c, const ol_home *h, amendment *a, room *r) {
    int code = read_amendment(c, h, a);
    if (code < 0)
        code = find_self(c, h, a);
    if (code < 0)
        code = ol_cli_read_secret(c, h, &a->text, &r->new);
    if (code < 0)
        code = ol_cli_compare_digits(c, h, a->text.line);
    if (code < 0)
        code = put_cards(c, h, a);
    if (code < 0)
        code = a->is_joining ? join(c, h, a, r) : go_on(c, h, a, r);
    if (code < 0)
        code = forget(c, h, a);
    return code < 0 ? print_taken(c, a) : code;
}

static int line_amend_run(ol_cli *c) {
    static amendment a;
    ol_home h;
    ol_why why = { "" };
    int lock = -1;
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    memset(&a, 0, sizeof a);
    ol_err err = ol_home_lock(&h, &lock, &why);
    room *r = err == OL_OK ? sodium_malloc(sizeof *r) : NULL;
    if (err != OL_OK)
        code = ol_cli_fail_why(c, err, &why);
    else if (r == NULL)
        code = ol_cli_fail(c, OL_ENOMEM, "raise the limit on locked memory (ulimit -l)",
                           "there is no locked memory for the secrets");
    else
        code = amend(c, &h, &a, r);
    free(a.note);
    sodium_free(r);
    ol_home_unlock(lock);
    ol_home_close(&h);
    return code;
}

static const ol_cli_opt options[] = {
    { "digits", "\"DIGITS\"", "the thirty digits heard from the other party", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_line_amend = {
    .name = "line amend",
    .args = "<amendment> <card>…",
    .summary = "Takes an amendment signed by all: the line's next generation",
    .help = "The station must not run. Give the cards of those who join; one that joins gives the "
            "cards of all. Asks for\nthe digits of openline key combine, as line add does.\n",
    .opt = options,
    .args_min = 1,
    .args_max = 17,
    .run = line_amend_run,
};
