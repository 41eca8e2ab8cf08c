/* Charters as files: drafts, signatures added one by one, all of them checked. */
#include <string.h>

#include "base/titled.h"
#include "record/charter.h"

static ol_err refuse(ol_ini_at *at, ol_err err, const char *why) {
    *at = (ol_ini_at){ 0, 0, why };
    return err;
}

/* No line of the text's grammar begins with a dash: the first that does is a signature line. */
static bool has_signatures(const char *file, size_t len) {
    static const char dash[] = "\n\xE2\x80\x94 ";
    enum { N = sizeof dash - 1 };
    for (size_t i = 0; len - i >= N; i++)
        if (memcmp(file + i, dash, N) == 0)
            return true;
    return false;
}

/* n->sigs 0 and all of the file for its text: a draft. */
static ol_err split(const char *file, size_t len, ol_note *n) {
    if (has_signatures(file, len))
        return ol_note_parse(file, len, n);
    n->text = (ol_str){ file, len };
    n->sigs = 0;
    return OL_OK;
}

ol_err ol_charter_text(const char *file, size_t len, ol_str *ret_text) {
    ol_note n;
    ol_err err = split(file, len, &n);
    if (err == OL_OK)
        *ret_text = n.text;
    return err;
}

static ol_note_key key_of(const ol_party *party) {
    char name[OL_NAME_MAX + 10];
    ol_note_key key = { .name_len = 0 };
    size_t len = ol_card_key_name(party->name, name);
    ol_err err = ol_note_key_of(name, len, OL_NOTE_ED25519, party->identity, &key);
    OL_ASSERT(err == OL_OK); /* ol_charter_parse has let the name through */
    return key;
}

/* Where a key's signature line stands; the file as such if it has none. */
static ol_ini_at sig_at(ol_str file, const ol_note *n, const ol_note_key *key, const char *why) {
    for (size_t i = 0; i < n->sigs; i++)
        if (ol_titled_is(n->sig[i].name, key->name) &&
            memcmp(n->sig[i].id, key->id, sizeof key->id) == 0)
            return ol_titled_at(file, n->sig[i].name.p, why);
    return (ol_ini_at){ 0, 0, why };
}

static ol_err check(ol_str file, const ol_note *n, const ol_charter *c, uint32_t *ret_missing,
                    ol_ini_at *ret_at) {
    uint32_t missing = 0;
    for (unsigned i = 0; i < c->parties; i++) {
        ol_note_key key = key_of(&c->party[i]);
        ol_note_sig sig;
        ol_err err = n->sigs == 0 ? OL_ENOENT : ol_note_verify(n, &key, 1, &sig);
        if (err == OL_ENOENT) {
            missing |= UINT32_C(1) << i;
        } else if (err != OL_OK) {
            *ret_at = sig_at(file, n, &key,
                             "the signature does not fit the text: it was changed after this "
                             "party signed; compare the texts and sign again");
            return OL_EAUTH;
        }
    }
    *ret_missing = missing;
    return OL_OK;
}

ol_err ol_charter_read(const char *file, size_t len, ol_charter *ret, uint32_t *ret_missing,
                       ol_ini_at *ret_at) {
    ol_note n;
    ol_charter c;
    ol_err err = split(file, len, &n);
    if (err != OL_OK)
        return refuse(ret_at, err, "the signature lines after the text are broken");
    err = ol_charter_parse(n.text.p, n.text.len, &c, ret_at);
    if (err == OL_OK)
        err = check((ol_str){ file, len }, &n, &c, ret_missing, ret_at);
    if (err == OL_OK)
        *ret = c;
    return err;
}

ol_err ol_charter_sign(const char *file, size_t len, const ol_sign_key *identity, ol_wr *out,
                       ol_ini_at *ret_at) {
    ol_charter c;
    uint32_t missing = 0;
    ol_err err = ol_charter_read(file, len, &c, &missing, ret_at);
    if (err != OL_OK)
        return err;
    int self = ol_charter_identity(&c, identity->pub);
    if (self < 0)
        return refuse(ret_at, OL_ENOENT, "this party's identity key is not in the charter");
    if ((missing & UINT32_C(1) << self) == 0)
        return refuse(ret_at, OL_EEXIST, "this party has signed already");
    ol_str text = { file, len };
    err = ol_charter_text(file, len, &text);
    if (err != OL_OK)
        return refuse(ret_at, err, "the signature lines after the text are broken");
    ol_note_key key = key_of(&c.party[self]);
    uint8_t sig[OL_SIG_LEN];
    ol_sign_make(identity, text.p, text.len, sig);
    ol_wr w = *out;
    if (text.len == len)
        ol_note_put_text(&w, text.p, text.len);
    else
        ol_wr_put(&w, file, len);
    ol_note_put_sig(&w, &key, 0, sig);
    if (w.err != OL_OK)
        return refuse(ret_at, w.err, "no room for another signature");
    *out = w;
    return OL_OK;
}

static ol_err apply(ol_charter *c, const ol_charter_setting *set, size_t sets, ol_ini_at *ret_at) {
    for (size_t i = 0; i < sets; i++) {
        const char *why = "refused";
        ol_str key = { set[i].key, strlen(set[i].key) };
        ol_err err = ol_charter_set(c, key, (ol_str){ set[i].value, strlen(set[i].value) }, &why);
        for (size_t j = 0; j < i && err == OL_OK; j++)
            if (strcmp(set[j].key, set[i].key) == 0)
                err = OL_EFORM, why = "this setting is given twice";
        if (err != OL_OK) {
            *ret_at = (ol_ini_at){ (unsigned)i + 1, 1, why };
            return err;
        }
    }
    return OL_OK;
}

ol_err ol_charter_draft(const char *line, const ol_card *card, size_t cards,
                        const ol_charter_setting *set, size_t sets, ol_wr *out, ol_ini_at *ret_at) {
    ol_charter c;
    ol_charter_defaults(&c);
    size_t len = strlen(line);
    if (!ol_name_is_valid(line, len))
        return refuse(ret_at, OL_EFORM, "a line's name is 1 to 32 of a-z 0-9 -, a letter first");
    memcpy(c.line, line, len + 1);
    if (cards < OL_PARTIES_MIN || cards > OL_PARTIES_MAX)
        return refuse(ret_at, OL_ELIMIT, "a line has 2 to 16 parties: give each party's card");
    for (size_t i = 0; i < cards; i++) {
        for (size_t j = 0; j < i; j++)
            if (strcmp(card[i].party.name, card[j].party.name) == 0)
                return refuse(ret_at, OL_EFORM, "two of the cards are of parties of one name");
        c.party[c.parties++] = card[i].party;
    }
    ol_err err = apply(&c, set, sets, ret_at);
    if (err != OL_OK)
        return err;
    err = ol_charter_put(&c, out, ret_at);
    if (err != OL_OK)
        ret_at->line = ret_at->column = 0; /* of a text that the caller never sees */
    return err;
}
