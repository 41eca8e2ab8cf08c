/* openline charter draft, openline charter sign — the text that all parties sign. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "station/file.h"

json_t *ol_cli_parties_json(const ol_charter *ch, uint32_t set) {
    json_t *a = json_array();
    for (unsigned i = 0; i < ch->parties; i++)
        if ((set >> i & 1) != 0)
            (void)json_array_append_new(a, json_string(ch->party[i].name));
    return a;
}

json_t *ol_cli_charter_json(const ol_charter *ch, uint32_t missing) {
    char id[2 * OL_LINE_ID_LEN + 1];
    uint32_t all = (uint32_t)((UINT64_C(1) << ch->parties) - 1);
    ol_hex_put(ch->id, sizeof ch->id, id);
    return json_pack(
        "{s:b, s:s, s:s, s:I, s:o, s:o, s:o}", "ok", 1, "line", ch->line, "id", id, "generation",
        (json_int_t)ch->generation, "parties", ol_cli_parties_json(ch, all), "signed",
        ol_cli_parties_json(ch, all & ~missing), "missing", ol_cli_parties_json(ch, missing));
}

/* "key=value" → a setting that points into *text, a copy to be freed. */
int ol_cli_setting(ol_cli *c, const char *s, char **text, ol_charter_setting *ret) {
    size_t at = strcspn(s, "=");
    if (s[at] == '\0' || at == 0)
        return ol_cli_usage(c, "--set is key=value, such as check.interval=600, not \"%s\"", s);
    *text = strdup(s);
    if (*text == NULL)
        return ol_cli_fail(c, OL_ENOMEM, "try again", "there is no memory");
    (*text)[at] = '\0';
    *ret = (ol_charter_setting){ *text, *text + at + 1 };
    return -1;
}

static int draft(ol_cli *c, const ol_card *card, size_t cards, const ol_charter_setting *set) {
    char *text = malloc(OL_CHARTER_MAX + 1);
    if (text == NULL)
        return ol_cli_fail(c, OL_ENOMEM, "try again", "there is no memory");
    ol_wr w = { (uint8_t *)text, 0, OL_CHARTER_MAX, OL_OK };
    ol_ini_at at = { 0 };
    ol_err err = ol_charter_draft(c->arg[0], card, cards, set, c->lists, &w, &at);
    static ol_charter ch;
    if (err == OL_OK)
        err = ol_charter_parse(text, w.len, &ch, &at);
    int code;
    if (err != OL_OK && at.line > 0 && at.line <= c->lists)
        code = ol_cli_fail(c, err, "see docs/PROTOCOL.md, section 2.4, for keys and ranges",
                           "--set %s: %s", c->list[at.line - 1],
                           at.why != NULL ? at.why : ol_err_text(err));
    else if (err != OL_OK)
        code = ol_cli_fail(c, err, "put it right and draft again", "no charter can be drafted: %s",
                           at.why != NULL ? at.why : ol_err_text(err));
    else {
        text[w.len] = '\0';
        json_t *o = c->is_json
                        ? ol_cli_charter_json(&ch, (uint32_t)((UINT64_C(1) << ch.parties) - 1))
                        : NULL;
        if (c->is_json) {
            (void)json_object_set_new(o, "charter", json_string(text));
            ol_cli_json(o);
        } else {
            ol_cli_print_note(text);
        }
        code = ol_cli_end(c);
    }
    free(text);
    return code;
}

static int draft_run(ol_cli *c) {
    size_t cards = c->args - 1;
    ol_card *card = calloc(cards, sizeof *card);
    char *text[OL_CLI_LIST_MAX] = { NULL };
    ol_charter_setting set[OL_CLI_LIST_MAX];
    int code = card != NULL ? -1 : ol_cli_fail(c, OL_ENOMEM, "try again", "there is no memory");
    for (size_t i = 0; i < cards && code < 0; i++) {
        char *note = NULL;
        size_t len = 0;
        code = ol_cli_read_card(c, c->arg[i + 1], &card[i], &note, &len);
        if (code < 0)
            free(note);
    }
    for (size_t i = 0; i < c->lists && code < 0; i++)
        code = ol_cli_setting(c, c->list[i], &text[i], &set[i]);
    if (code < 0)
        code = draft(c, card, cards, set);
    for (size_t i = 0; i < c->lists; i++)
        free(text[i]);
    free(card);
    return code;
}

/* The whole note, from which openline home tells who has signed. */
static int keep_note(ol_cli *c, const ol_home *h, const char *line, ol_str note) {
    char name[OL_HOME_NAME_MAX];
    ol_why why = { "" };
    ol_err err = ol_file_write(h->dir, ol_cli_founding(line, "note", name), OL_FILE_PUBLIC, note.p,
                               note.len, &why);
    return err == OL_OK ? -1 : ol_cli_fail_why(c, err, &why);
}

/* Keeps the text that we sign: contributions are made for it. Another one needs --replace. */
static int keep_text(ol_cli *c, const ol_home *h, const char *line, ol_str text, ol_str note) {
    char name[OL_HOME_NAME_MAX];
    ol_why why = { "" };
    ol_cli_founding(line, "charter", name);
    if (ol_file_exists(h->dir, name)) {
        char *old = NULL;
        size_t len = 0;
        int code = ol_cli_read(c, h->dir, name, &old, &len);
        if (code >= 0)
            return code;
        bool is_same = len == text.len && memcmp(old, text.p, len) == 0;
        free(old);
        if (is_same)
            return keep_note(c, h, line, note);
        if (!ol_cli_has(c, "replace"))
            return ol_cli_fail(c, OL_EEXIST, "sign with --replace to drop the earlier one",
                               "this party has signed another charter of a line \"%s\"", line);
        static const char *const leaf[] = { "share", "secret", "digits" };
        for (size_t i = 0; i < OL_LEN(leaf); i++) {
            char old_name[OL_HOME_NAME_MAX];
            code = ol_cli_erase(c, h->dir, ol_cli_founding(line, leaf[i], old_name));
            if (code >= 0)
                return code;
        }
    }
    ol_err err = ol_file_mkdir(h->dir, OL_HOME_CONTRIBUTIONS, &why);
    if (err == OL_OK)
        err = ol_file_write(h->dir, name, OL_FILE_PUBLIC, text.p, text.len, &why);
    return err == OL_OK ? keep_note(c, h, line, note) : ol_cli_fail_why(c, err, &why);
}

static int print_signed(ol_cli *c, const char *file, const ol_charter *ch, uint32_t missing) {
    char names[OL_CLI_PARTIES_LEN];
    char id[2 * OL_LINE_ID_LEN + 1];
    ol_hex_put(ch->id, sizeof ch->id, id);
    if (c->is_json) {
        json_t *o = ol_cli_charter_json(ch, missing);
        (void)json_object_set_new(o, "file", json_string(file));
        ol_cli_json(o);
        return ol_cli_end(c);
    }
    ol_cli_print("Signed the charter of the line %s, id %s.\n", ch->line, id);
    if (missing == 0)
        ol_cli_print("All parties have signed it.\n");
    else
        ol_cli_print("Not signed yet by: %s.\n", ol_cli_parties(ch, missing, names));
    return ol_cli_end(c);
}

static int sign_refused(ol_cli *c, ol_err err, const char *file, const ol_charter *ch,
                        const ol_ini_at *at) {
    if (err == OL_ENOENT)
        return ol_cli_fail(c, err, "ask for a draft made with this party's card",
                           "the charter of %s does not name this party's identity key", ch->line);
    return ol_cli_fail_at(c, err, file, at);
}

/* The generations before, as one that joins has them from another, are kept until it joins. */
static int keep_before(ol_cli *c, const ol_home *h, const char *line) {
    ol_why why = { "" };
    ol_err err = ol_file_mkdir(h->dir, OL_HOME_CONTRIBUTIONS, &why);
    for (size_t i = 0; i < c->lists && err == OL_OK; i++) {
        char name[OL_HOME_NAME_MAX], leaf[32], *text = NULL;
        size_t len = 0;
        int code = ol_cli_read(c, AT_FDCWD, c->list[i], &text, &len);
        if (code >= 0)
            return code;
        (void)snprintf(leaf, sizeof leaf, "charter.%zu", i);
        err = ol_file_write(h->dir, ol_cli_founding(line, leaf, name), OL_FILE_PUBLIC, text, len,
                            &why);
        free(text);
    }
    return err == OL_OK ? -1 : ol_cli_fail_why(c, err, &why);
}

/* Does it follow from what is in force? */
static int check_amendment(ol_cli *c, const ol_home *h, const char *file, const char *text,
                           size_t len, const ol_charter *ch) {
    static ol_chain chain;
    uint32_t missing = 0;
    ol_ini_at at = { 0 };
    int code = ol_cli_chain(c, h, ch->line, &chain);
    bool is_joined = chain.generations > 0;
    if (code < 0 && !is_joined)
        code = ol_cli_chain_files(c, c->lists, c->list, &chain);
    if (code >= 0)
        return code;
    if (chain.generations == 0)
        return ol_cli_fail(c, OL_ENOENT,
                           "give the charter and the amendments before it, in their order: --after "
                           "charter --after charter.1 …",
                           "%s is an amendment of a line that this party has not joined", file);
    ol_err err = ol_chain_add(&chain, text, len, &missing, &at);
    if (err != OL_OK)
        return ol_cli_fail_at(c, err, file, &at);
    return is_joined ? -1 : keep_before(c, h, ch->line);
}

static int sign(ol_cli *c, const ol_home *h, const char *file, const char *text, size_t len) {
    static ol_charter ch;
    uint32_t missing = 0;
    ol_ini_at at = { 0 };
    ol_err err = ol_charter_read(text, len, &ch, &missing, &at);
    if (err != OL_OK)
        return ol_cli_fail_at(c, err, file, &at);
    ol_card own;
    int code = ol_cli_own_card(c, h, &own);
    int self = code < 0 ? ol_charter_card(&ch, &own) : -1;
    if (code < 0 && self < 0)
        code = sign_refused(c, OL_ENOENT, file, &ch, &at);
    if (code < 0 && ch.generation == 0)
        code = ol_cli_line_is_free(c, h, ch.line);
    if (code < 0 && ch.generation > 0)
        code = check_amendment(c, h, file, text, len, &ch);
    if (code >= 0)
        return code;
    ol_sign_key *key = NULL;
    bool is_signed = (missing >> self & 1) == 0; /* said again, nothing changes */
    code = is_signed && !ol_cli_has(c, "passphrase-fd") ? -1 : ol_cli_identity(c, h, &key);
    if (code >= 0)
        return code;
    char *out = malloc(OL_CHARTER_MAX);
    ol_str body = { NULL, 0 };
    ol_wr w = { (uint8_t *)out, 0, OL_CHARTER_MAX, OL_OK };
    if (out == NULL)
        err = OL_ENOMEM;
    else if (!is_signed)
        err = ol_charter_sign(text, len, key, &w, &at);
    else
        ol_wr_put(&w, text, len), err = w.err;
    sodium_free(key);
    if (err == OL_OK)
        err = ol_charter_text(out, w.len, &body);
    code = err == OL_OK ? keep_text(c, h, ch.line, body, (ol_str){ out, w.len })
                        : sign_refused(c, err, file, &ch, &at);
    if (code < 0) {
        ol_why why = { "" };
        err = ol_file_write(AT_FDCWD, file, OL_FILE_PUBLIC, out, w.len, &why);
        if (err == OL_OK)
            err = ol_charter_read(out, w.len, &ch, &missing, &at);
        code = err == OL_OK ? print_signed(c, file, &ch, missing) : ol_cli_fail_why(c, err, &why);
    }
    free(out);
    return code;
}

static int sign_run(ol_cli *c) {
    ol_home h;
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    char *text = NULL;
    size_t len = 0;
    code = ol_cli_read(c, AT_FDCWD, c->arg[0], &text, &len);
    if (code < 0)
        code = sign(c, &h, c->arg[0], text, len);
    free(text);
    ol_home_close(&h);
    return code;
}

static const ol_cli_opt draft_options[] = {
    { "set", "KEY=VALUE", "another value than the usual one", true },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_charter_draft = {
    .name = "charter draft",
    .args = "<line> <card> <card>…",
    .summary = "Drafts a charter from the parties' cards, on standard output",
    .help = "The order of the cards is the order of the parties. It is a text to be read, agreed "
            "and signed:\n"
            "  openline charter draft hotline usa.card prc.card > hotline.charter\n",
    .opt = draft_options,
    .args_min = 3,
    .args_max = 17,
    .run = draft_run,
};

static const ol_cli_opt sign_options[] = {
    { "replace", NULL, "drop another charter signed for the same line, not yet joined", false },
    { "after", "FILE", "for one that joins: what the amendment follows from, in order", true },
    { "passphrase-fd", "N", "read the passphrase of identity.key from descriptor N", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_charter_sign = {
    .name = "charter sign",
    .args = "<file>",
    .summary = "Adds this party's signature to a charter",
    .help = "Read the text before you sign it. The file is changed in place: a line is added. An "
            "amendment is signed\nby all who stay and all who join; who joins gives the charter "
            "and the amendments before it with --after.\nOne that has this party's signature "
            "already, as when it has come back, is only kept: no key is needed.\n",
    .opt = sign_options,
    .args_min = 1,
    .args_max = 1,
    .run = sign_run,
};
