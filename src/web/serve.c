/* What is answered to a browser's request (RFC 9110): a page of the console, a seat, a talk, or why
 * not. */
#include <stdio.h>
#include <string.h>

#include "web/asset.h"
#include "web/talk.h"
#include "web/web.h"

/* The page asks nothing of anybody but this server, and nobody may frame it (CSP level 3). */
static const char safety[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n";

static void head(ol_guest *g, const char *status, const char *fields, size_t len) {
    char text[2048];
    int n = snprintf(text, sizeof text, "HTTP/1.1 %s\r\n%s%sContent-Length: %zu\r\n\r\n", status,
                     safety, fields, len);
    OL_ASSERT(n > 0 && (size_t)n < sizeof text);
    ol_conn_send(g->conn, text, (size_t)n);
}

/* A sentence for who reads it, and the end. */
static bool refuse(ol_guest *g, const char *status, const char *what, const char *text) {
    ol_web_refuse(g->web, what);
    head(g, status,
         "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
         "Connection: close\r\n",
         strlen(text));
    ol_conn_send(g->conn, text, strlen(text));
    ol_conn_end(g->conn);
    return false;
}

static bool is_our_host(const ol_web *w, ol_str host) {
    for (size_t i = 0; i < w->hosts; i++)
        if (ol_http_is(host, w->host[i]))
            return true;
    return false;
}

/* The page's own origin, exactly: the scheme we speak, and the host that this request names. */
static bool is_our_origin(const ol_web *w, const ol_http *r) {
    const char *scheme = w->tls != NULL ? "https://" : "http://";
    size_t len = strlen(scheme);
    return r->origin.p != NULL && r->origin.len == len + r->host.len &&
           memcmp(r->origin.p, scheme, len) == 0 &&
           memcmp(r->origin.p + len, r->host.p, r->host.len) == 0;
}

static void take_seat(ol_guest *g, const ol_seat *seat) {
    g->seat = seat->number;
    g->acts = seat->right >= OL_SEAT_ACTS;
}

static const ol_seat *seat_of(ol_guest *g, const ol_http *r) {
    ol_web *w = g->web;
    const ol_seat *seat = ol_seats_find(&w->seats, ol_http_cookie(r, w->cookie), ol_web_now_s(w));
    if (seat != NULL)
        take_seat(g, seat);
    return seat;
}

static bool give_seat(ol_guest *g, ol_str key, ol_str page) {
    ol_web *w = g->web;
    char fields[500];
    const ol_seat *seat = ol_seats_open(&w->seats, key, ol_web_now_s(w));
    if (seat == NULL)
        return refuse(g, "403 Forbidden", "a key that was used, or is none",
                      "This key opens nothing: each opens one browser, once.\n"
                      "openline-web prints a new address for each.\n");
    take_seat(g, seat);
    ol_seat_take_page(ol_seats_of(&w->seats, seat->number), page);
    (void)snprintf(
        fields, sizeof fields,
        "Location: /#seat=%s\r\nCache-Control: no-store\r\nSet-Cookie: %s=%s; Path=/; HttpOnly; "
        "SameSite=Strict; Max-Age=%d%s\r\n",
        seat->page, w->cookie, seat->word, OL_SEAT_COOKIE_S, w->tls != NULL ? "; Secure" : "");
    head(g, "303 See Other", fields, 0);
    if (!seat->is_login)
        w->seated(w, seat->right);
    return true;
}

static bool give_asset(ol_guest *g, const ol_http *r) {
    const char *path = ol_http_is(r->path, "/") ? "/index.html" : NULL;
    for (size_t i = 0; i < ol_assets_n; i++) {
        const ol_asset *a = &ol_assets[i];
        if (path != NULL ? strcmp(a->path, path) != 0 : !ol_http_is(r->path, a->path))
            continue;
        char fields[300];
        (void)snprintf(fields, sizeof fields,
                       "Content-Type: %s\r\nContent-Encoding: gzip\r\nCache-Control: no-cache\r\n"
                       "Vary: Accept-Encoding\r\nETag: %s\r\n",
                       a->type, a->tag);
        if (ol_http_is(r->if_none_match, a->tag)) {
            head(g, "304 Not Modified", fields, 0);
            return true;
        }
        head(g, "200 OK", fields, a->gzip_len);
        ol_conn_send(g->conn, a->gzip, a->gzip_len);
        return true;
    }
    return refuse(g, "404 Not Found", "a path that the console does not have",
                  "The console has no such page.\n");
}

/* For a talk more of this guest's seat: one that only looks gives way to one that acts. */
static bool has_room(ol_web *w, const ol_guest *g) {
    ol_guest *looks = NULL;
    size_t talks = 0, own = 0;
    for (size_t i = 0; i < OL_WEB_CONNS; i++) {
        ol_guest *other = w->guest[i];
        if (other == NULL || other->talk == NULL || other->conn->is_closing || other->seat == 0)
            continue; /* strangers who log in are bounded by their connections */
        talks++;
        own += other->seat == g->seat;
        if (!other->acts && (looks == NULL || other->order > looks->order))
            looks = other;
    }
    if (own >= OL_WEB_SEAT_TALKS || (talks >= OL_WEB_TALKS && (looks == NULL || !g->acts)))
        return false;
    if (talks >= OL_WEB_TALKS)
        ol_conn_close(looks->conn);
    return true;
}

static bool begin_talk(ol_guest *g, const ol_http *r, const ol_seat *seat) {
    ol_web *w = g->web;
    if (!is_our_origin(w, r))
        return refuse(g, "403 Forbidden", "a page of another origin",
                      "Only the console's own page may talk here.\n");
    if (seat != NULL && !ol_seat_has_page(seat, ol_http_query(r, "seat")))
        return refuse(g, "403 Forbidden", "a talk without the word of its seat's page",
                      "Open the console by a new address that openline-web prints.\n");
    if (!ol_http_has_token(r->upgrade, "websocket") ||
        !ol_http_has_token(r->connection, "upgrade") || !ol_http_is(r->ws_version, "13") ||
        r->ws_key.len != 24 || !ol_b64_is_valid(r->ws_key.p, 24))
        return refuse(g, "400 Bad Request", "a malformed request to talk",
                      "This address is for the console's page.\n");
    if (seat != NULL && !has_room(w, g))
        return refuse(g, "503 Service Unavailable", "too many consoles at once",
                      "Too many consoles are open: close one.\n");
    ol_talk_begin(g, r->ws_key, seat == NULL ? OL_SEAT_NONE : seat->right);
    return false;
}

/* What the page where officers log in is made of: nothing of this party. */
static bool is_for_strangers(ol_str path) {
    static const char *const paths[] = { "/login.html",  "/login.js",      "/style.css",
                                         "/officer.css", "/words.js",      "/fault.js",
                                         "/icon.svg",    "/lib/preact.js", "/talk" };
    for (size_t i = 0; i < OL_LEN(paths); i++)
        if (ol_http_is(path, paths[i]))
            return true;
    return path.len > 7 && memcmp(path.p, "/words/", 7) == 0;
}

bool ol_web_serve(ol_guest *g, const ol_http *r) {
    ol_web *w = g->web;
    if (!is_our_host(w, r->host))
        return refuse(g, "421 Misdirected Request", "a request to another host",
                      "This server has another name.\n");
    bool is_root = ol_http_is(r->path, "/");
    ol_http page = *r;
    ol_str key = ol_http_query(r, "key");
    if (is_root && key.p != NULL)
        return give_seat(g, key, ol_http_query(r, "page")) && !r->closes;
    const ol_seat *seat = seat_of(g, r);
    if (seat == NULL && w->logins != NULL && is_root)
        page.path = (ol_str){ "/login.html", 11 };
    if (seat == NULL && (w->logins == NULL || !is_for_strangers(page.path)))
        return refuse(g, "403 Forbidden", "a request without a seat",
                      "This console is closed to you: open it by an address that openline-web "
                      "prints.\n");
    if (ol_http_is(r->path, "/talk"))
        return begin_talk(g, r, seat);
    if (r->fetch_site.p != NULL && !ol_http_is(r->fetch_site, "same-origin") &&
        !ol_http_is(r->fetch_site, "none"))
        return refuse(g, "403 Forbidden", "a page of another origin",
                      "Open the console by its own address.\n");
    return give_asset(g, &page) && !r->closes;
}
