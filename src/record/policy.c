#include "record/policy.h"

#include <string.h>

#include "record/party.h"

static void put_text(ol_wr *w, const char *s) {
    ol_wr_put(w, s, strlen(s));
}

static void put_vkey(ol_wr *w, const ol_note_key *key) {
    char vkey[OL_NOTE_VKEY_MAX + 1];
    size_t len = ol_note_vkey_put(key, vkey);
    ol_wr_put(w, vkey, len);
    put_text(w, "\n");
}

void ol_policy_put(ol_wr *w, const ol_note_key *log, const ol_policy_witness *witness, size_t n) {
    bool is_good = n > 0;
    for (size_t i = 0; i < n; i++)
        is_good = is_good && ol_party_name_is_valid(witness[i].party, strlen(witness[i].party));
    if (!is_good && w->err == OL_OK)
        w->err = OL_EFORM;
    put_text(w, "log ");
    put_vkey(w, log);
    for (size_t i = 0; i < n; i++) {
        put_text(w, "witness "), put_text(w, witness[i].party), put_text(w, " ");
        put_vkey(w, witness[i].key);
    }
    put_text(w, "group others all");
    for (size_t i = 0; i < n; i++)
        put_text(w, " "), put_text(w, witness[i].party);
    put_text(w, "\nquorum others\n");
}
