#include "lib/vectors.h"

#include <stdio.h>
#include <stdlib.h>

static char *read_file(const char *path, size_t *ret_len) {
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return NULL;
    size_t len = 0, cap = 4096;
    char *p = malloc(cap + 1);
    while (p != NULL) {
        size_t n = fread(p + len, 1, cap - len, f);
        len += n;
        if (n == 0)
            break;
        if (len == cap)
            p = realloc(p, (cap *= 2) + 1);
    }
    fclose(f);
    if (p == NULL)
        return NULL;
    p[len] = '\0';
    *ret_len = len;
    return p;
}

static char *read_in(const char *folder, const char *name, size_t *ret_len, int exit_code) {
    char path[1024];
    snprintf(path, sizeof path, "%s/vectors/%s", folder, name);
    char *p = read_file(path, ret_len);
    if (p != NULL)
        return p;
    printf("%s: %s cannot be read\n", exit_code == 77 ? "skipped" : "failed", path);
    exit(exit_code);
}

char *vectors_published(const char *name, size_t *ret_len) {
    const char *folder = getenv("OPENLINE_SHARED");
    return read_in(folder != NULL ? folder : OPENLINE_SHARED, name, ret_len, 77);
}

char *vectors_own(const char *name, size_t *ret_len) {
    return read_in(OPENLINE_SRC "/tests", name, ret_len, 1);
}
