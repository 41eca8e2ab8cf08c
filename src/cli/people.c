#include "cli/people.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "cli/files.h"
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
    if (ol_cli_has(p->c, "read"))
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
    return code < 0 ? read_position(ret) : code;
}

void ol_people_close(ol_people *p) {
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

/* "usa/urgent/8f3a.17": which log of the record that is. */
static int find_ref(ol_people *p, const char *option, const char *ref, const json_t *logs,
                    ol_ref *ret) {
    size_t dot = strcspn(ref, "."), i;
    uint64_t index = 0;
    json_t *log;
    unsigned found = 0;
    const char *last = strrchr(ref, '/');
    if (ref[dot] == '\0' || last == NULL || ref + dot < last + 5 ||
        ol_u64_get(ref + dot + 1, strlen(ref + dot + 1), 0, OL_SIZE_MAX, &index) != OL_OK)
        return ol_cli_usage(p->c, "%s is \"%s\" and must name an entry, such as usa/urgent/8f3a.17",
                            option, ref);
    json_array_foreach(logs, i, log) {
        const char *name = json_string_value(json_object_get(log, "log"));
        json_int_t size = json_integer_value(json_object_get(log, "size"));
        if (name == NULL || strncmp(name, ref, dot) != 0 || size <= (json_int_t)index)
            continue;
        const char *inc = strrchr(name, '/') + 1;
        int party = ol_charter_party(&p->charter, name, strcspn(name, "/"));
        *ret = (ol_ref){ .party = (uint8_t)party, .index = index };
        ret->lane = strstr(name, "/urgent/") != NULL ? OL_LANE_URGENT : OL_LANE_ROUTINE;
        if (ol_hex_get(inc, 16, ret->incarnation, OL_INC_LEN) == OL_OK)
            found++;
    }
    if (found == 1)
        return -1;
    return ol_cli_fail(p->c, found == 0 ? OL_ENOENT : OL_ECONFLICT,
                       found == 0 ? "openline log names the entries"
                                  : "give more digits of its log's incarnation",
                       found == 0 ? "the record holds no entry %s" : "%s fits several logs", ref);
}

int ol_people_ref(ol_people *p, const char *option, const char *name, uint8_t inc_len,
                  ol_ref *ret) {
    uint64_t next = 0;
    int code = -1;
    json_t *all = json_array();
    for (bool has_more = true; code < 0 && has_more;) {
        ol_request r;
        json_t *reply = NULL;
        code = ol_talk_request(p->c, OL_DO_RECORD, p->line, &r);
        r.given |= OL_GIVEN_FROM;
        r.from = next;
        if (code < 0)
            code = ol_talk_ask(p->c, p->talk, &r, &reply);
        (void)json_array_extend(all, json_object_get(reply, "logs"));
        has_more = json_is_integer(json_object_get(reply, "next"));
        next = (uint64_t)json_integer_value(json_object_get(reply, "next"));
        json_decref(reply);
    }
    if (code < 0)
        code = find_ref(p, option, name, all, ret);
    ret->incarnation_len = inc_len;
    memset(ret->incarnation + inc_len, 0, sizeof ret->incarnation - inc_len);
    json_decref(all);
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
    code = ol_talk_ask(p->c, p->talk, &r, &reply);
    if (code >= 0)
        return code;
    ol_hex_put(r.item, sizeof r.item, text);
    (void)json_object_del(reply, "id");
    (void)json_object_del(reply, "ok");
    (void)json_object_set_new(reply, "item", json_string(text));
    *ret = reply;
    return -1;
}
