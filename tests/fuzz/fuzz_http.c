/* What the request reader takes lies inside its input, ends in an empty line, and is the same
 * whatever follows; a shorter beginning of it is never another request. */
#include <string.h>

#include "web/http.h"

static void inside(ol_str s, const char *text, size_t len) {
    OL_ASSERT(s.p == NULL || (s.p >= text && s.len <= len && s.p + s.len <= text + len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = size == 0 ? "" : (const char *)data;
    ol_http r, shorter;
    size_t len = 0, less = 0;
    ol_err err = ol_http_get(text, size, &r, &len);
    if (err != OL_OK) {
        OL_ASSERT(err == OL_ESHORT || err == OL_ELIMIT || err == OL_EFORM);
        return 0;
    }
    OL_ASSERT(len >= 4 && len <= size && len <= OL_HTTP_MAX);
    OL_ASSERT(memcmp(text + len - 4, "\r\n\r\n", 4) == 0);
    const ol_str all[] = { r.path,    r.query,  r.host,       r.origin,        r.cookie,
                           r.upgrade, r.ws_key, r.ws_version, r.if_none_match, r.connection };
    for (size_t i = 0; i < OL_LEN(all); i++)
        inside(all[i], text, len);
    inside(ol_http_cookie(&r, "a"), text, len);
    inside(ol_http_query(&r, "a"), text, len);
    (void)ol_http_has_token(r.connection, "upgrade");
    OL_ASSERT(ol_http_get(text, len, &shorter, &less) == OL_OK && less == len);
    OL_ASSERT(ol_http_get(text, len - 1, &shorter, &less) == OL_ESHORT);
    return 0;
}
