/* openline officer key — an officer's own key. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/signer.h"
#include "station/file.h"

typedef struct { /* locked memory */
    ol_keyfile file;
    ol_sign_key key;
    uint8_t text[OL_KEYFILE_MAX];
} room;

static int make(ol_cli *c, const char *party, const char *file, const ol_cli_pass *pass, room *r) {
    memset(r, 0, sizeof *r);
    r->file.kind = OL_KEYFILE_OFFICER;
    (void)snprintf(r->file.party, sizeof r->file.party, "%s", party);
    randombytes_buf(r->file.identity, sizeof r->file.identity);
    ol_sign_key_of(r->file.identity, &r->key);
    char pub[OL_B64_LEN(OL_SIGN_PUB_LEN) + 1];
    ol_b64_put(r->key.pub, OL_SIGN_PUB_LEN, pub);
    int code = ol_cli_write_key(c, AT_FDCWD, &r->file, pass, file, r->text);
    if (code >= 0)
        return code;
    if (c->is_json)
        ol_cli_json(json_pack("{s:b, s:s, s:s, s:s, s:b}", "ok", 1, "party", party, "file", file,
                              "public", pub, "sealed", pass != NULL));
    else
        ol_cli_print("%s\n", pub);
    ol_cli_hint(c,
                "The key is in %s%s: it is this officer's alone, and belongs where only this "
                "officer can take it. What is printed is its public half, for openline officer add "
                "--public.",
                file, pass != NULL ? "" : ", WITHOUT A PASSPHRASE (--passphrase-fd)");
    return ol_cli_end(c);
}

static int key_run(ol_cli *c) {
    ol_home h;
    ol_card own;
    ol_cli_pass *pass = NULL;
    char dflt[OL_NAME_MAX + 20];
    const char *name = c->arg[0], *file = ol_cli_value(c, "out");
    if (!ol_name_is_valid(name, strlen(name)))
        return ol_cli_usage(c, "\"%s\" is no name for a key: use a-z 0-9 -, a letter first", name);
    (void)snprintf(dflt, sizeof dflt, "%s.officer.key", name);
    if (file == NULL)
        file = dflt;
    if (ol_file_exists(AT_FDCWD, file))
        return ol_cli_fail(c, OL_EEXIST, "give another file with --out",
                           "%s is there already: a key is never written over", file);
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    room *r = sodium_malloc(sizeof *r);
    code = ol_cli_own_card(c, &h, &own);
    if (code < 0)
        code = ol_cli_passphrase(c, &pass);
    if (code < 0)
        code = r != NULL ? make(c, own.party.name, file, pass, r)
                         : ol_cli_fail(c, OL_ENOMEM, "raise the limit on locked memory (ulimit -l)",
                                       "there is no locked memory for the key");
    sodium_free(r);
    sodium_free(pass);
    ol_home_close(&h);
    return code;
}

static const ol_cli_opt key_options[] = {
    { "out", "FILE", "where to write it (<name>.officer.key)", false },
    { "passphrase-fd", "N", "seal it with a passphrase read from descriptor N", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_officer_key = {
    .name = "officer key",
    .args = "<name>",
    .summary = "Makes the key with which one officer signs",
    .help = "It needs this party's card and no station. It prints the public half, which openline "
            "officer add\nputs on the roster:\n"
            "  openline officer key smith --passphrase-fd 3 3< FILE\n",
    .opt = key_options,
    .args_min = 1,
    .args_max = 1,
    .run = key_run,
};
