#include "fuzz/lib_engine.h"

#include <string.h>

const uint8_t fuzz_fixed[32] = { 7 };

void fuzz_engine_make(fuzz_engine *e, const uint8_t static_pk[2][32]) {
    ol_line_party party[2];
    memset(party, 0, sizeof party);
    for (unsigned p = 0; p < 2; p++) {
        ol_sign_key key;
        uint8_t seed[32];
        memset(seed, (int)p + 1, sizeof seed);
        ol_sign_key_of(seed, &key);
        memcpy(party[p].name, p == 0 ? "usa" : "prc", 4);
        memcpy(party[p].log_pk, key.pub, 32), memcpy(party[p].receipt_pk, key.pub, 32);
        memcpy(party[p].static_pk, static_pk[p], 32);
        ol_ratchet_begin(fuzz_fixed, &party[p].ratchet);
    }
    ol_mem_heap(&e->mem, 64 << 20), ol_mem_heap(&e->secret, 8 << 20);
    OL_ASSERT(ol_switch_new(&e->mem, &e->sw) == OL_OK);
    ol_line_opts o = {
        .mem = &e->mem, .secret = &e->secret, .sw = e->sw, .parties = 2, .party = party
    };
    o.epochs = (ol_ratchet_times){ .crypto_s = 604800, .courier_s = 2592000 };
    o.line_secret = o.seed = fuzz_fixed, o.limit_entries = 1000, o.limit_bytes = 1000000;
    memcpy(o.name, "line", 5);
    OL_ASSERT(ol_line_new(&o, &e->line) == OL_OK);
}

void fuzz_engine_free(fuzz_engine *e) {
    ol_line_free(e->line);
    ol_switch_free(e->sw);
    OL_ASSERT(e->mem.used == 0 && e->secret.used == 0);
}
