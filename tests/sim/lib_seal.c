/* What an engine puts into its frames, read before it is encrypted: the programs of the simulator
 * are linked with --wrap for the three functions that seal. */
#include "lib_inner.h"

#include <string.h>

#include "crypto/noise.h"

sim_payload sim_sealed;

ol_err __real_ol_noise_seal(const uint8_t *key, uint64_t n, const uint8_t *ad, size_t ad_len,
                            const uint8_t *payload, size_t len, ol_wr *out);
ol_err __wrap_ol_noise_seal(const uint8_t *key, uint64_t n, const uint8_t *ad, size_t ad_len,
                            const uint8_t *payload, size_t len, ol_wr *out);
ol_err __real_ol_noise_write1(ol_noise *hs, const uint8_t *e, const uint8_t *ss,
                              const uint8_t *payload, size_t len, ol_wr *out);
ol_err __wrap_ol_noise_write1(ol_noise *hs, const uint8_t *e, const uint8_t *ss,
                              const uint8_t *payload, size_t len, ol_wr *out);
ol_err __real_ol_noise_write2(ol_noise *hs, const uint8_t *e, const uint8_t *payload, size_t len,
                              ol_wr *out);
ol_err __wrap_ol_noise_write2(ol_noise *hs, const uint8_t *e, const uint8_t *payload, size_t len,
                              ol_wr *out);

/* Entries and heads: what a lane is in a hurry for, or not. */
static bool is_traffic(ol_item_type type) {
    return type >= OL_ITEM_ENTRY && type <= OL_ITEM_RECEIPT;
}

static void look(const uint8_t *payload, size_t len, size_t at) {
    sim_payload *s = &sim_sealed;
    if (len > sizeof s->bytes)
        return;
    *s = (sim_payload){ .is_set = true, .is_first = at > 0, .len = len, .at = at };
    memcpy(s->bytes, payload, len);
    ol_rd r = ol_rd_of(payload + at, len - at);
    ol_item it = { 0 };
    uint8_t lane = OL_LANE_ROUTINE;
    while (r.left > 0) {
        if (ol_item_get(&r, &it) != OL_OK) {
            s->is_broken = true;
            return;
        }
        if (it.type <= OL_ITEM_LOG_FULL)
            lane = it.log.lane;
        if (!is_traffic(it.type))
            continue;
        if (lane == OL_LANE_URGENT)
            s->has_urgent = true, s->is_mixed = s->is_mixed || s->has_routine;
        else
            s->has_routine = true;
    }
}

ol_err __wrap_ol_noise_seal(const uint8_t *key, uint64_t n, const uint8_t *ad, size_t ad_len,
                            const uint8_t *payload, size_t len, ol_wr *out) {
    look(payload, len, 0);
    return __real_ol_noise_seal(key, n, ad, ad_len, payload, len, out);
}

ol_err __wrap_ol_noise_write1(ol_noise *hs, const uint8_t *e, const uint8_t *ss,
                              const uint8_t *payload, size_t len, ol_wr *out) {
    look(payload, len, 1 + (size_t)payload[0]);
    return __real_ol_noise_write1(hs, e, ss, payload, len, out);
}

ol_err __wrap_ol_noise_write2(ol_noise *hs, const uint8_t *e, const uint8_t *payload, size_t len,
                              ol_wr *out) {
    size_t index = 1 + (size_t)payload[0];
    look(payload, len, index + ((size_t)1 << (payload[index] >> 6)));
    return __real_ol_noise_write2(hs, e, payload, len, out);
}

/* ---- in words ---- */

static void say_item(const sim_world *w, const ol_item *it) {
    static const char *const name[] = { "ENTRY", "NEXT",    "PART",   "HEAD", "RECEIPT",
                                        "HAVE",  "NOTE",    "NOTE-R", "ASK",  "FORGOT",
                                        "PROVE", "STOPPED", "PING",   "PONG", "TOLD",
                                        "WANT",  "DELAYED", "ALL",    "BUSY" };
    if (it->type <= OL_ITEM_LOG_FULL) {
        printf(" [%s/%c/%02x%02x]",
               it->log.party < w->parties ? w->card[it->log.party].name : "nobody",
               it->log.lane == OL_LANE_URGENT ? 'u' : 'r', it->log.incarnation[0],
               it->log.incarnation[1]);
        return;
    }
    size_t at = (size_t)it->type - OL_ITEM_ENTRY;
    printf(" %s", at < OL_LEN(name) ? name[at] : "LATER");
    if (it->type <= OL_ITEM_PART)
        printf(" %llu", (unsigned long long)it->index);
    else if (it->type == OL_ITEM_HAVE)
        printf(" %llu r %llu", (unsigned long long)it->size, (unsigned long long)it->receipt);
    else if (it->type == OL_ITEM_RECEIPT || it->type == OL_ITEM_NOTE_R)
        printf(" of %u %llu", (unsigned)it->party, (unsigned long long)it->size);
    else if (it->type == OL_ITEM_DELAYED)
        printf(" %lu s", (unsigned long)it->seconds);
    else if (it->type <= OL_ITEM_ASK)
        printf(" %llu", (unsigned long long)it->size);
}

void sim_sealed_say(const sim_world *w) {
    const sim_payload *s = &sim_sealed;
    ol_rd r = ol_rd_of(s->bytes + s->at, s->is_set ? s->len - s->at : 0);
    ol_item it = { 0 };
    printf("%s", s->is_first ? "  (handshake)" : "  ");
    while (r.left > 0 && ol_item_get(&r, &it) == OL_OK)
        say_item(w, &it);
    putchar('\n');
}
