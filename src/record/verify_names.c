/* Who there is: the charter's generations, and the cards. */
#include "record/verify_parts.h"

#include <stdio.h>
#include <string.h>

static void fail_text(vf *v, const char *file, const ol_ini_at *at) {
    if (at->line > 0)
        ol_vf_fail(v, "text-form", file, "line %u, column %u: %s", at->line, at->column, at->why);
    else
        ol_vf_fail(v, "text-form", file, "%s", at->why);
}

static bool is_known(const ol_note *note, size_t line, const ol_note_key *key) {
    return note->sig[line].name.len == key->name_len &&
           memcmp(note->sig[line].name.p, key->name, key->name_len) == 0 &&
           memcmp(note->sig[line].id, key->id, OL_NOTE_ID_LEN) == 0;
}

void ol_vf_strangers(vf *v, const char *file, const ol_note *note, const ol_note_key *key,
                     size_t keys) {
    for (size_t i = 0; i < note->sigs; i++) {
        bool is_stranger = true;
        for (size_t k = 0; k < keys; k++)
            is_stranger = is_stranger && !is_known(note, i, &key[k]);
        if (is_stranger)
            ol_vf_note(v, "stranger", file,
                       "carries a signature of %.*s by a key that is not known",
                       (int)(note->sig[i].name.len < 200 ? note->sig[i].name.len : 200),
                       note->sig[i].name.p);
    }
}

static bool key_of_identity(const char *party, const uint8_t pub[32], ol_note_key *ret) {
    char name[OL_NAME_MAX + 16];
    size_t len = ol_card_key_name(party, name);
    return ol_note_key_of(name, len, OL_NOTE_ED25519, pub, ret) == OL_OK;
}

/* ── charters ──────────────────────────────────────────────────────────────────────────────────*/

static void name_strangers_of_charter(vf *v, const char *file, size_t len) {
    ol_note note;
    ol_note_key key[OL_PARTIES_MAX];
    size_t keys = 0;
    for (unsigned i = 0; i < v->read.parties; i++)
        keys += key_of_identity(v->read.party[i].name, v->read.party[i].identity, &key[keys]);
    if (ol_note_parse((const char *)v->note, len, &note) == OL_OK)
        ol_vf_strangers(v, file, &note, key, keys);
}

/* Into v->read, signed by all. */
static bool read_charter(vf *v, const char *file, unsigned generation) {
    size_t len = 0;
    uint32_t missing = 0;
    ol_ini_at at = { 0, 0, NULL };
    if (!ol_vf_read(v, file, v->note, sizeof v->note, &len))
        return false;
    ol_err err = ol_charter_read((const char *)v->note, len, &v->read, &missing, &at);
    if (err == OL_EAUTH) {
        ol_vf_fail(v, "sig-identity", file, "line %u: %s", at.line, at.why);
        return false;
    }
    if (err != OL_OK) {
        fail_text(v, file, &at);
        return false;
    }
    if (v->read.generation != generation) {
        ol_vf_fail(v, "charter-generation", file, "says generation %u, its place says %u",
                   (unsigned)v->read.generation, generation);
        return false;
    }
    for (unsigned i = 0; i < v->read.parties; i++) {
        if ((missing >> i & 1) != 0) {
            ol_vf_fail(v, "charter-unsigned", file, "is not signed by %s", v->read.party[i].name);
            return false;
        }
    }
    name_strangers_of_charter(v, file, len);
    return true;
}

static int find_party(const vf *v, const char *name) {
    for (unsigned i = 0; i < v->parties; i++)
        if (strcmp(v->party[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* Does v->read follow from the generations before it? */
static bool follows(vf *v, const char *file) {
    const vf_generation *before = &v->generation[v->generations - 1];
    bool stays = false;
    if (strcmp(v->read.line, v->result->line) != 0) {
        ol_vf_fail(v, "charter-line", file, "speaks of line %s, generation 0 of line %s",
                   v->read.line, v->result->line);
        return false;
    }
    if (memcmp(v->read.id, v->result->id, OL_LINE_ID_LEN) != 0) {
        ol_vf_fail(v, "charter-id", file, "names another line id than that of generation 0");
        return false;
    }
    if (memcmp(v->read.previous, before->text_hash, OL_HASH_LEN) != 0) {
        ol_vf_fail(v, "charter-previous", file,
                   "does not follow from generation %u: its hash is another", v->generations - 1);
        return false;
    }
    for (unsigned i = 0; i < v->read.parties; i++) {
        int known = find_party(v, v->read.party[i].name);
        if (known >= 0 && memcmp(v->party[known].identity, v->read.party[i].identity, 32) != 0) {
            ol_vf_fail(v, "charter-identity", file,
                       "gives %s another identity key than an earlier generation",
                       v->read.party[i].name);
            return false;
        }
        for (unsigned k = 0; k < before->members; k++)
            stays |= known == before->member[k];
    }
    if (!stays)
        ol_vf_fail(v, "charter-stay", file, "keeps nobody of generation %u", v->generations - 1);
    return stays;
}

static bool adopt(vf *v, const char *file) {
    vf_generation *g = &v->generation[v->generations];
    *g = (vf_generation){ .members = v->read.parties, .rungs = v->read.rungs, .two = v->read.two };
    memcpy(g->text_hash, v->read.text_hash, sizeof g->text_hash);
    for (unsigned i = 0; i < v->read.parties; i++) {
        int known = find_party(v, v->read.party[i].name);
        if (known < 0 && v->parties == OL_PARTIES_MAX) {
            ol_vf_fail(v, "too-many", file, "holds more than %d parties", OL_PARTIES_MAX);
            return false;
        }
        if (known < 0) {
            vf_party *p = &v->party[known = (int)v->parties++];
            snprintf(p->name, sizeof p->name, "%s", v->read.party[i].name);
            memcpy(p->identity, v->read.party[i].identity, sizeof p->identity);
            v->party_name[known] = p->name;
        }
        g->member[i] = (uint8_t)known;
    }
    g->known = v->parties;
    v->generations++;
    return true;
}

bool ol_vf_charters(vf *v) {
    char file[32] = "charter";
    if (!read_charter(v, file, 0))
        return false;
    memcpy(v->result->line, v->read.line, sizeof v->result->line);
    memcpy(v->result->id, v->read.id, sizeof v->result->id);
    bool goes_on = adopt(v, file);
    while (goes_on && v->generations < OL_VERIFY_GENERATIONS_MAX) {
        snprintf(file, sizeof file, "charter.%u", v->generations);
        goes_on = ol_vf_find(v, file) != NULL && read_charter(v, file, v->generations) &&
                  follows(v, file) && adopt(v, file);
    }
    v->result->parties = v->parties;
    return true;
}

/* ── cards ─────────────────────────────────────────────────────────────────────────────────────*/

/* cards/<party>.<serial>, as such a file is named and no other. */
static bool is_card_name(const char *path, ol_str *ret_party, uint64_t *ret_serial) {
    const char *name = path + strlen("cards/"), *dot = strchr(name, '.');
    if (dot == NULL || !ol_name_is_valid(name, (size_t)(dot - name)) ||
        ol_u64_get(dot + 1, strlen(dot + 1), 0, OL_SIZE_MAX, ret_serial) != OL_OK)
        return false;
    *ret_party = (ol_str){ name, (size_t)(dot - name) };
    return true;
}

typedef struct {
    const char *role;
    const uint8_t *key;
} vf_role;

static bool is_shared(vf *v, const char *file, const vf_card *c, vf_role own, vf_role other,
                      unsigned party) {
    bool is_same_purpose = party == c->party && strcmp(own.role, other.role) == 0;
    if (is_same_purpose || memcmp(own.key, other.key, 32) != 0)
        return false;
    ol_vf_fail(v, "key-shared", file, "the %s key of %s is also the %s key of %s", own.role,
               v->party_name[c->party], other.role, v->party_name[party]);
    return true;
}

/* No key serves two parties or two purposes. */
static bool shares_a_key(vf *v, const char *file, const vf_card *c) {
    const vf_role own[] = { { "identity", v->party[c->party].identity },
                            { "log", c->log },
                            { "receipt", c->receipt },
                            { "static", c->static_key } };
    for (size_t i = 0; i < OL_LEN(own); i++) {
        for (unsigned p = 0; p < v->parties; p++)
            if (is_shared(v, file, c, own[i], (vf_role){ "identity", v->party[p].identity }, p))
                return true;
        for (size_t k = 0; k < v->cards; k++) {
            const vf_card *o = &v->card[k];
            if (is_shared(v, file, c, own[i], (vf_role){ "log", o->log }, o->party) ||
                is_shared(v, file, c, own[i], (vf_role){ "receipt", o->receipt }, o->party) ||
                is_shared(v, file, c, own[i], (vf_role){ "static", o->static_key }, o->party))
                return true;
        }
    }
    return false;
}

static bool read_card(vf *v, const char *file, ol_str party, uint64_t serial, vf_card *ret) {
    size_t len = 0;
    ol_card card;
    ol_ini_at at = { 0, 0, NULL };
    if (!ol_vf_read(v, file, v->note, sizeof v->note, &len))
        return false;
    char name[OL_NAME_MAX + 1];
    snprintf(name, sizeof name, "%.*s", (int)party.len, party.p);
    int number = find_party(v, name);
    if (number < 0) {
        ol_vf_fail(v, "card-stranger", file, "is a card of %s, who is not in the charter", name);
        return false;
    }
    ol_err err = ol_card_read((const char *)v->note, len, &card, &at);
    if (err == OL_EAUTH)
        ol_vf_fail(v, "card-unsigned", file, "is not signed by %s", name);
    else if (err != OL_OK)
        fail_text(v, file, &at);
    else if (strcmp(card.party.name, name) != 0 || card.serial != serial)
        ol_vf_fail(v, "card-name", file, "is a card of %s with serial %u: its name says otherwise",
                   card.party.name, (unsigned)card.serial);
    else if (memcmp(card.party.identity, v->party[number].identity, 32) != 0)
        ol_vf_fail(v, "card-identity", file, "has another identity key of %s than the charter",
                   name);
    else {
        *ret = (vf_card){ .party = (unsigned)number, .serial = serial };
        memcpy(ret->log, card.log, sizeof ret->log);
        memcpy(ret->receipt, card.receipt, sizeof ret->receipt);
        memcpy(ret->static_key, card.static_key, sizeof ret->static_key);
        ol_note note;
        ol_note_key key;
        if (key_of_identity(name, v->party[number].identity, &key) &&
            ol_note_parse((const char *)v->note, len, &note) == OL_OK)
            ol_vf_strangers(v, file, &note, &key, 1);
        return true;
    }
    return false;
}

static bool add_card(vf *v, const vf_card *card) {
    vf_card *cards = ol_mem_grow(v->opts->mem, v->card, &v->cards_cap, v->cards + 1, sizeof *cards);
    if (cards == NULL) {
        v->err = OL_ENOMEM;
        return false;
    }
    v->card = cards;
    v->card[v->cards++] = *card;
    v->party[card->party].has_card = true;
    return true;
}

void ol_vf_cards(vf *v) {
    size_t n = 0;
    for (size_t i = ol_vf_first(v, "cards/"); ol_vf_has_prefix(v, i, "cards/"); i++) {
        ol_str party;
        uint64_t serial = 0;
        vf_card card;
        if (!v->file[i].is_plain || !is_card_name(v->file[i].path, &party, &serial))
            continue;
        if (++n > OL_VERIFY_CARDS_MAX) {
            ol_vf_fail(v, "too-many", "cards", "holds more than %d cards", OL_VERIFY_CARDS_MAX);
            return;
        }
        if (read_card(v, v->file[i].path, party, serial, &card) &&
            !shares_a_key(v, v->file[i].path, &card) && !add_card(v, &card))
            return;
    }
}
