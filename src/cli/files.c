#include "cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int ol_cli_home(ol_cli *c, bool create, ol_home *ret) {
    ol_why why = { "" };
    ol_err err = ol_home_open(NULL, create, ret, &why);
    return err == OL_OK ? -1 : ol_cli_fail_why(c, err, &why);
}

int ol_cli_read(ol_cli *c, int dir, const char *file, char **ret, size_t *ret_len) {
    ol_why why = { "" };
    char *text = malloc(OL_CLI_FILE_MAX + 1);
    if (text == NULL)
        return ol_cli_fail(c, OL_ENOMEM, "try again", "there is no memory to read %s", file);
    size_t len = 0;
    ol_err err = ol_file_read(dir, file, OL_FILE_PUBLIC, text, OL_CLI_FILE_MAX, &len, &why);
    if (err != OL_OK) {
        free(text);
        return ol_cli_fail_why(c, err, &why);
    }
    text[len] = '\0';
    *ret = text;
    *ret_len = len;
    return -1;
}

int ol_cli_fail_at(ol_cli *c, ol_err err, const char *file, const ol_ini_at *at) {
    const char *why = at->why != NULL ? at->why : ol_err_text(err);
    const char *cut = strstr(why, "; ");
    int len = cut != NULL ? (int)(cut - why) : (int)strlen(why);
    const char *todo = cut != NULL                 ? cut + 2
                       : strstr(why, ": ") != NULL ? "put it right and try again"
                                                   : "ask for the file again from its party";
    if (at->line == 0)
        return ol_cli_fail(c, err, todo, "%s: %.*s", file, len, why);
    return ol_cli_fail(c, err, todo, "%s, line %u, column %u: %.*s", file, at->line, at->column,
                       len, why);
}

int ol_cli_own_card(ol_cli *c, const ol_home *h, ol_card *ret) {
    char *note = NULL;
    size_t len = 0;
    int code = ol_cli_read(c, h->dir, OL_HOME_CARD, &note, &len);
    if (code >= 0)
        return code;
    ol_ini_at at = { 0 };
    ol_err err = ol_card_read(note, len, ret, &at);
    free(note);
    return err == OL_OK ? -1 : ol_cli_fail_at(c, err, "this home's card", &at);
}

int ol_cli_read_card(ol_cli *c, const char *file, ol_card *ret, char **ret_note, size_t *ret_len) {
    int code = ol_cli_read(c, AT_FDCWD, file, ret_note, ret_len);
    if (code >= 0)
        return code;
    ol_ini_at at = { 0 };
    ol_err err = ol_card_read(*ret_note, *ret_len, ret, &at);
    if (err == OL_OK)
        return -1;
    free(*ret_note);
    return ol_cli_fail_at(c, err, file, &at);
}

int ol_cli_passphrase(ol_cli *c, ol_cli_pass **ret) {
    *ret = NULL;
    if (!ol_cli_has(c, "passphrase-fd"))
        return -1;
    uint64_t fd = 0;
    int code = ol_cli_u64(c, "passphrase-fd", 0, 1023, 0, &fd);
    if (code >= 0)
        return code;
    ol_cli_pass *p = sodium_malloc(sizeof *p);
    if (p == NULL)
        return ol_cli_fail(c, OL_ENOMEM, "raise the limit on locked memory (ulimit -l)",
                           "there is no locked memory for the passphrase");
    ol_why why = { "" };
    ol_err err = ol_file_read_fd((int)fd, p->pass, sizeof p->pass, &p->len, &why);
    if (err != OL_OK) {
        sodium_free(p);
        return ol_cli_fail_why(c, err, &why);
    }
    *ret = p;
    return -1;
}

static int tell_identity(ol_cli *c, ol_err err, const ol_ini_at *at) {
    if (err == OL_ESTATE)
        return ol_cli_fail(c, err, "give it with --passphrase-fd N, N a descriptor to read it from",
                           "identity.key is under a passphrase");
    if (err == OL_EAUTH)
        return ol_cli_fail(c, err, "give the one that was set by openline init",
                           "the passphrase does not open identity.key, or the file was changed");
    return ol_cli_fail_at(c, err, OL_HOME_IDENTITY, at);
}

int ol_cli_identity(ol_cli *c, const ol_home *h, ol_sign_key **ret) {
    ol_cli_pass *pass = NULL;
    int code = ol_cli_passphrase(c, &pass);
    if (code < 0)
        code = ol_cli_identity_by(c, h, pass, ret);
    sodium_free(pass);
    return code;
}

int ol_cli_identity_by(ol_cli *c, const ol_home *h, const ol_cli_pass *pass, ol_sign_key **ret) {
    struct room {
        ol_keyfile key;
        char text[OL_KEYFILE_MAX];
    } *room = sodium_malloc(sizeof *room);
    ol_sign_key *key = sodium_malloc(sizeof *key);
    int code = -1;
    size_t len = 0;
    ol_why why = { "" };
    if (room == NULL || key == NULL)
        code = ol_cli_fail(c, OL_ENOMEM, "raise the limit on locked memory (ulimit -l)",
                           "there is no locked memory for the identity key");
    if (code < 0) {
        ol_err err = ol_file_read(h->dir, OL_HOME_IDENTITY, OL_FILE_SECRET, room->text,
                                  sizeof room->text, &len, &why);
        if (err == OL_ENOENT)
            code = ol_cli_fail(c, err, "bring it from where it is kept, and take it away after",
                               "this home holds no identity.key, which signs charters and "
                               "contributions");
        else if (err != OL_OK)
            code = ol_cli_fail_why(c, err, &why);
    }
    if (code < 0) {
        ol_ini_at at = { 0 };
        ol_err err = ol_keyfile_get(room->text, len, pass != NULL ? pass->pass : NULL,
                                    pass != NULL ? pass->len : 0, &room->key, &at);
        if (err == OL_OK && room->key.kind != OL_KEYFILE_IDENTITY)
            at.why = "this is no identity key", err = OL_EFORM;
        if (err != OL_OK)
            code = tell_identity(c, err, &at);
        else
            ol_sign_key_of(room->key.identity, key);
    }
    sodium_free(room);
    if (code < 0)
        *ret = key;
    else
        sodium_free(key);
    return code;
}

char *ol_cli_founding(const char *line, const char *leaf, char to[OL_HOME_NAME_MAX]) {
    (void)snprintf(to, OL_HOME_NAME_MAX, "%s/%s.%s", OL_HOME_CONTRIBUTIONS, line, leaf);
    return to;
}

static int chain_add(ol_cli *c, int dir, const char *file, bool is_final, ol_chain *ret) {
    char *text = NULL;
    size_t len = 0;
    uint32_t missing = 0;
    ol_ini_at at = { 0 };
    int code = ol_cli_read(c, dir, file, &text, &len);
    if (code >= 0)
        return code;
    ol_err err = ol_chain_add(ret, text, len, &missing, &at);
    free(text);
    if (err != OL_OK)
        return ol_cli_fail_at(c, err, file, &at);
    if (is_final && missing != 0)
        return ol_cli_fail(c, OL_ESTATE, "have it signed with openline charter sign",
                           "%s is not signed by all parties", file);
    return -1;
}

int ol_cli_chain(ol_cli *c, const ol_home *h, const char *line, ol_chain *ret) {
    char name[OL_HOME_NAME_MAX];
    int code = -1;
    memset(ret, 0, sizeof *ret);
    if (!ol_name_is_valid(line, strlen(line)))
        return ol_cli_fail(c, OL_EFORM, "use a-z 0-9 -, a letter first, at most 32 of them",
                           "\"%s\" is no name for a line", line);
    while (code < 0 && ret->generations < OL_GENERATIONS_MAX) {
        ol_home_generation_name(line, "charter", ret->generations, name);
        if (!ol_file_exists(h->dir, name))
            break;
        code = chain_add(c, h->dir, name, true, ret);
    }
    return code;
}

int ol_cli_chain_files(ol_cli *c, size_t n, const char *const *file, ol_chain *ret) {
    int code = -1;
    for (size_t i = 0; i < n && code < 0; i++)
        code = chain_add(c, AT_FDCWD, file[i], true, ret);
    return code;
}

/* A party that joins has the generations before from another; they lie beside what it signed. */
static int chain_of_joining(ol_cli *c, const ol_home *h, const char *line, ol_chain *ret) {
    char name[OL_HOME_NAME_MAX], leaf[32];
    int code = -1;
    while (code < 0 && ret->generations < OL_GENERATIONS_MAX) {
        (void)snprintf(leaf, sizeof leaf, "charter.%u", ret->generations);
        if (!ol_file_exists(h->dir, ol_cli_founding(line, leaf, name)))
            break;
        code = chain_add(c, h->dir, name, true, ret);
    }
    return code;
}

int ol_cli_signed_charter(ol_cli *c, const ol_home *h, const char *line, ol_charter *ret,
                          ol_chain *ret_chain) {
    char name[OL_HOME_NAME_MAX];
    int code = ol_cli_chain(c, h, line, ret_chain);
    if (code < 0 && ret_chain->generations == 0)
        code = chain_of_joining(c, h, line, ret_chain);
    if (code >= 0)
        return code;
    if (!ol_file_exists(h->dir, ol_cli_founding(line, "charter", name)))
        return ret_chain->generations > 0
                   ? ol_cli_fail(
                         c, OL_EEXIST,
                         "found a new line under another name, or draft an amendment of this one: "
                         "openline charter amend",
                         "this party has joined a line \"%s\" already", line)
                   : ol_cli_fail(c, OL_ENOENT, "sign its charter first: openline charter sign F",
                                 "this party has signed no charter of a line \"%s\"", line);
    char *text = NULL;
    size_t len = 0;
    code = ol_cli_read(c, h->dir, name, &text, &len);
    if (code >= 0)
        return code;
    ol_ini_at at = { 0 };
    ol_err err = ol_charter_parse(text, len, ret, &at);
    free(text);
    if (err != OL_OK)
        return ol_cli_fail_at(c, err, name, &at);
    return chain_add(c, h->dir, name, false, ret_chain);
}

int ol_cli_line_is_free(ol_cli *c, const ol_home *h, const char *line) {
    char name[OL_HOME_NAME_MAX];
    if (!ol_name_is_valid(line, strlen(line)))
        return ol_cli_fail(c, OL_EFORM, "use a-z 0-9 -, a letter first, at most 32 of them",
                           "\"%s\" is no name for a line", line);
    if (ol_file_exists(h->dir, ol_home_line_name(line, "charter", name)))
        return ol_cli_fail(c, OL_EEXIST,
                           "found the new line under another name: a name is used for one charter "
                           "only",
                           "this party has joined a line \"%s\" already", line);
    return -1;
}

void ol_cli_hint_restart(const ol_cli *c, const ol_home *h) {
    long pid = ol_home_pid(h);
    if (pid != 0)
        ol_cli_hint(c, "The station that runs (pid %ld) takes it up with openline restart.", pid);
}

int ol_cli_erase(ol_cli *c, int dir, const char *file) {
    static const uint8_t zero[4096];
    int fd = (int)TEMP_FAILURE_RETRY(openat(dir, file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    if (fd < 0 && errno == ENOENT)
        return -1;
    struct stat st;
    bool is_done = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    for (off_t at = 0; is_done && at < st.st_size;) {
        size_t n = st.st_size - at < (off_t)sizeof zero ? (size_t)(st.st_size - at) : sizeof zero;
        ssize_t put = TEMP_FAILURE_RETRY(pwrite(fd, zero, n, at));
        is_done = put > 0;
        at += put > 0 ? put : 0;
    }
    is_done = is_done && TEMP_FAILURE_RETRY(fsync(fd)) == 0;
    if (fd >= 0)
        (void)close(fd);
    ol_why why = { "" };
    ol_err err = is_done ? ol_file_remove(dir, file, &why) : OL_EIO;
    if (err == OL_OK)
        return -1;
    return ol_cli_fail(c, err, "erase it yourself: it holds a secret", "%s could not be erased",
                       file);
}

const char *ol_cli_parties(const ol_charter *charter, uint32_t set, char to[OL_CLI_PARTIES_LEN]) {
    size_t at = 0;
    to[0] = '\0';
    for (unsigned i = 0; i < charter->parties; i++)
        if ((set >> i & 1) != 0)
            at += (size_t)snprintf(to + at, OL_CLI_PARTIES_LEN - at, "%s%s", at > 0 ? ", " : "",
                                   charter->party[i].name);
    return to;
}
