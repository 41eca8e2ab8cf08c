/* station/courier_parts.h — the inside of couriers: courier_url.c what is configured ·
 * courier_disk.c what a thread does · courier.c the rest, on the loop. */
#ifndef OL_STATION_COURIER_PARTS_H
#define OL_STATION_COURIER_PARTS_H

#include <uv.h>

#include "station/courier.h"
#include "station/why.h"

enum {
    OL_COURIER_PATH_MAX = 255,
    OL_COURIER_NAME_MAX = 100,
    OL_COURIER_FILES = 4,   /* read at a time */
    OL_COURIER_KNOWN = 256, /* files that are left where they are; of one more the oldest goes */
    OL_COURIER_WHY_MAX = 160
};

typedef struct {
    char out[OL_COURIER_PATH_MAX + 1], in[OL_COURIER_PATH_MAX + 1]; /* out "": none */
    uint64_t after_s, every_s, again_s;
} ol_courier_url;
const char *ol_courier_parse(const char *url, ol_courier_url *ret); /* NULL: it is right */

typedef enum { OL_FILE_UNREAD, OL_FILE_DONE, OL_FILE_WAITS, OL_FILE_REFUSED } ol_courier_state;

typedef struct { /* a file that is looked at no more, or later */
    char name[OL_COURIER_NAME_MAX + 1];
    int64_t size, changed_ns;
    ol_courier_state state;
    uint64_t again_ms;
    char why[OL_COURIER_WHY_MAX];
} ol_courier_known;

typedef struct { /* a file in hand */
    ol_courier_known k;
    bool is_moved;
    uint8_t *p; /* OL_BUNDLE_MAX */
    size_t len;
} ol_courier_file;

typedef struct { /* what a thread gets and gives; the loop leaves it alone meanwhile */
    ol_courier_url url;
    uint64_t now_ms;
    char out_name[OL_BUNDLE_NAME_LEN + 5];
    uint8_t *out; /* OL_BUNDLE_MADE */
    size_t out_len;
    ol_err out_err, in_err;
    ol_why out_why, in_why;
    size_t files, knowns, oldest;
    bool has_more;
    ol_courier_file file[OL_COURIER_FILES];
    ol_courier_known known[OL_COURIER_KNOWN];
} ol_courier_work;

void ol_courier_exchange(ol_courier_work *w); /* writes out, reads files */
void ol_courier_move(ol_courier_work *w);     /* what is done goes to taken/ */
void ol_courier_remember(ol_courier_work *w, const ol_courier_known *k);

#endif
