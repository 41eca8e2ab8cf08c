#include "web/http.h"

#include <string.h>

static bool is_token(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_same(ol_str s, const char *text) {
    size_t len = strlen(text);
    if (s.p == NULL || s.len != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (lower(s.p[i]) != lower(text[i]))
            return false;
    return true;
}

bool ol_http_is(ol_str s, const char *text) {
    return s.p != NULL && s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

static ol_str trim(ol_str s) {
    while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s.p++, s.len--;
    while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* The next part before a separator, trimmed; *rest is what follows it. */
static ol_str cut(ol_str *rest, char at) {
    const char *end = rest->len == 0 ? NULL : memchr(rest->p, at, rest->len);
    ol_str part = { rest->p, end == NULL ? rest->len : (size_t)(end - rest->p) };
    size_t used = part.len + (end != NULL);
    rest->p += used, rest->len -= used;
    return trim(part);
}

bool ol_http_has_token(ol_str list, const char *token) {
    while (list.p != NULL && list.len > 0)
        if (is_same(cut(&list, ','), token))
            return true;
    return false;
}

/* name=value between separators; the value, p NULL unless there is just one. */
static ol_str value_of(ol_str list, char between, const char *name) {
    ol_str found = { NULL, 0 };
    size_t n = 0;
    while (list.p != NULL && list.len > 0) {
        ol_str value = cut(&list, between);
        ol_str key = cut(&value, '=');
        if (ol_http_is(key, name))
            found = value, n++;
    }
    return n == 1 ? found : (ol_str){ NULL, 0 };
}

ol_str ol_http_cookie(const ol_http *r, const char *name) {
    return value_of(r->cookie, ';', name);
}

ol_str ol_http_query(const ol_http *r, const char *name) {
    return value_of(r->query, '&', name);
}

/* ---- the head ---- */

static ol_err read_target(ol_str s, ol_http *r) {
    if (s.len == 0 || s.p[0] != '/')
        return OL_EFORM;
    if (s.len > OL_HTTP_TARGET_MAX)
        return OL_ELIMIT;
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '#')
            return OL_EFORM;
    const char *mark = memchr(s.p, '?', s.len);
    r->path = (ol_str){ s.p, mark == NULL ? s.len : (size_t)(mark - s.p) };
    if (mark != NULL)
        r->query = (ol_str){ mark + 1, s.len - r->path.len - 1 };
    return OL_OK;
}

static ol_err read_first(ol_str line, ol_http *r) {
    static const char method[] = "GET ", version[] = " HTTP/1.1";
    size_t m = sizeof method - 1, v = sizeof version - 1;
    if (line.len < m + v || memcmp(line.p, method, m) != 0 ||
        memcmp(line.p + line.len - v, version, v) != 0)
        return OL_EFORM;
    return read_target((ol_str){ line.p + m, line.len - m - v }, r);
}

static ol_err read_field(ol_str line, ol_http *r) {
    size_t at = 0;
    while (at < line.len && is_token(line.p[at]))
        at++;
    if (at == 0 || at == line.len || line.p[at] != ':')
        return OL_EFORM; /* also a line that is folded, or a space before the colon */
    ol_str name = { line.p, at }, value = trim((ol_str){ line.p + at + 1, line.len - at - 1 });
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.p[i] < ' ' ? value.p[i] != '\t' : value.p[i] == 0x7f)
            return OL_EFORM;
    const struct {
        const char *name;
        ol_str *to;
    } known[] = {
        { "host", &r->host },
        { "origin", &r->origin },
        { "cookie", &r->cookie },
        { "upgrade", &r->upgrade },
        { "connection", &r->connection },
        { "sec-websocket-key", &r->ws_key },
        { "sec-websocket-version", &r->ws_version },
        { "if-none-match", &r->if_none_match },
        { "sec-fetch-site", &r->fetch_site },
        { "accept-encoding", &r->accept_encoding },
    };
    for (size_t i = 0; i < OL_LEN(known); i++) {
        if (!is_same(name, known[i].name))
            continue;
        if (known[i].to->p != NULL)
            return OL_EFORM;
        *known[i].to = value;
    }
    /* A request with a body is none of ours; readers of its length could differ (RFC 9112 §11). */
    if (is_same(name, "transfer-encoding") ||
        (is_same(name, "content-length") && !ol_http_is(value, "0")))
        return OL_EFORM;
    return OL_OK;
}

ol_err ol_http_get(const char *s, size_t len, ol_http *ret, size_t *ret_len) {
    ol_http r = { 0 };
    size_t at = 0;
    for (size_t n = 0;; n++) {
        size_t most = len < OL_HTTP_MAX ? len : OL_HTTP_MAX;
        const char *lf = at >= most ? NULL : memchr(s + at, '\n', most - at);
        if (lf == NULL)
            return len >= OL_HTTP_MAX ? OL_ELIMIT : OL_ESHORT;
        size_t end = (size_t)(lf - s);
        if (end == at || s[end - 1] != '\r')
            return OL_EFORM;
        ol_str line = { s + at, end - 1 - at };
        at = end + 1;
        if (n > 0 && line.len == 0)
            break;
        if (n > OL_HTTP_FIELDS)
            return OL_ELIMIT;
        ol_err err = n == 0 ? read_first(line, &r) : read_field(line, &r);
        if (err != OL_OK)
            return err;
    }
    if (r.host.p == NULL || r.host.len == 0)
        return OL_EFORM;
    r.closes = ol_http_has_token(r.connection, "close");
    *ret = r;
    *ret_len = at;
    return OL_OK;
}
