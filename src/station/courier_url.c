#include <string.h>

#include "base/text.h"
#include "station/courier_parts.h"

bool ol_courier_is(const char *url) {
    return strncmp(url, "dir:", 4) == 0;
}

static const char *take_path(const char *p, size_t len, char to[OL_COURIER_PATH_MAX + 1]) {
    if (len > OL_COURIER_PATH_MAX || len == 0 || p[0] != '/')
        return "a directory is told by its whole path, from / on, of at most 255 bytes";
    memcpy(to, p, len);
    to[len] = '\0';
    return NULL;
}

static const char *take_word(ol_courier_url *u, const char *p, size_t len) {
    const struct {
        const char *key;
        uint64_t *to, min;
    } numbers[] = { { "after=", &u->after_s, 0 },
                    { "every=", &u->every_s, 1 },
                    { "again=", &u->again_s, 0 } };
    if (len > 3 && memcmp(p, "in=", 3) == 0)
        return take_path(p + 3, len - 3, u->in);
    for (size_t i = 0; i < OL_LEN(numbers); i++) {
        size_t n = strlen(numbers[i].key);
        if (len > n && memcmp(p, numbers[i].key, n) == 0)
            return ol_u64_get(p + n, len - n, numbers[i].min, 31536000, numbers[i].to) == OL_OK
                       ? NULL
                       : "after, every and again are seconds, at most a year, every at least 1";
    }
    return "it has in=, after=, every= and again=, with & between";
}

const char *ol_courier_parse(const char *url, ol_courier_url *ret) {
    ol_courier_url u = { .after_s = 600, .every_s = 60, .again_s = 86400 };
    const char *p = url + 4, *why = NULL;
    size_t len = strcspn(p, "?");
    if (!ol_courier_is(url))
        return "it does not begin with dir:";
    if (len > 0)
        why = take_path(p, len, u.out);
    memcpy(u.in, u.out, sizeof u.in);
    for (p += len; why == NULL && *p != '\0'; p += len) {
        p++;
        len = strcspn(p, "&");
        why = take_word(&u, p, len);
    }
    if (why == NULL && u.in[0] == '\0')
        why = "it names no directory";
    if (why == NULL)
        *ret = u;
    return why;
}

const char *ol_courier_check(const char *url) {
    ol_courier_url u;
    return ol_courier_parse(url, &u);
}
