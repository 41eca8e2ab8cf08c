#include "record/card.h"

#include <string.h>

#include "base/titled.h"
#include "crypto/noise.h"

static const char title[] = "openline card";
_Static_assert((int)OL_NAME_MAX + 10 <= (int)OL_NOTE_NAME_MAX, "key names fit");

enum { K_NAME = 1, K_SERIAL = 2, K_LOG = 4, K_RECEIPT = 8, K_STATIC = 16 };

typedef struct {
    ol_card card;
    unsigned has;
} reader;

size_t ol_card_key_name(const char *party, char *ret) {
    size_t n = strlen(party);
    memcpy(ret, party, n);
    memcpy(ret + n, "/identity", 10);
    return n + 9;
}

static ol_err refuse(const char **why, ol_err err, const char *text) {
    *why = text;
    return err;
}

static ol_err set_name(reader *r, ol_str value, const char **why) {
    if (!ol_name_is_valid(value.p, value.len))
        return refuse(why, OL_EFORM, "value is not a name: 1 to 32 of a-z 0-9 -, a letter first");
    if (!ol_party_name_is_valid(value.p, value.len))
        return refuse(why, OL_EFORM,
                      "value cannot be a party's name: in an export it is another "
                      "thing");
    memcpy(r->card.party.name, value.p, value.len);
    r->has |= K_NAME;
    return OL_OK;
}

static ol_err set_serial(reader *r, ol_str value, const char **why) {
    uint64_t v = 0;
    ol_err err = ol_u64_get(value.p, value.len, 1, UINT32_MAX, &v);
    if (err != OL_OK)
        return refuse(why, err, "value is not a number from 1 to 4294967295");
    r->card.serial = (uint32_t)v;
    r->has |= K_SERIAL;
    return OL_OK;
}

static ol_err set_pub(reader *r, unsigned which, uint8_t *to, ol_str value, const char **why) {
    ol_err err = ol_party_key_get(value, to, why);
    if (err != OL_OK)
        return err;
    if (which == K_STATIC && !ol_noise_pub_is_valid(to))
        return refuse(why, OL_EFORM, "value is no X25519 key that anybody should trust");
    if (which != K_STATIC && !ol_sign_pub_is_valid(to))
        return refuse(why, OL_EFORM, "value is no Ed25519 key that anybody should trust");
    r->has |= which;
    return OL_OK;
}

static ol_err set_in_keys(reader *r, ol_str key, ol_str value, const char **why) {
    bool is_taken = false;
    if (ol_titled_is(key, "log"))
        return set_pub(r, K_LOG, r->card.log, value, why);
    if (ol_titled_is(key, "receipt"))
        return set_pub(r, K_RECEIPT, r->card.receipt, value, why);
    if (ol_titled_is(key, "static"))
        return set_pub(r, K_STATIC, r->card.static_key, value, why);
    if (ol_titled_is(key, "identity"))
        return ol_party_set(&r->card.party, key, value, &is_taken, why);
    return refuse(why, OL_EFORM, "unknown key: [keys] has identity, log, receipt, static");
}

static ol_err set_in_party(reader *r, ol_str key, ol_str value, const char **why) {
    bool is_taken = false;
    if (ol_titled_is(key, "name"))
        return set_name(r, value, why);
    if (ol_titled_is(key, "serial"))
        return set_serial(r, value, why);
    ol_err err = OL_OK;
    if (!ol_titled_is(key, "identity"))
        err = ol_party_set(&r->card.party, key, value, &is_taken, why);
    if (err == OL_OK && !is_taken)
        err = refuse(why, OL_EFORM,
                     "unknown key: [party] has name, serial, languages, name.<language>");
    return err;
}

static ol_err on_key(void *ctx, ol_str section, ol_str key, ol_str value, const char **why) {
    bool is_party = ol_titled_is(section, "party"), is_keys = ol_titled_is(section, "keys");
    if (!is_party && !is_keys)
        return refuse(why, OL_EFORM, "a card has the sections [party] and [keys], nothing else");
    if (key.len == 0)
        return OL_OK;
    return is_party ? set_in_party(ctx, key, value, why) : set_in_keys(ctx, key, value, why);
}

/* What the text as a whole lacks, or NULL. */
static const char *fault_of(const reader *r) {
    const char *missing = ol_party_missing(&r->card.party);
    if (missing != NULL)
        return missing;
    static const struct {
        unsigned bit;
        const char *text;
    } need[] = { { K_NAME, "missing key: name in [party]" },
                 { K_SERIAL, "missing key: serial in [party]" },
                 { K_LOG, "missing key: log in [keys]" },
                 { K_RECEIPT, "missing key: receipt in [keys]" },
                 { K_STATIC, "missing key: static in [keys]" } };
    for (size_t i = 0; i < OL_LEN(need); i++)
        if ((r->has & need[i].bit) == 0)
            return need[i].text;
    const uint8_t *key[] = { r->card.party.identity, r->card.log, r->card.receipt,
                             r->card.static_key };
    for (size_t i = 0; i < OL_LEN(key); i++)
        for (size_t j = 0; j < i; j++)
            if (memcmp(key[i], key[j], OL_SIGN_PUB_LEN) == 0)
                return "two of the four keys are the same: each has its own use";
    return NULL;
}

ol_err ol_card_parse(const char *text, size_t len, ol_card *ret, ol_ini_at *ret_at) {
    reader r = { .has = 0 };
    ol_str all = { text, len };
    ol_err err = ol_titled_read(title, "the first line is not `openline card v1`: this is no card",
                                all, on_key, &r, ret_at);
    if (err != OL_OK)
        return err;
    const char *why = fault_of(&r);
    if (why != NULL) {
        *ret_at = ol_titled_at(all, text, why);
        return OL_EFORM;
    }
    *ret = r.card;
    return OL_OK;
}

ol_err ol_card_read(const char *note, size_t len, ol_card *ret, ol_ini_at *ret_at) {
    ol_note n;
    ol_err err = ol_note_parse(note, len, &n);
    if (err != OL_OK) {
        *ret_at = (ol_ini_at){ 0, 0, "not a signed note: the signature line is missing or broken" };
        return err;
    }
    ol_card card;
    err = ol_card_parse(n.text.p, n.text.len, &card, ret_at);
    if (err != OL_OK)
        return err;
    char name[OL_NAME_MAX + 10];
    ol_note_key key;
    ol_note_sig sig;
    size_t name_len = ol_card_key_name(card.party.name, name);
    err = ol_note_key_of(name, name_len, OL_NOTE_ED25519, card.party.identity, &key);
    if (err == OL_OK)
        err = ol_note_verify(&n, &key, 1, &sig);
    if (err != OL_OK) {
        *ret_at = (ol_ini_at){ 0, 0,
                               err == OL_EAUTH
                                   ? "the signature does not fit the text: the card was changed"
                                   : "the card is not signed by the identity key that it names" };
        return OL_EAUTH;
    }
    *ret = card;
    return OL_OK;
}

bool ol_card_shares_key(const ol_card *a, const ol_card *b) {
    const uint8_t *x[] = { a->party.identity, a->log, a->receipt, a->static_key };
    const uint8_t *y[] = { b->party.identity, b->log, b->receipt, b->static_key };
    bool is_one_party = strcmp(a->party.name, b->party.name) == 0;
    for (size_t i = 0; i < OL_LEN(x); i++)
        for (size_t k = 0; k < OL_LEN(y); k++)
            if (memcmp(x[i], y[k], OL_SIGN_PUB_LEN) == 0 && !(is_one_party && i == k))
                return true;
    return false;
}

ol_err ol_card_put(const ol_card *card, ol_wr *out) {
    ol_wr w = *out;
    ol_titled_put_line(&w, "openline card v1");
    ol_titled_put_line(&w, "[party]");
    ol_titled_put(&w, "name", card->party.name);
    ol_titled_put_number(&w, "serial", card->serial);
    ol_party_put(&card->party, &w);
    ol_titled_put_line(&w, "[keys]");
    ol_party_put_identity(&card->party, &w);
    ol_party_key_put("log", card->log, &w);
    ol_party_key_put("receipt", card->receipt, &w);
    ol_party_key_put("static", card->static_key, &w);
    if (w.err != OL_OK)
        return w.err;
    ol_card again; /* what we write we must be able to read */
    ol_ini_at at;
    if (ol_card_parse((const char *)w.p + out->len, w.len - out->len, &again, &at) != OL_OK)
        return OL_EFORM;
    *out = w;
    return OL_OK;
}

ol_err ol_card_sign(const ol_card *card, const ol_sign_key *identity, ol_wr *out) {
    if (memcmp(card->party.identity, identity->pub, OL_SIGN_PUB_LEN) != 0)
        return OL_EFORM;
    uint8_t text[OL_CARD_TEXT_MAX], sig[OL_SIG_LEN];
    ol_wr t = ol_wr_of(text, sizeof text);
    ol_err err = ol_card_put(card, &t);
    if (err != OL_OK)
        return err;
    char name[OL_NAME_MAX + 10];
    ol_note_key key;
    size_t name_len = ol_card_key_name(card->party.name, name);
    err = ol_note_key_of(name, name_len, OL_NOTE_ED25519, identity->pub, &key);
    if (err != OL_OK)
        return err;
    ol_sign_make(identity, text, t.len, sig);
    ol_wr w = *out;
    ol_note_put_text(&w, (const char *)text, t.len);
    ol_note_put_sig(&w, &key, 0, sig);
    if (w.err == OL_OK)
        *out = w;
    return w.err;
}
