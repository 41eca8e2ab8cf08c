#include "record/chain.h"

#include <string.h>

static ol_err refuse(ol_ini_at *at, ol_err err, const char *why) {
    *at = (ol_ini_at){ 0, 0, why };
    return err;
}

bool ol_chain_is_member(const ol_chain *c, unsigned party) {
    return c->generations > 0 && (c->members[c->generations - 1] >> party & 1) != 0;
}

/* Does the text follow from the last one as far as it speaks of itself? */
static ol_err follows(const ol_chain *c, const ol_charter *next, ol_ini_at *at) {
    if (c->generations == 0)
        return next->generation == 0
                   ? OL_OK
                   : refuse(at, OL_ECONFLICT,
                            "an amendment where the first charter of the line must stand; give "
                            "the generations in order");
    if (strcmp(next->line, c->now.line) != 0)
        return refuse(at, OL_ECONFLICT, "it speaks of another line; ask for the right file");
    if (next->generation > c->now.generation + 1)
        return refuse(at, OL_ECONFLICT,
                      "a generation before it is missing; take the amendments in their order");
    if (next->generation <= c->now.generation)
        return refuse(at, OL_ECONFLICT,
                      "the line is in that generation or past it; nothing is to "
                      "be done");
    if (memcmp(next->id, c->now.id, sizeof next->id) != 0)
        return refuse(at, OL_ECONFLICT, "it names another line id; ask for the right file");
    if (memcmp(next->previous, c->now.text_hash, sizeof next->previous) != 0)
        return refuse(at, OL_ECONFLICT,
                      "it was made for another text of the generation before; draft it again from "
                      "the charter in force");
    return OL_OK;
}

/* The number of a party of the next text: its own of old, or the next free one. */
static ol_err number_of(ol_charter *all, const ol_party *party, uint8_t *ret, ol_ini_at *at) {
    int known = ol_charter_party(all, party->name, strlen(party->name));
    int keyed = ol_charter_identity(all, party->identity);
    if (known >= 0 && memcmp(all->party[known].identity, party->identity, OL_SIGN_PUB_LEN) != 0)
        return refuse(at, OL_ECONFLICT,
                      "it gives a party another identity key than an earlier generation; a party "
                      "with a new identity joins under a new name");
    if (keyed >= 0 && keyed != known)
        return refuse(at, OL_ECONFLICT,
                      "it gives a party the identity key of another one; ask for the right card");
    if (known < 0 && all->parties == OL_PARTIES_MAX)
        return refuse(at, OL_ELIMIT,
                      "a line has at most 16 parties, those that left counted; found a new line");
    *ret = known >= 0 ? (uint8_t)known : all->parties++;
    all->party[*ret] = *party;
    return OL_OK;
}

static ol_err adopt(ol_chain *c, const ol_charter *next, ol_ini_at *at) {
    ol_charter all = *next; /* its parties are those of the chain so far, and who joins */
    uint8_t order[OL_PARTIES_MAX];
    uint32_t members = 0;
    all.parties = c->now.parties;
    memcpy(all.party, c->now.party, sizeof all.party);
    for (unsigned i = 0; i < next->parties; i++) {
        ol_err err = number_of(&all, &next->party[i], &order[i], at);
        if (err != OL_OK)
            return err;
        members |= UINT32_C(1) << order[i];
    }
    if (c->generations > 0 && (members & c->members[c->generations - 1]) == 0)
        return refuse(at, OL_ECONFLICT, "nobody of the generation before stays; found a new line");
    c->now = all;
    memcpy(c->order, order, sizeof order);
    c->members[c->generations++] = members;
    return OL_OK;
}

ol_err ol_chain_add(ol_chain *c, const char *file, size_t len, uint32_t *ret_missing,
                    ol_ini_at *ret_at) {
    ol_charter next;
    uint32_t missing = 0;
    ol_err err = ol_charter_read(file, len, &next, &missing, ret_at);
    if (err == OL_OK)
        err = follows(c, &next, ret_at);
    if (err == OL_OK && c->generations == OL_GENERATIONS_MAX)
        err = refuse(ret_at, OL_ELIMIT, "a line has at most 64 generations; found a new line");
    if (err == OL_OK)
        err = adopt(c, &next, ret_at);
    if (err == OL_OK)
        *ret_missing = missing;
    return err;
}

/* ── drafting ──────────────────────────────────────────────────────────────────────────────────*/

static ol_err remove_party(ol_charter *next, const char *name, ol_ini_at *at) {
    int i = ol_charter_party(next, name, strlen(name));
    if (i < 0)
        return refuse(at, OL_ENOENT, "who is to leave is no party of the line; see the charter");
    next->parties--;
    memmove(&next->party[i], &next->party[i + 1],
            (next->parties - (unsigned)i) * sizeof *next->party);
    return OL_OK;
}

static ol_err add_party(ol_charter *next, const ol_card *card, ol_ini_at *at) {
    if (ol_charter_party(next, card->party.name, strlen(card->party.name)) >= 0)
        return refuse(at, OL_EEXIST,
                      "who is to join is a party already; a new card is taken "
                      "with openline line card");
    if (next->parties == OL_PARTIES_MAX)
        return refuse(at, OL_ELIMIT, "a line has at most 16 parties");
    next->party[next->parties++] = card->party;
    return OL_OK;
}

static ol_err change_settings(ol_charter *next, const ol_chain_change *change, ol_ini_at *at) {
    for (size_t i = 0; i < change->sets; i++) {
        const ol_charter_setting *s = &change->set[i];
        const char *why = "refused";
        ol_err err = ol_charter_set(next, (ol_str){ s->key, strlen(s->key) },
                                    (ol_str){ s->value, strlen(s->value) }, &why);
        for (size_t j = 0; j < i && err == OL_OK; j++)
            if (strcmp(change->set[j].key, s->key) == 0)
                err = OL_EFORM, why = "this setting is given twice";
        if (err != OL_OK) {
            *at = (ol_ini_at){ (unsigned)i + 1, 1, why };
            return err;
        }
    }
    return OL_OK;
}

ol_err ol_chain_draft(const ol_chain *c, const ol_chain_change *change, ol_wr *out,
                      ol_ini_at *ret_at) {
    ol_err err = OL_OK;
    if (c->generations == 0 || c->generations == OL_GENERATIONS_MAX)
        return refuse(ret_at, OL_ELIMIT, "a line has at most 64 generations; found a new line");
    ol_charter next = c->now;
    next.generation++, next.parties = 0;
    memcpy(next.previous, c->now.text_hash, sizeof next.previous);
    for (unsigned i = 0; i < c->now.parties; i++) /* by number: the order of joining */
        if (ol_chain_is_member(c, i))
            next.party[next.parties++] = c->now.party[i];
    for (size_t i = 0; i < change->removes && err == OL_OK; i++)
        err = remove_party(&next, change->remove[i], ret_at);
    for (size_t i = 0; i < change->adds && err == OL_OK; i++)
        err = add_party(&next, &change->add[i], ret_at);
    if (err == OL_OK)
        err = change_settings(&next, change, ret_at);
    if (err != OL_OK)
        return err;
    ol_wr w = *out;
    err = ol_charter_put(&next, &w, ret_at);
    if (err != OL_OK) {
        ret_at->line = ret_at->column = 0; /* of a text that the caller never sees */
        return err;
    }
    ol_chain again = *c; /* what it leads to must follow too */
    uint32_t missing = 0;
    err = ol_chain_add(&again, (const char *)w.p + out->len, w.len - out->len, &missing, ret_at);
    if (err == OL_OK)
        *out = w;
    return err;
}
