#include "web/login.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "web/act.h"
#include "web/backoff.h"
#include "web/talk.h"

/* Of a key's file, as openline officer key makes them (crypto/keyfile.h). */
enum { KEY_MAX = 1024, KEY_PASSES = 3, KEY_KIB = 262144, PASS_MAX = 1024 };

typedef struct {
    json_t *request; /* NULL: nobody waits here */
    json_t *id;
    ol_talk *talk; /* NULL: it is over */
    char line[OL_NAME_MAX + 1], from[OL_BACKOFF_FROM];
    uint16_t officer;
    bool brings_key;
    unsigned long order;
} try;

struct ol_logins {
    ol_web *web;
    ol_acts *acts;
    uv_timer_t timer;
    ol_backoff backoff;
    try waits[OL_LOGINS], runs; /* runs: is checked now */
    json_t *answer;             /* to it, a failure, until next_ms */
    uint64_t next_ms;
    unsigned long came;
};

static void turn(ol_logins *l);

static void refuse(ol_talk *t, json_t *id, const char *code, const char *what, const char *todo) {
    if (t != NULL)
        ol_talk_say(t, json_pack("{s:O, s:b, s:{s:s, s:s, s:s}}", "id", id, "ok", 0, "error",
                                 "code", code, "what", what, "do", todo));
}

static void drop(try *x) {
    json_decref(x->request);
    json_decref(x->id);
    *x = (try){ .request = NULL };
}

static void later(uv_timer_t *timer) {
    turn(timer->data);
}

/* ── the answer ── */

/* Whatever was wrong, the same words. */
static void fail(ol_logins *l) {
    ol_backoff_failed(&l->backoff, l->runs.line, l->runs.officer, l->runs.from,
                      uv_now(l->web->loop));
    ol_web_refuse(l->web, "a login that failed");
    refuse(l->runs.talk, l->runs.id, "OL_EAUTH", "this opens nothing",
           "look at the line, the number and the passphrase");
    drop(&l->runs);
}

static void succeed(ol_logins *l, const json_t *result) {
    ol_web *w = l->web;
    const try *x = &l->runs;
    ol_backoff_right(&l->backoff, x->line, x->officer);
    (void)fprintf(stderr, "openline-web: officer %u of line %s has logged in from %s\n", x->officer,
                  x->line, x->from);
    ol_seat *seat = x->talk == NULL ? NULL : ol_talk_seat(x->talk);
    if (x->talk != NULL && seat == NULL)
        ol_talk_say(x->talk,
                    json_pack("{s:O, s:b, s:O, s:s}", "id", x->id, "ok", 1, "result", result, "key",
                              ol_seats_pass(&w->seats, x->line, x->officer, ol_web_now_s(w))));
    else if (x->talk != NULL && ol_seat_sit(seat, x->line, x->officer))
        ol_talk_say(x->talk, json_pack("{s:O, s:b, s:O}", "id", x->id, "ok", 1, "result", result));
    else
        refuse(x->talk, x->id, "OL_ELIMIT", "this seat is of as many lines as it can be",
               "leave it, and log in anew");
    drop(&l->runs);
}

/* What cannot be checked is nobody's failure. */
static bool is_without_station(const json_t *error) {
    const char *what = json_string_value(json_object_get(error, "what"));
    return what != NULL && (strncmp(what, "no station runs", 15) == 0 ||
                            strncmp(what, "the station (pid", 16) == 0);
}

static void said(void *user, json_t *o) {
    ol_logins *l = user;
    const json_t *result = json_object_get(o, "result");
    /* a key that anybody can open who reaches this page shows nothing */
    bool is_open = !l->runs.brings_key && !json_is_true(json_object_get(result, "sealed"));
    if (json_is_true(json_object_get(o, "ok")) && !is_open) {
        succeed(l, result);
    } else if (is_without_station(json_object_get(o, "error"))) {
        refuse(l->runs.talk, l->runs.id, "OL_EAGAIN", "the station does not run",
               "have it started, and try again");
        drop(&l->runs);
    } else {
        l->answer = json_incref(o);
    }
    json_decref(o);
    turn(l);
}

/* ── whose turn it is ── */

static try *choose(ol_logins *l, uint64_t now_ms, uint64_t *ret_ms) {
    try *best = NULL;
    bool is_best_other = false;
    *ret_ms = UINT64_MAX;
    for (size_t i = 0; i < OL_LOGINS; i++) {
        try *x = &l->waits[i];
        const char *from = "";
        if (x->request == NULL)
            continue;
        uint64_t until = ol_backoff_until(&l->backoff, x->line, x->officer, &from);
        bool is_other = strcmp(from, x->from) != 0;
        if (until > now_ms) {
            *ret_ms = until < *ret_ms ? until : *ret_ms;
            continue;
        }
        if (best == NULL || (is_other && !is_best_other) ||
            (is_other == is_best_other && x->order < best->order))
            best = x, is_best_other = is_other;
    }
    return best;
}

static void turn(ol_logins *l) {
    uint64_t now = uv_now(l->web->loop), at = l->next_ms;
    if (l->answer != NULL && now >= l->next_ms) {
        json_decref(l->answer);
        l->answer = NULL;
        fail(l);
    }
    try *x = l->runs.request != NULL || now < l->next_ms ? NULL : choose(l, now, &at);
    if (x != NULL) {
        l->runs = *x;
        *x = (try){ .request = NULL };
        at = l->next_ms = now + OL_LOGIN_MS;
        ol_act_begin(l->acts, l->runs.request);
    }
    if (at != UINT64_MAX && at > now)
        (void)uv_timer_start(&l->timer, later, at - now, 0);
}

/* ── who comes ── */

/* A key that was brought may not make more work than one of openline officer key. */
static bool is_fit_key(const json_t *key) {
    static uint8_t text[KEY_MAX + 1];
    const char *b64 = json_string_value(key);
    size_t len = 0;
    uint64_t passes = 0, kib = 0;
    if (key == NULL)
        return true;
    if (b64 == NULL || ol_b64_get(b64, json_string_length(key), text, KEY_MAX, &len) != OL_OK)
        return false;
    text[len] = '\0';
    const char *p = strstr((const char *)text, "\npasses = ");
    const char *m = strstr((const char *)text, "\nmemory = ");
    bool fits =
        (p == NULL || ol_u64_get(p + 10, strcspn(p + 10, "\n"), 1, KEY_PASSES, &passes) == OL_OK) &&
        (m == NULL || ol_u64_get(m + 10, strcspn(m + 10, "\n"), 1, KEY_KIB, &kib) == OL_OK);
    sodium_memzero(text, sizeof text); /* it may be under no passphrase */
    return fits;
}

static bool take(const json_t *request, try *x) {
    const char *line = json_string_value(json_object_get(request, "line"));
    const char *as = json_string_value(json_object_get(request, "as"));
    const json_t *key = json_object_get(request, "key");
    size_t pass = json_string_length(json_object_get(request, "passphrase"));
    uint64_t number = 0;
    if (line == NULL || as == NULL || strlen(line) > OL_NAME_MAX || pass == 0 || pass > PASS_MAX ||
        ol_u64_get(as, strlen(as), 1, 65535, &number) != OL_OK || !is_fit_key(key))
        return false;
    x->officer = (uint16_t)number;
    x->brings_key = key != NULL;
    (void)snprintf(x->line, sizeof x->line, "%s", line);
    x->request =
        json_pack("{s:i, s:s, s:s, s:s, s:O, s:O*}", "id", 1, "do", "check", "line", line, "as", as,
                  "passphrase", json_object_get(request, "passphrase"), "key", key);
    return x->request != NULL;
}

void ol_login_ask(ol_web *w, ol_talk *t, json_t *request) {
    ol_logins *l = w->logins;
    json_t *id = json_object_get(request, "id");
    try x = { .talk = t, .order = l->came++ }, *to = NULL;
    bool waits = false;
    ol_talk_from(t, x.from);
    for (size_t i = 0; i < OL_LOGINS; i++) {
        waits |= l->waits[i].request != NULL && strcmp(l->waits[i].from, x.from) == 0;
        if (l->waits[i].request == NULL)
            to = &l->waits[i];
    }
    if (waits || to == NULL) {
        ol_web_refuse(w, "a login while others waited");
        refuse(t, id, "OL_EAGAIN", "others are logging in", "try again in a moment");
    } else if (!take(request, &x)) {
        ol_web_refuse(w, "a login that is none");
        refuse(t, id, "OL_EFORM", "this is no login",
               "give a line, an officer's number and a passphrase");
    } else {
        x.id = json_incref(id);
        *to = x;
        turn(l);
    }
}

void ol_login_forget(ol_web *w, ol_talk *t) {
    for (size_t i = 0; w->logins != NULL && i < OL_LOGINS; i++)
        if (w->logins->waits[i].talk == t)
            drop(&w->logins->waits[i]);
    if (w->logins != NULL && w->logins->runs.talk == t)
        w->logins->runs.talk = NULL;
}

ol_logins *ol_logins_new(ol_web *w) {
    ol_logins *l = calloc(1, sizeof *l);
    if (l == NULL)
        return NULL;
    l->web = w;
    l->acts = ol_acts_new(w, said, l, false);
    (void)uv_timer_init(w->loop, &l->timer);
    l->timer.data = l;
    if (l->acts != NULL)
        return l;
    free(l);
    return NULL;
}
