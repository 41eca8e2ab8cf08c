#include "web/talk.h"

#include <netinet/in.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#include "web/act.h"
#include "web/command.h"
#include "web/login.h"
#include "web/start.h"
#include "web/station.h"

enum { PING_S = 20, SILENT_S = 60 };

struct ol_talk {
    ol_guest *guest;
    ol_seat_right right;
    unsigned long seat; /* its number */
    bool has_asked;     /* a stranger, to log in */
    wslay_event_context_ptr ws;
    ol_station *station;
    ol_acts *acts;
    uv_timer_t ping;
};

/* ---- the browser's side ---- */

static ssize_t give(wslay_event_context_ptr ws, uint8_t *buf, size_t len, int flags, void *user) {
    ol_conn *c = ((ol_talk *)user)->guest->conn;
    (void)flags;
    if (c->in_len == 0) {
        wslay_event_set_error(ws, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    size_t n = len < c->in_len ? len : c->in_len;
    memcpy(buf, c->in, n);
    ol_conn_drop_in(c, n);
    return (ssize_t)n;
}

static ssize_t take(wslay_event_context_ptr ws, const uint8_t *p, size_t len, int flags,
                    void *user) {
    ol_conn *c = ((ol_talk *)user)->guest->conn;
    (void)flags;
    ol_conn_send(c, p, len);
    if (!c->is_closing)
        return (ssize_t)len;
    wslay_event_set_error(ws, WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

/* What is queued goes; a talk that both have ended, or that broke, is closed. */
static void turn(ol_talk *t) {
    ol_conn *c = t->guest->conn;
    if (c->is_closing)
        return;
    if (wslay_event_send(t->ws) != 0 ||
        (!wslay_event_want_read(t->ws) && !wslay_event_want_write(t->ws)))
        ol_conn_end(c);
}

static void say_text(ol_talk *t, const char *text, size_t len) {
    struct wslay_event_msg msg = { WSLAY_TEXT_FRAME, (const uint8_t *)text, len };
    if (t->guest->conn->is_closing)
        return;
    if (wslay_event_queue_msg(t->ws, &msg) == WSLAY_ERR_NOMEM)
        ol_conn_close(t->guest->conn);
    else
        turn(t);
}

void ol_talk_say(ol_talk *t, json_t *o) {
    char *text = o == NULL ? NULL : json_dumps(o, JSON_COMPACT);
    json_decref(o);
    if (text == NULL) /* no memory: better no talk than a silent gap */
        ol_conn_close(t->guest->conn);
    else
        say_text(t, text, strlen(text));
    if (text != NULL) /* a share may be in it */
        sodium_memzero(text, strlen(text));
    free(text);
}

void ol_talk_tell(ol_talk *t, json_t *o) {
    if (t->right < OL_SEAT_ACTS)
        json_decref(o);
    else
        ol_talk_say(t, o);
}

static void refuse(ol_talk *t, json_t *id, const char *what, const char *todo) {
    ol_talk_say(t, json_pack("{s:O?, s:b, s:{s:s, s:s, s:s}}", "id", id, "ok", 0, "error", "code",
                             "OL_EFORM", "what", what, "do", todo));
}

static bool only_reads(const char *what) {
    static const char *const reads[] = { "hello", "status", "calls",     "position",   "unread",
                                         "log",   "record", "subscribe", "unsubscribe" };
    for (size_t i = 0; i < OL_LEN(reads); i++)
        if (strcmp(reads[i], what) == 0)
            return true;
    return false;
}

static bool may_set(const ol_talk *t) {
    return t->guest->web->setup && t->right == OL_SEAT_SETS;
}

/* What a seat needs for it; NONE: there is no such request. */
static ol_seat_right right_for(const char *what) {
    if (strcmp(what, "start") == 0)
        return OL_SEAT_SETS;
    if (strcmp(what, "drop") == 0 || strcmp(what, "drafts") == 0)
        return OL_SEAT_ACTS; /* what is not said yet is not for everybody's eyes */
    return ol_command_is_one(what) ? ol_command_right(what) : OL_SEAT_NONE;
}

static void drop(ol_talk *t, const json_t *o) {
    ol_web *w = t->guest->web;
    json_t *id = json_object_get(o, "id");
    ol_draft *d = ol_drafts_find(&w->drafts, json_object_get(o, "draft"));
    if (d == NULL || d->is_busy) {
        refuse(t, id,
               d == NULL ? "this draft has been released or dropped"
                         : "this draft is being released by somebody else",
               "look at what waits");
        return;
    }
    ol_talk_say(t, json_pack("{s:O, s:b}", "id", id, "ok", 1));
    ol_web_tell_draft(w, d->number, ol_draft_line(d), "dropped");
    ol_drafts_drop(d);
}

ol_seat *ol_talk_seat(const ol_talk *t) {
    return ol_seats_of(&t->guest->web->seats, t->seat);
}

/* The seat ends, for all its talks. */
static void leave(ol_talk *t, json_t *id) {
    ol_web *w = t->guest->web;
    ol_seat *seat = ol_talk_seat(t);
    ol_talk_say(t, json_pack("{s:O, s:b}", "id", id, "ok", 1));
    if (seat != NULL)
        ol_seat_end(seat);
    for (size_t i = 0; i < OL_WEB_CONNS; i++)
        if (w->guest[i] != NULL && w->guest[i]->talk != NULL && w->guest[i]->seat == t->seat)
            ol_conn_end(w->guest[i]->conn);
}

static const char *line_of(const ol_talk *t, const json_t *o) {
    ol_draft *d = ol_drafts_find(&t->guest->web->drafts, json_object_get(o, "draft"));
    return d != NULL ? ol_draft_line(d) : json_string_value(json_object_get(o, "line"));
}

/* What is done at a login's seat is that officer's, on that line: nobody else's, nowhere else. */
static bool is_own(ol_talk *t, json_t *o) {
    const ol_seat *seat = ol_talk_seat(t);
    const char *what = json_string_value(json_object_get(o, "do")), *line = line_of(t, o);
    const char *as = json_string_value(json_object_get(o, "as"));
    char number[8];
    if (seat == NULL)
        return false;
    if (!seat->is_login)
        return true;
    unsigned officer = line == NULL ? 0 : ol_seat_officer(seat, line);
    (void)snprintf(number, sizeof number, "%u", officer);
    if (officer == 0 || (as != NULL && strcmp(as, number) != 0))
        return false;
    if (ol_command_is_one(what) && ol_command_takes(what, "as"))
        (void)json_object_set_new(o, "as", json_string(number));
    return true;
}

/* Its seat may do it. */
static void act(ol_talk *t, json_t *o) {
    const char *what = json_string_value(json_object_get(o, "do"));
    if (!is_own(t, o)) {
        ol_web_refuse(t->guest->web, "an act for another officer than the one who sits there");
        refuse(t, json_object_get(o, "id"), "you have not logged in as that officer on this line",
               "log in on it first");
    } else if (strcmp(what, "start") == 0)
        ol_start_begin(t->guest->web, t, o);
    else if (strcmp(what, "drop") == 0)
        drop(t, o);
    else
        ol_act_begin(t->acts, o);
}

/* Without a seat: a try to log in, and nothing else. */
static void heard_stranger(ol_talk *t, json_t *o, json_t *id, const char *what) {
    if (strcmp(what, "login") == 0 && !t->has_asked) {
        t->has_asked = true;
        ol_login_ask(t->guest->web, t, o);
        return;
    }
    ol_web_refuse(t->guest->web, "a request of nobody's");
    ol_talk_say(t, json_pack("{s:O, s:b, s:{s:s, s:s, s:s}}", "id", id, "ok", 0, "error", "code",
                             "OL_EAUTH", "what", "nobody sits here", "do", "log in"));
}

static bool is_login(const ol_talk *t) {
    const ol_seat *seat = ol_talk_seat(t);
    return seat != NULL && seat->is_login;
}

static void tell_seat(ol_talk *t, json_t *id) {
    const ol_seat *seat = ol_talk_seat(t);
    json_t *as = json_object();
    for (size_t i = 0; is_login(t) && i < OL_SEAT_LINES; i++)
        if (seat->as[i].officer != 0)
            (void)json_object_set_new(as, seat->as[i].line, json_integer(seat->as[i].officer));
    ol_talk_say(t, json_pack("{s:O, s:b, s:b, s:b, s:b, s:o}", "id", id, "ok", 1, "acts",
                             t->right >= OL_SEAT_ACTS, "sets", may_set(t), "login", is_login(t),
                             "as", as));
}

static void heard(ol_talk *t, const char *p, size_t len) {
    json_t *o = json_loadb(p, len, JSON_REJECT_DUPLICATES, NULL);
    json_t *id = json_object_get(o, "id");
    const char *what = json_string_value(json_object_get(o, "do"));
    if (!json_is_integer(id) || what == NULL)
        refuse(t, NULL, "this is no request", "see docs/CONSOLE.md");
    else if (t->right == OL_SEAT_NONE)
        heard_stranger(t, o, id, what);
    else if (ol_talk_seat(t) == NULL) /* it was left, or gave way: its rights went with it */
        ol_conn_end(t->guest->conn);
    else if (strcmp(what, "seat") == 0)
        tell_seat(t, id);
    else if (strcmp(what, "login") == 0 && is_login(t))
        ol_login_ask(t->guest->web, t, o);
    else if (strcmp(what, "leave") == 0)
        leave(t, id);
    else if (strcmp(what, "drafts") == 0 && t->right >= OL_SEAT_ACTS)
        ol_talk_say(t, json_pack("{s:O, s:b, s:o}", "id", id, "ok", 1, "drafts",
                                 ol_drafts_list(&t->guest->web->drafts)));
    else if (only_reads(what))
        ol_station_ask(t->station, o);
    else if (right_for(what) == OL_SEAT_NONE)
        refuse(t, id, "the console has no such request", "see docs/CONSOLE.md");
    else if (right_for(what) == OL_SEAT_SETS && !may_set(t)) {
        ol_web_refuse(t->guest->web, "setting up from a seat that may not");
        refuse(t, id, "this seat may not set up",
               "sit down at the address that openline-web --setup prints after \"sets up:\"");
    } else if (right_for(what) > t->right) {
        ol_web_refuse(t->guest->web, "an act from a seat that only looks");
        refuse(t, id, "this seat only looks on", "sit down at one that may act");
    } else {
        act(t, o);
    }
    json_decref(o);
}

static void came(wslay_event_context_ptr ws, const struct wslay_event_on_msg_recv_arg *m,
                 void *user) {
    ol_talk *t = user;
    (void)ws;
    if (t->right != OL_SEAT_NONE || t->has_asked)
        ol_conn_limit(t->guest->conn, SILENT_S);
    if (m->opcode == WSLAY_TEXT_FRAME && ol_utf8_is_valid(m->msg, m->msg_length))
        heard(t, (const char *)m->msg, m->msg_length);
    else if (!wslay_is_ctrl_frame(m->opcode))
        (void)wslay_event_queue_close(ws, WSLAY_CODE_UNSUPPORTED_DATA, NULL, 0);
}

void ol_talk_came(ol_talk *t) {
    if (wslay_event_recv(t->ws) != 0 && !t->guest->conn->is_closing) {
        ol_web_refuse(t->guest->web, "a malformed frame");
        (void)wslay_event_send(t->ws);
        ol_conn_end(t->guest->conn);
        return;
    }
    turn(t);
}

/* ---- the station's side ---- */

static bool said(void *user, json_t *o) {
    ol_talk *t = user;
    ol_talk_say(t, o);
    return !ol_conn_is_full(t->guest->conn);
}

static void acted(void *user, json_t *o) {
    ol_talk_say(user, o);
}

void ol_talk_drained(ol_talk *t) {
    if (t->station != NULL)
        ol_station_go_on(t->station);
}

/* ---- beginning and end ---- */

void ol_talk_from(const ol_talk *t, char ret[OL_TALK_FROM]) {
    struct sockaddr_storage from = { 0 };
    int len = sizeof from;
    (void)uv_tcp_getpeername(&t->guest->conn->tcp, (struct sockaddr *)&from, &len);
    struct in6_addr *v6 = &((struct sockaddr_in6 *)&from)->sin6_addr;
    if (from.ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(v6))
        memset((uint8_t *)v6 + 8, 0, 8);
    if (uv_ip_name((struct sockaddr *)&from, ret, OL_TALK_FROM) != 0)
        (void)snprintf(ret, OL_TALK_FROM, "somewhere");
}

/* RFC 6455 §4.2.2: the answer to a key is a SHA-1, for no purpose of security. */
static bool accept_of(ol_str key, char ret[OL_B64_LEN(20) + 1]) {
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[24 + sizeof guid];
    uint8_t sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    memcpy(text, key.p, 24);
    memcpy(text + 24, guid, sizeof guid);
    if (EVP_Digest(text, 24 + sizeof guid - 1, sum, &len, EVP_sha1(), NULL) != 1 || len != 20)
        return false;
    ol_b64_put(sum, len, ret);
    return true;
}

static void ping(uv_timer_t *timer) {
    ol_talk *t = timer->data;
    struct wslay_event_msg msg = { WSLAY_PING, NULL, 0 };
    ol_web *w = t->guest->web;
    if (t->right != OL_SEAT_NONE && !ol_seats_use(&w->seats, t->seat, ol_web_now_s(w)))
        ol_conn_close(t->guest->conn); /* another needed its place */
    if (!t->guest->conn->is_closing && wslay_event_queue_msg(t->ws, &msg) == 0)
        turn(t);
}

static void pinger_gone(uv_handle_t *timer) {
    free(timer->data);
}

void ol_talk_begin(ol_guest *g, ol_str ws_key, ol_seat_right right) {
    static const struct wslay_event_callbacks calls = { .recv_callback = give,
                                                        .send_callback = take,
                                                        .on_msg_recv_callback = came };
    char text[300], accept[OL_B64_LEN(20) + 1];
    ol_talk *t = accept_of(ws_key, accept) ? calloc(1, sizeof *t) : NULL;
    if (t == NULL || wslay_event_context_server_init(&t->ws, &calls, t) != 0) {
        free(t);
        ol_conn_close(g->conn);
        return;
    }
    t->guest = g, t->right = right, t->seat = right == OL_SEAT_NONE ? 0 : g->seat;
    wslay_event_config_set_max_recv_msg_length(t->ws, OL_TALK_IN);
    t->ping.data = t;
    (void)uv_timer_init(g->web->loop, &t->ping);
    (void)uv_timer_start(&t->ping, ping, PING_S * 1000, PING_S * 1000);
    g->talk = t;
    int n = snprintf(text, sizeof text,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                     accept);
    ol_conn_send(g->conn, text, (size_t)n);
    ol_conn_limit(g->conn, right == OL_SEAT_NONE ? OL_WEB_HEAD_S : SILENT_S);
    if (right == OL_SEAT_NONE)
        return;
    t->acts = ol_acts_new(g->web, acted, t, right == OL_SEAT_VIEWS);
    t->station = ol_station_new(g->web, said, t);
    if (t->acts == NULL || t->station == NULL)
        ol_conn_close(g->conn);
}

void ol_talk_end(ol_talk *t) {
    ol_station_free(t->station);
    ol_acts_free(t->acts);
    ol_start_forget(t->guest->web, t);
    ol_login_forget(t->guest->web, t);
    wslay_event_context_free(t->ws);
    uv_close((uv_handle_t *)&t->ping, pinger_gone);
}
