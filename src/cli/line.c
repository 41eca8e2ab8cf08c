/* openline line add — joins a fully signed charter: cards and secret become the line. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/files.h"
#include "crypto/keys.h"
#include "station/file.h"
#include "station/secret.h"

typedef struct {
    char *note;
    size_t len;
    uint32_t serial;
} card_note;

typedef ol_cli_secret room;

static int read_charter(ol_cli *c, const char *file, const char *text, size_t len,
                        ol_charter *ret) {
    uint32_t missing = 0;
    ol_ini_at at = { 0 };
    char names[OL_CLI_PARTIES_LEN];
    ol_err err = ol_charter_read(text, len, ret, &missing, &at);
    if (err == OL_EAUTH)
        return ol_cli_fail(c, err,
                           "compare it with the text that was agreed: it was changed after it was "
                           "signed, or signed with another key",
                           "%s, line %u: a party's signature does not fit the text", file, at.line);
    if (err != OL_OK)
        return ol_cli_fail_at(c, err, file, &at);
    if (missing != 0)
        return ol_cli_fail(c, OL_ESTATE, "have it signed with openline charter sign",
                           "%s is not signed by: %s", file, ol_cli_parties(ret, missing, names));
    if (ret->generation != 0)
        return ol_cli_fail(c, OL_ECONFLICT, "take it with openline line amend",
                           "%s is an amendment", file);
    return -1;
}

/* The cards of all parties, by party number: those given, and our own. */
static int read_cards(ol_cli *c, const ol_home *h, const ol_charter *ch, card_note *cards) {
    ol_card card;
    uint32_t missing = (uint32_t)((UINT64_C(1) << ch->parties) - 1);
    for (size_t i = 0; i < c->args; i++) { /* i 0: our own, from the home */
        char *note = NULL;
        size_t len = 0;
        int code = i > 0 ? ol_cli_read_card(c, c->arg[i], &card, &note, &len)
                         : ol_cli_own_card(c, h, &card);
        if (i == 0 && code < 0)
            code = ol_cli_read(c, h->dir, OL_HOME_CARD, &note, &len);
        if (code >= 0)
            return code;
        int party = ol_charter_card(ch, &card);
        const char *file = i > 0 ? c->arg[i] : "this home's card";
        if (party < 0 || (cards[party].note != NULL && i > 0 && cards[party].serial != card.serial))
            code = ol_cli_fail(c, OL_ECONFLICT, "give the card that belongs to this charter",
                               party < 0 ? "%s is of no party of this charter, or has another "
                                           "identity key"
                                         : "%s is the second card of one party",
                               file);
        if (code >= 0 || cards[party].note != NULL) {
            free(note);
            if (code >= 0)
                return code;
            continue;
        }
        cards[party] = (card_note){ note, len, card.serial };
        missing &= ~(UINT32_C(1) << party);
    }
    char names[OL_CLI_PARTIES_LEN];
    if (missing == 0)
        return -1;
    return ol_cli_fail(c, OL_ENOENT, "name their files after the charter's",
                       "the card is missing of: %s", ol_cli_parties(ch, missing, names));
}

int ol_cli_read_secret(ol_cli *c, const ol_home *h, const ol_charter *ch, room *r) {
    char name[OL_HOME_NAME_MAX];
    ol_why why = { "" };
    ol_ini_at at = { 0 };
    ol_err err = ol_file_read(h->dir, ol_cli_founding(ch->line, "secret", name), OL_FILE_SECRET,
                              r->text, sizeof r->text, &r->len, &why);
    if (err == OL_ENOENT)
        return ol_cli_fail(c, err, "run openline key combine with every party's contribution",
                           "there is no secret for the line \"%s\" yet", ch->line);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    err = ol_secret_get(r->text, r->len, &r->secret, &at);
    if (err != OL_OK)
        return ol_cli_fail_at(c, err, name, &at);
    if (memcmp(r->secret.line, ch->id, sizeof r->secret.line) != 0 ||
        r->secret.generation != ch->generation)
        return ol_cli_fail(c, OL_ECONFLICT, "sign this charter, then contribute and combine anew",
                           "the contributions were made for another charter of \"%s\"", ch->line);
    return -1;
}

/* Thirty digits, spaces anywhere; false for anything else. */
static bool digits_of(const char *s, char to[30]) {
    size_t n = 0;
    for (; *s != '\0'; s++) {
        if (*s == ' ' || *s == '\n' || *s == '\r')
            continue;
        if (*s < '0' || *s > '9' || n == 30)
            return false;
        to[n++] = *s;
    }
    return n == 30;
}

static int ask_digits(ol_cli *c, char *to, int cap) {
    const char *given = ol_cli_value(c, "digits");
    if (given != NULL)
        return (void)snprintf(to, (size_t)cap, "%s", given), -1;
    if (isatty(STDIN_FILENO))
        ol_cli_hint(c, "Hear the thirty digits from the other party by voice, and type what you "
                       "hear:");
    if (fgets(to, cap, stdin) == NULL)
        return ol_cli_fail(c, OL_ESHORT,
                           "give them on standard input or with --digits \"01234 56789 …\"",
                           "no digits were given");
    return -1;
}

int ol_cli_compare_digits(ol_cli *c, const ol_home *h, const char *line) {
    char name[OL_HOME_NAME_MAX];
    char text[OL_DIGITS_LEN + 1];
    char heard[256];
    char ours[30];
    char theirs[30];
    size_t len = 0;
    ol_why why = { "" };
    ol_err err = ol_file_read(h->dir, ol_cli_founding(line, "digits", name), OL_FILE_SECRET, text,
                              OL_DIGITS_LEN, &len, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    text[len] = '\0';
    int code = ask_digits(c, heard, sizeof heard);
    if (code >= 0)
        return code;
    if (!digits_of(text, ours))
        return ol_cli_fail(c, OL_EFORM, "run openline key combine again", "%s is damaged", name);
    if (!digits_of(heard, theirs))
        return ol_cli_fail(c, OL_EFORM, "give all thirty as the other party reads them out",
                           "these are not thirty digits");
    if (sodium_memcmp(ours, theirs, sizeof ours) == 0)
        return -1;
    return ol_cli_fail(c, OL_EAUTH,
                       "hear them again; if they still differ, do not use these secrets: all "
                       "parties begin anew with openline key contribute --again, and another "
                       "courier",
                       "the digits differ: the parties have not combined the same contributions, "
                       "so one was exchanged or damaged on its way");
}

/* The charter is written last: with it the line is joined. */
static int join(ol_cli *c, const ol_home *h, const ol_charter *ch, const char *text, size_t len,
                const card_note *cards, const room *r) {
    char name[OL_HOME_NAME_MAX];
    ol_why why = { "" };
    ol_err err = ol_file_mkdir(h->dir, ol_home_line_name(ch->line, "cards", name), &why);
    for (unsigned i = 0; i < ch->parties && err == OL_OK; i++)
        err = ol_file_write(h->dir,
                            ol_home_card_name(ch->line, ch->party[i].name, cards[i].serial, name),
                            OL_FILE_PUBLIC, cards[i].note, cards[i].len, &why);
    if (err == OL_OK)
        err = ol_file_write(h->dir, ol_home_line_name(ch->line, "secret", name), OL_FILE_SECRET,
                            r->text, r->len, &why);
    if (err == OL_OK)
        err = ol_file_create(h->dir, ol_home_line_name(ch->line, "charter", name), OL_FILE_PUBLIC,
                             text, len, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    static const char *const leaf[] = { "share", "secret", "digits", "note", "charter" };
    int code = -1;
    for (size_t i = 0; i < OL_LEN(leaf) && code < 0; i++)
        code = ol_cli_erase(c, h->dir, ol_cli_founding(ch->line, leaf[i], name));
    return code;
}

static int print_joined(ol_cli *c, const ol_home *h, const ol_charter *ch) {
    char id[2 * OL_LINE_ID_LEN + 1];
    char names[OL_CLI_PARTIES_LEN];
    ol_hex_put(ch->id, sizeof ch->id, id);
    json_t *parties = json_array();
    for (unsigned i = 0; i < ch->parties; i++)
        (void)json_array_append_new(parties, json_string(ch->party[i].name));
    if (c->is_json)
        ol_cli_json(json_pack("{s:b, s:s, s:s, s:o, s:b}", "ok", 1, "line", ch->line, "id", id,
                              "parties", parties, "restart", ol_home_pid(h) != 0));
    else
        json_decref(parties);
    if (!c->is_json)
        ol_cli_print("Joined the line %s, id %s, of %s.\n", ch->line, id,
                     ol_cli_parties(ch, UINT32_MAX, names));
    ol_cli_hint_restart(c, h);
    return ol_cli_end(c);
}

static int add(ol_cli *c, const ol_home *h, const char *text, size_t len, room *r) {
    static ol_charter ch;
    card_note cards[OL_PARTIES_MAX] = { { NULL, 0, 0 } };
    ol_card own;
    int code = read_charter(c, c->arg[0], text, len, &ch);
    if (code < 0)
        code = ol_cli_line_is_free(c, h, ch.line);
    if (code < 0)
        code = ol_cli_own_card(c, h, &own);
    if (code < 0 && ol_charter_card(&ch, &own) < 0)
        code = ol_cli_fail(c, OL_ENOENT, "ask for a charter made with this party's card",
                           "the charter of %s does not name this party's identity key", ch.line);
    if (code < 0)
        code = ol_cli_read_secret(c, h, &ch, r);
    if (code < 0)
        code = read_cards(c, h, &ch, cards);
    if (code < 0)
        code = ol_cli_compare_digits(c, h, ch.line);
    if (code < 0)
        code = join(c, h, &ch, text, len, cards, r);
    for (unsigned i = 0; i < OL_PARTIES_MAX; i++)
        free(cards[i].note);
    return code < 0 ? print_joined(c, h, &ch) : code;
}

static int add_run(ol_cli *c) {
    ol_home h;
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    char *text = NULL;
    size_t len = 0;
    room *r = sodium_malloc(sizeof *r);
    if (r == NULL)
        code = ol_cli_fail(c, OL_ENOMEM, "raise the limit on locked memory (ulimit -l)",
                           "there is no locked memory for the secrets");
    if (code < 0)
        code = ol_cli_read(c, AT_FDCWD, c->arg[0], &text, &len);
    if (code < 0)
        code = add(c, &h, text, len, r);
    free(text);
    sodium_free(r);
    ol_home_close(&h);
    return code;
}

static const ol_cli_opt options[] = {
    { "digits", "\"DIGITS\"", "the thirty digits heard from the other party", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_line_add = {
    .name = "line add",
    .args = "<charter> <card>…",
    .summary = "Joins a line: a charter signed by all, and the other parties' cards",
    .help = "Asks for the digits of openline key combine as the other party reads them out.\n",
    .opt = options,
    .args_min = 1,
    .args_max = 17,
    .run = add_run,
};
