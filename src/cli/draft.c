/* send --draft, call --draft, release — two officers release what the charter says. */
#include "cli/draft.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message/body.h"
#include "station/file.h"
#include "wire/call.h"
#include "wire/kind.h"

static const char title[] = "draft 1";
static ol_people s_people;
static ol_request s_request;
static json_t *s_shown; /* of the draft that was written last */

/* ── what was signed, in the words of docs/CONTROL.md ── */

static void set_str(json_t *o, const char *key, ol_str s) {
    if (s.len > 0)
        (void)json_object_set_new(o, key, json_stringn(s.p, s.len));
}

static void set_word(json_t *o, const char *key, const char *word) {
    (void)json_object_set_new(o, key, json_string(word));
}

static void set_ref(const ol_people *p, json_t *o, const char *key, const ol_ref *ref) {
    char inc[2 * OL_INC_LEN + 1];
    ol_hex_put(ref->incarnation, ref->incarnation_len, inc);
    (void)json_object_set_new(o, key,
                              json_sprintf("%s/%s/%s.%llu", p->charter.party[ref->party].name,
                                           ol_lane_name(ref->lane), inc,
                                           (unsigned long long)ref->index));
}

static void set_parties(const ol_people *p, json_t *o, const char *key, uint16_t parties) {
    json_t *list = json_array();
    for (unsigned i = 0; i < p->charter.parties; i++)
        if ((parties >> i & 1) != 0)
            (void)json_array_append_new(list, json_string(p->charter.party[i].name));
    if (parties != 0)
        (void)json_object_set(o, key, list);
    json_decref(list);
}

static const char *rung_name(const ol_people *p, uint64_t rung) {
    return rung == 0 ? "watch" : p->charter.rung[rung - 1];
}

static json_t *message_json(const ol_people *p, const ol_message *m) {
    json_t *o = json_object();
    set_word(o, "precedence", ol_precedence_name(m->precedence));
    set_word(o, "status", ol_status_name(m->status));
    set_word(o, "to", rung_name(p, m->to));
    set_str(o, "lang", m->lang);
    set_str(o, "subject", m->subject);
    if (m->has_ref)
        set_ref(p, o, "ref", &m->ref);
    if (m->sort != OL_SORT_TRAFFIC)
        set_word(o, "sort", ol_sort_name(m->sort));
    if (m->asks != 0)
        set_word(o, "asks", "readback");
    set_parties(p, o, "action", m->action);
    set_parties(p, o, "info", m->info);
    if (m->info != 0)
        set_word(o, "info_precedence", ol_precedence_name(m->info_precedence));
    if (m->grade != OL_GRADE_NONE)
        set_word(o, "grade", ol_grade_name(m->grade));
    (void)json_object_set_new(o, "text", json_stringn(m->text.p, m->text.len));
    return o;
}

static json_t *call_json(const ol_people *p, const ol_call *call) {
    json_t *o = json_object();
    set_word(o, "precedence", ol_precedence_name(call->precedence));
    set_word(o, "status", ol_status_name(call->status));
    set_word(o, "purpose", call->purpose == OL_CALL_VOICE ? "voice" : "text");
    set_word(o, "rung", rung_name(p, call->rung));
    set_parties(p, o, "called", call->called);
    set_str(o, "lang", call->lang);
    if (call->has_ref)
        set_ref(p, o, "ref", &call->ref);
    set_str(o, "of", call->of);
    set_str(o, "text", call->text);
    return o;
}

/* From the bytes that were signed, not from what was asked for. Their form was judged by
 * ol_people_sign. */
static json_t *shown_json(const ol_people *p, uint64_t kind, const ol_request *r) {
    static uint8_t room[OL_TEXT_MAX];
    ol_message m;
    ol_call call;
    const char *why = NULL;
    uint64_t written = 0;
    for (size_t i = 2; i < 10; i++)
        written = written << 8 | r->signs[i];
    json_t *o = json_pack("{s:s, s:i, s:I}", "kind", ol_kind_of(kind)->name, "officer",
                          r->signs[0] << 8 | r->signs[1], "written", (json_int_t)written);
    if (kind == OL_KIND_CALL && ol_call_decode(r->body, r->body_len, &call, &why) == OL_OK)
        (void)json_object_set_new(o, "call", call_json(p, &call));
    else if (kind == OL_KIND_MESSAGE && ol_body_get(r->body, r->body_len, room, &m, &why) == OL_OK)
        (void)json_object_set_new(o, "message", message_json(p, &m));
    return o;
}

/* ── drafting ── */

int ol_draft_write(ol_people *p, const char *file, uint64_t kind, const uint8_t *body, size_t len) {
    ol_request *r = &s_request;
    ol_why why = { "" };
    char item[2 * OL_CONTROL_ITEM_LEN + 1], text[OL_B64_LEN(OL_CONTROL_BODY_MAX) + 1];
    char signs[OL_B64_LEN(sizeof r->signs) + 1];
    if (p->signer.officer == 0)
        return ol_cli_usage(p->c,
                            "--draft needs an officer who signs it first: --as, or officer use");
    *r = (ol_request){ .read = p->position, .body_len = len };
    memcpy(r->body, body, len);
    randombytes_buf(r->item, sizeof r->item);
    int code = ol_people_sign(p, kind, r);
    if (code >= 0)
        return code;
    ol_hex_put(r->item, sizeof r->item, item);
    ol_b64_put(body, len, text);
    ol_b64_put(r->signs, r->signs_len, signs);
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "openline", title, "line", p->line,
                          "kind", ol_kind_of(kind)->name, "body", text, "item", item, "read",
                          (json_int_t)r->read, "signs", signs);
    char *line = o == NULL ? NULL : json_dumps(o, JSON_COMPACT);
    json_decref(o);
    if (line == NULL)
        return ol_cli_fail(p->c, OL_ENOMEM, "try again", "there is no memory for the draft");
    ol_err err = ol_file_create(AT_FDCWD, file, OL_FILE_SECRET, line, strlen(line), &why);
    free(line);
    if (err == OL_OK && p->c->is_json)
        s_shown = shown_json(p, kind, r);
    return err == OL_OK ? -1 : ol_cli_fail_why(p->c, err, &why);
}

int ol_draft_print(ol_cli *c, const char *line, const char *file) {
    if (c->is_json) {
        json_t *o = json_pack("{s:b, s:s, s:s}", "ok", 1, "line", line, "draft", file);
        (void)json_object_update(o, s_shown);
        json_decref(s_shown);
        s_shown = NULL;
        ol_cli_json(o);
    } else
        ol_cli_print("%s: to be released by another officer: openline release\n", file);
    return ol_cli_end(c);
}

/* ── releasing ── */

static bool take_bytes(const json_t *o, const char *key, uint8_t *to, size_t cap, size_t *ret) {
    const char *s = json_string_value(json_object_get(o, key));
    return s != NULL && ol_b64_get(s, strlen(s), to, cap, ret) == OL_OK;
}

static bool take_draft(const json_t *o, ol_request *r) {
    const char *what = json_string_value(json_object_get(o, "openline"));
    const char *line = json_string_value(json_object_get(o, "line"));
    const char *item = json_string_value(json_object_get(o, "item"));
    const char *kind = json_string_value(json_object_get(o, "kind"));
    json_int_t read = json_integer_value(json_object_get(o, "read"));
    if (what == NULL || strcmp(what, title) != 0 || line == NULL ||
        !ol_name_is_valid(line, strlen(line)) || item == NULL || read < 0 || kind == NULL ||
        (strcmp(kind, "message") != 0 && strcmp(kind, "call") != 0) ||
        ol_hex_get(item, strlen(item), r->item, sizeof r->item) != OL_OK)
        return false;
    r->read = (uint64_t)read;
    (void)snprintf(r->line, sizeof r->line, "%s", line);
    (void)snprintf(r->kind, sizeof r->kind, "%s", kind);
    return take_bytes(o, "body", r->body, sizeof r->body, &r->body_len) && r->body_len > 0 &&
           take_bytes(o, "signs", r->signs, sizeof r->signs, &r->signs_len) &&
           r->signs_len == OL_CONTROL_SIGN_LEN;
}

static int read_draft(ol_cli *c, const char *file, ol_request *r) {
    static char text[2 * OL_CONTROL_LINE_MAX / 8];
    ol_why why = { "" };
    size_t len = 0;
    ol_err err = ol_file_read(AT_FDCWD, file, OL_FILE_PUBLIC, text, sizeof text, &len, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    *r = (ol_request){ 0 };
    json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    bool is_draft = o != NULL && take_draft(o, r);
    json_decref(o);
    return is_draft ? -1
                    : ol_cli_fail(c, OL_EFORM, "make one with openline send or call, --draft FILE",
                                  "%s is no draft", file);
}

int ol_draft_ask(ol_cli *c, const char *verb) {
    char answer[8] = "";
    (void)fflush(stdout);
    (void)fprintf(stderr, "type yes to %s it: ", verb);
    if (fgets(answer, sizeof answer, stdin) == NULL || strcmp(answer, "yes\n") != 0)
        return ol_cli_fail(c, OL_ESTATE, "give it again when it is right", "it was not %s",
                           strcmp(verb, "send") == 0 ? "sent" : "released");
    return -1;
}

static bool is_call(const ol_request *r) {
    return strcmp(r->kind, "call") == 0;
}

/* The drafter, and the words of it. */
static void show(const ol_request *r, uint8_t precedence, uint8_t status, ol_str head,
                 ol_str text) {
    char upper[2][OL_CLI_UPPER_LEN];
    ol_cli_print("%s %s%s on line %s, drafted by officer %u%s%.*s\n  | %.*s\n",
                 ol_cli_upper(ol_status_name(status), upper[0]),
                 ol_cli_upper(ol_precedence_name(precedence), upper[1]), is_call(r) ? " call" : "",
                 r->line, (unsigned)(r->signs[0] << 8 | r->signs[1]),
                 head.len > 0 ? ", subject " : "", (int)head.len, head.p, (int)text.len, text.p);
}

/* What is about to be said, whole, and the word that it may be. *ret_status: of it. */
static int confirm(ol_cli *c, const ol_request *r, uint8_t *ret_status) {
    static uint8_t room[OL_TEXT_MAX];
    ol_message m = { .precedence = 0 };
    ol_call call = { .precedence = 0 };
    const char *why = NULL;
    ol_err err = is_call(r) ? ol_call_decode(r->body, r->body_len, &call, &why)
                            : ol_body_get(r->body, r->body_len, room, &m, &why);
    if (err != OL_OK)
        return ol_cli_fail(c, OL_EFORM, "draft it again", "the draft cannot be read: %s", why);
    *ret_status = is_call(r) ? call.status : m.status;
    if (ol_cli_has(c, "yes"))
        return -1;
    if (!isatty(STDIN_FILENO))
        return ol_cli_fail(c, OL_ESTATE, "look at the text, then give --yes",
                           "nobody has confirmed it");
    if (!c->is_json && is_call(r))
        show(r, call.precedence, call.status, (ol_str){ NULL, 0 }, call.text);
    else if (!c->is_json)
        show(r, m.precedence, m.status, m.subject, m.text);
    return ol_draft_ask(c, "release");
}

static int release(ol_cli *c, ol_people *p, const ol_request *draft, uint8_t status) {
    static ol_request r;
    json_t *reply = NULL;
    if (p->signer.officer == 0)
        return ol_cli_usage(c, "--as and --key are missing: who releases it");
    p->position = draft->read;
    int code = ol_talk_request(c, OL_DO_SUBMIT, p->line, &r);
    if (code >= 0)
        return code;
    r.given |= OL_GIVEN_BODY | OL_GIVEN_ITEM | OL_GIVEN_READ;
    r.given |= is_call(draft) ? OL_GIVEN_KIND : 0;
    memcpy(r.kind, draft->kind, sizeof r.kind);
    memcpy(r.body, draft->body, draft->body_len);
    memcpy(r.item, draft->item, sizeof r.item);
    r.body_len = draft->body_len, r.read = draft->read;
    code = ol_people_sign(p, is_call(draft) ? OL_KIND_CALL : OL_KIND_MESSAGE, &r);
    if (code >= 0)
        return code;
    memcpy(r.signs + OL_CONTROL_SIGN_LEN, r.signs, OL_CONTROL_SIGN_LEN);
    memcpy(r.signs, draft->signs, OL_CONTROL_SIGN_LEN);
    r.signs_len = (size_t)2 * OL_CONTROL_SIGN_LEN;
    code = ol_talk_ask(c, p->talk, &r, &reply);
    if (code >= 0)
        return code;
    if (c->is_json) {
        json_t *o = ol_cli_ok();
        (void)json_object_set_new(o, "line", json_string(p->line));
        (void)json_object_set_new(o, "status", json_string(ol_status_name(status)));
        (void)json_object_del(reply, "id");
        (void)json_object_update(o, reply);
        ol_cli_json(o);
    } else {
        char upper[OL_CLI_UPPER_LEN];
        bool is_real = status == OL_OPERATIONAL;
        ol_cli_print("%s %s%s%s\n", ol_cli_text_of(reply, "entry"),
                     is_call(draft) ? "placed" : "queued", is_real ? "" : ", ",
                     is_real ? "" : ol_cli_upper(ol_status_name(status), upper));
    }
    json_decref(reply);
    return ol_cli_end(c);
}

static int release_run(ol_cli *c) {
    static ol_request draft;
    uint8_t status = OL_OPERATIONAL;
    s_people = (ol_people){ .talk = NULL };
    int code = read_draft(c, c->arg[0], &draft);
    if (code < 0)
        code = confirm(c, &draft, &status);
    if (code < 0)
        code = ol_people_open(c, draft.line, &s_people);
    if (code < 0)
        code = release(c, &s_people, &draft, status);
    if (s_people.talk != NULL)
        ol_people_close(&s_people);
    return code;
}

static const ol_cli_opt options[] = {
    { "yes", NULL, "the text was looked at: do not ask", false },
    OL_SIGNER_OPTIONS,
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_release = {
    .name = "release",
    .args = "<file>",
    .summary = "Releases a message or call that another officer has drafted and signed",
    .help =
        "It shows the text, asks, signs it as the second officer and sends it. The draft is one "
        "of openline\nsend --draft or call --draft, at this station.\n",
    .opt = options,
    .args_min = 1,
    .args_max = 1,
    .run = release_run,
};
