/* web/gather.h — a folder of few small files, for a command that reads or writes them: made,
 * filled, read, removed.
 * Where    in memory (/dev/shm) where the host has that, else in /tmp; nobody else may open it.
 * Bounds   OL_GATHER_FILES files, OL_GATHER_BYTES bytes in all, folders OL_GATHER_DEPTH deep. */
#ifndef OL_WEB_GATHER_H
#define OL_WEB_GATHER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OL_GATHER_FILES = 200, OL_GATHER_BYTES = 1 << 20, OL_GATHER_DEPTH = 8, OL_GATHER_PATH = 64 };

/* A folder of ours alone, and in it the path of another, which is there or not yet. */
bool ol_gather_make(char path[OL_GATHER_PATH], bool is_there);
/* A new file of this name (no path) in such a folder that is there; 0600. */
bool ol_gather_put(const char *path, const char *name, const uint8_t *p, size_t len);
/* {"cards/usa.1": base64, …}; NULL: more than fits, or it cannot be read. */
json_t *ol_gather_read(const char *path);
/* What ol_gather_make made, with all in it; files are overwritten first. "": nothing was. */
void ol_gather_remove(const char *path);

#endif
