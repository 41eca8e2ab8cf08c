/* web/http.h — one HTTP/1.1 request, read strictly; pure.
 * Shape    GET alone, no body, at most OL_HTTP_MAX bytes of head and OL_HTTP_FIELDS fields. Lines
 *          end in CR LF; a field is `name: value` on one line, the value without controls; names
 *          are tokens. The target is a path and perhaps a query, of visible ASCII.
 * Errors   OL_ESHORT: it goes on, read more; OL_ELIMIT: longer than is taken; OL_EFORM: not such a
 *          request. Fields that this server reads may stand once; others are skipped.
 * Memory   everything in ret is borrowed from the bytes that were read.
 * Source   RFC 9112 §2 to §5, RFC 9110 §5.1, RFC 6265 §4.2, RFC 6455 §4.1 */
#ifndef OL_WEB_HTTP_H
#define OL_WEB_HTTP_H

#include "base/err.h"
#include "base/text.h"

enum { OL_HTTP_MAX = 8192, OL_HTTP_FIELDS = 64, OL_HTTP_TARGET_MAX = 1024 };

typedef struct {
    ol_str path, query; /* query: what follows the first `?`, p NULL: there is none */
    ol_str host, origin, cookie, upgrade, connection, ws_key, ws_version, if_none_match;
    ol_str fetch_site, accept_encoding;
    bool closes; /* Connection: close */
} ol_http;       /* a field that is not there has p NULL */

/* *ret_len: how many bytes the request took. */
OL_MUST ol_err ol_http_get(const char *s, size_t len, ol_http *ret, size_t *ret_len);

/* The value of a cookie of this name; p NULL: there is none, or more than one. */
ol_str ol_http_cookie(const ol_http *r, const char *name);
/* The value of a query's key; p NULL: there is none, or more than one. */
ol_str ol_http_query(const ol_http *r, const char *name);
/* A list of tokens holds this one, whatever its case. */
bool ol_http_has_token(ol_str list, const char *token);
bool ol_http_is(ol_str s, const char *text); /* exactly */

#endif
