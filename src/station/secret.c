#include "station/secret.h"

#include <string.h>

#include <sodium.h>

#include "base/titled.h"

static const char title[] = "openline line secret";

static void put_hex(ol_wr *w, const char *key, const uint8_t *p, size_t n) {
    char hex[2 * 32 + 1];
    OL_ASSERT(n <= 32);
    ol_hex_put(p, n, hex);
    ol_titled_put(w, key, hex);
    sodium_memzero(hex, sizeof hex);
}

ol_err ol_secret_put(const ol_secret *s, ol_wr *out) {
    char section[OL_NAME_MAX + 8];
    ol_titled_put_line(out, "openline line secret v1");
    ol_titled_put_line(out, "[line]");
    put_hex(out, "id", s->line, sizeof s->line);
    ol_titled_put_number(out, "generation", s->generation);
    put_hex(out, "secret", s->secret, sizeof s->secret);
    for (size_t i = 0; i < s->pairs; i++) {
        ol_wr w = ol_wr_of((uint8_t *)section, sizeof section);
        ol_wr_put(&w, "[pair ", 6);
        ol_wr_put(&w, s->pair[i].party, strlen(s->pair[i].party));
        ol_wr_put(&w, "]", 2); /* its NUL too */
        OL_ASSERT(w.err == OL_OK);
        ol_titled_put_line(out, section);
        ol_titled_put_number(out, "epoch", s->pair[i].epoch);
        put_hex(out, "key", s->pair[i].key, sizeof s->pair[i].key);
    }
    return out->err;
}

enum { HAS_ID = 1, HAS_GENERATION = 2, HAS_SECRET = 4, HAS_EPOCH = 1, HAS_KEY = 2 };

typedef struct {
    ol_secret *s;
    unsigned line, pair[OL_PARTIES_MAX - 1]; /* HAS_… */
} reader;

static ol_err get_hex(ol_str value, uint8_t *to, size_t n, const char **why) {
    *why = n == 32 ? "value must be 64 hexadecimal digits" : "value must be 32 hexadecimal digits";
    return ol_hex_get(value.p, value.len, to, n);
}

static ol_err line_key(reader *r, ol_str key, ol_str value, const char **why) {
    uint64_t generation = 0;
    ol_err err = OL_EFORM;
    if (ol_titled_is(key, "id")) {
        r->line |= HAS_ID;
        err = get_hex(value, r->s->line, sizeof r->s->line, why);
    } else if (ol_titled_is(key, "generation")) {
        r->line |= HAS_GENERATION;
        *why = "value must be a number";
        err = ol_u64_get(value.p, value.len, 0, UINT32_MAX, &generation);
        r->s->generation = (uint32_t)generation;
    } else if (ol_titled_is(key, "secret")) {
        r->line |= HAS_SECRET;
        err = get_hex(value, r->s->secret, sizeof r->s->secret, why);
    } else {
        *why = "unknown key: [line] has id, generation and secret";
    }
    return err;
}

static ol_err pair_key(reader *r, ol_str key, ol_str value, const char **why) {
    size_t at = r->s->pairs - 1u;
    uint64_t epoch = 0;
    if (ol_titled_is(key, "key")) {
        r->pair[at] |= HAS_KEY;
        return get_hex(value, r->s->pair[at].key, sizeof r->s->pair[at].key, why);
    }
    *why = "unknown key: [pair …] has epoch and key";
    if (!ol_titled_is(key, "epoch"))
        return OL_EFORM;
    r->pair[at] |= HAS_EPOCH;
    *why = "value must be a number";
    ol_err err = ol_u64_get(value.p, value.len, 0, UINT16_MAX, &epoch);
    if (err == OL_OK && epoch != 0) {
        *why = "value is an epoch that only a newer version of openline knows";
        return OL_EVERSION;
    }
    return err;
}

static ol_err new_pair(reader *r, ol_str name, const char **why) {
    *why = "[pair …] must name a party";
    if (!ol_name_is_valid(name.p, name.len))
        return OL_EFORM;
    *why = "too many pairs: a line has at most 16 parties";
    if (r->s->pairs == OL_PARTIES_MAX - 1)
        return OL_ELIMIT;
    memcpy(r->s->pair[r->s->pairs++].party, name.p, name.len);
    return OL_OK;
}

static ol_err take(void *ctx, ol_str section, ol_str key, ol_str value, const char **why) {
    reader *r = ctx;
    bool is_pair = section.len > 5 && memcmp(section.p, "pair ", 5) == 0;
    *why = "unknown section: there are [line] and [pair <party>]";
    if (!is_pair && !ol_titled_is(section, "line"))
        return OL_EFORM;
    if (is_pair && key.len == 0)
        return new_pair(r, (ol_str){ section.p + 5, section.len - 5 }, why);
    if (key.len == 0)
        return OL_OK;
    return is_pair ? pair_key(r, key, value, why) : line_key(r, key, value, why);
}

static const char *missing(const reader *r) {
    if (r->line != (HAS_ID | HAS_GENERATION | HAS_SECRET))
        return "[line] must have id, generation and secret";
    for (size_t i = 0; i < r->s->pairs; i++)
        if (r->pair[i] != (HAS_EPOCH | HAS_KEY))
            return "each [pair …] must have epoch and key";
    return r->s->pairs == 0 ? "there is no [pair …]" : NULL;
}

ol_err ol_secret_get(const char *text, size_t len, ol_secret *ret, ol_ini_at *ret_at) {
    reader r = { .s = ret }; /* in place: ret lies in locked memory, the stack does not */
    sodium_memzero(ret, sizeof *ret);
    ol_err err = ol_titled_read(title, "this is not a line secret: it opens otherwise",
                                (ol_str){ text, len }, take, &r, ret_at);
    const char *why = err == OL_OK ? missing(&r) : NULL;
    if (why != NULL) {
        err = OL_EFORM;
        if (ret_at != NULL)
            *ret_at = (ol_ini_at){ 1, 1, why };
    }
    if (err != OL_OK)
        ol_secret_wipe(ret);
    return err;
}

int ol_secret_pair(const ol_secret *s, const char *party) {
    for (size_t i = 0; i < s->pairs; i++)
        if (strcmp(s->pair[i].party, party) == 0)
            return (int)i;
    return -1;
}

void ol_secret_wipe(ol_secret *s) {
    if (s != NULL)
        sodium_memzero(s, sizeof *s);
}
