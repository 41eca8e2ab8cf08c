/* station/secret.h — the file lines/<line>/secret: what the courier's contributions became.
 * Shape    title line, then the grammar of base/ini.h, every key in it:
 *            openline line secret v1
 *            [line]
 *            id = <32 hex>
 *            generation = 0
 *            secret = <64 hex>             the line secret, from which salts come
 *            joined = 1700000000           when this party contributed to it, seconds since 1970:
 *                                          nobody can have used the line before; may be missing
 *            [pair usa]                    one for every other party, by name; none in that of an
 *                                          earlier generation, which is kept for its salts
 *            epoch = 3                     the oldest that is kept (crypto/ratchet.h)
 *            key = <64 hex>                ck[epoch] of the pair with us
 *            send = 5                      what we send at; this and what follows may be missing:
 *            since = 3024000               when it began: seconds of running,
 *            since.wall = 1700000000       and by the wall clock
 *            heard = 5                     the highest epoch at which the peer was heard
 *            mark.4 = 2419230              epoch 4 and those below were confirmed then (running)
 *            mark.5 = 3024012
 * Errors   OL_EFORM, OL_ELIMIT, OL_EVERSION with *ret_at. On failure the result is wiped, not kept:
 *          it is read in place, since nothing secret may pass over the stack.
 * Memory   an ol_secret and the text are secret: locked memory, ol_secret_wipe. No heap. */
#ifndef OL_STATION_SECRET_H
#define OL_STATION_SECRET_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/ini.h"
#include "base/text.h"
#include "crypto/ratchet.h"
#include "wire/logkey.h"

enum { OL_SECRET_FILE_MAX = 256 + OL_PARTIES_MAX * (288 + OL_RATCHET_MARKS * 40) };

typedef struct {
    uint8_t line[OL_LINE_ID_LEN];
    uint32_t generation;
    uint8_t secret[32];
    uint64_t joined_wall; /* 0: not known */
    uint8_t pairs;        /* count */
    struct {
        char party[OL_NAME_MAX + 1];
        ol_ratchet keys;
    } pair[OL_PARTIES_MAX - 1];
} ol_secret;

OL_MUST ol_err ol_secret_put(const ol_secret *s, ol_wr *out); /* OL_ELIMIT: no room */
OL_MUST ol_err ol_secret_get(const char *text, size_t len, ol_secret *ret, ol_ini_at *ret_at);
/* The pair with this party, or -1. */
int ol_secret_pair(const ol_secret *s, const char *party);
void ol_secret_wipe(ol_secret *s); /* takes NULL */

#endif
