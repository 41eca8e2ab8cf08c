/* openline key contribute, openline key combine — the courier secret.
 * Each party makes a contribution, a courier carries it to every other; with all of them each
 * party computes the same secrets. 30 digits, compared by voice, show that they are the same. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/files.h"
#include "crypto/keys.h"
#include "record/contribution.h"
#include "station/file.h"
#include "station/secret.h"

typedef struct { /* locked memory */
    ol_courier courier;
    ol_secret secret;
    uint8_t master[OL_SECRET_LEN];
    char note[OL_CONTRIBUTION_MAX];
    uint8_t text[OL_SECRET_FILE_MAX];
} room;

static int room_of(ol_cli *c, room **ret) {
    *ret = sodium_malloc(sizeof **ret);
    if (*ret == NULL)
        return ol_cli_fail(c, OL_ENOMEM, "raise the limit on locked memory (ulimit -l)",
                           "there is no locked memory for the secrets");
    memset(*ret, 0, sizeof **ret);
    return -1;
}

/* Begins anew: what was contributed and combined before is of no use any more. */
static int forget(ol_cli *c, const ol_home *h, const char *line) {
    static const char *const leaf[] = { "share", "secret", "digits" };
    char name[OL_HOME_NAME_MAX];
    int code = -1;
    for (size_t i = 0; i < OL_LEN(leaf) && code < 0; i++)
        code = ol_cli_erase(c, h->dir, ol_cli_founding(line, leaf[i], name));
    return code;
}

/* This party's contribution into r->note: the one made before, else a new one. */
static int make_share(ol_cli *c, const ol_home *h, const ol_charter *ch, room *r, size_t *ret_len) {
    char name[OL_HOME_NAME_MAX];
    ol_why why = { "" };
    if (ol_cli_has(c, "again")) {
        int code = forget(c, h, ch->line);
        if (code >= 0)
            return code;
    }
    ol_cli_founding(ch->line, "share", name);
    ol_err err = ol_file_read(h->dir, name, OL_FILE_SECRET, r->note, sizeof r->note, ret_len, &why);
    if (err != OL_ENOENT)
        return err == OL_OK ? -1 : ol_cli_fail_why(c, err, &why);
    char done[OL_HOME_NAME_MAX];
    if (ol_file_exists(h->dir, ol_cli_founding(ch->line, "secret", done)))
        return ol_cli_fail(
            c, OL_ESTATE, "go on with openline line add (or amend), or begin anew with --again",
            "the contributions to the line \"%s\" were combined and erased", ch->line);
    ol_sign_key *key = NULL;
    int code = ol_cli_identity(c, h, &key);
    if (code >= 0)
        return code;
    randombytes_buf(r->master, sizeof r->master);
    ol_wr w = { (uint8_t *)r->note, 0, sizeof r->note, OL_OK };
    err = ol_contribution_make(ch, key, r->master, &w);
    sodium_memzero(r->master, sizeof r->master);
    sodium_free(key);
    if (err != OL_OK)
        return ol_cli_fail(c, err, "ask for a charter made with this party's card",
                           "no contribution can be made: %s", ol_err_text(err));
    *ret_len = w.len;
    err = ol_file_create(h->dir, name, OL_FILE_SECRET, r->note, w.len, &why);
    return err == OL_OK ? -1 : ol_cli_fail_why(c, err, &why);
}

static int contribute(ol_cli *c, const ol_home *h, const ol_charter *ch, const char *own) {
    char dflt[3 * OL_NAME_MAX];
    (void)snprintf(dflt, sizeof dflt, "%s.%s.contribution", ch->line, own);
    const char *file = ol_cli_value(c, "out");
    if (file == NULL)
        file = dflt;
    room *r = NULL;
    size_t len = 0;
    int code = room_of(c, &r);
    if (code < 0)
        code = make_share(c, h, ch, r, &len);
    if (code < 0) {
        ol_why why = { "" };
        ol_err err = ol_file_create(AT_FDCWD, file, OL_FILE_SECRET, r->note, len, &why);
        code = err == OL_OK ? -1 : ol_cli_fail_why(c, err, &why);
    }
    sodium_free(r);
    if (code >= 0)
        return code;
    if (c->is_json)
        ol_cli_json(json_pack("{s:b, s:s, s:s, s:s}", "ok", 1, "line", ch->line, "party", own,
                              "file", file));
    else
        ol_cli_print("%s\n", file);
    ol_cli_hint(c, "This file is a secret: a courier carries it to every other party of the line, "
                   "and nothing else does.");
    return ol_cli_end(c);
}

static int contribute_run(ol_cli *c) {
    static ol_charter ch;
    static ol_chain chain;
    ol_card own;
    ol_home h;
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    code = ol_cli_own_card(c, &h, &own);
    if (code < 0)
        code = ol_cli_signed_charter(c, &h, c->arg[0], &ch, &chain);
    if (code < 0)
        code = contribute(c, &h, &ch, own.party.name);
    ol_home_close(&h);
    return code;
}

/* One contribution from a file; our own may be given beside the one in the home. */
static int take(ol_cli *c, int dir, const char *file, const ol_charter *ch, int self, room *r) {
    ol_why why = { "" };
    ol_ini_at at = { 0 };
    size_t len = 0;
    ol_err err = ol_file_read(dir, file, OL_FILE_SECRET, r->note, sizeof r->note, &len, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    bool has_mine = (r->courier.taken >> self & 1) != 0;
    memcpy(r->master, r->courier.part[self], sizeof r->master);
    r->courier.taken &= ~(UINT32_C(1) << self);
    err = ol_contribution_take(&r->courier, ch, r->note, len, &at);
    bool is_other = has_mine && (r->courier.taken >> self & 1) != 0 &&
                    sodium_memcmp(r->master, r->courier.part[self], OL_SECRET_LEN) != 0;
    if (has_mine) {
        memcpy(r->courier.part[self], r->master, sizeof r->master);
        r->courier.taken |= UINT32_C(1) << self;
    }
    sodium_memzero(r->master, sizeof r->master);
    sodium_memzero(r->note, sizeof r->note);
    if (is_other)
        return ol_cli_fail(c, OL_ECONFLICT, "leave it out: the home has the right one",
                           "%s is not the contribution that this party made last", file);
    return err == OL_OK ? -1 : ol_cli_fail_at(c, err, file, &at);
}

/* self: our place in the text; keys of pairs are by party numbers, which are of the whole chain. */
static void derive(const ol_charter *ch, const ol_chain *chain, unsigned self, room *r,
                   char digits[OL_DIGITS_LEN + 1]) {
    ol_keys_digits(r->master, digits);
    ol_keys_line_secret(r->master, r->secret.secret);
    memcpy(r->secret.line, ch->id, sizeof r->secret.line);
    r->secret.generation = ch->generation;
    unsigned us = chain->order[self];
    for (unsigned i = 0; i < ch->parties; i++) {
        if (i == self)
            continue;
        unsigned n = r->secret.pairs++, them = chain->order[i];
        memcpy(r->secret.pair[n].party, ch->party[i].name, sizeof r->secret.pair[n].party);
        ol_keys_pair(r->master, ch->id, them < us ? them : us, them < us ? us : them,
                     r->secret.pair[n].keys.ck);
    }
}

/* Secrets first, then what they came from is erased. */
static int keep_secret(ol_cli *c, const ol_home *h, const ol_charter *ch, room *r,
                       const char *digits) {
    char name[OL_HOME_NAME_MAX];
    ol_why why = { "" };
    ol_wr w = { r->text, 0, sizeof r->text, OL_OK };
    ol_err err = ol_secret_put(&r->secret, &w);
    if (err != OL_OK)
        return ol_cli_fail(c, err, "report this", "the line's secret does not fit its file");
    err = ol_file_write(h->dir, ol_cli_founding(ch->line, "digits", name), OL_FILE_SECRET, digits,
                        OL_DIGITS_LEN, &why);
    if (err == OL_OK)
        err = ol_file_write(h->dir, ol_cli_founding(ch->line, "secret", name), OL_FILE_SECRET,
                            r->text, w.len, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    int code = ol_cli_erase(c, h->dir, ol_cli_founding(ch->line, "share", name));
    for (size_t i = 1; i < c->args && code < 0 && !ol_cli_has(c, "keep"); i++)
        code = ol_cli_erase(c, AT_FDCWD, c->arg[i]);
    return code;
}

static int combine(ol_cli *c, const ol_home *h, const ol_charter *ch, const ol_chain *chain,
                   int self, room *r) {
    char name[OL_HOME_NAME_MAX];
    char digits[OL_DIGITS_LEN + 1];
    int code = -1;
    struct stat made; /* nobody can have used the line before we contributed */
    if (fstatat(h->dir, ol_cli_founding(ch->line, "share", name), &made, AT_SYMLINK_NOFOLLOW) ==
        0) {
        r->secret.joined_wall = made.st_mtime > 0 ? (uint64_t)made.st_mtime : 0;
        code = take(c, h->dir, name, ch, self, r);
    }
    for (size_t i = 1; i < c->args && code < 0; i++)
        code = take(c, AT_FDCWD, c->arg[i], ch, self, r);
    if (code >= 0)
        return code;
    uint32_t missing = ol_courier_missing(&r->courier, ch);
    char names[OL_CLI_PARTIES_LEN];
    if (missing != 0)
        return ol_cli_fail(c, OL_ESTATE, "combine when the courier has brought every one",
                           "the contribution is missing of: %s",
                           ol_cli_parties(ch, missing, names));
    ol_err err = ol_courier_master(&r->courier, ch, r->master);
    if (err != OL_OK)
        return ol_cli_fail(c, err, "begin again with openline key contribute",
                           "the contributions cannot be combined: %s", ol_err_text(err));
    derive(ch, chain, (unsigned)self, r, digits);
    sodium_memzero(r->master, sizeof r->master);
    code = keep_secret(c, h, ch, r, digits);
    if (code >= 0)
        return code;
    if (c->is_json)
        ol_cli_json(json_pack("{s:b, s:s, s:s, s:b}", "ok", 1, "line", ch->line, "digits", digits,
                              "erased", !ol_cli_has(c, "keep")));
    else
        ol_cli_print("%s\n", digits);
    ol_cli_hint(c,
                "Read these digits to every other party by voice, and hear theirs: openline "
                "line %s asks for them. The contributions are erased%s.",
                ch->generation == 0 ? "add" : "amend",
                ol_cli_has(c, "keep") ? " but for the files given" : "");
    return ol_cli_end(c);
}

static int combine_run(ol_cli *c) {
    static ol_charter ch;
    static ol_chain chain;
    ol_card own;
    ol_home h;
    room *r = NULL;
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    code = ol_cli_own_card(c, &h, &own);
    if (code < 0)
        code = ol_cli_signed_charter(c, &h, c->arg[0], &ch, &chain);
    int self = code < 0 ? ol_charter_card(&ch, &own) : 0;
    if (code < 0 && self < 0)
        code = ol_cli_fail(c, OL_ENOENT, "sign a charter made with this party's card",
                           "the charter does not name this party's identity key");
    if (code < 0)
        code = room_of(c, &r);
    if (code < 0)
        code = combine(c, &h, &ch, &chain, self, r);
    sodium_free(r);
    ol_home_close(&h);
    return code;
}

static const ol_cli_opt contribute_options[] = {
    { "out", "FILE", "where to write it (<line>.<party>.contribution)", false },
    { "again", NULL, "drop the shares made before: all parties begin anew", false },
    { "passphrase-fd", "N", "read the passphrase of identity.key from descriptor N", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_key_contribute = {
    .name = "key contribute",
    .args = "<line>",
    .summary = "Makes this party's share of a line's secret, for the courier",
    .help = "The charter must have been signed here: the share is bound to it. Given again, it "
            "writes the same\nshare again.\n",
    .opt = contribute_options,
    .args_min = 1,
    .args_max = 1,
    .run = contribute_run,
};

static const ol_cli_opt combine_options[] = {
    { "keep", NULL, "do not erase the files given", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_key_combine = {
    .name = "key combine",
    .args = "<line> <file>…",
    .summary = "Combines the parties' shares, erases them, and prints the digits to compare",
    .help = "Takes the shares of all other parties; our own is in the home. The files are "
            "overwritten and removed\nunless --keep is given; none may be readable by others "
            "(chmod 600).\n",
    .opt = combine_options,
    .args_min = 2,
    .args_max = 17,
    .run = combine_run,
};
