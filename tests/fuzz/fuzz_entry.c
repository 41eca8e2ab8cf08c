/* Entries, openings and handbacks: what is read obeys the limits, and what we would write of it
 * reads back the same; a failed decoder leaves its result as it was. */
#include <string.h>

#include "wire/cbor.h"
#include "wire/entry.h"
#include "wire/handback.h"
#include "wire/officer.h"

static bool is_same(const ol_entry *a, const ol_entry *b) {
    return a->kind == b->kind && a->wall == b->wall && a->seens == b->seens &&
           a->reads == b->reads && a->has_item == b->has_item && a->body_len == b->body_len &&
           memcmp(a->seen, b->seen, a->seens * sizeof a->seen[0]) == 0 &&
           memcmp(a->item, b->item, sizeof a->item) == 0 && a->signs == b->signs &&
           memcmp(a->sign, b->sign, a->signs * sizeof a->sign[0]) == 0 &&
           memcmp(a->body, b->body, a->body_len) == 0;
}

static void try_opening(const uint8_t *p, size_t len) {
    ol_opening o, back;
    uint8_t room[256];
    if (ol_opening_decode(p, len, &o) != OL_OK)
        return;
    OL_ASSERT(o.size <= OL_SIZE_MAX && (o.has_predecessor || o.size == 0));
    ol_wr w = ol_wr_of(room, sizeof room);
    ol_opening_encode(&o, &w);
    OL_ASSERT(w.err == OL_OK && ol_opening_decode(room, w.len, &back) == OL_OK);
    OL_ASSERT(memcmp(o.predecessor, back.predecessor, sizeof o.predecessor) == 0 &&
              memcmp(o.root, back.root, sizeof o.root) == 0 && o.why == back.why);
}

static void try_handback(const uint8_t *p, size_t len) {
    ol_handback h, back;
    uint8_t room[OL_HANDBACK_MAX];
    if (ol_handback_decode(p, len, &h) != OL_OK)
        return;
    OL_ASSERT(h.party < OL_PARTIES_MAX && h.n <= OL_HANDED_MAX);
    ol_wr w = ol_wr_of(room, sizeof room);
    ol_handback_encode(&h, &w);
    OL_ASSERT(w.err == OL_OK && w.len <= len); /* further elements are left out */
    OL_ASSERT(ol_handback_decode(room, w.len, &back) == OL_OK);
    OL_ASSERT(back.party == h.party && back.is_all == h.is_all && back.n == h.n);
    for (size_t i = 0; i < h.n; i++)
        OL_ASSERT(h.v[i].lane < OL_LANES && h.v[i].size <= OL_SIZE_MAX &&
                  back.v[i].size == h.v[i].size && back.v[i].time == h.v[i].time);
}

static void try_officer(const uint8_t *p, size_t len) {
    ol_officer o, back;
    ol_watch h, again;
    const char *why = NULL;
    uint8_t room[OL_ENTRY_MAX + 64];
    ol_wr w = ol_wr_of(room, sizeof room);
    if (len <= OL_ENTRY_MAX && ol_officer_decode(p, len, &o, &why) == OL_OK) {
        OL_ASSERT(o.number > 0 && o.names > 0 && o.names <= OL_OFFICER_NAMES_MAX);
        ol_officer_encode(&o, &w);
        OL_ASSERT(w.err == OL_OK && w.len <= len); /* further elements are left out */
        OL_ASSERT(ol_officer_decode(room, w.len, &back, &why) == OL_OK);
        OL_ASSERT(o.vouched.len == back.vouched.len &&
                  memcmp(o.vouched.p, back.vouched.p, o.vouched.len) == 0);
        OL_ASSERT(o.by == back.by && memcmp(o.sig, back.sig, sizeof o.sig) == 0);
        return;
    }
    if (ol_watch_decode(p, len, &h, &why) != OL_OK) {
        OL_ASSERT(why != NULL);
        return;
    }
    ol_watch_encode(&h, &w);
    OL_ASSERT(w.err == OL_OK && w.len <= len);
    OL_ASSERT(ol_watch_decode(room, w.len, &again, &why) == OL_OK);
    OL_ASSERT(h.officer == again.officer && h.from == again.from && h.text.len == again.text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static ol_entry e, back, before;
    uint8_t room[OL_ENTRY_MAX];
    memset(&e, 0xA5, sizeof e), memset(&before, 0xA5, sizeof before);
    try_opening(data, size);
    try_handback(data, size);
    try_officer(data, size);
    if (ol_entry_decode(data, size, &e) != OL_OK) {
        OL_ASSERT(memcmp(&e, &before, sizeof e) == 0);
        return 0;
    }
    OL_ASSERT(size <= OL_ENTRY_MAX && ol_cbor_check(data, size) == OL_OK);
    OL_ASSERT(e.seens <= OL_MENTIONS_MAX && e.reads <= OL_MENTIONS_MAX);
    for (size_t i = 0; i < e.seens; i++)
        OL_ASSERT(e.seen[i].size <= OL_SIZE_MAX && e.seen[i].number > 0 &&
                  (i == 0 || e.seen[i].number > e.seen[i - 1].number));
    ol_wr w = ol_wr_of(room, sizeof room);
    ol_entry_encode(&e, &w);
    OL_ASSERT(w.err == OL_OK && w.len <= size); /* further elements are left out */
    OL_ASSERT(ol_entry_decode(room, w.len, &back) == OL_OK && is_same(&e, &back));
    try_opening(e.body, e.body_len);
    try_handback(e.body, e.body_len);
    try_officer(e.body, e.body_len);
    return 0;
}
