#include "wire/path.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "wire/cbor.h"

static bool is_name(const char *p, size_t len) {
    if (len == 0 || len > OL_BEARER_NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool is_word = (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9');
        if (!is_word && p[i] != '-' && p[i] != '/')
            return false;
    }
    return true;
}

static void get_proven(ol_rd *r, ol_proven *ret) {
    size_t len = 0;
    if (ol_cbor_get_array(r) != 3 && r->err == OL_OK)
        r->err = OL_EFORM;
    ret->party = (uint8_t)ol_cbor_get_uint_max(r, OL_PARTIES_MAX - 1);
    const char *name = (const char *)ol_cbor_get_text(r, &len);
    if (r->err == OL_OK && !is_name(name, len))
        r->err = OL_EFORM;
    if (r->err == OL_OK)
        memcpy(ret->bearer, name, len);
    ret->age = (uint32_t)ol_cbor_get_uint_max(r, UINT32_MAX);
}

void ol_paths_get(ol_rd *r, ol_paths *ret) {
    ol_paths p = { .n = 0 };
    uint64_t n = ol_cbor_get_array(r);
    if (r->err == OL_OK && n > OL_PATHS_MAX)
        r->err = OL_ELIMIT;
    for (; r->err == OL_OK && p.n < n; p.n++)
        get_proven(r, &p.v[p.n]);
    if (r->err == OL_OK)
        *ret = p;
}

void ol_paths_put(const ol_paths *p, ol_wr *w) {
    ol_cbor_put_array(w, p->n);
    for (size_t i = 0; i < p->n; i++) {
        ol_cbor_put_array(w, 3);
        ol_cbor_put_uint(w, p->v[i].party);
        ol_cbor_put_text(w, p->v[i].bearer, strlen(p->v[i].bearer));
        ol_cbor_put_uint(w, p->v[i].age);
    }
}

bool ol_paths_name(const char *kind, size_t kind_len, unsigned number,
                   char ret[OL_BEARER_NAME_MAX + 1]) {
    char name[OL_BEARER_NAME_MAX + 1];
    if (!is_name(kind, kind_len))
        return false;
    int n = snprintf(name, sizeof name, "%.*s/%u", (int)kind_len, kind, number);
    if (n < 0 || n > OL_BEARER_NAME_MAX)
        return false;
    memcpy(ret, name, (size_t)n + 1);
    return true;
}
