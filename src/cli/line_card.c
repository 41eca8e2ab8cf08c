/* openline line card — takes a new card of another party of a line. It needs nobody's consent: the
 * identity key that the charter names has signed it. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "station/file.h"
#include "station/lines.h"
#include "station/locked.h"

enum { LOCKED_MAX = 4 << 20 };

static const ol_lines_row *row_of(const ol_lines *l, const char *name) {
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->row[i]->api.name, name) == 0)
            return l->row[i];
    return NULL;
}

/* Is it a card that this line can take? */
static int judge(ol_cli *c, const ol_lines_row *row, const ol_card *card) {
    const char *file = c->arg[1], *name = card->party.name;
    const ol_charter *ch = &row->chain.now;
    int party = ol_charter_party(ch, name, strlen(name));
    if (party < 0)
        return ol_cli_fail(c, OL_ENOENT, "see openline status for the parties",
                           "%s is a card of %s, who is no party of the line %s", file, name,
                           ch->line);
    if (ol_charter_card(ch, card) < 0)
        return ol_cli_fail(c, OL_EAUTH,
                           "do not use it: ask that party, by voice, whether it is theirs",
                           "%s has another identity key of %s than the charter", file, name);
    if (party == row->api.self)
        return ol_cli_fail(c, OL_ECONFLICT, "this party's own is made with openline card renew",
                           "%s is a card of this party itself", file);
    const ol_store_reader_card *last = ol_cards_last(&row->cards, (unsigned)party);
    if (last != NULL && card->serial <= last->card->serial)
        return ol_cli_fail(c, OL_EEXIST, "nothing is to be done, unless a newer one was meant",
                           "%s has serial %u, and the card of %s in force has serial %u", file,
                           (unsigned)card->serial, name, (unsigned)last->card->serial);
    for (size_t i = 0; i < row->cards.n; i++)
        if (ol_card_shares_key(card, row->cards.v[i].card))
            return ol_cli_fail(c, OL_ECONFLICT, "ask that party for a card with keys of its own",
                               "%s names a key that serves %s for another purpose", file,
                               row->cards.v[i].card->party.name);
    return -1;
}

static int take(ol_cli *c, const ol_home *h, const ol_lines *lines) {
    ol_card card;
    char *note = NULL;
    size_t len = 0;
    const ol_lines_row *row = row_of(lines, c->arg[0]);
    if (row == NULL)
        return ol_cli_fail(c, OL_ENOENT, "openline status names the lines",
                           "this party has joined no line \"%s\"", c->arg[0]);
    int code = ol_cli_read_card(c, c->arg[1], &card, &note, &len);
    if (code >= 0)
        return code;
    code = judge(c, row, &card);
    if (code < 0) {
        char name[OL_HOME_NAME_MAX];
        ol_why why = { "" };
        ol_home_card_name(row->api.name, card.party.name, card.serial, name);
        ol_err err = ol_file_write(h->dir, name, OL_FILE_PUBLIC, note, len, &why);
        code = err == OL_OK ? -1 : ol_cli_fail_why(c, err, &why);
    }
    free(note);
    if (code >= 0)
        return code;
    long pid = ol_home_pid(h);
    if (c->is_json)
        ol_cli_json(json_pack("{s:b, s:s, s:s, s:I, s:b}", "ok", 1, "line", row->api.name, "party",
                              card.party.name, "serial", (json_int_t)card.serial, "restart",
                              pid != 0));
    else
        ol_cli_print("Took the card of %s with serial %u on the line %s.\n", card.party.name,
                     (unsigned)card.serial, row->api.name);
    if (pid != 0)
        ol_cli_hint(c,
                    "Have the station (pid %ld) start anew now, openline restart: until then it "
                    "talks to whoever holds "
                    "the keys of the old card.",
                    pid);
    return ol_cli_end(c);
}

static int line_card_run(ol_cli *c) {
    ol_home h;
    ol_mem locked;
    static ol_lines lines;
    ol_why why = { "" };
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    ol_locked_mem(&locked, LOCKED_MAX);
    ol_err err = ol_lines_read(&h, &locked, &lines, &why);
    code = err == OL_OK ? take(c, &h, &lines) : ol_cli_fail_why(c, err, &why);
    ol_lines_free(&lines);
    ol_home_close(&h);
    return code;
}

static const ol_cli_opt no_options[] = { { NULL, NULL, NULL, false } };

const ol_cli_command ol_cli_line_card = {
    .name = "line card",
    .args = "<line> <card>",
    .summary = "Takes another party's new card",
    .help = "The card must have been brought by a hand you trust. It replaces the one before; what "
            "that one signed stays\nvalid. A station that runs takes it when it is started "
            "again.\n",
    .opt = no_options,
    .args_min = 2,
    .args_max = 2,
    .run = line_card_run,
};
