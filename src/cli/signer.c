#include "cli/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "station/file.h"

/* ── the passphrase ── */

/* Asks at the terminal; *ret_len 0: there is none, or nothing was said. */
static void ask(const char *file, ol_cli_pass *p) {
    int tty = (int)TEMP_FAILURE_RETRY(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
    struct termios before, quiet;
    p->len = 0;
    if (tty < 0 || tcgetattr(tty, &before) != 0) {
        if (tty >= 0)
            (void)close(tty);
        return;
    }
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    quiet.c_lflag |= ECHONL;
    (void)dprintf(tty, "passphrase of %s: ", file);
    ol_why why;
    if (tcsetattr(tty, TCSAFLUSH, &quiet) != 0 ||
        ol_file_read_fd(tty, p->pass, sizeof p->pass, &p->len, &why) != OL_OK)
        p->len = 0;
    (void)tcsetattr(tty, TCSAFLUSH, &before);
    (void)close(tty);
}

typedef struct { /* locked memory */
    ol_keyfile key;
    char text[OL_KEYFILE_MAX];
    ol_cli_pass pass;
} room;

static int tell(ol_cli *c, const char *file, ol_err err, const ol_ini_at *at) {
    if (err == OL_ESTATE)
        return ol_cli_fail(c, err, "give it with --passphrase-fd N, N a descriptor to read it from",
                           "%s is under a passphrase", file);
    if (err == OL_EAUTH)
        return ol_cli_fail(c, err, "give the one that it was made with",
                           "the passphrase does not open %s, or the file was changed", file);
    return ol_cli_fail_at(c, err, file, at);
}

/* The file's key into r->key. */
static int open_file(ol_cli *c, const char *file, room *r) {
    ol_why why = { "" };
    ol_ini_at at = { 0 };
    ol_cli_pass *given = NULL;
    size_t len = 0;
    ol_err err = ol_file_read(AT_FDCWD, file, OL_FILE_SECRET, r->text, sizeof r->text, &len, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    int code = ol_cli_passphrase(c, &given);
    if (code >= 0)
        return code;
    err = ol_keyfile_get(r->text, len, given != NULL ? given->pass : NULL,
                         given != NULL ? given->len : 0, &r->key, &at);
    if (err == OL_ESTATE) {
        ask(file, &r->pass);
        if (r->pass.len > 0)
            err = ol_keyfile_get(r->text, len, r->pass.pass, r->pass.len, &r->key, &at);
    }
    sodium_free(given);
    return err == OL_OK ? -1 : tell(c, file, err, &at);
}

int ol_signer_key(ol_cli *c, const char *file, const char *party, ol_sign_key **ret,
                  bool *ret_sealed) {
    room *r = sodium_malloc(sizeof *r);
    ol_sign_key *key = sodium_malloc(sizeof *key);
    int code = r == NULL || key == NULL
                   ? ol_cli_fail(c, OL_ENOMEM, "raise the limit on locked memory (ulimit -l)",
                                 "there is no locked memory for the officer's key")
                   : open_file(c, file, r);
    if (code < 0 && r->key.kind != OL_KEYFILE_OFFICER)
        code = ol_cli_fail(c, OL_EFORM, "make one with openline officer key",
                           "%s is no officer's key", file);
    if (code < 0 && strcmp(r->key.party, party) != 0)
        code = ol_cli_fail(c, OL_ECONFLICT, "name a key of this party's officers",
                           "%s is the key of an officer of %s", file, r->key.party);
    if (code < 0)
        ol_sign_key_of(r->key.identity, key);
    if (code < 0 && ret_sealed != NULL)
        *ret_sealed = memmem(r->text, sizeof r->text, "\nsealed = ", 10) != NULL;
    sodium_free(r);
    if (code < 0)
        *ret = key;
    else
        sodium_free(key);
    return code;
}

/* ── signing ── */

/* Who: --as and --key, --as alone with the key that officer use named, or its default. */
static int choose(ol_cli *c, const ol_home *h, const char *line, ol_signer_officer *ret) {
    static ol_signer_known known;
    bool has_as = ol_cli_has(c, "as"), has_key = ol_cli_has(c, "key");
    const ol_signer_officer *o = NULL;
    *ret = (ol_signer_officer){ 0 };
    if (has_key && !has_as)
        return ol_cli_usage(c, "--key goes with --as: who says it, and the key");
    int code = has_as ? ol_cli_u64(c, "as", 1, OL_SIGNER_NUMBER_MAX, 0, &ret->number) : -1;
    if (code >= 0 || has_key)
        return code;
    code = ol_signer_known_get(c, h, line, &known);
    if (code < 0)
        o = has_as ? ol_signer_known_find(&known, ret->number) : ol_signer_known_default(&known);
    if (code < 0 && has_as && o == NULL)
        return ol_cli_fail(c, OL_ENOENT,
                           "give it with --key, or for all commands: openline officer use LINE "
                           "--as N --key FILE",
                           "where the key of officer %u is has not been said",
                           (unsigned)ret->number);
    if (o != NULL)
        *ret = *o;
    return code;
}

int ol_signer_open(ol_cli *c, const ol_home *h, const char *line, ol_signer *ret) {
    ol_signer_officer o;
    ol_card own;
    *ret = (ol_signer){ 0 };
    int code = choose(c, h, line, &o);
    if (code >= 0 || o.number == 0)
        return code;
    code = ol_cli_own_card(c, h, &own);
    if (code < 0)
        code = ol_signer_key(c, o.file[0] != '\0' ? o.file : ol_cli_value(c, "key"), own.party.name,
                             &ret->key, &ret->is_sealed);
    if (code < 0)
        ret->officer = (uint16_t)o.number;
    return code;
}

int ol_signer_sign(ol_cli *c, const ol_signer *s, const uint8_t *p, size_t len,
                   uint8_t ret[OL_SIG_LEN]) {
    (void)c; /* a key that lies elsewhere may have to say why it does not sign */
    OL_ASSERT(s->officer != 0);
    ol_sign_make(s->key, p, len, ret);
    return -1;
}

void ol_signer_close(ol_signer *s) {
    sodium_free(s->key);
    *s = (ol_signer){ 0 };
}
