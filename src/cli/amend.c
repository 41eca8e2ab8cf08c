/* openline charter amend — drafts the next generation of a line: who joins, who leaves, what else
 * changes. */
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"

typedef struct {
    ol_card *card;
    const char *remove[OL_CLI_LIST_MAX];
    ol_charter_setting set[OL_CLI_LIST_MAX];
    char *text[OL_CLI_LIST_MAX];
    ol_chain_change change;
} changes;

static int gather(ol_cli *c, changes *k) {
    int code = -1;
    k->change = (ol_chain_change){ .add = k->card, .remove = k->remove, .set = k->set };
    for (size_t i = 0; i < c->lists && code < 0; i++) {
        char *note = NULL;
        size_t len = 0;
        if (strcmp(c->list_of[i], "add") == 0) {
            code = ol_cli_read_card(c, c->list[i], &k->card[k->change.adds], &note, &len);
            if (code < 0)
                free(note), k->change.adds++;
        } else if (strcmp(c->list_of[i], "remove") == 0) {
            k->remove[k->change.removes++] = c->list[i];
        } else {
            size_t n = k->change.sets;
            code = ol_cli_setting(c, c->list[i], &k->text[n], &k->set[n]);
            k->change.sets += code < 0;
        }
    }
    return code;
}

static int draft(ol_cli *c, const ol_chain *chain, const changes *k) {
    static ol_charter ch;
    char *text = malloc(OL_CHARTER_MAX + 1);
    if (text == NULL)
        return ol_cli_fail(c, OL_ENOMEM, "try again", "there is no memory");
    ol_wr w = { (uint8_t *)text, 0, OL_CHARTER_MAX, OL_OK };
    ol_ini_at at = { 0 };
    int code = -1;
    ol_err err = ol_chain_draft(chain, &k->change, &w, &at);
    if (err == OL_OK)
        err = ol_charter_parse(text, w.len, &ch, &at);
    if (err != OL_OK && at.line > 0 && at.line <= k->change.sets)
        code = ol_cli_fail(c, err, "see docs/PROTOCOL.md, section 2.4, for keys and ranges",
                           "--set %s: %s", k->set[at.line - 1].key, at.why);
    else if (err != OL_OK)
        code = ol_cli_fail_at(c, err, "the amendment", &at);
    if (code < 0 && c->is_json) {
        text[w.len] = '\0';
        json_t *o = ol_cli_charter_json(&ch, (uint32_t)((UINT64_C(1) << ch.parties) - 1));
        (void)json_object_set_new(o, "charter", json_string(text));
        ol_cli_json(o);
    } else if (code < 0) {
        text[w.len] = '\0';
        ol_cli_print("%s", text);
    }
    free(text);
    return code < 0 ? ol_cli_end(c) : code;
}

static int amend_run(ol_cli *c) {
    static changes k;
    static ol_chain chain;
    ol_home h;
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    memset(&k, 0, sizeof k);
    k.card = calloc(OL_CLI_LIST_MAX, sizeof *k.card);
    if (k.card == NULL)
        code = ol_cli_fail(c, OL_ENOMEM, "try again", "there is no memory");
    if (code < 0)
        code = ol_cli_chain(c, &h, c->arg[0], &chain);
    if (code < 0 && chain.generations == 0)
        code = ol_cli_fail(c, OL_ENOENT, "openline status names the lines",
                           "this party has joined no line \"%s\"", c->arg[0]);
    if (code < 0)
        code = gather(c, &k);
    if (code < 0)
        code = draft(c, &chain, &k);
    for (size_t i = 0; i < OL_CLI_LIST_MAX; i++)
        free(k.text[i]);
    free(k.card);
    ol_home_close(&h);
    return code;
}

static const ol_cli_opt options[] = {
    { "add", "CARD", "the card of a party that joins", true },
    { "remove", "PARTY", "a party that leaves", true },
    { "set", "KEY=VALUE", "another value than now", true },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_charter_amend = {
    .name = "charter amend",
    .args = "<line>",
    .summary = "Drafts an amendment of a line's charter, on standard output",
    .help = "Signed by all who stay and all who join, it makes a new generation of the line, with "
            "new secrets: then\nopenline key contribute and combine, and openline line amend. "
            "Without a change it only renews the secrets:\n"
            "  openline charter amend hotline --add nor.card > hotline.charter.1\n",
    .opt = options,
    .args_min = 1,
    .args_max = 1,
    .run = amend_run,
};
