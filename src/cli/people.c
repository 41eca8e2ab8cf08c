#include "cli/people.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "cli/files.h"
#include "cli/show.h"
#include "wire/kind.h"

static ol_talk s_talk;

int ol_people_choose(ol_cli *c, const char *option, const char *const *names, unsigned n,
                     unsigned dflt, uint8_t *ret) {
    const char *s = ol_cli_value(c, option);
    *ret = (uint8_t)dflt;
    if (s == NULL)
        return -1;
    char list[200] = "";
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(s, names[i]) == 0)
            return *ret = (uint8_t)i, -1;
        size_t at = strlen(list);
        (void)snprintf(list + at, sizeof list - at, "%s%s", at > 0 ? ", " : "", names[i]);
    }
    return ol_cli_usage(c, "--%s is \"%s\" and must be one of %s", option, s, list);
}

int ol_people_precedence(ol_cli *c, unsigned dflt, uint8_t *ret) {
    const char *name[OL_PRECEDENCES];
    for (unsigned i = 0; i < OL_PRECEDENCES; i++)
        name[i] = ol_precedence_name(i);
    return ol_people_choose(c, "precedence", name, OL_PRECEDENCES, dflt, ret);
}

int ol_people_status(ol_cli *c, uint8_t *ret) {
    const char *name[OL_STATUSES];
    for (unsigned i = 0; i < OL_STATUSES; i++)
        name[i] = ol_status_name(i);
    return ol_people_choose(c, "status", name, OL_STATUSES, OL_OPERATIONAL, ret);
}

static int read_charter(ol_people *p) {
    static ol_chain chain;
    ol_card own;
    int code = ol_cli_chain(p->c, &p->talk->home, p->line, &chain);
    if (code < 0 && chain.generations == 0)
        code = ol_cli_fail(p->c, OL_ENOENT, "openline status names the lines",
                           "this party has joined no line \"%s\"", p->line);
    if (code < 0)
        code = ol_cli_own_card(p->c, &p->talk->home, &own);
    if (code >= 0)
        return code;
    p->charter = chain.now;
    p->members = chain.members[chain.generations - 1];
    p->self = ol_charter_card(&p->charter, &own);
    return -1;
}

static int read_position(ol_people *p) {
    ol_request r;
    json_t *reply = NULL;
    if (ol_cli_takes(p->c, "read") && ol_cli_has(p->c, "read"))
        return ol_cli_u64(p->c, "read", 0, OL_CONTROL_INT_MAX, 0, &p->position);
    int code = ol_talk_request(p->c, OL_DO_POSITION, p->line, &r);
    if (code < 0)
        code = ol_talk_ask(p->c, p->talk, &r, &reply);
    p->position = (uint64_t)json_integer_value(json_object_get(reply, "position"));
    json_decref(reply);
    return code;
}

int ol_people_open(ol_cli *c, const char *line, ol_people *ret) {
    *ret = (ol_people){ .c = c, .line = line, .talk = &s_talk };
    s_talk.fd = s_talk.home.dir = -1; /* close may follow, whatever fails */
    if (!ol_name_is_valid(line, strlen(line)))
        return ol_cli_usage(c, "\"%s\" is no name for a line", line);
    int code = ol_talk_open(c, false, &s_talk);
    if (code < 0)
        code = read_charter(ret);
    if (code < 0 && ol_cli_takes(c, "as"))
        code = ol_signer_open(c, &s_talk.home, line, &ret->signer);
    return code < 0 ? read_position(ret) : code;
}

void ol_people_close(ol_people *p) {
    ol_signer_close(&p->signer);
    ol_talk_close(p->talk);
}

int ol_people_rung(ol_people *p, const char *name, uint64_t *ret) {
    *ret = 0;
    if (strcmp(name, "watch") == 0)
        return -1;
    int rung = ol_charter_rung(&p->charter, name, strlen(name));
    if (rung >= 0)
        return *ret = (uint64_t)rung + 1, -1;
    char list[OL_RUNGS_MAX * (OL_NAME_MAX + 2) + 1] = "";
    for (unsigned i = 0; i < p->charter.rungs; i++) {
        size_t at = strlen(list);
        (void)snprintf(list + at, sizeof list - at, "%s%s", i > 0 ? ", " : "", p->charter.rung[i]);
    }
    return ol_cli_fail(p->c, OL_ENOENT, "name one of them", "\"%s\" is no rung of this line: %s",
                       name, list);
}

/* Asks for the entry of this name. *ret: the whole reply. */
static int ask_entry(ol_people *p, const char *option, const char *name, json_t **ret) {
    ol_request r;
    int code = ol_talk_request(p->c, OL_DO_LOG, p->line, &r);
    if (code < 0 && !ol_request_entry(name, strlen(name), &r))
        code = ol_cli_usage(p->c, "%s is \"%s\" and must name an entry, such as usa/urgent/8f3a.17",
                            option, name);
    r.given |= OL_GIVEN_ENTRY;
    return code < 0 ? ol_talk_ask(p->c, p->talk, &r, ret) : code;
}

int ol_people_ref(ol_people *p, const char *option, const char *name, uint8_t inc_len,
                  ol_ref *ret) {
    json_t *reply = NULL;
    int code = ask_entry(p, option, name, &reply);
    const json_t *entry = json_array_get(json_object_get(reply, "entries"), 0);
    const char *log = json_string_value(json_object_get(entry, "log"));
    const char *inc = log == NULL ? NULL : strrchr(log, '/');
    if (code < 0) {
        *ret = (ol_ref){ .incarnation_len = inc_len };
        if (inc == NULL || ol_hex_get(inc + 1, 16, ret->incarnation, OL_INC_LEN) != OL_OK)
            code = ol_cli_fail(p->c, OL_EIO, "try again", "the station told nothing of %s", name);
    }
    if (code < 0) {
        ret->party = (uint8_t)ol_charter_party(&p->charter, log, strcspn(log, "/"));
        ret->lane = strstr(log, "/urgent/") != NULL ? OL_LANE_URGENT : OL_LANE_ROUTINE;
        ret->index = (uint64_t)json_integer_value(json_object_get(entry, "index"));
        memset(ret->incarnation + inc_len, 0, sizeof ret->incarnation - inc_len);
    }
    json_decref(reply);
    return code;
}

int ol_people_status_of(ol_people *p, const char *name, uint8_t *ret) {
    json_t *reply = NULL;
    int code = ask_entry(p, "the entry", name, &reply);
    const json_t *entry = json_array_get(json_object_get(reply, "entries"), 0);
    const char *kind = json_string_value(json_object_get(entry, "kind"));
    const char *status =
        kind == NULL ? NULL
                     : json_string_value(json_object_get(json_object_get(entry, kind), "status"));
    *ret = OL_OPERATIONAL;
    for (unsigned i = 0; status != NULL && i < OL_STATUSES; i++)
        if (strcmp(status, ol_status_name(i)) == 0)
            *ret = (uint8_t)i;
    json_decref(reply);
    return code;
}

int ol_people_parties(ol_people *p, const char *option, uint16_t *ret) {
    const char *s = ol_cli_value(p->c, option);
    unsigned bits = 0;
    while (s != NULL && *s != '\0') {
        size_t len = strcspn(s, ",");
        int party = ol_charter_party(&p->charter, s, len);
        if (party < 0 || (p->members >> party & 1) == 0)
            return ol_cli_usage(p->c, "--%s names \"%.*s\", which is no party of this line", option,
                                (int)len, s);
        if (party == p->self)
            return ol_cli_usage(p->c, "--%s names this party itself", option);
        bits |= 1u << party;
        s += len + (s[len] == ',');
    }
    *ret = (uint16_t)bits;
    return -1;
}

int ol_people_duration(ol_cli *c, const char *option, uint64_t max, uint64_t *ret) {
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
    const char *s = ol_cli_value(c, option);
    uint64_t v = 0, times = 1;
    *ret = 0;
    if (s == NULL)
        return -1;
    size_t len = strlen(s);
    for (size_t i = 0; i < OL_LEN(units) && len > 0 && times == 1; i++)
        if (s[len - 1] == units[i].unit)
            times = units[i].seconds, len--;
    if (ol_u64_get(s, len, 1, max / times, &v) != OL_OK)
        return ol_cli_usage(c,
                            "--%s is \"%s\" and must be a time such as 90s, 45m, 2h or 1d, at "
                            "most %llu seconds",
                            option, s, (unsigned long long)max);
    *ret = v * times;
    return -1;
}

const char *ol_people_upper(const char *s, char to[OL_PEOPLE_STATUS_LEN]) {
    size_t i = 0;
    for (; s[i] != '\0' && i + 1 < OL_PEOPLE_STATUS_LEN; i++)
        to[i] = s[i] >= 'a' && s[i] <= 'z' ? (char)(s[i] - 'a' + 'A') : s[i];
    to[i] = '\0';
    return to;
}

int ol_people_crossing(ol_people *p) {
    ol_request r;
    json_t *reply = NULL, *entry;
    size_t i;
    if (ol_cli_has(p->c, "anyway"))
        return -1;
    int code = ol_talk_request(p->c, OL_DO_UNREAD, p->line, &r);
    r.given |= OL_GIVEN_READ;
    r.read = p->position;
    if (code < 0)
        code = ol_talk_ask(p->c, p->talk, &r, &reply);
    unsigned long long count =
        (unsigned long long)json_integer_value(json_object_get(reply, "count"));
    if (code < 0 && count > 0 && !p->c->is_json) {
        json_array_foreach(json_object_get(reply, "entries"), i, entry) {
            ol_show_text(entry);
            ol_show_entry(entry);
        }
    }
    if (code < 0 && count > 0)
        code = ol_cli_fail(
            p->c, OL_ECONFLICT,
            "read what has come, then say it again; --anyway sends it all the same, and both "
            "sides will see that they crossed",
            "%llu %s by others since this was begun (--read %llu); nothing was sent", count,
            count == 1 ? "message or call has come" : "messages or calls have come",
            (unsigned long long)p->position);
    json_decref(reply);
    return code;
}

int ol_people_submit(ol_people *p, uint64_t kind, const uint8_t *body, size_t len,
                     const uint8_t *item, json_t **ret) {
    static ol_request r;
    json_t *reply = NULL;
    char text[2 * OL_CONTROL_ITEM_LEN + 1];
    int code = ol_talk_request(p->c, OL_DO_SUBMIT, p->line, &r);
    if (code >= 0)
        return code;
    r.given |= OL_GIVEN_BODY | OL_GIVEN_ITEM | OL_GIVEN_READ;
    if (kind != OL_KIND_MESSAGE)
        r.given |= OL_GIVEN_KIND;
    (void)snprintf(r.kind, sizeof r.kind, "%s", ol_kind_of(kind)->name);
    memcpy(r.body, body, len);
    r.body_len = len;
    if (item != NULL)
        memcpy(r.item, item, sizeof r.item);
    else
        randombytes_buf(r.item, sizeof r.item);
    r.read = p->position;
    code = p->signer.officer == 0 ? -1 : ol_people_sign(p, kind, &r);
    if (code < 0)
        code = ol_talk_ask(p->c, p->talk, &r, &reply);
    if (code >= 0)
        return code;
    if (p->signer.officer != 0)
        (void)json_object_set_new(reply, "officer", json_integer(p->signer.officer));
    ol_hex_put(r.item, sizeof r.item, text);
    (void)json_object_del(reply, "id");
    (void)json_object_del(reply, "ok");
    (void)json_object_set_new(reply, "item", json_string(text));
    *ret = reply;
    return -1;
}

int ol_people_follow(ol_people *p) {
    ol_request r;
    json_t *reply = NULL;
    int code = ol_talk_request(p->c, OL_DO_POSITION, p->line, &r); /* not --read: older, maybe */
    if (code < 0)
        code = ol_talk_ask(p->c, p->talk, &r, &reply);
    r.what = OL_DO_SUBSCRIBE;
    r.given |= OL_GIVEN_CURSOR;
    r.cursor = (uint64_t)json_integer_value(json_object_get(reply, "position"));
    json_decref(reply);
    reply = NULL;
    if (code < 0)
        code = ol_talk_ask(p->c, p->talk, &r, &reply);
    json_decref(reply);
    return code;
}
