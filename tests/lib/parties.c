#include "lib/parties.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

static void name_party(ol_party *p, unsigned n) {
    static const char *const known[][4] = {
        { "usa", "en", "United States", "美国" },
        { "prc", "zh", "China", "中国" },
        { "jpn", "ja", "Japan", "日本" },
    };
    if (n < OL_LEN(known)) {
        snprintf(p->name, sizeof p->name, "%s", known[n][0]);
        snprintf(p->lang[0], sizeof p->lang[0], "%s", known[n][1]);
        snprintf(p->title[0].text, sizeof p->title[0].text, "%s", known[n][2]);
        snprintf(p->title[1].text, sizeof p->title[1].text, "%s", known[n][3]);
        snprintf(p->title[1].lang, sizeof p->title[1].lang, "%s", "zh");
        p->titles = 2;
    } else {
        snprintf(p->name, sizeof p->name, "party-%u", n);
        snprintf(p->lang[0], sizeof p->lang[0], "%s", "fr-ca");
        snprintf(p->title[0].text, sizeof p->title[0].text, "Party %u", n);
        p->titles = 1;
    }
    snprintf(p->title[0].lang, sizeof p->title[0].lang, "%s", "en");
    p->langs = 1;
}

void test_party_make(unsigned n, test_party *ret) {
    *ret = (test_party){ .card = { .serial = 1 } };
    uint8_t seed[4][32];
    for (unsigned i = 0; i < 4; i++)
        memset(seed[i], (int)(16 * n + 1 + i), sizeof seed[i]);
    ol_sign_key log, receipt;
    ol_sign_key_of(seed[0], &ret->identity);
    ol_sign_key_of(seed[1], &log);
    ol_sign_key_of(seed[2], &receipt);
    memcpy(ret->static_private, seed[3], sizeof seed[3]);
    name_party(&ret->card.party, n);
    memcpy(ret->card.party.identity, ret->identity.pub, OL_SIGN_PUB_LEN);
    ret->card.party.has_identity = true;
    memcpy(ret->card.log, log.pub, OL_SIGN_PUB_LEN);
    memcpy(ret->card.receipt, receipt.pub, OL_SIGN_PUB_LEN);
    crypto_scalarmult_base(ret->card.static_key, ret->static_private);
}

size_t test_charter(unsigned parties, unsigned signatures, char *to, size_t cap) {
    static char work[2][OL_CHARTER_MAX];
    test_party party[OL_PARTIES_MAX];
    ol_card card[OL_PARTIES_MAX];
    for (unsigned i = 0; i < parties; i++) {
        test_party_make(i, &party[i]);
        card[i] = party[i].card;
    }
    ol_ini_at at = { 0 };
    ol_wr w = ol_wr_of((uint8_t *)work[0], sizeof work[0]);
    ol_err err = ol_charter_draft("hotline", card, parties, NULL, 0, &w, &at);
    OL_ASSERT(err == OL_OK);
    for (unsigned i = 0; i < signatures; i++) {
        ol_wr next = ol_wr_of((uint8_t *)work[(i + 1) % 2], sizeof work[0]);
        err = ol_charter_sign(work[i % 2], w.len, &party[i].identity, &next, &at);
        OL_ASSERT(err == OL_OK);
        w = next;
    }
    OL_ASSERT(w.len <= cap);
    memcpy(to, w.p, w.len);
    return w.len;
}

size_t test_replace(const char *text, size_t len, const char *old, const char *with, char *to,
                    size_t cap) {
    size_t n = strlen(old), m = strlen(with), at = 0;
    while (n > 0 && (at + n > len || memcmp(text + at, old, n) != 0)) {
        OL_ASSERT(at + n < len);
        at++;
    }
    if (n == 0)
        at = len;
    OL_ASSERT(len - n + m <= cap);
    memcpy(to, text, at);
    memcpy(to + at, with, m);
    memcpy(to + at + m, text + at + n, len - at - n);
    return len - n + m;
}
