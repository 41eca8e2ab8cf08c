/* Line checks: what is read obeys the limits, and what we would write of it reads back the same; a
 * failed decoder leaves its result as it was and says why. */
#include <string.h>

#include "wire/cbor.h"
#include "wire/check.h"

static void is_within(const ol_check *c) {
    OL_ASSERT(c->number > 0 && c->interval > 0 && c->interval <= OL_CHECK_INTERVAL_MAX);
    OL_ASSERT(c->proven.n <= OL_PATHS_MAX && c->missed <= OL_MISSED_MAX);
    for (size_t i = 0; i < c->proven.n; i++)
        OL_ASSERT(c->proven.v[i].party < OL_PARTIES_MAX && c->proven.v[i].bearer[0] != 0 &&
                  strlen(c->proven.v[i].bearer) <= OL_BEARER_NAME_MAX);
    for (size_t i = 0; i < c->missed; i++)
        OL_ASSERT(c->miss[i].party < OL_PARTIES_MAX &&
                  (i == 0 || c->miss[i].party > c->miss[i - 1].party));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static ol_check c, back, before;
    uint8_t room[OL_CHECK_MAX];
    const char *why = NULL;
    memset(&c, 0xA5, sizeof c), memset(&before, 0xA5, sizeof before);
    if (ol_check_decode(data, size, &c, &why) != OL_OK) {
        OL_ASSERT(memcmp(&c, &before, sizeof c) == 0 && why != NULL);
        return 0;
    }
    OL_ASSERT(why == NULL && ol_cbor_check(data, size) == OL_OK);
    is_within(&c);
    OL_ASSERT(ol_check_misfit(&c, OL_PARTIES_MAX) == NULL);
    ol_wr w = ol_wr_of(room, sizeof room);
    ol_check_encode(&c, &w);
    OL_ASSERT(w.err == OL_OK && w.len <= size); /* further elements are left out */
    memset(&back, 0xA5, sizeof back);
    OL_ASSERT(ol_check_decode(room, w.len, &back, &why) == OL_OK);
    OL_ASSERT(memcmp(&c.proven, &back.proven, sizeof c.proven) == 0 && c.missed == back.missed);
    OL_ASSERT(c.number == back.number && c.interval == back.interval && c.watch == back.watch);
    return 0;
}
