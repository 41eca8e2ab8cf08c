#include "record/charter.h"

#include <string.h>

#include "base/titled.h"
#include "wire/message.h"

_Static_assert(OL_PARTIES_MAX <= 32, "parties are bits of a uint32_t");

/* Every key outside the parties' sections: one row, in the order in which ol_charter_put writes. */
enum form {
    A_LINE,
    A_GENERATION,
    AN_ID,
    A_PREVIOUS,
    A_ONE,
    SOME_RUNGS,
    A_NUMBER,
    A_RETENTION,
    SOME_PRECEDENCES, /* this and what follows may be absent */
    A_QUOTA
};

static const struct row {
    const char *key, *missing, *range;
    enum form form;
    size_t at; /* a number's place in ol_charter */
    uint64_t min, max, dflt;
} rows[] = {
#define ROW(key, form)                                                                             \
    { key, "missing key: " key, "", form, 0, 0, 0, 0 }
#define NUMBER(field, key, min, max, dflt) NUMBER_ROW(field, key, A_NUMBER, min, max, dflt)
#define QUOTA(field, key, min, max, dflt) NUMBER_ROW(field, key, A_QUOTA, min, max, dflt)
#define NUMBER_ROW(field, key, form, min, max, dflt)                                               \
    { key,                                                                                         \
      "missing key: " key,                                                                         \
      "value is out of range: " key " is " #min " to " #max,                                       \
      form,                                                                                        \
      offsetof(ol_charter, field),                                                                 \
      min,                                                                                         \
      max,                                                                                         \
      dflt },
    ROW("line", A_LINE),
    ROW("generation", A_GENERATION),
    ROW("id", AN_ID),
    ROW("previous", A_PREVIOUS),
    ROW("formats", A_ONE),
    ROW("suite", A_ONE),
    ROW("rungs", SOME_RUNGS),
    OL_CHARTER_NUMBERS(NUMBER) /* with its own commas */
    ROW("retention", A_RETENTION),
    ROW("release.two", SOME_PRECEDENCES),
    OL_CHARTER_OPTIONAL(QUOTA)
#undef NUMBER_ROW
#undef QUOTA
#undef NUMBER
#undef ROW
};
enum { ROWS = OL_LEN(rows) };

typedef struct {
    ol_charter c;
    const char *key_at[ROWS]; /* where the key stands in the text; NULL: not yet */
    const char *party_at[OL_PARTIES_MAX];
} reader;

static ol_err refuse(const char **why, ol_err err, const char *text) {
    *why = text;
    return err;
}

static size_t row_of(ol_str key) {
    size_t i = 0;
    while (i < ROWS && !ol_titled_is(key, rows[i].key))
        i++;
    return i;
}

/* ── values ── */

static uint64_t number_get(const ol_charter *c, const struct row *row) {
    uint64_t v = 0;
    memcpy(&v, (const char *)c + row->at, sizeof v);
    return v;
}

static ol_err set_number(ol_charter *c, const struct row *row, ol_str value, const char **why) {
    uint64_t v = 0;
    ol_err err = ol_u64_get(value.p, value.len, row->min, row->max, &v);
    if (err == OL_ELIMIT)
        return refuse(why, err, row->range);
    if (err != OL_OK)
        return refuse(why, err, "value is not a number in decimal digits");
    memcpy((char *)c + row->at, &v, sizeof v);
    return OL_OK;
}

static ol_err set_rungs(ol_charter *c, ol_str value, const char **why) {
    ol_str word;
    uint8_t n = 0;
    for (; ol_titled_word(&value, &word); n++) {
        if (n == OL_RUNGS_MAX)
            return refuse(why, OL_ELIMIT, "value names more than 8 rungs");
        if (!ol_name_is_valid(word.p, word.len))
            return refuse(why, OL_EFORM,
                          "value is not a list of rungs like: watch duty-officer (one space "
                          "between)");
        memcpy(c->rung[n], word.p, word.len);
        c->rung[n][word.len] = '\0';
        for (uint8_t i = 0; i < n; i++)
            if (strcmp(c->rung[i], c->rung[n]) == 0)
                return refuse(why, OL_EFORM, "value names a rung twice");
    }
    c->rungs = n;
    return OL_OK;
}

static ol_err set_retention(ol_charter *c, ol_str value, const char **why) {
    uint64_t v = OL_CHARTER_FOREVER;
    if (!ol_titled_is(value, "forever") &&
        ol_u64_get(value.p, value.len, 86400, UINT64_C(1) << 62, &v) != OL_OK)
        return refuse(why, OL_EFORM, "value is neither `forever` nor seconds, a day at least");
    c->retention_s = v;
    return OL_OK;
}

static ol_err set_two(ol_charter *c, ol_str value, const char **why) {
    ol_str word;
    unsigned two = 0;
    while (ol_titled_word(&value, &word)) {
        unsigned p = 0;
        while (p < OL_PRECEDENCES && !ol_titled_is(word, ol_precedence_name(p)))
            p++;
        if (p == OL_PRECEDENCES || (two >> p & 1) != 0)
            return refuse(why, OL_EFORM,
                          "value is not a list of different words of: flash immediate priority "
                          "routine (one space between)");
        two |= 1u << p;
    }
    c->two = (uint8_t)two;
    return OL_OK;
}

static ol_err set_line(ol_charter *c, ol_str value, const char **why) {
    if (!ol_name_is_valid(value.p, value.len))
        return refuse(why, OL_EFORM, "value is not a name: 1 to 32 of a-z 0-9 -, a letter first");
    memcpy(c->line, value.p, value.len);
    c->line[value.len] = '\0';
    return OL_OK;
}

static ol_err set_generation(ol_charter *c, ol_str value, const char **why) {
    uint64_t v = 0;
    ol_err err = ol_u64_get(value.p, value.len, 0, UINT32_MAX, &v);
    if (err != OL_OK)
        return refuse(why, err, "value is not a number from 0 to 4294967295");
    c->generation = (uint32_t)v;
    return OL_OK;
}

static ol_err is_one(ol_str value, const char **why) {
    uint64_t v = 0;
    if (ol_titled_is(value, "1"))
        return OL_OK;
    ol_err err = ol_u64_get(value.p, value.len, 0, UINT32_MAX, &v);
    return refuse(why, err == OL_OK ? OL_EVERSION : OL_EFORM,
                  "value is not 1, the only one that this version of openline knows");
}

static ol_err set_row(ol_charter *c, const struct row *row, ol_str value, const char **why) {
    switch (row->form) {
    case A_LINE:
        return set_line(c, value, why);
    case A_GENERATION:
        return set_generation(c, value, why);
    case AN_ID:
        if (ol_hex_get(value.p, value.len, c->id, sizeof c->id) == OL_OK)
            return OL_OK;
        return refuse(why, OL_EFORM, "value is not a line id: 32 digits of lower-case hex");
    case A_PREVIOUS:
        if (ol_hex_get(value.p, value.len, c->previous, sizeof c->previous) == OL_OK)
            return OL_OK;
        return refuse(why, OL_EFORM, "value is not a hash: 64 digits of lower-case hex");
    case A_ONE:
        return is_one(value, why);
    case SOME_RUNGS:
        return set_rungs(c, value, why);
    case A_NUMBER:
    case A_QUOTA:
        return set_number(c, row, value, why);
    case SOME_PRECEDENCES:
        return set_two(c, value, why);
    case A_RETENTION:
        return set_retention(c, value, why);
    }
    OL_ASSERT(false);
    return OL_EFORM;
}

ol_err ol_charter_set(ol_charter *c, ol_str key, ol_str value, const char **why) {
    size_t i = row_of(key);
    if (i == ROWS || rows[i].form < SOME_RUNGS)
        return refuse(why, OL_EFORM,
                      "unknown setting: there are rungs, retention, answer.flash, "
                      "answer.immediate, answer.priority, answer.routine, check.interval, "
                      "limit.entries, limit.bytes, crypto.period, courier.time, release.two, "
                      "quota.flash, quota.immediate");
    if (rows[i].form >= SOME_PRECEDENCES && ol_titled_is(value, "none")) {
        if (rows[i].form == SOME_PRECEDENCES)
            c->two = 0;
        else
            memset((char *)c + rows[i].at, 0, sizeof(uint64_t));
        return OL_OK;
    }
    return set_row(c, &rows[i], value, why);
}

void ol_charter_defaults(ol_charter *c) {
    *c = (ol_charter){ .rungs = 1, .rung = { "watch" }, .retention_s = OL_CHARTER_FOREVER };
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].form == A_NUMBER)
            memcpy((char *)c + rows[i].at, &rows[i].dflt, sizeof rows[i].dflt);
}

/* ── reading ── */

static ol_err begin_party(reader *r, ol_str section, const char **why) {
    ol_str name = { section.p + 6, section.len - 6 };
    if (!ol_name_is_valid(name.p, name.len))
        return refuse(why, OL_EFORM,
                      "after `party` stands a name: 1 to 32 of a-z 0-9 -, a letter first");
    if (!ol_party_name_is_valid(name.p, name.len))
        return refuse(why, OL_EFORM,
                      "a party cannot be called so: in an export that name is another thing");
    if (r->c.parties == OL_PARTIES_MAX)
        return refuse(why, OL_ELIMIT, "a line has at most 16 parties");
    r->party_at[r->c.parties] = section.p;
    memcpy(r->c.party[r->c.parties++].name, name.p, name.len);
    return OL_OK;
}

static ol_err set_in_party(reader *r, ol_str key, ol_str value, const char **why) {
    unsigned self = r->c.parties - 1u;
    bool is_taken = false;
    ol_err err = ol_party_set(&r->c.party[self], key, value, &is_taken, why);
    if (err == OL_OK && !is_taken)
        err =
            refuse(why, OL_EFORM, "unknown key: a party has identity, languages, name.<language>");
    if (err != OL_OK || !ol_titled_is(key, "identity"))
        return err;
    for (unsigned i = 0; i < self; i++)
        if (memcmp(r->c.party[i].identity, r->c.party[self].identity, OL_SIGN_PUB_LEN) == 0)
            return refuse(why, OL_EFORM, "value is the identity key of a party further up");
    return OL_OK;
}

static ol_err on_key(void *ctx, ol_str section, ol_str key, ol_str value, const char **why) {
    reader *r = ctx;
    if (section.len > 6 && memcmp(section.p, "party ", 6) == 0)
        return key.len == 0 ? begin_party(r, section, why) : set_in_party(r, key, value, why);
    if (section.len > 0)
        return refuse(why, OL_EFORM, "unknown section: a charter has one [party <name>] a party");
    size_t i = row_of(key);
    if (i == ROWS)
        return refuse(why, OL_EFORM, "unknown key: see the keys of a charter in docs/PROTOCOL.md");
    r->key_at[i] = key.p;
    return set_row(&r->c, &rows[i], value, why);
}

/* What the text as a whole lacks or has too much; at: where. NULL: nothing. */
static const char *fault_of(const reader *r, const char *text, const char **at) {
    *at = text;
    bool is_amendment = r->c.generation > 0;
    for (size_t i = 0; i < ROWS; i++) {
        bool is_amending = rows[i].form == AN_ID || rows[i].form == A_PREVIOUS;
        bool may_be_absent = rows[i].form >= SOME_PRECEDENCES;
        if (r->key_at[i] == NULL && (is_amendment || !is_amending) && !may_be_absent)
            return rows[i].missing;
        if (r->key_at[i] != NULL && is_amending && !is_amendment) {
            *at = r->key_at[i];
            return "`id` and `previous` belong in an amendment, generation 1 or more";
        }
    }
    if (r->c.parties < OL_PARTIES_MIN)
        return "a line has at least 2 parties: each its [party <name>]";
    for (size_t i = 0; i < r->c.parties; i++) {
        *at = r->party_at[i];
        const char *missing = ol_party_missing(&r->c.party[i]);
        if (missing != NULL)
            return missing;
    }
    return NULL;
}

ol_err ol_charter_parse(const char *text, size_t len, ol_charter *ret, ol_ini_at *ret_at) {
    reader r = { .c = { .generation = 0 } };
    ol_str all = { text, len };
    ol_err err = ol_titled_read("openline charter",
                                "the first line is not `openline charter v1`: this is no charter",
                                all, on_key, &r, ret_at);
    if (err != OL_OK)
        return err;
    const char *at = NULL, *why = fault_of(&r, text, &at);
    if (why != NULL) {
        *ret_at = ol_titled_at(all, at, why);
        return OL_EFORM;
    }
    ol_hash_sha256(text, len, r.c.text_hash);
    if (r.c.generation == 0)
        memcpy(r.c.id, r.c.text_hash, sizeof r.c.id);
    *ret = r.c;
    return OL_OK;
}

/* ── writing ── */

static void put_rungs(const ol_charter *c, ol_wr *w) {
    OL_ASSERT(c->rungs <= OL_RUNGS_MAX);
    char list[OL_RUNGS_MAX * (OL_NAME_MAX + 1) + 1] = "";
    size_t n = 0;
    for (size_t i = 0; i < c->rungs; i++) {
        size_t len = strlen(c->rung[i]);
        if (i > 0)
            list[n++] = ' ';
        memcpy(list + n, c->rung[i], len + 1);
        n += len;
    }
    ol_titled_put(w, "rungs", list);
}

static void put_hex(const char *key, const uint8_t *p, size_t n, ol_wr *w) {
    char hex[2 * OL_HASH_LEN + 1];
    OL_ASSERT(n <= OL_HASH_LEN);
    ol_hex_put(p, n, hex);
    ol_titled_put(w, key, hex);
}

static void put_two(const ol_charter *c, ol_wr *w) {
    char list[64] = "";
    for (unsigned p = 0; p < OL_PRECEDENCES; p++) {
        if ((c->two >> p & 1) == 0)
            continue;
        size_t len = strlen(list), more = strlen(ol_precedence_name(p));
        if (len > 0)
            list[len++] = ' ';
        OL_ASSERT(len + more < sizeof list);
        memcpy(list + len, ol_precedence_name(p), more + 1);
    }
    if (list[0] != '\0')
        ol_titled_put(w, "release.two", list);
}

static void put_row(const ol_charter *c, const struct row *row, ol_wr *w) {
    switch (row->form) {
    case A_LINE:
        ol_titled_put(w, row->key, c->line);
        break;
    case A_GENERATION:
        ol_titled_put_number(w, row->key, c->generation);
        break;
    case AN_ID:
        if (c->generation > 0)
            put_hex(row->key, c->id, sizeof c->id, w);
        break;
    case A_PREVIOUS:
        if (c->generation > 0)
            put_hex(row->key, c->previous, sizeof c->previous, w);
        break;
    case A_ONE:
        ol_titled_put_number(w, row->key, 1);
        break;
    case SOME_RUNGS:
        put_rungs(c, w);
        break;
    case A_NUMBER:
        ol_titled_put_number(w, row->key, number_get(c, row));
        break;
    case A_RETENTION:
        if (c->retention_s == OL_CHARTER_FOREVER)
            ol_titled_put(w, row->key, "forever");
        else
            ol_titled_put_number(w, row->key, c->retention_s);
        break;
    case SOME_PRECEDENCES:
        put_two(c, w);
        break;
    case A_QUOTA:
        if (number_get(c, row) > 0)
            ol_titled_put_number(w, row->key, number_get(c, row));
        break;
    }
}

ol_err ol_charter_put(const ol_charter *c, ol_wr *out, ol_ini_at *ret_at) {
    OL_ASSERT(c->parties <= OL_PARTIES_MAX);
    ol_wr w = *out;
    ol_titled_put_line(&w, "openline charter v1");
    for (size_t i = 0; i < ROWS; i++)
        put_row(c, &rows[i], &w);
    for (size_t i = 0; i < c->parties; i++) {
        ol_wr_put(&w, "[party ", 7);
        ol_wr_put(&w, c->party[i].name, strlen(c->party[i].name));
        ol_titled_put_line(&w, "]");
        ol_party_put_identity(&c->party[i], &w);
        ol_party_put(&c->party[i], &w);
    }
    if (w.err != OL_OK) {
        *ret_at = (ol_ini_at){ 0, 0, "no room for the text" };
        return w.err;
    }
    ol_charter again; /* what we write we must be able to read */
    ol_err err = ol_charter_parse((const char *)w.p + out->len, w.len - out->len, &again, ret_at);
    if (err == OL_OK)
        *out = w;
    return err;
}

/* ── looking up ── */

int ol_charter_party(const ol_charter *c, const char *name, size_t len) {
    for (int i = 0; i < c->parties; i++)
        if (ol_titled_is((ol_str){ name, len }, c->party[i].name))
            return i;
    return -1;
}

int ol_charter_card(const ol_charter *c, const ol_card *card) {
    int i = ol_charter_party(c, card->party.name, strlen(card->party.name));
    if (i < 0 || memcmp(c->party[i].identity, card->party.identity, OL_SIGN_PUB_LEN) != 0)
        return -1;
    return i;
}

int ol_charter_identity(const ol_charter *c, const uint8_t identity[OL_SIGN_PUB_LEN]) {
    for (int i = 0; i < c->parties; i++)
        if (memcmp(c->party[i].identity, identity, OL_SIGN_PUB_LEN) == 0)
            return i;
    return -1;
}

int ol_charter_rung(const ol_charter *c, const char *name, size_t len) {
    for (int i = 0; i < c->rungs; i++)
        if (ol_titled_is((ol_str){ name, len }, c->rung[i]))
            return i;
    return -1;
}
