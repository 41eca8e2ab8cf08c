/* Payloads of sessions: what is taken whole is taken item by item, every byte accounted for; what
 * we would write of an item is what stood there. */
#include <string.h>

#include "wire/item.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t room[OL_ENTRY_MAX + 128];
    if (ol_item_check(data, size) != OL_OK)
        return 0;
    ol_rd r = ol_rd_of(data, size);
    ol_item it = { .type = OL_ITEM_LOG_SHORT };
    while (r.left > 0) {
        const uint8_t *at = r.p;
        OL_ASSERT(ol_item_get(&r, &it) == OL_OK);
        size_t len = (size_t)(r.p - at);
        OL_ASSERT(it.size <= OL_SIZE_MAX && it.index <= OL_SIZE_MAX + size && len > 0);
        if (it.type == OL_ITEM_LATER)
            continue;
        OL_ASSERT(ol_item_len(&it) == len && len <= sizeof room);
        ol_wr w = ol_wr_of(room, sizeof room);
        ol_item_put(&w, &it);
        OL_ASSERT(w.err == OL_OK && w.len == len && memcmp(room, at, len) == 0);
    }
    return 0;
}
