/* openline home — what this party's home holds: its names and keys, its ports, the lines that it
 * has joined and those that are being founded. No station is needed, and nothing secret is told. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "line/line.h"
#include "station/config.h"
#include "station/courier.h"
#include "station/file.h"

typedef struct {
    ol_cli *c;
    const ol_home *h;
    const ol_card *own;
    const ol_config *config;
    json_t *lines;
    int code; /* of a fault that was told, or -1 */
} reader;

static bool founding_has(const reader *r, const char *line, const char *leaf) {
    char name[OL_HOME_NAME_MAX];
    return ol_file_exists(r->h->dir, ol_cli_founding(line, leaf, name));
}

/* ---- the party ---- */

static json_t *titles_json(const ol_party *p) {
    json_t *o = json_object();
    for (unsigned i = 0; i < p->titles; i++)
        (void)json_object_set_new(o, p->title[i].lang, json_string(p->title[i].text));
    return o;
}

/* Whether station.key is under a passphrase; null: it is not there. */
static int take_sealed(ol_cli *c, const ol_home *h, json_t **ret) {
    struct room {
        ol_keyfile key;
        char text[OL_KEYFILE_MAX];
    } *room = sodium_malloc(sizeof *room);
    ol_why why = { "" };
    ol_ini_at at = { 0 };
    size_t len = 0;
    if (room == NULL)
        return ol_cli_fail(c, OL_ENOMEM, "raise the limit on locked memory (ulimit -l)",
                           "there is no locked memory to look at %s", OL_HOME_STATION);
    ol_err err = ol_file_read(h->dir, OL_HOME_STATION, OL_FILE_SECRET, room->text,
                              sizeof room->text, &len, &why);
    bool is_there = err != OL_ENOENT;
    if (err != OL_OK && is_there) {
        sodium_free(room);
        return ol_cli_fail_why(c, err, &why);
    }
    if (is_there)
        err = ol_keyfile_get(room->text, len, NULL, 0, &room->key, &at);
    sodium_free(room);
    if (is_there && err != OL_OK && err != OL_ESTATE)
        return ol_cli_fail_at(c, err, OL_HOME_STATION, &at);
    *ret = is_there ? json_boolean(err == OL_ESTATE) : json_null();
    return -1;
}

static int take_party(ol_cli *c, const ol_home *h, const ol_card *own, json_t *o) {
    char identity[OL_B64_LEN(OL_SIGN_PUB_LEN) + 1];
    char *note = NULL;
    size_t len = 0;
    json_t *is_sealed = NULL;
    int code = ol_cli_read(c, h->dir, OL_HOME_CARD, &note, &len);
    if (code < 0)
        code = take_sealed(c, h, &is_sealed);
    if (code < 0) {
        ol_b64_put(own->party.identity, OL_SIGN_PUB_LEN, identity);
        json_t *more =
            json_pack("{s:s, s:s, s:I, s:o, s:s, s:s, s:b, s:o, s:b}", "home", h->path, "party",
                      own->party.name, "serial", (json_int_t)own->serial, "names",
                      titles_json(&own->party), "card", note, "identity", identity, "identity_here",
                      ol_file_exists(h->dir, OL_HOME_IDENTITY), "sealed", is_sealed, "running",
                      ol_home_pid(h) != 0);
        (void)json_object_update(o, more);
        json_decref(more);
    }
    free(note);
    return code;
}

static json_t *ports_json(const ol_config *config) {
    json_t *list = json_array();
    for (size_t i = 0; i < config->ports; i++)
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "name", config->port[i].name,
                                                    "url", config->port[i].url, "default",
                                                    config->is_default_port));
    return list;
}

/* ---- lines ---- */

static json_t *bearers_json(const ol_config *config, const char *line) {
    json_t *list = json_array();
    for (size_t i = 0; i < config->bearers; i++) {
        const ol_config_bearer *b = &config->bearer[i];
        const char *port = ol_courier_is(b->url) ? NULL : config->port[b->port].name;
        if (strcmp(b->line, line) == 0)
            (void)json_array_append_new(list, json_pack("{s:s, s:i, s:s, s:s?}", "party", b->party,
                                                        "path", (int)b->slot, "url", b->url, "port",
                                                        port));
    }
    return list;
}

static ol_err give_up(reader *r, int code) {
    r->code = code;
    return OL_ESTATE;
}

static ol_err take_joined(void *ctx, const char *line, bool is_ready) {
    static ol_chain chain;
    reader *r = ctx;
    char id[2 * OL_LINE_ID_LEN + 1];
    int code = ol_cli_chain(r->c, r->h, line, &chain);
    if (code >= 0)
        return give_up(r, code);
    uint32_t members = chain.members[chain.generations - 1];
    ol_hex_put(chain.now.id, sizeof chain.now.id, id);
    json_t *o = json_pack("{s:s, s:s, s:I, s:o, s:o, s:[], s:b, s:b, s:b, s:n, s:o}", "line", line,
                          "id", id, "generation", (json_int_t)chain.now.generation, "parties",
                          ol_cli_parties_json(&chain.now, members), "signed",
                          ol_cli_parties_json(&chain.now, members), "missing", "joined", 1, "share",
                          is_ready, "combined", is_ready, "digits", "bearers",
                          bearers_json(r->config, line));
    return json_array_append_new(r->lines, o) == 0 ? OL_OK : OL_ENOMEM;
}

/* The text that was signed here, with the signatures that it had then: those of others may be
 * missing that were made since. *ret_file: to be freed. */
static int read_signed(const reader *r, const char *line, ol_charter *ret, uint32_t *ret_missing,
                       char **ret_file) {
    static ol_charter with;
    char name[OL_HOME_NAME_MAX];
    char *file = NULL;
    size_t len = 0;
    ol_ini_at at = { 0 };
    int code = ol_cli_read(r->c, r->h->dir, ol_cli_founding(line, "charter", name), &file, &len);
    if (code >= 0)
        return code;
    ol_err err = ol_charter_parse(file, len, ret, &at);
    if (err != OL_OK) {
        free(file);
        return ol_cli_fail_at(r->c, err, name, &at);
    }
    *ret_file = file;
    *ret_missing = (uint32_t)((UINT64_C(1) << ret->parties) - 1);
    if (founding_has(r, line, "note")) {
        uint32_t missing = 0;
        char *note = NULL;
        code = ol_cli_read(r->c, r->h->dir, ol_cli_founding(line, "note", name), &note, &len);
        if (code >= 0) {
            free(file);
            return code;
        }
        if (ol_charter_read(note, len, &with, &missing, &at) == OL_OK &&
            memcmp(with.text_hash, ret->text_hash, OL_HASH_LEN) == 0) {
            free(file);
            *ret_file = note;
            *ret_missing = missing;
        } else {
            free(note);
        }
    }
    int self = ol_charter_card(ret, r->own);
    if (self >= 0)
        *ret_missing &= ~(UINT32_C(1) << self);
    return -1;
}

static int take_digits(const reader *r, const char *line, json_t *o) {
    char name[OL_HOME_NAME_MAX], digits[OL_DIGITS_LEN + 1] = "";
    ol_why why = { "" };
    size_t len = 0;
    if (!founding_has(r, line, "digits"))
        return -1;
    ol_err err = ol_file_read(r->h->dir, ol_cli_founding(line, "digits", name), OL_FILE_SECRET,
                              digits, OL_DIGITS_LEN, &len, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(r->c, err, &why);
    (void)json_object_set_new(o, "digits", json_string(digits));
    return -1;
}

static ol_err take_under_way(void *ctx, const char *file) {
    static ol_charter ch;
    static const char tail[] = ".charter";
    reader *r = ctx;
    char line[OL_NAME_MAX + 1] = "", *note = NULL;
    uint32_t missing = 0;
    size_t len = strcspn(file, ".");
    if (strcmp(file + len, tail) != 0 || !ol_name_is_valid(file, len))
        return OL_OK;
    memcpy(line, file, len);
    int code = read_signed(r, line, &ch, &missing, &note);
    if (code >= 0)
        return give_up(r, code);
    bool is_combined = founding_has(r, line, "secret");
    json_t *o = ol_cli_charter_json(&ch, missing);
    json_t *more = json_pack("{s:b, s:b, s:b, s:n, s:s, s:o}", "joined", 0, "share",
                             is_combined || founding_has(r, line, "share"), "combined", is_combined,
                             "digits", "charter", note, "bearers", bearers_json(r->config, line));
    free(note);
    (void)json_object_del(o, "ok");
    (void)json_object_update(o, more);
    json_decref(more);
    code = is_combined ? take_digits(r, line, o) : -1;
    if (json_array_append_new(r->lines, o) != 0)
        return OL_ENOMEM;
    return code < 0 ? OL_OK : give_up(r, code);
}

static int take_home(ol_cli *c, const ol_home *h, json_t *o) {
    static ol_config config;
    static ol_card own;
    ol_why why = { "" };
    int code = ol_cli_own_card(c, h, &own);
    if (code < 0)
        code = take_party(c, h, &own, o);
    if (code >= 0)
        return code;
    ol_err err = ol_config_load(h, &config, &why);
    reader r = { c, h, &own, &config, json_array(), -1 };
    if (err == OL_OK)
        err = ol_home_lines(h, take_joined, &r, &why);
    if (err == OL_OK)
        err = ol_file_each(h->dir, OL_HOME_CONTRIBUTIONS, take_under_way, &r, &why);
    if (err == OL_OK)
        (void)json_object_set_new(o, "ports", ports_json(&config));
    (void)json_object_set_new(o, "lines", r.lines);
    if (r.code >= 0 || err == OL_OK)
        return r.code;
    return err == OL_ENOMEM ? ol_cli_fail(c, err, "try again", "there is no memory")
                            : ol_cli_fail_why(c, err, &why);
}

/* ---- for people ---- */

static void print_names(const json_t *list, const char *before) {
    size_t i;
    json_t *name;
    json_array_foreach(list, i, name)
        ol_cli_print("%s%s", i == 0 ? before : ", ", json_string_value(name));
}

static void print_under_way(const json_t *line) {
    ol_cli_print("    under way    ");
    print_names(json_object_get(line, "signed"), "signed by ");
    print_names(json_object_get(line, "missing"), "; not known to be signed by ");
    ol_cli_print("\n    share        %s\n",
                 json_is_true(json_object_get(line, "combined")) ? "combined with the others'"
                 : json_is_true(json_object_get(line, "share"))  ? "made, not combined yet"
                                                                 : "not made yet");
    if (json_is_string(json_object_get(line, "digits")))
        ol_cli_print("    digits       %s\n", ol_cli_text_of(line, "digits"));
}

static void print_line(const json_t *line) {
    size_t i;
    json_t *bearer;
    ol_cli_print("  line %s, id %s, generation %lld", ol_cli_text_of(line, "line"),
                 ol_cli_text_of(line, "id"), ol_cli_int_of(line, "generation"));
    print_names(json_object_get(line, "parties"), ", of ");
    ol_cli_print("\n");
    if (!json_is_true(json_object_get(line, "joined")))
        print_under_way(line);
    json_array_foreach(json_object_get(line, "bearers"), i, bearer) {
        const char *port = json_string_value(json_object_get(bearer, "port"));
        ol_cli_print("    to %-9s path %lld  %s%s%s\n", ol_cli_text_of(bearer, "party"),
                     ol_cli_int_of(bearer, "path"), ol_cli_text_of(bearer, "url"),
                     port != NULL ? "  by port " : "", port != NULL ? port : "");
    }
}

static void print_home(ol_cli *c, const json_t *o) {
    size_t i;
    json_t *each;
    const char *lang;
    if (!json_is_string(json_object_get(o, "party"))) {
        ol_cli_print("There is no party here yet: openline init <party> makes one.\n");
        return;
    }
    ol_cli_print("%s  card %lld, home %s\n", ol_cli_text_of(o, "party"), ol_cli_int_of(o, "serial"),
                 ol_cli_text_of(o, "home"));
    json_object_foreach(json_object_get(o, "names"), lang, each)
        ol_cli_print("  name %-9s %s\n", lang, json_string_value(each));
    const json_t *sealed = json_object_get(o, "sealed");
    bool is_here = json_is_true(json_object_get(o, "identity_here"));
    ol_cli_print("  identity       %s\n", ol_cli_text_of(o, "identity"));
    ol_cli_print("  identity.key   %s\n", is_here ? "in this home" : "not here");
    ol_cli_print("  station.key    %s\n", json_is_true(sealed)    ? "under a passphrase"
                                          : json_is_false(sealed) ? "without a passphrase"
                                                                  : "not here");
    ol_cli_print("  station        %s\n",
                 json_is_true(json_object_get(o, "running")) ? "runs" : "does not run");
    json_array_foreach(json_object_get(o, "ports"), i, each)
        ol_cli_print("  port %-9s %s\n", ol_cli_text_of(each, "name"), ol_cli_text_of(each, "url"));
    json_array_foreach(json_object_get(o, "lines"), i, each) print_line(each);
    if (is_here)
        ol_cli_hint(c, "Take identity.key offline: it signs charters and enrols officers, and the "
                       "station runs without it.");
}

static int home_run(ol_cli *c) {
    ol_home h = { .dir = -1 };
    ol_why why = { "" };
    json_t *o = ol_cli_ok();
    int code = -1;
    (void)json_object_set_new(o, "party", json_null());
    ol_err err = ol_home_open(NULL, false, &h, &why);
    if (err != OL_OK && err != OL_ENOENT)
        code = ol_cli_fail_why(c, err, &why);
    else if (err == OL_OK && ol_file_exists(h.dir, OL_HOME_CARD))
        code = take_home(c, &h, o);
    ol_home_close(&h);
    if (code < 0 && c->is_json)
        ol_cli_json(json_incref(o));
    else if (code < 0)
        print_home(c, o);
    json_decref(o);
    return code < 0 ? ol_cli_end(c) : code;
}

static const ol_cli_opt no_options[] = { { NULL, NULL, NULL, false } };

const ol_cli_command ol_cli_home_show = {
    .name = "home",
    .args = "",
    .summary = "Prints what this party's home holds: keys, ports, lines and those under way",
    .help = "No station is needed, and nothing secret is told. Who has signed a charter is known "
            "from the file as it\nwas signed here last: sign it again when it has come back, and "
            "nothing of it changes.\n",
    .opt = no_options,
    .run = home_run,
};
