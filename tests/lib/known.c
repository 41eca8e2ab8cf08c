#include "lib/known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/text.h"
#include "lib/vectors.h"

static void die(const char *what, const char *which) {
    fprintf(stderr, "known answers: %s: %s\n", what, which);
    exit(1);
}

void known_open(known *k, const char *name) {
    *k = (known){ 0 };
    k->text = vectors_own(name, &k->len);
}

void known_close(known *k) {
    free(k->text);
    *k = (known){ 0 };
}

/* The next line without its newline, NUL-terminated in place; NULL at the end. */
static char *next_line(known *k) {
    if (k->at >= k->len)
        return NULL;
    char *line = k->text + k->at;
    size_t n = strcspn(line, "\n");
    k->at += n + 1;
    line[n] = '\0';
    return line;
}

bool known_next(known *k) {
    k->keys = 0;
    for (char *line; (line = next_line(k)) != NULL;) {
        if (line[0] == '#')
            continue;
        if (line[0] == '\0' && k->keys > 0)
            break;
        if (line[0] == '\0')
            continue;
        char *sign = strstr(line, " =");
        if (sign == NULL || k->keys == KNOWN_KEYS_MAX)
            die("not `key = value`, or too many", line);
        *sign = '\0';
        k->key[k->keys] = line;
        k->value[k->keys++] = sign + (sign[2] == ' ' ? 3 : 2);
    }
    return k->keys > 0;
}

const char *known_text(const known *k, const char *key) {
    for (size_t i = 0; i < k->keys; i++)
        if (strcmp(k->key[i], key) == 0)
            return k->value[i];
    die("no such key", key);
    return NULL;
}

uint64_t known_number(const known *k, const char *key) {
    const char *s = known_text(k, key);
    uint64_t n = 0;
    if (ol_u64_get(s, strlen(s), 0, UINT64_MAX, &n) != OL_OK)
        die("not a number", key);
    return n;
}

size_t known_hex(const known *k, const char *key, uint8_t *to, size_t cap) {
    const char *s = known_text(k, key), *end = NULL;
    size_t n = 0;
    if (sodium_hex2bin(to, cap, s, strlen(s), NULL, &n, &end) != 0 || *end != '\0')
        die("bad hex or too long", key);
    return n;
}

void known_bytes(const known *k, const char *key, uint8_t *to, size_t n) {
    if (known_hex(k, key, to, n) != n)
        die("wrong length", key);
}
