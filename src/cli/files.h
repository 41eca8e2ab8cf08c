/* cli/files.h — the home, files that an operator names, keys, and lines that are being founded.
 * Each returns -1, or an exit code after it has told the operator.
 * Founding what a party has signed and combined, but not joined yet, lies in the home under
 *          contributions/: <line>.charter the text it signed, <line>.note that text with the
 *          signatures that it had when it was signed here last, <line>.share its own contribution,
 *          <line>.secret and <line>.digits what the contributions came to. All are gone when the
 *          line is joined. Secrets are 0600 and pass through locked memory only. */
#ifndef OL_CLI_FILES_H
#define OL_CLI_FILES_H

#include "cli/cli.h"
#include "crypto/keyfile.h"
#include "record/card.h"
#include "record/chain.h"
#include "station/home.h"
#include "station/secret.h"

enum { OL_CLI_FILE_MAX = OL_CHARTER_MAX };

int ol_cli_home(ol_cli *c, bool create, ol_home *ret);
/* A file that anybody may see. *ret: NUL-terminated, free() it. */
int ol_cli_read(ol_cli *c, int dir, const char *file, char **ret, size_t *ret_len);
/* A fault at a place of a file: "F, line 3, column 7: …". */
int ol_cli_fail_at(ol_cli *c, ol_err err, const char *file, const ol_ini_at *at);
int ol_cli_print_card(ol_cli *c, const ol_home *h, const char *note, const ol_card *card);
int ol_cli_own_card(ol_cli *c, const ol_home *h, ol_card *ret);
int ol_cli_read_card(ol_cli *c, const char *file, ol_card *ret, char **ret_note, size_t *ret_len);

/* The passphrase of --passphrase-fd into locked memory; *ret NULL when the option is not given.
 * sodium_free it. */
typedef struct {
    size_t len;
    uint8_t pass[OL_KEYFILE_PASS_MAX];
} ol_cli_pass;
int ol_cli_passphrase(ol_cli *c, ol_cli_pass **ret);
/* The identity key of this home in locked memory; sodium_free it. */
int ol_cli_identity(ol_cli *c, const ol_home *h, ol_sign_key **ret);
/* The same with the passphrase at hand; NULL: none was given. */
int ol_cli_identity_by(ol_cli *c, const ol_home *h, const ol_cli_pass *pass, ol_sign_key **ret);

/* Of a new station, drawn at random into locked memory, and its public halves onto the card. */
void ol_cli_draw_station(ol_keyfile *station, ol_card *card);
/* Writes a key file into a directory (the home's), sealed where there is a passphrase. text:
 * OL_KEYFILE_MAX bytes of locked memory. */
int ol_cli_write_key(ol_cli *c, int dir, const ol_keyfile *key, const ol_cli_pass *pass,
                     const char *name, uint8_t *text);

/* "key=value" → a setting that points into *text, a copy to be freed. */
int ol_cli_setting(ol_cli *c, const char *s, char **text, ol_charter_setting *ret);
json_t *ol_cli_charter_json(const ol_charter *ch, uint32_t missing);
json_t *ol_cli_parties_json(const ol_charter *ch, uint32_t set); /* names of a bit set */

/* line.c: of what was combined for this charter. Text and secret lie in locked memory. */
typedef struct {
    ol_secret secret;
    char text[OL_SECRET_FILE_MAX];
    size_t len;
} ol_cli_secret;
int ol_cli_read_secret(ol_cli *c, const ol_home *h, const ol_charter *ch, ol_cli_secret *r);
int ol_cli_compare_digits(ol_cli *c, const ol_home *h, const char *line);

/* The name of a founding file in the home; leaf: "charter", "note", "share", "secret",
 * "digits". */
char *ol_cli_founding(const char *line, const char *leaf, char to[OL_HOME_NAME_MAX]);
/* The charter and amendments of a joined line, of which the last is in force; *ret has no
 * generation when the line is not joined. */
int ol_cli_chain(ol_cli *c, const ol_home *h, const char *line, ol_chain *ret);
/* What this home signed last for a line and has not taken yet: its first charter, or an amendment.
 * *ret: that text alone. *ret_chain: with it, as it will be once all have signed. */
int ol_cli_signed_charter(ol_cli *c, const ol_home *h, const char *line, ol_charter *ret,
                          ol_chain *ret_chain);
/* Files of other generations, which a party that joins a line has been given: "charter" … in any
 * order of names, but generation by generation. */
int ol_cli_chain_files(ol_cli *c, size_t n, const char *const *file, ol_chain *ret);
/* Refuses a name that is no name, or is taken by a joined line. */
int ol_cli_line_is_free(ol_cli *c, const ol_home *h, const char *line);
/* For people: the station that runs takes up what was changed when it starts anew. */
void ol_cli_hint_restart(const ol_cli *c, const ol_home *h);
/* Overwrites a file with zeros, then removes it; nothing to do when it is not there. */
int ol_cli_erase(ol_cli *c, int dir, const char *file);
/* The parties of a bit set, "usa, prc"; to has room for OL_PARTIES_MAX names. */
enum { OL_CLI_PARTIES_LEN = OL_PARTIES_MAX * (OL_NAME_MAX + 2) };
const char *ol_cli_parties(const ol_charter *charter, uint32_t set, char to[OL_CLI_PARTIES_LEN]);

#endif
