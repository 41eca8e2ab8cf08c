#include "crypto/replay.h"

#include "base/err.h"

enum { WORDS = OL_REPLAY_WIDTH / 64 };
_Static_assert((OL_REPLAY_WIDTH & (OL_REPLAY_WIDTH - 1)) == 0, "counter mod width is one mask");
_Static_assert(OL_REPLAY_WIDTH <= 32768,
               "whatever is in the window has a short form that finds it");

static uint64_t *word_of(ol_replay *w, uint64_t counter) {
    return &w->taken[counter / 64 % WORDS];
}

static uint64_t bit_of(uint64_t counter) {
    return UINT64_C(1) << counter % 64;
}

uint64_t ol_replay_full(const ol_replay *w, uint16_t low) {
    const uint64_t step = UINT64_C(1) << 16;
    uint64_t e = w->next;
    uint16_t ahead = (uint16_t)(low - (uint16_t)e); /* modulo 2^16 */
    if (ahead <= 32768)
        return ahead < UINT64_MAX - e ? e + ahead : e + ahead - step;
    uint64_t behind = step - ahead; /* 1..32767 */
    return behind <= e ? e - behind : e + ahead;
}

bool ol_replay_is_fresh(const ol_replay *w, uint64_t counter) {
    if (counter > OL_REPLAY_COUNTER_MAX)
        return false;
    if (counter >= w->next)
        return true;
    if (w->next - counter > OL_REPLAY_WIDTH)
        return false;
    return (w->taken[counter / 64 % WORDS] & bit_of(counter)) == 0;
}

void ol_replay_take(ol_replay *w, uint64_t counter) {
    OL_ASSERT(ol_replay_is_fresh(w, counter));
    if (counter >= w->next) {
        uint64_t skipped = counter - w->next; /* none of these was taken; their bits are old ones */
        for (uint64_t i = 0; i < skipped && i < OL_REPLAY_WIDTH; i++)
            *word_of(w, counter - 1 - i) &= ~bit_of(counter - 1 - i);
        w->next = counter + 1;
    }
    *word_of(w, counter) |= bit_of(counter);
}
