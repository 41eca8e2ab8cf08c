/* record/party.h — what cards and charters say alike about a party: name, languages, names,
 *          identity.
 * Shape    languages = <lang> <lang> …   1 to OL_LANGS_MAX, one space between, none twice; the
 *                                        first is the party's own
 *          name.<lang> = <name>          1 to OL_LANGS_MAX of these, one a language, at most
 *                                        OL_TITLE_MAX bytes; the language need not be in languages
 *          identity = <base64 of 32 bytes>
 *          lang: words of 1 to 8 of a-z 0-9 joined by '-', the first of 2 or 3 letters; at most
 *          OL_LANG_MAX bytes (BCP 47 in lower case, unregistered words not refused)
 * Source   docs/PROTOCOL.md §2.3, §2.4. */
#ifndef OL_RECORD_PARTY_H
#define OL_RECORD_PARTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/ini.h"
#include "base/text.h"
#include "crypto/sign.h"

enum { OL_LANG_MAX = 16, OL_LANGS_MAX = 8, OL_TITLE_MAX = 200 };

typedef struct {
    char lang[OL_LANG_MAX + 1];
    char text[OL_TITLE_MAX + 1];
} ol_title; /* a party's name in one language, as the party itself writes it */

typedef struct {
    char name[OL_NAME_MAX + 1];
    uint8_t langs, titles; /* counts */
    char lang[OL_LANGS_MAX][OL_LANG_MAX + 1];
    ol_title title[OL_LANGS_MAX];
    uint8_t identity[OL_SIGN_PUB_LEN];
    bool has_identity;
} ol_party;

/* A name (base/text.h) but `cards`, `charter`, `none` and `others`: in an export these are other
 * things (docs/PROTOCOL.md §2.1). */
bool ol_party_name_is_valid(const char *s, size_t len);
bool ol_party_lang_is_valid(const char *s, size_t len);
/* The name in this language, else the first. */
const char *ol_party_title(const ol_party *p, const char *lang);

/* For the readers of cards and charters: one key of a party's section. *ret_taken is false when
 * the key is none of the three. On failure *why says what to do. */
OL_MUST ol_err ol_party_set(ol_party *p, ol_str key, ol_str value, bool *ret_taken,
                            const char **why);
/* NULL when complete, else what is missing. */
const char *ol_party_missing(const ol_party *p);
/* languages and name lines, and identity's: the party must be complete. */
void ol_party_put(const ol_party *p, ol_wr *out);
void ol_party_put_identity(const ol_party *p, ol_wr *out);

/* A public key as value: canonical base64 of 32 bytes. */
OL_MUST ol_err ol_party_key_get(ol_str value, uint8_t ret[32], const char **why);
void ol_party_key_put(const char *key, const uint8_t pub[32], ol_wr *out); /* key = base64\n */

#endif
