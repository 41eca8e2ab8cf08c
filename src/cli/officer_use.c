/* openline officer use, openline officer check — whose keys are where, and whether one is right. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/roster.h"
#include "cli/show.h"
#include "cli/signer.h"
#include "station/file.h"

static ol_signer_known s_known;
static ol_talk s_talk;

static int told(ol_cli *c, const char *line, const ol_signer_known *k) {
    const ol_signer_officer *dflt = ol_signer_known_default(k);
    json_t *all = json_array();
    for (size_t i = 0; i < k->officers; i++) {
        const ol_signer_officer *o = &k->officer[i];
        (void)json_array_append_new(
            all, json_pack("{s:I, s:s}", "officer", (json_int_t)o->number, "key", o->file));
        if (!c->is_json && o != dflt)
            ol_cli_print("officer %llu has a key in %s (--as %llu)\n",
                         (unsigned long long)o->number, o->file, (unsigned long long)o->number);
    }
    if (c->is_json)
        ol_cli_json(json_pack("{s:b, s:s, s:o, s:o, s:O}", "ok", 1, "line", line, "officer",
                              dflt == NULL ? json_null() : json_integer((json_int_t)dflt->number),
                              "key", dflt == NULL ? json_null() : json_string(dflt->file),
                              "officers", all));
    else if (dflt == NULL)
        ol_cli_print("nobody: what is said here is the station's word\n");
    else
        ol_cli_print("officer %llu signs with %s\n", (unsigned long long)dflt->number, dflt->file);
    json_decref(all);
    return ol_cli_end(c);
}

static int is_line(ol_cli *c, const ol_home *h, const char *line) {
    char name[OL_HOME_NAME_MAX];
    if (ol_name_is_valid(line, strlen(line)) &&
        ol_file_exists(h->dir, ol_home_line_name(line, "charter", name)))
        return -1;
    return ol_cli_fail(c, OL_ENOENT, "openline status names the lines",
                       "this party has joined no line \"%s\"", line);
}

static int no_such(ol_cli *c, uint64_t number) {
    return ol_cli_fail(c, OL_ENOENT, "say it: --as N --key FILE",
                       "where the key of officer %llu is has not been said",
                       (unsigned long long)number);
}

/* --as N --key FILE, or --as N of one who is known: the default from now on. */
static int take_as(ol_cli *c, ol_signer_known *k) {
    ol_signer_officer o = { 0 };
    int code = ol_cli_u64(c, "as", 1, OL_SIGNER_NUMBER_MAX, 0, &o.number);
    if (code >= 0)
        return code;
    const char *given = ol_cli_value(c, "key");
    const ol_signer_officer *before = ol_signer_known_find(k, o.number);
    if (given == NULL && before == NULL)
        return no_such(c, o.number);
    char *full = given == NULL ? NULL : realpath(given, NULL);
    if (given == NULL)
        o = *before;
    else if (full == NULL || strlen(full) > 1000) /* of a value in a text */
        code = ol_cli_fail(c, OL_ENOENT, "name the key's file", "%s is not there", given);
    else
        (void)snprintf(o.file, sizeof o.file, "%s", full);
    free(full);
    if (code < 0 && !ol_signer_known_add(k, &o))
        code = ol_cli_fail(c, OL_ELIMIT, "forget one who does not sign here: --forget N",
                           "%d officers are known on this line already", OL_SIGNER_OFFICERS);
    return code;
}

static int take_forget(ol_cli *c, ol_signer_known *k) {
    uint64_t number = 0;
    int code = ol_cli_u64(c, "forget", 1, OL_SIGNER_NUMBER_MAX, 0, &number);
    return code < 0 && !ol_signer_known_forget(k, number) ? no_such(c, number) : code;
}

static int use(ol_cli *c, const ol_home *h, const char *line) {
    ol_signer_known *k = &s_known;
    bool has_as = ol_cli_has(c, "as"), is_nobody = ol_cli_has(c, "nobody");
    bool forgets = ol_cli_has(c, "forget");
    if (has_as + is_nobody + forgets > 1 || (ol_cli_has(c, "key") && !has_as))
        return ol_cli_usage(c, "--as N with or without --key, --forget N and --nobody stand alone");
    int code = is_line(c, h, line);
    if (code < 0)
        code = ol_signer_known_get(c, h, line, k);
    if (code < 0 && has_as)
        code = take_as(c, k);
    if (code < 0 && forgets)
        code = take_forget(c, k);
    if (is_nobody)
        k->has_default = false;
    if (code < 0 && (has_as || is_nobody || forgets))
        code = ol_signer_known_put(c, h, line, k);
    return code < 0 ? told(c, line, k) : code;
}

static int use_run(ol_cli *c) {
    ol_home h;
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    code = use(c, &h, c->arg[0]);
    ol_home_close(&h);
    return code;
}

/* ── is it the right one? ── */

static int refuse(ol_cli *c, const ol_signer *s, const json_t *officer) {
    static const char todo[] = "openline officer list shows the roster";
    char pub[OL_B64_LEN(OL_SIGN_PUB_LEN) + 1];
    if (officer == NULL)
        return ol_cli_fail(c, OL_EAUTH, todo, "nobody of this party is officer %u", s->officer);
    if (json_is_true(json_object_get(officer, "left")))
        return ol_cli_fail(c, OL_EAUTH, todo, "officer %u has left", s->officer);
    const char *key = json_string_value(json_object_get(officer, "key"));
    if (key == NULL)
        return ol_cli_fail(c, OL_EAUTH, todo, "officer %u has no key on the roster", s->officer);
    ol_b64_put(s->key->pub, OL_SIGN_PUB_LEN, pub);
    return strcmp(key, pub) == 0
               ? -1
               : ol_cli_fail(c, OL_EAUTH, "give the key whose public half is on the roster",
                             "this is not the key of officer %u", s->officer);
}

static int print_check(ol_cli *c, const char *line, const ol_signer *s, const json_t *officer) {
    char who[OL_SHOW_WHO_LEN];
    json_t *o = json_object();
    (void)json_object_set_new(o, "officer", json_integer(s->officer));
    (void)json_object_set(o, "name",
                          json_array_get(json_array_get(json_object_get(officer, "names"), 0), 1));
    (void)json_object_set(o, "title",
                          json_array_get(json_array_get(json_object_get(officer, "titles"), 0), 1));
    for (const char *const *key = (const char *const[]){ "rung", "vouched", "may_release", NULL };
         *key != NULL; key++)
        (void)json_object_set(o, *key, json_object_get(officer, *key));
    if (c->is_json) {
        json_t *ok = ol_cli_ok();
        (void)json_object_set_new(ok, "line", json_string(line));
        (void)json_object_update(ok, o);
        (void)json_object_set_new(ok, "sealed", json_boolean(s->is_sealed));
        ol_cli_json(ok);
    } else {
        ol_cli_print("this is the key of %s\n", ol_show_who(o, who));
    }
    json_decref(o);
    return ol_cli_end(c);
}

/* The key first: who does not have it makes no work. */
static int check(ol_cli *c, const ol_home *h, const char *line, ol_signer *s, json_t **roster) {
    ol_card own;
    int code = is_line(c, h, line);
    if (code < 0)
        code = ol_signer_open(c, h, line, s);
    if (code < 0 && s->officer == 0)
        code = ol_cli_usage(c, "--as N says who, and --key FILE where the key is");
    if (code < 0)
        code = ol_cli_own_card(c, h, &own);
    if (code < 0)
        code = ol_talk_open(c, false, &s_talk);
    if (code < 0)
        code = ol_roster_of_line(c, &s_talk, line, roster);
    if (code >= 0)
        return code;
    const json_t *officer = ol_roster_officer(*roster, own.party.name, s->officer);
    code = refuse(c, s, officer);
    return code < 0 ? print_check(c, line, s, officer) : code;
}

static int check_run(ol_cli *c) {
    ol_home h;
    ol_signer s = { 0 };
    json_t *roster = NULL;
    int code = ol_cli_home(c, false, &h);
    if (code >= 0)
        return code;
    s_talk.fd = s_talk.home.dir = -1;
    code = check(c, &h, c->arg[0], &s, &roster);
    json_decref(roster);
    ol_signer_close(&s);
    ol_talk_close(&s_talk);
    ol_home_close(&h);
    return code;
}

static const ol_cli_opt use_options[] = {
    { "as", "N", "the officer's number (openline officer list)", false },
    { "key", "FILE", "that officer's key; not again for one who is known", false },
    { "forget", "N", "that officer does not sign here any more", false },
    { "nobody", NULL, "nobody signs unless --as says who: it is the station's word", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_officer_use = {
    .name = "officer use",
    .args = "<line>",
    .summary = "Says which officers sign here, and who does if a command does not say",
    .help = "Each --as N --key FILE is remembered, and that officer signs from then on; others are "
            "chosen by --as N\nalone, here or with any command that signs. Without options it "
            "prints who they are. Passphrases are not\nkept: each command asks for them.\n",
    .opt = use_options,
    .args_min = 1,
    .args_max = 1,
    .run = use_run,
};

static const ol_cli_opt check_options[] = { OL_SIGNER_OPTIONS, { NULL, NULL, NULL, false } };

const ol_cli_command ol_cli_officer_check = {
    .name = "officer check",
    .args = "<line>",
    .summary = "Tells whether an officer's key opens, and is the one on the roster",
    .help = "Nothing is signed. Without --as it is about the officer of openline officer use.\n",
    .opt = check_options,
    .args_min = 1,
    .args_max = 1,
    .run = check_run,
};
