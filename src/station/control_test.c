/* bearer-test: each path to a party is asked whether it answers now (docs/CONTROL.md). */
#include <string.h>

#include "station/control_parts.h"

enum { AGAIN_MS = 1000, LEAST_MS = 10000 };

static bool path_of(const ol_control *c, const ol_test *t, size_t i, ol_api_path *ret) {
    return ol_api_path_get(c->desk.station, c->desk.line[t->line]->number, t->path[i].party,
                           t->path[i].slot, ret) == OL_OK;
}

/* What is known of why nothing came. A port's trouble is the port's own, and lives on. */
static const char *why_not(const ol_control *c, const ol_api_path *p) {
    ol_api_port port;
    for (size_t i = 0; ol_api_port_get(c->desk.station, i, &port) == OL_OK; i++)
        if (p->port != NULL && strcmp(port.name, p->port) == 0 && port.trouble != NULL)
            return port.trouble;
    if (!p->s.is_up)
        return "the path is not up";
    if (p->address[0] == '\0')
        return "its address is not known: the name was not found, or nobody has come by it yet";
    if (p->s.heard_ms > 0)
        return "it has answered before, and does not now";
    return "nobody has answered by it yet: their station may not run or not have this line, or "
           "what lies between lets nothing through";
}

static json_t *path_json(const ol_control *c, const ol_test *t, size_t i) {
    ol_api_path p = { 0 };
    bool is_answered = t->path[i].is_answered, is_there = path_of(c, t, i, &p);
    const ol_api_line *line = c->desk.line[t->line];
    json_t *o = json_pack("{s:s, s:i, s:s?, s:s?, s:b, s:o, s:s?}", "party",
                          line->charter->party[t->path[i].party].name, "path", t->path[i].slot,
                          "url", p.url, "port", p.port, "answered", is_answered, "rtt_ms",
                          is_answered ? json_integer((json_int_t)t->path[i].in_ms) : json_null(),
                          "why", is_answered || !is_there ? NULL : why_not(c, &p));
    return o;
}

static void finish(ol_control *c, ol_test *t) {
    ol_asked asked;
    json_t *paths = json_array();
    uint64_t longest = 0;
    for (size_t i = 0; i < t->n; i++) {
        (void)json_array_append_new(paths, path_json(c, t, i));
        longest = t->path[i].in_ms > longest ? t->path[i].in_ms : longest;
    }
    c->test_again_ms[t->line] = uv_now(c->loop) + AGAIN_MS + 4 * longest;
    t->is_used = false;
    if (ol_control_asked(c, t->token, &asked))
        ol_client_send(asked.client,
                       json_pack("{s:I, s:b, s:s, s:O}", "id", (json_int_t)asked.id, "ok", 1,
                                 "line", c->desk.line[t->line]->name, "paths", paths));
    json_decref(paths);
}

/* An answer counts that came after it was asked for. */
static bool is_done(const ol_control *c, ol_test *t) {
    bool is_all = true;
    for (size_t i = 0; i < t->n; i++) {
        ol_api_path p;
        if (!t->path[i].is_answered && path_of(c, t, i, &p) && p.s.tried_ms > 0 &&
            p.s.tried_ms >= t->path[i].from_ms)
            t->path[i].is_answered = true, t->path[i].in_ms = p.s.tried_in_ms;
        is_all = is_all && t->path[i].is_answered;
    }
    return is_all;
}

void ol_control_test_note(ol_control *c, size_t line) {
    for (size_t i = 0; i < OL_TESTS_MAX; i++)
        if (c->test[i].is_used && c->desk.line[c->test[i].line]->number == line &&
            is_done(c, &c->test[i]))
            finish(c, &c->test[i]);
}

/* Once more where nothing came yet: what was asked may have been lost on its way. */
static void try_again(ol_control *c, ol_test *t) {
    uint64_t now;
    for (size_t i = 0; i < t->n; i++)
        if (!t->path[i].is_answered &&
            ol_api_path_try(c->desk.station, c->desk.line[t->line]->number, t->path[i].party,
                            t->path[i].slot, &now) != OL_OK)
            t->path[i].from_ms = UINT64_MAX; /* it is gone, and will not answer */
}

static void tick(uv_timer_t *timer) {
    ol_control *c = timer->data;
    bool is_any = false;
    for (size_t i = 0; i < OL_TESTS_MAX; i++) {
        ol_test *t = &c->test[i];
        if (!t->is_used)
            continue;
        if (is_done(c, t) || uv_now(c->loop) >= t->until_ms)
            finish(c, t);
        else
            try_again(c, t);
        is_any = is_any || t->is_used;
    }
    if (!is_any)
        (void)uv_timer_stop(timer);
}

void ol_control_tests_init(ol_control *c) {
    (void)uv_timer_init(c->loop, &c->tests);
    c->tests.data = c;
}

/* ---- asked ---- */

static ol_err find_party(const ol_api_line *line, const ol_request *r, int *ret, ol_refusal *why) {
    *ret = -1;
    if ((r->given & OL_GIVEN_PARTY) == 0)
        return OL_OK;
    *ret = ol_charter_party(line->charter, r->party, strlen(r->party));
    if (*ret < 0)
        return ol_refuse(why, OL_ENOENT, "`status` of the line names its parties",
                         "the line has no party \"%s\"", r->party);
    if (*ret == line->self)
        return ol_refuse(why, OL_EFORM, "name the other party", "that is this party itself");
    return OL_OK;
}

static ol_test *place_of(ol_control *c, size_t line) {
    ol_test *found = NULL;
    for (size_t i = 0; i < OL_TESTS_MAX; i++) {
        if (c->test[i].is_used && c->test[i].line == line)
            return NULL;
        if (!c->test[i].is_used)
            found = &c->test[i];
    }
    return uv_now(c->loop) < c->test_again_ms[line] ? NULL : found;
}

/* One that nobody configured is asked only where the peer has come by it. */
static void add_paths(ol_control *c, ol_test *t, int party, uint64_t *ret_max_ms) {
    ol_station *st = c->desk.station;
    const ol_api_line *line = c->desk.line[t->line];
    for (uint8_t p = 0; p < line->charter->parties; p++)
        for (uint8_t slot = 0; slot < OL_PATHS_PER_PEER; slot++) {
            ol_api_path path;
            if ((party >= 0 && p != party) || p == line->self ||
                ol_api_path_get(st, line->number, p, slot, &path) != OL_OK ||
                (path.url == NULL && path.address[0] == '\0'))
                continue;
            OL_ASSERT(t->n < OL_TEST_PATHS_MAX);
            t->path[t->n].party = p, t->path[t->n].slot = slot;
            if (ol_api_path_try(st, line->number, p, slot, &t->path[t->n].from_ms) == OL_OK)
                t->n++;
            *ret_max_ms = 2 * path.s.answer_ms > *ret_max_ms ? 2 * path.s.answer_ms : *ret_max_ms;
        }
}

ol_err ol_control_test(ol_client *cl, const ol_request *r, bool *ret_is_later, ol_refusal *why) {
    ol_control *c = cl->c;
    size_t line = 0;
    int party = -1;
    ol_err err = ol_desk_line(&c->desk, r, &line, why);
    if (err == OL_OK)
        err = find_party(c->desk.line[line], r, &party, why);
    if (err != OL_OK)
        return err;
    ol_test *t = place_of(c, line);
    if (t == NULL)
        return ol_refuse(why, OL_EAGAIN, "try again in a moment",
                         "the bearers are tried already, or were a moment ago");
    uint64_t max_ms = LEAST_MS;
    *t = (ol_test){ .is_used = true, .line = line, .from_ms = uv_now(c->loop) };
    ol_asked *place = ol_control_place(c, &t->token);
    OL_ASSERT(place != NULL); /* lines are not treated while all are used */
    add_paths(c, t, party, &max_ms);
    if ((r->given & OL_GIVEN_SECONDS) != 0)
        max_ms = r->seconds * 1000;
    else if (max_ms > OL_CONTROL_TEST_MAX * UINT64_C(1000))
        max_ms = OL_CONTROL_TEST_MAX * UINT64_C(1000);
    t->until_ms = t->from_ms + max_ms;
    *place = (ol_asked){ true, cl, r->id, line };
    c->asks++;
    *ret_is_later = true;
    if (!uv_is_active((uv_handle_t *)&c->tests))
        (void)uv_timer_start(&c->tests, tick, AGAIN_MS, AGAIN_MS);
    return OL_OK;
}
