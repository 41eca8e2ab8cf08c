#include "cli/roster.h"

#include <stdio.h>
#include <string.h>

static json_t *sub(json_t *o, const char *key) {
    if (json_object_get(o, key) == NULL)
        (void)json_object_set_new(o, key, json_object());
    return json_object_get(o, key);
}

static const char *number_key(uint64_t number, char to[24]) {
    (void)snprintf(to, 24, "%llu", (unsigned long long)number);
    return to;
}

static void take_officer(json_t *roster, const json_t *entry) {
    char key[24];
    json_t *officer = json_object_get(entry, "officer");
    const char *author = json_string_value(json_object_get(entry, "author"));
    if (author == NULL || !json_is_true(json_object_get(officer, "counts")))
        return;
    json_t *all = sub(sub(roster, "officers"), author);
    number_key((uint64_t)json_integer_value(json_object_get(officer, "number")), key);
    json_t *before = json_object_get(all, key);
    if (json_is_true(json_object_get(before, "vouched")) &&
        !json_is_true(json_object_get(officer, "vouched")))
        (void)json_object_set_new(before, "left", json_true()); /* all that a claim can do */
    else
        (void)json_object_set_new(all, key, json_copy(officer));
}

static bool is_signed_by(const json_t *entry, json_int_t officer) {
    size_t i;
    json_t *sign;
    json_array_foreach(json_object_get(entry, "signed"), i, sign) {
        if (json_is_true(json_object_get(sign, "valid")) &&
            json_integer_value(json_object_get(sign, "officer")) == officer)
            return true;
    }
    return false;
}

static void take_watch(json_t *roster, const json_t *entry) {
    json_t *watch = json_copy(json_object_get(entry, "watch"));
    const char *author = json_string_value(json_object_get(entry, "author"));
    json_int_t officer = json_integer_value(json_object_get(watch, "officer"));
    (void)json_object_set_new(watch, "taken", json_boolean(is_signed_by(entry, officer)));
    (void)json_object_set(watch, "since", json_object_get(entry, "wall"));
    (void)json_object_set(watch, "entry", json_object_get(entry, "entry"));
    (void)json_object_set_new(sub(roster, "watch"), author != NULL ? author : "?", watch);
}

int ol_roster_of_line(ol_cli *c, ol_talk *t, const char *line, json_t **ret) {
    json_t *roster = json_object();
    json_t *next = json_integer(0), *cursor = NULL;
    int code = -1;
    (void)sub(roster, "officers");
    (void)sub(roster, "watch");
    while (code < 0 && json_is_integer(next)) {
        static ol_request r;
        json_t *reply = NULL, *entry;
        size_t i;
        code = ol_talk_request(c, OL_DO_LOG, line, &r);
        r.given |= OL_GIVEN_FROM | OL_GIVEN_LIMIT;
        r.from = (uint64_t)json_integer_value(next), r.limit = OL_CONTROL_LOG_MAX;
        if (cursor != NULL)
            r.given |= OL_GIVEN_CURSOR, r.cursor = (uint64_t)json_integer_value(cursor);
        if (code < 0)
            code = ol_talk_ask(c, t, &r, &reply);
        json_array_foreach(json_object_get(reply, "entries"), i, entry) {
            if (json_object_get(entry, "officer") != NULL)
                take_officer(roster, entry);
            if (json_object_get(entry, "watch") != NULL)
                take_watch(roster, entry);
        }
        json_decref(next), json_decref(cursor);
        next = json_incref(json_object_get(reply, "next"));
        cursor = json_incref(json_object_get(reply, "position"));
        json_decref(reply);
    }
    json_decref(next), json_decref(cursor);
    if (code < 0)
        *ret = roster;
    else
        json_decref(roster);
    return code;
}

json_t *ol_roster_officer(const json_t *roster, const char *party, uint64_t number) {
    char key[24];
    return json_object_get(json_object_get(json_object_get(roster, "officers"), party),
                           number_key(number, key));
}
