/* The stations' files of secrets: the keys of each pair, as they were last written. */
#include "lib_inner.h"

#include <string.h>

static void pair_ck(unsigned self, unsigned peer, uint8_t ret[OL_SECRET_LEN]) {
    unsigned lo = self < peer ? self : peer, hi = self < peer ? peer : self;
    memset(ret, (int)(lo * 16 + hi + 1), OL_SECRET_LEN);
}

void sim_pair(unsigned self, unsigned peer, uint16_t epoch, sim_keys *ret) {
    uint8_t ck[OL_SECRET_LEN];
    pair_ck(self, peer, ck);
    for (unsigned e = 0; e < epoch; e++)
        ol_keys_next(ck, ck);
    ol_epoch e;
    ol_keys_epoch(ck, self < peer ? self : peer, self < peer ? peer : self, &e);
    memcpy(ret->ck, ck, sizeof ret->ck);
    memcpy(ret->psk, e.psk, sizeof ret->psk), memcpy(ret->mac, e.mac, sizeof ret->mac);
    memcpy(ret->hint_to, self < peer ? e.hint_up : e.hint_down, sizeof ret->hint_to);
}

void sim_secrets_begin(sim_world *w, unsigned p) {
    for (unsigned q = 0; q < w->parties; q++) {
        uint8_t ck[OL_SECRET_LEN];
        pair_ck(w->st[p].party, q, ck);
        ol_ratchet_begin(ck, &w->st[p].secrets[q]);
    }
}

/* Written beside and renamed: the old or the new one is there, whole. */
ol_event sim_secrets_save(sim_world *w, unsigned p, const ol_effect *fx) {
    sim_station *s = &w->st[p];
    uint8_t party = fx->save_ratchet.party;
    ol_event ev = { .kind = EV_RATCHET_SAVED };
    ev.ratchet_saved.token = fx->save_ratchet.token;
    if (s->secrets_fail > 0) {
        s->secrets_fail--, ev.ratchet_saved.err = OL_EIO;
        return ev;
    }
    ol_line_ratchet(s->line, party, &s->secrets[party]);
    const ol_ratchet *r = &s->secrets[party];
    CHECK(w, ol_ratchet_is_sound(r), "%c saves unsound keys", sim_name(w, p));
    SAY(w, "%c saves its keys with %u: epoch %u, oldest %u", sim_name(w, p), party, r->send,
        r->oldest);
    return ev;
}
