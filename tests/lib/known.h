/* tests/lib/known.h — files of known answers: blocks of `key = value` lines, an empty line between.
 * '#' in the first column is a comment. A missing key, or hex that is none, ends the test
 * program with a message: known answers are our own files. */
#ifndef OL_TESTS_LIB_KNOWN_H
#define OL_TESTS_LIB_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KNOWN_KEYS_MAX = 64 };

typedef struct {
    char *text;
    size_t len, at;
    size_t keys;
    const char *key[KNOWN_KEYS_MAX], *value[KNOWN_KEYS_MAX];
} known;

void known_open(known *k, const char *name); /* of a file in tests/vectors */
bool known_next(known *k);                   /* the next block; false: there is none */
const char *known_text(const known *k, const char *key);
uint64_t known_number(const known *k, const char *key);
size_t known_hex(const known *k, const char *key, uint8_t *to, size_t cap); /* the length */
void known_bytes(const known *k, const char *key, uint8_t *to, size_t n);   /* exactly n */
void known_close(known *k);

#endif
