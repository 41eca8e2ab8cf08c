/* One request of a client: who answers it, and submits, whose answer comes later. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/version.h"
#include "crypto/keyfile.h"
#include "message/body.h"
#include "station/control_parts.h"
#include "station/hook_conf.h"
#include "wire/cbor.h"
#include "wire/kind.h"

typedef struct {
    ol_client *client;
    const ol_request *r;
    json_t *reply;
    ol_refusal *why;
    bool is_later; /* the reply comes when the commit has */
} ask;

static json_t *id_json(const ol_refusal *why) {
    return why->has_id ? json_integer((json_int_t)why->id) : json_null();
}

json_t *ol_error_json(const ol_refusal *why) {
    return json_pack("{s:o, s:b, s:{s:s, s:s, s:s}}", "id", id_json(why), "ok", 0, "error", "code",
                     ol_err_name(why->err), "what", why->what, "do", why->todo);
}

static ol_err hello(ask *a) {
    ol_desk *d = &a->client->c->desk;
    json_t *lines = json_array();
    for (size_t i = 0; i < d->lines; i++)
        (void)json_array_append_new(lines, json_string(d->line[i]->name));
    return json_object_update_new(a->reply,
                                  json_pack("{s:s, s:i, s:s, s:I, s:s, s:o}", "version", OL_VERSION,
                                            "control", OL_CONTROL_VERSION, "party", d->party, "pid",
                                            (json_int_t)getpid(), "run", ol_api_run(d->station),
                                            "lines", lines)) == 0
               ? OL_OK
               : OL_ENOMEM;
}

static ol_err status(ask *a) {
    return ol_control_status(a->client->c, a->r, a->reply, a->why);
}

static ol_err calls(ask *a) {
    return ol_control_calls(a->client->c, a->r, a->reply, a->why);
}

static ol_err position(ask *a) {
    return ol_desk_position(&a->client->c->desk, a->r, a->reply, a->why);
}

static ol_err unread(ask *a) {
    return ol_desk_unread(&a->client->c->desk, a->r, a->reply, a->why);
}

static ol_err log_page(ask *a) {
    ol_control_keep_view(a->client->c);
    return ol_desk_log(&a->client->c->desk, a->r, a->reply, a->why);
}

static ol_err record(ask *a) {
    return ol_desk_record(&a->client->c->desk, a->r, a->reply, a->why);
}

static ol_err entries(ask *a) {
    return ol_desk_entries(&a->client->c->desk, a->r, a->reply, a->why);
}

static ol_err subscribe(ask *a) {
    size_t line;
    ol_desk *d = &a->client->c->desk;
    ol_err err = ol_desk_line(d, a->r, &line, a->why);
    uint64_t last = 0;
    if (err == OL_OK)
        err = d->store->ops->last_seq(d->store, &last);
    if (err == OL_OK && a->r->cursor > last)
        return ol_refuse(a->why, OL_ECONFLICT, "subscribe from cursor 0",
                         "the cursor is beyond the store's last, which is %llu: it is of another "
                         "store, or the home was restored",
                         (unsigned long long)last);
    if (err != OL_OK)
        return err;
    err = ol_follow_start(a->client, line, a->r->cursor);
    if (err == OL_EEXIST)
        return ol_refuse(a->why, err, "unsubscribe first", "this client follows the line already");
    ol_control_wake(a->client->c); /* after the reply */
    return err;
}

static ol_err unsubscribe(ask *a) {
    size_t line;
    ol_err err = ol_desk_line(&a->client->c->desk, a->r, &line, a->why);
    if (err != OL_OK)
        return err;
    if (ol_follow_stop(a->client, line) == OL_OK)
        return OL_OK;
    return ol_refuse(a->why, OL_ENOENT, "nothing is to be done",
                     "this client does not follow the line");
}

static ol_err clock_accept(ask *a) {
    size_t line;
    ol_desk *d = &a->client->c->desk;
    ol_err err = ol_desk_line(d, a->r, &line, a->why);
    if (err == OL_OK)
        err = ol_api_clock_accept(d->station, d->line[line]->number);
    if (err == OL_ESTATE)
        return ol_refuse(a->why, err, "nothing is to be done",
                         "the station does not doubt its clock");
    return err;
}

static ol_err copy_ack(ask *a) {
    size_t line;
    ol_desk *d = &a->client->c->desk;
    ol_err err = ol_desk_line(d, a->r, &line, a->why);
    if (err == OL_OK)
        err = ol_api_copy_ack(d->station, d->line[line]->number);
    if (err == OL_ESTATE)
        return ol_refuse(a->why, err, "nothing is to be done",
                         "no other station was found to speak with this one's keys");
    return err;
}

static ol_err fork_ack(ask *a) {
    size_t number;
    ol_desk *d = &a->client->c->desk;
    ol_err err = ol_desk_line(d, a->r, &number, a->why);
    if (err != OL_OK)
        return err;
    const ol_api_line *line = d->line[number];
    int party = ol_charter_party(line->charter, a->r->party, strlen(a->r->party));
    ol_log_key key = { .party = (uint8_t)party, .lane = a->r->lane };
    memcpy(key.incarnation, a->r->incarnation, sizeof key.incarnation);
    err = party < 0 ? OL_ENOENT : ol_api_fork_ack(d->station, line->number, &key);
    if (err == OL_ENOENT)
        return ol_refuse(a->why, err, "name a log that `status` tells under `forks`",
                         "there is no evidence of two histories of that log");
    return err;
}

ol_asked *ol_control_place(ol_control *c, uint32_t *ret_token) {
    for (uint32_t i = 0; i < OL_ASKS_MAX; i++)
        if (!c->asked[i].is_used)
            return *ret_token = i, &c->asked[i];
    return NULL;
}

static ol_err bundle_make(ask *a) {
    return ol_control_make(a->client, a->r, a->reply, a->why);
}

static ol_err bundle_take(ask *a) {
    return ol_control_take(a->client, a->r, &a->is_later, a->why);
}

static ol_err bearer_test(ask *a) {
    return ol_control_test(a->client, a->r, &a->is_later, a->why);
}

static ol_err hook_test(ask *a) {
    ol_control *c = a->client->c;
    const ol_request *r = a->r;
    bool has_event = (r->given & OL_GIVEN_EVENT) != 0;
    int what = has_event ? ol_hook_find(r->event, strlen(r->event)) : OL_HOOK_CALL;
    if (what < 0 || what >= OL_HOOK_EVENTS_N)
        return ol_refuse(a->why, OL_EFORM, "give one that a hook may have after --on, but drill",
                         "\"%s\" is no event that calls hooks", r->event);
    uint32_t token = 0;
    ol_asked *place = ol_control_place(c, &token);
    OL_ASSERT(place != NULL); /* lines are not treated while all are used */
    ol_err err = ol_api_hook_test(c->desk.station, r->hook, (unsigned)what, token);
    if (err == OL_ENOENT)
        return ol_refuse(a->why, err,
                         "openline hook list names them; one that was added since the station was "
                         "started is there after openline restart",
                         "the station has no hook \"%s\"", r->hook);
    if (err == OL_EAGAIN)
        return ol_refuse(a->why, err, "try again in a moment", "too many events wait for the hook");
    if (err != OL_OK)
        return err;
    *place = (ol_asked){ true, a->client, r->id, 0 };
    c->asks++;
    a->is_later = true;
    return OL_OK;
}

static ol_err restart(ask *a) {
    _Static_assert((int)OL_CONTROL_PASS_MAX == (int)OL_KEYFILE_PASS_MAX,
                   "what a key file takes fits");
    ol_why why = { "" };
    size_t len = (a->r->given & OL_GIVEN_PASSPHRASE) != 0 ? a->r->pass_len : 0;
    ol_err err = ol_api_restart(a->client->c->desk.station, a->r->pass, len, &why);
    if (err == OL_OK)
        return OL_OK;
    char *cut = NULL; /* "what was wrong; what to do" */
    for (char *p = strstr(why.text, "; "); p != NULL; p = strstr(p + 1, "; "))
        cut = p;
    if (cut != NULL)
        *cut = '\0';
    return ol_refuse(a->why, err, cut != NULL ? cut + 2 : "put it right and try again",
                     "the station goes on as it is, for it would not start anew: %s", why.text);
}

static ol_err stop(ask *a) {
    ol_api_stop(a->client->c->desk.station);
    return OL_OK;
}

/* A body stands in the array of its entry, which nests no deeper than one that is read. */
static const char *misfit_in_entry(const ol_request *r) {
    if (ol_cbor_check_within(r->body, r->body_len, 1) == OL_OK)
        return NULL;
    return "it is not one item of the CBOR that bodies are made of";
}

/* The author's station is strict: what cannot be read is not appended (docs/PROTOCOL.md §3.5). */
static ol_err check_body(const ol_api_line *line, ask *a, uint8_t *ret_lane) {
    static uint8_t room[OL_TEXT_MAX];
    static const char todo[] = "build the body as docs/PROTOCOL.md 4.4 says";
    ol_message m;
    const char *fault = NULL;
    ol_err err = ol_body_get(a->r->body, a->r->body_len, room, &m, &fault);
    if (err != OL_OK)
        return ol_refuse(a->why, err, todo, "the body is no message: %s", fault);
    uint8_t lane = (uint8_t)ol_message_lane(&m);
    fault = ol_message_misfit(&m, line->self, (ol_lane)lane, line->charter->parties,
                              line->charter->rungs);
    if (fault == NULL)
        fault = misfit_in_entry(a->r);
    if (fault != NULL)
        return ol_refuse(a->why, OL_EFORM, todo, "the message does not fit the line: %s", fault);
    if (a->r->body_len > OL_BODY_MAX)
        return ol_refuse(a->why, OL_ELIMIT, "send the text in parts",
                         "the body is longer than %d bytes", OL_BODY_MAX);
    size_t words =
        m.precedence > OL_IMMEDIATE ? 0 : ol_text_words((const uint8_t *)m.text.p, m.text.len);
    if (words > OL_WORDS_MAX)
        return ol_refuse(a->why, OL_ELIMIT, "say it shorter, or send it as PRIORITY",
                         "the text has %zu words, and a FLASH or IMMEDIATE message at most %d",
                         words, OL_WORDS_MAX);
    *ret_lane = lane;
    return OL_OK;
}

static ol_err check_kind(const ol_api_line *line, ask *a, ol_api_entry *e) {
    static const char todo[] = "build the body as docs/PROTOCOL.md 4 says for its kind";
    const ol_kind *kind = ol_kind_named(a->r->kind, strlen(a->r->kind));
    ol_kind_at at = { .author = line->self, .parties = line->charter->parties };
    ol_lane lane = OL_LANE_URGENT;
    at.rungs = line->charter->rungs;
    if (kind == NULL)
        return ol_refuse(a->why, OL_EFORM, "docs/PROTOCOL.md 4.1 has the kinds",
                         "\"%s\" is no kind of entry", a->r->kind);
    e->kind = kind->kind;
    if (kind->kind == OL_KIND_MESSAGE)
        return check_body(line, a, &e->lane);
    const char *fault = ol_kind_submit(kind, a->r->body, a->r->body_len, &at, &lane);
    if (fault == NULL)
        fault = misfit_in_entry(a->r);
    if (fault != NULL)
        return ol_refuse(a->why, OL_EFORM, todo, "the %s does not fit the line: %s", kind->name,
                         fault);
    if (a->r->body_len > OL_BODY_MAX)
        return ol_refuse(a->why, OL_ELIMIT, "say it shorter", "the body is longer than %d bytes",
                         OL_BODY_MAX);
    e->lane = (uint8_t)lane;
    return OL_OK;
}

static ol_err take_signs(ask *a, ol_sign sign[OL_SIGNS_MAX], ol_api_entry *e) {
    ol_rd r = ol_rd_of(a->r->signs, (a->r->given & OL_GIVEN_SIGNS) != 0 ? a->r->signs_len : 0);
    for (; r.left > 0 && e->signs < OL_SIGNS_MAX; e->signs++) {
        sign[e->signs].officer = ol_rd_be(&r, 2);
        sign[e->signs].written = ol_rd_be(&r, 8);
        ol_rd_copy(&r, sign[e->signs].sig, OL_SIG_LEN);
        if (sign[e->signs].officer == 0)
            return ol_refuse(a->why, OL_EFORM, "give the officer's number", "officer 0 signs");
    }
    e->sign = sign;
    return OL_OK;
}

/* What this station would not append now: by orders, quotas, signs, the room for calls. */
static ol_err may_say(ask *a, size_t line, ol_api_entry *e, ol_sign *sign, ol_known **ret_read) {
    ol_control *c = a->client->c;
    const ol_request *r = a->r;
    ol_err err =
        ol_rules_check(&c->rules[line], &c->desk, line, e->kind, r->body, r->body_len, a->why);
    if (err == OL_OK)
        err = take_signs(a, sign, e);
    if (err == OL_OK && (r->given & OL_GIVEN_READ) != 0) {
        e->has_read = true;
        err = ol_desk_read(&c->desk, line, r->read, ret_read, &e->reads);
        e->read = *ret_read;
        if (err == OL_ECONFLICT)
            err = ol_refuse(a->why, err, "ask for a position again",
                            "\"read\" is beyond what the store holds: it is of another store");
    }
    if (err == OL_OK)
        err = ol_control_word(c, line, r, e, a->why);
    if (err == OL_OK && e->kind == OL_KIND_CALL)
        err = ol_control_may_call(c, line, r, a->why);
    return err;
}

static ol_err submit(ask *a) {
    ol_control *c = a->client->c;
    const ol_request *r = a->r;
    size_t line;
    ol_api_entry e = {
        .kind = OL_KIND_MESSAGE, .body = r->body, .body_len = r->body_len, .item = r->item
    };
    ol_known *read = NULL;
    ol_sign sign[OL_SIGNS_MAX];
    ol_err err = ol_desk_line(&c->desk, r, &line, a->why);
    if (err != OL_OK)
        return err;
    if ((r->given & OL_GIVEN_KIND) != 0)
        err = check_kind(c->desk.line[line], a, &e);
    else
        err = check_body(c->desk.line[line], a, &e.lane);
    if (err == OL_OK)
        err = ol_api_find_item(c->desk.station, c->desk.line[line]->number, r->item);
    if (err == OL_ENOENT) /* said before, it is answered as it was then: nothing is judged anew */
        err = may_say(a, line, &e, sign, &read);
    uint32_t token = 0;
    ol_asked *place = ol_control_place(c, &token);
    OL_ASSERT(place != NULL); /* lines are not treated while all are used */
    if (err == OL_OK)
        err = ol_api_submit(c->desk.station, c->desk.line[line]->number, token, &e);
    free(read);
    if (err == OL_EAGAIN)
        return ol_refuse(a->why, err, "submit it again, with the same item, in a moment",
                         "too much waits to be stored");
    if (err != OL_OK)
        return err;
    *place = (ol_asked){ true, a->client, r->id, line };
    c->asks++;
    a->is_later = true;
    return OL_OK;
}

static ol_err (*const answers[OL_DO_N])(ask *a) = {
    [OL_DO_HELLO] = hello,
    [OL_DO_STATUS] = status,
    [OL_DO_CALLS] = calls,
    [OL_DO_POSITION] = position,
    [OL_DO_UNREAD] = unread,
    [OL_DO_SUBMIT] = submit,
    [OL_DO_LOG] = log_page,
    [OL_DO_RECORD] = record,
    [OL_DO_ENTRIES] = entries,
    [OL_DO_SUBSCRIBE] = subscribe,
    [OL_DO_UNSUBSCRIBE] = unsubscribe,
    [OL_DO_CLOCK_ACCEPT] = clock_accept,
    [OL_DO_COPY_ACK] = copy_ack,
    [OL_DO_FORK_ACK] = fork_ack,
    [OL_DO_HOOK_TEST] = hook_test,
    [OL_DO_BUNDLE_MAKE] = bundle_make,
    [OL_DO_BUNDLE_TAKE] = bundle_take,
    [OL_DO_BUNDLE_SHOW] = bundle_take,
    [OL_DO_STOP] = stop,
    [OL_DO_RESTART] = restart,
    [OL_DO_BEARER_TEST] = bearer_test,
};

void ol_client_ask(ol_client *cl, const char *line, size_t len) {
    static ol_request r; /* 2 KiB that need not lie on the stack */
    ol_refusal why;
    ol_err err = ol_request_parse(line, len, &r, &why);
    if (err != OL_OK) {
        ol_client_send(cl, ol_error_json(&why));
        return;
    }
    ask a = { .client = cl, .r = &r, .why = &why };
    a.reply = json_pack("{s:I, s:b}", "id", (json_int_t)r.id, "ok", 1);
    err = a.reply == NULL ? OL_ENOMEM : answers[r.what](&a);
    sodium_memzero(r.pass, sizeof r.pass);
    if (err != OL_OK && why.what[0] == '\0')
        (void)ol_refuse(&why, err, "look at the station's log", "%s failed: %s", ol_do_name(r.what),
                        ol_err_text(err));
    if (a.is_later || err != OL_OK) {
        json_decref(a.reply);
        a.reply = a.is_later ? NULL : ol_error_json(&why);
    }
    if (!a.is_later)
        ol_client_send(cl, a.reply);
}

static json_t *refusal_json(const ol_api_reply *reply, ol_refusal *why) {
    switch (reply->err) {
    case OL_ELIMIT:
        (void)snprintf(why->todo, sizeof why->todo, "say it again in %llu seconds",
                       (unsigned long long)reply->wait_s);
        (void)snprintf(why->what, sizeof why->what,
                       "the charter's limit on what a party may append is reached");
        break;
    case OL_ECONFLICT:
        (void)ol_refuse(why, OL_ECONFLICT, "read what came since, and ask for a position again",
                        "more logs have grown since \"read\" than an entry can say");
        break;
    case OL_EFULL:
        (void)ol_refuse(why, OL_EFULL, "free some space; submit it again with the same item",
                        "the disk is full: nothing was appended");
        break;
    default:
        (void)ol_refuse(why, reply->err,
                        "look at the station's log; submit it again with the same "
                        "item",
                        "the entry could not be stored: %s", ol_err_text(reply->err));
    }
    why->err = reply->err;
    json_t *o = ol_error_json(why);
    if (reply->err == OL_ELIMIT && o != NULL)
        (void)json_object_set_new(json_object_get(o, "error"), "wait_s",
                                  json_integer((json_int_t)reply->wait_s));
    return o;
}

bool ol_control_asked(ol_control *c, uint32_t token, ol_asked *ret) {
    if (token >= OL_ASKS_MAX || !c->asked[token].is_used)
        return false;
    *ret = c->asked[token];
    c->asked[token] = (ol_asked){ .is_used = false };
    c->asks--;
    ol_control_wake(c); /* lines that waited for a place */
    return ret->client != NULL;
}

void ol_control_hook_tested(ol_control *c, uint32_t token, const char *fault, const char *said) {
    ol_asked asked;
    ol_refusal why = { .err = OL_OK };
    if (!ol_control_asked(c, token, &asked))
        return;
    why.has_id = true;
    why.id = asked.id;
    if (fault == NULL)
        ol_client_send(asked.client, json_pack("{s:I, s:b, s:s}", "id", (json_int_t)asked.id, "ok",
                                               1, "said", said));
    else {
        (void)ol_refuse(&why, OL_EIO, "run its program by hand; the station's log has more",
                        "the hook failed: %s%s%s", fault, said[0] != '\0' ? "; it said: " : "",
                        said);
        ol_client_send(asked.client, ol_error_json(&why));
    }
}

void ol_control_reply(ol_control *c, uint32_t token, const ol_api_reply *reply) {
    ol_asked asked;
    if (!ol_control_asked(c, token, &asked))
        return;
    char log[OL_DESK_NAME_LEN + 1];
    char entry[OL_DESK_NAME_LEN + 1];
    const ol_api_line *line = c->desk.line[asked.line];
    ol_refusal why = { .has_id = true, .id = asked.id };
    if (reply->err != OL_OK)
        ol_client_send(asked.client, refusal_json(reply, &why));
    else
        ol_client_send(
            asked.client,
            json_pack("{s:I, s:b, s:s, s:s, s:I}", "id", (json_int_t)asked.id, "ok", 1, "entry",
                      ol_desk_entry_name(line, &reply->log, reply->index, entry), "log",
                      ol_desk_log_name(line, &reply->log, log), "index", (json_int_t)reply->index));
}
