/* openline init — a party's keys and the card that publishes them. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "station/file.h"

typedef struct { /* locked memory: everything secret that init touches */
    ol_keyfile identity, station;
    ol_sign_key sign;
    uint8_t text[OL_KEYFILE_MAX];
} room;

static int set_title(ol_cli *c, ol_party *p, const char *lang, size_t lang_len, const char *text) {
    size_t len = strlen(text);
    if (!ol_party_lang_is_valid(lang, lang_len))
        return ol_cli_usage(c, "\"%.*s\" is no language, such as en or zh-hans", (int)lang_len,
                            lang);
    if (len == 0 || len > OL_TITLE_MAX || text[0] == ' ' || text[len - 1] == ' ' ||
        ol_text_check((const uint8_t *)text, len, OL_TEXT_LINE, NULL) != OL_OK)
        return ol_cli_usage(c,
                            "the name must be 1 to %d bytes of UTF-8 without controls and without "
                            "a space first or last",
                            OL_TITLE_MAX);
    for (unsigned i = 0; i < p->titles; i++)
        if (strncmp(p->title[i].lang, lang, lang_len) == 0 && p->title[i].lang[lang_len] == '\0')
            return ol_cli_usage(c, "there are two names in \"%s\"", p->title[i].lang);
    if (p->titles == OL_LANGS_MAX)
        return ol_cli_usage(c, "there are more than %d names", OL_LANGS_MAX);
    ol_title *t = &p->title[p->titles++];
    memcpy(t->lang, lang, lang_len);
    memcpy(t->text, text, len);
    return -1;
}

/* --lang "en fr": words, the party's own language first. */
static int set_langs(ol_cli *c, ol_party *p, const char *list) {
    while (*list != '\0') {
        size_t len = strcspn(list, " ,");
        if (!ol_party_lang_is_valid(list, len))
            return ol_cli_usage(c, "--lang is a list of languages such as \"en fr\", not \"%s\"",
                                list);
        if (p->langs == OL_LANGS_MAX)
            return ol_cli_usage(c, "there are more than %d languages", OL_LANGS_MAX);
        memcpy(p->lang[p->langs++], list, len);
        list += len + strspn(list + len, " ,");
    }
    return p->langs > 0 ? -1 : ol_cli_usage(c, "--lang is empty");
}

static int party_of(ol_cli *c, ol_party *p) {
    const char *name = c->arg[0];
    size_t len = strlen(name);
    if (!ol_name_is_valid(name, len))
        return ol_cli_usage(c,
                            "\"%s\" is no name for a party: use a-z 0-9 -, a letter first, at most "
                            "32 of them",
                            name);
    memcpy(p->name, name, len);
    const char *lang = ol_cli_value(c, "lang");
    int code = set_langs(c, p, lang != NULL ? lang : "en");
    if (code >= 0)
        return code;
    const char *title = ol_cli_value(c, "name");
    if (title == NULL)
        return ol_cli_usage(c, "--name is missing: the party's name as it writes it itself");
    code = set_title(c, p, p->lang[0], strlen(p->lang[0]), title);
    for (size_t i = 0; i < c->lists && code < 0; i++) {
        size_t at = strcspn(c->list[i], "=");
        if (c->list[i][at] == '\0')
            return ol_cli_usage(c, "--also is a language and a name, such as fr=\"États-Unis\"");
        code = set_title(c, p, c->list[i], at, c->list[i] + at + 1);
    }
    return code;
}

static void make_keys(room *r, ol_card *card) {
    r->identity.kind = OL_KEYFILE_IDENTITY;
    memcpy(r->identity.party, card->party.name, sizeof r->identity.party);
    card->serial = 1;
    randombytes_buf(r->identity.identity, sizeof r->identity.identity);
    ol_cli_draw_station(&r->station, card);
    ol_sign_key_of(r->identity.identity, &r->sign); /* stays: it signs the card */
    memcpy(card->party.identity, r->sign.pub, sizeof card->party.identity);
    card->party.has_identity = true;
}

/* The card is written last: without it the home counts as empty, and init can be given again. */
static int make_home(ol_cli *c, const ol_home *h, room *r, const ol_cli_pass *pass, ol_card *card) {
    make_keys(r, card);
    char note[OL_CARD_TEXT_MAX + 1024];
    ol_wr w = { (uint8_t *)note, 0, sizeof note - 1, OL_OK };
    ol_err err = ol_card_sign(card, &r->sign, &w);
    if (err != OL_OK)
        return ol_cli_fail(c, err, "shorten the names", "no card can be made of these names: %s",
                           ol_err_text(err));
    note[w.len] = '\0';
    int code = ol_cli_write_key(c, h->dir, &r->identity, pass, OL_HOME_IDENTITY, r->text);
    if (code < 0)
        code = ol_cli_write_key(c, h->dir, &r->station, pass, OL_HOME_STATION, r->text);
    if (code >= 0)
        return code;
    ol_why why = { "" };
    err = ol_file_create(h->dir, OL_HOME_CARD, OL_FILE_PUBLIC, note, w.len, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    code = ol_cli_print_card(c, h, note, card);
    ol_cli_hint(c,
                "The keys are in %s. Take identity.key offline: it signs charters, nothing "
                "else. The other parties need this card, brought by a hand they trust.",
                h->path);
    return code;
}

static int init_run(ol_cli *c) {
    ol_card card;
    memset(&card, 0, sizeof card);
    int code = party_of(c, &card.party);
    if (code >= 0)
        return code;
    ol_home h;
    ol_cli_pass *pass = NULL;
    code = ol_cli_passphrase(c, &pass);
    if (code < 0)
        code = ol_cli_home(c, true, &h);
    if (code >= 0) {
        sodium_free(pass);
        return code;
    }
    room *r = sodium_malloc(sizeof *r);
    if (ol_file_exists(h.dir, OL_HOME_CARD))
        code = ol_cli_fail(c, OL_EEXIST, "set OPENLINE_HOME to another directory",
                           "%s is the home of a party already", h.path);
    else if (r == NULL)
        code = ol_cli_fail(c, OL_ENOMEM, "raise the limit on locked memory (ulimit -l)",
                           "there is no locked memory for the keys");
    if (code < 0) {
        memset(r, 0, sizeof *r);
        code = make_home(c, &h, r, pass, &card);
    }
    sodium_free(pass);
    sodium_free(r);
    ol_home_close(&h);
    return code;
}

static const ol_cli_opt init_options[] = {
    { "name", "TEXT", "the party's name in its own language", false },
    { "lang", "\"LANG …\"", "its languages, its own first (en)", false },
    { "also", "LANG=TEXT", "its name in another language", true },
    { "passphrase-fd", "N", "seal the keys with a passphrase read from descriptor N", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_init = {
    .name = "init",
    .args = "<party>",
    .summary = "Makes this party's home and keys, and prints its card",
    .help = "The home is $OPENLINE_HOME, else ~/.openline. The card goes to standard output:\n"
            "  openline init usa --name \"United States\" > usa.card\n",
    .opt = init_options,
    .args_min = 1,
    .args_max = 1,
    .run = init_run,
};
