/* tests/lib/vectors.h — files of published vectors, and of our own known answers.
 * Published ones lie in $OPENLINE_SHARED/vectors; where that folder is absent the test says so and
 * exits 77 (skipped). Our own lie in tests/vectors of the source: there they must be. */
#ifndef OL_TESTS_VECTORS_H
#define OL_TESTS_VECTORS_H

#include <stddef.h>

/* The whole file, NUL-terminated; the caller frees it. */
char *vectors_published(const char *name, size_t *ret_len);
char *vectors_own(const char *name, size_t *ret_len);

#endif
