#include "web/web.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/talk.h"

enum { DRAFTS_MS = 60000 };

uint64_t ol_web_now_s(const ol_web *w) {
    return uv_now(w->loop) / 1000 + 1; /* 0 is no time */
}

void ol_web_refuse(ol_web *w, const char *what) {
    uint64_t now = uv_now(w->loop);
    for (size_t i = 0; i < OL_WEB_REASONS; i++) {
        if (w->refused[i].what != NULL && w->refused[i].what != what)
            continue;
        bool is_told = w->refused[i].what != NULL && now - w->refused[i].told_ms < 60000;
        w->refused[i].what = what;
        w->refused[i].untold += is_told;
        if (is_told)
            return;
        (void)fprintf(stderr, "openline-web: refused: %s", what);
        if (w->refused[i].untold > 0)
            (void)fprintf(stderr, " (and %lu before)", w->refused[i].untold);
        (void)fputc('\n', stderr);
        w->refused[i].untold = 0;
        w->refused[i].told_ms = now;
        return;
    }
}

/* ---- drafts ---- */

static void drop_late(uv_timer_t *timer) {
    ol_web *w = timer->data;
    uint64_t number = 0;
    char line[33];
    while (ol_drafts_over(&w->drafts, ol_web_now_s(w), &number, line))
        ol_web_tell_draft(w, number, line, "over");
}

void ol_web_tell_draft(ol_web *w, uint64_t number, const char *line, const char *state) {
    if (w->drafts_timer.data == NULL) {
        (void)uv_timer_init(w->loop, &w->drafts_timer);
        w->drafts_timer.data = w;
        (void)uv_timer_start(&w->drafts_timer, drop_late, DRAFTS_MS, DRAFTS_MS);
    }
    for (size_t i = 0; i < OL_WEB_CONNS; i++)
        if (w->guest[i] != NULL && w->guest[i]->talk != NULL)
            ol_talk_tell(w->guest[i]->talk,
                         json_pack("{s:s, s:I, s:s, s:s}", "event", "draft", "draft",
                                   (json_int_t)number, "line", line, "state", state));
}

/* ---- one connection ---- */

static void closed(void *user) {
    ol_guest *g = user;
    if (g->talk != NULL)
        ol_talk_end(g->talk);
    for (size_t i = 0; i < OL_WEB_CONNS; i++)
        if (g->web->guest[i] == g)
            g->web->guest[i] = NULL;
    free(g);
}

static void drained(void *user) {
    ol_guest *g = user;
    if (g->talk != NULL)
        ol_talk_drained(g->talk);
}

static void malformed(ol_guest *g, ol_err err) {
    static const char bad[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n"
                              "Connection: close\r\n\r\n";
    static const char large[] = "HTTP/1.1 431 Request Header Fields Too Large\r\n"
                                "Content-Length: 0\r\nConnection: close\r\n\r\n";
    ol_web_refuse(g->web, err == OL_ELIMIT ? "a request that is too long" : "a malformed request");
    if (err == OL_ELIMIT)
        ol_conn_send(g->conn, large, sizeof large - 1);
    else
        ol_conn_send(g->conn, bad, sizeof bad - 1);
    ol_conn_end(g->conn);
}

static void came(void *user) {
    ol_guest *g = user;
    if (g->talk != NULL) {
        ol_talk_came(g->talk);
        return;
    }
    while (g->conn->in_len > 0 && !g->conn->is_closing && !g->conn->closes_after) {
        ol_http r;
        size_t len = 0;
        ol_err err = ol_http_get(g->conn->in, g->conn->in_len, &r, &len);
        if (err == OL_ESHORT)
            return;
        if (err != OL_OK) {
            malformed(g, err);
            return;
        }
        bool goes_on = ol_web_serve(g, &r);
        if (g->conn->is_closing)
            return;
        ol_conn_drop_in(g->conn, len);
        if (g->talk != NULL) {
            ol_talk_came(g->talk);
            return;
        }
        if (!goes_on) {
            ol_conn_end(g->conn);
            return;
        }
        ol_conn_limit(g->conn, OL_WEB_IDLE_S);
    }
}

/* Where it came from: who has one address of an IPv6 network has all of them. */
static void know_host(ol_guest *g) {
    struct sockaddr_storage from = { 0 };
    int len = sizeof from;
    (void)uv_tcp_getpeername(&g->conn->tcp, (struct sockaddr *)&from, &len);
    const struct in6_addr *v6 = &((struct sockaddr_in6 *)&from)->sin6_addr;
    if (from.ss_family == AF_INET6) /* at [::] IPv4 comes as ::ffff:a.b.c.d: each an address */
        memcpy(g->host, v6, IN6_IS_ADDR_V4MAPPED(v6) ? 16 : 8);
    else
        memcpy(g->host, &((struct sockaddr_in *)&from)->sin_addr, 4);
}

/* May give way to another: a stranger's, or one with a seat that does not talk. */
static bool may_go(const ol_guest *g, bool is_stranger) {
    return g != NULL && !g->conn->is_closing && (g->seat == 0) == is_stranger &&
           (is_stranger || g->talk == NULL);
}

static size_t how_many(const ol_web *w, const ol_guest *of) {
    size_t n = 0;
    for (size_t i = 0; i < OL_WEB_CONNS; i++) {
        const ol_guest *g = w->guest[i];
        n += may_go(g, of->seat == 0) && g->seat == of->seat &&
             (g->seat != 0 || memcmp(g->host, of->host, sizeof of->host) == 0);
    }
    return n;
}

/* Of the host, or the seat, that has most the first to come; OL_WEB_CONNS: there is none. */
static size_t expendable(const ol_web *w, bool is_stranger) {
    size_t best = OL_WEB_CONNS, most = 0;
    for (size_t i = 0; i < OL_WEB_CONNS; i++) {
        const ol_guest *g = w->guest[i];
        size_t n = may_go(g, is_stranger) ? how_many(w, g) : 0;
        if (n < most || n == 0 || (n == most && g->order > w->guest[best]->order))
            continue;
        best = i, most = n;
    }
    return best;
}

/* A place for one more. */
static size_t place(const ol_web *w) {
    for (size_t i = 0; i < OL_WEB_CONNS; i++)
        if (w->guest[i] == NULL)
            return i;
    size_t at = expendable(w, true);
    return at < OL_WEB_CONNS ? at : expendable(w, false);
}

void ol_web_came(uv_stream_t *listener, int status) {
    static const ol_conn_user does = { .came = came, .drained = drained, .closed = closed };
    ol_web *w = listener->data;
    ol_guest *g = status == 0 ? calloc(1, sizeof *g) : NULL;
    if (g == NULL)
        return;
    g->web = w;
    g->order = w->came++;
    g->conn = ol_conn_take(listener, w->tls, &does, g);
    if (g->conn == NULL) {
        free(g);
        return;
    }
    know_host(g);
    size_t at = place(w);
    if (at < OL_WEB_CONNS && w->guest[at] != NULL) {
        ol_web_refuse(w, "too many connections");
        ol_conn_close(w->guest[at]->conn);
        w->guest[at] = NULL; /* its place is taken; it still ends by itself */
    }
    if (at == OL_WEB_CONNS) {
        ol_web_refuse(w, "too many connections");
        ol_conn_close(g->conn);
        return;
    }
    w->guest[at] = g;
    ol_conn_limit(g->conn, OL_WEB_HEAD_S);
}
