/* openline card, openline card renew — this party's card, and another one after a station was lost
 * or may be in strange hands: new keys for the station under the same identity, a higher serial. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "record/checkpoint.h"
#include "station/file.h"
#include "station/lines.h"
#include "station/locked.h"
#include "store/sqlite.h"

enum { NOTE_MAX = OL_CARD_TEXT_MAX + 1024, LOCKED_MAX = 4 << 20, REST_MAX = 256 };

int ol_cli_print_card(ol_cli *c, const ol_home *h, const char *note, const ol_card *card) {
    if (!c->is_json)
        ol_cli_print_note(note);
    else
        ol_cli_json(json_pack("{s:b, s:s, s:I, s:s, s:s}", "ok", 1, "party", card->party.name,
                              "serial", (json_int_t)card->serial, "home", h->path, "card", note));
    return ol_cli_end(c);
}

static int card_run(ol_cli *c) {
    ol_home h;
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    ol_card card;
    char *note = NULL;
    size_t len = 0;
    code = ol_cli_own_card(c, &h, &card);
    if (code < 0)
        code = ol_cli_read(c, h.dir, OL_HOME_CARD, &note, &len);
    if (code < 0)
        code = ol_cli_print_card(c, &h, note, &card);
    free(note);
    ol_home_close(&h);
    return code;
}

/* ---- keys ---- */

void ol_cli_draw_station(ol_keyfile *station, ol_card *card) {
    station->kind = OL_KEYFILE_STATION;
    station->serial = card->serial;
    memcpy(station->party, card->party.name, sizeof station->party);
    randombytes_buf(station->log, sizeof station->log);
    randombytes_buf(station->receipt, sizeof station->receipt);
    randombytes_buf(station->static_key, sizeof station->static_key);
    ol_sign_key key; /* on the stack for a moment, then wiped */
    ol_sign_key_of(station->log, &key);
    memcpy(card->log, key.pub, sizeof card->log);
    ol_sign_key_of(station->receipt, &key);
    memcpy(card->receipt, key.pub, sizeof card->receipt);
    sodium_memzero(&key, sizeof key);
    OL_ASSERT(crypto_scalarmult_base(card->static_key, station->static_key) == 0);
}

int ol_cli_write_key(ol_cli *c, int dir, const ol_keyfile *key, const ol_cli_pass *pass,
                     const char *name, uint8_t *text) {
    ol_keyfile_seal seal = { .passes = OL_KEYFILE_PASSES, .kib = OL_KEYFILE_KIB };
    if (pass != NULL) {
        seal.pass = pass->pass;
        seal.pass_len = pass->len;
        randombytes_buf(seal.salt, sizeof seal.salt);
        randombytes_buf(seal.nonce, sizeof seal.nonce);
    }
    ol_wr w = { text, 0, OL_KEYFILE_MAX, OL_OK };
    ol_err err = ol_keyfile_put(key, pass != NULL ? &seal : NULL, &w);
    if (err != OL_OK)
        return ol_cli_fail(c, err, "free 256 MiB of memory for the passphrase, and try again",
                           "%s could not be made: %s", name, ol_err_text(err));
    ol_why why = { "" };
    err = ol_file_write(dir, name, OL_FILE_SECRET, text, w.len, &why);
    return err == OL_OK ? -1 : ol_cli_fail_why(c, err, &why);
}

/* ---- what the old key has still to sign ---- */

typedef struct { /* locked memory */
    ol_keyfile file;
    ol_sign_key log;
    uint8_t text[OL_KEYFILE_MAX];
} room;

typedef struct { /* of one line */
    const ol_lines_row *row;
    const ol_sign_key *key;
    ol_log_key log[REST_MAX];
    size_t logs;
    const ol_log_key *of;
    ol_put put[REST_MAX];
    uint8_t root[REST_MAX][OL_HASH_LEN], sig[REST_MAX][OL_SIG_LEN];
    size_t n;
} rest;

static ol_err take_log(void *ctx, const ol_stored_log *log) {
    rest *r = ctx;
    if (log->key.party != r->row->api.self)
        return OL_OK;
    if (r->logs == REST_MAX) { /* what is unsigned stands in the newest */
        memmove(r->log, r->log + 1, (REST_MAX - 1) * sizeof *r->log);
        r->logs--;
    }
    r->log[r->logs++] = log->key;
    return OL_OK;
}

static ol_err take_head(void *ctx, const ol_stored_head *h) {
    rest *r = ctx;
    const ol_charter *ch = &r->row->chain.now;
    char origin[OL_NOTE_NAME_MAX + 1], text[OL_CHECKPOINT_TEXT_MAX];
    if (h->sig != NULL || r->n == REST_MAX)
        return OL_OK;
    ol_checkpoint cp = { .size = h->size };
    size_t len = ol_checkpoint_origin(ch->line, ch->party[r->of->party].name, r->of, origin);
    cp.origin = (ol_str){ origin, len };
    memcpy(cp.root.b, h->root, sizeof cp.root.b);
    memcpy(r->root[r->n], h->root, OL_HASH_LEN);
    ol_sign_make(r->key, (const uint8_t *)text, ol_checkpoint_put(&cp, text), r->sig[r->n]);
    r->put[r->n] = (ol_put){ .kind = OL_PUT_HEAD, .log = *r->of, .at = h->size };
    r->put[r->n].root = r->root[r->n];
    r->put[r->n].p = r->sig[r->n], r->put[r->n].len = OL_SIG_LEN;
    r->n++;
    return OL_OK;
}

static ol_err sign_line(ol_store *s, const ol_lines_row *row, const ol_sign_key *key) {
    rest *r = calloc(1, sizeof *r);
    if (r == NULL)
        return OL_ENOMEM;
    r->row = row, r->key = key;
    ol_err err = s->ops->logs(s, row->api.id, take_log, r);
    for (size_t i = 0; i < r->logs && err == OL_OK; i++) {
        r->of = &r->log[i];
        err = s->ops->heads(s, row->api.id, r->of, 0, take_head, r);
    }
    ol_batch batch = { .put = r->put, .n = r->n };
    memcpy(batch.line, row->api.id, sizeof batch.line);
    if (err == OL_OK && r->n > 0)
        err = s->ops->commit(s, &batch, 1);
    free(r);
    return err;
}

/* A station that ended between a commit and its signature signs when it starts again: with keys
 * that are there no more then. So the old log key signs here what is left. */
static int sign_rest(ol_cli *c, const ol_home *h, const ol_sign_key *key) {
    ol_mem locked;
    ol_lines lines;
    ol_why why = { "" };
    ol_store_why store_why = { "" };
    ol_store *s = NULL;
    if (!ol_file_exists(h->dir, OL_HOME_STORE))
        return -1;
    ol_locked_mem(&locked, LOCKED_MAX);
    ol_err err = ol_lines_read(h, &locked, &lines, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    err = ol_store_sqlite_open(h->path, NULL, &s, &store_why);
    if (err != OL_OK) {
        ol_lines_free(&lines);
        (void)ol_why_set(&why, err, "%s", store_why.text);
        return ol_cli_fail_why(c, err, &why);
    }
    for (size_t i = 0; i < lines.n && err == OL_OK; i++)
        err = sign_line(s, lines.row[i], key);
    s->ops->close(s);
    ol_lines_free(&lines);
    return err == OL_OK ? -1
                        : ol_cli_fail(c, err, "check the disk, and try again",
                                      "what the old key has still to sign could not be stored: %s",
                                      ol_err_text(err));
}

/* The old station's keys, if they are still here. */
static int use_old_keys(ol_cli *c, const ol_home *h, const ol_card *old, const ol_cli_pass *pass,
                        room *r) {
    ol_why why = { "" };
    ol_ini_at at = { 0 };
    size_t len = 0;
    if (!ol_file_exists(h->dir, OL_HOME_STATION))
        return -1;
    ol_err err =
        ol_file_read(h->dir, OL_HOME_STATION, OL_FILE_SECRET, r->text, sizeof r->text, &len, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    err = ol_keyfile_get((const char *)r->text, len, pass != NULL ? pass->pass : NULL,
                         pass != NULL ? pass->len : 0, &r->file, &at);
    if (err == OL_ESTATE)
        return ol_cli_fail(c, err, "give it with --passphrase-fd N, N a descriptor to read it from",
                           "station.key is under a passphrase");
    if (err != OL_OK)
        return ol_cli_fail(c, err, "move it away if it cannot be had any more, and try again",
                           "station.key does not open: %s",
                           at.why != NULL ? at.why : ol_err_text(err));
    ol_sign_key_of(r->file.log, &r->log);
    bool is_of_card =
        r->file.kind == OL_KEYFILE_STATION && memcmp(r->log.pub, old->log, sizeof r->log.pub) == 0;
    return is_of_card ? sign_rest(c, h, &r->log) : -1; /* else a renewal broke off: go on with it */
}

/* ---- renewing ---- */

typedef struct {
    const ol_home *h;
    const ol_card *card;
    const char *note;
} kept;

/* Where the old card stays, so that what it signed can be verified. */
static ol_err keep_old(void *ctx, const char *line, bool is_ready) {
    const kept *k = ctx;
    char name[OL_HOME_NAME_MAX];
    (void)is_ready;
    ol_home_card_name(line, k->card->party.name, k->card->serial, name);
    return ol_file_write(k->h->dir, name, OL_FILE_PUBLIC, k->note, strlen(k->note), NULL);
}

static int write_new(ol_cli *c, const ol_home *h, const ol_card *old, const char *old_note,
                     const ol_cli_pass *pass, const ol_sign_key *identity, room *r) {
    static char note[NOTE_MAX];
    ol_card card = *old;
    ol_why why = { "" };
    card.serial++;
    ol_keyfile_wipe(&r->file);
    ol_cli_draw_station(&r->file, &card);
    ol_wr w = { (uint8_t *)note, 0, sizeof note - 1, OL_OK };
    ol_err err = ol_card_sign(&card, identity, &w);
    if (err != OL_OK)
        return ol_cli_fail(c, err, "report this", "no card can be made: %s", ol_err_text(err));
    note[w.len] = '\0';
    kept k = { h, old, old_note };
    err = ol_home_lines(h, keep_old, &k, &why);
    int code = err == OL_OK ? ol_cli_write_key(c, h->dir, &r->file, pass, OL_HOME_STATION, r->text)
                            : ol_cli_fail_why(c, err, &why);
    if (code >= 0)
        return code;
    err = ol_file_write(h->dir, OL_HOME_CARD, OL_FILE_PUBLIC, note, w.len, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    code = ol_cli_print_card(c, h, note, &card);
    ol_cli_hint(c,
                "Serial %u. Bring this card to every other party by a hand they trust: each takes "
                "it with openline line card. Until then they talk to whoever holds the old keys. "
                "Take identity.key offline again.",
                (unsigned)card.serial);
    return code;
}

/* The card of highest serial that is at hand: the home's, or the one given. */
static int old_card(ol_cli *c, const ol_home *h, ol_card *ret, char **ret_note) {
    size_t len = 0;
    ol_card given;
    char *note = NULL;
    int code = -1;
    bool has_own = ol_file_exists(h->dir, OL_HOME_CARD);
    if (!has_own && c->args == 0)
        return ol_cli_fail(c, OL_ENOENT,
                           "give the last one, which every other party of a line holds: openline "
                           "card renew F",
                           "this home has no card");
    if (has_own) {
        code = ol_cli_own_card(c, h, ret);
        if (code < 0)
            code = ol_cli_read(c, h->dir, OL_HOME_CARD, ret_note, &len);
    }
    if (code < 0 && c->args > 0)
        code = ol_cli_read_card(c, c->arg[0], &given, &note, &len);
    if (code >= 0 || c->args == 0)
        return code;
    if (has_own && (strcmp(given.party.name, ret->party.name) != 0 || given.serial < ret->serial))
        code = ol_cli_fail(c, OL_ECONFLICT, "leave it out",
                           given.serial < ret->serial ? "%s is older than the card of this home"
                                                      : "%s is the card of another party",
                           c->arg[0]);
    if (code >= 0) {
        free(note);
        return code;
    }
    free(*ret_note);
    *ret = given, *ret_note = note;
    return -1;
}

static int renew(ol_cli *c, const ol_home *h, const ol_cli_pass *pass) {
    static ol_card old;
    char *note = NULL;
    ol_sign_key *identity = NULL;
    room *r = sodium_malloc(sizeof *r);
    int code = old_card(c, h, &old, &note);
    if (code < 0)
        code = ol_cli_identity_by(c, h, pass, &identity);
    if (code < 0 && memcmp(identity->pub, old.party.identity, sizeof identity->pub) != 0)
        code = ol_cli_fail(c, OL_EAUTH, "bring the identity.key that belongs to it",
                           "the card is of another identity key than this home's");
    if (code < 0 && old.serial == UINT32_MAX)
        code = ol_cli_fail(c, OL_ELIMIT, "join anew under another name",
                           "this party has had all the cards it can have");
    if (code < 0 && r == NULL)
        code = ol_cli_fail(c, OL_ENOMEM, "raise the limit on locked memory (ulimit -l)",
                           "there is no locked memory for the keys");
    if (code < 0) {
        memset(r, 0, sizeof *r);
        code = use_old_keys(c, h, &old, pass, r);
    }
    if (code < 0)
        code = write_new(c, h, &old, note, pass, identity, r);
    sodium_free(identity);
    sodium_free(r);
    free(note);
    return code;
}

static int renew_run(ol_cli *c) {
    ol_home h;
    ol_why why = { "" };
    ol_cli_pass *pass = NULL;
    int lock = -1;
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    ol_err err = ol_home_lock(&h, &lock, &why);
    code = err == OL_OK ? ol_cli_passphrase(c, &pass) : ol_cli_fail_why(c, err, &why);
    if (code < 0)
        code = renew(c, &h, pass);
    sodium_free(pass);
    ol_home_unlock(lock);
    ol_home_close(&h);
    return code;
}

static const ol_cli_opt no_options[] = { { NULL, NULL, NULL, false } };

const ol_cli_command ol_cli_card = {
    .name = "card",
    .args = "",
    .summary = "Prints this party's card",
    .help = "",
    .opt = no_options,
    .run = card_run,
};

static const ol_cli_opt renew_options[] = {
    { "passphrase-fd", "N", "read the passphrase of the keys from descriptor N", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_card_renew = {
    .name = "card renew",
    .args = "[card]",
    .summary = "Draws new station keys, and prints the card that replaces the old one",
    .help = "For a station that was lost or may be in strange hands; identity.key must be in the "
            "home, and no station\nmay run on it. In an empty home give the last card, as the "
            "other parties hold it. The serial rises by one:\n"
            "  openline card renew > usa.card\n",
    .opt = renew_options,
    .args_min = 0,
    .args_max = 1,
    .run = renew_run,
};
