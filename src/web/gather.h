/* web/gather.h — a folder of few small files, for a command that writes one: made, read, removed.
 * Bounds   OL_GATHER_FILES files, OL_GATHER_BYTES bytes in all, folders OL_GATHER_DEPTH deep. */
#ifndef OL_WEB_GATHER_H
#define OL_WEB_GATHER_H

#include <jansson.h>
#include <stdbool.h>

enum { OL_GATHER_FILES = 200, OL_GATHER_BYTES = 1 << 20, OL_GATHER_DEPTH = 8, OL_GATHER_PATH = 64 };

/* A folder of ours alone, and in it the path of one that does not exist yet. */
bool ol_gather_make(char path[OL_GATHER_PATH]);
/* {"cards/usa.1": base64, …}; NULL: more than fits, or it cannot be read. */
json_t *ol_gather_read(const char *path);
void ol_gather_remove(const char *path); /* what ol_gather_make made, with all in it */

#endif
