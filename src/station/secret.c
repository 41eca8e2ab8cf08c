#include "station/secret.h"

#include <string.h>

#include <sodium.h>

#include "base/titled.h"

static const char title[] = "openline line secret";
#define MARK "mark."
enum { MARK_LEN = sizeof MARK - 1 };
#define SECONDS_MAX (UINT64_MAX >> 2) /* sums of two do not overflow */

static void put_hex(ol_wr *w, const char *key, const uint8_t *p, size_t n) {
    char hex[2 * 32 + 1];
    OL_ASSERT(n <= 32);
    ol_hex_put(p, n, hex);
    ol_titled_put(w, key, hex);
    sodium_memzero(hex, sizeof hex);
}

static void put_keys(ol_wr *out, const ol_ratchet *r) {
    ol_titled_put_number(out, "epoch", r->oldest);
    put_hex(out, "key", r->ck, sizeof r->ck);
    ol_titled_put_number(out, "send", r->send);
    ol_titled_put_number(out, "since", r->since_s);
    ol_titled_put_number(out, "since.wall", r->since_wall);
    if (r->is_heard)
        ol_titled_put_number(out, "heard", r->heard);
    for (size_t i = 0; i < r->marks; i++) {
        char key[MARK_LEN + 21] = MARK;
        ol_u64_put(r->mark[i].epoch, key + MARK_LEN);
        ol_titled_put_number(out, key, r->mark[i].at_s);
    }
}

ol_err ol_secret_put(const ol_secret *s, ol_wr *out) {
    char section[OL_NAME_MAX + 8];
    ol_titled_put_line(out, "openline line secret v1");
    ol_titled_put_line(out, "[line]");
    put_hex(out, "id", s->line, sizeof s->line);
    ol_titled_put_number(out, "generation", s->generation);
    put_hex(out, "secret", s->secret, sizeof s->secret);
    if (s->joined_wall > 0)
        ol_titled_put_number(out, "joined", s->joined_wall);
    for (size_t i = 0; i < s->pairs; i++) {
        ol_wr w = ol_wr_of((uint8_t *)section, sizeof section);
        ol_wr_put(&w, "[pair ", 6);
        ol_wr_put(&w, s->pair[i].party, strlen(s->pair[i].party));
        ol_wr_put(&w, "]", 2); /* its NUL too */
        OL_ASSERT(w.err == OL_OK);
        ol_titled_put_line(out, section);
        put_keys(out, &s->pair[i].keys);
    }
    return out->err;
}

enum { HAS_ID = 1, HAS_GENERATION = 2, HAS_SECRET = 4 };
enum { HAS_EPOCH = 1, HAS_KEY = 2, HAS_SEND = 4, HAS_HEARD = 8 };

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
    } else if (ol_titled_is(key, "joined")) {
        *why = "value must be a number, and no larger than that may be";
        err = ol_u64_get(value.p, value.len, 0, SECONDS_MAX, &r->s->joined_wall);
    } else {
        *why = "unknown key: [line] has id, generation, secret and joined";
    }
    return err;
}

/* mark.<epoch>: in the order in which they are written, as ol_ratchet_is_sound checks. */
static ol_err get_mark(ol_ratchet *r, ol_str key, ol_str value, const char **why) {
    uint64_t epoch = 0, at_s = 0;
    *why = "there are too many marks";
    if (r->marks == OL_RATCHET_MARKS)
        return OL_EFORM;
    *why = "mark.<epoch> must name an epoch and have a number";
    ol_err err = ol_u64_get(key.p + MARK_LEN, key.len - MARK_LEN, 0, OL_EPOCH_MAX, &epoch);
    if (err == OL_OK)
        err = ol_u64_get(value.p, value.len, 0, SECONDS_MAX, &at_s);
    if (err == OL_OK)
        r->mark[r->marks].epoch = (uint16_t)epoch, r->mark[r->marks++].at_s = at_s;
    return err;
}

static ol_err pair_key(reader *r, ol_str key, ol_str value, const char **why) {
    size_t at = r->s->pairs - 1u;
    ol_ratchet *keys = &r->s->pair[at].keys;
    const struct {
        const char *name;
        uint64_t max;
        uint64_t *wide;
        uint16_t *epoch;
        unsigned bit;
    } number[] = {
        { "epoch", OL_EPOCH_MAX, NULL, &keys->oldest, HAS_EPOCH },
        { "send", OL_EPOCH_MAX, NULL, &keys->send, HAS_SEND },
        { "heard", OL_EPOCH_MAX, NULL, &keys->heard, HAS_HEARD },
        { "since", SECONDS_MAX, &keys->since_s, NULL, 0 },
        { "since.wall", SECONDS_MAX, &keys->since_wall, NULL, 0 },
    };
    if (ol_titled_is(key, "key")) {
        r->pair[at] |= HAS_KEY;
        return get_hex(value, keys->ck, sizeof keys->ck, why);
    }
    if (key.len > MARK_LEN && memcmp(key.p, MARK, MARK_LEN) == 0)
        return get_mark(keys, key, value, why);
    for (size_t i = 0; i < OL_LEN(number); i++) {
        uint64_t v = 0;
        if (!ol_titled_is(key, number[i].name))
            continue;
        *why = "value must be a number, and no larger than that may be";
        ol_err err = ol_u64_get(value.p, value.len, 0, number[i].max, &v);
        r->pair[at] |= number[i].bit;
        if (number[i].wide != NULL)
            *number[i].wide = v;
        else
            *number[i].epoch = (uint16_t)v;
        return err;
    }
    *why = "unknown key: [pair …] has epoch, key, send, since, heard and marks";
    return OL_EFORM;
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
    for (size_t i = 0; i < r->s->pairs; i++) {
        ol_ratchet *keys = &r->s->pair[i].keys;
        if ((r->pair[i] & (HAS_EPOCH | HAS_KEY)) != (HAS_EPOCH | HAS_KEY))
            return "each [pair …] must have epoch and key";
        keys->is_heard = (r->pair[i] & HAS_HEARD) != 0;
        if ((r->pair[i] & HAS_SEND) == 0)
            keys->send = keys->oldest;
        if (!ol_ratchet_is_sound(keys))
            return "the epochs of a [pair …] contradict each other";
    }
    return NULL;
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
