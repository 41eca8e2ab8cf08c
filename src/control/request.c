#include "control/request.h"

#include <jansson.h>
#include <malloc.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lane.h"

typedef enum { T_NAME, T_BODY, T_ITEM, T_INT, T_LOG, T_SIGNS, T_ENTRY, T_PASS } field_type;

/* One row per key beside id and do. */
static const struct field {
    const char *key;
    ol_given bit;
    field_type type;
    size_t at;
    uint64_t min, max;
    const char *todo;
} fields[] = {
    { "line", OL_GIVEN_LINE, T_NAME, offsetof(ol_request, line), 0, 0,
      "give the line's name as a string: a-z 0-9 -, a letter first, at most 32" },
    { "body", OL_GIVEN_BODY, T_BODY, offsetof(ol_request, body), 0, 0,
      "give the entry's body as padded base64 of 1 to 2048 bytes" },
    { "item", OL_GIVEN_ITEM, T_ITEM, offsetof(ol_request, item), 0, 0,
      "give 6 random bytes as 12 lower-case hex digits" },
    { "read", OL_GIVEN_READ, T_INT, offsetof(ol_request, read), 0, OL_CONTROL_INT_MAX,
      "give a position as `position` returned it" },
    { "cursor", OL_GIVEN_CURSOR, T_INT, offsetof(ol_request, cursor), 0, OL_CONTROL_INT_MAX,
      "give the cursor of the last event that was taken, or 0 for everything" },
    { "from", OL_GIVEN_FROM, T_INT, offsetof(ol_request, from), 0, OL_CONTROL_INT_MAX,
      "give the number to begin at, from 0" },
    { "limit", OL_GIVEN_LIMIT, T_INT, offsetof(ol_request, limit), 1, OL_CONTROL_LOG_MAX,
      "give a number of entries from 1 to 500" },
    { "log", OL_GIVEN_LOG, T_LOG, 0, 0, 0,
      "give a log as <party>/<urgent or routine>/<16 hex digits>" },
    { "kind", OL_GIVEN_KIND, T_NAME, offsetof(ol_request, kind), 0, 0,
      "give the name of a kind of entry, such as message or call" },
    { "signs", OL_GIVEN_SIGNS, T_SIGNS, 0, 0, 0,
      "give one or two signs of 74 bytes each as padded base64" },
    { "entry", OL_GIVEN_ENTRY, T_ENTRY, 0, 0, 0,
      "give an entry's name as `log` tells it, such as usa/urgent/8f3a.17" },
    { "last", OL_GIVEN_LAST, T_INT, offsetof(ol_request, last), 1, OL_CONTROL_LOG_MAX,
      "give a number of entries from 1 to 500" },
    { "hook", OL_GIVEN_HOOK, T_NAME, offsetof(ol_request, hook), 0, 0,
      "give a hook's name as a string; `status` tells them" },
    { "event", OL_GIVEN_EVENT, T_NAME, offsetof(ol_request, event), 0, 0,
      "give the word of an event that calls hooks, such as call" },
    { "party", OL_GIVEN_PARTY, T_NAME, offsetof(ol_request, party), 0, 0,
      "give the name of a party of the line" },
    { "max", OL_GIVEN_MAX, T_INT, offsetof(ol_request, max), OL_CONTROL_BUNDLE_MIN,
      OL_CONTROL_BUNDLE_MAX, "give a number of bytes from 200 to 45000" },
    { "all", OL_GIVEN_ALL, T_INT, offsetof(ol_request, all), 0, 1, "give 1 or 0" },
    { "next", OL_GIVEN_NEXT, T_INT, offsetof(ol_request, next), 0, 1, "give 1 or 0" },
    { "more", OL_GIVEN_MORE, T_INT, offsetof(ol_request, more), 0, 1, "give 1 or 0" },
    { "precedence", OL_GIVEN_PRECEDENCE, T_NAME, offsetof(ol_request, precedence), 0, 0,
      "give flash, immediate, priority or routine" },
    { "status", OL_GIVEN_STATUS, T_NAME, offsetof(ol_request, status), 0, 0,
      "give operational, exercise or test" },
    { "author", OL_GIVEN_AUTHOR, T_NAME, offsetof(ol_request, author), 0, 0,
      "give the name of a party of the line" },
    { "brief", OL_GIVEN_BRIEF, T_INT, offsetof(ol_request, brief), 0, 1, "give 1 or 0" },
    { "unread", OL_GIVEN_UNREAD, T_INT, offsetof(ol_request, unread), 0, 1, "give 1 or 0" },
    { "seconds", OL_GIVEN_SECONDS, T_INT, offsetof(ol_request, seconds), 1, OL_CONTROL_TEST_MAX,
      "give a number of seconds from 1 to 600" },
    { "passphrase", OL_GIVEN_PASSPHRASE, T_PASS, 0, 0, 0,
      "give the 1 to 1024 bytes of the passphrase as padded base64" },
};

/* One row per command: the keys it needs and the keys it may have. */
static const struct {
    const char *name;
    uint32_t must, may;
} commands[OL_DO_N] = {
    [OL_DO_HELLO] = { "hello", 0, 0 },
    [OL_DO_STATUS] = { "status", 0, OL_GIVEN_LINE | OL_GIVEN_FROM },
    [OL_DO_CALLS] = { "calls", OL_GIVEN_LINE, OL_GIVEN_FROM },
    [OL_DO_POSITION] = { "position", OL_GIVEN_LINE, OL_GIVEN_READ },
    [OL_DO_UNREAD] = { "unread", OL_GIVEN_LINE | OL_GIVEN_READ, 0 },
    [OL_DO_SUBMIT] = { "submit", OL_GIVEN_LINE | OL_GIVEN_BODY | OL_GIVEN_ITEM,
                       OL_GIVEN_READ | OL_GIVEN_KIND | OL_GIVEN_SIGNS },
    [OL_DO_LOG] = { "log", OL_GIVEN_LINE,
                    OL_GIVEN_FROM | OL_GIVEN_LIMIT | OL_GIVEN_LAST | OL_GIVEN_CURSOR |
                        OL_GIVEN_ENTRY | OL_GIVEN_PRECEDENCE | OL_GIVEN_STATUS | OL_GIVEN_AUTHOR |
                        OL_GIVEN_KIND | OL_GIVEN_BRIEF | OL_GIVEN_UNREAD },
    [OL_DO_RECORD] = { "record", OL_GIVEN_LINE, OL_GIVEN_FROM },
    [OL_DO_ENTRIES] = { "entries", OL_GIVEN_LINE | OL_GIVEN_LOG | OL_GIVEN_FROM, 0 },
    [OL_DO_SUBSCRIBE] = { "subscribe", OL_GIVEN_LINE, OL_GIVEN_CURSOR },
    [OL_DO_UNSUBSCRIBE] = { "unsubscribe", OL_GIVEN_LINE, 0 },
    [OL_DO_CLOCK_ACCEPT] = { "clock-accept", OL_GIVEN_LINE, 0 },
    [OL_DO_COPY_ACK] = { "copy-ack", OL_GIVEN_LINE, 0 },
    [OL_DO_FORK_ACK] = { "fork-ack", OL_GIVEN_LINE | OL_GIVEN_LOG, 0 },
    [OL_DO_HOOK_TEST] = { "hook-test", OL_GIVEN_HOOK, OL_GIVEN_EVENT },
    [OL_DO_BUNDLE_MAKE] = { "bundle-make", OL_GIVEN_LINE | OL_GIVEN_PARTY,
                            OL_GIVEN_MAX | OL_GIVEN_ALL | OL_GIVEN_NEXT },
    [OL_DO_BUNDLE_TAKE] = { "bundle-take", OL_GIVEN_BODY, OL_GIVEN_MORE },
    [OL_DO_BUNDLE_SHOW] = { "bundle-show", OL_GIVEN_BODY, OL_GIVEN_MORE },
    [OL_DO_STOP] = { "stop", 0, 0 },
    [OL_DO_RESTART] = { "restart", 0, OL_GIVEN_PASSPHRASE },
    [OL_DO_BEARER_TEST] = { "bearer-test", OL_GIVEN_LINE, OL_GIVEN_PARTY | OL_GIVEN_SECONDS },
};

const char *ol_do_name(ol_do what) {
    return commands[what].name;
}

ol_err ol_refuse(ol_refusal *why, ol_err err, const char *todo, const char *what, ...) {
    va_list ap;
    va_start(ap, what);
    why->err = err;
    (void)vsnprintf(why->what, sizeof why->what, what, ap);
    (void)snprintf(why->todo, sizeof why->todo, "%s", todo);
    va_end(ap);
    return err;
}

static ol_err refuse_json(ol_refusal *why, const json_error_t *e) {
    const char *todo = "send one JSON object in one line";
    switch (json_error_code(e)) {
    case json_error_out_of_memory:
    case json_error_unknown: /* it did not get as far as to find a fault */
        return ol_refuse(why, OL_ENOMEM, "try again", "there was no memory to read the request");
    case json_error_invalid_utf8:
        return ol_refuse(why, OL_EFORM, "send UTF-8", "byte %d of the request is not UTF-8",
                         e->position);
    case json_error_duplicate_key:
        return ol_refuse(why, OL_EFORM, "give every key once",
                         "a key stands twice in the request, up to byte %d", e->position);
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return ol_refuse(why, OL_EFORM, "leave it out", "the request holds the character U+0000");
    case json_error_numeric_overflow:
        return ol_refuse(why, OL_ELIMIT, "use integers from 0 to 9007199254740991",
                         "a number is too large, at byte %d", e->position);
    case json_error_stack_overflow:
        return ol_refuse(why, OL_ELIMIT, todo, "the request is nested too deeply");
    case json_error_end_of_input_expected:
        return ol_refuse(why, OL_EFORM, todo, "there is text after the JSON object, at byte %d",
                         e->position);
    default:
        return ol_refuse(why, OL_EFORM, todo, "the request is not JSON, at byte %d", e->position);
    }
}

static ol_err get_int(json_t *v, const struct field *f, ol_request *r, ol_refusal *why) {
    if (!json_is_integer(v))
        return ol_refuse(why, OL_EFORM, f->todo, "\"%s\" is not an integer", f->key);
    json_int_t n = json_integer_value(v);
    if (n < 0 || (uint64_t)n < f->min || (uint64_t)n > f->max)
        return ol_refuse(why, OL_ELIMIT, f->todo, "\"%s\" is out of range", f->key);
    uint64_t u = (uint64_t)n;
    memcpy((char *)r + f->at, &u, sizeof u);
    return OL_OK;
}

/* "usa/urgent/0123456789abcdef" */
static bool get_log(const char *s, size_t len, ol_request *r) {
    const char *lane = memchr(s, '/', len);
    if (lane == NULL || !ol_name_is_valid(s, (size_t)(lane - s)))
        return false;
    size_t left = len - (size_t)(lane + 1 - s);
    const char *inc = memchr(lane + 1, '/', left);
    if (inc == NULL)
        return false;
    size_t lane_len = (size_t)(inc - lane - 1);
    bool is_urgent = lane_len == 6 && memcmp(lane + 1, "urgent", 6) == 0;
    bool is_routine = lane_len == 7 && memcmp(lane + 1, "routine", 7) == 0;
    if ((!is_urgent && !is_routine) ||
        ol_hex_get(inc + 1, left - lane_len - 1, r->incarnation, sizeof r->incarnation) != OL_OK)
        return false;
    memcpy(r->party, s, (size_t)(lane - s));
    r->party[lane - s] = '\0';
    r->lane = is_urgent ? OL_LANE_URGENT : OL_LANE_ROUTINE;
    return true;
}

bool ol_request_entry(const char *s, size_t len, ol_request *r) {
    const char *dot = memchr(s, '.', len);
    size_t digits = 0;
    char log[OL_NAME_MAX + 1 + 7 + 1 + 2 * OL_CONTROL_INC_LEN + 1];
    if (dot == NULL || (size_t)(dot - s) > sizeof log)
        return false;
    size_t n = (size_t)(dot - s);
    while (digits < n && s[n - digits - 1] != '/')
        digits++;
    if (digits < 4 || digits > 2 * OL_CONTROL_INC_LEN || digits % 2 != 0 ||
        n + 2 * OL_CONTROL_INC_LEN - digits > sizeof log)
        return false;
    memcpy(log, s, n); /* the digits that are not given are 0 */
    memset(log + n, '0', 2 * OL_CONTROL_INC_LEN - digits);
    r->incarnation_len = (uint8_t)(digits / 2);
    return get_log(log, n + 2 * OL_CONTROL_INC_LEN - digits, r) &&
           ol_u64_get(dot + 1, len - n - 1, 0, (UINT64_C(1) << 48) - 1, &r->index) == OL_OK;
}

static ol_err get_field(json_t *v, const struct field *f, ol_request *r, ol_refusal *why) {
    if (f->type == T_INT)
        return get_int(v, f, r, why);
    if (!json_is_string(v))
        return ol_refuse(why, OL_EFORM, f->todo, "\"%s\" is not a string", f->key);
    const char *s = json_string_value(v);
    size_t len = json_string_length(v);
    if (f->type == T_NAME) {
        if (!ol_name_is_valid(s, len))
            return ol_refuse(why, OL_EFORM, f->todo, "\"%s\" is not a name", f->key);
        memcpy((char *)r + f->at, s, len);
        ((char *)r + f->at)[len] = '\0';
        return OL_OK;
    }
    if (f->type == T_LOG)
        return get_log(s, len, r)
                   ? OL_OK
                   : ol_refuse(why, OL_EFORM, f->todo, "\"%s\" is not the name of a log", f->key);
    if (f->type == T_ENTRY)
        return ol_request_entry(s, len, r)
                   ? OL_OK
                   : ol_refuse(why, OL_EFORM, f->todo, "\"%s\" is not the name of an entry",
                               f->key);
    if (f->type == T_ITEM)
        return ol_hex_get(s, len, r->item, sizeof r->item) == OL_OK
                   ? OL_OK
                   : ol_refuse(why, OL_EFORM, f->todo, "\"%s\" is not an item id", f->key);
    if (f->type == T_SIGNS)
        return ol_b64_get(s, len, r->signs, sizeof r->signs, &r->signs_len) == OL_OK &&
                       r->signs_len > 0 && r->signs_len % OL_CONTROL_SIGN_LEN == 0
                   ? OL_OK
                   : ol_refuse(why, OL_EFORM, f->todo, "\"%s\" is not one or two signs", f->key);
    if (f->type == T_PASS)
        return ol_b64_get(s, len, r->pass, sizeof r->pass, &r->pass_len) == OL_OK && r->pass_len > 0
                   ? OL_OK
                   : ol_refuse(why, OL_EFORM, f->todo, "\"%s\" is no passphrase in base64", f->key);
    ol_err err = ol_b64_get(s, len, r->body, sizeof r->body, &r->body_len);
    if (err == OL_ELIMIT)
        return ol_refuse(why, OL_ELIMIT, f->todo, "\"%s\" is longer than an entry", f->key);
    if (err != OL_OK || r->body_len == 0)
        return ol_refuse(why, OL_EFORM, f->todo, "\"%s\" is not base64 of one byte or more",
                         f->key);
    return OL_OK;
}

static ol_err get_id(json_t *o, ol_refusal *why) {
    json_t *v = json_object_get(o, "id");
    const char *todo = "give an \"id\" from 0 to 9007199254740991; the reply carries it";
    if (v == NULL)
        return ol_refuse(why, OL_EFORM, todo, "the request has no \"id\"");
    if (!json_is_integer(v))
        return ol_refuse(why, OL_EFORM, todo, "\"id\" is not an integer");
    json_int_t n = json_integer_value(v);
    if (n < 0 || (uint64_t)n > OL_CONTROL_INT_MAX)
        return ol_refuse(why, OL_ELIMIT, todo, "\"id\" is out of range");
    why->has_id = true;
    why->id = (uint64_t)n;
    return OL_OK;
}

static ol_err get_do(json_t *o, ol_do *ret, ol_refusal *why) {
    static const char todo[] =
        "give one of hello, status, position, unread, submit, log, record, entries, subscribe, "
        "unsubscribe, clock-accept, copy-ack, fork-ack, hook-test, bundle-make, bundle-take, "
        "bundle-show, stop, restart, bearer-test";
    json_t *v = json_object_get(o, "do");
    if (!json_is_string(v))
        return ol_refuse(why, OL_EFORM, todo, "the request has no \"do\" that is a string");
    for (int i = 0; i < OL_DO_N; i++)
        if (strcmp(commands[i].name, json_string_value(v)) == 0)
            return *ret = (ol_do)i, OL_OK;
    return ol_refuse(why, OL_EFORM, todo, "\"do\" names no command");
}

/* A key of the request for a sentence: only what can be shown safely. */
static const char *shown(const char *key, char to[34]) {
    size_t len = strlen(key);
    if (len == 0 || len > 32 || strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789-_") != len)
        return "(not shown)";
    memcpy(to, key, len + 1);
    return to;
}

static ol_err get_fields(json_t *o, ol_request *r, ol_refusal *why) {
    const char *key;
    json_t *v;
    char buf[34];
    json_object_foreach(o, key, v) {
        if (strcmp(key, "id") == 0 || strcmp(key, "do") == 0)
            continue;
        const struct field *f = NULL;
        for (size_t i = 0; i < OL_LEN(fields) && f == NULL; i++)
            f = strcmp(fields[i].key, key) == 0 ? &fields[i] : NULL;
        if (f == NULL || ((commands[r->what].must | commands[r->what].may) & f->bit) == 0)
            return ol_refuse(why, OL_EFORM, "leave it out; docs/CONTROL.md lists the keys",
                             "\"%s\" takes no key %s", commands[r->what].name, shown(key, buf));
        ol_err err = get_field(v, f, r, why);
        if (err != OL_OK)
            return err;
        r->given |= (uint32_t)f->bit;
    }
    for (size_t i = 0; i < OL_LEN(fields); i++)
        if ((commands[r->what].must & fields[i].bit & ~r->given) != 0)
            return ol_refuse(why, OL_EFORM, fields[i].todo, "\"%s\" needs the key \"%s\"",
                             commands[r->what].name, fields[i].key);
    if ((r->given & OL_GIVEN_LAST) != 0 && (r->given & (OL_GIVEN_FROM | OL_GIVEN_LIMIT)) != 0)
        return ol_refuse(why, OL_EFORM, "give either \"last\", or \"from\" and \"limit\"",
                         "\"last\" stands beside \"from\" or \"limit\"");
    return OL_OK;
}

ol_err ol_request_parse(const char *p, size_t len, ol_request *ret, ol_refusal *why) {
    *why = (ol_refusal){ .err = OL_OK };
    if (len > OL_CONTROL_LINE_MAX)
        return ol_refuse(why, OL_ELIMIT, "send at most 65536 bytes a line",
                         "the request is too long");
    json_error_t e = { .line = 0 }; /* it is not written in every failure */
    json_t *o = json_loadb(p, len, JSON_REJECT_DUPLICATES, &e);
    if (o == NULL)
        return refuse_json(why, &e);
    ol_request r = { .what = OL_DO_HELLO };
    ol_err err = OL_OK;
    if (!json_is_object(o))
        err = ol_refuse(why, OL_EFORM, "send one JSON object in one line",
                        "the request is not a JSON object");
    if (err == OL_OK)
        err = get_id(o, why);
    if (err == OL_OK)
        err = get_do(o, &r.what, why);
    if (err == OL_OK)
        err = get_fields(o, &r, why);
    r.id = why->id;
    json_decref(o);
    if (err == OL_OK)
        *ret = r;
    sodium_memzero(r.pass, sizeof r.pass);
    return err;
}

static json_t *field_json(const struct field *f, const ol_request *r) {
    if (f->type == T_INT) {
        uint64_t u;
        memcpy(&u, (const char *)r + f->at, sizeof u);
        return json_integer((json_int_t)u);
    }
    if (f->type == T_NAME)
        return json_string((const char *)r + f->at);
    if (f->type == T_LOG || f->type == T_ENTRY) {
        char inc[2 * OL_CONTROL_INC_LEN + 1];
        ol_hex_put(r->incarnation, sizeof r->incarnation, inc);
        if (f->type == T_ENTRY)
            return json_sprintf("%s/%s/%.*s.%llu", r->party, ol_lane_name((ol_lane)r->lane),
                                2 * r->incarnation_len, inc, (unsigned long long)r->index);
        return json_sprintf("%s/%s/%s", r->party, ol_lane_name((ol_lane)r->lane), inc);
    }
    char text[OL_B64_LEN(OL_CONTROL_BODY_MAX) + 1];
    if (f->type == T_ITEM)
        ol_hex_put(r->item, sizeof r->item, text);
    else if (f->type == T_SIGNS)
        ol_b64_put(r->signs, r->signs_len, text);
    else if (f->type == T_PASS)
        ol_b64_put(r->pass, r->pass_len, text);
    else
        ol_b64_put(r->body, r->body_len, text);
    json_t *o = json_string(text);
    if (f->type == T_PASS)
        sodium_memzero(text, sizeof text);
    return o;
}

static void wipe_and_free(void *p) {
    if (p != NULL)
        sodium_memzero(p, malloc_usable_size(p));
    free(p);
}

void ol_request_wipes(void) {
    json_set_alloc_funcs(malloc, wipe_and_free);
}

ol_err ol_request_put(const ol_request *r, char *to, size_t cap, size_t *ret_len) {
    json_t *o = json_object();
    bool is_bad = o == NULL || json_object_set_new(o, "id", json_integer((json_int_t)r->id)) != 0 ||
                  json_object_set_new(o, "do", json_string(commands[r->what].name)) != 0;
    for (size_t i = 0; i < OL_LEN(fields) && !is_bad; i++)
        if ((r->given & (uint32_t)fields[i].bit) != 0)
            is_bad = json_object_set_new(o, fields[i].key, field_json(&fields[i], r)) != 0;
    ol_err err = is_bad ? OL_ENOMEM : OL_OK;
    if (err == OL_OK) {
        size_t n = json_dumpb(o, to, cap, JSON_COMPACT);
        err = n == 0 ? OL_ENOMEM : n + 2 > cap ? OL_ELIMIT : OL_OK;
        if (err == OL_OK) {
            memcpy(to + n, "\n", 2);
            *ret_len = n + 1;
        }
    }
    json_decref(o);
    return err;
}
