/* cli/signer.h — who signs what people do: an officer, by a key that only this process has,
 *          never the station's. Who: --as N --key FILE; --as N alone, by the key that officer use
 *          named for that number; else whom officer use named last; else nobody: then what is
 *          said is the station's word.
 * Keys     files of their own (crypto/keyfile.h, kind officer). The passphrase comes from
 *          --passphrase-fd, else it is asked for at the terminal. A device that keeps its key to
 *          itself would be another way to fill `sign`.
 * Errors   -1, or an exit code that was told.
 * Memory   the key lies in locked memory until close, which takes one that is all zero. */
#ifndef OL_CLI_SIGNER_H
#define OL_CLI_SIGNER_H

#include "cli/files.h"

typedef struct {
    uint16_t officer; /* 0: nobody signs */
    ol_sign_key *key;
    bool is_sealed; /* the key's file is under a passphrase */
} ol_signer;

/* For the options of a command whose entries an officer signs. */
#define OL_SIGNER_OPTIONS                                                                          \
    { "as", "N", "the officer who says it, by number (openline officer list)", false },            \
        { "key", "FILE", "that officer's key", false }, {                                          \
        "passphrase-fd", "N", "read its passphrase from descriptor N", false                       \
    }

int ol_signer_open(ol_cli *c, const ol_home *h, const char *line, ol_signer *ret);
int ol_signer_sign(ol_cli *c, const ol_signer *s, const uint8_t *p, size_t len,
                   uint8_t ret[OL_SIG_LEN]);
void ol_signer_close(ol_signer *s);

/* The key in a file, by the passphrase of --passphrase-fd or the terminal; sodium_free it. party:
 * whose it must be. ret_sealed may be NULL. */
int ol_signer_key(ol_cli *c, const char *file, const char *party, ol_sign_key **ret,
                  bool *ret_sealed);

/* signer_known.c: what `openline officer use` was told, lines/<line>/officer: where the key of
 * each officer is, and who signs where a command does not say.
 * Shape    "openline officer v1", `as = N` and `key = FILE` of the default, if there is one; then
 *          of each other one, in the order of their naming, a section [N] with its `key`. */
enum { OL_SIGNER_FILE_MAX = 1024, OL_SIGNER_OFFICERS = 32, OL_SIGNER_NUMBER_MAX = 65535 };
typedef struct {
    uint64_t number;
    char file[OL_SIGNER_FILE_MAX];
} ol_signer_officer;
typedef struct {
    ol_signer_officer officer[OL_SIGNER_OFFICERS];
    size_t officers;
    bool has_default; /* the last one */
} ol_signer_known;
int ol_signer_known_get(ol_cli *c, const ol_home *h, const char *line, ol_signer_known *ret);
int ol_signer_known_put(ol_cli *c, const ol_home *h, const char *line, const ol_signer_known *k);
/* NULL: not among them; there is no default. */
const ol_signer_officer *ol_signer_known_find(const ol_signer_known *k, uint64_t number);
const ol_signer_officer *ol_signer_known_default(const ol_signer_known *k);
bool ol_signer_known_forget(ol_signer_known *k, uint64_t number); /* false: was not there */
/* As the last one, and the default; false: there are too many. */
bool ol_signer_known_add(ol_signer_known *k, const ol_signer_officer *o);

#endif
