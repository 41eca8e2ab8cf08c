#include "bearer/bearer.h"

#include <string.h>

static const ol_bearer *const rows[] = { &ol_bearer_udp, &ol_bearer_tcp, &ol_bearer_serial,
                                         &ol_bearer_exec };

const ol_bearer *ol_bearer_at(size_t i) {
    return i < OL_LEN(rows) ? rows[i] : NULL;
}

const ol_bearer *ol_bearer_find(const char *url) {
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        size_t n = strlen(rows[i]->scheme);
        if (strncmp(url, rows[i]->scheme, n) == 0 && url[n] == ':')
            return rows[i];
    }
    return NULL;
}
