#include "record/contribution.h"

#include <string.h>

#include <sodium.h>

#include "base/titled.h"

enum { K_LINE = 1, K_GENERATION = 2, K_PARTY = 4, K_SECRET = 8, K_ALL = 15 };

typedef struct {
    unsigned has;
    uint8_t line[OL_LINE_ID_LEN];
    uint32_t generation;
    char party[OL_NAME_MAX + 1];
    uint8_t secret[OL_SECRET_LEN];
} reader;

static ol_err refuse(const char **why, ol_err err, const char *text) {
    *why = text;
    return err;
}

static ol_err set_generation(reader *r, ol_str value, const char **why) {
    uint64_t v = 0;
    ol_err err = ol_u64_get(value.p, value.len, 0, UINT32_MAX, &v);
    if (err != OL_OK)
        return refuse(why, err, "value is not a number from 0 to 4294967295");
    r->generation = (uint32_t)v;
    r->has |= K_GENERATION;
    return OL_OK;
}

static ol_err set_party(reader *r, ol_str value, const char **why) {
    if (!ol_name_is_valid(value.p, value.len))
        return refuse(why, OL_EFORM, "value is not a name: 1 to 32 of a-z 0-9 -, a letter first");
    memcpy(r->party, value.p, value.len);
    r->has |= K_PARTY;
    return OL_OK;
}

static ol_err on_key(void *ctx, ol_str section, ol_str key, ol_str value, const char **why) {
    reader *r = ctx;
    if (section.len > 0)
        return refuse(why, OL_EFORM, "a contribution has no sections");
    if (ol_titled_is(key, "generation"))
        return set_generation(r, value, why);
    if (ol_titled_is(key, "party"))
        return set_party(r, value, why);
    if (ol_titled_is(key, "line")) {
        r->has |= K_LINE;
        if (ol_hex_get(value.p, value.len, r->line, sizeof r->line) == OL_OK)
            return OL_OK;
        return refuse(why, OL_EFORM, "value is not a line id: 32 digits of lower-case hex");
    }
    if (ol_titled_is(key, "secret")) {
        r->has |= K_SECRET;
        if (ol_hex_get(value.p, value.len, r->secret, sizeof r->secret) == OL_OK)
            return OL_OK;
        return refuse(why, OL_EFORM, "value is not a secret: 64 digits of lower-case hex");
    }
    return refuse(why, OL_EFORM, "unknown key: a contribution has line, generation, party, secret");
}

static ol_err say(ol_ini_at *at, ol_err err, const char *why) {
    *at = (ol_ini_at){ 0, 0, why };
    return err;
}

static ol_err check_sig(const ol_note *n, const ol_party *party, ol_ini_at *at) {
    char name[OL_NAME_MAX + 10];
    ol_note_key key;
    ol_note_sig sig;
    size_t len = ol_card_key_name(party->name, name);
    ol_err err = ol_note_key_of(name, len, OL_NOTE_ED25519, party->identity, &key);
    if (err == OL_OK)
        err = ol_note_verify(n, &key, 1, &sig);
    if (err == OL_ENOENT)
        return say(at, OL_EAUTH,
                   "not signed with the identity key that the charter names for this party");
    if (err != OL_OK)
        return say(at, OL_EAUTH, "the signature does not fit: the contribution was changed");
    return OL_OK;
}

/* Which party's it is, when all about it but its signature is right; < 0: *err says why not. */
static int party_of(const reader *r, const ol_charter *c, ol_err *err, ol_ini_at *at) {
    int i = ol_charter_party(c, r->party, strlen(r->party));
    if (r->has != K_ALL)
        *err = say(at, OL_EFORM, "a key is missing: line, generation, party and secret must stand");
    else if (memcmp(r->line, c->id, sizeof r->line) != 0)
        *err = say(at, OL_ECONFLICT, "a contribution to another line: its line id is not this one");
    else if (r->generation != c->generation)
        *err = say(at, OL_ECONFLICT, "a contribution to another generation of this line");
    else if (i < 0)
        *err = say(at, OL_ENOENT, "a contribution by a party that is not in the charter");
    else
        return i;
    return -1;
}

ol_err ol_contribution_take(ol_courier *courier, const ol_charter *c, const char *note, size_t len,
                            ol_ini_at *ret_at) {
    reader r = { .has = 0 };
    ol_note n;
    int i = -1;
    ol_err err = ol_note_parse(note, len, &n);
    if (err != OL_OK)
        return say(ret_at, err, "not a signed note: the signature line is missing or broken");
    err = ol_titled_read("openline contribution",
                         "the first line is not `openline contribution v1`: this is none", n.text,
                         on_key, &r, ret_at);
    if (err == OL_OK)
        i = party_of(&r, c, &err, ret_at);
    if (err == OL_OK)
        err = check_sig(&n, &c->party[i], ret_at);
    if (err == OL_OK && (courier->taken & UINT32_C(1) << i) != 0)
        err = say(ret_at, OL_EEXIST, "a second contribution by one party: leave one out");
    if (err == OL_OK) {
        memcpy(courier->part[i], r.secret, sizeof r.secret);
        courier->taken |= UINT32_C(1) << i;
    }
    sodium_memzero(&r, sizeof r);
    return err;
}

ol_err ol_contribution_make(const ol_charter *c, const ol_sign_key *identity,
                            const uint8_t secret[OL_SECRET_LEN], ol_wr *out) {
    int self = ol_charter_identity(c, identity->pub);
    if (self < 0)
        return OL_ENOENT;
    uint8_t text[OL_CONTRIBUTION_MAX], sig[OL_SIG_LEN];
    char hex[2 * OL_SECRET_LEN + 1], name[OL_NAME_MAX + 10];
    ol_wr t = ol_wr_of(text, sizeof text);
    ol_titled_put_line(&t, "openline contribution v1");
    ol_hex_put(c->id, sizeof c->id, hex);
    ol_titled_put(&t, "line", hex);
    ol_titled_put_number(&t, "generation", c->generation);
    ol_titled_put(&t, "party", c->party[self].name);
    ol_hex_put(secret, OL_SECRET_LEN, hex);
    ol_titled_put(&t, "secret", hex);
    ol_note_key key;
    size_t len = ol_card_key_name(c->party[self].name, name);
    ol_err err = t.err;
    if (err == OL_OK)
        err = ol_note_key_of(name, len, OL_NOTE_ED25519, identity->pub, &key);
    if (err == OL_OK) {
        ol_sign_make(identity, text, t.len, sig);
        ol_wr w = *out;
        ol_note_put_text(&w, (const char *)text, t.len);
        ol_note_put_sig(&w, &key, 0, sig);
        err = w.err;
        if (err == OL_OK)
            *out = w;
    }
    sodium_memzero(text, sizeof text);
    sodium_memzero(hex, sizeof hex);
    return err;
}

uint32_t ol_courier_missing(const ol_courier *courier, const ol_charter *c) {
    uint32_t all = UINT32_MAX >> (32 - c->parties);
    return all & ~courier->taken;
}

ol_err ol_courier_master(const ol_courier *courier, const ol_charter *c,
                         uint8_t ret_master[OL_SECRET_LEN]) {
    if (ol_courier_missing(courier, c) != 0)
        return OL_ESTATE;
    ol_keys_master(c->id, c->generation, courier->part, c->parties, ret_master);
    return OL_OK;
}

void ol_courier_wipe(ol_courier *courier) {
    if (courier != NULL)
        sodium_memzero(courier, sizeof *courier);
}
