/* The keys of a station, out of its key file. */
#include <string.h>

#include <sodium.h>

#include "station/station_parts.h"

static ol_err get_keyfile(ol_station_vault *v, size_t len, size_t pass_len, ol_why *why) {
    ol_ini_at at = { 0 };
    ol_err err =
        ol_keyfile_get(v->text, len, pass_len > 0 ? v->pass : NULL, pass_len, &v->file, &at);
    if (err == OL_ESTATE)
        return ol_why_set(why, err,
                          "%s is under a passphrase; give a descriptor with it: --passphrase-fd",
                          OL_HOME_STATION);
    if (err == OL_EAUTH)
        return ol_why_set(
            why, err,
            "%s does not open: the passphrase is wrong, or the file was changed; try again",
            OL_HOME_STATION);
    if (err != OL_OK)
        return ol_why_set(why, err, "%s, line %u: %s; restore it from its copy", OL_HOME_STATION,
                          at.line, at.why != NULL ? at.why : ol_err_text(err));
    if (v->file.kind != OL_KEYFILE_STATION)
        return ol_why_set(why, OL_EFORM, "%s holds no station keys; put the right file there",
                          OL_HOME_STATION);
    return OL_OK;
}

/* The keys must be those that our card names: else nobody would accept a signature of ours. */
static ol_err check_keys(const ol_card *card, ol_station_vault *v, ol_why *why) {
    uint8_t pub[32];
    ol_sign_key_of(v->file.log, &v->keys.log);
    ol_sign_key_of(v->file.receipt, &v->keys.receipt);
    memcpy(v->keys.static_key, v->file.static_key, sizeof v->keys.static_key);
    bool is_ours = crypto_scalarmult_base(pub, v->keys.static_key) == 0 &&
                   memcmp(pub, card->static_key, sizeof pub) == 0 &&
                   memcmp(v->keys.log.pub, card->log, sizeof pub) == 0 &&
                   memcmp(v->keys.receipt.pub, card->receipt, sizeof pub) == 0 &&
                   strcmp(v->file.party, card->party.name) == 0;
    if (is_ours)
        return OL_OK;
    return ol_why_set(why, OL_ECONFLICT,
                      "%s (party %s, serial %u) holds other keys than the card (party %s, serial "
                      "%u) names; put the one that belongs to it in its place",
                      OL_HOME_STATION, v->file.party, (unsigned)v->file.serial, card->party.name,
                      (unsigned)card->serial);
}

ol_err ol_vault_open(const ol_home *h, const ol_card *card, size_t pass_len, ol_station_vault *v,
                     ol_why *why) {
    size_t len = 0;
    ol_err err =
        ol_file_read(h->dir, OL_HOME_STATION, OL_FILE_SECRET, v->text, sizeof v->text, &len, why);
    if (err == OL_OK)
        err = get_keyfile(v, len, pass_len, why);
    if (err == OL_OK)
        err = check_keys(card, v, why);
    ol_keyfile_wipe(&v->file);
    sodium_memzero(v->text, sizeof v->text);
    sodium_memzero(v->pass, sizeof v->pass);
    return err;
}
