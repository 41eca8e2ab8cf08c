/* station/marker.h — the run marker: proof that this very home was running on this very boot.
 * Where    <tmpfs>/openline-<uid>/<dev>-<inode>-<line id>, hex. Of /run, /run/user/<uid> and
 *          /dev/shm the first that is a tmpfs (statfs) and can be written holds it; the directory
 *          is 0700 and ours, links are not followed. Markers in the others are read too, joined and
 *          removed: which place can be written may change while a machine is up (a login, a
 *          service), and a forgotten marker must not pass for the present one. $XDG_RUNTIME_DIR is
 *          not asked, because a place that depends on the caller's environment would be forgotten.
 * Shape    two slots of OL_MARKER_SLOT bytes, written in turn, each
 *            "olmark2" 0x0A | u64 turn | 16 boot id | u64 dev | u64 inode | 16 line id |
 *            2 x ( u8 has | 8 incarnation | u64 size ) | u64 commit |
 *            first 16 bytes of SHA-256 of all before
 *          so that a writer killed in the middle leaves the slot before.
 * Durable  no: that is the point. Gone after a boot; a copied or moved home has another inode.
 * Errors   open: OL_ENOENT no place, with why: each start opens new incarnations. write: OL_EIO,
 *          the marker is withdrawn and stays so; OL_ECONFLICT it could not even be withdrawn: what
 *          was committed may not be sent.
 * Source   docs/PROTOCOL.md §6.1 */
#ifndef OL_STATION_MARKER_H
#define OL_STATION_MARKER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "line/line.h"
#include "station/why.h"

enum { OL_MARKER_PLACES = 3, OL_MARKER_SLOT = 128, OL_MARKER_PATH_MAX = 256 };

typedef struct {
    uint8_t n; /* places found; place 0 is written to */
    struct {
        int dir;
        char path[OL_MARKER_PATH_MAX];
    } place[OL_MARKER_PLACES];
    uint8_t boot[16];
    uint64_t dev, inode; /* of the home */
} ol_marker_home;

/* root: "" in production; tests put a directory before /run and the others. */
OL_MUST ol_err ol_marker_home_open(const char *root, uint64_t dev, uint64_t inode,
                                   ol_marker_home *ret, ol_why *why);
void ol_marker_home_close(ol_marker_home *h);

typedef struct {
    int fd; /* -1: withdrawn, or there never was one */
    uint64_t turn;
    uint8_t line[OL_LINE_ID_LEN];
    const ol_marker_home *home;
} ol_marker_file;

/* *ret_marker is what was found: is_valid false when there is none of this home and boot. */
OL_MUST ol_err ol_marker_open(const ol_marker_home *h, const uint8_t line[OL_LINE_ID_LEN],
                              ol_marker_file *ret, ol_marker *ret_marker, ol_why *why);
/* After each commit, before anything is sent. A withdrawn marker is OL_OK: nothing to do. */
OL_MUST ol_err ol_marker_write(ol_marker_file *f, const ol_marker *m);
void ol_marker_close(ol_marker_file *f); /* leaves the file; a closed one is allowed */

#endif
